//! Results of queries: for people, and for other programs.

use super::console::Style;
use super::text::{clean, pad, width};
use crate::args::OutputForm;
use serde_json::{Map, Value as Json};
use stack_sql::{Cell, Table};

/// One result in a form, with a line end.
pub fn render(table: &Table, form: OutputForm, style: Style) -> String {
    match form {
        OutputForm::Table => columns(table, style),
        OutputForm::Json => {
            let rows: Vec<Json> = table.rows.iter().map(|row| object(table, row)).collect();
            let text = serde_json::to_string_pretty(&rows).unwrap_or_default();
            format!("{text}\n")
        }
        OutputForm::Jsonl => table.rows.iter().map(|row| format!("{}\n", object(table, row))).collect(),
        OutputForm::Csv => {
            let header = table.columns.iter().map(|name| field(name)).collect::<Vec<_>>().join(",");
            let rows = table
                .rows
                .iter()
                .map(|row| row.iter().map(|cell| field(&text(cell, ""))).collect::<Vec<_>>().join(","));
            std::iter::once(header).chain(rows).map(|line| format!("{line}\n")).collect()
        }
    }
}

/// Columns under their names, numbers to the right. Nothing is cut: what is shown can be copied.
fn columns(table: &Table, style: Style) -> String {
    let shown: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(&text(cell, "NULL"), style.unicode)).collect())
        .collect();
    let names: Vec<String> = table.columns.iter().map(|name| clean(name, style.unicode)).collect();
    let widest = |at: usize| shown.iter().map(|row| width(&row[at])).chain([width(&names[at])]).max();
    let widths: Vec<usize> = (0..names.len()).map(|at| widest(at).unwrap_or(0)).collect();
    let is_number = |at: usize| {
        let mut cells = table.rows.iter().map(|row| &row[at]).filter(|cell| **cell != Cell::Null).peekable();
        cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::Integer(_) | Cell::Real(_)))
    };
    let numbers: Vec<bool> = (0..names.len()).map(is_number).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().enumerate().map(|(at, cell)| {
            if numbers[at] {
                format!("{}{cell}", " ".repeat(widths[at].saturating_sub(width(cell))))
            } else {
                pad(cell, widths[at])
            }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut out = line(&names);
    out.push_str(&format!("{}\n", rule.join("  ")));
    out.extend(shown.iter().map(|row| line(row)));
    out
}

fn object(table: &Table, row: &[Cell]) -> Json {
    let mut members = Map::new();
    for (name, cell) in table.columns.iter().zip(row) {
        let value = match cell {
            Cell::Null => Json::Null,
            Cell::Integer(integer) => Json::from(*integer),
            Cell::Real(real) => Json::from(*real),
            Cell::Text(text) => Json::from(text.as_str()),
        };
        // A second column of the same name would vanish in an object.
        let mut free = name.clone();
        let mut number = 1;
        while members.contains_key(&free) {
            number += 1;
            free = format!("{name}_{number}");
        }
        members.insert(free, value);
    }
    Json::Object(members)
}

fn text(cell: &Cell, null: &str) -> String {
    match cell {
        Cell::Null => null.to_owned(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Real(real) => real.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// A field of CSV (RFC 4180, but for the ends of lines: shells take a carriage return for a part of the last value).
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            columns: ["name", "n", "name"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![Cell::Text("a, \"b\"\n\u{1b}[31m".to_owned()), Cell::Integer(8), Cell::Null],
                vec![Cell::Text("ä".to_owned()), Cell::Real(10.5), Cell::Text(String::new())],
            ],
        }
    }

    #[test]
    fn people_get_columns_without_control_characters() {
        let shown = render(&table(), OutputForm::Table, Style::plain(100, true));
        assert!(!shown.contains('\u{1b}'));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        assert!(lines[0].starts_with("name") && lines[1].starts_with("----"), "{shown}");
        assert!(lines[3].contains("  10.5"), "{shown}");
        let empty = Table { columns: vec!["x".to_owned()], rows: Vec::new() };
        assert_eq!(render(&empty, OutputForm::Table, Style::plain(100, true)), "x\n-\n");
    }

    #[test]
    fn programs_get_every_value() {
        let style = Style::plain(100, true);
        let lines = render(&table(), OutputForm::Jsonl, style);
        assert_eq!(lines.lines().nth(1), Some(r#"{"name":"ä","n":10.5,"name_2":""}"#));
        let all: Json = serde_json::from_str(&render(&table(), OutputForm::Json, style)).unwrap();
        assert_eq!(all[0]["name"], "a, \"b\"\n\u{1b}[31m");
        assert_eq!(all[0]["name_2"], Json::Null);
        let csv = render(&table(), OutputForm::Csv, style);
        assert!(csv.starts_with("name,n,name\n\"a, \"\"b\"\"\n"), "{csv}");
        assert!(csv.ends_with("ä,10.5,\n"), "{csv}");
    }
}
