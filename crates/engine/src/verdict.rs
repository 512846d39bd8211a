//! What to do about an operation that failed: one pure decision, row by row of cloud-control 1.5, 1.6, 4.3 and 4.4.
//!
//! Calls that failed are repeated elsewhere ([`crate::retry`]); this is about operations. Every further round has its
//! own client token, and the state is read and the step decided again before it.

use stack_core::event::WaitReason;
use stack_core::provider::{Failure, FailureKind, Transience, Verb};
use std::time::Duration;

/// Further rounds after failures that the contract calls retriable.
const ROUNDS: u32 = 3;
/// Operations of others that are waited for.
const FOLLOWED: u32 = 10;
/// Siblings that are waited for.
const YIELDS: u32 = 30;
/// Words of propagation count only so long after a dependency changed (cloud-control 4.4).
const FRESH: Duration = Duration::from_secs(120);

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Wait, read, decide again.
    Again {
        /// How long.
        after: Duration,
        /// Why.
        why: WaitReason,
    },
    /// Wait for the operation that is in the way, read, decide again.
    Follow,
    /// Create: it is there. Read whose it is.
    Exists,
    /// It is not there.
    Vanished,
    /// Delete: others go first.
    Requeue,
    /// It stays failed.
    Final,
}

/// How many rounds of each kind there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried {
    retriable: u32,
    internal: u32,
    followed: u32,
    propagation: u32,
    busy: u32,
    cool_downs: u32,
    yielded: u32,
}

impl Tried {
    /// All further rounds so far.
    pub(crate) fn total(&self) -> u32 {
        let Self { retriable, internal, followed, propagation, busy, cool_downs, yielded } = self;
        retriable + internal + followed + propagation + busy + cool_downs + yielded
    }

    /// True if the step may still wait for a sibling instead of spending a round.
    pub(crate) fn may_yield(&self) -> bool {
        self.yielded < YIELDS
    }

    /// The last verdict cost no round: the step waited for a sibling.
    pub(crate) fn yielded(&mut self) {
        self.retriable = self.retriable.saturating_sub(1);
        self.yielded += 1;
    }

    /// Decides and counts. `since_change`: how long ago this run changed something that the resource depends on.
    pub(crate) fn verdict(
        &mut self,
        verb: Verb,
        failure: &Failure,
        transience: Option<Transience>,
        since_change: Option<Duration>,
        jitter: f64,
    ) -> Verdict {
        match failure.kind {
            FailureKind::NotFound => return Verdict::Vanished,
            FailureKind::AlreadyExists if verb == Verb::Create => return Verdict::Exists,
            FailureKind::Busy | FailureKind::TokenConflict => {
                self.followed += 1;
                return if self.followed <= FOLLOWED { Verdict::Follow } else { Verdict::Final };
            }
            FailureKind::AlreadyExists
            | FailureKind::NotUpdatable
            | FailureKind::Quota
            | FailureKind::Credentials
            | FailureKind::Unsupported
            | FailureKind::Cancelled
            | FailureKind::RequestUnknown
            | FailureKind::NoAnswer => return Verdict::Final,
            FailureKind::Throttled
            | FailureKind::Conflict
            | FailureKind::Denied
            | FailureKind::Invalid
            | FailureKind::NotStabilized
            | FailureKind::Unavailable
            | FailureKind::Internal => {}
        }
        if let Some(condition) = transience
            && let Some(verdict) = self.passing(verb, condition, since_change, jitter)
        {
            return verdict;
        }
        match failure.kind {
            FailureKind::Throttled
            | FailureKind::Conflict
            | FailureKind::NotStabilized
            | FailureKind::Unavailable => {
                self.retriable += 1;
                again(self.retriable, ROUNDS, Duration::from_secs(5), WaitReason::NextRound, jitter)
            }
            // Often without a word; worth one more round after a read.
            FailureKind::Internal if failure.code.contains("Internal") => {
                self.internal += 1;
                again(self.internal, 1, Duration::from_secs(5), WaitReason::NextRound, jitter)
            }
            _ => Verdict::Final,
        }
    }

    fn passing(
        &mut self,
        verb: Verb,
        condition: Transience,
        since_change: Option<Duration>,
        jitter: f64,
    ) -> Option<Verdict> {
        match condition {
            Transience::Role | Transience::Principal | Transience::Network => {
                if since_change.is_none_or(|since| since >= FRESH) {
                    return None;
                }
                self.propagation += 1;
                let after = spread(Duration::from_secs(5) * self.propagation.min(4), jitter);
                Some(Verdict::Again { after, why: WaitReason::Propagation })
            }
            Transience::Busy => {
                self.busy += 1;
                Some(again(self.busy, 2 * ROUNDS, Duration::from_secs(5), WaitReason::Busy, jitter))
            }
            // The wait that the best known of them asks for is a minute.
            Transience::CoolDown => {
                self.cool_downs += 1;
                let after = Duration::from_secs(65);
                Some(if self.cool_downs <= 2 {
                    Verdict::Again { after, why: WaitReason::NextRound }
                } else {
                    Verdict::Final
                })
            }
            Transience::InUse => (verb == Verb::Delete).then_some(Verdict::Requeue),
        }
    }
}

fn again(nth: u32, at_most: u32, base: Duration, why: WaitReason, jitter: f64) -> Verdict {
    if nth > at_most {
        return Verdict::Final;
    }
    let after = base.saturating_mul(1 << (nth - 1).min(4)).min(Duration::from_secs(60));
    Verdict::Again { after: spread(after, jitter), why }
}

fn spread(wait: Duration, jitter: f64) -> Duration {
    wait.mul_f64(0.8 + 0.4 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(tried: &mut Tried, verb: Verb, kind: FailureKind, code: &str) -> Verdict {
        tried.verdict(verb, &Failure::new(kind, code, ""), None, None, 0.5)
    }

    fn once(verb: Verb, kind: FailureKind) -> Verdict {
        ask(&mut Tried::default(), verb, kind, "Code")
    }

    #[test]
    fn retriable_failures_have_three_further_rounds() {
        for kind in [
            FailureKind::Throttled,
            FailureKind::Conflict,
            FailureKind::NotStabilized,
            FailureKind::Unavailable,
        ] {
            let mut tried = Tried::default();
            let verdicts: Vec<_> = (0..4).map(|_| ask(&mut tried, Verb::Update, kind, "Code")).collect();
            let wait = |s| Verdict::Again { after: Duration::from_secs(s), why: WaitReason::NextRound };
            assert_eq!(verdicts, [wait(5), wait(10), wait(20), Verdict::Final]);
        }
    }

    #[test]
    fn terminal_failures_are_final() {
        for kind in [
            FailureKind::Invalid,
            FailureKind::Denied,
            FailureKind::Credentials,
            FailureKind::NotUpdatable,
            FailureKind::Quota,
            FailureKind::Unsupported,
            FailureKind::Cancelled,
        ] {
            assert_eq!(once(Verb::Create, kind), Verdict::Final, "{kind:?}");
        }
    }

    #[test]
    fn an_internal_failure_has_one_further_round_and_a_general_one_none() {
        let mut tried = Tried::default();
        assert!(matches!(
            ask(&mut tried, Verb::Create, FailureKind::Internal, "InternalFailure"),
            Verdict::Again { .. }
        ));
        assert_eq!(ask(&mut tried, Verb::Create, FailureKind::Internal, "InternalFailure"), Verdict::Final);
        let mut tried = Tried::default();
        assert_eq!(
            ask(&mut tried, Verb::Create, FailureKind::Internal, "GeneralServiceException"),
            Verdict::Final
        );
    }

    #[test]
    fn presence_and_absence_are_looked_into() {
        assert_eq!(once(Verb::Create, FailureKind::AlreadyExists), Verdict::Exists);
        assert_eq!(once(Verb::Update, FailureKind::AlreadyExists), Verdict::Final);
        assert_eq!(once(Verb::Delete, FailureKind::NotFound), Verdict::Vanished);
        assert_eq!(once(Verb::Update, FailureKind::Busy), Verdict::Follow);
    }

    #[test]
    fn words_of_propagation_count_only_after_a_recent_change() {
        let failure = Failure::new(FailureKind::Invalid, "InvalidRequest", "cannot be assumed");
        let ask = |since: Option<u64>| {
            Tried::default().verdict(
                Verb::Create,
                &failure,
                Some(Transience::Role),
                since.map(Duration::from_secs),
                0.5,
            )
        };
        assert!(matches!(ask(Some(10)), Verdict::Again { why: WaitReason::Propagation, .. }));
        assert_eq!(ask(Some(121)), Verdict::Final);
        assert_eq!(ask(None), Verdict::Final);
    }

    #[test]
    fn a_delete_that_is_in_the_way_of_others_goes_behind_them() {
        let failure = Failure::new(FailureKind::Invalid, "InvalidRequest", "DependencyViolation");
        let ask = |verb| Tried::default().verdict(verb, &failure, Some(Transience::InUse), None, 0.5);
        assert_eq!(ask(Verb::Delete), Verdict::Requeue);
        assert_eq!(ask(Verb::Update), Verdict::Final);
    }
}
