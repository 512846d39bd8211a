//! The plan: every decision, made. The executor has no meaningful choice left in it.
//!
//! Decisions (action, impact, patch) and explanations (reasons, explained differences) are different fields;
//! nothing decides by an explanation.

use crate::desired::{Edge, ReplaceOrder, Sources};
use crate::diagnostic::Diagnostic;
use crate::flow::FlowKind;
use crate::identity::Identifier;
use crate::ids::{Address, ClientToken, StackId, Target, TypeName};
use crate::observed::IdentityStep;
use crate::pointer::Pointer;
use crate::provider::{Found, Verb};
use crate::value::{Reference, Value};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Make the cloud match the manifest.
    Build,
    /// Delete what the manifest names.
    Teardown,
    /// Compare what exists; nothing is to be run.
    Drift,
}

/// The decided work for one stack in one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it is for.
    pub mode: Mode,
    /// Which stack.
    pub stack: StackId,
    /// Every resource of the manifest that takes part, in manifest order, unchanged ones included.
    pub resources: IndexMap<Address, Planned>,
    /// Resources whose `if` is false.
    pub skipped: Vec<Address>,
    /// Resources left out by `--target` and `--exclude`.
    pub left_out: Vec<Address>,
    /// Live resources with this stack's tags that the manifest does not name, where they were looked for. What is to be
    /// pruned of them stands in `resources` too.
    pub orphans: Vec<Orphan>,
    /// The effects, in an order that respects `after`.
    pub steps: Vec<Step>,
    /// Problems that do not stop the plan, and those that do (also on the resources that they block).
    pub diagnostics: Vec<Diagnostic>,
}

/// A live resource that carries this stack's tags and left the manifest (DESIGN section 5).
#[derive(Clone, PartialEq)]
pub struct Orphan {
    /// The name that its tags give it.
    pub name: String,
    /// Where it lives.
    pub target: Target,
    /// ARN of the tag index's record.
    pub arn: String,
    /// What it is, as far as a read has confirmed it.
    pub found: Option<(TypeName, Found)>,
    /// Why it is not confirmed, where it is not.
    pub doubt: Option<String>,
}

/// Shows everything but the live model: nothing in that says what of it is secret.
impl fmt::Debug for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orphan")
            .field("name", &self.name)
            .field("arn", &self.arn)
            .field("found", &self.found.as_ref().map(|(ty, found)| (ty, &found.identifier)))
            .field("doubt", &self.doubt)
            .finish_non_exhaustive()
    }
}

/// A live resource that goes with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Along {
    /// Type.
    pub ty: TypeName,
    /// Which.
    pub identifier: Identifier,
    /// What people call it, where it has such a name.
    pub label: Option<String>,
    /// Its place in the stack, if it has one.
    pub address: Option<Address>,
}

impl fmt::Display for Along {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.ty, self.identifier)?;
        match (&self.address, &self.label) {
            (Some(address), _) => write!(f, " ({address} of this stack)"),
            (None, Some(label)) => write!(f, " ({label})"),
            (None, None) => Ok(()),
        }
    }
}

/// One operation that a statement would do, as far as that is known. Where it waits for values of others, its words still tell
/// what it does; where even these wait, it may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it may do: one verb where that is known.
    pub verbs: Vec<Verb>,
    /// To what; `None`: it is not known yet.
    pub ty: Option<TypeName>,
    /// Where; `None`: it is not known yet.
    pub target: Option<Target>,
}

impl Hit {
    /// One that is known.
    pub fn known(verb: Verb, ty: TypeName, target: Target) -> Self {
        Self { verbs: vec![verb], ty: Some(ty), target: Some(target) }
    }

    /// One of which only this is known.
    pub fn any_of(verbs: &[Verb]) -> Self {
        Self { verbs: verbs.to_vec(), ty: None, target: None }
    }

    /// True if it is, or may be, of this kind.
    pub fn may(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb)
    }
}

/// What happens to one resource.
#[derive(Clone, PartialEq)]
pub struct Planned {
    /// Place in the stack.
    pub address: Address,
    /// Canonical type.
    pub ty: TypeName,
    /// Type as written.
    pub declared_type: String,
    /// What its own statements are, where they rule.
    pub flow: Option<FlowKind>,
    /// Where it lives.
    pub target: Target,
    /// Known identifier: of the live resource, else the one that a create will give, if declared.
    pub identifier: Option<Identifier>,
    /// How it was found.
    pub found_by: Option<IdentityStep>,
    /// True if everything that could be asked about it was asked. False where its key waits for another resource.
    pub looked_for: bool,
    /// The decision.
    pub action: Action,
    /// How sure the decision is.
    pub certainty: Certainty,
    /// Whose it is, where it exists.
    pub ownership: Option<Ownership>,
    /// Explanations, worst first.
    pub reasons: Vec<Reason>,
    /// Property-level differences that the action removes.
    pub changes: Vec<Change>,
    /// Differences that were explained away.
    pub explained: Vec<Explained>,
    /// Declared write-only paths: cannot be compared.
    pub cannot_compare: Vec<Pointer>,
    /// `ClientToken` of the statements, for the first request of each kind.
    pub client_tokens: Vec<(Verb, ClientToken)>,
    /// What comes before it by manifest order alone.
    pub follows: Vec<Address>,
    /// Live resources that match what is declared and are not ours.
    pub lookalikes: Vec<Identifier>,
    /// What the service deletes with it and the plan does not delete itself.
    pub takes_along: Vec<Along>,
    /// Differences that the resource's own checks accept: nothing is done about them.
    pub accepted: Vec<Change>,
    /// What its statements would do: other types, other regions and deletions among them.
    pub hits: Vec<Hit>,
    /// Live top-level properties that the manifest does not mention and that are not read-only.
    pub unmanaged: Vec<Pointer>,
    /// The document of an update or adoption, by the rules of cloud-control 3.3.
    pub patch: Vec<PatchOp>,
    /// All properties of a create, ownership tags included.
    pub desired: Option<Value>,
    /// The model as read. Never printed or saved whole.
    pub live: Option<Json>,
    /// Can the action be undone?
    pub undo: Undo,
    /// Why it comes after others.
    pub after: Vec<Edge>,
    /// `lifecycle.prevent_destroy`.
    pub protected: bool,
    /// Why it is blocked, or what to know about it.
    pub diagnostics: Vec<Diagnostic>,
    /// Positions of the resource and of its values.
    pub sources: Sources,
}

impl Planned {
    /// What its statements delete, or may delete, although it is not what goes.
    pub fn deletions(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| self.action != Action::Delete && hit.may(Verb::Delete))
    }

    /// True if there are such deletions.
    pub fn deletes(&self) -> bool {
        self.deletions().next().is_some()
    }
}

/// Shows everything but the live model: nothing in that says what of it is secret.
impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned")
            .field("address", &self.address)
            .field("ty", &self.ty)
            .field("flow", &self.flow)
            .field("target", &self.target)
            .field("identifier", &self.identifier)
            .field("found_by", &self.found_by)
            .field("looked_for", &self.looked_for)
            .field("action", &self.action)
            .field("certainty", &self.certainty)
            .field("ownership", &self.ownership)
            .field("reasons", &self.reasons)
            .field("changes", &self.changes)
            .field("explained", &self.explained)
            .field("cannot_compare", &self.cannot_compare)
            .field("follows", &self.follows)
            .field("lookalikes", &self.lookalikes)
            .field("takes_along", &self.takes_along)
            .field("unmanaged", &self.unmanaged)
            .field("patch", &self.patch)
            .field("desired", &self.desired)
            .field("is_live", &self.live.is_some())
            .field("undo", &self.undo)
            .field("after", &self.after)
            .field("protected", &self.protected)
            .field("diagnostics", &self.diagnostics)
            .finish_non_exhaustive()
    }
}

/// The decision for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// As wanted, or not there and not wanted.
    Noop,
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Make it ours; changes may come with it.
    Adopt,
    /// New one for old.
    Replace(ReplaceOrder),
    /// Remove it.
    Delete,
    /// Cannot be decided before another step has run; the step reads and decides then.
    Deferred,
    /// Its statement or command runs in every build: work, and no change that anybody could compare.
    Run,
    /// A query that is asked (again) in its turn. Changes nothing.
    Read,
    /// Must not go on; see the diagnostics.
    Blocked,
}

impl Action {
    /// True if the action writes, or may.
    pub fn is_change(self) -> bool {
        match self {
            Self::Noop | Self::Blocked | Self::Run | Self::Read => false,
            Self::Create | Self::Update | Self::Adopt | Self::Replace(_) | Self::Delete | Self::Deferred => {
                true
            }
        }
    }
}

/// How sure a decision is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing can change it.
    Certain,
    /// The handler, or a value known later, decides between the action and something worse.
    Conditional(Vec<Reference>),
    /// Decided at run time.
    Deferred(Vec<Reference>),
}

/// Whose a live resource is (DESIGN section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// It carries this stack's tags, or tags are impossible and identity proves it.
    Ours,
    /// It can carry tags and does not.
    Free,
    /// It carries somebody else's; what the tag says.
    Foreign(String),
}

/// An explanation, with the paths that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind.
    pub code: ReasonCode,
    /// Where, if it is about a property.
    pub path: Option<Pointer>,
}

/// Kinds of explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// No live resource.
    Absent,
    /// A declared value differs.
    ValueChanged,
    /// A declared value is missing.
    ValueAdded,
    /// A declared null, or a removed element.
    ValueRemoved,
    /// The schema makes the property create-only.
    CreateOnly,
    /// The handler may need a replacement.
    ConditionalCreateOnly,
    /// The type has no update handler.
    NoUpdateHandler,
    /// The value can only grow, and the declared one is smaller.
    GrowOnly,
    /// A required property can neither be sent nor left out (cloud-control 3.1).
    UpdateImpossible,
    /// It exists without our tags.
    Adopted,
    /// The user asked for write-only values to be sent again.
    Resend,
    /// The value comes from a resource that changes.
    AwaitsOutput,
    /// Teardown, or `state: absent`.
    NotWanted,
    /// It had another name in the manifest before.
    Renamed,
    /// It carries our tags and is not in the manifest.
    Orphaned,
    /// One of its own statements says that it is not as wanted.
    CheckFailed,
    /// Nothing says whether it is needed.
    AlwaysRuns,
    /// Something depends on a resource that is replaced.
    DependencyReplaced,
}

/// One difference between live and declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where, in the model.
    pub path: Pointer,
    /// How people read it: `Tags[cost-center]`, `Config.Rules[0]`.
    pub label: String,
    /// What happens there.
    pub op: ChangeOp,
    /// Live value; a secret where the declared one is.
    pub before: Option<Value>,
    /// Declared value; `None` when it is removed.
    pub after: Option<Value>,
    /// What it takes.
    pub impact: Impact,
}

/// What happens at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeOp {
    /// It was not there.
    Add,
    /// Another value.
    Replace,
    /// It goes.
    Remove,
    /// A write-only value is sent again; nobody knows whether it changes.
    Resend,
}

/// What a change takes. Ordered; the worst of a resource wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// In place.
    Update,
    /// The handler, or a value known later, decides.
    MayReplace,
    /// A new resource.
    Replace,
}

/// A difference in form that is none in meaning, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// Where.
    pub path: Pointer,
    /// Which rule.
    pub rule: Rule,
}

/// Rules of the differ by which different values mean the same (cloud-control 3.4, 3.5, 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Order has no meaning here.
    SetOrder,
    /// Number and text of the same value.
    NumberForm,
    /// Upper and lower case.
    Case,
    /// Missing, null and empty.
    Empty,
    /// Embedded JSON written differently.
    JsonForm,
    /// IAM policy written differently.
    PolicyForm,
    /// The same instant.
    DateForm,
    /// The schema's `propertyTransform`.
    Transform,
    /// The same address block.
    CidrForm,
    /// System tags and our own ownership tags.
    SystemTags,
    /// Not returned by reads.
    WriteOnly,
    /// `lifecycle.ignore_changes`.
    Ignored,
    /// Create-only, and the read does not return it.
    NotReturned,
    /// ARN against id or name of the same thing.
    ReferenceForm,
    /// A name as its service spells it.
    NameForm,
    /// The same web address.
    UrlForm,
    /// The service keeps the value when told to remove it, and says that it did.
    RemoveIgnored,
}

/// One operation of an update document. Pointers are relative to the properties (cloud-control 3.3 rule 10).
#[derive(Clone, Debug, PartialEq)]
pub enum PatchOp {
    /// RFC 6902 section 4.1: sets, whether or not the member exists.
    Add {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// RFC 6902 section 4.2.
    Remove {
        /// Where.
        path: Pointer,
    },
}

impl PatchOp {
    /// Where it works.
    pub fn path(&self) -> &Pointer {
        match self {
            Self::Add { path, .. } | Self::Remove { path } => path,
        }
    }
}

/// Can an action be undone?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "possible", content = "why", rename_all = "lowercase")]
pub enum Undo {
    /// Nothing to undo.
    Nothing,
    /// Completely.
    Yes,
    /// Not these parts.
    Partial(String),
    /// Not at all.
    No(String),
}

/// The name of a step: a resource and what is done to it. A replacement has two steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepId {
    /// Resource.
    pub address: Address,
    /// Which half.
    pub part: StepPart,
}

/// The half of a resource's work that a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepPart {
    /// Create, update, adopt, or a deferred decision.
    Put,
    /// Delete.
    Delete,
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            StepPart::Put => write!(f, "{}", self.address),
            StepPart::Delete => write!(f, "{} (delete)", self.address),
        }
    }
}

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What the plan expects to do. `None`: a deferred step decides.
    pub verb: Option<Verb>,
    /// Steps that must have succeeded before.
    pub after: Vec<StepId>,
}

impl Plan {
    /// True if a run would write, or may.
    pub fn has_changes(&self) -> bool {
        self.resources.values().any(|planned| planned.action.is_change())
    }
    /// True if a run would do anything at all.
    pub fn has_work(&self) -> bool {
        !self.steps.is_empty()
    }
    /// True if some resource must not go on.
    pub fn is_blocked(&self) -> bool {
        self.resources.values().any(|planned| planned.action == Action::Blocked)
    }
}
