//! The wire: which protocol a request speaks, what it asks for, and how answers and errors look.
//!
//! Routing looks at the target header, the `Action` parameter and the signing scope, never at the host, so that one
//! `AWS_ENDPOINT_URL` serves every service.

pub(crate) mod members;
pub(crate) mod query;
pub(crate) mod signature;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::fmt;

/// An operation that the emulator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Starts a create.
    CreateResource,
    /// Starts an update.
    UpdateResource,
    /// Starts a delete.
    DeleteResource,
    /// Reads one resource.
    GetResource,
    /// Lists a type's resources.
    ListResources,
    /// Where an operation stands.
    GetResourceRequestStatus,
    /// The operations of the last seven days.
    ListResourceRequests,
    /// Stops an operation.
    CancelResourceRequest,
    /// STS: who calls.
    GetCallerIdentity,
    /// STS: credentials of a role.
    AssumeRole,
}

impl Op {
    /// The operation of a Cloud Control target header such as `CloudApiService.GetResource`.
    fn of_target(target: &str) -> Option<Self> {
        Some(match target.strip_prefix("CloudApiService.")? {
            "CreateResource" => Self::CreateResource,
            "UpdateResource" => Self::UpdateResource,
            "DeleteResource" => Self::DeleteResource,
            "GetResource" => Self::GetResource,
            "ListResources" => Self::ListResources,
            "GetResourceRequestStatus" => Self::GetResourceRequestStatus,
            "ListResourceRequests" => Self::ListResourceRequests,
            "CancelResourceRequest" => Self::CancelResourceRequest,
            _ => return None,
        })
    }

    /// True for the calls that change something.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::CreateResource | Self::UpdateResource | Self::DeleteResource | Self::CancelResourceRequest
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The protocol of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0 (Cloud Control).
    Json,
    /// AWS Query with XML answers (STS).
    Query,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WireError {
    /// Shape with its namespace: `com.amazon.cloudapiservice#TypeNotFoundException`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
}

impl WireError {
    /// An error of the Cloud Control model; client errors are HTTP 400, faults 500 (cloud-control 1.6).
    pub(crate) fn modelled(name: &str, message: impl Into<String>) -> Self {
        let is_fault = matches!(
            name,
            "ConcurrentModificationException"
                | "HandlerFailureException"
                | "HandlerInternalFailureException"
                | "NetworkFailureException"
                | "ServiceInternalErrorException"
        );
        Self {
            code: format!("com.amazon.cloudapiservice#{name}"),
            message: message.into(),
            status: if is_fault { 500 } else { 400 },
        }
    }

    /// An error of the front end, not in the model.
    pub(crate) fn front_end(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// `com.amazon.coral.validate#ValidationException`.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::front_end("com.amazon.coral.validate#ValidationException", message)
    }

    /// The front end's throttle.
    pub(crate) fn throttled() -> Self {
        Self::front_end("com.amazon.coral.availability#ThrottlingException", "Rate exceeded")
    }

    /// The part after `#`.
    pub(crate) fn name(&self) -> &str {
        self.code.rsplit('#').next().unwrap_or(&self.code)
    }
}

/// What a request speaks and asks for.
#[derive(Clone, Debug)]
pub(crate) struct Routed {
    pub(crate) protocol: Protocol,
    pub(crate) op: Op,
}

/// Finds the operation of a request, or says why there is none.
pub(crate) fn route(request: &http::Request<Bytes>) -> Result<Routed, (Protocol, WireError)> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    if let Some(target) = header("x-amz-target") {
        let fail = |error| Err((Protocol::Json, error));
        let Some(op) = Op::of_target(target) else {
            return fail(WireError::front_end("com.amazon.coral.service#UnknownOperationException", ""));
        };
        if request.method() != http::Method::POST || request.uri().path() != "/" {
            return fail(WireError::front_end("com.amazon.coral.service#UnknownOperationException", ""));
        }
        let content = header("content-type").unwrap_or_default();
        if content.split(';').next().map(str::trim) != Some("application/x-amz-json-1.0") {
            return fail(WireError {
                status: 415,
                ..WireError::front_end(
                    "com.amazon.coral.service#UnsupportedMediaTypeException",
                    format!("Unsupported content type: {content}"),
                )
            });
        }
        return Ok(Routed { protocol: Protocol::Json, op });
    }
    let form = query::parameters(request.body());
    match form.iter().find(|(key, _)| key == "Action").map(|(_, value)| value.as_str()) {
        Some("GetCallerIdentity") => Ok(Routed { protocol: Protocol::Query, op: Op::GetCallerIdentity }),
        Some("AssumeRole") => Ok(Routed { protocol: Protocol::Query, op: Op::AssumeRole }),
        Some(action) => Err((
            Protocol::Query,
            WireError::front_end("InvalidAction", format!("Could not find operation {action}")),
        )),
        None => Err((
            Protocol::Json,
            WireError {
                status: 404,
                ..WireError::front_end(
                    "com.amazon.coral.service#UnknownOperationException",
                    "This service is not part of the sandbox",
                )
            },
        )),
    }
}

/// A successful answer of the JSON protocol.
pub(crate) fn json_answer(body: &Json, request_id: &str) -> Response<Bytes> {
    answer(200, "application/x-amz-json-1.0", body.to_string(), request_id)
}

/// An error answer in the request's protocol.
pub(crate) fn error_answer(protocol: Protocol, error: &WireError, request_id: &str) -> Response<Bytes> {
    match protocol {
        Protocol::Json => {
            // The model spells the member `Message`, the front end `message` (cloud-control 1.1).
            let member =
                if error.code.starts_with("com.amazon.cloudapiservice#") { "Message" } else { "message" };
            let body = json!({ "__type": error.code, member: error.message });
            answer(error.status, "application/x-amz-json-1.0", body.to_string(), request_id)
        }
        Protocol::Query => answer(error.status, "text/xml", query::error(error, request_id), request_id),
    }
}

/// Any answer, with the request id that all answers have.
pub(crate) fn answer(status: u16, content: &'static str, body: String, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static(content));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
