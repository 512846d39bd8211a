//! Comments of SQL inside statements. What is commented out need not have a value.

use crate::template::code::sections;
use crate::template::size::{Token, is_name};
use minijinja::Value as Mj;
use std::ops::Range;

/// Behind names in comments. As long as the other filters of ours, because places are counted by it.
pub(super) const ABSENT: &str = "comment__";

/// An empty text for what is not there.
pub(super) fn absent(value: Mj) -> Mj {
    if value.is_undefined() { Mj::from("") } else { value }
}

/// Where the name ends that is all of an expression.
pub(super) fn name_end(tokens: &[Token<'_>]) -> Option<usize> {
    let alternates = tokens.iter().enumerate().all(|(at, token)| match at % 2 {
        0 => is_name(token.text),
        _ => token.text == ".",
    });
    tokens.last().filter(|_| alternates && tokens.len() % 2 == 1).map(|token| token.end)
}

/// The comments that hold template code.
pub(super) fn with_code(source: &str) -> Vec<Range<usize>> {
    let code = sections(source);
    let mut next = code.iter().peekable();
    // With escapes by backslash nobody can tell where a text ends, so only whole lines count then.
    let escapes = source.contains("\\'") || source.contains("\\\"");
    let mut out = Vec::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &source[at..];
        while next.peek().is_some_and(|section| section.start < at) {
            next.next();
        }
        if let Some(section) = next.peek().filter(|section| section.start == at + 2) {
            at = section.end + 2;
            continue;
        }
        let length = match (quote, c) {
            (Some(open), c) => {
                quote = (open != c).then_some(open);
                c.len_utf8()
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                1
            }
            (None, '-') if rest.starts_with("--") => {
                let length = rest.find('\n').unwrap_or(rest.len());
                let line = source[..at].rfind('\n').map_or(0, |i| i + 1);
                if !escapes || source[line..at].trim().is_empty() {
                    out.push(at..at + length);
                }
                length
            }
            (None, '/') if rest.starts_with("/*") => {
                let length = rest.find("*/").map_or(rest.len(), |i| i + 2);
                if !escapes {
                    out.push(at..at + length);
                }
                length
            }
            (None, c) => c.len_utf8(),
        };
        at += length;
    }
    out.retain(|comment| code.iter().any(|section| comment.contains(&section.start)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<&str> {
        with_code(source).into_iter().map(|range| &source[range]).collect()
    }

    #[test]
    fn only_comments_outside_texts_count() {
        assert_eq!(
            found("a '-- {{ b }}' -- '{{ c }}\n -- {{ d }}\n/* {{ e }} */ {{ f }} -- no"),
            ["-- '{{ c }}", "-- {{ d }}", "/* {{ e }} */"]
        );
        assert_eq!(found("{{ '--' }} {{ a }}"), Vec::<&str>::new());
        assert_eq!(found("'it''s -- {{ a }}' 'é' -- {{ b }}"), ["-- {{ b }}"]);
        assert_eq!(found("'it\\'s -- {{ a }}'\n -- {{ b }}"), ["-- {{ b }}"]);
        assert_eq!(found("a = '\\'' -- {{ a }}\n"), Vec::<&str>::new());
    }
}
