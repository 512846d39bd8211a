//! Making resources, and what a lost answer means.

use super::*;
use stack_core::provider::{FailureKind, Status, Transience};
use stack_providers::{TransportError, TransportErrorKind};

fn lost() -> Answer {
    Err(TransportError::new(TransportErrorKind::Timeout, "api.confluent.cloud did not answer in time"))
}

fn environment(id: &str, name: &str) -> Json {
    json!({"id": id, "display_name": name})
}

/// The document of `confluent.provider_integrations.integrations`: a bare id, and the config as a document in a text.
#[tokio::test]
async fn the_documented_insert_sends_what_the_service_wants() {
    let bench = Bench::of([
        page(json!([])),
        reply(201, json!({"id": "cspi-1", "display_name": "n", "environment": {"id": "env-1"}})),
    ]);
    let config = json!({"kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:c"});
    let props =
        json!({"config": config.to_string(), "environment": "env-1", "display_name": "n", "provider": "AWS"});
    let told = bench.create(PIM, props).await.unwrap();
    assert_eq!(told.status, Status::Success);
    assert_eq!(id(PIM, &told.identifier.unwrap()), id(PIM, "env-1|cspi-1"));
    let sent = bench.script.sent();
    assert_eq!(line(&sent[1]), "POST /pim/v1/integrations");
    assert_eq!(
        sent[1].json(),
        json!({"display_name": "n", "provider": "AWS", "config": config, "environment": {"id": "env-1"}})
    );
}

#[tokio::test]
async fn the_services_own_nesting_is_taken_too() {
    let bench = Bench::of([
        page(json!([])),
        reply(
            202,
            json!({"id": "lkc-1", "spec": {"environment": {"id": "env-1"}}, "status": {"phase": "PROVISIONING"}}),
        ),
    ]);
    let spec = json!({"display_name": "c", "cloud": "AWS", "region": "us-east-1", "config": {"kind": "Basic"}, "environment": {"id": "env-1"}});
    let told = bench.create(CLUSTER, json!({"spec": spec})).await.unwrap();
    assert_eq!(told.status, Status::InProgress);
    assert_eq!(bench.script.sent()[1].json(), json!({"spec": spec}));
}

#[tokio::test]
async fn a_name_that_is_taken_makes_no_second_one_trap_2() {
    let two =
        json!([environment("env-1", "prod"), environment("env-2", "prod"), environment("env-3", "other")]);
    let bench = Bench::of([
        page(two),
        reply(200, environment("env-1", "prod")),
        reply(200, environment("env-2", "prod")),
    ]);
    let failure = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AlreadyExists);
    assert!(failure.message.contains("`env-1`, `env-2`") && !failure.message.contains("env-3"), "{failure}");
    assert!(bench.lines().iter().all(|line| line.starts_with("GET")));
}

/// Lists show for some seconds what is gone.
#[tokio::test]
async fn a_ghost_of_the_name_does_not_stand_in_the_way_trap_44() {
    let bench = Bench::of([
        page(json!([environment("env-1", "prod")])),
        error(404, "gone"),
        reply(201, environment("env-2", "prod")),
    ]);
    let told = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap();
    assert_eq!(told.identifier.as_deref(), Some("env-2"));
}

#[tokio::test]
async fn the_service_says_that_a_unique_name_is_taken_trap_4() {
    let taken = || error(409, "Service name is already in use.");
    let account = json!({"id": "sa-1", "display_name": "app"});
    let bench = Bench::of([taken(), page(json!([account]))]);
    let failure = bench.create(ACCOUNT, json!({"display_name": "app"})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::AlreadyExists);
    // Nobody has it: it was freed a moment ago.
    let bench = Bench::of([taken(), page(json!([]))]);
    let failure = bench.create(ACCOUNT, json!({"display_name": "app"})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert_eq!(bench.rest.transience(&failure.message), Some(Transience::Busy));
}

/// The service made it and the answer was lost: it is found by its name, and exactly one POST was sent.
#[tokio::test]
async fn a_lost_answer_is_looked_for_and_adopted_trap_1() {
    let bench = Bench::of([
        page(json!([])),
        lost(),
        page(json!([])),
        page(json!([environment("env-7", "prod")])),
        reply(200, environment("env-7", "prod")),
    ]);
    let told = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap();
    assert_eq!((&told.status, &told.identifier), (&Status::InProgress, &None));
    let again = bench.poll(&told).await;
    assert_eq!(again.status, Status::InProgress);
    let done = bench.poll(&told).await;
    assert_eq!((done.status, done.identifier.as_deref()), (Status::Success, Some("env-7")));
    assert_eq!(bench.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn a_create_that_never_arrived_may_be_sent_again() {
    let bench = Bench::of([page(json!([])), lost(), page(json!([])), page(json!([])), page(json!([]))]);
    let told = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap();
    bench.poll(&told).await;
    bench.poll(&told).await;
    let ended = bench.poll(&told).await;
    assert_eq!((&ended.status, ended.identifier.as_deref()), (&Status::Failed, None));
    let failure = bench.rest.failure_of(&ended);
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Unavailable, "NotArrived"));
    assert!(failure.message.contains("did not answer in time"), "{failure}");
}

#[tokio::test]
async fn several_that_fit_are_no_guess() {
    let two = json!([environment("env-7", "prod"), environment("env-8", "prod")]);
    let bench = Bench::of([page(json!([])), error(500, "oops"), page(two)]);
    let told = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap();
    let failure = bench.rest.failure_of(&bench.poll(&told).await);
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(failure.message.contains("`env-7`, `env-8`"), "{failure}");
}

/// A resource that a list still shows and a read does not is gone: it is not the one that was made.
#[tokio::test]
async fn a_ghost_in_a_list_is_not_adopted_trap_44() {
    let bench =
        Bench::of([page(json!([])), lost(), page(json!([environment("env-7", "prod")])), error(404, "gone")]);
    let told = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap();
    assert_eq!(bench.poll(&told).await.status, Status::InProgress);
}

#[tokio::test]
async fn what_was_certainly_not_sent_or_not_taken_is_plainly_refused() {
    let refused = Err(TransportError::new(TransportErrorKind::Connect, "no connection"));
    for (answer, kind) in [
        (refused, FailureKind::Unavailable),
        (error(503, "busy"), FailureKind::Unavailable),
        (error(400, "bad name"), FailureKind::Invalid),
        (error(402, "over quota"), FailureKind::Quota),
    ] {
        let bench = Bench::of([page(json!([])), answer]);
        let failure = bench.create(ENVIRONMENT, json!({"display_name": "prod"})).await.unwrap_err();
        assert_eq!(failure.kind, kind);
    }
}

/// The secret is in the reads of the run that made the key, and nowhere else.
#[tokio::test]
async fn a_secret_that_is_shown_once_stays_for_the_run_traps_12_and_13() {
    let key = |secret: Option<&str>| {
        let mut key = json!({"id": "ABC", "spec": {"display_name": "k", "owner": {"id": "sa-1", "kind": "ServiceAccount"},
            "resource": {"id": "lsrc-1", "kind": "SchemaRegistry", "api_version": "srcm/v2"}}});
        if let Some(secret) = secret {
            key["spec"]["secret"] = json!(secret);
        }
        key
    };
    let bench = Bench::of([page(json!([])), reply(202, key(Some("only-once"))), reply(200, key(None))]);
    let props = json!({"display_name": "k", "owner": "sa-1", "resource": "lsrc-1"});
    let told = bench.create(KEY, props).await.unwrap();
    assert!(!format!("{told:?} {:?}", bench.rest).contains("only-once"));
    let found = bench.read(KEY, "ABC").await.unwrap().unwrap();
    assert_eq!(found.model["secret"], "only-once");
    assert_eq!(found.model["resource"], "lsrc-1");
    assert_eq!(
        bench.script.sent()[1].json()["spec"],
        json!({"display_name": "k", "owner": {"id": "sa-1", "kind": "ServiceAccount", "api_version": "iam/v2"},
            "resource": {"id": "lsrc-1", "kind": "Cluster", "api_version": "srcm/v3"}})
    );
    let later = Bench::of([reply(200, key(None))]);
    assert!(later.read(KEY, "ABC").await.unwrap().unwrap().model.get("secret").is_none());
    let secrets = later.rest.definitions().get(&of(KEY)).unwrap().secrets();
    assert_eq!(secrets.iter().count(), 1);
}

/// A key that opens no target is done at once, and its event shows all of the answer but the secret.
#[tokio::test]
async fn the_event_of_a_new_key_shows_no_secret() {
    let answer =
        json!({"id": "ABC", "spec": {"display_name": "k", "secret": "only-once", "owner": {"id": "sa-1"}}});
    let bench = Bench::of([page(json!([])), reply(202, answer)]);
    let told = bench.create(KEY, json!({"display_name": "k", "owner": "sa-1"})).await.unwrap();
    assert_eq!(told.status, Status::Success);
    assert_eq!(told.model.as_ref().unwrap()["spec"]["display_name"], "k");
    assert!(!format!("{told:?}").contains("only-once"), "{told:?}");
}

/// A draft gets its config by a second request.
#[tokio::test]
async fn a_config_that_the_create_does_not_take_follows_as_an_update() {
    let draft = json!({"id": "dlz-1", "display_name": "n", "provider": "AZURE", "environment": {"id": "env-1"}, "status": "DRAFT"});
    let bench = Bench::of([page(json!([])), reply(201, draft.clone()), reply(200, draft)]);
    let config = json!({"kind": "AzureIntegrationConfig", "customer_azure_tenant_id": "t"});
    let props = json!({"display_name": "n", "provider": "AZURE", "environment": "env-1", "config": config});
    bench.create(PIM2, props).await.unwrap();
    let sent = bench.script.sent();
    assert_eq!(line(&sent[1]), "POST /pim/v2/integrations");
    assert!(sent[1].json().get("config").is_none());
    assert_eq!(line(&sent[2]), "PATCH /pim/v2/integrations/dlz-1");
    assert_eq!(sent[2].json(), json!({"config": config, "environment": {"id": "env-1"}}));
}

#[tokio::test]
async fn a_topic_sends_its_configs_as_pairs_and_its_cluster_in_the_path() {
    let bench = Bench::of([reply(201, json!({"cluster_id": "lkc-1", "topic_name": "t"}))]);
    let props = json!({"cluster_id": "lkc-1", "topic_name": "t", "partitions_count": "3", "configs": {"retention.ms": 5}});
    bench.create(TOPIC, props).await.unwrap();
    let sent = bench.script.only();
    assert_eq!(line(&sent), "POST /kafka/v3/clusters/lkc-1/topics");
    assert_eq!(
        sent.json(),
        json!({"topic_name": "t", "partitions_count": 3, "configs": [{"name": "retention.ms", "value": "5"}]})
    );
}

#[tokio::test]
async fn an_acl_that_answers_nothing_is_made_traps_22_and_23() {
    let bench = Bench::of([with_headers(201, &[], "")]);
    let acl = json!({"cluster_id": "lkc-1", "resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL",
        "principal": "User:sa-1", "host": "*", "operation": "READ", "permission": "ALLOW"});
    let told = bench.create(ACL, acl).await.unwrap();
    assert_eq!(told.status, Status::Success);
    let identifier = id(ACL, &told.identifier.unwrap());
    assert_eq!(identifier.to_string(), "lkc-1|TOPIC|t|LITERAL|User:sa-1|*|READ|ALLOW");
}
