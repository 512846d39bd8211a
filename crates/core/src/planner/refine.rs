//! Run time: the same decision again with what is known now. It must refine the plan (OpenTofu's rule: known values
//! stay, the action does not get worse), or the step stops.

use super::codes;
use super::decide::{Decide, Seen, declared, full};
use super::identity::{Identity, identity};
use crate::desired::Wanted;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::diff::{DiffContext, diff, same_meaning};
use crate::identity::Identifier;
use crate::ids::StackId;
use crate::observed::{LedgerEntry, Question, Sighting};
use crate::plan::{Action, Change, Mode, Ownership, PatchOp, Planned};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::{Unknown, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What a step has to send. Values are in clear: for the provider only.
#[derive(Clone, PartialEq)]
pub enum Prepared {
    /// The live resource is already as wanted.
    Nothing,
    /// CreateResource with this `DesiredState`.
    Create(Json),
    /// UpdateResource with this `PatchDocument`.
    Update {
        /// Which.
        identifier: Identifier,
        /// RFC 6902.
        patch: Json,
    },
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Create(_) => f.write_str("Create"),
            Self::Update { identifier, .. } => write!(f, "Update({identifier})"),
        }
    }
}

/// The reads that find a resource, once everything it needs is known.
///
/// # Errors
/// The key cannot be derived, or waits for a value that never came.
pub fn question(
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    stack: &StackId,
    ledger: Option<&LedgerEntry>,
) -> Result<Question, Diagnostics> {
    match identity(wanted, schema, stack, ledger) {
        Identity::Ask(question) => Ok(*question),
        Identity::Waiting(unknown) => Err(vec![still_unknown(wanted, &unknown)]),
        Identity::Impossible(problem) => Err(vec![*problem]),
    }
}

/// Decides again for the `Put` step of `planned` and checks that the result refines it.
///
/// `sighting` is what was read when the plan was made, or later. For a replacement it is not looked at: its `Put`
/// always creates.
///
/// # Errors
/// The plan no longer holds, or a value is still unknown.
pub fn prepare(
    planned: &Planned,
    wanted: &Wanted,
    schema: &ResourceSchema,
    sighting: &Sighting,
    stack: &StackId,
    allow_replace: bool,
) -> Result<Prepared, Box<Diagnostic>> {
    if let Some(unknown) = wanted.props.unknown() {
        return Err(Box::new(still_unknown(wanted, &unknown)));
    }
    if let Action::Replace(_) = planned.action {
        return create(planned, wanted, schema, stack);
    }
    let resend: Vec<Pointer> = planned
        .reasons
        .iter()
        .filter(|reason| reason.code == crate::plan::ReasonCode::Resend)
        .map(|reason| reason.path.clone().unwrap_or_default())
        .collect();
    let now = Decide {
        wanted,
        schema,
        stack,
        mode: Mode::Build,
        seen: Seen::Sighted(sighting),
        after: &planned.after,
        keep_protected: false,
        allow_data_loss: true,
        resend,
        is_absent: &|_| false,
        is_fresh: &|_| false,
    }
    .decide();
    match (planned.action, now.action) {
        (Action::Create | Action::Deferred, Action::Create) => create(planned, wanted, schema, stack),
        (_, Action::Noop) => Ok(Prepared::Nothing),
        (Action::Create, Action::Update) if now.ownership == Some(Ownership::Ours) => {
            Err(no_longer_holds(planned, wanted, "it exists now, and differs from what is declared"))
        }
        (Action::Create, Action::Adopt | Action::Update) => {
            Err(no_longer_holds(planned, wanted, "somebody else has made it since the plan"))
        }
        (Action::Update | Action::Adopt | Action::Deferred, Action::Update | Action::Adopt) => {
            refines(planned, &now, wanted)?;
            let identifier = now
                .identifier
                .clone()
                .ok_or_else(|| no_longer_holds(planned, wanted, "its identifier is not known"))?;
            let patch =
                patch_json(&now.patch).ok_or_else(|| Box::new(still_unknown(wanted, &Unknown::default())))?;
            Ok(Prepared::Update { identifier, patch })
        }
        (_, Action::Replace(_)) => Err(Box::new(
            Diagnostic::error(
                codes::BECAME_REPLACE,
                format!("{} turned out to need a replacement", wanted.address),
            )
            .at(wanted.sources.resource.clone(), "")
            .note("why", replacement_causes(&now))
            .next(if allow_replace {
                "plan again: the replacement is in the new plan".to_owned()
            } else {
                format!("plan again, then agree with --allow-replace {}", wanted.address)
            }),
        )),
        (_, Action::Blocked) => Err(now
            .diagnostics
            .into_iter()
            .find(Diagnostic::is_error)
            .map(Box::new)
            .unwrap_or_else(|| no_longer_holds(planned, wanted, "it is blocked now"))),
        (_, Action::Create) => Err(no_longer_holds(planned, wanted, "it is gone")),
        (_, other) => {
            Err(no_longer_holds(planned, wanted, &format!("it would be {} now", super::action_word(other))))
        }
    }
}

fn replacement_causes(now: &Planned) -> String {
    let mut names: Vec<String> = now
        .changes
        .iter()
        .filter(|change| change.impact == crate::plan::Impact::Replace)
        .map(|change| change.label.clone())
        .collect();
    names.dedup();
    format!("{} cannot be changed in place", names.join(", "))
}

/// The body of a create; its known parts must be those of the plan.
fn create(
    planned: &Planned,
    wanted: &Wanted,
    schema: &ResourceSchema,
    stack: &StackId,
) -> Result<Prepared, Box<Diagnostic>> {
    let desired = full(wanted, schema, stack, None);
    if let Some(before) = &planned.desired
        && let Some(at) = first_difference(before, &desired, &Pointer::root())
    {
        return Err(no_longer_holds(
            planned,
            wanted,
            &format!("{} has another value than planned", at.dotted()),
        ));
    }
    match desired.exposed() {
        Some(body) => Ok(Prepared::Create(body)),
        None => Err(Box::new(still_unknown(wanted, &desired.unknown().unwrap_or_default()))),
    }
}

/// The first place where a value that the plan knew is another one now.
fn first_difference(before: &Value, now: &Value, at: &Pointer) -> Option<Pointer> {
    match (before, now) {
        (Value::Unknown(_), _) => None,
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .find_map(|(name, value)| match b.get(name) {
                Some(other) => first_difference(value, other, &at.child(name.as_str())),
                // A value that was unknown may turn out to be none.
                None if value.unknown().is_some() => None,
                None => Some(at.child(name.as_str())),
            })
            .or_else(|| b.keys().find(|name| !a.contains_key(*name)).map(|name| at.child(name.as_str()))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (x, y))| first_difference(x, y, &at.child(i.to_string()))),
        _ => match (before.exposed(), now.exposed()) {
            // A service may have spelt the value of another resource in its own way meanwhile.
            (Some(a), Some(b)) if same_meaning(&a, &b) => None,
            (None, _) => None,
            _ => Some(at.clone()),
        },
    }
}

/// Every change must have been announced, at its place or around it.
fn refines(planned: &Planned, now: &Planned, wanted: &Wanted) -> Result<(), Box<Diagnostic>> {
    if planned.action == Action::Deferred {
        return Ok(());
    }
    let announced = |change: &Change| {
        planned.changes.iter().any(|c| change.path.starts_with(&c.path) || c.path.starts_with(&change.path))
    };
    match now.changes.iter().find(|change| !announced(change)) {
        Some(change) => Err(no_longer_holds(planned, wanted, &format!("{} would change too", change.label))),
        None => Ok(()),
    }
}

/// The document for the wire. `None` while a value is unknown.
fn patch_json(patch: &[PatchOp]) -> Option<Json> {
    patch
        .iter()
        .map(|op| match op {
            PatchOp::Add { path, value } => {
                Some(json!({ "op": "add", "path": path.to_string(), "value": value.exposed()? }))
            }
            PatchOp::Remove { path } => Some(json!({ "op": "remove", "path": path.to_string() })),
        })
        .collect::<Option<Vec<_>>>()
        .map(Json::Array)
}

/// After the read-back: what the service did not take.
pub fn residue(wanted: &Wanted, schema: &ResourceSchema, live: &Json) -> Vec<Change> {
    let context = DiffContext { schema, ignore: &wanted.lifecycle.ignore_changes, is_fresh: &|_| false };
    diff(&context, &declared(wanted, schema, Some(live)), live).changes
}

fn still_unknown(wanted: &Wanted, unknown: &Unknown) -> Diagnostic {
    let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
    Diagnostic::error(
        codes::STILL_UNKNOWN,
        format!("{} needs {}, which did not become known", wanted.address, from.join(", ")),
    )
    .at(wanted.sources.resource.clone(), "")
    .note("why", "the resource that provides it does not return it")
    .next("use another property of that resource, or a default value")
}

fn no_longer_holds(planned: &Planned, wanted: &Wanted, why: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            codes::NO_LONGER_HOLDS,
            format!("the plan for {} no longer holds: {why}", planned.address),
        )
        .at(wanted.sources.resource.clone(), "")
        .next("plan again"),
    )
}
