//! Statements from text: which there are, and the tree of each query.

use crate::codes;
use crate::dialect::StackSql;
use crate::error::SqlError;
use crate::lex::statements;
use crate::stack::with_room;
use crate::words::{Words, too_big, unreadable};
use sqlparser::ast::{Query, SetExpr, Statement};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::ops::Range;

/// How deep parentheses may be nested.
const MAX_DEPTH: usize = 50;

/// Statements of one text: all of them are prepared before the first is run.
const MAX_STATEMENTS: usize = 1_000;

/// Statements that other engines take, which have no meaning here.
const FOREIGN: &[&str] = &[
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "AUTH",
    "BEGIN",
    "CALL",
    "COMMIT",
    "COPY",
    "CREATE",
    "DECLARE",
    "DETACH",
    "DROP",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPLAIN",
    "GRANT",
    "LOAD",
    "MERGE",
    "NATIVEQUERY",
    "PRAGMA",
    "PURGE",
    "REFRESH",
    "REGISTRY",
    "REINDEX",
    "RELEASE",
    "REPLACE",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "SLEEP",
    "START",
    "TRUNCATE",
    "USE",
    "VACUUM",
];

/// One statement of a text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its bytes in the text that it was read from.
    pub at: Range<usize>,
    /// Its own text.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    pub(crate) words: Words,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `SELECT`, `WITH` or `VALUES`.
    Query(Box<Query>),
    /// `INSERT`: read by [`crate::dml`].
    Insert,
    /// `UPDATE`: read by [`crate::dml`].
    Update,
    /// `DELETE`: read by [`crate::dml`].
    Delete,
    /// `SHOW`
    Show,
    /// `DESCRIBE`
    Describe,
}

impl Kind {
    /// True for statements that change something.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete)
    }

    /// Its keyword.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Query(_) => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Show => "SHOW",
            Self::Describe => "DESCRIBE",
        }
    }
}

/// Reads all statements of a text. Places of errors are bytes of the whole text.
///
/// # Errors
/// The first statement that is no SQL, too big or of a kind that has no meaning here.
pub fn parse(text: &str) -> Result<Vec<Parsed>, SqlError> {
    let all = statements(text);
    if let Some(first) = all.get(MAX_STATEMENTS) {
        let told = too_big(format!("{} statements, and {MAX_STATEMENTS} are the most", all.len()));
        return Err(told.at(first.clone()).next("run them in several files"));
    }
    all.into_iter().map(|at| one(text, at)).collect()
}

fn one(text: &str, at: Range<usize>) -> Result<Parsed, SqlError> {
    let own = &text[at.clone()];
    with_room(|| read(own))
        .map(|(kind, words)| Parsed { at: at.clone(), text: own.to_owned(), kind, words })
        .map_err(|error| error.shifted(at.start))
}

fn read(text: &str) -> Result<(Kind, Words), SqlError> {
    let (words, tokens) = Words::of(text)?;
    let Some((keyword, at)) = words.first() else {
        return Err(
            SqlError::new(codes::SYNTAX, "a statement begins with a word such as SELECT").at(words.at(0))
        );
    };
    let kind = match keyword.as_str() {
        "SELECT" | "WITH" | "VALUES" => {
            let Statement::Query(query) = tree(tokens, &words)? else {
                return Err(not_supported(&keyword, at));
            };
            only_reads(&query.body, &at)?;
            Kind::Query(query)
        }
        "INSERT" => Kind::Insert,
        "UPDATE" => Kind::Update,
        "DELETE" => Kind::Delete,
        "SHOW" => Kind::Show,
        "DESCRIBE" | "DESC" => Kind::Describe,
        foreign if FOREIGN.contains(&foreign) => return Err(not_supported(foreign, at)),
        other => {
            return Err(SqlError::new(codes::SYNTAX, format!("no statement begins with `{other}`"))
                .at(at)
                .next("begin with SELECT, WITH, VALUES, INSERT, UPDATE, DELETE, SHOW or DESCRIBE"));
        }
    };
    Ok((kind, words))
}

/// The tree of one statement.
pub(crate) fn tree(tokens: Vec<TokenWithSpan>, words: &Words) -> Result<Statement, SqlError> {
    let dialect = StackSql::default();
    let parser = Parser::new(&dialect).with_recursion_limit(MAX_DEPTH);
    let mut parser = parser.with_tokens_with_locations(tokens);
    let statement = parser.parse_statement().map_err(|error| failure(&error, words))?;
    let rest = parser.peek_token_ref();
    if rest.token != Token::EOF {
        let found = format!("Expected: end of statement, found: {}", rest.token);
        return Err(unreadable(&found, words.near(rest.span.start.line, rest.span.start.column)));
    }
    Ok(statement)
}

/// `WITH … INSERT` and the like.
fn only_reads(body: &SetExpr, at: &Range<usize>) -> Result<(), SqlError> {
    let keyword = match body {
        SetExpr::Insert(_) => "WITH … INSERT",
        SetExpr::Update(_) => "WITH … UPDATE",
        SetExpr::Delete(_) => "WITH … DELETE",
        SetExpr::Merge(_) => "MERGE",
        SetExpr::Table(_) => "TABLE",
        SetExpr::Query(query) => return only_reads(&query.body, at),
        SetExpr::SetOperation { left, right, .. } => {
            only_reads(left, at)?;
            return only_reads(right, at);
        }
        SetExpr::Select(_) | SetExpr::Values(_) => return Ok(()),
    };
    Err(not_supported(keyword, at.clone()))
}

fn not_supported(keyword: &str, at: Range<usize>) -> SqlError {
    let told = SqlError::new(codes::NOT_SUPPORTED, format!("`{keyword}` is not supported")).at(at);
    match keyword {
        "REGISTRY" => told.next("providers are built in; there is nothing to pull"),
        "EXEC" | "EXECUTE" | "CALL" => {
            told.next("methods cannot be called by name; use SELECT, INSERT, UPDATE or DELETE")
        }
        "REPLACE" => told.next("write `REPLACE table SET …` or UPDATE"),
        _ => told,
    }
}

fn failure(error: &ParserError, words: &Words) -> SqlError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => {
            return too_big(format!("parentheses and expressions are nested more than {MAX_DEPTH} deep"));
        }
    };
    // sqlparser puts the place into its words.
    let placed = text.rsplit_once(" at Line: ").and_then(|(said, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((said, words.near(line.trim().parse().ok()?, column.trim().parse().ok()?)))
    });
    match placed {
        Some((said, at)) => unreadable(said, at),
        None => unreadable(text, words.near(u64::MAX, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let at = error.at.map_or("-", |at| &text[at]);
        let why = error.notes.first().map_or(&*error.label, |(_, why)| why);
        format!("{} {} | {at} | {why}", error.code, error.message)
    }

    #[test]
    fn each_statement_is_of_a_kind_and_has_its_place() {
        let text = "SELECT ';' x; insert into a.b.c (A) SELECT 1;\n-- no more\n show services in awscc; (VALUES (1)) ; DESC a.b.c";
        let all = parse(text).unwrap();
        let shown: Vec<_> = all.iter().map(|one| (one.kind.keyword(), &text[one.at.clone()])).collect();
        insta::assert_debug_snapshot!(shown, @r#"
        [
            (
                "SELECT",
                "SELECT ';' x",
            ),
            (
                "INSERT",
                "insert into a.b.c (A) SELECT 1",
            ),
            (
                "SHOW",
                "-- no more\n show services in awscc",
            ),
            (
                "SELECT",
                "(VALUES (1))",
            ),
            (
                "DESCRIBE",
                "DESC a.b.c",
            ),
        ]
        "#);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let all = [
            "SELECT 1; SELECT 'open",
            "SELECT FROM WHERE",
            "SELECT 1 FROM",
            "SELECT (1",
            "SELECT 1)",
            "SELECT 'ä', b c d",
            "EXEC google.storage.buckets.list @project='x'",
            "REGISTRY PULL aws",
            "WITH a AS (SELECT 1) INSERT INTO a.b.c (A) SELECT 1",
            "SELEKT 1",
            "'x'",
            "ä",
            "\u{F0000}SHOW PROVIDERS",
            "CREATE VIEW v AS SELECT 1",
        ];
        insta::assert_snapshot!(all.map(told).join("\n"));
    }

    #[test]
    fn size_and_depth_have_an_end() {
        for (text, is_fine) in [
            (format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)), false),
            (format!("SELECT {}1{}", "(".repeat(15), ")".repeat(15)), true),
            (format!("SELECT * FROM {}a", "(".repeat(45)), false),
            (format!("SELECT 1{}", " + 1".repeat(50_000)), false),
            (format!("SELECT 1{}", " + 1".repeat(300)), true),
            (format!("SELECT {}1", "- ".repeat(5_000)), false),
            (format!("SELECT {}1", "NOT ".repeat(5_000)), false),
            (format!("SELECT 1{}", " UNION SELECT 1".repeat(5_000)), false),
            (format!("SELECT {}", "CASE WHEN 1 THEN ".repeat(5_000)), false),
            (format!("SELECT 1 WHERE 1 IN (1{})", ", 1".repeat(20_000)), true),
            (format!("SELECT 1 WHERE 1 IN (1{})", ", 1".repeat(200_000)), false),
            (format!("SELECT '{}'", "x".repeat(MAX_TEXT)), false),
        ] {
            assert_eq!(parse(&text).is_ok(), is_fine, "{}", &text[..60.min(text.len())]);
        }
    }

    const MAX_TEXT: usize = crate::words::MAX_LENGTH;

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(SELECT |WITH a AS \\(|VALUES )?([a-z' (),=;.\\n\"*ä0-9|-]|SELECT |FROM |WHERE |AND |IN |JOIN |ON |CASE |UNION ){0,40}") {
            if let Err(error) = parse(&text) && let Some(at) = error.at {
                prop_assert!(text.get(at).is_some());
            }
        }
    }
}
