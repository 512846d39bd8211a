//! The smallest correct update document (cloud-control 3.3; rule numbers below are of that section).

use super::{Diff, document, repair};
use crate::plan::{ChangeOp, PatchOp};
use crate::pointer::Pointer;
use crate::schema::{JsonType, Node, ResourceSchema};
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// What a patch is made from.
#[derive(Clone, Copy, Debug)]
pub struct PatchInput<'p> {
    /// The type's schema.
    pub schema: &'p ResourceSchema,
    /// All declared properties, ownership marks included.
    pub full: &'p Value,
    /// The live model.
    pub live: &'p Json,
    /// What differs.
    pub diff: &'p Diff,
    /// Places to set although nothing differs there (tags of an adoption).
    pub also: &'p [Pointer],
    /// Write-only places that the user asks to send again. The root means all.
    pub resend: &'p [Pointer],
}

/// The update document. Empty: there is nothing to call for (rule 12).
pub fn patch(input: PatchInput<'_>) -> Vec<PatchOp> {
    let mut adds: IndexMap<Pointer, Value> = IndexMap::new();
    let mut removes: Vec<Pointer> = Vec::new();
    for change in &input.diff.changes {
        let unit = unit_of(&input, &change.path);
        if change.op == ChangeOp::Remove && unit == change.path {
            match remove_default(input.schema, &unit) {
                Some(default) => {
                    adds.insert(unit, Value::from(default));
                }
                None => removes.push(unit),
            }
        } else {
            set(&input, &mut adds, unit);
        }
    }
    for place in input.also {
        let unit = unit_of(&input, place);
        set(&input, &mut adds, unit);
    }
    for place in requested(&input) {
        let unit = unit_of(&input, &place);
        set(&input, &mut adds, unit);
    }
    if adds.is_empty() && removes.is_empty() {
        return Vec::new();
    }
    for place in companions(&input) {
        let unit = unit_of(&input, &place);
        set(&input, &mut adds, unit);
    }
    for op in repair::repairs(&input) {
        if adds.keys().any(|unit| op.path().starts_with(unit)) {
            continue;
        }
        match op {
            PatchOp::Add { path, value } => {
                adds.insert(path, value);
            }
            PatchOp::Remove { path } => removes.push(path),
        }
    }
    finish(adds, removes)
}

/// Adds first, in order; then removes, deeper ones first; nothing twice (rule 3).
fn finish(adds: IndexMap<Pointer, Value>, mut removes: Vec<Pointer>) -> Vec<PatchOp> {
    let units: Vec<Pointer> = adds.keys().cloned().collect();
    let inside_another = |path: &Pointer| units.iter().any(|unit| path != unit && path.starts_with(unit));
    removes.retain(|path| !units.iter().any(|unit| path.starts_with(unit)));
    removes.sort_by(|a, b| b.segments().len().cmp(&a.segments().len()).then(a.cmp(b)));
    removes.dedup();
    adds.into_iter()
        .filter(|(path, _)| !inside_another(path))
        .map(|(path, value)| PatchOp::Add { path, value })
        .chain(removes.into_iter().map(|path| PatchOp::Remove { path }))
        .collect()
}

/// The place to address for a change at `path`: the change itself, or the first array on the way (rule 1), the first
/// document, or the first object that the live model lacks (rule 4).
pub(super) fn unit_of(input: &PatchInput<'_>, path: &Pointer) -> Pointer {
    let mut at = Pointer::root();
    let mut live = Some(input.live);
    for segment in path.segments() {
        if !at.is_root() {
            let is_object = live.is_some_and(Json::is_object);
            let node = input.schema.at(&at);
            let is_document =
                node.is_some_and(|node| document::is_opaque(node) || document::takes_both_forms(node));
            if !is_object || is_document {
                return at;
            }
        }
        live = live.and_then(|live| live.get(segment));
        at = at.child(segment.as_str());
    }
    at
}

/// Records the declared value of a unit.
fn set(input: &PatchInput<'_>, adds: &mut IndexMap<Pointer, Value>, unit: Pointer) {
    if adds.contains_key(&unit) {
        return;
    }
    let Some(declared) = input.full.at(&unit) else { return };
    let live = unit.get(input.live);
    let value = outgoing(input.schema, declared, live, &unit);
    let is_husk = match &value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    // An empty list or object where nothing is: only if the schema requires it (rule 8).
    if is_husk && live.is_none() && !is_required(input.schema, &unit) {
        return;
    }
    adds.insert(unit, value);
}

fn is_required(schema: &ResourceSchema, at: &Pointer) -> bool {
    let (Some(parent), Some(name)) = (at.parent(), at.last()) else { return false };
    schema.at(&parent).is_some_and(|node| node.required.iter().any(|r| r == name))
}

fn remove_default(schema: &ResourceSchema, at: &Pointer) -> Option<Json> {
    schema.overlay.remove_defaults.iter().find(|(path, _)| path.matches(at)).map(|(_, value)| value.clone())
}

/// A declared value as it goes out: without nulls, documents in the live model's form, with what the live elements of
/// an array hold beside it.
pub(crate) fn outgoing(
    schema: &ResourceSchema,
    declared: &Value,
    live: Option<&Json>,
    at: &Pointer,
) -> Value {
    let node = schema.at(at);
    if let Some(node) = node
        && document::takes_both_forms(node)
        && let Some(json) = declared.known()
    {
        return document_form(schema, json, live, at);
    }
    match declared {
        Value::Object(members) => {
            let mut out = IndexMap::new();
            for (name, value) in members.iter().filter(|(_, value)| !matches!(value, Value::Null)) {
                let inner = live.and_then(|live| live.get(name));
                out.insert(name.clone(), outgoing(schema, value, inner, &at.child(name.as_str())));
            }
            if let (Some(Json::Object(live)), Some(node)) = (live, node)
                && !document::is_opaque(node)
            {
                carry(schema, node, &mut out, members, live, at);
            }
            Value::Object(out)
        }
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .filter(|(_, item)| !matches!(item, Value::Null))
                .map(|(i, item)| {
                    let partner = partner(item, i, items.len(), live);
                    outgoing(schema, item, partner, &at.child(i.to_string()))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Adds live members that the manifest does not declare to a container that has to be sent whole: they are not ours to
/// change. Where members exclude each other only those that may not change are carried (rule 5, trap 28).
fn carry(
    schema: &ResourceSchema,
    node: &Node,
    out: &mut IndexMap<String, Value>,
    declared: &IndexMap<String, Value>,
    live: &serde_json::Map<String, Json>,
    at: &Pointer,
) {
    let exclusive = !node.one_of.is_empty()
        || !node.any_of.is_empty()
        || !node.required_xor.is_empty()
        || !node.dependent_excluded.is_empty();
    for (name, value) in live {
        if declared.contains_key(name) || super::scalar::is_empty(value) {
            continue;
        }
        let place = at.child(name.as_str());
        let fixed =
            schema.create_only_properties.covers(&place) || schema.read_only_properties.covers(&place);
        if fixed || !exclusive {
            out.insert(name.clone(), Value::from(value));
        }
    }
}

/// The live element that a declared one stands for: the one with the same key, else the one that already holds all of
/// it, else the one at the same place if nothing was added or taken away.
fn partner<'l>(declared: &Value, index: usize, count: usize, live: Option<&'l Json>) -> Option<&'l Json> {
    let Some(Json::Array(items)) = live else { return None };
    items
        .iter()
        .find(|item| super::arrays::same_key(declared, item))
        .or_else(|| items.iter().find(|item| is_part_of(declared, item)))
        .or_else(|| {
            let keyless = super::arrays::key_of(declared).is_none();
            items.get(index).filter(|_| keyless && items.len() == count)
        })
}

fn is_part_of(declared: &Value, live: &Json) -> bool {
    match (declared, live) {
        (Value::Object(members), Json::Object(map)) => {
            members.iter().all(|(name, value)| map.get(name).is_some_and(|live| is_part_of(value, live)))
        }
        (declared, live) => declared.exposed().is_some_and(|json| super::same_json(&json, live)),
    }
}

/// A document in the form that the live model has; unknown: an object, unless the handler wants text (trap 21).
fn document_form(schema: &ResourceSchema, declared: Json, live: Option<&Json>, at: &Pointer) -> Value {
    let as_text = schema.overlay.stringify.contains(at) || live.is_some_and(Json::is_string);
    match (&declared, as_text) {
        (Json::Object(_) | Json::Array(_), true) => Value::String(declared.to_string()),
        (Json::String(_), false) => {
            let wants_object =
                schema.at(at).is_some_and(|node| node.types.iter().next() == Some(JsonType::Object));
            match document::parse(&declared) {
                Some(parsed) if wants_object && live.is_some() => Value::from(parsed),
                _ => Value::from(declared),
            }
        }
        _ => Value::from(declared),
    }
}

/// Write-only places that the user asked for.
fn requested(input: &PatchInput<'_>) -> Vec<Pointer> {
    input
        .diff
        .cannot_compare
        .iter()
        .filter(|place| !input.schema.create_only_properties.covers(place))
        .filter(|place| input.resend.iter().any(|asked| place.starts_with(asked) || asked.starts_with(place)))
        .cloned()
        .collect()
}

/// Write-only values that have to be put back beside another change, or the handler takes them for removed (rule 6).
/// Values with side effects only where the model is invalid without them.
fn companions(input: &PatchInput<'_>) -> Vec<Pointer> {
    let schema = input.schema;
    input
        .diff
        .cannot_compare
        .iter()
        .filter(|place| {
            !schema.create_only_properties.covers(place)
                && !schema.conditional_create_only_properties.covers(place)
        })
        .filter(|place| {
            let has_side_effects =
                schema.overlay.side_effects.covers(place) || schema.overlay.side_effects.reaches_below(place);
            !has_side_effects || is_demanded(input, place)
        })
        .cloned()
        .collect()
}

/// True if the live model lacks a required property at the place or around it.
fn is_demanded(input: &PatchInput<'_>, place: &Pointer) -> bool {
    let mut at = Some(place.clone());
    while let Some(current) = at {
        if is_required(input.schema, &current) && current.get(input.live).is_none_or(super::scalar::is_empty)
        {
            return true;
        }
        at = current.parent().filter(|parent| !parent.is_root());
    }
    false
}
