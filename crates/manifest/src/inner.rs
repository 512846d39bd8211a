//! A stack as parsed: its declarations, and what each name means where.

use crate::codes;
use crate::fate::Fate;
use crate::flow::{FlowKind, Statements};
use crate::instances::{Expansion, Instance, Instances};
use crate::iql::AnchorKind;
use crate::model::{FlowDecl, GlobalDecl, Kind, ResourceDecl};
use crate::parse::Declared;
use crate::scope::uuid;
use crate::settings::Settings;
use crate::source_map::SourceMap;
use crate::sources::Options;
use crate::template::Templates;
use crate::template::place::Facts;
use indexmap::IndexMap;
use stack_core::desired;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::{Address, StackId};
use stack_core::overlay::Overlay;
use stack_core::pointer::PathSet;
use stack_core::schema::{Additional, Handlers, JsonType, Node, ResourceSchema, Schemas, Types};
use stack_core::value::Value;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

/// After so many undefined names nobody reads the suggestions any more.
const MAX_SUGGESTIONS: usize = 40;

/// How many globals may need each other one after the other: each is evaluated inside the one before.
pub(crate) const MAX_GLOBAL_DEPTH: usize = 50;

/// Everything about a stack that does not change any more.
pub(crate) struct Inner {
    pub(crate) id: StackId,
    pub(crate) declared: Arc<Declared>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) instances: Instances,
    pub(crate) places: Arc<SourceMap>,
    pub(crate) schemas: Arc<dyn Schemas>,
    pub(crate) variables: IndexMap<String, String>,
    pub(crate) options: Options,
    /// By instance.
    pub(crate) nodes: Vec<desired::Node>,
    /// `state` and `formerly` of the instances that declare them.
    pub(crate) fates: HashMap<usize, Fate>,
    /// By instance, what is wrong with it if it is wanted.
    pub(crate) to_absent: HashMap<usize, Diagnostics>,
    /// By instance.
    pub(crate) facts: Vec<Arc<Facts>>,
    /// For globals that are the same for every resource.
    pub(crate) constants: Vec<Option<OnceLock<Value>>>,
    settings: OnceLock<Settings>,
    /// `idempotency_token` of every instance.
    tokens: OnceLock<HashSet<String>>,
    /// Regions that are known; a list made anew for every resource would cost more than the look into it.
    regions: OnceLock<Option<Vec<String>>>,
    /// How often names were suggested: it costs a look at every name of the stack.
    suggested: AtomicUsize,
    /// True if a resource has statements of its own.
    has_flows: bool,
    /// Declarations by name.
    by_name: HashMap<String, usize>,
    globals: HashMap<String, usize>,
    /// Variable → declarations that export it and which of their exports, in manifest order.
    exporters: HashMap<String, Vec<(usize, usize)>>,
}

/// What everything else is made from.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) id: StackId,
    pub(crate) declared: Arc<Declared>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) places: Arc<SourceMap>,
    pub(crate) schemas: Arc<dyn Schemas>,
    pub(crate) variables: IndexMap<String, String>,
    pub(crate) options: Options,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inner({})", self.id)
    }
}

/// Where a template stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// In the value of a global, used by no resource.
    Global(usize),
    /// In the value of a global, used by an instance.
    GlobalFor(usize, usize),
    /// In an instance.
    Resource(usize),
    /// In settings or stack exports.
    Stack,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A plain text.
    Text(String),
    /// `resource_name` of a declaration.
    ResourceName(usize),
    /// `idempotency_token` of an instance.
    Token(usize),
    /// `each` of an instance.
    Each(usize),
    /// `vars`
    Variables,
    /// What a statement has returned; nobody knows before.
    Returned,
    /// A global.
    Global(usize),
    /// A declared resource.
    Resource(usize),
    /// The export of a declared resource: resource, export.
    Export(usize, usize),
}

impl At {
    /// The place with the instance that a global is evaluated for.
    pub(crate) fn with(self, resource: Option<usize>) -> Self {
        match (self, resource) {
            (Self::Global(global), Some(resource)) => Self::GlobalFor(global, resource),
            _ => self,
        }
    }

    fn resource(self) -> Option<usize> {
        match self {
            Self::Resource(resource) | Self::GlobalFor(_, resource) => Some(resource),
            Self::Global(_) | Self::Stack => None,
        }
    }
}

impl Inner {
    pub(crate) fn new(start: Start, expansions: &[Expansion]) -> Self {
        let Start { id, declared, templates, places, schemas, variables, options } = start;
        let instances = Instances::new(&declared.resources, expansions);
        let mut by_name = HashMap::new();
        let mut exporters: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (index, resource) in declared.resources.iter().enumerate() {
            by_name.entry(resource.address.as_str().to_owned()).or_insert(index);
            for (number, export) in resource.exports.iter().enumerate() {
                exporters.entry(export.variable.clone()).or_default().push((index, number));
            }
        }
        let mut globals = HashMap::new();
        for (index, global) in declared.globals.iter().enumerate() {
            globals.insert(global.name.clone(), index);
        }
        let facts = instances.all.iter().map(|instance| {
            let resource = &declared.resources[instance.declaration];
            Arc::new(facts(resource, instance.address.clone(), options.nonce))
        });
        let facts = facts.collect();
        let has_flows = declared.resources.iter().any(|resource| matches!(resource.kind, Kind::Flow(_)));
        let mut inner = Self {
            id,
            has_flows,
            constants: Vec::new(),
            declared,
            templates,
            instances,
            places,
            schemas,
            variables,
            options,
            nodes: Vec::new(),
            fates: HashMap::new(),
            to_absent: HashMap::new(),
            facts,
            settings: OnceLock::new(),
            tokens: OnceLock::new(),
            regions: OnceLock::new(),
            suggested: AtomicUsize::new(0),
            by_name,
            globals,
            exporters,
        };
        let mut known = vec![None; inner.declared.globals.len()];
        inner.constants = (0..inner.declared.globals.len())
            .map(|index| inner.is_constant(index, &mut Vec::new(), &mut known).then(OnceLock::new))
            .collect();
        inner
    }

    /// Settings of this environment; the defaults while they are being evaluated.
    pub(crate) fn settings(&self) -> &Settings {
        static DEFAULT: LazyLock<Settings> = LazyLock::new(Settings::default);
        self.settings.get().unwrap_or(&DEFAULT)
    }

    /// Sets them, once.
    pub(crate) fn set_settings(&self, settings: Settings) {
        // Only `Stack::parse` calls this, so there is nothing to lose.
        let _ = self.settings.set(settings);
    }

    /// The declaration of this name.
    pub(crate) fn declaration(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The declaration of an instance.
    pub(crate) fn resource(&self, instance: usize) -> &ResourceDecl {
        &self.declared.resources[self.instances.all[instance].declaration]
    }

    /// True with `state: absent`.
    pub(crate) fn is_absent(&self, instance: usize) -> bool {
        self.fates.get(&instance).is_some_and(|fate| fate.absent)
    }

    pub(crate) fn address(&self, instance: usize) -> &Address {
        &self.instances.all[instance].address
    }

    pub(crate) fn global_index(&self, name: &str) -> Option<usize> {
        self.globals.get(name).copied()
    }

    /// What a name means at a place (stackql-compat 1.6 and 1.8). Props of the resource itself come before all this.
    pub(crate) fn meaning(&self, name: &str, at: At, dotted: bool) -> Option<Meaning> {
        let own = at.resource();
        if let Some(instance) = own {
            let Instance { declaration, each, .. } = &self.instances.all[instance];
            match name {
                "resource_name" => return Some(Meaning::ResourceName(*declaration)),
                "idempotency_token" => return Some(Meaning::Token(instance)),
                "each" if each.is_some() => return Some(Meaning::Each(instance)),
                _ => {}
            }
        }
        // A resource of the same name wins for dotted access only.
        let resource = self.by_name.get(name).copied().map(Meaning::Resource);
        if dotted && resource.is_some() {
            return resource;
        }
        let global = |before: usize| {
            self.globals.get(name).copied().filter(|index| *index < before).map(Meaning::Global)
        };
        let built_in = || match name {
            "stack_name" => Some(Meaning::Text(self.id.name.clone())),
            "stack_env" => Some(Meaning::Text(self.id.env.clone())),
            _ => None,
        };
        let late = || match name {
            "vars" => Some(Meaning::Variables),
            // Statements leave it for everything that comes after (stackql-compat 2.5).
            "callback" if self.has_flows => Some(Meaning::Returned),
            _ => None,
        };
        match at {
            At::Global(this) | At::GlobalFor(this, _) => global(this)
                .or_else(built_in)
                .or_else(|| self.variables.get(name).map(|text| Meaning::Text(text.clone())))
                .or_else(|| self.exported(name, own))
                .or_else(|| global(usize::MAX).filter(|found| *found != Meaning::Global(this)))
                .or(resource)
                .or_else(late),
            At::Resource(_) | At::Stack => self
                .exported_before(name, own)
                .or_else(|| global(usize::MAX))
                .or_else(built_in)
                .or(resource)
                .or_else(|| self.exported(name, own))
                .or_else(late),
        }
    }

    /// The last export of this name before the resource of an instance.
    fn exported_before(&self, name: &str, instance: Option<usize>) -> Option<Meaning> {
        let all = self.exporters.get(name)?;
        let before = instance.map_or(usize::MAX, |instance| self.instances.all[instance].declaration);
        let (index, export) = all.get(all.partition_point(|(index, _)| *index < before).checked_sub(1)?)?;
        Some(Meaning::Export(*index, *export))
    }

    /// As above, else the first one after it.
    fn exported(&self, name: &str, instance: Option<usize>) -> Option<Meaning> {
        self.exported_before(name, instance).or_else(|| {
            let all = self.exporters.get(name)?;
            let own = instance.map(|instance| self.instances.all[instance].declaration);
            all.iter()
                .find(|(index, _)| Some(*index) != own)
                .map(|(index, export)| Meaning::Export(*index, *export))
        })
    }

    /// True if this is the `idempotency_token` of an instance.
    pub(crate) fn is_token(&self, uuid: &str) -> bool {
        let all = || self.facts.iter().map(|facts| facts.token.clone()).collect();
        self.tokens.get_or_init(all).contains(uuid)
    }

    /// Every region that is known. `None` where nothing is known.
    pub(crate) fn regions(&self) -> Option<&[String]> {
        self.regions.get_or_init(|| self.schemas.regions()).as_deref()
    }

    /// True while suggestions are still worth their cost.
    pub(crate) fn may_suggest(&self) -> bool {
        self.suggested.fetch_add(1, Ordering::Relaxed) < MAX_SUGGESTIONS
    }

    /// Names that a template could use, with what defines them.
    pub(crate) fn visible(&self, at: At) -> Vec<(String, String)> {
        let mut out = Vec::new();
        if !self.may_suggest() {
            return out;
        }
        let mut global = |g: &GlobalDecl| {
            out.push((g.name.clone(), format!("globals, {}", self.places.place(&g.path.route()))));
        };
        match at {
            At::Global(this) | At::GlobalFor(this, _) => {
                self.declared
                    .globals
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != this)
                    .for_each(|(_, g)| global(g));
                out.extend(self.variables.keys().map(|name| (name.clone(), "a variable".to_owned())));
            }
            At::Resource(_) | At::Stack => self.declared.globals.iter().for_each(global),
        }
        for resource in &self.declared.resources {
            let place = self.places.place(&resource.path.route());
            out.push((resource.address.to_string(), format!("a resource, {place}")));
            for export in &resource.exports {
                out.push((export.variable.clone(), format!("exported by {}, {place}", resource.address)));
            }
        }
        for name in ["stack_name", "stack_env", "vars"] {
            out.push((name.to_owned(), String::new()));
        }
        if !matches!(at, At::Stack) {
            out.push(("resource_name".to_owned(), String::new()));
            out.push(("idempotency_token".to_owned(), String::new()));
        }
        if at.resource().is_some_and(|instance| self.instances.all[instance].each.is_some()) {
            out.push(("each".to_owned(), String::new()));
        }
        out
    }

    /// True if a global is the same for every resource.
    fn is_constant(&self, index: usize, open: &mut Vec<usize>, known: &mut [Option<bool>]) -> bool {
        if let Some(constant) = known[index] {
            return constant;
        }
        // Longer chains are refused where they are evaluated.
        if open.len() >= MAX_GLOBAL_DEPTH || open.contains(&index) {
            return false;
        }
        open.push(index);
        let mut constant = true;
        if let Some(spot) = &self.declared.globals[index].value {
            spot.templates(&mut |id, _| {
                for used in &self.templates.get(id).uses {
                    let name = self.templates.real_name(&used.head);
                    constant &= match self.meaning(name, At::Global(index), !used.path.is_empty()) {
                        Some(Meaning::Text(_) | Meaning::Variables) => true,
                        Some(Meaning::Global(other)) => self.is_constant(other, open, known),
                        Some(_) => false,
                        // Unknown names fail for each resource that needs them; `uuid` is new for each.
                        None => name != "uuid" && crate::template::engine::is_builtin(name),
                    };
                }
            });
        }
        open.pop();
        known[index] = Some(constant);
        constant
    }
}

/// What a resource whose statements rule offers to others: its exports, by the names of their columns.
fn offered(resource: &ResourceDecl, flow: &FlowDecl) -> ResourceSchema {
    let properties = resource.exports.iter().map(|export| (export.property.clone(), Node::default()));
    ResourceSchema {
        type_name: flow.type_name(),
        description: String::new(),
        root: Node {
            types: Types::of(&[JsonType::Object]),
            properties: properties.collect(),
            additional_properties: Some(Additional::Allowed(false)),
            ..Node::default()
        },
        definitions: IndexMap::new(),
        primary_identifier: Vec::new(),
        additional_identifiers: Vec::new(),
        read_only_properties: PathSet::default(),
        write_only_properties: PathSet::default(),
        create_only_properties: PathSet::default(),
        conditional_create_only_properties: PathSet::default(),
        deprecated_properties: PathSet::default(),
        property_transform: IndexMap::new(),
        tagging: None,
        taggable: None,
        handlers: Handlers::default(),
        replacement_strategy: None,
        lifecycle: None,
        overlay: Overlay::default(),
    }
}

impl Inner {
    /// Where `settings.patch: literal` changes nothing: the updates of dotted types, and of statements that are understood, are
    /// computed from the schema and the live resource.
    pub(crate) fn literal_patch(&self) -> Option<Diagnostic> {
        let spot = self.declared.settings.values.get("patch").filter(|_| self.settings().literal_patch)?;
        let flows = self.declared.resources.iter().filter_map(|resource| match &resource.kind {
            Kind::Flow(flow) => Some((resource, flow)),
            Kind::Typed(..) | Kind::Unusable => None,
        });
        let (understood, ruling): (Vec<_>, Vec<_>) = flows.partition(|(_, flow)| flow.of().is_some());
        let updates = |flow: &FlowDecl| match &flow.flow.statements {
            Statements::File { file, .. } => file.has(AnchorKind::Update),
            Statements::Inline(_) | Statements::Script(_) | Statements::Missing => false,
        };
        let passed_over: Vec<String> = understood
            .iter()
            .filter(|(_, flow)| updates(flow))
            .map(|(resource, _)| resource.address.to_string())
            .collect();
        let (on, next) = if !passed_over.is_empty() {
            let next = "their statements are understood, so that only what differs is sent; with a check of their own (`exists`, \
                        `statecheck`) they are sent as they are written";
            (format!(" on {}", passed_over.join(", ")), next)
        } else if ruling.iter().all(|(_, flow)| matches!(flow.flow.kind, FlowKind::Query | FlowKind::Script))
        {
            let next = "take it out: it concerns the UPDATE of query files with checks of their own, and those of commands";
            (" in this stack".to_owned(), next)
        } else {
            return None;
        };
        let told =
            Diagnostic::warning(codes::NO_EFFECT, format!("`settings.patch: literal` has no effect{on}"));
        Some(told.at(spot.path.route(), "").next(next))
    }

    /// The first of the manifest's `providers`, if AWS is not among them.
    pub(crate) fn without_aws(&self) -> Option<String> {
        let name = |written: &String| written.split("::").next().unwrap_or_default().to_owned();
        let names: Vec<String> = self.declared.providers.iter().map(name).collect();
        let is_aws = |name: &String| name.starts_with("aws");
        names.iter().all(|name| !is_aws(name)).then(|| names.into_iter().next()).flatten()
    }
}

fn facts(resource: &ResourceDecl, address: Address, nonce: u128) -> Facts {
    Facts {
        schema: match &resource.kind {
            Kind::Typed(_, schema) => Some(Arc::clone(schema)),
            Kind::Flow(flow) => Some(match flow.of() {
                Some(of) => Arc::clone(&of.schema),
                None => Arc::new(offered(resource, flow)),
            }),
            Kind::Unusable => None,
        },
        offers_exports: matches!(&resource.kind, Kind::Flow(flow) if flow.rules),
        exports: resource.exports.iter().map(|e| (e.variable.clone(), e.property.clone())).collect(),
        protected: resource.protected.clone(),
        token: uuid(nonce, address.as_str(), "idempotency_token"),
        has_statements: matches!(resource.kind, Kind::Flow(_)),
        region: OnceLock::new(),
        address,
    }
}
