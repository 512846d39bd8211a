//! The only way from a plan to its view: values that must not be shown stay behind here.

use super::value_view::{change_of, rows_of_create, shown_json, sorted};
use super::view::*;
use crate::locate::Locate;
use crate::policy;
use crate::wire::AWS;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use stack_core::desired::{GivenBy, ReplaceOrder};
use stack_core::diagnostic::{Diagnostic, Part};
use stack_core::identity::Identifier;
use stack_core::ids::Address;
use stack_core::plan::{
    Action, Certainty, Change, Impact, Mode, Orphan, Ownership, PatchOp, Plan, Planned, ReasonCode, Step,
    Undo,
};
use stack_core::pointer::Pointer;
use stack_core::redact::{MARK, Redactor};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::value::Value;
use std::collections::{BTreeSet, HashMap};

/// What a view needs beside the plan.
pub struct Context<'a> {
    /// Source positions.
    pub locate: &'a dyn Locate,
    /// Permissions, defaults and digests of types.
    pub schemas: &'a dyn Schemas,
    /// `sha256:…` of the manifest.
    pub manifest_digest: String,
    /// Selection as typed.
    pub targets: TargetsView,
    /// Account by region, as the cloud says.
    pub account: Option<String>,
    /// Values given to the templates.
    pub inputs: Vec<InputView>,
    /// Limits of the manifest, judged.
    pub guardrails: Vec<GuardrailView>,
    /// Digests of the live values by address, made where the secrets are known.
    pub fingerprints: HashMap<Address, String>,
    /// Declared places that hold secrets, by address: what stands there is never shown, not even in an identifier.
    pub secrets: HashMap<Address, BTreeSet<Pointer>>,
    /// Secrets wherever else they come from.
    pub redactor: Redactor,
    /// What may differ between two runs.
    pub meta: Meta,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("targets", &self.targets).finish_non_exhaustive()
    }
}

/// Makes the view, its id included.
pub fn view_of(plan: &Plan, context: &Context<'_>) -> PlanView {
    let Plan { mode, stack, resources, skipped, left_out, steps, diagnostics, orphans } = plan;
    let position: HashMap<&Address, usize> =
        steps.iter().enumerate().rev().map(|(i, step)| (&step.id.address, i)).collect();
    let mut ordered: Vec<&Planned> = resources.values().collect();
    ordered.sort_by(|a, b| {
        let at = |p: &Planned| position.get(&p.address).copied().unwrap_or(usize::MAX);
        at(a).cmp(&at(b)).then_with(|| a.address.cmp(&b.address))
    });
    let views: Vec<ResourceView> = ordered.iter().map(|planned| resource(planned, *mode, context)).collect();
    let pruned: Vec<&Identifier> = resources
        .values()
        .filter(|planned| planned.action == Action::Delete)
        .filter_map(|planned| planned.identifier.as_ref())
        .collect();
    let orphans: Vec<OrphanView> = orphans
        .iter()
        .filter(|orphan| !orphan.found.as_ref().is_some_and(|(_, found)| pruned.contains(&&found.identifier)))
        .map(|one| orphan(one, context))
        .collect();
    let mut summary = Summary { orphans: orphans.len(), ..Summary::default() };
    for view in &views {
        *match view.action {
            ActionView::Create => &mut summary.create,
            ActionView::Update => &mut summary.update,
            ActionView::Replace => &mut summary.replace,
            ActionView::Delete => &mut summary.delete,
            ActionView::Adopt => &mut summary.adopt,
            ActionView::Deferred => &mut summary.deferred,
            ActionView::Blocked => &mut summary.blocked,
            ActionView::Run => &mut summary.run,
            ActionView::Noop | ActionView::Read => &mut summary.noop,
        } += 1;
    }
    let errored = diagnostics.iter().any(Diagnostic::is_error);
    let guardrails_ok = context.guardrails.iter().all(|g| g.ok);
    let writes = steps.iter().filter(|step| !is_read(plan, step)).count();
    let mut edges: Vec<EdgeView> = ordered
        .iter()
        .flat_map(|planned| {
            planned.after.iter().map(|edge| EdgeView {
                from: planned.address.to_string(),
                to: edge.to.to_string(),
                via: edge.via.clone(),
            })
        })
        .collect();
    edges.dedup();
    let scopes: BTreeSet<ScopeView> = ordered
        .iter()
        .map(|planned| ScopeView {
            provider: planned.target.provider.to_string(),
            account: context.account.clone().filter(|_| planned.target.provider.as_str() == AWS),
            region: planned.target.region.as_ref().map(ToString::to_string),
        })
        .collect();
    let drift = if *mode == Mode::Drift { drift_rows(&views) } else { Vec::new() };
    let mut view = PlanView {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION.to_owned(),
        plan_id: String::new(),
        mode: match mode {
            Mode::Build => ModeView::Build,
            Mode::Teardown => ModeView::Teardown,
            Mode::Drift => ModeView::Drift,
        },
        stack: StackView {
            name: stack.name.clone(),
            env: stack.env.clone(),
            manifest_digest: context.manifest_digest.clone(),
        },
        targets: context.targets.clone(),
        scopes: scopes.into_iter().collect(),
        inputs: context.inputs.clone(),
        summary,
        applyable: !errored && summary.blocked == 0 && guardrails_ok,
        complete: left_out.is_empty(),
        errored,
        resources: views,
        skipped: skipped.iter().map(ToString::to_string).collect(),
        left_out: left_out.iter().map(ToString::to_string).collect(),
        edges,
        orphans,
        drift,
        warnings: diagnostics.iter().map(|d| told(d, context)).collect(),
        guardrails: context.guardrails.clone(),
        budget: Budget {
            reads: resources.len(),
            writes,
            polls_about: writes * 5,
            seconds_about: critical_path(plan) * SECONDS_PER_STEP,
        },
        meta: context.meta.clone(),
    };
    view.plan_id = plan_id(&view);
    view.meta.digest = digest_of_meta(&super::json::v1::plan(&view));
    view
}

/// A middling operation by the poll schedule of cloud-control 4.2.
const SECONDS_PER_STEP: usize = 10;

/// Steps on the longest chain.
fn critical_path(plan: &Plan) -> usize {
    let mut depth: HashMap<&stack_core::plan::StepId, usize> = HashMap::new();
    for step in &plan.steps {
        let before = step.after.iter().filter_map(|id| depth.get(id)).max().copied().unwrap_or(0);
        depth.insert(&step.id, before + usize::from(!is_read(plan, step)));
    }
    depth.values().max().copied().unwrap_or(0)
}

/// True for a query that is asked in its turn: it writes nothing.
fn is_read(plan: &Plan, step: &Step) -> bool {
    plan.resources.get(&step.id.address).is_some_and(|planned| planned.action == Action::Read)
}

/// Hash of everything except `meta` and the id itself: `pl_` and 26 characters.
pub fn plan_id(view: &PlanView) -> String {
    id_of(&super::json::v1::plan(view))
}

/// [`plan_id`] of a document.
pub fn id_of(document: &Json) -> String {
    let mut json = document.clone();
    if let Some(map) = json.as_object_mut() {
        map.shift_remove("meta");
        map.shift_remove("plan_id");
    }
    let digest = Sha256::digest(canonical(json).as_bytes());
    format!("pl_{}", base32(&digest[..16]))
}

/// Digest of `meta` together with the plan's id, so that neither a nonce nor an expiry is changed unseen.
pub fn digest_of_meta(document: &Json) -> String {
    let mut meta = document.get("meta").cloned().unwrap_or_default();
    if let Some(map) = meta.as_object_mut() {
        map.shift_remove("digest");
    }
    let id = document.get("plan_id").and_then(Json::as_str).unwrap_or_default();
    sha256(format!("{id} {}", canonical(meta)).as_bytes())
}

/// Sorted text that reading and writing no longer changes: a number with many digits may read back as its neighbour.
fn canonical(json: Json) -> String {
    const ROUNDS: usize = 8;
    let mut text = sorted(json).to_string();
    for _ in 0..ROUNDS {
        // A text that was written a moment ago reads.
        let Ok(again) = serde_json::from_str::<Json>(&text) else { break };
        let again = again.to_string();
        if again == text {
            break;
        }
        text = again;
    }
    text
}

/// `sha256:…` of bytes.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Lower-case base 32 without the letters that look like digits (Crockford).
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut text = String::new();
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(held >> bits) as usize & 31]));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(held << (5 - bits)) as usize & 31]));
    }
    text
}

/// In place of the types that a statement deletes, where that is not known before it runs.
pub const ANYTHING: &str = "*";

fn resource(planned: &Planned, mode: Mode, context: &Context<'_>) -> ResourceView {
    // Destructured, so that a new field of the plan cannot be forgotten here.
    let Planned {
        address,
        ty,
        declared_type,
        flow,
        target: _,
        identifier,
        // How it was found may differ with the local ledger, which must change no plan.
        found_by: _,
        looked_for: _,
        action,
        certainty,
        ownership,
        reasons,
        changes,
        explained,
        cannot_compare,
        // Their diagnostics name them.
        lookalikes: _,
        accepted: _,
        // They may be new in every run.
        client_tokens: _,
        // The steps show the order.
        follows: _,
        takes_along,
        unmanaged,
        patch,
        desired,
        live,
        undo,
        after,
        protected,
        diagnostics,
        // What they delete is asked for as such; guardrails and regions look at the rest.
        hits: _,
        sources,
    } = planned;
    let schema = context.schemas.schema(ty).ok();
    let sealed = |value: &Value| context.redactor.seal(value.clone());
    let place = |pointer: &Pointer| context.locate.place(sources.of(pointer), &Part::Value);
    let creating = matches!(action, Action::Create) || (matches!(action, Action::Deferred) && live.is_none());
    let changes: Vec<ChangeView> = match desired {
        // A create is shown leaf by leaf; the planner names only its top-level properties.
        Some(desired) if creating => rows_of_create(&sealed(desired))
            .into_iter()
            .map(|mut row| {
                row.source = Pointer::parse(&row.path).ok().and_then(|p| place(&p));
                row
            })
            .collect(),
        _ => changes
            .iter()
            .map(|change| ChangeView {
                source: place(&change.path),
                forces_replace: change.impact == Impact::Replace,
                may_replace: change.impact == Impact::MayReplace,
                ..change_of(&Change {
                    before: change.before.as_ref().map(sealed),
                    after: change.after.as_ref().map(sealed),
                    ..change.clone()
                })
            })
            .collect(),
    };
    // Elements of lists are called by their keys.
    let changes: Vec<ChangeView> = changes
        .into_iter()
        .map(|mut row| {
            context.redactor.clear(&mut row.label);
            let at = Pointer::parse(&row.path).unwrap_or_default();
            let given = at.segments().first().and_then(|property| sources.given_by.get(property));
            row.given_by = given.map(|given| match given {
                GivenBy::Update => "update".to_owned(),
                GivenBy::Props => "props".to_owned(),
            });
            row
        })
        .collect();
    let (certainty, decided_by) = match certainty {
        Certainty::Certain => (CertaintyView::Certain, Vec::new()),
        Certainty::Conditional(from) => {
            (CertaintyView::Conditional, from.iter().map(ToString::to_string).collect())
        }
        Certainty::Deferred(from) => {
            (CertaintyView::Deferred, from.iter().map(ToString::to_string).collect())
        }
    };
    let is_orphan = reasons.iter().any(|reason| reason.code == ReasonCode::Orphaned);
    let mut depends_on: Vec<String> = after.iter().map(|edge| edge.to.to_string()).collect();
    depends_on.sort();
    depends_on.dedup();
    let action = match action {
        Action::Noop => ActionView::Noop,
        Action::Create => ActionView::Create,
        Action::Update => ActionView::Update,
        Action::Adopt => ActionView::Adopt,
        Action::Replace(_) => ActionView::Replace,
        Action::Delete => ActionView::Delete,
        Action::Deferred => ActionView::Deferred,
        Action::Run => ActionView::Run,
        Action::Read => ActionView::Read,
        Action::Blocked => ActionView::Blocked,
    };
    let deleted: BTreeSet<String> = planned
        .deletions()
        .map(|hit| hit.ty.as_ref().map_or_else(|| ANYTHING.to_owned(), ToString::to_string))
        .collect();
    ResourceView {
        address: address.to_string(),
        ty: declared_type.clone(),
        canonical_type: ty.to_string(),
        flow: flow.map(|kind| kind.to_string()),
        deletes: deleted.into_iter().collect(),
        // What left the manifest has no place in it.
        source: (!is_orphan).then(|| context.locate.place(&sources.resource, &Part::Value)).flatten(),
        identifier: identifier
            .as_ref()
            .map(|id| identifier_view(id, context.secrets.get(address), &context.redactor)),
        action,
        replace_order: match planned.action {
            Action::Replace(ReplaceOrder::CreateFirst) => Some("create_first".to_owned()),
            Action::Replace(ReplaceOrder::DeleteFirst) => Some("delete_first".to_owned()),
            _ => None,
        },
        certainty,
        decided_by,
        reasons: reasons
            .iter()
            .map(|reason| ReasonView {
                code: snake(&reason.code),
                path: reason.path.as_ref().map(ToString::to_string),
            })
            .collect(),
        changes,
        equivalences: explained
            .iter()
            .map(|e| EquivalenceView { path: e.path.to_string(), rule: snake(&e.rule) })
            .collect(),
        cannot_compare: cannot_compare.iter().map(ToString::to_string).collect(),
        unmanaged: if mode == Mode::Teardown {
            Vec::new()
        } else {
            unmanaged.iter().map(|path| unmanaged_view(path, live.as_ref(), schema.as_deref())).collect()
        },
        takes_along: takes_along.iter().map(ToString::to_string).collect(),
        patch: patch
            .iter()
            .map(|op| match op {
                PatchOp::Add { path, value } => PatchView {
                    op: "add".to_owned(),
                    path: path.to_string(),
                    value: Some(shown_json(&sealed(value))),
                },
                PatchOp::Remove { path } => {
                    PatchView { op: "remove".to_owned(), path: path.to_string(), value: None }
                }
            })
            .collect(),
        live: LiveView {
            exists: live.is_some() || flow.is_some() && is_there(planned),
            fingerprint: context.fingerprints.get(address).cloned(),
            schema: schema.as_deref().and_then(schema_digest),
        },
        undo: match undo {
            Undo::Nothing => UndoView { possible: "nothing".to_owned(), why: None },
            Undo::Yes => UndoView { possible: "yes".to_owned(), why: None },
            Undo::Partial(why) => UndoView { possible: "partial".to_owned(), why: Some(why.clone()) },
            Undo::No(why) => UndoView { possible: "no".to_owned(), why: Some(why.clone()) },
        },
        depends_on,
        protected: *protected,
        ownership: ownership.as_ref().map(|o| match o {
            Ownership::Ours => OwnershipView { whose: "ours".to_owned(), tag: None },
            Ownership::Free => OwnershipView { whose: "free".to_owned(), tag: None },
            Ownership::Foreign(tag) => OwnershipView {
                whose: "foreign".to_owned(),
                tag: Some(context.redactor.text(tag).into_owned()),
            },
        }),
        permissions: schema
            .as_deref()
            .map(|schema| policy::actions(schema, policy::operations(action), touches_tags(planned, schema)))
            .unwrap_or_default(),
        diagnostics: diagnostics.iter().map(|d| told(d, context)).collect(),
    }
}

fn told(problem: &Diagnostic, context: &Context<'_>) -> DiagnosticView {
    diagnostic(&context.redactor.diagnostic(problem.clone()), context.locate)
}

/// An identifier, its secret parts masked: those that are declared so, and those that come from elsewhere.
fn identifier_view(
    identifier: &Identifier,
    secrets: Option<&BTreeSet<Pointer>>,
    redactor: &Redactor,
) -> IdentifierView {
    let parts: Vec<(String, String)> = identifier
        .parts
        .iter()
        .map(|(name, value)| {
            let hidden =
                secrets.is_some_and(|s| s.contains(&Pointer::of(name.split('/')))) || redactor.is_in(value);
            (name.clone(), if hidden { MARK.to_owned() } else { value.clone() })
        })
        .collect();
    IdentifierView {
        value: parts.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("|"),
        names: parts.iter().map(|(name, _)| name.clone()).collect(),
        parts: parts.into_iter().collect(),
    }
}

/// True if the checks of a flow have found it, or a query was answered.
fn is_there(planned: &Planned) -> bool {
    let is_absent = planned.reasons.iter().any(|reason| reason.code == ReasonCode::Absent);
    matches!(planned.action, Action::Noop | Action::Update | Action::Delete) && !is_absent
}

/// True if the decision sets or changes tags.
fn touches_tags(planned: &Planned, schema: &ResourceSchema) -> bool {
    let Some((name, _)) = schema.tag_property() else { return false };
    let at = Pointer::of([name]);
    match planned.action {
        Action::Noop | Action::Blocked | Action::Delete | Action::Run | Action::Read => false,
        Action::Create | Action::Replace(_) | Action::Deferred => {
            planned.desired.as_ref().is_some_and(|desired| desired.get(name).is_some())
        }
        Action::Update | Action::Adopt => planned.patch.iter().any(|op| op.path().starts_with(&at)),
    }
}

fn schema_digest(schema: &ResourceSchema) -> Option<String> {
    serde_json::to_vec(schema).ok().map(|bytes| sha256(&bytes))
}

fn unmanaged_view(
    path: &Pointer,
    live: Option<&serde_json::Value>,
    schema: Option<&ResourceSchema>,
) -> UnmanagedView {
    let default = schema.and_then(|s| s.at(path)).and_then(|node| node.default_value.as_ref());
    let value = live.and_then(|live| path.get(live));
    UnmanagedView { path: path.to_string(), is_default: default.is_some() && default == value }
}

fn drift_rows(resources: &[ResourceView]) -> Vec<DriftView> {
    resources
        .iter()
        .filter(|r| r.live.exists)
        .flat_map(|r| {
            r.changes.iter().filter(|c| c.op != OpView::Resend).map(|c| DriftView {
                address: r.address.clone(),
                path: c.path.clone(),
                label: c.label.clone(),
                live: c.before.clone(),
                declared: c.after.clone(),
                build_would: r.action,
            })
        })
        .collect()
}

fn orphan(orphan: &Orphan, context: &Context<'_>) -> OrphanView {
    let clear = |text: &str| {
        let mut text = text.to_owned();
        context.redactor.clear(&mut text);
        text
    };
    OrphanView {
        name: clear(&orphan.name),
        ty: orphan.found.as_ref().map(|(ty, _)| ty.to_string()),
        identifier: orphan
            .found
            .as_ref()
            .map(|(_, found)| identifier_view(&found.identifier, None, &context.redactor)),
        arn: clear(&orphan.arn),
        region: orphan.target.region.as_ref().map(ToString::to_string),
        doubt: orphan.doubt.as_deref().map(clear),
    }
}

/// The view of a diagnostic.
pub fn diagnostic(diagnostic: &Diagnostic, locate: &dyn Locate) -> DiagnosticView {
    DiagnosticView {
        code: diagnostic.code.to_string(),
        severity: snake(&diagnostic.severity),
        message: diagnostic.message.clone(),
        source: diagnostic.labels.first().and_then(|label| locate.place(&label.route, &label.part)),
        notes: diagnostic.notes.clone(),
    }
}

/// The serialised name of a unit variant.
fn snake<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// Words for a kind of reason. A kind of a newer writer is shown as it is.
pub fn reason_words(code: &str) -> String {
    let known = [
        (ReasonCode::Absent, "it does not exist"),
        (ReasonCode::ValueChanged, "a declared value differs"),
        (ReasonCode::ValueAdded, "a declared value is missing"),
        (ReasonCode::ValueRemoved, "a value is to be removed"),
        (ReasonCode::CreateOnly, "create-only in the schema"),
        (ReasonCode::ConditionalCreateOnly, "the service decides whether it must be replaced"),
        (ReasonCode::NoUpdateHandler, "the API has no update for this type"),
        (ReasonCode::GrowOnly, "it can only grow"),
        (
            ReasonCode::UpdateImpossible,
            "an update cannot be written: a required property is never returned by reads",
        ),
        (ReasonCode::Adopted, "it exists without our tags; from now on teardown deletes it"),
        (ReasonCode::Resend, "its write-only values are sent again"),
        (ReasonCode::AwaitsOutput, "a value comes from a resource that changes"),
        (ReasonCode::NotWanted, "it is not wanted any more"),
        (ReasonCode::Renamed, "it had another name in the manifest; its tag follows"),
        (ReasonCode::CheckFailed, "one of its own checks says no"),
        (ReasonCode::AlwaysRuns, "it runs in every build"),
        (ReasonCode::Orphaned, "it carries this stack's tags and is not in the manifest"),
        (ReasonCode::DependencyReplaced, "something that it needs is replaced"),
    ];
    known
        .iter()
        .find(|(known, _)| snake(known) == code)
        .map_or_else(|| code.replace('_', " "), |(_, w)| (*w).to_owned())
}
