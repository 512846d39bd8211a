//! Services with rules of their own.

use super::*;
use stack_core::diff::{DiffContext, diff};
use stack_core::provider::{FailureKind, Status};
use stack_core::value::Value;

const SUBJECT: &str = "confluent.schema_registry.subjects";
const CONFIG: &str = "confluent.schema_registry.subject_level_config";
const ATTACHMENT: &str = "confluent.networking.private_link_attachments";
const QUOTA: &str = "confluent.quotas.client_quotas";
const TABLE: &str = "confluent.tableflow.topics";

fn registry(answers: Vec<Answer>) -> Bench {
    let more = [
        ("SCHEMA_REGISTRY_REST_ENDPOINT", "https://psrc-1.example"),
        ("SCHEMA_REGISTRY_API_KEY", "SRKEY"),
        ("SCHEMA_REGISTRY_API_SECRET", SECRET),
    ];
    Bench::with(settings(&more), answers)
}

#[tokio::test]
async fn a_subject_is_encoded_once_and_its_own_config_is_asked_for_traps_62_and_63() {
    let absent = reply(
        404,
        json!({"error_code": 40408, "message": "Subject ':.c:a/b' has no compatibility configuration"}),
    );
    let bench = registry(vec![absent, reply(200, json!({"compatibilityLevel": "FULL"}))]);
    assert_eq!(bench.read(CONFIG, ":.c:a/b").await, Ok(None));
    let found = bench.read(CONFIG, ":.c:a/b").await.unwrap().unwrap();
    assert_eq!(found.model["compatibility"], "FULL");
    assert_eq!(found.identifier.to_string(), ":.c:a/b");
    assert_eq!(bench.lines()[0], "GET /config/%3A.c%3Aa%2Fb?defaultToGlobal=false");
}

#[tokio::test]
async fn a_config_is_written_under_another_name_than_it_is_read() {
    let bench = registry(vec![reply(200, json!({"compatibility": "FULL"}))]);
    let told = bench.create(CONFIG, json!({"subject": "s", "compatibility": "FULL"})).await.unwrap();
    assert_eq!(told.status, Status::Success);
    let sent = bench.script.only();
    assert_eq!((line(&sent).as_str(), sent.json()), ("PUT /config/s", json!({"compatibility": "FULL"})));
}

/// The registry leaves out the usual type, and keeps the text as it came.
#[tokio::test]
async fn a_schema_is_compared_as_a_document_trap_59() {
    let live = json!({"subject": "s", "id": 7, "version": 3, "schema": "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"});
    let bench = registry(vec![reply(200, live), with_headers(200, &[], "{\"id\":7}")]);
    let found = bench.read(SUBJECT, "s").await.unwrap().unwrap();
    let schema = Definitions::embedded().schema(&of(SUBJECT)).unwrap();
    let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let document = json!({"name": "R", "type": "record", "fields": []});
    for declared in [
        document.clone(),
        json!(document.to_string()),
        json!("{ \"name\": \"R\", \"type\": \"record\", \"fields\": [] }"),
    ] {
        let props = Value::from(json!({"subject": "s", "schemaType": "AVRO", "schema": declared}));
        assert!(diff(&context, &props, &found.model).changes.is_empty(), "{declared}");
    }
    bench.create(SUBJECT, json!({"subject": "s", "schema": document})).await.unwrap();
    assert_eq!(bench.script.sent()[1].json(), json!({"schema": document.to_string()}));
}

/// The registry takes an older text, and its latest version stays.
#[tokio::test]
async fn an_older_text_is_not_registered_again_trap_60() {
    let live = || reply(200, json!({"subject": "s", "id": 9, "version": 5, "schema": "{\"type\":\"long\"}"}));
    let patch = || json!([{"op": "replace", "path": "/schema", "value": "{\"type\":\"int\"}"}]);
    let known = reply(200, json!({"subject": "s", "id": 7, "version": 3, "schema": "{\"type\":\"int\"}"}));
    let bench = registry(vec![live(), known]);
    let failure = bench.update(SUBJECT, "s", patch()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(failure.message.contains("it is registered as version 3, and the latest is 5"), "{failure}");
    assert_eq!(bench.lines(), ["GET /subjects/s/versions/latest", "POST /subjects/s"]);
    let new = reply(404, json!({"error_code": 40403, "message": "Schema not found"}));
    let bench = registry(vec![live(), new, reply(200, json!({"id": 10}))]);
    bench.update(SUBJECT, "s", patch()).await.unwrap();
    assert_eq!(bench.lines()[2], "POST /subjects/s/versions");
}

#[tokio::test]
async fn a_subject_is_deleted_softly_then_for_good_trap_82() {
    let bench = registry(vec![reply(200, json!([1, 2])), reply(200, json!([1, 2]))]);
    assert_eq!(bench.delete(SUBJECT, "s").await.unwrap().status, Status::Success);
    assert_eq!(bench.lines(), ["DELETE /subjects/s", "DELETE /subjects/s?permanent=true"]);
    // The first half was done in an earlier run.
    let gone = reply(404, json!({"error_code": 40404, "message": "Subject 's' was soft deleted"}));
    let bench = registry(vec![gone, reply(200, json!([1, 2]))]);
    assert_eq!(bench.delete(SUBJECT, "s").await.unwrap().status, Status::Success);
    assert_eq!(bench.lines().len(), 2);
}

#[tokio::test]
async fn a_listing_of_names_is_cut_by_counting_trap_95() {
    let names: Vec<String> = (0..1000).map(|n| format!("s{n}")).collect();
    let bench = registry(vec![reply(200, json!(names)), reply(200, json!(["last"]))]);
    let ty = of(SUBJECT);
    let first = bench.rest.list(&place(), &ty, Some(&json!({"subject": "s"})), None).await.unwrap();
    let second =
        bench.rest.list(&place(), &ty, Some(&json!({"subject": "s"})), first.next.as_deref()).await.unwrap();
    assert_eq!((first.found.len(), second.next), (1000, None));
    assert_eq!(second.found[0].identifier.to_string(), "last");
    assert_eq!(
        bench.lines(),
        [
            "GET /subjects?subjectPrefix=s&offset=0&limit=1000",
            "GET /subjects?subjectPrefix=s&offset=1000&limit=1000"
        ]
    );
}

#[tokio::test]
async fn what_waits_for_somebody_else_is_done_and_says_so_trap_40() {
    let attachment = |phase: &str| json!({"id": "platt-1", "spec": {"environment": {"id": "env-1"}}, "status": {"phase": phase}});
    let bench = Bench::of([
        page(json!([])),
        reply(202, attachment("PROVISIONING")),
        reply(200, attachment("WAITING_FOR_CONNECTIONS")),
    ]);
    let props = json!({"display_name": "a", "cloud": "AWS", "region": "us-east-1", "environment": "env-1"});
    let told = bench.create(ATTACHMENT, props).await.unwrap();
    let done = bench.poll(&told).await;
    assert_eq!(done.status, Status::Success);
    assert!(done.message.contains("action needed"), "{done:?}");
    assert_eq!(
        bench.lines()[0],
        "GET /networking/v1/private-link-attachments?environment=env-1&spec.display_name=a&spec.cloud=AWS&spec.region=us-east-1&page_size=99"
    );
}

#[tokio::test]
async fn a_quota_sends_its_rates_as_a_pair_of_texts() {
    let quota = json!({"id": "cq-1", "spec": {"display_name": "q", "throughput": {"ingress_byte_rate": "10", "egress_byte_rate": "20"},
        "cluster": {"id": "lkc-1"}, "principals": [{"id": "sa-1"}], "environment": {"id": "env-1"}}});
    let bench = Bench::of([reply(200, quota), reply(200, json!({}))]);
    let patch = json!([{"op": "replace", "path": "/throughput/ingress_byte_rate", "value": 30}]);
    bench.update(QUOTA, "cq-1", patch).await.unwrap();
    assert_eq!(
        bench.script.sent()[1].json(),
        json!({"spec": {"throughput": {"ingress_byte_rate": "30", "egress_byte_rate": "20"},
            "principals": [{"id": "sa-1"}], "environment": {"id": "env-1"}}})
    );
}

/// The server's default comes back, and would clash with what the manifest sets.
#[tokio::test]
async fn a_patch_sends_no_value_that_nobody_changed_trap_71() {
    let topic = json!({"spec": {"display_name": "t", "storage": {"kind": "Managed"}, "environment": {"id": "env-1"}, "kafka_cluster": {"id": "lkc-1"},
        "config": {"record_failure_strategy": "SUSPEND", "retention_ms": "5"}}, "status": {"phase": "RUNNING"}});
    let more = [("TABLEFLOW_API_KEY", "TABLEKEY"), ("TABLEFLOW_API_SECRET", SECRET)];
    let bench = Bench::with(settings(&more), [reply(200, topic.clone()), reply(200, topic)]);
    let patch = json!([{"op": "add", "path": "/config/error_handling", "value": {"mode": "SKIP"}}]);
    bench.update(TABLE, "env-1|lkc-1|t", patch).await.unwrap();
    let sent = bench.script.sent();
    assert_eq!(line(&sent[1]), "PATCH /tableflow/v1/tableflow-topics/t");
    assert_eq!(
        sent[1].json(),
        json!({"spec": {"config": {"error_handling": {"mode": "SKIP"}}, "environment": {"id": "env-1"}, "kafka_cluster": {"id": "lkc-1"}}})
    );
    // Its own kind of key (trap 97): base64("TABLEKEY:S3cr3tPl4nt").
    assert_eq!(sent[1].header("authorization"), "Basic VEFCTEVLRVk6UzNjcjN0UGw0bnQ=");
}

const LINK: &str = "kafka.kafka.cluster_links";
const MIRROR: &str = "kafka.kafka.mirror_topics";

fn link(state: &str, error: &str) -> [Answer; 2] {
    [
        reply(
            200,
            json!({"cluster_id": "lkc-1", "link_name": "l", "link_state": state, "link_error_message": error}),
        ),
        page(json!([
            {"name": "sasl.jaas.config", "value": null, "is_sensitive": true, "source": "DYNAMIC_CLUSTER_LINK_CONFIG"},
            {"name": "acl.sync.ms", "value": "5", "source": "DYNAMIC_CLUSTER_LINK_CONFIG"},
            {"name": "link.mode", "value": "DESTINATION", "source": "DEFAULT_CONFIG"},
        ])),
    ]
}

#[tokio::test]
async fn a_link_is_named_in_the_query_and_may_fail_afterwards_trap_45() {
    let answers =
        [with_headers(204, &[], ""), error(404, "not yet")].into_iter().chain(link("FAILED", "no route"));
    let bench = Bench::of(answers);
    let props = json!({"cluster_id": "lkc-1", "link_name": "l", "source_cluster_id": "lkc-2", "configs": {"sasl.jaas.config": SECRET}});
    let told = bench.create(LINK, props).await.unwrap();
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
    let ended = bench.poll(&told).await;
    assert_eq!(ended.status, Status::Failed);
    assert!(ended.message.contains("no route"), "{ended:?}");
    assert_eq!(bench.lines()[0], "POST /kafka/v3/clusters/lkc-1/links?link_name=l");
    assert_eq!(bench.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

/// A sensitive config is listed without a value: it is no drift, and is not sent where it does not change.
#[tokio::test]
async fn a_hidden_config_of_a_link_is_neither_drift_nor_sent() {
    let bench = Bench::of(link("ACTIVE", "").into_iter().chain(link("ACTIVE", "")).chain([with_headers(
        204,
        &[],
        "",
    )]));
    let found = bench.read(LINK, "lkc-1|l").await.unwrap().unwrap();
    let schema = Definitions::embedded().schema(&of(LINK)).unwrap();
    let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let props = Value::from(
        json!({"cluster_id": "lkc-1", "link_name": "l", "configs": {"sasl.jaas.config": SECRET, "acl.sync.ms": 5}}),
    );
    let seen = diff(&context, &props, &found.model);
    assert!(seen.changes.is_empty() && seen.cannot_compare.len() == 1, "{:?}", seen.changes);
    let patch = json!([{"op": "replace", "path": "/configs/acl.sync.ms", "value": "9"}]);
    bench.update(LINK, "lkc-1|l", patch).await.unwrap();
    let sent = bench.script.sent().pop().unwrap();
    assert_eq!(line(&sent), "PUT /kafka/v3/clusters/lkc-1/links/l/configs:alter");
    assert_eq!(sent.json(), json!({"data": [{"name": "acl.sync.ms", "value": "9", "operation": "SET"}]}));
}

#[tokio::test]
async fn a_verb_that_answers_with_an_error_inside_failed_trap_46() {
    let mirror = json!({"link_name": "l", "mirror_topic_name": "t", "source_topic_name": "t", "mirror_status": "ACTIVE"});
    let inside = json!({"data": [{"mirror_topic_name": "t", "error_code": 40002, "error_message": "cannot promote a failed mirror"}]});
    let bench = Bench::of([reply(200, mirror), reply(200, inside)]);
    let patch = json!([{"op": "replace", "path": "/mirror_status", "value": "STOPPED"}]);
    let failure = bench.update(MIRROR, "lkc-1|l|t", patch).await.unwrap_err();
    assert!(failure.message.contains("cannot promote"), "{failure}");
    let sent = bench.script.sent().pop().unwrap();
    assert_eq!(line(&sent), "POST /kafka/v3/clusters/lkc-1/links/l/mirrors:promote");
    assert_eq!(sent.json(), json!({"mirror_topic_names": ["t"]}));
}

#[tokio::test]
async fn a_tag_is_sent_and_answered_as_a_list_of_one() {
    let tag = json!([{"name": "PII", "version": 1}]);
    let bench = registry(vec![reply(200, tag)]);
    let told = bench
        .create("confluent.catalog.tag_defs", json!({"name": "PII", "entityTypes": ["cf_entity"]}))
        .await
        .unwrap();
    assert_eq!(told.status, Status::Success);
    assert_eq!(bench.script.only().json(), json!([{"name": "PII", "entityTypes": ["cf_entity"]}]));
    let refused = json!([{"name": "PII", "error": {"error_code": 4041, "message": "bad name"}}]);
    let bench = registry(vec![reply(200, refused)]);
    let failure = bench.create("confluent.catalog.tag_defs", json!({"name": "PII"})).await.unwrap_err();
    assert!(failure.message.contains("bad name"), "{failure}");
}

/// A running exporter is paused for the change, and runs again afterwards; it is paused for its delete.
#[tokio::test]
async fn an_exporter_is_paused_around_changes_and_deletes_trap_84() {
    const EXPORTER: &str = "confluent.schema_registry.exporters";
    let exporter = json!({"name": "x", "contextType": "AUTO", "subjects": ["a"], "config": {"basic.auth.user.info": "****"}});
    let done = || with_headers(200, &[], "{}");
    let bench = registry(vec![
        reply(200, exporter.clone()),
        reply(200, json!({"name": "x", "state": "RUNNING"})),
        done(),
        done(),
        done(),
    ]);
    let patch = json!([
        {"op": "replace", "path": "/subjects", "value": ["b"]},
        {"op": "add", "path": "/config/basic.auth.user.info", "value": SECRET},
    ]);
    bench.update(EXPORTER, "x", patch).await.unwrap();
    assert_eq!(bench.lines()[2..], ["PUT /exporters/x/pause", "PUT /exporters/x", "PUT /exporters/x/resume"]);
    assert_eq!(bench.script.sent()[3].json()["config"]["basic.auth.user.info"], SECRET);
    // One that is paused already refuses the pause, which does not matter.
    let refused = reply(409, json!({"error_code": 40964, "message": "already paused"}));
    let bench = registry(vec![refused, done()]);
    bench.delete(EXPORTER, "x").await.unwrap();
    assert_eq!(bench.lines(), ["PUT /exporters/x/pause", "DELETE /exporters/x"]);
}
