//! Texts that stand for something: JSON documents, times, identifiers of other resources. All of it is warned about
//! and never refused: a format is a name without a definition, and services take more than it says.

use super::codes;
use super::walk::{Finding, Findings, Place, Walk};
use crate::schema::{JsonType, Node};
use serde::de::IgnoredAny;

/// Checks what a known text stands for. `in_union`: other forms may be meant, so that only the documents are looked at.
pub(super) fn check(
    walk: &Walk<'_>,
    node: &Node,
    text: &str,
    place: &Place,
    in_union: bool,
    out: &mut Findings,
) {
    document(walk, node, text, place, out);
    let Some(format) = node.format.as_deref() else { return };
    if in_union || text.is_empty() || out.list.iter().any(|f| f.model == place.model()) {
        return;
    }
    let Some(wanted) = unlike(format, text) else { return };
    out.push(
        Finding::at(place, codes::FORMAT)
            .says(format!("{} does not look like {}", walk.name(place), named(format)))
            .label(format!("expected {wanted}"))
            .note("why", format!("the schema gives the format `{format}`"))
            .warning(),
    );
}

/// `AWS::EC2::VPC.Id` in words.
fn named(format: &str) -> String {
    match format.rsplit_once('.') {
        Some((ty, part)) => format!("the {part} of `{ty}`"),
        None if format == "date-time" => "a time".to_owned(),
        None => "a network".to_owned(),
    }
}

/// A text that starts like a JSON document, where a document may stand.
fn document(walk: &Walk<'_>, node: &Node, text: &str, place: &Place, out: &mut Findings) {
    let structured = node.types.names(JsonType::Object) || node.types.names(JsonType::Array);
    if node.format.as_deref() != Some("json") && !structured {
        return;
    }
    let Some(why) = no_json(text) else { return };
    out.push(
        Finding::at(place, codes::NOT_JSON)
            .says(format!("the text of {} starts like a JSON document and is none", walk.name(place)))
            .label(why)
            .next("correct the text, or write the document as YAML: its members instead of a text")
            .warning(),
    );
}

/// Why a text that starts like a JSON document is none. The words quote nothing of the text.
pub(super) fn no_json(text: &str) -> Option<String> {
    let start = text.trim_start();
    // `{{` is a reference of CloudFormation or a template's.
    if !start.starts_with(['{', '[']) || start.starts_with("{{") {
        return None;
    }
    let error = serde_json::from_str::<IgnoredAny>(text).err()?;
    let words = error.to_string();
    let what = words.split(" at line ").next().unwrap_or(&words);
    Some(if error.line() > 1 {
        format!("{what}, in line {} of the text, column {}", error.line(), error.column())
    } else {
        format!("{what}, at character {} of the text", error.column())
    })
}

/// What is expected, if the text is clearly something else. The names of formats are cfn-lint's; it refuses what does
/// not match its own stricter expressions (its rules E1150 to E1156).
fn unlike(format: &str, text: &str) -> Option<&'static str> {
    let id = |prefix: &str| text.starts_with(prefix) || text.contains([':', '/', '{']);
    let arn = |services: &[&str]| {
        let mut parts = text.split(':');
        parts.next() == Some("arn") && {
            parts.next();
            parts.next().is_some_and(|service| service.is_empty() || services.contains(&service))
        }
    };
    let (fits, wanted) = match format {
        "AWS::EC2::VPC.Id" => (id("vpc-"), "an id such as vpc-0a1b2c3d4e5f67890"),
        "AWS::EC2::Subnet.Id" => (id("subnet-"), "an id such as subnet-0a1b2c3d4e5f67890"),
        "AWS::EC2::SecurityGroup.Id" => (id("sg-"), "an id such as sg-0a1b2c3d4e5f67890"),
        "AWS::EC2::Image.Id" => (id("ami-"), "an id such as ami-0a1b2c3d4e5f67890"),
        "AWS::IAM::Role.Arn" => (arn(&["iam"]), "an ARN such as arn:aws:iam::123456789012:role/name"),
        "AWS::Lambda::Function.Arn" => {
            (arn(&["lambda"]), "an ARN such as arn:aws:lambda:us-east-1:123456789012:function:name")
        }
        "AWS::SNS::Topic.Arn" => (arn(&["sns"]), "an ARN such as arn:aws:sns:us-east-1:123456789012:name"),
        // Load balancers and distributions also take server certificates of IAM, private ones are of acm-pca.
        "AWS::ACM::Certificate.Arn" => (
            arn(&["acm", "acm-pca", "iam"]),
            "an ARN such as arn:aws:acm:us-east-1:123456789012:certificate/…",
        ),
        "AWS::S3::Bucket.Name" => (!text.starts_with("s3://"), "the name of a bucket, without s3://"),
        "AWS::Logs::LogGroup.Name" => (!text.starts_with("arn:"), "the name of a log group, not its ARN"),
        "AWS::Route53::AliasTarget.HostedZoneId" => {
            (text.starts_with('Z'), "the id of a hosted zone such as Z2FDTNDATAQYW2")
        }
        "ipv4-network" => (network(text, false), "a network such as 10.0.0.0/16"),
        "ipv6-network" => (network(text, true), "a network such as 2001:db8::/32"),
        "date-time" => (time(text), "a time such as 2026-01-31T08:00:00Z"),
        _ => return None,
    };
    (!fits).then_some(wanted)
}

fn network(text: &str, six: bool) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = if six { 128 } else { 32 };
    let address = if six {
        address.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        address.parse::<std::net::Ipv4Addr>().is_ok()
    };
    address && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// A day, a time in any of the usual forms, or seconds since 1970.
fn time(text: &str) -> bool {
    text.parse::<f64>().is_ok()
        || text.parse::<jiff::Timestamp>().is_ok()
        || text.parse::<jiff::civil::DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_something_else_is_unlike() {
        for (format, good, bad) in [
            ("AWS::EC2::VPC.Id", "vpc-12345678", "vpc_123"),
            ("AWS::EC2::Image.Id", "resolve:ssm:/aws/x", "AL2023"),
            ("AWS::IAM::Role.Arn", "arn:aws-cn:iam::1:role/x", "arn:aws:sts::1:assumed-role/x"),
            ("AWS::ACM::Certificate.Arn", "arn:aws:iam::1:server-certificate/x", "example.com"),
            ("AWS::S3::Bucket.Name", "arn:aws:s3:us-east-1:1:accesspoint/x", "s3://x"),
            ("ipv4-network", "10.0.0.0/16", "10.0.0/16"),
            ("ipv6-network", "::/0", "::/129"),
            ("date-time", "2026-01-31T08:00:00+01:00", "31.01.2026"),
            ("date-time", "2026-01-31", "2026-02-30"),
            ("date-time", "1767225600.5", "tomorrow"),
        ] {
            assert_eq!(unlike(format, good), None, "{format} {good}");
            assert!(unlike(format, bad).is_some(), "{format} {bad}");
        }
        assert_eq!(unlike("anything-else", "x"), None);
    }
}
