//! What a read handler shows of a resource: no write-only values, sets in another order, and what faults ask for.

use crate::dice::Dice;
use crate::fault::What;
use crate::model::{expand, prune, remove, set};
use crate::state::Resource;
use serde_json::Value as Json;
use stack_core::pointer::Pointer;
use stack_core::schema::{JsonType, Node, ResourceSchema};

/// How a read is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'l> {
    pub(crate) seed: u64,
    pub(crate) reorder_sets: bool,
    /// Number of this call; feeds orders that change on every read.
    pub(crate) call: u64,
    pub(crate) faults: &'l [What],
}

/// The model that a read returns.
pub(crate) fn read(schema: &ResourceSchema, resource: &Resource, look: &Look<'_>) -> Json {
    let mut model = without_write_only(schema, &resource.model);
    let every_read = look.faults.contains(&What::Reorder);
    if look.reorder_sets || every_read {
        let salt = if every_read { look.call } else { u64::from(resource.revision) };
        let salt = format!("{} {salt}", resource.uid);
        reorder(schema, &schema.root, &mut model, &Pointer::root(), (look.seed, &salt), every_read);
    }
    for fault in look.faults {
        match fault {
            What::Husks => husks(schema, &mut model),
            What::Reads { set: shown, hide } => {
                for (place, value) in shown {
                    if let Ok(pointer) = Pointer::parse(place) {
                        set(&mut model, &pointer, value.clone());
                    }
                }
                for pointer in hide {
                    remove(&mut model, pointer);
                }
            }
            _ => {}
        }
    }
    model
}

/// The model without write-only values. Containers that held nothing else disappear (trap 5).
pub(crate) fn without_write_only(schema: &ResourceSchema, model: &Json) -> Json {
    let mut model = model.clone();
    for path in schema.write_only_properties.iter() {
        let places = expand(path, &model);
        prune(&mut model, &places);
    }
    model
}

fn reorder(
    schema: &ResourceSchema,
    node: &Node,
    value: &mut Json,
    place: &Pointer,
    seed: (u64, &str),
    all: bool,
) {
    let node = crate::validate::follow(schema, node);
    match value {
        Json::Object(map) => {
            for (key, child) in map.iter_mut() {
                if let Some(member) = schema.member(node, key) {
                    reorder(schema, member, child, &place.child(key), seed, all);
                }
            }
        }
        Json::Array(items) => {
            if let Some(element) = schema.element(node) {
                for (i, child) in items.iter_mut().enumerate() {
                    reorder(schema, element, child, &place.child(i.to_string()), seed, all);
                }
            }
            let is_tags =
                all && items.iter().all(|item| item.get("Key").is_some() && item.get("Value").is_some());
            if node.insertion_order == Some(false) || is_tags {
                Dice::of_text(seed.0, &format!("{} {place}", seed.1)).shuffle(items);
            }
        }
        _ => {}
    }
}

fn husks(schema: &ResourceSchema, model: &mut Json) {
    let Json::Object(map) = model else { return };
    for (name, node) in &schema.root.properties {
        let pointer = Pointer::of([name.as_str()]);
        let hidden =
            schema.write_only_properties.covers(&pointer) || schema.read_only_properties.covers(&pointer);
        if map.contains_key(name) || hidden {
            continue;
        }
        let node = schema.follow(node);
        match node.types.single() {
            Some(JsonType::Array) => {
                map.insert(name.clone(), Json::Array(Vec::new()));
            }
            Some(JsonType::String) if node.choices.is_empty() => {
                map.insert(name.clone(), Json::String(String::new()));
            }
            _ => {}
        }
    }
}
