//! Wall clock and chance: the two things that tests must hold in their hand.

use stack_core::ids::RunId;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// The wall clock. Durations are measured with `tokio::time::Instant`; this is only for times that people or services
/// see.
pub trait Clock: Send + Sync + Debug {
    /// Unix time in milliseconds.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now_ms(&self) -> i64 {
        // A clock before 1970 reads as 1970: it only labels things.
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| millis(since).try_into().unwrap_or(i64::MAX))
    }
}

/// A clock that moves with tokio's, so that paused time holds it too.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    base_ms: i64,
    since: Instant,
}

impl VirtualClock {
    /// A clock that shows `base_ms` now. Needs a tokio runtime.
    pub fn starting_at(base_ms: i64) -> Self {
        Self { base_ms, since: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.base_ms.saturating_add(millis(self.since.elapsed()).try_into().unwrap_or(i64::MAX))
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// A time ahead of `now_ms`, as a duration; zero if it is past.
pub(crate) fn until(at_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(at_ms.saturating_sub(now_ms).try_into().unwrap_or(0))
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoRandomness(String);

/// Where ids, nonces and jitter come from.
#[derive(Debug)]
pub struct IdSource {
    seed: Option<Mutex<u64>>,
    jitter: Mutex<u64>,
}

impl IdSource {
    /// From the operating system.
    ///
    /// # Errors
    /// If it has none to give.
    pub fn os() -> Result<Self, NoRandomness> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|e| NoRandomness(e.to_string()))?;
        Ok(Self { seed: None, jitter: Mutex::new(u64::from_le_bytes(seed)) })
    }

    /// The same sequence for the same seed. For tests and for the sandbox.
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(Mutex::new(seed)), jitter: Mutex::new(seed ^ 0x5eed) }
    }

    /// 128 random bits as 32 hexadecimal digits: the nonce of a plan (DESIGN section 6).
    ///
    /// # Errors
    /// If the operating system has no randomness to give. A nonce is never guessed.
    pub fn nonce(&self) -> Result<String, NoRandomness> {
        let mut bytes = [0; 16];
        match &self.seed {
            None => getrandom::fill(&mut bytes).map_err(|e| NoRandomness(e.to_string()))?,
            Some(seed) => {
                let mut state = seed.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(8) {
                    chunk.copy_from_slice(&splitmix(&mut state).to_le_bytes());
                }
            }
        }
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A number from 0 up to, not including, 1. For jitter only.
    pub fn jitter(&self) -> f64 {
        let mut state = self.jitter.lock().unwrap_or_else(PoisonError::into_inner);
        // 53 bits are what an f64 holds exactly.
        (splitmix(&mut state) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The name of a run: `r_20261121T140211_7q4m`, sorted by time, different for runs of the same second.
    pub fn run_id(&self, now_ms: i64) -> RunId {
        const DIGITS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut state = self.jitter.lock().unwrap_or_else(PoisonError::into_inner);
        let bits = splitmix(&mut state);
        let tail: String = (0..4).map(|i| char::from(DIGITS[((bits >> (i * 5)) & 31) as usize])).collect();
        RunId::from(format!("r_{}_{tail}", compact_utc(now_ms)))
    }
}

/// Sebastiano Vigna's splitmix64: small, seedable, good enough for jitter and ids.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `20261121T140211` of Unix milliseconds, UTC.
fn compact_utc(at_ms: i64) -> String {
    let (year, month, day, time) = civil(at_ms);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// `2026-11-21T14:02:11Z` of Unix milliseconds.
pub(crate) fn iso_utc(at_ms: i64) -> String {
    let (year, month, day, time) = civil(at_ms);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

/// Year, month, day and second of the day, UTC. Days to a date by the era of 146,097 days.
fn civil(now_ms: i64) -> (i64, i64, i64, i64) {
    let seconds = now_ms.div_euclid(1000);
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of year 0, so that a leap day is the last day of a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "19700101T000000"),
            (951_782_400_000, "20000229T000000"),
            (951_868_800_000, "20000301T000000"),
            (1_795_269_731_000, "20261121T140211"),
        ] {
            assert_eq!(compact_utc(ms), text);
        }
    }

    #[test]
    fn nonces_hold_128_bits_and_differ() {
        let ids = IdSource::os().unwrap();
        let (a, b) = (ids.nonce().unwrap(), ids.nonce().unwrap());
        assert_eq!(a.len(), 32);
        assert_ne!(a, b);
        assert_eq!(IdSource::seeded(7).nonce().unwrap(), IdSource::seeded(7).nonce().unwrap());
    }

    #[test]
    fn jitter_stays_below_one() {
        let ids = IdSource::seeded(1);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&ids.jitter())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_virtual_clock_moves_with_paused_time() {
        let clock = VirtualClock::starting_at(1_000);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now_ms(), 91_000);
    }
}
