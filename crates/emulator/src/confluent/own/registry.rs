//! Subjects and schemas of a Schema Registry (confluent.md sections 5, 9, 10, 13).

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::plane::Plane;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks};
use super::registry_settings::{self as settings, compatible};
use super::schemas::{self, Version};
use serde_json::{Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", "/subjects", "schema_subject", "list", &[], subjects),
    Row("DELETE", "/subjects/{subject}", "schema_subject", "delete", &[], delete_subject),
    Row("POST", "/subjects/{subject}", "schema", "lookup", &[], look_up),
    Row("GET", "/subjects/{subject}/metadata", "schema_subject", "metadata", &[], latest),
    Row("GET", "/subjects/{subject}/versions", "schema", "list", &[], versions),
    Row("POST", "/subjects/{subject}/versions", "schema", "create", &[], register),
    Row("GET", "/subjects/{subject}/versions/{version}", "schema", "read", &[], version),
    Row("DELETE", "/subjects/{subject}/versions/{version}", "schema", "delete", &[], delete_version),
    Row("GET", "/subjects/{subject}/versions/{version}/schema", "schema", "text", &[], version_text),
    Row(
        "GET",
        "/subjects/{subject}/versions/{version}/referencedby",
        "schema",
        "referencedby",
        &[],
        referenced_by,
    ),
    Row("GET", "/schemas", "schema", "list", &[], all_schemas),
    Row("GET", "/schemas/types", "schema", "types", &[], types),
    Row("GET", "/schemas/ids/{id}", "schema", "read", &[], by_id),
    Row("GET", "/schemas/ids/{id}/schema", "schema", "text", &[], text_by_id),
    Row("GET", "/schemas/ids/{id}/subjects", "schema", "subjects", &[], subjects_by_id),
    Row("GET", "/schemas/ids/{id}/versions", "schema", "versions", &[], versions_by_id),
    Row(
        "POST",
        "/compatibility/subjects/{subject}/versions",
        "schema_compatibility_check",
        "check",
        &[],
        check_all,
    ),
    Row(
        "POST",
        "/compatibility/subjects/{subject}/versions/{version}",
        "schema_compatibility_check",
        "check",
        &[],
        check_one,
    ),
    Row("GET", "/contexts", "schema_registry_context", "contexts", &[], contexts),
    Row("GET", "/clusterconfig", "schema_registry_server_config", "clusterconfig", &[], server_config),
];

/// Without a prefix a listing of schemas is capped (trap 95).
const LISTED: usize = 20_000;

/// Id of the registry that the request is for.
pub(crate) fn registry(turn: &Turn) -> String {
    match &turn.plane {
        Plane::Registry(Some(registry)) => registry.clone(),
        _ => String::new(),
    }
}

fn key(turn: &Turn) -> String {
    format!("{}/{}", registry(turn), turn.variable("subject"))
}

/// All versions of a subject, soft-deleted ones too.
pub(crate) fn versions_of(service: &Confluent, turn: &Turn, subject: &str) -> Vec<Version> {
    let key = format!("{}/{subject}", registry(turn));
    service
        .state
        .usable("schema_subject", &key)
        .map(|subject| schemas::versions(&subject.body))
        .unwrap_or_default()
}

/// All subjects of the registry with their versions.
fn everything(service: &Confluent, turn: &Turn) -> Vec<(String, Vec<Version>)> {
    let front = format!("{}/", registry(turn));
    let subjects =
        service.state.all("schema_subject").filter(|(key, o)| key.starts_with(&front) && o.gone_at.is_none());
    let mut subjects: Vec<_> =
        subjects.map(|(_, object)| (object.id.clone(), schemas::versions(&object.body))).collect();
    subjects.sort_by(|(one, _), (other, _)| one.cmp(other));
    subjects
}

fn is_on(turn: &Turn, name: &str) -> bool {
    turn.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A part of a listing by `offset` and `limit`; -1 is all.
fn part(turn: &Turn, items: Vec<Json>) -> Answer {
    let number = |name: &str| turn.query(name).and_then(|text| text.parse::<i64>().ok());
    let from = usize::try_from(number("offset").unwrap_or(0)).unwrap_or(0);
    let most = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LISTED);
    Answer::json(200, items.into_iter().skip(from).take(most.min(LISTED)).collect())
}

fn no_subject(turn: &Turn) -> Problem {
    Problem::numbered(40401, format!("Subject '{}' not found.", turn.variable("subject")))
}

/// The versions of the path's subject that a read shows.
fn shown(service: &Confluent, turn: &Turn) -> Result<Vec<Version>, Problem> {
    let key = key(turn);
    let object = service.state.usable("schema_subject", &key).ok_or_else(|| no_subject(turn))?;
    if object.visible_at > turn.now_ms {
        return Err(no_subject(turn));
    }
    let deleted = is_on(turn, "deleted");
    let versions: Vec<Version> =
        schemas::versions(&object.body).into_iter().filter(|v| deleted || !v.deleted).collect();
    if versions.is_empty() { Err(no_subject(turn)) } else { Ok(versions) }
}

/// Picks `latest`, `-1` or a number.
fn picked(turn: &Turn, versions: &[Version]) -> Result<Version, Problem> {
    let asked = turn.variable("version");
    if matches!(asked, "latest" | "-1") {
        return versions.last().cloned().ok_or_else(|| no_subject(turn));
    }
    let number = asked.parse::<i64>().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| {
        Problem::numbered(42202, format!("The specified version '{asked}' is not a valid version id."))
    })?;
    let found = versions.iter().find(|version| version.version == number);
    found.cloned().ok_or_else(|| Problem::numbered(40402, format!("Version {number} not found.")))
}

fn subjects(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let prefix = turn.query("subjectPrefix").unwrap_or_default();
    let (deleted, only) = (is_on(turn, "deleted"), is_on(turn, "deletedOnly"));
    let is_shown = |versions: &[Version]| {
        let is_gone = versions.iter().all(|version| version.deleted);
        if only { is_gone } else { deleted || !is_gone }
    };
    let all = everything(service, turn).into_iter();
    let names = all.filter(|(name, versions)| name.starts_with(prefix) && is_shown(versions));
    Ok(part(turn, names.map(|(name, _)| Json::from(name)).collect()))
}

fn versions(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let numbers = shown(service, turn)?.iter().map(|version| Json::from(version.version)).collect();
    Ok(part(turn, numbers))
}

fn version(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = picked(turn, &shown(service, turn)?)?;
    Ok(Answer::json(200, found.view(Some(turn.variable("subject")))))
}

fn latest(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = shown(service, turn)?.last().cloned().ok_or_else(|| no_subject(turn))?;
    Ok(Answer::json(200, found.view(Some(turn.variable("subject")))))
}

/// The bare text of a schema.
fn bare(text: &str) -> Answer {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Json::from(text));
    Answer::json(200, value)
}

fn version_text(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    Ok(bare(&picked(turn, &shown(service, turn)?)?.schema))
}

/// Ids of the schemas that name this version.
fn referrers(service: &Confluent, turn: &Turn, subject: &str, version: i64) -> Vec<i64> {
    let all = everything(service, turn);
    let live = all.iter().flat_map(|(_, versions)| versions).filter(|version| !version.deleted);
    live.filter(|schema| schema.names(subject, version)).map(|schema| schema.id).collect()
}

fn referenced_by(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = picked(turn, &shown(service, turn)?)?;
    let ids = referrers(service, turn, turn.variable("subject"), found.version);
    Ok(part(turn, ids.into_iter().map(Json::from).collect()))
}

/// The schema of a body, complete and checked.
fn sent(service: &Confluent, turn: &Turn) -> Result<Version, Problem> {
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    let schema = schemas::parse(&body)?;
    for (subject, version) in schema.referred() {
        let is_there =
            versions_of(service, turn, &subject).iter().any(|v| v.version == version && !v.deleted);
        if !is_there {
            let detail = format!("No schema reference found for subject \"{subject}\" and version {version}");
            return Err(Problem::numbered(42201, detail));
        }
    }
    Ok(schema)
}

/// Registers a schema. The same text gives the same id and no new version (trap 60), unless a version is given; what a
/// body leaves out of metadata and rules, the version before hands on (trap 61).
fn register(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject").to_owned();
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    if settings::mode(service, turn, &subject) == "READONLY" {
        return Err(Problem::numbered(42205, format!("Subject {subject} is in read-only mode")));
    }
    let mut schema = sent(service, turn)?;
    let all = versions_of(service, turn, &subject);
    let live: Vec<&Version> = all.iter().filter(|version| !version.deleted).collect();
    if let Some(last) = live.last() {
        schema.inherit(last);
    }
    if schema.has_rules() && package(service, turn) != "ADVANCED" {
        return Err(Problem::numbered(40301, "Rules need the ADVANCED Stream Governance package"));
    }
    let next = all.last().map_or(0, |last| last.version) + 1;
    let asked = body.get("version").and_then(Json::as_i64).filter(|version| *version > 0);
    if asked.is_some_and(|asked| asked != next) {
        return Err(Problem::numbered(42205, format!("Version is not one more than the latest: {next}")));
    }
    if let Some(same) = live.iter().rev().find(|version| version.is_same(&schema)).filter(|_| asked.is_none())
    {
        return Ok(Answer::json(200, json!({ "id": same.id })));
    }
    let level = settings::level(service, turn, &subject);
    let messages = compatible(&level, &schema, &live);
    if let Some(message) = messages.first() {
        let detail = format!(
            "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{message}]"
        );
        return Err(Problem::numbered(409, detail));
    }
    schema.version = next;
    schema.id = id_of(service, turn, &schema);
    let registry = registry(turn);
    let key = key(turn);
    let id = schema.id;
    let now_ms = turn.now_ms;
    if let Some(object) = service.state.get_mut("schema_subject", &key) {
        schemas::push(&mut object.body, &schema);
        object.touch(now_ms);
    } else {
        let owner = format!("schema_registry_cluster/{registry}");
        let environment = service
            .state
            .get("schema_registry_cluster", &registry)
            .and_then(|registry| registry.environment.clone());
        let mut object = Object {
            id: subject,
            environment,
            within: vec![owner],
            body: json!({ "versions": [] }),
            created_at: now_ms,
            updated_at: now_ms,
            ..Object::default()
        };
        schemas::push(&mut object.body, &schema);
        service.add(turn, "schema_subject", &key, object);
    }
    if let Some(object) = service.state.get("schema_subject", &key).cloned() {
        let name = format!("{key}/{next}");
        service.note_change(now_ms, Happened::Created, "schema", &name, &object);
    }
    Ok(Answer::json(200, json!({ "id": id })))
}

/// The id of that text in this registry, or a new one.
fn id_of(service: &mut Confluent, turn: &Turn, schema: &Version) -> i64 {
    let all = everything(service, turn);
    let same = all.iter().flat_map(|(_, versions)| versions).find(|version| version.is_same(schema));
    if let Some(same) = same {
        return same.id;
    }
    let last = service.state.schema_ids.entry(registry(turn)).or_insert(100_000);
    *last += 1;
    i64::try_from(*last).unwrap_or_default()
}

fn package(service: &Confluent, turn: &Turn) -> String {
    let registry = service.state.get("schema_registry_cluster", &registry(turn));
    let environment = registry.and_then(|registry| registry.environment.as_deref()).unwrap_or_default();
    let environment = service.state.get("environment", environment);
    let package = environment.and_then(|environment| {
        super::super::paths::text(&environment.body, "stream_governance_config.package")
    });
    package.unwrap_or("ESSENTIALS").to_owned()
}

/// Looks a schema up by its text: 40401 without the subject, 40403 without the schema.
fn look_up(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let versions = shown(service, turn)?;
    let schema = sent(service, turn)?;
    let found = versions.iter().rev().find(|version| {
        let mut wanted = schema.clone();
        wanted.inherit(version);
        version.is_same(&wanted)
    });
    match found {
        Some(found) => Ok(Answer::json(200, found.view(Some(turn.variable("subject"))))),
        None => Err(Problem::numbered(40403, "Schema not found")),
    }
}

/// Soft, then permanent; the subject's own settings go with the soft one (section 10).
fn delete_subject(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject").to_owned();
    let all = versions_of(service, turn, &subject);
    if all.is_empty() {
        return Err(no_subject(turn));
    }
    let permanent = is_on(turn, "permanent");
    let live: Vec<i64> =
        all.iter().filter(|version| !version.deleted).map(|version| version.version).collect();
    if permanent && !live.is_empty() {
        let detail = format!("Subject '{subject}' was not deleted first before being permanently deleted");
        return Err(Problem::numbered(40405, detail));
    }
    if !permanent && live.is_empty() {
        let detail =
            format!("Subject '{subject}' was soft deleted. Set permanent=true to delete permanently");
        return Err(Problem::numbered(40404, detail));
    }
    for number in &live {
        unreferenced(service, turn, &subject, *number)?;
    }
    if permanent {
        service.state.end("schema_subject", &key(turn), turn.now_ms);
        service.sweep(turn.now_ms);
        return Ok(Answer::json(200, all.iter().map(|version| Json::from(version.version)).collect()));
    }
    mark(service, turn, &live);
    settings::forget(service, turn, &subject);
    Ok(Answer::json(200, live.into_iter().map(Json::from).collect()))
}

fn unreferenced(service: &Confluent, turn: &Turn, subject: &str, version: i64) -> Result<(), Problem> {
    let own = versions_of(service, turn, subject);
    let others = referrers(service, turn, subject, version);
    match others.iter().find(|id| !own.iter().any(|version| version.id == **id)) {
        Some(id) => Err(Problem::numbered(
            42206,
            format!("One or more references exist to the schema {subject} version {version}: {id}"),
        )),
        None => Ok(()),
    }
}

/// Soft-deletes versions of the path's subject.
fn mark(service: &mut Confluent, turn: &Turn, numbers: &[i64]) {
    let key = key(turn);
    if let Some(object) = service.state.get_mut("schema_subject", &key) {
        schemas::change(&mut object.body, |version| {
            version.deleted |= numbers.contains(&version.version);
            true
        });
        object.touch(turn.now_ms);
        let object = object.clone();
        for number in numbers {
            let name = format!("{key}/{number}");
            service.note_change(turn.now_ms, Happened::Deleted, "schema", &name, &object);
        }
    }
}

fn delete_version(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject").to_owned();
    let all = versions_of(service, turn, &subject);
    let permanent = is_on(turn, "permanent");
    let choice: Vec<Version> = all.iter().filter(|version| permanent || !version.deleted).cloned().collect();
    if all.is_empty() {
        return Err(no_subject(turn));
    }
    let asked = turn.variable("version");
    let is_soft = all.iter().any(|version| version.deleted && version.version.to_string() == asked);
    if is_soft && !permanent {
        let detail = format!(
            "Subject '{subject}' Version {asked} was soft deleted. Set permanent=true to delete permanently"
        );
        return Err(Problem::numbered(40406, detail));
    }
    let found = picked(turn, &choice)?;
    if permanent && !found.deleted {
        let detail = format!(
            "Subject '{subject}' Version {asked} was not deleted first before being permanently deleted"
        );
        return Err(Problem::numbered(40407, detail));
    }
    unreferenced(service, turn, &subject, found.version)?;
    if !permanent {
        mark(service, turn, &[found.version]);
    } else if all.len() == 1 {
        service.state.end("schema_subject", &key(turn), turn.now_ms);
        service.sweep(turn.now_ms);
    } else if let Some(object) = service.state.get_mut("schema_subject", &key(turn)) {
        schemas::change(&mut object.body, |version| version.version != found.version);
    }
    Ok(Answer::json(200, Json::from(found.version)))
}

fn all_schemas(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let prefix = turn.query("subjectPrefix").unwrap_or_default();
    let (deleted, latest) = (is_on(turn, "deleted"), is_on(turn, "latestOnly"));
    let all = everything(service, turn).into_iter().filter(|(name, _)| name.starts_with(prefix));
    let views = all.flat_map(|(name, versions)| {
        let mut live: Vec<Version> = versions.into_iter().filter(|v| deleted || !v.deleted).collect();
        if latest {
            live = live.pop().into_iter().collect();
        }
        live.into_iter().map(|version| version.view(Some(&name))).collect::<Vec<_>>()
    });
    Ok(part(turn, views.collect()))
}

fn types(_service: &mut Confluent, _turn: &mut Turn) -> Result<Answer, Problem> {
    Ok(Answer::json(200, json!(["JSON", "PROTOBUF", "AVRO"])))
}

/// Subjects and versions of an id.
fn with_id(service: &Confluent, turn: &Turn) -> Result<Vec<(String, Version)>, Problem> {
    let id = turn.variable("id").parse::<i64>().unwrap_or_default();
    let deleted = is_on(turn, "deleted");
    let mut found = Vec::new();
    for (name, versions) in everything(service, turn) {
        let fitting = versions.into_iter().filter(|v| v.id == id && (deleted || !v.deleted));
        found.extend(fitting.map(|version| (name.clone(), version)));
    }
    if found.is_empty() {
        return Err(Problem::numbered(40403, format!("Schema {id} not found")));
    }
    Ok(found)
}

fn by_id(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = with_id(service, turn)?;
    let view = found.first().map(|(_, version)| version.view(None));
    Ok(Answer::json(200, view.unwrap_or_default()))
}

fn text_by_id(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = with_id(service, turn)?;
    Ok(bare(found.first().map_or("", |(_, version)| version.schema.as_str())))
}

fn subjects_by_id(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let names = with_id(service, turn)?.into_iter().map(|(name, _)| Json::from(name));
    Ok(part(turn, names.collect()))
}

fn versions_by_id(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = with_id(service, turn)?.into_iter();
    Ok(part(turn, found.map(|(name, v)| json!({ "subject": name, "version": v.version })).collect()))
}

fn check(service: &Confluent, turn: &Turn, against: &[Version]) -> Result<Answer, Problem> {
    let schema = sent(service, turn)?;
    let level = settings::level(service, turn, turn.variable("subject"));
    let messages = compatible(&level, &schema, &against.iter().collect::<Vec<_>>());
    let mut shown = json!({ "is_compatible": messages.is_empty() });
    if is_on(turn, "verbose") {
        super::super::paths::set(&mut shown, "messages", Json::from(messages));
    }
    Ok(Answer::json(200, shown))
}

fn check_all(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let live: Vec<Version> =
        versions_of(service, turn, turn.variable("subject")).into_iter().filter(|v| !v.deleted).collect();
    check(service, turn, &live)
}

fn check_one(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let found = picked(turn, &shown(service, turn)?)?;
    check(service, turn, &[found])
}

fn contexts(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let mut names = vec![".".to_owned()];
    for (subject, _) in everything(service, turn) {
        let context = subject.strip_prefix(":.").and_then(|rest| rest.split_once(':'));
        if let Some((context, _)) = context
            && !names.contains(&format!(".{context}"))
        {
            names.push(format!(".{context}"));
        }
    }
    Ok(part(turn, names.into_iter().map(Json::from).collect()))
}

fn server_config(_service: &mut Confluent, _turn: &mut Turn) -> Result<Answer, Problem> {
    Ok(Answer::json(200, json!({ "maxSchemas": LISTED })))
}
