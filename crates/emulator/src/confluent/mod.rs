//! A strict emulation of Confluent Cloud: the control plane, Kafka REST, Schema Registry and Flink REST.
//!
//! [`Confluent`] is a state machine without IO: [`Confluent::handle`] takes an HTTP request and the time. It is written
//! from confluent.md ("section n" and "trap n" in this module are of that document) and `confluent-api.tsv`, never from
//! what our own client sends, and shares nothing with it.

mod auth;
mod checks;
mod config;
mod crud;
mod errors;
mod fault;
mod history;
mod kinds;
mod outside;
mod own;
mod paging;
mod paths;
mod plane;
mod routes;
mod rules;
mod state;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub use config::{
    Config, GivenKey, Lags, Next, Rate, SANDBOX_DATA_KEY, SANDBOX_DATA_SECRET, SANDBOX_KEY, SANDBOX_SECRET,
    Timing,
};
pub use fault::{Chaos, Fault, Matcher, What};
pub use history::{Change, Exchange, Happened};
pub use outside::{Described, Held, Operation};

use crate::cloud::Reply;
use auth::Principal;
use bytes::Bytes;
use errors::{Dialect, Problem, Source};
use fault::Faults;
use http::{HeaderMap, Request};
use kinds::Kind;
use plane::{Links, Plane};
use serde_json::Value as Json;
use state::{Object, State};
use std::collections::BTreeMap;
use std::time::Duration;
use wire::Answer;

/// The oldest requests and changes are dropped beyond this number.
const HISTORY_LIMIT: usize = 100_000;
/// Bodies longer than this are not kept in the history.
const KEPT_BODY: usize = 64 * 1024;

/// The state machine. No IO, no clock: the caller passes the time.
#[derive(Debug)]
pub struct Confluent {
    config: Config,
    state: State,
    faults: Faults,
    history: Vec<Exchange>,
    changes: Vec<Change>,
    buckets: BTreeMap<String, (f64, i64)>,
}

/// One request while it is being handled.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now_ms: i64,
    pub(crate) plane: Plane,
    /// The path on its plane, as sent.
    pub(crate) path: String,
    /// Path and query as they came, with what names the plane.
    pub(crate) target: String,
    pub(crate) queries: Vec<(String, String)>,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) links: Links,
    pub(crate) principal: Principal,
    pub(crate) faults: Vec<What>,
    pub(crate) ignored: Vec<String>,
    /// Id of what was created.
    pub(crate) made: Option<String>,
}

impl Turn {
    /// A variable of the path; the empty text if there is none.
    pub(crate) fn variable(&self, name: &str) -> &str {
        self.variables.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    /// The first variable of the path.
    pub(crate) fn first_variable(&self) -> &str {
        self.variables.first().map_or("", |(_, value)| value)
    }

    pub(crate) fn queries<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        self.queries.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.queries.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Drops what a fault says is not taken.
    pub(crate) fn forget_ignored(&self, model: &mut Json) {
        for fault in &self.faults {
            if let What::IgnoreMembers { only } = fault {
                only.iter().for_each(|path| paths::remove(model, path));
            }
        }
    }

    /// Changes what is shown as faults say.
    pub(crate) fn show_faults(&self, view: &mut Json) {
        for fault in &self.faults {
            if let What::Reads { set } = fault {
                json_patch::merge(view, &Json::Object(set.clone()));
            }
        }
    }
}

impl Confluent {
    /// An organization with nothing in it.
    pub fn new(config: Config) -> Self {
        let mut service = Self {
            state: State::new(&config),
            config,
            faults: Faults::default(),
            history: Vec::new(),
            changes: Vec::new(),
            buckets: BTreeMap::new(),
        };
        service.arm_given();
        rules::furnish(&mut service);
        service
    }

    /// Handles one request; `None` if it is not for Confluent. `now_ms` is Unix milliseconds and never runs backwards.
    pub fn handle(&mut self, request: &Request<Bytes>, now_ms: i64) -> Option<Reply> {
        let (plane, path) = plane::locate(request, &self.config)?;
        self.state.calls += 1;
        self.sweep(now_ms);
        let id = self.state.dice.uuid();
        let dialect = plane.dialect(&path);
        let class = plane.class();
        let found = routes::find(class, request.method(), &path);
        let key = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let mut exchange = Exchange {
            at_ms: now_ms,
            plane: class.to_owned(),
            method: request.method().to_string(),
            path: path.clone(),
            query: wire::query(request.uri().query()),
            key: key.and_then(wire::basic).map(|(key, _)| key).unwrap_or_default(),
            body: Some(request.body())
                .filter(|body| body.len() <= KEPT_BODY)
                .and_then(|body| serde_json::from_slice(body).ok()),
            ..Exchange::default()
        };
        if let Ok(found) = &found {
            found.route.resource.clone_into(&mut exchange.resource);
            found.route.operation.clone_into(&mut exchange.operation);
            exchange.id = found.variables.last().map(|(_, value)| value.clone());
        }
        let mut turn = Turn {
            now_ms,
            plane,
            path,
            target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            queries: exchange.query.clone(),
            variables: Vec::new(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            links: Links::of(request, &self.config),
            principal: Principal::default(),
            faults: Vec::new(),
            ignored: Vec::new(),
            made: None,
        };
        let (operation, resource) = (exchange.operation.as_str(), exchange.resource.as_str());
        turn.faults = self.faults.strike(operation, resource, exchange.id.as_deref(), &mut self.state.dice);
        turn.faults.extend(self.config.chaos.as_ref().and_then(|chaos| chaos.strike(self.state.calls)));
        let after = turn.faults.iter().fold(self.config.timing.latency_ms, |ms, fault| match fault {
            What::Delay { ms: more } => ms + more,
            _ => ms,
        });
        let after = Duration::from_millis(after);
        if turn.faults.contains(&What::LostRequest) {
            "lost request".clone_into(&mut exchange.outcome);
            self.note(exchange);
            return Some(Reply::Lost { after });
        }
        let outcome = self.answer(&mut turn, found);
        exchange.ignored = std::mem::take(&mut turn.ignored);
        exchange.id = turn.made.take().or(exchange.id);
        let is_done = outcome.is_ok();
        exchange.outcome = outcome.as_ref().err().map_or_else(
            || "ok".to_owned(),
            |problem| if problem.html { "page".to_owned() } else { problem.detail.clone() },
        );
        let mut answer = outcome.unwrap_or_else(|problem| self.spelt(&problem, dialect, &turn, &id));
        if is_done {
            self.rate_headers(&turn, &mut answer);
        }
        exchange.status = answer.status;
        let zipped = self.config.gzip || turn.faults.contains(&What::Gzip);
        let response = answer.response(&id, zipped);
        if turn.faults.contains(&What::LostReply) {
            exchange.status = 0;
            exchange.outcome = if is_done { "lost reply" } else { "lost refusal" }.to_owned();
            self.note(exchange);
            return Some(Reply::Lost { after });
        }
        self.note(exchange);
        Some(Reply::Answer { response, after })
    }

    fn answer(&mut self, turn: &mut Turn, found: Result<routes::Found, Problem>) -> Result<Answer, Problem> {
        for fault in &turn.faults {
            match fault {
                What::Throttle { retry_after } => return Err(throttled(*retry_after)),
                What::Error { status, message, number } => {
                    let number = *number;
                    return Err(Problem { number, ..Problem::new(*status, "error", message.clone()) });
                }
                What::Page { status } => return Err(Problem::page(*status)),
                What::Redirect { to } => {
                    let mut answer = Answer::empty(307);
                    answer.headers.push(("location", format!("{to}{}", turn.target)));
                    return Ok(answer);
                }
                What::Raw { status, content_type, body } => {
                    let content = if content_type.is_empty() { "text/plain" } else { content_type };
                    return Ok(Answer::raw(*status, content, body));
                }
                What::Bare { status } => return Ok(Answer::empty(*status)),
                What::ErrorInside { message } => {
                    let error = serde_json::json!({ "code": 500, "message": message });
                    return Ok(Answer::json(200, serde_json::json!({ "error": error })));
                }
                _ => {}
            }
        }
        let is_open = turn.plane == Plane::Control && turn.path == "/sts/v1/oauth2/token";
        if !is_open {
            let (principal, plane) = auth::authenticate(self, turn.plane.clone(), &turn.path, &turn.headers)?;
            (turn.principal, turn.plane) = (principal, plane);
        }
        self.take_token(turn)?;
        let routes::Found { route, variables } = found?;
        turn.variables = variables;
        if !is_open {
            auth::permit(self, &turn.principal, &turn.plane, route.is_write())?;
        }
        rules::reachable(self, turn)?;
        if let Some(missing) = route.needs.iter().find(|name| turn.query(name).is_none()) {
            return Err(Problem::parameter(missing, format!("query parameter {missing} is required")));
        }
        if self.config.no_schema_registry && route.path.starts_with("/srcm/") {
            return Err(Problem::forbidden("Schema Registry is not available"));
        }
        routes::carry_out(self, turn, route.does)
    }

    fn spelt(&self, problem: &Problem, dialect: Dialect, turn: &Turn, id: &str) -> Answer {
        let mut problem = problem.clone();
        if problem.status == 429 && matches!(turn.plane, Plane::Control) {
            let per_second = self.config.rate.as_ref().map_or(10.0, |rate| rate.per_second);
            problem.headers.push(("x-ratelimit-limit", format!("{per_second:.0}")));
            problem.headers.push(("x-ratelimit-remaining", "0".to_owned()));
            problem.headers.push(("x-ratelimit-reset", "1".to_owned()));
        } else if problem.status == 429 {
            // Kafka REST sends no header at all (section 6).
            problem.headers.clear();
        }
        if dialect == Dialect::Connect && problem.source != Source::None {
            problem.source = Source::None;
        }
        problem.answer(self.spelling(dialect), id)
    }

    /// How errors are spelt here and now.
    fn spelling(&self, dialect: Dialect) -> Dialect {
        match (dialect, self.config.other_errors) {
            (Dialect::Control, true) => Dialect::Newer,
            (Dialect::Connect, true) => Dialect::Bare,
            (dialect, _) => dialect,
        }
    }

    fn take_token(&mut self, turn: &Turn) -> Result<(), Problem> {
        let Some(rate) = &self.config.rate else { return Ok(()) };
        let key = format!("{} {}", turn.plane.class(), turn.principal.key);
        let (tokens, at_ms) = self.buckets.get(&key).copied().unwrap_or((rate.burst, turn.now_ms));
        let gained = (turn.now_ms - at_ms) as f64 / 1000.0 * rate.per_second;
        let tokens = (tokens + gained).min(rate.burst);
        let is_enough = tokens >= 1.0;
        self.buckets.insert(key, (if is_enough { tokens - 1.0 } else { tokens }, turn.now_ms));
        if is_enough { Ok(()) } else { Err(throttled(rate.retry_after.then_some(1))) }
    }

    fn rate_headers(&self, turn: &Turn, answer: &mut Answer) {
        if let (Some(rate), Plane::Control) = (&self.config.rate, &turn.plane) {
            let key = format!("control {}", turn.principal.key);
            let left = self.buckets.get(&key).map_or(0.0, |(tokens, _)| *tokens);
            answer.headers.push(("x-ratelimit-limit", format!("{:.0}", rate.per_second)));
            answer.headers.push(("x-ratelimit-remaining", format!("{left:.0}")));
        }
    }

    fn note(&mut self, exchange: Exchange) {
        if self.history.len() >= HISTORY_LIMIT {
            self.history.drain(..HISTORY_LIMIT / 2);
        }
        self.history.push(exchange);
    }

    fn note_change(&mut self, at_ms: i64, what: Happened, resource: &str, id: &str, object: &Object) {
        let name = ["display_name", "spec.display_name", "group_name"]
            .iter()
            .find_map(|path| paths::text(&object.body, path))
            .unwrap_or(&object.id)
            .to_owned();
        if self.changes.len() >= HISTORY_LIMIT {
            self.changes.drain(..HISTORY_LIMIT / 2);
        }
        let (resource, id) = (resource.to_owned(), id.to_owned());
        self.changes.push(Change { at_ms, what, resource, id, name });
    }

    /// Brings the state to the time: drops what is gone by now.
    pub(crate) fn sweep(&mut self, now_ms: i64) {
        let ghosts = self.config.lags.ghost_ms;
        for (name, object) in self.state.sweep(now_ms, ghosts) {
            let (resource, key) = name.split_once('/').unwrap_or((&name, ""));
            self.note_change(object.gone_at.unwrap_or(now_ms), Happened::Deleted, resource, key, &object);
        }
    }

    /// Puts a new object in, as late as lags and faults say.
    pub(crate) fn add(&mut self, turn: &mut Turn, resource: &str, key: &str, mut object: Object) {
        let now_ms = turn.now_ms;
        object.visible_at = object.visible_at.max(now_ms + self.config.lags.read_ms);
        object.listed_at = object.listed_at.max(now_ms + self.config.lags.list_ms);
        for fault in &turn.faults {
            match fault {
                What::Phases { phases } => {
                    object.phases = phases.iter().map(|(ms, phase)| (now_ms + ms, phase.clone())).collect();
                }
                What::ReadLag { reads } => object.hidden_reads += reads,
                _ => {}
            }
        }
        turn.made = Some(object.id.clone());
        self.note_change(now_ms, Happened::Created, resource, key, &object);
        self.state.insert(resource, key, object);
    }

    /// Notes that a write changed an object.
    pub(crate) fn changed(&mut self, turn: &Turn, resource: &str, key: &str, object: &Object) {
        self.note_change(turn.now_ms, Happened::Updated, resource, key, object);
    }

    /// An id that nothing has or had.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.state.fresh_word(self.config.seed))
    }

    /// The CRN of an object of the tables (section 14).
    pub(crate) fn crn(&self, kind: &Kind, object: &Object) -> String {
        let parent = match kind.parent {
            Some(_) => object.within.first().and_then(|name| name.split_once('/')).map(|(_, key)| key),
            None => kind.fields.iter().find_map(|field| match field.ty {
                kinds::Ty::Ref(resource) if resource != "environment" => {
                    paths::text(&object.body, &format!("{}.id", field.path))
                }
                _ => None,
            }),
        };
        let text = |path: &str| paths::text(&object.body, path).unwrap_or_default();
        let region = format!("{}.{}", text("spec.cloud").to_lowercase(), text("spec.region"));
        let rest = kind
            .crn
            .replace("{environment}", object.environment.as_deref().unwrap_or_default())
            .replace("{parent}", parent.unwrap_or_default())
            .replace("{region}", &region)
            .replace("{id}", &object.id);
        format!("crn://confluent.cloud/organization={}{rest}", self.config.organization)
    }
}

fn throttled(retry_after: Option<u32>) -> Problem {
    let mut problem = Problem::new(429, "too_many_requests", "Too Many Requests");
    if let Some(seconds) = retry_after {
        problem.headers.push(("retry-after", seconds.to_string()));
    }
    problem
}
