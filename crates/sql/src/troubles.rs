//! SQLite's errors in our words, at their place in the statement.

use crate::bind::Bound;
use crate::codes;
use crate::error::SqlError;
use crate::sqlite::Trouble;
use crate::words::Words;
use stack_core::diagnostic::nearest;

/// The functions that a misspelt one may mean.
const FUNCTIONS: &[&str] = &[
    "json_equal",
    "aws_policy_equal",
    "split_part",
    "regexp_like",
    "regexp_substr",
    "regexp_replace",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_array",
    "json_array_length",
    "json_each",
    "json_type",
    "json_valid",
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "total",
    "group_concat",
    "string_agg",
    "coalesce",
    "ifnull",
    "nullif",
    "iif",
    "lower",
    "upper",
    "trim",
    "ltrim",
    "rtrim",
    "substr",
    "substring",
    "instr",
    "replace",
    "length",
    "printf",
    "format",
    "abs",
    "round",
    "cast",
    "typeof",
    "date",
    "datetime",
    "strftime",
    "hex",
    "quote",
    "concat",
];

/// A statement that SQLite had.
pub(crate) struct Place<'a> {
    pub(crate) bound: &'a Bound,
    pub(crate) words: &'a Words,
}

impl Place<'_> {
    /// The error for a trouble with the whole statement.
    pub(crate) fn error(&self, trouble: Trouble) -> SqlError {
        let Trouble::Unprepared(said, offset) = trouble else { return plain(trouble) };
        let at = offset.map(|offset| {
            let before = self.bound.text.before(offset);
            if before.is_empty() { self.words.at(before.start) } else { before }
        });
        if let Some(rest) = said.strip_prefix("no such column: ") {
            let (name, hint) = rest.split_once(" - should this be").unwrap_or((rest, ""));
            if !hint.is_empty() {
                return crate::bind::double_quotes(name.trim_matches('"')).at(at);
            }
            return self.no_column(name).at(at);
        }
        if let Some(name) = said.strip_prefix("no such function: ") {
            let told =
                SqlError::new(codes::NO_SUCH_FUNCTION, format!("there is no function `{name}`")).at(at);
            return match nearest(name, FUNCTIONS.iter().copied()) {
                Some(near) => told.next(format!("did you mean `{near}`?")),
                None => told,
            };
        }
        if let Some(name) = said.strip_prefix("no such table: ") {
            return SqlError::new(codes::NO_SUCH_TABLE, format!("there is no table `{name}`")).at(at);
        }
        if let Some(name) = said.strip_prefix("ambiguous column name: ") {
            return SqlError::new(codes::AMBIGUOUS, format!("`{name}` is a column of several tables"))
                .at(at)
                .next("put the table's alias before it");
        }
        SqlError::new(codes::SYNTAX, "SQLite does not take the statement").at(at).label(said)
    }

    fn no_column(&self, name: &str) -> SqlError {
        let bare = name.rsplit('.').next().unwrap_or(name);
        let columns = self.bound.relations.iter().flat_map(|relation| &relation.columns);
        let near = nearest(bare, columns.map(|column| column.name.as_str()));
        let told = SqlError::new(codes::NO_SUCH_COLUMN, format!("there is no column `{bare}`"));
        match (near, self.bound.relations.first()) {
            (Some(near), _) => told.next(format!("did you mean `{near}`?")),
            (None, Some(relation)) => {
                told.next(format!("DESCRIBE {} lists the columns", relation.source.name))
            }
            (None, None) => told.next("a text stands in single quotes"),
        }
    }
}

/// The error without a place.
pub(crate) fn plain(trouble: Trouble) -> SqlError {
    match trouble {
        Trouble::Unprepared(said, _) => {
            SqlError::new(codes::SYNTAX, "a part of the statement cannot be run by itself").note("why", said)
        }
        Trouble::Denied(said) => {
            SqlError::new(codes::NOT_ALLOWED, "the statement wants more than reading").note("why", said)
        }
        Trouble::Limit(said) => {
            SqlError::new(codes::LIMIT, "the statement ran into a limit").note("why", said)
        }
        Trouble::Stopped => SqlError::new(codes::STOPPED, "the statement was stopped while it computed"),
        Trouble::Failed(said) => SqlError::new(codes::FAILED, format!("the statement failed: {said}")),
    }
}
