//! Declared properties in the one form that schemas, differ and engine know.

use super::Definition;
use super::form::Property;
use indexmap::IndexMap;
use stack_core::schema::JsonType;
use stack_core::value::Value;

impl Definition {
    /// Declared properties with their own names and in the flat form. To be called on what users declare, before it is
    /// checked against the schema or compared. Taken are:
    ///
    /// * column names: `data__config`, aliases, any case;
    /// * the service's own nesting: `spec: {display_name: …}` where `spec` is no property;
    /// * `{"id": …}` for a reference;
    /// * a document in a text for an object or a list;
    /// * `[{"name": …, "value": …}]` for a map of configs.
    ///
    /// What is none of it stays as it is, for the check to name.
    pub fn normal(&self, props: Value) -> Value {
        let members = match props {
            Value::Object(members) => members,
            other => return other,
        };
        let mut out = IndexMap::new();
        let mut rest = IndexMap::new();
        for (name, value) in members {
            match self.property_of(&name) {
                Some(known) => {
                    let value = match self.property(known) {
                        Some(property) => of(property, value),
                        None => value,
                    };
                    out.insert(known.to_owned(), value);
                }
                None => {
                    rest.insert(name, value);
                }
            }
        }
        for (name, property) in &self.resource.properties {
            let path = property.at.as_deref().unwrap_or(name);
            if !out.contains_key(name)
                && let Some(value) = taken(&mut rest, path)
            {
                out.insert(name.clone(), of(property, value));
            }
        }
        // What is left of a nesting that was taken apart is empty, or unknown.
        rest.retain(|_, value| !is_husk(value));
        out.extend(rest);
        Value::Object(out)
    }
}

/// Takes the value at a dotted path out of nested objects.
fn taken(members: &mut IndexMap<String, Value>, path: &str) -> Option<Value> {
    let (first, below) = path.split_once('.')?;
    match members.get_mut(first)? {
        Value::Object(inner) => match below.split_once('.') {
            None => inner.shift_remove(below),
            Some(_) => taken(inner, below),
        },
        _ => None,
    }
}

/// True for an object in which nothing is left.
fn is_husk(value: &Value) -> bool {
    matches!(value, Value::Object(members) if members.values().all(is_husk))
}

fn of(property: &Property, value: Value) -> Value {
    match value {
        Value::Object(mut members) if property.reference => match members.shift_remove("id") {
            Some(id) => id,
            None => Value::Object(members),
        },
        Value::Array(items) if property.pairs => pairs(items),
        // A document in a text, as statements have it.
        Value::String(text) if property.reference && text.trim_start().starts_with('{') => {
            let document: Option<serde_json::Value> = serde_json::from_str(&text).ok();
            let id = document.as_ref().and_then(|document| document.get("id")?.as_str());
            Value::String(id.map_or_else(|| text.clone(), str::to_owned))
        }
        Value::String(text) if matches!(property.ty, Some(JsonType::Object | JsonType::Array)) => {
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(document) if document.is_object() || document.is_array() => {
                    of(property, Value::from(document))
                }
                _ => Value::String(text),
            }
        }
        Value::Object(members) if !property.properties.is_empty() => {
            let member = |(name, value): (String, Value)| match property.properties.get(&name) {
                Some(known) => (name, of(known, value)),
                None => (name, value),
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => match &property.items {
            Some(item) => Value::Array(items.into_iter().map(|value| of(item, value)).collect()),
            None => Value::Array(items),
        },
        other => other,
    }
}

/// A list of names and values as a map; as it is where an entry has another form.
fn pairs(items: Vec<Value>) -> Value {
    let name = |item: &Value| match item.get("name") {
        Some(Value::String(name)) if item.get("value").is_some() => Some(name.clone()),
        _ => None,
    };
    if !items.iter().all(|item| name(item).is_some()) {
        return Value::Array(items);
    }
    let pair = |item: Value| Some((name(&item)?, item.get("value")?.clone()));
    Value::Object(items.into_iter().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Definitions;
    use super::*;
    use serde_json::json;

    fn normal(ty: &str, props: serde_json::Value) -> serde_json::Value {
        let all = Definitions::embedded();
        let ty = all.named(ty).unwrap();
        all.get(ty).unwrap().normal(Value::from(props)).exposed().unwrap()
    }

    #[test]
    fn the_documented_insert_and_its_manifest_mean_the_same() {
        let flat = json!({"config": {"kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:r"}, "environment": "env-1"});
        let ty = "confluent.provider_integrations.integrations";
        assert_eq!(normal(ty, flat.clone()), flat);
        let insert =
            json!({"data__config": flat["config"].to_string(), "data__environment": {"id": "env-1"}});
        assert_eq!(normal(ty, insert), flat);
    }

    #[test]
    fn a_nested_body_is_taken_apart_and_what_is_unknown_stays() {
        let spec = json!({"display_name": "c", "config": {"kind": "Basic"}, "environment": {"id": "env-1"}, "colour": "red"});
        assert_eq!(
            normal("confluent.managed_kafka_clusters.clusters", json!({"spec": spec})),
            json!({"display_name": "c", "config": {"kind": "Basic"}, "environment": "env-1", "spec": {"colour": "red"}})
        );
    }

    #[test]
    fn configs_may_be_a_list_of_names_and_values() {
        let list = json!({"configs": [{"name": "retention.ms", "value": "1"}]});
        assert_eq!(normal("confluent.kafka.topics", list), json!({"configs": {"retention.ms": "1"}}));
        let other = json!({"configs": [{"key": "a"}]});
        assert_eq!(normal("confluent.kafka.topics", other.clone()), other);
    }
}
