//! Times and durations as people and machines read them.

use std::time::Duration;

/// `2026-11-21T14:02:11Z` of Unix milliseconds.
pub fn utc(at_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(at_ms) {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => format!("{at_ms} ms"),
    }
}

/// Unix milliseconds of an RFC 3339 time.
pub fn from_utc(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// `1.2s`, `58s`, `2m05s`, `1h02m`.
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 10 {
        format!("{:.1}s", duration.as_secs_f64())
    } else if seconds < 60 {
        format!("{seconds}s")
    } else if seconds < 3600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_second_and_read_back() {
        assert_eq!(utc(1_795_269_731_456), "2026-11-21T14:02:11Z");
        assert_eq!(from_utc("2026-11-21T14:02:11Z"), Some(1_795_269_731_000));
        assert_eq!(from_utc("soon"), None);
    }

    #[test]
    fn durations_get_coarser_as_they_grow() {
        let shown = [1_234, 58_900, 125_000, 3_720_000].map(|ms| short(Duration::from_millis(ms)));
        assert_eq!(shown, ["1.2s", "58s", "2m05s", "1h02m"]);
    }
}
