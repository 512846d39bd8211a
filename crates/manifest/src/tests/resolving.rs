//! What manifests mean: names, forms of props, merges, globals, conditions, regions, lifecycle.

use super::{good, good_with, json, outputs, parse_with, props, try_render, wanted};
use serde_json::json;
use stack_core::desired::{Adopt, Outputs, Rendered, ReplaceOrder, Resolver};
use stack_core::pointer::Pointer;
use std::time::Duration;

fn queue(body: &str) -> String {
    format!("name: s\nresources:\n  - name: q\n    type: awscc.sqs.queues\n{body}")
}

fn rendered(body: &str) -> String {
    props(&wanted(&good(&queue(body)), "q", &Outputs::new()))
}

#[test]
fn scalars_mean_what_yaml_readers_of_existing_projects_take_them_for() {
    let stack = good(
        "name: s
globals:
  - { name: account, value: 0123 }
  - { name: answer, value: yes }
  - { name: id, value: 123456789012 }
  - { name: number, value: 1.50 }
  - { name: quoted, value: '12' }
exports: [account, answer, id, number, quoted]
resources: []
",
    );
    let values = stack.evaluate_exports(&Outputs::new()).unwrap();
    let shown: Vec<String> = values.values().map(|v| json(v).to_string()).collect();
    assert_eq!(shown, [r#""0123""#, r#""yes""#, "123456789012", "1.5", r#""12""#]);
}

#[test]
fn a_single_expression_keeps_its_type_and_mixed_text_is_text() {
    let body = "    props:
      - { name: QueueName, value: \"q-{{ 1 + 2 }}-{{ true }}-{{ none }}-{{ [1, {'a': 1.0}] }}\" }
      - { name: DelaySeconds, value: \"{{ 1 + 2 }}\" }
      - { name: FifoQueue, value: \"{{ DelaySeconds > 2 }}\" }
      - { name: Tags, value: \"{{ [{'Key': 'a', 'Value': 'b'}] }}\" }
";
    insta::assert_snapshot!(rendered(body), @r#"{"QueueName":"q-3-true-null-[1,{\"a\":1.0}]","DelaySeconds":3,"FifoQueue":true,"Tags":[{"Key":"a","Value":"b"}]}"#);
}

#[test]
fn map_and_list_form_give_the_same() {
    let list = "    props:
      - { name: QueueName, value: a }
      - name: DelaySeconds
        values: { prod: { value: 5 }, dev: { value: 1 } }
";
    assert_eq!(rendered(list), rendered("    props: { queue_name: a, DelaySeconds: 5 }\n"));
}

#[test]
fn nested_props_build_objects_at_any_depth() {
    let stack = good(
        "name: s
resources:
  - name: b
    type: awscc.s3.buckets
    props:
      - { name: BucketName, value: bbb }
      - name: VersioningConfiguration
        props:
          - { name: Status, values: { prod: { value: Enabled } } }
      - name: LifecycleConfiguration
        props:
          - { name: Rules, value: [{ Id: \"{{ stack_env }}\", Status: Enabled, ExpirationInDays: 3 }] }
",
    );
    insta::assert_snapshot!(props(&wanted(&stack, "b", &Outputs::new())), @r#"{"BucketName":"bbb","VersioningConfiguration":{"Status":"Enabled"},"LifecycleConfiguration":{"Rules":[{"Id":"prod","Status":"Enabled","ExpirationInDays":3}]}}"#);
}

#[test]
fn merges_follow_the_rules() {
    let parsed = parse_with("name: s
globals:
  - { name: base, value: [{ Key: a, Value: '1' }, { Key: b, Value: '2' }] }
  - { name: text, value: '[{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"c\", \"Value\": \"3\"}, {\"Key\": \"c\", \"Value\": \"3\"}]' }
  - { name: object, value: { Environment: prod, a: 1 } }
resources:
  - name: q
    type: awscc.iam.roles
    props:
      - { name: RoleName, value: r }
      - { name: Tags, value: [{ Key: z, Value: '0' }], merge: [base, text] }
      - { name: AssumeRolePolicyDocument, value: { a: 0, b: 0 }, merge: [object] }
  - name: q2
    type: awscc.iam.roles
    props:
      - { name: RoleName, value: r }
      - { name: AssumeRolePolicyDocument, merge: [object] }
", &[]);
    let stack = parsed.stack.unwrap();
    // The tag that comes twice stays, and is only warned about.
    let codes: Vec<u16> = stack.validate().iter().map(|problem| problem.code.0).collect();
    assert_eq!(codes, [1330]);
    insta::assert_snapshot!(props(&wanted(&stack, "q", &Outputs::new())), @r#"{"RoleName":"r","Tags":[{"Key":"z","Value":"0"},{"Key":"a","Value":"1"},{"Key":"b","Value":"2"},{"Key":"c","Value":"3"},{"Key":"c","Value":"3"}],"AssumeRolePolicyDocument":{"a":1,"b":0,"Environment":"prod"}}"#);
    insta::assert_snapshot!(props(&wanted(&stack, "q2", &Outputs::new())), @r#"{"RoleName":"r","AssumeRolePolicyDocument":{"Environment":"prod","a":1}}"#);
}

#[test]
fn globals_are_lazy_and_may_mention_the_resource() {
    let manifest = "name: shop
globals:
  - { name: unused, value: \"{{ NOT_GIVEN }}\" }
  - { name: region, value: \"{{ region }}\" }
  - { name: base, value: \"{{ stack_name }}-{{ stack_env }}\" }
  - { name: full, value: \"{{ base }}-{{ resource_name }}\" }
resources:
  - { name: q, type: awscc.sqs.queues, props: { QueueName: \"{{ full }}-{{ vars.EXTRA }}\" } }
  - { name: r, type: awscc.sqs.queues, props: { QueueName: \"{{ full }}\" } }
";
    let stack = good_with(manifest, &[("region", "eu-west-1"), ("EXTRA", "x")]);
    let q = wanted(&stack, "q", &Outputs::new());
    assert_eq!(props(&q), r#"{"QueueName":"shop-prod-q-x"}"#);
    assert_eq!(q.target.region.unwrap().as_str(), "eu-west-1");
    assert_eq!(props(&wanted(&stack, "r", &Outputs::new())), r#"{"QueueName":"shop-prod-r"}"#);
}

#[test]
fn exported_names_are_seen_by_later_resources_bare_and_scoped() {
    let manifest = "name: s
globals:
  - { name: via_global, value: \"g-{{ vpc_id }}\" }
resources:
  - { name: my-vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 }, exports: [vpc_id, { cidr_block: net, VpcId: id2 }] }
  - name: p
    type: awscc.ssm.parameters
    props: { Name: n, Type: String, Value: \"{{ vpc_id }} {{ net }} {{ id2 }} {{ my-vpc.vpc_id }} {{ my-vpc.net }} {{ via_global }}\" }
exports: [vpc_id, { net: network }, { both: \"{{ my-vpc.VpcId }}/{{ net }}\" }]
";
    let stack = good(manifest);
    let known =
        outputs(&[("my-vpc", "AWS::EC2::VPC", json!({"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}))]);
    assert_eq!(
        props(&wanted(&stack, "p", &known)),
        r#"{"Name":"n","Type":"String","Value":"vpc-1 10.0.0.0/16 vpc-1 vpc-1 10.0.0.0/16 g-vpc-1"}"#
    );
    let exports = stack.evaluate_exports(&known).unwrap();
    let shown: Vec<String> = exports.iter().map(|(k, v)| format!("{k}={}", json(v))).collect();
    assert_eq!(shown, ["vpc_id=\"vpc-1\"", "network=\"10.0.0.0/16\"", "both=\"vpc-1/10.0.0.0/16\""]);
    let exports = stack.resource_exports(&"my-vpc".into());
    assert_eq!(exports.iter().map(|e| e.variable.as_str()).collect::<Vec<_>>(), ["vpc_id", "net", "id2"]);
}

#[test]
fn references_make_the_graph() {
    let stack = good("name: s
globals:
  - { name: where, value: \"{{ vpc.CidrBlock }}\" }
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 } }
  - { name: a, type: awscc.sqs.queues, props: { QueueName: \"{{ where }}\" } }
  - { name: b, type: awscc.sqs.queues, props: { QueueName: \"{{ c.Arn }}{{ c.QueueName }}\" }, depends_on: [a, c] }
  - { name: c, type: awscc.sqs.queues, props: { QueueName: \"{{ a.idempotency_token }}\" } }
  - name: d
    type: awscc.sqs.queues
    if: \"'{{ vpc.CidrBlock }}' == 'x' or true\"
    props:
      - { name: QueueName, value: a }
      - { name: KmsMasterKeyId, value: \"{{ QueueName }}-{{ b.Arn }}\" }
");
    let shown: Vec<String> = stack
        .nodes()
        .iter()
        .map(|n| {
            let after: Vec<String> = n.after.iter().map(|e| format!("{} ({})", e.to, e.via)).collect();
            format!("{} <- {}", n.address, after.join(", "))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    vpc <- 
    a <- vpc (vpc.CidrBlock)
    b <- c (c.Arn), a (depends_on)
    c <- 
    d <- vpc (vpc.CidrBlock), b (b.Arn)
    "#);
}

#[test]
fn conditions_decide_before_props_are_looked_at() {
    let body = |condition: &str| {
        queue(&format!(
            "    if: {condition}\n    props:\n      - {{ name: QueueName, values: {{ dev: {{ value: x }} }} }}\n"
        ))
    };
    for condition in
        ["false", "\"'{{ stack_env }}' == 'dev'\"", "stack_env != 'prod'", "\"{{ stack_env in ['dev'] }}\""]
    {
        assert_eq!(
            try_render(&good(&body(condition)), "q", &Outputs::new()),
            Ok(Rendered::Skipped),
            "{condition}"
        );
    }
    let own = queue("    if: QueueName == 'x'\n    props: [{ name: QueueName, value: y }]\n");
    assert_eq!(try_render(&good(&own), "q", &Outputs::new()), Ok(Rendered::Skipped));
}

#[test]
fn lifecycle_and_target_are_typed() {
    let stack = good(
        "name: s
settings:
  tags: { cost-center: \"4410\", stack: \"{{ stack_name }}\" }
  ownership_tags: { prod: false }
resources:
  - name: q
    type: AWS::SQS::Queue
    region: \"{{ 'eu-central' ~ '-1' }}\"
    role_arn: arn:aws:iam::1:role/x
    type_version_id: 3
    identifier: https://sqs/1/q
    lifecycle:
      prevent_destroy: \"{{ stack_env == 'prod' }}\"
      ignore_changes: [/Tags, delay_seconds, /RedrivePolicy/x]
      replace: delete_first
      adopt: force
      secret_version: 2
      timeout: 1h30m
    props: { QueueName: q }
",
    );
    let q = wanted(&stack, "q", &Outputs::new());
    assert_eq!(q.ty.as_str(), "AWS::SQS::Queue");
    assert_eq!(q.target.region.unwrap().as_str(), "eu-central-1");
    assert_eq!(q.target.role_arn.as_deref(), Some("arn:aws:iam::1:role/x"));
    assert_eq!(q.target.type_version_id.as_deref(), Some("3"));
    assert_eq!(q.identifier.unwrap().scalar_text().as_deref(), Some("https://sqs/1/q"));
    assert!(q.lifecycle.prevent_destroy);
    let ignored: Vec<String> = q.lifecycle.ignore_changes.iter().map(Pointer::to_string).collect();
    assert_eq!(ignored, ["/Tags", "/DelaySeconds", "/RedrivePolicy/x"]);
    assert_eq!(q.lifecycle.replace, Some(ReplaceOrder::DeleteFirst));
    assert_eq!(q.lifecycle.adopt, Adopt::Force);
    assert_eq!(q.lifecycle.secret_version.as_deref(), Some("2"));
    assert_eq!(q.lifecycle.timeout, Some(Duration::from_secs(5400)));
    let tags: Vec<String> = q.default_tags.iter().map(|(k, v)| format!("{k}={}", json(v))).collect();
    assert_eq!(tags, ["cost-center=\"4410\"", "stack=\"s\""]);
    assert!(!q.ownership_tags);
}

#[test]
fn every_setting_may_be_by_environment() {
    let stack = good(
        "name: s
settings:
  accounts: { prod: 123456789012, dev: ['000000000001'] }
  regions: { prod: [us-east-1, eu-west-1] }
  profile: { dev: d, prod: p }
  assume_role: arn:aws:iam::123456789012:role/deploy
  role_arn: { dev: x }
  on_failure: rollback
  rate: { prod: { reads: 5, writes: 1 } }
  guardrails: { max_delete: 0, deny_types: [AWS::RDS::DBInstance], deny_actions: [delete] }
  tags: { prod: { a: b }, dev: {} }
resources: []
",
    );
    insta::assert_debug_snapshot!(stack.settings(), @r#"
    Settings {
        ownership_tags: true,
        accounts: [
            "123456789012",
        ],
        regions: [
            "us-east-1",
            "eu-west-1",
        ],
        profile: Some(
            "p",
        ),
        assume_role: Some(
            "arn:aws:iam::123456789012:role/deploy",
        ),
        role_arn: None,
        on_failure: Some(
            Rollback,
        ),
        rate: Rate {
            reads: Some(
                5,
            ),
            writes: Some(
                1,
            ),
        },
        guardrails: Guardrails {
            max_delete: Some(
                0,
            ),
            max_replace: None,
            deny_types: [
                "AWS::RDS::DBInstance",
            ],
            deny_actions: [
                "delete",
            ],
        },
        literal_patch: false,
        literal_sql: false,
    }
    "#);
    assert_eq!(stack.environments(), ["prod", "dev"]);
}

#[test]
fn a_composite_identifier_may_be_a_mapping() {
    let stack = good(
        "name: s
resources:
  - name: i
    type: awscc.customerprofiles.integrations
    id: { DomainName: acme, Uri: 's3://x|y' }
    props: { DomainName: acme, Uri: 's3://x|y', ObjectTypeName: CTR }
",
    );
    let i = wanted(&stack, "i", &Outputs::new());
    assert_eq!(
        i.identifier.unwrap().scalar_text().as_deref(),
        Some(r#"{"DomainName":"acme","Uri":"s3://x|y"}"#)
    );
}

#[test]
fn positions_of_values_are_kept_under_the_names_that_the_provider_uses() {
    let stack = good(&queue(
        "    props:\n      - name: queue_name\n        value: a\n      - name: Tags\n        value:\n          - Key: k\n            Value: v\n",
    ));
    let q = wanted(&stack, "q", &Outputs::new());
    let place = |pointer: &str| stack.source_map().place(q.sources.of(&Pointer::parse(pointer).unwrap()));
    assert_eq!(place("/QueueName"), "stackql_manifest.yml:7");
    assert_eq!(place("/Tags/0/Value"), "stackql_manifest.yml:11");
    assert_eq!(place("/Nothing"), "stackql_manifest.yml:3");
}

#[test]
fn uuids_and_tokens_are_the_same_in_plan_and_run_and_differ_between_resources() {
    let stack = good(
        "name: s
resources:
  - { name: a, type: awscc.sqs.queues, props: { QueueName: \"{{ uuid() }} {{ idempotency_token }}\" } }
  - { name: b, type: awscc.sqs.queues, props: { QueueName: \"{{ uuid() }} {{ a.idempotency_token }}\" } }
",
    );
    let name =
        |r: &str| wanted(&stack, r, &Outputs::new()).props.get("QueueName").unwrap().scalar_text().unwrap();
    assert_eq!(name("a"), name("a"));
    let (a, b) = (name("a"), name("b"));
    let parts = |t: &str| t.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_ne!(parts(&a)[0], parts(&b)[0]);
    assert_eq!(parts(&a)[1], parts(&b)[1]);
    assert_eq!(parts(&a)[0].as_bytes()[14], b'4', "version 4");
}

#[test]
fn anchors_and_merge_keys_work() {
    let manifest = "name: s
globals: &g []
resources:
  - &base
    name: a
    type: awscc.sqs.queues
    props: { QueueName: a }
  - <<: *base
    name: b
    depends_on: [a]
";
    let stack = good(manifest);
    assert_eq!(props(&wanted(&stack, "b", &Outputs::new())), r#"{"QueueName":"a"}"#);
}

#[test]
fn json_texts_become_structure_where_the_schema_wants_one_and_stay_text_elsewhere() {
    let manifest = "name: s
globals:
  - { name: tags, value: \"{{ TAGS }}\" }
  - { name: hidden, value: \"{{ TAGS }}\", sensitive: true }
resources:
  - { name: q, type: awscc.sqs.queues, props: { QueueName: \"{{ tags }}\", tags: \"{{ tags }}\" } }
  - { name: h, type: awscc.sqs.queues, props: { QueueName: a, Tags: \"{{ hidden }}\" } }
";
    let tags = r#"[{"Key":"a","Value":"1"}]"#;
    let stack = good_with(manifest, &[("TAGS", tags)]);
    let q = wanted(&stack, "q", &Outputs::new());
    assert_eq!(q.props.get("QueueName").unwrap().scalar_text().as_deref(), Some(tags));
    assert_eq!(json(q.props.get("Tags").unwrap()).to_string(), tags);
    let h = wanted(&stack, "h", &Outputs::new());
    assert_eq!(props(&h), r#"{"QueueName":"a","Tags":"<secret>"}"#);
    assert_eq!(h.props.exposed().unwrap()["Tags"].to_string(), tags);
}

#[test]
fn the_role_of_the_settings_serves_resources_that_name_none() {
    let stack = good(
        "name: s
settings: { role_arn: { prod: \"arn:aws:iam::1:role/{{ stack_env }}\" } }
resources:
  - { name: a, type: awscc.sqs.queues, props: { QueueName: a } }
  - { name: b, type: awscc.sqs.queues, role_arn: own, props: { QueueName: a } }
",
    );
    let role = |name: &str| wanted(&stack, name, &Outputs::new()).target.role_arn.unwrap();
    assert_eq!((role("a").as_str(), role("b").as_str()), ("arn:aws:iam::1:role/prod", "own"));
}
