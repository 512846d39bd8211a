//! `for_each`: which instances there are, what they see, and how others refer to them (DESIGN section 4).

use super::{good, good_with, json, outputs, parse_with, problems, problems_with, props, try_render, wanted};
use stack_core::desired::{Outputs, Rendered, Resolver};

const QUEUES: &str = "name: s
globals:
  - { name: names, value: [a, b] }
resources:
  - name: q
    type: awscc.sqs.queues
    region: us-east-1
    for_each: \"{{ names }}\"
    props: { QueueName: \"{{ stack_env }}-{{ each.value }}\" }
";

fn addresses(stack: &crate::Stack) -> Vec<String> {
    stack.nodes().iter().map(|node| node.address.to_string()).collect()
}

/// `address: what it comes after (why)`
fn edges(stack: &crate::Stack) -> Vec<String> {
    let nodes = stack.nodes().iter().filter(|node| !node.after.is_empty());
    nodes
        .map(|node| {
            let after: Vec<String> = node.after.iter().map(|e| format!("{} ({})", e.to, e.via)).collect();
            format!("{}: {}", node.address, after.join(", "))
        })
        .collect()
}

fn with(for_each: &str) -> String {
    QUEUES.replace("\"{{ names }}\"", for_each)
}

#[test]
fn each_element_is_a_resource_of_its_own() {
    let stack = good(QUEUES);
    assert_eq!(addresses(&stack), ["q[\"a\"]", "q[\"b\"]"]);
    let nothing = Outputs::new();
    assert_eq!(props(&wanted(&stack, "q[\"b\"]", &nothing)), r#"{"QueueName":"prod-b"}"#);
    assert_eq!(wanted(&stack, "q[\"a\"]", &nothing).address.as_str(), "q[\"a\"]");
    assert!(try_render(&stack, "q", &nothing).is_err());
}

#[test]
fn keys_come_from_maps_from_plain_values_and_from_positions() {
    let keys = |for_each: &str| addresses(&good(&with(for_each)));
    assert_eq!(keys("{ x: 1, y: two }"), ["q[\"x\"]", "q[\"y\"]"]);
    assert_eq!(keys("[1, true, 'z z', 1.5]"), ["q[\"1\"]", "q[\"true\"]", "q[\"z z\"]", "q[\"1.5\"]"]);
    let list = with("[{ n: x }, { n: y }]").replace("each.value }}", "each.value.n }}");
    let stack = good(&list);
    assert_eq!(addresses(&stack), ["q[\"0\"]", "q[\"1\"]"]);
    assert_eq!(props(&wanted(&stack, "q[\"1\"]", &Outputs::new())), r#"{"QueueName":"prod-y"}"#);
    assert!(keys("[]").is_empty() && keys("{}").is_empty());
    assert_eq!(keys("\"{{ [stack_env] }}\""), ["q[\"prod\"]"]);
}

#[test]
fn a_variable_of_the_command_line_may_hold_a_list_as_text() {
    let manifest = with("\"{{ names }}\"").replace("value: [a, b]", "value: \"{{ NAMES }}\"");
    let stack = good_with(&manifest, &[("NAMES", r#"["x", "y"]"#)]);
    assert_eq!(addresses(&stack), ["q[\"x\"]", "q[\"y\"]"]);
}

#[test]
fn an_if_is_asked_for_each_instance() {
    let stack = good(&QUEUES.replace("    props:", "    if: \"each.key != 'a'\"\n    props:"));
    assert_eq!(try_render(&stack, "q[\"a\"]", &Outputs::new()).unwrap(), Rendered::Skipped);
    assert!(matches!(try_render(&stack, "q[\"b\"]", &Outputs::new()), Ok(Rendered::Wanted(_))));
    let stack = good(&QUEUES.replace("    props:", "    if: \"{{ each.key != 'a' }}\"\n    props:"));
    assert_eq!(try_render(&stack, "q[\"a\"]", &Outputs::new()).unwrap(), Rendered::Skipped);
    assert!(matches!(try_render(&stack, "q[\"b\"]", &Outputs::new()), Ok(Rendered::Wanted(_))));
}

fn referring(expression: &str) -> String {
    let text = serde_json::to_string(&format!("{{{{ {expression} }}}}")).unwrap();
    format!(
        "{QUEUES}  - name: p
    type: awscc.ssm.parameters
    region: us-east-1
    props: {{ Name: p, Type: String, Value: {text} }}
"
    )
}

#[test]
fn a_written_key_needs_one_instance_and_everything_else_needs_all() {
    let of = |expression: &str| edges(&good(&referring(expression)));
    assert_eq!(of("q[\"a\"].QueueUrl"), ["p: q[\"a\"] (q[\"a\"].QueueUrl)"]);
    assert_eq!(of("q['b'].Arn"), ["p: q[\"b\"] (q['b'].Arn)"]);
    assert_eq!(of("q.a.QueueUrl ~ q.b.Arn"), ["p: q[\"a\"] (q.a.QueueUrl), q[\"b\"] (q.b.Arn)"]);
    assert_eq!(of("q[names[0]].Arn"), ["p: q[\"a\"] (q), q[\"b\"] (q)"]);
    assert_eq!(of("q | length"), ["p: q[\"a\"] (q), q[\"b\"] (q)"]);
    assert_eq!(of("q.a.idempotency_token"), Vec::<String>::new());
}

#[test]
fn references_give_the_values_of_instances() {
    let known = outputs(&[
        ("q[\"a\"]", "AWS::SQS::Queue", serde_json::json!({"QueueUrl": "https://a", "Arn": "arn:a"})),
        ("q[\"b\"]", "AWS::SQS::Queue", serde_json::json!({"QueueUrl": "https://b", "Arn": "arn:b"})),
    ]);
    let value = |expression: &str, outputs: &Outputs| {
        json(wanted(&good(&referring(expression)), "p", outputs).props.get("Value").unwrap()).to_string()
    };
    assert_eq!(value("q[\"a\"].QueueUrl", &known), r#""https://a""#);
    assert_eq!(value("q.b.arn", &known), r#""arn:b""#);
    assert_eq!(
        value("q.items() | map('last') | map(attribute='arn') | join(' ')", &known),
        r#""arn:a arn:b""#
    );
    assert_eq!(value("q | list | join(' ')", &Outputs::new()), r#""a b""#);
    assert_eq!(value("q.keys() | join(' ')", &Outputs::new()), r#""a b""#);
    assert_eq!(value("'c' in q", &known), r#""false""#);
    assert_eq!(value("q.get('c', {'Arn': 'none'}).Arn", &known), r#""none""#);
    assert_eq!(value("'y' if q.c is defined else 'n'", &known), r#""n""#);
    assert_eq!(value("q[\"a\"].QueueUrl", &Outputs::new()), r#""<q[\"a\"].QueueUrl>""#);
    assert_eq!(value("q.a.Arn ~ q.b.Arn", &Outputs::new()), r#""<q[\"a\"].Arn q[\"b\"].Arn>""#);
}

#[test]
fn a_loop_over_a_resource_goes_through_its_instances() {
    let text = "{% for key, queue in q.items() %}{{ key }}={{ queue.Arn }} {% endfor %}";
    let manifest = referring("x").replace("\"{{ x }}\"", &serde_json::to_string(text).unwrap());
    let stack = good(&manifest);
    let known = outputs(&[
        ("q[\"a\"]", "AWS::SQS::Queue", serde_json::json!({"Arn": "arn:a"})),
        ("q[\"b\"]", "AWS::SQS::Queue", serde_json::json!({"Arn": "arn:b"})),
    ]);
    assert_eq!(
        json(wanted(&stack, "p", &known).props.get("Value").unwrap()).to_string(),
        r#""a=arn:a b=arn:b ""#
    );
    assert_eq!(
        json(wanted(&stack, "p", &Outputs::new()).props.get("Value").unwrap()).to_string(),
        r#""<q[\"a\"].Arn q[\"b\"].Arn>""#
    );
}

#[test]
fn depends_on_names_all_instances_or_one() {
    let of = |depends_on: &str| {
        edges(&good(&referring("'x'").replace(
            "    region: us-east-1\n    props: { Name",
            &format!("    depends_on: {depends_on}\n    region: us-east-1\n    props: {{ Name"),
        )))
    };
    assert_eq!(of("[q]"), ["p: q[\"a\"] (depends_on), q[\"b\"] (depends_on)"]);
    assert_eq!(of("['q[\"b\"]']"), ["p: q[\"b\"] (depends_on)"]);
    assert_eq!(of("[\"q['b']\"]"), ["p: q[\"b\"] (depends_on)"]);
}

#[test]
fn exports_are_maps_by_key() {
    let manifest = format!(
        "{QUEUES}    exports: [arn, {{ QueueUrl: url }}]\nexports:\n  - url\n  - one: \"{{{{ url['b'] }}}}\"\n  - also: \"{{{{ q.a.url }}}}\"\n"
    );
    let stack = good(&manifest);
    let known = outputs(&[
        ("q[\"a\"]", "AWS::SQS::Queue", serde_json::json!({"QueueUrl": "https://a"})),
        ("q[\"b\"]", "AWS::SQS::Queue", serde_json::json!({"QueueUrl": "https://b"})),
    ]);
    let all = stack.evaluate_exports(&known).unwrap();
    assert_eq!(json(&all["url"]).to_string(), r#"{"a":"https://a","b":"https://b"}"#);
    assert_eq!(json(&all["one"]).to_string(), r#""https://b""#);
    assert_eq!(json(&all["also"]).to_string(), r#""https://a""#);
    assert_eq!(stack.resource_exports(&"q[\"a\"]".into()).len(), 2);
}

#[test]
fn each_is_seen_by_globals_that_the_resource_uses() {
    let manifest = QUEUES
        .replace(
            "resources:",
            "  - { name: label, value: \"{{ each.key }}-{{ resource_name }}\" }\nresources:",
        )
        .replace("{{ stack_env }}-{{ each.value }}", "{{ label }}");
    let stack = good(&manifest);
    assert_eq!(props(&wanted(&stack, "q[\"b\"]", &Outputs::new())), r#"{"QueueName":"b-q"}"#);
}

#[test]
fn every_instance_has_a_token_of_its_own() {
    let stack = good(&QUEUES.replace("{{ stack_env }}-{{ each.value }}", "{{ idempotency_token }}"));
    let of = |address: &str| props(&wanted(&stack, address, &Outputs::new()));
    assert_ne!(of("q[\"a\"]"), of("q[\"b\"]"));
}

#[test]
fn mistakes_in_for_each_are_named_with_their_place() {
    let cases = [
        with("[a, b, a]"),
        with("\"{{ names + ['b'] }}\""),
        with("3"),
        with("a text"),
        with("[a, ]").replace("[a, ]", "[a, null]"),
        with("\"{{ nope }}\""),
        with("\"{{ each.key }}\""),
        with("['']"),
        QUEUES.replace("value: [a, b]", "value: [a, b], sensitive: true"),
        referring("1").replace("\"{{ names }}\"", "[\"{{ p.Value }}\"]"),
        QUEUES.replace("    for_each: \"{{ names }}\"\n", ""),
        QUEUES.replace("each.value", "each.valeu"),
    ];
    let all: Vec<String> = cases.iter().map(|manifest| problems(manifest)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    error[SD1211] the `for_each` of q gives two instances the address q["a"]
      8:22 «a» element 2
      8:16 «a» element 0
      = needed by  q (awscc.sqs.queues), env prod
      = next  remove one of the two, or write a map with keys of its own

    error[SD1211] the `for_each` of q gives two instances the address q["b"]
      8:15 «"{{ names + ['b'] }}"» element 2
      = why  elements 1 and 2 of the list are both `b`
      = needed by  q (awscc.sqs.queues), env prod
      = next  remove one of the two, or write a map with keys of its own

    error[SD1211] the `for_each` of q is one plain value, not a list or a map
      8:15 «3» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a list of texts, or a map from keys to values

    error[SD1211] the `for_each` of q is a text, not a list or a map
      8:15 «a text» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  give a list of texts, or a map from keys to values

    error[SD1211] element 1 of the `for_each` of q is empty
      8:19 «null» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  remove it, or give it a value

    error[SD1203] `nope` is not defined
      8:19 «nope» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  fix the name, or add it to globals: - { name: nope, value: … }

    error[SD1211] the `for_each` of q uses `each`, which it defines itself
      8:15 «"{{ each.key }}"» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  use a global or a variable

    error[SD1211] the `for_each` of q has an empty key
      8:15 «['']» keys become addresses
      = needed by  q (awscc.sqs.queues), env prod

    error[SD1211] the `for_each` of q is sensitive
      8:15 «"{{ names }}"» its keys become addresses, which are shown
      = needed by  q (awscc.sqs.queues), env prod
      = next  keep the keys in a global that is not sensitive, and look the secret up by `each.key`

    error[SD1210] the `for_each` of q cannot be decided before other resources are made
      8:15 «["{{ p.Value }}"]» this waits for p.Value
      = needed by  q (awscc.sqs.queues), env prod
      = next  use a value that is known beforehand: a global, a variable, the environment

    error[SD1203] `each` is not defined
      8:45 «each» 
      = needed by  q (awscc.sqs.queues), env prod
      = next  `each.key` and `each.value` exist only in a resource with `for_each`

    error[SD1203] `each.valeu` is not defined
      9:45 «each.valeu» did you mean `value`?
      = needed by  q["a"] (awscc.sqs.queues), env prod; q["b"] (awscc.sqs.queues), env prod
      = next  fix the name, or give a default: `| default(…)`
    "#);
}

#[test]
fn mistakes_in_references_are_named_with_their_place() {
    let cases = [
        referring("q[\"c\"].Arn"),
        referring("q.aa.Arn"),
        referring("q['a'].Arm"),
        referring("q.Arn"),
        referring("'x'").replace("    props: { Name", "    depends_on: ['q[\"x\"]']\n    props: { Name"),
        QUEUES.replace("{{ stack_env }}-{{ each.value }}", "{{ q | length }}"),
        QUEUES.replace("{{ stack_env }}-{{ each.value }}", "{{ q.a.Arn }}"),
        QUEUES.replace("    props:", "    depends_on: [q]\n    props:"),
        QUEUES.replace("- name: q", "- name: q[0]"),
        QUEUES.replace("QueueName:", "QueueNam:"),
    ];
    let all: Vec<String> = cases.iter().map(|manifest| problems(manifest)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    error[SD1212] q has no instance `c`
      13:48 «q[\"c\"]» did you mean `a`?
      = needed by  p (awscc.ssm.parameters), env prod

    error[SD1212] q has no instance `aa`
      13:48 «q.aa» did you mean `a`?
      = needed by  p (awscc.ssm.parameters), env prod

    error[SD1204] AWS::SQS::Queue has no property `Arm`
      13:49 «['a'].Arm» did you mean `Arn`?
      = needed by  p (awscc.ssm.parameters), env prod

    error[SD1212] q has no instance `Arn`
      13:48 «q.Arn» there are a, b
      = needed by  p (awscc.ssm.parameters), env prod

    error[SD1115] p depends on `q["x"]`, which is no resource of this stack
      13:18 «'q["x"]'» did you mean `q["a"]`?

    error[SD1206] every instance of q waits for all of them
      9:29 «q» `q` means every instance, its own included
      = next  name one instance by its key, or take the reference out

    error[SD1206] q["a"] refers to itself
      9:29 «q.a.Arn» q["a"] needs `q.a.Arn`
      = next  take one of these references out

    error[SD1206] every instance of q waits for all of them
      9:18 «q» `depends_on` means every instance, its own included
      = next  name one instance by its key, or take the reference out

    error[SD1120] the name `q[0]` holds a `[`
      5:11 «q[0]» 
      = next  take it out: `name["key"]` is the address of an instance of `for_each`

    error[SD1301] `AWS::SQS::Queue` has no property `QueueNam`
      9:14 «QueueNam» did you mean `QueueName`?
      = needed by  q["a"] (awscc.sqs.queues), env prod; q["b"] (awscc.sqs.queues), env prod
    "#);
}

#[test]
fn a_list_of_many_elements_stays_quick_and_too_many_are_refused() {
    let stack = good(&with("\"{{ range(2000) | list }}\""));
    assert_eq!(stack.nodes().len(), 2000);
    let said = problems(&with("\"{{ range(10001) | list }}\""));
    assert!(said.contains("has more than 10000 elements"), "{said}");
}

#[test]
fn the_rest_of_a_resource_is_checked_although_its_for_each_is_wrong() {
    let parsed = parse_with(&with("3").replace("QueueName:", "QueueNam:"), &[]);
    assert_eq!(parsed.diagnostics.len(), 1);
    let said = problems_with(&with("3").replace("QueueName:", "QueueNam:"), &[]);
    assert!(said.contains("SD1211") && said.contains("SD1301"), "{said}");
}
