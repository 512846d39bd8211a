//! Statements that change something: prepared as a whole, sent one operation after the other.

use super::check::{defaults, no_statement, statement};
use super::fill::Filled;
use super::minimise::{conformed, minimised, path_of};
use super::session::{Named, Session, Stop};
use super::verdict::{at_path, is_empty, returned};
use crate::codes;
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, FlowKind, Order, Performed, Returned, Told};
use stack_core::identity::Identifier;
use stack_core::plan::Hit;
use stack_core::provider::{Failure, FailureKind, Operation, Progress, Verb};
use stack_core::redact::MARK;
use stack_core::value::Value;
use stack_sql::{Parsed, SqlError, Table, Tables, Write, Writes, parse};

/// One statement of a body.
#[derive(Debug)]
enum Step {
    Write(Box<Writes>),
    /// Its result is not looked at.
    Read(Box<Parsed>),
}

/// How the statements of an anchor went.
#[derive(Debug, Default)]
pub(super) struct Acted {
    /// Something was sent.
    pub(super) ran: bool,
    /// Something was done.
    pub(super) did: bool,
    /// Something failed, and `multi` went on.
    pub(super) failed: bool,
    /// Every deletion found nothing to delete.
    pub(super) was_gone: bool,
}

/// An operation that did not succeed.
struct Refusal {
    problem: Diagnostic,
    /// Another try may help, and cannot do harm: nothing was accepted.
    may_retry: bool,
    /// `multi` goes on nevertheless.
    may_go_on: bool,
}

impl Session<'_> {
    /// Checks the statements of a body against the tables, without asking anybody. Places are those of the query file.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn check(&mut self, filled: &Filled) -> Result<(), Stop> {
        let steps = self.steps(filled)?;
        self.expect(&steps);
        Ok(())
    }

    /// Keeps what statements would do, for what a plan is held against.
    fn expect(&mut self, steps: &[Step]) {
        for step in steps {
            let Step::Write(writes) = step else { continue };
            let known = |write: &Write| {
                Hit::known(write.operation.verb(), write.operation.ty().clone(), write.at.clone())
            };
            self.hits.extend(writes.all.iter().map(known));
            self.named.extend(writes.all.iter().filter_map(|write| {
                let identifier = named_by(&write.operation)?.clone();
                let (verb, ty) = (write.operation.verb(), write.operation.ty().clone());
                Some(Named { verb, at: write.at.clone(), ty, identifier })
            }));
        }
    }

    fn steps(&self, filled: &Filled) -> Result<Vec<Step>, Stop> {
        let told = |error: SqlError| self.redactor.diagnostic(filled.diagnostic(&*self.flow.script, error));
        let parsed = parse(&filled.text).map_err(|error| Stop::from(told(error)))?;
        let tables = Tables::new(&*self.runner.schemas);
        let defaults = defaults(self.flow);
        let mut steps = Vec::new();
        let mut problems = Vec::new();
        for one in parsed {
            match statement(self.flow, filled.anchor, &one, &tables, &defaults) {
                Ok(Some(mut writes)) => {
                    writes.all.iter_mut().for_each(|write| self.with_credential(&mut write.at));
                    steps.push(Step::Write(Box::new(writes)));
                }
                Ok(None) => steps.push(Step::Read(Box::new(one))),
                Err(errors) => problems.extend(errors.into_iter().map(told)),
            }
        }
        if steps.is_empty() && problems.is_empty() {
            problems.push(told(no_statement()));
        }
        if problems.is_empty() { Ok(steps) } else { Err(Stop::Broken(problems)) }
    }

    /// Runs the statements of an anchor. What fails is tried again as `retries` says, as long as nothing was accepted;
    /// what was done is never done again. `returns` is what is kept of the first row of RETURNING.
    ///
    /// # Errors
    /// A statement cannot be run or has failed; for `multi` only where nothing else would help.
    pub(super) async fn act(&mut self, filled: &Filled, returns: &[Returned]) -> Result<Acted, Stop> {
        let steps = self.steps(filled)?;
        let tries = if matches!(filled.anchor, AnchorKind::Delete) {
            super::session::Tries::ONCE
        } else {
            self.and_more(filled.anchor)
        };
        let mut again = tries.times.saturating_sub(1);
        let mut acted = Acted { was_gone: true, ..Acted::default() };
        self.captured.callback = None;
        self.host.tell(Told::Statement(filled.anchor, filled.shown()));
        let mut row: Option<Table> = None;
        let mut wants_row = false;
        for step in steps {
            let mut writes = match step {
                Step::Write(writes) => writes,
                Step::Read(parsed) => {
                    acted.was_gone = false;
                    loop {
                        match self.one(filled, &parsed).await {
                            Ok(_) => {
                                acted.did = true;
                                break;
                            }
                            Err(error) if self.flow.kind == FlowKind::Multi => {
                                acted.failed = true;
                                self.swallow(*error.diagnostic);
                                break;
                            }
                            Err(error) if again == 0 => return Err(error.into()),
                            Err(_) => {
                                again -= 1;
                                self.pause(tries.delay, "a statement failed").await?;
                            }
                        }
                    }
                    acted.ran = true;
                    continue;
                }
            };
            for note in &writes.notes {
                self.say_of(note);
            }
            wants_row |= writes.returning.is_some();
            let returning = writes.returning.take();
            let mut done = Vec::new();
            for write in &writes.all {
                let Some(operation) = self.what_to_send(write).await else { continue };
                loop {
                    match self.send(filled, write, &operation).await? {
                        Ok(Some(mut progress)) => {
                            acted.was_gone = false;
                            acted.did = true;
                            self.sent = Some(operation.verb());
                            self.told_by(write, &operation, &progress);
                            if let (Verb::Create, Some(returning)) = (operation.verb(), &returning) {
                                self.with_secrets(filled, write, &returning.secrets(), &mut progress).await?;
                            }
                            done.push(progress);
                        }
                        // A deletion of what is not there.
                        Ok(None) => {}
                        // Still the same operation: its token keeps it from being done twice.
                        Err(refusal) if refusal.may_retry && again > 0 => {
                            again -= 1;
                            self.warn(refusal.problem);
                            self.pause(tries.delay, "the statement failed").await?;
                            continue;
                        }
                        Err(refusal) if refusal.may_go_on && self.flow.kind == FlowKind::Multi => {
                            acted.was_gone = false;
                            acted.failed = true;
                            self.swallow(refusal.problem);
                        }
                        Err(refusal) => return Err(refusal.problem.into()),
                    }
                    self.number += 1;
                    acted.ran = true;
                    break;
                }
            }
            self.models.clear();
            if let Some(returning) = returning
                && !done.is_empty()
            {
                let table = returning.table(&done).map_err(|error| {
                    let at = writes.at.clone();
                    let told = filled.diagnostic(&*self.flow.script, error.at(at));
                    Stop::from(self.redactor.diagnostic(told))
                })?;
                row = row.or(Some(table));
            }
        }
        self.captured.callback = row
            .as_ref()
            .and_then(returned)
            .map(|row| row.into_iter().map(|(name, value)| (name, self.redactor.seal(value))).collect());
        if acted.ran {
            self.keep(filled, returns, wants_row)?;
        }
        Ok(acted)
    }

    /// The operation as it is sent: an UPDATE without what is so already. `None`: nothing is left of it.
    async fn what_to_send(&mut self, write: &Write) -> Option<Operation> {
        let Operation::Update { ty, identifier, patch } = write.operation.clone() else {
            return Some(write.operation.clone());
        };
        if self.flow.literal_patch {
            return Some(Operation::Update { ty, identifier, patch });
        }
        let patch = conformed(&patch, &write.schema);
        let Some(live) = self.model_for(&write.at, &write.operation).await else {
            return Some(Operation::Update { ty, identifier, patch });
        };
        let patch = minimised(&patch, &live, &write.schema);
        if patch.as_array().is_some_and(Vec::is_empty) {
            self.note(self.nothing_to_change(&identifier));
            return None;
        }
        Some(Operation::Update { ty, identifier, patch })
    }

    fn nothing_to_change(&self, identifier: &Identifier) -> Diagnostic {
        let message =
            format!("the UPDATE of {} has nothing to change: {identifier} is so already", self.flow.address);
        let mut note = Diagnostic::warning(codes::NOTHING_TO_CHANGE, message)
            .at(self.flow.sources.resource.clone(), "")
            .next("correct the check; or `settings.patch: literal` sends every UPDATE as it is written");
        note.severity = Severity::Note;
        note
    }

    /// Checks statements, and says so if all that they would do is done already, as far as the checks have read it. Nothing
    /// is asked.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn foresee(&mut self, filled: &Filled) -> Result<(), Stop> {
        let mut notes = Vec::new();
        let steps = self.steps(filled)?;
        self.expect(&steps);
        let refused: Vec<Diagnostic> =
            steps.iter().flat_map(|step| self.to_be_refused(filled, step)).collect();
        if !refused.is_empty() {
            return Err(Stop::Broken(refused));
        }
        if self.flow.literal_patch {
            return Ok(());
        }
        for step in steps {
            let Step::Write(writes) = step else { return Ok(()) };
            for write in &writes.all {
                let Operation::Update { identifier, patch, .. } = &write.operation else { return Ok(()) };
                let Some(live) = self.known_model(&write.at, identifier) else { return Ok(()) };
                let left = minimised(&conformed(patch, &write.schema), live, &write.schema);
                if left.as_array().is_none_or(|left| !left.is_empty()) {
                    return Ok(());
                }
                notes.push(self.nothing_to_change(identifier));
            }
        }
        self.sends_nothing = !notes.is_empty();
        notes.into_iter().for_each(|note| self.note(note));
        Ok(())
    }

    /// Updates that name what can only be set at creation: the service refuses them as a whole (cloud-control 3.2).
    fn to_be_refused(&self, filled: &Filled, step: &Step) -> Vec<Diagnostic> {
        let Step::Write(writes) = step else { return Vec::new() };
        let mut out = Vec::new();
        for write in &writes.all {
            let Operation::Update { identifier, patch, .. } = &write.operation else { continue };
            let sent = match self.known_model(&write.at, identifier) {
                _ if self.flow.literal_patch => patch.clone(),
                Some(live) => minimised(&conformed(patch, &write.schema), live, &write.schema),
                // Nobody knows what is left of it.
                None => continue,
            };
            let paths = sent.as_array().into_iter().flatten().filter_map(path_of);
            let fixed: Vec<String> = paths
                .filter(|path| write.schema.create_only_properties.covers(path))
                .map(|path| path.dotted())
                .collect();
            if fixed.is_empty() {
                continue;
            }
            let names = fixed.join(", ");
            let message =
                format!("the UPDATE of {} sets {names}, which only a create can", self.flow.address);
            let told = Diagnostic::error(codes::FIXED, message);
            let told = self.at(told, filled.anchor, "the service refuses this as a whole");
            let told = told.note("resource", format!("{} {identifier}", write.operation.ty()));
            out.push(told.next(format!(
                "keep the value of {names} as it is, or tear {} down and build it again",
                self.flow.address
            )));
        }
        out
    }

    /// Sends one operation. `Ok(None)`: what was to be deleted is not there.
    async fn send(
        &mut self,
        filled: &Filled,
        write: &Write,
        operation: &Operation,
    ) -> Result<Result<Option<Progress>, Refusal>, Stop> {
        self.trying.get_or_insert(operation.verb());
        let order = Order {
            at: &write.at,
            operation,
            schema: &write.schema,
            token: write.token.as_ref(),
            number: self.number,
            is_stray: named_by(operation).is_some_and(|one| self.is_stray(operation.ty(), one)),
        };
        let performed = self.host.perform(order).await;
        self.asked |= performed != Performed::Stopped;
        Ok(match performed {
            Performed::Done(progress) => Ok(Some(*progress)),
            Performed::Failed(_, failure)
                if operation.verb() == Verb::Delete && failure.kind == FailureKind::NotFound =>
            {
                Ok(None)
            }
            Performed::Failed(progress, failure) => {
                let what = format!("could not be {}", operation.verb().past());
                let problem = self.refused(
                    codes::STATEMENT_FAILED,
                    filled,
                    write,
                    &what,
                    progress.as_deref(),
                    &failure,
                );
                Err(Refusal {
                    problem,
                    may_retry: progress.is_none() && !is_final(failure.kind),
                    may_go_on: !matches!(failure.kind, FailureKind::Denied | FailureKind::Credentials),
                })
            }
            Performed::Unknown(progress, failure) => {
                let what = format!("may be {} or not", operation.verb().past());
                let problem = self.refused(
                    codes::STATEMENT_UNKNOWN,
                    filled,
                    write,
                    &what,
                    progress.as_deref(),
                    &failure,
                );
                Err(Refusal { problem, may_retry: false, may_go_on: false })
            }
            Performed::Stopped => return Err(Stop::Stopping),
        })
    }

    fn told_by(&mut self, write: &Write, operation: &Operation, progress: &Progress) {
        if *operation.ty() != self.flow.ty {
            return;
        }
        let told = progress.identifier.as_deref().and_then(|text| Identifier::parse(&write.schema, text));
        self.identifier = told.or_else(|| named_by(operation).map(|named| named.own_parts(&write.schema)));
    }

    pub(super) fn refused(
        &self,
        code: stack_core::diagnostic::Code,
        filled: &Filled,
        write: &Write,
        what: &str,
        progress: Option<&Progress>,
        failure: &Failure,
    ) -> Diagnostic {
        let (ty, verb) = (write.operation.ty(), write.operation.verb());
        let (route, part) = self.flow.script.place(filled.anchor, &filled.marked, None);
        let mut told = Diagnostic::error(code, format!("{} {what}", self.flow.address))
            .at_part(route, part, format!("{verb} of {ty}"))
            .note("service", format!("{}: {}", failure.code, failure.message));
        if let Some(progress) = progress {
            told = told.note("request", progress.request.as_str());
            for (hook, message) in &progress.hooks {
                told = told.note("hook", format!("{hook}: {message}"));
            }
        } else if let Some(id) = &failure.request_id {
            told = told.note("call", id.as_str());
        }
        let told = match (code, failure.kind) {
            (codes::STATEMENT_UNKNOWN, _) => told.next("plan again: the checks see what is there"),
            (_, FailureKind::Denied) => {
                told.next(format!("stack-deploy permissions {ty} --operation {verb}"))
            }
            _ => told,
        };
        self.redactor.diagnostic(told)
    }

    /// What fails in a `multi` resource is told, and its checks decide.
    fn swallow(&self, mut problem: Diagnostic) {
        problem.code = codes::SWALLOWED;
        self.warn(problem);
    }

    /// `return_vals`: columns of the first row that become `this.…`.
    fn keep(&mut self, filled: &Filled, returns: &[Returned], wants_row: bool) -> Result<(), Stop> {
        if returns.is_empty() {
            return Ok(());
        }
        let problem =
            |message: String| self.at(Diagnostic::error(codes::RETURNED_NOTHING, message), filled.anchor, "");
        let Some(row) = &self.captured.callback else {
            let why = if wants_row { "no operation was done" } else { "it has no RETURNING" };
            let mut told = problem(format!("`{}` of {} returns no row", filled.anchor, self.flow.address));
            told.severity = Severity::Warning;
            self.note(
                told.note("why", why).next("add RETURNING * to the statement, or take `return_vals` out"),
            );
            return Ok(());
        };
        let mut kept = indexmap::IndexMap::new();
        for Returned { column, variable } in returns {
            match at_path(row, column).filter(|value| !is_empty(value)) {
                Some(value) => {
                    kept.insert(variable.clone(), value.clone());
                }
                None => {
                    let has: Vec<&str> = row.keys().map(String::as_str).collect();
                    let told = problem(format!(
                        "`{}` of {} returns no `{column}`, which `return_vals` takes",
                        filled.anchor, self.flow.address
                    ));
                    let told = told.note("returned", has.join(", "));
                    let next = match has.iter().any(|name| name.eq_ignore_ascii_case(column)) {
                        true => format!("{column} is empty: take it out of `return_vals`"),
                        false => format!("add {column} to RETURNING, or take it out of `return_vals`"),
                    };
                    return Err(told.next(next).into());
                }
            }
        }
        self.capture(kept);
        Ok(())
    }

    /// Tells the rows of a troubleshoot query, one JSON object a line.
    pub(super) fn tell_rows(&self, filled: &Filled, table: &Table) {
        for row in &table.rows {
            let members = table.columns.iter().zip(row);
            let members = members.map(|(name, cell)| {
                let value = filled.seal(super::verdict::value(cell));
                let json = match value {
                    Value::Secret(_) => Json::String(MARK.to_owned()),
                    value => value.exposed().unwrap_or(Json::Null),
                };
                (name.clone(), json)
            });
            self.say(Json::Object(members.collect()).to_string());
        }
    }

    /// The values that `callback.…` has, as far as a short circuit asks for one.
    pub(super) fn callback_text(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix("callback.").unwrap_or(path);
        self.captured.callback.as_ref().and_then(|row| at_path(row, path)).and_then(Value::scalar_text)
    }
}

/// The resource that an operation names.
fn named_by(operation: &Operation) -> Option<&Identifier> {
    match operation {
        Operation::Create { .. } => None,
        Operation::Update { identifier, .. } | Operation::Delete { identifier, .. } => Some(identifier),
    }
}

/// Kinds of failure that another try does not change.
fn is_final(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Denied
            | FailureKind::Credentials
            | FailureKind::Invalid
            | FailureKind::NotUpdatable
            | FailureKind::Unsupported
            | FailureKind::AlreadyExists
            | FailureKind::TokenConflict
            | FailureKind::Cancelled
    )
}
