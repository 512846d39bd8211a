//! The engine's front door.

use crate::clock::Clock;
use crate::dispatcher::Dispatcher;
use crate::events::Events;
use crate::flows::FlowSupport;
use crate::observe;
use crate::outcome::Outcome;
use crate::paced::Paced;
use crate::store::{JournalStore, StoreError};
use stack_core::desired::{Outputs, Resolver};
use stack_core::ids::Address;
use stack_core::plan::Plan;
use stack_core::planner::Planning;
use stack_core::schema::Schemas;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Everything that a run needs and that outlives it.
#[derive(Clone)]
pub struct Engine {
    /// The cloud, paced.
    pub provider: Arc<Paced>,
    /// Renders resources once their inputs are known.
    pub resolver: Arc<dyn Resolver>,
    /// Types.
    pub schemas: Arc<dyn Schemas>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Journals and ledger.
    pub store: Arc<dyn JournalStore>,
    /// What runs resources whose own statements rule.
    pub flows: FlowSupport,
}

impl Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("stack", self.resolver.stack()).finish_non_exhaustive()
    }
}

/// How one run is to go.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The plan's nonce: 32 hexadecimal digits. Client tokens come from it.
    pub nonce: String,
    /// Digest of the plan, for the journal.
    pub digest: String,
    /// Operations in flight at the same time; `None`: as many as the graph and the rate limits let fly. (How many
    /// *calls* run at once is the provider's [`Limits`](crate::paced::Limits).)
    pub operations: Option<usize>,
    /// What to do when a step fails.
    pub on_failure: OnFailure,
    /// `--timeout`: after this time nothing new is started.
    pub timeout: Option<Duration>,
    /// How long a stopped run waits for what is in flight.
    pub grace: Duration,
    /// Conditional replacements that may become real.
    pub allow_replace: BTreeSet<Address>,
    /// `--show-queries`: the statements of flows are told before they run.
    pub shows_statements: bool,
}

impl RunOptions {
    /// A run with the defaults of DESIGN section 3.
    pub fn new(nonce: impl Into<String>) -> Self {
        Self {
            nonce: nonce.into(),
            digest: String::new(),
            operations: None,
            on_failure: OnFailure::Error,
            timeout: None,
            grace: Duration::from_secs(300),
            allow_replace: BTreeSet::new(),
            shows_statements: false,
        }
    }
}

/// `--on-failure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Start no new work, finish what is in flight.
    #[default]
    Error,
    /// Undo what this run changed, newest first.
    Rollback,
    /// Carry on with what does not depend on the failure.
    Ignore,
}

/// How much somebody wants the run to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interrupt {
    /// Not at all.
    #[default]
    None,
    /// Start nothing new, finish what flies.
    First,
    /// Cancel what can be, and leave.
    Second,
}

/// Why a run did not begin. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan has resources that must not go on.
    #[error("the plan is blocked")]
    Blocked,
    /// The journal cannot be made.
    #[error("cannot begin the journal")]
    Store(#[source] StoreError),
}

impl Engine {
    /// Reads what a planning asks for and gives its plan.
    pub async fn observe(&self, planning: Planning) -> (Plan, Outputs) {
        observe::observe(planning, &self.provider, &self.clock, &self.flows).await
    }

    /// Carries a plan out. `outputs` are those that came with the plan. The lock, the accounts and earlier runs are the
    /// caller's to see to before: [`JournalStore::lock`], [`observe::callers`], [`Engine::close_unfinished`].
    ///
    /// # Errors
    /// If it cannot begin. Whatever happens later is in the [`Outcome`].
    pub async fn run(
        &self,
        plan: Plan,
        outputs: Outputs,
        options: RunOptions,
        events: &Arc<Events>,
        interrupts: watch::Receiver<Interrupt>,
    ) -> Result<Outcome, RunError> {
        if plan.is_blocked() {
            return Err(RunError::Blocked);
        }
        let dispatcher = Dispatcher::begin(self, plan, outputs, options, events, interrupts)?;
        Ok(dispatcher.run().await)
    }
}
