//! The emulated cloud: requests in, answers out, time from outside.

mod outside;
mod read;
mod requests;
mod sts;
mod tagging;
mod types;
mod work;
mod write;

pub use outside::{EditError, Held, RestoreError};

use crate::aws_rest;
use crate::config::Config;
use crate::confluent::Confluent;
use crate::dice::Dice;
use crate::fault::{Fault, Faults, Struck, What};
use crate::handler::Place;
use crate::handler::view::Look;
use crate::identify;
use crate::state::{Scope, State};
use crate::validate::Patterns;
use crate::wire::members::Members;
use crate::wire::registry_members::Parameters;
use crate::wire::{self, Op, Service, WireError};
use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stack_core::ids::TypeName;
use stack_core::schema::Schemas;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What happens to a request.
#[derive(Debug)]
pub enum Reply {
    /// It is answered.
    Answer {
        /// The answer.
        response: Response<Bytes>,
        /// So long after the request.
        after: Duration,
    },
    /// The connection breaks without an answer. Whether the request was carried out depends on the fault.
    Lost {
        /// So long after the request.
        after: Duration,
    },
}

/// One call, as tests count them. Bodies are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Operation; `None` where the request named none that is known.
    pub operation: Option<Op>,
    /// Account that the access key belongs to.
    pub account: String,
    /// Region of the signature.
    pub region: String,
    /// Type, if the request names one.
    pub ty: Option<String>,
    /// Identifier in its `|` form, if known.
    pub identifier: Option<String>,
    /// Client token as sent.
    pub client_token: Option<String>,
    /// Request token, of the answer or as sent.
    pub request_token: Option<String>,
    /// `ok`, the name of the error, `lost reply` or `lost request`.
    pub outcome: String,
    /// Members that the operation does not know. The protocol ignores them.
    pub ignored: Vec<String>,
}

/// The oldest calls are dropped beyond this number.
const HISTORY_LIMIT: usize = 200_000;

/// The state machine. No IO, no clock: the caller passes the time.
pub struct Cloud {
    schemas: Arc<dyn Schemas>,
    config: Config,
    state: State,
    patterns: Patterns,
    history: Vec<Call>,
    buckets: BTreeMap<String, Bucket>,
    confluent: Confluent,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("calls", &self.state.calls).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at_ms: i64,
}

/// One request while it is being handled.
pub(crate) struct Turn {
    pub(crate) now_ms: i64,
    pub(crate) op: Op,
    /// `account/region`.
    pub(crate) scope: String,
    pub(crate) place: Place,
    pub(crate) faults: Vec<What>,
    pub(crate) request_id: String,
}

impl Turn {
    pub(crate) fn look<'l>(&'l self, config: &Config, call: u64) -> Look<'l> {
        Look { seed: config.seed, reorder_sets: config.reorder_sets, call, faults: &self.faults }
    }
}

/// What an operation answers, and what the history notes of it.
pub(crate) struct Done {
    pub(crate) body: Json,
    pub(crate) request_token: Option<String>,
    pub(crate) ignored: Vec<String>,
}

impl Done {
    pub(crate) fn new(body: Json) -> Self {
        Self { body, request_token: None, ignored: Vec::new() }
    }
}

impl Cloud {
    /// An empty cloud.
    pub fn new(schemas: Arc<dyn Schemas>, config: Config) -> Self {
        let mut state = State::new(config.seed);
        config.faults.iter().cloned().for_each(|fault| state.faults.arm(fault));
        Self {
            schemas,
            confluent: Confluent::new(config.confluent.clone()),
            config,
            state,
            patterns: Patterns::default(),
            history: Vec::new(),
            buckets: BTreeMap::new(),
        }
    }

    /// Handles one request of any protocol that the emulator speaks. `now_ms` is Unix milliseconds and never runs
    /// backwards.
    pub fn handle(&mut self, request: &Request<Bytes>, now_ms: i64) -> Reply {
        if let Some(reply) = self.confluent_mut().handle(request, now_ms) {
            return reply;
        }
        self.state.calls += 1;
        self.advance(now_ms);
        let request_id = self.state.dice.uuid();
        let latency = Duration::from_millis(self.config.timing.latency_ms);
        let mut call = Call {
            at_ms: now_ms,
            operation: None,
            account: String::new(),
            region: String::new(),
            ty: None,
            identifier: None,
            client_token: None,
            request_token: None,
            outcome: "ok".to_owned(),
            ignored: Vec::new(),
        };
        let op = match wire::route(request) {
            Ok(op) => op,
            Err((service, error)) => {
                error.name().clone_into(&mut call.outcome);
                self.note(call);
                return Reply::Answer {
                    response: wire::error_answer(service, &error, &request_id),
                    after: latency,
                };
            }
        };
        call.operation = Some(op);
        let handled = self.dispatch(request, op, now_ms, &request_id, &mut call);
        let reply = match handled {
            Handled::Lost { processed } => {
                let which = if processed { "lost reply" } else { "lost request" };
                which.clone_into(&mut call.outcome);
                Reply::Lost { after: latency }
            }
            Handled::Failed { error, delay_ms } => {
                error.name().clone_into(&mut call.outcome);
                let response = wire::error_answer(op.service(), &error, &request_id);
                Reply::Answer { response, after: latency + Duration::from_millis(delay_ms) }
            }
            Handled::Answered { response, delay_ms } => {
                Reply::Answer { response, after: latency + Duration::from_millis(delay_ms) }
            }
        };
        self.note(call);
        reply
    }

    fn dispatch(
        &mut self,
        request: &Request<Bytes>,
        op: Op,
        now_ms: i64,
        request_id: &str,
        call: &mut Call,
    ) -> Handled {
        let failed = |error| Handled::Failed { error, delay_ms: 0 };
        let service = op.service();
        let (name, skew) = (service.signing_name(), self.config.clock_skew_ms);
        let signed = match wire::signature::check(request.headers(), name, now_ms, skew) {
            Ok(signed) => signed,
            Err(error) => return failed(error),
        };
        let (account, _) = self.caller(&signed.access_key);
        call.account.clone_from(&account);
        call.region.clone_from(&signed.region);
        let scope = format!("{account}/{}", signed.region);
        let peeked = match service {
            Service::CloudControl => self.peek(request.body(), op, &scope),
            Service::CloudFormation => Peek {
                ty: Parameters::read(request.body()).text("TypeName").map(str::to_owned),
                ..Peek::default()
            },
            Service::Tagging | Service::Sts => Peek::default(),
            Service::AppIntegrations | Service::Connect | Service::CustomerProfiles => {
                let (ty, identifier) = aws_rest::subject(op, request.uri().path());
                Peek { ty, identifier, ..Peek::default() }
            }
        };
        call.ty.clone_from(&peeked.ty);
        call.identifier.clone_from(&peeked.identifier);
        call.client_token.clone_from(&peeked.client_token);
        call.request_token.clone_from(&peeked.request_token);

        let struck = Struck { op, ty: peeked.ty.as_deref(), identifier: peeked.identifier.as_deref() };
        let mut faults = self.state.faults.strike(&struck, &mut self.state.dice);
        if let Some(chaos) = &self.config.chaos {
            faults.extend(Faults::random(chaos, self.state.calls));
        }
        let mut delay_ms = 0;
        for fault in &faults {
            match fault {
                What::LostRequest => return Handled::Lost { processed: false },
                What::Delay { ms } => delay_ms += ms,
                What::OutOfBand { patch } => {
                    if let (Some(ty), Some(identifier)) = (&peeked.ty, &peeked.identifier) {
                        // The resource may be gone already; then there is nothing to change.
                        let home = crate::arn::home_scope(&scope, ty);
                        drop(self.edit_in(&home, ty, identifier, patch));
                    }
                }
                other => {
                    if let Some(error) = front_end_failure(other, op, peeked.ty.as_deref()) {
                        return Handled::Failed { error, delay_ms };
                    }
                }
            }
        }
        if let Err(error) = self.take_token(op, &scope, now_ms) {
            return Handled::Failed { error, delay_ms };
        }
        let place = Place { account, region: signed.region.clone(), now_ms };
        let turn = Turn { now_ms, op, scope, place, faults, request_id: request_id.to_owned() };
        let lost = turn.faults.contains(&What::LostReply);
        if service.is_query() {
            let answered = match service {
                Service::CloudFormation => self.cloudformation(&turn, request.body()),
                _ => self.sts(&turn, &signed.access_key, request.body()),
            };
            return match answered {
                _ if lost => Handled::Lost { processed: true },
                Ok(response) => Handled::Answered { response, delay_ms },
                Err(error) => Handled::Failed { error, delay_ms },
            };
        }
        if service.is_rest() {
            let answered = aws_rest::carry_out(self, &turn, request);
            return match answered {
                _ if lost => Handled::Lost { processed: true },
                Ok((status, body)) => {
                    let response = wire::answer(status, "application/json", body.to_string(), request_id);
                    Handled::Answered { response, delay_ms }
                }
                Err(error) => Handled::Failed { error, delay_ms },
            };
        }
        let answered = if service == Service::Tagging {
            self.tagging(&turn, request.body())
        } else {
            Members::read(request.body()).and_then(|members| self.cloud_control(&turn, members))
        };
        match answered {
            Ok(done) => {
                call.ignored = done.ignored;
                call.request_token = done.request_token.or(call.request_token.take());
                if lost {
                    return Handled::Lost { processed: true };
                }
                Handled::Answered { response: wire::json_answer(service, &done.body, request_id), delay_ms }
            }
            Err(_) if lost => Handled::Lost { processed: true },
            Err(error) => Handled::Failed { error, delay_ms },
        }
    }

    fn cloud_control(&mut self, turn: &Turn, members: Members) -> Result<Done, WireError> {
        match turn.op {
            Op::CreateResource => self.create(turn, members),
            Op::UpdateResource => self.update(turn, members),
            Op::DeleteResource => self.delete(turn, members),
            Op::GetResource => self.get(turn, members),
            Op::ListResources => self.list(turn, members),
            Op::GetResourceRequestStatus => self.status(turn, members),
            Op::ListResourceRequests => self.list_requests(turn, members),
            Op::CancelResourceRequest => self.cancel(turn, members),
            _ => Err(WireError::front_end("com.amazon.coral.service#UnknownOperationException", "")),
        }
    }

    /// Arms a fault.
    pub fn inject(&mut self, fault: Fault) {
        self.state.faults.arm(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&mut self) {
        self.state.faults.clear();
    }

    /// All calls so far, oldest first.
    pub fn history(&self) -> &[Call] {
        &self.history
    }

    /// Forgets the calls so far.
    pub fn clear_history(&mut self) {
        self.history.clear();
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Confluent Cloud, which is played beside.
    pub fn confluent(&self) -> &Confluent {
        &self.confluent
    }

    /// The same, to change it. Its settings are those of [`Config::confluent`].
    pub fn confluent_mut(&mut self) -> &mut Confluent {
        if *self.confluent.config() != self.config.confluent {
            self.confluent.config_mut().clone_from(&self.config.confluent);
        }
        &mut self.confluent
    }

    /// Changes settings, such as the timing, between requests.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Schema expressions met so far that cannot be compiled and so are not checked.
    pub fn unchecked_patterns(&self) -> Vec<String> {
        self.patterns.skipped().into_iter().map(str::to_owned).collect()
    }

    fn note(&mut self, call: Call) {
        if self.history.len() >= HISTORY_LIMIT {
            self.history.drain(..HISTORY_LIMIT / 2);
        }
        self.history.push(call);
    }

    pub(crate) fn scope(&mut self, name: &str) -> &mut Scope {
        self.state.scopes.entry(name.to_owned()).or_default()
    }

    fn take_token(&mut self, op: Op, scope: &str, now_ms: i64) -> Result<(), WireError> {
        let Some(rate) = &self.config.rate else { return Ok(()) };
        let per_second = if op.is_write() { rate.writes_per_second } else { rate.reads_per_second };
        let size = (per_second * rate.burst_seconds).max(1.0);
        let key = format!("{scope} {}", op.is_write());
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: size, at_ms: now_ms });
        let gained = (now_ms - bucket.at_ms) as f64 / 1000.0 * per_second;
        *bucket = Bucket { tokens: (bucket.tokens + gained).min(size), at_ms: now_ms };
        if bucket.tokens < 1.0 {
            return Err(throttled(op.service()));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Reads what matchers and the history need, without judging it.
    fn peek(&self, body: &[u8], op: Op, scope: &str) -> Peek {
        let Ok(Json::Object(map)) = serde_json::from_slice::<Json>(body) else { return Peek::default() };
        let text = |name: &str| map.get(name).and_then(Json::as_str).map(str::to_owned);
        let mut peek = Peek {
            ty: text("TypeName"),
            identifier: None,
            client_token: text("ClientToken"),
            request_token: text("RequestToken"),
        };
        if let Some(request) = peek
            .request_token
            .as_ref()
            .and_then(|token| self.state.scopes.get(scope).and_then(|scope| scope.requests.get(token)))
        {
            peek.ty = Some(request.ty.clone());
            peek.identifier = Some(request.identifier.clone());
            return peek;
        }
        let Some(schema) = peek.ty.as_ref().and_then(|ty| self.known(&TypeName::new(ty))) else {
            return peek;
        };
        peek.identifier = match op {
            Op::CreateResource => text("DesiredState")
                .and_then(|state| serde_json::from_str::<Json>(&state).ok())
                .and_then(|model| identify::values(&schema.primary_identifier, &model))
                .map(|parts| identify::joined(&parts)),
            _ => text("Identifier").map(|given| match identify::parse(&schema, &given) {
                Ok(identify::Asked::Primary(parts)) => identify::joined(&parts),
                _ => given,
            }),
        };
        peek
    }

    /// A source of randomness for one purpose.
    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.state.dice
    }
}

enum Handled {
    Answered { response: Response<Bytes>, delay_ms: u64 },
    Failed { error: WireError, delay_ms: u64 },
    Lost { processed: bool },
}

#[derive(Default)]
struct Peek {
    ty: Option<String>,
    identifier: Option<String>,
    client_token: Option<String>,
    request_token: Option<String>,
}

/// The error of a fault that strikes before the operation, in the service's own shapes.
fn front_end_failure(fault: &What, op: Op, ty: Option<&str>) -> Option<WireError> {
    let service = op.service();
    let of = |control: &str, tagging: &str, message: &str| match service {
        Service::CloudControl => WireError::modelled(control, message),
        Service::Tagging => WireError::tagging(tagging, message),
        Service::AppIntegrations => WireError::rest("InternalServiceError", 500, message),
        Service::Connect => WireError::rest("InternalServiceException", 500, message),
        Service::CustomerProfiles => WireError::rest("InternalServerException", 500, message),
        Service::Sts | Service::CloudFormation => WireError {
            status: 500,
            ..WireError::front_end("com.amazon.coral.service#InternalFailure", message)
        },
    };
    Some(match fault {
        What::Throttle => throttled(service),
        What::ThrottleModelled if service == Service::CloudControl => {
            WireError::modelled("ThrottlingException", "Rate exceeded")
        }
        What::ThrottleModelled => throttled(service),
        What::ServiceError => {
            of("ServiceInternalErrorException", "InternalServiceException", "Internal service error")
        }
        What::Unavailable => WireError {
            status: 503,
            ..WireError::front_end(
                "com.amazon.coral.availability#ServiceUnavailableException",
                "Service unavailable",
            )
        },
        What::Error { code, message, status } => {
            let bare = code.contains('#') || service != Service::CloudControl;
            let code = if bare { code.clone() } else { format!("com.amazon.cloudapiservice#{code}") };
            WireError { code, message: message.clone(), status: *status }
        }
        What::Denied { status } => WireError {
            status: *status,
            ..WireError::front_end(
                "com.amazon.coral.service#AccessDeniedException",
                format!(
                    "User is not authorized to perform: {}:{op} on resource type {}",
                    service.action_prefix(),
                    ty.unwrap_or("*")
                ),
            )
        },
        _ => return None,
    })
}

/// Too many calls: the front end's own error, or the one of the tagging model.
fn throttled(service: Service) -> WireError {
    if service == Service::Tagging {
        WireError::tagging("ThrottledException", "Rate exceeded")
    } else if service.is_rest() {
        WireError::rest("ThrottlingException", 429, "Rate exceeded")
    } else {
        WireError::throttled()
    }
}

#[cfg(test)]
mod sweep;
