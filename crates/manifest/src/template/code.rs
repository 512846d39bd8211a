//! Which parts of a text are template code.

use std::ops::Range;

/// The parts of a text that are template code, quoted text left out.
pub(super) fn code(source: &str) -> Vec<Range<usize>> {
    sections(source).into_iter().flat_map(|section| unquoted(source, section)).collect()
}

/// Where the next delimiter opens, and what closes it. Looks no further than that: texts may have thousands.
pub(super) fn next_opening(source: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = source.get(from..)?;
    rest.match_indices('{').find_map(|(at, _)| {
        let close = match rest.as_bytes().get(at + 1)? {
            b'{' => "}}",
            b'%' => "%}",
            b'#' => "#}",
            _ => return None,
        };
        Some((from + at, close))
    })
}

/// What stands between the delimiters of a text, comments left out.
pub(crate) fn sections(source: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((open, close)) = next_opening(source, at) {
        let start = open + 2;
        let is_comment = close == "#}";
        let end = if is_comment {
            source[start..].find(close).map_or(source.len(), |i| start + i)
        } else {
            end_of_code(source, start, close)
        };
        let is_raw = close == "%}" && word(&source[start..end]) == "raw";
        if !is_comment {
            found.push(start..end);
        }
        at = (end + 2).min(source.len());
        if is_raw {
            // Up to its end everything is text.
            let ends = source[at..].match_indices("{%").map(|(i, _)| at + i);
            at = ends.into_iter().find(|i| word(&source[i + 2..]) == "endraw").unwrap_or(source.len());
        }
    }
    found
}

/// The first word of a statement.
fn word(code: &str) -> &str {
    let code = code.trim_start_matches(['-', '+']).trim_start();
    code.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

/// Where the code that begins at `start` ends: at `close` outside quotes.
pub(super) fn end_of_code(source: &str, start: usize, close: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in source[start..].char_indices() {
        match quote {
            Some(q) if c == q && !escaped => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if source[start + i..].starts_with(close) => return start + i,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    source.len()
}

/// The parts of a range of code outside quotes.
pub(super) fn unquoted(source: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    let mut start = range.start;
    for (i, c) in source[range.clone()].char_indices() {
        let at = range.start + i;
        match quote {
            Some(q) if c == q && !escaped => {
                quote = None;
                start = at + c.len_utf8();
            }
            None if matches!(c, '\'' | '"') => {
                found.push(start..at);
                quote = Some(c);
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if quote.is_none() {
        found.push(start..range.end);
    }
    found
}
