//! Resources whose own statements rule: who runs them, and what they may do while a plan is made.

use crate::clock::Clock;
use crate::observe::sight;
use crate::paced::{Paced, Unwatched};
use crate::search::Searcher;
use async_trait::async_trait;
use stack_core::desired::Wanted;
use stack_core::flow::{Flows, Host, Order, Performed, Shelled, Stopping, Told};
use stack_core::ids::{Address, StackId};
use stack_core::observed::{IdentityStep, Sighting};
use stack_core::planner;
use stack_core::provider::{Failure, FailureKind, Found, Provider};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::tags;
use stack_core::value::Value;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

/// Runs shell commands. The only way to one, and only manifests ask for it.
#[async_trait]
pub trait Shell: Send + Sync + Debug {
    /// Runs a command in the working directory, with the process environment and without input. Dropping the future
    /// ends it.
    ///
    /// # Errors
    /// Why it cannot be run.
    async fn run(&self, text: &Value) -> Result<Shelled, String>;
}

/// Takes what flows tell while a plan is made.
pub trait Hears: Send + Sync + Debug {
    /// One thing that the flow at an address tells.
    fn hear(&self, address: &Address, told: Told);
}

/// What runs flows, and what they may use.
#[derive(Clone, Debug)]
pub struct FlowSupport {
    /// Runs their statements.
    pub flows: Arc<dyn Flows>,
    /// Runs their commands.
    pub shell: Arc<dyn Shell>,
    /// Takes what they tell while a plan is made. Warnings stand in what they found.
    pub hears: Arc<dyn Hears>,
}

/// Looks for resources of flows as for all others.
#[derive(Clone)]
pub(crate) struct Finder {
    pub(crate) provider: Arc<Paced>,
    pub(crate) clock: Arc<dyn Clock>,
    /// While a plan is made nothing changes: all look together.
    pub(crate) shared: Option<Arc<Searcher>>,
    pub(crate) schemas: Arc<dyn Schemas>,
    pub(crate) stack: StackId,
}

impl Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finder").field("stack", &self.stack).finish_non_exhaustive()
    }
}

impl Finder {
    async fn sighting(&self, of: &Wanted, schema: &Arc<ResourceSchema>) -> Result<Sighting, Failure> {
        let question = planner::question(of, schema, &self.stack, None).map_err(|problems| {
            unclear("NoIdentity", problems.into_iter().map(|problem| problem.message).collect())
        })?;
        // In a run, what was listed before may be old by now.
        let fresh = || Arc::new(Searcher::new(Arc::clone(&self.provider), Arc::clone(&self.clock)));
        let searcher = self.shared.clone().unwrap_or_else(fresh);
        Ok(sight(&searcher, &question, &Unwatched).await)
    }

    fn marks(&self, schema: &ResourceSchema, of: &Wanted, found: &Found) -> bool {
        let live = tags::of_model(schema, &found.model);
        tags::marks(&self.stack, of.address.as_str(), None)
            .iter()
            .all(|(key, value)| live.contains(&(key.as_str(), value.as_str())))
    }

    /// What carries the marks of the resource itself.
    ///
    /// # Errors
    /// It cannot be told.
    pub(crate) async fn find(&self, of: &Wanted) -> Result<Option<Found>, Failure> {
        let schema =
            self.schemas.schema(&of.ty).map_err(|error| unclear("UnknownType", error.to_string()))?;
        match self.sighting(of, &schema).await? {
            Sighting::Present { found, step } => {
                let is_ours = step == IdentityStep::Tagged || self.marks(&schema, of, &found);
                Ok(is_ours.then_some(*found))
            }
            Sighting::Unreadable(failure) => Err(failure),
            Sighting::Ambiguous { found, .. } => {
                let names: Vec<String> = found.iter().map(ToString::to_string).collect();
                let words = format!("several carry the tags of {}: {}", of.address, names.join(", "));
                Err(unclear("Ambiguous", words))
            }
            Sighting::Absent | Sighting::Lookalikes(_) | Sighting::Unprovable(_) => Ok(None),
        }
    }
}

fn unclear(code: &str, words: String) -> Failure {
    Failure::new(FailureKind::Invalid, code, words)
}

/// The host of a look: reads only.
#[derive(Debug)]
pub(crate) struct Looking {
    pub(crate) address: Address,
    pub(crate) provider: Arc<Paced>,
    pub(crate) hears: Arc<dyn Hears>,
    pub(crate) finder: Finder,
}

#[async_trait]
impl Host for Looking {
    fn cloud(&self) -> &dyn Provider {
        &*self.provider
    }

    async fn find(&self, of: &Wanted) -> Result<Option<Found>, Failure> {
        self.finder.find(of).await
    }

    async fn perform(&self, _: Order<'_>) -> Performed {
        tracing::error!(address = %self.address, "a look wanted to write");
        Performed::Stopped
    }

    async fn pause(&self, wait: Duration, _: &str) -> Result<(), Stopping> {
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn shell(&self, _: &Value) -> Result<Shelled, String> {
        Err("no command is run while a plan is made".to_owned())
    }

    fn tell(&self, told: Told) {
        self.hears.hear(&self.address, told);
    }

    fn is_stopping(&self) -> bool {
        false
    }
}
