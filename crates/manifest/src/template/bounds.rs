//! Bounds of what a template may be: the engine's parser and compiler call themselves for each operator of a chain and
//! for each block inside a block, and would run out of stack.

use crate::template::code::{end_of_code, next_opening};
use crate::template::{Failure, FailureKind, size};
use std::ops::Range;

/// Bytes of one template.
const MAX_SOURCE: usize = 1 << 20;

/// Operators, brackets and steps that stand inside one another in an expression.
const MAX_CHAIN: usize = 400;

/// Blocks inside blocks.
const MAX_BLOCKS: usize = 50;

/// Words that are operators.
const WORDS: &[&str] = &["not", "and", "or", "in", "is", "if", "else"];

/// Refuses what the engine could not read safely.
pub(super) fn check(source: &str, is_expression: bool) -> Result<(), Failure> {
    if source.len() > MAX_SOURCE {
        return Err(syntax("this template is longer than 1 MiB".to_owned(), None));
    }
    if is_expression {
        return chain(source, 0..source.len());
    }
    let mut blocks: Vec<usize> = Vec::new();
    let mut result = Ok(());
    visit(source, &mut |range, statement| {
        if result.is_ok() {
            result = chain(source, range.clone());
        }
        let Some(body) = statement else { return };
        let word = body.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match word {
            "if" | "for" | "with" | "macro" | "filter" | "call" | "block" | "autoescape" => blocks.push(1),
            "set" if !body.contains('=') => blocks.push(1),
            // Each branch is read inside the one before.
            "elif" => blocks.last_mut().into_iter().for_each(|last| *last += 1),
            end if end.starts_with("end") => {
                blocks.pop();
            }
            _ => {}
        }
        if result.is_ok() && blocks.iter().sum::<usize>() > MAX_BLOCKS {
            let why = format!("more than {MAX_BLOCKS} blocks stand inside one another");
            result = Err(syntax(why, Some(range)));
        }
    })?;
    result
}

/// Calls `each` for every piece of code, with the statement where it is one. Comments and raw text are none.
fn visit(source: &str, each: &mut dyn FnMut(Range<usize>, Option<&str>)) -> Result<(), Failure> {
    let mut at = 0;
    while let Some((start, close)) = next_code(source, at) {
        if close == "#}" {
            let Some(end) = source[start..].find(close).map(|i| start + i) else {
                let why = "this comment is never closed: `#}` is missing".to_owned();
                return Err(syntax(why, Some(start - 2..start)));
            };
            at = end + 2;
            continue;
        }
        let end = end_of_code(source, start, close);
        let body = (close == "%}").then(|| source[start..end].trim_start_matches(['-', '+']).trim_start());
        if body.is_some_and(|b| b.trim_end_matches(['-', '+']).trim_end() == "raw") {
            at = source[end..].find("endraw").map_or(source.len(), |i| end + i);
            at = source[at..].find("%}").map_or(source.len(), |i| at + i + 2);
            continue;
        }
        each(start..end, body);
        at = (end + 2).min(source.len());
    }
    Ok(())
}

/// The source with what it puts together measured, and what it compares with numbers made numbers, and the places of
/// that. Texts without statements cannot use what they made again, so they need not be measured.
pub(super) fn measured(source: &str, comments: &[Range<usize>]) -> (String, Vec<usize>) {
    let mut code = Vec::new();
    if visit(source, &mut |range, _| code.push(range)).is_err() {
        code.clear();
    }
    size::measure(source, code.into_iter(), source.contains("{%"), comments)
}

/// Where the next piece of code begins, and what ends it.
fn next_code(source: &str, at: usize) -> Option<(usize, &'static str)> {
    next_opening(source, at).map(|(open, close)| (open + 2, close))
}

/// Counts what stands inside one another in one expression or statement.
fn chain(source: &str, range: Range<usize>) -> Result<(), Failure> {
    let code = &source[range.clone()];
    // One count for each open bracket; a comma begins anew.
    let mut counts: Vec<usize> = vec![0];
    let mut total = 0;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut word_from: Option<usize> = None;
    for (i, c) in code.char_indices() {
        if let Some(q) = quote {
            if c == q && !escaped {
                quote = None;
            }
            escaped = c == '\\' && !escaped;
            continue;
        }
        let in_word = c.is_alphanumeric() || c == '_';
        if let Some(from) = word_from.filter(|_| !in_word) {
            word_from = None;
            if WORDS.contains(&&code[from..i]) {
                total += 1;
                counts.last_mut().into_iter().for_each(|n| *n += 1);
            }
        }
        match c {
            _ if in_word => word_from = word_from.or(Some(i)),
            '\'' | '"' => quote = Some(c),
            '(' | '[' | '{' => {
                total += 2;
                counts.last_mut().into_iter().for_each(|n| *n += 1);
                counts.push(1);
            }
            ')' | ']' | '}' if counts.len() > 1 => total -= counts.pop().unwrap_or_default(),
            ',' => total -= counts.last_mut().map_or(0, std::mem::take),
            '~' | '+' | '-' | '*' | '/' | '%' | '|' | '.' | '=' | '<' | '>' | '!' => {
                total += 1;
                counts.last_mut().into_iter().for_each(|n| *n += 1);
            }
            _ => {}
        }
        if total > MAX_CHAIN {
            let at = range.start + i;
            return Err(syntax(
                format!("this expression is too long: more than {MAX_CHAIN} operations depend on each other"),
                Some(at..at + c.len_utf8()),
            ));
        }
    }
    Ok(())
}

fn syntax(why: String, range: Option<Range<usize>>) -> Failure {
    Failure { kind: FailureKind::Syntax(why), range }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(source: &str) -> Option<String> {
        check(source, false).err().map(|failure| match failure.kind {
            FailureKind::Syntax(why) => why,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn chains_that_would_end_the_stack_are_refused() {
        for part in ["not ", "- ", "(", "[", "1 ~ ", "1 + ", "1 if 1 else ", "a.", "{'a':"] {
            assert!(why(&format!("{{{{ {}1 }}}}", part.repeat(100_000))).is_some(), "{part}");
        }
        for part in ["|d(1, 2)", "[0]", "()", ".a"] {
            assert!(why(&format!("{{{{ a{} }}}}", part.repeat(100_000))).is_some(), "{part}");
        }
        assert!(why(&"{% if 1 %}".repeat(10_000)).is_some());
        assert!(why(&format!("{{% if 1 %}}{}", "{% elif 1 %}".repeat(10_000))).is_some());
    }

    #[test]
    fn long_texts_and_lists_are_fine() {
        assert_eq!(why(&"a.b {{ a.b | default('x.y.z') }}".repeat(5_000)), None);
        assert_eq!(why(&format!("{{{{ [{}] }}}}", "f(a.b, c) ~ 'x', ".repeat(5_000))), None);
        assert_eq!(why(&format!("{{{{ '{}' }}}}", "not - ((".repeat(1_000))), None);
        assert_eq!(why(&"{% if a %}x{% endif %}{% set b = 1 %}".repeat(1_000)), None);
        assert_eq!(why(&format!("{{% raw %}}{}{{% endraw %}}{{{{ a }}}}", "{{ ((((".repeat(1_000))), None);
    }

    #[test]
    fn a_comment_that_does_not_end_is_no_text() {
        assert!(why("a {# b").is_some_and(|why| why.contains("never closed")));
        assert_eq!(why("a {# b #}"), None);
    }
}
