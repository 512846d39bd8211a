//! Every mistake a property can have, in every place a property can stand: each gives its code at the exact line and
//! column, and nothing else is said.
//!
//! A mistake is written once, with `⟦` and `⟧` around what is to be underlined. It is put at the top level, into the
//! second element of a list, into the same list inside `values.prod`, and into a file that `file(…)` includes.

use super::{problems_of, show};
use crate::{Options, Parsed, Sources, Stack};
use serde_json::{Value as Json, json};
use stack_core::ids::TypeName;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use std::sync::{Arc, LazyLock};

/// True where `file(…)` is read. It decides whether the fourth column is looked at.
const FILES: bool = true;

/// The file of the fourth column: as the directive names it, as it is found, and as it is shown.
const INCLUDED: (&str, &str) = ("list.yml", "resources/list.yml");

/// Code, what is wrong, and what it is.
const MISTAKES: &[(u16, &str, &str)] = &[
    (1001, "Text: ⟦\"⟧{{ good }}", "an open quote"),
    (1001, "Text: ⟦{{ good }}⟧", "a template without quotes"),
    (1002, "Map: { a: x, b: y, ⟦a⟧: z }", "a key twice"),
    (1004, "Text: ⟦!Ref⟧ other", "a tag of CloudFormation"),
    (1201, "Text: \"{{ good + ⟦}}⟧\"", "a template that ends too early"),
    (1202, "Text: \"x-{{ good | ⟦uper⟧ }}\"", "a filter that does not exist"),
    (1203, "Text: \"{{ ⟦god⟧ }}\"", "a name that does not exist"),
    (1203, "Text: 'é ''{{ good }} {{ ⟦god⟧ }}'", "a name after quotes and letters of two bytes"),
    (1203, "Text: >-\n  {% set x = 1 %}\n  two {{ ⟦god⟧ }}", "a name in a folded text"),
    (1204, "Text: \"{{ ⟦other.Arm⟧ }}\"", "a property that the other resource does not have"),
    (1205, "Text: \"{{ good | ⟦int⟧ }}\"", "a filter that fails"),
    (1206, "Text: \"{{ ⟦r.Arn⟧ }}\"", "a reference to itself"),
    (1301, "⟦Nonsense⟧: x", "an unknown property"),
    (1301, "Obj: { In: x, ⟦Txet⟧: y }", "an unknown property one level down"),
    (1302, "Obj: { ⟦in⟧: x }", "a nested key in snake case"),
    (1304, "Count: ⟦many⟧", "a word for a number"),
    (1304, "Flag: ⟦yes⟧", "a word for a boolean"),
    (1304, "Few: ⟦{ a: b }⟧", "an object for a list"),
    (1304, "Few: [a, ⟦[b]⟧]", "a list for a text"),
    (1305, "Kind: ⟦ALHPA⟧", "a value that is not allowed"),
    (1306, "Name: ⟦9 lives⟧", "a text against the pattern"),
    (1307, "Short: ⟦abcde⟧", "a text that is too long"),
    (1307, "Short: ⟦''⟧", "a text that is too short"),
    (1308, "Count: ⟦11⟧", "a number that is too large"),
    (1309, "⟦Few⟧: []", "too few elements"),
    (1309, "⟦Few⟧: [a, b, c]", "too many elements"),
    (1310, "Few: [a, ⟦a⟧]", "an element twice"),
    (1311, "⟦Obj⟧: {}", "a required member that is missing"),
    (1312, "Obj: { In: ⟦null⟧ }", "a required member that is removed"),
    (1313, "⟦Arn⟧: x", "a read-only property"),
    (1314, "⟦Form⟧: c", "a value of no allowed form"),
    (1315, "⟦Xor⟧: { C: x }", "none of two members"),
    (1316, "Xor: { A: x, ⟦B⟧: y }", "both of two members"),
    (1317, "Beside: { ⟦A⟧: x }", "a member without its companion"),
    (1318, "⟦Map⟧: { a: x, b: y, c: z }", "too many members"),
    (1319, "Map: { ⟦A1⟧: x }", "a key against the pattern"),
    (1323, "⟦Old⟧: x", "a deprecated property"),
    (1324, "Text: ⟦1.50⟧", "a number for a text"),
    (1326, "Doc: ⟦'{\"a\": }'⟧", "a text that is no JSON"),
    (1327, "AccessPolicy: { Statement: [{ Effect: ⟦allow⟧, Action: a }] }", "a misspelt effect"),
    (
        1327,
        "AccessPolicy: { Statement: [{ Effect: Allow, Action: a, ⟦Resources⟧: b }] }",
        "a misspelt member",
    ),
    (1328, "VpcId: ⟦vpc_123⟧", "a text of another kind"),
];

static SCHEMA: LazyLock<Arc<ResourceSchema>> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let members = json!({"A": text, "B": text, "C": text});
    let rules = json!({
        "Text": text,
        "Flag": {"type": "boolean"},
        "Count": {"type": "integer", "minimum": 1, "maximum": 10},
        "Kind": {"type": "string", "enum": ["ALPHA", "BETA"]},
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Short": {"type": "string", "minLength": 2, "maxLength": 4},
        "Few": {"type": "array", "items": text, "minItems": 1, "maxItems": 2, "uniqueItems": true},
        "Obj": {"type": "object", "properties": {"In": text, "Text": text}, "required": ["In"],
                "additionalProperties": false},
        "Arn": text,
        "Old": text,
        "Form": {"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}]},
        "Xor": {"type": "object", "properties": members, "additionalProperties": false, "requiredXor": ["A", "B"]},
        "Beside": {"type": "object", "properties": members, "additionalProperties": false,
                   "dependencies": {"A": ["B"]}},
        "Map": {"type": "object", "patternProperties": {"^[a-z]+$": text}, "additionalProperties": false,
                "maxProperties": 2},
        "Doc": {"type": ["object", "string"], "format": "json"},
        "AccessPolicy": {"type": ["object", "string"]},
        "VpcId": {"type": "string", "format": "AWS::EC2::VPC.Id"},
    });
    let mut properties = rules.clone();
    properties["List"] = json!({"type": "array", "items": {
        "type": "object", "properties": rules, "additionalProperties": false,
    }});
    let schema: Json = json!({
        "typeName": "Test::Unit::Thing", "properties": properties, "additionalProperties": false,
        "readOnlyProperties": ["/properties/Arn", "/properties/List/*/Arn"],
        "deprecatedProperties": ["/properties/Old", "/properties/List/*/Old"],
        "primaryIdentifier": ["/properties/Arn"],
        "handlers": {"create": {}, "read": {}, "update": {}, "delete": {}, "list": {}},
    });
    Arc::new(serde_json::from_value(schema).unwrap())
});

/// One type with every rule, at the top level and in the elements of `List`.
#[derive(Debug)]
struct Things;

impl Schemas for Things {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        assert_eq!(name, "Test::Unit::Thing");
        Ok(TypeName::new(name))
    }
    fn schema(&self, _: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        Ok(Arc::clone(&SCHEMA))
    }
    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}

const HEAD: &str = "name: s
globals:
  - { name: good, value: fine }
resources:
  - { name: other, type: Test::Unit::Thing, props: { Text: x } }
  - name: r
    type: Test::Unit::Thing
    props:
";

/// The lines of a mistake, further in; `first` before the first of them.
fn indented(mistake: &str, first: &str, by: usize) -> String {
    let mut out = String::new();
    for (number, line) in mistake.lines().enumerate() {
        let start = if number == 0 { first } else { &" ".repeat(first.len()) };
        out.push_str(&format!("{}{start}{line}\n", " ".repeat(by)));
    }
    out
}

/// A mistake in a place: the manifest, and the included file.
type Case = (String, String);

fn at_top_level(mistake: &str) -> Case {
    (format!("{HEAD}{}", indented(mistake, "", 6)), String::new())
}

fn in_a_list(mistake: &str) -> Case {
    (format!("{HEAD}      List:\n      - Text: a\n{}", indented(mistake, "- ", 6)), String::new())
}

fn in_values(mistake: &str) -> Case {
    let list = indented(mistake, "- ", 14);
    let values = "      - name: List
        values:
          dev: { value: [] }
          prod:
            value:
              - Text: a
";
    (format!("{HEAD}{values}{list}"), String::new())
}

fn in_a_file(mistake: &str) -> Case {
    let manifest = format!("{HEAD}      List: file({})\n", INCLUDED.0);
    (manifest, format!("# included\n- Text: a\n{}", indented(mistake, "- ", 0)))
}

/// The marked part: line, column, and the text without marks.
fn marked(text: &str) -> Option<(usize, usize, String)> {
    let (before, rest) = text.split_once('⟦')?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((line, column, rest.split_once('⟧')?.0.to_owned()))
}

fn without_marks(text: &str) -> String {
    text.replace(['⟦', '⟧'], "")
}

fn parse((manifest, file): &Case) -> Parsed {
    let mut sources =
        Sources { manifest: without_marks(manifest), env: "prod".to_owned(), ..Sources::default() };
    if !file.is_empty() {
        let files = indexmap::IndexMap::from([(INCLUDED.1.to_owned(), without_marks(file))]);
        sources.files = Arc::new(files);
    }
    Stack::parse(sources, Arc::new(Things), Options::default())
}

/// What is wrong with what is said about a case.
fn judge(code: u16, case: &Case) -> Option<String> {
    let (file, wanted) = match marked(&case.1) {
        Some(wanted) => (INCLUDED.1, wanted),
        None => (crate::MANIFEST_NAME, marked(&case.0).unwrap()),
    };
    let parsed = parse(case);
    let said = problems_of(&parsed);
    let wanted = format!("SD{code} {file}:{}:{} «{}»", wanted.0, wanted.1, wanted.2);
    let found: Vec<String> = said
        .iter()
        .map(|problem| {
            let label = &problem.labels[0];
            let span = parsed.source_map.span(label).unwrap();
            let text = &parsed.source_map.file(&label.route).unwrap().1[span.start_byte..span.end_byte];
            format!("{} {}:{}:{} «{text}»", problem.code, span.file, span.line, span.column)
        })
        .collect();
    (found != [wanted.as_str()])
        .then(|| format!("wanted {wanted}, found {found:?}\n{}", show(&said, &parsed.source_map)))
}

/// Judges all mistakes in one place.
fn column(place: fn(&str) -> Case) {
    let wrong: Vec<String> = MISTAKES
        .iter()
        .filter_map(|(code, mistake, what)| Some(format!("{what}: {}", judge(*code, &place(mistake))?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_at_the_top_level_are_found_where_they_are() {
    column(at_top_level);
}

#[test]
fn mistakes_in_a_list_are_found_where_they_are() {
    column(in_a_list);
}

#[test]
fn mistakes_in_values_by_environment_are_found_where_they_are() {
    column(in_values);
}

#[test]
fn mistakes_in_an_included_file_are_found_in_that_file() {
    if FILES {
        column(in_a_file);
    }
}

#[test]
fn the_matrix_has_many_codes_and_its_frame_has_no_mistake() {
    let codes: std::collections::BTreeSet<u16> = MISTAKES.iter().map(|(code, ..)| *code).collect();
    assert!(codes.len() >= 30, "only {} codes", codes.len());
    for place in [at_top_level, in_a_list, in_values] {
        let parsed = parse(&place("Text: \"{{ good }} {{ other.Arn }}\""));
        assert_eq!(show(&problems_of(&parsed), &parsed.source_map), "");
    }
}
