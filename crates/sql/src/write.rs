//! INSERT, UPDATE and DELETE as operations of a cloud. Everything that can be known to be wrong is told before any call.

use crate::access::{bad, identifier};
use crate::codes;
use crate::columns::{IDENTIFIER, REGION};
use crate::dml::{self, Dml, Operand, Pair, Verb};
use crate::error::SqlError;
use crate::lex::{Part, parts};
use crate::literal::{self, RequestOption, bare, literal, structured};
use crate::parse::Parsed;
use crate::query::{Defaults, LAST_REGION};
use crate::returning::Returning;
use crate::source::{Form, Kind, Source, Tables};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::conform::{Violation, check_type, codes as conform_codes, conform};
use stack_core::diagnostic::{Severity, nearest};
use stack_core::ids::{ClientToken, Region, Target};
use stack_core::provider::Operation;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use std::ops::Range;
use std::sync::Arc;

/// Operations of one statement.
const MAX_OPERATIONS: usize = 1_000;

/// What one statement does.
#[derive(Debug)]
pub struct Writes {
    /// Which kind of change.
    pub verb: Verb,
    /// The operations, in the statement's order.
    pub all: Vec<Write>,
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

impl Writes {
    /// Reads a statement, and holds it against the schema of its type.
    ///
    /// # Errors
    /// Everything that is wrong with it. Places are bytes of the text that it was parsed from.
    pub fn prepare(parsed: &Parsed, tables: &Tables<'_>, defaults: &Defaults) -> Result<Self, Vec<SqlError>> {
        let made = dml::read_many(&parsed.text).map_err(|error| vec![error]);
        let made = made.and_then(|dml| Reading::of(&dml, parsed, tables, defaults)?.writes());
        let shift = |errors: Vec<SqlError>| errors.into_iter().map(|error| error.shifted(parsed.at.start));
        made.map_err(|errors| shift(errors).collect())
    }
}

/// A statement and the type that it is about.
struct Reading<'r> {
    dml: &'r Dml,
    parsed: &'r Parsed,
    defaults: &'r Defaults,
    source: Source,
    schema: Arc<ResourceSchema>,
    errors: Vec<SqlError>,
    notes: Vec<String>,
}

/// What stands beside the values, as far as one row says.
#[derive(Clone, Debug, Default)]
struct Options {
    region: Option<(String, Range<usize>)>,
    role_arn: Option<String>,
    type_version_id: Option<String>,
    token: Option<ClientToken>,
}

impl<'r> Reading<'r> {
    fn of(
        dml: &'r Dml,
        parsed: &'r Parsed,
        tables: &Tables<'_>,
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
        let schema = match &source.kind {
            Kind::Type { schema, form: Form::Singular | Form::PluralScan, .. } => Arc::clone(schema),
            Kind::Type { ty, .. } => {
                let name = tables.catalog().awscc_name(ty);
                return Err(refuse(format!("write {}", name.unwrap_or_else(|| ty.to_string()))));
            }
            _ => {
                return Err(refuse(
                    "write the table of the resource's type, such as awscc.s3.buckets".to_owned(),
                ));
            }
        };
        Ok(Self { dml, parsed, defaults, source, schema, errors: Vec::new(), notes: Vec::new() })
    }

    fn writes(mut self) -> Result<Writes, Vec<SqlError>> {
        self.capable();
        let all = match self.dml.verb {
            Verb::Insert => self.inserts(),
            Verb::Update | Verb::Delete => self.changes(),
        };
        let tokens = all.iter().filter(|write| write.token.is_some()).map(|write| &write.token);
        let mut tokens: Vec<_> = tokens.flatten().map(ClientToken::as_str).collect();
        let given = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        if tokens.len() < given {
            let told = bad("one ClientToken cannot be that of several operations".to_owned());
            self.errors
                .push(told.at(self.dml.table.at.clone()).next("give each operation a statement of its own"));
        }
        let returning = self.dml.returning.as_deref().map(|items| {
            Returning::prepare(items, &returning_at(&self.parsed.text))
                .map_err(|error| self.errors.push(error))
        });
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let returning = returning.and_then(Result::ok);
        Ok(Writes { verb: self.dml.verb, all, returning, at: self.parsed.at.clone(), notes: self.notes })
    }

    /// What the type can do at all.
    fn capable(&mut self) {
        let at = self.dml.table.at.clone();
        for violation in check_type(&self.schema, &[]) {
            if violation.severity == Severity::Error {
                self.errors.push(error_of(violation, at.clone()));
            }
        }
        if self.dml.verb == Verb::Update && self.schema.handlers.update.is_none() {
            let message = format!("{} cannot be updated", self.schema.type_name);
            let told = SqlError::new(codes::NOT_SUPPORTED, message).at(at);
            self.errors.push(told.next("delete the resource, and insert it anew"));
        }
    }

    fn inserts(&mut self) -> Vec<Write> {
        let dml = self.dml;
        let rows = std::iter::once(&dml.values).chain(&dml.more);
        if dml.more.len() >= MAX_OPERATIONS {
            self.too_many();
            return Vec::new();
        }
        rows.filter_map(|row| self.insert(row)).collect()
    }

    fn insert(&mut self, row: &[Pair]) -> Option<Write> {
        let before = self.errors.len();
        let mut options = Options::default();
        let mut declared: IndexMap<String, Value> = IndexMap::new();
        let mut places: IndexMap<String, (Range<usize>, Range<usize>)> = IndexMap::new();
        for pair in row {
            let Some(value) = self.value(pair) else { continue };
            let is_property = literal::is_property(&self.schema, &pair.column.name);
            if !is_property && self.option(pair, &value, &mut options) {
                continue;
            }
            let Some(name) = literal::property(&self.schema, &pair.column.name) else {
                self.no_column(pair);
                continue;
            };
            // NULL declares nothing: an INSERT sends no such column.
            if value == Value::Null {
                continue;
            }
            let value = structured(&self.schema, &name, value);
            places.insert(name.clone(), (pair.column.at.clone(), pair.at.clone()));
            if declared.insert(name.clone(), value).is_some() {
                let told = bad(format!("`{name}` is given twice")).at(pair.column.at.clone());
                self.errors.push(told.next("leave one out"));
            }
        }
        let at = self.target(&options, None);
        if self.errors.len() > before {
            // What is missing may be what was told.
            return None;
        }
        let conformed = conform(&self.schema, Value::Object(declared));
        let mut fits = true;
        for violation in conformed.violations {
            // A stack could not find what it does not name. Here nobody looks for it again.
            if violation.code == conform_codes::IDENTIFIER_PART {
                continue;
            }
            if violation.severity != Severity::Error {
                self.notes.push(violation.message);
                continue;
            }
            fits = false;
            let place = violation.pointer.segments().first().and_then(|name| places.get(name));
            let at = match place {
                Some((column, _)) if violation.on_key => column.clone(),
                Some((_, value)) => value.clone(),
                None => self.dml.table.at.clone(),
            };
            self.errors.push(error_of(violation, at));
        }
        let props = conformed.props.exposed().filter(|_| fits)?;
        let operation = Operation::Create { ty: self.schema.type_name.clone(), props };
        Some(self.write(at?, operation, options.token, conformed.props))
    }

    /// UPDATE and DELETE: one operation for each region and identifier.
    fn changes(&mut self) -> Vec<Write> {
        let dml = self.dml;
        let mut options = Options::default();
        let mut patch = None;
        for pair in &dml.values {
            if bare(&pair.column.name) == "PatchDocument" {
                patch = self.patch(pair);
                continue;
            }
            let Some(value) = self.value(pair) else { continue };
            if !self.option(pair, &value, &mut options) {
                let message = format!("an UPDATE cannot set `{}`", pair.column.name);
                let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(pair.column.at.clone());
                self.errors.push(told.next("write SET PatchDocument = string('…')"));
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
            self.errors.push(told.next(next));
            return Vec::new();
        };
        let regions: Vec<Option<(String, Range<usize>)>> = match regions {
            Some(regions) => regions.into_iter().map(Some).collect(),
            None => vec![options.region.clone()],
        };
        if regions.is_empty() || identifiers.is_empty() {
            let told = bad("the conditions exclude each other: no resource is meant".to_owned());
            self.errors.push(told.at(dml.table.at.clone()));
        }
        if regions.len().saturating_mul(identifiers.len()) > MAX_OPERATIONS {
            self.too_many();
            return Vec::new();
        }
        let mut all = Vec::new();
        for region in regions {
            let Some(at) = self.target(&options, region) else { continue };
            for (text, place) in &identifiers {
                let identifier = match identifier(Some(&self.schema), text) {
                    Ok(identifier) => identifier,
                    Err(error) => {
                        self.errors.push(error.at(place.clone()));
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
        if dml.verb == Verb::Update && patch.is_none() && self.errors.is_empty() {
            let told = SqlError::new(codes::MISSING_PARAMETER, "an UPDATE needs a `PatchDocument`");
            self.errors.push(told.at(dml.table.at.clone()).next("write SET PatchDocument = string('…')"));
        }
        all
    }

    /// One condition of the WHERE clause: a column and the values that it may have.
    fn condition(
        &mut self,
        list: &[Pair],
        options: &mut Options,
        regions: &mut Option<Vec<(String, Range<usize>)>>,
        identifiers: &mut Option<Vec<(String, Range<usize>)>>,
    ) {
        let Some(first) = list.first() else { return };
        let name = first.column.name.as_str();
        let known = if literal::is_identifier(name) {
            identifiers
        } else if bare(name) == REGION {
            regions
        } else {
            let Some(value) = self.value(first) else { return };
            if list.len() > 1 || !self.option(first, &value, options) {
                let message = format!("`{name}` does not choose a resource of `{}`", self.source.name);
                let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(first.column.at.clone());
                self.errors.push(told.next(format!("choose it by `{IDENTIFIER}` and `{REGION}`")));
            }
            return;
        };
        let mut texts: Vec<(String, Range<usize>)> = Vec::new();
        for pair in list {
            let text = self.value(pair).and_then(|value| value.scalar_text());
            match text {
                Some(text) if texts.iter().all(|(other, _)| *other != text) => {
                    texts.push((text, pair.at.clone()));
                }
                Some(_) => {}
                None => {
                    self.errors.push(bad(format!("`{name}` is compared with no text")).at(pair.at.clone()));
                }
            }
        }
        *known = Some(match known.take() {
            Some(before) => {
                before.into_iter().filter(|(one, _)| texts.iter().any(|(two, _)| one == two)).collect()
            }
            None => texts,
        });
    }

    fn write(&self, at: Target, operation: Operation, token: Option<ClientToken>, sent: Value) -> Write {
        Write { at, operation, token, schema: Arc::clone(&self.schema), sent }
    }

    /// A value as written; told where it is an expression.
    fn value(&mut self, pair: &Pair) -> Option<Value> {
        let value = literal(&pair.value, &[]);
        if value.is_none() {
            let message = format!("the value of `{}` is an expression", pair.column.name);
            let told = SqlError::new(codes::NOT_SUPPORTED, message).at(pair.at.clone());
            self.errors.push(told.next("write a literal: '…', a number, true, false, NULL or string('…')"));
        }
        value
    }

    /// Takes an option; false for other names.
    fn option(&mut self, pair: &Pair, value: &Value, options: &mut Options) -> bool {
        let Some(option) = literal::option(&pair.column.name) else { return false };
        if *value == Value::Null {
            return true;
        }
        let Some(text) = value.scalar_text().filter(|text| !text.is_empty()) else {
            self.errors.push(bad(format!("`{}` is no text", pair.column.name)).at(pair.at.clone()));
            return true;
        };
        match option {
            RequestOption::Region => options.region = Some((text, pair.at.clone())),
            RequestOption::RoleArn => options.role_arn = Some(text),
            RequestOption::TypeVersionId => options.type_version_id = Some(text),
            RequestOption::ClientToken if literal::is_client_token(&text) => {
                options.token = Some(ClientToken::from(text));
            }
            RequestOption::ClientToken => {
                let told = bad("this is no client token".to_owned()).at(pair.at.clone());
                let told = told.label(literal::CLIENT_TOKEN);
                self.errors.push(told.next("take it out: every request gets a token of its own"));
            }
        }
        true
    }

    fn target(&mut self, options: &Options, region: Option<(String, Range<usize>)>) -> Option<Target> {
        let (region, place) = match (region.or_else(|| options.region.clone()), self.defaults.regions.first())
        {
            (Some((region, place)), _) => (region, place),
            (None, Some(region)) => (region.clone(), self.dml.table.at.clone()),
            (None, None) => {
                let note = format!("no region is given: {LAST_REGION} is used");
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
                (LAST_REGION.to_owned(), self.dml.table.at.clone())
            }
        };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(is_plain) {
            self.errors.push(bad(format!("`{region}` is no name of a region")).at(place));
            return None;
        }
        Some(Target {
            provider: "aws".into(),
            region: Some(Region::new(region)),
            role_arn: options.role_arn.clone(),
            type_version_id: options.type_version_id.clone(),
        })
    }

    /// `PatchDocument = '…'`: sent as written.
    fn patch(&mut self, pair: &Pair) -> Option<Json> {
        let read = match &pair.value {
            Operand::Text(text) | Operand::Forced(text) => patch::read(text, &self.schema),
            _ => Err("it is no text".to_owned()),
        };
        read.map_err(|why| {
            let told = bad(format!("the patch document cannot be used: {why}")).at(pair.at.clone());
            self.errors.push(told.next(
                "write a JSON Patch (RFC 6902): '[{\"op\": \"replace\", \"path\": \"/Property\", \"value\": …}]'",
            ));
        })
        .ok()
    }

    fn no_column(&mut self, pair: &Pair) {
        let written = &pair.column.name;
        let message = format!("`{}` has no column `{written}`", self.source.name);
        let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(pair.column.at.clone());
        let near = nearest(bare(written), self.schema.root.properties.keys().map(String::as_str));
        self.errors.push(match near {
            Some(near) => told.next(format!("did you mean `{near}`?")),
            None => told.next(format!("SHOW INSERT INTO {} shows the columns", self.source.name)),
        });
    }

    fn too_many(&mut self) {
        let message = format!("a statement may do {MAX_OPERATIONS} operations");
        let told = SqlError::new(codes::TOO_BIG, message).at(self.dml.table.at.clone());
        self.errors.push(told.next("cut it in pieces"));
    }
}

/// Where the RETURNING clause stands: from its word to the end.
fn returning_at(text: &str) -> Range<usize> {
    let lower = text.to_ascii_lowercase();
    let code = parts(text).into_iter().filter(|(_, part)| *part == Part::Code);
    let last = code
        .filter_map(|(at, _)| lower[at.clone()].rfind("returning").map(|found| at.start + found))
        .next_back();
    last.unwrap_or(0)..text.len()
}

fn error_of(violation: Violation, at: Range<usize>) -> SqlError {
    let mut error = SqlError::new(violation.code, violation.message).at(at).label(violation.label);
    for (key, text) in violation.notes {
        error = if key == "next" { error.next(text) } else { error.note(key, text) };
    }
    error
}

mod patch;

#[cfg(test)]
mod tests;
