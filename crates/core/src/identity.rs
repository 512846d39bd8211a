//! Identifiers: how a resource is named to its service, and how a manifest's values become one.

mod derived;

pub use derived::{BadTemplate, Derived, Place, Template, names_all};

use crate::diff::same_reference;
use crate::pointer::{Pointer, PropertyPath, Step};
use crate::schema::ResourceSchema;
use crate::value::{Unknown, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;

/// The primary identifier of one live resource.
///
/// Composite identifiers are shown with `|` and sent as a JSON object, because `|` cannot be escaped
/// (cloud-control 2.1, trap 68).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Name and value of each part, in the service's order. One nameless part where the schema names none.
    pub parts: Vec<(String, String)>,
}

impl Identifier {
    /// An identifier of one part.
    pub fn single(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { parts: vec![(name.into(), value.into())] }
    }

    /// Reads the text that a service or a user gives: `a|b` cut by the schema's arity (empty parts are kept, trap
    /// 67), or the JSON object form. `None` if the arity does not fit.
    pub fn parse(schema: &ResourceSchema, text: &str) -> Option<Self> {
        let names: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
        if names.len() <= 1 {
            let name = names.into_iter().next().unwrap_or_default();
            if let Some(value) = json_parts(text).and_then(|map| map.get(&name).and_then(scalar)) {
                return Some(Self::single(name, value));
            }
            return Some(Self::single(name, text));
        }
        if let Some(map) = json_parts(text) {
            let parts = names
                .into_iter()
                .map(|name| map.get(&name).and_then(scalar).map(|value| (name, value)))
                .collect::<Option<Vec<_>>>()?;
            return Some(Self { parts }.without_optional(schema));
        }
        let mut values: Vec<String> = text.split('|').map(str::to_owned).collect();
        // Parts at the end that may be left out.
        for path in schema.primary_identifier.iter().skip(values.len()) {
            values.push(schema.overlay.identifier_defaults.get(path).and_then(scalar)?);
        }
        (values.len() == names.len())
            .then(|| Self { parts: names.into_iter().zip(values).collect() }.without_optional(schema))
    }

    /// The same without the parts at the end that are empty and may be left out: what all forms of one identifier have in
    /// common. An empty part that is no option stays (trap 67).
    #[must_use]
    pub fn without_optional(mut self, schema: &ResourceSchema) -> Self {
        let is_optional = |path: &PropertyPath| {
            schema.overlay.identifier_defaults.get(path).is_some_and(|default| default == "")
        };
        while self.parts.len() > 1
            && self.parts.last().is_some_and(|(_, value)| value.is_empty())
            && schema.primary_identifier.get(self.parts.len() - 1).is_some_and(is_optional)
        {
            self.parts.pop();
        }
        self
    }

    /// The parts that are the resource's: what tells a request its host is left out, and what is empty and may be.
    #[must_use]
    pub fn own_parts(&self, schema: &ResourceSchema) -> Self {
        let names: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
        let parts = self.parts.iter().filter(|(name, _)| name.is_empty() || names.contains(name));
        Self { parts: parts.cloned().collect() }.without_optional(schema)
    }

    /// The text for the service: the plain value of a single part, else a JSON object. A single part that would read
    /// as something else (`a|b`, `{…`) goes as an object too.
    pub fn wire(&self) -> String {
        match self.parts.as_slice() {
            [(_, value)] if !value.contains('|') && !value.trim_start().starts_with('{') => value.clone(),
            [(name, value)] if name.is_empty() => value.clone(),
            parts => Json::Object(
                parts.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect(),
            )
            .to_string(),
        }
    }

    /// True if both name the same resource of one type: a part may be an ARN in one and its last part in the other
    /// (traps 71 and 72: creates, reads and lists of a service need not agree).
    pub fn is_same(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|((_, a), (_, b))| same_reference(a, b))
    }

    /// The part names joined as the value is: `DomainName|Uri`.
    pub fn part_names(&self) -> String {
        self.parts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("|")
    }
}

impl fmt::Display for Identifier {
    /// Values joined by `|`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (_, value)) in self.parts.iter().enumerate() {
            if i > 0 {
                f.write_str("|")?;
            }
            f.write_str(value)?;
        }
        Ok(())
    }
}

fn json_parts(text: &str) -> Option<serde_json::Map<String, Json>> {
    text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// The name of an identifier part: the property, or the path text for the three nested ones.
pub fn part_name(path: &PropertyPath) -> String {
    path.0
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.as_str(),
            Step::Any => "*",
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// What can be asked for in one read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// By primary identifier.
    Primary(Identifier),
    /// By an additional identifier: property names and values, always sent as a JSON object.
    Additional(Vec<(String, String)>),
    /// By primary identifier, but for the account: [`UNKNOWN_ACCOUNT`] stands in its place. Never sent.
    InAccount(Identifier),
}

/// What stands for the account in an identifier that was derived before anybody asked who we are. No identifier of a
/// service has braces.
pub const UNKNOWN_ACCOUNT: &str = "{account}";

impl Key {
    /// A key by primary identifier, which may wait for the account.
    pub fn derived(identifier: Identifier) -> Self {
        if identifier.parts.iter().any(|(_, value)| value.contains(UNKNOWN_ACCOUNT)) {
            Self::InAccount(identifier)
        } else {
            Self::Primary(identifier)
        }
    }

    /// The key with the account in its place.
    #[must_use]
    pub fn in_account(&self, account: &str) -> Self {
        match self {
            Self::InAccount(identifier) => {
                let parts = identifier.parts.iter();
                Self::Primary(Identifier {
                    parts: parts.map(|(n, v)| (n.clone(), v.replace(UNKNOWN_ACCOUNT, account))).collect(),
                })
            }
            other => other.clone(),
        }
    }

    /// The text for the service.
    pub fn wire(&self) -> String {
        match self {
            Self::Primary(identifier) | Self::InAccount(identifier) => identifier.wire(),
            Self::Additional(parts) => {
                Json::Object(parts.iter().map(|(n, v)| (n.clone(), Json::String(v.clone()))).collect())
                    .to_string()
            }
        }
    }
}

/// What the declared values say about a set of identifying properties.
#[derive(Clone, Debug, PartialEq)]
pub enum FromProps {
    /// All parts are declared and known.
    Known(Vec<(String, String)>),
    /// All parts are declared; some wait for another resource.
    Waiting(Unknown),
    /// A part is not declared, or no scalar. The paths of the missing parts.
    Missing(Vec<PropertyPath>),
}

/// Looks the parts up in the declared properties.
pub fn from_props(parts: &[PropertyPath], props: &Value) -> FromProps {
    let mut known = Vec::new();
    let mut missing = Vec::new();
    let mut waiting: Option<Unknown> = None;
    for path in parts {
        let declared = path.as_pointer().and_then(|pointer: Pointer| props.at(&pointer));
        match declared {
            Some(Value::Unknown(unknown)) => {
                waiting = Some(match waiting.take() {
                    Some(w) => w.and(unknown),
                    None => unknown.clone(),
                });
            }
            Some(value) => match value.scalar_text() {
                Some(text) => known.push((part_name(path), text)),
                None => missing.push(path.clone()),
            },
            None => missing.push(path.clone()),
        }
    }
    if !missing.is_empty() || parts.is_empty() {
        FromProps::Missing(missing)
    } else if let Some(unknown) = waiting {
        FromProps::Waiting(unknown)
    } else {
        FromProps::Known(known)
    }
}
