//! What a sandbox is told before it starts. Every field has a default; files are JSON or YAML by serde.

use crate::fault::Fault;
use crate::registry::Registration;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Settings of a [`Cloud`](crate::Cloud). The default is strict and asynchronous, without faults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Account of every access key that `accounts` does not name.
    pub account: String,
    /// Access key id → account.
    pub accounts: IndexMap<String, String>,
    /// Seed of identifiers, shuffles and random faults.
    pub seed: u64,
    /// How long operations take.
    pub timing: Timing,
    /// Timing by type, exact or with a trailing `*` (`AWS::RDS::*`); the first that fits counts.
    pub type_timing: IndexMap<String, Timing>,
    /// When an operation's identifier becomes visible.
    pub identifier: IdentifierShown,
    /// `ResourceModel` in the final event.
    pub resource_model: ModelShown,
    /// Which properties a listing shows.
    pub list_properties: ListShows,
    /// Arrays whose order has no meaning (`insertionOrder: false`) are read in another order than they were written.
    pub reorder_sets: bool,
    /// Milliseconds for which a created resource is not found by reads and lists.
    pub read_lag_ms: i64,
    /// Milliseconds for which a listing shows the state before a create or delete.
    pub list_lag_ms: i64,
    /// Milliseconds until the tag index shows new and changed tags (cloud-control 5.1).
    pub tag_lag_ms: i64,
    /// Milliseconds for which the tag index still shows what is deleted.
    pub tag_ghost_ms: i64,
    /// How the tag index cuts its pages.
    pub tag_pages: TagPages,
    /// Type, exact or with a trailing `*` → `aws:` tags that its resources carry from their creation on (trap 34).
    pub system_tags: IndexMap<String, IndexMap<String, String>>,
    /// Types registered or activated in every account of this cloud.
    pub types: Vec<Registration>,
    /// Whether services look at the other resources that properties name.
    pub references: References,
    /// Milliseconds until a new role can be assumed by services (trap 89).
    pub iam_propagation_ms: i64,
    /// How an operation on a container with read-only or create-only members is judged.
    pub containers: Containers,
    /// Token buckets; none by default.
    pub rate: Option<Rate>,
    /// Signatures older or newer than this are refused. `None`: only the form is checked, because simulated time and
    /// a signer's time may differ.
    pub clock_skew_ms: Option<i64>,
    /// Faults from the start.
    pub faults: Vec<Fault>,
    /// Random faults.
    pub chaos: Option<Chaos>,
    /// Confluent Cloud, which is played beside.
    pub confluent: crate::confluent::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            accounts: IndexMap::new(),
            seed: 0,
            timing: Timing::default(),
            type_timing: IndexMap::new(),
            identifier: IdentifierShown::default(),
            resource_model: ModelShown::default(),
            list_properties: ListShows::default(),
            reorder_sets: true,
            read_lag_ms: 0,
            list_lag_ms: 0,
            tag_lag_ms: 0,
            tag_ghost_ms: 0,
            tag_pages: TagPages::default(),
            system_tags: IndexMap::new(),
            types: Vec::new(),
            references: References::default(),
            iam_propagation_ms: 0,
            containers: Containers::default(),
            rate: None,
            clock_skew_ms: None,
            faults: Vec::new(),
            chaos: None,
            confluent: crate::confluent::Config::default(),
        }
    }
}

impl Config {
    /// The timing of a type.
    pub(crate) fn timing_of(&self, ty: &str) -> &Timing {
        self.type_timing
            .iter()
            .find(|(name, _)| crate::fault::name_fits(name, ty))
            .map_or(&self.timing, |(_, t)| t)
    }

    /// The system tags of a type.
    pub(crate) fn system_tags_of(&self, ty: &str) -> Vec<crate::tags::Tag> {
        self.system_tags
            .iter()
            .filter(|(name, _)| crate::fault::name_fits(name, ty))
            .flat_map(|(_, tags)| tags.iter().map(|(key, value)| (key.clone(), value.clone())))
            .collect()
    }

    /// The account of an access key.
    pub(crate) fn account_of(&self, access_key: &str) -> &str {
        self.accounts.get(access_key).unwrap_or(&self.account)
    }
}

/// Durations in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// PENDING before the handler starts.
    pub pending_ms: i64,
    /// IN_PROGRESS of a create.
    pub create_ms: i64,
    /// IN_PROGRESS of an update.
    pub update_ms: i64,
    /// IN_PROGRESS of a delete.
    pub delete_ms: i64,
    /// CANCEL_IN_PROGRESS.
    pub cancel_ms: i64,
    /// `RetryAfter` lies so far after each answer about a running operation. 0: no `RetryAfter`.
    pub retry_after_ms: i64,
    /// Every answer takes so long.
    pub latency_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            pending_ms: 200,
            create_ms: 2_000,
            update_ms: 1_500,
            delete_ms: 1_500,
            cancel_ms: 500,
            retry_after_ms: 500,
            latency_ms: 0,
        }
    }
}

/// When an identifier becomes visible in events (cloud-control 1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierShown {
    /// A declared one while IN_PROGRESS, a server-assigned one as soon as the resource exists.
    #[default]
    Early,
    /// Only in the final event.
    AtEnd,
}

/// `ResourceModel` in the final event of a create or update (cloud-control 1.4, trap 44).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelShown {
    /// Now absent, now sparse, now with the write-only input in it.
    #[default]
    Mixed,
    /// Never there.
    Absent,
    /// The identifier only.
    Sparse,
    /// All properties, write-only input included.
    Echo,
}

/// What a listing shows of each resource (cloud-control 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListShows {
    /// What a read shows.
    #[default]
    All,
    /// The identifier's properties only.
    Identifiers,
    /// The identifier's and the required properties.
    Required,
}

/// Whether an operation that replaces a container touches the protected members inside (cloud-control 10, point 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Containers {
    /// Only if a protected value changes or is left out.
    #[default]
    Compared,
    /// Always (trap 12).
    Refused,
}

/// How the tag index cuts its pages: they may be short, even empty, with more to come (cloud-control 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagPages {
    /// As many as asked for.
    Full,
    /// Pages that are followed by others are up to a third short.
    #[default]
    Short,
    /// Pages hold anything from nothing to the limit.
    Sparse,
}

/// Whether services look at the other resources that properties name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum References {
    /// A name of something that does not exist is refused, and what is in use cannot be deleted.
    #[default]
    Checked,
    /// Any name will do, for stacks that lean on resources which nobody put into the sandbox.
    Unchecked,
}

/// Token buckets by kind of call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// Get, list and status calls per second.
    pub reads_per_second: f64,
    /// Create, update, delete and cancel calls per second.
    pub writes_per_second: f64,
    /// Bucket size in seconds of its rate.
    pub burst_seconds: f64,
}

impl Default for Rate {
    /// Figures that others measured or claim (cloud-control 1.10).
    fn default() -> Self {
        Self { reads_per_second: 30.0, writes_per_second: 5.0, burst_seconds: 1.0 }
    }
}

/// Random faults: each call is hit with the given chance by one of the kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Seed of the choices.
    pub seed: u64,
    /// Chance in percent.
    pub percent: u8,
    /// What may happen; empty: the transient ones.
    pub kinds: Vec<crate::fault::What>,
}

impl Default for Chaos {
    fn default() -> Self {
        Self { seed: 0, percent: 10, kinds: Vec::new() }
    }
}
