//! A patch document without the operations that change nothing (DESIGN section 4, *Query files*).

use serde_json::{Value as Json, json};
use stack_core::conform::conform;
use stack_core::diff::{DiffContext, diff, is_empty, same_json, same_meaning};
use stack_core::pointer::Pointer;
use stack_core::provider::Found;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use stack_sql::literal::structured;

/// The operations with the values in the types of the schema, as far as they set whole properties.
pub(super) fn conformed(patch: &Json, schema: &ResourceSchema) -> Json {
    let one = |operation: &Json| {
        let mut operation = operation.clone();
        if let (Some(path), Some(given)) = (path_of(&operation), operation.get("value"))
            && let [name] = path.segments()
            && !given.is_null()
        {
            let value = structured(schema, name, Value::from(given));
            let conformed = conform(schema, Value::Object([(name.clone(), value)].into()));
            if let Some(value) = conformed.props.get(name).and_then(Value::exposed) {
                operation["value"] = value;
            }
        }
        operation
    };
    patch.as_array().map_or_else(|| patch.clone(), |list| Json::Array(list.iter().map(one).collect()))
}

/// The operations that change something; write-only values always count. A document whose operations build on each other
/// stays whole.
pub(super) fn minimised(patch: &Json, live: &Found, schema: &ResourceSchema) -> Json {
    let Json::Array(operations) = patch else { return patch.clone() };
    let paths: Vec<Option<Pointer>> = operations.iter().map(path_of).collect();
    let kept = operations.iter().enumerate().filter(|(at, operation)| {
        let Some(path) = &paths[*at] else { return true };
        let stands_alone = paths.iter().enumerate().all(|(other, its)| {
            other == *at || its.as_ref().is_some_and(|its| !its.starts_with(path) && !path.starts_with(its))
        });
        !stands_alone || !is_needless(operation, path, live, schema)
    });
    Json::Array(kept.map(|(_, operation)| operation.clone()).collect())
}

/// The path of a simple operation; `None` for those that read others (`test`, `move`, `copy`).
pub(super) fn path_of(operation: &Json) -> Option<Pointer> {
    let op = operation.get("op")?.as_str()?;
    matches!(op, "add" | "replace" | "remove")
        .then(|| Pointer::parse(operation.get("path")?.as_str()?).ok())?
}

fn is_needless(operation: &Json, path: &Pointer, live: &Found, schema: &ResourceSchema) -> bool {
    let write_only = &schema.write_only_properties;
    if write_only.covers(path) || write_only.reaches_below(path) {
        return false;
    }
    let Some(own) = below_objects(path, &live.model) else { return false };
    match operation.get("value") {
        // A `remove` of what is not there is an error of the service.
        None => own.is_none(),
        Some(wanted) => match path.segments() {
            [name] => match own {
                Some(own) => is_equal(schema, name, wanted, own),
                None => is_empty(wanted),
            },
            _ => own.is_some_and(|own| same_meaning(own, wanted)),
        },
    }
}

/// True if a property has this value, by the rules of its schema (sets, spellings). A value without what the live one has
/// is another value: the operation would remove that.
fn is_equal(schema: &ResourceSchema, name: &str, wanted: &Json, own: &Json) -> bool {
    let context = DiffContext { schema, ignore: &[], is_fresh: &|_| false };
    let holds = |declared: &Json, live: &Json| {
        let declared = Value::Object([(name.to_owned(), Value::from(declared))].into());
        let found = diff(&context, &declared, &json!({ name: live }));
        found.changes.is_empty() && found.cannot_compare.is_empty()
    };
    same_json(own, wanted) || (holds(wanted, own) && holds(own, wanted))
}

/// The value at a path that leads through objects only: places in lists mean something else after each change. The outer
/// `None`: it does not.
fn below_objects<'m>(path: &Pointer, model: &'m Json) -> Option<Option<&'m Json>> {
    let mut at = Some(model);
    for segment in path.segments() {
        at = match at {
            Some(Json::Object(members)) => members.get(segment),
            Some(Json::Null) | None => None,
            Some(_) => return None,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;
    use stack_core::identity::Identifier;
    use stack_core::ids::TypeName;
    use stack_core::schema::Schemas;

    fn left(ty: &str, model: Json, patch: &Json) -> Vec<String> {
        let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
        let live = Found { identifier: Identifier::single("Id", "x"), model };
        let Json::Array(left) = minimised(patch, &live, &schema) else { panic!() };
        left.iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_so_already_is_not_sent() {
        let model = json!({"EnableDnsSupport": true, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
        let patch = json!([
            {"op": "add", "path": "/EnableDnsSupport", "value": "true"},
            {"op": "replace", "path": "/EnableDnsHostnames", "value": true},
            {"op": "add", "path": "/Tags", "value": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]},
            {"op": "remove", "path": "/InstanceTenancy"},
        ]);
        assert_eq!(left("AWS::EC2::VPC", model, &patch), ["/EnableDnsHostnames"]);
    }

    #[test]
    fn what_would_take_something_away_is_sent() {
        let model = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "IgnorePublicAcls": true},
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]});
        let patch = json!([
            {"op": "add", "path": "/PublicAccessBlockConfiguration", "value": {"BlockPublicAcls": true}},
            {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "1"}]},
            {"op": "remove", "path": "/Tags"},
        ]);
        let whole = json!([patch[0], patch[1]]);
        assert_eq!(left("AWS::S3::Bucket", model.clone(), &whole).len(), 2);
        assert_eq!(left("AWS::S3::Bucket", model, &json!([patch[2]])), ["/Tags"]);
    }

    #[test]
    fn values_have_the_types_of_the_schema() {
        let schema = Catalog::embedded().schema(&TypeName::new("AWS::RDS::DBInstance")).unwrap();
        let patch = json!([
            {"op": "add", "path": "/EngineVersion", "value": 14},
            {"op": "add", "path": "/BackupRetentionPeriod", "value": "7"},
            {"op": "add", "path": "/Tags", "value": "[{\"Key\":\"a\",\"Value\":\"b\"}]"},
            {"op": "remove", "path": "/Port"},
        ]);
        let values: Vec<String> = conformed(&patch, &schema)
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["value"].to_string())
            .collect();
        assert_eq!(values, ["\"14\"", "7", "[{\"Key\":\"a\",\"Value\":\"b\"}]", "null"]);
    }

    #[test]
    fn what_cannot_be_compared_or_hangs_together_is_sent() {
        let model = json!({"Tags": [{"Key": "a", "Value": "1"}], "EnableDnsSupport": true});
        let patch = json!([
            {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "1"}]},
            {"op": "add", "path": "/Tags/-", "value": {"Key": "b", "Value": "2"}},
        ]);
        assert_eq!(left("AWS::EC2::VPC", model.clone(), &patch), ["/Tags", "/Tags/-"]);
        let patch = json!([
            {"op": "test", "path": "/EnableDnsSupport", "value": true},
            {"op": "add", "path": "/EnableDnsSupport", "value": true},
        ]);
        assert_eq!(left("AWS::EC2::VPC", model, &patch).len(), 2);
        let patch = json!([{"op": "add", "path": "/MasterUserPassword", "value": "x"}]);
        assert_eq!(left("AWS::RDS::DBInstance", json!({"MasterUserPassword": "x"}), &patch).len(), 1);
    }
}
