//! Golden results for what real projects write, in the forms of both predecessors (stackql-compat 4.2 to 4.4).

use super::{good_with, json, problems_with};
use stack_core::desired::Outputs;

const VARIABLES: &[(&str, &str)] = &[
    ("N", "2"),
    ("VERSION", "1.10"),
    ("DOC", r#"{"a": {"b": "c", "list": [1, 2]}, "inner": "{\"x\": 1}"}"#),
    ("LIST", r#"[{"id": "s-1"}, {"id": "s-2"}]"#),
    ("PLAIN", "[not json"),
    ("FLAG", "True"),
];

fn manifest(text: &str) -> String {
    let globals: String = VARIABLES
        .iter()
        .map(|(name, _)| format!("  - {{ name: {}, value: \"{{{{ {name} }}}}\" }}\n", name.to_lowercase()))
        .collect();
    let text = serde_json::to_string(text).unwrap();
    format!(
        "name: s\nglobals:\n{globals}  - {{ name: object, value: {{ inner: '{{\"x\": [7]}}', n: 3 }} }}\nexports:\n  - out: {text}\nresources: []\n"
    )
}

/// The value of a text, as JSON text.
fn text(text: &str) -> String {
    let stack = good_with(&manifest(text), VARIABLES);
    json(&stack.evaluate_exports(&Outputs::new()).unwrap()["out"]).to_string()
}

fn value(expression: &str) -> String {
    text(&format!("{{{{ {expression} }}}}"))
}

fn failure(expression: &str) -> String {
    let said = problems_with(&manifest(&format!("{{{{ {expression} }}}}")), VARIABLES);
    said.lines().take(2).map(str::trim).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_text_that_is_a_number_compares_as_one() {
    assert_eq!(value("n > 3"), "false");
    assert_eq!(value("n < 10"), "true");
    assert_eq!(value("3 > n"), "true");
    assert_eq!(value("n == 2"), "true");
    assert_eq!(value("2 != n"), "false");
    assert_eq!(value("1 < n < 3"), "true");
    assert_eq!(value("n | trim >= 2"), "true");
    assert_eq!(value("-1 < n and not n <= 1.5"), "true");
    assert_eq!(value("'big' if n > 3 else 'small'"), r#""small""#);
    assert_eq!(text("{% if n > 3 %}big{% elif n == 2 %}two{% endif %}"), r#""two""#);
    assert_eq!(text("{% for i in [1, 5, 10] if n | int < i %}{{ i }} {% endfor %}"), r#""5 10 ""#);
}

#[test]
fn texts_compare_as_texts_and_lists_as_lists() {
    assert_eq!(value("version == '1.1'"), "false");
    assert_eq!(value("'1.10' == version"), "true");
    assert_eq!(value("version == 1.1"), "true");
    assert_eq!(value("'a' < 'b'"), "true");
    assert_eq!(value("[1] == [1]"), "true");
    assert_eq!(value("'x' == 1"), "false");
    assert_eq!(value("'007' == 7"), "false");
    assert_eq!(
        failure("'abc' > 3"),
        "error[SD1205] this template failed | 11:14 «'abc'» `abc` is no number, so it is neither less nor more than one"
    );
    assert_eq!(failure("nope > 3"), "error[SD1203] `nope` is not defined | 11:14 «nope»");
    assert_eq!(failure("1 + (nope > 3) + 2"), "error[SD1203] `nope` is not defined | 11:19 «nope»");
}

#[test]
fn a_text_that_holds_json_can_be_walked_into() {
    assert_eq!(value("doc.a.b"), r#""c""#);
    assert_eq!(value("doc['a'].list[1]"), "2");
    assert_eq!(value("list[1].id"), r#""s-2""#);
    assert_eq!(value("doc.inner.x"), "1");
    assert_eq!(value("object.inner.x[0]"), "7");
    assert_eq!(value("vars.DOC.a.b"), r#""c""#);
    assert_eq!(value("doc.a.b ~ (doc | length > 10)"), r#""cfalse""#);
    assert_eq!(value("doc.keys() | join(' ')"), r#""a inner""#);
    assert_eq!(text("x-{{ doc.a.b }}-{{ list[0].id }}"), r#""x-c-s-1""#);
    assert_eq!(value("doc.a.nope is defined"), "false");
    // Untouched it stays the text that it is.
    assert_eq!(value("doc"), r#""{\"a\": {\"b\": \"c\", \"list\": [1, 2]}, \"inner\": \"{\\\"x\\\": 1}\"}""#);
    assert_eq!(value("doc.replace('\"', '').split(':')[0]"), r#""{a""#);
    assert_eq!(value("doc | from_json | length"), "2");
    assert!(failure("plain.a").contains("SD1203"), "{}", failure("plain.a"));
}

#[test]
fn a_secret_document_stays_secret_when_it_is_walked_into() {
    let manifest = manifest("{{ doc.a.b }}").replace("name: doc,", "name: doc, sensitive: true,");
    let stack = good_with(&manifest, VARIABLES);
    assert_eq!(json(&stack.evaluate_exports(&Outputs::new()).unwrap()["out"]), "<secret>");
}

#[test]
fn numbers_of_texts() {
    assert_eq!(value("n | int"), "2");
    assert_eq!(value("'20.7' | int"), "20");
    assert_eq!(value("'x' | int(7)"), "7");
    assert_eq!(value("'x' | int(default=7)"), "7");
    assert_eq!(value("'0x1f' | int(base=16)"), "31");
    assert_eq!(value("'1.5' | float"), "1.5");
    assert_eq!(value("'x' | float(default=0.5)"), "0.5");
    assert!(failure("'x' | int").contains("SD1205"));
    assert_eq!(value("(n | int) * 3 // 2"), "3");
    assert_eq!(value("1.55 | round(1)"), "1.6");
    assert_eq!(value("1.55 | round(precision=1)"), "1.6");
}

#[test]
fn blocks_and_loops() {
    assert_eq!(
        text(
            "{% for x in list | from_json %}{{ loop.index }}:{{ x.id }}{% if not loop.last %},{% endif %}{% endfor %}"
        ),
        r#""1:s-1,2:s-2""#
    );
    assert_eq!(text("{% for i in range(n | int) %}{{ i }}{% endfor %}"), r#""01""#);
    assert_eq!(
        text("{% for i in range(end=3) %}{{ loop.index0 }}{{ loop.first }}{% endfor %}"),
        r#""0true1false2false""#
    );
    assert_eq!(text("{% for i in [] %}x{% else %}none{% endfor %}"), r#""none""#);
    assert_eq!(text("{% set x = n | int + 1 %}{{ x }}"), r#""3""#);
    assert_eq!(text("a {#- comment -#} b {%- if true %} c {%- endif %}"), r#""ab c""#);
    assert_eq!(text("{% raw %}{{ not | a template }}{% endraw %}"), r#""{{ not | a template }}""#);
    assert_eq!(text("{% for k, v in {'a': 1} | dictsort %}{{ k }}={{ v }}{% endfor %}"), r#""a=1""#);
    assert_eq!(text("{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}{% endfor %}"), r#""ba""#);
    assert_eq!(text("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}"), r#""<1>""#);
    assert_eq!(
        text(
            "{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"
        ),
        r#""3""#
    );
    assert_eq!(text("{% filter upper %}a{% endfilter %}"), r#""A""#);
}

#[test]
fn booleans_are_lower_case_only_as_the_whole_text() {
    assert_eq!(value("flag"), r#""true""#);
    assert_eq!(text("{{ vars.FLAG }}North"), r#""TrueNorth""#);
    assert_eq!(text("is {{ true }}"), r#""is true""#);
    assert_eq!(value("'is ' ~ true ~ [true] ~ none"), r#""is true[true]null""#);
    assert_eq!(value("true"), "true");
    assert_eq!(text("{% if true %}False{% endif %}"), r#""false""#);
}

#[test]
fn tests_after_is() {
    for (expression, expected) in [
        ("nope is defined", "false"),
        ("nope is undefined", "true"),
        ("n is string", "true"),
        ("n is number", "false"),
        ("3 is odd", "true"),
        ("4 is even", "true"),
        ("9 is divisibleby 3", "true"),
        ("none is none", "true"),
        ("object is mapping", "true"),
        ("[1] is sequence", "true"),
        ("'ab' is startingwith 'a'", "true"),
        ("1 is in [1, 2]", "true"),
        ("2 is not in [1]", "true"),
        ("true is boolean", "true"),
        ("1 is eq 1", "true"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn methods_of_texts() {
    for (expression, expected) in [
        ("'a-b'.replace('-', '_')", r#""a_b""#),
        ("'a,b,c'.split(',', 1)", r#"["a","b,c"]"#),
        ("'a,b,c'.rsplit(',', 1)", r#"["a,b","c"]"#),
        ("' a b '.split()", r#"["a","b"]"#),
        ("'ab'.startswith('a') and 'ab'.endswith(('x', 'b'))", "true"),
        ("'x-1'.removeprefix('x-') ~ '1.js'.removesuffix('.js')", r#""11""#),
        ("'a=b=c'.partition('=')", r#"["a","=","b=c"]"#),
        ("'a=b=c'.rpartition('=')[0]", r#""a=b""#),
        ("'7'.zfill(3) ~ '-7'.zfill(3)", r#""007-07""#),
        ("'a'.ljust(3, '.') ~ 'b'.rjust(3)", r#""a..  b""#),
        ("'12'.isdigit() and 'ab'.isalpha() and not ''.isdigit()", "true"),
        ("'AB'.isupper() and not 'Ab'.islower()", "true"),
        ("'{}-{1}-{x}'.format('a', 'b', x='c')", r#""a-b-c""#),
        ("'{{}}'.format()", r#""{}""#),
        ("'abc'.find('c') + 'abc'.index('b')", "3"),
        ("'aB'.swapcase()", r#""Ab""#),
        ("', '.join(['a', 'b'])", r#""a, b""#),
        ("'a b'.title()", r#""A B""#),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
    for (expression, expected) in [
        ("'a'.nope()", "a string has no method `nope`"),
        ("'a'.zfill(99999)", "zfill() takes a width of at most 10000"),
        ("'{'.format()", "format(): a brace stands alone"),
        ("'{}'.format()", "format(): there is nothing for `{}`"),
        ("'a'.split('')", "split() takes a text that is not empty"),
    ] {
        let said = failure(expression);
        assert!(
            said.contains(expected) || said.contains("there is no method `nope`"),
            "{expression}: {said}"
        );
    }
}

#[test]
fn an_identifier_is_the_same_within_one_text_and_new_in_the_next() {
    assert_eq!(value("uuid() == uuid()"), "true");
    let one = value("uuid()");
    assert_eq!(one.len(), 38);
    assert_eq!(&one[15..16], "4");
    let both: serde_json::Value = serde_json::from_str(&value("[uuid(), uuid()]")).unwrap();
    assert_eq!(both[0], both[1]);
    assert_eq!(value("uuid ~ ''").len(), 38);
    assert_eq!(text("a-{{ uuid }}").len(), 40);
}

#[test]
fn the_inline_document_of_the_documentation() {
    let document =
        "{{ {\n  \"Tags\": list,\n  'Size': n,\n  \"Deep\": {\"On\": flag}\n} | generate_patch_document }}";
    assert_eq!(
        text(document).replace('\\', ""),
        r#""[{"op":"add","path":"/Tags","value":[{"id":"s-1"},{"id":"s-2"}]},{"op":"add","path":"/Size","value":2},{"op":"add","path":"/Deep","value":{"On":"true"}}]""#
    );
    // A name that is not there is an error here, where the predecessor sends an empty text.
    assert_eq!(
        failure("{'A': gone} | generate_patch_document"),
        "error[SD1203] `gone` is not defined | 11:20 «gone»"
    );
    assert_eq!(failure("[gone.x]"), "error[SD1203] `gone` is not defined | 11:15 «gone»");
}

#[test]
fn both_ways_to_give_arguments_work() {
    for (positional, named) in [
        ("'a-b' | replace('-', '_')", "'a-b' | replace(from='-', to='_')"),
        ("['a', 'b'] | join('+')", "['a', 'b'] | join(sep='+')"),
        ("'a+b' | split('+')", "'a+b' | split(pat='+')"),
        ("nope | default('d')", "nope | default(value='d')"),
        ("[1] | merge_lists([2])", "[1] | merge_lists(with=[2])"),
        ("{'a': 1} | merge_objects({'b': 2})", "{'a': 1} | merge_objects(other={'b': 2})"),
        ("range(1, 7, 2) | list", "range(start=1, end=7, step_by=2) | list"),
        ("'a\\nb' | indent(2)", "'a\\nb' | indent(width=2)"),
        ("[1] | tojson(2)", "[1] | tojson(indent=2)"),
    ] {
        assert_eq!(value(positional), value(named), "{positional}");
    }
    assert_eq!(value("'' | default('y', true)"), r#""y""#);
    assert_eq!(value("'a' | upper ~ 'B' | lower ~ ' c ' | trim"), r#""Abc""#);
}

proptest::proptest! {
    #[test]
    fn any_template_gives_a_value_or_a_problem_with_a_place(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "{{ ", " }}", "{% if ", " %}", "{% endif %}", "{% raw %}", "{% endraw %}", "{# ", " #}", "n", "doc", "list",
                ".a", "['a']", "[0]", "nope", "'x'", "\"", "3", "-", " < ", " == ", " >= ", " ~ ", " + ", " | int", " | tojson",
                "(", ")", "{", "}", "[", "]", ",", ":", " is ", " not ", " and ", " in ", "é", " uuid", "()", ".split(',')",
            ]),
            0..14,
        ),
    ) {
        let manifest = manifest(&parts.concat());
        // Shows every problem at its place.
        problems_with(&manifest, VARIABLES);
    }
}
