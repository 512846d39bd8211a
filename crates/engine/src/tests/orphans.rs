//! What carries the stack's tags and left the manifest.

use crate::testing::{AUTO, FakeStack, Fault, THING, Thing, World, delete, end_of};
use serde_json::{Value as Json, json};
use stack_core::event::Ended;
use stack_core::plan::{Action, Mode, Orphan};
use stack_core::planner::{Beside, codes, prune};
use stack_core::provider::FailureKind;

fn tags(stack: &str, name: &str) -> Json {
    json!([
        {"Key": "stackql:stack-name", "Value": stack},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": name},
    ])
}

/// A stack of one thing that is there, beside `others`.
fn world(others: &[(&'static str, &str, Json)]) -> (World, FakeStack) {
    let world = World::new();
    world.cloud.put(THING, "a", json!({"Name": "a", "Tags": tags("shop", "a")}));
    for (ty, id, model) in others {
        world.cloud.put(ty, id, model.clone());
    }
    (world, FakeStack::new([Thing::new("a")]))
}

async fn orphans(world: &World, stack: &FakeStack) -> Vec<Orphan> {
    let engine = world.engine(stack);
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    engine.orphans(&plan, &[]).await.unwrap()
}

fn names(orphans: &[Orphan]) -> Vec<&str> {
    orphans.iter().map(|orphan| orphan.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_left_the_manifest_is_found_and_what_is_in_it_or_of_others_is_not() {
    let (world, stack) = world(&[
        (AUTO, "id-1", json!({"Id": "id-1", "Tags": tags("shop", "old")})),
        (AUTO, "id-2", json!({"Id": "id-2", "Tags": tags("other", "old")})),
        (AUTO, "id-3", json!({"Id": "id-3"})),
    ]);
    let found = orphans(&world, &stack).await;
    assert_eq!(names(&found), ["old"]);
    assert_eq!(found[0].found.as_ref().unwrap().1.identifier.to_string(), "id-1");
}

#[tokio::test(start_paused = true)]
async fn a_record_of_what_is_gone_is_no_orphan() {
    let (world, stack) = world(&[(AUTO, "id-1", json!({"Id": "id-1", "Tags": tags("shop", "old")}))]);
    let engine = world.engine(&stack);
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    world.cloud.fault("read id-1", Fault::Unseen);
    assert_eq!(engine.orphans(&plan, &[]).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_found_under_another_name_is_a_rename_and_no_orphan() {
    let world = World::new();
    world.cloud.put(THING, "a", json!({"Name": "a", "Tags": tags("shop", "before")}));
    let stack = FakeStack::new([Thing::new("a")]);
    assert_eq!(orphans(&world, &stack).await, []);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_and_never_deleted() {
    let (world, stack) = world(&[(AUTO, "id-1", json!({"Id": "id-1", "Tags": tags("shop", "old")}))]);
    world.cloud.fault("read id-1", Fault::Refuse(FailureKind::Denied, "AccessDeniedException", "no"));
    let engine = world.engine(&stack);
    let (mut plan, _) = world.plan(&engine, Mode::Build).await;
    plan.orphans = engine.orphans(&plan, &[]).await.unwrap();
    assert!(plan.orphans[0].doubt.as_ref().unwrap().contains("AccessDenied"));
    prune(&mut plan, &*engine.schemas, Beside::All, &[]);
    assert!(!plan.has_changes());
    assert_eq!(plan.diagnostics[0].code, codes::ORPHAN_IN_DOUBT);
}

#[tokio::test(start_paused = true)]
async fn pruned_orphans_are_deleted_and_the_rest_stays() {
    let (world, stack) = world(&[
        (AUTO, "id-1", json!({"Id": "id-1", "Tags": tags("shop", "old")})),
        (AUTO, "id-2", json!({"Id": "id-2", "Tags": tags("shop", "a:=x")})),
    ]);
    let engine = world.engine(&stack);
    let events = world.events();
    let (mut plan, outputs) = world.plan(&engine, Mode::Build).await;
    plan.orphans = engine.orphans(&plan, &[]).await.unwrap();
    prune(&mut plan, &*engine.schemas, Beside::All, &[]);
    assert_eq!(plan.resources["old"].action, Action::Delete);
    let outcome = engine.run(plan, outputs, world.options(), &events, world.stop.subscribe()).await.unwrap();
    assert_eq!(outcome.ended, Ended::Succeeded, "{:?}", outcome.failures);
    assert!(matches!(end_of(&outcome, &delete("old")), crate::outcome::StepEnd::Done { .. }));
    assert_eq!(world.cloud.names(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_orphan_never_has_the_address_of_what_the_manifest_names() {
    let (world, stack) = world(&[(AUTO, "id-1", json!({"Id": "id-1", "Tags": tags("shop", "a")}))]);
    let engine = world.engine(&stack);
    let (mut plan, _) = world.plan(&engine, Mode::Build).await;
    plan.orphans = engine.orphans(&plan, &[]).await.unwrap();
    prune(&mut plan, &*engine.schemas, Beside::Nothing, &[]);
    let planned: Vec<String> = plan.resources.keys().map(ToString::to_string).collect();
    assert_eq!(planned, ["a (id-1)"]);
}
