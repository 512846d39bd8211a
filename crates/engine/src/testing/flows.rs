//! A flow that makes several things one after the other, and looks before it does.

use super::{FakeTypes, THING, target};
use crate::flows::{FlowSupport, Hears, Shell, Until};
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::json;
use stack_core::desired::{Lifecycle, Sources};
use stack_core::diagnostic::{Code, Diagnostic, Part, Route};
use stack_core::flow::{
    AnchorKind, AnchorOptions, Captured, Flow, FlowEnd, FlowKind, FlowSeen, FlowVerdict, Flows, Host, Order,
    Performed, Purpose, Script, ShellEnd, Shelled, Told, Unready,
};
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{Address, TypeName};
use stack_core::provider::{FailureKind, Operation, Verb};
use stack_core::schema::Schemas;
use stack_core::statement::Marked;
use stack_core::value::Value;
use std::ops::Range;
use std::sync::Arc;

/// The names of the things, one a line.
#[derive(Debug)]
struct Names(Vec<String>, AnchorOptions);

impl Script for Names {
    fn anchor(&self, anchor: AnchorKind) -> Option<&AnchorOptions> {
        let has = [AnchorKind::Exists, AnchorKind::Create, AnchorKind::Delete].contains(&anchor);
        has.then_some(&self.1)
    }
    fn statement(&self, _: AnchorKind, _: &Captured) -> Result<Marked, Unready> {
        Ok(Marked { text: self.0.join("\n"), holes: Vec::new() })
    }
    fn shell(&self) -> Result<Value, Unready> {
        Ok(Value::text(self.0.join("\n")))
    }
    fn place(&self, _: AnchorKind, _: &Marked, _: Option<Range<usize>>) -> (Route, Part) {
        (Route::default(), Part::Value)
    }
    fn file(&self) -> Option<&str> {
        None
    }
}

/// A flow that makes `count` things named after its address.
pub(crate) fn flow(address: &Address, kind: FlowKind, count: usize) -> Flow {
    let names = (0..count).map(|n| format!("{address}-{n}")).collect();
    let schema = json!({"typeName": kind.to_string(), "properties": {"first": {"type": "string"}}});
    Flow {
        address: address.clone(),
        kind,
        declared_type: kind.to_string(),
        ty: TypeName::new(kind.to_string()),
        schema: Arc::new(serde_json::from_value(schema).unwrap()),
        exports: Vec::new(),
        returns: Default::default(),
        skip_validation: false,
        target: target(),
        of: None,
        lifecycle: Lifecycle::default(),
        absent: false,
        literal_patch: false,
        script: Arc::new(Names(names, AnchorOptions::default())),
        sources: Sources {
            resource: Route::default().key("resources").key(address.as_str()),
            ..Sources::default()
        },
    }
}

#[derive(Debug, Default)]
pub(crate) struct FakeFlows;

fn names(flow: &Flow) -> Vec<Identifier> {
    let text = flow.script.statement(AnchorKind::Exists, &Captured::default()).unwrap().text;
    text.lines().map(|name| Identifier::single("Name", name)).collect()
}

async fn is_there(host: &dyn Host, name: &Identifier) -> bool {
    let key = Key::Primary(name.clone());
    host.cloud().read(&target(), &THING.into(), &key).await.unwrap().is_some()
}

async fn perform(flow: &Flow, host: &dyn Host, operation: &Operation, number: u32) -> Result<(), FlowEnd> {
    let (verb, schema) = (operation.verb(), FakeTypes::default().schema(&THING.into()).unwrap());
    // What it deletes it has not looked for.
    let is_stray = verb == Verb::Delete;
    let order = Order { at: &target(), operation, schema: &schema, token: None, number, is_stray };
    let failed = |what: String| FlowEnd::Failed {
        verb: Some(verb),
        diagnostic: Box::new(Diagnostic::error(Code(1460), format!("{}: {what}", flow.address))),
    };
    let mut performed = host.perform(order).await;
    if let (Verb::Delete, Performed::Failed(_, failure)) = (verb, &performed)
        && failure.kind == FailureKind::NotFound
    {
        return Ok(());
    }
    // As the real ones do: what was refused is tried once more, with its number.
    if matches!(performed, Performed::Failed(None, _)) {
        performed = host
            .perform(Order { at: &target(), operation, schema: &schema, token: None, number, is_stray })
            .await;
    }
    match performed {
        Performed::Done(_) => Ok(()),
        Performed::Failed(_, failure) => Err(failed(failure.code.clone())),
        Performed::Unknown(_, failure) => Err(failed(failure.code.clone())),
        Performed::Stopped => Err(FlowEnd::Stopped),
    }
}

fn exports(flow: &Flow) -> IndexMap<String, Value> {
    let first = names(flow).first().map(|name| Value::text(name.to_string())).unwrap_or(Value::Null);
    IndexMap::from([("first".to_owned(), first)])
}

fn done(flow: &Flow, verb: Verb) -> FlowEnd {
    FlowEnd::Done { exports: exports(flow), verb: Some(verb), identifier: None, warnings: Vec::new() }
}

#[async_trait]
impl Flows for FakeFlows {
    async fn look(&self, flow: &Flow, _: Purpose, host: &dyn Host) -> FlowSeen {
        if flow.always_runs() {
            return FlowSeen::of(FlowVerdict::Always);
        }
        let mut found = 0;
        for name in names(flow) {
            found += usize::from(is_there(host, &name).await);
        }
        let all = names(flow).len();
        let verdict = if found < all { FlowVerdict::Absent } else { FlowVerdict::AsWanted };
        FlowSeen { exports: (found == all).then(|| exports(flow)), ..FlowSeen::of(verdict) }
    }

    async fn put(&self, flow: &Flow, host: &dyn Host) -> FlowEnd {
        if flow.kind == FlowKind::Script {
            let shelled = host.shell(&flow.script.shell().unwrap()).await;
            return match shelled.unwrap().end {
                ShellEnd::Code(0) => done(flow, Verb::Create),
                end => FlowEnd::Failed {
                    verb: None,
                    diagnostic: Box::new(Diagnostic::error(Code(1486), format!("{end:?}"))),
                },
            };
        }
        let mut number = 0;
        for name in names(flow) {
            if is_there(host, &name).await {
                continue;
            }
            host.tell(Told::Line(format!("creating [{name}]...")));
            let props = json!({"Name": name.to_string()});
            let operation = Operation::Create { ty: THING.into(), props };
            if let Err(end) = perform(flow, host, &operation, number).await {
                return end;
            }
            number += 1;
        }
        done(flow, Verb::Create)
    }

    async fn delete(&self, flow: &Flow, host: &dyn Host) -> FlowEnd {
        for (number, identifier) in names(flow).into_iter().enumerate() {
            let operation = Operation::Delete { ty: THING.into(), identifier };
            if let Err(end) = perform(flow, host, &operation, number as u32).await {
                return end;
            }
        }
        done(flow, Verb::Delete)
    }
}

#[derive(Debug)]
struct Quiet;

impl Hears for Quiet {
    fn hear(&self, _: &Address, _: Told) {}
}

#[async_trait]
impl Shell for Quiet {
    async fn run(&self, text: &Value, until: Until) -> Result<Shelled, String> {
        // One that sleeps goes on until somebody stops it.
        let sleeps = text.scalar_text().is_some_and(|text| text.starts_with("sleep"));
        let end = if sleeps { until.over().await } else { ShellEnd::Code(0) };
        let (stdout, stderr) = Default::default();
        Ok(Shelled { end, stdout, stderr, leaves_some: false })
    }
}

pub(crate) fn support() -> FlowSupport {
    FlowSupport { flows: Arc::new(FakeFlows), shell: Arc::new(Quiet), hears: Arc::new(Quiet) }
}
