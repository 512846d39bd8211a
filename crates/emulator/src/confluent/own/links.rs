//! Cluster links and mirror topics (confluent.md sections 5, 8, 9, 10, 12, 13).

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::{Answer, encoded};
use super::super::{Confluent, Turn, checks, paths};
use super::configs::named_values;
use super::topics::{address, invalid, listing, on_cluster};
use serde_json::{Map, Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", on_cluster!("/links"), "cluster_link", "list", &[], list),
    Row("POST", on_cluster!("/links"), "cluster_link", "create", &["link_name"], create),
    Row("GET", on_cluster!("/links/{link_name}"), "cluster_link", "read", &[], read),
    Row("DELETE", on_cluster!("/links/{link_name}"), "cluster_link", "delete", &[], delete),
    Row("GET", on_cluster!("/links/{link_name}/configs"), "cluster_link_config", "list", &[], configs),
    Row("PUT", on_cluster!("/links/{link_name}/configs:alter"), "cluster_link", "update", &[], alter),
    Row(
        "GET",
        on_cluster!("/links/{link_name}/configs/{config_name}"),
        "cluster_link_config",
        "read",
        &[],
        config,
    ),
    Row(
        "PUT",
        on_cluster!("/links/{link_name}/configs/{config_name}"),
        "cluster_link_config",
        "update",
        &[],
        set_one,
    ),
    Row(
        "DELETE",
        on_cluster!("/links/{link_name}/configs/{config_name}"),
        "cluster_link_config",
        "delete",
        &[],
        reset_one,
    ),
    Row("GET", on_cluster!("/links/-/mirrors"), "kafka_mirror_topic", "list", &[], all_mirrors),
    Row("GET", on_cluster!("/links/{link_name}/mirrors"), "kafka_mirror_topic", "list", &[], mirrors),
    Row(
        "POST",
        on_cluster!("/links/{link_name}/mirrors"),
        "kafka_mirror_topic",
        "create",
        &[],
        create_mirror,
    ),
    Row(
        "GET",
        on_cluster!("/links/{link_name}/mirrors/{mirror_topic_name}"),
        "kafka_mirror_topic",
        "read",
        &[],
        mirror,
    ),
    Row("POST", on_cluster!("/links/{link_name}/mirrors:pause"), "kafka_mirror_topic", "update", &[], pause),
    Row(
        "POST",
        on_cluster!("/links/{link_name}/mirrors:resume"),
        "kafka_mirror_topic",
        "update",
        &[],
        resume,
    ),
    Row(
        "POST",
        on_cluster!("/links/{link_name}/mirrors:promote"),
        "kafka_mirror_topic",
        "update",
        &[],
        promote,
    ),
    Row(
        "POST",
        on_cluster!("/links/{link_name}/mirrors:failover"),
        "kafka_mirror_topic",
        "update",
        &[],
        fail_over,
    ),
];

/// Configs whose values are never shown.
const SECRET: &[&str] = &["sasl.jaas.config", "local.sasl.jaas.config", "sasl.oauthbearer.client.secret"];
/// Configs that a link has without being told.
const DEFAULTS: &[(&str, &str)] = &[
    ("acl.sync.enable", "false"),
    ("acl.sync.ms", "5000"),
    ("auto.create.mirror.topics.enable", "false"),
    ("cluster.link.prefix", ""),
    ("connection.mode", "OUTBOUND"),
    ("consumer.offset.sync.enable", "false"),
    ("consumer.offset.sync.ms", "30000"),
    ("link.mode", "DESTINATION"),
    ("topic.config.sync.ms", "5000"),
];
/// Set at the creation and never after.
const FIXED: &[&str] = &["cluster.link.prefix", "link.mode", "connection.mode"];

fn key(turn: &Turn) -> String {
    format!("{}/{}", turn.variable("cluster_id"), turn.variable("link_name"))
}

fn body(turn: &Turn) -> Result<Json, Problem> {
    checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))
}

fn is_on(turn: &Turn, name: &str) -> bool {
    turn.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The object of a key as a read finds it; a link is absent for some seconds after its create.
fn seen<'s>(
    service: &'s mut Confluent,
    turn: &Turn,
    resource: &str,
    key: &str,
) -> Result<&'s mut Object, Problem> {
    let absent =
        || Problem::numbered(40403, format!("{} does not exist", key.rsplit('/').next().unwrap_or(key)));
    let object = service.state.get_mut(resource, key).ok_or_else(absent)?;
    if object.visible_at > turn.now_ms || object.hidden_reads > 0 || object.gone_at.is_some() {
        object.hidden_reads = object.hidden_reads.saturating_sub(1);
        return Err(absent());
    }
    Ok(object)
}

fn link<'s>(service: &'s mut Confluent, turn: &Turn) -> Result<&'s mut Object, Problem> {
    seen(service, turn, "cluster_link", &key(turn))
}

fn set_of(link: &Object) -> Map<String, Json> {
    link.body.get("configs").and_then(Json::as_object).cloned().unwrap_or_default()
}

fn view(service: &Confluent, turn: &Turn, link: &Object) -> Json {
    let own = format!("{}/links/{}", address(service, turn), encoded(&link.id));
    let names: Vec<Json> =
        mirrors_of(service, turn, Some(&link.id)).map(|m| Json::from(m.id.clone())).collect();
    let state = link.phase(turn.now_ms).unwrap_or("ACTIVE");
    let mut view = json!({
        "kind": "KafkaLinkData",
        "metadata": { "self": own },
        "link_name": link.id,
        "cluster_link_id": link.body.get("cluster_link_id"),
        "topic_names": names,
        "link_state": state,
        "link_error": if state == "FAILED" { "AUTHENTICATION_ERROR" } else { "NO_ERROR" },
        "link_error_message": "",
    });
    for member in ["source_cluster_id", "destination_cluster_id", "remote_cluster_id"] {
        if let Some(id) = link.body.get(member) {
            paths::set(&mut view, member, id.clone());
        }
    }
    service.shown(turn, link, view)
}

fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let cluster = format!("kafka_cluster/{}", turn.variable("cluster_id"));
    let links =
        service.state.listed("cluster_link").into_iter().filter(|link| link.within.contains(&cluster));
    let views = links.map(|link| view(service, turn, link)).collect();
    Ok(listing(service, turn, "KafkaLinkDataList", views))
}

/// The name is in the query; the answer is empty.
fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let name = turn.query("link_name").unwrap_or_default().to_owned();
    let cluster = turn.variable("cluster_id").to_owned();
    let key = format!("{cluster}/{name}");
    if service.state.get("cluster_link", &key).is_some() {
        return Err(invalid(format!("Cluster link '{name}' already exists.")));
    }
    let remote = ["source_cluster_id", "destination_cluster_id", "remote_cluster_id"];
    if !remote.iter().any(|member| body.get(*member).is_some_and(Json::is_string)) {
        return Err(invalid("The other cluster's id is required"));
    }
    let (mut set, mut hidden) = (Map::new(), Map::new());
    for (name, value) in named_values(&body, "configs")? {
        let value = value.map(Json::from).unwrap_or_default();
        keep(&mut set, &mut hidden, &name, value);
    }
    if is_on(turn, "validate_only") {
        return Ok(Answer::empty(204));
    }
    let id = service.state.dice.uuid();
    let mut kept = json!({ "cluster_link_id": id, "configs": set });
    for member in remote {
        if let Some(value) = body.get(member) {
            paths::set(&mut kept, member, value.clone());
        }
    }
    let environment = service.state.get("kafka_cluster", &cluster).and_then(|c| c.environment.clone());
    let link = Object {
        id: name,
        environment,
        within: vec![format!("kafka_cluster/{cluster}")],
        body: kept,
        hidden,
        created_at: turn.now_ms,
        updated_at: turn.now_ms,
        ..Object::default()
    };
    service.add(turn, "cluster_link", &key, link);
    Ok(Answer::empty(204))
}

/// Secret values are kept apart; a null stands where they are.
fn keep(set: &mut Map<String, Json>, hidden: &mut Map<String, Json>, name: &str, value: Json) {
    if SECRET.contains(&name) {
        hidden.insert(format!("configs.{name}"), value);
        set.insert(name.to_owned(), Json::Null);
    } else {
        set.insert(name.to_owned(), value);
    }
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let link = link(service, turn)?.clone();
    Ok(Answer::json(200, view(service, turn, &link)))
}

/// Mirrors first, or force.
fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let link = link(service, turn)?.clone();
    let active: Vec<String> = mirrors_of(service, turn, Some(&link.id))
        .filter(|mirror| mirror.phase(turn.now_ms) != Some("STOPPED"))
        .map(|mirror| mirror.id.clone())
        .collect();
    if let (Some(first), false) = (active.first(), is_on(turn, "force")) {
        return Err(invalid(format!("Cluster link '{}' is still used by mirror topic '{first}'", link.id)));
    }
    if !is_on(turn, "validate_only") {
        service.state.end("cluster_link", &key(turn), turn.now_ms);
        service.sweep(turn.now_ms);
    }
    Ok(Answer::empty(200))
}

fn config_views(service: &mut Confluent, turn: &Turn) -> Result<Vec<Json>, Problem> {
    let link = link(service, turn)?.clone();
    let set = set_of(&link);
    let own = format!("{}/links/{}/configs", address(service, turn), encoded(&link.id));
    let mut names: Vec<(&str, &str)> = DEFAULTS.to_vec();
    names.extend(
        set.keys()
            .map(String::as_str)
            .filter(|name| !DEFAULTS.iter().any(|(n, _)| n == name))
            .map(|n| (n, "")),
    );
    let row = |(name, default): &(&str, &str)| {
        let is_set = set.contains_key(*name);
        json!({
            "kind": "KafkaLinkConfigData",
            "metadata": { "self": format!("{own}/{name}") },
            "cluster_id": turn.variable("cluster_id"),
            "link_name": link.id,
            "name": name,
            "value": set.get(*name).cloned().unwrap_or_else(|| Json::from(*default)),
            "is_read_only": FIXED.contains(name),
            "is_sensitive": SECRET.contains(name),
            "source": if is_set { "DYNAMIC_CLUSTER_LINK_CONFIG" } else { "DEFAULT_CONFIG" },
            "synonyms": [],
        })
    };
    Ok(names.iter().map(row).collect())
}

fn configs(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let views = config_views(service, turn)?;
    Ok(listing(service, turn, "KafkaLinkConfigDataList", views))
}

fn config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let name = turn.variable("config_name").to_owned();
    let found = config_views(service, turn)?
        .into_iter()
        .find(|view| paths::text(view, "name") == Some(name.as_str()));
    found.map(|view| Answer::json(200, view)).ok_or_else(|| Problem::numbered(404, "Config cannot be found"))
}

fn change(
    service: &mut Confluent,
    turn: &Turn,
    changes: Vec<(String, Option<String>)>,
) -> Result<Answer, Problem> {
    if let Some((name, _)) = changes.iter().find(|(name, _)| FIXED.contains(&name.as_str())) {
        return Err(invalid(format!("Cluster link config {name} cannot be altered")));
    }
    let link = link(service, turn)?;
    let (mut set, mut hidden) = (set_of(link), link.hidden.clone());
    for (name, value) in changes {
        match value {
            Some(value) => keep(&mut set, &mut hidden, &name, Json::from(value)),
            None => {
                set.shift_remove(&name);
                hidden.shift_remove(&format!("configs.{name}"));
            }
        }
    }
    paths::set(&mut link.body, "configs", Json::Object(set));
    link.hidden = hidden;
    link.touch(turn.now_ms);
    let link = link.clone();
    service.changed(turn, "cluster_link", &key(turn), &link);
    Ok(Answer::empty(204))
}

fn alter(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = named_values(&body(turn)?, "data")?;
    if is_on(turn, "validate_only") {
        link(service, turn)?;
        return Ok(Answer::empty(204));
    }
    change(service, turn, changes)
}

fn set_one(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let Some(value) = body(turn)?.get("value").and_then(Json::as_str).map(str::to_owned) else {
        return Err(Problem::numbered(400, "value must be a string"));
    };
    let changes = vec![(turn.variable("config_name").to_owned(), Some(value))];
    change(service, turn, changes)
}

fn reset_one(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = vec![(turn.variable("config_name").to_owned(), None)];
    change(service, turn, changes)
}

/// Mirrors of the cluster, or of one link.
fn mirrors_of<'s>(
    service: &'s Confluent,
    turn: &Turn,
    link: Option<&str>,
) -> impl Iterator<Item = &'s Object> + use<'s> {
    let front = match link {
        Some(link) => format!("{}/{link}/", turn.variable("cluster_id")),
        None => format!("{}/", turn.variable("cluster_id")),
    };
    let all = service.state.all("kafka_mirror_topic");
    all.filter(move |(key, mirror)| key.starts_with(&front) && mirror.gone_at.is_none())
        .map(|(_, mirror)| mirror)
}

fn mirror_view(service: &Confluent, turn: &Turn, mirror: &Object) -> Json {
    let text = |member: &str| mirror.body.get(member).cloned().unwrap_or_default();
    let view = json!({
        "kind": "KafkaMirrorData",
        "link_name": text("link_name"),
        "mirror_topic_name": mirror.id,
        "source_topic_name": text("source_topic_name"),
        "num_partitions": 6,
        "mirror_lags": [],
        "mirror_status": mirror.phase(turn.now_ms),
        "state_time_ms": turn.now_ms,
    });
    service.shown(turn, mirror, view)
}

fn mirror_list(service: &Confluent, turn: &Turn, link: Option<&str>) -> Answer {
    let wanted = turn.query("mirror_status");
    let mirrors = mirrors_of(service, turn, link)
        .filter(|mirror| wanted.is_none_or(|wanted| mirror.phase(turn.now_ms) == Some(wanted)));
    let views = mirrors.map(|mirror| mirror_view(service, turn, mirror)).collect();
    listing(service, turn, "KafkaMirrorDataList", views)
}

fn all_mirrors(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    Ok(mirror_list(service, turn, None))
}

fn mirrors(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    link(service, turn)?;
    Ok(mirror_list(service, turn, Some(turn.variable("link_name"))))
}

/// With a prefix, the name is the prefix and the source's name.
fn create_mirror(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let link = link(service, turn)?.clone();
    let source = body.get("source_topic_name").and_then(Json::as_str).unwrap_or_default().to_owned();
    if source.is_empty() {
        return Err(Problem::numbered(400, "source_topic_name is required"));
    }
    let prefix =
        set_of(&link).get("cluster.link.prefix").and_then(Json::as_str).unwrap_or_default().to_owned();
    let forced = format!("{prefix}{source}");
    let name = body.get("mirror_topic_name").and_then(Json::as_str).unwrap_or(&forced).to_owned();
    if !prefix.is_empty() && name != forced {
        return Err(invalid(format!("Mirror topic name must be '{forced}'")));
    }
    let cluster = turn.variable("cluster_id").to_owned();
    let topic_key = format!("{cluster}/{name}");
    if service.state.get("kafka_topic", &topic_key).is_some() {
        return Err(invalid(format!("Topic '{name}' already exists.")));
    }
    let now_ms = turn.now_ms;
    let topic = Object {
        id: name.clone(),
        environment: link.environment.clone(),
        within: vec![format!("kafka_cluster/{cluster}")],
        created_at: now_ms,
        updated_at: now_ms,
        body: json!({ "partitions_count": 6, "configs": {} }),
        ..Object::default()
    };
    service.add(turn, "kafka_topic", &topic_key, topic);
    let mirror = Object {
        id: name.clone(),
        environment: link.environment.clone(),
        within: vec![format!("kafka_topic/{topic_key}"), format!("cluster_link/{}", key(turn))],
        created_at: now_ms,
        updated_at: now_ms,
        phases: vec![(now_ms, "ACTIVE".to_owned())],
        body: json!({ "link_name": link.id, "source_topic_name": source }),
        ..Object::default()
    };
    let mirror_key = format!("{}/{name}", key(turn));
    service.add(turn, "kafka_mirror_topic", &mirror_key, mirror);
    Ok(Answer::empty(204))
}

fn mirror(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let key = format!("{}/{}", key(turn), turn.variable("mirror_topic_name"));
    let mirror = seen(service, turn, "kafka_mirror_topic", &key)?.clone();
    Ok(Answer::json(200, mirror_view(service, turn, &mirror)))
}

/// A verb answers 200; what failed says so inside (trap 46).
fn steer(
    service: &mut Confluent,
    turn: &Turn,
    allowed: &[&str],
    next: &[(bool, &str)],
    hint: &str,
) -> Result<Answer, Problem> {
    link(service, turn)?;
    let body = body(turn)?;
    let names = body.get("mirror_topic_names").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut items = Vec::new();
    for name in names.iter().filter_map(Json::as_str) {
        let key = format!("{}/{name}", key(turn));
        let lasts = service.config.timing.delete_ms;
        let found =
            service.state.get_mut("kafka_mirror_topic", &key).filter(|mirror| mirror.gone_at.is_none());
        let failure = match &found {
            None => Some((404, format!("Mirror topic '{name}' not found."))),
            Some(mirror) => {
                let phase = mirror.phase(turn.now_ms).unwrap_or_default();
                let is_allowed = allowed.contains(&phase);
                (!is_allowed).then(|| (400, format!("Mirror topic '{name}' is {phase}{hint}.")))
            }
        };
        if let (Some(mirror), None, false) = (found, &failure, is_on(turn, "validate_only")) {
            mirror.phases.retain(|(from, _)| *from <= turn.now_ms);
            let at = |later: bool| if later { turn.now_ms + lasts } else { turn.now_ms };
            mirror.phases.extend(next.iter().map(|(later, phase)| (at(*later), (*phase).to_owned())));
            mirror.touch(turn.now_ms);
            let mirror = mirror.clone();
            service.note_change(turn.now_ms, Happened::Updated, "kafka_mirror_topic", &key, &mirror);
        }
        items.push(json!({
            "mirror_topic_name": name,
            "error_code": failure.as_ref().map(|(code, _)| code),
            "error_message": failure.as_ref().map(|(_, message)| message),
        }));
    }
    Ok(listing(service, turn, "KafkaAlterMirrorStatusResponseDataList", items))
}

fn pause(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, &["ACTIVE"], &[(false, "PAUSED")], "")
}

fn resume(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    steer(service, turn, &["PAUSED"], &[(false, "ACTIVE")], "")
}

/// A FAILED mirror cannot be promoted.
fn promote(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let next = [(false, "PENDING_STOPPED"), (true, "STOPPED")];
    steer(service, turn, &["ACTIVE", "PAUSED"], &next, "; use failover")
}

fn fail_over(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let any = ["ACTIVE", "PAUSED", "FAILED", "LINK_FAILED", "SOURCE_UNAVAILABLE"];
    steer(service, turn, &any, &[(false, "PENDING_STOPPED"), (true, "STOPPED")], "")
}
