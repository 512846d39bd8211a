//! Golden results of each filter and function of stackql-deploy projects (stackql-compat 4.1), and of plain Jinja.

use super::{good_with, json, problems};
use stack_core::desired::Outputs;

/// The value of an expression, as JSON text.
fn value(expression: &str) -> String {
    let manifest = format!(
        "name: s
globals:
  - {{ name: tags, value: [{{ Key: a, Value: '1' }}, {{ Key: b, Value: \"it's\" }}] }}
  - {{ name: text, value: '[{{\"Key\": \"a\", \"Value\": \"1\"}}, {{\"Key\": \"x\"}}]' }}
  - {{ name: object, value: {{ Engine: '14', On: 'true', N: 1.50, L: '[1, 2]', a/b~c: x, none: 'null' }} }}
  - {{ name: names, value: [x, y] }}
exports:
  - out: {}
resources: []
",
        serde_json::to_string(&format!("{{{{ {expression} }}}}")).unwrap()
    );
    let stack = good_with(&manifest, &[]);
    json(&stack.evaluate_exports(&Outputs::new()).unwrap()["out"]).to_string()
}

/// What an expression that fails says beside its place.
fn failure(expression: &str) -> String {
    let manifest = format!("name: s\nexports:\n  - out: \"{{{{ {expression} }}}}\"\nresources: []\n");
    problems(&manifest).lines().nth(1).unwrap_or_default().trim().to_owned()
}

#[test]
fn from_json_parses_texts_only() {
    assert_eq!(value("'{\"a\": [1, 2.0, null]}' | from_json"), r#"{"a":[1,2.0,null]}"#);
    insta::assert_snapshot!(failure("3 | from_json"), @r#"3:18 «from_json» from_json takes a text, got a number"#);
    insta::assert_snapshot!(failure("'[1' | from_json"), @r#"3:21 «from_json» from_json: not valid JSON: EOF while parsing a list at line 1 column 2"#);
}

#[test]
fn base64_is_padded_and_one_line() {
    assert_eq!(value("'' | base64_encode"), r#""""#);
    assert_eq!(value("'a' | base64_encode"), r#""YQ==""#);
    assert_eq!(value("'ab' | base64_encode"), r#""YWI=""#);
    assert_eq!(value("'abc' | base64_encode"), r#""YWJj""#);
    assert_eq!(value("'é?>' | base64_encode"), r#""w6k/Pg==""#);
    insta::assert_snapshot!(failure("[1] | base64_encode"), @r#"3:20 «base64_encode» base64_encode takes a text, got a sequence"#);
}

#[test]
fn lists_and_objects_merge_by_position_or_name_from_values_or_text() {
    let both = r#"[{"Key":"a","Value":"1"},{"Key":"b","Value":"it's"},{"Key":"x"}]"#;
    assert_eq!(value("tags | merge_lists(text)"), both);
    assert_eq!(value("tags | merge_lists(other=text)"), both);
    assert_eq!(value("[1, 1, 2] | merge_lists([2, 3, 3])"), "[1,2,3]");
    assert_eq!(value("{'a': 1, 'b': 1} | merge_objects({'b': 2, 'c': 3})"), r#"{"a":1,"b":2,"c":3}"#);
    assert_eq!(value("'{\"a\": 1}' | merge_objects(other='{\"a\": 2}')"), r#"{"a":2}"#);
    insta::assert_snapshot!(failure("[1] | merge_lists({})"), @r#"3:20 «merge_lists({})» merge_lists: the right side is no list"#);
    insta::assert_snapshot!(failure("{} | merge_objects([])"), @r#"3:19 «merge_objects([])» merge_objects: the right side is no object"#);
}

#[test]
fn patch_documents_add_each_key_and_parse_texts() {
    assert_eq!(
        value("object | generate_patch_document | from_json"),
        r#"[{"op":"add","path":"/Engine","value":14},{"op":"add","path":"/On","value":true},{"op":"add","path":"/N","value":1.5},{"op":"add","path":"/L","value":[1,2]},{"op":"add","path":"/a~1b~0c","value":"x"},{"op":"add","path":"/none","value":null}]"#
    );
    assert_eq!(
        value("{\n 'Tags': tags } | generate_patch_document").replace('\\', ""),
        r#""[{"op":"add","path":"/Tags","value":[{"Key":"a","Value":"1"},{"Key":"b","Value":"it's"}]}]""#
    );
    assert_eq!(value("{} | generate_patch_document"), r#""[]""#);
    insta::assert_snapshot!(failure("[1] | generate_patch_document"), @r#"3:20 «generate_patch_document» generate_patch_document takes an object, got a sequence"#);
}

#[test]
fn sql_texts() {
    assert_eq!(value("names | sql_list"), r#""('x','y')""#);
    assert_eq!(value("'[\"x\", \"y\"]' | sql_list"), r#""('x','y')""#);
    assert_eq!(value("[1, true] | sql_list"), r#""('1','true')""#);
    assert_eq!(value("'[1]' | sql_list"), r#""('[1]')""#);
    assert_eq!(value("'x' | sql_list"), r#""('x')""#);
    assert_eq!(value("[] | sql_list"), r#""(NULL)""#);
    assert_eq!(value("3 | sql_list"), r#""(NULL)""#);
    assert_eq!(value("\"it's\" | sql_escape"), r#""it''s""#);
    assert_eq!(value("none | sql_escape"), "null");
}

#[test]
fn tag_filters_take_whole_tags_only() {
    let filters = r#""[{\"Key\":\"a\",\"Values\":[\"1\"]}]""#;
    assert_eq!(value("text | to_aws_tag_filters"), filters);
    assert_eq!(value("[tags[0], {'Key': 3, 'Value': 'x'}] | to_aws_tag_filters"), filters);
    insta::assert_snapshot!(failure("'{}' | to_aws_tag_filters"), @r#"3:21 «to_aws_tag_filters» to_aws_tag_filters takes a list of {Key, Value}"#);
}

#[test]
fn tojson_is_compact_and_survives_in_sql() {
    assert_eq!(
        value("{'a': \"<it's>\", 'b': [1, 2.0]} | tojson"),
        r#""{\"a\":\"\\u003cit\\u0027s\\u003e\",\"b\":[1,2.0]}""#
    );
    assert_eq!(value("[1] | tojson(indent=1)"), r#""[\n 1\n]""#);
    assert_eq!(value("tags | json_encode | from_json | length"), "2");
}

#[test]
fn named_arguments_work_as_in_tera() {
    assert_eq!(value("'a-b' | replace(from='-', to='_')"), r#""a_b""#);
    assert_eq!(value("'a-b' | replace('-', '_')"), r#""a_b""#);
    assert_eq!(value("names | join(sep=', ')"), r#""x, y""#);
    assert_eq!(value("nope | default(value='d')"), r#""d""#);
    assert_eq!(value("range(end=3) | list"), "[0,1,2]");
    assert_eq!(value("range('2') | list"), "[0,1]");
    assert_eq!(value("range(5, 1, -2) | list"), "[5,3]");
}

#[test]
fn jinja_of_real_projects_works() {
    assert_eq!(value("'a' ~ 1 ~ names[0]"), r#""a1x""#);
    assert_eq!(value("'A,b'.lower().split(',')"), r#"["a","b"]"#);
    assert_eq!(value("' a '.strip().replace('a', 'b')"), r#""b""#);
    assert_eq!(value("object.get('nope', 3)"), "3");
    assert_eq!(value("object.items() | list | length"), "6");
    assert_eq!(value("'x' if nope is defined else 'y'"), r#""y""#);
    assert_eq!(value("['b', true, none, 1.0] | join('-')"), r#""b-true-null-1.0""#);
    assert_eq!(value("object | dictsort | first | last"), r#""x""#);
    assert_eq!(value("'x' if false"), r#""""#);
    assert_eq!(value("names | map('upper') | list"), r#"["X","Y"]"#);
    assert_eq!(value("'True'"), r#""true""#);
    assert_eq!(value("'TrueNorth'"), r#""TrueNorth""#);
    assert_eq!(value("names[-1]"), r#""y""#);
}

#[test]
fn a_runaway_loop_ends() {
    let text = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
    let shown = problems(&format!("name: s\nexports:\n  - out: \"{text}\"\nresources: []\n"));
    assert!(shown.contains("it takes too many steps"), "{shown}");
}

#[test]
fn every_suggested_name_exists() {
    use crate::template::engine::{FILTERS, TESTS, environment};
    let env = environment(false);
    let shown = format!("{env:#?}");
    for name in FILTERS.iter().chain(TESTS) {
        assert!(shown.contains(&format!("\"{name}\"")), "{name}");
    }
    assert!(FILTERS.is_sorted() && TESTS.is_sorted());
    assert!(!shown.contains("\"debug\""), "it would print secrets");
}

#[test]
fn a_filter_named_by_a_text_is_named_by_the_problem() {
    let said = problems("name: s\nexports:\n  - out: \"{{ [1] | map('nope') | list }}\"\nresources: []\n");
    assert!(said.starts_with("error[SD1202] there is no filter `nope`\n"), "{said}");
}
