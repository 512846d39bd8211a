//! Schema exporters (confluent.md sections 5, 8, 9, 10, 12): they must be paused to be changed or deleted (trap 84).

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks, paths};
use super::registry::registry;
use serde_json::{Map, Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", "/exporters", "schema_exporter", "list", &[], list),
    Row("POST", "/exporters", "schema_exporter", "create", &[], create),
    Row("GET", "/exporters/{name}", "schema_exporter", "read", &[], read),
    Row("PUT", "/exporters/{name}", "schema_exporter", "update", &[], update),
    Row("DELETE", "/exporters/{name}", "schema_exporter", "delete", &[], delete),
    Row("GET", "/exporters/{name}/config", "schema_exporter", "read", &[], config),
    Row("PUT", "/exporters/{name}/config", "schema_exporter", "update", &[], set_config),
    Row("GET", "/exporters/{name}/status", "schema_exporter", "read", &[], status),
    Row("PUT", "/exporters/{name}/pause", "schema_exporter", "update", &[], pause),
    Row("PUT", "/exporters/{name}/resume", "schema_exporter", "update", &[], resume),
    Row("PUT", "/exporters/{name}/reset", "schema_exporter", "update", &[], reset),
];

const SECRET: &str = "basic.auth.user.info";
const MASK: &str = "****************";
const MEMBERS: &[&str] = &["contextType", "context", "subjects", "subjectRenameFormat"];
const CONTEXT_TYPES: &[&str] = &["AUTO", "CUSTOM", "NONE", "DEFAULT"];

fn key(turn: &Turn) -> String {
    format!("{}/{}", registry(turn), turn.variable("name"))
}

fn body(turn: &Turn) -> Result<Json, Problem> {
    checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))
}

fn found(service: &Confluent, turn: &Turn) -> Result<Object, Problem> {
    let exporter =
        service.state.usable("schema_exporter", &key(turn)).filter(|e| e.visible_at <= turn.now_ms);
    exporter
        .cloned()
        .ok_or_else(|| Problem::numbered(40450, format!("Exporter '{}' not found.", turn.variable("name"))))
}

/// The exporter, if it is paused.
fn paused(service: &Confluent, turn: &Turn) -> Result<Object, Problem> {
    let exporter = found(service, turn)?;
    if exporter.phase(turn.now_ms) == Some("PAUSED") {
        Ok(exporter)
    } else {
        Err(Problem::numbered(40963, format!("Exporter '{}' is not paused", exporter.id)))
    }
}

fn store(service: &mut Confluent, turn: &Turn, mut exporter: Object) -> Answer {
    exporter.touch(turn.now_ms);
    let (key, name) = (key(turn), exporter.id.clone());
    service.note_change(turn.now_ms, Happened::Updated, "schema_exporter", &key, &exporter);
    if let Some(stored) = service.state.get_mut("schema_exporter", &key) {
        *stored = exporter;
    }
    Answer::json(200, json!({ "name": name }))
}

/// Takes what a body holds; the user info is kept apart.
fn take(exporter: &mut Object, body: &Json) -> Result<(), Problem> {
    if let Some(kind) = body.get("contextType").and_then(Json::as_str)
        && !CONTEXT_TYPES.contains(&kind)
    {
        return Err(Problem::numbered(422, format!("contextType cannot be {kind}")));
    }
    for member in MEMBERS {
        if let Some(value) = body.get(*member) {
            paths::set(&mut exporter.body, member, value.clone());
        }
    }
    match body.get("config").and_then(Json::as_object) {
        Some(config) => take_config(exporter, config),
        None => Ok(()),
    }
}

fn take_config(exporter: &mut Object, config: &Map<String, Json>) -> Result<(), Problem> {
    if config.values().any(|value| !value.is_string()) {
        return Err(Problem::numbered(400, "config values must be strings"));
    }
    let mut shown = config.clone();
    if let Some(secret) = config.get(SECRET) {
        exporter.hidden.insert(format!("config.{SECRET}"), secret.clone());
        shown.insert(SECRET.to_owned(), Json::from(MASK));
    }
    if let Json::Object(body) = &mut exporter.body {
        body.insert("config".to_owned(), Json::Object(shown));
    }
    Ok(())
}

fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let owner = format!("schema_registry_cluster/{}", registry(turn));
    let exporters = service.state.listed("schema_exporter").into_iter().filter(|e| e.within.contains(&owner));
    Ok(Answer::json(200, exporters.map(|exporter| Json::from(exporter.id.clone())).collect()))
}

fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let name = body.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Problem::numbered(422, "name is required"));
    }
    let registry = registry(turn);
    let key = format!("{registry}/{name}");
    if service.state.get("schema_exporter", &key).is_some() {
        return Err(Problem::numbered(40950, format!("Exporter '{name}' already exists")));
    }
    let now_ms = turn.now_ms;
    let running = now_ms + service.config.timing.connector_ms;
    let mut exporter = Object {
        id: name.clone(),
        environment: service
            .state
            .get("schema_registry_cluster", &registry)
            .and_then(|r| r.environment.clone()),
        within: vec![format!("schema_registry_cluster/{registry}")],
        created_at: now_ms,
        updated_at: now_ms,
        phases: vec![(now_ms, "STARTING".to_owned()), (running, "RUNNING".to_owned())],
        body: json!({ "name": name, "contextType": "AUTO", "context": ".", "subjects": ["*"],
                      "subjectRenameFormat": "${subject}", "config": {} }),
        ..Object::default()
    };
    take(&mut exporter, &body)?;
    service.add(turn, "schema_exporter", &key, exporter);
    Ok(Answer::json(200, json!({ "name": name })))
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let exporter = found(service, turn)?;
    let view = exporter.body.clone();
    Ok(Answer::json(200, service.shown(turn, &exporter, view)))
}

fn config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let exporter = found(service, turn)?;
    Ok(Answer::json(200, exporter.body.get("config").cloned().unwrap_or_default()))
}

fn status(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let exporter = found(service, turn)?;
    let state = exporter.phase(turn.now_ms);
    Ok(Answer::json(200, json!({ "name": exporter.id, "state": state, "offset": 0, "ts": turn.now_ms })))
}

fn update(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let mut exporter = paused(service, turn)?;
    take(&mut exporter, &body)?;
    Ok(store(service, turn, exporter))
}

fn set_config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let Json::Object(config) = body(turn)? else { return Err(Problem::numbered(400, "Bad Request")) };
    let mut exporter = paused(service, turn)?;
    take_config(&mut exporter, &config)?;
    Ok(store(service, turn, exporter))
}

fn steer(service: &mut Confluent, turn: &Turn, phases: Vec<(i64, String)>) -> Result<Answer, Problem> {
    let mut exporter = found(service, turn)?;
    exporter.phases = phases;
    Ok(store(service, turn, exporter))
}

fn pause(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, vec![(turn.now_ms, "PAUSED".to_owned())])
}

fn resume(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let running = turn.now_ms + service.config.timing.connector_ms;
    steer(service, turn, vec![(turn.now_ms, "STARTING".to_owned()), (running, "RUNNING".to_owned())])
}

fn reset(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let exporter = paused(service, turn)?;
    Ok(store(service, turn, exporter))
}

fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    paused(service, turn)?;
    service.state.end("schema_exporter", &key(turn), turn.now_ms);
    service.sweep(turn.now_ms);
    Ok(Answer::empty(204))
}
