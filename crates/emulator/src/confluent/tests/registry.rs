//! The Schema Registry.

use super::*;

struct Stage {
    world: World,
    environment: String,
    registry: String,
    key: (String, String),
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new();
        let environment = world.environment();
        world.cluster(&environment);
        let registry = id(&world.all(&format!("/srcm/v3/clusters?environment={environment}"))[0]);
        let key = world.key(&json!({ "id": registry }));
        Self { world, environment, registry, key }
    }
    fn call(&mut self, method: &str, path: &str, body: &Json) -> Got {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/dataplane/{}{path}", self.registry);
        self.world
            .as_key(&self.key, |w| w.send(method, &path, "application/vnd.schemaregistry.v1+json", &body))
    }
    fn get(&mut self, path: &str) -> Got {
        self.call("GET", path, &Json::Null)
    }
    fn delete(&mut self, path: &str) -> Got {
        self.call("DELETE", path, &Json::Null)
    }
    fn register(&mut self, subject: &str, schema: &Json) -> Got {
        self.call("POST", &format!("/subjects/{subject}/versions"), &json!({ "schema": schema.to_string() }))
    }
}

/// An AVRO record with these fields, all with defaults.
fn record(fields: &[&str]) -> Json {
    let fields: Vec<Json> =
        fields.iter().map(|name| json!({ "name": name, "type": "int", "default": 0 })).collect();
    json!({ "type": "record", "name": "R", "fields": fields })
}

fn number(got: &Got) -> (u16, u64) {
    (got.status, got.body["error_code"].as_u64().unwrap_or_default())
}

#[test]
fn a_schema_is_registered_once_and_an_older_text_does_not_become_the_latest() {
    let mut stage = Stage::new();
    let first = stage.register("s", &record(&["a"])).ok();
    assert_eq!(stage.register("s", &record(&["a"])).ok(), first, "the same id");
    let second = stage.register("s", &record(&["a", "b"])).ok();
    assert_ne!(first, second);
    assert_eq!(stage.register("s", &record(&["a"])).ok(), first);
    assert_eq!(stage.get("/subjects/s/versions").ok(), json!([1, 2]), "trap 60");
    let forced = json!({ "schema": record(&["a"]).to_string(), "version": 3 });
    assert_eq!(stage.call("POST", "/subjects/s/versions", &forced).ok(), first);
    assert_eq!(stage.get("/subjects/s/versions").ok(), json!([1, 2, 3]));
    assert_eq!(stage.register("other", &record(&["a"])).ok(), first, "ids are of the registry");
}

#[test]
fn a_look_up_compares_meaning_and_tells_what_is_missing() {
    let mut stage = Stage::new();
    let look = |stage: &mut Stage, text: &str| stage.call("POST", "/subjects/s", &json!({ "schema": text }));
    assert_eq!(number(&look(&mut stage, "\"int\"")), (404, 40401));
    stage.register("s", &record(&["a"])).ok();
    assert_eq!(number(&look(&mut stage, "\"int\"")), (404, 40403));
    let spaced = serde_json::to_string_pretty(&record(&["a"])).unwrap();
    let found = look(&mut stage, &spaced).ok();
    assert_eq!((&found["version"], &found["subject"]), (&json!(1), &json!("s")), "trap 59");
    assert!(found.get("schemaType").is_none(), "AVRO goes without saying");
}

#[test]
fn a_subject_with_slash_and_colon_is_one_segment_decoded_once() {
    let mut stage = Stage::new();
    stage.register("a%2Fb%3Ac", &record(&["a"])).ok();
    assert_eq!(stage.get("/subjects").ok(), json!(["a/b:c"]), "trap 63");
    assert_eq!(number(&stage.get("/subjects/a%252Fb%253Ac/versions")), (404, 40401));
}

#[test]
fn deletion_has_two_steps_and_versions_go_on_after_the_first() {
    let mut stage = Stage::new();
    stage.register("s", &record(&["a"])).ok();
    let level = json!({ "compatibility": "NONE" });
    stage.call("PUT", "/config/s", &level).ok();
    assert_eq!(number(&stage.delete("/subjects/s?permanent=true")), (404, 40405));
    assert_eq!(stage.delete("/subjects/s").ok(), json!([1]));
    assert_eq!(number(&stage.delete("/subjects/s")), (404, 40404));
    assert_eq!(number(&stage.get("/config/s?defaultToGlobal=false")), (404, 40408), "its setting went too");
    assert_eq!(stage.get("/subjects").ok(), json!([]));
    assert_eq!(stage.get("/subjects?deleted=true").ok(), json!(["s"]));
    stage.register("s", &record(&["b"])).ok();
    assert_eq!(stage.get("/subjects/s/versions").ok(), json!([2]), "trap 82");
    assert_eq!(number(&stage.delete("/subjects/s/versions/2?permanent=true")), (404, 40407));
    assert_eq!(stage.delete("/subjects/s/versions/2").ok(), json!(2));
    assert_eq!(number(&stage.delete("/subjects/s/versions/2")), (404, 40406));
    assert_eq!(stage.delete("/subjects/s?permanent=true").ok(), json!([1, 2]));
    assert_eq!(number(&stage.get("/subjects/s/versions/1?deleted=true")), (404, 40401));
}

#[test]
fn what_is_referenced_stays() {
    let mut stage = Stage::new();
    stage.register("base", &record(&["a"])).ok();
    let body =
        json!({ "schema": "\"string\"", "references": [{ "name": "R", "subject": "base", "version": 1 }] });
    stage.call("POST", "/subjects/user/versions", &body).ok();
    assert_eq!(number(&stage.delete("/subjects/base")), (422, 42206), "trap 83");
    assert_eq!(stage.get("/subjects/base/versions/1/referencedby").ok().as_array().unwrap().len(), 1);
    let missing =
        json!({ "schema": "\"string\"", "references": [{ "name": "R", "subject": "none", "version": 1 }] });
    assert_eq!(number(&stage.call("POST", "/subjects/x/versions", &missing)), (422, 42201));
    stage.delete("/subjects/user").ok();
    assert_eq!(stage.delete("/subjects/base").status, 200);
}

#[test]
fn incompatible_schemas_are_409_and_can_be_checked_before() {
    let mut stage = Stage::new();
    stage.register("s", &record(&["a"])).ok();
    let bad = json!({ "type": "record", "name": "R", "fields": [{ "name": "b", "type": "int" }] });
    assert_eq!(number(&stage.register("s", &bad)), (409, 409));
    let body = json!({ "schema": bad.to_string() });
    let check = stage.call("POST", "/compatibility/subjects/s/versions/latest?verbose=true", &body).ok();
    assert_eq!((&check["is_compatible"], check["messages"].as_array().unwrap().len()), (&json!(false), 1));
    stage.call("PUT", "/config/s", &json!({ "compatibility": "NONE" })).ok();
    assert_eq!(stage.register("s", &bad).status, 200);
    assert_eq!(number(&stage.register("s", &json!({}))), (422, 42201));
    assert_eq!(number(&stage.get("/subjects/s/versions/9")), (404, 40402));
    assert_eq!(number(&stage.get("/subjects/s/versions/x")), (422, 42202));
}

#[test]
fn a_subject_s_setting_hides_behind_the_global_one_unless_asked() {
    let mut stage = Stage::new();
    assert_eq!(stage.get("/config").ok()["compatibilityLevel"], "BACKWARD");
    assert_eq!(stage.get("/config/s").ok()["compatibilityLevel"], "BACKWARD", "trap 62");
    assert_eq!(number(&stage.get("/config/s?defaultToGlobal=false")), (404, 40408));
    assert_eq!(
        stage.call("PUT", "/config/s", &json!({ "compatibility": "FULL" })).ok()["compatibility"],
        "FULL"
    );
    assert_eq!(stage.get("/config/s?defaultToGlobal=false").ok()["compatibilityLevel"], "FULL");
    stage.call("PUT", "/config/s", &json!({ "normalize": true, "compatibilityLevel": "NONE" })).ok();
    let read = stage.get("/config/s").ok();
    assert_eq!(
        (&read["compatibilityLevel"], &read["normalize"]),
        (&json!("FULL"), &json!(true)),
        "partial; the read's name is not the write's"
    );
    assert_eq!(number(&stage.call("PUT", "/config/s", &json!({ "compatibility": "SOME" }))), (422, 42203));
    assert_eq!(stage.delete("/config/s").status, 200);
    assert_eq!(number(&stage.delete("/config/s")), (404, 40401));
}

#[test]
fn modes_refuse_writes_and_import_needs_an_empty_subject() {
    let mut stage = Stage::new();
    assert_eq!(number(&stage.get("/mode/s?defaultToGlobal=false")), (404, 40409));
    stage.call("PUT", "/mode/s", &json!({ "mode": "READONLY" })).ok();
    assert_eq!(number(&stage.register("s", &record(&["a"]))), (422, 42205));
    stage.delete("/mode/s").ok();
    stage.register("s", &record(&["a"])).ok();
    let import = json!({ "mode": "IMPORT" });
    assert_eq!(number(&stage.call("PUT", "/mode/s", &import)), (422, 42205));
    assert_eq!(stage.call("PUT", "/mode/s?force=true", &import).status, 200);
    assert_eq!(number(&stage.call("PUT", "/mode", &json!({ "mode": "X" }))), (422, 42204));
}

#[test]
fn rules_need_the_advanced_package_and_stay_until_they_are_emptied() {
    let mut stage = Stage::new();
    let rules = json!({ "domainRules": [{ "name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "true" }] });
    let with = json!({ "schema": record(&["a"]).to_string(), "ruleSet": rules });
    assert_eq!(stage.call("POST", "/subjects/s/versions", &with).status, 403);
    let environment = format!("/org/v2/environments/{}", stage.environment);
    let advanced = json!({ "stream_governance_config": { "package": "ADVANCED" } });
    stage.world.patch(&environment, &advanced).ok();
    stage.call("POST", "/subjects/s/versions", &with).ok();
    stage.register("s", &record(&["a", "b"])).ok();
    assert_eq!(stage.get("/subjects/s/versions/2").ok()["ruleSet"], rules, "handed on (trap 61)");
    let empty = json!({ "schema": record(&["a", "b"]).to_string(), "ruleSet": { "domainRules": [], "migrationRules": [] } });
    stage.call("POST", "/subjects/s/versions", &empty).ok();
    assert_eq!(stage.get("/subjects/s/versions/latest").ok()["ruleSet"]["domainRules"], json!([]));
}

#[test]
fn listings_are_cut_by_offset_and_limit() {
    let mut stage = Stage::new();
    for subject in ["a1", "a2", "a3", "b1"] {
        stage.register(subject, &record(&["a"])).ok();
    }
    assert_eq!(stage.get("/subjects?subjectPrefix=a&offset=1&limit=1").ok(), json!(["a2"]));
    assert_eq!(stage.get("/schemas?subjectPrefix=a&limit=-1").ok().as_array().unwrap().len(), 3);
    let id = stage.get("/subjects/a1/versions/1").ok()["id"].to_string();
    assert_eq!(stage.get(&format!("/schemas/ids/{id}/subjects")).ok().as_array().unwrap().len(), 4);
    assert_eq!(stage.get(&format!("/schemas/ids/{id}")).ok()["schema"], record(&["a"]).to_string());
    assert_eq!(number(&stage.get("/schemas/ids/1")), (404, 40403));
    assert_eq!(stage.get("/contexts").ok(), json!(["."]));
}

#[test]
fn a_bare_path_means_the_key_s_registry() {
    let mut stage = Stage::new();
    stage.register("s", &record(&["a"])).ok();
    assert_eq!(stage.world.as_key(&stage.key, |world| world.get("/subjects")).ok(), json!(["s"]));
    assert_eq!(stage.world.get("/subjects").status, 401, "a Cloud key");
}

#[test]
fn an_exporter_is_paused_before_it_is_changed_or_deleted() {
    let mut stage = Stage::new();
    let body =
        json!({ "name": "e", "config": { "schema.registry.url": "u", "basic.auth.user.info": "hush" } });
    assert_eq!(stage.call("POST", "/exporters", &body).ok(), json!({ "name": "e" }));
    assert_eq!(number(&stage.call("POST", "/exporters", &body)).0, 409);
    assert_eq!(stage.get("/exporters/e/status").ok()["state"], "STARTING");
    stage.world.wait(2_000);
    assert_eq!(stage.get("/exporters/e/status").ok()["state"], "RUNNING");
    assert!(
        stage.get("/exporters/e").ok()["config"]["basic.auth.user.info"].as_str().unwrap().starts_with("**")
    );
    let change = json!({ "subjects": ["a"] });
    assert_eq!(number(&stage.call("PUT", "/exporters/e", &change)), (409, 40963), "trap 84");
    assert_eq!(number(&stage.delete("/exporters/e")), (409, 40963));
    stage.call("PUT", "/exporters/e/pause", &Json::Null).ok();
    stage.call("PUT", "/exporters/e", &change).ok();
    stage.call("PUT", "/exporters/e/config", &json!({ "schema.registry.url": "v" })).ok();
    assert_eq!(stage.get("/exporters/e/config").ok(), json!({ "schema.registry.url": "v" }));
    assert_eq!(stage.delete("/exporters/e").status, 204);
    assert_eq!(number(&stage.get("/exporters/e")), (404, 40450));
}
