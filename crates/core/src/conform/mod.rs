//! Puts declared properties into the schema's spelling and types, and says offline what does not fit.
//!
//! A false error would block a user whom the service would let pass, so every rule stays silent where it is not sure:
//! unknown values pass, patterns that we cannot run pass, and a union complains only if no branch can match.

mod accepted;
mod capability;
pub mod codes;
mod coerce;
mod combine;
mod elsewhere;
mod masks;
mod paths;
mod policy;
mod request;
mod scalar;
mod sealed;
mod spelling;
mod tagging;
mod texts;
mod walk;
mod wrong;

pub use accepted::id_of_text;
pub use capability::check_type;
pub use masks::is_mask;
pub use request::{check_default_tags, check_request};
pub use sealed::is_telling;

use crate::diagnostic::{Code, Severity};
use crate::pointer::Pointer;
use crate::schema::{JsonType, ResourceSchema};
use crate::value::Value;
use accepted::Accepted;
use spelling::Respelt;
use std::collections::{HashMap, HashSet};
use walk::{Findings, Place, Walk};

/// What stands beside a name of which nothing better is known. Who knows more than one schema may say it there.
pub const NOT_A_PROPERTY: &str = "not a property";

/// What became of the declared properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Conformed {
    /// The properties in the provider's spelling and the schema's types. An object if an object was declared.
    pub props: Value,
    /// Declared place → conformed place, for each property that got another name.
    pub renames: Vec<(Pointer, Pointer)>,
    /// What does not fit, in document order, without doubles.
    pub violations: Vec<Violation>,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where, in the declared spelling.
    pub pointer: Pointer,
    /// True if the key is to be underlined, not the value. At the root: the key that leads to the properties.
    pub on_key: bool,
    /// Number.
    pub code: Code,
    /// One sentence, lower-case start, no full stop.
    pub message: String,
    /// What stands beside the carets. May be empty.
    pub label: String,
    /// Further lines: key and text, in print order.
    pub notes: Vec<(String, String)>,
    /// Weight.
    pub severity: Severity,
}

impl Conformed {
    /// True if some violation is an error.
    pub fn has_errors(&self) -> bool {
        self.violations.iter().any(|violation| violation.severity == Severity::Error)
    }
}

/// Puts declared properties into the schema's spelling and types, and says what does not fit. Pure, offline.
///
/// Top-level names may be spelt as the provider does or in snake_case; nested keys are data or must be exact.
/// Unknown leaves pass every check that needs their value. Secret leaves are checked, and never shown; write-only texts
/// whose name tells that they are secret become secret leaves.
pub fn conform(schema: &ResourceSchema, declared: Value) -> Conformed {
    let mut found = Findings::default();
    let (mut respelt, moved, doubled) = match spelling::members(declared) {
        Ok(members) => {
            let Accepted { members, moved, violations } = accepted::accepted(schema, members);
            (spelling::respell(schema, members), moved, violations)
        }
        Err(other) => {
            let respelt = Respelt::default();
            let walk = Walk::new(schema, &respelt);
            if !matches!(other, Value::Unknown(_)) {
                found.push(walk.wrong_type(vec![JsonType::Object], &other, &Place::root()));
            }
            let violations = found.list.into_iter().map(|finding| finding.violation).collect();
            return Conformed { props: other, renames: Vec::new(), violations };
        }
    };
    // Before, so that no message shows one; and after, because texts become structure.
    sealed::seal(schema, &mut respelt.props);
    let walk = Walk::new(schema, &respelt);
    let mut props =
        walk.value(&schema.root, Value::Object(respelt.props.clone()), &Place::root(), 0, &mut found);
    if let Value::Object(members) = &mut props {
        sealed::seal(schema, members);
    }
    paths::check(&walk, &props, &mut found);
    tagging::check(&walk, &props, &mut found);
    masks::check(schema, &respelt, &props, &mut found);
    request::size(schema, &props, &mut found);
    let found = found.list.into_iter().map(|finding| finding.violation);
    let violations = in_order(respelt.violations.iter().cloned().chain(found).collect(), &respelt, &props);
    // People are told about what they wrote.
    let told = violations.into_iter().map(|violation| told_at_origin(violation, &moved));
    let violations = told.chain(doubled).collect();
    let renames = moved.into_iter().chain(respelt.renames()).collect();
    Conformed { props, renames, violations }
}

fn told_at_origin(mut violation: Violation, moved: &[(Pointer, Pointer)]) -> Violation {
    if let Some((from, to)) = moved.iter().find(|(_, to)| violation.pointer.starts_with(to)) {
        let below = violation.pointer.segments().iter().skip(to.segments().len());
        violation.pointer = Pointer::of(from.segments().iter().chain(below));
    }
    violation
}

/// Sorts violations as a reader of the document meets them, and drops doubles.
fn in_order(violations: Vec<Violation>, respelt: &Respelt, props: &Value) -> Vec<Violation> {
    // There may be thousands, so nothing here looks at all of them for each of them.
    let order: HashMap<&str, usize> =
        respelt.order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let origin: HashMap<&str, &str> =
        respelt.origin.iter().map(|(to, from)| (from.as_str(), to.as_str())).collect();
    let mut keyed: Vec<(Vec<usize>, Violation)> = violations
        .into_iter()
        .map(|violation| (position(&violation.pointer, &order, &origin, props), violation))
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut seen = HashSet::new();
    let mut sorted: Vec<Violation> = Vec::with_capacity(keyed.len());
    for (_, violation) in keyed {
        if seen.insert((violation.pointer.clone(), violation.code, violation.message.clone())) {
            sorted.push(violation);
        }
    }
    sorted
}

/// The position of a place in the document: that of each segment among its siblings.
fn position(
    pointer: &Pointer,
    order: &HashMap<&str, usize>,
    origin: &HashMap<&str, &str>,
    props: &Value,
) -> Vec<usize> {
    let mut at = Some(props);
    let mut position = Vec::with_capacity(pointer.segments().len());
    for (depth, segment) in pointer.segments().iter().enumerate() {
        if depth == 0 {
            position.push(order.get(segment.as_str()).copied().unwrap_or(usize::MAX));
            let name = origin.get(segment.as_str()).copied().unwrap_or(segment);
            at = props.get(name);
            continue;
        }
        let index = match at {
            Some(Value::Object(members)) => members.get_index_of(segment),
            _ => segment.parse().ok(),
        };
        position.push(index.unwrap_or(usize::MAX));
        at = match at {
            Some(Value::Object(members)) => members.get(segment),
            Some(Value::Array(items)) => index.and_then(|i| items.get(i)),
            _ => None,
        };
    }
    position
}

#[cfg(test)]
mod tests;
