//! Replacement: when, in which order, and what it does to others.

use super::support::{GROWING, TestStack, ours, patch_text};
use crate::desired::{Lifecycle, ReplaceOrder};
use crate::observed::LedgerEntry;
use crate::plan::{Action, Mode, Plan, ReasonCode, Undo};
use crate::planner::{PlanOptions, codes};
use serde_json::{Value as Json, json};

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id.to_string()).collect()
}

fn subnets() -> TestStack {
    TestStack::new().with("vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.1.0.0/16" })).with(
        "net",
        "AWS::EC2::Subnet",
        json!({ "VpcId": "${vpc.VpcId}", "CidrBlock": "10.1.1.0/24" }),
    )
}

fn ledger(options: &mut PlanOptions, name: &str, ty: &str, part: &str, id: &str) {
    options.ledger.insert(
        name.into(),
        LedgerEntry::of(ty.into(), super::support::target(), crate::identity::Identifier::single(part, id)),
    );
}

fn with_ledger(mode: Mode) -> PlanOptions {
    let mut options = PlanOptions::of(mode);
    ledger(&mut options, "vpc", "AWS::EC2::VPC", "VpcId", "vpc-1");
    ledger(&mut options, "net", "AWS::EC2::Subnet", "SubnetId", "subnet-1");
    options
}

fn live() -> [(&'static str, Json); 2] {
    [
        ("vpc", ours("vpc", json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" }))),
        ("net", ours("net", json!({ "SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.1.1.0/24" }))),
    ]
}

#[test]
fn a_create_only_change_replaces_and_takes_its_dependents_along() {
    let plan = subnets().plan_with(with_ledger(Mode::Build), &live());
    assert_eq!(plan.resources["vpc"].action, Action::Replace(ReplaceOrder::CreateFirst));
    assert!(plan.resources["vpc"].reasons.iter().any(|r| r.code == ReasonCode::CreateOnly));
    // The new VPC has another id, so the subnet is replaced for certain.
    assert_eq!(plan.resources["net"].action, Action::Replace(ReplaceOrder::CreateFirst));
    assert_eq!(steps(&plan), ["vpc", "net", "net (delete)", "vpc (delete)"]);
}

#[test]
fn a_delete_first_replacement_pulls_its_replaced_dependents_with_it() {
    let stack = subnets().edit("vpc", |wanted| wanted.lifecycle.replace = Some(ReplaceOrder::DeleteFirst));
    let plan = stack.plan_with(with_ledger(Mode::Build), &live());
    assert_eq!(plan.resources["net"].action, Action::Replace(ReplaceOrder::DeleteFirst));
    assert_eq!(steps(&plan), ["net (delete)", "vpc (delete)", "vpc", "net"]);
}

#[test]
fn a_name_that_stays_cannot_exist_twice() {
    let db = |user: &str| json!({ "DBInstanceIdentifier": "orders", "MasterUsername": user });
    let stack = TestStack::new().with("orders", "AWS::RDS::DBInstance", db("new"));
    let mut options = PlanOptions::of(Mode::Build);
    let live = [("orders", ours("orders", db("old")))];
    let plan = stack.plan_with(options.clone(), &live);
    assert_eq!(
        (plan.resources["orders"].action, plan.diagnostics[0].code),
        (Action::Blocked, codes::DATA_LOSS)
    );
    options.allow_data_loss = vec!["orders".into()];
    let plan = stack.plan_with(options, &live);
    assert_eq!(plan.resources["orders"].action, Action::Replace(ReplaceOrder::DeleteFirst));
}

#[test]
fn a_protected_resource_is_not_replaced() {
    let guarded = Lifecycle { prevent_destroy: true, ..Lifecycle::default() };
    let stack = TestStack::new().with_lifecycle(
        "vpc",
        "AWS::EC2::VPC",
        json!({ "CidrBlock": "10.1.0.0/16" }),
        guarded,
    );
    let plan = stack.plan_with(with_ledger(Mode::Build), &live());
    assert_eq!((plan.resources["vpc"].action, plan.diagnostics[0].code), (Action::Blocked, codes::PROTECTED));
}

#[test]
fn an_immutable_type_is_replaced_by_any_change() {
    let props = |principal: &str| json!({ "Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": principal });
    let stack = TestStack::new()
        .with("allow", "AWS::Lambda::Permission", props("s3.amazonaws.com"))
        .edit("allow", |wanted| wanted.identifier = Some(crate::value::Value::text("f|1")));
    let mut live = props("sns.amazonaws.com");
    live["Id"] = json!("1");
    let plan = stack.plan(Mode::Build, &[("allow", live)]);
    assert!(matches!(plan.resources["allow"].action, Action::Replace(_)), "{:?}", plan.resources["allow"]);
}

#[test]
fn a_required_value_that_cannot_be_sent_makes_every_change_a_replacement() {
    let props = json!({ "DomainIdentifier": "dzd", "ProjectIdentifier": "p", "Name": "n", "Type": "GLUE", "Description": "new" });
    let stack = TestStack::new()
        .with("source", "AWS::DataZone::DataSource", props)
        .edit("source", |wanted| wanted.identifier = Some(crate::value::Value::text("dzd|1")));
    let live = json!({ "DomainId": "dzd", "Id": "1", "Name": "n", "Type": "GLUE", "Description": "old" });
    let plan = stack.plan(Mode::Build, &[("source", live)]);
    assert!(
        matches!(plan.resources["source"].action, Action::Replace(_)),
        "{:?}",
        plan.resources["source"].action
    );
    assert!(plan.resources["source"].reasons.iter().any(|r| r.code == ReasonCode::UpdateImpossible));
}

#[test]
fn a_create_only_value_that_reads_leave_out_is_no_reason_to_replace() {
    let stack = TestStack::new().with(
        "vpc",
        "AWS::EC2::VPC",
        json!({ "CidrBlock": "10.0.0.0/16", "Ipv4IpamPoolId": "pool" }),
    );
    let mut options = PlanOptions::of(Mode::Build);
    ledger(&mut options, "vpc", "AWS::EC2::VPC", "VpcId", "vpc-1");
    let plan = stack.plan_with(options, &live()[..1]);
    assert_eq!(plan.resources["vpc"].action, Action::Noop);
}

#[test]
fn a_hint_that_reads_as_something_else_is_no_hit() {
    // Not taggable, and another function: a listing without the ledger would not find it either.
    let stack = TestStack::new().with(
        "allow",
        "AWS::Lambda::Permission",
        json!({ "Action": "lambda:InvokeFunction", "FunctionName": "f", "Principal": "s3.amazonaws.com" }),
    );
    let mut options = PlanOptions::of(Mode::Build);
    ledger(&mut options, "allow", "AWS::Lambda::Permission", "Id", "1");
    let live = json!({ "Id": "1", "Action": "lambda:InvokeFunction", "FunctionName": "other", "Principal": "s3.amazonaws.com" });
    assert_eq!(
        stack.plan_with(options.clone(), &[("allow", live)]).resources["allow"].action,
        Action::Create
    );
    // Taggable, but without our marks: somebody else's by now.
    let stack = TestStack::new().with("vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" }));
    let live = json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" });
    assert_eq!(
        stack.plan_with(with_ledger(Mode::Build), &[("vpc", live)]).resources["vpc"].action,
        Action::Create
    );
}

/// Confluent trap 56: the partitions of a topic.
#[test]
fn what_can_only_grow_grows_in_place_and_is_replaced_to_shrink() {
    let db = |most: Json| json!({ "DBInstanceIdentifier": "orders", "MaxAllocatedStorage": most });
    let stack = |most: Json| TestStack::new().with("orders", GROWING, db(most));
    let live = [("orders", ours("orders", db(json!(500))))];
    let grown = stack(json!(900)).plan(Mode::Build, &live);
    let planned = &grown.resources["orders"];
    assert_eq!(
        (planned.action, patch_text(planned)),
        (Action::Update, vec!["add /MaxAllocatedStorage".to_owned()])
    );
    assert_eq!(planned.undo, Undo::No("MaxAllocatedStorage can only grow".into()));

    let blocked = stack(json!(300)).plan(Mode::Build, &live);
    let planned = &blocked.resources["orders"];
    assert!(planned.reasons.iter().any(|r| r.code == ReasonCode::GrowOnly), "{:?}", planned.reasons);
    let told = &blocked.diagnostics[0];
    assert_eq!((planned.action, told.code), (Action::Blocked, codes::DATA_LOSS));
    assert_eq!(told.labels[1].text, "MaxAllocatedStorage can only grow");
    assert!(blocked.steps.is_empty());
    let mut options = PlanOptions::of(Mode::Build);
    options.allow_data_loss = vec!["orders".into()];
    let agreed = stack(json!(300)).plan_with(options, &live);
    assert_eq!(agreed.resources["orders"].action, Action::Replace(ReplaceOrder::DeleteFirst));
}
