//! The decision for a resource whose own statements rule: what its checks found, and what is known of it besides.

use super::decide::{Decide, Seen};
use super::{Planning, codes, guard};
use crate::desired::{Edge, Output};
use crate::diagnostic::Diagnostic;
use crate::flow::{AnchorKind, Flow, FlowKind, FlowSeen, FlowVerdict, Purpose, Stray};
use crate::ids::Address;
use crate::observed::{IdentityStep, Sighting};
use crate::plan::{
    Action, Certainty, Change, Hit, Impact, Mode, Ownership, Planned, Reason, ReasonCode, Undo,
};
use crate::pointer::Pointer;
use crate::value::{Unknown, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A flow whose checks are to be asked.
#[derive(Clone, Debug)]
pub struct FlowQuestion {
    /// The flow.
    pub flow: Arc<Flow>,
    /// What for.
    pub purpose: Purpose,
}

/// A flow that was asked about.
#[derive(Debug)]
pub(super) struct AskedFlow {
    pub(super) index: usize,
    pub(super) flow: Arc<Flow>,
}

impl Planning {
    /// The flows that can be asked now; each is handed out once.
    pub fn flows(&mut self) -> Vec<FlowQuestion> {
        std::mem::take(&mut self.flow_questions)
    }

    pub(super) fn ask_flow(&mut self, index: usize, flow: Box<Flow>) {
        let flow: Arc<Flow> = Arc::from(flow);
        let purpose = match self.options.mode {
            Mode::Teardown => Purpose::Teardown,
            Mode::Build | Mode::Drift => self.options.flows,
        };
        self.flow_questions.push(FlowQuestion { flow: Arc::clone(&flow), purpose });
        self.asked_flows.insert(flow.address.clone(), AskedFlow { index, flow });
    }

    /// Takes what the checks of a flow found. An address that was not asked about is passed over.
    pub fn answer_flow(&mut self, address: &Address, seen: FlowSeen) {
        let Some(AskedFlow { index, flow }) = self.asked_flows.remove(address) else { return };
        let after = self.resolver.nodes()[index].after.clone();
        let is_absent = |unknown: &Unknown| self.is_absent(unknown);
        let mut planned = self.decide_flow(&flow, &seen, &after, &is_absent);
        planned.diagnostics.extend(seen.notes);
        if planned.action.is_change() {
            self.judge(&flow, &seen.strays, &mut planned);
        }
        if planned.action.is_change() || planned.action == Action::Run {
            planned.hits = seen.hits;
            planned.diagnostics.extend(deletes(&flow, &planned));
        }
        if let FlowVerdict::Unanswered(problems) = seen.verdict {
            self.unanswered.insert(address.clone(), problems);
        }
        let row = seen.exports.filter(|_| planned.action != Action::Create);
        let model = flow.schema.root.properties.keys().map(|column| {
            let known = row.as_ref().and_then(|row| row.get(column).cloned());
            (column.clone(), known.unwrap_or_else(|| Value::Unknown(Unknown::of(address, column.as_str()))))
        });
        let output =
            Output { model: Value::Object(model.collect()), schema: Arc::clone(&flow.schema), gone: false };
        self.outputs.insert(address.clone(), output);
        self.planned.insert(index, planned);
        self.close(index);
    }

    /// Says what statements name beside what the checks have found, and stops where that belongs to others.
    fn judge(&self, flow: &Flow, strays: &[Stray], planned: &mut Planned) {
        for stray in strays {
            let schema = self.schemas.schema(&stray.ty).ok();
            let whose = schema.zip(stray.live.as_ref()).and_then(|(schema, found)| {
                let stack = self.resolver.stack();
                guard::stranger(&schema, &found.model, stack, flow.lifecycle.adopt)
            });
            // A statement may well change something of another type beside its own.
            if whose.is_none() && stray.ty != flow.ty {
                continue;
            }
            let found = planned.identifier.clone();
            planned.diagnostics.push(guard::stray(flow, stray, found.as_ref(), whose.as_deref()));
            if whose.is_some() {
                planned.action = Action::Blocked;
                planned.undo = Undo::Nothing;
                planned.changes.clear();
                planned.desired = None;
            }
        }
    }

    fn decide_flow(
        &self,
        flow: &Flow,
        seen: &FlowSeen,
        after: &[Edge],
        is_absent: &dyn Fn(&Unknown) -> bool,
    ) -> Planned {
        let goes = self.options.mode == Mode::Teardown || flow.absent;
        let mut planned = self.known_of(flow, seen, after, is_absent);
        let foreign =
            planned.action == Action::Blocked && matches!(planned.ownership, Some(Ownership::Foreign(_)));
        if !foreign {
            planned.diagnostics.clear();
        }
        planned.patch.clear();
        planned.reasons.clear();
        planned.certainty = Certainty::Certain;
        planned.undo = Undo::Nothing;
        let action = match &seen.verdict {
            FlowVerdict::Broken(problems) => {
                planned.diagnostics.extend(problems.iter().cloned());
                Action::Blocked
            }
            FlowVerdict::Always if goes => Action::Noop,
            FlowVerdict::Always => {
                planned.reasons.push(Reason { code: ReasonCode::AlwaysRuns, path: None });
                Action::Run
            }
            FlowVerdict::Read => Action::Noop,
            FlowVerdict::Unanswered(_) if goes => Action::Noop,
            FlowVerdict::Unanswered(_) => Action::Read,
            FlowVerdict::Absent if goes => {
                planned.reasons.push(Reason { code: ReasonCode::Absent, path: None });
                Action::Noop
            }
            FlowVerdict::Absent => made(flow, &mut planned),
            FlowVerdict::AsWanted | FlowVerdict::Differs(_) | FlowVerdict::Assumed if goes => {
                self.removed(flow, foreign, &mut planned)
            }
            FlowVerdict::AsWanted | FlowVerdict::Assumed => {
                planned.diagnostics.extend(unlike(flow, &planned.changes));
                planned.accepted = std::mem::take(&mut planned.changes);
                Action::Noop
            }
            FlowVerdict::Differs(_) if foreign => Action::Blocked,
            FlowVerdict::Differs(check) => changed(flow, *check, seen.sends_nothing, &mut planned),
            FlowVerdict::Waiting(unknown) => self.waiting(flow, unknown, goes, is_absent, &mut planned),
        };
        planned.action = action;
        if !matches!(action, Action::Create | Action::Update | Action::Deferred) {
            planned.changes.clear();
            planned.desired = None;
        }
        planned
    }

    /// It cannot be looked for before other resources are there.
    fn waiting(
        &self,
        flow: &Flow,
        unknown: &Unknown,
        goes: bool,
        is_absent: &dyn Fn(&Unknown) -> bool,
        planned: &mut Planned,
    ) -> Action {
        planned.looked_for = false;
        planned.certainty = Certainty::Deferred(unknown.from.iter().cloned().collect());
        match flow.kind {
            FlowKind::Query if goes => Action::Noop,
            FlowKind::Query => Action::Read,
            FlowKind::Command | FlowKind::Script if goes => Action::Noop,
            FlowKind::Command | FlowKind::Script => Action::Run,
            FlowKind::Resource | FlowKind::Multi if is_absent(unknown) => {
                planned.certainty = Certainty::Certain;
                planned.looked_for = true;
                if goes {
                    planned.reasons.push(Reason { code: ReasonCode::Absent, path: None });
                    Action::Noop
                } else {
                    made(flow, planned)
                }
            }
            FlowKind::Resource | FlowKind::Multi if goes => {
                planned.diagnostics.push(not_found(flow, unknown));
                Action::Blocked
            }
            FlowKind::Resource | FlowKind::Multi => {
                planned.reasons.push(Reason { code: ReasonCode::AwaitsOutput, path: None });
                planned.undo = Undo::Partial("what it does is decided when it runs".into());
                Action::Deferred
            }
        }
    }

    fn removed(&self, flow: &Flow, foreign: bool, planned: &mut Planned) -> Action {
        if !flow.has(AnchorKind::Delete) {
            let message = format!("{} is kept: it has no `delete` statement", flow.address);
            planned
                .diagnostics
                .push(Diagnostic::warning(codes::KEPT, message).at(flow.sources.resource.clone(), ""));
            return Action::Noop;
        }
        if foreign {
            return Action::Blocked;
        }
        if flow.lifecycle.prevent_destroy {
            let kept = self.options.keep_protected;
            planned.diagnostics.push(guard::protected_flow(flow, kept));
            return if kept { Action::Noop } else { Action::Blocked };
        }
        planned.reasons.push(Reason { code: ReasonCode::NotWanted, path: None });
        planned.undo = Undo::No("a new resource would not be the old one".to_owned());
        Action::Delete
    }

    /// What the differ knows of a flow whose statements are understood, else only its name.
    fn known_of(
        &self,
        flow: &Flow,
        seen: &FlowSeen,
        after: &[Edge],
        is_absent: &dyn Fn(&Unknown) -> bool,
    ) -> Planned {
        let understood = flow.declared(seen.live.is_some());
        let understood =
            understood.and_then(|of| self.schemas.schema(&of.ty).ok().map(|schema| (of, schema)));
        let Some((wanted, schema)) = understood else { return blank(flow, after) };
        let sighting = match (&seen.verdict, &seen.live) {
            (_, Some(found)) => Sighting::Present { found: found.clone(), step: IdentityStep::Pinned },
            (FlowVerdict::Absent, None) => Sighting::Absent,
            (FlowVerdict::Waiting(unknown), None) if is_absent(unknown) => Sighting::Absent,
            _ => return blank(flow, after),
        };
        let known = Decide {
            wanted: &wanted,
            schema: &schema,
            stack: self.resolver.stack(),
            // Only the comparison is wanted here.
            mode: Mode::Drift,
            seen: Seen::Sighted(&sighting),
            after,
            keep_protected: false,
            allow_data_loss: true,
            resend: Vec::new(),
            is_absent,
            is_fresh: &|_| false,
        }
        .decide();
        Planned {
            identifier: known.identifier,
            ownership: known.ownership,
            action: known.action,
            changes: known.changes,
            explained: known.explained,
            cannot_compare: known.cannot_compare,
            unmanaged: known.unmanaged,
            desired: known.desired,
            live: known.live,
            diagnostics: known.diagnostics,
            ..blank(flow, after)
        }
    }

    /// Queries without an answer are asked in their turn if something before them may make one; else that was it.
    pub(super) fn settle_queries(&mut self, resources: &mut IndexMap<Address, Planned>) {
        let queries: Vec<Address> = resources
            .values()
            .filter(|planned| planned.flow == Some(FlowKind::Query))
            .filter(|planned| matches!(planned.action, Action::Noop | Action::Read))
            .map(|planned| planned.address.clone())
            .collect();
        for address in queries {
            let works = self.options.mode == Mode::Build && has_work_before(&address, resources);
            let unanswered = self.unanswered.remove(&address);
            let Some(planned) = resources.get_mut(&address) else { continue };
            match unanswered {
                Some(problems) if planned.action == Action::Read && !works => {
                    planned.diagnostics.extend(problems);
                    planned.action = Action::Blocked;
                }
                None if works && planned.action == Action::Noop => planned.action = Action::Read,
                _ => {}
            }
        }
    }
}

/// True if something that comes before a resource has work to do.
fn has_work_before(address: &Address, resources: &IndexMap<Address, Planned>) -> bool {
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    let mut open: Vec<&Address> = before(resources, address);
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        if resources.get(at).is_some_and(|p| p.action.is_change() || p.action == Action::Run) {
            return true;
        }
        open.extend(before(resources, at));
    }
    false
}

fn before<'r>(resources: &'r IndexMap<Address, Planned>, address: &Address) -> Vec<&'r Address> {
    let planned = resources.get(address);
    planned.into_iter().flat_map(|p| p.follows.iter().chain(p.after.iter().map(|edge| &edge.to))).collect()
}

fn made(flow: &Flow, planned: &mut Planned) -> Action {
    if !flow.has(AnchorKind::Create) && !flow.has(AnchorKind::CreateOrUpdate) {
        let message = format!("{} is not there, and it has no `create` statement", flow.address);
        planned.diagnostics.push(
            Diagnostic::error(codes::NO_STATEMENT, message)
                .at(flow.sources.resource.clone(), "")
                .next("add `/*+ create */` with an INSERT"),
        );
        return Action::Blocked;
    }
    planned.reasons.push(Reason { code: ReasonCode::Absent, path: None });
    planned.undo = Undo::Yes;
    Action::Create
}

/// It is there, and a check says no. `sends_nothing`: see [`FlowSeen::sends_nothing`].
fn changed(flow: &Flow, check: AnchorKind, sends_nothing: bool, planned: &mut Planned) -> Action {
    if !flow.has(AnchorKind::Update) && !flow.has(AnchorKind::CreateOrUpdate) {
        let message = format!("{} is not as wanted, and it has no `update` statement", flow.address);
        let (route, part) = flow.script.place(check, &crate::statement::Marked::default(), None);
        let mut problem = Diagnostic::error(codes::NO_STATEMENT, message)
            .at_part(route, part, "this says that it is not as wanted")
            .next("add `/*+ update */`, or correct the check");
        if let Some(first) = planned.changes.first() {
            problem = problem.note("differs in", first.label.clone());
        }
        planned.diagnostics.push(problem);
        return Action::Blocked;
    }
    planned.reasons.push(Reason { code: ReasonCode::CheckFailed, path: None });
    // What only a create can set is no change of an update: it stays as it is.
    let (fixed, changes): (Vec<Change>, Vec<Change>) =
        std::mem::take(&mut planned.changes).into_iter().partition(|change| change.impact == Impact::Replace);
    planned.changes = changes;
    if !fixed.is_empty() {
        let names: Vec<&str> = fixed.iter().map(|change| change.label.as_str()).collect();
        let message = format!("{} of {} can only be set when it is made", names.join(", "), flow.address);
        // The UPDATE may send what no comparison shows: write-only values, or changes of something else.
        let is_all = planned.changes.is_empty() && sends_nothing;
        let told = match is_all {
            true => Diagnostic::error(codes::FLOW_CANNOT_CHANGE, message)
                .note("why", "nothing else differs, so that no UPDATE can make it as wanted"),
            false => Diagnostic::warning(codes::FLOW_CANNOT_CHANGE, message)
                .note("why", "the UPDATE leaves it as it is"),
        };
        let next = format!("keep the value, or tear {} down and build it again", flow.address);
        planned.diagnostics.push(told.at(flow.sources.resource.clone(), "").next(next));
        planned.accepted = fixed;
        if is_all {
            return Action::Blocked;
        }
    }
    planned.undo = Undo::Partial("what the statement changes is known only afterwards".to_owned());
    Action::Update
}

/// Says what statements delete, or may delete, although it is not the resource itself.
fn deletes(flow: &Flow, planned: &Planned) -> Option<Diagnostic> {
    let (certain, open): (Vec<&Hit>, Vec<&Hit>) = planned.deletions().partition(|hit| hit.verbs.len() == 1);
    let what = match (certain.is_empty(), open.is_empty()) {
        (true, true) => return None,
        (false, _) => "delete something",
        (true, false) => "may delete something: what they do is not known before they run",
    };
    let message = format!("the statements of {} {what}", flow.address);
    let mut told =
        Diagnostic::warning(codes::STATEMENTS_DELETE, message).at(flow.sources.resource.clone(), "");
    let types: BTreeSet<&str> =
        certain.iter().map(|hit| hit.ty.as_ref().map_or("(known after apply)", |ty| ty.as_str())).collect();
    if !types.is_empty() {
        told = told.note("of type", types.into_iter().collect::<Vec<_>>().join(", "));
    }
    Some(told.next("make sure that it is meant: what is deleted is gone"))
}

/// Differences that the checks pass over.
fn unlike(flow: &Flow, changes: &[Change]) -> Option<Diagnostic> {
    const NAMED: usize = 5;
    let mut names: Vec<&str> = changes.iter().map(|change| change.label.as_str()).collect();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let more = names.len().saturating_sub(NAMED);
    let mut listed = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        listed.push_str(&format!(" and {more} more"));
    }
    let message = format!("{} differs from its statements, and its checks accept it", flow.address);
    let mut note = Diagnostic::warning(codes::CHECK_PASSES_OVER, message)
        .at(flow.sources.resource.clone(), "")
        .note("differs in", listed);
    note.severity = crate::diagnostic::Severity::Note;
    Some(note.next("compare these columns in the statecheck if they matter"))
}

fn not_found(flow: &Flow, unknown: &Unknown) -> Diagnostic {
    let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
    Diagnostic::error(codes::STILL_UNKNOWN, format!("{} cannot be looked for", flow.address))
        .at(flow.sources.resource.clone(), "")
        .note("waits for", from.join(", "))
        .next("delete it by hand if it exists; what it waits for is no longer there to be read")
}

fn blank(flow: &Flow, after: &[Edge]) -> Planned {
    Planned {
        address: flow.address.clone(),
        ty: flow.ty.clone(),
        declared_type: flow.declared_type.clone(),
        flow: Some(flow.kind),
        target: flow.target.clone(),
        identifier: None,
        found_by: None,
        looked_for: true,
        action: Action::Noop,
        certainty: Certainty::Certain,
        ownership: None,
        reasons: Vec::new(),
        changes: Vec::new(),
        explained: Vec::new(),
        hits: Vec::new(),
        cannot_compare: Vec::new(),
        client_tokens: Vec::new(),
        follows: Vec::new(),
        lookalikes: Vec::new(),
        takes_along: Vec::new(),
        accepted: Vec::new(),
        unmanaged: Vec::<Pointer>::new(),
        patch: Vec::new(),
        desired: None,
        live: None,
        undo: Undo::Nothing,
        after: after.to_vec(),
        protected: flow.lifecycle.prevent_destroy,
        diagnostics: Vec::new(),
        sources: flow.sources.clone(),
    }
}
