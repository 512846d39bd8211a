//! What goes wrong, and what is said about it.

use super::*;
use stack_core::provider::{FailureKind, Transience};
use stack_providers::{TransportError, TransportErrorKind};
use std::time::Duration;

#[tokio::test]
async fn throttling_carries_the_wait_that_the_service_asks_for_trap_90() {
    let header = |name, value| vec![(name, value)];
    let cases =
        [(header("Retry-After", "7"), Some(7)), (header("X-RateLimit-Reset", "3"), Some(3)), (vec![], None)];
    for (headers, wait) in cases {
        let bench = Bench::of([with_headers(429, &headers, "")]);
        let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Throttled);
        assert_eq!(failure.retry_after, wait.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn an_error_names_request_resource_status_and_request_id_trap_91() {
    let bench = Bench::of([with_headers(500, &[("x-request-id", "req-9")], "")]);
    let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
    assert_eq!(failure.request_id.as_deref(), Some("req-9"));
    for part in ["confluent.org.environments `env-1`", "GET /org/v2/environments/env-1", "500"] {
        assert!(failure.message.contains(part), "{failure}");
    }
}

/// A right may not have spread yet. A key that was there before is wrong: no wait makes it right.
#[tokio::test]
async fn a_refusal_of_a_data_plane_may_pass_and_a_wrong_key_does_not_trap_14() {
    let page = |status| with_headers(status, &[], "<html><body>Unauthorized</body></html>");
    let bench = Bench::of([page(403)]);
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(bench.rest.transience(&failure.message), Some(Transience::Principal));
    let bench = Bench::of([page(401)]);
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!((failure.kind, bench.rest.transience(&failure.message)), (FailureKind::Credentials, None));
    assert!(failure.message.contains("lkc-1 does not take the key KAFKAKEY"), "{failure}");
    let bench = Bench::of([error(401, "bad key")]);
    let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert_eq!(bench.rest.transience(&failure.message), None);
}

#[tokio::test]
async fn a_topic_that_is_still_being_deleted_is_waited_for_and_a_bad_value_is_not_traps_31_and_32() {
    let deleting = reply(400, json!({"error_code": 40002, "message": "Topic 't' is marked for deletion."}));
    let bad = reply(
        400,
        json!({"error_code": 40002, "message": "Invalid value -5 for configuration retention.ms"}),
    );
    let taken = reply(400, json!({"error_code": 40002, "message": "Topic 't' already exists."}));
    let there = [reply(200, json!({"cluster_id": "lkc-1", "topic_name": "t"})), page(json!([]))];
    let bench = Bench::of([deleting, bad, taken].into_iter().chain(there));
    let props = || json!({"cluster_id": "lkc-1", "topic_name": "t"});
    let failure = bench.create(TOPIC, props()).await.unwrap_err();
    assert_eq!(
        (failure.kind, bench.rest.transience(&failure.message)),
        (FailureKind::Conflict, Some(Transience::Busy))
    );
    let failure = bench.create(TOPIC, props()).await.unwrap_err();
    assert_eq!((failure.kind, bench.rest.transience(&failure.message)), (FailureKind::Invalid, None));
    assert!(failure.message.contains("retention.ms"), "{failure}");
    assert_eq!(bench.create(TOPIC, props()).await.unwrap_err().kind, FailureKind::AlreadyExists);
}

#[tokio::test]
async fn a_host_in_a_private_network_is_its_own_error() {
    let bench = Bench::of([Err(TransportError::new(TransportErrorKind::Connect, "no connection to pkc-1"))]);
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "Unreachable"));
    assert!(failure.message.contains("private network"), "{failure}");
}

#[tokio::test]
async fn an_error_inside_a_good_answer_is_an_error_trap_86() {
    let bench = Bench::of([reply(200, json!({"error": {"code": 500, "message": "connector is stuck"}}))]);
    let failure = bench.delete(ACCOUNT, "sa-1").await.unwrap_err();
    assert!(failure.message.contains("connector is stuck"), "{failure}");
}

#[tokio::test]
async fn a_cut_off_answer_is_no_answer_and_no_secret_is_shown() {
    let bench = Bench::of([with_headers(200, &[], "{\"id\": ")]);
    let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoAnswer);
    assert!(!format!("{failure:?}{:?}{:?}", bench.rest, settings(&[])).contains(SECRET));
}
