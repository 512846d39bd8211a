//! Texts that come from a cloud or a manifest, made safe to show; measuring and padding by display width.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

use super::view::ValueView;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text filled with spaces to a width.
pub fn pad(text: &str, to: usize) -> String {
    let mut padded = text.to_owned();
    padded.extend(std::iter::repeat_n(' ', to.saturating_sub(width(text))));
    padded
}

/// The text cut to a width, by display columns, never inside a character.
pub fn cut(text: &str, to: usize, unicode: bool) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mark = if unicode { "…" } else { "..." };
    let room = to.saturating_sub(width(mark));
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > room {
            break;
        }
        out.push(c);
    }
    out + mark
}

/// Characters that could drive a terminal or turn the reading direction: never shown raw.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text from elsewhere on one line: control characters become visible escapes.
pub fn clean(text: &str, unicode: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_unsafe(c) || (!unicode && !c.is_ascii()) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// A text in double quotes, as JSON writes it, safe to show.
pub fn quoted(text: &str, unicode: bool) -> String {
    let json = Json::String(text.to_owned()).to_string();
    escape(&json, unicode)
}

fn escape(json: &str, unicode: bool) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) || (!unicode && !c.is_ascii()) {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// JSON on one line: `{"a": 1, "b": [true, null]}`.
pub fn inline(json: &Json, unicode: bool) -> String {
    inline_with(json, &BTreeMap::new(), "", unicode)
}

/// JSON on one line, with words where `parts` says that a value cannot be shown.
fn inline_with(json: &Json, parts: &BTreeMap<String, ValueView>, at: &str, unicode: bool) -> String {
    if let Some(part) = parts.get(at) {
        return words(part, unicode);
    }
    match json {
        Json::Object(map) => {
            let members: Vec<String> = map
                .iter()
                .map(|(key, value)| {
                    let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                    format!("{}: {}", quoted(key, unicode), inline_with(value, parts, &at, unicode))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Json::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .enumerate()
                .map(|(i, value)| inline_with(value, parts, &format!("{at}/{i}"), unicode))
                .collect();
            format!("[{}]", items.join(", "))
        }
        Json::String(text) => quoted(text, unicode),
        other => other.to_string(),
    }
}

/// A value on one line. Absent, null and empty are three different words (plan-ux 3).
pub fn words(value: &ValueView, unicode: bool) -> String {
    match value {
        ValueView::Known { value } | ValueView::Default { value } => inline(value, unicode),
        ValueView::Partial { value, parts } => inline_with(value, parts, "", unicode),
        ValueView::Absent => "(absent)".to_owned(),
        ValueView::KnownAfterApply { from, sensitive } => {
            let lead = if *sensitive { "sensitive, known after apply" } else { "known after apply" };
            format!("({lead}: {})", clean(&from.join(", "), unicode))
        }
        ValueView::Sensitive { changed: Some(true) } => "(sensitive, changes)".to_owned(),
        ValueView::Sensitive { changed: Some(false) } => "(sensitive, same)".to_owned(),
        ValueView::Sensitive { changed: None } => "(sensitive, cannot compare)".to_owned(),
        ValueView::WriteOnly => "(write-only)".to_owned(),
        ValueView::Unreadable => "(unreadable)".to_owned(),
    }
}

/// Lines of a value that is better read in several: text with line ends, JSON in a string, lists and objects.
/// `None`: it reads best on one line.
pub fn block(value: &ValueView, unicode: bool) -> Option<Vec<String>> {
    let json = match value {
        ValueView::Known { value } | ValueView::Default { value } => value,
        _ => return None,
    };
    match json {
        Json::String(text) => match embedded(text) {
            Some(parsed) => Some(pretty_lines(&parsed, unicode)),
            None if text.trim_end_matches('\n').contains('\n') => {
                Some(text.lines().map(|line| escape_line(line, unicode)).collect())
            }
            None => None,
        },
        Json::Object(map) if !map.is_empty() => Some(pretty_lines(json, unicode)),
        Json::Array(items) if !items.is_empty() => Some(pretty_lines(json, unicode)),
        _ => None,
    }
}

/// The document in a string that holds JSON, keys sorted so that order makes no line.
pub fn embedded(text: &str) -> Option<Json> {
    let trimmed = text.trim_start();
    if !(trimmed.starts_with('{') || trimmed.starts_with('[')) {
        return None;
    }
    serde_json::from_str(text).ok().map(super::value_view::sorted)
}

fn pretty_lines(json: &Json, unicode: bool) -> Vec<String> {
    format!("{json:#}").lines().map(|line| escape(line, unicode)).collect()
}

fn escape_line(line: &str, unicode: bool) -> String {
    clean(&line.replace('\t', "    "), unicode)
}

/// The words of a text in lines of at most `to` columns; a longer word has a line of its own.
pub fn wrap(text: &str, to: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= to => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `1 create`, `2 creates`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("{n} {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_cannot_drive_the_terminal() {
        assert_eq!(quoted("a\u{1b}[31mb\u{9b}c", true), r#""a\u001b[31mb\u009bc""#);
        assert_eq!(clean("a\u{1b}]0;x\nb", true), "a\\u{1b}]0;x b");
        assert_eq!(quoted("a\u{202e}b", true), r#""a\u202eb""#);
    }

    #[test]
    fn ascii_output_is_ascii() {
        assert_eq!(quoted("é→😀", false), r#""\u00e9\u2192\ud83d\ude00""#);
        assert!(clean("é", false).is_ascii());
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("日本語テキスト", 7, true), "日本語…");
        assert_eq!(cut("abcdef", 6, true), "abcdef");
        assert_eq!(cut("abcdefg", 6, false), "abc...");
    }

    #[test]
    fn absent_null_and_empty_are_three_words() {
        let word = |value| words(&ValueView::Known { value }, true);
        assert_eq!(words(&ValueView::Absent, true), "(absent)");
        assert_eq!(word(json!(null)), "null");
        assert_eq!(word(json!("")), r#""""#);
    }

    #[test]
    fn parts_that_cannot_be_shown_stand_in_their_place() {
        let parts = BTreeMap::from([("/b/0".to_owned(), ValueView::Sensitive { changed: Some(true) })]);
        let view = ValueView::Partial { value: json!({"a": 1, "b": [null]}), parts };
        assert_eq!(words(&view, true), r#"{"a": 1, "b": [(sensitive, changes)]}"#);
    }
}
