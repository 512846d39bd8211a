//! Read-only values that follow from others, and ids in the services' own spelling.

use super::around::{put, put_default, text};
use crate::arn::last_segment;
use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use serde_json::{Map, Value as Json, json};
use std::sync::LazyLock;

/// What services fill in where the caller says nothing: type → property → value. Reads show it like the rest.
static DEFAULTS: LazyLock<Map<String, Json>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/defaults.json")).unwrap_or_default());

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The domain of a region's endpoints.
fn suffix(place: &Place) -> &'static str {
    if place.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Ids that the schema's own words do not tell, before everything else is assigned.
pub(super) fn complete(ty: &str, model: &mut Json, dice: &mut Dice) {
    match ty {
        "AWS::SQS::Queue" => fifo_name(model, "QueueName", "FifoQueue", dice),
        "AWS::SNS::Topic" => fifo_name(model, "TopicName", "FifoTopic", dice),
        "AWS::IAM::Role" => put(model, "RoleId", format!("AROA{}", dice.text(UPPER, 17))),
        "AWS::IAM::ManagedPolicy" => {
            put(model, "PolicyId", format!("ANPA{}", dice.text(UPPER, 17)));
            put(model, "DefaultVersionId", "v1");
            put(model, "AttachmentCount", 0);
            put(model, "PermissionsBoundaryUsageCount", 0);
            put(model, "IsAttachable", true);
        }
        "AWS::CloudFront::Distribution" => {
            put(model, "Id", format!("E{}", dice.text(UPPER, 13)));
            put(model, "DomainName", format!("d{}.cloudfront.net", dice.word(13)));
        }
        "AWS::Route53::HostedZone" => {
            put(model, "Id", format!("Z{}", dice.text(UPPER, 20)));
            // DNS names end with a dot once the service has them (cloud-control 3.7).
            if let Some(name) = text(model, "Name").filter(|name| !name.ends_with('.')) {
                let name = format!("{name}.");
                put(model, "Name", name);
            }
            let servers: Vec<String> = ["com", "net", "org", "co.uk"]
                .iter()
                .map(|tld| format!("ns-{}.awsdns-{:02}.{tld}", dice.below(2000), dice.below(64)))
                .collect();
            put(model, "NameServers", servers);
        }
        "AWS::ApiGateway::RestApi" => {
            put(model, "RestApiId", dice.word(10));
            put(model, "RootResourceId", dice.word(10));
        }
        _ => {}
    }
}

/// First-in-first-out names end with `.fifo`, made-up ones too.
fn fifo_name(model: &mut Json, name: &str, flag: &str, dice: &mut Dice) {
    if model.get(name).is_none() && model.get(flag).and_then(Json::as_bool) == Some(true) {
        put(model, name, format!("{}.fifo", dice.word(20)));
    }
}

/// Names that the service takes only in one form.
pub(super) fn check(ty: &str, model: &Json) -> Result<(), Refusal> {
    let (name, flag) = match ty {
        "AWS::SQS::Queue" => ("QueueName", "FifoQueue"),
        "AWS::SNS::Topic" => ("TopicName", "FifoTopic"),
        _ => return Ok(()),
    };
    let is_fifo = model.get(flag).and_then(Json::as_bool) == Some(true);
    let ends = text(model, name).is_none_or(|name| name.ends_with(".fifo"));
    if is_fifo == ends || text(model, name).is_none() {
        return Ok(());
    }
    let message = if is_fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(Refusal::new("InvalidRequest", message))
}

/// Puts in what the caller left to the service, when a create or update takes effect.
pub(super) fn defaults(ty: &str, model: &mut Json) {
    if let Some(Json::Object(defaults)) = DEFAULTS.get(ty) {
        for (property, value) in defaults {
            put_default(model, property, value.clone());
        }
    }
}

/// Values that follow from the rest of the model: at every create and update.
pub(super) fn derive(ty: &str, model: &mut Json, place: &Place) {
    let named = |model: &Json, name: &str| text(model, name).map(str::to_owned);
    match ty {
        "AWS::SQS::Queue" => {
            if let Some(name) = named(model, "QueueName") {
                let (region, account) = (&place.region, &place.account);
                put(model, "QueueUrl", format!("https://sqs.{region}.{}/{account}/{name}", suffix(place)));
            }
        }
        "AWS::StepFunctions::StateMachine" => copy(model, "StateMachineName", "Name"),
        "AWS::Events::Rule" => copy(model, "Name", "RuleName"),
        "AWS::ECS::Service" => copy(model, "ServiceName", "Name"),
        "AWS::S3::Bucket" => {
            if let Some(name) = named(model, "BucketName") {
                let (region, end) = (&place.region, suffix(place));
                put(model, "DomainName", format!("{name}.s3.{end}"));
                put(model, "RegionalDomainName", format!("{name}.s3.{region}.{end}"));
                put(model, "DualStackDomainName", format!("{name}.s3.dualstack.{region}.{end}"));
                put(model, "WebsiteURL", format!("http://{name}.s3-website-{region}.{end}"));
            }
        }
        "AWS::ECR::Repository" => {
            if let Some(name) = named(model, "RepositoryName") {
                let (account, region) = (&place.account, &place.region);
                put(model, "RepositoryUri", format!("{account}.dkr.ecr.{region}.{}/{name}", suffix(place)));
            }
        }
        "AWS::DynamoDB::Table" => stream_of(model, place),
        "AWS::EC2::NatGateway" if text(model, "AvailabilityMode") != Some("regional") => {
            if let Some(map) = model.as_object_mut() {
                for name in ["AutoProvisionZones", "AutoScalingIps", "RouteTableId"] {
                    map.shift_remove(name);
                }
            }
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => load_balancer(model, place),
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            copy(model, "Name", "TargetGroupName");
            if let Some(tail) = text(model, "TargetGroupArn")
                .and_then(|arn| arn.split_once(":targetgroup/"))
                .map(|(_, t)| t.to_owned())
            {
                put(model, "TargetGroupFullName", format!("targetgroup/{tail}"));
            }
            put(model, "LoadBalancerArns", json!([]));
        }
        "AWS::Lambda::Function" => {
            if model.get("SnapStart").is_none()
                && let Some(map) = model.as_object_mut()
            {
                map.insert(
                    "SnapStartResponse".to_owned(),
                    json!({ "ApplyOn": "None", "OptimizationStatus": "Off" }),
                );
            }
        }
        _ => {}
    }
}

fn copy(model: &mut Json, from: &str, to: &str) {
    if let Some(value) = model.get(from).cloned() {
        put(model, to, value);
    }
}

/// Only a table with a stream has a stream's ARN, and keeps it.
fn stream_of(model: &mut Json, place: &Place) {
    let made = text(model, "StreamArn").is_some_and(|arn| arn.contains("/stream/"));
    let wanted = model.get("StreamSpecification").is_some();
    let table = text(model, "Arn").map(str::to_owned);
    match table {
        Some(table) if wanted && !made => {
            let label = crate::time::iso(place.now_ms - place.now_ms.rem_euclid(1000));
            let label = label.trim_end_matches('Z').to_owned() + ".000";
            put(model, "StreamArn", format!("{table}/stream/{label}"));
        }
        _ if !wanted => {
            if let Some(map) = model.as_object_mut() {
                map.shift_remove("StreamArn");
            }
        }
        _ => {}
    }
}

fn load_balancer(model: &mut Json, place: &Place) {
    copy(model, "Name", "LoadBalancerName");
    let Some(tail) = text(model, "LoadBalancerArn")
        .and_then(|arn| arn.split_once(":loadbalancer/"))
        .map(|(_, tail)| tail.to_owned())
    else {
        return;
    };
    // The number in the DNS name is the service's own; one that follows from the hash stays the same.
    let number = u64::from_str_radix(last_segment(&tail), 16).unwrap_or_default() % 10_000_000_000;
    let name = text(model, "Name").unwrap_or_default().to_owned();
    put(model, "LoadBalancerFullName", tail);
    put(model, "DNSName", format!("{name}-{number}.{}.elb.{}", place.region, suffix(place)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::{Patterns, check_node};
    use stack_catalog::Catalog;
    use stack_core::ids::TypeName;
    use stack_core::pointer::Pointer;
    use stack_core::schema::Schemas;

    #[test]
    fn every_default_is_a_value_that_the_caller_could_have_set_and_read() {
        assert!(!DEFAULTS.is_empty());
        for (ty, properties) in DEFAULTS.iter() {
            let schema = Catalog::embedded().schema(&TypeName::new(ty.as_str())).unwrap();
            for (name, value) in properties.as_object().unwrap() {
                let pointer = Pointer::of([name.as_str()]);
                let node = schema.root.properties.get(name).unwrap_or_else(|| panic!("{ty} {name}"));
                assert_eq!(check_node(&schema, node, value, &mut Patterns::default()), [], "{ty} {name}");
                assert!(!schema.read_only_properties.covers(&pointer), "{ty} {name}");
                assert!(!schema.write_only_properties.covers(&pointer), "{ty} {name}");
            }
        }
    }
}
