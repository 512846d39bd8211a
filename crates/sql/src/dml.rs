//! INSERT, UPDATE and DELETE as lists of columns, values and predicates. What they mean is not decided here.

use crate::codes;
use crate::error::SqlError;
use crate::holes::{Inlined, inlined};
use crate::lex::statements;
use crate::parse::tree;
use crate::stack::with_room;
use crate::words::Words;
use crate::write::disparity;
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, Delete, Expr, FromTable, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, Insert, ObjectName, SelectItem, SetExpr, Spanned, Statement,
    TableFactor, TableObject, TableWithJoins, UnaryOperator, Update, Value as SqlValue,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Span;
use stack_core::statement::{Marked, hole_number};
use std::ops::Range;

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// As written, without quotes; parts joined by `.`.
    pub name: String,
    /// Bytes of the statement's text.
    pub at: Range<usize>,
}

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `'…'`, unescaped, holes in it.
    Text(String),
    /// `string('…')`: a text that must not become structure.
    Forced(String),
    /// A number, as written.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `NULL`
    Null,
    /// Anything else: an expression.
    Expression,
}

/// A column and the value that it is given or compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Column.
    pub column: Named,
    /// Value.
    pub value: Operand,
    /// Where the value stands.
    pub at: Range<usize>,
}

/// The query that gives the rows of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Columns that are inserted, in the order of the query's own.
    pub columns: Vec<Named>,
    /// Bytes of the query.
    pub at: Range<usize>,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT`
    Insert,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
}

/// A statement that changes something.
#[derive(Clone, Debug, PartialEq)]
pub struct Dml {
    /// What it does.
    pub verb: Verb,
    /// The table.
    pub table: Named,
    /// Columns of an INSERT, assignments of an UPDATE.
    pub values: Vec<Pair>,
    /// `column = value` of the WHERE clause.
    pub predicates: Vec<Pair>,
    /// Further rows of an INSERT; only of [`read_many`].
    pub more: Vec<Vec<Pair>>,
    /// Set where a query gives the rows of an INSERT; only of [`read_many`]. There are no values then.
    pub query: Option<Rows>,
    /// `column IN (…)` of the WHERE clause, one pair for each value; only of [`read_many`].
    pub among: Vec<Vec<Pair>>,
    /// What RETURNING wants, as SQL.
    pub returning: Option<String>,
}

/// Reads the one statement of a text.
///
/// # Errors
/// Text that is no SQL, more than one statement or none, statements of other kinds and forms.
pub fn read(marked: &Marked) -> Result<Dml, SqlError> {
    read_as(marked, false)
}

/// Reads the one statement of a text, which may be about several resources: more rows than one, `IN` in the WHERE clause.
///
/// # Errors
/// As [`read`].
pub fn read_many(text: &str) -> Result<Dml, SqlError> {
    read_as(&Marked { text: text.to_owned(), holes: Vec::new() }, true)
}

fn read_as(marked: &Marked, many: bool) -> Result<Dml, SqlError> {
    let inlined = inlined(marked).map_err(|unquoted| {
        SqlError::new(codes::SYNTAX, format!("{} stands in a statement without quotes", unquoted.why))
            .at(unquoted.at)
            .label("here")
            .next("put quotes around it: '{{ name }}'")
    })?;
    let text = inlined.marked.text.as_str();
    let all = statements(text);
    let range = match all.as_slice() {
        [one] => one.clone(),
        [] => {
            return Err(
                SqlError::new(codes::SYNTAX, "there is no statement").next("write one below the anchor")
            );
        }
        [_, second, ..] => {
            let message = format!("there are {} statements, and only one is read here", all.len());
            return Err(SqlError::new(codes::SYNTAX, message)
                .at(inlined.before(second))
                .next("give each resource a statement of its own"));
        }
    };
    with_room(|| one(&text[range.clone()], range.start, &inlined, many))
}

fn one(text: &str, offset: usize, inlined: &Inlined, many: bool) -> Result<Dml, SqlError> {
    let placed = |error: SqlError| {
        let error = error.shifted(offset);
        let at = error.at.as_ref().map(|at| inlined.before(at));
        let label = without_holes(&error.label);
        error.at(at).label(label)
    };
    let (words, tokens) = Words::of(text).map_err(placed)?;
    let reader = Reader { offset, words, inlined, many };
    match tree(tokens, &reader.words).map_err(placed)? {
        Statement::Insert(insert) => reader.insert(&insert),
        Statement::Update(update) => reader.update(&update),
        Statement::Delete(delete) => reader.delete(&delete),
        _ => Err(SqlError::new(codes::NOT_SUPPORTED, "this is no INSERT, UPDATE or DELETE")
            .at(inlined.before(&(offset..offset + text.len())))
            .next("write the statement that the anchor names")),
    }
}

impl Dml {
    fn of(verb: Verb, table: Named, values: Vec<Pair>) -> Self {
        Self {
            verb,
            table,
            values,
            predicates: Vec::new(),
            more: Vec::new(),
            query: None,
            among: Vec::new(),
            returning: None,
        }
    }
}

fn returning(items: Option<&[SelectItem]>) -> Option<String> {
    Some(items?.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// Values are shown as what they are: not there.
fn without_holes(text: &str) -> String {
    text.chars().map(|c| if hole_number(c).is_some() { '…' } else { c }).collect()
}

struct Reader<'a> {
    /// Where the statement begins in the text.
    offset: usize,
    words: Words,
    inlined: &'a Inlined,
    /// It may be about several resources.
    many: bool,
}

impl Reader<'_> {
    /// The place of a span in the text as it was given.
    fn at(&self, span: Span) -> Option<Range<usize>> {
        let range = self.words.range(span)?;
        Some(self.inlined.before(&(range.start + self.offset..range.end + self.offset)))
    }

    fn named(&self, name: &ObjectName) -> Option<Named> {
        let idents: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        let idents = idents?;
        let name = idents.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".");
        let (first, last) = (idents.first()?, idents.last()?);
        let span = Span::new(first.span.start, last.span.end);
        Some(Named { name, at: self.at(span)? })
    }

    fn table(&self, name: &ObjectName) -> Result<Named, SqlError> {
        self.named(name).ok_or_else(|| self.unsupported("a table of another form", name.span()))
    }

    fn unsupported(&self, what: &str, span: Span) -> SqlError {
        SqlError::new(codes::NOT_SUPPORTED, format!("the statement has {what}, which cannot be understood"))
            .at(self.at(span))
            .next("write plain columns and values")
    }

    fn insert(&self, insert: &Insert) -> Result<Dml, SqlError> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(self.unsupported("no table name", insert.table.span()));
        };
        let table = self.table(name)?;
        let Some(source) = &insert.source else {
            return Err(self.unsupported("no values", name.span()));
        };
        if insert.or.is_some() || insert.on.is_some() || insert.ignore || insert.replace_into {
            return Err(self.unsupported("a rule for conflicts", name.span()));
        }
        let is_plain = source.limit_clause.is_none() && source.order_by.is_none() && source.with.is_none();
        if !is_plain && !self.many {
            return Err(self.unsupported("a clause around its values", source.span()));
        }
        let rows: Vec<Vec<&Expr>> = match source.body.as_ref() {
            SetExpr::Select(select)
                if is_plain
                    && select.from.is_empty()
                    && select.selection.is_none()
                    && select.distinct.is_none()
                    && select.having.is_none()
                    && matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) =>
            {
                let items = select.projection.iter();
                let plain = items.map(|item| match item {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Ok(expr),
                    other => Err(self.unsupported("a value of another form", other.span())),
                });
                vec![plain.collect::<Result<_, _>>()?]
            }
            SetExpr::Values(values) if is_plain && (self.many || values.rows.len() == 1) => {
                values.rows.iter().map(|row| row.content.iter().collect()).collect()
            }
            _ if self.many => return self.queried(insert, table),
            SetExpr::Values(values) => {
                return Err(self.unsupported(&format!("{} rows of values", values.rows.len()), source.span()));
            }
            _ => return Err(self.unsupported("values from a query", source.span())),
        };
        if let Some(row) = rows.iter().find(|row| row.len() != insert.columns.len()) {
            return Err(disparity(insert.columns.len(), row.len()).at(table.at));
        }
        let pairs = |row: Vec<&Expr>| {
            let pairs = insert.columns.iter().zip(row);
            pairs.map(|(column, value)| self.pair(column, value)).collect::<Result<Vec<_>, SqlError>>()
        };
        let mut rows = rows.into_iter().map(pairs).collect::<Result<Vec<_>, SqlError>>()?.into_iter();
        let values = rows.next().unwrap_or_default();
        let returning = returning(insert.returning.as_deref());
        Ok(Dml { more: rows.collect(), returning, ..Dml::of(Verb::Insert, table, values) })
    }

    /// An INSERT whose rows a query gives.
    fn queried(&self, insert: &Insert, table: Named) -> Result<Dml, SqlError> {
        let columns = insert.columns.iter().map(|column| {
            self.named(column).ok_or_else(|| self.unsupported("no column name", column.span()))
        });
        let columns: Vec<Named> = columns.collect::<Result<_, _>>()?;
        let Some(last) = insert.columns.last().and_then(|column| self.words.range(column.span())) else {
            return Err(SqlError::new(codes::SYNTAX, "an INSERT needs the names of its columns")
                .at(table.at)
                .next("write INSERT INTO table (Column, …) SELECT …"));
        };
        // After the parenthesis of the columns, before RETURNING.
        let start = self.words.at(self.words.at(last.end).end).start;
        let returns = insert.returning.as_ref().and_then(|_| self.words.last_outside(Keyword::RETURNING));
        let end = self.words.end_before(returns.unwrap_or(usize::MAX));
        let at = self.inlined.before(&(start + self.offset..end.max(start) + self.offset));
        let returning = returning(insert.returning.as_deref());
        let query = Some(Rows { columns, at });
        Ok(Dml { query, returning, ..Dml::of(Verb::Insert, table, Vec::new()) })
    }

    fn update(&self, update: &Update) -> Result<Dml, SqlError> {
        let table = self.relation(&update.table)?;
        let assignments = update.assignments.iter().map(|assignment| match &assignment.target {
            AssignmentTarget::ColumnName(name) => self.pair(name, &assignment.value),
            AssignmentTarget::Tuple(_) => Err(self.unsupported("a tuple", assignment.span())),
        });
        let values = assignments.collect::<Result<_, _>>()?;
        let dml = Dml::of(Verb::Update, table, values);
        self.chosen(dml, update.selection.as_ref(), update.returning.as_deref())
    }

    fn delete(&self, delete: &Delete) -> Result<Dml, SqlError> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let [relation] = from.as_slice() else {
            return Err(self.unsupported("several tables", delete.from.span()));
        };
        let table = self.relation(relation)?;
        let dml = Dml::of(Verb::Delete, table, Vec::new());
        self.chosen(dml, delete.selection.as_ref(), delete.returning.as_deref())
    }

    fn relation(&self, table: &TableWithJoins) -> Result<Named, SqlError> {
        match &table.relation {
            TableFactor::Table { name, args: None, .. } if table.joins.is_empty() => self.table(name),
            other => Err(self.unsupported("a table of another form", other.span())),
        }
    }

    /// `a = 1 AND b = 2 AND c IN (3, 4)`
    fn chosen(
        &self,
        dml: Dml,
        selection: Option<&Expr>,
        items: Option<&[SelectItem]>,
    ) -> Result<Dml, SqlError> {
        let (mut predicates, mut among) = (Vec::new(), Vec::new());
        let mut open: Vec<&Expr> = selection.into_iter().collect();
        while let Some(expr) = open.pop() {
            match expr {
                Expr::Nested(inner) => open.push(inner),
                Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                    open.extend([right.as_ref(), left]);
                }
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let (column, value) = match (self.column(left), self.column(right)) {
                        (Some(column), _) => (column, right),
                        (None, Some(column)) => (column, left),
                        (None, None) => {
                            return Err(self.unsupported("a condition without a column", expr.span()));
                        }
                    };
                    predicates.push(self.valued(column, value));
                }
                Expr::InList { expr: left, list, negated: false } if list.len() == 1 => {
                    let column = self
                        .column(left)
                        .ok_or_else(|| self.unsupported("a condition without a column", expr.span()))?;
                    predicates.push(self.valued(column, &list[0]));
                }
                Expr::InList { expr, list, negated: false } if self.many && self.column(expr).is_some() => {
                    let pairs = list.iter().filter_map(|one| Some(self.valued(self.column(expr)?, one)));
                    among.push(pairs.collect());
                }
                other => {
                    let forms = if self.many { "only `column = value`, IN" } else { "only `column = value`" };
                    let message = format!("{forms} and AND can be understood in the WHERE of a change");
                    return Err(SqlError::new(codes::NOT_SUPPORTED, message)
                        .at(self.at(other.span()))
                        .next("name the one resource: region = '…' AND Identifier = '…'"));
                }
            }
        }
        Ok(Dml { predicates, among, returning: returning(items), ..dml })
    }

    fn column(&self, expr: &Expr) -> Option<Named> {
        match expr {
            // A word in double quotes is a name here as anywhere.
            Expr::Identifier(ident) => Some(Named { name: ident.value.clone(), at: self.at(ident.span)? }),
            Expr::CompoundIdentifier(idents) => {
                let last = idents.last()?;
                Some(Named { name: last.value.clone(), at: self.at(last.span)? })
            }
            _ => None,
        }
    }

    fn pair(&self, column: &ObjectName, value: &Expr) -> Result<Pair, SqlError> {
        let named = self.named(column).ok_or_else(|| self.unsupported("no column name", column.span()))?;
        Ok(self.valued(named, value))
    }

    fn valued(&self, column: Named, value: &Expr) -> Pair {
        let at = self.at(value.span()).unwrap_or_else(|| column.at.clone());
        Pair { column, value: operand(value), at }
    }
}

fn operand(expr: &Expr) -> Operand {
    match expr {
        Expr::Nested(inner) => operand(inner),
        Expr::Value(value) => match &value.value {
            SqlValue::SingleQuotedString(text) => Operand::Text(text.clone()),
            SqlValue::Number(text, _) => Operand::Number(text.clone()),
            SqlValue::Boolean(truth) => Operand::Boolean(*truth),
            SqlValue::Null => Operand::Null,
            _ => Operand::Expression,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match operand(expr) {
            Operand::Number(text) => Operand::Number(format!("-{text}")),
            _ => Operand::Expression,
        },
        Expr::Function(function) => {
            let name = function.name.to_string();
            let FunctionArguments::List(list) = &function.args else { return Operand::Expression };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
                return Operand::Expression;
            };
            match operand(argument) {
                Operand::Text(text) if name.eq_ignore_ascii_case("string") => Operand::Forced(text),
                Operand::Text(text) if name.eq_ignore_ascii_case("json") => Operand::Text(text),
                _ => Operand::Expression,
            }
        }
        _ => Operand::Expression,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Result<Dml, SqlError> {
        read(&Marked { text: text.to_owned(), holes: Vec::new() })
    }

    fn shown(pairs: &[Pair]) -> Vec<String> {
        pairs.iter().map(|pair| format!("{} = {:?}", pair.column.name, pair.value)).collect()
    }

    #[test]
    fn an_insert_is_columns_and_values() {
        let text = "/* a; b */ INSERT INTO awscc.s3.buckets (BucketName, \"Tags\", region, N, B)\nSELECT 'it''s', '[]', 'us-east-1', -5, true\nRETURNING *;";
        let dml = of(text).unwrap();
        assert_eq!((dml.verb, dml.table.name.as_str()), (Verb::Insert, "awscc.s3.buckets"));
        assert_eq!(&text[dml.table.at.clone()], "awscc.s3.buckets");
        assert_eq!(&text[dml.values[0].column.at.clone()], "BucketName");
        assert_eq!(&text[dml.values[0].at.clone()], "'it''s'");
        insta::assert_snapshot!(shown(&dml.values).join("\n"), @r#"
        BucketName = Text("it's")
        Tags = Text("[]")
        region = Text("us-east-1")
        N = Number("-5")
        B = Boolean(true)
        "#);
        assert_eq!(of("INSERT INTO a.b.c (A) VALUES (NULL)").unwrap().values[0].value, Operand::Null);
    }

    #[test]
    fn an_update_is_assignments_and_predicates() {
        let dml = of("UPDATE a.b.c SET PatchDocument = string('[]') WHERE region = 'r' AND (Identifier = 'x|y') RETURNING ErrorCode").unwrap();
        assert_eq!(shown(&dml.values), ["PatchDocument = Forced(\"[]\")"]);
        assert_eq!(shown(&dml.predicates), ["region = Text(\"r\")", "Identifier = Text(\"x|y\")"]);
        let dml = of("DELETE FROM a.b.c WHERE data__Identifier = 'x'").unwrap();
        assert_eq!(
            (dml.verb, shown(&dml.predicates)),
            (Verb::Delete, vec!["data__Identifier = Text(\"x\")".to_owned()])
        );
    }

    #[test]
    fn what_cannot_be_understood_is_said_with_its_place() {
        let told = |text: &str| {
            let problem = of(text).unwrap_err();
            let at = problem.at.map_or("-", |at| &text[at]).to_owned();
            format!("{} | {at} | {}", problem.message, problem.label)
        };
        insta::assert_snapshot!(
            [
                "",
                "SELECT 1",
                "INSERT INTO a.b.c (A) SELECT",
                "INSERT INTO a.b.c (A, B) SELECT 1",
                "INSERT INTO a.b.c (A) VALUES (1), (2)",
                "INSERT INTO a.b.c (A) SELECT x FROM t",
                "DELETE FROM a.b.c WHERE a IN ('x', 'y')",
                "DELETE FROM a.b.c; DELETE FROM a.b.d",
                "INSERT INTO a.b.c (A) SELECT 'open",
                "DELETE FROM a.b.c nonsense here",
            ]
            .map(told)
            .join("\n")
        );
    }

    #[test]
    fn a_query_may_give_the_rows() {
        let text = "/* ä */ INSERT INTO a.b.c (A, \"B\") WITH x AS (SELECT 1 AS returning) SELECT y, z FROM t ORDER BY 1 -- end\n RETURNING (SELECT 1);";
        let dml = read_many(text).unwrap();
        let query = dml.query.unwrap();
        assert_eq!(&text[query.at], "WITH x AS (SELECT 1 AS returning) SELECT y, z FROM t ORDER BY 1");
        let names: Vec<&str> = query.columns.iter().map(|column| &text[column.at.clone()]).collect();
        assert_eq!((names, dml.returning.as_deref()), (vec!["A", "\"B\""], Some("(SELECT 1)")));
        let text = "INSERT INTO a.b.c (A) (SELECT x FROM t)";
        assert_eq!(&text[read_many(text).unwrap().query.unwrap().at], "(SELECT x FROM t)");
        assert!(read_many("INSERT INTO a.b.c SELECT x FROM t").is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(INSERT INTO a|UPDATE a|DELETE FROM a)?[a-z' (),=;.\\n\"\u{F0000}-]{0,60}") {
            drop(of(&text));
        }
    }

    #[test]
    fn depth_and_length_have_an_end() {
        for text in [
            format!("DELETE FROM a WHERE {}", "(".repeat(5_000)),
            format!("DELETE FROM a WHERE a = 1{}", " AND a = 1".repeat(50_000)),
            format!("DELETE FROM a WHERE a = {}1", "-".repeat(5_000)),
            format!("DELETE FROM a WHERE {} a = 1", "NOT ".repeat(5_000)),
        ] {
            assert!(of(&text).is_err());
        }
    }
}
