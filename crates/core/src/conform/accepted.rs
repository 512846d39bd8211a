//! Other forms of declaring the same, put into the schema's own before anything else ([`Accepts`]).

use crate::naming::find_property;
use crate::overlay::Accepts;
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// Declared properties in the form that the schema knows, and where what was moved stood before.
pub(super) fn accepted(
    schema: &ResourceSchema,
    members: IndexMap<String, Value>,
) -> (IndexMap<String, Value>, Vec<(Pointer, Pointer)>) {
    let accepts = &schema.overlay.accepts;
    if *accepts == Accepts::default() {
        return (members, Vec::new());
    }
    let mut moved = Vec::new();
    let mut out = IndexMap::new();
    for (name, value) in members {
        let is_nesting = accepts.nested.keys().any(|path| path.split('.').next() == Some(name.as_str()));
        let value = match value {
            Value::Object(inner) if is_nesting => {
                take_apart(accepts, &mut vec![name], inner, &mut out, &mut moved);
                continue;
            }
            other => other,
        };
        let known = known(schema, accepts, &name).filter(|known| *known != name);
        let to = known.unwrap_or_else(|| name.clone());
        if to != name {
            moved.push((Pointer::of([name]), Pointer::of([to.as_str()])));
        }
        out.entry(to).or_insert(value);
    }
    let mut props = Value::Object(out);
    for path in accepts.references.iter() {
        props.change_at(&path.0, &id_of);
    }
    for path in accepts.pairs.iter() {
        props.change_at(&path.0, &map_of);
    }
    match props {
        Value::Object(members) => (members, moved),
        _ => (IndexMap::new(), moved),
    }
}

/// The property that another name means. A usual spelling stays as it is: it is put right, and told, later.
fn known(schema: &ResourceSchema, accepts: &Accepts, name: &str) -> Option<String> {
    let all = || schema.root.properties.keys().map(String::as_str);
    let named = |name: &str| {
        let alias = accepts.names.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        alias.map(|(_, property)| property.clone()).or_else(|| find_property(name, all()).map(str::to_owned))
    };
    if find_property(name, all()).is_some() {
        return None;
    }
    let plain = name.strip_prefix("data__").unwrap_or(name);
    named(plain).or_else(|| named(plain.strip_prefix('_')?))
}

/// Puts the leaves of a nesting where the schema has them. What it does not know is left for the check to name.
fn take_apart(
    accepts: &Accepts,
    at: &mut Vec<String>,
    members: IndexMap<String, Value>,
    out: &mut IndexMap<String, Value>,
    moved: &mut Vec<(Pointer, Pointer)>,
) {
    for (name, value) in members {
        at.push(name);
        let path = at.join(".");
        let outer = format!("{path}.");
        match (accepts.nested.get(&path), value) {
            (Some(property), value) => {
                moved.push((Pointer::of(at.iter()), Pointer::of([property.as_str()])));
                out.entry(property.clone()).or_insert(value);
            }
            (None, Value::Object(inner)) if accepts.nested.keys().any(|path| path.starts_with(&outer)) => {
                take_apart(accepts, at, inner, out, moved);
            }
            (None, value) => {
                let last = at.last().cloned().unwrap_or_default();
                moved.push((Pointer::of(at.iter()), Pointer::of([last.as_str()])));
                out.entry(last).or_insert(value);
            }
        }
        at.pop();
    }
}

/// The id of a reference that is declared as the service's object.
fn id_of(value: Value) -> Value {
    match value {
        Value::Object(mut members) => match members.shift_remove("id") {
            Some(id) => id,
            None => Value::Object(members),
        },
        // A document in a text, as statements have it.
        Value::String(text) if text.trim_start().starts_with('{') => {
            let document: Option<Json> = serde_json::from_str(&text).ok();
            let id = document.as_ref().and_then(|document| document.get("id")?.as_str().map(str::to_owned));
            Value::String(id.unwrap_or(text))
        }
        other => other,
    }
}

/// A list of names and values as a map; as it is where an entry has another form.
fn map_of(value: Value) -> Value {
    let items = match value {
        Value::Array(items) => items,
        other => return other,
    };
    let name = |item: &Value| match (item.get("name"), item.get("value")) {
        (Some(Value::String(name)), Some(_)) => Some(name.clone()),
        _ => None,
    };
    if !items.iter().all(|item| name(item).is_some()) {
        return Value::Array(items);
    }
    let pair = |item: Value| Some((name(&item)?, item.get("value")?.clone()));
    Value::Object(items.into_iter().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::conform;
    use crate::pointer::{PathSet, PropertyPath};
    use serde_json::json;

    fn schema() -> ResourceSchema {
        let mut schema: ResourceSchema = serde_json::from_value(json!({
            "typeName": "acme.shop.boxes", "type": "object", "additionalProperties": false,
            "properties": {
                "label": {"type": "string"}, "shelf": {"type": "string"},
                "owners": {"type": "array", "items": {"type": "string"}},
                "configs": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }))
        .unwrap();
        schema.overlay.accepts = Accepts {
            references: PathSet(vec![PropertyPath::parse("/shelf"), PropertyPath::parse("/owners/*")]),
            pairs: PathSet(vec![PropertyPath::parse("/configs")]),
            nested: [("spec.label", "label"), ("spec.place.shelf", "shelf")]
                .into_iter()
                .map(|(path, name)| (path.to_owned(), name.to_owned()))
                .collect(),
            names: [("title".to_owned(), "label".to_owned())].into(),
        };
        schema
    }

    fn conformed(declared: Json) -> (Json, Vec<String>) {
        let conformed = conform(&schema(), Value::from(declared));
        let told = conformed.violations.iter().map(|v| format!("{} {}", v.pointer, v.message)).collect();
        (conformed.props.exposed().unwrap(), told)
    }

    #[test]
    fn all_forms_mean_the_same() {
        let flat = json!({"label": "a", "shelf": "s"});
        for form in [
            flat.clone(),
            json!({"spec": {"label": "a", "place": {"shelf": {"id": "s", "related": "x"}}}}),
            json!({"data__label": "a", "_shelf": {"id": "s"}}),
            json!({"Title": "a", "shelf": "s"}),
        ] {
            assert_eq!(conformed(form), (flat.clone(), Vec::new()));
        }
        let owners = json!({"owners": [{"id": "u-1"}, "u-2"], "configs": [{"name": "a", "value": "1"}]});
        assert_eq!(conformed(owners).0, json!({"owners": ["u-1", "u-2"], "configs": {"a": "1"}}));
    }

    #[test]
    fn what_does_not_fit_is_told_where_it_stands() {
        let (_, told) = conformed(json!({"spec": {"label": 5, "colour": "red"}}));
        assert!(told.iter().any(|told| told.starts_with("/spec/colour ")), "{told:?}");
        let (_, told) = conformed(json!({"spec": {"label": {"a": 1}}}));
        assert!(told.iter().any(|told| told.starts_with("/spec/label ")), "{told:?}");
    }

    #[test]
    fn other_schemas_are_left_alone() {
        let mut plain = schema();
        plain.overlay.accepts = Accepts::default();
        let conformed = conform(&plain, Value::from(json!({"shelf": {"id": "s"}})));
        assert_eq!(conformed.violations.len(), 1);
    }
}
