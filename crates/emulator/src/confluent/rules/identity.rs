//! Keys, bindings, accounts, providers (confluent.md sections 2, 10, 14).

use super::super::errors::Problem;
use super::super::kinds::{self, Kind};
use super::super::state::{Key, Object, Opens, hashed};
use super::super::wire::decoded;
use super::super::{Confluent, Turn, paths, plane};
use serde_json::{Value as Json, json};

/// Makes a key: the secret is in this answer and nowhere else.
pub(crate) fn api_key(service: &mut Confluent, object: &mut Object) -> Result<Json, Problem> {
    let owner = paths::text(&object.body, "spec.owner.id").unwrap_or_default().to_owned();
    let (resource, shown) = match owner.split('-').next() {
        Some("sa") => ("service_account", json!({ "api_version": "iam/v2", "kind": "ServiceAccount" })),
        Some("u") => ("user", json!({ "api_version": "iam/v2", "kind": "User" })),
        Some("pool") => ("identity_pool", json!({ "api_version": "iam/v2", "kind": "IdentityPool" })),
        _ => ("", json!({})),
    };
    if service.state.usable(resource, &owner).is_none() {
        return Err(Problem::member("spec.owner.id", format!("owner {owner} does not exist")));
    }
    let path = kinds::named(resource).map_or("", |kind| kind.path);
    let mut owner_shown = shown;
    paths::set(&mut owner_shown, "id", Json::from(owner.clone()));
    paths::set(&mut owner_shown, "related", plane::link(&format!("{path}/{owner}")));
    paths::set(&mut object.body, "spec.owner", owner_shown);
    object.within.push(format!("{resource}/{owner}"));
    let (opens, shown) = target(service, object)?;
    paths::set(&mut object.body, "spec.resource", shown);
    object.id = service.state.dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    let secret =
        service.state.dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64);
    let works_at = service.state.now_ms + service.config.timing.key_ms;
    let key = Key { secret: hashed(&secret), owner, opens, works_at, uses: 0 };
    service.state.keys.insert(object.id.clone(), key);
    Ok(json!({ "spec": { "secret": secret } }))
}

/// What a key is for, and how that reads back: not as it was sent (trap 12).
fn target(service: &Confluent, object: &mut Object) -> Result<(Opens, Json), Problem> {
    let text = |path: &str| paths::text(&object.body, &format!("spec.resource.{path}")).unwrap_or_default();
    let (id, version, sent_kind) = (text("id").to_owned(), text("api_version"), text("kind"));
    let wrong = |detail: String| Problem::member("spec.resource.id", detail);
    if id.is_empty() {
        return Ok((Opens::Cloud, json!({ "id": "cloud", "api_version": "cloud/v1", "kind": "Cloud" })));
    }
    if version.starts_with("tableflow/") || id == "tableflow" {
        let shown = json!({ "id": "tableflow", "api_version": "tableflow/v1", "kind": "Tableflow" });
        return Ok((Opens::Tableflow, shown));
    }
    if version.starts_with("global/") || id == "global" {
        let shown = json!({ "id": "global", "api_version": "global/v1", "kind": "Global" });
        return Ok((Opens::Global, shown));
    }
    if version.starts_with("fcpm/") || sent_kind == "Region" {
        let environment = paths::get(&object.body, "spec.resource.environment");
        let environment = environment.and_then(|value| value.as_str().or_else(|| paths::text(value, "id")));
        let environment = environment.unwrap_or_default().to_owned();
        if service.state.usable("environment", &environment).is_none() {
            return Err(Problem::member(
                "spec.resource.environment",
                format!("environment {environment:?} does not exist"),
            ));
        }
        let region = id.strip_prefix(&format!("{environment}.")).unwrap_or(&id).to_lowercase();
        object.within.push(format!("environment/{environment}"));
        let shown = json!({ "id": format!("{environment}.{region}"), "environment": environment,
                            "api_version": "fcpm/v2", "kind": "Region" });
        return Ok((Opens::Flink { environment, region }, shown));
    }
    let (resource, opens, api_version, kind) = match id.split('-').next() {
        Some("lkc") => ("kafka_cluster", Opens::Kafka(id.clone()), "cmk/v2", "Cluster"),
        Some("lsrc") => ("schema_registry_cluster", Opens::Registry(id.clone()), "srcm/v2", "SchemaRegistry"),
        Some("lksqlc") => ("ksqldb_cluster", Opens::Ksql(id.clone()), "ksqldbcm/v2", "ksqlDB"),
        _ => return Err(wrong(format!("resource {id} cannot have API keys"))),
    };
    let Some(there) = service.state.usable(resource, &id) else {
        return Err(wrong(format!("resource {id} does not exist")));
    };
    let shown =
        json!({ "id": id, "environment": there.environment, "api_version": api_version, "kind": kind });
    object.within.push(format!("{resource}/{id}"));
    Ok((opens, shown))
}

/// Roles that reach single things on a cluster or registry.
const ON_THINGS: &[&str] = &["DeveloperRead", "DeveloperWrite", "DeveloperManage", "ResourceOwner"];

/// Checks a binding's principal, and that its pattern is of the form that the role needs (trap 16).
pub(crate) fn role_binding(service: &Confluent, object: &mut Object) -> Result<(), Problem> {
    let text = |name: &str| paths::text(&object.body, name).unwrap_or_default().to_owned();
    let (principal, role, pattern) = (text("principal"), text("role_name"), decoded(&text("crn_pattern")));
    let Some(id) = principal.strip_prefix("User:") else {
        return Err(Problem::member("principal", "principal must begin with User:"));
    };
    let resource = match id.split('-').next() {
        Some("sa") => "service_account",
        Some("u") => "user",
        Some("pool") => "identity_pool",
        Some("group") => "group_mapping",
        _ => return Err(Problem::member("principal", format!("{principal} is no principal"))),
    };
    if service.state.usable(resource, id).is_none() {
        return Err(Problem::member("principal", format!("{principal} does not exist")));
    }
    let own = format!("crn://confluent.cloud/organization={}", service.config.organization);
    let rest = pattern.strip_prefix(&own).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(rest) = rest else {
        return Err(Problem::member("crn_pattern", format!("{pattern} is not in this organization")));
    };
    let last = rest.rsplit('/').next().unwrap_or_default();
    if role == "CloudClusterAdmin" && !last.starts_with("cloud-cluster=") {
        return Err(Problem::member(
            "crn_pattern",
            format!("{role} needs a pattern that ends with cloud-cluster="),
        ));
    }
    let things = [
        "topic=",
        "group=",
        "transactional-id=",
        "subject=",
        "ksql=",
        "connector=",
        "service-account=",
        "compute-pool=",
        "statement=",
    ];
    if ON_THINGS.contains(&role.as_str()) && !things.iter().any(|thing| last.starts_with(thing)) {
        return Err(Problem::member("crn_pattern", format!("{role} cannot be bound to {pattern}")));
    }
    object.within.push(format!("{resource}/{id}"));
    if let Some(environment) = rest.split('/').find_map(|part| part.strip_prefix("environment=")) {
        object.within.push(format!("environment/{environment}"));
    }
    if let Some(cluster) = rest.split('/').find_map(|part| part.strip_prefix("cloud-cluster=")) {
        object.within.push(format!("kafka_cluster/{cluster}"));
    }
    Ok(())
}

/// Patterns may come back with escapes (trap 17).
pub(crate) fn encoded(service: &Confluent, view: &mut Json) {
    if service.config.encoded_crns
        && let Some(pattern) = paths::text(view, "crn_pattern")
        && let Some(rest) = pattern.strip_prefix("crn://")
    {
        let pattern = format!("crn://{}", rest.replace(':', "%3A"));
        paths::set(view, "crn_pattern", Json::from(pattern));
    }
}

/// The list's own filter: the pattern itself, or with a star at its end all that begins so.
pub(crate) fn within_pattern(turn: &Turn, view: &Json) -> bool {
    let asked = decoded(turn.query("crn_pattern").unwrap_or_default());
    let pattern = decoded(paths::text(view, "crn_pattern").unwrap_or_default());
    match asked.strip_suffix('*') {
        Some(front) => pattern.starts_with(front.trim_end_matches('/')),
        None => pattern == asked,
    }
}

pub(crate) fn enabled(kind: &Kind, object: &mut Object) {
    paths::set(&mut object.body, "state", Json::from("ENABLED"));
    if kind.name != "identity_provider" {
        paths::set(&mut object.body, "principal", Json::from(object.id.clone()));
    }
}

/// A PATCH of the issuer may be taken and forgotten (trap 72).
pub(crate) fn issuer(service: &Confluent, patch: &mut Json) {
    if service.config.issuer_stays {
        paths::remove(patch, "issuer");
        paths::remove(patch, "jwks_uri");
    }
}

/// The name of a deleted account rests (trap 4).
pub(crate) fn rest(service: &mut Confluent, object: &Object) {
    let name = paths::text(&object.body, "display_name").unwrap_or_default();
    let until = service.state.now_ms + service.config.timing.account_rest_ms;
    service.state.resting.insert(format!("service_account/{name}"), until);
}
