//! Values of a plan to values that can be shown.

use super::view::{ChangeView, OpView, ValueView};
use serde_json::{Map, Value as Json, json};
use stack_core::plan::{Change, ChangeOp};
use stack_core::pointer::Pointer;
use stack_core::value::{Unknown, Value};
use std::collections::BTreeMap;

/// One difference, without its place and impact.
pub(crate) fn change_of(change: &Change) -> ChangeView {
    let Change { path, label, op, before, after, impact: _ } = change;
    let op = match op {
        ChangeOp::Add => OpView::Add,
        ChangeOp::Replace => OpView::Replace,
        ChangeOp::Remove => OpView::Remove,
        ChangeOp::Resend => OpView::Resend,
    };
    let changed = match (op, before, after) {
        (OpView::Resend, _, _) => None,
        (_, Some(before), Some(after)) => Some(before != after),
        _ => Some(true),
    };
    let shown = |value: &Option<Value>| value.as_ref().map_or(ValueView::Absent, |v| value_view(v, changed));
    ChangeView {
        path: path.to_string(),
        label: if label.is_empty() { path.dotted() } else { label.clone() },
        op,
        before: if op == OpView::Resend { ValueView::WriteOnly } else { shown(before) },
        after: shown(after),
        forces_replace: false,
        may_replace: false,
        given_by: None,
        source: None,
    }
}

/// The view of a value. `changed` is what a sensitive one says about itself.
pub(crate) fn value_view(value: &Value, changed: Option<bool>) -> ValueView {
    match value {
        Value::Secret(_) => return ValueView::Sensitive { changed },
        Value::Unknown(unknown) => return unknown_view(unknown),
        _ => {}
    }
    let mut parts = BTreeMap::new();
    let value = partial(value, &Pointer::root(), changed, &mut parts);
    if parts.is_empty() { ValueView::Known { value } } else { ValueView::Partial { value, parts } }
}

fn unknown_view(unknown: &Unknown) -> ValueView {
    ValueView::KnownAfterApply {
        from: unknown.from.iter().map(ToString::to_string).collect(),
        sensitive: unknown.sensitive,
    }
}

fn partial(
    value: &Value,
    at: &Pointer,
    changed: Option<bool>,
    parts: &mut BTreeMap<String, ValueView>,
) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(n) => Json::Number(n.clone()),
        Value::String(s) => Json::String(s.clone()),
        Value::Array(items) => Json::Array(
            items
                .iter()
                .enumerate()
                .map(|(i, v)| partial(v, &at.child(i.to_string()), changed, parts))
                .collect(),
        ),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            Json::Object(
                keys.into_iter()
                    .map(|key| (key.clone(), partial(&map[key], &at.child(key), changed, parts)))
                    .collect(),
            )
        }
        Value::Secret(_) => {
            parts.insert(at.to_string(), ValueView::Sensitive { changed });
            Json::Null
        }
        Value::Unknown(unknown) => {
            parts.insert(at.to_string(), unknown_view(unknown));
            Json::Null
        }
    }
}

/// A value inside a patch: what cannot be shown says why, in place (plan-ux 4).
pub(crate) fn shown_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(n) => Json::Number(n.clone()),
        Value::String(s) => Json::String(s.clone()),
        Value::Array(items) => Json::Array(items.iter().map(shown_json).collect()),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            Json::Object(keys.into_iter().map(|key| (key.clone(), shown_json(&map[key]))).collect())
        }
        Value::Secret(_) => json!({ "sensitive": true }),
        Value::Unknown(unknown) => {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            if unknown.sensitive {
                json!({ "known_after_apply": from, "sensitive": true })
            } else {
                json!({ "known_after_apply": from })
            }
        }
    }
}

/// One row for every value that a create sends; tag-like list elements by their key.
pub(crate) fn rows_of_create(desired: &Value) -> Vec<ChangeView> {
    let mut rows = Vec::new();
    expand(desired, &Pointer::root(), "", &mut rows);
    rows
}

fn expand(value: &Value, at: &Pointer, label: &str, rows: &mut Vec<ChangeView>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, member) in map {
                let label = if label.is_empty() { key.clone() } else { format!("{label}.{key}") };
                expand(member, &at.child(key), &label, rows);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
            for (i, item) in items.iter().enumerate() {
                let at = at.child(i.to_string());
                match tag_of(item) {
                    Some((key, member)) => {
                        rows.push(row(member, &at.child("Value"), format!("{label}[{key}]")));
                    }
                    None => expand(item, &at, &format!("{label}[{i}]"), rows),
                }
            }
        }
        _ => rows.push(row(value, at, label.to_owned())),
    }
}

/// Key and value of an element that is exactly `{Key, Value}`.
fn tag_of(item: &Value) -> Option<(String, &Value)> {
    let map = item.as_object().filter(|map| map.len() == 2)?;
    match (map.get("Key")?, map.get("Value")?) {
        (Value::String(key), value) => Some((key.clone(), value)),
        _ => None,
    }
}

fn row(value: &Value, at: &Pointer, label: String) -> ChangeView {
    ChangeView {
        path: at.to_string(),
        label,
        op: OpView::Add,
        before: ValueView::Absent,
        after: value_view(value, Some(true)),
        forces_replace: false,
        may_replace: false,
        given_by: None,
        source: None,
    }
}

/// The same document with every object's keys sorted.
pub(crate) fn sorted(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<(String, Json)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::plan::Impact;
    use stack_core::value::Secret;

    fn secret(text: &str) -> Value {
        Value::Secret(Secret::new(Value::text(text)))
    }

    fn change(op: ChangeOp, before: Option<Value>, after: Option<Value>) -> ChangeView {
        change_of(&Change {
            path: Pointer::of(["P"]),
            label: String::new(),
            op,
            before,
            after,
            impact: Impact::Update,
        })
    }

    #[test]
    fn a_sensitive_change_says_whether_it_changes_and_nothing_else() {
        let same = change(ChangeOp::Replace, Some(secret("a")), Some(secret("a")));
        assert_eq!(same.after, ValueView::Sensitive { changed: Some(false) });
        let other = change(ChangeOp::Replace, Some(secret("a")), Some(secret("b")));
        assert_eq!(other.after, ValueView::Sensitive { changed: Some(true) });
        let resent = change(ChangeOp::Resend, None, Some(secret("b")));
        assert_eq!(resent.after, ValueView::Sensitive { changed: None });
    }

    #[test]
    fn a_list_with_one_secret_shows_the_rest() {
        let mut tag = indexmap::IndexMap::new();
        tag.insert("Value".to_owned(), secret("hunter2"));
        tag.insert("Key".to_owned(), Value::text("k"));
        let view = value_view(&Value::Object(tag), Some(true));
        let shown = serde_json::to_string(&view).unwrap();
        assert_eq!(
            shown,
            r#"{"state":"partial","value":{"Key":"k","Value":null},"parts":{"/Value":{"state":"sensitive","changed":true}}}"#
        );
    }

    #[test]
    fn a_create_is_expanded_to_leaves_and_tags_go_by_key() {
        let desired = Value::from(json!({
            "Name": "a", "Rules": [{"Id": 1}, {"Id": 2}], "Zones": ["x", "y"], "Empty": {},
            "Tags": [{"Key": "owner", "Value": "data"}]
        }));
        let rows: Vec<(String, String)> =
            rows_of_create(&desired).into_iter().map(|r| (r.label, r.path)).collect();
        let expected = [
            ("Name", "/Name"),
            ("Rules[0].Id", "/Rules/0/Id"),
            ("Rules[1].Id", "/Rules/1/Id"),
            ("Zones", "/Zones"),
            ("Empty", "/Empty"),
            ("Tags[owner]", "/Tags/0/Value"),
        ];
        assert_eq!(rows, expected.map(|(l, p)| (l.to_owned(), p.to_owned())));
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let json = sorted(json!({"b": [{"z": 1, "a": 2}], "a": 0}));
        assert_eq!(json.to_string(), r#"{"a":0,"b":[{"a":2,"z":1}]}"#);
    }
}
