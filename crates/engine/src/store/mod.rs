//! Where journals, the ledger and the lock of one stack in one environment are kept.
//!
//! None of it is needed for correctness (DESIGN section 6): without it only timings, "last seen" and an ambiguity that
//! the ledger had settled are lost.

mod dir;
mod memory;

pub use dir::DirStore;
pub use memory::MemoryStore;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use stack_core::ids::{Address, RunId, TypeName};
use stack_core::journal::{Entry, Record, RunState};
use stack_core::observed::LedgerEntry;
use stack_core::provider::Verb;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::path::PathBuf;

/// Keeps what runs write down. Calls are short and synchronous: the order of writes is the point.
pub trait JournalStore: Send + Sync + Debug {
    /// Makes the empty journal of a new run.
    ///
    /// # Errors
    /// If there is one of this name, or the disk fails.
    fn create(&self, run: &RunId) -> Result<(), StoreError>;

    /// Adds an entry, and returns only when it is on the disk if its record says so
    /// ([`Record::is_durable`](stack_core::journal::Record::is_durable)).
    ///
    /// # Errors
    /// If there is no such journal, or the disk fails.
    fn append(&self, run: &RunId, entry: &Entry) -> Result<(), StoreError>;

    /// Reads a journal and folds it. A torn last line, as a crash leaves it, is left out.
    ///
    /// # Errors
    /// Anything else that does not read or does not follow, with file and line.
    fn load(&self, run: &RunId) -> Result<Replayed, StoreError>;

    /// The runs of this stack and environment, oldest first.
    ///
    /// # Errors
    /// If the disk fails.
    fn list(&self) -> Result<Vec<RunId>, StoreError>;

    /// The runs without an end, oldest first.
    ///
    /// # Errors
    /// As [`JournalStore::load`].
    fn unfinished(&self) -> Result<Vec<RunId>, StoreError>;

    /// The last identifier of each resource.
    ///
    /// # Errors
    /// If the file does not read.
    fn ledger(&self) -> Result<IndexMap<Address, LedgerEntry>, StoreError>;

    /// Changes ledger entries in one go; `None` removes one.
    ///
    /// # Errors
    /// If the disk fails; the old ledger is then still there.
    fn put_ledger(&self, changes: &[(Address, Option<LedgerEntry>)]) -> Result<(), StoreError>;

    /// Takes the lock of this stack and environment until the value is dropped, or the process dies.
    ///
    /// # Errors
    /// [`StoreError::Locked`] at once if somebody has it.
    fn lock(&self, holder: &Holder) -> Result<Box<dyn Held>, StoreError>;
}

/// For so long after a run that deleted something its types' lists are not taken for the truth: they show for 15 s what is
/// gone (Confluent trap 44), and clocks differ.
const GHOSTS_MS: i64 = 60 * 1000;

/// The types of which this stack has deleted something in the last minute, or is about to: the delete of a run that has
/// no end may have arrived.
///
/// # Errors
/// As [`JournalStore::load`].
pub fn deleted_lately(store: &dyn JournalStore, now_ms: i64) -> Result<BTreeSet<TypeName>, StoreError> {
    let mut types = BTreeSet::new();
    for run in store.list()?.iter().rev() {
        let entries = store.load(run)?.entries;
        // One run of a stack at a time: those before it ended earlier.
        if entries.last().is_none_or(|last| last.at_ms.saturating_add(GHOSTS_MS) < now_ms) {
            break;
        }
        types.extend(entries.into_iter().filter_map(|entry| match entry.record {
            Record::Intent { verb: Verb::Delete, ty, .. } => Some(ty),
            _ => None,
        }));
    }
    Ok(types)
}

/// A lock that is held. Dropping it frees it.
pub trait Held: Send + Sync + Debug {}

/// Who holds a lock, for the message of whoever wants it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// For people: user, host, process.
    pub who: String,
    /// Unix milliseconds.
    pub since_ms: i64,
    /// The run, if it is one.
    pub run: Option<RunId>,
}

/// A journal as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// All entries.
    pub entries: Vec<Entry>,
    /// Their fold.
    pub state: RunState,
    /// True if the last line was torn and left out.
    pub torn: bool,
}

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk.
    #[error("cannot {what} {file}: {source}")]
    Io {
        /// `read`, `write`, ….
        what: &'static str,
        /// Which file or folder.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file says something impossible.
    #[error("{file}:{line}: {why}")]
    Corrupt {
        /// Which file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// Somebody else works on this stack and environment.
    #[error("another run works on this stack and environment{}", .0.as_ref().map_or_else(String::new, |h| format!(": {}", h.who)))]
    Locked(Option<Holder>),
    /// A run of this name is there.
    #[error("run {0} is there already")]
    Exists(RunId),
    /// No run of this name.
    #[error("there is no run {0}")]
    Missing(RunId),
    /// The store takes nothing any more (memory store only).
    #[error("the journal takes nothing any more")]
    Dead,
}

/// Folds entries; says at which of them (from 0) it failed.
fn fold(entries: &[Entry]) -> Result<RunState, (usize, String)> {
    let mut state = RunState::default();
    for (at, entry) in entries.iter().enumerate() {
        state.apply(entry).map_err(|e| (at, e.to_string()))?;
    }
    Ok(state)
}
