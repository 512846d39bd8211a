//! What one evaluation has touched: values that are not known yet, and secrets.
//!
//! Operators of the template language cannot be taught to carry an unknown. So each unknown that an expression gets
//! hold of is noted here, and the whole result counts as unknown with all noted sources, unless every one of them is
//! still to be found as a whole inside the result. Secrets are noted likewise: one touch makes the result secret.

use crate::template::place::Cause;
use indexmap::IndexMap;
use stack_core::value::{Unknown, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Notes of one evaluation. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session(Arc<Mutex<Notes>>);

/// Why a live resource has no value at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    /// In words.
    pub(crate) words: String,
    /// True for a secret that only the answer to the create held: it is somewhere, but not here.
    pub(crate) lost: bool,
}

#[derive(Debug, Default)]
struct Notes {
    next: u64,
    unknowns: IndexMap<u64, Unknown>,
    secret: bool,
    absent: Vec<(String, Absence)>,
    missing: Vec<Cause>,
}

impl Session {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an unknown that the expression now holds, and gives its number.
    pub(crate) fn take(&self, unknown: &Unknown) -> u64 {
        let mut notes = self.notes();
        notes.next += 1;
        let id = notes.next;
        notes.unknowns.insert(id, unknown.clone());
        id
    }

    /// An unknown was only a step on the way to another one, or is part of the result as it is.
    pub(crate) fn release(&self, id: u64) {
        self.notes().unknowns.shift_remove(&id);
    }

    /// Notes that a secret went into the evaluation.
    pub(crate) fn touch_secret(&self) {
        self.notes().secret = true;
    }

    /// True if a secret went in.
    pub(crate) fn is_secret(&self) -> bool {
        self.notes().secret
    }

    /// All unknowns that went in, merged.
    pub(crate) fn unknown(&self) -> Option<Unknown> {
        let notes = self.notes();
        let mut all = notes.unknowns.values();
        let first = all.next()?.clone();
        Some(all.fold(first, Unknown::and))
    }

    /// Notes why an expression of a reference gave nothing.
    pub(crate) fn note_absent(&self, expression: String, why: Absence) {
        self.notes().absent.push((expression, why));
    }

    /// Why a reference gave nothing.
    pub(crate) fn absent(&self, expression: &str) -> Option<Absence> {
        self.notes().absent.iter().find(|(e, _)| e == expression).map(|(_, why)| why.clone())
    }

    /// Notes a key that a map does not have: a problem only if something is done with what is not there.
    pub(crate) fn note_missing(&self, cause: Cause) {
        self.notes().missing.push(cause);
    }

    /// The last key that was not there.
    pub(crate) fn missing(&self) -> Option<Cause> {
        self.notes().missing.last().cloned()
    }

    /// Begins anew: what was touched so far went into what was made of it.
    pub(crate) fn forget(&self) {
        let mut notes = self.notes();
        notes.unknowns.clear();
        notes.secret = false;
    }

    /// The result with its marks. The unknowns that stand in `value` as they are must have been released before.
    pub(crate) fn mark(&self, value: Value) -> Value {
        let secret = self.is_secret();
        match self.unknown() {
            Some(mut unknown) => {
                unknown.sensitive |= secret;
                Value::Unknown(unknown)
            }
            None if secret => match value {
                Value::Unknown(unknown) => Value::Unknown(Unknown { sensitive: true, ..unknown }),
                other if other.unknown().is_some() => {
                    Value::Unknown(Unknown { sensitive: true, ..other.unknown().unwrap_or_default() })
                }
                other => Value::Secret(stack_core::value::Secret::new(other)),
            },
            None => value,
        }
    }
}
