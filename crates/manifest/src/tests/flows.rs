//! Resources with query files, inline statements and scripts: what is checked of them before they can run
//! (stackql-compat 1.3, 2.1 to 2.5).

use super::{Fixture, show};
use crate::flow::{FlowKind, Statements};
use crate::{Options, Parsed, Sources, Stack};
use indexmap::IndexMap;
use stack_core::desired::{Outputs, Rendered, Resolver};
use std::sync::Arc;

pub(crate) fn parse(resources: &str, files: &[(&str, &str)]) -> Parsed {
    let files: IndexMap<String, String> =
        files.iter().map(|(path, text)| (format!("resources/{path}"), (*text).to_owned())).collect();
    let sources = Sources {
        manifest: format!(
            "name: s\nglobals:\n  - {{ name: region, value: us-east-1 }}\nresources:\n{resources}"
        ),
        files: Arc::new(files),
        env: "prod".to_owned(),
        variables: [("USER".to_owned(), "u".to_owned())].into(),
        ..Sources::default()
    };
    Stack::parse(sources, Arc::new(Fixture), Options::default())
}

/// Everything that is wrong, with the file before each place where it is not the manifest.
fn said(resources: &str, files: &[(&str, &str)]) -> String {
    let parsed = parse(resources, files);
    let mut all = parsed.diagnostics.clone();
    all.extend(parsed.stack.iter().flat_map(Stack::validate));
    let mut out = show(&all, &parsed.source_map);
    for problem in &all {
        for label in problem.labels.iter().filter(|label| !label.route.file.is_empty()) {
            let span = parsed.source_map.span(label).unwrap();
            let place = format!("  {}:{} ", span.line, span.column);
            out = out.replacen(&place, &format!("  {}:{}:{} ", span.file, span.line, span.column), 1);
        }
    }
    out
}

fn fine(resources: &str, files: &[(&str, &str)]) -> Stack {
    assert_eq!(said(resources, files), "");
    parse(resources, files).stack.unwrap()
}

const VPC: &str = "/*+ exists */
SELECT vpc_id FROM awscc.ec2.vpcs WHERE region = '{{ region }}'
/*+ create, retries=3 */
INSERT INTO awscc.ec2.vpcs (CidrBlock, region) SELECT '{{ cidr }}', '{{ region }}' RETURNING *
/*+ update */
UPDATE awscc.ec2.vpcs SET PatchDocument = string('{{ { \"Tags\": tags } | generate_patch_document }}')
WHERE Identifier = '{{ this.vpc_id }}' AND region = '{{ region }}'
/*+ statecheck */
SELECT COUNT(*) AS count FROM x WHERE VpcId = '{{ vpc.vpc_id }}' AND token = '{{ idempotency_token }}{{ uuid() }}'
/*+ callback:create, retries=5 */
SELECT 1 WHERE token = '{{ callback.RequestToken }}'
/*+ exports */
SELECT vpc_id, vpc_arn FROM x
/*+ delete */
DELETE FROM awscc.ec2.vpcs WHERE Identifier = '{{ vpc_id }}' AND region = '{{ region }}'
";

const RESOURCE: &str = "  - name: vpc
    props:
      - { name: cidr, value: 10.0.0.0/16 }
      - { name: tags, value: [] }
    exports: [vpc_id, { vpc_arn: arn }]
    protected: [arn]
    return_vals:
      create: [{ Identifier: vpc_id }, RequestToken]
      update: [RequestToken]
    auth: { type: basic, username_var: USER }
    skip_validation: true
";

#[test]
fn a_resource_with_a_query_file_is_read_whole() {
    let stack = fine(RESOURCE, &[("vpc.iql", VPC)]);
    let flow = stack.flow(&"vpc".into()).unwrap();
    assert_eq!((flow.kind, flow.skip_validation), (FlowKind::Resource, true));
    let Statements::File { path, file } = &flow.statements else { panic!("{flow:?}") };
    assert_eq!((path.as_str(), file.anchors.len()), ("resources/vpc.iql", 7));
    let create: Vec<(&str, &str)> =
        flow.returns.create.iter().map(|r| (r.column.as_str(), r.variable.as_str())).collect();
    assert_eq!(create, [("Identifier", "vpc_id"), ("RequestToken", "RequestToken")]);
    assert_eq!((flow.returns.update.len(), flow.returns.delete.len()), (1, 0));
    assert_eq!(flow.auth.len(), 2);
    let exports = stack.resource_exports(&"vpc".into());
    assert_eq!((exports[1].property.as_str(), exports[1].variable.as_str()), ("vpc_arn", "arn"));
    assert!(exports[1].protected && !exports[0].protected);
    let known: Vec<&str> = stack.source_map().further_files().map(|(path, _)| path).collect();
    assert_eq!(known, ["resources/vpc.iql"]);
}

#[test]
fn auth_of_what_the_sdk_signs_is_ignored_and_told() {
    let resources = format!(
        "{RESOURCE}  - {{ name: off, type: query, sql: SELECT 1, if: \"'{{{{ stack_env }}}}' == 'dev'\" }}\n  - {{ name: q, type: awscc.sqs.queues, region: us-east-1, props: {{ QueueName: q }}, auth: {{ type: basic }} }}\n"
    );
    let stack = fine(&resources, &[("vpc.iql", VPC)]);
    insta::assert_snapshot!(show(&stack.cannot_run(), stack.source_map()), @r#"
    warning[SD1127] vpc: `auth` is ignored
      14:5 «auth» 
      = why  AWS credentials come from the SDK's chain: variables, profile, SSO, role
      = next  remove it; choose the account with --profile or settings.profile
    warning[SD1127] q: `auth` is ignored
      17:84 «auth» 
      = why  AWS credentials come from the SDK's chain: variables, profile, SSO, role
      = next  remove it; choose the account with --profile or settings.profile
    "#);
    assert_eq!(stack.nodes().len(), 3);
    assert_eq!(stack.render(&"off".into(), &Outputs::new()), Ok(Rendered::Skipped));
}

#[test]
fn the_documented_files_work_without_checks() {
    let integration = "/*+ create */
INSERT INTO awscc.customerprofiles.integrations (DomainName, region) SELECT '{{ domain_name }}', '{{ region }}';
/*+ update */
UPDATE awscc.customerprofiles.integrations
SET PatchDocument = string('{{ {
    \"ObjectTypeName\": object_type_name,
    \"Tags\": tags
} | generate_patch_document }}')
WHERE region = '{{ region }}' AND Identifier = '{{ domain_name }}|{{ uri }}';
/*+ delete */
DELETE FROM awscc.customerprofiles.integrations
WHERE Identifier = '{{ domain_name }}|{{ uri }}' AND region = '{{ region }}';
";
    let confluent = "/*+ exists */
SELECT id FROM confluent.provider_integrations.integrations WHERE environment = '{{ environment }}';
/*+ create */
INSERT INTO confluent.provider_integrations.integrations (data__config, data__environment)
SELECT '{{ config }}', '{{ environment }}';
/*+ delete */
DELETE FROM confluent.provider_integrations.integrations WHERE environment = '{{ environment }}' AND id = '{{ id }}';
";
    let resources = "  - name: integrations
    props:
      - { name: domain_name, value: d }
      - { name: object_type_name, value: CTR }
      - { name: tags, value: [] }
  - name: kafka
    file: confluent.iql
    props:
      - { name: config, props: [{ name: customer_iam_role_arn, value: arn }] }
      - { name: environment, value: env-1 }
";
    fine(resources, &[("integrations.iql", integration), ("confluent.iql", confluent)]);
}

#[test]
fn later_resources_use_what_earlier_ones_export() {
    let resources = format!(
        "{RESOURCE}  - {{ name: subnet, file: subnet.iql, props: [{{ name: vpc, value: \"{{{{ vpc_id }}}}\" }}] }}
  - {{ name: look, type: query, sql: \"SELECT 1 AS one WHERE a = '{{{{ arn }}}}' AND b = '{{{{ vpc.arn }}}}'\", exports: [one] }}
  - {{ name: tell, type: command, sql: \"SELECT '{{{{ one }}}}{{{{ callback.x }}}}'\" }}
  - {{ name: run, type: script, run: \"echo {{{{ one }}}}\", exports: [out] }}
  - {{ name: p, type: awscc.ssm.parameters, region: us-east-1, props: {{ Name: p, Type: String, Value: \"{{{{ out }}}}{{{{ callback.y }}}}\" }} }}
"
    );
    let subnet = "/*+ createorupdate */\nINSERT INTO x SELECT '{{ vpc }}', '{{ vpc_id }}', '{{ region }}'\n";
    let stack = fine(&resources, &[("vpc.iql", VPC), ("subnet.iql", subnet)]);
    let edges: Vec<String> = stack
        .nodes()
        .iter()
        .flat_map(|node| {
            node.after.iter().map(move |edge| format!("{} after {} ({})", node.address, edge.to, edge.via))
        })
        .collect();
    assert_eq!(
        edges,
        [
            "subnet after vpc (vpc_id)",
            "look after vpc (arn)",
            "tell after look (one)",
            "run after look (one)",
            "p after run (out)"
        ]
    );
}

#[test]
fn what_only_running_can_tell_is_no_mistake() {
    let of = |anchors: &str| {
        said(
            "  - { name: a, exports: [{ found: f }] }\n",
            &[("a.iql", &format!("{anchors}\n/*+ create */\nINSERT INTO awscc.ec2.vpcs\n"))],
        )
    };
    for fine in [
        "/*+ exists */\nSELECT id AS thing FROM x\n/*+ delete */\nDELETE WHERE y = '{{ thing }}'",
        "/*+ exists */\nSELECT * FROM x\n/*+ delete */\nDELETE WHERE y = '{{ whatever }}'",
        "/*+ exports */\nSELECT found FROM x\n/*+ delete */\nDELETE WHERE y = '{{ found }}{{ f }}'",
        "/*+ statecheck */\nSELECT 1\n/*+ exports */\nSELECT 1 WHERE z = '{{ this.z }}{{ a.z }}{{ a.callback.z }}'",
        "/*+ statecheck */\nSELECT 1 WHERE Identifier = '{{ a_id | upper }}|{{ b_id }}'",
        "/*+ statecheck */\nSELECT 1 WHERE x = '{{ nope | default('') }}' {% if nopes is defined %}AND 1{% endif %}",
        "/*+ statecheck */\nSELECT 1 {% for i in range(3) %}{{ i }}{{ loop.index }}{% endfor %}{% set z = 1 %}{{ z }}",
    ] {
        assert_eq!(of(fine), "", "{fine}");
    }
}

#[test]
fn names_that_nothing_can_define_are_named_with_their_place() {
    let file = "-- {{ nop | upper }}
/*+ exists */
SELECT 1 WHERE a = '{{ reigon }}' AND region = '{{ region }}'
/*+ create */
INSERT INTO x
  SELECT '{{ vpc_cidr }}', '{{ cidr }}',
  '{{ {\"A\": gone} | generate_patch_document }}'
/*+ delete */
DELETE WHERE Identifier = 'x' AND region = '{{ reg }}'
/*+ troubleshoot */
SELECT '{{ trouble }}'
";
    insta::assert_snapshot!(said("  - { name: a, props: [{ name: cidr, value: x }] }\n", &[("a.iql", file)]), @r#"
    error[SD1203] `nop` is not defined
      resources/a.iql:1:7 «nop» 
      = needed by  a (resource), env prod
      = next  fix the name, or add it to globals: - { name: nop, value: … }
    error[SD1203] `reigon` is not defined
      resources/a.iql:3:24 «reigon» did you mean `region` (globals, stackql_manifest.yml:3)?
      = needed by  a (resource), env prod
      = next  fix the name, or add it to globals: - { name: reigon, value: … }
    error[SD1203] `vpc_cidr` is not defined
      resources/a.iql:6:14 «vpc_cidr» 
      = needed by  a (resource), env prod
      = next  fix the name, or add it to globals: - { name: vpc_cidr, value: … }
    warning[SD1203] `gone` is not defined
      resources/a.iql:7:13 «gone» 
      = needed by  a (resource), env prod
      = next  the document is made without it; declare a prop of this name to set it
    error[SD1203] `reg` is not defined
      resources/a.iql:9:48 «reg» 
      = needed by  a (resource), env prod
      = next  fix the name, or add it to globals: - { name: reg, value: … }
    warning[SD1203] `trouble` is not defined
      resources/a.iql:11:12 «trouble» 
      = needed by  a (resource), env prod
      = next  fix the name, or add it to globals: - { name: trouble, value: … }
    "#);
}

#[test]
fn templates_that_cannot_be_parsed_are_named_with_their_place() {
    let file = "/*+ exists */\nSELECT 1\n/*+ create */\nINSERT '{{ a + }}'\n/*+ update */\nUPDATE {% if x %}\n/*+ delete */\nDELETE {{ 'a' | nofilter }}\n";
    insta::assert_snapshot!(said("  - { name: a }\n  - { name: b, file: a.iql }\n", &[("a.iql", file)]), @r#"
    error[SD1201] this template cannot be parsed
      resources/a.iql:4:16 «}}» unexpected end of variable block
    error[SD1201] this template cannot be parsed
      resources/a.iql:6:16 «%}» unexpected end of input, expected end of block
    error[SD1202] there is no filter `nofilter`
      resources/a.iql:8:17 «nofilter» did you mean `filter`?
    "#);
}

#[test]
fn files_and_statements_that_are_missing_are_named() {
    let files = [
        ("empty.iql", "SELECT 1\n"),
        ("half.iql", "/*+ create */\nINSERT\n/*+ callback */\nSELECT 1\n"),
        ("typo.iql", "/*+ exist */\nSELECT 1\n/*+ create, retry=3 */\nINSERT\n"),
        ("no_create.iql", "/*+ exists */\nSELECT 1\n"),
    ];
    let resources = "  - { name: nowhere }
  - { name: elsewhere, file: ../../x.iql }
  - { name: empty }
  - { name: half, type: multi }
  - { name: typo }
  - { name: no_create }
  - { name: q, type: query }
  - { name: q2, type: query, file: empty.iql }
  - { name: c, type: command, file: half.iql }
  - { name: s, type: script }
  - { name: w, type: query, sql: 3, run: [x] }
";
    insta::assert_snapshot!(said(resources, &files), @r#"
    warning[SD1126] there is no anchor `exist`
      resources/typo.iql:1:5 «exist» did you mean `exists`?
      = next  its statement never runs; write a hint for the database inside a line, not at its beginning
    warning[SD1126] there is no option `retry`
      resources/typo.iql:3:13 «retry» 
      = next  it has no effect; remove it
    error[SD1121] there is no file resources/nowhere.iql
      5:13 «nowhere» 
      = why  paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude nowhere
    error[SD1122] the file ../../x.iql is outside the stack folder
      6:30 «../../x.iql» this path leaves the stack folder
      = next  put it into the stack folder, or allow it: --allow-outside-files
    error[SD1128] resources/empty.iql has no `create` and no `createorupdate`, so empty could never be made
      7:13 «empty» 
      = next  add `/*+ create */` and the INSERT below it
    error[SD1128] resources/half.iql has no `exists`, no `statecheck` and no `exports`, so nothing says whether half is there
      8:13 «half» 
      = next  add `/*+ exists */` and a SELECT below it
    error[SD1128] resources/typo.iql has no `exists`, no `statecheck` and no `exports`, so nothing says whether typo is there
      9:13 «typo» 
      = why  the table of the INSERT is not written out
      = next  add `/*+ exists */` and a SELECT below it
    error[SD1128] resources/no_create.iql has no `create` and no `createorupdate`, so no_create could never be made
      10:13 «no_create» 
      = next  add `/*+ create */` and the INSERT below it
    error[SD1121] there is no file resources/q.iql
      11:13 «q» 
      = why  paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude q
    error[SD1128] the query q2 has no statement: resources/empty.iql has no `exports`
      12:36 «empty.iql» 
      = next  add `/*+ exports */` and the SELECT below it, or write `sql:` in the manifest
    error[SD1128] the command c has no statement: resources/half.iql has no `command`
      13:37 «half.iql» 
      = next  add `/*+ command */` and the statement below it, or write `sql:` in the manifest
    error[SD1102] the script s has no `run`
      14:13 «s» 
      = next  add `run:`, the command that is to run
    warning[SD1127] w: `run` has no effect on type `query`
      15:37 «run» 
      = next  remove it
    "#);
}

#[test]
fn keys_without_effect_are_warned_about() {
    let files = [
        ("a.iql", "/*+ exists */\nSELECT 1\n/*+ create */\nINSERT\n"),
        ("m.iql", "/*+ createorupdate */\nINSERT\n"),
    ];
    let resources = "  - { name: a, sql: SELECT 1, run: x, state: absent, formerly: [b] }
  - { name: m, type: multi, skip_validation: yes please }
  - { name: q, type: query, sql: SELECT 1, file: a.iql, return_vals: { create: [x] }, skip_validation: true }
  - { name: c, type: command, sql: SELECT 1, exports: [x], protected: [x] }
  - { name: s, type: script, run: x, file: y, sql: z, exports: [{ a: b }, c] }
  - { name: d, type: awscc.sqs.queues, region: us-east-1, props: { QueueName: q }, file: a.iql, sql: x, run: y, return_vals: {}, skip_validation: true }
";
    insta::assert_snapshot!(said(resources, &files), @r#"
    warning[SD1127] a: `sql` has no effect on type `resource`
      5:16 «sql» 
      = next  remove it
    warning[SD1127] a: `run` has no effect on type `resource`
      5:31 «run» 
      = next  remove it
    error[SD1101] `skip_validation` must be true or false, not a text
      6:46 «yes please» 
    warning[SD1127] q: `file` has no effect beside `sql`
      7:44 «file» 
      = next  keep one of the two
    warning[SD1127] q: `return_vals` has no effect on type `query`
      7:57 «return_vals» 
      = next  remove it
    warning[SD1127] q: `skip_validation` has no effect on type `query`
      7:87 «skip_validation» 
      = next  remove it
    warning[SD1127] c: `exports` has no effect on type `command`
      8:46 «exports» 
      = next  remove it
    warning[SD1127] c: `protected` has no effect on type `command`
      8:60 «protected» 
      = next  remove it
    warning[SD1127] s: `file` has no effect on type `script`
      9:38 «file» 
      = next  remove it
    warning[SD1127] s: `sql` has no effect on type `script`
      9:47 «sql» 
      = next  remove it
    warning[SD1127] s: exports of a script cannot be renamed
      9:65 «{ a: b }» this has no effect
      = next  write the names as the script prints them
    warning[SD1127] d: `file` has no effect on a resource of a dotted type
      10:84 «file» 
      = next  remove it
    warning[SD1127] d: `sql` has no effect on a resource of a dotted type
      10:97 «sql» 
      = next  remove it
    warning[SD1127] d: `run` has no effect on a resource of a dotted type
      10:105 «run» 
      = next  remove it
    warning[SD1127] d: `return_vals` has no effect on a resource of a dotted type
      10:113 «return_vals» 
      = next  remove it
    warning[SD1127] d: `skip_validation` has no effect on a resource of a dotted type
      10:130 «skip_validation» 
      = next  remove it
    warning[SD1127] `formerly` of a has no effect: its own statements find it
      5:64 «[b]» 
      = needed by  a (resource), env prod
      = next  take it out if they find it by values that keep; if they use `resource_name`, let them look for the former name too
    "#);
}

#[test]
fn the_forms_of_return_vals_auth_and_protected_are_checked() {
    let files = [("a.iql", "/*+ exports */\nSELECT 1\n/*+ create */\nINSERT\n")];
    let resources = "  - name: a
    return_vals: { create: [{ a: b, c: d }, [x], { e: [f] }], crate: [x], update: x, delete: [y] }
    auth: { username_vra: X, password_var: [y], credentialsenvvar: NOPE, type: basic }
    exports: [vpc_id, { arn: role_arn }]
    protected: [vpcid, role_arn, arn, 3]
  - { name: b, file: a.iql, auth: x, return_vals: [x] }
";
    insta::assert_snapshot!(said(resources, &files), @r#"
    error[SD1101] a returned value must be a column, or a mapping of one column to a name, not a mapping
      6:29 «{ a: b, c: d }» 
    error[SD1101] a returned value must be a column, or a mapping of one column to a name, not a list
      6:45 «[x]» 
    error[SD1101] the name of a returned value must be a text, not a list
      6:55 «[f]» 
    warning[SD1104] `return_vals` has no key `crate`
      6:63 «crate» did you mean `create`?
      = next  remove it, or correct its spelling: it has no effect
    error[SD1101] `return_vals.update` must be a list, not a text
      6:83 «x» 
    warning[SD1104] `auth` has no key `username_vra`
      7:13 «username_vra» did you mean `username_var`?
      = next  remove it, or correct its spelling: it has no effect
    error[SD1101] `auth.password_var` must be a text, not a list
      7:44 «[y]» 
    warning[SD1127] a protects `vpcid`, which it does not export
      9:17 «vpcid» did you mean `vpc_id`?
      = next  protected are names of exports
    warning[SD1127] a protects `3`, which it does not export
      9:39 «3» 
      = next  protected are names of exports
    error[SD1101] `auth` must be a mapping, not a text
      10:35 «x» 
    error[SD1101] `return_vals` must be a mapping, not a list
      10:51 «[x]» 
    error[SD1130] `auth` of a lacks `username_var`
      7:5 «auth» 
      = needed by  a (resource), env prod
      = next  it is the name of a variable
    "#);
}

#[test]
fn scripts_run_what_cannot_be_rendered_as_it_is_written() {
    let resources = "  - { name: s, type: script, run: \"docker inspect --format '{{.Id}}' {% raw %}{{ x }}{% endraw %}\" }
  - { name: t, type: script, run: \"echo {{ nope }} {{ region }}\" }
";
    insta::assert_snapshot!(said(resources, &[]), @r#"
    warning[SD1201] this template cannot be parsed
      5:63 «.» unexpected `.`
      = next  it runs as it is written; wrap foreign braces in {% raw %} … {% endraw %}
    error[SD1203] `nope` is not defined
      6:44 «nope» 
      = needed by  t (script), env prod
      = next  fix the name, or add it to globals: - { name: nope, value: … }
    "#);
}

#[test]
fn a_circle_through_a_query_file_is_shown_in_it() {
    let resources = "  - { name: a, props: [{ name: x, value: \"{{ q.QueueUrl }}\" }] }
  - { name: b, file: b.iql, exports: [name] }
  - { name: q, type: awscc.sqs.queues, region: us-east-1, props: { QueueName: \"{{ b.name }}\" } }
";
    let files = [
        ("a.iql", "/*+ createorupdate */\nINSERT\n"),
        ("b.iql", "-- b\n/*+ createorupdate */\nINSERT '{{ q.Arn }}'\n/*+ exports */\nSELECT 1"),
    ];
    insta::assert_snapshot!(said(resources, &files), @r#"
    error[SD1206] resources wait for each other: q → b → q
      7:83 «b.name» q needs `b.name`
      resources/b.iql:3:12 «q.Arn» b needs `q.Arn`
      = next  take one of these references out
    "#);
}

#[test]
fn a_file_is_shared_and_told_about_once() {
    let files = [("shared/x.iql", "/*+ createorupdat */\na\n/*+ createorupdate */\nINSERT\n")];
    let resources = "  - { name: shared/x }\n  - { name: b, file: shared/x.iql }\n";
    let said = said(resources, &files);
    assert_eq!(said.matches("there is no anchor").count(), 1, "{said}");
}

#[test]
fn a_name_outside_comments_and_conditions_must_be_defined() {
    for body in ["'-- {{ gone }}'", "-- {{ gone }}\n{{ gone }}", "-- {{ gone | upper }}", "{{ gone == 'a' }}"]
    {
        let file = format!("/*+ exists */\nSELECT 1 AS count FROM t\n/*+ create */\nINSERT {body}\n");
        let said = said("  - { name: a }\n", &[("a.iql", &file)]);
        assert!(said.contains("SD1203"), "{body}: {said}");
    }
}
