//! Derived identifiers: of properties that can be declared, of the right parts, and with the value that is published.

use super::*;
use stack_core::identity::{FromProps, Identifier, Place, names_all};
use stack_core::pointer::Pointer;
use stack_core::value::Value;

/// Type → properties → identifier as users see it, at one place. Written from the ARN formats of the AWS Service
/// Authorization Reference and from the examples of each service's documentation.
const GOLDEN: &str = include_str!("../../testdata/derived.tsv");

fn place() -> Place {
    Place::of("eu-west-1", "123456789012")
}

fn derived() -> Vec<Arc<ResourceSchema>> {
    let all = crate::overlays::FILES.iter().map(|(name, _)| schema(&name.replace('-', "::")));
    all.filter(|schema| schema.overlay.derived_identifier.is_some()).collect()
}

fn filled(ty: &str, props: serde_json::Value) -> FromProps {
    let schema = schema(ty);
    schema.overlay.derived_identifier.as_ref().unwrap().fill(&Value::from(props), &place())
}

#[test]
fn templates_name_what_can_be_declared_and_make_the_primary_identifier() {
    for schema in derived() {
        let ty = &schema.type_name;
        let derived = schema.overlay.derived_identifier.as_ref().unwrap();
        assert!(names_all(derived, &schema.primary_identifier), "{ty}");
        let settable = |path: &Pointer| !schema.read_only_properties.contains(path);
        let parts: Vec<Pointer> =
            schema.primary_identifier.iter().map(|path| path.as_pointer().unwrap()).collect();
        assert!(!parts.iter().all(settable), "{ty} is declared, not derived");
        for path in derived.properties() {
            let pointer = path.as_pointer().unwrap();
            assert!(schema.at(&pointer).is_some(), "{ty} has no {path}");
            assert!(settable(&pointer), "{ty}: {path} cannot be declared");
        }
    }
}

#[test]
fn every_derived_identifier_has_the_published_form() {
    let mut seen = Vec::new();
    for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
        let [ty, props, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        match filled(ty, serde_json::from_str(props).unwrap()) {
            FromProps::Known(parts) => assert_eq!(Identifier { parts }.to_string(), expected, "{ty}"),
            other => assert_eq!(format!("{other:?}"), expected, "{ty}"),
        }
        seen.push(ty.to_owned());
    }
    seen.dedup();
    let all: Vec<String> = derived().iter().map(|schema| schema.type_name.to_string()).collect();
    assert_eq!(seen, all);
    assert!(all.len() >= 100, "{}", all.len());
}

#[test]
fn a_name_that_is_left_to_the_service_gives_no_identifier() {
    for ty in ["AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Events::Rule", "AWS::IAM::ManagedPolicy"] {
        assert!(
            matches!(filled(ty, serde_json::json!({})), FromProps::Missing(paths) if paths.len() == 1),
            "{ty}"
        );
    }
}

#[test]
fn identifiers_with_a_random_part_are_never_derived() {
    for ty in [
        "AWS::SecretsManager::Secret",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::AppRunner::Service",
        "AWS::MSK::Cluster",
        "AWS::CloudFront::Distribution",
        "AWS::XRay::Group",
        "AWS::Timestream::ScheduledQuery",
        "AWS::Backup::ReportPlan",
        "AWS::EC2::VPC",
    ] {
        assert!(schema(ty).overlay.derived_identifier.is_none(), "{ty}");
    }
}
