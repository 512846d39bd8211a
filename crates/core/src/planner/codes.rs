//! Numbers of the planner's diagnostics: 2xxx planning, 5xxx guardrails and protection.

use crate::diagnostic::Code;

/// The identifier cannot be derived from the manifest.
pub const NO_IDENTITY: Code = Code(2101);
/// Two resources of the manifest are the same live resource.
pub const SAME_RESOURCE: Code = Code(2102);
/// The live resource belongs to somebody else.
pub const FOREIGN: Code = Code(2103);
/// The live resource could not be read.
pub const UNREADABLE: Code = Code(2104);
/// A replacement of a resource that this stack does not own.
pub const REPLACE_UNOWNED: Code = Code(2105);
/// A pinned identifier will be stale after the replacement.
pub const STALE_PIN: Code = Code(2106);
/// `identifier` has the wrong number of parts.
pub const BAD_PIN: Code = Code(2107);
/// A value comes from a resource that is skipped in this environment.
pub const NEEDS_SKIPPED: Code = Code(2108);
/// Left alone at teardown because it is not ours.
pub const NOT_OURS: Code = Code(2109);
/// The type is not available in the region.
pub const NOT_IN_REGION: Code = Code(2110);
/// The service does not carry out a declared null.
pub const REMOVE_IGNORED: Code = Code(2111);
/// An inline list is left to resources of the stack that own the same values.
pub const SIBLING_OWNED: Code = Code(2112);
/// Several live resources could be one of the manifest.
pub const AMBIGUOUS: Code = Code(2113);
/// A live resource looks like one that is about to be made.
pub const LOOKALIKE: Code = Code(2114);
/// A live resource matches, and nobody can tell whose it is.
pub const UNPROVABLE: Code = Code(2115);
/// An orphan cannot be told for sure.
pub const ORPHAN_IN_DOUBT: Code = Code(2116);
/// At run time the plan no longer holds.
pub const NO_LONGER_HOLDS: Code = Code(2201);
/// At run time a value is still unknown.
pub const STILL_UNKNOWN: Code = Code(2202);
/// At run time an update turned into a replacement.
pub const BECAME_REPLACE: Code = Code(2203);
/// `lifecycle.prevent_destroy`.
pub const PROTECTED: Code = Code(5101);
/// `settings.guardrails`.
pub const GUARDRAIL: Code = Code(5102);
/// Replacing a data store.
pub const DATA_LOSS: Code = Code(5103);
