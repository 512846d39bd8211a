//! Where a place of a rendered statement stands in its source.

use crate::template::code::sections;
use stack_core::statement::{Marked, hole_number};
use std::ops::Range;

/// What of a statement's text comes from where in its source.
pub(crate) struct Aligned {
    /// Pieces of the text, in order: place in the text, place in the source.
    pieces: Vec<(Range<usize>, Range<usize>)>,
    /// The expression of each hole.
    expressions: Vec<Range<usize>>,
}

impl Aligned {
    /// Compares text and source piece by piece. `None` where they do not go together, as with loops and conditions.
    pub(crate) fn new(marked: &Marked, source: &str) -> Option<Self> {
        let code = sections(source);
        let mut pieces = Vec::new();
        let (mut text_at, mut source_at) = (0, 0);
        for section in &code {
            let open = section.start.checked_sub(2)?;
            if !source[open..].starts_with("{{") {
                return None;
            }
            let text = source.get(source_at..open)?;
            if !marked.text[text_at..].starts_with(text) {
                return None;
            }
            pieces.push((text_at..text_at + text.len(), source_at..open));
            text_at += text.len();
            let c = marked.text[text_at..].chars().next().filter(|c| hole_number(*c).is_some())?;
            let close = (section.end + 2).min(source.len());
            pieces.push((text_at..text_at + c.len_utf8(), open..close));
            (text_at, source_at) = (text_at + c.len_utf8(), close);
        }
        // The engine drops a line break at the end.
        let rest = marked.text[text_at..].trim_end();
        (source[source_at..].trim_end() == rest).then_some(())?;
        pieces.push((text_at..text_at + rest.len(), source_at..source_at + rest.len()));
        Some(Self { pieces, expressions: code })
    }

    /// The place in the source.
    pub(crate) fn source(&self, text: &Range<usize>) -> Option<Range<usize>> {
        let at = |place: usize, is_end: bool| {
            let holds = |now: &Range<usize>| {
                if is_end { now.start < place && place <= now.end } else { now.contains(&place) }
            };
            let (now, before) = self.pieces.iter().find(|(now, _)| holds(now))?;
            let is_same = now.len() == before.len();
            Some(match (is_same, is_end) {
                (true, _) => before.start + (place - now.start),
                (false, false) => before.start,
                (false, true) => before.end,
            })
        };
        let start = at(text.start, false)?;
        Some(start..at(text.end, true).unwrap_or(start).max(start))
    }

    /// The expression that gives a hole its value.
    pub(crate) fn expression<'s>(&self, hole: usize, source: &'s str) -> Option<&'s str> {
        let code = source.get(self.expressions.get(hole)?.clone())?;
        Some(code.trim_matches(['-', '+']).trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::statement::hole;

    fn marked(text: &str) -> Marked {
        let mut text = text.to_owned();
        for number in 0..3 {
            text = text.replace(&format!("${number}"), &hole(number).unwrap().to_string());
        }
        Marked { text, holes: Vec::new() }
    }

    #[test]
    fn places_and_expressions_are_found_again() {
        let source = "INSERT '{{ a.b }}', '{{ c }}'\n";
        let marked = marked("INSERT '$0', '$1'");
        let aligned = Aligned::new(&marked, source).unwrap();
        let open = marked.text.rfind(", ").unwrap() + 2;
        let literal = open..marked.text.len();
        assert_eq!(&source[aligned.source(&literal).unwrap()], "'{{ c }}'");
        assert_eq!(&source[aligned.source(&(0..6)).unwrap()], "INSERT");
        assert_eq!(aligned.expression(0, source), Some("a.b"));
        assert_eq!(aligned.expression(2, source), None);
    }

    #[test]
    fn what_does_not_go_together_has_no_places() {
        assert!(Aligned::new(&marked("a"), "{% if x %}a{% endif %}").is_none());
        assert!(Aligned::new(&marked("a $0"), "b {{ c }}").is_none());
        assert!(Aligned::new(&marked("a"), "a {{ c }}").is_none());
    }
}
