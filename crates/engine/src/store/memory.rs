//! A store in memory, with a point at which it dies. For tests, and for runs that must leave no trace.

use super::{Held, Holder, JournalStore, Replayed, StoreError, fold};
use indexmap::IndexMap;
use stack_core::ids::{Address, RunId};
use stack_core::journal::Entry;
use stack_core::observed::LedgerEntry;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

#[derive(Debug, Default)]
struct Inner {
    runs: IndexMap<RunId, Vec<Entry>>,
    ledger: IndexMap<Address, LedgerEntry>,
    holder: Option<Holder>,
    appended: usize,
    dies_at: Option<usize>,
    power_loss: bool,
}

/// Journals in memory. Clones share what is kept, as two processes share a disk.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
    dead: Arc<watch::Sender<bool>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { inner: Arc::default(), dead: Arc::new(watch::Sender::new(false)) }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, `appends` more entries are taken; the next one and all after it fail. With `power_loss` entries
    /// that were never synced are lost with it.
    pub fn die_after(&self, appends: usize, power_loss: bool) {
        let mut inner = self.inner();
        inner.dies_at = Some(inner.appended + appends);
        inner.power_loss = power_loss;
    }

    /// Waits for the store to die.
    pub async fn died(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    /// Brings the store back, as a restart does. True if it was dead.
    pub fn revive(&self) -> bool {
        let mut inner = self.inner();
        inner.dies_at = None;
        inner.holder = None;
        self.dead.send_replace(false)
    }

    /// How many entries were taken so far, in all runs.
    pub fn appended(&self) -> usize {
        self.inner().appended
    }

    /// Everything that is kept, as text. For searching it.
    pub fn dump(&self) -> String {
        let inner = self.inner();
        let lines = inner.runs.values().flatten().map(serde_json::to_string);
        lines
            .chain([serde_json::to_string(&inner.ledger)])
            .map(|line| line.unwrap_or_else(|e| e.to_string()) + "\n")
            .collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Fails if the store is dead, or dies now.
    fn check(&mut self, dead: &watch::Sender<bool>) -> Result<(), StoreError> {
        if self.dies_at.is_none_or(|at| self.appended < at) {
            return Ok(());
        }
        if self.power_loss && !*dead.borrow() {
            for entries in self.runs.values_mut() {
                let synced = entries.iter().rposition(|e| e.record.is_durable()).map_or(0, |at| at + 1);
                entries.truncate(synced);
            }
        }
        dead.send_replace(true);
        Err(StoreError::Dead)
    }
}

impl JournalStore for MemoryStore {
    fn create(&self, run: &RunId) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.check(&self.dead)?;
        if inner.runs.contains_key(run) {
            return Err(StoreError::Exists(run.clone()));
        }
        inner.runs.insert(run.clone(), Vec::new());
        Ok(())
    }

    fn append(&self, run: &RunId, entry: &Entry) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.check(&self.dead)?;
        inner.appended += 1;
        let entries = inner.runs.get_mut(run).ok_or_else(|| StoreError::Missing(run.clone()))?;
        entries.push(entry.clone());
        Ok(())
    }

    fn load(&self, run: &RunId) -> Result<Replayed, StoreError> {
        let entries = self.inner().runs.get(run).cloned().ok_or_else(|| StoreError::Missing(run.clone()))?;
        let state = fold(&entries).map_err(|(at, why)| StoreError::Corrupt {
            file: PathBuf::from(run.as_str()),
            line: at + 1,
            why,
        })?;
        Ok(Replayed { entries, state, torn: false })
    }

    fn list(&self) -> Result<Vec<RunId>, StoreError> {
        // A run that lost its first entry is nobody's.
        let inner = self.inner();
        Ok(inner.runs.iter().filter(|(_, entries)| !entries.is_empty()).map(|(run, _)| run.clone()).collect())
    }

    fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        let mut open = Vec::new();
        for run in self.list()? {
            if self.load(&run)?.state.ended.is_none() {
                open.push(run);
            }
        }
        Ok(open)
    }

    fn ledger(&self) -> Result<IndexMap<Address, LedgerEntry>, StoreError> {
        Ok(self.inner().ledger.clone())
    }

    fn put_ledger(&self, changes: &[(Address, Option<LedgerEntry>)]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.check(&self.dead)?;
        for (address, entry) in changes {
            match entry {
                Some(entry) => inner.ledger.insert(address.clone(), entry.clone()),
                None => inner.ledger.shift_remove(address),
            };
        }
        Ok(())
    }

    fn lock(&self, holder: &Holder) -> Result<Box<dyn Held>, StoreError> {
        let mut inner = self.inner();
        if inner.holder.is_some() {
            return Err(StoreError::Locked(inner.holder.clone()));
        }
        inner.holder = Some(holder.clone());
        Ok(Box::new(MemoryLock(Arc::clone(&self.inner))))
    }
}

#[derive(Debug)]
struct MemoryLock(Arc<Mutex<Inner>>);

impl Held for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).holder = None;
    }
}
