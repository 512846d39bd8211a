//! Networks (confluent.md section 13).

use super::super::errors::Problem;
use super::super::kinds::Kind;
use super::super::state::Object;
use super::super::{Confluent, paths};
use serde_json::{Value as Json, json};

/// A range excludes ranges by zone (trap 65).
pub(crate) fn network(object: &mut Object) -> Result<(), Problem> {
    let has = |path: &str| paths::get(&object.body, path).is_some_and(|value| !value.is_null());
    if has("spec.cidr") && has("spec.zones_info") {
        return Err(Problem::member("spec.cidr", "spec.cidr and spec.zones_info exclude each other"));
    }
    let cloud = paths::text(&object.body, "spec.cloud").unwrap_or_default().to_uppercase();
    let types = paths::get(&object.body, "spec.connection_types").cloned().unwrap_or_default();
    let domain = format!("{}.sandbox.confluent.cloud", object.id);
    paths::set(&mut object.body, "spec.cloud", Json::from(cloud));
    paths::set(&mut object.body, "status", json!({ "supported_connection_types": types }));
    let ready = json!({ "status": { "dns_domain": domain, "active_connection_types": types } });
    object.later.push((object.settled_at(), ready));
    Ok(())
}

/// Sets come back in another order (trap 64).
pub(crate) fn reordered(object: &Object, view: &mut Json) {
    for path in ["spec.zones", "spec.connection_types"] {
        if let Some(Json::Array(items)) = paths::get(view, path)
            && object.uid.is_multiple_of(2)
        {
            let turned: Vec<Json> = items.iter().rev().cloned().collect();
            paths::set(view, path, Json::from(turned));
        }
    }
}

/// Children first: until they are really gone, the delete is refused. The specification lists 400 and 403 only.
pub(crate) fn empty(service: &Confluent, kind: &Kind, object: &Object) -> Result<(), Problem> {
    let path = format!("spec.{}.id", kind.name);
    let user = service
        .state
        .everything()
        .find(|(_, _, other)| paths::text(&other.body, &path) == Some(object.id.as_str()));
    match user {
        Some((resource, key, _)) => Err(Problem::bad(format!("{} still has {resource} {key}", object.id))),
        None => Ok(()),
    }
}
