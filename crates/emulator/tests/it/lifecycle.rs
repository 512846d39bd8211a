use super::*;
use stack_emulator::{IdentifierShown, ModelShown, Rate, Timing};

fn status(event: &Json) -> &str {
    event["OperationStatus"].as_str().unwrap()
}

#[test]
fn an_operation_goes_from_pending_through_in_progress_to_success() {
    let mut world = World::new();
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    assert_eq!((status(&event), &event["Operation"]), ("PENDING", &json!("CREATE")));
    assert!(event.get("Identifier").is_none() && event.get("ErrorCode").is_none());
    world.now += 200;
    let event = world.poll(&event);
    assert_eq!(
        (status(&event), &event["Identifier"]),
        ("IN_PROGRESS", &json!("a")),
        "the identifier comes early"
    );
    assert_eq!(world.get(LOG_GROUP, "a").unwrap_err().name, "ResourceNotFoundException");
    world.now += 1_000;
    assert!(world.get(LOG_GROUP, "a").is_ok(), "the effect comes half-way");
    assert_eq!(status(&world.poll(&event)), "IN_PROGRESS");
    world.now += 1_000;
    assert_eq!(status(&world.poll(&event)), "SUCCESS");
}

#[test]
fn times_are_epoch_seconds_and_retry_after_is_a_point_in_time() {
    let mut world = World::new();
    world.now += 250;
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    assert_eq!(event["EventTime"].as_f64(), Some((START + 250) as f64 / 1000.0));
    assert_eq!(event["RetryAfter"].as_f64(), Some((START + 750) as f64 / 1000.0));
    assert!(world.settle(&event).get("RetryAfter").is_none());
}

#[test]
fn timing_is_set_by_type_and_operation() {
    let mut config = Config::default();
    config.type_timing.insert("AWS::Logs::*".to_owned(), Timing { create_ms: 90_000, ..Timing::default() });
    let mut world = World::with(config);
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    assert_eq!(status(&world.settle(&event)), "IN_PROGRESS");
    assert_eq!(status(&world.settle(&event)), "SUCCESS");
    assert_eq!(status(&world.delete(LOG_GROUP, "a")), "SUCCESS");
}

#[test]
fn an_assigned_identifier_shows_once_the_resource_exists_or_only_at_the_end() {
    for (shown, early) in [(IdentifierShown::Early, true), (IdentifierShown::AtEnd, false)] {
        let mut world = World::with(Config { identifier: shown, ..Config::default() });
        let event = world.submit_create("AWS::EC2::VPC", &json!({ "CidrBlock": "10.0.0.0/16" })).unwrap();
        world.now += 300;
        assert!(world.poll(&event).get("Identifier").is_none());
        world.now += 1_000;
        assert_eq!(world.poll(&event).get("Identifier").is_some(), early);
        assert!(world.settle(&event).get("Identifier").is_some());
    }
}

#[test]
fn the_final_event_may_carry_a_model() {
    for (shown, wanted) in [(ModelShown::Absent, None), (ModelShown::Sparse, Some(json!({ "Name": "n" })))] {
        let config = Config { resource_model: shown, ..Config::default() };
        let mut world = World::of(Variants::with([thing()]), config);
        let event = world.submit_create(THING, &json!({ "Name": "n", "Secret": "s" })).unwrap();
        let model = world
            .settle(&event)
            .get("ResourceModel")
            .map(|m| serde_json::from_str(m.as_str().unwrap()).unwrap());
        assert_eq!(model, wanted);
    }
    let config = Config { resource_model: ModelShown::Echo, ..Config::default() };
    let mut world = World::of(Variants::with([thing()]), config);
    let event = world.submit_create(THING, &json!({ "Name": "n", "Secret": "s" })).unwrap();
    assert!(world.settle(&event)["ResourceModel"].as_str().unwrap().contains("\"Secret\":\"s\""));
}

fn with_token(name: &str, token: &str) -> Json {
    json!({ "TypeName": LOG_GROUP, "DesiredState": log_group(name).to_string(), "ClientToken": token })
}

#[test]
fn a_repeated_client_token_is_the_same_operation() {
    let mut world = World::new();
    let first = world.start("CreateResource", &with_token("a", "t1"));
    let again = world.start("CreateResource", &with_token("a", "t1"));
    assert_eq!(first["RequestToken"], again["RequestToken"]);
    world.settle(&first);
    assert_eq!(status(&world.start("CreateResource", &with_token("a", "t1"))), "SUCCESS");
    assert_eq!(world.cloud.resources().count(), 1);
}

#[test]
fn a_repeated_client_token_returns_the_old_failure() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    let event = world.start("CreateResource", &with_token("a", "t1"));
    world.settle(&event);
    assert_eq!(world.delete(LOG_GROUP, "a")["OperationStatus"], "SUCCESS");
    let event = world.start("CreateResource", &with_token("a", "t1"));
    assert_eq!((status(&event), &event["ErrorCode"]), ("FAILED", &json!("AlreadyExists")));
}

#[test]
fn a_client_token_with_other_parameters_conflicts() {
    // Trap 93.
    let mut world = World::new();
    let first = world.start("CreateResource", &with_token("a", "t1"));
    let refused = world.call("CreateResource", &with_token("b", "t1")).unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("ClientTokenConflictException", 400));
    assert_eq!(
        refused.message,
        format!(
            "ClientToken t1 is already associated with an existing operation with RequestToken {}",
            first["RequestToken"].as_str().unwrap()
        )
    );
    world.settle(&first);
    let delete = json!({ "TypeName": LOG_GROUP, "Identifier": "a", "ClientToken": "t1" });
    assert_eq!(world.call("DeleteResource", &delete).unwrap_err().name, "ClientTokenConflictException");
}

#[test]
fn a_client_token_is_new_after_36_hours() {
    let mut world = World::new();
    world.start("CreateResource", &with_token("a", "t1"));
    world.now += 36 * 3_600_000 + 1;
    assert_eq!(status(&world.start("CreateResource", &with_token("b", "t1"))), "PENDING");
}

#[test]
fn a_refused_call_does_not_use_its_client_token_up() {
    let mut world = World::new();
    let bad = json!({ "TypeName": LOG_GROUP, "DesiredState": "{\"X\":1}", "ClientToken": "t1" });
    assert!(world.call("CreateResource", &bad).is_err());
    assert!(world.call("CreateResource", &with_token("a", "t1")).is_ok());
}

#[test]
fn one_operation_at_a_time_per_resource() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    let patch = json!([{ "op": "add", "path": "/RetentionInDays", "value": 14 }]);
    let running = world.submit_update(LOG_GROUP, "a", &patch).unwrap();
    for refused in [
        world.submit_update(LOG_GROUP, "a", &patch).unwrap_err(),
        world.submit_delete(LOG_GROUP, "a").unwrap_err(),
    ] {
        assert_eq!((refused.name.as_str(), refused.status), ("ConcurrentOperationException", 400));
        assert!(
            refused.message.contains(&format!("RequestToken {}", running["RequestToken"].as_str().unwrap()))
        );
    }
    assert!(world.submit_create(LOG_GROUP, &log_group("b")).is_ok(), "another resource is free");
    world.settle(&running);
    assert!(world.submit_delete(LOG_GROUP, "a").is_ok());
}

#[test]
fn a_create_in_flight_holds_its_declared_name() {
    // Trap 87.
    let mut world = World::new();
    let running = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    let refused = world.submit_create(LOG_GROUP, &log_group("a")).unwrap_err();
    assert!(refused.message.contains(running["RequestToken"].as_str().unwrap()));
}

#[test]
fn a_status_is_kept_for_seven_days() {
    let mut world = World::new();
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    world.now += 7 * 24 * 3_600_000;
    assert_eq!(status(&world.poll(&event)), "SUCCESS");
    world.now += 1;
    let body = json!({ "RequestToken": event["RequestToken"] });
    let refused = world.call("GetResourceRequestStatus", &body).unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("RequestTokenNotFoundException", 400));
    assert_eq!(world.call("CancelResourceRequest", &body).unwrap_err().name, "RequestTokenNotFoundException");
}

#[test]
fn a_request_of_another_region_is_unknown() {
    let mut world = World::new();
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    world.region = "eu-west-1".to_owned();
    let body = json!({ "RequestToken": event["RequestToken"] });
    assert_eq!(
        world.call("GetResourceRequestStatus", &body).unwrap_err().name,
        "RequestTokenNotFoundException"
    );
}

#[test]
fn a_cancel_before_the_effect_leaves_nothing_and_one_after_it_undoes_nothing() {
    for (wait, exists) in [(300, false), (1_300, true)] {
        let mut world = World::new();
        let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
        world.now += wait;
        let body = json!({ "RequestToken": event["RequestToken"] });
        assert_eq!(status(&world.start("CancelResourceRequest", &body)), "CANCEL_IN_PROGRESS");
        assert_eq!(status(&world.start("CancelResourceRequest", &body)), "CANCEL_IN_PROGRESS", "idempotent");
        assert_eq!(status(&world.settle(&event)), "CANCEL_COMPLETE");
        assert_eq!(world.get(LOG_GROUP, "a").is_ok(), exists);
    }
}

#[test]
fn a_finished_request_cannot_be_cancelled() {
    let mut world = World::new();
    let event = world.submit_create(LOG_GROUP, &log_group("a")).unwrap();
    world.settle(&event);
    let body = json!({ "RequestToken": event["RequestToken"] });
    assert_eq!(world.call("CancelResourceRequest", &body).unwrap_err().name, "ValidationException");
}

#[test]
fn deleting_what_is_absent_is_a_failed_event() {
    let mut world = World::new();
    let event = world.submit_delete(LOG_GROUP, "a").unwrap();
    let event = world.settle(&event);
    assert_eq!((status(&event), &event["ErrorCode"]), ("FAILED", &json!("NotFound")));
    assert!(event.get("ResourceModel").is_none());
}

#[test]
fn requests_are_listed_newest_first_with_filters_and_pages() {
    let mut world = World::new();
    for i in 0..22 {
        world.create(LOG_GROUP, &log_group(&format!("g{i}")));
    }
    let running = world.submit_delete(LOG_GROUP, "g0").unwrap();
    let first = world.call("ListResourceRequests", &json!({})).unwrap();
    let summaries = first["ResourceRequestStatusSummaries"].as_array().unwrap();
    assert_eq!((summaries.len(), &summaries[0]["RequestToken"]), (20, &running["RequestToken"]));
    let rest = world.call("ListResourceRequests", &json!({ "NextToken": first["NextToken"] })).unwrap();
    assert_eq!(rest["ResourceRequestStatusSummaries"].as_array().unwrap().len(), 3);
    assert!(rest.get("NextToken").is_none());
    let filter =
        json!({ "ResourceRequestStatusFilter": { "OperationStatuses": ["PENDING", "IN_PROGRESS"] } });
    let busy = world.call("ListResourceRequests", &filter).unwrap();
    assert_eq!(busy["ResourceRequestStatusSummaries"].as_array().unwrap().len(), 1);
    let filter = json!({ "ResourceRequestStatusFilter": { "Operations": ["UPDATE"] } });
    let none = world.call("ListResourceRequests", &filter).unwrap();
    assert!(none["ResourceRequestStatusSummaries"].as_array().unwrap().is_empty());
    let filter = json!({ "ResourceRequestStatusFilter": { "Operations": ["MAKE"] } });
    assert_eq!(world.call("ListResourceRequests", &filter).unwrap_err().name, "ValidationException");
}

#[test]
fn calls_beyond_the_rate_are_throttled_and_the_bucket_fills_again() {
    let rate = Rate { reads_per_second: 2.0, writes_per_second: 1.0, burst_seconds: 1.0 };
    let mut world = World::with(Config { rate: Some(rate), ..Config::default() });
    let outcomes: Vec<String> = (0..3).map(|_| world.get(LOG_GROUP, "a").unwrap_err().name).collect();
    assert_eq!(outcomes, ["ResourceNotFoundException", "ResourceNotFoundException", "ThrottlingException"]);
    assert!(world.submit_create(LOG_GROUP, &log_group("a")).is_ok(), "writes have their own bucket");
    world.now += 500;
    assert_eq!(world.get(LOG_GROUP, "b").unwrap_err().name, "ResourceNotFoundException");
}
