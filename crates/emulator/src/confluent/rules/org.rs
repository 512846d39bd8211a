//! Organization, environments and provider integrations (confluent.md sections 9 and 13).

use super::super::errors::Problem;
use super::super::state::Object;
use super::super::{Confluent, Turn, checks, crud, kinds, paths};
use crate::confluent::wire::Answer;
use serde_json::{Value as Json, json};

/// Puts the organization and its user in.
pub(crate) fn furnish(service: &mut Confluent) {
    let things = [
        (
            "organization",
            service.config.organization.clone(),
            json!({ "display_name": "Sandbox", "jit_enabled": true }),
        ),
        (
            "user",
            service.config.user.clone(),
            json!({ "email": "deployer@example.com", "full_name": "Deployer", "auth_type": "AUTH_TYPE_LOCAL" }),
        ),
    ];
    for (resource, id, body) in things {
        let Some(kind) = kinds::named(resource) else { continue };
        let mut object = Object { id: id.clone(), body, ..Object::default() };
        object.body = crud::with_head(service, kind, &object);
        service.state.insert(resource, &id, object);
    }
}

pub(crate) fn environment(object: &mut Object) {
    let path = "stream_governance_config.package";
    let package = paths::text(&object.body, path).unwrap_or("ESSENTIALS").to_uppercase();
    paths::set(&mut object.body, path, Json::from(package));
}

/// The package goes upward only.
pub(crate) fn package(object: &Object, patch: &mut Json) -> Result<(), Problem> {
    let path = "stream_governance_config.package";
    let Some(wanted) = paths::text(patch, path).map(str::to_uppercase) else { return Ok(()) };
    if paths::text(&object.body, path) == Some("ADVANCED") && wanted != "ADVANCED" {
        return Err(Problem::semantic(path, "a package cannot be downgraded"));
    }
    paths::set(patch, path, Json::from(wanted));
    Ok(())
}

/// The answer of v1 holds what the trust policy of the customer's role needs.
pub(crate) fn integration_v1(service: &mut Confluent, object: &mut Object) {
    let external = service.state.dice.uuid();
    paths::set(&mut object.body, "provider", Json::from("AWS"));
    let role = format!("arn:aws:iam::000000000000:role/{}", object.id);
    paths::set(&mut object.body, "config.iam_role_arn", Json::from(role));
    paths::set(&mut object.body, "config.external_id", Json::from(external));
    paths::set(&mut object.body, "usages", json!([]));
}

/// CRNs of the connectors that use an integration.
fn users(service: &Confluent, id: &str) -> Vec<Json> {
    let connectors = service.state.all("connector").map(|(_, connector)| connector);
    connectors
        .filter(|c| {
            c.gone_at.is_none()
                && paths::get(&c.body, "config").is_some_and(|config| {
                    config.get("provider.integration.id").and_then(Json::as_str) == Some(id)
                })
        })
        .filter_map(|connector| paths::get(&connector.body, "crn").cloned())
        .collect()
}

pub(crate) fn usages(service: &Confluent, object: &Object, view: &mut Json) {
    paths::set(view, "usages", Json::from(users(service, &object.id)));
}

/// Refused while something uses it.
pub(crate) fn unused(service: &Confluent, object: &Object) -> Result<(), Problem> {
    match users(service, &object.id).first().and_then(Json::as_str) {
        Some(user) => Err(Problem::conflict(format!("{} is in use by {user}", object.id))),
        None => Ok(()),
    }
}

/// A create of v2 takes no config: DRAFT.
pub(crate) fn integration_v2(turn: &Turn, object: &mut Object) {
    // Not a refusal: what a create does not know is ignored.
    paths::remove(&mut object.body, "config");
    let provider = paths::text(&object.body, "provider").unwrap_or_default().to_uppercase();
    paths::set(&mut object.body, "provider", Json::from(provider));
    object.phases = vec![(turn.now_ms, "DRAFT".to_owned())];
}

/// The config of v2 comes by PATCH; its kind must be the provider's, and the answer holds Confluent's side.
pub(crate) fn configured(
    service: &mut Confluent,
    object: &mut Object,
    patch: &mut Json,
) -> Result<(), Problem> {
    let Some(kind) = paths::text(patch, "config.kind").map(str::to_owned) else { return Ok(()) };
    let provider = paths::text(&object.body, "provider").unwrap_or_default();
    let (wanted, member) = match provider {
        "AZURE" => ("AzureIntegrationConfig", "customer_azure_tenant_id"),
        "GCP" => ("GcpIntegrationConfig", "customer_google_service_account"),
        _ => ("AwsIntegrationConfig", "customer_iam_role_arn"),
    };
    if kind != wanted {
        return Err(Problem::semantic("config.kind", format!("config.kind must be {wanted} for {provider}")));
    }
    let path = format!("config.{member}");
    if paths::text(patch, &path).is_none() {
        return Err(Problem::member(&path, format!("{path} is required")));
    }
    let known = object.body.get("config").cloned().unwrap_or_default();
    let made = match provider {
        "AZURE" => json!({ "confluent_multi_tenant_app_id": service.state.dice.uuid() }),
        "GCP" => {
            json!({ "google_service_account": format!("{}@confluent-sandbox.iam.gserviceaccount.com", object.id) })
        }
        _ => json!({
            "iam_role_arn": format!("arn:aws:iam::000000000000:role/{}", object.id),
            "external_id": service.state.dice.uuid(),
        }),
    };
    if let Json::Object(made) = made {
        for (name, value) in made {
            let value = known.get(&name).cloned().unwrap_or(value);
            paths::set(patch, &format!("config.{name}"), value);
        }
    }
    let now_ms = service.state.now_ms;
    object.phases.push((now_ms, "CREATED".to_owned()));
    Ok(())
}

/// `POST /pim/v2/integrations:validate`: 400 until the grant in the cloud has spread.
pub(crate) fn validate(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body)?;
    let text = |path: &str| {
        paths::text(&body, path).ok_or_else(|| Problem::member(path, format!("{path} is required")))
    };
    let (id, environment) = (text("id")?, text("environment.id")?);
    let found = service.state.usable("provider_integration_v2", id);
    let object = found
        .filter(|object| object.environment.as_deref() == Some(environment))
        .ok_or_else(|| Problem::not_found(&format!("integration {id}")))?;
    let ready = object.phase(turn.now_ms) != Some("DRAFT");
    if !ready || object.settled_at() + service.config.timing.grant_ms > turn.now_ms {
        return Err(Problem::bad("the integration cannot assume its role yet"));
    }
    Ok(Answer::empty(204))
}
