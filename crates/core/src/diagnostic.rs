//! What went wrong, where in the manifest, why, and what to do next.
//!
//! A label points with a symbolic [`Route`]; only the renderer turns it into file, line and column.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// The number of a diagnostic, printed `SD1203`. Families: plan-ux section 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SD{:04}", self.0)
    }
}

/// What a number means, for `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The number.
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// What it means, why it is so, and what to do. Plain text, several lines.
    pub text: &'static str,
}

/// Defines numbers together with what `explain` says about them: `NAME = NUMBER, "title", "text";`. `ALL` holds them in
/// the given order.
#[macro_export]
macro_rules! codes {
    ($($name:ident = $number:literal, $title:literal, $text:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: $crate::diagnostic::Code = $crate::diagnostic::Code($number);
        )*
        /// Every number that is defined here, explained.
        pub const ALL: &[$crate::diagnostic::Explanation] =
            &[$($crate::diagnostic::Explanation { code: $name, title: $title, text: $text }),*];
    };
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth reading.
    Note,
    /// Probably not meant.
    Warning,
    /// Nothing goes on.
    Error,
}

/// A place in a source file, symbolic: the way to a YAML node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// The source file, relative to the stack folder. Empty: the manifest itself.
    pub file: String,
    /// Keys and indices from the document's root.
    pub steps: Vec<RouteStep>,
}

/// One step of a [`Route`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RouteStep {
    /// The element of a sequence.
    Index(usize),
    /// The value of a mapping's key.
    Key(String),
}

impl Route {
    /// The route one key further.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut next = self.clone();
        next.steps.push(RouteStep::Key(key.into()));
        next
    }
    /// The route one element further.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut next = self.clone();
        next.steps.push(RouteStep::Index(index));
        next
    }
    /// The route without its last step.
    pub fn parent(&self) -> Option<Self> {
        let mut next = self.clone();
        next.steps.pop().map(|_| next)
    }
}

/// What a label underlines at its route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The node's value.
    #[default]
    Value,
    /// The key that leads to the node.
    Key,
    /// Bytes inside a scalar's *content* (after YAML unquoting), as a template error reports them.
    Within(Range<usize>),
}

/// One underlined place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub route: Route,
    /// Which part of the node.
    pub part: Part,
    /// What stands beside the carets. May be empty.
    pub text: String,
}

/// One problem, complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Number.
    pub code: Code,
    /// Weight.
    pub severity: Severity,
    /// One sentence, lower-case start, no full stop.
    pub message: String,
    /// The first label is the primary one.
    pub labels: Vec<Label>,
    /// Lines `= key  text`, in print order: `needed by`, `service`, `why`, `next`, ….
    pub notes: Vec<(String, String)>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
        }
    }
    /// A warning without a place yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }
    /// Adds a place: the value of a node.
    #[must_use]
    pub fn at(self, route: Route, text: impl Into<String>) -> Self {
        self.at_part(route, Part::Value, text)
    }
    /// Adds a place: the key of a node.
    #[must_use]
    pub fn at_key(self, route: Route, text: impl Into<String>) -> Self {
        self.at_part(route, Part::Key, text)
    }
    /// Adds a place: any part of a node.
    #[must_use]
    pub fn at_part(mut self, route: Route, part: Part, text: impl Into<String>) -> Self {
        self.labels.push(Label { route, part, text: text.into() });
        self
    }
    /// Adds a line `= key  text`.
    #[must_use]
    pub fn note(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.notes.push((key.into(), text.into()));
        self
    }
    /// Adds the line that says what to do.
    #[must_use]
    pub fn next(self, text: impl Into<String>) -> Self {
        self.note("next", text)
    }
    /// True for errors.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)
    }
}

/// Several problems at once; never empty when it is an error.
pub type Diagnostics = Vec<Diagnostic>;

/// Bytes of a word that may be a misspelt name.
const LONGEST_NAME: usize = 500;

/// The candidate nearest to a misspelt word, if near enough to suggest.
///
/// Case and `_` do not count as a difference, so `domain_name` finds `DomainName`. Words that are longer than names are (a
/// statement may hold one of a million characters) are compared with nothing.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let fold = |s: &str| {
        s.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect::<String>()
    };
    if word.len() > LONGEST_NAME {
        return None;
    }
    let folded = fold(word);
    let length = folded.chars().count();
    let most = 1 + length / 4;
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = fold(candidate);
            // No distance is less than the difference of the lengths.
            if other.chars().count().abs_diff(length) > most {
                return None;
            }
            let score = strsim::damerau_levenshtein(&folded, &other);
            (score <= most).then_some((score, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_print_with_four_digits() {
        assert_eq!(Code(1203).to_string(), "SD1203");
    }

    #[test]
    fn nearest_ignores_case_and_underscores_but_not_meaning() {
        let names = ["DomainName", "Uri", "ObjectTypeName"];
        assert_eq!(nearest("domain_name", names), Some("DomainName"));
        assert_eq!(nearest("ObjectTypNames", names), Some("ObjectTypeName"));
        assert_eq!(nearest("Bandwidth", names), None);
        let long = "x".repeat(1_000_000);
        assert_eq!(nearest(&long, [long.as_str(), "Uri"]), None);
    }
}
