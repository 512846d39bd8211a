//! What happens during a run, for whoever shows it. The engine emits; renderers consume; replay emits the same.
//!
//! The JSON names of the kinds are those of plan-ux section 16. Nothing in here may be secret: identifiers arrive
//! masked where they come from secrets, and no event carries a property value.

use crate::diagnostic::Diagnostic;
use crate::ids::{Address, RequestToken, RunId, StackId};
use crate::plan::{Mode, StepId};
use crate::pointer::Pointer;
use crate::provider::Verb;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// Position in the run, from 0, without gaps.
    pub seq: u64,
    /// Wall clock, Unix milliseconds.
    pub at_ms: i64,
    /// Since the run began.
    pub elapsed: Duration,
    /// What happened.
    pub kind: EventKind,
}

/// Kinds of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The run begins.
    RunStart {
        /// What it is for.
        mode: Mode,
        /// Which stack.
        stack: StackId,
        /// How many steps are to be run.
        steps: usize,
    },
    /// An operation is about to be sent.
    OpBegin {
        /// The step.
        step: StepId,
        /// What is done.
        verb: Verb,
        /// Which try, from 0. Every try after a failed operation has its own client token.
        round: u32,
        /// The how-manieth started step this is, from 1.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// The service took the operation.
    OpAccepted {
        /// The step.
        step: StepId,
        /// What is done.
        verb: Verb,
        /// The service's handle.
        request: RequestToken,
    },
    /// The service was asked where the operation stands.
    OpPoll {
        /// The step.
        step: StepId,
        /// What is done.
        verb: Verb,
        /// How many times it was asked so far.
        polls: u32,
        /// The service's word for the state.
        status: String,
        /// The service's words, may be empty.
        message: String,
        /// Time until the next question.
        next: Duration,
    },
    /// The step has to wait before it can go on.
    OpWait {
        /// The step.
        step: StepId,
        /// Why.
        why: WaitReason,
        /// How long, as far as known.
        delay: Duration,
        /// Facts for people: a service code, a request token, the present limit.
        detail: String,
    },
    /// The step is done and was seen to be done.
    OpDone {
        /// The step.
        step: StepId,
        /// What was done; `None` if nothing was needed.
        verb: Option<Verb>,
        /// The resource, masked where it comes from a secret.
        identifier: Option<String>,
        /// Since the step began.
        took: Duration,
        /// How many times the service was asked for the state.
        polls: u32,
        /// More for people, such as `already gone`. May be empty.
        note: String,
    },
    /// The step failed, or nobody knows how it ended.
    OpFailed {
        /// The step.
        step: StepId,
        /// What was tried; `None` if it did not come so far.
        verb: Option<Verb>,
        /// Since the step began.
        took: Duration,
        /// Our number of the problem.
        diagnostic: Diagnostic,
        /// True if the operation may still be running.
        unknown: bool,
    },
    /// The resource was read back.
    Verify {
        /// The step.
        step: StepId,
        /// How many reads it took.
        reads: u32,
        /// Properties that the service did not take as declared.
        residue: Vec<Pointer>,
    },
    /// A statement of the resource's own is about to run. Only where it is asked for: its text holds values.
    Statement {
        /// The step.
        step: StepId,
        /// Its anchor.
        anchor: String,
        /// Its text, secrets struck out.
        text: String,
    },
    /// A line of the flow (stackql-compat 2.11).
    Said {
        /// The step.
        step: StepId,
        /// `[vpc] exists`
        line: String,
    },
    /// Undoing begins.
    RollbackBegin {
        /// How many steps are to be undone.
        steps: usize,
    },
    /// One step was undone, or not.
    RollbackOp {
        /// The step that is undone.
        step: StepId,
        /// What was sent; `None` if there was nothing to send.
        verb: Option<Verb>,
        /// True if the resource is as it was before the run.
        undone: bool,
        /// Why not, or what is left. May be empty.
        note: String,
    },
    /// Something to tell that belongs to no single step, or comes beside its end.
    Diagnostic {
        /// What.
        diagnostic: Diagnostic,
    },
    /// A sign of life, once a minute.
    Heartbeat {
        /// What is running.
        running: Vec<Running>,
        /// Steps that have ended.
        done: usize,
        /// All steps.
        of: usize,
    },
    /// The run is over.
    RunEnd {
        /// How.
        ended: Ended,
        /// Steps done, or found to need nothing.
        done: usize,
        /// Steps failed.
        failed: usize,
        /// Steps whose end nobody knows.
        unknown: usize,
        /// Steps not begun.
        left: usize,
        /// Calls to the service, repeats included.
        calls: u64,
    },
}

/// A step in flight, for the heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// The step.
    pub step: StepId,
    /// What is done, once it is known.
    pub verb: Option<Verb>,
    /// Since it began.
    pub elapsed: Duration,
    /// How many times the service was asked for the state.
    pub polls: u32,
}

/// Why a step waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The service says: too many calls.
    Throttled,
    /// The call failed in a way that passes; it is repeated.
    Retry,
    /// The operation failed in a way that passes; the next round waits.
    NextRound,
    /// Another operation holds the resource.
    Busy,
    /// The service has not seen the change of something that this depends on.
    Propagation,
    /// Other deletes have to go first.
    InUse,
    /// A check of the resource's own is asked again.
    Check,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ended {
    /// Every step is done.
    Succeeded,
    /// Some step is not done.
    Failed {
        /// True if an operation of this run was accepted, or may have been.
        changed: bool,
    },
    /// Nothing was changed, because another operation holds a resource.
    Busy,
    /// Somebody stopped it.
    Interrupted,
    /// It failed, and everything that it had changed was undone.
    RolledBack,
    /// It failed, and something that it had changed stays.
    RollbackIncomplete,
}

impl Ended {
    /// In one word, as journals have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Busy => "busy",
            Self::Interrupted => "interrupted",
            Self::RolledBack => "rolled_back",
            Self::RollbackIncomplete => "rollback_incomplete",
        }
    }
}

/// How much attention an event wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Only for the curious.
    Debug,
    /// Progress.
    Info,
    /// Worth reading.
    Warn,
    /// Something failed.
    Error,
}

impl EventKind {
    /// The JSON name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStart { .. } => "run_start",
            Self::OpBegin { .. } => "op_begin",
            Self::OpAccepted { .. } => "op_accepted",
            Self::OpPoll { .. } => "op_poll",
            Self::OpWait { .. } => "op_wait",
            Self::OpDone { .. } => "op_done",
            Self::OpFailed { .. } => "op_failed",
            Self::Verify { .. } => "verify",
            Self::Statement { .. } => "statement",
            Self::Said { .. } => "said",
            Self::RollbackBegin { .. } => "rollback_begin",
            Self::RollbackOp { .. } => "rollback_op",
            Self::Diagnostic { .. } => "diagnostic",
            Self::Heartbeat { .. } => "heartbeat",
            Self::RunEnd { .. } => "run_end",
        }
    }

    /// The step that the event is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::OpBegin { step, .. }
            | Self::OpAccepted { step, .. }
            | Self::OpPoll { step, .. }
            | Self::OpWait { step, .. }
            | Self::OpDone { step, .. }
            | Self::OpFailed { step, .. }
            | Self::Verify { step, .. }
            | Self::Statement { step, .. }
            | Self::Said { step, .. }
            | Self::RollbackOp { step, .. } => Some(step),
            Self::RunStart { .. }
            | Self::RollbackBegin { .. }
            | Self::Diagnostic { .. }
            | Self::Heartbeat { .. }
            | Self::RunEnd { .. } => None,
        }
    }

    /// The resource that the event is about.
    pub fn address(&self) -> Option<&Address> {
        self.step().map(|step| &step.address)
    }

    /// How much attention it wants.
    pub fn level(&self) -> Level {
        match self {
            Self::OpPoll { .. } => Level::Debug,
            Self::OpFailed { .. } | Self::RollbackOp { undone: false, .. } => Level::Error,
            Self::Diagnostic { diagnostic } if diagnostic.is_error() => Level::Error,
            Self::Diagnostic { .. } => Level::Warn,
            Self::Verify { residue, .. } if !residue.is_empty() => Level::Warn,
            Self::RunEnd { ended, .. } if *ended != Ended::Succeeded => Level::Error,
            Self::RunStart { .. }
            | Self::OpBegin { .. }
            | Self::OpAccepted { .. }
            | Self::OpWait { .. }
            | Self::OpDone { .. }
            | Self::Verify { .. }
            | Self::Statement { .. }
            | Self::Said { .. }
            | Self::RollbackBegin { .. }
            | Self::RollbackOp { .. }
            | Self::Heartbeat { .. }
            | Self::RunEnd { .. } => Level::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StepPart;

    #[test]
    fn the_json_name_is_the_name() {
        let step = StepId { address: "queue".into(), part: StepPart::Put };
        let kind = EventKind::OpAccepted { step, verb: Verb::Create, request: "r-1".into() };
        let json = serde_json::to_value(&kind).unwrap();
        assert_eq!(json["type"], kind.name());
        assert_eq!(json["step"]["address"], "queue");
        assert_eq!(serde_json::from_value::<EventKind>(json).unwrap(), kind);
    }

    #[test]
    fn a_failed_end_is_an_error_and_a_good_one_is_not() {
        let end = |ended| EventKind::RunEnd { ended, done: 0, failed: 0, unknown: 0, left: 0, calls: 0 };
        assert_eq!(end(Ended::Succeeded).level(), Level::Info);
        assert_eq!(end(Ended::Failed { changed: false }).level(), Level::Error);
    }
}
