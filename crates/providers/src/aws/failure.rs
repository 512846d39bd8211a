//! From the SDK's errors to a [`Failure`]. No message holds any part of a request body.

use super::classify::{ErrorAnswer, classify, retry_after};
use crate::transport::{TransportError, TransportErrorKind};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudcontrol::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use stack_core::provider::{Failure, FailureKind};
use std::error::Error;

/// What to do about missing credentials.
const NO_CREDENTIALS: &str = "no AWS credentials were found in the environment, the profile files, a web identity, a \
     container or instance metadata: choose a profile (AWS_PROFILE), log in (`aws sso login`), or set AWS_ACCESS_KEY_ID \
     and AWS_SECRET_ACCESS_KEY";

/// The failure of a call.
pub(crate) fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        // The SDK takes a good answer that it cannot parse for an unknown error.
        SdkError::ServiceError(context) if context.raw().status().is_success() => unreadable(context.raw()),
        SdkError::ServiceError(context) => answered(context.err(), context.raw()),
        SdkError::ResponseError(context) => unreadable(context.raw()),
        // Nothing was sent, or nobody knows. The cause says which.
        _ => unanswered(error),
    }
}

fn answered(error: &impl ProvideErrorMetadata, raw: &HttpResponse) -> Failure {
    classified(error.code(), error.message(), raw)
}

fn classified(exception: Option<&str>, message: Option<&str>, raw: &HttpResponse) -> Failure {
    let headers = raw.headers();
    classify(ErrorAnswer {
        // Some front-end errors name themselves only in a header (cloud-control 1.1).
        exception: exception.or_else(|| headers.get("x-amzn-errortype")),
        status: raw.status().as_u16(),
        message: message.unwrap_or_default(),
        request_id: headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id")),
        retry_after: retry_after(headers.get("x-amz-retry-after"), headers.get("retry-after")),
    })
}

/// An answer that is no answer of the service: cut off, or of something between us and it.
fn unreadable(raw: &HttpResponse) -> Failure {
    let status = raw.status().as_u16();
    let told = classified(None, None, raw);
    if raw.status().is_success() {
        // The service took the call, but what it said is lost: as good as no answer.
        let message = format!("the answer (HTTP status {status}) cannot be read");
        Failure { kind: FailureKind::NoAnswer, code: "UnreadableAnswer".to_owned(), message, ..told }
    } else {
        told
    }
}

fn unanswered(error: &(dyn Error + 'static)) -> Failure {
    if let Some(credentials) = find::<CredentialsError>(error) {
        return no_credentials(credentials);
    }
    if let Some(transport) = find::<TransportError>(error) {
        return Failure::new(kind_of(transport.kind), transport.kind.code(), transport.message.clone());
    }
    let message = format!("the request could not be made: {}", words(error));
    Failure::new(FailureKind::Invalid, "RequestNotBuilt", message)
}

fn kind_of(kind: TransportErrorKind) -> FailureKind {
    match kind {
        // Trying again cannot help.
        TransportErrorKind::Refused => FailureKind::Invalid,
        kind if kind.certainly_not_sent() => FailureKind::Unavailable,
        _ => FailureKind::NoAnswer,
    }
}

/// The credential chain failed, so the call itself was never sent. A passing cause is told apart from a wrong setting.
fn no_credentials(error: &CredentialsError) -> Failure {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        // What each source of the chain says is noise: most machines have but one of them.
        return Failure::new(FailureKind::Credentials, "NoCredentials", NO_CREDENTIALS);
    }
    let message = |why: &str| format!("AWS credentials could not be loaded: {why}");
    if let Some(told) = sts_failure(error) {
        let kind = match told.kind {
            FailureKind::Throttled => FailureKind::Throttled,
            FailureKind::Unavailable | FailureKind::NoAnswer => FailureKind::Unavailable,
            _ => FailureKind::Credentials,
        };
        return Failure { kind, message: message(&told.message), ..told };
    }
    if let Some(transport) = find::<TransportError>(error) {
        let kind = match transport.kind {
            TransportErrorKind::Refused => FailureKind::Credentials,
            _ => FailureKind::Unavailable,
        };
        return Failure::new(kind, transport.kind.code(), message(&transport.message));
    }
    match error {
        CredentialsError::ProviderTimedOut(_) => {
            Failure::new(FailureKind::Unavailable, "CredentialsTimeout", message(&words(error)))
        }
        _ => {
            // The innermost one knows most; the outer ones only say that something failed.
            let inner = chain(error).filter_map(|cause| cause.downcast_ref::<CredentialsError>()).last();
            let why = inner.and_then(Error::source).map_or_else(|| words(error), words);
            let hint = if why.contains("SSO") { "; log in with `aws sso login`" } else { "" };
            Failure::new(FailureKind::Credentials, "CredentialsFailed", message(&why) + hint)
        }
    }
}

/// What STS said, where the chain took on a role.
fn sts_failure(error: &CredentialsError) -> Option<Failure> {
    match find::<SdkError<AssumeRoleError, HttpResponse>>(error) {
        Some(SdkError::ServiceError(told)) => return Some(answered(told.err(), told.raw())),
        Some(SdkError::ResponseError(told)) => return Some(unreadable(told.raw())),
        _ => {}
    }
    match find::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>(error) {
        Some(SdkError::ServiceError(told)) => Some(answered(told.err(), told.raw())),
        Some(SdkError::ResponseError(told)) => Some(unreadable(told.raw())),
        _ => None,
    }
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

/// All words of an error and its causes, without those that a layer only repeats.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in chain(error) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}
