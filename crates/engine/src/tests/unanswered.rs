//! Services that keep no records of operations: what became of an update or delete without an answer is told by reads.

use crate::outcome::{Outcome, StepEnd};
use crate::store::JournalStore;
use crate::testing::{FakeStack, Fault, Thing, World, delete, end_of, lit, put};
use serde_json::json;
use stack_core::event::Ended;
use stack_core::journal::{Record, SettledStatus};
use stack_core::plan::Mode;
use stack_core::provider::Verb;
use std::time::Duration;

/// One submit and its repeats.
const CALLS: usize = 7;

fn sized(size: u32) -> FakeStack {
    FakeStack::new([Thing::new("a").with("Size", lit(size))])
}

/// Size 1 is there; the next `times` calls have no answer.
async fn world(call: &str, fault: &Fault, times: usize) -> World {
    let world = World::new();
    *world.cloud.forgets.lock().unwrap() = true;
    *world.cloud.takes.lock().unwrap() = Duration::ZERO;
    assert_eq!(world.build(&sized(1)).await.ended, Ended::Succeeded);
    for _ in 0..times {
        world.cloud.fault(call, fault.clone());
    }
    world
}

async fn teardown(world: &World) -> Outcome {
    world.go(&sized(1), Mode::Teardown, world.options()).await
}

/// How the operations of a run were settled.
fn settled(world: &World, run: &str) -> Vec<SettledStatus> {
    let entries = world.store.load(&run.into()).unwrap().entries;
    let status = |record: &Record| match record {
        Record::Settled { status, .. } => Some(*status),
        _ => None,
    };
    entries.iter().filter_map(|entry| status(&entry.record)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_update_that_arrived_is_seen_and_not_sent_again() {
    let world = world("update a", &Fault::LoseReply, CALLS).await;
    let outcome = world.build(&sized(2)).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    assert_eq!(settled(&world, "r_2"), [SettledStatus::Unknown]);
    assert_eq!(world.cloud.live("a").unwrap()["Size"], json!(2));
    assert_eq!(world.cloud.count("update a"), CALLS);
    assert_eq!(world.cloud.count("requests"), 0);
    let StepEnd::Done { verb, .. } = end_of(&outcome, &put("a")) else { panic!("{:?}", outcome.steps) };
    assert_eq!(*verb, Some(Verb::Update));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_did_not_arrive_is_sent_once_more() {
    let world = world("update a", &Fault::LoseCall, CALLS).await;
    let outcome = world.build(&sized(2)).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    assert_eq!(settled(&world, "r_2"), [SettledStatus::Unknown, SettledStatus::Success]);
    assert_eq!(world.cloud.accepted(Verb::Update, "a"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_nobody_answers_is_unknown_until_the_next_run_has_read() {
    let world = world("update a", &Fault::LoseCall, 2 * CALLS).await;
    let outcome = world.build(&sized(2)).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(*end_of(&outcome, &put("a")), StepEnd::Unknown { verb: Some(Verb::Update), request: None });
    assert_eq!(world.store.unfinished().unwrap().len(), 1);
    let outcome = world.build(&sized(2)).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    assert!(world.store.unfinished().unwrap().is_empty());
    assert_eq!(world.cloud.accepted(Verb::Update, "a"), 1);
    assert!(world.is_converged(&sized(2)).await);
}

#[tokio::test(start_paused = true)]
async fn a_delete_without_an_answer_is_read_until_it_is_gone() {
    for (fault, times, ends) in [
        (Fault::LoseReply, CALLS, &[SettledStatus::Unknown][..]),
        (Fault::LoseCall, CALLS, &[SettledStatus::Unknown, SettledStatus::Success]),
    ] {
        let world = world("delete a", &fault, times).await;
        let outcome = teardown(&world).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{fault:?}: {:?}", outcome.failures);
        assert_eq!(settled(&world, "r_2"), ends, "{fault:?}");
        assert_eq!(world.cloud.accepted(Verb::Delete, "a"), 1, "{fault:?}");
        assert!(world.cloud.live("a").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_nobody_answers_is_settled_by_the_next_run() {
    for is_gone in [false, true] {
        let world = world("delete a", &Fault::LoseCall, 2 * CALLS).await;
        let outcome = teardown(&world).await;
        let unknown = StepEnd::Unknown { verb: Some(Verb::Delete), request: None };
        assert_eq!(*end_of(&outcome, &delete("a")), unknown);
        if is_gone {
            // It was only slow.
            world.cloud.other_work(Verb::Delete, "a", Duration::from_secs(20));
        }
        let outcome = teardown(&world).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
        assert!(world.store.unfinished().unwrap().is_empty());
        assert!(world.cloud.live("a").is_none());
        let last = settled(&world, "r_2").pop();
        assert_eq!(last == Some(SettledStatus::Success), is_gone, "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_sees_that_what_it_deletes_is_gone() {
    let world = World::new();
    *world.cloud.forgets.lock().unwrap() = true;
    *world.cloud.takes.lock().unwrap() = Duration::ZERO;
    let stack = super::flows::pair();
    assert_eq!(world.build(&stack).await.ended, Ended::Succeeded);
    for _ in 0..CALLS {
        world.cloud.fault("delete pair-0", Fault::LoseReply);
    }
    let outcome = world.go(&stack, Mode::Teardown, world.options()).await;
    assert_eq!(settled(&world, "r_2")[1], SettledStatus::Unknown, "{:?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Delete, "pair-0"), 1);
    assert!(world.cloud.live("pair-0").is_none());
}
