//! How a run ended, complete enough to say what changed, what did not, and what nobody knows.

use crate::paced::CallCounts;
use indexmap::IndexMap;
use stack_core::desired::Outputs;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::Ended;
use stack_core::ids::{Address, RequestToken, RunId};
use stack_core::plan::{Change, StepId};
use stack_core::provider::Verb;
use std::time::Duration;

/// The end of a run.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome {
    /// The run.
    pub run: RunId,
    /// In one word. Exit codes follow from it (plan-ux section 6).
    pub ended: Ended,
    /// Every step of the plan, in plan order.
    pub steps: IndexMap<StepId, StepEnd>,
    /// What failed, in the order in which it failed; each with the service's answer, its request and the rounds.
    pub failures: Vec<Diagnostic>,
    /// What to know besides.
    pub warnings: Vec<Diagnostic>,
    /// What the service did not take, by resource.
    pub residues: IndexMap<Address, Vec<Change>>,
    /// What a rollback did, newest first. Empty without one.
    pub undone: Vec<Undone>,
    /// Calls since the provider was wrapped, reading included.
    pub calls: CallCounts,
    /// The outputs of all resources as they are now.
    pub outputs: Outputs,
    /// How long it took.
    pub elapsed: Duration,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// Done, and seen to be.
    Done {
        /// What was sent; `None` if nothing was needed.
        verb: Option<Verb>,
        /// The resource, masked where it comes from a secret.
        identifier: Option<String>,
        /// More for people; may be empty.
        note: &'static str,
    },
    /// Not done.
    Failed {
        /// What was tried; `None` if it did not come so far.
        verb: Option<Verb>,
        /// Service's or our code.
        code: String,
        /// True if something was changed, or may have been.
        changed: bool,
        /// True if another operation held the resource.
        busy: bool,
    },
    /// Nobody knows. The operation may still be running.
    Unknown {
        /// What was sent.
        verb: Option<Verb>,
        /// The service's handle, if it answered.
        request: Option<RequestToken>,
    },
    /// Never begun.
    NotRun(NotRun),
}

/// Why a step was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// Another step failed, and the run starts nothing new after that.
    AfterFailure,
    /// A step that it needs was not done.
    Needs(StepId),
    /// The run was stopped: by somebody, by its time limit, or because the journal cannot be written.
    Stopped,
}

/// What became of one step in a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The step.
    pub step: StepId,
    /// True if the resource is as before the run.
    pub undone: bool,
    /// What is left, or why not. May be empty.
    pub note: String,
}

impl Outcome {
    /// Steps done, or found to need nothing.
    pub fn done(&self) -> usize {
        self.steps.values().filter(|end| matches!(end, StepEnd::Done { .. })).count()
    }
    /// Steps whose end nobody knows, with the service's handle.
    pub fn unknown(&self) -> impl Iterator<Item = (&StepId, Option<&RequestToken>)> {
        self.steps.iter().filter_map(|(step, end)| match end {
            StepEnd::Unknown { request, .. } => Some((step, request.as_ref())),
            _ => None,
        })
    }
}
