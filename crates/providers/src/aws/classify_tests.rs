use super::*;
use FailureKind as K;

fn told(exception: &str, status: u16, message: &str) -> Failure {
    classify(ErrorAnswer { exception: Some(exception), status, message, request_id: None, retry_after: None })
}

/// Name, HTTP status and class of every modelled exception (cloud-control 1.6).
const MODELLED: [(&str, u16, K); 21] = [
    ("AlreadyExistsException", 400, K::AlreadyExists),
    ("ClientTokenConflictException", 400, K::TokenConflict),
    ("ConcurrentOperationException", 400, K::Busy),
    ("ConcurrentModificationException", 500, K::Conflict),
    ("GeneralServiceException", 400, K::Internal),
    ("HandlerFailureException", 500, K::Unavailable),
    ("HandlerInternalFailureException", 500, K::Unavailable),
    ("InvalidCredentialsException", 400, K::Credentials),
    ("InvalidRequestException", 400, K::Invalid),
    ("NetworkFailureException", 500, K::Unavailable),
    ("NotStabilizedException", 400, K::NotStabilized),
    ("NotUpdatableException", 400, K::NotUpdatable),
    ("PrivateTypeException", 400, K::Unsupported),
    ("RequestTokenNotFoundException", 400, K::RequestUnknown),
    ("ResourceConflictException", 400, K::Conflict),
    ("ResourceNotFoundException", 400, K::NotFound),
    ("ServiceInternalErrorException", 500, K::Unavailable),
    ("ServiceLimitExceededException", 400, K::Quota),
    ("ThrottlingException", 400, K::Throttled),
    ("TypeNotFoundException", 400, K::Unsupported),
    ("UnsupportedActionException", 400, K::Unsupported),
];

#[test]
fn every_modelled_exception_has_its_class_whatever_the_status() {
    for (name, status, kind) in MODELLED {
        let sent = format!("com.amazon.cloudapiservice#{name}");
        let failure = told(&sent, status, "because");
        assert_eq!((failure.kind, failure.code.as_str(), failure.message.as_str()), (kind, name, "because"));
        assert_eq!(told(name, 418, "because").kind, kind, "{name} by its name alone");
    }
}

#[test]
fn front_end_exceptions_have_their_class() {
    let cases = [
        ("com.amazon.coral.validate#ValidationException", K::Invalid),
        ("com.amazon.coral.service#AccessDeniedException", K::Denied),
        ("com.amazon.coral.availability#ThrottlingException", K::Throttled),
        ("UnrecognizedClientException", K::Credentials),
        ("ExpiredTokenException", K::Credentials),
        ("InvalidSignatureException", K::Credentials),
        ("IncompleteSignature", K::Credentials),
        (
            "MissingAuthenticationToken:http://internal.amazon.com/coral/com.amazon.coral.service/",
            K::Credentials,
        ),
        ("InternalFailure", K::Unavailable),
        ("ServiceUnavailable", K::Unavailable),
        ("com.amazon.coral.service#UnknownOperationException", K::Unsupported),
        // STS says it without `Exception`.
        ("AccessDenied", K::Denied),
        ("InvalidClientTokenId", K::Credentials),
        ("ExpiredToken", K::Credentials),
        ("Throttling", K::Throttled),
    ];
    for (name, kind) in cases {
        assert_eq!(told(name, 400, "because").kind, kind, "{name}");
    }
}

#[test]
fn an_unknown_or_missing_name_goes_by_the_status() {
    let cases = [
        (400, K::Invalid),
        (401, K::Credentials),
        (403, K::Denied),
        (404, K::Invalid),
        (408, K::Unavailable),
        (429, K::Throttled),
        (500, K::Unavailable),
        (502, K::Unavailable),
        (503, K::Unavailable),
        (302, K::Internal),
    ];
    for (status, kind) in cases {
        assert_eq!(told("BrandNewException", status, "").kind, kind, "{status}");
        let nameless = classify(ErrorAnswer {
            exception: None,
            status,
            message: "",
            request_id: None,
            retry_after: None,
        });
        assert_eq!((nameless.kind, nameless.code), (kind, format!("HTTP {status}")));
        assert_eq!(nameless.message, format!("the service gave no reason (HTTP status {status})"));
    }
}

#[test]
fn absence_is_believed_only_by_name_or_by_handler_code() {
    let wrapped = "Stream x gone (Service: Kinesis) (HandlerErrorCode: NotFound, RequestToken: 1-a)";
    for name in
        ["GeneralServiceException", "InvalidRequestException", "HandlerFailureException", "SomethingElse"]
    {
        assert_eq!(told(name, 400, wrapped).kind, K::NotFound, "{name}");
    }
    // The words alone are about something else as often as not.
    for words in ["Role not found", "ResourceNotFoundException: subnet", "HandlerErrorCode: NotFoundAtAll"] {
        assert_ne!(told("GeneralServiceException", 400, words).kind, K::NotFound, "{words}");
        assert_ne!(told("InvalidRequestException", 404, words).kind, K::NotFound, "{words}");
    }
    // A denied read never becomes an absence.
    assert_eq!(told("AccessDeniedException", 403, wrapped).kind, K::Denied);
    assert_eq!(told("ThrottlingException", 400, wrapped).kind, K::Throttled);
}

#[test]
fn exceptions_that_only_carry_a_handlers_words_take_its_code() {
    let message = |code: &str| format!("it failed (HandlerErrorCode: {code}, RequestToken: 1-a)");
    assert_eq!(told("GeneralServiceException", 400, &message("AccessDenied")).kind, K::Denied);
    assert_eq!(told("InvalidRequestException", 400, &message("Throttling")).kind, K::Throttled);
    assert_eq!(told("HandlerFailureException", 500, &message("ResourceConflict")).kind, K::Conflict);
    assert_eq!(told("UnheardOfException", 400, &message("ServiceLimitExceeded")).kind, K::Quota);
    // A code that tells less than the exception changes nothing.
    assert_eq!(told("InvalidRequestException", 400, &message("GeneralServiceException")).kind, K::Invalid);
    assert_eq!(told("HandlerFailureException", 500, &message("InternalFailure")).kind, K::Unavailable);
    // An exception that says it all keeps its class.
    assert_eq!(told("UnsupportedActionException", 400, &message("InternalFailure")).kind, K::Unsupported);
}

#[test]
fn a_general_error_that_speaks_of_throttling_is_throttling() {
    for words in ["Rate exceeded", "Request was THROTTLED by GameLift", "Too Many Requests"] {
        assert_eq!(told("GeneralServiceException", 400, words).kind, K::Throttled, "{words}");
    }
    assert_eq!(told("InvalidRequestException", 400, "Rate exceeded (Service: Lambda)").kind, K::Throttled);
    // A wrong throttling setting is a wrong request.
    assert_eq!(
        told("InvalidRequestException", 400, "ThrottlingBurstLimit must be positive").kind,
        K::Invalid
    );
    assert_eq!(told("GeneralServiceException", 400, "it broke").kind, K::Internal);
}

#[test]
fn the_operation_in_the_way_is_read_from_the_words() {
    let id = "8f1ddd5c-57c4-4a2b-9e6a-0c1d2e3f4a5b";
    let cases = [
        (
            "ConcurrentOperationException",
            format!("Another operation on this resource is in progress with RequestToken {id}."),
        ),
        ("ConcurrentOperationException", format!("Busy (RequestToken: {id}, HandlerErrorCode: X)")),
        (
            "ConcurrentOperationException",
            format!("the RequestToken of the running request is requestToken='{id}'"),
        ),
        (
            "ClientTokenConflictException",
            format!(
                "ClientToken abc-1 is already associated with an existing operation with RequestToken {id}"
            ),
        ),
    ];
    for (name, message) in cases {
        assert_eq!(told(name, 400, &message).blocked_by, Some(RequestToken::new(id)), "{message}");
    }
    assert_eq!(told("ConcurrentOperationException", 400, "Busy, no RequestToken given").blocked_by, None);
    assert_eq!(told("ConcurrentOperationException", 400, "é RequestToken").blocked_by, None);
    // A handler's own request is in nobody's way.
    assert_eq!(told("InvalidRequestException", 400, &format!("x (RequestToken: {id})")).blocked_by, None);
}

#[test]
fn a_wait_is_taken_from_either_header() {
    assert_eq!(retry_after(None, Some("3")), Some(Duration::from_secs(3)));
    assert_eq!(retry_after(Some("1500"), Some("3")), Some(Duration::from_millis(1500)));
    assert_eq!(retry_after(None, Some("Wed, 21 Oct 2015 07:28:00 GMT")), None);
    assert_eq!(retry_after(None, None), None);
}

fn ended(status: Status, code: Option<&str>, message: &str, hooks: &[(&str, &str)]) -> Failure {
    failure_of(&Progress {
        request: RequestToken::new("r-1"),
        ty: None,
        verb: None,
        status,
        identifier: None,
        error_code: code.map(str::to_owned),
        message: message.to_owned(),
        retry_after: None,
        at: None,
        hooks: hooks.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect(),
        hooks_request: None,
        model: None,
    })
}

#[test]
fn every_handler_error_code_has_its_class() {
    let cases = [
        ("NotUpdatable", K::NotUpdatable),
        ("InvalidRequest", K::Invalid),
        ("AccessDenied", K::Denied),
        ("UnauthorizedTaggingOperation", K::Denied),
        ("InvalidCredentials", K::Credentials),
        ("AlreadyExists", K::AlreadyExists),
        ("NotFound", K::NotFound),
        ("ResourceConflict", K::Conflict),
        ("Throttling", K::Throttled),
        ("ServiceLimitExceeded", K::Quota),
        ("NotStabilized", K::NotStabilized),
        ("GeneralServiceException", K::Internal),
        ("ServiceInternalError", K::Unavailable),
        ("ServiceTimeout", K::Unavailable),
        ("NetworkFailure", K::Unavailable),
        ("InternalFailure", K::Internal),
        ("SomethingNew", K::Internal),
    ];
    for (code, kind) in cases {
        let failure = ended(Status::Failed, Some(code), "because", &[]);
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code));
    }
    let throttled = ended(Status::Failed, Some("GeneralServiceException"), "GameLift: Rate exceeded", &[]);
    assert_eq!(throttled.kind, K::Throttled);
}

#[test]
fn an_ended_operation_always_has_a_code_and_words() {
    let cancelled = ended(Status::CancelComplete, None, "", &[]);
    assert_eq!(cancelled, Failure::new(K::Cancelled, "Cancelled", "the service gave no reason"));
    let silent = ended(Status::Failed, None, "", &[]);
    assert_eq!(silent, Failure::new(K::Internal, "Internal", "the service gave no reason"));
}

#[test]
fn failed_hooks_say_what_the_service_does_not() {
    let hooks = [("Acme::S3::Encrypted", "bucket is not encrypted"), ("Acme::S3::Named", "no message")];
    let failure = ended(Status::Failed, None, "Hooks failed", &hooks);
    assert_eq!(failure.kind, K::Denied);
    assert_eq!(
        failure.message,
        "Hooks failed; hook Acme::S3::Encrypted: bucket is not encrypted; hook Acme::S3::Named: no message"
    );
    assert_eq!(ended(Status::Failed, None, "", &hooks[1..]).message, "hook Acme::S3::Named: no message");
}
