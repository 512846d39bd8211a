//! Exit codes: a public, documented type, fixed from the first release (plan-ux 6).

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done; for `plan` and `drift` also when there are changes, unless [`Exit::Changes`] was asked for.
    Done = 0,
    /// Error; nothing was changed by this run.
    Error = 1,
    /// `plan` or `drift` with `--detailed-exitcode`: changes present, no error.
    Changes = 2,
    /// Blocked by a guardrail, protection or live usage.
    Blocked = 3,
    /// The saved plan is stale.
    Stale = 4,
    /// Busy: another run, or a request in flight on the same resource.
    Busy = 5,
    /// Changed but not as planned: some failed without rollback, delete unconfirmed, or not converged.
    Partial = 6,
    /// Failed and completely rolled back.
    RolledBack = 7,
    /// Failed and not everything could be undone.
    NotUndone = 8,
    /// Wrong usage. clap's own 2 would read as "changes".
    Usage = 64,
    /// A bug: a panic was caught, the journal is flushed.
    Bug = 70,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
    /// Stopped by TERM.
    Terminated = 143,
}

impl Exit {
    /// The number for the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_contract() {
        let all = [
            (Exit::Done, 0),
            (Exit::Error, 1),
            (Exit::Changes, 2),
            (Exit::Blocked, 3),
            (Exit::Stale, 4),
            (Exit::Busy, 5),
            (Exit::Partial, 6),
            (Exit::RolledBack, 7),
            (Exit::NotUndone, 8),
            (Exit::Usage, 64),
            (Exit::Bug, 70),
            (Exit::Interrupted, 130),
            (Exit::Terminated, 143),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code);
        }
    }
}
