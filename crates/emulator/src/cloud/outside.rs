//! What happens beside the wire: looking at the cloud, changing it behind everyone's back, saving and restoring it.

use super::{Cloud, Turn};
use crate::arn;
use crate::config::Config;
use crate::confluent::Confluent;
use crate::handler::Place;
use crate::identify;
use crate::model::{expand, get_mut};
use crate::state::{State, VERSION};
use crate::validate::Patterns;
use crate::wire::Op;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use stack_core::ids::TypeName;
use stack_core::pointer::PropertyPath;
use stack_core::schema::{ResourceSchema, Schemas};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Member of the snapshot.
const CONFLUENT: &str = "confluent";

/// A resource as the cloud holds it, write-only values included: for tests only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Type.
    pub ty: String,
    /// Identifier in its `|` form.
    pub identifier: String,
    /// All properties.
    pub model: Json,
}

/// Why an out-of-band change could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Nothing of that type has that identifier.
    #[error("no {ty} with identifier {identifier}")]
    Absent {
        /// Type.
        ty: String,
        /// Identifier as given.
        identifier: String,
    },
    /// The type is unknown.
    #[error("no resource type {0}")]
    UnknownType(String),
    /// The patch document is wrong or does not fit.
    #[error("the change cannot be applied: {0}")]
    Patch(String),
}

/// Why a snapshot could not be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Written by another version.
    #[error("the snapshot has version {found}, expected {VERSION}")]
    Version {
        /// Its version.
        found: u64,
    },
    /// Not a snapshot.
    #[error("not a sandbox snapshot: {0}")]
    Form(#[from] serde_json::Error),
}

impl Cloud {
    /// All resources, by account and region, then by type in order of creation.
    pub fn resources(&self) -> impl Iterator<Item = Held> + '_ {
        self.state.scopes.iter().flat_map(|(name, scope)| {
            let (account, region) = name.split_once('/').unwrap_or((name, ""));
            scope.resources.iter().flat_map(move |(ty, all)| {
                all.values().map(move |resource| Held {
                    account: account.to_owned(),
                    region: region.to_owned(),
                    ty: ty.clone(),
                    identifier: resource.identifier.clone(),
                    model: resource.model.clone(),
                })
            })
        })
    }

    /// One resource by type and identifier (any form), wherever it lives.
    pub fn resource(&self, ty: &str, identifier: &str) -> Option<Held> {
        let joined = self.joined(ty, identifier);
        self.resources().find(|held| held.ty == ty && held.identifier == joined)
    }

    /// Operations that have not ended, as (type, identifier).
    pub fn in_flight(&self) -> Vec<(String, String)> {
        self.state
            .scopes
            .values()
            .flat_map(|scope| scope.open.iter().filter_map(|token| scope.requests.get(token)))
            .map(|request| (request.ty.clone(), request.identifier.clone()))
            .collect()
    }

    fn joined(&self, ty: &str, identifier: &str) -> String {
        let schema = self.known(&TypeName::new(ty));
        match schema.map(|schema| identify::parse(&schema, identifier)) {
            Some(Ok(identify::Asked::Primary(parts))) => identify::joined(&parts),
            _ => identifier.to_owned(),
        }
    }

    /// Changes a resource out of band, wherever it lives. `patch` is a list (RFC 6902), an object (merge patch, RFC
    /// 7396) or null, which deletes the resource. No rule of the schema is checked.
    pub fn edit(&mut self, ty: &str, identifier: &str, patch: &Json) -> Result<(), EditError> {
        let joined = self.joined(ty, identifier);
        let scope = self.state.scopes.iter().find_map(|(name, scope)| {
            scope.of_type(ty).any(|(_, resource)| resource.identifier == joined).then(|| name.clone())
        });
        let absent = || EditError::Absent { ty: ty.to_owned(), identifier: identifier.to_owned() };
        self.edit_in(&scope.ok_or_else(absent)?, ty, &joined, patch)
    }

    /// The same within `account/region`.
    pub(super) fn edit_in(
        &mut self,
        scope: &str,
        ty: &str,
        joined: &str,
        patch: &Json,
    ) -> Result<(), EditError> {
        let absent = || EditError::Absent { ty: ty.to_owned(), identifier: joined.to_owned() };
        let schema = self.known(&TypeName::new(ty));
        let now_ms = self.state.now_ms;
        let all = self.scope(scope).resources.get_mut(ty).ok_or_else(absent)?;
        let key = all
            .iter()
            .find(|(_, r)| r.identifier == joined)
            .map(|(key, _)| key.clone())
            .ok_or_else(absent)?;
        let resource = all.get_mut(&key).ok_or_else(absent)?;
        match patch {
            Json::Null => {}
            Json::Array(_) => {
                let operations: json_patch::Patch =
                    serde_json::from_value(patch.clone()).map_err(|e| EditError::Patch(e.to_string()))?;
                json_patch::patch(&mut resource.model, &operations)
                    .map_err(|e| EditError::Patch(e.to_string()))?;
            }
            other => json_patch::merge(&mut resource.model, other),
        }
        resource.revision += 1;
        let model = resource.model.clone();
        let gone = patch.is_null();
        if gone {
            all.shift_remove(&key);
            self.drop_dependents(scope, ty, joined, now_ms);
        }
        if let Some(schema) = schema {
            self.index_tags(scope, &schema, &model, gone, now_ms);
        }
        Ok(())
    }

    /// Makes a resource out of band, as if someone else had created it: server-assigned values are added, nothing is
    /// checked. Returns the identifier.
    pub fn plant(&mut self, region: &str, ty: &str, model: &Json, now_ms: i64) -> Result<String, EditError> {
        let schema = self.known(&TypeName::new(ty)).ok_or_else(|| EditError::UnknownType(ty.to_owned()))?;
        let account = self.config.account.clone();
        let scope = arn::home_scope(&format!("{account}/{region}"), ty);
        let turn = Turn {
            now_ms,
            op: Op::CreateResource,
            scope: scope.clone(),
            place: Place { account, region: region.to_owned(), now_ms },
            faults: Vec::new(),
            request_id: String::new(),
        };
        let mut model = self.completed(&turn, &schema, model.clone());
        crate::rules::defaults(&schema, &mut model);
        Ok(self.insert_model(&scope, &schema, model, now_ms))
    }

    /// The same for a native operation that makes such a resource, in the scope of its caller.
    pub(crate) fn put_in(&mut self, turn: &Turn, ty: &str, model: &Json) -> Option<String> {
        let schema = self.known(&TypeName::new(ty))?;
        let mut model = self.completed(turn, &schema, model.clone());
        crate::rules::defaults(&schema, &mut model);
        Some(self.insert_model(&turn.scope, &schema, model, turn.now_ms))
    }

    /// Removes a resource for a native operation.
    pub(crate) fn take_out(&mut self, turn: &Turn, ty: &str, identifier: &str) {
        // What is not there is gone already.
        drop(self.edit_in(&turn.scope, ty, identifier, &Json::Null));
    }

    /// Makes an association of a data integration, an event integration or an application (`ty`) out of band. `summary`
    /// holds members of what lists show. Returns its id.
    ///
    /// # Errors
    /// There is no such thing.
    pub fn plant_association(
        &mut self,
        region: &str,
        ty: &str,
        identifier: &str,
        summary: &Json,
        now_ms: i64,
    ) -> Result<String, EditError> {
        let absent = || EditError::Absent { ty: ty.to_owned(), identifier: identifier.to_owned() };
        let held = self.resource(ty, identifier).ok_or_else(absent)?;
        let account = self.config.account.clone();
        let turn = Turn {
            now_ms,
            op: Op::CreateDataIntegrationAssociation,
            scope: format!("{account}/{region}"),
            place: Place { account, region: region.to_owned(), now_ms },
            faults: Vec::new(),
            request_id: String::new(),
        };
        Ok(crate::aws_rest::planted(self, &turn, ty, identifier, &held.model, summary))
    }

    /// Everything worth keeping between processes, requests in flight and client tokens included, faults and the call
    /// history not. Write-only values are replaced by hashes: nothing that a read could show depends on them, and a
    /// state file must not hold secrets in clear.
    pub fn snapshot(&self) -> Json {
        let mut state = self.state.clone();
        state.faults.clear();
        let mut known: BTreeMap<String, Option<Arc<ResourceSchema>>> = BTreeMap::new();
        let mut hide = |ty: &str, model: &mut Json| {
            let schema = known.entry(ty.to_owned()).or_insert_with(|| self.known(&TypeName::new(ty)));
            if let Some(schema) = schema {
                hash_write_only(schema, model);
            }
        };
        for scope in state.scopes.values_mut() {
            for (ty, all) in &mut scope.resources {
                all.values_mut().for_each(|resource| hide(ty, &mut resource.model));
            }
            for (ty, ghosts) in &mut scope.ghosts {
                ghosts.iter_mut().for_each(|ghost| hide(ty, &mut ghost.resource.model));
            }
            for request in scope.requests.values_mut() {
                let ty = request.ty.clone();
                hide(&ty, &mut request.model);
            }
        }
        let mut snapshot = serde_json::to_value(&state).unwrap_or_default();
        if let Json::Object(map) = &mut snapshot {
            map.insert(CONFLUENT.to_owned(), self.confluent.snapshot());
        }
        snapshot
    }

    /// A cloud as it was when the snapshot was taken. Faults come from the configuration.
    pub fn restore(
        schemas: Arc<dyn Schemas>,
        config: Config,
        mut snapshot: Json,
    ) -> Result<Self, RestoreError> {
        let found = snapshot.get("version").and_then(Json::as_u64).unwrap_or_default();
        if found != u64::from(VERSION) {
            return Err(RestoreError::Version { found });
        }
        // Snapshots from before Confluent was played hold none.
        let confluent = match snapshot.get_mut(CONFLUENT).map(Json::take) {
            Some(confluent) => Confluent::restore(config.confluent.clone(), confluent)?,
            None => Confluent::new(config.confluent.clone()),
        };
        let mut state: State = serde_json::from_value(snapshot)?;
        state.faults.clear();
        config.faults.iter().cloned().for_each(|fault| state.faults.arm(fault));
        let unindexed = state.tags.is_none();
        let mut cloud = Self {
            schemas,
            config,
            state,
            patterns: Patterns::default(),
            history: Vec::new(),
            buckets: BTreeMap::new(),
            confluent,
        };
        if unindexed {
            cloud.migrate();
        }
        Ok(cloud)
    }

    /// Forgets everything but the settings and the faults in them.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.schemas.clone(), self.config.clone());
        *self = fresh;
    }
}

fn hash_write_only(schema: &ResourceSchema, model: &mut Json) {
    // Seven types hide their tags from reads; the tag index tells them all the same (cloud-control 3.6).
    let tags = crate::tags::place(schema);
    // What lists are filtered by names another resource, and is compared later.
    let input = schema.handlers.list.as_ref().and_then(|handler| handler.handler_schema.as_ref());
    let asked = |path: &PropertyPath| {
        input.is_some_and(|input| path.top().is_some_and(|name| input.properties.contains_key(name)))
    };
    let shown = |path: &&PropertyPath| Some(*path) == tags.as_ref() || asked(path);
    for path in schema.write_only_properties.iter().filter(|path| !shown(path)) {
        for pointer in expand(path, model) {
            if let Some(value) = get_mut(model, &pointer) {
                hash(value);
            }
        }
    }
}

fn hash(value: &mut Json) {
    match value {
        Json::Object(map) => map.values_mut().for_each(hash),
        Json::Array(items) => items.iter_mut().for_each(hash),
        Json::String(text) if !text.starts_with("sha256:") => {
            let digest = Sha256::digest(text.as_bytes());
            let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            *text = format!("sha256:{hex}");
        }
        _ => {}
    }
}
