//! The effects of a plan and their order.

use crate::desired::ReplaceOrder;
use crate::ids::Address;
use crate::plan::{Action, Mode, Planned, Step, StepId, StepPart};
use crate::provider::Verb;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Whatever hangs on a resource that goes first must go before it: replaced dependents of a delete-first replacement
/// become delete-first too, or the order would be a circle.
pub(super) fn settle_replace_orders(resources: &mut IndexMap<Address, Planned>) {
    loop {
        let delete_first: BTreeSet<Address> = resources
            .values()
            .filter(|p| p.action == Action::Replace(ReplaceOrder::DeleteFirst))
            .map(|p| p.address.clone())
            .collect();
        let mut changed = false;
        for planned in resources.values_mut() {
            if planned.action == Action::Replace(ReplaceOrder::CreateFirst)
                && planned.after.iter().any(|edge| delete_first.contains(&edge.to))
            {
                planned.action = Action::Replace(ReplaceOrder::DeleteFirst);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// The steps in an order that respects their `after`, manifest order breaking ties.
pub(super) fn steps(resources: &IndexMap<Address, Planned>, mode: Mode) -> Vec<Step> {
    if mode == Mode::Drift {
        return Vec::new();
    }
    let mut drafts: IndexMap<StepId, Step> = IndexMap::new();
    for planned in resources.values() {
        let put = |verb| Step { id: id(&planned.address, StepPart::Put), verb, after: Vec::new() };
        let delete = || Step {
            id: id(&planned.address, StepPart::Delete),
            verb: Some(Verb::Delete),
            after: Vec::new(),
        };
        let made: Vec<Step> = match planned.action {
            Action::Noop | Action::Blocked => Vec::new(),
            Action::Create => vec![put(Some(Verb::Create))],
            Action::Update | Action::Adopt => vec![put(Some(Verb::Update))],
            Action::Deferred | Action::Run | Action::Read => vec![put(None)],
            Action::Delete => vec![delete()],
            Action::Replace(ReplaceOrder::CreateFirst) => vec![put(Some(Verb::Create)), delete()],
            Action::Replace(ReplaceOrder::DeleteFirst) => vec![delete(), put(Some(Verb::Create))],
        };
        drafts.extend(made.into_iter().map(|step| (step.id.clone(), step)));
    }
    let before = closest_steps(resources, &drafts);
    let mut edges: Vec<(StepId, StepId)> = Vec::new();
    for planned in resources.values() {
        let (put, delete) = (id(&planned.address, StepPart::Put), id(&planned.address, StepPart::Delete));
        match planned.action {
            Action::Replace(ReplaceOrder::CreateFirst) => edges.push((delete.clone(), put.clone())),
            Action::Replace(ReplaceOrder::DeleteFirst) => edges.push((put.clone(), delete.clone())),
            _ => {}
        }
        let switches_first = planned.action != Action::Replace(ReplaceOrder::DeleteFirst);
        for dependency in before.get(&planned.address).into_iter().flatten() {
            // Made after what it needs; deleted before it.
            edges.push((put.clone(), id(dependency, StepPart::Put)));
            edges.push((id(dependency, StepPart::Delete), delete.clone()));
            // A new dependency first, then the dependents switch to it, then the old one goes.
            let keeps_old = resources.get(dependency).map(|d| d.action)
                == Some(Action::Replace(ReplaceOrder::CreateFirst));
            if keeps_old && switches_first {
                edges.push((id(dependency, StepPart::Delete), put.clone()));
            }
        }
    }
    edges.extend(by_order(resources, &drafts));
    for (step, after) in edges {
        if step != after
            && drafts.contains_key(&after)
            && let Some(draft) = drafts.get_mut(&step)
            && !draft.after.contains(&after)
        {
            draft.after.push(after);
        }
    }
    in_order(drafts)
}

/// Manifest order: made after, deleted before. Both sides of a replacement follow references only, or the order would be a
/// circle.
fn by_order(
    resources: &IndexMap<Address, Planned>,
    drafts: &IndexMap<StepId, Step>,
) -> Vec<(StepId, StepId)> {
    let mut edges = Vec::new();
    let is_deleted = |address: &Address| resources.get(address).is_some_and(|p| p.action == Action::Delete);
    for planned in resources.values().filter(|planned| !planned.follows.is_empty()) {
        let mut seen: BTreeSet<&Address> = BTreeSet::new();
        let mut open: Vec<&Address> = planned.follows.iter().collect();
        while let Some(before) = open.pop() {
            if !seen.insert(before) {
                continue;
            }
            let (put, delete) = (id(before, StepPart::Put), id(before, StepPart::Delete));
            let has_put = drafts.contains_key(&put);
            if has_put {
                edges.push((id(&planned.address, StepPart::Put), put));
            }
            let goes = is_deleted(before) && is_deleted(&planned.address);
            if goes {
                edges.push((delete, id(&planned.address, StepPart::Delete)));
            }
            // What has no step hands on what it comes after itself.
            if !has_put
                && !goes
                && let Some(between) = resources.get(before)
            {
                open.extend(between.follows.iter().chain(between.after.iter().map(|edge| &edge.to)));
            }
        }
    }
    edges
}

fn id(address: &Address, part: StepPart) -> StepId {
    StepId { address: address.clone(), part }
}

/// For each resource the nearest resources on the way to its dependencies that have steps: what lies between and has
/// none hands its own dependencies on.
fn closest_steps(
    resources: &IndexMap<Address, Planned>,
    drafts: &IndexMap<StepId, Step>,
) -> BTreeMap<Address, BTreeSet<Address>> {
    let has_steps: BTreeSet<&Address> = drafts.keys().map(|step| &step.address).collect();
    let mut out: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for planned in resources.values() {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Address> = planned.after.iter().map(|edge| &edge.to).collect();
        while let Some(address) = open.pop() {
            if !seen.insert(address) {
                continue;
            }
            if has_steps.contains(address) {
                found.insert(address.clone());
            } else if let Some(between) = resources.get(address) {
                open.extend(between.after.iter().map(|edge| &edge.to));
            }
        }
        out.insert(planned.address.clone(), found);
    }
    out
}

/// Kahn's algorithm, first come first served by manifest order.
fn in_order(mut drafts: IndexMap<StepId, Step>) -> Vec<Step> {
    let mut sorted = Vec::with_capacity(drafts.len());
    let mut done: BTreeSet<StepId> = BTreeSet::new();
    while !drafts.is_empty() {
        let ready: Vec<StepId> = drafts
            .values()
            .filter(|step| step.after.iter().all(|before| done.contains(before)))
            .map(|step| step.id.clone())
            .collect();
        if ready.is_empty() {
            // Cannot happen on an acyclic graph; the checker reports it rather than the planner hanging.
            sorted.extend(std::mem::take(&mut drafts).into_values());
            break;
        }
        for step in ready {
            if let Some(draft) = drafts.shift_remove(&step) {
                sorted.push(draft);
            }
            done.insert(step);
        }
    }
    sorted
}
