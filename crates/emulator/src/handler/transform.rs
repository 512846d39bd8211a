//! `propertyTransform` on write, in its simple forms (cloud-control 3.5). The service keeps the normalised value.

use crate::model::{expand, get_mut};
use serde_json::Value as Json;
use stack_core::pointer::{PropertyPath, Step};
use stack_core::schema::ResourceSchema;

/// Normalises the values of a model that is being written.
pub(crate) fn apply(schema: &ResourceSchema, model: &mut Json) {
    for (path, expression) in &schema.property_transform {
        // Alternatives are tried in turn elsewhere; a service applies one of them.
        let Some(change) = expression.split(" $OR ").find_map(|one| simple(one.trim(), path)) else {
            continue;
        };
        for pointer in expand(path, model) {
            if let Some(Json::String(text)) = get_mut(model, &pointer) {
                *text = change(text);
            }
        }
    }
}

/// `$lowercase(X)` and `$uppercase(X)` where X is the property itself.
fn simple(expression: &str, path: &PropertyPath) -> Option<fn(&str) -> String> {
    let (function, argument) = expression.strip_suffix(')')?.split_once('(')?;
    let leaf = path.0.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Any => None,
    })?;
    let names_itself = argument.trim().rsplit('.').next().is_some_and(|last| last.trim() == leaf);
    if !names_itself {
        return None;
    }
    match function.trim() {
        "$lowercase" => Some(|text| text.to_lowercase()),
        "$uppercase" => Some(|text| text.to_uppercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_lowered_as_the_service_does() {
        let schema: ResourceSchema = serde_json::from_value(json!({
            "typeName": "AWS::RDS::DBInstance",
            "properties": {},
            "propertyTransform": {
                "/properties/DBInstanceIdentifier": "$lowercase(DBInstanceIdentifier)",
                "/properties/Modes/*/Mode": "$uppercase(Mode)",
                "/properties/EngineVersion": "$join([$string(EngineVersion), \".*\"])",
            },
        }))
        .unwrap();
        let mut model =
            json!({ "DBInstanceIdentifier": "MyDb", "Modes": [{ "Mode": "a" }], "EngineVersion": "13" });
        apply(&schema, &mut model);
        assert_eq!(
            model,
            json!({ "DBInstanceIdentifier": "mydb", "Modes": [{ "Mode": "A" }], "EngineVersion": "13" })
        );
    }
}
