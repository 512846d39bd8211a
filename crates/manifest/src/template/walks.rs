//! What templates walk into: `tags` and `tags.a` want different things of a variable that holds JSON as a text.

use crate::template::objects::{Known, to_engine};
use crate::template::occurrences::occurrences;
use crate::template::session::Session;
use crate::template::{Use, methods};
use minijinja::Value as Mj;
use stack_core::value::{Secret, Value};
use std::sync::Arc;

/// Names with the ways that a template goes below them.
pub(super) type Walks = Arc<Vec<(String, Vec<Vec<String>>)>>;

/// Among the walks this says that `uuid` is called, which the text of an identifier cannot be.
pub(super) const CALLED_UUID: &str = "uuid()";

pub(super) fn walks(source: &str, is_bare: bool, uses: &[Use]) -> Walks {
    let mut out: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for used in uses {
        if out.iter().any(|(name, _)| *name == used.head) {
            continue;
        }
        let all = occurrences(source, is_bare, &used.head);
        if used.head == "uuid" && all.iter().any(|o| source[o.range.end..].trim_start().starts_with('(')) {
            out.push((CALLED_UUID.to_owned(), Vec::new()));
        }
        let ways = all.into_iter().filter_map(|occurrence| {
            let key = occurrence.key?;
            // `a.split(',')` wants the text.
            let of_text = occurrence.called && occurrence.member.is_none() && methods::is_of_text(&key);
            (!of_text).then(|| std::iter::once(key).chain(occurrence.member).collect())
        });
        let ways: Vec<Vec<String>> = ways.collect();
        if !ways.is_empty() {
            out.push((used.head.clone(), ways));
        }
    }
    Arc::new(out)
}

/// The value with texts that hold JSON opened where the template walks into them (stackql-compat 4.3): variables of the
/// command line and most exports can only be texts.
pub(super) fn opened(value: Mj, ways: &[Vec<String>], session: &Session) -> Mj {
    if let Some(text) = value.as_str() {
        return match structure(text) {
            Some(json) => to_engine(&open_below(json, ways), session, None),
            None => value,
        };
    }
    match value.downcast_object_ref::<Known>() {
        Some(known) if known.is_plain() && ways.iter().any(|way| way.len() > 1) => {
            to_engine(&open_below(known.value.clone(), ways), session, None)
        }
        _ => value,
    }
}

fn open_below(value: Value, ways: &[Vec<String>]) -> Value {
    let Value::Object(mut map) = value else { return value };
    for way in ways {
        let [key, _, ..] = way.as_slice() else { continue };
        let Some(slot) = map.get_mut(key) else { continue };
        let json = match &*slot {
            Value::String(text) => structure(text),
            Value::Secret(secret) => match secret.expose() {
                Value::String(text) => structure(text).map(|json| Value::Secret(Secret::new(json))),
                _ => None,
            },
            _ => None,
        };
        if let Some(json) = json {
            *slot = json;
        }
    }
    Value::Object(map)
}

fn structure(text: &str) -> Option<Value> {
    let holds = text.trim_start().starts_with(['{', '[']);
    holds.then(|| serde_json::from_str::<serde_json::Value>(text).ok()).flatten().map(Value::from)
}
