//! Query files: anchors, their options, and the statements below them (stackql-compat 2.1 to 2.3).
//!
//! A file is cut into statements by lines such as `/*+ create, retries=3 */`. Nothing is evaluated here.

mod target;
#[cfg(test)]
mod tests;

pub(crate) use target::{has_code, table_of};

use crate::codes;
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route, nearest};
use stack_core::flow::ANCHOR_NAMES;
pub use stack_core::flow::{AnchorKind, AnchorOptions};
use std::borrow::Cow;
use std::ops::Range;

const OPTIONS: &[&str] = &[
    "retries",
    "retry_delay",
    "postdelete_retries",
    "postdelete_retry_delay",
    "short_circuit_field",
    "short_circuit_value",
];

/// One anchor with its statement. Ranges are bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// What it is for.
    pub kind: AnchorKind,
    /// Its name in the anchor line.
    pub name: Range<usize>,
    /// Its options.
    pub options: AnchorOptions,
    /// The statement, without blanks around it.
    pub body: Range<usize>,
    /// True for the first anchor of the file: the text before it belongs to it.
    is_first: bool,
}

/// A query file. With an anchor twice, only the last one is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryFile {
    /// The text before the first anchor, without blanks around it.
    pub preamble: Range<usize>,
    /// Anchors with a statement, in the order of the file.
    pub anchors: Vec<Anchor>,
}

impl QueryFile {
    /// The anchor of a kind.
    pub fn get(&self, kind: AnchorKind) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.kind == kind)
    }

    /// True if there is an anchor of this kind.
    pub fn has(&self, kind: AnchorKind) -> bool {
        self.get(kind).is_some()
    }

    /// The statement of an anchor. What stands before the first anchor of a file goes with that one.
    pub fn statement<'t>(&self, text: &'t str, anchor: &Anchor) -> Cow<'t, str> {
        let body = text.get(anchor.body.clone()).unwrap_or_default();
        match text.get(self.preamble.clone()) {
            Some(before) if anchor.is_first && !before.is_empty() => Cow::Owned(format!("{before}\n{body}")),
            _ => Cow::Borrowed(body),
        }
    }

    /// The same text in one piece, and where it begins in the file: blanks stand in place of the anchor line, so that every
    /// other byte keeps its place.
    pub(crate) fn placed(&self, text: &str, anchor: &Anchor) -> (usize, String) {
        if !anchor.is_first || self.preamble.is_empty() {
            return (anchor.body.start, text.get(anchor.body.clone()).unwrap_or_default().to_owned());
        }
        let part = |range: Range<usize>| text.get(range).unwrap_or_default();
        let between = part(self.preamble.end..anchor.body.start);
        let blanks: String =
            between.bytes().map(|b| if b == b'\n' || b == b'\r' { char::from(b) } else { ' ' }).collect();
        let whole = [part(self.preamble.clone()), &blanks, part(anchor.body.clone())].concat();
        (self.preamble.start, whole)
    }

    /// Cuts a file into its anchors. `route` is the file's; everything that looks wrong is a warning, because the
    /// predecessor reads such files without a word.
    pub fn read(text: &str, route: &Route) -> (Self, Diagnostics) {
        let mut reader = Reader { text, route, problems: Diagnostics::new() };
        let file = reader.file();
        (file, reader.problems)
    }
}

struct Reader<'t> {
    text: &'t str,
    route: &'t Route,
    problems: Diagnostics,
}

/// An anchor line: what stands between `/*+` and `*/`, and where its statement begins.
struct Line {
    content: Range<usize>,
    after: usize,
    next: usize,
    start: usize,
}

impl Reader<'_> {
    fn warn(&mut self, at: Range<usize>, message: String, label: String, next: &str) {
        let problem = Diagnostic::warning(codes::QUERY_FILE, message);
        self.problems.push(problem.at_part(self.route.clone(), Part::Within(at), label).next(next));
    }

    fn file(&mut self) -> QueryFile {
        let lines = anchor_lines(self.text);
        let end_of_preamble = lines.first().map_or(self.text.len(), |line| line.start);
        let preamble = trimmed(self.text, 0..end_of_preamble);
        let mut anchors: Vec<Anchor> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let end = lines.get(index + 1).map_or(self.text.len(), |next| next.start);
            let body = trimmed(self.text, line.next.min(end)..end);
            let Some(anchor) = self.anchor(line, body, index == 0) else { continue };
            if let Some(before) = anchors.iter().position(|known| known.kind == anchor.kind) {
                let first = anchors.remove(before);
                let name = &self.text[anchor.name.clone()];
                let problem =
                    Diagnostic::warning(codes::QUERY_FILE, format!("the anchor `{name}` is written twice"))
                        .at_part(self.route.clone(), Part::Within(anchor.name.clone()), "this one counts")
                        .at_part(self.route.clone(), Part::Within(first.name), "this one has no effect")
                        .next("remove one of the two");
                self.problems.push(problem);
            }
            anchors.push(anchor);
        }
        if !lines.is_empty() && has_statement(&self.text[preamble.clone()]) {
            let at = line_of(self.text, preamble.start);
            self.warn(
                at,
                "there is a statement before the first anchor".to_owned(),
                "it runs together with the first one".to_owned(),
                "put an anchor line above it, such as `/*+ exists */`",
            );
        }
        QueryFile { preamble, anchors }
    }

    fn anchor(&mut self, line: &Line, body: Range<usize>, is_first: bool) -> Option<Anchor> {
        let mut parts = split_commas(self.text, line.content.clone()).into_iter();
        let name = parts.next().unwrap_or(line.content.clone());
        let written = self.text[name.clone()].to_owned();
        let lower = written.to_ascii_lowercase();
        let kind = ANCHOR_NAMES.iter().find(|(known, _)| *known == lower).map(|(_, kind)| *kind);
        let Some(kind) = kind else {
            let label = nearest(&lower, ANCHOR_NAMES.iter().map(|(name, _)| *name))
                .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            let message = if written.is_empty() {
                "this anchor has no name".to_owned()
            } else {
                format!("there is no anchor `{written}`")
            };
            let next =
                "its statement never runs; write a hint for the database inside a line, not at its beginning";
            self.warn(name, message, label, next);
            return None;
        };
        let rest = trimmed(self.text, line.after..line_end(self.text, line.after));
        if !rest.is_empty() && has_statement(&self.text[rest.clone()]) {
            self.warn(
                rest,
                format!("what stands beside the anchor `{written}` is not read"),
                "statements begin on the next line".to_owned(),
                "move it to the next line",
            );
        }
        let options = self.options(kind, parts.collect());
        if !has_statement(&self.text[body.clone()]) {
            self.warn(
                name,
                format!("the anchor `{written}` has no statement"),
                String::new(),
                "write a statement below it, or remove it",
            );
            return None;
        }
        Some(Anchor { kind, name, options, body, is_first })
    }

    fn options(&mut self, kind: AnchorKind, parts: Vec<Range<usize>>) -> AnchorOptions {
        let mut out = AnchorOptions::default();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let text = &self.text[part.clone()];
            let Some(equals) = text.find('=') else {
                let message = format!("the option `{text}` has no value");
                self.warn(part, message, String::new(), "write it as `name=value`");
                continue;
            };
            let name_at = trimmed(self.text, part.start..part.start + equals);
            let value_at = trimmed(self.text, part.start + equals + 1..part.end);
            let (name, value) =
                (self.text[name_at.clone()].to_owned(), self.text[value_at.clone()].to_owned());
            let is_callback = matches!(kind, AnchorKind::Callback(_));
            match name.as_str() {
                "short_circuit_field" | "short_circuit_value" if !is_callback => {
                    let message = format!("the option `{name}` has no effect on the anchor `{kind}`");
                    self.warn(name_at, message, String::new(), "it belongs to a callback; remove it here");
                }
                "short_circuit_field" => out.short_circuit_field = Some(value),
                "short_circuit_value" => out.short_circuit_value = Some(value),
                "retries" => out.retries = self.number(&name, &value, value_at),
                "retry_delay" => out.retry_delay = self.number(&name, &value, value_at),
                "postdelete_retries" => out.postdelete_retries = self.number(&name, &value, value_at),
                "postdelete_retry_delay" => out.postdelete_retry_delay = self.number(&name, &value, value_at),
                _ => {
                    // Only the case may differ: names of options are case-sensitive.
                    let label = nearest(&name, OPTIONS.iter().copied())
                        .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                    self.warn(
                        name_at,
                        format!("there is no option `{name}`"),
                        label,
                        "it has no effect; remove it",
                    );
                }
            }
        }
        out
    }

    fn number(&mut self, name: &str, value: &str, at: Range<usize>) -> Option<u64> {
        let number = value.parse().ok();
        if number.is_none() {
            let message = format!("the option `{name}` is a whole number");
            self.warn(at, message, "this has no effect".to_owned(), "write digits only");
        }
        number
    }
}

/// Lines that begin with `/*+` and hold `*/`.
fn anchor_lines(text: &str) -> Vec<Line> {
    let mut out = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let next = start + line.len();
        let at = next - line.trim_start().len();
        if let Some(inner) = line.trim_start().strip_prefix("/*+")
            && let Some(end) = inner.find("*/")
        {
            let content = trimmed(text, at + 3..at + 3 + end);
            out.push(Line { content, after: at + 3 + end + 2, next, start });
        }
        start = next;
    }
    out
}

/// The range without blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

fn split_commas(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut start = range.start;
    let parts = text[range].split(',').map(|part| {
        let at = start;
        start += part.len() + 1;
        trimmed(text, at..at + part.len())
    });
    parts.collect()
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length)
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    trimmed(text, at..line_end(text, at))
}

/// True if there is more than comments and semicolons.
pub(crate) fn has_statement(text: &str) -> bool {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    loop {
        let after = match (rest.strip_prefix("--"), rest.strip_prefix("/*"), rest.strip_prefix("{#")) {
            (Some(line), _, _) => line.split_once('\n').map_or("", |(_, after)| after),
            (_, Some(comment), _) => comment.split_once("*/").map_or("", |(_, after)| after),
            (_, _, Some(comment)) => comment.split_once("#}").map_or("", |(_, after)| after),
            (None, None, None) => return !rest.is_empty(),
        };
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    }
}
