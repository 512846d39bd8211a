//! Tags of any service: no reserved prefix, no key twice (cloud-control 3.4, trap 34).

use crate::handler::Refusal;
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;
use std::collections::HashSet;

pub(super) fn check(schema: &ResourceSchema, model: &Json) -> Result<(), Refusal> {
    let Some((property, _)) = schema.tag_property() else { return Ok(()) };
    let keys: Vec<&str> = match model.get(property) {
        Some(Json::Array(items)) => {
            items.iter().filter_map(|tag| tag.get("Key").and_then(Json::as_str)).collect()
        }
        Some(Json::Object(map)) => map.keys().map(String::as_str).collect(),
        _ => return Ok(()),
    };
    if keys.iter().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Refusal::new(
            "InvalidRequest",
            "aws: prefixed tag key names are not allowed for external use.",
        ));
    }
    let mut seen = HashSet::new();
    match keys.into_iter().find(|key| !seen.insert(*key)) {
        Some(_) => Err(Refusal::new(
            "InvalidRequest",
            "Duplicate tag keys found. Please note that Tag keys are case sensitive.",
        )),
        None => Ok(()),
    }
}
