use super::*;
use stack_emulator::{Category, Matcher, Op, Registration, What};

fn element(xml: &str, name: &str) -> Option<String> {
    let inner = xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0;
    Some(inner.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn private(description: &str) -> Json {
    json!({
        "typeName": "Acme::Own::Thing", "description": description, "additionalProperties": false,
        "properties": { "Name": { "type": "string" }, "Size": { "type": "integer" }, "Arn": { "type": "string" } },
        "primaryIdentifier": ["/properties/Name"], "readOnlyProperties": ["/properties/Arn"],
        "handlers": { "create": {}, "read": {}, "update": {}, "delete": {}, "list": {} },
    })
}

const OWN: &str = "Acme::Own::Thing";

fn describe(world: &mut World, ty: &str) -> (u16, String) {
    world.cloudformation(&[("Action", "DescribeType"), ("Type", "RESOURCE"), ("TypeName", ty)])
}

/// All names of a listing, page by page.
fn listed(world: &mut World, parameters: &[(&str, &str)]) -> Vec<String> {
    let (mut names, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut all = vec![("Action", "ListTypes")];
        all.extend_from_slice(parameters);
        if let Some(token) = &token {
            all.push(("NextToken", token));
        }
        let (status, xml) = world.cloudformation(&all);
        assert_eq!(status, 200, "{xml}");
        names.extend(xml.split("<TypeName>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()));
        token = element(&xml, "NextToken");
        if token.is_none() {
            return names;
        }
    }
}

#[test]
fn a_published_type_is_described_with_its_schema_as_text() {
    let mut world = World::new();
    let (status, xml) = describe(&mut world, "AWS::EC2::VPC");
    assert_eq!(status, 200, "{xml}");
    let told = |name: &str| element(&xml, name).unwrap_or_default();
    assert_eq!(told("Arn"), "arn:aws:cloudformation:us-east-1::type/resource/AWS-EC2-VPC");
    assert_eq!(
        [told("Type"), told("Visibility"), told("ProvisioningType"), told("DeprecatedStatus")],
        ["RESOURCE", "PUBLIC", "FULLY_MUTABLE", "LIVE"]
    );
    assert!(element(&xml, "DefaultVersionId").is_none(), "public types have no version to choose");
    let schema: Json = serde_json::from_str(&told("Schema")).unwrap();
    assert_eq!(schema["typeName"], "AWS::EC2::VPC");
    assert!(schema.get("requiredXor").is_none(), "an addition of cfn-lint");
    assert!(!told("Schema").contains("AWS::EC2::SecurityGroup.Id"), "as are its formats");
    let parsed: ResourceSchema = serde_json::from_value(schema).unwrap();
    assert!(!parsed.create_only_properties.is_empty());
    let arn = "arn:aws:cloudformation:us-east-1::type/resource/AWS-EC2-VPC";
    let (status, by_arn) = world.cloudformation(&[("Action", "DescribeType"), ("Arn", arn)]);
    assert_eq!((status, element(&by_arn, "Schema")), (200, element(&xml, "Schema")));
}

#[test]
fn errors_are_xml_with_the_statuses_of_the_model() {
    let mut world = World::new();
    let (status, xml) = describe(&mut world, "AWS::No::Such");
    assert_eq!((status, element(&xml, "Code").as_deref()), (404, Some("TypeNotFoundException")));
    assert_eq!(element(&xml, "Type").as_deref(), Some("Sender"));
    assert!(xml.contains("xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\""), "{xml}");
    world.region = "cn-north-1".to_owned();
    assert_eq!(describe(&mut world, DOMAIN).0, 404, "not in this region");
    world.region = "us-east-1".to_owned();
    for (parameters, status, code) in [
        (vec![("Action", "DescribeType")], 400, "CFNRegistryException"),
        (vec![("Action", "DescribeType"), ("TypeName", "AWS::EC2::VPC")], 400, "CFNRegistryException"),
        (vec![("Action", "DescribeType"), ("Type", "RESOURCE"), ("TypeName", "VPC")], 400, "ValidationError"),
        (
            vec![("Action", "DescribeType"), ("Type", "resource"), ("TypeName", "AWS::EC2::VPC")],
            400,
            "ValidationError",
        ),
        (
            vec![("Action", "DescribeType"), ("Type", "HOOK"), ("TypeName", "AWS::EC2::VPC")],
            404,
            "TypeNotFoundException",
        ),
        (vec![("Action", "ListTypes"), ("MaxResults", "101")], 400, "ValidationError"),
        (vec![("Action", "ListTypes"), ("NextToken", "x")], 400, "CFNRegistryException"),
        (vec![("Action", "CreateStack")], 400, "InvalidAction"),
    ] {
        let (found, xml) = world.cloudformation(&parameters);
        assert_eq!((found, element(&xml, "Code").as_deref()), (status, Some(code)), "{parameters:?} {xml}");
    }
}

#[test]
fn throttling_strikes_by_type_and_leaves_the_next_call_alone() {
    // Trap 103.
    let mut world = World::new();
    world.cloud.inject(Fault { when: Matcher::on(Op::DescribeType, VPC).first(1), what: What::Throttle });
    let (status, xml) = describe(&mut world, VPC);
    assert_eq!((status, element(&xml, "Code").as_deref()), (400, Some("Throttling")));
    assert_eq!(describe(&mut world, VPC).0, 200);
    world.cloud.inject(Fault {
        when: Matcher::on(Op::DescribeType, VPC).first(1),
        what: What::Denied { status: 403 },
    });
    let (status, xml) = describe(&mut world, VPC);
    assert_eq!((status, element(&xml, "Code").as_deref()), (403, Some("AccessDenied")));
    assert!(xml.contains("cloudformation:DescribeType"), "{xml}");
}

#[test]
fn a_call_without_the_version_of_the_service_finds_no_operation() {
    let mut world = World::new();
    let request = http::Request::post("https://anything.example/")
        .header("x-amz-date", "20261121T100000Z")
        .header("authorization", authorization("cloudformation", "us-east-1"))
        .body(Bytes::from_static(b"Action=ListTypes"))
        .unwrap();
    let Reply::Answer { response, .. } = world.send(&request) else { panic!("lost") };
    assert!(String::from_utf8_lossy(response.body()).contains("NO_VERSION_SPECIFIED"));
}

#[test]
fn types_are_listed_by_region_visibility_and_kind_of_provisioning() {
    let mut world = World::new();
    assert!(listed(&mut world, &[]).is_empty(), "the default is what the account has");
    let aws = [("Visibility", "PUBLIC"), ("Filters.Category", "AWS_TYPES")];
    let mutable = listed(&mut world, &aws);
    assert!(mutable.len() > 1_400 && mutable.iter().any(|name| name == VPC), "{}", mutable.len());
    assert!(!mutable.iter().any(|name| name == "AWS::EC2::SubnetRouteTableAssociation"), "immutable");
    let mut immutable = aws.to_vec();
    immutable.push(("ProvisioningType", "IMMUTABLE"));
    assert!(
        listed(&mut world, &immutable).iter().any(|name| name == "AWS::EC2::SubnetRouteTableAssociation")
    );
    let mut prefixed = aws.to_vec();
    prefixed.extend([("Filters.TypeNamePrefix", "AWS::Logs::"), ("MaxResults", "2")]);
    let logs = listed(&mut world, &prefixed);
    assert!(logs.len() > 5 && logs.iter().all(|name| name.starts_with("AWS::Logs::")), "{logs:?}");
    assert!(listed(&mut world, &[("Filters.Category", "AWS_TYPES")]).is_empty(), "private and of AWS: none");
    world.region = "cn-north-1".to_owned();
    assert!(!listed(&mut world, &aws).iter().any(|name| name == DOMAIN));
}

#[test]
fn a_private_type_is_listed_described_and_used() {
    let config = Config { types: vec![Registration::new(private("one")).unwrap()], ..Config::default() };
    let mut world = World::with(config);
    assert_eq!(listed(&mut world, &[]), [OWN]);
    assert_eq!(listed(&mut world, &[("Filters.Category", "REGISTERED")]), [OWN]);
    assert!(listed(&mut world, &[("Filters.Category", "ACTIVATED")]).is_empty());
    let (_, xml) = describe(&mut world, OWN);
    assert_eq!(element(&xml, "Visibility").as_deref(), Some("PRIVATE"));
    assert_eq!(element(&xml, "DefaultVersionId").as_deref(), Some("00000001"));
    assert_eq!(
        element(&xml, "Arn").unwrap(),
        "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Acme-Own-Thing"
    );
    let schema: Json = serde_json::from_str(&element(&xml, "Schema").unwrap()).unwrap();
    assert_eq!(schema, private("one"), "to the letter");
    let id = world.create(OWN, &json!({ "Name": "n", "Size": 1 }));
    assert_eq!(world.list(OWN, None).unwrap(), std::slice::from_ref(&id));
    world.update(OWN, &id, &json!([{ "op": "add", "path": "/Size", "value": 2 }]));
    assert_eq!(world.get(OWN, &id).unwrap()["Size"], 2);
    assert_eq!(world.delete(OWN, &id)["OperationStatus"], "SUCCESS");
}

#[test]
fn versions_of_a_private_type_can_be_chosen_and_those_of_others_not() {
    let mut two = private("two");
    two["properties"]["Colour"] = json!({ "type": "string" });
    let types = vec![
        Registration::new(private("one")).unwrap().version("00000001", true),
        Registration::new(two).unwrap().version("00000002", false),
    ];
    let mut world = World::with(Config { types, ..Config::default() });
    let desired = json!({ "Name": "n", "Colour": "red" }).to_string();
    let mut body = json!({ "TypeName": OWN, "DesiredState": desired });
    assert!(world.call("CreateResource", &body).unwrap_err().message.contains("extraneous key [Colour]"));
    body["TypeVersionId"] = json!("00000002");
    let event = world.start("CreateResource", &body);
    assert_eq!(world.settle(&event)["OperationStatus"], "SUCCESS");
    body["TypeVersionId"] = json!("00000009");
    assert_eq!(world.call("CreateResource", &body).unwrap_err().name, "TypeNotFoundException");
    let body = json!({ "TypeName": LOG_GROUP, "Identifier": "a", "TypeVersionId": "00000001" });
    assert_eq!(world.call("GetResource", &body).unwrap_err().name, "TypeNotFoundException");
    let (status, xml) =
        world.cloudformation(&[("Action", "ListTypeVersions"), ("Type", "RESOURCE"), ("TypeName", OWN)]);
    assert_eq!((status, xml.matches("<VersionId>").count()), (200, 2), "{xml}");
    let arn = "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Acme-Own-Thing/00000002";
    let (_, xml) = world.cloudformation(&[("Action", "DescribeType"), ("Arn", arn)]);
    assert_eq!(element(&xml, "IsDefaultVersion").as_deref(), Some("false"));
    assert!(element(&xml, "Schema").unwrap().contains("Colour"));
}

#[test]
fn third_party_types_work_once_activated() {
    let other = |name: &str| {
        let mut schema = private("theirs");
        schema["typeName"] = json!(name);
        Registration::new(schema).unwrap()
    };
    let types = vec![
        other("Third::Party::On").category(Category::Activated),
        other("Third::Party::Off").category(Category::ThirdParty),
        other("Only::In::Ireland").regions(&["eu-west-1"]),
    ];
    let mut world = World::with(Config { types, ..Config::default() });
    assert_eq!(listed(&mut world, &[]), ["Third::Party::On"]);
    let third = listed(&mut world, &[("Visibility", "PUBLIC"), ("Filters.Category", "THIRD_PARTY")]);
    assert_eq!(third, ["Third::Party::Off", "Third::Party::On"]);
    world.create("Third::Party::On", &json!({ "Name": "n" }));
    for ty in ["Third::Party::Off", "Only::In::Ireland"] {
        let refused = world.submit_create(ty, &json!({ "Name": "n" })).unwrap_err();
        assert_eq!(refused.name, "TypeNotFoundException");
        assert_eq!(describe(&mut world, ty).0, 404);
    }
    world.region = "eu-west-1".to_owned();
    world.create("Only::In::Ireland", &json!({ "Name": "n" }));
}
