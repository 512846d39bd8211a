//! Handles on operations of services that give none: what was done to what, as text (docs/design/0010).

use super::model::Model;
use serde::{Deserialize, Serialize};
use stack_core::ids::{RequestToken, TypeName};
use stack_core::provider::Verb;

/// In front of every token of ours, so that one provider in front knows whose it is.
const PREFIX: &str = "rest:";

/// What a request token stands for. It holds no secret: names and ids only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// What was done.
    #[serde(rename = "op")]
    pub(super) verb: Verb,
    /// To which type.
    #[serde(rename = "type")]
    pub(super) ty: TypeName,
    /// To which resource: its identity; for a create without an answer, its natural key.
    #[serde(rename = "id")]
    pub(super) key: Model,
    /// True for a create whose answer was lost: nobody knows whether there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) in_doubt: bool,
    /// Tells apart two operations on one resource.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) nonce: String,
}

impl Ticket {
    /// The token.
    pub(super) fn token(&self) -> RequestToken {
        // Names and texts alone always serialise.
        RequestToken::new(format!("{PREFIX}{}", serde_json::to_string(self).unwrap_or_default()))
    }

    /// What a token stands for; `None` if it is not ours.
    pub(super) fn parse(token: &RequestToken) -> Option<Self> {
        serde_json::from_str(token.as_str().strip_prefix(PREFIX)?).ok()
    }
}

/// True if the token is one of a REST service.
pub(crate) fn is_ours(token: &RequestToken) -> bool {
    token.as_str().starts_with(PREFIX)
}
