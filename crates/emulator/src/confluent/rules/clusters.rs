//! Kafka clusters, the Schema Registry that comes with the first of them, compute pools (confluent.md sections 8, 9,
//! 13).

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::state::Object;
use super::super::{Confluent, crud, kinds, paths, plane};
use serde_json::{Value as Json, json};

fn upper(object: &mut Object, path: &str) {
    if let Some(text) = paths::text(&object.body, path).map(str::to_uppercase) {
        paths::set(&mut object.body, path, Json::from(text));
    }
}

/// `aws.us-east-1`.
fn region_of(object: &Object) -> String {
    let text = |path: &str| paths::text(&object.body, path).unwrap_or_default();
    format!("{}.{}", text("spec.cloud").to_lowercase(), text("spec.region"))
}

/// The newer billing model has other words for the same (trap 57).
fn availability(service: &Confluent, text: &str) -> &'static str {
    match (text.to_uppercase().as_str(), service.config.newer_availability) {
        ("MULTI_ZONE" | "HIGH", true) => "HIGH",
        ("MULTI_ZONE" | "HIGH", false) => "MULTI_ZONE",
        (_, true) => "LOW",
        (_, false) => "SINGLE_ZONE",
    }
}

const KINDS: &[&str] = &["Basic", "Standard", "Enterprise", "Dedicated", "Freight"];

fn exact_kind(text: &str) -> &'static str {
    KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(text)).copied().unwrap_or("Basic")
}

/// Addresses come when it is provisioned; `http_endpoint` is empty before (trap 35).
pub(crate) fn kafka(service: &mut Confluent, object: &mut Object) -> Result<(), Problem> {
    upper(object, "spec.cloud");
    let text = |path: &str| paths::text(&object.body, path).unwrap_or_default();
    let kind = exact_kind(text("spec.config.kind"));
    let zones = availability(service, text("spec.availability"));
    let cku = paths::get(&object.body, "spec.config.cku").and_then(Json::as_i64);
    let is_dedicated = kind == "Dedicated";
    if is_dedicated && cku.is_none_or(|cku| cku < 1) {
        return Err(Problem::member("spec.config.cku", "a Dedicated cluster needs spec.config.cku"));
    }
    if !is_dedicated && cku.is_some() {
        return Err(Problem::semantic("spec.config.cku", format!("a {kind} cluster has no CKU")));
    }
    let region = region_of(object);
    let host = format!("{}.{}", object.id.replacen("lkc-", "pkc-", 1), turned(&region));
    let body = &mut object.body;
    paths::set(body, "spec.config.kind", Json::from(kind));
    paths::set(body, "spec.availability", Json::from(zones));
    if paths::get(body, "spec.deletion_protection").is_none() {
        paths::set(body, "spec.deletion_protection", Json::from(false));
    }
    paths::set(body, "spec.http_endpoint", Json::from(""));
    paths::set(body, "spec.kafka_bootstrap_endpoint", Json::from(""));
    paths::set(body, "status", json!({}));
    if is_dedicated {
        paths::set(body, "status.cku", Json::from(0));
        if paths::get(body, "spec.config.zones").is_none() {
            let zone = region.split_once('.').map_or("", |(_, area)| area);
            paths::set(body, "spec.config.zones", json!([format!("{zone}a")]));
        }
        let timing = service.config.timing.clone();
        if let Some(kind) = kinds::named("kafka_cluster")
            && let Some(life) = kind.life
        {
            crud::begin(service, object, life, timing.dedicated_ms);
        }
    }
    let rest = plane::kafka_address(&object.id, &region);
    let bootstrap = format!("SASL_SSL://{host}.confluent.cloud:9092");
    let mut ready = json!({ "spec": {
        "http_endpoint": rest,
        "kafka_bootstrap_endpoint": bootstrap,
        "endpoints": { "PUBLIC": { "rest": rest, "bootstrap": bootstrap, "connection_type": "PUBLIC" } },
    } });
    if let Some(cku) = cku {
        paths::set(&mut ready, "status.cku", Json::from(cku));
    }
    object.later.push((object.settled_at(), ready));
    Ok(())
}

/// `us-east-1.aws` of `aws.us-east-1`.
fn turned(region: &str) -> String {
    let (cloud, area) = region.split_once('.').unwrap_or((region, ""));
    format!("{area}.{cloud}")
}

/// The Schema Registry of an environment arises with its first Kafka cluster (trap 36).
pub(crate) fn registry(service: &mut Confluent, cluster: &Object) {
    let environment = cluster.environment.clone().unwrap_or_default();
    let is_there = service
        .state
        .all("schema_registry_cluster")
        .any(|(_, registry)| registry.environment.as_ref() == Some(&environment));
    let Some(kind) = kinds::named("schema_registry_cluster") else { return };
    if is_there || service.config.no_schema_registry {
        return;
    }
    let (now_ms, timing) = (service.state.now_ms, service.config.timing.clone());
    let package = service
        .state
        .get("environment", &environment)
        .and_then(|object| paths::text(&object.body, "stream_governance_config.package"))
        .unwrap_or("ESSENTIALS")
        .to_owned();
    let region = region_of(cluster);
    let text = |path: &str| paths::text(&cluster.body, path).unwrap_or_default();
    let id = service.new_id(kind.id);
    let listed_at = now_ms + timing.registry_listed_ms;
    let mut object = Object {
        id: id.clone(),
        environment: Some(environment.clone()),
        within: vec![format!("environment/{environment}")],
        created_at: listed_at,
        updated_at: listed_at,
        visible_at: listed_at,
        listed_at,
        phases: vec![
            (now_ms, "PROVISIONING".to_owned()),
            (listed_at + timing.registry_ms, "PROVISIONED".to_owned()),
        ],
        body: json!({
            "spec": {
                "display_name": "Stream Governance Package",
                "package": package,
                "cloud": text("spec.cloud"),
                "region": text("spec.region"),
                "http_endpoint": "",
                "environment": paths::get(&cluster.body, "spec.environment"),
            },
            "status": {},
        }),
        ..Object::default()
    };
    let address = plane::registry_address(&id, &region);
    object.later.push((
        object.settled_at(),
        json!({ "spec": { "http_endpoint": address, "catalog_http_endpoint": address } }),
    ));
    object.body = crud::with_head(service, kind, &object);
    service.note_change(now_ms, Happened::Created, kind.name, &id, &object);
    service.state.insert(kind.name, &id, object);
}

/// Only Basic becomes Standard; only Dedicated has a size, one change of it at a time.
pub(crate) fn resized(service: &mut Confluent, object: &mut Object, patch: &mut Json) -> Result<(), Problem> {
    let kind = paths::text(&object.body, "spec.config.kind").unwrap_or_default().to_owned();
    if let Some(wanted) = paths::text(patch, "spec.config.kind") {
        let wanted = exact_kind(wanted);
        if wanted != kind && (kind.as_str(), wanted) != ("Basic", "Standard") {
            let detail = format!("a {kind} cluster cannot become {wanted}");
            return Err(Problem::semantic("spec.config.kind", detail));
        }
        paths::set(patch, "spec.config.kind", Json::from(wanted));
    }
    if let Some(wanted) = paths::text(patch, "spec.availability") {
        if paths::text(&object.body, "spec.availability") != Some(availability(service, wanted)) {
            return Err(Problem::semantic("spec.availability", "spec.availability cannot be changed"));
        }
        paths::remove(patch, "spec.availability");
    }
    let Some(cku) = paths::get(patch, "spec.config.cku").and_then(Json::as_i64) else { return Ok(()) };
    if kind != "Dedicated" || cku < 1 {
        return Err(Problem::semantic("spec.config.cku", format!("a {kind} cluster cannot have {cku} CKU")));
    }
    let now_ms = service.state.now_ms;
    if paths::get(&object.body, "spec.config.cku").and_then(Json::as_i64) != Some(cku) {
        if !object.later.is_empty() || object.settled_at() > now_ms {
            return Err(Problem::conflict("the cluster is being resized"));
        }
        let at_ms = now_ms + service.config.timing.dedicated_ms;
        object.later.push((at_ms, json!({ "status": { "cku": cku } })));
    }
    Ok(())
}

pub(crate) fn unprotected(object: &Object) -> Result<(), Problem> {
    match paths::get(&object.body, "spec.deletion_protection") {
        Some(Json::Bool(true)) => {
            Err(Problem::conflict(format!("{} is protected: spec.deletion_protection", object.id)))
        }
        _ => Ok(()),
    }
}

pub(crate) fn compute_pool(object: &mut Object) -> Result<(), Problem> {
    upper(object, "spec.cloud");
    if paths::get(&object.body, "spec.max_cfu").and_then(Json::as_i64).is_none_or(|cfu| cfu < 1) {
        return Err(Problem::semantic("spec.max_cfu", "spec.max_cfu must be positive"));
    }
    let region = region_of(object);
    paths::set(&mut object.body, "spec.http_endpoint", plane::flink_address(&region));
    paths::set(&mut object.body, "status", json!({ "current_cfu": 0 }));
    Ok(())
}

pub(crate) fn encryption_key(object: &mut Object) {
    let kind = paths::text(&object.body, "key.kind").unwrap_or_default();
    let provider = kind.trim_end_matches("Key").to_uppercase();
    paths::set(&mut object.body, "provider", Json::from(provider));
    paths::set(&mut object.body, "state", Json::from("AVAILABLE"));
}

/// A key stays until the clusters that use it are really gone (trap 39).
pub(crate) fn unused_key(service: &Confluent, object: &Object) -> Result<(), Problem> {
    let mut clusters = service.state.all("kafka_cluster");
    match clusters.find(|(_, c)| paths::text(&c.body, "spec.byok.id") == Some(object.id.as_str())) {
        Some((cluster, _)) => Err(Problem::conflict(format!("{} is in use by {cluster}", object.id))),
        None => Ok(()),
    }
}

/// One principal is in one quota per cluster (section 13).
pub(crate) fn quota(service: &Confluent, object: &mut Object) -> Result<(), Problem> {
    let ids = |body: &Json| -> Vec<String> {
        let principals = paths::get(body, "spec.principals").and_then(Json::as_array).into_iter().flatten();
        principals.filter_map(|p| paths::text(p, "id").map(str::to_owned)).collect()
    };
    let cluster = paths::text(&object.body, "spec.cluster.id");
    let own = ids(&object.body);
    let taken = service
        .state
        .all("kafka_client_quota")
        .filter(|(_, other)| paths::text(&other.body, "spec.cluster.id") == cluster)
        .flat_map(|(_, other)| ids(&other.body))
        .find(|id| own.contains(id));
    match taken {
        Some(id) => Err(Problem::conflict(format!("principal {id} has a quota on this cluster"))),
        None => Ok(()),
    }
}
