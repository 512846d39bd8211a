//! Tags: whose they are, how they compare, how they are composed (DESIGN section 5, cloud-control 3.6).

use crate::ids::StackId;
use crate::plan::{ChangeOp, Ownership};
use crate::pointer::Pointer;
use crate::schema::{ResourceSchema, TagForm};
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// The stack's name.
pub const STACK_NAME: &str = "stackql:stack-name";
/// The stack's environment.
pub const STACK_ENV: &str = "stackql:stack-env";
/// The resource's address.
pub const RESOURCE_NAME: &str = "stackql:resource-name";
/// `lifecycle.secret_version`.
pub const SECRET_VERSION: &str = "stackql:secret-version";
/// Set by CloudFormation on what a stack of its own holds.
const CLOUDFORMATION_STACK: &str = "aws:cloudformation:stack-name";

/// True for the tags that the service or we own: never shown as drift.
pub fn is_hidden(key: &str) -> bool {
    key.starts_with("aws:") || [STACK_NAME, STACK_ENV, RESOURCE_NAME, SECRET_VERSION].contains(&key)
}

/// The tags of a live model in order: key and value.
pub fn of_model<'m>(schema: &ResourceSchema, model: &'m Json) -> Vec<(&'m str, &'m str)> {
    schema.tag_property().map(|(property, _)| of_property(model.get(property))).unwrap_or_default()
}

/// The tags in the value of a tag property, in either form.
pub fn of_property(value: Option<&Json>) -> Vec<(&str, &str)> {
    match value {
        Some(Json::Array(items)) => items
            .iter()
            .filter_map(|item| {
                Some((item.get("Key")?.as_str()?, item.get("Value").and_then(Json::as_str).unwrap_or("")))
            })
            .collect(),
        Some(Json::Object(map)) => {
            map.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or(""))).collect()
        }
        _ => Vec::new(),
    }
}

/// Whose a live resource is. `marks`: ownership tags are wanted for it (`settings.ownership_tags`).
pub fn ownership(schema: &ResourceSchema, model: &Json, stack: &StackId, marks: bool) -> Ownership {
    let tags = of_model(schema, model);
    let get = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    match (get(STACK_NAME), get(STACK_ENV)) {
        (Some(name), Some(env)) if name == stack.name && env == stack.env => return Ownership::Ours,
        (Some(name), env) => return Ownership::Foreign(format!("stack {name}/{}", env.unwrap_or("?"))),
        _ => {}
    }
    if let Some(name) = get(CLOUDFORMATION_STACK) {
        return Ownership::Foreign(format!("CloudFormation stack {name}"));
    }
    if marks && schema.tags_updatable() && !schema.tags_write_only() {
        Ownership::Free
    } else {
        Ownership::Ours
    }
}

/// The tags that mark a resource as ours.
pub fn marks(stack: &StackId, resource: &str, secret_version: Option<&str>) -> Vec<(String, String)> {
    let mut tags = vec![
        (STACK_NAME.to_owned(), stack.name.clone()),
        (STACK_ENV.to_owned(), stack.env.clone()),
        (RESOURCE_NAME.to_owned(), resource.to_owned()),
    ];
    tags.extend(secret_version.map(|version| (SECRET_VERSION.to_owned(), version.to_owned())));
    tags
}

/// Declared tags with the stack's default tags, the declared ones winning. Where the manifest declares no tags of its
/// own, the live ones stay: they are not ours to remove.
///
/// `None` if there is nothing to declare, or if what is declared is no tag list (then it is an ordinary value).
pub fn declared(
    own: Option<&Value>,
    defaults: &IndexMap<String, Value>,
    live: &[(&str, &str)],
    form: TagForm,
) -> Option<Value> {
    let own_is_tags = match own {
        None => true,
        Some(value) => entries(value, form).is_some(),
    };
    if !own_is_tags || (own.is_none() && defaults.is_empty()) {
        return own.cloned();
    }
    let mut all = own.cloned().unwrap_or_else(|| match form {
        TagForm::KeyValueList => Value::Array(Vec::new()),
        TagForm::Map => Value::object(),
    });
    for (key, value) in defaults {
        add(&mut all, form, key, value.clone());
    }
    if own.is_none() {
        for (key, value) in live.iter().filter(|(key, _)| !is_hidden(key)) {
            add(&mut all, form, key, Value::text(*value));
        }
    }
    Some(all)
}

/// What to send: `declared`, or the live tags where nothing is declared, with the ownership marks. System tags are
/// left out; the service keeps them (trap 34).
pub fn to_send(
    declared: Option<&Value>,
    live: &[(&str, &str)],
    marks: &[(String, String)],
    form: TagForm,
) -> Value {
    let mut all = match declared {
        Some(value) => value.clone(),
        None => {
            let mut kept = match form {
                TagForm::KeyValueList => Value::Array(Vec::new()),
                TagForm::Map => Value::object(),
            };
            for (key, value) in live.iter().filter(|(key, _)| !is_hidden(key)) {
                add(&mut kept, form, key, Value::text(*value));
            }
            kept
        }
    };
    for (key, value) in marks {
        add(&mut all, form, key, Value::text(value.as_str()));
    }
    all
}

/// Adds a tag unless the key is there.
fn add(tags: &mut Value, form: TagForm, key: &str, value: Value) {
    match (tags, form) {
        (Value::Array(items), TagForm::KeyValueList) => {
            let there =
                items.iter().any(|item| matches!(item.get("Key"), Some(Value::String(k)) if k == key));
            if !there {
                items.push(Value::Object(IndexMap::from([
                    ("Key".to_owned(), Value::text(key)),
                    ("Value".to_owned(), value),
                ])));
            }
        }
        (Value::Object(map), TagForm::Map) => {
            map.entry(key.to_owned()).or_insert(value);
        }
        _ => {}
    }
}

/// One difference between declared and live tags.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TagChange {
    pub(crate) key: String,
    pub(crate) at: Pointer,
    pub(crate) op: ChangeOp,
    pub(crate) before: Option<Json>,
    pub(crate) after: Option<Value>,
}

/// All differences, and what was passed over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TagChanges {
    pub(crate) changes: Vec<TagChange>,
    /// System and ownership tags.
    pub(crate) hidden: usize,
    /// The same tags in another order.
    pub(crate) reordered: bool,
}

/// Compares by key (trap 16). `None` if the declared value is no tag list.
///
/// `base` is the place of the tag property.
pub(crate) fn changes(
    declared: &Value,
    live: Option<&Json>,
    form: TagForm,
    base: &Pointer,
) -> Option<TagChanges> {
    let wanted = entries(declared, form)?;
    let mut out = TagChanges::default();
    let live_items: Vec<(usize, String, Json)> = match live {
        Some(Json::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| {
                Some((
                    i,
                    item.get("Key")?.as_str()?.to_owned(),
                    item.get("Value").cloned().unwrap_or_default(),
                ))
            })
            .collect(),
        Some(Json::Object(map)) => {
            map.iter().enumerate().map(|(i, (key, value))| (i, key.clone(), value.clone())).collect()
        }
        _ => Vec::new(),
    };
    let mut last_seen = None;
    for (index, key, value) in &wanted {
        let place = match form {
            TagForm::KeyValueList => index.to_string(),
            TagForm::Map => key.clone(),
        };
        match live_items.iter().find(|(_, k, _)| k == key) {
            None => out.changes.push(TagChange {
                key: key.clone(),
                at: base.child(place),
                op: ChangeOp::Add,
                before: None,
                after: Some((*value).clone()),
            }),
            Some((at, _, live)) => {
                out.reordered |= last_seen.is_some_and(|last| *at < last);
                last_seen = Some(*at);
                if !same_text(value, live) {
                    let at = match form {
                        TagForm::KeyValueList => base.child(place).child("Value"),
                        TagForm::Map => base.child(place),
                    };
                    out.changes.push(TagChange {
                        key: key.clone(),
                        at,
                        op: ChangeOp::Replace,
                        before: Some(live.clone()),
                        after: Some((*value).clone()),
                    });
                }
            }
        }
    }
    for (index, key, value) in live_items {
        if wanted.iter().any(|(_, k, _)| *k == key) {
            continue;
        }
        if is_hidden(&key) {
            out.hidden += 1;
            continue;
        }
        let place = match form {
            TagForm::KeyValueList => index.to_string(),
            TagForm::Map => key.clone(),
        };
        out.changes.push(TagChange {
            at: base.child(place),
            key,
            op: ChangeOp::Remove,
            before: Some(value),
            after: None,
        });
    }
    Some(out)
}

fn same_text(declared: &Value, live: &Json) -> bool {
    match (declared.scalar_text(), live) {
        (Some(want), Json::String(have)) => want == *have,
        (Some(want), Json::Null) => want.is_empty(),
        (Some(want), Json::Number(number)) => number.to_string() == want,
        (Some(_), _) => false,
        (None, _) => false,
    }
}

/// The tags of a declared value: index, key, value. `None` if a key is unknown or the shape is another.
fn entries(declared: &Value, form: TagForm) -> Option<Vec<(usize, String, &Value)>> {
    match (declared, form) {
        (Value::Array(items), TagForm::KeyValueList) => items
            .iter()
            .enumerate()
            .map(|(i, item)| match (item.get("Key")?, item.get("Value")) {
                (Value::String(key), Some(value)) if item.as_object().is_some_and(|o| o.len() == 2) => {
                    Some((i, key.clone(), value))
                }
                _ => None,
            })
            .collect(),
        (Value::Object(map), TagForm::Map) => {
            Some(map.iter().enumerate().map(|(i, (key, value))| (i, key.clone(), value)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::schema;
    use serde_json::json;

    fn stack() -> StackId {
        StackId { name: "shop".into(), env: "prod".into() }
    }

    fn list(tags: &[(&str, &str)]) -> Json {
        tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect()
    }

    #[test]
    fn tags_compare_by_key_not_by_position() {
        let declared = Value::from(list(&[("a", "1"), ("b", "2")]));
        let live = list(&[("b", "2"), ("aws:x", "sys"), ("a", "1")]);
        let found = changes(&declared, Some(&live), TagForm::KeyValueList, &Pointer::root()).unwrap();
        assert_eq!(found, TagChanges { changes: vec![], hidden: 1, reordered: true });
    }

    #[test]
    fn a_changed_an_added_and_a_removed_tag_are_three_changes() {
        let declared = Value::from(list(&[("a", "1"), ("b", "2")]));
        let live = list(&[("c", "3"), ("a", "9")]);
        let found = changes(&declared, Some(&live), TagForm::KeyValueList, &Pointer::root()).unwrap();
        let seen: Vec<_> = found.changes.iter().map(|c| (c.key.as_str(), c.op, c.at.to_string())).collect();
        assert_eq!(
            seen,
            [
                ("a", ChangeOp::Replace, "/0/Value".to_owned()),
                ("b", ChangeOp::Add, "/1".to_owned()),
                ("c", ChangeOp::Remove, "/0".to_owned()),
            ]
        );
    }

    #[test]
    fn ownership_is_read_from_the_tags() {
        let schema = schema("AWS::CustomerProfiles::Domain");
        let with = |tags: &[(&str, &str)]| ownership(&schema, &json!({ "Tags": list(tags) }), &stack(), true);
        assert_eq!(with(&[]), Ownership::Free);
        assert_eq!(with(&[(STACK_NAME, "shop"), (STACK_ENV, "prod")]), Ownership::Ours);
        assert_eq!(
            with(&[(STACK_NAME, "shop"), (STACK_ENV, "dev")]),
            Ownership::Foreign("stack shop/dev".into())
        );
        assert_eq!(
            with(&[("aws:cloudformation:stack-name", "x")]),
            Ownership::Foreign("CloudFormation stack x".into())
        );
    }

    #[test]
    fn without_marks_what_identity_proves_is_ours() {
        let schema = schema("AWS::CustomerProfiles::Domain");
        assert_eq!(ownership(&schema, &json!({}), &stack(), false), Ownership::Ours);
    }

    #[test]
    fn undeclared_live_tags_are_sent_back_but_system_tags_are_not() {
        let sent = to_send(None, &[("team", "x"), ("aws:y", "z")], &marks(&stack(), "r", None), TagForm::Map);
        assert_eq!(
            sent.known().unwrap(),
            json!({"team": "x", STACK_NAME: "shop", STACK_ENV: "prod", RESOURCE_NAME: "r"})
        );
    }
}
