//! Values into the types that the schema names, only where the text or number is exactly a value of that type
//! (cloud-control 3.4 "numeric vs string", trap 19: a string property never becomes anything else).

use crate::schema::{JsonType, Node, Types};
use crate::value::{Secret, Value};
use serde_json::{Number, Value as Json};

/// True if a known value is of one of the types. No types: any value fits.
pub(super) fn fits(types: &Types, value: &Value) -> bool {
    types.is_empty()
        || match value {
            Value::Null => types.names(JsonType::Null),
            Value::Bool(_) => types.names(JsonType::Boolean),
            Value::Number(n) => types.names(if is_integer(n) { JsonType::Integer } else { JsonType::Number }),
            Value::String(_) => types.names(JsonType::String),
            Value::Array(_) => types.names(JsonType::Array),
            Value::Object(_) => types.names(JsonType::Object),
            Value::Secret(secret) => fits(types, secret.expose()),
            Value::Unknown(_) => true,
        }
}

/// The value in a type that the node allows, or unchanged where none is meant exactly.
pub(super) fn coerce(node: &Node, value: Value) -> Value {
    let types = &node.types;
    if fits(types, &value) {
        return match value {
            Value::Number(n) if !types.names(JsonType::Number) => Value::Number(integral(n)),
            other => other,
        };
    }
    match value {
        Value::String(text) => from_text(types, &text).unwrap_or(Value::String(text)),
        Value::Number(n) if takes_plain_text(types) => Value::String(n.to_string()),
        Value::Bool(b) if takes_plain_text(types) => Value::String(b.to_string()),
        Value::Array(_) | Value::Object(_)
            if types.single() == Some(JsonType::String) && node.format.as_deref() == Some("json") =>
        {
            json_document(value)
        }
        other => other,
    }
}

/// A property that may also be a document is not meant to hold `5` or `true`.
fn takes_plain_text(types: &Types) -> bool {
    types.names(JsonType::String) && !types.names(JsonType::Object) && !types.names(JsonType::Array)
}

fn from_text(types: &Types, text: &str) -> Option<Value> {
    if types.names(JsonType::Boolean) && (text == "true" || text == "false") {
        return Some(Value::Bool(text == "true"));
    }
    if types.names(JsonType::Integer)
        && let Some(number) = number_text(text)
        && (types.names(JsonType::Number) || number.is_i64() || number.is_u64())
    {
        return Some(Value::Number(number));
    }
    json_text(text, types.names(JsonType::Object), types.names(JsonType::Array))
}

/// The number that a text spells by the grammar of JSON (no sign `+`, no leading zeros, no spaces).
fn number_text(text: &str) -> Option<Number> {
    let plausible = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    plausible.then(|| serde_json::from_str(text).ok()).flatten()
}

/// The document in a text that starts like one, if it is one of a kind that is wanted.
pub(super) fn json_text(text: &str, object: bool, array: bool) -> Option<Value> {
    let start = text.trim_start();
    if (object && start.starts_with('{')) || (array && start.starts_with('[')) {
        serde_json::from_str::<Json>(text).ok().map(Value::from)
    } else {
        None
    }
}

/// The compact text of a document; unknown as a whole while some part is unknown.
fn json_document(value: Value) -> Value {
    if let Some(mut unknown) = value.unknown() {
        unknown.sensitive |= value.has_secret();
        return Value::Unknown(unknown);
    }
    let secret = value.has_secret();
    match value.exposed() {
        Some(json) if secret => Value::Secret(Secret::new(Value::String(json.to_string()))),
        Some(json) => Value::String(json.to_string()),
        None => value,
    }
}

/// True for 5 and 5.0.
pub(super) fn is_integer(n: &Number) -> bool {
    n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0)
}

/// 5.0 as 5, where that is exact.
fn integral(n: Number) -> Number {
    // Whole floats below 2^53 are exact as integers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match n.as_f64() {
        Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < EXACT => Number::from(f as i64),
        _ => n,
    }
}
