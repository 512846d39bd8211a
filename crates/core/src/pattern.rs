//! Regular expressions of schemas: compiled once, linear in time, silent where we cannot be sure.

use regex_lite::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Every pattern asked for so far; `None`: we cannot run it. Bounded by the patterns of the schemas in use.
static COMPILED: LazyLock<Mutex<HashMap<String, Option<Arc<Compiled>>>>> = LazyLock::new(Mutex::default);

/// Bytes that a compiled pattern may take. Patterns such as `^.{1,65535}$` would take megabytes to say what a length
/// says.
const SIZE_LIMIT: usize = 1 << 18;

/// Bytes of the longest text that is matched: the time is their product with the size of the pattern.
const TEXT_LIMIT: usize = 4096;

/// A pattern as we can run it.
#[derive(Debug)]
struct Compiled {
    regex: Regex,
    /// Beginnings that `(?!…)` excludes.
    not_starting: Vec<String>,
    /// True if the translation holds for ASCII text only.
    ascii: bool,
}

impl Compiled {
    fn is_match(&self, text: &str) -> bool {
        !self.not_starting.iter().any(|start| text.starts_with(start)) && self.regex.is_match(text)
    }
}

/// True if the pattern occurs in the text, as JSON Schema asks (not anchored). `None` if we cannot tell.
///
/// Published patterns are written for Java or ECMAScript. What does not compile here (most look-around, most of
/// `\p{…}`) gives no answer, and where the dialects differ (a line feed before `$`, white space beyond ASCII) a failed
/// match gives none either.
pub(crate) fn matches(pattern: &str, text: &str) -> Option<bool> {
    if text.len() > TEXT_LIMIT {
        return None;
    }
    let compiled = compiled(pattern)?;
    if compiled.ascii && !text.is_ascii() {
        return None;
    }
    if compiled.is_match(text) {
        return Some(true);
    }
    let beyond = !text.is_ascii() && (pattern.contains(r"\s") || pattern.contains(r"\S"));
    let before_line_feed = text.strip_suffix('\n').is_some_and(|head| compiled.is_match(head));
    (!beyond && !before_line_feed).then_some(false)
}

/// True if the pattern can be run here: what cannot is never complained about.
pub fn can_run(pattern: &str) -> bool {
    compiled(pattern).is_some()
}

fn compiled(pattern: &str) -> Option<Arc<Compiled>> {
    let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = cache.get(pattern) {
        return known.clone();
    }
    let compiled = compile(pattern).map(Arc::new);
    cache.insert(pattern.to_owned(), compiled.clone());
    compiled
}

fn compile(pattern: &str) -> Option<Compiled> {
    // ECMAScript reads `{,3}` as plain text, others as a repetition.
    if pattern.contains("{,") {
        return None;
    }
    let (not_starting, rest) = excluded_starts(pattern);
    let (text, ascii) = translate(&rest);
    let regex = RegexBuilder::new(&text).size_limit(SIZE_LIMIT).build().ok()?;
    Some(Compiled { regex, not_starting, ascii })
}

/// Takes `^(?!aws:)rest` apart: the beginnings that are excluded, and `^rest`. Only where that is the same: plain
/// letters, and no alternative that the `^` would not cover.
fn excluded_starts(pattern: &str) -> (Vec<String>, String) {
    let mut starts = Vec::new();
    let mut rest = match pattern.strip_prefix('^') {
        Some(rest) if !rest.contains('|') => rest,
        _ => return (starts, pattern.to_owned()),
    };
    while let Some((start, after)) = rest.strip_prefix("(?!").and_then(|rest| rest.split_once(')')) {
        if start.is_empty()
            || !start.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '/'))
        {
            break;
        }
        starts.push(start.to_owned());
        rest = after;
    }
    (starts, format!("^{rest}"))
}

/// `\Z` as `$`, and `\p{L}`, `\p{N}`, `\p{Z}` inside a class as what they are in ASCII (then the flag is true).
fn translate(pattern: &str) -> (String, bool) {
    let mut out = String::with_capacity(pattern.len());
    let (mut ascii, mut in_class) = (false, false);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let class = [(r"\p{L}", "a-zA-Z"), (r"\p{N}", "0-9"), (r"\p{Z}", " ")]
            .into_iter()
            .find(|(class, _)| in_class && rest.starts_with(class));
        let taken = if let Some((class, members)) = class {
            out.push_str(members);
            ascii = true;
            class.len()
        } else if !in_class && rest.starts_with(r"\Z") {
            out.push('$');
            2
        } else {
            let taken = if c == '\\' { rest.chars().take(2).map(char::len_utf8).sum() } else { c.len_utf8() };
            out.push_str(&rest[..taken]);
            in_class = (in_class || c == '[') && c != ']';
            taken
        };
        rest = &rest[taken..];
    }
    (out, ascii)
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
        for pattern in
            ["^(?!.*aws).+$", "^(?!aws:)a|b$", r"^\p{L}+$", r"[\p{Lu}]", "^.{1,65535}$", "a{,3}", "("]
        {
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

    #[test]
    fn common_forms_that_the_engine_lacks_are_translated() {
        let tag = "^(?!aws:)(?!cdk:)[a-zA-Z+-=._:/]+$";
        assert_eq!(matches(tag, "team"), Some(true));
        assert_eq!(matches(tag, "aws:team"), Some(false));
        assert_eq!(matches(tag, "cdk:team"), Some(false));
        assert_eq!(matches(tag, "the team"), Some(false));
        let unicode = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$";
        assert_eq!(matches(unicode, "the team-1"), Some(true));
        assert_eq!(matches(unicode, "team!"), Some(false));
        assert_eq!(matches(unicode, "équipe"), None);
        assert_eq!(matches(r"\A[0-9a-z\\]+\Z", r"a\1"), Some(true));
        assert_eq!(matches(r"\A[0-9a-z]+\Z", "a-1"), Some(false));
    }
}
