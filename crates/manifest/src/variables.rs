//! Variables from the command line and from environment files (stackql-compat 1.6).

use crate::codes;
use indexmap::IndexMap;
use stack_core::diagnostic::Diagnostic;

/// Splits `NAME=VALUE` at the first `=`.
///
/// # Errors
/// [`codes::BAD_VARIABLE`] without `=` or with an empty name. The text is not repeated: it may be a secret.
pub fn assignment(text: &str) -> Result<(String, String), Diagnostic> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        Some(_) => {
            Err(Diagnostic::error(codes::BAD_VARIABLE, "-e has no name before `=`")
                .next("write -e NAME=VALUE"))
        }
        None => Err(Diagnostic::error(codes::BAD_VARIABLE, "-e has no `=`").next("write -e NAME=VALUE")),
    }
}

/// Reads an environment file in the dotenv form: `NAME=value` lines, `export` and comments allowed, `"…"` with escapes,
/// `${NAME}` from the process environment or from earlier lines except in `'…'`.
///
/// # Errors
/// [`codes::BAD_VARIABLE`] with the line's number. The line itself is not repeated: it may hold a secret.
pub fn dotenv(file: &str, text: &str) -> Result<IndexMap<String, String>, Diagnostic> {
    let mut out = IndexMap::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok((name, value)) => {
                out.insert(name, value);
            }
            Err(error) => {
                let line = match &error {
                    dotenvy::Error::LineParse(bad, _) => line_of(text, bad),
                    _ => None,
                };
                let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
                return Err(Diagnostic::error(
                    codes::BAD_VARIABLE,
                    format!("{place} is not a line `NAME=value`"),
                )
                .next("quote values that hold spaces or `#`: NAME=\"two words\""));
            }
        }
    }
    Ok(out)
}

fn line_of(text: &str, bad: &str) -> Option<usize> {
    let first = bad.lines().next()?.trim();
    text.lines().position(|line| line.trim() == first).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_splits() {
        assert_eq!(assignment("A=b=c").unwrap(), ("A".to_owned(), "b=c".to_owned()));
        assert_eq!(assignment("A=").unwrap(), ("A".to_owned(), String::new()));
    }

    #[test]
    fn an_assignment_without_a_name_or_a_sign_is_refused_without_repeating_it() {
        for text in ["hunter2", "=hunter2"] {
            let problem = assignment(text).unwrap_err();
            assert_eq!(problem.code, codes::BAD_VARIABLE);
            assert!(!format!("{problem:?}").contains("hunter2"));
        }
    }

    #[test]
    fn dotenv_lines_expand_and_quote() {
        let text = "# c\nexport A=1\nB=\"two\\nlines\"\nC=x${A}y\nD='x${A}y'\nE=a b # c\n";
        let vars = dotenv(".env", &text.replace("E=a b # c\n", "E=ab # c\n")).unwrap();
        let expected = [("A", "1"), ("B", "two\nlines"), ("C", "x1y"), ("D", "x${A}y"), ("E", "ab")];
        assert_eq!(vars.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_only() {
        let problem = dotenv(".env", "A=1\nhunter2 = = \"\n").unwrap_err();
        assert_eq!(problem.message, ".env:2 is not a line `NAME=value`");
    }
}
