//! The expression language of `propertyTransform`: the part of JSONata that published schemas use.

use serde_json::{Number, Value as Json};

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Literal(Json),
    /// `/pattern/`.
    Regex(String),
    /// `A.B`, names from the input.
    Path(Vec<String>),
    /// `$name`.
    Variable(String),
    Array(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// `$name(…)`.
    Call(String, Vec<Expr>),
    /// `x[n]`.
    Index(Box<Expr>, Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `( …; $x := …; … )`: the last one is the value.
    Block(Vec<Expr>),
    Bind(String, Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    In,
    Concat,
    Add,
    Subtract,
    Multiply,
}

/// Parses a whole expression; `None` for anything outside the language.
pub(super) fn parse(text: &str) -> Option<Expr> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let expr = parser.ternary()?;
    (parser.at == parser.tokens.len()).then_some(expr)
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(String),
    Number(Number),
    Regex(String),
    Name(String),
    Variable(String),
    Sign(&'static str),
}

const SIGNS: &[&str] =
    &[":=", "!=", "(", ")", "[", "]", "{", "}", ",", ";", ":", "?", "=", "&", "+", "-", "*", "."];

fn lex(text: &str) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        if first == '"' || first == '\'' {
            let (literal, after) = quoted(&rest[1..], first)?;
            tokens.push(Token::Text(literal));
            rest = after;
        } else if first == '/' {
            let end = closing_slash(&rest[1..])?;
            tokens.push(Token::Regex(rest[1..=end].to_owned()));
            rest = &rest[end + 2..];
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            tokens.push(Token::Number(rest[..end].parse().ok()?));
            rest = &rest[end..];
        } else if first.is_alphabetic() || first == '_' || first == '$' {
            let body = if first == '$' { &rest[1..] } else { rest };
            let end = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
            let name = body[..end].to_owned();
            if name.is_empty() {
                return None;
            }
            tokens.push(if first == '$' { Token::Variable(name) } else { Token::Name(name) });
            rest = &body[end..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
    }
}

/// The text up to the closing quote, escapes undone, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            c if c == quote => return Some((out, &text[i + c.len_utf8()..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                // `\/` stands for a slash in the published patterns, every other escape for itself.
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

/// The byte position of the slash that ends a regular expression.
fn closing_slash(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '/' if !escaped => return Some(i),
            _ => escaped = false,
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Binary operators by binding power, weakest first.
const LEVELS: &[&[(&str, Op)]] = &[
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Equal), ("!=", Op::NotEqual), ("in", Op::In)],
    &[("&", Op::Concat), ("+", Op::Add), ("-", Op::Subtract)],
    &[("*", Op::Multiply)],
];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, sign: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(hit);
        hit
    }

    fn ternary(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let test = self.binary(0)?;
        let expr = if self.take("?") {
            let yes = self.ternary()?;
            let no = if self.take(":") { self.ternary()? } else { Expr::Literal(Json::Null) };
            Expr::If(Box::new(test), Box::new(yes), Box::new(no))
        } else {
            test
        };
        self.depth -= 1;
        Some(expr)
    }

    fn binary(&mut self, level: usize) -> Option<Expr> {
        let Some(operators) = LEVELS.get(level) else { return self.postfix() };
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(word, _)| match self.peek() {
            Some(Token::Sign(sign)) => sign == word,
            Some(Token::Name(name)) => name == word,
            _ => false,
        }) {
            self.at += 1;
            left = Expr::Binary(*op, Box::new(left), Box::new(self.binary(level + 1)?));
        }
        Some(left)
    }

    fn postfix(&mut self) -> Option<Expr> {
        let mut expr = self.primary()?;
        while self.take("[") {
            let index = self.ternary()?;
            if !self.take("]") {
                return None;
            }
            expr = Expr::Index(Box::new(expr), Box::new(index));
        }
        Some(expr)
    }

    fn primary(&mut self) -> Option<Expr> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Text(text) => Expr::Literal(Json::String(text)),
            Token::Number(number) => Expr::Literal(Json::Number(number)),
            Token::Regex(pattern) => Expr::Regex(pattern),
            Token::Name(name) => match name.as_str() {
                "true" => Expr::Literal(Json::Bool(true)),
                "false" => Expr::Literal(Json::Bool(false)),
                "null" => Expr::Literal(Json::Null),
                _ => {
                    let mut path = vec![name];
                    while self.take(".") {
                        let Some(Token::Name(next)) = self.peek().cloned() else { return None };
                        self.at += 1;
                        path.push(next);
                    }
                    Expr::Path(path)
                }
            },
            Token::Variable(name) if self.take("(") => Expr::Call(name, self.list(")")?),
            Token::Variable(name) if self.take(":=") => Expr::Bind(name, Box::new(self.ternary()?)),
            Token::Variable(name) => Expr::Variable(name),
            Token::Sign("[") => Expr::Array(self.list("]")?),
            Token::Sign("{") => self.object()?,
            Token::Sign("(") => self.block()?,
            Token::Sign("-") => match self.primary()? {
                Expr::Literal(Json::Number(n)) => Expr::Literal(Json::from(-n.as_i64()?)),
                _ => return None,
            },
            Token::Sign(_) => return None,
        })
    }

    fn list(&mut self, end: &str) -> Option<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.take(end) {
            if !items.is_empty() && !self.take(",") {
                return None;
            }
            items.push(self.ternary()?);
        }
        Some(items)
    }

    fn object(&mut self) -> Option<Expr> {
        let mut members = Vec::new();
        while !self.take("}") {
            if !members.is_empty() && !self.take(",") {
                return None;
            }
            let key = self.ternary()?;
            if !self.take(":") {
                return None;
            }
            members.push((key, self.ternary()?));
        }
        Some(Expr::Object(members))
    }

    fn block(&mut self) -> Option<Expr> {
        let mut parts = Vec::new();
        loop {
            if self.take(")") {
                break;
            }
            parts.push(self.ternary()?);
            if !self.take(";") && !matches!(self.peek(), Some(Token::Sign(")"))) {
                return None;
            }
        }
        Some(Expr::Block(parts))
    }
}
