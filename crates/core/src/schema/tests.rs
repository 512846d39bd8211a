//! Looking nodes up, on real schemas and on the odd forms that some of them have.

use super::*;
use crate::pointer::{Pointer, Step};
use crate::testdata;
use serde_json::json;

/// The pointer of a path, the first element standing for any.
fn sample(path: &PropertyPath) -> Pointer {
    Pointer::of(path.0.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Any => "0".to_owned(),
    }))
}

fn of(schema: serde_json::Value) -> ResourceSchema {
    let mut schema = schema;
    schema["typeName"] = json!("Test::Unit::Thing");
    serde_json::from_value(schema).unwrap()
}

#[test]
fn every_path_of_a_published_schema_leads_to_a_node() {
    let mut paths = 0;
    for ty in testdata::types() {
        let schema = testdata::schema(&ty);
        let sets = [
            &schema.read_only_properties,
            &schema.write_only_properties,
            &schema.create_only_properties,
            &schema.conditional_create_only_properties,
            &schema.deprecated_properties,
        ];
        let parts = schema.primary_identifier.iter().chain(schema.additional_identifiers.iter().flatten());
        for path in sets.into_iter().flat_map(PathSet::iter).chain(parts) {
            assert!(schema.at(&sample(path)).is_some(), "{ty} {path}");
            paths += 1;
        }
    }
    assert!(paths > 150, "{paths}");
}

#[test]
fn a_member_is_found_in_the_branches_of_a_union() {
    let schema = of(json!({
        "properties": {"Source": {"$ref": "#/definitions/Source"}},
        "definitions": {
            "Source": {"oneOf": [{"$ref": "#/definitions/Text"}, {"properties": {"Url": {"type": "string"}}}]},
            "Text": {"anyOf": [{"properties": {"Lines": {"type": "array", "items": {"type": "integer"}}}}]},
        },
    }));
    let types = |path: &str| schema.at(&Pointer::parse(path).unwrap()).and_then(|node| node.types.single());
    assert_eq!(types("/Source/Url"), Some(JsonType::String));
    assert_eq!(types("/Source/Lines/3"), Some(JsonType::Integer));
    assert_eq!(types("/Source/Other"), None);
}

#[test]
fn a_map_member_is_found_by_the_pattern_that_its_key_matches() {
    let schema = of(json!({"properties": {
        "Two": {"patternProperties": {"^[a-z]+$": {"type": "string"}, "^[0-9]+$": {"type": "integer"}}},
        "One": {"patternProperties": {"^(?=a)": {"type": "boolean"}}},
        "More": {"properties": {"Known": {"type": "string"}}, "additionalProperties": {"type": "number"}},
    }}));
    let types = |path: &str| schema.at(&Pointer::parse(path).unwrap()).and_then(|node| node.types.single());
    assert_eq!(types("/Two/abc"), Some(JsonType::String));
    assert_eq!(types("/Two/12"), Some(JsonType::Integer));
    assert_eq!(types("/Two/A"), None);
    assert_eq!(types("/One/b"), Some(JsonType::Boolean), "a single pattern stands for all keys");
    assert_eq!(types("/More/Known"), Some(JsonType::String));
    assert_eq!(types("/More/else"), Some(JsonType::Number));
}

#[test]
fn references_lead_to_definitions_and_to_properties_and_come_to_an_end() {
    let schema = of(json!({
        "properties": {
            "Arn": {"type": "string"},
            "Other": {"$ref": "#/properties/Arn"},
            "Loop": {"$ref": "#/definitions/Loop"},
        },
        "definitions": {"Loop": {"$ref": "#/definitions/Loop"}},
    }));
    let at = |name: &str| schema.at(&Pointer::of([name])).unwrap();
    assert_eq!(at("Other").types.single(), Some(JsonType::String));
    assert!(at("Loop").types.is_empty());
}

#[test]
fn a_state_of_deletion_is_as_good_as_gone() {
    let schema: ResourceSchema = serde_json::from_str(r#"{"typeName":"A::B::C"}"#).unwrap();
    assert!(schema.is_leaving(&serde_json::json!({"KeyState": "PendingDeletion"})));
    assert!(schema.is_leaving(&serde_json::json!({"Status": "DELETE_IN_PROGRESS"})));
    assert!(!schema.is_leaving(&serde_json::json!({"Status": "DELETE_FAILED"})));
    assert!(!schema.is_leaving(&serde_json::json!({"Description": "deleted"})));
}
