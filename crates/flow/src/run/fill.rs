//! From a rendered statement with its values beside it to the text that the SQL engine reads.

use crate::codes;
use serde_json::{Value as Json, json};
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, Script};
use stack_core::pointer::Pointer;
use stack_core::redact::MARK;
use stack_core::statement::{Hole, Marked, hole_number, text_of};
use stack_core::value::{Secret, Value};
use stack_sql::holes::sole;
use stack_sql::holes::undoubled;
use stack_sql::lex::{Part, parts};
use stack_sql::{SqlError, codes as sql};
use std::fmt;
use std::ops::Range;

/// A statement in clear, for execution and for nothing else.
#[derive(Clone)]
pub(super) struct Filled {
    /// What it is for.
    pub(super) anchor: AnchorKind,
    /// As it was rendered.
    pub(super) marked: Marked,
    /// With its values. In clear.
    pub(super) text: String,
    /// True if a secret is in the text.
    pub(super) has_secret: bool,
    /// True if a secret stands where it may be part of a column.
    shows_secret: bool,
    /// Places of values that are not known yet; only of drafts.
    pub(super) unknown: Vec<(Range<usize>, Part)>,
    /// Where values were put in: place in the text now, and the place of the character before.
    moved: Vec<(Range<usize>, Range<usize>)>,
}

/// Secrets stay out of it.
impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").field("anchor", &self.anchor).finish_non_exhaustive()
    }
}

impl Filled {
    /// Puts the values in: into quotes with every quote doubled, elsewhere as they are. Comments lose theirs. A literal
    /// that is a patch document keeps the types that the document has, unless it is to be sent as rendered: its text has
    /// turned `"14"` into a number (stackql-compat 4.1).
    ///
    /// # Errors
    /// A value outside of quotes that would change the statement, or that is sensitive.
    pub(super) fn of(
        anchor: AnchorKind,
        marked: Marked,
        script: &dyn Script,
        as_rendered: bool,
    ) -> Result<Self, Box<Diagnostic>> {
        let placed = |before: Range<usize>, why: &str| {
            let (route, part) = script.place(anchor, &marked, Some(before));
            let message = format!("a value of `{anchor}` cannot stand outside of quotes");
            let told = Diagnostic::error(codes::UNQUOTED, message).at_part(route, part, why);
            Box::new(told.next("put quotes around it: '{{ name }}'"))
        };
        let mut text = String::with_capacity(marked.text.len());
        let mut moved = Vec::new();
        // What must be code, or inside of a quoted name, in the text as a whole.
        let mut bare: Vec<(Range<usize>, Range<usize>, Part)> = Vec::new();
        let mut has_secret = false;
        let mut shows_secret = false;
        let filters = filters_from(&marked.text);
        let mut unknown = Vec::new();
        for (range, part) in parts(&marked.text) {
            let inside = marked.text[range.clone()].trim_matches('\'');
            let document = sole(inside, &marked.holes).filter(|_| part == Part::Literal && !as_rendered);
            let document = document.and_then(|hole| operations(hole.document.as_ref()?));
            for (at, c) in marked.text[range.clone()].char_indices() {
                let Some(number) = hole_number(c) else {
                    text.push(c);
                    continue;
                };
                let before = range.start + at..range.start + at + c.len_utf8();
                let start = text.len();
                let hole = marked.holes.get(number);
                if part != Part::Comment && hole.is_some_and(|hole| hole.value.unknown().is_some()) {
                    text.push(c);
                    unknown.push((start..text.len(), part));
                    moved.push((start..text.len(), before));
                    continue;
                }
                match part {
                    Part::Comment => {}
                    Part::Literal => {
                        let is_secret = hole.is_some_and(|hole| hole.value.has_secret());
                        has_secret |= is_secret;
                        shows_secret |= is_secret && filters.is_none_or(|from| before.start < from);
                        let value = document.clone().unwrap_or_else(|| once(hole));
                        text.push_str(&value.replace('\'', "''"));
                    }
                    Part::Code | Part::Name => {
                        if hole.is_some_and(|hole| hole.value.has_secret()) {
                            return Err(placed(before, "this is a sensitive value"));
                        }
                        let value = plain(hole);
                        if let Some(why) = breaks(&value) {
                            return Err(placed(before, why));
                        }
                        text.push_str(&value);
                        bare.push((start..text.len(), before.clone(), part));
                    }
                }
                moved.push((start..text.len(), before));
            }
        }
        // Together with the characters beside it a value may still begin a comment.
        let now = parts(&text);
        for (range, before, part) in bare {
            let touches = |own: &Range<usize>| own.start < range.end && range.start < own.end;
            let holds = now.iter().filter(|(own, _)| touches(own)).all(|(own, kind)| match (part, kind) {
                (Part::Name, kind) => *kind == Part::Name,
                (_, Part::Code) => true,
                (_, Part::Literal | Part::Name) => range.start <= own.start && own.end <= range.end,
                (_, Part::Comment) => false,
            });
            if !holds {
                return Err(placed(before, "this would begin a comment"));
            }
        }
        Ok(Self { anchor, marked, text, has_secret, shows_secret, unknown, moved })
    }

    /// The text for people: a secret where it holds one.
    pub(super) fn shown(&self) -> Value {
        let text = Value::text(self.text.as_str());
        if self.has_secret { Value::Secret(Secret::new(text)) } else { text }
    }

    /// A value that the statement gave, as a secret where it may show one. Where a secret stands in the columns, every
    /// value may be made of it, in ways that no redactor knows; where it only filters rows, what holds it is secret.
    pub(super) fn seal(&self, value: Value) -> Value {
        let Some(text) = value.scalar_text().filter(|text| self.has_secret && !text.is_empty()) else {
            return value;
        };
        let secrets = self.marked.holes.iter().filter(|hole| hole.value.has_secret());
        let mut secrets = secrets.map(|hole| plain(Some(hole))).filter(|secret| !secret.is_empty());
        if self.shows_secret || secrets.any(|secret| text.contains(&secret)) { value.hidden() } else { value }
    }

    /// The place in the rendered text for a place in the text with its values.
    fn before(&self, range: &Range<usize>) -> Range<usize> {
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

    /// A problem of the SQL engine at its place in the query file. Words that may quote a secret are left out.
    pub(super) fn diagnostic(&self, script: &dyn Script, error: SqlError) -> Diagnostic {
        let mut error = if self.has_secret { sealed(error) } else { error };
        let range = error.at.take().map(|range| self.before(&range));
        let label = std::mem::take(&mut error.label);
        let (route, part) = script.place(self.anchor, &self.marked, range);
        let mut told = error.diagnostic(None).at_part(route, part, label);
        told.labels.truncate(1);
        told
    }
}

/// A problem without its words: only what kind of problem it is. Where the words name tables and columns they stay, for
/// values stand in literals only.
fn sealed(error: SqlError) -> SqlError {
    const NAMES: [stack_core::diagnostic::Code; 4] =
        [sql::NO_SUCH_TABLE, sql::NO_SUCH_COLUMN, sql::MISSING_PARAMETER, sql::CALL_FAILED];
    if NAMES.contains(&error.code) {
        return error;
    }
    let title =
        sql::ALL.iter().find(|one| one.code == error.code).map_or("A value does not fit", |one| one.title);
    let mut rest = title.chars();
    let title: String = rest.next().into_iter().flat_map(char::to_lowercase).chain(rest).collect();
    SqlError::new(error.code, title)
        .at(error.at)
        .note("why", "the statement holds a sensitive value, so that it is not quoted")
}

/// Where the conditions of the last SELECT begin. What stands after that is in no column.
fn filters_from(text: &str) -> Option<usize> {
    let mut filters = None;
    for (range, part) in parts(text) {
        if part != Part::Code {
            continue;
        }
        let mut at = range.start;
        for word in text[range].split(|c: char| !c.is_alphanumeric() && c != '_') {
            if word.eq_ignore_ascii_case("select") {
                filters = None;
            } else if word.eq_ignore_ascii_case("where") {
                filters = filters.or(Some(at));
            }
            // One character beside it ended the word.
            at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        }
    }
    filters
}

/// The patch document of `generate_patch_document`, its members with their own types.
fn operations(document: &Value) -> Option<String> {
    let members = document.as_object()?.iter().map(|(name, value)| {
        Some(
            json!({"op": "add", "path": Pointer::of([name.as_str()]).to_string(), "value": value.exposed()?}),
        )
    });
    Some(Json::Array(members.collect::<Option<_>>()?).to_string())
}

/// A value of a literal. What was doubled for the predecessor is one quote.
fn once(hole: Option<&Hole>) -> String {
    hole.and_then(|hole| text_of(&undoubled(hole.value.clone()))).unwrap_or_default()
}

/// See [`super::shown`].
pub(super) fn shown(marked: &Marked) -> String {
    let mut text = String::with_capacity(marked.text.len());
    for (range, part) in parts(&marked.text) {
        for c in marked.text[range].chars() {
            let Some(number) = hole_number(c) else {
                text.push(c);
                continue;
            };
            let value = marked.holes.get(number).map(told).unwrap_or_default();
            match part {
                Part::Literal => text.push_str(&value.replace('\'', "''")),
                Part::Code | Part::Name | Part::Comment => text.push_str(&value),
            }
        }
    }
    text
}

/// The text of a value for people.
fn told(hole: &Hole) -> String {
    let value = match (&hole.value, &hole.document) {
        // A patch document that waits for one value is shown with all the others.
        (Value::Unknown(_), Some(Value::Object(members))) => Value::Array(
            members
                .iter()
                .map(|(name, value)| {
                    let path = Pointer::of([name.as_str()]).to_string();
                    let mut operation = Value::object();
                    if let Value::Object(map) = &mut operation {
                        map.insert("op".to_owned(), Value::text("add"));
                        map.insert("path".to_owned(), Value::text(path));
                        map.insert("value".to_owned(), value.clone());
                    }
                    operation
                })
                .collect(),
        ),
        (value, _) => value.clone(),
    };
    text_of(&marked_out(value)).unwrap_or_default()
}

/// A value whose secrets and unknown parts are words.
fn marked_out(value: Value) -> Value {
    match value {
        Value::Secret(_) => Value::text(MARK),
        Value::Unknown(unknown) if unknown.sensitive => Value::text(MARK),
        Value::Unknown(unknown) => {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            Value::text(format!("(known after apply: {})", from.join(", ")))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(marked_out).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(name, value)| (name, marked_out(value))).collect())
        }
        other => other,
    }
}

fn plain(hole: Option<&Hole>) -> String {
    hole.and_then(|hole| text_of(&hole.value)).unwrap_or_default()
}

/// Why a text must not stand outside of quotes.
fn breaks(text: &str) -> Option<&'static str> {
    // Whole literals are welcome: `IN {{ names | sql_list }}`.
    for (range, part) in parts(text) {
        let piece = &text[range];
        match part {
            Part::Comment => return Some("this holds a comment"),
            Part::Code if piece.contains(';') => return Some("this holds a `;`"),
            Part::Code if piece.contains("*/") => return Some("this holds a comment"),
            Part::Literal | Part::Name if !is_whole(piece) => {
                return Some("this holds a quote without its end");
            }
            Part::Code | Part::Literal | Part::Name => {}
        }
    }
    text.starts_with(['{', '[']).then_some("this is JSON")
}

/// True if quoted text ends as it begins.
fn is_whole(piece: &str) -> bool {
    let mut chars = piece.chars();
    let (first, last) = (chars.next(), chars.next_back());
    first.is_some() && first == last && piece.chars().filter(|c| Some(*c) == first).count() % 2 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_begin_after_the_last_select() {
        let of = |text: &'static str| filters_from(text).map(|at| &text[at..]);
        assert_eq!(of("SELECT a FROM t WHERE b = 'é' -- where"), Some("WHERE b = 'é' -- where"));
        assert_eq!(of("SELECT 'where' AS a FROM t"), None);
        assert_eq!(of("SELECT a FROM t WHERE b IN (SELECT c FROM u)"), None);
        assert_eq!(of("SELECT a FROM t where b = 1 UNION SELECT 'x'"), None);
    }
    use serde_json::json;
    use stack_core::ids::Address;
    use stack_core::statement::hole;
    use stack_core::value::Unknown;

    fn of(text: &str, values: Vec<(Value, Option<Value>)>) -> String {
        let mut text = text.to_owned();
        for number in 0..values.len() {
            text = text.replacen('?', &hole(number).unwrap().to_string(), 1);
        }
        let holes = values.into_iter().map(|(value, document)| Hole { value, document }).collect();
        shown(&Marked { text, holes })
    }

    #[test]
    fn people_see_values_as_they_are_sent_secrets_as_a_mark_and_what_waits_by_its_name() {
        let later = || Value::Unknown(Unknown::of(&Address::new("vpc"), "VpcId"));
        let secret = Value::Secret(Secret::new(Value::text("x")));
        let text = of(
            "SELECT '?', ?, '?' WHERE a = '?' -- ?",
            vec![
                (Value::text("it's"), None),
                (Value::from(json!(5)), None),
                (secret.clone(), None),
                (later(), None),
                (secret.clone(), None),
            ],
        );
        let shown =
            "SELECT 'it''s', 5, '(sensitive)' WHERE a = '(known after apply: vpc.VpcId)' -- (sensitive)";
        assert_eq!(text, shown);
        // A document is shown with the members that are known.
        let mut members = Value::from(json!({"A/b": 1}));
        if let Value::Object(map) = &mut members {
            map.insert("Id".to_owned(), later());
            map.insert("Password".to_owned(), secret);
        }
        let text = of("'?'", vec![(later(), Some(members))]);
        let shown = r#"'[{"op":"add","path":"/A~1b","value":1},{"op":"add","path":"/Id","value":"(known after apply: vpc.VpcId)"},{"op":"add","path":"/Password","value":"(sensitive)"}]'"#;
        assert_eq!(text, shown);
    }
}
