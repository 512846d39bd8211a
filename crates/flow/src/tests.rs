//! Query files as whole: parsed, rendered and understood.

use crate::Reader;
use indexmap::IndexMap;
use stack_catalog::Catalog;
use stack_core::desired::{Outputs, Rendered, Resolver, Wanted};
use stack_core::diagnostic::Diagnostics;
use stack_core::schema::Schemas;
use stack_manifest::{Options, Parsed, Sources, Stack};
use std::sync::Arc;

/// The types that are compiled in.
fn schemas() -> Arc<dyn Schemas> {
    Arc::new(Catalog::embedded())
}

/// A stack whose resource `r` has these props and this query file.
fn parsed(props: &str, file: &str) -> Parsed {
    let manifest = format!(
        "version: 1\nname: s\nproviders: [awscc]\nglobals:\n  - {{name: region, value: us-east-1}}\n  - {{name: pw, value: hunter-two-2, sensitive: true}}\nresources:\n  - name: r\n    props:\n{props}\n  - name: other\n    type: awscc.sqs.queues\n    props: {{QueueName: q}}\n"
    );
    let files: IndexMap<String, String> = [("resources/r.iql".to_owned(), file.to_owned())].into();
    let sources = Sources { manifest, files: Arc::new(files), env: "dev".to_owned(), ..Sources::default() };
    let options = Options { statements: Some(Arc::new(Reader::new(schemas()))), ..Options::default() };
    Stack::parse(sources, schemas(), options)
}

/// Problems with their places.
fn shown(parsed: &Parsed, problems: &Diagnostics) -> String {
    let line = |problem: &stack_core::diagnostic::Diagnostic| {
        let places: Vec<String> = problem
            .labels
            .iter()
            .map(|label| {
                let span = parsed.source_map.span(label);
                let at = span.map_or("-".to_owned(), |span| {
                    let (_, text) = parsed.source_map.file(&label.route).unwrap_or_default();
                    let shown = text.get(span.start_byte..span.end_byte).unwrap_or_default();
                    format!(
                        "{}:{}:{} «{}»",
                        span.file,
                        span.line,
                        span.column,
                        shown.lines().next().unwrap_or_default()
                    )
                });
                format!("{at} {}", label.text).trim_end().to_owned()
            })
            .collect();
        format!("{:?}[{}] {} | {}", problem.severity, problem.code, problem.message, places.join("; "))
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All that is wrong with it.
fn problems(props: &str, file: &str) -> String {
    let parsed = parsed(props, file);
    let mut all = parsed.diagnostics.clone();
    if let Some(stack) = &parsed.stack {
        all.extend(stack.validate());
    }
    shown(&parsed, &all)
}

fn wanted(props: &str, file: &str) -> Box<Wanted> {
    let parsed = parsed(props, file);
    let stack = parsed.stack.clone().unwrap();
    match stack.render(&"r".into(), &Outputs::new()) {
        Ok(Rendered::Wanted(wanted)) => wanted,
        Ok(other) => panic!("{other:?}"),
        Err(problems) => panic!("{}", shown(&parsed, &problems)),
    }
}

/// What is wanted, a line for each property.
fn declared(props: &str, file: &str) -> String {
    let wanted = wanted(props, file);
    let mut lines: Vec<String> = wanted
        .props
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let by = wanted.sources.given_by.get(name).map_or(String::new(), |by| format!("  {by:?}"));
            format!("{name} = {value:?}{by}")
        })
        .collect();
    lines.push(format!("{} in {:?}", wanted.declared_type, wanted.target.region));
    if let Some(identifier) = &wanted.identifier {
        lines.push(format!("identifier {identifier:?}"));
    }
    lines.join("\n")
}

/// As the providers' documentation prints them: the INSERT without `Uri`, an UPDATE of everything that can change.
const INTEGRATION: &str = "/*+ create */
INSERT INTO awscc.customerprofiles.integrations (
DomainName,
region
)
SELECT
'{{ domain_name }}',
'{{ region }}'
RETURNING
ErrorCode,
EventTime
;
/*+ update */
UPDATE awscc.customerprofiles.integrations
SET PatchDocument = string('{{ {
\"FlowDefinition\": flow_definition,
\"ObjectTypeName\": object_type_name,
\"Tags\": tags,
\"ObjectTypeNames\": object_type_names
} | generate_patch_document }}')
WHERE
region = '{{ region }}' AND
Identifier = '{{ domain_name }}|{{ uri }}'
RETURNING ErrorCode;
/*+ delete */
DELETE FROM awscc.customerprofiles.integrations
WHERE
Identifier = '{{ domain_name }}|{{ uri }}' AND
region = '{{ region }}'
;
";

#[test]
fn the_statements_of_the_documentation_declare_a_resource() {
    let props = "      - {name: domain_name, value: d}\n      - {name: uri, value: \"s3://a|b\"}\n      - {name: object_type_name, value: \"crm14\"}\n      - {name: tags, value: [{Key: a, Value: b}]}";
    insta::assert_snapshot!(declared(props, INTEGRATION), @r#"
    DomainName = String("d")
    ObjectTypeName = String("crm14")  Update
    Tags = Array([Object({"Key": String("a"), "Value": String("b")})])  Update
    Uri = String("s3://a|b")  Props
    awscc.customerprofiles.integrations in Some(Region("us-east-1"))
    "#);
    insta::assert_snapshot!(problems(props, INTEGRATION), @r#"
    Warning[SD1203] `flow_definition` is not defined | resources/r.iql:16:19 «flow_definition»
    Warning[SD1203] `object_type_names` is not defined | resources/r.iql:19:20 «object_type_names» did you mean `object_type_name` (a prop of r)?
    "#);
}

fn queue(columns: &str, values: &str) -> String {
    format!("/*+ create */\nINSERT INTO awscc.sqs.queues ({columns})\nSELECT {values};\n")
}

#[test]
fn values_have_the_types_of_the_schema() {
    let props = "      - {name: n, value: 30}\n      - {name: policy, value: {deadLetterTargetArn: \"arn:aws:sqs:us-east-1:1:q\", maxReceiveCount: 3}}\n      - {name: text, value: \"it's 5\"}";
    let file = queue(
        "QueueName, DelaySeconds, visibility_timeout, data__FifoQueue, RedrivePolicy, KmsMasterKeyId, Tags, ClientToken, RedriveAllowPolicy",
        "'{{ text }}', '{{ n }}', 45, 'true', '{{ policy }}', '20', '[{\"Key\": \"k\", \"Value\": \"{{ n }}\"}]', 'x', NULL",
    );
    insta::assert_snapshot!(declared(props, &file), @r#"
    QueueName = String("it's 5")
    DelaySeconds = Number(Number(30))
    VisibilityTimeout = Number(Number(45))
    FifoQueue = Bool(true)
    RedrivePolicy = Object({"deadLetterTargetArn": String("arn:aws:sqs:us-east-1:1:q"), "maxReceiveCount": Number(Number(3))})
    KmsMasterKeyId = String("20")
    Tags = Array([Object({"Key": String("k"), "Value": String("30")})])
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
    insta::assert_snapshot!(problems(props, &file), @"");
}

#[test]
fn secrets_and_what_is_not_known_yet_stay_what_they_are() {
    let file = queue("QueueName, KmsMasterKeyId, region", "'{{ pw }}-x', '{{ other.Arn }}', '{{ region }}'");
    let shown = declared("      []", &file);
    assert!(!shown.contains("hunter"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
    QueueName = Secret((sensitive))
    KmsMasterKeyId = Unknown(Unknown { from: {Reference { address: Address("other"), path: "Arn" }}, sensitive: false })
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
    let update = "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{ {\"KmsMasterKeyId\": other.Arn, \"DelaySeconds\": 5} | generate_patch_document }}' WHERE Identifier = '{{ queue_url }}';\n";
    let shown = declared("      []", &format!("{}{update}", queue("QueueName", "'q'")));
    insta::assert_snapshot!(shown, @r#"
    QueueName = String("q")
    KmsMasterKeyId = Unknown(Unknown { from: {Reference { address: Address("other"), path: "Arn" }}, sensitive: false })  Update
    DelaySeconds = Number(Number(5))  Update
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
}

#[test]
fn a_document_may_be_written_out() {
    let update = "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[{\"op\":\"replace\",\"path\":\"/DelaySeconds\",\"value\":7},{\"op\":\"add\",\"path\":\"/RedrivePolicy/maxReceiveCount\",\"value\":1},{\"op\":\"remove\",\"path\":\"/Tags\"}]' WHERE Identifier = 'x';\n";
    let file = format!("{}{update}", queue("QueueName, DelaySeconds", "'q', 5"));
    insta::assert_snapshot!(declared("      []", &file), @r#"
    QueueName = String("q")
    DelaySeconds = Number(Number(7))  Update
    RedrivePolicy = Object({"maxReceiveCount": Number(Number(1))})  Update
    Tags = Null  Update
    awscc.sqs.queues in Some(Region("us-east-1"))
    identifier String("x")
    "#);
    insta::assert_snapshot!(problems("      []", &file), @r#"
    Warning[SD1457] INSERT and UPDATE set different values for `DelaySeconds` | resources/r.iql:5:45 «'[{"op":"replace","path":"/DelaySeconds","value":7},{"op":"add","path":"/RedrivePolicy/maxReceiveCount","value":1},{"op":"remove","path":"/Tags"}]'» the UPDATE's is what is wanted
    "#);
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let with = |more: &str| format!("{}{more}", queue("QueueName", "'q'"));
    let cases = [
        ("an unknown column", queue("QueueNam, Colour", "'q', 1")),
        ("an expression", queue("QueueName", "'a' || 'b'")),
        ("a wrong value", queue("QueueName, DelaySeconds", "'q', 'soon'")),
        ("a count", queue("QueueName, DelaySeconds", "'q'")),
        ("no SQL", queue("QueueName", "'q' nonsense 'x'")),
        ("an open quote", queue("QueueName", "'q")),
        (
            "two rows",
            "/*+ create */\nINSERT INTO awscc.sqs.queues (QueueName) VALUES ('a'), ('b')".to_owned(),
        ),
        (
            "another verb",
            with("/*+ delete */\nUPDATE awscc.sqs.queues SET PatchDocument = '[]' WHERE Identifier = 'x'"),
        ),
        ("another table", with("/*+ delete */\nDELETE FROM awscc.sns.topics WHERE Identifier = 'x'")),
        (
            "a column that chooses nothing",
            with("/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE QueueName = 'x'"),
        ),
        (
            "other conditions",
            with("/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE Identifier IN ('x', 'y')"),
        ),
        (
            "no document",
            with("/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = 'x' WHERE Identifier = 'x'"),
        ),
        (
            "a move",
            with(
                "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[{\"op\":\"move\",\"path\":\"/A\"}]' WHERE Identifier = 'x'",
            ),
        ),
        (
            "an unknown property in a document",
            with(
                "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{ {\"DelaySecond\": 5} | generate_patch_document }}' WHERE Identifier = 'x'",
            ),
        ),
        (
            "two values",
            format!(
                "{}/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{{{ {{\"DelaySeconds\": 6}} | generate_patch_document }}}}' WHERE Identifier = 'x'",
                queue("QueueName, DelaySeconds", "'q', 5")
            ),
        ),
        ("a secret without quotes", queue("QueueName", "{{ pw }}")),
        ("what is not known, without quotes", queue("QueueName", "{{ other.Arn }}")),
        ("two statements", queue("QueueName", "'q'; DELETE FROM awscc.sqs.queues WHERE Identifier = 'x'")),
        ("private characters", queue("QueueName", "'\u{F0000}'")),
        (
            "a statement that depends on what is not known",
            queue("QueueName", "{% if other.Arn == 'x' %}'a'{% else %}'b'{% endif %}"),
        ),
        (
            "another identifier",
            INTEGRATION.replace("'{{ domain_name }}',", "'d2',").replace("{{ uri }}", "s3://x"),
        ),
        ("half an identifier", INTEGRATION.replace("|{{ uri }}", "")),
        ("a column twice", queue("QueueName, queue_name", "'q', 'r'")),
        ("a clause", queue("QueueName", "'q' LIMIT 0")),
        ("a conflict rule", queue("QueueName", "'q'").replace("INSERT INTO", "INSERT OR REPLACE INTO")),
        (
            "an element that is not there",
            with(
                "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[{\"op\":\"replace\",\"path\":\"/Tags/7\",\"value\":{}}]' WHERE Identifier = 'x'",
            ),
        ),
        (
            "two identifiers",
            with(
                "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[]' WHERE Identifier = 'x'\n/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE Identifier = 'y'",
            ),
        ),
        (
            "two regions",
            format!(
                "{}/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE Identifier = 'x' AND region = 'us-east-2'",
                queue("QueueName, region", "'q', 'us-east-1'")
            ),
        ),
        (
            "what only it tells",
            with(
                "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{ {\"KmsMasterKeyId\": this.queue_url} | generate_patch_document }}' WHERE Identifier = 'x'",
            ),
        ),
        ("this of nothing", queue("QueueName", "'{{ this.nothing }}'")),
        ("no token", queue("QueueName, ClientToken", "'q', 'two words'")),
        ("a wrong region", queue("QueueName, region", "'q', 'mars'")),
    ];
    let props = "      - {name: domain_name, value: d}\n      - {name: object_type_name, value: x}";
    let all: Vec<String> =
        cases.iter().map(|(name, file)| format!("{name}\n{}\n", problems(props, file))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_quote_in_a_value_ends_nothing() {
    let props = "      - {name: text, value: \"x', 'y'); DELETE FROM a --\"}";
    insta::assert_snapshot!(declared(props, &queue("QueueName, region", "'{{ text }}', 'us-east-1'")), @r#"
    QueueName = String("x', 'y'); DELETE FROM a --")
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
}

#[test]
fn quotes_that_were_doubled_for_the_predecessor_are_read_once() {
    let props = "      - {name: by_hand, value: \"it''s\"}\n      - {name: plain, value: \"it's\"}";
    let update = "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{ {\"RedrivePolicy\": {\"deadLetterTargetArn\": by_hand, \"maxReceiveCount\": 3}, \"RedriveAllowPolicy\": {\"sourceQueueArns\": [plain | sql_escape]}} | generate_patch_document }}' WHERE Identifier = '{{ queue_url }}';\n";
    let file = queue(
        "QueueName, KmsMasterKeyId, MessageRetentionPeriod",
        "'{{ by_hand }}', '{{ plain | replace(\"'\", \"''\") }}-{{ plain | sql_escape }}-{{ plain }}', {{ 60 | sql_escape }}",
    );
    insta::assert_snapshot!(declared(props, &format!("{file}{update}")), @r#"
    QueueName = String("it's")
    KmsMasterKeyId = String("it's-it's-it's")
    MessageRetentionPeriod = Number(Number(60))
    RedrivePolicy = Object({"deadLetterTargetArn": String("it's"), "maxReceiveCount": Number(Number(3))})  Update
    RedriveAllowPolicy = Object({"sourceQueueArns": Array([String("it's")])})  Update
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
}

#[test]
fn a_byte_order_mark_hides_no_anchor() {
    let file = format!("\u{feff}{}", queue("QueueName", "'q'"));
    insta::assert_snapshot!(declared("      []", &file), @r#"
    QueueName = String("q")
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
    let wrong = format!("\u{feff}{}", queue("QueueNam", "'q'"));
    insta::assert_snapshot!(problems("      []", &wrong), @r#"Error[SD1453] awscc.sqs.queues has no column `QueueNam` | resources/r.iql:2:31 «QueueNam» did you mean `QueueName`?"#);
}

#[test]
fn captured_and_escaped_texts_are_what_they_show() {
    let props = "      - {name: text, value: \"it's me\"}";
    let file = queue(
        "QueueName, KmsMasterKeyId, Tags",
        "'{% set x %}abc-{{ text }}{% endset %}{{ x }}', '{{ text | sql_escape }}', '[{\"Key\": \"a\", \"Value\": \"{% filter upper %}z{{ pw }}{% endfilter %}\"}]'",
    );
    insta::assert_snapshot!(declared(props, &file), @r#"
    QueueName = String("abc-it's me")
    KmsMasterKeyId = String("it's me")
    Tags = Secret((sensitive))
    awscc.sqs.queues in Some(Region("us-east-1"))
    "#);
}

#[test]
fn a_written_document_waits_for_its_unknown_values_only() {
    let update = "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[{\"op\":\"add\",\"path\":\"/DelaySeconds\",\"value\":7},{\"op\":\"add\",\"path\":\"/KmsMasterKeyId\",\"value\":\"{{ other.Arn }}\"}]' WHERE Identifier = '{{ this.queue_url }}';\n";
    let file = format!("{}{update}", queue("QueueName", "'{{ this.idempotency_token }}'"));
    let shown = declared("      []", &file);
    assert!(shown.contains("DelaySeconds = Number(Number(7))") && shown.contains("path: \"Arn\""), "{shown}");
}

#[test]
fn the_parts_of_its_own_identifier_are_its_own_whoever_exports_one() {
    let file = format!(
        "{}/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE Identifier = '{{{{ queue_url }}}}';\n",
        queue("QueueName", "'q'")
    );
    let props = "      []\n    exports: [queue_url]\n  - name: s\n    file: r.iql\n    exports: [queue_url]";
    assert_eq!(problems(props, &file), "");
    let stack = parsed(props, &file).stack.unwrap();
    assert!(stack.nodes().iter().all(|node| node.after.is_empty()), "{:?}", stack.nodes());
}

#[test]
fn what_stands_beside_an_unknown_value_stays_secret() {
    let update = "/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '{{ {\"RedrivePolicy\": {\"deadLetterTargetArn\": other.Arn, \"maxReceiveCount\": pw}} | generate_patch_document }}' WHERE Identifier = '{{ queue_url }}';\n";
    let shown = declared("      []", &format!("{}{update}", queue("QueueName", "'q'")));
    assert!(shown.contains("sensitive: true") && !shown.contains("hunter"), "{shown}");
}

#[test]
fn the_identifier_and_the_region_of_a_table_are_columns_too() {
    let props = "      - {name: domain_name, value: d}\n      - {name: uri, value: u}\n      - {name: object_type_name, value: x}\n    exports: [Identifier, region, {data__Identifier: whole}, {Uri: source}]\n  - name: user\n    type: awscc.ssm.parameters\n    props: {Name: p, Type: String, Value: \"{{ Identifier }} {{ region }} {{ r.whole }} {{ r.region }} {{ r.Identifier }} {{ source }}\"}";
    let parsed = parsed(props, &INTEGRATION.replace("    \"FlowDefinition\": flow_definition,\n", ""));
    let stack = parsed.stack.clone().unwrap();
    assert!(
        !stack.validate().iter().any(|problem| problem.is_error()),
        "{}",
        shown(&parsed, &stack.validate())
    );
    let value = |outputs: &Outputs| {
        let Ok(Rendered::Wanted(wanted)) = stack.render(&"user".into(), outputs) else { panic!() };
        wanted.props.get("Value").cloned().unwrap()
    };
    // Nothing is known of the resource but where it will be.
    let open = value(&Outputs::new());
    let from: Vec<String> = open.unknown().unwrap().from.iter().map(ToString::to_string).collect();
    assert_eq!(from, ["r.DomainName", "r.Uri"]);
    let Ok(Rendered::Wanted(wanted)) = stack.render(&"r".into(), &Outputs::new()) else { panic!() };
    let schema = schemas().schema(&wanted.ty).unwrap();
    let model = serde_json::json!({"DomainName": "d", "Uri": "u"});
    let output = stack_core::planner::output_of(Some(&wanted), &schema, &model);
    let known = value(&[("r".into(), output)].into());
    assert_eq!(known.exposed().unwrap(), "d|u us-east-1 d|u us-east-1 d|u u");
}

#[test]
fn exports_of_what_is_understood_are_columns_of_its_type() {
    let of =
        |exports: &str| problems(&format!("      []\n    exports: {exports}"), &queue("QueueName", "'q'"));
    assert_eq!(
        of("[queue_url, Arn, QueueName, Identifier, region, {redrive_policy.maxReceiveCount: max}]"),
        ""
    );
    insta::assert_snapshot!(of("[queue_arn, {queue_ulr: url}, regio]"), @r#"
    Error[SD1204] AWS::SQS::Queue has no property `queue_arn` | stackql_manifest.yml:11:15 «queue_arn» did you mean `queue_url`?
    Error[SD1204] AWS::SQS::Queue has no property `queue_ulr` | stackql_manifest.yml:11:27 «queue_ulr» did you mean `queue_url`?
    Error[SD1204] AWS::SQS::Queue has no property `regio` | stackql_manifest.yml:11:44 «regio» did you mean `region`?
    "#);
}
