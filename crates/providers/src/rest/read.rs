//! Reading one resource, with the parts that its service keeps apart.

use super::list::keyed;
use super::model::{self, Model};
use super::wire::{Asked, items, query, value_of};
use super::{Rest, identity_of};
use serde_json::Value as Json;
use stack_catalog::rest::form::{Parent, Read, ReadPart};
use stack_catalog::rest::{Definition, Template};
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind};
use std::time::Duration;

/// Wait before what a list shows and a read denies is asked for again: services take 5 to 15 s (confluent.md section 7).
const GHOST: Duration = Duration::from_secs(6);

/// A resource as it was read.
#[derive(Debug)]
pub(super) struct Seen {
    /// The service's answer, its parts put in.
    pub(super) answer: Json,
    /// The same, flat.
    pub(super) model: Model,
}

impl Rest {
    /// Reads one. `None` only where it is certain: 404, an item that no list has, or a 403 whose parent is gone.
    pub(super) async fn look(
        &self,
        at: &Target,
        definition: &Definition,
        identity: &Model,
    ) -> Result<Option<Seen>, Failure> {
        let Some(read) = &definition.resource.read else {
            let message = format!("{} cannot be read one by one", definition.ty);
            return Err(Failure::new(FailureKind::Unsupported, "NoRead", message));
        };
        match self.one(at, definition, read, identity).await {
            Ok(None) => Ok(None),
            Ok(Some(answer)) => {
                let mut model = model::model(&definition.resource, &answer, identity);
                model::fill_omitted(&definition.resource, &mut model);
                self.note_hosts(definition, [&model]);
                Ok(Some(Seen { answer, model }))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            // Some services deny what is gone (confluent.md section 5): known here only of what this run deleted.
            Err(failure)
                if failure.kind == FailureKind::Denied
                    && self.memory.is_deleted(&definition.ty, &identity_of(definition, identity).wire()) =>
            {
                Ok(None)
            }
            Err(failure) if failure.kind == FailureKind::Denied => {
                match &read.parent {
                    // A lost permission must not look like an absence (Confluent trap 7).
                    Some(parent) if Box::pin(self.is_gone(at, definition, parent, identity)).await => {
                        Ok(None)
                    }
                    _ => self.perhaps_a_ghost(at, definition, identity, failure).await,
                }
            }
            Err(failure) => Err(failure),
        }
    }

    /// Lists show for some seconds what is gone, and some services deny it meanwhile (Confluent traps 7 and 44). What the
    /// list has shown and shows no more is gone; as long as it is shown, nobody can tell.
    async fn perhaps_a_ghost(
        &self,
        at: &Target,
        definition: &Definition,
        identity: &Model,
        failure: Failure,
    ) -> Result<Option<Seen>, Failure> {
        let name = identity_of(definition, identity).wire();
        if definition.resource.list.is_none() || !self.memory.was_listed(&definition.ty, &name) {
            return Err(failure);
        }
        let listed = Box::pin(self.walk(at, definition, identity)).await?;
        if !listed.iter().any(|model| identity_of(definition, model).wire() == name) {
            return Ok(None);
        }
        let message =
            format!("{}; the list shows it, as it does for some seconds after a deletion", failure.message);
        Err(Failure { kind: FailureKind::Unavailable, message, retry_after: Some(GHOST), ..failure })
    }

    async fn one(
        &self,
        at: &Target,
        definition: &Definition,
        read: &Read,
        identity: &Model,
    ) -> Result<Option<Json>, Failure> {
        let query = query(definition, &read.query, [], identity)?;
        let answer = self.get(at, definition, &read.path, query, identity).await?;
        let object = match &read.first_of {
            Some(path) => {
                let all = match &read.keyed {
                    Some(member) => keyed(&answer, Some(path), member),
                    None => items(&answer, Some(path)).into_owned(),
                };
                all.into_iter().find(|item| agrees(definition, item, identity))
            }
            None => {
                let object = model::at(&answer, read.at.as_deref().unwrap_or("."));
                object.filter(|json| !json.is_null()).cloned()
            }
        };
        let Some(mut object) = object else { return Ok(None) };
        for part in &read.parts {
            if let Some(value) = self.part(at, definition, part, identity).await? {
                model::put(&mut object, &part.into, value);
            }
        }
        Ok(Some(object))
    }

    async fn part(
        &self,
        at: &Target,
        definition: &Definition,
        part: &ReadPart,
        identity: &Model,
    ) -> Result<Option<Json>, Failure> {
        let query = query(definition, &part.query, [], identity)?;
        let answer = match self.get(at, definition, &part.path, query, identity).await {
            Ok(answer) => answer,
            Err(failure) if failure.kind == FailureKind::NotFound && part.optional => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let Some(value) = model::at(&answer, part.at.as_deref().unwrap_or(".")) else { return Ok(None) };
        Ok(Some(match value {
            Json::Array(all) if !part.only.is_empty() => {
                let is_ours =
                    |item: &&Json| part.only.iter().all(|(name, wanted)| item.get(name) == Some(wanted));
                all.iter().filter(is_ours).cloned().collect()
            }
            value => value.clone(),
        }))
    }

    async fn get(
        &self,
        at: &Target,
        definition: &Definition,
        path: &Template,
        query: Vec<String>,
        values: &Model,
    ) -> Result<Json, Failure> {
        let asked = Asked { definition, method: "GET", path, query, body: None, values, creates: false };
        Ok(self.call(at, asked).await?.json)
    }

    /// True if the parent is certainly not there.
    async fn is_gone(&self, at: &Target, own: &Definition, parent: &Parent, identity: &Model) -> bool {
        let ty = self.definitions.named(&parent.resource);
        let Some(definition) = ty.and_then(|ty| self.definitions.get(ty)) else { return false };
        let part = |(theirs, ours): (&String, &String)| {
            Some((theirs.clone(), Json::String(value_of(identity, ours)?)))
        };
        let Some(key) = parent.identity.iter().map(part).collect::<Option<Model>>() else { return false };
        // What opens one service is not for another.
        let shared = at.credential.clone().filter(|_| definition.class == own.class);
        let at = &Target { credential: shared, ..at.clone() };
        matches!(self.look(at, definition, &key).await, Ok(None))
    }
}

/// True if an item of a list is the one with this identity.
fn agrees(definition: &Definition, item: &Json, identity: &Model) -> bool {
    let shown = model::model(&definition.resource, item, &Model::new());
    definition.resource.identity.iter().all(|name| {
        match (value_of(&shown, name), value_of(identity, name)) {
            (Some(shown), Some(wanted)) => shown == wanted,
            // What the item does not say was in the path.
            (None, _) => true,
            _ => false,
        }
    })
}
