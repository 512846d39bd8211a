//! Patch documents that are written out: JSON Patch (RFC 6902) as properties.

use crate::codes;
use crate::understand::Reading;
use serde_json::Value as Json;
use stack_core::desired::GivenBy;
use stack_core::diagnostic::Severity;
use stack_core::pointer::Pointer;
use stack_core::schema::JsonType;
use stack_core::statement::{Hole, Origin};
use stack_core::value::{Secret, Value};
use stack_sql::dml::Pair;
use stack_sql::holes::value;

/// Steps of a path. No schema is deeper, and what walks a path calls itself.
const MAX_STEPS: usize = 100;

/// What an operation does at its path.
enum Change {
    Add(Value),
    Replace(Value),
    Remove,
}

impl Reading<'_> {
    /// Reads the list of operations. Values that stand inside its texts stay values; around them it must be known.
    pub(crate) fn operations(&mut self, which: usize, pair: &Pair, text: &str, holes: &[Hole]) {
        let mut is_secret = false;
        let list = match serde_json::from_str(text) {
            Ok(Json::Array(list)) => Some(list),
            _ => {
                let whole = value(text, holes);
                if whole.unknown().is_some() {
                    let message = "what the UPDATE sets is not known yet".to_owned();
                    let at = Some((which, pair.at.clone()));
                    let said = self.say(codes::BAD_DOCUMENT, Severity::Error, message, at);
                    "make the document with `generate_patch_document`, or put the values into quotes"
                        .clone_into(&mut said.next);
                    return;
                }
                is_secret = whole.has_secret();
                match whole.exposed() {
                    Some(Json::String(text)) => serde_json::from_str(&text).ok(),
                    Some(Json::Array(list)) => Some(list),
                    _ => None,
                }
            }
        };
        let Some(list) = list else {
            self.bad_document(which, pair, "it is no list of operations");
            return;
        };
        for operation in &list {
            let Some((path, change)) = read(operation, holes, is_secret) else {
                let why = "it has an operation that is no `add`, `replace` or `remove` with a path";
                self.bad_document(which, pair, why);
                return;
            };
            if path.segments().len() > MAX_STEPS {
                self.bad_document(which, pair, "a path is too long");
                return;
            }
            match (path.segments(), change) {
                ([name], Change::Add(value) | Change::Replace(value)) => {
                    self.set(which, pair, name, value, is_secret);
                }
                ([name], Change::Remove) => self.set(which, pair, name, Value::Null, false),
                ([name, rest @ ..], change) => self.change(which, pair, name, rest, change),
                ([], _) => {}
            }
        }
    }

    /// Changes a part of a property.
    fn change(&mut self, which: usize, pair: &Pair, written: &str, rest: &[String], change: Change) {
        let place = (which, pair.at.clone());
        let Some(name) = self.known_property(which, pair, written) else { return };
        if let Change::Add(value) | Change::Replace(value) = &change {
            self.must_be_knowable(value, &place);
        }
        let node = self.schema().root.properties.get(&name);
        let is_list = node.is_some_and(|node| self.schema().follow(node).types.names(JsonType::Array));
        let origin = Origin::Statement { name: place.clone(), value: place };
        let base = self.declared.entry(name).or_insert_with(|| {
            let nothing = if is_list { Value::Array(Vec::new()) } else { Value::object() };
            (nothing, origin, Some(GivenBy::Update))
        });
        if let Err(why) = put(&mut base.0, rest, change) {
            self.bad_document(which, pair, why);
        }
    }
}

fn read(operation: &Json, holes: &[Hole], is_secret: bool) -> Option<(Pointer, Change)> {
    let path = operation.get("path")?.as_str()?;
    let path = value(path, holes).known()?;
    let path = Pointer::parse(path.as_str()?).ok().filter(|path| !path.is_root())?;
    let given = || {
        let value = filled(operation.get("value")?, holes);
        Some(if is_secret && value != Value::Null { value.hidden() } else { value })
    };
    let change = match operation.get("op")?.as_str()? {
        "add" => Change::Add(given()?),
        "replace" => Change::Replace(given()?),
        "remove" => Change::Remove,
        _ => return None,
    };
    Some((path, change))
}

/// JSON with values in the places of their characters.
fn filled(json: &Json, holes: &[Hole]) -> Value {
    match json {
        Json::String(text) => value(text, holes),
        Json::Array(items) => Value::Array(items.iter().map(|item| filled(item, holes)).collect()),
        Json::Object(members) => {
            Value::Object(members.iter().map(|(key, item)| (key.clone(), filled(item, holes))).collect())
        }
        plain => Value::from(plain),
    }
}

/// Changes a value below another one (RFC 6902 sections 4.1 to 4.3). What is not known yet stays so.
fn put(base: &mut Value, path: &[String], change: Change) -> Result<(), &'static str> {
    let Some((first, rest)) = path.split_first() else {
        *base = match change {
            Change::Add(value) | Change::Replace(value) => value,
            Change::Remove => Value::Null,
        };
        return Ok(());
    };
    match base {
        Value::Unknown(_) => Ok(()),
        Value::Secret(secret) => {
            let mut inner = opened(secret.expose().clone());
            put(&mut inner, path, change)?;
            *base = Value::Secret(Secret::new(inner));
            Ok(())
        }
        Value::Object(members) => match (rest.is_empty(), members.get_mut(first)) {
            (true, _) | (false, Some(_)) => {
                put(members.entry(first.clone()).or_insert_with(Value::object), rest, change)
            }
            (false, None) => {
                let mut below = Value::object();
                put(&mut below, rest, change)?;
                members.insert(first.clone(), below);
                Ok(())
            }
        },
        Value::Array(items) => element(items, first, rest, change),
        _ => Err("a path goes below a plain value"),
    }
}

fn element(items: &mut Vec<Value>, first: &str, rest: &[String], change: Change) -> Result<(), &'static str> {
    let missing = "a path names an element that is not there";
    if first == "-" && rest.is_empty() {
        let Change::Add(value) = change else { return Err(missing) };
        items.push(value);
        return Ok(());
    }
    let at: usize = first.parse().map_err(|_| missing)?;
    match (rest.is_empty(), change) {
        (true, Change::Add(value)) if at <= items.len() => items.insert(at, value),
        (true, Change::Replace(value)) if at < items.len() => items[at] = value,
        (true, Change::Remove) if at < items.len() => {
            items.remove(at);
        }
        (false, change) if at < items.len() => return put(&mut items[at], rest, change),
        _ => return Err(missing),
    }
    Ok(())
}

/// JSON text as what it holds.
fn opened(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str::<Json>(text)
            .ok()
            .filter(|json| json.is_object() || json.is_array())
            .map_or(value, Value::from),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(base: Json, path: &str, change: Change) -> Result<Json, &'static str> {
        let mut value = Value::from(base);
        let path = Pointer::parse(path).unwrap();
        put(&mut value, path.segments(), change).map(|()| value.exposed().unwrap())
    }

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn lists_are_changed_as_the_standard_says() {
        let list = || json!({"T": ["a", "b"]});
        let missing = Err("a path names an element that is not there");
        assert_eq!(after(list(), "/T/0", Change::Add(text("x"))), Ok(json!({"T": ["x", "a", "b"]})));
        assert_eq!(after(list(), "/T/-", Change::Add(text("x"))), Ok(json!({"T": ["a", "b", "x"]})));
        assert_eq!(after(list(), "/T/1", Change::Replace(text("x"))), Ok(json!({"T": ["a", "x"]})));
        assert_eq!(after(list(), "/T/0", Change::Remove), Ok(json!({"T": ["b"]})));
        assert_eq!(after(list(), "/T/2", Change::Replace(text("x"))), missing);
        assert_eq!(after(list(), "/T/x", Change::Remove), missing);
        assert_eq!(after(json!({"T": 1}), "/T/x", Change::Remove), Err("a path goes below a plain value"));
    }

    #[test]
    fn what_is_hidden_or_not_known_keeps_what_it_has() {
        let mut secret = Value::Secret(Secret::new(text("{\"a\": 1}")));
        put(&mut secret, &["b".to_owned()], Change::Add(text("x"))).unwrap();
        let Value::Secret(inside) = &secret else { panic!("it was a secret") };
        assert_eq!(inside.expose().exposed(), Some(json!({"a": 1, "b": "x"})));
        let mut unknown = Value::Unknown(stack_core::value::Unknown::default());
        let before = unknown.clone();
        put(&mut unknown, &["b".to_owned()], Change::Add(text("x"))).unwrap();
        assert_eq!(unknown, before);
    }
}
