//! `explain SDnnnn`: the long text of a diagnostic, offline.

use crate::app::{App, Done};
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::render::explain;
use stack_core::diagnostic::{Code, Diagnostic, Explanation};

/// Every explanation of the program, ascending.
pub fn all() -> Vec<&'static Explanation> {
    let tables = [
        stack_manifest::codes::ALL,
        stack_core::conform::codes::ALL,
        stack_core::planner::codes::ALL,
        stack_engine::codes::ALL,
        stack_flow::codes::ALL,
        stack_sql::codes::ALL,
        codes::ALL,
    ];
    let mut all: Vec<&Explanation> = tables.into_iter().flatten().collect();
    all.sort_by_key(|explanation| explanation.code);
    all
}

/// What is known about a number.
pub fn explanation(code: Code) -> Option<&'static Explanation> {
    all().into_iter().find(|explanation| explanation.code == code)
}

/// Families by the first digit (plan-ux 13).
const FAMILIES: [(u16, &str); 8] = [
    (1, "manifest and templates"),
    (2, "planning"),
    (3, "answers of the provider"),
    (4, "saved plans and locks"),
    (5, "guardrails and consent"),
    (6, "journal, rollback and resume"),
    (7, "credentials and connection"),
    (9, "bugs"),
];

/// The family of a number.
fn family(code: Code) -> Option<&'static str> {
    FAMILIES.iter().find(|(digit, _)| *digit == code.0 / 1000).map(|(_, name)| *name)
}

/// Prints it.
pub(super) fn run(app: &App, word: &str) -> Done {
    let Some(code) = parse(word) else { return Err(no_code(word)) };
    match explanation(code) {
        Some(explanation) => {
            app.console.out(&explain::code(explanation, family(code), app.console.out_style));
            Ok(Exit::Done)
        }
        None => Err(unknown(code)),
    }
}

/// `SD1203`, `sd1203`, `1203`; in brackets as it is printed, too.
fn parse(word: &str) -> Option<Code> {
    let bare = word.trim().trim_start_matches("error").trim_start_matches("warning");
    let bare = bare.trim_start_matches('[').trim_end_matches(':').trim_end_matches(']');
    let digits = bare.strip_prefix("SD").or_else(|| bare.strip_prefix("sd")).unwrap_or(bare);
    let is_number = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten().map(Code)
}

fn no_code(word: &str) -> Stopped {
    let diagnostic = Diagnostic::error(codes::NO_SUCH_CODE, format!("`{word}` is no number of a diagnostic"))
        .next("write it as SD1203, sd1203 or 1203; for a resource: explain STACK_DIR ENV ADDRESS [PATH]");
    Stopped::new(Exit::Usage, diagnostic)
}

fn unknown(code: Code) -> Stopped {
    const NEAR: usize = 3;
    let mut near = all();
    near.retain(|explanation| explanation.code.0 / 100 == code.0 / 100);
    near.sort_by_key(|explanation| (explanation.code.0.abs_diff(code.0), explanation.code));
    near.truncate(NEAR);
    let mut diagnostic =
        Diagnostic::error(codes::NO_SUCH_CODE, format!("no diagnostic has the number {code}"));
    for explanation in near {
        diagnostic = diagnostic.note(explanation.code.to_string(), explanation.title);
    }
    if diagnostic.notes.is_empty() {
        for (digit, name) in FAMILIES {
            diagnostic = diagnostic.note(format!("SD{digit}xxx"), name);
        }
    }
    Stopped::new(Exit::Usage, diagnostic.next("give the number that stands in the brackets of a message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_lite::Regex;
    use std::path::Path;

    #[test]
    fn every_spelling_of_a_number_is_understood() {
        for word in ["SD1203", "sd1203", "1203", "[SD1203]", "error[SD1203]:"] {
            assert_eq!(parse(word), Some(Code(1203)), "{word}");
        }
        for word in ["", "SD", "SD12", "SD12034", "12o3", "prod"] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn every_number_belongs_to_a_family_and_is_explained_once() {
        let all = all();
        assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code));
        for explanation in all {
            let Explanation { code, title, text } = *explanation;
            assert!(family(code).is_some(), "{code}");
            assert!(!title.is_empty() && !title.ends_with('.'), "{code}");
            assert!(text.len() > 40, "{code}");
        }
    }

    /// Every constant of the workspace, in whichever form it is defined.
    #[test]
    fn every_code_of_the_workspace_is_explained() {
        let literal = Regex::new(r"(?:: Code = Code\(|^ {4}[A-Z_]+ = )(\d{4})\b").unwrap();
        let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
        let mut found = 0;
        while let Some(path) = files.pop() {
            if path.is_dir() {
                let is_source = !path.ends_with("tests") && !path.ends_with("target");
                files.extend(
                    std::fs::read_dir(path).unwrap().filter(|_| is_source).map(|entry| entry.unwrap().path()),
                );
                continue;
            }
            let is_ours = path.extension().is_some_and(|e| e == "rs");
            let text = if is_ours { std::fs::read_to_string(&path).unwrap() } else { String::new() };
            for line in text.lines() {
                for number in literal.captures_iter(line).filter_map(|c| c[1].parse().ok()) {
                    found += 1;
                    assert!(explanation(Code(number)).is_some(), "SD{number} of {}", path.display());
                }
            }
        }
        assert!(found >= all().len(), "only {found} numbers were found");
    }
}
