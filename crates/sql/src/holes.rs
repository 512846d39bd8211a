//! Values in statements: what a literal is once its holes are filled, and holes where no quotes are.

use crate::lex::{Part, parts};
use stack_core::statement::{Hole, Marked, hole_number, joined, text_of};
use stack_core::value::{Secret, Value};
use std::ops::Range;

/// Why a value cannot stand where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unquoted {
    /// The character that stands for it.
    pub at: Range<usize>,
    /// What it is.
    pub why: &'static str,
}

/// A statement whose values outside of quotes are part of its text, as a parser needs it. Each byte of the text knows
/// where it was before.
#[derive(Clone, Debug, PartialEq)]
pub struct Inlined {
    /// The statement.
    pub marked: Marked,
    /// Where values were put in: place in the text now, and the place of the character before.
    moved: Vec<(Range<usize>, Range<usize>)>,
}

impl Inlined {
    /// The place in the text as it was, for a place in the text as it is.
    pub fn before(&self, range: &Range<usize>) -> Range<usize> {
        let at = |place: usize, is_end: bool| {
            let mut shift = 0_isize;
            for (now, before) in &self.moved {
                if place >= now.end {
                    shift = before.end.cast_signed() - now.end.cast_signed();
                } else if place > now.start || (place == now.start && is_end) {
                    return if is_end { before.end } else { before.start };
                }
            }
            place.saturating_add_signed(shift)
        };
        at(range.start, false)..at(range.end, true).max(at(range.start, false))
    }
}

/// Puts values that stand outside of quotes into the text. Comments lose theirs.
///
/// # Errors
/// A value that is not known yet or secret: the text of a statement must be known, and secrets must be in no text.
pub fn inlined(marked: &Marked) -> Result<Inlined, Unquoted> {
    let mut out = Inlined {
        marked: Marked { text: String::with_capacity(marked.text.len()), holes: marked.holes.clone() },
        moved: Vec::new(),
    };
    for (range, part) in parts(&marked.text) {
        let piece = &marked.text[range.clone()];
        if part == Part::Literal || !piece.contains(|c| hole_number(c).is_some()) {
            out.marked.text.push_str(piece);
            continue;
        }
        for (at, c) in piece.char_indices() {
            let Some(number) = hole_number(c) else {
                out.marked.text.push(c);
                continue;
            };
            let before = range.start + at..range.start + at + c.len_utf8();
            let start = out.marked.text.len();
            if part != Part::Comment {
                let hole = marked.holes.get(number);
                let text = hole.map(plain).unwrap_or(Err("no value"));
                let text = text.map_err(|why| Unquoted { at: before.clone(), why })?;
                out.marked.text.push_str(&text);
            }
            out.moved.push((start..out.marked.text.len(), before));
        }
    }
    Ok(out)
}

/// A value as plain text of a statement.
fn plain(hole: &Hole) -> Result<String, &'static str> {
    if hole.value.unknown().is_some() {
        return Err("a value that is not known yet");
    }
    if hole.value.has_secret() {
        return Err("a sensitive value");
    }
    let text = text_of(&hole.value).ok_or("no text")?;
    if text.contains(|c| hole_number(c).is_some()) { Err("a text with private characters") } else { Ok(text) }
}

/// The value of a literal: `text` without its quotes, holes in it. A literal that is one hole is that value with its own
/// type; around others the text is put together, unknown if one part is, secret if one part is.
pub fn value(text: &str, holes: &[Hole]) -> Value {
    if let Some(hole) = sole(text, holes) {
        return undoubled(hole.value.clone());
    }
    let read: Vec<Hole> = holes
        .iter()
        .map(|hole| Hole { value: undoubled(hole.value.clone()), document: hole.document.clone() })
        .collect();
    joined(text, &read)
}

/// A value as a literal reads it. The predecessor pastes values into the text, so projects double the quotes in them: by hand,
/// with `sql_escape`, with `replace`. Where every quote of a text is doubled, each pair is one quote; a text with a single one
/// is what it is, because there the predecessor had no statement at all (stackql-compat 1.7).
pub fn undoubled(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains("''") && !text.replace("''", "").contains('\'') => {
            Value::String(text.replace("''", "'"))
        }
        Value::Secret(secret) => Value::Secret(Secret::new(undoubled(secret.expose().clone()))),
        Value::Array(items) => Value::Array(items.into_iter().map(undoubled).collect()),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, undoubled(value))).collect())
        }
        plain => plain,
    }
}

/// The hole that a literal consists of. Blanks around it belong to a text, and to nothing else.
pub fn sole<'h>(text: &str, holes: &'h [Hole]) -> Option<&'h Hole> {
    let mut chars = text.trim().chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    let hole = holes.get(hole_number(c)?)?;
    let is_text = hole.document.is_none() && !matches!(hole.value, Value::Array(_) | Value::Object(_));
    (!is_text || text.len() == c.len_utf8()).then_some(hole)
}

/// The parts of a literal between its own `|`; one in a value does not count.
pub fn split(text: &str, holes: &[Hole]) -> Vec<Value> {
    text.split('|').map(|part| value(part, holes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::statement::hole;
    use stack_core::value::Unknown;

    fn marked(text: &str, values: &[Value]) -> Marked {
        let mut text = text.to_owned();
        for number in 0..values.len() {
            text = text.replace(&format!("${number}"), &hole(number).unwrap().to_string());
        }
        let holes = values.iter().map(|value| Hole { value: value.clone(), document: None }).collect();
        Marked { text, holes }
    }

    fn secret(text: &str) -> Value {
        Value::Secret(Secret::new(Value::text(text)))
    }

    #[test]
    fn values_outside_of_quotes_become_text_and_those_inside_stay() {
        let given = marked(
            "SELECT $0, '$1' -- $1\n FROM a.$2",
            &[Value::from(serde_json::json!(7)), secret("s"), Value::text("b")],
        );
        let inlined = inlined(&given).unwrap();
        assert_eq!(inlined.marked.text, format!("SELECT 7, '{}' -- \n FROM a.b", hole(1).unwrap()));
        let now = inlined.marked.text.find("FROM").unwrap();
        let before = given.text.find("FROM").unwrap();
        assert_eq!(inlined.before(&(now..now + 4)), before..before + 4);
        assert_eq!(inlined.before(&(7..8)), 7..11);
    }

    #[test]
    fn what_must_not_be_text_needs_quotes() {
        for value in [secret("s"), Value::Unknown(Unknown::default()), Value::text("\u{F0000}")] {
            assert!(inlined(&marked("SELECT $0", &[value])).is_err());
        }
    }

    #[test]
    fn a_literal_is_its_value_or_a_text_put_together() {
        let values = [Value::from(serde_json::json!([1])), secret("s"), Value::text("it's")];
        let of = |text: &str| {
            let marked = marked(text, &values);
            value(&marked.text, &marked.holes)
        };
        assert_eq!(of("$0"), values[0]);
        assert_eq!(of("$2"), Value::text("it's"));
        assert_eq!(of("a-$2-$0"), Value::text("a-it's-[1]"));
        assert_eq!(of("a-$1"), secret("a-s"));
        let unknown = marked("$0$1", &[Value::Unknown(Unknown::default()), secret("s")]);
        let Value::Unknown(unknown) = value(&unknown.text, &unknown.holes) else { panic!() };
        assert!(unknown.sensitive);
    }

    #[test]
    fn quotes_that_are_all_doubled_are_read_once() {
        let of = |text: &str| undoubled(Value::text(text));
        for (written, read) in [
            ("it''s", "it's"),
            ("''", "'"),
            ("''''", "''"),
            ("it's", "it's"),
            ("it''s Bob's", "it''s Bob's"),
            ("'''", "'''"),
            ("plain", "plain"),
        ] {
            assert_eq!(of(written), Value::text(read), "{written}");
        }
        let given = marked("a $0 b $1", &[Value::text("it''s"), Value::text("Bob's")]);
        assert_eq!(value(&given.text, &given.holes), Value::text("a it's b Bob's"));
        let given = marked("$0", &[Value::from(serde_json::json!([{"k": "it''s"}, 5]))]);
        assert_eq!(value(&given.text, &given.holes), Value::from(serde_json::json!([{"k": "it's"}, 5])));
        assert_eq!(undoubled(secret("it''s")), secret("it's"));
    }

    #[test]
    fn only_written_bars_split() {
        let given = marked("$0|$1", &[Value::text("a|b"), Value::text("c")]);
        assert_eq!(split(&given.text, &given.holes), [Value::text("a|b"), Value::text("c")]);
    }
}
