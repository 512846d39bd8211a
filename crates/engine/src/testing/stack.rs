//! Stacks in Rust: resources, literal values and references.

use super::{THING, flows, target};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::desired::{Edge, Lifecycle, Node, Outputs, Rendered, Resolver, Sources, Wanted};
use stack_core::diagnostic::{Diagnostics, Route};
use stack_core::flow::FlowKind;
use stack_core::ids::{Address, StackId};
use stack_core::redact::Redactor;
use stack_core::value::{Secret, Unknown, Value};

#[derive(Clone, Debug)]
pub(crate) enum Prop {
    Literal(Value),
    Reference(Address, &'static str),
}

pub(crate) fn lit(json: impl Into<Json>) -> Prop {
    Prop::Literal(Value::from(json.into()))
}

pub(crate) fn secret(text: &str) -> Prop {
    Prop::Literal(Value::Secret(Secret::new(Value::text(text))))
}

pub(crate) fn of(address: &str, property: &'static str) -> Prop {
    Prop::Reference(address.into(), property)
}

#[derive(Clone, Debug)]
pub(crate) struct Thing {
    address: Address,
    ty: &'static str,
    props: Vec<(&'static str, Prop)>,
    depends_on: Vec<Address>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) pin: Option<Value>,
    flow: Option<(FlowKind, usize)>,
}

impl Thing {
    /// A resource whose name is its address.
    pub(crate) fn new(address: &str) -> Self {
        Self::of_type(address, THING).with("Name", lit(address))
    }
    pub(crate) fn of_type(address: &str, ty: &'static str) -> Self {
        Self {
            address: address.into(),
            ty,
            props: Vec::new(),
            depends_on: Vec::new(),
            lifecycle: Lifecycle::default(),
            pin: None,
            flow: None,
        }
    }
    /// A flow that makes so many things, named after its address.
    pub(crate) fn flow(address: &str, kind: FlowKind, count: usize) -> Self {
        Self { flow: Some((kind, count)), ..Self::of_type(address, THING) }
    }
    pub(crate) fn with(mut self, name: &'static str, prop: Prop) -> Self {
        self.props.retain(|(n, _)| *n != name);
        self.props.push((name, prop));
        self
    }
    pub(crate) fn after(mut self, address: &str) -> Self {
        self.depends_on.push(address.into());
        self
    }
}

#[derive(Clone, Debug)]
pub(crate) struct FakeStack {
    stack: StackId,
    nodes: Vec<Node>,
    things: IndexMap<Address, Thing>,
}

impl FakeStack {
    pub(crate) fn new(things: impl IntoIterator<Item = Thing>) -> Self {
        let things: IndexMap<Address, Thing> = things.into_iter().map(|t| (t.address.clone(), t)).collect();
        let edge = |to: &Address, via: String| Edge { to: to.clone(), via, route: Route::default() };
        let nodes = things
            .values()
            .map(|thing| {
                let references = thing.props.iter().filter_map(|(_, prop)| match prop {
                    Prop::Reference(to, path) => Some(edge(to, format!("{to}.{path}"))),
                    Prop::Literal(_) => None,
                });
                let explicit = thing.depends_on.iter().map(|to| edge(to, "depends_on".into()));
                Node {
                    address: thing.address.clone(),
                    declared_type: thing.ty.to_owned(),
                    after: references.chain(explicit).collect(),
                    follows: Vec::new(),
                    route: Route::default().key("resources").key(thing.address.as_str()),
                }
            })
            .collect();
        Self { stack: StackId { name: "shop".into(), env: "dev".into() }, nodes, things }
    }
}

impl Resolver for FakeStack {
    fn stack(&self) -> &StackId {
        &self.stack
    }
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    fn redactor(&self) -> Redactor {
        let redactor = Redactor::default();
        for prop in self.things.values().flat_map(|thing| &thing.props) {
            if let (_, Prop::Literal(value)) = prop {
                redactor.learn(value);
            }
        }
        redactor
    }
    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
        let Some(thing) = self.things.get(address) else { return Err(Vec::new()) };
        if let Some((kind, count)) = thing.flow {
            return Ok(Rendered::Flow(Box::new(flows::flow(address, kind, count))));
        }
        let value = |prop: &Prop| match prop {
            Prop::Literal(value) => value.clone(),
            Prop::Reference(to, path) => outputs
                .get(to)
                .and_then(|output| output.model.get(path))
                .cloned()
                .unwrap_or_else(|| Value::Unknown(Unknown::of(to, *path))),
        };
        let props = thing.props.iter().map(|(name, prop)| ((*name).to_owned(), value(prop))).collect();
        Ok(Rendered::Wanted(Box::new(Wanted {
            formerly: Vec::new(),
            absent: false,
            address: address.clone(),
            ty: thing.ty.into(),
            declared_type: thing.ty.to_owned(),
            target: target(),
            identifier: thing.pin.clone(),
            props: Value::Object(props),
            default_tags: IndexMap::new(),
            ownership_tags: true,
            as_written: false,
            kept: false,
            client_tokens: Vec::new(),
            lifecycle: thing.lifecycle.clone(),
            sources: Sources {
                resource: Route::default().key("resources").key(address.as_str()),
                props: std::collections::BTreeMap::new(),
                given_by: std::collections::BTreeMap::new(),
            },
        })))
    }
}
