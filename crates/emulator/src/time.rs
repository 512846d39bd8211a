//! Forms of a point in time. Time itself always comes from the caller, in Unix milliseconds.

use jiff::Timestamp;
use serde_json::Value as Json;

/// `2026-11-21T10:00:00Z`, milliseconds only where there are some.
pub(crate) fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|t| t.to_string()).unwrap_or_default()
}

/// Epoch seconds as the wire has them, possibly fractional (cloud-control 1.1).
pub(crate) fn epoch_seconds(ms: i64) -> Json {
    Json::from(ms as f64 / 1000.0)
}

/// Reads the basic form of signatures, `20261121T100000Z`.
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 16 && bytes.get(8) == Some(&b'T') && bytes.get(15) == Some(&b'Z');
    if !shape || !text.is_ascii() {
        return None;
    }
    let spelt = format!(
        "{}-{}-{}T{}:{}:{}Z",
        text.get(0..4)?,
        text.get(4..6)?,
        text.get(6..8)?,
        text.get(9..11)?,
        text.get(11..13)?,
        text.get(13..15)?
    );
    spelt.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// The basic form of signatures.
pub(crate) fn basic(ms: i64) -> String {
    let text = iso(ms - ms.rem_euclid(1000));
    text.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_agree() {
        assert_eq!(iso(1_795_255_200_500), "2026-11-21T10:00:00.5Z");
        assert_eq!(parse_basic("20261121T100000Z"), Some(1_795_255_200_000));
        assert_eq!(basic(1_795_255_200_500), "20261121T100000Z");
        assert_eq!(parse_basic("20261321T100000Z"), None);
        assert_eq!(epoch_seconds(1_500), Json::from(1.5));
    }
}
