//! Confluent Cloud through the whole cloud and its socket: one port for everything.

use super::server::exchange;
use super::*;
use stack_emulator::confluent::{Confluent, Happened, SANDBOX_KEY, SANDBOX_SECRET};
use stack_emulator::{Op, serve};
use std::sync::Mutex;
use tokio::net::TcpListener;

/// `SANDBOXCLOUDKEY1:sandbox-cloud-secret`.
const BASIC: &str = "authorization: Basic U0FOREJPWENMT1VES0VZMTpzYW5kYm94LWNsb3VkLXNlY3JldA==\r\n";

fn body(answer: &str) -> Json {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_default()
}

#[tokio::test]
async fn one_port_serves_aws_and_all_planes_of_confluent() {
    assert_eq!((SANDBOX_KEY, SANDBOX_SECRET), ("SANDBOXCLOUDKEY1", "sandbox-cloud-secret"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cloud = Arc::new(Mutex::new(World::new().cloud));
    let server = tokio::spawn(serve(listener, cloud.clone(), || START, std::future::pending()));
    let call = async |method: &str, path: &str, body: &Json| {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        exchange(port, method, path, BASIC, &text).await
    };

    let environment = body(&call("POST", "/org/v2/environments", &json!({ "display_name": "dev" })).await);
    let environment = environment["id"].as_str().unwrap().to_owned();
    let cluster = json!({ "spec": { "display_name": "c", "cloud": "AWS", "region": "us-east-1",
        "config": { "kind": "Basic" }, "environment": { "id": environment } } });
    let cluster = body(&call("POST", "/cmk/v2/clusters", &cluster).await)["id"].as_str().unwrap().to_owned();
    let phase = json!({ "resource": "kafka_cluster", "key": cluster, "phase": "WONDERING" });
    assert!(call("POST", "/_sandbox/confluent/phase", &phase).await.contains("200 OK"));
    let read =
        call("GET", &format!("/cmk/v2/clusters/{cluster}?environment={environment}"), &Json::Null).await;
    assert_eq!(body(&read)["status"]["phase"], "WONDERING", "trap 41");
    assert!(
        call("GET", &format!("/kafka/v3/clusters/{cluster}/topics"), &Json::Null)
            .await
            .contains("401 Unauthorized")
    );

    let fault = json!({ "when": { "operation": "create", "resource": "environment", "nth": 1 }, "what": { "kind": "lost_reply" } });
    assert!(call("POST", "/_sandbox/confluent/fault", &fault).await.contains("200 OK"));
    assert_eq!(call("POST", "/org/v2/environments", &json!({ "display_name": "lost" })).await, "", "cut");
    let list = body(&call("GET", "/org/v2/environments", &Json::Null).await);
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "but carried out");
    let edit =
        json!({ "resource": "environment", "key": environment, "patch": { "display_name": "by hand" } });
    assert!(call("POST", "/_sandbox/confluent/edit", &edit).await.contains("200 OK"));
    let state = body(&call("GET", "/_sandbox/state", &Json::Null).await);
    assert!(state["confluent"].to_string().contains("by hand"));
    let history = body(&call("GET", "/_sandbox/confluent/history", &Json::Null).await);
    let lost =
        history.as_array().unwrap().iter().filter(|exchange| exchange["outcome"] == "lost reply").count();
    assert_eq!((lost, history.to_string().contains(SANDBOX_SECRET)), (1, false));
    let changes = body(&call("GET", "/_sandbox/confluent/changes", &Json::Null).await);
    assert!(changes.to_string().contains(r#""what":"created""#));
    let config = json!({ "confluent": { "key_relapse": true } });
    assert!(call("POST", "/_sandbox/config", &config).await.contains("200 OK"));
    assert!(cloud.lock().unwrap().config().confluent.key_relapse);

    let data = "AWS::AppIntegrations::DataIntegration";
    let plant = json!({ "type": data, "region": "us-east-1", "properties": { "Name": "d", "KmsKey": "k", "SourceURI": "s" } });
    let planted = body(&call("POST", "/_sandbox/plant", &plant).await);
    let associate = json!({ "type": data, "region": "us-east-1", "identifier": planted["identifier"], "summary": { "ClientId": "c" } });
    assert!(call("POST", "/_sandbox/associate", &associate).await.contains("200 OK"));
    let path = format!("/dataIntegrations/{}/associations", planted["identifier"].as_str().unwrap());
    let signed = format!(
        "x-amz-date: 20261121T100000Z\r\nauthorization: {}\r\n",
        authorization("app-integrations", "us-east-1")
    );
    let list = body(&exchange(port, "GET", &path, &signed, "").await);
    assert_eq!(list["DataIntegrationAssociations"][0]["ClientId"], "c", "AWS REST on the same port");
    server.abort();
}

#[test]
fn the_snapshot_of_the_cloud_holds_confluent_and_older_ones_do_without() {
    let mut world = World::new();
    let request = http::Request::post("/org/v2/environments")
        .header("authorization", BASIC.trim_start_matches("authorization: ").trim())
        .body(Bytes::from(r#"{"display_name":"dev"}"#))
        .unwrap();
    assert!(matches!(world.send(&request), Reply::Answer { .. }));
    assert_eq!(
        world.cloud.confluent().changes().iter().filter(|change| change.what == Happened::Created).count(),
        1
    );
    let mut snapshot = world.cloud.snapshot();
    let schemas = || Arc::new(Variants::default());
    let restored = Cloud::restore(schemas(), Config::default(), snapshot.clone()).unwrap();
    let names =
        |cloud: &Cloud| cloud.confluent().objects().filter(|held| held.resource == "environment").count();
    assert_eq!(names(&restored), 1);
    snapshot.as_object_mut().unwrap().remove("confluent");
    let old = Cloud::restore(schemas(), Config::default(), snapshot).unwrap();
    assert_eq!(names(&old), 0);
    world.cloud.reset();
    assert_eq!(names(&world.cloud), 0);
}

#[test]
fn requests_for_other_services_are_not_confluent_s() {
    let mut world = World::new();
    world.call("ListResources", &json!({ "TypeName": LOG_GROUP })).unwrap();
    assert!(world.cloud.confluent().history().is_empty());
    assert_eq!(world.cloud.history().last().and_then(|call| call.operation), Some(Op::ListResources));
    assert!(Confluent::operations().len() > 200);
}
