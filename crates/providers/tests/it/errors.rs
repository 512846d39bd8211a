//! What becomes of error answers and of answers that never come.

use crate::script::{Script, answer, at, bucket, ok, refusal};
use bytes::Bytes;
use serde_json::json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, RequestToken};
use stack_core::provider::{Failure, FailureKind as K, Operation, Provider};
use stack_providers::{TransportError, TransportErrorKind};
use std::time::Duration;

const SECRET: &str = "s3cr3t-value";

fn create() -> Operation {
    Operation::Create { ty: bucket(), props: json!({"BucketName": "logs", "Password": SECRET}) }
}

fn key() -> Key {
    Key::Primary(Identifier::single("BucketName", "logs"))
}

async fn refused_create(script: &Script) -> Failure {
    script.aws().await.submit(&at(None), &create(), &ClientToken::new("t-1")).await.expect_err("a failure")
}

/// Every exception of cloud-control 1.6, with the status that it comes with.
const EXCEPTIONS: [(&str, u16, K); 21] = [
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

/// The paused clock would show a wait, the script a second request.
#[tokio::test(start_paused = true)]
async fn every_exception_ends_the_call_after_one_request_without_a_wait() {
    for (name, status, kind) in EXCEPTIONS {
        let script = Script::of([refusal(status, name, "because of RequestToken 12345678-aa")]);
        let start = tokio::time::Instant::now();
        let failure = refused_create(&script).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "{name}");
        assert_eq!(script.sent().len(), 1, "{name}");
        let blocked_by = matches!(kind, K::Busy | K::TokenConflict).then(|| RequestToken::new("12345678-aa"));
        let expected = Failure {
            request_id: Some("req-1".to_owned()),
            blocked_by,
            status: Some(status),
            ..Failure::new(kind, name, "because of RequestToken 12345678-aa")
        };
        assert_eq!(failure, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn every_method_makes_one_attempt_at_a_failing_service() {
    for (status, exception) in
        [(500, "InternalFailure"), (503, "ServiceUnavailable"), (400, "ThrottlingException")]
    {
        let script = Script::of(std::iter::repeat_n((), 9).map(|()| refusal(status, exception, "no")));
        let aws = script.aws().await;
        let target = at(None);
        let token = ClientToken::new("t-1");
        let request = RequestToken::new("rt-1");
        let logs = Identifier::single("BucketName", "logs");
        let start = tokio::time::Instant::now();
        let failures = [
            aws.caller(&target).await.map(drop),
            aws.read(&target, &bucket(), &key()).await.map(drop),
            aws.list(&target, &bucket(), None, None).await.map(drop),
            aws.submit(&target, &create(), &token).await.map(drop),
            aws.submit(
                &target,
                &Operation::Update { ty: bucket(), identifier: logs.clone(), patch: json!([]) },
                &token,
            )
            .await
            .map(drop),
            aws.submit(&target, &Operation::Delete { ty: bucket(), identifier: logs }, &token)
                .await
                .map(drop),
            aws.poll(&target, &request).await.map(drop),
            aws.cancel(&target, &request).await.map(drop),
            aws.requests(&target, true, None).await.map(drop),
        ];
        assert_eq!(script.sent().len(), 9);
        assert_eq!(start.elapsed(), Duration::ZERO);
        for failure in failures.into_iter().skip(1) {
            let kind = failure.expect_err("a failure").kind;
            assert!(matches!(kind, K::Unavailable | K::Throttled), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn sts_errors_are_classified_from_their_xml() {
    let xml = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no such key</Message></Error>\
             <RequestId>sts-9</RequestId></ErrorResponse>"
        )
    };
    for (code, status, kind) in [
        ("InvalidClientTokenId", 403, K::Credentials),
        ("ExpiredToken", 403, K::Credentials),
        ("AccessDenied", 403, K::Denied),
        ("Throttling", 400, K::Throttled),
    ] {
        let script = Script::of([answer(status, xml(code))]);
        let failure = script.aws().await.caller(&at(None)).await.expect_err("a failure");
        assert_eq!(
            (failure.kind, failure.code.as_str(), failure.message.as_str()),
            (kind, code, "no such key")
        );
    }
}

#[tokio::test]
async fn only_certain_absence_is_none() {
    let none = [
        refusal(400, "ResourceNotFoundException", "gone"),
        refusal(400, "GeneralServiceException", "x (HandlerErrorCode: NotFound, RequestToken: 1)"),
    ];
    for absent in none {
        let script = Script::of([absent]);
        assert_eq!(script.aws().await.read(&at(None), &bucket(), &key()).await, Ok(None));
    }
    let denied =
        json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "bucket not found"});
    let some = [
        (answer(403, denied.to_string()), K::Denied),
        (answer(400, denied.to_string()), K::Denied),
        (answer(403, ""), K::Denied),
        (answer(404, ""), K::Invalid),
        (refusal(400, "InvalidRequestException", "role not found"), K::Invalid),
        (refusal(400, "TypeNotFoundException", "The type 'X' cannot be found"), K::Unsupported),
    ];
    for (refused, kind) in some {
        let script = Script::of([refused]);
        let failure = script.aws().await.read(&at(None), &bucket(), &key()).await.expect_err("a failure");
        assert_eq!(failure.kind, kind, "{failure}");
    }
}

#[tokio::test]
async fn an_error_is_named_by_its_header_where_the_body_names_none() {
    let response = |body: &'static str| {
        Ok(http::Response::builder()
            .status(400)
            .header("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/coral/")
            .header("retry-after", "7")
            .body(Bytes::from_static(body.as_bytes()))
            .expect("a response"))
    };
    for body in ["{}", "", "<html>slow down</html>", "{\"Message\": \"cut o"] {
        let script = Script::of([response(body)]);
        let failure = refused_create(&script).await;
        assert_eq!((failure.kind, failure.code.as_str()), (K::Throttled, "ThrottlingException"), "{body}");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn an_answer_of_something_in_between_goes_by_its_status() {
    for (status, kind) in [(502, K::Unavailable), (429, K::Throttled), (407, K::Invalid)] {
        let script = Script::of([answer(status, "<html><body>Bad gateway</body></html>")]);
        let failure = refused_create(&script).await;
        assert_eq!((failure.kind, failure.code), (kind, format!("HTTP {status}")));
    }
}

#[tokio::test]
async fn a_good_answer_that_is_cut_off_is_no_answer() {
    let whole = json!({"ProgressEvent": {"RequestToken": "rt-1", "OperationStatus": "PENDING"}}).to_string();
    for cut in [1, 20, whole.len() - 1] {
        let script = Script::of([answer(200, &whole[..cut])]);
        let failure = refused_create(&script).await;
        assert_eq!((failure.kind, failure.code.as_str()), (K::NoAnswer, "UnreadableAnswer"), "{cut}");
        assert_eq!(failure.request_id.as_deref(), Some("req-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_answer_tells_whether_the_call_can_have_arrived() {
    let cases = [
        (TransportErrorKind::Connect, K::Unavailable, "ConnectFailed"),
        (TransportErrorKind::Tls, K::Unavailable, "TlsFailed"),
        (TransportErrorKind::Refused, K::Invalid, "RequestRefused"),
        (TransportErrorKind::Reset, K::NoAnswer, "ConnectionLost"),
        (TransportErrorKind::Timeout, K::NoAnswer, "AnswerTimeout"),
        (TransportErrorKind::TooLarge, K::NoAnswer, "AnswerTooLarge"),
    ];
    for (transport, kind, code) in cases {
        let script = Script::of([Err(TransportError::new(transport, "the wire broke"))]);
        let failure = refused_create(&script).await;
        assert_eq!(failure, Failure::new(kind, code, "the wire broke"));
        assert_eq!(script.sent().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn no_failure_shows_what_was_sent() {
    let answers = [
        Err(TransportError::new(TransportErrorKind::Reset, "the wire broke")),
        answer(200, "{"),
        answer(500, "<html>"),
        refusal(400, "InvalidRequestException", "bad"),
        ok(json!({})),
    ];
    for answer in answers {
        let script = Script::of([answer]);
        let failure = refused_create(&script).await;
        assert!(script.only().body.contains(SECRET));
        assert!(!format!("{failure} {failure:?}").contains(SECRET), "{failure:?}");
    }
}

#[tokio::test]
async fn a_region_that_is_no_host_name_is_told_without_a_request() {
    let script = Script::of([]);
    let failure = script
        .aws()
        .await
        .read(&at(Some("not a region/..")), &bucket(), &key())
        .await
        .expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "RequestNotBuilt"), "{failure}");
}
