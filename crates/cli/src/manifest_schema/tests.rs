use super::*;
use serde_json::json;

fn validator(used: &[&str]) -> jsonschema::Validator {
    let used: Vec<TypeName> = used.iter().map(|name| TypeName::new(*name)).collect();
    let schema = schema(&CachedSchemas::new(None), &used).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn manifest(ty: &str, props: Json) -> Json {
    json!({ "name": "a", "resources": [{ "name": "r", "type": ty, "props": props }] })
}

#[test]
fn properties_follow_the_type_in_both_spellings() {
    let validator = validator(&["AWS::CustomerProfiles::Domain", "AWS::S3::Bucket"]);
    let good =
        json!({ "DomainName": "a", "DefaultExpirationDays": 366, "Tags": [{ "Key": "a", "Value": "b" }] });
    for ty in ["awscc.customerprofiles.domains", "AWS::CustomerProfiles::Domain"] {
        assert!(validator.is_valid(&manifest(ty, good.clone())), "{ty}");
        let snake = json!({ "domain_name": "a", "default_expiration_days": 366 });
        assert!(validator.is_valid(&manifest(ty, snake)), "{ty}");
        let wrong = [
            json!({ "DomainName": "a", "DefaultExpirationDays": "soon" }),
            json!({ "DomainName": "a", "DefaultExpirationDays": 0 }),
            json!({ "DomainName": "a", "DefaultExpirationDays": 366, "Expiration": 1 }),
            json!({ "DefaultExpirationDays": 366 }),
            json!({ "DomainName": "a", "DefaultExpirationDays": 366, "Tags": [{ "Key": "a" }] }),
        ];
        for props in wrong {
            assert!(!validator.is_valid(&manifest(ty, props.clone())), "{ty} {props}");
        }
    }
    assert!(validator.is_valid(&manifest("awscc.sqs.queues", json!({ "Anything": 1 }))));
}

#[test]
fn a_template_may_stand_wherever_a_value_does() {
    let validator = validator(&["AWS::CustomerProfiles::Domain", "AWS::WAFv2::WebACL"]);
    let props = json!({
        "DomainName": "{{ name }}", "DefaultExpirationDays": "{{ days }}", "Matching": "{{ matching }}",
        "Tags": [{ "Key": "{{ key }}", "Value": "a" }, "{{ tag }}"]
    });
    assert!(validator.is_valid(&manifest("awscc.customerprofiles.domains", props)));
    let nulls = json!({ "DomainName": "a", "DefaultExpirationDays": 1, "Matching": null });
    assert!(validator.is_valid(&manifest("awscc.customerprofiles.domains", nulls)));
    let list = json!([{ "name": "DomainName", "value": "a" }]);
    assert!(validator.is_valid(&manifest("awscc.customerprofiles.domains", list)));
}

#[test]
fn unknown_keys_of_the_format_are_found() {
    let validator = validator(&[]);
    let resource =
        |key: &str| json!({ "resources": [{ "name": "r", "type": "awscc.s3.buckets", key: ["a"] }] });
    assert!(validator.is_valid(&resource("depends_on")));
    assert!(!validator.is_valid(&resource("dependson")));
    assert!(!validator.is_valid(&json!({ "resources": [], "setings": {} })));
    let settings = json!({ "settings": { "regions": { "prod": ["us-east-1"] }, "guardrails": { "max_delete": 0 } }, "resources": [] });
    assert!(validator.is_valid(&settings));
}

#[test]
fn the_schema_of_every_type_compiles() {
    let schemas = CachedSchemas::new(None);
    // A cross-section: the whole catalog takes minutes.
    let types: Vec<TypeName> =
        stack_catalog::Catalog::embedded().types().step_by(60).map(TypeName::new).collect();
    let schema = schema(&schemas, &types).unwrap();
    jsonschema::validator_for(&schema).unwrap();
}
