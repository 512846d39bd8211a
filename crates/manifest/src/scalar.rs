//! From offsets in a scalar's content back to bytes of the file, through quotes, escapes, folding and indentation.

use std::ops::Range;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Block,
}

/// The bytes of `raw` that hold `range` of `content`. `raw` is the scalar as written, quotes included; of a block
/// scalar, its text without the header line. `None` if the two do not belong together.
pub(crate) fn locate(raw: &str, style: Style, content: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let chars = align(raw, style, content)?;
    let inside = |at: usize| chars.iter().find(|c| c.content >= at);
    let start = match inside(range.start) {
        Some(c) => c.raw.start,
        None => chars.last().map_or(0, |c| c.raw.end),
    };
    let end = chars.iter().rev().find(|c| c.content < range.end).map_or(start, |c| c.raw.end);
    Some(start..end.max(start))
}

struct Char {
    content: usize,
    raw: Range<usize>,
}

/// Walks both texts together. White space is matched loosely, because folding and indentation change only that.
fn align(raw: &str, style: Style, content: &str) -> Option<Vec<Char>> {
    let mut out = Vec::with_capacity(content.len());
    let mut at = match style {
        Style::Single | Style::Double => 1,
        Style::Plain | Style::Block => 0,
    };
    for (offset, wanted) in content.char_indices() {
        loop {
            let rest = raw.get(at..)?;
            let Some(found) = rest.chars().next() else {
                // Chomping may add the last line break of a block.
                if wanted == '\n' {
                    out.push(Char { content: offset, raw: at..at });
                    break;
                }
                return None;
            };
            let (decoded, len) = match style {
                Style::Single if rest.starts_with("''") => (Some('\''), 2),
                Style::Double if found == '\\' => unescape(rest)?,
                _ => (Some(found), found.len_utf8()),
            };
            if decoded == Some(wanted) {
                out.push(Char { content: offset, raw: at..at + len });
                at += len;
                break;
            }
            match decoded {
                // An escaped line break stands for nothing.
                None => at += len,
                // A folded line break became a space, or several became fewer breaks.
                Some(c) if is_space(c) && is_space(wanted) => {
                    out.push(Char { content: offset, raw: at..at + len });
                    at += len;
                    break;
                }
                Some(c) if is_space(c) => at += len,
                Some(_) if is_space(wanted) => {
                    out.push(Char { content: offset, raw: at..at });
                    break;
                }
                Some(_) => return None,
            }
        }
    }
    Some(out)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// One escape of a double-quoted scalar (YAML 1.2.2 section 5.7): the character and the bytes it takes.
fn unescape(rest: &str) -> Option<(Option<char>, usize)> {
    let mut chars = rest.char_indices().skip(1);
    let (_, c) = chars.next()?;
    let hex = |digits: usize| {
        let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), 2 + digits))
    };
    let simple = |c: char| Some((Some(c), 2));
    match c {
        '0' => simple('\0'),
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        't' | '\t' => simple('\t'),
        'n' => simple('\n'),
        'v' => simple('\u{b}'),
        'f' => simple('\u{c}'),
        'r' => simple('\r'),
        'e' => simple('\u{1b}'),
        'N' => simple('\u{85}'),
        '_' => simple('\u{a0}'),
        'L' => simple('\u{2028}'),
        'P' => simple('\u{2029}'),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '\n' => Some((None, 2)),
        '\r' => Some((None, 2)),
        other => Some((Some(other), 1 + other.len_utf8())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'r>(raw: &'r str, style: Style, content: &str, needle: &str) -> &'r str {
        let start = content.find(needle).unwrap();
        let range = locate(raw, style, content, &(start..start + needle.len())).unwrap();
        &raw[range]
    }

    #[test]
    fn escapes_are_longer_than_what_they_stand_for() {
        assert_eq!(found(r#""a\"b\u00e9 {{ x }}""#, Style::Double, "a\"bé {{ x }}", "{{ x }}"), "{{ x }}");
        assert_eq!(found(r#""a\"b""#, Style::Double, "a\"b", "\"b"), "\\\"b");
        assert_eq!(found("'it''s {{ y }}'", Style::Single, "it's {{ y }}", "y"), "y");
    }

    #[test]
    fn folded_lines_keep_their_words() {
        assert_eq!(found("one\n   two {{ z }}", Style::Plain, "one two {{ z }}", "{{ z }}"), "{{ z }}");
        assert_eq!(found("\"one \\\n   two z\"", Style::Double, "one two z", "z"), "z");
        assert_eq!(found("l1\n    l2\n\n  l3\n", Style::Block, "l1\n  l2\n\nl3\n", "l3"), "l3");
    }

    #[test]
    fn texts_that_do_not_belong_together_have_no_place() {
        assert_eq!(locate("abc", Style::Plain, "abd", &(0..1)), None);
    }
}
