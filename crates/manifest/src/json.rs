//! Reads JSON files with the places of their nodes. `serde_json` decides what the file means; as it drops positions, a
//! second walk over the text, which is known to be good then, only says where things stand.

use crate::codes;
use crate::scalar::Style;
use crate::source_map::{SourceFile, SpanKind, SpanNode};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route};
use std::ops::Range;
use std::sync::Arc;

/// True if the text is JSON.
pub(crate) fn fits(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(without_mark(text)).is_ok()
}

/// Reads a file: its value, and its places into `file`. `None` if it is not JSON; the problems say why.
pub(crate) fn read(key: &str, file: &mut SourceFile, problems: &mut Diagnostics) -> Option<Json> {
    let route = Route { file: key.to_owned(), steps: Vec::new() };
    let body = without_mark(&file.text);
    let base = file.text.len() - body.len();
    match serde_json::from_str::<Json>(body) {
        Ok(value) => {
            let mut scan = Scan { text: &file.text, at: base, route: &route, problems };
            let root = scan.node();
            file.root = Some(root);
            Some(value)
        }
        Err(error) => {
            let start: usize =
                body.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            // Columns count bytes, and that of an end of file is the last one before it.
            let at = (base + start + error.column().saturating_sub(1)).min(file.text.len());
            let words = error.to_string();
            let why = words.split(" at line ").next().unwrap_or(&words).to_owned();
            problems.push(Diagnostic::error(codes::JSON_SYNTAX, "this is not valid JSON").at_part(
                route,
                Part::Within(at..at + 1),
                why,
            ));
            None
        }
    }
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    route: &'t Route,
    problems: &'t mut Diagnostics,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a byte if it comes next.
    fn take(&mut self, wanted: u8) -> bool {
        let found = self.next() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The node that comes next. `serde_json` has bounded the depth.
    fn node(&mut self) -> SpanNode {
        let first = self.next();
        let start = self.at;
        let kind = match first {
            Some(b'{') => {
                self.at += 1;
                self.members()
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !matches!(self.next(), Some(b']') | None) {
                    items.push(self.node());
                    self.take(b',');
                }
                self.take(b']');
                SpanKind::Seq(items)
            }
            Some(b'"') => {
                let text = self.string();
                SpanKind::Scalar(Style::Double, text)
            }
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
                // At least one byte, so that a text that is no JSON after all ends.
                self.at = (self.at + end.max(1)).min(self.text.len());
                SpanKind::Scalar(Style::Plain, rest[..end].to_owned())
            }
        };
        let value = start..self.at;
        SpanNode { key: None, content: value.clone(), value, kind: Arc::new(kind) }
    }

    fn members(&mut self) -> SpanKind {
        let mut map: IndexMap<String, SpanNode> = IndexMap::new();
        while self.next() == Some(b'"') {
            let start = self.at;
            let name = self.string();
            let key = start..self.at;
            self.take(b':');
            let node = self.node();
            if let Some(first) = map.get(&name).and_then(|known| known.key.clone()) {
                self.twice(&name, key.clone(), first);
            }
            map.insert(name, SpanNode { key: Some(key), ..node });
            self.take(b',');
        }
        self.take(b'}');
        SpanKind::Map(map)
    }

    /// The string that begins here.
    fn string(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let raw = &rest[..end.map_or(rest.len(), |end| end + 2)];
        self.at += raw.len();
        serde_json::from_str(raw).unwrap_or_default()
    }

    fn twice(&mut self, name: &str, again: Range<usize>, first: Range<usize>) {
        self.problems.push(
            Diagnostic::error(codes::DUPLICATE_KEY, format!("the key `{name}` is written twice"))
                .at_part(self.route.clone(), Part::Within(again), "again here")
                .at_part(self.route.clone(), Part::Within(first), "first here")
                .next("remove one of the two: a reader would keep only the last"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source_map::SourceMap;
    use proptest::prelude::*;
    use stack_core::diagnostic::Label;

    fn read_all(text: &str) -> (Option<Json>, SourceMap, Diagnostics) {
        let mut file = SourceFile::new("a.json", text);
        let mut problems = Diagnostics::new();
        let value = read("a.json", &mut file, &mut problems);
        let mut map = SourceMap::default();
        map.add("a.json", file);
        (value, map, problems)
    }

    fn at(map: &SourceMap, text: &str, route: Route, part: Part) -> String {
        let span = map.span(&Label { route, part, text: String::new() }).unwrap();
        format!("{}:{} {}", span.line, span.column, &text[span.start_byte..span.end_byte])
    }

    #[test]
    fn nodes_have_places() {
        let text = "{\n\t\"a\": [1, {\"b\\\"c\": \"x {{ \\u00e9 }} y\"}],\n  \"d\": null\n}\n";
        let (value, map, problems) = read_all(text);
        assert!(problems.is_empty());
        assert_eq!(value.unwrap()["a"][1]["b\"c"], "x {{ é }} y");
        let root = Route { file: "a.json".to_owned(), steps: Vec::new() };
        let deep = root.key("a").index(1).key("b\"c");
        assert_eq!(at(&map, text, deep.clone(), Part::Value), r#"2:20 "x {{ \u00e9 }} y""#);
        assert_eq!(at(&map, text, deep.clone(), Part::Key), r#"2:12 "b\"c""#);
        assert_eq!(at(&map, text, deep, Part::Within(5..7)), r"2:26 \u00e9");
        assert_eq!(at(&map, text, root.key("d"), Part::Value), "3:8 null");
        assert_eq!(at(&map, text, root.key("a").index(0), Part::Value), "2:8 1");
    }

    #[test]
    fn keys_written_twice_and_bad_syntax_have_places() {
        let (_, map, problems) = read_all("{\"a\": 1,\n \"a\": 2}");
        assert_eq!(map.span(&problems[0].labels[0]).map(|s| (s.line, s.column)), Some((2, 2)));
        let (value, map, problems) = read_all("{\"a\": 1,\n}");
        assert!(value.is_none());
        assert_eq!(problems[0].labels[0].text, "trailing comma");
        assert_eq!(map.span(&problems[0].labels[0]).map(|s| (s.line, s.column)), Some((2, 1)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\ \n0-9a-eé]{0,40}") {
            let (value, _, problems) = read_all(&text);
            prop_assert!(value.is_some() || !problems.is_empty());
            let mut file = SourceFile::new("x", text.as_str());
            let mut none = Diagnostics::new();
            let route = Route::default();
            file.root = Some(Scan { text: &text, at: 0, route: &route, problems: &mut none }.node());
        }
    }
}
