//! Names of members: top-level ones into the provider's spelling, suggestions for the others.

use super::walk::Finding;
use super::{Violation, codes};
use crate::diagnostic::nearest;
use crate::naming::find_property;
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::{Secret, Value};
use indexmap::IndexMap;

/// The top-level members after renaming.
#[derive(Debug, Default)]
pub(super) struct Respelt {
    pub(super) props: IndexMap<String, Value>,
    /// Provider's spelling → declared spelling, where they differ.
    pub(super) origin: IndexMap<String, String>,
    /// The declared names in order, the dropped ones too.
    pub(super) order: Vec<String>,
    pub(super) violations: Vec<Violation>,
}

impl Respelt {
    /// The declared spelling of a top-level property.
    pub(super) fn declared<'a>(&'a self, property: &'a str) -> &'a str {
        self.origin.get(property).map_or(property, String::as_str)
    }

    /// Declared place → conformed place.
    pub(super) fn renames(&self) -> Vec<(Pointer, Pointer)> {
        self.origin
            .iter()
            .map(|(to, from)| (Pointer::of([from.as_str()]), Pointer::of([to.as_str()])))
            .collect()
    }
}

/// Renames the top-level members. The first of two spellings of one property wins; the second is a violation.
pub(super) fn respell(schema: &ResourceSchema, members: IndexMap<String, Value>) -> Respelt {
    let mut respelt = Respelt::default();
    for (written, value) in members {
        respelt.order.push(written.clone());
        let name = find_property(&written, schema.root.properties.keys().map(String::as_str))
            .map_or_else(|| written.clone(), str::to_owned);
        if respelt.props.contains_key(&name) {
            let first = respelt.declared(&name);
            respelt.violations.push(
                Finding::key(Pointer::of([written.as_str()]), codes::DUPLICATE_PROPERTY)
                    .says(format!("`{first}` and `{written}` are the same property, `{name}`"))
                    .label(format!("`{name}` is already declared"))
                    .next("keep one of the two")
                    .violation,
            );
            continue;
        }
        if name != written {
            respelt.origin.insert(name.clone(), written);
        }
        respelt.props.insert(name, value);
    }
    respelt
}

/// The top-level members of what was declared: JSON text is read, and a secret whole becomes secret members, so that
/// the properties of a resource are always an object. Anything else comes back as it is.
pub(super) fn members(declared: Value) -> Result<IndexMap<String, Value>, Value> {
    match declared {
        Value::Object(members) => Ok(members),
        Value::Secret(secret) => match members(secret.expose().clone()) {
            Ok(members) => {
                let hide = |value| match value {
                    Value::Null | Value::Unknown(_) => value,
                    other => Value::Secret(Secret::new(other)),
                };
                Ok(members.into_iter().map(|(key, value)| (key, hide(value))).collect())
            }
            Err(_) => Err(Value::Secret(secret)),
        },
        Value::String(text) => match super::coerce::json_text(&text, true, false) {
            Some(Value::Object(members)) => Ok(members),
            _ => Err(Value::String(text)),
        },
        other => Err(other),
    }
}

/// What a name that the schema does not have was probably meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant<'c> {
    /// Another spelling of this name: snake_case, or another case.
    Spelling(&'c str),
    /// Letters are wrong.
    Near(&'c str),
}

impl<'c> Meant<'c> {
    /// The name that was meant.
    pub(super) fn name(self) -> &'c str {
        match self {
            Self::Spelling(name) | Self::Near(name) => name,
        }
    }
}

/// The name that was probably meant.
pub(super) fn meant<'c>(written: &str, names: &[&'c str]) -> Option<Meant<'c>> {
    find_property(written, names.iter().copied())
        .map(Meant::Spelling)
        .or_else(|| nearest(written, names.iter().copied()).map(Meant::Near))
        .or_else(|| longer(written, names).map(Meant::Near))
}

/// True if two names differ by a letter or two.
pub(super) fn is_slip(written: &str, name: &str) -> bool {
    strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()) <= 2
}

/// The only name that begins or ends with what is written: `VersioningConfiguration` for `Versioning`.
fn longer<'c>(written: &str, names: &[&'c str]) -> Option<&'c str> {
    /// Shorter words are part of too many names.
    const LEAST: usize = 5;
    let written = written.to_ascii_lowercase().replace('_', "");
    let mut longer = names.iter().copied().filter(|name| {
        let name = name.to_ascii_lowercase();
        written.len() >= LEAST && (name.starts_with(&written) || name.ends_with(&written))
    });
    let first = longer.next()?;
    longer.next().is_none().then_some(first)
}

/// `` `A`, `B` and 3 more ``: at most `limit` names.
pub(super) fn list<S: AsRef<str>>(names: &[S], joint: &str, limit: usize) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    if quoted.len() > limit {
        return format!("{} and {} more", quoted[..limit].join(", "), quoted.len() - limit);
    }
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, head)) => format!("{} {joint} {last}", head.join(", ")),
        None => String::new(),
    }
}
