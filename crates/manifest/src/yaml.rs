//! Reading one YAML document twice: values with `serde_yaml`, places with `saphyr-parser`.
//!
//! `serde_yaml` decides what a scalar means (`0123` and `yes` stay texts, architecture 13); the events of
//! `saphyr-parser` only say where it stands, and find keys that are written twice, of which `serde_yaml` would keep
//! the last in silence.

use crate::codes;
use crate::scalar::Style;
use crate::source_map::{SourceFile, SpanKind, SpanNode};
use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value as Json};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Nesting that no manifest needs; `serde_yaml` has the same bound.
const MAX_DEPTH: usize = 100;

/// Members that all merge keys of a file may copy.
const MAX_MERGED: usize = 100_000;

/// Reads one document: its value, and its places into `file`. `None` if it is not YAML; the problems say why.
pub(crate) fn read(key: &str, file: &mut SourceFile, problems: &mut Diagnostics) -> Option<Json> {
    let route = Route { file: key.to_owned(), steps: Vec::new() };
    let before = problems.len();
    let spans = match Spans::read(&file.text, &route, problems) {
        Ok(root) => root,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    // `serde_yaml` would take a byte order mark for a document of its own.
    let body = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    let value = serde_yaml::from_str::<Json>(body);
    file.root = spans;
    match value {
        Ok(mut value) => {
            merge_keys(&mut value);
            Some(value)
        }
        // A problem that has been found already explains it.
        Err(_) if problems.len() > before => None,
        Err(error) => {
            let base = file.text.len() - body.len();
            let at = base + error.location().map_or(0, |l| byte_of(body, l.line(), l.column()));
            problems.push(syntax(&file.text, &route, at, &error.to_string()));
            None
        }
    }
}

fn syntax(text: &str, route: &Route, at: usize, why: &str) -> Diagnostic {
    let why = strip_position(why);
    let end = text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    let line = text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut problem = Diagnostic::error(codes::YAML_SYNTAX, "this is not valid YAML").at_part(
        route.clone(),
        Part::Within(at..end),
        why,
    );
    if problem.labels.iter().any(|label| label.text.contains("number out of range")) {
        return problem
            .next("a number of so many digits cannot be sent: put it in quotes, if a text is meant");
    }
    if text[..at].lines().next_back().unwrap_or_default().contains("{{") || line.contains("{{") {
        problem = problem.next("put quotes around values that hold a template: \"{{ name }}\"");
    }
    problem
}

/// Messages of YAML readers end with places that we show ourselves.
fn strip_position(why: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in why.split(", while ") {
        parts.push(part.split(" at line ").next().unwrap_or(part));
    }
    parts.join(", while ")
}

pub(crate) fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.trim_end().len(), |(i, _)| i)
}

/// Replaces `<<` by the members of what it names; members that stand beside it win (YAML merge keys).
fn merge_keys(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(merge_keys),
        Json::Object(map) => {
            map.values_mut().for_each(merge_keys);
            let sources = match map.get("<<") {
                Some(Json::Object(one)) => vec![one.clone()],
                Some(Json::Array(many)) if many.iter().all(Json::is_object) => {
                    many.iter().filter_map(Json::as_object).cloned().collect::<Vec<Map<String, Json>>>()
                }
                _ => return,
            };
            map.shift_remove("<<");
            for (key, value) in sources.into_iter().flatten() {
                map.entry(key).or_insert(value);
            }
        }
        _ => {}
    }
}

/// How many members `<<` is going to copy.
fn members_to_merge(map: &IndexMap<String, SpanNode>) -> usize {
    let count = |node: &SpanNode| match &*node.kind {
        SpanKind::Map(members) => members.len(),
        SpanKind::Seq(_) | SpanKind::Scalar(..) => 0,
    };
    match map.get("<<").map(|named| &*named.kind) {
        Some(SpanKind::Map(members)) => members.len(),
        Some(SpanKind::Seq(many)) => many.iter().map(count).sum(),
        _ => 0,
    }
}

fn merge_spans(map: &mut IndexMap<String, SpanNode>) {
    let Some(named) = map.get("<<") else { return };
    let sources: Vec<SpanNode> = match &*named.kind {
        SpanKind::Map(_) => vec![named.clone()],
        SpanKind::Seq(many) if many.iter().all(|n| matches!(&*n.kind, SpanKind::Map(_))) => many.clone(),
        _ => return,
    };
    map.shift_remove("<<");
    for source in sources {
        if let SpanKind::Map(members) = &*source.kind {
            for (key, node) in members {
                map.entry(key.clone()).or_insert_with(|| node.clone());
            }
        }
    }
}

struct Spans<'p> {
    /// Byte of each character, where they differ.
    bytes: Option<Vec<usize>>,
    len: usize,
    text: &'p str,
    anchors: HashMap<usize, SpanNode>,
    open: Vec<Open>,
    root: Option<SpanNode>,
    documents: usize,
    /// Members that merge keys have copied so far.
    merged: usize,
    route: &'p Route,
    problems: &'p mut Diagnostics,
}

struct Open {
    start: usize,
    end: usize,
    anchor: usize,
    items: Items,
}

enum Items {
    Seq(Vec<SpanNode>),
    Map(IndexMap<String, SpanNode>, Option<(String, Range<usize>)>),
}

impl<'p> Spans<'p> {
    fn read(
        text: &'p str,
        route: &'p Route,
        problems: &'p mut Diagnostics,
    ) -> Result<Option<SpanNode>, Diagnostic> {
        let base = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let body = &text[base..];
        let bytes = (!text.is_ascii()).then(|| {
            let starts = body.char_indices().map(|(i, _)| base + i);
            starts.chain(std::iter::once(text.len())).collect::<Vec<_>>()
        });
        let mut spans = Self {
            bytes,
            len: text.len(),
            text,
            anchors: HashMap::new(),
            open: Vec::new(),
            root: None,
            documents: 0,
            merged: 0,
            route,
            problems,
        };
        for event in Parser::new_from_str(body) {
            let (event, span) = event.map_err(|error| {
                let at = spans.byte(error.marker().index());
                syntax(text, route, at, error.info())
            })?;
            let mut range = spans.byte(span.start.index())..spans.byte(span.end.index());
            if !matches!(event, Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..)) {
                // Ends in flow collections may come with the blanks after them.
                range.end = range.start + text.get(range.clone()).map_or(0, |t| t.trim_end().len());
            }
            spans.take(event, range)?;
        }
        if spans.documents > 1 {
            return Err(Diagnostic::error(
                codes::NOT_ONE_DOCUMENT,
                format!("the file holds {} YAML documents", spans.documents),
            )
            .at_part(route.clone(), Part::Within(0..0), "")
            .next("keep one document; remove the others and their `---`"));
        }
        Ok(spans.root)
    }

    fn byte(&self, index: usize) -> usize {
        match &self.bytes {
            None => index.min(self.len),
            Some(bytes) => bytes.get(index).copied().unwrap_or(self.len),
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) -> Result<(), Diagnostic> {
        match event {
            Event::DocumentStart(_) => self.documents += 1,
            Event::Scalar(content, style, anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
                    self.problems.push(
                        Diagnostic::error(codes::YAML_TAG, format!("the YAML tag `{tag}` is not supported"))
                            .at_part(self.route.clone(), Part::Within(self.tag_at(range.start)), "")
                            .next("write a template: \"{{ name.Property }}\""),
                    );
                }
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let kind = Arc::new(SpanKind::Scalar(style, content.into_owned()));
                let node = SpanNode { key: None, value: range.clone(), content: range, kind };
                self.close(node, anchor);
            }
            Event::SequenceStart(anchor, _) => self.start(range, anchor, Items::Seq(Vec::new()))?,
            Event::MappingStart(anchor, _) => {
                self.start(range, anchor, Items::Map(IndexMap::new(), None))?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    // Flow collections end with their bracket, block collections with their last member.
                    let end = if range.is_empty() { open.end } else { range.end };
                    let kind = match open.items {
                        Items::Seq(items) => SpanKind::Seq(items),
                        Items::Map(mut map, _) => {
                            self.merged += members_to_merge(&map);
                            if self.merged > MAX_MERGED {
                                let why = format!("merge keys copy more than {MAX_MERGED} members");
                                return Err(Diagnostic::error(codes::TOO_MUCH_MERGED, why)
                                    .at_part(
                                        self.route.clone(),
                                        Part::Within(open.start..open.start),
                                        "up to here",
                                    )
                                    .next("merge smaller mappings, or in fewer places"));
                            }
                            merge_spans(&mut map);
                            SpanKind::Map(map)
                        }
                    };
                    let value = open.start..end.max(open.start);
                    let node = SpanNode { key: None, content: value.clone(), value, kind: Arc::new(kind) };
                    self.close(node, open.anchor);
                }
            }
            Event::Alias(anchor) => {
                if let Some(node) = self.anchors.get(&anchor) {
                    let node = SpanNode { key: None, value: range, ..node.clone() };
                    self.close(node, 0);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The tag that a node begins with.
    fn tag_at(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        at..at + rest.find(char::is_whitespace).unwrap_or(rest.len())
    }

    /// A list or a mapping cannot be a key. Nearly always it is a template without quotes.
    fn key_that_is_no_text(&mut self, key: &Range<usize>) {
        let template = self.text.get(..key.end).is_some_and(|t| t.contains("{{"));
        // The key is the inner of two braces, unless the file begins with it.
        let start = key.start.saturating_sub(1);
        let text = self.text.get(start..).unwrap_or_default();
        let template = template && text.starts_with("{{");
        let problem = if template {
            let end = text.find("}}").map_or(key.end, |i| start + i + 2);
            Diagnostic::error(codes::YAML_SYNTAX, "a template needs quotes around it")
                .at_part(self.route.clone(), Part::Within(start..end), "YAML reads this as a mapping")
                .next("write it in quotes: \"{{ name }}\"")
        } else {
            Diagnostic::error(codes::YAML_SYNTAX, "a list or a mapping cannot be a key").at_part(
                self.route.clone(),
                Part::Within(key.clone()),
                "",
            )
        };
        self.problems.push(problem);
    }

    fn start(&mut self, range: Range<usize>, anchor: usize, items: Items) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Diagnostic::error(codes::YAML_SYNTAX, "the file is nested too deeply").at_part(
                self.route.clone(),
                Part::Within(range),
                "",
            ));
        }
        self.open.push(Open { start: range.start, end: range.end, anchor, items });
        Ok(())
    }

    fn close(&mut self, node: SpanNode, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let is_key = matches!(self.open.last().map(|o| &o.items), Some(Items::Map(_, None)));
        if is_key && !matches!(&*node.kind, SpanKind::Scalar(..)) {
            self.key_that_is_no_text(&node.value);
        }
        let Some(parent) = self.open.last_mut() else {
            if self.documents == 1 {
                self.root = Some(node);
            }
            return;
        };
        parent.end = parent.end.max(node.value.end);
        match &mut parent.items {
            Items::Seq(items) => items.push(node),
            Items::Map(map, pending) => match pending.take() {
                None => {
                    let name = match &*node.kind {
                        SpanKind::Scalar(_, text) => text.clone(),
                        SpanKind::Seq(_) | SpanKind::Map(_) => String::new(),
                    };
                    *pending = Some((name, node.value));
                }
                Some((name, key)) => {
                    if let Some(first) = map.get(&name).and_then(|n| n.key.clone()) {
                        self.problems.push(
                            Diagnostic::error(
                                codes::DUPLICATE_KEY,
                                format!("the key `{name}` is written twice"),
                            )
                            .at_part(self.route.clone(), Part::Within(key.clone()), "again here")
                            .at_part(self.route.clone(), Part::Within(first), "first here")
                            .next("remove one of the two: a reader would keep only the last"),
                        );
                    }
                    map.insert(name, SpanNode { key: Some(key), ..node });
                }
            },
        }
    }
}
