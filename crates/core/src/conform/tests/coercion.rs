//! Values into the schema's types.

use super::{run, said, says, thing};
use crate::testdata::schema;
use crate::value::Value;
use serde_json::{Value as Json, json};

/// What becomes of a value at a property of this schema; empty text: nothing is said.
fn becomes(property: Json, declared: Json) -> (Json, String) {
    let thing = thing(json!({"properties": {"P": property}}));
    let conformed = run(&thing, json!({"P": declared}));
    (conformed.props.exposed().unwrap()["P"].clone(), said(&conformed))
}

fn quietly(property: Json, declared: Json) -> Json {
    let (value, said) = becomes(property, declared);
    assert_eq!(said, "");
    value
}

#[test]
fn exact_text_becomes_a_number_or_a_boolean_where_one_is_meant() {
    assert_eq!(quietly(json!({"type": "integer"}), json!("366")), json!(366));
    assert_eq!(quietly(json!({"type": "integer"}), json!("-1")), json!(-1));
    assert_eq!(quietly(json!({"type": "number"}), json!("0.5")), json!(0.5));
    assert_eq!(quietly(json!({"type": "boolean"}), json!("true")), json!(true));
    assert_eq!(quietly(json!({"type": "boolean"}), json!("false")), json!(false));
}

#[test]
fn text_that_is_not_exactly_a_value_stays_text() {
    for text in ["0366", "+1", " 1", "1 ", "1e3", "3.5", "5.0", "one", "", "-", "1_000"] {
        let (value, said) = becomes(json!({"type": "integer"}), json!(text));
        assert_eq!(value, json!(text));
        assert!(said.starts_with("SD1304"), "{text:?}: {said}");
    }
    for text in ["True", "yes", "1", "on"] {
        assert!(becomes(json!({"type": "boolean"}), json!(text)).1.starts_with("SD1304"), "{text}");
    }
}

#[test]
fn text_never_becomes_anything_else_where_text_is_allowed() {
    for text in ["123", "true", "null", "[1]", "{\"a\":1}", "1.0"] {
        for ty in [
            json!("string"),
            json!(["string", "object"]),
            json!(["integer", "string"]),
            json!(["boolean", "string"]),
        ] {
            assert_eq!(quietly(json!({"type": ty}), json!(text)), json!(text));
        }
    }
}

#[test]
fn a_number_or_boolean_becomes_text_where_only_text_is_allowed() {
    assert_eq!(quietly(json!({"type": "string"}), json!(5)), json!("5"));
    assert_eq!(quietly(json!({"type": "string"}), json!(true)), json!("true"));
    assert_eq!(quietly(json!({"type": ["integer", "string"]}), json!(5)), json!(5));
    assert!(becomes(json!({"type": ["object", "string"]}), json!(5)).1.starts_with("SD1304"));
}

#[test]
fn a_fraction_as_text_is_a_warning_because_zeros_may_be_lost() {
    let (value, said) = becomes(json!({"type": "string"}), json!(13.1));
    assert_eq!(value, json!("13.1"));
    insta::assert_snapshot!(said, @r"
    SD1324 (warning) /P: `P` is text, this number is sent as `13.1`
      ^ a number where text is meant
      = why: a number loses the form that it was written in: 13.10 becomes 13.1, 1e5 becomes 100000.0
      = next: put it in quotes
    ");
}

#[test]
fn a_whole_float_becomes_an_integer() {
    assert_eq!(quietly(json!({"type": "integer"}), json!(5.0)).to_string(), "5");
    assert_eq!(quietly(json!({"type": "number"}), json!(5.0)).to_string(), "5.0");
    assert!(becomes(json!({"type": "integer"}), json!(5.5)).1.starts_with("SD1304"));
}

#[test]
fn json_text_becomes_a_document_only_where_text_is_not_allowed() {
    assert_eq!(quietly(json!({"type": "object"}), json!(" {\"a\": 1}")), json!({"a": 1}));
    assert_eq!(
        quietly(json!({"type": "array", "items": {"type": "integer"}}), json!("[\"1\", 2]")),
        json!([1, 2])
    );
    assert!(becomes(json!({"type": "object"}), json!("{a: 1}")).1.starts_with("SD1304"));
    assert!(becomes(json!({"type": "object"}), json!("[1]")).1.starts_with("SD1304"));
}

#[test]
fn a_document_becomes_text_where_the_schema_says_that_the_text_is_json() {
    let json_text = json!({"type": "string", "format": "json"});
    assert_eq!(quietly(json_text.clone(), json!({"a": [1, "b"]})), json!("{\"a\":[1,\"b\"]}"));
    assert!(becomes(json!({"type": "string"}), json!({"a": 1})).1.starts_with("SD1304"));

    let thing = thing(json!({"properties": {"P": json_text}}));
    let unknown = run(&thing, json!({"P": {"a": {"$unknown": "Arn"}}}));
    assert!(matches!(unknown.props.get("P"), Some(Value::Unknown(_))));
    let secret = run(&thing, json!({"P": {"a": {"$secret": "x"}}}));
    assert!(matches!(secret.props.get("P"), Some(Value::Secret(_))));
    assert_eq!(secret.props.exposed(), Some(json!({"P": "{\"a\":\"x\"}"})));
}

#[test]
fn values_are_coerced_through_references_maps_lists_and_unions() {
    let thing = thing(json!({
        "properties": {
            "Ref": {"$ref": "#/definitions/Count"},
            "Map": {"type": "object", "patternProperties": {".*": {"type": "string"}}, "additionalProperties": false},
            "More": {"type": "object", "additionalProperties": {"type": "integer"}},
            "List": {"type": "array", "items": {"$ref": "#/definitions/Count"}},
            "Union": {"oneOf": [{"$ref": "#/definitions/Count"}, {"type": "object"}]},
            "Free": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "All": {"allOf": [{"$ref": "#/definitions/Count"}]},
        },
        "definitions": {"Count": {"type": "integer"}},
    }));
    let conformed = run(
        &thing,
        json!({"Ref": "1", "Map": {"a/b": 1, "c": true}, "More": {"x": "2"}, "List": ["3"], "Union": "4", "Free": "5", "All": "6"}),
    );
    assert_eq!(said(&conformed), "");
    assert_eq!(
        conformed.props.known(),
        Some(
            json!({"Ref": 1, "Map": {"a/b": "1", "c": "true"}, "More": {"x": 2}, "List": [3], "Union": 4, "Free": "5", "All": 6})
        )
    );
}

#[test]
fn an_ambiguous_union_leaves_the_value_as_it_is() {
    let thing = thing(json!({"properties": {"P": {"anyOf": [
        {"type": "object", "properties": {"A": {"type": "integer"}}},
        {"type": "object", "properties": {"A": {"type": "boolean"}, "B": {"type": "integer"}}},
        {"type": "object", "properties": {"A": {"type": "string"}, "B": {"type": "integer"}}, "required": ["B"]},
    ]}}}));
    let conformed = run(&thing, json!({"P": {"A": "1", "B": "2"}}));
    assert_eq!(said(&conformed), "");
    assert_eq!(conformed.props.known(), Some(json!({"P": {"A": "1", "B": "2"}})));
}

#[test]
fn the_text_of_a_secret_is_coerced_and_stays_secret() {
    let conformed = run(
        &schema("AWS::CustomerProfiles::Domain"),
        json!({"DomainName": "d", "DefaultExpirationDays": {"$secret": "366"}}),
    );
    assert_eq!(said(&conformed), "");
    assert!(matches!(conformed.props.get("DefaultExpirationDays"), Some(Value::Secret(_))));
    assert_eq!(conformed.props.exposed().unwrap()["DefaultExpirationDays"], json!(366));
}

#[test]
fn secret_properties_as_a_whole_become_secret_members() {
    let conformed = run(
        &schema("AWS::CustomerProfiles::Domain"),
        json!({"$secret": {"domain_name": "d", "default_expiration_days": "366", "Tags": null}}),
    );
    assert_eq!(said(&conformed), "");
    assert!(matches!(conformed.props.get("DomainName"), Some(Value::Secret(_))));
    assert_eq!(conformed.props.get("Tags"), Some(&Value::Null));
}

#[test]
fn the_text_of_a_json_document_is_checked_like_the_document() {
    let table = super::table(json!({"Tags": "[{\"Key\": \"a\", \"Valu\": \"b\"}]"}));
    insta::assert_snapshot!(says(&schema("AWS::DynamoDB::Table"), table), @r"
    SD1301 /Tags/0/Valu#: `Tags[0]` has no property `Valu`
      ^ did you mean `Value`?
      = properties: Key and Value
    ");
}
