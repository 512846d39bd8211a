//! Texts of single flags to values. Errors are what clap prints after `invalid value`.

use crate::args::{LogLevel, Rate};
use stack_core::pointer::Pointer;
use std::time::Duration;

/// `90s`, `30m`, `2h`, `1h30m`, or a plain number of seconds.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 90s, 30m or 1h30m".to_owned();
    let mut seconds: u64 = 0;
    let mut digits = String::new();
    for c in text.trim().chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        seconds = count.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
        digits.clear();
    }
    if !digits.is_empty() {
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        seconds = seconds.checked_add(count).ok_or_else(wrong)?;
    }
    if seconds == 0 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

/// `reads=20,writes=4`, either part alone, or one number for both.
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "write reads=N,writes=N with calls per second, 0 for no limit".to_owned();
    let number = |text: &str| match text.trim().parse::<f64>() {
        Ok(n) if n.is_finite() && n >= 0.0 => Ok(n),
        _ => Err(wrong()),
    };
    let mut rate = Rate::default();
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("reads", n)) => rate.reads = Some(number(n)?),
            Some(("writes", n)) => rate.writes = Some(number(n)?),
            Some(_) => return Err(wrong()),
            None => {
                let both = number(part)?;
                rate = Rate { reads: Some(both), writes: Some(both) };
            }
        }
    }
    Ok(rate)
}

/// A property as people name it: `/Config/Rules`, `Config.Rules[0]`, `Tags[*].Key`.
pub(crate) fn property(text: &str) -> Pointer {
    if let Ok(pointer) = Pointer::parse(text) {
        return pointer;
    }
    let steps = text.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    Pointer::of(steps.filter(|step| !step.is_empty()))
}

/// The levels of both stackql-deploy versions, in any case (stackql-compat 3).
pub(crate) fn log_level(text: &str) -> Result<LogLevel, String> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Ok(LogLevel::Trace),
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" | "warning" => Ok(LogLevel::Warn),
        "error" | "critical" | "fatal" => Ok(LogLevel::Error),
        _ => Err("choose trace, debug, info, warn or error".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_are_never_zero() {
        assert_eq!(timeout("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(timeout("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(timeout("45"), Ok(Duration::from_secs(45)));
        assert!(timeout("0s").is_err());
        assert!(timeout("m").is_err());
        assert!(timeout("1d").is_err());
        assert!(timeout("99999999999999999999h").is_err());
    }

    #[test]
    fn rates_take_either_part_or_one_number() {
        assert_eq!(rate("reads=20,writes=4"), Ok(Rate { reads: Some(20.0), writes: Some(4.0) }));
        assert_eq!(rate("writes=0.5"), Ok(Rate { reads: None, writes: Some(0.5) }));
        assert_eq!(rate("0"), Ok(Rate { reads: Some(0.0), writes: Some(0.0) }));
        assert!(rate("reads=-1").is_err());
        assert!(rate("reads=inf").is_err());
        assert!(rate("polls=1").is_err());
    }

    #[test]
    fn log_levels_of_both_predecessors_are_known() {
        let known = [
            ("trace", LogLevel::Trace),
            ("DEBUG", LogLevel::Debug),
            ("Info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("WARNING", LogLevel::Warn),
            ("error", LogLevel::Error),
            ("Critical", LogLevel::Error),
            ("FATAL", LogLevel::Error),
        ];
        for (text, level) in known {
            assert_eq!(log_level(text), Ok(level), "{text}");
        }
        assert!(log_level("loud").is_err());
    }
}
