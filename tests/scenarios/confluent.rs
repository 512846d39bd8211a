//! The examples with Confluent Cloud: built, planned again, drifted, repaired, torn down. In a cloud that takes its time and in
//! one that loses, refuses and throttles a third of what it is asked.

use crate::leaf::leaves;
use crate::world::{ACCESS, KAFKA, STREAMING, World, address};
use serde_json::{Value as Json, json};
use stack_core::event::Ended;
use stack_core::plan::{Action, Mode, Plan};
use stack_core::pointer::Pointer;
use stack_emulator::confluent::{self, Happened};
use stack_emulator::{Chaos, Config};
use stack_engine::outcome::Outcome;
use std::collections::BTreeMap;

/// The documented statements, as printed.
const DOCUMENTED: &str =
    include_str!("../../examples/confluent-provider-integration/resources/integrations.iql");

struct Example {
    manifest: &'static str,
    /// Resources that a build makes, in both clouds.
    made: usize,
    /// Its keys to data planes, and the variables that later runs have them in.
    keys: &'static [(&'static str, &'static str)],
}

const CLUSTER_KEY: (&str, &str) = ("cluster_key", "KAFKA_API");
const EXAMPLES: [Example; 3] = [
    Example { manifest: ACCESS, made: 4, keys: &[] },
    Example { manifest: KAFKA, made: 10, keys: &[CLUSTER_KEY, ("registry_key", "SCHEMA_REGISTRY_API")] },
    Example { manifest: STREAMING, made: 13, keys: &[CLUSTER_KEY] },
];

impl Example {
    fn world(&self, config: Config) -> World {
        World::new(self.manifest, "dev", config)
            .forgetful()
            .with_file("resources/integrations.iql", DOCUMENTED)
    }

    /// Keeps the keys that a build made, as a user does who exports them.
    fn keep(&self, world: &World, outcome: &Outcome) {
        for (name, variable) in self.keys {
            let model = &outcome.outputs[&address(name)].model;
            let text = |member: &str| model.get(member).and_then(|value| value.exposed());
            let (Some(Json::String(id)), Some(Json::String(secret))) = (text("id"), text("secret")) else {
                continue;
            };
            world.set(&format!("{variable}_KEY"), &id);
            world.set(&format!("{variable}_SECRET"), &secret);
        }
    }
}

/// A cloud in which everything takes as long as it may, and shows late.
fn slow() -> Config {
    let mut config =
        Config { read_lag_ms: 2_000, list_lag_ms: 5_000, iam_propagation_ms: 8_000, ..Config::default() };
    config.confluent.timing = confluent::Timing {
        cluster_ms: 35 * 60_000,
        registry_listed_ms: 30_000,
        registry_ms: 60_000,
        connector_ms: 100_000,
        delete_ms: 60_000,
        key_ms: 3 * 60_000,
        binding_ms: 80_000,
        ..confluent::Timing::default()
    };
    config.confluent.lags =
        confluent::Lags { read_ms: 8_000, list_ms: 8_000, update_ms: 2_000, ghost_ms: 10_000 };
    config.confluent.connector_flap = true;
    config.confluent.key_relapse = true;
    config.confluent.encoded_crns = true;
    config
}

/// One in which a third of all calls fail in a way that passes.
fn troubled(seed: u64) -> Config {
    let mut config =
        Config { chaos: Some(Chaos { seed, percent: 30, ..Chaos::default() }), ..Config::default() };
    config.confluent.seed = seed;
    config.confluent.chaos = Some(confluent::Chaos { seed, percent: 30, ..confluent::Chaos::default() });
    config
}

fn actions(plan: &Plan) -> Vec<String> {
    let told = plan.resources.values().filter(|p| p.action != Action::Noop);
    told.map(|p| format!("{} {:?} {:?} {:?}", p.address, p.action, p.changes, p.diagnostics)).collect()
}

fn assert_converged(plan: &Plan) {
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:#?} {:#?}", actions(plan), plan.diagnostics);
}

fn writes(calls: &BTreeMap<String, usize>) -> Vec<&String> {
    let starts = ["Create", "Update", "Delete", "create ", "update ", "delete "];
    calls.keys().filter(|name| starts.iter().any(|start| name.starts_with(start))).collect()
}

/// At no time were there two of one name.
fn assert_nothing_doubled(world: &World) {
    let mut alive: BTreeMap<(String, String), i32> = BTreeMap::new();
    for change in world.changes() {
        let count = alive.entry((change.resource.clone(), change.name.clone())).or_default();
        match change.what {
            Happened::Created => *count += 1,
            Happened::Deleted => *count -= 1,
            Happened::Updated => {}
        }
        // Bindings and registries have no name, and are told apart by their ids.
        assert!(*count <= 1, "{change:?} is there twice");
    }
}

fn assert_empty(world: &World) {
    assert!(world.confluent().is_empty(), "{:#?}", world.confluent());
    assert_eq!(world.live_count(), 0);
}

/// Runs until it succeeds, as somebody does at whom a cloud throws errors. Keeps the keys of every run.
async fn insist(example: &Example, world: &mut World, mode: Mode) {
    let mut told = Vec::new();
    for _ in 0..8 {
        match world.try_run(mode).await {
            // What could not be read stops the plan before anything is done.
            Err(problems) => told.extend(problems),
            Ok((outcome, _)) => {
                if mode == Mode::Build {
                    example.keep(world, &outcome);
                }
                if outcome.ended == Ended::Succeeded {
                    return;
                }
                told.extend(outcome.failures.iter().map(ToString::to_string));
            }
        }
        world.forget();
    }
    panic!("{told:#?}");
}

async fn lives_and_dies(example: &Example, config: Config) {
    let mut world = example.world(config);
    let (outcome, calls) = world.run(Mode::Build).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert!(outcome.residues.is_empty(), "{:#?}", outcome.residues);
    let made = calls.iter().filter(|(name, _)| name.to_lowercase().starts_with("create"));
    assert_eq!(made.map(|(_, count)| count).sum::<usize>(), example.made, "{calls:?}");
    example.keep(&world, &outcome);
    world.forget();
    assert_converged(&world.plan(Mode::Build).await.0);
    world.forget();
    let (outcome, calls) = world.run(Mode::Build).await;
    assert_eq!((outcome.ended, writes(&calls)), (Ended::Succeeded, Vec::new()), "{:#?}", outcome.failures);
    world.forget();
    world.must(Mode::Teardown).await;
    assert_empty(&world);
    world.forget();
    assert!(!world.plan(Mode::Teardown).await.0.has_changes());
    // Again, while the environment still has the keys of before.
    let (outcome, _) = world.run(Mode::Build).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    assert_nothing_doubled(&world);
}

#[tokio::test(start_paused = true)]
async fn each_lives_and_dies() {
    for example in &EXAMPLES {
        lives_and_dies(example, Config::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_lives_and_dies_in_a_slow_cloud() {
    for example in &EXAMPLES {
        lives_and_dies(example, slow()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_all_calls_in_trouble_doubles_nothing() {
    for example in &EXAMPLES {
        for seed in 0..4 {
            let mut world = example.world(troubled(seed));
            insist(example, &mut world, Mode::Build).await;
            assert_nothing_doubled(&world);
            insist(example, &mut world, Mode::Teardown).await;
            assert_empty(&world);
        }
    }
}

/// Leaves that somebody may change and a build puts back: resource, place, another value.
fn drifting(example: &Example) -> Vec<(&'static str, &'static str, Json)> {
    match example.made {
        4 => vec![("writer", "/Description", json!("?"))],
        10 => vec![
            ("cluster", "/deletion_protection", json!(true)),
            ("app", "/description", json!("?")),
            ("cluster_key", "/description", json!("?")),
            ("registry_key", "/description", json!("?")),
            ("orders", "/configs/retention.ms", json!("1000")),
            ("orders", "/configs/cleanup.policy", json!("compact")),
            ("sample_orders", "/config/kafka.topic", json!("other")),
            ("sample_orders", "/config/output.data.format", json!("JSON")),
            ("sample_orders", "/config/quickstart", json!("USERS")),
            ("sample_orders", "/config/tasks.max", json!("2")),
        ],
        _ => vec![
            ("pipeline", "/description", json!("?")),
            ("cluster_key", "/description", json!("?")),
            ("orders", "/configs/retention.ms", json!("1000")),
            ("to_bucket", "/config/topics", json!("other")),
            ("to_bucket", "/config/time.interval", json!("DAILY")),
            ("to_bucket", "/config/s3.bucket.name", json!("other")),
            ("writer", "/Description", json!("?")),
            ("import_key", "/Description", json!("?")),
            ("orders_import", "/Description", json!("?")),
            ("instance", "/Attributes/OutboundCalls", json!(true)),
            ("landing", "/VersioningConfiguration/Status", json!("Suspended")),
        ],
    }
}

/// Confluent's leaves that drift one way only, or that nobody can change without breaking the connector: why.
const ONE_WAY: &[(&str, &str)] = &[
    ("/stream_governance_config/package", "only upwards"),
    ("/config/kind", "only Basic to Standard"),
    ("/partitions_count", "only upwards"),
    ("/config/connector.class", "another connector"),
    ("/config/kafka.auth.mode", "refused without a key"),
    ("/config/kafka.service.account.id", "must be there"),
    ("/config/provider.integration.id", "must be there"),
    ("/config/input.data.format", "as output.data.format"),
    ("/config/authentication.method", "as output.data.format"),
    ("/config/tasks.max", "as in the other example"),
    ("/config/output.data.format", "as in the other example"),
    ("/schemaType", "another type is another schema"),
    ("/schema", "an older text does not become the latest (trap 60)"),
];

#[tokio::test(start_paused = true)]
async fn every_leaf_that_drifts_is_named_and_repaired() {
    for example in &EXAMPLES {
        let mut world = example.world(Config::default());
        let (first, _) = world.plan(Mode::Build).await;
        let drifting = drifting(example);
        // None is forgotten.
        for leaf in leaves(&first)
            .iter()
            .filter(|leaf| first.resources[&leaf.resource].target.provider.as_str() != "aws")
        {
            let at = leaf.at.to_string();
            let is_drifted =
                drifting.iter().any(|(name, place, _)| address(name) == leaf.resource && *place == at);
            let has_reason = ONE_WAY.iter().any(|(place, _)| at.starts_with(place));
            assert!(is_drifted || has_reason, "{leaf:?} is not tried");
        }
        let (outcome, _) = world.run(Mode::Build).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
        example.keep(&world, &outcome);
        let (built, _) = world.plan(Mode::Build).await;
        for (name, at, other) in drifting {
            let planned = &built.resources[&address(name)];
            let patch = json!([{ "op": "replace", "path": at, "value": other }]);
            if planned.target.provider.as_str() == "aws" {
                let identifier = planned.identifier.as_ref().expect("live").to_string();
                world.edit(planned.ty.as_str(), &identifier, &patch);
            } else {
                assert!(world.somebody_changes(planned, &patch).await, "{name} {at} is refused");
            }
            world.forget();
            let (drift, _) = world.plan(Mode::Drift).await;
            let place = Pointer::parse(at).expect("a pointer");
            for found in drift.resources.values() {
                let fits = |of: &Pointer| of.starts_with(&place) || place.starts_with(of);
                let is_right =
                    found.changes.iter().all(|change| found.address == address(name) && fits(&change.path));
                assert!(is_right, "{name} {at}: {} {:?}", found.address, found.changes);
            }
            assert!(!drift.resources[&address(name)].changes.is_empty(), "{name} {at} is not seen");
            let calls = world.must(Mode::Build).await;
            assert!(
                !calls.keys().any(|call| call.to_lowercase().starts_with("create")),
                "{name} {at}: {calls:?}"
            );
            assert_converged(&world.plan(Mode::Build).await.0);
        }
        world.must(Mode::Teardown).await;
        assert_empty(&world);
    }
}

/// The trust that only the integration can name is put back too, by the statement that has the check.
#[tokio::test(start_paused = true)]
async fn a_trust_that_drifts_is_set_again() {
    let world = EXAMPLES[0].world(Config::default());
    world.must(Mode::Build).await;
    let trust = |world: &World| {
        let role = world.live("AWS::IAM::Role", "provider-access-dev-writer").expect("built");
        role["AssumeRolePolicyDocument"].clone()
    };
    let set = trust(&world);
    assert!(set["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"].is_string(), "{set}");
    let open =
        json!([{"op": "replace", "path": "/AssumeRolePolicyDocument/Statement/0/Condition", "value": {}}]);
    world.edit("AWS::IAM::Role", "provider-access-dev-writer", &open);
    let (plan, _) = world.plan(Mode::Build).await;
    assert_eq!(actions(&plan).len(), 1, "{:?}", actions(&plan));
    assert_eq!(plan.resources[&address("writer_trust")].action, Action::Update);
    world.must(Mode::Build).await;
    assert_eq!(trust(&world), set);
    assert_converged(&world.plan(Mode::Build).await.0);
}

/// What has an identifier of the service's own and no marks is found again by its name, wherever the run died.
#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_with_the_journal_lost_doubles_nothing() {
    let example = &EXAMPLES[0];
    for position in 0.. {
        let mut world = example.world(Config::default());
        let died = world.dies_at(position).await;
        world.forget();
        world.must(Mode::Build).await;
        assert_eq!(world.confluent().len(), 3, "died at {position}");
        assert_converged(&world.plan(Mode::Build).await.0);
        assert_nothing_doubled(&world);
        if !died {
            assert!(position > 10, "only {position} writes");
            break;
        }
    }
}

/// Trap 57: either spelling may be declared, and neither is a change.
#[tokio::test(start_paused = true)]
async fn both_spellings_of_an_availability_are_one() {
    for newer in [true, false] {
        let mut config = Config::default();
        config.confluent.newer_availability = newer;
        for (written, other) in [("SINGLE_ZONE", "LOW"), ("LOW", "SINGLE_ZONE")] {
            let declare = |text: &str| {
                let first = "{{ 'MULTI_ZONE' if stack_env == 'prod' else 'SINGLE_ZONE' }}";
                assert!(KAFKA.contains(first));
                KAFKA.replace(first, text)
            };
            let world = World::new(&declare(written), "dev", config.clone()).forgetful();
            let (outcome, _) = world.run(Mode::Build).await;
            assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
            EXAMPLES[1].keep(&world, &outcome);
            assert_converged(&world.plan(Mode::Build).await.0);
            let world = world.with_manifest(&declare(other));
            assert_converged(&world.plan(Mode::Build).await.0);
            let (plan, _) = world.with_manifest(&declare("HIGH")).plan(Mode::Build).await;
            assert!(plan.has_changes() || plan.is_blocked(), "{newer} {written}: another one is a change");
        }
    }
}

/// Trap 60: the registry takes an older text for what it has already, and its latest version stays. That is no success.
#[tokio::test(start_paused = true)]
async fn an_older_schema_that_somebody_has_passed_is_refused_with_both_versions() {
    let example = &EXAMPLES[1];
    let world = example.world(Config::default());
    let (outcome, _) = world.run(Mode::Build).await;
    assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
    example.keep(&world, &outcome);
    let (built, _) = world.plan(Mode::Build).await;
    let later = json!({"type": "record", "name": "Order", "namespace": "com.example.orders", "fields": [
        {"name": "order_id", "type": "string"}, {"name": "customer_id", "type": "string"},
        {"name": "amount_cents", "type": "long"}, {"name": "note", "type": ["null", "string"], "default": null},
        {"name": "later", "type": "string", "default": ""}]});
    let patch = json!([{ "op": "replace", "path": "/schema", "value": later.to_string() }]);
    assert!(world.somebody_changes(&built.resources[&address("order_value")], &patch).await);
    for _ in 0..2 {
        let (plan, _) = world.plan(Mode::Build).await;
        assert_eq!(
            plan.resources[&address("order_value")].action,
            Action::Update,
            "the change stays to be seen"
        );
        let (outcome, _) = world.run(Mode::Build).await;
        assert_ne!(outcome.ended, Ended::Succeeded);
        let words = format!("{:?}", outcome.failures);
        assert!(words.contains("registered as version 1, and the latest is 2"), "{words}");
        let versions =
            world.exchanges().iter().filter(|e| e.path.ends_with("/versions") && e.method == "POST").count();
        assert_eq!(versions, 2, "ours and theirs, and no more");
    }
}

/// Trap 51: a connector that has failed gets its config and is started again.
#[tokio::test(start_paused = true)]
async fn a_failed_connector_runs_again_after_a_change() {
    let example = &EXAMPLES[1];
    let world = example.world(Config::default());
    let (outcome, _) = world.run(Mode::Build).await;
    example.keep(&world, &outcome);
    let key = world.confluent().into_iter().find(|held| held.resource == "connector").expect("built").key;
    assert!(world.cloud.lock().unwrap().confluent_mut().set_phase("connector", &key, "FAILED"));
    let manifest = KAFKA.replace("tasks.max: 1", "tasks.max: 2");
    assert_ne!(manifest, KAFKA);
    let world = world.with_manifest(&manifest);
    world.must(Mode::Build).await;
    let connector = world.confluent().into_iter().find(|held| held.resource == "connector").expect("there");
    assert_eq!(connector.phase.as_deref(), Some("RUNNING"));
    assert_converged(&world.plan(Mode::Build).await.0);
}
