//! From a service's error to a [`Failure`]. Pure; the source of the tables is cloud-control 1.5 and 1.6.

use stack_core::ids::RequestToken;
use stack_core::provider::{Failure, FailureKind, Progress, Status};
use std::time::Duration;

/// An error answer, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct ErrorAnswer<'a> {
    /// Exception name as sent, with or without its namespace (`com.amazon.cloudapiservice#ThrottlingException`).
    pub exception: Option<&'a str>,
    /// HTTP status.
    pub status: u16,
    /// The service's words; may be empty.
    pub message: &'a str,
    /// Request id of the answer.
    pub request_id: Option<&'a str>,
    /// The wait that the answer asks for.
    pub retry_after: Option<Duration>,
}

/// The class of an error answer, and everything that its words and headers tell.
pub fn classify(answer: ErrorAnswer<'_>) -> Failure {
    let name = answer.exception.map(exception_name).filter(|name| !name.is_empty());
    let kind = match name {
        Some(name) => kind_of(name, answer.status, answer.message),
        None => kind_of_status(answer.status),
    };
    let code = name.map_or_else(|| format!("HTTP {}", answer.status), str::to_owned);
    let message = match answer.message.trim() {
        "" => format!("the service gave no reason (HTTP status {})", answer.status),
        words => words.to_owned(),
    };
    let blocked_by = match kind {
        FailureKind::Busy | FailureKind::TokenConflict => request_token(answer.message),
        _ => None,
    };
    Failure {
        kind,
        code,
        message,
        request_id: answer.request_id.map(str::to_owned),
        retry_after: answer.retry_after,
        blocked_by,
        status: Some(answer.status),
        partly: false,
    }
}

/// The part of an exception name that counts: after `#`, before `:` (a URL may follow).
pub fn exception_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

fn kind_of(name: &str, status: u16, message: &str) -> FailureKind {
    let Some(kind) = named(name) else {
        // An unknown exception: the words of a handler say more than the status.
        return match handler_code(message) {
            Some(code) => kind_of_handler_code(code, message),
            None => kind_of_status(status),
        };
    };
    match (kind, handler_code(message)) {
        // Not allowed stays not allowed, whatever else the words say: absence must be certain.
        (FailureKind::Denied | FailureKind::Credentials | FailureKind::Throttled, _) => kind,
        // Absence arrives wrapped in other exceptions too (cloud-control 1.6).
        (_, Some("NotFound")) => FailureKind::NotFound,
        // These only carry what a handler said.
        (FailureKind::Internal | FailureKind::Invalid | FailureKind::Unavailable, Some(code)) => {
            match kind_of_handler_code(code, message) {
                // The exception is the better word for it.
                FailureKind::Internal => with_throttling(name, kind, message),
                told => told,
            }
        }
        _ => with_throttling(name, kind, message),
    }
}

/// Some services' throttling arrives as a general error (trap 92), or inside a request error of a read.
fn with_throttling(name: &str, kind: FailureKind, message: &str) -> FailureKind {
    let throttled = match name {
        "GeneralServiceException"
        | "HandlerFailureException"
        | "HandlerInternalFailureException"
        | "CFNRegistryException" => says_throttled(message),
        "InvalidRequestException" | "ValidationException" => message.to_lowercase().contains("rate exceeded"),
        _ => false,
    };
    if throttled { FailureKind::Throttled } else { kind }
}

/// The 21 modelled exceptions, then those that front ends, STS, the tag index and the registry of types send. `None`: not
/// known.
fn named(name: &str) -> Option<FailureKind> {
    use FailureKind as K;
    Some(match name {
        "AlreadyExistsException" => K::AlreadyExists,
        "ClientTokenConflictException" => K::TokenConflict,
        "ConcurrentModificationException" => K::Conflict,
        "ConcurrentOperationException" => K::Busy,
        "GeneralServiceException" => K::Internal,
        "HandlerFailureException" | "HandlerInternalFailureException" => K::Unavailable,
        "InvalidCredentialsException" => K::Credentials,
        "InvalidRequestException" => K::Invalid,
        "NetworkFailureException" => K::Unavailable,
        "NotStabilizedException" => K::NotStabilized,
        "NotUpdatableException" => K::NotUpdatable,
        "PrivateTypeException" => K::Unsupported,
        "RequestTokenNotFoundException" => K::RequestUnknown,
        "ResourceConflictException" => K::Conflict,
        "ResourceNotFoundException" => K::NotFound,
        "ServiceInternalErrorException" => K::Unavailable,
        "ServiceLimitExceededException" => K::Quota,
        "ThrottlingException" => K::Throttled,
        "TypeNotFoundException" => K::Unsupported,
        "UnsupportedActionException" => K::Unsupported,

        "ValidationException"
        | "ValidationError"
        | "SerializationException"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "MalformedQueryString"
        | "InvalidQueryParameter"
        | "InvalidAction"
        | "InvalidParameterException"
        // The listing must begin anew: tokens live 15 minutes (cloud-control 5.1).
        | "PaginationTokenExpiredException"
        | "RequestEntityTooLargeException"
        | "RequestTooLargeException" => K::Invalid,
        "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "UnauthorizedOperation" => K::Denied,
        "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown" => K::Throttled,
        "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "InvalidToken"
        | "InvalidSignatureException"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "OptInRequired"
        | "SubscriptionRequiredException"
        | "InvalidAccessKeyId" => K::Credentials,
        "InternalFailure"
        | "InternalFailureException"
        | "InternalError"
        | "InternalServerError"
        | "InternalServerException"
        | "InternalServiceError"
        | "InternalServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout"
        | "RequestTimeoutException" => K::Unavailable,
        "LimitExceededException" | "LimitExceeded" | "ServiceQuotaExceededException" => K::Quota,
        "UnknownOperationException" => K::Unsupported,
        "CFNRegistryException" => K::Internal,
        _ => return None,
    })
}

fn kind_of_status(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Credentials,
        403 => FailureKind::Denied,
        408 | 500..=599 => FailureKind::Unavailable,
        429 => FailureKind::Throttled,
        400..=499 => FailureKind::Invalid,
        _ => FailureKind::Internal,
    }
}

/// The handler error code that an exception's words carry: `(HandlerErrorCode: X, RequestToken: …)`.
pub fn handler_code(message: &str) -> Option<&str> {
    const LABEL: &str = "HandlerErrorCode:";
    let rest = message[message.find(LABEL)? + LABEL.len()..].trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The class of a handler error code (cloud-control 1.5). Codes that are not known are `Internal`.
pub fn kind_of_handler_code(code: &str, message: &str) -> FailureKind {
    use FailureKind as K;
    match code {
        "NotUpdatable" => K::NotUpdatable,
        "InvalidRequest" => K::Invalid,
        "AccessDenied" | "UnauthorizedTaggingOperation" => K::Denied,
        "InvalidCredentials" => K::Credentials,
        "AlreadyExists" => K::AlreadyExists,
        "NotFound" => K::NotFound,
        "ResourceConflict" => K::Conflict,
        "Throttling" => K::Throttled,
        "ServiceLimitExceeded" => K::Quota,
        "NotStabilized" => K::NotStabilized,
        "GeneralServiceException" if says_throttled(message) => K::Throttled,
        "ServiceInternalError" | "ServiceTimeout" | "NetworkFailure" => K::Unavailable,
        _ => K::Internal,
    }
}

/// True if the words speak of throttling (trap 92).
fn says_throttled(message: &str) -> bool {
    let message = message.to_lowercase();
    ["throttl", "rate exceeded", "too many requests", "request limit exceeded"]
        .iter()
        .any(|fragment| message.contains(fragment))
}

/// The failure that an operation in `Failed` or `CancelComplete` amounts to.
///
/// Failed hooks are put behind the service's own words, which only say that a hook failed (trap 102).
pub fn failure_of(progress: &Progress) -> Failure {
    let code = progress.error_code.as_deref();
    let kind = match (&progress.status, code) {
        (Status::CancelComplete, _) => FailureKind::Cancelled,
        (_, Some(code)) => kind_of_handler_code(code, &progress.message),
        // A hook said no, and the handler was never asked.
        (_, None) if !progress.hooks.is_empty() => FailureKind::Denied,
        (_, None) => FailureKind::Internal,
    };
    let mut message = match progress.message.trim() {
        "" if progress.hooks.is_empty() => "the service gave no reason".to_owned(),
        words => words.to_owned(),
    };
    for (hook, words) in &progress.hooks {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(&format!("hook {hook}: {words}"));
    }
    Failure::new(kind, code.unwrap_or_else(|| kind.word()), message)
}

/// The request token that the words name: `… with RequestToken Y`, `RequestToken: Y`.
///
/// Tokens are 1 to 128 of `A-Z a-z 0-9 - + / =` (cloud-control 1.3). Only one with a digit is taken, so that prose
/// after the word is not.
pub fn request_token(message: &str) -> Option<RequestToken> {
    const LABEL: &str = "requesttoken";
    // ASCII lower case keeps byte positions.
    let lower = message.to_ascii_lowercase();
    lower.match_indices(LABEL).find_map(|(at, _)| {
        let rest = message[at + LABEL.len()..].trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '=' | '[' | '(' | '\'' | '"' | '`')
        });
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '/' | '=')))
            .unwrap_or(rest.len());
        let token = &rest[..end];
        (token.len() <= 128 && token.bytes().any(|b| b.is_ascii_digit())).then(|| RequestToken::new(token))
    })
}

/// The wait that the headers of an answer ask for: `x-amz-retry-after` in milliseconds, or `Retry-After` in seconds (RFC
/// 9110 section 10.2.3; AWS does not send dates).
pub fn retry_after(milliseconds: Option<&str>, seconds: Option<&str>) -> Option<Duration> {
    let number = |text: Option<&str>| text?.trim().parse::<u64>().ok();
    number(milliseconds).map(Duration::from_millis).or_else(|| number(seconds).map(Duration::from_secs))
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
