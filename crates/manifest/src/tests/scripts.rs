//! Flows: how their statements are rendered one by one (stackql-compat 1.6, 1.7 and 2.1 to 2.5).

use super::{flows, json, outputs, show};
use crate::{Options, Sources, Stack};
use indexmap::IndexMap;
use stack_core::desired::{Output, Outputs, Rendered, Resolver};
use stack_core::diagnostic::{Label, Part};
use stack_core::flow::{AnchorKind, Captured, Flow, FlowKind, Unready};
use stack_core::statement::{Marked, Understand, joined};
use stack_core::value::Value;
use std::sync::Arc;

/// In the manner of the predecessor's `aws-vpc-webserver`.
pub(crate) const VPC: &str = "/*+ exists */
WITH tagged AS (
  SELECT split_part(ResourceARN, '/', 2) AS vpc_id FROM awscc.tagging.tagged_resources
  WHERE region = '{{ region }}' AND TagFilters = '{{ global_tags | to_aws_tag_filters }}'
)
SELECT r.vpc_id FROM awscc.ec2.vpcs_list_only r INNER JOIN tagged t ON r.vpc_id = t.vpc_id
WHERE r.region = '{{ region }}';
/*+ create, retries=2, retry_delay=5 */
INSERT INTO awscc.ec2.vpcs (CidrBlock, Tags, ClientToken, region)
SELECT '{{ vpc_cidr_block }}', '{{ vpc_tags }}', '{{ idempotency_token }}', '{{ region }}'
RETURNING *;
/*+ callback:create, short_circuit_field=ProgressEvent.OperationStatus, short_circuit_value=SUCCESS */
SELECT OperationStatus = 'SUCCESS' AS success FROM awscc.cloud_control.resource_request
WHERE RequestToken = '{{ callback.ProgressEvent.RequestToken }}' AND region = '{{ region }}';
/*+ update */
UPDATE awscc.ec2.vpcs SET PatchDocument = string('{{ { \"Tags\": vpc_tags } | generate_patch_document }}')
WHERE Identifier = '{{ this.vpc_id }}' AND region = '{{ region }}' RETURNING *;
/*+ statecheck, retries=5 */
SELECT COUNT(*) AS count FROM awscc.ec2.vpcs
WHERE region = '{{ region }}' AND Identifier = '{{ my_vpc.vpc_id }}' AND cidr_block = '{{ vpc_cidr_block }}';
/*+ exports */
SELECT '{{ this.vpc_id }}' AS vpc_id, '{{ vpc_cidr_block }}' AS cidr;
/*+ troubleshoot:create */
SELECT * FROM awscc.cloud_control.resource_request WHERE RequestToken = '{{ callback.RequestToken | default('none') }}';
/*+ delete */
DELETE FROM awscc.ec2.vpcs WHERE Identifier = '{{ vpc_id }}' AND region = '{{ region }}';
";

pub(crate) const RESOURCES: &str = "  - name: my_vpc
    file: vpc.iql
    props:
      - { name: vpc_cidr_block, value: 10.0.0.0/16 }
      - { name: global_tags, value: [{ Key: stack, Value: s }] }
      - { name: vpc_tags, value: [{ Key: Name, Value: v }], merge: [global_tags] }
    return_vals:
      create: [{ Identifier: vpc_id }, ErrorCode]
    exports: [vpc_id, { cidr: vpc_cidr }]
";

pub(crate) fn stack_with(
    resources: &str,
    settings: &str,
    files: &[(&str, &str)],
    reader: Option<Arc<dyn Understand>>,
) -> Stack {
    let files: IndexMap<String, String> =
        files.iter().map(|(path, text)| (format!("resources/{path}"), (*text).to_owned())).collect();
    let sources = Sources {
        manifest: format!(
            "name: s\n{settings}globals:\n  - {{ name: region, value: us-east-1 }}\nresources:\n{resources}"
        ),
        files: Arc::new(files),
        env: "prod".to_owned(),
        ..Sources::default()
    };
    let options = Options { nonce: 7, statements: reader, ..Options::default() };
    let parsed = Stack::parse(sources, Arc::new(super::Fixture), options);
    let stack = parsed.stack.unwrap();
    let mut all = parsed.diagnostics;
    all.extend(stack.validate());
    assert_eq!(show(&all, stack.source_map()), "");
    stack
}

pub(crate) fn stack_of(resources: &str, files: &[(&str, &str)]) -> Stack {
    stack_with(resources, "", files, None)
}

pub(crate) fn flow_with(stack: &Stack, name: &str, outputs: &Outputs) -> Flow {
    match stack.render(&name.into(), outputs) {
        Ok(Rendered::Flow(flow)) => *flow,
        Ok(other) => panic!("{other:?}"),
        Err(problems) => panic!("{}", show(&problems, stack.source_map())),
    }
}

pub(crate) fn flow_of(stack: &Stack, name: &str) -> Flow {
    flow_with(stack, name, &Outputs::new())
}

pub(crate) fn captured(this: &[(&str, &str)]) -> Captured {
    let this = this.iter().map(|(name, value)| ((*name).to_owned(), Value::text(*value))).collect();
    Captured { this, callback: None }
}

/// What a statement of `flow` comes to, with values in their places.
pub(crate) fn text(flow: &Flow, anchor: AnchorKind, captured: &Captured) -> String {
    match flow.script.statement(anchor, captured) {
        Ok(marked) => plain(&marked),
        Err(Unready::Waiting(unknown)) => {
            format!(
                "waits for {}",
                unknown.from.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )
        }
        Err(Unready::Missing { names, .. }) => format!("misses {}", names.join(", ")),
        Err(Unready::Broken(problem)) => format!("broken: {problem}"),
    }
}

fn plain(marked: &Marked) -> String {
    match joined(&marked.text, &marked.holes) {
        Value::String(text) => text,
        other => format!("{}", json(&other)),
    }
}

fn problem(flow: &Flow, anchor: AnchorKind, captured: &Captured, stack: &Stack) -> String {
    let Err(Unready::Missing { diagnostic, .. } | Unready::Broken(diagnostic)) =
        flow.script.statement(anchor, captured)
    else {
        panic!("no problem")
    };
    show(&[*diagnostic], stack.source_map())
}

/// One line of what a query file says for a resource `a` with one prop.
fn line(body: &str, captured: &Captured) -> String {
    let file = format!("/*+ exists */\nSELECT *\n/*+ create */\nINSERT\n/*+ statecheck */\n{body}\n");
    let stack = stack_of("  - { name: a, props: [{ name: p, value: of prop }] }\n", &[("a.iql", &file)]);
    text(&flow_of(&stack, "a"), AnchorKind::StateCheck, captured)
}

#[test]
fn statements_are_rendered_one_by_one_with_what_was_found() {
    let stack = stack_of(RESOURCES, &[("vpc.iql", VPC)]);
    let flow = flow_of(&stack, "my_vpc");
    let nothing = Captured::default();
    let exists = text(&flow, AnchorKind::Exists, &nothing);
    assert!(
        exists.contains(r#"TagFilters = '[{"Key":"stack","Values":["s"]}]'"#)
            && exists.ends_with("WHERE r.region = 'us-east-1';"),
        "{exists}"
    );
    let create = text(&flow, AnchorKind::Create, &nothing);
    assert!(
        create.contains(r#"'10.0.0.0/16', '[{"Key":"Name","Value":"v"},{"Key":"stack","Value":"s"}]', '"#)
    );
    assert_eq!(create, text(&flow, AnchorKind::Create, &nothing), "the token stays");
    assert_eq!(text(&flow, AnchorKind::Update, &nothing), "misses this.vpc_id");
    assert_eq!(text(&flow, AnchorKind::StateCheck, &nothing), "misses my_vpc.vpc_id");
    assert_eq!(text(&flow, AnchorKind::Delete, &nothing), "misses vpc_id");
    let found = captured(&[("vpc_id", "vpc-1")]);
    assert!(text(&flow, AnchorKind::Update, &found).contains("Identifier = 'vpc-1'"));
    assert!(text(&flow, AnchorKind::StateCheck, &found).contains("Identifier = 'vpc-1'"));
    assert_eq!(text(&flow, AnchorKind::Exports, &found), "SELECT 'vpc-1' AS vpc_id, '10.0.0.0/16' AS cidr;");
    assert!(text(&flow, AnchorKind::Delete, &found).contains("Identifier = 'vpc-1'"));
    // The document is what the filter was given.
    let Ok(update) = flow.script.statement(AnchorKind::Update, &found) else { panic!() };
    assert!(update.holes.iter().any(|hole| hole.document.is_some()));
}

#[test]
fn what_a_statement_returned_is_callback() {
    let stack = stack_of(RESOURCES, &[("vpc.iql", VPC)]);
    let flow = flow_of(&stack, "my_vpc");
    let poll = AnchorKind::Callback(Some(stack_core::provider::Verb::Create));
    let help = AnchorKind::Troubleshoot(Some(stack_core::provider::Verb::Create));
    let nothing = Captured::default();
    assert_eq!(text(&flow, poll, &nothing), "misses callback.ProgressEvent.RequestToken");
    assert!(text(&flow, help, &nothing).ends_with("RequestToken = 'none';"));
    for (column, value) in
        [("ProgressEvent", r#"{"RequestToken":"t-1"}"#), ("ProgressEvent.RequestToken", "t-1")]
    {
        let callback = IndexMap::from([
            (column.to_owned(), Value::text(value)),
            ("RequestToken".to_owned(), Value::text("t-2")),
        ]);
        let given = Captured { callback: Some(callback), ..Captured::default() };
        assert!(text(&flow, poll, &given).contains("RequestToken = 't-1'"), "{column}");
        assert!(text(&flow, help, &given).ends_with("RequestToken = 't-2';"));
    }
    let returned = Captured {
        callback: Some(IndexMap::from([("T".to_owned(), Value::text("[1]"))])),
        ..Captured::default()
    };
    assert_eq!(line("{{ callback.T }}{{ a.callback.T }}{{ this.callback.T }}", &returned), "[1][1][1]");
}

#[test]
fn names_of_the_manifest_and_names_that_were_found() {
    let found = captured(&[("c", "found"), ("p", "live"), ("region", "elsewhere")]);
    // Bare names are the manifest's where it has them; `this` is what was found.
    assert_eq!(line("{{ p }} {{ region }} {{ c }}", &found), "of prop us-east-1 found");
    assert_eq!(line("{{ this.p }} {{ a.p }} {{ this.c }} {{ a.c }}", &found), "live live found found");
    assert_eq!(line("{{ this.p }} {{ this.resource_name }}", &Captured::default()), "of prop a");
    assert_eq!(line("{{ this.idempotency_token == idempotency_token }}", &found), "true");
    assert_eq!(line("{{ uuid() == uuid() }}", &found), "true");
    // Names without a value can be asked for.
    assert_eq!(line("{{ this.x | default('d') }} {{ this.x is defined }}", &found), "d false");
    assert_eq!(line("{{ x | default('d') }} {{ callback.x | default('e') }}", &found), "d e");
    assert_eq!(
        line("{% if x is defined %}1{% endif %}{{ this.y }}{{ this.z }}", &found),
        "misses this.y, this.z"
    );
    // Control flow sees what was found.
    assert_eq!(line("{% if this.c == 'found' %}yes{% endif %}", &found), "yes");
}

#[test]
fn every_rendering_has_its_own_uuid_and_the_same_token() {
    let file = "/*+ createorupdate */\n{{ uuid() }} {{ idempotency_token }}\n";
    let stack = stack_of("  - { name: a }\n", &[("a.iql", file)]);
    let flow = flow_of(&stack, "a");
    assert!(flow.always_runs());
    let one = text(&flow, AnchorKind::CreateOrUpdate, &Captured::default());
    let two = text(&flow, AnchorKind::CreateOrUpdate, &Captured::default());
    assert_ne!(one, two);
    assert_eq!(one.split(' ').nth(1), two.split(' ').nth(1));
}

#[test]
fn any_name_of_a_resource_works() {
    let file = "/*+ exists */\nSELECT id\n/*+ create */\nINSERT\n/*+ delete */\n{{ this.id }} {{ db/my-vpc.id }} {{ my-other.x }}\n";
    let resources = "  - { name: my-other, type: query, sql: SELECT 1 AS x, exports: [x] }\n  - { name: db/my-vpc, file: a.iql }\n";
    let stack = stack_of(resources, &[("a.iql", file)]);
    let other = output(&flow_of(&stack, "my-other"), &[("x", "1")]);
    let known = Outputs::from([("my-other".into(), other)]);
    let flow = flow_with(&stack, "db/my-vpc", &known);
    assert_eq!(text(&flow, AnchorKind::Delete, &captured(&[("id", "i")])), "i i 1");
}

/// What a flow offers after it was read.
pub(crate) fn output(flow: &Flow, row: &[(&str, &str)]) -> Output {
    let model = row.iter().map(|(name, value)| ((*name).to_owned(), Value::text(*value))).collect();
    Output { model: Value::Object(model), schema: Arc::clone(&flow.schema), gone: false }
}

#[test]
fn what_is_missing_is_told_with_its_place() {
    let stack = stack_of(RESOURCES, &[("vpc.iql", VPC)]);
    let flow = flow_of(&stack, "my_vpc");
    let given = captured(&[("vpc_idx", "1")]);
    insta::assert_snapshot!(problem(&flow, AnchorKind::Update, &given, &stack), @r"
    error[SD1203] `this.vpc_id` has no value
      17:24 «this.vpc_id» did you mean `vpc_idx`?
      = needed by  my_vpc (resource), env prod
      = next  columns of `exists` and what `return_vals` keeps are members of `this`
    ");
    insta::assert_snapshot!(problem(&flow, AnchorKind::Delete, &given, &stack), @r"
    error[SD1203] `vpc_id` has no value
      26:51 «vpc_id» did you mean `vpc_idx`?
      = needed by  my_vpc (resource), env prod
      = next  columns of `exists` and what `return_vals` keeps are members of `this`
    ");
    let poll = AnchorKind::Callback(Some(stack_core::provider::Verb::Create));
    insta::assert_snapshot!(problem(&flow, poll, &given, &stack), @r"
    error[SD1203] `callback.ProgressEvent.RequestToken` has no value
      14:26 «callback.ProgressEvent.RequestToken» nothing has given it so far
      = needed by  my_vpc (resource), env prod
      = next  columns that a changing statement has after RETURNING are members of `callback`
    ");
}

#[test]
fn templates_that_fail_are_told_with_their_place() {
    let file = "/*+ createorupdate */\nINSERT\n  {{ this.x | from_json }}\n/*+ statecheck */\n\u{F0001}\n";
    let stack = stack_of("  - { name: a }\n", &[("a.iql", file)]);
    let flow = flow_of(&stack, "a");
    let given = captured(&[("x", "{")]);
    insta::assert_snapshot!(problem(&flow, AnchorKind::CreateOrUpdate, &given, &stack), @r"
    error[SD1205] this template failed
      3:15 «from_json» from_json: not valid JSON: EOF while parsing an object at line 1 column 1
      = needed by  a (resource), env prod
    ");
    insta::assert_snapshot!(problem(&flow, AnchorKind::StateCheck, &given, &stack), @r"
    error[SD1205] this template failed
      5:1 «󰀁» the statement holds private characters (U+F0000 and above)
      = needed by  a (resource), env prod
    ");
}

#[test]
fn places_lead_back_to_the_file() {
    let at = |stack: &Stack, (route, part): (stack_core::diagnostic::Route, Part)| {
        let span =
            stack.source_map().span(&Label { route: route.clone(), part, text: String::new() }).unwrap();
        let text = &stack.source_map().file(&route).unwrap().1[span.start_byte..span.end_byte];
        format!("{}:{}:{} «{text}»", span.file, span.line, span.column)
    };
    let resources = "  - { name: a }\n  - { name: q, type: query, sql: \"SELECT '{{ region }}' AS x\" }\n  - { name: s, type: script, run: x }\n";
    let file = "-- text\nPRAGMA {{ region }};\n/*+ createorupdate */\nINSERT '{{ region }}' INTO x\n";
    let parsed = flows::parse(resources, &[("a.iql", file)]);
    let stack = parsed.stack.unwrap();
    let (flow, nothing) = (flow_of(&stack, "a"), Captured::default());
    let marked = flow.script.statement(AnchorKind::CreateOrUpdate, &nothing).unwrap();
    let of = |what: &str| marked.text.find(what).map(|at| at..at + what.len());
    let place = |range| at(&stack, flow.script.place(AnchorKind::CreateOrUpdate, &marked, range));
    // What stands before the first anchor belongs to its statement, in its own place.
    assert!(plain(&marked).starts_with("-- text\nPRAGMA us-east-1;\n"));
    assert_eq!(place(of("PRAGMA")), "resources/a.iql:2:1 «PRAGMA»");
    assert_eq!(place(of("INTO")), "resources/a.iql:4:23 «INTO»");
    let quote = marked.text.find('\'').unwrap();
    let end = marked.text.rfind('\'').unwrap() + 1;
    assert_eq!(place(Some(quote..end)), "resources/a.iql:4:8 «'{{ region }}'»");
    assert_eq!(place(None), "resources/a.iql:3:5 «createorupdate»");
    let empty = Marked::default();
    assert_eq!(
        at(&stack, flow.script.place(AnchorKind::CreateOrUpdate, &empty, None)),
        "resources/a.iql:3:5 «createorupdate»"
    );
    let inline = flow_of(&stack, "q");
    let marked = inline.script.statement(AnchorKind::Exports, &nothing).unwrap();
    let select = inline.script.place(AnchorKind::Exports, &marked, Some(0..6));
    assert_eq!(at(&stack, select), "stackql_manifest.yml:6:35 «SELECT»");
    let script = flow_of(&stack, "s");
    assert_eq!(
        at(&stack, script.script.place(AnchorKind::Command, &empty, None)),
        "stackql_manifest.yml:7:35 «x»"
    );
}

#[test]
fn queries_commands_and_scripts_have_one_statement() {
    let resources = "  - { name: q, type: query, sql: SELECT 1 AS one, exports: [one] }
  - { name: f, type: query, exports: [x], region: eu-west-1 }
  - { name: c, type: command, file: f.iql }
  - { name: m, type: multi, file: m.iql }
  - { name: s, type: script, run: \"echo {{ region }} {{ q.one }} {{ secret }}\", exports: [out], props: [{ name: secret, value: hush-hush, sensitive: true }] }
";
    let file =
        "/*+ exports, retries=4 */\nSELECT x\n/*+ command */\nSET {{ q.one }}\n/*+ create */\nINSERT\n";
    let multi = "/*+ exists */\nSELECT 1\n/*+ create */\nINSERT INTO google.a.b VALUES (1)\n";
    let stack = stack_of(resources, &[("f.iql", file), ("m.iql", multi)]);
    let q = flow_of(&stack, "q");
    assert_eq!((q.kind, q.ty.as_str(), q.declared_type.as_str()), (FlowKind::Query, "query", "query"));
    assert_eq!((q.script.file(), q.script.anchor(AnchorKind::Command)), (None, None));
    assert_eq!(q.script.anchor(AnchorKind::Exports).unwrap().retries, None);
    assert_eq!(text(&q, AnchorKind::Exports, &Captured::default()), "SELECT 1 AS one");
    let f = flow_of(&stack, "f");
    assert_eq!(f.target.region.as_ref().map(AsRef::as_ref), Some("eu-west-1"));
    assert_eq!(f.script.anchor(AnchorKind::Exports).unwrap().retries, Some(4));
    assert!(!f.has(AnchorKind::Command) && !f.has(AnchorKind::Create));
    let c = flow_of(&stack, "c");
    assert!(c.has(AnchorKind::Command) && !c.has(AnchorKind::Exports) && c.always_runs());
    assert_eq!(text(&c, AnchorKind::Command, &Captured::default()), "waits for q.one");
    let m = flow_of(&stack, "m");
    assert_eq!((m.kind, m.ty.as_str(), m.declared_type.as_str()), (FlowKind::Multi, "multi", "google.a.b"));
    let s = flow_of(&stack, "s");
    let Err(Unready::Waiting(unknown)) = s.script.shell() else { panic!() };
    assert_eq!(unknown.from.len(), 1);
    let known = Outputs::from([("q".into(), output(&q, &[("one", "1")]))]);
    let s = flow_with(&stack, "s", &known);
    let Ok(Value::Secret(shell)) = s.script.shell() else { panic!() };
    assert_eq!(shell.expose(), &Value::text("echo us-east-1 1 hush-hush"));
    assert!(!format!("{s:?}").contains("hush"));
}

#[test]
fn secrets_stay_secrets() {
    let resources = "  - { name: a, props: [{ name: pw, value: hush-hush, sensitive: true }], exports: [key], protected: [key] }\n";
    let file = "/*+ exports */\nSELECT '{{ this.key }}', '{{ this.plain }}'\n/*+ createorupdate */\nINSERT '{{ pw }}'\n/*+ troubleshoot */\n{{ pw | from_json }}\n";
    let stack = stack_of(resources, &[("a.iql", file)]);
    let flow = flow_of(&stack, "a");
    let given = captured(&[("key", "private-key"), ("plain", "hush-hush")]);
    let create = flow.script.statement(AnchorKind::CreateOrUpdate, &given).unwrap();
    assert!(create.holes[0].value.has_secret() && !create.text.contains("hush"));
    let exports = flow.script.statement(AnchorKind::Exports, &given).unwrap();
    // One by its name, the other because it is the prop's value.
    assert!(exports.holes.iter().all(|hole| hole.value.has_secret()));
    let said = problem(&flow, AnchorKind::Troubleshoot(None), &given, &stack);
    assert!(!said.contains("hush") && said.contains("(sensitive)"), "{said}");
    assert!(stack.redactor().is_in("private-key"));
}

#[test]
fn parts_of_an_identifier_are_the_resource_s_own() {
    // Two resources share a file and export the same name.
    let resources = format!("{RESOURCES}{}", RESOURCES.replace("name: my_vpc", "name: second"));
    let file = VPC.replace("{{ my_vpc.vpc_id }}", "{{ vpc_id }}");
    let stack = stack_of(&resources, &[("vpc.iql", &file)]);
    let first = output(&flow_of(&stack, "my_vpc"), &[("vpc_id", "vpc-1"), ("cidr", "c")]);
    let flow = flow_with(&stack, "second", &Outputs::from([("my_vpc".into(), first)]));
    let nothing = Captured::default();
    assert_eq!(text(&flow, AnchorKind::Delete, &nothing), "misses vpc_id");
    assert!(text(&flow, AnchorKind::StateCheck, &nothing).contains("Identifier = 'vpc-1'"));
    let found = captured(&[("vpc_id", "vpc-2")]);
    assert!(text(&flow, AnchorKind::Delete, &found).contains("Identifier = 'vpc-2'"));
    assert!(text(&flow, AnchorKind::StateCheck, &found).contains("Identifier = 'vpc-2'"));
}

#[test]
fn exports_of_later_resources_give_nothing_and_own_columns_have_their_variables() {
    let resources = "  - { name: a, exports: [{ arn: role_arn }] }\n  - { name: z, type: query, sql: x, exports: [later] }\n";
    let file = "/*+ exists */\nSELECT *\n/*+ create */\nINSERT\n/*+ exports */\nSELECT arn\n/*+ delete */\n{{ later }}{{ role_arn }}{{ arn }}{{ this.role_arn }}\n";
    let stack = stack_of(resources, &[("a.iql", file)]);
    let flow = flow_of(&stack, "a");
    assert_eq!(text(&flow, AnchorKind::Delete, &captured(&[("arn", "r")])), "misses later");
    assert_eq!(text(&flow, AnchorKind::Delete, &captured(&[("arn", "r"), ("later", "l")])), "lrrr");
}

#[test]
fn secrets_and_unknowns_of_typed_resources_reach_the_statements() {
    let resources = "  - { name: q, type: awscc.sqs.queues, region: us-east-1, props: { QueueName: q } }\n  - { name: c, type: command, sql: \"{{ q.QueueUrl }}{% if q.Arn %}x{% endif %}\" }\n";
    let stack = stack_of(resources, &[]);
    assert_eq!(text(&flow_of(&stack, "c"), AnchorKind::Command, &Captured::default()), "waits for q.Arn");
    let known = outputs(&[("q", "AWS::SQS::Queue", serde_json::json!({ "QueueUrl": "u", "Arn": "a" }))]);
    let flow = flow_with(&stack, "c", &known);
    assert_eq!(text(&flow, AnchorKind::Command, &Captured::default()), "ux");
}

#[test]
fn statements_before_which_nothing_is_found_are_tried_before_anything_runs() {
    let resources = "  - { name: a }
  - { name: b, file: b.iql }
  - { name: gone, file: a.iql, state: absent }
  - { name: q, type: query, sql: \"{{ callback.x }}\", exports: [x] }
  - { name: w, type: command, sql: \"{{ callback.x }}{{ q.x }}\" }
";
    let a = "/*+ exists */\nSELECT '{{ this.id }}' AS id\n/*+ create */\nINSERT '{{ this.id }}{{ this.more }}'\n/*+ delete */\nDELETE '{{ this.id }}'\n";
    let b = "/*+ createorupdate */\n{{ 'x' | from_json }}\n/*+ callback */\n{{ 'x' | from_json }}\n";
    let parsed = flows::parse(resources, &[("a.iql", a), ("b.iql", b)]);
    insta::assert_snapshot!(show(&parsed.stack.unwrap().validate(), &parsed.source_map), @r"
    error[SD1203] `this.id` has no value
      2:12 «this.id» nothing has given it so far
      = needed by  a (resource), env prod; gone (resource), env prod
      = next  columns of `exists` and what `return_vals` keeps are members of `this`
    error[SD1203] `this.id` has no value
      4:12 «this.id» nothing has given it so far
      = also missing  `this.more`
      = needed by  a (resource), env prod
      = next  columns of `exists` and what `return_vals` keeps are members of `this`
    error[SD1205] this template failed
      2:10 «from_json» from_json: not valid JSON: expected value at line 1 column 1
      = needed by  b (resource), env prod
    error[SD1203] `callback.x` has no value
      8:38 «callback.x» nothing has given it so far
      = needed by  q (query), env prod
      = next  columns that a changing statement has after RETURNING are members of `callback`
    ");
}

#[test]
fn every_instance_has_its_own_statements() {
    let resources = "  - { name: a, for_each: [x, y], exports: [id] }\n  - { name: c, type: command, sql: \"{{ a['x'].id }}{{ a.y.id }}\" }\n";
    let file = "/*+ createorupdate */\n{{ each.key }} {{ resource_name }}\n/*+ exports */\nSELECT id WHERE k = '{{ a.id }}'\n";
    let stack = stack_of(resources, &[("a.iql", file)]);
    let y = flow_of(&stack, "a[\"y\"]");
    assert_eq!(text(&y, AnchorKind::CreateOrUpdate, &Captured::default()), "y a");
    assert!(text(&y, AnchorKind::Exports, &captured(&[("id", "1")])).ends_with("'1'"));
    let command = flow_of(&stack, "c");
    assert_eq!(
        text(&command, AnchorKind::Command, &Captured::default()),
        "waits for a[\"x\"].id, a[\"y\"].id"
    );
}

#[test]
fn what_is_commented_out_need_not_be_defined() {
    let file = "/*+ exists */
SELECT 1 AS count FROM t -- of '{{ gone }}'
/*+ create */
INSERT INTO t (a, b)
-- kms = '{{ kms_key }}'
SELECT '{{ p }}', -- {{ p }} {{ kms_key }}
'-- {{ p }}' {{ '' if debug == 'yes' else ', 1' }}
/*+ delete */
/* {{ gone }} */ DELETE FROM t
";
    let stack = stack_of("  - { name: a, props: [{ name: p, value: it }] }\n", &[("a.iql", file)]);
    let flow = flow_of(&stack, "a");
    let nothing = Captured::default();
    assert_eq!(text(&flow, AnchorKind::Exists, &nothing), "SELECT 1 AS count FROM t -- of ''");
    assert_eq!(
        text(&flow, AnchorKind::Create, &nothing),
        "INSERT INTO t (a, b)\n-- kms = ''\nSELECT 'it', -- it \n'-- it' , 1"
    );
    assert_eq!(text(&flow, AnchorKind::Delete, &nothing), "/*  */ DELETE FROM t");
}

#[test]
fn a_statement_of_one_expression_compares_as_any_other() {
    let nothing = Captured::default();
    assert_eq!(line("{{ 'a' if debug == 'yes' else 'b' }}", &nothing), "b");
    assert_eq!(line("{{ 'a' if n > 3 else 'b' }}", &captured(&[("n", "2")])), "b");
}
