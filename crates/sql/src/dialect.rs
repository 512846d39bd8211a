//! The dialect: SQLite's, without the one rule of sqlparser's that SQLite does not have.

use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::dialect::{Dialect, Precedence, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// SQLite's dialect as SQLite reads it.
#[derive(Debug, Default)]
pub struct StackSql(SQLiteDialect);

impl Dialect for StackSql {
    // What sqlparser does for SQLite by type holds here too.
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.0.identifier_quote_style(identifier)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        self.0.supports_filter_during_aggregation()
    }

    fn supports_start_transaction_modifier(&self) -> bool {
        self.0.supports_start_transaction_modifier()
    }

    fn supports_in_empty_list(&self) -> bool {
        self.0.supports_in_empty_list()
    }

    fn supports_limit_comma(&self) -> bool {
        self.0.supports_limit_comma()
    }

    fn supports_asc_desc_in_column_definition(&self) -> bool {
        self.0.supports_asc_desc_in_column_definition()
    }

    fn supports_dollar_placeholder(&self) -> bool {
        self.0.supports_dollar_placeholder()
    }

    fn supports_notnull_operator(&self) -> bool {
        self.0.supports_notnull_operator()
    }

    /// SQLite's GLOB stands where LIKE does.
    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        let is = |at: usize, keyword: Keyword| matches!(&parser.peek_nth_token_ref(at).token, Token::Word(word) if word.keyword == keyword);
        let is_glob = is(0, Keyword::GLOB) || is(0, Keyword::NOT) && is(1, Keyword::GLOB);
        is_glob.then(|| Ok(self.prec_value(Precedence::Like)))
    }

    /// `a REGEXP 'x' AND b = 1` is `(a REGEXP 'x') AND b = 1`: sqlparser's own rule for SQLite takes all that follows as the
    /// pattern, and conditions would vanish from the statement.
    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let glob = match () {
            () if parser.parse_keyword(Keyword::GLOB) => Some("GLOB"),
            () if parser.parse_keywords(&[Keyword::NOT, Keyword::GLOB]) => Some("NOT GLOB"),
            () => None,
        };
        if let Some(glob) = glob {
            let right = parser.parse_subexpr(precedence);
            let (left, op) = (Box::new(expr.clone()), BinaryOperator::Custom(glob.to_owned()));
            return Some(right.map(|right| Expr::BinaryOp { left, op, right: Box::new(right) }));
        }
        let op = [(Keyword::REGEXP, BinaryOperator::Regexp), (Keyword::MATCH, BinaryOperator::Match)]
            .into_iter()
            .find(|(keyword, _)| parser.parse_keyword(*keyword))
            .map(|(_, op)| op)?;
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(expr.clone()), op, right: Box::new(right) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> String {
        let parsed =
            Parser::parse_sql(&StackSql::default(), sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        format!("{:?}", parsed[0])
    }

    #[test]
    fn a_pattern_ends_where_sqlite_ends_it() {
        let shown = read("SELECT 1 WHERE a REGEXP 'x' AND region = 'r'");
        let (and, regexp) = (shown.find("op: And").unwrap(), shown.find("op: Regexp").unwrap());
        assert!(and > regexp, "{shown}");
        assert!(shown.contains("region"), "{shown}");
    }

    #[test]
    fn glob_is_an_operator_as_like_is() {
        for (sql, expected) in [
            ("SELECT 1 WHERE a GLOB 'x*' AND region = 'r'", "SELECT 1 WHERE a GLOB 'x*' AND region = 'r'"),
            ("SELECT a NOT GLOB 'x' || 'y', b", "SELECT a NOT GLOB 'x' || 'y', b"),
            ("SELECT glob('a*', b)", "SELECT glob('a*', b)"),
        ] {
            let parsed = Parser::parse_sql(&StackSql::default(), sql).unwrap();
            assert_eq!(parsed[0].to_string(), expected);
        }
        let shown = read("SELECT 1 WHERE a GLOB 'x*' AND region = 'r'");
        let (and, glob) = (shown.find("op: And").unwrap(), shown.find("GLOB").unwrap());
        assert!(and > glob, "{shown}");
    }
}
