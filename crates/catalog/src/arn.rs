//! What the ARNs of the tag index may be (see [`stack_core::arn`]), over all types of the catalog.

use crate::Catalog;
use stack_core::ids::TypeName;

pub use stack_core::arn::{Arn, identifiers};

/// The types that a resource with this ARN may have: best first, at most five. Only types that Cloud Control can read, so
/// that a read can confirm them.
pub fn types(arn: &str) -> Vec<TypeName> {
    let catalog = Catalog::embedded();
    let mut types = stack_core::arn::types(arn, catalog.types());
    types.retain(|ty| catalog.facts(ty.as_str()).is_some_and(|facts| facts.handlers.read));
    types
}
