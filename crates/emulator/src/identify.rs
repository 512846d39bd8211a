//! Identifiers on the wire: plain, joined by `|`, or a JSON object (cloud-control 2.1).

use crate::model::{expand, scalar};
use serde_json::Value as Json;
use stack_core::pointer::{Pointer, PropertyPath};
use stack_core::schema::ResourceSchema;

/// What an identifier text asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    /// All parts of the primary identifier.
    Primary(Vec<String>),
    /// A secondary identifier: paths and values.
    Secondary(Vec<(PropertyPath, String)>),
}

/// The key under which a resource is kept: parts cannot be told apart in the `|` form (trap 68).
pub(crate) fn key(parts: &[String]) -> String {
    parts.join("\u{1f}")
}

/// The `|` form.
pub(crate) fn joined(parts: &[String]) -> String {
    parts.join("|")
}

/// The parts of a key.
pub(crate) fn parts_of(key: &str) -> Vec<String> {
    key.split('\u{1f}').map(str::to_owned).collect()
}

/// The name of an identifier part in the JSON form: the property, or the path text where it is nested.
pub(crate) fn part_name(path: &PropertyPath) -> String {
    path.to_string().trim_start_matches('/').to_owned()
}

/// Reads an identifier text.
pub(crate) fn parse(schema: &ResourceSchema, text: &str) -> Result<Asked, String> {
    let primary = &schema.primary_identifier;
    let refuse = || {
        let paths: Vec<String> = primary.iter().map(|path| format!("/properties{path}")).collect();
        format!("Identifier {text} is not valid for identifier [{}]", paths.join(", "))
    };
    let object =
        text.trim_start().starts_with('{').then(|| serde_json::from_str::<Json>(text).ok()).flatten();
    if let Some(Json::Object(map)) = object {
        let set = |paths: &[PropertyPath]| -> Option<Vec<(PropertyPath, String)>> {
            if paths.len() != map.len() {
                return None;
            }
            paths
                .iter()
                .map(|path| Some((path.clone(), map.get(&part_name(path)).and_then(scalar)?)))
                .collect()
        };
        if let Some(parts) = set(primary) {
            return Ok(Asked::Primary(parts.into_iter().map(|(_, value)| value).collect()));
        }
        return schema
            .additional_identifiers
            .iter()
            .find_map(|paths| set(paths))
            .map(Asked::Secondary)
            .ok_or_else(refuse);
    }
    let parts: Vec<String> =
        if primary.len() <= 1 { vec![text.to_owned()] } else { text.split('|').map(str::to_owned).collect() };
    if parts.len() == primary.len().max(1) { Ok(Asked::Primary(parts)) } else { Err(refuse()) }
}

/// The values at the paths; `None` if one is missing or no scalar.
pub(crate) fn values(paths: &[PropertyPath], model: &Json) -> Option<Vec<String>> {
    paths.iter().map(|path| value(path, model)).collect()
}

/// The value at a path.
pub(crate) fn value(path: &PropertyPath, model: &Json) -> Option<String> {
    expand(path, model).first().and_then(|pointer: &Pointer| pointer.get(model)).and_then(scalar)
}

/// True if the caller may set the property.
pub(crate) fn is_settable(schema: &ResourceSchema, path: &PropertyPath) -> bool {
    path.as_pointer().is_some_and(|pointer| !schema.read_only_properties.covers(&pointer))
}

/// True if the property is the resource's own name rather than its parent's: `Name`, `RuleName` of an ArchiveRule,
/// `DBSnapshotIdentifier` of a DBSnapshot. Only sets with such a part are unique; `AWS::Cases::Field` declares just
/// its DomainId (cloud-control 2.4).
pub(crate) fn is_own_name(schema: &ResourceSchema, path: &PropertyPath) -> bool {
    let Some(property) = path.as_pointer().and_then(|p| p.last().map(str::to_owned)) else { return false };
    if property == "Name" {
        return true;
    }
    let resource = schema.type_name.as_str().rsplit("::").next().unwrap_or_default();
    ["Name", "Identifier", "Id"].iter().filter_map(|suffix| property.strip_suffix(suffix)).any(|stem| {
        stem.len() > 3 && (resource.ends_with(stem) || stem.ends_with(resource))
            || (!stem.is_empty() && stem == resource)
    })
}

/// The sets of properties of which no two resources may have the same values: the primary identifier, and the
/// additional ones that the caller sets in full and that name the resource itself.
pub(crate) fn unique_sets(schema: &ResourceSchema) -> Vec<Vec<PropertyPath>> {
    let mut sets = vec![schema.primary_identifier.clone()];
    for paths in &schema.additional_identifiers {
        let settable = paths.iter().all(|path| is_settable(schema, path));
        if !settable || !paths.iter().any(|path| is_own_name(schema, path)) {
            continue;
        }
        let mut set = paths.clone();
        // A name is unique within its parent, which the primary identifier may tell.
        for path in schema.primary_identifier.iter().filter(|path| is_settable(schema, path)) {
            if !set.contains(path) {
                set.push(path.clone());
            }
        }
        sets.push(set);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(ty: &str, primary: Json, additional: Json) -> ResourceSchema {
        serde_json::from_value(json!({
            "typeName": ty, "properties": {}, "primaryIdentifier": primary, "additionalIdentifiers": additional,
        }))
        .unwrap()
    }

    fn stage() -> ResourceSchema {
        schema(
            "AWS::ApiGateway::Stage",
            json!(["/properties/RestApiId", "/properties/StageName"]),
            json!([["/properties/Alias"]]),
        )
    }

    #[test]
    fn the_joined_form_follows_the_schema_and_the_object_form_any_order() {
        let primary = Asked::Primary(vec!["api".into(), "prod".into()]);
        assert_eq!(parse(&stage(), "api|prod"), Ok(primary.clone()));
        assert_eq!(parse(&stage(), r#"{"StageName":"prod","RestApiId":"api"}"#), Ok(primary));
    }

    #[test]
    fn a_wrong_arity_names_the_paths() {
        assert_eq!(
            parse(&stage(), "prod"),
            Err("Identifier prod is not valid for identifier [/properties/RestApiId, /properties/StageName]"
                .to_owned())
        );
        assert!(parse(&stage(), r#"{"RestApiId":"api"}"#).is_err());
        assert!(parse(&stage(), r#"{"RestApiId":"api","StageName":"p","Alias":"x"}"#).is_err());
    }

    #[test]
    fn an_empty_last_part_is_kept() {
        assert_eq!(parse(&stage(), "api|"), Ok(Asked::Primary(vec!["api".into(), String::new()])));
    }

    #[test]
    fn secondary_identifiers_are_taken_in_the_object_form_only() {
        assert!(matches!(parse(&stage(), r#"{"Alias":"x"}"#), Ok(Asked::Secondary(_))));
    }

    #[test]
    fn one_part_may_hold_anything() {
        let bucket = schema("AWS::S3::Bucket", json!(["/properties/BucketName"]), json!([]));
        assert_eq!(parse(&bucket, "a|b"), Ok(Asked::Primary(vec!["a|b".into()])));
        assert_eq!(parse(&bucket, r#"{"BucketName":"b"}"#), Ok(Asked::Primary(vec!["b".into()])));
    }

    #[test]
    fn sets_that_only_name_a_parent_are_not_unique() {
        let field =
            schema("AWS::Cases::Field", json!(["/properties/FieldArn"]), json!([["/properties/DomainId"]]));
        assert_eq!(unique_sets(&field).len(), 1);
        let rule = schema(
            "AWS::AccessAnalyzer::ArchiveRule",
            json!(["/properties/Arn"]),
            json!([["/properties/AnalyzerName", "/properties/RuleName"]]),
        );
        assert_eq!(unique_sets(&rule).len(), 2);
    }
}
