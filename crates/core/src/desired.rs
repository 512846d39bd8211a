//! What the manifest wants, resource by resource, and the seam to whoever renders it.

use crate::diagnostic::{Diagnostics, Route};
use crate::flow::Flow;
use crate::ids::{Address, ClientToken, StackId, Target, TypeName};
use crate::pointer::Pointer;
use crate::provider::Verb;
use crate::redact::Redactor;
use crate::schema::ResourceSchema;
use crate::value::Value;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One resource as wanted in this environment, rendered with the outputs known so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its place in the stack.
    pub address: Address,
    /// Canonical type.
    pub ty: TypeName,
    /// The type as the manifest spells it.
    pub declared_type: String,
    /// Where it lives.
    pub target: Target,
    /// `identifier:` of the manifest; may be unknown.
    pub identifier: Option<Value>,
    /// Declared properties in the provider's spelling, coerced to the schema's types. Always an object.
    /// Ownership tags are *not* in here; the planner adds them.
    pub props: Value,
    /// Default tags of the stack (`settings.tags`), for types that can be tagged.
    pub default_tags: IndexMap<String, Value>,
    /// False with `settings.ownership_tags: false`.
    pub ownership_tags: bool,
    /// True if statements say what is sent, so that we add no tags: only an identifier, or marks that the statements
    /// themselves write, prove that a live resource is ours.
    pub as_written: bool,
    /// True if its statements have no DELETE: a teardown leaves it (stackql-compat 2.9).
    pub kept: bool,
    /// `ClientToken` of the statements, for the first request of each kind.
    pub client_tokens: Vec<(Verb, ClientToken)>,
    /// How it is to be treated.
    pub lifecycle: Lifecycle,
    /// Addresses that the resource had before (`formerly`): a rename is no new resource.
    pub formerly: Vec<Address>,
    /// `state: absent`: a build deletes it.
    pub absent: bool,
    /// Position of the resource and of each declared value.
    pub sources: Sources,
}

/// `lifecycle:` of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifecycle {
    /// Refuse to delete or replace.
    pub prevent_destroy: bool,
    /// Differences at or below these are not ours to change.
    pub ignore_changes: Vec<Pointer>,
    /// Order of a replacement, where the user settles it.
    pub replace: Option<ReplaceOrder>,
    /// May we take what we did not make?
    pub adopt: Adopt,
    /// Kept in the tag `stackql:secret-version`; a change sends the write-only values again.
    pub secret_version: Option<String>,
    /// Deadline for one operation instead of the handler's.
    pub timeout: Option<Duration>,
    /// Declared values that are new in each run, such as `idempotency_token`: nothing live can be held against them. They are
    /// among `ignore_changes` too.
    pub random: Vec<Pointer>,
}

/// `lifecycle.adopt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adopt {
    /// Only what identity proves (DESIGN section 5, *Free*).
    #[default]
    Proven,
    /// `true`: also candidates found by their natural key.
    Candidates,
    /// `force`: also what another stack owns.
    Force,
}

/// In which order a replacement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// New first, dependents switch, then the old one goes.
    CreateFirst,
    /// The old one goes first: there is an outage.
    DeleteFirst,
}

/// Positions in the manifest, symbolic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// The resource's entry in `resources`.
    pub resource: Route,
    /// The node that gives the value at a property; look up with [`Sources::of`].
    pub props: BTreeMap<Pointer, Route>,
    /// Top-level properties that the INSERT of a query file does not name, and what gives them.
    pub given_by: BTreeMap<String, GivenBy>,
}

/// What gives a property that an INSERT does not name (DESIGN section 4, *Query files*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBy {
    /// The patch document of the UPDATE.
    Update,
    /// The `Identifier` predicate, or the prop of the same name.
    Props,
}

impl Sources {
    /// The route of the value at `pointer`: its own, else its nearest ancestor's, else the resource's.
    pub fn of(&self, pointer: &Pointer) -> &Route {
        let mut at = Some(pointer.clone());
        while let Some(pointer) = at {
            if let Some(route) = self.props.get(&pointer) {
                return route;
            }
            at = pointer.parent();
        }
        &self.resource
    }
}

/// One node of the dependency graph, known before anything is rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The resource.
    pub address: Address,
    /// The type as written, for messages.
    pub declared_type: String,
    /// What must be there before, in manifest order, without doubles.
    pub after: Vec<Edge>,
    /// What is made before it (and deleted after it) by manifest order alone. Reads do not wait for these, and nothing of it
    /// needs them.
    pub follows: Vec<Address>,
    /// Position of the resource.
    pub route: Route,
}

/// Why one resource comes after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The resource that comes first.
    pub to: Address,
    /// The expression that makes the edge (`domain.DomainName`), or `depends_on`.
    pub via: String,
    /// Position of that expression.
    pub route: Route,
}

/// What one resource offers to the templates of others.
#[derive(Clone, Debug)]
pub struct Output {
    /// Provider-spelt top-level properties. Unknown parts are [`Value::Unknown`], secret parts [`Value::Secret`].
    pub model: Value,
    /// For finding a property by either spelling.
    pub schema: Arc<ResourceSchema>,
    /// True once the resource is known to be gone (teardown).
    pub gone: bool,
}

/// The outputs known so far, by address.
pub type Outputs = IndexMap<Address, Output>;

/// The result of rendering one resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Rendered {
    /// It is wanted.
    Wanted(Box<Wanted>),
    /// It is wanted, and its own statements say how.
    Flow(Box<Flow>),
    /// Its `if` is false in this environment: neither made, nor read, nor deleted.
    Skipped,
}

/// Renders resources once their inputs are known. Implemented by the manifest crate; used by the planner and again at
/// run time, so that both see the same thing.
pub trait Resolver: Send + Sync {
    /// The stack.
    fn stack(&self) -> &StackId;
    /// The graph in manifest order, free of cycles and of dangling edges.
    fn nodes(&self) -> &[Node];
    /// Renders one resource. A reference to a resource that `outputs` does not hold becomes unknown.
    ///
    /// # Errors
    /// Everything that is wrong with this resource in this environment, in one go.
    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics>;
    /// The secrets that rendering has met so far. Clones go on learning.
    fn redactor(&self) -> Redactor {
        Redactor::default()
    }
}
