//! Endpoints under `/_sandbox/` for tests and commands in other processes. They are no part of any cloud.

use crate::cloud::Cloud;
use crate::fault::Fault;
use crate::wire::answer;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// An out-of-band change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(rename = "type")]
    ty: String,
    identifier: String,
    /// List, object or null, as [`Cloud::edit`] takes it.
    patch: Json,
}

/// An out-of-band resource.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plant {
    #[serde(rename = "type")]
    ty: String,
    region: String,
    properties: Json,
}

/// An out-of-band association of an AppIntegrations resource.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Associate {
    #[serde(rename = "type")]
    ty: String,
    region: String,
    identifier: String,
    /// Members of what lists show.
    summary: Json,
}

/// An out-of-band change in Confluent Cloud.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RestEdit {
    resource: String,
    key: String,
    /// Merge patch (RFC 7396); null deletes.
    patch: Json,
}

/// A phase from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phase {
    resource: String,
    key: String,
    phase: String,
}

/// Answers a request for the sandbox itself; `None` if it is for a cloud.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request<Bytes>, now_ms: i64) -> Option<Response<Bytes>> {
    let command = request.uri().path().strip_prefix("/_sandbox/")?;
    let outcome = match (request.method(), command) {
        (&Method::GET, "state") => {
            cloud.advance(now_ms);
            let resources: Vec<Json> = cloud
                .resources()
                .map(|held| {
                    json!({ "type": held.ty, "identifier": held.identifier, "account": held.account,
                            "region": held.region })
                })
                .collect();
            let in_flight: Vec<Json> = cloud
                .in_flight()
                .into_iter()
                .map(|(ty, identifier)| json!({ "type": ty, "identifier": identifier }))
                .collect();
            // Bodies of objects do not hold what is write-only.
            let confluent: Vec<Json> = cloud
                .confluent()
                .objects()
                .map(|held| {
                    json!({ "resource": held.resource, "key": held.key, "environment": held.environment,
                            "phase": held.phase, "body": held.body })
                })
                .collect();
            Ok(json!({ "resources": resources, "in_flight": in_flight, "confluent": confluent }))
        }
        (&Method::GET, "snapshot") => {
            cloud.advance(now_ms);
            Ok(cloud.snapshot())
        }
        (&Method::GET, "confluent/history") => {
            serde_json::to_value(cloud.confluent().history()).map_err(|e| e.to_string())
        }
        (&Method::GET, "confluent/changes") => {
            serde_json::to_value(cloud.confluent().changes()).map_err(|e| e.to_string())
        }
        (&Method::POST, "confluent/fault") => read::<crate::confluent::Fault>(request).map(|fault| {
            cloud.confluent_mut().inject(fault);
            json!({})
        }),
        (&Method::POST, "confluent/edit") => read::<RestEdit>(request).and_then(|edit| {
            cloud.advance(now_ms);
            if cloud.confluent_mut().edit(&edit.resource, &edit.key, &edit.patch) {
                Ok(json!({}))
            } else {
                Err(format!("no {} {}", edit.resource, edit.key))
            }
        }),
        (&Method::POST, "confluent/phase") => read::<Phase>(request).and_then(|phase| {
            cloud.advance(now_ms);
            if cloud.confluent_mut().set_phase(&phase.resource, &phase.key, &phase.phase) {
                Ok(json!({}))
            } else {
                Err(format!("no {} {}", phase.resource, phase.key))
            }
        }),
        (&Method::GET, "history") => serde_json::to_value(cloud.history()).map_err(|e| e.to_string()),
        (&Method::POST, "reset") => {
            cloud.reset();
            Ok(json!({}))
        }
        (&Method::POST, "edit") => read::<Edit>(request).and_then(|edit| {
            cloud.advance(now_ms);
            cloud.edit(&edit.ty, &edit.identifier, &edit.patch).map_err(|e| e.to_string())?;
            Ok(json!({}))
        }),
        (&Method::POST, "plant") => read::<Plant>(request).and_then(|plant| {
            let identifier = cloud
                .plant(&plant.region, &plant.ty, &plant.properties, now_ms)
                .map_err(|e| e.to_string())?;
            Ok(json!({ "identifier": identifier }))
        }),
        (&Method::POST, "associate") => read::<Associate>(request).and_then(|made| {
            let id = cloud
                .plant_association(&made.region, &made.ty, &made.identifier, &made.summary, now_ms)
                .map_err(|e| e.to_string())?;
            Ok(json!({ "id": id }))
        }),
        (&Method::GET, "config") => serde_json::to_value(cloud.config()).map_err(|e| e.to_string()),
        // A merge patch (RFC 7396) of the settings. Types registered here can be used at once.
        (&Method::POST, "config") => read::<Json>(request).and_then(|patch| {
            cloud.advance(now_ms);
            let mut settings = serde_json::to_value(cloud.config()).map_err(|e| e.to_string())?;
            json_patch::merge(&mut settings, &patch);
            *cloud.config_mut() = serde_json::from_value(settings).map_err(|e| e.to_string())?;
            Ok(json!({}))
        }),
        (&Method::POST, "fault") => read::<Fault>(request).map(|fault| {
            cloud.inject(fault);
            json!({})
        }),
        (&Method::POST, "clear-faults") => {
            cloud.clear_faults();
            cloud.confluent_mut().clear_faults();
            Ok(json!({}))
        }
        (&Method::POST, "clear-history") => {
            cloud.clear_history();
            cloud.confluent_mut().clear_history();
            Ok(json!({}))
        }
        _ => Err(format!("no sandbox command {} {command}", request.method())),
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(message) => (400, json!({ "message": message })),
    };
    Some(answer(status, "application/json", body.to_string(), "sandbox"))
}

fn read<T: for<'de> Deserialize<'de>>(request: &Request<Bytes>) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|e| e.to_string())
}
