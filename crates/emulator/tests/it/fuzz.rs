use super::*;
use proptest::prelude::*;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        "(n|a\\|b|\\{\\}|[{\"}:a-z]{0,9})".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(
                ("(Name|Size|Code|Zip|Dns|Labels|Tags|Key|Value|Replicas|Secret|.{0,3})", inner),
                0..5
            )
            .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

const OPERATIONS: [&str; 8] = [
    "CreateResource",
    "UpdateResource",
    "DeleteResource",
    "GetResource",
    "ListResources",
    "GetResourceRequestStatus",
    "ListResourceRequests",
    "CancelResourceRequest",
];

fn any_call() -> impl Strategy<Value = (&'static str, Json)> {
    let document = prop_oneof![any_json().prop_map(|json| Json::from(json.to_string())), any_json()];
    let patch = prop::collection::vec(
        (
            prop::sample::select(vec!["add", "remove", "replace", "test", "move", "copy"]),
            "(/(Name|Size|Code|Zip|Dns|Mode|Labels|Tags|0|1|-|~1)){0,3}",
            "(/(Name|Size|Dns|Tags|0)){0,2}",
            any_json(),
        ),
        0..4,
    )
    .prop_map(|steps| {
        let steps: Vec<Json> = steps
            .into_iter()
            .map(|(op, path, from, value)| json!({ "op": op, "path": path, "from": from, "value": value }))
            .collect();
        Json::from(Json::from(steps).to_string())
    });
    (
        prop::sample::select(OPERATIONS.to_vec()),
        prop::sample::select(vec![THING, LOG_GROUP, INTEGRATION, "AWS::No::Such", "x"]),
        prop_oneof![Just(Json::from("n")), any_json()],
        document,
        prop_oneof![patch, any_json()],
        prop::option::of("[a-c]"),
    )
        .prop_map(|(op, ty, identifier, state, patch, token)| {
            let body = json!({
                "TypeName": ty, "Identifier": identifier, "DesiredState": state, "PatchDocument": patch,
                "ClientToken": token, "RequestToken": "a", "ResourceModel": state, "NextToken": identifier,
            });
            (op, body)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Whatever is sent: an answer, never a panic, and a snapshot that restores to itself.
    #[test]
    fn no_request_panics(calls in prop::collection::vec((any_call(), 0..3_000_i64), 1..8)) {
        let mut world = World::variants([thing()]);
        world.create(THING, &json!({ "Name": "n", "Size": 1, "Labels": ["a", "b"] }));
        for ((op, body), wait) in calls {
            world.now += wait;
            if let Err(refused) = world.call(op, &body) {
                prop_assert!(!refused.name.is_empty());
                prop_assert!(refused.status == 400 || refused.status == 500, "{refused:?}");
            }
        }
        let snapshot = world.cloud.snapshot();
        let restored = Cloud::restore(Variants::with([thing()]), Config::default(), snapshot.clone()).unwrap();
        prop_assert_eq!(restored.snapshot(), snapshot);
    }

    #[test]
    fn no_body_panics(body in prop_oneof![any_json().prop_map(|j| j.to_string()), ".{0,60}"], op in 0..8_usize) {
        let mut world = World::new();
        let request = request(OPERATIONS[op], &body, "us-east-1");
        let answered = matches!(world.send(&request), Reply::Answer { .. });
        prop_assert!(answered);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_question_to_the_tag_index_panics(
        members in prop::collection::vec(
            ("(PaginationToken|TagFilters|ResourcesPerPage|TagsPerPage|ResourceTypeFilters|ResourceARNList|Key|.{0,3})", any_json()),
            0..5,
        ),
        op in prop::sample::select(vec!["GetResources", "GetTagKeys", "GetTagValues", "Nope"]),
    ) {
        let mut world = World::variants([thing()]);
        world.create(THING, &json!({ "Name": "n", "Tags": [{ "Key": "k", "Value": "v" }] }));
        let body = Json::Object(members.into_iter().collect());
        if let Err(refused) = world.tagging(op, &body) {
            prop_assert!(refused.status == 400 && !refused.name.is_empty(), "{refused:?}");
        }
    }

    #[test]
    fn no_question_to_the_registry_panics(
        parameters in prop::collection::vec(
            ("(Type|TypeName|Arn|VersionId|Visibility|MaxResults|NextToken|Filters.TypeNamePrefix)", "[^&=%+]{0,20}|RESOURCE|1|AWS::EC2::VPC|arn:aws:cloudformation:us-east-1::type/resource/AWS-EC2-VPC"),
            0..4,
        ),
        op in prop::sample::select(vec!["DescribeType", "ListTypes", "ListTypeVersions", "Nope"]),
    ) {
        let mut world = World::new();
        let mut all = vec![("Action", op)];
        all.extend(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let (status, xml) = world.cloudformation(&all);
        prop_assert!(matches!(status, 200 | 400 | 404) && xml.starts_with('<'), "{status} {xml}");
    }
}
