use super::*;
use crate::parse::parse;
use stack_catalog::Catalog;
use stack_core::ids::Region;

fn prepared(text: &str) -> Result<Writes, Vec<SqlError>> {
    let parsed = parse(text).map_err(|error| vec![error])?;
    let tables = Tables::new(Catalog::embedded());
    Writes::prepare(&parsed[0], &tables, &Defaults { regions: vec!["eu-west-1".to_owned()] })
}

fn shown(text: &str) -> String {
    let one = |write: &Write| {
        let region = write.at.region.as_ref().map(Region::as_str).unwrap_or_default();
        let body = match &write.operation {
            Operation::Create { props, .. } => props.to_string(),
            Operation::Update { identifier, patch, .. } => format!("{identifier} {patch}"),
            Operation::Delete { identifier, .. } => identifier.to_string(),
        };
        let token = write.token.as_ref().map(|token| format!(" {}", token.as_str())).unwrap_or_default();
        format!("{} {region} {body}{token}", write.operation.ty())
    };
    match prepared(text) {
        Ok(writes) => writes.all.iter().map(one).collect::<Vec<_>>().join("\n"),
        Err(errors) => {
            let told = errors.iter().map(|error| {
                let at = error.at.clone().map_or("-", |at| &text[at]);
                format!("{} {} | {at}", error.code, error.message)
            });
            told.collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn an_insert_is_a_create_for_each_row() {
    insta::assert_snapshot!(
        shown("INSERT INTO awscc.customerprofiles.domains (DomainName, data__DefaultExpirationDays, Tags, region) VALUES ('a', '366', '[{\"Key\":\"k\",\"Value\":\"v\"}]', 'us-east-1'), ('b', 7, NULL, NULL)"),
        @r#"
    AWS::CustomerProfiles::Domain us-east-1 {"DomainName":"a","DefaultExpirationDays":366,"Tags":[{"Key":"k","Value":"v"}]}
    AWS::CustomerProfiles::Domain eu-west-1 {"DomainName":"b","DefaultExpirationDays":7}
    "#
    );
    assert_eq!(
        shown("INSERT INTO aws.s3.buckets (bucket_name, ClientToken) SELECT 'logs', 'tok-1'"),
        r#"AWS::S3::Bucket eu-west-1 {"BucketName":"logs"} tok-1"#
    );
}

#[test]
fn changes_are_one_operation_for_each_resource() {
    insta::assert_snapshot!(
        [
            "DELETE FROM awscc.s3.buckets WHERE region IN ('us-east-1', 'us-west-2') AND Identifier IN ('a', 'b', 'a')",
            "DELETE FROM aws.connect.integration_association WHERE data__Identifier = 'i|LAMBDA_FUNCTION|arn'",
            "UPDATE awscc.s3.buckets SET PatchDocument = string('[{\"op\":\"remove\",\"path\":\"/Tags\"}]'), ClientToken = 't' WHERE Identifier = 'a'",
        ]
        .map(shown)
        .join("\n"),
        @r#"
    AWS::S3::Bucket us-east-1 a
    AWS::S3::Bucket us-east-1 b
    AWS::S3::Bucket us-west-2 a
    AWS::S3::Bucket us-west-2 b
    AWS::Connect::IntegrationAssociation eu-west-1 i|LAMBDA_FUNCTION|arn
    AWS::S3::Bucket eu-west-1 a [{"op":"remove","path":"/Tags"}] t
    "#
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    insta::assert_snapshot!(
        [
            "INSERT INTO awscc.s3.buckets (BucketNam) SELECT 'logs'",
            "INSERT INTO awscc.customerprofiles.domains (DomainName, DefaultExpirationDays) SELECT 'x', 'many'",
            "INSERT INTO awscc.customerprofiles.domains (DefaultExpirationDays) SELECT 7",
            "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'a' || 'b'",
            "INSERT INTO awscc.s3.buckets (BucketName, region) SELECT 'logs', 'US EAST'",
            "INSERT INTO awscc.s3.buckets (BucketName, ClientToken) VALUES ('logs', 't'), ('data', 't')",
            "INSERT INTO awscc.s3.buckets (BucketName, ClientToken) SELECT 'logs', 'a b'",
            "INSERT INTO awscc.s3.buckets (BucketName) SELECT bucket_name FROM awscc.s3.buckets_list_only",
            "INSERT INTO awscc.s3.buckets_list_only (BucketName) SELECT 'x'",
            "INSERT INTO awscc.cloud_control.resources (TypeName) SELECT 'x'",
            "INSERT INTO awscc.s3.bucket (BucketName) SELECT 'x'",
            "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs' RETURNING Identifer",
            "DELETE FROM awscc.s3.buckets WHERE region = 'us-east-1'",
            "DELETE FROM awscc.s3.buckets",
            "DELETE FROM awscc.s3.buckets WHERE bucket_name = 'x' AND Identifier = 'x'",
            "DELETE FROM awscc.s3.buckets WHERE Identifier = 'x' OR Identifier = 'y'",
            "DELETE FROM awscc.s3.buckets WHERE Identifier = 'x' AND Identifier = 'y'",
            "DELETE FROM awscc.customerprofiles.integrations WHERE Identifier = 'x'",
            "UPDATE awscc.s3.buckets SET Tags = '[]' WHERE Identifier = 'x'",
            "UPDATE awscc.s3.buckets SET PatchDocument = '{}' WHERE Identifier = 'x'",
            "UPDATE awscc.s3.buckets SET PatchDocument = '[{\"op\":\"add\",\"path\":\"/Tagz\",\"value\":1}]' WHERE Identifier = 'x'",
            "UPDATE awscc.s3.buckets SET RoleArn = 'r' WHERE Identifier = 'x'",
            "UPDATE awscc.ec2.eip_associations SET PatchDocument = '[]' WHERE Identifier = 'x'",
        ]
        .map(shown)
        .join("\n")
    );
}

#[test]
fn the_table_of_all_types_takes_a_type_with_each_row() {
    insta::assert_snapshot!(
        [
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) VALUES ('AWS::S3::Bucket', '{\"BucketName\":\"logs\"}', 'us-east-1'), ('AWS::SQS::Queue', '{\"DelaySeconds\":5}', NULL)",
            "UPDATE awscc.cloud_control.resources SET PatchDocument = '[{\"op\":\"remove\",\"path\":\"/Tags\"}]' WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'a' AND region = 'us-east-1'",
            "DELETE FROM awscc.cloud_control.resources WHERE data__TypeName = 'AWS::S3::Bucket' AND data__Identifier IN ('a', 'b')",
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState) SELECT 'AWS::S3::Bucket', '{\"BucketNam\":\"logs\"}'",
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState) SELECT 'AWS::S3::Bucket', 'logs'",
            "INSERT INTO awscc.cloud_control.resources (TypeName, BucketName) SELECT 'AWS::S3::Bucket', 'logs'",
            "INSERT INTO awscc.cloud_control.resources (DesiredState) SELECT '{}'",
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, Tags) SELECT 'AWS::S3::Bucket', '{}', '[]'",
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState) SELECT name, value FROM aws.ssm.parameters",
            "DELETE FROM awscc.cloud_control.resources WHERE Identifier = 'a'",
            "DELETE FROM awscc.cloud_control.resources WHERE TypeName = 'AWS::S3::Bukket' AND Identifier = 'a'",
            "UPDATE awscc.cloud_control.resources SET PatchDocument = '[]' WHERE TypeName = 'AWS::S3::Bucket'",
        ]
        .map(shown)
        .join("\n")
    );
}

#[test]
fn operations_are_stopped_by_their_token() {
    let told = |text: &str| match prepared(text) {
        Ok(writes) => {
            let one = |one: &Cancel| format!("{} {}", one.at.region.as_ref().unwrap(), one.request);
            assert!(writes.all.is_empty());
            writes.cancels.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Err(_) => shown(text),
    };
    insta::assert_snapshot!(
        [
            "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = 'r-1' AND region = 'us-east-1'",
            "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken IN ('r-1', 'r-2') RETURNING OperationStatus",
            "DELETE FROM awscc.cloud_control.resource_requests WHERE region = 'us-east-1'",
            "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = 'r-1' AND Identifier = 'x'",
            "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = ''",
            "DELETE FROM awscc.cloud_control.resource_request WHERE RequestToken = 'r-1'",
            "INSERT INTO awscc.cloud_control.resource_requests (RequestToken) SELECT 'r-1'",
        ]
        .map(told)
        .join("\n")
    );
}
