//! Where statements begin and end. A `;` in a literal, a quoted name or a comment is no end.

use std::ops::Range;

/// The statements of a text as byte ranges, without the `;` and the blanks around them. What holds only blanks and
/// comments is none.
///
/// Literals are `'…'` with `''` for a quote; names are `"…"` and `` `…` ``; comments are `-- …` and `/* … */` (which do not
/// nest). What is not closed goes on to the end.
pub fn statements(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut holds = false;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = at + c.len_utf8();
        let end = match c {
            ';' => {
                if holds {
                    found.push(trimmed(text, start..at));
                }
                (start, holds) = (after, false);
                continue;
            }
            '\'' | '"' | '`' => {
                holds = true;
                // A doubled quote ends one literal and begins the next, which has the same effect.
                text[after..].find(c).map(|end| after + end + c.len_utf8())
            }
            '-' if text[after..].starts_with('-') => text[after..].find('\n').map(|end| after + end),
            '/' if text[after..].starts_with('*') => {
                text[after + 1..].find("*/").map(|end| after + 1 + end + 2)
            }
            c => {
                holds |= !c.is_whitespace();
                continue;
            }
        };
        let end = end.unwrap_or(text.len());
        while rest.next_if(|(at, _)| *at < end).is_some() {}
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
