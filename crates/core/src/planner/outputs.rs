//! What a resource offers to the templates of others, before and after it is made.
//!
//! An output is *known* if the resource is kept, if it is declared, or if it is updated elsewhere (architecture 3).

use crate::desired::{Output, Wanted};
use crate::ids::Address;
use crate::plan::{Action, Change};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::{Secret, Unknown, Value};
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::sync::Arc;

/// The outputs of a live resource: what was read, and declared values that reads do not return.
pub fn output_of(wanted: Option<&Wanted>, schema: &Arc<ResourceSchema>, live: &Json) -> Output {
    let mut model = Value::from(live);
    if let Some(wanted) = wanted {
        fill(&mut model, &wanted.props);
        cover(&mut model, &wanted.props);
    }
    for path in schema.overlay.secrets.iter() {
        model.change_at(&path.0, &covered);
    }
    Output { model, schema: Arc::clone(schema), gone: false }
}

/// The outputs that a resource will have once its planned action is done.
pub(super) fn planned(
    address: &Address,
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    action: Action,
    live: Option<&Json>,
    changes: &[Change],
) -> Output {
    match (action, live) {
        (Action::Noop | Action::Update | Action::Adopt | Action::Blocked | Action::Delete, Some(live)) => {
            let mut output = output_of(Some(wanted), schema, live);
            for change in changes {
                replace_top(&mut output.model, &wanted.props, &change.path);
            }
            output
        }
        _ => Output { model: to_be_made(address, wanted, schema), schema: Arc::clone(schema), gone: false },
    }
}

/// Declared values, and an unknown for every other property of the schema. Values that the service rewrites
/// (`propertyTransform`) are unknown too, so that nobody plans with a spelling that will not last.
fn to_be_made(address: &Address, wanted: &Wanted, schema: &ResourceSchema) -> Value {
    let mut model = IndexMap::new();
    for name in schema.root.properties.keys() {
        let at = Pointer::of([name.as_str()]);
        let rewritten = schema.property_transform.keys().any(|path| path.covers(&at) || path.is_below(&at));
        let value = match wanted.props.get(name) {
            Some(declared) if !rewritten && !matches!(declared, Value::Null) => {
                with_unknown_rest(declared, address, schema, &at)
            }
            _ => Value::Unknown(Unknown::of(address, name.as_str())),
        };
        model.insert(name.clone(), value);
    }
    Value::Object(model)
}

/// A declared object with unknowns for its read-only members.
fn with_unknown_rest(declared: &Value, address: &Address, schema: &ResourceSchema, at: &Pointer) -> Value {
    let Value::Object(members) = declared else { return declared.clone() };
    let mut out: IndexMap<String, Value> = members
        .iter()
        .map(|(name, value)| {
            (name.clone(), with_unknown_rest(value, address, schema, &at.child(name.as_str())))
        })
        .collect();
    if let Some(node) = schema.at(at) {
        for name in schema.follow(node).properties.keys() {
            let place = at.child(name.as_str());
            if !out.contains_key(name) && schema.read_only_properties.covers(&place) {
                out.insert(name.clone(), Value::Unknown(Unknown::of(address, place.dotted())));
            }
        }
    }
    Value::Object(out)
}

/// Adds declared members that the live model lacks.
fn fill(model: &mut Value, declared: &Value) {
    if let (Value::Object(model), Value::Object(declared)) = (model, declared) {
        for (name, value) in declared {
            match model.get_mut(name) {
                Some(inner) => fill(inner, value),
                None if matches!(value, Value::Null) => {}
                None => {
                    model.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

/// What is declared as a secret is a secret in the live model too.
fn cover(model: &mut Value, declared: &Value) {
    match declared {
        Value::Secret(_) => {
            let inner = std::mem::replace(model, Value::Null);
            *model = Value::Secret(Secret::new(inner));
        }
        Value::Object(members) => {
            if let Value::Object(model) = model {
                for (name, value) in members {
                    if let Some(inner) = model.get_mut(name) {
                        cover(inner, value);
                    }
                }
            }
        }
        // Live lists may be in another order: a list with a secret in it is a secret as a whole.
        Value::Array(_) if declared.has_secret() => {
            let inner = std::mem::replace(model, Value::Null);
            *model = Value::Secret(Secret::new(inner));
        }
        _ => {}
    }
}

/// A value as a secret, unless it is one already or is none.
fn covered(value: Value) -> Value {
    match value {
        Value::Secret(_) | Value::Null => value,
        open => Value::Secret(Secret::new(open)),
    }
}

/// Takes the top-level property of a change from the declared values.
fn replace_top(model: &mut Value, declared: &Value, changed: &Pointer) {
    let (Value::Object(model), Some(name)) = (model, changed.segments().first()) else { return };
    match declared.get(name) {
        Some(Value::Null) => {
            model.shift_remove(name);
        }
        Some(value) => merge_over(model.entry(name.clone()).or_insert(Value::Null), value),
        None => {}
    }
}

fn merge_over(model: &mut Value, declared: &Value) {
    match (model, declared) {
        (Value::Object(model), Value::Object(declared)) => {
            for (name, value) in declared {
                match model.get_mut(name) {
                    Some(inner) => merge_over(inner, value),
                    None => {
                        model.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (model, declared) => *model = declared.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pointer::{PathSet, PropertyPath};
    use serde_json::json;

    #[test]
    fn what_the_service_makes_up_as_a_secret_is_covered_in_outputs() {
        let mut schema = crate::testdata::schema("AWS::EC2::VPC");
        schema.overlay.secrets =
            PathSet(vec![PropertyPath::parse("/Key"), PropertyPath::parse("/All/*/Secret")]);
        let live = json!({"Key": "s", "All": [{"Secret": "s", "Name": "n"}], "VpcId": "vpc-1"});
        let output = output_of(None, &Arc::new(schema), &live);
        assert!(matches!(output.model.get("Key"), Some(Value::Secret(_))));
        assert_eq!(output.model.get("VpcId"), Some(&Value::text("vpc-1")));
        assert!(format!("{:?}", output.model).matches("sensitive").count() == 2);
        assert_eq!(output.model.exposed(), Some(live));
    }
}
