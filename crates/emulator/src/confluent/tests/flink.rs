//! Compute pools, regions and statements.

use super::*;

struct Stage {
    world: World,
    environment: String,
    pool: String,
    key: (String, String),
    base: String,
}

fn pool_of(environment: &str, region: &str) -> Json {
    json!({ "spec": { "display_name": "p", "cloud": "AWS", "region": region, "max_cfu": 5, "environment": { "id": environment } } })
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new();
        let environment = world.environment();
        let pool = id(&world.post("/fcpm/v2/compute-pools", &pool_of(&environment, "us-east-1")).ok());
        world.wait(10_000);
        let key = world.key(&json!({ "id": "aws.us-east-1", "api_version": "fcpm/v2", "kind": "Region", "environment": environment }));
        let organization = world.service.config().organization.clone();
        let base = format!(
            "/dataplane/flink.aws.us-east-1/sql/v1/organizations/{organization}/environments/{environment}/statements"
        );
        Self { world, environment, pool, key, base }
    }
    fn call(&mut self, method: &str, rest: &str, content: &str, body: &Json) -> Got {
        let path = format!("{}{rest}", self.base);
        self.world.as_key(&self.key, |world| world.send(method, &path, content, &body.to_string()))
    }
    fn get(&mut self, rest: &str) -> Got {
        self.call("GET", rest, "application/json", &Json::Null)
    }
    fn create(&mut self, name: &str, sql: &str) -> Got {
        let body = json!({ "name": name, "spec": { "statement": sql, "compute_pool_id": self.pool,
            "properties": { "sql.current-catalog": "dev", "sql.secrets.key": "hush" } } });
        self.call("POST", "", "application/json", &body)
    }
    fn phase(&mut self, name: &str) -> String {
        self.get(&format!("/{name}")).ok()["status"]["phase"].as_str().unwrap().to_owned()
    }
}

#[test]
fn regions_name_their_hosts() {
    let mut world = World::new();
    let all = world.all("/fcpm/v2/regions");
    assert!(all.iter().any(|region| region["cloud"] == "GCP"));
    let one = world.all("/fcpm/v2/regions?cloud=aws&region_name=us-east-1");
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["http_endpoint"], "http://127.0.0.1:4000/dataplane/flink.aws.us-east-1");
}

#[test]
fn a_compute_pool_waits_and_is_patched_with_its_environment() {
    let mut world = World::new();
    let environment = world.environment();
    let made = world.post("/fcpm/v2/compute-pools", &pool_of(&environment, "us-east-1"));
    assert_eq!((made.status, &made.body["status"]["phase"]), (202, &json!("PROVISIONING")));
    let path = format!("/fcpm/v2/compute-pools/{}", id(&made.body));
    world.wait(1_500);
    assert_eq!(
        world.get(&format!("{path}?environment={environment}")).ok()["status"]["phase"],
        "PROVISIONED"
    );
    let patch = json!({ "spec": { "max_cfu": 10 } });
    assert_eq!(world.patch(&path, &patch).status, 400);
    let patch = json!({ "spec": { "max_cfu": 10, "environment": { "id": environment } } });
    assert_eq!(world.patch(&path, &patch).ok()["spec"]["max_cfu"], 10);
    let moved = json!({ "spec": { "region": "us-west-2", "environment": { "id": environment } } });
    assert_eq!(world.patch(&path, &moved).status, 422);
    assert_eq!(world.get("/fcpm/v2/compute-pools").status, 400);
    let config =
        world.patch("/fcpm/v2/compute-pool-config", &json!({ "spec": { "default_max_cfu": 20 } })).ok();
    assert_eq!(config["spec"]["default_max_cfu"], 20);
}

#[test]
fn statements_run_or_complete_and_hide_their_secrets() {
    let mut stage = Stage::new();
    let made = stage.create("my-insert", "INSERT INTO a SELECT * FROM b");
    assert_eq!(made.status, 201);
    assert!(!made.body.to_string().contains("hush"), "trap 70");
    assert_eq!(stage.create("my-insert", "SELECT 1").status, 409);
    stage.create("my-ddl", "CREATE TABLE a (x INT)").ok();
    assert_eq!(stage.phase("my-insert"), "PENDING");
    stage.world.wait(1_500);
    assert_eq!(
        (stage.phase("my-insert"), stage.phase("my-ddl")),
        ("RUNNING".to_owned(), "COMPLETED".to_owned())
    );
    assert_eq!(stage.create("My_Name", "SELECT 1").status, 422);
    let base = stage.base.clone();
    let all = stage.world.as_key(&stage.key, |world| world.all(&format!("{base}?page_size=1")));
    assert_eq!(all.len(), 2);
}

#[test]
fn a_statement_is_stopped_with_the_version_that_was_read() {
    let mut stage = Stage::new();
    stage.create("s", "INSERT INTO a SELECT * FROM b").ok();
    stage.world.wait(1_500);
    let mut body = stage.get("/s").ok();
    body["spec"]["stopped"] = json!(true);
    let mut stale = body.clone();
    stale["metadata"]["resource_version"] = json!("0");
    assert_eq!(stage.call("PUT", "/s", "application/json", &stale).status, 409);
    let mut other = body.clone();
    other["spec"]["statement"] = json!("SELECT 1");
    assert_eq!(stage.call("PUT", "/s", "application/json", &other).status, 422, "trap 69");
    let stopped = stage.call("PUT", "/s", "application/json", &body);
    assert_eq!((stopped.status, &stopped.body["status"]["phase"]), (202, &json!("STOPPING")));
    stage.world.wait(1_500);
    assert_eq!(stage.phase("s"), "STOPPED");
    let patch = json!([{ "op": "replace", "path": "/spec/stopped", "value": false }]);
    assert_eq!(stage.call("PATCH", "/s", "application/json", &patch).status, 415);
    assert_eq!(stage.call("PATCH", "/s", "application/json-patch+json", &patch).status, 200);
    stage.world.wait(1_500);
    assert_eq!(stage.phase("s"), "RUNNING");
}

#[test]
fn a_deleted_statement_is_deleting_for_a_while() {
    let mut stage = Stage::new();
    stage.create("s", "SELECT 1").ok();
    assert_eq!(stage.call("DELETE", "/s", "application/json", &Json::Null).status, 202);
    assert_eq!(stage.phase("s"), "DELETING");
    assert_eq!(stage.create("s", "SELECT 1").status, 409);
    stage.world.wait(1_500);
    assert_eq!(stage.get("/s").status, 404);
    assert_eq!(stage.create("s", "SELECT 1").status, 201);
}

#[test]
fn a_flink_key_is_of_one_environment_and_region() {
    let mut stage = Stage::new();
    let elsewhere = stage.base.replace("us-east-1", "us-west-2");
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get(&elsewhere)).status, 401);
    let other = stage.world.environment();
    let elsewhere = stage.base.replace(&stage.environment, &other);
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get(&elsewhere)).status, 401);
    let bare = stage.base.replace("/dataplane/flink.aws.us-east-1", "");
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get(&bare)).status, 200);
    let pool =
        id(&stage.world.post("/fcpm/v2/compute-pools", &pool_of(&stage.environment, "us-west-2")).ok());
    stage.world.wait(10_000);
    stage.pool = pool;
    assert_eq!(stage.create("s", "SELECT 1").status, 400, "the pool is in another region");
}

#[test]
fn a_gateway_may_send_elsewhere() {
    let mut stage = Stage::new();
    stage.world.arm(
        Matcher::on("list", "flink_statement").first(1),
        What::Redirect { to: "http://localhost:4000".to_owned() },
    );
    let sent = stage.get("?page_size=5");
    let target = format!("http://localhost:4000{}?page_size=5", stage.base);
    assert_eq!((sent.status, sent.header("location")), (307, Some(target.as_str())), "trap 93");
}
