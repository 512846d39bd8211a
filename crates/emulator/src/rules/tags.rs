//! Tags of any service: no reserved prefix, no key twice (cloud-control 3.4, trap 34).

use crate::handler::Refusal;
use crate::tags::{self, Tag, is_system};
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;
use std::collections::HashSet;

/// Services whose handlers pass the system tags that a read showed on to the service, which refuses them
/// (roadmap#2128, trap 34).
const REFUSE_THEIR_OWN: &[&str] = &["AWS::ServiceCatalogAppRegistry::Application"];

/// Looks at what a create sends.
pub(super) fn check(schema: &ResourceSchema, model: &Json) -> Result<(), Refusal> {
    let tags = tags::of(schema, model).unwrap_or_default();
    if tags.iter().any(|(key, _)| is_system(key)) {
        return Err(reserved());
    }
    once(&tags)
}

/// Looks at what an update would make. System tags that the resource has may stay.
pub(super) fn check_update(schema: &ResourceSchema, stored: &Json, model: &Json) -> Result<(), Refusal> {
    let held = tags::system(schema, stored);
    let strict = REFUSE_THEIR_OWN.contains(&schema.type_name.as_str());
    let tags = tags::of(schema, model).unwrap_or_default();
    if tags.iter().any(|tag| is_system(&tag.0) && (strict || !held.contains(tag))) {
        return Err(reserved());
    }
    once(&tags)
}

fn reserved() -> Refusal {
    Refusal::new("InvalidRequest", "aws: prefixed tag key names are not allowed for external use.")
}

fn once(tags: &[Tag]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    match tags.iter().find(|(key, _)| !seen.insert(key.as_str())) {
        Some(_) => Err(Refusal::new(
            "InvalidRequest",
            "Duplicate tag keys found. Please note that Tag keys are case sensitive.",
        )),
        None => Ok(()),
    }
}
