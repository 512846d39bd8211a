//! Templates of both predecessors, as real projects write them, with what they give there.

use super::{good_with, json, problems};
use stack_core::desired::Outputs;

fn manifest(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        "name: s
globals:
  - {{ name: obj, value: '{{\"a\":1,\"b\":2}}' }}
  - {{ name: objs, value: '[{{\"n\":\"p\"}},{{\"n\":\"q\"}}]' }}
  - {{ name: lst, value: '[\"x\",\"y\"]' }}
  - {{ name: s, value: abc Def }}
  - {{ name: tags, value: [{{ Key: k, Value: v }}] }}
exports:
  - out: {text}
resources: []
"
    )
}

/// What a template gives inside a larger text.
fn text(template: &str) -> String {
    let stack = good_with(&manifest(&format!("{template}\n")), &[("HOME_OF", "here")]);
    let value = stack.evaluate_exports(&Outputs::new()).unwrap()["out"].clone();
    let json = json(&value);
    json.as_str().map_or_else(|| json.to_string(), str::to_owned).trim().to_owned()
}

/// What a template that fails says.
fn failure(template: &str) -> String {
    problems(&manifest(template)).lines().take(2).map(str::trim).collect::<Vec<_>>().join(" | ")
}

#[test]
fn templates_of_real_projects_work() {
    for (template, expected) in [
        ("{{ obj | from_json | get(key='a') }}", "1"),
        ("{{ obj | from_json | get(key='zz', default='d') }}", "d"),
        ("{{ lst | from_json | first }}", "x"),
        ("{{ lst | from_json | last }}", "y"),
        ("{{ lst | from_json | nth(n=1) }}", "y"),
        ("{{ lst | from_json | join(sep='-') }}", "x-y"),
        ("{{ lst | from_json | join('-') }}", "x-y"),
        ("{{ lst | from_json | length }}", "2"),
        ("{{ 'abc' | reverse }}", "cba"),
        ("{{ lst | from_json | sort | join(sep=',') }}", "x,y"),
        ("{{ lst | from_json | unique | join(sep=',') }}", "x,y"),
        ("{{ lst | from_json | slice(start=1) | join(sep=',') }}", "y"),
        ("{{ lst | from_json | concat(with='z') | join(sep=',') }}", "x,y,z"),
        ("{{ lst | from_json | json_encode }}", r#"["x","y"]"#),
        ("{{ lst | from_json | json_encode() }}", r#"["x","y"]"#),
        ("{{ s | replace(from='a', to='b') }}", "bbc Def"),
        ("{{ s | replace('a', 'b') }}", "bbc Def"),
        ("{{ 'a,b' | split(pat=',') | last }}", "b"),
        ("{{ s | title }}", "Abc Def"),
        ("{{ s | capitalize }}", "Abc def"),
        ("{{ ' a ' | trim }}", "a"),
        ("{{ ' a' | trim_start }}", "a"),
        ("{{ 'a ' | trim_end }}", "a"),
        ("{{ '//a' | trim_start_matches(pat='/') }}", "a"),
        ("{{ 'a//' | trim_end_matches(pat='/') }}", "a"),
        ("{{ s | truncate(length=3, end='') }}", "abc"),
        ("{{ s | slugify }}", "abc-def"),
        ("{{ 'a b/c' | urlencode }}", "a%20b/c"),
        ("{{ 'a/b' | urlencode_strict }}", "a%2Fb"),
        ("{{ s | wordcount }}", "2"),
        ("{{ s | safe }}", "abc Def"),
        ("{{ s | addslashes }}", "abc Def"),
        ("{{ '<b>x</b>' | striptags }}", "x"),
        ("{{ s | linebreaksbr }}", "abc Def"),
        ("{{ s | indent(prefix='  ') }}", "abc Def"),
        ("{{ s | spaceless }}", "abc Def"),
        ("{{ '7' | int }}", "7"),
        ("{{ '0xff' | int(base=16) }}", "255"),
        ("{{ 'zz' | int(default=3) }}", "3"),
        ("{{ '1.5' | float }}", "1.5"),
        ("{{ 1.6 | round }}", "2"),
        ("{{ -3 | abs }}", "3"),
        ("item{{ 2 | pluralize }}", "items"),
        ("{{ 1000 | filesizeformat }}", "1000 B"),
        ("{{ 5 | as_str }}", "5"),
        ("{{ 0 | date(format='%Y') }}", "1970"),
        ("{{ objs | from_json | map(attribute='n') | join(sep=',') }}", "p,q"),
        ("{{ objs | from_json | filter(attribute='n', value='q') | length }}", "1"),
        ("{{ objs | from_json | group_by(attribute='n') | length }}", "2"),
        ("{{ nope | default(value='d') }}", "d"),
        ("{{ nope | default('d') }}", "d"),
        ("{% for i in range(end=3) %}{{ i }}{% endfor %}", "012"),
        ("{% for i in range(start=1, end=3) %}{{ i }}{% endfor %}", "12"),
        ("{% if nope is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if s is starting_with('abc') %}a{% else %}b{% endif %}", "a"),
        ("{% if s is ending_with('Def') %}a{% else %}b{% endif %}", "a"),
        ("{% if s is containing('c D') %}a{% else %}b{% endif %}", "a"),
        ("{% if s is matching('^abc') %}a{% else %}b{% endif %}", "a"),
        ("{% if s is string %}a{% else %}b{% endif %}", "a"),
        ("{% if lst | from_json is iterable %}a{% else %}b{% endif %}", "a"),
        ("{% if 4 is divisibleby(2) %}a{% endif %}", "a"),
        ("{% set o = obj | from_json %}{% if o is object %}a{% endif %}", "a"),
        ("{{ s ~ 'x' }}", "abc Defx"),
        ("{% if 'x' in ['x','y'] %}a{% endif %}", "a"),
        ("{% if 'z' not in ['x','y'] %}a{% endif %}", "a"),
        ("{% filter upper %}abc{% endfilter %}", "ABC"),
        ("{% raw %}{x}{% endraw %}", "{x}"),
        (
            "{% for k, v in obj | from_json %}{{ k }}{{ v }}{% if not loop.last %},{% endif %}{% endfor %}",
            "a1,b2",
        ),
        ("{% for k in [] %}x{% else %}e{% endfor %}", "e"),
        ("{% for k in [1,2] %}{{ k }}{% break %}{% endfor %}", "1"),
        (r#"{{ lst | sql_list | replace(from="'",to='') }}"#, "(x,y)"),
        ("{{ s | base64_encode }}", "YWJjIERlZg=="),
        ("{{ lst | from_json | merge_lists(other=['z']) | json_encode }}", r#"["x","y","z"]"#),
        ("{{ obj | from_json | merge_objects(other={'c':3}) | json_encode }}", r#"{"a":1,"b":2,"c":3}"#),
        ("{{ lst | from_json | tojson }}", r#"["x","y"]"#),
        ("{{ s.upper() }}", "ABC DEF"),
        ("{{ s.split(' ')[1] }}", "Def"),
        ("{{ 'a' if s == 'abc Def' else 'b' }}", "a"),
        ("{{ (lst | from_json)[0] }}", "x"),
        ("{{ obj | from_json | get(key='b') }}", "2"),
        ("{# c #}k", "k"),
        ("  {%- if true -%} k {%- endif -%}", "k"),
        ("{% for k,v in (obj|from_json).items() %}{{k}}{% endfor %}", "ab"),
        ("{% if '5' | int > 3 %}a{% endif %}", "a"),
        ("{{ 1 + 2 }}", "3"),
        ("{{ objs | from_json | map(attribute='n') | list | join(',') }}", "p,q"),
        ("{{ objs | from_json | selectattr('n','equalto','q') | list | length }}", "1"),
        ("{% for k,v in obj|from_json|dictsort %}{{k}}{% endfor %}", "ab"),
        ("{{ 5 | string }}", "5"),
        ("{{ '%s-%s' | format('a','b') }}", "a-b"),
        ("{{ 'a' | center(3) }}", " a "),
        ("{{ lst|from_json|batch(1)|list|length }}", "2"),
        ("{{ [1,2]|sum }}", "3"),
        ("{{ [1,2]|min }}", "1"),
        ("{{ [1,2]|max }}", "2"),
        ("{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}", "2"),
        ("{{ tags | to_aws_tag_filters }}", r#"[{"Key":"k","Values":["v"]}]"#),
    ] {
        assert_eq!(text(template), expected.trim(), "{template}");
    }
}

#[test]
fn further_forms_work() {
    for (template, expected) in [
        ("{{ 1.6 | round }}", "2"),
        ("{{ 1.2 | round(method='ceil') }}", "2"),
        ("{{ 1.26 | round(1) }} {{ 2.0 | round(1) }}", "1.3 2.0"),
        ("{{ [1, 2, 3] | slice(end=-1) | join(',') }}", "1,2"),
        ("{{ [1, 2, 3] | slice(start=9) | join(',') }}", ""),
        ("{{ [1, 2, 3] | slice(2) | tojson }}", "[[1,2],[3]]"),
        ("{{ 'a\n\nb' | indent(prefix='> ', first=true) }}", "> a\n\n> b"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'abcdef' | truncate(length=3) }}", "abc…"),
        ("{{ 'foo bar baz qux' | truncate(9) }}", "foo..."),
        ("{{ 'foo bar baz qux' | truncate(9, true) }}", "foo ba..."),
        ("{{ 'foo bar' | truncate(5) }}", "foo bar"),
        ("{{ 'é a&b%' | urlencode }}", "%C3%A9%20a%26b%25"),
        ("{{ {'a b': 1, 'c': '&'} | urlencode }}", "a%20b=1&c=%26"),
        ("{{ 'Hello,  World! 1_' | slugify }}", "hello-world-1"),
        ("{{ 123456789 | filesizeformat }} {{ 2048 | filesizeformat(binary=true) }}", "117.74 MB 2 KiB"),
        ("{{ '<b> <i>x</i></b>' | spaceless }}", "<b><i>x</i></b>"),
        ("{{ '2017-03-05T00:30:00+02:00' | date(format='%H:%M %z') }}", "00:30 +0200"),
        (
            "{{ '2017-03-05' | date }} {{ 1482720453 | date(format='%Y-%m-%d %H:%M') }}",
            "2017-03-05 2016-12-26 02:47",
        ),
        ("{{ 'the quick brown fox' | wordwrap(9) }}", "the quick\nbrown fox"),
        ("{{ obj | get(key='a') }}", "1"),
        ("{{ [1] | nth(n=3) | default('none') }}", "none"),
        ("{{ [1, 2] is containing(2) }} {{ {'a': 1} is containing('b') }}", "true false"),
        ("{% for k, v in {'a': 1, 'b': 2} if v > 1 %}{{ k }}{{ loop.index }}{% endfor %}", "b1"),
        ("{%- for k, v in [[1, 2]] -%} {{ k + v }} {%- endfor -%}", "3"),
        ("{{ get_env(name='HOME_OF', default='d') }}", "here"),
    ] {
        assert_eq!(text(template), expected, "{template}");
    }
}

#[test]
fn what_would_differ_in_each_run_is_refused() {
    for (template, expected) in [
        ("{{ now() | date }}", "now() is another time in each run"),
        ("{{ get_random(start=0, end=9) }}", "get_random() is another number in each run"),
        ("{{ [1] | random }}", "random picks another element in each run"),
        ("{{ get_env(name='NOPE', default='d') }}", "get_env reads -e and the environment file"),
        ("{{ obj | from_json | get(key='zz') }}", "get: there is no key `zz`"),
        ("{{ 'a' | date }}", "date takes seconds since 1970"),
        ("{{ 0 | date(format='%') }}", "date: "),
        ("{{ [1] | nth(n=3) }}", "SD1203"),
        ("{{ 'a' | center(99999) }}", "center takes a width of at most 10000"),
        ("{{ 'ü' | slugify }}", "has no plain form here"),
    ] {
        let said = failure(template);
        assert!(said.contains(expected), "{template}: {said}");
    }
}

#[test]
fn an_undefined_name_in_a_condition_is_false() {
    for (template, expected) in [
        ("{% if nope %}a{% else %}b{% endif %}", "b"),
        ("{% if nope and s %}a{% else %}b{% endif %}", "b"),
        ("{% if not nope %}a{% else %}b{% endif %}", "a"),
        ("{% if s == 'x' %}a{% elif nope %}b{% endif %}", ""),
        ("{% if nope %}{{ nope }}{% endif %}", ""),
        ("{{ '/a' if nope == 'true' else '/b' }}", "/b"),
        ("{{ '/a' if nope != 'true' else '/b' }}", "/a"),
        ("{{ '/a' if nope else '/b' }}", "/b"),
        ("{% if 'x' == nope or nope in ['x'] or 'x' in nope %}a{% else %}b{% endif %}", "b"),
        ("{% if nope not in 'text' %}a{% endif %}", "a"),
        ("{{ nope or 'x' }}", "x"),
    ] {
        assert_eq!(text(template), expected, "{template}");
    }
    for template in [
        "{{ nope }}",
        "{{ nope ~ 'a' }}",
        "{{ nope == 'a' }}",
        "{% if nope > 3 %}a{% endif %}",
        "{% if nope.x %}a{% endif %}",
        "{% if nope | upper == 'A' %}a{% endif %}",
        "{% if not nope %}{{ nope }}{% endif %}",
        "{{ 'a' if s == 'abc Def' and gone ~ 'x' else nope }}",
        "{% for x in nope %}{{ x }}{% endfor %}",
        "{{ [nope] }}",
    ] {
        let said = failure(template);
        assert!(said.contains("SD1203"), "{template}: {said}");
    }
}
