//! The records of operations: status, listing, cancel, and the form of a progress event.

use super::{Cloud, Done, Turn};
use crate::config::{Config, IdentifierShown, ModelShown};
use crate::dice::Dice;
use crate::fault::What;
use crate::identify::{part_name, parts_of};
use crate::state::{REQUEST_KEPT_MS, Request, Status};
use crate::time::epoch_seconds;
use crate::wire::WireError;
use crate::wire::members::Members;
use serde_json::{Map, Value as Json, json};
use stack_core::provider::Verb;
use stack_core::schema::ResourceSchema;

/// Requests per page unless asked otherwise (cloud-control 1.2).
const PAGE: usize = 20;
/// Longer messages are cut (cloud-control 1.3).
const MESSAGE_LIMIT: usize = 2048;

fn unknown_token(token: &str) -> WireError {
    WireError::modelled("RequestTokenNotFoundException", format!("Request with token {token} was not found"))
}

impl Cloud {
    fn find_request(&mut self, turn: &Turn, token: &str) -> Result<Request, WireError> {
        let now = turn.now_ms;
        self.scope(&turn.scope)
            .requests
            .get(token)
            .filter(|request| request.is_open() || now - request.submitted_at <= REQUEST_KEPT_MS)
            .cloned()
            .ok_or_else(|| unknown_token(token))
    }

    pub(super) fn status(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let token = members.request_token()?;
        let ignored = members.finish()?;
        let request = self.find_request(turn, &token.unwrap_or_default())?;
        let mut body = json!({ "ProgressEvent": self.event(&request, turn, true) });
        if request.hooks_token.is_some()
            && let Some(map) = body.as_object_mut()
        {
            map.insert("HooksProgressEvent".to_owned(), Json::from(request.hooks.clone()));
        }
        Ok(Done { body, request_token: Some(request.token), ignored })
    }

    pub(super) fn list_requests(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let limit = members.max_results()?.unwrap_or(PAGE);
        let page = members.next_token(2048, true)?;
        let (operations, statuses) = members.filter()?;
        let ignored = members.finish()?;
        let start: usize = match page {
            None => 0,
            Some(text) => text
                .strip_prefix("page-")
                .and_then(|n| n.parse().ok())
                .ok_or_else(|| WireError::validation("Invalid NextToken"))?,
        };
        let now = turn.now_ms;
        let mut requests: Vec<Request> = self
            .scope(&turn.scope)
            .requests
            .values()
            .filter(|r| r.is_open() || now - r.submitted_at <= REQUEST_KEPT_MS)
            .filter(|r| operations.is_empty() || operations.iter().any(|o| o == verb_word(r.verb)))
            .filter(|r| statuses.is_empty() || statuses.iter().any(|s| s == r.status.wire()))
            .cloned()
            .collect();
        requests.reverse();
        let events: Vec<Json> =
            requests.iter().skip(start).take(limit).map(|request| self.event(request, turn, false)).collect();
        let mut body = json!({ "ResourceRequestStatusSummaries": events });
        if start + limit < requests.len()
            && let Some(map) = body.as_object_mut()
        {
            map.insert("NextToken".to_owned(), Json::from(format!("page-{}", start + limit)));
        }
        Ok(Done { body, request_token: None, ignored })
    }

    /// Only PENDING and IN_PROGRESS requests can be cancelled; asking twice is harmless (cloud-control 1.2, 1.9).
    pub(super) fn cancel(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let token = members.request_token()?;
        let ignored = members.finish()?;
        let token = token.unwrap_or_default();
        let mut request = self.find_request(turn, &token)?;
        match request.status {
            Status::Pending | Status::InProgress => {
                request.become_at(Status::CancelInProgress, turn.now_ms);
                request.cancels_at = Some(turn.now_ms + self.config.timing_of(&request.ty).cancel_ms);
                self.scope(&turn.scope).requests.insert(token.clone(), request.clone());
            }
            Status::CancelInProgress | Status::CancelComplete => {}
            Status::Success | Status::Failed => {
                return Err(WireError::validation(format!(
                    "Request with token {token} is in status {} and cannot be cancelled",
                    request.status.wire()
                )));
            }
        }
        Ok(Done {
            body: json!({ "ProgressEvent": self.event(&request, turn, true) }),
            request_token: Some(token),
            ignored,
        })
    }

    /// The progress event of a request.
    pub(super) fn event(&self, request: &Request, turn: &Turn, with_model: bool) -> Json {
        let mut event = Map::new();
        let mut put = |name: &str, value: Json| {
            event.insert(name.to_owned(), value);
        };
        put("TypeName", Json::from(request.ty.as_str()));
        if shows_identifier(&self.config, request) {
            put("Identifier", Json::from(request.identifier.as_str()));
        }
        put("RequestToken", Json::from(request.token.as_str()));
        if let Some(token) = &request.hooks_token {
            put("HooksRequestToken", Json::from(token.as_str()));
        }
        put("Operation", Json::from(verb_word(request.verb)));
        put("OperationStatus", Json::from(request.status.wire()));
        put("EventTime", epoch_seconds(request.event_at));
        if let Some(code) = request.error_code.as_ref().filter(|_| request.status == Status::Failed) {
            put("ErrorCode", Json::from(code.as_str()));
        }
        // A failure always has the member, possibly empty; other events only where there is something to say.
        if request.status == Status::Failed || !request.message.is_empty() {
            put("StatusMessage", Json::from(request.message.chars().take(MESSAGE_LIMIT).collect::<String>()));
        }
        let wait = self.config.timing_of(&request.ty).retry_after_ms;
        if request.is_open() && wait > 0 {
            put("RetryAfter", epoch_seconds(turn.now_ms + wait));
        }
        if with_model
            && request.status == Status::Success
            && let Some(model) = self.shown_model(request, &turn.place.region)
        {
            put("ResourceModel", Json::from(model.to_string()));
        }
        Json::Object(event)
    }

    fn shown_model(&self, request: &Request, region: &str) -> Option<Json> {
        if request.verb == Verb::Delete {
            return None;
        }
        let schema = self.schema(&request.ty, request.type_version.as_deref(), region).ok()?;
        let shown = match self.config.resource_model {
            ModelShown::Mixed => match Dice::of_text(self.config.seed, &request.token).below(3) {
                0 => ModelShown::Absent,
                1 => ModelShown::Sparse,
                _ => ModelShown::Echo,
            },
            other => other,
        };
        match shown {
            ModelShown::Mixed | ModelShown::Absent => None,
            ModelShown::Sparse => Some(sparse(&schema, &request.key)),
            ModelShown::Echo => Some(request.model.clone()),
        }
    }
}

fn sparse(schema: &ResourceSchema, key: &str) -> Json {
    let names = schema.primary_identifier.iter().map(part_name);
    Json::Object(names.zip(parts_of(key).into_iter().map(Json::from)).collect())
}

/// The wire word of an operation.
pub(super) fn verb_word(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "CREATE",
        Verb::Update => "UPDATE",
        Verb::Delete => "DELETE",
    }
}

/// When the identifier shows (cloud-control 1.4): given ones always, a create's as configured.
fn shows_identifier(config: &Config, request: &Request) -> bool {
    if request.verb != Verb::Create {
        return true;
    }
    let faked = request.script.iter().find_map(|what| match what {
        What::Fail { identifier, .. } => Some(*identifier),
        _ => None,
    });
    match request.status {
        Status::Success => true,
        Status::Failed => faked.unwrap_or(request.declared || request.acted),
        Status::Pending => false,
        _ if config.identifier == IdentifierShown::AtEnd => request.status.is_terminal() && request.acted,
        _ => faked != Some(false) && (request.declared || request.acted),
    }
}
