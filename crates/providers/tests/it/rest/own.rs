//! Services of users' definitions: keys in headers, tokens that are asked for, and the sandbox, which does not play them.

use super::*;
use stack_core::provider::FailureKind;
use std::sync::atomic::{AtomicI64, Ordering};

const FILE: &str = r#"
provider: desk
endpoints:
  api:
    url: https://desk.example
    auth: { kind: header, name: X-Desk-Key, value: DESK_KEY, prefix: "Token " }
  new:
    url: https://new.desk.example
    auth:
      kind: oauth
      token_url: https://id.desk.example/token
      client_id: DESK_ID
      client_secret: DESK_SECRET
      scope: read write
      also: { audience: "https://desk.example" }
resources:
  - name: desk.old.queues
    endpoint: api
    properties: { id: { type: string } }
    identity: [id]
    read: { path: "/queues/{id}" }
  - name: desk.new.queues
    endpoint: new
    properties: { id: { type: string } }
    identity: [id]
    read: { path: "/queues/{id}" }
"#;

const OLD: &str = "desk.old.queues";
const NEW: &str = "desk.new.queues";

struct Own {
    script: Script,
    rest: Rest,
    now_ms: Arc<AtomicI64>,
}

impl Own {
    fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(answers, false)
    }

    fn with(answers: impl IntoIterator<Item = Answer>, sandboxed: bool) -> Self {
        let script = Script::of(answers);
        let definitions = Arc::new(Definitions::with([("desk.yaml", FILE)]).expect("right definitions"));
        let variables = [("DESK_KEY", "k3y-5ecret"), ("DESK_ID", "me"), ("DESK_SECRET", SECRET)];
        let variables =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let settings = RestSettings { variables, sandboxed, ..RestSettings::default() };
        let now_ms = Arc::new(AtomicI64::new(NOW_MS));
        let clock = Arc::clone(&now_ms);
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        Self { rest: Rest::new(definitions, script.transport(), None, settings, clock), script, now_ms }
    }

    async fn read(&self, ty: &str) -> Result<Option<Found>, Failure> {
        let at = Target { provider: "desk".into(), ..place() };
        let key = Key::Primary(Identifier { parts: vec![("id".to_owned(), "q-1".to_owned())] });
        self.rest.read(&at, &ty.into(), &key).await
    }

    /// Host, path and credential of each request.
    fn sent(&self) -> Vec<String> {
        let sent = self.script.sent();
        let line = |one: &Sent| format!("{} {}", one.uri, one.header("authorization"));
        sent.iter().map(line).collect()
    }
}

fn queue() -> Answer {
    reply(200, json!({"id": "q-1"}))
}

fn token(text: &str) -> Answer {
    reply(200, json!({"access_token": text, "token_type": "bearer", "expires_in": 600}))
}

#[tokio::test]
async fn a_key_goes_into_the_header_that_the_definition_names() {
    let own = Own::of([queue()]);
    own.read(OLD).await.unwrap();
    let sent = own.script.only();
    assert_eq!((sent.header("x-desk-key"), sent.header("authorization")), ("Token k3y-5ecret", ""));
}

/// RFC 6749 sections 2.3.1 and 4.4.2.
#[tokio::test]
async fn a_token_is_asked_for_once_and_again_before_it_ends() {
    let own = Own::of([token("t0ken-1"), queue(), queue(), token("t0ken-2"), queue()]);
    own.read(NEW).await.unwrap();
    own.read(NEW).await.unwrap();
    own.now_ms.fetch_add(580_000, Ordering::Relaxed);
    own.read(NEW).await.unwrap();
    let asked = format!("https://id.desk.example/token Basic {}", "bWU6UzNjcjN0UGw0bnQ=");
    let read = |token: &str| format!("https://new.desk.example/queues/q-1 Bearer {token}");
    assert_eq!(own.sent(), [asked.clone(), read("t0ken-1"), read("t0ken-1"), asked, read("t0ken-2")]);
    assert_eq!(
        own.script.sent()[0].body,
        "grant_type=client_credentials&scope=read%20write&audience=https%3A%2F%2Fdesk.example"
    );
}

#[tokio::test]
async fn a_token_that_was_called_back_is_replaced_once() {
    let refused = || reply(401, json!({"message": "expired"}));
    let own = Own::of([token("t0ken-1"), queue(), refused(), token("t0ken-2"), queue()]);
    own.read(NEW).await.unwrap();
    assert!(own.read(NEW).await.unwrap().is_some());
    assert_eq!(own.script.sent().len(), 5);
    // A new one that is refused is not asked for again.
    let own = Own::of([token("t0ken-1"), refused()]);
    assert_eq!(own.read(NEW).await.unwrap_err().kind, FailureKind::Credentials);
    assert_eq!(own.script.sent().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_not_given_is_told_without_the_secret() {
    let words = format!("client {SECRET} is unknown");
    let own = Own::of([reply(400, json!({"error": "invalid_client", "error_description": words}))]);
    let failure = own.read(NEW).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("DESK_SECRET") && !failure.message.contains(SECRET), "{failure}");
    let own = Own::of([with_headers(200, &[], "<html>log in</html>")]);
    let failure = own.read(NEW).await.unwrap_err();
    assert!(failure.message.contains("holds no `access_token`"), "{failure}");
}

#[tokio::test]
async fn what_a_service_repeats_of_a_credential_is_covered() {
    let own = Own::of([reply(403, json!({"message": "key k3y-5ecret has no role"}))]);
    let failure = own.read(OLD).await.unwrap_err();
    assert!(failure.message.contains("key (sensitive) has no role"), "{failure}");
}

#[tokio::test]
async fn the_sandbox_asks_no_service_of_a_user() {
    let own = Own::with([], true);
    let failure = own.read(OLD).await.unwrap_err();
    assert!(failure.message.contains("the sandbox does not play"), "{failure}");
    assert!(own.script.sent().is_empty());
}
