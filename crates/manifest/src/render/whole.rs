//! What can be said of a resource as a whole: its type, its default tags, and all that is sent together.

use crate::render::Job;
use indexmap::IndexMap;
use stack_core::conform::{Violation, check_default_tags, check_request, check_type};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_core::schema::ResourceSchema;
use stack_core::tags;
use stack_core::value::Value;

impl Job<'_> {
    /// A type that cannot be managed, or whose service goes away.
    pub(super) fn usable(&mut self, schema: &ResourceSchema) {
        for violation in check_type(schema, &[]) {
            self.say(violation, self.declared.path.key("type").route(), Part::Value);
        }
    }

    /// The default tags, held against the type, and the size of what a create sends.
    pub(super) fn request(
        &mut self,
        schema: &ResourceSchema,
        props: &Value,
        default_tags: &IndexMap<String, Value>,
        ownership_tags: bool,
        secret_version: Option<&str>,
    ) {
        for (key, mut violation) in check_default_tags(schema, default_tags) {
            let Some(spot) = self.inner.declared.settings.values.get("tags") else { continue };
            // The place is in the settings, so the name of the property says nothing there.
            violation.message = format!("the default tag `{key}` does not fit: {}", violation.message);
            self.say(violation, spot.path.key(&key).route(), Part::Value);
        }
        let marks = if ownership_tags {
            tags::marks(&self.inner.id, self.declared.address.as_str(), secret_version)
        } else {
            Vec::new()
        };
        for violation in check_request(schema, props, default_tags, &marks) {
            self.say(violation, self.declared.props_path.route(), Part::Key);
        }
    }

    fn say(&mut self, violation: Violation, route: Route, part: Part) {
        let problem = Diagnostic {
            code: violation.code,
            severity: violation.severity,
            message: violation.message,
            labels: Vec::new(),
            notes: violation.notes,
        };
        self.fail(problem.at_part(route, part, violation.label));
    }
}
