use crate::codes;
use crate::engine::{OnFailure, RunOptions};
use crate::outcome::{Outcome, StepEnd};
use crate::testing::{FakeStack, Fault, THING, Thing, World, end_of, lit, put, secret};
use serde_json::json;
use stack_core::event::{Ended, EventKind};
use stack_core::plan::Mode;
use stack_core::provider::{FailureKind, Verb};

async fn with_rollback(world: &World, stack: &FakeStack) -> Outcome {
    let options = RunOptions { on_failure: OnFailure::Rollback, ..world.options() };
    world.go(stack, Mode::Build, options).await
}

fn refused() -> Fault {
    Fault::End { code: "InvalidRequest", message: "no", works: false }
}

fn sized(size: u32) -> Thing {
    Thing::new("old").with("Size", lit(size))
}

#[tokio::test(start_paused = true)]
async fn a_failed_build_is_undone_newest_first() {
    let world = World::new();
    assert_eq!(world.build(&FakeStack::new([sized(1)])).await.ended, Ended::Succeeded);
    let stack = FakeStack::new([
        sized(2).with("Note", lit("new")),
        Thing::new("made").after("old"),
        Thing::new("bad").after("made"),
    ]);
    world.cloud.fault("create bad", refused());
    let outcome = with_rollback(&world, &stack).await;
    assert_eq!(outcome.ended, Ended::RolledBack, "{:#?}", outcome.warnings);
    assert_eq!(world.cloud.names(), ["old"]);
    let old = world.cloud.live("old").unwrap();
    assert_eq!((&old["Size"], old.get("Note")), (&json!(1), None));
    let order: Vec<_> = outcome.undone.iter().map(|undone| undone.step.address.as_str().to_owned()).collect();
    assert_eq!(order, ["made", "old"]);
    assert_eq!(world.recorder.at(|kind| matches!(kind, EventKind::RollbackBegin { steps: 2 })).len(), 1);
    assert!(world.is_converged(&FakeStack::new([sized(1)])).await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_create_that_left_a_part_is_removed_too() {
    let world = World::new();
    let part = Fault::End { code: "InvalidRequest", message: "no", works: true };
    world.cloud.fault("create bad", part);
    let outcome = with_rollback(&world, &FakeStack::new([Thing::new("bad")])).await;
    assert_eq!(outcome.ended, Ended::RolledBack, "{:#?}", outcome.warnings);
    assert!(world.cloud.names().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_build_that_failed_before_any_change_has_nothing_to_undo() {
    let world = World::new();
    world.cloud.fault("create bad", refused());
    let outcome = with_rollback(&world, &FakeStack::new([Thing::new("bad")])).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert!(outcome.undone.is_empty());
}

#[tokio::test(start_paused = true)]
async fn values_that_reads_never_show_cannot_come_back_and_that_is_said() {
    let world = World::new();
    let old = |size| sized(size).with("Password", secret("one"));
    assert_eq!(world.build(&FakeStack::new([old(1)])).await.ended, Ended::Succeeded);
    let mut changed = sized(2).with("Password", secret("two"));
    changed.lifecycle.secret_version = Some("v2".into());
    world.cloud.fault("create bad", refused());
    let outcome = with_rollback(&world, &FakeStack::new([changed, Thing::new("bad").after("old")])).await;
    assert_eq!(outcome.ended, Ended::RollbackIncomplete);
    assert_eq!(world.cloud.live("old").unwrap()["Size"], json!(1));
    assert!(outcome.undone[0].note.contains("Password"), "{}", outcome.undone[0].note);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_whose_old_half_is_gone_stays() {
    let world = World::new();
    let old = |zone: &str| Thing::new("old").with("Zone", lit(zone));
    assert_eq!(world.build(&FakeStack::new([old("z1")])).await.ended, Ended::Succeeded);
    world.cloud.fault("create bad", refused());
    let outcome = with_rollback(&world, &FakeStack::new([old("z2"), Thing::new("bad").after("old")])).await;
    assert_eq!(outcome.ended, Ended::RollbackIncomplete);
    assert_eq!(world.cloud.live("old").unwrap()["Zone"], json!("z2"));
    assert!(outcome.warnings.iter().any(|warning| warning.code == codes::NOT_UNDONE));
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_fails_is_named() {
    let world = World::new();
    world.cloud.fault("create bad", refused()).fault("delete made", refused());
    let stack = FakeStack::new([Thing::new("made"), Thing::new("bad").after("made")]);
    let outcome = with_rollback(&world, &stack).await;
    assert_eq!(outcome.ended, Ended::RollbackIncomplete);
    assert_eq!(world.cloud.names(), ["made"]);
    assert_eq!(world.cloud.accepted(Verb::Delete, "made"), 1);
}

/// `a` is there, as our stack would have made it, but the plan did not see it: another run was quicker.
fn made_by_another_run(world: &World, size: u32) {
    let tags = json!([
        {"Key": "stackql:stack-name", "Value": "shop"},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": "a"},
    ]);
    world.cloud.put(THING, "a", json!({"Name": "a", "Size": size, "Tags": tags}));
    world.cloud.fault("read a", Fault::Unseen);
    *world.cloud.index_lags.lock().unwrap() = true;
}

#[tokio::test(start_paused = true)]
async fn what_another_run_made_meanwhile_is_not_deleted() {
    for kind in [FailureKind::AlreadyExists, FailureKind::Busy] {
        let world = World::new();
        made_by_another_run(&world, 1);
        world.cloud.fault("create a", Fault::Refuse(kind, "Code", "")).fault("create bad", refused());
        let stack = FakeStack::new([Thing::new("a").with("Size", lit(1)), Thing::new("bad").after("a")]);
        let outcome = with_rollback(&world, &stack).await;
        assert_eq!(outcome.ended, Ended::Failed { changed: false }, "{kind:?} {:#?}", outcome.warnings);
        assert_eq!(world.cloud.names(), ["a"]);
        assert_eq!(world.cloud.count("delete"), 0);
        let end = end_of(&outcome, &put("a"));
        assert!(matches!(end, StepEnd::Done { verb: None, .. }), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_run_made_otherwise_is_neither_changed_nor_deleted() {
    let world = World::new();
    made_by_another_run(&world, 7);
    world
        .cloud
        .fault("create a", Fault::Refuse(FailureKind::AlreadyExists, "Code", ""))
        .fault("create bad", refused());
    let stack = FakeStack::new([Thing::new("a").with("Size", lit(1)), Thing::new("bad").after("a")]);
    let outcome = with_rollback(&world, &stack).await;
    assert_eq!(outcome.ended, Ended::Failed { changed: false }, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.live("a").unwrap()["Size"], json!(7));
    assert_eq!(world.cloud.count("delete"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_met_of_its_own_stays_and_that_is_said() {
    // Trap 84: accepted, then AlreadyExists. Nobody can tell it from the work of another run.
    let world = World::new();
    let twice = Fault::End { code: "AlreadyExists", message: "", works: true };
    world.cloud.fault("create a", twice).fault("create bad", refused());
    let stack = FakeStack::new([Thing::new("a"), Thing::new("bad").after("a")]);
    let outcome = with_rollback(&world, &stack).await;
    assert_eq!(outcome.ended, Ended::RollbackIncomplete);
    assert_eq!(world.cloud.names(), ["a"]);
    assert_eq!(outcome.undone[0].note, "nobody knows who made it");
}
