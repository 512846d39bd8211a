//! What was seen in the cloud.

use crate::identity::{Identifier, Key};
use crate::ids::{Address, Target, TypeName};
use crate::provider::{Failure, Found};
use serde::{Deserialize, Serialize};

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
    pub must_agree: Vec<(crate::pointer::Pointer, crate::value::Value)>,
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
