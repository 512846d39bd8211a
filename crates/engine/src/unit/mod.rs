//! One step at work. A unit decides nothing about others: it tells the dispatcher what it is about to do and how it
//! ended, and the dispatcher keeps the books.

mod delete;
mod flow;
mod look;
mod operation;
mod problem;
mod put;
mod restore;

pub(crate) use delete::ALREADY_GONE;
pub(crate) use look::{After, same_resource, until_gone};
pub(crate) use put::PERHAPS_OURS;

use crate::clock::{Clock, millis};
use crate::flows::{Finder, FlowSupport};
use crate::inverse::Inverse;
use crate::paced::{OnWait, Paced, Wait};
use crate::verdict::{Tried, Verdict};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::desired::{Output, Wanted};
use stack_core::diagnostic::Diagnostic;
use stack_core::event::{EventKind, WaitReason};
use stack_core::flow::Flow;
use stack_core::identity::{FromProps, Identifier, from_props};
use stack_core::ids::{Address, RequestToken, StackId, Target};
use stack_core::journal::{Named, Record};
use stack_core::observed::LedgerEntry;
use stack_core::plan::{Action, Change, Planned, StepId, StepPart};
use stack_core::provider::{Failure, FailureKind, Operation, Verb};
use stack_core::redact::{MARK, Redactor};
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

/// How often an operation without an answer is sent once more, after reads have shown that it did not do its work.
const UNANSWERED: u32 = 1;
/// How long a step waits for a sibling to land before it tries again anyway.
const SIBLING: Duration = Duration::from_secs(60);

/// What all units of a run share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) provider: Arc<Paced>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stack: StackId,
    pub(crate) nonce: String,
    pub(crate) ledger: Arc<IndexMap<Address, LedgerEntry>>,
    pub(crate) allow_replace: BTreeSet<Address>,
    pub(crate) redactor: Redactor,
    /// How many steps the run has.
    pub(crate) steps: usize,
    /// What runs flows.
    pub(crate) flows: FlowSupport,
    /// Looks for what flows declare.
    pub(crate) finder: Finder,
    /// True if what was changed may have to be undone.
    pub(crate) keeps_undo: bool,
    /// True if statements are shown before they run.
    pub(crate) shows_statements: bool,
}

impl Common {
    /// True if a part of the identifier is a secret, or is made with one by the service.
    pub(crate) fn hides(&self, identifier: &Identifier) -> bool {
        hides(&self.redactor, identifier)
    }

    /// A target as it is written down.
    pub(crate) fn written(&self, target: &Target) -> Target {
        let shown = |text: &String| !self.redactor.is_in(text);
        Target { role_arn: target.role_arn.clone().filter(shown), ..target.clone() }
    }
}

/// True if a part of the identifier is a secret, or is made with one.
pub(crate) fn hides(redactor: &Redactor, identifier: &Identifier) -> bool {
    identifier.parts.iter().any(|(_, value)| redactor.is_in(value))
}

/// What a unit is to do.
pub(crate) enum Work {
    /// Make it as wanted.
    Put(Box<Wanted>),
    /// Remove it.
    Delete,
    /// Send this patch: the undoing of a change.
    Restore(Json),
    /// Let its statements run.
    Flow(Box<Flow>),
}

/// What a unit tells the dispatcher.
pub(crate) enum Message {
    /// To be written down before the unit goes on.
    Record { record: Record, written: oneshot::Sender<Result<(), NotWritten>> },
    /// To be shown.
    Event(EventKind),
}

/// The journal did not take a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotWritten;

/// How a unit ended.
pub(crate) enum End {
    /// As wanted, and seen to be.
    Done(Box<Done>),
    /// Not as wanted.
    Failed(Box<Failed>),
    /// Delete only: others have to go first. With what it takes to go on later.
    Requeue(Box<Requeued>),
    /// Nothing was sent, because the run is stopping.
    NotBegun,
}

/// What a unit did.
pub(crate) struct Done {
    pub(crate) verb: Option<Verb>,
    pub(crate) identifier: Option<Identifier>,
    /// True if the identifier comes from a secret.
    pub(crate) masked: bool,
    pub(crate) output: Option<Output>,
    pub(crate) residue: Vec<Change>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) note: &'static str,
    /// True if an operation of this run did it.
    pub(crate) changed: bool,
    /// What would undo it.
    pub(crate) inverse: Option<Inverse>,
    /// The operations of a flow, oldest first.
    pub(crate) made: Vec<Made>,
    pub(crate) polls: u32,
}

/// One operation of a flow that may have to be undone.
pub(crate) struct Made {
    pub(crate) identifier: Identifier,
    pub(crate) inverse: Inverse,
    /// The how-manieth operation of its step.
    pub(crate) number: u32,
    /// What it was about.
    pub(crate) of: (Arc<Planned>, Arc<ResourceSchema>),
}

/// What a unit failed at.
pub(crate) struct Failed {
    pub(crate) verb: Option<Verb>,
    pub(crate) code: String,
    pub(crate) diagnostic: Diagnostic,
    pub(crate) aftermath: Aftermath,
    /// What a flow had done before.
    pub(crate) made: Vec<Made>,
}

/// What a failed step leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Aftermath {
    /// Nothing was sent, or everything is as before.
    Unchanged,
    /// Nothing was changed, because another operation holds the resource.
    Busy,
    /// Something was changed, or may have been.
    Changed,
    /// A create failed and left this, made by the operation that failed.
    Part(Identifier),
    /// The operation may still be running.
    Unknown(Option<RequestToken>),
}

/// A delete that waits for others.
pub(crate) struct Requeued {
    pub(crate) step: StepId,
    pub(crate) failed: Failed,
    pub(crate) next_round: u32,
}

/// A step at work.
pub(crate) struct Unit {
    pub(crate) common: Arc<Common>,
    pub(crate) step: StepId,
    pub(crate) planned: Arc<Planned>,
    pub(crate) schema: Arc<ResourceSchema>,
    pub(crate) tell: mpsc::UnboundedSender<Message>,
    /// True once nothing new may start.
    pub(crate) stopping: watch::Receiver<bool>,
    /// True once what flies must end at once.
    pub(crate) leaving: watch::Receiver<bool>,
    /// How many units of the run have ended.
    pub(crate) landed: watch::Receiver<u64>,
    pub(crate) began: Instant,
    /// When this run last changed something that the step depends on.
    pub(crate) fresh: Option<Instant>,
    /// The how-manieth started step this is.
    pub(crate) number: usize,
    /// True for the undoing of an earlier step.
    pub(crate) undo: bool,
    /// The next round.
    pub(crate) round: u32,
    /// The how-manieth operation of the step it is at.
    pub(crate) number_in_step: u32,
    /// The operation of a flow that was tried last.
    pub(crate) turned: Option<u32>,
    pub(crate) tried: Tried,
    pub(crate) polls: u32,
    /// `lifecycle.timeout`.
    pub(crate) timeout: Option<Duration>,
    /// The resource that the step works on, as far as its identifier is known. For a replacement the new one.
    pub(crate) own: Option<Identifier>,
    /// True if the identifier comes from a secret.
    pub(crate) masked: bool,
    /// What undoes the first operation of this step.
    pub(crate) inverse: Option<Inverse>,
    /// True once a round did a part of its work although it failed, or may have: the next one starts from there.
    pub(crate) has_begun: bool,
    pub(crate) watch: Arc<Watch>,
}

impl Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").field("step", &self.step).field("round", &self.round).finish_non_exhaustive()
    }
}

/// Shows waits inside calls, and adds up those that no deadline may count.
pub(crate) struct Watch {
    step: StepId,
    tell: mpsc::UnboundedSender<Message>,
    stopping: watch::Receiver<bool>,
    throttled_ms: AtomicU64,
}

impl Watch {
    pub(crate) fn new(
        step: StepId,
        tell: mpsc::UnboundedSender<Message>,
        stopping: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self { step, tell, stopping, throttled_ms: AtomicU64::new(0) })
    }
}

impl OnWait for Watch {
    fn stopping(&self) -> Option<watch::Receiver<bool>> {
        Some(self.stopping.clone())
    }

    fn throttled(&self) -> Duration {
        Duration::from_millis(self.throttled_ms.load(Ordering::Relaxed))
    }

    fn on_wait(&self, wait: &Wait) {
        if wait.is_throttling() {
            self.throttled_ms.fetch_add(millis(wait.delay()), Ordering::Relaxed);
        }
        let (why, detail) = match wait {
            // Our own pacing is the normal course, not news.
            Wait::Pacing(_) => return,
            Wait::Throttled { code, limit, .. } if *limit > 0.0 => {
                (WaitReason::Throttled, format!("{code}, limit now {limit:.1}/s"))
            }
            Wait::Throttled { code, .. } => (WaitReason::Throttled, code.clone()),
            Wait::Repeat { code, .. } => (WaitReason::Retry, code.clone()),
        };
        // A dispatcher that is gone wants no events.
        let _ = self.tell.send(Message::Event(EventKind::OpWait {
            step: self.step.clone(),
            why,
            delay: wait.delay(),
            detail,
        }));
    }
}

/// The run is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopping;

impl Unit {
    /// Does the step's work.
    pub(crate) async fn run(self, work: Work) -> End {
        match work {
            Work::Put(wanted) => self.put(&wanted).await,
            Work::Delete => self.delete().await,
            Work::Restore(patch) => self.restore(patch).await,
            Work::Flow(flow) => self.flow(&flow).await,
        }
    }

    async fn write(&self, record: Record) -> Result<(), NotWritten> {
        let (written, answer) = oneshot::channel();
        self.tell.send(Message::Record { record, written }).map_err(|_| NotWritten)?;
        answer.await.unwrap_or(Err(NotWritten))
    }

    /// Writes what only speeds up the next run. If it is not written, the dispatcher has said so, and what flies is
    /// seen to its end all the same.
    async fn note(&self, record: Record) {
        if self.write(record).await == Err(NotWritten) {
            tracing::debug!(step = %self.step, "the journal did not take a record");
        }
    }

    fn show(&self, kind: EventKind) {
        // A dispatcher that is gone wants no events.
        let _ = self.tell.send(Message::Event(kind));
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits before another try; ends at once when the run is stopping.
    async fn pause(&mut self, after: Duration, why: WaitReason, detail: String) -> Result<(), Stopping> {
        self.show(EventKind::OpWait { step: self.step.clone(), why, delay: after, detail });
        tokio::select! {
            biased;
            // An error means that the dispatcher is gone, which stops everything too.
            _ = self.stopping.wait_for(|stopping| *stopping) => Err(Stopping),
            () = sleep(after) => Ok(()),
        }
    }

    /// Waits until another unit of the run has ended, at most for a while. True if others fly at all.
    async fn yield_to_others(&mut self, at_most: Duration, detail: String) -> Result<bool, Stopping> {
        if self.common.provider.in_flight(&self.planned.target) == 0 {
            return Ok(false);
        }
        self.landed.borrow_and_update();
        let why = WaitReason::Busy;
        self.show(EventKind::OpWait { step: self.step.clone(), why, delay: at_most, detail });
        tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Err(Stopping),
            // An error means that the dispatcher is gone, which stops everything too.
            changed = self.landed.changed() => changed.map(|()| true).map_err(|_| Stopping),
            () = sleep(at_most) => Ok(true),
        }
    }

    /// Waits as a verdict says, so that the next round may begin.
    async fn wait_for(&mut self, verdict: Verdict, verb: Verb, failure: &Failure) -> Result<(), Stopping> {
        match verdict {
            Verdict::Again { after, why } => {
                // Siblings under one parent exclude each other (trap 88): the one that lands makes room.
                if failure.kind == FailureKind::Conflict
                    && self.tried.may_yield()
                    && self.yield_to_others(after.max(SIBLING), failure.code.clone()).await?
                {
                    self.tried.yielded();
                    return Ok(());
                }
                self.pause(after, why, failure.code.clone()).await
            }
            Verdict::Follow => self.follow(verb, failure.blocked_by.clone()).await,
            Verdict::Exists | Verdict::Vanished | Verdict::Requeue | Verdict::Final => Err(Stopping),
        }
    }

    /// How an identifier is written down.
    fn named(&self, identifier: Option<&Identifier>) -> Named {
        match identifier {
            None => Named::Unknown,
            Some(identifier) if self.hides(identifier) => Named::Masked,
            Some(identifier) => Named::Clear(identifier.clone()),
        }
    }

    /// How an identifier is shown.
    fn shown(&self, identifier: Option<&Identifier>) -> Option<String> {
        identifier.map(|identifier| shown(identifier, self.hides(identifier)))
    }

    /// True if the identifier comes from a secret.
    fn hides(&self, identifier: &Identifier) -> bool {
        self.masked || self.common.hides(identifier)
    }

    /// The end of an operation of which nobody knows what became.
    fn nobody_knows(&self, verb: Verb, request: Option<RequestToken>, failure: &Failure) -> End {
        let problem = self.unknown_end(verb, request.as_ref(), failure);
        self.failed(Some(verb), &failure.code, problem, Aftermath::Unknown(request))
    }

    fn failed(&self, verb: Option<Verb>, code: &str, diagnostic: Diagnostic, aftermath: Aftermath) -> End {
        End::Failed(Box::new(Failed { verb, code: code.to_owned(), diagnostic, aftermath, made: Vec::new() }))
    }
}

/// An identifier for people.
pub(crate) fn shown(identifier: &Identifier, masked: bool) -> String {
    if masked { MARK.to_owned() } else { identifier.to_string() }
}

/// The resource that a step works on, as far as its identifier is known before.
pub(crate) fn own_identifier(
    part: StepPart,
    planned: &Planned,
    wanted: Option<&Wanted>,
    schema: &ResourceSchema,
) -> Option<Identifier> {
    let declared = wanted.and_then(|wanted| match from_props(&schema.primary_identifier, &wanted.props) {
        FromProps::Known(parts) => Some(Identifier { parts }),
        FromProps::Waiting(_) | FromProps::Missing(_) => None,
    });
    // The plan of a replacement names the old resource.
    let replaces = part == StepPart::Put && matches!(planned.action, Action::Replace(_));
    if replaces { declared } else { planned.identifier.clone().or(declared) }
}

/// True if the identifier of a resource is made of secret values, so that it must be written nowhere.
pub(crate) fn comes_from_secret(wanted: &Wanted, schema: &ResourceSchema) -> bool {
    let parts = schema.primary_identifier.iter().filter_map(stack_core::pointer::PropertyPath::as_pointer);
    wanted.identifier.as_ref().is_some_and(Value::has_secret)
        || parts.filter_map(|at| wanted.props.at(&at)).any(Value::has_secret)
}

/// The identifier that an operation names.
fn target_of(operation: &Operation) -> Option<&Identifier> {
    match operation {
        Operation::Create { .. } => None,
        Operation::Update { identifier, .. } | Operation::Delete { identifier, .. } => Some(identifier),
    }
}
