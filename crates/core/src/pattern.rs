//! Regular expressions of schemas: compiled once, linear in time, silent where we cannot be sure.

use regex_lite::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Every pattern asked for so far; `None`: we cannot run it. Bounded by the patterns of the schemas in use.
static COMPILED: LazyLock<Mutex<HashMap<String, Option<Arc<Regex>>>>> = LazyLock::new(Mutex::default);

/// Bytes that a compiled pattern may take. Patterns such as `^.{1,65535}$` would take megabytes to say what a length
/// says.
const SIZE_LIMIT: usize = 1 << 18;

/// Bytes of the longest text that is matched: the time is their product with the size of the pattern.
const TEXT_LIMIT: usize = 4096;

/// True if the pattern occurs in the text, as JSON Schema asks (not anchored). `None` if we cannot tell.
///
/// Published patterns are written for Java or ECMAScript. Look-around, `\p{…}` and `\Z` do not compile here: no answer.
/// Where the dialects differ (a line feed before `$`, white space beyond ASCII) a failed match is no answer either.
pub(crate) fn matches(pattern: &str, text: &str) -> Option<bool> {
    if text.len() > TEXT_LIMIT {
        return None;
    }
    let regex = compiled(pattern)?;
    if regex.is_match(text) {
        return Some(true);
    }
    let beyond = !text.is_ascii() && (pattern.contains(r"\s") || pattern.contains(r"\S"));
    let before_line_feed = text.strip_suffix('\n').is_some_and(|head| regex.is_match(head));
    (!beyond && !before_line_feed).then_some(false)
}

fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = cache.get(pattern) {
        return known.clone();
    }
    // ECMAScript reads `{,3}` as plain text, others as a repetition.
    let regex = (!pattern.contains("{,"))
        .then(|| RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().ok())
        .flatten()
        .map(Arc::new);
    cache.insert(pattern.to_owned(), regex.clone());
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_searched_for_and_not_anchored() {
        assert_eq!(matches("[0-9]{2}", "a12b"), Some(true));
        assert_eq!(matches("^[0-9]{2}$", "a12b"), Some(false));
    }

    #[test]
    fn what_we_cannot_run_gives_no_answer() {
        for pattern in ["^(?!aws:).+$", r"^\p{L}+$", r"\A[0-9]+\Z", "^.{1,65535}$", "a{,3}", "("] {
            assert_eq!(matches(pattern, "aws:x"), None, "{pattern}");
        }
        assert_eq!(matches("^b$", &"a".repeat(5000)), None);
    }

    #[test]
    fn where_dialects_differ_a_failed_match_gives_no_answer() {
        assert_eq!(matches("^[a-z]+$", "abc\n"), None);
        assert_eq!(matches("^[a-z]+$", "ab1\n"), Some(false));
        assert_eq!(matches(r"^[a-z\s]+$", "a\u{a0}b"), None);
    }
}
