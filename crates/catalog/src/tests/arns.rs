//! ARNs as the tag index gives them: their types, and what Cloud Control calls the resource.

use super::*;
use crate::arn::{identifiers, types};
use std::collections::BTreeSet;

/// Type, ARN, candidates for its identifier joined by `+` (`-`: none). Examples of each service's documentation.
const EXAMPLES: &str = include_str!("../../testdata/arns.tsv");

fn examples() -> impl Iterator<Item = [&'static str; 3]> {
    EXAMPLES.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        columns.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

fn candidates(ty: &str, arn: &str) -> Vec<String> {
    identifiers(&schema(ty), arn).iter().map(ToString::to_string).collect()
}

#[test]
fn examples_of_many_types_are_known() {
    let mut seen = BTreeSet::new();
    for [ty, arn, expected] in examples() {
        let found = types(arn);
        assert!(found.contains(&TypeName::new(ty)), "{arn}: {ty} is not among {found:?}");
        assert!(found.len() <= 5, "{arn}: {found:?}");
        let expected: Vec<&str> = expected.split(" + ").filter(|one| *one != "-").collect();
        assert_eq!(candidates(ty, arn), expected, "{ty} {arn}");
        seen.insert(ty);
    }
    assert!(seen.len() >= 80, "{}", seen.len());
}

#[test]
fn an_arn_of_another_type_gives_nothing() {
    for [ty, arn, _] in examples() {
        let named = types(arn);
        for [other, ..] in examples().filter(|[other, ..]| !named.contains(&TypeName::new(other))) {
            assert_eq!(candidates(other, arn), Vec::<String>::new(), "{other} is not {ty}: {arn}");
        }
    }
}

#[test]
fn what_is_no_arn_or_of_no_known_service_gives_nothing() {
    for text in ["", "vpc-1", "arn:aws:ec2", "arn:aws:moon:eu-west-1:123456789012:crater/1"] {
        assert!(types(text).is_empty(), "{text}");
        assert!(candidates("AWS::EC2::VPC", text).is_empty(), "{text}");
    }
    // Known to have no read.
    assert!(types("arn:aws:codebuild:eu-west-1:123456789012:project/build").is_empty());
}

#[test]
fn rows_of_the_table_are_about_types_that_can_be_read_and_fit_their_identifiers() {
    let table = include_str!("../../../core/src/arn/table.tsv");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let ty = format!("AWS::{}", columns[0]);
        let schema = schema(&ty);
        assert!(schema.handlers.read.is_some(), "{line}");
        let resource = columns[2].replace("*}", "}").replace(['{', '}'], "");
        let arn = format!("arn:aws:{}:eu-west-1:123456789012:{resource}", columns[1]);
        assert!(types(&arn).contains(&TypeName::new(&ty)) || types(&arn).len() == 5, "{line}");
        let found = identifiers(&schema, &arn);
        assert_eq!(found.is_empty(), columns.get(3) == Some(&"-"), "{line}: {found:?}");
        for identifier in found {
            assert_eq!(identifier.parts.len(), schema.primary_identifier.len(), "{line}");
        }
    }
}

#[test]
fn an_identifier_that_is_an_arn_is_the_arn_itself() {
    for (ty, arn) in [
        ("AWS::Batch::JobQueue", "arn:aws:batch:eu-west-1:123456789012:job-queue/fast"),
        ("AWS::Transfer::Server", "arn:aws:transfer:eu-west-1:123456789012:server/s-01234567890abcdef"),
    ] {
        assert_eq!(candidates(ty, arn), [arn]);
        assert_eq!(types(arn), [TypeName::new(ty)]);
    }
}
