//! From the text of an expression to its tree.

use super::Unsupported;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Empty,
    Set(Set),
    Start,
    End,
    /// `\b` (true) or `\B`.
    Boundary(bool),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
    },
    Ahead {
        node: Box<Node>,
        wanted: bool,
    },
    Behind {
        node: Box<Node>,
        wanted: bool,
    },
}

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set {
    pub(super) ranges: Vec<(u32, u32)>,
    /// Unicode classes with "negated".
    pub(super) classes: Vec<(Class, bool)>,
    /// Sets inside the brackets that are negated themselves (`\D`, `\W`, `\S`).
    pub(super) negated_parts: Vec<Set>,
    pub(super) negated: bool,
    pub(super) fold_case: bool,
}

/// The Unicode and POSIX classes that schemas use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Class {
    Letter,
    Number,
    Separator,
    SpaceSeparator,
    Punctuation,
    Symbol,
    Mark,
    Other,
    Control,
    Format,
    Print,
    Graph,
    Ascii,
}

impl Class {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "L" | "Letter" | "IsAlphabetic" | "Alpha" | "Lu" | "Ll" => Self::Letter,
            "N" | "Nd" | "Digit" => Self::Number,
            "Z" | "Space" => Self::Separator,
            "Zs" => Self::SpaceSeparator,
            "P" | "Punct" => Self::Punctuation,
            "S" => Self::Symbol,
            "M" => Self::Mark,
            "C" => Self::Other,
            "Cc" | "Cntrl" => Self::Control,
            "Cf" => Self::Format,
            "Print" => Self::Print,
            "Graph" => Self::Graph,
            "ASCII" => Self::Ascii,
            _ => return None,
        })
    }

    /// Exact for ASCII; beyond it marks, symbols and punctuation are told apart by range only.
    fn has(self, code: u32) -> bool {
        let Some(c) = char::from_u32(code) else { return self == Self::Other };
        let mark = matches!(code, 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x64b..=0x65f | 0x900..=0x903
            | 0x93a..=0x94f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f);
        let format = matches!(code, 0xad | 0x600..=0x605 | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfeff);
        let ascii_symbol = matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
        let neither = !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control() && !mark && !format;
        match self {
            Self::Letter => c.is_alphabetic() && !mark,
            Self::Number => c.is_numeric(),
            Self::Separator => c.is_whitespace() && !c.is_control(),
            Self::SpaceSeparator => c.is_whitespace() && !c.is_control() && !matches!(code, 0x2028 | 0x2029),
            Self::Punctuation => {
                if c.is_ascii() {
                    c.is_ascii_punctuation() && !ascii_symbol
                } else {
                    neither && !matches!(code, 0x20a0..=0x20cf | 0x2100..=0x2bff | 0x1f000..=0x1faff)
                }
            }
            Self::Symbol => {
                ascii_symbol
                    || (!c.is_ascii() && neither && !matches!(code, 0x2010..=0x206f | 0x3001..=0x301f))
            }
            Self::Mark => mark,
            Self::Other => c.is_control() || format,
            Self::Control => c.is_control(),
            Self::Format => format,
            Self::Print => matches!(code, 0x20..=0x7e),
            Self::Graph => matches!(code, 0x21..=0x7e),
            Self::Ascii => code < 0x80,
        }
    }
}

impl Set {
    fn of(ranges: &[(char, char)]) -> Self {
        Self {
            ranges: ranges.iter().map(|(a, b)| (u32::from(*a), u32::from(*b))).collect(),
            ..Self::default()
        }
    }
    fn negate(mut self) -> Self {
        self.negated = !self.negated;
        self
    }
    fn digits() -> Self {
        Self::of(&[('0', '9')])
    }
    fn word() -> Self {
        Self::of(&[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')])
    }
    fn space() -> Self {
        Self::of(&[
            (' ', ' '),
            ('\t', '\r'),
            ('\u{a0}', '\u{a0}'),
            ('\u{feff}', '\u{feff}'),
            ('\u{2000}', '\u{200a}'),
            ('\u{2028}', '\u{2029}'),
        ])
    }
    fn any(dot_all: bool) -> Self {
        let line_ends: &[(char, char)] =
            if dot_all { &[] } else { &[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')] };
        Self::of(line_ends).negate()
    }

    /// True if the character is in the set.
    pub(super) fn has(&self, code: u32) -> bool {
        let plain = |code: u32| {
            self.ranges.iter().any(|(a, b)| (*a..=*b).contains(&code))
                || self.classes.iter().any(|(class, negated)| class.has(code) != *negated)
                || self.negated_parts.iter().any(|set| set.has(code))
        };
        let inside = plain(code)
            || (self.fold_case
                && char::from_u32(code).is_some_and(|c| {
                    plain(u32::from(c.to_ascii_lowercase())) || plain(u32::from(c.to_ascii_uppercase()))
                }));
        inside != self.negated
    }
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Node, Unsupported> {
    let mut parser =
        Parser { text: text.chars().collect(), at: 0, fold_case: false, dot_all: false, depth: 0 };
    let node = parser.either()?;
    if parser.at < parser.text.len() { Err(Unsupported("unbalanced parenthesis")) } else { Ok(node) }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    fold_case: bool,
    dot_all: bool,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }
    fn take(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }
    fn eat(&mut self, wanted: &str) -> bool {
        let here = wanted.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c));
        if here {
            self.at += wanted.chars().count();
        }
        here
    }

    fn either(&mut self) -> Result<Node, Unsupported> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(Unsupported("too deeply nested"));
        }
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if branches.len() > 1 { Node::Either(branches) } else { branches.pop().unwrap_or(Node::Empty) })
    }

    fn sequence(&mut self) -> Result<Node, Unsupported> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let atom = self.atom()?;
            parts.push(self.quantified(atom)?);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.pop().unwrap_or(Node::Empty),
            _ => Node::Sequence(parts),
        })
    }

    fn quantified(&mut self, atom: Node) -> Result<Node, Unsupported> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.braces() {
                Some(bounds) => bounds,
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        self.at += 1;
        // Lazy and possessive forms find the same positions.
        if matches!(self.peek(), Some('?' | '+')) {
            self.at += 1;
        }
        if max.is_some_and(|max| max < min) {
            return Err(Unsupported("repeat bounds"));
        }
        let repeated = Node::Repeat { node: Box::new(atom), min, max };
        // `a{2}{3}` and `a**` are legal in Java.
        if matches!(self.peek(), Some('*')) || (self.peek() == Some('{') && self.braces_ahead()) {
            return self.quantified(repeated);
        }
        Ok(repeated)
    }

    fn braces_ahead(&mut self) -> bool {
        let at = self.at;
        let found = self.braces().is_some();
        self.at = at;
        found
    }

    /// Reads `{n}`, `{n,}` or `{n,m}` up to the closing brace, which stays. Anything else is literal text.
    fn braces(&mut self) -> Option<(u32, Option<u32>)> {
        let close = self.text.iter().skip(self.at).position(|c| *c == '}')? + self.at;
        let inside: String = self.text.get(self.at + 1..close)?.iter().collect();
        let bounds = match inside.split_once(',') {
            None => {
                let n = inside.trim().parse().ok()?;
                (n, Some(n))
            }
            Some((min, "")) => (min.trim().parse().ok()?, None),
            Some((min, max)) => (min.trim().parse().ok()?, Some(max.trim().parse().ok()?)),
        };
        self.at = close;
        Some(bounds)
    }

    fn literal(&self, c: u32) -> Node {
        Node::Set(Set { ranges: vec![(c, c)], fold_case: self.fold_case, ..Set::default() })
    }

    fn atom(&mut self) -> Result<Node, Unsupported> {
        let Some(c) = self.take() else { return Ok(Node::Empty) };
        match c {
            '^' => Ok(Node::Start),
            '$' => Ok(Node::End),
            '.' => Ok(Node::Set(Set::any(self.dot_all))),
            '(' => self.group(),
            '[' => self.class().map(Node::Set),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(Unsupported("nothing to repeat")),
            c => Ok(self.literal(u32::from(c))),
        }
    }

    fn group(&mut self) -> Result<Node, Unsupported> {
        let (fold_case, dot_all) = (self.fold_case, self.dot_all);
        let look: Option<fn(Box<Node>) -> Node> = if self.eat("?=") {
            Some(|node| Node::Ahead { node, wanted: true })
        } else if self.eat("?!") {
            Some(|node| Node::Ahead { node, wanted: false })
        } else if self.eat("?<=") {
            Some(|node| Node::Behind { node, wanted: true })
        } else if self.eat("?<!") {
            Some(|node| Node::Behind { node, wanted: false })
        } else {
            if self.eat("?<") {
                while self.take().is_some_and(|c| c != '>') {}
            } else if self.eat("?") && !self.eat(":") && self.flags()? {
                // `(?i)`: holds to the end of the enclosing group.
                return Ok(Node::Empty);
            }
            None
        };
        let inner = self.either()?;
        if !self.eat(")") {
            return Err(Unsupported("unbalanced parenthesis"));
        }
        (self.fold_case, self.dot_all) = (fold_case, dot_all);
        Ok(look.map_or(inner.clone(), |look| look(Box::new(inner))))
    }

    /// Reads flags after `(?`; true if the group ends with them.
    fn flags(&mut self) -> Result<bool, Unsupported> {
        let mut on = true;
        loop {
            match self.take() {
                Some('-') => on = false,
                Some('i') => self.fold_case = on,
                Some('s') => self.dot_all = on,
                Some('u' | 'm' | 'x' | 'U') => {}
                Some(')') => return Ok(true),
                Some(':') => return Ok(false),
                _ => return Err(Unsupported("group form")),
            }
        }
    }

    fn escape(&mut self) -> Result<Node, Unsupported> {
        match self.peek() {
            Some('A') => {
                self.at += 1;
                return Ok(Node::Start);
            }
            Some('Z' | 'z') => {
                self.at += 1;
                return Ok(Node::End);
            }
            Some('b') => {
                self.at += 1;
                return Ok(Node::Boundary(true));
            }
            Some('B') => {
                self.at += 1;
                return Ok(Node::Boundary(false));
            }
            Some('1'..='9') => return Err(Unsupported("back reference")),
            Some('k') => return Err(Unsupported("named back reference")),
            _ => {}
        }
        Ok(match self.class_escape()? {
            Piece::One(code) => self.literal(code),
            Piece::Many(set) => Node::Set(Set { fold_case: self.fold_case, ..set }),
        })
    }

    fn class(&mut self) -> Result<Set, Unsupported> {
        let mut set = Set { fold_case: self.fold_case, ..Set::default() };
        set.negated = self.eat("^");
        let mut first = true;
        loop {
            let Some(c) = self.take() else { return Err(Unsupported("unbalanced bracket")) };
            if c == ']' && !first {
                return Ok(set);
            }
            first = false;
            if c == '&' && self.peek() == Some('&') {
                return Err(Unsupported("class intersection"));
            }
            let low = if c == '\\' { self.class_escape()? } else { Piece::One(u32::from(c)) };
            let low = match low {
                Piece::Many(inner) => {
                    if inner.negated {
                        set.negated_parts.push(inner);
                    } else {
                        set.ranges.extend(inner.ranges);
                        set.classes.extend(inner.classes);
                    }
                    continue;
                }
                Piece::One(code) => code,
            };
            let is_range = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']');
            if !is_range {
                set.ranges.push((low, low));
                continue;
            }
            let before = self.at;
            self.at += 1;
            let high = match self.take() {
                Some('\\') => self.class_escape()?,
                Some(c) => Piece::One(u32::from(c)),
                None => return Err(Unsupported("unbalanced bracket")),
            };
            match high {
                Piece::One(high) if high >= low => set.ranges.push((low, high)),
                Piece::One(_) => return Err(Unsupported("range out of order")),
                Piece::Many(_) => {
                    // `[a-\w]`: the dash is a character.
                    self.at = before;
                    set.ranges.push((low, low));
                }
            }
        }
    }

    /// Reads what follows a backslash, in or outside of brackets.
    fn class_escape(&mut self) -> Result<Piece, Unsupported> {
        let Some(c) = self.take() else { return Err(Unsupported("trailing backslash")) };
        Ok(match c {
            'd' => Piece::Many(Set::digits()),
            'D' => Piece::Many(Set::digits().negate()),
            'w' => Piece::Many(Set::word()),
            'W' => Piece::Many(Set::word().negate()),
            's' => Piece::Many(Set::space()),
            'S' => Piece::Many(Set::space().negate()),
            'n' => Piece::One(0x0a),
            'r' => Piece::One(0x0d),
            't' => Piece::One(0x09),
            'f' => Piece::One(0x0c),
            'v' => Piece::One(0x0b),
            'a' => Piece::One(0x07),
            'b' => Piece::One(0x08),
            '0' => Piece::One(0),
            'x' => Piece::One(self.hex(2)?),
            'u' => {
                let high = if self.eat("{") {
                    let mut code = 0_u32;
                    while let Some(digit) = self.take().filter(|c| *c != '}') {
                        let digit = digit.to_digit(16).ok_or(Unsupported("code point"))?;
                        code = code.saturating_mul(16).saturating_add(digit);
                    }
                    code
                } else {
                    self.hex(4)?
                };
                let at = self.at;
                if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
                    let low = self.hex(4)?;
                    if (0xdc00..0xe000).contains(&low) {
                        return Ok(Piece::One(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
                    }
                    self.at = at;
                }
                Piece::One(high)
            }
            'p' | 'P' => {
                let name: String = if self.eat("{") {
                    let mut name = String::new();
                    while let Some(c) = self.take().filter(|c| *c != '}') {
                        name.push(c);
                    }
                    name
                } else {
                    self.take().map(String::from).unwrap_or_default()
                };
                let class = Class::named(&name).ok_or(Unsupported("unicode class"))?;
                Piece::Many(Set { classes: vec![(class, c == 'P')], ..Set::default() })
            }
            c => Piece::One(u32::from(c)),
        })
    }

    fn hex(&mut self, digits: usize) -> Result<u32, Unsupported> {
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.take().and_then(|c| c.to_digit(16)).ok_or(Unsupported("code point"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

enum Piece {
    One(u32),
    Many(Set),
}
