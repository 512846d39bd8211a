//! The engine against the emulated Confluent Cloud, which knows nothing of definitions.

use super::*;
use stack_core::diff::{DiffContext, diff};
use stack_core::provider::Status;
use stack_core::value::Value;
use stack_emulator::Reply;
use stack_emulator::confluent::{Chaos, Config, Confluent, SANDBOX_KEY, SANDBOX_SECRET};
use stack_providers::{InProcess, TransportError, TransportErrorKind};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const CONNECTOR: &str = "confluent.connect.connectors";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";

/// The emulation and a client of it, on one clock.
struct Cloud {
    service: Arc<Mutex<Confluent>>,
    rest: Rest,
    now: Arc<AtomicI64>,
}

/// A client whose environment has these variables.
fn client(service: &Arc<Mutex<Confluent>>, now: &Arc<AtomicI64>, more: &[(&str, &str)]) -> Rest {
    let (service, tick, clock) = (Arc::clone(service), Arc::clone(now), Arc::clone(now));
    let transport = InProcess::new(move |mut request: http::Request<Bytes>| {
        let host = request.uri().authority().expect("a host").to_string();
        request.headers_mut().insert("host", host.parse().expect("a header"));
        let reply = service.lock().expect("lock").handle(&request, tick.load(Ordering::SeqCst));
        async move {
            match reply.expect("a request for Confluent") {
                Reply::Answer { response, .. } => Ok(response),
                Reply::Lost { .. } => Err(TransportError::new(TransportErrorKind::Timeout, "no answer")),
            }
        }
    });
    let usual = [
        ("CONFLUENT_CLOUD_API_KEY", SANDBOX_KEY),
        ("CONFLUENT_CLOUD_API_SECRET", SANDBOX_SECRET),
        ("CONFLUENT_CLOUD_ENDPOINT", "http://127.0.0.1:4000"),
    ];
    let variables: BTreeMap<String, String> =
        usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = RestSettings { variables, ..RestSettings::default() };
    let definitions = Arc::new(Definitions::embedded().clone());
    Rest::new(
        definitions,
        Arc::new(transport),
        None,
        settings,
        Arc::new(move || clock.load(Ordering::SeqCst)),
    )
}

impl Cloud {
    fn new(config: Config) -> Self {
        // 2026-11-21T10:00:00Z.
        let now = Arc::new(AtomicI64::new(1_795_255_200_000));
        let service = Arc::new(Mutex::new(Confluent::new(config)));
        let rest = client(&service, &now, &[]);
        Self { service, rest, now }
    }

    /// Another run, whose environment has more variables.
    fn again(&self, more: &[(&str, &str)]) -> Self {
        let rest = client(&self.service, &self.now, more);
        Self { service: Arc::clone(&self.service), rest, now: Arc::clone(&self.now) }
    }

    async fn wait(&self, seconds: u64) {
        self.now.fetch_add(i64::try_from(seconds * 1000).expect("small"), Ordering::SeqCst);
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    async fn submit(&self, operation: &Operation) -> Progress {
        let told = self.rest.submit(&place(), operation, &ClientToken::new("t")).await;
        let mut told = told.expect("accepted");
        for _ in 0..500 {
            if told.status.is_terminal() {
                break;
            }
            self.wait(15).await;
            told = self.rest.poll(&place(), &told.request).await.expect("a state");
        }
        assert_eq!(told.status, Status::Success, "{operation:?}: {told:?}");
        self.wait(120).await;
        told
    }

    async fn see(&self, ty: &str, identifier: &Identifier) -> Option<Json> {
        let key = Key::Primary(identifier.clone());
        let found = self.rest.read(&place(), &of(ty), &key).await.expect("an answer")?;
        assert_eq!(found.identifier, *identifier);
        Some(found.model)
    }

    /// Reads one and finds no drift.
    async fn same(&self, ty: &str, identifier: &Identifier, props: Json) -> Json {
        let model = self.see(ty, identifier).await.expect("it is there");
        let definition = Arc::clone(self.rest.definitions().get(&of(ty)).expect("a definition"));
        let schema = definition.schema();
        let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
        let found = diff(&context, &definition.normal(Value::from(props)), &model);
        assert!(found.changes.is_empty(), "{ty}: {:#?} {model}", found.changes);
        model
    }

    /// Makes one and finds no drift. Gives its identifier and its model.
    async fn make(&self, ty: &str, props: Json) -> (Identifier, Json) {
        let ended = self.submit(&Operation::Create { ty: of(ty), props: props.clone() }).await;
        let identifier = id(ty, &ended.identifier.expect("an identifier"));
        let model = self.same(ty, &identifier, props).await;
        (identifier, model)
    }

    async fn change(&self, ty: &str, identifier: &Identifier, patch: Json, props: Json) {
        self.submit(&Operation::Update { ty: of(ty), identifier: identifier.clone(), patch }).await;
        self.same(ty, identifier, props).await;
    }

    async fn remove(&self, ty: &str, identifier: &Identifier) {
        self.submit(&Operation::Delete { ty: of(ty), identifier: identifier.clone() }).await;
        assert_eq!(self.see(ty, identifier).await, None, "{ty}");
    }

    /// Makes, changes and removes one.
    async fn life(&self, ty: &str, props: Json, at: &str, value: Json, after: Json) {
        let (identifier, _) = self.make(ty, props).await;
        self.change(ty, &identifier, replace(at, value), after).await;
        self.remove(ty, &identifier).await;
    }

    /// All names that a list shows; `None` if a page has no answer.
    async fn names(&self, ty: &str, model: &Json) -> Option<Vec<String>> {
        let (mut page, mut names) = (None, Vec::new());
        loop {
            let one = self.rest.list(&place(), &of(ty), Some(model), page.as_deref()).await.ok()?;
            names.extend(one.found.into_iter().map(|found| found.model["display_name"].to_string()));
            match one.next {
                Some(next) => page = Some(next),
                None => return Some(names),
            }
        }
    }

    async fn environment(&self) -> String {
        let props = json!({"display_name": "e", "stream_governance_config": {"package": "ADVANCED"}});
        part(&self.make(ENVIRONMENT, props).await.0, "id")
    }

    async fn cluster(&self, env: &str) -> String {
        let props = json!({"display_name": "c", "cloud": "AWS", "region": "us-east-1", "config": {"kind": "Standard"}, "environment": env});
        part(&self.make(CLUSTER, props).await.0, "id")
    }

    async fn account(&self) -> (Identifier, String) {
        let (account, _) = self.make(ACCOUNT, json!({"display_name": "app", "description": "an app"})).await;
        let id = part(&account, "id");
        (account, id)
    }
}

fn part(identifier: &Identifier, name: &str) -> String {
    let found = identifier.parts.iter().find(|(part, _)| part == name);
    found.map(|(_, value)| value.clone()).expect("a part")
}

fn replace(at: &str, value: Json) -> Json {
    json!([{"op": "replace", "path": at, "value": value}])
}

/// A stack in one run: the key that it makes opens the cluster that it makes.
#[tokio::test(start_paused = true)]
async fn a_whole_stack_lives_and_dies() {
    let cloud = Cloud::new(Config { encoded_crns: true, connector_flap: true, ..Config::default() });
    let props = json!({"display_name": "prod", "stream_governance_config": {"package": "ESSENTIALS"}});
    let (environment, _) = cloud.make(ENVIRONMENT, props).await;
    let env = part(&environment, "id");
    let renamed = json!({"display_name": "prod2"});
    cloud.change(ENVIRONMENT, &environment, replace("/display_name", json!("prod2")), renamed).await;
    let spec = json!({"display_name": "main", "availability": "SINGLE_ZONE", "cloud": "AWS", "region": "us-east-1",
        "config": {"kind": "Basic"}, "environment": {"id": env}});
    let (cluster, _) = cloud.make(CLUSTER, json!({"spec": spec})).await;
    let lkc = part(&cluster, "id");
    let standard = json!({"config": {"kind": "Standard"}, "environment": env});
    cloud.change(CLUSTER, &cluster, replace("/config/kind", json!("Standard")), standard).await;
    let (account, sa) = cloud.account().await;
    let described = json!({"description": "the app"});
    cloud.change(ACCOUNT, &account, replace("/description", json!("the app")), described).await;
    let crn = format!(
        "crn://confluent.cloud/organization={}/environment={env}/cloud-cluster={lkc}",
        Config::default().organization
    );
    let binding =
        json!({"principal": format!("User:{sa}"), "role_name": "CloudClusterAdmin", "crn_pattern": crn});
    let (binding, _) = cloud.make(BINDING, binding).await;
    let (key, _) = cloud.make(KEY, json!({"display_name": "k", "owner": sa, "resource": lkc})).await;
    cloud.wait(300).await;
    let topic = json!({"cluster_id": lkc, "topic_name": "orders", "partitions_count": 3, "configs": {"retention.ms": "1000"}});
    let (topic, _) = cloud.make(TOPIC, topic).await;
    let patch = json!([
        {"op": "replace", "path": "/partitions_count", "value": 6},
        {"op": "replace", "path": "/configs/retention.ms", "value": "2000"},
        {"op": "add", "path": "/configs/cleanup.policy", "value": "compact"},
    ]);
    let after =
        json!({"partitions_count": 6, "configs": {"retention.ms": 2000, "cleanup.policy": "compact"}});
    cloud.change(TOPIC, &topic, patch, after).await;
    let acl = json!({"cluster_id": lkc, "resource_type": "TOPIC", "resource_name": "orders", "pattern_type": "LITERAL",
        "principal": format!("User:{sa}"), "host": "*", "operation": "READ", "permission": "ALLOW"});
    let (acl, _) = cloud.make(ACL, acl).await;
    let config = json!({"connector.class": "DatagenSource", "name": "gen", "kafka.auth.mode": "SERVICE_ACCOUNT",
        "kafka.service.account.id": sa, "kafka.topic": "orders", "output.data.format": "JSON", "quickstart": "ORDERS",
        "tasks.max": 1});
    let connector = json!({"environment_id": env, "kafka_cluster_id": lkc, "name": "gen", "config": config, "state": "PAUSED"});
    let (connector, _) = cloud.make(CONNECTOR, connector).await;
    let config = json!({"kind": "AwsIntegrationConfig", "customer_iam_role_arn": ROLE});
    let integration = json!({"display_name": "i", "provider": "AWS", "environment": env, "config": config});
    let (first, _) = cloud.make(PIM, integration.clone()).await;
    let (second, _) = cloud.make(PIM2, integration).await;
    assert_eq!(cloud.names(PIM, &json!({"environment": env})).await.map(|all| all.len()), Some(1));
    for (ty, identifier) in [
        (PIM2, second),
        (PIM, first),
        (CONNECTOR, connector),
        (ACL, acl),
        (TOPIC, topic),
        (KEY, key),
        (BINDING, binding),
        (ACCOUNT, account),
        (CLUSTER, cluster),
        (ENVIRONMENT, environment),
    ] {
        cloud.remove(ty, &identifier).await;
    }
}

#[tokio::test(start_paused = true)]
async fn identities_live() {
    let cloud = Cloud::new(Config::default());
    let described = || json!({"description": "e"});
    let provider = json!({"display_name": "p", "description": "d", "issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/keys"});
    let (provider, _) = cloud.make("confluent.iam.identity_providers", provider).await;
    let pool = json!({"provider_id": part(&provider, "id"), "display_name": "pool", "description": "d",
        "identity_claim": "claims.sub", "filter": "claims.iss==\"x\""});
    cloud.life("confluent.iam.identity_pools", pool, "/description", json!("e"), described()).await;
    cloud.remove("confluent.iam.identity_providers", &provider).await;
    let group = json!({"display_name": "g", "description": "d", "filter": "\"a\" in groups"});
    cloud.life("confluent.iam.group_mappings", group, "/description", json!("e"), described()).await;
    let less = json!(["11.0.0.0/8"]);
    let group = json!({"group_name": "g", "cidr_blocks": ["10.0.0.0/8", "11.0.0.0/8"]});
    let after = json!({"cidr_blocks": less});
    cloud.life("confluent.iam.ip_groups", group, "/cidr_blocks", less, after).await;
}

#[tokio::test(start_paused = true)]
async fn networks_and_pools_live() {
    let cloud = Cloud::new(Config::default());
    let env = cloud.environment().await;
    let network = json!({"display_name": "n", "cloud": "AWS", "region": "us-east-1", "connection_types": ["PEERING"],
        "cidr": "10.0.0.0/16", "environment": env});
    let (network, _) = cloud.make("confluent.networking.networks", network).await;
    let aws = json!({"kind": "AwsPeering", "account": "123456789012", "vpc": "vpc-1", "routes": ["172.31.0.0/16"],
        "customer_region": "us-east-1"});
    let peering =
        json!({"display_name": "p", "network": part(&network, "id"), "environment": env, "cloud": aws});
    let renamed = || json!({"display_name": "q"});
    let name = "/display_name";
    cloud.life("confluent.networking.peerings", peering, name, json!("q"), renamed()).await;
    cloud.remove("confluent.networking.networks", &network).await;
    let attachment = json!({"display_name": "a", "cloud": "AWS", "region": "us-east-1", "environment": env});
    cloud
        .life("confluent.networking.private_link_attachments", attachment, name, json!("q"), renamed())
        .await;
    let config = json!({"kind": "AwsEgressPrivateLinkGatewaySpec", "region": "us-east-1"});
    let gateway = json!({"display_name": "g", "environment": env, "config": config});
    cloud.life("confluent.networking.gateways", gateway, name, json!("q"), renamed()).await;
    let pool =
        json!({"display_name": "p", "cloud": "AWS", "region": "us-east-1", "max_cfu": 5, "environment": env});
    let more = json!({"max_cfu": 10});
    cloud.life("confluent.flink_compute_pools.compute_pools", pool, "/max_cfu", json!(10), more).await;
}

#[tokio::test(start_paused = true)]
async fn quotas_live() {
    let cloud = Cloud::new(Config::default());
    let env = cloud.environment().await;
    let lkc = cloud.cluster(&env).await;
    let (_, sa) = cloud.account().await;
    let quota = json!({"display_name": "q", "description": "d", "cluster": lkc, "principals": [sa], "environment": env,
        "throughput": {"ingress_byte_rate": 100, "egress_byte_rate": 200}});
    let after = json!({"throughput": {"ingress_byte_rate": 100, "egress_byte_rate": 300}});
    cloud
        .life("confluent.quotas.client_quotas", quota, "/throughput/egress_byte_rate", json!(300), after)
        .await;
}

#[tokio::test(start_paused = true)]
async fn subjects_live() {
    let cloud = Cloud::new(Config::default());
    let env = cloud.environment().await;
    cloud.cluster(&env).await;
    cloud.wait(60).await;
    let ty = of("confluent.schema_registry_clusters.v3_clusters");
    let found = cloud.rest.list(&place(), &ty, Some(&json!({"environment": env})), None).await.unwrap().found;
    let url = found[0].model["http_endpoint"].as_str().unwrap();
    let (_, sa) = cloud.account().await;
    let resource = part(&found[0].identifier, "id");
    let (key, model) = cloud.make(KEY, json!({"display_name": "k", "owner": sa, "resource": resource})).await;
    let crn =
        format!("crn://confluent.cloud/organization={}/environment={env}", Config::default().organization);
    let binding =
        json!({"principal": format!("User:{sa}"), "role_name": "EnvironmentAdmin", "crn_pattern": crn});
    cloud.make(BINDING, binding).await;
    cloud.wait(300).await;
    let key = part(&key, "id");
    let cloud = cloud.again(&[
        ("SCHEMA_REGISTRY_REST_ENDPOINT", url),
        ("SCHEMA_REGISTRY_API_KEY", &key),
        ("SCHEMA_REGISTRY_API_SECRET", model["secret"].as_str().unwrap()),
    ]);
    let schema = |more: Option<Json>| {
        let first = json!({"name": "a", "type": "string"});
        let fields: Vec<Json> = std::iter::once(first).chain(more).collect();
        json!({"type": "record", "name": "R", "fields": fields})
    };
    let later = schema(Some(json!({"name": "b", "type": "string", "default": ""})));
    let subject = json!({"subject": "a/b:value", "schema": schema(None), "schemaType": "AVRO"});
    let text = json!(later.to_string());
    cloud
        .life("confluent.schema_registry.subjects", subject, "/schema", text, json!({"schema": later}))
        .await;
    let config = json!({"subject": "s", "compatibility": "FULL"});
    let after = json!({"compatibility": "NONE"});
    let ty = "confluent.schema_registry.subject_level_config";
    cloud.life(ty, config, "/compatibility", json!("NONE"), after).await;
    let tag = json!({"name": "PII", "description": "d", "entityTypes": ["cf_entity"]});
    let described = json!({"description": "e"});
    cloud.life("confluent.catalog.tag_defs", tag, "/description", json!("e"), described).await;
}

#[tokio::test(start_paused = true)]
async fn statements_live() {
    let cloud = Cloud::new(Config::default());
    let env = cloud.environment().await;
    let org = Config::default().organization;
    let pool =
        json!({"display_name": "p", "cloud": "AWS", "region": "us-east-1", "max_cfu": 5, "environment": env});
    let (pool, _) = cloud.make("confluent.flink_compute_pools.compute_pools", pool).await;
    let (_, sa) = cloud.account().await;
    let crn = format!("crn://confluent.cloud/organization={org}/environment={env}");
    let binding =
        json!({"principal": format!("User:{sa}"), "role_name": "EnvironmentAdmin", "crn_pattern": crn});
    cloud.make(BINDING, binding).await;
    let key =
        json!({"display_name": "f", "owner": sa, "resource": "aws.us-east-1", "resource_environment": env});
    let ended = cloud.submit(&Operation::Create { ty: of(KEY), props: key }).await;
    let key = id(KEY, &ended.identifier.unwrap());
    let model = cloud.see(KEY, &key).await.unwrap();
    let ty = of("confluent.flink_compute_pools.regions");
    let filter = json!({"cloud": "AWS", "region_name": "us-east-1"});
    let regions = cloud.rest.list(&place(), &ty, Some(&filter), None).await.unwrap().found;
    let key = part(&key, "id");
    let cloud = cloud.again(&[
        ("FLINK_REST_ENDPOINT", regions[0].model["http_endpoint"].as_str().unwrap()),
        ("FLINK_API_KEY", &key),
        ("FLINK_API_SECRET", model["secret"].as_str().unwrap()),
    ]);
    let statement = json!({"organization_id": org, "environment_id": env, "name": "count", "statement": "SELECT 1;",
        "compute_pool_id": part(&pool, "id"), "principal": sa, "stopped": false,
        "properties": {"sql.current-catalog": "e", "sql.current-database": "c"}});
    let stopped = json!({"stopped": true});
    cloud.life("confluent.sql.statements", statement, "/stopped", json!(true), stopped).await;
}

#[tokio::test(start_paused = true)]
async fn lists_are_whole_trap_3() {
    let cloud = Cloud::new(Config::default());
    for n in 0..230 {
        let props = json!({"display_name": format!("a{n}")});
        cloud.submit(&Operation::Create { ty: of(ACCOUNT), props }).await;
    }
    assert_eq!(cloud.names(ACCOUNT, &json!({})).await.map(|all| all.len()), Some(230));
}

/// A third of all calls is lost before or after its work, refused or throttled: nothing is made twice (trap 1).
#[tokio::test(start_paused = true)]
async fn lost_answers_double_nothing() {
    for seed in 0..30 {
        let chaos = Some(Chaos { seed, percent: 30, ..Chaos::default() });
        let cloud = Cloud::new(Config { seed, chaos, ..Config::default() });
        for n in 0..10 {
            assert!(insist(&cloud, json!({"display_name": format!("e{n}")})).await);
        }
        let mut names = None;
        while names.is_none() {
            cloud.wait(10).await;
            names = cloud.names(ENVIRONMENT, &json!({})).await;
        }
        let mut names = names.unwrap_or_default();
        names.sort();
        let mut once = names.clone();
        once.dedup();
        assert_eq!((names.len(), once.len()), (10, 10), "{names:?}");
    }
}

/// Makes one as the runs do: again after a failure, polled to its end.
async fn insist(cloud: &Cloud, props: Json) -> bool {
    let operation = Operation::Create { ty: of(ENVIRONMENT), props };
    for _ in 0..100 {
        if let Ok(mut told) = cloud.rest.submit(&place(), &operation, &ClientToken::new("t")).await {
            while !told.status.is_terminal() {
                cloud.wait(10).await;
                if let Ok(next) = cloud.rest.poll(&place(), &told.request).await {
                    told = next;
                }
            }
            if told.status == Status::Success {
                return true;
            }
        }
        cloud.wait(10).await;
    }
    false
}
