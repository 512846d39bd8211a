use super::*;
use stack_emulator::{Matcher, Op, What, serve};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Sends raw HTTP/1.1 and reads to the end of the connection; empty if it was cut.
pub(crate) async fn exchange(port: u16, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

async fn cloud_control(port: u16, op: &str, body: &Json) -> String {
    let headers = format!(
        "content-type: application/x-amz-json-1.0\r\nx-amz-target: CloudApiService.{op}\r\n\
         x-amz-date: 20261121T100000Z\r\nauthorization: {}\r\n",
        authorization("cloudcontrolapi", "us-east-1")
    );
    exchange(port, "POST", "/", &headers, &body.to_string()).await
}

#[tokio::test]
async fn the_cloud_answers_on_a_socket_and_obeys_its_commands() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cloud = Arc::new(Mutex::new(World::new().cloud));
    let clock = Arc::new(AtomicI64::new(START));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let now = {
        let clock = clock.clone();
        move || clock.load(Ordering::SeqCst)
    };
    let server = tokio::spawn(serve(listener, cloud.clone(), now, async {
        drop(stopped.await);
    }));

    let create = json!({ "TypeName": LOG_GROUP, "DesiredState": log_group("a").to_string() });
    let answer = cloud_control(port, "CreateResource", &create).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("x-amzn-requestid"), "{answer}");
    clock.fetch_add(60_000, Ordering::SeqCst);
    let state = exchange(port, "GET", "/_sandbox/state", "", "").await;
    assert!(state.contains(r#""identifier":"a""#), "{state}");

    let edit =
        json!({ "type": LOG_GROUP, "identifier": "a", "patch": { "RetentionInDays": 30 } }).to_string();
    assert!(exchange(port, "POST", "/_sandbox/edit", "", &edit).await.contains("200 OK"));
    let get = json!({ "TypeName": LOG_GROUP, "Identifier": "a" });
    assert!(cloud_control(port, "GetResource", &get).await.contains(r#"\"RetentionInDays\":30"#));

    let fault = Fault { when: Matcher::on(Op::GetResource, LOG_GROUP).first(1), what: What::LostReply };
    let fault = serde_json::to_string(&fault).unwrap();
    assert!(exchange(port, "POST", "/_sandbox/fault", "", &fault).await.contains("200 OK"));
    assert_eq!(cloud_control(port, "GetResource", &get).await, "", "the connection is cut");
    assert!(cloud_control(port, "GetResource", &get).await.contains("200 OK"));

    let types = json!({ "tag_lag_ms": 5, "types": [{ "schema": {
        "typeName": "Acme::Own::Thing", "properties": { "Name": { "type": "string" } },
        "primaryIdentifier": ["/properties/Name"], "handlers": { "create": {}, "read": {}, "delete": {}, "list": {} } } }] });
    let answer = exchange(port, "POST", "/_sandbox/config", "", &types.to_string()).await;
    assert!(answer.contains("200 OK"), "{answer}");
    let list = json!({ "TypeName": "Acme::Own::Thing" });
    assert!(cloud_control(port, "ListResources", &list).await.contains("200 OK"), "registered while it runs");
    assert!(exchange(port, "GET", "/_sandbox/config", "", "").await.contains(r#""tag_lag_ms":5"#));
    let wrong = exchange(port, "POST", "/_sandbox/config", "", r#"{"tag_lag":1}"#).await;
    assert!(wrong.contains("400 Bad Request"), "{wrong}");

    let history = exchange(port, "GET", "/_sandbox/history", "", "").await;
    assert!(history.contains("lost reply"), "{history}");
    assert!(exchange(port, "POST", "/_sandbox/edit", "", "{}").await.contains("400 Bad Request"));
    assert!(exchange(port, "GET", "/_sandbox/nope", "", "").await.contains("400 Bad Request"));
    assert!(exchange(port, "POST", "/_sandbox/reset", "", "").await.contains("200 OK"));
    assert!(cloud_control(port, "GetResource", &get).await.contains("ResourceNotFoundException"));
    assert!(exchange(port, "GET", "/elsewhere", "", "").await.contains("404 Not Found"));

    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the port is free again");
}
