//! Updates and deletes.

use super::*;
use stack_core::provider::{FailureKind, Status};

fn cluster(kind: &str, phase: &str) -> Json {
    json!({"id": "lkc-1", "spec": {"display_name": "c", "cloud": "AWS", "region": "r", "config": {"kind": kind},
        "environment": {"id": "env-1"}, "http_endpoint": "https://pkc-1.example:443"}, "status": {"phase": phase}})
}

#[tokio::test]
async fn a_patch_carries_environment_and_kind_trap_58() {
    let bench = Bench::of([
        reply(200, cluster("Basic", "PROVISIONED")),
        reply(200, cluster("Standard", "PROVISIONED")),
        reply(200, cluster("Standard", "PROVISIONED")),
    ]);
    let patch = json!([{"op": "replace", "path": "/config/kind", "value": "Standard"}]);
    let told = bench.update(CLUSTER, "env-1|lkc-1", patch).await.unwrap();
    let sent = bench.script.sent();
    assert_eq!(line(&sent[1]), "PATCH /cmk/v2/clusters/lkc-1");
    assert_eq!(
        sent[1].json(),
        json!({"spec": {"config": {"kind": "Standard"}, "environment": {"id": "env-1"}}})
    );
    assert_eq!(bench.poll(&told).await.status, Status::Success);
}

#[tokio::test]
async fn a_topic_is_changed_by_its_own_requests_trap_55() {
    let topic = || {
        reply(
            200,
            json!({"cluster_id": "lkc-1", "topic_name": "t", "partitions_count": 3, "replication_factor": 3}),
        )
    };
    let configs = || page(json!([{"name": "retention.ms", "value": "1", "source": "DYNAMIC_TOPIC_CONFIG"}]));
    let bench = Bench::of([topic(), configs(), with_headers(200, &[], "{}"), with_headers(204, &[], "")]);
    let patch = json!([
        {"op": "replace", "path": "/partitions_count", "value": 6},
        {"op": "replace", "path": "/configs/retention.ms", "value": "2"},
    ]);
    let told = bench.update(TOPIC, "lkc-1|t", patch).await.unwrap();
    assert_eq!(told.status, Status::Success);
    let sent = bench.script.sent();
    assert_eq!(line(&sent[2]), "PATCH /kafka/v3/clusters/lkc-1/topics/t");
    assert_eq!(sent[2].json(), json!({"partitions_count": 6}));
    assert_eq!(line(&sent[3]), "POST /kafka/v3/clusters/lkc-1/topics/t/configs:alter");
    assert_eq!(sent[3].json(), json!({"data": [{"name": "retention.ms", "value": "2", "operation": "SET"}]}));
}

#[tokio::test]
async fn fewer_partitions_are_refused_without_a_write_trap_56() {
    let bench = Bench::of([
        reply(200, json!({"cluster_id": "lkc-1", "topic_name": "t", "partitions_count": 6})),
        page(json!([])),
    ]);
    let patch = json!([{"op": "replace", "path": "/partitions_count", "value": 3}]);
    let failure = bench.update(TOPIC, "lkc-1|t", patch).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotUpdatable);
    assert!(failure.message.contains("deletes what is in"), "{failure}");
    assert!(bench.lines().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn a_delete_of_an_acl_names_all_its_fields_trap_23() {
    let bench = Bench::of([page(json!([{}]))]);
    let told = bench.delete(ACL, "lkc-1|TOPIC|t|LITERAL|User:sa-1|*|READ|ALLOW").await.unwrap();
    assert_eq!(told.status, Status::Success);
    assert_eq!(
        bench.lines(),
        [
            "DELETE /kafka/v3/clusters/lkc-1/acls?resource_type=TOPIC&resource_name=t&pattern_type=LITERAL&principal=User%3Asa-1&host=%2A&operation=READ&permission=ALLOW"
        ]
    );
    let half = Bench::of([]);
    let failure = half.delete(ACL, "lkc-1|TOPIC||LITERAL|User:sa-1|*|READ|ALLOW").await.unwrap_err();
    assert!(failure.message.contains("`resource_name`"), "{failure}");
}

#[tokio::test]
async fn what_is_not_there_is_deleted_already_trap_87() {
    let bench = Bench::of([error(404, "no such integration")]);
    assert_eq!(bench.delete(PIM, "env-1|cspi-1").await.unwrap().status, Status::Success);
    assert_eq!(bench.lines(), ["DELETE /pim/v1/integrations/cspi-1?environment=env-1"]);
}

#[tokio::test]
async fn a_denied_delete_is_no_success_and_an_accepted_invitation_is_trap_85() {
    // It is there for all to see.
    let bench = Bench::of([error(403, "Forbidden"), reply(200, json!({"id": "sa-1", "display_name": "a"}))]);
    assert_eq!(bench.delete(ACCOUNT, "sa-1").await.unwrap_err().kind, FailureKind::Denied);
    let bench = Bench::of([error(400, "invitation was accepted")]);
    assert_eq!(bench.delete("confluent.iam.invitations", "i-1").await.unwrap().status, Status::Success);
}

#[tokio::test]
async fn a_protected_cluster_and_a_name_in_use_say_so_traps_39_and_81() {
    let bench = Bench::of([error(409, "deletion protection is enabled")]);
    let failure = bench.delete(CLUSTER, "env-1|lkc-1").await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Conflict && failure.message.contains("deletion protection"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_deleted_cluster_is_waited_for_until_it_is_missing_or_denied() {
    for last in [error(404, "gone"), error(403, "Forbidden")] {
        let bench = Bench::of([
            with_headers(204, &[], ""),
            reply(200, cluster("Basic", "DEPROVISIONING")),
            last,
            // The parent of the denied one is still there: during a delete that does not matter.
            reply(200, json!({"id": "env-1"})),
        ]);
        let told = bench.delete(CLUSTER, "env-1|lkc-1").await.unwrap();
        assert_eq!(told.status, Status::InProgress);
        assert_eq!(bench.poll(&told).await.status, Status::InProgress);
        assert_eq!(bench.poll(&told).await.status, Status::Success);
    }
}

/// Keys and accounts that are gone are denied, not missing: believed of what this run deleted, and of nothing else.
#[tokio::test]
async fn what_this_run_deleted_is_gone_although_reads_are_denied_trap_7() {
    let bench = Bench::of([with_headers(204, &[], ""), error(403, "Forbidden"), error(403, "Forbidden")]);
    bench.delete(KEY, "ABC").await.unwrap();
    assert_eq!(bench.read(KEY, "ABC").await, Ok(None));
    assert_eq!(bench.read(KEY, "XYZ").await.unwrap_err().kind, FailureKind::Denied);
}

#[tokio::test]
async fn an_update_of_what_is_gone_or_has_no_update_says_so() {
    let bench = Bench::of([error(404, "gone")]);
    let patch = json!([{"op": "replace", "path": "/display_name", "value": "b"}]);
    assert_eq!(bench.update(ACCOUNT, "sa-1", patch.clone()).await.unwrap_err().kind, FailureKind::NotFound);
    let bench =
        Bench::of([reply(200, json!({"id": "cspi-1", "display_name": "a", "environment": {"id": "env-1"}}))]);
    let failure = bench.update(PIM, "env-1|cspi-1", patch).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotUpdatable);
}

/// Nobody may say that nothing was changed.
#[tokio::test]
async fn a_failure_after_a_request_that_went_through_tells_what_was_changed() {
    let topic = || reply(200, json!({"cluster_id": "lkc-1", "topic_name": "t", "partitions_count": 3}));
    let configs = || reply(200, json!({"data": []}));
    let refused = || reply(400, json!({"error_code": 40002, "message": "no such config"}));
    let patch = || {
        json!([
            {"op": "replace", "path": "/partitions_count", "value": 6},
            {"op": "add", "path": "/configs/x", "value": "1"},
        ])
    };
    let bench = Bench::of([topic(), configs(), reply(200, json!({})), refused()]);
    let failure = bench.update(TOPIC, "lkc-1|t", patch()).await.unwrap_err();
    assert!(failure.partly && failure.message.contains("partitions_count was changed"), "{failure}");
    let bench = Bench::of([topic(), configs(), refused()]);
    let failure = bench.update(TOPIC, "lkc-1|t", patch()).await.unwrap_err();
    assert!(!failure.partly && !failure.message.contains("was changed"), "{failure}");
}
