//! A script, a host and a cloud for tests: resources in a list, everything noted in its order.

use crate::Runner;
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_catalog::rest::Definitions;
use stack_core::desired::{Lifecycle, Sources, Wanted};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_core::flow::{
    ANCHOR_NAMES, AnchorKind, AnchorOptions, Captured, Export, FindError, Flow, FlowEnd, FlowKind, FlowSeen,
    Flows, Host, Order, Performed, Purpose, Returned, Returns, Script, Shelled, Stopping, Told, Unready,
};
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{Address, ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Status, TagFilter,
    Tagged, TaggedPage, Verb,
};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::statement::{Hole, Marked, hole};
use stack_core::value::{Unknown, Value};
use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

pub(super) const BUCKET: &str = "AWS::S3::Bucket";
pub(super) const VPC: &str = "AWS::EC2::VPC";

/// What happens, in its order, and what there is.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) resources: Mutex<Vec<(TypeName, Identifier, Json)>>,
    /// Statements, calls, operations and waits.
    pub(super) log: Mutex<Vec<String>>,
    /// Lines and warnings.
    pub(super) told: Mutex<Vec<String>>,
    /// Texts of statements, and whether they are secret.
    pub(super) statements: Mutex<Vec<Value>>,
    /// Patches that were sent.
    pub(super) patches: Mutex<Vec<Json>>,
    /// Failures of the next operations; `true`: it was accepted first.
    pub(super) refuses: Mutex<Vec<(bool, FailureKind)>>,
    /// The identifier that nobody may read.
    pub(super) denied: Mutex<Option<&'static str>>,
    /// Failures of the next reads.
    pub(super) unreadable: Mutex<Vec<FailureKind>>,
    /// The tag index lists what there was when it was made: it never hears of anything new.
    pub(super) index: Mutex<Option<Vec<String>>>,
    /// Listings of the index that still find nothing of what there is.
    pub(super) late: Mutex<u32>,
    /// Deletions that change nothing.
    pub(super) sticky: Mutex<u32>,
    pub(super) shell: Mutex<Option<Shelled>>,
    pub(super) stops_at: Mutex<Option<&'static str>>,
    /// What only the answer of a create holds: reads of the run that made it give it.
    pub(super) secret: Mutex<Option<&'static str>>,
    /// Reads that do not show yet what is there.
    pub(super) unseen: Mutex<u32>,
    /// What carries the marks.
    pub(super) marked: Mutex<Option<Found>>,
    /// What comes of the ledger's hint, where there is one.
    pub(super) hint: Mutex<Option<Result<Option<Found>, FindError>>>,
}

impl World {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub(super) fn with(self, ty: &str, model: Json) -> Self {
        let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
        let name = schema.primary_identifier[0].top().unwrap().to_owned();
        let text = model[&name].as_str().unwrap().to_owned();
        let identifier = Identifier::parse(&schema, &text).unwrap();
        self.resources.lock().unwrap().push((TypeName::new(ty), identifier, model));
        self
    }

    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().join(" ")
    }

    pub(super) fn told(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    fn unreadable(&self) -> Result<(), Failure> {
        let mut left = self.unreadable.lock().unwrap();
        match left.is_empty() {
            true => Ok(()),
            false => {
                let kind = left.remove(0);
                Err(Failure::new(
                    kind,
                    format!("{}Exception", kind.word()),
                    "User is not authorized: s3cr3t-word",
                ))
            }
        }
    }

    fn apply(&self, operation: &Operation, schema: &Arc<ResourceSchema>) -> Option<String> {
        let mut all = self.resources.lock().unwrap();
        let position = |all: &[(TypeName, Identifier, Json)], ty: &TypeName, id: &Identifier| {
            all.iter().position(|(own, other, _)| own == ty && other == id)
        };
        match operation {
            Operation::Create { ty, props } => {
                let mut model = props.clone();
                let name = schema.primary_identifier[0].top().unwrap().to_owned();
                if model.get(&name).is_none() {
                    model[&name] = json!("vpc-new");
                }
                let text = model[&name].as_str().unwrap().to_owned();
                model["Arn"] = json!(format!("arn:{text}"));
                if let Some(secret) = *self.secret.lock().unwrap() {
                    model["secret"] = json!(secret);
                }
                let identifier = Identifier::parse(schema, &text).unwrap();
                if let Some(at) = position(&all, ty, &identifier) {
                    all.remove(at);
                }
                all.push((ty.clone(), identifier, model));
                Some(text)
            }
            Operation::Update { ty, identifier, patch } => {
                self.patches.lock().unwrap().push(patch.clone());
                let at = position(&all, ty, identifier)?;
                for one in patch.as_array().unwrap() {
                    let name = one["path"].as_str().unwrap().trim_start_matches('/').to_owned();
                    all[at].2[&name] = one["value"].clone();
                }
                Some(identifier.to_string())
            }
            Operation::Delete { ty, identifier } => {
                let at = position(&all, ty, identifier)?;
                let mut sticky = self.sticky.lock().unwrap();
                if *sticky > 0 {
                    *sticky -= 1;
                } else {
                    all.remove(at);
                }
                Some(identifier.to_string())
            }
        }
    }
}

#[async_trait]
impl Provider for World {
    async fn caller(&self, _: &Target) -> Result<Caller, Failure> {
        unreachable!("flows do not ask who they are")
    }

    async fn read(&self, _: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        let identifier = match key {
            Key::Primary(identifier) => identifier.clone(),
            Key::Additional(parts) => Identifier { parts: parts.clone() },
            Key::InAccount(_) => unreachable!("flows derive nothing"),
        };
        self.note("get");
        self.unreadable()?;
        if self.denied.lock().unwrap().is_some_and(|denied| identifier.to_string() == denied) {
            return Err(Failure::new(FailureKind::Denied, "AccessDeniedException", "no"));
        }
        let all = self.resources.lock().unwrap();
        // Parts that tell a host may stand beside.
        let is_it = |other: &Identifier| other.parts.iter().all(|part| identifier.parts.contains(part));
        let found = all.iter().find(|(own, other, _)| own == ty && is_it(other));
        let mut unseen = self.unseen.lock().unwrap();
        if found.is_some() && *unseen > 0 {
            *unseen -= 1;
            return Ok(None);
        }
        Ok(found.map(|(_, identifier, model)| Found { identifier: identifier.clone(), model: model.clone() }))
    }

    async fn list(
        &self,
        _: &Target,
        ty: &TypeName,
        _: Option<&Json>,
        _: Option<&str>,
    ) -> Result<Page, Failure> {
        self.note("list");
        self.unreadable()?;
        let all = self.resources.lock().unwrap();
        let found = all
            .iter()
            .filter(|(own, ..)| own == ty)
            .map(|(_, identifier, model)| Found { identifier: identifier.clone(), model: model.clone() });
        Ok(Page { found: found.collect(), next: None })
    }

    async fn submit(&self, _: &Target, _: &Operation, _: &ClientToken) -> Result<Progress, Failure> {
        unreachable!("flows change through their host")
    }

    async fn poll(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        Err(Failure::new(FailureKind::RequestUnknown, "RequestTokenNotFoundException", "none"))
    }

    async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        unreachable!("flows cancel nothing")
    }

    async fn requests(&self, _: &Target, _: bool, _: Option<&str>) -> Result<RequestPage, Failure> {
        Ok(RequestPage::default())
    }

    async fn tagged(
        &self,
        _: &Target,
        _: &[TagFilter],
        _: &[String],
        _: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        self.note("tagged");
        self.unreadable()?;
        let mut late = self.late.lock().unwrap();
        if *late > 0 {
            *late -= 1;
            return Ok(TaggedPage::default());
        }
        let record = |id: &str| Tagged { arn: format!("arn:aws:ec2:us-east-1:1:vpc/{id}"), tags: Vec::new() };
        let found = match &*self.index.lock().unwrap() {
            Some(known) => known.iter().map(|id| record(id)).collect(),
            None => self
                .resources
                .lock()
                .unwrap()
                .iter()
                .map(|(_, identifier, _)| record(&identifier.to_string()))
                .collect(),
        };
        Ok(TaggedPage { found, next: None })
    }
}

#[async_trait]
impl Host for World {
    fn cloud(&self) -> &dyn Provider {
        self
    }

    async fn perform(&self, order: Order<'_>) -> Performed {
        let verb = order.operation.verb();
        if self.is_stopping() {
            return Performed::Stopped;
        }
        let token = order.token.map_or(String::new(), |token| format!("/{token}"));
        self.note(format!("{}#{}{token}", verb.to_string().to_uppercase(), order.number));
        let mut progress = Progress {
            request: RequestToken::new(format!("r-{}", order.number)),
            ty: Some(order.operation.ty().clone()),
            verb: Some(verb),
            status: Status::Success,
            identifier: None,
            error_code: None,
            message: String::new(),
            retry_after: None,
            at: None,
            hooks: Vec::new(),
            hooks_request: None,
            model: None,
        };
        let mut refuses = self.refuses.lock().unwrap();
        if !refuses.is_empty() {
            let (accepted, kind) = refuses.remove(0);
            let failure = Failure::new(kind, kind.word(), "no, says the service: s3cr3t-word");
            progress.status = Status::Failed;
            let progress = accepted.then(|| Box::new(progress));
            return if kind == FailureKind::NoAnswer {
                Performed::Unknown(progress, Box::new(failure))
            } else {
                Performed::Failed(progress, Box::new(failure))
            };
        }
        drop(refuses);
        progress.identifier = self.apply(order.operation, order.schema);
        if progress.identifier.is_none() {
            let failure = Failure::new(FailureKind::NotFound, "NotFound", "there is none");
            return Performed::Failed(None, Box::new(failure));
        }
        Performed::Done(Box::new(progress))
    }

    async fn made(&self, _: &Wanted) -> Result<Option<Found>, FindError> {
        self.hint.lock().unwrap().clone().unwrap_or(Ok(None))
    }

    async fn find(&self, _: &Wanted) -> Result<Option<Found>, FindError> {
        self.note("find");
        Ok(self.marked.lock().unwrap().clone())
    }

    async fn pause(&self, wait: Duration, _: &str) -> Result<(), Stopping> {
        self.note(format!("{}s", wait.as_secs()));
        if self.is_stopping() { Err(Stopping) } else { Ok(()) }
    }

    async fn shell(&self, _: &Value) -> Result<Shelled, String> {
        self.note("shell");
        self.shell.lock().unwrap().clone().ok_or_else(|| "there is no shell".to_owned())
    }

    fn tell(&self, told: Told) {
        match told {
            Told::Statement(anchor, text) => {
                self.note(anchor.to_string());
                self.statements.lock().unwrap().push(text);
            }
            Told::Line(line) => self.told.lock().unwrap().push(line),
            Told::Warning(warning) => self.told.lock().unwrap().push(shown(&warning)),
        }
    }

    fn is_stopping(&self) -> bool {
        let stops = self.stops_at.lock().unwrap();
        stops.is_some_and(|at| self.log.lock().unwrap().iter().any(|one| one.contains(at)))
    }
}

/// What stands for a value that is not known, while a draft is made.
const LATER: &str = "later";

/// A query file whose templates know `{{ name }}`, `{{ this.name }}` and `{{ callback.name }}`.
#[derive(Debug, Default)]
pub(super) struct File {
    anchors: IndexMap<AnchorKind, (AnchorOptions, String)>,
    pub(super) props: IndexMap<String, Value>,
    shell: Option<Value>,
    /// What `{{ document }}` was made of.
    pub(super) document: Option<Value>,
}

impl File {
    /// Reads `/*+ anchor, option=value */` and what follows.
    pub(super) fn of(text: &str, props: &[(&str, Value)]) -> Self {
        let props = props.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut file = Self { props, ..Self::default() };
        for part in text.split("/*+ ").skip(1) {
            let (head, body) = part.split_once("*/").unwrap();
            let mut head = head.split(',').map(str::trim);
            let name = head.next().unwrap();
            let (_, kind) = ANCHOR_NAMES.iter().find(|(own, _)| *own == name).unwrap();
            let mut options = AnchorOptions::default();
            for (name, value) in head.filter_map(|option| option.split_once('=')) {
                match name {
                    "retries" => options.retries = Some(value.parse().unwrap()),
                    "retry_delay" => options.retry_delay = Some(value.parse().unwrap()),
                    "short_circuit_field" => options.short_circuit_field = Some(value.to_owned()),
                    "short_circuit_value" => options.short_circuit_value = Some(value.to_owned()),
                    other => panic!("{other}"),
                }
            }
            file.anchors.insert(*kind, (options, body.trim().to_owned()));
        }
        file
    }

    pub(super) fn shell(text: Value) -> Self {
        Self { shell: Some(text), ..Self::default() }
    }

    fn lookup(&self, name: &str, captured: &Captured) -> Option<Value> {
        if let Some(path) = name.strip_prefix("callback.") {
            let row = captured.callback.as_ref()?;
            return super::super::verdict::at_path(row, path).cloned();
        }
        let own = name.strip_prefix("this.").unwrap_or(name);
        self.props.get(name).or_else(|| captured.this.get(own)).cloned()
    }
}

impl File {
    /// The statement with values that may be unknown.
    fn drafted(&self, anchor: AnchorKind, captured: &Captured) -> Result<Marked, Unready> {
        let (_, body) = &self.anchors[&anchor];
        let mut marked = Marked::default();
        let mut rest = body.as_str();
        while let Some((before, after)) = rest.split_once("{{ ") {
            let (name, after) = after.split_once(" }}").unwrap();
            let Some(value) = self.lookup(name, captured) else {
                let told =
                    Diagnostic::error(stack_core::diagnostic::Code(1203), format!("`{name}` is not defined"));
                return Err(Unready::Missing { names: vec![name.to_owned()], diagnostic: Box::new(told) });
            };
            marked.text.push_str(before);
            marked.text.push(hole(marked.holes.len()).unwrap());
            let document = self.document.clone().filter(|_| name == "document");
            marked.holes.push(Hole { value, document });
            rest = after;
        }
        marked.text.push_str(rest);
        Ok(marked)
    }
}

impl Script for File {
    fn anchor(&self, anchor: AnchorKind) -> Option<&AnchorOptions> {
        self.anchors.get(&anchor).map(|(options, _)| options)
    }

    fn statement(&self, anchor: AnchorKind, captured: &Captured) -> Result<Marked, Unready> {
        let marked = self.drafted(anchor, captured)?;
        match marked.holes.iter().find_map(|hole| hole.value.unknown()) {
            Some(unknown) => Err(Unready::Waiting(unknown)),
            None => Ok(marked),
        }
    }

    fn drafts(&self, anchor: AnchorKind) -> Vec<Marked> {
        let mut known = Captured::default();
        for _ in 0..20 {
            match self.drafted(anchor, &known) {
                Ok(mut marked) => {
                    for hole in &mut marked.holes {
                        if hole.value == Value::text(LATER) {
                            hole.value = Value::Unknown(Unknown::of(&Address::new("this"), "x"));
                        }
                    }
                    return vec![marked];
                }
                Err(Unready::Missing { names, .. }) => {
                    let own = names[0].strip_prefix("this.").unwrap_or(&names[0]);
                    match own.strip_prefix("callback.") {
                        Some(column) => {
                            let row = known.callback.get_or_insert_default();
                            row.insert(column.to_owned(), Value::text(LATER));
                        }
                        None => drop(known.this.insert(own.to_owned(), Value::text(LATER))),
                    }
                }
                Err(_) => return Vec::new(),
            }
        }
        Vec::new()
    }

    fn shell(&self) -> Result<Value, Unready> {
        match &self.shell {
            Some(Value::Unknown(unknown)) => Err(Unready::Waiting(unknown.clone())),
            Some(text) => Ok(text.clone()),
            None => Err(Unready::Waiting(Unknown::default())),
        }
    }

    /// The text at the place stands for the place.
    fn place(&self, anchor: AnchorKind, marked: &Marked, range: Option<Range<usize>>) -> (Route, Part) {
        let text = range.clone().and_then(|range| marked.text.get(range)).unwrap_or_default().to_owned();
        let route = Route { file: format!("{anchor}«{text}»"), steps: Vec::new() };
        (route, range.map_or(Part::Value, Part::Within))
    }

    fn file(&self) -> Option<&str> {
        Some("resources/x.iql")
    }
}

/// A resource with this file.
pub(super) fn flow(kind: FlowKind, ty: &str, file: File) -> Flow {
    let target = Target {
        provider: "aws".into(),
        region: Some("us-east-1".into()),
        role_arn: None,
        type_version_id: None,
        credential: None,
    };
    Flow {
        address: Address::from("x"),
        kind,
        declared_type: ty.to_owned(),
        ty: TypeName::new(ty),
        schema: Catalog::embedded().schema(&TypeName::new(BUCKET)).unwrap(),
        exports: Vec::new(),
        returns: Returns::default(),
        skip_validation: false,
        target,
        of: None,
        lifecycle: Lifecycle::default(),
        absent: false,
        literal_patch: false,
        script: Arc::new(file),
        sources: Sources::default(),
    }
}

/// The same, understood: its statements declare these properties.
pub(super) fn understood(mut flow: Flow, props: Json) -> Flow {
    flow.of = Some(Box::new(Wanted {
        address: flow.address.clone(),
        ty: flow.ty.clone(),
        declared_type: flow.declared_type.clone(),
        target: flow.target.clone(),
        identifier: None,
        props: Value::from(props),
        default_tags: IndexMap::new(),
        ownership_tags: false,
        as_written: true,
        kept: false,
        client_tokens: Vec::new(),
        lifecycle: Lifecycle::default(),
        formerly: Vec::new(),
        absent: false,
        sources: Sources::default(),
    }));
    flow
}

pub(super) fn export(column: &str) -> Export {
    Export { column: column.to_owned(), variable: column.to_owned() }
}

pub(super) fn returned(column: &str, variable: &str) -> Returned {
    Returned { column: column.to_owned(), variable: variable.to_owned() }
}

fn runner() -> Runner {
    Runner::new(Arc::new(Catalog::embedded()))
}

/// [`look`] at a file for a REST service.
pub(super) fn look_at_rest(flow: &Flow, purpose: Purpose, world: &World) -> FlowSeen {
    wait(Runner::new(Arc::new(Definitions::embedded())).look(flow, purpose, world))
}

pub(super) fn look(flow: &Flow, purpose: Purpose, world: &World) -> FlowSeen {
    wait(runner().look(flow, purpose, world))
}

pub(super) fn put(flow: &Flow, world: &World) -> FlowEnd {
    wait(runner().put(flow, world))
}

/// The same with the tables of REST services.
pub(super) fn put_rest(flow: &Flow, world: &World) -> FlowEnd {
    wait(Runner::new(Arc::new(Definitions::embedded())).put(flow, world))
}

pub(super) fn delete(flow: &Flow, world: &World) -> FlowEnd {
    wait(runner().delete(flow, world))
}

/// Nothing here ever waits for something outside, but for SQLite on a thread of its own.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A problem in one line.
pub(super) fn shown(problem: &Diagnostic) -> String {
    let mut line = problem.to_string();
    for label in &problem.labels {
        line.push_str(&format!(" | {} {}", label.route.file, label.text));
    }
    for (key, text) in &problem.notes {
        line.push_str(&format!(" | {key}: {text}"));
    }
    line
}

/// An end in a few words.
pub(super) fn end_of(end: &FlowEnd) -> String {
    match end {
        FlowEnd::Done { exports, verb, identifier, warnings } => {
            let verb = verb.map_or("nothing sent".to_owned(), |verb: Verb| verb.to_string());
            let exports: Vec<String> = exports
                .iter()
                .map(|(name, value)| format!("{name}={}", value.scalar_text().unwrap_or_default()))
                .collect();
            let identifier = identifier.as_ref().map_or(String::new(), |identifier| format!(" {identifier}"));
            let warnings: Vec<String> = warnings.iter().map(|one| format!(" [{}]", one.code)).collect();
            format!("done: {verb}{identifier} ({}){}", exports.join(", "), warnings.concat())
        }
        FlowEnd::Failed { verb, diagnostic } => {
            let verb = verb.map_or("-".to_owned(), |verb| verb.to_string());
            format!("failed: {verb} {}", shown(diagnostic))
        }
        FlowEnd::Stopped => "stopped".to_owned(),
    }
}
