//! A project whose resources bring their own checks, as those of stackql-deploy do: built, planned again, drifted, repaired,
//! torn down, in a cloud that lags, loses answers and is killed.

use crate::world::{FLOWS, World, lagging};
use serde_json::json;
use stack_core::event::Ended;
use stack_core::plan::{Action, Mode, Plan};
use stack_emulator::Config;
use std::time::Duration;

fn world(config: Config) -> World {
    World::new(FLOWS, "dev", config)
}

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    plan.resources.values().map(|p| (p.address.to_string(), p.action)).collect()
}

/// Every resource that a build makes, and what the cloud makes beside a network.
const MADE: [&str; 4] = ["web_vpc", "web_subnet", "log_bucket", "web_group"];

fn assert_converged(plan: &Plan) {
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:?} {:#?}", actions(plan), plan.diagnostics);
}

async fn lives_and_dies(config: Config) {
    let mut world = world(config);
    let (plan, _) = world.plan(Mode::Build).await;
    for name in MADE {
        assert_eq!(plan.resources[name].action, Action::Create, "{name}");
    }
    assert_eq!(world.must(Mode::Build).await["CreateResource"], MADE.len());
    let live = world.live_count();
    // At once, when the tag index shows nothing yet, with nothing local.
    world.forget();
    let (plan, _) = world.plan(Mode::Build).await;
    assert_converged(&plan);
    world.forget();
    let again = world.must(Mode::Build).await;
    assert!(!again.contains_key("CreateResource") && !again.contains_key("DeleteResource"), "{again:?}");
    assert_eq!(world.live_count(), live);
    world.pass(Duration::from_secs(50 * 60)).await;
    world.forget();
    assert_converged(&world.plan(Mode::Build).await.0);
    world.forget();
    assert_eq!(world.must(Mode::Teardown).await["DeleteResource"], MADE.len());
    assert_eq!(world.live_count(), 0);
    world.forget();
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert!(!plan.has_changes(), "{:?}", actions(&plan));
    // The index may still list what is gone. It is made again all the same.
    world.forget();
    assert_eq!(world.must(Mode::Build).await["CreateResource"], MADE.len());
    assert_eq!(world.live_count(), live);
}

#[tokio::test(start_paused = true)]
async fn lives_and_dies_in_a_quick_cloud() {
    lives_and_dies(Config::default()).await;
}

#[tokio::test(start_paused = true)]
async fn lives_and_dies_in_a_cloud_that_lags() {
    lives_and_dies(lagging()).await;
}

fn network_of(world: &World) -> String {
    world.cloud.lock().unwrap().resources().find(|held| held.ty == "AWS::EC2::VPC").unwrap().identifier
}

#[tokio::test(start_paused = true)]
async fn what_drifts_is_shown_by_property_and_put_back_with_what_differs() {
    let world = world(Config::default());
    world.must(Mode::Build).await;
    let vpc = network_of(&world);
    world.edit("AWS::EC2::VPC", &vpc, &json!({"EnableDnsHostnames": false}));
    let (plan, _) = world.plan(Mode::Build).await;
    let planned = &plan.resources["web_vpc"];
    assert_eq!(planned.action, Action::Update, "{:?}", plan.diagnostics);
    let labels: Vec<&str> = planned.changes.iter().map(|change| change.label.as_str()).collect();
    assert_eq!(labels, ["EnableDnsHostnames"]);
    let calls = world.must(Mode::Build).await;
    assert_eq!(calls["UpdateResource"], 1, "{calls:?}");
    assert_eq!(world.live("AWS::EC2::VPC", &vpc).unwrap()["EnableDnsHostnames"], json!(true));
    assert_converged(&world.plan(Mode::Build).await.0);
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_write_of_the_journal_nothing_is_doubled() {
    for position in 0.. {
        let mut world = world(Config::default());
        let died = world.dies_at(position).await;
        world.store.revive();
        if position % 2 == 0 {
            world.forget();
        }
        let (outcome, _) = world.run(Mode::Build).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{position}: {:#?}", outcome.failures);
        let count = |ty: &str| world.cloud.lock().unwrap().resources().filter(|held| held.ty == ty).count();
        assert_eq!(count("AWS::EC2::VPC"), 1, "{position}");
        assert_eq!(count("AWS::EC2::Subnet"), 1, "{position}");
        assert_converged(&world.plan(Mode::Build).await.0);
        if !died {
            assert!(position > 12, "{position}");
            break;
        }
    }
}

/// The same project with tags of its own only: nothing marks its resources as those of the stack.
fn unmarked() -> World {
    World::new(&FLOWS.replace("Key: stackql:", "Key: web:"), "dev", lagging())
}

fn counts(world: &World) -> Vec<usize> {
    let cloud = world.cloud.lock().unwrap();
    let count = |ty: &str| cloud.resources().filter(|held| held.ty == ty).count();
    ["AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::S3::Bucket"].map(count).to_vec()
}

#[tokio::test(start_paused = true)]
async fn what_checks_do_not_show_yet_is_known_from_the_ledger() {
    let world = unmarked();
    let calls = world.must(Mode::Build).await;
    assert_eq!(calls["CreateResource"], MADE.len());
    // At once, and as long as the index may lag.
    for wait in [0, 30, 30] {
        world.pass(Duration::from_secs(wait * 60)).await;
        assert_converged(&world.plan(Mode::Build).await.0);
        assert!(!world.must(Mode::Build).await.contains_key("CreateResource"), "after {wait} more minutes");
    }
    // From then on the checks alone say it.
    world.pass(Duration::from_secs(3 * 60 * 60)).await;
    assert_converged(&world.plan(Mode::Build).await.0);
    let world = unmarked();
    world.must(Mode::Build).await;
    assert_eq!(world.must(Mode::Teardown).await["DeleteResource"], MADE.len());
    assert_eq!(world.live_count(), 0);
    assert_eq!(world.must(Mode::Build).await["CreateResource"], MADE.len());
}

#[tokio::test(start_paused = true)]
async fn a_hint_of_what_is_gone_keeps_nothing_from_being_made() {
    let world = unmarked();
    world.must(Mode::Build).await;
    let group = {
        let cloud = world.cloud.lock().unwrap();
        let mut groups = cloud.resources().filter(|held| held.ty == "AWS::EC2::SecurityGroup");
        groups.find(|held| held.model["GroupName"] != "default").unwrap().identifier
    };
    world.destroy("us-east-1", "AWS::EC2::SecurityGroup", "Id", &group).await;
    assert!(world.live("AWS::EC2::SecurityGroup", &group).is_none());
    let (plan, _) = world.plan(Mode::Build).await;
    assert_eq!(plan.resources["web_group"].action, Action::Create, "{:?}", plan.diagnostics);
    assert_eq!(plan.resources["web_vpc"].action, Action::Noop);
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_write_of_the_journal_nothing_without_marks_is_doubled() {
    // At once, when not even reads show it; when they do; when lists do. The index does not before the end.
    let rests = [0, 20, 600].map(Duration::from_secs);
    for (position, rest) in (0..).zip(rests.into_iter().cycle()) {
        let world = unmarked();
        let died = world.dies_at(position).await;
        world.store.revive();
        world.pass(rest).await;
        world.close().await;
        let (outcome, _) = world.run(Mode::Build).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{position}: {:#?}", outcome.failures);
        assert_eq!(counts(&world), [1, 1, 1], "{position}");
        assert_converged(&world.plan(Mode::Build).await.0);
        if !died {
            assert!(position > 12, "{position}");
            break;
        }
    }
}
