//! What can be said of a resource as a whole: its type, its default tags, and all that is sent together.

use crate::model::Kind;
use crate::render::Job;
use crate::render::props::Routes;
use indexmap::IndexMap;
use stack_core::conform::{
    NOT_A_PROPERTY, Violation, check_default_tags, check_request, check_type, codes as conform_codes,
};
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

    /// Values whose YAML form is not the text that is sent, or that JSON cannot hold. Only the file knows how a number
    /// was written.
    pub(super) fn forms(&mut self, props: &Value, routes: &Routes) {
        let mut found = Vec::new();
        for (pointer, path) in routes.values() {
            let Some(value) = props.at(pointer) else { continue };
            let (value, hidden) = match value {
                Value::Secret(secret) => (secret.expose(), true),
                other => (other, false),
            };
            let suspicious = match value {
                Value::Null => true,
                Value::String(text) => is_number_or_boolean(text),
                _ => false,
            };
            if !suspicious {
                continue;
            }
            let route = path.route();
            let Some(written) = self.inner.places.plain(&route).filter(|text| !is_template(text)) else {
                continue;
            };
            let name = pointer.dotted();
            match value {
                Value::Null if is_infinite(written) => found.push(
                    Diagnostic::error(
                        conform_codes::WRONG_TYPE,
                        format!(
                            "`{name}` cannot be `{written}`: a request is JSON, which has no such number"
                        ),
                    )
                    .at(route, "no number")
                    .next("write a number; or put it in quotes, if a text is meant"),
                ),
                Value::String(sent) if sent != written && hidden => found.push(
                    Diagnostic::warning(
                        conform_codes::NUMBER_AS_TEXT,
                        format!("`{name}` is text, it is not sent as it is written"),
                    )
                    .at(route, "a number or a boolean where text is meant")
                    .next("put it in quotes"),
                ),
                Value::String(sent) if sent != written => found.push(
                    Diagnostic::warning(
                        conform_codes::NUMBER_AS_TEXT,
                        format!("`{name}` is text, `{written}` is sent as `{sent}`"),
                    )
                    .at(route, "a number or a boolean where text is meant")
                    .note(
                        "why",
                        "without quotes YAML reads a value, and the form that it was written in is lost",
                    )
                    .next(format!("put it in quotes: \"{written}\"")),
                ),
                _ => {}
            }
        }
        for problem in found {
            self.fail(problem);
        }
    }

    /// True if [`Job::forms`] knows better than the schema's check.
    pub(super) fn is_written_plainly(&self, route: &Route) -> bool {
        self.inner.places.plain(route).is_some_and(|text| !is_template(text))
    }

    /// What to say of a property that a type does not have but others of its service do.
    pub(super) fn of_another_type(&self, violation: &Violation) -> Option<String> {
        /// Types that are named; what many have (a name, tags) says nothing.
        const MOST: usize = 3;
        let (Kind::Typed(ty, _), [property]) = (&self.declared.kind, violation.pointer.segments()) else {
            return None;
        };
        if violation.code != conform_codes::UNKNOWN_PROPERTY || violation.label != NOT_A_PROPERTY {
            return None;
        }
        // Each look reads the schemas of a whole service.
        if !self.inner.may_suggest() {
            return None;
        }
        let others = self.inner.schemas.others_with(ty, property);
        let names: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        let names = match names.split_last()? {
            (last, []) => last.clone(),
            (last, head) if names.len() <= MOST => format!("{} and {last}", head.join(", ")),
            _ => return None,
        };
        Some(format!("it is a property of {names}"))
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

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// A text that a number or a boolean may have become.
fn is_number_or_boolean(text: &str) -> bool {
    matches!(text, "true" | "false") || serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// `.inf`, `-.Inf`, `.nan`: read as null, because JSON has no such numbers.
fn is_infinite(text: &str) -> bool {
    matches!(text.trim_start_matches(['+', '-']).to_ascii_lowercase().as_str(), ".inf" | ".nan")
}
