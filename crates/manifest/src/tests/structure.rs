//! Mistakes in the structure of a manifest, in its settings and in its lifecycle values.

use super::{good, parse_with, problems, problems_with};
use crate::codes;
use stack_core::desired::Outputs;
use stack_core::value::Value;

#[test]
fn the_structure_is_checked_everywhere() {
    let manifests = [
        "",
        "- a\n",
        "name: s\n---\nname: t\n",
        "name: s\n",
        "name: s\nresources: x\n",
        "name: s\nresources: [x]\nexports: 3\nproviders: aws\nglobals: { a: b }\nversion: x\n",
        "name: s\nresources:\n  - type: awscc.sqs.queues\n  - { name: a, type: awscc.sqs.queues, props: x }\n",
        "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props:\n      - { value: 1 }\n      - { name: QueueName, values: { prod: 3 } }\n      - name: Tags\n        values: [x]\n",
        "name: s\nnames: t\nresources:\n  - name: a\n    tipe: x\n    type: awscc.sqs.queues\n    lifecycle: { prevent_destroyed: true }\n    props:\n      - { name: QueueName, valeu: 1, values: { prod: { value: a, walue: b } } }\n",
        "name: s\nresources:\n  - { name: a, type: awscc.sqs.queues }\n  - { name: a, type: awscc.sqs.queues }\nglobals: [{ name: g, value: 1 }, { name: g, value: 2 }]\n",
        "name: s\nresources:\n  - { name: a, type: awscc.sqs.queue }\n  - { name: b, type: resorce }\n  - { name: c, type: query, sql: x }\n  - { name: d }\n  - { name: e, type: confluent.provider_integrations.integrations }\n",
        "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    for_each: [1]\n    state: absent\n    file: x.iql\n",
        "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props:\n      - name: QueueName\n        values: { prd: { value: x }, dev: { value: y } }\n      - { name: Tags }\n      - { name: DelaySeconds, value: }\n",
        "name: s\nresources:\n  - { name: a, type: awscc.sqs.queues, depends_on: [b, bb] }\n  - { name: bbb, type: awscc.sqs.queues }\n",
        "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props: { QueueName: string }\n  - name: b\n    type: awscc.sqs.queues\n    props:\n      - { name: QueueName, values: { prod: { value: integer } } }\n",
        "name: s\nglobals:\n  - { name: a, value: }\n  - { name: b, value: '' }\n  - { name: c, value: \"{{ EMPTY }}\" }\nresources:\n  - { name: q, type: awscc.sqs.queues, props: { QueueName: \"{{ c }}\" } }\n",
    ];
    let all: Vec<String> =
        manifests.iter().map(|m| format!("{m:?}\n{}", problems_with(m, &[("EMPTY", "")]))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    ""
    error[SD1003] the manifest is empty
      1:1 «» 
      = next  write at least `name:` and `resources:`; `stack-deploy init` makes a working example

    "- a\n"
    error[SD1101] a manifest must be a mapping, not a list
      1:1 «- a» 

    "name: s\n---\nname: t\n"
    error[SD1003] the file holds 2 YAML documents
      1:1 «» 
      = next  keep one document; remove the others and their `---`

    "name: s\n"
    error[SD1102] the manifest has no `resources`
      1:1 «» 
      = next  add `resources:`, a list of what is to exist

    "name: s\nresources: x\n"
    error[SD1101] `resources` must be a list, not a text
      2:12 «x» 

    "name: s\nresources: [x]\nexports: 3\nproviders: aws\nglobals: { a: b }\nversion: x\n"
    error[SD1101] a resource must be a mapping, not a text
      2:13 «x» 
    error[SD1101] `exports` must be a list, not a number
      3:10 «3» 
    error[SD1101] `providers` must be a list, not a text
      4:12 «aws» 
    error[SD1101] `globals` must be a list, not a mapping
      5:10 «{ a: b }» 
    error[SD1101] `version` must be a whole number, not a text
      6:10 «x» 

    "name: s\nresources:\n  - type: awscc.sqs.queues\n  - { name: a, type: awscc.sqs.queues, props: x }\n"
    error[SD1102] this resource has no `name`
      3:5 «type: awscc.sqs.queues» 
      = next  add `name:`
    error[SD1101] `props` must be a list or a mapping, not a text
      4:47 «x» 

    "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props:\n      - { value: 1 }\n      - { name: QueueName, values: { prod: 3 } }\n      - name: Tags\n        values: [x]\n"
    error[SD1102] this prop has no `name`
      6:9 «{ value: 1 }» 
      = next  add `name:`
    error[SD1101] a value for an environment must be a mapping with `value`, not a number
      7:44 «3» 
      = next  write `prod: { value: … }`
    error[SD1101] `values` must be a mapping, not a list
      9:17 «[x]» 

    "name: s\nnames: t\nresources:\n  - name: a\n    tipe: x\n    type: awscc.sqs.queues\n    lifecycle: { prevent_destroyed: true }\n    props:\n      - { name: QueueName, valeu: 1, values: { prod: { value: a, walue: b } } }\n"
    warning[SD1104] a manifest has no key `names`
      2:1 «names» did you mean `name`?
      = next  remove it, or correct its spelling: it has no effect
    warning[SD1104] a resource has no key `tipe`
      5:5 «tipe» did you mean `type`?
      = next  remove it, or correct its spelling: it has no effect
    warning[SD1104] `lifecycle` has no key `prevent_destroyed`
      7:18 «prevent_destroyed» did you mean `prevent_destroy`?
      = next  remove it, or correct its spelling: it has no effect
    warning[SD1104] a prop has no key `valeu`
      9:28 «valeu» did you mean `value`?
      = next  remove it, or correct its spelling: it has no effect
    warning[SD1104] a value for an environment has no key `walue`
      9:66 «walue» did you mean `value`?
      = next  remove it, or correct its spelling: it has no effect

    "name: s\nresources:\n  - { name: a, type: awscc.sqs.queues }\n  - { name: a, type: awscc.sqs.queues }\nglobals: [{ name: g, value: 1 }, { name: g, value: 2 }]\n"
    error[SD1103] there are two resources named `a`
      4:13 «a» again here
      3:13 «a» first here
    error[SD1103] there are two globals named `g`
      5:42 «g» again here
      5:19 «g» first here

    "name: s\nresources:\n  - { name: a, type: awscc.sqs.queue }\n  - { name: b, type: resorce }\n  - { name: c, type: query, sql: x }\n  - { name: d }\n  - { name: e, type: confluent.provider_integrations.integrations }\n"
    error[SD1105] there is no resource type `awscc.sqs.queue`
      3:22 «awscc.sqs.queue» did you mean `awscc.sqs.queues`?
    error[SD1105] there is no resource type `resorce`
      4:22 «resorce» did you mean `resource`?
      = next  write a type such as `awscc.s3.buckets` or `AWS::S3::Bucket`
    error[SD1121] there is no file resources/d.iql
      6:13 «d» 
      = why  paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude d
    error[SD1105] nothing describes the provider of `confluent.provider_integrations.integrations`
      7:22 «confluent.provider_integrations.integrations» 
      = next  describe its service in a file below `definitions/`: docs/guide/own-service.md

    "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    for_each: [1]\n    state: absent\n    file: x.iql\n"
    warning[SD1127] a: `file` has no effect on a resource of a dotted type
      7:5 «file» 
      = next  remove it

    "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props:\n      - name: QueueName\n        values: { prd: { value: x }, dev: { value: y } }\n      - { name: Tags }\n      - { name: DelaySeconds, value: }\n"
    error[SD1106] the prop `QueueName` has no value for the environment prod
      7:9 «values» did you mean the environment `prd`?
      = needed by  a (awscc.sqs.queues), env prod
      = next  add `prod: { value: … }`, or use `value` for all environments
    error[SD1107] the prop `Tags` has no value
      8:17 «Tags» 
      = needed by  a (awscc.sqs.queues), env prod
      = next  give it one of `value`, `values`, `merge` or `props`
    error[SD1107] the prop `DelaySeconds` has no value
      9:31 «value» 
      = needed by  a (awscc.sqs.queues), env prod
      = next  a null counts as absent here; to remove a property write `props` as a mapping with a null

    "name: s\nresources:\n  - { name: a, type: awscc.sqs.queues, depends_on: [b, bb] }\n  - { name: bbb, type: awscc.sqs.queues }\n"
    error[SD1115] a depends on `b`, which is no resource of this stack
      3:53 «b» 
    error[SD1115] a depends on `bb`, which is no resource of this stack
      3:56 «bb» did you mean `bbb`?

    "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    props: { QueueName: string }\n  - name: b\n    type: awscc.sqs.queues\n    props:\n      - { name: QueueName, values: { prod: { value: integer } } }\n"
    warning[SD1111] the prop `QueueName` is literally `string`
      5:25 «string» this is the documentation's placeholder
      = next  write the value that you want
    warning[SD1111] the prop `QueueName` is literally `integer`
      9:53 «integer» this is the documentation's placeholder
      = next  write the value that you want

    "name: s\nglobals:\n  - { name: a, value: }\n  - { name: b, value: '' }\n  - { name: c, value: \"{{ EMPTY }}\" }\nresources:\n  - { name: q, type: awscc.sqs.queues, props: { QueueName: \"{{ c }}\" } }\n"
    error[SD1113] the global `a` is empty
      3:13 «a» 
      = next  give it a `value`, or remove it
    error[SD1113] the global `b` is empty
      4:23 «''» 
      = next  give it a `value`, or remove it
    error[SD1113] the global `c` is empty
      5:23 «"{{ EMPTY }}"» this renders to nothing
      = needed by  q (awscc.sqs.queues), env prod
      = next  give it a value, or write the empty text where it is used
    "#);
}

#[test]
fn settings_and_lifecycle_values_are_checked() {
    insta::assert_snapshot!(problems("name: s
settings:
  acounts: {}
  accounts: { prod: 12345 }
  on_failure: rolback
  rate: { reads: fast, write: 1 }
  ownership_tags: maybe
  guardrails: { deny_actions: [destroy], max_delete: -1 }
  regions: [us-east-1]
  profile: { prod: [x] }
  tags: { a: [1] }
resources:
  - name: q
    type: awscc.sqs.queues
    region: us-east-2
    identifier: ''
    lifecycle:
      timeout: 30
      replace: delete_frist
      adopt: perhaps
      prevent_destroy: sure
      ignore_changes: [/Tagz, tags]
    props: { QueueName: a }
  - name: i
    type: awscc.customerprofiles.integrations
    identifier: a|b|c
    id: x
    props: { DomainName: acme, Uri: 's3://x', ObjectTypeName: CTR }
  - { name: p, type: awscc.sqs.queues, region: nowhere, props: { QueueName: a } }
"), @r#"
warning[SD1104] `settings` has no key `acounts`
  3:3 «acounts» did you mean `accounts`?
  = next  remove it, or correct its spelling: it has no effect
error[SD1108] `settings.accounts` must be account ids of twelve digits, in quotes
  4:21 «12345» 
error[SD1108] `settings.on_failure` is one of error, rollback, ignore
  5:15 «rolback» did you mean `rollback`?
error[SD1108] `settings.rate.reads` must be a whole number
  6:18 «fast» 
warning[SD1104] `settings.rate` has no key `write`
  6:24 «write» did you mean `writes`?
  = next  remove it, or correct its spelling: it has no effect
error[SD1108] `settings.ownership_tags` is true or false
  7:19 «maybe» 
error[SD1108] `settings.guardrails.deny_actions` has no action `destroy`; there are create, update, adopt, replace, delete, run
  8:32 «destroy» 
error[SD1108] `settings.guardrails.max_delete` must be a whole number
  8:54 «-1» 
error[SD1108] `settings.profile` must be a text
  10:20 «[x]» 
error[SD1118] i has both `identifier` and `id`
  27:5 «id» 
  = next  keep one: `id` is another name of `identifier`
error[SD1108] the tag `a` must be a text
  11:14 «[1]» 
  = needed by  q (awscc.sqs.queues), env prod; i (awscc.customerprofiles.integrations), env prod; p (awscc.sqs.queues), env prod
error[SD1116] q is in us-east-2, which `settings.regions` does not allow
  15:13 «us-east-2» allowed here: us-east-1
  = needed by  q (awscc.sqs.queues), env prod
error[SD1118] this is no identifier of AWS::SQS::Queue
  16:17 «''» it has one part: QueueUrl
  = needed by  q (awscc.sqs.queues), env prod
error[SD1109] `30` is no duration
  18:16 «30» write 90s, 30m, 2h or 1h30m
  = needed by  q (awscc.sqs.queues), env prod
error[SD1109] `lifecycle.replace` is create_first or delete_first
  19:16 «delete_frist» did you mean `delete_first`?
  = needed by  q (awscc.sqs.queues), env prod
error[SD1109] `lifecycle.adopt` is true, false or force
  20:14 «perhaps» 
  = needed by  q (awscc.sqs.queues), env prod
error[SD1109] `lifecycle.prevent_destroy` is true or false
  21:24 «sure» 
  = needed by  q (awscc.sqs.queues), env prod
error[SD1204] AWS::SQS::Queue has no property `Tagz`
  22:24 «/Tagz» did you mean `/Tags`?
  = needed by  q (awscc.sqs.queues), env prod
error[SD1118] this is no identifier of AWS::CustomerProfiles::Integration
  26:17 «a|b|c» it has 2 parts: DomainName|Uri
  = needed by  i (awscc.customerprofiles.integrations), env prod
error[SD1109] `nowhere` is no region
  29:48 «nowhere» 
  = needed by  p (awscc.sqs.queues), env prod
"#);
}

#[test]
fn a_stack_export_may_have_a_name_that_is_no_identifier() {
    let manifest = r#"
name: s
globals:
  - { name: my-name, value: x }
  - { name: a, value: "{{ 5 | int }}" }
  - { name: b, value: "{{ 3 | int }}" }
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 }, exports: [{ cidr_block: the-net }] }
exports: [my-name, the-net, { the-net: net }, a - b, a-b]
"#;
    let stack = good(manifest);
    let shown = |value: &Value| match value {
        Value::Unknown(unknown) => format!("{:?}", unknown.from),
        known => format!("{:?}", known.exposed()),
    };
    let values = stack.evaluate_exports(&Outputs::new()).unwrap();
    let all: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    my-name = Some(String("x"))
    the-net = {Reference { address: Address("vpc"), path: "CidrBlock" }}
    net = {Reference { address: Address("vpc"), path: "CidrBlock" }}
    a - b = Some(Number(2))
    a-b = Some(Number(2))
    "#);
}

#[test]
fn stack_exports_must_exist() {
    insta::assert_snapshot!(problems("name: s
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 }, exports: [vpc_id] }
exports:
  - vpc_idd
  - { vpc_id: id, nope: x }
  - { both: \"{{ vpc.VpdId }}\" }
"), @r#"
error[SD1203] `vpc_idd` is not defined
  5:5 «vpc_idd» did you mean `vpc_id` (exported by vpc, stackql_manifest.yml:3)?
  = next  fix the name, or add it to globals: - { name: vpc_idd, value: … }
error[SD1203] `nope` is not defined
  6:19 «nope» 
  = next  fix the name, or add it to globals: - { name: nope, value: … }
error[SD1204] AWS::EC2::VPC has no property `VpdId`
  7:17 «vpc.VpdId» did you mean `VpcId`?
"#);
}

#[test]
fn strict_makes_unknown_keys_errors() {
    let sources =
        crate::Sources { manifest: "name: s\nfoo: 1\nresources: []\n".to_owned(), ..Default::default() };
    let options = crate::Options { strict: true, ..Default::default() };
    let parsed = crate::Stack::parse(sources, std::sync::Arc::new(super::Fixture), options);
    assert!(parsed.diagnostics[0].is_error());
    assert_eq!(parsed.diagnostics[0].code, codes::UNKNOWN_KEY);
    assert!(!parse_with("name: s\nfoo: 1\nresources: []\n", &[]).diagnostics[0].is_error());
}
