//! The one way to see an accepted operation to its end.

use crate::clock::{Clock, until};
use crate::paced::{OnWait, Paced};
use crate::schedule::Schedule;
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind, Progress, Status};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Polls in a row that failed in a way that does not pass by itself.
const HOPELESS: u32 = 5;

/// What it takes to follow an operation.
pub(crate) struct Following<'a> {
    pub(crate) provider: &'a Paced,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) at: &'a Target,
    pub(crate) watch: &'a dyn OnWait,
    /// Its deadline. Time spent throttled does not count.
    pub(crate) limit: Duration,
}

/// What one question for the state gave.
pub(crate) enum Polled<'p> {
    /// It still runs; about so long until the next question.
    Running(&'p Progress, Duration),
    /// The question failed. It is asked again.
    Unread(&'p Failure),
}

/// How following ended.
pub(crate) enum Followed {
    /// The operation has ended, well or badly.
    Ended(Progress),
    /// Nobody knows its end. With its last state.
    GivenUp(Progress, Failure),
    /// Somebody wanted to leave before its end. With its last state.
    Left(Progress),
}

impl Following<'_> {
    /// Asks for the state until it is final. Failed questions are asked again with the same handle. `told` hears every answer
    /// but the last; `leave` resolves when nobody waits any more.
    pub(crate) async fn to_end(
        &self,
        accepted: Progress,
        told: &mut (dyn FnMut(Polled<'_>) + Send),
        leave: impl Future<Output = ()>,
    ) -> Followed {
        if accepted.status.is_terminal() {
            return Followed::Ended(accepted);
        }
        let Self { provider, at, watch, limit, .. } = *self;
        let request = accepted.request.clone();
        let _flying = provider.flying(at);
        let (began, throttled_before) = (Instant::now(), watch.throttled());
        let mut leave = pin!(leave);
        let mut schedule = Schedule::default();
        let mut last = accepted;
        let mut hopeless = 0;
        loop {
            let throttled = watch.throttled().saturating_sub(throttled_before);
            let left = limit.saturating_sub(began.elapsed().saturating_sub(throttled));
            if left.is_zero() {
                let words =
                    format!("no end within {}, last state {}", words(limit), status_word(&last.status));
                return Followed::GivenUp(last, Failure::new(FailureKind::NoAnswer, "Deadline", words));
            }
            let ahead = last.retry_after.map_or(Duration::ZERO, |at| until(at, self.clock.now_ms()));
            let wait = schedule.next(began.elapsed(), ahead, provider.jitter());
            tokio::select! {
                biased;
                () = &mut leave => return Followed::Left(last),
                () = sleep(provider.stretched(at, wait).min(left)) => {}
            }
            match provider.poll_watched(at, &request, watch).await {
                Ok(progress) if progress.status.is_terminal() => return Followed::Ended(progress),
                Ok(progress) => {
                    hopeless = 0;
                    let next = schedule.clone().next(began.elapsed(), Duration::ZERO, 0.5);
                    told(Polled::Running(&progress, next));
                    last = progress;
                }
                Err(failure) => {
                    let passes = matches!(
                        failure.kind,
                        FailureKind::NoAnswer | FailureKind::Unavailable | FailureKind::Conflict
                    );
                    hopeless = if passes { 0 } else { hopeless + 1 };
                    told(Polled::Unread(&failure));
                    // What the service said last is too old to wait by.
                    last.retry_after = None;
                    if hopeless >= HOPELESS {
                        return Followed::GivenUp(last, failure);
                    }
                }
            }
        }
    }
}

fn words(limit: Duration) -> String {
    match limit.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// A status in the service's own word.
pub(crate) fn status_word(status: &Status) -> &str {
    match status {
        Status::Pending => "PENDING",
        Status::InProgress => "IN_PROGRESS",
        Status::Success => "SUCCESS",
        Status::Failed => "FAILED",
        Status::CancelInProgress => "CANCEL_IN_PROGRESS",
        Status::CancelComplete => "CANCEL_COMPLETE",
        Status::Other(word) => word,
    }
}
