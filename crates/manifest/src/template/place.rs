//! A place in another resource that a template walks: which property, by which spelling, and whether there is one.

use super::session::Absence;
use crate::codes;
use stack_core::diagnostic::{Code, nearest};
use stack_core::identity::{Identifier, part_name};
use stack_core::ids::Address;
use stack_core::naming::{TableColumn, find_property};
use stack_core::pointer::{PathSet, Pointer};
use stack_core::schema::{Additional, JsonType, Node, ResourceSchema};
use stack_core::statement::text_of;
use stack_core::value::{Reference, Unknown, Value};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// What templates may know about a resource before it exists.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The resource.
    pub(crate) address: Address,
    /// Its schema, where its type is known.
    pub(crate) schema: Option<Arc<ResourceSchema>>,
    /// True if it offers its exports and nothing else.
    pub(crate) offers_exports: bool,
    /// Its exports: variable and property.
    pub(crate) exports: Vec<(String, String)>,
    /// Variables that are not to be shown.
    pub(crate) protected: Vec<String>,
    /// `name.idempotency_token`
    pub(crate) token: String,
    /// True if it is written as statements.
    pub(crate) has_statements: bool,
    /// Its region, once it has been rendered.
    pub(crate) region: OnceLock<String>,
}

impl Facts {
    /// The column beside the properties that a name means, itself or as an export.
    pub(crate) fn column(&self, name: &str) -> Option<TableColumn> {
        let schema = self.schema.as_ref().filter(|_| self.has_statements)?;
        let exported = self.exports.iter().find(|(variable, _)| variable == name);
        TableColumn::named(exported.map_or(name, |(_, property)| property), schema)
    }

    /// The value of such a column, with what is known of the properties. `None` if a part of the identifier is not there.
    pub(crate) fn value_of(&self, column: TableColumn, model: &Value) -> Option<Value> {
        if column == TableColumn::Region {
            let region = self.region.get().map(|region| Value::text(region.as_str()));
            return Some(region.unwrap_or_else(|| Value::Unknown(Unknown::of(&self.address, "region"))));
        }
        let mut parts = Vec::new();
        let mut waits: Option<Unknown> = None;
        let mut is_secret = false;
        for path in &self.schema.as_ref()?.primary_identifier {
            let pointer = path.as_pointer()?;
            let open = || Value::Unknown(Unknown::of(&self.address, pointer.dotted()));
            let value = match model {
                Value::Unknown(_) => open(),
                known => known.at(&pointer)?.clone(),
            };
            is_secret |= value.has_secret();
            match value.unknown() {
                Some(unknown) => waits = Some(waits.map_or(unknown.clone(), |known| known.and(&unknown))),
                None => parts.push((part_name(path), text_of(&value)?)),
            }
        }
        let whole = match waits {
            Some(unknown) => Value::Unknown(unknown),
            // As statements write it, unless a part could then not be told from two.
            None if parts.iter().all(|(_, text)| !text.contains('|')) => {
                let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
                Value::String(parts.join("|"))
            }
            None => Value::String(Identifier { parts }.wire()),
        };
        Some(if is_secret { whole.hidden() } else { whole })
    }

    /// True if the manifest lists a column, or the variable that it becomes, in `protected`.
    pub(crate) fn protects(&self, name: &str) -> bool {
        let listed = |name: &str| self.protected.iter().any(|known| known == name);
        let mut exports = self.exports.iter();
        listed(name)
            || exports.any(|(variable, property)| {
                (variable == name || property == name) && (listed(variable) || listed(property))
            })
    }
}

/// A property of a resource, as far as an expression has walked.
#[derive(Clone)]
pub(crate) struct Place {
    /// The resource.
    pub(crate) facts: Arc<Facts>,
    /// The property, in the provider's spelling.
    pub(crate) pointer: Pointer,
    /// The expression, as written.
    pub(crate) expression: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.facts.address, self.pointer)
    }
}

/// Why an evaluation stopped, carried through the template engine. Without a code it has been reported elsewhere.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Cause {
    pub(crate) code: Option<Code>,
    pub(crate) message: String,
    /// The expression to underline.
    pub(crate) expression: String,
    pub(crate) label: String,
}

impl Cause {
    /// A stop whose reason has been reported.
    pub(crate) fn reported() -> Self {
        Self { code: None, message: "reported".to_owned(), expression: String::new(), label: String::new() }
    }

    /// The value that stops the evaluation where it is used.
    pub(crate) fn into_value(self) -> minijinja::Value {
        minijinja::Value::from(
            minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, self.message.clone())
                .with_source(self),
        )
    }
}

impl Place {
    /// The output that is here.
    pub(crate) fn reference(&self) -> Reference {
        Reference { address: self.facts.address.clone(), path: self.pointer.dotted() }
    }

    /// The unknown that waits for it.
    pub(crate) fn unknown(&self) -> Unknown {
        Unknown::of(&self.facts.address, self.pointer.dotted())
    }

    /// A resource as a whole.
    pub(crate) fn root(facts: &Arc<Facts>, expression: &str) -> Self {
        Self { facts: Arc::clone(facts), pointer: Pointer::root(), expression: expression.to_owned() }
    }

    /// True if the manifest lists the property, or the variable that it is exported as, in `protected`.
    pub(crate) fn is_protected(&self) -> bool {
        let Some(top) = self.pointer.segments().first() else { return false };
        self.facts.protected.iter().any(|name| {
            find_property(name, [top.as_str()]).is_some()
                || self.facts.exports.iter().any(|(variable, property)| {
                    variable == name && find_property(property, [top.as_str()]).is_some()
                })
        })
    }

    /// The place of an array's element.
    pub(crate) fn element(&self, index: usize) -> Self {
        Self {
            pointer: self.pointer.child(index.to_string()),
            expression: format!("{}[{index}]", self.expression),
            ..self.clone()
        }
    }

    fn node(&self) -> Option<&Node> {
        self.facts.schema.as_ref()?.at(&self.pointer)
    }

    /// The place of a member, found by either spelling.
    pub(crate) fn member(&self, key: &str) -> Result<Self, Cause> {
        let expression = format!("{}.{key}", self.expression);
        let here = |name: &str| Self {
            pointer: self.pointer.child(name),
            expression: expression.clone(),
            ..self.clone()
        };
        let is_root = self.pointer.is_root();
        let exported = self.facts.exports.iter().find(|(variable, _)| is_root && variable == key);
        if is_root && self.facts.offers_exports {
            return self.export(key, exported.map(|(_, column)| column.as_str())).map(|column| here(&column));
        }
        let (Some(schema), Some(node)) = (self.facts.schema.as_ref(), self.node()) else {
            return Ok(here(exported.map_or(key, |(_, property)| property)));
        };
        let names = member_names(schema, node);
        if let Some(found) = find_property(key, names.iter().copied()) {
            return Ok(here(found));
        }
        if let Some((_, property)) = exported.filter(|(variable, property)| variable != property) {
            return property
                .split('.')
                .try_fold(self.clone(), |at, part| at.member(part))
                .map(|p| Self { expression, ..p });
        }
        if !is_root && schema.member(node, key).is_some() {
            return Ok(here(key));
        }
        let plain = !node.types.is_empty()
            && node.types.iter().all(|t| !matches!(t, JsonType::Object | JsonType::Array | JsonType::Null));
        let closed = is_root
            || plain
            || (!names.is_empty() && matches!(node.additional_properties, Some(Additional::Allowed(false))));
        if !closed {
            return Ok(here(key));
        }
        let what = if is_root { schema.type_name.to_string() } else { format!("`{}`", self.expression) };
        let message = if plain {
            format!("{what} is a plain value and has no property `{key}`")
        } else {
            format!("{what} has no property `{key}`")
        };
        let label = nearest(key, names).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        Err(Cause { code: Some(codes::UNKNOWN_PROPERTY), message, expression, label })
    }

    /// The column of an export, by the name of the variable first (stackql-compat 1.8).
    fn export(&self, key: &str, column: Option<&str>) -> Result<String, Cause> {
        let Facts { address, exports, .. } = &*self.facts;
        let columns = || exports.iter().map(|(_, column)| column.as_str());
        if let Some(found) = column.or_else(|| find_property(key, columns())) {
            return Ok(found.to_owned());
        }
        let names = columns().chain(exports.iter().map(|(variable, _)| variable.as_str()));
        let label = match nearest(key, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None if exports.is_empty() => "it exports nothing".to_owned(),
            None => String::new(),
        };
        let message = format!("{address} does not export `{key}`");
        let expression = format!("{}.{key}", self.expression);
        Err(Cause { code: Some(codes::UNKNOWN_PROPERTY), message, expression, label })
    }

    /// Why a live resource shows nothing here.
    pub(crate) fn why_absent(&self) -> Absence {
        let (name, address) = (self.pointer.dotted(), &self.facts.address);
        let is = |of: fn(&ResourceSchema) -> &PathSet| {
            self.facts.schema.as_ref().is_some_and(|schema| of(schema).covers(&self.pointer))
        };
        let is_secret = is(|schema| &schema.overlay.secrets);
        let (words, lost) = if is(|schema| &schema.write_only_properties) {
            (format!("`{name}` is write-only: reads never return it"), false)
        } else if is_secret && is(|schema| &schema.read_only_properties) {
            (format!("`{name}` was in the answer that made {address}, and is shown nowhere else"), true)
        } else {
            (format!("{address} exists, but has no value for `{name}`"), false)
        };
        Absence { words, lost }
    }
}

/// The names that a node's members can have, those of its branches included.
fn member_names<'s>(schema: &'s ResourceSchema, node: &'s Node) -> Vec<&'s str> {
    let node = schema.follow(node);
    let mut names: Vec<&str> = node.properties.keys().map(String::as_str).collect();
    for branch in node.one_of.iter().chain(&node.any_of).chain(&node.all_of) {
        for name in schema.follow(branch).properties.keys() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    names
}
