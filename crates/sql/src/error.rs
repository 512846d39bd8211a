//! Why a statement cannot be read, bound or run.

use stack_core::diagnostic::{Code, Diagnostic, Part, Route};
use std::ops::Range;

/// One problem with a statement, complete but for the file that it stands in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// Number.
    pub code: Code,
    /// One sentence, lower-case start, no full stop.
    pub message: String,
    /// Bytes of the statement's text.
    pub at: Option<Range<usize>>,
    /// What stands beside the place. May be empty.
    pub label: Box<str>,
    /// Lines `= key  text`, in print order.
    pub notes: Vec<(String, String)>,
    /// What to do.
    pub next: Option<Box<str>>,
}

impl SqlError {
    /// A problem without a place yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = short(message.into());
        Self { code, message, at: None, label: Box::default(), notes: Vec::new(), next: None }
    }

    /// Adds the place, if it is known.
    #[must_use]
    pub fn at(mut self, at: impl Into<Option<Range<usize>>>) -> Self {
        self.at = at.into();
        self
    }

    /// Adds the words beside the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<Box<str>>) -> Self {
        self.label = short(text.into().into()).into();
        self
    }

    /// Adds a line `= key  text`.
    #[must_use]
    pub fn note(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.notes.push((key.into(), short(text.into())));
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn next(mut self, text: impl Into<Box<str>>) -> Self {
        self.next = Some(short(text.into().into()).into());
        self
    }

    /// The same problem in a text that has the statement further on.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.at = self.at.map(|at| at.start + by..at.end + by);
        self
    }

    /// The problem as everything else tells it. `route` is the node whose content the statement's text is.
    pub fn diagnostic(self, route: Option<Route>) -> Diagnostic {
        let mut told = Diagnostic::error(self.code, self.message);
        match (route, self.at) {
            (Some(route), Some(at)) => told = told.at_part(route, Part::Within(at), self.label),
            (_, _) if !self.label.is_empty() => told = told.note("why", self.label),
            _ => {}
        }
        for (key, text) in self.notes {
            told = told.note(key, text);
        }
        match self.next {
            Some(next) => told.next(next),
            None => told,
        }
    }
}

/// Characters of a text that has more than people read: names and literals may have a million.
const LONG: usize = 1_000;

/// The beginning of a long text. What is broken off at its end is still recognised if it is a secret.
fn short(text: String) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn a_problem_becomes_a_diagnostic_with_its_place_or_without() {
        let problem =
            SqlError::new(codes::SYNTAX, "no SQL").at(3..5).label("here").note("a", "b").next("mend it");
        let placed = problem.clone().shifted(10).diagnostic(Some(Route::default()));
        assert_eq!(placed.labels[0].part, Part::Within(13..15));
        assert_eq!(placed.notes.len(), 2);
        let bare = problem.diagnostic(None);
        assert!(bare.labels.is_empty());
        assert_eq!(bare.notes[0], ("why".to_owned(), "here".to_owned()));
    }

    #[test]
    fn no_word_of_an_error_is_endless() {
        let long = format!("begin {}", "ä".repeat(10_000));
        let told = SqlError::new(codes::SYNTAX, long.as_str()).label(long.as_str()).note("a", long.as_str());
        let told = told.next(long.as_str());
        for text in
            [&told.message, &told.label.to_string(), &told.notes[0].1, &told.next.unwrap().to_string()]
        {
            assert!(text.starts_with("begin ä") && text.ends_with('…') && text.chars().count() == LONG + 1);
        }
        assert_eq!(SqlError::new(codes::SYNTAX, "short").message, "short");
    }

    #[test]
    fn every_number_is_of_the_family() {
        for one in codes::ALL {
            assert_eq!(one.code.0 / 100, 14, "{}", one.title);
        }
    }
}
