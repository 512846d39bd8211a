//! Methods of Python's texts, lists and dictionaries that Jinja templates call.

use crate::template::engine::fail;
use crate::template::objects::{find_unknown, hidden, note_secrets, text_of};
use crate::template::{filters, size};
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value as Mj};

/// Names of methods, for suggestions.
pub(crate) const METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "format",
    "get",
    "index",
    "isalnum",
    "isalpha",
    "isdigit",
    "islower",
    "isspace",
    "isupper",
    "items",
    "join",
    "keys",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "values",
    "zfill",
];

/// Those of texts: what they are called on is no document.
const TEXT_METHODS: &[&str] = &[
    "capitalize",
    "count",
    "endswith",
    "find",
    "format",
    "index",
    "isalnum",
    "isalpha",
    "isdigit",
    "islower",
    "isspace",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

/// True for methods that texts have.
pub(crate) fn is_of_text(method: &str) -> bool {
    TEXT_METHODS.contains(&method)
}

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
    // As Python has it, nothing is true of an empty text.
    let all = |is: &dyn Fn(char) -> bool| Mj::from(!text.is_empty() && text.chars().all(is));
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
        "startswith" => Ok(Mj::from(one_of(args, method, &|part| text.starts_with(part))?)),
        "endswith" => Ok(Mj::from(one_of(args, method, &|part| text.ends_with(part))?)),
        "removeprefix" => Ok(Mj::from(text.strip_prefix(argument(args, 0, method)?).unwrap_or(text))),
        "removesuffix" => Ok(Mj::from(text.strip_suffix(argument(args, 0, method)?).unwrap_or(text))),
        "swapcase" => Ok(text
            .chars()
            .map(|c| {
                if c.is_uppercase() {
                    c.to_lowercase().collect::<String>()
                } else {
                    c.to_uppercase().collect()
                }
            })
            .collect::<String>()
            .into()),
        "isdigit" => Ok(all(&|c| c.is_ascii_digit())),
        "isalpha" => Ok(all(&char::is_alphabetic)),
        "isalnum" => Ok(all(&char::is_alphanumeric)),
        "isspace" => Ok(all(&char::is_whitespace)),
        "isupper" => {
            Ok(Mj::from(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)))
        }
        "islower" => {
            Ok(Mj::from(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)))
        }
        "zfill" | "ljust" | "rjust" => padded(text, method, args),
        "partition" | "rpartition" => {
            let separator = argument(args, 0, method)?;
            let (found, rest) = if method == "partition" {
                (text.split_once(separator), [text, "", ""])
            } else {
                (text.rsplit_once(separator), ["", "", text])
            };
            let parts = found.map_or(rest, |(before, after)| [before, separator, after]);
            Ok(parts.into_iter().map(Mj::from).collect())
        }
        "rfind" => {
            let needle = argument(args, 0, method)?;
            Ok(text.rfind(needle).map_or(Mj::from(-1), |at| Mj::from(text[..at].chars().count())))
        }
        "index" => {
            let at = text.find(argument(args, 0, method)?).ok_or_else(|| fail("index(): not in the text"))?;
            Ok(Mj::from(text[..at].chars().count()))
        }
        "format" => format(text, args),
        "rsplit" if args.len() > 1 => {
            let limit = args
                .get(1)
                .and_then(Mj::as_usize)
                .ok_or_else(|| fail("rsplit() takes a number of splits"))?;
            let mut parts: Vec<&str> =
                text.rsplitn(limit.saturating_add(1), argument(args, 0, method)?).collect();
            parts.reverse();
            Ok(parts.into_iter().map(Mj::from).collect())
        }
        "count" => Ok(Mj::from(text.matches(argument(args, 0, method)?).count())),
        "find" => {
            let needle = argument(args, 0, method)?;
            Ok(text.find(needle).map_or(Mj::from(-1), |at| Mj::from(text[..at].chars().count())))
        }
        "splitlines" => Ok(text.lines().map(Mj::from).collect()),
        "split" | "rsplit" => {
            if args.first().and_then(Mj::as_str) == Some("") {
                return Err(fail(format!("{method}() takes a text that is not empty")));
            }
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

/// A text, or a list of texts of which one must do.
fn one_of(args: &[Mj], method: &str, does: &dyn Fn(&str) -> bool) -> Result<bool, Error> {
    match args.first().filter(|arg| matches!(arg.kind(), ValueKind::Seq)) {
        Some(all) => Ok(all.try_iter()?.any(|part| part.as_str().is_some_and(does))),
        None => Ok(does(argument(args, 0, method)?)),
    }
}

fn padded(text: &str, method: &str, args: &[Mj]) -> Result<Mj, Error> {
    const MAX_WIDTH: usize = 10_000;
    let width = args.first().and_then(Mj::as_usize).filter(|width| *width <= MAX_WIDTH);
    let width = width.ok_or_else(|| fail(format!("{method}() takes a width of at most {MAX_WIDTH}")))?;
    let fill = args.get(1).and_then(Mj::as_str).and_then(|text| text.chars().next());
    let missing = width.saturating_sub(text.chars().count());
    let blanks = |c: char| std::iter::repeat_n(c, missing).collect::<String>();
    Ok(Mj::from(match method {
        "zfill" => {
            let digits = text.trim_start_matches(['-', '+']);
            format!("{}{}{digits}", &text[..text.len() - digits.len()], blanks('0'))
        }
        "ljust" => format!("{text}{}", blanks(fill.unwrap_or(' '))),
        _ => format!("{}{text}", blanks(fill.unwrap_or(' '))),
    }))
}

/// `'{}-{1}-{name}'.format(…)`: fields without a format of their own.
fn format(text: &str, args: &[Mj]) -> Result<Mj, Error> {
    let named = args.last().filter(|last| last.is_kwargs());
    let given = &args[..args.len() - usize::from(named.is_some())];
    let mut out = String::new();
    let (mut rest, mut next) = (text, 0);
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(doubled) = after.strip_prefix(&rest[at..=at]) {
            out.push_str(&rest[at..=at]);
            rest = doubled;
            continue;
        }
        let field = after.split_once('}').filter(|_| rest[at..].starts_with('{'));
        let (field, tail) =
            field.ok_or_else(|| fail("format(): a brace stands alone; double it: {{ or }}"))?;
        let value = match field.parse::<usize>() {
            Ok(index) => given.get(index).cloned(),
            Err(_) if field.is_empty() => {
                next += 1;
                given.get(next - 1).cloned()
            }
            Err(_) => {
                named.and_then(|named| named.get_attr(field).ok()).filter(|value| !value.is_undefined())
            }
        };
        let value = value.ok_or_else(|| fail(format!("format(): there is nothing for `{{{field}}}`")))?;
        out.push_str(&text_of(&value)?);
        if out.len() > size::MAX_VALUE {
            return Err(size::too_large());
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(Mj::from(out))
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
