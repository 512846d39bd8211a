//! What one run learns and does not write down: hosts, secrets that are shown once, and what is under way.

use super::model::Model;
use super::settings::Credential;
use serde_json::Value as Json;
use stack_core::ids::{RequestToken, TypeName};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

#[derive(Default)]
struct Held {
    /// Endpoint class and target → its base URL.
    hosts: HashMap<(String, String), String>,
    /// Endpoint class and target → a credential that counts before all others.
    preferred: HashMap<(String, String), Credential>,
    /// Provider and endpoint class → a token that was asked for.
    tokens: HashMap<(String, String), Token>,
    /// Endpoint class and target → a credential that this run made, for want of another.
    granted: HashMap<(String, String), Credential>,
    /// Endpoint class and target for which that credential was never taken.
    given_up: HashSet<(String, String)>,
    /// Type and identity → members that only the create's answer held.
    secrets: HashMap<(TypeName, String), Model>,
    /// What was seen of operations that are polled.
    watched: HashMap<RequestToken, Watched>,
    /// Type and identity of what lists have shown.
    listed: HashSet<(TypeName, String)>,
    /// Type and identity of what this run has deleted.
    deleted: HashSet<(TypeName, String)>,
}

struct Token {
    text: String,
    until_ms: i64,
    /// True until it is used a second time.
    is_new: bool,
}

/// What was seen of one operation.
#[derive(Clone, Default)]
pub(super) struct Watched {
    /// Since when its phase is a failed one.
    pub(super) failed_since: Option<Instant>,
    /// Looks so far.
    pub(super) looks: u32,
    /// Looks for a create without an answer that found nothing.
    pub(super) misses: u32,
    /// Why there was no answer.
    pub(super) why: String,
    /// Properties to set once it is ready, and their values.
    pub(super) then: Model,
    /// How often the service has refused to set them.
    pub(super) refusals: u32,
    /// Values that the model must show before it is ready: a paused one is ready as PAUSED.
    pub(super) wished: Model,
    /// Since when a new credential is tried.
    pub(super) tried_since: Option<Instant>,
    /// How often in a row it was taken.
    pub(super) proofs: u32,
    /// When the create was sent (Unix milliseconds), if this run itself looked before it and nothing was there.
    pub(super) absent_at: Option<i64>,
}

/// The memory of one provider.
#[derive(Default)]
pub(super) struct Memory(Mutex<Held>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn held(&self) -> MutexGuard<'_, Held> {
        // The maps stay whole even if a holder of the lock panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host of a target, if that was learned.
    pub(super) fn host(&self, class: &str, target: &str) -> Option<String> {
        self.held().hosts.get(&(class.to_owned(), target.to_owned())).cloned()
    }

    /// Keeps the host of a target.
    pub(super) fn learn(&self, class: &str, target: &str, url: &str) {
        self.held().hosts.insert((class.to_owned(), target.to_owned()), url.to_owned());
    }

    /// The credential that counts for a target before those of the environment, if there is one.
    pub(super) fn preferred(&self, class: &str, target: &str) -> Option<Credential> {
        self.held().preferred.get(&(class.to_owned(), target.to_owned())).cloned()
    }

    /// Keeps the credential that counts for a target from now on.
    pub(super) fn prefer(&self, class: &str, target: &str, credential: Credential) {
        self.held().preferred.insert((class.to_owned(), target.to_owned()), credential);
    }

    /// The token of an endpoint class, while it lasts. From then on it is an old one.
    pub(super) fn token(&self, key: &(String, String), now_ms: i64) -> Option<String> {
        let mut held = self.held();
        let token = held.tokens.get_mut(key).filter(|token| now_ms < token.until_ms)?;
        token.is_new = false;
        Some(token.text.clone())
    }

    /// Keeps a token until a moment (Unix milliseconds).
    pub(super) fn keep_token(&self, key: (String, String), text: String, until_ms: i64) {
        self.held().tokens.insert(key, Token { text, until_ms, is_new: true });
    }

    /// Forgets a token that was refused. False if it is new: another one would be no better.
    pub(super) fn forget_token(&self, key: &(String, String)) -> bool {
        let mut held = self.held();
        let is_old = held.tokens.get(key).is_some_and(|token| !token.is_new);
        if is_old {
            held.tokens.remove(key);
        }
        is_old
    }

    /// Keeps a credential that this run made.
    pub(super) fn grant(&self, class: &str, target: &str, credential: Credential) {
        self.held().granted.insert((class.to_owned(), target.to_owned()), credential);
    }

    /// The credential that this run made for a target.
    pub(super) fn granted(&self, class: &str, target: &str) -> Option<Credential> {
        self.held().granted.get(&(class.to_owned(), target.to_owned())).cloned()
    }

    /// Keeps that the credential of this run was never taken.
    pub(super) fn give_up(&self, class: &str, target: &str) {
        self.held().given_up.insert((class.to_owned(), target.to_owned()));
    }

    /// True if a target may need time for this credential: this run made it, and it has not had all the time there is.
    pub(super) fn is_young(&self, class: &str, target: &str, credential: &Credential) -> bool {
        let held = self.held();
        let key = (class.to_owned(), target.to_owned());
        held.granted.get(&key) == Some(credential) && !held.given_up.contains(&key)
    }

    /// Keeps what only a create's answer holds.
    pub(super) fn keep(&self, ty: &TypeName, identity: &str, members: Model) {
        if !members.is_empty() {
            self.held().secrets.insert((ty.clone(), identity.to_owned()), members);
        }
    }

    /// What only a create's answer held.
    pub(super) fn kept(&self, ty: &TypeName, identity: &str) -> Vec<(String, Json)> {
        let key = (ty.clone(), identity.to_owned());
        self.held().secrets.get(&key).map(|members| members.clone().into_iter().collect()).unwrap_or_default()
    }

    /// Keeps whether this run has deleted a resource.
    pub(super) fn deleted(&self, ty: &TypeName, identity: &str, is_deleted: bool) {
        let key = (ty.clone(), identity.to_owned());
        let mut held = self.held();
        if is_deleted {
            held.secrets.remove(&key);
            held.deleted.insert(key);
        } else {
            held.deleted.remove(&key);
        }
    }

    /// True if this run has deleted the resource.
    pub(super) fn is_deleted(&self, ty: &TypeName, identity: &str) -> bool {
        self.held().deleted.contains(&(ty.clone(), identity.to_owned()))
    }

    /// Keeps that a list has shown resources.
    pub(super) fn listed(&self, ty: &TypeName, identities: impl Iterator<Item = String>) {
        self.held().listed.extend(identities.map(|identity| (ty.clone(), identity)));
    }

    /// True if a list has shown the resource.
    pub(super) fn was_listed(&self, ty: &TypeName, identity: &str) -> bool {
        self.held().listed.contains(&(ty.clone(), identity.to_owned()))
    }

    /// Looks at, and changes, what was seen of an operation.
    pub(super) fn watch<T>(&self, request: &RequestToken, look: impl FnOnce(&mut Watched) -> T) -> T {
        look(self.held().watched.entry(request.clone()).or_default())
    }

    /// Forgets an operation that is over.
    pub(super) fn forget(&self, request: &RequestToken) {
        self.held().watched.remove(request);
    }
}
