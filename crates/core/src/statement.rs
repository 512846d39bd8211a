//! Statements of query files: text with values put in, and the seam to whoever reads what they mean.
//!
//! A value is never pasted into the text of a statement. Each stands there as one private character, so that a quote in
//! a value cannot end a literal, a secret is in no text, and a value that is not known yet keeps its source.

use crate::desired::GivenBy;
use crate::diagnostic::{Code, Severity};
use crate::provider::Verb;
use crate::schema::ResourceSchema;
use crate::value::{Secret, Unknown, Value};
use indexmap::IndexMap;
use std::fmt::Debug;
use std::ops::Range;

/// The first character that stands for a value (Unicode, Supplementary Private Use Area-A).
const FIRST: u32 = 0xF0000;
/// One past the last.
const END: u32 = 0xFFFFE;

/// The character that stands for the value with this number; `None` if there are too many.
pub fn hole(number: usize) -> Option<char> {
    let at = u32::try_from(number).ok()?.checked_add(FIRST)?;
    char::from_u32(at).filter(|_| at < END)
}

/// The number of the value that a character stands for; `None` for other characters.
pub fn hole_number(c: char) -> Option<usize> {
    let at = u32::from(c);
    (FIRST..END).contains(&at).then(|| (at - FIRST) as usize)
}

/// A value in a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    /// The value. May be unknown or secret.
    pub value: Value,
    /// What `generate_patch_document` was given, if that made the text: its members with their own types, unknown ones
    /// included. The text itself turns `"14"` into a number (stackql-compat 4.1).
    pub document: Option<Value>,
}

/// A statement with its values beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marked {
    /// The text; values are the characters of [`hole`].
    pub text: String,
    /// The values by number.
    pub holes: Vec<Hole>,
}

/// A text with the values that its characters stand for: unknown if one of them is, secret if one of them is.
pub fn joined(text: &str, holes: &[Hole]) -> Value {
    let mut whole = String::with_capacity(text.len());
    let mut unknown: Option<Unknown> = None;
    let mut is_secret = false;
    for c in text.chars() {
        let Some(hole) = hole_number(c).and_then(|number| holes.get(number)) else {
            whole.push(c);
            continue;
        };
        is_secret |= hole.value.has_secret();
        match hole.value.unknown() {
            Some(more) => unknown = Some(unknown.map_or(more.clone(), |known| known.and(&more))),
            None => whole.push_str(&text_of(&hole.value).unwrap_or_default()),
        }
    }
    match unknown {
        Some(unknown) => Value::Unknown(Unknown { sensitive: unknown.sensitive || is_secret, ..unknown }),
        None if is_secret => Value::Secret(Secret::new(Value::String(whole))),
        None => Value::String(whole),
    }
}

/// A known value as text: scalars as they are, structures as JSON.
pub fn text_of(value: &Value) -> Option<String> {
    value.scalar_text().or_else(|| value.exposed().map(|json| json.to_string()))
}

/// One statement of a resource's query file.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does to the resource.
    pub verb: Verb,
    /// Its text and values.
    pub marked: Marked,
}

/// What is to be understood.
#[derive(Debug)]
pub struct Request<'a> {
    /// The type that the INSERT's table stands for.
    pub schema: &'a ResourceSchema,
    /// The table as the INSERT names it.
    pub table: &'a str,
    /// The statements: one that creates, and at most one of each other verb.
    pub statements: &'a [Statement],
    /// Props of the manifest, for required properties that no statement names (DESIGN section 4).
    pub props: &'a IndexMap<String, Value>,
}

/// A place in a statement: which one, and bytes of its text.
pub type Place = (usize, Range<usize>);

/// How a property came to be declared.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// By a statement: the place of its name and of its value.
    Statement {
        /// The column.
        name: Place,
        /// The value.
        value: Place,
    },
    /// By the prop of this name, although no statement names it.
    Prop(String),
}

/// A property that the statements declare.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Name in the provider's spelling; as written if the type has no such property.
    pub name: String,
    /// Value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// What gives it, where that is not the INSERT.
    pub given_by: Option<GivenBy>,
}

/// A problem of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Number.
    pub code: Code,
    /// Weight.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Option<Place>,
    /// What stands at the place.
    pub label: String,
    /// What to do.
    pub next: String,
}

/// What statements mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Understood {
    /// Desired properties.
    pub properties: Vec<Property>,
    /// The `Identifier` predicate, if its value says more than the properties do.
    pub identifier: Option<Value>,
    /// `region`
    pub region: Option<(Value, Place)>,
    /// `RoleArn`
    pub role_arn: Option<Value>,
    /// `TypeVersionId`
    pub type_version_id: Option<Value>,
    /// True if a statement deletes it.
    pub has_delete: bool,
    /// `ClientToken` by statement.
    pub client_tokens: Vec<(Verb, Value, Place)>,
    /// What is wrong, warnings included. With an error the rest must not be used.
    pub problems: Vec<Said>,
}

/// Reads statements. Implemented by the flow crate; used where manifests are rendered.
pub trait Understand: Send + Sync + Debug {
    /// What the statements of one resource mean.
    fn understand(&self, request: &Request<'_>) -> Understood;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hole_has_its_character_and_nothing_else_is_one() {
        for number in [0, 1, 65_533] {
            assert_eq!(hole(number).and_then(hole_number), Some(number));
        }
        assert_eq!(hole(65_534), None);
        assert_eq!(hole_number('x'), None);
        assert_eq!(hole_number('\u{10FFFF}'), None);
    }
}
