//! Schema-driven handlers: what a type's create, read and update do to a model.

pub(crate) mod assign;
pub(crate) mod merge;
mod transform;
pub(crate) mod view;

pub(crate) use transform::apply as apply_transforms;

/// A handler's refusal: it ends the operation FAILED.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Handler error code (cloud-control 1.5).
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Where a resource lives, as far as its values show it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) now_ms: i64,
}

impl Place {
    pub(crate) fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}
