//! Looking for resources whose identifier the service chooses: the calls, and the verdict.

use crate::store::MemoryStore;
use crate::testing::{AUTO, FakeStack, Fault, Thing, World, lit, put};
use serde_json::{Value as Json, json};
use stack_core::event::Ended;
use stack_core::observed::IdentityStep;
use stack_core::plan::{Action, Mode, Plan};
use stack_core::planner::codes;
use stack_core::provider::{FailureKind, Tagged, Verb};
use std::time::Duration;

fn stack() -> FakeStack {
    FakeStack::new([Thing::of_type("a", AUTO).with("Zone", lit("z1")).with("Size", lit(1))])
}

fn marked(name: &str) -> Json {
    json!([
        {"Key": "stackql:stack-name", "Value": "shop"},
        {"Key": "stackql:stack-env", "Value": "dev"},
        {"Key": "stackql:resource-name", "Value": name},
    ])
}

fn ours(id: &str) -> Json {
    json!({"Id": id, "Zone": "z1", "Size": 1, "Tags": marked("a")})
}

async fn plan(world: &World, mode: Mode) -> Plan {
    let engine = world.engine(&stack());
    world.plan(&engine, mode).await.0
}

fn action(plan: &Plan) -> Action {
    plan.resources["a"].action
}

#[tokio::test(start_paused = true)]
async fn what_the_tag_index_knows_costs_one_read() {
    let world = World::new();
    world.cloud.put(AUTO, "id-1", ours("id-1"));
    let plan = plan(&world, Mode::Build).await;
    assert_eq!((action(&plan), plan.resources["a"].found_by), (Action::Noop, Some(IdentityStep::Tagged)));
    // The index has two pages, the first of them empty.
    assert_eq!(world.cloud.calls(), ["tagged", "tagged", "read id-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_index_does_not_know_yet_is_found_in_the_list() {
    let world = World::new();
    world.cloud.put(AUTO, "id-1", ours("id-1"));
    world.cloud.put(AUTO, "id-2", json!({"Id": "id-2", "Zone": "z2"}));
    *world.cloud.index_lags.lock().unwrap() = true;
    assert_eq!(action(&plan(&world, Mode::Build).await), Action::Noop);
    assert_eq!(world.cloud.count("list"), 2);
    assert_eq!(world.cloud.count("read"), 2, "the list shows identifiers alone");
    assert_eq!(world.cloud.count("requests"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_no_list_shows_yet_is_found_among_the_recent_operations() {
    let mut world = World::new();
    *world.cloud.index_lags.lock().unwrap() = true;
    let outcome = world.build(&stack()).await;
    assert_eq!(outcome.ended, Ended::Succeeded);
    let id = world.cloud.names()[0].clone();
    world.cloud.unlisted.lock().unwrap().push(id.clone());
    world.store = MemoryStore::new();
    let plan = plan(&world, Mode::Build).await;
    assert_eq!(action(&plan), Action::Noop, "{:?}", plan.diagnostics);
    assert_eq!(plan.resources["a"].identifier.as_ref().unwrap().to_string(), id);
    // And again: nothing is made twice.
    world.store = MemoryStore::new();
    let again = world.build(&stack()).await;
    assert_eq!(again.ended, Ended::Succeeded);
    assert_eq!(world.cloud.names(), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_something_that_is_gone_is_no_resource() {
    let world = World::new();
    let tags = |name: &str| {
        ["stackql:stack-name", "stackql:stack-env", "stackql:resource-name"]
            .into_iter()
            .zip(["shop", "dev", name])
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    };
    world.cloud.ghosts.lock().unwrap().push(Tagged { arn: format!("arn:{AUTO}/id-0"), tags: tags("a") });
    assert_eq!(action(&plan(&world, Mode::Build).await), Action::Create);
    assert_eq!(action(&plan(&world, Mode::Teardown).await), Action::Noop);
    // Beside the living one it does not make it ambiguous.
    world.cloud.put(AUTO, "id-1", ours("id-1"));
    assert_eq!(action(&plan(&world, Mode::Teardown).await), Action::Delete);
}

#[tokio::test(start_paused = true)]
async fn two_that_carry_our_marks_are_an_error_that_names_both() {
    let world = World::new();
    world.cloud.put(AUTO, "id-1", ours("id-1"));
    world.cloud.put(AUTO, "id-2", ours("id-2"));
    for lags in [false, true] {
        *world.cloud.index_lags.lock().unwrap() = lags;
        let plan = plan(&world, Mode::Build).await;
        assert_eq!((action(&plan), plan.diagnostics[0].code), (Action::Blocked, codes::AMBIGUOUS));
        assert_eq!(plan.diagnostics[0].notes[0].1, "id-1, id-2");
    }
}

#[tokio::test(start_paused = true)]
async fn what_looks_like_it_is_named_and_another_ones_is_not_taken() {
    let world = World::new();
    world.cloud.put(AUTO, "id-1", json!({"Id": "id-1", "Zone": "z1"}));
    let free = plan(&world, Mode::Build).await;
    assert_eq!((action(&free), free.diagnostics[0].code), (Action::Create, codes::LOOKALIKE));
    let world = World::new();
    let mut theirs = ours("id-1");
    theirs["Tags"][0]["Value"] = json!("other");
    world.cloud.put(AUTO, "id-1", theirs);
    let foreign = plan(&world, Mode::Build).await;
    assert_eq!((action(&foreign), foreign.diagnostics[0].code), (Action::Create, codes::LOOKALIKE));
    assert!(foreign.diagnostics[0].notes[0].1.contains("stack other/dev"), "{:?}", foreign.diagnostics);
    // Another resource of this stack is nobody's candidate.
    let world = World::new();
    world.cloud.put(AUTO, "id-1", json!({"Id": "id-1", "Zone": "z1", "Tags": marked("b")}));
    let sibling = plan(&world, Mode::Build).await;
    assert_eq!((action(&sibling), sibling.diagnostics.len()), (Action::Create, 0));
}

#[tokio::test(start_paused = true)]
async fn a_denied_list_or_a_denied_resource_is_never_absence() {
    let refuse = || Fault::Refuse(FailureKind::Denied, "AccessDeniedException", "no");
    let world = World::new();
    world.cloud.fault("list", refuse());
    let listed = plan(&world, Mode::Build).await;
    assert_eq!((action(&listed), listed.diagnostics[0].code), (Action::Blocked, codes::UNREADABLE));
    let world = World::new();
    world.cloud.put(AUTO, "id-1", json!({"Id": "id-1", "Zone": "z2"}));
    world.cloud.fault("read id-1", refuse());
    let read = plan(&world, Mode::Build).await;
    assert_eq!((action(&read), read.diagnostics[0].code), (Action::Blocked, codes::UNREADABLE));
    assert!(read.diagnostics[0].notes[0].1.contains("id-1"), "{:?}", read.diagnostics);
    // The tag index is only evidence: without it the list decides.
    let world = World::new();
    world.cloud.put(AUTO, "id-1", ours("id-1"));
    world.cloud.fault("tagged", refuse());
    assert_eq!(action(&plan(&world, Mode::Build).await), Action::Noop);
    // So are the operations, where there is a list.
    let world = World::new();
    world.cloud.fault("requests", refuse());
    assert_eq!(action(&plan(&world, Mode::Build).await), Action::Create);
}

#[tokio::test(start_paused = true)]
async fn a_create_in_flight_is_waited_for_before_another_one_is_made() {
    let world = World::new();
    world.cloud.other_work_on(AUTO, Verb::Create, "id-1", Duration::from_secs(20));
    let engine = world.engine(&stack());
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    assert_eq!(action(&plan), Action::Create);
    let running = crate::busy::in_flight(&engine.provider, &plan).await.unwrap();
    assert_eq!(running.len(), 1, "it may be ours: who knows what it makes");
    crate::busy::wait_for(&engine.provider, &running).await.unwrap();
    assert!(crate::busy::in_flight(&engine.provider, &plan).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_resources_ask_the_index_and_the_list_once() {
    let world = World::new();
    let things = (0..20).map(|n| Thing::of_type(&format!("a{n}"), AUTO).with("Zone", lit(format!("z{n}"))));
    let stack = FakeStack::new(things);
    let engine = world.engine(&stack);
    for n in 0..20 {
        let model =
            json!({"Id": format!("id-{n}"), "Zone": format!("z{n}"), "Tags": marked(&format!("a{n}"))});
        world.cloud.put(AUTO, &format!("id-{n}"), model);
    }
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    assert!(!plan.has_changes());
    assert_eq!(
        (world.cloud.count("tagged"), world.cloud.count("read"), world.cloud.count("list")),
        (2, 20, 0)
    );
    *world.cloud.index_lags.lock().unwrap() = true;
    let (plan, _) = world.plan(&world.engine(&stack), Mode::Build).await;
    assert!(!plan.has_changes());
    assert_eq!(
        (world.cloud.count("tagged"), world.cloud.count("read"), world.cloud.count("list")),
        (4, 40, 11)
    );
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_plan_has_looked_does_not_look_again() {
    let world = World::new();
    let engine = world.engine(&stack());
    let events = world.events();
    let (plan, outputs) = world.plan(&engine, Mode::Build).await;
    let before = world.cloud.calls().len();
    let outcome = engine.run(plan, outputs, world.options(), &events, world.stop.subscribe()).await.unwrap();
    assert_eq!(outcome.ended, Ended::Succeeded);
    assert!(outcome.steps.contains_key(&put("a")));
    let calls = world.cloud.calls()[before..].to_vec();
    assert!(calls[0].starts_with("create"), "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.starts_with("read")).count(), 1, "{calls:?}");
}
