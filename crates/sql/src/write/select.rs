//! `INSERT INTO table (…) SELECT … FROM …`: the rows are those of a query, which is asked first.

use super::{Writes, operations};
use crate::codes;
use crate::columns::{Affinity, Cell, affinity};
use crate::dml::{self, Dml, Operand, Pair, Rows};
use crate::error::SqlError;
use crate::literal::property;
use crate::parse::{Parsed, parse};
use crate::query::{Defaults, Query};
use crate::source::Tables;
use crate::sqlite::Limits;
use crate::table::Table;
use stack_core::schema::ResourceSchema;

/// An INSERT, and the query that it waits for.
#[derive(Debug)]
pub struct Selection<'a> {
    /// To be asked first.
    pub query: Query<'a>,
    /// What is done with its rows.
    pub insertion: Insertion<'a>,
}

/// An INSERT that waits for its rows.
#[derive(Debug)]
pub struct Insertion<'a> {
    dml: Dml,
    rows: Rows,
    parsed: Parsed,
    tables: Tables<'a>,
    defaults: Defaults,
}

impl<'a> Selection<'a> {
    /// Reads an INSERT whose rows a query gives; `None` for other changes. Columns, query and RETURNING are checked.
    ///
    /// # Errors
    /// Everything that can be known to be wrong before the rows are. Places are bytes of the text that it was parsed from.
    pub fn prepare(
        parsed: &Parsed,
        tables: &Tables<'a>,
        defaults: &Defaults,
        limits: Limits,
    ) -> Result<Option<Self>, Vec<SqlError>> {
        let shift = |error: SqlError| error.shifted(parsed.at.start);
        let dml = dml::read_many(&parsed.text).map_err(|error| vec![shift(error)])?;
        let Some(rows) = dml.query.clone() else { return Ok(None) };
        let checked = operations(&dml, parsed, tables, defaults);
        checked.map_err(|errors| errors.into_iter().map(shift).collect::<Vec<_>>())?;
        let one = |error| vec![error];
        // Places of the query are those of the whole text from here on.
        let text = parsed.text.get(rows.at.clone()).unwrap_or_default();
        let start = parsed.at.start + rows.at.start;
        let inner = parse(text).map_err(|error| one(error.shifted(start)))?;
        let [inner] = inner.as_slice() else {
            let told = SqlError::new(codes::SYNTAX, "the values are no query that can be read");
            return Err(one(shift(told.at(rows.at))));
        };
        let inner = Parsed { at: inner.at.start + start..inner.at.end + start, ..inner.clone() };
        let query = Query::prepare(&inner, tables, defaults, limits).map_err(one)?;
        if query.columns().len() != rows.columns.len() {
            let told = disparity(rows.columns.len(), query.columns().len());
            return Err(one(shift(told.at(rows.at))));
        }
        let (parsed, defaults) = (parsed.clone(), defaults.clone());
        let insertion =
            Insertion { dml: Dml { query: None, ..dml }, rows, parsed, tables: *tables, defaults };
        Ok(Some(Self { query, insertion }))
    }
}

impl Insertion<'_> {
    /// The operations for the rows of the query: one for each.
    ///
    /// # Errors
    /// Rows that do not fit the type, and more than a statement may insert.
    pub fn writes(self, table: &Table) -> Result<Writes, Vec<SqlError>> {
        let Self { mut dml, rows, parsed, tables, defaults } = self;
        let source = tables.source(&dml.table.name).ok();
        let schema = source.as_ref().and_then(|source| source.schema());
        let pair = |(column, cell): (&dml::Named, &Cell)| Pair {
            value: operand(cell, schema.is_some_and(|schema| is_boolean(schema, &column.name))),
            column: column.clone(),
            at: rows.at.clone(),
        };
        let mut all = table.rows.iter().map(|row| rows.columns.iter().zip(row).map(pair).collect::<Vec<_>>());
        let is_empty = table.rows.is_empty();
        dml.values = all.next().unwrap_or_default();
        dml.more = all.collect();
        // Without rows nothing is left but what was checked before.
        dml.query = is_empty.then_some(rows);
        let shift = |errors: Vec<SqlError>| errors.into_iter().map(|error| error.shifted(parsed.at.start));
        let mut writes = operations(&dml, &parsed, &tables, &defaults)
            .map_err(|errors| shift(errors).collect::<Vec<_>>())?;
        if is_empty {
            writes.notes.push("the query gives no row: nothing is inserted".to_owned());
        }
        Ok(writes)
    }
}

pub(crate) fn disparity(columns: usize, values: usize) -> SqlError {
    let message =
        format!("disparity in fields to insert and supplied data: {columns} columns and {values} values");
    SqlError::new(codes::SYNTAX, message).next("give every column one value")
}

/// SQLite has no booleans: 1 and 0 are, where the schema takes nothing else.
fn is_boolean(schema: &ResourceSchema, column: &str) -> bool {
    let node = property(schema, column).and_then(|name| schema.root.properties.get(&name));
    node.is_some_and(|node| affinity(schema, node) == Affinity::Boolean)
}

fn operand(cell: &Cell, is_boolean: bool) -> Operand {
    match cell {
        Cell::Null => Operand::Null,
        Cell::Integer(truth @ (0 | 1)) if is_boolean => Operand::Boolean(*truth == 1),
        Cell::Integer(integer) => Operand::Number(integer.to_string()),
        Cell::Real(real) => Operand::Number(real.to_string()),
        Cell::Text(text) => Operand::Text(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;
    use stack_core::provider::Operation;

    fn selection(text: &str) -> Result<Selection<'static>, Vec<SqlError>> {
        let parsed = parse(text).unwrap();
        let tables = Tables::new(Catalog::embedded());
        let made = Selection::prepare(&parsed[1], &tables, &Defaults::default(), Limits::default());
        Ok(made?.expect("a query gives the rows"))
    }

    /// What is inserted where the query gives these rows.
    fn inserted(text: &str, rows: Vec<Vec<Cell>>) -> String {
        let columns = rows.first().map_or(0, Vec::len);
        let table = Table { columns: vec![String::new(); columns], rows };
        match selection(text).and_then(|selection| selection.insertion.writes(&table)) {
            Ok(writes) => {
                let one = |write: &crate::write::Write| match &write.operation {
                    Operation::Create { props, .. } => props.to_string(),
                    other => format!("{other:?}"),
                };
                writes.notes.iter().cloned().chain(writes.all.iter().map(one)).collect::<Vec<_>>().join("\n")
            }
            Err(errors) => {
                let one = |error: &SqlError| {
                    format!(
                        "{} {} | {}",
                        error.code,
                        error.message,
                        error.at.clone().map_or("-", |at| &text[at])
                    )
                };
                errors.iter().map(one).collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn cells(texts: &[&str]) -> Vec<Cell> {
        texts.iter().map(|text| Cell::Text((*text).to_owned())).collect()
    }

    #[test]
    fn each_row_is_an_operation_with_values_as_literals_are() {
        let text = "SELECT 1; INSERT INTO awscc.s3.buckets (BucketName, Tags, ObjectLockEnabled, region) \
            SELECT a, b, c, 'us-east-1' FROM (SELECT name AS a, value AS b, 1 AS c FROM aws.ssm.parameters)";
        let row = |name: &str, tags: &str, lock: Cell| {
            let mut row = cells(&[name, tags]);
            row.extend([lock, Cell::Text("us-east-1".to_owned())]);
            row
        };
        let rows = vec![
            row("logs", "[{\"Key\":\"a\",\"Value\":\"b\"}]", Cell::Integer(1)),
            row("data", "[]", Cell::Null),
        ];
        insta::assert_snapshot!(inserted(text, rows), @r#"
        {"BucketName":"logs","Tags":[{"Key":"a","Value":"b"}],"ObjectLockEnabled":true}
        {"BucketName":"data","Tags":[]}
        "#);
        assert!(inserted(text, vec![row("logs", "[]", Cell::Integer(2))]).starts_with("SD13"));
        assert_eq!(
            inserted(text, Vec::new()).lines().last(),
            Some("the query gives no row: nothing is inserted")
        );
        let many = (0..1_001).map(|n| row(&format!("b{n}"), "[]", Cell::Null)).collect();
        assert!(inserted(text, many).contains("a statement may do 1000 operations"));
    }

    #[test]
    fn rows_may_name_their_types() {
        let text = "SELECT 1; INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) \
            SELECT 'AWS::S3::Bucket', json_object('BucketName', name), 'us-east-1' FROM aws.ssm.parameters";
        let row = |ty: &str, state: &str| cells(&[ty, state, "us-east-1"]);
        let rows = vec![
            row("AWS::S3::Bucket", "{\"BucketName\":\"logs\"}"),
            row("awscc.sqs.queues", "{\"QueueName\":\"q\"}"),
        ];
        assert_eq!(inserted(text, rows), "{\"BucketName\":\"logs\"}\n{\"QueueName\":\"q\"}");
        assert_eq!(inserted(text, Vec::new()), "the query gives no row: nothing is inserted");
        let told = inserted(text, vec![row("AWS::S3::Bucket", "{\"BucketNam\":1}")]);
        assert!(told.starts_with("SD13"), "{told}");
        let told = inserted(text, vec![row("AWS::No::Such", "{}")]);
        assert!(told.starts_with("SD1408"), "{told}");
        for (columns, expected) in [
            ("TypeName", "SD1407 the statement names no `DesiredState`"),
            (
                "TypeName, DesiredState, Colour",
                "SD1405 `awscc.cloud_control.resources` has no column `Colour`",
            ),
            ("TypeName, DesiredState, TypeName", "SD1408 `TypeName` is given twice"),
        ] {
            let values = vec!["name"; columns.split(',').count()].join(", ");
            let text = format!(
                "SELECT 1; INSERT INTO awscc.cloud_control.resources ({columns}) SELECT {values} FROM aws.ssm.parameters"
            );
            let told = inserted(&text, Vec::new());
            assert!(told.starts_with(expected), "{columns}: {told}");
        }
    }

    #[test]
    fn mistakes_are_told_before_the_query_is_asked() {
        let told = |text: &str| {
            let text = format!("SELECT 'ä';\n {text}");
            assert!(selection(&text).is_err(), "{text}");
            inserted(&text, Vec::new())
        };
        insta::assert_snapshot!(
            [
                "INSERT INTO awscc.s3.buckets (BucketName, Tags) SELECT name FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.buckets (BucketName) SELECT nam FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.buckets (BucketName) SELECT name FROM aws.ssm.parameterz",
                "INSERT INTO awscc.s3.buckets (BucketNam) SELECT name FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.bucket (BucketName) SELECT name FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.buckets (BucketName, bucket_name) SELECT name, name FROM aws.ssm.parameters",
                "INSERT INTO awscc.customerprofiles.domains (Tags) SELECT value FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.buckets (Arn) SELECT name FROM aws.ssm.parameters",
                "INSERT INTO awscc.s3.buckets (BucketName) SELECT name FROM aws.ssm.parameters RETURNING nope",
                "INSERT INTO awscc.s3.buckets (BucketName) SELECT name FROM aws.ssm.parameters WHERE split_part(name) = 1",
            ]
            .map(told)
            .join("\n")
        );
    }
}
