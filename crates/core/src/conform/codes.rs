//! The numbers of offline property diagnostics, family 13xx.

use crate::diagnostic::Code;

/// Two spellings of one property.
pub const DUPLICATE_PROPERTY: Code = Code(1303);
