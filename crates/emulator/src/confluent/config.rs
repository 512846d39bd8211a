//! What the emulated Confluent Cloud is told before it starts. Every field has a default.

use super::fault::{Chaos, Fault};
use serde::{Deserialize, Serialize};

/// Key of the deploying user in a fresh sandbox; a Cloud key.
pub const SANDBOX_KEY: &str = "SANDBOXCLOUDKEY1";
/// Its secret. Nothing real opens with it.
pub const SANDBOX_SECRET: &str = "sandbox-cloud-secret";
/// Key of the deploying user for every data plane of a fresh sandbox: what a user with a key for each of them has.
pub const SANDBOX_DATA_KEY: &str = "SANDBOXDATAKEY01";
/// Its secret. Nothing real opens with it.
pub const SANDBOX_DATA_SECRET: &str = "sandbox-data-secret";

/// Settings. The default is strict and asynchronous, without lags and faults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Seed of ids, secrets and random faults.
    pub seed: u64,
    /// Id of the one organization.
    pub organization: String,
    /// The user who owns the given Cloud keys; may do everything.
    pub user: String,
    /// Keys that are there from the start, and work at once.
    pub keys: Vec<GivenKey>,
    /// Bearer tokens that the control plane accepts, next to those of its own token exchange.
    pub tokens: Vec<String>,
    /// Where this sandbox is reached, such as `http://127.0.0.1:4000` or with a path behind it. `None`: a loopback
    /// `Host` of the request is taken; any other host gets the public names.
    pub base_url: Option<String>,
    /// Whose addresses `metadata.next` holds (trap 94).
    pub next: Next,
    /// Largest page, whatever is asked for: the limits are not contractual (confluent.md section 4).
    pub page_cap: Option<usize>,
    /// A deleted environment is 404 itself, not 403; what was in it stays 403 (trap 7).
    pub absent_environments: bool,
    /// How long things take.
    pub timing: Timing,
    /// How late writes show.
    pub lags: Lags,
    /// Whether keys of service accounts need role bindings.
    pub authorization: bool,
    /// `SINGLE_ZONE` reads back as `LOW`, `MULTI_ZONE` as `HIGH` (trap 57).
    pub newer_availability: bool,
    /// A connector is FAILED for a moment before it runs (trap 33).
    pub connector_flap: bool,
    /// A new Kafka key is refused once more after its first success (trap 10).
    pub key_relapse: bool,
    /// Whether `null` in a PATCH clears a member; not established (confluent.md section 19, point 8).
    pub null_clears: bool,
    /// An identity provider keeps its issuer and key address whatever a PATCH says (trap 72).
    pub issuer_stays: bool,
    /// Schema Registry is not offered here: 403 (trap 37).
    pub no_schema_registry: bool,
    /// Role-binding patterns come back with `%3A` for `:` (trap 17).
    pub encoded_crns: bool,
    /// Errors come in the other described forms: the newer one of the control plane, the bare one of connectors.
    pub other_errors: bool,
    /// Answers are compressed without saying so.
    pub gzip: bool,
    /// Token buckets; none by default.
    pub rate: Option<Rate>,
    /// Faults from the start.
    pub faults: Vec<Fault>,
    /// Random faults.
    pub chaos: Option<Chaos>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            organization: "1111aaaa-11aa-11aa-11aa-111111aaaaaa".to_owned(),
            user: "u-sandbox".to_owned(),
            keys: vec![
                GivenKey {
                    key: SANDBOX_KEY.to_owned(),
                    secret: SANDBOX_SECRET.to_owned(),
                    ..GivenKey::default()
                },
                GivenKey {
                    key: SANDBOX_DATA_KEY.to_owned(),
                    secret: SANDBOX_DATA_SECRET.to_owned(),
                    resource: "*".to_owned(),
                    ..GivenKey::default()
                },
            ],
            tokens: Vec::new(),
            base_url: None,
            next: Next::default(),
            page_cap: None,
            absent_environments: false,
            timing: Timing::default(),
            lags: Lags::default(),
            authorization: true,
            newer_availability: true,
            connector_flap: false,
            key_relapse: false,
            null_clears: false,
            issuer_stays: false,
            no_schema_registry: false,
            encoded_crns: false,
            other_errors: false,
            gzip: false,
            rate: None,
            faults: Vec::new(),
            chaos: None,
        }
    }
}

/// A key that nobody had to create.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenKey {
    /// Key.
    pub key: String,
    /// Secret.
    pub secret: String,
    /// `lkc-…`, `lsrc-…`, `env-….aws.us-east-1`, `tableflow`, `global`; `*` for every data plane that is named by host or
    /// path; empty for a Cloud key.
    pub resource: String,
    /// `sa-…` or `u-…`; empty for the deploying user.
    pub owner: String,
}

/// Whose addresses a next-page link holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The sandbox's own, as it was called.
    #[default]
    Own,
    /// The public control plane's, whatever was called.
    Public,
}

/// Durations in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// PROVISIONING of a Kafka cluster.
    pub cluster_ms: i64,
    /// The same of a Dedicated one, and a change of its size.
    pub dedicated_ms: i64,
    /// From the first Kafka cluster's request until its Schema Registry is listed.
    pub registry_listed_ms: i64,
    /// PROVISIONING of a Schema Registry, from then on.
    pub registry_ms: i64,
    /// PROVISIONING of networks and what is in them.
    pub network_ms: i64,
    /// PROVISIONING of compute pools, PENDING of statements.
    pub flink_ms: i64,
    /// PROVISIONING of connectors, and a pause or resume.
    pub connector_ms: i64,
    /// Deletion of what is deleted slowly.
    pub delete_ms: i64,
    /// Until a new API key is accepted.
    pub key_ms: i64,
    /// Until a new role binding counts.
    pub binding_ms: i64,
    /// A deleted service account's name rests so long (trap 4).
    pub account_rest_ms: i64,
    /// Until a provider integration's grant in the cloud has spread; `:validate` is 400 before.
    pub grant_ms: i64,
    /// Until the catalog knows a new topic, schema, tag or binding (trap 43).
    pub catalog_ms: i64,
    /// Every answer takes so long.
    pub latency_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            cluster_ms: 3_000,
            dedicated_ms: 6_000,
            registry_listed_ms: 500,
            registry_ms: 1_000,
            network_ms: 2_000,
            flink_ms: 1_500,
            connector_ms: 2_000,
            delete_ms: 1_500,
            key_ms: 500,
            binding_ms: 500,
            account_rest_ms: 0,
            grant_ms: 0,
            catalog_ms: 500,
            latency_ms: 0,
        }
    }
}

/// How late writes show, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lags {
    /// What was created is not found by reads (trap 30).
    pub read_ms: i64,
    /// What was created is not in lists.
    pub list_ms: i64,
    /// A PATCH shows in its own answer, but not yet in reads and lists.
    pub update_ms: i64,
    /// What was deleted stays in lists (trap 44).
    pub ghost_ms: i64,
}

/// A token bucket per plane and key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// Calls per second.
    pub per_second: f64,
    /// Bucket size.
    pub burst: f64,
    /// Whether the control plane's refusal says `Retry-After`. Kafka never does (confluent.md section 6).
    pub retry_after: bool,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 10.0, burst: 20.0, retry_after: true }
    }
}
