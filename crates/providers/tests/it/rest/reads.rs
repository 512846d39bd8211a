//! Reading and listing.

use super::*;
use stack_core::provider::FailureKind;

fn integration(id: &str, name: &str) -> Json {
    json!({"api_version": "pim/v1", "kind": "Integration", "id": id, "display_name": name, "provider": "AWS",
        "config": {"kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:c", "iam_role_arn": "arn:i", "external_id": "x"},
        "usages": [], "environment": {"id": "env-1", "related": "https://x"}})
}

#[tokio::test]
async fn one_is_read_with_its_environment_and_our_credential() {
    let bench = Bench::of([reply(200, integration("cspi-1", "a"))]);
    let found = bench.read(PIM, "env-1|cspi-1").await.unwrap().unwrap();
    let sent = bench.script.only();
    assert_eq!(sent.uri, "https://api.confluent.cloud/pim/v1/integrations/cspi-1?environment=env-1");
    // base64("CLOUDKEY:S3cr3tPl4nt")
    assert_eq!(sent.header("authorization"), "Basic Q0xPVURLRVk6UzNjcjN0UGw0bnQ=");
    assert!(sent.header("user-agent").starts_with("stack-deploy/"));
    assert_eq!(found.identifier.to_string(), "env-1|cspi-1");
    assert_eq!(found.model["environment"], "env-1");
    assert_eq!(found.model["config"]["external_id"], "x");
}

#[tokio::test]
async fn what_is_missing_is_none_and_what_is_denied_is_an_error() {
    let bench = Bench::of([error(404, "no such integration"), error(403, "Forbidden")]);
    assert_eq!(bench.read(PIM, "env-1|cspi-1").await, Ok(None));
    let denied = bench.read(PIM, "env-1|cspi-1").await.unwrap_err();
    assert_eq!(denied.kind, FailureKind::Denied);
    assert!(denied.message.contains("`env-1|cspi-1`: Forbidden"), "{denied}");
}

/// A child whose parent is gone is denied, and so is everything where a permission was lost.
#[tokio::test]
async fn a_denied_child_is_absent_only_if_its_parent_is_gone_trap_7() {
    let bench = Bench::of([error(403, "Forbidden"), error(404, "no environment")]);
    assert_eq!(bench.read(CLUSTER, "env-1|lkc-1").await, Ok(None));
    assert_eq!(
        bench.lines(),
        ["GET /cmk/v2/clusters/lkc-1?environment=env-1", "GET /org/v2/environments/env-1"]
    );
    let bench = Bench::of([error(403, "Forbidden"), reply(200, json!({"id": "env-1", "display_name": "e"}))]);
    assert_eq!(bench.read(CLUSTER, "env-1|lkc-1").await.unwrap_err().kind, FailureKind::Denied);
}

/// A list shows what is gone for some seconds, and the service denies it meanwhile.
#[tokio::test]
async fn what_a_list_shows_no_more_is_gone_and_not_denied_traps_7_and_44() {
    let listed = || page(json!([{"id": "env-1", "display_name": "e"}]));
    let denied = || error(403, "Forbidden");
    let bench = Bench::of([listed(), denied(), listed(), denied(), page(json!([]))]);
    bench.rest.list(&place(), &of(ENVIRONMENT), None, None).await.unwrap();
    let failure = bench.read(ENVIRONMENT, "env-1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.retry_after.is_some() && failure.message.contains("after a deletion"), "{failure}");
    assert_eq!(bench.read(ENVIRONMENT, "env-1").await, Ok(None));
    // What no list has shown is denied, and that is all.
    let bench = Bench::of([denied()]);
    assert_eq!(bench.read(ENVIRONMENT, "env-1").await.unwrap_err().kind, FailureKind::Denied);
}

/// The answer to a delete is lost, and the second one is denied: what is gone is denied too.
#[tokio::test]
async fn a_denied_delete_of_what_is_listed_no_more_is_done() {
    let account = json!({"id": "sa-1", "display_name": "a"});
    let denied = || error(403, "Forbidden");
    let bench = Bench::of([page(json!([account.clone()])), denied(), denied(), page(json!([]))]);
    bench.rest.list(&place(), &of(ACCOUNT), None, None).await.unwrap();
    let told = bench.delete(ACCOUNT, "sa-1").await.unwrap();
    assert_eq!(told.status, stack_core::provider::Status::Success);
    // What is still shown is denied.
    let bench = Bench::of([denied(), reply(200, account)]);
    assert_eq!(bench.delete(ACCOUNT, "sa-1").await.unwrap_err().kind, FailureKind::Denied);
}

#[tokio::test]
async fn a_page_of_a_gateway_is_no_absence_trap_91() {
    let bench = Bench::of([with_headers(404, &[], "<html><body>Not here</body></html>")]);
    let failure = bench.read(PIM, "env-1|cspi-1").await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Internal, "NotTheService"));
    assert!(failure.message.contains("Not here"), "{failure}");
}

/// The token goes back as it came, `=` and `+` too; only the first request names the page size.
#[tokio::test]
async fn lists_are_walked_page_by_page_with_the_token_as_it_came_trap_3() {
    let bench = Bench::of([
        next(
            json!([integration("cspi-1", "a")]),
            "https://api.confluent.cloud/pim/v1/integrations?environment=env-1&page_token=a%3D+b=%2F&page_size=99",
        ),
        next(json!([]), "https://evil.example/x?page_token=second"),
        page(json!([integration("cspi-150", "z")])),
    ]);
    let (ty, model) = (of(PIM), json!({"environment": {"id": "env-1"}}));
    let mut found = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let one = bench.rest.list(&place(), &ty, Some(&model), page.as_deref()).await.unwrap();
        found.extend(one.found);
        page = one.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].identifier.to_string(), "env-1|cspi-150");
    assert_eq!(
        bench.lines(),
        [
            "GET /pim/v1/integrations?environment=env-1&page_size=99",
            "GET /pim/v1/integrations?environment=env-1&page_token=a%3D+b=%2F",
            "GET /pim/v1/integrations?environment=env-1&page_token=second",
        ]
    );
    // Another host in `metadata.next` gets no request.
    assert!(bench.script.sent().iter().all(|sent| sent.uri.host() == Some("api.confluent.cloud")));
}

#[tokio::test]
async fn a_list_without_its_input_is_refused_before_any_request() {
    let bench = Bench::of([]);
    let failure = bench.rest.list(&place(), &of(PIM), None, None).await.unwrap_err();
    assert!(failure.kind == FailureKind::Invalid && failure.message.contains("`environment`"), "{failure}");
}

#[tokio::test]
async fn a_topic_shows_only_what_is_set_on_it_trap_54() {
    let bench = Bench::of([
        reply(
            200,
            json!({"kind": "KafkaTopic", "cluster_id": "lkc-1", "topic_name": "a/b", "partitions_count": 6, "replication_factor": 3}),
        ),
        page(json!([
            {"name": "retention.ms", "value": "100", "source": "DYNAMIC_TOPIC_CONFIG"},
            {"name": "confluent.topic.type", "value": "standard", "source": "DYNAMIC_TOPIC_CONFIG"},
            {"name": "cleanup.policy", "value": "delete", "source": "DEFAULT_CONFIG"},
        ])),
    ]);
    let found = bench.read(TOPIC, "lkc-1|a/b").await.unwrap().unwrap();
    assert_eq!(found.model["configs"], json!({"retention.ms": "100"}));
    // Encoded once, and the port is kept.
    assert_eq!(
        bench.script.sent()[0].uri,
        "https://pkc-1.us-east-1.aws.confluent.cloud:443/kafka/v3/clusters/lkc-1/topics/a%2Fb"
    );
}

#[tokio::test]
async fn an_acl_is_asked_for_by_all_its_fields_in_the_form_that_gives_names_traps_21_and_22() {
    let acl = json!({"cluster_id": "lkc-1", "resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL",
        "principal": "User:sa-1", "host": "*", "operation": "READ", "permission": "ALLOW"});
    let bench = Bench::of([page(json!([acl])), page(json!([]))]);
    let text = "lkc-1|TOPIC|t|LITERAL|User:sa-1|*|READ|ALLOW";
    let found = bench.read(ACL, text).await.unwrap().unwrap();
    assert_eq!(found.identifier.to_string(), text);
    assert_eq!(
        bench.lines()[0],
        "GET /kafka/v3/clusters/lkc-1/acls?resource_type=TOPIC&resource_name=t&pattern_type=LITERAL&principal=UserV2%3Asa-1&host=%2A&operation=READ&permission=ALLOW"
    );
    assert_eq!(bench.read(ACL, text).await, Ok(None));
}

#[tokio::test]
async fn an_empty_endpoint_is_not_known_yet_trap_35() {
    let cluster = |endpoint: &str| {
        reply(
            200,
            json!({"id": "lkc-1", "spec": {"display_name": "c", "http_endpoint": endpoint, "availability": "LOW",
            "environment": {"id": "env-1"}}, "status": {"phase": "PROVISIONING"}}),
        )
    };
    let bench = Bench::of([cluster(""), cluster("https://pkc-9.example:443")]);
    let found = bench.read(CLUSTER, "env-1|lkc-1").await.unwrap().unwrap();
    assert!(found.model.get("http_endpoint").is_none());
    // One spelling of an availability (trap 57).
    assert_eq!(found.model["availability"], "SINGLE_ZONE");
    let found = bench.read(CLUSTER, "env-1|lkc-1").await.unwrap().unwrap();
    assert_eq!(found.model["http_endpoint"], "https://pkc-9.example:443");
}

#[tokio::test]
async fn a_crn_is_compared_decoded_trap_17() {
    let crn = "crn://confluent.cloud/organization=o/environment=e/schema-registry=l/subject=%3A.ctx%3As";
    let bench = Bench::of([reply(
        200,
        json!({"id": "rb-1", "principal": "User:sa-1", "role_name": "R", "crn_pattern": crn}),
    )]);
    let found = bench.read(BINDING, "rb-1").await.unwrap().unwrap();
    let plain = "crn://confluent.cloud/organization=o/environment=e/schema-registry=l/subject=:.ctx:s";
    assert_eq!(found.model["crn_pattern"], plain);
}

#[tokio::test]
async fn a_list_of_topics_shows_what_is_set_on_each_by_one_further_request() {
    let config = |topic: &str, name: &str, value: &str, source: &str| json!({"topic_name": topic, "name": name, "value": value, "source": source});
    let bench = Bench::of([
        page(json!([
            {"cluster_id": "lkc-1", "topic_name": "a", "partitions_count": 6, "configs": {"related": "https://x"}},
            {"cluster_id": "lkc-1", "topic_name": "b", "partitions_count": 1, "configs": {"related": "https://x"}},
        ])),
        page(json!([
            config("a", "retention.ms", "1000", "DYNAMIC_TOPIC_CONFIG"),
            config("a", "segment.ms", "7", "DEFAULT_CONFIG"),
            config("a", "confluent.topic.type", "standard", "DYNAMIC_TOPIC_CONFIG"),
            config("gone", "retention.ms", "5", "DYNAMIC_TOPIC_CONFIG"),
        ])),
    ]);
    let model = json!({"cluster_id": "lkc-1"});
    let listed = bench.rest.list(&place(), &of(TOPIC), Some(&model), None).await.unwrap();
    let configs: Vec<_> = listed.found.iter().map(|found| found.model["configs"].clone()).collect();
    assert_eq!(configs, [json!({"retention.ms": "1000"}), json!({})]);
    assert_eq!(
        bench.lines(),
        ["GET /kafka/v3/clusters/lkc-1/topics", "GET /kafka/v3/clusters/lkc-1/topics/-/configs"]
    );
}

#[tokio::test]
async fn an_empty_list_asks_for_nothing_more_and_a_refused_part_fails_the_list() {
    let bench = Bench::of([page(json!([]))]);
    let model = json!({"cluster_id": "lkc-1"});
    assert_eq!(bench.rest.list(&place(), &of(TOPIC), Some(&model), None).await.unwrap().found.len(), 0);
    let bench = Bench::of([
        page(json!([{"topic_name": "a"}])),
        reply(403, json!({"error_code": 40301, "message": "no"})),
    ]);
    let failure = bench.rest.list(&place(), &of(TOPIC), Some(&model), None).await.unwrap_err();
    assert_eq!(failure.status, Some(403), "half a list would look like a change of every topic");
}
