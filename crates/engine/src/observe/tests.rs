use super::*;
use crate::clock::IdSource;
use crate::paced::Limits;
use crate::retry::Policy;
use crate::testing::{AUTO, FakeStack, Fault, THING, Thing, World, lit, of, target};
use serde_json::json;
use stack_core::identity::{Identifier, Key};
use stack_core::observed::{IdentityStep, Probe};
use stack_core::plan::{Action, Mode};
use stack_core::pointer::Pointer;
use stack_core::search::Listing;
use stack_core::value::Value;

fn paced(world: &World) -> Arc<Paced> {
    let ids = Arc::new(IdSource::seeded(1));
    Arc::new(Paced::new(world.cloud.clone(), Limits::default(), Policy::default(), ids))
}

fn probe(name: &str, must_agree: Vec<(Pointer, Value)>) -> Probe {
    let key = Key::Primary(Identifier::single("Name", name));
    Probe { must_agree, ..Probe::certain(key, IdentityStep::Declared) }
}

fn question(probes: Vec<Probe>) -> Question {
    Question {
        address: "a".into(),
        ty: THING.into(),
        target: target(),
        probes,
        search: None,
        listing: Listing::Never,
        waiting: None,
    }
}

async fn ask(world: &World, probes: Vec<Probe>) -> Sighting {
    sight(&Arc::new(Searcher::new(paced(world), world.clock.clone())), &question(probes), &Unwatched).await
}

#[tokio::test(start_paused = true)]
async fn the_first_hit_that_agrees_answers() {
    let world = World::new();
    world.cloud.put(THING, "one", json!({"Name": "one", "Zone": "z1"}));
    world.cloud.put(THING, "two", json!({"Name": "two", "Zone": "z2"}));
    let zone = |zone: &str| vec![(Pointer::of(["Zone"]), Value::text(zone))];
    let probes = vec![probe("none", Vec::new()), probe("one", zone("z2")), probe("two", zone("z2"))];
    let Sighting::Present { found, .. } = ask(&world, probes).await else { panic!("not found") };
    assert_eq!(found.identifier.to_string(), "two");
    assert_eq!(world.cloud.calls(), ["read none", "read one", "read two"]);
    // A hit that disagrees is somebody else's.
    assert_eq!(ask(&world, vec![probe("one", zone("z2"))]).await, Sighting::Absent);
}

#[tokio::test(start_paused = true)]
async fn a_denied_read_is_never_an_absence() {
    let world = World::new();
    world.cloud.fault("read a", Fault::Refuse(FailureKind::Denied, "AccessDeniedException", "no"));
    let sighting = ask(&world, vec![probe("a", Vec::new()), probe("b", Vec::new())]).await;
    assert!(matches!(sighting, Sighting::Unreadable(failure) if failure.kind == FailureKind::Denied));
    assert_eq!(world.cloud.count("read"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_leaves_the_answer_to_the_others_but_not_absent() {
    let world = World::new();
    world.cloud.put(THING, "b", json!({"Name": "b"}));
    let refuse = || Fault::Refuse(FailureKind::Invalid, "ValidationException", "no such key");
    world.cloud.fault("read a", refuse());
    let both = vec![probe("a", Vec::new()), probe("b", Vec::new())];
    assert!(matches!(ask(&world, both).await, Sighting::Present { .. }));
    world.cloud.fault("read a", refuse());
    assert!(matches!(ask(&world, vec![probe("a", Vec::new())]).await, Sighting::Unreadable(_)));
}

#[tokio::test(start_paused = true)]
async fn a_plan_reads_each_declared_resource_once_and_as_soon_as_it_can() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = std::time::Duration::from_secs(1);
    let stack = FakeStack::new([
        Thing::new("a"),
        Thing::new("b").with("Needs", of("a", "Arn")),
        Thing::new("slow"),
        Thing::of_type("auto", AUTO).with("Alias", lit("x")),
    ]);
    let engine = world.engine(&stack);
    let (plan, _) = world.plan(&engine, Mode::Build).await;
    assert!(plan.resources.values().all(|planned| planned.action == Action::Create));
    assert_eq!(world.cloud.count("read"), 4);
    // Two waves: three at once, then what waited for `a`, which the two pages of the tag index have said to be absent.
    assert_eq!(world.cloud.times("read"), [1.0, 1.0, 1.0, 4.0]);
    assert_eq!(world.cloud.count("tagged"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_blocks_and_the_rest_is_planned() {
    let world = World::new();
    world.cloud.fault("read a", Fault::Refuse(FailureKind::Denied, "AccessDeniedException", "no"));
    let stack = FakeStack::new([Thing::new("a"), Thing::new("b")]);
    let (plan, _) = world.plan(&world.engine(&stack), Mode::Build).await;
    assert_eq!(plan.resources["a"].action, Action::Blocked);
    assert_eq!(plan.resources["b"].action, Action::Create);
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_asked_once_per_region_and_role() {
    let world = World::new();
    let there = Target { region: Some("us-2".into()), ..target() };
    let as_role = Target { role_arn: Some("arn:role".into()), ..target() };
    world.cloud.fault("caller us-2", Fault::Refuse(FailureKind::Credentials, "ExpiredToken", "old"));
    let callers = callers(&paced(&world), [target(), there.clone(), target(), as_role, there]).await;
    assert_eq!(world.cloud.count("caller"), 3);
    let regions: Vec<_> = callers.iter().map(|(at, _)| at.region.as_ref().unwrap().as_str()).collect();
    assert_eq!(regions, ["eu-1", "us-2", "eu-1"]);
    let good: Vec<_> = callers.iter().map(|(_, answer)| answer.is_ok()).collect();
    assert_eq!(good, [true, false, true]);
}
