//! One test per rule: a clean example, one thing broken, exactly that violation.

mod advice;
mod coercion;
mod properties;
mod rules;
mod unions;

use super::{Conformed, conform};
use crate::schema::ResourceSchema;
use crate::testdata;
use crate::value::{Secret, Unknown, Value};
use serde_json::{Value as Json, json};

/// A made-up type `Test::Unit::Thing` with every handler: the given schema with what is always the same.
pub(super) fn thing(mut schema: Json) -> ResourceSchema {
    schema["typeName"] = json!("Test::Unit::Thing");
    if schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = json!(false);
    }
    schema["handlers"] = json!({"create": {}, "read": {}, "update": {}, "delete": {}, "list": {}});
    serde_json::from_value(schema).unwrap()
}

/// `{"$secret": x}` becomes a secret, `{"$unknown": "a.B"}` a value that waits for another resource.
pub(super) fn value(json: &Json) -> Value {
    match json {
        Json::Object(map) if map.contains_key("$secret") => {
            Value::Secret(Secret::new(value(&map["$secret"])))
        }
        Json::Object(map) if map.contains_key("$unknown") => {
            Value::Unknown(Unknown::of(&"other".into(), map["$unknown"].as_str().unwrap()))
        }
        Json::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), value(v))).collect()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        other => Value::from(other),
    }
}

pub(super) fn run(schema: &ResourceSchema, declared: Json) -> Conformed {
    conform(schema, value(&declared))
}

/// What is said, as text: number, place (`#` for a key), message, label, notes.
pub(super) fn says(schema: &ResourceSchema, declared: Json) -> String {
    said(&run(schema, declared))
}

pub(super) fn said(conformed: &Conformed) -> String {
    let lines = conformed.violations.iter().map(|v| {
        let mark = if v.on_key { "#" } else { "" };
        let weight = match v.severity {
            crate::diagnostic::Severity::Error => "",
            _ => " (warning)",
        };
        let notes: String = v.notes.iter().map(|(key, text)| format!("\n  = {key}: {text}")).collect();
        format!("{}{weight} {}{mark}: {}\n  ^ {}{notes}", v.code, v.pointer, v.message, v.label)
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn of(ty: &str, declared: Json) -> String {
    says(&testdata::schema(ty), declared)
}

/// A domain as small as it can be.
pub(super) fn domain(more: Json) -> Json {
    merged(json!({"DomainName": "crm", "DefaultExpirationDays": 366}), more)
}

/// A table with every kind of nesting.
pub(super) fn table(more: Json) -> Json {
    merged(
        json!({
            "TableName": "orders",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "Tags": [{"Key": "team", "Value": "data"}],
        }),
        more,
    )
}

/// The base with members set, or taken away by the value `"$drop"`.
pub(super) fn merged(mut base: Json, more: Json) -> Json {
    if let (Some(base), Json::Object(more)) = (base.as_object_mut(), more) {
        for (key, value) in more {
            if value == "$drop" {
                base.remove(&key);
            } else {
                base.insert(key, value);
            }
        }
    }
    base
}
