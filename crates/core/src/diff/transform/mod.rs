//! `propertyTransform`: how the service may have normalised a declared value (cloud-control 3.5).
//!
//! Expressions outside the closed set of the evaluator explain nothing; a difference is then shown rather than hidden.

mod evaluate;
mod parse;

use super::same_json;
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use evaluate::Evaluation;
use serde_json::Value as Json;

/// True if the schema says that the live value is what the service makes of the declared one.
///
/// `root` holds all declared properties. Names in the expression are relative to the parent in some schemas and full
/// paths in others: the parent wins.
pub(super) fn explains(
    schema: &ResourceSchema,
    at: &Pointer,
    root: &Value,
    declared: &Json,
    live: &Json,
) -> bool {
    alternatives(schema, at, root, declared).iter().any(|made| fits(made, live))
}

/// The scalar that the service makes of a declared value, if the schema says exactly which one: the first alternative
/// that is no pattern (trap 48).
pub(crate) fn normalised(
    schema: &ResourceSchema,
    at: &Pointer,
    root: &Value,
    declared: &Json,
) -> Option<Json> {
    alternatives(schema, at, root, declared).into_iter().find(|made| match made {
        Json::String(text) => !looks_like_pattern(text),
        Json::Number(_) | Json::Bool(_) => true,
        _ => false,
    })
}

/// What each alternative of a place's transform makes of the declared value.
fn alternatives(schema: &ResourceSchema, at: &Pointer, root: &Value, declared: &Json) -> Vec<Json> {
    let Some((_, expression)) = schema.property_transform.iter().find(|(path, _)| path.matches(at)) else {
        return Vec::new();
    };
    let parent = at.parent().unwrap_or_default();
    let lookup = |path: &[String]| -> Option<Json> {
        let relative = path.iter().fold(parent.clone(), |p, s| p.child(s.as_str()));
        let absolute = Pointer::of(path.iter().map(String::as_str));
        if relative == *at || absolute == *at {
            return Some(declared.clone());
        }
        root.at(&relative).or_else(|| root.at(&absolute))?.exposed()
    };
    // ` $OR ` is not JSONata: each alternative counts on its own.
    expression
        .split(" $OR ")
        .filter_map(|alternative| Evaluation::new(&lookup).value(&parse::parse(alternative)?))
        .collect()
}

/// Equal, or equal as text, or a regular expression that the whole live text follows.
fn fits(made: &Json, live: &Json) -> bool {
    if made.is_null() {
        return false;
    }
    if same_json(made, live) {
        return true;
    }
    let (Some(made), Some(live)) = (scalar_text(made), scalar_text(live)) else { return false };
    made == live
        || (looks_like_pattern(&made)
            && regex_lite::Regex::new(&format!("^(?:{made})$")).is_ok_and(|pattern| pattern.is_match(&live)))
}

fn looks_like_pattern(made: &str) -> bool {
    made.contains(".*") || made.contains(".+") || made.contains('[') || made.contains('\\')
}

fn scalar_text(json: &Json) -> Option<String> {
    match json {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::schema;
    use serde_json::json;

    fn explained(property: &str, declared: Json, live: Json) -> bool {
        let schema = schema("AWS::RDS::DBInstance");
        let root = Value::from(json!({ property: declared }));
        explains(&schema, &Pointer::of([property]), &root, &declared, &live)
    }

    fn value(expression: &str, input: &Json) -> Option<Json> {
        let lookup = |path: &[String]| Pointer::of(path.iter().map(String::as_str)).get(input).cloned();
        Evaluation::new(&lookup).value(&parse::parse(expression)?)
    }

    #[test]
    fn lower_case_names_are_explained() {
        assert!(explained("DBInstanceIdentifier", json!("MyDb"), json!("mydb")));
        assert!(!explained("DBInstanceIdentifier", json!("MyDb"), json!("other")));
    }

    #[test]
    fn a_major_version_explains_its_minor_ones() {
        assert!(explained("EngineVersion", json!("13"), json!("13.20")));
        assert!(!explained("EngineVersion", json!("13"), json!("14.1")));
    }

    #[test]
    fn a_key_id_explains_its_arn() {
        let arn = json!("arn:aws:kms:us-east-1:123456789012:key/1234abcd");
        assert!(explained("KmsKeyId", json!("1234abcd"), arn.clone()));
        assert!(!explained("KmsKeyId", json!("other"), arn));
    }

    #[test]
    fn protocol_numbers_have_names() {
        let schema = schema("AWS::EC2::SecurityGroup");
        let root = Value::from(
            json!({ "SecurityGroupIngress": [{ "IpProtocol": "6", "FromPort": 80, "ToPort": 80 }] }),
        );
        let at = Pointer::of(["SecurityGroupIngress", "0", "IpProtocol"]);
        assert!(explains(&schema, &at, &root, &json!("6"), &json!("tcp")));
        assert!(!explains(&schema, &at, &root, &json!("6"), &json!("udp")));
    }

    #[test]
    fn the_closed_set_has_values() {
        let input = json!({ "A": "x/y", "N": 3, "B": { "C": "V" }, "Z": "" });
        for (expression, expected) in [
            ("$split(A, \"/\")[-1]", json!("y")),
            ("$substringAfter(A, '/')", json!("y")),
            ("N * 1000", json!(3000)),
            ("'custom:' & '' & A", json!("custom:x/y")),
            ("$lowercase(B.C)", json!("v")),
            ("$contains(A, \".\") ? A : A & \".0\"", json!("x/y.0")),
            ("$replace(A, /\\/y$/, '')", json!("x")),
            ("$exists(Missing) ? 1 : 0", json!(0)),
            ("($m := $lookup({'3': 'three'}, N); $m ? $m : A)", json!("three")),
            ("A in ['x/y', 'z']", json!(true)),
            ("$count($split(A, \"/\")) = 2 and $split(A, \"/\")[0] = 'x' ? 'both' : A", json!("both")),
        ] {
            assert_eq!(value(expression, &input), Some(expected), "{expression}");
        }
    }

    #[test]
    fn what_is_missing_or_unknown_explains_nothing() {
        assert_eq!(value("$fancy(A)", &json!({ "A": "x" })), None);
        assert_eq!(value("$join([\"key/\", Missing])", &json!({})), None);
        assert_eq!(value("$lowercase(Missing)", &json!({})), Some(Json::Null));
        assert!(!fits(&Json::Null, &json!("x")));
        assert_eq!(value("((((", &json!({})), None);
    }
}
