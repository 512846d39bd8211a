//! The one place that classifies what went wrong: which exit code, which hint. Libraries stay small and typed.

pub mod codes;

use crate::exit::Exit;
use crate::render::json::v1::ReadError;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::planner::is_refusal;
use stack_core::provider::{Failure, FailureKind};
use stack_engine::store::StoreError;
use stack_providers::NetError;
use stack_providers::aws::ConnectError;
use std::path::Path;

/// A command that cannot go on: what to tell, and how to end.
#[derive(Debug)]
pub struct Stopped {
    /// How the program ends.
    pub exit: Exit,
    /// What to tell. May be empty where everything was told before.
    pub told: Diagnostics,
}

impl Stopped {
    /// Ends with this code and these words.
    pub fn new(exit: Exit, diagnostic: Diagnostic) -> Self {
        Self { exit, told: vec![diagnostic] }
    }

    /// Nothing left to tell.
    pub fn quiet(exit: Exit) -> Self {
        Self { exit, told: Vec::new() }
    }

    /// The same problem, met after resources were changed: 1 would say that nothing was.
    #[must_use]
    pub fn after_changes(mut self) -> Self {
        if self.exit == Exit::Error {
            self.exit = Exit::Partial;
            self.told =
                self.told.into_iter().map(|d| d.note("resources", "were changed by this run")).collect();
        }
        self
    }

    /// Something is wrong with the manifest or the plan: refusals end with 3, everything else with 1.
    pub fn problems(told: Diagnostics) -> Self {
        Self { exit: exit_of(&told), told }
    }

    /// Wrong usage that only shows after parsing.
    pub fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, Diagnostic::error(codes::NO_CONSENT, message).next(next))
    }

    /// A file could not be read.
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{} cannot be read: {}", path.display(), reason(error));
        Self::new(Exit::Error, Diagnostic::error(codes::UNREADABLE_FILE, message))
    }

    /// A file could not be written.
    pub fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{} cannot be written: {}", path.display(), reason(error));
        Self::new(Exit::Error, Diagnostic::error(codes::UNWRITABLE_FILE, message))
    }

    /// A saved plan that cannot be used. `edited`: how a command ends whose plan was changed after it was saved.
    pub fn plan_file(path: &Path, error: &ReadError, edited: Exit) -> Self {
        let diagnostic =
            Diagnostic::error(codes::BAD_PLAN_FILE, format!("{} cannot be used: {error}", path.display()));
        let (exit, next) = match error {
            ReadError::Version(_) => (Exit::Stale, "plan again with this version of stack-deploy"),
            ReadError::Edited { .. } | ReadError::EditedMeta | ReadError::Nonce => {
                (edited, "plan again, and look at what it says; nothing was changed")
            }
            ReadError::Shape(_) | ReadError::Format(_) => {
                (Exit::Error, "give the file that `plan --out` wrote")
            }
        };
        Self::new(exit, diagnostic.next(next))
    }
}

/// 3 if everything that is wrong is a refusal, else 1.
pub fn exit_of(told: &[Diagnostic]) -> Exit {
    let mut errors = told.iter().filter(|d| d.is_error()).peekable();
    if errors.peek().is_some() && errors.all(|d| is_refusal(d.code)) { Exit::Blocked } else { Exit::Error }
}

/// The operating system's words without their number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Locked(_) => Self::new(
                Exit::Busy,
                Diagnostic::error(codes::LOCKED, error.to_string())
                    .next("wait until it has ended; nothing was changed"),
            ),
            StoreError::Io { .. } | StoreError::Corrupt { .. } => Self::new(
                Exit::Error,
                Diagnostic::error(codes::STORE, error.to_string())
                    .next("the folder .stack-deploy is a convenience: moving it away changes no result"),
            ),
            StoreError::Exists(_) | StoreError::Missing(_) | StoreError::Dead => {
                Self::new(Exit::Error, Diagnostic::error(codes::STORE, error.to_string()))
            }
        }
    }
}

impl From<NetError> for Stopped {
    fn from(error: NetError) -> Self {
        Self::new(Exit::Error, Diagnostic::error(codes::CONNECT, error.to_string()))
    }
}

impl From<ConnectError> for Stopped {
    fn from(error: ConnectError) -> Self {
        let next = match &error {
            ConnectError::Endpoint { .. } => "write it as https://host or http://127.0.0.1:port",
            ConnectError::NoProfile { .. } => {
                "choose one of those with --profile, or write it into ~/.aws/config"
            }
            ConnectError::Files(_) => "mend ~/.aws/config and ~/.aws/credentials",
        };
        Self::new(Exit::Error, Diagnostic::error(codes::CONNECT, error.to_string()).next(next))
    }
}

/// A failed question who we are.
pub fn caller_failed(failure: &Failure) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::CALLER, "the cloud does not say who we are")
        .note("service", format!("{}: {}", failure.code, failure.message));
    let diagnostic = match &failure.request_id {
        Some(id) => diagnostic.note("request", id),
        None => diagnostic,
    };
    diagnostic.next(match failure.kind {
        FailureKind::Credentials => {
            "give credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, --profile NAME, or try it with --sandbox"
        }
        FailureKind::NoAnswer | FailureKind::Unavailable => "check the network and AWS_ENDPOINT_URL, then try again",
        FailureKind::Denied => "allow sts:GetCallerIdentity to these credentials",
        _ => "mend the cause and try again",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::diagnostic::Code;

    #[test]
    fn only_refusals_alone_end_with_three() {
        let refusal = Diagnostic::error(Code(5101), "protected");
        let wrong = Diagnostic::error(Code(1203), "undefined");
        assert_eq!(exit_of(std::slice::from_ref(&refusal)), Exit::Blocked);
        assert_eq!(exit_of(&[refusal, wrong]), Exit::Error);
        assert_eq!(exit_of(&[]), Exit::Error);
    }

    #[test]
    fn a_taken_lock_is_busy() {
        assert_eq!(Stopped::from(StoreError::Locked(None)).exit, Exit::Busy);
    }
}
