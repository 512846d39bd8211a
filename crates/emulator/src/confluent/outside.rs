//! What happens beside the wire: looking, changing behind everyone's back, saving and restoring.

use super::fault::{Fault, Faults};
use super::plane::Links;
use super::state::State;
use super::{Change, Config, Confluent, Exchange, kinds, routes};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// An object as it is held, write-only values included: for tests only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Resource as in `confluent-api.tsv`.
    pub resource: String,
    /// Id, or the path of names.
    pub key: String,
    /// Id of its environment.
    pub environment: Option<String>,
    /// What reads show of it, with public addresses.
    pub body: Json,
    /// What they never show, by dotted path.
    pub hidden: Json,
    /// Phase, for what has one.
    pub phase: Option<String>,
    /// It is being deleted.
    pub ending: bool,
}

/// An operation that is played, for tests that compare tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Endpoint class: `control`, `kafka`, `sr`, `flink`.
    pub class: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path with `{variables}`.
    pub path: String,
    /// Resource as in `confluent-api.tsv`.
    pub resource: &'static str,
    /// `create`, `read`, `list`, `update`, `delete`, or a name of its own.
    pub operation: &'static str,
    /// Query parameters without which it is 400.
    pub needs: Vec<&'static str>,
}

/// What is checked of a plain resource of the control plane, for tests that compare tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Resource as in `confluent-api.tsv`.
    pub resource: &'static str,
    /// Path of its collection.
    pub path: &'static str,
    /// `api_version` and `kind` of its objects.
    pub kind: (&'static str, &'static str),
    /// Dotted path of the environment's reference in bodies.
    pub environment: Option<&'static str>,
    /// Dotted paths that a create takes.
    pub members: Vec<&'static str>,
    /// Those that it needs.
    pub required: Vec<&'static str>,
    /// Those that cannot change.
    pub fixed: Vec<&'static str>,
    /// Member → the texts that it takes, in any case.
    pub values: Vec<(&'static str, &'static [&'static str])>,
    /// `(container, member)`: who sends the container sends the member.
    pub companions: &'static [(&'static str, &'static str)],
    /// Members that are unique together.
    pub unique: &'static [&'static str],
    /// Query parameters that filter lists.
    pub filters: Vec<&'static str>,
    /// Status of a create and of a delete; 0 where there is none.
    pub statuses: (u16, u16),
    /// A PATCH is there.
    pub patch: bool,
    /// First and last phase, where there are phases, and where they are shown.
    pub phases: Option<(&'static str, &'static str, &'static str)>,
}

impl Confluent {
    /// What is checked of the plain resources.
    pub fn described() -> Vec<Described> {
        let paths = |kind: &'static kinds::Kind, fits: fn(&kinds::Field) -> bool| {
            kind.fields.iter().filter(|field| fits(field)).map(|field| field.path).collect()
        };
        let described = kinds::all().map(|kind| Described {
            resource: kind.name,
            path: kind.path,
            kind: (kind.api_version, kind.kind),
            environment: kind.place.path(),
            members: paths(kind, |_| true),
            required: paths(kind, |field| field.required),
            fixed: paths(kind, |field| field.fixed),
            values: kind.fields.iter().filter(|f| !f.values.is_empty()).map(|f| (f.path, f.values)).collect(),
            companions: kind.companions,
            unique: kind.unique,
            filters: kind.filters.iter().map(|(name, _)| *name).collect(),
            statuses: (kind.create, kind.delete),
            patch: kind.patch,
            phases: kind.life.map(|life| (life.pending, life.ready, life.at)),
        });
        described.collect()
    }

    /// Brings everything to that time, in Unix milliseconds, without a request.
    pub fn advance(&mut self, now_ms: i64) {
        self.sweep(now_ms);
    }

    /// All requests so far, oldest first.
    pub fn history(&self) -> &[Exchange] {
        &self.history
    }

    /// What came, changed and went so far, oldest first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Forgets the requests and changes so far.
    pub fn clear_history(&mut self) {
        self.history.clear();
        self.changes.clear();
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes settings between requests. Faults among them are not armed; see [`Self::inject`].
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Arms a fault.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.arm(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    pub(super) fn arm_given(&mut self) {
        self.config.faults.iter().cloned().for_each(|fault| self.faults.arm(fault));
    }

    /// All objects that are there, by resource in order of creation.
    pub fn objects(&self) -> impl Iterator<Item = Held> + '_ {
        let now_ms = self.state.now_ms;
        self.state.everything().map(move |(resource, key, object)| {
            let at = kinds::named(resource).map_or("status.phase", |kind| kind.phase_at());
            let mut body = object.at(now_ms, at);
            Links::public().resolve(&mut body);
            Held {
                resource: resource.clone(),
                key: key.clone(),
                environment: object.environment.clone(),
                body,
                hidden: Json::Object(object.hidden.clone()),
                phase: object.phase(now_ms).map(str::to_owned),
                ending: object.gone_at.is_some(),
            }
        })
    }

    /// One object by resource and key.
    pub fn object(&self, resource: &str, key: &str) -> Option<Held> {
        self.objects().find(|held| held.resource == resource && held.key == key)
    }

    /// Changes an object behind everyone's back with a merge patch (RFC 7396); null deletes it, with what is in it.
    /// False if there is no such object. No rule is checked.
    pub fn edit(&mut self, resource: &str, key: &str, patch: &Json) -> bool {
        let now_ms = self.state.now_ms;
        let Some(object) = self.state.get_mut(resource, key) else { return false };
        if patch.is_null() {
            self.state.end(resource, key, now_ms);
            self.sweep(now_ms);
            return true;
        }
        object.fold(now_ms);
        json_patch::merge(&mut object.body, patch);
        object.touch(now_ms);
        true
    }

    /// Gives an object a phase from now on. False if there is no such object.
    pub fn set_phase(&mut self, resource: &str, key: &str, phase: &str) -> bool {
        let now_ms = self.state.now_ms;
        let Some(object) = self.state.get_mut(resource, key) else { return false };
        object.phases.retain(|(from, _)| *from <= now_ms);
        object.phases.push((now_ms, phase.to_owned()));
        true
    }

    /// Lets reads show something else than what is stored: a merge patch (RFC 7396). False if there is no such object.
    pub fn set_shown(&mut self, resource: &str, key: &str, patch: Json) -> bool {
        let Some(object) = self.state.get_mut(resource, key) else { return false };
        object.shown = Some(patch);
        true
    }

    /// Everything worth keeping between processes; faults and the history are not. Secrets are kept as hashes.
    pub fn snapshot(&self) -> Json {
        self.state.snapshot()
    }

    /// The service as it was when the snapshot was taken.
    ///
    /// # Errors
    /// It is no such snapshot.
    pub fn restore(config: Config, snapshot: Json) -> Result<Self, serde_json::Error> {
        let state: State = serde_json::from_value(snapshot)?;
        let mut service = Self {
            config,
            state,
            faults: Faults::default(),
            history: Vec::new(),
            changes: Vec::new(),
            buckets: BTreeMap::new(),
        };
        service.arm_given();
        Ok(service)
    }

    /// Every operation that is played.
    pub fn operations() -> Vec<Operation> {
        let operations = routes::all().iter().map(|route| Operation {
            class: route.class,
            method: route.method,
            path: route.path.clone(),
            resource: route.resource,
            operation: route.operation,
            needs: route.needs.clone(),
        });
        operations.collect()
    }

    /// The operation of a request on a plane of that class, as `(resource, operation)`.
    pub fn operation_of(class: &str, method: &Method, path: &str) -> Option<(&'static str, &'static str)> {
        let found = routes::find(class, method, path).ok()?;
        Some((found.route.resource, found.route.operation))
    }
}
