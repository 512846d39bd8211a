//! What people, files and services get wrong with REST services: each is told with its cause, its place and what to do next, and
//! nothing is changed. The snapshots are the messages; read them as somebody who meets them.
#![expect(clippy::unwrap_used, reason = "an answer of another shape is a failed test")]

use crate::common::{Place, Ran, Served};
use crate::desk::{Answer, Desk};
use crate::own_service::helpdesk;
use regex_lite::Regex;
use std::fmt::Write;

const DEFINITION: &str = "helpdesk/definitions/desk.yaml";
const MANIFEST: &str = "helpdesk/stackql_manifest.yml";

/// Messages of one kind of bad input.
#[derive(Default)]
struct Book(String);

impl Book {
    /// Runs a command that must end badly, and writes down what it says. Nothing may be changed; `asks` says whether anything may
    /// be asked.
    fn enter(&mut self, title: &str, place: &Place, desk: &Desk, line: &str, asks: bool) {
        desk.history();
        let ran = place.run(line);
        let history = desk.history();
        assert!(![0, 101, 134].contains(&ran.code), "{title}: {ran}");
        assert!(!ran.err.contains("panicked") && !ran.err.contains("SD9001"), "{title}: {ran}");
        assert_eq!(history.iter().filter(|one| one.method != "GET").count(), 0, "{title}: {ran}");
        assert!(asks || history.is_empty(), "{title} asked: {history:?}");
        self.write(title, &ran);
    }
}

impl Book {
    fn write(&mut self, title: &str, ran: &Ran) {
        let id = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
        let said = id.replace_all(ran.err.trim_end(), "[ID]");
        let said = Regex::new(r" \(os error \d+\)").unwrap().replace_all(&said, "").into_owned();
        write!(self.0, "## {title}\nexit {}\n{said}\n", ran.code).unwrap();
    }
}

/// The tutorial's files, one of them changed.
fn spoilt(file: &str, from: &str, to: &str) -> (Place, Desk) {
    let (place, desk) = helpdesk();
    let text = place.read(file);
    assert!(text.contains(from), "{from}");
    place.write(file, &text.replacen(from, to, 1));
    (place, desk)
}

/// What is wrong with definition files is told before anything is asked.
#[test]
fn definition_files() {
    let mut book = Book::default();
    for (title, from, to) in [
        ("a key that there is not", "read_only: true }\n      name", "readonly: true }\n      name"),
        ("a key of the wrong kind of thing", "identity: [id]", "identity: [id]\n    url: /v1"),
        ("a value of the wrong type", "max_length: 60", "max_length: sixty"),
        ("a list where one value stands", "natural_key: [name]", "natural_key: name"),
        ("an unknown kind of auth", "kind: bearer, token: DESK_TOKEN", "kind: bearr, token: DESK_TOKEN"),
        ("auth without its variable", "kind: bearer, token: DESK_TOKEN", "kind: bearer"),
        ("a secret in the place of a variable", "token: DESK_TOKEN", "token: s3cr3t-5ecret-token"),
        ("a path without a slash", "create: { path: /v1/queues }", "create: { path: v1/queues }"),
        ("a path with parameters", "list: { path: /v1/queues }", "list: { path: \"/v1/queues?limit=2\" }"),
        (
            "a path parameter that nothing gives",
            "read: { path: \"/v1/queues/{id}\" }",
            "read: { path: \"/v1/queues/{number}\" }",
        ),
        (
            "a create that needs what only the service knows",
            "create: { path: /v1/queues }",
            "create: { method: PUT, path: \"/v1/queues/{id}\" }",
        ),
        (
            "a brace that is not closed",
            "read: { path: \"/v1/queues/{id}\" }",
            "read: { path: \"/v1/queues/{id\" }",
        ),
        ("a regular expression that is none", "max_length: 60", "max_length: 60, pattern: \"[a-\""),
        ("an enum of another type", "minimum: 1, maximum: 9", "enum: [low, high]"),
        ("bounds that exclude everything", "minimum: 1, maximum: 9", "minimum: 9, maximum: 1"),
        ("two identities", "identity: [id]", "identity: [id]\n    identity: [name]"),
        ("one part of an identity twice", "identity: [queue, number]", "identity: [queue, queue]"),
        ("an identity that is no property", "identity: [id]", "identity: [ident]"),
        (
            "a property that is written twice",
            "      state: {",
            "      name: { type: string }\n      state: {",
        ),
        (
            "two properties with one spelling",
            "labels: { type: array,",
            "labels: { type: array, aliases: [Priority],",
        ),
        (
            "read-only and required",
            "id: { type: string, read_only: true }",
            "id: { type: string, read_only: true, required: true }",
        ),
        ("nothing to find it by", "    natural_key: [name]\n", ""),
        ("an endpoint that there is not", "endpoint: api", "endpoint: ap"),
        (
            "an endpoint that is nowhere",
            "    url: https://desk.example.com\n    url_variable: DESK_URL\n",
            "",
        ),
        ("an address with a password", "https://desk.example.com", "https://me:pw@desk.example.com"),
        (
            "a circle",
            "tickets/{number}\" }\n    list",
            "tickets/{number}\", parent: { resource: desk.support.tickets, identity: { queue: queue, number: number } } }\n    list",
        ),
        (
            "a parent that there is not",
            "tickets/{number}\" }\n    list",
            "tickets/{number}\", parent: { resource: desk.support.queue, identity: { id: queue } } }\n    list",
        ),
        ("an unknown kind of body", "body: merge", "body: patch"),
        ("paging without its token", "next: next, ", ""),
        ("a phase that is ready and leaving", "leaving: [CLOSING]", "leaving: [OPEN]"),
        ("no duration", "every: 1s", "every: 1"),
        ("a name that is built in", "name: desk.support.tickets", "name: confluent.org.environments"),
        ("a type of Cloud Control", "name: desk.support.tickets", "name: awscc.s3.buckets"),
        ("one name for two", "name: desk.support.tickets", "name: desk.support.queues"),
        ("a name that is no table", "name: desk.support.tickets", "name: tickets"),
        ("an override of nothing", "description: Something", "override: true\n    description: Something"),
        ("no YAML", "resources:\n", "resources: [\n"),
    ] {
        let (place, desk) = spoilt(DEFINITION, from, to);
        book.enter(title, &place, &desk, "validate helpdesk dev", false);
    }
    let (place, desk) = helpdesk();
    place.write(DEFINITION, "");
    book.enter("an empty file", &place, &desk, "plan helpdesk dev", false);
    let (place, desk) = helpdesk();
    place.write("helpdesk/definitions/again.yaml", &place.read(DEFINITION));
    book.enter("two files with the same in them", &place, &desk, "build --yes helpdesk dev", false);
    let (place, desk) = helpdesk();
    book.enter(
        "a folder that is not there",
        &place,
        &desk,
        "schema desk.support.queues --definitions nowhere",
        false,
    );
    insta::assert_snapshot!(book.0);
}

/// What is wrong with manifests is found offline.
#[test]
fn manifests() {
    let mut book = Book::default();
    for (title, from, to) in [
        ("an unknown property", "priority: 3", "prioritee: 3"),
        ("a range", "priority: 3", "priority: 12"),
        ("the wrong type", "labels: [money, urgent]", "labels: money"),
        ("a missing property", "      subject: Say hello\n", ""),
        ("a read-only property", "priority: 3", "state: OPEN"),
        (
            "a text that is too long",
            "billing-{{ stack_env }}",
            &format!("{}-{{{{ stack_env }}}}", "b".repeat(60)),
        ),
        ("one property in two forms", "priority: 3", "priority: 3\n      settings: { priority: 4 }"),
        (
            "an identifier with too few parts",
            "    type: desk.support.tickets\n",
            "    type: desk.support.tickets\n    identifier: \"7\"\n",
        ),
        ("a type that is nearly right", "desk.support.queues", "desk.support.queue_s"),
        ("a service that nothing describes", "desk.support.queues", "bench.support.queues"),
        (
            "an unknown kind of auth",
            "    type: desk.support.queues\n",
            "    type: desk.support.queues\n    auth: { type: oauth3, credentialsenvvar: X }\n",
        ),
        (
            "auth without a variable",
            "    type: desk.support.queues\n",
            "    type: desk.support.queues\n    auth: { type: basic, username_var: DESK_USER }\n",
        ),
        (
            "a secret in auth",
            "    type: desk.support.queues\n",
            "    type: desk.support.queues\n    auth: { type: basic, username: me, password: s3cr3t }\n",
        ),
        (
            "a variable of auth that nothing defines",
            "    type: desk.support.queues\n",
            "    type: desk.support.queues\n    auth: { type: bearer, credentialsenvvar: NOWHERE }\n",
        ),
        (
            "a variable of auth that is not known yet",
            "      subject: Say hello\n",
            "      subject: Say hello\n    auth: { type: bearer, credentialsenvvar: id }\n",
        ),
    ] {
        let (place, desk) = spoilt(MANIFEST, from, to);
        book.enter(title, &place, &desk, "plan helpdesk dev", false);
    }
    let confluent = |title: &str, resource: &str, book: &mut Book| {
        let (place, desk) = helpdesk();
        place.manifest(&format!(
            "version: 1\nname: s\nproviders: [confluent]\nresources:\n  - name: it\n{resource}"
        ));
        book.enter(title, &place, &desk, "plan helpdesk dev", false);
    };
    for (title, resource) in [
        (
            "no environment",
            "    type: confluent.provider_integrations.integrations\n    props: { config: { kind: AwsIntegrationConfig, customer_iam_role_arn: arn:aws:iam::123456789012:role/r } }\n",
        ),
        (
            "a wrong enum",
            "    type: kafka.kafka.acls\n    props: { cluster_id: lkc-1, resource_type: TOPICS, resource_name: t, pattern_type: LITERAL, principal: \"User:sa-1\", host: \"*\", operation: READ, permission: ALLOW }\n",
        ),
        (
            "a mask",
            "    type: confluent.connect.connectors\n    props: { environment_id: env-1, kafka_cluster_id: lkc-1, name: c, config: { connector.class: DatagenSource, kafka.api.secret: \"****************\" } }\n",
        ),
        ("known elsewhere, and not described here", "    type: confluent.catalog.tags\n    props: {}\n"),
        (
            "a bad principal",
            "    type: kafka.kafka.acls\n    props: { cluster_id: lkc-1, resource_type: TOPIC, resource_name: t, pattern_type: LITERAL, principal: sa-1, host: \"*\", operation: READ, permission: ALLOW }\n",
        ),
    ] {
        confluent(title, resource, &mut book);
    }
    insta::assert_snapshot!(book.0);
}

/// Hosts that are not there, keys that do not fit, and answers that are none.
#[test]
fn services() {
    let mut book = Book::default();
    for (title, url) in [
        ("plain HTTP to another machine", "http://desk.example.com"),
        ("no address", "desk at example"),
        ("another scheme", "ftp://desk.example.com"),
    ] {
        let (mut place, desk) = helpdesk();
        place.set("DESK_URL", url);
        book.enter(title, &place, &desk, "build --yes helpdesk dev", false);
    }
    let (mut place, desk) = helpdesk();
    place.set("DESK_URL", "http://127.0.0.1:9");
    book.enter("a host that is not there", &place, &desk, "build --yes --timeout 2s helpdesk dev", false);
    let (mut place, desk) = helpdesk();
    place.set("DESK_TOKEN", "");
    book.enter("no token", &place, &desk, "build --yes helpdesk dev", false);
    let (mut place, desk) = helpdesk();
    place.set("DESK_TOKEN", "another-t0ken-5ecret");
    book.enter("a token that is refused (401)", &place, &desk, "build --yes helpdesk dev", true);
    let html = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
    let list = "GET /v1/queues?";
    let loops = |desk: &Desk| Answer::of(302, "").with("location", &format!("{}/v1/queues?again", desk.url));
    let elsewhere = |_: &Desk| Answer::of(307, "").with("location", "https://evil.example.net/v1/queues");
    let plain = |status: u16, body: &'static str| move |_: &Desk| Answer::of(status, body);
    type Make<'a> = Box<dyn Fn(&Desk) -> Answer + 'a>;
    let answers: Vec<(&str, Make<'_>)> = vec![
        ("403 is no absence", Box::new(plain(403, r#"{"error": {"message": "not for you"}}"#))),
        (
            "a 404 of a gateway is no absence",
            Box::new(move |_| Answer::of(404, html).with("content-type", "text/html")),
        ),
        (
            "a page in place of an answer",
            Box::new(move |_| Answer::of(200, html).with("content-type", "text/html")),
        ),
        ("no JSON", Box::new(plain(200, "queues: none"))),
        ("JSON that is cut off", Box::new(plain(200, r#"{"items": [{"id": "q-1", "na"#))),
        ("an empty body", Box::new(plain(200, ""))),
        ("a list without its items", Box::new(plain(200, r#"{"queues": []}"#))),
        ("items that are no objects", Box::new(plain(200, r#"{"items": [1, "two", null], "next": null}"#))),
        (
            "an item without its id",
            Box::new(plain(200, r#"{"items": [{"name": "billing-dev"}], "next": null}"#)),
        ),
        ("pages that never end", Box::new(plain(200, r#"{"items": [], "next": "2"}"#))),
        ("redirects in a circle", Box::new(loops)),
        ("a redirect to somebody else", Box::new(elsewhere)),
        (
            "a refusal (400)",
            Box::new(plain(400, r#"{"errors": [{"detail": "limit must be even", "code": "BAD_LIMIT"}]}"#)),
        ),
        (
            "a refusal that repeats the token",
            Box::new(|_| {
                Answer::of(403, format!("{{\"message\": \"token {} has no role\"}}", crate::desk::TOKEN))
            }),
        ),
        ("an answer that is too large", Box::new(|_| Answer::of(200, vec![b' '; (64 << 20) + 1]))),
    ];
    for (title, make) in answers {
        let (place, desk) = helpdesk();
        desk.instead(list, make(&desk));
        book.enter(title, &place, &desk, "build --yes --timeout 90s helpdesk dev", true);
    }
    let (place, desk) = helpdesk();
    desk.plant("q-8", "billing-dev");
    desk.plant("q-9", "billing-dev");
    book.enter("two of one name", &place, &desk, "build --yes helpdesk dev", true);
    let (mut place, desk) = helpdesk();
    place.manifest("version: 1\nname: s\nproviders: [confluent]\nresources:\n  - name: it\n    type: confluent.org.environments\n    props: { display_name: it }\n");
    let served = Served::start(&mut place);
    let endpoint = served.endpoint();
    place.set("CONFLUENT_CLOUD_ENDPOINT", &endpoint);
    place.set("CONFLUENT_CLOUD_API_KEY", "KAFKAKEY12345678");
    place.set("CONFLUENT_CLOUD_API_SECRET", "k4fk4-5ecret");
    book.enter("a key of the wrong plane", &place, &desk, "build --yes helpdesk dev", false);
    insta::assert_snapshot!(book.0);
}

/// Statements: what the API of AppIntegrations refuses is refused before, and a parent that is not there is named.
#[test]
fn statements() {
    let (mut place, desk) = helpdesk();
    let _served = Served::start(&mut place);
    let mut book = Book::default();
    let associations =
        "SELECT * FROM aws.appintegrations.data_integration_associations WHERE region = 'us-east-1'";
    for (title, sql) in [
        ("an identifier of 256 characters", format!("{associations} AND Identifier = '{}'", "a".repeat(256))),
        ("an empty identifier", format!("{associations} AND Identifier = ''")),
        ("no identifier", associations.to_owned()),
        ("51 results at a time", format!("{associations} AND Identifier = 'x' AND maxResults = 51")),
        (
            "a token of 1001 characters",
            format!("{associations} AND Identifier = 'x' AND nextToken = '{}'", "t".repeat(1001)),
        ),
        ("a parent that is not there", format!("{associations} AND Identifier = 'nothing'")),
        ("a column that there is not", "SELECT nme FROM desk.support.queues".to_owned()),
        ("a table that there is not", "SELECT * FROM desk.support.queus".to_owned()),
        ("a service that there is not", "SELECT * FROM desk.suport.queues".to_owned()),
        ("a table without its parameter", "SELECT * FROM desk.support.tickets".to_owned()),
        ("a table that others know", "SELECT * FROM confluent.catalog.tags".to_owned()),
        ("a write that is not allowed", "DELETE FROM desk.support.queues WHERE id = 'q-1'".to_owned()),
    ] {
        desk.history();
        let ran = place.run_with("query --stack-dir helpdesk", &sql);
        assert!(![0, 101].contains(&ran.code), "{title}: {ran}");
        assert_eq!(desk.writes(), Vec::<String>::new(), "{title}");
        book.write(title, &ran);
    }
    insta::assert_snapshot!(book.0);
}
