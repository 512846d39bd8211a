//! Plans of a REST service: what deletions take along, who uses what, order without references, and how many calls a plan
//! takes (confluent.md sections 4, 10 and 17).

use crate::world::World;
use serde_json::{Value as Json, json};
use stack_core::event::Ended;
use stack_core::plan::{Action, Mode, Plan};
use stack_core::planner::codes;
use stack_emulator::{Config, confluent};

const STACK: &str = r#"
version: 1
name: streams
providers: [confluent]
resources:
  - name: env
    type: confluent.org.environments
    props: { display_name: streams }
  - name: cluster
    type: confluent.managed_kafka_clusters.clusters
    props: { spec: { display_name: main, cloud: AWS, region: REGION, config: { kind: Standard }, environment: { id: "{{ env.id }}" } } }
  - name: orders
    type: kafka.kafka.topics
    props: { cluster_id: "{{ cluster.id }}", topic_name: orders, partitions_count: 6, configs: { retention.ms: "1000" } }
  - name: key
    type: confluent.iam.api_keys
    props: { display_name: main, owner: "{{ app.id }}", resource: "{{ cluster.id }}" }
  - name: app
    type: confluent.iam.service_accounts
    props: { display_name: app, description: an app }
  - name: admin
    type: confluent.iam.role_bindings
    props:
      principal: "User:{{ app.id }}"
      role_name: CloudClusterAdmin
      crn_pattern: "crn://confluent.cloud/organization=1111aaaa-11aa-11aa-11aa-111111aaaaaa/environment={{ env.id }}/cloud-cluster={{ cluster.id }}"
"#;

fn stack(region: &str) -> String {
    STACK.replace("REGION", region)
}

/// Keys and bindings count at once: waiting for them is not what is tried here.
fn config() -> Config {
    let timing = confluent::Timing { key_ms: 0, binding_ms: 0, ..confluent::Timing::default() };
    Config { confluent: confluent::Config { timing, ..confluent::Config::default() }, ..Config::default() }
}

fn world() -> World {
    World::new(&stack("us-east-1"), "dev", config())
}

fn action(plan: &Plan, name: &str) -> Action {
    plan.resources[name].action
}

fn told(plan: &Plan, code: stack_core::diagnostic::Code) -> String {
    let of_code = plan.diagnostics.iter().filter(|told| told.code == code);
    of_code.flat_map(|told| told.notes.iter().map(|(key, text)| format!("{key}: {text}\n"))).collect()
}

/// The deletes and creates that the service was asked for, in order: `DELETE kafka_topic`.
fn writes(world: &World) -> Vec<String> {
    let history = world.exchanges();
    history
        .iter()
        .filter(|call| (call.method == "DELETE" || call.operation == "create") && call.status < 300)
        .map(|call| format!("{} {}", call.method, call.resource))
        .collect()
}

fn at(all: &[String], one: &str) -> usize {
    all.iter().position(|write| write == one).unwrap_or_else(|| panic!("{one} is not in {all:?}"))
}

/// The id of the only object of a resource.
fn only(world: &World, resource: &str) -> String {
    let cloud = world.cloud.lock().unwrap();
    let mut all = cloud.confluent().objects().filter(|held| held.resource == resource && !held.ending);
    let one = all.next().unwrap().key;
    assert!(all.next().is_none(), "one {resource}");
    one
}

#[tokio::test(start_paused = true)]
async fn a_key_outlives_what_is_deleted_with_it() {
    let world = world();
    world.must(Mode::Build).await;
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:#?}", plan.diagnostics);
    world.must(Mode::Teardown).await;
    let all = writes(&world);
    let order = ["kafka_topic", "api_key", "role_binding", "service_account"]
        .map(|name| at(&all, &format!("DELETE {name}")));
    assert!(order.is_sorted(), "trap 15: {all:?}");
    assert!(at(&all, "DELETE kafka_topic") < at(&all, "DELETE kafka_cluster"));
    let cloud = world.cloud.lock().unwrap();
    let left: Vec<String> = cloud.confluent().objects().map(|held| held.resource).collect();
    assert!(left.iter().all(|resource| matches!(resource.as_str(), "organization" | "user")), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_a_replaced_cluster_is_made_anew_and_nothing_of_the_old_one_stays() {
    let world = world();
    world.must(Mode::Build).await;
    let old = only(&world, "kafka_cluster");
    let moved = world.with_manifest(&stack("eu-west-1")).agreeing("cluster");
    let (plan, _) = moved.plan(Mode::Build).await;
    assert!(matches!(action(&plan, "cluster"), Action::Replace(_)), "{:#?}", plan.resources["cluster"]);
    assert!(matches!(action(&plan, "key"), Action::Replace(_)));
    assert!(matches!(action(&plan, "admin"), Action::Replace(_)));
    assert_eq!(action(&plan, "orders"), Action::Create);
    assert_eq!((action(&plan, "env"), action(&plan, "app")), (Action::Noop, Action::Noop));
    assert!(
        told(&plan, codes::GOES_ALONG).contains(&format!("kafka.kafka.topics {old}|orders")),
        "{:#?}",
        plan.diagnostics
    );
    moved.must(Mode::Build).await;
    assert_ne!(only(&moved, "kafka_cluster"), old);
    assert_eq!(only(&moved, "kafka_topic").split('/').next(), Some(only(&moved, "kafka_cluster").as_str()));
    only(&moved, "api_key");
    only(&moved, "role_binding");
    let (plan, _) = moved.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:#?}", plan.diagnostics);
}

/// The requests since the history was cleared, by resource and operation.
fn requests(world: &World) -> std::collections::BTreeMap<String, usize> {
    let cloud = world.cloud.lock().unwrap();
    let mut requests = std::collections::BTreeMap::new();
    for call in cloud.confluent().history() {
        *requests.entry(format!("{} {}", call.resource, call.operation)).or_default() += 1;
    }
    requests
}

fn forget_requests(world: &World) {
    world.cloud.lock().unwrap().confluent_mut().clear_history();
}

/// Many topics cost as much to look at as two: confluent.md section 4.
#[tokio::test(start_paused = true)]
async fn five_hundred_topics_are_planned_with_one_list_and_one_look_at_their_configs() {
    let topic = |number: usize| {
        format!(
            "  - name: t{number}\n    type: kafka.kafka.topics\n    props: {{ cluster_id: \"{{{{ cluster.id }}}}\", \
             topic_name: topic-{number}, configs: {{ retention.ms: \"{}\" }} }}\n",
            1000 + number
        )
    };
    let many = |count: usize| stack("us-east-1") + &(0..count).map(topic).collect::<String>();
    let world = World::new(&many(500), "dev", config());
    let (plan, _) = world.plan(Mode::Build).await;
    assert_eq!(action(&plan, "t499"), Action::Create);
    assert!(requests(&world).keys().all(|call| !call.starts_with("kafka_topic")), "{:?}", requests(&world));
    world.must(Mode::Build).await;
    forget_requests(&world);
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked(), "{:#?}", plan.diagnostics.first());
    let asked = requests(&world);
    let of_topics: Vec<_> = asked.iter().filter(|(call, _)| call.starts_with("kafka_topic")).collect();
    assert_eq!(
        of_topics,
        [(&"kafka_topic list".to_owned(), &1), (&"kafka_topic_config list".to_owned(), &1)]
    );
    // What a list does not show is read; what differs is seen.
    let lkc = only(&world, "kafka_cluster");
    assert!(world.cloud.lock().unwrap().confluent_mut().edit(
        "kafka_topic",
        &format!("{lkc}/topic-7"),
        &Json::Null
    ));
    let changed = many(500).replace("retention.ms: \"1008\"", "retention.ms: \"5\"");
    let world = world.with_manifest(&changed);
    forget_requests(&world);
    let (plan, _) = world.plan(Mode::Build).await;
    assert_eq!(
        (action(&plan, "t7"), action(&plan, "t8"), action(&plan, "t9")),
        (Action::Create, Action::Update, Action::Noop)
    );
    let asked = requests(&world);
    assert_eq!((asked["kafka_topic list"], asked["kafka_topic read"]), (1, 1), "{asked:?}");
}

/// A list shows for a while what is gone; only a read says that it is there (trap 44).
#[tokio::test(start_paused = true)]
async fn topics_that_were_torn_down_a_moment_ago_are_made_again() {
    let mut ghostly = config();
    ghostly.confluent.lags.ghost_ms = 15_000;
    let world = World::new(&stack("us-east-1"), "dev", ghostly);
    world.must(Mode::Build).await;
    let lkc = only(&world, "kafka_cluster");
    let topic = |n: u8| {
        format!(
            "  - name: t{n}\n    type: kafka.kafka.topics\n    props: {{ cluster_id: {lkc}, topic_name: topic-{n} }}\n"
        )
    };
    let mine =
        "version: 1\nname: alone\nproviders: [confluent]\nresources:\n".to_owned() + &topic(1) + &topic(2);
    let world = world.with_manifest(&mine).agreeing("t1").agreeing("t2");
    world.must(Mode::Build).await;
    world.must(Mode::Teardown).await;
    let (plan, _) = world.plan(Mode::Build).await;
    assert_eq!((action(&plan, "t1"), action(&plan, "t2")), (Action::Create, Action::Create));
    world.must(Mode::Build).await;
    forget_requests(&world);
    // A minute later one list says it all again.
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked());
    assert_eq!(requests(&world).get("kafka_topic read"), None);
}

/// Makes something beside the stack.
async fn made(world: &World, ty: &str, props: Json) -> String {
    world.start_at("confluent", ty, &props).await
}

#[tokio::test(start_paused = true)]
async fn an_environment_with_a_foreign_cluster_is_not_torn_down() {
    let world = world();
    world.must(Mode::Build).await;
    let env = only(&world, "environment");
    let props = json!({"display_name": "theirs", "cloud": "AWS", "region": "us-east-1", "config": {"kind": "Basic"}, "environment": env});
    let foreign = made(&world, "confluent.managed_kafka_clusters.clusters", props).await;
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert_eq!(action(&plan, "env"), Action::Blocked, "trap 80");
    let words = told(&plan, codes::TAKES_ALONG);
    assert!(words.contains(&format!("{foreign} (theirs)")) && !words.contains("(main)"), "{words}");
    // A topic that is not of the stack goes with its cluster.
    let lkc = only_named(&world, "kafka_cluster", "main");
    made(&world, "kafka.kafka.topics", json!({"cluster_id": lkc, "topic_name": "by-hand"})).await;
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert_eq!(action(&plan, "cluster"), Action::Blocked);
    assert!(told(&plan, codes::TAKES_ALONG).contains(&format!("{lkc}|by-hand")));
    let agreed = world.agreeing("env").agreeing("cluster");
    agreed.must(Mode::Teardown).await;
    assert_eq!(
        agreed
            .cloud
            .lock()
            .unwrap()
            .confluent()
            .objects()
            .filter(|held| held.resource == "kafka_cluster")
            .count(),
        0
    );
}

fn only_named(world: &World, resource: &str, name: &str) -> String {
    let cloud = world.cloud.lock().unwrap();
    let mut all = cloud
        .confluent()
        .objects()
        .filter(|held| held.resource == resource && held.body["spec"]["display_name"] == name);
    all.next().unwrap().key
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_a_foreign_connector_uses_is_not_deleted() {
    let manifest = format!(
        "{}{}",
        stack("us-east-1"),
        r#"  - name: integration
    type: confluent.provider_integrations.integrations
    props:
      display_name: s3
      environment: "{{ env.id }}"
      config: { kind: AwsIntegrationConfig, customer_iam_role_arn: "arn:aws:iam::123456789012:role/r" }
"#
    );
    let world = World::new(&manifest, "dev", config());
    world.must(Mode::Build).await;
    let integration = only(&world, "provider_integration_v1");
    let props = json!({
        "environment_id": only(&world, "environment"), "kafka_cluster_id": only(&world, "kafka_cluster"), "name": "sink",
        "config": {"connector.class": "S3_SINK", "name": "sink", "kafka.auth.mode": "SERVICE_ACCOUNT",
            "kafka.service.account.id": only(&world, "service_account"), "topics": "orders", "tasks.max": "1",
            "input.data.format": "JSON", "output.data.format": "JSON", "s3.bucket.name": "b", "time.interval": "HOURLY",
            "provider.integration.id": integration},
    });
    made(&world, "confluent.connect.connectors", props).await;
    let (plan, _) = world.plan(Mode::Teardown).await;
    assert_eq!(action(&plan, "integration"), Action::Blocked);
    assert!(told(&plan, codes::IN_USE).contains("/connector=sink"), "{:#?}", plan.diagnostics);
    assert!(told(&plan, codes::TAKES_ALONG).contains("|sink"), "it goes with the cluster too");
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes() && !plan.is_blocked(), "a use is no drift: {:#?}", plan.diagnostics);
}

const ACCOUNT: &str = r#"
version: 1
name: lossy
providers: [confluent]
resources:
  - name: app
    type: confluent.iam.service_accounts
    props: { display_name: app, description: WORDS }
"#;

fn account(words: &str) -> String {
    ACCOUNT.replace("WORDS", words)
}

/// A cloud that does not hear the first calls of one operation.
fn deaf_to(operation: &str, times: u32) -> Config {
    let when = confluent::Matcher::on(operation, "service_account").first(times);
    let fault = confluent::Fault { when, what: confluent::What::LostRequest };
    Config {
        confluent: confluent::Config { faults: vec![fault], ..confluent::Config::default() },
        ..Config::default()
    }
}

/// How often a method was carried out.
fn carried_out(world: &World, method: &str) -> usize {
    let cloud = world.cloud.lock().unwrap();
    let history = cloud.confluent().history().iter();
    history.filter(|call| call.method == method && (200..300).contains(&call.status)).count()
}

/// Calls of one submit: the first, and its repeats.
const CALLS: u32 = 7;

#[tokio::test(start_paused = true)]
async fn an_update_without_an_answer_is_settled_by_reads() {
    for rounds in [1, 2] {
        let world = World::new(&account("one"), "dev", deaf_to("update", rounds * CALLS));
        world.must(Mode::Build).await;
        let world = world.with_manifest(&account("two"));
        let (outcome, _) = world.run(Mode::Build).await;
        if rounds == 1 {
            assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
        } else {
            // Nobody knows; the next run reads, and does what is left to do.
            assert_eq!(outcome.ended, Ended::Failed { changed: true });
            assert_eq!(outcome.unknown().count(), 1, "{:?}", outcome.steps);
            world.close().await;
            world.must(Mode::Build).await;
        }
        assert_eq!(carried_out(&world, "PATCH"), 1, "{rounds}");
        assert!(!world.plan(Mode::Build).await.0.has_changes());
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_without_an_answer_is_settled_by_reads() {
    for rounds in [1, 2] {
        let world = World::new(&account("one"), "dev", deaf_to("delete", rounds * CALLS));
        world.must(Mode::Build).await;
        let (outcome, _) = world.run(Mode::Teardown).await;
        if rounds == 1 {
            assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
        } else {
            assert_eq!(outcome.unknown().count(), 1, "{:?}", outcome.steps);
            world.close().await;
            world.must(Mode::Teardown).await;
        }
        assert_eq!(carried_out(&world, "DELETE"), 1, "{rounds}");
        assert!(!world.plan(Mode::Teardown).await.0.has_changes());
    }
}
