//! Values that are not known yet travel through templates and remember where they come from.

use super::{good, outputs, problems, props, try_render, wanted};
use serde_json::json;
use stack_core::desired::Outputs;

/// One queue whose name is the template, after a VPC and a role.
fn with(template: &str) -> String {
    format!(
        "name: s
resources:
  - {{ name: vpc, type: awscc.ec2.vpcs, props: {{ CidrBlock: 10.0.0.0/16 }} }}
  - {{ name: role, type: awscc.iam.roles, props: {{ RoleName: r, AssumeRolePolicyDocument: {{ Version: '2012-10-17' }} }} }}
  - name: q
    type: awscc.sqs.queues
    props:
      QueueName: {template}
"
    )
}

fn name(template: &str) -> String {
    let stack = good(&with(template));
    props(&wanted(&stack, "q", &Outputs::new()))
}

#[test]
fn an_unknown_makes_the_whole_leaf_unknown_and_keeps_all_sources() {
    assert_eq!(name("\"{{ vpc.VpcId }}\""), r#"{"QueueName":"<vpc.VpcId>"}"#);
    assert_eq!(name("\"a-{{ vpc.vpc_id }}-{{ role.arn }}\""), r#"{"QueueName":"<role.Arn vpc.VpcId>"}"#);
    assert_eq!(name("\"{{ vpc.VpcId ~ '-x' }}\""), r#"{"QueueName":"<vpc.VpcId>"}"#);
}

#[test]
fn filters_methods_and_tests_let_it_through() {
    for expression in [
        "vpc.VpcId | upper",
        "vpc.VpcId | replace('a', 'b') | trim",
        "vpc.VpcId | default('none')",
        "vpc.VpcId.split('-')[1]",
        "['x', vpc.VpcId] | join('-')",
        "'a-b'.replace('a', vpc.VpcId)",
        "'yes' if vpc.VpcId == 'vpc-1' else 'no'",
        "'yes' if vpc.VpcId is string else 'no'",
        "vpc.VpcId + '-x'",
        "vpc.VpcId | int + 1",
        "{'a': 'x'}[vpc.VpcId]",
        "vpc.VpcId[:3]",
        "vpc.CidrBlockAssociations | length",
        "{'k': vpc.VpcId} | tojson",
    ] {
        let shown = name(&format!("\"{{{{ {expression} }}}}\""));
        assert!(shown.contains("<vpc."), "{expression}: {shown}");
    }
}

#[test]
fn branches_that_are_not_taken_wait_for_nothing() {
    assert_eq!(name("\"{{ vpc.VpcId if stack_env == 'dev' else 'fixed' }}\""), r#"{"QueueName":"fixed"}"#);
}

#[test]
fn statements_run_over_unknowns_and_both_sources_are_seen() {
    let template = "\"{% for c in vpc.CidrBlockAssociations %}{{ c }}{{ role.Arn }}{% endfor %}\"";
    assert_eq!(name(template), r#"{"QueueName":"<role.Arn vpc.CidrBlockAssociations>"}"#);
    // The operation fails at once; what comes after it still counts.
    assert_eq!(name("\"{{ (1 - vpc.VpcId) ~ role.Arn }}\""), r#"{"QueueName":"<role.Arn vpc.VpcId>"}"#);
}

#[test]
fn lists_and_objects_of_an_expression_keep_their_known_parts() {
    let stack = good(&with("x\n      Tags: \"{{ [{'Key': 'vpc', 'Value': vpc.VpcId}] }}\""));
    let shown = props(&wanted(&stack, "q", &Outputs::new()));
    assert_eq!(shown, r#"{"QueueName":"x","Tags":[{"Key":"vpc","Value":"<vpc.VpcId>"}]}"#);
}

#[test]
fn nested_properties_are_followed_by_the_schema_in_either_spelling() {
    assert_eq!(
        name("\"{{ vpc.cidr_block_associations[0] }}\""),
        r#"{"QueueName":"<vpc.CidrBlockAssociations[0]>"}"#
    );
    assert_eq!(name("\"{{ vpc.Tags[0].Value }}\""), r#"{"QueueName":"<vpc.Tags[0].Value>"}"#);
}

#[test]
fn mistakes_behind_an_unknown_are_found_offline() {
    insta::assert_snapshot!(problems(&with("\"{{ vpc.VpcId }}-{{ regoin }}\"")), @r#"
    error[SD1203] `regoin` is not defined
      8:38 «regoin» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  fix the name, or add it to globals: - { name: regoin, value: … }
    "#);
    insta::assert_snapshot!(problems(&with("\"{{ vpc.VpcId | uper }}\"")), @r#"
    error[SD1202] there is no filter `uper`
      8:34 «uper» did you mean `upper`?
      = needed by  q (awscc.sqs.queues), env prod
    "#);
    insta::assert_snapshot!(problems(&with("\"{{ vpc.VpdId }}\"")), @r#"
    error[SD1204] AWS::EC2::VPC has no property `VpdId`
      8:22 «vpc.VpdId» did you mean `VpcId`?
      = needed by  q (awscc.sqs.queues), env prod
    "#);
    insta::assert_snapshot!(problems(&with("\"{{ (vpc.VpcId - 1) ~ nope }}\"")), @r#"
    error[SD1203] `nope` is not defined
      8:40 «nope» did you mean `role` (a resource, stackql_manifest.yml:4)?
      = needed by  q (awscc.sqs.queues), env prod
      = next  fix the name, or add it to globals: - { name: nope, value: … }
    "#);
}

#[test]
fn a_value_becomes_known_with_the_output() {
    let stack = good(&with("\"{{ vpc.vpc_id }}/{{ vpc.Tags[0].value }}\""));
    let known =
        outputs(&[("vpc", "AWS::EC2::VPC", json!({"VpcId": "vpc-1", "Tags": [{"Key": "a", "Value": "b"}]}))]);
    assert_eq!(props(&wanted(&stack, "q", &known)), r#"{"QueueName":"vpc-1/b"}"#);
}

#[test]
fn a_property_that_the_live_resource_lacks_is_an_error_at_use_unless_there_is_a_default() {
    let known = outputs(&[("vpc", "AWS::EC2::VPC", json!({"VpcId": "vpc-1"}))]);
    let stack = good(&with("\"{{ vpc.Ipv4IpamPoolId }}\""));
    let problems = try_render(&stack, "q", &known).unwrap_err();
    insta::assert_snapshot!(super::show(&problems, stack.source_map()), @r#"
    error[SD1208] `vpc.Ipv4IpamPoolId` has no value: `Ipv4IpamPoolId` is write-only: reads never return it
      8:22 «vpc.Ipv4IpamPoolId» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a default where that is fine: `| default(…)`
    "#);
    let stack = good(&with("\"{{ vpc.Ipv4IpamPoolId | default('none') }}\""));
    assert_eq!(props(&wanted(&stack, "q", &known)), r#"{"QueueName":"none"}"#);
}

#[test]
fn what_an_output_does_not_know_yet_keeps_its_own_sources() {
    use stack_core::value::{Unknown, Value};
    let stack = good(&with("\"{{ vpc.VpcId }}-{{ vpc.CidrBlock }}\""));
    let mut known = outputs(&[("vpc", "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"}))]);
    if let Value::Object(model) = &mut known[0].model {
        model.insert("VpcId".to_owned(), Value::Unknown(Unknown::of(&"other".into(), "Id")));
    }
    assert_eq!(props(&wanted(&stack, "q", &known)), r#"{"QueueName":"<other.Id>"}"#);
}
