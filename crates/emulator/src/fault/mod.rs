//! Faults: when they strike and what they do.

mod traps;

pub use traps::trap;

use crate::dice::Dice;
use crate::wire::Op;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use stack_core::pointer::Pointer;

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls it strikes.
    #[serde(default)]
    pub when: Matcher,
    /// What happens.
    pub what: What,
}

/// Which calls a fault strikes. An empty field takes any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// The operation.
    pub operation: Option<Op>,
    /// Type, exact or with a trailing `*`.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Identifier in its `|` form. A create whose identifier the service assigns has none.
    pub identifier: Option<String>,
    /// The first matching call that is struck, counted from 1.
    pub nth: Option<u32>,
    /// How many matching calls are struck. `None`: one if `nth` is given, else all.
    pub times: Option<u32>,
    /// Chance in percent, after all else fits.
    pub percent: Option<u8>,
}

impl Matcher {
    /// Strikes every call of one operation on one type.
    pub fn on(operation: Op, ty: impl Into<String>) -> Self {
        Self { operation: Some(operation), ty: Some(ty.into()), ..Self::default() }
    }

    /// Strikes every call on one type.
    pub fn of_type(ty: impl Into<String>) -> Self {
        Self { ty: Some(ty.into()), ..Self::default() }
    }

    /// Strikes only the first `times` matching calls.
    #[must_use]
    pub fn first(self, times: u32) -> Self {
        Self { nth: Some(1), times: Some(times), ..self }
    }

    /// Strikes only the nth matching call.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth: Some(nth), times: Some(1), ..self }
    }

    fn fits(&self, call: &Struck<'_>) -> bool {
        self.operation.is_none_or(|op| op == call.op)
            && self.ty.as_deref().is_none_or(|name| call.ty.is_some_and(|ty| name_fits(name, ty)))
            && self.identifier.as_deref().is_none_or(|wanted| call.identifier == Some(wanted))
    }
}

/// True if the count-th matching call is struck: `times` calls from the `nth` on; without `times` one if `nth` is given,
/// else all.
pub(crate) fn is_struck(nth: Option<u32>, times: Option<u32>, count: u32) -> bool {
    let first = nth.unwrap_or(1).max(1);
    let times = times.or(nth.map(|_| 1));
    count >= first && times.is_none_or(|times| count - first < times)
}

/// A call as far as a matcher looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Struck<'c> {
    pub(crate) op: Op,
    pub(crate) ty: Option<&'c str>,
    pub(crate) identifier: Option<&'c str>,
}

/// True if the name is the type's, or its prefix before a trailing `*`.
pub(crate) fn name_fits(name: &str, ty: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => ty.starts_with(prefix),
        None => name == ty,
    }
}

/// What a fault does. Numbers in brackets are the traps of cloud-control 7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The front end throttles (`com.amazon.coral.availability#ThrottlingException`).
    Throttle,
    /// The service throttles (`com.amazon.cloudapiservice#ThrottlingException`).
    ThrottleModelled,
    /// HTTP 500 with ServiceInternalErrorException.
    ServiceError,
    /// HTTP 503 without a body that the protocol knows.
    Unavailable,
    /// Any error answer.
    Error {
        /// `__type`, with or without its prefix.
        code: String,
        /// Words.
        #[serde(default)]
        message: String,
        /// HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// The caller may not make this call.
    Denied {
        /// HTTP status; not established for the front end (cloud-control 10, point 4).
        #[serde(default = "forbidden")]
        status: u16,
    },
    /// The answer takes longer.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The call is carried out, but its answer never arrives.
    LostReply,
    /// The call never arrives.
    LostRequest,
    /// The operation stays IN_PROGRESS until the handler's time is up, then fails with NotStabilized.
    Stuck,
    /// The operation takes longer.
    Slow {
        /// Milliseconds.
        ms: i64,
    },
    /// The operation ends FAILED.
    Fail {
        /// Handler error code.
        code: String,
        /// Words, possibly none (86).
        #[serde(default)]
        message: String,
        /// The work is done all the same: a create leaves the resource, an update its changes (84, 85, 94).
        #[serde(default)]
        effect: bool,
        /// The event names the identifier.
        #[serde(default)]
        identifier: bool,
    },
    /// A hook fails the operation, or warns (102).
    Hook {
        /// Hook type.
        name: String,
        /// Its words.
        message: String,
        /// `FAIL` or `WARN`.
        #[serde(default = "fail_mode")]
        mode: String,
    },
    /// After a create, reads do not find the resource for a while (90). Strikes the create.
    ReadLag {
        /// That many reads.
        #[serde(default)]
        reads: u32,
        /// And so long.
        #[serde(default)]
        ms: i64,
    },
    /// Lists show a create or delete later. Strikes the create or delete.
    ListLag {
        /// Milliseconds.
        ms: i64,
    },
    /// A deleted resource stays in listings, and blocks its name, with these properties (76, 77). Strikes the delete.
    Tombstone {
        /// Set in what the listing shows.
        #[serde(default)]
        set: Map<String, Json>,
        /// Reads find it too (77).
        #[serde(default)]
        readable: bool,
    },
    /// Unordered arrays come in another order on every read (16). Strikes reads, updates and lists.
    Reorder,
    /// Unset arrays and texts of the top level are read as empty ones (23, 25, 26, 29).
    Husks,
    /// What reads show differs from what is stored (24, 27, 28, 31, 32, 33, 34, 37, 43).
    Reads {
        /// Pointer → value shown.
        #[serde(default)]
        set: Map<String, Json>,
        /// Pointers not shown.
        #[serde(default)]
        hide: Vec<Pointer>,
    },
    /// Updates report SUCCESS but keep what the patch removed (58).
    IgnoreRemove {
        /// Only at these places; empty: everywhere.
        #[serde(default)]
        only: Vec<Pointer>,
    },
    /// Creates and updates do not take these properties (41).
    IgnoreProperties {
        /// Places.
        only: Vec<Pointer>,
    },
    /// Updates lose the write-only values that they do not carry.
    ForgetWriteOnly,
    /// A patch that names a container of protected members is refused (12, 13).
    RefuseContainers,
    /// Something else changes the resource just before the call is handled.
    OutOfBand {
        /// Merge patch (RFC 7396); null deletes the resource.
        patch: Json,
    },
    /// The trap of that number, for the types that the matcher names.
    Trap {
        /// Number in cloud-control 7.
        number: u16,
    },
}

fn bad_request() -> u16 {
    400
}
fn forbidden() -> u16 {
    403
}
fn fail_mode() -> String {
    "FAIL".to_owned()
}

impl What {
    /// FAILED with a code and words, nothing done.
    pub fn fail(code: &str, message: &str) -> Self {
        Self::Fail { code: code.to_owned(), message: message.to_owned(), effect: false, identifier: false }
    }

    /// The faults that a retry gets past.
    fn transient() -> Vec<Self> {
        vec![
            Self::Throttle,
            Self::ThrottleModelled,
            Self::ServiceError,
            Self::Delay { ms: 1_500 },
            Self::LostReply,
            Self::LostRequest,
            Self::fail("Throttling", "Rate exceeded"),
            Self::fail("ServiceInternalError", "Internal failure, try again"),
            Self::Slow { ms: 5_000 },
            Self::ReadLag { reads: 2, ms: 0 },
        ]
    }
}

/// The faults in force, and how often each matched.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Armed {
    fault: Fault,
    seen: u32,
}

impl Faults {
    /// Arms a fault; a trap becomes the faults that make it.
    pub(crate) fn arm(&mut self, fault: Fault) {
        if let What::Trap { number } = fault.what {
            for part in trap(number, fault.when.ty.as_deref().unwrap_or("*")) {
                let when =
                    Matcher { operation: part.when.operation.or(fault.when.operation), ..fault.when.clone() };
                self.armed.push(Armed { fault: Fault { when, what: part.what }, seen: 0 });
            }
        } else {
            self.armed.push(Armed { fault, seen: 0 });
        }
    }

    /// Disarms all.
    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// What strikes this call. Counts it.
    pub(crate) fn strike(&mut self, call: &Struck<'_>, dice: &mut Dice) -> Vec<What> {
        let mut struck = Vec::new();
        for armed in self.armed.iter_mut().filter(|armed| armed.fault.when.fits(call)) {
            armed.seen = armed.seen.saturating_add(1);
            let chance = armed.fault.when.percent.is_none_or(|percent| dice.percent(percent));
            let Matcher { nth, times, .. } = armed.fault.when;
            if is_struck(nth, times, armed.seen) && chance {
                struck.push(armed.fault.what.clone());
            }
        }
        struck
    }

    /// A random fault.
    pub(crate) fn random(chaos: &crate::config::Chaos, call_number: u64) -> Option<What> {
        let mut dice = Dice::of_text(chaos.seed, &format!("chaos {call_number}"));
        if !dice.percent(chaos.percent) {
            return None;
        }
        let transient;
        let kinds = if chaos.kinds.is_empty() {
            transient = What::transient();
            &transient
        } else {
            &chaos.kinds
        };
        kinds.get(dice.below(kinds.len() as u64) as usize).cloned()
    }
}
