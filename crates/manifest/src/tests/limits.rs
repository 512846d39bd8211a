//! Manifests that would take the stack, the memory or the time of the machine end in diagnostics.

use super::problems;
use std::fmt::Write as _;

/// A manifest with these globals, of which the bucket uses the first.
fn globals(count: usize, value: impl Fn(usize) -> String) -> String {
    let mut text = "name: s\nglobals:\n".to_owned();
    for index in 0..count {
        writeln!(text, "  - {{ name: g{index}, value: \"{}\" }}", value(index)).unwrap();
    }
    text + "resources:\n  - name: b\n    type: awscc.s3.buckets\n    props: { BucketName: \"{{ g0 }}\" }\n"
}

#[test]
fn a_long_chain_of_globals_is_refused_with_its_ends() {
    let chain = |count: usize| {
        globals(count, |index| {
            if index + 1 < count { format!("{{{{ g{} }}}}", index + 1) } else { "aaa-bbb".to_owned() }
        })
    };
    assert_eq!(problems(&chain(40)), "");
    for count in [60, 3_000] {
        let said = problems(&chain(count));
        let expected = "error[SD1205] more than 50 globals need each other one after the other: g0 → g1 → g2 → … → g49 → g50\n";
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(said.matches("error[").count(), 1, "{said}");
    }
}

#[test]
fn globals_that_need_each_other_are_shown_as_a_circle() {
    let said = problems(&globals(3, |index| format!("{{{{ g{} }}}}", (index + 1) % 3)));
    insta::assert_snapshot!(said, @r"
    error[SD1206] globals need each other: g0 → g1 → g2 → g0
      5:28 «g0» 
      = needed by  b (awscc.s3.buckets), env prod
    ");
}

#[test]
fn templates_that_would_fill_the_memory_are_refused() {
    for template in [
        "{{ \"%1000000000d\" | format(1) }}",
        "{{ \"%.1000000000f\" | format(1.0) }}",
        "{{ \"%*d\" | format(1000000000, 1) }}",
        "{{ \"a\\nb\" | indent(1000000000) }}",
        "{{ \"a\\nb\" | indent(width=1000000000) }}",
        "{{ [1,2] | batch(1000000000,1) | list }}",
        "{{ [1,2] | slice(1000000000) | list | length }}",
        "{{ (\"a\" * 9000) | replace(\"a\", \"b\" * 9000) | replace(\"b\", \"c\" * 9000) }}",
        "{{ (\"a\" * 9000).replace(\"a\", \"b\" * 9000) }}",
        "{{ range(9000) | join(\"a\" * 90000) }}",
        "{{ \"a\" * 90000000 }}",
        "{% set ns = namespace(x=\"aaaaaaaaaa\") %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=\"aaaaaaaaaa\") %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1,2]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1,2]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x ~ \"\" }}",
        "{% macro f(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f(\"aaaaaaaa\") }}",
        "{% set b = \"a\" * 900000 %}{% for i in range(90000) %}{{ b }}{% endfor %}",
        "{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
    ] {
        let said = problems(&globals(1, |_| template.replace('\\', "\\\\").replace('"', "\\\"")));
        assert!(said.starts_with("error[SD1205] this template failed"), "{template}: {said}");
        assert!(said.contains(" is larger than "), "{template}: {said}");
    }
}

#[test]
fn globals_that_double_each_other_are_refused_where_it_is_too_much() {
    let doubled = |index: usize| format!("{{{{ g{} }}}}", index + 1).repeat(2);
    let said =
        problems(&globals(41, |index| if index == 40 { "aaa-bbb".to_owned() } else { doubled(index) }));
    assert!(said.contains("the value is larger than 1 MiB"), "{said}");
}

#[test]
fn of_many_problems_the_first_are_shown_and_the_rest_is_counted() {
    let mut names = "name: s\nresources:\n".to_owned();
    for i in 0..1_000 {
        writeln!(
            names,
            "  - {{ name: b{i}, type: awscc.s3.buckets, props: {{ BucketName: \"{{{{ nope{i} }}}}\" }} }}"
        )
        .unwrap();
    }
    let mut props = "name: s\nresources:\n  - name: b\n    type: awscc.s3.buckets\n    props:\n      BucketName: aaa-bbb\n".to_owned();
    for i in 0..4_000 {
        writeln!(props, "      P{i}: x").unwrap();
    }
    for (manifest, more) in [(names, 900), (props, 3_900)] {
        let said = problems(&manifest);
        assert_eq!(said.matches("error[").count(), 101, "{said}");
        assert!(said.contains(&format!("error[SD1005] and {more} more errors")), "{said}");
    }
}

#[test]
fn merge_keys_cannot_multiply_a_file() {
    let mut text = "name: s\nx: &m\n".to_owned();
    for i in 0..1_000 {
        writeln!(text, "  k{i}: v").unwrap();
    }
    text.push_str("resources:\n");
    for i in 0..200 {
        let merged = ["*m"; 50].join(", ");
        writeln!(text, "  - {{ name: r{i}, type: awscc.s3.buckets, props: {{ <<: [{merged}] }} }}").unwrap();
    }
    let said = problems(&text);
    assert!(said.starts_with("error[SD1006] merge keys copy more than 100000 members"), "{said}");
}
