//! Pages of the control plane and of Flink (confluent.md section 4).

use super::errors::Problem;
use super::wire::encoded;
use crate::dice::Dice;

/// One page: items `from..to`, and the token of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) token: Option<String>,
}

/// Cuts a page out of a listing. `numbers` are the objects' numbers in order, `question` the filters that the token
/// belongs to. The size counts on the first request only; the token remembers it.
///
/// # Errors
/// 400 for a size that is no positive number, and for a token that is not of this question.
pub(crate) fn cut(
    numbers: &[u64],
    size: Option<&str>,
    token: Option<&str>,
    question: &str,
    (usual, most): (usize, usize),
) -> Result<Page, Problem> {
    let (size, after) = match token.filter(|token| !token.is_empty()) {
        Some(token) => {
            read(token, question).ok_or_else(|| Problem::parameter("page_token", "invalid page token"))?
        }
        None => (first_size(size, usual)?.min(most), 0),
    };
    let from = numbers.partition_point(|number| *number <= after);
    let to = (from + size).min(numbers.len());
    let last = to.checked_sub(1).and_then(|at| numbers.get(at));
    let token = last.filter(|_| to < numbers.len()).map(|last| write(size, *last, question));
    Ok(Page { from, to, token })
}

fn first_size(size: Option<&str>, usual: usize) -> Result<usize, Problem> {
    let Some(size) = size else { return Ok(usual) };
    match size.parse::<usize>() {
        Ok(size) if size > 0 => Ok(size),
        _ => Err(Problem::parameter("page_size", "page_size must be a positive number")),
    }
}

/// Tokens hold `+`, `/` and `=` on purpose: who decodes or encodes them once too often is found out (trap 3).
fn write(size: usize, after: u64, question: &str) -> String {
    let sum = Dice::of_text(after, question).hex(6);
    format!("{size}+{after}/{sum}==")
}

fn read(token: &str, question: &str) -> Option<(usize, u64)> {
    let (size, rest) = token.split_once('+')?;
    let (after, _) = rest.split_once('/')?;
    let (size, after) = (size.parse().ok()?, after.parse().ok()?);
    (token == write(size, after, question)).then_some((size, after))
}

/// The query of a next page: the question again, with the token.
pub(crate) fn next_query(question: &[(String, String)], token: &str) -> String {
    let kept = question.iter().filter(|(name, _)| name != "page_token");
    let mut pairs: Vec<String> =
        kept.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.push(format!("page_token={}", encoded(token)));
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [u64; 5] = [2, 4, 6, 8, 10];

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = cut(&NUMBERS, Some("2"), None, "q", (10, 100)).unwrap();
        assert_eq!((first.from, first.to), (0, 2));
        let token = first.token.unwrap();
        assert!(token.contains('+') && token.contains('='), "{token}");
        let second = cut(&NUMBERS, Some("50"), Some(&token), "q", (10, 100)).unwrap();
        assert_eq!((second.from, second.to), (2, 4), "the token remembers the size");
        let third = cut(&NUMBERS, None, second.token.as_deref(), "q", (10, 100)).unwrap();
        assert_eq!(third, Page { from: 4, to: 5, token: None });
    }

    #[test]
    fn sizes_are_usual_capped_or_refused() {
        let many: Vec<u64> = (1..=300).collect();
        assert_eq!(cut(&many, None, None, "q", (10, 100)).unwrap().to, 10);
        assert_eq!(cut(&many, Some("999"), None, "q", (10, 100)).unwrap().to, 100);
        assert!(cut(&many, Some("0"), None, "q", (10, 100)).is_err());
        assert!(cut(&many, Some("x"), None, "q", (10, 100)).is_err());
    }

    #[test]
    fn a_token_belongs_to_its_question_as_it_was_sent() {
        let token = cut(&NUMBERS, Some("2"), None, "q", (10, 100)).unwrap().token.unwrap();
        for wrong in [encoded(&token), token.replace('+', " "), String::from("nonsense")] {
            assert!(cut(&NUMBERS, None, Some(&wrong), "q", (10, 100)).is_err(), "{wrong}");
        }
        assert!(cut(&NUMBERS, None, Some(&token), "other", (10, 100)).is_err());
    }
}
