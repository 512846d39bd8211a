//! `PatchDocument`: JSON Patch (RFC 6902), sent as it is written.

use serde_json::Value as Json;
use stack_core::conform::is_telling;
use stack_core::diagnostic::nearest;
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;

/// A patch document, or why it is none.
pub(super) fn read(text: &str, schema: &ResourceSchema) -> Result<Json, String> {
    let json: Json = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
    let Json::Array(operations) = &json else { return Err("it is no list of operations".to_owned()) };
    if operations.is_empty() {
        return Err("it has no operation".to_owned());
    }
    for operation in operations {
        let text = |key: &str| operation.get(key).and_then(Json::as_str);
        let op = text("op").unwrap_or_default();
        let needs = match op {
            "add" | "replace" | "test" => Some("value"),
            "move" | "copy" => Some("from"),
            "remove" => None,
            _ => return Err(format!("`{op}` is no operation")),
        };
        if let Some(needs) = needs.filter(|needs| operation.get(needs).is_none()) {
            return Err(format!("`{op}` has no `{needs}`"));
        }
        for key in ["path", "from"] {
            if key == "from" && needs != Some("from") {
                continue;
            }
            let path = text(key).and_then(|path| Pointer::parse(path).ok());
            let Some(name) = path.as_ref().and_then(|path| path.segments().first()) else {
                return Err(format!("`{op}` has no `{key}` that leads to a property"));
            };
            if !schema.root.properties.contains_key(name) {
                let near = nearest(name, schema.root.properties.keys().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
                return Err(format!("{} has no property `{name}`{near}", schema.type_name));
            }
        }
    }
    Ok(json)
}

/// The values of a patch, those sealed whose names say that they are secret.
pub(super) fn sealed(patch: &Json) -> Value {
    let value = |operation: &Json| {
        let path = operation.get("path").and_then(Json::as_str).unwrap_or_default();
        let value = operation.get("value").cloned().unwrap_or_default();
        seal(Value::from(value), path.split('/').any(is_telling))
    };
    Value::Array(patch.as_array().into_iter().flatten().map(value).collect())
}

fn seal(value: Value, tells: bool) -> Value {
    match value {
        Value::Object(members) => {
            let one = |(key, value): (String, Value)| {
                let tells = tells || is_telling(&key);
                (key, seal(value, tells))
            };
            Value::Object(members.into_iter().map(one).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| seal(item, tells)).collect()),
        Value::String(_) | Value::Number(_) if tells => value.hidden(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_of_a_patch_are_sealed_by_their_names() {
        let sealed = sealed(&json!([
            {"op": "replace", "path": "/MasterUserPassword", "value": "hush-1"},
            {"op": "add", "path": "/Users/0", "value": {"Username": "me", "Password": "hush-2", "More": [{"ApiKey": "hush-3"}]}},
            {"op": "remove", "path": "/Tags"},
        ]));
        let shown = format!("{sealed:?}");
        assert!(!shown.contains("hush") && shown.contains("me"), "{shown}");
    }
}
