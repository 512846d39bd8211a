//! A stack folder, a cloud and a clock, without a socket, a terminal or a second of real time.

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_catalog::rest::Definitions;
use stack_core::check;
use stack_core::event::{Ended, Event};
use stack_core::flow::{Shelled, Told};
use stack_core::identity::Identifier;
use stack_core::ids::{Address, ClientToken, ProviderId, Region, StackId, Target, TypeName};
use stack_core::plan::{Mode, Plan, Planned};
use stack_core::planner::{PlanOptions, Planning};
use stack_core::provider::{Operation, Progress, Provider, Status};
use stack_core::statement::Understand;
use stack_core::value::Value;
use stack_deploy::sandbox::schemas;
use stack_emulator::confluent::{Change, Exchange, Held, SANDBOX_KEY, SANDBOX_SECRET};
use stack_emulator::{Cloud, Config, Op, Reply, TagPages};
use stack_engine::busy::{in_flight, wait_for};
use stack_engine::clock::{Clock, IdSource, VirtualClock};
use stack_engine::engine::{Engine, Interrupt, RunOptions};
use stack_engine::events::{Events, Observer};
use stack_engine::outcome::Outcome;
use stack_engine::paced::{Limits, Paced};
use stack_engine::retry::Policy;
use stack_engine::store::{JournalStore, MemoryStore};
use stack_engine::{FlowSupport, Hears, Shell, Until};
use stack_manifest::{Options, Parsed, Sources, Stack};
use stack_providers::aws::{Aws, AwsSettings, connect};
use stack_providers::rest::{Rest, RestSettings};
use stack_providers::{InProcess, Routed, Transport, TransportError, TransportErrorKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 2026-11-21T14:00:00Z.
const START_MS: i64 = 1_795_269_600_000;

/// The example that most scenarios use.
pub(crate) const EXAMPLE: &str = include_str!("../../examples/customer-profiles/stackql_manifest.yml");

/// Every example, with the number of its resources.
pub(crate) const EXAMPLES: [(&str, &str, usize); 6] = [
    ("customer-profiles", EXAMPLE, 4),
    ("vpc-web-server", include_str!("../../examples/vpc-web-server/stackql_manifest.yml"), 12),
    ("connect-integrations", include_str!("../../examples/connect-integrations/stackql_manifest.yml"), 5),
    ("static-site", include_str!("../../examples/static-site/stackql_manifest.yml"), 7),
    ("serverless", include_str!("../../examples/serverless/stackql_manifest.yml"), 9),
    ("query-files", include_str!("../../examples/query-files/stackql_manifest.yml"), 7),
];

/// The manifest of the example whose resources bring their own checks.
pub(crate) const FLOWS: &str = include_str!("../../examples/vpc-flows/stackql_manifest.yml");

/// The examples with Confluent Cloud.
pub(crate) const KAFKA: &str = include_str!("../../examples/confluent-kafka/stackql_manifest.yml");
pub(crate) const ACCESS: &str =
    include_str!("../../examples/confluent-provider-integration/stackql_manifest.yml");
pub(crate) const STREAMING: &str = include_str!("../../examples/streaming-to-connect/stackql_manifest.yml");

/// The files of the examples that have some. One that two examples have is the same in both, or set by the test.
fn query_files() -> IndexMap<String, String> {
    let mut files = statements();
    let schema = include_str!("../../examples/confluent-kafka/resources/order.avsc");
    files.insert("resources/order.avsc".to_owned(), schema.to_owned());
    files
}

fn statements() -> IndexMap<String, String> {
    [
        ("registry", include_str!("../../examples/confluent-kafka/resources/registry.iql")),
        ("writer_trust", include_str!("../../examples/streaming-to-connect/resources/writer_trust.iql")),
        ("flow", include_str!("../../examples/streaming-to-connect/resources/flow.iql")),
        ("web_vpc", include_str!("../../examples/vpc-flows/resources/web_vpc.iql")),
        ("web_subnet", include_str!("../../examples/vpc-flows/resources/web_subnet.iql")),
        ("log_bucket", include_str!("../../examples/vpc-flows/resources/log_bucket.iql")),
        ("web_group", include_str!("../../examples/vpc-flows/resources/web_group.iql")),
        ("inventory", include_str!("../../examples/vpc-flows/resources/inventory.iql")),
        ("domain", include_str!("../../examples/query-files/resources/domain.iql")),
        ("integrations", include_str!("../../examples/query-files/resources/integrations.iql")),
        ("object_type", include_str!("../../examples/query-files/resources/object_type.iql")),
        (
            "integration_association",
            include_str!("../../examples/query-files/resources/integration_association.iql"),
        ),
    ]
    .into_iter()
    .map(|(name, text)| (format!("resources/{name}.iql"), text.to_owned()))
    .collect()
}

/// A cloud that lags in everything: reads, lists, and above all the tag index, which also keeps what is gone.
pub(crate) fn lagging() -> Config {
    Config {
        read_lag_ms: 2_000,
        list_lag_ms: 5_000,
        tag_lag_ms: 45 * 60 * 1000,
        tag_ghost_ms: 60 * 60 * 1000,
        tag_pages: TagPages::Sparse,
        reorder_sets: true,
        ..Config::default()
    }
}

pub(crate) struct World {
    pub(crate) cloud: Arc<Mutex<Cloud>>,
    pub(crate) store: Arc<MemoryStore>,
    clock: Arc<VirtualClock>,
    manifest: String,
    env: String,
    runs: Mutex<u64>,
    /// One for all runs: the secrets of keys that a run made are known to later ones too.
    rest: Arc<Rest>,
    /// Variables of the environment beside those of the control plane, for runs that have a memory of their own each.
    variables: Option<Mutex<BTreeMap<String, String>>>,
    /// Query files in place of those that the examples share.
    files: IndexMap<String, String>,
    /// What Confluent Cloud was asked, and what happened there, before the history was cleared.
    before: Mutex<(Vec<Exchange>, Vec<Change>)>,
    /// `--allow-data-loss`.
    agreed: Vec<String>,
}

/// The cloud behind a transport.
fn wire(cloud: Arc<Mutex<Cloud>>, clock: Arc<dyn Clock>) -> Arc<dyn Transport> {
    Arc::new(InProcess::new(move |request: http::Request<Bytes>| {
        let reply = cloud.lock().unwrap().handle(&request, clock.now_ms());
        async move {
            match reply {
                Reply::Answer { response, after } => {
                    tokio::time::sleep(after).await;
                    Ok(response)
                }
                Reply::Lost { after } => {
                    tokio::time::sleep(after).await;
                    Err(TransportError::new(TransportErrorKind::Reset, "the connection was lost"))
                }
            }
        }
    }))
}

fn rest(
    transport: Arc<dyn Transport>,
    aws: Option<Arc<Aws>>,
    clock: Arc<dyn Clock>,
    more: BTreeMap<String, String>,
) -> Rest {
    let own = [("CONFLUENT_CLOUD_API_KEY", SANDBOX_KEY), ("CONFLUENT_CLOUD_API_SECRET", SANDBOX_SECRET)];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = own.chain(more).collect();
    let settings = RestSettings { variables, ..RestSettings::default() };
    let definitions = Arc::new(Definitions::embedded().clone());
    Rest::new(definitions, transport, aws, settings, Arc::new(move || clock.now_ms()))
}

/// Runs no command and hears nothing.
#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl Shell for Nobody {
    async fn run(&self, _: &Value, _: Until) -> Result<Shelled, String> {
        Err("no commands in here".to_owned())
    }
}

impl Hears for Nobody {
    fn hear(&self, _: &Address, _: Told) {}
}

/// The calls that one step made, by operation.
pub(crate) type Calls = BTreeMap<String, usize>;

struct Silent;
impl Observer for Silent {
    fn on(&self, _: &Event) {}
}

impl World {
    pub(crate) fn new(manifest: &str, env: &str, config: Config) -> Self {
        let cloud = Arc::new(Mutex::new(Cloud::new(schemas(), config)));
        let clock = Arc::new(VirtualClock::starting_at(START_MS));
        let of_wire: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let transport = wire(Arc::clone(&cloud), Arc::clone(&of_wire));
        Self {
            cloud,
            store: Arc::new(MemoryStore::new()),
            clock,
            manifest: manifest.to_owned(),
            env: env.to_owned(),
            runs: Mutex::new(0),
            rest: Arc::new(rest(transport, None, of_wire, BTreeMap::new())),
            variables: None,
            files: IndexMap::new(),
            before: Mutex::default(),
            agreed: Vec::new(),
        }
    }

    /// The same where no run knows anything of those before it, as commands do.
    pub(crate) fn forgetful(mut self) -> Self {
        self.variables = Some(Mutex::default());
        self
    }

    /// The same with another text of a query file.
    pub(crate) fn with_file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Sets a variable of the environment for later commands.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let variables = self.variables.as_ref().expect("a forgetful one");
        variables.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// Forgets everything local, as if `.stack-deploy/` had been deleted.
    pub(crate) fn forget(&mut self) {
        self.store = Arc::new(MemoryStore::new());
    }

    /// The same cloud and clock, and nothing local, with another manifest.
    pub(crate) fn with_manifest(self, manifest: &str) -> Self {
        Self { manifest: manifest.to_owned(), store: Arc::new(MemoryStore::new()), ..self }
    }

    /// The same, with consent to the loss of what this resource holds.
    pub(crate) fn agreeing(mut self, address: &str) -> Self {
        self.agreed.push(address.to_owned());
        self
    }

    /// Lets time pass while nobody does anything.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::advance(time).await;
    }

    pub(crate) fn stack(&self) -> Stack {
        let sources = Sources {
            manifest: self.manifest.clone(),
            env: self.env.clone(),
            stack_dir: "stack".to_owned(),
            // Manifests without them do not look.
            files: Arc::new(query_files().into_iter().chain(self.files.clone()).collect::<IndexMap<_, _>>()),
            ..Sources::default()
        };
        let statements: Arc<dyn Understand> = Arc::new(stack_flow::Reader::new(schemas()));
        let options = Options { statements: Some(statements), ..Options::default() };
        let Parsed { stack, diagnostics, .. } = Stack::parse(sources, schemas(), options);
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.is_error()).map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let stack = stack.expect("no error, so there is a stack");
        let errors: Vec<_> =
            stack.validate().into_iter().filter(|d| d.is_error()).map(|d| d.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        stack
    }

    async fn engine(&self) -> Engine {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let transport = wire(Arc::clone(&self.cloud), Arc::clone(&clock));
        let aws = connect(Arc::clone(&transport), schemas(), AwsSettings::sandbox()).await;
        let aws = Arc::new(aws.expect("the sandbox connects"));
        let rest = match &self.variables {
            None => Arc::clone(&self.rest),
            Some(variables) => {
                let variables = variables.lock().unwrap().clone();
                Arc::new(rest(transport, Some(Arc::clone(&aws)), Arc::clone(&clock), variables))
            }
        };
        let provider = Routed::new(aws, rest);
        let seed = {
            let mut runs = self.runs.lock().unwrap();
            *runs += 1;
            *runs
        };
        let limits = Limits { reads: 0.0, writes: 0.0, parallelism: 10 };
        let paced =
            Paced::new(Arc::new(provider), limits, Policy::default(), Arc::new(IdSource::seeded(seed)));
        Engine {
            provider: Arc::new(paced),
            resolver: Arc::new(self.stack()),
            schemas: schemas(),
            clock,
            store: Arc::clone(&self.store) as Arc<dyn JournalStore>,
            flows: FlowSupport {
                flows: Arc::new(stack_flow::Runner::new(schemas())),
                shell: Arc::new(Nobody),
                hears: Arc::new(Nobody),
            },
        }
    }

    /// The plan, and the calls that it took. Asserts that no call wrote.
    pub(crate) async fn plan(&self, mode: Mode) -> (Plan, Calls) {
        let (plan, _, _, calls) = self.planned(mode).await;
        let reads = ["Get", "List", "read ", "list "];
        for name in calls.keys() {
            assert!(reads.iter().any(|start| name.starts_with(start)), "a plan made the call {name}");
        }
        (plan, calls)
    }

    async fn planned(&self, mode: Mode) -> (Plan, stack_core::desired::Outputs, Engine, Calls) {
        let engine = self.engine().await;
        self.clear_history();
        let mut options = PlanOptions::of(mode);
        options.ledger = self.store.ledger().expect("the ledger reads");
        options.deleted_lately = stack_engine::store::deleted_lately(&*self.store, engine.clock.now_ms())
            .expect("the journals read");
        options.allow_data_loss.clone_from(&self.agreed);
        let planning = Planning::new(Arc::clone(&engine.resolver), Arc::clone(&engine.schemas), options);
        let (plan, outputs) = engine.observe(planning).await;
        let all = schemas();
        let by_type: BTreeMap<_, _> =
            plan.resources.values().filter_map(|p| Some((p.ty.clone(), all.schema(&p.ty).ok()?))).collect();
        assert_eq!(check::check(&plan, |p| by_type.get(&p.ty).map(|schema| &**schema)), []);
        let calls = self.calls();
        (plan, outputs, engine, calls)
    }

    /// The plan once nothing is in flight on what is to be changed, and the calls that the last one took.
    pub(crate) async fn settled(&self, mode: Mode) -> (Plan, Calls) {
        let (plan, _, _) = self.agreed(mode).await;
        (plan, self.calls())
    }

    /// A resource that somebody else made long ago. Gives its identifier.
    pub(crate) fn plant(&self, region: &str, ty: &str, model: &Json) -> String {
        let mut cloud = self.cloud.lock().unwrap();
        cloud.plant(region, ty, model, self.clock.now_ms()).expect("the type is known")
    }

    /// Lets the cloud do what it has to do until now.
    pub(crate) fn settle(&self) {
        let request = http::Request::builder().uri("/").body(Bytes::new()).expect("a request");
        let _ = self.cloud.lock().unwrap().handle(&request, self.clock.now_ms());
    }

    /// Starts a create and forgets about it.
    pub(crate) async fn start(&self, region: &str, ty: &str, props: &Json) {
        self.submit(region, &Operation::Create { ty: TypeName::new(ty), props: props.clone() }).await;
    }

    /// Somebody else deletes a resource.
    pub(crate) async fn destroy(&self, region: &str, ty: &str, part: &str, identifier: &str) {
        let identifier = Identifier::single(part, identifier);
        let operation = Operation::Delete { ty: TypeName::new(ty), identifier };
        let (engine, target, mut told) = self.submit(region, &operation).await;
        while !told.status.is_terminal() {
            self.pass(Duration::from_secs(5)).await;
            told = engine.provider.poll(&target, &told.request).await.expect("a state");
        }
        assert_eq!(told.status, Status::Success, "{told:?}");
    }

    async fn submit(&self, region: &str, operation: &Operation) -> (Engine, Target, Progress) {
        let engine = self.engine().await;
        let target = Target {
            provider: ProviderId::new("aws"),
            region: Some(Region::from(region.to_owned())),
            role_arn: None,
            type_version_id: None,
            credential: None,
        };
        let token = ClientToken::new("somebody");
        let told = engine.provider.submit(&target, operation, &token).await.expect("accepted");
        (engine, target, told)
    }

    /// Makes something beside the stack, and sees it made. Gives the last part of its identifier.
    pub(crate) async fn start_at(&self, provider: &str, ty: &str, props: &Json) -> String {
        let engine = self.engine().await;
        let target = Target {
            provider: ProviderId::new(provider),
            region: None,
            role_arn: None,
            type_version_id: None,
            credential: None,
        };
        let operation = Operation::Create { ty: TypeName::new(ty), props: props.clone() };
        let token = ClientToken::new("somebody");
        let mut told = engine.provider.submit(&target, &operation, &token).await.expect("accepted");
        while !told.status.is_terminal() {
            self.pass(Duration::from_secs(30)).await;
            told = engine.provider.poll(&target, &told.request).await.expect("a state");
        }
        self.pass(Duration::from_secs(300)).await;
        let schema = schemas().schema(&TypeName::new(ty)).expect("known");
        let identifier = Identifier::parse(&schema, &told.identifier.expect("an identifier"));
        identifier.and_then(|identifier| identifier.parts.into_iter().next_back()).expect("parts").1
    }

    /// Plans once nothing is in flight on what is to be changed, as the commands do.
    async fn agreed(&self, mode: Mode) -> (Plan, stack_core::desired::Outputs, Engine) {
        loop {
            let (plan, outputs, engine, _) = self.planned(mode).await;
            let running = in_flight(&engine.provider, &plan).await.unwrap_or_default();
            if running.is_empty() {
                return (plan, outputs, engine);
            }
            wait_for(&engine.provider, &running).await.expect("the service answers");
        }
    }

    /// Plans and carries the plan out.
    pub(crate) async fn run(&self, mode: Mode) -> (Outcome, Calls) {
        self.try_run(mode).await.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// The same where a plan may have problems, which are given then.
    pub(crate) async fn try_run(&self, mode: Mode) -> Result<(Outcome, Calls), Vec<String>> {
        let (plan, outputs, engine) = self.agreed(mode).await;
        let problems: Vec<String> =
            plan.diagnostics.iter().filter(|d| d.is_error()).map(ToString::to_string).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let run_number = *self.runs.lock().unwrap();
        let ids = IdSource::seeded(run_number);
        let run = ids.run_id(self.clock.now_ms());
        let events = Arc::new(Events::new(run, Arc::clone(&engine.clock), Arc::new(Silent)));
        let (_sender, interrupts) = tokio::sync::watch::channel(Interrupt::None);
        let nonce = format!("{run_number:032x}");
        self.clear_history();
        let outcome = engine
            .run(plan, outputs, RunOptions::new(nonce), &events, interrupts)
            .await
            .expect("the run begins");
        Ok((outcome, self.calls()))
    }

    /// A build whose process dies at the `position`th write of its journal; false if it got through.
    pub(crate) async fn dies_at(&self, position: usize) -> bool {
        self.store.die_after(position, true);
        let (plan, outputs, engine, _) = self.planned(Mode::Build).await;
        let ids = IdSource::seeded(1_000 + position as u64);
        let events = Arc::new(Events::new(
            ids.run_id(self.clock.now_ms()),
            Arc::clone(&engine.clock),
            Arc::new(Silent),
        ));
        let (_sender, interrupts) = tokio::sync::watch::channel(Interrupt::None);
        let nonce = format!("{:032x}", 1_000 + position);
        let run = engine.run(plan, outputs, RunOptions::new(nonce), &events, interrupts);
        tokio::select! {
            () = self.store.died() => true,
            // It may have ended because its store died.
            _ = run => tokio::time::timeout(Duration::ZERO, self.store.died()).await.is_ok(),
        }
    }

    /// Sees to its end what an earlier run left open, as every command does first.
    pub(crate) async fn close(&self) {
        let engine = self.engine().await;
        let run = IdSource::seeded(2_000).run_id(self.clock.now_ms());
        let events = Events::new(run, Arc::clone(&engine.clock), Arc::new(Silent));
        let closed = engine.close_unfinished(&events).await.expect("the service answers");
        assert!(closed.open.is_empty(), "{:?}", closed.open);
    }

    /// A run that has to succeed.
    pub(crate) async fn must(&self, mode: Mode) -> Calls {
        let (outcome, calls) = self.run(mode).await;
        assert_eq!(outcome.ended, Ended::Succeeded, "{:#?}", outcome.failures);
        assert!(outcome.residues.is_empty(), "{:#?}", outcome.residues);
        calls
    }

    /// Begins to count the calls anew.
    fn clear_history(&self) {
        let mut cloud = self.cloud.lock().unwrap();
        cloud.clear_history();
        let confluent = cloud.confluent_mut();
        let mut before = self.before.lock().unwrap();
        before.0.extend(confluent.history().iter().cloned());
        before.1.extend(confluent.changes().iter().cloned());
        confluent.clear_history();
    }

    /// What Confluent Cloud was asked since the beginning.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let now = self.cloud.lock().unwrap().confluent().history().to_vec();
        let before = self.before.lock().unwrap();
        before.0.iter().cloned().chain(now).collect()
    }

    /// What came, changed and went in Confluent Cloud since the beginning.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let now = self.cloud.lock().unwrap().confluent().changes().to_vec();
        let before = self.before.lock().unwrap();
        before.1.iter().cloned().chain(now).collect()
    }

    /// What Confluent Cloud holds beside who deploys.
    pub(crate) fn confluent(&self) -> Vec<Held> {
        let cloud = self.cloud.lock().unwrap();
        let is_ours = |held: &Held| !["organization", "user"].contains(&held.resource.as_str());
        cloud.confluent().objects().filter(is_ours).collect()
    }

    /// Changes a resource as somebody else does, and waits until it is done. False if the service refuses.
    pub(crate) async fn somebody_changes(&self, planned: &Planned, patch: &Json) -> bool {
        let engine = self.engine().await;
        let identifier = planned.identifier.clone().expect("live");
        let operation = Operation::Update { ty: planned.ty.clone(), identifier, patch: patch.clone() };
        let token = ClientToken::new("somebody");
        let Ok(mut told) = engine.provider.submit(&planned.target, &operation, &token).await else {
            return false;
        };
        while !told.status.is_terminal() {
            tokio::time::sleep(Duration::from_secs(5)).await;
            told = engine.provider.poll(&planned.target, &told.request).await.expect("a state");
        }
        told.status == Status::Success
    }

    /// The calls since the history was cleared, by operation.
    pub(crate) fn calls(&self) -> Calls {
        let mut calls = Calls::new();
        for call in self.cloud.lock().unwrap().history() {
            let name = call.operation.map_or_else(|| "?".to_owned(), |op: Op| format!("{op:?}"));
            *calls.entry(name).or_default() += 1;
        }
        for exchange in self.cloud.lock().unwrap().confluent().history() {
            let name = match (exchange.operation.as_str(), exchange.method.as_str()) {
                // What is not played is asked for all the same.
                ("", "GET") => format!("read {}", exchange.path),
                ("", method) => format!("{method} {}", exchange.path),
                (operation, _) => format!("{operation} {}", exchange.resource),
            };
            *calls.entry(name).or_default() += 1;
        }
        calls
    }

    pub(crate) fn edit(&self, ty: &str, identifier: &str, patch: &Json) {
        self.cloud.lock().unwrap().edit(ty, identifier, patch).expect("the resource is there");
    }

    pub(crate) fn live(&self, ty: &str, identifier: &str) -> Option<Json> {
        self.cloud.lock().unwrap().resource(ty, identifier).map(|held| held.model)
    }

    pub(crate) fn live_count(&self) -> usize {
        self.cloud.lock().unwrap().resources().count()
    }

    pub(crate) fn id(&self) -> StackId {
        self.id_of("customer-360")
    }

    /// A stack of this name in this environment.
    pub(crate) fn id_of(&self, name: &str) -> StackId {
        StackId { name: name.into(), env: self.env.clone() }
    }
}

pub(crate) fn calls(expected: &[(&str, usize)]) -> Calls {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

pub(crate) fn address(name: &str) -> Address {
    Address::from(name)
}
