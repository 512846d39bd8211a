//! What was seen in the cloud.

use crate::diff::same_meaning;
use crate::identity::{Identifier, Key};
use crate::ids::{Address, Target, TypeName};
use crate::pointer::Pointer;
use crate::provider::{Failure, Found};
use crate::search::{Listing, Search};
use crate::value::{Unknown, Value};
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
    /// Keys to read in this order; the first confirmed hit answers.
    pub probes: Vec<Probe>,
    /// What to look for where no key answers. `None`: the keys settle it.
    pub search: Option<Box<Search>>,
    /// A list that shows all that the reads would: where several questions have the same, it may be asked in their place.
    /// [`Listing::Never`]: there is none.
    pub listing: Listing,
    /// Values that the whole answer waits for: if nothing is found, it may only be that they are missing.
    pub waiting: Option<Unknown>,
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
    /// 4: an identifier that follows from place and name.
    Derived,
    /// 5: the local ledger's hint.
    Ledger,
    /// 6: ownership tags.
    Tagged,
    /// 7: all declared create-only and required values.
    Matched,
}

impl IdentityStep {
    /// True if the key is the identifier itself: what it does not find does not exist.
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Pinned | Self::Declared | Self::Derived)
    }
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
    /// Several could be it.
    Ambiguous {
        /// Each of them.
        found: Vec<Identifier>,
        /// How they were found.
        step: IdentityStep,
    },
    /// Not there as ours; these look like it and are left alone.
    Lookalikes(Vec<Lookalike>),
    /// These match, and nobody can tell whether they are ours: reads do not show the tags of the type.
    Unprovable(Vec<Identifier>),
}

/// A resource that matches what is declared without being ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookalike {
    /// Which.
    pub identifier: Identifier,
    /// Who owns it, if its tags say so.
    pub owner: Option<String>,
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
    /// When this stack knew that an operation of its own has made it, Unix milliseconds. `None` where it was only seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
    /// True if type and time alone say that a create of ours made it. Then only a resource that shows all that is
    /// declared is taken for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guessed: bool,
    /// Of a guess: the others that may be it as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<Identifier>,
}

impl LedgerEntry {
    /// A resource that was seen.
    pub fn of(ty: TypeName, target: Target, identifier: Identifier) -> Self {
        Self { ty, target, identifier, made_at: None, guessed: false, or: Vec::new() }
    }
}
