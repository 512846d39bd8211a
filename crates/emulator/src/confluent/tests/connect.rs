//! Connectors.

use super::*;

struct Stage {
    world: World,
    environment: String,
    base: String,
    account: String,
}

impl Stage {
    fn new() -> Self {
        Self::with(Config::default())
    }
    fn with(config: Config) -> Self {
        let mut world = World::with(config);
        let environment = world.environment();
        let cluster = world.cluster(&environment);
        let account = world.account("connect");
        let base = format!("/connect/v1/environments/{environment}/clusters/{cluster}/connectors");
        Self { world, environment, base, account }
    }
    fn config(&self, name: &str) -> Json {
        json!({ "name": name, "connector.class": "DatagenSource", "kafka.auth.mode": "SERVICE_ACCOUNT",
            "kafka.service.account.id": self.account, "kafka.topic": "t", "tasks.max": "1", "aws.secret.key": "real" })
    }
    fn create(&mut self, name: &str) -> Got {
        let body = json!({ "name": name, "config": self.config(name) });
        self.world.post(&self.base.clone(), &body)
    }
    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }
    fn state(&mut self, name: &str) -> String {
        let path = self.at(&format!("/{name}/status"));
        self.world.get(&path).ok()["connector"]["state"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_connector_is_created_once_runs_after_a_while_and_masks_its_secrets() {
    let mut stage = Stage::new();
    let made = stage.create("gen");
    assert_eq!(made.status, 201);
    let again = stage.create("gen");
    assert_eq!((again.status, &again.body["error"]["code"]), (409, &json!(409)));
    assert_eq!(stage.state("gen"), "PROVISIONING");
    let expanded = stage.at("?expand=info,status,id");
    assert!(stage.world.get(&expanded).ok()["gen"].get("id").is_none(), "the id comes later");
    stage.world.wait(2_000);
    assert_eq!(stage.state("gen"), "RUNNING");
    let item = stage.world.get(&expanded).ok()["gen"].clone();
    assert!(item["id"]["id"].as_str().unwrap().starts_with("lcc-"));
    let config = stage.at("/gen/config");
    let config = stage.world.get(&config).ok();
    assert_eq!(
        (&config["aws.secret.key"], &config["kafka.topic"]),
        (&json!("****************"), &json!("t"))
    );
    for noise in [
        "cloud.environment",
        "cloud.provider",
        "connector.crn",
        "kafka.endpoint",
        "kafka.region",
        "kafka.dedicated",
        "kafka.max.partition.validation.disable",
        "schema.registry.url",
        "valid.kafka.api.key",
        "confluent.custom.plugin.type",
        "confluent.resource.connector.tier",
        "config.internal.request.id",
    ] {
        assert!(config.get(noise).is_some(), "trap 50: {noise}");
    }
    let names = stage.base.clone();
    assert_eq!(stage.world.get(&names).ok(), json!(["gen"]));
}

#[test]
fn a_mask_that_is_sent_back_becomes_the_value() {
    let mut stage = Stage::new();
    stage.create("gen").ok();
    let path = stage.at("/gen/config");
    let read = stage.world.get(&path).ok();
    stage.world.put(&path, &read).ok();
    let held = stage.world.service.objects().find(|held| held.resource == "connector").unwrap();
    assert_eq!(held.hidden["config.aws.secret.key"], "****************", "trap 51");
    assert!(!stage.world.service.snapshot().to_string().contains("\"real\""));
}

#[test]
fn a_put_replaces_the_whole_config_and_creates_what_is_absent() {
    let mut stage = Stage::new();
    let path = stage.at("/gen/config");
    let mut config = stage.config("gen");
    assert_eq!(stage.world.put(&path, &config).status, 201, "an upsert");
    paths::remove(&mut config, "kafka.topic");
    let mut without = config.clone();
    if let Json::Object(map) = &mut without {
        map.remove("kafka.topic");
    }
    assert_eq!(stage.world.put(&path, &without).status, 200);
    assert!(stage.world.get(&path).ok().get("kafka.topic").is_none());
    let mut renamed = config.clone();
    renamed["name"] = json!("other");
    assert_eq!(stage.world.put(&path, &renamed).status, 400);
}

#[test]
fn wrong_configs_are_refused_and_counted_beforehand() {
    let mut stage = Stage::new();
    let mut wrong = stage.config("gen");
    wrong["kafka.service.account.id"] = json!("sa-none");
    let body = json!({ "name": "gen", "config": wrong });
    let base = stage.base.clone();
    let refused = stage.world.post(&base, &body);
    assert_eq!(refused.status, 400);
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("kafka.service.account.id"));
    let validate = base.replace("/connectors", "/connector-plugins/DatagenSource/config/validate");
    let found = stage.world.put(&validate, &wrong).ok();
    assert_eq!(found["error_count"], 1);
    let good = stage.config("gen");
    assert_eq!(stage.world.put(&validate, &good).ok()["error_count"], 0);
    let mut number = stage.config("gen");
    number["tasks.max"] = json!(1);
    assert_eq!(
        stage.world.post(&base, &json!({ "name": "gen", "config": number })).status,
        400,
        "values are texts"
    );
    assert_eq!(
        stage.world.post(&base, &json!({ "name": "other", "config": stage.config("gen") })).status,
        400
    );
}

#[test]
fn a_connector_may_fail_for_a_moment_or_for_good() {
    let mut stage = Stage::with(Config { connector_flap: true, ..Config::default() });
    stage.create("gen").ok();
    stage.world.wait(1_000);
    assert_eq!(stage.state("gen"), "FAILED", "trap 33");
    stage.world.wait(1_000);
    assert_eq!(stage.state("gen"), "RUNNING");
    stage.world.arm(Matcher::on("create", "connector"), What::failing_after(1_000));
    stage.create("bad").ok();
    stage.world.wait(60_000);
    let status = stage.at("/bad/status");
    assert!(!stage.world.get(&status).ok()["connector"]["trace"].as_str().unwrap().is_empty());
    let (config, path) = (stage.config("bad"), stage.at("/bad/config"));
    stage.world.put(&path, &config).ok();
    stage.world.wait(60_000);
    assert_eq!(stage.state("bad"), "FAILED", "until it is restarted");
    let restart = stage.at("/bad/restart");
    assert_eq!(stage.world.post(&restart, &json!({})).status, 202);
    stage.world.wait(2_000);
    assert_eq!(stage.state("bad"), "RUNNING");
}

#[test]
fn pause_and_resume_take_time_and_need_a_provisioned_connector() {
    let mut stage = Stage::new();
    stage.create("gen").ok();
    let (pause, resume) = (stage.at("/gen/pause"), stage.at("/gen/resume"));
    assert_eq!(stage.world.put(&pause, &json!({})).status, 409, "trap 34");
    stage.world.wait(2_000);
    assert_eq!(stage.world.put(&pause, &json!({})).status, 202);
    assert_eq!(stage.state("gen"), "RUNNING");
    stage.world.wait(2_000);
    assert_eq!(stage.state("gen"), "PAUSED");
    assert_eq!(stage.world.put(&resume, &json!({})).status, 202);
    stage.world.wait(2_000);
    assert_eq!(stage.state("gen"), "RUNNING");
}

#[test]
fn a_delete_may_fail_inside_a_200() {
    let mut stage = Stage::new();
    stage.create("gen").ok();
    let path = stage.at("/gen");
    stage
        .world
        .arm(Matcher::on("delete", "connector").first(1), What::ErrorInside { message: "no".to_owned() });
    let inside = stage.world.delete(&path);
    assert_eq!((inside.status, &inside.body["error"]["message"]), (200, &json!("no")), "trap 86");
    assert_eq!(stage.world.get(&path).status, 200, "still there");
    let done = stage.world.delete(&path);
    assert_eq!((done.status, &done.body["error"]), (200, &Json::Null));
    assert_eq!(stage.world.get(&path).status, 404);
}

#[test]
fn an_integration_in_use_shows_its_user_and_stays() {
    let mut stage = Stage::new();
    let body = json!({ "display_name": "s3", "environment": { "id": stage.environment },
        "config": { "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "a" } });
    let integration = id(&stage.world.post("/pim/v1/integrations", &body).ok());
    let mut config = stage.config("sink");
    config["provider.integration.id"] = json!(integration);
    let base = stage.base.clone();
    stage.world.post(&base, &json!({ "name": "sink", "config": config })).ok();
    let path = format!("/pim/v1/integrations/{integration}?environment={}", stage.environment);
    let usages = stage.world.get(&path).ok()["usages"].clone();
    assert!(usages[0].as_str().unwrap().ends_with("/connector=sink"));
    assert_eq!(stage.world.delete(&path).status, 409);
    let connector = stage.at("/sink");
    stage.world.delete(&connector).ok();
    assert_eq!(stage.world.get(&path).ok()["usages"], json!([]));
    assert_eq!(stage.world.delete(&path).status, 204);
}

#[test]
fn offsets_are_changed_by_a_request_that_takes_time() {
    let mut stage = Stage::new();
    stage.create("gen").ok();
    let body = json!({ "type": "PATCH", "offsets": [{ "partition": { "p": 0 }, "offset": { "o": 5 } }] });
    let (request, status) = (stage.at("/gen/offsets/request"), stage.at("/gen/offsets/request/status"));
    assert_eq!(stage.world.get(&status).status, 404);
    assert_eq!(stage.world.post(&request, &body).status, 202);
    assert_eq!(stage.world.get(&status).ok()["status"]["phase"], "PENDING");
    stage.world.wait(2_000);
    assert_eq!(stage.world.get(&status).ok()["status"]["phase"], "APPLIED");
}

#[test]
fn the_path_names_cluster_and_environment_together() {
    let mut stage = Stage::new();
    let other = stage.world.environment();
    let path = stage.base.replace(&stage.environment, &other);
    assert_eq!(stage.world.get(&path).status, 404);
    let own = format!("/org/v2/environments/{}", stage.environment);
    stage.world.delete(&own);
    let base = stage.base.clone();
    assert_eq!(stage.world.get(&base).status, 403, "gone");
}
