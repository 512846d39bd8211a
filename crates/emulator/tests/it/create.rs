use super::*;

#[test]
fn a_created_resource_gets_its_read_only_values() {
    let mut world = World::new();
    let identifier = world.create(LOG_GROUP, &log_group("app"));
    assert_eq!(identifier, "app");
    let live = world.get(LOG_GROUP, "app").unwrap();
    assert_eq!(live["RetentionInDays"], 7);
    assert_eq!(live["Arn"], "arn:aws:logs:us-east-1:123456789012:log-group:app:*");
}

#[test]
fn the_service_assigns_identifiers_that_look_like_its_own() {
    let mut world = World::new();
    let vpc = world.create("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16" }));
    assert!(vpc.starts_with("vpc-") && vpc.len() == 21, "{vpc}");
    let second = world.create("AWS::EC2::VPC", &json!({ "CidrBlock": "10.1.0.0/16" }));
    assert_ne!(vpc, second);
    let mut again = World::new();
    assert_eq!(again.create("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16" })), vpc, "seeded");
}

#[test]
fn an_omitted_name_is_made_up() {
    let mut world = World::new();
    let name = world.create(LOG_GROUP, &json!({}));
    assert!(!name.is_empty());
    assert_eq!(world.get(LOG_GROUP, &name).unwrap()["LogGroupName"], name.as_str());
}

#[test]
fn a_read_only_property_in_the_desired_state_is_refused() {
    let mut world = World::new();
    let refused = world.submit_create(LOG_GROUP, &json!({ "LogGroupName": "a", "Arn": "arn" })).unwrap_err();
    assert_eq!(refused.name, "ValidationException");
    assert!(refused.message.contains("readOnlyProperties [/properties/Arn]"), "{}", refused.message);
}

#[test]
fn the_desired_state_is_validated_before_anything_starts() {
    let mut world = World::new();
    for (props, fragment) in [
        (json!({ "Nope": 1 }), "Model validation failed (#: extraneous key [Nope] is not permitted)"),
        (json!({ "RetentionInDays": "7" }), "(#/RetentionInDays: expected type: Integer, found: String)"),
        (
            json!({ "RetentionInDays": 4 }),
            "(#/RetentionInDays: failed validation constraint for keyword [enum])",
        ),
        (json!({ "LogGroupName": null }), "(#/LogGroupName: expected type: String, found: Null)"),
    ] {
        let refused = world.submit_create(LOG_GROUP, &props).unwrap_err();
        assert_eq!(refused.name, "ValidationException");
        assert!(refused.message.contains(fragment), "{}", refused.message);
    }
    for text in ["[]", "{", "5"] {
        let body = json!({ "TypeName": LOG_GROUP, "DesiredState": text });
        assert_eq!(world.call("CreateResource", &body).unwrap_err().name, "ValidationException", "{text}");
    }
    assert!(world.cloud.in_flight().is_empty());
}

#[test]
fn an_existing_name_ends_as_a_failed_event() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    let event = world.settle(&event);
    assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("AlreadyExists")));
    assert_eq!(event["Identifier"], "a");
}

#[test]
fn an_additional_identifier_that_names_the_resource_is_unique() {
    let mut world = World::new();
    let app = json!({ "Name": "shop" });
    world.create("AWS::AppConfig::Application", &app);
    let event = world.submit_create("AWS::AppConfig::Application", &app).unwrap();
    assert_eq!(world.settle(&event)["ErrorCode"], "AlreadyExists");
}

#[test]
fn an_additional_identifier_that_names_only_the_parent_is_not() {
    let mut world = World::new();
    let field = |name: &str| json!({ "DomainId": "11111111-1111-1111-1111-111111111111", "Name": name, "Type": "Text" });
    let first = world.create("AWS::Cases::Field", &field("a"));
    assert_ne!(world.create("AWS::Cases::Field", &field("b")), first);
}

#[test]
fn names_are_normalised_on_write_and_found_by_the_new_spelling_only() {
    let mut world = World::new();
    let props =
        json!({ "DBInstanceIdentifier": "MyDb", "DBInstanceClass": "db.t3.micro", "Engine": "mysql" });
    assert_eq!(world.create("AWS::RDS::DBInstance", &props), "mydb");
    assert!(world.get("AWS::RDS::DBInstance", "mydb").is_ok());
    assert_eq!(world.get("AWS::RDS::DBInstance", "MyDb").unwrap_err().name, "ResourceNotFoundException");
}

#[test]
fn unknown_and_unavailable_types_are_not_found() {
    let mut world = World::new();
    let refused = world.submit_create("AWS::No::Such", &json!({})).unwrap_err();
    assert_eq!(refused.message, "The type 'AWS::No::Such' cannot be found");
    assert_eq!((refused.name.as_str(), refused.status), ("TypeNotFoundException", 400));
    world.region = "cn-north-1".to_owned();
    let refused =
        world.submit_create(DOMAIN, &json!({ "DomainName": "d", "DefaultExpirationDays": 1 })).unwrap_err();
    assert_eq!(refused.name, "TypeNotFoundException");
}

#[test]
fn a_type_without_handlers_is_not_provisionable() {
    let mut world = World::new();
    let refused = world.submit_create("AWS::IAM::Policy", &json!({})).unwrap_err();
    assert_eq!(refused.name, "UnsupportedActionException");
    assert_eq!(refused.message, "Resource type AWS::IAM::Policy does not support CREATE action");
}

#[test]
fn rules_behind_the_schema_fail_later_as_events() {
    let mut world = World::new();
    let event = world.submit_create("AWS::EC2::VPC", &json!({})).unwrap();
    let event = world.settle(&event);
    assert_eq!(event["ErrorCode"], "InvalidRequest");
    assert!(event["StatusMessage"].as_str().unwrap().contains("Exactly one of CidrBlock, Ipv4IpamPoolId"));
    assert!(event.get("Identifier").is_none(), "nothing came to be");
}

#[test]
fn a_null_where_anything_goes_crashes_the_handler() {
    let mut world = World::new();
    let role = json!({ "AssumeRolePolicyDocument": { "Statement": null }, "RoleName": "r" });
    let event = world.submit_create("AWS::IAM::Role", &role).unwrap();
    assert_eq!(world.settle(&event)["ErrorCode"], "InternalFailure");
}
