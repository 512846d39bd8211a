//! From the SDK's shapes to the core's values.

use aws_sdk_cloudcontrol::types::{
    HookProgressEvent, Operation as SdkOperation, OperationStatus, ProgressEvent,
};
use aws_smithy_types::DateTime;
use serde_json::Value as Json;
use stack_core::identity::Identifier;
use stack_core::ids::{RequestToken, TypeName};
use stack_core::provider::{Failure, FailureKind, Progress, Status, Verb};
use stack_core::schema::ResourceSchema;

/// A service's progress event; a failure if it has no request token, without which nothing can be followed.
pub(crate) fn progress(event: Option<&ProgressEvent>) -> Result<Progress, Failure> {
    let missing = |what: &str| {
        Failure::new(FailureKind::Internal, "MalformedAnswer", format!("the service's answer has no {what}"))
    };
    let event = event.ok_or_else(|| missing("progress event"))?;
    Ok(Progress {
        request: RequestToken::new(event.request_token().ok_or_else(|| missing("request token"))?),
        ty: event.type_name().map(TypeName::new),
        verb: event.operation().and_then(verb),
        status: event.operation_status().map_or_else(|| Status::Other(String::new()), status),
        identifier: event.identifier().filter(|text| !text.is_empty()).map(str::to_owned),
        error_code: event.error_code().map(|code| code.as_str().to_owned()),
        message: event.status_message().unwrap_or_default().to_owned(),
        retry_after: event.retry_after().and_then(milliseconds),
        at: event.event_time().and_then(milliseconds),
        hooks: Vec::new(),
        hooks_request: event.hooks_request_token().filter(|token| !token.is_empty()).map(str::to_owned),
        // Nothing is decided by it: what is no JSON is shown as it came.
        model: event
            .resource_model()
            .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))),
    })
}

fn status(status: &OperationStatus) -> Status {
    match status {
        OperationStatus::Pending => Status::Pending,
        OperationStatus::InProgress => Status::InProgress,
        OperationStatus::Success => Status::Success,
        OperationStatus::Failed => Status::Failed,
        OperationStatus::CancelInProgress => Status::CancelInProgress,
        OperationStatus::CancelComplete => Status::CancelComplete,
        other => Status::Other(other.as_str().to_owned()),
    }
}

fn verb(operation: &SdkOperation) -> Option<Verb> {
    match operation {
        SdkOperation::Create => Some(Verb::Create),
        SdkOperation::Update => Some(Verb::Update),
        SdkOperation::Delete => Some(Verb::Delete),
        _ => None,
    }
}

/// Unix milliseconds; `None` if out of range.
fn milliseconds(time: &DateTime) -> Option<i64> {
    time.to_millis().ok()
}

/// The hooks that failed: name, and what they said. A hook in `WARN` mode fails without failing the operation.
pub(crate) fn failed_hooks(events: &[HookProgressEvent]) -> Vec<(String, String)> {
    events
        .iter()
        .filter(|event| event.hook_status().is_some_and(|status| status.ends_with("FAILED")))
        .filter(|event| event.failure_mode() != Some("WARN"))
        .map(|event| {
            let name = event.hook_type_name().or_else(|| event.hook_type_arn()).unwrap_or("without a name");
            let words = event.hook_status_message().filter(|words| !words.is_empty());
            (name.to_owned(), words.unwrap_or("no message").to_owned())
        })
        .collect()
}

/// The properties of a resource, which the service sends as JSON text.
pub(crate) fn properties(ty: &TypeName, identifier: &str, text: &str) -> Result<Json, Failure> {
    let malformed = |why: String| {
        let message = format!("the properties of {ty} `{identifier}` as sent by the service {why}");
        Failure::new(FailureKind::Internal, "MalformedAnswer", message)
    };
    match serde_json::from_str(text) {
        Ok(model @ Json::Object(_)) => Ok(model),
        Ok(_) => Err(malformed("are no JSON object".to_owned())),
        // serde_json tells what and where, and does not quote the text.
        Err(error) => Err(malformed(format!("are no JSON: {error}"))),
    }
}

/// An identifier as the service spells it. Without a schema (private types), or where the arity does not fit, it stays
/// one piece, which is sent back as it is.
pub(crate) fn identifier(schema: Option<&ResourceSchema>, text: &str) -> Identifier {
    schema.and_then(|schema| Identifier::parse(schema, text)).unwrap_or_else(|| Identifier::single("", text))
}
