//! Regular expressions: `regexp_like`, `regexp_substr`, `regexp_replace` and the operator `REGEXP`.

use super::FunctionError;
use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take, and its tables while it runs.
const SIZE_LIMIT: usize = 1 << 20;

/// Bytes that a replacement may give: each match can grow, and matches are as many as characters.
const RESULT_LIMIT: usize = 64 << 20;

/// A regular expression, in which `.` is any character, the end of a line too.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn new(text: &str) -> Result<Self, FunctionError> {
        RegexBuilder::new(text)
            .dot_matches_new_line(true)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(Self)
            .map_err(|error| FunctionError::new(format!("invalid regular expression: {}", cause(&error))))
    }

    /// `regexp_like`.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// `regexp_substr`: the first match.
    pub fn first<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.find(text).map(|found| found.as_str())
    }

    /// `regexp_replace`: the text with `replacement` in place of every match. A `$` in it means nothing.
    ///
    /// # Errors
    /// The result is too large.
    pub fn replace(&self, text: &str, replacement: &str) -> Result<String, FunctionError> {
        let mut out = String::new();
        let mut end = 0;
        for found in self.0.find_iter(text) {
            out.push_str(&text[end..found.start()]);
            out.push_str(replacement);
            end = found.end();
            if out.len() > RESULT_LIMIT {
                return Err(FunctionError::new("the result of regexp_replace is too large"));
            }
        }
        out.push_str(&text[end..]);
        Ok(out)
    }
}

/// The last line of an error: those above it draw the pattern, which may be secret.
fn cause(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or("it cannot be read").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    #[test]
    fn patterns_match_anywhere_and_dots_match_line_ends() {
        for (text, of, expected) in [
            ("abc", "b", true),
            ("abc", "^b", false),
            ("abc", "B", false),
            ("abc", "(?i)B", true),
            ("a\nb", "a.b", true),
            ("abc", "", true),
            ("", "", true),
            ("abc", "(a|x)bc?", true),
            ("a1", "[[:alpha:]][0-9]", true),
            ("vpc-0a1b", "^vpc-[0-9a-f]+$", true),
            ("ä", "^.$", true),
        ] {
            assert_eq!(pattern(of).is_in(text), expected, "{text} {of}");
        }
    }

    #[test]
    fn the_first_match_is_found_even_an_empty_one() {
        assert_eq!(pattern("[0-9]+").first("a12b345"), Some("12"));
        assert_eq!(pattern("x").first("abc"), None);
        assert_eq!(pattern("").first("abc"), Some(""));
        assert_eq!(pattern("(a)(b)").first("xab"), Some("ab"));
    }

    #[test]
    fn every_match_is_replaced_by_the_letter() {
        let replaced = |text: &str, of: &str, by: &str| pattern(of).replace(text, by).unwrap();
        assert_eq!(replaced("a1b22", "[0-9]+", "#"), "a#b#");
        assert_eq!(replaced("abc", "(b)", "$1${1}\\1"), "a$1${1}\\1c");
        assert_eq!(replaced("abc", "", "-"), "-a-b-c-");
        assert_eq!(replaced("abc", "x", "-"), "abc");
        assert_eq!(replaced("äbc", "b", ""), "äc");
    }

    #[test]
    fn what_is_no_pattern_is_an_error_that_does_not_show_it() {
        for (text, said) in [
            ("(", "unclosed group"),
            ("secret[", "unclosed character class"),
            ("(?=a)", "look-around"),
            (r"(a)\1", "backreferences are not supported"),
            ("a{1000}{1000}{1000}", "it is too large"),
            ("*", "repetition operator missing expression"),
        ] {
            let error = Pattern::new(text).unwrap_err().to_string();
            assert!(error.starts_with("invalid regular expression: "), "{error}");
            assert!(
                error.contains(said) && !error.contains("secret") && !error.contains('\n'),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_result_that_grows_too_large_is_an_error() {
        let error = pattern("").replace(&"a".repeat(100_000), &"b".repeat(10_000)).unwrap_err();
        assert_eq!(error.to_string(), "the result of regexp_replace is too large");
    }

    proptest! {
        #[test]
        fn any_pattern_is_read_or_refused(of in "[a(){}\\[\\]*+?|\\\\^$.,0-9-]{0,12}", text in "[ab\n]{0,12}") {
            if let Ok(pattern) = Pattern::new(&of) {
                prop_assert_eq!(pattern.is_in(&text), pattern.first(&text).is_some());
                prop_assert!(pattern.replace(&text, "").unwrap().len() <= text.len());
            }
        }
    }
}
