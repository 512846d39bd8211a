//! Each mistake gives its code at its exact line and column: at top level, nested in a list, inside `values.<env>`.

use super::{good, outputs, problems, problems_with, show, try_render};
use serde_json::json;
use stack_core::desired::Outputs;

/// The mistake in the three places.
fn places(leaf: &str) -> [String; 3] {
    let head = "name: s
globals:
  - { name: domain_name, value: acme }
  - { name: settings, value: { size: 3, names: [a] } }
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 } }
  - name: q
    type: awscc.sqs.queues
    props:
";
    [
        format!("{head}      QueueName: {leaf}\n"),
        format!(
            "{head}      Tags:\n        - Key: a\n          Value: b\n        - Key: c\n          Value: {leaf}\n"
        ),
        format!(
            "{head}      - name: QueueName\n        values:\n          dev:\n            value: x\n          prod:\n            value: {leaf}\n"
        ),
    ]
}

/// Code and first label of each problem of a manifest.
fn first_labels(manifest: &str) -> String {
    let text = problems(manifest);
    let mut lines = text.lines();
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error") || line.starts_with("warning") {
            let code = line.split(']').next().unwrap_or_default();
            out.push(format!("{code}] {}", lines.next().unwrap_or_default().trim()));
        }
    }
    out.join(" | ")
}

/// The same for each of the places.
fn brief(leaf: &str) -> String {
    places(leaf).iter().map(|manifest| first_labels(manifest)).collect::<Vec<_>>().join("\n")
}

#[test]
fn leaf_mistakes_are_found_in_all_three_places() {
    let leaves = [
        "\"{{ domain_nam }}\"",
        "'x-{{ domain_name }}-{{ domain_nam }}'",
        "\"é\\\"\\u00e9 {{ domain_nam }}\"",
        "a {{ domain_nam }} b",
        "\"{{ settings.sise }}\"",
        "\"{{ domain_name | uper }}\"",
        "\"{{ domain_name is strin }}\"",
        "\"{{ rang(3) }}\"",
        "\"{{ domain_name.uper() }}\"",
        "\"{{ domain_name + }}\"",
        "\"x {% if true %} y\"",
        "\"{{ vpc.VpdId }}\"",
        "\"x {{ vpc.Tags[0].Kay }}\"",
        "\"{{ domain_name | int }}\"",
        "\"{{ settings.size - 'x' }}\"",
        "\"{{ q.Arn }}\"",
        "!Ref vpc",
        "{ a: 1, b: 2, a: 3 }",
        "\"{{ domain_name }}",
        "{{ domain_name }}",
        "[1, 2",
    ];
    let all: Vec<String> = leaves.iter().map(|leaf| format!("{leaf}\n{}", brief(leaf))).collect();
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    "{{ domain_nam }}"
    error[SD1203] 10:22 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 14:22 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 15:24 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?

    'x-{{ domain_name }}-{{ domain_nam }}'
    error[SD1203] 10:42 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 14:42 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 15:44 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?

    "é\"\u00e9 {{ domain_nam }}"
    error[SD1203] 10:32 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 14:32 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 15:34 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?

    a {{ domain_nam }} b
    error[SD1203] 10:23 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 14:23 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 15:25 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?

    "{{ settings.sise }}"
    error[SD1203] 10:22 «settings.sise» did you mean `size`?
    error[SD1203] 14:22 «settings.sise» did you mean `size`?
    error[SD1203] 15:24 «settings.sise» did you mean `size`?

    "{{ domain_name | uper }}"
    error[SD1202] 10:36 «uper» did you mean `upper`?
    error[SD1202] 14:36 «uper» did you mean `upper`?
    error[SD1202] 15:38 «uper» did you mean `upper`?

    "{{ domain_name is strin }}"
    error[SD1202] 10:37 «strin» did you mean `string`?
    error[SD1202] 14:37 «strin» did you mean `string`?
    error[SD1202] 15:39 «strin» did you mean `string`?

    "{{ rang(3) }}"
    error[SD1202] 10:22 «rang» did you mean `range`?
    error[SD1202] 14:22 «rang» did you mean `range`?
    error[SD1202] 15:24 «rang» did you mean `range`?

    "{{ domain_name.uper() }}"
    error[SD1202] 10:34 «uper» did you mean `upper`?
    error[SD1202] 14:34 «uper» did you mean `upper`?
    error[SD1202] 15:36 «uper» did you mean `upper`?

    "{{ domain_name + }}"
    error[SD1201] 10:36 «}}» unexpected end of variable block
    error[SD1201] 14:36 «}}» unexpected end of variable block
    error[SD1201] 15:38 «}}» unexpected end of variable block

    "x {% if true %} y"
    error[SD1201] 10:34 « y» unexpected end of input, expected end of block
    error[SD1201] 14:34 « y» unexpected end of input, expected end of block
    error[SD1201] 15:36 « y» unexpected end of input, expected end of block

    "{{ vpc.VpdId }}"
    error[SD1204] 10:22 «vpc.VpdId» did you mean `VpcId`?
    error[SD1204] 14:22 «vpc.VpdId» did you mean `VpcId`?
    error[SD1204] 15:24 «vpc.VpdId» did you mean `VpcId`?

    "x {{ vpc.Tags[0].Kay }}"
    error[SD1204] 10:24 «vpc.Tags[0].Kay» did you mean `Key`?
    error[SD1204] 14:24 «vpc.Tags[0].Kay» did you mean `Key`?
    error[SD1204] 15:26 «vpc.Tags[0].Kay» did you mean `Key`?

    "{{ domain_name | int }}"
    error[SD1205] 10:36 «int» invalid float literal
    error[SD1205] 14:36 «int» invalid float literal
    error[SD1205] 15:38 «int» invalid float literal

    "{{ settings.size - 'x' }}"
    error[SD1205] 10:22 «settings.size - 'x'» tried to use - operator on unsupported types number and string
    error[SD1205] 14:22 «settings.size - 'x'» tried to use - operator on unsupported types number and string
    error[SD1205] 15:24 «settings.size - 'x'» tried to use - operator on unsupported types number and string

    "{{ q.Arn }}"
    error[SD1206] 10:22 «q.Arn» q needs `q.Arn`
    error[SD1206] 14:22 «q.Arn» q needs `q.Arn`
    error[SD1206] 15:24 «q.Arn» q needs `q.Arn`

    !Ref vpc
    error[SD1004] 10:18 «!Ref»
    error[SD1004] 14:18 «!Ref»
    error[SD1004] 15:20 «!Ref»

    { a: 1, b: 2, a: 3 }
    error[SD1002] 10:32 «a» again here | error[SD1304] 10:18 «{ a: 1, b: 2, a: 3 }» expected a string
    error[SD1002] 14:32 «a» again here | error[SD1304] 14:18 «{ a: 1, b: 2, a: 3 }» expected a string
    error[SD1002] 15:34 «a» again here | error[SD1304] 15:20 «{ a: 1, b: 2, a: 3 }» expected a string

    "{{ domain_name }}
    error[SD1001] 10:18 «"» while scanning a quoted scalar, found unexpected end of stream
    error[SD1001] 14:18 «"» while scanning a quoted scalar, found unexpected end of stream
    error[SD1001] 15:20 «"» while scanning a quoted scalar, found unexpected end of stream

    {{ domain_name }}
    error[SD1001] 10:18 «{{ domain_name }}» YAML reads this as a mapping
    error[SD1001] 14:18 «{{ domain_name }}» YAML reads this as a mapping
    error[SD1001] 15:20 «{{ domain_name }}» YAML reads this as a mapping

    [1, 2
    error[SD1001] 11:1 «» while parsing a flow sequence, expected ',' or ']'
    error[SD1001] 15:1 «» while parsing a flow sequence, expected ',' or ']'
    error[SD1001] 16:1 «» while parsing a flow sequence, expected ',' or ']'
    "#);
}

/// A resource of a type with these props, indented by six.
fn typed(ty: &str, props: &str) -> String {
    let lines: Vec<String> = props.lines().map(|line| format!("      {line}")).collect();
    format!(
        "name: s\nresources:\n  - name: q\n    type: awscc.customerprofiles.{ty}\n    props:\n{}\n",
        lines.join("\n")
    )
}

#[test]
fn property_mistakes_are_found_in_all_three_places() {
    const OBJECT: &str = "DomainName: d\nObjectTypeName: o\nDescription: x";
    const IN_ENV: &str = "- { name: DomainName, value: d }\n- { name: ObjectTypeName, value: o }";
    let object = |more: &str| typed("object_types", &format!("{OBJECT}\n{more}"));
    let env = |name: &str, value: &str| {
        let known = if name == "Description" { "" } else { "\n- { name: Description, value: x }" };
        let known = if name == "ObjectTypeName" {
            format!("- {{ name: DomainName, value: d }}{known}")
        } else {
            format!("{IN_ENV}{known}")
        };
        typed(
            "object_types",
            &format!(
                "{known}\n- name: {name}\n  values:\n    dev: {{ value: x }}\n    prod: {{ value: {value} }}"
            ),
        )
    };
    let cases: [[String; 3]; 6] = [
        // Unknown property.
        [object("Keyz: []"), object("Fields:\n  - Nam: a"), env("Fields", "[{ Nam: a }]")],
        // Not an allowed value.
        [
            typed("integrations", "DomainName: d\nUri: u\nScope: WORLD"),
            object("Fields:\n  - ObjectTypeField: { ContentType: TEXT }"),
            env("Fields", "[{ ObjectTypeField: { ContentType: TEXT } }]"),
        ],
        // Pattern.
        [
            typed("object_types", "DomainName: d\nObjectTypeName: 9 lives\nDescription: x"),
            object("Fields:\n  - Name: a b"),
            env("ObjectTypeName", "9 lives"),
        ],
        // Length.
        [
            typed("object_types", "DomainName: d\nObjectTypeName: o\nDescription: ''"),
            object("Fields:\n  - ObjectTypeField: { Source: '' }"),
            env("Description", "''"),
        ],
        // Number of elements.
        [
            typed("integrations", "DomainName: d\nUri: u\nEventTriggerNames: []"),
            typed(
                "domains",
                "DomainName: d\nDefaultExpirationDays: 1\nRuleBasedMatching:\n  Enabled: true\n  MatchingRules:\n    - Rule: []",
            ),
            typed(
                "integrations",
                "- { name: DomainName, value: d }\n- { name: Uri, value: u }\n- name: EventTriggerNames\n  values:\n    prod: { value: [] }",
            ),
        ],
        // Something required is missing.
        [
            typed("domains", "DomainName: d"),
            typed(
                "domains",
                "DomainName: d\nDefaultExpirationDays: 1\nRuleBasedMatching:\n  Enabled: true\n  MatchingRules:\n    - {}",
            ),
            typed(
                "domains",
                "- { name: DomainName, value: d }\n- { name: DefaultExpirationDays, value: 1 }\n- name: Matching\n  values:\n    prod: { value: { JobSchedule: { DayOfTheWeek: SUNDAY, Time: '03:00' } } }",
            ),
        ],
    ];
    let all: Vec<String> = cases
        .iter()
        .map(|case| case.iter().map(|m| first_labels(m)).collect::<Vec<_>>().join("\n"))
        .collect();
    insta::assert_snapshot!(all.join("\n\n"), @r"
    error[SD1301] 9:7 «Keyz» did you mean `Keys`?
    error[SD1301] 10:11 «Nam» did you mean `Name`?
    error[SD1301] 12:29 «Nam» did you mean `Name`?

    error[SD1305] 8:14 «WORLD» not an allowed value
    error[SD1305] 10:43 «TEXT» not an allowed value
    error[SD1305] 12:61 «TEXT» not an allowed value

    error[SD1306] 7:23 «9 lives» does not match the pattern
    error[SD1306] 10:17 «a b» does not match the pattern
    error[SD1306] 11:26 «9 lives» does not match the pattern

    error[SD1307] 8:20 «''» too short
    error[SD1307] 10:38 «''» too short
    error[SD1307] 11:26 «''» too short

    error[SD1309] 8:7 «EventTriggerNames» at least 1 element
    error[SD1309] 11:13 «Rule» at least 1 element
    error[SD1309] 8:15 «EventTriggerNames» at least 1 element

    error[SD1311] 5:5 «props» `DefaultExpirationDays` is missing
    error[SD1311] 11:13 «{}» `Rule` is missing
    error[SD1311] 8:15 «Matching» `Enabled` is missing
    ");
}

#[test]
fn block_scalars_are_underlined_in_their_own_line() {
    insta::assert_snapshot!(brief(">-\n                {% set x = 1 %}\n                two {{ domain_nam }}"), @r#"
    error[SD1203] 12:24 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 16:24 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 17:24 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    "#);
    insta::assert_snapshot!(brief("|\n                one\n                  two {{ domain_nam }}\n"), @r#"
    error[SD1203] 12:26 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 16:26 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    error[SD1203] 17:26 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
    "#);
}

#[test]
fn the_message_is_that_of_the_mock() {
    insta::assert_snapshot!(problems(&places("\"{{ domain_nam }}\"")[0]), @r#"
    error[SD1203] `domain_nam` is not defined
      10:22 «domain_nam» did you mean `domain_name` (globals, stackql_manifest.yml:3)?
      = needed by  q (awscc.sqs.queues), env prod
      = next  fix the name, or add it to globals: - { name: domain_nam, value: … }
    "#);
}

#[test]
fn a_live_resource_without_the_value_is_named_in_all_three_places() {
    let known = outputs(&[("vpc", "AWS::EC2::VPC", json!({"VpcId": "vpc-1"}))]);
    let shown: Vec<String> = places("\"{{ vpc.InstanceTenancy }}\"")
        .iter()
        .map(|manifest| {
            let stack = good(manifest);
            show(&try_render(&stack, "q", &known).unwrap_err(), stack.source_map())
        })
        .collect();
    insta::assert_snapshot!(shown.join(""), @r#"
    error[SD1208] `vpc.InstanceTenancy` has no value: vpc exists, but has no value for `InstanceTenancy`
      10:22 «vpc.InstanceTenancy» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a default where that is fine: `| default(…)`
    error[SD1208] `vpc.InstanceTenancy` has no value: vpc exists, but has no value for `InstanceTenancy`
      14:22 «vpc.InstanceTenancy» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a default where that is fine: `| default(…)`
    error[SD1208] `vpc.InstanceTenancy` has no value: vpc exists, but has no value for `InstanceTenancy`
      15:24 «vpc.InstanceTenancy» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a default where that is fine: `| default(…)`
    "#);
}

#[test]
fn conditions_that_are_no_conditions_say_where() {
    let with = |condition: &str| {
        format!("name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    if: {condition}\n")
    };
    let conditions = [
        "stack_env = 'prod'",
        "perhaps",
        "\"'{{ stack_env }}' ==\"",
        "\"{{ stack_envv }} == 'x'\"",
        "[1]",
        "3",
    ];
    let all: Vec<String> = conditions.iter().map(|c| problems(&with(c))).collect();
    insta::assert_snapshot!(all.join(""), @r#"
    error[SD1207] the `if` of a is neither true nor false
      5:19 «=» use ==, !=, and, or, not
      = needed by  a (awscc.sqs.queues), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    error[SD1207] the `if` of a is neither true nor false
      5:9 «perhaps» this is neither true nor false
      = needed by  a (awscc.sqs.queues), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    error[SD1207] the `if` of a is neither true nor false
      5:9 «"'{{ stack_env }}' =="» a value is missing here
      = needed by  a (awscc.sqs.queues), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    error[SD1203] `stack_envv` is not defined
      5:13 «stack_envv» did you mean `stack_env`?
      = needed by  a (awscc.sqs.queues), env prod
      = next  fix the name, or add it to globals: - { name: stack_envv, value: … }
    error[SD1207] the `if` of a is neither true nor false
      5:9 «[1]» this is neither true nor false
      = needed by  a (awscc.sqs.queues), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    error[SD1207] the `if` of a is neither true nor false
      5:9 «3» this is neither true nor false
      = needed by  a (awscc.sqs.queues), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    "#);
}

#[test]
fn a_condition_that_waits_for_a_resource_is_refused_at_plan_time_only() {
    let stack = good(
        "name: s
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 } }
  - { name: q, type: awscc.sqs.queues, if: \"'{{ vpc.VpcId }}' == 'vpc-1'\", props: { QueueName: a } }
",
    );
    let refused = try_render(&stack, "q", &Outputs::new()).unwrap_err();
    insta::assert_snapshot!(show(&refused, stack.source_map()), @r#"
    error[SD1209] the `if` of q cannot be decided yet
      4:44 «"'{{ vpc.VpcId }}' == 'vpc-1'"» this waits for vpc.VpcId
      = needed by  q (awscc.sqs.queues), env prod
      = next  use a value that is known beforehand: a global, the environment, a declared name
    "#);
    let known = outputs(&[("vpc", "AWS::EC2::VPC", json!({"VpcId": "vpc-1"}))]);
    assert!(try_render(&stack, "q", &known).is_ok());
}

#[test]
fn cycles_are_paths_with_positions() {
    insta::assert_snapshot!(problems("name: s
globals:
  - { name: g, value: \"{{ c.Arn }}\" }
resources:
  - { name: a, type: awscc.sqs.queues, props: { QueueName: \"{{ b.Arn }}\" } }
  - { name: b, type: awscc.sqs.queues, props: { QueueName: \"{{ g }}\" } }
  - { name: c, type: awscc.sqs.queues, depends_on: [a] }
"), @r#"
error[SD1206] resources wait for each other: a → b → c → a
  5:64 «b.Arn» a needs `b.Arn`
  3:27 «c.Arn» b needs `c.Arn`
  7:53 «a» c depends on a
  = next  take one of these references out
"#);
}

#[test]
fn merges_that_cannot_be_say_why() {
    insta::assert_snapshot!(problems("name: s
globals:
  - { name: list, value: [1] }
  - { name: object, value: { a: 1 } }
  - { name: word, value: x }
resources:
  - name: q
    type: awscc.iam.roles
    props:
      - { name: RoleName, value: r, merge: [list] }
      - { name: Tags, value: [], merge: [object, lst] }
      - name: AssumeRolePolicyDocument
        values:
          prod: { value: { a: 1 } }
        merge:
          - word
"), @r#"
error[SD1110] `list` cannot be merged into the prop `RoleName`
  10:45 «list» a text and a list do not merge
  = needed by  q (awscc.iam.roles), env prod
  = next  merge lists with lists, and objects with objects
error[SD1110] `object` cannot be merged into the prop `Tags`
  11:42 «object» a list and an object do not merge
  = needed by  q (awscc.iam.roles), env prod
  = next  merge lists with lists, and objects with objects
error[SD1203] `lst` is not defined
  11:50 «lst» did you mean `list` (globals, stackql_manifest.yml:3)?
  = needed by  q (awscc.iam.roles), env prod
  = next  fix the name, or add it to globals: - { name: lst, value: … }
error[SD1110] `word` cannot be merged into the prop `AssumeRolePolicyDocument`
  16:13 «word» an object and a text do not merge
  = needed by  q (awscc.iam.roles), env prod
  = next  merge lists with lists, and objects with objects
"#);
}

#[test]
fn names_that_only_globals_see_are_explained() {
    let manifest = "name: s
globals:
  - { name: g, value: \"{{ REGON }}\" }
resources:
  - { name: a, type: awscc.sqs.queues, props: { QueueName: \"{{ REGION }}\", DelaySeconds: \"{{ vars.REGON }}\" } }
  - { name: b, type: awscc.sqs.queues, props: { QueueName: \"{{ g }}\" } }
  - { name: c, type: awscc.sqs.queues, props: { QueueName: \"{{ g }}x\" } }
";
    insta::assert_snapshot!(problems_with(manifest, &[("REGION", "eu-west-1")]), @r#"
    error[SD1203] `REGON` is not defined
      3:27 «REGON» did you mean `REGION` (a variable)?
      = needed by  b (awscc.sqs.queues), env prod; c (awscc.sqs.queues), env prod
      = next  fix the name, or give it a value: -e REGON=…
    error[SD1203] `REGION` is not defined
      5:64 «REGION» 
      = needed by  a (awscc.sqs.queues), env prod
      = next  only globals see -e and the environment file: write `vars.REGION`, or add a global for it
    error[SD1203] `vars.REGON` is not defined
      5:94 «vars.REGON» did you mean `REGION`?
      = needed by  a (awscc.sqs.queues), env prod
      = next  fix the name, or give a default: `| default(…)`
    "#);
}

#[test]
fn properties_are_checked_against_the_schema_at_their_line() {
    insta::assert_snapshot!(problems("name: s
resources:
  - name: a
    type: awscc.sqs.queues
    props:
      - { name: DelaySecond, value: 3 }
      - name: Tags
        values:
          prod:
            value:
              - { key: a, Value: b }
  - { name: b, type: awscc.sqs.queues, props: { DelaySeconds: many } }
  - { name: d, type: awscc.ec2.vpcs, region: ap-south-2, props: { CidrBlock: 10.0.0.0/16 }, exports: [vpcid, { nope: x }] }
"), @r"
    error[SD1204] AWS::EC2::VPC has no property `nope`
      13:112 «nope» 
      = needed by  the exports of d
    error[SD1301] `AWS::SQS::Queue` has no property `DelaySecond`
      6:17 «DelaySecond» did you mean `DelaySeconds`?
      = needed by  a (awscc.sqs.queues), env prod
    error[SD1302] nested keys use the provider's spelling: `Key`, not `key`
      11:19 «key» write `Key`
      = properties  Key and Value
      = needed by  a (awscc.sqs.queues), env prod
    error[SD1304] `DelaySeconds` must be an integer, this is a string
      12:63 «many» expected an integer
      = needed by  b (awscc.sqs.queues), env prod
    error[SD1117] AWS::EC2::VPC is not available in ap-south-2
      13:22 «awscc.ec2.vpcs» 
      = needed by  d (awscc.ec2.vpcs), env prod
      = next  choose another region; if the service has come there since, refresh the schemas
    ");
}

#[test]
fn a_template_that_fails_hides_no_mistake_beside_it() {
    let text = problems(
        "name: s
resources:
  - name: q
    type: awscc.sqs.queues
    props:
      QueueName: \"{{ nothing_like_it }}\"
      DelaySecond: 3
      Tags:
        - { Key: \"{{ nor_this }}\", Value: a, Valu: b }
",
    );
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with("error")).collect();
    insta::assert_snapshot!(found.join("\n"), @r"
    error[SD1203] `nothing_like_it` is not defined
    error[SD1301] `AWS::SQS::Queue` has no property `DelaySecond`
    error[SD1203] `nor_this` is not defined
    error[SD1301] `Tags[0]` has no property `Valu`
    ");
}

/// A bucket named `aaa-bbb` with further lines.
fn bucket(more: &str) -> String {
    format!(
        "name: s\nresources:\n  - name: b\n    type: awscc.s3.buckets\n    region: us-east-1\n    {more}\n    props: {{ BucketName: aaa-bbb }}\n"
    )
}

#[test]
fn an_identifier_must_agree_with_the_properties_and_the_type() {
    insta::assert_snapshot!(problems(&bucket("identifier: other-bucket")), @r"
    error[SD1118] `identifier` and `BucketName` of b do not agree
      6:17 «other-bucket» this says `other-bucket` for `BucketName`
      7:26 «aaa-bbb» this is what is declared
      = needed by  b (awscc.s3.buckets), env prod
      = next  take one of the two out, or write the same value
    ");
    assert!(problems(&bucket("identifier: aaa-bbb|x")).starts_with("error[SD1118] `identifier` and"));
    for other in ["identifier: { Nope: x }", "identifier: { BucketName: aaa-bbb, Nope: x }"] {
        let said = problems(&bucket(other));
        assert!(said.starts_with("error[SD1118] this is no identifier of AWS::S3::Bucket\n"), "{said}");
        assert!(said.contains("it has one part: BucketName"), "{said}");
    }
    for good in ["identifier: aaa-bbb", "identifier: { BucketName: aaa-bbb }"] {
        assert_eq!(problems(&bucket(good)), "");
    }
    // The name is known, so the property that would give it may be left out.
    let bare = "name: s\nresources:\n  - name: b\n    type: awscc.s3.buckets\n";
    assert!(problems(&format!("{bare}    props: {{}}\n")).contains("SD1321"));
    assert_eq!(problems(&format!("{bare}    identifier: x-y-z\n    props: {{}}\n")), "");
}

#[test]
fn an_unknown_region_is_a_warning_with_a_suggestion() {
    let said = problems(&bucket("").replace("us-east-1", "us-nowhere-1"));
    assert!(said.starts_with("warning[SD1119] no region `us-nowhere-1` is known\n"), "{said}");
    insta::assert_snapshot!(problems(&bucket("").replace("us-east-1", "us-esat-1")), @r"
    warning[SD1119] no region `us-esat-1` is known
      5:13 «us-esat-1» did you mean `us-east-1`?
      = needed by  b (awscc.s3.buckets), env prod
    ");
}

#[test]
fn a_file_directive_is_not_sent_as_text() {
    assert!(
        problems(&bucket("").replace("aaa-bbb", "file(name.txt)"))
            .contains("there is no file resources/name.txt")
    );
    assert_eq!(problems(&bucket("description: see file(a) and file()")), "");
}
