//! The functions that statements have beside SQLite's own (stackql-compat 5.6).
//!
//! The functions themselves are plain Rust; [`register`] gives them to a connection. `string('…')` and `JSON('…')` are
//! no functions but marks on a value, and belong to whoever reads statements.

pub mod json_equal;
pub mod like;
pub mod policy_equal;
pub mod regexp;
pub mod split_part;

use like::Wildcards;
use regexp::Pattern;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// Why a function has no result. The text names no argument: arguments may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FunctionError(String);

impl FunctionError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Numbers are the same if they differ by no more than the last bit.
pub(crate) fn same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= a.abs().max(b.abs()) * f64::EPSILON,
        _ => a == b,
    }
}

/// Gives the functions to a connection: `json_equal`, `aws_policy_equal`, `split_part`, `regexp_like`, `regexp_substr`,
/// `regexp_replace`, and `regexp`, which is the operator `REGEXP`.
///
/// # Errors
/// The connection is busy with a statement.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("json_equal", 2, flags, |context| {
        let (a, b) = (text(context, 0)?, text(context, 1)?);
        json_equal::json_equal(a.as_deref(), b.as_deref()).map_err(failed)
    })?;
    connection.create_scalar_function("aws_policy_equal", 2, flags, |context| {
        let (a, b) = (text(context, 0)?, text(context, 1)?);
        policy_equal::aws_policy_equal(a.as_deref(), b.as_deref()).map_err(failed)
    })?;
    connection.create_scalar_function("split_part", 3, flags, |context| {
        let (source, separator) = (text(context, 0)?, text(context, 1)?);
        let number = match context.get_raw(2) {
            ValueRef::Null => 0,
            ValueRef::Integer(integer) => integer,
            // Beyond the integers `as` takes the nearest one.
            ValueRef::Real(real) => real as i64,
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                split_part::leading_integer(&String::from_utf8_lossy(text))
            }
        };
        let part = split_part::split_part(source.as_deref(), separator.as_deref(), number);
        Ok(part.map(str::to_owned))
    })?;
    // SQLite calls them for `text LIKE pattern ESCAPE escape` and `text GLOB pattern`, with the pattern first.
    connection.create_scalar_function("like", 2, flags, |context| {
        wildcards(context, &|pattern| Wildcards::like(pattern, None))
    })?;
    connection.create_scalar_function("like", 3, flags, |context| {
        let Some(escape) = text(context, 2)? else { return Ok(None) };
        let mut chars = escape.chars();
        let (Some(escape), None) = (chars.next(), chars.next()) else {
            return Err(failed(FunctionError::new("ESCAPE takes a single character")));
        };
        // The escape may differ from row to row, the pattern with it.
        let (Some(pattern), Some(subject)) = (text(context, 0)?, text(context, 1)?) else { return Ok(None) };
        let fits = Wildcards::like(&pattern, Some(escape)).and_then(|wildcards| wildcards.fits(&subject));
        fits.map(Some).map_err(failed)
    })?;
    connection.create_scalar_function("glob", 2, flags, |context| wildcards(context, &Wildcards::glob))?;
    connection.create_scalar_function("regexp_like", 2, flags, |context| like(context, 0, 1))?;
    // SQLite calls it for `text REGEXP pattern`, with the pattern first.
    connection.create_scalar_function("regexp", 2, flags, |context| like(context, 1, 0))?;
    connection.create_scalar_function("regexp_substr", 2, flags, |context| {
        let (Some(subject), Some(pattern)) = (text(context, 0)?, pattern(context, 1)?) else {
            return Ok(None);
        };
        Ok(pattern.first(&subject).map(str::to_owned))
    })?;
    connection.create_scalar_function("regexp_replace", 3, flags, |context| {
        let (Some(subject), Some(pattern), Some(replacement)) =
            (text(context, 0)?, pattern(context, 1)?, text(context, 2)?)
        else {
            return Ok(None);
        };
        pattern.replace(&subject, &replacement).map(Some).map_err(failed)
    })
}

fn like(context: &Context<'_>, subject: usize, pattern_at: usize) -> rusqlite::Result<Option<bool>> {
    let (Some(subject), Some(pattern)) = (text(context, subject)?, pattern(context, pattern_at)?) else {
        return Ok(None);
    };
    Ok(Some(pattern.is_in(&subject)))
}

/// LIKE and GLOB. The pattern is read once where it is the same for all rows.
fn wildcards(
    context: &Context<'_>,
    read: &dyn Fn(&str) -> Result<Wildcards, FunctionError>,
) -> rusqlite::Result<Option<bool>> {
    let (Some(pattern), Some(subject)) = (text(context, 0)?, text(context, 1)?) else { return Ok(None) };
    let wildcards = context.get_or_create_aux(0, |_| read(&pattern))?;
    wildcards.fits(&subject).map(Some).map_err(failed)
}

/// A pattern, compiled once where it is the same for all rows.
fn pattern(context: &Context<'_>, at: usize) -> rusqlite::Result<Option<Arc<Pattern>>> {
    let Some(pattern) = text(context, at)? else { return Ok(None) };
    let Ok(position) = i32::try_from(at) else { return Ok(None) };
    context.get_or_create_aux(position, |_| Pattern::new(&pattern)).map(Some)
}

/// An argument as text; NULL has none.
fn text(context: &Context<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(format!("{real:?}")),
        ValueRef::Text(text) | ValueRef::Blob(text) => Some(
            std::str::from_utf8(text)
                .map_err(|_| failed(FunctionError::new("a text is not UTF-8")))?
                .to_owned(),
        ),
    })
}

fn failed(error: FunctionError) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Value;

    fn run(expression: &str) -> Result<Value, String> {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let value = connection.query_row(&format!("SELECT {expression}"), [], |row| row.get(0));
        value.map_err(|error| error.to_string())
    }

    #[test]
    fn sqlite_calls_the_functions_whatever_their_case() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (expression, expected) in [
            ("JSON_EQUAL('{\"a\":1}', '{\"a\":1.0}')", Value::Integer(1)),
            ("json_equal(1, '1')", Value::Integer(1)),
            ("AWS_POLICY_EQUAL('[\"a\",\"b\"]', '[\"b\",\"a\"]')", Value::Integer(1)),
            ("split_part('a/b/c', '/', 2)", text("b")),
            ("split_part('a/b/c', '/', -1)", text("c")),
            ("split_part('a/b/c', '/', NULL)", Value::Null),
            ("split_part('a/b/c', '/', '2x')", text("b")),
            ("split_part('a/b/c', '/', 2.9)", text("b")),
            ("split_part('a/b/c', '/', 1e300)", Value::Null),
            ("split_part(NULL, '/', 1)", Value::Null),
            ("split_part('a', NULL, 1)", Value::Null),
            ("split_part(1.5, '.', 2)", text("5")),
            ("regexp_like('abc', '^a')", Value::Integer(1)),
            ("regexp_like(123, '^2')", Value::Integer(0)),
            ("regexp_like(NULL, 'a')", Value::Null),
            ("regexp_like('a', NULL)", Value::Null),
            ("'abc' REGEXP 'b.$'", Value::Integer(1)),
            ("'abc' NOT REGEXP 'b.$'", Value::Integer(0)),
            ("NULL REGEXP 'a'", Value::Null),
            ("regexp_substr('abc', 'b.')", text("bc")),
            ("regexp_substr('abc', 'x')", Value::Null),
            ("regexp_replace('abc', 'b', '$0')", text("a$0c")),
            ("regexp_replace('abc', 'b', NULL)", Value::Null),
        ] {
            assert_eq!(run(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn sqlite_reports_what_a_function_says() {
        for (expression, said) in [
            ("json_equal(NULL, '1')", "Invalid JSON strings"),
            ("json_equal('x', '1')", "Error parsing JSON strings"),
            ("json_equal('1')", "wrong number of arguments"),
            ("aws_policy_equal('{}', NULL)", "Invalid policy strings"),
            ("aws_policy_equal('{}', 'x')", "Error parsing policy JSON strings"),
            ("regexp_like('a', '(')", "invalid regular expression"),
            ("regexp_like(x'ff', 'a')", "not UTF-8"),
        ] {
            let error = run(expression).unwrap_err();
            assert!(error.contains(said), "{expression}: {error}");
        }
    }

    #[test]
    fn a_pattern_that_differs_from_row_to_row_is_read_anew() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let sql = "SELECT group_concat(regexp_like('abc', column1)) FROM (VALUES ('a'), ('x'), ('c'))";
        let found: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, "1,0,1");
    }
}
