//! The filters and functions of stackql-deploy projects (stackql-compat 4.1, the variants marked "Ours").

use crate::template::engine::fail;
use crate::template::marked::Sink;
use crate::template::objects::{from_engine, text_of, to_engine};
use crate::template::session::Session;
use crate::template::{SCOPE_KEY, ScopeHandle, size};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, State, Value as Mj};
use serde_json::{Map, Value as Json, json};
use stack_core::value::Value;

/// Leaves a value as it is. Nothing is ever escaped, so `safe` and `escape` have nothing to do.
pub(crate) fn identity(value: Mj) -> Mj {
    value
}

/// `text | from_json`
pub(crate) fn from_json(value: &Mj) -> Result<Mj, Error> {
    let text =
        value.as_str().ok_or_else(|| fail(format!("from_json takes a text, got a {}", value.kind())))?;
    let json: Json =
        serde_json::from_str(text).map_err(|e| fail(format!("from_json: not valid JSON: {e}")))?;
    Ok(engine(&json))
}

/// `text | base64_encode`: standard alphabet, padded, one line (RFC 4648 section 4).
pub(crate) fn base64_encode(value: &Mj) -> Result<String, Error> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text =
        value.as_str().ok_or_else(|| fail(format!("base64_encode takes a text, got a {}", value.kind())))?;
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) as usize & 63;
            out.push(if place <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    Ok(out)
}

/// `a | merge_lists(b)`: both lists, without doubles, in order.
pub(crate) fn merge_lists(left: &Mj, right: &Mj) -> Result<Mj, Error> {
    let list = |side: &str, value: &Mj| match json_or_text(value)? {
        Json::Array(items) => Ok(items),
        _ => Err(fail(format!("merge_lists: the {side} side is no list"))),
    };
    let mut seen: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for item in list("left", left)?.into_iter().chain(list("right", right)?) {
        let text = item.to_string();
        if !seen.contains(&text) {
            seen.push(text);
            out.push(item);
        }
    }
    Ok(engine(&Json::Array(out)))
}

/// `a | merge_objects(b)`: shallow, the right side wins.
pub(crate) fn merge_objects(left: &Mj, right: &Mj) -> Result<Mj, Error> {
    let object = |side: &str, value: &Mj| match json_or_text(value)? {
        Json::Object(map) => Ok(map),
        _ => Err(fail(format!("merge_objects: the {side} side is no object"))),
    };
    let mut out = object("left", left)?;
    for (key, value) in object("right", right)? {
        out.insert(key, value);
    }
    Ok(engine(&Json::Object(out)))
}

/// `object | generate_patch_document`: JSON text with one `add` per top-level key. Texts that hold JSON are parsed.
/// In a statement a variable that nothing defines is no member: the predecessor would set an empty text (stackql-compat 4.4).
pub(crate) fn generate_patch_document(state: &State<'_, '_>, value: &Mj) -> Result<String, Error> {
    let Some(map) = members(value, Sink::of(state).is_some())? else {
        return Err(fail(format!("generate_patch_document takes an object, got a {}", value.kind())));
    };
    let operations: Vec<Json> = map
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                Json::String(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
                other => other,
            };
            let mut operation = Map::new();
            operation.insert("op".to_owned(), json!("add"));
            // RFC 6901 section 3.
            operation
                .insert("path".to_owned(), json!(format!("/{}", key.replace('~', "~0").replace('/', "~1"))));
            operation.insert("value".to_owned(), value);
            Json::Object(operation)
        })
        .collect();
    Ok(Json::Array(operations).to_string())
}

/// The members of an object; with `lenient` without those that nothing defines.
fn members(value: &Mj, lenient: bool) -> Result<Option<Map<String, Json>>, Error> {
    if value.kind() != ValueKind::Map {
        return Ok(match json_or_text(value)? {
            Json::Object(map) => Some(map),
            _ => None,
        });
    }
    let mut out = Map::new();
    for key in value.try_iter()? {
        let member = value.get_item(&key)?;
        if !lenient || member.kind() != ValueKind::Undefined {
            out.insert(key.to_string(), to_json(&member)?);
        }
    }
    Ok(Some(out))
}

/// `list | sql_list`: `('a','b')`, `(NULL)` for nothing.
pub(crate) fn sql_list(value: &Mj) -> Result<String, Error> {
    let items: Vec<String> = match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            match serde_json::from_str::<Vec<String>>(text) {
                Ok(items) => items,
                Err(_) if text.is_empty() => Vec::new(),
                Err(_) => vec![text.to_owned()],
            }
        }
        ValueKind::Seq | ValueKind::Iterable => match to_json(value)? {
            Json::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Json::String(text) => text,
                    other => other.to_string(),
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    if items.is_empty() {
        return Ok("(NULL)".to_owned());
    }
    let quoted: Vec<String> = items.iter().map(|item| format!("'{item}'")).collect();
    Ok(format!("({})", quoted.join(",")))
}

/// `text | sql_escape`: doubles single quotes.
/// In a statement lists and objects stay what they are; a literal reads doubled quotes once.
pub(crate) fn sql_escape(state: &State<'_, '_>, value: &Mj) -> Result<Mj, Error> {
    if Sink::of(state).is_some() && value.kind() != ValueKind::String {
        return Ok(value.clone());
    }
    if value.is_none() { Ok(Mj::from(())) } else { Ok(Mj::from(text_of(value)?.replace('\'', "''"))) }
}

/// `tags | to_aws_tag_filters`: `[{Key, Value}]` to the filters of the Tagging API.
pub(crate) fn to_aws_tag_filters(value: &Mj) -> Result<String, Error> {
    let Json::Array(tags) = json_or_text(value)? else {
        return Err(fail("to_aws_tag_filters takes a list of {Key, Value}"));
    };
    let filters: Vec<Json> = tags
        .iter()
        .filter_map(|tag| {
            let (key, value) = (tag.get("Key")?.as_str()?, tag.get("Value")?.as_str()?);
            Some(json!({"Key": key, "Values": [value]}))
        })
        .collect();
    Ok(Json::Array(filters).to_string())
}

/// `value | tojson`: compact, with `<`, `>`, `&` and `'` escaped as Jinja does, so that the text survives in SQL.
pub(crate) fn tojson(value: &Mj, indent: Option<Mj>, kwargs: Kwargs) -> Result<String, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => kwargs.get::<Option<Mj>>("indent")?,
    };
    let pretty = kwargs.get::<Option<bool>>("pretty")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let json = to_json(value)?;
    let width = match indent {
        Some(indent) if indent.kind() == ValueKind::Bool => indent.is_true().then_some(2),
        Some(indent) => Some(indent.as_usize().ok_or_else(|| fail("tojson: indent is no number"))?),
        None => pretty.then_some(2),
    };
    let text = match width {
        None => json.to_string(),
        Some(width) => indented(&json, width.min(16))?,
    };
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027"))
}

fn indented(json: &Json, width: usize) -> Result<String, Error> {
    let blanks = " ".repeat(width);
    let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    let mut out = Vec::new();
    serde::Serialize::serialize(json, &mut serde_json::Serializer::with_formatter(&mut out, formatter))
        .map_err(|e| fail(format!("tojson: {e}")))?;
    String::from_utf8(out).map_err(|e| fail(format!("tojson: {e}")))
}

/// `value | string`: the text that the value has inside a larger text.
pub(crate) fn string(value: &Mj) -> Result<Mj, Error> {
    Ok(Mj::from(text_of(value)?))
}

/// `list | join(sep)`: the items in the form that they have inside a larger text.
pub(crate) fn join(value: &Mj, separator: Option<String>) -> Result<String, Error> {
    joined(value, separator.as_deref().unwrap_or_default())
}

/// The items as one text that is no larger than a value may be.
pub(crate) fn joined(items: &Mj, separator: &str) -> Result<String, Error> {
    let mut out = String::new();
    for (index, item) in items.try_iter()?.checked().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(&text_of(&item?)?);
        if out.len() > size::MAX_VALUE {
            return Err(size::too_large());
        }
    }
    Ok(out)
}

/// `range(n)`, `range(from, to[, step])`, `range(end=n, start=…, step_by=…)`.
pub(crate) fn range(args: Rest<Mj>, kwargs: Kwargs) -> Result<Mj, Error> {
    let int = |value: &Mj| {
        value
            .as_i64()
            .or_else(|| value.as_str().and_then(|s| s.trim().parse().ok()))
            .ok_or_else(|| fail("range takes whole numbers"))
    };
    let given: Vec<i64> = args.0.iter().map(int).collect::<Result<_, _>>()?;
    let named = |name: &str| kwargs.get::<Option<Mj>>(name)?.as_ref().map(int).transpose();
    let (start, end, step) = match given.as_slice() {
        [] => (
            named("start")?.unwrap_or(0),
            named("end")?.ok_or_else(|| fail("range needs an end"))?,
            named("step_by")?.unwrap_or(1),
        ),
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step, ..] => (*start, *end, *step),
    };
    kwargs.assert_all_used()?;
    if step == 0 {
        return Err(fail("range cannot have a step of 0"));
    }
    if end.saturating_sub(start).unsigned_abs() / step.unsigned_abs() > 100_000 {
        return Err(fail("range has more than 100000 elements"));
    }
    let mut out = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        out.push(Mj::from(at));
        at += step;
    }
    Ok(Mj::from(out))
}

/// `uuid()`: a version 4 form, the same in the plan and in the run that follows it.
pub(crate) fn uuid(state: &State<'_, '_>) -> Result<String, Error> {
    state
        .lookup(SCOPE_KEY)
        .and_then(|value| value.downcast_object::<ScopeHandle>())
        .map(|handle| handle.uuid())
        .ok_or_else(|| fail("uuid() is not available here"))
}

fn to_json(value: &Mj) -> Result<Json, Error> {
    from_engine(value)?.exposed().ok_or_else(|| fail("the value is not known yet"))
}

pub(super) fn json_or_text(value: &Mj) -> Result<Json, Error> {
    match value.as_str() {
        Some(text) => {
            serde_json::from_str(text).map_err(|e| fail(format!("the text is not valid JSON: {e}")))
        }
        None => to_json(value),
    }
}

fn engine(json: &Json) -> Mj {
    to_engine(&Value::from(json), &Session::default(), None)
}
