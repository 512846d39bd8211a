//! Tests over the whole catalog. They share one parse of all schemas.

mod arns;
mod conforms;
mod counts;
mod derived;
mod facts_table;
mod lookups;
mod lossless;
mod names;
mod overlays;

use crate::Catalog;
use stack_core::ids::TypeName;
use stack_core::schema::{Additional, Node, ResourceSchema, Schemas};
use std::sync::Arc;

/// The region whose types the facts documents count.
const COUNTED: &str = "us-east-1";

fn catalog() -> &'static Catalog {
    Catalog::embedded()
}

fn schema(ty: &str) -> Arc<ResourceSchema> {
    catalog().schema(&TypeName::new(ty)).unwrap()
}

/// The 1,854 schemas that the facts documents speak of.
fn counted() -> Vec<Arc<ResourceSchema>> {
    let here = |ty: &&str| catalog().available_in(&TypeName::new(ty), COUNTED);
    catalog().types().filter(here).map(schema).collect()
}

/// Calls `visit` for a node and everything below it, without following references.
fn walk<'n>(node: &'n Node, visit: &mut impl FnMut(&'n Node)) {
    visit(node);
    let maps = node.properties.values().chain(node.pattern_properties.values());
    let lists = node.one_of.iter().chain(&node.any_of).chain(&node.all_of).chain(&node.prefix_items);
    let singles = [&node.items, &node.not, &node.condition, &node.then, &node.otherwise];
    let additional = match &node.additional_properties {
        Some(Additional::Schema(schema)) => Some(&**schema),
        _ => None,
    };
    for child in maps.chain(lists).chain(singles.into_iter().filter_map(Option::as_deref)).chain(additional) {
        walk(child, visit);
    }
}

/// All properties and definitions of a type, without the rules between top-level properties.
fn walk_type<'n>(schema: &'n ResourceSchema, visit: &mut impl FnMut(&'n Node)) {
    for node in schema.root.properties.values().chain(schema.definitions.values()) {
        walk(node, visit);
    }
}
