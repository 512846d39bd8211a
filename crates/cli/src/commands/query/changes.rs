//! INSERT, UPDATE and DELETE: one operation after the other, each seen to its end.

use super::asker::{Asker, placed};
use crate::errors::{Stopped, codes as own};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::text::{clean, count};
use crate::wire::Link;
use stack_core::diagnostic::Diagnostic;
use stack_core::identity::Identifier;
use stack_core::ids::{Address, Target};
use stack_core::provider::{Failure, FailureKind, Operation, Progress, Provider};
use stack_engine::engine::Interrupt;
use stack_engine::single::{Ended, Single};
use stack_engine::token::client_token;
use stack_sql::dml::Verb as Statement;
use stack_sql::{Cancel, SqlError, Table, Write, Writes, codes};

impl Asker<'_> {
    /// Does what a statement says. The rows are those of RETURNING.
    pub(super) async fn change(
        &mut self,
        mut writes: Writes,
        link: &Link,
        guard: &Guard,
    ) -> Result<Option<Table>, Stopped> {
        for note in &writes.notes {
            self.app.console.err(&format!("note: {note}\n"));
        }
        if writes.verb == Statement::Delete && !self.args.yes {
            self.agreed(&writes, guard).await?;
        }
        let returning = writes.returning.take();
        let mut done: Vec<Progress> = Vec::new();
        let mut failed = None;
        for (row, write) in writes.all.iter().enumerate() {
            match self.one(&writes, row, write, link, guard).await {
                Ok(progress) => {
                    self.changed = true;
                    if returning.is_none() {
                        let line = said(write, &progress, self.args.no_wait);
                        self.app.console.err(&clean_line(&line, self.app.settings.unicode));
                    }
                    done.push(progress);
                }
                Err(stopped) => {
                    failed = Some(stopped);
                    break;
                }
            }
        }
        for cancel in &writes.cancels {
            match self.stop(&writes, cancel, link, guard).await {
                Ok(progress) => {
                    self.changed = true;
                    if returning.is_none() {
                        let place = place(&cancel.at);
                        let line = format!("asked to stop{place}: request {}", cancel.request);
                        self.app.console.err(&clean_line(&line, self.app.settings.unicode));
                    }
                    done.push(progress);
                }
                Err(stopped) => {
                    failed = Some(stopped);
                    break;
                }
            }
        }
        let table = returning.map(|returning| returning.table(&done)).transpose();
        let table = table.map_err(|error| Stopped::new(Exit::Error, placed(error.at(writes.at.clone()))));
        let Some(stopped) = failed else { return table };
        // What was done is shown all the same.
        if let Ok(Some(table)) = table.as_ref()
            && !done.is_empty()
        {
            self.show(table, "");
        }
        Err(stopped)
    }

    async fn one(
        &mut self,
        writes: &Writes,
        row: usize,
        write: &Write,
        link: &Link,
        guard: &Guard,
    ) -> Result<Progress, Stopped> {
        let (limit, interrupts) = guard.begin_writing()?;
        if *interrupts.borrow() > Interrupt::None {
            return Err(stopped(guard, row, writes.all.len(), "begun"));
        }
        // From here on the service may say a secret back.
        self.app.redactor.learn(&write.sent);
        let verb = write.operation.verb();
        let address = Address::from(format!("{}/{row}", self.number));
        let token = write.token.clone();
        let token = token.unwrap_or_else(|| client_token(&self.nonce, &address, verb, 0, false));
        let single = Single {
            provider: &link.provider,
            clock: &*link.clock,
            schema: &write.schema,
            at: &write.at,
            operation: &write.operation,
            token: &token,
            wait: !self.args.no_wait,
            limit,
        };
        let (exit, error) = match single.perform(interrupts).await {
            Ended::Done(progress) => return Ok(progress),
            Ended::Refused(failure) => {
                (Exit::Error, told(write, &failure, None, format!("was not {}", verb.past())))
            }
            Ended::Failed(progress, failure) => {
                (Exit::Error, told(write, &failure, Some(&progress), format!("could not be {}", verb.past())))
            }
            Ended::Unknown(last, failure) => {
                self.changed = true;
                let what = format!("may be {} or not", verb.past());
                let mut error = told(write, &failure, last.as_ref(), what);
                error.code = codes::CHANGE_UNKNOWN;
                let exit = guard.exit().unwrap_or(Exit::Partial);
                (exit, error.next("ask for its state in awscc.cloud_control.resource_requests"))
            }
        };
        Err(Stopped::new(exit, placed(error.at(writes.at.clone()))))
    }

    /// Asks the service to stop an operation. Whether it stops shows later.
    async fn stop(
        &self,
        writes: &Writes,
        cancel: &Cancel,
        link: &Link,
        guard: &Guard,
    ) -> Result<Progress, Stopped> {
        let (_, interrupts) = guard.begin_writing()?;
        if *interrupts.borrow() > Interrupt::None {
            let before = writes.cancels.iter().take_while(|other| *other != cancel).count();
            return Err(stopped(guard, before, writes.cancels.len(), "asked to stop"));
        }
        link.provider.cancel(&cancel.at, &cancel.request).await.map_err(|failure| {
            let is_unknown = failure.kind == FailureKind::NoAnswer;
            let (code, exit, what) = match is_unknown {
                true => (codes::CHANGE_UNKNOWN, Exit::Partial, "may be asked to stop or not"),
                false => (codes::CHANGE_FAILED, Exit::Error, "was not asked to stop"),
            };
            let message = format!("the operation {}{} {what}", cancel.request, place(&cancel.at));
            let error = SqlError::new(code, message)
                .note("service", format!("{}: {}", failure.code, failure.message))
                .at(writes.at.clone());
            Stopped::new(exit, placed(error))
        })
    }

    /// Asks whether to delete, or to stop.
    async fn agreed(&self, writes: &Writes, guard: &Guard) -> Result<(), Stopped> {
        let mut names: Vec<String> = writes.all.iter().map(named).collect();
        let stops = writes.cancels.iter().map(|one| format!("{}{}", one.request, place(&one.at)));
        names.extend(stops);
        let what = match writes.cancels.len() {
            0 => format!("Delete {}", count(names.len(), "resource", "resources")),
            stops => format!("Stop {}", count(stops, "operation", "operations")),
        };
        let ask = format!("{what}: {}? Type yes: ", names.join(", "));
        self.app.console.err(&clean(&ask, self.app.settings.unicode));
        if guard.ask().await?.trim() == "yes" {
            return Ok(());
        }
        let message = match writes.cancels.len() {
            0 => "not agreed: nothing was deleted",
            _ => "not agreed: nothing was stopped",
        };
        Err(Stopped::new(Exit::Error, Diagnostic::error(own::DECLINED, message)))
    }
}

fn stopped(guard: &Guard, done: usize, of: usize, what: &str) -> Stopped {
    let message = format!("stopped: {done} of {of} operations were {what}");
    let exit = guard.exit().unwrap_or(Exit::Interrupted);
    Stopped::new(exit, Diagnostic::error(own::STOPPED, message))
}

/// ` in us-east-1`
fn place(at: &Target) -> String {
    at.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default()
}

/// The resource that an operation names.
fn identifier(operation: &Operation) -> Option<&Identifier> {
    match operation {
        Operation::Create { .. } => None,
        Operation::Update { identifier, .. } | Operation::Delete { identifier, .. } => Some(identifier),
    }
}

/// The same without what tells the host.
fn own(write: &Write) -> Option<Identifier> {
    Some(identifier(&write.operation)?.own_parts(&write.schema))
}

/// Type, identifier and place.
fn named(write: &Write) -> String {
    let place = place(&write.at);
    match own(write) {
        Some(identifier) => format!("{} {identifier}{place}", write.operation.ty()),
        None => format!("{}{place}", write.operation.ty()),
    }
}

/// The line of an operation that is done, or begun.
fn said(write: &Write, progress: &Progress, no_wait: bool) -> String {
    let verb = write.operation.verb();
    let own = own(write).map(|identifier| identifier.to_string());
    // As statements write it, where the event has the form with names.
    let told = |text: &String| match Identifier::parse(&write.schema, text) {
        Some(identifier) if text.starts_with('{') => identifier.to_string(),
        _ => text.clone(),
    };
    let identifier = progress.identifier.as_ref().map(told).or(own).unwrap_or_default();
    let place = place(&write.at);
    let what = if no_wait && !progress.status.is_terminal() {
        format!("begun: {verb} of")
    } else {
        verb.past().to_owned()
    };
    let name = format!("{what} {} {identifier}", write.operation.ty());
    format!("{}{place}, request {}", name.trim_end(), progress.request)
}

fn clean_line(line: &str, unicode: bool) -> String {
    format!("{}\n", clean(line, unicode))
}

fn told(write: &Write, failure: &Failure, progress: Option<&Progress>, what: String) -> SqlError {
    let mut error = SqlError::new(codes::CHANGE_FAILED, format!("{} {what}", named(write)))
        .note("service", format!("{}: {}", failure.code, failure.message));
    if let Some(progress) = progress {
        error = error.note("request", progress.request.as_str());
        for (hook, message) in &progress.hooks {
            error = error.note("hook", format!("{hook}: {message}"));
        }
    } else if let Some(id) = &failure.request_id {
        error = error.note("call", id);
    }
    match failure.kind {
        // Permissions are known of AWS.
        FailureKind::Denied if write.at.region.is_some() => error.next(format!(
            "stack-deploy permissions {} --operation {}",
            write.operation.ty(),
            write.operation.verb()
        )),
        _ => error,
    }
}
