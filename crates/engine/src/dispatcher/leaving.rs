//! Leaving before everything has landed.

use super::Dispatcher;
use stack_core::journal::StepState;
use stack_core::plan::StepId;
use stack_core::provider::Provider;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the second interrupt may take to cancel what flies.
const CANCEL: Duration = Duration::from_secs(4);

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

    /// Drops what flies. The journal keeps it for the next run.
    pub(super) fn leave(&mut self) {
        self.has_left = true;
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
