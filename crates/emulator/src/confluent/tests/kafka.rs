//! Kafka clusters and what is on them.

use super::*;

/// A world with an environment, a ready cluster and a key for it.
pub(super) struct Stage {
    pub(super) world: World,
    environment: String,
    pub(super) cluster: String,
    key: (String, String),
}

impl Stage {
    fn of(kind: &str, config: Config) -> Self {
        let mut world = World::with(config);
        let environment = world.environment();
        let mut body = cluster_of(&environment, kind);
        if kind == "Dedicated" {
            paths::set(&mut body, "spec.config.cku", json!(1));
        }
        let cluster = id(&world.post("/cmk/v2/clusters", &body).ok());
        world.wait(10_000);
        let key = world.key(&json!({ "id": cluster }));
        Self { world, environment, cluster, key }
    }
    pub(super) fn new() -> Self {
        Self::of("Basic", Config::default())
    }
    pub(super) fn call(&mut self, method: &str, rest: &str, body: &Json) -> Got {
        let path = format!("/kafka/v3/clusters/{}{rest}", self.cluster);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.as_key(&self.key, |world| world.send(method, &path, "application/json", &body))
    }
    pub(super) fn get(&mut self, rest: &str) -> Got {
        self.call("GET", rest, &Json::Null)
    }
    fn topic(&mut self, name: &str) -> Got {
        self.call("POST", "/topics", &json!({ "topic_name": name }))
    }
    fn of_cluster(&self) -> String {
        format!("/cmk/v2/clusters/{}?environment={}", self.cluster, self.environment)
    }
}

pub(super) fn message(got: &Got) -> (u16, u64, String) {
    let text = got.body["message"].as_str().unwrap_or_default().to_owned();
    (got.status, got.body["error_code"].as_u64().unwrap_or_default(), text)
}

#[test]
fn a_cluster_is_provisioned_and_its_addresses_come_late() {
    let mut world = World::new();
    let environment = world.environment();
    let made = world.post("/cmk/v2/clusters", &cluster_of(&environment, "basic"));
    assert_eq!(made.status, 202);
    let made = made.ok();
    assert_eq!(made["status"]["phase"], "PROVISIONING");
    assert_eq!(
        (&made["spec"]["http_endpoint"], &made["spec"]["availability"]),
        (&json!(""), &json!("LOW")),
        "traps 35, 57"
    );
    assert_eq!(made["spec"]["environment"]["id"], environment.as_str());
    let path = format!("/cmk/v2/clusters/{}", id(&made));
    assert_eq!(world.get(&path).status, 400, "the environment is in the query");
    world.wait(3_000);
    let ready = world.get(&format!("{path}?environment={environment}")).ok();
    assert_eq!(ready["status"]["phase"], "PROVISIONED");
    assert_eq!(ready["spec"]["http_endpoint"], format!("http://127.0.0.1:4000/dataplane/{}", id(&made)));
    assert!(ready["spec"]["kafka_bootstrap_endpoint"].as_str().unwrap().starts_with("SASL_SSL://pkc-"));
    world.host = "api.confluent.cloud".to_owned();
    let public = world.get(&format!("{path}?environment={environment}")).ok();
    assert!(
        public["spec"]["http_endpoint"].as_str().unwrap().ends_with(".us-east-1.aws.confluent.cloud:443")
    );
}

#[test]
fn the_schema_registry_arises_with_the_first_cluster() {
    let mut world = World::new();
    let environment = world.environment();
    let path = format!("/srcm/v3/clusters?environment={environment}");
    assert_eq!(world.get("/srcm/v3/clusters").status, 400);
    assert!(world.all(&path).is_empty(), "trap 36");
    world.post("/cmk/v2/clusters", &cluster_of(&environment, "Basic")).ok();
    assert!(world.all(&path).is_empty(), "not yet listed");
    world.wait(500);
    assert_eq!(world.all(&path)[0]["status"]["phase"], "PROVISIONING");
    world.wait(1_000);
    assert_eq!(world.all(&path)[0]["status"]["phase"], "PROVISIONED");
    world.cluster(&environment);
    assert_eq!(world.all(&path).len(), 1, "one per environment");
    assert_eq!(world.post("/srcm/v3/clusters", &json!({})).status, 405);
    world.service.config_mut().no_schema_registry = true;
    assert_eq!(world.get(&path).error(), (403, "Schema Registry is not available".to_owned()), "trap 37");
}

#[test]
fn a_cluster_changes_from_basic_to_standard_only() {
    let mut stage = Stage::new();
    let path = format!("/cmk/v2/clusters/{}", stage.cluster);
    let environment = json!({ "id": stage.environment });
    let mut patch = |spec: Json| {
        let mut body = json!({ "spec": spec });
        paths::set(&mut body, "spec.environment", environment.clone());
        stage.world.patch(&path, &body)
    };
    assert_eq!(patch(json!({ "config": { "cku": 1 } })).status, 400, "the kind comes with the config");
    assert_eq!(patch(json!({ "config": { "kind": "Dedicated", "cku": 1 } })).status, 422, "trap 58");
    assert_eq!(patch(json!({ "config": { "kind": "Standard" } })).ok()["spec"]["config"]["kind"], "Standard");
    assert_eq!(patch(json!({ "config": { "kind": "Basic" } })).status, 422);
    assert_eq!(patch(json!({ "region": "us-west-2" })).status, 422);
    assert_eq!(patch(json!({ "cloud": "aws" })).status, 200, "the same in another case");
    assert_eq!(patch(json!({ "availability": "SINGLE_ZONE" })).status, 200, "another word for LOW");
    assert_eq!(patch(json!({ "availability": "HIGH" })).status, 422);
    assert_eq!(stage.world.patch(&path, &json!({ "spec": { "display_name": "x" } })).status, 400);
}

#[test]
fn a_dedicated_cluster_has_a_size_and_one_change_of_it_at_a_time() {
    let mut stage = Stage::of("Dedicated", Config::default());
    let path = stage.of_cluster();
    assert_eq!(stage.world.get(&path).ok()["status"]["cku"], 1);
    let resize = json!({ "spec": { "environment": { "id": stage.environment }, "config": { "kind": "Dedicated", "cku": 2 } } });
    let item = format!("/cmk/v2/clusters/{}", stage.cluster);
    let answer = stage.world.patch(&item, &resize).ok();
    assert_eq!((&answer["spec"]["config"]["cku"], &answer["status"]["cku"]), (&json!(2), &json!(1)));
    let mut more = resize.clone();
    paths::set(&mut more, "spec.config.cku", json!(3));
    assert_eq!(stage.world.patch(&item, &more).status, 409);
    stage.world.wait(6_000);
    assert_eq!(stage.world.get(&path).ok()["status"]["cku"], 2);
    let without = cluster_of(&stage.environment, "Dedicated");
    assert_eq!(stage.world.post("/cmk/v2/clusters", &without).status, 400);
}

#[test]
fn deletion_is_protected_slow_and_takes_everything_along() {
    let mut stage = Stage::new();
    stage.topic("t").ok();
    let item = format!("/cmk/v2/clusters/{}", stage.cluster);
    let protect = |on: bool| json!({ "spec": { "environment": { "id": stage.environment }, "deletion_protection": on } });
    let (on, off, path) = (protect(true), protect(false), stage.of_cluster());
    stage.world.patch(&item, &on).ok();
    assert_eq!(stage.world.delete(&path).status, 409, "trap 81");
    stage.world.patch(&item, &off).ok();
    assert_eq!(stage.world.delete(&path).status, 204);
    assert_eq!(stage.world.get(&path).ok()["status"]["phase"], "DEPROVISIONING");
    assert_eq!(stage.world.delete(&path).status, 409, "it is on its way");
    assert_eq!(stage.get("/topics/t").status, 503, "its address is down");
    stage.world.wait(1_500);
    assert_eq!(stage.world.get(&path).status, 403, "gone");
    let cluster = stage.cluster.clone();
    assert!(stage.world.service.object("kafka_topic", &format!("{cluster}/t")).is_none());
    assert_eq!(stage.get("/topics").status, 401, "its keys are gone too");
}

#[test]
fn a_topic_is_created_once_and_read_with_its_defaults() {
    let mut stage = Stage::new();
    let made = stage.topic("orders");
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!((&made["partitions_count"], &made["replication_factor"]), (&json!(6), &json!(3)));
    assert_eq!(stage.get("/topics/orders").ok(), made);
    assert_eq!(message(&stage.topic("orders")), (400, 40002, "Topic 'orders' already exists.".to_owned()));
    assert_eq!(message(&stage.get("/topics/none")).1, 40403);
    let list = stage.get("/topics").ok();
    assert_eq!(list["metadata"]["next"], Json::Null);
    let names: Vec<&str> =
        list["data"].as_array().unwrap().iter().filter_map(|t| t["topic_name"].as_str()).collect();
    assert_eq!(names, ["_confluent-link-metadata", "orders"], "internal topics are listed too");
    let wrong = json!({ "topic_name": "x", "configs": [{ "name": "retention.ms", "value": "soon" }] });
    assert_eq!(message(&stage.call("POST", "/topics", &wrong)).1, 40002, "trap 32");
    let number = json!({ "topic_name": "x", "configs": [{ "name": "retention.ms", "value": 1 }] });
    assert_eq!(stage.call("POST", "/topics", &number).status, 400, "values are texts");
    assert_eq!(message(&stage.topic("a/b")).1, 40002);
}

#[test]
fn a_topic_s_name_is_taken_until_its_deletion_is_over() {
    let mut stage = Stage::new();
    stage.topic("t").ok();
    assert_eq!(stage.call("DELETE", "/topics/t", &Json::Null).status, 204);
    assert_eq!(stage.get("/topics/t").status, 200, "still there");
    stage.world.wait(800);
    assert_eq!(stage.get("/topics/t").status, 404);
    assert_eq!(message(&stage.topic("t")).2, "Topic 't' is marked for deletion.", "trap 31");
    stage.world.wait(800);
    assert_eq!(stage.topic("t").status, 201);
}

#[test]
fn a_new_topic_may_be_absent_for_some_reads() {
    let mut stage = Stage::new();
    stage.world.arm(Matcher::on("create", "kafka_topic"), What::ReadLag { reads: 3 });
    stage.topic("t").ok();
    let seen: Vec<u16> = (0..4).map(|_| stage.get("/topics/t").status).collect();
    assert_eq!(seen, [404, 404, 404, 200], "trap 30");
}

#[test]
fn partitions_only_grow() {
    let mut stage = Stage::new();
    stage.topic("t").ok();
    let mut to = |count: i64| stage.call("PATCH", "/topics/t", &json!({ "partitions_count": count }));
    assert_eq!(to(8).ok()["partitions_count"], 8);
    assert_eq!(message(&to(4)).1, 40002, "trap 56");
    assert_eq!(stage.call("PATCH", "/topics/t", &json!({})).status, 400);
}

#[test]
fn topic_configs_are_altered_reset_and_told_apart_by_source() {
    let mut stage = Stage::new();
    stage.topic("t").ok();
    let dynamic = |stage: &mut Stage| -> Vec<(String, String)> {
        let list = stage.get("/topics/t/configs").ok();
        let all = list["data"].as_array().unwrap().iter();
        all.filter(|config| config["source"] == "DYNAMIC_TOPIC_CONFIG")
            .map(|c| (c["name"].as_str().unwrap().to_owned(), c["value"].as_str().unwrap().to_owned()))
            .collect()
    };
    let own_type = ("confluent.topic.type".to_owned(), "standard".to_owned());
    assert_eq!(dynamic(&mut stage), std::slice::from_ref(&own_type), "trap 54");
    let alter = json!({ "data": [{ "name": "retention.ms", "value": "1000" }, { "name": "cleanup.policy", "value": "compact", "operation": "SET" }] });
    assert_eq!(stage.call("POST", "/topics/t/configs:alter", &alter).status, 204);
    assert_eq!(dynamic(&mut stage).len(), 3);
    let mixed = json!({ "data": [{ "name": "retention.ms", "operation": "DELETE" }, { "name": "no.such", "value": "1" }] });
    assert_eq!(message(&stage.call("POST", "/topics/t/configs:alter", &mixed)).1, 40002);
    assert_eq!(dynamic(&mut stage).len(), 3, "all or nothing");
    let reset = json!({ "data": [{ "name": "retention.ms", "operation": "DELETE" }] });
    assert_eq!(stage.call("POST", "/topics/t/configs:alter", &reset).status, 204);
    assert_eq!(stage.call("DELETE", "/topics/t/configs/cleanup.policy", &Json::Null).status, 204);
    assert_eq!(dynamic(&mut stage), [own_type]);
    assert_eq!(stage.get("/topics/t/configs/retention.ms").ok()["value"], "604800000", "the default again");
    assert_eq!(stage.call("PUT", "/topics/t/configs/retention.ms", &json!({ "value": "5" })).status, 204);
    assert_eq!(stage.get("/topics/t/configs/retention.ms").ok()["value"], "5");
}

#[test]
fn cluster_configs_are_for_dedicated_clusters() {
    assert_eq!(Stage::new().get("/broker-configs").status, 400);
    let mut stage = Stage::of("Dedicated", Config::default());
    let alter = json!({ "data": [{ "name": "auto.create.topics.enable", "value": "true" }] });
    assert_eq!(stage.call("POST", "/broker-configs:alter", &alter).status, 204);
    let read = stage.get("/broker-configs/auto.create.topics.enable").ok();
    assert_eq!((&read["value"], &read["is_default"]), (&json!("true"), &json!(false)));
    assert_eq!(stage.call("DELETE", "/broker-configs/auto.create.topics.enable", &Json::Null).status, 204);
    assert_eq!(stage.get("/broker-configs/auto.create.topics.enable").ok()["value"], "false");
}

fn acl(principal: &str, host: &str) -> Json {
    json!({ "resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL", "principal": principal,
        "host": host, "operation": "READ", "permission": "ALLOW" })
}

#[test]
fn acls_are_found_by_filters_and_show_numbers_unless_asked_in_the_newer_form() {
    let mut stage = Stage::new();
    let account = stage.world.account("app");
    let principal = format!("User:{account}");
    let created = stage.call("POST", "/acls", &acl(&principal, "*"));
    assert_eq!((created.status, created.bytes.len()), (201, 0));
    assert_eq!(stage.call("POST", "/acls", &acl(&principal, "*")).status, 201, "again");
    let list = stage.get("/acls").ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let number = list["data"][0]["principal"].as_str().unwrap().strip_prefix("User:").unwrap().to_owned();
    assert!(number.parse::<u64>().is_ok(), "trap 21: {number}");
    let newer = stage.get("/acls?principal=UserV2:*").ok();
    assert_eq!(newer["data"][0]["principal"], principal.as_str());
    assert_eq!(
        stage.get(&format!("/acls?principal=UserV2:{account}&host=*")).ok()["data"].as_array().unwrap().len(),
        1
    );
    assert_eq!(stage.get("/acls?host=10.0.0.1").ok()["data"], json!([]), "trap 22");
    assert_eq!(stage.call("POST", "/acls", &acl("sa-meaningless", "*")).status, 201, "trap 19");
    let legacy = stage.world.get("/service_accounts").ok();
    assert_eq!(legacy["users"][0]["id"].to_string(), number);
}

#[test]
fn a_delete_of_acls_by_filter_takes_neighbours_along() {
    let mut stage = Stage::new();
    let batch = json!({ "data": [acl("User:*", "*"), acl("User:*", "10.0.0.1")] });
    assert_eq!(stage.call("POST", "/acls:batch", &batch).status, 201);
    assert_eq!(stage.call("DELETE", "/acls?resource_type=TOPIC", &Json::Null).status, 400);
    let all = "resource_type=TOPIC&pattern_type=LITERAL&operation=READ&permission=ALLOW";
    let exact = format!("/acls?{all}&resource_name=t&principal=User:*&host=10.0.0.1");
    let removed = stage.call("DELETE", &exact, &Json::Null).ok();
    assert_eq!(removed["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        stage.get("/acls").ok()["data"].as_array().unwrap().len(),
        1,
        "trap 23: the neighbour survives"
    );
    stage.call("POST", "/acls:batch", &batch).ok();
    let loose = stage.call("DELETE", &format!("/acls?{all}"), &Json::Null).ok();
    assert_eq!(loose["data"].as_array().unwrap().len(), 2);
}

#[test]
fn kafka_says_429_without_a_header() {
    let rate = Rate { per_second: 1.0, burst: 1.0, retry_after: true };
    let mut stage = Stage::new();
    stage.world.service.config_mut().rate = Some(rate);
    stage.get("/topics").ok();
    let refused = stage.get("/topics");
    assert_eq!(refused.status, 429);
    assert!(
        refused.header("retry-after").is_none() && refused.header("x-ratelimit-limit").is_none(),
        "trap 90"
    );
}

#[test]
fn a_cluster_answers_under_its_own_address_only() {
    let mut stage = Stage::new();
    let path = format!("/dataplane/{}/kafka/v3/clusters/{}", stage.cluster, stage.cluster);
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get(&path)).ok()["kind"], "KafkaCluster");
    let other = format!("/dataplane/{}/kafka/v3/clusters/lkc-other", stage.cluster);
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get(&other)).status, 404);
}

#[test]
fn quotas_have_texts_for_rates_and_one_principal_once() {
    let mut stage = Stage::new();
    let body = |id: &str, rate: Json| {
        json!({ "spec": { "display_name": "q", "cluster": { "id": stage.cluster }, "environment": { "id": stage.environment },
            "principals": [{ "id": id }], "throughput": { "ingress_byte_rate": rate, "egress_byte_rate": rate } } })
    };
    let (number, first, second) =
        (body("<default>", json!(5)), body("<default>", json!("5")), body("sa-1", json!("5")));
    let path = "/kafka-quotas/v1/client-quotas";
    assert_eq!(stage.world.post(path, &number).status, 400);
    let made = stage.world.post(path, &first);
    assert_eq!(made.status, 202);
    assert_eq!(stage.world.post(path, &first).status, 409);
    assert_eq!(stage.world.post(path, &second).status, 202);
    assert_eq!(stage.world.get(&format!("{path}/{}", id(&made.body))).status, 200, "no query");
    let list = format!("{path}?spec.cluster={}&environment={}", stage.cluster, stage.environment);
    assert_eq!(stage.world.all(&list).len(), 2);
    let half = json!({ "spec": { "environment": { "id": stage.environment }, "throughput": { "ingress_byte_rate": "6" } } });
    assert_eq!(stage.world.patch(&format!("{path}/{}", id(&made.body)), &half).status, 400, "always a pair");
}

#[test]
fn an_encryption_key_stays_until_its_cluster_is_gone() {
    let mut world = World::new();
    let environment = world.environment();
    let key = json!({ "display_name": "k", "key": { "kind": "AwsKey", "key_arn": "arn:aws:kms:us-east-1:1:key/a" } });
    let key = id(&world.post("/byok/v1/keys", &key).ok());
    let mut body = cluster_of(&environment, "Dedicated");
    paths::set(&mut body, "spec.config.cku", json!(1));
    paths::set(&mut body, "spec.byok", json!({ "id": key }));
    let cluster = id(&world.post("/cmk/v2/clusters", &body).ok());
    world.wait(10_000);
    let path = format!("/byok/v1/keys/{key}");
    assert_eq!(world.delete(&path).status, 409);
    world.delete(&format!("/cmk/v2/clusters/{cluster}?environment={environment}"));
    assert_eq!(world.delete(&path).status, 409, "trap 39: not yet");
    world.wait(1_500);
    assert_eq!(world.delete(&path).status, 204);
}

#[test]
fn a_null_reference_is_an_absent_one_and_a_patch_that_changes_nothing_is_no_change() {
    let mut world = World::new();
    let environment = world.environment();
    let mut body = cluster_of(&environment, "Basic");
    paths::set(&mut body, "spec.network", Json::Null);
    let cluster = id(&world.post("/cmk/v2/clusters", &body).ok());
    let same = json!({ "spec": { "display_name": "c", "environment": { "id": environment } } });
    world.patch(&format!("/cmk/v2/clusters/{cluster}"), &same).ok();
    assert!(world.service.changes().iter().all(|change| change.what == Happened::Created));
    let held = world.service.object("kafka_cluster", &cluster).unwrap();
    let own = held.body["metadata"]["self"].as_str().unwrap();
    assert!(own.starts_with("https://api.confluent.cloud/cmk/v2/clusters/"), "{own}");
}
