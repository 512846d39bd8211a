//! Where statements begin and end. A `;` in a literal, a quoted name or a comment is no end.

use std::ops::Range;

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words, numbers, operators and blanks.
    Code,
    /// `'…'`, with `''` for a quote.
    Literal,
    /// `"…"` or `` `…` ``.
    Name,
    /// `-- …` to the end of the line, or `/* … */`, which does not nest.
    Comment,
}

/// The parts of a text, in order and without gaps. What is not closed goes on to the end.
pub fn parts(text: &str) -> Vec<(Range<usize>, Part)> {
    let mut found: Vec<(Range<usize>, Part)> = Vec::new();
    let mut code = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = at + c.len_utf8();
        let (part, end) = match c {
            '\'' | '"' | '`' => {
                let part = if c == '\'' { Part::Literal } else { Part::Name };
                (part, closing(text, after, c))
            }
            '-' if text[after..].starts_with('-') => {
                (Part::Comment, text[after..].find('\n').map(|end| after + end))
            }
            '/' if text[after..].starts_with('*') => {
                (Part::Comment, text[after + 1..].find("*/").map(|end| after + 1 + end + 2))
            }
            _ => continue,
        };
        let end = end.unwrap_or(text.len());
        if code < at {
            found.push((code..at, Part::Code));
        }
        found.push((at..end, part));
        code = end;
        while rest.next_if(|(at, _)| *at < end).is_some() {}
    }
    if code < text.len() {
        found.push((code..text.len(), Part::Code));
    }
    found
}

/// Past the quote that closes what began before `from`: a doubled one does not.
fn closing(text: &str, from: usize, quote: char) -> Option<usize> {
    let mut at = from;
    loop {
        at += text[at..].find(quote)? + quote.len_utf8();
        if !text[at..].starts_with(quote) {
            return Some(at);
        }
        at += quote.len_utf8();
    }
}

/// The statements of a text as byte ranges, without the `;` and the blanks around them. What holds only blanks and
/// comments is none.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut holds = false;
    for (range, part) in parts(text) {
        match part {
            Part::Comment => {}
            Part::Literal | Part::Name => holds = true,
            Part::Code => {
                let mut from = range.start;
                for end in text[range.clone()].match_indices(';').map(|(at, _)| range.start + at) {
                    holds |= !text[from..end].trim().is_empty();
                    if holds {
                        found.push(trimmed(text, start..end));
                    }
                    (start, from, holds) = (end + 1, end + 1, false);
                }
                holds |= !text[from..range.end].trim().is_empty();
            }
        }
    }
    if holds {
        found.push(trimmed(text, start..text.len()));
    }
    found
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        statements(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_outside_of_quotes_and_comments_only() {
        for (text, expected) in [
            ("", vec![]),
            (" ; ;; -- nothing\n /* ; */ ", vec![]),
            ("SELECT 1", vec!["SELECT 1"]),
            ("SELECT 1; SELECT 2 ;", vec!["SELECT 1", "SELECT 2"]),
            ("SELECT ';' ; SELECT 'it''s;' x", vec!["SELECT ';'", "SELECT 'it''s;' x"]),
            ("SELECT \"a;b\", `c;d`; X", vec!["SELECT \"a;b\", `c;d`", "X"]),
            ("SELECT 1 -- a; b ' c\n; X", vec!["SELECT 1 -- a; b ' c", "X"]),
            ("SELECT 1 /* ; ' */ + 1; X", vec!["SELECT 1 /* ; ' */ + 1", "X"]),
            ("SELECT 5 - 3 / 2; X", vec!["SELECT 5 - 3 / 2", "X"]),
            ("SELECT 'ä;' ; ß", vec!["SELECT 'ä;'", "ß"]),
            ("SELECT 'open ; X", vec!["SELECT 'open ; X"]),
            ("/* open ; X", vec![]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_any_text_are_the_text(text in "[a';\"`/*\\- \nä]{0,40}") {
            let all: String = parts(&text).into_iter().map(|(range, _)| &text[range]).collect();
            prop_assert_eq!(all, text);
        }

        #[test]
        fn any_text_splits_in_order_and_without_overlap(text in "[a';\"`/*\\- \nä]{0,40}") {
            let mut last = 0;
            for range in statements(&text) {
                prop_assert!(range.start >= last && range.end <= text.len());
                prop_assert!(!text[range.clone()].is_empty());
                last = range.end;
            }
        }
    }
}
