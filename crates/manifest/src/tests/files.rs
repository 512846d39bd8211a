//! `file(…)`: values in files of their own, and what is wrong with those (stackql-compat 1.5).

use super::{Fixture, props, show_all, wanted};
use crate::{FileError, Files, Options, Parsed, Sources, Stack};
use indexmap::IndexMap;
use stack_core::desired::Outputs;
use std::sync::Arc;

fn parse(manifest: &str, files: &[(&str, &str)], allow_outside_files: bool) -> Parsed {
    let files: IndexMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let sources = Sources {
        manifest: manifest.to_owned(),
        files: Arc::new(files),
        env: "prod".to_owned(),
        ..Sources::default()
    };
    Stack::parse(sources, Arc::new(Fixture), Options { allow_outside_files, ..Options::default() })
}

fn good(manifest: &str, files: &[(&str, &str)]) -> Stack {
    let parsed = parse(manifest, files, false);
    let shown = show_all(&parsed);
    assert!(shown.is_empty(), "{shown}");
    parsed.stack.unwrap()
}

/// As elsewhere, with the file before each place.
fn said(manifest: &str, files: &[(&str, &str)]) -> String {
    let parsed = parse(manifest, files, false);
    let mut all = parsed.diagnostics.clone();
    all.extend(parsed.stack.iter().flat_map(Stack::validate));
    let mut out = String::new();
    for problem in &all {
        out.push_str(&format!("[{}] {}\n", problem.code, problem.message));
        for label in &problem.labels {
            let span = parsed.source_map.span(label).unwrap();
            out.push_str(&format!("  {}:{}:{} {}\n", span.file, span.line, span.column, label.text));
        }
        for (key, text) in problem.notes.iter().filter(|(key, _)| key != "needed by") {
            out.push_str(&format!("  = {key}  {text}\n"));
        }
    }
    out
}

fn queue(props: &str) -> String {
    format!(
        "name: s\nresources:\n  - name: q\n    type: awscc.sqs.queues\n    region: us-east-1\n    props: {props}\n"
    )
}

#[test]
fn a_file_stands_where_its_directive_stands() {
    let files = [
        ("resources/tags.json", r#"[{"Key": "env", "Value": "{{ stack_env }}"}, "file(more/tag.yml)"]"#),
        ("resources/more/tag.yml", "Key: a\nValue: file(../text)\n"),
        ("resources/text", "some text\n"),
        ("resources/five", "5"),
    ];
    let expected = r#"{"QueueName":"n","Tags":[{"Key":"env","Value":"prod"},{"Key":"a","Value":"some text"}],"DelaySeconds":5}"#;
    let forms = [
        "{ QueueName: n, Tags: file(tags.json), DelaySeconds: ' file(five) ' }",
        "[{ name: QueueName, value: n }, { name: Tags, value: \"file('tags.json')\" }, { name: DelaySeconds, values: { prod: { value: file(five) }, dev: { value: file(nowhere) } } }]",
    ];
    let files = files.map(|(path, text)| (path, text.replace("file(../text)", "file(text)")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    for form in forms {
        let stack = good(&queue(form), &files);
        assert_eq!(props(&wanted(&stack, "q", &Outputs::new())), expected, "{form}");
        let known: Vec<&str> = stack.source_map().further_files().map(|(path, _)| path).collect();
        assert_eq!(known.len(), 4, "{known:?}");
    }
}

#[test]
fn globals_and_for_each_take_files() {
    let manifest = queue("{ QueueName: '{{ names[0].n }}-{{ each.key }}' }")
        .replace("resources:", "globals:\n  - { name: names, value: file(names.yml) }\nresources:")
        .replace("    props:", "    for_each: file(keys.json)\n    props:");
    let stack = good(&manifest, &[("resources/names.yml", "- n: x\n"), ("resources/keys.json", "[\"a\"]")]);
    assert_eq!(props(&wanted(&stack, "q[\"a\"]", &Outputs::new())), r#"{"QueueName":"x-a"}"#);
}

#[test]
fn keys_are_no_directives_and_neither_are_other_places() {
    assert!(
        said(&queue("{ QueueName: n, RedrivePolicy: { 'file(a)': 1 } }"), &[])
            .contains("no property `file(a)`")
    );
    insta::assert_snapshot!(said(&queue("{ QueueName: n }").replace("us-east-1", "file(r.txt)"), &[]), @r#"
    [SD1121] `file(…)` is not read here
      stackql_manifest.yml:5:13 this would be taken for a text
      = next  include the file in the value of a global, and use the global here
    "#);
}

#[test]
fn problems_inside_a_file_are_shown_there() {
    let manifest =
        queue("\n      QueueName: n\n      Tags: file(tags.json)\n      DelaySeconds: file(d.yml)");
    let files = [
        ("resources/tags.json", "[\n  {\"Key\": \"{{ nope }}\", \"Valu\": 1}\n]"),
        ("resources/d.yml", "# seconds\n\"{{ 1 + }}\"\n"),
    ];
    insta::assert_snapshot!(said(&manifest, &files), @r#"
    [SD1201] this template cannot be parsed
      resources/d.yml:2:9 unexpected end of variable block
    [SD1203] `nope` is not defined
      resources/tags.json:2:15 
      = next  fix the name, or add it to globals: - { name: nope, value: … }
    [SD1301] `Tags[0]` has no property `Valu`
      resources/tags.json:2:25 did you mean `Value`?
      = properties  Key and Value
    "#);
}

#[test]
fn missing_and_bad_files_are_told_at_the_directive() {
    let all = [
        said(&queue("{ QueueName: file(nope.txt), Tags: file(nope.txt) }"), &[]),
        said(&queue("{ QueueName: file(a.json) }"), &[("resources/a.json", "{\"a\": }\n")]),
        said(&queue("{ QueueName: file(a.yml) }"), &[("resources/a.yml", "a: [\n")]),
        said(&queue("{ QueueName: file(a.txt) }"), &[("resources/a.txt", "a: [\n")]),
        said(&queue("{ QueueName: file(a.yml), Tags: file(a.yml) }"), &[("resources/a.yml", "a: 1\na: 2\n")]),
        said(&queue("{ QueueName: 'file({{ stack_env }}.txt)' }"), &[]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    [SD1121] there is no file resources/nope.txt
      stackql_manifest.yml:6:25 
      = why  paths start at the folder `resources` of the stack
    [SD1121] there is no file resources/nope.txt
      stackql_manifest.yml:6:47 
      = why  paths start at the folder `resources` of the stack

    [SD1007] this is not valid JSON
      resources/a.json:1:7 expected value
      stackql_manifest.yml:6:25 resources/a.json is included here

    [SD1001] this is not valid YAML
      resources/a.yml:2:1 while parsing a node, did not find expected node content
      stackql_manifest.yml:6:25 resources/a.yml is included here

    [SD1001] this is not valid YAML
      resources/a.txt:2:1 while parsing a node, did not find expected node content
      stackql_manifest.yml:6:25 resources/a.txt is included here

    [SD1002] the key `a` is written twice
      resources/a.yml:2:1 again here
      resources/a.yml:1:1 first here
      stackql_manifest.yml:6:25 resources/a.yml is included here
      = next  remove one of the two: a reader would keep only the last
    [SD1304] `QueueName` must be a string, this is an object
      resources/a.yml:1:1 expected a string
      = next  if a document is meant, write its JSON text
    [SD1304] `Tags` must be a list, this is an object
      resources/a.yml:1:1 expected a list
      = next  write each tag as an element: - { Key: …, Value: … }

    [SD1121] files are read before templates are rendered
      stackql_manifest.yml:6:25 this path would not be rendered
      = next  write the path out; choose between files with `values` by environment
    "#);
}

#[test]
fn circles_are_shown_as_a_path() {
    let files = [
        ("resources/a.json", "{\"x\": \"file(b.yml)\"}"),
        ("resources/b.yml", "- 1\n- y: file(../resources/c.json)\n"),
        ("resources/c.json", "[\"file(a.json)\"]"),
        ("resources/self.yml", "file(self.yml)\n"),
    ];
    let manifest = queue("{ QueueName: file(a.json), Tags: file(self.yml) }");
    insta::assert_snapshot!(said(&manifest, &files), @r#"
    [SD1123] files include each other: resources/a.json → resources/b.yml → resources/c.json → resources/a.json
      resources/c.json:1:2 this closes the circle
      resources/a.json:1:7 this includes resources/b.yml
      resources/b.yml:2:6 this includes resources/c.json
      = next  take one of these directives out
    [SD1123] files include each other: resources/self.yml → resources/self.yml
      resources/self.yml:1:1 this closes the circle
      = next  take one of these directives out
    [SD1304] `QueueName` must be a string, this is an object
      resources/a.json:1:1 expected a string
      = next  if a document is meant, write its JSON text
    "#);
}

#[test]
fn files_outside_the_stack_are_refused_unless_allowed() {
    let manifest = queue("{ QueueName: file(../../shared/name.txt), Tags: file(/etc/tags.json) }");
    let files = [("../shared/name.txt", "n\n"), ("/etc/tags.json", "[]"), ("inside.txt", "x")];
    insta::assert_snapshot!(said(&manifest, &files), @r#"
    [SD1122] the file ../../shared/name.txt is outside the stack folder
      stackql_manifest.yml:6:25 this path leaves the stack folder
      = next  put it into the stack folder, or allow it: --allow-outside-files
    [SD1122] the file /etc/tags.json is outside the stack folder
      stackql_manifest.yml:6:60 this path leaves the stack folder
      = next  put it into the stack folder, or allow it: --allow-outside-files
    "#);
    let parsed = parse(&manifest, &files, true);
    assert_eq!(show_all(&parsed), "");
    let stack = parsed.stack.unwrap();
    assert_eq!(props(&wanted(&stack, "q", &Outputs::new())), r#"{"QueueName":"n","Tags":[]}"#);
    // In the stack folder but not in `resources` is fine.
    good(&queue("{ QueueName: file(../inside.txt) }"), &files);
}

#[derive(Debug)]
struct Refusing(FileError);
impl Files for Refusing {
    fn read(&self, _: &str) -> Result<String, FileError> {
        Err(self.0.clone())
    }
}

#[test]
fn what_the_disk_says_is_passed_on() {
    for (error, expected) in [
        (FileError::Outside, "SD1122"),
        (FileError::Unreadable("permission denied".to_owned()), "permission denied"),
    ] {
        let sources = Sources {
            manifest: queue("{ QueueName: file(a) }"),
            files: Arc::new(Refusing(error)),
            env: "prod".to_owned(),
            ..Sources::default()
        };
        let parsed = Stack::parse(sources, Arc::new(Fixture), Options::default());
        assert!(
            format!("{:?}", parsed.diagnostics).contains(expected)
                || parsed.diagnostics[0].code.to_string() == expected
        );
    }
}

#[test]
fn files_cannot_multiply_without_bound() {
    let wide = format!("[{}]", vec!["\"file(next)\""; 200].join(", "));
    let files: Vec<(String, String)> = (0..9)
        .map(|i| (format!("resources/f{i}"), wide.replace("next", &format!("f{}", i + 1))))
        .chain([("resources/f9".to_owned(), "x".repeat(1000))])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let said = said(&queue("{ QueueName: n, Tags: file(f0) }"), &files);
    assert!(said.contains("larger than 16 MiB together"), "{}", &said[..said.len().min(500)]);
    // Leaves of one byte are counted too.
    let mut small = files.clone();
    small.retain(|(path, _)| *path != "resources/f9");
    small.push(("resources/f9", "1"));
    let said = self::said(&queue("{ QueueName: n, Tags: file(f0) }"), &small);
    assert!(said.contains("larger than 16 MiB together"), "{}", &said[..said.len().min(500)]);
    let nested: Vec<(String, String)> =
        (0..20).map(|i| (format!("resources/n{i}.yml"), format!("- file(n{}.yml)\n", i + 1))).collect();
    let nested: Vec<(&str, &str)> =
        nested.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let said = self::said(&queue("{ QueueName: n, Tags: file(n0.yml) }"), &nested);
    assert!(said.contains("more than 10 files stand inside each other"), "{said}");
    let deep = format!("{}{}", "[".repeat(90), "]".repeat(90));
    let twice = deep.replacen("[]", "[\"file(deep.json)\"]", 1);
    let said = self::said(
        &queue("{ QueueName: n, Tags: file(a.json) }"),
        &[("resources/a.json", twice.as_str()), ("resources/deep.json", deep.as_str())],
    );
    assert!(said.contains("nested too deeply"), "{said}");
}
