//! Resources that are statements or scripts instead of a dotted type (stackql-compat 1.3): what is declared of them.

use crate::iql::QueryFile;
pub use stack_core::flow::{FlowKind, Returned, Returns};
use std::sync::Arc;

/// Names of kinds.
pub(crate) const KINDS: &[(&str, FlowKind)] = &[
    ("resource", FlowKind::Resource),
    ("multi", FlowKind::Multi),
    ("query", FlowKind::Query),
    ("command", FlowKind::Command),
    ("script", FlowKind::Script),
];

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statements {
    /// The anchors of a query file.
    File {
        /// Its path under the stack folder; its text is in the source map.
        path: String,
        /// Its anchors.
        file: Arc<QueryFile>,
    },
    /// `sql`
    Inline(String),
    /// `run`
    Script(String),
    /// There are none, which is reported.
    Missing,
}

/// One resource of these kinds, as declared: nothing is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// `type`
    pub kind: FlowKind,
    /// What runs.
    pub statements: Statements,
    /// `return_vals`
    pub returns: Returns,
    /// `skip_validation`
    pub skip_validation: bool,
    /// `auth`: key and value as written.
    pub auth: Vec<(String, String)>,
}
