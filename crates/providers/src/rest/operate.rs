//! Creates, updates and deletes, and where they stand.

use super::change;
use super::errors;
use super::model::{self, Model};
use super::ready::{self, Phase};
use super::token::Ticket;
use super::wire::{Asked, query};
use super::{Rest, identity_of, of_identifier};
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_catalog::rest::form::{Body, Method};
use stack_core::identity::Identifier;
use stack_core::ids::{ClientToken, RequestToken, Target};
use stack_core::pointer::Pointer;
use stack_core::provider::{Failure, FailureKind, Progress, Status, Verb};
use std::time::Duration;
use tokio::time::Instant;

/// A create without an answer that certainly made nothing.
pub(super) const NOT_ARRIVED: &str = "NotArrived";
/// A create without an answer, after which several have its natural key.
pub(super) const SEVERAL: &str = "SeveralFound";
/// Looks that must find nothing before a create without an answer counts as never arrived.
const MISSES: u32 = 3;
/// Wait between two of these looks: services show what was made within seconds (confluent.md section 7).
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

impl Rest {
    /// Makes a resource. Where the service lets two have one name, looks first: the plan may be older than this run.
    pub(super) async fn create(
        &self,
        at: &Target,
        definition: &Definition,
        props: &Json,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let resource = &definition.resource;
        let Some(create) = &resource.create else {
            return Err(unsupported(definition, "made"));
        };
        let props = model::flat(definition, props);
        if !resource.unique
            && let Some(there) = self.named(at, definition, &props).await?
            && !there.is_empty()
        {
            let message =
                format!("{} is there already: {}", definition.ty, self.names_of(definition, &there));
            return Err(Failure::new(FailureKind::AlreadyExists, "NameTaken", message));
        }
        let later: Vec<String> = create.then_update.iter().chain(&create.once_ready).cloned().collect();
        let body = match create.body {
            Some(Body::Empty) => None,
            _ => Some(wrapped(create.wrap.as_deref(), model::whole(resource, &props, &later))),
        };
        let asked = Asked {
            definition,
            method: create.method.unwrap_or(Method::Post).wire(),
            path: &create.path,
            query: query(definition, &create.query, &create.filter, &props)?,
            body,
            values: &props,
            creates: true,
        };
        let answer = match self.call(at, asked).await {
            Ok(answer) => answer.json,
            Err(failure) if is_in_doubt(&failure) => {
                return self.in_doubt(definition, &props, failure, token);
            }
            Err(failure) => return Err(failure),
        };
        if let Some(told) = errors::inside(&answer) {
            return Err(refused(&self.what(definition, &props), &told));
        }
        let made = model::model(resource, one_of(&answer), &props);
        if resource.identity.iter().any(|name| super::wire::value_of(&made, name).is_none()) {
            // It was made, and the answer does not say as what.
            let why =
                Failure::new(FailureKind::NoAnswer, "NoIdentifier", "the answer does not name what was made");
            return self.in_doubt(definition, &props, why, token);
        }
        self.memory.deleted(&definition.ty, &identity_of(definition, &made).wire(), false);
        self.keep_secrets(definition, one_of(&answer), &made);
        self.note_hosts(definition, &made);
        let identity = self.identity(definition, &made);
        let ticket = self.ticket(Verb::Create, definition, identity, token);
        if create.then_update.iter().any(|name| props.contains_key(name)) {
            let mut next = made.clone();
            let given =
                create.then_update.iter().filter_map(|name| Some((name.clone(), props.get(name)?.clone())));
            next.extend(given);
            // It exists: what goes wrong from here on is the state of the operation, not its refusal.
            if let Err(failure) = self.change(at, definition, &made, &next).await {
                return Ok(failed(&ticket, definition, failure.code, failure.message));
            }
        }
        let then: Model = create
            .once_ready
            .iter()
            .filter_map(|name| Some((name.clone(), props.get(name)?.clone())))
            .collect();
        if !then.is_empty() {
            self.memory.watch(&ticket.token(), |watched| watched.then = then);
            return Ok(self.running(&ticket, definition, String::new()));
        }
        if resource.ready.is_none() {
            return Ok(showing(done(&ticket, definition, String::new()), definition, &made));
        }
        Ok(match ready::phase(resource.ready.as_ref(), one_of(&answer)) {
            Phase::Ready(None) => showing(done(&ticket, definition, String::new()), definition, &made),
            Phase::Pending(phase) => self.running(&ticket, definition, phase),
            // A first phase that looks final is looked at again: some recover (Confluent trap 33).
            _ => self.running(&ticket, definition, String::new()),
        })
    }

    /// A create of which nobody knows whether it arrived. It is looked for by its natural key, never sent twice blindly.
    fn in_doubt(
        &self,
        definition: &Definition,
        props: &Model,
        why: Failure,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let resource = &definition.resource;
        let of = |names: &[String]| {
            let part = |name: &String| Some((name.clone(), props.get(name)?.clone()));
            names.iter().map(part).collect::<Option<Model>>().filter(|key| !key.is_empty())
        };
        let by_list = of(&resource.natural_key).filter(|_| resource.list.is_some());
        let Some(key) = of(&resource.identity).or(by_list) else {
            let message = format!(
                "{}, and it cannot be looked for without its natural key: look whether it was made before trying again",
                why.message
            );
            return Err(Failure {
                kind: FailureKind::Internal,
                code: "CreateUnanswered".to_owned(),
                message,
                ..why
            });
        };
        let mut ticket = self.ticket(Verb::Create, definition, key, token);
        ticket.in_doubt = true;
        self.memory.watch(&ticket.token(), |watched| watched.why = why.message.clone());
        let mut told = self.running(&ticket, definition, format!("no answer: {}", why.message));
        told.identifier = None;
        told.retry_after = Some(self.after(Duration::from_secs(1)));
        Ok(told)
    }

    /// Changes a resource: reads it, applies the patch, and sends what the service wants for it.
    pub(super) async fn update(
        &self,
        at: &Target,
        definition: &Definition,
        identifier: &Identifier,
        patch: &Json,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let identity = of_identifier(definition, identifier);
        let Some(seen) = self.look(at, definition, &identity).await? else {
            let message = format!("{} is not there", self.what(definition, &identity));
            return Err(Failure::new(FailureKind::NotFound, "NotFound", message));
        };
        let next = change::patched(&seen.model, patch)?;
        let wished = self.change(at, definition, &seen.model, &next).await?;
        let ticket = self.ticket(Verb::Update, definition, self.identity(definition, &seen.model), token);
        if definition.resource.ready.is_none() {
            return Ok(showing(done(&ticket, definition, String::new()), definition, &next));
        }
        self.memory.watch(&ticket.token(), |watched| watched.wished = wished);
        Ok(self.running(&ticket, definition, String::new()))
    }

    /// Sends what a change needs. Gives the values that count as done only once reads show them.
    async fn change(
        &self,
        at: &Target,
        definition: &Definition,
        live: &Model,
        next: &Model,
    ) -> Result<Model, Failure> {
        let resource = &definition.resource;
        let changed = change::changed(resource, live, next);
        let mut wished = Model::new();
        if changed.is_empty() {
            return Ok(wished);
        }
        change::check(resource, live, next, &changed)?;
        // All bodies first: what cannot be sent stops the change before its first step.
        let steps = change::steps(resource, next, &changed)?;
        let mut requests = Vec::with_capacity(steps.len());
        for (step, mine) in steps {
            let body = change::body(resource, step, &mine, live, next)?;
            requests.push((step, body, query(definition, &step.query, [], next)?));
        }
        for (step, body, query) in requests {
            let method = step.method.wire();
            let asked =
                Asked { definition, method, path: &step.path, query, body, values: next, creates: false };
            let answer = self.call(at, asked).await?.json;
            if let Some(told) = errors::inside(&answer) {
                return Err(refused(&self.what(definition, next), &told));
            }
            if let (Some(value), [name]) = (&step.becomes, step.of.as_slice()) {
                wished.insert(name.clone(), value.clone());
            }
        }
        Ok(wished)
    }

    /// Removes a resource. What is not there is removed already.
    pub(super) async fn delete(
        &self,
        at: &Target,
        definition: &Definition,
        identifier: &Identifier,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let Some(delete) = &definition.resource.delete else {
            return Err(unsupported(definition, "removed"));
        };
        let identity = of_identifier(definition, identifier);
        let ticket = self.ticket(Verb::Delete, definition, identity.clone(), token);
        let method = delete.method.unwrap_or(Method::Delete).wire();
        let first = query(definition, &delete.query, [], &identity)?;
        let mut queries = vec![first.clone()];
        if !delete.permanent.is_empty() {
            let more = query(definition, &delete.permanent, [], &identity)?;
            queries.push(first.into_iter().chain(more).collect());
        }
        for query in queries {
            let asked = Asked {
                definition,
                method,
                path: &delete.path,
                query,
                body: None,
                values: &identity,
                creates: false,
            };
            match self.call(at, asked).await {
                Ok(answer) => {
                    if let Some(told) = errors::inside(&answer.json) {
                        return Err(refused(&self.what(definition, &identity), &told));
                    }
                }
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) if delete.gone.iter().any(|status| has_status(&failure, *status)) => {}
                Err(failure) => return Err(failure),
            }
        }
        self.memory.deleted(&definition.ty, &identity_of(definition, &identity).wire(), true);
        Ok(match delete.limit {
            None => done(&ticket, definition, String::new()),
            Some(_) => self.running(&ticket, definition, String::new()),
        })
    }

    /// Where an operation stands.
    pub(super) async fn state(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        let Some(ticket) = Ticket::parse(request) else {
            let message = format!("`{request}` is no request of a REST service");
            return Err(Failure::new(FailureKind::RequestUnknown, "RequestUnknown", message));
        };
        let definition = self.definition(&ticket.ty)?;
        let told = if ticket.in_doubt {
            self.doubt(at, definition, &ticket).await?
        } else if ticket.verb == Verb::Delete {
            self.leaving(at, definition, &ticket).await?
        } else {
            self.arriving(at, definition, &ticket).await?
        };
        if told.status.is_terminal() {
            self.memory.forget(request);
        }
        Ok(told)
    }

    async fn leaving(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        match self.look(at, definition, &ticket.key).await {
            Ok(None) => Ok(done(ticket, definition, String::new())),
            Ok(Some(seen)) => {
                let phase = match ready::phase(definition.resource.ready.as_ref(), &seen.answer) {
                    Phase::Leaving(phase) | Phase::Pending(phase) | Phase::Failed(phase, _) => phase,
                    Phase::Ready(_) => String::new(),
                };
                Ok(self.running(ticket, definition, phase))
            }
            // Children of what was removed are denied, not missing (confluent.md section 5).
            Err(failure) if failure.kind == FailureKind::Denied => {
                Ok(done(ticket, definition, String::new()))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn arriving(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        let resource = &definition.resource;
        let request = ticket.token();
        let Some(seen) = self.look(at, definition, &ticket.key).await? else {
            // Services show late what they made (Confluent trap 30).
            return Ok(self.running(ticket, definition, "not visible yet".to_owned()));
        };
        let still_failed = |wait: Option<Duration>| {
            let now = Instant::now();
            let since = self.memory.watch(&request, |watched| *watched.failed_since.get_or_insert(now));
            wait.is_none_or(|wait| now.duration_since(since) >= wait)
        };
        Ok(match ready::phase(resource.ready.as_ref(), &seen.answer) {
            Phase::Ready(action) => {
                let then = self.memory.watch(&request, |watched| std::mem::take(&mut watched.then));
                if !then.is_empty() {
                    let mut next = seen.model.clone();
                    next.extend(then);
                    let wished = self.change(at, definition, &seen.model, &next).await?;
                    self.memory.watch(&request, |watched| watched.wished = wished);
                    return Ok(self.running(ticket, definition, "changing".to_owned()));
                }
                let wished = self.memory.watch(&request, |watched| watched.wished.clone());
                if wished.iter().any(|(name, value)| seen.model.get(name) != Some(value)) {
                    return Ok(self.running(ticket, definition, "changing".to_owned()));
                }
                let words = action.map(|action| format!("ready, action needed: {action}"));
                showing(done(ticket, definition, words.unwrap_or_default()), definition, &seen.model)
            }
            Phase::Failed(phase, words) => {
                let wait = resource.ready.as_ref().and_then(|ready| ready.failed_for);
                if still_failed(wait) {
                    let words = if words.is_empty() {
                        format!("its state is {phase}")
                    } else {
                        format!("{phase}: {words}")
                    };
                    let message = format!("{}: {words}", self.what(definition, &ticket.key));
                    failed(ticket, definition, "EndedBadly".to_owned(), message)
                } else {
                    self.running(ticket, definition, phase)
                }
            }
            Phase::Leaving(phase) => {
                let message = format!("{} is being removed ({phase})", self.what(definition, &ticket.key));
                failed(ticket, definition, "Leaving".to_owned(), message)
            }
            Phase::Pending(phase) => {
                self.memory.watch(&request, |watched| watched.failed_since = None);
                let is_new = resource.ready.as_ref().is_some_and(|ready| ready::is_unknown(ready, &phase));
                let words =
                    if is_new { format!("{phase}, a state that this version does not know") } else { phase };
                self.running(ticket, definition, words)
            }
        })
    }

    /// Looks for a create without an answer.
    async fn doubt(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        let request = ticket.token();
        let is_identity = definition.resource.identity.iter().all(|name| ticket.key.contains_key(name));
        let found = if is_identity {
            self.look(at, definition, &ticket.key).await?.map(|seen| seen.model).into_iter().collect()
        } else {
            self.named(at, definition, &ticket.key).await?.unwrap_or_default()
        };
        match found.as_slice() {
            [one] => {
                // Lists may show what is gone; only a read says that it is there (Confluent trap 44).
                let key = self.identity(definition, one);
                let mut told = Ticket { key, in_doubt: false, ..ticket.clone() };
                let state = self.arriving(at, definition, &told).await?;
                told.key.clone_from(&ticket.key);
                Ok(Progress { request, ..state })
            }
            [] => {
                let (misses, why) = self.memory.watch(&request, |watched| {
                    watched.misses += 1;
                    (watched.misses, watched.why.clone())
                });
                if misses >= MISSES {
                    let why = if why.is_empty() { "the create had no answer".to_owned() } else { why };
                    let message = format!("{why}; looked for it {misses} times, it was not made");
                    return Ok(failed(ticket, definition, NOT_ARRIVED.to_owned(), message));
                }
                let mut told = self.running(ticket, definition, "looking for it".to_owned());
                told.identifier = None;
                told.retry_after = Some(self.after(BETWEEN_LOOKS));
                Ok(told)
            }
            several => {
                let message = format!(
                    "a create of {} had no answer, and now several have its name: {}. Say with `identifier` which is meant",
                    definition.ty,
                    self.names_of(definition, several)
                );
                Ok(failed(ticket, definition, SEVERAL.to_owned(), message))
            }
        }
    }

    /// The identity of a model, as a model.
    fn identity(&self, definition: &Definition, model: &Model) -> Model {
        of_identifier(definition, &identity_of(definition, model))
    }

    fn ticket(&self, verb: Verb, definition: &Definition, key: Model, token: &ClientToken) -> Ticket {
        let nonce = token.as_str().chars().take(16).collect();
        Ticket { verb, ty: definition.ty.clone(), key, in_doubt: false, nonce }
    }

    fn running(&self, ticket: &Ticket, definition: &Definition, words: String) -> Progress {
        let wait = definition.resource.ready.as_ref().and_then(|ready| ready.every);
        let mut told = progress(ticket, definition, Status::InProgress, words);
        told.retry_after = wait.map(|wait| self.after(wait));
        told
    }

    /// What only the answer of a create holds (confluent.md section 12).
    fn keep_secrets(&self, definition: &Definition, answer: &Json, made: &Model) {
        let once = definition.resource.properties.iter().filter(|(_, property)| property.once);
        let kept: Model = once
            .filter_map(|(name, property)| {
                let value = model::at(answer, model::read_at(name, property))?;
                (!value.is_null()).then(|| (name.clone(), value.clone()))
            })
            .collect();
        self.memory.keep(&definition.ty, &identity_of(definition, made).wire(), kept);
    }
}

/// The object of an answer that may be a list of one (catalog, batches).
fn one_of(answer: &Json) -> &Json {
    match answer {
        Json::Array(items) if items.len() == 1 => &items[0],
        other => other,
    }
}

fn wrapped(wrap: Option<&str>, body: Json) -> Json {
    match wrap {
        None => body,
        Some("[]") => Json::Array(vec![body]),
        Some(path) => {
            let mut out = Json::Object(Model::new());
            model::put(&mut out, path, body);
            out
        }
    }
}

/// True if the request may have done its work all the same. A full or busy service (429, 503) has not begun.
fn is_in_doubt(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::NoAnswer => true,
        FailureKind::Unavailable => {
            let is_unsent = ["ConnectFailed", "TlsFailed", "Unreachable"].contains(&failure.code.as_str());
            !is_unsent && !has_status(failure, 503)
        }
        _ => false,
    }
}

/// True if the failure is an answer with this status.
fn has_status(failure: &Failure, status: u16) -> bool {
    failure.message.contains(&format!(": status {status})"))
}

fn unsupported(definition: &Definition, verb: &str) -> Failure {
    let message = format!("{} cannot be {verb}", definition.ty);
    Failure::new(FailureKind::Unsupported, "NoHandler", message)
}

/// A good status with an error in its body (Confluent traps 46 and 86).
fn refused(what: &str, told: &errors::Told) -> Failure {
    let code = told.code.clone().unwrap_or_else(|| "Refused".to_owned());
    Failure::new(FailureKind::Invalid, code, format!("{what}: {}", told.words))
}

fn progress(ticket: &Ticket, definition: &Definition, status: Status, message: String) -> Progress {
    Progress {
        request: ticket.token(),
        ty: Some(definition.ty.clone()),
        verb: Some(ticket.verb),
        status,
        identifier: Some(identity_of(definition, &ticket.key).wire()),
        error_code: None,
        message,
        retry_after: None,
        at: None,
        hooks: Vec::new(),
        hooks_request: None,
        model: None,
    }
}

fn done(ticket: &Ticket, definition: &Definition, words: String) -> Progress {
    progress(ticket, definition, Status::Success, words)
}

/// The event with what is there now. Secrets are left out: whoever may know them reads the resource.
fn showing(told: Progress, definition: &Definition, model: &Model) -> Progress {
    let secrets = definition.secrets();
    let holds_secret = |name: &String| {
        let pointer = Pointer::of([name.as_str()]);
        secrets.covers(&pointer) || secrets.reaches_below(&pointer)
    };
    let open = model.iter().filter(|(name, _)| !holds_secret(name));
    let open = open.map(|(name, value)| (name.clone(), value.clone())).collect();
    Progress { model: Some(Json::Object(open)), ..told }
}

fn failed(ticket: &Ticket, definition: &Definition, code: String, message: String) -> Progress {
    let mut told = progress(ticket, definition, Status::Failed, message);
    told.error_code = Some(code);
    if ticket.in_doubt {
        told.identifier = None;
    }
    told
}
