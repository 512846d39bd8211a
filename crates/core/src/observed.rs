//! What was seen in the cloud.

use crate::diff::same_meaning;
use crate::identity::{Identifier, Key};
use crate::ids::{Address, Target, TypeName};
use crate::pointer::Pointer;
use crate::provider::{Failure, Found};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What the planner wants to know about one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which resource asks.
    pub address: Address,
    /// Type.
    pub ty: TypeName,
    /// Where.
    pub target: Target,
    /// Keys to read in this order; the first confirmed hit answers. Empty: nothing can be asked.
    pub probes: Vec<Probe>,
}

/// One read to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What to ask for.
    pub key: Key,
    /// Which identity step gives it.
    pub step: IdentityStep,
    /// Values that the model must show, else the hit is somebody else's (pointer, value).
    pub must_agree: Vec<(Pointer, Value)>,
    /// The property that holds tags, and tags that must be in it, else the hit is not ours.
    pub must_carry: Option<(String, Vec<(String, String)>)>,
}

impl Probe {
    /// A key that is proof by itself.
    pub fn certain(key: Key, step: IdentityStep) -> Self {
        Self { key, step, must_agree: Vec::new(), must_carry: None }
    }

    /// True if the model is the one that was looked for. Values that are not known yet cannot disagree.
    pub fn confirms(&self, model: &Json) -> bool {
        let agrees =
            self.must_agree.iter().all(|(pointer, wanted)| match (wanted.exposed(), pointer.get(model)) {
                (Some(wanted), Some(live)) => same_meaning(&wanted, live),
                (Some(_), None) => false,
                (None, _) => true,
            });
        let carries = self.must_carry.as_ref().is_none_or(|(property, marks)| {
            let tags = crate::tags::of_property(model.get(property));
            marks.iter().all(|(key, value)| tags.contains(&(key.as_str(), value.as_str())))
        });
        agrees && carries
    }
}

/// Which step of DESIGN section 5 found a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStep {
    /// 1: `identifier` in the manifest.
    Pinned,
    /// 2: primary identifier from declared properties.
    Declared,
    /// 3: additional identifier from declared properties.
    Additional,
    /// 5: the local ledger's hint.
    Ledger,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting {
    /// Certainly not there.
    Absent,
    /// There.
    Present {
        /// As read.
        found: Box<Found>,
        /// How it was found.
        step: IdentityStep,
    },
    /// Nobody knows: the read failed.
    Unreadable(Failure),
}

/// The last identifier that this stack used for a resource. A hint; always verified by a read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Type at that time.
    pub ty: TypeName,
    /// Where.
    pub target: Target,
    /// Identifier at that time.
    pub identifier: Identifier,
}
