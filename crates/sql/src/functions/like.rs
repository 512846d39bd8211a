//! `LIKE` and `GLOB`, as SQLite has them, but without its way of trying: several `%` take it longer than anybody waits, and
//! within one step, in which it looks at no clock.

use super::FunctionError;

/// Bytes of a pattern: SQLite's own limit.
const LONGEST: usize = 50_000;
/// Comparisons of one match.
const MOST_STEPS: u64 = 200_000_000;

/// One place of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Element {
    /// This character.
    One(char),
    /// Any character.
    Any,
    /// Any characters, or none.
    Many,
    /// One of these ranges, or none of them.
    Among(Vec<(char, char)>, bool),
    /// Nothing: a set that is not closed.
    Never,
}

/// A pattern of LIKE or GLOB.
#[derive(Clone, Debug)]
pub struct Wildcards {
    elements: Vec<Element>,
    /// ASCII letters of both cases are the same.
    folds: bool,
}

impl Wildcards {
    /// A pattern of LIKE: `%` and `_`, and what follows `escape` is taken as it is.
    ///
    /// # Errors
    /// It is too long.
    pub fn like(pattern: &str, escape: Option<char>) -> Result<Self, FunctionError> {
        let mut rest = pattern.chars();
        let mut elements = Vec::new();
        while let Some(c) = rest.next() {
            elements.push(match c {
                c if Some(c) == escape => rest.next().map_or(Element::Never, Element::One),
                '%' => Element::Many,
                '_' => Element::Any,
                c => Element::One(c),
            });
        }
        Self::of(pattern, elements, true)
    }

    /// A pattern of GLOB: `*`, `?` and `[a-z]`.
    ///
    /// # Errors
    /// It is too long.
    pub fn glob(pattern: &str) -> Result<Self, FunctionError> {
        let mut rest = pattern.chars().peekable();
        let mut elements = Vec::new();
        while let Some(c) = rest.next() {
            elements.push(match c {
                '*' => Element::Many,
                '?' => Element::Any,
                '[' => {
                    let is_negated = rest.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    let mut last = None;
                    // The first one may be the bracket itself.
                    if rest.next_if_eq(&']').is_some() {
                        ranges.push((']', ']'));
                    }
                    let is_closed = loop {
                        match rest.next() {
                            None => break false,
                            Some(']') => break true,
                            Some('-') if last.is_some() && rest.peek().is_some_and(|next| *next != ']') => {
                                if let (Some(from), Some(to)) = (last.take(), rest.next()) {
                                    ranges.push((from, to));
                                }
                            }
                            Some(c) => {
                                ranges.push((c, c));
                                last = Some(c);
                            }
                        }
                    };
                    if is_closed { Element::Among(ranges, is_negated) } else { Element::Never }
                }
                c => Element::One(c),
            });
        }
        Self::of(pattern, elements, false)
    }

    fn of(pattern: &str, mut elements: Vec<Element>, folds: bool) -> Result<Self, FunctionError> {
        if pattern.len() > LONGEST {
            return Err(FunctionError::new(format!("a pattern has more than {LONGEST} bytes")));
        }
        elements.dedup_by(|a, b| *a == Element::Many && *b == Element::Many);
        Ok(Self { elements, folds })
    }

    fn takes(&self, element: &Element, c: char) -> bool {
        match element {
            Element::One(own) if self.folds => own.eq_ignore_ascii_case(&c),
            Element::One(own) => *own == c,
            Element::Any => true,
            Element::Among(ranges, is_negated) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *is_negated
            }
            Element::Many | Element::Never => false,
        }
    }

    /// True if the whole text fits. Only the last wildcard for many is ever tried again, so that the time is at most the
    /// product of both lengths.
    ///
    /// # Errors
    /// Even that is too much.
    pub fn fits(&self, text: &str) -> Result<bool, FunctionError> {
        let (mut at, mut place) = (0, 0);
        // Where to go on if what follows does not fit: after the wildcard, with one character more in it.
        let mut retry: Option<(usize, usize)> = None;
        let mut steps = 0_u64;
        loop {
            steps += 1;
            if steps > MOST_STEPS {
                return Err(FunctionError::new("a pattern takes too long on a text: use fewer wildcards"));
            }
            let next = text[place..].chars().next();
            match (self.elements.get(at), next) {
                (Some(Element::Many), _) => {
                    at += 1;
                    retry = Some((at, place));
                    continue;
                }
                (Some(element), Some(c)) if self.takes(element, c) => {
                    at += 1;
                    place += c.len_utf8();
                    continue;
                }
                (None, None) => return Ok(true),
                _ => {}
            }
            let Some((element, from)) = retry else { return Ok(false) };
            let Some(skipped) = text[from..].chars().next() else { return Ok(false) };
            at = element;
            place = from + skipped.len_utf8();
            retry = Some((at, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    #[test]
    fn several_wildcards_take_no_time() {
        let text = "a".repeat(20_000);
        let pattern = format!("{}b", "%a".repeat(50));
        assert!(!Wildcards::like(&pattern, None).unwrap().fits(&text).unwrap());
        let long = "a".repeat(1_000_000);
        let pattern = format!("%{}b%", "a".repeat(40_000));
        assert!(Wildcards::like(&pattern, None).unwrap().fits(&long).is_err());
        assert!(Wildcards::like(&"x".repeat(50_001), None).is_err());
    }

    proptest! {
        #[test]
        fn they_mean_what_they_mean_to_sqlite(
            text in "[aAbBäÄ%_*?\\[\\]^-]{0,6}",
            pattern in "([aAbBäÄ]|%|_|\\*|\\?|\\[\\^?[abB\\]]?[aäB-]{0,3}\\]?|!|-){0,6}",
        ) {
            // Its own functions: nothing of ours is registered here.
            let sqlite = Connection::open_in_memory().unwrap();
            let asked = |sql: &str| sqlite.query_row(sql, [&text, &pattern], |row| row.get::<_, bool>(0));
            let ours = |wildcards: Result<Wildcards, FunctionError>| wildcards.unwrap().fits(&text).unwrap();
            prop_assert_eq!(ours(Wildcards::like(&pattern, None)), asked("SELECT ?1 LIKE ?2").unwrap());
            prop_assert_eq!(ours(Wildcards::like(&pattern, Some('!'))), asked("SELECT ?1 LIKE ?2 ESCAPE '!'").unwrap());
            prop_assert_eq!(ours(Wildcards::glob(&pattern)), asked("SELECT ?1 GLOB ?2").unwrap(), "{} GLOB {}", text, pattern);
        }
    }
}
