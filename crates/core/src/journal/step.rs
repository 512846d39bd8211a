//! Where one step stands, and which record may follow.

use super::{Named, Record, SettledStatus};
use crate::ids::{ClientToken, RequestToken, Target, TypeName};
use crate::provider::Verb;

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
