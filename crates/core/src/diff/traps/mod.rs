//! The traps of cloud-control section 7 that touch differ and patch, and the rules of 3.3, 3.4, 3.7 and 3.8: real
//! schemas with the hand corrections of the catalog. Where a schema no longer shows the condition, the test injects it.

mod patches;
mod reads;
mod rules;
mod values;

use super::{Diff, DiffContext, PatchInput, diff, patch};
use crate::plan::{Impact, PatchOp, Rule};
use crate::pointer::{PathSet, Pointer, PropertyPath};
use crate::schema::ResourceSchema;
use crate::testdata::corrected;
use crate::value::{Secret, Unknown, Value};
use serde_json::{Value as Json, json};

fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn paths(texts: &[&str]) -> PathSet {
    PathSet(texts.iter().map(|text| PropertyPath::parse(text)).collect())
}

fn secret(text: &str) -> Value {
    Value::Secret(Secret::new(Value::text(text)))
}

fn compared(schema: &ResourceSchema, declared: impl Into<Value>, live: &Json) -> Diff {
    let context = DiffContext { schema, ignore: &[], is_fresh: &|_| false };
    diff(&context, &declared.into(), live)
}

/// Each change as `impact path`.
fn changes(schema: &ResourceSchema, declared: Json, live: Json) -> Vec<String> {
    let found = compared(schema, declared, &live);
    found
        .changes
        .iter()
        .map(|change| {
            let impact = match change.impact {
                Impact::Update => "update",
                Impact::MayReplace => "may replace",
                Impact::Replace => "replace",
            };
            format!("{impact} {}", change.path)
        })
        .collect()
}

/// The rules that explain what differs, with their places.
fn explained(schema: &ResourceSchema, declared: Json, live: Json) -> Vec<(String, Rule)> {
    let found = compared(schema, declared, &live);
    assert_eq!(found.changes, [], "nothing should differ in meaning");
    found.explained.iter().map(|e| (e.path.to_string(), e.rule)).collect()
}

/// The patch as JSON, secrets in clear. It must apply to the live model and leave no difference.
fn ops(schema: &ResourceSchema, declared: impl Into<Value>, live: Json) -> Json {
    ops_with(schema, declared, live, &[])
}

/// The same with places that the user asks to send again.
fn ops_with(schema: &ResourceSchema, declared: impl Into<Value>, live: Json, resend: &[Pointer]) -> Json {
    let full = declared.into();
    let found = compared(schema, full.clone(), &live);
    let made =
        patch(PatchInput { schema, full: &full, live: &live, diff: &found, also: &[], resend, ignore: &[] });
    let document: Json = made
        .iter()
        .map(|op| match op {
            PatchOp::Add { path, value } => {
                json!({"op": "add", "path": path.to_string(), "value": value.exposed().unwrap()})
            }
            PatchOp::Remove { path } => json!({"op": "remove", "path": path.to_string()}),
        })
        .collect();
    let mut after = live;
    let patch: json_patch::Patch = serde_json::from_value(document.clone()).unwrap();
    json_patch::patch(&mut after, &patch).unwrap_or_else(|e| panic!("{e}: {document}"));
    assert_eq!(compared(schema, full, &after).changes, [], "the patch settles everything: {document}");
    document
}

fn add(path: &str, value: Json) -> Json {
    json!({"op": "add", "path": path, "value": value})
}

fn remove(path: &str) -> Json {
    json!({"op": "remove", "path": path})
}

/// The paths of a patch.
fn named(document: &Json) -> Vec<&str> {
    document.as_array().unwrap().iter().map(|op| op["path"].as_str().unwrap()).collect()
}
