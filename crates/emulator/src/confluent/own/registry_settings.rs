//! Compatibility and mode, of a registry and of its subjects (confluent.md sections 5, 9, 13).

use super::super::errors::Problem;
use super::super::routes::Row;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks};
use super::registry::{registry, versions_of};
use super::schemas::Version;
use serde_json::{Map, Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", "/config", "schema_registry_cluster_config", "read", &[], read_config),
    Row("PUT", "/config", "schema_registry_cluster_config", "update", &[], write_config),
    Row("DELETE", "/config", "schema_registry_cluster_config", "delete", &[], reset_config),
    Row("GET", "/config/{subject}", "subject_config", "read", &[], read_config),
    Row("PUT", "/config/{subject}", "subject_config", "update", &[], write_config),
    Row("DELETE", "/config/{subject}", "subject_config", "delete", &[], reset_config),
    Row("GET", "/mode", "schema_registry_cluster_mode", "read", &[], read_mode),
    Row("PUT", "/mode", "schema_registry_cluster_mode", "update", &[], write_mode),
    Row("GET", "/mode/{subject}", "subject_mode", "read", &[], read_mode),
    Row("PUT", "/mode/{subject}", "subject_mode", "update", &[], write_mode),
    Row("DELETE", "/mode/{subject}", "subject_mode", "delete", &[], reset_mode),
];

const LEVELS: &[&str] =
    &["BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE", "NONE"];
const MODES: &[&str] = &["READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"];
/// Members that a PUT takes beside `compatibility`.
const OTHERS: &[&str] = &[
    "alias",
    "normalize",
    "compatibilityGroup",
    "defaultMetadata",
    "overrideMetadata",
    "defaultRuleSet",
    "overrideRuleSet",
    "validateFields",
];

fn place(turn: &Turn, what: &str, subject: &str) -> String {
    format!("sr/{}/{what}/{subject}", registry(turn))
}

fn kept<'s>(service: &'s Confluent, turn: &Turn, what: &str, subject: &str) -> Option<&'s Map<String, Json>> {
    service.state.settings.get(&place(turn, what, subject))
}

/// Forgets a deleted subject's own settings.
pub(crate) fn forget(service: &mut Confluent, turn: &Turn, subject: &str) {
    for what in ["config", "mode"] {
        service.state.settings.remove(&place(turn, what, subject));
    }
}

fn text(settings: Option<&Map<String, Json>>, name: &str) -> Option<String> {
    settings.and_then(|map| map.get(name)).and_then(Json::as_str).map(str::to_owned)
}

/// The compatibility that counts for a subject.
pub(crate) fn level(service: &Confluent, turn: &Turn, subject: &str) -> String {
    let own = text(kept(service, turn, "config", subject), "compatibilityLevel");
    let global = || text(kept(service, turn, "config", ""), "compatibilityLevel");
    own.or_else(global).unwrap_or_else(|| "BACKWARD".to_owned())
}

/// The mode that counts for a subject.
pub(crate) fn mode(service: &Confluent, turn: &Turn, subject: &str) -> String {
    let own = text(kept(service, turn, "mode", subject), "mode");
    let global = || text(kept(service, turn, "mode", ""), "mode");
    own.or_else(global).unwrap_or_else(|| "READWRITE".to_owned())
}

/// Why a new schema does not fit the versions so far.
pub(crate) fn compatible(level: &str, new: &Version, before: &[&Version]) -> Vec<String> {
    let transitive = level.ends_with("_TRANSITIVE");
    let counted: Vec<&Version> =
        if transitive { before.to_vec() } else { before.last().copied().into_iter().collect() };
    let back = level.starts_with("BACKWARD") || level.starts_with("FULL");
    let forth = level.starts_with("FORWARD") || level.starts_with("FULL");
    let mut messages = Vec::new();
    for old in counted {
        if back {
            messages.extend(new.cannot_read(old));
        }
        if forth {
            messages.extend(old.cannot_read(new));
        }
    }
    messages
}

/// Unless told otherwise, the global value stands in for a missing own one (trap 62).
fn falls_back(turn: &Turn) -> bool {
    turn.query("defaultToGlobal").is_none_or(|value| value.eq_ignore_ascii_case("true"))
}

/// GET says `compatibilityLevel`.
fn read_config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject");
    let own = kept(service, turn, "config", subject);
    if own.is_none() && !subject.is_empty() && !falls_back(turn) {
        let detail = format!("Subject '{subject}' does not have subject-level compatibility configured");
        return Err(Problem::numbered(40408, detail));
    }
    let mut shown = Json::Object(own.cloned().unwrap_or_default());
    super::super::paths::set(&mut shown, "compatibilityLevel", Json::from(level(service, turn, subject)));
    Ok(Answer::json(200, shown))
}

/// PUT wants `compatibility`. Partial: what is not named stays. The subject need not exist.
fn write_config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    let wanted = match body.get("compatibility") {
        None => None,
        Some(Json::String(level)) if LEVELS.contains(&level.as_str()) => Some(level.clone()),
        Some(other) => {
            let detail =
                format!("Invalid compatibility level {other}. Valid values are {}", LEVELS.join(", "));
            return Err(Problem::numbered(42203, detail));
        }
    };
    for (name, _) in body.as_object().into_iter().flatten() {
        if name != "compatibility" && !OTHERS.contains(&name.as_str()) {
            turn.ignored.push(name.clone());
        }
    }
    let place = place(turn, "config", turn.variable("subject"));
    let map = service.state.settings.entry(place).or_default();
    if let Some(level) = wanted {
        map.insert("compatibilityLevel".to_owned(), Json::from(level));
    }
    for name in OTHERS {
        if let Some(value) = body.get(*name) {
            map.insert((*name).to_owned(), value.clone());
        }
    }
    Ok(Answer::json(200, body))
}

fn reset_config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject");
    let removed = service.state.settings.remove(&place(turn, "config", subject));
    match removed {
        None if !subject.is_empty() => {
            Err(Problem::numbered(40401, format!("Subject '{subject}' not found.")))
        }
        removed => {
            let level = text(removed.as_ref(), "compatibilityLevel").unwrap_or_else(|| "BACKWARD".to_owned());
            Ok(Answer::json(200, json!({ "compatibilityLevel": level })))
        }
    }
}

fn read_mode(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject");
    if kept(service, turn, "mode", subject).is_none() && !subject.is_empty() && !falls_back(turn) {
        let detail = format!("Subject '{subject}' does not have subject-level mode configured");
        return Err(Problem::numbered(40409, detail));
    }
    Ok(Answer::json(200, json!({ "mode": mode(service, turn, subject) })))
}

/// IMPORT needs an empty subject, or force.
fn write_mode(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    let wanted = body.get("mode").and_then(Json::as_str).unwrap_or_default().to_owned();
    if !MODES.contains(&wanted.as_str()) {
        let detail = format!("Invalid mode. Valid values are {}", MODES.join(", "));
        return Err(Problem::numbered(42204, detail));
    }
    let subject = turn.variable("subject").to_owned();
    let force = turn.query("force").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_used = !subject.is_empty() && versions_of(service, turn, &subject).iter().any(|v| !v.deleted);
    if wanted == "IMPORT" && is_used && !force {
        return Err(Problem::numbered(
            42205,
            format!("Cannot import since found existing subjects: {subject}"),
        ));
    }
    let place = place(turn, "mode", &subject);
    service.state.settings.entry(place).or_default().insert("mode".to_owned(), Json::from(wanted.clone()));
    Ok(Answer::json(200, json!({ "mode": wanted })))
}

fn reset_mode(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let subject = turn.variable("subject");
    match service.state.settings.remove(&place(turn, "mode", subject)) {
        None => Err(Problem::numbered(
            40409,
            format!("Subject '{subject}' does not have subject-level mode configured"),
        )),
        Some(map) => Ok(Answer::json(200, Json::Object(map))),
    }
}
