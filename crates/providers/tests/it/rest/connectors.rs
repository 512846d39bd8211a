//! Connectors: masks, noise, states that flap, and errors in good answers.

use super::*;
use stack_core::diff::{DiffContext, PatchInput, diff, patch};
use stack_core::provider::{FailureKind, Status};
use stack_core::value::{Secret, Value};
use std::time::Duration;

const CONNECTOR: &str = "confluent.connect.connectors";
const PATH: &str = "/connect/v1/environments/env-1/clusters/lkc-1/connectors";

fn shown(state: &str) -> Answer {
    let config = json!({"name": "c", "connector.class": "S3", "password": "****************", "tasks.max": "1",
        "cloud.environment": "prod", "cloud.provider": "aws", "connector.crn": "crn", "kafka.endpoint": "k",
        "kafka.region": "r", "kafka.dedicated": "false", "kafka.max.partition.validation.disable": "x",
        "schema.registry.url": "u", "valid.kafka.api.key": "k", "confluent.custom.plugin.type": "t",
        "confluent.resource.connector.tier": "t", "config.internal.x": "1"});
    reply(
        200,
        json!({"c": {"info": {"name": "c", "type": "sink", "config": config}, "id": {"id": "lcc-1", "id_type": "ID"},
        "status": {"name": "c", "connector": {"state": state, "trace": "it broke"}}}}),
    )
}

const PLUGINS: &str = "/connect/v1/environments/env-1/clusters/lkc-1/connector-plugins";

/// What the check says: keys with what is wrong with them.
fn checked(wrong: &[(&str, &str)]) -> Answer {
    let fine = json!({"value": {"name": "tasks.max", "value": "1", "errors": []}});
    let wrong = wrong.iter().map(|(name, words)| json!({"value": {"name": name, "errors": [words]}}));
    let configs: Vec<Json> = std::iter::once(fine).chain(wrong).collect();
    reply(200, json!({"name": "S3", "error_count": configs.len() - 1, "configs": configs}))
}

fn declared() -> Value {
    let mut props = Value::from(json!({"environment_id": "env-1", "kafka_cluster_id": "lkc-1", "name": "c",
        "config": {"connector.class": "S3", "password": null, "tasks.max": 1}}));
    if let Value::Object(members) = &mut props
        && let Some(Value::Object(config)) = members.get_mut("config")
    {
        config.insert("password".to_owned(), Value::Secret(Secret::new(Value::text(SECRET))));
    }
    props
}

#[tokio::test]
async fn masked_and_added_keys_are_no_drift_traps_50_and_52() {
    let bench = Bench::of([shown("RUNNING")]);
    let found = bench.read(CONNECTOR, "env-1|lkc-1|c").await.unwrap().unwrap();
    assert_eq!(line(&bench.script.only()), format!("GET {PATH}?expand=info%2Cstatus%2Cid"));
    assert_eq!(found.model["id"], "lcc-1");
    let schema = Definitions::embedded().schema(&of(CONNECTOR)).unwrap();
    let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let diff = diff(&context, &declared(), &found.model);
    assert!(diff.changes.is_empty(), "{:?}", diff.changes);
    assert_eq!(diff.cannot_compare.len(), 1);
    let config = found.model["config"].as_object().unwrap();
    assert_eq!(config.keys().collect::<Vec<_>>(), ["name", "connector.class", "password", "tasks.max"]);
}

#[tokio::test]
async fn a_put_holds_the_real_secrets_and_never_a_mask_trap_51() {
    let bench = Bench::of([shown("RUNNING"), checked(&[]), with_headers(200, &[], "{}")]);
    let patch = json!([
        {"op": "replace", "path": "/config/tasks.max", "value": "2"},
        {"op": "add", "path": "/config/password", "value": SECRET},
    ]);
    let told = bench.update(CONNECTOR, "env-1|lkc-1|c", patch).await.unwrap();
    assert_eq!(told.status, Status::InProgress);
    let sent = &bench.script.sent()[2];
    assert_eq!(line(sent), format!("PUT {PATH}/c/config"));
    let whole = json!({"name": "c", "connector.class": "S3", "password": SECRET, "tasks.max": "2"});
    assert_eq!(sent.json(), whole);
    // The service is asked about the same first.
    let asked = &bench.script.sent()[1];
    assert_eq!(line(asked), format!("PUT {PLUGINS}/S3/config/validate"));
    assert_eq!(asked.json(), whole);
    assert!(!format!("{told:?}").contains(SECRET));
    // The manifest does not hold the password.
    let bench = Bench::of([shown("RUNNING")]);
    let patch = json!([{"op": "replace", "path": "/config/tasks.max", "value": "2"}]);
    let failure = bench.update(CONNECTOR, "env-1|lkc-1|c", patch).await.unwrap_err();
    assert!(failure.kind == FailureKind::Invalid && failure.message.contains("`password`"), "{failure}");
    assert_eq!(bench.script.sent().len(), 1);
}

/// The differ puts a masked value beside any other change, from the manifest.
#[tokio::test]
async fn a_change_of_something_else_carries_the_secrets_along() {
    let bench = Bench::of([shown("RUNNING")]);
    let found = bench.read(CONNECTOR, "env-1|lkc-1|c").await.unwrap().unwrap();
    let schema = Definitions::embedded().schema(&of(CONNECTOR)).unwrap();
    let mut wanted = declared();
    if let Value::Object(members) = &mut wanted
        && let Some(Value::Object(config)) = members.get_mut("config")
    {
        config.insert("tasks.max".to_owned(), Value::text("3"));
    }
    let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let diff = diff(&context, &wanted, &found.model);
    let document = patch(PatchInput {
        schema: &schema,
        diff: &diff,
        full: &wanted,
        live: &found.model,
        also: &[],
        resend: &[],
        ignore: &[],
    });
    let places: Vec<String> = document.iter().map(|op| op.path().to_string()).collect();
    assert_eq!(places, ["/config/tasks.max", "/config/password"]);
}

#[tokio::test]
async fn what_the_service_would_not_take_is_told_key_by_key_before_anything_is_made() {
    let config = json!({"connector.class": "S3", "topics": "", "kafka.auth.mode": "NONE"});
    let props =
        json!({"environment_id": "env-1", "kafka_cluster_id": "lkc-1", "name": "c", "config": config});
    let bench = Bench::of([checked(&[("topics", "is required"), ("kafka.auth.mode", "must be one of two")])]);
    let failure = bench.create(CONNECTOR, props.clone()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    let words = "topics: is required; kafka.auth.mode: must be one of two; nothing was changed";
    assert!(failure.message.contains(words), "{failure}");
    assert_eq!(bench.lines(), [format!("PUT {PLUGINS}/S3/config/validate")]);
    // A plugin that is not there is no connector that is not there.
    let bench = Bench::of([reply(404, json!({"error": {"code": 404, "message": "no plugin S3"}}))]);
    let failure = bench.create(CONNECTOR, props).await.unwrap_err();
    assert!(failure.kind == FailureKind::Invalid && failure.message.contains("no plugin S3"), "{failure}");
}

/// Its config alone does not wake it up.
#[tokio::test]
async fn a_failed_one_is_restarted_after_its_config_was_put_trap_51() {
    let patch = || json!([{"op": "replace", "path": "/config/tasks.max", "value": "2"}, {"op": "add", "path": "/config/password", "value": SECRET}]);
    let done = || with_headers(200, &[], "{}");
    let bench = Bench::of([shown("FAILED"), checked(&[]), done(), with_headers(204, &[], "")]);
    bench.update(CONNECTOR, "env-1|lkc-1|c", patch()).await.unwrap();
    assert_eq!(bench.lines()[2..], [format!("PUT {PATH}/c/config"), format!("POST {PATH}/c/restart")]);
    let bench = Bench::of([shown("RUNNING"), checked(&[]), done()]);
    bench.update(CONNECTOR, "env-1|lkc-1|c", patch()).await.unwrap();
    assert_eq!(bench.lines().len(), 3);
}

/// A config that goes along would set it up anew, and a connector that is set up cannot be paused.
#[tokio::test]
async fn pausing_takes_no_config_along_trap_34() {
    let bench = Bench::of([shown("RUNNING"), shown("RUNNING"), with_headers(202, &[], ""), shown("PAUSED")]);
    let found = bench.read(CONNECTOR, "env-1|lkc-1|c").await.unwrap().unwrap();
    let schema = Definitions::embedded().schema(&of(CONNECTOR)).unwrap();
    let mut wanted = declared();
    if let Value::Object(members) = &mut wanted {
        members.insert("state".to_owned(), Value::text("PAUSED"));
    }
    let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let diff = diff(&context, &wanted, &found.model);
    let input = PatchInput {
        schema: &schema,
        diff: &diff,
        full: &wanted,
        live: &found.model,
        also: &[],
        resend: &[],
        ignore: &[],
    };
    let places: Vec<String> = patch(input).iter().map(|op| op.path().to_string()).collect();
    assert_eq!(places, ["/state"]);
    let patch = json!([{"op": "add", "path": "/state", "value": "PAUSED"}]);
    let told = bench.update(CONNECTOR, "env-1|lkc-1|c", patch).await.unwrap();
    assert_eq!(bench.poll(&told).await.status, Status::Success);
    assert_eq!(bench.lines()[2], format!("PUT {PATH}/c/pause"));
}

fn changed_and_paused() -> Json {
    json!([
        {"op": "add", "path": "/state", "value": "PAUSED"},
        {"op": "replace", "path": "/config/tasks.max", "value": "2"},
        {"op": "add", "path": "/config/password", "value": SECRET},
    ])
}

fn is_provisioned() -> Answer {
    reply(409, json!({"error": {"code": 409, "message": "Connector c is being provisioned"}}))
}

#[tokio::test]
async fn a_changed_one_is_paused_once_it_has_settled_trap_34() {
    let put = with_headers(200, &[], "{}");
    let bench = Bench::of([
        shown("RUNNING"),
        checked(&[]),
        put,
        shown("PROVISIONING"),
        shown("RUNNING"),
        is_provisioned(),
        shown("RUNNING"),
        with_headers(202, &[], ""),
        shown("PAUSED"),
    ]);
    let told = bench.update(CONNECTOR, "env-1|lkc-1|c", changed_and_paused()).await.unwrap();
    let mut states = Vec::new();
    for _ in 0..4 {
        states.push(bench.poll(&told).await.status);
    }
    use Status::{InProgress, Success};
    assert_eq!(states, [InProgress, InProgress, InProgress, Success]);
    let writes: Vec<String> = bench.lines().into_iter().filter(|line| !line.starts_with("GET")).collect();
    let (config, pause) = (format!("PUT {PATH}/c/config"), format!("PUT {PATH}/c/pause"));
    assert_eq!(writes[1..], [config, pause.clone(), pause]);
}

/// The config was put: that the pause was refused is the end of an operation, not its refusal.
#[tokio::test]
async fn a_pause_that_is_refused_after_the_config_was_put_is_a_failed_operation() {
    let refused = reply(400, json!({"error": {"code": 400, "message": "no pause here"}}));
    let put = with_headers(200, &[], "{}");
    let bench = Bench::of([shown("RUNNING"), checked(&[]), put, shown("RUNNING"), refused]);
    let told = bench.update(CONNECTOR, "env-1|lkc-1|c", changed_and_paused()).await.unwrap();
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Failed);
    assert!(
        ended.message.contains("state is not set yet") && ended.message.contains("no pause here"),
        "{ended:?}"
    );
}

async fn made(answers: Vec<Answer>, state: Option<&str>) -> (Bench, Progress) {
    let first = reply(201, json!({"name": "c", "config": {}}));
    let bench = Bench::of([first].into_iter().chain(answers));
    let mut props = json!({"environment_id": "env-1", "kafka_cluster_id": "lkc-1", "name": "c", "config": {"tasks.max": 1}});
    if let Some(state) = state {
        props["state"] = json!(state);
    }
    let told = bench.create(CONNECTOR, props).await.expect("accepted");
    assert_eq!(
        bench.script.sent()[0].json(),
        json!({"name": "c", "config": {"tasks.max": "1", "name": "c"}})
    );
    (bench, told)
}

#[tokio::test(start_paused = true)]
async fn failed_counts_only_if_it_lasts_trap_33() {
    let (bench, told) = made(vec![shown("PROVISIONING"), shown("FAILED"), shown("RUNNING")], None).await;
    for _ in 0..2 {
        assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(bench.poll(&told).await.status, Status::Success);

    let (bench, told) = made(vec![shown("FAILED"), shown("FAILED"), shown("FAILED")], None).await;
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Failed);
    assert!(ended.message.contains("it broke"), "{ended:?}");
}

#[tokio::test]
async fn a_paused_one_is_made_then_paused_trap_34() {
    let answers = vec![
        shown("PROVISIONING"),
        shown("RUNNING"),
        with_headers(202, &[], ""),
        shown("RUNNING"),
        shown("PAUSED"),
    ];
    let (bench, told) = made(answers, Some("PAUSED")).await;
    let mut states = Vec::new();
    for _ in 0..4 {
        states.push(bench.poll(&told).await.status);
    }
    use Status::{InProgress, Success};
    assert_eq!(states, [InProgress, InProgress, InProgress, Success]);
    assert_eq!(line(&bench.script.sent()[3]), format!("PUT {PATH}/c/pause"));
}

#[tokio::test]
async fn a_delete_that_says_an_error_failed_trap_86() {
    let bench = Bench::of([reply(200, json!({"error": {"code": 500, "message": "cannot stop"}}))]);
    let failure = bench.delete(CONNECTOR, "env-1|lkc-1|c").await.unwrap_err();
    assert!(failure.message.contains("cannot stop"), "{failure}");
}
