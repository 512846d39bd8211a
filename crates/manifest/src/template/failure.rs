//! What the template engine says when it fails, in our terms.

use crate::template::engine::{FILTERS, FUNCTIONS, TESTS};
use crate::template::place::Cause;
use crate::template::session::{Absence, Session};
use crate::template::size::place_before;
use minijinja::{Error, ErrorKind};
use std::ops::Range;

/// Why a template gave no value. Positions are bytes of its source.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) range: Option<Range<usize>>,
}

/// Kinds of failure.
#[derive(Clone, Debug)]
pub(crate) enum FailureKind {
    /// It has been reported elsewhere.
    Reported,
    /// It cannot be parsed.
    Syntax(String),
    /// No such filter, test, function or method: which kind and which name.
    Unknown(&'static str, String),
    /// Nothing defines this expression.
    Undefined(String),
    /// A live resource has no such value: the expression and why.
    Absent(String, Absence),
    /// A finding of ours.
    Cause(Cause),
    /// Anything else. `None` if the words might hold a secret.
    Other(Option<String>),
}

/// The failure behind an error of the engine. `offset` is where the evaluated text begins in the source.
pub(super) fn failure(
    error: &Error,
    offset: usize,
    source: &str,
    measured: &[usize],
    session: &Session,
) -> Failure {
    let mut at = std::error::Error::source(error);
    let mut cause = None;
    while let Some(inner) = at {
        cause = cause.or_else(|| inner.downcast_ref::<Cause>());
        at = inner.source();
    }
    let range = error
        .range()
        .map(|r| place_before(measured, r.start) + offset..place_before(measured, r.end) + offset);
    let range = range.filter(|r| r.end <= source.len());
    // A filter of ours stands nowhere in the source: what it was put behind is meant.
    let range = range.map(|r| {
        if r.is_empty() && measured.iter().any(|at| at + offset == r.end) {
            operand_before(source, r.end)
        } else {
            r
        }
    });
    let quoted = || error.detail().and_then(|d| d.split('`').nth(1)).map(str::to_owned);
    let named = |known: &[&str]| {
        if error.detail().is_none() {
            // `map("nope")`: the engine does not say which name it was.
            let text = range.clone().and_then(|r| source.get(r)).unwrap_or(source);
            let quoted = |text: &str| {
                let inside = text.split(['\'', '"']).skip(1).step_by(2);
                inside.map(str::to_owned).find(|name| !known.contains(&name.as_str()))
            };
            return quoted(text).or_else(|| quoted(source)).unwrap_or_default();
        }
        // `filter nofilter is unknown`, `nofun is unknown`
        let words: Vec<&str> = error.detail().unwrap_or_default().split(' ').collect();
        words.iter().rev().nth(2).copied().unwrap_or_default().to_owned()
    };
    if let Some(cause) = cause {
        if cause.code.is_none() {
            return Failure { kind: FailureKind::Reported, range };
        }
        let range = find_expression(source, &cause.expression, range.clone()).or(range);
        return Failure { kind: FailureKind::Cause(cause.clone()), range };
    }
    let narrowed = |name: &str| find_expression(source, name, range.clone()).or_else(|| range.clone());
    match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape | ErrorKind::InvalidDelimiter => {
            let words = error.detail().unwrap_or("it does not end").to_owned();
            Failure { kind: FailureKind::Syntax(words), range }
        }
        ErrorKind::UnknownFilter => {
            let name = named(FILTERS);
            Failure { range: narrowed(&name), kind: FailureKind::Unknown("filter", name) }
        }
        ErrorKind::UnknownTest => {
            let name = named(TESTS);
            Failure { range: narrowed(&name), kind: FailureKind::Unknown("test", name) }
        }
        ErrorKind::UnknownFunction => {
            let name = named(FUNCTIONS);
            Failure { range: narrowed(&name), kind: FailureKind::Unknown("function", name) }
        }
        ErrorKind::UnknownMethod => {
            let name =
                quoted().or_else(|| error.detail().and_then(|d| d.rsplit(' ').next()).map(str::to_owned));
            let name = name.unwrap_or_default();
            Failure { range: narrowed(&name), kind: FailureKind::Unknown("method", name) }
        }
        ErrorKind::UndefinedError => {
            let at_range = range.clone().and_then(|r| source.get(r)).map(|text| text.trim().to_owned());
            let expression = quoted().or(at_range).unwrap_or_else(|| inner_expression(source).to_owned());
            if let Some(cause) = session.missing() {
                let range = find_key(source, &cause.expression, range.clone()).or(range);
                return Failure { kind: FailureKind::Cause(cause), range };
            }
            let range = find_expression(source, &expression, range.clone()).or(range);
            match session.absent(&expression) {
                Some(why) => Failure { kind: FailureKind::Absent(expression, why), range },
                None => Failure { kind: FailureKind::Undefined(expression), range },
            }
        }
        ErrorKind::OutOfFuel => {
            Failure { kind: FailureKind::Other(Some("it takes too many steps".to_owned())), range }
        }
        _ => {
            let words = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Failure { kind: FailureKind::Other((!session.is_secret()).then_some(words)), range }
        }
    }
}

fn operand_before(source: &str, end: usize) -> Range<usize> {
    let before = source.get(..end).unwrap_or_default();
    let starts =
        |c: char| c.is_whitespace() || matches!(c, '(' | '[' | '{' | ',' | '<' | '>' | '=' | '!' | '~' | '+');
    before.rfind(starts).map_or(0, |at| at + 1)..end
}

fn inner_expression(source: &str) -> &str {
    let trimmed = source.trim();
    trimmed.strip_prefix("{{").and_then(|s| s.strip_suffix("}}")).unwrap_or(trimmed).trim()
}

/// The name that an expression begins with.
pub(crate) fn head_of(expression: &str) -> &str {
    let end = expression.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(expression.len());
    &expression[..end]
}

/// Where a subscript stands, in either kind of quotes or as an attribute.
fn find_key(source: &str, expression: &str, near: Option<Range<usize>>) -> Option<Range<usize>> {
    let found = |text: &str| {
        let starts = source.match_indices(text).map(|(at, _)| at..at + text.len());
        starts.min_by_key(|r| r.start.abs_diff(near.as_ref().map_or(0, |n| n.start)))
    };
    found(expression)
        .or_else(|| found(&expression.replace("[\"", "['").replace("\"]", "']")))
        .or_else(|| found(expression.split('[').next()?))
}

/// Where an expression stands: the occurrence inside `near` or nearest to it, as whole words.
pub(crate) fn find_expression(
    source: &str,
    expression: &str,
    near: Option<Range<usize>>,
) -> Option<Range<usize>> {
    if expression.is_empty() {
        return None;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let from = near.map_or(0, |n| n.start);
    source
        .match_indices(expression)
        .map(|(at, _)| at..at + expression.len())
        .filter(|r| {
            !source[..r.start]
                .chars()
                .next_back()
                .is_some_and(|c| is_word(c) || c == '.' && expression.contains('.'))
                && !source[r.end..].chars().next().is_some_and(is_word)
        })
        .min_by_key(|r| r.start.abs_diff(from))
}
