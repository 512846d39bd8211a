//! Orphans: live resources with this stack's tags that the manifest does not name (DESIGN section 5).
//!
//! The tag index says where to look; a read says what is there. What cannot be confirmed is told, never deleted.

use crate::engine::Engine;
use crate::search::Searcher;
use serde_json::Value as Json;
use stack_core::identity::Identifier;
use stack_core::ids::{StackId, Target, TypeName};
use stack_core::plan::{Action, Orphan, Plan, Planned};
use stack_core::pointer::Pointer;
use stack_core::provider::{Failure, FailureKind, Found, Provider, Tagged};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::tags;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Tags that a service puts on what it makes, beside those that it copies from what made it.
const COPIED: &[&str] = &["aws:cloudformation:", "aws:elasticmapreduce:", "aws:autoscaling:"];

/// What became of one record of the tag index.
enum Record {
    /// It is there and ours.
    Confirmed(TypeName, Box<Found>),
    /// It is gone, or not ours any more.
    Stale,
    /// Nobody knows.
    Doubt(String),
}

impl Engine {
    /// Looks for orphans in every place that the plan is about and in `further` ones, in the order of their names: a
    /// place that no resource names any more is where orphans are left.
    ///
    /// # Errors
    /// The tag index cannot be asked.
    pub async fn orphans(&self, plan: &Plan, further: &[Target]) -> Result<Vec<Orphan>, Failure> {
        let searcher = Arc::new(Searcher::new(Arc::clone(&self.provider), Arc::clone(&self.clock)));
        let mut places: Vec<Target> = Vec::new();
        for target in plan.resources.values().map(|planned| &planned.target).chain(further) {
            let at = Target { role_arn: None, type_version_id: None, ..target.clone() };
            for place in self.provider.index_places(&at) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        let by_mark: HashMap<String, Option<&Planned>> = self
            .resolver
            .nodes()
            .iter()
            .map(|node| (tags::mark_of(node.address.as_str()), plan.resources.get(&node.address)))
            .collect();
        // Nobody knows which live resource an address means that was left out, skipped or blocked.
        let is_unclear = |name: &String| {
            by_mark.get(name).is_some_and(|planned| {
                planned.is_none_or(|p| p.identifier.is_none() || p.action == Action::Blocked)
            })
        };
        // The same name in another region is another resource.
        let stands_in = |planned: &Planned, place: &Target| {
            let at = Target { role_arn: None, type_version_id: None, ..planned.target.clone() };
            self.provider.index_place(&at, &planned.ty) == *place
        };
        let named = |name: &String, place: &Target| {
            let planned = by_mark.get(name).copied().flatten().filter(|p| stands_in(p, place))?;
            Some((&planned.ty, planned.identifier.as_ref()?))
        };
        let is_managed = |ty: &TypeName, found: &Identifier, place: &Target| {
            plan.resources.values().any(|planned| {
                planned.ty == *ty
                    && stands_in(planned, place)
                    && planned.identifier.as_ref().is_some_and(|own| own.is_same(found))
            })
        };
        // Some ARNs do not tell the identifier, but what the service gave the resource beside it.
        let is_live = |name: &String, arn: &str| {
            by_mark.get(name).copied().flatten().is_some_and(|planned| {
                let schema = self.schemas.schema(&planned.ty);
                schema.is_ok_and(|schema| tells(&schema, planned.live.as_ref(), arn))
            })
        };
        let mut looking: JoinSet<(Target, String, Tagged, Record)> = JoinSet::new();
        for place in places {
            let index = searcher.index(&place, &plan.stack).await?;
            for (name, records) in index.iter().filter(|(name, _)| !is_unclear(name)) {
                for record in records {
                    // The one that the manifest means is no orphan; another one of its name is what a change of its
                    // identifier has left behind.
                    if let Some((ty, identifier)) = named(name, &place)
                        && self
                            .provider
                            .identifiers_of(ty, &record.arn)
                            .iter()
                            .any(|one| one.is_same(identifier))
                    {
                        continue;
                    }
                    if is_live(name, &record.arn) {
                        continue;
                    }
                    let looked = Look {
                        searcher: Arc::clone(&searcher),
                        schemas: Arc::clone(&self.schemas),
                        stack: plan.stack.clone(),
                        place: place.clone(),
                    };
                    let (place, name, record) = (place.clone(), name.clone(), record.clone());
                    looking.spawn(async move {
                        let found = looked.at(&record).await;
                        (place, name, record, found)
                    });
                }
            }
        }
        let mut orphans: Vec<Orphan> = looking
            .join_all()
            .await
            .into_iter()
            .filter_map(|(target, name, record, found)| {
                let orphan = Orphan { name, target, arn: record.arn, found: None, doubt: None };
                match found {
                    Record::Stale => None,
                    // Found by its key under another name: a rename whose mark is yet to be written.
                    Record::Confirmed(ty, found) if is_managed(&ty, &found.identifier, &orphan.target) => {
                        None
                    }
                    Record::Confirmed(ty, found) => Some(Orphan { found: Some((ty, *found)), ..orphan }),
                    Record::Doubt(why) => Some(Orphan { doubt: Some(why), ..orphan }),
                }
            })
            .collect();
        orphans.sort_by(|a, b| (&a.name, &a.arn).cmp(&(&b.name, &b.arn)));
        orphans.dedup_by(|a, b| a.arn == b.arn);
        Ok(orphans)
    }
}

/// True if the ARN is, or ends with, a value that the service gave to this live resource.
fn tells(schema: &ResourceSchema, live: Option<&Json>, arn: &str) -> bool {
    let last = arn.rsplit(['/', ':']).next();
    live.and_then(Json::as_object).is_some_and(|live| {
        live.iter().any(|(name, value)| {
            schema.read_only_properties.covers(&Pointer::of([name.as_str()]))
                && value
                    .as_str()
                    .is_some_and(|value| value == arn || (last == Some(value) && !value.is_empty()))
        })
    })
}

/// What it takes to look at a record.
struct Look {
    searcher: Arc<Searcher>,
    schemas: Arc<dyn Schemas>,
    stack: StackId,
    place: Target,
}

impl Look {
    async fn at(&self, record: &Tagged) -> Record {
        if record.tags.iter().any(|(key, _)| COPIED.iter().any(|prefix| key.starts_with(prefix))) {
            return Record::Doubt("a service made it and copied the tags".to_owned());
        }
        let provider = self.searcher.provider();
        let types = provider.types_of(&record.arn);
        let mut doubt = None;
        let mut asked = false;
        let first = types.first().cloned();
        for ty in types {
            let Ok(schema) = self.schemas.schema(&ty) else { continue };
            for identifier in provider.identifiers_of(&ty, &record.arn) {
                match self.searcher.read_at(&self.place, &ty, &identifier).await {
                    Ok(Some(found)) if schema.is_leaving(&found.model) => return Record::Stale,
                    Ok(Some(found)) => {
                        if !schema.tags_readable() {
                            return Record::Doubt(format!("reads of {ty} do not show whose it is"));
                        }
                        let tags = tags::of_model(&schema, &found.model);
                        if tags::owner_of(&tags) == Some((&self.stack.name, &self.stack.env)) {
                            return Record::Confirmed(ty, Box::new((*found).clone()));
                        }
                        asked = true;
                    }
                    Ok(None) => asked = true,
                    Err(failure) if failure.kind == FailureKind::Invalid => {}
                    Err(failure) => doubt = doubt.or(Some(format!("{}: {}", failure.code, failure.message))),
                }
            }
        }
        match doubt {
            Some(why) => Record::Doubt(why),
            None if asked => Record::Stale,
            None => Record::Doubt(match first {
                Some(ty) => format!("this ARN does not tell the identifier of {ty}"),
                None => "no resource type is known for this ARN".to_owned(),
            }),
        }
    }
}
