//! What the rows of a check mean (stackql-compat 2.5). Nothing is asked here.

use indexmap::IndexMap;
use serde_json::{Number, Value as Json};
use stack_core::flow::Export;
use stack_core::value::Value;
use stack_sql::{Cell, Table};

/// What `exists` found, or `statecheck` where it stands in for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Presence {
    /// No row, a count of 0, or nothing but empty values.
    Absent,
    /// One, with the columns that are captured.
    Present(IndexMap<String, Value>),
}

/// More than one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ambiguous {
    /// The column `count` says so.
    Count(i64),
    /// There are so many rows.
    Rows(usize),
}

/// Is it there?
///
/// # Errors
/// More than one is.
pub(super) fn presence(table: &Table) -> Result<Presence, Ambiguous> {
    let row = match table.rows.as_slice() {
        [] => return Ok(Presence::Absent),
        [row] => row,
        rows => return Err(Ambiguous::Rows(rows.len())),
    };
    let count = table.columns.iter().position(|name| is_count(name)).and_then(|at| integer(row.get(at)?));
    match count {
        Some(..=0) => return Ok(Presence::Absent),
        Some(more @ 2..) => return Err(Ambiguous::Count(more)),
        Some(1) => {}
        None if row.iter().all(is_nothing) => return Ok(Presence::Absent),
        None => {}
    }
    let columns = table.columns.iter().zip(row).filter(|(name, _)| count.is_none() || !is_count(name));
    Ok(Presence::Present(columns.map(|(name, cell)| (name.clone(), value(cell))).collect()))
}

/// What an exports query gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExportRow {
    /// No row.
    None,
    /// Exactly one: its columns as the manifest lists them. What the row lacks is empty text.
    One(IndexMap<String, Value>),
    /// Several.
    Many(usize),
}

/// The row of exports.
pub(super) fn exported(table: &Table, exports: &[Export]) -> ExportRow {
    match table.rows.len() {
        0 => ExportRow::None,
        1 => ExportRow::One(
            exports
                .iter()
                .map(|export| {
                    let cell = table.cell(0, &export.column);
                    (export.column.clone(), cell.map_or_else(|| Value::text(""), value))
                })
                .collect(),
        ),
        more => ExportRow::Many(more),
    }
}

/// True if a callback's condition is fulfilled: `success` is 1 or true, or `count` is 1.
pub(super) fn is_fulfilled(table: &Table) -> bool {
    let success = match table.cell(0, "success") {
        Some(Cell::Text(text)) => text.trim() == "1" || text.trim().eq_ignore_ascii_case("true"),
        Some(cell) => integer(cell) == Some(1),
        None => false,
    };
    success || table.cell(0, "count").and_then(integer) == Some(1)
}

/// The first row of RETURNING, with JSON objects as objects; lists stay text.
pub(super) fn returned(table: &Table) -> Option<IndexMap<String, Value>> {
    let row = table.rows.first()?;
    let opened = |cell: &Cell| match cell {
        Cell::Text(text) if text.trim_start().starts_with('{') => {
            let object = serde_json::from_str::<Json>(text).ok().filter(Json::is_object);
            object.map_or_else(|| value(cell), |object| Value::from(listless(object)))
        }
        _ => value(cell),
    };
    Some(table.columns.iter().zip(row).map(|(name, cell)| (name.clone(), opened(cell))).collect())
}

fn listless(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(name, member)| (name, listless(member))).collect())
        }
        Json::Array(_) => Json::String(json.to_string()),
        plain => plain,
    }
}

/// The value at a dotted path: the name as a whole first, in any case, then part by part.
pub(super) fn at_path<'v>(members: &'v IndexMap<String, Value>, path: &str) -> Option<&'v Value> {
    let own = |name: &str| {
        let exact = members.get(name);
        exact.or_else(|| {
            members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    };
    own(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at_path(own(first)?.as_object()?, rest)
    })
}

/// True for null, the text `null`, and empty text.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text.eq_ignore_ascii_case("null"),
        _ => false,
    }
}

/// A cell as a value. The engine of the peer sends NULL as text, so that projects compare with it.
pub(super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(integer) => Value::Number((*integer).into()),
        Cell::Real(real) => Number::from_f64(*real).map_or(Value::Null, Value::Number),
        Cell::Text(text) => Value::text(text.as_str()),
    }
}

fn is_nothing(cell: &Cell) -> bool {
    is_empty(&value(cell))
}

fn is_count(name: &str) -> bool {
    name.eq_ignore_ascii_case("count")
}

/// A whole number, also as text.
fn integer(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(integer) => Some(*integer),
        Cell::Real(real) if real.fract() == 0.0 && real.abs() < 1e15 => Some(*real as i64),
        Cell::Text(text) => text.trim().parse().ok(),
        Cell::Real(_) | Cell::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&[Cell]]) -> Table {
        Table {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
        }
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn a_row_says_whether_it_is_there() {
        let present = |name: &str, value: Value| Ok(Presence::Present([(name.to_owned(), value)].into()));
        for (columns, rows, expected) in [
            (&["id"][..], &[][..], Ok(Presence::Absent)),
            (&["count"], &[&[Cell::Integer(0)][..]][..], Ok(Presence::Absent)),
            (&["Count"], &[&[text("0")]], Ok(Presence::Absent)),
            (&["count"], &[&[Cell::Integer(1)]], Ok(Presence::Present(IndexMap::new()))),
            (&["count", "id"], &[&[Cell::Integer(1), text("x")]], present("id", Value::text("x"))),
            (&["count"], &[&[Cell::Integer(2)]], Err(Ambiguous::Count(2))),
            (&["id"], &[&[text("a")], &[text("b")]], Err(Ambiguous::Rows(2))),
            (&["id"], &[&[Cell::Null]], Ok(Presence::Absent)),
            (&["id"], &[&[text("null")]], Ok(Presence::Absent)),
            (&["id"], &[&[text("")]], Ok(Presence::Absent)),
            (&["id"], &[&[text("x")]], present("id", Value::text("x"))),
            // No number: a column like any other.
            (&["count"], &[&[text("many")]], present("count", Value::text("many"))),
        ] {
            assert_eq!(presence(&table(columns, rows)), expected, "{columns:?} {rows:?}");
        }
    }

    #[test]
    fn a_callback_wants_success_or_one() {
        for (column, cell, expected) in [
            ("success", text("TRUE"), true),
            ("success", Cell::Integer(1), true),
            ("success", text("0"), false),
            ("count", Cell::Integer(1), true),
            ("count", Cell::Integer(2), false),
            ("other", Cell::Integer(1), false),
        ] {
            assert_eq!(is_fulfilled(&table(&[column], &[&[cell]])), expected, "{column}");
        }
        assert!(!is_fulfilled(&table(&["success"], &[])));
    }

    #[test]
    fn objects_of_returning_are_opened_and_lists_are_text() {
        let row = [text(r#"{"Identifier":"v","Deep":{"L":[1]}}"#), text("[1]"), text("{no")];
        let row = returned(&table(&["ProgressEvent", "list", "odd"], &[&row])).unwrap();
        assert_eq!(at_path(&row, "progressevent.Identifier"), Some(&Value::text("v")));
        assert_eq!(at_path(&row, "ProgressEvent.Deep.L"), Some(&Value::text("[1]")));
        assert_eq!(at_path(&row, "list"), Some(&Value::text("[1]")));
        assert_eq!(at_path(&row, "odd"), Some(&Value::text("{no")));
        assert_eq!(at_path(&row, "ProgressEvent.None"), None);
        assert_eq!(returned(&table(&["a"], &[])), None);
    }

    #[test]
    fn exports_are_the_listed_columns_of_one_row() {
        let export = |column: &str| Export { column: column.to_owned(), variable: column.to_owned() };
        let exports = [export("Arn"), export("none")];
        assert_eq!(exported(&table(&["arn"], &[]), &exports), ExportRow::None);
        assert_eq!(exported(&table(&["arn"], &[&[text("a")], &[text("b")]]), &exports), ExportRow::Many(2));
        let row = [("Arn".to_owned(), Value::text("a")), ("none".to_owned(), Value::text(""))].into();
        assert_eq!(exported(&table(&["arn"], &[&[text("a")]]), &exports), ExportRow::One(row));
    }
}
