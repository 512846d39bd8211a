//! Texts that services spell in their own way: web addresses, domain names, references (cloud-control 3.4 and 3.7).

use crate::overlay::TextForm;
use crate::plan::Rule;
use crate::pointer::Pointer;
use crate::schema::{Node, ResourceSchema};
use serde_json::Value as Json;

/// The rule by which two texts mean the same at this place, if there is one.
pub(super) fn same(
    schema: &ResourceSchema,
    node: Option<&Node>,
    at: &Pointer,
    declared: &Json,
    live: &Json,
) -> Option<Rule> {
    let (declared, live) = (declared.as_str()?, live.as_str()?);
    let rule = match schema.overlay.form(at) {
        Some(TextForm::DnsName) => (name(declared) == name(live)).then_some(Rule::NameForm),
        Some(TextForm::DnsRecord) => {
            (unquoted(declared) == unquoted(live) || name(declared) == name(live)).then_some(Rule::NameForm)
        }
        Some(TextForm::Url) => (declared.trim_end_matches('/') == live.trim_end_matches('/')
            || same_url(declared.trim_end_matches('/'), live.trim_end_matches('/')))
        .then_some(Rule::UrlForm),
        Some(TextForm::Reference) => same_reference(declared, live).then_some(Rule::ReferenceForm),
        None if node.is_some_and(is_reference) => {
            same_reference(declared, live).then_some(Rule::ReferenceForm)
        }
        None => None,
    };
    rule.or_else(|| same_url(declared, live).then_some(Rule::UrlForm))
}

/// True if the schema says that the value names another resource.
fn is_reference(node: &Node) -> bool {
    node.relationship_ref.is_some() || node.format.as_deref().is_some_and(|format| format.contains("::"))
}

/// True if one text is the end of the other, an ARN: the id or the name of the same thing.
pub(crate) fn same_reference(a: &str, b: &str) -> bool {
    let ends = |arn: &str, part: &str| {
        arn.starts_with("arn:")
            && !part.is_empty()
            && !part.starts_with("arn:")
            && arn.strip_suffix(part).is_some_and(|head| head.ends_with([':', '/']))
    };
    a == b || ends(a, b) || ends(b, a)
}

/// A domain name in lower case, `\052` undone, without the dot of the root.
fn name(text: &str) -> String {
    let text = text.replace("\\052", "*").to_ascii_lowercase();
    text.strip_suffix('.').map_or(text.clone(), str::to_owned)
}

/// A TXT record's text without its quotes.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// True if two web addresses are equal by RFC 3986 section 6.2.2.1 and 6.2.3: case of scheme and host, empty path.
fn same_url(a: &str, b: &str) -> bool {
    fn parts(text: &str) -> Option<(String, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        if !scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        if host.contains('@') {
            return None;
        }
        Some((format!("{scheme}://{host}").to_ascii_lowercase(), if path == "/" { "" } else { path }))
    }
    matches!((parts(a), parts(b)), (Some(x), Some(y)) if x == y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_and_its_last_segment_name_the_same_thing() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
        assert!(same_reference("orders", arn));
        assert!(same_reference(arn, "123456789012:function:orders"));
        assert!(same_reference("app", "arn:aws:iam::123456789012:role/path/app"));
        assert!(!same_reference("ders", arn));
        assert!(!same_reference(arn, "arn:aws:lambda:eu-west-1:210987654321:function:orders"));
        assert!(!same_reference("", arn));
    }

    #[test]
    fn web_addresses_ignore_the_case_of_the_host_and_an_empty_path() {
        assert!(same_url("HTTPS://Example.com", "https://example.com/"));
        assert!(!same_url("https://example.com/a", "https://example.com/a/"));
        assert!(!same_url("https://example.com/A", "https://example.com/a"));
        assert!(!same_url("plain", "plain/"));
    }

    #[test]
    fn domain_names_ignore_case_the_root_dot_and_an_escaped_star() {
        assert_eq!(name("*.X.com"), name("\\052.x.com."));
        assert_ne!(name("a.x.com"), name("b.x.com"));
        assert_eq!(unquoted("\"v=spf1\""), "v=spf1");
    }
}
