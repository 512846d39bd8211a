//! A checker apart from the planner: looks at any finished plan and says what is wrong with it. Runs on every plan in
//! every test, and before every run.

use crate::ids::Address;
use crate::plan::{Action, Mode, PatchOp, Plan, Planned, Step, StepId, StepPart};
use crate::provider::Verb;
use crate::schema::ResourceSchema;
use std::collections::{BTreeMap, BTreeSet};

/// Something that no plan may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A step waits for one that does not come before it.
    #[error("{step} runs before {before}, which it waits for")]
    OutOfOrder {
        /// The step.
        step: StepId,
        /// What it waits for.
        before: StepId,
    },
    /// A resource is deleted before something that needs it.
    #[error("{address} is deleted before its dependent {dependent}")]
    DeletedTooEarly {
        /// The resource.
        address: Address,
        /// What needs it.
        dependent: Address,
    },
    /// The steps of a resource do not fit its action.
    #[error("the steps of {address} do not fit its action {action}")]
    WrongSteps {
        /// The resource.
        address: Address,
        /// Its action.
        action: &'static str,
    },
    /// A protected resource would go.
    #[error("{0} is protected and would go")]
    ProtectedGoes(Address),
    /// An update without a document, or a delete of nothing.
    #[error("{0} has nothing to send")]
    NothingToSend(Address),
    /// A patch addresses an element of a list (cloud-control 3.3 rule 1).
    #[error("{address}: the patch addresses an element of a list at {path}")]
    ElementPatched {
        /// The resource.
        address: Address,
        /// Where.
        path: String,
    },
    /// A patch names what must not be named (rule 5).
    #[error("{address}: the patch names the {kind} path {path}")]
    ForbiddenPath {
        /// The resource.
        address: Address,
        /// `read-only` or `create-only`.
        kind: &'static str,
        /// Where.
        path: String,
    },
    /// A plan for looking has steps.
    #[error("a drift plan has steps")]
    StepsInDrift,
}

/// All flaws of a plan. `schema_of` gives the schema of a planned resource.
pub fn check<'s>(plan: &Plan, schema_of: impl Fn(&Planned) -> Option<&'s ResourceSchema>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if plan.mode == Mode::Drift && !plan.steps.is_empty() {
        flaws.push(Flaw::StepsInDrift);
    }
    order(plan, &mut flaws);
    deletes(plan, &mut flaws);
    for planned in plan.resources.values() {
        steps_of(plan, planned, &mut flaws);
        if let Some(schema) = schema_of(planned) {
            patch(planned, schema, &mut flaws);
        }
    }
    flaws
}

fn order(plan: &Plan, flaws: &mut Vec<Flaw>) {
    let mut done = BTreeSet::new();
    for step in &plan.steps {
        for before in step.after.iter().filter(|before| !done.contains(*before)) {
            flaws.push(Flaw::OutOfOrder { step: step.id.clone(), before: before.clone() });
        }
        done.insert(&step.id);
    }
}

fn deletes(plan: &Plan, flaws: &mut Vec<Flaw>) {
    let position: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(i, s)| (&s.id, i)).collect();
    let at = |address: &Address, part| position.get(&StepId { address: address.clone(), part }).copied();
    for planned in plan.resources.values() {
        for edge in &planned.after {
            let (Some(dependency), Some(own)) =
                (at(&edge.to, StepPart::Delete), at(&planned.address, StepPart::Delete))
            else {
                continue;
            };
            if dependency < own {
                flaws.push(Flaw::DeletedTooEarly {
                    address: edge.to.clone(),
                    dependent: planned.address.clone(),
                });
            }
        }
    }
}

fn steps_of(plan: &Plan, planned: &Planned, flaws: &mut Vec<Flaw>) {
    if plan.mode == Mode::Drift {
        return;
    }
    let own: Vec<&Step> = plan.steps.iter().filter(|step| step.id.address == planned.address).collect();
    let mut verbs: Vec<Option<Verb>> = own.iter().map(|step| step.verb).collect();
    verbs.sort_by_key(|verb| verb.map(|v| v.to_string()));
    let fits = match planned.action {
        Action::Noop | Action::Blocked => verbs.is_empty(),
        Action::Create => verbs == [Some(Verb::Create)],
        Action::Update | Action::Adopt => verbs == [Some(Verb::Update)],
        Action::Delete => verbs == [Some(Verb::Delete)],
        Action::Deferred | Action::Run | Action::Read => verbs == [None],
        Action::Replace(_) => verbs == [Some(Verb::Create), Some(Verb::Delete)],
    };
    if !fits {
        flaws.push(Flaw::WrongSteps {
            address: planned.address.clone(),
            action: crate::planner::action_word(planned.action),
        });
    }
    if planned.protected && matches!(planned.action, Action::Delete | Action::Replace(_)) {
        flaws.push(Flaw::ProtectedGoes(planned.address.clone()));
    }
    let sends_nothing = match planned.action {
        // What it sends is for its statements to say.
        _ if planned.flow.is_some() => false,
        Action::Update | Action::Adopt => planned.patch.is_empty(),
        Action::Delete | Action::Replace(_) => planned.identifier.is_none(),
        Action::Create => planned.desired.is_none(),
        _ => false,
    };
    if sends_nothing {
        flaws.push(Flaw::NothingToSend(planned.address.clone()));
    }
}

fn patch(planned: &Planned, schema: &ResourceSchema, flaws: &mut Vec<Flaw>) {
    for op in &planned.patch {
        let path = op.path();
        let mut live = planned.live.as_ref();
        for segment in path.segments() {
            if live.is_some_and(serde_json::Value::is_array) {
                flaws.push(Flaw::ElementPatched { address: planned.address.clone(), path: path.to_string() });
                break;
            }
            live = live.and_then(|value| value.get(segment));
        }
        let kind = if schema.read_only_properties.covers(path) {
            Some("read-only")
        } else if schema.create_only_properties.covers(path) {
            Some("create-only")
        } else {
            None
        };
        if let Some(kind) = kind {
            flaws.push(Flaw::ForbiddenPath {
                address: planned.address.clone(),
                kind,
                path: path.to_string(),
            });
        }
        if let PatchOp::Remove { path } = op
            && planned.live.as_ref().is_some_and(|live| path.get(live).is_none())
        {
            flaws.push(Flaw::NothingToSend(planned.address.clone()));
        }
    }
}
