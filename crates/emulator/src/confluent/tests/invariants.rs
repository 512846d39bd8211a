//! What holds whatever is done: random stories, checked after every step.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Environment,
    Account(u8),
    Cluster(u8),
    Key(u8),
    DropEnvironment(u8),
    DropAccount(u8),
    DropCluster(u8),
    Wait(u16),
    /// Stores and restores everything.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Environment),
        2 => (0..4_u8).prop_map(Step::Account),
        3 => any::<u8>().prop_map(Step::Cluster),
        2 => any::<u8>().prop_map(Step::Key),
        1 => any::<u8>().prop_map(Step::DropEnvironment),
        1 => any::<u8>().prop_map(Step::DropAccount),
        1 => any::<u8>().prop_map(Step::DropCluster),
        3 => (0..4_000_u16).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

fn ids(world: &mut World, path: &str) -> Vec<String> {
    world.all(path).iter().map(id).collect()
}

fn pick(items: &[String], at: u8) -> Option<String> {
    items.get(usize::from(at) % items.len().max(1)).cloned()
}

fn run(world: &mut World, step: &Step) {
    let environments = ids(world, "/org/v2/environments");
    let accounts = ids(world, "/iam/v2/service-accounts");
    match step {
        Step::Environment => {
            world.environment();
        }
        Step::Account(name) => {
            let got = world.post("/iam/v2/service-accounts", &json!({ "display_name": format!("a{name}") }));
            assert!(matches!(got.status, 201 | 409));
        }
        Step::Cluster(at) => {
            if let Some(environment) = pick(&environments, *at) {
                world.post("/cmk/v2/clusters", &cluster_of(&environment, "Basic")).ok();
            }
        }
        Step::Key(at) => {
            if let Some(account) = pick(&accounts, *at) {
                world.post("/iam/v2/api-keys", &json!({ "spec": { "owner": { "id": account } } })).ok();
            }
        }
        Step::DropEnvironment(at) => {
            if let Some(environment) = pick(&environments, *at) {
                world.delete(&format!("/org/v2/environments/{environment}")).ok();
            }
        }
        Step::DropAccount(at) => {
            if let Some(account) = pick(&accounts, *at) {
                world.delete(&format!("/iam/v2/service-accounts/{account}")).ok();
            }
        }
        Step::DropCluster(at) => {
            if let Some(environment) = pick(&environments, *at) {
                let clusters = ids(world, &format!("/cmk/v2/clusters?environment={environment}"));
                if let Some(cluster) = pick(&clusters, *at) {
                    let got = world.delete(&format!("/cmk/v2/clusters/{cluster}?environment={environment}"));
                    assert!(matches!(got.status, 204 | 409), "{}", got.status);
                }
            }
        }
        Step::Wait(ms) => world.wait(i64::from(*ms)),
        Step::Restart => {
            let snapshot = world.service.snapshot();
            let again = Confluent::restore(Config::default(), snapshot.clone()).unwrap();
            assert_eq!(again.snapshot(), snapshot);
            let history = world.service.changes().to_vec();
            world.service = again;
            world.service.changes = history;
        }
    }
}

/// What is there is what came and has not gone; nothing is in what is gone; lists and reads agree.
fn check(world: &mut World) {
    let mut there: BTreeSet<(String, String)> = BTreeSet::new();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    world.service.advance(world.now);
    for change in world.service.changes() {
        let name = (change.resource.clone(), change.id.clone());
        match change.what {
            Happened::Created => {
                *seen.entry(name.clone()).or_default() += 1;
                there.insert(name);
            }
            Happened::Deleted => assert!(there.remove(&name), "{name:?} went without having come"),
            Happened::Updated => assert!(there.contains(&name)),
        }
    }
    assert!(seen.values().all(|times| *times == 1), "ids are never used again");
    let fixed = ["organization", "user"];
    let held: BTreeSet<(String, String)> = world
        .service
        .objects()
        .filter(|held| !fixed.contains(&held.resource.as_str()))
        .map(|held| (held.resource, held.key))
        .collect();
    assert_eq!(held, there);
    for held in world.service.objects().collect::<Vec<_>>() {
        if let Some(environment) = held.environment {
            assert!(
                world.service.object("environment", &environment).is_some(),
                "nothing without its environment"
            );
        }
        if held.resource == "api_key" {
            let owner = held.body["spec"]["owner"]["id"].as_str().unwrap().to_owned();
            assert!(world.service.object("service_account", &owner).is_some(), "no key without its owner");
        }
    }
    for environment in ids(world, "/org/v2/environments") {
        for cluster in ids(world, &format!("/cmk/v2/clusters?environment={environment}")) {
            let read = world.get(&format!("/cmk/v2/clusters/{cluster}?environment={environment}"));
            assert_eq!(read.status, 200, "what is listed can be read");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn nothing_doubles_nothing_is_left_behind(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            run(&mut world, step);
            check(&mut world);
        }
    }
}

#[test]
fn thousands_are_paged_in_good_time() {
    let mut world = World::new();
    for number in 0..3_000 {
        world
            .post(
                "/iam/v2/ip-groups",
                &json!({ "group_name": format!("g{number}"), "cidr_blocks": ["10.0.0.0/8"] }),
            )
            .ok();
    }
    let groups = ids(&mut world, "/iam/v2/ip-groups?page_size=100");
    assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), 3_000);
    for group in groups.iter().take(100) {
        world.delete(&format!("/iam/v2/ip-groups/{group}")).ok();
    }
    assert_eq!(world.get("/iam/v2/ip-groups").ok()["metadata"]["total_size"], 2_900);
}
