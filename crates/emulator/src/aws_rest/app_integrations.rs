//! AppIntegrations: data integrations and their associations (cloud-control 8.1).

use super::{Association, Call, Limits, last_segment, listed, page, text};
use crate::cloud::{Cloud, Turn};
use crate::wire::WireError;
use serde_json::{Map, Value as Json, json};

pub(crate) const DATA_INTEGRATION: &str = "AWS::AppIntegrations::DataIntegration";

pub(super) const LIMITS: Limits =
    Limits { most: "maxResults", token: "nextToken", largest: 50, error: "InvalidRequestException" };
/// Members of a create, as the API and the CloudFormation type both spell them.
const SAME: &[&str] =
    &["Name", "Description", "KmsKey", "SourceURI", "ObjectConfiguration", "FileConfiguration"];

pub(super) fn invalid(detail: impl Into<String>) -> WireError {
    WireError::rest("InvalidRequestException", 400, detail)
}

/// The data integration that a path names, by id or ARN.
///
/// # Errors
/// 400 for a text that is no identifier, 404 where there is none.
fn found(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<Json, WireError> {
    let asked = call.variable(0);
    if asked.trim().is_empty() || asked.chars().count() > 255 {
        return Err(invalid("DataIntegrationIdentifier must have 1 to 255 characters, not all blank"));
    }
    let id = last_segment(asked);
    let all = listed(cloud, turn, DATA_INTEGRATION).into_iter();
    let found = all.map(|(_, model, _)| model).find(|model| text(model, "Id") == id);
    found.ok_or_else(|| {
        WireError::rest("ResourceNotFoundException", 404, format!("Data integration {asked} was not found"))
    })
}

fn view(model: &Json) -> Json {
    let mut view = Map::new();
    view.insert("Arn".to_owned(), Json::from(text(model, "DataIntegrationArn")));
    view.insert("Id".to_owned(), Json::from(text(model, "Id")));
    let members = SAME.iter().map(|name| (*name, *name)).chain([("ScheduleConfig", "ScheduleConfiguration")]);
    for (from, to) in members {
        if let Some(value) = model.get(from) {
            view.insert(to.to_owned(), value.clone());
        }
    }
    let tags = model.get("Tags").and_then(Json::as_array).into_iter().flatten();
    let tags: Map<String, Json> =
        tags.map(|tag| (text(tag, "Key").to_owned(), Json::from(text(tag, "Value")))).collect();
    view.insert("Tags".to_owned(), Json::Object(tags));
    Json::Object(view)
}

pub(super) fn list(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let summary = |model: &Json| json!({ "Arn": text(model, "DataIntegrationArn"), "Name": text(model, "Name"), "SourceURI": model.get("SourceURI") });
    let all = listed(cloud, turn, DATA_INTEGRATION).into_iter();
    let items = all.map(|(number, model, _)| (number, summary(&model))).collect();
    let (items, token) = page(call, turn, items, &LIMITS)?;
    Ok((200, json!({ "DataIntegrations": items, "NextToken": token })))
}

pub(super) fn create(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let body = call.json().ok_or_else(|| invalid("The request body must be a JSON object"))?;
    for name in ["Name", "KmsKey"] {
        if text(&body, name).is_empty() {
            return Err(invalid(format!("{name} is required")));
        }
    }
    let name = text(&body, "Name");
    let token = text(&body, "ClientToken");
    let key = format!("data-integration {token}");
    if !token.is_empty()
        && let Some(id) = cloud.scope(&turn.scope).rest_tokens.get(&key).cloned()
    {
        let all = listed(cloud, turn, DATA_INTEGRATION).into_iter();
        if let Some((_, model, _)) = all.into_iter().find(|(_, model, _)| text(model, "Id") == id) {
            return Ok((200, view(&model)));
        }
    }
    if listed(cloud, turn, DATA_INTEGRATION).iter().any(|(_, model, _)| text(model, "Name") == name) {
        let detail = format!("A data integration with the name {name} exists");
        return Err(WireError::rest("DuplicateResourceException", 409, detail));
    }
    let mut model = Map::new();
    for name in SAME {
        if let Some(value) = body.get(*name) {
            model.insert((*name).to_owned(), value.clone());
        }
    }
    if let Some(schedule) = body.get("ScheduleConfig") {
        model.insert("ScheduleConfig".to_owned(), schedule.clone());
    }
    let tags = body.get("Tags").and_then(Json::as_object).into_iter().flatten();
    let tags: Vec<Json> = tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    if !tags.is_empty() {
        model.insert("Tags".to_owned(), Json::from(tags));
    }
    let id = cloud
        .put_in(turn, DATA_INTEGRATION, &Json::Object(model))
        .ok_or_else(|| WireError::rest("InternalServiceError", 500, "The type is unknown"))?;
    if !token.is_empty() {
        cloud.scope(&turn.scope).rest_tokens.insert(key, id.clone());
    }
    let all = listed(cloud, turn, DATA_INTEGRATION).into_iter();
    let made = all.map(|(_, model, _)| model).find(|model| text(model, "Id") == id);
    Ok((200, made.map(|model| view(&model)).unwrap_or_default()))
}

pub(super) fn get(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    Ok((200, view(&found(cloud, turn, call)?)))
}

pub(super) fn delete(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let model = found(cloud, turn, call)?;
    let id = text(&model, "Id");
    if !associations(cloud, turn, DATA_INTEGRATION, id).is_empty() {
        return Err(invalid(format!("Data integration {id} has associations")));
    }
    cloud.take_out(turn, DATA_INTEGRATION, id);
    Ok((200, json!({})))
}

/// The member is absent where there are no associations: a list of them has at least one.
pub(super) fn list_associations(
    cloud: &mut Cloud,
    turn: &Turn,
    call: &Call,
) -> Result<(u16, Json), WireError> {
    let model = found(cloud, turn, call)?;
    let id = text(&model, "Id");
    let items = associations(cloud, turn, DATA_INTEGRATION, id);
    let (items, token) = page(call, turn, items, &LIMITS)?;
    let mut body = Map::new();
    if !items.is_empty() {
        body.insert("DataIntegrationAssociations".to_owned(), Json::from(items));
    }
    if let Some(token) = token {
        body.insert("NextToken".to_owned(), Json::from(token));
    }
    Ok((200, Json::Object(body)))
}

/// A data integration is associated once in its life; there is no delete.
pub(super) fn associate(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let model = found(cloud, turn, call)?;
    let body = call.json().ok_or_else(|| invalid("The request body must be a JSON object"))?;
    let (id, arn) = (text(&model, "Id").to_owned(), text(&model, "DataIntegrationArn").to_owned());
    let token = text(&body, "ClientToken");
    if token.len() > 2_048 {
        return Err(invalid("ClientToken is longer than 2048 characters"));
    }
    let key = format!("association {id} {token}");
    if !token.is_empty()
        && let Some(made) = cloud.scope(&turn.scope).rest_tokens.get(&key)
    {
        return Ok((200, json!({ "DataIntegrationAssociationId": made, "DataIntegrationArn": arn })));
    }
    if !associations(cloud, turn, DATA_INTEGRATION, &id).is_empty() {
        return Err(invalid(format!("Data integration {id} has been associated before")));
    }
    let made = associated(cloud, turn, &id, &arn, &body);
    if !token.is_empty() {
        cloud.scope(&turn.scope).rest_tokens.insert(key, made.clone());
    }
    Ok((200, json!({ "DataIntegrationAssociationId": made, "DataIntegrationArn": arn })))
}

/// Puts an association of a data integration in; returns its id. `given` holds members of the summary.
pub(crate) fn associated(cloud: &mut Cloud, turn: &Turn, id: &str, arn: &str, given: &Json) -> String {
    let made = cloud.dice().uuid();
    let own = arn.replace(":data-integration/", ":data-integration-association/");
    let mut summary = json!({
        "DataIntegrationArn": arn,
        "DataIntegrationAssociationArn": format!("{own}/{made}"),
        "LastExecutionStatus": { "ExecutionStatus": "COMPLETED" },
    });
    if let Json::Object(map) = &mut summary {
        for name in ["ClientId", "DestinationURI", "ExecutionConfiguration", "LastExecutionStatus"] {
            if let Some(value) = given.get(name) {
                map.insert(name.to_owned(), value.clone());
            }
        }
    }
    put(cloud, turn, DATA_INTEGRATION, id, summary);
    made
}

/// Puts an association of any type in.
pub(super) fn put(cloud: &mut Cloud, turn: &Turn, ty: &str, identifier: &str, summary: Json) {
    let scope = cloud.scope(&turn.scope);
    let uid = scope.associations.last().map_or(1, |last| last.uid + 1);
    let (ty, identifier) = (ty.to_owned(), identifier.to_owned());
    scope.associations.push(Association { uid, ty, identifier, summary });
}

/// Numbers and summaries of what is associated with a thing.
pub(super) fn associations(cloud: &mut Cloud, turn: &Turn, ty: &str, identifier: &str) -> Vec<(u64, Json)> {
    let all = cloud.scope(&turn.scope).associations.iter();
    let own = all.filter(|association| association.ty == ty && association.identifier == identifier);
    own.map(|association| (association.uid, association.summary.clone())).collect()
}
