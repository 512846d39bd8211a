//! Names of types, held against the catalog of all published types: what is wrong, where, and what was meant.

use super::{problems_of, show};
use crate::{Options, Sources, Stack};
use stack_catalog::Catalog;
use stack_core::schema::Schemas;
use std::sync::Arc;

/// The catalog, which lives as long as the program.
#[derive(Debug)]
struct Published;

impl Schemas for Published {
    fn canonical(&self, name: &str) -> Result<stack_core::ids::TypeName, stack_core::schema::UnknownType> {
        Catalog::embedded().canonical(name)
    }
    fn schema(
        &self,
        ty: &stack_core::ids::TypeName,
    ) -> Result<Arc<stack_core::schema::ResourceSchema>, stack_core::schema::UnknownType> {
        Catalog::embedded().schema(ty)
    }
    fn others_with(&self, ty: &stack_core::ids::TypeName, property: &str) -> Vec<stack_core::ids::TypeName> {
        Catalog::embedded().others_with(ty, property)
    }
    fn available_in(&self, ty: &stack_core::ids::TypeName, region: &str) -> bool {
        Catalog::embedded().available_in(ty, region)
    }
    fn regions(&self) -> Option<Vec<String>> {
        Schemas::regions(Catalog::embedded())
    }
}

/// Everything that is said about a resource of a type, with further lines.
fn of(ty: &str, more: &str) -> String {
    let manifest = format!("name: s\nresources:\n  - name: r\n    type: {ty}\n{more}");
    let sources = Sources { manifest, env: "prod".to_owned(), ..Sources::default() };
    let parsed = Stack::parse(sources, Arc::new(Published), Options::default());
    show(&problems_of(&parsed), &parsed.source_map)
}

/// The first two lines: message, and place with label.
fn head(ty: &str) -> String {
    of(ty, "").lines().take(2).map(str::trim).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_name_that_no_type_has_leads_to_the_one_that_was_meant() {
    let names = [
        "AWS::s3::bucket",
        "aws::S3::Bucket",
        "AWS::S3::Buckets",
        "AWS::S3::Bukket",
        "AWS::S3",
        "AWS:S3:Bucket",
        "awscc.s3.bukets",
        "awscc.s3.bucket_policy",
        "awscc.s3",
        "awscc.s3.buckets_list_only",
        "aws.s3.bucket_tags",
        "AWS::Serverless::Function",
        "AWS::IAM::RolePolicie",
        "google.compute.instances",
        "AWS::EC2::Vpc",
        "Custom::Thing",
    ];
    let said: Vec<String> = names.iter().map(|name| head(name)).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    error[SD1105] there is no resource type `AWS::s3::bucket` | 4:11 «AWS::s3::bucket» did you mean `AWS::S3::Bucket`?
    error[SD1105] there is no resource type `aws::S3::Bucket` | 4:11 «aws::S3::Bucket» did you mean `AWS::S3::Bucket`?
    error[SD1105] there is no resource type `AWS::S3::Buckets` | 4:11 «AWS::S3::Buckets» did you mean `AWS::S3::Bucket`?
    error[SD1105] there is no resource type `AWS::S3::Bukket` | 4:11 «AWS::S3::Bukket» did you mean `AWS::S3::Bucket`?
    error[SD1105] there is no resource type `AWS::S3` | 4:11 «AWS::S3» `AWS::S3` is a service; its types are `AWS::S3::AccessGrant`, `AWS::S3::AccessGrantsInstance`, `AWS::S3::AccessGrantsLocation`, `AWS::S3::AccessPoint`, `AWS::S3::Bucket`, `AWS::S3::BucketPolicy` and 4 more
    error[SD1105] there is no resource type `AWS:S3:Bucket` | 4:11 «AWS:S3:Bucket»
    error[SD1105] there is no resource type `awscc.s3.bukets` | 4:11 «awscc.s3.bukets» did you mean `awscc.s3.buckets`?
    error[SD1105] there is no resource type `awscc.s3.bucket_policy` | 4:11 «awscc.s3.bucket_policy» did you mean `awscc.s3.bucket_policies`?
    error[SD1105] there is no resource type `awscc.s3` | 4:11 «awscc.s3» `awscc.s3` is a service; its types are `awscc.s3.access_grants`, `awscc.s3.access_grants_instances`, `awscc.s3.access_grants_locations`, `awscc.s3.access_points`, `awscc.s3.bucket_policies`, `awscc.s3.buckets` and 4 more
    error[SD1105] there is no resource type `awscc.s3.buckets_list_only` | 4:11 «awscc.s3.buckets_list_only» it is a table for queries; the resource type is `awscc.s3.buckets`
    error[SD1105] there is no resource type `aws.s3.bucket_tags` | 4:11 «aws.s3.bucket_tags» it is a table for queries; the resource type is `awscc.s3.buckets`
    error[SD1105] there is no resource type `AWS::Serverless::Function` | 4:11 «AWS::Serverless::Function» CloudFormation expands SAM types itself; Cloud Control has no such type: write `AWS::Lambda::Function` and what it needs
    error[SD1105] there is no resource type `AWS::IAM::RolePolicie` | 4:11 «AWS::IAM::RolePolicie» did you mean `AWS::IAM::RolePolicy`?
    error[SD1105] nothing describes the provider of `google.compute.instances` | 4:11 «google.compute.instances»
    error[SD1105] there is no resource type `AWS::EC2::Vpc` | 4:11 «AWS::EC2::Vpc» did you mean `AWS::EC2::VPC`?
    error[SD1105] there is no resource type `Custom::Thing` | 4:11 «Custom::Thing» a custom resource only means something inside a CloudFormation stack
    ");
}

#[test]
fn a_type_that_cannot_be_managed_is_told_before_any_call() {
    insta::assert_snapshot!(of("AWS::IAM::Policy", "    props: { PolicyName: p }\n"), @r"
    error[SD1320] `AWS::IAM::Policy` cannot be managed through Cloud Control
      4:11 «AWS::IAM::Policy» no read handler
      = needed by  r (AWS::IAM::Policy), env prod
      = next  use `AWS::IAM::RolePolicy`, `AWS::IAM::UserPolicy`, `AWS::IAM::GroupPolicy` or `AWS::IAM::ManagedPolicy`
    error[SD1311] `AWS::IAM::Policy` needs `PolicyDocument`
      5:5 «props» `PolicyDocument` is missing
      = needed by  r (AWS::IAM::Policy), env prod
    error[SD1315] `AWS::IAM::Policy` needs one of `Users`, `Groups` or `Roles`
      5:5 «props» one of them is missing
      = needed by  r (AWS::IAM::Policy), env prod
    ");
    insta::assert_snapshot!(of("AWS::CDK::Metadata", ""), @r"
    error[SD1320] `AWS::CDK::Metadata` cannot be managed through Cloud Control
      4:11 «AWS::CDK::Metadata» no create, read, delete handler
      = why  it only means something inside a CloudFormation stack
      = needed by  r (AWS::CDK::Metadata), env prod
      = next  leave it out
    ");
    insta::assert_snapshot!(of("AWS::CodeBuild::Project", "    props: { Name: p }\n"), @r"
    error[SD1320] `AWS::CodeBuild::Project` cannot be managed through Cloud Control
      4:11 «AWS::CodeBuild::Project» no create, read, delete handler
      = needed by  r (AWS::CodeBuild::Project), env prod
      = next  make it in a query file or by other means, and refer to it by name
    error[SD1311] `AWS::CodeBuild::Project` needs `Artifacts`, `ServiceRole`, `Environment` and `Source`
      5:5 «props» `Artifacts`, `ServiceRole`, `Environment` and `Source` are missing
      = needed by  r (AWS::CodeBuild::Project), env prod
    ");
}

#[test]
fn a_service_that_goes_away_is_a_warning_at_the_type() {
    insta::assert_snapshot!(of("AWS::Proton::EnvironmentTemplate", "    props: { Name: a-b }\n"), @r"
    warning[SD1325] the service of `AWS::Proton::EnvironmentTemplate` is being closed down (2026-10-07)
      4:11 «AWS::Proton::EnvironmentTemplate» sunset
      = needed by  r (AWS::Proton::EnvironmentTemplate), env prod
      = next  plan to move away from it before that day
    ");
}

#[test]
fn a_region_without_the_type_is_an_error_and_an_unknown_region_a_warning() {
    let bucket = |region: &str| {
        of("AWS::S3::Bucket", &format!("    region: {region}\n    props: {{ BucketName: a-b-c }}\n"))
    };
    assert_eq!(bucket("us-east-1"), "");
    insta::assert_snapshot!(bucket("us-esat-1"), @r"
    warning[SD1119] no region `us-esat-1` is known
      5:13 «us-esat-1» did you mean `us-east-1`?
      = needed by  r (AWS::S3::Bucket), env prod
    ");
    let profile = |region: &str| {
        of(
            "AWS::CustomerProfiles::Domain",
            &format!("    region: {region}\n    props: {{ DomainName: a, DefaultExpirationDays: 1 }}\n"),
        )
    };
    assert_eq!(profile("us-east-1"), "");
    insta::assert_snapshot!(profile("ap-southeast-6"), @r"
    error[SD1117] AWS::CustomerProfiles::Domain is not available in ap-southeast-6
      4:11 «AWS::CustomerProfiles::Domain» 
      = needed by  r (AWS::CustomerProfiles::Domain), env prod
      = next  choose another region; if the service has come there since, refresh the schemas
    ");
    // Nothing is published about the types of this one.
    assert_eq!(profile("us-iso-east-1"), "");
}

#[test]
fn a_value_that_is_not_sent_as_it_is_written_is_told() {
    let parameter = |value: &str| {
        of("AWS::SSM::Parameter", &format!("    props: {{ Name: n, Type: String, Value: {value} }}\n"))
    };
    for as_written in [
        "12e4567",
        "012345678901",
        "1_000",
        "2024-01-01",
        "12:30",
        "off",
        "1.0",
        "16.3",
        "31",
        "true",
        "'0x1F'",
        "\"{{ 1 + 1 }}\"",
    ] {
        assert_eq!(parameter(as_written), "", "{as_written}");
    }
    for (written, sent) in [
        ("0x1F", "31"),
        ("0o17", "15"),
        ("+5", "5"),
        ("-0", "0"),
        ("1.50", "1.5"),
        ("1e3", "1000.0"),
        ("True", "true"),
    ] {
        let said = parameter(written);
        let head = format!(
            "warning[SD1324] `Value` is text, `{written}` is sent as `{sent}`\n  5:44 «{written}» a number or a boolean"
        );
        assert!(said.starts_with(&head), "{said}");
        assert!(said.contains(&format!("= next  put it in quotes: \"{written}\"")), "{said}");
        assert_eq!(said.matches("SD1324").count(), 1, "{said}");
    }
    let secret = of(
        "AWS::SSM::Parameter",
        "    props:\n      - { name: Name, value: n }\n      - { name: Type, value: String }\n      - { name: Value, value: 1.50, sensitive: true }\n",
    );
    assert!(
        secret.starts_with("warning[SD1324] `Value` is text, it is not sent as it is written\n"),
        "{secret}"
    );
    for written in [".inf", "-.Inf", ".NaN"] {
        let said = parameter(written);
        assert!(
            said.contains(&format!("error[SD1304] `Value` cannot be `{written}`: a request is JSON")),
            "{said}"
        );
    }
}

#[test]
fn a_property_of_another_type_of_the_service_is_told_whose_it_is() {
    let said = |ty: &str, name: &str| {
        let all = of(ty, &format!("    props: {{ {name}: x }}\n"));
        let at = all.find("error[SD1301]").unwrap_or_else(|| panic!("{all}"));
        all[at..].lines().nth(1).unwrap_or_default().trim().to_owned()
    };
    assert_eq!(
        said("AWS::Lambda::Function", "AuthType"),
        "5:14 «AuthType» it is a property of `AWS::Lambda::Url` and `AWS::Lambda::WebFunctionEndpoint`"
    );
    assert_eq!(
        said("AWS::S3::Bucket", "PolicyDocument"),
        "5:14 «PolicyDocument» it is a property of `AWS::S3::BucketPolicy`"
    );
    assert_eq!(
        said("awscc.sqs.queues", "PolicyDocument"),
        "5:14 «PolicyDocument» it is a property of `AWS::SQS::QueueInlinePolicy`"
    );
    // Many types of the service have it, or none.
    assert_eq!(said("AWS::EC2::VPC", "SubnetId"), "5:14 «SubnetId» not a property");
    assert_eq!(said("AWS::SQS::Queue", "Zebra"), "5:14 «Zebra» not a property");
}
