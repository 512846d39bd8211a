//! Numbers of the engine's diagnostics: 3xxx answers of providers, 6xxx journals and rollback, 7xxx credentials.

use stack_core::diagnostic::Code;

/// The account does not allow it.
pub const DENIED: Code = Code(3102);
/// A quota is used up.
pub const QUOTA: Code = Code(3103);
/// It exists already and is not ours to change.
pub const EXISTS: Code = Code(3104);
/// The change needs a replacement.
pub const NEEDS_REPLACEMENT: Code = Code(3105);
/// The operation ended without the resource settling.
pub const NOT_SETTLED: Code = Code(3106);
/// The service refused the request.
pub const REFUSED: Code = Code(3107);
/// Nobody knows how the operation ended.
pub const UNKNOWN_END: Code = Code(3108);
/// A delete that no read confirms.
pub const NOT_GONE: Code = Code(3109);
/// Made or changed, says the service, but reads do not show it.
pub const NOT_VISIBLE: Code = Code(3110);
/// Somebody cancelled the operation.
pub const CANCELLED: Code = Code(3111);
/// Another operation holds the resource.
pub const BUSY: Code = Code(3112);
/// Something else still uses what is to be deleted.
pub const IN_USE: Code = Code(3113);
/// The service does not answer.
pub const NO_ANSWER: Code = Code(3114);
/// The service failed.
pub const SERVICE_FAILED: Code = Code(3115);
/// The service does not do this.
pub const UNSUPPORTED: Code = Code(3116);
/// It vanished while it was worked on.
pub const VANISHED: Code = Code(3117);
/// The operation failed, but the resource is as wanted (a warning).
pub const DONE_ANYWAY: Code = Code(3118);
/// The service did not take everything (a warning).
pub const RESIDUE: Code = Code(3119);
/// The run's time is over.
pub const TIME_IS_OVER: Code = Code(3120);
/// A unit of work broke down: a bug.
pub const BROKE_DOWN: Code = Code(3121);
/// The journal cannot be written.
pub const JOURNAL: Code = Code(6101);
/// An operation of an earlier run may still be running.
pub const EARLIER_OPEN: Code = Code(6102);
/// An earlier run was closed (a note).
pub const EARLIER_CLOSED: Code = Code(6103);
/// What a rollback left.
pub const NOT_UNDONE: Code = Code(6104);
/// Credentials are missing, wrong or expired.
pub const CREDENTIALS: Code = Code(7103);

/// Every number with its title, for `explain`.
pub const ALL: &[(Code, &str)] = &[
    (DENIED, "the account does not allow the operation"),
    (QUOTA, "a quota of the account is used up"),
    (EXISTS, "the resource exists already"),
    (NEEDS_REPLACEMENT, "the change needs a replacement"),
    (NOT_SETTLED, "the operation ended without the resource settling"),
    (REFUSED, "the service refused the request"),
    (UNKNOWN_END, "nobody knows how the operation ended"),
    (NOT_GONE, "the delete is not confirmed by a read"),
    (NOT_VISIBLE, "the result is not visible in reads"),
    (CANCELLED, "somebody cancelled the operation"),
    (BUSY, "another operation holds the resource"),
    (IN_USE, "something else still uses the resource"),
    (NO_ANSWER, "the service does not answer"),
    (SERVICE_FAILED, "the service failed"),
    (UNSUPPORTED, "the service does not support the operation"),
    (VANISHED, "the resource vanished while it was worked on"),
    (DONE_ANYWAY, "the operation failed, but the resource is as wanted"),
    (RESIDUE, "the service did not take every declared value"),
    (TIME_IS_OVER, "the run's time is over"),
    (BROKE_DOWN, "a unit of work broke down; this is a bug"),
    (JOURNAL, "the journal cannot be written"),
    (EARLIER_OPEN, "an operation of an earlier run may still be running"),
    (EARLIER_CLOSED, "an earlier run was closed"),
    (NOT_UNDONE, "a change of this run could not be undone"),
    (CREDENTIALS, "credentials are missing, wrong or expired"),
];
