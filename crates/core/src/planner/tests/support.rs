//! A stack written as JSON: `"${name.Property}"` refers to another resource.

use crate::desired::{Edge, Lifecycle, Node, Outputs, Rendered, Resolver, Sources, Wanted};
use crate::diagnostic::{Diagnostics, Route};
use crate::identity::Identifier;
use crate::ids::{Address, ProviderId, Region, StackId, Target, TypeName};
use crate::observed::{IdentityStep, Question, Sighting};
use crate::plan::{Mode, Plan, Planned};
use crate::planner::{PlanOptions, Planning};
use crate::provider::Found;
use crate::schema::{ResourceSchema, Schemas, UnknownType};
use crate::search::Finds;
use crate::value::{Unknown, Value};
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct TestSchemas;

/// A database whose `MaxAllocatedStorage` can only grow.
pub(super) const GROWING: &str = "Test::Growing::Database";

impl Schemas for TestSchemas {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Ok(name.into())
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        if ty.as_str() != GROWING {
            return Ok(Arc::new(crate::testdata::corrected(ty.as_str())));
        }
        let mut schema = crate::testdata::corrected("AWS::RDS::DBInstance");
        schema.overlay.grow_only =
            crate::pointer::PathSet(vec![crate::pointer::PropertyPath::parse("/MaxAllocatedStorage")]);
        schema.overlay.holds_data = true;
        Ok(Arc::new(schema))
    }
    fn available_in(&self, _: &TypeName, region: &str) -> bool {
        region != "nowhere-1"
    }
}

#[derive(Clone)]
pub(super) struct TestStack {
    stack: StackId,
    nodes: Vec<Node>,
    wanted: BTreeMap<Address, Wanted>,
}

impl TestStack {
    pub(super) fn new() -> Self {
        Self {
            stack: StackId { name: "shop".into(), env: "prod".into() },
            nodes: Vec::new(),
            wanted: BTreeMap::new(),
        }
    }

    pub(super) fn with(self, name: &str, ty: &str, props: Json) -> Self {
        self.with_lifecycle(name, ty, props, Lifecycle::default())
    }

    pub(super) fn with_lifecycle(mut self, name: &str, ty: &str, props: Json, lifecycle: Lifecycle) -> Self {
        let address = Address::from(name);
        let route = Route::default().key("resources").index(self.nodes.len());
        let mut after = Vec::new();
        references(&props, &mut |text| {
            let (to, _) = text.split_once('.').unwrap();
            after.push(Edge { to: to.into(), via: text.to_owned(), route: route.clone() });
        });
        self.nodes.push(Node {
            address: address.clone(),
            declared_type: ty.into(),
            after,
            follows: Vec::new(),
            route: route.clone(),
        });
        self.wanted.insert(
            address.clone(),
            Wanted {
                formerly: Vec::new(),
                absent: false,
                address,
                ty: ty.into(),
                declared_type: ty.into(),
                target: target(),
                identifier: None,
                props: Value::from(props),
                default_tags: IndexMap::new(),
                ownership_tags: true,
                as_written: false,
                kept: false,
                client_tokens: Vec::new(),
                lifecycle,
                sources: Sources { resource: route, ..Sources::default() },
            },
        );
        self
    }

    pub(super) fn edit(mut self, name: &str, edit: impl FnOnce(&mut Wanted)) -> Self {
        edit(self.wanted.get_mut(name).unwrap());
        self
    }

    /// Plans with the given live models; what is not named is absent.
    pub(super) fn plan(&self, mode: Mode, live: &[(&str, Json)]) -> Plan {
        self.plan_with(PlanOptions::of(mode), live)
    }

    pub(super) fn plan_with(&self, options: PlanOptions, live: &[(&str, Json)]) -> Plan {
        self.sighted(options, |address| {
            live.iter().find(|(name, _)| *name == address.as_str()).map(|(_, model)| model.clone())
        })
        .0
    }

    /// Plans; also says how many questions were asked.
    pub(super) fn sighted(
        &self,
        options: PlanOptions,
        live: impl Fn(&Address) -> Option<Json>,
    ) -> (Plan, usize) {
        let mut planning = Planning::new(Arc::new(self.clone()), Arc::new(TestSchemas), options);
        let mut asked = 0;
        while !planning.is_done() {
            for question in planning.questions() {
                asked += 1;
                let sighting =
                    live(&question.address).map_or(Sighting::Absent, |model| answer(&question, model));
                planning.answer(&question.address, &sighting);
            }
        }
        let plan = planning.finish().0;
        let schemas: BTreeMap<_, _> =
            plan.resources.values().map(|p| (p.ty.clone(), TestSchemas.schema(&p.ty).unwrap())).collect();
        assert_eq!(crate::check::check(&plan, |planned| schemas.get(&planned.ty).map(Arc::as_ref)), []);
        (plan, asked)
    }

    pub(super) fn wanted(&self, name: &str) -> &Wanted {
        &self.wanted[name]
    }
}

/// What looking for one live model gives.
fn answer(question: &Question, model: Json) -> Sighting {
    let schema = TestSchemas.schema(&question.ty).unwrap();
    let parts = schema
        .primary_identifier
        .iter()
        .map(|path| {
            let at = path.as_pointer().unwrap();
            let text = at.get(&model).and_then(Json::as_str).unwrap_or_default();
            (crate::identity::part_name(path), text.to_owned())
        })
        .collect();
    let found = Found { identifier: Identifier { parts }, model };
    if let Some(probe) = question.probes.iter().find(|probe| probe.confirms(&found.model)) {
        return Sighting::Present { found: Box::new(found), step: probe.step };
    }
    let Some(search) = &question.search else { return Sighting::Absent };
    let mut finds = Finds::default();
    finds.add(&found, search.class_of(&found.model, false));
    search.verdict(finds)
}

pub(super) fn target() -> Target {
    Target {
        provider: ProviderId::from("aws"),
        region: Some(Region::from("us-east-1")),
        role_arn: None,
        type_version_id: None,
        credential: None,
    }
}

pub(super) fn present(identifier: &[(&str, &str)], model: Json) -> Sighting {
    Sighting::Present {
        found: Box::new(Found {
            identifier: Identifier {
                parts: identifier.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            },
            model,
        }),
        step: IdentityStep::Declared,
    }
}

/// The model with this stack's tags.
pub(super) fn ours(name: &str, mut model: Json) -> Json {
    let tags = crate::tags::marks(&StackId { name: "shop".into(), env: "prod".into() }, name, None);
    let list = model.as_object_mut().unwrap().entry("Tags").or_insert_with(|| Json::Array(vec![]));
    for (key, value) in tags {
        list.as_array_mut().unwrap().push(serde_json::json!({ "Key": key, "Value": value }));
    }
    model
}

pub(super) fn patch_text(planned: &Planned) -> Vec<String> {
    planned
        .patch
        .iter()
        .map(|op| match op {
            crate::plan::PatchOp::Add { path, .. } => format!("add {path}"),
            crate::plan::PatchOp::Remove { path } => format!("remove {path}"),
        })
        .collect()
}

fn references(props: &Json, found: &mut impl FnMut(&str)) {
    match props {
        Json::String(text) => {
            if let Some(inner) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')) {
                found(inner);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        Json::Object(map) => map.values().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn fill(value: &Value, outputs: &Outputs) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("${").and_then(|t| t.strip_suffix('}')) {
            Some(inner) => {
                let (address, property) = inner.split_once('.').unwrap();
                match outputs.get(address).and_then(|output| output.model.get(property)) {
                    Some(known) => known.clone(),
                    None => Value::Unknown(Unknown::of(&address.into(), property)),
                }
            }
            None => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, outputs)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), fill(v, outputs))).collect()),
        other => other.clone(),
    }
}

impl Resolver for TestStack {
    fn stack(&self) -> &StackId {
        &self.stack
    }
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
        let mut wanted = self.wanted[address].clone();
        wanted.props = fill(&wanted.props, outputs);
        Ok(Rendered::Wanted(Box::new(wanted)))
    }
}
