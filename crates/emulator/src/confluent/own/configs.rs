//! Configs of topics and of Dedicated clusters: all values are texts (confluent.md sections 3, 9, 13).

use super::super::errors::Problem;
use super::super::routes::Row;
use super::super::wire::{Answer, encoded};
use super::super::{Confluent, Turn, checks, paths};
use super::topics::{address, found, invalid, key, listing, on_cluster, unknown};
use serde_json::{Map, Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", on_cluster!("/topics/-/configs"), "kafka_topic_config", "list", &[], list_all),
    Row("GET", on_cluster!("/topics/{topic_name}/configs"), "kafka_topic_config", "list", &[], list),
    Row("GET", on_cluster!("/topics/{topic_name}/configs/{name}"), "kafka_topic_config", "read", &[], read),
    Row(
        "PUT",
        on_cluster!("/topics/{topic_name}/configs/{name}"),
        "kafka_topic_config",
        "update",
        &[],
        set_one,
    ),
    Row(
        "DELETE",
        on_cluster!("/topics/{topic_name}/configs/{name}"),
        "kafka_topic_config",
        "delete",
        &[],
        reset_one,
    ),
    Row("POST", on_cluster!("/topics/{topic_name}/configs:alter"), "kafka_topic", "update", &[], alter),
    Row("GET", on_cluster!("/broker-configs"), "kafka_cluster_config", "read", &[], broker_list),
    Row("GET", on_cluster!("/broker-configs/{name}"), "kafka_cluster_config", "read", &[], broker_read),
    Row("PUT", on_cluster!("/broker-configs/{name}"), "kafka_cluster_config", "update", &[], broker_set),
    Row("DELETE", on_cluster!("/broker-configs/{name}"), "kafka_cluster_config", "delete", &[], broker_reset),
    Row("POST", on_cluster!("/broker-configs:alter"), "kafka_cluster_config", "update", &[], broker_alter),
];

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// A whole number from that on.
    From(i64),
    /// One of these.
    One(&'static [&'static str]),
    /// Anything.
    Any,
    /// Set by the service; refused.
    Fixed,
}

/// Topic configs with their defaults.
const TOPIC: &[(&str, &str, Of)] = &[
    ("cleanup.policy", "delete", Of::One(&["delete", "compact", "compact,delete", "delete,compact"])),
    ("compression.type", "producer", Of::Fixed),
    ("confluent.key.schema.validation", "false", Of::One(&["true", "false"])),
    (
        "confluent.key.subject.name.strategy",
        "io.confluent.kafka.serializers.subject.TopicNameStrategy",
        Of::Any,
    ),
    ("confluent.schema.validation.context.name", "default", Of::Any),
    ("confluent.value.schema.validation", "false", Of::One(&["true", "false"])),
    (
        "confluent.value.subject.name.strategy",
        "io.confluent.kafka.serializers.subject.TopicNameStrategy",
        Of::Any,
    ),
    ("delete.retention.ms", "86400000", Of::From(0)),
    ("max.compaction.lag.ms", "9223372036854775807", Of::From(1)),
    ("max.message.bytes", "2097164", Of::From(0)),
    ("message.timestamp.after.max.ms", "9223372036854775807", Of::From(0)),
    ("message.timestamp.before.max.ms", "9223372036854775807", Of::From(0)),
    ("message.timestamp.difference.max.ms", "9223372036854775807", Of::From(0)),
    ("message.timestamp.type", "CreateTime", Of::One(&["CreateTime", "LogAppendTime"])),
    ("min.compaction.lag.ms", "0", Of::From(0)),
    ("min.insync.replicas", "2", Of::One(&["1", "2"])),
    ("retention.bytes", "-1", Of::From(-1)),
    ("retention.ms", "604800000", Of::From(-1)),
    ("segment.bytes", "104857600", Of::From(52_428_800)),
    ("segment.ms", "604800000", Of::From(14_400_000)),
    ("unclean.leader.election.enable", "false", Of::Fixed),
];
/// Cluster configs with their defaults; Dedicated clusters only.
const BROKER: &[(&str, &str, Of)] = &[
    ("auto.create.topics.enable", "false", Of::One(&["true", "false"])),
    ("log.cleaner.max.compaction.lag.ms", "9223372036854775807", Of::From(21_600_000)),
    ("log.retention.ms", "604800000", Of::From(-1)),
    ("num.partitions", "6", Of::From(1)),
    ("ssl.cipher.suites", "", Of::Any),
    ("ssl.enabled.protocols", "TLSv1.2,TLSv1.3", Of::Any),
];
/// Set by the service on every topic, with the source of what a user set (trap 54).
const TOPIC_TYPE: (&str, &str) = ("confluent.topic.type", "standard");

/// Checks a config of a topic; `None` stands for a reset.
///
/// # Errors
/// 40002.
pub(crate) fn check(name: &str, value: Option<&str>) -> Result<(), Problem> {
    checked(TOPIC, "topic", name, value)
}

fn checked(table: &[(&str, &str, Of)], what: &str, name: &str, value: Option<&str>) -> Result<(), Problem> {
    let Some((_, _, of)) = table.iter().find(|(known, _, _)| *known == name) else {
        return Err(invalid(format!("Unknown {what} config name: {name}")));
    };
    let Some(value) = value else { return Ok(()) };
    let fits = match of {
        Of::From(least) => value.parse::<i64>().is_ok_and(|number| number >= *least),
        Of::One(values) => values.contains(&value),
        Of::Any => true,
        Of::Fixed => return Err(invalid(format!("Altering {what} config {name} is not permitted"))),
    };
    if fits { Ok(()) } else { Err(invalid(format!("Invalid value {value} for configuration {name}"))) }
}

/// `[{name, value}]` of a member; a null or absent value is `None`.
///
/// # Errors
/// 400 for anything else: values are texts, numbers are refused.
pub(crate) fn named_values(body: &Json, member: &str) -> Result<Vec<(String, Option<String>)>, Problem> {
    let wrong = |what: &str| Problem::numbered(400, format!("{member}: {what}"));
    let items = match body.get(member) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(items)) => items,
        Some(_) => return Err(wrong("must be an array")),
    };
    let pair = |item: &Json| {
        let name = item.get("name").and_then(Json::as_str).ok_or_else(|| wrong("name is missing"))?;
        let value = match item.get("value") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(_) => return Err(wrong("value must be a string")),
        };
        let is_reset = item.get("operation").and_then(Json::as_str) == Some("DELETE");
        Ok((name.to_owned(), value.filter(|_| !is_reset)))
    };
    items.iter().map(pair).collect()
}

fn view(
    own: &str,
    kind: &str,
    source: &str,
    set: &Map<String, Json>,
    name: &str,
    default: &str,
    of: Of,
) -> Json {
    let value = set.get(name);
    json!({
        "kind": kind,
        "metadata": { "self": format!("{own}/{name}") },
        "name": name,
        "value": value.cloned().unwrap_or_else(|| Json::from(default)),
        "is_default": value.is_none(),
        "is_read_only": matches!(of, Of::Fixed),
        "is_sensitive": false,
        "source": if value.is_some() { source } else { "DEFAULT_CONFIG" },
        "synonyms": [],
    })
}

const OF_TOPIC: (&str, &str) = ("KafkaTopicConfig", "DYNAMIC_TOPIC_CONFIG");
const OF_BROKER: (&str, &str) = ("KafkaClusterConfig", "DYNAMIC_DEFAULT_BROKER_CONFIG");

fn topic_views(service: &Confluent, turn: &Turn, topic: &str, set: &Map<String, Json>) -> Vec<Json> {
    let own = format!("{}/topics/{}/configs", address(service, turn), encoded(topic));
    let mut with_type = set.clone();
    with_type.insert(TOPIC_TYPE.0.to_owned(), Json::from(TOPIC_TYPE.1));
    let own_type = (TOPIC_TYPE.0, TOPIC_TYPE.1, Of::Fixed);
    let rows = TOPIC.iter().chain(std::iter::once(&own_type));
    rows.map(|(name, default, of)| {
        let mut view = view(&own, OF_TOPIC.0, OF_TOPIC.1, &with_type, name, default, *of);
        paths::set(&mut view, "cluster_id", Json::from(turn.variable("cluster_id")));
        paths::set(&mut view, "topic_name", Json::from(topic));
        turn.show_faults(&mut view);
        view
    })
    .collect()
}

fn set_of(body: &Json) -> Map<String, Json> {
    body.get("configs").and_then(Json::as_object).cloned().unwrap_or_default()
}

fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let set = set_of(&found(service, turn)?.body);
    let views = topic_views(service, turn, turn.variable("topic_name"), &set);
    Ok(listing(service, turn, "KafkaTopicConfigList", views))
}

fn list_all(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let cluster = format!("kafka_cluster/{}", turn.variable("cluster_id"));
    let topics =
        service.state.listed("kafka_topic").into_iter().filter(|topic| topic.within.contains(&cluster));
    let views =
        topics.flat_map(|topic| topic_views(service, turn, &topic.id, &set_of(&topic.body))).collect();
    Ok(listing(service, turn, "KafkaTopicConfigList", views))
}

pub(crate) fn defaults(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    found(service, turn)?;
    let views = topic_views(service, turn, turn.variable("topic_name"), &Map::new());
    Ok(listing(service, turn, "KafkaTopicDefaultConfigList", views))
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let set = set_of(&found(service, turn)?.body);
    let views = topic_views(service, turn, turn.variable("topic_name"), &set);
    let name = turn.variable("name");
    let view = views.into_iter().find(|view| paths::text(view, "name") == Some(name));
    view.map(|view| Answer::json(200, view)).ok_or_else(|| Problem::numbered(404, "Config cannot be found"))
}

fn change(
    service: &mut Confluent,
    turn: &mut Turn,
    changes: Vec<(String, Option<String>)>,
) -> Result<Answer, Problem> {
    for (name, value) in &changes {
        check(name, value.as_deref())?;
    }
    let topic = found(service, turn)?;
    let mut set = set_of(&topic.body);
    apply(&mut set, changes);
    paths::set(&mut topic.body, "configs", Json::Object(set));
    topic.touch(turn.now_ms);
    let topic = topic.clone();
    service.changed(turn, "kafka_topic", &key(turn), &topic);
    Ok(Answer::empty(204))
}

fn apply(set: &mut Map<String, Json>, changes: Vec<(String, Option<String>)>) {
    for (name, value) in changes {
        match value {
            Some(value) => {
                set.insert(name, Json::from(value));
            }
            None => {
                set.shift_remove(&name);
            }
        }
    }
}

fn body(turn: &Turn) -> Result<Json, Problem> {
    checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))
}

/// All or nothing; `validate_only` changes nothing.
fn alter(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = body(turn)?;
    let changes = named_values(&body, "data")?;
    if body.get("validate_only") == Some(&Json::Bool(true)) {
        found(service, turn)?;
        changes.iter().try_for_each(|(name, value)| check(name, value.as_deref()))?;
        return Ok(Answer::empty(204));
    }
    change(service, turn, changes)
}

/// The value of a PUT.
fn value_of(turn: &Turn) -> Result<Option<String>, Problem> {
    match body(turn)?.get("value") {
        Some(Json::String(text)) => Ok(Some(text.clone())),
        None | Some(Json::Null) => Ok(None),
        Some(_) => Err(Problem::numbered(400, "value must be a string")),
    }
}

fn set_one(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = vec![(turn.variable("name").to_owned(), value_of(turn)?)];
    change(service, turn, changes)
}

fn reset_one(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = vec![(turn.variable("name").to_owned(), None)];
    change(service, turn, changes)
}

/// The configs of a cluster, which only Dedicated ones have.
fn broker_set_of<'s>(service: &'s mut Confluent, turn: &Turn) -> Result<&'s mut Map<String, Json>, Problem> {
    let id = turn.variable("cluster_id");
    let cluster = service.state.get("kafka_cluster", id).ok_or_else(unknown)?;
    if paths::text(&cluster.body, "spec.config.kind") != Some("Dedicated") {
        return Err(invalid("Cluster configs are available on Dedicated clusters only"));
    }
    Ok(service.state.settings.entry(format!("broker/{id}")).or_default())
}

fn broker_views(service: &mut Confluent, turn: &Turn) -> Result<Vec<Json>, Problem> {
    let own = format!("{}/broker-configs", address(service, turn));
    let set = broker_set_of(service, turn)?;
    let row = |(name, default, of): &(&str, &str, Of)| {
        let mut view = view(&own, OF_BROKER.0, OF_BROKER.1, set, name, default, *of);
        paths::set(&mut view, "cluster_id", Json::from(turn.variable("cluster_id")));
        paths::set(&mut view, "config_type", Json::from("BROKER"));
        view
    };
    Ok(BROKER.iter().map(row).collect())
}

fn broker_list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let views = broker_views(service, turn)?;
    Ok(listing(service, turn, "KafkaClusterConfigList", views))
}

fn broker_read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let name = turn.variable("name");
    let view = broker_views(service, turn)?.into_iter().find(|view| paths::text(view, "name") == Some(name));
    view.map(|view| Answer::json(200, view)).ok_or_else(|| Problem::numbered(404, "Config cannot be found"))
}

fn broker_change(
    service: &mut Confluent,
    turn: &Turn,
    changes: Vec<(String, Option<String>)>,
) -> Result<Answer, Problem> {
    for (name, value) in &changes {
        checked(BROKER, "cluster", name, value.as_deref())?;
    }
    apply(broker_set_of(service, turn)?, changes);
    Ok(Answer::empty(204))
}

fn broker_alter(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = named_values(&body(turn)?, "data")?;
    broker_change(service, turn, changes)
}

fn broker_set(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = vec![(turn.variable("name").to_owned(), value_of(turn)?)];
    broker_change(service, turn, changes)
}

fn broker_reset(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let changes = vec![(turn.variable("name").to_owned(), None)];
    broker_change(service, turn, changes)
}
