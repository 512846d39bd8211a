//! JSON documents inside a model: as an object, as text, or as URL-encoded text.

use super::policy;
use super::scalar::{Same, same_json};
use crate::plan::Rule;
use crate::schema::{Additional, JsonType, Node};
use serde_json::Value as Json;

/// True if the node holds a document whose inner names are data: an object without declared members.
pub(super) fn is_opaque(node: &Node) -> bool {
    node.properties.is_empty()
        && node.pattern_properties.is_empty()
        && !matches!(node.additional_properties, Some(Additional::Schema(_)))
        && node.one_of.is_empty()
        && node.any_of.is_empty()
        && node.all_of.is_empty()
        && node.reference.is_none()
        && (node.types.is_empty() || node.types.names(JsonType::Object))
}

/// True if the schema allows object and text for the same value (`type: [object, string]`, 157 types).
pub(super) fn takes_both_forms(node: &Node) -> bool {
    node.types.names(JsonType::Object) && node.types.names(JsonType::String)
}

/// The document in a value: an object or array as it is, text that holds one parsed (URL-decoded where it starts so).
pub(super) fn parse(value: &Json) -> Option<Json> {
    match value {
        Json::Object(_) | Json::Array(_) => Some(value.clone()),
        Json::String(text) => {
            let trimmed = text.trim_start();
            if trimmed.starts_with("%7B") || trimmed.starts_with("%7b") || trimmed.starts_with("%5B") {
                serde_json::from_str(&percent_decode(trimmed)?).ok()
            } else if trimmed.starts_with('{') || trimmed.starts_with('[') {
                serde_json::from_str(trimmed).ok()
            } else {
                None
            }
        }
        _ => None,
    }
}

pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            b'+' => b' ',
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Compares two documents in whatever form they come.
pub(super) fn documents(declared: &Json, live: &Json) -> Same {
    if declared == live {
        return Same::Exactly;
    }
    let (Some(a), Some(b)) = (parse(declared), parse(live)) else { return Same::No };
    if same_json(&a, &b) {
        Same::By(Rule::JsonForm)
    } else if policy::is_policy(&a) && policy::is_policy(&b) && policy::canonical(&a) == policy::canonical(&b)
    {
        Same::By(Rule::PolicyForm)
    } else {
        Same::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_object_are_the_same_document() {
        assert_eq!(documents(&json!({"a": 1}), &json!("{ \"a\": 1.0 }")), Same::By(Rule::JsonForm));
        assert_eq!(documents(&json!({"a": 1}), &json!("{\"a\": 2}")), Same::No);
    }

    #[test]
    fn url_encoded_policies_are_read() {
        let encoded = json!("%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22s3%3AGet%22%7D%5D%7D");
        let declared = json!({"Statement": [{"Action": ["s3:Get"]}]});
        assert_eq!(documents(&declared, &encoded), Same::By(Rule::PolicyForm));
    }

    #[test]
    fn malformed_encodings_are_just_different_text() {
        assert_eq!(documents(&json!({"a": 1}), &json!("%7B%2")), Same::No);
    }
}
