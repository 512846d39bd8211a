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
    "AWS-ARCZonalShift-AutoshiftObserverNotificationStatus",
    "AWS-AccessAnalyzer-Analyzer",
    "AWS-AccessAnalyzer-ArchiveRule",
    "AWS-ApiGateway-Account",
    "AWS-AppRunner-Service",
    "AWS-AppSync-ApiCache",
    "AWS-AppSync-ChannelNamespace",
    "AWS-AppSync-DataSource",
    "AWS-AppSync-GraphQLSchema",
    "AWS-AppSync-Resolver",
    "AWS-ApplicationSignals-Discovery",
    "AWS-ApplicationSignals-GroupingConfiguration",
    "AWS-Athena-CapacityReservation",
    "AWS-AutoScaling-AutoScalingGroup",
    "AWS-Batch-ComputeEnvironment",
    "AWS-Batch-ConsumableResource",
    "AWS-Batch-JobQueue",
    "AWS-Batch-QuotaShare",
    "AWS-Batch-SchedulingPolicy",
    "AWS-Batch-ServiceEnvironment",
    "AWS-Bedrock-AutomatedReasoningPolicy",
    "AWS-CertificateManager-Account",
    "AWS-Chatbot-CustomAction",
    "AWS-Chatbot-MicrosoftTeamsChannelConfiguration",
    "AWS-Chatbot-SlackChannelConfiguration",
    "AWS-CloudFront-Distribution",
    "AWS-CloudFront-Function",
    "AWS-CloudFront-OriginAccessControl",
    "AWS-CloudFront-RealtimeLogConfig",
    "AWS-CloudTrail-Dashboard",
    "AWS-CloudWatch-AlarmMuteRule",
    "AWS-CloudWatch-InsightRule",
    "AWS-CloudWatch-OTelEnrichment",
    "AWS-CodeArtifact-Domain",
    "AWS-CodeArtifact-Repository",
    "AWS-CodeBuild-ReportGroup",
    "AWS-Cognito-IdentityPool",
    "AWS-Cognito-UserPool",
    "AWS-Cognito-UserPoolClient",
    "AWS-Comprehend-DocumentClassifier",
    "AWS-Comprehend-Flywheel",
    "AWS-DataZone-Environment",
    "AWS-DevOpsGuru-LogAnomalyDetectionIntegration",
    "AWS-EC2-LaunchTemplate",
    "AWS-EC2-Route",
    "AWS-EC2-SecurityGroup",
    "AWS-EC2-SnapshotBlockPublicAccess",
    "AWS-EC2-Subnet",
    "AWS-EC2-VPCBlockPublicAccessOptions",
    "AWS-ECR-RegistryPolicy",
    "AWS-ECR-RegistryScanningConfiguration",
    "AWS-ECR-ReplicationConfiguration",
    "AWS-ECR-Repository",
    "AWS-ECR-SigningConfiguration",
    "AWS-ECS-Cluster",
    "AWS-ECS-Service",
    "AWS-EKS-Nodegroup",
    "AWS-ElastiCache-ReplicationGroup",
    "AWS-ElasticBeanstalk-ConfigurationTemplate",
    "AWS-ElasticLoadBalancingV2-TargetGroup",
    "AWS-EventSchemas-Registry",
    "AWS-EventSchemas-Schema",
    "AWS-Events-ApiDestination",
    "AWS-Events-EventBusPolicy",
    "AWS-Events-Rule",
    "AWS-Evidently-Experiment",
    "AWS-Evidently-Feature",
    "AWS-Evidently-Launch",
    "AWS-Evidently-Project",
    "AWS-Evidently-Segment",
    "AWS-Glue-Classifier",
    "AWS-Glue-Connection",
    "AWS-Glue-IdentityCenterConfiguration",
    "AWS-Glue-Job",
    "AWS-Glue-Registry",
    "AWS-Glue-Schema",
    "AWS-Glue-Session",
    "AWS-Glue-UserDefinedFunction",
    "AWS-IAM-Group",
    "AWS-IAM-ManagedPolicy",
    "AWS-IAM-OIDCProvider",
    "AWS-IAM-Policy",
    "AWS-IAM-Role",
    "AWS-IAM-SAMLProvider",
    "AWS-IAM-User",
    "AWS-IAM-VirtualMFADevice",
    "AWS-InternetMonitor-Monitor",
    "AWS-IoT-Authorizer",
    "AWS-IoT-EncryptionConfiguration",
    "AWS-IoT-Job",
    "AWS-IoT-Policy",
    "AWS-IoT-Stream",
    "AWS-KMS-Key",
    "AWS-Lambda-Alias",
    "AWS-Lambda-Function",
    "AWS-Lambda-Url",
    "AWS-Location-PlaceIndex",
    "AWS-Location-Tracker",
    "AWS-Logs-AccountPolicy",
    "AWS-Logs-StorageTierPolicy",
    "AWS-Macie-Session",
    "AWS-MediaPackageV2-Channel",
    "AWS-MediaPackageV2-ChannelGroup",
    "AWS-MediaPackageV2-OriginEndpoint",
    "AWS-NetworkFirewall-Firewall",
    "AWS-NetworkFirewall-FirewallPolicy",
    "AWS-NetworkFirewall-RuleGroup",
    "AWS-NetworkFirewall-TLSInspectionConfiguration",
    "AWS-NetworkManager-GlobalNetwork",
    "AWS-OpenSearchService-Domain",
    "AWS-RAM-Permission",
    "AWS-RDS-ClusterSnapshot",
    "AWS-RDS-DBCluster",
    "AWS-RDS-DBClusterEndpoint",
    "AWS-RDS-DBInstance",
    "AWS-RDS-DBSnapshot",
    "AWS-Redshift-SnapshotCopyGrant",
    "AWS-Redshift-SnapshotSchedule",
    "AWS-RedshiftServerless-Namespace",
    "AWS-ResourceExplorer2-DefaultViewAssociation",
    "AWS-RolesAnywhere-Profile",
    "AWS-Route53-HostedZone",
    "AWS-Route53-RecordSet",
    "AWS-S3-AccessGrantsInstance",
    "AWS-S3-Bucket",
    "AWS-S3Tables-TableBucket",
    "AWS-S3Vectors-Index",
    "AWS-S3Vectors-VectorBucket",
    "AWS-SES-ReceiptRule",
    "AWS-SES-VdmAttributes",
    "AWS-SNS-Subscription",
    "AWS-SNS-Topic",
    "AWS-SNS-TopicPolicy",
    "AWS-SQS-Queue",
    "AWS-SQS-QueuePolicy",
    "AWS-SSM-Document",
    "AWS-SSMContacts-Contact",
    "AWS-SSMGuiConnect-Preferences",
    "AWS-SSMIncidents-ResponsePlan",
    "AWS-SageMaker-Endpoint",
    "AWS-SageMaker-EndpointConfig",
    "AWS-SageMaker-Model",
    "AWS-SageMaker-NotebookInstance",
    "AWS-Scheduler-Schedule",
    "AWS-SecretsManager-Secret",
    "AWS-SecurityHub-Hub",
    "AWS-Shield-DRTAccess",
    "AWS-Shield-ProactiveEngagement",
    "AWS-StepFunctions-Activity",
    "AWS-StepFunctions-StateMachine",
    "AWS-StepFunctions-StateMachineAlias",
    "AWS-Synthetics-Canary",
    "AWS-Transfer-Connector",
    "AWS-Transfer-User",
    "AWS-UXC-AccountCustomization",
    "AWS-WAFv2-IPSet",
    "AWS-WAFv2-WebACL",
    "AWS-XRay-SamplingRule",
    "AWS-XRay-TransactionSearchConfig",
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
