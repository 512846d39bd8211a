//! A cloud in memory: asynchronous operations, client tokens, and scripted trouble.

use super::{AUTO, THING};
use crate::clock::{Clock, VirtualClock};
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, RequestToken, Target, TypeName};
use stack_core::pointer::Pointer;
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Status, TagFilter,
    Tagged, TaggedPage, Transience, Verb,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What goes wrong, once, with the first call that fits.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The call fails and does nothing.
    Refuse(FailureKind, &'static str, &'static str),
    /// Busy with this request.
    BusyWith(RequestToken),
    /// The call does its work, and the answer is lost.
    LoseReply,
    /// The call never arrives.
    LoseCall,
    /// The operation ends as FAILED with this code, having done its work or not.
    End { code: &'static str, message: &'static str, works: bool },
    /// The operation ends as FAILED with this code, and its resource has no name.
    Nameless(&'static str),
    /// The operation ends as cancelled.
    Cancelled,
    /// The operation takes so long.
    Takes(Duration),
    /// The operation never ends.
    Stuck,
    /// The call makes the program panic.
    Panic,
    /// The operation succeeds, and this property is not taken; a delete leaves everything.
    Ignore(&'static str),
    /// A read does not see what is there.
    Unseen,
    /// The state has a word that nobody knows.
    Word(&'static str),
    /// The state asks for a wait of so many milliseconds.
    RetryAfter(i64),
}

#[derive(Clone, Debug)]
struct Work {
    request: RequestToken,
    ty: TypeName,
    verb: Verb,
    identifier: Option<String>,
    body: Json,
    fault: Option<Fault>,
    accepted_ms: i64,
    due_ms: i64,
    status: Status,
    code: Option<String>,
    message: String,
    at_ms: i64,
}

#[derive(Debug, Default)]
struct Inner {
    live: BTreeMap<(TypeName, String), Json>,
    works: Vec<Work>,
    tokens: HashMap<ClientToken, usize>,
    script: VecDeque<(String, Fault)>,
    calls: Vec<(i64, String)>,
    next: u32,
}

#[derive(Debug)]
pub(crate) struct FakeCloud {
    clock: Arc<VirtualClock>,
    inner: Mutex<Inner>,
    /// How long an operation takes.
    pub(crate) takes: Mutex<Duration>,
    /// How long a call takes.
    pub(crate) latency: Mutex<Duration>,
    /// True while the tag index knows of nothing that is there.
    pub(crate) index_lags: Mutex<bool>,
    /// Records of the tag index about things that are gone.
    pub(crate) ghosts: Mutex<Vec<Tagged>>,
    /// What lists do not show yet.
    pub(crate) unlisted: Mutex<Vec<String>>,
    /// True for a service that keeps no records of operations.
    pub(crate) forgets: Mutex<bool>,
}

fn name_of(ty: &TypeName) -> &'static str {
    if ty.as_str() == AUTO { "Id" } else { "Name" }
}

impl FakeCloud {
    pub(crate) fn new(clock: Arc<VirtualClock>) -> Self {
        Self {
            clock,
            inner: Mutex::default(),
            takes: Mutex::new(Duration::from_secs(4)),
            latency: Mutex::new(Duration::from_millis(1)),
            index_lags: Mutex::new(false),
            ghosts: Mutex::default(),
            unlisted: Mutex::default(),
            forgets: Mutex::new(false),
        }
    }

    /// The first call that begins with these words goes wrong: `create a`, `status`, `read a`.
    pub(crate) fn fault(&self, call: &str, fault: Fault) -> &Self {
        self.inner().script.push_back((call.to_owned(), fault));
        self
    }

    /// Every call with its time in seconds: `create a`, `status r1`, `read a`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.inner().calls.iter().map(|(_, call)| call.clone()).collect()
    }

    pub(crate) fn times(&self, call: &str) -> Vec<f64> {
        let inner = self.inner();
        let of = |ms: i64| (ms - super::START_MS) as f64 / 1000.0;
        inner.calls.iter().filter(|(_, c)| c.starts_with(call)).map(|(ms, _)| of(*ms)).collect()
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.inner().calls.iter().filter(|(_, c)| c.starts_with(call)).count()
    }

    /// How many different operations of this kind were accepted.
    pub(crate) fn accepted(&self, verb: Verb, identifier: &str) -> usize {
        let inner = self.inner();
        let is = |work: &&Work| work.verb == verb && work.identifier.as_deref() == Some(identifier);
        inner.works.iter().filter(is).count()
    }

    pub(crate) fn put(&self, ty: &str, id: &str, model: Json) {
        self.inner().live.insert((ty.into(), id.to_owned()), model);
    }

    pub(crate) fn live(&self, id: &str) -> Option<Json> {
        let inner = self.inner();
        inner.live.iter().find(|((_, i), _)| i == id).map(|(_, model)| model.clone())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.inner().live.keys().map(|(_, id)| id.clone()).collect()
    }

    /// Somebody else begins an operation; its token.
    pub(crate) fn other_work(&self, verb: Verb, id: &str, takes: Duration) -> RequestToken {
        self.other_work_on(THING, verb, id, takes)
    }

    /// Somebody else begins an operation on any type.
    pub(crate) fn other_work_on(&self, ty: &str, verb: Verb, id: &str, takes: Duration) -> RequestToken {
        let now = self.clock.now_ms();
        let mut inner = self.inner();
        inner.next += 1;
        let request = RequestToken::from(format!("other-{}", inner.next));
        inner.works.push(Work {
            request: request.clone(),
            ty: ty.into(),
            verb,
            identifier: Some(id.to_owned()),
            body: if verb == Verb::Create { json!({}) } else { json!([]) },
            fault: None,
            accepted_ms: now,
            due_ms: now + i64::try_from(takes.as_millis()).unwrap(),
            status: Status::InProgress,
            code: None,
            message: String::new(),
            at_ms: now,
        });
        request
    }

    pub(crate) fn tokens(&self) -> usize {
        self.inner().tokens.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn arrive(&self, call: String) -> Option<Fault> {
        let latency = *self.latency.lock().unwrap();
        tokio::time::sleep(latency).await;
        let now = self.clock.now_ms();
        let mut inner = self.inner();
        inner.tick(now);
        let at = inner.script.iter().position(|(prefix, _)| call.starts_with(prefix.as_str()));
        inner.calls.push((now, call));
        at.and_then(|at| inner.script.remove(at)).map(|(_, fault)| fault)
    }
}

impl Inner {
    fn tick(&mut self, now: i64) {
        for at in 0..self.works.len() {
            if self.works[at].status.is_terminal() || self.works[at].due_ms > now {
                continue;
            }
            let work = self.works[at].clone();
            let (status, code, message, works) = match &work.fault {
                Some(Fault::Stuck) => continue,
                Some(Fault::End { code, message, works }) => {
                    (Status::Failed, Some((*code).to_owned()), (*message).to_owned(), *works)
                }
                Some(Fault::Nameless(code)) => {
                    (Status::Failed, Some((*code).to_owned()), String::new(), false)
                }
                Some(Fault::Cancelled) => (Status::CancelComplete, None, String::new(), false),
                _ => (Status::Success, None, String::new(), true),
            };
            let outcome = if works { self.apply(&work) } else { Ok(()) };
            let slot = &mut self.works[at];
            slot.at_ms = work.due_ms;
            (slot.status, slot.code, slot.message) = match outcome {
                Ok(()) => (status, code, message),
                Err(code) => (Status::Failed, Some(code.to_owned()), "as the contract says".to_owned()),
            };
        }
    }

    fn apply(&mut self, work: &Work) -> Result<(), &'static str> {
        let Some(id) = work.identifier.clone() else { return Ok(()) };
        let key = (work.ty.clone(), id.clone());
        match work.verb {
            Verb::Create if self.live.contains_key(&key) => Err("AlreadyExists"),
            Verb::Create => {
                let mut model = work.body.clone();
                model["Arn"] = json!(format!("arn:{id}"));
                if work.ty.as_str() == AUTO {
                    model["Id"] = json!(id);
                }
                for hidden in ["Password"].into_iter().chain(match work.fault {
                    Some(Fault::Ignore(name)) => Some(name),
                    _ => None,
                }) {
                    model.as_object_mut().unwrap().shift_remove(hidden);
                }
                self.live.insert(key, model);
                Ok(())
            }
            Verb::Update => {
                let model = self.live.get_mut(&key).ok_or("NotFound")?;
                for op in work.body.as_array().unwrap() {
                    let name = Pointer::parse(op["path"].as_str().unwrap()).unwrap().segments()[0].clone();
                    if name == "Password" || matches!(work.fault, Some(Fault::Ignore(n)) if n == name) {
                        continue;
                    }
                    let members = model.as_object_mut().unwrap();
                    match op["op"].as_str() {
                        Some("remove") => drop(members.shift_remove(&name)),
                        _ => drop(members.insert(name, op["value"].clone())),
                    }
                }
                Ok(())
            }
            Verb::Delete if matches!(work.fault, Some(Fault::Ignore(_))) => Ok(()),
            Verb::Delete => self.live.remove(&key).map(drop).ok_or("NotFound"),
        }
    }

    fn progress(&self, at: usize) -> Progress {
        let work = &self.works[at];
        Progress {
            request: work.request.clone(),
            ty: Some(work.ty.clone()),
            verb: Some(work.verb),
            status: work.status.clone(),
            identifier: work.identifier.clone().filter(|_| !matches!(work.fault, Some(Fault::Nameless(_)))),
            error_code: work.code.clone(),
            message: work.message.clone(),
            retry_after: None,
            at: Some(work.at_ms),
            hooks: Vec::new(),
            hooks_request: None,
            model: None,
        }
    }
}

fn no_answer() -> Failure {
    Failure::new(FailureKind::NoAnswer, "ConnectionReset", "the connection was closed")
}

fn refuse(fault: &Option<Fault>) -> Result<(), Failure> {
    match fault {
        Some(Fault::Refuse(kind, code, message)) => Err(Failure::new(*kind, *code, *message)),
        Some(Fault::BusyWith(request)) => {
            let mut failure = Failure::new(FailureKind::Busy, "ConcurrentOperationException", "busy");
            failure.blocked_by = Some(request.clone());
            Err(failure)
        }
        Some(Fault::LoseCall) => Err(no_answer()),
        Some(Fault::Panic) => panic!("as the script says"),
        _ => Ok(()),
    }
}

#[async_trait]
impl Provider for FakeCloud {
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        let region = at.region.as_ref().map_or("", |region| region.as_str());
        refuse(&self.arrive(format!("caller {region}")).await)?;
        Ok(Caller { account: "123456789012".into(), arn: "arn:me".into() })
    }

    async fn read(&self, _: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        let (text, live) = match key {
            Key::Primary(identifier) | Key::InAccount(identifier) => (identifier.wire(), identifier.wire()),
            Key::Additional(parts) => {
                let inner = self.inner();
                let found = inner.live.iter().find(|((t, _), model)| {
                    t == ty && parts.iter().all(|(name, value)| model[name] == json!(value))
                });
                (key.wire(), found.map_or_else(String::new, |((_, id), _)| id.clone()))
            }
        };
        let fault = self.arrive(format!("read {text}")).await;
        refuse(&fault)?;
        if matches!(fault, Some(Fault::Unseen)) {
            return Ok(None);
        }
        let inner = self.inner();
        Ok(inner
            .live
            .get(&(ty.clone(), live.clone()))
            .map(|model| Found { identifier: Identifier::single(name_of(ty), live), model: model.clone() }))
    }

    async fn list(
        &self,
        _: &Target,
        ty: &TypeName,
        _: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        refuse(&self.arrive(format!("list {ty}")).await)?;
        let unlisted = self.unlisted.lock().unwrap().clone();
        let inner = self.inner();
        let of_type = inner.live.keys().filter(|(t, id)| t == ty && !unlisted.contains(id));
        let all: Vec<Found> = of_type
            .map(|(_, id)| Found {
                identifier: Identifier::single(name_of(ty), id.as_str()),
                model: json!({}),
            })
            .collect();
        // Two to a page, and the first page is empty: only a missing token ends a listing.
        let start: usize = page.map_or(0, |page| page.parse().unwrap());
        let found: Vec<Found> =
            all.iter().skip(start.saturating_sub(1)).take(if start == 0 { 0 } else { 2 }).cloned().collect();
        let next = if start == 0 { 1 } else { start + 2 };
        Ok(Page { found, next: (next <= all.len()).then(|| next.to_string()) })
    }

    async fn tagged(
        &self,
        _: &Target,
        filters: &[TagFilter],
        _: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        refuse(&self.arrive("tagged".to_owned()).await)?;
        if page.is_none() {
            return Ok(TaggedPage { found: Vec::new(), next: Some("2".to_owned()) });
        }
        let mut found = self.ghosts.lock().unwrap().clone();
        let inner = self.inner();
        if !*self.index_lags.lock().unwrap() {
            for ((ty, id), model) in &inner.live {
                let tags = stack_core::tags::of_property(model.get("Tags"))
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v.to_owned()))
                    .collect();
                found.push(Tagged { arn: format!("arn:{ty}/{id}"), tags });
            }
        }
        found.retain(|record| {
            filters
                .iter()
                .all(|filter| record.tags.iter().any(|(k, v)| *k == filter.key && filter.values.contains(v)))
        });
        Ok(TaggedPage { found, next: None })
    }

    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        let id = arn.strip_prefix(&format!("arn:{ty}/"));
        id.map(|id| Identifier::single(name_of(ty), id)).into_iter().collect()
    }

    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        let ty = arn.strip_prefix("arn:").and_then(|rest| rest.split_once('/')).map(|(ty, _)| ty.into());
        ty.into_iter().collect()
    }

    async fn submit(
        &self,
        _: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let (identifier, body) = match operation {
            Operation::Create { ty, props } if ty.as_str() == THING => {
                (props["Name"].as_str().map(str::to_owned), props.clone())
            }
            Operation::Create { props, .. } => (None, props.clone()),
            Operation::Update { identifier, patch, .. } => (Some(identifier.wire()), patch.clone()),
            Operation::Delete { identifier, .. } => (Some(identifier.wire()), Json::Null),
        };
        let name = identifier.clone().unwrap_or_else(|| "?".to_owned());
        let fault = self.arrive(format!("{} {name}", operation.verb())).await;
        refuse(&fault)?;
        let (now, mut takes) = (self.clock.now_ms(), *self.takes.lock().unwrap());
        if let Some(Fault::Takes(time)) = fault {
            takes = time;
        }
        let mut inner = self.inner();
        let at = match inner.tokens.get(token) {
            Some(at) => *at,
            None => {
                inner.next += 1;
                let number = inner.next;
                let work = Work {
                    request: format!("r{number}").into(),
                    ty: operation.ty().clone(),
                    verb: operation.verb(),
                    identifier: identifier.or_else(|| Some(format!("auto-{number}"))),
                    body,
                    fault: fault.clone(),
                    accepted_ms: now,
                    due_ms: now + i64::try_from(takes.as_millis()).unwrap(),
                    status: Status::InProgress,
                    code: None,
                    message: String::new(),
                    at_ms: now,
                };
                inner.works.push(work);
                let at = inner.works.len() - 1;
                inner.tokens.insert(token.clone(), at);
                at
            }
        };
        if matches!(fault, Some(Fault::LoseReply)) {
            return Err(no_answer());
        }
        Ok(inner.progress(at))
    }

    async fn poll(&self, _: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        let fault = self.arrive(format!("status {request}")).await;
        refuse(&fault)?;
        let now = self.clock.now_ms();
        let inner = self.inner();
        let at = inner.works.iter().position(|work| work.request == *request);
        let at =
            at.ok_or_else(|| Failure::new(FailureKind::RequestUnknown, "RequestTokenNotFoundException", ""))?;
        let mut progress = inner.progress(at);
        match fault {
            Some(Fault::Word(word)) => progress.status = Status::Other(word.to_owned()),
            Some(Fault::RetryAfter(ms)) => progress.retry_after = Some(now + ms),
            _ => {}
        }
        Ok(progress)
    }

    async fn cancel(&self, _: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        refuse(&self.arrive(format!("cancel {request}")).await)?;
        let now = self.clock.now_ms();
        let mut inner = self.inner();
        let at = inner.works.iter().position(|work| work.request == *request).ok_or_else(no_answer)?;
        inner.works[at].status = Status::CancelComplete;
        inner.works[at].at_ms = now;
        Ok(inner.progress(at))
    }

    fn keeps_requests(&self, _: &TypeName) -> bool {
        !*self.forgets.lock().unwrap()
    }

    async fn requests(
        &self,
        _: &Target,
        in_flight_only: bool,
        _: Option<&str>,
    ) -> Result<RequestPage, Failure> {
        refuse(&self.arrive("requests".to_owned()).await)?;
        if *self.forgets.lock().unwrap() {
            return Ok(RequestPage::default());
        }
        let inner = self.inner();
        let mut order: Vec<usize> = (0..inner.works.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(inner.works[*at].accepted_ms));
        let requests = order
            .into_iter()
            .map(|at| inner.progress(at))
            .filter(|progress| !in_flight_only || !progress.status.is_terminal())
            .collect();
        Ok(RequestPage { requests, next: None })
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        let kind = match (&progress.status, progress.error_code.as_deref()) {
            (Status::CancelComplete, _) => FailureKind::Cancelled,
            (_, Some("AlreadyExists")) => FailureKind::AlreadyExists,
            (_, Some("NotFound")) => FailureKind::NotFound,
            (_, Some("NotUpdatable")) => FailureKind::NotUpdatable,
            (_, Some("InvalidRequest")) => FailureKind::Invalid,
            (_, Some("AccessDenied")) => FailureKind::Denied,
            (_, Some("Throttling")) => FailureKind::Throttled,
            (_, Some("ResourceConflict")) => FailureKind::Conflict,
            (_, Some("NotStabilized")) => FailureKind::NotStabilized,
            (_, Some("ServiceInternalError" | "ServiceTimeout" | "NetworkFailure")) => {
                FailureKind::Unavailable
            }
            _ => FailureKind::Internal,
        };
        let code = progress.error_code.clone().unwrap_or_else(|| kind.word().to_owned());
        Failure::new(kind, code, progress.message.clone())
    }

    fn transience(&self, message: &str) -> Option<Transience> {
        [("cannot be assumed", Transience::Role), ("DependencyViolation", Transience::InUse)]
            .into_iter()
            .find(|(fragment, _)| message.contains(fragment))
            .map(|(_, condition)| condition)
    }
}
