//! What a run writes down before and after each effect, and the one function that says which order is legal.
//!
//! A journal holds names, tokens and states, never a property value; an identifier that comes from a secret is
//! [`Named::Masked`]. [`StepState::next`] is used while running and on replay, so a corrupt journal is found when it is
//! loaded (architecture section 7).

mod run;
mod step;
#[cfg(test)]
mod tests;

pub use run::{Begun, ReplayError, RunState};
pub use step::{IllegalTransition, Sent, StepState};

use crate::identity::Identifier;
use crate::ids::{ClientToken, RequestToken, RunId, StackId, Target, TypeName};
use crate::plan::{Mode, StepId};
use crate::provider::Verb;
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
