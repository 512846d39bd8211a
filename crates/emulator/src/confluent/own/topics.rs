//! Topics of a Kafka cluster (confluent.md sections 5, 7, 9, 13).

use super::super::errors::Problem;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::{Answer, encoded};
use super::super::{Confluent, Turn, checks, paths, plane};
use super::configs;
use crate::time::iso;
use serde_json::{Map, Value as Json, json};

macro_rules! on_cluster {
    ($rest:literal) => {
        concat!("/kafka/v3/clusters/{cluster_id}", $rest)
    };
}
pub(crate) use on_cluster;

pub(crate) const ROWS: &[Row] = &[
    Row("GET", on_cluster!(""), "kafka_cluster_dataplane", "read", &[], cluster),
    Row(
        "GET",
        on_cluster!("/consumer-groups"),
        "kafka_cluster_dataplane",
        "consumer-groups",
        &[],
        consumer_groups,
    ),
    Row("GET", on_cluster!("/topics"), "kafka_topic", "list", &[], list),
    Row("POST", on_cluster!("/topics"), "kafka_topic", "create", &[], create),
    Row("GET", on_cluster!("/topics/{topic_name}"), "kafka_topic", "read", &[], read),
    Row("PATCH", on_cluster!("/topics/{topic_name}"), "kafka_topic", "update", &[], grow),
    Row("DELETE", on_cluster!("/topics/{topic_name}"), "kafka_topic", "delete", &[], delete),
    Row(
        "GET",
        on_cluster!("/topics/{topic_name}/default-configs"),
        "kafka_topic",
        "default-configs",
        &[],
        configs::defaults,
    ),
    Row("GET", on_cluster!("/topics/{topic_name}/partitions"), "kafka_topic", "partitions", &[], partitions),
    Row(
        "GET",
        on_cluster!("/topics/{topic_name}/partitions/{partition_id}"),
        "kafka_topic",
        "partitions",
        &[],
        partition,
    ),
    Row("POST", on_cluster!("/topics/{topic_name}/records"), "kafka_topic", "records", &[], produce),
];

/// Partitions of a topic whose create names none.
const PARTITIONS: i64 = 6;
/// Every topic has as many copies.
const COPIES: i64 = 3;

/// A topic, or anything else, that the server does not know.
pub(crate) fn unknown() -> Problem {
    Problem::numbered(40403, "This server does not host this topic-partition.")
}

pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::numbered(40002, detail)
}

/// The address that the request's own plane has.
pub(crate) fn address(service: &Confluent, turn: &Turn) -> String {
    let id = turn.variable("cluster_id");
    let region = service.state.get("kafka_cluster", id).map_or_else(String::new, |cluster| {
        let text = |path: &str| paths::text(&cluster.body, path).unwrap_or_default();
        format!("{}.{}", text("spec.cloud").to_lowercase(), text("spec.region"))
    });
    let mut address = plane::kafka_address(id, &region);
    turn.links.resolve(&mut address);
    format!("{}/kafka/v3/clusters/{id}", address.as_str().unwrap_or_default())
}

/// A listing of Kafka REST: never paged.
pub(crate) fn listing(service: &Confluent, turn: &Turn, kind: &str, data: Vec<Json>) -> Answer {
    let own = turn.path.replacen(&format!("/kafka/v3/clusters/{}", turn.variable("cluster_id")), "", 1);
    let metadata = json!({ "self": format!("{}{own}", address(service, turn)), "next": null });
    Answer::json(200, json!({ "kind": kind, "metadata": metadata, "data": data }))
}

pub(crate) fn key(turn: &Turn) -> String {
    format!("{}/{}", turn.variable("cluster_id"), turn.variable("topic_name"))
}

/// The topic of the path as a read finds it: late after its create, and early gone after its delete.
pub(crate) fn found<'s>(service: &'s mut Confluent, turn: &Turn) -> Result<&'s mut Object, Problem> {
    let hidden_ms = service.config.timing.delete_ms / 2;
    let topic = service.state.get_mut("kafka_topic", &key(turn)).ok_or_else(unknown)?;
    if topic.visible_at > turn.now_ms || topic.hidden_reads > 0 {
        topic.hidden_reads = topic.hidden_reads.saturating_sub(1);
        return Err(unknown());
    }
    if topic.gone_at.is_some_and(|at| at - hidden_ms <= turn.now_ms) { Err(unknown()) } else { Ok(topic) }
}

fn view(service: &Confluent, turn: &Turn, topic: &Object) -> Json {
    let own = format!("{}/topics/{}", address(service, turn), encoded(&topic.id));
    let related = |what: &str| json!({ "related": format!("{own}/{what}") });
    let view = json!({
        "kind": "KafkaTopic",
        "metadata": {
            "self": own,
            "resource_name": format!("crn:///kafka={}/topic={}", turn.variable("cluster_id"), topic.id),
        },
        "cluster_id": turn.variable("cluster_id"),
        "topic_name": topic.id,
        "is_internal": false,
        "replication_factor": COPIES,
        "partitions_count": topic.body.get("partitions_count"),
        "partitions": related("partitions"),
        "configs": related("configs"),
        "partition_reassignments": related("partitions/-/reassignments"),
        "authorized_operations": [],
    });
    service.shown(turn, topic, view)
}

fn cluster(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let own = address(service, turn);
    let related = |what: &str| json!({ "related": format!("{own}/{what}") });
    let shown = json!({
        "kind": "KafkaCluster",
        "metadata": { "self": own, "resource_name": format!("crn:///kafka={}", turn.variable("cluster_id")) },
        "cluster_id": turn.variable("cluster_id"),
        "acls": related("acls"),
        "broker_configs": related("broker-configs"),
        "topics": related("topics"),
        "consumer_groups": related("consumer-groups"),
    });
    Ok(Answer::json(200, shown))
}

fn consumer_groups(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    Ok(listing(service, turn, "KafkaConsumerGroupList", Vec::new()))
}

fn list(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let cluster = format!("kafka_cluster/{}", turn.variable("cluster_id"));
    // Internal topics are listed too (section 13).
    let internal = Object {
        id: "_confluent-link-metadata".to_owned(),
        body: json!({ "partitions_count": 50 }),
        ..Object::default()
    };
    let mut first = view(service, turn, &internal);
    paths::set(&mut first, "is_internal", Json::from(true));
    let topics =
        service.state.listed("kafka_topic").into_iter().filter(|topic| topic.within.contains(&cluster));
    let views = std::iter::once(first).chain(topics.map(|topic| view(service, turn, topic)));
    let views = views.collect();
    Ok(listing(service, turn, "KafkaTopicList", views))
}

fn create(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    let name = body.get("topic_name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if name.is_empty() || name.len() > 249 || !fits || matches!(name.as_str(), "." | "..") {
        return Err(invalid(format!("Topic name is invalid: '{name}'")));
    }
    let cluster = turn.variable("cluster_id").to_owned();
    let key = format!("{cluster}/{name}");
    if let Some(there) = service.state.get("kafka_topic", &key) {
        // The name is taken until the deletion is really over (trap 31).
        let words = if there.gone_at.is_some() { "is marked for deletion" } else { "already exists" };
        return Err(invalid(format!("Topic '{name}' {words}.")));
    }
    let partitions = body.get("partitions_count").and_then(Json::as_i64).unwrap_or(PARTITIONS);
    if partitions < 1 {
        return Err(invalid("Number of partitions must be larger than 0."));
    }
    if body.get("replication_factor").and_then(Json::as_i64).is_some_and(|copies| copies != COPIES) {
        return Err(invalid(format!("Topic replication factor must be {COPIES}")));
    }
    let set = configs::named_values(&body, "configs")?;
    if body.get("validate_only") == Some(&Json::Bool(true)) {
        return Ok(Answer::json(200, json!({ "kind": "KafkaTopic", "topic_name": name })));
    }
    let mut kept = Map::new();
    for (name, value) in set {
        configs::check(&name, value.as_deref())?;
        kept.extend(value.map(|value| (name, Json::from(value))));
    }
    for name in body.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !["topic_name", "partitions_count", "replication_factor", "configs", "validate_only"]
            .contains(&name.as_str())
        {
            turn.ignored.push(name.clone());
        }
    }
    let environment = service.state.get("kafka_cluster", &cluster).and_then(|c| c.environment.clone());
    let topic = Object {
        id: name,
        environment,
        within: vec![format!("kafka_cluster/{cluster}")],
        created_at: turn.now_ms,
        updated_at: turn.now_ms,
        body: json!({ "partitions_count": partitions, "configs": kept }),
        ..Object::default()
    };
    service.add(turn, "kafka_topic", &key, topic.clone());
    Ok(Answer::json(201, view(service, turn, &topic)))
}

fn read(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let topic = found(service, turn)?.clone();
    Ok(Answer::json(200, view(service, turn, &topic)))
}

/// Partitions only grow (trap 56).
fn grow(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body).map_err(|_| Problem::numbered(400, "Bad Request"))?;
    let Some(wanted) = body.get("partitions_count").and_then(Json::as_i64) else {
        return Err(Problem::numbered(400, "partitions_count is required"));
    };
    let topic = found(service, turn)?;
    let have = topic.body.get("partitions_count").and_then(Json::as_i64).unwrap_or(PARTITIONS);
    if wanted <= have {
        return Err(invalid(format!(
            "Topic currently has {have} partitions, which is higher than the requested {wanted}."
        )));
    }
    paths::set(&mut topic.body, "partitions_count", Json::from(wanted));
    topic.touch(turn.now_ms);
    let topic = topic.clone();
    service.changed(turn, "kafka_topic", &key(turn), &topic);
    Ok(Answer::json(200, view(service, turn, &topic)))
}

fn delete(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    if found(service, turn)?.gone_at.is_some() {
        return Err(unknown());
    }
    let at_ms = turn.now_ms.saturating_add(service.config.timing.delete_ms);
    service.state.end("kafka_topic", &key(turn), at_ms);
    service.sweep(turn.now_ms);
    Ok(Answer::empty(204))
}

fn partition_view(service: &Confluent, turn: &Turn, number: i64) -> Json {
    let own = format!(
        "{}/topics/{}/partitions/{number}",
        address(service, turn),
        encoded(turn.variable("topic_name"))
    );
    json!({
        "kind": "KafkaPartition",
        "metadata": { "self": own },
        "cluster_id": turn.variable("cluster_id"),
        "topic_name": turn.variable("topic_name"),
        "partition_id": number,
    })
}

fn partitions(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let count =
        found(service, turn)?.body.get("partitions_count").and_then(Json::as_i64).unwrap_or(PARTITIONS);
    let views = (0..count).map(|number| partition_view(service, turn, number)).collect();
    Ok(listing(service, turn, "KafkaPartitionList", views))
}

fn partition(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let count =
        found(service, turn)?.body.get("partitions_count").and_then(Json::as_i64).unwrap_or(PARTITIONS);
    let number =
        turn.variable("partition_id").parse::<i64>().ok().filter(|number| (0..count).contains(number));
    Ok(Answer::json(200, partition_view(service, turn, number.ok_or_else(unknown)?)))
}

/// Takes a record and throws it away.
fn produce(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    found(service, turn)?;
    let receipt = json!({
        "error_code": 200,
        "cluster_id": turn.variable("cluster_id"),
        "topic_name": turn.variable("topic_name"),
        "partition_id": 0,
        "offset": service.state.calls,
        "timestamp": iso(turn.now_ms),
    });
    Ok(Answer::json(200, receipt))
}
