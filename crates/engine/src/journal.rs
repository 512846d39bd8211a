//! Writing one run's journal: every record through the one transition function, in one sequence.

use crate::clock::Clock;
use crate::store::{JournalStore, Replayed, StoreError};
use stack_core::ids::RunId;
use stack_core::journal::{Entry, FORMAT, Record, ReplayError, RunState};
use std::sync::Arc;

/// The journal of one run and what it adds up to.
#[derive(Debug)]
pub(crate) struct Journal {
    store: Arc<dyn JournalStore>,
    clock: Arc<dyn Clock>,
    run: RunId,
    pub(crate) state: RunState,
    /// Set once an append failed: after a gap nothing may follow.
    broken: bool,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot follow what is there: a bug.
    #[error(transparent)]
    Illegal(#[from] ReplayError),
    /// An earlier record was not written.
    #[error("an earlier record was not written")]
    Broken,
}

impl Journal {
    /// A new journal.
    pub(crate) fn create(
        store: Arc<dyn JournalStore>,
        clock: Arc<dyn Clock>,
        run: RunId,
    ) -> Result<Self, StoreError> {
        store.create(&run)?;
        Ok(Self { store, clock, run, state: RunState::default(), broken: false })
    }

    /// An earlier journal, to be closed.
    pub(crate) fn reopen(
        store: Arc<dyn JournalStore>,
        clock: Arc<dyn Clock>,
        run: RunId,
        replayed: Replayed,
    ) -> Self {
        Self { store, clock, run, state: replayed.state, broken: false }
    }

    /// Writes a record. The state moves on even if the disk fails, so that the run still knows what flies.
    pub(crate) fn write(&mut self, record: Record) -> Result<(), WriteError> {
        let entry = Entry { format: FORMAT, seq: self.state.next_seq, at_ms: self.clock.now_ms(), record };
        self.state.apply(&entry)?;
        if self.broken {
            return Err(WriteError::Broken);
        }
        self.store.append(&self.run, &entry).inspect_err(|_| self.broken = true)?;
        Ok(())
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }
}
