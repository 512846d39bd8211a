//! IAM policy documents, of which the schemas only say "an object or a text". Misspelt members are warned about: the
//! service judges the document, and some of them follow a grammar of their own.

use super::codes;
use super::spelling::meant;
use super::walk::{Finding, Findings, Place, Walk};
use crate::schema::{JsonType, Node};
use crate::value::Value;
use indexmap::IndexMap;

/// Members of a document (IAM user guide, "Grammar of the IAM JSON policy language").
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];

/// Members of a statement.
const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The versions of the language.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

struct Checker<'w, 's> {
    walk: &'w Walk<'s>,
    /// The document is in a text: its parts have no places of their own.
    text: Option<&'w Place>,
    out: &'w mut Findings,
}

/// Checks a value that may be a policy document: a property whose name says so and of whose members the schema says
/// nothing.
pub(super) fn check(walk: &Walk<'_>, node: &Node, value: &Value, place: &Place, out: &mut Findings) {
    let named = place.last().is_some_and(|name| name.contains("Polic"));
    let opaque = node.properties.is_empty()
        && (node.types.names(JsonType::Object) || node.types.names(JsonType::String));
    if !named || !opaque || place.hidden {
        return;
    }
    let parsed;
    let (document, text) = match value {
        Value::Object(members) => (members, None),
        Value::String(text) => match super::coerce::json_text(text, true, false) {
            Some(Value::Object(members)) => {
                parsed = members;
                (&parsed, Some(place))
            }
            _ => return,
        },
        _ => return,
    };
    Checker { walk, text, out }.document(document, place);
}

impl Checker<'_, '_> {
    fn at(&self, place: &Place, key: &str) -> Place {
        self.text.map_or_else(|| self.walk.member(place, key), Place::clone)
    }

    fn document(&mut self, members: &IndexMap<String, Value>, place: &Place) {
        let statements = members.iter().find(|(key, _)| spelt(key, &DOCUMENT) == Some("Statement"));
        let Some((key, statements)) = statements else { return };
        let at = self.at(place, key);
        let all: Vec<(Place, &IndexMap<String, Value>)> = match statements {
            Value::Object(one) => vec![(at, one)],
            Value::Array(many) => many
                .iter()
                .enumerate()
                .filter_map(|(i, one)| {
                    let at = self.text.map_or_else(|| self.walk.element(&at, i), Place::clone);
                    Some((at, one.as_object()?))
                })
                .collect(),
            _ => return,
        };
        // Documents of other languages have statements too (data protection, topic rules): without an effect and an
        // action they are not ours to judge.
        let ours = |name: &str| {
            matches!(spelt(name, &STATEMENT), Some("Effect" | "Action" | "NotAction" | "Principal"))
        };
        if !all.iter().any(|(_, members)| members.keys().any(|key| ours(key))) {
            return;
        }
        self.members(members, &DOCUMENT, "a policy document", place);
        if let Some(Value::String(version)) = members.get("Version")
            && !VERSIONS.contains(&version.as_str())
        {
            let at = self.at(place, "Version");
            self.warn(
                Finding::at(&at, codes::POLICY)
                    .says(format!("there is no version `{version}` of the policy language"))
                    .label("write 2012-10-17"),
            );
        }
        for (at, statement) in all {
            self.statement(statement, &at);
        }
    }

    fn statement(&mut self, members: &IndexMap<String, Value>, place: &Place) {
        self.members(members, &STATEMENT, "a statement", place);
        let has = |name: &str| members.keys().any(|key| spelt(key, &STATEMENT) == Some(name));
        if let Some(Value::String(effect)) = members.get("Effect")
            && !["Allow", "Deny"].contains(&effect.as_str())
        {
            let at = self.at(place, "Effect");
            let near = meant(effect, &["Allow", "Deny"]).map_or("Allow or Deny", |near| near.name());
            self.warn(
                Finding::at(&at, codes::POLICY)
                    .says(format!("the effect of a statement cannot be `{effect}`"))
                    .label(format!("write {near}")),
            );
        }
        let missing = match (has("Effect"), has("Action") || has("NotAction")) {
            (true, true) => return,
            (false, true) => "Effect",
            (true, false) => "Action",
            (false, false) => return,
        };
        self.warn(
            Finding::about(place, codes::POLICY)
                .says(format!("a statement of {} has no `{missing}`", self.walk.name(place)))
                .label(format!("`{missing}` is missing")),
        );
    }

    /// Members that the language does not have.
    fn members(&mut self, members: &IndexMap<String, Value>, known: &[&str], what: &str, place: &Place) {
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            let free: Vec<&str> = known.iter().copied().filter(|k| !members.contains_key(*k)).collect();
            let at = self.at(place, key);
            let label = match meant(key, &free) {
                Some(near) => format!("did you mean `{}`?", near.name()),
                None => format!("known are {}", known.join(", ")),
            };
            let finding = if self.text.is_some() {
                Finding::at(&at, codes::POLICY)
            } else {
                Finding::about(&at, codes::POLICY)
            };
            self.warn(finding.says(format!("{what} has no member `{key}`")).label(label));
        }
    }

    fn warn(&mut self, finding: Finding) {
        self.out.push(finding.warning());
    }
}

/// The known name that a member is meant to be.
fn spelt<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .copied()
        .find(|name| *name == key)
        .or_else(|| meant(key, known).map(super::spelling::Meant::name))
}
