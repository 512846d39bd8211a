//! The words of a statement with their bytes.

use crate::codes;
use crate::dialect::StackSql;
use crate::error::SqlError;
use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};
use std::ops::Range;

/// Bytes of one statement.
pub(crate) const MAX_LENGTH: usize = 4 << 20;
/// Words of one statement.
pub(crate) const MAX_WORDS: usize = 100_000;
/// How many operators and set operations may hang on each other.
const MAX_CHAIN: usize = 400;

/// The words of one statement, blanks and comments left out.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    spans: Vec<(Span, Range<usize>)>,
    tokens: Vec<Token>,
    /// Bytes of the statement.
    length: usize,
}

/// `REPLACE t SET …` is how StackQL calls an UPDATE that the service takes as a PUT (data/confluent-resources.tsv). What it does
/// not set stays as it is, as with every UPDATE here. `REPLACE INTO` is another statement.
fn replace_is_update(tokens: &mut [TokenWithSpan]) {
    let mut own = tokens.iter_mut().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let (Some(first), Some(second)) = (own.next(), own.next()) else { return };
    let is = |token: &Token, keyword| matches!(token, Token::Word(word) if word.keyword == keyword);
    if is(&first.token, Keyword::REPLACE) && !is(&second.token, Keyword::INTO) {
        first.token = Token::make_keyword("UPDATE");
    }
}

impl Words {
    /// Cuts a statement, and refuses one that is too big. Gives sqlparser's own tokens too.
    pub(crate) fn of(text: &str) -> Result<(Self, Vec<TokenWithSpan>), SqlError> {
        if text.len() > MAX_LENGTH {
            return Err(too_big(format!("it has {} bytes, and {MAX_LENGTH} are the most", text.len())));
        }
        // SQLite would take it for the end, and conditions after it would vanish.
        if let Some(at) = text.find('\0') {
            let told = SqlError::new(codes::SYNTAX, "a statement holds a NUL character").at(at..at + 1);
            return Err(told.next("take it out"));
        }
        let mut tokens = Tokenizer::new(&StackSql::default(), text)
            .tokenize_with_location()
            .map_err(|error| unreadable(&error.message, byte(text, error.location)))?;
        replace_is_update(&mut tokens);
        let mut words = Self { spans: Vec::new(), tokens: Vec::new(), length: text.len() };
        let mut place = Place { line: 1, column: 1, byte: 0, rest: text };
        for token in &tokens {
            let start = place.byte_of(token.span.start);
            if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
                continue;
            }
            let end = place.byte_of(token.span.end);
            words.spans.push((token.span, start..end));
            words.tokens.push(token.token.clone());
        }
        if words.tokens.len() > MAX_WORDS {
            let has = words.tokens.len();
            return Err(too_big(format!("it has {has} words, and {MAX_WORDS} are the most")));
        }
        words.chains()?;
        Ok((words, tokens))
    }

    /// The first word in capitals, parentheses before it left out.
    pub(crate) fn first(&self) -> Option<(String, Range<usize>)> {
        let at = self.tokens.iter().position(|token| *token != Token::LParen)?;
        let Token::Word(word) = &self.tokens[at] else { return None };
        word.quote_style.is_none().then(|| (word.value.to_ascii_uppercase(), self.spans[at].1.clone()))
    }

    /// The bytes of a span.
    pub(crate) fn range(&self, span: Span) -> Option<Range<usize>> {
        let first = self.index(span.start)?;
        let last = self.spans.partition_point(|(one, _)| one.end <= span.end).checked_sub(1)?;
        (first <= last).then(|| self.spans[first].1.start..self.spans[last].1.end)
    }

    /// The bytes of a name.
    pub(crate) fn ident(&self, ident: &Ident) -> Option<Range<usize>> {
        self.range(ident.span)
    }

    /// The bytes of the word that begins at or after a place that sqlparser names in its words.
    pub(crate) fn near(&self, line: u64, column: u64) -> Range<usize> {
        let at = Location::new(line, column);
        let index = self.spans.partition_point(|(one, _)| one.start < at);
        self.spans.get(index).map_or(self.length..self.length, |(_, range)| range.clone())
    }

    /// The word at a byte, or the next one.
    pub(crate) fn at(&self, byte: usize) -> Range<usize> {
        let index = self.spans.partition_point(|(_, range)| range.end <= byte);
        self.spans.get(index).map_or(self.length..self.length, |(_, range)| range.clone())
    }

    /// Where the parenthesis ends that opens first after a byte.
    pub(crate) fn closed_after(&self, byte: usize) -> Option<usize> {
        let from = self.spans.partition_point(|(_, range)| range.start < byte);
        let mut depth = 0_usize;
        for index in from..self.tokens.len() {
            match self.tokens[index] {
                Token::LParen => depth += 1,
                Token::RParen if depth <= 1 => return (depth == 1).then(|| self.spans[index].1.end),
                Token::RParen => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// Where the parenthesis begins that stands directly before a byte.
    pub(crate) fn opened_before(&self, byte: usize) -> Option<usize> {
        let before = self.spans.partition_point(|(_, range)| range.start < byte).checked_sub(1)?;
        (self.tokens[before] == Token::LParen).then(|| self.spans[before].1.start)
    }

    /// Where the word before a byte begins.
    pub(crate) fn start_before(&self, byte: usize) -> Option<usize> {
        let before = self.spans.partition_point(|(_, range)| range.start < byte).checked_sub(1)?;
        Some(self.spans[before].1.start)
    }

    /// Where a keyword begins that stands in no parenthesis; the last one.
    pub(crate) fn last_outside(&self, keyword: Keyword) -> Option<usize> {
        let mut depth = 0_usize;
        let mut found = None;
        for (token, (_, range)) in self.tokens.iter().zip(&self.spans) {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::Word(word) if depth == 0 && word.keyword == keyword && word.quote_style.is_none() => {
                    found = Some(range.start);
                }
                _ => {}
            }
        }
        found
    }

    /// Where the last word ends before a byte.
    pub(crate) fn end_before(&self, byte: usize) -> usize {
        let count = self.spans.partition_point(|(_, range)| range.end <= byte);
        count.checked_sub(1).map_or(0, |last| self.spans[last].1.end)
    }

    /// True if the statement has this name somewhere, whatever its case.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        let is_it =
            |token: &Token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(name));
        self.tokens.iter().any(is_it)
    }

    fn index(&self, start: Location) -> Option<usize> {
        self.spans.binary_search_by(|(one, _)| one.start.cmp(&start)).ok()
    }

    /// Operators bind to the left and make trees as deep as they are many; parentheses add what stands around them.
    fn chains(&self) -> Result<(), SqlError> {
        let mut outer: Vec<[usize; 2]> = Vec::new();
        let mut around = 0;
        let (mut operators, mut sets) = (0, 0);
        for (index, token) in self.tokens.iter().enumerate() {
            match token {
                Token::LParen => {
                    outer.push([operators, sets]);
                    around += operators + sets + 1;
                    (operators, sets) = (0, 0);
                }
                Token::RParen => {
                    if let Some(before) = outer.pop() {
                        [operators, sets] = before;
                        around -= operators + sets + 1;
                    }
                }
                Token::Comma => operators = 0,
                Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                    Keyword::SELECT
                    | Keyword::FROM
                    | Keyword::WHERE
                    | Keyword::ON
                    | Keyword::GROUP
                    | Keyword::HAVING
                    | Keyword::ORDER
                    | Keyword::LIMIT => operators = 0,
                    Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT => sets += 1,
                    Keyword::AND
                    | Keyword::OR
                    | Keyword::NOT
                    | Keyword::IS
                    | Keyword::IN
                    | Keyword::LIKE
                    | Keyword::GLOB
                    | Keyword::REGEXP
                    | Keyword::MATCH
                    | Keyword::BETWEEN
                    | Keyword::COLLATE
                    | Keyword::NOTNULL
                    | Keyword::NULL
                    | Keyword::CASE => operators += 1,
                    _ => {}
                },
                Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::Period => {}
                _ => operators += 1,
            }
            if around + operators + sets > MAX_CHAIN {
                let told = too_big(format!("more than {MAX_CHAIN} operators hang on each other"));
                return Err(told.at(self.spans[index].1.clone()));
            }
        }
        Ok(())
    }
}

/// A place that only moves on, so that all places of a text cost one walk.
struct Place<'t> {
    line: u64,
    column: u64,
    byte: usize,
    rest: &'t str,
}

impl Place<'_> {
    fn byte_of(&mut self, at: Location) -> usize {
        while (self.line, self.column) < (at.line, at.column) {
            let Some(c) = self.rest.chars().next() else { break };
            self.byte += c.len_utf8();
            self.rest = &self.rest[c.len_utf8()..];
            if c == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.byte
    }
}

fn byte(text: &str, at: Location) -> Range<usize> {
    let mut place = Place { line: 1, column: 1, byte: 0, rest: text };
    let start = place.byte_of(at);
    start..start + place.rest.chars().next().map_or(0, char::len_utf8)
}

/// The error for a text that cannot be read; `words` are sqlparser's.
pub(crate) fn unreadable(words: &str, at: Range<usize>) -> SqlError {
    if words.starts_with("Unterminated string") {
        return SqlError::new(codes::SYNTAX, "a quote is opened and not closed")
            .at(at)
            .label("opened here")
            .next("close it with '; a quote inside of a text is doubled: 'it''s'");
    }
    SqlError::new(codes::SYNTAX, "this is no SQL that can be read").at(at).label(words)
}

pub(crate) fn too_big(why: String) -> SqlError {
    SqlError::new(codes::TOO_BIG, "the statement is too big").note("why", why)
}
