//! Where operations stand.

use super::*;
use stack_core::ids::RequestToken;
use stack_core::provider::{FailureKind, Status};

fn cluster(phase: &str, endpoint: &str) -> Answer {
    reply(
        200,
        json!({"id": "lkc-1", "spec": {"display_name": "c", "environment": {"id": "env-1"}, "http_endpoint": endpoint},
        "status": {"phase": phase}}),
    )
}

async fn made(answers: Vec<Answer>) -> (Bench, Progress) {
    let first = reply(
        202,
        json!({"id": "lkc-1", "spec": {"environment": {"id": "env-1"}}, "status": {"phase": "PROVISIONING"}}),
    );
    let all = [page(json!([])), first].into_iter().chain(answers);
    let bench = Bench::of(all);
    let props = json!({"display_name": "c", "cloud": "AWS", "region": "r", "config": {"kind": "Basic"}, "environment": "env-1"});
    let told = bench.create(CLUSTER, props).await.expect("accepted");
    assert_eq!(told.status, Status::InProgress);
    // Soon at first, then as long as the definition says.
    assert_eq!(told.retry_after, Some(NOW_MS + 2_000));
    (bench, told)
}

#[tokio::test]
async fn a_cluster_is_ready_once_its_phase_and_its_endpoint_say_so_traps_35_and_41() {
    let (bench, told) = made(vec![
        error(404, "not yet"),
        cluster("PROVISIONING", ""),
        cluster("SOMETHING_NEW", ""),
        cluster("PROVISIONED", ""),
        cluster("PROVISIONED", "https://pkc-1.example:443"),
    ])
    .await;
    let (mut words, mut waits) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let now = bench.poll(&told).await;
        assert_eq!(now.status, Status::InProgress);
        words.push(now.message);
        waits.push(now.retry_after.map_or(0, |at| (at - NOW_MS) / 1000));
    }
    assert_eq!(words[0], "not visible yet");
    assert!(words[2].contains("SOMETHING_NEW, a state that this version does not know"), "{words:?}");
    assert!(words[3].contains("without spec.http_endpoint"), "{words:?}");
    let done = bench.poll(&told).await;
    assert_eq!(done.status, Status::Success);
    assert_eq!(waits, [4, 8, 16, 30]);
    assert_eq!(id(CLUSTER, &done.identifier.unwrap()).to_string(), "env-1|lkc-1");
}

#[tokio::test]
async fn a_failed_phase_ends_the_operation_with_the_services_words() {
    let failed = reply(
        200,
        json!({"id": "lkc-1", "spec": {"environment": {"id": "env-1"}}, "status": {"phase": "FAILED", "error_message": "no capacity"}}),
    );
    let (bench, told) = made(vec![failed]).await;
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Failed);
    let failure = bench.rest.failure_of(&ended);
    assert_eq!(failure.kind, FailureKind::Internal);
    assert!(failure.message.contains("FAILED: no capacity"), "{failure}");
}

/// The run died and another one knows nothing but the token.
#[tokio::test]
async fn a_token_alone_is_enough_to_wait_on_trap_42() {
    let (_, told) = made(Vec::new()).await;
    let later = Bench::of([cluster("PROVISIONED", "https://pkc-1.example:443")]);
    let done = later.rest.poll(&place(), &told.request).await.unwrap();
    assert_eq!(done.status, Status::Success);
    assert!(!told.request.as_str().contains(SECRET));
}

#[tokio::test]
async fn other_tokens_are_unknown_and_nothing_can_be_called_back() {
    let bench = Bench::of([]);
    let unknown = bench.rest.poll(&place(), &RequestToken::new("abc")).await.unwrap_err();
    assert_eq!(unknown.kind, FailureKind::RequestUnknown);
    let cancel = bench.rest.cancel(&place(), &RequestToken::new("abc")).await.unwrap_err();
    assert_eq!(cancel.kind, FailureKind::Unsupported);
    assert!(bench.rest.requests(&place(), false, None).await.unwrap().requests.is_empty());
}
