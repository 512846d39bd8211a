//! Properties of differ and patch over generated models of real schemas.

use super::{DiffContext, PatchInput, diff, patch};
use crate::plan::{Impact, PatchOp};
use crate::pointer::Pointer;
use crate::schema::{Additional, JsonType, Node, ResourceSchema};
use crate::testdata;
use crate::value::{Secret, Unknown, Value};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

/// A small random source: the same seed gives the same model, and a failing seed is printed.
struct Gen(u64);

impl Gen {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn value(&mut self, schema: &ResourceSchema, node: &Node, depth: u8) -> Json {
        let node = schema.follow(node);
        if let Some(constant) = &node.constant {
            return constant.clone();
        }
        if !node.choices.is_empty() {
            return node.choices[self.next(node.choices.len() as u64) as usize].clone();
        }
        let types: Vec<JsonType> = node.types.iter().collect();
        let ty = match types.len() {
            0 if !node.properties.is_empty() || !node.pattern_properties.is_empty() => JsonType::Object,
            0 if node.items.is_some() => JsonType::Array,
            0 => match node.one_of.first().or_else(|| node.any_of.first()) {
                Some(branch) if depth > 0 => return self.value(schema, branch, depth - 1),
                _ => JsonType::String,
            },
            n => types[self.next(n as u64) as usize],
        };
        match ty {
            JsonType::Object => self.object(schema, node, depth),
            JsonType::Array => {
                let least = node.min_items.unwrap_or(0).min(3);
                let count = if depth == 0 { least } else { least + self.next(3) };
                let mut items: Vec<Json> = (0..count)
                    .filter_map(|_| {
                        node.items.as_deref().map(|items| self.value(schema, items, depth.saturating_sub(1)))
                    })
                    .collect();
                // No service takes two tags of one key.
                let mut keys = std::collections::BTreeSet::new();
                items.retain(|item| item.get("Key").is_none_or(|key| keys.insert(key.to_string())));
                items.dedup();
                Json::Array(items)
            }
            JsonType::Integer | JsonType::Number => json!(self.next(4)),
            JsonType::Boolean => json!(self.next(2) == 0),
            JsonType::String | JsonType::Null => {
                let words = ["a", "b", "c/d", "e~f", "arn:aws:x", "{\"k\": 1}", "10", "true"];
                json!(words[self.next(words.len() as u64) as usize])
            }
        }
    }

    fn object(&mut self, schema: &ResourceSchema, node: &Node, depth: u8) -> Json {
        let mut map = Map::new();
        for (name, member) in &node.properties {
            let needed = node.required.contains(name);
            if needed || (depth > 0 && self.next(3) == 0) {
                map.insert(name.clone(), self.value(schema, member, depth.saturating_sub(1)));
            }
        }
        let open = node.pattern_properties.values().next().or(match &node.additional_properties {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        });
        if let Some(member) = open.filter(|_| depth > 0) {
            for key in ["k/1", "k~2", "plain"].into_iter().take(self.next(4) as usize) {
                map.insert(key.to_owned(), self.value(schema, member, depth - 1));
            }
        }
        Json::Object(map)
    }

    /// Another model near the given one: values changed, members added and dropped, lists shuffled.
    fn drift(&mut self, schema: &ResourceSchema, node: &Node, value: &Json, at: &Pointer) -> Json {
        if schema.create_only_properties.covers(at) {
            return value.clone();
        }
        let node = schema.follow(node);
        match value {
            Json::Object(members) => {
                let mut map = Map::new();
                for (name, inner) in members {
                    let place = at.child(name.as_str());
                    if self.next(6) == 0 && !schema.create_only_properties.covers(&place) {
                        continue;
                    }
                    let inner = match schema.member(node, name) {
                        Some(member) => self.drift(schema, member, inner, &place),
                        None => inner.clone(),
                    };
                    map.insert(name.clone(), inner);
                }
                Json::Object(map)
            }
            Json::Array(items) => {
                let mut out: Vec<Json> = items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| match schema.element(node) {
                        Some(element) => self.drift(schema, element, item, &at.child(i.to_string())),
                        None => item.clone(),
                    })
                    .collect();
                if self.next(3) == 0 {
                    out.reverse();
                }
                if self.next(4) == 0 {
                    out.pop();
                }
                Json::Array(out)
            }
            other if self.next(4) == 0 => {
                let fresh = self.value(schema, node, 1);
                if fresh.is_object() || fresh.is_array() { other.clone() } else { fresh }
            }
            other => other.clone(),
        }
    }
}

/// Without the paths that a predicate names.
pub(crate) fn without(value: &Json, at: &Pointer, drop: &impl Fn(&Pointer) -> bool) -> Json {
    match value {
        Json::Object(members) => Json::Object(
            members
                .iter()
                .filter(|(name, _)| !drop(&at.child(name.as_str())))
                .map(|(name, inner)| (name.clone(), without(inner, &at.child(name.as_str()), drop)))
                .collect(),
        ),
        Json::Array(items) => Json::Array(
            items.iter().enumerate().map(|(i, item)| without(item, &at.child(i.to_string()), drop)).collect(),
        ),
        other => other.clone(),
    }
}

pub(crate) fn to_json(ops: &[PatchOp]) -> Json {
    ops.iter()
        .map(|op| match op {
            PatchOp::Add { path, value } => {
                json!({"op": "add", "path": path.to_string(), "value": value.known()})
            }
            PatchOp::Remove { path } => json!({"op": "remove", "path": path.to_string()}),
        })
        .collect()
}

/// A declared model and a live one near it.
pub(crate) fn models(schema: &ResourceSchema, seed: u64) -> (Json, Json) {
    let mut random = Gen(seed);
    let base = random.value(schema, &schema.root, 4);
    let declared = without(&base, &Pointer::root(), &|at| schema.read_only_properties.covers(at));
    let live = random.drift(schema, &schema.root, &base, &Pointer::root());
    let live = without(&live, &Pointer::root(), &|at| schema.write_only_properties.covers(at));
    (declared, live)
}

fn context(schema: &ResourceSchema) -> DiffContext<'_> {
    DiffContext { schema, ignore: &[], is_fresh: &|_| false }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The patch applies, and afterwards nothing differs.
    #[test]
    fn the_patch_settles_every_difference(seed in any::<u64>()) {
        for schema in testdata::all() {
            let ty = &schema.type_name;
            let (declared, live) = models(schema, seed);
            let full = Value::from(declared);
            let found = diff(&context(schema), &full, &live);
            if found.impact() == Some(Impact::Replace) || schema.is_immutable() {
                continue;
            }
            let ops = patch(PatchInput {
                schema, full: &full, live: &live, diff: &found, also: &[], resend: &[], ignore: &[],
            });
            let document: json_patch::Patch = serde_json::from_value(to_json(&ops)).unwrap();
            let mut after = live.clone();
            if let Err(error) = json_patch::patch(&mut after, &document) {
                panic!("{ty}: {error}\nlive {live}\npatch {}", to_json(&ops));
            }
            let after = without(&after, &Pointer::root(), &|at| schema.write_only_properties.covers(at));
            let left: Vec<_> = diff(&context(schema), &full, &after)
                .changes
                .into_iter()
                .filter(|change| change.impact == Impact::Update)
                .map(|change| change.path.to_string())
                .collect();
            prop_assert!(
                left.is_empty(),
                "{ty}: {left:?}\ndeclared {}\nlive {live}\npatch {}\nafter {after}",
                full.known().unwrap(), to_json(&ops)
            );
        }
    }

    /// A model never differs from itself, whatever the order of its sets.
    #[test]
    fn a_model_is_equal_to_itself(seed in any::<u64>()) {
        for schema in testdata::all() {
            let ty = &schema.type_name;
            let (declared, _) = models(schema, seed);
            let live = without(&declared, &Pointer::root(), &|at| schema.write_only_properties.covers(at));
            let found = diff(&context(schema), &Value::from(&declared), &live);
            prop_assert!(found.changes.is_empty(), "{ty}: {:?}\n{declared}", found.changes);
        }
    }

    /// A patch never addresses what the manifest does not declare, repairs aside, nor what must not be named.
    #[test]
    fn the_patch_names_only_declared_places(seed in any::<u64>()) {
        for schema in testdata::all() {
            let ty = &schema.type_name;
            let (declared, live) = models(schema, seed);
            let full = Value::from(declared);
            let found = diff(&context(schema), &full, &live);
            if found.impact() == Some(Impact::Replace) || schema.is_immutable() {
                continue;
            }
            let ops = patch(PatchInput {
                schema, full: &full, live: &live, diff: &found, also: &[], resend: &[], ignore: &[],
            });
            for op in &ops {
                prop_assert!(!schema.read_only_properties.covers(op.path()), "{ty}: {op:?}");
                prop_assert!(!schema.create_only_properties.covers(op.path()), "{ty}: {op:?}");
                // What the manifest does not declare is only mended where it is, never made.
                let undeclared = matches!(op, PatchOp::Remove { .. }) || full.at(op.path()).is_none();
                prop_assert!(!undeclared || op.path().get(&live).is_some(), "{ty}: {op:?}\nlive {live}");
            }
            if found.changes.is_empty() {
                prop_assert!(ops.is_empty(), "{ty}: {ops:?}");
            }
        }
    }
}

/// The word that stands in every secret.
const SECRET: &str = "hunter2";

/// Turns some leaves and some containers into secrets and unknowns.
fn sprinkled(random: &mut Gen, value: &Json, depth: u8) -> Value {
    match random.next(12) {
        0 if depth > 0 => return Value::Unknown(Unknown::of(&"other".into(), "Output")),
        1 if depth > 0 => {
            let covered = match value {
                Json::String(_) => Value::text(format!("{SECRET}-{}", random.next(9))),
                Json::Object(_) | Json::Array(_) => Value::from(&spoilt(value)),
                other => Value::from(other),
            };
            return Value::Secret(Secret::new(covered));
        }
        _ => {}
    }
    match value {
        Json::Object(members) => Value::Object(
            members.iter().map(|(k, v)| (k.clone(), sprinkled(random, v, depth.saturating_add(1)))).collect(),
        ),
        Json::Array(items) => {
            Value::Array(items.iter().map(|item| sprinkled(random, item, depth.saturating_add(1))).collect())
        }
        other => Value::from(other),
    }
}

/// The same with the secret word as every text, keys of tags aside: those are names.
fn spoilt(value: &Json) -> Json {
    match value {
        Json::String(_) => json!(SECRET),
        Json::Object(members) => {
            members.iter().map(|(k, v)| (k.clone(), if k == "Key" { v.clone() } else { spoilt(v) })).collect()
        }
        Json::Array(items) => items.iter().map(spoilt).collect(),
        other => other.clone(),
    }
}

/// The live model after an update that set every secret of the declared one before: the word is in it.
fn with_old_secrets(declared: &Value, live: &Json) -> Json {
    match (declared, live) {
        (Value::Secret(_), live) => spoilt(live),
        (Value::Object(members), Json::Object(live)) => live
            .iter()
            .map(|(k, v)| {
                (k.clone(), members.get(k).map_or_else(|| v.clone(), |inner| with_old_secrets(inner, v)))
            })
            .collect(),
        // The live order may be another: every element may hold one.
        (Value::Array(_), Json::Array(live)) if declared.has_secret() => live.iter().map(spoilt).collect(),
        _ => live.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Secrets and unknowns anywhere: nothing breaks, and no text of a secret is in what is shown.
    #[test]
    fn secrets_are_never_shown(seed in any::<u64>()) {
        for schema in testdata::all() {
            let (declared, live) = models(schema, seed);
            let full = sprinkled(&mut Gen(seed ^ 0x5ec2e7), &declared, 0);
            let live = with_old_secrets(&full, &live);
            let found = diff(&context(schema), &full, &live);
            let shown = format!("{found:?}");
            prop_assert!(!shown.contains(SECRET), "{}: {shown}", schema.type_name);
            let ops = patch(PatchInput {
                schema, full: &full, live: &live, diff: &found, also: &[], resend: &[Pointer::root()], ignore: &[],
            });
            for op in &ops {
                prop_assert!(!schema.read_only_properties.covers(op.path()), "{}: {op:?}", schema.type_name);
                prop_assert!(!schema.create_only_properties.covers(op.path()), "{}: {op:?}", schema.type_name);
            }
        }
    }
}
