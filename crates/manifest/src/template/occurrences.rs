//! Where a name stands in a template, and which member of it is meant there. The engine's own analysis does not tell
//! `flow["a"]` from `flow`, and only one of the two needs every instance of `flow`.

use crate::template::{Template, sections};
use std::ops::Range;

/// One place where a name is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// The name with everything that is walked below it, in bytes of the source.
    pub(crate) range: Range<usize>,
    /// The first member, if it is written out: `a` of `flow["a"]` and of `flow.a`.
    pub(crate) key: Option<String>,
    /// The member below it.
    pub(crate) member: Option<String>,
    /// True if the last member is called.
    pub(crate) called: bool,
}

impl Template {
    /// Every place where the template uses a name.
    pub(crate) fn occurrences(&self, name: &str) -> Vec<Occurrence> {
        occurrences(&self.source, self.is_bare, name)
    }
}

/// Every use of a name in code; `is_bare` if the whole text is code.
pub(crate) fn occurrences(source: &str, is_bare: bool, name: &str) -> Vec<Occurrence> {
    let whole = 0..source.len();
    let code = if is_bare { Vec::from([whole]) } else { sections(source) };
    let mut out = Vec::new();
    for section in code {
        let mut at = section.start;
        while let Some(c) = source.get(at..section.end).and_then(|rest| rest.chars().next()) {
            if matches!(c, '\'' | '"') {
                at = quoted(source, at, section.end).map_or(section.end, |(_, end)| end);
            } else if is_start(c) {
                let end = word_end(source, at, section.end);
                let before = source[section.start..at].trim_end();
                let after = source[end..section.end].trim_start();
                let is_argument = after.starts_with('=') && !after.starts_with("==");
                if &source[at..end] == name && !before.ends_with('.') && !is_argument {
                    let found = walk(source, at, end, section.end);
                    at = found.range.end;
                    out.push(found);
                } else {
                    at = end;
                }
            } else {
                // Digits before letters belong to a number, and a number ends no name.
                at += c.len_utf8();
            }
        }
    }
    out
}

/// Every filter and test that code names: which of the two, and where its name stands.
pub(crate) fn operations(source: &str) -> Vec<(&'static str, Range<usize>)> {
    let mut out = Vec::new();
    for section in sections(source) {
        let mut at = section.start;
        // What the last sign or word announces.
        let mut next: Option<&'static str> = None;
        while let Some(c) = source.get(at..section.end).and_then(|rest| rest.chars().next()) {
            if matches!(c, '\'' | '"') {
                at = quoted(source, at, section.end).map_or(section.end, |(_, end)| end);
                next = None;
            } else if is_start(c) {
                let end = word_end(source, at, section.end);
                let word = &source[at..end];
                let is_member = source[section.start..at].ends_with('.');
                next = match next {
                    Some("test") if word == "not" => next,
                    Some(kind) => {
                        out.push((kind, at..end));
                        None
                    }
                    None => (word == "is" && !is_member).then_some("test"),
                };
                at = end;
            } else {
                next = if c == '|' { Some("filter") } else { next.filter(|_| c.is_whitespace()) };
                at += c.len_utf8();
            }
        }
    }
    out
}

/// The members below a name that ends at `at`.
fn walk(source: &str, start: usize, mut at: usize, end: usize) -> Occurrence {
    let mut members: Vec<String> = Vec::new();
    let mut open = true;
    while open {
        let rest = &source[at..end];
        if let Some(after) = rest.strip_prefix('.').filter(|after| after.starts_with(is_part)) {
            let from = end - after.len();
            let to = word_end(source, from, end);
            members.push(source[from..to].to_owned());
            at = to;
        } else if let Some((key, after)) = rest.starts_with('[').then(|| subscript(source, at, end)).flatten()
        {
            members.push(key);
            at = after;
        } else {
            open = false;
        }
    }
    let called = !members.is_empty() && source[at..end].trim_start().starts_with('(');
    let mut members = members.into_iter();
    Occurrence { range: start..at, key: members.next(), member: members.next(), called }
}

/// The key of a subscript that is written out, and where the subscript ends.
fn subscript(source: &str, at: usize, end: usize) -> Option<(String, usize)> {
    let blank = |from: usize| end - source[from..end].trim_start().len();
    let start = blank(at + 1);
    let (key, after) = match source.get(start..end)?.chars().next()? {
        '\'' | '"' => quoted(source, start, end)?,
        c if c.is_ascii_digit() => {
            let length = source[start..end].find(|c: char| !c.is_ascii_digit())?;
            (source[start..start + length].to_owned(), start + length)
        }
        _ => return None,
    };
    let close = blank(after);
    source.get(close..end)?.starts_with(']').then_some((key, close + 1))
}

/// The text of a quoted literal at `at`, and where it ends.
fn quoted(source: &str, at: usize, end: usize) -> Option<(String, usize)> {
    let mut chars = source.get(at..end)?.char_indices();
    let (_, quote) = chars.next()?;
    let mut out = String::new();
    let mut escaped = false;
    for (offset, c) in chars {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, c) if c == quote => return Some((out, at + offset + 1)),
            (was, c) => {
                if was && !matches!(c, '\\' | '\'' | '"') {
                    out.push('\\');
                }
                escaped = false;
                out.push(c);
            }
        }
    }
    None
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_end(source: &str, at: usize, end: usize) -> usize {
    source[at..end].find(|c| !is_part(c)).map_or(end, |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        occurrences(source, false, "flow")
            .iter()
            .map(|o| format!("{} {}", &source[o.range.clone()], o.key.as_deref().unwrap_or("*")))
            .collect()
    }

    #[test]
    fn written_keys_are_told_from_the_whole() {
        assert_eq!(
            found("{{ flow[\"a\"].Uri }}-{{ flow['b\\'c'] }}"),
            ["flow[\"a\"].Uri a", "flow['b\\'c'] b'c"]
        );
        assert_eq!(found("{{ flow.a.Uri }} {{ flow[ 0 ] }}"), ["flow.a.Uri a", "flow[ 0 ] 0"]);
        assert_eq!(found("{% for k, f in flow.items() %}{{ f }}{% endfor %}"), ["flow.items items"]);
        assert_eq!(found("{{ flow[key].Uri }} {{ flow | length }}"), ["flow *", "flow *"]);
    }

    #[test]
    fn other_words_are_no_uses() {
        assert!(
            found("flow.a {# flow.b #} {{ 'flow.c' }} {{ x.flow }} {{ flows }} {{ f(flow=1) }} {{ xflow }}")
                .is_empty()
        );
        assert_eq!(found("{{ flow == 1 }}"), ["flow *"]);
        assert_eq!(occurrences("x == flow.a", true, "flow").len(), 1);
    }

    #[test]
    fn filters_and_tests_are_found_by_what_stands_before_them() {
        let source =
            "{{ a.is | upper|join('| no') if b is not defined and c is in [1] }} | no {% if d is even %}";
        let found: Vec<(&str, &str)> =
            operations(source).iter().map(|(kind, at)| (*kind, &source[at.clone()])).collect();
        assert_eq!(
            found,
            [("filter", "upper"), ("filter", "join"), ("test", "defined"), ("test", "in"), ("test", "even")]
        );
    }

    #[test]
    fn what_ends_early_is_the_whole() {
        for source in ["{{ flow[", "{{ flow['a", "{{ flow[1", "{{ flow. }}", "{{ flow['a' + 'b'] }}"] {
            assert_eq!(found(source), ["flow *"], "{source}");
        }
    }
}
