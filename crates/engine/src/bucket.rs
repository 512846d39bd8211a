//! A token bucket as a pure value: how long until the next call may go.

use std::time::Duration;
use tokio::time::Instant;

/// How long a halved rate takes to come back: slowly, so that the next throttle is not provoked at once.
const RECOVERY: Duration = Duration::from_secs(60);
/// Throttles within this time are answers to the same burst and halve once.
const ONE_BURST: Duration = Duration::from_secs(1);
/// A rate never falls below this part of what was asked for.
const FLOOR: f64 = 1.0 / 16.0;

/// Calls per second with a little room for bursts. Every call reserves its own moment, so calls go in order.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    ceiling: f64,
    rate: f64,
    /// When the next call would go if there were no bursts.
    next: Instant,
    adjusted: Instant,
    halved: Option<Instant>,
}

impl Bucket {
    /// A full bucket. A rate of 0 means no limit.
    pub(crate) fn new(per_second: f64, now: Instant) -> Self {
        Self { ceiling: per_second, rate: per_second, next: now, adjusted: now, halved: None }
    }

    /// Reserves the moment of one call and says how far away it is.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        if self.ceiling <= 0.0 {
            return Duration::ZERO;
        }
        self.recover(now);
        let step = Duration::from_secs_f64(1.0 / self.rate);
        // A quarter of a second's calls may go at once, at least one.
        let room = step.mul_f64((self.rate / 4.0).max(1.0) - 1.0);
        let due = self.next.checked_sub(room).unwrap_or(now).max(now);
        self.next = self.next.max(now) + step;
        due - now
    }

    /// The service said: too many.
    pub(crate) fn halve(&mut self, now: Instant) {
        if self.ceiling <= 0.0 || self.halved.is_some_and(|at| now < at + ONE_BURST) {
            return;
        }
        self.recover(now);
        self.rate = (self.rate / 2.0).max(self.ceiling * FLOOR);
        self.halved = Some(now);
        // What was saved up for a burst is gone.
        self.next = self.next.max(now + Duration::from_secs_f64(1.0 / self.rate));
    }

    /// Calls per second at present; 0 means no limit.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    fn recover(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.adjusted);
        self.adjusted = now;
        let gain = self.ceiling / 2.0 * (passed.as_secs_f64() / RECOVERY.as_secs_f64());
        self.rate = (self.rate + gain).min(self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How many calls go within a time if each is asked for as soon as the one before has gone.
    fn calls_within(bucket: &mut Bucket, from: Instant, time: Duration) -> usize {
        let (mut now, mut calls) = (from, 0);
        loop {
            now += bucket.take(now);
            if now >= from + time {
                return calls;
            }
            calls += 1;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_keeps_its_rate_after_a_small_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(20.0, start);
        let burst = (0..10).take_while(|_| bucket.take(start).is_zero()).count();
        assert_eq!(burst, 5);
        let mut bucket = Bucket::new(20.0, start);
        let calls = calls_within(&mut bucket, start, 10 * SECOND);
        assert!((200..=205).contains(&calls), "{calls}");
    }

    #[tokio::test(start_paused = true)]
    async fn zero_means_no_limit() {
        let start = Instant::now();
        let mut bucket = Bucket::new(0.0, start);
        bucket.halve(start);
        assert!((0..1000).all(|_| bucket.take(start).is_zero()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_halves_once_per_burst_and_the_rate_comes_back_in_a_minute() {
        let start = Instant::now();
        let mut bucket = Bucket::new(4.0, start);
        bucket.halve(start);
        bucket.halve(start + SECOND / 2);
        assert_eq!(bucket.rate(), 2.0);
        bucket.take(start + 30 * SECOND);
        assert!((bucket.rate() - 3.0).abs() < 0.01, "{}", bucket.rate());
        bucket.take(start + 61 * SECOND);
        assert_eq!(bucket.rate(), 4.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_never_falls_to_nothing() {
        let start = Instant::now();
        let mut bucket = Bucket::new(16.0, start);
        (0..20).for_each(|i| bucket.halve(start + i * 2 * SECOND));
        assert!(bucket.rate() >= 1.0);
    }
}
