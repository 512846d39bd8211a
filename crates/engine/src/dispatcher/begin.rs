//! A run before its first step: the journal is opened, and the plan's order is counted.

use super::{Dispatcher, HEARTBEAT};
use crate::engine::{Engine, Interrupt, OnFailure, RunError, RunOptions};
use crate::events::Events;
use crate::flows::Finder;
use crate::journal::{Journal, WriteError};
use crate::unit::Common;
use indexmap::IndexMap;
use stack_core::desired::Outputs;
use stack_core::journal::Record;
use stack_core::plan::{Plan, StepId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

impl Dispatcher {
    /// Opens the journal. Nothing is sent yet.
    pub(crate) fn begin(
        engine: &Engine,
        plan: Plan,
        outputs: Outputs,
        options: RunOptions,
        events: &Arc<Events>,
        interrupts: watch::Receiver<Interrupt>,
    ) -> Result<Self, RunError> {
        let ledger = Arc::new(engine.store.ledger().map_err(RunError::Store)?);
        let journal = if plan.steps.is_empty() {
            None
        } else {
            let (store, clock) = (Arc::clone(&engine.store), Arc::clone(&engine.clock));
            let mut journal = Journal::create(store, clock, events.run().clone()).map_err(RunError::Store)?;
            let started = Record::Started {
                run: events.run().clone(),
                stack: plan.stack.clone(),
                nonce: options.nonce.clone(),
                mode: plan.mode,
                plan: options.digest.clone(),
            };
            match journal.write(started) {
                Ok(()) => Some(journal),
                Err(WriteError::Store(error)) => return Err(RunError::Store(error)),
                // A first record in an empty journal is always legal.
                Err(WriteError::Illegal(_) | WriteError::Broken) => None,
            }
        };
        let common = Arc::new(Common {
            provider: Arc::clone(&engine.provider),
            clock: Arc::clone(&engine.clock),
            stack: plan.stack.clone(),
            nonce: options.nonce.clone(),
            ledger: Arc::clone(&ledger),
            allow_replace: options.allow_replace.clone(),
            redactor: engine.resolver.redactor(),
            steps: plan.steps.len(),
            flows: engine.flows.clone(),
            finder: Finder {
                provider: Arc::clone(&engine.provider),
                clock: Arc::clone(&engine.clock),
                shared: None,
                schemas: Arc::clone(&engine.schemas),
                stack: plan.stack.clone(),
                ledger,
            },
            keeps_undo: options.on_failure == OnFailure::Rollback,
            shows_statements: options.shows_statements,
        });
        let index: HashMap<StepId, usize> =
            plan.steps.iter().enumerate().map(|(at, step)| (step.id.clone(), at)).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut open = vec![0; plan.steps.len()];
        for (at, step) in plan.steps.iter().enumerate() {
            // What has no step is done already.
            let before: BTreeSet<usize> = step.after.iter().filter_map(|id| index.get(id)).copied().collect();
            open[at] = before.len();
            before.into_iter().for_each(|before| dependents[before].push(at));
        }
        let ready = (0..plan.steps.len()).filter(|at| open[*at] == 0).collect();
        let (tell, told) = mpsc::unbounded_channel();
        let now = Instant::now();
        Ok(Self {
            engine: engine.clone(),
            mode: plan.mode,
            resources: plan
                .resources
                .into_iter()
                .map(|(address, planned)| (address, Arc::new(planned)))
                .collect(),
            steps: plan.steps,
            index,
            dependents,
            open,
            ready,
            rounds: HashMap::new(),
            idle_waits: HashMap::new(),
            flights: IndexMap::new(),
            parked: Vec::new(),
            ends: IndexMap::new(),
            fresh: HashMap::new(),
            started: 0,
            halt: None,
            options,
            common,
            outputs,
            journal,
            events: Arc::clone(events),
            interrupts,
            stopping: watch::Sender::new(false),
            leaving: watch::Sender::new(false),
            landed: watch::Sender::new(0),
            tell,
            told,
            units: JoinSet::new(),
            names: HashMap::new(),
            began: now,
            beat: now + HEARTBEAT,
            leave_at: None,
            has_left: false,
            finished: Vec::new(),
            failures: Vec::new(),
            warnings: Vec::new(),
            residues: IndexMap::new(),
            changed: false,
            undone: Vec::new(),
            ledger: IndexMap::new(),
        })
    }
}
