//! The plain cases of a resource that names another one: type, path, type of the other, its property.

use super::around::{Around, text, texts};
use crate::arn::last_segment;
use crate::handler::Refusal;
use serde_json::Value as Json;

const API: &str = "AWS::ApiGateway::RestApi";
const HTTP_API: &str = "AWS::ApiGatewayV2::Api";
const CLUSTER: &str = "AWS::EKS::Cluster";
const FILES: &str = "AWS::EFS::FileSystem";
const LOGS: &str = "AWS::Logs::LogGroup";
const POOL: &str = "AWS::Cognito::UserPool";
const SECRET: &str = "AWS::SecretsManager::Secret";

const NAMED: &[(&str, &str, &str, &str)] = &[
    ("AWS::ApiGateway::Authorizer", "RestApiId", API, "RestApiId"),
    ("AWS::ApiGateway::Deployment", "RestApiId", API, "RestApiId"),
    ("AWS::ApiGateway::Method", "RestApiId", API, "RestApiId"),
    ("AWS::ApiGateway::Resource", "RestApiId", API, "RestApiId"),
    ("AWS::ApiGateway::Stage", "RestApiId", API, "RestApiId"),
    ("AWS::ApiGatewayV2::Deployment", "ApiId", HTTP_API, "ApiId"),
    ("AWS::ApiGatewayV2::Integration", "ApiId", HTTP_API, "ApiId"),
    ("AWS::ApiGatewayV2::Route", "ApiId", HTTP_API, "ApiId"),
    ("AWS::ApiGatewayV2::Stage", "ApiId", HTTP_API, "ApiId"),
    (
        "AWS::Batch::JobQueue",
        "ComputeEnvironmentOrder/*/ComputeEnvironment",
        "AWS::Batch::ComputeEnvironment",
        "ComputeEnvironmentName",
    ),
    ("AWS::Cognito::UserPoolClient", "UserPoolId", POOL, "UserPoolId"),
    ("AWS::Cognito::UserPoolDomain", "UserPoolId", POOL, "UserPoolId"),
    ("AWS::Cognito::UserPoolGroup", "UserPoolId", POOL, "UserPoolId"),
    ("AWS::ECS::Service", "Cluster", "AWS::ECS::Cluster", "ClusterName"),
    ("AWS::EFS::AccessPoint", "FileSystemId", FILES, "FileSystemId"),
    ("AWS::EFS::MountTarget", "FileSystemId", FILES, "FileSystemId"),
    ("AWS::EKS::Addon", "ClusterName", CLUSTER, "Name"),
    ("AWS::EKS::FargateProfile", "ClusterName", CLUSTER, "Name"),
    ("AWS::EKS::Nodegroup", "ClusterName", CLUSTER, "Name"),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        "LoadBalancerArn",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "LoadBalancerArn",
    ),
    (
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "ListenerArn",
        "AWS::ElasticLoadBalancingV2::Listener",
        "ListenerArn",
    ),
    ("AWS::Events::Rule", "EventBusName", "AWS::Events::EventBus", "Name"),
    ("AWS::KMS::Alias", "TargetKeyId", "AWS::KMS::Key", "KeyId"),
    ("AWS::Kinesis::StreamConsumer", "StreamARN", "AWS::Kinesis::Stream", "Arn"),
    ("AWS::Logs::LogStream", "LogGroupName", LOGS, "LogGroupName"),
    ("AWS::Logs::MetricFilter", "LogGroupName", LOGS, "LogGroupName"),
    ("AWS::Logs::SubscriptionFilter", "LogGroupName", LOGS, "LogGroupName"),
    ("AWS::RDS::DBInstance", "DBClusterIdentifier", "AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS::RDS::DBInstance", "DBSubnetGroupName", "AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"),
    ("AWS::SNS::Subscription", "TopicArn", "AWS::SNS::Topic", "TopicArn"),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn", "AWS::SNS::Topic", "TopicArn"),
    ("AWS::SQS::QueueInlinePolicy", "Queue", "AWS::SQS::Queue", "QueueUrl"),
    ("AWS::SecretsManager::ResourcePolicy", "SecretId", SECRET, "Id"),
    ("AWS::SecretsManager::RotationSchedule", "SecretId", SECRET, "Id"),
    ("AWS::SecretsManager::SecretTargetAttachment", "SecretId", SECRET, "Id"),
];

/// Refuses the name of something that is not there.
pub(super) fn check(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    for (_, path, other, property) in NAMED.iter().filter(|(ty, ..)| *ty == around.ty()) {
        for value in texts(model, path) {
            // What belongs to others, or comes with every account, is not ours to judge.
            let elsewhere = value.starts_with("arn:")
                && (value.split(':').nth(4) != Some(around.account)
                    || value.split(':').nth(3) != Some(around.region));
            let always_there = *other == "AWS::Events::EventBus" && last_segment(&value) == "default"
                || *other == "AWS::KMS::Key" && value.starts_with("alias/aws/");
            let is_it = |held: &str| held == value || held == last_segment(&value);
            if elsewhere
                || always_there
                || around.all(other).any(|one| text(&one.model, property).is_some_and(is_it))
            {
                continue;
            }
            let (service, noun) = other
                .strip_prefix("AWS::")
                .and_then(|name| name.split_once("::"))
                .unwrap_or(("AWS", "resource"));
            let message = format!(
                "{noun} {value} does not exist (Service: {service}, Status Code: 404, Error Code: \
                 ResourceNotFoundException)"
            );
            return Err(Refusal::new("NotFound", message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;
    use stack_core::ids::TypeName;
    use stack_core::schema::Schemas;

    #[test]
    fn every_row_names_types_and_properties_that_exist() {
        let has = |ty: &str, property: &str| {
            let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
            schema.root.properties.contains_key(property)
        };
        for (ty, path, other, property) in NAMED {
            assert!(has(ty, path.split('/').next().unwrap()) && has(other, property), "{ty} {path} {other}");
        }
    }
}
