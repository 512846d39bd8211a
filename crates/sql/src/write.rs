//! INSERT, UPDATE and DELETE as operations of a cloud. Everything that can be known to be wrong is told before any call.

use crate::access::{bad, identifier};
use crate::codes;
use crate::columns::{IDENTIFIER, REGION};
use crate::dml::{self, Dml, Named, Operand, Pair, Verb};
use crate::error::SqlError;
use crate::literal::{self, RequestOption, bare};
use crate::parse::Parsed;
use crate::query::Defaults;
use crate::returning::Returning;
use crate::source::{Form, Kind, Raw, Source, Tables};
use common::{Common, Options, narrow};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::conform::{Violation, check_type, codes as conform_codes, conform};
use stack_core::diagnostic::{Severity, nearest};
use stack_core::ids::{ClientToken, RequestToken, Target};
use stack_core::provider::Operation;
use stack_core::schema::ResourceSchema;
use stack_core::value::{Unknown, Value};
use std::ops::Range;
use std::sync::Arc;

/// A text and where it stands.
type Placed = (String, Range<usize>);

/// Operations of one statement.
const MAX_OPERATIONS: usize = 1_000;

/// What one statement does.
#[derive(Debug)]
pub struct Writes {
    /// Which kind of change.
    pub verb: Verb,
    /// The operations, in the statement's order.
    pub all: Vec<Write>,
    /// Operations that are to be stopped: what a DELETE on the table of requests means.
    pub cancels: Vec<Cancel>,
    /// What it wants to know of them.
    pub returning: Option<Returning>,
    /// Where the statement stands in its text.
    pub at: Range<usize>,
    /// What is worth telling before it is done.
    pub notes: Vec<String>,
}

/// One operation. Bodies are in clear: never print this value.
#[derive(Debug)]
pub struct Write {
    /// Where.
    pub at: Target,
    /// What.
    pub operation: Operation,
    /// The statement's own token.
    pub token: Option<ClientToken>,
    /// The schema of its type.
    pub schema: Arc<ResourceSchema>,
    /// The values that are sent, secrets marked.
    pub sent: Value,
}

/// An operation that is to be stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancel {
    /// Where.
    pub at: Target,
    /// Which.
    pub request: RequestToken,
}

impl Writes {
    /// Reads a statement, and holds it against the schema of its type.
    ///
    /// # Errors
    /// Everything that is wrong with it. Places are bytes of the text that it was parsed from.
    pub fn prepare(parsed: &Parsed, tables: &Tables<'_>, defaults: &Defaults) -> Result<Self, Vec<SqlError>> {
        let read = dml::read_many(&parsed.text).map_err(|error| vec![error]);
        let made = read.and_then(|dml| match &dml.query {
            Some(rows) => {
                let message = "the values of this statement are those of a query, which must be asked first";
                Err(vec![SqlError::new(codes::NOT_SUPPORTED, message).at(rows.at.clone())])
            }
            None => operations(&dml, parsed, tables, defaults),
        });
        let shift = |errors: Vec<SqlError>| errors.into_iter().map(|error| error.shifted(parsed.at.start));
        made.map_err(|errors| shift(errors).collect())
    }
}

/// What a statement does, whatever it is about.
fn operations<'r>(
    dml: &'r Dml,
    parsed: &'r Parsed,
    tables: &Tables<'r>,
    defaults: &'r Defaults,
) -> Result<Writes, Vec<SqlError>> {
    let source = tables.source(&dml.table.name).map(|source| source.kind);
    match (dml.verb, source, &dml.query) {
        (Verb::Delete, Ok(Kind::CloudControl(Raw::ResourceRequests)), _) => {
            return Common::of(dml, defaults).cancels(parsed);
        }
        // Each row will name its type.
        (Verb::Insert, Ok(Kind::CloudControl(Raw::Resources)), Some(rows)) => {
            return Common::of(dml, defaults).raw_columns(parsed, &rows.columns);
        }
        _ => {}
    }
    Reading::of(dml, parsed, tables, defaults)?.writes()
}

/// A statement and the type that it is about.
struct Reading<'r> {
    common: Common<'r>,
    parsed: &'r Parsed,
    tables: Tables<'r>,
    source: Source,
    about: About,
    /// The type's. Rows of an INSERT into the table of all types have their own.
    schema: Arc<ResourceSchema>,
}

/// What a table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// One type.
    Type,
    /// All types: each statement or row names its own.
    All,
}

/// What a column of an INSERT means.
enum Meant {
    Property(String),
    Option(RequestOption),
}

/// The properties of one row, each with the places of its column and of its value.
#[derive(Debug, Default)]
struct Declared {
    members: IndexMap<String, Value>,
    places: IndexMap<String, (Range<usize>, Range<usize>)>,
}

impl<'r> Reading<'r> {
    fn of(
        dml: &'r Dml,
        parsed: &'r Parsed,
        tables: &Tables<'r>,
        defaults: &'r Defaults,
    ) -> Result<Self, Vec<SqlError>> {
        let at = dml.table.at.clone();
        let source = tables.source(&dml.table.name).map_err(|unknown| {
            let told = SqlError::new(codes::NO_SUCH_TABLE, unknown.to_string()).at(at.clone());
            let told = match &unknown.why {
                Some(why) => told.note("why", why),
                None => told,
            };
            let near: Vec<String> = unknown.near.iter().map(|name| format!("`{name}`")).collect();
            vec![if near.is_empty() {
                told
            } else {
                told.next(format!("did you mean {}?", near.join(" or ")))
            }]
        })?;
        let refuse = |next: String| {
            let keyword = parsed.kind.keyword();
            let message = format!("`{keyword}` is not supported on `{}`", source.name);
            vec![SqlError::new(codes::NOT_SUPPORTED, message).at(at.clone()).next(next)]
        };
        let (about, schema) = match &source.kind {
            Kind::Type { schema, form: Form::Singular | Form::PluralScan, .. } => {
                (About::Type, Arc::clone(schema))
            }
            Kind::Rest(table) => (About::Type, Arc::clone(&table.schema)),
            Kind::Type { ty, .. } => {
                let name = tables.catalog().awscc_name(ty);
                return Err(refuse(format!("write {}", name.unwrap_or_else(|| ty.to_string()))));
            }
            Kind::CloudControl(Raw::Resources) => {
                (About::All, raw::first_schema(dml, tables).map_err(|error| vec![error])?)
            }
            Kind::CloudControl(Raw::ResourceRequests | Raw::ResourceRequest | Raw::Requests(_)) => {
                let next =
                    "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = '…' stops one";
                return Err(refuse(next.to_owned()));
            }
            _ => {
                return Err(refuse(
                    "write the table of the resource's type, such as awscc.s3.buckets".to_owned(),
                ));
            }
        };
        let common = Common { rest: source.rest().cloned(), ..Common::of(dml, defaults) };
        Ok(Self { common, parsed, tables: *tables, source, about, schema })
    }

    fn writes(mut self) -> Result<Writes, Vec<SqlError>> {
        let all = match self.common.dml.verb {
            Verb::Insert => self.inserts(),
            Verb::Update | Verb::Delete => match self.source.rest().cloned() {
                Some(table) => self.rest_changes(&table),
                None => self.changes(),
            },
        };
        let mut tokens: Vec<_> =
            all.iter().filter_map(|write| write.token.as_ref()).map(ClientToken::as_str).collect();
        let given = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        if tokens.len() < given {
            let told = bad("one ClientToken cannot be that of several operations".to_owned());
            let told = told.at(self.common.dml.table.at.clone());
            self.common.errors.push(told.next("give each operation a statement of its own"));
        }
        self.common.writes(self.parsed, all, Vec::new())
    }

    /// What the type can do at all.
    fn capable(&mut self) {
        let at = self.common.dml.table.at.clone();
        for violation in check_type(&self.schema, &[]) {
            if violation.severity == Severity::Error {
                self.common.errors.push(error_of(violation, at.clone()));
            }
        }
        if self.common.dml.verb == Verb::Update && self.schema.handlers.update.is_none() {
            let message = format!("{} cannot be updated", self.schema.type_name);
            let told = SqlError::new(codes::NOT_SUPPORTED, message).at(at);
            self.common.errors.push(told.next("delete the resource, and insert it anew"));
        }
    }

    fn inserts(&mut self) -> Vec<Write> {
        let dml = self.common.dml;
        match self.about {
            About::Type if self.source.rest().is_some() => self.can(),
            About::Type => self.capable(),
            About::All => {}
        }
        if let Some(rows) = &dml.query {
            self.columns(&rows.columns);
            return Vec::new();
        }
        let rows = std::iter::once(&dml.values).chain(&dml.more);
        if dml.more.len() >= MAX_OPERATIONS {
            self.common.too_many();
            return Vec::new();
        }
        rows.filter_map(|row| self.insert(row)).collect()
    }

    /// The columns of an INSERT whose values are not known yet.
    fn columns(&mut self, columns: &[Named]) {
        let mut declared = Declared::default();
        for column in columns {
            match self.target_of(column) {
                Some(Meant::Property(name)) => {
                    let value = Value::Unknown(Unknown::default());
                    self.declare(&mut declared, name, value, column, &column.at);
                }
                Some(Meant::Option(_)) => {}
                None => self.no_column(column),
            }
        }
        if self.common.errors.is_empty() {
            let _ = self.conformed(declared);
        }
    }

    /// What a column of an INSERT means.
    fn target_of(&self, column: &Named) -> Option<Meant> {
        if let Some(table) = self.source.rest() {
            return rest::meant(table, &column.name);
        }
        if !literal::is_property(&self.schema, &column.name)
            && let Some(option) = literal::option(&column.name)
        {
            return Some(Meant::Option(option));
        }
        literal::property(&self.schema, &column.name).map(Meant::Property)
    }

    fn declare(
        &mut self,
        declared: &mut Declared,
        name: String,
        value: Value,
        column: &Named,
        at: &Range<usize>,
    ) {
        declared.places.insert(name.clone(), (column.at.clone(), at.clone()));
        if declared.members.insert(name.clone(), value).is_some() {
            let told = bad(format!("`{name}` is given twice")).at(column.at.clone());
            self.common.errors.push(told.next("leave one out"));
        }
    }

    fn insert(&mut self, row: &[Pair]) -> Option<Write> {
        let before = self.common.errors.len();
        let mut options = Options::default();
        let mut declared = Declared::default();
        if self.about == About::All {
            self.raw_row(row, &mut options, &mut declared);
        } else {
            self.row(row, &mut options, &mut declared);
        }
        let at = self.place(&options, None);
        if self.common.errors.len() > before {
            // What is missing may be what was told.
            return None;
        }
        let sent = self.conformed(declared)?;
        let props = sent.exposed()?;
        let operation = Operation::Create { ty: self.schema.type_name.clone(), props };
        Some(self.write(at?, operation, options.token, sent))
    }

    fn row(&mut self, row: &[Pair], options: &mut Options, declared: &mut Declared) {
        for pair in row {
            let Some(value) = self.common.value(pair) else { continue };
            match self.target_of(&pair.column) {
                Some(Meant::Option(option)) => self.common.option(option, pair, &value, options),
                // NULL declares nothing: an INSERT sends no such column.
                Some(Meant::Property(_)) if value == Value::Null => {}
                Some(Meant::Property(name)) => {
                    let about = self.source.rest().map(|table| &*table.about);
                    let value = literal::written(&self.schema, about, &name, value);
                    self.declare(declared, name, value, &pair.column, &pair.at);
                }
                None => self.no_column(&pair.column),
            }
        }
    }

    /// The properties as they are sent; told where they do not fit the type.
    fn conformed(&mut self, declared: Declared) -> Option<Value> {
        self.held(declared, false)
    }

    /// As [`Self::conformed`], for the declared properties alone: others are not missing.
    fn conformed_part(&mut self, declared: Declared) -> Option<Value> {
        self.held(declared, true)
    }

    fn held(&mut self, declared: Declared, is_part: bool) -> Option<Value> {
        // The one way into the type's form. What it tells stands where it was declared.
        let conformed = conform(&self.schema, Value::Object(declared.members));
        let mut fits = true;
        for violation in conformed.violations {
            let first = violation.pointer.segments().first();
            if is_part && !first.is_some_and(|first| declared.places.contains_key(first)) {
                continue;
            }
            // A stack could not find what it does not name. Here nobody looks for it again.
            if violation.code == conform_codes::IDENTIFIER_PART {
                continue;
            }
            if violation.severity != Severity::Error {
                if !self.common.notes.contains(&violation.message) {
                    self.common.notes.push(violation.message);
                }
                continue;
            }
            fits = false;
            let place = violation.pointer.segments().first().and_then(|name| declared.places.get(name));
            let at = match place {
                Some((column, _)) if violation.on_key => column.clone(),
                Some((_, value)) => value.clone(),
                None => self.common.dml.table.at.clone(),
            };
            self.common.errors.push(error_of(violation, at));
        }
        fits.then_some(conformed.props)
    }

    /// UPDATE and DELETE: one operation for each region and identifier.
    fn changes(&mut self) -> Vec<Write> {
        let dml = self.common.dml;
        self.capable();
        let mut options = Options::default();
        let mut patch = None;
        for pair in &dml.values {
            if bare(&pair.column.name) == "PatchDocument" {
                patch = self.patch(pair);
                continue;
            }
            let Some(value) = self.common.value(pair) else { continue };
            if let Some(option) = literal::option(&pair.column.name) {
                self.common.option(option, pair, &value, &mut options);
            } else {
                let message = format!("an UPDATE cannot set `{}`", pair.column.name);
                let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(pair.column.at.clone());
                self.common.errors.push(told.next("write SET PatchDocument = string('…')"));
            }
        }
        let (mut regions, mut identifiers) = (None, None);
        let among = dml.among.iter().map(Vec::as_slice);
        for list in dml.predicates.iter().map(std::slice::from_ref).chain(among) {
            self.condition(list, &mut options, &mut regions, &mut identifiers);
        }
        let Some(identifiers) = identifiers else {
            let message = format!("`{}` cannot be changed without `{IDENTIFIER}`", self.source.name);
            let names: Vec<String> =
                self.schema.primary_identifier.iter().map(stack_core::identity::part_name).collect();
            let next = format!("add {IDENTIFIER} = '{}' to WHERE, joined by AND", names.join("|"));
            let told = SqlError::new(codes::MISSING_PARAMETER, message).at(dml.table.at.clone());
            self.common.errors.push(told.next(next));
            return Vec::new();
        };
        let regions: Vec<Option<Placed>> = match regions {
            Some(regions) => regions.into_iter().map(Some).collect(),
            None => vec![options.region.clone()],
        };
        if regions.is_empty() || identifiers.is_empty() {
            let told = bad("the conditions exclude each other: no resource is meant".to_owned());
            self.common.errors.push(told.at(dml.table.at.clone()));
        }
        if regions.len().saturating_mul(identifiers.len()) > MAX_OPERATIONS {
            self.common.too_many();
            return Vec::new();
        }
        let mut all = Vec::new();
        for region in regions {
            let Some(at) = self.common.target(&options, region) else { continue };
            for (text, place) in &identifiers {
                let identifier = match identifier(Some(&self.schema), text) {
                    Ok(identifier) => identifier,
                    Err(error) => {
                        self.common.errors.push(error.at(place.clone()));
                        continue;
                    }
                };
                let ty = self.schema.type_name.clone();
                let (operation, sent) = match (dml.verb, &patch) {
                    (Verb::Delete, _) => (Operation::Delete { ty, identifier }, Value::Null),
                    (_, Some(patch)) => {
                        let sent = patch::sealed(patch);
                        (Operation::Update { ty, identifier, patch: patch.clone() }, sent)
                    }
                    (_, None) => continue,
                };
                all.push(self.write(at.clone(), operation, options.token.clone(), sent));
            }
        }
        if dml.verb == Verb::Update && patch.is_none() && self.common.errors.is_empty() {
            let told = SqlError::new(codes::MISSING_PARAMETER, "an UPDATE needs a `PatchDocument`");
            self.common
                .errors
                .push(told.at(dml.table.at.clone()).next("write SET PatchDocument = string('…')"));
        }
        all
    }

    /// One condition of the WHERE clause: a column and the values that it may have.
    fn condition(
        &mut self,
        list: &[Pair],
        options: &mut Options,
        regions: &mut Option<Vec<Placed>>,
        identifiers: &mut Option<Vec<Placed>>,
    ) {
        let Some(first) = list.first() else { return };
        let name = first.column.name.as_str();
        let known = if literal::is_identifier(name) {
            identifiers
        } else if bare(name) == REGION {
            regions
        } else if self.about == About::All && bare(name) == raw::TYPE_NAME {
            // It chose the schema.
            return;
        } else {
            let Some(value) = self.common.value(first) else { return };
            match literal::option(name).filter(|_| list.len() == 1) {
                Some(option) => self.common.option(option, first, &value, options),
                None => {
                    let message = format!("`{name}` does not choose a resource of `{}`", self.source.name);
                    let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(first.column.at.clone());
                    self.common.errors.push(told.next(format!("choose it by `{IDENTIFIER}` and `{REGION}`")));
                }
            }
            return;
        };
        let texts = self.common.texts(list);
        narrow(known, texts);
    }

    fn write(&self, at: Target, operation: Operation, token: Option<ClientToken>, sent: Value) -> Write {
        Write { at, operation, token, schema: Arc::clone(&self.schema), sent }
    }

    /// `PatchDocument = '…'`: sent as written.
    fn patch(&mut self, pair: &Pair) -> Option<Json> {
        let read = match &pair.value {
            Operand::Text(text) | Operand::Forced(text) => patch::read(text, &self.schema),
            _ => Err("it is no text".to_owned()),
        };
        read.map_err(|why| {
            let told = bad(format!("the patch document cannot be used: {why}")).at(pair.at.clone());
            self.common.errors.push(told.next(
                "write a JSON Patch (RFC 6902): '[{\"op\": \"replace\", \"path\": \"/Property\", \"value\": …}]'",
            ));
        })
        .ok()
    }

    fn no_column(&mut self, column: &Named) {
        let written = &column.name;
        let message = format!("`{}` has no column `{written}`", self.source.name);
        let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(column.at.clone());
        let near = nearest(bare(written), self.schema.root.properties.keys().map(String::as_str));
        self.common.errors.push(match near {
            Some(near) => told.next(format!("did you mean `{near}`?")),
            None => told.next(format!("SHOW INSERT INTO {} shows the columns", self.source.name)),
        });
    }
}

fn error_of(violation: Violation, at: Range<usize>) -> SqlError {
    let mut error = SqlError::new(violation.code, violation.message).at(at).label(violation.label);
    for (key, text) in violation.notes {
        error = if key == "next" { error.next(text) } else { error.note(key, text) };
    }
    error
}

mod cancel;
mod common;
mod patch;
mod raw;
mod rest;
mod select;

pub(crate) use select::disparity;
pub use select::{Insertion, Selection};

#[cfg(test)]
mod tests;
