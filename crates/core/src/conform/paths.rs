//! Rules that the schema states as paths: read-only, deprecated, identifier.

use super::codes;
use super::walk::{Finding, Findings, Place, Presence, Walk, presence};
use crate::identity::part_name;
use crate::pointer::{Pointer, PropertyPath};
use crate::value::Value;

/// Checks the conformed properties against the paths of the schema.
pub(super) fn check(walk: &Walk<'_>, props: &Value, out: &mut Findings) {
    server_owned(walk, props, &Place::root(), out);
    identifier(walk, props, out);
    noted(walk, props, out);
}

/// What is known of declared properties beyond the schema, such as that reads look in one group only (trap 69). A value
/// that is the service's own (`default`, false) departs from nothing.
fn noted(walk: &Walk<'_>, props: &Value, out: &mut Findings) {
    for (path, note) in &walk.schema.overlay.notes {
        let Some(at) = path.as_pointer() else { continue };
        let [name] = at.segments() else { continue };
        let ordinary = match props.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::String(text)) => text == "default",
            Some(_) => false,
        };
        if !ordinary {
            let place = walk.member(&Place::root(), name);
            out.push(
                Finding::about(&place, codes::NOTED)
                    .says(format!("{} does not do what it seems to", walk.name(&place)))
                    .label(note)
                    .warning(),
            );
        }
    }
}

fn server_owned(walk: &Walk<'_>, value: &Value, place: &Place, out: &mut Findings) {
    let schema = walk.schema;
    // Most types have no such path below their top level.
    let below = schema.read_only_properties.reaches_below(&place.model())
        || schema.deprecated_properties.reaches_below(&place.model());
    if !below {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let at = walk.member(place, key);
                if walk.schema.read_only_properties.contains(&at.model()) && !required(walk, place, key) {
                    out.push(
                        Finding::about(&at, codes::READ_ONLY)
                            .says(format!("{} is set by the service, it cannot be declared", walk.name(&at)))
                            .label("read-only")
                            .next("remove it; other resources can refer to it as an output"),
                    );
                    continue;
                }
                if walk.schema.deprecated_properties.contains(&at.model()) && !matches!(value, Value::Null) {
                    out.push(
                        Finding::about(&at, codes::DEPRECATED)
                            .says(format!("{} is deprecated", walk.name(&at)))
                            .label("should no longer be used")
                            .warning(),
                    );
                }
                server_owned(walk, value, &at, out);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                server_owned(walk, item, &walk.element(place, i), out);
            }
        }
        _ => {}
    }
}

/// Some schemas require of a nested object what they mark read-only; such a member is left to the service to judge.
fn required(walk: &Walk<'_>, parent: &Place, key: &str) -> bool {
    walk.schema.at(&parent.model()).is_some_and(|node| node.required.iter().any(|name| name == key))
}

/// Where the user names a resource, every part of the name must be declared: a part left out is chosen by the service,
/// mostly at random, and without a state file no later run can find the resource again (cloud-control 2.3).
fn identifier(walk: &Walk<'_>, props: &Value, out: &mut Findings) {
    let schema = walk.schema;
    let parts = &schema.primary_identifier;
    let settable = |path: &PropertyPath| {
        path.as_pointer().is_some_and(|pointer| !schema.read_only_properties.covers(&pointer))
    };
    if !schema.is_provisionable() || !parts.iter().all(settable) {
        return;
    }
    let missing: Vec<String> = parts
        .iter()
        .filter(|path| !schema.overlay.identifier_defaults.contains_key(*path))
        // A part that can change later (the SetIdentifier of a record set) is left empty, not invented.
        .filter(|path| {
            path.as_pointer().is_some_and(|pointer| schema.create_only_properties.covers(&pointer))
        })
        .filter(|path| path.as_pointer().is_some_and(|pointer| !is_declared(walk, props, &pointer)))
        .map(part_name)
        .collect();
    if missing.is_empty() {
        return;
    }
    let names = super::spelling::list(&missing, "and", 12);
    out.push(
        Finding::about(&Place::root(), codes::IDENTIFIER_PART)
            .says(format!("`{}` needs {names}, part of its identifier", schema.type_name))
            .label(format!("{names} {} missing", if missing.len() == 1 { "is" } else { "are" }))
            .note("why", "left out, the service chooses it, and without a state file no later run could find the resource"),
    );
}

/// True if the value is there, may be there, or its absence is reported as a missing required member.
fn is_declared(walk: &Walk<'_>, props: &Value, pointer: &Pointer) -> bool {
    let mut at = props;
    let mut node = &walk.schema.root;
    for segment in pointer.segments() {
        let Value::Object(members) = at else { return !matches!(at, Value::Null) };
        node = walk.schema.follow(node);
        if presence(members, segment) != Presence::Yes {
            return presence(members, segment) == Presence::Maybe || node.required.contains(segment);
        }
        let (Some(next), Some(child)) = (members.get(segment), walk.schema.member(node, segment)) else {
            return true;
        };
        (at, node) = (next, child);
    }
    true
}
