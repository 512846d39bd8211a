//! `state` and `formerly`: what is to become of a resource, and what it was called before (DESIGN section 4).
//!
//! Both are evaluated once, offline, before the graph is drawn: whether a resource is wanted at all decides what may
//! refer to it, and a former name must belong to one resource only.

use crate::codes;
use crate::inner::{Inner, Start};
use crate::instances::{Expansion, canonical};
use crate::model::{Spot, Tree};
use crate::path::Path;
use crate::scope::Scope;
use stack_core::desired::Outputs;
use stack_core::diagnostic::{Diagnostic, Diagnostics, nearest};
use stack_core::ids::Address;
use stack_core::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What is said about one instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// `state: absent`
    pub(crate) absent: bool,
    /// Addresses that it had before.
    pub(crate) formerly: Vec<Address>,
}

/// The fates of those instances that declare one.
pub(crate) fn fates(
    start: &Start,
    expansions: &[Expansion],
    problems: &mut Diagnostics,
) -> HashMap<usize, Fate> {
    let mut out = HashMap::new();
    let declared = &start.declared.resources;
    if declared.iter().all(|resource| resource.state.is_none() && resource.formerly.is_none()) {
        return out;
    }
    let inner = &Arc::new(Inner::new(start.clone(), expansions));
    let mut claimed: HashMap<Address, (usize, Path)> = HashMap::new();
    for index in 0..inner.instances.all.len() {
        let resource = inner.resource(index);
        if resource.state.is_none() && resource.formerly.is_none() {
            continue;
        }
        let scope = Scope::new(inner, Some(index), &Outputs::new());
        let fate = Fate {
            absent: resource.state.as_ref().is_some_and(|spot| is_absent(inner, index, spot, &scope)),
            formerly: resource
                .formerly
                .as_ref()
                .map_or_else(Vec::new, |spot| formerly(inner, index, spot, &scope, &mut claimed)),
        };
        for problem in scope.take_problems() {
            // Every instance of a resource with `for_each` may say the same.
            if !problems
                .iter()
                .any(|known| known.message == problem.message && known.labels == problem.labels)
            {
                problems.push(problem);
            }
        }
        out.insert(index, fate);
    }
    out
}

/// A value that must be known now.
fn known(what: &str, address: &Address, spot: &Spot, scope: &Arc<Scope>) -> Option<Value> {
    let value = scope.evaluate(&spot.tree, &spot.path)?;
    if let Some(unknown) = value.unknown() {
        let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
        let label =
            if from.is_empty() { String::new() } else { format!("this waits for {}", from.join(", ")) };
        scope.report(
            Diagnostic::error(
                codes::CONDITION_UNKNOWN,
                format!("the `{what}` of {address} must be known before anything is made"),
            )
            .at(spot.path.route(), label)
            .next("use a value that is known beforehand: a global, a variable, the environment"),
        );
        return None;
    }
    Some(value)
}

fn is_absent(inner: &Inner, index: usize, spot: &Spot, scope: &Arc<Scope>) -> bool {
    let Some(value) = known("state", inner.address(index), spot, scope) else { return false };
    let text = value.scalar_text().unwrap_or_default();
    match text.as_str() {
        "absent" => true,
        "present" => false,
        _ => {
            let label = nearest(&text, ["absent", "present"])
                .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            let message = format!("the `state` of {} is `present` or `absent`", inner.address(index));
            scope.report(Diagnostic::error(codes::BAD_VALUE, message).at(spot.path.route(), label));
            false
        }
    }
}

fn formerly(
    inner: &Inner,
    index: usize,
    spot: &Spot,
    scope: &Arc<Scope>,
    claimed: &mut HashMap<Address, (usize, Path)>,
) -> Vec<Address> {
    let own = inner.address(index);
    let Some(value) = known("formerly", own, spot, scope) else { return Vec::new() };
    let (tree, path) = spot.tree.written(&spot.path);
    let written = matches!(tree, Tree::List(_) | Tree::Literal(Value::Array(_)));
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut out = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let at = if written { path.index(position) } else { path.clone() };
        let text = match &item {
            Value::String(text) if !text.is_empty() => canonical(text),
            _ => {
                let message = format!("the `formerly` of {own} lists names of resources");
                scope.report(
                    Diagnostic::error(codes::BAD_FORMERLY, message)
                        .at(at.route(), "this is no name")
                        .next("write names or addresses: [old_name, 'flow[\"a\"]']"),
                );
                continue;
            }
        };
        if let Some(other) = inner.instances.at(&text) {
            let message = if other == index {
                format!("the `formerly` of {own} names {own} itself")
            } else {
                format!("the `formerly` of {own} names {text}, which is still a resource of this stack")
            };
            let mut problem = Diagnostic::error(codes::BAD_FORMERLY, message).at(at.route(), "");
            if other != index {
                problem = problem.at(inner.resource(other).path.key("name").route(), "it is declared here");
            }
            scope
                .report(problem.next("`formerly` is for names that are gone from the manifest; take it out"));
            continue;
        }
        let address = Address::from(text);
        if let Some((other, first)) = claimed.get(&address) {
            let message = match *other == index {
                true => format!("the `formerly` of {own} names {address} twice"),
                false => format!("{} and {own} were both formerly {address}", inner.address(*other)),
            };
            let mut problem = Diagnostic::error(codes::BAD_FORMERLY, message).at(at.route(), "again here");
            if first.route() != at.route() {
                problem = problem.at(first.route(), "first here");
            }
            scope.report(problem.next("one resource cannot become two: keep the name at one of them"));
            continue;
        }
        claimed.insert(address.clone(), (index, at));
        out.push(address);
    }
    out
}
