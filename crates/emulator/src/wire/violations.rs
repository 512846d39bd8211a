//! How the front ends tell all broken constraints of a request at once.

use serde_json::{Map, Value as Json};

/// What is said of the problems; `Ok` if there are none.
pub(super) fn told(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() {
        return Ok(());
    }
    let count = problems.len();
    let noun = if count == 1 { "error" } else { "errors" };
    Err(format!("{count} validation {noun} detected: {}", problems.join("; ")))
}

/// The members that nobody asked for. The JSON protocols ignore those; the call history shows them.
pub(super) fn unasked(map: Map<String, Json>, known: &[&'static str]) -> Vec<String> {
    map.into_iter().map(|(key, _)| key).filter(|key| !known.contains(&key.as_str())).collect()
}
