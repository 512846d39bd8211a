//! Where things stand in the files: from symbolic routes to bytes, lines and columns.

use crate::scalar::{self, Style};
use indexmap::IndexMap;
use stack_core::diagnostic::{Label, Part, Route, RouteStep};
use std::ops::Range;
use std::sync::Arc;

/// Texts of a stack's files, and the places of their YAML nodes.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: IndexMap<String, SourceFile>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Name of the file as people know it.
    pub file: String,
    /// First byte.
    pub start_byte: usize,
    /// Byte after the last. Never on a later line than the first byte.
    pub end_byte: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte in characters, from 1.
    pub column: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) line_starts: Vec<usize>,
    pub(crate) root: Option<SpanNode>,
}

/// The place of one YAML node. Cheap to clone: aliases share what they point to.
#[derive(Clone, Debug)]
pub(crate) struct SpanNode {
    /// The key that leads here.
    pub(crate) key: Option<Range<usize>>,
    /// The node; for an alias, the alias.
    pub(crate) value: Range<usize>,
    /// The scalar itself; for an alias, the one that it stands for.
    pub(crate) content: Range<usize>,
    pub(crate) kind: Arc<SpanKind>,
}

#[derive(Clone, Debug)]
pub(crate) enum SpanKind {
    Scalar(Style, String),
    Seq(Vec<SpanNode>),
    Map(IndexMap<String, SpanNode>),
}

impl SourceFile {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        Self { name: name.into(), line_starts: line_starts.collect(), root: None, text }
    }

    fn span(&self, range: Range<usize>) -> Span {
        let start = floor(&self.text, range.start);
        let line = self.line_starts.partition_point(|s| *s <= start).max(1);
        let line_start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let line_end = self.text[start..].find(['\n', '\r']).map_or(self.text.len(), |i| start + i);
        let mut end = floor(&self.text, range.end.max(start)).min(line_end);
        if range.end > line_end {
            // A part of what was meant: without the blanks at the end of the line.
            end = start + self.text[start..end].trim_end().len();
        }
        let column = self.text[line_start..start].chars().count() + 1;
        Span { file: self.name.clone(), start_byte: start, end_byte: end, line, column }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl SourceMap {
    pub(crate) fn add(&mut self, key: &str, file: SourceFile) {
        self.files.insert(key.to_owned(), file);
    }

    /// The place that a label underlines. A node that does not exist gives its nearest ancestor; a place that spans
    /// lines ends with its first line. `None` if the file is not part of this stack.
    ///
    /// [`Part::Within`] counts bytes of a scalar's content. At a route that is no scalar it counts bytes of the file:
    /// that is how places are given that no YAML node has.
    pub fn span(&self, label: &Label) -> Option<Span> {
        let file = self.files.get(&label.route.file)?;
        let (node, exact) = file.root.as_ref().map_or((None, false), |root| find(root, &label.route.steps));
        let range = match (&label.part, node) {
            (Part::Within(range), Some(node)) if exact => match &*node.kind {
                SpanKind::Scalar(style, content) => {
                    let raw = file.text.get(node.content.clone())?;
                    scalar::locate(raw, *style, content, range).map_or_else(
                        || node.value.clone(),
                        |within| node.content.start + within.start..node.content.start + within.end,
                    )
                }
                SpanKind::Seq(_) | SpanKind::Map(_) => range.clone(),
            },
            (Part::Within(range), None) => range.clone(),
            (Part::Key, Some(node)) if exact => node.key.clone().unwrap_or_else(|| node.value.clone()),
            (_, Some(node)) if exact => node.value.clone(),
            (_, Some(node)) => node.key.clone().unwrap_or_else(|| node.value.clone()),
            (_, None) => 0..0,
        };
        Some(file.span(range))
    }

    /// The scalar at a route as it is written, if it is written without quotes.
    pub(crate) fn plain(&self, route: &Route) -> Option<&str> {
        let root = self.files.get(&route.file)?.root.as_ref()?;
        match find(root, &route.steps) {
            (Some(node), true) => match &*node.kind {
                SpanKind::Scalar(Style::Plain, content) => Some(content),
                SpanKind::Scalar(..) | SpanKind::Seq(_) | SpanKind::Map(_) => None,
            },
            _ => None,
        }
    }

    /// Text and display name of a route's file.
    pub fn file(&self, route: &Route) -> Option<(&str, &str)> {
        self.files.get(&route.file).map(|file| (file.name.as_str(), file.text.as_str()))
    }

    /// Every file that the stack was read from besides the manifest, by its path under the stack folder.
    pub fn further_files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(|(key, _)| !key.is_empty());
        files.map(|(key, file)| (key.as_str(), file.text.as_str()))
    }

    /// `stackql_manifest.yml:9`, for use inside sentences.
    pub fn place(&self, route: &Route) -> String {
        let label = Label { route: route.clone(), part: Part::Key, text: String::new() };
        self.span(&label).map_or_else(String::new, |span| format!("{}:{}", span.file, span.line))
    }
}

/// The node at a route, or the deepest one on the way to it, and whether it is the one asked for.
fn find<'n>(root: &'n SpanNode, steps: &[RouteStep]) -> (Option<&'n SpanNode>, bool) {
    let mut at = root;
    for step in steps {
        let next = match (&*at.kind, step) {
            (SpanKind::Seq(items), RouteStep::Index(index)) => items.get(*index),
            (SpanKind::Map(map), RouteStep::Key(key)) => map.get(key),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return (Some(at), false),
        }
    }
    (Some(at), true)
}
