//! From a symbolic route to a place in a file: the seam between diagnostics and the manifest's source map.

use crate::render::view::Place;
use stack_core::diagnostic::{Label, Part, Route};
use std::ops::Range;

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// File as shown.
    pub file: String,
    /// Bytes in that file.
    pub range: Range<usize>,
}

/// Knows the source files of a stack.
pub trait Locate {
    /// Bytes of a part of a node; the nearest ancestor's if the node is not there.
    fn locate(&self, route: &Route, part: &Part) -> Option<Located>;
    /// Text of a file as shown.
    fn text(&self, file: &str) -> Option<&str>;

    /// How a file is named where it should be possible to open it.
    fn shown(&self, file: &str) -> String {
        file.to_owned()
    }

    /// File, line and column.
    fn place(&self, route: &Route, part: &Part) -> Option<Place> {
        let Located { file, range } = self.locate(route, part)?;
        let (line, column) = line_column(self.text(&file)?, range.start);
        Some(Place { file, line, column })
    }
}

/// No sources at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Locate for Nowhere {
    fn locate(&self, _: &Route, _: &Part) -> Option<Located> {
        None
    }
    fn text(&self, _: &str) -> Option<&str> {
        None
    }
}

/// The source map of a manifest.
impl Locate for stack_manifest::SourceMap {
    fn locate(&self, route: &Route, part: &Part) -> Option<Located> {
        let span = self.span(&label(route, part))?;
        Some(Located { file: span.file, range: span.start_byte..span.end_byte })
    }

    fn text(&self, file: &str) -> Option<&str> {
        let of = |name: &str| self.file(&Route { file: name.to_owned(), steps: Vec::new() });
        of("").filter(|(name, _)| *name == file).or_else(|| of(file)).map(|(_, text)| text)
    }

    fn place(&self, route: &Route, part: &Part) -> Option<Place> {
        let span = self.span(&label(route, part))?;
        Some(Place { file: span.file, line: span.line, column: span.column })
    }
}

/// The sources of a stack, named as they can be opened from the working folder.
#[derive(Clone, Debug)]
pub struct StackSources {
    /// Positions, by names that do not depend on where the stack stands.
    pub map: std::sync::Arc<stack_manifest::SourceMap>,
    /// Stack folder as typed.
    pub dir: std::path::PathBuf,
}

impl Locate for StackSources {
    fn locate(&self, route: &Route, part: &Part) -> Option<Located> {
        self.map.locate(route, part)
    }

    fn text(&self, file: &str) -> Option<&str> {
        Locate::text(&*self.map, file)
    }

    fn shown(&self, file: &str) -> String {
        let path = self.dir.join(file);
        path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned()
    }
}

fn label(route: &Route, part: &Part) -> Label {
    Label { route: route.clone(), part: part.clone(), text: String::new() }
}

/// Line and column of a byte, from 1, in characters.
pub fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let text = "a: é\nb: \"ü{{ x }}\"\n";
        assert_eq!(line_column(text, 0), (1, 1));
        let byte = text.find("{{").unwrap_or_default();
        assert_eq!(line_column(text, byte), (2, 6));
        assert_eq!(line_column(text, 10_000), (3, 1));
    }
}
