//! The typed schema keeps everything that the published one says.

use super::*;
use serde_json::Value as Json;
use stack_core::pointer::PropertyPath;

/// Collects what `kept` lacks of `original`. Spellings of the same thing count as kept: one type or a list of one,
/// an empty list or `uniqueItems: false` against nothing, a path with or without its leading slash.
fn lost(original: &Json, kept: Option<&Json>, place: &str, out: &mut Vec<String>) {
    let Some(kept) = kept.filter(|kept| !kept.is_null() || original.is_null()) else {
        let nothing = match original {
            Json::Array(list) => list.is_empty(),
            Json::Object(members) => members.is_empty(),
            Json::Bool(false) => place.ends_with("/uniqueItems"),
            _ => false,
        };
        if !nothing {
            out.push(place.to_owned());
        }
        return;
    };
    match (original, kept) {
        (Json::Object(members), Json::Object(_)) => {
            for (key, value) in members {
                let path = PropertyPath::parse(key);
                let found = kept.get(key).or_else(|| kept.get(format!("/properties{path}")));
                lost(value, found, &format!("{place}/{key}"), out);
            }
        }
        // Hand corrections add read-only paths at the end.
        (Json::Array(list), Json::Array(other))
            if list.len() == other.len()
                || (list.len() < other.len() && place.ends_with("/readOnlyProperties")) =>
        {
            for (i, value) in list.iter().enumerate() {
                lost(value, other.get(i), &format!("{place}/{i}"), out);
            }
        }
        (Json::String(_), Json::Array(other)) if place.ends_with("/type") => {
            lost(original, other.first(), &format!("{place}/0"), out);
        }
        (Json::String(one), Json::String(other)) if one.contains("properties/") => {
            if PropertyPath::parse(one) != PropertyPath::parse(other) {
                out.push(place.to_owned());
            }
        }
        _ if original == kept => {}
        _ => out.push(place.to_owned()),
    }
}

#[test]
fn every_type_reads_and_keeps_all_that_is_published() {
    let mut all = Vec::new();
    for ty in catalog().types() {
        let ty = TypeName::new(ty);
        let published = catalog().published(&ty).unwrap();
        let schema = catalog().schema(&ty).unwrap();
        assert_eq!(schema.type_name, ty);
        assert!(schema.description.is_empty(), "documentation is loaded apart");
        let kept = serde_json::to_value(&*schema).unwrap();
        lost(&published, Some(&kept), ty.as_str(), &mut all);
    }
    assert_eq!(all, Vec::<String>::new());
}

#[test]
fn a_lost_key_would_be_noticed() {
    let mut out = Vec::new();
    let original = serde_json::json!({"a": {"newKeyword": 1, "type": "string", "required": []}});
    lost(&original, Some(&serde_json::json!({"a": {"type": ["string"]}})), "T", &mut out);
    assert_eq!(out, ["T/a/newKeyword"]);
}
