//! Repairs of read models that their own schema refuses: a patch that does not touch the bad part still fails
//! (cloud-control 3.2, 3.3 rule 7; traps 23 to 31).

use super::patch::{PatchInput, outgoing};
use super::scalar::is_empty;
use crate::plan::PatchOp;
use crate::pointer::Pointer;
use crate::schema::Node;
use crate::value::Value;
use serde_json::Value as Json;

/// The operations that make the live model valid. Places that the manifest declares are set from there.
pub(super) fn repairs(input: &PatchInput<'_>) -> Vec<PatchOp> {
    let mut ops = Vec::new();
    let Json::Object(members) = input.live else { return ops };
    for (name, value) in members {
        let at = Pointer::of([name.as_str()]);
        if let Some(node) = input.schema.member(&input.schema.root, name) {
            let required = input.schema.root.required.iter().any(|r| r == name);
            place(input, node, value, &at, required, &mut ops);
        }
    }
    exclusive(input, &input.schema.root, members, &Pointer::root(), &mut ops);
    ops
}

/// What becomes of a bad value.
enum Mended {
    Fine,
    Gone,
    Other(Json),
}

fn place(
    input: &PatchInput<'_>,
    node: &Node,
    value: &Json,
    at: &Pointer,
    required: bool,
    ops: &mut Vec<PatchOp>,
) {
    let schema = input.schema;
    if schema.read_only_properties.covers(at)
        || schema.create_only_properties.covers(at)
        || schema.write_only_properties.covers(at)
    {
        return;
    }
    match mend(input, node, value) {
        Mended::Fine => {}
        Mended::Gone if required => {}
        Mended::Gone => {
            return ops.push(from_manifest(input, at).unwrap_or(PatchOp::Remove { path: at.clone() }));
        }
        Mended::Other(better) => {
            let fallback = PatchOp::Add { path: at.clone(), value: Value::from(better) };
            return ops.push(from_manifest(input, at).unwrap_or(fallback));
        }
    }
    if let Json::Object(members) = value {
        for (name, inner) in members {
            if let Some(inner_node) = schema.member(node, name) {
                let required = schema.follow(node).required.iter().any(|r| r == name);
                place(input, inner_node, inner, &at.child(name.as_str()), required, ops);
            }
        }
        exclusive(input, node, members, at, ops);
    }
}

fn from_manifest(input: &PatchInput<'_>, at: &Pointer) -> Option<PatchOp> {
    let declared = input.full.at(at)?;
    let value = outgoing(input.schema, declared, at.get(input.live), at);
    let is_husk = value.known().is_some_and(|json| is_empty(&json));
    (!is_husk).then(|| PatchOp::Add { path: at.clone(), value })
}

/// The verdict on one value. Objects are mended member by member by the caller, but inside an array the whole array
/// is one unit.
fn mend(input: &PatchInput<'_>, node: &Node, value: &Json) -> Mended {
    let node = input.schema.follow(node);
    match value {
        Json::Null => Mended::Gone,
        Json::String(text) if text.is_empty() => {
            let too_short = node.min_length.is_some_and(|min| min > 0);
            let no_match = node
                .pattern
                .as_deref()
                .and_then(|pattern| regex_lite::Regex::new(pattern).ok())
                .is_some_and(|pattern| !pattern.is_match(""));
            let no_choice = !node.choices.is_empty() && !node.choices.contains(value);
            if too_short || no_match || no_choice { Mended::Gone } else { Mended::Fine }
        }
        Json::Array(items) if items.is_empty() => {
            if node.min_items.is_some_and(|min| min > 0) {
                Mended::Gone
            } else {
                Mended::Fine
            }
        }
        Json::Array(items) => array(input, node, items),
        Json::Object(members) if members.is_empty() => {
            if node.required.is_empty() && node.min_properties.unwrap_or(0) == 0 {
                Mended::Fine
            } else {
                Mended::Gone
            }
        }
        _ => Mended::Fine,
    }
}

fn array(input: &PatchInput<'_>, node: &Node, items: &[Json]) -> Mended {
    let element = input.schema.element(node);
    let mut changed = false;
    let better: Vec<Json> = items
        .iter()
        .filter_map(|item| match deep(input, element, item) {
            Mended::Fine => Some(item.clone()),
            Mended::Gone => {
                changed = true;
                None
            }
            Mended::Other(better) => {
                changed = true;
                Some(better)
            }
        })
        .collect();
    if !changed {
        Mended::Fine
    } else if better.len() < usize::try_from(node.min_items.unwrap_or(0)).unwrap_or(usize::MAX)
        || better.is_empty()
    {
        Mended::Gone
    } else {
        Mended::Other(Json::Array(better))
    }
}

/// Mends a value that cannot be addressed on its own.
fn deep(input: &PatchInput<'_>, node: Option<&Node>, value: &Json) -> Mended {
    let Some(node) = node else {
        return if value.is_null() { Mended::Gone } else { Mended::Fine };
    };
    match mend(input, node, value) {
        Mended::Fine => {}
        other => return other,
    }
    let Json::Object(members) = value else { return Mended::Fine };
    let required = &input.schema.follow(node).required;
    let mut better = members.clone();
    for (name, inner) in members {
        match deep(input, input.schema.member(node, name), inner) {
            Mended::Fine => {}
            Mended::Gone if required.contains(name) => return Mended::Gone,
            Mended::Gone => {
                better.shift_remove(name);
            }
            Mended::Other(other) => {
                better.insert(name.clone(), other);
            }
        }
    }
    if better == *members { Mended::Fine } else { Mended::Other(Json::Object(better)) }
}

/// Members that exclude each other and are both there: the one that the manifest does not set goes (trap 28).
fn exclusive(
    input: &PatchInput<'_>,
    node: &Node,
    members: &serde_json::Map<String, Json>,
    at: &Pointer,
    ops: &mut Vec<PatchOp>,
) {
    let node = input.schema.follow(node);
    let declared = |name: &str| input.full.at(&at.child(name)).is_some_and(|v| !matches!(v, Value::Null));
    for (name, others) in &node.dependent_excluded {
        if !members.contains_key(name) || !declared(name) {
            continue;
        }
        for other in others.iter().filter(|other| members.contains_key(*other) && !declared(other)) {
            let path = at.child(other.as_str());
            let fixed = input.schema.read_only_properties.covers(&path)
                || input.schema.create_only_properties.covers(&path);
            if !fixed {
                ops.push(PatchOp::Remove { path });
            }
        }
    }
}
