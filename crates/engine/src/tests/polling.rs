use crate::outcome::StepEnd;
use crate::testing::{FakeStack, Fault, Thing, World, end_of, put};
use stack_core::event::{Ended, EventKind, WaitReason};
use stack_core::provider::{FailureKind, Verb};
use std::time::Duration;

fn one() -> FakeStack {
    FakeStack::new([Thing::new("a")])
}

/// Waits between the acceptance and each question, in seconds.
fn waits(world: &World) -> Vec<f64> {
    let accepted = world.recorder.at(|kind| matches!(kind, EventKind::OpAccepted { .. }));
    let mut last = accepted[0];
    world
        .cloud
        .times("status")
        .into_iter()
        .map(|at| (at - std::mem::replace(&mut last, at) * 1.0).abs())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_question_comes_after_a_second_and_the_rest_by_the_schedule() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = Duration::ZERO;
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(120);
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
    let waits = waits(&world);
    let schedule: [f64; 9] = [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10.0, 10.0, 10.0];
    assert!((waits[0] - 1.0).abs() < 0.002, "{waits:?}");
    for (wait, base) in waits.iter().zip(schedule).skip(1) {
        assert!((0.8 * base - 0.01..=(1.2 * base).min(10.0) + 0.01).contains(wait), "{wait} for {base}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_ten_minutes_the_questions_come_twice_a_minute() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = Duration::ZERO;
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(900);
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
    let times = world.cloud.times("status");
    let late: Vec<f64> = times.windows(2).filter(|w| w[0] > 602.0).map(|w| w[1] - w[0]).collect();
    assert!(!late.is_empty() && late.iter().all(|wait| (wait - 30.0).abs() < 0.002), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_service_asks_for_is_kept() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = Duration::ZERO;
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(300);
    world.cloud.fault("status", Fault::RetryAfter(42_000)).fault("status", Fault::RetryAfter(3_600_000));
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
    let waits = waits(&world);
    assert!((waits[1] - 42.0).abs() < 0.002 && (waits[2] - 60.0).abs() < 0.002, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn words_that_nobody_knows_are_no_end() {
    let world = World::new();
    world.cloud.fault("status", Fault::Word("WAITING_FOR_GODOT"));
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn failed_questions_are_asked_again_with_the_same_ticket() {
    let world = World::new();
    for _ in 0..12 {
        world.cloud.fault("status", Fault::LoseCall);
    }
    assert_eq!(world.build(&one()).await.ended, Ended::Succeeded);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_end_is_unknown_after_the_handlers_time_and_a_tenth() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Stuck);
    let outcome = world.build(&one()).await;
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Unknown { request: Some(_), .. }));
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    let minutes = outcome.elapsed.as_secs() / 60;
    assert!((22..=23).contains(&minutes), "{minutes}");
    assert_eq!(outcome.failures[0].code, crate::codes::UNKNOWN_END);
}

#[tokio::test(start_paused = true)]
async fn the_users_own_limit_counts() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Stuck);
    let mut thing = Thing::new("a");
    thing.lifecycle.timeout = Some(Duration::from_secs(30));
    let outcome = world.build(&FakeStack::new([thing])).await;
    assert!(outcome.elapsed < Duration::from_secs(45), "{:?}", outcome.elapsed);
}

#[tokio::test(start_paused = true)]
async fn throttled_time_does_not_count_against_the_limit() {
    let world = World::new();
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(100);
    for _ in 0..8 {
        world.cloud.fault("status", Fault::Refuse(FailureKind::Throttled, "ThrottlingException", "slow"));
    }
    let mut thing = Thing::new("a");
    thing.lifecycle.timeout = Some(Duration::from_secs(30));
    let outcome = world.build(&FakeStack::new([thing])).await;
    // Eight throttles take some 85 s; without them the operation would be unknown at 30 s.
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    let throttled = |kind: &EventKind| matches!(kind, EventKind::OpWait { why: WaitReason::Throttled, .. });
    assert_eq!(world.recorder.at(throttled).len(), 8);
}

#[tokio::test(start_paused = true)]
async fn many_operations_stretch_their_questions() {
    let mut world = World::new();
    world.limits.reads = 20.0;
    *world.cloud.takes.lock().unwrap() = Duration::from_secs(60);
    let stack = FakeStack::new((0..100).map(|n| Thing::new(&format!("t{n}"))));
    let outcome = world.build(&stack).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    // A hundred in flight may ask ten times a second together: every ten seconds each.
    assert!(outcome.calls.of("status") <= 800, "{}", outcome.calls.of("status"));
    assert!(outcome.elapsed < Duration::from_secs(90), "{:?}", outcome.elapsed);
}
