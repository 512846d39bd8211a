//! What earlier runs left open: their operations are seen to their end before anything new is planned.

use crate::clock::until;
use crate::codes;
use crate::engine::Engine;
use crate::events::Events;
use crate::journal::{Journal, WriteError};
use crate::paced::Paced;
use crate::schedule::{Schedule, limit};
use crate::store::StoreError;
use crate::unit::{hides, same_resource};
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::event::{EventKind, WaitReason};
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{Address, RequestToken, RunId, StackId, Target};
use stack_core::journal::{Named, Record, Sent, SettledStatus, StepState};
use stack_core::observed::LedgerEntry;
use stack_core::plan::{Ownership, StepId};
use stack_core::provider::{Failure, FailureKind, Progress, Provider, Status, Verb};
use stack_core::schema::ResourceSchema;
use stack_core::tags;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Clocks of two machines agree about so well.
const SKEW_MS: i64 = 60_000;

/// What was found of earlier runs.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Closed {
    /// The runs that were open and are closed now.
    pub runs: Vec<RunId>,
    /// Operations that did not end in time: nothing may be planned over them (exit 5).
    pub open: Vec<StillOpen>,
    /// What to tell.
    pub diagnostics: Vec<Diagnostic>,
}

/// An operation of an earlier run that may still be running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillOpen {
    /// The run.
    pub run: RunId,
    /// Its step.
    pub step: StepId,
    /// The service's handle.
    pub request: RequestToken,
}

/// Why earlier runs could not be closed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// A journal does not read or cannot be written.
    #[error("cannot close an earlier run")]
    Store(#[from] StoreError),
    /// The service does not say what is in flight.
    #[error("cannot ask what an earlier run left in flight: {0}")]
    Provider(Failure),
    /// The journal does not follow its own rules: a bug.
    #[error("cannot close an earlier run: {0}")]
    Journal(String),
}

impl From<WriteError> for CloseError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => Self::Store(error),
            WriteError::Illegal(_) | WriteError::Broken => Self::Journal(error.to_string()),
        }
    }
}

/// What became of one open step.
enum Fate {
    /// The operation has ended.
    Ended(Box<Progress>),
    /// It never was at the service, or the service has forgotten it.
    NoTrace,
    /// It still runs.
    Open(RequestToken),
}

impl Engine {
    /// Sees every operation that earlier runs left open to its end, and keeps the identifiers that they made as hints.
    /// To be called with the lock held, before anything is read for a plan: what an operation in flight is about to
    /// make must not be planned as absent (DESIGN section 5).
    ///
    /// # Errors
    /// If a journal does not read, or the service cannot be asked.
    pub async fn close_unfinished(&self, events: &Events) -> Result<Closed, CloseError> {
        let mut closed = Closed::default();
        for run in self.store.unfinished()? {
            let replayed = self.store.load(&run)?;
            let journal =
                Journal::reopen(Arc::clone(&self.store), Arc::clone(&self.clock), run.clone(), replayed);
            self.close_run(run, journal, events, &mut closed).await?;
        }
        Ok(closed)
    }

    async fn close_run(
        &self,
        run: RunId,
        mut journal: Journal,
        events: &Events,
        closed: &mut Closed,
    ) -> Result<(), CloseError> {
        let open: Vec<(StepId, StepState)> = journal
            .state
            .steps
            .iter()
            .filter(|(_, state)| state.is_open())
            .map(|(step, state)| (step.clone(), state.clone()))
            .collect();
        let mut still = 0;
        let mut guessed: BTreeSet<StepId> = BTreeSet::new();
        let mut records = Records::since(&journal, &open);
        for (step, state) in &open {
            let since = journal.state.intended_at.get(step).copied().unwrap_or_default();
            let Some((sent, request)) = operation_of(state) else { continue };
            let fate = match request {
                Some(request) => self.follow(step, sent, &request, events).await?,
                None => {
                    if sent.identifier.clear().is_none() {
                        guessed.insert(step.clone());
                    }
                    self.search(step, sent, since, &mut records, events).await?
                }
            };
            let (status, identifier) = match fate {
                Fate::Open(request) => {
                    still += 1;
                    closed.diagnostics.push(still_open(&run, step, sent, &request));
                    closed.open.push(StillOpen { run: run.clone(), step: step.clone(), request });
                    continue;
                }
                Fate::NoTrace => (SettledStatus::NeverSent, sent.identifier.clone()),
                Fate::Ended(progress) => {
                    if matches!(state, StepState::Intended(_)) {
                        let request = progress.request.clone();
                        journal.write(Record::Accepted { step: step.clone(), request })?;
                    }
                    let status = match progress.status {
                        Status::Success => SettledStatus::Success,
                        Status::CancelComplete => SettledStatus::Cancelled,
                        _ => SettledStatus::Failed,
                    };
                    (status, self.named(sent, &progress))
                }
            };
            journal.write(Record::Settled { step: step.clone(), status, identifier })?;
        }
        self.keep_hints(&journal, &guessed, closed).await?;
        if still == 0 {
            journal.write(Record::Ended { how: "closed".to_owned() })?;
            let operations = open.len();
            let mut note = Diagnostic::warning(
                codes::EARLIER_CLOSED,
                format!("run {run} had not ended; it is closed now"),
            )
            .note("operations", format!("{operations} were looked into, none is in flight any more"));
            note.severity = Severity::Note;
            closed.diagnostics.push(note);
            closed.runs.push(run);
        }
        Ok(())
    }

    /// Asks for the state of a known operation until it is final.
    async fn follow(
        &self,
        step: &StepId,
        sent: &Sent,
        request: &RequestToken,
        events: &Events,
    ) -> Result<Fate, CloseError> {
        let provider: &Paced = &self.provider;
        let patience = self.schemas.schema(&sent.ty).map_or_else(
            |_| Duration::from_secs(132 * 60),
            |schema: Arc<ResourceSchema>| limit(&schema, sent.verb, None),
        );
        let began = Instant::now();
        let mut schedule = Schedule::default();
        let mut failures = 0;
        loop {
            let ahead = match provider.poll(&sent.target, request).await {
                Ok(progress) if progress.status.is_terminal() => return Ok(Fate::Ended(Box::new(progress))),
                Ok(progress) => {
                    failures = 0;
                    progress.retry_after.map_or(Duration::ZERO, |at| until(at, self.clock.now_ms()))
                }
                // Older than seven days: whatever it did is done.
                Err(failure) if failure.kind == FailureKind::RequestUnknown => return Ok(Fate::NoTrace),
                Err(failure) => {
                    failures += 1;
                    if failures > 5 {
                        return Err(CloseError::Provider(failure));
                    }
                    Duration::ZERO
                }
            };
            if began.elapsed() >= patience {
                return Ok(Fate::Open(request.clone()));
            }
            let delay = schedule.next(began.elapsed(), ahead, provider.jitter());
            let detail = format!("{} of an earlier run, request {request}", sent.verb);
            events.emit(EventKind::OpWait { step: step.clone(), why: WaitReason::Busy, delay, detail });
            sleep(delay).await;
        }
    }

    /// Looks for an operation that was about to be sent among the service's records of that time.
    async fn search(
        &self,
        step: &StepId,
        sent: &Sent,
        since_ms: i64,
        records: &mut Records,
        events: &Events,
    ) -> Result<Fate, CloseError> {
        let since = since_ms - SKEW_MS;
        let all = records.of(&self.provider, &sent.target).await.map_err(CloseError::Provider)?;
        let ours = sent.identifier.clear();
        let candidates: Vec<Progress> = all
            .iter()
            .filter(|progress| {
                progress.ty.as_ref() == Some(&sent.ty)
                    && progress.verb == Some(sent.verb)
                    && progress.at.is_none_or(|at| at >= since)
                    && same_resource(progress.identifier.as_deref(), ours)
            })
            .cloned()
            .collect();
        // Whatever may be ours and still runs is waited for, so that no plan is made over it.
        let mut ended = Vec::new();
        for candidate in candidates {
            if candidate.status.is_terminal() {
                ended.push(candidate);
                continue;
            }
            match self.follow(step, sent, &candidate.request, events).await? {
                Fate::Ended(progress) => ended.push(*progress),
                Fate::NoTrace => {}
                open @ Fate::Open(_) => return Ok(open),
            }
        }
        // Two that fit are nobody's: reads will tell what is there.
        match (ended.pop(), ended.is_empty()) {
            (Some(one), true) => Ok(Fate::Ended(Box::new(one))),
            _ => Ok(Fate::NoTrace),
        }
    }

    fn named(&self, sent: &Sent, progress: &Progress) -> Named {
        if sent.identifier == Named::Masked {
            return Named::Masked;
        }
        let told = progress.identifier.as_deref().filter(|text| !text.is_empty()).and_then(|text| {
            let schema = self.schemas.schema(&sent.ty).ok()?;
            Identifier::parse(&schema, text)
        });
        match told {
            Some(identifier) if hides(&self.resolver.redactor(), &identifier) => Named::Masked,
            Some(identifier) => Named::Clear(identifier),
            None => sent.identifier.clone(),
        }
    }

    /// Puts what an earlier run made into the ledger, where the run could not do it itself.
    /// `guessed`: steps whose operation was found by type and time alone.
    async fn keep_hints(
        &self,
        journal: &Journal,
        guessed: &BTreeSet<StepId>,
        closed: &mut Closed,
    ) -> Result<(), CloseError> {
        let mut hints: IndexMap<Address, Option<LedgerEntry>> = IndexMap::new();
        let Some(begun) = &journal.state.started else { return Ok(()) };
        for (step, state) in &journal.state.steps {
            let (sent, named) = match state {
                StepState::Verified(Some((sent, named))) => (sent, named),
                StepState::Settled { sent, status: SettledStatus::Success, identifier, .. } => {
                    (sent, identifier)
                }
                _ => continue,
            };
            let (Verb::Create, false, Some(identifier)) = (sent.verb, sent.undo, named.clear()) else {
                continue;
            };
            if !guessed.contains(step) || self.carries_our_tags(step, sent, identifier, &begun.stack).await {
                let entry = LedgerEntry {
                    ty: sent.ty.clone(),
                    target: sent.target.clone(),
                    identifier: identifier.clone(),
                };
                hints.insert(step.address.clone(), Some(entry));
            } else {
                closed.diagnostics.push(
                    Diagnostic::warning(
                        codes::EARLIER_CLOSED,
                        format!("an earlier run may have made {} for {}", identifier, step.address),
                    )
                    .next(format!("if it is yours, write `identifier: {identifier}` for {}", step.address)),
                );
            }
        }
        let hints: Vec<_> = hints.into_iter().collect();
        Ok(self.store.put_ledger(&hints)?)
    }

    /// True if the resource carries the marks of this stack and of this address.
    async fn carries_our_tags(
        &self,
        step: &StepId,
        sent: &Sent,
        identifier: &Identifier,
        stack: &StackId,
    ) -> bool {
        let Ok(schema) = self.schemas.schema(&sent.ty) else { return false };
        let key = Key::Primary(identifier.clone());
        match self.provider.read(&sent.target, &sent.ty, &key).await {
            Ok(Some(found)) => {
                let is_named = tags::of_model(&schema, &found.model).iter().any(|(key, value)| {
                    *key == tags::RESOURCE_NAME && *value == tags::mark_of(step.address.as_str())
                });
                is_named && tags::ownership(&schema, &found.model, stack, true) == Ownership::Ours
            }
            Ok(None) | Err(_) => false,
        }
    }
}

/// The service's records of a run's time, read once per place.
struct Records {
    since_ms: i64,
    read: HashMap<Target, Vec<Progress>>,
}

impl Records {
    /// Records since the first intent of an open step.
    fn since(journal: &Journal, open: &[(StepId, StepState)]) -> Self {
        let times = open.iter().filter_map(|(step, _)| journal.state.intended_at.get(step)).copied();
        Self { since_ms: times.min().unwrap_or_default() - SKEW_MS, read: HashMap::new() }
    }

    async fn of(&mut self, provider: &Paced, at: &Target) -> Result<&[Progress], Failure> {
        let since = self.since_ms;
        match self.read.entry(at.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let newest_first =
                    |page: &[Progress]| page.last().is_none_or(|p| p.at.is_none_or(|at| at >= since));
                Ok(free.insert(provider.all_requests(at, false, newest_first).await?))
            }
        }
    }
}

/// The operation of an open step, with its handle if there is one.
fn operation_of(state: &StepState) -> Option<(&Sent, Option<RequestToken>)> {
    match state {
        StepState::Intended(sent) => Some((sent, None)),
        StepState::Accepted(sent, request) => Some((sent, Some(request.clone()))),
        StepState::Settled { sent, request, .. } => Some((sent, request.clone())),
        StepState::Idle | StepState::Verified(_) | StepState::Failed(_) => None,
    }
}

fn still_open(run: &RunId, step: &StepId, sent: &Sent, request: &RequestToken) -> Diagnostic {
    Diagnostic::error(
        codes::EARLIER_OPEN,
        format!("the {} of {} that run {run} began is still in flight", sent.verb, step.address),
    )
    .note("request", request.as_str())
    .next("wait until it has ended, then run the same command again")
}
