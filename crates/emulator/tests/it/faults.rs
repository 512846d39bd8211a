use super::*;
use stack_core::pointer::Pointer;
use stack_emulator::{Chaos, Matcher, Op, What, trap};

fn on(operation: Op, what: What) -> World {
    World::faulty(Fault { when: Matcher::on(operation, LOG_GROUP), what })
}

fn first(operation: Op, what: What) -> World {
    World::faulty(Fault { when: Matcher::on(operation, LOG_GROUP).first(1), what })
}

fn trapped(number: u16, ty: &str, schemas: impl IntoIterator<Item = Json>) -> World {
    let faults = trap(number, ty);
    assert!(!faults.is_empty(), "trap {number} has no fault");
    World::of(Variants::with(schemas), Config { faults, ..Config::default() })
}

#[test]
fn both_throttling_shapes_exist() {
    let mut world = first(Op::GetResource, What::Throttle);
    assert_eq!(world.get(LOG_GROUP, "a").unwrap_err().name, "ThrottlingException");
    assert_eq!(world.get(LOG_GROUP, "a").unwrap_err().name, "ResourceNotFoundException");
    let mut world = first(Op::GetResource, What::ThrottleModelled);
    let refused = world.get(LOG_GROUP, "a").unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("ThrottlingException", 400));
}

#[test]
fn a_service_error_is_http_500() {
    let mut world = first(Op::GetResource, What::ServiceError);
    let refused = world.get(LOG_GROUP, "a").unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("ServiceInternalErrorException", 500));
}

#[test]
fn a_denied_read_is_no_absence() {
    let mut world = on(Op::GetResource, What::Denied { status: 403 });
    world.create(LOG_GROUP, &log_group("a"));
    let refused = world.get(LOG_GROUP, "a").unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("AccessDeniedException", 403));
    assert!(refused.message.contains("cloudformation:GetResource"));
}

#[test]
fn a_lost_reply_was_carried_out_and_a_lost_request_was_not() {
    let body =
        json!({ "TypeName": LOG_GROUP, "DesiredState": log_group("a").to_string(), "ClientToken": "t" });
    for (what, carried_out) in [(What::LostReply, true), (What::LostRequest, false)] {
        let mut world = first(Op::CreateResource, what);
        assert_eq!(world.call("CreateResource", &body).unwrap_err().name, "lost");
        assert_eq!(!world.cloud.in_flight().is_empty(), carried_out);
        let event = world.start("CreateResource", &body);
        assert_eq!(world.settle(&event)["OperationStatus"], "SUCCESS", "the same token is safe to repeat");
        assert_eq!(world.cloud.resources().count(), 1);
    }
}

#[test]
fn a_delay_is_told_to_the_server() {
    let mut world = first(Op::GetResource, What::Delay { ms: 700 });
    let body = json!({ "TypeName": LOG_GROUP, "Identifier": "a" }).to_string();
    let Reply::Answer { after, .. } = world.send(&request("GetResource", &body, "us-east-1")) else {
        panic!()
    };
    assert_eq!(after.as_millis(), 700);
}

#[test]
fn a_stuck_operation_fails_when_the_handlers_time_is_up() {
    let mut world = on(Op::CreateResource, What::Stuck);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    world.now += 119 * 60_000;
    assert_eq!(world.poll(&event)["OperationStatus"], "IN_PROGRESS");
    world.now += 2 * 60_000;
    let event = world.poll(&event);
    assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("NotStabilized")));
}

#[test]
fn throttling_inside_an_event() {
    // Trap 92.
    let mut world = trapped(92, LOG_GROUP, []);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    let event = world.settle(&event);
    assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("Throttling")));
    assert_eq!(world.cloud.resources().count(), 0);
}

#[test]
fn a_failure_may_have_no_words_at_all() {
    // Trap 86.
    let mut world = trapped(86, LOG_GROUP, []);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    let event = world.settle(&event);
    assert_eq!((&event["ErrorCode"], &event["StatusMessage"]), (&json!("InternalFailure"), &json!("")));
    assert!(event.get("Identifier").is_none());
}

#[test]
fn already_exists_after_the_handlers_own_create() {
    // Trap 84.
    let mut world = trapped(84, LOG_GROUP, []);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    let event = world.settle(&event);
    assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("AlreadyExists")));
    assert!(world.get(LOG_GROUP, "a").is_ok());
}

#[test]
fn a_failed_create_leaves_something_behind() {
    // Traps 85 and 94.
    let mut world = trapped(85, "AWS::EC2::VPC", []);
    let event = world.submit_create("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16" })).unwrap();
    let event = world.settle(&event);
    assert_eq!(event["OperationStatus"], "FAILED");
    assert!(world.get("AWS::EC2::VPC", event["Identifier"].as_str().unwrap()).is_ok());
}

#[test]
fn already_exists_although_nothing_is_there() {
    // Trap 73.
    let mut world = trapped(73, "AWS::S3::Bucket", []);
    let event = world.submit_create("AWS::S3::Bucket", &json!({ "BucketName": "taken" })).unwrap();
    assert_eq!(world.settle(&event)["ErrorCode"], "AlreadyExists");
    assert_eq!(world.get("AWS::S3::Bucket", "taken").unwrap_err().name, "ResourceNotFoundException");
}

#[test]
fn a_created_resource_is_not_found_at_first() {
    // Trap 90.
    let mut world = trapped(90, LOG_GROUP, []);
    world.create(LOG_GROUP, &log_group("a"));
    let found: Vec<bool> = (0..3).map(|_| world.get(LOG_GROUP, "a").is_ok()).collect();
    assert_eq!(found, [false, false, true]);
    let mut world = World::with(Config { read_lag_ms: 90_000, ..Config::default() });
    world.create(LOG_GROUP, &log_group("a"));
    assert!(world.get(LOG_GROUP, "a").is_err());
    assert!(world.list(LOG_GROUP, None).unwrap().is_empty());
    world.now += 90_000;
    assert!(world.get(LOG_GROUP, "a").is_ok());
}

#[test]
fn a_listing_lags_behind_creates_and_deletes() {
    let mut world = World::with(Config { list_lag_ms: 90_000, ..Config::default() });
    world.create(LOG_GROUP, &log_group("a"));
    assert!(world.list(LOG_GROUP, None).unwrap().is_empty());
    world.now += 90_000;
    assert_eq!(world.list(LOG_GROUP, None).unwrap(), ["a"]);
    world.delete(LOG_GROUP, "a");
    assert_eq!(world.list(LOG_GROUP, None).unwrap(), ["a"]);
    assert!(world.get(LOG_GROUP, "a").is_err());
    world.now += 90_000;
    assert!(world.list(LOG_GROUP, None).unwrap().is_empty());
}

#[test]
fn tombstones_stay_in_listings_and_block_their_name() {
    // Traps 76 and 77.
    for (number, readable) in [(76, false), (77, true)] {
        let mut world = trapped(number, LOG_GROUP, []);
        world.create(LOG_GROUP, &log_group("a"));
        world.delete(LOG_GROUP, "a");
        assert_eq!(world.list(LOG_GROUP, None).unwrap(), ["a"]);
        assert_eq!(world.get(LOG_GROUP, "a").is_ok(), readable);
        let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
        assert_eq!(world.settle(&event)["ErrorCode"], "AlreadyExists");
    }
}

#[test]
fn tags_come_in_another_order_on_every_read() {
    // Trap 16.
    let mut world = trapped(16, THING, [thing()]);
    let tags: Vec<Json> = (0..6).map(|i| json!({ "Key": format!("k{i}"), "Value": "v" })).collect();
    world.create(THING, &json!({ "Name": "n", "Tags": tags }));
    let orders: Vec<String> = (0..4).map(|_| world.get(THING, "n").unwrap()["Tags"].to_string()).collect();
    assert!(orders.windows(2).any(|pair| pair[0] != pair[1]), "{orders:?}");
}

#[test]
fn husks_on_read_poison_every_patch_that_does_not_repair_them() {
    // Traps 23, 25, 26, 29.
    let mut world = trapped(23, THING, [thing()]);
    world.create(THING, &json!({ "Name": "n" }));
    assert_eq!(world.get(THING, "n").unwrap()["Tags"], json!([]));
    let size = json!({ "op": "add", "path": "/Size", "value": 2 });
    let refused = world.submit_update(THING, "n", &json!([size])).unwrap_err();
    assert!(
        refused.message.contains("(#/Tags: expected minimum item count: 1, found: 0)"),
        "{}",
        refused.message
    );
    let repaired = json!([size, { "op": "remove", "path": "/Tags" }]);
    assert!(world.submit_update(THING, "n", &repaired).is_ok());
}

#[test]
fn reads_may_show_what_the_schema_forbids_and_hide_what_is_there() {
    // Traps 31, 32 and 43.
    let what = What::Reads {
        set: json!({ "/Extra": 1, "/Labels": [null] }).as_object().unwrap().clone(),
        hide: vec![Pointer::of(["Tags"])],
    };
    let faults = vec![Fault { when: Matcher::of_type(THING), what }];
    let mut world = World::of(Variants::with([thing()]), Config { faults, ..Config::default() });
    world.create(THING, &json!({ "Name": "n", "Tags": [{ "Key": "k", "Value": "v" }] }));
    let live = world.get(THING, "n").unwrap();
    assert_eq!((&live["Extra"], live.get("Tags")), (&json!(1), None));
    let refused = world.submit_update(THING, "n", &json!([])).unwrap_err();
    assert!(refused.message.contains("#: extraneous key [Extra] is not permitted"));
    assert!(refused.message.contains("#/Labels/0: expected type: String, found: Null"));
}

#[test]
fn a_removal_may_be_ignored_with_success() {
    // Trap 58.
    let mut world = trapped(58, LOG_GROUP, []);
    world.create(LOG_GROUP, &log_group("a"));
    let event = world.update(LOG_GROUP, "a", &json!([{ "op": "remove", "path": "/RetentionInDays" }]));
    assert_eq!(event["OperationStatus"], "SUCCESS");
    assert_eq!(world.get(LOG_GROUP, "a").unwrap()["RetentionInDays"], 7);
}

#[test]
fn a_handler_may_ignore_properties() {
    let mut world =
        on(Op::UpdateResource, What::IgnoreProperties { only: vec![Pointer::of(["RetentionInDays"])] });
    world.create(LOG_GROUP, &log_group("a"));
    world.update(LOG_GROUP, "a", &json!([{ "op": "add", "path": "/RetentionInDays", "value": 14 }]));
    assert_eq!(world.get(LOG_GROUP, "a").unwrap()["RetentionInDays"], 7);
}

#[test]
fn a_handler_may_forget_write_only_values_that_were_not_sent_again() {
    let faults = vec![Fault { when: Matcher::on(Op::UpdateResource, THING), what: What::ForgetWriteOnly }];
    let mut world = World::of(Variants::with([thing()]), Config { faults, ..Config::default() });
    world.create(THING, &json!({ "Name": "n", "Secret": "s" }));
    world.update(THING, "n", &json!([{ "op": "add", "path": "/Size", "value": 2 }]));
    assert!(world.cloud.resource(THING, "n").unwrap().model.get("Secret").is_none());
}

#[test]
fn containers_of_protected_members_may_be_refused_outright() {
    // Traps 12 and 13.
    let mut world = trapped(12, THING, [thing()]);
    world.create(THING, &json!({ "Name": "n", "Dns": { "Mode": "m" } }));
    let patch = json!([{ "op": "add", "path": "/Dns", "value": { "Mode": "m", "Free": 1 } }]);
    assert_eq!(world.submit_update(THING, "n", &patch).unwrap_err().name, "NotUpdatableException");
}

#[test]
fn hooks_speak_in_their_own_events() {
    // Trap 102.
    let mut world = trapped(102, LOG_GROUP, []);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    world.now += 60_000;
    let answer =
        world.call("GetResourceRequestStatus", &json!({ "RequestToken": event["RequestToken"] })).unwrap();
    let event = &answer["ProgressEvent"];
    assert_eq!(event["OperationStatus"], "FAILED");
    assert!(event["HooksRequestToken"].is_string());
    assert!(!event["StatusMessage"].as_str().unwrap().contains("Encryption"));
    let hook = &answer["HooksProgressEvent"][0];
    assert_eq!((&hook["HookStatus"], &hook["FailureMode"]), (&json!("HOOK_COMPLETE_FAILED"), &json!("FAIL")));
    assert_eq!(hook["HookStatusMessage"], "Encryption must be configured");
}

#[test]
fn a_warning_hook_stops_nothing() {
    let what = What::Hook { name: "A::B::Hook".into(), message: "m".into(), mode: "WARN".into() };
    let mut world = on(Op::CreateResource, what);
    world.create(LOG_GROUP, &log_group("a"));
}

#[test]
fn something_else_may_change_the_resource_between_two_calls() {
    let mut world = World::faulty(Fault {
        when: Matcher::on(Op::GetResource, LOG_GROUP).nth(2),
        what: What::OutOfBand { patch: json!({ "RetentionInDays": 30 }) },
    });
    world.create(LOG_GROUP, &log_group("a"));
    let seen: Vec<Json> =
        (0..3).map(|_| world.get(LOG_GROUP, "a").unwrap()["RetentionInDays"].clone()).collect();
    assert_eq!(seen, [json!(7), json!(30), json!(30)]);
}

#[test]
fn matchers_count_from_the_nth_call_on_by_type_prefix_and_identifier() {
    let mut world = World::faulty(Fault {
        when: Matcher {
            operation: Some(Op::GetResource),
            ty: Some("AWS::Logs::*".to_owned()),
            identifier: Some("b".to_owned()),
            nth: Some(2),
            times: Some(2),
            percent: None,
        },
        what: What::Throttle,
    });
    let names = |world: &mut World, id: &str| -> Vec<bool> {
        (0..4).map(|_| world.get(LOG_GROUP, id).unwrap_err().name == "ThrottlingException").collect()
    };
    assert_eq!(names(&mut world, "a"), [false; 4]);
    assert_eq!(names(&mut world, "b"), [false, true, true, false]);
}

#[test]
fn chaos_is_the_same_for_the_same_seed() {
    let run = |seed| {
        let chaos = Chaos { seed, percent: 40, ..Chaos::default() };
        let mut world = World::with(Config { chaos: Some(chaos), ..Config::default() });
        (0..30).map(|_| world.get(LOG_GROUP, "a").unwrap_err().name).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    assert!(run(1).iter().any(|name| name != "ResourceNotFoundException"));
}

#[test]
fn a_configuration_reads_from_json_and_refuses_unknown_words() {
    let config: Config = serde_json::from_value(json!({
        "reorder_sets": false,
        "timing": { "create_ms": 10 },
        "faults": [
            { "when": { "operation": "CreateResource", "type": "AWS::S3::*", "nth": 1 },
              "what": { "kind": "fail", "code": "Throttling" } },
            { "when": { "type": "AWS::AppFlow::Flow" }, "what": { "kind": "trap", "number": 84 } },
        ],
    }))
    .unwrap();
    assert_eq!(config.faults[0].what, What::fail("Throttling", ""));
    assert!(serde_json::from_value::<Config>(json!({ "reorder": true })).is_err());
    let back: Config = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
    assert_eq!(back, config);
}

#[test]
fn a_fault_may_be_given_as_a_trap_number() {
    let mut world =
        World::faulty(Fault { when: Matcher::of_type(LOG_GROUP), what: What::Trap { number: 86 } });
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    assert_eq!(world.settle(&event)["ErrorCode"], "InternalFailure");
}

#[test]
fn other_traps_of_operations_end_with_their_codes() {
    for (number, op, code) in [
        (24, "update", "GeneralServiceException"),
        (59, "update", "InvalidRequest"),
        (88, "create", "ResourceConflict"),
        (89, "create", "InvalidRequest"),
        (95, "delete", "AccessDenied"),
        (96, "delete", "InvalidRequest"),
        (100, "create", "UnauthorizedTaggingOperation"),
    ] {
        let mut world = World::new();
        if op != "create" {
            world.create(LOG_GROUP, &log_group("a"));
        }
        trap(number, LOG_GROUP).into_iter().for_each(|fault| world.cloud.inject(fault));
        let event = match op {
            "create" => world.submit_create(LOG_GROUP, &log_group("a")),
            "update" => world.submit_update(LOG_GROUP, "a", &json!([])),
            _ => world.submit_delete(LOG_GROUP, "a"),
        };
        assert_eq!(world.settle(&event.unwrap())["ErrorCode"], code, "trap {number}");
    }
    let mut world = trapped(81, LOG_GROUP, []);
    let refused = world.list(LOG_GROUP, None).unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("HandlerInternalFailureException", 500));
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    trap(97, LOG_GROUP).into_iter().for_each(|fault| world.cloud.inject(fault));
    let event = world.submit_delete(LOG_GROUP, "a").unwrap();
    assert_eq!(world.settle(&event)["OperationStatus"], "IN_PROGRESS", "trap 97");
}
