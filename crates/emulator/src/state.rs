//! What the emulated cloud remembers. Its JSON form is the snapshot (version 1).

use crate::aws_rest::Association;
use crate::dice::Dice;
use crate::fault::{Faults, What};
use crate::tag_index::TagIndex;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;
use std::collections::BTreeMap;

/// Version of the snapshot's form.
pub(crate) const VERSION: u32 = 1;

/// A request's status stays retrievable for seven days (cloud-control 1.9).
pub(crate) const REQUEST_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;
/// A client token is remembered for 36 hours (cloud-control 1.8).
pub(crate) const TOKEN_KEPT_MS: i64 = 36 * 3600 * 1000;

/// Everything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) version: u32,
    pub(crate) dice: Dice,
    /// Calls handled so far.
    pub(crate) calls: u64,
    /// Numbers resources in order of creation.
    pub(crate) next_uid: u64,
    /// `account/region` → what is there.
    pub(crate) scopes: BTreeMap<String, Scope>,
    /// Access keys of assumed roles → caller.
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) faults: Faults,
    /// The time of the last call.
    #[serde(default)]
    pub(crate) now_ms: i64,
    /// `account/region` → its tag index. `None` in snapshots from before there was one.
    #[serde(default)]
    pub(crate) tags: Option<BTreeMap<String, TagIndex>>,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            version: VERSION,
            dice: Dice::new(seed),
            calls: 0,
            next_uid: 1,
            scopes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            faults: Faults::default(),
            now_ms: 0,
            tags: Some(BTreeMap::new()),
        }
    }
}

/// An assumed role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: String,
    pub(crate) arn: String,
}

/// One account in one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scope {
    /// Type → key → resource, in order of creation.
    pub(crate) resources: BTreeMap<String, IndexMap<String, Resource>>,
    /// Type → deleted things that still show.
    pub(crate) ghosts: BTreeMap<String, Vec<Ghost>>,
    /// Request token → request, oldest first.
    pub(crate) requests: IndexMap<String, Request>,
    /// Requests that have not ended.
    pub(crate) open: Vec<String>,
    /// Client token → its request.
    pub(crate) tokens: IndexMap<String, TokenUse>,
    /// Identifiers of deleted queues → when; their names rest for a while.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) resting: BTreeMap<String, i64>,
    /// Associations of data integrations, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) associations: Vec<Association>,
    /// Client tokens of native REST operations → what they made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) rest_tokens: BTreeMap<String, String>,
}

impl Scope {
    /// A resource by its key.
    pub(crate) fn resource(&self, ty: &str, key: &str) -> Option<&Resource> {
        self.resources.get(ty)?.get(key)
    }
    pub(crate) fn resource_mut(&mut self, ty: &str, key: &str) -> Option<&mut Resource> {
        self.resources.get_mut(ty)?.get_mut(key)
    }
    /// All resources of a type.
    pub(crate) fn of_type(&self, ty: &str) -> impl Iterator<Item = (&String, &Resource)> {
        self.resources.get(ty).into_iter().flatten()
    }
    /// The running request that holds a resource.
    pub(crate) fn holder(&self, ty: &str, key: &str) -> Option<&Request> {
        self.open
            .iter()
            .filter_map(|token| self.requests.get(token))
            .find(|request| request.ty == ty && request.holds(key))
    }
    /// Drops requests and tokens that are too old to be asked for.
    pub(crate) fn forget(&mut self, now_ms: i64) {
        let old = |request: &Request| !request.is_open() && now_ms - request.submitted_at > REQUEST_KEPT_MS;
        if self.requests.first().is_some_and(|(_, request)| old(request)) {
            self.requests.retain(|_, request| !old(request));
        }
        let stale = |used: &TokenUse| now_ms - used.first_at > TOKEN_KEPT_MS;
        if self.tokens.first().is_some_and(|(_, used)| stale(used)) {
            self.tokens.retain(|_, used| !stale(used));
        }
    }
}

/// A resource with all its properties, write-only ones included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) uid: u64,
    /// In its `|` form.
    pub(crate) identifier: String,
    pub(crate) model: Json,
    /// Counts changes.
    pub(crate) revision: u32,
    /// Reads do not find it before.
    pub(crate) visible_at: i64,
    /// So many reads do not find it.
    pub(crate) hidden_reads: u32,
    /// Lists do not show it before.
    pub(crate) listed_at: i64,
    /// When it came to be.
    #[serde(default)]
    pub(crate) created_at: i64,
    /// Identifier of the resource that the service made it with, and with which it goes: a VPC's default group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
}

/// A deleted resource that still shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ghost {
    pub(crate) key: String,
    pub(crate) resource: Resource,
    /// Gone for good; `None`: never.
    pub(crate) until: Option<i64>,
    /// Reads find it too, and its name is taken.
    pub(crate) readable: bool,
}

/// First use of a client token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TokenUse {
    pub(crate) request: String,
    /// Hash of the parameters.
    pub(crate) parameters: String,
    pub(crate) first_at: i64,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Pending,
    InProgress,
    Success,
    Failed,
    CancelInProgress,
    CancelComplete,
}

impl Status {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::CancelInProgress => "CANCEL_IN_PROGRESS",
            Self::CancelComplete => "CANCEL_COMPLETE",
        }
    }
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::CancelComplete)
    }
}

/// An accepted operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) token: String,
    pub(crate) hooks_token: Option<String>,
    pub(crate) verb: Verb,
    pub(crate) ty: String,
    /// Version of a private type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) type_version: Option<String>,
    /// Key of the resource; known to us from the start, even where the service assigns it.
    pub(crate) key: String,
    /// The identifier's `|` form.
    pub(crate) identifier: String,
    /// True if the caller chose the identifier.
    pub(crate) declared: bool,
    pub(crate) submitted_at: i64,
    pub(crate) starts_at: i64,
    /// When the handler's effect shows.
    pub(crate) acts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) cancels_at: Option<i64>,
    pub(crate) status: Status,
    /// The effect was made.
    pub(crate) acted: bool,
    pub(crate) error_code: Option<String>,
    pub(crate) message: String,
    pub(crate) event_at: i64,
    /// Create: the whole new model. Update: the patched read model. Delete: null.
    pub(crate) model: Json,
    /// What an update's patch removed.
    pub(crate) removed: Vec<Pointer>,
    pub(crate) hooks: Vec<Json>,
    /// Faults of this operation.
    pub(crate) script: Vec<What>,
}

impl Request {
    pub(crate) fn is_open(&self) -> bool {
        !self.status.is_terminal()
    }

    /// True if the request holds the resource of that key. A create with an assigned identifier holds nothing until
    /// the resource exists.
    fn holds(&self, key: &str) -> bool {
        self.key == key && (self.declared || self.acted || self.verb != Verb::Create)
    }

    /// False if a fault makes the operation fail without doing anything.
    pub(crate) fn has_effect(&self) -> bool {
        self.script.iter().all(|what| !matches!(what, What::Fail { effect: false, .. }))
    }

    /// The time of the next thing to happen.
    pub(crate) fn next_at(&self) -> Option<i64> {
        match self.status {
            Status::Pending => Some(self.starts_at),
            Status::InProgress if !self.acted && self.has_effect() => Some(self.acts_at),
            Status::InProgress => Some(self.ends_at),
            Status::CancelInProgress => self.cancels_at,
            Status::Success | Status::Failed | Status::CancelComplete => None,
        }
    }

    /// Moves to another status.
    pub(crate) fn become_at(&mut self, status: Status, at_ms: i64) {
        self.status = status;
        self.event_at = at_ms;
    }

    /// Ends FAILED.
    pub(crate) fn fail(&mut self, code: &str, message: &str, at_ms: i64) {
        self.become_at(Status::Failed, at_ms);
        self.error_code = Some(code.to_owned());
        self.message = message.to_owned();
    }
}
