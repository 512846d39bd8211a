//! Orphans: what carries the stack's tags and left the manifest. Deleted only where the user says so (DESIGN section 5).

use super::{codes, glob, guard, steps, undo};
use crate::desired::Sources;
use crate::diagnostic::Diagnostic;
use crate::ids::Address;
use crate::observed::IdentityStep;
use crate::plan::{Action, Certainty, Orphan, Ownership, Plan, Planned, Reason, ReasonCode, Undo};
use crate::schema::Schemas;
use std::collections::HashSet;

/// What else a plan with orphans does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// All that it did.
    All,
    /// Nothing: the orphans go, and what the manifest names stays as it is.
    Nothing,
}

/// Puts the deletion of all confirmed orphans into a plan. `allow_data_loss`: `--allow-data-loss`, with `*` for any
/// text, over the addresses that the plan shows for them.
pub fn prune(plan: &mut Plan, schemas: &dyn Schemas, beside: Beside, allow_data_loss: &[String]) {
    // Journal and ledger go by addresses: an orphan must not have the one of what the manifest names, planned or not.
    let mut taken: HashSet<Address> =
        plan.resources.keys().chain(&plan.skipped).chain(&plan.left_out).cloned().collect();
    if beside == Beside::Nothing {
        plan.resources.clear();
        plan.diagnostics.clear();
    }
    for orphan in plan.orphans.clone() {
        let Some((ty, found)) = &orphan.found else {
            plan.diagnostics.push(doubtful(&orphan));
            continue;
        };
        let address = address_of(&taken, &orphan);
        taken.insert(address.clone());
        let mut planned = Planned {
            address: address.clone(),
            ty: ty.clone(),
            declared_type: ty.to_string(),
            flow: None,
            target: orphan.target.clone(),
            identifier: Some(found.identifier.clone()),
            found_by: Some(IdentityStep::Tagged),
            looked_for: true,
            action: Action::Delete,
            certainty: Certainty::Certain,
            ownership: Some(Ownership::Ours),
            reasons: vec![Reason { code: ReasonCode::Orphaned, path: None }],
            changes: Vec::new(),
            explained: Vec::new(),
            hits: Vec::new(),
            cannot_compare: Vec::new(),
            client_tokens: Vec::new(),
            follows: Vec::new(),
            lookalikes: Vec::new(),
            takes_along: Vec::new(),
            accepted: Vec::new(),
            unmanaged: Vec::new(),
            patch: Vec::new(),
            desired: None,
            live: Some(found.model.clone()),
            undo: schemas.schema(ty).map_or(Undo::Nothing, |schema| undo::of_delete(&schema)),
            after: Vec::new(),
            protected: false,
            diagnostics: Vec::new(),
            sources: Sources::default(),
        };
        if guard::holds_data(ty) && !allow_data_loss.iter().any(|pattern| glob(pattern, address.as_str())) {
            let problem = Diagnostic::error(
                codes::DATA_LOSS,
                format!("deleting the orphan {address} loses the data that it holds"),
            )
            .note("resource", format!("{ty} {}", found.identifier))
            .next(format!("agree with --allow-data-loss {address}, or keep it in the manifest"));
            planned.action = Action::Blocked;
            planned.diagnostics.push(problem.clone());
            plan.diagnostics.push(problem);
        }
        plan.resources.insert(address, planned);
    }
    plan.steps = steps::steps(&plan.resources, plan.mode);
}

/// The name that the tags give, if nothing else has it; else with the identifier, else with the ARN, which
/// nothing shares.
fn address_of(taken: &HashSet<Address>, orphan: &Orphan) -> Address {
    let with = |which: &str| Address::new(format!("{} ({which})", orphan.name).trim_start());
    let name = (!orphan.name.is_empty()).then(|| Address::new(&orphan.name));
    let identified = orphan.found.as_ref().map(|(_, found)| with(&found.identifier.to_string()));
    let is_free = |address: &Address| !taken.contains(address);
    name.filter(is_free).or_else(|| identified.filter(is_free)).unwrap_or_else(|| with(&orphan.arn))
}

fn doubtful(orphan: &Orphan) -> Diagnostic {
    let why = orphan.doubt.clone().unwrap_or_else(|| "its type is not known".to_owned());
    Diagnostic::warning(codes::ORPHAN_IN_DOUBT, format!("the orphan {} is left alone", orphan.arn))
        .note("why", why)
        .next("look at it, and delete it by hand if it is not needed")
}
