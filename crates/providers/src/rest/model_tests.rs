use super::*;
use serde_json::json;

fn property(text: Json) -> Property {
    serde_json::from_value(text).unwrap()
}

#[test]
fn references_are_ids_here_and_objects_there() {
    let reference = property(json!({"type": "string", "reference": true}));
    assert_eq!(sent(&reference, &json!("env-1")), json!({"id": "env-1"}));
    assert_eq!(sent(&reference, &json!({"id": "env-1"})), json!({"id": "env-1"}));
    assert_eq!(shown(&reference, &json!({"id": "env-1", "related": "x"})), json!("env-1"));
}

#[test]
fn maps_are_lists_of_texts_on_the_wire() {
    let configs =
        property(json!({"type": "object", "pairs": true, "noise": ["confluent.topic.type", "internal.*"]}));
    let list = json!([{"name": "retention.ms", "value": "100"}]);
    assert_eq!(sent(&configs, &json!({"retention.ms": 100})), list);
    let live = json!([{"name": "retention.ms", "value": "100"}, {"name": "confluent.topic.type", "value": "standard"},
        {"name": "internal.x", "value": "1"}, {"name": "secret", "value": null}]);
    assert_eq!(shown(&configs, &live), json!({"retention.ms": "100"}));
}

#[test]
fn documents_as_text_are_documents() {
    let config = property(json!({"type": "object", "properties": {"kind": {}, "arn": {"read_only": true}}}));
    assert_eq!(sent(&config, &json!(r#"{"kind": "A", "arn": "x"}"#)), json!({"kind": "A"}));
    assert_eq!(sent(&config, &json!("no document")), json!("no document"));
}

#[test]
fn texts_on_the_wire_have_their_type_here() {
    let rate = property(json!({"type": "integer", "text": true}));
    assert_eq!(sent(&rate, &json!(5)), json!("5"));
    assert_eq!(shown(&rate, &json!("5")), json!(5));
    let zones = property(json!({"type": "string", "read_as": {"SINGLE_ZONE": "LOW"}}));
    assert_eq!(shown(&zones, &json!("LOW")), json!("SINGLE_ZONE"));
}

#[test]
fn masks_are_found_wherever_they_stand() {
    assert_eq!(mask_in(&json!({"a": {"b": "****"}})), Some("a.b".to_owned()));
    assert_eq!(mask_in(&json!({"a": ["*"], "c": "**x"})), None);
}
