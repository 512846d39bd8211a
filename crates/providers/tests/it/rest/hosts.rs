//! Which host a request goes to, and with which credential.

use super::*;
use stack_core::provider::FailureKind;
use stack_providers::rest::Credential;

fn topic() -> [Answer; 2] {
    [reply(200, json!({"cluster_id": "lkc-1", "topic_name": "t"})), page(json!([]))]
}

#[tokio::test]
async fn another_control_plane_moves_every_path_traps_94_and_98() {
    let settings = settings(&[("CONFLUENT_CLOUD_ENDPOINT", "http://127.0.0.1:9/prefix/")]);
    let bench = Bench::with(settings, [reply(200, json!({"id": "env-1"}))]);
    bench.read(ENVIRONMENT, "env-1").await.unwrap();
    assert_eq!(bench.script.only().uri, "http://127.0.0.1:9/prefix/org/v2/environments/env-1");
}

#[tokio::test]
async fn a_missing_credential_is_named_before_any_request_traps_97_and_99() {
    let settings = settings(&[("KAFKA_API_SECRET", "-"), ("KAFKA_API_KEY", "")]);
    let bench = Bench::with(settings, [reply(200, json!({"id": "env-1"}))]);
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("KAFKA_API_KEY"), "{failure}");
    assert!(bench.script.sent().is_empty());
    // What is not used is not asked for.
    assert!(bench.read(ENVIRONMENT, "env-1").await.is_ok());
}

#[tokio::test]
async fn variables_of_one_cluster_are_not_for_another() {
    let bench = Bench::with(settings(&[("KAFKA_ID", "lkc-9")]), []);
    let failure = bench.read(TOPIC, "lkc-1|t").await.unwrap_err();
    assert!(failure.kind == FailureKind::Credentials && failure.message.contains("lkc-9"), "{failure}");
}

#[tokio::test]
async fn what_a_resource_asks_for_stands_before_variables() {
    let own = Credential::Basic { user: "OWN".to_owned(), password: "o".to_owned() };
    let mut settings = settings(&[]);
    settings.credentials.insert("own".into(), own);
    let bench = Bench::with(settings, topic());
    let at = Target { credential: Some("own".into()), ..place() };
    bench.rest.read(&at, &of(TOPIC), &Key::Primary(id(TOPIC, "lkc-1|t"))).await.unwrap();
    assert_eq!(bench.script.sent()[0].header("authorization"), "Basic T1dOOm8=");
    let at = Target { credential: Some("other".into()), ..place() };
    let failure = bench.rest.read(&at, &of(TOPIC), &Key::Primary(id(TOPIC, "lkc-1|t"))).await.unwrap_err();
    assert!(failure.kind == FailureKind::Credentials && failure.message.contains("other"), "{failure}");
}

#[tokio::test]
async fn the_host_of_a_cluster_is_learned_from_its_read_trap_75() {
    let cluster = reply(
        200,
        json!({"id": "lkc-1", "spec": {"environment": {"id": "env-1"}, "http_endpoint": "https://pkc-7.example:443"}}),
    );
    let settings = settings(&[("KAFKA_REST_ENDPOINT", "-")]);
    let bench = Bench::with(settings, [cluster].into_iter().chain(topic()));
    bench.read(CLUSTER, "env-1|lkc-1").await.unwrap();
    bench.read(TOPIC, "lkc-1|t").await.unwrap();
    assert_eq!(bench.script.sent()[1].uri.authority().unwrap(), "pkc-7.example:443");
}

#[tokio::test]
async fn the_host_of_a_cluster_is_asked_for_where_nothing_says_it() {
    let cluster = json!({"id": "lkc-1", "spec": {"environment": {"id": "env-2"}, "http_endpoint": "https://pkc-7.example:443"}});
    let settings = settings(&[("KAFKA_REST_ENDPOINT", "-")]);
    let answers = [page(json!([{"id": "env-1"}, {"id": "env-2"}])), page(json!([])), page(json!([cluster]))];
    let bench = Bench::with(settings, answers.into_iter().chain(topic()));
    bench.read(TOPIC, "lkc-1|t").await.unwrap();
    assert_eq!(
        bench.lines(),
        [
            "GET /org/v2/environments?page_size=99",
            "GET /cmk/v2/clusters?environment=env-1&page_size=99",
            "GET /cmk/v2/clusters?environment=env-2&page_size=99",
            "GET /kafka/v3/clusters/lkc-1/topics/t",
            "GET /kafka/v3/clusters/lkc-1/topics/t/configs",
        ]
    );
}

/// StackQL's `kafka` provider gives three values in place of a URL.
#[tokio::test]
async fn a_host_may_be_said_in_three_parts() {
    let bench = Bench::with(
        settings(&[("KAFKA_REST_ENDPOINT", "-")]),
        [reply(201, json!({"cluster_id": "lkc-1", "topic_name": "t"}))],
    );
    let props = json!({"cluster_id": "lkc-1", "topic_name": "t", "kafka_endpoint_id": "pkc-5", "region": "us-east-1", "cloud_provider": "aws"});
    bench.create(TOPIC, props).await.unwrap();
    let sent = bench.script.only();
    assert_eq!(sent.uri.host(), Some("pkc-5.us-east-1.aws.confluent.cloud"));
    assert_eq!(sent.json(), json!({"topic_name": "t"}));
}

#[tokio::test]
async fn a_redirect_keeps_the_credential_within_its_domain_only_trap_93() {
    let to = |url: &str| with_headers(307, &[("location", url)], "");
    let bench = Bench::of([
        to("https://other.confluent.cloud/org/v2/environments/env-1"),
        reply(200, json!({"id": "env-1"})),
    ]);
    bench.read(ENVIRONMENT, "env-1").await.unwrap();
    let sent = bench.script.sent();
    assert_eq!(sent[1].uri.host(), Some("other.confluent.cloud"));
    assert_eq!(sent[0].header("authorization"), sent[1].header("authorization"));
    for url in [
        "https://confluent.cloud.evil.example/x",
        // Glued to the origin, these would lead elsewhere.
        ".evil.example/x",
        "@evil.example/x",
        "//evil.example/x",
        // The credential would be readable on the way.
        "http://api.confluent.cloud/x",
    ] {
        let bench = Bench::of([to(url)]);
        let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
        assert_eq!((failure.code.as_str(), bench.script.sent().len()), ("RedirectRefused", 1), "{url}");
    }
}

/// A key that this run makes opens its cluster, where nothing else does.
#[tokio::test]
async fn a_key_of_this_run_opens_its_cluster() {
    let key = json!({"id": "NEW", "spec": {"display_name": "k", "secret": "n", "owner": {"id": "sa-1"}, "resource": {"id": "lkc-1"}}});
    let made = [page(json!([])), reply(202, key)];
    let bench = Bench::with(settings(&[("KAFKA_API_KEY", "-")]), made.into_iter().chain(topic()));
    bench.create(KEY, json!({"display_name": "k", "owner": "sa-1", "resource": "lkc-1"})).await.unwrap();
    bench.read(TOPIC, "lkc-1|t").await.unwrap();
    // base64("NEW:n")
    assert_eq!(bench.script.sent()[2].header("authorization"), "Basic TkVXOm4=");
    // Another cluster's it is not.
    let failure = bench.read(TOPIC, "lkc-2|t").await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Credentials && failure.message.contains("KAFKA_API_KEY"),
        "{failure}"
    );
}
