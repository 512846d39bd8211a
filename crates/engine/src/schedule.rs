//! When to ask for an operation's state, and when to give up (cloud-control 4.2). Pure.

use stack_core::provider::Verb;
use stack_core::schema::{Handler, ResourceSchema};
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const GROWTH: f64 = 1.5;
const CAP: Duration = Duration::from_secs(10);
/// After this time an operation is a long one.
const LONG: Duration = Duration::from_secs(600);
const LONG_INTERVAL: Duration = Duration::from_secs(30);
/// A service may ask for a longer wait, up to this.
const ASKED_CAP: Duration = Duration::from_secs(60);

/// The waits between questions about one operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    asked: u32,
}

impl Schedule {
    /// The wait before the next question. `elapsed` since the operation was accepted; `ahead` is how far the service's
    /// own `RetryAfter` lies ahead, zero if it does not; `jitter` from 0 up to 1.
    pub(crate) fn next(&mut self, elapsed: Duration, ahead: Duration, jitter: f64) -> Duration {
        let nth = self.asked;
        self.asked += 1;
        if !ahead.is_zero() {
            // Asking faster than about once a second buys nothing (cloud-control 1.10).
            return ahead.clamp(FIRST, ASKED_CAP);
        }
        if elapsed >= LONG {
            return LONG_INTERVAL;
        }
        if nth == 0 {
            return FIRST;
        }
        // Beyond this power the cap holds anyway.
        let grown = FIRST.mul_f64(GROWTH.powi(nth.min(32).cast_signed()));
        grown.min(CAP).mul_f64(0.8 + 0.4 * jitter).min(CAP)
    }
}

/// How long one operation may take: what the user says, else the handler's own limit and a tenth.
pub(crate) fn limit(schema: &ResourceSchema, verb: Verb, asked: Option<Duration>) -> Duration {
    let handler = match verb {
        Verb::Create => &schema.handlers.create,
        Verb::Update => &schema.handlers.update,
        Verb::Delete => &schema.handlers.delete,
    };
    let minutes =
        handler.as_ref().map_or_else(|| Handler::default().timeout_minutes(), Handler::timeout_minutes);
    asked.unwrap_or_else(|| Duration::from_secs(minutes.saturating_mul(66)))
}

/// The waits between reads that should see what was just made: six over about a minute.
pub(crate) const READ_BACK: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
];

/// The waits between reads that should no longer see what was just deleted.
pub(crate) const GONE: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// The waits before a value that the service did not take is believed: updates show late too.
pub(crate) const RESIDUE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn waits_grow_by_half_to_ten_seconds() {
        let mut schedule = Schedule::default();
        let waits: Vec<f64> = (0..9).map(|_| schedule.next(NONE, NONE, 0.5).as_secs_f64()).collect();
        assert_eq!(waits, [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn jitter_is_a_fifth_and_never_passes_the_cap() {
        let at = |jitter| {
            let mut schedule = Schedule { asked: 1 };
            schedule.next(NONE, NONE, jitter)
        };
        assert_eq!(at(0.0), Duration::from_millis(1200));
        assert_eq!(at(1.0), Duration::from_millis(1800));
        assert_eq!(Schedule { asked: 20 }.next(NONE, NONE, 1.0), CAP);
        assert_eq!(Schedule { asked: u32::MAX - 1 }.next(NONE, NONE, 1.0), CAP);
    }

    #[test]
    fn long_operations_are_asked_twice_a_minute() {
        assert_eq!(Schedule { asked: 60 }.next(LONG, NONE, 0.1), LONG_INTERVAL);
    }

    #[test]
    fn the_services_wish_is_kept_up_to_a_minute() {
        let ahead = |seconds| Schedule::default().next(NONE, Duration::from_secs(seconds), 0.5).as_secs();
        assert_eq!([ahead(4), ahead(3600)], [4, 60]);
        assert_eq!(Schedule::default().next(NONE, Duration::from_millis(1), 0.5), FIRST);
    }

    #[test]
    fn the_limit_is_the_handlers_and_a_tenth_unless_the_user_says() {
        let mut schema: ResourceSchema =
            serde_json::from_str(r#"{"typeName":"A::B::C","handlers":{"create":{"timeoutInMinutes":10}}}"#)
                .unwrap();
        assert_eq!(limit(&schema, Verb::Create, None), Duration::from_secs(660));
        assert_eq!(limit(&schema, Verb::Delete, None), Duration::from_secs(132 * 60));
        assert_eq!(limit(&schema, Verb::Create, Some(Duration::from_secs(9))), Duration::from_secs(9));
        schema.handlers.create = None;
        assert_eq!(limit(&schema, Verb::Create, None), Duration::from_secs(132 * 60));
    }

    #[test]
    fn reading_back_takes_about_a_minute() {
        assert_eq!(READ_BACK.iter().sum::<Duration>(), Duration::from_millis(55_500));
    }
}
