//! Changes to a statement's text by place. What is not changed stays as it was written, comments too.

use std::cmp::Reverse;
use std::ops::Range;

/// Changes to one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    all: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Writes something else at a place. A change of a larger place wins over those inside it.
    pub(crate) fn replace(&mut self, at: Range<usize>, with: impl Into<String>) {
        self.all.push((at, with.into()));
    }

    /// Writes something before a place.
    pub(crate) fn put(&mut self, at: usize, what: impl Into<String>) {
        self.replace(at..at, what);
    }

    /// Puts the changes in order and drops those inside others.
    fn settled(&self) -> Vec<&(Range<usize>, String)> {
        let mut all: Vec<_> = self.all.iter().collect();
        // What is put in before a place stands before what is written there.
        let order = |at: &Range<usize>| (at.start, !at.is_empty(), Reverse(at.end));
        all.sort_by_key(|(at, _)| order(at));
        let mut kept: Vec<&(Range<usize>, String)> = Vec::new();
        for edit in all {
            if kept.last().is_none_or(|(last, _)| last.end <= edit.0.start) {
                kept.push(edit);
            }
        }
        kept
    }

    /// A part of the text as changed.
    pub(crate) fn slice(&self, text: &str, part: Range<usize>) -> String {
        self.rewritten(text, part).text
    }

    /// A part of the text as changed, with the way back.
    pub(crate) fn rewritten(&self, text: &str, part: Range<usize>) -> Rewritten {
        let mut out = Rewritten { text: String::new(), pieces: Vec::new() };
        let mut at = part.start;
        for (range, with) in self.settled() {
            if range.start < part.start || range.end > part.end {
                continue;
            }
            out.keep(text, at..range.start);
            out.pieces.push((out.text.len(), range.clone(), false));
            out.text.push_str(with);
            at = range.end;
        }
        out.keep(text, at..part.end);
        out
    }
}

/// A changed text and where its parts were before.
#[derive(Clone, Debug)]
pub(crate) struct Rewritten {
    /// The text.
    pub(crate) text: String,
    /// Start in the new text, place in the old one, and whether it is the same text.
    pieces: Vec<(usize, Range<usize>, bool)>,
}

impl Rewritten {
    fn keep(&mut self, text: &str, range: Range<usize>) {
        self.pieces.push((self.text.len(), range.clone(), true));
        self.text.push_str(text.get(range).unwrap_or_default());
    }

    /// The byte of the old text that a byte of the new one comes from; the whole place of a change.
    pub(crate) fn before(&self, byte: usize) -> Range<usize> {
        let piece = self.pieces.iter().rev().find(|(start, ..)| *start <= byte);
        match piece {
            Some((start, range, true)) => {
                let at = (range.start + byte - start).min(range.end);
                at..at
            }
            Some((_, range, false)) => range.clone(),
            None => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_made_by_place_and_places_are_found_again() {
        let text = "SELECT a FROM x.y WHERE b = 'c'";
        let mut edits = Edits::default();
        edits.replace(28..31, "1");
        edits.replace(24..31, "2");
        edits.replace(14..17, "\"t0\" AS \"y\"");
        edits.replace(7..8, "\"b\"");
        edits.put(7, "+");
        edits.put(28, "+");
        let new = edits.rewritten(text, 0..text.len());
        assert_eq!(new.text, "SELECT +\"b\" FROM \"t0\" AS \"y\" WHERE 2");
        assert_eq!(new.before(9), 7..8);
        assert_eq!(new.before(23), 14..17);
        assert_eq!(new.before(29), 18..18);
        assert_eq!(edits.slice(text, 14..23), "\"t0\" AS \"y\" WHERE");
    }
}
