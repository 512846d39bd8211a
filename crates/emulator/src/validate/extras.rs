//! What only the service behind the handler refuses. These are the rules that cfn-lint added to the schemas
//! (cloud-control 2.6), JSON in strings, and nulls (cloud-control 3.3 rule 8). They come late: as a FAILED event.

use super::follow;
use crate::model::walk;
use serde_json::Value as Json;
use stack_core::schema::{Additional, Node, ResourceSchema};

/// The first rule that the model breaks: handler error code and message.
pub(crate) fn service_rules(schema: &ResourceSchema, model: &Json) -> Result<(), (&'static str, String)> {
    let mut null_at = None;
    walk(model, &mut |pointer, value| {
        if value.is_null() && null_at.is_none() {
            null_at = Some(pointer.dotted());
        }
    });
    if let Some(place) = null_at {
        return Err(("InternalFailure", format!("Internal error: null value at {place}")));
    }
    visit(schema, &schema.root, model, "", 0).map_err(|message| ("InvalidRequest", message))
}

fn visit(schema: &ResourceSchema, node: &Node, value: &Json, place: &str, depth: u8) -> Result<(), String> {
    if depth > 60 {
        return Ok(());
    }
    let node = follow(schema, node);
    match value {
        Json::Object(map) => {
            together(node, map, place)?;
            for (key, value) in map {
                let member = node.properties.get(key).or(match &node.additional_properties {
                    Some(Additional::Schema(member)) => Some(&**member),
                    _ => None,
                });
                if let Some(member) = member {
                    visit(schema, member, value, &format!("{place}.{key}"), depth + 1)?;
                }
            }
        }
        Json::Array(items) => {
            if let Some(element) = &node.items {
                for (i, item) in items.iter().enumerate() {
                    visit(schema, element, item, &format!("{place}[{i}]"), depth + 1)?;
                }
            }
        }
        Json::String(text) => {
            let choices = &node.enum_case_insensitive;
            if !choices.is_empty()
                && !choices.iter().filter_map(Json::as_str).any(|choice| choice.eq_ignore_ascii_case(text))
            {
                return Err(format!("Invalid value for {}", shown(place)));
            }
            if node.format.as_deref() == Some("json") && serde_json::from_str::<Json>(text).is_err() {
                return Err(format!("{} is not a valid JSON document", shown(place)));
            }
        }
        _ => {}
    }
    Ok(())
}

fn together(node: &Node, map: &serde_json::Map<String, Json>, place: &str) -> Result<(), String> {
    for group in groups(&node.required_xor) {
        if group.iter().filter(|name| map.contains_key(**name)).count() != 1 {
            return Err(format!("Exactly one of {} must be specified{}", group.join(", "), within(place)));
        }
    }
    for group in groups(&node.required_or) {
        if !group.iter().any(|name| map.contains_key(*name)) {
            return Err(format!("At least one of {} must be specified{}", group.join(", "), within(place)));
        }
    }
    for (key, others) in &node.dependent_excluded {
        if let Some(other) = others.iter().find(|other| map.contains_key(key) && map.contains_key(*other)) {
            return Err(format!("{key} cannot be specified together with {other}{}", within(place)));
        }
    }
    for (key, others) in &node.dependent_required {
        if let Some(other) = others.iter().find(|other| map.contains_key(key) && !map.contains_key(*other)) {
            return Err(format!("{key} requires {other}{}", within(place)));
        }
    }
    Ok(())
}

/// `["A", "B"]` is one group, `[["A", "B"], ["C", "D"]]` are two.
fn groups(listed: &[Json]) -> Vec<Vec<&str>> {
    if listed.iter().any(Json::is_array) {
        listed
            .iter()
            .filter_map(Json::as_array)
            .map(|g| g.iter().filter_map(Json::as_str).collect())
            .collect()
    } else if listed.is_empty() {
        Vec::new()
    } else {
        vec![listed.iter().filter_map(Json::as_str).collect()]
    }
}

fn shown(place: &str) -> &str {
    place.strip_prefix('.').unwrap_or(place)
}

fn within(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" in {}", shown(place)) }
}
