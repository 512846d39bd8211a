use super::*;
use serde_json::json;

fn schema(properties: Json, rest: Json) -> ResourceSchema {
    let mut document = json!({
        "typeName": "AWS::Test::Thing",
        "additionalProperties": false,
        "properties": properties,
        "primaryIdentifier": ["/properties/Name"],
    });
    if let (Some(document), Json::Object(rest)) = (document.as_object_mut(), rest) {
        document.extend(rest);
    }
    serde_json::from_value(document).unwrap()
}

fn messages(schema: &ResourceSchema, model: &Json) -> Vec<String> {
    check(schema, model, &mut Patterns::default()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_required_key_is_reported_at_its_object() {
    let schema = schema(json!({ "Code": { "type": "object" } }), json!({ "required": ["Code"] }));
    assert_eq!(messages(&schema, &json!({})), ["#: required key [Code] not found"]);
}

#[test]
fn an_unknown_key_is_extraneous_where_it_stands() {
    let schema = schema(
        json!({ "X": { "type": "object", "additionalProperties": false, "properties": { "A": {} } } }),
        json!({}),
    );
    assert_eq!(messages(&schema, &json!({ "X": { "Y": 1 } })), ["#/X: extraneous key [Y] is not permitted"]);
    assert_eq!(messages(&schema, &json!({ "Z": 1 })), ["#: extraneous key [Z] is not permitted"]);
}

#[test]
fn types_are_named_as_java_names_them() {
    let schema = schema(
        json!({ "Tags": { "type": "array" }, "N": { "type": "integer" }, "Doc": { "type": ["object", "string"] } }),
        json!({}),
    );
    assert_eq!(
        messages(&schema, &json!({ "Tags": "x", "N": 1.5, "Doc": 3 })),
        [
            "#/Tags: expected type: JSONArray, found: String",
            "#/N: expected type: Integer, found: BigDecimal",
            "#/Doc: no subschema matched out of the total 2 subschemas",
        ]
    );
    assert_eq!(messages(&schema, &json!({ "N": null })), ["#/N: expected type: Integer, found: Null"]);
    assert!(messages(&schema, &json!({ "N": 2, "Doc": "{}" })).is_empty());
}

#[test]
fn constraints_on_text_that_would_show_it_are_scrubbed() {
    let schema = schema(
        json!({
            "Description": { "type": "string", "pattern": "^[a-z]+$" },
            "Mode": { "type": "string", "enum": ["A", "B"] },
            "Short": { "type": "string", "maxLength": 2, "minLength": 2 },
            "When": { "type": "string", "format": "date-time" },
            "Level": { "type": "integer", "minimum": 1, "maximum": 3 },
        }),
        json!({}),
    );
    assert_eq!(
        messages(
            &schema,
            &json!({ "Description": "", "Mode": "C", "Short": "abc", "When": "today", "Level": 9 })
        ),
        [
            "#/Description: failed validation constraint for keyword [pattern]",
            "#/Mode: failed validation constraint for keyword [enum]",
            "#/Short: expected maxLength: 2, actual: 3",
            "#/When: failed validation constraint for keyword [format]",
            "#/Level: failed validation constraint for keyword [maximum]",
        ]
    );
}

#[test]
fn lists_are_counted_and_checked_for_doubles() {
    let schema = schema(
        json!({
            "Tags": { "type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {
                "type": "object", "required": ["Key"], "properties": { "Key": { "type": "string" } } } },
        }),
        json!({}),
    );
    assert_eq!(
        messages(&schema, &json!({ "Tags": [] })),
        ["#/Tags: expected minimum item count: 1, found: 0"]
    );
    assert_eq!(
        messages(&schema, &json!({ "Tags": [{ "Key": "a", "V": 1 }, { "V": 1, "Key": "a" }] })),
        ["#/Tags: array items are not unique"]
    );
    assert_eq!(messages(&schema, &json!({ "Tags": [{}] })), ["#/Tags/0: required key [Key] not found"]);
}

#[test]
fn unions_count_their_branches() {
    let schema = schema(
        json!({ "A": {}, "B": {} }),
        json!({ "oneOf": [{ "required": ["A"] }, { "required": ["B"] }] }),
    );
    assert_eq!(messages(&schema, &json!({})), ["#: 0 subschemas matched instead of one"]);
    assert_eq!(messages(&schema, &json!({ "A": 1, "B": 1 })), ["#: 2 subschemas matched instead of one"]);
    assert!(messages(&schema, &json!({ "A": 1 })).is_empty());
}

#[test]
fn several_violations_are_listed_one_per_line() {
    let schema = schema(json!({ "A": {}, "B": {} }), json!({ "required": ["A", "B"] }));
    let found = check(&schema, &json!({}), &mut Patterns::default());
    insta::assert_snapshot!(model_message(&found), @r"
    Model validation failed (#: 2 schema violations found)
    #: required key [A] not found (#)
    #: required key [B] not found (#)
    ");
    assert_eq!(model_message(&found[..1]), "Model validation failed (#: required key [A] not found)");
}

#[test]
fn references_are_followed_and_recursion_ends() {
    let schema = schema(
        json!({ "Tree": { "$ref": "#/definitions/Tree" } }),
        json!({ "definitions": {
            "Tree": { "type": "object", "properties": { "Left": { "$ref": "#/definitions/Tree" } }, "additionalProperties": false },
            "Loop": { "allOf": [{ "$ref": "#/definitions/Loop" }] },
        } }),
    );
    assert_eq!(
        messages(&schema, &json!({ "Tree": { "Left": { "Left": { "Q": 1 } } } })),
        ["#/Tree/Left/Left: extraneous key [Q] is not permitted"]
    );
}

#[test]
fn an_expression_that_cannot_be_compiled_is_noted_and_not_checked() {
    let schema = schema(json!({ "A": { "type": "string", "pattern": r"(a)\1" } }), json!({}));
    let mut patterns = Patterns::default();
    assert!(check(&schema, &json!({ "A": "zzz" }), &mut patterns).is_empty());
    assert_eq!(patterns.skipped().into_iter().collect::<Vec<_>>(), [r"(a)\1"]);
}

#[test]
fn rules_behind_the_handler_come_with_handler_codes() {
    let schema = schema(
        json!({ "A": {}, "B": {}, "C": {}, "Doc": { "type": "string", "format": "json" } }),
        json!({ "requiredXor": ["A", "B"], "dependentExcluded": { "A": ["C"] } }),
    );
    assert_eq!(
        service_rules(&schema, &json!({})),
        Err(("InvalidRequest", "Exactly one of A, B must be specified".to_owned()))
    );
    assert_eq!(
        service_rules(&schema, &json!({ "A": 1, "C": 1 })),
        Err(("InvalidRequest", "A cannot be specified together with C".to_owned()))
    );
    assert_eq!(
        service_rules(&schema, &json!({ "A": 1, "Doc": "{" })),
        Err(("InvalidRequest", "Doc is not a valid JSON document".to_owned()))
    );
    assert_eq!(service_rules(&schema, &json!({ "A": { "x": null } })).unwrap_err().0, "InternalFailure");
    assert_eq!(service_rules(&schema, &json!({ "A": 1 })), Ok(()));
}
