//! Tags and business metadata.

use super::*;

struct Stage {
    world: World,
    topic: String,
    key: (String, String),
}

impl Stage {
    fn new() -> Self {
        let timing = Timing { catalog_ms: 60_000, ..Timing::default() };
        let mut world = World::with(Config { timing, ..Config::default() });
        let environment = world.environment();
        let cluster = world.cluster(&environment);
        let registry = id(&world.all(&format!("/srcm/v3/clusters?environment={environment}"))[0]);
        let kafka = world.key(&json!({ "id": cluster }));
        let key = world.key(&json!({ "id": registry }));
        let topics = format!("/kafka/v3/clusters/{cluster}/topics");
        world.as_key(&kafka, |world| world.post(&topics, &json!({ "topic_name": "t" }))).ok();
        Self { world, topic: format!("{registry}:{cluster}:t"), key }
    }
    fn call(&mut self, method: &str, path: &str, body: &Json) -> Got {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.as_key(&self.key, |world| world.send(method, path, "application/json", &body))
    }
    fn binding(&self, name: &str) -> Json {
        json!([{ "typeName": name, "entityType": "kafka_topic", "entityName": self.topic }])
    }
    fn bound(&mut self) -> Got {
        let path = format!("/catalog/v1/entity/type/kafka_topic/name/{}/tags", wire::encoded(&self.topic));
        self.call("GET", &path, &Json::Null)
    }
}

#[test]
fn a_tag_is_bound_once_everything_is_indexed() {
    let mut stage = Stage::new();
    let defined = json!([{ "name": "PII", "description": "d" }]);
    assert_eq!(stage.call("POST", "/catalog/v1/types/tagdefs", &defined).ok()[0]["name"], "PII");
    let again = stage.call("POST", "/catalog/v1/types/tagdefs", &defined);
    assert_eq!((again.status, &again.body[0]["error"]["error_code"]), (200, &json!(409)), "inside a 200");
    assert_eq!(stage.call("GET", "/catalog/v1/types/tagdefs/PII", &Json::Null).status, 404, "not indexed");
    let binding = stage.binding("PII");
    assert_eq!(stage.call("POST", "/catalog/v1/entity/tags", &binding).status, 404, "trap 43");
    stage.world.wait(60_000);
    assert_eq!(stage.call("GET", "/catalog/v1/types/tagdefs/PII", &Json::Null).status, 200);
    assert!(stage.call("POST", "/catalog/v1/entity/tags", &binding).ok()[0].get("error").is_none());
    let twice = stage.call("POST", "/catalog/v1/entity/tags", &binding).ok();
    assert!(twice[0]["error"]["message"].as_str().unwrap().contains("already associated"), "trap 76");
    assert_eq!(stage.bound().ok(), json!([]), "not yet");
    stage.world.wait(60_000);
    assert_eq!(stage.bound().ok()[0]["typeName"], "PII");
    assert_eq!(
        stage.call("DELETE", "/catalog/v1/types/tagdefs/PII", &Json::Null).status,
        409,
        "bindings first"
    );
    let path = format!("/catalog/v1/entity/type/kafka_topic/name/{}/tags/PII", wire::encoded(&stage.topic));
    assert_eq!(stage.call("DELETE", &path, &Json::Null).status, 204);
    assert_eq!(stage.call("DELETE", &path, &Json::Null).status, 404);
    assert_eq!(stage.call("DELETE", "/catalog/v1/types/tagdefs/PII", &Json::Null).status, 204);
}

#[test]
fn attributes_of_business_metadata_are_added_not_removed() {
    let mut stage = Stage::new();
    let path = "/catalog/v1/types/businessmetadatadefs";
    let of = |names: &[&str]| {
        let attributes: Vec<Json> = names.iter().map(|name| json!({ "name": name })).collect();
        json!([{ "name": "Domain", "attributeDefs": attributes }])
    };
    stage.call("POST", path, &of(&["a"])).ok();
    assert!(stage.call("PUT", path, &of(&["a", "b"])).ok()[0].get("error").is_none());
    assert_eq!(stage.call("PUT", path, &of(&["a"])).ok()[0]["error"]["error_code"], 400);
    assert_eq!(stage.call("POST", path, &json!({})).status, 400, "arrays only");
}
