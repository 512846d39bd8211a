//! Every example: built, planned again, drifted leaf by leaf, repaired, torn down. In a cloud whose reads, lists and tag
//! index lag, which returns sets in another order, and with nothing local kept between two commands.

use crate::leaf::{leaves, live_place};
use crate::world::{EXAMPLES, World, address, lagging};
use serde_json::{Value as Json, json};
use stack_core::plan::{Action, Mode, Plan, Planned};
use stack_core::pointer::Pointer;
use stack_emulator::Config;
use std::time::Duration;

fn changes(plan: &Plan) -> Vec<String> {
    plan.resources
        .values()
        .filter(|p| p.action != Action::Noop)
        .map(|p| format!("{} {:?} {:?} {:?}", p.address, p.action, p.changes, p.diagnostics))
        .collect()
}

fn world_of(name: &str, config: Config) -> (World, usize) {
    let (_, manifest, count) = EXAMPLES.iter().find(|(n, _, _)| *n == name).expect("an example");
    (World::new(manifest, "dev", config), *count)
}

async fn lives_and_dies(name: &str) {
    let (mut world, count) = world_of(name, lagging());
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(plan.resources.values().all(|p| p.action == Action::Create), "{:?}", changes(&plan));
    assert_eq!(world.must(Mode::Build).await["CreateResource"], count);
    // A network comes with a group, a table and a list that nobody declared.
    let live = world.live_count();
    // At once, when no index and no list shows what was made.
    world.forget();
    let (plan, seen) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:#?}", changes(&plan));
    let reads = seen["GetResource"];
    world.forget();
    let rebuilt = world.must(Mode::Build).await;
    assert!(!rebuilt.contains_key("CreateResource"), "{rebuilt:?}");
    // Later, when the index has caught up: one read each, and what the index knows is not listed.
    world.pass(Duration::from_secs(50 * 60)).await;
    world.forget();
    let (plan, seen) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes(), "{:#?}", changes(&plan));
    assert!(seen["GetResource"] <= reads, "{seen:?}, {reads} reads before");
    world.forget();
    assert_eq!(world.must(Mode::Teardown).await["DeleteResource"], count);
    assert_eq!(world.live_count(), 0);
    world.forget();
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert!(!plan.has_changes(), "{:#?}", changes(&plan));
    // The index still lists what is gone. It is made again all the same.
    world.forget();
    // A queue's name rests for a minute after its deletion, which takes a second try.
    assert!(world.must(Mode::Build).await["CreateResource"] >= count);
    assert_eq!(world.live_count(), live);
}

/// The innermost list around a leaf: elements without a key have no place of their own.
fn list_around(live: &Json, at: &Pointer) -> Option<Pointer> {
    let mut around = at.parent();
    while let Some(place) = around {
        if place.get(live).is_some_and(Json::is_array) {
            return Some(place);
        }
        around = place.parent();
    }
    None
}

async fn every_leaf(name: &str, at_least: usize) {
    let (mut world, _) = world_of(name, Config::default());
    let (plan, _) = world.plan(Mode::Build).await;
    let leaves = leaves(&plan);
    assert!(leaves.len() >= at_least, "{} leaves of {name}", leaves.len());
    let bodies = plan.resources.clone();
    world.must(Mode::Build).await;
    let (built, _) = world.plan(Mode::Build).await;
    for leaf in leaves {
        let planned: &Planned = &built.resources[&leaf.resource];
        let (ty, identifier) = (planned.ty.as_str(), planned.identifier.as_ref().expect("live").to_string());
        let before = world.live(ty, &identifier).expect("built");
        let declared = bodies[&leaf.resource].desired.as_ref().expect("a body");
        let Some(place) = live_place(&before, declared, &leaf.at) else {
            panic!("{leaf:?} is not live in {before}");
        };
        world.edit(
            ty,
            &identifier,
            &json!([{ "op": "replace", "path": place.to_string(), "value": leaf.other }]),
        );
        world.forget();
        let (drift, _) = world.plan(Mode::Drift).await;
        for other in drift.resources.values().filter(|p| p.address != leaf.resource) {
            assert!(other.changes.is_empty(), "{leaf:?}: {} {:?}", other.address, other.changes);
        }
        let named = &drift.resources[&leaf.resource].changes;
        let list = list_around(&before, &leaf.at);
        let fits = |at: &Pointer| leaf.at.starts_with(at) || list.as_ref().is_some_and(|l| at.starts_with(l));
        assert!(!named.is_empty() && named.iter().all(|c| fits(&c.path)), "{leaf:?}: {named:?}");
        let made = world.must(Mode::Build).await;
        assert_eq!((made["UpdateResource"], made.get("CreateResource")), (1, None), "{leaf:?}: {made:?}");
        let (plan, _) = world.plan(Mode::Build).await;
        assert!(!plan.has_changes(), "{leaf:?}: {:#?}", changes(&plan));
    }
    world.must(Mode::Teardown).await;
    assert_eq!(world.live_count(), 0);
}

/// Dies at every write of the journal, which is then lost, while the tag index knows nothing.
async fn crashes(name: &str, at_least: usize) {
    let (world, _) = world_of(name, lagging());
    world.must(Mode::Build).await;
    let live = world.live_count();
    let mut position = 0;
    loop {
        let (mut world, _) = world_of(name, lagging());
        let died = world.dies_at(position).await;
        world.forget();
        world.must(Mode::Build).await;
        assert_eq!(world.live_count(), live, "{name} died at {position}");
        let (plan, _) = world.plan(Mode::Build).await;
        assert!(!plan.has_changes(), "{name} died at {position}: {:#?}", changes(&plan));
        if !died {
            break;
        }
        position += 1;
    }
    assert!(position >= at_least, "only {position} writes");
}

macro_rules! example {
    ($module:ident, $name:literal, leaves $leaves:literal, writes $writes:literal) => {
        mod $module {
            #[tokio::test(start_paused = true)]
            async fn lives_and_dies() {
                super::lives_and_dies($name).await;
            }
            #[tokio::test(start_paused = true)]
            async fn every_leaf_that_drifts_is_named_and_repaired() {
                super::every_leaf($name, $leaves).await;
            }
            #[tokio::test(start_paused = true)]
            async fn a_crash_anywhere_with_the_journal_lost_doubles_nothing() {
                super::crashes($name, $writes).await;
            }
        }
    };
}

example!(vpc_web_server, "vpc-web-server", leaves 25, writes 30);
example!(connect_integrations, "connect-integrations", leaves 12, writes 12);
example!(static_site, "static-site", leaves 25, writes 18);
example!(query_files, "query-files", leaves 11, writes 15);
example!(serverless, "serverless", leaves 25, writes 25);

/// The leaves of this one are held to their exact paths in `lifecycle.rs`.
mod customer_profiles {
    #[tokio::test(start_paused = true)]
    async fn lives_and_dies() {
        super::lives_and_dies("customer-profiles").await;
    }
    #[tokio::test(start_paused = true)]
    async fn a_crash_anywhere_with_the_journal_lost_doubles_nothing() {
        super::crashes("customer-profiles", 12).await;
    }
}

/// Another name for the function: what is fixed at create is replaced, new ones first, and so is what hangs on it.
#[tokio::test(start_paused = true)]
async fn a_name_that_changes_is_a_replacement_and_nothing_is_left_behind() {
    let (_, manifest, _) = EXAMPLES[2];
    let world = World::new(manifest, "dev", Config::default());
    world.must(Mode::Build).await;
    let live = world.live_count();
    let changed =
        manifest.replace("FunctionName: \"{{ alias }}-lookup\"", "FunctionName: \"{{ alias }}-find\"");
    assert_ne!(changed, manifest);
    let world = world.with_manifest(&changed);
    let (plan, _) = world.plan(Mode::Build).await;
    for name in ["lookup", "lookup_in_flows"] {
        assert!(matches!(plan.resources[&address(name)].action, Action::Replace(_)), "{:#?}", changes(&plan));
    }
    let made = world.must(Mode::Build).await;
    assert_eq!(made["CreateResource"], 3, "{made:?}");
    assert_eq!(world.live_count(), live);
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes(), "{:?}", changes(&plan));
}
