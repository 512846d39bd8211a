//! Customer Profiles: everything lives in a domain (cloud-control 8.3).

use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use crate::state::Scope;
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;

const SERVICE: &str = "AWS::CustomerProfiles::";
const DOMAIN: &str = "AWS::CustomerProfiles::Domain";
const INTEGRATION: &str = "AWS::CustomerProfiles::Integration";

fn domain_of(model: &Json) -> Option<&str> {
    model.get("DomainName").and_then(Json::as_str)
}

/// With a flow definition and no Uri the service decides the Uri: the flow that it makes.
pub(super) fn complete(schema: &ResourceSchema, model: &mut Json, place: &Place, dice: &mut Dice) {
    if schema.type_name.as_str() != INTEGRATION || model.get("Uri").is_some() {
        return;
    }
    let Some(flow) = model.get("FlowDefinition") else { return };
    let name = flow.get("FlowName").and_then(Json::as_str).map_or_else(|| dice.word(12), str::to_owned);
    let uri = format!("arn:{}:appflow:{}:{}:flow/{name}", place.partition(), place.region, place.account);
    if let Some(map) = model.as_object_mut() {
        map.insert("Uri".to_owned(), Json::from(uri));
    }
}

pub(super) fn before_create(schema: &ResourceSchema, model: &Json, scope: &Scope) -> Result<(), Refusal> {
    let ty = schema.type_name.as_str();
    if !ty.starts_with(SERVICE) || ty == DOMAIN {
        return Ok(());
    }
    let Some(domain) = domain_of(model) else { return Ok(()) };
    if scope.resource(DOMAIN, domain).is_none() {
        return Err(Refusal::new("NotFound", format!("Domain {domain} does not exist")));
    }
    if ty == INTEGRATION && model.get("Uri").is_none() {
        return Err(Refusal::new("InvalidRequest", "Either Uri or FlowDefinition must be specified"));
    }
    Ok(())
}

/// Strict: the service's own behaviour with children left is not established.
pub(super) fn before_delete(schema: &ResourceSchema, model: &Json, scope: &Scope) -> Result<(), Refusal> {
    if schema.type_name.as_str() != DOMAIN {
        return Ok(());
    }
    let Some(domain) = domain_of(model) else { return Ok(()) };
    let children = scope
        .resources
        .iter()
        .filter(|(ty, _)| ty.starts_with(SERVICE) && ty.as_str() != DOMAIN)
        .find(|(_, all)| all.values().any(|child| domain_of(&child.model) == Some(domain)));
    match children {
        Some((ty, _)) => Err(Refusal::new(
            "InvalidRequest",
            format!("Domain {domain} cannot be deleted while it has resources of type {ty}"),
        )),
        None => Ok(()),
    }
}
