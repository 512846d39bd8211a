//! Faults of the REST planes: when they strike and what they do.

use crate::dice::Dice;
use crate::fault::{is_struck, name_fits};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

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
    /// `create`, `read`, `list`, `update`, `delete`, or the name of another operation such as `validate`.
    pub operation: Option<String>,
    /// Resource as in `confluent-api.tsv`, exact or with a trailing `*`.
    pub resource: Option<String>,
    /// The last id or name in the path.
    pub id: Option<String>,
    /// The first matching call that is struck, counted from 1.
    pub nth: Option<u32>,
    /// How many matching calls are struck. `None`: one if `nth` is given, else all.
    pub times: Option<u32>,
    /// Chance in percent, after all else fits.
    pub percent: Option<u8>,
}

impl Matcher {
    /// Strikes every call of one operation on one resource.
    pub fn on(operation: &str, resource: &str) -> Self {
        Self { operation: Some(operation.to_owned()), resource: Some(resource.to_owned()), ..Self::default() }
    }

    /// Strikes only the first `times` matching calls.
    #[must_use]
    pub fn first(self, times: u32) -> Self {
        Self { nth: Some(1), times: Some(times), ..self }
    }

    fn fits(&self, operation: &str, resource: &str, id: Option<&str>) -> bool {
        self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.resource.as_deref().is_none_or(|name| name_fits(name, resource))
            && self.id.as_deref().is_none_or(|wanted| id == Some(wanted))
    }
}

/// What a fault does. Numbers in brackets are the traps of confluent.md section 17.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// 429 (90). The rate headers come with it on the control plane only.
    Throttle {
        /// Seconds in `Retry-After`; `None`: no such header.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// An error answer in the plane's words (18, 32, 37, 92).
    Error {
        /// HTTP status.
        status: u16,
        /// Words.
        #[serde(default)]
        message: String,
        /// Number in the bodies of Kafka and Schema Registry.
        #[serde(default)]
        number: Option<u32>,
    },
    /// A page of a gateway in front (91).
    Page {
        /// HTTP status.
        status: u16,
    },
    /// Any body with any type, such as plain text that calls itself JSON (91).
    Raw {
        /// HTTP status.
        status: u16,
        /// Content type; empty: plain text.
        #[serde(default)]
        content_type: String,
        /// The body.
        body: String,
    },
    /// 307 to the same path elsewhere (93).
    Redirect {
        /// Scheme, host and port of that place.
        to: String,
    },
    /// A status with no body (91).
    Bare {
        /// HTTP status.
        status: u16,
    },
    /// The answer takes longer.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The call is carried out, but its answer never arrives (1).
    LostReply,
    /// The call never arrives.
    LostRequest,
    /// The created object goes through these phases instead of its own (33, 41, 45). Strikes the create.
    Phases {
        /// Milliseconds after the create, and the phase from then on.
        phases: Vec<(i64, String)>,
    },
    /// After a create, so many reads do not find the object (30).
    ReadLag {
        /// Number of reads.
        reads: u32,
    },
    /// Writes do not take these members, and say nothing (72).
    IgnoreMembers {
        /// Dotted paths.
        only: Vec<String>,
    },
    /// What reads and lists show differs from what is stored.
    Reads {
        /// Merge patch (RFC 7396).
        set: Map<String, Json>,
    },
    /// The answer is compressed without a header that says so (91).
    Gzip,
    /// 200 with an `error` member, and nothing done (86).
    ErrorInside {
        /// Words.
        message: String,
    },
}

impl What {
    /// The created object fails for good after so many milliseconds.
    pub fn failing_after(ms: i64) -> Self {
        Self::Phases { phases: vec![(0, "PROVISIONING".to_owned()), (ms, "FAILED".to_owned())] }
    }

    /// The faults that a retry gets past.
    fn transient() -> Vec<Self> {
        vec![
            Self::Throttle { retry_after: Some(1) },
            Self::Throttle { retry_after: None },
            Self::Error { status: 500, message: "Internal Server Error".to_owned(), number: None },
            Self::Page { status: 503 },
            Self::Delay { ms: 1_500 },
            Self::LostReply,
            Self::LostRequest,
        ]
    }
}

/// Random faults: each call is hit with the given chance by one of the kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Seed of the choices.
    pub seed: u64,
    /// Chance in percent.
    pub percent: u8,
    /// What may happen; empty: the transient ones.
    pub kinds: Vec<What>,
}

impl Default for Chaos {
    fn default() -> Self {
        Self { seed: 0, percent: 10, kinds: Vec::new() }
    }
}

impl Chaos {
    /// What strikes the call of that number.
    pub(crate) fn strike(&self, call_number: u64) -> Option<What> {
        let mut dice = Dice::of_text(self.seed, &format!("confluent chaos {call_number}"));
        if !dice.percent(self.percent) {
            return None;
        }
        let kinds = if self.kinds.is_empty() { What::transient() } else { self.kinds.clone() };
        kinds.get(dice.below(kinds.len() as u64) as usize).cloned()
    }
}

/// The faults in force, and how often each matched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<(Fault, u32)>,
}

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.armed.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// What strikes this call. Counts it.
    pub(crate) fn strike(
        &mut self,
        operation: &str,
        resource: &str,
        id: Option<&str>,
        dice: &mut Dice,
    ) -> Vec<What> {
        let mut struck = Vec::new();
        for (fault, seen) in self.armed.iter_mut().filter(|(f, _)| f.when.fits(operation, resource, id)) {
            *seen = seen.saturating_add(1);
            let chance = fault.when.percent.is_none_or(|percent| dice.percent(percent));
            if is_struck(fault.when.nth, fault.when.times, *seen) && chance {
                struck.push(fault.what.clone());
            }
        }
        struck
    }
}
