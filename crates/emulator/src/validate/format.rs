//! The `format` values that the service's validator knows. Those that cfn-lint added (`AWS::EC2::VPC.Id`) are hints
//! and are not checked (cloud-control 2.6).

/// True if the text has the format, or the format is not checked.
pub(super) fn fits(name: &str, text: &str) -> bool {
    match name {
        "date-time" => is_date_time(text),
        "uri" => text.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
                && !rest.contains(char::is_whitespace)
        }),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}

/// RFC 3339 section 5.6 with `T`.
fn is_date_time(text: &str) -> bool {
    text.contains(['T', 't']) && text.parse::<jiff::Timestamp>().is_ok()
}
