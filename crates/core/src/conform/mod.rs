//! Puts declared properties into the schema's spelling and types, and says offline what does not fit.
//!
//! A false error would block a user whom the service would let pass, so every rule stays silent where it is not sure:
//! unknown values pass, patterns that we cannot run pass, and a union complains only if no branch can match.

pub mod codes;
mod spelling;

use crate::diagnostic::{Code, Severity};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;

/// What became of the declared properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Conformed {
    /// The properties in the provider's spelling and the schema's types. An object if an object was declared.
    pub props: Value,
    /// Declared place → conformed place, for each property that got another name.
    pub renames: Vec<(Pointer, Pointer)>,
    /// What does not fit, in document order, without doubles.
    pub violations: Vec<Violation>,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where, in the declared spelling.
    pub pointer: Pointer,
    /// True if the key is to be underlined, not the value. At the root: the key that leads to the properties.
    pub on_key: bool,
    /// Number.
    pub code: Code,
    /// One sentence, lower-case start, no full stop.
    pub message: String,
    /// What stands beside the carets. May be empty.
    pub label: String,
    /// Further lines: key and text, in print order.
    pub notes: Vec<(String, String)>,
    /// Weight.
    pub severity: Severity,
}

impl Conformed {
    /// True if some violation is an error.
    pub fn has_errors(&self) -> bool {
        self.violations.iter().any(|violation| violation.severity == Severity::Error)
    }
}

/// Puts declared properties into the schema's spelling and types, and says what does not fit. Pure, offline.
///
/// Top-level names may be spelt as the provider does or in snake_case; nested keys are data or must be exact.
/// Unknown leaves pass every check that needs their value. Secret leaves are checked, and never shown.
pub fn conform(schema: &ResourceSchema, declared: Value) -> Conformed {
    let (props, renames, violations) = spelling::respell(schema, declared);
    Conformed { props, renames, violations }
}
