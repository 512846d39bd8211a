//! The wire: which service a request is for, what it asks for, and how answers and errors look.
//!
//! Routing looks at the target header and the `Action` parameter, never at the host, so that one `AWS_ENDPOINT_URL`
//! serves every service. The signing scope must then name the service.

pub(crate) mod members;
pub(crate) mod query;
pub(crate) mod registry_members;
pub(crate) mod signature;
pub(crate) mod tag_members;
mod violations;

use crate::aws_rest;
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
    /// Tagging: the tag index.
    GetResources,
    /// Tagging: the keys in use.
    GetTagKeys,
    /// Tagging: the values of a key.
    GetTagValues,
    /// CloudFormation: one resource type.
    DescribeType,
    /// CloudFormation: the resource types.
    ListTypes,
    /// CloudFormation: the versions of a private type.
    ListTypeVersions,
    /// AppIntegrations: the data integrations.
    ListDataIntegrations,
    /// AppIntegrations: makes a data integration.
    CreateDataIntegration,
    /// AppIntegrations: reads a data integration.
    GetDataIntegration,
    /// AppIntegrations: deletes a data integration.
    DeleteDataIntegration,
    /// AppIntegrations: the associations of a data integration.
    ListDataIntegrationAssociations,
    /// AppIntegrations: associates a data integration.
    CreateDataIntegrationAssociation,
    /// AppIntegrations: the event integrations.
    ListEventIntegrations,
    /// AppIntegrations: the associations of an event integration.
    ListEventIntegrationAssociations,
    /// AppIntegrations: the applications.
    ListApplications,
    /// AppIntegrations: the associations of an application.
    ListApplicationAssociations,
    /// Connect: the integration associations of an instance.
    ListIntegrationAssociations,
    /// Connect: makes an integration association.
    CreateIntegrationAssociation,
    /// Connect: deletes an integration association.
    DeleteIntegrationAssociation,
    /// Customer Profiles: the integrations of a domain.
    ListIntegrations,
    /// Customer Profiles: reads an integration.
    GetIntegration,
}

/// A service that the emulator plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// AWS JSON 1.0.
    CloudControl,
    /// AWS JSON 1.1. The newest model names CBOR first; only JSON is spoken here.
    Tagging,
    /// AWS Query.
    Sts,
    /// AWS Query.
    CloudFormation,
    /// REST-JSON, as the two below.
    AppIntegrations,
    Connect,
    CustomerProfiles,
}

impl Service {
    /// The service part of signatures.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::CloudControl => "cloudcontrolapi",
            Self::Tagging => "tagging",
            Self::Sts => "sts",
            Self::CloudFormation => "cloudformation",
            Self::AppIntegrations => "app-integrations",
            Self::Connect => "connect",
            Self::CustomerProfiles => "profile",
        }
    }

    /// The prefix of permissions.
    pub(crate) fn action_prefix(self) -> &'static str {
        match self {
            Self::CloudControl | Self::CloudFormation => "cloudformation",
            Self::Tagging => "tag",
            Self::Sts => "sts",
            Self::AppIntegrations => "app-integrations",
            Self::Connect => "connect",
            Self::CustomerProfiles => "profile",
        }
    }

    /// True for REST: the path names the operation, and statuses tell errors apart.
    pub(crate) fn is_rest(self) -> bool {
        matches!(self, Self::AppIntegrations | Self::Connect | Self::CustomerProfiles)
    }

    /// True for form in, XML out.
    pub(crate) fn is_query(self) -> bool {
        matches!(self, Self::Sts | Self::CloudFormation)
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::CloudControl => "application/x-amz-json-1.0",
            Self::Tagging => "application/x-amz-json-1.1",
            Self::Sts | Self::CloudFormation => "text/xml",
            Self::AppIntegrations | Self::Connect | Self::CustomerProfiles => "application/json",
        }
    }
}

impl Op {
    /// The operation of a target header such as `CloudApiService.GetResource`.
    fn of_target(target: &str) -> Option<Self> {
        if let Some(name) = target.strip_prefix(TAGGING_TARGET) {
            return Some(match name {
                "GetResources" => Self::GetResources,
                "GetTagKeys" => Self::GetTagKeys,
                "GetTagValues" => Self::GetTagValues,
                _ => return None,
            });
        }
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

    /// The operation of an `Action` parameter.
    fn of_action(action: &str) -> Option<Self> {
        Some(match action {
            "GetCallerIdentity" => Self::GetCallerIdentity,
            "AssumeRole" => Self::AssumeRole,
            "DescribeType" => Self::DescribeType,
            "ListTypes" => Self::ListTypes,
            "ListTypeVersions" => Self::ListTypeVersions,
            _ => return None,
        })
    }

    /// Whose operation it is.
    pub(crate) fn service(self) -> Service {
        match self {
            Self::GetCallerIdentity | Self::AssumeRole => Service::Sts,
            Self::GetResources | Self::GetTagKeys | Self::GetTagValues => Service::Tagging,
            Self::DescribeType | Self::ListTypes | Self::ListTypeVersions => Service::CloudFormation,
            Self::ListDataIntegrations
            | Self::CreateDataIntegration
            | Self::GetDataIntegration
            | Self::DeleteDataIntegration
            | Self::ListDataIntegrationAssociations
            | Self::CreateDataIntegrationAssociation
            | Self::ListEventIntegrations
            | Self::ListEventIntegrationAssociations
            | Self::ListApplications
            | Self::ListApplicationAssociations => Service::AppIntegrations,
            Self::ListIntegrationAssociations
            | Self::CreateIntegrationAssociation
            | Self::DeleteIntegrationAssociation => Service::Connect,
            Self::ListIntegrations | Self::GetIntegration => Service::CustomerProfiles,
            _ => Service::CloudControl,
        }
    }

    /// True for the calls that change something.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::CreateResource
                | Self::UpdateResource
                | Self::DeleteResource
                | Self::CancelResourceRequest
                | Self::CreateDataIntegration
                | Self::DeleteDataIntegration
                | Self::CreateDataIntegrationAssociation
                | Self::CreateIntegrationAssociation
                | Self::DeleteIntegrationAssociation
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Target prefix of the tagging service.
const TAGGING_TARGET: &str = "ResourceGroupsTaggingAPI_20170126.";
/// The version that the CloudFormation service has.
const CLOUDFORMATION_VERSION: &str = "2010-05-15";

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

    /// An error of the tagging model; its shapes come without a namespace.
    pub(crate) fn tagging(name: &str, message: impl Into<String>) -> Self {
        let status = if name == "InternalServiceException" { 500 } else { 400 };
        Self { code: name.to_owned(), message: message.into(), status }
    }

    /// An error of the CloudFormation registry (cloud-control 6.1).
    pub(crate) fn registry(name: &str, message: impl Into<String>) -> Self {
        let status = if name == "TypeNotFoundException" { 404 } else { 400 };
        Self { code: name.to_owned(), message: message.into(), status }
    }

    /// An error of a REST service; its statuses say more (cloud-control 8).
    pub(crate) fn rest(name: &str, status: u16, message: impl Into<String>) -> Self {
        Self { code: name.to_owned(), message: message.into(), status }
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

/// Finds the operation of a request, or says why there is none.
pub(crate) fn route(request: &http::Request<Bytes>) -> Result<Op, (Service, WireError)> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    if let Some(target) = header("x-amz-target") {
        let service =
            if target.starts_with(TAGGING_TARGET) { Service::Tagging } else { Service::CloudControl };
        let unknown = || WireError::front_end("com.amazon.coral.service#UnknownOperationException", "");
        let op = Op::of_target(target).ok_or_else(|| (service, unknown()))?;
        if request.method() != http::Method::POST || request.uri().path() != "/" {
            return Err((service, unknown()));
        }
        let content = header("content-type").unwrap_or_default();
        if content.split(';').next().map(str::trim) != Some(service.content_type()) {
            let error = WireError {
                status: 415,
                ..WireError::front_end(
                    "com.amazon.coral.service#UnsupportedMediaTypeException",
                    format!("Unsupported content type: {content}"),
                )
            };
            return Err((service, error));
        }
        return Ok(op);
    }
    if let Some(op) = aws_rest::route(request.method(), request.uri().path()) {
        return Ok(op);
    }
    let form = query::parameters(request.body());
    let parameter = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let Some(action) = parameter("Action") else {
        let error = WireError {
            status: 404,
            ..WireError::front_end(
                "com.amazon.coral.service#UnknownOperationException",
                "This service is not part of the sandbox",
            )
        };
        return Err((Service::CloudControl, error));
    };
    let version = parameter("Version");
    let Some(op) = Op::of_action(action) else {
        let service =
            if version == Some(CLOUDFORMATION_VERSION) { Service::CloudFormation } else { Service::Sts };
        let message = format!("Could not find operation {action}");
        return Err((service, WireError::front_end("InvalidAction", message)));
    };
    if op.service() == Service::CloudFormation && version != Some(CLOUDFORMATION_VERSION) {
        let version = version.unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!("Could not find operation {action} for version {version}");
        return Err((Service::CloudFormation, WireError::front_end("InvalidAction", message)));
    }
    Ok(op)
}

/// A successful answer of a JSON protocol.
pub(crate) fn json_answer(service: Service, body: &Json, request_id: &str) -> Response<Bytes> {
    answer(200, service.content_type(), body.to_string(), request_id)
}

/// An error answer in the service's protocol.
pub(crate) fn error_answer(service: Service, error: &WireError, request_id: &str) -> Response<Bytes> {
    let content = service.content_type();
    if service.is_query() {
        return answer(error.status, content, query::error(service, error, request_id), request_id);
    }
    if service.is_rest() {
        // The front end refuses signatures with 403 here.
        let status = if error.code.contains('#') && error.status == 400 { 403 } else { error.status };
        let body = json!({ "Message": error.message });
        let mut response = answer(status, content, body.to_string(), request_id);
        if let Ok(name) = HeaderValue::from_str(error.name()) {
            response.headers_mut().insert("x-amzn-errortype", name);
        }
        return response;
    }
    // The models spell the member `Message`, the front end `message` (cloud-control 1.1).
    let member = if error.code.starts_with("com.amazon.coral") { "message" } else { "Message" };
    let body = json!({ "__type": error.code, member: error.message });
    answer(error.status, content, body.to_string(), request_id)
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
