//! ACLs of a Kafka cluster: no ids, and filters for everything (confluent.md sections 10 and 11).

use super::super::errors::Problem;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, checks, paths};
use super::control::number_of;
use super::topics::{address, listing, on_cluster};
use serde_json::{Map, Value as Json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", on_cluster!("/acls"), "kafka_acl", "read", &[], read),
    Row("POST", on_cluster!("/acls"), "kafka_acl", "create", &[], create),
    Row("POST", on_cluster!("/acls:batch"), "kafka_acl", "create", &[], create_batch),
    Row("DELETE", on_cluster!("/acls"), "kafka_acl", "delete", FILTERED, delete),
];

/// A delete needs these; the others match everything when they are left out (trap 23).
const FILTERED: &[&str] = &["resource_type", "pattern_type", "operation", "permission"];
/// The tuple.
const MEMBERS: &[&str] =
    &["resource_type", "resource_name", "pattern_type", "principal", "host", "operation", "permission"];

fn values(member: &str) -> &'static [&'static str] {
    match member {
        "resource_type" => &["TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID"],
        "pattern_type" => &["LITERAL", "PREFIXED"],
        "operation" => &[
            "ALL",
            "READ",
            "WRITE",
            "CREATE",
            "DELETE",
            "ALTER",
            "DESCRIBE",
            "CLUSTER_ACTION",
            "DESCRIBE_CONFIGS",
            "ALTER_CONFIGS",
            "IDEMPOTENT_WRITE",
        ],
        "permission" => &["ALLOW", "DENY"],
        _ => &[],
    }
}

/// Reads the tuple. Any principal is taken, even one that means nothing (trap 19).
fn tuple(body: &Json) -> Result<Map<String, Json>, Problem> {
    let mut acl = Map::new();
    for member in MEMBERS {
        let Some(text) = body.get(*member).and_then(Json::as_str) else {
            return Err(Problem::numbered(400, format!("{member} is required")));
        };
        let allowed = values(member);
        if !allowed.is_empty() && !allowed.contains(&text) {
            return Err(Problem::numbered(400, format!("{member} cannot be {text}")));
        }
        acl.insert((*member).to_owned(), Json::from(text));
    }
    Ok(acl)
}

fn put(service: &mut Confluent, turn: &mut Turn, acl: Map<String, Json>) {
    let cluster = turn.variable("cluster_id").to_owned();
    let texts: Vec<&str> = acl.values().filter_map(Json::as_str).collect();
    let key = format!("{cluster}/{}", texts.join("/"));
    // Creating one that is there succeeds.
    if service.state.usable("kafka_acl", &key).is_some() {
        return;
    }
    let id = texts.join("/");
    let environment = service.state.get("kafka_cluster", &cluster).and_then(|c| c.environment.clone());
    let mut body = Json::Object(acl);
    paths::set(&mut body, "cluster_id", Json::from(cluster.clone()));
    let within = vec![format!("kafka_cluster/{cluster}")];
    let now_ms = turn.now_ms;
    let acl =
        Object { id, environment, within, body, created_at: now_ms, updated_at: now_ms, ..Object::default() };
    service.add(turn, "kafka_acl", &key, acl);
}

fn body(turn: &Turn) -> Result<Json, Problem> {
    checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))
}

fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let acl = tuple(&body(turn)?)?;
    put(service, turn, acl);
    Ok(Answer::empty(201))
}

fn create_batch(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let items = body.get("data").and_then(Json::as_array);
    let items = items.ok_or_else(|| Problem::numbered(400, "data is required"))?;
    let acls = items.iter().map(tuple).collect::<Result<Vec<_>, _>>()?;
    acls.into_iter().for_each(|acl| put(service, turn, acl));
    Ok(Answer::empty(201))
}

/// Keys of the ACLs that fit the query. What is left out matches everything.
fn fitting(service: &mut Confluent, turn: &Turn, lists: bool) -> Vec<String> {
    let cluster = turn.variable("cluster_id");
    let now_ms = turn.now_ms;
    let wildcards = |member: &str, asked: &str| match member {
        "pattern_type" => matches!(asked, "ANY" | "MATCH"),
        "resource_type" | "operation" | "permission" => asked == "ANY",
        _ => false,
    };
    let fits = |acl: &Object| {
        MEMBERS.iter().all(|member| {
            let Some(asked) = turn.query(member) else { return true };
            let has = paths::text(&acl.body, member).unwrap_or_default();
            if *member == "principal"
                && let Some(id) = asked.strip_prefix("UserV2:")
            {
                return id == "*" || has.strip_prefix("User:") == Some(id);
            }
            wildcards(member, asked) || asked == has
        })
    };
    let shown = |acl: &Object| !lists || acl.visible_at <= now_ms;
    let all = service.state.all("kafka_acl");
    all.filter(|(_, acl)| {
        paths::text(&acl.body, "cluster_id") == Some(cluster)
            && acl.gone_at.is_none()
            && shown(acl)
            && fits(acl)
    })
    .map(|(key, _)| key.clone())
    .collect()
}

/// Accounts and users are numbers, unless the filter asks in the newer form (trap 21).
fn view(service: &Confluent, turn: &Turn, acl: &Object) -> Json {
    let mut view = acl.body.clone();
    paths::set(&mut view, "kind", Json::from("KafkaAcl"));
    let own = format!(
        "{}/acls?principal={}",
        address(service, turn),
        paths::text(&view, "principal").unwrap_or_default()
    );
    paths::set(&mut view, "metadata.self", Json::from(own));
    let is_new_form = turn.query("principal").is_some_and(|asked| asked.starts_with("UserV2:"));
    let id = paths::text(&view, "principal").and_then(|principal| principal.strip_prefix("User:"));
    if let Some(number) = id.and_then(|id| number_of(service, id)).filter(|_| !is_new_form) {
        paths::set(&mut view, "principal", Json::from(format!("User:{number}")));
    }
    view
}

fn views(service: &Confluent, turn: &Turn, keys: &[String]) -> Vec<Json> {
    let acls = keys.iter().filter_map(|key| service.state.get("kafka_acl", key));
    acls.map(|acl| view(service, turn, acl)).collect()
}

/// What is absent is an empty listing (trap 22).
fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let keys = fitting(service, turn, true);
    let views = views(service, turn, &keys);
    Ok(listing(service, turn, "KafkaAclList", views))
}

fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let keys = fitting(service, turn, false);
    let views = views(service, turn, &keys);
    for key in keys {
        service.state.end("kafka_acl", &key, turn.now_ms);
    }
    service.sweep(turn.now_ms);
    Ok(listing(service, turn, "KafkaAclList", views))
}
