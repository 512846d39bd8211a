//! Methods of Python's texts, lists and dictionaries that Jinja templates call.

use crate::template::engine::fail;
use crate::template::objects::{find_unknown, hidden, note_secrets};
use crate::template::{filters, size};
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value as Mj};

/// Names of methods, for suggestions.
pub(crate) const METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "get",
    "index",
    "items",
    "join",
    "keys",
    "lower",
    "lstrip",
    "replace",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "upper",
    "values",
];

/// Calls a method that a value does not have itself.
pub(crate) fn call(state: &mut State<'_, '_>, value: &Mj, method: &str, args: &[Mj]) -> Result<Mj, Error> {
    if let Some((session, unknown)) = find_unknown(args).or_else(|| find_unknown(std::slice::from_ref(value)))
    {
        return Ok(hidden(unknown, &session, None));
    }
    note_secrets(value);
    args.iter().for_each(note_secrets);
    match value.kind() {
        ValueKind::String => text(state, value, method, args),
        ValueKind::Seq | ValueKind::Iterable => list(value, method, args),
        ValueKind::Map => map(state, value, method, args),
        kind => Err(unknown_method(kind, method)),
    }
}

fn unknown_method(kind: ValueKind, method: &str) -> Error {
    Error::new(ErrorKind::UnknownMethod, format!("a {kind} has no method `{method}`"))
}

fn argument<'a>(args: &'a [Mj], index: usize, method: &str) -> Result<&'a str, Error> {
    args.get(index)
        .and_then(Mj::as_str)
        .ok_or_else(|| fail(format!("{method}() takes a text as argument {}", index + 1)))
}

fn text(state: &mut State<'_, '_>, value: &Mj, method: &str, args: &[Mj]) -> Result<Mj, Error> {
    let text = value.as_str().unwrap_or_default();
    let cut = |from_start: bool, from_end: bool| -> Result<Mj, Error> {
        let chars: Option<Vec<char>> = match args.first() {
            None => None,
            Some(_) => Some(argument(args, 0, method)?.chars().collect()),
        };
        let drop = |c: char| chars.as_ref().map_or(c.is_whitespace(), |set| set.contains(&c));
        let mut rest = text;
        if from_start {
            rest = rest.trim_start_matches(drop);
        }
        if from_end {
            rest = rest.trim_end_matches(drop);
        }
        Ok(Mj::from(rest))
    };
    match method {
        "upper" => Ok(Mj::from(text.to_uppercase())),
        "lower" => Ok(Mj::from(text.to_lowercase())),
        "title" | "capitalize" => state.apply_filter(method, std::slice::from_ref(value)),
        "strip" => cut(true, true),
        "lstrip" => cut(true, false),
        "rstrip" => cut(false, true),
        "replace" => {
            let (from, to) = (argument(args, 0, method)?, argument(args, 1, method)?);
            size::replaced(text, from, to)?;
            Ok(Mj::from(text.replace(from, to)))
        }
        "startswith" => Ok(Mj::from(text.starts_with(argument(args, 0, method)?))),
        "endswith" => Ok(Mj::from(text.ends_with(argument(args, 0, method)?))),
        "count" => Ok(Mj::from(text.matches(argument(args, 0, method)?).count())),
        "find" => {
            let needle = argument(args, 0, method)?;
            Ok(text.find(needle).map_or(Mj::from(-1), |at| Mj::from(text[..at].chars().count())))
        }
        "splitlines" => Ok(text.lines().map(Mj::from).collect()),
        "split" => {
            let limit =
                args.get(1).and_then(Mj::as_i64).filter(|n| *n >= 0).and_then(|n| usize::try_from(n).ok());
            match (args.first().filter(|a| !a.is_none()), limit) {
                (None, None) => Ok(text.split_whitespace().map(Mj::from).collect()),
                (None, Some(n)) => Ok(text.trim().splitn(n + 1, char::is_whitespace).map(Mj::from).collect()),
                (Some(_), None) => Ok(text.split(argument(args, 0, method)?).map(Mj::from).collect()),
                (Some(_), Some(n)) => {
                    Ok(text.splitn(n + 1, argument(args, 0, method)?).map(Mj::from).collect())
                }
            }
        }
        "join" => {
            let items = args.first().ok_or_else(|| fail("join() takes a list"))?;
            Ok(Mj::from(filters::joined(items, text)?))
        }
        _ => Err(unknown_method(ValueKind::String, method)),
    }
}

fn list(value: &Mj, method: &str, args: &[Mj]) -> Result<Mj, Error> {
    let wanted = args.first().ok_or_else(|| fail(format!("{method}() takes one argument")));
    match method {
        "count" => {
            let wanted = wanted?;
            Ok(Mj::from(value.try_iter()?.filter(|item| item == wanted).count()))
        }
        "index" => {
            let wanted = wanted?;
            value
                .try_iter()?
                .position(|item| item == *wanted)
                .map(Mj::from)
                .ok_or_else(|| fail("index(): not in the list"))
        }
        _ => Err(unknown_method(ValueKind::Seq, method)),
    }
}

fn map(state: &mut State<'_, '_>, value: &Mj, method: &str, args: &[Mj]) -> Result<Mj, Error> {
    match method {
        "items" => state.apply_filter("items", std::slice::from_ref(value)),
        "keys" => Ok(value.try_iter()?.collect()),
        "values" => value.try_iter()?.map(|key| value.get_item(&key)).collect::<Result<Mj, Error>>(),
        "get" => {
            let key = args.first().ok_or_else(|| fail("get() takes a key"))?;
            let found = value.get_item(key)?;
            if found.is_undefined() { Ok(args.get(1).cloned().unwrap_or(Mj::from(()))) } else { Ok(found) }
        }
        _ => Err(unknown_method(ValueKind::Map, method)),
    }
}
