//! Protection reaches outwards: what a protected resource is in must not go, as its service deletes what is in it
//! (confluent.md section 10). No consent lifts it: `--allow-data-loss` speaks of what is not protected.

use super::along::{self, Cascades};
use super::guard;
use crate::desired::{Outputs, Rendered, Resolver};
use crate::ids::{Address, TypeName};
use crate::plan::{Action, Planned, Undo};
use crate::schema::Schemas;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashSet};

/// A protected resource that the plan does not look at: `--target` or `--exclude` left it out.
pub(super) struct LeftOut {
    address: Address,
    ty: TypeName,
    props: Value,
    /// All that it needs, at any distance.
    needs: HashSet<Address>,
}

/// The protected ones among the nodes that `is_planned` does not know.
pub(super) fn left_out(
    resolver: &dyn Resolver,
    outputs: &Outputs,
    is_planned: &dyn Fn(&Address) -> bool,
) -> Vec<LeftOut> {
    let nodes: IndexMap<&Address, _> = resolver.nodes().iter().map(|node| (&node.address, node)).collect();
    let mut left = Vec::new();
    for node in nodes.values().filter(|node| !is_planned(&node.address)) {
        // What is wrong with a resource that was left out stops nothing: its own plan tells it.
        let (ty, props, lifecycle) = match resolver.render(&node.address, outputs) {
            Ok(Rendered::Wanted(wanted)) => (wanted.ty, wanted.props, wanted.lifecycle),
            Ok(Rendered::Flow(flow)) => (flow.ty, Value::Null, flow.lifecycle),
            Ok(Rendered::Skipped) | Err(_) => continue,
        };
        if !lifecycle.prevent_destroy {
            continue;
        }
        let mut needs = HashSet::new();
        let mut open: Vec<&Address> = vec![&node.address];
        while let Some(address) = open.pop() {
            for edge in nodes.get(address).into_iter().flat_map(|node| &node.after) {
                if needs.insert(edge.to.clone()) {
                    open.push(&edge.to);
                }
            }
        }
        left.push(LeftOut { address: node.address.clone(), ty, props, needs });
    }
    left
}

/// Keeps (`keep`: `--keep-protected`) or blocks every resource that would go although something protected is in it.
pub(super) fn settle(
    resources: &mut IndexMap<Address, Planned>,
    schemas: &dyn Schemas,
    cascades: &Cascades,
    left: &[LeftOut],
    keep: bool,
) {
    let mut shielded = protected_in(resources, schemas, cascades);
    for (address, inside) in left_out_in(resources, schemas, cascades, left) {
        shielded.entry(address).or_insert(inside);
    }
    for (address, inside) in shielded {
        let protected = resources.get(&inside).map(|inside| {
            let what = inside.identifier.as_ref().map(|id| format!("{} {id}", inside.ty));
            (inside.sources.resource.clone(), what)
        });
        let Some(planned) = resources.get_mut(&address) else { continue };
        if planned.protected || !(along::goes(planned) || along::is_held_back(planned)) {
            continue;
        }
        let is_kept = keep && planned.action == Action::Delete;
        let told = guard::contains_protected(planned, &inside, protected, is_kept);
        if is_kept {
            planned.action = Action::Noop;
            planned.reasons.clear();
            planned.undo = Undo::Nothing;
        } else {
            planned.action = Action::Blocked;
        }
        planned.patch.clear();
        // No consent would help.
        planned.diagnostics.retain(|told| told.code != super::codes::DATA_LOSS);
        planned.diagnostics.push(told);
    }
}

/// What contains a protected resource that is there → that resource, at any depth.
fn protected_in(
    resources: &IndexMap<Address, Planned>,
    schemas: &dyn Schemas,
    cascades: &Cascades,
) -> IndexMap<Address, Address> {
    let mut around: Vec<(&Address, &Address)> = Vec::new();
    let there: Vec<(&Planned, Map<String, Json>)> = resources
        .values()
        .filter(|planned| planned.live.is_some())
        .map(|planned| (planned, along::values(planned.live.as_ref(), planned.identifier.as_ref())))
        .collect();
    let is_in = |values: &Map<String, Json>, list: &Json| {
        list.as_object().is_some_and(|list| list.iter().all(|(name, value)| values.get(name) == Some(value)))
    };
    // By their own values: a list may be refused, or late.
    for (planned, values) in &there {
        let Ok(schema) = schemas.schema(&planned.ty) else { continue };
        for cascade in &schema.overlay.cascades {
            let Some(list) = along::ask(&planned.address, &planned.target, cascade, values) else { continue };
            let inside = there.iter().filter(|(one, values)| one.ty == list.ty && is_in(values, &list.model));
            around.extend(inside.map(|(one, _)| (&planned.address, &one.address)));
        }
    }
    // By the lists; some are of what nobody makes, and stand for what it is in.
    for list in cascades.lists() {
        let inside = there.iter().filter(|(one, values)| {
            let is_it = |found: &crate::provider::Found| {
                one.identifier.as_ref().is_some_and(|own| own.is_same(&found.identifier))
            };
            one.ty == list.ty && (is_in(values, &list.model) || cascades.found_in(list).any(is_it))
        });
        around.extend(inside.map(|(one, _)| (&list.by, &one.address)));
    }
    let mut shielded: IndexMap<Address, Address> = IndexMap::new();
    loop {
        let before = shielded.len();
        for (outer, inner) in &around {
            let is_protected = resources.get(*inner).is_some_and(|inner| inner.protected);
            let inside = if is_protected { Some((*inner).clone()) } else { shielded.get(*inner).cloned() };
            if let Some(inside) = inside.filter(|_| outer != inner) {
                shielded.entry((*outer).clone()).or_insert(inside);
            }
        }
        if shielded.len() == before {
            return shielded;
        }
    }
}

/// What may contain a protected resource that was left out: the list shows one that may be it, or cannot be asked.
fn left_out_in(
    resources: &IndexMap<Address, Planned>,
    schemas: &dyn Schemas,
    cascades: &Cascades,
    left: &[LeftOut],
) -> Vec<(Address, Address)> {
    let mut shielded = Vec::new();
    for list in cascades.lists().filter(|_| !left.is_empty()) {
        let is_planned = |found: &crate::provider::Found| {
            resources.values().any(|planned| {
                planned.ty == list.ty
                    && planned.identifier.as_ref().is_some_and(|own| own.is_same(&found.identifier))
            })
        };
        if !cascades.is_unlisted(list) && cascades.found_in(list).all(is_planned) {
            continue;
        }
        let deeper = types_in(&list.ty, schemas);
        let may_be_in = |one: &&LeftOut| {
            let declared = |(name, value): (&String, &Json)| match one.props.get(name) {
                Some(declared) if declared.unknown().is_none() => {
                    declared.scalar_text() == Value::from(value).scalar_text()
                }
                _ => one.needs.contains(&list.by),
            };
            match one.ty == list.ty {
                true => list.model.as_object().is_some_and(|model| model.iter().all(declared)),
                false => deeper.contains(&one.ty) && one.needs.contains(&list.by),
            }
        };
        shielded.extend(left.iter().find(may_be_in).map(|one| (list.by.clone(), one.address.clone())));
    }
    shielded
}

/// The types of what can be in one of this type, at any depth.
fn types_in(ty: &TypeName, schemas: &dyn Schemas) -> BTreeSet<TypeName> {
    let mut inside = BTreeSet::new();
    let mut open = vec![ty.clone()];
    while let Some(ty) = open.pop() {
        let Ok(schema) = schemas.schema(&ty) else { continue };
        for cascade in &schema.overlay.cascades {
            if inside.insert(cascade.of.ty.clone()) {
                open.push(cascade.of.ty.clone());
            }
        }
    }
    inside
}
