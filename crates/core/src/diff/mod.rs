//! The differ: what of the declared values is not so in the live model.
//!
//! It subtracts what can be explained (cloud-control 3.4 and 3.7); what is left is the change. Only declared values
//! are looked at: an undeclared property is not ours.

mod arrays;
mod document;
mod patch;
mod policy;
mod repair;
mod scalar;
mod spelling;
mod transform;
mod walk;

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
mod traps;

pub(crate) use document::percent_decode;
pub(crate) use patch::desired_state;
pub use patch::{PatchInput, patch};
pub use scalar::{is_empty, same_json};
pub(crate) use spelling::same_reference;
pub(crate) use transform::normalised;

use crate::plan::{Change, Explained, Impact};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::{Unknown, Value};
use serde_json::Value as Json;

/// The differences of one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// What has to change, in declaration order.
    pub changes: Vec<Change>,
    /// What differs only in form.
    pub explained: Vec<Explained>,
    /// Declared write-only paths.
    pub cannot_compare: Vec<Pointer>,
}

impl Diff {
    /// The worst impact; `None` without changes.
    pub fn impact(&self) -> Option<Impact> {
        self.changes.iter().map(|change| change.impact).max()
    }

    /// Everything that the changed values wait for.
    pub fn unknown(&self) -> Option<Unknown> {
        self.changes.iter().filter_map(|c| c.after.as_ref()?.unknown()).reduce(|a, b| a.and(&b))
    }
}

/// True if two values mean the same whatever the schema says: numbers and their text, embedded documents, address blocks.
pub fn same_meaning(a: &Json, b: &Json) -> bool {
    same_json(a, b)
        || scalar::scalar(a, b, None) != scalar::Same::No
        || document::documents(a, b) != scalar::Same::No
        || (is_empty(a) && is_empty(b))
}

/// What the differ needs to know beside the two models.
pub struct DiffContext<'c> {
    /// The type's schema.
    pub schema: &'c ResourceSchema,
    /// Differences at or below these are not ours to change.
    pub ignore: &'c [Pointer],
    /// True if the value surely differs from any that exists now, because it is an output of a resource that is yet
    /// to be made.
    pub is_fresh: &'c dyn Fn(&Unknown) -> bool,
}

impl std::fmt::Debug for DiffContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiffContext").field("type", &self.schema.type_name).finish_non_exhaustive()
    }
}

/// Compares declared properties with the live model.
///
/// `declared` is the object to hold the live model against, without ownership tags; live tags that the service or we
/// own are passed over (`crate::tags`).
pub fn diff(context: &DiffContext<'_>, declared: &Value, live: &Json) -> Diff {
    let mut walk = walk::Walk::new(context, declared, live);
    walk.root();
    walk.diff
}
