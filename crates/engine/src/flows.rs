//! Resources whose own statements rule: who runs them, and what they may do while a plan is made.

use crate::clock::Clock;
use crate::observe::sight;
use crate::paced::{Paced, Unwatched};
use crate::search::{RECENT_MS, Searcher};
use async_trait::async_trait;
use indexmap::IndexMap;
use stack_core::desired::Wanted;
use stack_core::flow::{FindError, Flows, Host, Order, Performed, ShellEnd, Shelled, Stopping, Told};
use stack_core::ids::{Address, StackId};
use stack_core::observed::{IdentityStep, LedgerEntry, Sighting};
use stack_core::planner;
use stack_core::provider::{Found, Provider};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::tags;
use stack_core::value::Value;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Runs shell commands. The only way to one, and only manifests ask for it.
#[async_trait]
pub trait Shell: Send + Sync + Debug {
    /// Runs a command in the working directory, with the process environment and without input. What stops it, and
    /// dropping the future, ends it with all that it has started.
    ///
    /// # Errors
    /// Why it cannot be run.
    async fn run(&self, text: &Value, until: Until) -> Result<Shelled, String>;
}

/// How long a shell command may run at most.
#[derive(Debug)]
pub struct Until {
    leaving: watch::Receiver<bool>,
    limit: Option<Duration>,
}

impl Until {
    /// Until the run leaves, or this time is over.
    pub fn new(leaving: watch::Receiver<bool>, limit: Option<Duration>) -> Self {
        Self { leaving, limit }
    }

    /// Resolves when the command must end. The limit counts from here.
    pub async fn over(mut self) -> ShellEnd {
        let limit = async {
            match self.limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // An error means that the dispatcher is gone: nobody wants the command any more.
            _ = self.leaving.wait_for(|leaving| *leaving) => ShellEnd::Stopped,
            () = limit => ShellEnd::TimeOver,
        }
    }
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
    /// Hints of earlier runs.
    pub(crate) ledger: Arc<IndexMap<Address, LedgerEntry>>,
}

impl Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finder").field("stack", &self.stack).finish_non_exhaustive()
    }
}

impl Finder {
    /// In a run, what was listed before may be old by now.
    fn searcher(&self) -> Arc<Searcher> {
        let fresh = || Arc::new(Searcher::new(Arc::clone(&self.provider), Arc::clone(&self.clock)));
        self.shared.clone().unwrap_or_else(fresh)
    }

    fn schema_of(&self, of: &Wanted) -> Result<Arc<ResourceSchema>, FindError> {
        self.schemas.schema(&of.ty).map_err(|error| FindError::NoIdentity(error.to_string()))
    }

    /// See [`Host::made`]. After two hours the checks see it, and a hint would only keep them from meaning something else. Of
    /// guesses, only what shows all that is declared is it.
    ///
    /// # Errors
    /// See [`FindError`].
    pub(crate) async fn made(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
        let recent =
            |entry: &&LedgerEntry| entry.made_at.is_some_and(|at| self.clock.now_ms() - at <= RECENT_MS);
        let Some(entry) = self.ledger.get(&of.address).filter(recent) else { return Ok(None) };
        let schema = &self.schema_of(of)?;
        let Some(probe) = planner::hint(of, schema, &self.stack, entry) else { return Ok(None) };
        let is_it = |found: &Found| {
            if schema.is_gone(&found.model) {
                false
            } else if entry.guessed {
                planner::residue(of, schema, &found.model).is_empty()
            } else {
                // Without marks, what was made under another name is not what the manifest names now.
                probe.confirms(&found.model)
                    && (probe.must_carry.is_some() || planner::shows_key(of, schema, &found.model))
            }
        };
        let searcher = self.searcher();
        let mut fitting = Vec::new();
        for identifier in std::iter::once(&entry.identifier).chain(&entry.or) {
            match searcher.read_made(&of.target, &of.ty, identifier, entry.made_at).await {
                Ok(found) => fitting.extend(found.filter(|found| is_it(found))),
                Err(failure) => return Err(FindError::Unread(identifier.clone(), Box::new(failure))),
            }
        }
        match fitting.pop() {
            Some(found) if !fitting.is_empty() => {
                let all = fitting.iter().chain([&found]).map(|found| found.identifier.clone());
                Err(FindError::Several(all.collect()))
            }
            found => Ok(found.map(|found| Found::clone(&found))),
        }
    }

    fn marks(&self, schema: &ResourceSchema, of: &Wanted, found: &Found) -> bool {
        let live = tags::of_model(schema, &found.model);
        tags::marks(&self.stack, of.address.as_str(), None)
            .iter()
            .all(|(key, value)| live.contains(&(key.as_str(), value.as_str())))
    }

    /// See [`Host::find`].
    ///
    /// # Errors
    /// See [`FindError`].
    pub(crate) async fn find(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
        let schema = self.schema_of(of)?;
        let question = planner::question(of, &schema, &self.stack, None).map_err(|problems| {
            FindError::NoIdentity(problems.into_iter().map(|problem| problem.message).collect())
        })?;
        match sight(&self.searcher(), &question, &Unwatched).await {
            Sighting::Present { found, step } => {
                let is_ours = step == IdentityStep::Tagged || self.marks(&schema, of, &found);
                Ok(is_ours.then_some(*found))
            }
            Sighting::Unreadable(failure) => Err(FindError::Refused(Box::new(failure))),
            Sighting::Ambiguous { found, .. } => Err(FindError::Several(found)),
            Sighting::Absent | Sighting::Lookalikes(_) | Sighting::Unprovable(_) => Ok(None),
        }
    }
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

    async fn made(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
        self.finder.made(of).await
    }

    async fn find(&self, of: &Wanted) -> Result<Option<Found>, FindError> {
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
