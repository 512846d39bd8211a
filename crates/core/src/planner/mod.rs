//! The planner: questions to the cloud out, answers in, a plan at the end. Pure and synchronous.
//!
//! [`Planning`] walks the graph. A resource is rendered once all that it depends on is decided; its key may need their
//! outputs. Who asks the cloud, and how many at once, is not its business.

mod along;
pub mod codes;
mod decide;
mod flows;
mod following;
mod guard;
mod identity;
mod orphans;
mod outputs;
mod refine;
mod search;
mod select;
mod shield;
mod siblings;
mod steps;
#[cfg(test)]
mod tests;
mod undo;
mod vague;

pub use along::AlongQuestion;
pub use flows::FlowQuestion;
pub use guard::{GuardrailCheck, Guardrails, action_word, check_guardrails, is_refusal, stranger};
pub use identity::hint;
pub use orphans::{Beside, prune};
pub use outputs::output_of;
pub use refine::{Prepared, prepare, question, residue};
pub use search::shows_key;
pub use select::glob;
pub use siblings::render;

use crate::desired::{Outputs, Rendered, Resolver, Wanted};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::flow::Purpose;
use crate::identity::Identifier;
use crate::ids::{Address, StackId, Target, TypeName};
use crate::observed::{LedgerEntry, Question, Sighting};
use crate::plan::{Action, Mode, Plan, Planned, ReasonCode};
use crate::pointer::Pointer;
use crate::schema::{ResourceSchema, Schemas};
use crate::search::Listing;
use crate::value::Unknown;
use decide::{Decide, Seen};
use identity::Identity;
use indexmap::IndexMap;
use siblings::Siblings;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What a plan is made for, and what the user agreed to.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Build, teardown or drift.
    pub mode: Mode,
    /// `--target`, with `*` for any text. Empty: everything.
    pub include: Vec<String>,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// Hints of earlier runs.
    pub ledger: IndexMap<Address, LedgerEntry>,
    /// Types of which this stack has deleted something a moment ago: lists may still show it, so that each resource of
    /// them is read (Confluent trap 44).
    pub deleted_lately: BTreeSet<TypeName>,
    /// Live resources that the user gives to addresses (`adopt`), as if the manifest pinned them.
    pub pins: IndexMap<Address, Identifier>,
    /// True: what `include` names and nothing that it depends on.
    pub only_included: bool,
    /// `--resend ADDRESS[#/Path]`.
    pub resend: Vec<(Address, Option<Pointer>)>,
    /// `--keep-protected`.
    pub keep_protected: bool,
    /// `--allow-data-loss`, with `*` for any text.
    pub allow_data_loss: Vec<String>,
    /// How the checks of flows are asked: once for a plan, with their own retries for `test`.
    pub flows: Purpose,
}

impl PlanOptions {
    /// No restrictions, no hints, no consent.
    pub fn of(mode: Mode) -> Self {
        Self {
            mode,
            include: Vec::new(),
            exclude: Vec::new(),
            ledger: IndexMap::new(),
            deleted_lately: BTreeSet::new(),
            pins: IndexMap::new(),
            only_included: false,
            resend: Vec::new(),
            keep_protected: false,
            allow_data_loss: Vec::new(),
            flows: Purpose::Plan,
        }
    }
}

/// A plan in the making.
pub struct Planning {
    resolver: Arc<dyn Resolver>,
    schemas: Arc<dyn Schemas>,
    options: PlanOptions,
    acted_on: BTreeSet<Address>,
    siblings: Siblings,
    /// Indices of nodes that wait, with the number of dependencies that are not decided yet.
    waiting: BTreeMap<usize, usize>,
    index: BTreeMap<Address, usize>,
    dependents: Vec<Vec<usize>>,
    asked: BTreeMap<Address, Asked>,
    asked_flows: BTreeMap<Address, flows::AskedFlow>,
    flow_questions: Vec<FlowQuestion>,
    /// Queries that gave no row, and what is said if none comes.
    unanswered: BTreeMap<Address, Diagnostics>,
    ready: Vec<usize>,
    planned: BTreeMap<usize, Planned>,
    related: following::Declared,
    cascades: along::Cascades,
    outputs: Outputs,
    skipped: BTreeSet<Address>,
    left_out: Vec<Address>,
    diagnostics: Vec<Diagnostic>,
}

struct Asked {
    index: usize,
    wanted: Box<Wanted>,
    schema: Arc<ResourceSchema>,
    /// What the question could not take into account.
    waiting: Option<Unknown>,
}

impl std::fmt::Debug for Planning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planning")
            .field("asked", &self.asked.len())
            .field("planned", &self.planned.len())
            .finish_non_exhaustive()
    }
}

impl Planning {
    /// Starts a plan over the resolver's graph.
    pub fn new(resolver: Arc<dyn Resolver>, schemas: Arc<dyn Schemas>, options: PlanOptions) -> Self {
        let nodes = resolver.nodes();
        let selection = select::select(nodes, &options);
        let index: BTreeMap<Address, usize> =
            nodes.iter().enumerate().map(|(i, node)| (node.address.clone(), i)).collect();
        let mut dependents = vec![Vec::new(); nodes.len()];
        let mut waiting = BTreeMap::new();
        let mut left_out = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            if !selection.acted_on.contains(&node.address) {
                left_out.push(node.address.clone());
            }
            if !selection.looked_at.contains(&node.address) {
                continue;
            }
            let before: BTreeSet<usize> =
                node.after.iter().filter_map(|edge| index.get(&edge.to)).copied().collect();
            before.iter().for_each(|dependency| dependents[*dependency].push(i));
            waiting.insert(i, before.len());
        }
        let ready = waiting.iter().filter(|(_, open)| **open == 0).map(|(i, _)| *i).collect();
        let siblings = Siblings::of(&*resolver, &*schemas);
        Self {
            resolver,
            schemas,
            options,
            siblings,
            acted_on: selection.acted_on,
            waiting,
            index,
            dependents,
            asked: BTreeMap::new(),
            asked_flows: BTreeMap::new(),
            flow_questions: Vec::new(),
            unanswered: BTreeMap::new(),
            ready,
            planned: BTreeMap::new(),
            related: following::Declared::new(),
            cascades: along::Cascades::default(),
            outputs: Outputs::new(),
            skipped: BTreeSet::new(),
            left_out,
            diagnostics: Vec::new(),
        }
    }

    /// The questions that can be asked now; each is handed out once.
    pub fn questions(&mut self) -> Vec<Question> {
        let mut questions = Vec::new();
        while let Some(index) = self.ready.pop() {
            if let Some(mut question) = self.open(index) {
                if self.options.deleted_lately.contains(&question.ty) {
                    question.listing = Listing::Never;
                }
                questions.push(question);
            }
        }
        questions.sort_by_key(|question| self.index.get(&question.address).copied());
        questions
    }

    /// Takes the answer to a question. An address that was not asked about is passed over.
    pub fn answer(&mut self, address: &Address, sighting: &Sighting) {
        if let Some(asked) = self.asked.remove(address) {
            let seen = match (sighting, asked.waiting) {
                // Not found, but it was not looked for everywhere.
                (Sighting::Absent, Some(unknown)) => Seen::Waiting(unknown),
                _ => Seen::Sighted(sighting),
            };
            self.decide(asked.index, &asked.wanted, &asked.schema, seen);
        }
    }

    /// The types that it plans with.
    pub fn schemas(&self) -> &Arc<dyn Schemas> {
        &self.schemas
    }

    /// Hints of earlier runs.
    pub fn ledger(&self) -> &IndexMap<Address, LedgerEntry> {
        &self.options.ledger
    }

    /// The stack that it plans for.
    pub fn stack(&self) -> &StackId {
        self.resolver.stack()
    }

    /// True once every resource is decided and no question is open.
    pub fn is_done(&self) -> bool {
        self.ready.is_empty() && self.asked.is_empty() && self.asked_flows.is_empty()
    }

    /// Renders one resource; settles it at once where nothing can be asked.
    fn open(&mut self, index: usize) -> Option<Question> {
        let resolver = Arc::clone(&self.resolver);
        let node = &resolver.nodes()[index];
        let mut wanted = match resolver.render(&node.address, &self.outputs) {
            Ok(Rendered::Wanted(wanted)) => wanted,
            Ok(Rendered::Flow(flow)) => {
                self.ask_flow(index, flow);
                return None;
            }
            Ok(Rendered::Skipped) => {
                self.skipped.insert(node.address.clone());
                self.close(index);
                return None;
            }
            Err(problems) => {
                self.diagnostics.extend(problems);
                self.close(index);
                return None;
            }
        };
        let schema = match self.schemas.schema(&wanted.ty) {
            Ok(schema) => schema,
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error(codes::NOT_IN_REGION, error.to_string()).at(node.route.key("type"), ""),
                );
                self.close(index);
                return None;
            }
        };
        let owned = self.siblings.owned(&*resolver, &wanted, &schema);
        siblings::leave(&mut wanted, &owned);
        if let Some(problem) = self.region_problem(&wanted) {
            self.diagnostics.push(problem);
            self.close(index);
            return None;
        }
        let pin = self.options.pins.get(&wanted.address);
        let ledger = self.options.ledger.get(&wanted.address);
        let identity = match pin {
            Some(pin) => identity::given(&wanted, &schema, resolver.stack(), pin),
            None => identity::identity(&wanted, &schema, resolver.stack(), ledger),
        };
        match identity {
            Identity::Ask(question) => {
                let waiting = question.waiting.clone();
                self.asked.insert(wanted.address.clone(), Asked { index, wanted, schema, waiting });
                Some(*question)
            }
            Identity::Waiting(unknown) => {
                if let Some(question) = self.former(&wanted, &schema, &unknown) {
                    let waiting = Some(unknown);
                    self.asked.insert(wanted.address.clone(), Asked { index, wanted, schema, waiting });
                    return Some(question);
                }
                self.decide(index, &wanted, &schema, Seen::Waiting(unknown));
                None
            }
            Identity::Impossible(problem) => {
                self.diagnostics.push(*problem);
                self.close(index);
                None
            }
        }
    }

    /// What to ask about a resource whose key waits for resources that are replaced: it may be there under the old ones, and
    /// nothing would delete it. What goes along with one of them needs no question.
    fn former(&self, wanted: &Wanted, schema: &Arc<ResourceSchema>, unknown: &Unknown) -> Option<Question> {
        let mut outputs = self.outputs.clone();
        for reference in &unknown.from {
            let source = self.index.get(&reference.address).and_then(|index| self.planned.get(index))?;
            let (Action::Replace(_), Some(live)) = (source.action, &source.live) else { return None };
            let theirs = self.schemas.schema(&source.ty).ok()?;
            // What only may go (keys) is looked for: left behind it would stay valid.
            if theirs.overlay.cascades.iter().any(|cascade| cascade.consent && cascade.of.ty == wanted.ty) {
                return None;
            }
            outputs.insert(reference.address.clone(), output_of(None, &theirs, live));
        }
        // As it was wanted, that is how it is found; what is wanted now stays unknown.
        let Ok(Rendered::Wanted(before)) = self.resolver.render(&wanted.address, &outputs) else {
            return None;
        };
        match identity::identity(&before, schema, self.resolver.stack(), None) {
            Identity::Ask(question) if question.waiting.is_none() => Some(*question),
            _ => None,
        }
    }

    fn region_problem(&self, wanted: &Wanted) -> Option<Diagnostic> {
        let region = wanted.target.region.as_ref()?;
        (!self.schemas.available_in(&wanted.ty, region.as_str())).then(|| {
            Diagnostic::error(
                codes::NOT_IN_REGION,
                format!("{} does not exist in {region}", wanted.declared_type),
            )
            .at(wanted.sources.resource.key("type"), "")
            .next("choose another region for this resource")
        })
    }

    fn decide(&mut self, index: usize, wanted: &Wanted, schema: &Arc<ResourceSchema>, seen: Seen<'_>) {
        let node_after = self.resolver.nodes()[index].after.clone();
        let needs_skipped = self.needs_skipped(wanted);
        let resend = self
            .options
            .resend
            .iter()
            .filter(|(address, _)| *address == wanted.address)
            .map(|(_, at)| at.clone().unwrap_or_default())
            .collect();
        let schemas = &self.schemas;
        let is_absent = |unknown: &Unknown| self.is_absent(unknown);
        let is_fresh = |unknown: &Unknown| {
            self.all_sources(unknown, &|source| {
                matches!(source.action, Action::Create | Action::Replace(_))
                    // A resource of the same name may well get the same ARN again.
                    && schemas
                        .schema(&source.ty)
                        .is_ok_and(|schema| schema.is_named_by_service() || changes_its_name(source, &schema))
            })
        };
        let mut planned = Decide {
            wanted,
            schema,
            stack: self.resolver.stack(),
            mode: self.options.mode,
            seen,
            after: &node_after,
            keep_protected: self.options.keep_protected,
            allow_data_loss: self.options.allow_data_loss.iter().any(|p| glob(p, wanted.address.as_str())),
            resend,
            is_absent: &is_absent,
            is_fresh: &is_fresh,
        }
        .decide();
        let owned = self.siblings.owned(&*self.resolver, wanted, schema);
        if let Some(warning) = siblings::warning(wanted, &owned) {
            planned.diagnostics.push(warning);
        }
        if let Some(problem) = needs_skipped {
            planned.diagnostics.push(problem);
            planned.action = Action::Blocked;
        }
        let output = outputs::planned(
            &wanted.address,
            wanted,
            schema,
            planned.action,
            planned.live.as_ref(),
            &planned.changes,
        );
        self.outputs.insert(wanted.address.clone(), output);
        let related = following::declared(&schema.overlay.follows, &wanted.props);
        if !related.is_empty() {
            self.related.insert(wanted.address.clone(), related);
        }
        self.planned.insert(index, planned);
        self.close(index);
    }

    /// True if all that a value comes from is planned, and fits.
    fn all_sources(&self, unknown: &Unknown, fits: &dyn Fn(&Planned) -> bool) -> bool {
        unknown.from.iter().all(|reference| {
            self.index.get(&reference.address).and_then(|i| self.planned.get(i)).is_some_and(fits)
        })
    }

    /// True if the value comes from resources that are not there: nothing that needs it can be there under it.
    fn is_absent(&self, unknown: &Unknown) -> bool {
        self.all_sources(unknown, &|source| {
            matches!(source.action, Action::Create | Action::Replace(_))
                || (source.action == Action::Noop && is_not_there(source))
        })
    }

    /// A value of a skipped resource never becomes known.
    fn needs_skipped(&self, wanted: &Wanted) -> Option<Diagnostic> {
        let unknown = wanted.props.unknown()?;
        let reference = unknown.from.iter().find(|reference| self.skipped.contains(&reference.address))?;
        Some(
            Diagnostic::error(
                codes::NEEDS_SKIPPED,
                format!("{} needs {reference}, but {} is skipped here", wanted.address, reference.address),
            )
            .at(wanted.sources.resource.clone(), "")
            .next("give both the same `if`, or a default value"),
        )
    }

    /// Counts a decided resource off at its dependents.
    fn close(&mut self, index: usize) {
        self.waiting.remove(&index);
        for dependent in self.dependents[index].clone() {
            if let Some(open) = self.waiting.get_mut(&dependent) {
                *open -= 1;
                if *open == 0 {
                    self.ready.push(dependent);
                }
            }
        }
    }

    /// The plan, and the outputs that planning assumed (those of resources that stay as they are hold at run time).
    pub fn finish(mut self) -> (Plan, Outputs) {
        let acted_on = std::mem::take(&mut self.acted_on);
        let mut resources: IndexMap<Address, Planned> = IndexMap::new();
        for (_, mut planned) in std::mem::take(&mut self.planned) {
            if !acted_on.contains(&planned.address) {
                planned.action = Action::Noop;
                planned.changes.clear();
                planned.patch.clear();
                planned.diagnostics.clear();
            }
            resources.insert(planned.address.clone(), planned);
        }
        block_doubles(&mut resources);
        let cascades = std::mem::take(&mut self.cascades);
        if cascades.lists().next().is_some() || resources.values().any(along::goes) {
            let is_planned = |address: &Address| resources.contains_key(address);
            let left = shield::left_out(&*self.resolver, &self.outputs, &is_planned);
            let keep = self.options.keep_protected;
            shield::settle(&mut resources, &*self.schemas, &cascades, &left, keep);
        }
        // What stays may use others, and who stays is known once the orders are. Blocked ones and further edges may change
        // the orders once more.
        steps::settle_replace_orders(&mut resources);
        along::block_used(&mut resources, &*self.schemas);
        let agreed = std::mem::take(&mut self.options.allow_data_loss);
        let agrees = |address: &Address| agreed.iter().any(|pattern| glob(pattern, address.as_str()));
        self.diagnostics.extend(along::settle(&mut resources, cascades, &agrees));
        self.set_follows(&mut resources);
        following::add(&mut resources, &*self.schemas, &self.related);
        self.settle_queries(&mut resources);
        steps::settle_replace_orders(&mut resources);
        let steps = steps::steps(&resources, self.options.mode);
        let mut diagnostics = self.diagnostics;
        diagnostics.extend(resources.values().flat_map(|planned| planned.diagnostics.iter().cloned()));
        let plan = Plan {
            mode: self.options.mode,
            stack: self.resolver.stack().clone(),
            resources,
            skipped: self.skipped.into_iter().collect(),
            left_out: self.left_out,
            orphans: Vec::new(),
            steps,
            diagnostics,
        };
        (plan, self.outputs)
    }

    /// Manifest order, as far as it goes: what is skipped or left out hands on what it comes after itself.
    fn set_follows(&self, resources: &mut IndexMap<Address, Planned>) {
        let nodes = self.resolver.nodes();
        let present: HashSet<Address> = resources.keys().cloned().collect();
        for planned in resources.values_mut() {
            let Some(node) = self.index.get(&planned.address).map(|index| &nodes[*index]) else { continue };
            let mut seen: HashSet<&Address> = HashSet::new();
            let mut open: Vec<&Address> = node.follows.iter().collect();
            while let Some(before) = open.pop() {
                if !seen.insert(before) {
                    continue;
                }
                if present.contains(before) {
                    planned.follows.push(before.clone());
                } else if let Some(between) = self.index.get(before).map(|index| &nodes[*index]) {
                    open.extend(between.follows.iter().chain(between.after.iter().map(|edge| &edge.to)));
                }
            }
        }
    }
}

/// True if a resource that nothing happens to is not there. A flow may be there although nothing was read of it.
fn is_not_there(planned: &Planned) -> bool {
    match planned.flow {
        Some(_) => planned.reasons.iter().any(|reason| reason.code == ReasonCode::Absent),
        None => planned.live.is_none(),
    }
}

/// True if the replacement gives the resource another identifier.
fn changes_its_name(planned: &Planned, schema: &ResourceSchema) -> bool {
    let names_it = |at: &Pointer| schema.primary_identifier.iter().any(|path| path.covers(at));
    matches!(planned.action, Action::Replace(_))
        && planned.changes.iter().any(|change| change.after.is_some() && names_it(&change.path))
}

/// Two resources of the manifest that are one live resource: neither may go on.
fn block_doubles(resources: &mut IndexMap<Address, Planned>) {
    // Parts, not their joined text: `a|b` and `c` are not `a` and `b|c` (trap 68). Another role may be another account.
    type Seen<'p> = HashMap<(&'p TypeName, &'p Target, Vec<&'p str>), &'p Address>;
    // Flows apart: one before two others must not hide that these are one.
    let (mut declared, mut flows) = (Seen::new(), Seen::new());
    let mut doubles: Vec<(Address, Address)> = Vec::new();
    // Several flows may look at one resource; only one can make it.
    for planned in resources.values().filter(|p| p.flow.is_none() || p.action == Action::Create) {
        let Some(identifier) = &planned.identifier else { continue };
        let values = identifier.parts.iter().map(|(_, value)| value.as_str()).collect();
        let key = (&planned.ty, &planned.target, values);
        let (like, unlike) = match planned.flow {
            None => (&mut declared, &flows),
            Some(_) => (&mut flows, &declared),
        };
        if let Some(first) = like.get(&key).or_else(|| unlike.get(&key)) {
            doubles.push((Address::clone(first), planned.address.clone()));
        }
        like.entry(key).or_insert(&planned.address);
    }
    for (first, second) in doubles {
        let first_route = resources.get(&first).map(|p| p.sources.resource.clone()).unwrap_or_default();
        let is_flow = |address: &Address| resources.get(address).is_some_and(|p| p.flow.is_some());
        // Its checks find what the first has made.
        let finds = is_flow(&second);
        if finds || is_flow(&first) {
            let Some(planned) = resources.get_mut(&second) else { continue };
            let identifier = planned.identifier.as_ref().map(ToString::to_string).unwrap_or_default();
            let message = format!("{first} and {second} are the same resource: {} {identifier}", planned.ty);
            let told = Diagnostic::warning(codes::SAME_RESOURCE, message)
                .at(planned.sources.resource.clone(), "")
                .at(first_route, "the other one");
            planned.diagnostics.push(if finds {
                told.next(format!("when its turn comes it finds what {first} has made; take one of them out if that is not meant"))
            } else {
                told.next("take one of them out, or give them different names")
            });
            continue;
        }
        for address in [&first, &second] {
            if let Some(planned) = resources.get_mut(address) {
                planned.action = Action::Blocked;
                planned.patch.clear();
            }
        }
        if let Some(planned) = resources.get_mut(&second) {
            let identifier = planned.identifier.as_ref().map(ToString::to_string).unwrap_or_default();
            planned.diagnostics.push(
                Diagnostic::error(
                    codes::SAME_RESOURCE,
                    format!("{first} and {second} are the same resource: {} {identifier}", planned.ty),
                )
                .at(planned.sources.resource.clone(), "")
                .at(first_route, "the other one")
                .next("take one of them out, or give them different names"),
            );
        }
    }
}
