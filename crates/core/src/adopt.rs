//! From a live resource to what a manifest can declare of it.

use crate::conform::conform;
use crate::diagnostic::Severity;
use crate::diff::{is_empty, same_json};
use crate::pointer::Pointer;
use crate::schema::{JsonType, Node, ResourceSchema};
use crate::tags;
use crate::value::Value;
use serde_json::{Map, Value as Json};

/// What a manifest can declare of a live resource so that a plan finds nothing to change: the values that a user may
/// set and that reads show, without defaults, empty ones and the tags of the service and of ours.
///
/// Required values that reads hide are left to the user, but for objects, which may be empty (`Code` of a function).
pub fn declarable(schema: &ResourceSchema, model: &Json) -> Map<String, Json> {
    let mut kept = settable(schema, &schema.root, model, &Pointer::root());
    if let Some((property, _)) = schema.tag_property()
        && let Some(live) = kept.get(property).map(tags::without_hidden)
    {
        if is_empty(&live) {
            kept.shift_remove(property);
        } else {
            kept.insert(property.to_owned(), live);
        }
    }
    for name in &schema.root.required {
        let hidden_object = schema
            .root
            .properties
            .get(name)
            .is_some_and(|node| schema.follow(node).types.single() == Some(JsonType::Object))
            && schema.write_only_properties.reaches_below(&Pointer::of([name.as_str()]));
        if hidden_object && !kept.contains_key(name) {
            kept.insert(name.clone(), Json::Object(Map::new()));
        }
    }
    drop_invalid(schema, &mut kept);
    kept
}

/// The settable members of an object. Lists are kept whole, without their read-only members.
fn settable(schema: &ResourceSchema, node: &Node, value: &Json, at: &Pointer) -> Map<String, Json> {
    let Json::Object(members) = value else { return Map::new() };
    let mut kept = Map::new();
    for (name, value) in members {
        let place = at.child(name.as_str());
        if schema.read_only_properties.covers(&place) || schema.write_only_properties.covers(&place) {
            continue;
        }
        let member = schema.member(node, name);
        let is_required = schema.follow(node).required.contains(name);
        let is_default = member.and_then(|m| m.default_value.as_ref()).is_some_and(|d| same_json(d, value));
        let value = value_of(schema, member, value, &place);
        // Deeper down an empty object may be a choice (`Allow: {}`).
        let is_husk = is_empty(&value) && (at.is_root() || !value.is_object());
        if value.is_null() || (!is_required && (is_husk || is_default)) {
            continue;
        }
        kept.insert(name.clone(), value);
    }
    kept
}

fn value_of(schema: &ResourceSchema, node: Option<&Node>, value: &Json, at: &Pointer) -> Json {
    match (node, value) {
        (Some(node), Json::Object(_)) if !node.properties.is_empty() => {
            Json::Object(settable(schema, node, value, at))
        }
        (Some(node), Json::Array(items)) => {
            let element = schema.element(node);
            let items = items.iter().enumerate().filter(|(_, item)| !item.is_null());
            Json::Array(
                items.map(|(i, item)| value_of(schema, element, item, &at.child(i.to_string()))).collect(),
            )
        }
        _ => value.clone(),
    }
}

/// Takes out what the schema would refuse: reads show values that no write may hold (cloud-control 3.2).
fn drop_invalid(schema: &ResourceSchema, kept: &mut Map<String, Json>) {
    for _ in 0..8 {
        let checked = conform(schema, Value::from(Json::Object(kept.clone())));
        let bad: Vec<String> = checked
            .violations
            .iter()
            .filter(|violation| violation.severity == Severity::Error)
            .filter_map(|violation| violation.pointer.segments().first().cloned())
            .filter(|name| kept.contains_key(name) && !schema.root.required.contains(name))
            .collect();
        if bad.is_empty() {
            return;
        }
        for name in bad {
            kept.shift_remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::schema;
    use serde_json::json;

    fn of(ty: &str, model: Json) -> Json {
        Json::Object(declarable(&schema(ty), &model))
    }

    #[test]
    fn what_the_service_owns_or_fills_in_is_not_declared() {
        let model = json!({
            "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "CidrBlockAssociations": ["a"], "EnableDnsSupport": true,
            "InstanceTenancy": "default", "Tags": [{"Key": "team", "Value": "x"}, {"Key": "stackql:stack-name", "Value": "s"}],
        });
        assert_eq!(
            of("AWS::EC2::VPC", model),
            json!({
                "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true, "InstanceTenancy": "default",
                "Tags": [{"Key": "team", "Value": "x"}],
            })
        );
        assert_eq!(
            of(
                "AWS::EC2::VPC",
                json!({"CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "aws:x", "Value": "y"}]})
            ),
            json!({"CidrBlock": "10.0.0.0/16"})
        );
    }

    #[test]
    fn a_required_object_that_reads_hide_is_declared_empty() {
        let model = json!({"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Arn": "arn:f"});
        let declared = of("AWS::Lambda::Function", model);
        assert_eq!(declared["Code"], json!({}));
        assert_eq!(declared.get("Arn"), None);
    }

    #[test]
    fn husks_and_values_that_no_write_may_hold_are_left_out() {
        let model = json!({
            "Name": "acl", "Scope": "REGIONAL", "Description": "", "DefaultAction": {"Allow": {}}, "Rules": [],
            "VisibilityConfig": {"CloudWatchMetricsEnabled": true, "MetricName": "m", "SampledRequestsEnabled": false},
            "Tags": [],
        });
        let declared = of("AWS::WAFv2::WebACL", model);
        assert_eq!(declared.get("Description"), None);
        assert_eq!(declared.get("Tags"), None);
        assert_eq!(declared["DefaultAction"], json!({"Allow": {}}));
    }
}
