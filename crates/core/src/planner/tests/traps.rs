//! Traps of cloud-control section 7 that touch identity, ownership and decisions.

use super::support::{TestSchemas, TestStack, ours, patch_text, present};
use crate::desired::{Adopt, Lifecycle, Rendered, ReplaceOrder};
use crate::identity::{Identifier, Key};
use crate::ids::StackId;
use crate::observed::{LedgerEntry, Sighting};
use crate::plan::{Action, Certainty, Mode, Ownership, PatchOp, Plan, ReasonCode};
use crate::planner::{PlanOptions, Planning, Prepared, codes, prepare, render, residue};
use crate::pointer::Pointer;
use crate::testdata::{corrected, schema};
use crate::value::{Secret, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub(super) fn stack_id() -> StackId {
    StackId { name: "shop".into(), env: "prod".into() }
}

/// The keys that would be read for the only resource of a stack.
pub(super) fn keys(stack: &TestStack) -> Vec<String> {
    let mut planning =
        Planning::new(Arc::new(stack.clone()), Arc::new(TestSchemas), PlanOptions::of(Mode::Build));
    planning.questions().iter().flat_map(|q| &q.probes).map(|probe| probe.key.wire()).collect()
}

pub(super) fn one(name: &str, ty: &str, props: Json) -> TestStack {
    TestStack::new().with(name, ty, props)
}

pub(super) fn pinned(stack: TestStack, name: &str, identifier: &str) -> TestStack {
    stack.edit(name, |wanted| wanted.identifier = Some(Value::text(identifier)))
}

pub(super) fn codes_of(plan: &Plan) -> Vec<crate::diagnostic::Code> {
    plan.diagnostics.iter().map(|d| d.code).collect()
}

// A. and B.

#[test]
fn an_impossible_update_is_planned_as_a_replacement_and_tags_alone_are_none_trap_6() {
    let props = |serial: &str| {
        json!({
            "Type": "ROOT", "KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": "x"}, "UsageMode": serial,
        })
    };
    let stack =
        pinned(one("ca", "AWS::ACMPCA::CertificateAuthority", props("GENERAL_PURPOSE")), "ca", "arn:ca");
    let mut live = props("GENERAL_PURPOSE");
    live.as_object_mut().unwrap().remove("Subject");
    live["Arn"] = json!("arn:ca");
    // Untagged, but no update could tag it: it is ours by identity, and nothing is called.
    let plan = stack.plan(Mode::Build, &[("ca", live.clone())]);
    assert_eq!(plan.resources["ca"].action, Action::Noop);
    assert_eq!(plan.resources["ca"].ownership, Some(Ownership::Ours));
    live["UsageMode"] = json!("SHORT_LIVED_CERTIFICATE");
    let plan = stack.plan(Mode::Build, &[("ca", live)]);
    assert!(matches!(plan.resources["ca"].action, Action::Replace(_)), "{:?}", plan.resources["ca"].action);
}

#[test]
fn default_and_ownership_tags_never_replace_a_warehouse_trap_42() {
    let mut warehouse = schema("AWS::RedshiftServerless::Namespace");
    assert!(warehouse.tag_property().is_some());
    if warehouse.tags_updatable() {
        // Tags were create-only in this schema once.
        let tags = crate::pointer::PropertyPath::parse("/properties/Tags");
        warehouse.create_only_properties.0.push(tags);
    }
    let wanted = one("w", "AWS::RedshiftServerless::Namespace", json!({"NamespaceName": "w"}))
        .edit("w", |wanted| {
            wanted.default_tags.insert("cost-center".into(), Value::text("1"));
        })
        .wanted("w")
        .clone();
    assert_eq!(residue(&wanted, &warehouse, &json!({"NamespaceName": "w"})), []);
    let live = json!({"NamespaceName": "w", "Tags": [{"Key": "other", "Value": "x"}]});
    assert_eq!(residue(&wanted, &warehouse, &live), []);
    // Tags that the manifest declares itself are compared, and those given by default at its creation are no drift.
    let mut own = wanted;
    own.props = Value::from(json!({"NamespaceName": "w", "Tags": [{"Key": "a", "Value": "1"}]}));
    let live = json!({"NamespaceName": "w", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "cost-center", "Value": "old"}]});
    assert_eq!(residue(&own, &warehouse, &live), []);
}

#[test]
fn tags_that_reads_leave_out_are_not_adopted_for_ever_trap_43() {
    let props = json!({"AuthorizerName": "a", "AuthorizerFunctionArn": "f"});
    let plan = one("a", "AWS::IoT::Authorizer", props.clone()).plan(Mode::Build, &[("a", props)]);
    assert_eq!(plan.resources["a"].action, Action::Noop);
}

#[test]
fn a_secret_version_that_cannot_be_kept_sends_nothing_trap_8() {
    let secret = json!({"Name": "s", "GenerateSecretString": {}});
    let versioned = Lifecycle { secret_version: Some("v2".into()), ..Lifecycle::default() };
    let stack = pinned(
        TestStack::new().with_lifecycle("s", "AWS::SecretsManager::Secret", secret, versioned),
        "s",
        "arn:s",
    );
    let model = |version: &str| {
        let mut model = ours("s", json!({"Id": "arn:s", "Name": "s"}));
        let tag = json!({"Key": "stackql:secret-version", "Value": version});
        model["Tags"].as_array_mut().unwrap().push(tag);
        model
    };
    assert_eq!(stack.plan(Mode::Build, &[("s", model("v2"))]).resources["s"].action, Action::Noop);
    let plan = stack.plan(Mode::Build, &[("s", model("v1"))]);
    assert_eq!(patch_text(&plan.resources["s"]), ["add /Tags", "add /GenerateSecretString"]);
    // Without ownership tags nothing says which version is there: nothing is sent by itself.
    let stack = stack.edit("s", |wanted| wanted.ownership_tags = false);
    let plan = stack.plan(Mode::Build, &[("s", json!({"Id": "arn:s", "Name": "s"}))]);
    assert_eq!(plan.resources["s"].action, Action::Noop);
}

#[test]
fn a_removal_that_the_service_ignores_is_said_rule_3_8() {
    let pool = json!({"UserPoolName": "p", "DeletionProtection": null});
    let stack = pinned(one("p", "AWS::Cognito::UserPool", pool), "p", "eu_1");
    let mut live = json!({"UserPoolId": "eu_1", "UserPoolName": "p", "DeletionProtection": "ACTIVE"});
    live["UserPoolTags"] = json!({
        "stackql:stack-name": "shop", "stackql:stack-env": "prod", "stackql:resource-name": "p",
    });
    let plan = stack.plan(Mode::Build, &[("p", live)]);
    assert_eq!((plan.resources["p"].action, codes_of(&plan)), (Action::Noop, vec![codes::REMOVE_IGNORED]));
}

#[test]
fn what_the_service_did_not_remove_is_residue_rule_3_8() {
    let stack = one("g", "AWS::Logs::LogGroup", json!({"LogGroupName": "g", "RetentionInDays": null}));
    let live = json!({"LogGroupName": "g", "RetentionInDays": 7});
    let left = residue(stack.wanted("g"), &corrected("AWS::Logs::LogGroup"), &live);
    assert_eq!(left.iter().map(|c| c.label.as_str()).collect::<Vec<_>>(), ["RetentionInDays"]);
}

#[test]
fn no_tags_means_none_of_ours_goes_trap_34() {
    let stack = one("b", "AWS::S3::Bucket", json!({"BucketName": "b", "Tags": null}));
    let live = ours("b", json!({"BucketName": "b", "Tags": [{"Key": "aws:x", "Value": "y"}]}));
    assert_eq!(stack.plan(Mode::Build, &[("b", live)]).resources["b"].action, Action::Noop);
    let live = ours("b", json!({"BucketName": "b", "Tags": [{"Key": "team", "Value": "y"}]}));
    let plan = stack.plan(Mode::Build, &[("b", live)]);
    let PatchOp::Add { value, .. } = &plan.resources["b"].patch[0] else {
        panic!("{:?}", plan.resources["b"])
    };
    let sent = value.known().unwrap();
    assert_eq!(sent.as_array().unwrap().len(), 3, "{sent}");
    assert!(sent.to_string().contains("stackql:stack-name"));
}

#[test]
fn an_adopted_map_of_tags_loses_what_the_manifest_drops_and_sends_no_system_tags_trap_34() {
    let parameter = |tags: Json| json!({"Name": "p", "Type": "String", "Value": "v", "Tags": tags});
    let stack = one("p", "AWS::SSM::Parameter", parameter(json!({"a": "1"})));
    let plan = stack.plan(Mode::Build, &[("p", parameter(json!({"a": "1", "old": "x", "aws:y": "z"})))]);
    let planned = &plan.resources["p"];
    assert_eq!(planned.action, Action::Adopt);
    let [PatchOp::Add { value, .. }] = planned.patch.as_slice() else { panic!("{:?}", planned.patch) };
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["a", "stackql:stack-name", "stackql:stack-env", "stackql:resource-name"]);
}

#[test]
fn tags_of_a_group_get_the_member_that_they_need_row_tag_forms() {
    let group = json!({"AutoScalingGroupName": "g", "MinSize": "1", "MaxSize": "1"});
    let stack = one("g", "AWS::AutoScaling::AutoScalingGroup", group.clone());
    let plan = stack.plan(Mode::Build, &[]);
    let tags = plan.resources["g"].desired.as_ref().unwrap().get("Tags").unwrap().known().unwrap();
    assert!(tags.as_array().unwrap().iter().all(|tag| tag["PropagateAtLaunch"] == json!(false)), "{tags}");
    // Live tags that are carried keep theirs.
    let mut live = group;
    live["Tags"] = json!([{"Key": "k", "Value": "v", "PropagateAtLaunch": true}]);
    let plan = stack.plan(Mode::Build, &[("g", live)]);
    let [PatchOp::Add { value, .. }] = plan.resources["g"].patch.as_slice() else { panic!() };
    assert_eq!(value.known().unwrap()[0], json!({"Key": "k", "Value": "v", "PropagateAtLaunch": true}));
}

#[test]
fn ignored_tags_are_kept_by_an_adoption() {
    let ignoring = Lifecycle { ignore_changes: vec![Pointer::of(["Tags"])], ..Lifecycle::default() };
    let bucket = json!({"BucketName": "b", "Tags": [{"Key": "a", "Value": "mine"}]});
    let stack = TestStack::new().with_lifecycle("b", "AWS::S3::Bucket", bucket, ignoring);
    let live = json!({"BucketName": "b", "Tags": [{"Key": "a", "Value": "theirs"}]});
    let plan = stack.plan(Mode::Build, &[("b", live)]);
    let [PatchOp::Add { value, .. }] = plan.resources["b"].patch.as_slice() else { panic!() };
    assert_eq!(value.known().unwrap()[0], json!({"Key": "a", "Value": "theirs"}));
    assert_eq!(value.known().unwrap().as_array().unwrap().len(), 4);
}

#[test]
fn a_foreign_resource_whose_tags_cannot_change_is_forced_without_an_empty_call_trap_22() {
    let forced = Lifecycle { adopt: Adopt::Force, ..Lifecycle::default() };
    let props = json!({"Name": "a", "Type": "SEARCH"});
    let ty = "AWS::OpenSearchServerless::Collection";
    let mut fixed = corrected(ty);
    fixed.write_only_properties.0.clear();
    fixed.create_only_properties.0.push(crate::pointer::PropertyPath::parse("/properties/Tags"));
    let wanted = TestStack::new().with_lifecycle("c", ty, props.clone(), forced).wanted("c").clone();
    let mut live = props;
    live["Tags"] =
        json!([{"Key": "stackql:stack-name", "Value": "other"}, {"Key": "stackql:stack-env", "Value": "x"}]);
    let decided = super::super::decide::Decide {
        wanted: &wanted,
        schema: &fixed,
        stack: &stack_id(),
        mode: Mode::Build,
        seen: super::super::decide::Seen::Sighted(&present(&[("Id", "1")], live)),
        after: &[],
        keep_protected: false,
        allow_data_loss: false,
        resend: vec![],
        is_absent: &|_| false,
        is_fresh: &|_| false,
    }
    .decide();
    assert_eq!((decided.action, decided.patch), (Action::Noop, vec![]));
}

// D.

fn group_with(rule: Json) -> TestStack {
    let inline = json!([{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8"}]);
    let group = json!({"GroupDescription": "new", "VpcId": "v", "SecurityGroupIngress": inline});
    pinned(one("group", "AWS::EC2::SecurityGroup", group), "group", "sg-1").with(
        "rule",
        "AWS::EC2::SecurityGroupIngress",
        rule,
    )
}

fn live_group() -> Json {
    let rules = json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]);
    ours(
        "group",
        json!({"Id": "sg-1", "GroupId": "sg-1", "GroupDescription": "new", "VpcId": "v", "SecurityGroupIngress": rules}),
    )
}

#[test]
fn inline_rules_are_left_to_the_rules_of_the_stack_trap_60() {
    let rule = |group: &str| json!({"GroupId": group, "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"});
    let stack = pinned(group_with(rule("${group.GroupId}")), "rule", "sgr-1");
    let live_rule =
        ("rule", json!({"Id": "sgr-1", "GroupId": "sg-1", "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}));
    let plan = stack.plan(Mode::Build, &[("group", live_group()), live_rule.clone()]);
    assert_eq!(plan.resources["group"].action, Action::Noop);
    assert!(codes_of(&plan).contains(&codes::SIBLING_OWNED));
    // Also where the rule names its group by a literal.
    let literal = pinned(group_with(rule("sg-1")), "rule", "sgr-1");
    let plan = literal.plan(Mode::Build, &[("group", live_group()), live_rule]);
    assert_eq!(plan.resources["group"].action, Action::Noop);
    // A rule of another group of the stack says nothing about this one.
    let other = pinned(group_with(rule("${other.GroupId}")), "rule", "sgr-1").with(
        "other",
        "AWS::EC2::SecurityGroup",
        json!({"GroupDescription": "other"}),
    );
    let other = pinned(other, "other", "sg-2");
    let plan = other.plan(Mode::Build, &[("group", live_group())]);
    assert_eq!(plan.resources["group"].action, Action::Update);
    // The rendering that a step sees at run time says the same.
    let Ok(Rendered::Wanted(wanted)) = render(&stack, &TestSchemas, &"group".into(), &Default::default())
    else {
        panic!("it renders")
    };
    assert_eq!(wanted.lifecycle.ignore_changes, [Pointer::of(["SecurityGroupIngress"])]);
    assert_eq!(residue(&wanted, &corrected("AWS::EC2::SecurityGroup"), &live_group()), []);
}

#[test]
fn what_siblings_own_is_still_given_at_creation_trap_60() {
    let rule = json!({"GroupId": "${group.GroupId}", "IpProtocol": "tcp"});
    let plan = pinned(group_with(rule), "rule", "sgr-1").plan(Mode::Build, &[]);
    assert!(plan.resources["group"].desired.as_ref().unwrap().get("SecurityGroupIngress").is_some());
}

#[test]
fn inline_policies_are_left_to_role_policies_trap_61() {
    let policy = json!([{"PolicyName": "p", "PolicyDocument": {"Statement": []}}]);
    let role = json!({"RoleName": "r", "Policies": policy});
    let stack = one("r", "AWS::IAM::Role", role).with(
        "p",
        "AWS::IAM::RolePolicy",
        json!({"RoleName": "${r.RoleName}", "PolicyName": "q"}),
    );
    let live = ours("r", json!({"RoleName": "r", "Policies": []}));
    assert_eq!(stack.plan(Mode::Build, &[("r", live)]).resources["r"].action, Action::Noop);
}

#[test]
fn targets_registered_by_others_are_not_ours_trap_63() {
    let stack = pinned(
        one("t", "AWS::ElasticLoadBalancingV2::TargetGroup", json!({"Name": "t", "Port": 80})),
        "t",
        "arn:t",
    );
    let live = ours(
        "t",
        json!({"TargetGroupArn": "arn:t", "Name": "t", "Port": 80, "Targets": [{"Id": "10.0.0.1"}]}),
    );
    let plan = stack.plan(Mode::Build, &[("t", live)]);
    assert_eq!(plan.resources["t"].action, Action::Noop);
}

#[test]
fn an_immutable_type_has_no_update_trap_79() {
    let props = |status: &str| json!({"DistributionId": "d", "MonitoringSubscription": {"RealtimeMetricsSubscriptionConfig": {"RealtimeMetricsSubscriptionStatus": status}}});
    assert!(corrected("AWS::CloudFront::MonitoringSubscription").is_immutable());
    let stack = one("m", "AWS::CloudFront::MonitoringSubscription", props("Enabled"));
    let plan = stack.plan(Mode::Build, &[("m", props("Disabled"))]);
    assert_eq!(plan.resources["m"].action, Action::Replace(ReplaceOrder::DeleteFirst));
    assert!(plan.resources["m"].reasons.iter().all(|r| r.code == ReasonCode::NoUpdateHandler));
}

// Values that are not known yet.

#[test]
fn a_recreated_name_is_no_reason_to_replace_what_uses_it_trap_47() {
    // The role was deleted by hand. It comes back under the same name, so most likely with the same ARN.
    let stack = one("role", "AWS::IAM::Role", json!({"RoleName": "r", "AssumeRolePolicyDocument": {}})).with(
        "job",
        "AWS::Batch::ComputeEnvironment",
        json!({"ComputeEnvironmentName": "c", "Type": "MANAGED", "ComputeResources": {"SpotIamFleetRole": "${role.Arn}"}}),
    );
    let stack = pinned(stack, "job", "arn:c");
    let live = json!({
        "ComputeEnvironmentArn": "arn:c", "ComputeEnvironmentName": "c", "Type": "MANAGED",
        "ComputeResources": {"SpotIamFleetRole": "arn:aws:iam::1:role/r"},
        "Tags": {"stackql:stack-name": "shop", "stackql:stack-env": "prod", "stackql:resource-name": "job"},
    });
    let plan = stack.plan(Mode::Build, &[("job", live)]);
    assert!(!matches!(plan.resources["job"].action, Action::Replace(_)), "{:?}", plan.resources["job"]);
    assert_ne!(plan.resources["job"].certainty, Certainty::Certain);
}

#[test]
fn a_create_only_value_that_waits_is_decided_when_it_is_known() {
    // The VPC is adopted by a changed tag, so its id is known; a named source keeps its ARN unknown while it is made.
    let stack = one("topic", "AWS::S3::Bucket", json!({"BucketName": "b"})).with(
        "sub",
        "AWS::SNS::Subscription",
        json!({"Protocol": "sqs", "TopicArn": "t", "Endpoint": "${topic.Arn}"}),
    );
    let stack = pinned(stack, "sub", "arn:sub");
    let live =
        |endpoint: &str| json!({"Arn": "arn:sub", "Protocol": "sqs", "TopicArn": "t", "Endpoint": endpoint});
    let plan = stack.plan(Mode::Build, &[("sub", live("arn:aws:s3:::b"))]);
    let planned = &plan.resources["sub"];
    assert_eq!(planned.action, Action::Deferred);
    let Certainty::Deferred(from) = &planned.certainty else { panic!("{:?}", planned.certainty) };
    assert_eq!(from.iter().map(ToString::to_string).collect::<Vec<_>>(), ["topic.Arn"]);
    // At run time the same value is nothing to do; another one would need a replacement, which was not planned.
    let mut wanted = stack.wanted("sub").clone();
    wanted.props = Value::from(json!({"Protocol": "sqs", "TopicArn": "t", "Endpoint": "arn:aws:s3:::b"}));
    let schema = corrected("AWS::SNS::Subscription");
    let sighting = |endpoint: &str| present(&[("Arn", "arn:sub")], live(endpoint));
    let same = prepare(planned, &wanted, &schema, &sighting("arn:aws:s3:::b"), &stack_id(), false).unwrap();
    assert_eq!(same, Prepared::Nothing);
    let other =
        prepare(planned, &wanted, &schema, &sighting("arn:aws:s3:::c"), &stack_id(), false).unwrap_err();
    assert_eq!(other.code, codes::BECAME_REPLACE);
}

#[test]
fn a_conditional_update_may_shrink_to_nothing() {
    let stack = one("key", "AWS::KMS::Key", json!({"Description": "k"})).with(
        "topic",
        "AWS::SNS::Topic",
        json!({"TopicName": "t", "KmsMasterKeyId": "${key.KeyId}"}),
    );
    let stack = pinned(pinned(stack, "topic", "arn:t"), "key", "k-1");
    let live = ours("topic", json!({"TopicArn": "arn:t", "TopicName": "t", "KmsMasterKeyId": "k-1"}));
    let plan = stack.plan(Mode::Build, &[("topic", live.clone())]);
    assert_eq!(plan.resources["topic"].action, Action::Update);
    let mut wanted = stack.wanted("topic").clone();
    wanted.props = Value::from(json!({"TopicName": "t", "KmsMasterKeyId": "k-1"}));
    let sighting = present(&[("TopicArn", "arn:t")], live);
    let made = prepare(
        &plan.resources["topic"],
        &wanted,
        &corrected("AWS::SNS::Topic"),
        &sighting,
        &stack_id(),
        false,
    );
    assert_eq!(made.unwrap(), Prepared::Nothing);
}

#[test]
fn an_upstream_value_in_the_form_of_its_service_refines_a_create() {
    let net = |block: &str| json!({"VpcId": "v", "CidrBlock": block});
    let plan = one("n", "AWS::EC2::Subnet", net("10.0.0.5/24"));
    let mut options = PlanOptions::of(Mode::Build);
    let entry = LedgerEntry::of(
        "AWS::EC2::Subnet".into(),
        super::support::target(),
        Identifier::single("SubnetId", "subnet-1"),
    );
    options.ledger.insert("n".into(), entry);
    let planned = &plan.plan_with(options, &[]).resources["n"];
    let mut wanted = plan.wanted("n").clone();
    let schema = corrected("AWS::EC2::Subnet");
    wanted.props = Value::from(net("10.0.0.0/24"));
    assert!(prepare(planned, &wanted, &schema, &Sighting::Absent, &stack_id(), false).is_ok());
    wanted.props = Value::from(net("10.0.1.0/24"));
    assert!(prepare(planned, &wanted, &schema, &Sighting::Absent, &stack_id(), false).is_err());
}

#[test]
fn a_plan_never_shows_a_secret() {
    let stack = one("f", "AWS::Events::Rule", json!({"Name": "r"})).edit("f", |wanted| {
        let target = [
            ("Id".to_owned(), Value::Secret(Secret::new(Value::text("hunter1")))),
            ("Arn".to_owned(), Value::text("a")),
        ];
        if let Value::Object(members) = &mut wanted.props {
            members.insert("Targets".into(), Value::Array(vec![Value::Object(target.into_iter().collect())]));
        }
    });
    let live = ours(
        "f",
        json!({"Name": "r", "Targets": [{"Id": "hunter2", "Arn": "a"}, {"Id": "hunter3", "Arn": "b"}]}),
    );
    for live in [vec![], vec![("f", live)]] {
        let (plan, outputs) = {
            let stack = pinned(stack.clone(), "f", "arn:f");
            let mut planning =
                Planning::new(Arc::new(stack), Arc::new(TestSchemas), PlanOptions::of(Mode::Build));
            for question in planning.questions() {
                let sighting = match live.first() {
                    Some((_, model)) => present(&[("Arn", "arn:f")], model.clone()),
                    None => Sighting::Absent,
                };
                planning.answer(&question.address, &sighting);
            }
            planning.finish()
        };
        let shown = format!("{plan:?} {:?}", outputs["f"].model);
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn an_unknown_key_of_a_live_resource_is_not_absent_at_teardown() {
    // The bucket is there, but its read does not tell its name: its policy may be there as well.
    let stack = one("b", "AWS::SNS::Topic", json!({"TopicName": "t"})).with(
        "p",
        "AWS::SSM::Parameter",
        json!({"Name": "${b.Missing}", "Type": "String", "Value": "v"}),
    );
    let stack = pinned(stack, "b", "arn:t");
    let live = ours("b", json!({"TopicArn": "arn:t", "TopicName": "t"}));
    let plan = stack.plan(Mode::Teardown, &[("b", live)]);
    assert_eq!(plan.resources["p"].action, Action::Blocked);
    let plan = stack.plan(Mode::Teardown, &[]);
    assert_eq!(plan.resources["p"].action, Action::Noop);
}

#[test]
fn keys_are_sent_as_text_or_as_an_object() {
    let composite =
        Key::Primary(Identifier { parts: vec![("A".into(), "1".into()), ("B".into(), "2".into())] });
    assert_eq!(composite.wire(), "{\"A\":\"1\",\"B\":\"2\"}");
    assert_eq!(Key::Additional(vec![("Name".into(), "n".into())]).wire(), "{\"Name\":\"n\"}");
}
