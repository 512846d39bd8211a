//! `json_equal`: two JSON texts with the same value.

use super::{FunctionError, same_number};
use serde_json::Value as Json;

/// True if both texts have the same value: objects whatever the order of their members, arrays in order, types strict.
///
/// # Errors
/// A text is absent, or no JSON.
pub fn json_equal(a: Option<&str>, b: Option<&str>) -> Result<bool, FunctionError> {
    let (Some(a), Some(b)) = (a, b) else { return Err(FunctionError::new("Invalid JSON strings")) };
    // The parser refuses what is nested 128 deep, so that what follows may recurse.
    match (serde_json::from_str(a), serde_json::from_str(b)) {
        (Ok(a), Ok(b)) => Ok(equal(&a, &b)),
        _ => Err(FunctionError::new("Error parsing JSON strings")),
    }
}

fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => same_number(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_and_not_texts() {
        for (a, b, expected) in [
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1.0}"#, true),
            ("[1,2]", "[2,1]", false),
            ("1", r#""1""#, false),
            ("true", r#""true""#, false),
            ("1", "true", false),
            (r#"{"A":1}"#, r#"{"a":1}"#, false),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            (r#"{"a":null}"#, "{}", false),
            ("[1]", "[1,1]", false),
            ("0.1", "0.10", true),
            ("0.3", "0.30000000000000004", true),
            ("0.3", "0.3000000000000002", false),
            ("0", "-0.0", true),
            ("1e2", "100", true),
            (" { } ", "{}", true),
            (r#""\u00e4""#, r#""ä""#, true),
            ("[[[]]]", "[[[]]]", true),
            ("null", "null", true),
        ] {
            assert_eq!(json_equal(Some(a), Some(b)), Ok(expected), "{a} {b}");
            assert_eq!(json_equal(Some(b), Some(a)), Ok(expected), "{b} {a}");
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        let said = |a, b| json_equal(a, b).unwrap_err().to_string();
        assert_eq!(said(None, Some("1")), "Invalid JSON strings");
        assert_eq!(said(Some("1"), None), "Invalid JSON strings");
        for text in ["x", "", "{} x", "{'a':1}", "[1,]", "1e999"] {
            assert_eq!(said(Some(text), Some(text)), "Error parsing JSON strings", "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(json_equal(Some(&nested(127)), Some(&nested(127))), Ok(true));
        assert!(json_equal(Some(&nested(128)), Some(&nested(128))).is_err());
        assert!(json_equal(Some(&nested(200)), Some(&nested(200))).is_err());
        assert!(json_equal(Some(&"[".repeat(1_000_000)), Some("1")).is_err());
    }
}
