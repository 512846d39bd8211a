//! `Identifier` predicates: the parts of a primary identifier, as far as they are known.

use stack_core::identity::{Identifier, part_name};
use stack_core::schema::ResourceSchema;
use stack_core::statement::Hole;
use stack_core::value::{Secret, Unknown, Value};
use stack_sql::holes::{split, value};

/// What a predicate says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Predicate {
    /// The parts by name, in the schema's order.
    pub(crate) parts: Vec<(String, Value)>,
    /// The identifier as a whole.
    pub(crate) whole: Value,
}

impl Predicate {
    /// The predicate of parts that conditions give one by one.
    pub(crate) fn of_parts(parts: Vec<(String, Value)>) -> Self {
        let is_open = |(_, value): &(String, Value)| value.unknown().is_some_and(|u| u.from.is_empty());
        // Nobody can name what only the service tells.
        if parts.iter().any(is_open) {
            return Self { parts, whole: Value::Unknown(Unknown::default()) };
        }
        let mut waits = parts.iter().filter_map(|(_, value)| value.unknown());
        let whole = match waits.next() {
            Some(first) => Value::Unknown(waits.fold(first, |all, one| all.and(&one))),
            None => {
                let text = |(name, value): &(String, Value)| {
                    let known = value.exposed().unwrap_or_default();
                    (name.clone(), known.as_str().map_or_else(|| known.to_string(), str::to_owned))
                };
                let identifier = Identifier { parts: parts.iter().map(text).collect() };
                let whole = Value::String(identifier.wire());
                if parts.iter().any(|(_, value)| value.has_secret()) { whole.hidden() } else { whole }
            }
        };
        Self { parts, whole }
    }
}

/// Reads the literal of a predicate. `None` if it does not fit the type.
pub(crate) fn read(text: &str, holes: &[Hole], schema: &ResourceSchema) -> Option<Predicate> {
    let names: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
    let whole = value(text, holes);
    let parts: Vec<Value> = if names.len() == 1 { vec![whole.clone()] } else { split(text, holes) };
    if parts.len() == names.len() {
        return Some(Predicate { parts: names.into_iter().zip(parts).collect(), whole });
    }
    if whole.unknown().is_some() {
        // Its parts can be told once it is known.
        return Some(Predicate { parts: Vec::new(), whole });
    }
    // The JSON form, or one variable that holds all parts.
    let known = whole.exposed()?;
    let text = known.as_str().map_or_else(|| known.to_string(), str::to_owned);
    let identifier = Identifier::parse(schema, &text)?;
    let is_secret = whole.has_secret();
    let part = |text: String| {
        let text = Value::String(text);
        if is_secret { Value::Secret(Secret::new(text)) } else { text }
    };
    let parts = identifier.parts.into_iter().map(|(name, text)| (name, part(text))).collect();
    Some(Predicate { parts, whole })
}
