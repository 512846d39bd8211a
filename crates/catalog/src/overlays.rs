//! Hand corrections of published schemas: one file per type in `data/overlays/`, each with its evidence.

use serde::Deserialize;
use stack_core::overlay::Overlay;
use stack_core::pointer::PathSet;
use stack_core::schema::ResourceSchema;

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Correction {
    /// The type that it corrects.
    #[serde(rename = "type")]
    pub ty: String,
    /// Why, sentence by sentence, each with its source.
    pub evidence: Vec<String>,
    /// Paths that are read-only although the schema does not say so.
    #[serde(default)]
    pub read_only: PathSet,
    /// What the schema has no place for.
    #[serde(default)]
    pub overlay: Overlay,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the files, sorted by type name.
        pub(crate) const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../data/overlays/", $name, ".json")))),*
        ];
    };
}

files![
    "AWS-ApiGateway-Account",
    "AWS-AppRunner-Service",
    "AWS-AutoScaling-AutoScalingGroup",
    "AWS-Bedrock-AutomatedReasoningPolicy",
    "AWS-CertificateManager-Account",
    "AWS-CloudFront-Distribution",
    "AWS-CloudFront-RealtimeLogConfig",
    "AWS-Cognito-IdentityPool",
    "AWS-Cognito-UserPool",
    "AWS-Cognito-UserPoolClient",
    "AWS-DataZone-Environment",
    "AWS-EC2-LaunchTemplate",
    "AWS-EC2-SecurityGroup",
    "AWS-EC2-Subnet",
    "AWS-EC2-VPCBlockPublicAccessOptions",
    "AWS-ECR-Repository",
    "AWS-ECS-Cluster",
    "AWS-ECS-Service",
    "AWS-ElastiCache-ReplicationGroup",
    "AWS-ElasticLoadBalancingV2-TargetGroup",
    "AWS-Events-ApiDestination",
    "AWS-Events-EventBusPolicy",
    "AWS-Events-Rule",
    "AWS-Glue-Job",
    "AWS-IAM-Group",
    "AWS-IAM-Policy",
    "AWS-IAM-Role",
    "AWS-IAM-User",
    "AWS-InternetMonitor-Monitor",
    "AWS-IoT-Authorizer",
    "AWS-KMS-Key",
    "AWS-Lambda-Alias",
    "AWS-Lambda-Function",
    "AWS-Location-PlaceIndex",
    "AWS-Location-Tracker",
    "AWS-NetworkManager-GlobalNetwork",
    "AWS-OpenSearchService-Domain",
    "AWS-RDS-DBCluster",
    "AWS-RDS-DBInstance",
    "AWS-RedshiftServerless-Namespace",
    "AWS-ResourceExplorer2-DefaultViewAssociation",
    "AWS-RolesAnywhere-Profile",
    "AWS-Route53-HostedZone",
    "AWS-Route53-RecordSet",
    "AWS-SES-ReceiptRule",
    "AWS-SES-VdmAttributes",
    "AWS-SNS-Subscription",
    "AWS-SNS-TopicPolicy",
    "AWS-SQS-QueuePolicy",
    "AWS-SSM-Document",
    "AWS-Scheduler-Schedule",
    "AWS-SecretsManager-Secret",
    "AWS-Synthetics-Canary",
    "AWS-Transfer-Connector",
    "AWS-UXC-AccountCustomization",
    "AWS-WAFv2-IPSet",
    "AWS-WAFv2-WebACL",
];

/// The name of a type's file: `AWS::IAM::Role` → `AWS-IAM-Role`.
fn file_name(ty: &str) -> String {
    ty.replace("::", "-")
}

/// The correction of a type, if there is one.
pub(crate) fn of(ty: &str) -> Result<Option<Correction>, serde_json::Error> {
    let name = file_name(ty);
    FILES
        .binary_search_by(|(file, _)| (*file).cmp(name.as_str()))
        .ok()
        .and_then(|at| FILES.get(at))
        .map(|(_, text)| serde_json::from_str(text))
        .transpose()
}

/// Merges a correction into its schema.
pub(crate) fn correct(schema: &mut ResourceSchema, correction: Correction) {
    for path in correction.read_only.0 {
        if !schema.read_only_properties.0.contains(&path) {
            schema.read_only_properties.0.push(path);
        }
    }
    schema.overlay = correction.overlay;
}
