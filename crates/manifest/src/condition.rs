//! The expressions of `if`: a small, safe language over texts (stackql-compat 1.6, "Ours").
//!
//! Templates are rendered first. In what is left, quoted texts and numbers are themselves; a bare word is the variable
//! of that name if there is one, else literal text, so that `environment == 'production'` and
//! `{{ stack_env }} == prod` both work. `each.key` and `name.Property` are such words.
//!
//! `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in` bind closest and may be chained as in Python (`1 < n <= 3`); then `not`,
//! `and`, `or`. Lists are written `['a', 'b']` or `('a', 'b')`. In quotes `\'`, `\"` and `\\` stand for themselves
//! without the backslash. A text equals a number if it is written as the same one; two texts are compared as texts, so
//! that the versions '1.10' and '1.1' differ; in an order, texts that are numbers count as such.

use stack_core::value::{Unknown, Value};
use std::ops::Range;

/// Why a condition has no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    /// It cannot be read, or does not give true or false: why, and where in the text.
    Bad(String, Range<usize>),
    /// It depends on a value that is not known yet.
    Waits(Unknown),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(String),
    Word(String),
    Op(&'static str),
}

/// Nesting that no condition needs.
const MAX_DEPTH: usize = 50;

type Tokens = Vec<(Token, Range<usize>)>;

const OPERATORS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

/// The bare words of a condition: they may be variables.
pub(crate) fn words(text: &str) -> Vec<String> {
    let tokens = tokens(text).unwrap_or_default();
    tokens
        .into_iter()
        .filter_map(|(token, _)| match token {
            Token::Word(word) if keyword(&word).is_none() && literal(&word).is_none() => Some(word),
            _ => None,
        })
        .collect()
}

/// True or false.
pub(crate) fn evaluate(text: &str, variable: &dyn Fn(&str) -> Option<Value>) -> Result<bool, Problem> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), variable, depth: 0 };
    let value = parser.either()?;
    if let Some((_, range)) = parser.tokens.get(parser.at) {
        return Err(Problem::Bad("this does not belong here".to_owned(), range.clone()));
    }
    parser.truth(value, 0..text.len())
}

fn tokens(text: &str) -> Result<Tokens, Problem> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if c == '\'' || c == '"' {
            let Some((content, len)) = quoted(rest, c) else {
                return Err(Problem::Bad("this quote is never closed".to_owned(), at..text.len()));
            };
            out.push((Token::Text(content), at..at + len));
            at += len;
        } else if let Some(op) = OPERATORS.iter().find(|op| rest.starts_with(**op)) {
            out.push((Token::Op(op), at..at + op.len()));
            at += op.len();
        } else if matches!(c, '=' | '!' | '&' | '|') {
            return Err(Problem::Bad("use ==, !=, and, or, not".to_owned(), at..at + 1));
        } else {
            let len = rest
                .find(|c: char| {
                    c.is_whitespace()
                        || matches!(c, '\'' | '"' | '=' | '!' | '<' | '>' | '(' | ')' | '[' | ']' | ',')
                })
                .unwrap_or(rest.len());
            out.push((Token::Word(rest[..len].to_owned()), at..at + len));
            at += len;
        }
    }
    Ok(out)
}

/// The content of a quoted text, and the bytes that it takes with its quotes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, c) if c == quote => return Some((out, at + c.len_utf8())),
            (was, c) => {
                // Other backslashes are themselves: paths and patterns have them.
                if was && !matches!(c, '\\' | '\'' | '"') {
                    out.push('\\');
                }
                escaped = false;
                out.push(c);
            }
        }
    }
    None
}

fn keyword(word: &str) -> Option<&'static str> {
    ["and", "or", "not", "in"].into_iter().find(|k| k.eq_ignore_ascii_case(word))
}

/// Words that mean a value by themselves, in Python's spelling too.
fn literal(word: &str) -> Option<Value> {
    match word {
        "true" | "True" => Some(Value::Bool(true)),
        "false" | "False" => Some(Value::Bool(false)),
        "null" | "None" | "none" => Some(Value::Null),
        _ => serde_json::from_str(word).ok().map(Value::Number),
    }
}

/// The number that a value is or is written as. As JSON has it: no `inf`, no leading zeros, which belong to codes.
fn number(value: &Value) -> Option<f64> {
    let text = value.scalar_text()?;
    let number = serde_json::from_str::<serde_json::Number>(text.trim()).ok()?.as_f64()?;
    // Beyond this, neighbours become one.
    (number.abs() < 9_007_199_254_740_992.0).then_some(number)
}

struct Parser<'t> {
    tokens: &'t Tokens,
    at: usize,
    end: usize,
    variable: &'t dyn Fn(&str) -> Option<Value>,
    depth: usize,
}

impl Parser<'_> {
    /// One level deeper, as far as is allowed: the parser calls itself.
    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::Bad("this is nested too deeply".to_owned(), self.here()));
        }
        Ok(())
    }

    fn here(&self) -> Range<usize> {
        // Behind the last token its last byte is shown; only quotes and words end with it, and both may be long.
        let last = self.tokens.last().map_or(0..self.end, |(_, range)| range.clone());
        self.tokens.get(self.at).map_or(last, |(_, range)| range.clone())
    }

    /// Where the last token ends that has been read.
    fn behind(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(self.end, |(_, range)| range.end)
    }

    fn op(&mut self, op: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some((Token::Op(o), _)) if *o == op);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found =
            matches!(self.tokens.get(self.at), Some((Token::Word(w), _)) if keyword(w) == Some(wanted));
        self.at += usize::from(found);
        found
    }

    fn truth(&self, value: Value, at: Range<usize>) -> Result<bool, Problem> {
        match value {
            Value::Bool(b) => Ok(b),
            Value::Null => Ok(false),
            Value::String(s) if s.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(s) if s.eq_ignore_ascii_case("false") => Ok(false),
            Value::Unknown(unknown) => Err(Problem::Waits(unknown)),
            _ => Err(Problem::Bad("this is neither true nor false".to_owned(), at)),
        }
    }

    fn either(&mut self) -> Result<Value, Problem> {
        let start = self.here().start;
        let mut left = self.both()?;
        let mut end = self.behind();
        while self.word("or") {
            let known = self.truth(left, start..end);
            let from = self.here().start;
            let right = self.both()?;
            end = self.behind();
            let right = self.truth(right, from..end);
            left = Value::Bool(match (known, right) {
                (Ok(true), _) | (_, Ok(true)) => true,
                (Ok(a), Ok(b)) => a || b,
                (Err(problem), _) | (_, Err(problem)) => return answer(Err(problem)),
            });
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Value, Problem> {
        let start = self.here().start;
        let mut left = self.negation()?;
        let mut end = self.behind();
        while self.word("and") {
            let known = self.truth(left, start..end);
            let from = self.here().start;
            let right = self.negation()?;
            end = self.behind();
            let right = self.truth(right, from..end);
            left = Value::Bool(match (known, right) {
                (Ok(false), _) | (_, Ok(false)) => false,
                (Ok(a), Ok(b)) => a && b,
                (Err(problem), _) | (_, Err(problem)) => return answer(Err(problem)),
            });
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Value, Problem> {
        self.deeper()?;
        let start = self.here().start;
        let out = if self.word("not") {
            let value = self.negation()?;
            answer(self.truth(value, start..self.behind()).map(|truth| !truth))?
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(out)
    }

    fn comparison(&mut self) -> Result<Value, Problem> {
        let mut start = self.here().start;
        let mut left = self.operand()?;
        let mut all: Option<Result<bool, Problem>> = None;
        while let Some((op, at)) = self.comparator() {
            let next = self.here().start;
            let right = self.operand()?;
            let whole = start..self.behind();
            let link = match op {
                "in" => contains(&right, &left, at),
                "not in" => contains(&right, &left, at).map(|found| !found),
                op => compare(op, &left, &right, whole),
            };
            if let Err(problem @ Problem::Bad(..)) = link {
                return Err(problem);
            }
            // As in Python each link of a chain must hold; what is not known matters only if no link fails.
            all = Some(match (all, link) {
                (None, link) => link,
                (Some(Ok(false)), _) | (_, Ok(false)) => Ok(false),
                (Some(Err(problem)), _) | (Some(Ok(true)), Err(problem)) => Err(problem),
                (Some(Ok(true)), Ok(true)) => Ok(true),
            });
            (left, start) = (right, next);
        }
        all.map_or(Ok(left), answer)
    }

    /// The comparison that comes next, and where it stands.
    fn comparator(&mut self) -> Option<(&'static str, Range<usize>)> {
        let at = self.here();
        for op in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.op(op) {
                return Some((op, at));
            }
        }
        let negated = matches!(
            (self.tokens.get(self.at), self.tokens.get(self.at + 1)),
            (Some((Token::Word(a), _)), Some((Token::Word(b), _))) if keyword(a) == Some("not") && keyword(b) == Some("in")
        );
        self.at += usize::from(negated);
        let at = self.here();
        self.word("in").then_some((if negated { "not in" } else { "in" }, at))
    }

    /// The rest of a list.
    fn items(&mut self, mut items: Vec<Value>, close: &'static str) -> Result<Value, Problem> {
        self.deeper()?;
        while !self.op(close) {
            items.push(self.operand()?);
            let ends = matches!(self.tokens.get(self.at), Some((Token::Op(op), _)) if *op == close);
            if !self.op(",") && !ends {
                return Err(Problem::Bad(format!("`,` or `{close}` is missing here"), self.here()));
            }
        }
        self.depth -= 1;
        Ok(Value::Array(items))
    }

    fn operand(&mut self) -> Result<Value, Problem> {
        let range = self.here();
        let Some((token, _)) = self.tokens.get(self.at) else {
            return Err(Problem::Bad("a value is missing here".to_owned(), range));
        };
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Value::text(text.as_str())),
            Token::Word(word) if keyword(word).is_none() => Ok(literal(word)
                .unwrap_or_else(|| (self.variable)(word).unwrap_or_else(|| Value::text(word.as_str())))),
            Token::Op("(") => {
                let value = self.either()?;
                if !self.op(",") {
                    return if self.op(")") {
                        Ok(value)
                    } else {
                        Err(Problem::Bad("`)` is missing here".to_owned(), self.here()))
                    };
                }
                // Python's other list.
                self.items(vec![value], ")")
            }
            Token::Op("[") => self.items(Vec::new(), "]"),
            _ => Err(Problem::Bad("a value is missing here".to_owned(), range)),
        }
    }
}

/// What is not known yet is a value like others until it decides something.
fn answer(truth: Result<bool, Problem>) -> Result<Value, Problem> {
    match truth {
        Ok(truth) => Ok(Value::Bool(truth)),
        Err(Problem::Waits(unknown)) => Ok(Value::Unknown(unknown)),
        Err(problem) => Err(problem),
    }
}

/// The text by which values are compared: `true` and `True` are the same, and so are 3 and "3".
fn comparable(value: &Value) -> Option<String> {
    let text = value.scalar_text()?;
    Some(match text.as_str() {
        "True" => "true".to_owned(),
        "False" => "false".to_owned(),
        _ => text,
    })
}

fn compare(op: &str, left: &Value, right: &Value, at: Range<usize>) -> Result<bool, Problem> {
    if let Some(unknown) = left.unknown().or_else(|| right.unknown()) {
        return Err(Problem::Waits(unknown));
    }
    let (a, b) = (comparable(left), comparable(right));
    let numbers = number(left).zip(number(right));
    let as_numbers = [left, right].into_iter().any(|value| matches!(value, Value::Number(_)));
    let equal = match (&a, &b, numbers) {
        (_, _, Some((x, y))) if as_numbers => x == y,
        (Some(a), Some(b), _) => a == b,
        _ => left == right,
    };
    match op {
        "==" => return Ok(equal),
        "!=" => return Ok(!equal),
        _ => {}
    }
    let order = match (numbers, a.zip(b)) {
        (Some((x, y)), _) => x.partial_cmp(&y),
        (None, Some((x, y))) => Some(x.cmp(&y)),
        (None, None) => None,
    };
    let Some(order) = order else {
        return Err(Problem::Bad("these values have no order".to_owned(), at));
    };
    Ok(match op {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn contains(all: &Value, wanted: &Value, at: Range<usize>) -> Result<bool, Problem> {
    if let Some(unknown) = all.unknown().or_else(|| wanted.unknown()) {
        return Err(Problem::Waits(unknown));
    }
    match all {
        Value::Secret(secret) => contains(secret.expose(), wanted, at),
        Value::Array(items) => {
            items.iter().try_fold(false, |found, item| Ok(found || compare("==", item, wanted, at.clone())?))
        }
        Value::Object(map) => Ok(comparable(wanted).is_some_and(|key| map.contains_key(&key))),
        Value::String(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json @ serde_json::Value::Array(_)) => contains(&Value::from(json), wanted, at),
            _ => Ok(comparable(wanted).is_some_and(|part| text.contains(&part))),
        },
        _ => Err(Problem::Bad("`in` takes a list or a text".to_owned(), at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> bool {
        let variable = |name: &str| match name {
            "environment" => Some(Value::text("production")),
            "count" => Some(Value::from(serde_json::json!(3))),
            "each.key" => Some(Value::text("a")),
            "doc" => Some(Value::text("[\"a\", \"b\"]")),
            "map" => Some(Value::from(serde_json::json!({"a": 1}))),
            "azs" => Some(Value::from(serde_json::json!(["a", "b"]))),
            "later" => Some(Value::Unknown(Unknown::of(&"vpc".into(), "VpcId"))),
            _ => None,
        };
        evaluate(text, &variable).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
    }

    #[test]
    fn the_forms_of_existing_manifests_work() {
        assert!(is("'dev' == 'dev'"));
        assert!(is("environment == 'production'"));
        assert!(is("prod == prod"));
        assert!(is("prod != \"dev\""));
        assert!(is("'dev' in ['dev', 'sit']"));
        assert!(is("'prd' not in ['dev', 'sit']"));
        assert!(is("True") && !is("False") && is("true"));
    }

    #[test]
    fn logic_and_numbers_work() {
        assert!(is("count > 2 and count <= 3.0 or false"));
        assert!(is("not (environment == 'dev' or count == 4)"));
        assert!(is("count == '3' and '10' > '9' and 'b' in azs and not 'c' in azs"));
        assert!(is("true or later == 'x'"), "what is not known does not matter here");
    }

    #[test]
    fn bad_conditions_say_where() {
        let bad = |text: &str| match evaluate(text, &|_| None) {
            Err(Problem::Bad(why, at)) => (why, text[at].to_owned()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(bad("a = b"), ("use ==, !=, and, or, not".to_owned(), "=".to_owned()));
        assert_eq!(bad("perhaps").1, "perhaps");
        assert_eq!(bad("'a' == ").0, "a value is missing here");
        assert_eq!(bad("'a").1, "'a");
        assert_eq!(bad("a == b c").1, "c");
    }

    #[test]
    fn deep_nesting_is_refused_at_its_place() {
        for opening in ["[", "(", "(a,", "not ", "not ("] {
            match evaluate(&opening.repeat(8_000), &|_| None) {
                Err(Problem::Bad(why, _)) => assert_eq!(why, "this is nested too deeply", "{opening}"),
                other => panic!("{opening}: {other:?}"),
            }
        }
        assert!(is(&format!("'a' in [{}'a']", "['b'], ".repeat(200))), "beside is not inside");
    }

    #[test]
    fn words_are_variables_keywords_are_not() {
        assert_eq!(words("not a == 'b' and 3 in c or true"), ["a", "c"]);
    }

    #[test]
    fn comparisons_may_be_chained() {
        assert!(is("1 < count <= 3") && !is("1 < count < 3") && is("'a' == 'a' != 'b'"));
        assert!(is("'a' in ['a'] == true or true"));
        assert!(!is("1 > 2 > later"), "a link that fails decides");
        assert!(is("not 1 > 2 and (count == 3) == true"));
    }

    #[test]
    fn lists_may_be_tuples_and_documents() {
        assert!(is("environment in ('production', 'staging')") && is("'x' not in ('a',)"));
        assert!(is("'a' in doc and 'c' not in doc") && is("a in map and b not in map"));
        assert!(is("count in [1, 2, 3]") && is("'3' in [3]") && is("'od' in environment"));
        assert!(is("[1, [2]] == [1, [2]]") && is("'x' in ['x',]"));
    }

    #[test]
    fn texts_and_numbers_compare_by_what_they_are() {
        assert!(!is("'1.10' == '1.1'"), "versions");
        assert!(is("'1.10' == 1.1") && is("count == 3.0") && is("3 == '3'") && is("count == '3'"));
        assert!(is("'007' != 7") && is("'9007199254740993' != 9007199254740992"));
        assert!(is("'10' > '9'") && is("'b' > 'a'") && is("10 > 9") && is("-1 < 0 and 1e3 == 1000"));
        assert!(is("True == true") && is("'True' == true") && is("null == None"));
    }

    #[test]
    fn quotes_and_backslashes() {
        assert!(is(r##"'it\'s' == "it's""##));
        assert!(is(r##"'a\\b' == "a\\b""##) && is(r##"'C:\x' == 'C:\x'"##));
        assert!(is("\"dev\" == 'dev'") && is("'' == ''") && is("' a' != 'a'") && is("'é' == 'é'"));
    }

    #[test]
    fn words_may_have_members() {
        assert!(is("each.key == 'a'") && is("each.key == a") && is("each.nope == each.nope"));
        assert_eq!(words("each.key == 'a' and domain.Name in x"), ["each.key", "domain.Name", "x"]);
    }

    #[test]
    fn keywords_are_not_case_sensitive_and_lists_end() {
        assert!(is("TRUE == true OR False") || is("true AND NOT false"));
        let bad = |text: &str| match evaluate(text, &|_| None) {
            Err(Problem::Bad(why, at)) => (why, text[at].to_owned()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(bad("a in ['a'").0, "`,` or `]` is missing here");
        assert_eq!(bad("a in ('a', 'b'").0, "`,` or `)` is missing here");
        assert_eq!(bad("(a == b").0, "`)` is missing here");
        assert_eq!(bad("a in").0, "a value is missing here");
        assert_eq!(bad("").0, "a value is missing here");
        assert_eq!(bad("a != 'é' and é").1, "é");
        assert_eq!(bad("x or perhaps and true").1, "perhaps");
        assert_eq!(bad("[1] < [2]"), ("these values have no order".to_owned(), "[1] < [2]".to_owned()));
        assert_eq!(bad("1 in 2").1, "in");
        assert_eq!(bad("a && b"), ("use ==, !=, and, or, not".to_owned(), "&".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_an_answer_or_a_problem_with_a_place(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "a", "environment", "later", "each.key", "'x'", "\"y\"", "'", "\"", "\\", "3", "-1.5", "true", "None",
                    " and ", " or ", " not ", " in ", "==", "!=", "<", ">=", "=", "(", ")", "[", "]", ",", " ", "é", ".", "{",
                ]),
                0..16,
            ),
        ) {
            let text = parts.concat();
            let variable = |name: &str| match name {
                "environment" => Some(Value::text("production")),
                "later" => Some(Value::Unknown(Unknown::of(&"vpc".into(), "VpcId"))),
                _ => None,
            };
            if let Err(Problem::Bad(why, at)) = evaluate(&text, &variable) {
                proptest::prop_assert!(!why.is_empty() && text.get(at).is_some());
            }
            words(&text);
        }
    }
}
