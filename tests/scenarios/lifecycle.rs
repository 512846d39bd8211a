//! The life cycle of the example, again for each declared leaf that can be read and changed.

use crate::leaf::{leaves, live_place};
use crate::world::{EXAMPLE, World, address, calls};
use serde_json::{Value as Json, json};
use stack_core::plan::{Action, Mode, PatchOp, Plan};
use stack_core::pointer::Pointer;
use stack_core::value::Value;
use stack_deploy::sandbox::schemas;
use stack_emulator::Config;

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    plan.resources.values().map(|p| (p.address.to_string(), p.action)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_example_lives_and_dies() {
    let mut world = World::new(EXAMPLE, "dev", Config::default());

    let (plan, seen) = world.plan(Mode::Build).await;
    // What is absent may be there under another identifier: one page of the tag index tells.
    assert_eq!(seen, calls(&[("GetResource", 4), ("GetResources", 1)]));
    assert!(plan.resources.values().all(|p| p.action == Action::Create), "{:?}", actions(&plan));

    let made = world.must(Mode::Build).await;
    assert_eq!(made["CreateResource"], 4);
    assert_eq!(made["GetResource"], 4, "one read-back each");
    assert_eq!(world.live_count(), 4);

    let (plan, seen) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes(), "{:#?}", actions(&plan));
    assert_eq!(seen, calls(&[("GetResource", 4)]));

    world.forget();
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes(), "nothing local is needed");
    assert_eq!(world.must(Mode::Build).await, calls(&[]), "a rebuild makes no call but its plan's");

    let gone = world.must(Mode::Teardown).await;
    assert_eq!(gone["DeleteResource"], 4);
    assert_eq!(world.live_count(), 0);
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert!(!plan.has_changes());
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(x), Json::Array(y)) => {
            x.len() == y.len() && x.iter().all(|v| y.iter().any(|w| same(v, w)))
        }
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

#[tokio::test(start_paused = true)]
async fn every_leaf_that_drifts_is_named_and_repaired_alone() {
    let mut world = World::new(EXAMPLE, "dev", Config::default());
    let (plan, _) = world.plan(Mode::Build).await;
    let leaves = leaves(&plan);
    assert!(leaves.len() >= 25, "{} leaves", leaves.len());
    let bodies = plan.resources.clone();
    world.must(Mode::Build).await;

    for leaf in leaves {
        let planned = &bodies[&leaf.resource];
        let ty = planned.ty.as_str();
        let identifier = planned.identifier.as_ref().expect("declared").to_string();
        let schema = schemas().schema(&planned.ty).expect("known");
        let before = world.live(ty, &identifier).expect("built");
        let declared = planned.desired.as_ref().expect("a body");
        let changed = leaf.other.clone();

        // Out of band.
        let place = live_place(&before, declared, &leaf.at).expect("live");
        world.edit(
            ty,
            &identifier,
            &json!([{ "op": "replace", "path": place.to_string(), "value": changed }]),
        );

        // Named, exactly: the only difference of the stack. With nothing local to help.
        world.forget();
        let (drift, seen) = world.plan(Mode::Drift).await;
        assert_eq!(seen, calls(&[("GetResource", 4)]));
        for other in drift.resources.values().filter(|p| p.address != leaf.resource) {
            // The order's expiration is declared by reference to the domain's; both names are exact.
            assert!(other.changes.is_empty(), "{leaf:?}: {:?}", other.changes);
        }
        let changes = &drift.resources[&leaf.resource].changes;
        let named: Vec<&Pointer> = changes.iter().map(|c| &c.path).collect();
        assert_eq!(named, [&leaf.at], "{leaf:?}");
        assert_eq!(changes[0].before, Some(Value::from(&changed)), "{leaf:?}");

        // Repaired by a patch that touches only that path, or the list around it.
        let (plan, _) = world.plan(Mode::Build).await;
        let patch = &plan.resources[&leaf.resource].patch;
        for op in patch {
            let allowed = leaf.at.starts_with(op.path()) || schema.write_only_properties.covers(op.path());
            assert!(allowed && matches!(op, PatchOp::Add { .. }), "{leaf:?}: {op:?}");
        }
        let made = world.must(Mode::Build).await;
        assert_eq!((made["UpdateResource"], made["GetResource"]), (1, 1), "{leaf:?}: {made:?}");
        assert_eq!(made.get("CreateResource"), None);
        let after = world.live(ty, &identifier).expect("still there");
        let unstamped = |mut model: Json| {
            model.as_object_mut().expect("an object").shift_remove("LastUpdatedAt");
            model
        };
        assert!(same(&unstamped(before), &unstamped(after)), "{leaf:?}");

        let (plan, _) = world.plan(Mode::Build).await;
        assert!(!plan.has_changes(), "{leaf:?}");
    }
    world.must(Mode::Teardown).await;
    assert_eq!(world.live_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_resource_comes_back() {
    let world = World::new(EXAMPLE, "dev", Config::default());
    world.must(Mode::Build).await;
    world.edit(
        "AWS::CustomerProfiles::Integration",
        "customer-360-dev|s3://acme-web-events-dev",
        &Json::Null,
    );
    let (plan, _) = world.plan(Mode::Build).await;
    let expected = [
        ("domain".to_owned(), Action::Noop),
        ("web_order".to_owned(), Action::Noop),
        ("web_events".to_owned(), Action::Create),
        ("crm_flow".to_owned(), Action::Noop),
    ];
    assert_eq!(actions(&plan), expected);
    assert_eq!(world.must(Mode::Build).await["CreateResource"], 1);
}

#[tokio::test(start_paused = true)]
async fn both_environments_live_side_by_side() {
    let world = World::new(EXAMPLE, "prod", Config::default());
    world.must(Mode::Build).await;
    let live = world.live("AWS::CustomerProfiles::Domain", "customer-360-prod").expect("made");
    assert_eq!(live["DefaultExpirationDays"], 366);
    let tags: Vec<(&str, &str)> = live["Tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| (tag["Key"].as_str().expect("text"), tag["Value"].as_str().expect("text")))
        .collect();
    for expected in [
        ("owner", "crm-team"),
        ("cost-center", "4410"),
        ("stackql:stack-name", world.id().name.as_str()),
        ("stackql:stack-env", "prod"),
        ("stackql:resource-name", "domain"),
    ] {
        assert!(tags.contains(&expected), "{expected:?} in {tags:?}");
    }
    // The domain is protected in prod.
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert_eq!(plan.resources[&address("domain")].action, Action::Blocked);
}

#[tokio::test(start_paused = true)]
async fn what_was_made_by_hand_is_adopted_by_writing_tags_only() {
    let world = World::new(EXAMPLE, "dev", Config::default());
    world.must(Mode::Build).await;
    let id = "customer-360-dev";
    let live = world.live("AWS::CustomerProfiles::Domain", id).expect("made");
    let others: Vec<Json> = live["Tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter(|tag| !tag["Key"].as_str().unwrap_or_default().starts_with("stackql:"))
        .cloned()
        .collect();
    world.edit("AWS::CustomerProfiles::Domain", id, &json!({ "Tags": others }));
    let (plan, _) = world.plan(Mode::Build).await;
    let planned = &plan.resources[&address("domain")];
    assert_eq!((planned.action, planned.changes.len()), (Action::Adopt, 0));
    world.must(Mode::Build).await;
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes());
}
