//! Control-plane operations beside the plain ones.

use super::super::errors::Problem;
use super::super::routes::Row;
use super::super::state::hashed;
use super::super::wire::{self, Answer};
use super::super::{Confluent, Turn, checks, kinds, paths, plane, rules};
use serde_json::{Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("POST", "/sts/v1/oauth2/token", "sts_token", "create", &[], exchange_token),
    Row("POST", "/pim/v2/integrations:validate", "provider_integration_v2", "validate", &[], rules::validate),
    Row("PATCH", "/iam/v2/identity-providers/{id}/jwks", "identity_provider", "jwks", &[], refresh_keys),
    Row("GET", "/fcpm/v2/regions", "flink_region", "list", &[], regions),
    Row("GET", "/fcpm/v2/compute-pool-config", "flink_compute_pool_config", "read", &[], pool_config),
    Row("PATCH", "/fcpm/v2/compute-pool-config", "flink_compute_pool_config", "update", &[], set_pool_config),
    Row("GET", "/service_accounts", "service_account_legacy", "list", &[], legacy_accounts),
    Row("GET", "/users", "user_legacy", "list", &[], legacy_users),
];

/// Clouds and regions with Flink here.
const REGIONS: &[(&str, &str)] = &[
    ("AWS", "eu-central-1"),
    ("AWS", "eu-west-1"),
    ("AWS", "us-east-1"),
    ("AWS", "us-east-2"),
    ("AWS", "us-west-2"),
    ("AZURE", "eastus"),
    ("AZURE", "westeurope"),
    ("GCP", "europe-west1"),
    ("GCP", "us-central1"),
    ("GCP", "us-east1"),
];

/// Lifetime of an access token if the request names none.
const TOKEN_SECONDS: i64 = 900;

/// The token exchange (confluent.md section 2): form in, no authentication.
fn exchange_token(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let form = wire::query(std::str::from_utf8(&turn.body).ok());
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
    if field("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" {
        return Err(Problem::bad("grant_type must be a token exchange"));
    }
    if !service.config.tokens.iter().any(|known| known == field("subject_token")) {
        return Err(Problem::unauthorized("invalid subject_token"));
    }
    if service.state.usable("identity_pool", field("identity_pool_id")).is_none() {
        return Err(Problem::bad("identity_pool_id does not exist"));
    }
    let seconds = field("expires_in").parse().unwrap_or(TOKEN_SECONDS);
    let token = service.state.dice.hex(48);
    service.state.tokens.insert(hashed(&token), turn.now_ms + seconds * 1000);
    Ok(Answer::json(
        200,
        json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }),
    ))
}

fn refresh_keys(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let id = turn.variable("id");
    let provider = service.state.usable("identity_provider", id);
    let provider = provider.ok_or_else(|| Problem::not_found(&format!("identity provider {id}")))?;
    let shown = json!({
        "api_version": "iam/v2",
        "kind": "Jwks",
        "id": id,
        "status": { "jwks_uri": paths::get(&provider.body, "jwks_uri"), "state": "REFRESHED" },
    });
    Ok(Answer::json(200, shown))
}

fn regions(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let is_asked =
        |name: &str, value: &str| turn.query(name).is_none_or(|asked| asked.eq_ignore_ascii_case(value));
    let asked = REGIONS
        .iter()
        .enumerate()
        .filter(|(_, (cloud, region))| is_asked("cloud", cloud) && is_asked("region_name", region));
    let mut items = Vec::new();
    for (number, (cloud, region)) in asked {
        let id = format!("{}.{region}", cloud.to_lowercase());
        let mut view = json!({
            "api_version": "fcpm/v2",
            "kind": "Region",
            "id": id,
            "metadata": { "self": "" },
            "display_name": format!("{cloud} {region}"),
            "cloud": cloud,
            "region_name": region,
            "http_endpoint": plane::flink_address(&id),
            "private_http_endpoint": format!("https://flink.{region}.{}.private.confluent.cloud", cloud.to_lowercase()),
        });
        turn.links.resolve(&mut view);
        items.push((number as u64 + 1, view));
    }
    service.page(turn, &items, ("RegionList".to_owned(), "fcpm/v2"), (10, 100), Json::clone)
}

const POOL_CONFIG: &str = "flink_compute_pool_config";

fn pool_config(service: &mut Confluent, _turn: &mut Turn) -> Result<Answer, Problem> {
    let spec = service.state.settings.get(POOL_CONFIG).cloned().unwrap_or_default();
    let mut spec_shown = json!({ "default_pool_enabled": false, "default_max_cfu": 50 });
    json_patch::merge(&mut spec_shown, &Json::Object(spec));
    let shown = json!({ "api_version": "fcpm/v2", "kind": "OrgComputePoolConfig", "spec": spec_shown });
    Ok(Answer::json(200, shown))
}

fn set_pool_config(service: &mut Confluent, turn: &mut Turn) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body)?;
    let kept = service.state.settings.entry(POOL_CONFIG.to_owned()).or_default();
    for name in ["default_pool_enabled", "default_max_cfu"] {
        if let Some(value) = paths::get(&body, &format!("spec.{name}")) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    pool_config(service, turn)
}

/// The number by which Kafka knows a principal (trap 21).
pub(crate) fn number_of(service: &Confluent, id: &str) -> Option<u64> {
    let uid = |resource: &str| service.state.get(resource, id).map(|object| object.uid);
    uid("service_account").or_else(|| uid("user")).map(|uid| 100_000 + uid)
}

fn legacy_accounts(service: &mut Confluent, _turn: &mut Turn) -> Result<Answer, Problem> {
    legacy(service, "service_account")
}

fn legacy_users(service: &mut Confluent, _turn: &mut Turn) -> Result<Answer, Problem> {
    legacy(service, "user")
}

/// The undocumented listing that maps numbers to ids.
fn legacy(service: &Confluent, resource: &str) -> Result<Answer, Problem> {
    let rows = service.state.all(resource).map(|(id, object)| {
        json!({
            "id": number_of(service, id),
            "resource_id": id,
            "service_name": paths::get(&object.body, "display_name"),
            "service_account": kinds::named(resource).is_some_and(|kind| kind.id == "sa-"),
        })
    });
    Ok(Answer::json(200, json!({ "users": rows.collect::<Vec<_>>(), "page_info": null, "error": null })))
}
