//! What is looked for where no key answers, and what a plan makes of what is found.

use super::support::{TestStack, ours, patch_text, target};
use crate::desired::{Adopt, Lifecycle};
use crate::identity::Identifier;
use crate::ids::StackId;
use crate::observed::{IdentityStep, Lookalike, Question, Sighting};
use crate::plan::{Action, Mode, Ownership, Plan, ReasonCode, Rule};
use crate::planner::{PlanOptions, Planning, codes};
use crate::pointer::{Pointer, PropertyPath};
use crate::search::{Listing, TagSight, Unmarked};
use serde_json::json;
use std::sync::Arc;

const SUBNET: &str = "AWS::EC2::Subnet";
const DEPLOYMENT: &str = "AWS::ApiGateway::Deployment";
const COLLECTION: &str = "AWS::OpenSearchServerless::Collection";

fn question(stack: &TestStack, name: &str) -> Question {
    let wanted = stack.wanted(name);
    let schema = Arc::new(crate::testdata::corrected(wanted.ty.as_str()));
    super::super::question(wanted, &schema, &StackId { name: "shop".into(), env: "prod".into() }, None)
        .unwrap()
}

fn subnet() -> serde_json::Value {
    json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": true,
        "Tags": [{ "Key": "tier", "Value": "web" }] })
}

/// The plan of a stack of one resource, about which this is seen.
fn plan_seeing(stack: &TestStack, name: &str, mode: Mode, sighting: &Sighting) -> Plan {
    let mut planning =
        Planning::new(Arc::new(stack.clone()), Arc::new(super::support::TestSchemas), PlanOptions::of(mode));
    assert_eq!(planning.questions().len(), 1);
    planning.answer(&name.into(), sighting);
    planning.finish().0
}

#[test]
fn a_taggable_type_is_looked_for_by_marks_then_by_its_fixed_values() {
    let stack =
        TestStack::new().with("web", SUBNET, subnet()).edit("web", |w| w.formerly = vec!["old".into()]);
    let question = question(&stack, "web");
    assert!(question.probes.is_empty());
    let search = question.search.unwrap();
    assert_eq!(search.names, ["web", "old"]);
    assert_eq!(search.tags, TagSight::Shown { property: "Tags".into(), marked: true });
    assert_eq!(search.listing, Listing::Free);
    assert_eq!(search.natural, [Pointer::of(["VpcId"]), Pointer::of(["CidrBlock"])]);
    assert_eq!(search.unmarked, Unmarked::Candidate);
}

#[test]
fn an_untaggable_type_is_ours_by_its_fixed_values_and_its_list_gets_the_input_that_it_needs() {
    let stack = TestStack::new().with("d", DEPLOYMENT, json!({ "RestApiId": "api1", "StageName": "prod" }));
    let search = question(&stack, "d").search.unwrap();
    assert_eq!(search.tags, TagSight::None);
    assert_eq!(search.listing, Listing::With(json!({ "RestApiId": "api1" })));
    assert_eq!(search.unmarked, Unmarked::Ours);
}

#[test]
fn marks_that_reads_hide_prove_nothing_by_a_read_alone() {
    let stack = TestStack::new().with("c", COLLECTION, json!({ "Name": "logs" }));
    let asked = question(&stack, "c");
    assert_eq!(asked.probes[0].step, IdentityStep::Additional);
    let search = asked.search.unwrap();
    // Its tags are fixed at create too: what we make carries them, and a match may be another stack's.
    assert_eq!((search.tags, search.unmarked), (TagSight::Hidden, Unmarked::Unprovable));
    // The same where tags can change and never show.
    let mut schema = crate::testdata::schema(COLLECTION);
    schema.create_only_properties.0.retain(|path| path.top() != Some("Tags"));
    schema.tagging.as_mut().unwrap().tag_updatable = true;
    let id = StackId { name: "shop".into(), env: "prod".into() };
    let asked = super::super::question(stack.wanted("c"), &Arc::new(schema), &id, None).unwrap();
    assert_eq!(asked.search.unwrap().unmarked, Unmarked::Unprovable);
    // Where marks are switched off, the values decide alone.
    let stack = stack.edit("c", |wanted| wanted.ownership_tags = false);
    assert_eq!(question(&stack, "c").search.unwrap().tags, TagSight::None);
}

#[test]
fn nothing_is_found_by_what_is_new_in_each_run() {
    let random = |at: &[&str]| {
        let all: Vec<Pointer> = at.iter().map(|name| Pointer::of([*name])).collect();
        Lifecycle { random: all.clone(), ignore_changes: all, ..Lifecycle::default() }
    };
    let stack = TestStack::new().with_lifecycle("web", SUBNET, subnet(), random(&["CidrBlock"]));
    assert_eq!(question(&stack, "web").search.unwrap().natural, [Pointer::of(["VpcId"])]);
    // A create-only value of another run is no reason to replace.
    let mut live = subnet();
    (live["SubnetId"], live["CidrBlock"]) = (json!("subnet-1"), json!("10.7.0.0/24"));
    let plan = stack.plan(Mode::Build, &[("web", ours("web", live))]);
    let planned = &plan.resources["web"];
    let is_ignored = planned.explained.iter().any(|explained| explained.rule == Rule::Ignored);
    assert_eq!((planned.action, is_ignored), (Action::Noop, false), "{:?}", planned.changes);
    // Its name is new, so the marks alone lead to it.
    let bucket = json!({ "BucketName": "b-0b5f4f39" });
    let stack = TestStack::new().with_lifecycle("b", "AWS::S3::Bucket", bucket, random(&["BucketName"]));
    let question = question(&stack, "b");
    assert!(question.probes.is_empty() && question.search.is_some());
}

#[test]
fn adoption_turns_a_candidate_into_a_match() {
    let adopt = |adopt| Lifecycle { adopt, ..Lifecycle::default() };
    let stack = TestStack::new().with_lifecycle("web", SUBNET, subnet(), adopt(Adopt::Candidates));
    let search = question(&stack, "web").search.unwrap();
    assert_eq!((search.unmarked, search.forced), (Unmarked::Adopted, false));
    let stack = TestStack::new().with_lifecycle("web", SUBNET, subnet(), adopt(Adopt::Force));
    assert!(question(&stack, "web").search.unwrap().forced);
    // The plan says so, and marks it.
    let live = json!({ "SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
        "MapPublicIpOnLaunch": true, "Tags": [{ "Key": "tier", "Value": "web" }] });
    let plan = stack.plan(Mode::Build, &[("web", live)]);
    let planned = &plan.resources["web"];
    assert_eq!((planned.action, planned.found_by), (Action::Adopt, Some(IdentityStep::Matched)));
    assert_eq!(patch_text(planned), ["add /Tags"]);
}

#[test]
fn what_hangs_on_an_absent_parent_is_absent_and_what_hangs_on_a_changing_one_is_deferred() {
    let api = "AWS::EC2::VPC";
    let stack = TestStack::new().with("api", api, json!({ "CidrBlock": "10.0.0.0/16" })).with(
        "d",
        DEPLOYMENT,
        json!({ "RestApiId": "${api.VpcId}" }),
    );
    let (plan, asked) = stack.sighted(PlanOptions::of(Mode::Build), |_| None);
    assert_eq!((asked, plan.resources["d"].action), (1, Action::Create), "{:?}", plan.diagnostics);
    // Replaced: its old one may have a deployment, which goes with it or not.
    let live = ours("api", json!({ "VpcId": "vpc-1", "CidrBlock": "10.9.0.0/16" }));
    let plan = stack.plan(Mode::Build, &[("api", live)]);
    assert!(matches!(plan.resources["api"].action, Action::Replace(_)));
    assert_eq!(plan.resources["d"].action, Action::Create);
}

#[test]
fn a_rename_moves_the_mark_and_is_no_new_resource() {
    let stack =
        TestStack::new().with("web", SUBNET, subnet()).edit("web", |w| w.formerly = vec!["old".into()]);
    let mut live = subnet();
    live["SubnetId"] = json!("subnet-1");
    let plan = stack.plan(Mode::Build, &[("web", ours("old", live.clone()))]);
    let planned = &plan.resources["web"];
    assert_eq!((planned.action, planned.found_by), (Action::Update, Some(IdentityStep::Tagged)));
    assert_eq!(planned.changes[0].label, "Tags[stackql:resource-name]");
    assert_eq!(patch_text(planned), ["add /Tags"]);
    assert!(planned.reasons.iter().any(|r| r.code == ReasonCode::Renamed));
    // Without `formerly` a name that is not ours is another resource of the stack.
    let stack = TestStack::new().with("web", SUBNET, subnet());
    let plan = stack.plan(Mode::Build, &[("web", ours("old", live.clone()))]);
    assert_eq!(plan.resources["web"].action, Action::Create);
    // After the rename nothing is left to do.
    assert!(!stack.plan(Mode::Build, &[("web", ours("web", live))]).has_changes());
}

#[test]
fn two_that_could_be_it_stop_the_resource_and_both_are_named() {
    let stack = TestStack::new().with("web", SUBNET, subnet());
    let found = vec![Identifier::single("SubnetId", "subnet-1"), Identifier::single("SubnetId", "subnet-2")];
    for mode in [Mode::Build, Mode::Teardown, Mode::Drift] {
        let sighting = Sighting::Ambiguous { found: found.clone(), step: IdentityStep::Tagged };
        let plan = plan_seeing(&stack, "web", mode, &sighting);
        assert_eq!(plan.resources["web"].action, Action::Blocked);
        let problem = &plan.diagnostics[0];
        assert_eq!(problem.code, codes::AMBIGUOUS);
        assert_eq!(problem.notes[0], ("found".to_owned(), "subnet-1, subnet-2".to_owned()));
    }
}

#[test]
fn what_only_looks_like_it_is_named_and_left_alone() {
    let stack = TestStack::new().with("web", SUBNET, subnet());
    let one = Lookalike { identifier: Identifier::single("SubnetId", "subnet-1"), owner: None };
    let plan = plan_seeing(&stack, "web", Mode::Build, &Sighting::Lookalikes(vec![one.clone()]));
    assert_eq!(plan.resources["web"].action, Action::Create);
    assert!(!plan.is_blocked());
    assert_eq!(plan.diagnostics[0].code, codes::LOOKALIKE);
    let plan = plan_seeing(&stack, "web", Mode::Teardown, &Sighting::Lookalikes(vec![one]));
    assert_eq!(plan.resources["web"].action, Action::Noop);
    assert_eq!(plan.diagnostics[0].code, codes::LOOKALIKE);
}

#[test]
fn what_cannot_be_proven_is_neither_taken_nor_made_twice() {
    let stack = TestStack::new().with("c", COLLECTION, json!({ "Name": "logs" }));
    let found = vec![Identifier::single("Id", "abc")];
    let plan = plan_seeing(&stack, "c", Mode::Build, &Sighting::Unprovable(found));
    assert_eq!(plan.resources["c"].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::UNPROVABLE);
}

#[test]
fn a_create_only_tag_is_no_reason_to_replace_and_an_unmarked_match_is_ours() {
    let stack = TestStack::new().with("web", SUBNET, subnet());
    let mut live = subnet();
    live["SubnetId"] = json!("subnet-1");
    let plan = stack.plan(Mode::Build, &[("web", ours("web", live))]);
    assert_eq!(plan.resources["web"].ownership, Some(Ownership::Ours));
    assert_eq!(plan.resources["web"].target, target());
}

#[test]
fn a_hint_without_marks_has_to_show_what_a_list_would_be_searched_for() {
    let stack = TestStack::new().with("d", SUBNET, subnet());
    let shows = |natural: &[&str], edit: &dyn Fn(&mut serde_json::Value)| {
        let mut schema = crate::testdata::corrected(SUBNET);
        let top = |name: &&str| PropertyPath(vec![crate::pointer::Step::Key((*name).to_owned())]);
        schema.overlay.natural_key = natural.iter().map(top).collect();
        let mut live = subnet();
        edit(&mut live);
        crate::planner::shows_key(stack.wanted("d"), &schema, &live)
    };
    let other_block = |live: &mut serde_json::Value| live["CidrBlock"] = json!("10.0.9.0/24");
    let other_flag = |live: &mut serde_json::Value| live["MapPublicIpOnLaunch"] = json!(false);
    assert!(shows(&[], &|_| {}) && shows(&[], &other_flag));
    assert!(!shows(&[], &other_block));
    // Its natural key alone, where it has one.
    assert!(!shows(&["MapPublicIpOnLaunch"], &other_flag));
    let silent = |live: &mut serde_json::Value| {
        live.as_object_mut().unwrap().remove("MapPublicIpOnLaunch");
    };
    assert!(!shows(&["MapPublicIpOnLaunch"], &silent));
}
