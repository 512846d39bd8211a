use crate::engine::{OnFailure, RunOptions};
use crate::outcome::{NotRun, StepEnd};
use crate::paced::Limits;
use crate::testing::{FakeStack, Fault, Thing, World, delete, end_of, lit, of, put};
use serde_json::json;
use stack_core::event::{Ended, EventKind};
use stack_core::plan::Mode;
use stack_core::provider::Verb;
use std::time::Duration;

fn chain() -> FakeStack {
    FakeStack::new([
        Thing::new("a"),
        Thing::new("b").with("Needs", of("a", "Arn")),
        Thing::new("c").with("Needs", of("b", "Arn")),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_build_makes_everything_in_order_and_the_next_plan_is_empty() {
    let world = World::new();
    let outcome = world.build(&chain()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.live("c").unwrap()["Needs"], json!("arn:b"));
    let begins: Vec<_> = world.cloud.calls().into_iter().filter(|c| c.starts_with("create")).collect();
    assert_eq!(begins, ["create a", "create b", "create c"]);
    assert!(world.is_converged(&chain()).await);
}

#[tokio::test(start_paused = true)]
async fn a_dependency_settles_before_its_dependents_begin() {
    let world = World::new();
    let outcome = world.build(&chain()).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let done = world.recorder.at(|kind| matches!(kind, EventKind::OpDone { .. }));
    let begin = world.recorder.at(|kind| matches!(kind, EventKind::OpBegin { .. }));
    assert!(done[0] <= begin[1] && done[1] <= begin[2], "{done:?} {begin:?}");
}

#[tokio::test(start_paused = true)]
async fn independent_steps_fly_together_unless_operations_are_bounded() {
    let stack = FakeStack::new((0..12).map(|n| Thing::new(&format!("t{n}"))));
    let world = World::new();
    assert_eq!(world.build(&stack).await.ended, Ended::Succeeded);
    let together = world.recorder.at(|kind| matches!(kind, EventKind::RunEnd { .. }))[0];

    let world = World::new();
    let bounded = RunOptions { operations: Some(3), ..world.options() };
    assert_eq!(world.go(&stack, Mode::Build, bounded).await.ended, Ended::Succeeded);
    let apart = world.recorder.at(|kind| matches!(kind, EventKind::RunEnd { .. }))[0];
    assert!(apart > 3.5 * together, "{together} {apart}");
    // Never more than three at once.
    let mut flying = 0_i32;
    for line in world.recorder.lines() {
        flying += i32::from(line.starts_with("op_begin")) - i32::from(line.starts_with("op_done"));
        assert!(flying <= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_goes_backwards_and_sees_everything_gone() {
    let world = World::new();
    assert_eq!(world.build(&chain()).await.ended, Ended::Succeeded);
    let outcome = world.go(&chain(), Mode::Teardown, world.options()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert!(world.cloud.names().is_empty());
    let deletes: Vec<_> = world.cloud.calls().into_iter().filter(|c| c.starts_with("delete")).collect();
    assert_eq!(deletes, ["delete c", "delete b", "delete a"]);
    assert!(outcome.outputs["a"].gone);
}

#[tokio::test(start_paused = true)]
async fn a_build_costs_one_read_before_and_one_after_each_create() {
    let world = World::new();
    let outcome = world.build(&chain()).await;
    // The key of each is declared: one read for the plan, one to see it.
    assert_eq!(outcome.calls.of("read"), 6);
    assert_eq!(outcome.calls.of("create"), 3);
    assert_eq!(outcome.calls.of("caller"), 0);
    // What is absent may be there under another identifier: the tag index is asked once, whatever the number.
    assert_eq!(outcome.calls.of("tagged"), 2, "two pages");
    assert_eq!(outcome.calls.total(), 6 + 3 + 2 + outcome.calls.of("status"));
    let again = world.build(&chain()).await;
    assert_eq!(again.calls.total(), 3);
}

fn zoned(zone: &str) -> FakeStack {
    FakeStack::new([Thing::new("a").with("Zone", lit(zone)), Thing::new("b").with("Needs", of("a", "Arn"))])
}

#[tokio::test(start_paused = true)]
async fn a_replacement_of_the_same_name_deletes_first() {
    let world = World::new();
    assert_eq!(world.build(&zoned("z1")).await.ended, Ended::Succeeded);
    let outcome = world.build(&zoned("z2")).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert!(matches!(end_of(&outcome, &delete("a")), StepEnd::Done { verb: Some(Verb::Delete), .. }));
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Done { verb: Some(Verb::Create), .. }));
    assert_eq!(world.cloud.live("a").unwrap()["Zone"], json!("z2"));
    assert!(world.is_converged(&zoned("z2")).await);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_under_a_new_identifier_creates_first_and_dependents_switch_before_the_delete() {
    let world = World::new();
    let tags = json!([
        {"Key": "stackql:stack-name", "Value": "shop"},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": "a"},
    ]);
    let old = json!({"Id": "auto-old", "Arn": "arn:auto-old", "Zone": "z1", "Tags": tags});
    world.cloud.put(crate::testing::AUTO, "auto-old", old);
    let mut a = Thing::of_type("a", crate::testing::AUTO).with("Zone", lit("z1"));
    a.pin = Some(stack_core::value::Value::text("auto-old"));
    let stack = |zone: &str| {
        FakeStack::new([a.clone().with("Zone", lit(zone)), Thing::new("b").with("Needs", of("a", "Arn"))])
    };
    assert_eq!(world.build(&stack("z1")).await.ended, Ended::Succeeded);
    let before = world.cloud.calls().len();
    let outcome = world.build(&stack("z2")).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    let writes: Vec<_> = world.cloud.calls()[before..]
        .iter()
        .filter(|call| ["create", "update", "delete"].iter().any(|verb| call.starts_with(verb)))
        .cloned()
        .collect();
    assert_eq!(writes, ["create ?", "update b", "delete auto-old"]);
    let new = world.cloud.live("b").unwrap()["Needs"].clone();
    assert!(new.as_str().unwrap().starts_with("arn:auto-") && new != json!("arn:auto-old"), "{new}");
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_nothing_new_begins_and_what_flies_is_finished() {
    let stack = FakeStack::new([
        Thing::new("bad"),
        Thing::new("slow"),
        Thing::new("later").after("slow"),
        Thing::new("child").after("bad"),
    ]);
    let world = World::new();
    world.cloud.fault(
        "create bad",
        Fault::Refuse(stack_core::provider::FailureKind::Invalid, "ValidationException", "no"),
    );
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert!(matches!(end_of(&outcome, &put("slow")), StepEnd::Done { .. }));
    assert_eq!(*end_of(&outcome, &put("later")), StepEnd::NotRun(NotRun::AfterFailure));
    assert_eq!(*end_of(&outcome, &put("child")), StepEnd::NotRun(NotRun::Needs(put("bad"))));
}

#[tokio::test(start_paused = true)]
async fn with_ignore_whatever_does_not_hang_on_the_failure_goes_on() {
    let stack = FakeStack::new([
        Thing::new("bad"),
        Thing::new("slow"),
        Thing::new("later").after("slow"),
        Thing::new("child").after("bad"),
    ]);
    let world = World::new();
    world.cloud.fault(
        "create bad",
        Fault::Refuse(stack_core::provider::FailureKind::Invalid, "ValidationException", "no"),
    );
    let options = RunOptions { on_failure: OnFailure::Ignore, ..world.options() };
    let outcome = world.go(&stack, Mode::Build, options).await;
    assert!(matches!(end_of(&outcome, &put("later")), StepEnd::Done { .. }));
    assert_eq!(*end_of(&outcome, &put("child")), StepEnd::NotRun(NotRun::Needs(put("bad"))));
}

#[tokio::test(start_paused = true)]
async fn a_delete_in_use_goes_behind_the_others() {
    let world = World::new();
    let stack = FakeStack::new([Thing::new("a"), Thing::new("b")]);
    assert_eq!(world.build(&stack).await.ended, Ended::Succeeded);
    let violation =
        Fault::End { code: "InvalidRequest", message: "DependencyViolation: has users", works: false };
    world.cloud.fault("delete a", violation);
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(2);
    let outcome = world.go(&stack, Mode::Teardown, world.options()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Delete, "a"), 2);
    assert!(world.cloud.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_stays_in_use_fails_after_three_waits() {
    let world = World::new();
    let stack = FakeStack::new([Thing::new("a")]);
    assert_eq!(world.build(&stack).await.ended, Ended::Succeeded);
    for _ in 0..4 {
        let violation = Fault::End { code: "InvalidRequest", message: "DependencyViolation", works: false };
        world.cloud.fault("delete a", violation);
    }
    let outcome = world.go(&stack, Mode::Teardown, world.options()).await;
    assert!(matches!(end_of(&outcome, &delete("a")), StepEnd::Failed { changed: false, .. }));
    assert_eq!(world.cloud.accepted(Verb::Delete, "a"), 4);
    assert_eq!(outcome.failures[0].code, crate::codes::IN_USE);
    // Nothing was changed: exit 1, not 6.
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
}

#[tokio::test(start_paused = true)]
async fn long_runs_give_a_sign_of_life_every_minute() {
    let world = World::new();
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(200);
    let outcome = world.build(&FakeStack::new([Thing::new("a")])).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let beats: Vec<_> = world
        .recorder
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Heartbeat { running, .. } => Some((event.elapsed.as_secs(), running.len())),
            _ => None,
        })
        .collect();
    assert_eq!(beats, [(60, 1), (120, 1), (180, 1)]);
}

#[tokio::test(start_paused = true)]
async fn events_have_numbers_without_gaps() {
    let world = World::new();
    assert_eq!(world.build(&chain()).await.ended, Ended::Succeeded);
    let numbers: Vec<u64> = world.recorder.events().iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_wall_time_of_a_large_build_stays_near_its_bound() {
    let mut world = World::new();
    world.limits = Limits::default();
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(20);
    *world.cloud.latency.lock().unwrap() = Duration::from_millis(150);
    let stack = FakeStack::new((0..400).map(|n| Thing::new(&format!("t{n}"))));
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let calls = &outcome.calls;
    let writes = calls.of("create") as f64 / 4.0;
    // The reads of the plan come before the run.
    let reads = (calls.total() - calls.of("create") - 400) as f64 / 20.0;
    // One operation with its polls and its read.
    let path = 28.0;
    let bound = writes.max(reads).max(path);
    let took = outcome.elapsed.as_secs_f64();
    assert!(took <= bound * 1.1 + path, "{took} for {bound}: {calls:?}");
}
