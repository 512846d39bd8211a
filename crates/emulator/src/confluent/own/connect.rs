//! Managed connectors (confluent.md sections 8, 10, 12, 13). Names are ids, nothing is paged, all config values are
//! texts.

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks, paths};
use crate::time::iso;
use serde_json::{Map, Value as Json, json};

macro_rules! in_cluster {
    ($rest:literal) => {
        concat!("/connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}", $rest)
    };
}

pub(crate) const ROWS: &[Row] = &[
    Row("GET", in_cluster!("/connectors"), "connector", "list", &[], list),
    Row("POST", in_cluster!("/connectors"), "connector", "create", &[], create),
    Row("GET", in_cluster!("/connectors/{connector_name}"), "connector", "read", &[], read),
    Row("DELETE", in_cluster!("/connectors/{connector_name}"), "connector", "delete", &[], delete),
    Row("GET", in_cluster!("/connectors/{connector_name}/config"), "connector", "read", &[], config),
    Row("PUT", in_cluster!("/connectors/{connector_name}/config"), "connector", "update", &[], replace),
    Row("GET", in_cluster!("/connectors/{connector_name}/status"), "connector", "read", &[], status),
    Row("GET", in_cluster!("/connectors/{connector_name}/tasks"), "connector", "tasks", &[], tasks),
    Row("PUT", in_cluster!("/connectors/{connector_name}/pause"), "connector", "update", &[], pause),
    Row("PUT", in_cluster!("/connectors/{connector_name}/resume"), "connector", "update", &[], resume),
    Row("POST", in_cluster!("/connectors/{connector_name}/restart"), "connector", "restart", &[], restart),
    Row("GET", in_cluster!("/connectors/{connector_name}/offsets"), "connector", "offsets", &[], offsets),
    Row(
        "POST",
        in_cluster!("/connectors/{connector_name}/offsets/request"),
        "connector",
        "update",
        &[],
        alter_offsets,
    ),
    Row(
        "GET",
        in_cluster!("/connectors/{connector_name}/offsets/request/status"),
        "connector",
        "offsets",
        &[],
        offsets_status,
    ),
    Row("GET", in_cluster!("/connector-plugins"), "managed_connector_plugin", "list", &[], plugins),
    Row(
        "PUT",
        in_cluster!("/connector-plugins/{plugin_name}/config/validate"),
        "managed_connector_plugin",
        "validate",
        &[],
        validate,
    ),
];

/// Plugins here: class and kind.
const PLUGINS: &[(&str, &str)] = &[
    ("DatagenSource", "source"),
    ("HttpSink", "sink"),
    ("LambdaSink", "sink"),
    ("MongoDbAtlasSink", "sink"),
    ("PostgresCdcSourceV2", "source"),
    ("S3_SINK", "sink"),
    ("SnowflakeSink", "sink"),
];
/// What a masked value looks like.
const MASK: &str = "****************";
/// Parts of the names of secret keys.
const SECRET: &[&str] = &["password", "secret", "private.key", "credentials", "jaas", "token", "user.info"];

fn cluster_key(turn: &Turn) -> String {
    format!("kafka_cluster/{}", turn.variable("kafka_cluster_id"))
}

fn key(turn: &Turn) -> String {
    format!("{}/{}", turn.variable("kafka_cluster_id"), turn.variable("connector_name"))
}

/// The cluster of the path, which must be in the environment of the path.
fn cluster<'s>(service: &'s Confluent, turn: &Turn) -> Result<&'s Object, Problem> {
    let (environment, id) = (turn.variable("environment_id"), turn.variable("kafka_cluster_id"));
    let found =
        service.state.usable("kafka_cluster", id).filter(|c| c.environment.as_deref() == Some(environment));
    found.ok_or_else(|| {
        if service.state.is_gone("kafka_cluster", id) || service.state.is_gone("environment", environment) {
            Problem::forbidden("Forbidden Access")
        } else {
            Problem::not_found(&format!("cluster {id}"))
        }
    })
}

fn absent(turn: &Turn) -> Problem {
    Problem::new(404, "not_found", format!("Connector {} not found", turn.variable("connector_name")))
}

fn found(service: &mut Confluent, turn: &Turn) -> Result<Object, Problem> {
    cluster(service, turn)?;
    let now_ms = turn.now_ms;
    let connector = service.state.get_mut("connector", &key(turn)).ok_or_else(|| absent(turn))?;
    if connector.visible_at > now_ms || connector.hidden_reads > 0 || connector.gone_at.is_some() {
        connector.hidden_reads = connector.hidden_reads.saturating_sub(1);
        return Err(absent(turn));
    }
    Ok(connector.clone())
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part))
}

/// Splits a config into what is shown, secrets masked, and the secrets. A mask that is sent becomes the value (trap 51).
fn split(config: &Map<String, Json>) -> (Map<String, Json>, Map<String, Json>) {
    let (mut shown, mut hidden) = (Map::new(), Map::new());
    for (name, value) in config {
        if is_secret(name) {
            hidden.insert(format!("config.{name}"), value.clone());
            shown.insert(name.clone(), Json::from(MASK));
        } else {
            shown.insert(name.clone(), value.clone());
        }
    }
    (shown, hidden)
}

/// Keys that the service adds (trap 50).
fn with_noise(service: &Confluent, turn: &Turn, config: &mut Map<String, Json>) {
    let cluster = service.state.get("kafka_cluster", turn.variable("kafka_cluster_id"));
    let text = |path: &str| cluster.and_then(|c| paths::text(&c.body, path)).unwrap_or_default().to_owned();
    let is_custom = config.get("confluent.connector.type").and_then(Json::as_str) == Some("CUSTOM");
    let noise = [
        ("cloud.environment", "prod".to_owned()),
        ("cloud.provider", text("spec.cloud").to_lowercase()),
        ("connector.crn", crn(service, turn, turn.variable("connector_name"))),
        ("kafka.endpoint", format!("SASL_SSL://{}.confluent.cloud:9092", turn.variable("kafka_cluster_id"))),
        ("kafka.region", text("spec.region")),
        ("kafka.dedicated", (text("spec.config.kind") == "Dedicated").to_string()),
        ("kafka.max.partition.validation.disable", "false".to_owned()),
        ("schema.registry.url", "https://psrc-internal.confluent.cloud".to_owned()),
        ("valid.kafka.api.key", "true".to_owned()),
        ("confluent.custom.plugin.type", if is_custom { "CUSTOM" } else { "MANAGED" }.to_owned()),
        ("confluent.resource.connector.tier", "STANDARD".to_owned()),
        ("config.internal.request.id", "1".to_owned()),
    ];
    for (name, value) in noise {
        config.entry(name).or_insert_with(|| Json::from(value));
    }
}

fn crn(service: &Confluent, turn: &Turn, name: &str) -> String {
    format!(
        "crn://confluent.cloud/organization={}/environment={}/cloud-cluster={}/connector={name}",
        service.config.organization,
        turn.variable("environment_id"),
        turn.variable("kafka_cluster_id")
    )
}

/// Checks a whole config.
fn checked(service: &Confluent, name: &str, config: &Json) -> Result<Map<String, Json>, Problem> {
    let wrong = |detail: String| Problem::new(400, "bad_request", detail);
    let Json::Object(config) = config else { return Err(wrong("config must be an object".to_owned())) };
    if let Some((key, _)) = config.iter().find(|(_, value)| !value.is_string()) {
        return Err(wrong(format!("config value of {key} must be a string")));
    }
    let text = |key: &str| config.get(key).and_then(Json::as_str).unwrap_or_default();
    if text("name") != name {
        return Err(wrong(format!(
            "config name {:?} must equal the connector's name {name:?}",
            text("name")
        )));
    }
    let is_custom = text("confluent.connector.type") == "CUSTOM";
    if is_custom && text("confluent.custom.plugin.id").is_empty() {
        return Err(wrong("confluent.custom.plugin.id is required".to_owned()));
    }
    let class = text("connector.class");
    if !is_custom && !PLUGINS.iter().any(|(known, _)| *known == class) {
        return Err(wrong(format!("Failed to find any connector with class {class:?}")));
    }
    match text("kafka.auth.mode") {
        "SERVICE_ACCOUNT" => {
            let account = text("kafka.service.account.id");
            if service.state.usable("service_account", account).is_none() {
                return Err(wrong(format!("kafka.service.account.id {account:?} does not exist")));
            }
        }
        "KAFKA_API_KEY" => {
            if text("kafka.api.key").is_empty() || text("kafka.api.secret").is_empty() {
                return Err(wrong("kafka.api.key and kafka.api.secret are required".to_owned()));
            }
        }
        _ => return Err(wrong("kafka.auth.mode must be SERVICE_ACCOUNT or KAFKA_API_KEY".to_owned())),
    }
    let integration = text("provider.integration.id");
    let is_there = ["provider_integration_v1", "provider_integration_v2"]
        .iter()
        .any(|resource| service.state.usable(resource, integration).is_some());
    if !integration.is_empty() && !is_there {
        return Err(wrong(format!("provider.integration.id {integration} does not exist")));
    }
    Ok(config.clone())
}

fn kind_of(config: &Map<String, Json>) -> &'static str {
    let class = config.get("connector.class").and_then(Json::as_str).unwrap_or_default();
    PLUGINS.iter().find(|(known, _)| *known == class).map_or("sink", |(_, kind)| *kind)
}

/// What follows a create or a change of the config.
fn starting(service: &Confluent, now_ms: i64) -> Vec<(i64, String)> {
    let lasts = service.config.timing.connector_ms;
    let phase = |after: i64, phase: &str| (now_ms + after, phase.to_owned());
    if service.config.connector_flap {
        vec![phase(0, "PROVISIONING"), phase(lasts / 2, "FAILED"), phase(lasts, "RUNNING")]
    } else {
        vec![phase(0, "PROVISIONING"), phase(lasts, "RUNNING")]
    }
}

fn info(service: &Confluent, turn: &Turn, connector: &Object) -> Json {
    let view = json!({
        "name": connector.id,
        "type": connector.body.get("type"),
        "config": shown_config(service, turn, connector),
        "tasks": [{ "connector": connector.id, "task": 0 }],
    });
    service.shown(turn, connector, view)
}

fn shown_config(service: &Confluent, turn: &Turn, connector: &Object) -> Json {
    let mut config = connector.body.get("config").and_then(Json::as_object).cloned().unwrap_or_default();
    with_noise(service, turn, &mut config);
    Json::Object(config)
}

fn state_of(turn: &Turn, connector: &Object) -> Json {
    let phase = connector.phase(turn.now_ms).unwrap_or("RUNNING");
    let trace =
        if phase == "FAILED" { "Unable to reach the endpoint with the given credentials" } else { "" };
    let tasks = match phase {
        "RUNNING" | "PAUSED" | "FAILED" => {
            json!([{ "id": 0, "state": phase, "worker_id": connector.body.get("id"), "msg": trace }])
        }
        _ => json!([]),
    };
    json!({
        "name": connector.id,
        "type": connector.body.get("type"),
        "connector": { "state": phase, "worker_id": connector.body.get("id"), "trace": trace },
        "tasks": tasks,
    })
}

/// Names, or with `expand` a map by name. The id is there once the connector is set up.
fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    cluster(service, turn)?;
    let own = cluster_key(turn);
    let connectors =
        service.state.listed("connector").into_iter().filter(|connector| connector.within.contains(&own));
    let wanted: Vec<&str> = turn.queries("expand").flat_map(|text| text.split(',')).map(str::trim).collect();
    if wanted.is_empty() {
        return Ok(Answer::json(200, connectors.map(|connector| Json::from(connector.id.clone())).collect()));
    }
    let mut map = Map::new();
    for connector in connectors {
        let mut item = Map::new();
        if wanted.contains(&"info") {
            item.insert("info".to_owned(), info(service, turn, connector));
        }
        if wanted.contains(&"status") {
            item.insert("status".to_owned(), state_of(turn, connector));
        }
        if wanted.contains(&"id") && connector.phase(turn.now_ms) != Some("PROVISIONING") {
            item.insert("id".to_owned(), json!({ "id": connector.body.get("id"), "id_type": "ID" }));
        }
        map.insert(connector.id.clone(), Json::Object(item));
    }
    Ok(Answer::json(200, Json::Object(map)))
}

fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    cluster(service, turn)?;
    let body = checks::object(&turn.body)?;
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Problem::bad("name is required"));
    }
    let config = checked(service, &name, body.get("config").unwrap_or(&Json::Null))?;
    put(service, turn, &name, &config)
}

fn put(
    service: &mut Confluent,
    turn: &mut Turn,
    name: &str,
    config: &Map<String, Json>,
) -> Result<Answer, Problem> {
    let key = format!("{}/{name}", turn.variable("kafka_cluster_id"));
    if service.state.get("connector", &key).is_some() {
        return Err(Problem::conflict(format!("Connector {name} already exists")));
    }
    let (cluster_phase, now_ms) = (cluster(service, turn)?.settled_at(), turn.now_ms);
    if cluster_phase > now_ms {
        return Err(Problem::bad("the cluster is not provisioned"));
    }
    let is_custom = config.get("confluent.connector.type").and_then(Json::as_str) == Some("CUSTOM");
    let id = service.new_id(if is_custom { "clcc-" } else { "lcc-" });
    let (shown, hidden) = split(config);
    let connector = Object {
        id: name.to_owned(),
        environment: Some(turn.variable("environment_id").to_owned()),
        within: vec![cluster_key(turn), format!("environment/{}", turn.variable("environment_id"))],
        created_at: now_ms,
        updated_at: now_ms,
        phases: starting(service, now_ms),
        body: json!({ "id": id, "type": kind_of(config), "config": shown, "crn": crn(service, turn, name) }),
        hidden,
        ..Object::default()
    };
    service.add(turn, "connector", &key, connector.clone());
    turn.variables.push(("connector_name", name.to_owned()));
    Ok(Answer::json(201, info(service, turn, &connector)))
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    Ok(Answer::json(200, info(service, turn, &connector)))
}

fn config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    Ok(Answer::json(200, shown_config(service, turn, &connector)))
}

fn status(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    let view = state_of(turn, &connector);
    Ok(Answer::json(200, service.shown(turn, &connector, view)))
}

fn tasks(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    let task = json!({ "id": { "connector": connector.id, "task": 0 }, "config": {} });
    Ok(Answer::json(200, json!([task])))
}

/// PUT of the whole config. Creates what is absent; a FAILED connector stays so until it is restarted.
fn replace(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    cluster(service, turn)?;
    let name = turn.variable("connector_name").to_owned();
    let body = checks::object(&turn.body)?;
    let new = checked(service, &name, &body)?;
    let Some(mut connector) = service.state.usable("connector", &key(turn)).cloned() else {
        return put(service, turn, &name, &new);
    };
    let now_ms = turn.now_ms;
    (connector.body, connector.hidden) = {
        let (shown, hidden) = split(&new);
        let mut body = connector.body.clone();
        if let Json::Object(map) = &mut body {
            map.insert("config".to_owned(), Json::Object(shown));
        }
        (body, hidden)
    };
    match connector.phase(now_ms) {
        Some("FAILED" | "PAUSED") => {}
        _ => connector.phases = starting(service, now_ms),
    }
    store(service, turn, connector.clone());
    Ok(Answer::json(200, info(service, turn, &connector)))
}

fn store(service: &mut Confluent, turn: &Turn, mut connector: Object) {
    connector.touch(turn.now_ms);
    let key = key(turn);
    service.note_change(turn.now_ms, Happened::Updated, "connector", &key, &connector);
    if let Some(stored) = service.state.get_mut("connector", &key) {
        *stored = connector;
    }
}

/// Moves to a phase after the connector's time. It must be set up (trap 34).
fn steer(service: &mut Confluent, turn: &Turn, phase: &str) -> Result<Answer, Problem> {
    let mut connector = found(service, turn)?;
    if connector.phase(turn.now_ms) == Some("PROVISIONING") {
        return Err(Problem::conflict(format!("Connector {} is being provisioned", connector.id)));
    }
    let at_ms = turn.now_ms + service.config.timing.connector_ms;
    connector.phases.retain(|(from, _)| *from <= turn.now_ms);
    connector.phases.push((at_ms, phase.to_owned()));
    store(service, turn, connector);
    Ok(Answer::empty(202))
}

fn pause(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, "PAUSED")
}

fn resume(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, "RUNNING")
}

fn restart(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, "RUNNING")
}

/// 200 with an `error` member, which is null on success (trap 86).
fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    service.state.end("connector", &key(turn), turn.now_ms);
    service.sweep(turn.now_ms);
    Ok(Answer::json(200, json!({ "name": connector.id, "error": null })))
}

fn offsets(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    let kept = connector.body.get("offsets").cloned().unwrap_or_else(|| json!([]));
    Ok(Answer::json(
        200,
        json!({ "id": connector.body.get("id"), "name": connector.id, "offsets": kept,
                "metadata": { "observed_at": iso(turn.now_ms) } }),
    ))
}

fn alter_offsets(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let mut connector = found(service, turn)?;
    let body = checks::object(&turn.body)?;
    if !matches!(body.get("type").and_then(Json::as_str), Some("PATCH" | "DELETE")) {
        return Err(Problem::bad("type must be PATCH or DELETE"));
    }
    let at_ms = turn.now_ms + service.config.timing.connector_ms;
    let offsets = body.get("offsets").cloned().unwrap_or_else(|| json!([]));
    let request = json!({ "request": body, "applied_at_ms": at_ms, "requested_at": iso(turn.now_ms) });
    paths::set(&mut connector.body, "offsets_request", request);
    connector.later.push((at_ms, json!({ "offsets": offsets })));
    store(service, turn, connector.clone());
    Ok(Answer::json(
        202,
        json!({ "id": connector.body.get("id"), "name": connector.id, "offsets": offsets,
                "requested_at": iso(turn.now_ms), "type": body.get("type") }),
    ))
}

fn offsets_status(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let connector = found(service, turn)?;
    let Some(request) = connector.body.get("offsets_request") else { return Err(absent(turn)) };
    let at_ms = request.get("applied_at_ms").and_then(Json::as_i64).unwrap_or_default();
    let phase = if at_ms <= turn.now_ms { "APPLIED" } else { "PENDING" };
    Ok(Answer::json(
        200,
        json!({ "request": request.get("request"), "status": { "phase": phase, "message": "" },
                "previous_offsets": [], "applied_at": (at_ms <= turn.now_ms).then(|| iso(at_ms)) }),
    ))
}

fn plugins(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    cluster(service, turn)?;
    let rows =
        PLUGINS.iter().map(|(class, kind)| json!({ "class": class, "type": kind, "version": "1.0.0" }));
    Ok(Answer::json(200, rows.collect()))
}

/// The check before a create: errors are counted, by config.
fn validate(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    cluster(service, turn)?;
    let body = checks::object(&turn.body)?;
    let plugin = turn.variable("plugin_name");
    if !PLUGINS.iter().any(|(class, _)| *class == plugin) {
        return Err(Problem::not_found(&format!("connector plugin {plugin}")));
    }
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default();
    let failure = checked(service, name, &body).err();
    let wrong = failure.as_ref().and_then(|problem| {
        let keys = [
            "kafka.auth.mode",
            "kafka.service.account.id",
            "kafka.api.key",
            "connector.class",
            "provider.integration.id",
        ];
        keys.into_iter().find(|key| problem.detail.contains(key))
    });
    let keys = body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
    let mut rows: Vec<(String, Json)> = keys.collect();
    if let (Some(_), key) = (&failure, wrong.unwrap_or("name"))
        && !rows.iter().any(|(name, _)| name == key)
    {
        rows.push((key.to_owned(), Json::Null));
    }
    let configs = rows.into_iter().map(|(name, value)| {
        let errors: Vec<&str> = failure
            .iter()
            .filter(|_| name == wrong.unwrap_or("name"))
            .map(|problem| problem.detail.as_str())
            .collect();
        json!({ "definition": { "name": name, "required": true },
                "value": { "name": name, "value": value, "errors": errors, "visible": true } })
    });
    let configs: Vec<Json> = configs.collect();
    let count = i32::from(failure.is_some());
    Ok(Answer::json(200, json!({ "name": plugin, "groups": [], "error_count": count, "configs": configs })))
}
