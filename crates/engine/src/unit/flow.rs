//! A resource whose own statements rule, at work: its operations go through the journal and are seen to their end like all
//! others.

use super::operation::{self, Trouble};
use super::{
    After, Aftermath, Done, End, Failed, Made, Message, Stopping as UnitStopping, Unit, shown, target_of,
};
use crate::flows::Until;
use crate::inverse::{Inverse, inverse};
use crate::verdict::Verdict;
use async_trait::async_trait;
use stack_core::desired::{Adopt, Output, Wanted};
use stack_core::diagnostic::Diagnostic;
use stack_core::event::{EventKind, WaitReason};
use stack_core::flow::{FindError, Flow, FlowEnd, Host, Order, Performed, Shelled, Stopping, Told};
use stack_core::identity::Identifier;
use stack_core::ids::RequestToken;
use stack_core::journal::Record;
use stack_core::plan::{Planned, StepPart};
use stack_core::planner;
use stack_core::provider::{Failure, FailureKind, Found, Operation, Provider, Verb};
use stack_core::redact::MARK;
use stack_core::value::Value;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often a delete waits for others that are still in the way.
const IN_USE: u32 = 6;
/// How long each time.
const IN_USE_WAIT: Duration = Duration::from_secs(10);

/// What a flow has done so far.
#[derive(Default)]
struct Account {
    changed: bool,
    busy: bool,
    unknown: Option<Option<RequestToken>>,
    made: Vec<Made>,
    identifier: Option<Identifier>,
    polls: u32,
}

/// What a flow may do while it runs.
struct FlowHost {
    unit: tokio::sync::Mutex<Unit>,
    provider: Arc<crate::paced::Paced>,
    common: Arc<super::Common>,
    step: stack_core::plan::StepId,
    tell: tokio::sync::mpsc::UnboundedSender<Message>,
    stopping: watch::Receiver<bool>,
    leaving: watch::Receiver<bool>,
    /// `lifecycle.timeout`, for commands.
    limit: Option<Duration>,
    /// `lifecycle.adopt`
    adopt: Adopt,
    account: Mutex<Account>,
}

impl Debug for FlowHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowHost").field("step", &self.step).finish_non_exhaustive()
    }
}

impl Unit {
    /// Lets a flow do its work.
    pub(super) async fn flow(self, flow: &Flow) -> End {
        let part = self.step.part;
        let flows = Arc::clone(&self.common.flows.flows);
        let host = FlowHost {
            provider: Arc::clone(&self.common.provider),
            common: Arc::clone(&self.common),
            step: self.step.clone(),
            tell: self.tell.clone(),
            stopping: self.stopping.clone(),
            leaving: self.leaving.clone(),
            limit: self.timeout,
            adopt: flow.lifecycle.adopt,
            account: Mutex::default(),
            unit: tokio::sync::Mutex::new(self),
        };
        let end = match part {
            StepPart::Put => flows.put(flow, &host).await,
            StepPart::Delete => flows.delete(flow, &host).await,
        };
        host.ended(flow, end).await
    }

    /// Makes the unit ready for the next operation of a flow.
    fn turn_to(&mut self, order: &Order<'_>) {
        let verb = order.operation.verb();
        let planned = Planned {
            ty: order.operation.ty().clone(),
            declared_type: order.operation.ty().to_string(),
            target: order.at.clone(),
            client_tokens: order.token.map(|token| (verb, token.clone())).into_iter().collect(),
            live: None,
            desired: None,
            ..Planned::clone(&self.planned)
        };
        self.planned = Arc::new(planned);
        self.schema = Arc::clone(order.schema);
        self.own = target_of(order.operation).cloned();
        // What was refused is tried again in the next round: its token may be used up.
        if self.turned != Some(order.number) {
            self.round = 0;
        }
        self.turned = Some(order.number);
        self.number_in_step = order.number;
        self.tried = crate::verdict::Tried::default();
        self.inverse = None;
    }

    /// Waits until another try may begin. False if there is to be none.
    async fn may_try_again(&mut self, verb: Verb, trouble: &Trouble, in_use: &mut u32) -> bool {
        let failure = &trouble.failure;
        let transience = self.common.provider.transience(&failure.message);
        let since_change = self.fresh.map(|at| at.elapsed());
        let jitter = self.common.provider.jitter();
        let verdict = self.tried.verdict(verb, failure, transience, since_change, jitter);
        let waited = match verdict {
            Verdict::Again { .. } | Verdict::Follow => self.wait_for(verdict, verb, failure).await,
            Verdict::Requeue if *in_use < IN_USE => {
                *in_use += 1;
                self.pause(IN_USE_WAIT, WaitReason::InUse, failure.code.clone()).await
            }
            Verdict::Requeue | Verdict::Exists | Verdict::Vanished | Verdict::Final => Err(UnitStopping),
        };
        if waited.is_err() {
            return false;
        }
        // A create that was accepted and then failed may have left its resource: a second one would make another. What
        // it left can only be looked for by the name that the service told.
        match (verb, &trouble.identifier) {
            (Verb::Create, Some(left)) => matches!(self.read(left).await, Ok(None)),
            (Verb::Create, None) => trouble.ticket.is_none(),
            _ => true,
        }
    }

    /// The model before an update, where the run may have to undo it.
    async fn before(&self, operation: &Operation) -> Option<Inverse> {
        match operation {
            Operation::Create { .. } => Some(Inverse::Delete),
            Operation::Delete { .. } => None,
            Operation::Update { identifier, patch, .. } => {
                if !self.common.keeps_undo {
                    return None;
                }
                let found = self.read(identifier).await.ok().flatten()?;
                Some(inverse(patch, &found.model, &self.schema))
            }
        }
    }
}

impl FlowHost {
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why an operation must not be sent that names another resource than the checks have found: it is another stack's, or
    /// nobody knows whose it is.
    async fn refusal(&self, unit: &Unit, target: &Identifier) -> Option<Failure> {
        match unit.read(target).await {
            Ok(found) => {
                let whose = planner::stranger(&unit.schema, &found?.model, &self.common.stack, self.adopt)?;
                let words =
                    format!("{} belongs to {whose}, so nothing was sent", shown(target, unit.hides(target)));
                Some(Failure::new(FailureKind::Invalid, "NotOurs", words))
            }
            Err(failure) if failure.kind == FailureKind::Unsupported => None,
            // What carries no tags shows no owner to those who may read it either.
            Err(failure) if failure.kind == FailureKind::Denied && unit.schema.tag_property().is_none() => {
                None
            }
            Err(failure) => Some(failure),
        }
    }

    fn show(&self, kind: EventKind) {
        // A dispatcher that is gone wants no events.
        let _ = self.tell.send(Message::Event(kind));
    }

    /// The end of the step, from the end of the flow and what it did.
    async fn ended(self, flow: &Flow, end: FlowEnd) -> End {
        let account = self.account.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unit = self.unit.into_inner();
        let changed = account.changed || account.unknown.is_some();
        match end {
            FlowEnd::Done { exports, verb, identifier, warnings } => {
                // The flow knows the secrets of its own statements, the run those of all resources.
                let redactor = &unit.common.redactor;
                let warnings = warnings.into_iter().map(|warning| redactor.diagnostic(warning)).collect();
                unit.note(Record::Verified { step: unit.step.clone() }).await;
                let identifier = identifier.or(account.identifier);
                let output =
                    Output { model: Value::Object(exports), schema: Arc::clone(&flow.schema), gone: false };
                End::Done(Box::new(Done {
                    verb,
                    masked: identifier.as_ref().is_some_and(|id| unit.common.hides(id)),
                    identifier,
                    output: (unit.step.part == StepPart::Put).then_some(output),
                    residue: Vec::new(),
                    warnings,
                    note: "",
                    changed,
                    inverse: None,
                    made: account.made,
                    polls: account.polls,
                }))
            }
            FlowEnd::Stopped if !changed => End::NotBegun,
            FlowEnd::Stopped => {
                let message = format!("{} was stopped between two of its statements", unit.step);
                let problem = Diagnostic::error(crate::codes::FLOW_STOPPED, message)
                    .at(unit.planned.sources.resource.clone(), "")
                    .next("run the same command again");
                unit.fail_record("Stopped").await;
                failed(None, problem, Aftermath::Changed, account.made)
            }
            FlowEnd::Failed { verb, diagnostic } => {
                let diagnostic = unit.common.redactor.diagnostic(*diagnostic);
                let aftermath = match account.unknown {
                    Some(request) => Aftermath::Unknown(request),
                    None if account.changed => Aftermath::Changed,
                    None if account.busy => Aftermath::Busy,
                    None => Aftermath::Unchanged,
                };
                if !matches!(aftermath, Aftermath::Unknown(_)) {
                    unit.fail_record(&diagnostic.code.to_string()).await;
                }
                failed(verb, diagnostic, aftermath, account.made)
            }
        }
    }
}

fn failed(verb: Option<Verb>, diagnostic: Diagnostic, aftermath: Aftermath, made: Vec<Made>) -> End {
    let code = diagnostic.code.to_string();
    End::Failed(Box::new(Failed { verb, code, diagnostic, aftermath, made }))
}

#[async_trait]
impl Host for FlowHost {
    fn cloud(&self) -> &dyn Provider {
        &*self.provider
    }

    async fn made(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
        self.common.finder.made(of).await
    }

    async fn find(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
        self.common.finder.find(of).await
    }

    async fn perform(&self, order: Order<'_>) -> Performed {
        let mut unit = self.unit.lock().await;
        let verb = order.operation.verb();
        unit.turn_to(&order);
        if let (true, Some(target)) = (order.is_stray, target_of(order.operation))
            && let Some(refusal) = self.refusal(&unit, target).await
        {
            return Performed::Failed(None, Box::new(refusal));
        }
        let undo = unit.before(order.operation).await;
        let polls = unit.polls;
        let mut in_use = 0;
        let performed = loop {
            match unit.perform(order.operation).await {
                operation::Performed::Success { identifier, ended, .. } => {
                    let mut account = self.account();
                    account.changed = true;
                    account.identifier = identifier.clone();
                    if let (Some(identifier), Some(inverse)) = (identifier, undo) {
                        let of = (Arc::clone(&unit.planned), Arc::clone(&unit.schema));
                        account.made.push(Made { identifier, inverse, number: order.number, of });
                    }
                    break Performed::Done(ended);
                }
                operation::Performed::Unknown { request, failure } => {
                    self.account().unknown = Some(request);
                    break Performed::Unknown(None, Box::new(failure));
                }
                operation::Performed::Unanswered(trouble) => {
                    let failure = trouble.failure;
                    let deleted = trouble.identifier.filter(|_| verb == Verb::Delete);
                    if let Some(deleted) = deleted
                        && let After::Gone(_) = unit.confirm_gone(&deleted).await
                    {
                        self.account().changed = true;
                        let gone = Failure::new(FailureKind::NotFound, failure.code, failure.message);
                        break Performed::Failed(None, Box::new(gone));
                    }
                    // An update may build on what is there: whoever plans next sees whether it arrived.
                    self.account().unknown = Some(None);
                    break Performed::Unknown(None, Box::new(failure));
                }
                operation::Performed::Stopping | operation::Performed::NoJournal => break Performed::Stopped,
                operation::Performed::Trouble(trouble) => {
                    if unit.may_try_again(verb, &trouble, &mut in_use).await {
                        continue;
                    }
                    self.settle(&unit, verb, &trouble);
                    break Performed::Failed(trouble.ended, Box::new(trouble.failure));
                }
            }
        };
        self.account().polls += unit.polls - polls;
        performed
    }

    async fn pause(&self, wait: Duration, why: &str) -> Result<(), Stopping> {
        self.show(EventKind::OpWait {
            step: self.step.clone(),
            why: WaitReason::Check,
            delay: wait,
            detail: why.to_owned(),
        });
        let mut stopping = self.stopping.clone();
        tokio::select! {
            biased;
            // An error means that the dispatcher is gone, which stops everything too.
            _ = stopping.wait_for(|stopping| *stopping) => Err(Stopping),
            () = sleep(wait) => Ok(()),
        }
    }

    async fn shell(&self, text: &Value) -> Result<Shelled, String> {
        // What a command changes nobody can see or undo.
        self.account().changed = true;
        self.common.flows.shell.run(text, Until::new(self.leaving.clone(), self.limit)).await
    }

    fn tell(&self, told: Told) {
        let step = self.step.clone();
        match told {
            Told::Statement(anchor, text) => {
                if self.common.shows_statements {
                    let text = match &text {
                        Value::String(text) => self.common.redactor.text(text).into_owned(),
                        _ => MARK.to_owned(),
                    };
                    self.show(EventKind::Statement { step, anchor: anchor.to_string(), text });
                }
            }
            Told::Line(line) => {
                self.show(EventKind::Said { step, line: self.common.redactor.text(&line).into_owned() });
            }
            Told::Warning(diagnostic) => {
                let diagnostic = self.common.redactor.diagnostic(*diagnostic);
                self.show(EventKind::Diagnostic { diagnostic });
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}

impl FlowHost {
    /// Books an operation that did not succeed.
    fn settle(&self, unit: &Unit, verb: Verb, trouble: &Trouble) {
        let was_sent = trouble.ticket.is_some();
        let mut account = self.account();
        account.busy |= !was_sent && trouble.failure.kind == FailureKind::Busy;
        // What is not there, or was there before, is not changed by an attempt that says so.
        let is_harmless = matches!(trouble.failure.kind, FailureKind::NotFound | FailureKind::AlreadyExists);
        account.changed |= was_sent && !is_harmless;
        if let (Verb::Create, true, false, Some(left)) = (verb, was_sent, is_harmless, &trouble.identifier) {
            let of = (Arc::clone(&unit.planned), Arc::clone(&unit.schema));
            let number = unit.number_in_step;
            account.made.push(Made { identifier: left.clone(), inverse: Inverse::Delete, number, of });
        }
    }
}
