//! What earlier runs left open: their operations are seen to their end before anything new is planned.

use crate::clock::until;
use crate::codes;
use crate::engine::Engine;
use crate::events::Events;
use crate::journal::{Journal, WriteError};
use crate::paced::{Paced, Unwatched};
use crate::schedule::{Schedule, limit};
use crate::store::StoreError;
use crate::unit::{After, hides, same_resource, until_gone};
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
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Clocks of two machines agree about so well.
const SKEW_MS: i64 = 60_000;

/// Services without records show what they did within seconds (confluent.md section 7).
const SHOWS: Duration = Duration::from_secs(15);

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

/// What operations made that were found by type and time alone.
type Guesses = IndexMap<StepId, Vec<Identifier>>;

/// What became of one open step.
enum Fate {
    /// The operation has ended.
    Ended(Box<Progress>),
    /// It never was at the service, or the service has forgotten it.
    NoTrace,
    /// One of these, which have ended, or none.
    OneOf(Vec<Progress>),
    /// The service keeps no records, so that what is there has to say it: the reads of the next plan.
    Unanswered,
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
        let mut guesses = Guesses::new();
        let mut records = Records::since(&journal, &open);
        for (step, state) in &open {
            let since = journal.state.intended_at.get(step).copied().unwrap_or_default();
            let Some((sent, request)) = operation_of(state) else { continue };
            let is_known = request.is_some() || sent.identifier.clear().is_some();
            let fate = match request {
                Some(request) => self.follow(step, sent, &request, events).await?,
                None => self.search(step, sent, since, &mut records, events).await?,
            };
            let guess: Vec<Identifier> = match &fate {
                Fate::Ended(one) if !is_known => self.made_by(sent, std::slice::from_ref(&**one)),
                Fate::OneOf(all) => self.made_by(sent, all),
                Fate::Ended(_) | Fate::NoTrace | Fate::Unanswered | Fate::Open(_) => Vec::new(),
            };
            if !guess.is_empty() {
                guesses.insert(step.clone(), guess);
            }
            let (status, identifier) = match fate {
                Fate::Open(request) => {
                    still += 1;
                    closed.diagnostics.push(still_open(&run, step, sent, &request));
                    closed.open.push(StillOpen { run: run.clone(), step: step.clone(), request });
                    continue;
                }
                Fate::NoTrace | Fate::OneOf(_) => (SettledStatus::NeverSent, sent.identifier.clone()),
                Fate::Unanswered if self.is_gone(step, sent, since, events).await => {
                    (SettledStatus::Success, sent.identifier.clone())
                }
                Fate::Unanswered => {
                    journal.write(Record::Failed { step: step.clone(), code: "Unanswered".to_owned() })?;
                    continue;
                }
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
        self.keep_hints(&journal, &guesses, closed).await?;
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

    /// Gives an operation without an answer the time to show. True if it was a delete, and what it named is gone.
    async fn is_gone(&self, step: &StepId, sent: &Sent, since_ms: i64, events: &Events) -> bool {
        let old = self.clock.now_ms().saturating_sub(since_ms);
        let young = SHOWS.saturating_sub(Duration::from_millis(u64::try_from(old).unwrap_or_default()));
        if !young.is_zero() {
            let detail = format!("{} of an earlier run, which had no answer", sent.verb);
            events.emit(EventKind::OpWait {
                step: step.clone(),
                why: WaitReason::Busy,
                delay: young,
                detail,
            });
            sleep(young).await;
        }
        let (Verb::Delete, Some(identifier)) = (sent.verb, sent.identifier.clear()) else { return false };
        let Ok(schema) = self.schemas.schema(&sent.ty) else { return false };
        let seen = until_gone(&self.provider, &sent.target, &schema, identifier, &Unwatched).await;
        matches!(seen, After::Gone(_))
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
        if !self.provider.keeps_requests(&sent.ty) {
            return Ok(Fate::Unanswered);
        }
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
                Fate::NoTrace | Fate::OneOf(_) | Fate::Unanswered => {}
                open @ Fate::Open(_) => return Ok(open),
            }
        }
        // Two that fit are nobody's: reads will tell what is there.
        match (ended.pop(), ended.is_empty()) {
            (Some(one), true) => Ok(Fate::Ended(Box::new(one))),
            (Some(one), false) => Ok(Fate::OneOf(ended.into_iter().chain([one]).collect())),
            (None, _) => Ok(Fate::NoTrace),
        }
    }

    /// What the operations made, as far as it may be written down.
    fn made_by(&self, sent: &Sent, ended: &[Progress]) -> Vec<Identifier> {
        let done = ended.iter().filter(|progress| progress.status == Status::Success);
        done.filter_map(|progress| self.named(sent, progress).clear().cloned()).collect()
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
    /// `guesses`: what operations made that were found by type and time alone.
    async fn keep_hints(
        &self,
        journal: &Journal,
        guesses: &Guesses,
        closed: &mut Closed,
    ) -> Result<(), CloseError> {
        let mut hints: IndexMap<Address, Option<LedgerEntry>> = IndexMap::new();
        let Some(begun) = &journal.state.started else { return Ok(()) };
        for (step, made) in &journal.state.made {
            let guess = guesses.get(step).map_or(&[][..], Vec::as_slice);
            // What a step made first is what the others of it hang on.
            let mut certain = made.iter().filter(|made| !guess.contains(&made.identifier));
            if let Some(first) = certain.next() {
                hints.insert(step.address.clone(), Some(first.clone()));
            }
        }
        for (step, guess) in guesses {
            let Some((sent, _)) = journal.state.steps.get(step).and_then(operation_of) else { continue };
            let (Verb::Create, false, Some((first, rest))) = (sent.verb, sent.undo, guess.split_first())
            else {
                continue;
            };
            if hints.contains_key(&step.address) {
                continue;
            }
            let mut entry = LedgerEntry::of(sent.ty.clone(), sent.target.clone(), first.clone());
            entry.made_at = Some(self.clock.now_ms());
            if !(rest.is_empty() && self.carries_our_tags(step, sent, first, &begun.stack).await) {
                (entry.guessed, entry.or) = (true, rest.to_vec());
                let names: Vec<String> = guess.iter().map(ToString::to_string).collect();
                closed.diagnostics.push(
                    Diagnostic::warning(
                        codes::EARLIER_CLOSED,
                        format!("an earlier run may have made {} for {}", names.join(" or "), step.address),
                    )
                    .next(format!("if it is yours, write `identifier: {first}` for {}", step.address)),
                );
            }
            hints.insert(step.address.clone(), Some(entry));
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
