//! Repairs of read models that their own schema refuses: a patch that does not touch the bad part still fails
//! (cloud-control 3.2, 3.3 rule 7; traps 23 to 31).

use super::patch::{PatchInput, is_husk, update_value};
use crate::pattern;
use crate::plan::PatchOp;
use crate::pointer::{Pointer, PropertyPath};
use crate::schema::{Node, ResourceSchema};
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
    around(input, &input.schema.root, members, &Pointer::root(), &mut ops);
    alternatives(input, &mut ops);
    ops
}

/// A live value in a form that its schema takes; `None` if nothing of it is left.
pub(super) fn mended(schema: &ResourceSchema, node: Option<&Node>, value: &Json) -> Option<Json> {
    match deep(schema, node, value) {
        Mended::Fine => Some(value.clone()),
        Mended::Gone => None,
        Mended::Other(better) => Some(better),
    }
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
    match mend(schema, node, value) {
        Mended::Fine => {}
        // What the schema requires cannot go; only the manifest can tell what belongs there.
        Mended::Gone if required => return ops.extend(from_manifest(input, at)),
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
        around(input, node, members, at, ops);
    }
}

fn from_manifest(input: &PatchInput<'_>, at: &Pointer) -> Option<PatchOp> {
    let declared = input.full.at(at)?;
    let value = update_value(input, declared, at.get(input.live), at)?;
    (!is_husk(&value)).then(|| PatchOp::Add { path: at.clone(), value })
}

/// The verdict on one value. Objects are mended member by member by the caller, but inside an array the whole array
/// is one unit.
fn mend(schema: &ResourceSchema, node: &Node, value: &Json) -> Mended {
    let node = schema.follow(node);
    match value {
        Json::Null => Mended::Gone,
        Json::String(text) if text.is_empty() => {
            let too_short = node.min_length.is_some_and(|min| min > 0);
            let no_match =
                node.pattern.as_deref().is_some_and(|pattern| pattern::matches(pattern, "") == Some(false));
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
        Json::Array(items) => array(schema, node, items),
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

fn array(schema: &ResourceSchema, node: &Node, items: &[Json]) -> Mended {
    let element = schema.element(node);
    let mut changed = false;
    let better: Vec<Json> = items
        .iter()
        .filter_map(|item| match deep(schema, element, item) {
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
fn deep(schema: &ResourceSchema, node: Option<&Node>, value: &Json) -> Mended {
    let Some(node) = node else {
        return if value.is_null() { Mended::Gone } else { Mended::Fine };
    };
    match mend(schema, node, value) {
        Mended::Fine => {}
        other => return other,
    }
    let Json::Object(members) = value else { return Mended::Fine };
    let required = &schema.follow(node).required;
    let mut better = members.clone();
    for (name, inner) in members {
        match deep(schema, schema.member(node, name), inner) {
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

/// What is wrong with an object as a whole: members that are missing, and members that exclude each other.
fn around(
    input: &PatchInput<'_>,
    node: &Node,
    members: &serde_json::Map<String, Json>,
    at: &Pointer,
    ops: &mut Vec<PatchOp>,
) {
    let node = input.schema.follow(node);
    let declared = |name: &str| input.full.at(&at.child(name)).is_some_and(|v| !matches!(v, Value::Null));
    // Required and not returned, such as an empty list that reads leave out (trap 35).
    for name in node.required.iter().filter(|name| !members.contains_key(*name)) {
        let path = at.child(name.as_str());
        let unsendable = is_fixed(input, &path) || input.schema.write_only_properties.covers(&path);
        let value = input.full.at(&path).and_then(|declared| update_value(input, declared, None, &path));
        if let (false, Some(value)) = (unsendable, value) {
            ops.push(PatchOp::Add { path, value });
        }
    }
    for other in excluded(input.schema, node, members, &declared) {
        let path = at.child(other);
        if !is_fixed(input, &path) {
            ops.push(PatchOp::Remove { path });
        }
    }
}

fn is_fixed(input: &PatchInput<'_>, at: &Pointer) -> bool {
    input.schema.read_only_properties.covers(at) || input.schema.create_only_properties.covers(at)
}

/// Live members that cannot stand beside what the manifest declares: the ones that it does not set go (trap 28).
fn excluded<'m>(
    schema: &ResourceSchema,
    node: &Node,
    members: &'m serde_json::Map<String, Json>,
    declared: &dyn Fn(&str) -> bool,
) -> Vec<&'m str> {
    let live = |name: &str| members.get_key_value(name).map(|(name, _)| name.as_str());
    let mut gone = Vec::new();
    for (name, others) in &node.dependent_excluded {
        if members.contains_key(name) && declared(name) {
            gone.extend(others.iter().filter(|other| !declared(other)).filter_map(|other| live(other)));
        }
    }
    // Groups of which one member is taken: `requiredXor`, and `oneOf` branches that only require.
    let xor: Vec<Vec<&str>> = node
        .required_xor
        .iter()
        .map(|choice| match choice {
            Json::String(name) => vec![name.as_str()],
            Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        })
        .collect();
    let branches: Vec<Vec<&str>> = node
        .one_of
        .iter()
        .map(|branch| schema.follow(branch).required.iter().map(String::as_str).collect())
        .collect();
    let listed = xor.iter().any(|choice| choice.len() > 1);
    let choices: Vec<Vec<Vec<&str>>> = if listed {
        // Each entry is a group of its own.
        xor.into_iter()
            .map(|group| group.into_iter().map(|name| vec![name]).collect())
            .chain([branches])
            .collect()
    } else {
        vec![xor, branches]
    };
    for alternatives in choices {
        if alternatives.iter().any(Vec::is_empty) {
            continue;
        }
        let chosen: Vec<&Vec<&str>> =
            alternatives.iter().filter(|names| names.iter().all(|name| declared(name))).collect();
        let [chosen] = chosen.as_slice() else { continue };
        for names in alternatives.iter().filter(|names| names.iter().all(|name| members.contains_key(*name)))
        {
            gone.extend(
                names
                    .iter()
                    .filter(|name| !chosen.contains(name) && !declared(name))
                    .filter_map(|name| live(name)),
            );
        }
    }
    gone.sort_unstable();
    gone.dedup();
    gone
}

/// Choices that only the overlay knows: of several alternatives in the read form, those stay that the manifest
/// declares (trap 28).
fn alternatives(input: &PatchInput<'_>, ops: &mut Vec<PatchOp>) {
    let is_declared = |at: &Pointer| input.full.at(at).is_some_and(|v| !matches!(v, Value::Null));
    for choice in &input.schema.overlay.exclusive {
        let places: Vec<Vec<Pointer>> =
            choice.iter().map(|paths| paths.iter().filter_map(PropertyPath::as_pointer).collect()).collect();
        let declared: Vec<bool> = places.iter().map(|paths| paths.iter().any(&is_declared)).collect();
        if declared.iter().filter(|d| **d).count() != 1 {
            continue;
        }
        for (paths, _) in places.iter().zip(&declared).filter(|(_, declared)| !**declared) {
            for path in paths.iter().filter(|path| path.get(input.live).is_some() && !is_fixed(input, path)) {
                ops.push(PatchOp::Remove { path: path.clone() });
            }
        }
    }
}
