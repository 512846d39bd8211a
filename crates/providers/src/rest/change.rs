//! From a JSON Patch to the requests that a service takes for it (confluent.md section 9).

use super::model::{Model, constant, mask_in, pairs, put, scalar, sent, sent_at, whole, wrapped};
use serde_json::{Map, Value as Json};
use stack_catalog::rest::form::{Body, Property, Resource, UpdateStep};
use stack_core::provider::{Failure, FailureKind};

/// The model after a JSON Patch (RFC 6902). Removing what is not there is no error: it is as wanted.
pub(super) fn patched(live: &Model, patch: &Json) -> Result<Model, Failure> {
    let invalid = |why: String| Failure::new(FailureKind::Invalid, "BadPatch", why);
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        // The words of the error may hold parts of the document.
        .map_err(|_| invalid("the patch is no JSON Patch document (RFC 6902)".to_owned()))?;
    let mut next = Json::Object(live.clone());
    for operation in &patch.0 {
        let is_remove = matches!(operation, json_patch::PatchOperation::Remove(_));
        let path = operation.path().to_string();
        if is_remove && next.pointer(&path).is_none() {
            continue;
        }
        if let json_patch::PatchOperation::Add(_) = operation {
            make_parents(&mut next, &path);
        }
        json_patch::patch(&mut next, std::slice::from_ref(operation))
            .map_err(|error| invalid(format!("the patch does not fit what is there: {}", error.kind)))?;
    }
    match next {
        Json::Object(next) => Ok(next),
        _ => Err(invalid("the patch replaces the whole resource".to_owned())),
    }
}

/// Objects that reads left out because they were empty.
fn make_parents(json: &mut Json, path: &str) {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut node = json;
    for segment in segments.iter().take(segments.len().saturating_sub(1)) {
        let Json::Object(members) = node else { return };
        let name = segment.replace("~1", "/").replace("~0", "~");
        node = members.entry(name).or_insert_with(|| Json::Object(Map::new()));
    }
}

/// The properties that differ, in the definition's order.
pub(super) fn changed(resource: &Resource, live: &Model, next: &Model) -> Vec<String> {
    let names = resource.properties.keys();
    names.filter(|name| live.get(*name) != next.get(*name)).cloned().collect()
}

/// What a change may not do, found before anything is sent.
pub(super) fn check(
    resource: &Resource,
    live: &Model,
    next: &Model,
    changed: &[String],
) -> Result<(), Failure> {
    for name in changed {
        let Some(property) = resource.properties.get(name) else { continue };
        let number = |model: &Model| model.get(name).and_then(Json::as_f64);
        if property.grow_only
            && let (Some(was), Some(will)) = (number(live), number(next))
            && will < was
        {
            let message = format!(
                "`{name}` can only grow: {was} cannot become {will}. A smaller one needs a new {}, which deletes what is in \
                 this one",
                resource.name
            );
            return Err(Failure::new(FailureKind::NotUpdatable, "OnlyGrows", message));
        }
        if property.immutable {
            let message = format!("`{name}` of {} cannot change", resource.name);
            return Err(Failure::new(FailureKind::NotUpdatable, "Immutable", message));
        }
    }
    Ok(())
}

/// The steps that a change needs, each with the properties that it is for.
pub(super) fn steps<'r>(
    resource: &'r Resource,
    next: &Model,
    changed: &[String],
) -> Result<Vec<(&'r UpdateStep, Vec<String>)>, Failure> {
    let Some(update) = &resource.update else {
        let message = format!("{} has no update", resource.name);
        return Err(Failure::new(FailureKind::NotUpdatable, "NoUpdate", message));
    };
    let is_special = |name: &String| update.steps.iter().any(|step| step.of.contains(name));
    let mut found = Vec::new();
    let mut covered: Vec<String> = Vec::new();
    for step in &update.steps {
        let mine: Vec<String> = changed
            .iter()
            .filter(|name| if step.of.is_empty() { !is_special(name) } else { step.of.contains(name) })
            .cloned()
            .collect();
        let fits = step
            .becomes
            .as_ref()
            .is_none_or(|wanted| step.of.first().and_then(|name| next.get(name)) == Some(wanted));
        if !mine.is_empty() && fits {
            covered.extend(mine.iter().cloned());
            found.push((step, mine));
        }
    }
    match changed.iter().find(|name| !covered.contains(name)) {
        Some(name) => {
            let message = format!("{} has no update that sets `{name}` to this value", resource.name);
            Err(Failure::new(FailureKind::NotUpdatable, "NoUpdate", message))
        }
        None => Ok(found),
    }
}

/// What has to wait until the rest of a change has settled: the values that a request without them turns on or off. A service
/// that still works on the rest refuses it (Confluent trap 34).
pub(super) fn turned(resource: &Resource, next: &Model, changed: &[String]) -> Result<Vec<String>, Failure> {
    if changed.is_empty() || resource.ready.is_none() {
        return Ok(Vec::new());
    }
    let (turning, work): (Vec<_>, Vec<_>) =
        steps(resource, next, changed)?.into_iter().partition(|(step, _)| step.becomes.is_some());
    let waits = turning.into_iter().filter(|_| !work.is_empty());
    Ok(waits.flat_map(|(_, mine)| mine).collect())
}

/// The body of a step. `None`: it has none.
pub(super) fn body(
    resource: &Resource,
    step: &UpdateStep,
    mine: &[String],
    live: &Model,
    next: &Model,
) -> Result<Option<Json>, Failure> {
    let one = || {
        let name = mine.first()?;
        Some((name, resource.properties.get(name)?))
    };
    let body = match step.body {
        Body::Empty => return Ok(None),
        Body::Whole => whole(resource, next, &[]),
        Body::Fixed => step.send.as_ref().and_then(|send| constant(send, next)).unwrap_or(Json::Null),
        Body::Merge => merge(resource, mine, live, next),
        Body::Value => one()
            .and_then(|(name, property)| next.get(name).map(|value| sent(property, value)))
            .unwrap_or_else(|| Json::Object(Map::new())),
        Body::Pairs => one()
            .and_then(|(name, _)| {
                next.get(name)?.as_object().map(|members| serde_json::json!({ "data": pairs(members) }))
            })
            .unwrap_or_else(|| serde_json::json!({ "data": [] })),
        Body::Alter => one().map_or(Json::Null, |(name, _)| alter(live.get(name), next.get(name))),
    };
    // A mask that is sent becomes the value (Confluent trap 51).
    if let Some(place) = mask_in(&body) {
        let message = format!(
            "`{place}` of {} is masked in what the service shows, and the manifest does not set it: sending the mask would \
             make it the value. Declare it",
            resource.name
        );
        return Err(Failure::new(FailureKind::Invalid, "MaskedValue", message));
    }
    Ok(Some(wrapped(step.wrap.as_deref(), body)))
}

/// A merge patch (RFC 7396) of the changed members with their companions. Lists go whole.
fn merge(resource: &Resource, mine: &[String], live: &Model, next: &Model) -> Json {
    let mut body = Json::Object(Map::new());
    for (name, property) in &resource.properties {
        if property.in_body == Some(false) || property.read_only {
            continue;
        }
        let path = sent_at(name, property);
        if mine.contains(name) {
            put(&mut body, path, merged(property, live.get(name), next.get(name)));
        } else if property.companion
            && let Some(value) = next.get(name)
        {
            put(&mut body, path, sent(property, value));
        }
    }
    body
}

fn merged(property: &Property, live: Option<&Json>, next: Option<&Json>) -> Json {
    let Some(next) = next.filter(|next| !next.is_null()) else {
        return property.cleared_by.clone().unwrap_or(Json::Null);
    };
    let (Some(Json::Object(live)), Json::Object(wanted)) = (live, next) else { return sent(property, next) };
    if property.reference || property.pairs {
        return sent(property, next);
    }
    let mut out = Json::Object(Map::new());
    let unknown = Property::default();
    for (name, value) in wanted {
        let member = property.properties.get(name).unwrap_or(&unknown);
        if member.read_only {
            continue;
        }
        let was = live.get(name);
        if was != Some(value) {
            put(&mut out, sent_at(name, member), merged(member, was, Some(value)));
        } else if member.companion {
            put(&mut out, sent_at(name, member), sent(member, value));
        }
    }
    for name in live.keys().filter(|name| !wanted.contains_key(*name)) {
        let member = property.properties.get(name).unwrap_or(&unknown);
        if !member.read_only {
            put(&mut out, sent_at(name, member), member.cleared_by.clone().unwrap_or(Json::Null));
        }
    }
    out
}

/// The changes of a map of configs: SET what differs, DELETE what is no longer there (back to the default).
fn alter(live: Option<&Json>, next: Option<&Json>) -> Json {
    let empty = Map::new();
    let live = live.and_then(Json::as_object).unwrap_or(&empty);
    let next = next.and_then(Json::as_object).unwrap_or(&empty);
    let set = next
        .iter()
        .filter(|(name, value)| live.get(*name).and_then(scalar) != scalar(value))
        .map(|(name, value)| serde_json::json!({ "name": name, "value": scalar(value), "operation": "SET" }));
    let delete = live
        .keys()
        .filter(|name| !next.contains_key(*name))
        .map(|name| serde_json::json!({ "name": name, "operation": "DELETE" }));
    serde_json::json!({ "data": set.chain(delete).collect::<Vec<_>>() })
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
