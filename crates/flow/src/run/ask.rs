//! Reads: a statement's rows, and the resource itself.

use super::check::{defaults, no_statement};
use super::fill::Filled;
use super::session::{Named, ReadError, Session, Stop, Trouble};
use super::together::together;
use crate::codes;
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, Stray, Told};
use stack_core::identity::{FromProps, Identifier, Key, from_props, part_name};
use stack_core::ids::{Target, TypeName};
use stack_core::naming::{column_name, find_property};
use stack_core::provider::{Failure, FailureKind, Found, Operation};
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use stack_sql::show::show;
use stack_sql::{Answer, Fetch, Kind, Limits, Parsed, Query, SqlError, Table, Tables, Writes, answer, parse};
use std::sync::Arc;

/// Questions that are asked at a time; the provider paces them besides.
const AT_ONCE: usize = 16;

impl Session<'_> {
    /// The credential that the resource asks for (`auth`) is for the services of its statements, never for AWS.
    pub(super) fn with_credential(&self, at: &mut Target) {
        if at.provider.as_str() != "aws" {
            at.credential.clone_from(&self.flow.target.credential);
        }
    }

    /// Runs the statements of a check. The rows are those of the first (stackql-compat 2.1).
    ///
    /// # Errors
    /// A statement that changes something, one that cannot be read or run, and a cloud that does not answer.
    pub(super) async fn rows(&mut self, filled: &Filled) -> Result<Table, ReadError> {
        let parsed = parse(&filled.text).map_err(|error| self.failed(filled, error, Trouble::Final))?;
        if let Some(write) = parsed.iter().find(|one| one.kind.writes()) {
            let error = super::check::writes(self.flow, filled.anchor, write);
            return Err(self.failed(filled, error, Trouble::Final));
        }
        self.host.tell(Told::Statement(filled.anchor, filled.shown()));
        let mut first = None;
        for one in &parsed {
            let table = self.one(filled, one).await?;
            first.get_or_insert(table);
        }
        first.ok_or_else(|| self.failed(filled, no_statement(), Trouble::Final))
    }

    /// Runs one statement that reads.
    pub(super) async fn one(&mut self, filled: &Filled, one: &Parsed) -> Result<Table, ReadError> {
        let runner = self.runner;
        let tables = Tables::new(&*runner.schemas);
        if matches!(one.kind, Kind::Show | Kind::Describe) {
            return shown(one, &tables).map_err(|error| self.failed(filled, error, Trouble::Final));
        }
        let mut query = Query::prepare(one, &tables, &defaults(self.flow), Limits::default())
            .map_err(|error| self.failed(filled, error, Trouble::Final))?;
        let mut trouble = None;
        loop {
            let mut fetches = query.fetches();
            fetches.iter_mut().for_each(|(_, fetch)| self.with_credential(fetch.at_mut()));
            if fetches.is_empty() {
                break;
            }
            for chunk in fetches.chunks(AT_ONCE) {
                let host = self.host;
                let asked = chunk.iter().map(|(_, fetch)| answer(host.cloud(), fetch)).collect();
                for ((id, fetch), result) in chunk.iter().zip(together(asked).await) {
                    match &result {
                        Ok(answer) => self.remember(fetch, answer),
                        Err(failure) => {
                            trouble.get_or_insert(trouble_of(failure.kind));
                        }
                    }
                    query.supply(*id, result);
                }
                if query.is_failed() {
                    break;
                }
            }
            if query.is_failed() {
                break;
            }
        }
        let computed = match query.computation() {
            Ok(computation) => computation.begin().await,
            Err(error) => Err(error),
        };
        computed.map_err(|error| {
            let trouble = match error.code {
                stack_sql::codes::FAILED => Trouble::Values,
                stack_sql::codes::CALL_FAILED => trouble.unwrap_or(Trouble::Final),
                _ => Trouble::Final,
            };
            self.failed(filled, error, trouble)
        })
    }

    pub(super) fn failed(&self, filled: &Filled, error: SqlError, trouble: Trouble) -> ReadError {
        let told = filled.diagnostic(&*self.flow.script, error);
        ReadError { trouble, diagnostic: Box::new(self.redactor.diagnostic(told)) }
    }

    /// Keeps what was read of the flow's own type. Lists are not kept: their models may be partial.
    fn remember(&mut self, fetch: &Fetch, answer: &Answer) {
        let (Fetch::Get { at, ty, identifier, .. }, Answer::Found(found)) = (fetch, answer) else { return };
        if *ty != self.flow.ty {
            return;
        }
        if found.is_empty() {
            self.models.insert(self.key_of(at, identifier), None);
        }
        for one in found {
            self.models.insert(self.key_of(at, &one.identifier), Some(one.clone()));
        }
    }

    /// True if a check has read the resource, and it is not there.
    pub(super) fn is_known_absent(&self) -> bool {
        let known = self.flow.of.as_ref().zip(self.identified());
        known.is_some_and(|(of, identifier)| {
            self.models.get(&self.key_of(&of.target, &identifier)).is_some_and(Option::is_none)
        })
    }

    /// The type that the flow's statements are about, where it is known.
    pub(super) fn schema(&self) -> Option<Arc<ResourceSchema>> {
        self.flow.of.as_ref().and_then(|of| self.runner.schemas.schema(&of.ty).ok())
    }

    /// The resource as the statements and the captured columns identify it.
    pub(super) fn identified(&self) -> Option<Identifier> {
        let of = self.flow.of.as_ref()?;
        let schema = self.schema()?;
        let captured = || captured_identifier(&schema, &self.captured.this);
        let given = || Identifier::parse(&schema, &of.identifier.as_ref()?.scalar_text()?);
        let declared = || match from_props(&schema.primary_identifier, &of.props) {
            FromProps::Known(parts) => Some(Identifier { parts }),
            FromProps::Waiting(_) | FromProps::Missing(_) => None,
        };
        captured().or_else(given).or_else(declared).or_else(|| self.predicate())
    }

    /// What the `Identifier` predicate of an UPDATE or DELETE says, as far as that renders.
    fn predicate(&self) -> Option<Identifier> {
        [AnchorKind::Update, AnchorKind::Delete].into_iter().filter(|anchor| self.flow.has(*anchor)).find_map(
            |anchor| {
                let filled = self.render(anchor).ok()?;
                let tables = Tables::new(&*self.runner.schemas);
                let parsed = parse(&filled.text).ok()?;
                let write = parsed.iter().find(|one| one.kind.writes())?;
                let writes = Writes::prepare(write, &tables, &defaults(self.flow)).ok()?;
                let [write] = writes.all.as_slice() else { return None };
                match &write.operation {
                    Operation::Update { ty, identifier, .. } | Operation::Delete { ty, identifier }
                        if *ty == self.flow.ty =>
                    {
                        Some(identifier.clone())
                    }
                    _ => None,
                }
            },
        )
    }

    /// The model that a check has read, if it is clear which one.
    pub(super) fn remembered(&self) -> Option<Found> {
        self.remembered_as(self.identified().as_ref())
    }

    /// The same, where it is known what identifies it.
    fn remembered_as(&self, identifier: Option<&Identifier>) -> Option<Found> {
        let mut found = self.models.values().flatten();
        match identifier {
            Some(identifier) => {
                let own = self.own_parts(identifier);
                found.find(|found| self.own_parts(&found.identifier).is_same(&own)).cloned()
            }
            None => found.next().filter(|_| found.next().is_none()).cloned(),
        }
    }

    /// The live resource: as a check has read it, else by one read. `None` where it is not there, and where nothing
    /// identifies it; the second value is true if that is so.
    ///
    /// # Errors
    /// The read failed.
    pub(super) async fn live(&mut self) -> Result<(Option<Found>, bool), Stop> {
        let identifier = self.identified();
        if let Some(found) = self.remembered_as(identifier.as_ref()) {
            return Ok((Some(found), true));
        }
        let Some((of, identifier)) = self.flow.of.as_ref().zip(identifier) else {
            return Ok((None, false));
        };
        if self.models.get(&self.key_of(&of.target, &identifier)).is_some_and(Option::is_none) {
            return Ok((None, true));
        }
        let found = self.read(&of.target, &identifier).await?;
        Ok((found, true))
    }

    pub(super) async fn read(&mut self, at: &Target, identifier: &Identifier) -> Result<Option<Found>, Stop> {
        let read = self.host.cloud().read(at, &self.flow.ty, &Key::Primary(identifier.clone())).await;
        match read {
            Ok(found) => {
                let key = found.as_ref().map_or(identifier, |found| &found.identifier);
                self.models.insert(self.key_of(at, key), found.clone());
                Ok(found)
            }
            Err(failure) => Err(self.unread(&self.flow.ty, &failure).into()),
        }
    }

    /// The problem of a read that failed.
    fn unread(&self, ty: &TypeName, failure: &Failure) -> Diagnostic {
        let message = format!("{} could not be read", self.flow.address);
        let mut told = Diagnostic::error(codes::READ_FAILED, message)
            .at(self.flow.sources.resource.clone(), "")
            .note("call", format!("GetResource of {ty}"))
            .note("service", format!("{}: {}", failure.code, failure.message));
        if let Some(id) = &failure.request_id {
            told = told.note("request", id.as_str());
        }
        if failure.kind == FailureKind::Denied {
            told = told.next(format!("stack-deploy permissions {ty} --operation read"));
        }
        self.redactor.diagnostic(told)
    }

    /// True if this is another resource than the one that the checks have found, or that the file is about.
    pub(super) fn is_stray(&self, ty: &TypeName, identifier: &Identifier) -> bool {
        let is_own = |own: Identifier| self.own_parts(&own).is_same(&self.own_parts(identifier));
        self.identified().is_some_and(|own| *ty != self.flow.ty || !is_own(own))
    }

    /// True if resources of a type can tell whose they are: they carry tags.
    fn has_owners(&self, ty: &TypeName) -> bool {
        self.runner.schemas.schema(ty).is_ok_and(|schema| schema.tag_property().is_some())
    }

    /// What the statements that were checked name beside what the checks have found, read: it may be another stack's.
    ///
    /// # Errors
    /// A read failed.
    pub(super) async fn strays(&mut self) -> Result<Vec<Stray>, Stop> {
        let mut strays: Vec<Stray> = Vec::new();
        for Named { verb, at, ty, identifier } in std::mem::take(&mut self.named) {
            let is_known =
                |stray: &Stray| (stray.verb, &stray.ty, &stray.identifier) == (verb, &ty, &identifier);
            if strays.iter().any(is_known) || !self.is_stray(&ty, &identifier) {
                continue;
            }
            let known = self.models.get(&self.key_of(&at, &identifier)).filter(|_| ty == self.flow.ty);
            let read = match known {
                Some(known) => Ok(known.clone()),
                None => self.host.cloud().read(&at, &ty, &Key::Primary(identifier.clone())).await,
            };
            let live = match read {
                Ok(found) => found.map(Box::new),
                // Nobody can say whose it is.
                Err(failure) if failure.kind == FailureKind::Unsupported => continue,
                // Its reads show no owner, so that nothing can be wrong with it either.
                Err(failure) if failure.kind == FailureKind::Denied && !self.has_owners(&ty) => {
                    let told = self.unread(&ty, &failure);
                    self.note(Diagnostic { severity: Severity::Warning, ..told });
                    continue;
                }
                Err(failure) => return Err(self.unread(&ty, &failure).into()),
            };
            strays.push(Stray { verb, ty, identifier, live });
        }
        Ok(strays)
    }

    /// The identifier of a resource of the flow's type without what tells the host: that is no part of it.
    fn own_parts(&self, identifier: &Identifier) -> Identifier {
        match self.runner.schemas.schema(&self.flow.ty) {
            Ok(schema) => identifier.own_parts(&schema),
            // Commands and queries have no type.
            Err(_) => identifier.clone(),
        }
    }

    fn key_of(&self, at: &Target, identifier: &Identifier) -> (Option<String>, String) {
        (at.region.as_ref().map(ToString::to_string), self.own_parts(identifier).to_string())
    }

    /// A resource as the checks have read it.
    pub(super) fn known_model(&self, at: &Target, identifier: &Identifier) -> Option<&Found> {
        self.models.get(&self.key_of(at, identifier))?.as_ref()
    }

    /// Keeps a resource as read.
    pub(super) fn keep_model(&mut self, at: &Target, found: Found) {
        self.models.insert(self.key_of(at, &found.identifier), Some(found));
    }

    /// The live model that an operation would change: as a check has read it, else by one read.
    pub(super) async fn model_for(&mut self, at: &Target, operation: &Operation) -> Option<Found> {
        let Operation::Update { ty, identifier, .. } = operation else { return None };
        if let Some(known) = self.models.get(&self.key_of(at, identifier)) {
            return known.clone();
        }
        // What cannot be read is sent as it is written.
        self.host.cloud().read(at, ty, &Key::Primary(identifier.clone())).await.ok().flatten()
    }

    /// Takes the parts of an identifier as captured columns, by the names that templates may use.
    pub(super) fn capture_identifier(&mut self, identifier: &Identifier) {
        let mut columns = IndexMap::new();
        for (name, value) in &identifier.parts {
            let short = name.rsplit('/').next().unwrap_or(name);
            for name in [name.as_str(), short, &column_name(short)] {
                columns.insert(name.to_owned(), Value::text(value.as_str()));
            }
        }
        for name in ["identifier", "Identifier"] {
            columns.insert(name.to_owned(), Value::text(identifier.to_string()));
        }
        columns.retain(|name, _| !name.is_empty() && !self.captured.this.contains_key(name));
        self.capture(columns);
    }

    /// True if the live resource is as its statements declare.
    pub(super) fn is_as_declared(&self, found: &Found) -> bool {
        let (Some(of), Some(schema)) = (&self.flow.of, self.schema()) else { return true };
        let context = stack_core::diff::DiffContext {
            schema: &schema,
            ignore: &of.lifecycle.ignore_changes,
            is_fresh: &|_| false,
        };
        stack_core::diff::diff(&context, &of.props, &found.model).changes.is_empty()
    }
}

/// All parts of a primary identifier by the names of columns; or a column that holds it as a whole.
fn captured_identifier(schema: &ResourceSchema, captured: &IndexMap<String, Value>) -> Option<Identifier> {
    let names: Vec<&str> = captured.keys().map(String::as_str).collect();
    let text = |name: &str| captured.get(name)?.scalar_text().filter(|text| !text.is_empty());
    let part = |path| {
        let name = part_name(path);
        let short = name.rsplit('/').next().unwrap_or(&name).to_owned();
        let column =
            names.iter().copied().find(|own| find_property(own, std::iter::once(short.as_str())).is_some());
        Some((name, text(column?)?))
    };
    let parts: Option<Vec<(String, String)>> = schema.primary_identifier.iter().map(part).collect();
    if let Some(parts) = parts.filter(|parts| !parts.is_empty()) {
        return Some(Identifier { parts });
    }
    let whole = names.iter().copied().find(|name| {
        name.eq_ignore_ascii_case("identifier") || name.eq_ignore_ascii_case("data__identifier")
    });
    Identifier::parse(schema, &text(whole?)?)
}

pub(super) fn shown(one: &Parsed, tables: &Tables<'_>) -> Result<Table, SqlError> {
    match show(&one.text, tables) {
        Some(Ok(rows)) => {
            Ok(Table { columns: rows.columns.into_iter().map(str::to_owned).collect(), rows: rows.rows })
        }
        Some(Err(error)) => {
            Err(SqlError::new(stack_sql::codes::SYNTAX, error.to_string()).at(one.at.clone()))
        }
        None => {
            Err(SqlError::new(stack_sql::codes::SYNTAX, "this is no SQL that can be read").at(one.at.clone()))
        }
    }
}

/// The provider has tried again already where that helps at once.
fn trouble_of(kind: FailureKind) -> Trouble {
    match kind {
        FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NoAnswer => Trouble::Passing,
        _ => Trouble::Final,
    }
}
