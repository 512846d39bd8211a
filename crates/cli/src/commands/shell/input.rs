//! Lines become statements.

use stack_sql::lex::{Part, parts};

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A blank line, or a statement that goes on.
    Nothing,
    /// One or more whole statements.
    Statements(String),
    /// A line that begins with a dot.
    Command(String),
}

/// Lines of a statement that is not whole yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    text: String,
}

impl Pending {
    /// True before the first line of a statement.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The lines so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Takes a line.
    pub(super) fn push(&mut self, line: &str) -> Input {
        if self.text.is_empty() {
            if line.trim().is_empty() {
                return Input::Nothing;
            }
            if line.trim_start().starts_with('.') {
                return Input::Command(line.trim().to_owned());
            }
        }
        self.text.push_str(line);
        self.text.push('\n');
        if is_whole(&self.text) { self.rest() } else { Input::Nothing }
    }

    /// What there is, whole or not.
    pub(super) fn rest(&mut self) -> Input {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() { Input::Nothing } else { Input::Statements(text) }
    }

    /// Forgets it.
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }
}

/// True if the last thing but comments is a `;` that ends a statement.
fn is_whole(text: &str) -> bool {
    let last = parts(text).into_iter().rev().find(|(at, part)| match part {
        Part::Comment => false,
        Part::Code => !text[at.clone()].trim().is_empty(),
        Part::Literal | Part::Name => true,
    });
    last.is_some_and(|(at, part)| part == Part::Code && text[at].trim_end().ends_with(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_with_a_semicolon_at_the_end_of_a_line() {
        let mut pending = Pending::default();
        assert_eq!(pending.push("  "), Input::Nothing);
        assert_eq!(pending.push(" .mode csv "), Input::Command(".mode csv".to_owned()));
        assert_eq!(pending.push("SELECT 1; SELECT"), Input::Nothing);
        assert_eq!(
            pending.push(".5; -- half"),
            Input::Statements("SELECT 1; SELECT\n.5; -- half\n".to_owned())
        );
        assert!(pending.is_empty());
        for open in ["SELECT 'a;", "SELECT 1 -- ;", "SELECT /* ; */", "SELECT \"a;\""] {
            assert_eq!(pending.push(open), Input::Nothing, "{open}");
            pending.clear();
        }
        let _ = pending.push("SELECT 1");
        assert_eq!(pending.text(), "SELECT 1\n");
        assert_eq!(pending.rest(), Input::Statements("SELECT 1\n".to_owned()));
        assert_eq!(pending.rest(), Input::Nothing);
    }
}
