//! The smallest correct update document (cloud-control 3.3; rule numbers below are of that section).

use super::{Diff, document, repair};
use crate::plan::{ChangeOp, PatchOp};
use crate::pointer::{Pointer, PropertyPath};
use crate::schema::{JsonType, Node, ResourceSchema};
use crate::value::{Secret, Value};
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
    /// Places that are not ours to change: where they are sent along, they keep their live value.
    pub ignore: &'p [Pointer],
}

/// The operations so far.
#[derive(Default)]
pub(super) struct Draft {
    adds: IndexMap<Pointer, Value>,
    removes: Vec<Pointer>,
}

/// The update document. Empty: there is nothing to call for (rule 12).
pub fn patch(input: PatchInput<'_>) -> Vec<PatchOp> {
    let mut draft = Draft::default();
    for change in &input.diff.changes {
        if input.schema.create_only_properties.covers(&change.path) {
            // Not known yet whether it changes; if it does, no patch can do it (rule 5).
            continue;
        }
        let unit = unit_of(&input, &change.path);
        if change.op == ChangeOp::Remove && unit == change.path {
            match input.schema.overlay.remove_default(&unit) {
                Some(default) => {
                    draft.adds.insert(unit, Value::from(default));
                }
                None => draft.removes.push(unit),
            }
        } else {
            set(&input, &mut draft, unit);
        }
    }
    for place in input.also.iter().cloned().chain(requested(&input)) {
        let unit = unit_of(&input, &place);
        set(&input, &mut draft, unit);
    }
    if draft.adds.is_empty() && draft.removes.is_empty() {
        return Vec::new();
    }
    let overlay = &input.schema.overlay;
    let groups: Vec<_> = draft.adds.keys().chain(&draft.removes).map(|unit| overlay.group(unit)).collect();
    let along = companions(&input).into_iter().filter(|place| groups.contains(&overlay.group(place)));
    for place in along.chain(rewrites(&input)) {
        let unit = unit_of(&input, &place);
        set(&input, &mut draft, unit);
    }
    for op in repair::repairs(&input) {
        if draft.adds.keys().any(|unit| op.path().starts_with(unit)) {
            continue;
        }
        match op {
            PatchOp::Add { path, value } => {
                draft.adds.insert(path, value);
            }
            PatchOp::Remove { path } => draft.removes.push(path),
        }
    }
    finish(draft)
}

/// Adds first, in order; then removes, deeper ones first; nothing twice (rule 3).
fn finish(Draft { adds, mut removes }: Draft) -> Vec<PatchOp> {
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
fn set(input: &PatchInput<'_>, draft: &mut Draft, unit: Pointer) {
    if draft.adds.contains_key(&unit) {
        return;
    }
    let Some(declared) = input.full.at(&unit) else { return };
    let live = unit.get(input.live);
    let Some(value) = update_value(input, declared, live, &unit) else { return };
    // What reads never show is sent as declared: an empty `GenerateSecretString` asks for a password.
    if is_husk(&value) && !is_required(input.schema, &unit) && !input.schema.is_unreadable(&unit) {
        // An empty list or object where nothing is says nothing (rule 8); where the schema refuses it, the value goes.
        if live.is_none() {
            return;
        }
        if input.schema.at(&unit).is_some_and(|node| {
            let node = input.schema.follow(node);
            node.min_items.unwrap_or(0) > 0 || node.min_properties.unwrap_or(0) > 0
        }) {
            draft.removes.push(unit);
            return;
        }
    }
    draft.adds.insert(unit, value);
}

pub(super) fn is_husk(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Secret(secret) => is_husk(secret.expose()),
        _ => false,
    }
}

fn is_required(schema: &ResourceSchema, at: &Pointer) -> bool {
    let (Some(parent), Some(name)) = (at.parent(), at.last()) else { return false };
    schema.at(&parent).is_some_and(|node| schema.follow(node).required.iter().any(|r| r == name))
}

/// A declared value as it goes out with an update: without nulls, documents in the live model's form, with what the
/// live elements of an array hold beside it. What may not change keeps its live value (rule 5). `None`: nothing of it
/// may be sent.
pub(super) fn update_value(
    input: &PatchInput<'_>,
    declared: &Value,
    live: Option<&Json>,
    at: &Pointer,
) -> Option<Value> {
    Outgoing { schema: input.schema, ignore: input.ignore }.value(declared, live, at, false)
}

/// Declared properties as a create sends them: without nulls, documents as the handler takes them.
pub(crate) fn desired_state(schema: &ResourceSchema, declared: &Value) -> Value {
    Outgoing { schema, ignore: &[] }
        .value(declared, None, &Pointer::root(), true)
        .unwrap_or_else(Value::object)
}

struct Outgoing<'o> {
    schema: &'o ResourceSchema,
    ignore: &'o [Pointer],
}

impl Outgoing<'_> {
    /// `new`: the value is part of something that is made now, so that nothing in it is fixed yet.
    fn value(&self, declared: &Value, live: Option<&Json>, at: &Pointer, new: bool) -> Option<Value> {
        let schema = self.schema;
        if matches!(declared, Value::Null) {
            return None;
        }
        if !new && !at.is_root() {
            let fixed = schema.create_only_properties.covers(at) || schema.read_only_properties.covers(at);
            // Tags were put together with what is ignored in mind: the marks of ownership go along with any others.
            let ignored = !self.is_tags(at) && self.ignore.iter().any(|ignored| at.starts_with(ignored));
            if fixed || ignored {
                return live.map(Value::from);
            }
        }
        let node = schema.at(at);
        if let Some(node) = node
            && document::takes_both_forms(node)
            && !self.is_tags(at)
            && let Some(json) = declared.exposed()
        {
            let form = document_form(schema, json, live, at);
            return Some(if declared.has_secret() { Value::Secret(Secret::new(form)) } else { form });
        }
        Some(match declared {
            Value::Object(members) => {
                let mut out = IndexMap::new();
                for (name, value) in members {
                    let inner = live.and_then(|live| live.get(name));
                    if let Some(value) = self.value(value, inner, &at.child(name.as_str()), new) {
                        out.insert(name.clone(), value);
                    }
                }
                if let (Some(Json::Object(live)), Some(node)) = (live, node)
                    && self.carries(node, at)
                {
                    self.carry(node, &mut out, members, live, at);
                }
                Value::Object(out)
            }
            Value::Array(items) => {
                let items: Vec<&Value> = items.iter().filter(|item| !matches!(item, Value::Null)).collect();
                Value::Array(
                    items
                        .iter()
                        .enumerate()
                        .filter_map(|(i, item)| {
                            let partner = partner(item, i, items.len(), live);
                            self.value(item, partner, &at.child(i.to_string()), new || partner.is_none())
                        })
                        .collect(),
                )
            }
            other => other.clone(),
        })
    }

    /// True if live members that the manifest does not declare stay. Not in documents and tags, which are declared as
    /// a whole, nor where the read form is known to be refused (traps 24, 27).
    fn carries(&self, node: &Node, at: &Pointer) -> bool {
        !document::is_opaque(node) && !self.is_tags(at) && !self.schema.overlay.rewrite.covers(at)
    }

    fn is_tags(&self, at: &Pointer) -> bool {
        let property = self.schema.tag_property().map(|(property, _)| property);
        property.is_some() && at.segments().first().map(String::as_str) == property
    }

    /// Adds live members that the manifest does not declare to a container that has to be sent whole: they are not
    /// ours to change. Where members exclude each other only those that may not change are carried (rule 5, trap 28),
    /// and none in a form that the schema refuses (trap 25).
    fn carry(
        &self,
        node: &Node,
        out: &mut IndexMap<String, Value>,
        declared: &IndexMap<String, Value>,
        live: &serde_json::Map<String, Json>,
        at: &Pointer,
    ) {
        let schema = self.schema;
        let exclusive = excludes(schema, node, 4);
        for (name, value) in live {
            if declared.contains_key(name) || super::scalar::is_empty(value) {
                continue;
            }
            let place = at.child(name.as_str());
            let fixed =
                schema.create_only_properties.covers(&place) || schema.read_only_properties.covers(&place);
            if fixed {
                out.insert(name.clone(), Value::from(value));
            } else if !exclusive && let Some(value) = repair::mended(schema, schema.member(node, name), value)
            {
                out.insert(name.clone(), Value::from(value));
            }
        }
    }
}

/// True if members of the object may exclude each other.
fn excludes(schema: &ResourceSchema, node: &Node, depth: u8) -> bool {
    let node = schema.follow(node);
    !node.one_of.is_empty()
        || !node.any_of.is_empty()
        || !node.required_xor.is_empty()
        || !node.dependent_excluded.is_empty()
        || (depth > 0 && node.all_of.iter().any(|branch| excludes(schema, branch, depth - 1)))
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
        .filter(|place| {
            // A conditional one may replace the resource or load a snapshot (trap 4): only by its own name.
            let conditional = input.schema.conditional_create_only_properties.covers(place);
            input
                .resend
                .iter()
                .filter(|asked| !conditional || !asked.is_root())
                .any(|asked| place.starts_with(asked) || asked.starts_with(place))
        })
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

/// Places whose read form the service refuses: set from the manifest beside any other change (traps 24 and 27).
fn rewrites(input: &PatchInput<'_>) -> Vec<Pointer> {
    let paths = input.schema.overlay.rewrite.iter().filter_map(PropertyPath::as_pointer);
    paths.filter(|at| at.get(input.live).is_some() && input.full.at(at).is_some()).collect()
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
