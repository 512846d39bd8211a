//! Declared leaves of a stack: those that drift, where they stand in a live model, and other values for them.

use serde_json::{Value as Json, json};
use stack_core::conform::conform;
use stack_core::ids::Address;
use stack_core::plan::Plan;
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use stack_deploy::sandbox::schemas;
use std::sync::Arc;

/// A declared leaf that reads show and that updates may change.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) resource: Address,
    pub(crate) at: Pointer,
    /// Another value that the schema allows.
    pub(crate) other: Json,
}

/// Every such leaf, with another value that the schema allows.
pub(crate) fn leaves(plan: &Plan) -> Vec<Leaf> {
    let all = schemas();
    let mut leaves = Vec::new();
    for planned in plan.resources.values() {
        // Queries and commands have no body.
        let Some(desired) = planned.desired.as_ref() else { continue };
        let schema = all.schema(&planned.ty).expect("known");
        if schema.is_immutable() {
            continue;
        }
        collect(&schema, desired, &Pointer::root(), &mut |at, value| {
            if let Some(other) = another(&schema, desired, at, value) {
                leaves.push(Leaf { resource: planned.address.clone(), at: at.clone(), other });
            }
        });
    }
    leaves
}

fn collect(schema: &ResourceSchema, value: &Value, at: &Pointer, found: &mut impl FnMut(&Pointer, &Json)) {
    if schema.create_only_properties.covers(at)
        || schema.is_unreadable(at)
        || schema.read_only_properties.covers(at)
        || schema.primary_identifier.iter().any(|path| path.as_pointer().as_ref() == Some(at))
        // What it is found by: another value there is another resource.
        || schema.overlay.natural_key.iter().any(|path| path.covers(at))
    {
        return;
    }
    match value {
        Value::Object(members) => {
            // A tag's key is its name: changing it is removing one tag and adding another.
            let is_tag = members.len() == 2 && members.contains_key("Key") && members.contains_key("Value");
            let is_ours =
                matches!(members.get("Key"), Some(Value::String(key)) if key.starts_with("stackql:"));
            for (name, member) in members {
                if !(is_ours || name.starts_with("stackql:") || (is_tag && name == "Key")) {
                    collect(schema, member, &at.child(name.as_str()), found);
                }
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| collect(schema, item, &at.child(i.to_string()), found));
        }
        leaf => {
            if let Some(json) = leaf.known() {
                found(at, &json);
            }
        }
    }
}

/// Another value that is valid at the place.
fn another(schema: &Arc<ResourceSchema>, desired: &Value, at: &Pointer, value: &Json) -> Option<Json> {
    let mut candidates: Vec<Json> =
        schema.at(at).map(|node| schema.follow(node).choices.clone()).unwrap_or_default();
    match value {
        Json::Bool(flag) => candidates.push(json!(!flag)),
        Json::Number(number) => {
            let number = number.as_i64().expect("integers in the examples");
            candidates.extend([number + 1, number - 1, 1, 14, 60, 120].map(Json::from));
        }
        Json::String(text) => {
            candidates
                .extend([format!("{text}x"), format!("x{text}"), text.replace("03", "04")].map(Json::from));
        }
        _ => {}
    }
    candidates.into_iter().filter(|other| other != value).find(|other| {
        let mut changed = desired.clone();
        set(&mut changed, at.segments(), Value::from(other));
        !conform(schema, changed).has_errors()
    })
}

fn set(value: &mut Value, at: &[String], new: Value) {
    let Some((first, rest)) = at.split_first() else {
        *value = new;
        return;
    };
    match value {
        Value::Object(members) => {
            if let Some(member) = members.get_mut(first) {
                set(member, rest, new);
            }
        }
        Value::Array(items) => {
            if let Some(item) = first.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                set(item, rest, new);
            }
        }
        _ => {}
    }
}

/// Where a declared leaf stands in the live model: sets are read in another order.
pub(crate) fn live_place(live: &Json, declared: &Value, at: &Pointer) -> Option<Pointer> {
    let mut place = Pointer::root();
    let (mut live, mut declared) = (live, declared);
    for segment in at.segments() {
        match (live, declared) {
            (Json::Array(items), Value::Array(wanted)) => {
                let wanted = &wanted[segment.parse::<usize>().expect("an index")];
                let found = items.iter().position(|item| holds(item, wanted))?;
                place = place.child(found.to_string());
                live = &items[found];
                declared = wanted;
            }
            (Json::Object(members), _) => {
                place = place.child(segment.as_str());
                live = members.get(segment)?;
                declared = declared.get(segment)?;
            }
            _ => return None,
        }
    }
    Some(place)
}

/// True if the live value shows all that is declared.
fn holds(live: &Json, declared: &Value) -> bool {
    match (live, declared) {
        (_, Value::Unknown(_) | Value::Secret(_)) => true,
        (Json::Array(items), Value::Array(wanted)) => {
            items.len() == wanted.len() && wanted.iter().all(|w| items.iter().any(|item| holds(item, w)))
        }
        (Json::Object(live), Value::Object(wanted)) => {
            wanted.iter().all(|(name, w)| live.get(name).is_some_and(|l| holds(l, w)))
        }
        _ => declared.known().as_ref() == Some(live),
    }
}
