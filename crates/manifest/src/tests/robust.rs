//! Damaged input: whatever stands in a manifest and in its files gives diagnostics with places, never a panic.

use super::{Fixture, show};
use crate::{Options, Sources, Stack};
use indexmap::IndexMap;
use proptest::prelude::*;
use stack_core::desired::{Outputs, Resolver};
use std::sync::Arc;

const MANIFEST: &str = "name: s
settings: { tags: { a: b }, regions: { prod: [us-east-1] } }
globals:
  - { name: region, value: us-east-1 }
  - { name: names, value: file(names.yml) }
  - { name: secret, value: \"{{ SECRET }}\", sensitive: true }
resources:
  - name: flow-x
    type: awscc.sqs.queues
    for_each: \"{{ names }}\"
    if: \"each.key != 'c' and ('{{ stack_env }}' == 'prod' or 1 < 2)\"
    state: \"{{ 'absent' if each.key == 'b' else 'present' }}\"
    formerly: [\"old_{{ each.key }}\"]
    depends_on: []
    props: { QueueName: \"{{ each.value }}-{{ secret }}\", Tags: file(tags.json) }
    exports: [{ QueueUrl: url }]
  - name: vpc
    props:
      - { name: cidr, values: { prod: { value: {} }, dev: { value: y } }, merge: [names] }
      - { name: config, props: [{ name: arn, value: \"{{ flow-x.a.Arn }}\" }] }
    exports: [vpc_id, { arn: vpc_arn }]
    protected: [vpc_arn]
    return_vals: { create: [{ Identifier: vpc_id }, RequestToken] }
    auth: { type: basic, username_var: SECRET, password_var: SECRET }
    skip_validation: true
  - { name: look, type: query, sql: \"SELECT '{{ vpc_id }}' FROM {{ this.x }}\", exports: [one] }
  - { name: run, type: script, run: \"echo {{ one }}\" }
  - name: p
    type: awscc.ssm.parameters
    region: \"{{ region }}\"
    identifier: p
    lifecycle: { prevent_destroy: \"{{ stack_env == 'prod' }}\", timeout: 30m }
    props: { Name: p, Type: String, Value: \"{% for k, v in names.items() %}{{ k ~ flow-x[\\\"a\\\"].Arn ~ v }}{% endfor %}\" }
exports: [region, { all: \"{{ url | tojson }}\" }]
";
const FILES: [(&str, &str); 3] = [
    ("resources/names.yml", "a: one\nb: \"{{ stack_env }}\"\n"),
    ("resources/tags.json", "[{\"Key\": \"k\", \"Value\": \"{{ each.key }}\"}]"),
    (
        "resources/vpc.iql",
        "-- {{ cidr }}\n/*+ exists */\nSELECT vpc_id FROM x WHERE c = '{{ config }}'\n/*+ create, retries=3 */\nINSERT '{{ { \"A\": cidr } | generate_patch_document }}'\n/*+ exports */\nSELECT vpc_id FROM x\n/*+ delete */\nDELETE '{{ vpc_id }}'\n",
    ),
];
const SNIPPETS: &[&str] = &[
    "",
    " ",
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "{{ ",
    " }}",
    "{% if x %}",
    "{{ nope }}",
    "null",
    "3",
    "true",
    "é",
    "x",
    "file(names.yml)",
    "file(tags.json)",
    "file(../../x)",
    "for_each: [1, 1]",
    "each.key",
    "state: absent",
    "formerly: [p]",
    "type: multi",
    "flow-x[\"a\"]",
    "/*+ create */",
    "*/",
    "&a ",
    "*a",
    "<<: ",
    "\t",
    "#",
    "|",
    ">",
    "!Ref x",
    "---\n",
    "\u{feff}",
];

/// A text with some of its parts replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    let cuts = prop::collection::vec(
        (any::<prop::sample::Index>(), 0usize..30, prop::sample::select(SNIPPETS)),
        0..4,
    );
    cuts.prop_map(move |cuts| {
        let mut out = text.to_owned();
        for (at, length, with) in cuts {
            let boundary = |mut at: usize| {
                while !out.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = boundary(at.index(out.len() + 1));
            let end = boundary((start + length).min(out.len())).max(start);
            out.replace_range(start..end, with);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_stacks_are_described_and_never_panic(
        manifest in damaged(MANIFEST),
        names in damaged(FILES[0].1),
        tags in damaged(FILES[1].1),
        file in damaged(FILES[2].1),
        env in prop::sample::select(vec!["prod", "dev", ""]),
    ) {
        let texts = [names, tags, file];
        let files: IndexMap<String, String> =
            FILES.iter().zip(texts).map(|((path, _), text)| ((*path).to_owned(), text)).collect();
        let sources = Sources {
            manifest,
            files: Arc::new(files),
            env: env.to_owned(),
            variables: [("SECRET".to_owned(), "hunter2-long".to_owned())].into(),
            ..Sources::default()
        };
        let parsed = Stack::parse(sources, Arc::new(Fixture), Options::default());
        // Shows each problem at its place; a place that is none fails.
        show(&parsed.diagnostics, &parsed.source_map);
        if let Some(stack) = parsed.stack {
            show(&stack.validate(), &parsed.source_map);
            show(&stack.cannot_run(), &parsed.source_map);
            stack.inputs();
            for node in stack.nodes() {
                if let Err(problems) = stack.render(&node.address, &Outputs::new()) {
                    prop_assert!(problems.iter().any(|p| p.is_error()));
                    show(&problems, &parsed.source_map);
                }
            }
        }
    }
}

#[test]
fn the_whole_stack_is_fine() {
    let files: IndexMap<String, String> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let sources = Sources {
        manifest: MANIFEST.to_owned(),
        files: Arc::new(files),
        env: "prod".to_owned(),
        variables: [("SECRET".to_owned(), "hunter2-long".to_owned())].into(),
        ..Sources::default()
    };
    let parsed = Stack::parse(sources, Arc::new(Fixture), Options::default());
    let mut all = parsed.diagnostics.clone();
    all.extend(parsed.stack.iter().flat_map(Stack::validate));
    assert_eq!(show(&all, &parsed.source_map), "");
}

#[test]
fn a_file_that_begins_with_a_template_is_described() {
    for text in ["{{ x }}: 1", "{{ x }", "? {{ x }}\n: 1\n", "{{"] {
        assert!(!super::problems(text).is_empty(), "{text}");
    }
}
