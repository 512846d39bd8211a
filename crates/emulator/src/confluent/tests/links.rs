//! Cluster links and mirror topics.

use super::kafka::{Stage, message};
use super::*;

fn link(configs: &Json) -> Json {
    json!({ "source_cluster_id": "lkc-source", "configs": configs })
}

#[test]
fn a_link_is_named_in_the_query_and_hides_its_credentials() {
    let mut stage = Stage::new();
    let configs =
        json!([{ "name": "sasl.jaas.config", "value": "hush" }, { "name": "acl.sync.ms", "value": "1" }]);
    assert_eq!(stage.call("POST", "/links", &link(&configs)).status, 400, "the name");
    let made = stage.call("POST", "/links?link_name=l", &link(&configs));
    assert_eq!((made.status, made.bytes.len()), (204, 0));
    assert_eq!(message(&stage.call("POST", "/links?link_name=l", &link(&configs))).1, 40002);
    let read = stage.get("/links/l").ok();
    assert_eq!((&read["link_state"], &read["source_cluster_id"]), (&json!("ACTIVE"), &json!("lkc-source")));
    let secret = stage.get("/links/l/configs/sasl.jaas.config").ok();
    assert_eq!((&secret["value"], &secret["is_sensitive"]), (&Json::Null, &json!(true)));
    let all = stage.get("/links/l/configs").ok();
    let set = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["source"] == "DYNAMIC_CLUSTER_LINK_CONFIG")
        .count();
    assert_eq!(set, 2);
    let alter = json!({ "data": [{ "name": "cluster.link.prefix", "value": "p." }] });
    assert_eq!(
        message(&stage.call("PUT", "/links/l/configs:alter", &alter)).1,
        40002,
        "at the creation only"
    );
    assert!(!stage.world.service.snapshot().to_string().contains("hush"));
    let cluster = stage.cluster.clone();
    stage.world.service.set_phase("cluster_link", &format!("{cluster}/l"), "FAILED");
    assert_eq!(stage.get("/links/l").ok()["link_error"], "AUTHENTICATION_ERROR", "trap 45");
}

#[test]
fn verbs_answer_200_with_errors_inside_and_a_failed_mirror_is_only_failed_over() {
    let mut stage = Stage::new();
    let prefix = json!([{ "name": "cluster.link.prefix", "value": "p." }]);
    stage.call("POST", "/links?link_name=l", &link(&prefix)).ok();
    let named = json!({ "source_topic_name": "t", "mirror_topic_name": "t" });
    assert_eq!(message(&stage.call("POST", "/links/l/mirrors", &named)).1, 40002, "the name is forced");
    assert_eq!(stage.call("POST", "/links/l/mirrors", &json!({ "source_topic_name": "t" })).status, 204);
    assert_eq!(stage.get("/topics/p.t").status, 200, "a topic as any other");
    let names = json!({ "mirror_topic_names": ["p.t", "none"] });
    let paused = stage.call("POST", "/links/l/mirrors:pause", &names).ok();
    assert_eq!(paused["data"][0]["error_code"], Json::Null);
    assert_eq!(paused["data"][1]["error_code"], 404, "trap 46");
    assert_eq!(stage.get("/links/l/mirrors/p.t").ok()["mirror_status"], "PAUSED");
    let key = format!("{}/l/p.t", stage.cluster);
    stage.world.service.set_phase("kafka_mirror_topic", &key, "FAILED");
    let promoted = stage.call("POST", "/links/l/mirrors:promote", &names).ok();
    assert!(promoted["data"][0]["error_message"].as_str().unwrap().contains("failover"));
    assert_eq!(message(&stage.call("DELETE", "/links/l", &Json::Null)).1, 40002, "mirrors first");
    stage.call("POST", "/links/l/mirrors:failover", &names).ok();
    assert_eq!(stage.get("/links/l/mirrors/p.t").ok()["mirror_status"], "PENDING_STOPPED");
    stage.world.wait(2_000);
    assert_eq!(stage.get("/links/l/mirrors/p.t").ok()["mirror_status"], "STOPPED");
    assert_eq!(stage.call("DELETE", "/links/l", &Json::Null).status, 200);
    assert_eq!((stage.get("/links/l").status, stage.get("/topics/p.t").status), (404, 200));
}

#[test]
fn a_mirror_goes_with_its_topic() {
    let mut stage = Stage::new();
    stage.call("POST", "/links?link_name=l", &link(&json!([]))).ok();
    stage.call("POST", "/links/l/mirrors", &json!({ "source_topic_name": "t" })).ok();
    assert_eq!(stage.get("/links/-/mirrors").ok()["data"].as_array().unwrap().len(), 1);
    stage.call("DELETE", "/topics/t", &Json::Null);
    stage.world.wait(2_000);
    assert_eq!(stage.get("/links/l/mirrors/t").status, 404);
    assert_eq!(stage.call("DELETE", "/links/l?force=true", &Json::Null).status, 200);
}
