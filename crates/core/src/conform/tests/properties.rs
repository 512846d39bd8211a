//! What holds for every input.

use super::{domain, run, said, says, table, thing};
use crate::conform::{Conformed, conform};
use crate::diagnostic::Severity;
use crate::schema::{Additional, JsonType, Node, ResourceSchema};
use crate::testdata;
use crate::value::{Secret, Unknown, Value};
use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SCHEMAS: LazyLock<BTreeMap<String, ResourceSchema>> =
    LazyLock::new(|| testdata::types().into_iter().map(|ty| (ty.clone(), testdata::schema(&ty))).collect());

/// A stream of choices that ends in zeros.
struct Choices<'b>(&'b [u8]);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first)
            }
            None => 0,
        }
    }
}

/// A value that mostly follows the schema and now and then does not.
fn follow(schema: &ResourceSchema, node: &Node, choices: &mut Choices<'_>, depth: u8) -> Value {
    let node = schema.follow(node);
    match choices.next() % 16 {
        0 if depth > 0 => return stray(choices),
        1 => return Value::Unknown(Unknown::of(&"other".into(), "Arn")),
        2 if depth > 0 => return Value::Secret(Secret::new(follow(schema, node, choices, depth))),
        _ => {}
    }
    let branches: Vec<&Node> = node.one_of.iter().chain(&node.any_of).chain(&node.all_of).collect();
    if !branches.is_empty() && choices.next().is_multiple_of(2) && depth < 8 {
        return follow(schema, branches[choices.next() % branches.len()], choices, depth + 1);
    }
    if !node.choices.is_empty() {
        return Value::from(&node.choices[choices.next() % node.choices.len()]);
    }
    let types: Vec<JsonType> = node.types.iter().collect();
    let ty = if types.is_empty() { JsonType::Object } else { types[choices.next() % types.len()] };
    match ty {
        JsonType::Object => {
            let mut members = IndexMap::new();
            for (name, child) in &node.properties {
                if depth < 6 && (node.required.contains(name) || choices.next() % 4 == 1) {
                    members.insert(name.clone(), follow(schema, child, choices, depth + 1));
                }
            }
            let extra = node.pattern_properties.values().next().or(match &node.additional_properties {
                Some(Additional::Schema(child)) => Some(child),
                _ => None,
            });
            if let (Some(child), true) = (extra, depth < 6) {
                for i in 0..choices.next() % 3 {
                    members.insert(format!("key{i}"), follow(schema, child, choices, depth + 1));
                }
            }
            Value::Object(members)
        }
        JsonType::Array => Value::Array(match &node.items {
            Some(items) if depth < 6 => {
                (0..choices.next() % 3).map(|_| follow(schema, items, choices, depth + 1)).collect()
            }
            _ => Vec::new(),
        }),
        JsonType::String => {
            Value::text(["", "a", "arn:aws:iam::123456789012:role/x", "5", "{\"a\": 1}"][choices.next() % 5])
        }
        JsonType::Integer => Value::from(json!(choices.next())),
        JsonType::Number => Value::from(json!(f64::from(u8::try_from(choices.next()).unwrap()) / 4.0)),
        JsonType::Boolean => Value::Bool(choices.next().is_multiple_of(2)),
        JsonType::Null => Value::Null,
    }
}

fn stray(choices: &mut Choices<'_>) -> Value {
    let values = [
        json!(null),
        json!("x"),
        json!("true"),
        json!("17"),
        json!("[1, {\"Key\": 2}]"),
        json!("{\"a\": [null]}"),
        json!(3.5),
        json!(-1),
        json!(true),
        json!([]),
        json!({}),
        json!([null]),
        json!({"key": "a", "value": {"b": 1}}),
        json!("string"),
    ];
    Value::from(&values[choices.next() % values.len()])
}

fn declared(schema: &ResourceSchema, bytes: &[u8]) -> Value {
    let mut choices = Choices(bytes);
    let mut value = follow(schema, &schema.root, &mut choices, 0);
    if let Value::Object(members) = &mut value {
        if choices.next().is_multiple_of(4) {
            members.insert("not_a_property".to_owned(), stray(&mut choices));
        }
        if choices.next().is_multiple_of(4)
            && let Some((name, member)) = members.shift_remove_index(0)
        {
            members.insert(crate::naming::column_name(&name), member);
        }
    }
    value
}

fn errors(conformed: &Conformed) -> usize {
    conformed.violations.iter().filter(|v| v.severity == Severity::Error).count()
}

/// How many leaves a value has, secrets counted as one.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) if !members.is_empty() => members.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// The value with its n-th leaf unknown.
fn without(value: Value, n: &mut usize) -> Value {
    match value {
        Value::Object(members) if !members.is_empty() => {
            Value::Object(members.into_iter().map(|(k, v)| (k, without(v, n))).collect())
        }
        Value::Array(items) if !items.is_empty() => {
            Value::Array(items.into_iter().map(|v| without(v, n)).collect())
        }
        leaf => {
            let hit = *n == 0;
            *n = n.wrapping_sub(1);
            if hit { Value::Unknown(Unknown::of(&"other".into(), "Id")) } else { leaf }
        }
    }
}

/// The names of the types: a failure prints them, not the whole schema.
fn types() -> impl Strategy<Value = String> {
    prop::sample::select(SCHEMAS.keys().cloned().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn conforming_twice_changes_nothing_more(ty in types(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let schema = &SCHEMAS[&ty];
        let once = conform(schema, declared(schema, &bytes));
        let twice = conform(schema, once.props.clone());
        prop_assert_eq!(&twice.renames, &Vec::new());
        prop_assert_eq!(&twice.props, &once.props);
    }

    #[test]
    fn a_leaf_that_becomes_unknown_adds_no_error(
        ty in types(), bytes in prop::collection::vec(any::<u8>(), 0..200), pick in any::<prop::sample::Index>(),
    ) {
        let schema = &SCHEMAS[&ty];
        let value = declared(schema, &bytes);
        let before = conform(schema, value.clone());
        let mut n = pick.index(leaves(&value));
        let after = conform(schema, without(value.clone(), &mut n));
        prop_assert!(errors(&after) <= errors(&before), "{value:?}\n{:#?}\n{:#?}", before.violations, after.violations);
    }

    #[test]
    fn every_violation_has_a_place_and_words(ty in types(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let schema = &SCHEMAS[&ty];
        let value = declared(schema, &bytes);
        for violation in conform(schema, value.clone()).violations {
            prop_assert!(!violation.message.is_empty() && !violation.label.is_empty(), "{violation:?}");
            let inside = value.at(&violation.pointer).is_some();
            // Text that holds a document has no places inside; neither has a secret.
            let mut above = violation.pointer.clone();
            while !inside && value.at(&above).is_none() {
                above = above.parent().unwrap();
            }
            let reached = value.at(&above).unwrap();
            prop_assert!(inside || matches!(reached, Value::String(_)), "{violation:?}");
        }
    }
}

#[test]
fn unknown_leaves_pass_one_by_one_in_clean_examples() {
    for (ty, clean) in
        [("AWS::CustomerProfiles::Domain", domain(json!({}))), ("AWS::DynamoDB::Table", table(json!({})))]
    {
        let schema = testdata::schema(ty);
        let value = super::value(&clean);
        for i in 0..leaves(&value) {
            let mut n = i;
            assert_eq!(conform(&schema, without(value.clone(), &mut n)).violations, []);
        }
        assert_eq!(run(&schema, json!({"$unknown": "all"})).violations, []);
    }
}

#[test]
fn write_only_texts_with_the_name_of_a_secret_are_sealed() {
    let schema = thing(json!({
        "properties": {
            "Password": {"type": "string", "maxLength": 8},
            "Code": {"type": "string"},
            "Shown": {"type": "object", "properties": {"Token": {"type": "string"}}},
            "Login": {"type": "object", "properties": {"Password": {"type": "string"}, "Reset": {"type": "boolean"}}},
            "Users": {"type": "array", "items": {"$ref": "#/definitions/User"}},
            "Credentials": {"type": "object", "properties": {
                "TokenUrl": {"type": "string"},
                "TokenUse": {"type": "string", "enum": ["id", "access"]},
                "Custom": {"type": "object", "patternProperties": {".*": {"type": "string"}}},
                "Map": {"$ref": "#/definitions/CredentialsMap"},
                "SecretsMap": {"$ref": "#/definitions/CredentialsMap"}
            }}
        },
        "definitions": {
            "User": {"type": "object", "properties": {"Name": {"type": "string"}, "Password": {"type": "string"}}},
            "CredentialsMap": {"type": "object", "patternProperties": {".*": {"type": "string"}}}
        },
        "writeOnlyProperties": [
            "/properties/Password", "/properties/Code", "/properties/Login", "/properties/Users/*/Password",
            "/properties/Credentials"
        ]
    }));
    let conformed = run(
        &schema,
        json!({
            "password": 12345678,
            "Code": "def",
            "Shown": {"Token": "t"},
            "Login": "{\"Password\": \"inner-text\", \"Reset\": true}",
            "Users": [{"Name": "n", "Password": {"$unknown": "a.B"}}, {"Name": "m", "Password": "p"}],
            "Credentials": {
                "TokenUrl": "https://x", "TokenUse": "id", "Custom": {"a": "b", "ApiKey": "k"}, "Map": {"a": "b"},
                "SecretsMap": {"a": "b"}
            }
        }),
    );
    assert_eq!(said(&conformed), "");
    let shown = format!("{:?}", conformed.props);
    for secret in ["12345678", "inner-text", "\"p\"", "\"k\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let sealed = |path: &str| {
        let at = crate::pointer::Pointer::parse(path).unwrap();
        conformed.props.at(&at).is_some_and(Value::has_secret)
    };
    assert!(sealed("/Password") && sealed("/Login/Password") && sealed("/Users/0/Password"));
    assert!(
        sealed("/Users/1/Password")
            && sealed("/Credentials/Custom/ApiKey")
            && sealed("/Credentials/SecretsMap/a")
    );
    for open in
        ["/Code", "/Shown", "/Login/Reset", "/Users/0/Name", "/Credentials/TokenUrl", "/Credentials/TokenUse"]
    {
        assert!(!sealed(open), "{open}");
    }
    // The service gets it all.
    let at = crate::pointer::Pointer::parse("/Password").unwrap();
    assert_eq!(conformed.props.at(&at).unwrap().exposed(), Some(json!("12345678")));
    let said = says(&schema, json!({"Password": "much-too-long"}));
    assert!(!said.is_empty() && !said.contains("much-too-long"), "{said}");
}
