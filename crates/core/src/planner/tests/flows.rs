//! Resources whose own statements rule: what their checks found becomes a decision.

use super::support::{TestSchemas, TestStack, ours, target};
use crate::check::check;
use crate::desired::{Edge, Lifecycle, Node, Outputs, Rendered, Resolver, Sources};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Part, Route, Severity};
use crate::flow::{
    AnchorKind, AnchorOptions, Captured, Flow, FlowKind, FlowSeen, FlowVerdict, Purpose, Script, Stray,
    Unready,
};
use crate::identity::Identifier;
use crate::ids::{Address, StackId, TypeName};
use crate::observed::Sighting;
use crate::plan::{Action, Hit, Mode, Plan, ReasonCode};
use crate::planner::guard::{Guardrails, check_guardrails};
use crate::planner::{PlanOptions, Planning, codes};
use crate::provider::{Found, Verb};
use crate::statement::Marked;
use crate::value::{Unknown, Value};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const DOMAIN: &str = "AWS::CustomerProfiles::Domain";

#[derive(Debug)]
struct Anchors(Vec<AnchorKind>, AnchorOptions);

impl Script for Anchors {
    fn anchor(&self, anchor: AnchorKind) -> Option<&AnchorOptions> {
        self.0.contains(&anchor).then_some(&self.1)
    }
    fn statement(&self, _: AnchorKind, _: &Captured) -> Result<Marked, Unready> {
        Ok(Marked::default())
    }
    fn shell(&self) -> Result<Value, Unready> {
        Ok(Value::text(""))
    }
    fn place(&self, _: AnchorKind, _: &Marked, _: Option<Range<usize>>) -> (Route, Part) {
        (Route::default(), Part::Value)
    }
    fn file(&self) -> Option<&str> {
        None
    }
}

/// A flow and what its checks find.
#[derive(Clone)]
struct Given {
    flow: Flow,
    seen: FlowSeen,
    after: Vec<&'static str>,
    follows: Vec<&'static str>,
}

fn given(name: &str, kind: FlowKind, anchors: &[AnchorKind], seen: FlowSeen) -> Given {
    let schema = json!({"typeName": kind.to_string(), "properties": {"id": {}}});
    let flow = Flow {
        address: name.into(),
        kind,
        declared_type: kind.to_string(),
        ty: TypeName::new(kind.to_string()),
        schema: Arc::new(serde_json::from_value(schema).unwrap()),
        exports: Vec::new(),
        returns: Default::default(),
        skip_validation: false,
        target: target(),
        of: None,
        lifecycle: Lifecycle::default(),
        absent: false,
        literal_patch: false,
        script: Arc::new(Anchors(anchors.to_vec(), AnchorOptions::default())),
        sources: Sources { resource: Route::default().key(name), ..Sources::default() },
    };
    Given { flow, seen, after: Vec::new(), follows: Vec::new() }
}

const ALL: &[AnchorKind] = &[
    AnchorKind::Exists,
    AnchorKind::StateCheck,
    AnchorKind::Create,
    AnchorKind::Update,
    AnchorKind::Delete,
    AnchorKind::Exports,
];

fn vpc(verdict: FlowVerdict) -> Given {
    given("vpc", FlowKind::Resource, ALL, FlowSeen::of(verdict))
}

fn exporting(given: Given, id: &str) -> Given {
    let exports = Some(IndexMap::from([("id".to_owned(), Value::text(id))]));
    Given { seen: FlowSeen { exports, ..given.seen }, ..given }
}

struct Stack {
    typed: TestStack,
    nodes: Vec<Node>,
    flows: BTreeMap<Address, Given>,
}

impl Resolver for Stack {
    fn stack(&self) -> &StackId {
        self.typed.stack()
    }
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
        match self.flows.get(address) {
            Some(given) => Ok(Rendered::Flow(Box::new(given.flow.clone()))),
            None => self.typed.render(address, outputs),
        }
    }
}

/// Plans flows first, then typed resources, all of them absent.
fn plan_of(mode: Mode, flows: Vec<Given>, typed: TestStack) -> (Plan, Outputs) {
    plan_with(PlanOptions::of(mode), flows, typed, &|_| None)
}

fn plan_with(
    options: PlanOptions,
    flows: Vec<Given>,
    typed: TestStack,
    live: &dyn Fn(&Address) -> Option<Json>,
) -> (Plan, Outputs) {
    let own = flows.iter().map(|given| Node {
        address: given.flow.address.clone(),
        declared_type: given.flow.declared_type.clone(),
        after: given
            .after
            .iter()
            .map(|to| Edge { to: (*to).into(), via: "depends_on".into(), route: Route::default() })
            .collect(),
        follows: given.follows.iter().map(|name| (*name).into()).collect(),
        route: Route::default().key(given.flow.address.as_str()),
    });
    let nodes = own.chain(typed.nodes().iter().cloned()).collect();
    let flows = flows.into_iter().map(|given| (given.flow.address.clone(), given)).collect();
    let stack = Arc::new(Stack { typed, nodes, flows });
    let mut planning = Planning::new(Arc::clone(&stack) as _, Arc::new(TestSchemas), options);
    while !planning.is_done() {
        for question in planning.questions() {
            let sighting = match live(&question.address) {
                Some(model) => super::support::present(&[("DomainName", "shop-prod")], model),
                None => Sighting::Absent,
            };
            planning.answer(&question.address, &sighting);
        }
        for question in planning.flows() {
            let address = question.flow.address.clone();
            let expected =
                if stack_mode(&planning) == Mode::Teardown { Purpose::Teardown } else { Purpose::Plan };
            assert_eq!(question.purpose, expected);
            planning.answer_flow(&address, stack.flows[&address].seen.clone());
        }
    }
    let (plan, outputs) = planning.finish();
    assert_eq!(check(&plan, |_| None), []);
    (plan, outputs)
}

fn stack_mode(planning: &Planning) -> Mode {
    planning.options.mode
}

fn action(mode: Mode, given: Given) -> Action {
    plan_of(mode, vec![given], TestStack::new()).0.resources[0].action
}

#[test]
fn a_verdict_becomes_an_action() {
    let wrong = FlowVerdict::Differs(AnchorKind::StateCheck);
    for (verdict, build, teardown, drift) in [
        (FlowVerdict::Absent, Action::Create, Action::Noop, Action::Create),
        (FlowVerdict::AsWanted, Action::Noop, Action::Delete, Action::Noop),
        (wrong, Action::Update, Action::Delete, Action::Update),
        (FlowVerdict::Assumed, Action::Noop, Action::Delete, Action::Noop),
        (FlowVerdict::Always, Action::Run, Action::Noop, Action::Run),
        (
            FlowVerdict::Broken(vec![Diagnostic::error(Code(1), "no")]),
            Action::Blocked,
            Action::Blocked,
            Action::Blocked,
        ),
    ] {
        assert_eq!(action(Mode::Build, vpc(verdict.clone())), build, "{verdict:?}");
        assert_eq!(action(Mode::Teardown, vpc(verdict.clone())), teardown, "{verdict:?}");
        assert_eq!(action(Mode::Drift, vpc(verdict.clone())), drift, "{verdict:?}");
    }
}

#[test]
fn what_statements_delete_is_held_against_guardrails() {
    let hit = |verb, ty: &str| Hit::known(verb, ty.into(), target());
    let seen = FlowSeen {
        hits: vec![hit(Verb::Create, "AWS::S3::Bucket"), hit(Verb::Delete, "AWS::SQS::Queue")],
        ..FlowSeen::of(FlowVerdict::Always)
    };
    let command = given("clear", FlowKind::Command, &[AnchorKind::Command], seen);
    let (plan, _) = plan_of(Mode::Build, vec![command.clone()], TestStack::new());
    assert_eq!(plan.resources[0].action, Action::Run);
    assert!(plan.resources[0].deletes());
    let codes: Vec<Code> = plan.resources[0].diagnostics.iter().map(|told| told.code).collect();
    assert_eq!(codes, [codes::STATEMENTS_DELETE]);
    let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    for (rules, ok) in [
        (Guardrails { max_delete: Some(0), ..Guardrails::default() }, false),
        (Guardrails { max_delete: Some(1), ..Guardrails::default() }, true),
        (Guardrails { deny_types: text(&["AWS::SQS::*"]), ..Guardrails::default() }, false),
        (Guardrails { deny_types: text(&["AWS::EC2::*"]), ..Guardrails::default() }, true),
        (Guardrails { deny_actions: text(&["delete"]), ..Guardrails::default() }, false),
        (Guardrails { deny_actions: text(&["create"]), ..Guardrails::default() }, false),
        (Guardrails { deny_actions: text(&["update"]), ..Guardrails::default() }, true),
    ] {
        assert!(
            check_guardrails(&rules, &plan, &TestSchemas).iter().all(|check| check.ok == ok),
            "{rules:?}"
        );
    }
    // A teardown runs no command.
    let (plan, _) = plan_of(Mode::Teardown, vec![command], TestStack::new());
    assert_eq!((plan.resources[0].action, plan.resources[0].hits.len()), (Action::Noop, 0));
}

#[test]
fn what_is_not_known_yet_counts_as_what_it_may_be() {
    let waiting = |name, kind, anchors: &[AnchorKind], hit| {
        let verdict = FlowVerdict::Waiting(Unknown::of(&"vpc".into(), "id"));
        let given = given(name, kind, anchors, FlowSeen { hits: vec![hit], ..FlowSeen::of(verdict) });
        Given { after: vec!["vpc"], ..given }
    };
    let plan = |hit: Hit, kind, anchors: &[AnchorKind]| {
        // It is there, and what it gives is not known: nothing decides before it has run.
        let first = vpc(FlowVerdict::Differs(AnchorKind::StateCheck));
        plan_of(Mode::Build, vec![first, waiting("x", kind, anchors, hit)], TestStack::new()).0
    };
    let text = |text: &str| vec![text.to_owned()];
    let denies = |rules: &Guardrails, plan: &Plan| {
        let checks = check_guardrails(rules, plan, &TestSchemas);
        checks.iter().any(|check| check.resources.contains(&"x".to_owned()))
    };
    let deletes = Guardrails { max_delete: Some(0), ..Guardrails::default() };
    let types = Guardrails { deny_types: text("AWS::SQS::*"), ..Guardrails::default() };
    let creates = Guardrails { deny_actions: text("create"), ..Guardrails::default() };
    // Verb and table stand in the text, the identifier does not.
    let queue = Hit { verbs: vec![Verb::Delete], ty: Some("AWS::SQS::Queue".into()), target: Some(target()) };
    let known = plan(queue, FlowKind::Command, &[AnchorKind::Command]);
    assert_eq!(known.resources["x"].action, Action::Run);
    assert!(denies(&deletes, &known) && denies(&types, &known) && !denies(&creates, &known));
    let bucket = Hit { ty: Some("AWS::S3::Bucket".into()), ..known.resources["x"].hits[0].clone() };
    assert!(!denies(&types, &plan(bucket, FlowKind::Command, &[AnchorKind::Command])));
    // Nothing of it is known.
    let any = Hit::any_of(&[Verb::Create, Verb::Update, Verb::Delete]);
    let open = plan(any, FlowKind::Command, &[AnchorKind::Command]);
    assert!(denies(&deletes, &open) && denies(&types, &open) && denies(&creates, &open));
    let told = &open.resources["x"].diagnostics[0];
    assert!(told.code == codes::STATEMENTS_DELETE && told.message.contains("may delete"), "{told}");
    // Where something is made a DELETE is refused; whether it is made or changed is open.
    let made = Hit::any_of(&[Verb::Create, Verb::Update]);
    let later = plan(made, FlowKind::Resource, ALL);
    assert_eq!(later.resources["x"].action, Action::Deferred);
    assert!(!denies(&deletes, &later) && denies(&types, &later) && denies(&creates, &later));
}

#[test]
fn an_entry_that_is_to_be_absent_is_deleted_by_a_build() {
    let mut gone = vpc(FlowVerdict::AsWanted);
    gone.flow.absent = true;
    let (plan, _) = plan_of(Mode::Build, vec![gone], TestStack::new());
    assert_eq!(plan.resources[0].action, Action::Delete);
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn a_statement_that_is_missing_blocks_what_needs_it() {
    let only =
        |anchors: &[AnchorKind], verdict| given("vpc", FlowKind::Resource, anchors, FlowSeen::of(verdict));
    let checks = [AnchorKind::Exists, AnchorKind::Create];
    let (plan, _) =
        plan_of(Mode::Build, vec![only(&checks, FlowVerdict::Differs(AnchorKind::Exists))], TestStack::new());
    assert_eq!(plan.resources[0].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::NO_STATEMENT);
    // Without `delete` a teardown keeps it.
    let (plan, _) = plan_of(Mode::Teardown, vec![only(&checks, FlowVerdict::AsWanted)], TestStack::new());
    assert_eq!(plan.resources[0].action, Action::Noop);
    assert_eq!(plan.diagnostics[0].code, codes::KEPT);
    let both = [AnchorKind::Exists, AnchorKind::CreateOrUpdate];
    for verdict in [FlowVerdict::Absent, FlowVerdict::Differs(AnchorKind::Exists)] {
        let (plan, _) = plan_of(Mode::Build, vec![only(&both, verdict)], TestStack::new());
        assert!(plan.resources[0].action.is_change());
    }
}

#[test]
fn what_is_protected_is_not_deleted() {
    let mut protected = vpc(FlowVerdict::AsWanted);
    protected.flow.lifecycle.prevent_destroy = true;
    let (plan, _) = plan_of(Mode::Teardown, vec![protected.clone()], TestStack::new());
    assert_eq!((plan.resources[0].action, plan.diagnostics[0].code), (Action::Blocked, codes::PROTECTED));
    let options = PlanOptions { keep_protected: true, ..PlanOptions::of(Mode::Teardown) };
    let (plan, _) = plan_with(options, vec![protected], TestStack::new(), &|_| None);
    assert_eq!(plan.resources[0].action, Action::Noop);
}

fn user() -> TestStack {
    TestStack::new().with("domain", DOMAIN, json!({"DomainName": "${vpc.id}", "DefaultExpirationDays": 1}))
}

#[test]
fn exports_of_what_is_there_are_known_and_of_what_is_to_be_made_are_not() {
    let (plan, outputs) = plan_of(Mode::Build, vec![exporting(vpc(FlowVerdict::AsWanted), "v-1")], user());
    assert_eq!(outputs["vpc"].model.get("id"), Some(&Value::text("v-1")));
    let sent = plan.resources["domain"].desired.as_ref().unwrap();
    assert_eq!(sent.get("DomainName"), Some(&Value::text("v-1")));
    let (plan, outputs) = plan_of(Mode::Build, vec![exporting(vpc(FlowVerdict::Absent), "v-1")], user());
    assert!(outputs["vpc"].model.unknown().is_some());
    // What needs the export of something that is not there is not there either.
    assert_eq!(plan.resources["domain"].action, Action::Create);
    assert_eq!(plan.steps.len(), 2);
}

#[test]
fn what_waits_for_a_flow_that_is_to_be_made_is_made_too_and_else_decides_later() {
    let waiting = || FlowVerdict::Waiting(Unknown::of(&"vpc".into(), "id"));
    let subnet = |verdict| Given {
        after: vec!["vpc"],
        ..given("subnet", FlowKind::Resource, ALL, FlowSeen::of(verdict))
    };
    let both = |first| vec![vpc(first), subnet(waiting())];
    let (plan, _) = plan_of(Mode::Build, both(FlowVerdict::Absent), TestStack::new());
    assert_eq!(plan.resources["subnet"].action, Action::Create);
    // It is there, and its export could not be read: the step decides.
    let wrong = FlowVerdict::Differs(AnchorKind::StateCheck);
    let (plan, _) = plan_of(Mode::Build, both(wrong.clone()), TestStack::new());
    assert_eq!(plan.resources["subnet"].action, Action::Deferred);
    let (plan, _) = plan_of(Mode::Teardown, both(FlowVerdict::Absent), TestStack::new());
    assert_eq!(plan.resources["subnet"].action, Action::Noop);
    let (plan, _) = plan_of(Mode::Teardown, both(wrong), TestStack::new());
    assert_eq!(plan.resources["subnet"].action, Action::Blocked);
}

#[test]
fn a_query_is_asked_again_after_work_and_blocks_where_nothing_can_help() {
    let ask = |verdict| Given {
        follows: vec!["vpc"],
        ..given("ask", FlowKind::Query, &[AnchorKind::Exports], FlowSeen::of(verdict))
    };
    let none = || FlowVerdict::Unanswered(vec![Diagnostic::error(Code(7), "no row")]);
    let plan = |first, verdict| plan_of(Mode::Build, vec![vpc(first), ask(verdict)], TestStack::new()).0;
    assert_eq!(plan(FlowVerdict::AsWanted, FlowVerdict::Read).resources["ask"].action, Action::Noop);
    let again = plan(FlowVerdict::Absent, FlowVerdict::Read);
    assert_eq!(again.resources["ask"].action, Action::Read);
    assert!(again.steps[1].after.contains(&again.steps[0].id));
    assert_eq!(plan(FlowVerdict::Absent, none()).resources["ask"].action, Action::Read);
    let stuck = plan(FlowVerdict::AsWanted, none());
    assert_eq!(stuck.resources["ask"].action, Action::Blocked);
    assert_eq!(stuck.diagnostics[0].code, Code(7));
    // Reading changes nothing.
    let alone = plan_of(
        Mode::Build,
        vec![given("ask", FlowKind::Query, &[], FlowSeen::of(FlowVerdict::Read))],
        TestStack::new(),
    )
    .0;
    assert!(!alone.has_changes() && !alone.has_work());
}

/// A flow whose statements are understood as a domain.
fn understood(verdict: FlowVerdict, live: Option<Json>) -> Given {
    let typed =
        TestStack::new().with("vpc", DOMAIN, json!({"DomainName": "shop-prod", "DefaultExpirationDays": 30}));
    let mut wanted = typed.wanted("vpc").clone();
    (wanted.as_written, wanted.ownership_tags) = (true, false);
    let mut given = vpc(verdict);
    (given.flow.ty, given.flow.declared_type) = (DOMAIN.into(), "awscc.customerprofiles.domains".into());
    given.flow.of = Some(Box::new(wanted));
    given.seen.live = live
        .map(|model| Box::new(Found { identifier: Identifier::single("DomainName", "shop-prod"), model }));
    given
}

#[test]
fn differences_are_shown_where_the_check_fails_and_told_where_it_passes() {
    let live = || Some(json!({"DomainName": "shop-prod", "DefaultExpirationDays": 1}));
    let (plan, _) = plan_of(
        Mode::Build,
        vec![understood(FlowVerdict::Differs(AnchorKind::StateCheck), live())],
        TestStack::new(),
    );
    let planned = &plan.resources[0];
    assert_eq!((planned.action, planned.reasons[0].code), (Action::Update, ReasonCode::CheckFailed));
    assert_eq!(planned.changes[0].label, "DefaultExpirationDays");
    assert!(planned.patch.is_empty(), "its statement says what is sent");
    let (plan, _) = plan_of(Mode::Build, vec![understood(FlowVerdict::AsWanted, live())], TestStack::new());
    let planned = &plan.resources[0];
    assert!(planned.action == Action::Noop && planned.changes.is_empty());
    assert_eq!(
        (plan.diagnostics[0].code, plan.diagnostics[0].severity),
        (codes::CHECK_PASSES_OVER, Severity::Note)
    );
    let (plan, _) = plan_of(Mode::Build, vec![understood(FlowVerdict::Absent, None)], TestStack::new());
    assert_eq!(plan.resources[0].changes.len(), 2);
}

#[test]
fn what_another_stack_owns_is_neither_changed_nor_deleted() {
    let theirs = || {
        let live = ours("vpc", json!({"DomainName": "shop-prod", "DefaultExpirationDays": 1}));
        let text = live.to_string().replace("\"shop\"", "\"other\"");
        Some(serde_json::from_str(&text).unwrap())
    };
    let wrong = FlowVerdict::Differs(AnchorKind::StateCheck);
    for mode in [Mode::Build, Mode::Teardown] {
        let (plan, _) = plan_of(mode, vec![understood(wrong.clone(), theirs())], TestStack::new());
        assert_eq!(plan.resources[0].action, Action::Blocked, "{mode:?}");
        assert_eq!(plan.diagnostics[0].code, codes::FOREIGN, "{mode:?}");
    }
    // Looking at it is free.
    let (plan, _) = plan_of(Mode::Build, vec![understood(FlowVerdict::AsWanted, theirs())], TestStack::new());
    assert_eq!(plan.resources[0].action, Action::Noop);
}

#[test]
fn what_only_a_create_can_set_blocks_or_stays() {
    let wrong = || FlowVerdict::Differs(AnchorKind::StateCheck);
    let planned = |live, sends_nothing| {
        let mut given = understood(wrong(), Some(live));
        // The name is another one than that of the live resource.
        given.flow.of.as_mut().unwrap().identifier = Some(Value::text("shop-prod"));
        given.seen.sends_nothing = sends_nothing;
        plan_of(Mode::Build, vec![given], TestStack::new()).0
    };
    let plan = planned(json!({"DomainName": "other", "DefaultExpirationDays": 30}), true);
    assert_eq!((plan.resources[0].action, plan.resources[0].changes.len()), (Action::Blocked, 0));
    assert_eq!(
        (plan.diagnostics[0].code, plan.diagnostics[0].severity),
        (codes::FLOW_CANNOT_CHANGE, Severity::Error)
    );
    // It may send what no comparison shows, such as a password.
    let plan = planned(json!({"DomainName": "other", "DefaultExpirationDays": 30}), false);
    assert_eq!((plan.resources[0].action, plan.diagnostics[0].severity), (Action::Update, Severity::Warning));
    let plan = planned(json!({"DomainName": "other", "DefaultExpirationDays": 1}), true);
    let shown: Vec<&str> = plan.resources[0].changes.iter().map(|change| change.label.as_str()).collect();
    assert_eq!((plan.resources[0].action, shown), (Action::Update, vec!["DefaultExpirationDays"]));
    assert_eq!(
        (plan.diagnostics[0].code, plan.diagnostics[0].severity),
        (codes::FLOW_CANNOT_CHANGE, Severity::Warning)
    );
}

/// The statements name another domain than the checks have found.
fn naming(live: Option<Json>) -> Given {
    let wrong = FlowVerdict::Differs(AnchorKind::StateCheck);
    let mut given = understood(wrong, Some(ours("vpc", json!({"DomainName": "shop-prod"}))));
    let identifier = Identifier::single("DomainName", "another");
    let live = live.map(|model| Box::new(Found { identifier: identifier.clone(), model }));
    given.seen.strays = vec![Stray { verb: Verb::Update, ty: DOMAIN.into(), identifier, live }];
    given
}

#[test]
fn what_a_statement_names_is_refused_if_it_belongs_to_others_and_shown_if_not() {
    let foreign = json!({"Tags": [{"Key": "stackql:stack-name", "Value": "other"}]});
    let given = naming(Some(foreign));
    let (plan, _) = plan_of(Mode::Build, vec![given.clone()], TestStack::new());
    assert_eq!((plan.resources[0].action, plan.steps.len()), (Action::Blocked, 0));
    let told = plan.resources[0].diagnostics.iter().find(|told| told.code == codes::FOREIGN).unwrap();
    assert!(crate::planner::is_refusal(told.code));
    assert_eq!(told.message, "the update of vpc names what belongs to stack other/?");
    let notes: Vec<&str> = told.notes.iter().map(|(_, text)| text.as_str()).take(2).collect();
    assert_eq!(notes, ["AWS::CustomerProfiles::Domain another", "AWS::CustomerProfiles::Domain shop-prod"]);
    // By force, and where nobody owns it or it is not there, it goes as written.
    let mut forced = given;
    forced.flow.lifecycle.adopt = crate::desired::Adopt::Force;
    for given in [forced, naming(Some(json!({}))), naming(None)] {
        let (plan, _) = plan_of(Mode::Build, vec![given], TestStack::new());
        assert_eq!(plan.resources[0].action, Action::Update);
        let told = plan.resources[0].diagnostics.iter().find(|told| told.code == codes::NAMES_ANOTHER);
        assert_eq!(told.unwrap().severity, Severity::Warning);
    }
}

#[test]
fn something_of_another_type_is_told_only_if_it_belongs_to_others() {
    let plan = |live| {
        let mut given = naming(live);
        given.seen.strays[0].ty = "AWS::EC2::VPC".into();
        plan_of(Mode::Build, vec![given], TestStack::new()).0
    };
    let free = plan(Some(json!({})));
    assert_eq!(free.resources[0].action, Action::Update);
    assert!(free.resources[0].diagnostics.iter().all(|told| told.code != codes::NAMES_ANOTHER));
    let foreign = plan(Some(json!({"Tags": [{"Key": "stackql:stack-name", "Value": "other"}]})));
    assert_eq!(foreign.resources[0].action, Action::Blocked);
}

#[test]
fn two_flows_that_would_make_one_resource_are_both_named() {
    let mut second = understood(FlowVerdict::Absent, None);
    second.flow.address = "vpc_again".into();
    second.flow.of.as_mut().unwrap().address = "vpc_again".into();
    second.follows = vec!["vpc"];
    let both = |first| plan_of(Mode::Build, vec![first, second.clone()], TestStack::new()).0;
    let plan = both(understood(FlowVerdict::Absent, None));
    assert_eq!(plan.resources["vpc"].identifier.as_ref().unwrap().to_string(), "shop-prod");
    let told = &plan.resources["vpc_again"].diagnostics;
    assert_eq!((told[0].code, told[0].severity), (codes::SAME_RESOURCE, Severity::Warning));
    assert!(told[0].message.starts_with("vpc and vpc_again are the same resource"), "{}", told[0].message);
    assert!(plan.resources.values().all(|planned| planned.action == Action::Create));
    // One that is there may be looked at by many.
    let live = Some(ours("vpc", json!({"DomainName": "shop-prod"})));
    let plan = both(understood(FlowVerdict::AsWanted, live));
    assert!(
        plan.resources.values().flat_map(|p| &p.diagnostics).all(|told| told.code != codes::SAME_RESOURCE)
    );
}

#[test]
fn a_flow_before_two_declared_resources_does_not_hide_that_they_are_one() {
    let domain = || json!({"DomainName": "shop-prod", "DefaultExpirationDays": 30});
    let others = TestStack::new().with("a", DOMAIN, domain()).with("b", DOMAIN, domain());
    let (plan, _) = plan_of(Mode::Build, vec![understood(FlowVerdict::Absent, None)], others);
    let actions: Vec<Action> = plan.resources.values().map(|planned| planned.action).collect();
    let blocked = actions.iter().filter(|action| **action == Action::Blocked).count();
    assert_eq!(
        (blocked, plan.resources["a"].action, plan.resources["b"].action),
        (2, Action::Blocked, Action::Blocked)
    );
}
