//! `split_part`: one piece of a text.

/// The piece with this number, counted from 1, or from the end where it is negative. `None` where there is no such
/// piece, and where a text is absent or the separator empty.
pub fn split_part<'t>(source: Option<&'t str>, separator: Option<&str>, number: i64) -> Option<&'t str> {
    let (source, separator) = (source?, separator.filter(|separator| !separator.is_empty())?);
    let nth = usize::try_from(number.unsigned_abs()).ok()?.checked_sub(1)?;
    if number > 0 {
        return source.split(separator).nth(nth);
    }
    // Pieces are found from the start: overlapping separators would cut elsewhere from the end.
    let pieces: Vec<&str> = source.split(separator).collect();
    pieces.len().checked_sub(nth + 1).and_then(|at| pieces.get(at).copied())
}

/// The integer that a text begins with, 0 if with none, as SQLite's CAST reads it.
pub fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let signed = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = signed.len() - signed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = &signed[..digits];
    let is_negative = text.starts_with('-');
    if number.is_empty() {
        return 0;
    }
    let bound = if is_negative { i64::MIN } else { i64::MAX };
    let magnitude = number.parse::<i128>().unwrap_or(i128::MAX);
    let value = if is_negative { -magnitude } else { magnitude };
    i64::try_from(value).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_counted_from_either_end() {
        for (source, separator, number, expected) in [
            ("a/b/c", "/", 1, Some("a")),
            ("a/b/c", "/", 2, Some("b")),
            ("a/b/c", "/", -1, Some("c")),
            ("a/b/c", "/", -3, Some("a")),
            ("a/b/c", "/", -4, None),
            ("a/b/c", "/", 0, None),
            ("a/b/c", "/", 9, None),
            ("a//b", "/", 2, Some("")),
            ("a/", "/", 2, Some("")),
            ("", "/", 1, Some("")),
            ("", "/", -1, Some("")),
            ("", "/", 2, None),
            ("abc", "", 1, None),
            ("a::b", "::", 2, Some("b")),
            ("a→b→c", "→", 2, Some("b")),
            ("aaa", "aa", 2, Some("a")),
            ("aaa", "aa", -1, Some("a")),
            ("a/b", "/", i64::MIN, None),
            ("a/b", "/", i64::MAX, None),
            ("arn:aws:ec2:r:1:vpc/vpc-1", "/", 2, Some("vpc-1")),
        ] {
            assert_eq!(
                split_part(Some(source), Some(separator), number),
                expected,
                "{source} {separator} {number}"
            );
        }
        assert_eq!(split_part(None, Some("/"), 1), None);
        assert_eq!(split_part(Some("a"), None, 1), None);
    }

    #[test]
    fn a_number_is_what_a_text_begins_with() {
        for (text, number) in [
            ("2", 2),
            ("2x", 2),
            ("2.9", 2),
            ("-1", -1),
            ("+3", 3),
            (" 4", 4),
            ("x2", 0),
            ("", 0),
            ("-", 0),
            ("--1", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            (&"9".repeat(60), i64::MAX),
            (&format!("-{}", "9".repeat(60)), i64::MIN),
            ("٣", 0),
        ] {
            assert_eq!(leading_integer(text), number, "{text}");
        }
    }
}
