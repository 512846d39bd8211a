//! Flink statements (confluent.md sections 8, 9, 12, 13). Names are ids.

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::plane::Plane;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks, paths};
use crate::time::iso;
use serde_json::{Map, Value as Json, json};

macro_rules! in_environment {
    ($rest:literal) => {
        concat!("/sql/v1/organizations/{organization_id}/environments/{environment_id}", $rest)
    };
}

pub(crate) const ROWS: &[Row] = &[
    Row("GET", in_environment!("/statements"), "flink_statement", "list", &[], list),
    Row("POST", in_environment!("/statements"), "flink_statement", "create", &[], create),
    Row("GET", in_environment!("/statements/{statement_name}"), "flink_statement", "read", &[], read),
    Row("PUT", in_environment!("/statements/{statement_name}"), "flink_statement", "update", &[], replace),
    Row("PATCH", in_environment!("/statements/{statement_name}"), "flink_statement", "update", &[], patch),
    Row("DELETE", in_environment!("/statements/{statement_name}"), "flink_statement", "delete", &[], delete),
    Row(
        "GET",
        in_environment!("/statements/{statement_name}/results"),
        "flink_statement",
        "results",
        &[],
        results,
    ),
    Row(
        "GET",
        in_environment!("/statements/{statement_name}/exceptions"),
        "flink_statement",
        "exceptions",
        &[],
        exceptions,
    ),
];

/// Longest name of a statement.
const NAME: usize = 100;
/// Properties that are not echoed (trap 70).
const SECRET: &str = "sql.secrets";

fn region(turn: &Turn) -> &str {
    match &turn.plane {
        Plane::Flink(Some(region)) => region,
        _ => "",
    }
}

/// Marks what is in the region. Regions never end, so nothing goes with them.
fn within_region(turn: &Turn) -> String {
    format!("flink_region/{}", region(turn))
}

fn key(turn: &Turn, name: &str) -> String {
    format!("{}/{}/{name}", turn.variable("environment_id"), region(turn))
}

/// Refuses another organization than ours, and environments that are not there.
fn place(service: &Confluent, turn: &Turn) -> Result<(), Problem> {
    let (organization, environment) = (turn.variable("organization_id"), turn.variable("environment_id"));
    if organization != service.config.organization {
        return Err(Problem::not_found(&format!("organization {organization}")));
    }
    if service.state.usable("environment", environment).is_none() {
        return Err(Problem::forbidden("Forbidden Access"));
    }
    Ok(())
}

fn found(service: &mut Confluent, turn: &Turn) -> Result<Object, Problem> {
    place(service, turn)?;
    let name = turn.variable("statement_name");
    let now_ms = turn.now_ms;
    let absent = || Problem::not_found(&format!("statement {name}"));
    let statement = service.state.get_mut("flink_statement", &key(turn, name)).ok_or_else(absent)?;
    if statement.visible_at > now_ms || statement.hidden_reads > 0 {
        statement.hidden_reads = statement.hidden_reads.saturating_sub(1);
        return Err(absent());
    }
    Ok(statement.clone())
}

fn view(service: &Confluent, turn: &Turn, statement: &Object) -> Json {
    let mut view = statement.at(turn.now_ms, "status.phase");
    let own = turn.links.next(
        &turn.plane,
        &format!(
            "/sql/v1/organizations/{}/environments/{}/statements/{}",
            turn.variable("organization_id"),
            turn.variable("environment_id"),
            statement.id
        ),
    );
    paths::set(&mut view, "metadata.self", Json::from(own));
    paths::set(&mut view, "metadata.created_at", Json::from(iso(statement.created_at)));
    paths::set(&mut view, "metadata.updated_at", Json::from(iso(statement.updated_at)));
    // A text that says nothing, to be carried along as it is.
    paths::set(&mut view, "metadata.resource_version", Json::from(statement.revision.to_string()));
    let phase = statement.phase(turn.now_ms).unwrap_or_default();
    let detail = if phase == "FAILED" { "The statement failed" } else { "" };
    paths::set(&mut view, "status.detail", Json::from(detail));
    service.shown(turn, statement, view)
}

/// True for what ends by itself: everything that defines, and nothing that moves data.
fn is_definition(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    !matches!(first.as_str(), "INSERT" | "SELECT" | "WITH" | "EXECUTE" | "BEGIN")
        && !sql.to_uppercase().contains(" AS SELECT ")
}

fn running(service: &Confluent, sql: &str, now_ms: i64) -> Vec<(i64, String)> {
    let end = if is_definition(sql) { "COMPLETED" } else { "RUNNING" };
    let lasts = service.config.timing.flink_ms;
    vec![(now_ms, "PENDING".to_owned()), (now_ms + lasts, end.to_owned())]
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(fits) && name.bytes().last().is_some_and(fits);
    ends && name.len() <= NAME && name.bytes().all(|b| fits(b) || b == b'-' || b == b'.')
}

/// The pool must be in this environment and region, and ready; the principal must be there.
fn runs_where(service: &Confluent, turn: &Turn, spec: &Json) -> Result<(), Problem> {
    let pool = paths::text(spec, "compute_pool_id").unwrap_or_default();
    if pool.is_empty() {
        return Err(Problem::member("spec.compute_pool_id", "spec.compute_pool_id is required"));
    }
    let found = service.state.usable("flink_compute_pool", pool).filter(|found| {
        let text = |path: &str| paths::text(&found.body, path).unwrap_or_default().to_lowercase();
        found.environment.as_deref() == Some(turn.variable("environment_id"))
            && format!("{}.{}", text("spec.cloud"), text("spec.region")) == region(turn)
    });
    match found {
        None => {
            Err(Problem::member("spec.compute_pool_id", format!("compute pool {pool} does not exist here")))
        }
        Some(pool) if pool.settled_at() > turn.now_ms => {
            Err(Problem::member("spec.compute_pool_id", "the compute pool is not provisioned"))
        }
        Some(_) => {
            let principal = paths::text(spec, "principal").unwrap_or_default();
            let resources = ["service_account", "user", "identity_pool"];
            let is_there =
                resources.iter().any(|resource| service.state.usable(resource, principal).is_some());
            if principal.is_empty() || is_there {
                Ok(())
            } else {
                Err(Problem::member("spec.principal", format!("principal {principal} does not exist")))
            }
        }
    }
}

fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    place(service, turn)?;
    let body = checks::object(&turn.body)?;
    let name = paths::text(&body, "name").unwrap_or_default().to_owned();
    if !is_name(&name) {
        return Err(Problem::semantic("name", format!("{name:?} is no name of a statement")));
    }
    let sql = paths::text(&body, "spec.statement").unwrap_or_default().to_owned();
    if sql.trim().is_empty() {
        return Err(Problem::member("spec.statement", "spec.statement is required"));
    }
    let key = key(turn, &name);
    if service.state.get("flink_statement", &key).is_some() {
        return Err(Problem::conflict(format!("statement {name} already exists")));
    }
    let mut spec = json!({ "statement": sql });
    for member in ["compute_pool_id", "principal", "stopped", "authorized_principals"] {
        if let Some(value) = paths::get(&body, &format!("spec.{member}")) {
            paths::set(&mut spec, member, value.clone());
        }
    }
    runs_where(service, turn, &spec)?;
    let (shown, hidden) = properties(&body)?;
    paths::set(&mut spec, "properties", Json::Object(shown));
    if paths::get(&spec, "principal").is_none() {
        paths::set(&mut spec, "principal", Json::from(turn.principal.id.clone()));
    }
    paths::set(&mut spec, "stopped", Json::from(false));
    let uid = service.state.dice.uuid();
    let statement = Object {
        id: name.clone(),
        environment: Some(turn.variable("environment_id").to_owned()),
        within: vec![format!("environment/{}", turn.variable("environment_id")), within_region(turn)],
        created_at: turn.now_ms,
        updated_at: turn.now_ms,
        phases: running(service, &sql, turn.now_ms),
        hidden,
        body: json!({
            "api_version": "sql/v1",
            "kind": "Statement",
            "name": name,
            "organization_id": turn.variable("organization_id"),
            "environment_id": turn.variable("environment_id"),
            "metadata": { "uid": uid, "labels": paths::get(&body, "metadata.labels").cloned().unwrap_or_else(|| json!({})) },
            "spec": spec,
            "status": {},
        }),
        ..Object::default()
    };
    service.add(turn, "flink_statement", &key, statement);
    let statement = service.state.get("flink_statement", &key).cloned().unwrap_or_default();
    Ok(Answer::json(201, view(service, turn, &statement)))
}

type Members = Map<String, Json>;

/// Properties are texts; secret ones are kept apart.
fn properties(body: &Json) -> Result<(Members, Members), Problem> {
    let (mut shown, mut hidden) = (Map::new(), Map::new());
    let given = paths::get(body, "spec.properties").and_then(Json::as_object);
    for (name, value) in given.into_iter().flatten() {
        if !value.is_string() {
            return Err(Problem::member("spec.properties", format!("property {name} must be a string")));
        }
        let (target, name) = if name.starts_with(SECRET) {
            (&mut hidden, format!("spec.properties.{name}"))
        } else {
            (&mut shown, name.clone())
        };
        target.insert(name, value.clone());
    }
    Ok((shown, hidden))
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let statement = found(service, turn)?;
    Ok(Answer::json(200, view(service, turn, &statement)))
}

fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    place(service, turn)?;
    let environment = turn.variable("environment_id");
    let region = within_region(turn);
    let pool = turn.query("spec.compute_pool_id");
    let items: Vec<(u64, &Object)> = service
        .state
        .listed("flink_statement")
        .into_iter()
        .filter(|statement| {
            statement.environment.as_deref() == Some(environment) && statement.within.contains(&region)
        })
        .filter(|statement| {
            pool.is_none_or(|pool| paths::text(&statement.body, "spec.compute_pool_id") == Some(pool))
        })
        .map(|statement| (statement.uid, statement))
        .collect();
    let names = ("StatementList".to_owned(), "sql/v1");
    service.page(turn, &items, names, (10, 100), |statement| view(service, turn, statement))
}

/// PUT of the whole statement, with the version that was read. Only `stopped`, the principal and the pool change.
fn replace(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let statement = found(service, turn)?;
    let body = checks::object(&turn.body)?;
    if paths::text(&body, "metadata.resource_version") != Some(statement.revision.to_string().as_str()) {
        return Err(Problem::conflict("metadata.resource_version is not the current one"));
    }
    let statement = changed(service, turn, statement, &body)?;
    Ok(Answer::json(202, view(service, turn, &statement)))
}

/// A JSON Patch (RFC 6902) with its own content type.
fn patch(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let content = turn.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content.split(';').next().map(str::trim) != Some("application/json-patch+json") {
        return Err(Problem::new(
            415,
            "unsupported_media_type",
            format!("unsupported content type {content}"),
        ));
    }
    let statement = found(service, turn)?;
    let operations: json_patch::Patch = serde_json::from_slice(&turn.body)
        .map_err(|error| Problem::bad(format!("malformed patch: {error}")))?;
    let mut wanted = statement.body.clone();
    json_patch::patch(&mut wanted, &operations).map_err(|error| Problem::bad(error.to_string()))?;
    let statement = changed(service, turn, statement, &wanted)?;
    Ok(Answer::json(200, view(service, turn, &statement)))
}

fn changed(
    service: &mut Confluent,
    turn: &Turn,
    mut statement: Object,
    wanted: &Json,
) -> Result<Object, Problem> {
    let now_ms = turn.now_ms;
    if statement.gone_at.is_some() {
        return Err(Problem::conflict(format!("statement {} is being deleted", statement.id)));
    }
    if paths::text(wanted, "spec.statement") != paths::text(&statement.body, "spec.statement") {
        return Err(Problem::semantic("spec.statement", "spec.statement cannot be changed"));
    }
    let (shown, _) = properties(wanted)?;
    let is_sent = paths::get(wanted, "spec.properties").is_some();
    if is_sent && paths::get(&statement.body, "spec.properties") != Some(&Json::Object(shown)) {
        return Err(Problem::semantic("spec.properties", "spec.properties cannot be changed"));
    }
    let spec = wanted.get("spec").cloned().unwrap_or_default();
    runs_where(service, turn, &spec)?;
    let was = paths::get(&statement.body, "spec.stopped") == Some(&Json::Bool(true));
    let stopped = paths::get(wanted, "spec.stopped").and_then(Json::as_bool).unwrap_or(was);
    for member in ["compute_pool_id", "principal"] {
        if let Some(value) = spec.get(member) {
            paths::set(&mut statement.body, &format!("spec.{member}"), value.clone());
        }
    }
    paths::set(&mut statement.body, "spec.stopped", Json::from(stopped));
    if stopped && !was {
        let at_ms = now_ms + service.config.timing.flink_ms;
        statement.phases = vec![(now_ms, "STOPPING".to_owned()), (at_ms, "STOPPED".to_owned())];
    } else if was && !stopped {
        let sql = paths::text(&statement.body, "spec.statement").unwrap_or_default();
        statement.phases = running(service, sql, now_ms);
    }
    statement.touch(now_ms);
    let key = key(turn, &statement.id);
    service.note_change(now_ms, Happened::Updated, "flink_statement", &key, &statement);
    if let Some(stored) = service.state.get_mut("flink_statement", &key) {
        *stored = statement.clone();
    }
    Ok(statement)
}

/// 202, then DELETING until it is gone.
fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let statement = found(service, turn)?;
    if statement.gone_at.is_none() {
        let key = key(turn, &statement.id);
        if let Some(stored) = service.state.get_mut("flink_statement", &key) {
            stored.phases = vec![(turn.now_ms, "DELETING".to_owned())];
        }
        let at_ms = turn.now_ms.saturating_add(service.config.timing.delete_ms);
        service.state.end("flink_statement", &key, at_ms);
        service.sweep(turn.now_ms);
    }
    Ok(Answer::empty(202))
}

fn results(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    found(service, turn)?;
    let shown = json!({ "api_version": "sql/v1", "kind": "StatementResult", "metadata": { "next": "" }, "results": { "data": [] } });
    Ok(Answer::json(200, shown))
}

fn exceptions(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    found(service, turn)?;
    let shown = json!({ "api_version": "sql/v1", "kind": "StatementExceptionList", "data": [] });
    Ok(Answer::json(200, shown))
}
