use super::*;
use stack_emulator::ListShows;

#[test]
fn composite_identifiers_are_taken_in_both_forms() {
    let mut world = World::new();
    world.create(DOMAIN, &json!({ "DomainName": "d", "DefaultExpirationDays": 30 }));
    let id =
        world.create(INTEGRATION, &json!({ "DomainName": "d", "Uri": "arn:aws:x", "ObjectTypeName": "T" }));
    assert_eq!(id, "d|arn:aws:x");
    assert!(world.get(INTEGRATION, "d|arn:aws:x").is_ok());
    assert!(world.get(INTEGRATION, r#"{"Uri":"arn:aws:x","DomainName":"d"}"#).is_ok());
    let refused = world.get(INTEGRATION, "d").unwrap_err();
    assert_eq!(refused.name, "ValidationException");
    assert_eq!(
        refused.message,
        "Identifier d is not valid for identifier [/properties/DomainName, /properties/Uri]"
    );
}

#[test]
fn a_pipe_in_a_part_needs_the_object_form() {
    // Trap 68.
    let mut schema = thing();
    schema["primaryIdentifier"] = json!(["/properties/Note", "/properties/Name"]);
    let mut world = World::variants([schema]);
    world.create(THING, &json!({ "Note": "a|b", "Name": "c" }));
    assert_eq!(world.get(THING, "a|b|c").unwrap_err().name, "ValidationException");
    assert!(world.get(THING, r#"{"Note":"a|b","Name":"c"}"#).is_ok());
}

#[test]
fn a_secondary_identifier_finds_in_the_object_form() {
    let mut world = World::new();
    let id = world.create("AWS::AppConfig::Application", &json!({ "Name": "shop" }));
    let found = world.get("AWS::AppConfig::Application", r#"{"Name":"shop"}"#).unwrap();
    assert_eq!(found["ApplicationId"], id.as_str());
    assert_eq!(
        world.get("AWS::AppConfig::Application", r#"{"Name":"other"}"#).unwrap_err().name,
        "ResourceNotFoundException"
    );
    assert_eq!(
        world.get("AWS::AppConfig::Application", r#"{"Name":"shop","ApplicationId":"x"}"#).unwrap_err().name,
        "ValidationException"
    );
}

#[test]
fn listings_come_in_pages_of_25_whatever_is_asked() {
    let mut world = World::new();
    for i in 0..27 {
        world.create(LOG_GROUP, &log_group(&format!("g{i}")));
    }
    let first = world.call("ListResources", &json!({ "TypeName": LOG_GROUP, "MaxResults": 5 })).unwrap();
    assert_eq!(first["ResourceDescriptions"].as_array().unwrap().len(), 25);
    assert_eq!(world.list(LOG_GROUP, None).unwrap().len(), 27);
    let refused =
        world.call("ListResources", &json!({ "TypeName": LOG_GROUP, "NextToken": "?" })).unwrap_err();
    assert_eq!(refused.name, "InvalidRequestException");
}

#[test]
fn a_listing_without_its_required_input_is_refused() {
    // Trap 80.
    let mut world = World::new();
    let refused = world.list("AWS::EKS::Nodegroup", None).unwrap_err();
    assert_eq!(refused.name, "InvalidRequestException");
    assert_eq!(
        refused.message,
        "Missing or invalid ResourceModel property in AWS::EKS::Nodegroup list handler request input.Required \
         property: (#: required key [ClusterName] not found)"
    );
}

#[test]
fn a_listing_is_filtered_by_its_input() {
    let mut world = World::new();
    for domain in ["d", "e"] {
        world.create(DOMAIN, &json!({ "DomainName": domain, "DefaultExpirationDays": 30 }));
        world.create(INTEGRATION, &json!({ "DomainName": domain, "Uri": "u", "ObjectTypeName": "T" }));
    }
    assert_eq!(world.list(INTEGRATION, Some(&json!({ "DomainName": "e" }))).unwrap(), ["e|u"]);
}

#[test]
fn one_of_several_inputs_may_do() {
    let mut world = World::new();
    let ty = "AWS::ElasticLoadBalancingV2::Listener";
    assert_eq!(world.list(ty, None).unwrap_err().name, "InvalidRequestException");
    assert!(world.list(ty, Some(&json!({ "LoadBalancerArn": "arn" }))).unwrap().is_empty());
}

#[test]
fn a_type_without_a_list_handler_is_not_listed_as_empty() {
    // Trap 82.
    let mut schema = thing();
    schema["handlers"]["list"] = Json::Null;
    let mut world = World::variants([schema]);
    let refused = world.list(THING, None).unwrap_err();
    assert_eq!(refused.name, "UnsupportedActionException");
    assert_eq!(refused.message, "Resource type AWS::Test::Thing does not support LIST action");
}

#[test]
fn a_listing_may_show_less_than_a_read() {
    // Trap 44.
    let config = Config { list_properties: ListShows::Identifiers, ..Config::default() };
    let mut world = World::with(config);
    world.create(LOG_GROUP, &log_group("a"));
    let answer = world.call("ListResources", &json!({ "TypeName": LOG_GROUP })).unwrap();
    assert_eq!(answer["ResourceDescriptions"][0]["Properties"], r#"{"LogGroupName":"a"}"#);
}

#[test]
fn sets_keep_one_order_between_reads_and_lists_keep_theirs() {
    let mut world = World::variants([thing()]);
    world.create(THING, &json!({ "Name": "n", "Labels": ["a", "b", "c"], "Steps": ["a", "b", "c"] }));
    let first = world.get(THING, "n").unwrap();
    assert_ne!(first["Labels"], json!(["a", "b", "c"]));
    assert_eq!(first["Steps"], json!(["a", "b", "c"]));
    assert_eq!(world.get(THING, "n").unwrap(), first);
    world.cloud.config_mut().reorder_sets = false;
    assert_eq!(world.get(THING, "n").unwrap()["Labels"], json!(["a", "b", "c"]));
}

#[test]
fn a_listing_by_several_names_finds_those_only() {
    let mut world =
        World::with(Config { references: stack_emulator::References::Unchecked, ..Config::default() });
    let ty = "AWS::ElasticLoadBalancingV2::Listener";
    let listener = |port: u16| {
        json!({ "LoadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1", "Port": port,
                "DefaultActions": [{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "200" } }] })
    };
    let first = world.create(ty, &listener(80));
    world.create(ty, &listener(81));
    assert_eq!(
        world.list(ty, Some(&json!({ "ListenerArns": [first] }))).unwrap(),
        std::slice::from_ref(&first)
    );
    let both = json!({ "ListenerArns": [first], "LoadBalancerArn": "arn" });
    assert_eq!(
        world.list(ty, Some(&both)).unwrap_err().name,
        "InvalidRequestException",
        "one way or the other"
    );
}

#[test]
fn records_are_listed_by_their_zones_id_or_name() {
    let mut world = World::new();
    let zone = world.create("AWS::Route53::HostedZone", &json!({ "Name": "example.com" }));
    let ty = "AWS::Route53::RecordSet";
    let record = json!({ "HostedZoneId": zone, "Name": "a.example.com", "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"] });
    let id = world.create(ty, &record);
    for input in [json!({ "HostedZoneId": zone }), json!({ "HostedZoneName": "example.com." })] {
        assert_eq!(world.list(ty, Some(&input)).unwrap(), std::slice::from_ref(&id), "{input}");
    }
    assert_eq!(world.list(ty, None).unwrap_err().name, "InvalidRequestException");
    let absent = json!({ "HostedZoneName": "example.org" });
    assert_eq!(world.list(ty, Some(&absent)).unwrap_err().name, "ResourceNotFoundException");
}

#[test]
fn some_inputs_are_needed_although_the_schema_offers_them() {
    let mut world = World::new();
    let refused = world.list("AWS::GuardDuty::IPSet", Some(&json!({}))).unwrap_err();
    assert!(refused.message.contains("required key [DetectorId] not found"), "{}", refused.message);
    let ty = "AWS::AppStream::StackUserAssociation";
    assert!(world.list(ty, None).is_err());
    assert!(world.list(ty, Some(&json!({ "UserName": "u" }))).is_err(), "half of an alternative");
    assert!(world.list(ty, Some(&json!({ "UserName": "u", "AuthenticationType": "USERPOOL" }))).is_ok());
}

#[test]
fn log_groups_are_listed_by_prefix() {
    let mut world = World::new();
    for name in ["app", "app-two", "other"] {
        world.create(LOG_GROUP, &log_group(name));
    }
    assert_eq!(world.list(LOG_GROUP, Some(&json!({ "LogGroupName": "app" }))).unwrap(), ["app", "app-two"]);
}
