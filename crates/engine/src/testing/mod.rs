//! A small cloud and a small stack for the engine's tests. Slow where clouds are slow, wrong where they are wrong.

mod cloud;
mod flows;
mod stack;

pub(crate) use cloud::{FakeCloud, Fault};
pub(crate) use stack::{FakeStack, Thing, lit, of, secret};

use crate::clock::{IdSource, VirtualClock};
use crate::engine::{Engine, Interrupt, RunOptions};
use crate::events::{Events, Observer};
use crate::outcome::{Outcome, StepEnd};
use crate::paced::{Limits, Paced};
use crate::retry::Policy;
use crate::store::MemoryStore;
use serde_json::json;
use stack_core::event::{Event, EventKind};
use stack_core::ids::TypeName;
use stack_core::ids::{ProviderId, Target};
use stack_core::plan::{Mode, Plan, StepId, StepPart};
use stack_core::planner::{PlanOptions, Planning};
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Start of the virtual clock: 2026-11-21T14:02:11Z.
pub(crate) const START_MS: i64 = 1_795_269_731_000;

pub(crate) const THING: &str = "Test::Svc::Thing";
pub(crate) const AUTO: &str = "Test::Svc::Auto";

pub(crate) fn target() -> Target {
    Target {
        provider: ProviderId::from("fake"),
        region: Some("eu-1".into()),
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

/// `Thing` is named by its user, `Auto` by the service.
#[derive(Debug)]
pub(crate) struct FakeTypes {
    thing: Arc<ResourceSchema>,
    auto: Arc<ResourceSchema>,
}

impl Default for FakeTypes {
    fn default() -> Self {
        let handlers = json!({
            "create": {"permissions": ["svc:Create", "svc:Tag"], "timeoutInMinutes": 20},
            "read": {"permissions": []},
            "update": {"permissions": [], "timeoutInMinutes": 20},
            "delete": {"permissions": [], "timeoutInMinutes": 20},
            "list": {"permissions": []},
        });
        let tags = json!({"type": "array", "items": {"type": "object", "properties": {"Key": {"type": "string"}, "Value": {"type": "string"}}}});
        let thing = json!({
            "typeName": THING,
            "properties": {
                "Name": {"type": "string"}, "Size": {"type": "integer"}, "Note": {"type": "string"},
                "Needs": {"type": "string"}, "Zone": {"type": "string"}, "Password": {"type": "string"}, "Arn": {"type": "string"}, "Tags": tags,
            },
            "primaryIdentifier": ["/properties/Name"],
            "createOnlyProperties": ["/properties/Name", "/properties/Zone"],
            "readOnlyProperties": ["/properties/Arn"],
            "writeOnlyProperties": ["/properties/Password"],
            "tagging": {"taggable": true, "tagProperty": "/properties/Tags"},
            "handlers": handlers,
        });
        let auto = json!({
            "typeName": AUTO,
            "properties": {"Id": {"type": "string"}, "Alias": {"type": "string"}, "Zone": {"type": "string"}, "Arn": {"type": "string"}, "Size": {"type": "integer"}, "Tags": tags},
            "primaryIdentifier": ["/properties/Id"],
            "additionalIdentifiers": [["/properties/Alias"]],
            "createOnlyProperties": ["/properties/Zone"],
            "readOnlyProperties": ["/properties/Id", "/properties/Arn"],
            "tagging": {"taggable": true, "tagProperty": "/properties/Tags"},
            "handlers": handlers,
        });
        let read = |json| Arc::new(serde_json::from_value::<ResourceSchema>(json).unwrap());
        Self { thing: read(thing), auto: read(auto) }
    }
}

impl Schemas for FakeTypes {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Ok(name.into())
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        match ty.as_str() {
            THING => Ok(Arc::clone(&self.thing)),
            AUTO => Ok(Arc::clone(&self.auto)),
            other => Err(UnknownType { name: other.to_owned(), near: Vec::new(), why: None }),
        }
    }
    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}

/// Keeps what it sees.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl Observer for Recorder {
    fn on(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// `op_begin queue` lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |event: &Event| match event.kind.address() {
            Some(address) => format!("{} {address}", event.kind.name()),
            None => event.kind.name().to_owned(),
        };
        self.events().iter().map(line).collect()
    }
    /// Seconds after the beginning at which something happened, to the millisecond.
    pub(crate) fn at(&self, is: impl Fn(&EventKind) -> bool) -> Vec<f64> {
        self.events()
            .iter()
            .filter(|event| is(&event.kind))
            .map(|event| event.elapsed.as_millis() as f64 / 1000.0)
            .collect()
    }
}

/// Cloud, disk and clock, which outlive a run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) cloud: Arc<FakeCloud>,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) limits: Limits,
    pub(crate) stop: watch::Sender<Interrupt>,
    pub(crate) runs: Mutex<u32>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(VirtualClock::starting_at(START_MS));
        Self {
            cloud: Arc::new(FakeCloud::new(clock.clone())),
            store: MemoryStore::new(),
            clock,
            recorder: Arc::default(),
            limits: Limits { reads: 0.0, writes: 0.0, parallelism: 10 },
            stop: watch::Sender::new(Interrupt::None),
            runs: Mutex::new(0),
        }
    }

    /// A process: a new engine on the same world.
    pub(crate) fn engine(&self, stack: &FakeStack) -> Engine {
        let ids = Arc::new(IdSource::seeded(7));
        let cloud: Arc<FakeCloud> = Arc::clone(&self.cloud);
        Engine {
            provider: Arc::new(Paced::new(cloud, self.limits.clone(), Policy::default(), ids)),
            resolver: Arc::new(stack.clone()),
            schemas: Arc::new(FakeTypes::default()),
            clock: self.clock.clone(),
            store: Arc::new(self.store.clone()),
            flows: flows::support(),
        }
    }

    pub(crate) async fn plan(&self, engine: &Engine, mode: Mode) -> (Plan, stack_core::desired::Outputs) {
        use crate::store::JournalStore;
        let ledger = self.store.ledger().unwrap();
        let options = PlanOptions { ledger, ..PlanOptions::of(mode) };
        engine
            .observe(Planning::new(Arc::clone(&engine.resolver), Arc::clone(&engine.schemas), options))
            .await
    }

    pub(crate) fn events(&self) -> Arc<Events> {
        let mut runs = self.runs.lock().unwrap();
        *runs += 1;
        Arc::new(Events::new(format!("r_{runs}").into(), self.clock.clone(), self.recorder.clone()))
    }

    /// A whole run: close what is open, plan, carry out.
    pub(crate) async fn go(&self, stack: &FakeStack, mode: Mode, options: RunOptions) -> Outcome {
        let engine = self.engine(stack);
        let events = self.events();
        let closed = engine.close_unfinished(&events).await.unwrap();
        assert!(closed.open.is_empty(), "{:?}", closed.open);
        let (plan, outputs) = self.plan(&engine, mode).await;
        assert!(!plan.is_blocked(), "{:#?}", plan.diagnostics);
        assert!(!plan.diagnostics.iter().any(|d| d.is_error()), "{:#?}", plan.diagnostics);
        engine.run(plan, outputs, options, &events, self.stop.subscribe()).await.unwrap()
    }

    pub(crate) async fn build(&self, stack: &FakeStack) -> Outcome {
        self.go(stack, Mode::Build, self.options()).await
    }

    /// Every run has its own nonce.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions::new(format!("{:032x}", *self.runs.lock().unwrap() + 1))
    }

    /// True if a plan of the stack has no changes.
    pub(crate) async fn is_converged(&self, stack: &FakeStack) -> bool {
        let engine = self.engine(stack);
        let (plan, _) = self.plan(&engine, Mode::Build).await;
        !plan.has_changes() && !plan.is_blocked()
    }
}

pub(crate) fn put(address: &str) -> StepId {
    StepId { address: address.into(), part: StepPart::Put }
}

pub(crate) fn delete(address: &str) -> StepId {
    StepId { address: address.into(), part: StepPart::Delete }
}

/// A short word for the end of a step.
pub(crate) fn end_of<'o>(outcome: &'o Outcome, step: &StepId) -> &'o StepEnd {
    &outcome.steps[step]
}
