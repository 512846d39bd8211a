//! Resources whose own statements rule: several operations in one step.

use crate::engine::{OnFailure, RunOptions};
use crate::store::JournalStore;
use crate::testing::{FakeStack, Fault, THING, Thing, World, end_of, of, put};
use serde_json::json;
use stack_core::event::{Ended, EventKind};
use stack_core::flow::FlowKind;
use stack_core::journal::Record;
use stack_core::plan::{Action, Mode};
use stack_core::provider::{FailureKind, Verb};
use std::collections::BTreeSet;

pub(super) fn pair() -> FakeStack {
    FakeStack::new([
        Thing::new("before"),
        Thing::flow("pair", FlowKind::Resource, 2).after("before"),
        Thing::new("after").with("Needs", of("pair", "first")),
    ])
}

/// The numbers of the operations of `pair` as the journal has them, and how many different tokens they have.
fn intents(world: &World) -> (Vec<u32>, usize) {
    let entries = world.store.load(&"r_1".into()).unwrap().entries;
    let of_pair = entries.iter().filter_map(|entry| match &entry.record {
        Record::Intent { step, number, token, .. } if *step == put("pair") => {
            Some((*number, token.as_str().to_owned()))
        }
        _ => None,
    });
    let (numbers, tokens): (Vec<u32>, BTreeSet<String>) = of_pair.unzip();
    (numbers, tokens.len())
}

#[tokio::test(start_paused = true)]
async fn operations_of_a_step_have_numbers_and_tokens_of_their_own() {
    let world = World::new();
    let outcome = world.build(&pair()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    for name in ["before", "pair-0", "pair-1", "after"] {
        assert!(world.cloud.live(name).is_some(), "{name}");
    }
    assert_eq!(world.cloud.live("after").unwrap()["Needs"], "pair-0");
    assert_eq!(intents(&world), ([0, 1].to_vec(), 2));
    let said = world.recorder.events().into_iter().filter(|e| matches!(e.kind, EventKind::Said { .. }));
    assert_eq!(said.count(), 2);
    assert!(world.is_converged(&pair()).await);
}

#[tokio::test(start_paused = true)]
async fn a_flow_is_torn_down_by_its_own_statements() {
    let world = World::new();
    assert_eq!(world.build(&pair()).await.ended, Ended::Succeeded);
    let outcome = world.go(&pair(), Mode::Teardown, world.options()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    for name in ["before", "pair-0", "pair-1", "after"] {
        assert!(world.cloud.live(name).is_none(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_runs_always_is_work_and_no_change() {
    let world = World::new();
    let stack = FakeStack::new([Thing::flow("seed", FlowKind::Script, 1)]);
    for _ in 0..2 {
        let engine = world.engine(&stack);
        let (plan, outputs) = world.plan(&engine, Mode::Build).await;
        assert_eq!(plan.resources[0].action, Action::Run);
        assert!(plan.has_work() && !plan.has_changes());
        let events = world.events();
        let outcome =
            engine.run(plan, outputs, world.options(), &events, world.stop.subscribe()).await.unwrap();
        assert_eq!(outcome.ended, Ended::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_undoes_every_operation_newest_first() {
    let world = World::new();
    world.cloud.fault("create after", Fault::Refuse(FailureKind::Invalid, "InvalidRequest", "no"));
    let options = RunOptions { on_failure: OnFailure::Rollback, ..world.options() };
    let outcome = world.go(&pair(), Mode::Build, options).await;
    assert_eq!(outcome.ended, Ended::RolledBack, "{:?} {:?}", outcome.failures, outcome.undone);
    for name in ["before", "pair-0", "pair-1", "after"] {
        assert!(world.cloud.live(name).is_none(), "{name}");
    }
    let calls = world.cloud.calls();
    let deletes: Vec<&String> = calls.iter().filter(|call| call.starts_with("delete")).collect();
    assert_eq!(deletes.len(), 3, "{calls:?}");
    assert!(deletes[0].contains("pair-1") && deletes[1].contains("pair-0"), "{deletes:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_tried_again_under_its_number_with_another_token() {
    let world = World::new();
    world.cloud.fault("create pair-1", Fault::Refuse(FailureKind::Invalid, "InvalidRequest", "no"));
    let outcome = world.build(&pair()).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Create, "pair-1"), 1);
    assert_eq!(intents(&world), ([0, 1, 1].to_vec(), 3));
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_the_middle_says_that_something_was_changed() {
    let world = World::new();
    for _ in 0..2 {
        world.cloud.fault("create pair-1", Fault::Refuse(FailureKind::Invalid, "InvalidRequest", "no"));
    }
    let outcome = world.build(&pair()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    let end = end_of(&outcome, &put("pair"));
    assert!(matches!(end, crate::outcome::StepEnd::Failed { changed: true, .. }), "{end:?}");
    assert!(world.cloud.live("pair-0").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_accepted_and_failed_without_a_name_is_not_sent_again() {
    let world = World::new();
    // What it left, if anything, has a name that nobody told.
    world.cloud.fault("create pair-1", Fault::Nameless("NotStabilized"));
    let outcome = world.build(&pair()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(world.cloud.accepted(Verb::Create, "pair-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_another_stack_is_not_deleted_by_a_statement() {
    let world = World::new();
    assert_eq!(world.build(&pair()).await.ended, Ended::Succeeded);
    let tags = json!([{"Key": "stackql:stack-name", "Value": "other"}, {"Key": "stackql:stack-env", "Value": "dev"}]);
    world.cloud.put(THING, "pair-1", json!({"Name": "pair-1", "Tags": tags}));
    let outcome = world.go(&pair(), Mode::Teardown, world.options()).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert!(world.cloud.live("pair-0").is_none());
    assert!(world.cloud.live("pair-1").is_some());
    assert_eq!(world.cloud.count("delete pair-1"), 0, "{:?}", world.cloud.calls());
}
