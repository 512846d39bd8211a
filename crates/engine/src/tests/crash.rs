//! Killed at every position of the journal, run again: nothing doubled, nothing lost.

use crate::engine::RunOptions;
use crate::outcome::Outcome;
use crate::store::JournalStore;
use crate::testing::{AUTO, FakeStack, Fault, Thing, World, lit, of, put, target};
use serde_json::json;
use stack_core::event::Ended;
use stack_core::ids::{RunId, StackId};
use stack_core::journal::{Entry, FORMAT, Named, Record};
use stack_core::plan::Mode;
use stack_core::provider::{Provider, Verb};
use std::time::Duration;
use tokio::time::sleep;

fn stack(size: u32) -> FakeStack {
    FakeStack::new([
        Thing::new("a").with("Size", lit(size)),
        Thing::new("b").with("Needs", of("a", "Arn")).with("Size", lit(size)),
        Thing::of_type("auto", AUTO).with("Alias", lit("auto-alias")).with("Size", lit(size)),
        Thing::new("c").with("Needs", of("auto", "Arn")),
    ])
}

/// A run that may be cut off by the death of its journal: `None`.
async fn attempt(world: &World, stack: &FakeStack, mode: Mode, killed: bool) -> Option<Outcome> {
    let run = async {
        let engine = world.engine(stack);
        let events = world.events();
        let closed = engine.close_unfinished(&events).await.ok()?;
        assert!(closed.open.is_empty());
        let (plan, outputs) = world.plan(&engine, mode).await;
        assert!(
            !plan.is_blocked() && !plan.diagnostics.iter().any(|d| d.is_error()),
            "{:#?}",
            plan.diagnostics
        );
        let options = RunOptions { digest: "d".into(), ..world.options() };
        engine.run(plan, outputs, options, &events, world.stop.subscribe()).await.ok()
    };
    tokio::select! {
        biased;
        () = world.store.died(), if killed => None,
        outcome = run => outcome,
    }
}

#[derive(Clone, Copy, Debug)]
struct Crash {
    /// Killed at the failing write; else the disk is full and the run goes on as it can.
    killed: bool,
    power_loss: bool,
    /// Time until the next run.
    rest: Duration,
}

fn crashes() -> Vec<Crash> {
    let mut all = Vec::new();
    for (killed, power_loss) in [(true, false), (true, true), (false, false)] {
        for rest in [Duration::ZERO, Duration::from_millis(2_500), Duration::from_secs(60)] {
            all.push(Crash { killed, power_loss, rest });
        }
    }
    all
}

/// Runs with a crash at every position, then again; `check` looks at the world after it.
async fn at_every_position(
    prepare: impl AsyncFn(&World),
    wanted: &FakeStack,
    mode: Mode,
    check: impl Fn(&World, &str),
) {
    let mut positions = 0;
    for crash in crashes() {
        for position in 0.. {
            let world = World::new();
            prepare(&world).await;
            world.store.die_after(position, crash.power_loss);
            let first = attempt(&world, wanted, mode, crash.killed).await;
            if !world.store.revive() {
                assert_eq!(first.map(|outcome| outcome.ended), Some(Ended::Succeeded));
                assert!(position > 8, "the whole run has only {position} records");
                break;
            }
            positions += 1;
            sleep(crash.rest).await;
            let place = format!("{crash:?} at {position}");
            let second = attempt(&world, wanted, mode, true).await.unwrap_or_else(|| panic!("{place}"));
            assert_eq!(second.ended, Ended::Succeeded, "{place}: {:#?}", second.failures);
            assert!(world.store.unfinished().unwrap().is_empty(), "{place}");
            check(&world, &place);
        }
    }
    assert!(positions > 90, "{positions}");
}

#[tokio::test(start_paused = true)]
async fn a_build_killed_anywhere_and_run_again_creates_each_resource_once() {
    let nothing = async |_: &World| ();
    at_every_position(nothing, &stack(1), Mode::Build, |world, place| {
        for name in ["a", "b", "c"] {
            assert_eq!(world.cloud.accepted(Verb::Create, name), 1, "{name}: {place}");
        }
        let names = world.cloud.names();
        assert_eq!(names.len(), 4, "{names:?}: {place}");
        assert_eq!(names.iter().filter(|name| name.starts_with("auto")).count(), 1, "{place}");
        assert_eq!(world.cloud.live("b").unwrap()["Needs"], json!("arn:a"), "{place}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_update_killed_anywhere_and_run_again_ends_in_the_same_place() {
    let prepare = async |world: &World| {
        assert_eq!(world.build(&stack(1)).await.ended, Ended::Succeeded);
    };
    at_every_position(prepare, &stack(2), Mode::Build, |world, place| {
        for name in ["a", "b"] {
            assert_eq!(world.cloud.accepted(Verb::Update, name), 1, "{name}: {place}");
            assert_eq!(world.cloud.live(name).unwrap()["Size"], json!(2), "{name}: {place}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_killed_anywhere_and_run_again_leaves_nothing() {
    let prepare = async |world: &World| {
        assert_eq!(world.build(&stack(1)).await.ended, Ended::Succeeded);
    };
    at_every_position(prepare, &stack(1), Mode::Teardown, |world, place| {
        assert!(world.cloud.names().is_empty(), "{place}");
        for name in ["a", "b", "c"] {
            assert_eq!(world.cloud.accepted(Verb::Delete, name), 1, "{name}: {place}");
        }
    })
    .await;
}

/// As in the two above, at a service that keeps no records of operations.
#[tokio::test(start_paused = true)]
async fn without_records_of_operations_an_update_or_delete_killed_anywhere_ends_in_the_same_place() {
    let prepare = async |world: &World| {
        assert_eq!(world.build(&stack(1)).await.ended, Ended::Succeeded);
        *world.cloud.forgets.lock().unwrap() = true;
    };
    at_every_position(prepare, &stack(2), Mode::Build, |world, place| {
        for name in ["a", "b"] {
            assert_eq!(world.cloud.accepted(Verb::Update, name), 1, "{name}: {place}");
            assert_eq!(world.cloud.live(name).unwrap()["Size"], json!(2), "{name}: {place}");
        }
    })
    .await;
    at_every_position(prepare, &stack(1), Mode::Teardown, |world, place| {
        assert!(world.cloud.names().is_empty(), "{place}");
        for name in ["a", "b", "c"] {
            assert_eq!(world.cloud.accepted(Verb::Delete, name), 1, "{name}: {place}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_flow_killed_anywhere_and_run_again_does_each_of_its_operations_once() {
    let nothing = async |_: &World| ();
    let stack = super::flows::pair();
    at_every_position(nothing, &stack, Mode::Build, |world, place| {
        for name in ["before", "pair-0", "pair-1", "after"] {
            assert_eq!(world.cloud.accepted(Verb::Create, name), 1, "{name}: {place}");
        }
        assert_eq!(world.cloud.live("after").unwrap()["Needs"], json!("pair-0"), "{place}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_new_work_and_sees_what_flies_to_its_end() {
    let world = World::new();
    // `started`, and the intents of `a` and `auto`; their acceptance cannot be written any more.
    world.store.die_after(3, false);
    let outcome = attempt(&world, &stack(1), Mode::Build, false).await.unwrap();
    assert_eq!(outcome.ended, Ended::Failed { changed: true });
    assert_eq!(outcome.done(), 2, "{:#?}", outcome.steps);
    assert_eq!(outcome.failures[0].code, crate::codes::JOURNAL);
    assert!(world.cloud.live("a").is_some());
}

#[tokio::test(start_paused = true)]
async fn without_journal_and_ledger_the_same_things_happen() {
    let world = World::new();
    world.store.die_after(3, false);
    assert!(attempt(&world, &stack(1), Mode::Build, true).await.is_none());
    // Somebody deletes the folder, after what was in flight has ended.
    sleep(Duration::from_secs(30)).await;
    let world = World { store: crate::store::MemoryStore::new(), ..world };
    let outcome = world.build(&stack(1)).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_eq!(world.cloud.accepted(Verb::Create, "a"), 1);
    assert_eq!(world.cloud.names().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_operation_of_an_earlier_run_that_does_not_end_is_reported() {
    let world = World::new();
    let one = FakeStack::new([Thing::new("a")]);
    world.cloud.fault("create a", Fault::Stuck);
    assert_eq!(world.build(&one).await.ended, Ended::Failed { changed: true });
    let engine = world.engine(&one);
    let closed = engine.close_unfinished(&world.events()).await.unwrap();
    assert_eq!(closed.open.len(), 1);
    assert_eq!(closed.diagnostics[0].code, crate::codes::EARLIER_OPEN);
    assert_eq!(world.store.unfinished().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_was_not_written_down_before() {
    let world = World::new();
    world.store.die_after(1, false);
    let outcome = attempt(&world, &stack(1), Mode::Build, false).await.unwrap();
    assert_eq!(outcome.ended, Ended::Failed { changed: false });
    assert_eq!(world.cloud.count("create"), 0);
}

/// A run that died with the intent to create an `Auto`, and a create of that type that the service has on record.
async fn after_an_unanswered_create(marks: serde_json::Value) -> (World, crate::close::Closed) {
    let world = World::new();
    let one = FakeStack::new([Thing::of_type("auto", AUTO)]);
    let engine = world.engine(&one);
    let run = RunId::from("r_0");
    world.store.create(&run).unwrap();
    let started = Record::Started {
        run: run.clone(),
        stack: StackId { name: "shop".into(), env: "dev".into() },
        nonce: "0".into(),
        mode: Mode::Build,
        plan: String::new(),
    };
    let intent = Record::Intent {
        step: put("auto"),
        verb: Verb::Create,
        ty: AUTO.into(),
        target: target(),
        identifier: Named::Unknown,
        token: "t".into(),
        round: 0,
        undo: false,
        number: 0,
    };
    for (seq, record) in [started, intent].into_iter().enumerate() {
        let at_ms = crate::testing::START_MS;
        world.store.append(&run, &Entry { format: FORMAT, seq: seq as u64, at_ms, record }).unwrap();
    }
    world.cloud.other_work_on(AUTO, Verb::Create, "auto-x", Duration::from_secs(5));
    sleep(Duration::from_secs(6)).await;
    // Any call makes the cloud notice that time has passed.
    engine.provider.caller(&target()).await.unwrap();
    world.cloud.put(AUTO, "auto-x", json!({"Id": "auto-x", "Tags": marks}));
    let closed = engine.close_unfinished(&world.events()).await.unwrap();
    (world, closed)
}

#[tokio::test(start_paused = true)]
async fn a_create_found_by_type_and_time_is_a_guess_without_our_marks() {
    let (world, _) = after_an_unanswered_create(json!([
        {"Key": "stackql:stack-name", "Value": "shop"},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": "auto"},
    ]))
    .await;
    let hint = &world.store.ledger().unwrap()["auto"];
    assert_eq!((hint.identifier.to_string().as_str(), hint.guessed), ("auto-x", false));

    let (world, closed) = after_an_unanswered_create(json!([])).await;
    let hint = &world.store.ledger().unwrap()["auto"];
    assert_eq!((hint.identifier.to_string().as_str(), hint.guessed), ("auto-x", true));
    // It settles nothing where marks would: the plan is that of a run without it.
    let one = FakeStack::new([Thing::of_type("auto", AUTO)]);
    let (plan, _) = world.plan(&world.engine(&one), Mode::Build).await;
    assert_eq!(plan.resources["auto"].action, stack_core::plan::Action::Create);
    let told: Vec<_> = closed.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(told[0].contains("may have made auto-x for auto"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_leaves_a_finished_journal() {
    let world = World::new();
    assert_eq!(world.build(&stack(1)).await.ended, Ended::Succeeded);
    let run = &world.store.list().unwrap()[0];
    let state = world.store.load(run).unwrap().state;
    assert_eq!(state.ended.as_deref(), Some("succeeded"));
    assert!(state.steps.values().all(|step| step.name() == "verified"));
}
