//! Saying what went wrong with a step: the service quoted, where in the manifest, how often tried, what next.

use super::Unit;
use super::operation::Trouble;
use crate::clock::iso_utc;
use crate::codes;
use stack_core::diagnostic::{Code, Diagnostic};
use stack_core::identity::Identifier;
use stack_core::ids::RequestToken;
use stack_core::plan::Change;
use stack_core::provider::{Failure, FailureKind, Verb};

/// Permissions beyond this number help nobody.
const PERMISSIONS: usize = 12;

impl Unit {
    fn error(&self, code: Code, message: String) -> Diagnostic {
        Diagnostic::error(code, message)
            .at(self.planned.sources.resource.clone(), "")
            .note("resource", self.resource())
    }

    fn resource(&self) -> String {
        let declared = &self.planned.declared_type;
        self.shown(self.own.as_ref()).map_or_else(|| declared.clone(), |id| format!("{declared}  {id}"))
    }

    fn address(&self) -> &str {
        self.step.address.as_str()
    }

    /// The problem that a failed operation amounts to.
    pub(super) fn service_problem(&self, verb: Verb, trouble: &Trouble) -> Diagnostic {
        let failure = &trouble.failure;
        let name = self.address();
        let (code, message, next) = match failure.kind {
            FailureKind::Denied => (
                codes::DENIED,
                format!("not allowed to {verb} {name}"),
                "allow the actions, or use another role; then plan again".to_owned(),
            ),
            FailureKind::Credentials => (
                codes::CREDENTIALS,
                format!("the credentials were not accepted for the {verb} of {name}"),
                "renew the credentials, then plan again".to_owned(),
            ),
            FailureKind::Quota => (
                codes::QUOTA,
                format!("a quota is used up: no {verb} of {name}"),
                "have the quota raised, or remove what is not needed; then plan again".to_owned(),
            ),
            FailureKind::AlreadyExists => (
                codes::EXISTS,
                format!("{name} exists already, and the plan did not know it"),
                "if another account or region has the name, choose another; else plan again".to_owned(),
            ),
            FailureKind::NotUpdatable => (
                codes::NEEDS_REPLACEMENT,
                format!("{name} cannot be changed in place: the service wants a replacement"),
                format!("agree to it with --allow-replace {name}, or undo the change in the manifest"),
            ),
            FailureKind::NotStabilized => (
                codes::NOT_SETTLED,
                format!("the {verb} of {name} ended, but the resource did not settle"),
                "look at the resource, then plan again".to_owned(),
            ),
            FailureKind::Cancelled => (
                codes::CANCELLED,
                format!("somebody cancelled the {verb} of {name}"),
                "what was done before stays; plan again".to_owned(),
            ),
            FailureKind::Busy | FailureKind::TokenConflict => (
                codes::BUSY,
                format!("another operation holds {name}"),
                "wait until it has ended, then plan again".to_owned(),
            ),
            FailureKind::Unsupported => (
                codes::UNSUPPORTED,
                format!("the service cannot {verb} {name}"),
                "see `schema` for what the type can do".to_owned(),
            ),
            FailureKind::NotFound => (
                codes::VANISHED,
                format!("the {verb} of {name} found something missing"),
                "plan again".to_owned(),
            ),
            FailureKind::NoAnswer | FailureKind::RequestUnknown => (
                codes::NO_ANSWER,
                format!("no answer to the {verb} of {name}, and the service has no record of it"),
                "plan again once the service can be reached".to_owned(),
            ),
            FailureKind::Throttled
            | FailureKind::Conflict
            | FailureKind::Unavailable
            | FailureKind::Internal => (
                codes::SERVICE_FAILED,
                format!("the service failed at the {verb} of {name}"),
                "plan again; if it stays, ask the provider with the request id".to_owned(),
            ),
            FailureKind::Invalid => (
                codes::REFUSED,
                format!("the service refused to {verb} {name}"),
                "mend what the service names, then plan again".to_owned(),
            ),
        };
        let how = if trouble.ticket.is_some() { "FAILED" } else { "refused" };
        let mut problem = self.error(code, message).note("service", quote(verb, how, failure));
        if let Some(ticket) = &trouble.ticket {
            let at = ticket.at_ms.map_or_else(String::new, |at| format!(" at {}", iso_utc(at)));
            problem = problem.note("request", format!("{}{at}", ticket.request));
        } else if let Some(id) = &failure.request_id {
            problem = problem.note("request", id);
        }
        if let Some(blocker) = &failure.blocked_by {
            problem = problem.note("blocked by", blocker.as_str());
        }
        if self.tried.total() > 0 {
            problem = problem.note("rounds", format!("{} tried in all", self.round));
        }
        if failure.kind == FailureKind::Denied {
            problem = self.needs(problem, verb, &failure.code);
        }
        problem.next(next)
    }

    /// The actions that the type's handler calls (traps 74, 100).
    fn needs(&self, problem: Diagnostic, verb: Verb, code: &str) -> Diagnostic {
        let handlers = &self.schema.handlers;
        let handler = match verb {
            Verb::Create => &handlers.create,
            Verb::Update => &handlers.update,
            Verb::Delete => &handlers.delete,
        };
        let tagging = self.schema.tagging.as_ref().filter(|_| code.contains("Tagging"));
        let permissions = match (tagging, handler) {
            (Some(tagging), _) => &tagging.permissions,
            (None, Some(handler)) => &handler.permissions,
            (None, None) => return problem,
        };
        if permissions.is_empty() {
            return problem;
        }
        let mut text = permissions.iter().take(PERMISSIONS).cloned().collect::<Vec<_>>().join(", ");
        if permissions.len() > PERMISSIONS {
            text.push_str(&format!(" and {} more", permissions.len() - PERMISSIONS));
        }
        problem.note("needs", text)
    }

    /// Nobody knows how the operation ended.
    pub(super) fn unknown_end(
        &self,
        verb: Verb,
        request: Option<&RequestToken>,
        failure: &Failure,
    ) -> Diagnostic {
        let message = format!("nobody knows how the {verb} of {} ended", self.address());
        let mut problem = self.error(codes::UNKNOWN_END, message).note("service", words(failure));
        if let Some(request) = request {
            problem = problem.note("request", request.as_str());
        }
        problem
            .next("run the same command again: it waits for the operation first, and nothing is done twice")
    }

    /// The service says done, reads do not show it.
    pub(super) fn not_visible(
        &self,
        verb: Verb,
        identifier: Option<&Identifier>,
        request: &str,
        failure: Option<&Failure>,
    ) -> Diagnostic {
        let name = self.address();
        let message = match failure {
            Some(_) => format!("the {verb} of {name} succeeded, but it cannot be read"),
            None => format!("the {verb} of {name} succeeded, but reads did not show it for a minute"),
        };
        let mut problem = self.error(codes::NOT_VISIBLE, message);
        if let Some(identifier) = self.shown(identifier) {
            problem = problem.note("identifier", identifier);
        }
        if let Some(failure) = failure {
            problem = problem.note("service", words(failure));
        }
        problem.note("request", request).next("plan again: what hangs on it was not begun")
    }

    /// The service says deleted, reads do not confirm it.
    pub(super) fn not_gone(&self, request: &str, failure: Option<&Failure>) -> Diagnostic {
        let name = self.address();
        let message = match failure {
            Some(_) => format!("the delete of {name} succeeded, but no read can confirm it"),
            None => format!("the delete of {name} succeeded, but it is still there"),
        };
        let mut problem = self.error(codes::NOT_GONE, message);
        if let Some(failure) = failure {
            problem = problem.note("service", words(failure));
        }
        problem.note("request", request).next("look at the resource; run teardown again if it stays")
    }

    /// The undo succeeded, says the service, and the old values are not there.
    pub(super) fn not_restored(&self) -> Diagnostic {
        self.error(
            codes::NOT_UNDONE,
            format!("{} does not show its old values after the undo", self.address()),
        )
        .next("plan again to see where it stands")
    }

    /// Something else still uses it.
    pub(super) fn in_use(&self, trouble: &Trouble) -> Diagnostic {
        self.error(codes::IN_USE, format!("{} is still in use and cannot be deleted", self.address()))
            .note("service", quote(Verb::Delete, "FAILED", &trouble.failure))
            .next("remove what uses it, then run teardown again")
    }

    /// The operation failed, and the resource is as wanted all the same.
    pub(super) fn done_anyway(&self, verb: Verb, trouble: &Trouble) -> Diagnostic {
        let message = format!("the {verb} of {} failed, but the resource is as wanted", self.address());
        Diagnostic::warning(codes::DONE_ANYWAY, message)
            .at(self.planned.sources.resource.clone(), "")
            .note("resource", self.resource())
            .note("service", quote(verb, "FAILED", &trouble.failure))
    }

    /// What the service did not take. The first labels point at the declared values.
    pub(super) fn residue_warning(&self, residue: &[Change]) -> Diagnostic {
        let message = format!("the service did not take all of {} as declared", self.address());
        let mut problem = Diagnostic::warning(codes::RESIDUE, message);
        for change in residue.iter().take(5) {
            problem = problem.at(self.planned.sources.of(&change.path).clone(), change.label.clone());
        }
        let all = residue.iter().map(|change| change.label.as_str()).collect::<Vec<_>>().join(", ");
        problem.note("resource", self.resource()).note("differs", all).next("plan again to see the values")
    }

    /// Nothing is sent without a record of it.
    pub(super) fn not_sent_without_journal(&self) -> Diagnostic {
        self.error(codes::JOURNAL, format!("{} was not begun: the journal cannot be written", self.address()))
            .next("make room on the disk, then run the same command again")
    }

    /// Something that cannot be.
    pub(super) fn broken(&self, what: &str) -> Diagnostic {
        self.error(codes::BROKE_DOWN, format!("the work on {} broke down: {what}", self.address()))
            .next("report this with the log")
    }
}

/// `CREATE FAILED, InvalidRequest: "words"`.
fn quote(verb: Verb, how: &str, failure: &Failure) -> String {
    format!("{} {how}, {}", verb.to_string().to_uppercase(), words(failure))
}

fn words(failure: &Failure) -> String {
    if failure.message.is_empty() {
        format!("{}, without a word", failure.code)
    } else {
        format!("{}: \"{}\"", failure.code, failure.message)
    }
}
