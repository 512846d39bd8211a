//! What a plan is held against before anything is sent: `settings.guardrails`, and regions of statements.

use crate::errors::codes;
use crate::load::Loaded;
use crate::render::view::GuardrailView;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::plan::{Mode, Plan, Planned};
use stack_core::planner::{self, check_guardrails};
use stack_manifest::Settings;

/// Each guardrail that is set, and what it refuses.
pub fn guardrails(loaded: &Loaded, plan: &Plan) -> (Vec<GuardrailView>, Diagnostics) {
    let set = &loaded.stack.settings().guardrails;
    let number = |n: Option<u64>| n.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let rules = planner::Guardrails {
        // A teardown is asked for by name; the limit is against deletes that nobody meant. `deny_actions` still holds.
        max_delete: number(set.max_delete).filter(|_| plan.mode != Mode::Teardown),
        max_replace: number(set.max_replace),
        deny_types: set.deny_types.clone(),
        deny_actions: set.deny_actions.clone(),
    };
    let checks = check_guardrails(&rules, plan, &*loaded.schemas);
    let refused = checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| {
            let message = match check.rule.as_str() {
                "max_delete" | "max_replace" => {
                    format!("guardrail {}: {} planned, {} allowed", check.rule, check.found, check.limit)
                }
                rule => format!("guardrail {rule}: {} planned", check.found),
            };
            Diagnostic::error(planner::codes::GUARDRAIL, message)
                .note("resources", check.resources.join(", "))
                .next("change the manifest so that less happens, or settings.guardrails")
        })
        .collect();
    let limit = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let views = checks
        .into_iter()
        .map(|check| GuardrailView {
            limit: check.rule.starts_with("max_").then(|| limit(check.limit)),
            found: limit(check.found),
            ok: check.ok,
            rule: check.rule,
        })
        .collect();
    (views, refused)
}

/// Statements whose region is not known before they run, where `settings.regions` allows only some.
pub fn open_regions(settings: &Settings, plan: &Plan) -> Diagnostics {
    let is_open = |planned: &&Planned| planned.hits.iter().any(|hit| hit.target.is_none());
    let open = plan.resources.values().filter(is_open).filter(|_| !settings.regions.is_empty());
    open.map(|planned| {
        let message = format!("the region of a statement of {} is not known before it runs", planned.address);
        Diagnostic::error(codes::WRONG_REGION, message)
            .at(planned.sources.resource.clone(), "")
            .note("allowed", settings.regions.join(", "))
            .next(
                "write a region that is known when the plan is made: region = '…', with all values in quotes",
            )
    })
    .collect()
}
