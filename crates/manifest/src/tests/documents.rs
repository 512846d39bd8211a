//! Both YAML readers see the same document, no input makes a panic, and what documentation prints can be pasted.

use super::{good_with, parse_with, problems, show};
use crate::source_map::{SourceFile, SpanKind, SpanNode};
use crate::yaml;
use proptest::prelude::*;
use serde_json::Value as Json;

/// Text of a scalar, as a reader that knows no types sees it.
fn agree(node: &SpanNode, value: &Json, text: &str, at: &str) {
    match (&*node.kind, value) {
        (SpanKind::Seq(nodes), Json::Array(items)) => {
            assert_eq!(nodes.len(), items.len(), "{at}");
            for (index, (node, item)) in nodes.iter().zip(items).enumerate() {
                agree(node, item, text, &format!("{at}[{index}]"));
            }
        }
        (SpanKind::Map(nodes), Json::Object(map)) => {
            assert_eq!(nodes.keys().collect::<Vec<_>>(), map.keys().collect::<Vec<_>>(), "{at}");
            for (key, item) in map {
                agree(&nodes[key], item, text, &format!("{at}.{key}"));
            }
        }
        (SpanKind::Scalar(style, content), scalar) => {
            if let Json::String(s) = scalar {
                assert_eq!(content, s, "{at}");
                // Every character has a place, and the place shows it.
                let raw = &text[node.content.clone()];
                for (offset, c) in content.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                    let range = crate::scalar::locate(raw, *style, content, &(offset..offset + c.len_utf8()));
                    let found = range.map(|r| &raw[r]);
                    assert!(
                        found.is_some_and(|f| f == c.to_string() || f.starts_with('\\')),
                        "{at}: {c} in {raw:?}"
                    );
                }
            }
        }
        (kind, value) => panic!("{at}: {kind:?} is {value}"),
    }
}

fn both(text: &str) {
    let mut file = SourceFile::new("m", text);
    let mut problems = Vec::new();
    let value = yaml::read("", &mut file, &mut problems);
    let value = value.unwrap_or_else(|| {
        panic!(
            "{text}
{problems:?}"
        )
    });
    if !value.is_null() {
        agree(file.root.as_ref().unwrap(), &value, text, "");
    }
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a-zA-Zé0-9 :#'\"{}%,\\[\\]&*!|>@`\n\\\\~_-]{0,24}".prop_map(Json::from),
        "\\{\\{ [a-z.]{1,8} \\}\\}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec(("[a-zA-Z_é-]{1,8}", inner), 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_see_the_same_in_block_style(value in value()) {
        both(&serde_yaml::to_string(&value).unwrap());
    }

    #[test]
    fn both_readers_see_the_same_in_flow_style(value in value()) {
        both(&value.to_string());
    }

    #[test]
    fn no_text_makes_a_panic(text in "(name: s\nresources:\n  - )?[a-z{}%:\\[\\]'\"|>&*!#,<.~ \n\t\u{feff}é-]{0,80}") {
        let parsed = parse_with(&text, &[]);
        let mut all = parsed.diagnostics.clone();
        all.extend(parsed.stack.iter().flat_map(crate::Stack::validate));
        show(&all, &parsed.source_map);
    }

    #[test]
    fn no_template_makes_a_panic(template in "[a-z{}%|()\\[\\]'\".,+~ 0-9-]{0,30}", wrap in any::<bool>()) {
        let template = if wrap { format!("{{{{ {template} }}}}") } else { template };
        let quoted = serde_json::to_string(&template).unwrap();
        problems(&format!("name: s\nglobals: [{{ name: g, value: 1 }}]\nresources:\n  - {{ name: q, type: awscc.sqs.queues, if: {quoted}, props: {{ QueueName: {quoted} }} }}\n"));
    }
}

#[test]
fn styles_of_real_manifests_agree() {
    both(
        "a: &x\n  k: v\nb: *x\nc:\n  <<: *x\n  l: |\n    one\n      two\n\n    three\nd: >-\n  folded\n  text\n\n  new\ne: 'it''s'\nf: \"a\\tb\\\n    c\"\ng: plain\n  more\nh: {a: [1, \"x\"], b: 'y'}\ni:\n- 1\n- k: v\n  l: w\n",
    );
    both("\u{feff}name: é\nb: ü # comment\r\nc: d\r\n");
}

#[test]
fn a_mark_at_the_start_of_the_file_moves_no_position() {
    insta::assert_snapshot!(problems("\u{feff}name: s\nresources: é\n"), @r#"
    error[SD1101] `resources` must be a list, not a text
      2:12 «é»
    "#);
}

#[test]
fn the_skeleton_of_the_documentation_is_read_and_warned_about() {
    let manifest = "name: s
resources:
- name: integrations
  props:
    - name: display_name
      value: string
    - name: provider
      value: string
    - name: config
      props:
        - name: customer_iam_role_arn
          value: string
        - name: kind
          value: string
    - name: environment
      value: string
";
    insta::assert_snapshot!(problems(manifest), @r#"
    error[SD1121] there is no file resources/integrations.iql
      3:9 «integrations» 
      = why  paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude integrations
    warning[SD1111] the prop `display_name` is literally `string`
      6:14 «string» this is the documentation's placeholder
      = next  write the value that you want
    warning[SD1111] the prop `provider` is literally `string`
      8:14 «string» this is the documentation's placeholder
      = next  write the value that you want
    warning[SD1111] the prop `customer_iam_role_arn` is literally `string`
      12:18 «string» this is the documentation's placeholder
      = next  write the value that you want
    warning[SD1111] the prop `kind` is literally `string`
      14:18 «string» this is the documentation's placeholder
      = next  write the value that you want
    warning[SD1111] the prop `environment` is literally `string`
      16:14 «string» this is the documentation's placeholder
      = next  write the value that you want
    "#);
}

#[test]
fn the_documented_global_of_the_region_works() {
    let manifest = "version: 1
name: stack
description: d
providers: [aws, 'awscc::v24.07.00246']
globals:
  - name: region
    description: aws region
    value: \"{{ vars.AWS_REGION }}\"
resources:
  - name: queue
    type: awscc.sqs.queues
    props: [{ name: QueueName, value: x }]
";
    let stack = good_with(manifest, &[("AWS_REGION", "eu-west-1")]);
    let wanted = super::wanted(&stack, "queue", &stack_core::desired::Outputs::new());
    assert_eq!(wanted.target.region.unwrap().as_str(), "eu-west-1");
    assert_eq!((stack.name(), stack.description(), stack.providers().len()), ("stack", "d", 2));
}

#[test]
fn a_manifest_without_a_name_is_named_after_its_folder() {
    assert_eq!(good_with("resources: []\n", &[]).name(), "folder");
}
