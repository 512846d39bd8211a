//! When two scalars mean the same.

use crate::plan::Rule;
use crate::schema::Node;
use serde_json::Value as Json;

/// The verdict on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    /// Equal as written.
    Exactly,
    /// Equal in meaning by this rule.
    By(Rule),
    /// Different.
    No,
}

/// True for null, `[]`, `{}` and `""`, which reads use for "not set" (cloud-control 3.4, "missing vs empty").
pub fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Compares two scalars under the rules that need no more than the node.
pub(super) fn scalar(declared: &Json, live: &Json, node: Option<&Node>) -> Same {
    if declared == live {
        return Same::Exactly;
    }
    if let Some(node) = node
        && node.format.as_deref() == Some("date-time")
        && let (Some(x), Some(y)) = (moment(declared), moment(live))
    {
        return if x == y { Same::By(Rule::DateForm) } else { Same::No };
    }
    match (declared, live) {
        (Json::Number(a), Json::Number(b)) if numbers_equal(a, b) => Same::By(Rule::NumberForm),
        (Json::Number(n), Json::String(text)) | (Json::String(text), Json::Number(n)) => {
            if text.trim().parse::<serde_json::Number>().is_ok_and(|parsed| numbers_equal(&parsed, n)) {
                Same::By(Rule::NumberForm)
            } else {
                Same::No
            }
        }
        (Json::Bool(flag), Json::String(text)) | (Json::String(text), Json::Bool(flag)) => {
            if text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }) {
                Same::By(Rule::NumberForm)
            } else {
                Same::No
            }
        }
        (Json::String(a), Json::String(b)) => texts(a, b, node),
        _ => Same::No,
    }
}

fn texts(a: &str, b: &str, node: Option<&Node>) -> Same {
    if node.is_some_and(|node| !node.enum_case_insensitive.is_empty()) && a.eq_ignore_ascii_case(b) {
        Same::By(Rule::Case)
    } else if same_address(a, b) {
        Same::By(Rule::CidrForm)
    } else {
        Same::No
    }
}

fn numbers_equal(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    if a == b {
        return true;
    }
    let whole = |n: &serde_json::Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
    match (whole(a), whole(b), a.as_f64(), b.as_f64()) {
        (Some(x), Some(y), _, _) => x == y,
        (_, _, Some(x), Some(y)) => x == y,
        _ => false,
    }
}

/// The instant of a date in whatever form reads give it: RFC 3339, or seconds since the epoch as text or number.
fn moment(value: &Json) -> Option<jiff::Timestamp> {
    match value {
        Json::String(text) => instant(text),
        Json::Number(number) => instant(&number.to_string()),
        _ => None,
    }
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().or_else(|| jiff::Timestamp::from_second(text.parse().ok()?).ok())
}

/// True if the live text is what services make of the declared address or address block: another spelling, or the
/// host bits cleared (trap 53). Where the live block has host bits, they mean something (a peer's address).
fn same_address(declared: &str, live: &str) -> bool {
    use std::net::IpAddr;
    let exact = |text: &str| -> Option<(IpAddr, Option<u32>)> {
        match text.split_once('/') {
            Some((address, prefix)) => Some((address.parse().ok()?, Some(prefix.parse().ok()?))),
            None => Some((text.parse().ok()?, None)),
        }
    };
    let (Some(a), Some(b)) = (exact(declared), exact(live)) else { return false };
    let cleared = |block: (IpAddr, u32)| block.0 == b.0;
    a == b || block(declared).is_some_and(|network| cleared(network) && block(live) == Some(network))
}

/// The network of an address block, host bits cleared, and its prefix length.
fn block(text: &str) -> Option<(std::net::IpAddr, u32)> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    Some((
        match address.parse().ok()? {
            std::net::IpAddr::V4(v4) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                std::net::Ipv4Addr::from(u32::from(v4) & mask).into()
            }
            std::net::IpAddr::V6(v6) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                std::net::Ipv6Addr::from(u128::from(v6) & mask).into()
            }
            _ => return None,
        },
        prefix,
    ))
}

/// True if two documents are equal, object order aside and numbers by value.
pub fn same_json(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same_json(v, w)))
        }
        (Json::Array(x), Json::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(v, w)| same_json(v, w))
        }
        (Json::Number(x), Json::Number(y)) => numbers_equal(x, y),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(a: Json, b: Json) -> Same {
        scalar(&a, &b, None)
    }

    #[test]
    fn numbers_and_their_texts_mean_the_same() {
        assert_eq!(plain(json!(10), json!("10")), Same::By(Rule::NumberForm));
        assert_eq!(plain(json!(1), json!(1.0)), Same::By(Rule::NumberForm));
        assert_eq!(plain(json!("true"), json!(true)), Same::By(Rule::NumberForm));
        assert_eq!(plain(json!(10), json!("10a")), Same::No);
    }

    #[test]
    fn a_leading_zero_is_a_name_not_a_number() {
        assert_eq!(plain(json!("012"), json!("12")), Same::No);
    }

    #[test]
    fn instants_compare_by_time() {
        let node = Node { format: Some("date-time".into()), ..Node::default() };
        let same = |a, b| scalar(&json!(a), &json!(b), Some(&node));
        assert_eq!(same("2026-11-21T14:00:00Z", "2026-11-21T15:00:00+01:00"), Same::By(Rule::DateForm));
        assert_eq!(same("2026-11-21T14:00:00.000Z", "2026-11-21T14:00:00Z"), Same::By(Rule::DateForm));
        assert_eq!(same("2026-11-21T14:00:01Z", "2026-11-21T14:00:00Z"), Same::No);
        assert_eq!(same("1970-01-02T00:00:00Z", "86400"), Same::By(Rule::DateForm));
        assert_eq!(
            scalar(&json!("1970-01-02T00:00:00Z"), &json!(86400), Some(&node)),
            Same::By(Rule::DateForm)
        );
    }

    #[test]
    fn address_blocks_compare_by_network() {
        assert_eq!(plain(json!("10.0.0.5/24"), json!("10.0.0.0/24")), Same::By(Rule::CidrForm));
        assert_eq!(plain(json!("2001:db8:0::/32"), json!("2001:db8::/32")), Same::By(Rule::CidrForm));
        assert_eq!(plain(json!("10.0.0.0/24"), json!("10.0.0.0/25")), Same::No);
        assert_eq!(plain(json!("0.0.0.0/0"), json!("0.0.0.0/0")), Same::Exactly);
        // Two peers on one link.
        assert_eq!(plain(json!("169.254.255.1/30"), json!("169.254.255.2/30")), Same::No);
        assert_eq!(plain(json!("2001:DB8:0::1"), json!("2001:db8::1")), Same::By(Rule::CidrForm));
    }

    #[test]
    fn enums_may_ignore_case() {
        let node = Node { enum_case_insensitive: vec![json!("MANAGED")], ..Node::default() };
        assert_eq!(scalar(&json!("managed"), &json!("MANAGED"), Some(&node)), Same::By(Rule::Case));
        assert_eq!(plain(json!("managed"), json!("MANAGED")), Same::No);
    }
}
