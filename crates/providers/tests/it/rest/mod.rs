//! REST services over canned answers. Trap numbers are those of confluent.md section 17.

mod aws;
mod changes;
mod compare;
mod connectors;
mod creates;
mod errors;
mod hosts;
mod keys;
mod others;
mod own;
mod reads;
mod routed;
mod sandboxed;
mod waits;

use crate::script::{Answer, Script, Sent};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use stack_catalog::rest::Definitions;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, ProviderId, Target, TypeName};
use stack_core::provider::{Failure, Found, Operation, Progress, Provider};
use stack_core::schema::Schemas;
use stack_providers::rest::{Rest, RestSettings};
use std::sync::Arc;

/// The time of all tests.
pub(crate) const NOW_MS: i64 = 1_000_000;

/// What must never be shown.
pub(crate) const SECRET: &str = "S3cr3tPl4nt";

pub(crate) fn place() -> Target {
    Target {
        provider: ProviderId::new("confluent"),
        region: None,
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

pub(crate) fn settings(more: &[(&str, &str)]) -> RestSettings {
    let usual = [
        ("CONFLUENT_CLOUD_API_KEY", "CLOUDKEY"),
        ("CONFLUENT_CLOUD_API_SECRET", SECRET),
        ("KAFKA_API_KEY", "KAFKAKEY"),
        ("KAFKA_API_SECRET", SECRET),
        ("KAFKA_REST_ENDPOINT", "https://pkc-1.us-east-1.aws.confluent.cloud:443"),
    ];
    let mut variables: std::collections::BTreeMap<String, String> =
        usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    // `-` takes a usual one away.
    variables.retain(|_, value| value != "-");
    RestSettings { variables, ..RestSettings::default() }
}

pub(crate) struct Bench {
    pub(crate) script: Script,
    pub(crate) rest: Rest,
}

impl Bench {
    pub(crate) fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(settings(&[]), answers)
    }

    pub(crate) fn with(settings: RestSettings, answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Script::of(answers);
        let definitions = Arc::new(Definitions::embedded().clone());
        let rest = Rest::new(definitions, script.transport(), None, settings, Arc::new(|| NOW_MS));
        Self { script, rest }
    }

    pub(crate) async fn read(&self, ty: &str, identifier: &str) -> Result<Option<Found>, Failure> {
        self.rest.read(&place(), &of(ty), &Key::Primary(id(ty, identifier))).await
    }

    pub(crate) async fn create(&self, ty: &str, props: Json) -> Result<Progress, Failure> {
        let operation = Operation::Create { ty: of(ty), props };
        self.rest.submit(&place(), &operation, &ClientToken::new("token-1")).await
    }

    pub(crate) async fn update(&self, ty: &str, identifier: &str, patch: Json) -> Result<Progress, Failure> {
        let operation = Operation::Update { ty: of(ty), identifier: id(ty, identifier), patch };
        self.rest.submit(&place(), &operation, &ClientToken::new("token-1")).await
    }

    pub(crate) async fn delete(&self, ty: &str, identifier: &str) -> Result<Progress, Failure> {
        let operation = Operation::Delete { ty: of(ty), identifier: id(ty, identifier) };
        self.rest.submit(&place(), &operation, &ClientToken::new("token-1")).await
    }

    pub(crate) async fn poll(&self, told: &Progress) -> Progress {
        self.rest.poll(&place(), &told.request).await.expect("a state")
    }

    /// `GET /path?query` of each request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.script.sent().iter().map(line).collect()
    }
}

pub(crate) fn line(sent: &Sent) -> String {
    format!("{} {}", sent.method, sent.uri.path_and_query().expect("a path"))
}

pub(crate) fn of(ty: &str) -> TypeName {
    Definitions::embedded().canonical(ty).expect("a type")
}

pub(crate) fn id(ty: &str, text: &str) -> Identifier {
    Identifier::parse(&Definitions::embedded().schema(&of(ty)).expect("a schema"), text)
        .expect("an identifier")
}

pub(crate) fn reply(status: u16, body: Json) -> Answer {
    with_headers(status, &[], body.to_string())
}

pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
    let mut answer = http::Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    Ok(answer.body(Bytes::from(body.into())).expect("an answer"))
}

pub(crate) fn error(status: u16, words: &str) -> Answer {
    reply(status, json!({"errors": [{"id": "1", "status": status.to_string(), "detail": words}]}))
}

pub(crate) fn page(data: Json) -> Answer {
    reply(200, json!({"data": data, "metadata": {"next": null}}))
}

pub(crate) fn next(data: Json, next: &str) -> Answer {
    reply(200, json!({"data": data, "metadata": {"next": next}}))
}

pub(crate) const PIM: &str = "confluent.provider_integrations.integrations";
pub(crate) const PIM2: &str = "confluent.provider_integrations.integrations_v2";
pub(crate) const ENVIRONMENT: &str = "confluent.org.environments";
pub(crate) const ACCOUNT: &str = "confluent.iam.service_accounts";
pub(crate) const KEY: &str = "confluent.iam.api_keys";
pub(crate) const BINDING: &str = "confluent.iam.role_bindings";
pub(crate) const CLUSTER: &str = "confluent.managed_kafka_clusters.clusters";
pub(crate) const TOPIC: &str = "kafka.kafka.topics";
pub(crate) const ACL: &str = "kafka.kafka.acls";
