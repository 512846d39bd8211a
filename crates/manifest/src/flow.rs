//! Resources that are statements or scripts instead of a dotted type (stackql-compat 1.3): what is declared of them.

use crate::iql::QueryFile;
use std::sync::Arc;

/// `type` of such a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// One object with a life cycle.
    Resource,
    /// As above for several objects at once: what fails is not looked at.
    Multi,
    /// One SELECT whose columns are exported.
    Query,
    /// One statement.
    Command,
    /// A shell command.
    Script,
}

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

/// One item of `return_vals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// A column that the statement returns.
    pub column: String,
    /// The name below `this` under which its value is kept.
    pub variable: String,
}

/// `return_vals`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Of the statement that makes it.
    pub create: Vec<Returned>,
    /// Of the statement that changes it.
    pub update: Vec<Returned>,
    /// Of the statement that deletes it.
    pub delete: Vec<Returned>,
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
