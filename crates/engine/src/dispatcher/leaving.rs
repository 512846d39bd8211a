//! Leaving before everything has landed.

use super::Dispatcher;
use stack_core::flow::FlowKind;
use stack_core::ids::Address;
use stack_core::journal::StepState;
use stack_core::plan::StepId;
use stack_core::provider::Provider;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// How long the second interrupt may take to cancel what flies.
const CANCEL: Duration = Duration::from_secs(4);
/// How long commands may take to end once they are told.
const COMMANDS: Duration = Duration::from_secs(4);

impl Dispatcher {
    /// Asks the service to stop whatever it has accepted.
    pub(super) async fn cancel_all(&mut self) {
        let Some(journal) = &self.journal else { return };
        let mut asked = JoinSet::new();
        for (step, state) in &journal.state.steps {
            if let StepState::Accepted(sent, request) = state
                && self.flights.contains_key(step)
            {
                let provider = Arc::clone(&self.engine.provider);
                let (target, request) = (sent.target.clone(), request.clone());
                asked.spawn(async move {
                    // Whether it helped shows when the next run asks for the state.
                    if let Err(failure) = provider.cancel(&target, &request).await {
                        tracing::warn!(%request, %failure, "cannot cancel");
                    }
                });
            }
        }
        if timeout(CANCEL, asked.join_all()).await.is_err() {
            tracing::warn!("not every operation could be cancelled in time");
        }
    }

    /// Waits for the commands that were told to end.
    async fn end_commands(&mut self) {
        let until = Instant::now() + COMMANDS;
        let is_command = |address: &Address| {
            self.resources.get(address).is_some_and(|planned| planned.flow == Some(FlowKind::Script))
        };
        let mut open: BTreeSet<StepId> =
            self.flights.keys().filter(|step| is_command(&step.address)).cloned().collect();
        while !open.is_empty() {
            tokio::select! {
                biased;
                Some(message) = self.told.recv() => self.hear(message),
                Some(joined) = self.units.join_next_with_id() => self.joined(joined),
                () = sleep_until(until) => {
                    tracing::warn!(?open, "commands do not end");
                    return;
                }
            }
            open.retain(|step| self.flights.contains_key(step));
        }
    }

    /// Drops what flies. The journal keeps it for the next run. Commands are nobody's once we are gone, so they are
    /// stopped first, and say how far that went.
    pub(super) async fn leave(&mut self) {
        self.has_left = true;
        self.leaving.send_replace(true);
        self.end_commands().await;
        self.leave_at = None;
        self.units.abort_all();
        self.units = JoinSet::new();
        self.names.clear();
        while let Ok(message) = self.told.try_recv() {
            self.hear(message);
        }
        let flights: Vec<StepId> = self.flights.keys().cloned().collect();
        for step in flights {
            self.left_behind(&step);
        }
    }
}
