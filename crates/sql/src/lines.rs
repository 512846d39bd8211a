//! Places: sqlparser counts lines and characters from 1, everything else counts bytes.

use sqlparser::tokenizer::{Location, Span};
use std::ops::Range;

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    /// Looks at a text once.
    pub fn new(text: &'t str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after).collect() }
    }

    /// The byte of a place; `None` for the place that sqlparser gives to what it made up.
    pub fn byte(&self, at: Location) -> Option<usize> {
        let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
        let start = *self.starts.get(line)?;
        let rest = &self.text[start..];
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    }

    /// The bytes of a span.
    pub fn range(&self, span: Span) -> Option<Range<usize>> {
        let (start, end) = (self.byte(span.start)?, self.byte(span.end)?);
        (start <= end).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_bytes_are_given() {
        let lines = LineIndex::new("aä\nß=1");
        assert_eq!(lines.byte(Location::new(1, 3)), Some(3));
        assert_eq!(lines.byte(Location::new(2, 2)), Some(6));
        assert_eq!(lines.byte(Location::new(2, 9)), Some(8));
        assert_eq!(lines.byte(Location::new(0, 0)), None);
        assert_eq!(lines.byte(Location::new(7, 1)), None);
    }
}
