//! Declared properties in the one form that the engine knows.

use super::Definition;
use stack_core::conform::conform;
use stack_core::value::Value;

impl Definition {
    /// Declared properties with their own names, flat, and in their types: what [`conform`] makes of them. Taken are
    ///
    /// * column names: `data__config`, aliases, any case;
    /// * the service's own nesting: `spec: {display_name: …}`;
    /// * `{"id": …}` for a reference;
    /// * a document in a text for an object or a list;
    /// * `[{"name": …, "value": …}]` for a map of configs.
    ///
    /// What does not fit stays as it is: nothing is refused here.
    pub fn normal(&self, props: Value) -> Value {
        conform(&self.schema(), props).props
    }
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
            json!({"display_name": "c", "config": {"kind": "Basic"}, "environment": "env-1", "colour": "red"})
        );
    }

    /// Confluent trap 57.
    #[test]
    fn what_the_service_spells_in_two_ways_may_be_declared_in_both() {
        let ty = "confluent.managed_kafka_clusters.clusters";
        for (declared, meant) in
            [("LOW", "SINGLE_ZONE"), ("HIGH", "MULTI_ZONE"), ("SINGLE_ZONE", "SINGLE_ZONE"), ("NEW", "NEW")]
        {
            assert_eq!(normal(ty, json!({"availability": declared})), json!({"availability": meant}));
        }
    }

    #[test]
    fn configs_may_be_a_list_of_names_and_values() {
        let list = json!({"configs": [{"name": "retention.ms", "value": "1"}]});
        assert_eq!(normal("confluent.kafka.topics", list), json!({"configs": {"retention.ms": "1"}}));
        let other = json!({"configs": [{"key": "a"}]});
        assert_eq!(normal("confluent.kafka.topics", other.clone()), other);
    }
}
