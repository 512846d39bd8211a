//! The line of facts of a type, computed from its schema (columns as in cloud-control 2.7).

use crate::failure::Failure;
use serde_json::Value as Json;
use stack_catalog::format::{COLUMNS, Column};
use stack_core::pointer::{PathSet, Pointer, PropertyPath, Step};
use stack_core::schema::{Node, ReplacementStrategy, ResourceSchema};
use std::collections::BTreeSet;

/// A type, ready to be written.
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) taggable: bool,
    pub(crate) lists: bool,
    pub(crate) columns: [String; COLUMNS],
    /// JSON text.
    pub(crate) schema: String,
    /// JSON text.
    pub(crate) docs: String,
}

/// Reads the facts of a type. Errors if the schema is not one.
pub(crate) fn read(name: &str, schema: Json, docs: Json, regions: u64) -> Result<Type, Failure> {
    let (text, docs) = (schema.to_string(), docs.to_string());
    let schema: ResourceSchema = serde_json::from_value(schema).map_err(|e| Failure::input(name, e))?;
    let handlers = &schema.handlers;
    let mut columns: [String; COLUMNS] = Default::default();
    let mut set = |column: Column, value: String| columns[column as usize] = value;

    set(Column::Name, name.to_owned());
    let letters = [
        ('c', handlers.create.is_some()),
        ('r', handlers.read.is_some()),
        ('u', handlers.update.is_some()),
        ('d', handlers.delete.is_some()),
        ('l', handlers.list.is_some()),
    ];
    set(Column::Handlers, letters.into_iter().filter(|(_, has)| *has).map(|(letter, _)| letter).collect());
    let list_schema = handlers.list.as_ref().and_then(|list| list.handler_schema.as_deref());
    set(Column::ListNeedsInput, list_schema.map(list_needs_input).unwrap_or_default());
    set(Column::PrimaryIdentifier, join(schema.primary_identifier.iter().map(bare), ","));
    set(Column::IdentifierUserSettable, identifier_user_settable(&schema).to_owned());
    let taggable = schema.tagging.as_ref().map(|tagging| tagging.taggable).or(schema.taggable);
    let word = |answer: Option<bool>| match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    set(Column::Taggable, word(taggable).to_owned());
    set(Column::TagProperty, tag_property(&schema, taggable).unwrap_or_default());
    set(Column::Properties, schema.root.properties.len().to_string());
    set(Column::ReadOnly, different(&schema.read_only_properties));
    set(Column::CreateOnly, different(&schema.create_only_properties));
    set(Column::WriteOnly, different(&schema.write_only_properties));
    set(Column::PropertyTransform, word(Some(!schema.property_transform.is_empty())).to_owned());
    let strategy = match schema.replacement_strategy {
        Some(ReplacementStrategy::CreateThenDelete) => "create_then_delete",
        Some(ReplacementStrategy::DeleteThenCreate) => "delete_then_create",
        None => "",
    };
    set(Column::ReplacementStrategy, strategy.to_owned());
    let lifecycle = |key: &str| {
        let value = schema.lifecycle.as_ref().and_then(|lifecycle| lifecycle.get(key));
        value.and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    set(Column::Lifecycle, lifecycle("status"));
    set(Column::LifecycleDate, lifecycle("date"));
    set(Column::Regions, format!("{regions:x}"));
    Ok(Type {
        name: name.to_owned(),
        taggable: taggable == Some(true),
        lists: handlers.list.is_some(),
        columns,
        schema: text,
        docs,
    })
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

/// How many different paths: three types name one twice.
fn different(paths: &PathSet) -> String {
    paths.iter().collect::<BTreeSet<_>>().len().to_string()
}

/// `Schedule/ScheduleId`.
fn bare(path: &PropertyPath) -> String {
    path.to_string().trim_start_matches('/').to_owned()
}

/// Alternatives are joined with `|`, keys needed together inside one with `+`, keys always needed with `,`.
fn list_needs_input(schema: &Node) -> String {
    let alternatives = if schema.one_of.is_empty() { &schema.any_of } else { &schema.one_of };
    let either = join(alternatives.iter().map(|branch| branch.required.join("+")), "|");
    let mut all = schema.required.clone();
    all.extend(Some(either).filter(|text| !text.is_empty()));
    all.join(",")
}

/// "Settable" means that no part is covered by a read-only path (cloud-control 2.3).
fn identifier_user_settable(schema: &ResourceSchema) -> &'static str {
    let assigned = |path: &&PropertyPath| {
        path.as_pointer().is_some_and(|pointer| schema.read_only_properties.covers(&pointer))
    };
    let parts = schema.primary_identifier.len();
    match schema.primary_identifier.iter().filter(assigned).count() {
        0 => "yes",
        all if all == parts => "no",
        _ => "partial",
    }
}

fn tag_property(schema: &ResourceSchema, taggable: Option<bool>) -> Option<String> {
    if taggable != Some(true) {
        return None;
    }
    let path = match &schema.tagging {
        Some(tagging) => tagging.tag_property.clone(),
        None => PropertyPath::parse("/properties/Tags"),
    };
    let steps = path.0.iter().map(|step| match step {
        Step::Key(key) => key.as_str(),
        Step::Any => "0",
    });
    schema.at(&Pointer::of(steps)).map(|_| bare(&path))
}
