//! What a run writes down before and after each effect, and the one function that says which order is legal.
//!
//! A journal holds names, tokens and states, never a property value; an identifier that comes from a secret is
//! [`Named::Masked`]. [`StepState::next`] is used while running and on replay, so a corrupt journal is found when it is
//! loaded (architecture section 7).

use crate::identity::Identifier;
use crate::ids::{ClientToken, RequestToken, RunId, StackId, Target, TypeName};
use crate::plan::{Mode, StepId};
use crate::provider::Verb;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The format that this program writes. A reader refuses a higher one.
pub const FORMAT: u32 = 1;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`FORMAT`] at the time of writing.
    pub format: u32,
    /// Position, from 0, without gaps.
    pub seq: u64,
    /// Wall clock, Unix milliseconds.
    pub at_ms: i64,
    /// What is written down.
    pub record: Record,
}

/// What is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// The run begins. Always the first record.
    Started {
        /// The run.
        run: RunId,
        /// The stack.
        stack: StackId,
        /// The plan's nonce: 32 hexadecimal digits.
        nonce: String,
        /// What it is for.
        mode: Mode,
        /// Digest of the plan.
        plan: String,
    },
    /// An operation is about to be sent. On disk before the call.
    Intent {
        /// The step.
        step: StepId,
        /// What.
        verb: Verb,
        /// Type.
        ty: TypeName,
        /// Where.
        target: Target,
        /// To what.
        identifier: Named,
        /// The client token that is sent.
        token: ClientToken,
        /// Which try, from 0.
        round: u32,
        /// True if it undoes what the step did before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undo: bool,
        /// The how-manieth operation of the step it is, from 0. Only flows have more than one.
        #[serde(default, skip_serializing_if = "is_zero")]
        number: u32,
    },
    /// The service took the operation. On disk before the first question for its state.
    Accepted {
        /// The step.
        step: StepId,
        /// The service's handle.
        request: RequestToken,
    },
    /// The operation ended, or was given up.
    Settled {
        /// The step.
        step: StepId,
        /// How.
        status: SettledStatus,
        /// The resource.
        identifier: Named,
    },
    /// A read saw what the step wanted; also for a step that had nothing to do.
    Verified {
        /// The step.
        step: StepId,
    },
    /// The step failed for good.
    Failed {
        /// The step.
        step: StepId,
        /// Service's or our code. No words of the service: they may quote values.
        code: String,
    },
    /// The run is over. Nothing follows.
    Ended {
        /// In one word: `succeeded`, `failed`, `interrupted`, `rolled_back`, `closed`, ….
        how: String,
    },
}

impl Record {
    /// The step that the record is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::Started { .. } | Self::Ended { .. } => None,
            Self::Intent { step, .. }
            | Self::Accepted { step, .. }
            | Self::Settled { step, .. }
            | Self::Verified { step }
            | Self::Failed { step, .. } => Some(step),
        }
    }

    /// Its name, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Intent { .. } => "intent",
            Self::Accepted { .. } => "accepted",
            Self::Settled { .. } => "settled",
            Self::Verified { .. } => "verified",
            Self::Failed { .. } => "failed",
            Self::Ended { .. } => "ended",
        }
    }

    /// True if the record must be on the disk before the run goes on.
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Intent { .. } | Self::Accepted { .. } => true,
            Self::Started { .. }
            | Self::Settled { .. }
            | Self::Verified { .. }
            | Self::Failed { .. }
            | Self::Ended { .. } => false,
        }
    }
}

/// How a resource is named in a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// Not known yet.
    Unknown,
    /// By its identifier.
    Clear(Identifier),
    /// It has one, and it comes from a secret.
    Masked,
}

impl Named {
    /// The identifier, where it may be written.
    pub fn clear(&self) -> Option<&Identifier> {
        match self {
            Self::Clear(identifier) => Some(identifier),
            Self::Unknown | Self::Masked => None,
        }
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledStatus {
    /// Done.
    Success,
    /// The service said no, at once or later. Something may exist in part.
    Failed,
    /// Cancelled. Something may exist in part.
    Cancelled,
    /// It never was at the service.
    NeverSent,
    /// Nobody knows: no answer, or no end before the deadline.
    Unknown,
}

/// An operation as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What.
    pub verb: Verb,
    /// Type.
    pub ty: TypeName,
    /// Where.
    pub target: Target,
    /// To what.
    pub identifier: Named,
    /// The client token.
    pub token: ClientToken,
    /// Which try.
    pub round: u32,
    /// True for an undo.
    pub undo: bool,
    /// The how-manieth operation of the step.
    pub number: u32,
}

/// Where one step stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepState {
    /// Nothing was sent.
    #[default]
    Idle,
    /// An operation was about to be sent; nobody knows whether it arrived.
    Intended(Sent),
    /// An operation runs.
    Accepted(Sent, RequestToken),
    /// An operation ended.
    Settled {
        /// The operation.
        sent: Sent,
        /// The service's handle, if it was accepted.
        request: Option<RequestToken>,
        /// How it ended.
        status: SettledStatus,
        /// The resource.
        identifier: Named,
    },
    /// Done and seen. With the last operation and its resource, if there was one.
    Verified(Option<(Sent, Named)>),
    /// Failed for good. With the last operation, if there was one.
    Failed(Option<Sent>),
}

/// Two things that cannot follow each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step} is {state} and cannot become {record}")]
pub struct IllegalTransition {
    /// The step.
    pub step: String,
    /// Where it stood.
    pub state: &'static str,
    /// What was to be written.
    pub record: &'static str,
}

impl StepState {
    /// Its name, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Intended(_) => "intended",
            Self::Accepted(..) => "accepted",
            Self::Settled { .. } => "settled",
            Self::Verified(_) => "verified",
            Self::Failed(_) => "failed",
        }
    }

    /// The state after a record about this step.
    ///
    /// # Errors
    /// If the record cannot follow; both are named.
    pub fn next(&self, record: &Record) -> Result<Self, IllegalTransition> {
        let illegal = || IllegalTransition {
            step: record.step().map_or_else(String::new, ToString::to_string),
            state: self.name(),
            record: record.name(),
        };
        Ok(match (self, record) {
            // A first try, the same try again, a new round after a bad end, or an undo of a finished step.
            (Self::Idle, Record::Intent { undo: false, .. }) => {
                Self::Intended(sent(record).ok_or_else(illegal)?)
            }
            (Self::Intended(before), Record::Intent { token, round, undo, .. })
                if *undo == before.undo && (*token == before.token || *round > before.round) =>
            {
                Self::Intended(sent(record).ok_or_else(illegal)?)
            }
            (Self::Settled { sent: before, status, .. }, Record::Intent { round, undo, number, .. })
                if *status != SettledStatus::Success
                    && *undo == before.undo
                    && *number == before.number
                    && *round > before.round =>
            {
                Self::Intended(sent(record).ok_or_else(illegal)?)
            }
            // The next operation of a flow, once it is known how the one before ended.
            (Self::Settled { sent: before, status, .. }, Record::Intent { undo: false, number, .. })
                if *status != SettledStatus::Unknown && !before.undo && *number > before.number =>
            {
                Self::Intended(sent(record).ok_or_else(illegal)?)
            }
            (Self::Verified(_) | Self::Failed(_), Record::Intent { undo: true, .. }) => {
                Self::Intended(sent(record).ok_or_else(illegal)?)
            }
            (Self::Intended(before), Record::Accepted { request, .. }) => {
                Self::Accepted(before.clone(), request.clone())
            }
            (Self::Intended(before), Record::Settled { status, identifier, .. }) => Self::Settled {
                sent: before.clone(),
                request: None,
                status: *status,
                identifier: identifier.clone(),
            },
            (Self::Accepted(before, request), Record::Settled { status, identifier, .. }) => Self::Settled {
                sent: before.clone(),
                request: Some(request.clone()),
                status: *status,
                identifier: identifier.clone(),
            },
            // What was given up is settled later, by the next run.
            (
                Self::Settled { sent, request, status: SettledStatus::Unknown, .. },
                Record::Settled { status, identifier, .. },
            ) => Self::Settled {
                sent: sent.clone(),
                request: request.clone(),
                status: *status,
                identifier: identifier.clone(),
            },
            (Self::Idle, Record::Verified { .. }) => Self::Verified(None),
            // A failed operation may have done its work all the same: not stabilised, already gone.
            (Self::Settled { sent, identifier, .. }, Record::Verified { .. }) => {
                Self::Verified(Some((sent.clone(), identifier.clone())))
            }
            (Self::Idle, Record::Failed { .. }) => Self::Failed(None),
            (Self::Intended(sent) | Self::Settled { sent, .. }, Record::Failed { .. }) => {
                Self::Failed(Some(sent.clone()))
            }
            (
                Self::Idle
                | Self::Intended(_)
                | Self::Accepted(..)
                | Self::Settled { .. }
                | Self::Verified(_)
                | Self::Failed(_),
                _,
            ) => return Err(illegal()),
        })
    }

    /// True if an operation may still be running at the service.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Intended(_) | Self::Accepted(..) | Self::Settled { status: SettledStatus::Unknown, .. }
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn sent(record: &Record) -> Option<Sent> {
    match record {
        Record::Intent { verb, ty, target, identifier, token, round, undo, number, .. } => Some(Sent {
            verb: *verb,
            ty: ty.clone(),
            target: target.clone(),
            identifier: identifier.clone(),
            token: token.clone(),
            round: *round,
            undo: *undo,
            number: *number,
        }),
        _ => None,
    }
}

/// What a run has done so far: a fold over its journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    /// The first record.
    pub started: Option<Begun>,
    /// Every step that the journal names, in order of first mention.
    pub steps: IndexMap<StepId, StepState>,
    /// Wall clock of the last intent of each step, Unix milliseconds.
    pub intended_at: IndexMap<StepId, i64>,
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
                self.steps.insert(step.clone(), next);
                if matches!(record, Record::Intent { .. }) {
                    self.intended_at.insert(step.clone(), entry.at_ms);
                }
            }
        }
        self.next_seq += 1;
        Ok(())
    }

    /// True if some operation may still be running at the service, or nobody knows how it ended.
    pub fn is_open(&self) -> bool {
        self.steps.values().any(StepState::is_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StepPart;

    fn step() -> StepId {
        StepId { address: "queue".into(), part: StepPart::Put }
    }

    fn intent(token: &str, round: u32, undo: bool) -> Record {
        Record::Intent {
            step: step(),
            verb: Verb::Create,
            ty: "AWS::SQS::Queue".into(),
            target: Target { provider: "aws".into(), region: None, role_arn: None, type_version_id: None },
            identifier: Named::Unknown,
            token: token.into(),
            round,
            undo,
            number: 0,
        }
    }

    fn settled(status: SettledStatus) -> Record {
        Record::Settled { step: step(), status, identifier: Named::Unknown }
    }

    fn accepted() -> Record {
        Record::Accepted { step: step(), request: "r-1".into() }
    }

    fn verified() -> Record {
        Record::Verified { step: step() }
    }

    fn fold(records: &[Record]) -> Result<StepState, IllegalTransition> {
        records.iter().try_fold(StepState::Idle, |state, record| state.next(record))
    }

    #[test]
    fn a_step_goes_from_intent_to_verified() {
        let state =
            fold(&[intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()]).unwrap();
        assert_eq!(state.name(), "verified");
    }

    #[test]
    fn an_illegal_pair_names_both() {
        let error = fold(&[accepted()]).unwrap_err();
        assert_eq!(error.to_string(), "step queue is idle and cannot become accepted");
        let done = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()];
        let again = [&done[..], &[intent("b", 1, false)]].concat();
        assert_eq!(fold(&again).unwrap_err().to_string(), "step queue is verified and cannot become intent");
    }

    #[test]
    fn a_new_round_follows_a_bad_end_and_only_that() {
        let bad = [intent("a", 0, false), accepted(), settled(SettledStatus::Failed), intent("b", 1, false)];
        assert_eq!(fold(&bad).unwrap().name(), "intended");
        let good =
            [intent("a", 0, false), accepted(), settled(SettledStatus::Success), intent("b", 1, false)];
        assert!(fold(&good).is_err());
        let same_round =
            [intent("a", 0, false), accepted(), settled(SettledStatus::Failed), intent("b", 0, false)];
        assert!(fold(&same_round).is_err());
    }

    #[test]
    fn the_next_operation_of_a_flow_follows_any_known_end() {
        let numbered = |number| match intent("b", 0, false) {
            Record::Intent { step, verb, ty, target, identifier, token, round, undo, .. } => {
                Record::Intent { step, verb, ty, target, identifier, token, round, undo, number }
            }
            other => other,
        };
        for (status, goes) in
            [(SettledStatus::Success, true), (SettledStatus::Failed, true), (SettledStatus::Unknown, false)]
        {
            let all = [intent("a", 0, false), accepted(), settled(status), numbered(1)];
            assert_eq!(fold(&all).is_ok(), goes, "{status:?}");
        }
        let same = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), numbered(0)];
        assert!(fold(&same).is_err());
    }

    #[test]
    fn a_finished_step_can_be_undone_but_not_done_again() {
        let done = [intent("a", 0, false), accepted(), settled(SettledStatus::Success), verified()];
        assert!(fold(&[&done[..], &[intent("u", 0, true)]].concat()).is_ok());
    }

    #[test]
    fn what_was_given_up_is_open_until_somebody_settles_it() {
        let given_up = [intent("a", 0, false), accepted(), settled(SettledStatus::Unknown)];
        assert!(fold(&given_up).unwrap().is_open());
        let closed = [&given_up[..], &[settled(SettledStatus::Success)]].concat();
        assert!(!fold(&closed).unwrap().is_open());
    }

    fn entry(seq: u64, record: Record) -> Entry {
        Entry { format: FORMAT, seq, at_ms: 5, record }
    }

    fn started() -> Record {
        Record::Started {
            run: "r".into(),
            stack: StackId { name: "shop".into(), env: "dev".into() },
            nonce: "00".into(),
            mode: Mode::Build,
            plan: "d".into(),
        }
    }

    #[test]
    fn a_journal_has_a_frame_without_gaps() {
        let mut state = RunState::default();
        assert!(matches!(state.apply(&entry(0, verified())), Err(ReplayError::Frame { .. })));
        state.apply(&entry(0, started())).unwrap();
        assert!(matches!(state.apply(&entry(1, started())), Err(ReplayError::Frame { .. })));
        assert!(matches!(
            state.apply(&entry(3, verified())),
            Err(ReplayError::Sequence { found: 3, expected: 1 })
        ));
        state.apply(&entry(1, Record::Ended { how: "succeeded".into() })).unwrap();
        assert!(matches!(state.apply(&entry(2, verified())), Err(ReplayError::Frame { .. })));
    }

    #[test]
    fn a_later_format_is_refused() {
        let mut state = RunState::default();
        let later = Entry { format: FORMAT + 1, ..entry(0, started()) };
        assert_eq!(state.apply(&later), Err(ReplayError::Format { found: FORMAT + 1 }));
    }

    #[test]
    fn entries_survive_their_text_form() {
        let identifier = Named::Clear(Identifier::single("QueueUrl", "https://q"));
        let entry = entry(2, Record::Settled { step: step(), status: SettledStatus::Success, identifier });
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            text,
            r#"{"format":1,"seq":2,"at_ms":5,"record":{"type":"settled","step":{"address":"queue","part":"put"},"status":"success","identifier":{"clear":{"parts":[["QueueUrl","https://q"]]}}}}"#
        );
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
