//! Customer Profiles: integrations of a domain (cloud-control 8.3). Queries are in kebab case.

use super::{Call, Limits, listed, page, text};
use crate::cloud::{Cloud, Turn};
use crate::config::References;
use crate::wire::WireError;
use serde_json::{Map, Value as Json, json};

pub(crate) const INTEGRATION: &str = "AWS::CustomerProfiles::Integration";
const DOMAIN: &str = "AWS::CustomerProfiles::Domain";

const LIMITS: Limits =
    Limits { most: "max-results", token: "next-token", largest: 100, error: "BadRequestException" };

/// The domain of the path, which must be there.
fn domain<'c>(cloud: &mut Cloud, turn: &Turn, call: &'c Call) -> Result<&'c str, WireError> {
    let name = call.variable(0);
    let is_there = listed(cloud, turn, DOMAIN).iter().any(|(_, model, _)| text(model, "DomainName") == name);
    if is_there || cloud.config().references == References::Unchecked {
        Ok(name)
    } else {
        Err(WireError::rest("ResourceNotFoundException", 404, format!("Domain {name} was not found")))
    }
}

/// ObjectTypeNames is a list of pairs in CloudFormation and a map here; tags likewise.
fn view(model: &Json, created_at: i64) -> Json {
    let seconds = created_at as f64 / 1000.0;
    let mut view = Map::new();
    for name in ["DomainName", "Uri", "ObjectTypeName", "WorkflowId", "RoleArn", "EventTriggerNames", "Scope"]
    {
        if let Some(value) = model.get(name) {
            view.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["ObjectTypeNames", "Tags"] {
        let pairs = model.get(name).and_then(Json::as_array).into_iter().flatten();
        let map: Map<String, Json> =
            pairs.map(|pair| (text(pair, "Key").to_owned(), Json::from(text(pair, "Value")))).collect();
        if !map.is_empty() {
            view.insert(name.to_owned(), Json::Object(map));
        }
    }
    view.insert("CreatedAt".to_owned(), Json::from(seconds));
    view.insert("LastUpdatedAt".to_owned(), Json::from(seconds));
    view.insert("IsUnstructured".to_owned(), Json::from(false));
    Json::Object(view)
}

pub(super) fn list(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let domain = domain(cloud, turn, call)?;
    if let Some(hidden) = call.query("include-hidden")
        && !matches!(hidden, "true" | "false")
    {
        return Err(WireError::rest("BadRequestException", 400, "include-hidden must be true or false"));
    }
    let all = listed(cloud, turn, INTEGRATION).into_iter();
    let items = all
        .filter(|(_, model, _)| text(model, "DomainName") == domain)
        .map(|(number, model, created_at)| (number, view(&model, created_at)))
        .collect();
    let (items, token) = page(call, turn, items, &LIMITS)?;
    Ok((200, json!({ "Items": items, "NextToken": token })))
}

/// A read is a POST with the Uri in the body.
pub(super) fn get(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let domain = domain(cloud, turn, call)?;
    let body = call.json().unwrap_or_default();
    let uri = text(&body, "Uri");
    if uri.is_empty() {
        return Err(WireError::rest("BadRequestException", 400, "Uri is required"));
    }
    let all = listed(cloud, turn, INTEGRATION).into_iter();
    let found = all
        .into_iter()
        .find(|(_, model, _)| text(model, "DomainName") == domain && text(model, "Uri") == uri);
    match found {
        Some((_, model, created_at)) => Ok((200, view(&model, created_at))),
        None => {
            Err(WireError::rest("ResourceNotFoundException", 404, format!("Integration {uri} was not found")))
        }
    }
}
