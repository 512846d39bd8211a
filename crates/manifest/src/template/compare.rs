//! Comparisons of texts with numbers.
//!
//! Variables of the command line and most exports are texts, and the engine puts every text after every number, so that
//! `n > 3` would hold for the text `2`. Operators cannot be taught otherwise; so what is compared with a written number
//! goes through a filter that makes a number of a text which is exactly one (stackql-compat 4.3). Two texts are compared
//! as they are: `1.10` and `1.1` are different versions.

use crate::template::engine::fail;
use crate::template::size::{Token, is_literal, is_name, operand};
use minijinja::{Error, Value as Mj};
use std::collections::BTreeSet;

/// Behind what is compared by `==` or `!=`. As long as the other filters of ours, because places are counted by it.
pub(super) const EQUAL: &str = "numeral__";
/// Behind what is compared by `<`, `<=`, `>` or `>=`.
pub(super) const ORDER: &str = "ordinal__";

/// Notes where the filters go.
pub(super) fn mark(tokens: &[Token<'_>], places: &mut BTreeSet<(usize, &'static str)>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let equals = tokens.get(at + 1).is_some_and(|next| next.text == "=" && next.end == token.end + 1);
        let filter = match (token.text, equals) {
            ("=" | "!", true) => EQUAL,
            ("<" | ">", _) => ORDER,
            _ => {
                at += 1;
                continue;
            }
        };
        let right = at + 1 + usize::from(equals);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let of_test = at > 1 && matches!(tokens[at - 2].text, "is" | "not");
        match before {
            Some(before) if is_number(before.text) => {
                places.extend(operand_end(tokens, right).map(|end| (end, filter)));
            }
            Some(before) if ends_operand(before.text) && !of_test && is_number_at(tokens, right) => {
                places.insert((before.end, filter));
            }
            _ => {}
        }
        at = right;
    }
}

fn ends_operand(text: &str) -> bool {
    is_name(text) || is_literal(text) || matches!(text, ")" | "]" | "}")
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// True if the operand that begins here is a written number and nothing else.
fn is_number_at(tokens: &[Token<'_>], at: usize) -> bool {
    let at = if tokens.get(at).is_some_and(|token| token.text == "-") { at + 1 } else { at };
    let goes_on = tokens.get(at + 1).is_some_and(|next| matches!(next.text, "." | "|" | "[" | "("));
    tokens.get(at).is_some_and(|token| is_number(token.text)) && !goes_on
}

/// Where the operand ends that begins here; a written text counts too.
fn operand_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    if is_number_at(tokens, at) {
        return None;
    }
    operand(tokens, at).or_else(|| is_literal(token.text).then_some(token.end))
}

fn number(value: &Mj) -> Option<Mj> {
    let text = value.as_str()?.trim();
    // As JSON writes numbers: no `inf`, no `nan`, no leading zeros, which would be part of a code.
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    number.as_i64().map(Mj::from).or_else(|| number.as_f64().map(Mj::from))
}

/// The number that a text is, else the value itself.
pub(super) fn equal(value: Mj) -> Mj {
    number(&value).unwrap_or(value)
}

/// As above; a text that is no number has no order with one.
pub(super) fn order(value: Mj) -> Result<Mj, Error> {
    match (number(&value), value.as_str()) {
        (Some(number), _) => Ok(number),
        (None, Some(text)) => {
            Err(fail(format!("`{text}` is no number, so it is neither less nor more than one")))
        }
        (None, None) => Ok(value),
    }
}
