//! What a type as a whole cannot do.

use super::walk::{Finding, Place};
use super::{Violation, codes, spelling};
use crate::ids::TypeName;
use crate::schema::ResourceSchema;

/// Types to use in place of those that Cloud Control cannot manage, where no overlay says it: other types that make the
/// same thing (cloud-control 2.2), and the successors that the services name in their documentation.
const SIBLINGS: &[(&str, &[&str])] = &[
    ("AWS::CloudFront::StreamingDistribution", &["AWS::CloudFront::Distribution"]),
    ("AWS::ElastiCache::SecurityGroup", &["AWS::EC2::SecurityGroup"]),
    ("AWS::ElastiCache::SecurityGroupIngress", &["AWS::EC2::SecurityGroupIngress"]),
    ("AWS::Elasticsearch::Domain", &["AWS::OpenSearchService::Domain"]),
    (
        "AWS::IAM::Policy",
        &["AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy", "AWS::IAM::ManagedPolicy"],
    ),
    // A user names the groups that it belongs to.
    ("AWS::IAM::UserToGroupAddition", &["AWS::IAM::User"]),
    ("AWS::KinesisAnalytics::Application", &["AWS::KinesisAnalyticsV2::Application"]),
    ("AWS::LakeFormation::Permissions", &["AWS::LakeFormation::PrincipalPermissions"]),
    ("AWS::PinpointEmail::ConfigurationSet", &["AWS::SES::ConfigurationSet"]),
    ("AWS::PinpointEmail::ConfigurationSetEventDestination", &["AWS::SES::ConfigurationSetEventDestination"]),
    ("AWS::PinpointEmail::DedicatedIpPool", &["AWS::SES::DedicatedIpPool"]),
    ("AWS::PinpointEmail::Identity", &["AWS::SES::EmailIdentity"]),
    ("AWS::RDS::DBSecurityGroup", &["AWS::EC2::SecurityGroup"]),
    ("AWS::RDS::DBSecurityGroupIngress", &["AWS::EC2::SecurityGroupIngress"]),
    ("AWS::Redshift::ClusterSecurityGroup", &["AWS::EC2::SecurityGroup"]),
    ("AWS::Redshift::ClusterSecurityGroupIngress", &["AWS::EC2::SecurityGroupIngress"]),
    ("AWS::Route53::RecordSetGroup", &["AWS::Route53::RecordSet"]),
    ("AWS::SNS::TopicPolicy", &["AWS::SNS::TopicInlinePolicy"]),
    ("AWS::SQS::QueuePolicy", &["AWS::SQS::QueueInlinePolicy"]),
    ("AWS::WAF::IPSet", &["AWS::WAFv2::IPSet"]),
    ("AWS::WAF::Rule", &["AWS::WAFv2::RuleGroup"]),
    ("AWS::WAF::WebACL", &["AWS::WAFv2::WebACL"]),
    ("AWS::WAFRegional::IPSet", &["AWS::WAFv2::IPSet"]),
    ("AWS::WAFRegional::RateBasedRule", &["AWS::WAFv2::RuleGroup"]),
    ("AWS::WAFRegional::RegexPatternSet", &["AWS::WAFv2::RegexPatternSet"]),
    ("AWS::WAFRegional::Rule", &["AWS::WAFv2::RuleGroup"]),
    ("AWS::WAFRegional::WebACL", &["AWS::WAFv2::WebACL"]),
    ("AWS::WAFRegional::WebACLAssociation", &["AWS::WAFv2::WebACLAssociation"]),
];

/// Types that only mean something inside a CloudFormation stack.
const STACK_ONLY: &[&str] = &[
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Macro",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
];

/// What is wrong with using a type at all: it cannot be managed, or its service is going away. Pointers are at the
/// root; the caller underlines the resource's `type`. `near` are types to suggest where nothing better is known.
pub fn check_type(schema: &ResourceSchema, near: &[TypeName]) -> Vec<Violation> {
    let ty = &schema.type_name;
    let mut found = Vec::new();
    if !schema.is_provisionable() {
        let missing: Vec<&str> = [
            ("create", schema.handlers.create.is_some()),
            ("read", schema.handlers.read.is_some()),
            ("delete", schema.handlers.delete.is_some()),
        ]
        .into_iter()
        .filter_map(|(verb, there)| (!there).then_some(verb))
        .collect();
        let finding = Finding::key(Place::root().pointer(), codes::NOT_PROVISIONABLE)
            .says(format!("`{ty}` cannot be managed through Cloud Control"))
            .label(format!("no {} handler", missing.join(", ")));
        let siblings = siblings(schema, near);
        let finding = if STACK_ONLY.contains(&ty.as_str()) {
            finding.note("why", "it only means something inside a CloudFormation stack").next("leave it out")
        } else if siblings.is_empty() {
            finding.next("make it in a query file or by other means, and refer to it by name")
        } else {
            finding.next(format!("use {}", spelling::list(&siblings, "or", 4)))
        };
        found.push(finding.violation);
    }
    if let Some(status) = schema.lifecycle.as_ref().and_then(|lifecycle| lifecycle.get("status")?.as_str()) {
        let date = schema.lifecycle.as_ref().and_then(|lifecycle| lifecycle.get("date")?.as_str());
        let when = date.map(|date| format!(" ({date})")).unwrap_or_default();
        let (what, next) = match status {
            "sunset" => ("is being closed down", "plan to move away from it before that day"),
            "shutdown" => ("is shut down", "use another service"),
            "maintenance" => {
                ("takes no new customers", "use another service, unless the account uses it already")
            }
            _ => ("is not what it was", "look up what the service says about its future"),
        };
        found.push(
            Finding::key(Place::root().pointer(), codes::LIFECYCLE)
                .says(format!("the service of `{ty}` {what}{when}"))
                .label(status)
                .next(next)
                .warning()
                .violation,
        );
    }
    found
}

fn siblings(schema: &ResourceSchema, near: &[TypeName]) -> Vec<String> {
    let names = |types: &[TypeName]| types.iter().map(ToString::to_string).collect::<Vec<_>>();
    if !schema.overlay.use_instead.is_empty() {
        return names(&schema.overlay.use_instead);
    }
    match SIBLINGS.iter().find(|(ty, _)| *ty == schema.type_name.as_str()) {
        Some((_, siblings)) => siblings.iter().map(|s| (*s).to_owned()).collect(),
        None => names(near),
    }
}
