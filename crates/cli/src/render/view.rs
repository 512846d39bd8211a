//! The plan as it is shown and saved (plan-ux 4). Every renderer takes this value, so that they cannot disagree.
//!
//! Secrets are unrepresentable here: [`ValueView`] has no place for one, and [`super::view_of`] is the only way in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// `format` of the file.
pub const FORMAT: &str = "stack-deploy/plan";
/// `format_version` of the file: `MAJOR.MINOR`. A minor only adds fields.
pub const FORMAT_VERSION: &str = "1.0";

/// A whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanView {
    /// `stack-deploy/plan`.
    pub format: String,
    /// `MAJOR.MINOR` of the writer. A minor only adds fields.
    pub format_version: String,
    /// Hash of everything except `meta`, `pl_…`.
    pub plan_id: String,
    /// What it is for.
    pub mode: ModeView,
    /// Which stack.
    pub stack: StackView,
    /// What the flags said that change a plan.
    pub targets: TargetsView,
    /// Where the resources live.
    pub scopes: Vec<ScopeView>,
    /// Values given to the templates.
    pub inputs: Vec<InputView>,
    /// Counts.
    pub summary: Summary,
    /// True if a build could run it.
    pub applyable: bool,
    /// False if resources were left out.
    pub complete: bool,
    /// True if planning met an error.
    pub errored: bool,
    /// By execution order, then by address.
    pub resources: Vec<ResourceView>,
    /// Resources whose `if` is false.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// Resources left out by `targets`.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Dependencies: `from` needs `to`.
    pub edges: Vec<EdgeView>,
    /// Resources with our tags that the manifest does not name, and that stay.
    pub orphans: Vec<OrphanView>,
    /// Mode drift: one entry per differing property.
    pub drift: Vec<DriftView>,
    /// Problems that do not stop the plan.
    pub warnings: Vec<DiagnosticView>,
    /// Limits of the manifest.
    pub guardrails: Vec<GuardrailView>,
    /// What a run costs.
    pub budget: Budget,
    /// What may differ between two runs of the same plan.
    pub meta: Meta,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModeView {
    Build,
    Teardown,
    Drift,
}

/// The stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StackView {
    /// `name` of the manifest.
    pub name: String,
    /// Environment.
    pub env: String,
    /// `sha256:…` of the manifest's bytes.
    pub manifest_digest: String,
}

/// Selection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetsView {
    /// `--target`.
    pub include: Vec<String>,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// `--resend`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resend: Vec<String>,
    /// `--keep-protected`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_protected: bool,
    /// `--allow-data-loss`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_data_loss: Vec<String>,
    /// `--orphans`: orphans are looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub orphans: bool,
    /// `--prune`: orphans are looked for and deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prune: bool,
    /// `orphans --delete`: nothing else is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_orphans: bool,
}

/// One place that resources live in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ScopeView {
    /// `aws`.
    pub provider: String,
    /// Account, as the cloud says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// One value for templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputView {
    /// Name.
    pub name: String,
    /// Where it comes from.
    pub from: String,
    /// Absent for sensitive ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// True if it is never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// Counts by action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub delete: usize,
    pub adopt: usize,
    pub noop: usize,
    pub deferred: usize,
    pub blocked: usize,
    pub orphans: usize,
    /// What runs in every build, and is no change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub run: usize,
}

impl Summary {
    /// Resources that would be written.
    pub fn changes(&self) -> usize {
        let Self {
            create,
            update,
            replace,
            delete,
            adopt,
            deferred,
            noop: _,
            blocked: _,
            orphans: _,
            run: _,
        } = *self;
        create + update + replace + delete + adopt + deferred
    }
}

/// A live resource with this stack's tags that the manifest does not name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrphanView {
    /// The name that its tags give it.
    pub name: String,
    /// The provider's own name of the type; absent where a read has not confirmed it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// Its identifier, where it is confirmed.
    pub identifier: Option<IdentifierView>,
    /// ARN of the tag index.
    pub arn: String,
    /// Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Why it is not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

impl OrphanView {
    /// What people call it: type and identifier, else the ARN.
    pub fn shown(&self) -> String {
        match (&self.ty, &self.identifier) {
            (Some(ty), Some(identifier)) => format!("{ty} {}", identifier.value),
            _ => self.arn.clone(),
        }
    }
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceView {
    /// Place in the stack.
    pub address: String,
    /// Type as the manifest spells it.
    #[serde(rename = "type")]
    pub ty: String,
    /// The provider's own name of the type.
    #[serde(default)]
    pub canonical_type: String,
    /// `resource`, `multi`, `query`, `command` or `script`, where its own statements rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// Where the manifest declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// Types of which its statements would delete something, although it is not what goes. `*`: that is not known before they run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deletes: Vec<String>,
    /// Known identifier.
    pub identifier: Option<IdentifierView>,
    /// The decision.
    pub action: ActionView,
    /// Order of a replacement: `create_first` or `delete_first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_order: Option<String>,
    /// `certain`, `conditional` or `deferred`.
    pub certainty: CertaintyView,
    /// What decides, where it is not certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided_by: Vec<String>,
    /// Explanations, worst first.
    pub reasons: Vec<ReasonView>,
    /// Property-level differences.
    pub changes: Vec<ChangeView>,
    /// Differences that mean nothing.
    pub equivalences: Vec<EquivalenceView>,
    /// Declared write-only paths.
    #[serde(default)]
    pub cannot_compare: Vec<String>,
    /// Live properties that the manifest does not mention.
    #[serde(default)]
    pub unmanaged: Vec<UnmanagedView>,
    /// What the service deletes with it and the plan does not delete itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes_along: Vec<String>,
    /// The update document.
    pub patch: Vec<PatchView>,
    /// What was read.
    pub live: LiveView,
    /// Can it be undone?
    pub undo: UndoView,
    /// Resources that it needs.
    pub depends_on: Vec<String>,
    /// `lifecycle.prevent_destroy`.
    pub protected: bool,
    /// `ours`, `free` or `foreign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<OwnershipView>,
    /// IAM actions of the decision.
    pub permissions: Vec<String>,
    /// Why it is blocked, or what to know.
    #[serde(default)]
    pub diagnostics: Vec<DiagnosticView>,
}

/// A place in a source file, counted from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// An identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentifierView {
    /// Parts joined by `|`.
    pub value: String,
    /// Value of each part.
    pub parts: BTreeMap<String, String>,
    /// Names in the service's order.
    #[serde(default)]
    pub names: Vec<String>,
}

/// The decision for one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionView {
    Create,
    Update,
    Replace,
    Delete,
    Adopt,
    Read,
    Run,
    Noop,
    Deferred,
    Blocked,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertaintyView {
    Certain,
    Conditional,
    Deferred,
}

/// An explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonView {
    /// Kind, such as `value_changed`. A reader may meet kinds that it does not know.
    pub code: String,
    /// Property.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeView {
    /// JSON Pointer into the properties.
    pub path: String,
    /// How people read it: `Tags[cost-center]`.
    #[serde(default)]
    pub label: String,
    /// What happens there.
    pub op: OpView,
    /// Live.
    pub before: ValueView,
    /// Declared.
    pub after: ValueView,
    /// True if this property makes the replacement.
    pub forces_replace: bool,
    /// True if the service decides whether it makes one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_replace: bool,
    /// What gives the value, where the INSERT of a query file does not name the property: `update` or `props`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_by: Option<String>,
    /// Where the manifest gives the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
}

/// What happens at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OpView {
    Add,
    Replace,
    Remove,
    Resend,
}

/// A value that can be shown, or the reason why it cannot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ValueView {
    /// Here it is.
    Known { value: Json },
    /// Parts cannot be shown: `value` holds null there, `parts` says why, by JSON Pointer.
    Partial { value: Json, parts: BTreeMap<String, ValueView> },
    /// Not there.
    Absent,
    /// Given by these outputs.
    KnownAfterApply {
        from: Vec<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sensitive: bool,
    },
    /// Never shown. `changed`: null where nobody can compare.
    Sensitive { changed: Option<bool> },
    /// Reads never return it.
    WriteOnly,
    /// The read failed.
    Unreadable,
    /// What the service takes by itself.
    Default { value: Json },
}

/// A difference that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalenceView {
    pub path: String,
    /// Which rule says so, such as `set_order`.
    pub rule: String,
}

/// A live property that the manifest does not mention. Its value stays in the cloud: it might be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnmanagedView {
    pub path: String,
    /// True if the live value is the schema's default.
    pub is_default: bool,
}

/// One operation of the update document. Sensitive parts read `{"sensitive": true}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatchView {
    pub op: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveView {
    pub exists: bool,
    /// `sha256:…` of the live values that the plan rests on.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// `sha256:…` of the type's schema.
    #[serde(default)]
    pub schema: Option<String>,
}

/// Can it be undone?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoView {
    /// `yes`, `partial`, `no` or `nothing`.
    pub possible: String,
    pub why: Option<String>,
}

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnershipView {
    /// `ours`, `free` or `foreign`.
    pub whose: String,
    /// What the foreign tag says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeView {
    /// Needs `to`.
    pub from: String,
    /// Comes first.
    pub to: String,
    /// The expression, or `depends_on`.
    pub via: String,
}

/// One property that drifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftView {
    pub address: String,
    pub path: String,
    #[serde(default)]
    pub label: String,
    pub live: ValueView,
    pub declared: ValueView,
    /// What `build` would do: the resource's action.
    pub build_would: ActionView,
}

/// A diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosticView {
    /// `SD1203`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// Key and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<(String, String)>,
}

/// A limit of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuardrailView {
    pub rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    pub found: u64,
    pub ok: bool,
}

/// What a run costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Resources to read again.
    pub reads: usize,
    /// Operations.
    pub writes: usize,
    pub polls_about: usize,
    pub seconds_about: usize,
}

/// What may differ between two runs of the same plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Meta {
    /// 128 random bits, hex: the seed of the client tokens (DESIGN section 6).
    pub nonce: String,
    pub tool_version: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    pub expires_at: String,
    /// Stack folder as typed.
    #[serde(default)]
    pub stack_dir: String,
    /// Resources that planning read.
    #[serde(default)]
    pub reads: usize,
    /// Pages of lists, of the tag index and of operations that planning read to find resources.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lookups: usize,
    /// Time that planning took.
    #[serde(default)]
    pub millis: u64,
    /// Schemas that are not those of the program, but were read from a registry: type, region, day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cached_schemas: Vec<String>,
    /// `sha256:…` of `plan_id` and the rest of `meta`. A saved plan whose times or nonce were edited is refused.
    #[serde(default)]
    pub digest: String,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}
