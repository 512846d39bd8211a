//! Regular expressions of resource schemas: ECMA 262 as JSON Schema asks, with the Java forms that published schemas
//! use (`\p{L}`, `\A`, `(?i)`, `(?s)`).
//!
//! About one schema pattern in twelve has a look-around or a Unicode class, which the small engine of the workspace
//! refuses. This one computes the *set of end positions* of each part of the expression, so it never backtracks, its
//! recursion is as deep as the expression only, and long texts are safe. It also writes sample texts, from which
//! server-chosen values are made. Not supported: back references and class intersections (one schema pattern each).

mod parse;
mod sample;

use parse::{Node, Set};

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    root: Node,
}

/// Why an expression cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unsupported expression: {0}")]
pub(crate) struct Unsupported(pub(crate) &'static str);

/// Work that one match may cost; beyond it the text counts as matching.
const BUDGET: u64 = 40_000_000;

impl Pattern {
    /// Compiles an expression.
    pub(crate) fn compile(text: &str) -> Result<Self, Unsupported> {
        parse::parse(text).map(|root| Self { root })
    }

    /// True if the expression matches anywhere in the text (JSON Schema does not anchor). A text that is too costly
    /// to check counts as matching.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        let chars: Vec<u32> = text.chars().map(u32::from).collect();
        let mut matcher = Matcher { text: &chars, work: 0 };
        let everywhere = Positions::all(chars.len());
        match matcher.ends(&self.root, &everywhere) {
            Some(ends) => !ends.is_empty(),
            None => true,
        }
    }
}

/// A set of positions between the characters of a text.
#[derive(Clone, PartialEq)]
struct Positions {
    at: Vec<bool>,
    count: usize,
}

impl Positions {
    fn none(len: usize) -> Self {
        Self { at: vec![false; len + 1], count: 0 }
    }
    fn all(len: usize) -> Self {
        Self { at: vec![true; len + 1], count: len + 1 }
    }
    fn one(len: usize, position: usize) -> Self {
        let mut set = Self::none(len);
        set.add(position);
        set
    }
    fn add(&mut self, position: usize) {
        if let Some(slot) = self.at.get_mut(position)
            && !*slot
        {
            *slot = true;
            self.count += 1;
        }
    }
    fn has(&self, position: usize) -> bool {
        self.at.get(position).copied().unwrap_or(false)
    }
    fn is_empty(&self) -> bool {
        self.count == 0
    }
    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.at.iter().enumerate().filter(|(_, on)| **on).map(|(i, _)| i)
    }
    fn join(&mut self, other: &Self) {
        for position in other.iter() {
            self.add(position);
        }
    }
    fn without(&self, other: &Self) -> Self {
        let mut set = Self::none(self.at.len() - 1);
        for position in self.iter().filter(|p| !other.has(*p)) {
            set.add(position);
        }
        set
    }
    fn keep(&self, mut test: impl FnMut(usize) -> bool) -> Self {
        let mut set = Self::none(self.at.len() - 1);
        for position in self.iter().filter(|p| test(*p)) {
            set.add(position);
        }
        set
    }
}

struct Matcher<'t> {
    text: &'t [u32],
    work: u64,
}

impl Matcher<'_> {
    /// Where a match of `node` can end that starts in `starts`; `None` if the budget is used up.
    fn ends(&mut self, node: &Node, starts: &Positions) -> Option<Positions> {
        let len = self.text.len();
        self.work += 1 + len as u64 / 16 + starts.count as u64;
        if self.work > BUDGET {
            return None;
        }
        if starts.is_empty() {
            return Some(Positions::none(len));
        }
        Some(match node {
            Node::Empty => starts.clone(),
            Node::Set(set) => {
                let mut ends = Positions::none(len);
                for start in starts.iter() {
                    if self.text.get(start).is_some_and(|c| set.has(*c)) {
                        ends.add(start + 1);
                    }
                }
                ends
            }
            Node::Start => starts.keep(|p| p == 0),
            Node::End => starts.keep(|p| p == len),
            Node::Boundary(wanted) => starts.keep(|p| self.is_boundary(p) == *wanted),
            Node::Sequence(parts) => {
                let mut at = starts.clone();
                for part in parts {
                    at = self.ends(part, &at)?;
                }
                at
            }
            Node::Either(branches) => {
                let mut ends = Positions::none(len);
                for branch in branches {
                    ends.join(&self.ends(branch, starts)?);
                }
                ends
            }
            Node::Repeat { node, min, max } => match &**node {
                Node::Set(set) => self.runs(set, *min, *max, starts),
                node => self.repeat(node, *min, *max, starts)?,
            },
            Node::Ahead { node, wanted } => {
                let mut kept = Positions::none(len);
                for start in starts.iter() {
                    let ends = self.ends(node, &Positions::one(len, start))?;
                    if ends.is_empty() != *wanted {
                        kept.add(start);
                    }
                }
                kept
            }
            Node::Behind { node, wanted } => {
                let mut kept = Positions::none(len);
                for end in starts.iter() {
                    let mut found = false;
                    // Look-behinds of schemas are short; the nearest starts are tried first.
                    for start in (0..=end).rev() {
                        if self.ends(node, &Positions::one(len, start))?.has(end) {
                            found = true;
                            break;
                        }
                    }
                    if found == *wanted {
                        kept.add(end);
                    }
                }
                kept
            }
        })
    }

    /// Repeats of one character: the reachable ends of each start are an interval.
    fn runs(&mut self, set: &Set, min: u32, max: Option<u32>, starts: &Positions) -> Positions {
        let len = self.text.len();
        let mut run_end = vec![0; len + 1];
        for i in (0..=len).rev() {
            let inside = i < len && self.text.get(i).is_some_and(|c| set.has(*c));
            let next = run_end.get(i + 1).copied().unwrap_or(len);
            if let Some(slot) = run_end.get_mut(i) {
                *slot = if inside { next } else { i };
            }
        }
        let mut steps = vec![0_i64; len + 2];
        for start in starts.iter() {
            let run = run_end.get(start).copied().unwrap_or(start);
            let from = start + min as usize;
            let to = max.map_or(run, |max| run.min(start + max as usize));
            if from <= to {
                steps[from] += 1;
                steps[to + 1] -= 1;
            }
        }
        let mut ends = Positions::none(len);
        let mut open = 0;
        for (i, step) in steps.iter().enumerate().take(len + 1) {
            open += step;
            if open > 0 {
                ends.add(i);
            }
        }
        ends
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, starts: &Positions) -> Option<Positions> {
        let mut at = starts.clone();
        for _ in 0..min {
            let next = self.ends(node, &at)?;
            if next == at {
                break;
            }
            at = next;
        }
        let mut all = at.clone();
        let mut left = max.map(|max| max.saturating_sub(min));
        while left != Some(0) && !at.is_empty() {
            // A position reached earlier has more rounds left, so only new ones matter.
            at = self.ends(node, &at)?.without(&all);
            all.join(&at);
            left = left.map(|left| left - 1);
        }
        Some(all)
    }

    fn is_boundary(&self, position: usize) -> bool {
        let word = |i: Option<usize>| {
            i.and_then(|i| self.text.get(i))
                .and_then(|c| char::from_u32(*c))
                .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        word(position.checked_sub(1)) != word(Some(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap().is_match(text)
    }

    #[test]
    fn an_expression_is_not_anchored() {
        assert!(matches("b+", "abbc"));
        assert!(!matches("^b+$", "abbc"));
        assert!(matches("", ""));
    }

    #[test]
    fn look_around_holds() {
        assert!(matches("^(?!aws:).+$", "team"));
        assert!(!matches("^(?!aws:).+$", "aws:team"));
        assert!(matches(r"^[0-9A-Za-z\.\-_]*(?<!\.)$", "a.b"));
        assert!(!matches(r"^[0-9A-Za-z\.\-_]*(?<!\.)$", "a.b."));
        assert!(matches("^(?=.{2,5}$)[a-z]+(-[a-z]+)*$", "a-b"));
        assert!(!matches("^(?=.{2,5}$)[a-z]+(-[a-z]+)*$", "aaaa-bbbb"));
    }

    #[test]
    fn classes_take_a_trailing_dash_unicode_and_escapes() {
        assert!(matches(r"^[\p{L}\p{N}\p{Z}-_]*$", "Größe 1-_"));
        assert!(matches("^[a-zA-Z0-9-_ ]+$", "a-b_c d"));
        assert!(!matches("^[a-zA-Z0-9-_ ]+$", "a/b"));
        assert!(matches(r"^[\u0020-\uD7FF\uE000-\uFFFD\t]*$", "tab\there"));
        assert!(!matches(r"^[\P{C}]+$", "bell\u{7}"));
        assert!(matches(r"^[\w+=,.@-]+$", "a+b=c"));
    }

    #[test]
    fn counted_repeats_hold_for_groups_too() {
        assert!(matches(r"^(\d{1,3}\.){3}\d{1,3}$", "10.0.0.1"));
        assert!(!matches(r"^(\d{1,3}\.){3}\d{1,3}$", "10.0.0"));
        assert!(matches("^a{2}$", "aa"));
        assert!(!matches("^a{2}$", "aaa"));
        assert!(matches("^a{,2}$", "a{,2}"));
    }

    #[test]
    fn nested_repeats_stay_cheap() {
        assert!(!matches("^(a+)+$", &format!("{}b", "a".repeat(4000))));
        assert!(matches("(?s).*", &"x\n".repeat(100_000)));
    }

    #[test]
    fn flags_work() {
        assert!(matches("^(?i)aws$", "AwS"));
        assert!(!matches("^.$", "\n"));
        assert!(matches("^(?s).$", "\n"));
    }

    #[test]
    fn back_references_are_refused() {
        assert!(Pattern::compile(r"(a)\1").is_err());
    }
}
