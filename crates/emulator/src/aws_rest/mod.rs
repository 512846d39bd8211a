//! Native REST operations of AWS services: AppIntegrations, Connect and Customer Profiles (cloud-control section 8).
//!
//! They look at the same resources as Cloud Control does, so what one side makes, the other lists. What Cloud Control
//! has no type for, the associations of data integrations, lives here.

mod app_integrations;
mod connect;
mod events_and_applications;
mod profiles;

use app_integrations::{DATA_INTEGRATION, associated};
use events_and_applications::{APPLICATION, EVENT_INTEGRATION};

use crate::cloud::{Cloud, Turn};
use crate::confluent::wire::{decoded, query};
use crate::dice::Dice;
use crate::wire::{Op, Service, WireError};
use bytes::Bytes;
use http::{Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// An association of a data integration, an event integration or an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Association {
    pub(crate) uid: u64,
    /// Type of what is associated.
    pub(crate) ty: String,
    /// Its identifier: an id, a name or an ARN.
    pub(crate) identifier: String,
    /// The summary that lists show.
    pub(crate) summary: Json,
}

/// One request, taken apart.
#[derive(Debug)]
pub(crate) struct Call {
    /// Variables of the path, decoded once.
    variables: Vec<String>,
    queries: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    fn variable(&self, at: usize) -> &str {
        self.variables.get(at).map_or("", String::as_str)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.queries.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok().filter(Json::is_object)
    }
}

/// The operation of a path, if it is one of these services'.
pub(crate) fn route(method: &Method, path: &str) -> Option<Op> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    Some(match (method.as_str(), segments.as_slice()) {
        ("GET", ["dataIntegrations"]) => Op::ListDataIntegrations,
        ("POST", ["dataIntegrations"]) => Op::CreateDataIntegration,
        ("GET", ["dataIntegrations", _]) => Op::GetDataIntegration,
        ("DELETE", ["dataIntegrations", _]) => Op::DeleteDataIntegration,
        ("GET", ["dataIntegrations", _, "associations"]) => Op::ListDataIntegrationAssociations,
        ("POST", ["dataIntegrations", _, "associations"]) => Op::CreateDataIntegrationAssociation,
        ("GET", ["eventIntegrations"]) => Op::ListEventIntegrations,
        ("GET", ["eventIntegrations", _, "associations"]) => Op::ListEventIntegrationAssociations,
        ("GET", ["applications"]) => Op::ListApplications,
        ("GET", ["applications", _, "associations"]) => Op::ListApplicationAssociations,
        ("GET", ["instance", _, "integration-associations"]) => Op::ListIntegrationAssociations,
        ("PUT", ["instance", _, "integration-associations"]) => Op::CreateIntegrationAssociation,
        ("DELETE", ["instance", _, "integration-associations", _]) => Op::DeleteIntegrationAssociation,
        ("GET", ["domains", _, "integrations"]) => Op::ListIntegrations,
        ("POST", ["domains", _, "integrations"]) => Op::GetIntegration,
        _ => return None,
    })
}

/// The type that an operation is about, and the identifier of the path, as faults and the history name them.
pub(crate) fn subject(op: Op, path: &str) -> (Option<String>, Option<String>) {
    let ty = match op.service() {
        _ if matches!(op, Op::ListEventIntegrations | Op::ListEventIntegrationAssociations) => {
            EVENT_INTEGRATION
        }
        _ if matches!(op, Op::ListApplications | Op::ListApplicationAssociations) => APPLICATION,
        Service::AppIntegrations => DATA_INTEGRATION,
        Service::Connect => connect::ASSOCIATION,
        Service::CustomerProfiles => profiles::INTEGRATION,
        _ => return (None, None),
    };
    (Some(ty.to_owned()), path.split('/').nth(2).map(decoded))
}

/// Carries out an operation: status and body.
pub(crate) fn carry_out(
    cloud: &mut Cloud,
    turn: &Turn,
    request: &Request<Bytes>,
) -> Result<(u16, Json), WireError> {
    let call = Call {
        // Every second part of a path is a variable: `/domains/{name}/integrations/{uri}`.
        variables: request.uri().path().split('/').skip(2).step_by(2).map(decoded).collect(),
        queries: query(request.uri().query()),
        body: request.body().clone(),
    };
    match turn.op {
        Op::ListDataIntegrations => app_integrations::list(cloud, turn, &call),
        Op::CreateDataIntegration => app_integrations::create(cloud, turn, &call),
        Op::GetDataIntegration => app_integrations::get(cloud, turn, &call),
        Op::DeleteDataIntegration => app_integrations::delete(cloud, turn, &call),
        Op::ListDataIntegrationAssociations => app_integrations::list_associations(cloud, turn, &call),
        Op::CreateDataIntegrationAssociation => app_integrations::associate(cloud, turn, &call),
        Op::ListEventIntegrations => events_and_applications::list_events(cloud, turn, &call),
        Op::ListEventIntegrationAssociations => {
            events_and_applications::list_event_associations(cloud, turn, &call)
        }
        Op::ListApplications => events_and_applications::list_applications(cloud, turn, &call),
        Op::ListApplicationAssociations => {
            events_and_applications::list_application_associations(cloud, turn, &call)
        }
        Op::ListIntegrationAssociations => connect::list(cloud, turn, &call),
        Op::CreateIntegrationAssociation => connect::create(cloud, turn, &call),
        Op::DeleteIntegrationAssociation => connect::delete(cloud, turn, &call),
        Op::ListIntegrations => profiles::list(cloud, turn, &call),
        Op::GetIntegration => profiles::get(cloud, turn, &call),
        _ => Err(WireError::rest("UnknownOperationException", 404, "")),
    }
}

/// Limits of a listing.
struct Limits {
    /// Names of the parameters: `maxResults` and `nextToken`, or in kebab case.
    most: &'static str,
    token: &'static str,
    /// Largest page.
    largest: usize,
    /// Error for a parameter out of range.
    error: &'static str,
}

/// Longest token.
const TOKEN: usize = 1_000;

/// Cuts one page of numbered items; returns them and the token of the next page. A token belongs to its question.
fn page(
    call: &Call,
    turn: &Turn,
    mut items: Vec<(u64, Json)>,
    limits: &Limits,
) -> Result<(Vec<Json>, Option<String>), WireError> {
    let wrong = |detail: String| WireError::rest(limits.error, 400, detail);
    let size = match call.query(limits.most) {
        None => limits.largest,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|size| (1..=limits.largest).contains(size))
            .ok_or_else(|| wrong(format!("{} must be between 1 and {}", limits.most, limits.largest)))?,
    };
    let asked: Vec<&(String, String)> =
        call.queries.iter().filter(|(name, _)| name != limits.token && name != limits.most).collect();
    let question = format!("{} {} {:?} {asked:?}", turn.scope, turn.op, call.variables);
    let token_of = |last: u64| format!("{}.{last:x}", Dice::of_text(last, &question).hex(24));
    let after = match call.query(limits.token) {
        None => 0,
        Some(token) if token.is_empty() || token.len() > TOKEN => {
            return Err(wrong(format!("{} must have 1 to {TOKEN} characters", limits.token)));
        }
        Some(token) => {
            let last = token.split_once('.').and_then(|(_, last)| u64::from_str_radix(last, 16).ok());
            let last = last.filter(|last| token_of(*last) == token);
            last.ok_or_else(|| wrong(format!("{} is not valid", limits.token)))?
        }
    };
    items.retain(|(number, _)| *number > after);
    let is_last = items.len() <= size;
    items.truncate(size);
    let token = items.last().filter(|_| !is_last).map(|(number, _)| token_of(*number));
    Ok((items.into_iter().map(|(_, item)| item).collect(), token))
}

/// The last segment of an ARN; other texts as they are.
fn last_segment(text: &str) -> &str {
    if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text }
}

/// A text member of a model.
fn text<'j>(model: &'j Json, name: &str) -> &'j str {
    model.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Number, model and creation time of the resources of a type that lists show.
fn listed(cloud: &mut Cloud, turn: &Turn, ty: &str) -> Vec<(u64, Json, i64)> {
    let now_ms = turn.now_ms;
    let resources = cloud.scope(&turn.scope).of_type(ty).map(|(_, resource)| resource);
    let shown = resources.filter(|resource| resource.listed_at <= now_ms && resource.visible_at <= now_ms);
    let mut shown: Vec<_> = shown.map(|r| (r.uid, r.model.clone(), r.created_at)).collect();
    shown.sort_by_key(|(uid, _, _)| *uid);
    shown
}

/// Puts an association of any of the three types in, out of band; returns its id.
pub(crate) fn planted(
    cloud: &mut Cloud,
    turn: &Turn,
    ty: &str,
    identifier: &str,
    model: &Json,
    given: &Json,
) -> String {
    if ty == DATA_INTEGRATION {
        associated(cloud, turn, identifier, text(model, "DataIntegrationArn"), given)
    } else {
        events_and_applications::associated(cloud, turn, ty, model, given)
    }
}
