use super::*;

fn made() -> World {
    let mut world = World::variants([thing()]);
    world.create(
        THING,
        &json!({ "Name": "n", "Size": 1, "Code": { "Zip": "z" }, "Secret": "s", "Dns": { "Mode": "m", "Free": 1 },
                 "Replicas": [{ "Region": "a", "KmsKeyArn": "k" }] }),
    );
    world
}

fn set(path: &str, value: Json) -> Json {
    json!([{ "op": "add", "path": path, "value": value }])
}

fn stored(world: &World) -> Json {
    world.cloud.resource(THING, "n").unwrap().model
}

#[test]
fn write_only_values_are_hidden_and_emptied_containers_go() {
    let mut world = made();
    let live = world.get(THING, "n").unwrap();
    assert!(live.get("Secret").is_none() && live.get("Code").is_none(), "{live}");
    assert_eq!(live["Replicas"], json!([{ "Region": "a" }]));
}

#[test]
fn an_update_keeps_write_only_values_that_it_does_not_carry() {
    let mut world = made();
    assert_eq!(world.update(THING, "n", &set("/Size", json!(2)))["OperationStatus"], "SUCCESS");
    let model = stored(&world);
    assert_eq!(
        (&model["Size"], &model["Secret"], &model["Code"]),
        (&json!(2), &json!("s"), &json!({ "Zip": "z" }))
    );
    assert_eq!(model["Replicas"][0]["KmsKeyArn"], "k");
}

#[test]
fn an_update_moves_the_time_of_change_on() {
    let mut world = made();
    let before = world.get(THING, "n").unwrap()["LastUpdatedAt"].clone();
    world.update(THING, "n", &set("/Size", json!(2)));
    assert_ne!(world.get(THING, "n").unwrap()["LastUpdatedAt"], before);
}

#[test]
fn a_required_container_of_write_only_members_must_be_sent_again() {
    // Trap 5.
    let mut world = World::new();
    let role = world.role("r");
    let name = world.create(
        "AWS::Lambda::Function",
        &json!({ "FunctionName": "f", "Role": role, "Code": { "ZipFile": "x" }, "Runtime": "nodejs20.x",
                 "Handler": "i.h", "MemorySize": 128 }),
    );
    let refused =
        world.submit_update("AWS::Lambda::Function", &name, &set("/MemorySize", json!(256))).unwrap_err();
    assert_eq!(refused.message, "Model validation failed (#: required key [Code] not found)");
    let patch = json!([{ "op": "add", "path": "/MemorySize", "value": 256 },
                       { "op": "add", "path": "/Code", "value": { "ZipFile": "x" } }]);
    assert_eq!(world.update("AWS::Lambda::Function", &name, &patch)["OperationStatus"], "SUCCESS");
}

#[test]
fn a_type_with_a_required_write_only_create_only_property_cannot_be_updated_at_all() {
    // Traps 1 and 6.
    let mut schema = thing();
    schema["required"] = json!(["Name", "Secret"]);
    schema["createOnlyProperties"] = json!(["/properties/Name", "/properties/Secret"]);
    let mut world = World::variants([schema]);
    world.create(THING, &json!({ "Name": "n", "Secret": "s" }));
    let without = world.submit_update(THING, "n", &set("/Size", json!(2))).unwrap_err();
    assert!(without.message.contains("required key [Secret] not found"));
    let with = world.submit_update(THING, "n", &set("/Secret", json!("s"))).unwrap_err();
    assert_eq!(with.name, "NotUpdatableException");
}

#[test]
fn replace_below_a_write_only_parent_has_no_path() {
    // Trap 7.
    let mut world = World::new();
    let id = world.create(
        "AWS::SecretsManager::Secret",
        &json!({ "Name": "s", "GenerateSecretString": { "ExcludeLowercase": true } }),
    );
    let patch =
        json!([{ "op": "replace", "path": "/GenerateSecretString/ExcludeLowercase", "value": false }]);
    let refused = world.submit_update("AWS::SecretsManager::Secret", &id, &patch).unwrap_err();
    assert_eq!(
        refused.message,
        "[REPLACE Operation] noSuchPath in source, path provided : //GenerateSecretString/ExcludeLowercase"
    );
}

#[test]
fn the_four_refusals_are_synchronous_and_start_nothing() {
    let mut world = made();
    for (patch, error) in [
        (set("/Arn", json!("x")), "ValidationException"),
        (set("/Name", json!("n")), "NotUpdatableException"),
        (json!([{ "op": "replace", "path": "/Note", "value": "x" }]), "ValidationException"),
        (set("/Tags", json!([])), "ValidationException"),
        (set("/properties/Size", json!(2)), "ValidationException"),
        (set("Size", json!(2)), "ValidationException"),
    ] {
        let refused = world.submit_update(THING, "n", &patch).unwrap_err();
        assert_eq!((refused.name.as_str(), refused.status), (error, 400), "{patch}");
        assert!(world.cloud.in_flight().is_empty());
    }
}

#[test]
fn a_whole_container_must_carry_its_create_only_members() {
    // Trap 12.
    let mut world = made();
    let refused = world.submit_update(THING, "n", &set("/Dns", json!({ "Free": 2 }))).unwrap_err();
    assert!(refused.message.contains("createOnlyProperties [/properties/Dns/Mode]"), "{}", refused.message);
    assert!(world.submit_update(THING, "n", &set("/Dns", json!({ "Mode": "m", "Free": 2 }))).is_ok());
}

#[test]
fn a_mutable_sibling_of_a_create_only_member_can_be_changed() {
    // Trap 13.
    let mut world = made();
    assert!(world.submit_update(THING, "n", &set("/Dns/Free", json!(2))).is_ok());
}

#[test]
fn an_immutable_type_does_not_support_update() {
    // Trap 79.
    let mut world = World::new();
    let refused =
        world.submit_update("AWS::CloudFront::MonitoringSubscription", "E1", &json!([])).unwrap_err();
    assert_eq!(refused.name, "UnsupportedActionException");
    assert_eq!(
        refused.message,
        "Resource type AWS::CloudFront::MonitoringSubscription does not support UPDATE action"
    );
}

#[test]
fn an_absent_resource_is_refused_at_once() {
    let mut world = World::variants([thing()]);
    let refused = world.submit_update(THING, "n", &set("/Size", json!(2))).unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("ResourceNotFoundException", 400));
}

#[test]
fn an_empty_document_runs_the_handler_all_the_same() {
    // Trap 22.
    let mut world = made();
    let event = world.submit_update(THING, "n", &json!([])).unwrap();
    assert_eq!(world.settle(&event)["OperationStatus"], "SUCCESS");
}

#[test]
fn a_remove_takes_the_value_away() {
    let mut world = made();
    world.update(THING, "n", &json!([{ "op": "remove", "path": "/Size" }]));
    assert!(world.get(THING, "n").unwrap().get("Size").is_none());
}

#[test]
fn escaped_segments_reach_keys_with_slashes() {
    // Trap 18.
    let mut world = World::new();
    let id = world.create(
        "AWS::SSM::Parameter",
        &json!({ "Name": "p", "Type": "String", "Value": "v", "Tags": { "aa/b": "1" } }),
    );
    let event = world.update("AWS::SSM::Parameter", &id, &set("/Tags/aa~1b", json!("2")));
    assert_eq!(event["OperationStatus"], "SUCCESS");
    assert_eq!(world.get("AWS::SSM::Parameter", &id).unwrap()["Tags"]["aa/b"], "2");
}

#[test]
fn a_failing_test_operation_stops_everything() {
    let mut world = made();
    let patch =
        json!([{ "op": "add", "path": "/Size", "value": 9 }, { "op": "test", "path": "/Size", "value": 1 }]);
    let refused = world.submit_update(THING, "n", &patch).unwrap_err();
    assert!(refused.message.contains("[TEST Operation]"));
    assert_eq!(world.get(THING, "n").unwrap()["Size"], 1);
}

#[test]
fn what_tests_compare_is_what_get_shows() {
    let mut world = World::variants([thing()]);
    world.create(THING, &json!({ "Name": "n", "Labels": ["a", "b", "c"] }));
    let shown = world.get(THING, "n").unwrap()["Labels"].clone();
    assert_ne!(shown, json!(["a", "b", "c"]), "sets come in another order");
    let patch = json!([{ "op": "test", "path": "/Labels", "value": shown }]);
    assert!(world.submit_update(THING, "n", &patch).is_ok());
}
