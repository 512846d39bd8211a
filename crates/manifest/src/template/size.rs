//! Bounds of what a template may make. The engine counts instructions, not bytes, and a dozen instructions can double a
//! text until no memory is left. So filters are bounded, texts that are put together are measured before they are, and
//! everything that is written is counted.

use crate::template::engine::fail;
use crate::template::objects::{Hidden, Known, text_of};
use crate::template::{asked, comments, compare};
use minijinja::value::{Kwargs, ObjectRepr};
use minijinja::{Error, Value as Mj};
use stack_core::value::Value;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io;

/// Bytes of one rendered value. Cloud Control takes at most 256 KiB in one request (cloud-control 3).
pub(crate) const MAX_VALUE: usize = 1 << 20;

/// Bytes of all values of one rendering.
pub(crate) const MAX_RENDERING: usize = 16 << 20;

/// Lists and members that one value may hold, and numbers that set a width or a count.
const MAX_ELEMENTS: usize = 100_000;
const MAX_WIDTH: usize = 10_000;

/// The filter that measures what texts are put together from. No template can write its name.
pub(super) const MEASURE: &str = "bounded__";

thread_local! {
    /// Bytes that the evaluation of this thread has written, captured texts included.
    static WRITTEN: Cell<usize> = const { Cell::new(0) };
}

/// What was written before an evaluation, which begins at nothing. Evaluations stand inside each other.
pub(super) struct Counter(usize);

impl Counter {
    pub(super) fn start() -> Self {
        Self(WRITTEN.replace(0))
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        WRITTEN.set(self.0);
    }
}

/// Counts what is written.
pub(super) fn written(bytes: usize) -> Result<(), Error> {
    let total = WRITTEN.get().saturating_add(bytes);
    WRITTEN.set(total);
    if total > 4 * MAX_VALUE { Err(too_large()) } else { Ok(()) }
}

/// A text that takes no more than a value may have.
#[derive(Default)]
pub(super) struct Output(pub(super) Vec<u8>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_VALUE {
            return Err(io::Error::other(too_large()));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn too_large() -> Error {
    fail("the value is larger than 1 MiB")
}

/// Bytes of a value, roughly: texts count as they are, everything else a little.
pub(crate) fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum::<usize>() + 2,
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + bytes_of(value)).sum::<usize>() + 2,
        Value::Secret(secret) => bytes_of(secret.expose()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => 8,
    }
}

/// Behind what is joined by `~`. As long as the other filter, because places are counted by it.
pub(super) const TEXTUAL: &str = "textual__";

/// The value in the form that it has inside a larger text: the engine itself would print Python's `True`.
pub(super) fn textual(value: Mj) -> Result<Mj, Error> {
    let value = measured(value)?;
    if value.as_str().is_some() || value.is_undefined() || value.downcast_object_ref::<Hidden>().is_some() {
        return Ok(value);
    }
    measured(Mj::from(text_of(&value)?))
}

/// The value as it is, if it is no larger than a value may be.
pub(super) fn measured(value: Mj) -> Result<Mj, Error> {
    let mut left = MAX_VALUE;
    if fits(&value, 0, &mut left) { Ok(value) } else { Err(too_large()) }
}

/// Takes what a value holds from what is left; false if that is not enough.
fn fits(value: &Mj, depth: usize, left: &mut usize) -> bool {
    let mut take = |bytes: usize| {
        let enough = *left >= bytes;
        *left = left.saturating_sub(bytes);
        enough
    };
    if let Some(text) = value.as_str() {
        return take(text.len());
    }
    let Some(object) = value.as_object() else { return take(1) };
    if let Some(known) = value.downcast_object_ref::<Known>() {
        return take(bytes_of(&known.value));
    }
    if value.downcast_object_ref::<Hidden>().is_some() {
        return take(1);
    }
    if !take(MAX_VALUE / MAX_ELEMENTS) || depth > 100 {
        return false;
    }
    match object.repr() {
        ObjectRepr::Seq | ObjectRepr::Iterable if object.enumerator_len().is_some() => {
            object.try_iter().into_iter().flatten().all(|item| fits(&item, depth + 1, left))
        }
        ObjectRepr::Map => {
            object.try_iter_pairs().into_iter().flatten().all(|(_, item)| fits(&item, depth + 1, left))
        }
        _ => true,
    }
}

/// Refuses arguments with which a filter would make too much.
pub(super) fn check_arguments(filter: &str, args: &[Mj]) -> Result<(), Error> {
    let text = |index: usize| args.get(index).and_then(Mj::as_str);
    let wide = |value: &Mj| value.as_i64().is_some_and(|n| n.unsigned_abs() > MAX_WIDTH as u64);
    let refuse = |what: &str| Err(fail(format!("{what} is larger than {MAX_WIDTH}")));
    match filter {
        "raw:format" => {
            let format = text(0).unwrap_or_default();
            let number = |digits: &str| digits.parse::<usize>().map_or(!digits.is_empty(), |n| n > MAX_WIDTH);
            let wide_format = format.contains('%') && format.split(|c: char| !c.is_ascii_digit()).any(number);
            if wide_format || format.contains('*') && args.iter().skip(1).any(wide) {
                return refuse("a width or precision of format");
            }
        }
        "raw:indent" => {
            let named = args.last().filter(|a| a.is_kwargs()).and_then(|a| Kwargs::try_from(a.clone()).ok());
            let width = named.and_then(|k| k.peek::<Mj>("width").ok()).or_else(|| args.get(1).cloned());
            let width = width.and_then(|w| w.as_usize()).unwrap_or(4);
            let lines = text(0).map_or(0, |t| t.matches('\n').count() + 1);
            if lines.saturating_mul(width) > MAX_VALUE {
                return Err(too_large());
            }
        }
        "raw:batch" | "raw:slice" if args.iter().skip(1).any(wide) => {
            return refuse("the number of elements");
        }
        "raw:replace" => {
            if let (Some(all), Some(from), Some(to)) = (text(0), text(1), text(2)) {
                replaced(all, from, to)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Refuses a replacement that would make too much.
pub(super) fn replaced(all: &str, from: &str, to: &str) -> Result<(), Error> {
    let added = all.matches(from).count().saturating_mul(to.len());
    if all.len().saturating_add(added) > MAX_VALUE { Err(too_large()) } else { Ok(()) }
}

/// A piece of code.
pub(super) struct Token<'s> {
    pub(super) text: &'s str,
    pub(super) end: usize,
}

/// The source with a filter behind whatever is put together by `~` or (if `adds`) by `+`, and behind whatever is compared
/// with a number, and the places where they were put.
pub(super) fn measure(
    source: &str,
    code: impl Iterator<Item = std::ops::Range<usize>>,
    adds: bool,
    comments: &[std::ops::Range<usize>],
) -> (String, Vec<usize>) {
    let mut places = BTreeSet::new();
    for range in code {
        let tokens = tokens(&source[range.clone()], range.start);
        compare::mark(&tokens, &mut places);
        asked::mark(&tokens, &mut places);
        if comments.iter().any(|comment| comment.contains(&range.start)) {
            places.extend(comments::name_end(&tokens).map(|end| (end, comments::ABSENT)));
        }
        for (at, token) in tokens.iter().enumerate() {
            let filter = match token.text {
                "~" => TEXTUAL,
                "+" if adds => MEASURE,
                _ => continue,
            };
            if at == 0 || at + 1 == tokens.len() {
                continue;
            }
            let before = &tokens[at - 1];
            let test = at > 1 && matches!(tokens[at - 2].text, "is" | "not");
            if !(is_name(before.text) || matches!(before.text, ")" | "]" | "}") || is_literal(before.text)) {
                continue;
            }
            if !is_literal(before.text) && !test {
                places.insert((before.end, filter));
            }
            places.extend(operand(&tokens, at + 1).map(|end| (end, filter)));
        }
    }
    let mut out = String::with_capacity(source.len());
    let mut from = 0;
    for (place, filter) in &places {
        out.push_str(&source[from..*place]);
        out.push('|');
        out.push_str(filter);
        from = *place;
    }
    out.push_str(&source[from..]);
    (out, places.into_iter().map(|(place, _)| place).collect())
}

/// A place of the measured source in the source as written.
pub(super) fn place_before(places: &[usize], at: usize) -> usize {
    let mut shift = 0;
    for place in places {
        if place + shift >= at {
            break;
        }
        shift += MEASURE.len() + 1;
        if place + shift > at {
            return *place;
        }
    }
    at - shift
}

/// Where the operand that begins at a token ends; `None` for a plain text or number.
pub(super) fn operand(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    let mut at = from;
    while matches!(tokens.get(at)?.text, "-" | "+" | "not") {
        at += 1;
    }
    let literal = is_literal(tokens.get(at)?.text);
    let mut last = group(tokens, at)?;
    let first = last;
    loop {
        match tokens.get(last + 1).map(|t| t.text) {
            Some("." | "|") if last + 2 < tokens.len() => last += 2,
            Some("(" | "[") => last = group(tokens, last + 1)?,
            _ => break,
        }
    }
    (!literal || last > first).then(|| tokens[last].end)
}

/// The last token of what begins here: itself, or the bracket that closes it.
fn group(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

pub(super) fn is_literal(text: &str) -> bool {
    text.starts_with(|c: char| matches!(c, '\'' | '"') || c.is_ascii_digit())
}

pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !matches!(text, "not" | "and" | "or" | "in" | "is" | "if" | "else")
}

pub(super) fn tokens(code: &str, base: usize) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        let rest = &code[at..];
        let in_word = |c: char| c.is_alphanumeric() || c == '_';
        let len = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if in_word(c) {
            let number = c.is_ascii_digit();
            rest.find(|d: char| !(in_word(d) || number && d == '.')).unwrap_or(rest.len())
        } else if matches!(c, '\'' | '"') {
            let mut escaped = false;
            let close = rest.char_indices().skip(1).find(|(_, d)| {
                let closes = *d == c && !escaped;
                escaped = *d == '\\' && !escaped;
                closes
            });
            close.map_or(rest.len(), |(i, _)| i + 1)
        } else {
            c.len_utf8()
        };
        out.push(Token { text: &rest[..len], end: base + at + len });
        at += len;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(code: &str) -> String {
        let (text, places) = measure(code, std::iter::once(0..code.len()), true, &[]);
        for (i, c) in text.char_indices().filter(|(_, c)| *c == '~') {
            assert_eq!(&code[place_before(&places, i)..][..1], c.to_string());
        }
        text.replace("|bounded__", "¡").replace("|textual__", "¡")
    }

    #[test]
    fn operands_are_measured_and_literals_are_not() {
        for (code, expected) in [
            ("a ~ b", "a¡ ~ b¡"),
            ("a.b ~ 'x' ~ f(c)[0]|upper ~ 1.5", "a.b¡ ~ 'x' ~ f(c)[0]|upper¡ ~ 1.5"),
            ("set ns.x = ns.x ~ ns.x", "set ns.x = ns.x¡ ~ ns.x¡"),
            (
                "'a' ~ -b if c is odd else [d] + (e ~ 'it\\'s')",
                "'a' ~ -b¡ if c is odd else [d]¡ + (e¡ ~ 'it\\'s')¡",
            ),
            ("endif +", "endif +"),
            ("+ if a", "+ if a"),
            ("'a ~ b'", "'a ~ b'"),
        ] {
            assert_eq!(guarded(code), expected);
        }
    }
}
