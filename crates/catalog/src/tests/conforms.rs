//! Offline checks against every published schema: realistic values pass, and no value at all does harm.

use super::{Catalog, TypeName, catalog, schema};
use serde_json::{Map, Value as Json, json};
use stack_core::conform::{check_type, codes, conform};
use stack_core::diagnostic::Severity;
use stack_core::schema::{Additional, JsonType, Node, ResourceSchema, Schemas};
use stack_core::value::Value;
use std::collections::BTreeSet;

/// Properties as people write them, by type, from the documentation of each service.
const VALID: &[(&str, &str)] = &[
    ("app", include_str!("../../testdata/valid/app.json")),
    ("compute", include_str!("../../testdata/valid/compute.json")),
    ("data", include_str!("../../testdata/valid/data.json")),
    ("network", include_str!("../../testdata/valid/network.json")),
    ("security", include_str!("../../testdata/valid/security.json")),
];

/// Places whose warning is right: the schema marks the property as deprecated.
const WARNED: &[&str] = &[
    "AWS::ECR::Repository /EmptyOnDelete",
    "AWS::EKS::Cluster /EncryptionConfig/0/Resources",
    "AWS::KMS::Key /PendingWindowInDays",
];

/// Every valid example: its type and the properties.
fn valid() -> Vec<(String, Json)> {
    let mut all = Vec::new();
    for (file, text) in VALID {
        let types: Map<String, Json> = serde_json::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        for (ty, examples) in types {
            match examples {
                Json::Array(many) => all.extend(many.into_iter().map(|one| (ty.clone(), one))),
                one => all.push((ty, one)),
            }
        }
    }
    all
}

#[test]
fn realistic_properties_of_popular_types_pass_without_a_word() {
    let mut types = BTreeSet::new();
    let mut said = Vec::new();
    for (ty, example) in valid() {
        let schema = schema(&ty);
        assert!(schema.is_provisionable(), "{ty}");
        let before = Value::from(&example);
        let conformed = conform(&schema, before.clone());
        for violation in &conformed.violations {
            let place = format!("{ty} {}", violation.pointer);
            if violation.severity == Severity::Error || !WARNED.contains(&place.as_str()) {
                said.push(format!("{place}: {} {} {:?}", violation.code, violation.message, violation.notes));
            }
        }
        assert!(same_meaning(&before, &conformed.props), "{ty}: {:?}", conformed.props);
        types.insert(ty);
    }
    assert!(types.len() >= 150, "only {} types", types.len());
    assert!(said.is_empty(), "{}", said.join("\n"));
}

/// A source of choices that is the same in every run.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }
}

/// Any JSON at all, with names that a schema may know.
fn any(choices: &mut Choices, names: &[&String], depth: u8) -> Json {
    match choices.below(if depth < 4 { 10 } else { 8 }) {
        0 => Json::Null,
        1 => json!(choices.below(2) == 0),
        2 => json!(choices.below(70_000)),
        3 => json!(-1.5),
        4 => json!(
            ["", "true", "17", "string", "arn:aws:s3:::x", "{\"a\": [1]}", "[", "\u{e9}\u{0}"]
                [choices.below(8)]
        ),
        5 => json!([]),
        6 => json!({}),
        7 => json!(u64::MAX),
        8 => (0..choices.below(3)).map(|_| any(choices, names, depth + 1)).collect(),
        _ => {
            let name = |choices: &mut Choices| match names.get(choices.below(names.len() + 2)) {
                Some(name) => (*name).clone(),
                None => ["Key", "Value", "key", "a/b~c", "Statement"][choices.below(5)].to_owned(),
            };
            (0..choices.below(4)).map(|_| (name(choices), any(choices, names, depth + 1))).collect()
        }
    }
}

/// A value of the types that the schema names; not always one that the other rules allow.
fn follow(schema: &ResourceSchema, node: &Node, choices: &mut Choices, depth: u8) -> Json {
    let node = schema.follow(node);
    let branches: Vec<&Node> = node.one_of.iter().chain(&node.any_of).collect();
    if !branches.is_empty() && node.properties.is_empty() && depth < 6 {
        return follow(schema, branches[choices.below(branches.len())], choices, depth + 1);
    }
    if let Some(constant) = &node.constant {
        return constant.clone();
    }
    if !node.choices.is_empty() {
        return node.choices[choices.below(node.choices.len())].clone();
    }
    let types: Vec<JsonType> = node.types.iter().collect();
    match types.get(choices.below(types.len())).copied().unwrap_or(JsonType::Object) {
        JsonType::Object => {
            let mut members = Map::new();
            for (name, child) in &node.properties {
                let wanted = node.required.contains(name) || (depth < 3 && choices.below(3) == 0);
                if wanted && depth < 8 {
                    members.insert(name.clone(), follow(schema, child, choices, depth + 1));
                }
            }
            let other = node.pattern_properties.values().next().or(match &node.additional_properties {
                Some(Additional::Schema(child)) => Some(child),
                _ => None,
            });
            if let (Some(child), true) = (other, depth < 8) {
                members.insert("key".to_owned(), follow(schema, child, choices, depth + 1));
            }
            Json::Object(members)
        }
        JsonType::Array => match &node.items {
            Some(items) if depth < 8 => {
                let least = usize::try_from(node.min_items.unwrap_or(0)).unwrap_or(0).min(3);
                (0..choices.below(2) + least).map(|_| follow(schema, items, choices, depth + 1)).collect()
            }
            _ => json!([]),
        },
        JsonType::String => json!(
            ["a", "arn:aws:iam::123456789012:role/x", "5", "true", "{\"a\": 1}", "abcdef-1"]
                [choices.below(6)]
        ),
        JsonType::Integer => json!(node.minimum.as_ref().and_then(|m| m.as_i64()).unwrap_or(1)),
        JsonType::Number => json!(0.5),
        JsonType::Boolean => json!(choices.below(2) == 0),
        JsonType::Null => Json::Null,
    }
}

/// The value without the members that do not fit, as far as that helps.
fn pruned(schema: &ResourceSchema, mut json: Json) -> Json {
    for _ in 0..4 {
        let said = conform(schema, Value::from(&json)).violations;
        let wrong = said.iter().filter(|v| v.severity == Severity::Error && !v.pointer.is_root());
        let before = json.clone();
        for violation in wrong {
            if let (Some(parent), Some(last)) =
                (violation.pointer.parent(), violation.pointer.segments().last())
                && let Some(Json::Object(members)) = json.pointer_mut(&parent.to_string())
            {
                members.remove(last);
            }
        }
        if json == before {
            break;
        }
    }
    json
}

/// Equal, but for what the schema's types decide: a number or a boolean and its text, a document and its JSON text.
fn same_meaning(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same_meaning(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_meaning(a, b))
        }
        (Value::String(text), document @ (Value::Object(_) | Value::Array(_)))
        | (document @ (Value::Object(_) | Value::Array(_)), Value::String(text)) => {
            serde_json::from_str::<Json>(text).is_ok_and(|json| same_meaning(&Value::from(json), document))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b || (a.scalar_text().is_some() && a.scalar_text() == b.scalar_text()),
    }
}

#[test]
fn no_value_makes_a_panic_and_a_good_value_keeps_its_meaning() {
    let (mut good, mut all) = (0, 0);
    for (number, ty) in catalog().types().enumerate() {
        let schema = schema(ty);
        let names: Vec<&String> = schema.root.properties.keys().collect();
        let mut choices = Choices(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1));
        let followed = follow(&schema, &schema.root, &mut choices, 0);
        let values = [any(&mut choices, &names, 0), pruned(&schema, followed.clone()), followed];
        for json in values {
            all += 1;
            let before = Value::from(&json);
            let once = conform(&schema, before.clone());
            let twice = conform(&schema, once.props.clone());
            assert_eq!(twice.props, once.props, "{ty}: {json}");
            for violation in &once.violations {
                assert!(!violation.message.is_empty() && !violation.label.is_empty(), "{ty}: {violation:?}");
            }
            if !once.has_errors() {
                good += 1;
                assert!(same_meaning(&before, &once.props), "{ty}: {json} became {:?}", once.props);
                assert!(!twice.has_errors(), "{ty}: {json}: {:?}", twice.violations);
            }
        }
    }
    // The generator is of use only if a fair part of what it makes is valid.
    assert!(good * 4 > all, "only {good} of {all} values were valid");
}

#[test]
fn what_is_said_in_place_of_a_type_without_handlers_can_be_managed() {
    let mut named = 0;
    for ty in catalog().types() {
        let schema = schema(ty);
        for violation in check_type(&schema, &[]).iter().filter(|v| v.code == codes::NOT_PROVISIONABLE) {
            for (_, text) in &violation.notes {
                for other in text.split('`').filter(|part| part.starts_with("AWS::")) {
                    named += 1;
                    let other: TypeName = Catalog::embedded().canonical(other).unwrap();
                    assert!(super::schema(other.as_str()).is_provisionable(), "{ty}: {other}");
                }
            }
        }
    }
    assert!(named > 0);
}
