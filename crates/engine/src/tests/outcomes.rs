//! Row by row: cloud-control 4.3, with the codes of 1.5 and the exceptions of 1.6.

use crate::codes;
use crate::outcome::{Outcome, StepEnd};
use crate::testing::{FakeStack, Fault, THING, Thing, World, delete, end_of, lit, of, put, secret};
use serde_json::{Value as Json, json};
use stack_core::event::{Ended, EventKind, WaitReason};
use stack_core::plan::Mode;
use stack_core::provider::{FailureKind, Verb};
use std::time::Duration;

fn one() -> FakeStack {
    FakeStack::new([Thing::new("a").with("Size", lit(1))])
}

fn bigger() -> FakeStack {
    FakeStack::new([Thing::new("a").with("Size", lit(2))])
}

fn fails(code: &'static str, works: bool) -> Fault {
    Fault::End { code, message: "the service's words", works }
}

fn tags(stack: &str) -> Json {
    json!([
        {"Key": "stackql:stack-name", "Value": stack},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": "a"},
    ])
}

/// A world in which the resource is there with size 1.
async fn with_one() -> World {
    let world = World::new();
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
    world
}

async fn teardown(world: &World) -> Outcome {
    world.go(&one(), Mode::Teardown, world.options()).await
}

fn notes(outcome: &Outcome) -> String {
    outcome.failures[0].notes.iter().map(|(key, text)| format!("{key}: {text}\n")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_create_that_reads_show_late_is_waited_for() {
    let world = World::new();
    for _ in 0..5 {
        world.cloud.fault("read a", Fault::Unseen);
    }
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    // The plan's read saw nothing, as did four behind the create; the next did.
    assert_eq!(outcome.calls.of("read"), 6);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_reads_never_show_is_a_failure_that_changed_something() {
    let world = World::new();
    for _ in 0..8 {
        world.cloud.fault("read a", Fault::Unseen);
    }
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(outcome.failures[0].code, codes::NOT_VISIBLE);
    assert!(outcome.elapsed > Duration::from_secs(55) && outcome.elapsed < Duration::from_secs(70));
}

#[tokio::test(start_paused = true)]
async fn what_the_service_did_not_take_is_told_by_path() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Ignore("Size"));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let paths: Vec<String> = outcome.residues["a"].iter().map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["/Size"]);
    assert_eq!(outcome.warnings[0].code, codes::RESIDUE);
    // Told, not looped.
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_failed_in_part_is_named_and_left() {
    let world = World::new();
    world.cloud.fault("create a", fails("InvalidRequest", true));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert!(notes(&outcome).contains("created in part: Test::Svc::Thing a"), "{}", notes(&outcome));
    assert_eq!(world.cloud.names(), ["a"]);
    assert_eq!(world.cloud.count("delete"), 0);
    // The next build takes it from there.
    assert_eq!(world.build(&bigger()).await.ended, Ended::Succeeded);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_failed_for_good_changed_nothing() {
    let world = World::new();
    world.cloud.fault("create a", fails("InvalidRequest", false));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    insta::assert_snapshot!(format!("{}\n{}", outcome.failures[0], notes(&outcome)), @r#"
    [SD3107] the service refused to create a
    resource: Test::Svc::Thing  a
    service: CREATE FAILED, InvalidRequest: "the service's words"
    request: r1 at 2026-11-21T14:02:15Z
    next: mend what the service names, then plan again
    "#);
}

#[tokio::test(start_paused = true)]
async fn retriable_codes_have_new_rounds_with_new_tokens() {
    for code in [
        "Throttling",
        "ResourceConflict",
        "ServiceInternalError",
        "NetworkFailure",
        "ServiceTimeout",
        "NotStabilized",
    ] {
        let world = World::new();
        world.cloud.fault("create a", fails(code, false)).fault("create a", fails(code, false));
        let outcome = world.build(&one()).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{code}: {:#?}", outcome.failures);
        assert_eq!(world.cloud.accepted(Verb::Create, "a"), 3);
        assert_eq!(world.cloud.tokens(), 3);
        // The state is read before each further round.
        assert_eq!(outcome.calls.of("read"), 1 + 2 + 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn retriable_codes_stop_after_three_further_rounds() {
    let world = World::new();
    for _ in 0..9 {
        world.cloud.fault("create a", fails("ServiceInternalError", false));
    }
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 4);
    assert!(notes(&outcome).contains("rounds: 4 tried in all"), "{}", notes(&outcome));
}

#[tokio::test(start_paused = true)]
async fn an_internal_failure_without_words_has_one_further_round() {
    let world = World::new();
    let silent = Fault::End { code: "InternalFailure", message: "", works: false };
    world.cloud.fault("create a", silent.clone()).fault("create a", silent);
    let outcome = world.build(&one()).await;
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 2);
    assert!(
        notes(&outcome).contains("CREATE FAILED, InternalFailure, without a word"),
        "{}",
        notes(&outcome)
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_that_did_not_stabilise_but_did_its_work_is_a_success_with_a_warning() {
    for code in ["NotStabilized", "ServiceTimeout"] {
        let world = with_one().await;
        world.cloud.fault("update a", fails(code, true));
        let outcome = world.build(&bigger()).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
        assert_eq!(outcome.warnings[0].code, codes::DONE_ANYWAY);
        assert_eq!(world.cloud.accepted(Verb::Update, "a"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handlers_own_second_create_is_seen_through() {
    // Trap 84: created, and the event says AlreadyExists.
    let world = World::new();
    world.cloud.fault("create a", fails("AlreadyExists", true));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(outcome.warnings[0].code, codes::DONE_ANYWAY);
}

#[tokio::test(start_paused = true)]
async fn a_handlers_own_second_create_that_shows_late_is_read_again_after_half_a_minute() {
    let world = World::new();
    // The plan's read, then the one after the failure.
    world.cloud.fault("create a", fails("AlreadyExists", true));
    world.cloud.fault("read a", Fault::Unseen).fault("read a", Fault::Unseen);
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert!(outcome.elapsed > Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_exists_elsewhere_is_refused_after_a_second_look() {
    let world = World::new();
    world
        .cloud
        .fault("create a", Fault::Refuse(FailureKind::AlreadyExists, "AlreadyExistsException", "taken"));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.failures[0].code, codes::EXISTS);
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert!(outcome.elapsed > Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_resource_of_somebody_else_is_not_taken() {
    let world = World::new();
    // The plan does not see it, the create does.
    world.cloud.put(THING, "a", json!({"Name": "a", "Size": 7, "Tags": tags("other")}));
    world.cloud.fault("read a", Fault::Unseen);
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(outcome.failures[0].code, codes::EXISTS);
    assert!(notes(&outcome).contains("other"), "{}", notes(&outcome));
    assert_eq!(world.cloud.live("a").unwrap()["Size"], json!(7));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_repeated_with_the_same_token() {
    let world = World::new();
    world.cloud.fault("create a", Fault::LoseReply).fault("create a", Fault::LoseReply);
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(outcome.calls.of("create"), 3);
    assert_eq!((world.cloud.accepted(Verb::Create, "a"), world.cloud.tokens()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_submit_without_any_answer_is_found_among_the_services_records() {
    let world = World::new();
    for _ in 0..7 {
        world.cloud.fault("create a", Fault::LoseReply);
    }
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(outcome.calls.of("requests"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_submit_that_never_arrived_changed_nothing() {
    let world = World::new();
    for _ in 0..7 {
        world.cloud.fault("create a", Fault::LoseCall);
    }
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(outcome.failures[0].code, codes::NO_ANSWER);
}

#[tokio::test(start_paused = true)]
async fn a_submit_of_unknown_fate_is_unknown_if_the_records_cannot_be_read() {
    let world = World::new();
    for _ in 0..7 {
        world.cloud.fault("create a", Fault::LoseReply);
    }
    world.cloud.fault("requests", Fault::Refuse(FailureKind::Denied, "AccessDeniedException", "no"));
    let outcome = world.build(&one()).await;
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Unknown { request: None, .. }));
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
}

#[tokio::test(start_paused = true)]
async fn a_change_that_needs_a_replacement_says_so() {
    for fault in [
        fails("NotUpdatable", false),
        Fault::Refuse(FailureKind::NotUpdatable, "NotUpdatableException", "createOnlyProperties"),
    ] {
        let world = with_one().await;
        world.cloud.fault("update a", fault);
        let outcome = world.build(&bigger()).await;
        assert_eq!(outcome.failures[0].code, codes::NEEDS_REPLACEMENT);
        assert!(notes(&outcome).contains("--allow-replace a"), "{}", notes(&outcome));
        assert_eq!(outcome.ended, Ended::Failed { changed: false });
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_of_what_has_vanished_is_not_a_create() {
    let world = with_one().await;
    let engine = world.engine(&bigger());
    let (plan, outputs) = world.plan(&engine, Mode::Build).await;
    let gone = world.go(&one(), Mode::Teardown, world.options()).await;
    assert_eq!(gone.ended, Ended::Succeeded);
    let outcome =
        engine.run(plan, outputs, world.options(), &world.events(), world.stop.subscribe()).await.unwrap();
    assert_eq!(outcome.failures[0].code, codes::VANISHED);
    assert!(world.cloud.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_operation_is_a_failure_with_a_look_at_what_is_left() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Cancelled);
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.failures[0].code, codes::CANCELLED);
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(outcome.calls.of("read"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_busy_resource_is_waited_for_and_decided_again() {
    let world = with_one().await;
    let other = world.cloud.other_work(Verb::Update, "a", Duration::from_secs(40));
    world.cloud.fault("update a", Fault::BusyWith(other));
    let outcome = world.build(&bigger()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert!(outcome.elapsed > Duration::from_secs(40));
    // Plan, before the second decision, after the update.
    assert_eq!(outcome.calls.of("read"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_meets_its_own_twin_takes_its_work() {
    // Trap 87: the twin makes what we want while we wait.
    let world = World::new();
    let other = world.cloud.other_work(Verb::Update, "x", Duration::from_secs(20));
    world.cloud.fault("create a", Fault::BusyWith(other));
    let cloud = world.cloud.clone();
    let twin = async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        cloud.put(THING, "a", json!({"Name": "a", "Size": 1, "Tags": tags("shop")}));
    };
    let (outcome, ()) = tokio::join!(async { world.build(&one()).await }, twin);
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 0);
    // It did not create it, and does not say so.
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Done { verb: None, .. }), "{:?}", outcome.steps);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_stays_busy_is_busy_not_broken() {
    let world = with_one().await;
    for _ in 0..11 {
        let other = world.cloud.other_work(Verb::Update, "a", Duration::from_secs(1));
        world.cloud.fault("update a", Fault::BusyWith(other));
    }
    let outcome = world.build(&bigger()).await;
    assert_eq!(outcome.ended, Ended::Busy, "{:#?}", outcome.failures);
    assert_eq!(outcome.failures[0].code, codes::BUSY);
}

#[tokio::test(start_paused = true)]
async fn siblings_that_exclude_each_other_wait_for_the_one_that_flies() {
    // Trap 88: one at a time under one parent, each taking minutes.
    let world = World::new();
    world.cloud.fault("create a", Fault::Takes(Duration::from_secs(400)));
    for _ in 0..6 {
        world.cloud.fault("create b", fails("ResourceConflict", false));
    }
    let outcome = world.build(&FakeStack::new([Thing::new("a"), Thing::new("b")])).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Create, "b"), 7);
}

#[tokio::test(start_paused = true)]
async fn words_of_propagation_are_waited_out_after_a_change_of_a_dependency() {
    let stack = FakeStack::new([Thing::new("role"), Thing::new("a").with("Needs", of("role", "Arn"))]);
    let world = World::new();
    let words = Fault::End { code: "InvalidRequest", message: "the role cannot be assumed", works: false };
    world.cloud.fault("create a", words.clone()).fault("create a", words.clone()).fault("create a", words);
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    let waits =
        world.recorder.at(|kind| matches!(kind, EventKind::OpWait { why: WaitReason::Propagation, .. }));
    assert_eq!(waits.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn words_of_propagation_are_a_mistake_when_nothing_changed_or_too_long_ago() {
    let words = || Fault::End { code: "InvalidRequest", message: "the role cannot be assumed", works: false };
    let world = World::new();
    world.cloud.fault("create a", words());
    assert_eq!(world.build(&one()).await.failures[0].code, codes::REFUSED);

    let stack = FakeStack::new([Thing::new("role"), Thing::new("a").with("Needs", of("role", "Arn"))]);
    let world = World::new();
    for _ in 0..40 {
        world.cloud.fault("create a", words());
    }
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.failures[0].code, codes::REFUSED);
    assert!(outcome.elapsed > Duration::from_secs(110) && outcome.elapsed < Duration::from_secs(170));
}

#[tokio::test(start_paused = true)]
async fn what_others_do_to_planned_resources_is_found_before() {
    let world = with_one().await;
    let engine = world.engine(&bigger());
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    world.cloud.other_work(Verb::Update, "elsewhere", Duration::from_secs(40));
    assert_eq!(crate::busy::in_flight(&engine.provider, &plan).await, Ok(Vec::new()));
    let request = world.cloud.other_work(Verb::Update, "a", Duration::from_secs(40));
    let found = crate::busy::in_flight(&engine.provider, &plan).await.unwrap();
    assert_eq!((found[0].address.as_str(), &found[0].request), ("a", &request));
}

#[tokio::test(start_paused = true)]
async fn a_denied_operation_names_the_actions_it_needs() {
    let world = World::new();
    world.cloud.fault("create a", fails("AccessDenied", false));
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.failures[0].code, codes::DENIED);
    assert!(notes(&outcome).contains("needs: svc:Create, svc:Tag"), "{}", notes(&outcome));
}

#[tokio::test(start_paused = true)]
async fn a_handler_failure_of_a_submit_is_read_before_it_is_repeated() {
    let world = World::new();
    let fault = Fault::Refuse(FailureKind::Unavailable, "HandlerInternalFailureException", "");
    world.cloud.fault("create a", fault);
    let outcome = world.build(&one()).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let is_ours = |call: &String| !call.starts_with("status") && call != "tagged";
    let calls: Vec<_> = world.cloud.calls().into_iter().filter(is_ours).collect();
    assert_eq!(calls, ["read a", "create a", "read a", "create a", "read a"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_of_what_is_gone_is_a_success_that_changed_nothing() {
    for fault in [
        fails("NotFound", false),
        Fault::Refuse(FailureKind::NotFound, "ResourceNotFoundException", ""),
        // Trap 95: other words for the same; a read tells.
        Fault::Refuse(FailureKind::Denied, "AccessDeniedException", ""),
    ] {
        let world = with_one().await;
        let engine = world.engine(&one());
        let (plan, outputs) = world.plan(&engine, Mode::Teardown).await;
        assert_eq!(teardown(&world).await.ended, Ended::Succeeded);
        world.cloud.fault("delete a", fault);
        let outcome = engine
            .run(plan, outputs, world.options(), &world.events(), world.stop.subscribe())
            .await
            .unwrap();
        assert_eq!(outcome.ended, Ended::Succeeded);
        assert!(matches!(end_of(&outcome, &delete("a")), StepEnd::Done { note: "already gone", .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_reads_do_not_confirm_is_a_failure_with_the_request() {
    let world = with_one().await;
    world.cloud.fault("delete a", Fault::Ignore("the delete"));
    let outcome = teardown(&world).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(outcome.failures[0].code, codes::NOT_GONE);
    assert!(notes(&outcome).contains("request: r"), "{}", notes(&outcome));
}

#[tokio::test(start_paused = true)]
async fn a_delete_on_its_way_is_enough() {
    let world = with_one().await;
    let mut dying = world.cloud.live("a").unwrap();
    dying["KeyState"] = json!("PendingDeletion");
    let cloud = world.cloud.clone();
    let keeper = async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            cloud.put(THING, "a", dying.clone());
        }
    };
    let (outcome, ()) = tokio::join!(teardown(&world), keeper);
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
}

#[tokio::test(start_paused = true)]
async fn a_spent_round_of_the_same_plan_is_passed_over() {
    // The same plan twice, as after a crash: the first round failed back then.
    let world = World::new();
    let engine = world.engine(&one());
    let options = world.options();
    let (plan, outputs) = world.plan(&engine, Mode::Build).await;
    world.cloud.fault("create a", fails("InvalidRequest", false));
    let first = engine
        .run(plan.clone(), outputs.clone(), options.clone(), &world.events(), world.stop.subscribe())
        .await
        .unwrap();
    assert_eq!(first.ended, Ended::Failed { changed: false });
    tokio::time::sleep(Duration::from_secs(60)).await;
    let second = engine.run(plan, outputs, options, &world.events(), world.stop.subscribe()).await.unwrap();
    assert_eq!(second.ended, Ended::Succeeded, "{:#?}", second.failures);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_plan_again_after_its_success_sends_nothing_new() {
    let world = World::new();
    let engine = world.engine(&one());
    let options = world.options();
    let (plan, outputs) = world.plan(&engine, Mode::Build).await;
    for _ in 0..2 {
        let outcome = engine
            .run(plan.clone(), outputs.clone(), options.clone(), &world.events(), world.stop.subscribe())
            .await
            .unwrap();
        assert_eq!(outcome.ended, Ended::Succeeded);
    }
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn secrets_reach_the_service_and_nothing_else() {
    let stack = FakeStack::new([Thing::new("a")
        .with("Name", secret("s3cret-name"))
        .with("Password", secret("hunter2"))]);
    let world = World::new();
    world.cloud.fault("create s3cret-name", fails("ServiceInternalError", false));
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    let text = format!(
        "{}{:?}{:?}{:?}{}",
        world.store.dump(),
        outcome.steps,
        outcome.failures,
        outcome.warnings,
        serde_json::to_string(&world.recorder.events()).unwrap()
    );
    for word in ["s3cret", "hunter2"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("(sensitive)"));
}

#[tokio::test(start_paused = true)]
async fn an_identifier_that_is_made_with_a_secret_is_written_nowhere() {
    let stack = FakeStack::new([Thing::new("a")
        .with("Name", lit("made-with-hunter22"))
        .with("Password", secret("hunter22"))]);
    let world = World::new();
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    let events = serde_json::to_string(&world.recorder.events()).unwrap();
    let text = format!("{}{:?}{events}", world.store.dump(), outcome.warnings);
    assert!(!text.contains("hunter22"), "{text}");
    assert!(text.contains("(sensitive)"), "{text}");
}
