//! Changes of `awscc.cloud_control.resources`: a statement or a row names its type, and the rest is as on the table of that
//! type (stackql-compat 6.3).

use super::common::{Common, Options};
use super::{Declared, Reading, Writes};
use crate::access::bad;
use crate::codes;
use crate::dml::{Dml, Named, Operand, Pair, Verb};
use crate::error::SqlError;
use crate::literal::{self, bare};
use crate::parse::Parsed;
use crate::source::Tables;
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use std::sync::Arc;

/// The column that names a type.
pub(super) const TYPE_NAME: &str = "TypeName";
/// The column that holds all properties.
const DESIRED_STATE: &str = "DesiredState";

/// The schema of the one type that a statement names; of the first row's in an INSERT.
pub(super) fn first_schema(dml: &Dml, tables: &Tables<'_>) -> Result<Arc<ResourceSchema>, SqlError> {
    let pairs = if dml.verb == Verb::Insert { &dml.values } else { &dml.predicates };
    let mut named = pairs.iter().filter(|pair| bare(&pair.column.name) == TYPE_NAME);
    let missing = || {
        let next = if dml.verb == Verb::Insert {
            "write INSERT INTO … (TypeName, DesiredState, region)"
        } else {
            "add TypeName = 'AWS::S3::Bucket' to WHERE, joined by AND"
        };
        let told = SqlError::new(codes::MISSING_PARAMETER, format!("the statement names no `{TYPE_NAME}`"));
        told.at(dml.table.at.clone()).next(next)
    };
    let first = named.next().ok_or_else(missing)?;
    if let Some(second) = named.next() {
        let told = bad(format!("`{TYPE_NAME}` is given twice")).at(second.column.at.clone());
        return Err(told.next("leave one out"));
    }
    schema(first, tables)
}

fn schema(pair: &Pair, tables: &Tables<'_>) -> Result<Arc<ResourceSchema>, SqlError> {
    let Operand::Text(name) = &pair.value else {
        return Err(bad(format!("`{TYPE_NAME}` is no text")).at(pair.at.clone()));
    };
    let known = tables.schemas().canonical(name).and_then(|ty| tables.schemas().schema(&ty));
    known.map_err(|unknown| {
        let told = bad(unknown.to_string()).at(pair.at.clone());
        match unknown.why {
            Some(why) => told.note("why", why),
            None => told,
        }
    })
}

impl Common<'_> {
    /// The columns of an INSERT whose rows a query gives.
    pub(super) fn raw_columns(mut self, parsed: &Parsed, columns: &[Named]) -> Result<Writes, Vec<SqlError>> {
        for wanted in [TYPE_NAME, DESIRED_STATE] {
            let mut named = columns.iter().filter(|column| bare(&column.name) == wanted);
            let told = match (named.next(), named.next()) {
                (Some(_), None) => continue,
                (Some(_), Some(second)) => {
                    let told = bad(format!("`{wanted}` is given twice")).at(second.at.clone());
                    told.next("leave one out")
                }
                (None, _) => {
                    let message = format!("the statement names no `{wanted}`");
                    SqlError::new(codes::MISSING_PARAMETER, message)
                        .at(self.dml.table.at.clone())
                        .next("write INSERT INTO … (TypeName, DesiredState, region) SELECT …")
                }
            };
            self.errors.push(told);
        }
        for column in columns {
            let is_known = matches!(bare(&column.name), TYPE_NAME | DESIRED_STATE)
                || literal::option(&column.name).is_some();
            if !is_known {
                self.errors.push(no_column(&self.dml.table.name, column));
            }
        }
        self.writes(parsed, Vec::new(), Vec::new())
    }
}

fn no_column(table: &str, column: &Named) -> SqlError {
    let message = format!("`{table}` has no column `{}`", column.name);
    let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(column.at.clone());
    told.next("write properties into DesiredState")
}

impl Reading<'_> {
    /// One row of an INSERT: its type, its properties and its options.
    pub(super) fn raw_row(&mut self, row: &[Pair], options: &mut Options, declared: &mut Declared) {
        let of = |name: &str| row.iter().filter(|pair| bare(&pair.column.name) == name).collect::<Vec<_>>();
        let (types, states) = (of(TYPE_NAME), of(DESIRED_STATE));
        let (&[ty], &[state]) = (types.as_slice(), states.as_slice()) else {
            let message = format!("a row needs one `{TYPE_NAME}` and one `{DESIRED_STATE}`");
            let told = SqlError::new(codes::MISSING_PARAMETER, message).at(self.common.dml.table.at.clone());
            self.common.errors.push(told.next("write INSERT INTO … (TypeName, DesiredState, region)"));
            return;
        };
        match schema(ty, &self.tables) {
            Ok(schema) => self.schema = schema,
            Err(error) => {
                self.common.errors.push(error);
                return;
            }
        }
        self.capable();
        let text = match &state.value {
            Operand::Text(text) | Operand::Forced(text) => text.as_str(),
            _ => "",
        };
        match serde_json::from_str(text) {
            Ok(Json::Object(members)) => {
                for (name, value) in members {
                    self.declare(declared, name, Value::from(value), &state.column, &state.at);
                }
            }
            _ => {
                let told = bad(format!("`{DESIRED_STATE}` is no JSON object")).at(state.at.clone());
                self.common.errors.push(told.next("write the properties: '{\"BucketName\": \"logs\"}'"));
            }
        }
        for pair in row.iter().filter(|pair| !matches!(bare(&pair.column.name), TYPE_NAME | DESIRED_STATE)) {
            let Some(value) = self.common.value(pair) else { continue };
            match literal::option(&pair.column.name) {
                Some(option) => self.common.option(option, pair, &value, options),
                None => self.common.errors.push(no_column(&self.source.name, &pair.column)),
            }
        }
    }
}
