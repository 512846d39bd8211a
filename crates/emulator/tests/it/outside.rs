use super::*;
use stack_emulator::{EditError, Op};

#[test]
fn an_out_of_band_change_shows_in_the_next_read() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    world.cloud.edit(LOG_GROUP, "a", &json!({ "RetentionInDays": 30 })).unwrap();
    assert_eq!(world.get(LOG_GROUP, "a").unwrap()["RetentionInDays"], 30);
    let patch = json!([{ "op": "remove", "path": "/RetentionInDays" }]);
    world.cloud.edit(LOG_GROUP, "a", &patch).unwrap();
    assert!(world.get(LOG_GROUP, "a").unwrap().get("RetentionInDays").is_none());
    world.cloud.edit(LOG_GROUP, "a", &Json::Null).unwrap();
    assert!(world.get(LOG_GROUP, "a").is_err());
    assert!(matches!(world.cloud.edit(LOG_GROUP, "a", &Json::Null), Err(EditError::Absent { .. })));
}

#[test]
fn a_planted_resource_looks_as_if_someone_else_made_it() {
    let mut world = World::new();
    let id = world
        .cloud
        .plant("us-east-1", "AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16" }), START)
        .unwrap();
    assert_eq!(world.get("AWS::EC2::VPC", &id).unwrap()["VpcId"], id.as_str());
    assert_eq!(world.list("AWS::EC2::VPC", None).unwrap(), [id]);
}

#[test]
fn the_history_tells_each_call_without_its_body() {
    let mut world = World::new();
    let body =
        json!({ "TypeName": LOG_GROUP, "DesiredState": log_group("a").to_string(), "ClientToken": "t" });
    let event = world.start("CreateResource", &body);
    world.poll(&event);
    drop(world.get(LOG_GROUP, "b"));
    let calls = world.cloud.history();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].operation, Some(Op::CreateResource));
    assert_eq!((calls[0].identifier.as_deref(), calls[0].client_token.as_deref()), (Some("a"), Some("t")));
    assert_eq!(calls[0].request_token.as_deref(), event["RequestToken"].as_str());
    assert_eq!((calls[1].ty.as_deref(), calls[1].outcome.as_str()), (Some(LOG_GROUP), "ok"));
    assert_eq!(calls[2].outcome, "ResourceNotFoundException");
    assert!(!format!("{calls:?}").contains("RetentionInDays"));
}

#[test]
fn a_restored_cloud_goes_on_where_it_was() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    let body =
        json!({ "TypeName": LOG_GROUP, "DesiredState": log_group("b").to_string(), "ClientToken": "t" });
    let event = world.start("CreateResource", &body);
    let text = world.cloud.snapshot().to_string();
    let snapshot: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(snapshot["version"], 1);
    let restored = Cloud::restore(Arc::new(Variants::default()), Config::default(), snapshot).unwrap();
    assert_eq!(restored.snapshot().to_string(), text);
    let mut later = World { cloud: restored, now: world.now, region: world.region.clone() };
    assert_eq!(later.start("CreateResource", &body)["RequestToken"], event["RequestToken"], "tokens survive");
    assert_eq!(later.settle(&event)["OperationStatus"], "SUCCESS", "operations in flight go on");
    assert_eq!(later.list(LOG_GROUP, None).unwrap(), ["a", "b"]);
}

#[test]
fn a_snapshot_holds_no_write_only_value() {
    let mut world = World::variants([thing()]);
    let secret = "hunter2-hunter2";
    world.create(THING, &json!({ "Name": "n", "Secret": secret, "Code": { "Zip": secret } }));
    world.submit_update(THING, "n", &json!([{ "op": "add", "path": "/Secret", "value": secret }])).unwrap();
    let text = world.cloud.snapshot().to_string();
    assert!(!text.contains(secret), "{text}");
    assert_eq!(world.cloud.resource(THING, "n").unwrap().model["Secret"], secret, "tests may look");
}

#[test]
fn a_snapshot_of_another_version_is_refused() {
    for snapshot in [json!({}), json!({ "version": 99 }), json!({ "version": 1 })] {
        assert!(Cloud::restore(Arc::new(Variants::default()), Config::default(), snapshot).is_err());
    }
}

#[test]
fn a_reset_forgets_everything() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    world.cloud.reset();
    assert!(world.get(LOG_GROUP, "a").is_err());
    assert_eq!(world.cloud.resources().count(), 0);
}

#[test]
fn an_expression_that_is_not_checked_is_told() {
    let mut schema = thing();
    schema["properties"]["Note"] = json!({ "type": "string", "pattern": "(a)\\1" });
    let mut world = World::variants([schema]);
    world.create(THING, &json!({ "Name": "n", "Note": "zz" }));
    assert_eq!(world.cloud.unchecked_patterns(), ["(a)\\1"]);
}
