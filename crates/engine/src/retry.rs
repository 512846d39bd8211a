//! When to try a call again: one pure decision for every call. There is no other retry layer.
//!
//! This is about *calls*. What to do about an accepted operation that failed is the unit's business.

use stack_core::provider::{Failure, FailureKind};
use std::time::Duration;

/// What kind of call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reads and lists, the caller's identity, the list of requests.
    Read,
    /// The state of an operation: repeated on the same ticket by its poll loop, here only briefly.
    Status,
    /// The start of an operation, always repeated with the same client token (cloud-control 1.8).
    Submit,
    /// The wish to stop an operation: one attempt, somebody is waiting at the keyboard.
    Cancel,
}

/// What to do after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tell the caller.
    Stop,
    /// Try again after this time.
    After(Duration),
}

/// The numbers of the decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Wait before the first repeat.
    pub base: Duration,
    /// Longest wait of our own choice.
    pub cap: Duration,
    /// Longest wait that a service may ask for.
    pub asked_cap: Duration,
    /// Repeats of a read that the service or its handler failed (cloud-control 1.6: at most 3).
    pub reads: u32,
    /// Repeats of a submit that had no answer or none of use.
    pub submits: u32,
    /// Repeats of one status call; its poll loop goes on anyway.
    pub statuses: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            asked_cap: Duration::from_secs(60),
            reads: 3,
            submits: 6,
            statuses: 1,
        }
    }
}

/// Decides about the repeat of a call. `attempt` counts the failures so far, throttled ones apart, from 1; `throttled`
/// counts the throttled ones. `jitter` is from 0 up to 1.
///
/// Throttled calls are repeated without end: only the run's own `--timeout` ends them (DESIGN section 6).
pub fn decide(
    call: Call,
    attempt: u32,
    throttled: u32,
    failure: &Failure,
    policy: &Policy,
    jitter: f64,
) -> Decision {
    let repeats = match (call, failure.kind) {
        (Call::Cancel, _) => return Decision::Stop,
        (_, FailureKind::Throttled) => return Decision::After(wait(throttled, failure, policy, jitter)),
        // The handler may have done a part: whoever sent it reads the state first (cloud-control 1.6).
        (Call::Submit, FailureKind::Unavailable) if failure.code.starts_with("Handler") => 0,
        (Call::Submit, FailureKind::NoAnswer | FailureKind::Unavailable) => policy.submits,
        (Call::Read, FailureKind::NoAnswer | FailureKind::Unavailable | FailureKind::Conflict) => {
            policy.reads
        }
        (Call::Status, FailureKind::NoAnswer | FailureKind::Unavailable) => policy.statuses,
        (Call::Read | Call::Status | Call::Submit, _) => 0,
    };
    if attempt <= repeats { Decision::After(wait(attempt, failure, policy, jitter)) } else { Decision::Stop }
}

/// Exponential with ±20 % jitter, or what the service asks for if that is longer.
fn wait(attempt: u32, failure: &Failure, policy: &Policy, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let own = policy.base.saturating_mul(1 << doublings).min(policy.cap).mul_f64(0.8 + 0.4 * jitter);
    failure.retry_after.map_or(own, |asked| asked.min(policy.asked_cap).max(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: f64 = 0.5;

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "Code", "words")
    }

    fn at(call: Call, attempt: u32, kind: FailureKind) -> Decision {
        decide(call, attempt, attempt, &failure(kind), &Policy::default(), MIDDLE)
    }

    #[test]
    fn reads_are_repeated_three_times_with_growing_waits() {
        let waits: Vec<_> = (1..=4).map(|n| at(Call::Read, n, FailureKind::Unavailable)).collect();
        assert_eq!(
            waits,
            [
                Decision::After(Duration::from_millis(500)),
                Decision::After(Duration::from_secs(1)),
                Decision::After(Duration::from_secs(2)),
                Decision::Stop,
            ]
        );
    }

    #[test]
    fn throttled_calls_are_repeated_for_ever_at_a_capped_pace() {
        assert_eq!(at(Call::Submit, 400, FailureKind::Throttled), Decision::After(Duration::from_secs(20)));
    }

    #[test]
    fn a_submit_is_repeated_when_nobody_knows_whether_it_arrived() {
        assert!(matches!(at(Call::Submit, 1, FailureKind::NoAnswer), Decision::After(_)));
        assert_eq!(at(Call::Submit, 7, FailureKind::NoAnswer), Decision::Stop);
    }

    #[test]
    fn a_submit_whose_handler_failed_is_not_repeated_blindly() {
        let handler = Failure::new(FailureKind::Unavailable, "HandlerFailureException", "");
        let decide = |call| decide(call, 1, 0, &handler, &Policy::default(), MIDDLE);
        assert_eq!(decide(Call::Submit), Decision::Stop);
        assert!(matches!(decide(Call::Read), Decision::After(_)));
    }

    #[test]
    fn refusals_are_not_repeated() {
        for kind in
            [FailureKind::Denied, FailureKind::Invalid, FailureKind::NotFound, FailureKind::Credentials]
        {
            assert_eq!(at(Call::Read, 1, kind), Decision::Stop);
            assert_eq!(at(Call::Submit, 1, kind), Decision::Stop);
        }
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_kept_up_to_a_minute() {
        let mut failure = failure(FailureKind::Throttled);
        failure.retry_after = Some(Duration::from_secs(7));
        assert_eq!(wait(1, &failure, &Policy::default(), MIDDLE), Duration::from_secs(7));
        failure.retry_after = Some(Duration::from_secs(3600));
        assert_eq!(wait(1, &failure, &Policy::default(), MIDDLE), Duration::from_secs(60));
    }

    #[test]
    fn jitter_moves_a_wait_by_a_fifth() {
        let wait = |jitter| wait(1, &failure(FailureKind::NoAnswer), &Policy::default(), jitter);
        assert_eq!(wait(0.0), Duration::from_millis(400));
        assert_eq!(wait(1.0), Duration::from_millis(600));
    }
}
