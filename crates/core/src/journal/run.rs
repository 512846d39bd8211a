//! A run as the fold over its journal.

use super::step::{IllegalTransition, StepState};
use super::{Entry, FORMAT, Record, SettledStatus};
use crate::ids::{RunId, StackId};
use crate::observed::LedgerEntry;
use crate::plan::{Mode, StepId};
use crate::provider::Verb;
use indexmap::IndexMap;

/// What a run has done so far: a fold over its journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    /// The first record.
    pub started: Option<Begun>,
    /// Every step that the journal names, in order of first mention.
    pub steps: IndexMap<StepId, StepState>,
    /// Wall clock of the last intent of each step, Unix milliseconds.
    pub intended_at: IndexMap<StepId, i64>,
    /// What the creates of each step made and no later operation of it removed, oldest first. A step of a flow may make
    /// several; what comes from a secret is not named.
    pub made: IndexMap<StepId, Vec<LedgerEntry>>,
    /// How it ended, if it did.
    pub ended: Option<String>,
    /// The position of the next entry.
    pub next_seq: u64,
}

/// The first record of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// The stack.
    pub stack: StackId,
    /// The plan's nonce.
    pub nonce: String,
    /// What it was for.
    pub mode: Mode,
    /// Digest of the plan.
    pub plan: String,
    /// Wall clock, Unix milliseconds.
    pub at_ms: i64,
}

/// Why an entry cannot follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A step cannot go that way.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The program is older than the journal.
    #[error("the journal has format {found}, this program reads up to {FORMAT}")]
    Format {
        /// Format of the entry.
        found: u32,
    },
    /// An entry is missing or doubled.
    #[error("entry {found} stands where entry {expected} belongs")]
    Sequence {
        /// Position that the entry claims.
        found: u64,
        /// Position that it has.
        expected: u64,
    },
    /// The run was started twice, or not at all, or goes on after its end.
    #[error("a journal begins with `started` and stops with `ended`; `{record}` is out of place")]
    Frame {
        /// The record.
        record: &'static str,
    },
}

impl RunState {
    /// Takes one entry in.
    ///
    /// # Errors
    /// If it cannot follow what is there; the state is then unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        if entry.format > FORMAT {
            return Err(ReplayError::Format { found: entry.format });
        }
        if entry.seq != self.next_seq {
            return Err(ReplayError::Sequence { found: entry.seq, expected: self.next_seq });
        }
        let record = &entry.record;
        let starts = matches!(record, Record::Started { .. });
        if self.ended.is_some() || starts == self.started.is_some() {
            return Err(ReplayError::Frame { record: record.name() });
        }
        match record {
            Record::Started { run, stack, nonce, mode, plan } => {
                self.started = Some(Begun {
                    run: run.clone(),
                    stack: stack.clone(),
                    nonce: nonce.clone(),
                    mode: *mode,
                    plan: plan.clone(),
                    at_ms: entry.at_ms,
                });
            }
            Record::Ended { how } => self.ended = Some(how.clone()),
            Record::Intent { step, .. }
            | Record::Accepted { step, .. }
            | Record::Settled { step, .. }
            | Record::Verified { step }
            | Record::Failed { step, .. } => {
                let next = self.steps.get(step).unwrap_or(&StepState::Idle).next(record)?;
                self.count(step, record, &next, entry.at_ms);
                self.steps.insert(step.clone(), next);
                if matches!(record, Record::Intent { .. }) {
                    self.intended_at.insert(step.clone(), entry.at_ms);
                }
            }
        }
        self.next_seq += 1;
        Ok(())
    }

    /// Keeps what an operation made, or forgets what it removed.
    fn count(&mut self, step: &StepId, record: &Record, next: &StepState, at_ms: i64) {
        let (sent, named) = match (record, next) {
            (
                Record::Settled { status: SettledStatus::Success, .. },
                StepState::Settled { sent, identifier, .. },
            ) => (sent, identifier),
            // A failed operation may have done its work all the same.
            (Record::Verified { .. }, StepState::Verified(Some((sent, identifier)))) => (sent, identifier),
            _ => return,
        };
        let Some(identifier) = named.clear() else { return };
        if sent.verb == Verb::Update {
            return;
        }
        let made = self.made.entry(step.clone()).or_default();
        made.retain(|one| one.ty != sent.ty || one.identifier != *identifier);
        if sent.verb == Verb::Create {
            made.push(LedgerEntry {
                made_at: Some(at_ms),
                ..LedgerEntry::of(sent.ty.clone(), sent.target.clone(), identifier.clone())
            });
        }
    }

    /// True if some operation may still be running at the service, or nobody knows how it ended.
    pub fn is_open(&self) -> bool {
        self.steps.values().any(StepState::is_open)
    }
}
