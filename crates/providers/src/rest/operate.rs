//! Creates, updates and deletes. Where they stand is told by [`super::follow`].

use super::change;
use super::errors;
use super::list::{asked_with, given};
use super::model::{self, Model};
use super::ready::{self, Phase};
use super::settings::Credential;
use super::token::Ticket;
use super::wire::{Asked, query};
use super::{Rest, identity_of, of_identifier};
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_catalog::rest::form::{self, Body, Method};
use stack_core::identity::Identifier;
use stack_core::ids::{ClientToken, Target};
use stack_core::pointer::Pointer;
use stack_core::provider::{Failure, FailureKind, Progress, Status, Verb};
use std::time::Duration;

/// A create without an answer that certainly made nothing.
pub(super) const NOT_ARRIVED: &str = "NotArrived";
/// A create without an answer, after which several have its natural key.
pub(super) const SEVERAL: &str = "SeveralFound";
/// A create without an answer, after which there is one of which nobody can tell whether this run made it.
pub(super) const UNDATED: &str = "MadeByWhom";

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
        if !resource.unique {
            let there = self.standing(at, definition, &props).await?;
            if !there.is_empty() {
                let names = self.names_of(definition, &there);
                let message = format!("{} is there already: {names}", definition.ty);
                return Err(Failure::new(FailureKind::AlreadyExists, "NameTaken", message));
            }
        }
        if let Some(check) = &create.check {
            self.preflight(at, definition, check, &props, None).await?;
        }
        let later: Vec<String> = create.then_update.iter().chain(&create.once_ready).cloned().collect();
        let body = match create.body {
            Some(Body::Empty) => None,
            _ => Some(model::wrapped(create.wrap.as_deref(), model::whole(resource, &props, &later))),
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
        let sent_ms = (self.clock)();
        let answer = match self.call(at, asked).await {
            Ok(answer) => answer.json,
            Err(failure) if is_in_doubt(&failure) => {
                return self.in_doubt(definition, &props, failure, sent_ms, token);
            }
            Err(failure) => return Err(self.perhaps_resting(at, definition, &props, failure).await),
        };
        if let Some(told) = errors::inside(&answer) {
            return Err(refused(&self.what(definition, &props), &told));
        }
        let made = model::model(resource, one_of(&answer), &props);
        if resource.needed_parts().iter().any(|name| super::wire::value_of(&made, name).is_none()) {
            // It was made, and the answer does not say as what.
            let why =
                Failure::new(FailureKind::NoAnswer, "NoIdentifier", "the answer does not name what was made");
            return self.in_doubt(definition, &props, why, sent_ms, token);
        }
        self.memory.deleted(&definition.ty, &identity_of(definition, &made).wire(), false);
        self.keep_secrets(definition, one_of(&answer), &made);
        self.note_hosts(definition, [&made]);
        self.note_grants(definition, one_of(&answer), &made);
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
        if self.is_on_trial(definition, &made) {
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

    /// The resources with this natural key that reads show too: lists show for a while what is gone (Confluent trap 44).
    async fn standing(
        &self,
        at: &Target,
        definition: &Definition,
        props: &Model,
    ) -> Result<Vec<Model>, Failure> {
        let mut standing = Vec::new();
        for model in self.named(at, definition, props).await?.unwrap_or_default() {
            let identity = self.identity(definition, &model);
            if self.look(at, definition, &identity).await?.is_some() {
                standing.push(model);
            }
        }
        Ok(standing)
    }

    /// A name that is taken, and nobody has it: one that was freed a moment ago (Confluent trap 4). Trying again helps.
    async fn perhaps_resting(
        &self,
        at: &Target,
        definition: &Definition,
        props: &Model,
        failure: Failure,
    ) -> Failure {
        if failure.kind != FailureKind::AlreadyExists || !definition.resource.unique {
            return failure;
        }
        match self.find(at, definition, props).await {
            Ok(Some(found)) if found.is_empty() => {
                let message = format!("{}; nothing shows it: {}", failure.message, errors::RESTING);
                Failure { kind: FailureKind::Conflict, message, ..failure }
            }
            _ => failure,
        }
    }

    /// What has this identity, or else this natural key. `None`: neither is whole.
    pub(super) async fn find(
        &self,
        at: &Target,
        definition: &Definition,
        key: &Model,
    ) -> Result<Option<Vec<Model>>, Failure> {
        if definition.resource.needed_parts().iter().all(|name| key.contains_key(name)) {
            let seen = self.look(at, definition, key).await?;
            return Ok(Some(seen.map(|seen| seen.model).into_iter().collect()));
        }
        self.named(at, definition, key).await
    }

    /// A create of which nobody knows whether it arrived. It is looked for by its natural key, never sent twice blindly.
    fn in_doubt(
        &self,
        definition: &Definition,
        props: &Model,
        why: Failure,
        sent_ms: i64,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let resource = &definition.resource;
        let of = |names: &[String]| {
            let part = |name: &String| Some((name.clone(), props.get(name)?.clone()));
            names.iter().map(part).collect::<Option<Model>>().filter(|key| !key.is_empty())
        };
        // All that the list is asked with: without a part of it, others' resources look like this one.
        let is_wanted = |name: &&String| !resource.may_lack(name) || given(props, name).is_some();
        let key: Vec<String> = resource.natural_key.iter().filter(is_wanted).cloned().collect();
        let by_list = of(&key).filter(|_| resource.list.is_some()).map(|mut key| {
            let more = asked_with(definition).filter_map(|name| Some((name, given(props, name)?)));
            more.for_each(|(name, value)| {
                key.insert(name.to_owned(), value.clone());
            });
            key
        });
        let is_said = |name: &&String| !resource.optional_parts().contains(name) || props.contains_key(*name);
        let identity: Vec<String> = resource.identity.iter().filter(is_said).cloned().collect();
        let Some(key) = of(&identity).or(by_list) else {
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
        self.memory.watch(&ticket.token(), |watched| {
            watched.why = why.message.clone();
            // A create that is no unique one has looked first.
            watched.absent_at = (!resource.unique).then_some(sent_ms);
        });
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
        let resource = &definition.resource;
        let changed = change::changed(resource, &seen.model, &next);
        let (mut first, mut then) = (next.clone(), Model::new());
        for name in change::turned(resource, &next, &changed)? {
            then.extend(first.remove(&name).map(|value| (name.clone(), value)));
            first.extend(seen.model.get(&name).map(|value| (name, value.clone())));
        }
        let wished = self.change(at, definition, &seen.model, &first).await?;
        let ticket = self.ticket(Verb::Update, definition, self.identity(definition, &seen.model), token);
        if definition.resource.ready.is_none() {
            return Ok(showing(done(&ticket, definition, String::new()), definition, &next));
        }
        self.memory.watch(&ticket.token(), |watched| {
            watched.wished = wished;
            watched.then = then;
        });
        Ok(self.running(&ticket, definition, String::new()))
    }

    /// Sends what a change needs. Gives the values that count as done only once reads show them.
    pub(super) async fn change(
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
            requests.push((step, mine, body, query(definition, &step.query, [], next)?));
        }
        let update = resource.update.as_ref();
        for step in change::steps(resource, next, &changed)?.iter().map(|(step, _)| step) {
            if let Some(check) = &step.check {
                self.preflight(at, definition, check, next, Some(live)).await?;
            }
        }
        let has_work = requests.iter().any(|(step, ..)| step.becomes.is_none());
        let around = |verbs: Option<&'_ Vec<form::Verb>>, model: &Model| -> Vec<form::Verb> {
            let all = verbs.into_iter().flatten().filter(|_| has_work);
            let has = |model: &Model, wanted: &indexmap::IndexMap<String, Json>| {
                wanted.iter().all(|(name, value)| model.get(name) == Some(value))
            };
            let fits = |verb: &&form::Verb| has(model, &verb.when) && has(live, &verb.when_was);
            all.filter(fits).cloned().collect()
        };
        for verb in around(update.map(|update| &update.before), live) {
            self.verb(at, definition, &verb, next).await?;
        }
        let mut went: Vec<&str> = Vec::new();
        for (step, mine, body, query) in requests {
            let method = step.method.wire();
            let asked =
                Asked { definition, method, path: &step.path, query, body, values: next, creates: false };
            let answer = self.call(at, asked).await.map_err(|failure| after(&went, failure))?.json;
            if let Some(told) = errors::inside(&answer) {
                return Err(after(&went, refused(&self.what(definition, next), &told)));
            }
            went.extend(changed.iter().filter(|name| mine.contains(name)).map(String::as_str));
            if let (Some(value), [name]) = (&step.becomes, step.of.as_slice()) {
                wished.insert(name.clone(), value.clone());
            }
        }
        for verb in around(update.map(|update| &update.after), next) {
            self.verb(at, definition, &verb, next).await.map_err(|failure| after(&went, failure))?;
        }
        Ok(wished)
    }

    /// Sends a request without a body.
    async fn verb(
        &self,
        at: &Target,
        definition: &Definition,
        verb: &form::Verb,
        values: &Model,
    ) -> Result<(), Failure> {
        let (method, query) = (verb.method.wire(), Vec::new());
        let path = &verb.path;
        let asked = Asked { definition, method, path, query, body: None, values, creates: false };
        self.call(at, asked).await.map(|_| ())
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
        for verb in &delete.before {
            // It may be in that state already, or gone: the delete itself says what is wrong.
            let _ = self.verb(at, definition, verb, &identity).await;
        }
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
                // Some services deny what is gone: the answer to an earlier delete may be lost.
                Err(failure) if failure.kind == FailureKind::Denied => {
                    // It was there when the plan was made, so that a list without it says something.
                    let name = identity_of(definition, &identity).wire();
                    self.memory.listed(&definition.ty, std::iter::once(name));
                    match self.look(at, definition, &identity).await {
                        Ok(None) => {}
                        // Nobody can tell yet: the delete is tried again.
                        Err(unclear) if unclear.kind != FailureKind::Denied => return Err(unclear),
                        _ => return Err(failure),
                    }
                }
                Err(failure) if failure.status.is_some_and(|status| delete.gone.contains(&status)) => {}
                Err(failure) => return Err(failure),
            }
        }
        self.memory.deleted(&definition.ty, &identity_of(definition, &identity).wire(), true);
        Ok(match delete.limit {
            None => done(&ticket, definition, String::new()),
            Some(_) => self.running(&ticket, definition, String::new()),
        })
    }

    /// The identity of a model, as a model.
    pub(super) fn identity(&self, definition: &Definition, model: &Model) -> Model {
        of_identifier(definition, &identity_of(definition, model))
    }

    fn ticket(&self, verb: Verb, definition: &Definition, key: Model, token: &ClientToken) -> Ticket {
        let nonce = token.as_str().chars().take(16).collect();
        Ticket { verb, ty: definition.ty.clone(), key, in_doubt: false, nonce }
    }

    pub(super) fn running(&self, ticket: &Ticket, definition: &Definition, words: String) -> Progress {
        let every = definition.resource.ready.as_ref().and_then(|ready| ready.every);
        let mut told = progress(ticket, definition, Status::InProgress, words);
        // Soon at first: many things take less than they may.
        told.retry_after = every.map(|every| {
            let looks = self.memory.watch(&told.request, |watched| {
                watched.looks += 1;
                watched.looks
            });
            self.after(every.min(Duration::from_secs(1 << looks.min(16))))
        });
        told
    }

    /// Keeps the credential that a create's answer holds, for targets that nothing else opens.
    fn note_grants(&self, definition: &Definition, answer: &Json, made: &Model) {
        let resource = &definition.resource;
        let value = |name: &str| {
            let property = resource.properties.get(name)?;
            model::at(answer, model::read_at(name, property)).and_then(model::scalar)
        };
        for grant in &resource.grants {
            let target = made.get(&grant.target).and_then(model::scalar).or_else(|| value(&grant.target));
            let target = target.filter(|target| target.starts_with(&grant.starts));
            if let (Some(target), Some(user), Some(password)) =
                (target, value(&grant.user), value(&grant.password))
            {
                self.memory.grant(&grant.endpoint, &target, Credential::Basic { user, password });
            }
        }
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

/// True if the request may have done its work all the same. A full or busy service (429, 503) has not begun.
fn is_in_doubt(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::NoAnswer => true,
        FailureKind::Unavailable => {
            let is_unsent = ["ConnectFailed", "TlsFailed", "Unreachable"].contains(&failure.code.as_str());
            !is_unsent && failure.status != Some(503)
        }
        _ => false,
    }
}

/// A failure after other requests of the same change went through: what it says of itself is not all that is to be told.
fn after(went: &[&str], failure: Failure) -> Failure {
    if went.is_empty() {
        return failure;
    }
    let message = format!("{} (before that, {} was changed)", failure.message, went.join(", "));
    Failure { partly: true, message, ..failure }
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

pub(super) fn done(ticket: &Ticket, definition: &Definition, words: String) -> Progress {
    progress(ticket, definition, Status::Success, words)
}

/// The event with what is there now. Secrets are left out: whoever may know them reads the resource.
pub(super) fn showing(told: Progress, definition: &Definition, model: &Model) -> Progress {
    let secrets = definition.secrets();
    let holds_secret = |name: &String| {
        let pointer = Pointer::of([name.as_str()]);
        secrets.covers(&pointer) || secrets.reaches_below(&pointer)
    };
    let open = model.iter().filter(|(name, _)| !holds_secret(name));
    let open = open.map(|(name, value)| (name.clone(), value.clone())).collect();
    Progress { model: Some(Json::Object(open)), ..told }
}

pub(super) fn failed(ticket: &Ticket, definition: &Definition, code: String, message: String) -> Progress {
    let mut told = progress(ticket, definition, Status::Failed, message);
    told.error_code = Some(code);
    if ticket.in_doubt {
        told.identifier = None;
    }
    told
}
