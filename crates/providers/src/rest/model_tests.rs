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

/// `spec` of older tables is what the service sends, but for what only the secret's own property may show.
#[test]
fn the_nesting_of_the_service_shows_no_secret() {
    let definitions = stack_catalog::rest::Definitions::embedded();
    let key = definitions.get(&"confluent.iam.api_keys".into()).unwrap();
    let answer =
        json!({"id": "K", "spec": {"display_name": "k", "secret": "only-once", "owner": {"id": "sa-1"}}});
    let shown = model(&key.resource, &answer, &Model::new());
    assert_eq!(shown["secret"], "only-once");
    assert_eq!(shown["spec"], json!({"display_name": "k", "owner": {"id": "sa-1"}}));
}

#[test]
fn secrets_inside_of_properties_are_in_no_nesting_either() {
    let resource = |properties: Json| -> Resource {
        serde_json::from_value(json!({"name": "a.b.c", "identity": ["id"], "properties": properties}))
            .unwrap()
    };
    let mut members = json!({"id": {}, "auth": {"type": "object", "at": "spec.auth", "open": true,
        "properties": {"user": {}, "password": {"secret": true, "at": "login.password"}}},
        "users": {"type": "array", "at": "spec.users", "items": {"properties": {"token": {"secret": true}}}},
        "keys": {"type": "array", "at": "spec.keys", "items": {"secret": true}},
        "configs": {"type": "object", "pairs": true, "at": "spec.configs"},
        "login": {"type": "object", "open": true}, "login_key": {"secret": true, "at": "login.key"}});
    let mut resource = resource(members.take());
    resource.properties.insert("spec".to_owned(), Property { raw: true, ..Property::default() });
    let answer = json!({"id": "1", "spec": {"auth": {"user": "u", "login": {"password": "s1", "at": 1}},
        "users": [{"name": "n", "token": "s2"}], "keys": ["s3"],
        "configs": [{"name": "a", "value": "s4", "is_sensitive": true}, {"name": "b", "value": "open"}]}, "login": {"key": "s5", "name": "n"}});
    let shown = model(&resource, &answer, &Model::new());
    assert_eq!(
        shown["spec"],
        json!({"auth": {"user": "u", "login": {"at": 1}}, "users": [{"name": "n"}], "keys": [],
            "configs": [{"name": "a", "value": MASK, "is_sensitive": true}, {"name": "b", "value": "open"}]})
    );
    assert_eq!(shown["auth"]["password"], "s1");
    assert_eq!((&shown["login"], &shown["login_key"]), (&json!({"name": "n"}), &json!("s5")));
}
