use super::*;

fn domain(world: &mut World) {
    world.create(DOMAIN, &json!({ "DomainName": "d", "DefaultExpirationDays": 30 }));
}

#[test]
fn everything_in_customer_profiles_needs_its_domain() {
    let mut world = World::new();
    for (ty, props) in [
        (INTEGRATION, json!({ "DomainName": "d", "Uri": "u", "ObjectTypeName": "T" })),
        (OBJECT_TYPE, json!({ "DomainName": "d", "ObjectTypeName": "T", "Description": "t" })),
    ] {
        let event = world.submit_create(ty, &props).unwrap();
        let event = world.settle(&event);
        assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("NotFound")));
    }
    domain(&mut world);
    world.create(OBJECT_TYPE, &json!({ "DomainName": "d", "ObjectTypeName": "T", "Description": "t" }));
    let live = world.get(OBJECT_TYPE, "d|T").unwrap();
    assert!(live["CreatedAt"].as_str().unwrap().starts_with("2026-11-21T10:"), "{live}");
}

#[test]
fn a_domain_with_children_is_not_deleted() {
    let mut world = World::new();
    domain(&mut world);
    world.create(INTEGRATION, &json!({ "DomainName": "d", "Uri": "u", "ObjectTypeName": "T" }));
    let event = world.delete(DOMAIN, "d");
    assert_eq!(
        (&event["OperationStatus"], &event["ErrorCode"]),
        (&json!("FAILED"), &json!("InvalidRequest"))
    );
    assert_eq!(world.delete(INTEGRATION, "d|u")["OperationStatus"], "SUCCESS");
    assert_eq!(world.delete(DOMAIN, "d")["OperationStatus"], "SUCCESS");
}

#[test]
fn the_service_decides_the_uri_of_an_integration_with_a_flow() {
    let mut world = World::new();
    domain(&mut world);
    let neither = world.submit_create(INTEGRATION, &json!({ "DomainName": "d" })).unwrap();
    assert_eq!(world.settle(&neither)["ErrorCode"], "InvalidRequest");
    let flow = json!({
        "FlowName": "flow-one", "KmsArn": "arn:aws:kms:us-east-1:123456789012:key/x",
        "Tasks": [{ "TaskType": "Map", "SourceFields": ["a"] }],
        "TriggerConfig": { "TriggerType": "OnDemand" },
        "SourceFlowConfig": { "ConnectorType": "S3", "SourceConnectorProperties": { "S3": { "BucketName": "buck" } } },
    });
    let id = world
        .create(INTEGRATION, &json!({ "DomainName": "d", "FlowDefinition": flow, "ObjectTypeName": "T" }));
    assert_eq!(id, "d|arn:aws:appflow:us-east-1:123456789012:flow/flow-one");
    assert!(world.get(INTEGRATION, &id).unwrap().get("FlowDefinition").is_none(), "write-only");
}

#[test]
fn tags_have_no_reserved_prefix_and_no_key_twice() {
    // Trap 34.
    let mut world = World::new();
    for tags in [
        json!([{ "Key": "aws:x", "Value": "1" }]),
        json!([{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }]),
    ] {
        let event = world.submit_create(LOG_GROUP, &json!({ "LogGroupName": "a", "Tags": tags })).unwrap();
        assert_eq!(world.settle(&event)["ErrorCode"], "InvalidRequest");
    }
}
