//! Secret texts of a stack, and their removal from words that come from outside.
//!
//! A service repeats in its messages what it was sent (`Value 'x' at 'roleArn' failed to satisfy constraint`, hooks,
//! status messages of failed operations), so a value that is never printed by us can still come back as words.

use crate::diagnostic::Diagnostic;
use crate::provider::{Failure, Progress, Status};
use crate::value::{Secret, Value};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands where a secret stood (plan-ux 3).
pub const MARK: &str = "(sensitive)";

/// Shorter texts are left: they would hide half of every sentence, and say little.
const SHORTEST: usize = 4;

/// A secret that a message breaks off is recognised from so many bytes on.
const BROKEN_OFF: usize = 8;

/// Shorter ones hide a *value* only where they are all of it: `test` must not hide every name that it is part of.
const TELLING: usize = 8;

/// The secret texts of a stack. Clones share what they know: secrets may become known while a run is under way.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    /// As given, so that learning again costs one look-up.
    plain: BTreeSet<String>,
    /// Every spelling of them.
    spellings: BTreeSet<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Remembers every secret in a value: its scalars, and its JSON text where it is a list or an object.
    pub fn learn(&self, value: &Value) {
        value.visit(&mut |part| {
            if let Value::Secret(secret) = part {
                self.learn_all(secret.expose());
            }
        });
    }

    /// Remembers a value that is secret as a whole.
    pub fn learn_all(&self, value: &Value) {
        let Some(json) = value.exposed() else {
            // A secret with an unknown in it: what is known of it counts.
            value.visit(&mut |part| {
                if let (Some(json), false) =
                    (part.exposed(), matches!(part, Value::Array(_) | Value::Object(_)))
                {
                    self.learn_json(&json);
                }
            });
            return;
        };
        self.learn_json(&json);
    }

    fn learn_json(&self, json: &Json) {
        match json {
            // `true` is in many sentences and tells nothing.
            Json::Null | Json::Bool(_) => {}
            Json::Number(number) => {
                self.learn_text(&number.to_string());
            }
            Json::String(text) => {
                if self.learn_text(text)
                    && text.trim_start().starts_with(['{', '['])
                    && let Ok(inner) = serde_json::from_str::<Json>(text)
                {
                    self.learn_json(&inner);
                }
            }
            Json::Array(items) => {
                self.learn_text(&json.to_string());
                items.iter().for_each(|item| self.learn_json(item));
            }
            Json::Object(members) => {
                self.learn_text(&json.to_string());
                members.values().for_each(|member| self.learn_json(member));
            }
        }
    }

    /// Remembers one text. False if it was known, or is too short to be looked for.
    pub fn learn_text(&self, text: &str) -> bool {
        let text = text.trim();
        if text.chars().count() < SHORTEST
            || self.0.read().unwrap_or_else(PoisonError::into_inner).plain.contains(text)
        {
            return false;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.spellings.extend(spellings(text));
        if text.contains('\n') {
            // Whoever repeats several lines may indent them, or repeat only some.
            let lines = text.lines().map(str::trim).filter(|line| line.len() >= BROKEN_OFF);
            known.spellings.extend(lines.flat_map(spellings));
        }
        known.plain.insert(text.to_owned())
    }

    /// The text with [`MARK`] for every secret in it.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let places = self.places(text);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for place in places {
            out.push_str(&text[from..place.start]);
            out.push_str(MARK);
            from = place.end;
        }
        out.push_str(&text[from..]);
        Cow::Owned(out)
    }

    /// True if a value that the service gave is a secret, or is made with one (an ARN with a secret name in it).
    pub fn is_in(&self, value: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.spellings.contains(value)
            || known
                .spellings
                .iter()
                .any(|spelling| spelling.len() >= TELLING && value.contains(spelling.as_str()))
    }

    /// True if nothing is known to be secret.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).plain.is_empty()
    }

    /// The value with a [`Value::Secret`] for every scalar that is a secret or is made with one.
    #[must_use]
    pub fn seal(&self, value: Value) -> Value {
        if self.is_empty() { value } else { self.sealed(value) }
    }

    fn sealed(&self, value: Value) -> Value {
        match value {
            Value::String(text) if self.is_in(&text) => Value::Secret(Secret::new(Value::String(text))),
            Value::Number(number) if self.is_in(&number.to_string()) => {
                Value::Secret(Secret::new(Value::Number(number)))
            }
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.sealed(item)).collect()),
            Value::Object(members) => {
                Value::Object(members.into_iter().map(|(name, member)| (name, self.sealed(member))).collect())
            }
            other => other,
        }
    }

    /// Takes secrets out of a text.
    pub fn clear(&self, text: &mut String) {
        if let Cow::Owned(cleared) = self.text(text) {
            *text = cleared;
        }
    }

    /// Takes secrets out of the words of a diagnostic. What it points at stays.
    #[must_use]
    pub fn diagnostic(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        self.clear(&mut diagnostic.message);
        diagnostic.labels.iter_mut().for_each(|label| self.clear(&mut label.text));
        diagnostic.notes.iter_mut().for_each(|(_, text)| self.clear(text));
        diagnostic
    }

    /// Takes secrets out of the words of a failure.
    #[must_use]
    pub fn failure(&self, mut failure: Failure) -> Failure {
        self.clear(&mut failure.code);
        self.clear(&mut failure.message);
        failure
    }

    /// Takes secrets out of the words of an operation's state. The identifier stays: calls need it; and so does the
    /// error code, which decides what the state means (see [`Self::failure`]). Nothing is decided by its model, which
    /// may say back what was sent.
    #[must_use]
    pub fn progress(&self, mut progress: Progress) -> Progress {
        self.clear(&mut progress.message);
        for (name, message) in &mut progress.hooks {
            self.clear(name);
            self.clear(message);
        }
        if let Status::Other(word) = &mut progress.status {
            self.clear(word);
        }
        progress.model.iter_mut().for_each(|model| self.clear_json(model));
        progress
    }

    /// Takes secrets out of the texts and numbers of JSON that is for reading only.
    fn clear_json(&self, json: &mut Json) {
        match json {
            Json::Null | Json::Bool(_) => {}
            Json::Number(number) => {
                if self.is_in(&number.to_string()) {
                    *json = Json::from(MARK);
                }
            }
            Json::String(text) => self.clear(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.clear_json(item)),
            Json::Object(members) => members.values_mut().for_each(|value| self.clear_json(value)),
        }
    }

    /// Where secrets stand: in order, apart from each other. Overlapping ones are one place, so that no end of one
    /// shows beside the other.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Range<usize>> = Vec::new();
        for spelling in &known.spellings {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| rest.find(spelling.as_str())) {
                let start = from + at;
                found.push(start..start + spelling.len());
                from = start + spelling.chars().next().map_or(1, char::len_utf8);
            }
            found.extend(broken_off(text, spelling));
        }
        found.sort_by_key(|place| (place.start, place.end));
        let mut apart: Vec<Range<usize>> = Vec::new();
        for place in found {
            match apart.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    }
}

/// The beginning of a secret at the end of a text: services cut long messages.
fn broken_off(text: &str, spelling: &str) -> Option<Range<usize>> {
    let end = text.trim_end_matches(['.', '…', '\'', '"', '`', ')', ']', '}', ' ']).len();
    if spelling.len() <= BROKEN_OFF {
        return None;
    }
    // The longest first: it begins farthest to the left.
    let longest = (spelling.len() - 1).min(end);
    let body = text.as_bytes().get(..end)?;
    (BROKEN_OFF..=longest)
        .rev()
        .find(|length| body.ends_with(&spelling.as_bytes()[..*length]))
        .map(|length| end - length..end)
        .filter(|place| text.is_char_boundary(place.start))
}

/// The ways in which a text is written by those who repeat it.
fn spellings(text: &str) -> BTreeSet<String> {
    let escaped = json_escaped(text);
    let bytes = text.as_bytes();
    let mut all = BTreeSet::from([
        text.to_owned(),
        text.to_lowercase(),
        text.to_uppercase(),
        json_escaped(&escaped),
        escaped,
        url_encoded(text, false, "%20"),
        url_encoded(text, true, "%20"),
        url_encoded(text, false, "+"),
        xml_escaped(text),
        base64(bytes, b"+/", true),
        base64(bytes, b"+/", false),
        base64(bytes, b"-_", false),
    ]);
    all.retain(|spelling| spelling.chars().count() >= SHORTEST);
    all
}

/// RFC 8259 section 7, without the quotes.
fn json_escaped(text: &str) -> String {
    let quoted = Json::String(text.to_owned()).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// RFC 3986 section 2.1; some write the digits small, some write a blank as `+`.
fn url_encoded(text: &str, small: bool, blank: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str(blank),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if small => out.push_str(&format!("%{byte:02x}")),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The five entities of XML 1.0 section 4.6.
fn xml_escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

/// RFC 4648 sections 4 and 5.
fn base64(bytes: &[u8], last_two: &[u8; 2], padded: bool) -> String {
    const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digit = |bits: u32| {
        let at = (bits & 63) as usize;
        char::from(if at < 62 { DIGITS[at] } else { last_two[at - 62] })
    };
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (i, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            if i <= chunk.len() {
                out.push(digit(bits >> shift));
            } else if padded {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::provider::FailureKind;
    use proptest::prelude::*;
    use serde_json::json;

    fn knowing(secret: Json) -> Redactor {
        let redactor = Redactor::default();
        redactor.learn(&Value::Array(vec![Value::Secret(Secret::new(Value::from(secret)))]));
        redactor
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let redactor = knowing(json!("p\"a/s s?é"));
        for text in [
            "Value 'p\"a/s s?é' at 'roleArn'",
            r#"{"v":"p\"a/s s?é"}"#,
            r#"{"v":"{\"w\":\"p\\\"a/s s?é\"}"}"#,
            "https://x/?q=p%22a%2Fs%20s%3F%C3%A9&r",
            "https://x/?q=p%22a%2fs%20s%3f%c3%a9&r",
            "q=p%22a%2Fs+s%3F%C3%A9",
            "<v>p&quot;a/s s?é</v>",
            "P\"A/S S?É",
            "Basic cCJhL3Mgcz/DqQ==",
            "Basic cCJhL3Mgcz_DqQ.",
        ] {
            let cleared = redactor.text(text);
            assert!(cleared.contains(MARK), "{text}: {cleared}");
        }
        assert_eq!(redactor.text("Value 'p\"a/s s?é' at 'x'"), "Value '(sensitive)' at 'x'");
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, expected) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes(), b"+/", true), expected);
            assert_eq!(base64(text.as_bytes(), b"+/", false), expected.trim_end_matches('='));
        }
    }

    #[test]
    fn parts_of_a_secret_object_count_but_small_words_do_not() {
        let redactor =
            knowing(json!({ "user": "administrator", "on": true, "pin": 123_456, "n": 7, "c": "abc" }));
        assert_eq!(
            redactor.text("administrator 123456 true 7 abc user"),
            "(sensitive) (sensitive) true 7 abc user"
        );
        assert_eq!(knowing(json!(r#"{"password":"hunter2-x"}"#)).text("bad: hunter2-x"), "bad: (sensitive)");
    }

    #[test]
    fn of_two_that_overlap_nothing_is_left() {
        let redactor = knowing(json!(["abcdef", "defghi", "xyxyx"]));
        assert_eq!(redactor.text("-abcdefghi-"), "-(sensitive)-");
        assert_eq!(redactor.text("-xyxyxyx-"), "-(sensitive)-");
    }

    #[test]
    fn a_secret_that_the_message_breaks_off_is_hidden() {
        let redactor = knowing(json!("S3cr3tPl4nt-with-a-long-tail"));
        assert_eq!(redactor.text("Value 'S3cr3tPl4nt-wi...'"), "Value '(sensitive)...'");
        assert_eq!(redactor.text("Value S3cr"), "Value S3cr");
    }

    #[test]
    fn every_line_of_a_long_secret_counts() {
        let redactor = knowing(json!("-----BEGIN KEY-----\nMIIEowIBAAKC\nab\n"));
        assert_eq!(redactor.text("line 2: `MIIEowIBAAKC` ab"), "line 2: `(sensitive)` ab");
    }

    #[test]
    fn failures_states_and_diagnostics_keep_all_but_the_secret() {
        let redactor = knowing(json!("S3cr3tPl4nt"));
        let failure = Failure::new(FailureKind::Invalid, "ValidationException", "Value 'S3cr3tPl4nt'");
        let failure = redactor.failure(failure);
        assert_eq!(failure.to_string(), "ValidationException: Value '(sensitive)'");
        assert!(!format!("{failure:?}").contains("S3cr3tPl4nt"));
        let diagnostic =
            Diagnostic::error(Code(1), "S3cr3tPl4nt").at(crate::diagnostic::Route::default(), "S3cr3tPl4nt");
        let diagnostic = redactor.diagnostic(diagnostic.note("why", "S3cr3tPl4nt"));
        assert!(!format!("{diagnostic:?}").contains("S3cr3tPl4nt"), "{diagnostic:?}");
        assert_eq!(format!("{redactor:?}"), "Redactor");
    }

    #[test]
    fn values_made_with_a_secret_are_secret() {
        let redactor = knowing(json!(["S3cr3tPl4nt", "test"]));
        let value =
            json!({ "Arn": "arn:aws:x:S3cr3tPl4nt/1", "Name": "my-test-name", "Word": "test", "N": [1] });
        let sealed = redactor.seal(Value::from(value));
        let shown = format!("{sealed:?}");
        assert!(!shown.contains("S3cr3tPl4nt") && shown.contains("my-test-name"), "{shown}");
        assert!(matches!(sealed.get("Word"), Some(Value::Secret(_))), "{shown}");
        assert!(Redactor::default().is_empty() && !redactor.is_empty());
    }

    #[test]
    fn clones_learn_together() {
        let redactor = Redactor::default();
        let other = redactor.clone();
        other.learn_text("S3cr3tPl4nt");
        assert!(redactor.is_in("xS3cr3tPl4ntx"));
    }

    proptest! {
        #[test]
        fn whatever_stands_around_a_secret_it_is_gone(secret in "\\PC{4,12}", before in "\\PC{0,8}", after in "\\PC{0,8}") {
            let secret = secret.trim();
            prop_assume!(secret.chars().count() >= 4 && !MARK.contains(secret));
            let redactor = Redactor::default();
            redactor.learn_text(secret);
            let text = format!("{before}{secret}{after}");
            let cleared = redactor.text(&text);
            prop_assert!(cleared.contains(MARK));
            prop_assert!(cleared.replace(MARK, "").len() <= text.len() - secret.len());
        }
    }
}
