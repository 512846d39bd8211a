//! Failures of templates as diagnostics.

use crate::codes;
use crate::template::engine::{FILTERS, FUNCTIONS, TESTS};
use crate::template::methods::METHODS;
use crate::template::session::Absence;
use crate::template::{Failure, FailureKind, find_expression, head_of};
use stack_core::diagnostic::{Diagnostic, Part, Route, nearest};

/// The names that a template could have meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Visible names, with what defines them: `globals, stackql_manifest.yml:9`.
    pub(crate) visible: Vec<(String, String)>,
    /// True if the expression begins with a name that is defined.
    pub(crate) head_is_defined: bool,
    /// Members of the value that an undefined expression walks into.
    pub(crate) members: Vec<String>,
    /// True inside `globals`, which see the variables of the command line.
    pub(crate) in_globals: bool,
    /// True if the name is a variable that only globals see.
    pub(crate) only_variable: bool,
}

/// Adds who needs the value.
pub(crate) fn needed_by(problem: Diagnostic, who: String) -> Diagnostic {
    before_next(problem, "needed by", who)
}

/// Adds a line before the one that says what to do.
pub(crate) fn before_next(mut problem: Diagnostic, key: &str, text: String) -> Diagnostic {
    let at = problem.notes.iter().position(|(key, _)| key == "next").unwrap_or(problem.notes.len());
    problem.notes.insert(at, (key.to_owned(), text));
    problem
}

/// The diagnostic of a failure; `None` if it has been reported.
pub(crate) fn template(failure: &Failure, source: &str, route: &Route, names: &Names) -> Option<Diagnostic> {
    let at = |range: &Option<std::ops::Range<usize>>| range.clone().map_or(Part::Value, Part::Within);
    let part = at(&failure.range);
    let plain = |code, message: String, label: String| {
        Some(Diagnostic::error(code, message).at_part(route.clone(), part.clone(), label))
    };
    match &failure.kind {
        FailureKind::Reported => None,
        FailureKind::Syntax(why) => {
            plain(codes::TEMPLATE_SYNTAX, "this template cannot be parsed".to_owned(), why.clone())
        }
        FailureKind::Unknown(what, name) => {
            let known: &[&str] = match *what {
                "filter" => FILTERS,
                "test" => TESTS,
                "method" => METHODS,
                _ => FUNCTIONS,
            };
            let label = nearest(name, known.iter().copied())
                .map_or_else(String::new, |n| format!("did you mean `{n}`?"));
            plain(codes::UNKNOWN_FUNCTION, format!("there is no {what} `{name}`"), label)
        }
        FailureKind::Undefined(expression) => {
            let head = head_of(expression);
            if head.is_empty() {
                return plain(codes::UNDEFINED, "this expression gives no value".to_owned(), String::new())
                    .map(|p| p.next("correct it, or give a default: `| default(…)`"));
            }
            if names.head_is_defined {
                let last = expression.rsplit('.').next().unwrap_or_default();
                let near = nearest(last, names.members.iter().map(String::as_str));
                let label = near.map_or_else(String::new, |n| format!("did you mean `{n}`?"));
                return plain(codes::UNDEFINED, format!("`{expression}` is not defined"), label)
                    .map(|p| p.next("fix the name, or give a default: `| default(…)`"));
            }
            let range =
                find_expression(source, head, failure.range.clone()).or_else(|| failure.range.clone());
            let near = nearest(head, names.visible.iter().map(|(name, _)| name.as_str()));
            let label = near
                .and_then(|near| names.visible.iter().find(|(name, _)| name == near))
                .map_or_else(String::new, |(name, place)| {
                    if place.is_empty() {
                        format!("did you mean `{name}`?")
                    } else {
                        format!("did you mean `{name}` ({place})?")
                    }
                });
            let next = if head == "each" {
                "`each.key` and `each.value` exist only in a resource with `for_each`".to_owned()
            } else if names.only_variable {
                format!(
                    "only globals see -e and the environment file: write `vars.{head}`, or add a global for it"
                )
            } else if names.in_globals {
                format!("fix the name, or give it a value: -e {head}=…")
            } else {
                format!("fix the name, or add it to globals: - {{ name: {head}, value: … }}")
            };
            Some(
                Diagnostic::error(codes::UNDEFINED, format!("`{head}` is not defined"))
                    .at_part(route.clone(), at(&range), label)
                    .next(next),
            )
        }
        FailureKind::Absent(expression, Absence { words, lost: true }) => {
            plain(codes::LOST_SECRET, format!("`{expression}` has no value: {words}"), String::new()).map(
                |p| {
                    p.next(
                "give it from where it was kept: `| default(VARIABLE)`; or make a new one under another name",
            )
                },
            )
        }
        FailureKind::Absent(expression, Absence { words: why, .. }) => {
            plain(codes::ABSENT_PROPERTY, format!("`{expression}` has no value: {why}"), String::new())
                .map(|p| p.next("give a default where that is fine: `| default(…)`"))
        }
        FailureKind::Cause(cause) => {
            cause.code.and_then(|code| plain(code, cause.message.clone(), cause.label.clone()))
        }
        FailureKind::Other(words) => {
            let label = words.clone().unwrap_or_else(|| "(sensitive)".to_owned());
            plain(codes::TEMPLATE_FAILED, "this template failed".to_owned(), label)
        }
    }
}
