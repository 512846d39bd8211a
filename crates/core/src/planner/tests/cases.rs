//! One resource, or a few without replacement.

use super::support::{TestStack, ours, patch_text, present, target};
use crate::desired::{Adopt, Lifecycle};
use crate::ids::StackId;
use crate::observed::LedgerEntry;
use crate::plan::{Action, Certainty, Impact, Mode, Ownership, Rule};
use crate::planner::{PlanOptions, Prepared, codes, prepare};
use crate::pointer::Pointer;
use crate::value::{Secret, Value};
use serde_json::json;

const DOMAIN: &str = "AWS::CustomerProfiles::Domain";
const INTEGRATION: &str = "AWS::CustomerProfiles::Integration";

fn domain() -> serde_json::Value {
    json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366, "Tags": [{ "Key": "team", "Value": "crm" }] })
}

fn live_domain() -> serde_json::Value {
    ours(
        "domain",
        json!({
            "DomainName": "shop-prod", "DefaultExpirationDays": 366, "CreatedAt": "2026-01-01T00:00:00Z",
            "Tags": [{ "Key": "team", "Value": "crm" }]
        }),
    )
}

fn two() -> TestStack {
    TestStack::new().with("domain", DOMAIN, domain()).with(
        "crm",
        INTEGRATION,
        json!({ "DomainName": "${domain.DomainName}", "Uri": "s3://crm", "ObjectTypeName": "CTR" }),
    )
}

#[test]
fn what_is_absent_is_created_with_marks() {
    let plan = two().plan(Mode::Build, &[]);
    assert_eq!(plan.resources["domain"].action, Action::Create);
    let sent = plan.resources["domain"].desired.as_ref().unwrap().known().unwrap();
    assert_eq!(sent["Tags"].as_array().unwrap().len(), 4);
    // The declared name is known before the domain exists, so the integration was looked for.
    assert_eq!(plan.resources["crm"].identifier.as_ref().unwrap().to_string(), "shop-prod|s3://crm");
    let order: Vec<String> = plan.steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(order, ["domain", "crm"]);
    assert_eq!(plan.steps[1].after, [plan.steps[0].id.clone()]);
}

#[test]
fn one_question_per_resource() {
    let (_, asked) = two().sighted(PlanOptions::of(Mode::Build), |_| None);
    assert_eq!(asked, 2);
}

#[test]
fn what_is_as_wanted_is_left_alone() {
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let plan = stack.plan(Mode::Build, &[("domain", live_domain())]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
    assert_eq!(plan.resources["domain"].ownership, Some(Ownership::Ours));
    assert!(plan.steps.is_empty() && !plan.has_changes());
}

#[test]
fn a_changed_value_is_one_operation() {
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let mut live = live_domain();
    live["DefaultExpirationDays"] = json!(30);
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    let planned = &plan.resources["domain"];
    assert_eq!(planned.action, Action::Update);
    assert_eq!(patch_text(planned), ["add /DefaultExpirationDays"]);
    assert_eq!(planned.changes[0].before, Some(Value::from(json!(30))));
}

#[test]
fn undeclared_properties_are_not_ours() {
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let mut live = live_domain();
    live["DeadLetterQueueUrl"] = json!("https://sqs/x");
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
    assert_eq!(plan.resources["domain"].unmanaged, [Pointer::of(["DeadLetterQueueUrl"])]);
}

#[test]
fn a_declared_null_removes() {
    let mut props = domain();
    props["DeadLetterQueueUrl"] = json!(null);
    let stack = TestStack::new().with("domain", DOMAIN, props);
    let mut live = live_domain();
    live["DeadLetterQueueUrl"] = json!("https://sqs/x");
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    assert_eq!(patch_text(&plan.resources["domain"]), ["remove /DeadLetterQueueUrl"]);
    let plan = stack.plan(Mode::Build, &[("domain", live_domain())]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
}

#[test]
fn a_null_is_never_created() {
    let mut props = domain();
    props["DeadLetterQueueUrl"] = json!(null);
    let plan = TestStack::new().with("domain", DOMAIN, props).plan(Mode::Build, &[]);
    let sent = plan.resources["domain"].desired.as_ref().unwrap().known().unwrap();
    assert_eq!(sent.get("DeadLetterQueueUrl"), None);
}

#[test]
fn a_resource_without_tags_is_adopted_by_writing_them() {
    let stack = TestStack::new().with(
        "domain",
        DOMAIN,
        json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366 }),
    );
    let live = json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366,
        "Tags": [{ "Key": "theirs", "Value": "1" }, { "Key": "aws:x", "Value": "y" }] });
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    let planned = &plan.resources["domain"];
    assert_eq!((planned.action, planned.ownership.clone()), (Action::Adopt, Some(Ownership::Free)));
    assert_eq!(patch_text(planned), ["add /Tags"]);
    let crate::plan::PatchOp::Add { value, .. } = &planned.patch[0] else { panic!() };
    let keys: Vec<String> = value
        .known()
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["Key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["theirs", "stackql:stack-name", "stackql:stack-env", "stackql:resource-name"]);
}

#[test]
fn what_another_stack_owns_is_refused_unless_forced() {
    let live = json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366,
        "Tags": [{ "Key": "stackql:stack-name", "Value": "other" }, { "Key": "stackql:stack-env", "Value": "prod" }] });
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let plan = stack.plan(Mode::Build, &[("domain", live.clone())]);
    assert_eq!(plan.resources["domain"].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::FOREIGN);
    let forced = stack.edit("domain", |wanted| wanted.lifecycle.adopt = Adopt::Force);
    assert_eq!(forced.plan(Mode::Build, &[("domain", live)]).resources["domain"].action, Action::Adopt);
}

#[test]
fn ownership_tags_switched_off_mean_that_identity_is_proof() {
    let stack = TestStack::new()
        .with("domain", DOMAIN, json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366 }))
        .edit("domain", |wanted| wanted.ownership_tags = false);
    let live = json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366 });
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
}

#[test]
fn a_write_only_value_alone_makes_no_change() {
    let flow = json!({ "FlowName": "f", "SourceFlowConfig": { "ConnectorType": "S3" } });
    let stack = TestStack::new().with(
        "crm",
        INTEGRATION,
        json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeName": "CTR", "FlowDefinition": flow }),
    );
    let live = ours("crm", json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeName": "CTR" }));
    let plan = stack.plan(Mode::Build, &[("crm", live.clone())]);
    assert_eq!(plan.resources["crm"].action, Action::Noop);
    assert_eq!(plan.resources["crm"].cannot_compare, [Pointer::of(["FlowDefinition"])]);

    // Beside another change it has to be put back, or the handler takes it for removed.
    let mut changed = live.clone();
    changed["ObjectTypeName"] = json!("other");
    let plan = stack.plan(Mode::Build, &[("crm", changed)]);
    assert_eq!(patch_text(&plan.resources["crm"]), ["add /ObjectTypeName", "add /FlowDefinition"]);

    // On request it is sent by itself.
    let mut options = PlanOptions::of(Mode::Build);
    options.resend = vec![("crm".into(), Some(Pointer::of(["FlowDefinition"])))];
    let plan = stack.plan_with(options, &[("crm", live.clone())]);
    assert_eq!(patch_text(&plan.resources["crm"]), ["add /FlowDefinition"]);

    // So does another secret version, which is then written to its tag.
    let versioned = stack.edit("crm", |wanted| wanted.lifecycle.secret_version = Some("v2".into()));
    let plan = versioned.plan(Mode::Build, &[("crm", live)]);
    assert_eq!(patch_text(&plan.resources["crm"]), ["add /Tags", "add /FlowDefinition"]);
}

#[test]
fn sets_in_another_order_are_equal() {
    let stack = TestStack::new().with(
        "crm",
        INTEGRATION,
        json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeNames": [
            { "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" } ] }),
    );
    let live = ours(
        "crm",
        json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeNames": [
        { "Key": "b", "Value": "2" }, { "Key": "a", "Value": "1" } ] }),
    );
    let plan = stack.plan(Mode::Build, &[("crm", live)]);
    assert_eq!(plan.resources["crm"].action, Action::Noop);
    assert!(plan.resources["crm"].explained.iter().any(|e| e.rule == Rule::SetOrder));
}

#[test]
fn an_element_is_changed_under_its_name_and_the_list_is_sent_whole() {
    let stack = TestStack::new().with(
        "crm",
        INTEGRATION,
        json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeNames": [
            { "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" } ] }),
    );
    let live = ours(
        "crm",
        json!({ "DomainName": "d", "Uri": "s3://crm", "ObjectTypeNames": [
        { "Key": "b", "Value": "9" }, { "Key": "a", "Value": "1" } ] }),
    );
    let plan = stack.plan(Mode::Build, &[("crm", live)]);
    let planned = &plan.resources["crm"];
    assert_eq!(
        planned.changes.iter().map(|c| c.label.as_str()).collect::<Vec<_>>(),
        ["ObjectTypeNames[b].Value"]
    );
    assert_eq!(planned.changes[0].path.to_string(), "/ObjectTypeNames/1/Value");
    assert_eq!(patch_text(planned), ["add /ObjectTypeNames"]);
}

#[test]
fn a_read_that_failed_is_not_absence() {
    let failure =
        crate::provider::Failure::new(crate::provider::FailureKind::Denied, "AccessDeniedException", "no");
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let mut planning = crate::planner::Planning::new(
        std::sync::Arc::new(stack),
        std::sync::Arc::new(super::support::TestSchemas),
        PlanOptions::of(Mode::Build),
    );
    for question in planning.questions() {
        planning.answer(&question.address, &crate::observed::Sighting::Unreadable(failure.clone()));
    }
    let (plan, _) = planning.finish();
    assert_eq!(plan.resources["domain"].action, Action::Blocked);
    assert_eq!(plan.diagnostics[0].code, codes::UNREADABLE);
}

#[test]
fn what_nothing_identifies_is_an_error_that_says_what_to_do() {
    // No list handler, no tags, an identifier that the service chooses.
    let account = json!({ "CloudWatchRoleArn": "arn:aws:iam::123456789012:role/logs" });
    let stack = TestStack::new().with("account", "AWS::ApiGateway::Account", account);
    let (plan, asked) = stack.sighted(PlanOptions::of(Mode::Build), |_| None);
    assert_eq!((asked, plan.diagnostics[0].code), (0, codes::NO_IDENTITY));
    let stack = TestStack::new().with("vpc", "AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" }));
    // The ledger's hint is enough to ask, and is verified by the read.
    let mut options = PlanOptions::of(Mode::Build);
    options.ledger.insert(
        "vpc".into(),
        LedgerEntry::of(
            "AWS::EC2::VPC".into(),
            target(),
            crate::identity::Identifier::single("VpcId", "vpc-1"),
        ),
    );
    let (plan, asked) = stack
        .sighted(options, |_| Some(ours("vpc", json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16" }))));
    assert_eq!((asked, plan.resources["vpc"].action), (1, Action::Noop));
}

#[test]
fn an_unknown_value_makes_the_update_conditional_and_names_its_source() {
    let stack = TestStack::new()
        .with(
            "role",
            "AWS::IAM::Role",
            json!({ "RoleName": "r", "AssumeRolePolicyDocument": { "Statement": [] } }),
        )
        .with(
            "domain",
            DOMAIN,
            json!({ "DomainName": "d", "DefaultExpirationDays": 1, "DefaultEncryptionKey": "${role.Arn}" }),
        );
    let live = ours(
        "domain",
        json!({ "DomainName": "d", "DefaultExpirationDays": 1, "DefaultEncryptionKey": "arn:old" }),
    );
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    let planned = &plan.resources["domain"];
    assert_eq!(planned.action, Action::Update);
    let Certainty::Conditional(from) = &planned.certainty else { panic!("{:?}", planned.certainty) };
    assert_eq!(from[0].to_string(), "role.Arn");
}

#[test]
fn teardown_deletes_in_reverse_and_leaves_what_is_not_ours() {
    let crm = ours("crm", json!({ "DomainName": "shop-prod", "Uri": "s3://crm", "ObjectTypeName": "CTR" }));
    let plan = two().plan(Mode::Teardown, &[("domain", live_domain()), ("crm", crm.clone())]);
    let order: Vec<String> = plan.steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(order, ["crm (delete)", "domain (delete)"]);
    let free = json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366 });
    let plan = two().plan(Mode::Teardown, &[("domain", free), ("crm", crm)]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
    assert_eq!(plan.diagnostics[0].code, codes::NOT_OURS);
}

#[test]
fn protection_blocks_or_is_kept_as_asked() {
    let guarded = Lifecycle { prevent_destroy: true, ..Lifecycle::default() };
    let stack = TestStack::new().with_lifecycle("domain", DOMAIN, domain(), guarded);
    let plan = stack.plan(Mode::Teardown, &[("domain", live_domain())]);
    assert_eq!(
        (plan.resources["domain"].action, plan.diagnostics[0].code),
        (Action::Blocked, codes::PROTECTED)
    );
    let mut options = PlanOptions::of(Mode::Teardown);
    options.keep_protected = true;
    let plan = stack.plan_with(options, &[("domain", live_domain())]);
    assert_eq!(plan.resources["domain"].action, Action::Noop);
    assert!(plan.steps.is_empty());
}

#[test]
fn two_names_for_one_resource_are_refused() {
    let stack = TestStack::new().with("a", DOMAIN, domain()).with("b", DOMAIN, domain());
    let plan = stack.plan(Mode::Build, &[("a", live_domain()), ("b", live_domain())]);
    assert_eq!(plan.resources["a"].action, Action::Blocked);
    assert_eq!(plan.resources["b"].action, Action::Blocked);
}

#[test]
fn a_secret_difference_is_seen_and_never_shown() {
    let stack = TestStack::new().with("domain", DOMAIN, domain()).edit("domain", |wanted| {
        if let Value::Object(members) = &mut wanted.props {
            members.insert("DeadLetterQueueUrl".into(), Value::Secret(Secret::new(Value::text("hunter2"))));
        }
    });
    let mut live = live_domain();
    live["DeadLetterQueueUrl"] = json!("old-secret");
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    let change = &plan.resources["domain"].changes[0];
    assert_eq!(change.label, "DeadLetterQueueUrl");
    let shown = format!("{change:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("old-secret"), "{shown}");
}

#[test]
fn a_type_absent_from_the_region_is_found_before_any_call() {
    let stack = TestStack::new().with("domain", DOMAIN, domain()).edit("domain", |wanted| {
        wanted.target.region = Some("nowhere-1".into());
    });
    let (plan, asked) = stack.sighted(PlanOptions::of(Mode::Build), |_| None);
    assert_eq!((asked, plan.diagnostics[0].code), (0, codes::NOT_IN_REGION));
}

#[test]
fn at_run_time_the_same_decision_gives_the_body() {
    let stack = two();
    let plan = stack.plan(Mode::Build, &[]);
    let id = StackId { name: "shop".into(), env: "prod".into() };
    let schema = crate::testdata::schema(DOMAIN);
    let wanted = stack.wanted("domain");
    let absent = crate::observed::Sighting::Absent;
    let prepared = prepare(&plan.resources["domain"], wanted, &schema, &absent, &id, false).unwrap();
    let Prepared::Create(body) = prepared else { panic!("{prepared:?}") };
    assert_eq!(body["DomainName"], "shop-prod");
    // Made by an earlier run of ours in the meantime: nothing to do. By somebody else: stop.
    let made = present(&[("DomainName", "shop-prod")], live_domain());
    assert_eq!(
        prepare(&plan.resources["domain"], wanted, &schema, &made, &id, false).unwrap(),
        Prepared::Nothing
    );
    let theirs = present(
        &[("DomainName", "shop-prod")],
        json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 366 }),
    );
    let error = prepare(&plan.resources["domain"], wanted, &schema, &theirs, &id, false).unwrap_err();
    assert_eq!(error.code, codes::NO_LONGER_HOLDS);
}

#[test]
fn another_value_than_planned_stops_the_step() {
    let stack = two();
    let plan = stack.plan(Mode::Build, &[]);
    let id = StackId { name: "shop".into(), env: "prod".into() };
    let schema = crate::testdata::schema(DOMAIN);
    let changed = stack.edit("domain", |wanted| {
        wanted.props = Value::from(json!({ "DomainName": "shop-prod", "DefaultExpirationDays": 7 }));
    });
    let absent = crate::observed::Sighting::Absent;
    let error = prepare(&plan.resources["domain"], changed.wanted("domain"), &schema, &absent, &id, false)
        .unwrap_err();
    assert_eq!(error.code, codes::NO_LONGER_HOLDS);
    assert!(error.message.contains("DefaultExpirationDays"), "{}", error.message);
}

#[test]
fn no_change_is_worse_than_its_impact_says() {
    let stack = TestStack::new().with("domain", DOMAIN, domain());
    let mut live = live_domain();
    live["DefaultExpirationDays"] = json!(30);
    let plan = stack.plan(Mode::Build, &[("domain", live)]);
    assert!(plan.resources["domain"].changes.iter().all(|c| c.impact == Impact::Update));
}

#[test]
fn a_respelt_value_is_no_reason_to_take_a_hit_for_another_resource() {
    // An additional identifier finds it; the service lowers the case of a create-only value.
    let mut schema = crate::testdata::schema("AWS::EC2::SecurityGroup");
    schema
        .property_transform
        .insert(crate::pointer::PropertyPath::parse("/properties/GroupName"), "$lowercase(GroupName)".into());
    schema.additional_identifiers = vec![vec![crate::pointer::PropertyPath::parse("/properties/GroupName")]];
    let stack = TestStack::new().with(
        "group",
        "AWS::EC2::SecurityGroup",
        json!({ "GroupName": "Web", "GroupDescription": "d" }),
    );
    let question = super::super::question(
        stack.wanted("group"),
        &std::sync::Arc::new(schema),
        &StackId { name: "shop".into(), env: "prod".into() },
        None,
    )
    .unwrap();
    assert!(question.probes[0].confirms(&json!({ "GroupName": "web", "GroupDescription": "d" })));
    assert!(!question.probes[0].confirms(&json!({ "GroupName": "web", "GroupDescription": "other" })));
}
