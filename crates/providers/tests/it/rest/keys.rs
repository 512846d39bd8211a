//! Keys that this run makes: tried until they are taken, and made anew where the secret was lost.

use super::*;
use stack_core::provider::{FailureKind, Status, Transience};
use stack_providers::{TransportError, TransportErrorKind};
use std::time::Duration;

const PROBE: &str = "GET /kafka/v3/clusters/lkc-1/topics";

fn key(id: &str, secret: Option<&str>) -> Json {
    json!({"id": id, "spec": {"display_name": "k", "secret": secret, "owner": {"id": "sa-1"}, "resource": {"id": "lkc-1"}}})
}

fn seen() -> Answer {
    reply(200, key("NEW", None))
}

fn refused() -> Answer {
    with_headers(401, &[], "<html><body>Unauthorized</body></html>")
}

fn wanted() -> Json {
    json!({"display_name": "k", "owner": "sa-1", "resource": "lkc-1"})
}

async fn made(answers: Vec<Answer>) -> (Bench, Progress) {
    let first = [page(json!([])), reply(202, key("NEW", Some("n")))];
    let bench = Bench::with(settings(&[("KAFKA_API_KEY", "-")]), first.into_iter().chain(answers));
    let told = bench.create(KEY, wanted()).await.expect("accepted");
    assert_eq!(told.status, Status::InProgress);
    (bench, told)
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_tried_until_it_is_taken_twice_in_a_row_trap_10() {
    let topics = || page(json!([]));
    // Refused, taken, refused by another gateway, taken, taken.
    let answers = [refused(), topics(), refused(), topics(), topics()];
    let answers = answers.into_iter().flat_map(|answer| [seen(), answer]).collect();
    let (bench, told) = made(answers).await;
    let mut states = Vec::new();
    for _ in 0..5 {
        states.push(bench.poll(&told).await.status);
    }
    use Status::{InProgress, Success};
    assert_eq!(states, [InProgress, InProgress, InProgress, InProgress, Success]);
    let sent = bench.script.sent();
    let tries: Vec<_> = sent.iter().filter(|sent| line(sent) == PROBE).collect();
    assert_eq!(tries.len(), 5);
    // base64("NEW:n")
    assert!(tries.iter().all(|sent| sent.header("authorization") == "Basic TkVXOm4="));
}

/// Its rights come with a binding, which may be made after it.
#[tokio::test(start_paused = true)]
async fn a_key_without_rights_is_known_all_the_same() {
    let (bench, told) = made(vec![seen(), error(403, "no right"), seen(), error(403, "no right")]).await;
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    assert_eq!(bench.poll(&told).await.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_a_cluster_out_of_reach_is_made_and_not_tried_trap_11() {
    let nobody = || Err(TransportError::new(TransportErrorKind::Connect, "no connection to pkc-1"));
    let (bench, told) = made(vec![seen(), nobody(), seen()]).await;
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Success);
    assert!(ended.message.contains("not tried: cannot reach pkc-1"), "{ended:?}");
    let found = bench.read(KEY, "NEW").await.unwrap().unwrap();
    assert_eq!(found.model["secret"], "n");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_never_taken_is_kept_and_its_refusals_are_errors() {
    let answers = vec![seen(), refused(), refused(), seen(), refused(), refused()];
    let (bench, told) = made(answers).await;
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    // Whoever uses it meanwhile may wait for it.
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert_eq!(bench.rest.transience(&failure.message), Some(Transience::Principal));
    tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Success);
    assert!(ended.message.contains("lkc-1 does not take the key NEW yet"), "{ended:?}");
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!((failure.kind, bench.rest.transience(&failure.message)), (FailureKind::Credentials, None));
    assert!(failure.message.contains("lkc-1 does not take the key NEW:"), "{failure}");
}

/// After a teardown the environment still has the key of the cluster that was.
#[tokio::test(start_paused = true)]
async fn a_key_of_this_run_stands_in_for_one_that_is_refused() {
    let first = [page(json!([])), reply(202, key("NEW", Some("n")))];
    let topic = || reply(200, json!({"cluster_id": "lkc-1", "topic_name": "t"}));
    let more = [refused(), topic(), page(json!([])), topic(), page(json!([])), refused()];
    let bench = Bench::of(first.into_iter().chain(more));
    bench.create(KEY, wanted()).await.unwrap();
    assert!(bench.read(TOPIC, "lkc-1|t").await.unwrap().is_some());
    assert!(bench.read(TOPIC, "lkc-1|t").await.unwrap().is_some());
    let sent = bench.script.sent();
    let is_new: Vec<bool> =
        sent[2..].iter().map(|sent| sent.header("authorization") == "Basic TkVXOm4=").collect();
    assert_eq!(is_new, [false, true, true, true, true]);
    // Of another cluster it says nothing.
    let failure = bench.read(TOPIC, "lkc-2|t").await.unwrap_err();
    assert!(failure.message.contains("lkc-2 does not take the key KAFKAKEY"), "{failure}");
}

/// The answer with the secret is lost, so that nobody can use the key: it goes, and the step is decided anew.
#[tokio::test(start_paused = true)]
async fn a_key_whose_answer_was_lost_is_deleted_and_never_doubled_trap_1() {
    let lost = Err(TransportError::new(TransportErrorKind::Timeout, "no answer"));
    let bench =
        Bench::of([page(json!([])), lost, page(json!([key("LOST", None)])), with_headers(204, &[], "")]);
    let told = bench.create(KEY, wanted()).await.unwrap();
    let ended = bench.poll(&told).await;
    assert_eq!(ended.error_code.as_deref(), Some("NotArrived"));
    assert_eq!(bench.rest.failure_of(&ended).kind, FailureKind::Unavailable);
    assert!(ended.message.contains("LOST`: its secret was lost with the answer"), "{ended:?}");
    assert_eq!(bench.lines()[3], "DELETE /iam/v2/api-keys/LOST");
    // A later run did not look before the create: what it finds may be of somebody else.
    let later = Bench::of([page(json!([key("LOST", None)])), reply(200, key("LOST", None))]);
    let ended = later.poll(&told).await;
    assert_eq!(ended.status, Status::Success);
    assert!(later.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", later.lines());
}
