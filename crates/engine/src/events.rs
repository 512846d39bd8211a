//! The one line in which all events of a run stand.

use crate::clock::Clock;
use stack_core::event::{Event, EventKind};
use stack_core::ids::RunId;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// Who watches a run. Called in order, one event at a time; must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event);
}

/// Gives events their number and time and hands them on.
pub struct Events {
    run: RunId,
    clock: Arc<dyn Clock>,
    began: Instant,
    seq: Mutex<u64>,
    observer: Arc<dyn Observer>,
}

impl Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Events {
    /// The events of one run, which begins now.
    pub fn new(run: RunId, clock: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Self {
        Self { run, clock, began: Instant::now(), seq: Mutex::new(0), observer }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Sends one event. The lock is held while the observer works, so that numbers arrive in order.
    pub fn emit(&self, kind: EventKind) {
        let mut seq = self.seq.lock().unwrap_or_else(PoisonError::into_inner);
        let event = Event {
            run: self.run.clone(),
            seq: *seq,
            at_ms: self.clock.now_ms(),
            elapsed: self.began.elapsed(),
            kind,
        };
        *seq += 1;
        self.observer.on(&event);
    }
}
