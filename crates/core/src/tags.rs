//! Tags: whose they are, how they compare, how they are composed (DESIGN section 5, cloud-control 3.6).

use crate::ids::StackId;
use crate::plan::{ChangeOp, Ownership};
use crate::pointer::Pointer;
use crate::schema::{ResourceSchema, TagForm};
use crate::value::{Secret, Value};
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
pub(crate) const CLOUDFORMATION_STACK: &str = "aws:cloudformation:stack-name";

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
    match owner_of(&tags) {
        Some((name, env)) if name == stack.name && env == stack.env => return Ownership::Ours,
        Some((name, env)) => return Ownership::Foreign(format!("stack {name}/{env}")),
        None => {}
    }
    if let Some(name) = get(CLOUDFORMATION_STACK) {
        return Ownership::Foreign(format!("CloudFormation stack {name}"));
    }
    if marks && schema.tags_updatable() && schema.tags_readable() { Ownership::Free } else { Ownership::Ours }
}

/// The stack and the environment that tags name; `?` where the environment is missing.
pub fn owner_of<'t>(tags: &[(&'t str, &'t str)]) -> Option<(&'t str, &'t str)> {
    let get = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    get(STACK_NAME).map(|name| (name, get(STACK_ENV).unwrap_or("?")))
}

/// An address as the value of a tag. Most services take only letters, digits, spaces and `_ . : / = + - @` there (Tagging
/// Best Practices, "Tag naming limits"), so that `flow["a"]` becomes `flow:=a`, and other characters `=` and their bytes
/// in hexadecimal. Two addresses never give the same text.
pub fn mark_of(address: &str) -> String {
    let (name, key) = match address.strip_suffix("\"]").and_then(|rest| rest.split_once("[\"")) {
        Some((name, key)) => (name, Some(key)),
        None => (address, None),
    };
    let mut mark = plain(name);
    if let Some(key) = key {
        mark.push_str(":=");
        mark.push_str(&plain(key));
    }
    mark
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '/' | '+' | '-' | '@') {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("={byte:02X}")));
        }
    }
    out
}

/// The tags that mark a resource as ours. `resource`: its address.
pub fn marks(stack: &StackId, resource: &str, secret_version: Option<&str>) -> Vec<(String, String)> {
    let mut tags = vec![
        (STACK_NAME.to_owned(), stack.name.clone()),
        (STACK_ENV.to_owned(), stack.env.clone()),
        (RESOURCE_NAME.to_owned(), mark_of(resource)),
    ];
    tags.extend(secret_version.map(|version| (SECRET_VERSION.to_owned(), version.to_owned())));
    tags
}

/// The tags of one type: their property and form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tagged<'s> {
    schema: &'s ResourceSchema,
    pub(crate) property: &'s str,
    form: TagForm,
}

impl<'s> Tagged<'s> {
    /// `None` if the type cannot be tagged by us.
    pub(crate) fn of(schema: &'s ResourceSchema) -> Option<Self> {
        let (property, form) = schema.tag_property()?;
        Some(Self { schema, property, form })
    }

    /// Declared tags with the stack's default tags, the declared ones winning. Where the manifest declares no tags of
    /// its own, the live ones stay: they are not ours to remove. A declared null means: no tags.
    ///
    /// `live` is the live value of the tag property; `None` is a create. `None` if there is nothing to declare, or if
    /// what is declared is no tag list (then it is an ordinary value).
    pub(crate) fn declared(
        &self,
        own: Option<&Value>,
        defaults: &IndexMap<String, Value>,
        live: Option<Option<&Json>>,
    ) -> Option<Value> {
        let nothing = matches!(own, Some(Value::Null));
        if own.is_some_and(|own| !matches!(own, Value::Null) && entries(own, self.form).is_none()) {
            return own.cloned();
        }
        if defaults.is_empty() && (own.is_none() || (nothing && live.is_none())) {
            return own.cloned();
        }
        let mut all = match own {
            Some(own) if !nothing => own.clone(),
            _ => self.none(),
        };
        for (key, value) in defaults {
            match live {
                // Default tags alone never make a resource be replaced (trap 42).
                Some(live) if !self.schema.tags_updatable() => {
                    if let Some((_, value)) = of_property(live).into_iter().find(|(k, _)| k == key) {
                        self.add(&mut all, key, Value::text(value));
                    }
                }
                _ => self.add(&mut all, key, value.clone()),
            }
        }
        if own.is_none() {
            self.add_live(&mut all, live.flatten());
        }
        Some(all)
    }

    /// What to send: `declared`, or the live tags where nothing is declared, with the ownership marks. System tags
    /// are left out; the service keeps them (trap 34).
    pub(crate) fn to_send(
        self,
        declared: Option<&Value>,
        live: Option<&Json>,
        marks: &[(String, String)],
    ) -> Value {
        let mut all = match declared {
            Some(value) => value.clone(),
            None => {
                let mut kept = self.none();
                self.add_live(&mut kept, live);
                kept
            }
        };
        for (key, value) in marks {
            self.add(&mut all, key, Value::text(value.as_str()));
        }
        all
    }

    fn none(&self) -> Value {
        match self.form {
            TagForm::KeyValueList => Value::Array(Vec::new()),
            TagForm::Map => Value::object(),
        }
    }

    /// Adds the live tags whole, system tags and marks aside.
    fn add_live(&self, tags: &mut Value, live: Option<&Json>) {
        match (tags, live) {
            (Value::Array(items), Some(Json::Array(live))) => {
                let kept: Vec<Value> = live
                    .iter()
                    .filter(|item| key_of(item).is_some_and(|key| !is_hidden(key)))
                    .filter(|item| !items.iter().any(|own| own_key(own) == key_of(item)))
                    .map(Value::from)
                    .collect();
                items.extend(kept);
            }
            (tags, live) => {
                for (key, value) in of_property(live).into_iter().filter(|(key, _)| !is_hidden(key)) {
                    self.add(tags, key, Value::text(value));
                }
            }
        }
    }

    /// Adds a tag unless the key is there.
    fn add(&self, tags: &mut Value, key: &str, value: Value) {
        match (tags, self.form) {
            (Value::Array(items), TagForm::KeyValueList)
                if !items.iter().any(|item| own_key(item) == Some(key)) =>
            {
                let mut tag =
                    IndexMap::from([("Key".to_owned(), Value::text(key)), ("Value".to_owned(), value)]);
                tag.extend(self.schema.tag_extras().iter().map(|(name, v)| (name.clone(), Value::from(v))));
                items.push(Value::Object(tag));
            }
            (Value::Object(map), TagForm::Map) => {
                map.entry(key.to_owned()).or_insert(value);
            }
            (tags @ Value::Secret(_), _) => {
                let mut inner = match tags {
                    Value::Secret(secret) => secret.expose().clone(),
                    _ => return,
                };
                self.add(&mut inner, key, value);
                *tags = Value::Secret(Secret::new(inner));
            }
            _ => {}
        }
    }

    /// Compares by key (trap 16). `None` if the declared value is no tag list.
    ///
    /// `base` is the place of the tag property.
    pub(crate) fn changes(
        &self,
        declared: &Value,
        live: Option<&Json>,
        base: &Pointer,
    ) -> Option<TagChanges> {
        let wanted = entries(declared, self.form)?;
        let live_items = live_entries(live);
        let mut out = TagChanges::default();
        let mut last_seen = None;
        for (index, key, members) in &wanted {
            let place = base.child(self.segment(*index, key));
            let Some((at, _, live)) = live_items.iter().find(|(_, k, _)| k == key) else {
                let after = match self.form {
                    TagForm::KeyValueList => declared.at(&Pointer::of([index.to_string()])).cloned(),
                    TagForm::Map => members.first().map(|(_, value)| (*value).clone()),
                };
                out.push(key, place, ChangeOp::Add, None, after);
                continue;
            };
            out.reordered |= last_seen.is_some_and(|last| *at < last);
            last_seen = Some(*at);
            for (name, value) in members {
                let live = live.iter().find(|(n, _)| n == name).map(|(_, live)| *live);
                if !same_text(value, live) {
                    let place = match self.form {
                        TagForm::KeyValueList => place.child(*name),
                        TagForm::Map => place.clone(),
                    };
                    out.push(key, place, ChangeOp::Replace, live.cloned(), Some((*value).clone()));
                }
            }
        }
        for (index, key, members) in live_items {
            if wanted.iter().any(|(_, k, _)| *k == key) {
                continue;
            }
            if is_hidden(key) {
                out.hidden += 1;
                continue;
            }
            let value = members.iter().find(|(name, _)| *name == "Value").map(|(_, value)| (*value).clone());
            out.push(key, base.child(self.segment(index, key)), ChangeOp::Remove, value, None);
        }
        Some(out)
    }

    fn segment(&self, index: usize, key: &str) -> String {
        match self.form {
            TagForm::KeyValueList => index.to_string(),
            TagForm::Map => key.to_owned(),
        }
    }
}

/// A live tag value without the tags that the service or we own.
pub(crate) fn without_hidden(live: &Json) -> Json {
    match live {
        Json::Array(items) => {
            Json::Array(items.iter().filter(|item| !key_of(item).is_some_and(is_hidden)).cloned().collect())
        }
        Json::Object(map) => Json::Object(
            map.iter().filter(|(key, _)| !is_hidden(key)).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ),
        other => other.clone(),
    }
}

fn key_of(item: &Json) -> Option<&str> {
    item.get("Key")?.as_str()
}

fn own_key(item: &Value) -> Option<&str> {
    match item.get("Key") {
        Some(Value::String(key)) => Some(key),
        _ => None,
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

impl TagChanges {
    fn push(&mut self, key: &str, at: Pointer, op: ChangeOp, before: Option<Json>, after: Option<Value>) {
        self.changes.push(TagChange { key: key.to_owned(), at, op, before, after });
    }
}

/// The value of a tag that says none.
static NO_VALUE: Json = Json::Null;

/// One live tag: index, key, and its other members.
type LiveEntry<'v> = (usize, &'v str, Vec<(&'v str, &'v Json)>);

/// Index, key, and the other members of each live tag; a map's value stands under `Value`.
fn live_entries(live: Option<&Json>) -> Vec<LiveEntry<'_>> {
    match live {
        Some(Json::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| {
                let members = item.as_object()?;
                let rest = members.iter().filter(|(name, _)| *name != "Key").map(|(n, v)| (n.as_str(), v));
                Some((i, key_of(item)?, rest.collect()))
            })
            .collect(),
        Some(Json::Object(map)) => map
            .iter()
            .enumerate()
            .map(|(i, (key, value))| (i, key.as_str(), vec![("Value", value)]))
            .collect(),
        _ => Vec::new(),
    }
}

fn same_text(declared: &Value, live: Option<&Json>) -> bool {
    let Some(want) = declared.scalar_text() else {
        return matches!(declared, Value::Null) && live.is_none_or(Json::is_null);
    };
    match live.unwrap_or(&NO_VALUE) {
        Json::String(have) => want == *have,
        Json::Null => want.is_empty(),
        other @ (Json::Number(_) | Json::Bool(_)) => want == other.to_string().as_str(),
        Json::Array(_) | Json::Object(_) => false,
    }
}

/// One declared tag: index, key, and its other members.
type Entry<'v> = (usize, &'v str, Vec<(&'v str, &'v Value)>);

/// The tags of a declared value. `None` if a key is unknown or the shape is another.
fn entries(declared: &Value, form: TagForm) -> Option<Vec<Entry<'_>>> {
    match (declared, form) {
        (Value::Array(items), TagForm::KeyValueList) => items
            .iter()
            .enumerate()
            .filter(|(_, item)| !matches!(item, Value::Null))
            .map(|(i, item)| {
                let rest = item.as_object()?.iter().filter(|(name, _)| *name != "Key");
                Some((i, own_key(item)?, rest.map(|(n, v)| (n.as_str(), v)).collect()))
            })
            .collect(),
        (Value::Object(map), TagForm::Map) => Some(
            map.iter()
                .filter(|(_, value)| !matches!(value, Value::Null))
                .enumerate()
                .map(|(i, (key, value))| (i, key.as_str(), vec![("Value", value)]))
                .collect(),
        ),
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

    /// A type with tags as a list, and one with tags as a map.
    fn listed() -> ResourceSchema {
        schema("AWS::CustomerProfiles::Domain")
    }

    fn list(tags: &[(&str, &str)]) -> Json {
        tags.iter().map(|(k, v)| json!({"Key": k, "Value": v})).collect()
    }

    #[test]
    fn tags_compare_by_key_not_by_position() {
        let declared = Value::from(list(&[("a", "1"), ("b", "2")]));
        let live = list(&[("b", "2"), ("aws:x", "sys"), ("a", "1")]);
        let found = Tagged::of(&listed()).unwrap().changes(&declared, Some(&live), &Pointer::root()).unwrap();
        assert_eq!(found, TagChanges { changes: vec![], hidden: 1, reordered: true });
    }

    #[test]
    fn a_changed_an_added_and_a_removed_tag_are_three_changes() {
        let declared = Value::from(list(&[("a", "1"), ("b", "2")]));
        let live = list(&[("c", "3"), ("a", "9")]);
        let found = Tagged::of(&listed()).unwrap().changes(&declared, Some(&live), &Pointer::root()).unwrap();
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
    fn an_address_becomes_a_tag_value_that_every_service_takes() {
        assert_eq!(mark_of("web_events"), "web_events");
        assert_eq!(mark_of("databricks_account/credentials"), "databricks_account/credentials");
        assert_eq!(mark_of("flow[\"a b\"]"), "flow:=a b");
        assert_eq!(mark_of("flow[\"x=\"]"), "flow:=x=3D");
        assert_eq!(mark_of("flow:=a"), "flow:=3Da");
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
        let schema = schema("AWS::SSM::Parameter");
        let live = json!({"team": "x", "aws:y": "z"});
        let sent = Tagged::of(&schema).unwrap().to_send(None, Some(&live), &marks(&stack(), "r", None));
        assert_eq!(
            sent.known().unwrap(),
            json!({"team": "x", STACK_NAME: "shop", STACK_ENV: "prod", RESOURCE_NAME: "r"})
        );
    }
}
