//! Keys that this run makes: tried until they are taken, and made anew where the secret was lost.

use super::*;
use stack_core::provider::{FailureKind, Status, Transience};
use stack_providers::{TransportError, TransportErrorKind};
use std::time::Duration;

const PROBE: &str = "GET /kafka/v3/clusters/lkc-1/topics";

fn key(id: &str, secret: Option<&str>) -> Json {
    json!({"id": id, "spec": {"display_name": "k", "secret": secret, "owner": {"id": "sa-1"}, "resource": {"id": "lkc-1"}}})
}

/// A key of the name `k` as it is read, dated some seconds after the time of all tests.
fn dated(id: &str, seconds: i64) -> Json {
    let moment = jiff::Timestamp::from_millisecond(NOW_MS + seconds * 1000).expect("a time of tests");
    let mut key = key(id, None);
    key["metadata"] = json!({"created_at": moment.to_string()});
    key
}

fn lost() -> Answer {
    Err(TransportError::new(TransportErrorKind::Timeout, "no answer"))
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
    let found = dated("LOST", 1);
    let answers =
        [page(json!([])), lost(), page(json!([found])), reply(200, found), with_headers(204, &[], "")];
    let bench = Bench::of(answers);
    let told = bench.create(KEY, wanted()).await.unwrap();
    let ended = bench.poll(&told).await;
    assert_eq!(ended.error_code.as_deref(), Some("NotArrived"));
    assert_eq!(bench.rest.failure_of(&ended).kind, FailureKind::Unavailable);
    assert!(ended.message.contains("LOST`: its secret was lost with the answer"), "{ended:?}");
    assert_eq!(bench.lines()[4], "DELETE /iam/v2/api-keys/LOST");
    // A later run did not look before the create: what it finds may be of somebody else.
    let later = Bench::of([page(json!([key("LOST", None)])), reply(200, key("LOST", None))]);
    let ended = later.poll(&told).await;
    assert_eq!(ended.status, Status::Success);
    assert!(later.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", later.lines());
}

fn only_reads_and_one_create(bench: &Bench) {
    let lines = bench.lines();
    let writes: Vec<&String> = lines.iter().filter(|line| !line.starts_with("GET ")).collect();
    assert_eq!(writes, ["POST /iam/v2/api-keys"]);
}

/// The same owner and name, of another cluster, or of the cloud: another key (confluent-api.tsv).
#[tokio::test(start_paused = true)]
async fn a_lost_create_leaves_the_keys_of_other_clusters_alone() {
    for other in [json!({"id": "lkc-2"}), json!({"id": "cloud", "kind": "Cloud"})] {
        let mut foreign = dated("FOREIGN", 1);
        foreign["spec"]["resource"] = other;
        let all = || page(json!([foreign]));
        let bench = Bench::of([all(), lost(), all(), all(), all()]);
        let told = bench.create(KEY, wanted()).await.unwrap();
        let mut ended = bench.poll(&told).await;
        for _ in 0..2 {
            assert_eq!(ended.status, Status::InProgress);
            ended = bench.poll(&told).await;
        }
        assert_eq!(ended.error_code.as_deref(), Some("NotArrived"), "{ended:?}");
        only_reads_and_one_create(&bench);
        // The look after the create asks for the same cluster as the one before it.
        let asked: Vec<String> = bench.lines().into_iter().filter(|line| line.contains('?')).collect();
        assert_eq!(asked.len(), 4);
        assert!(asked.iter().all(|uri| uri.contains("spec.resource=lkc-1")), "{asked:?}");
    }
}

/// The list showed it late: it was there before the create.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_older_than_the_create_is_never_deleted() {
    let old = dated("OLD", -60);
    let look = || [page(json!([old])), reply(200, old.clone())];
    let bench = Bench::of([page(json!([])), lost()].into_iter().chain((0..3).flat_map(|_| look())));
    let told = bench.create(KEY, wanted()).await.unwrap();
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    assert_eq!(bench.poll(&told).await.error_code.as_deref(), Some("NotArrived"));
    only_reads_and_one_create(&bench);
}

#[tokio::test(start_paused = true)]
async fn a_key_without_a_date_is_named_and_left_alone() {
    let bare = key("BARE", None);
    let bench = Bench::of([page(json!([])), lost(), page(json!([bare])), reply(200, bare)]);
    let told = bench.create(KEY, wanted()).await.unwrap();
    let ended = bench.poll(&told).await;
    assert_eq!(bench.rest.failure_of(&ended).kind, FailureKind::Invalid);
    assert!(ended.message.contains("`BARE` has its name"), "{ended:?}");
    only_reads_and_one_create(&bench);
}

/// A key of the cloud has no resource, which reads show as `cloud`.
#[tokio::test(start_paused = true)]
async fn a_lost_key_of_the_cloud_is_told_from_those_of_clusters() {
    let mut cloud = dated("CLOUD", 1);
    cloud["spec"]["resource"] = json!({"id": "cloud", "kind": "Cloud"});
    let both = page(json!([dated("CLUSTER", 1), cloud]));
    let gone = with_headers(204, &[], "");
    let bench = Bench::of([page(json!([dated("CLUSTER", 1)])), lost(), both, reply(200, cloud), gone]);
    let told = bench.create(KEY, json!({"display_name": "k", "owner": "sa-1"})).await.unwrap();
    assert!(bench.poll(&told).await.message.contains("CLOUD`: its secret was lost"));
    assert_eq!(bench.lines()[4], "DELETE /iam/v2/api-keys/CLOUD");
}

/// The environment stands before the region in what is read (confluent.md section 2).
#[tokio::test]
async fn the_region_of_a_flink_key_reads_as_it_was_declared() {
    let mut flink = key("FLINK", None);
    flink["spec"]["resource"] = json!({"id": "env-1.aws.us-east-1", "kind": "Region"});
    let bench = Bench::of([reply(200, flink)]);
    let found = bench.read(KEY, "FLINK").await.unwrap().unwrap();
    assert_eq!(found.model["resource"], "aws.us-east-1");
}
