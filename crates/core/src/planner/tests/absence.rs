//! `state: absent`.

use super::support::{TestStack, ours};
use crate::desired::{Adopt, Lifecycle};
use crate::plan::{Action, Mode, StepPart};
use crate::planner::{PlanOptions, codes};
use serde_json::{Value as Json, json};

const TOPIC: &str = "AWS::SSM::Parameter";
const ROLE: &str = "AWS::IAM::Role";
const BUCKET: &str = "AWS::S3::Bucket";

fn gone(name: &str, ty: &str, props: Json, lifecycle: Lifecycle) -> TestStack {
    TestStack::new().with_lifecycle(name, ty, props, lifecycle).edit(name, |wanted| wanted.absent = true)
}

fn role() -> Json {
    json!({ "RoleName": "r", "AssumeRolePolicyDocument": {} })
}

#[test]
fn what_is_ours_is_deleted_and_what_is_not_there_is_not_made() {
    let stack = gone("r", ROLE, role(), Lifecycle::default());
    let plan = stack.plan(Mode::Build, &[("r", ours("r", role()))]);
    assert_eq!(plan.resources["r"].action, Action::Delete);
    assert_eq!(plan.steps[0].id.part, StepPart::Delete);
    assert!(!stack.plan(Mode::Build, &[]).has_changes());
}

#[test]
fn what_is_not_ours_stays_unless_it_is_adopted() {
    let stack = gone("r", ROLE, role(), Lifecycle::default());
    let plan = stack.plan(Mode::Build, &[("r", role())]);
    assert_eq!(plan.resources["r"].action, Action::Noop);
    assert_eq!(plan.diagnostics[0].code, codes::NOT_OURS);
    let adopt = Lifecycle { adopt: Adopt::Candidates, ..Lifecycle::default() };
    let plan = gone("r", ROLE, role(), adopt).plan(Mode::Build, &[("r", role())]);
    assert_eq!(plan.resources["r"].action, Action::Delete);
}

#[test]
fn protection_holds() {
    let protected = Lifecycle { prevent_destroy: true, ..Lifecycle::default() };
    let plan = gone("r", ROLE, role(), protected).plan(Mode::Build, &[("r", ours("r", role()))]);
    assert_eq!(plan.resources["r"].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::PROTECTED);
}

#[test]
fn a_data_store_needs_its_own_consent() {
    let stack = gone("b", BUCKET, json!({ "BucketName": "b" }), Lifecycle::default());
    let live = || ours("b", json!({ "BucketName": "b" }));
    let plan = stack.plan(Mode::Build, &[("b", live())]);
    assert_eq!(plan.resources["b"].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::DATA_LOSS);
    let mut options = PlanOptions::of(Mode::Build);
    options.allow_data_loss = vec!["b".into()];
    assert_eq!(stack.plan_with(options, &[("b", live())]).resources["b"].action, Action::Delete);
    // A teardown names the environment, which is consent enough.
    assert_eq!(stack.plan(Mode::Teardown, &[("b", live())]).resources["b"].action, Action::Delete);
}

#[test]
fn it_goes_after_what_needs_it() {
    let stack = TestStack::new()
        .with("r", ROLE, role())
        .with("p", TOPIC, json!({ "Name": "p", "Type": "String", "Value": "${r.RoleName}" }))
        .edit("r", |wanted| wanted.absent = true)
        .edit("p", |wanted| wanted.absent = true);
    let parameter = json!({ "Name": "p", "Type": "String", "Value": "r",
        "Tags": { "stackql:stack-name": "shop", "stackql:stack-env": "prod", "stackql:resource-name": "p" } });
    let plan = stack.plan(Mode::Build, &[("r", ours("r", role())), ("p", parameter)]);
    let order: Vec<&str> = plan.steps.iter().map(|step| step.id.address.as_str()).collect();
    assert_eq!(order, ["p", "r"]);
}
