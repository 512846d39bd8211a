use crate::codes;
use crate::engine::{Interrupt, RunOptions};
use crate::outcome::{NotRun, Outcome, StepEnd};
use crate::store::JournalStore;
use crate::testing::{FakeStack, Fault, Thing, World, end_of, of, put};
use stack_core::event::{Ended, EventKind};
use stack_core::flow::FlowKind;
use stack_core::journal::Record;
use stack_core::plan::Mode;
use stack_core::provider::{FailureKind, Verb};
use std::time::Duration;
use tokio::time::sleep;

fn two() -> FakeStack {
    FakeStack::new([Thing::new("a"), Thing::new("b").after("a")])
}

/// A build that is interrupted at these times.
async fn interrupted(world: &World, at: &[(u64, Interrupt)]) -> Outcome {
    let stop = async {
        let mut now = 0;
        for (ms, interrupt) in at {
            sleep(Duration::from_millis(ms - now)).await;
            now = *ms;
            world.stop.send_replace(*interrupt);
        }
    };
    let stack = two();
    let (outcome, ()) = tokio::join!(world.build(&stack), stop);
    outcome
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_lets_what_flies_land_and_starts_nothing_new() {
    let world = World::new();
    let outcome = interrupted(&world, &[(2_000, Interrupt::First)]).await;
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Done { .. }));
    assert_eq!(*end_of(&outcome, &put("b")), StepEnd::NotRun(NotRun::Stopped));
    assert!(world.store.unfinished().unwrap().is_empty());
    world.stop.send_replace(Interrupt::None);
    assert_eq!(world.build(&two()).await.ended, Ended::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_first_step_changes_nothing() {
    let world = World::new();
    world.stop.send_replace(Interrupt::First);
    let outcome = world.build(&two()).await;
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_eq!(world.cloud.count("create"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_after_the_last_step_is_too_late_to_matter() {
    let world = World::new();
    let one = FakeStack::new([Thing::new("a")]);
    let (outcome, ()) = tokio::join!(world.build(&one), async {
        sleep(Duration::from_secs(2)).await;
        world.stop.send_replace(Interrupt::First);
    });
    assert_eq!(outcome.ended, Ended::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn the_second_interrupt_cancels_and_leaves_with_the_tokens() {
    let world = World::new();
    let outcome = interrupted(&world, &[(1_500, Interrupt::First), (2_000, Interrupt::Second)]).await;
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert!(outcome.elapsed < Duration::from_secs(3), "{:?}", outcome.elapsed);
    assert_eq!(world.cloud.count("cancel r1"), 1);
    let (step, request) = outcome.unknown().next().unwrap();
    assert_eq!((step, request.unwrap().as_str()), (&put("a"), "r1"));
    // The journal is open, so the next run asks first.
    assert_eq!(world.store.unfinished().unwrap().len(), 1);
    world.stop.send_replace(Interrupt::None);
    assert_eq!(world.build(&two()).await.ended, Ended::Succeeded);
    assert!(world.store.unfinished().unwrap().is_empty());
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_gets_no_answer_holds_nobody_up() {
    let world = World::new();
    world.cloud.fault("cancel", Fault::LoseCall);
    let outcome = interrupted(&world, &[(2_000, Interrupt::Second)]).await;
    assert_eq!(outcome.ended, Ended::Interrupted);
    world.stop.send_replace(Interrupt::None);
    // It was never cancelled: the next run waits for it and makes nothing twice.
    assert_eq!(world.build(&two()).await.ended, Ended::Succeeded);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_does_not_begin_another_round() {
    let world = World::new();
    let fails = Fault::End { code: "ServiceInternalError", message: "", works: false };
    world.cloud.fault("create a", fails);
    let outcome = interrupted(&world, &[(6_000, Interrupt::First)]).await;
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Failed { changed: false, .. }));
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_starts_nothing_new_and_waits_for_a_while() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Stuck);
    let options = RunOptions {
        timeout: Some(Duration::from_secs(60)),
        grace: Duration::from_secs(30),
        ..world.options()
    };
    let outcome = world.go(&two(), Mode::Build, options).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(outcome.failures[0].code, codes::TIME_IS_OVER);
    assert!((90..=91).contains(&outcome.elapsed.as_secs()), "{:?}", outcome.elapsed);
    assert_eq!(world.cloud.count("cancel"), 0);
    assert_eq!(outcome.unknown().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_ends_endless_throttling() {
    let world = World::new();
    for _ in 0..200 {
        world.cloud.fault("create", Fault::Refuse(FailureKind::Throttled, "ThrottlingException", ""));
    }
    let options = RunOptions {
        timeout: Some(Duration::from_secs(300)),
        grace: Duration::from_secs(10),
        ..world.options()
    };
    let outcome = world.go(&two(), Mode::Build, options).await;
    // Nothing was ever accepted, so there is nothing to wait for, and nothing was changed.
    assert_eq!(outcome.elapsed.as_secs(), 300);
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(outcome.unknown().count(), 0);
    assert!(world.store.unfinished().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_over_waits_as_long_again_at_most_a_minute() {
    for (limit, end) in [(5, 15), (20, 40), (600, 660)] {
        let world = World::new();
        world.cloud.fault("create a", Fault::Stuck);
        let options = RunOptions { timeout: Some(Duration::from_secs(limit)), ..world.options() };
        let outcome = world.go(&two(), Mode::Build, options).await;
        assert_eq!(outcome.elapsed.as_secs(), end);
        let (step, request) = outcome.unknown().next().unwrap();
        assert_eq!((step, request.unwrap().as_str()), (&put("a"), "r1"));
        assert_eq!(world.store.unfinished().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_throttled_without_end_does_not_outlive_the_time_limit() {
    let world = World::new();
    for _ in 0..2_000 {
        world.cloud.fault("status", Fault::Refuse(FailureKind::Throttled, "ThrottlingException", ""));
    }
    let options = RunOptions { timeout: Some(Duration::from_secs(30)), ..world.options() };
    let outcome = world.go(&two(), Mode::Build, options).await;
    assert_eq!(outcome.elapsed.as_secs(), 60);
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(outcome.unknown().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_well_in_the_grace_has_no_error() {
    let world = World::new();
    let one = FakeStack::new([Thing::new("a")]);
    let options = RunOptions { timeout: Some(Duration::from_secs(3)), ..world.options() };
    let outcome = world.go(&one, Mode::Build, options).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
}

#[tokio::test(start_paused = true)]
async fn a_submit_that_waits_for_its_turn_is_not_sent_after_an_interrupt() {
    let mut world = World::new();
    world.limits.writes = 0.01;
    let stack = FakeStack::new(["a", "b", "c"].map(Thing::new));
    let stop = async {
        sleep(Duration::from_secs(20)).await;
        world.stop.send_replace(Interrupt::First);
    };
    let (outcome, ()) = tokio::join!(world.build(&stack), stop);
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert!(outcome.elapsed <= Duration::from_secs(20), "{:?}", outcome.elapsed);
    assert_eq!(world.cloud.count("create"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_breaks_down_takes_nobody_with_it() {
    let world = World::new();
    world.cloud.fault("create a", Fault::Panic);
    let stack = FakeStack::new([Thing::new("a"), Thing::new("b")]);
    let outcome = world.build(&stack).await;
    assert!(outcome.failures.iter().any(|problem| problem.code == codes::BROKE_DOWN));
    assert!(matches!(end_of(&outcome, &put("b")), StepEnd::Done { .. }));
    // Whether the call arrived is for the next run to find out.
    assert!(matches!(end_of(&outcome, &put("a")), StepEnd::Unknown { .. }));
    assert_eq!(world.build(&stack).await.ended, Ended::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_only_looking_when_the_run_stops_sends_nothing() {
    // The name of `b` is known when `a` is there: `b` reads before it creates.
    let stack = FakeStack::new([Thing::new("a"), Thing::new("b").with("Name", of("a", "Arn"))]);
    let world = World::new();
    let engine = world.engine(&stack);
    let (plan, outputs) = world.plan(&engine, Mode::Build).await;
    // Slow enough for the interrupt to come before the answer.
    *world.cloud.latency.lock().unwrap() = Duration::from_millis(250);
    let (events, interrupts) = (world.events(), world.stop.subscribe());
    let run = engine.run(plan, outputs, world.options(), &events, interrupts);
    let early = async {
        // The look of `b` begins right after `a` is done.
        while world.recorder.at(|kind| matches!(kind, EventKind::OpDone { .. })).is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        world.stop.send_replace(Interrupt::First);
    };
    let (outcome, ()) = tokio::join!(run, early);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_eq!(*end_of(&outcome, &put("b")), StepEnd::NotRun(NotRun::Stopped));
    assert_eq!((world.cloud.count("read arn:a"), world.cloud.count("create")), (1, 1));
}

/// A build of one command that sleeps.
async fn sleeping(world: &World, options: RunOptions, second_at: Option<u64>) -> Outcome {
    let stack = FakeStack::new([
        Thing::new("before"),
        Thing::flow("sleep", FlowKind::Script, 1).after("before"),
        Thing::new("later").after("sleep"),
    ]);
    let stop = async {
        let Some(at) = second_at else { return };
        sleep(Duration::from_millis(at)).await;
        world.stop.send_replace(Interrupt::First);
        sleep(Duration::from_secs(5)).await;
        world.stop.send_replace(Interrupt::Second);
    };
    let (outcome, ()) = tokio::join!(world.go(&stack, Mode::Build, options), stop);
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_command_that_flies_is_stopped_halfway_and_the_journal_knows() {
    let by_timeout = |world: &World| RunOptions { timeout: Some(Duration::from_secs(60)), ..world.options() };
    for (second_at, ended) in [(Some(60_000), Ended::Interrupted), (None, Ended::Failed { changed: true })] {
        let world = World::new();
        let options = if second_at.is_some() { world.options() } else { by_timeout(&world) };
        let outcome = sleeping(&world, options, second_at).await;
        assert_eq!(outcome.ended, ended);
        let end = end_of(&outcome, &put("sleep"));
        assert!(matches!(end, StepEnd::Failed { changed: true, code, .. } if code == "SD1486"), "{end:?}");
        assert!(matches!(end_of(&outcome, &put("later")), StepEnd::NotRun(_)));
        assert!(outcome.failures.iter().any(|told| told.message == "Stopped"), "{:?}", outcome.failures);
        let entries = world.store.load(&"r_1".into()).unwrap().entries;
        let failed = entries.iter().any(|entry| {
            matches!(&entry.record, Record::Failed { step, code } if *step == put("sleep") && code == "SD1486")
        });
        assert!(failed, "{entries:?}");
        // Nothing of it is open: the next run need not ask.
        assert!(world.store.unfinished().unwrap().is_empty());
    }
}
