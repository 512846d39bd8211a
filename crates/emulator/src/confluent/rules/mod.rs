//! What the tables cannot say: rules of single resources.

mod clusters;
mod identity;
mod networks;
mod org;

use super::errors::Problem;
use super::kinds::Kind;
use super::plane::Plane;
use super::state::Object;
use super::{Confluent, Turn};
use serde_json::Value as Json;

pub(crate) use org::validate;

/// Checks and completes an object before it is put in. Returns what only this one answer shows.
pub(crate) fn creating(
    service: &mut Confluent,
    turn: &Turn,
    kind: &Kind,
    object: &mut Object,
) -> Result<Json, Problem> {
    match kind.name {
        "environment" => org::environment(object),
        "provider_integration_v1" => org::integration_v1(service, object),
        "provider_integration_v2" => org::integration_v2(turn, object),
        "service_account" => {}
        "api_key" => return identity::api_key(service, object),
        "role_binding" => identity::role_binding(service, object)?,
        "identity_provider" | "identity_pool" | "group_mapping" => identity::enabled(kind, object),
        "kafka_cluster" => clusters::kafka(service, object)?,
        "flink_compute_pool" => clusters::compute_pool(object)?,
        "network" => networks::network(object)?,
        "byok_key" => clusters::encryption_key(object),
        "kafka_client_quota" => clusters::quota(service, object)?,
        _ => {}
    }
    Ok(Json::Object(serde_json::Map::new()))
}

/// What else comes to be with it.
pub(crate) fn created(service: &mut Confluent, kind: &Kind, object: &Object) {
    if kind.name == "kafka_cluster" {
        clusters::registry(service, object);
    }
}

/// Checks and completes the merge patch of an update.
pub(crate) fn updating(
    service: &mut Confluent,
    kind: &Kind,
    object: &mut Object,
    patch: &mut Json,
) -> Result<(), Problem> {
    match kind.name {
        "environment" => org::package(object, patch),
        "provider_integration_v2" => org::configured(service, object, patch),
        "identity_provider" => {
            identity::issuer(service, patch);
            Ok(())
        }
        "kafka_cluster" => clusters::resized(service, object, patch),
        _ => Ok(()),
    }
}

/// Refuses a delete, or does what comes with it.
pub(crate) fn deleting(service: &mut Confluent, kind: &Kind, object: &Object) -> Result<(), Problem> {
    match kind.name {
        "provider_integration_v1" => org::unused(service, object),
        "service_account" => {
            identity::rest(service, object);
            Ok(())
        }
        "kafka_cluster" => clusters::unprotected(object),
        "byok_key" => clusters::unused_key(service, object),
        "network" | "private_link_attachment" | "gateway" => networks::empty(service, kind, object),
        _ => Ok(()),
    }
}

/// Computes what a read shows at that moment.
pub(crate) fn viewing(service: &Confluent, kind: &Kind, object: &Object, view: &mut Json) {
    match kind.name {
        "provider_integration_v1" => org::usages(service, object, view),
        "role_binding" => identity::encoded(service, view),
        "network" => networks::reordered(object, view),
        _ => {}
    }
}

/// Filters of lists that the tables cannot say.
pub(crate) fn listed(turn: &Turn, kind: &Kind, view: &Json) -> bool {
    kind.name != "role_binding" || identity::within_pattern(turn, view)
}

/// Refuses data planes that are not there yet, or no more: no such host, so a gateway answers.
pub(crate) fn reachable(service: &Confluent, turn: &Turn) -> Result<(), Problem> {
    let state = &service.state;
    let target = match &turn.plane {
        Plane::Kafka(cluster) => state.get("kafka_cluster", cluster),
        Plane::Registry(Some(registry)) => state.get("schema_registry_cluster", registry),
        Plane::Registry(None) => None,
        Plane::Control | Plane::Flink(_) => return Ok(()),
    };
    // Behind one address there is one cluster.
    if let Plane::Kafka(cluster) = &turn.plane
        && turn.variables.iter().any(|(name, value)| *name == "cluster_id" && value != cluster)
    {
        return Err(Problem::numbered(404, "HTTP 404 Not Found"));
    }
    match target {
        Some(object) if object.settled_at() <= turn.now_ms && object.gone_at.is_none() => Ok(()),
        Some(_) => Err(Problem::page(503)),
        None => Err(Problem::page(404)),
    }
}

/// What is there from the start: the organization and its user.
pub(crate) fn furnish(service: &mut Confluent) {
    org::furnish(service);
}
