//! Desired values: JSON, plus values that are not known yet and values that must never be shown.

use crate::ids::Address;
use crate::naming::find_property;
use crate::pointer::Step;
use indexmap::IndexMap;
use serde_json::{Number, Value as Json};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A value as the manifest wants it.
///
/// Not serialisable on purpose: what leaves the process goes through [`Value::known`] or a view that
/// replaces secrets.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON null: "remove this property".
    Null,
    /// JSON boolean.
    Bool(bool),
    /// JSON number, as written.
    Number(Number),
    /// JSON string.
    String(String),
    /// JSON array.
    Array(Vec<Value>),
    /// JSON object in manifest order.
    Object(IndexMap<String, Value>),
    /// A value that must never be printed or saved.
    Secret(Secret),
    /// A value that becomes known when another resource exists.
    Unknown(Unknown),
}

/// A sensitive value. It has no serialiser, its `Debug` shows nothing, not even a length.
#[derive(Clone, PartialEq)]
pub struct Secret(Arc<Value>);

impl Secret {
    /// Wraps a known value.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Secret(inner) => inner,
            other => Self(Arc::new(other)),
        }
    }
    /// The value itself, for sending it to the service and for nothing else.
    pub fn expose(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

/// Where an unknown value will come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// The outputs that it waits for, sorted, without doubles.
    pub from: BTreeSet<Reference>,
    /// True if a secret was mixed in.
    pub sensitive: bool,
}

/// One output of another resource, printed `name.path`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The resource that provides it.
    pub address: Address,
    /// The property, dotted, in the provider's spelling. Empty for the resource as a whole.
    pub path: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}.{}", self.address, self.path)
        }
    }
}

impl Unknown {
    /// An unknown that waits for one output.
    pub fn of(address: &Address, path: impl Into<String>) -> Self {
        Self {
            from: BTreeSet::from([Reference { address: address.clone(), path: path.into() }]),
            sensitive: false,
        }
    }
    /// Both sources together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.from.extend(other.from.iter().cloned());
        self.sensitive |= other.sensitive;
        self
    }
}

impl Value {
    /// A string value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// The value as a secret. What holds something that is not known yet is not known as a whole, and secret once it is.
    #[must_use]
    pub fn hidden(self) -> Self {
        match self.unknown() {
            Some(unknown) => Self::Unknown(Unknown { sensitive: true, ..unknown }),
            None => Self::Secret(Secret::new(self)),
        }
    }

    /// Changes every value at a path of a schema. The name of a member may have another usual spelling. What is secret as a
    /// whole is not opened.
    pub(crate) fn change_at(&mut self, path: &[Step], to: &dyn Fn(Self) -> Self) {
        match (self, path) {
            (value, []) => *value = to(std::mem::replace(value, Self::Null)),
            (Self::Object(members), [Step::Key(name), rest @ ..]) => {
                let found = find_property(name, members.keys().map(String::as_str)).map(str::to_owned);
                if let Some(member) = found.and_then(|found| members.get_mut(&found)) {
                    member.change_at(rest, to);
                }
            }
            (Self::Object(members), [Step::Any, rest @ ..]) => {
                members.values_mut().for_each(|member| member.change_at(rest, to));
            }
            (Self::Array(items), [Step::Any, rest @ ..]) => {
                items.iter_mut().for_each(|item| item.change_at(rest, to));
            }
            _ => {}
        }
    }

    /// The empty object.
    pub fn object() -> Self {
        Self::Object(IndexMap::new())
    }

    /// The plain JSON, if no part is unknown or secret.
    pub fn known(&self) -> Option<Json> {
        self.to_json(false)
    }

    /// The plain JSON *with secrets in clear*, if no part is unknown. For request bodies only.
    pub fn exposed(&self) -> Option<Json> {
        self.to_json(true)
    }

    fn to_json(&self, expose: bool) -> Option<Json> {
        Some(match self {
            Self::Null => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(n) => Json::Number(n.clone()),
            Self::String(s) => Json::String(s.clone()),
            Self::Array(items) => {
                Json::Array(items.iter().map(|v| v.to_json(expose)).collect::<Option<_>>()?)
            }
            Self::Object(map) => Json::Object(
                map.iter().map(|(k, v)| v.to_json(expose).map(|v| (k.clone(), v))).collect::<Option<_>>()?,
            ),
            Self::Secret(secret) if expose => secret.expose().to_json(true)?,
            Self::Secret(_) | Self::Unknown(_) => return None,
        })
    }

    /// The known text of a string, number or boolean, secrets included. For identifiers.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::String(s) => Some(s.clone()),
            Self::Number(n) => Some(n.to_string()),
            Self::Bool(b) => Some(b.to_string()),
            Self::Secret(secret) => secret.expose().scalar_text(),
            _ => None,
        }
    }

    /// Every unknown in the value, merged; `None` if all is known.
    pub fn unknown(&self) -> Option<Unknown> {
        let mut found: Option<Unknown> = None;
        self.visit(&mut |value| {
            if let Self::Unknown(u) = value {
                found = Some(match found.take() {
                    Some(f) => f.and(u),
                    None => u.clone(),
                });
            }
        });
        found
    }

    /// True if some part is secret.
    pub fn has_secret(&self) -> bool {
        let mut found = false;
        self.visit(&mut |value| match value {
            Self::Secret(_) => found = true,
            Self::Unknown(u) => found |= u.sensitive,
            _ => {}
        });
        found
    }

    /// Calls `f` on this value and on everything in it, outside in. Does not look inside secrets.
    pub fn visit(&self, f: &mut impl FnMut(&Self)) {
        f(self);
        match self {
            Self::Array(items) => items.iter().for_each(|v| v.visit(f)),
            Self::Object(map) => map.values().for_each(|v| v.visit(f)),
            _ => {}
        }
    }

    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(map) => map.get(key),
            _ => None,
        }
    }

    /// The value at a pointer. Does not look inside secrets.
    pub fn at(&self, pointer: &crate::pointer::Pointer) -> Option<&Self> {
        pointer.segments().iter().try_fold(self, |at, segment| match at {
            Self::Object(map) => map.get(segment),
            Self::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&IndexMap<String, Self>> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => Self::Number(n.clone()),
            Json::String(s) => Self::String(s.clone()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(map) => Self::Object(map.iter().map(|(k, v)| (k.clone(), Self::from(v))).collect()),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::from(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_shows_nothing() {
        let secret = Value::Secret(Secret::new(Value::text("hunter2")));
        assert_eq!(format!("{secret:?}"), "Secret((sensitive))");
        assert_eq!(secret.known(), None);
        assert_eq!(secret.exposed(), Some(json!("hunter2")));
    }

    #[test]
    fn unknowns_merge_their_sources() {
        let value = Value::Array(vec![
            Value::Unknown(Unknown::of(&"b".into(), "Arn")),
            Value::Unknown(Unknown::of(&"a".into(), "Id")),
        ]);
        let from: Vec<_> = value.unknown().unwrap().from.iter().map(ToString::to_string).collect();
        assert_eq!(from, ["a.Id", "b.Arn"]);
    }
}
