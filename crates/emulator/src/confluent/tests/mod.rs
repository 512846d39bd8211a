//! The emulator as a client sees it: real requests through [`Confluent::handle`].

mod catalog;
mod connect;
mod control;
mod coverage;
mod flink;
mod identity;
mod invariants;
mod kafka;
mod links;
mod registry;
mod walk;

use super::*;
use serde_json::json;

/// 2026-11-21T10:00:00Z.
const START: i64 = 1_795_255_200_000;

/// A service, a clock, and a caller.
struct World {
    service: Confluent,
    now: i64,
    host: String,
    authorization: Option<String>,
}

/// What came back.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: HeaderMap,
    bytes: Bytes,
    body: Json,
}

impl Got {
    /// The body of a success.
    #[track_caller]
    fn ok(self) -> Json {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
    fn error(&self) -> (u16, String) {
        let detail = self.body["errors"][0]["detail"].as_str().or_else(|| self.body["message"].as_str());
        (self.status, detail.unwrap_or_default().to_owned())
    }
}

fn basic(key: &str, secret: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{key}:{secret}");
    let encoded: String = text
        .as_bytes()
        .chunks(3)
        .map(|chunk| {
            let bits = (0..3).fold(0_u32, |bits, at| (bits << 8) | u32::from(*chunk.get(at).unwrap_or(&0)));
            let letter = |at: usize| char::from(ALPHABET[((bits >> (18 - 6 * at)) & 63) as usize]);
            (0..4).map(|at| if at <= chunk.len() { letter(at) } else { '=' }).collect::<String>()
        })
        .collect();
    format!("Basic {encoded}")
}

impl World {
    fn new() -> Self {
        Self::with(Config::default())
    }
    fn with(config: Config) -> Self {
        Self {
            service: Confluent::new(config),
            now: START,
            host: "127.0.0.1:4000".to_owned(),
            authorization: Some(basic(SANDBOX_KEY, SANDBOX_SECRET)),
        }
    }

    fn wait(&mut self, ms: i64) {
        self.now += ms;
    }

    fn reply(&mut self, method: &str, path: &str, content: &str, body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.header("content-type", content).body(Bytes::from(body.to_owned())).unwrap();
        self.service.handle(&request, self.now).unwrap()
    }

    fn send(&mut self, method: &str, path: &str, content: &str, body: &str) -> Got {
        let Reply::Answer { response, .. } = self.reply(method, path, content, body) else { panic!("lost") };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.into_body();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Got { status, headers, bytes, body }
    }

    fn get(&mut self, path: &str) -> Got {
        self.send("GET", path, "application/json", "")
    }
    fn post(&mut self, path: &str, body: &Json) -> Got {
        self.send("POST", path, "application/json", &body.to_string())
    }
    fn patch(&mut self, path: &str, body: &Json) -> Got {
        self.send("PATCH", path, "application/json", &body.to_string())
    }
    fn put(&mut self, path: &str, body: &Json) -> Got {
        self.send("PUT", path, "application/json", &body.to_string())
    }
    fn delete(&mut self, path: &str) -> Got {
        self.send("DELETE", path, "application/json", "")
    }

    /// Calls with other credentials.
    fn as_key<T>(&mut self, (key, secret): &(String, String), call: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.authorization.replace(basic(key, secret));
        let outcome = call(self);
        self.authorization = before;
        outcome
    }

    fn environment(&mut self) -> String {
        id(&self.post("/org/v2/environments", &json!({ "display_name": "dev" })).ok())
    }

    fn account(&mut self, name: &str) -> String {
        id(&self.post("/iam/v2/service-accounts", &json!({ "display_name": name })).ok())
    }

    /// A Kafka cluster that is ready.
    fn cluster(&mut self, environment: &str) -> String {
        let cluster = id(&self.post("/cmk/v2/clusters", &cluster_of(environment, "Basic")).ok());
        self.wait(10_000);
        cluster
    }

    /// A key of the deploying user that works.
    fn key(&mut self, resource: &Json) -> (String, String) {
        let owner = self.service.config().user.clone();
        self.key_of(&owner, resource)
    }

    fn key_of(&mut self, owner: &str, resource: &Json) -> (String, String) {
        let body = json!({ "spec": { "display_name": "k", "owner": { "id": owner }, "resource": resource } });
        let made = self.post("/iam/v2/api-keys", &body).ok();
        self.wait(10_000);
        (id(&made), made["spec"]["secret"].as_str().unwrap().to_owned())
    }

    /// Pages through a listing as a client has to.
    fn all(&mut self, path: &str) -> Vec<Json> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..1000 {
            let page = self.get(&next).ok();
            items.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["metadata"]["next"].as_str().unwrap_or_default().split_once(":4000") {
                Some((_, path)) => path.clone_into(&mut next),
                None => return items,
            }
        }
        panic!("no end of pages")
    }

    fn arm(&mut self, when: Matcher, what: What) {
        self.service.inject(Fault { when, what });
    }
}

fn id(object: &Json) -> String {
    object["id"].as_str().unwrap().to_owned()
}

fn cluster_of(environment: &str, kind: &str) -> Json {
    json!({ "spec": { "display_name": "c", "cloud": "AWS", "region": "us-east-1",
        "config": { "kind": kind }, "environment": { "id": environment } } })
}
