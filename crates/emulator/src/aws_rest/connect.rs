//! Amazon Connect: integration associations of an instance (cloud-control 8.2).

use super::{Call, Limits, last_segment, listed, page, text};
use crate::cloud::{Cloud, Turn};
use crate::config::References;
use crate::wire::WireError;
use serde_json::{Value as Json, json};

pub(crate) const ASSOCIATION: &str = "AWS::Connect::IntegrationAssociation";
const INSTANCE: &str = "AWS::Connect::Instance";

const LIMITS: Limits =
    Limits { most: "maxResults", token: "nextToken", largest: 100, error: "InvalidRequestException" };
/// What this operation knows; LEX_BOT and LAMBDA_FUNCTION come from other lists.
const TYPES: &[&str] = &[
    "EVENT",
    "VOICE_ID",
    "PINPOINT_APP",
    "WISDOM_ASSISTANT",
    "WISDOM_KNOWLEDGE_BASE",
    "WISDOM_QUICK_RESPONSES",
    "Q_MESSAGE_TEMPLATES",
    "CASES_DOMAIN",
    "APPLICATION",
    "FILE_SCANNER",
    "SES_IDENTITY",
    "ANALYTICS_CONNECTOR",
    "CALL_TRANSFER_CONNECTOR",
    "COGNITO_USER_POOL",
    "MESSAGE_PROCESSOR",
];

fn invalid(detail: impl Into<String>) -> WireError {
    WireError::rest("InvalidRequestException", 400, detail)
}

/// The bare id of the path's instance, and the ARN of the instance if it is known.
fn instance(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(String, String), WireError> {
    let id = last_segment(call.variable(0)).to_owned();
    if id.is_empty() || id.len() > 100 {
        return Err(invalid("InstanceId must have 1 to 100 characters"));
    }
    let arn_of = |model: &Json| text(model, "Arn").to_owned();
    let known = listed(cloud, turn, INSTANCE).into_iter().map(|(_, model, _)| arn_of(&model));
    let known = known.into_iter().find(|arn| last_segment(arn) == id);
    match known {
        Some(arn) => Ok((id, arn)),
        None if cloud.config().references == References::Unchecked => {
            let place = &turn.place;
            let arn = format!("arn:aws:connect:{}:{}:instance/{id}", place.region, place.account);
            Ok((id, arn))
        }
        None => {
            Err(WireError::rest("ResourceNotFoundException", 404, format!("Instance {id} was not found")))
        }
    }
}

/// The type's InstanceId is the instance's ARN; the API takes and gives the bare id.
pub(super) fn list(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let (instance, arn) = instance(cloud, turn, call)?;
    let wanted = call.query("integrationType");
    if let Some(wanted) = wanted
        && !TYPES.contains(&wanted)
    {
        return Err(invalid(format!("integrationType cannot be {wanted}")));
    }
    let items = listed(cloud, turn, ASSOCIATION)
        .into_iter()
        .filter(|(_, model, _)| last_segment(text(model, "InstanceId")) == instance)
        .filter(|(_, model, _)| TYPES.contains(&text(model, "IntegrationType")))
        .filter(|(_, model, _)| wanted.is_none_or(|wanted| text(model, "IntegrationType") == wanted))
        .filter(|(_, model, _)| {
            call.query("integrationArn").is_none_or(|wanted| text(model, "IntegrationArn") == wanted)
        })
        .map(|(number, model, created_at)| {
            let id = text(&model, "IntegrationAssociationId");
            let item = json!({
                "IntegrationAssociationId": id,
                "IntegrationAssociationArn": format!("{arn}/integration-association/{id}"),
                "InstanceId": instance,
                "IntegrationType": text(&model, "IntegrationType"),
                "IntegrationArn": text(&model, "IntegrationArn"),
                "LastModifiedTime": created_at as f64 / 1000.0,
                "LastModifiedRegion": turn.place.region,
            });
            (number, item)
        })
        .collect();
    let (items, token) = page(call, turn, items, &LIMITS)?;
    Ok((200, json!({ "IntegrationAssociationSummaryList": items, "NextToken": token })))
}

pub(super) fn create(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let (_, arn) = instance(cloud, turn, call)?;
    let body = call.json().ok_or_else(|| invalid("The request body must be a JSON object"))?;
    let (ty, target) = (text(&body, "IntegrationType"), text(&body, "IntegrationArn"));
    if !TYPES.contains(&ty) || target.is_empty() {
        return Err(invalid("IntegrationType and IntegrationArn are required"));
    }
    let is_taken = listed(cloud, turn, ASSOCIATION).iter().any(|(_, model, _)| {
        text(model, "InstanceId") == arn
            && text(model, "IntegrationType") == ty
            && text(model, "IntegrationArn") == target
    });
    if is_taken {
        return Err(WireError::rest("DuplicateResourceException", 409, "The association exists"));
    }
    let model = json!({ "InstanceId": arn, "IntegrationType": ty, "IntegrationArn": target });
    let identifier = cloud
        .put_in(turn, ASSOCIATION, &model)
        .ok_or_else(|| WireError::rest("InternalServiceException", 500, "The type is unknown"))?;
    let made = cloud.resource(ASSOCIATION, &identifier);
    let id = made.as_ref().map_or("", |held| text(&held.model, "IntegrationAssociationId"));
    let shown = json!({
        "IntegrationAssociationId": id,
        "IntegrationAssociationArn": format!("{arn}/integration-association/{id}"),
    });
    Ok((200, shown))
}

pub(super) fn delete(cloud: &mut Cloud, turn: &Turn, call: &Call) -> Result<(u16, Json), WireError> {
    let (_, arn) = instance(cloud, turn, call)?;
    let id = call.variable(1);
    let found = listed(cloud, turn, ASSOCIATION)
        .into_iter()
        .map(|(_, model, _)| model)
        .find(|model| text(model, "IntegrationAssociationId") == id && text(model, "InstanceId") == arn);
    let Some(model) = found else {
        return Err(WireError::rest(
            "ResourceNotFoundException",
            404,
            format!("Association {id} was not found"),
        ));
    };
    let parts = ["InstanceId", "IntegrationType", "IntegrationArn"].map(|name| text(&model, name).to_owned());
    cloud.take_out(turn, ASSOCIATION, &parts.join("|"));
    Ok((200, json!({})))
}
