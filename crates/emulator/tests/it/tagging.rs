use super::*;
use stack_emulator::{Matcher, Op, TagPages, What};

fn tags(pairs: &[(&str, &str)]) -> Json {
    pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn tagged_group(world: &mut World, name: &str, pairs: &[(&str, &str)]) {
    world.create(LOG_GROUP, &json!({ "LogGroupName": name, "Tags": tags(pairs) }));
}

/// The ARNs that a question finds, page by page.
fn found(world: &mut World, question: &Json) -> Vec<String> {
    let (mut arns, mut token) = (Vec::new(), String::new());
    loop {
        let mut body = question.clone();
        body["PaginationToken"] = Json::from(token);
        let answer = world.tagging("GetResources", &body).unwrap();
        let page = answer["ResourceTagMappingList"].as_array().unwrap();
        arns.extend(page.iter().map(|one| one["ResourceARN"].as_str().unwrap().to_owned()));
        token = answer["PaginationToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            return arns;
        }
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}")
}

#[test]
fn filters_are_joined_by_and_and_their_values_by_or() {
    let mut world = World::new();
    tagged_group(&mut world, "a", &[("stack", "shop"), ("env", "prod")]);
    tagged_group(&mut world, "b", &[("stack", "shop"), ("env", "dev")]);
    tagged_group(&mut world, "c", &[("stack", "other")]);
    let filter = |filters: Json| json!({ "TagFilters": filters });
    for (filters, wanted) in [
        (json!([{ "Key": "stack", "Values": ["shop"] }]), vec!["a", "b"]),
        (
            json!([{ "Key": "stack", "Values": ["shop"] }, { "Key": "env", "Values": ["prod", "x"] }]),
            vec!["a"],
        ),
        (json!([{ "Key": "env" }]), vec!["a", "b"]),
        (json!([{ "Key": "Stack", "Values": ["shop"] }]), vec![]),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(arn).collect();
        assert_eq!(found(&mut world, &filter(filters)), wanted);
    }
    let answer = world.tagging("GetResources", &json!({})).unwrap();
    assert_eq!(answer["ResourceTagMappingList"][0]["Tags"], tags(&[("stack", "shop"), ("env", "prod")]));
    assert_eq!(answer["PaginationToken"], "");
}

#[test]
fn types_are_those_of_arns_and_arns_can_be_asked_for() {
    let mut world = World::new();
    tagged_group(&mut world, "a", &[("k", "v")]);
    world.create(VPC, &json!({ "CidrBlock": "10.0.0.0/16", "Tags": tags(&[("k", "v")]) }));
    assert_eq!(found(&mut world, &json!({ "ResourceTypeFilters": ["logs:log-group"] })), [arn("a")]);
    let vpcs = found(&mut world, &json!({ "ResourceTypeFilters": ["ec2"] }));
    assert!(vpcs[0].starts_with("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-"), "{vpcs:?}");
    let answer =
        world.tagging("GetResources", &json!({ "ResourceARNList": [arn("a"), arn("unknown")] })).unwrap();
    assert_eq!(answer["ResourceTagMappingList"].as_array().unwrap().len(), 1, "unknown ones are left out");
}

#[test]
fn members_are_held_to_the_model() {
    let mut world = World::new();
    let many = |n: usize| (0..n).map(|i| json!({ "Key": format!("k{i}") })).collect::<Json>();
    let values: Json = (0..21).map(|i| Json::from(format!("v{i}"))).collect();
    for body in [
        json!({ "TagFilters": many(51) }),
        json!({ "TagFilters": [{ "Key": "k", "Values": values }] }),
        json!({ "TagFilters": [{ "Values": ["v"] }] }),
        json!({ "TagFilters": [{ "Key": "" }] }),
        json!({ "ResourcesPerPage": 0 }),
        json!({ "ResourcesPerPage": 101 }),
        json!({ "TagsPerPage": 99 }),
        json!({ "TagsPerPage": 150 }),
        json!({ "ResourceTypeFilters": ["AWS::EC2::VPC"] }),
        json!({ "ResourceARNList": [] }),
        json!({ "ResourceARNList": ["vpc-1"] }),
        json!({ "ResourceARNList": ["arn:aws-cn:s3:::b"] }),
        json!({ "ResourceARNList": ["arn:aws:s3:::b"], "TagFilters": [] }),
        json!({ "ResourceARNList": ["arn:aws:s3:::b"], "ResourcesPerPage": 5 }),
        json!({ "ExcludeCompliantResources": true }),
        json!({ "PaginationToken": "nonsense" }),
    ] {
        let refused = world.tagging("GetResources", &body).unwrap_err();
        assert_eq!((refused.name.as_str(), refused.status), ("InvalidParameterException", 400), "{body}");
    }
    assert!(world.tagging("GetResources", &json!({ "TagFilters": many(50) })).is_ok());
    let refused = world.tagging("GetResources", &json!({ "TagFilters": "x" })).unwrap_err();
    assert!(refused.name.ends_with("SerializationException"), "{refused:?}");
}

#[test]
fn a_page_holds_fifty_and_may_be_short_or_empty_with_more_to_come() {
    let mut world = World::new();
    for i in 0..60 {
        tagged_group(&mut world, &format!("g{i}"), &[("k", "v")]);
    }
    world.cloud.config_mut().tag_pages = TagPages::Full;
    let first = world.tagging("GetResources", &json!({})).unwrap();
    assert_eq!(first["ResourceTagMappingList"].as_array().unwrap().len(), 50);
    for kind in [TagPages::Full, TagPages::Short, TagPages::Sparse] {
        world.cloud.config_mut().tag_pages = kind;
        let all = found(&mut world, &json!({ "ResourcesPerPage": 10 }));
        assert_eq!(all.len(), 60, "{kind:?}");
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 60, "none twice");
    }
    let mut sizes = Vec::new();
    let mut token = Json::from("");
    while sizes.is_empty() || token != "" {
        let page = world
            .tagging("GetResources", &json!({ "PaginationToken": token, "ResourcesPerPage": 3 }))
            .unwrap();
        sizes.push(page["ResourceTagMappingList"].as_array().unwrap().len());
        token = page["PaginationToken"].clone();
    }
    assert!(sizes.contains(&0) && sizes.iter().all(|size| *size <= 3), "{sizes:?}");
}

#[test]
fn tags_are_counted_where_pages_are_cut_by_them() {
    let mut world = World::new();
    world.cloud.config_mut().tag_pages = TagPages::Full;
    let keys: Vec<String> = (0..10).map(|i| format!("k{i}")).collect();
    let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "v")).collect();
    for i in 0..22 {
        tagged_group(&mut world, &format!("g{i}"), &pairs);
    }
    let first = world.tagging("GetResources", &json!({ "TagsPerPage": 100 })).unwrap();
    assert_eq!(first["ResourceTagMappingList"].as_array().unwrap().len(), 10);
    assert_eq!(found(&mut world, &json!({ "TagsPerPage": 100 })).len(), 22);
}

#[test]
fn a_token_lives_for_fifteen_minutes_and_for_its_own_question() {
    let mut world = World::new();
    for i in 0..5 {
        tagged_group(&mut world, &format!("g{i}"), &[("k", "v")]);
    }
    let question = json!({ "ResourcesPerPage": 2 });
    let token = world.tagging("GetResources", &question).unwrap()["PaginationToken"].clone();
    let next = json!({ "ResourcesPerPage": 2, "PaginationToken": token });
    let other = json!({ "TagFilters": [{ "Key": "k" }], "PaginationToken": token });
    assert_eq!(world.tagging("GetResources", &other).unwrap_err().name, "InvalidParameterException");
    world.now += 15 * 60_000;
    assert!(world.tagging("GetResources", &next).is_ok());
    world.now += 1;
    assert_eq!(world.tagging("GetResources", &next).unwrap_err().name, "PaginationTokenExpiredException");
}

#[test]
fn the_index_is_late_in_both_directions() {
    let mut world = World::with(Config { tag_lag_ms: 100_000, tag_ghost_ms: 200_000, ..Config::default() });
    tagged_group(&mut world, "a", &[("k", "1")]);
    let value = |world: &mut World| -> Option<String> {
        let answer = world.tagging("GetResources", &json!({})).unwrap();
        answer["ResourceTagMappingList"][0]["Tags"][0]["Value"].as_str().map(str::to_owned)
    };
    assert_eq!(value(&mut world), None, "not there yet");
    world.now += 100_000;
    assert_eq!(value(&mut world).as_deref(), Some("1"));
    world.update(LOG_GROUP, "a", &json!([{ "op": "add", "path": "/Tags", "value": tags(&[("k", "2")]) }]));
    assert_eq!(value(&mut world).as_deref(), Some("1"), "changes come late too");
    world.now += 100_000;
    assert_eq!(value(&mut world).as_deref(), Some("2"));
    world.delete(LOG_GROUP, "a");
    assert_eq!(value(&mut world).as_deref(), Some("2"), "a ghost");
    world.now += 200_000;
    assert_eq!(value(&mut world), None);
}

#[test]
fn what_lost_its_tags_is_listed_empty_and_what_never_had_any_is_not() {
    let mut world = World::new();
    tagged_group(&mut world, "a", &[("k", "1")]);
    world.create(LOG_GROUP, &log_group("never"));
    world.update(LOG_GROUP, "a", &json!([{ "op": "remove", "path": "/Tags" }]));
    let answer = world.tagging("GetResources", &json!({})).unwrap();
    assert_eq!(answer["ResourceTagMappingList"], json!([{ "ResourceARN": arn("a"), "Tags": [] }]));
    assert!(found(&mut world, &json!({ "TagFilters": [{ "Key": "k" }] })).is_empty());
}

#[test]
fn regions_are_apart_and_global_services_are_in_one() {
    let mut world = World::new();
    world.region = "eu-west-1".to_owned();
    tagged_group(&mut world, "a", &[("k", "v")]);
    let policy = json!({ "Version": "2012-10-17", "Statement": [] });
    world.create(
        ROLE,
        &json!({ "RoleName": "r", "Path": "/x/", "AssumeRolePolicyDocument": policy, "Tags": tags(&[("k", "v")]) }),
    );
    assert_eq!(found(&mut world, &json!({})), ["arn:aws:logs:eu-west-1:123456789012:log-group:a"]);
    world.region = "us-east-1".to_owned();
    assert_eq!(found(&mut world, &json!({})), ["arn:aws:iam::123456789012:role/x/r"]);
}

#[test]
fn tags_of_every_form_are_indexed_the_unreadable_too() {
    let mut world = World::new();
    let map = json!({ "Name": "p", "Type": "String", "Value": "v", "Tags": { "k": "map" } });
    world.create("AWS::SSM::Parameter", &map);
    let specified = json!({
        "InstancePlatform": "Linux/UNIX", "AvailabilityZone": "us-east-1a", "InstanceType": "m5.large", "InstanceCount": 1,
        "TagSpecifications": [
            { "ResourceType": "capacity-reservation", "Tags": tags(&[("k", "specified")]) },
            { "ResourceType": "instance", "Tags": tags(&[("k", "of another")]) },
        ],
    });
    world.create("AWS::EC2::CapacityReservation", &specified);
    let hidden =
        json!({ "VpcConnectorName": "conn", "Subnets": ["subnet-1"], "Tags": tags(&[("k", "hidden")]) });
    let id = world.create("AWS::AppRunner::VpcConnector", &hidden);
    assert!(world.get("AWS::AppRunner::VpcConnector", &id).unwrap().get("Tags").is_none(), "write-only");
    let answer = world.tagging("GetTagValues", &json!({ "Key": "k" })).unwrap();
    assert_eq!(answer["TagValues"], json!(["hidden", "map", "specified"]));
    let answer = world.tagging("GetTagKeys", &json!({})).unwrap();
    assert_eq!((&answer["TagKeys"], &answer["PaginationToken"]), (&json!(["k"]), &json!("")));
    let snapshot = world.cloud.snapshot();
    let restored = Cloud::restore(Arc::new(Variants::default()), Config::default(), snapshot).unwrap();
    let mut later = World { cloud: restored, now: world.now, region: world.region.clone() };
    let answer = later.tagging("GetTagValues", &json!({ "Key": "k" })).unwrap();
    assert_eq!(answer["TagValues"], json!(["hidden", "map", "specified"]));
}

#[test]
fn changes_behind_everyones_back_reach_the_index() {
    let mut world = World::new();
    let planted = json!({ "LogGroupName": "p", "Tags": tags(&[("aws:cloudformation:stack-name", "other")]) });
    world.cloud.plant("us-east-1", LOG_GROUP, &planted, START).unwrap();
    assert_eq!(found(&mut world, &json!({})), [arn("p")]);
    world.cloud.edit(LOG_GROUP, "p", &json!({ "Tags": tags(&[("k", "v")]) })).unwrap();
    assert_eq!(found(&mut world, &json!({ "TagFilters": [{ "Key": "k" }] })), [arn("p")]);
    world.cloud.edit(LOG_GROUP, "p", &Json::Null).unwrap();
    assert!(found(&mut world, &json!({})).is_empty());
}

#[test]
fn a_snapshot_from_before_the_index_gets_one() {
    let mut world = World::new();
    tagged_group(&mut world, "a", &[("k", "v")]);
    let mut snapshot = world.cloud.snapshot();
    snapshot.as_object_mut().unwrap().remove("tags");
    snapshot.as_object_mut().unwrap().remove("now_ms");
    let restored = Cloud::restore(Arc::new(Variants::default()), Config::default(), snapshot).unwrap();
    let mut later = World { cloud: restored, now: world.now, region: world.region.clone() };
    assert_eq!(found(&mut later, &json!({})), [arn("a")]);
}

#[test]
fn errors_have_the_shapes_of_the_tagging_model() {
    let mut world = World::new();
    let at = |times, what| Fault {
        when: Matcher { operation: Some(Op::GetResources), ..Matcher::default() }.first(times),
        what,
    };
    for (what, name, status) in [
        (What::Throttle, "ThrottledException", 400),
        (What::ServiceError, "InternalServiceException", 500),
        (What::Denied { status: 400 }, "com.amazon.coral.service#AccessDeniedException", 400),
    ] {
        world.cloud.clear_faults();
        world.cloud.inject(at(1, what));
        let refused = world.tagging("GetResources", &json!({})).unwrap_err();
        assert_eq!((refused.name.as_str(), refused.status), (name, status));
    }
    let refused = world.tagging("TagResources", &json!({})).unwrap_err();
    assert!(refused.name.ends_with("UnknownOperationException"), "{refused:?}");
}

#[test]
fn system_tags_are_carried_on_request_and_stay_whatever_is_written() {
    // Trap 34.
    let mut config = Config::default();
    let own = [("aws:cloudformation:stack-name".to_owned(), "other".to_owned())];
    config.system_tags.insert("AWS::Logs::*".to_owned(), own.into_iter().collect());
    let mut world = World::with(config);
    world.create(LOG_GROUP, &log_group("a"));
    let system = json!({ "Key": "aws:cloudformation:stack-name", "Value": "other" });
    assert_eq!(world.get(LOG_GROUP, "a").unwrap()["Tags"], json!([system]));
    let patch = json!([{ "op": "add", "path": "/RetentionInDays", "value": 30 }]);
    assert_eq!(world.update(LOG_GROUP, "a", &patch)["OperationStatus"], "SUCCESS", "they may stay");
    let patch = json!([{ "op": "add", "path": "/Tags", "value": tags(&[("k", "v")]) }]);
    assert_eq!(world.update(LOG_GROUP, "a", &patch)["OperationStatus"], "SUCCESS");
    let live = world.get(LOG_GROUP, "a").unwrap();
    assert_eq!(live["Tags"].as_array().unwrap().len(), 2, "the service keeps its own: {live}");
    let patch = json!([{ "op": "add", "path": "/Tags", "value": tags(&[("aws:x", "v")]) }]);
    assert_eq!(failure(&world.update(LOG_GROUP, "a", &patch)).0, "InvalidRequest");
}

#[test]
fn one_service_hands_its_own_tags_back_and_is_refused() {
    // Trap 34, roadmap#2128.
    let ty = "AWS::ServiceCatalogAppRegistry::Application";
    let mut config = Config::default();
    let own = [("aws:servicecatalog:applicationName".to_owned(), "app".to_owned())];
    config.system_tags.insert(ty.to_owned(), own.into_iter().collect());
    let mut world = World::with(config);
    let id = world.create(ty, &json!({ "Name": "app" }));
    let patch = json!([{ "op": "add", "path": "/Description", "value": "d" }]);
    assert_eq!(failure(&world.update(ty, &id, &patch)).0, "InvalidRequest");
}
