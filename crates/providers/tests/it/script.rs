//! A transport that plays prepared answers and keeps what it was sent.

use bytes::Bytes;
use serde_json::{Value as Json, json};
use stack_core::ids::{ProviderId, Region, Target, TypeName};
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use stack_providers::aws::{Aws, AwsSettings, connect};
use stack_providers::{InProcess, TransportError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub(crate) type Answer = Result<http::Response<Bytes>, TransportError>;

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: http::Method,
    pub(crate) uri: http::Uri,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("the header is text"))
    }

    /// `CreateResource` and so on; for STS the action.
    pub(crate) fn operation(&self) -> String {
        let target = self.header("x-amz-target");
        match target.split_once('.') {
            Some((_, operation)) => operation.to_owned(),
            None => self
                .body
                .split('&')
                .find_map(|pair| pair.strip_prefix("Action="))
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// Prepared answers in order, and everything that was sent.
#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Script {
    pub(crate) fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), sent: Arc::default() }
    }

    pub(crate) fn transport(&self) -> Arc<InProcess> {
        let script = self.clone();
        Arc::new(InProcess::new(move |request| {
            let (parts, body) = request.into_parts();
            script.sent.lock().expect("lock").push(Sent {
                method: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).expect("the body is text"),
            });
            let answer = script.answers.lock().expect("lock").pop_front();
            async move { answer.expect("a request that no answer was prepared for") }
        }))
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("lock").clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Sent {
        let sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent[0].clone()
    }

    /// The provider of the sandbox over this script.
    pub(crate) async fn aws(&self) -> Aws {
        connect(self.transport(), types(), AwsSettings::sandbox()).await.expect("the sandbox connects")
    }
}

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Answer {
    Ok(http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "req-1")
        .body(Bytes::from(body.into()))
        .expect("a response"))
}

pub(crate) fn ok(body: Json) -> Answer {
    answer(200, body.to_string())
}

/// An error as Cloud Control sends it.
pub(crate) fn refusal(status: u16, exception: &str, message: &str) -> Answer {
    answer(
        status,
        json!({"__type": format!("com.amazon.cloudapiservice#{exception}"), "Message": message}).to_string(),
    )
}

pub(crate) fn at(region: Option<&str>) -> Target {
    Target {
        provider: ProviderId::new("aws"),
        region: region.map(Region::new),
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

pub(crate) fn bucket() -> TypeName {
    TypeName::new("AWS::S3::Bucket")
}

pub(crate) fn association() -> TypeName {
    TypeName::new("AWS::Connect::IntegrationAssociation")
}

/// Two types: one of one identifier part, one of three.
pub(crate) struct Types;

pub(crate) fn types() -> Arc<dyn Schemas> {
    Arc::new(Types)
}

impl Schemas for Types {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Ok(TypeName::new(name))
    }

    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        let parts: &[&str] = match ty.as_str() {
            "AWS::S3::Bucket" => &["BucketName"],
            "AWS::Connect::IntegrationAssociation" => &["InstanceId", "IntegrationType", "IntegrationArn"],
            name => return Err(UnknownType { name: name.to_owned(), near: Vec::new(), why: None }),
        };
        let properties: serde_json::Map<_, _> =
            parts.iter().map(|part| ((*part).to_owned(), json!({"type": "string"}))).collect();
        let identifier: Vec<_> = parts.iter().map(|part| format!("/properties/{part}")).collect();
        let schema = json!({"typeName": ty, "type": "object", "properties": properties, "primaryIdentifier": identifier});
        Ok(Arc::new(serde_json::from_value(schema).expect("a schema")))
    }

    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}
