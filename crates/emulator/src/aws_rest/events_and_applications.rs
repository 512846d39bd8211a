//! AppIntegrations: event integrations and applications, which Cloud Control makes, and their associations, which only the
//! services that consume them make (cloud-control 8.1).

use super::app_integrations::{LIMITS, associations, invalid, put};
use super::{Call, last_segment, listed, page, text};
use crate::cloud::{Cloud, Turn};
use crate::wire::WireError;
use serde_json::{Map, Value as Json, json};

pub(crate) const EVENT_INTEGRATION: &str = "AWS::AppIntegrations::EventIntegration";
pub(crate) const APPLICATION: &str = "AWS::AppIntegrations::Application";

/// What `applicationType` takes.
const APPLICATION_TYPES: &[&str] = &["STANDARD", "SERVICE", "MCP_SERVER", "A2A_SERVER"];

fn absent(what: &str) -> WireError {
    WireError::rest("ResourceNotFoundException", 404, format!("{what} was not found"))
}

fn answer(call: &Call, turn: &Turn, member: &str, items: Vec<(u64, Json)>) -> Result<(u16, Json), WireError> {
    let (items, token) = page(call, turn, items, &LIMITS)?;
    let mut body = Map::new();
    body.insert(member.to_owned(), Json::from(items));
    if let Some(token) = token {
        body.insert("NextToken".to_owned(), Json::from(token));
    }
    Ok((200, Json::Object(body)))
}

pub(super) fn list_events(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let view = |model: &Json| {
        let mut view = Map::new();
        for name in ["EventIntegrationArn", "Name", "Description", "EventFilter", "EventBridgeBus"] {
            if let Some(value) = model.get(name) {
                view.insert(name.to_owned(), value.clone());
            }
        }
        Json::Object(view)
    };
    let all = listed(cloud, turn, EVENT_INTEGRATION).into_iter();
    let items = all.map(|(number, model, _)| (number, view(&model))).collect();
    answer(call, turn, "EventIntegrations", items)
}

pub(super) fn list_event_associations(
    cloud: &mut Cloud,
    turn: &Turn,
    call: &Call,
) -> Result<(u16, Json), WireError> {
    let name = call.variable(0);
    if name.trim().is_empty() || name.chars().count() > 255 {
        return Err(invalid("Name must have 1 to 255 characters"));
    }
    if !listed(cloud, turn, EVENT_INTEGRATION).iter().any(|(_, model, _)| text(model, "Name") == name) {
        return Err(absent(&format!("Event integration {name}")));
    }
    let items = associations(cloud, turn, EVENT_INTEGRATION, name);
    answer(call, turn, "EventIntegrationAssociations", items)
}

pub(super) fn list_applications(
    cloud: &mut Cloud,
    turn: &Turn,
    call: &Call,
) -> Result<(u16, Json), WireError> {
    let wanted = call.query("applicationType");
    if let Some(wanted) = wanted
        && !APPLICATION_TYPES.contains(&wanted)
    {
        return Err(invalid(format!("applicationType cannot be {wanted}")));
    }
    let type_of = |model: &Json| {
        let named = text(model, "ApplicationType");
        if !named.is_empty() {
            return named.to_owned();
        }
        let is_service = model.get("IsService") == Some(&Json::Bool(true));
        if is_service { "SERVICE" } else { "STANDARD" }.to_owned()
    };
    let items = listed(cloud, turn, APPLICATION)
        .into_iter()
        .filter(|(_, model, _)| wanted.is_none_or(|wanted| type_of(model) == wanted))
        .map(|(number, model, created_at)| {
            let seconds = created_at as f64 / 1000.0;
            let item = json!({
                "Arn": text(&model, "ApplicationArn"),
                "Id": last_segment(text(&model, "ApplicationArn")),
                "Name": text(&model, "Name"),
                "Namespace": text(&model, "Namespace"),
                "CreatedTime": seconds,
                "LastModifiedTime": seconds,
                "LastModifiedRegion": turn.place.region,
                "IsService": type_of(&model) == "SERVICE",
                "ApplicationType": type_of(&model),
            });
            (number, item)
        })
        .collect();
    answer(call, turn, "Applications", items)
}

/// The application of an ARN or id.
fn application(cloud: &mut Cloud, turn: &Turn, asked: &str) -> Option<String> {
    let wanted = last_segment(asked).to_owned();
    let mut all = listed(cloud, turn, APPLICATION)
        .into_iter()
        .map(|(_, model, _)| text(&model, "ApplicationArn").to_owned());
    all.find(|arn| last_segment(arn) == wanted)
}

pub(super) fn list_application_associations(
    cloud: &mut Cloud,
    turn: &Turn,
    call: &Call,
) -> Result<(u16, Json), WireError> {
    let asked = call.variable(0);
    let arn = application(cloud, turn, asked).ok_or_else(|| absent(&format!("Application {asked}")))?;
    let items = associations(cloud, turn, APPLICATION, &arn);
    answer(call, turn, "ApplicationAssociations", items)
}

/// Puts an association of an event integration (by name) or an application (by ARN) in; returns its id.
pub(super) fn associated(cloud: &mut Cloud, turn: &Turn, ty: &str, model: &Json, given: &Json) -> String {
    let made = cloud.dice().uuid();
    let (identifier, mut summary) = if ty == EVENT_INTEGRATION {
        let arn = text(model, "EventIntegrationArn")
            .replace(":event-integration/", ":event-integration-association/");
        let summary = json!({
            "EventIntegrationAssociationArn": format!("{arn}/{made}"),
            "EventIntegrationAssociationId": made,
            "EventIntegrationName": text(model, "Name"),
        });
        (text(model, "Name"), summary)
    } else {
        let arn = text(model, "ApplicationArn");
        let summary = json!({
            "ApplicationAssociationArn": format!("{}/{made}", arn.replace(":application/", ":application-association/")),
            "ApplicationArn": arn,
        });
        (arn, summary)
    };
    json_patch::merge(&mut summary, given);
    put(cloud, turn, ty, identifier, summary);
    made
}
