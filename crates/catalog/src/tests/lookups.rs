//! What the rest of the program asks the catalog.

use super::*;
use crate::permissions::{Operation, needed};
use stack_core::pointer::Pointer;

#[test]
fn both_spellings_name_a_type_and_dotted_ones_in_any_case() {
    let ty = TypeName::new("AWS::CustomerProfiles::Integration");
    for name in [
        "AWS::CustomerProfiles::Integration",
        "awscc.customerprofiles.integrations",
        "AWSCC.CustomerProfiles.Integrations",
        "aws.customerprofiles.integrations",
        "aws.customerprofiles.integration",
    ] {
        assert_eq!(catalog().canonical(name), Ok(ty.clone()), "{name}");
    }
}

#[test]
fn unknown_names_come_with_near_ones_in_the_same_spelling() {
    for (name, near) in [
        ("AWS::S3::Bukcet", vec!["AWS::S3::Bucket"]),
        ("aws::s3::bucket", vec!["AWS::S3::Bucket"]),
        ("awscc.s3.bucket", vec!["awscc.s3.buckets"]),
        ("awscc.customerprofiles.integration", vec!["awscc.customerprofiles.integrations"]),
        ("AWS::CloudWatch::LogGroup", vec!["AWS::Logs::LogGroup"]),
        ("nothing.like.this", vec![]),
    ] {
        let error = catalog().canonical(name).unwrap_err();
        assert_eq!(error.near.first().map(String::as_str), near.first().copied(), "{name}: {:?}", error.near);
        assert!(error.near.len() <= 3);
        assert_eq!(error.name, name);
    }
}

#[test]
fn names_that_are_no_types_say_why() {
    let why = |name: &str| catalog().canonical(name).unwrap_err().why.unwrap_or_default();
    assert_eq!(
        why("awscc.s3.buckets_list_only"),
        "it is a table for queries; the resource type is `awscc.s3.buckets`"
    );
    assert_eq!(why("aws.ec2.vpc_tags"), "it is a table for queries; the resource type is `awscc.ec2.vpcs`");
    assert!(why("AWS::Serverless::Function").contains("SAM"));
}

#[test]
fn opening_the_catalog_decodes_nothing_and_one_schema_decodes_one_block() {
    let fresh = Catalog::from_bytes(crate::DATA).unwrap();
    assert!(fresh.canonical("awscc.s3.buckets").is_ok());
    assert!(fresh.facts("AWS::S3::Bucket").is_some());
    assert!(fresh.available_in(&TypeName::new("AWS::S3::Bucket"), "eu-west-1"));
    assert_eq!((fresh.schemas.decoded(), fresh.docs.decoded()), (0, 0));
    fresh.schema(&TypeName::new("AWS::S3::Bucket")).unwrap();
    assert_eq!((fresh.schemas.decoded(), fresh.docs.decoded()), (1, 0));
}

#[test]
fn damaged_data_is_an_error_and_no_panic() {
    assert!(Catalog::from_bytes(b"").is_err());
    assert!(Catalog::from_bytes(&crate::DATA[..64]).is_err());
    for length in [1000, 100_000, 1_000_000] {
        assert!(Catalog::from_bytes(&crate::DATA[..length]).is_err());
    }
}

#[test]
fn availability_is_known_by_region_and_assumed_where_it_is_not() {
    let only_west = TypeName::new("AWS::DeviceFarm::Project");
    assert!(!catalog().available_in(&only_west, "us-east-1"));
    assert!(catalog().available_in(&only_west, "us-west-2"));
    // A placeholder of the package, and a region that it does not know.
    assert!(catalog().available_in(&only_west, "us-iso-east-1"));
    assert!(catalog().available_in(&only_west, "xx-new-1"));
    assert!(catalog().available_in(&TypeName::new("Private::Type::Here"), "us-east-1"));
}

#[test]
fn the_source_of_the_data_is_on_record() {
    let source = catalog().source();
    assert_eq!((source.package.as_str(), source.version.as_str()), ("cfn-lint", "1.58.0"));
    assert_eq!((source.date(), source.licence.as_str()), ("2026-10-20", "MIT-0"));
}

#[test]
fn descriptions_are_whole_at_any_depth_and_through_references() {
    let ty = TypeName::new("AWS::CustomerProfiles::Integration");
    let at = |path: &str| catalog().property_description(&ty, &Pointer::parse(path).unwrap());
    insta::assert_snapshot!(catalog().description(&ty).unwrap(), @"The resource schema for creating an Amazon Connect Customer Profiles Integration.");
    insta::assert_snapshot!(at("/DomainName").unwrap(), @"The unique name of the domain.");
    assert_eq!(at("/NoSuchProperty"), None);
    let bucket = TypeName::new("AWS::S3::Bucket");
    let rule = Pointer::parse("/LifecycleConfiguration/Rules/0/Status").unwrap();
    insta::assert_snapshot!(catalog().property_description(&bucket, &rule).unwrap(), @"If ``Enabled``, the rule is currently being applied. If ``Disabled``, the rule is not currently being applied.");
}

#[test]
fn permissions_are_those_of_the_seed_documents() {
    let association = TypeName::new("AWS::Connect::IntegrationAssociation");
    let integration = TypeName::new("AWS::CustomerProfiles::Integration");
    assert_eq!(schema(association.as_str()).handlers.delete.as_ref().unwrap().permissions.len(), 19);
    assert_eq!(schema(integration.as_str()).handlers.create.as_ref().unwrap().permissions.len(), 12);
    assert!(catalog().permissions(&TypeName::new("AWS::IAM::User"), Operation::Read).is_some());
    let create = catalog().permissions(&association, Operation::Create).unwrap();
    let folded = |text: &String| text.to_lowercase();
    let mut distinct: Vec<String> = create.iter().map(folded).collect();
    distinct.dedup();
    assert_eq!(distinct.len(), create.len(), "no doubles, sorted without regard to case");
}

#[test]
fn no_normalised_list_holds_blanks_or_doubles() {
    for schema in counted() {
        for operation in Operation::ALL {
            let Some(listed) = crate::permissions::listed(&schema, operation) else { continue };
            let mut folded: Vec<String> = listed.iter().map(|action| action.to_lowercase()).collect();
            assert!(folded.iter().all(|action| !action.is_empty()));
            let before = folded.len();
            folded.dedup();
            assert_eq!(before, folded.len(), "{} {operation}", schema.type_name);
        }
    }
}

#[test]
fn doing_an_operation_takes_reading_it_back_and_tagging() {
    let schema = schema("AWS::Logs::LogGroup");
    let has = |list: &[String], action: &str| list.iter().any(|a| a.eq_ignore_ascii_case(action));
    let plain = needed(&schema, Operation::Create, false).unwrap();
    let tagged = needed(&schema, Operation::Create, true).unwrap();
    assert!(has(&plain, "logs:CreateLogGroup") && has(&plain, "logs:DescribeLogGroups"));
    assert!(has(&tagged, "logs:TagResource") && plain.len() <= tagged.len());
    assert_eq!(needed(&super::schema("AWS::EC2::VolumeAttachment"), Operation::Update, false), None);
}

#[test]
fn a_schema_from_elsewhere_keeps_its_documentation_and_gets_the_corrections() {
    let published = serde_json::json!({
        "typeName": "AWS::IAM::Role", "description": "A role.",
        "properties": {
            "description": { "type": "string", "description": "A property of this name." },
            "Tags": { "type": "array", "items": { "$ref": "#/definitions/Tag" } }
        },
        "definitions": { "Tag": { "type": "object", "properties": { "Key": { "description": "Its key." } } } },
        "primaryIdentifier": ["/properties/RoleName"]
    });
    let docs = crate::docs::Documentation::of_schema(&published);
    let schema: ResourceSchema = serde_json::from_value(published).unwrap();
    assert_eq!(docs.description(), "A role.");
    let of = |path: &str| docs.property(&schema, &Pointer::parse(path).unwrap()).map(str::to_owned);
    assert_eq!(of("/description").as_deref(), Some("A property of this name."));
    assert_eq!(of("/Tags/0/Key").as_deref(), Some("Its key."));
    let corrected = Catalog::embedded().corrected(schema).unwrap();
    assert!(!corrected.overlay.remove_defaults.is_empty());
}
