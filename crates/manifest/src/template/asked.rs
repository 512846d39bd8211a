//! Names that a condition only asks for. In both template languages of the predecessors an undefined name is false there:
//! `{% if debug %}`, `not debug`, `debug == 'true'`. Everywhere else it is a mistake.

use crate::template::occurrences::Occurrence;
use crate::template::size::{Token, is_literal, is_name, operand, tokens};
use crate::template::{Template, sections, tera};
use minijinja::Value as Mj;
use std::collections::BTreeSet;
use std::ops::Range;

/// Behind names that are compared in a condition. As long as the other filters of ours, because places are counted by it.
pub(super) const ABSENT: &str = "missing__";

/// What is not there is equal to nothing and in nothing, and nothing is in it.
pub(super) fn absent(value: Mj) -> Mj {
    if value.is_undefined() { Mj::from(Vec::<Mj>::new()) } else { value }
}

/// Notes where filters go: behind what is compared in a condition, and behind what a loop with two names goes through.
pub(super) fn mark(tokens: &[Token<'_>], places: &mut BTreeSet<(usize, &'static str)>) {
    for (index, count) in names(tokens) {
        let before = index.checked_sub(1).map_or("", |at| tokens[at].text);
        let after = tokens.get(index + 1).map_or("", |token| token.text);
        let compared = matches!(before, "=" | "in") || matches!(after, "=" | "!" | "in" | "not");
        if count == 1 && compared {
            places.insert((tokens[index].end, ABSENT));
        }
    }
    places.extend(pairs(tokens).map(|end| (end, tera::MEMBERS)));
}

/// Where the operand of a loop with two names ends, if it is a single one.
fn pairs(tokens: &[Token<'_>]) -> Option<usize> {
    let first = usize::from(tokens.first().is_some_and(|token| matches!(token.text, "-" | "+")));
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.text == text);
    if !is(first, "for") || !is(first + 2, ",") || !is(first + 4, "in") {
        return None;
    }
    let end = operand(tokens, first + 5)?;
    let next = tokens.iter().position(|token| token.end == end)? + 1;
    let closes = |token: &Token<'_>| matches!(token.text, "if" | "recursive" | "-" | "+");
    tokens.get(next).is_none_or(closes).then_some(end)
}

/// Names in conditions that stand there by themselves: which token, and how many it has with its members.
fn names(tokens: &[Token<'_>]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    // True inside a condition, for each open bracket.
    let mut asks = vec![false];
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let before = index.checked_sub(1).and_then(|at| tokens.get(at)).map_or("", |token| token.text);
        let asked = asks.last().is_some_and(|asked| *asked);
        match token.text {
            "(" | "[" | "{" => {
                let groups = token.text == "(" && !is_name(before) && !matches!(before, ")" | "]");
                asks.push(asked && groups);
            }
            ")" | "]" | "}" if asks.len() > 1 => {
                asks.pop();
            }
            "if" | "elif" | "else" | "," if before != "." => {
                if let Some(last) = asks.last_mut() {
                    *last = matches!(token.text, "if" | "elif");
                }
            }
            text if asked && is_name(text) && before != "." => {
                let mut end = index + 1;
                while tokens.get(end).is_some_and(|token| token.text == ".") && end + 1 < tokens.len() {
                    end += 2;
                }
                if stands_alone(tokens, index, end) {
                    out.push((index, end - index));
                }
                index = end;
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    out
}

fn stands_alone(tokens: &[Token<'_>], start: usize, end: usize) -> bool {
    let text = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let begins = match text(start.checked_sub(1)) {
        "if" | "elif" | "and" | "or" | "not" | "(" | "in" => true,
        "=" => matches!(text(start.checked_sub(2)), "=" | "!"),
        _ => false,
    };
    let ends = match text(Some(end)) {
        "" | "and" | "or" | "else" | ")" | "in" => true,
        "=" | "!" => text(Some(end + 1)) == "=",
        "not" => text(Some(end + 1)) == "in",
        // What takes blanks away behind a statement.
        "-" | "+" => end + 1 == tokens.len(),
        _ => false,
    };
    begins && ends && !is_literal(text(Some(start)))
}

impl Template {
    /// True if a name, with its members, may be undefined: a condition asks for it, or it stands in comments only.
    pub(crate) fn tolerates(&self, name: &str) -> bool {
        let head = name.split('.').next().unwrap_or(name);
        let commented = || {
            let all = self.occurrences(head);
            !all.is_empty() && all.iter().all(|found| self.is_comment(found, head == name))
        };
        self.asks_for(name) || !self.comments.is_empty() && commented()
    }

    /// True if a use is all of an expression in a comment. Of what is not defined there are no members.
    fn is_comment(&self, found: &Occurrence, is_head: bool) -> bool {
        let (before, after) = (&self.source[..found.range.start], &self.source[found.range.end..]);
        let begins = before.trim_end_matches(|c: char| c.is_whitespace() || c == '-').ends_with("{{");
        let ends = after.trim_start_matches(|c: char| c.is_whitespace() || c == '-').starts_with("}}");
        let inside = self.comments.iter().any(|comment| comment.contains(&found.range.start));
        inside && begins && ends && !(is_head && found.key.is_some())
    }

    /// True if a condition asks for a name with these members. What the condition rules is not looked at.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        let whole = 0..self.source.len();
        let code = if self.is_bare { Vec::from([whole]) } else { sections(&self.source) };
        code.into_iter().any(|section| asks_in(&self.source, section, name))
    }
}

fn asks_in(source: &str, section: Range<usize>, name: &str) -> bool {
    let code = source.get(section.clone()).unwrap_or_default();
    if !code.contains(name) || !code.contains("if") {
        return false;
    }
    let tokens = tokens(code, section.start);
    names(&tokens).into_iter().any(|(index, count)| {
        let all = tokens[index..index + count].iter().map(|token| token.text);
        all.collect::<String>() == name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> String {
        let tokens = tokens(code, 0);
        let names = names(&tokens).into_iter();
        let shown = names.map(|(i, n)| tokens[i..i + n].iter().map(|t| t.text).collect::<String>());
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_in_conditions_are_found() {
        for (code, expected) in [
            ("if a", "a"),
            ("- if not a and (b or c.d) -", "a b c.d"),
            ("elif a == 'x' or 'y' != b", "a b"),
            ("'a' if b == 'c' else d", "b"),
            ("[a if b, c]", ""),
            ("[a if b else d, c]", "b"),
            ("f(a if b) ~ c", "b"),
            ("if a in b and c not in d", "a b c d"),
            ("for a in b if c", "c"),
            ("if a | upper == 'X' or f(b) or [c] or d.e() or g > 1 or h ~ 'x' == i", "i"),
            ("if a is defined", ""),
            ("a == 'x'", ""),
            ("set a = b", ""),
        ] {
            assert_eq!(found(code), expected, "{code}");
        }
    }
}
