//! The published naming tables against the catalog, both ways.

use super::*;
use crate::names::{TableForm, plural_of, service_of, singular_of};
use crate::permissions::Operation;

const AWSCC: &str = include_str!("../../data/names/awscc-resources.tsv");
const AWS: &str = include_str!("../../data/names/aws-cloudcontrol-resources.tsv");

fn rows<const N: usize>(table: &'static str) -> Vec<[&'static str; N]> {
    table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// cfn_type, service, resource, list_only_resource, identifier_columns, sql_verbs
fn awscc_rows() -> Vec<[&'static str; 6]> {
    rows(AWSCC)
}

/// cfn_type, service, plural_resource, singular_resource, list_only_resource, tags_resource
fn aws_rows() -> Vec<[&'static str; 6]> {
    rows(AWS)
}

#[test]
fn every_awscc_row_maps_both_ways() {
    let rows = awscc_rows();
    assert_eq!(rows.len(), 1220);
    for [ty, service, resource, list_only, ..] in rows {
        let ty = TypeName::new(ty);
        let dotted = format!("awscc.{service}.{resource}");
        assert_eq!(catalog().canonical(&dotted), Ok(ty.clone()));
        assert_eq!(catalog().awscc_name(&ty), Some(dotted));
        assert_eq!(catalog().canonical(ty.as_str()), Ok(ty.clone()));
        if list_only != "-" {
            let table = catalog().table(&format!("awscc.{service}.{list_only}")).unwrap();
            assert_eq!((table.ty, table.form), (ty, TableForm::ListOnly));
        }
    }
}

#[test]
fn every_row_of_the_older_provider_maps_both_ways_or_is_retired() {
    let rows = aws_rows();
    assert_eq!(rows.len(), 1120);
    for [ty, service, plural, singular, list_only, tags] in rows {
        let ty = TypeName::new(ty);
        if catalog().retired().any(|retired| retired.name == ty.as_str()) {
            continue;
        }
        let names = catalog().aws_names(&ty);
        // Where both words are the same, the one table is the plural one.
        let one = if singular == plural { TableForm::Plural } else { TableForm::Singular };
        for (table, form, names) in [
            (plural, TableForm::Plural, names.plural),
            (singular, one, names.singular),
            (list_only, TableForm::ListOnly, names.list_only),
            (tags, TableForm::Tags, names.tags),
        ] {
            if table != "-" {
                let dotted = format!("aws.{service}.{table}");
                let found = catalog().table(&dotted).unwrap();
                assert_eq!((&found.ty, found.form), (&ty, form), "{dotted}");
                assert!(names.contains(&dotted), "{dotted}");
                let is_type = matches!(form, TableForm::Plural | TableForm::Singular);
                if is_type {
                    assert_eq!(catalog().canonical(&dotted), Ok(ty.clone()), "{dotted}");
                }
            }
        }
    }
}

#[test]
fn rows_without_a_schema_are_retired_and_say_so() {
    let retired: Vec<&str> = catalog().retired().map(|retired| retired.name).collect();
    assert_eq!(
        retired,
        [
            "AWS::DataSync::StorageSystem",
            "AWS::IoTFleetHub::Application",
            "AWS::LookoutMetrics::Alert",
            "AWS::LookoutMetrics::AnomalyDetector",
            "AWS::NimbleStudio::LaunchProfile",
            "AWS::NimbleStudio::StreamingImage",
            "AWS::NimbleStudio::StudioComponent",
            "AWS::OpsWorksCM::Server",
        ]
    );
    for name in ["AWS::OpsWorksCM::Server", "aws.opsworkscm.servers", "aws.opsworkscm.server"] {
        let error = catalog().canonical(name).unwrap_err();
        assert_eq!(
            error.why.as_deref(),
            Some(
                "`AWS::OpsWorksCM::Server` was a type once; AWS publishes no schema of it (as of 2026-10-20)"
            )
        );
    }
}

#[test]
fn computed_plurals_give_every_published_name() {
    let awscc = awscc_rows();
    let differs =
        |[ty, _, plural, ..]: &[&'static str; 6]| (plural_of(ty) != *plural).then_some((*ty, *plural));
    assert_eq!(awscc.iter().filter_map(differs).collect::<Vec<_>>(), []);
    assert_eq!(
        aws_rows().iter().filter_map(differs).collect::<Vec<_>>(),
        [("AWS::EventSchemas::Schema", "schemata"), ("AWS::Personalize::Schema", "schemata")]
    );
    assert!(awscc.iter().all(|[ty, service, ..]| service_of(ty) == *service));
}

#[test]
fn computed_singulars_give_every_published_name_but_five_with_their_service() {
    let differs: Vec<(&str, &str)> = aws_rows()
        .iter()
        .filter(|[ty, _, _, singular, ..]| *singular != "-" && singular_of(ty) != *singular)
        .map(|[ty, _, _, singular, ..]| (*ty, *singular))
        .collect();
    assert_eq!(
        differs,
        [
            ("AWS::EventSchemas::Registry", "eventschemas_registry"),
            ("AWS::FraudDetector::List", "frauddetector_list"),
            ("AWS::Kinesis::Stream", "kinesis_stream"),
            ("AWS::KinesisVideo::Stream", "kinesisvideo_stream"),
            ("AWS::QLDB::Stream", "qldb_stream"),
        ]
    );
}

#[test]
fn every_type_has_a_table_of_its_own() {
    for ty in catalog().types() {
        let ty = TypeName::new(ty);
        let dotted = catalog().awscc_name(&ty).unwrap();
        assert_eq!(catalog().canonical(&dotted), Ok(ty.clone()));
        assert_eq!(catalog().canonical(&dotted.replacen("awscc.", "aws.", 1)), Ok(ty));
    }
}

#[test]
fn identifier_columns_of_the_table_are_those_of_the_schema_but_for_four_changed_types() {
    let mut differs = Vec::new();
    for [ty, _, _, _, columns, _] in awscc_rows() {
        let here = catalog().identifier_columns(&TypeName::new(ty));
        if here.join(",") != columns {
            differs.push(format!("{ty}: {columns} is now {}", here.join(",")));
        }
    }
    insta::assert_snapshot!(differs.join("\n"), @r"
    AWS::AppSync::GraphQLApi: api_id is now arn
    AWS::DataZone::ProjectMembership: domain_identifier,member_identifier,member_identifier_type,project_identifier is now domain_identifier,project_identifier
    AWS::IoTEvents::AlarmModel: alarm_model_name is now id
    AWS::SES::ConfigurationSetEventDestination: id is now id,configuration_set_name
    ");
}

#[test]
fn verbs_of_the_table_follow_from_the_handlers_but_for_types_that_gained_or_lost_some() {
    let mut differs = Vec::new();
    for [ty, _, _, _, _, verbs] in awscc_rows() {
        let schema = schema(ty);
        let has = |operation: Operation| operation.handler(&schema.handlers).is_some();
        let here = [
            ("SELECT", has(Operation::Read) || has(Operation::List)),
            ("INSERT", has(Operation::Create)),
            ("UPDATE", has(Operation::Update)),
            ("DELETE", has(Operation::Delete)),
        ];
        let here: Vec<&str> = here.into_iter().filter(|(_, has)| *has).map(|(verb, _)| verb).collect();
        if here.join(",") != verbs {
            let now = format!("{ty}: {verbs} is now {}", here.join(","));
            differs.push(now.trim_end().to_owned());
        }
    }
    insta::assert_snapshot!(differs.join("\n"), @r"
    AWS::CloudFormation::HookDefaultVersion: SELECT,INSERT,UPDATE is now SELECT,INSERT,UPDATE,DELETE
    AWS::CloudFormation::ModuleDefaultVersion: SELECT,INSERT is now SELECT,INSERT,DELETE
    AWS::CloudFormation::PublicTypeVersion: SELECT,INSERT is now SELECT,INSERT,DELETE
    AWS::CloudFormation::Publisher: SELECT,INSERT is now SELECT,INSERT,DELETE
    AWS::CloudFront::AnycastIpList: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Connect::AgentStatus: SELECT,INSERT,UPDATE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Connect::ApprovedOrigin: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Connect::IntegrationAssociation: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Connect::SecurityKey: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Connect::ViewVersion: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Detective::MemberInvitation: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Detective::OrganizationAdmin: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::ECS::PrimaryTaskSet: INSERT,UPDATE is now SELECT,INSERT,UPDATE,DELETE
    AWS::EMR::Step: INSERT is now SELECT,INSERT,DELETE
    AWS::IoTEvents::AlarmModel: SELECT,INSERT,UPDATE,DELETE is now
    AWS::Lambda::Version: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::LookoutVision::Project: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Notifications::ManagedNotificationAdditionalChannelAssociation: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    AWS::Rekognition::Project: SELECT,INSERT,DELETE is now SELECT,INSERT,UPDATE,DELETE
    ");
}

#[test]
fn both_plurals_of_schema_are_understood_by_both_providers() {
    let catalog = Catalog::embedded();
    for (service, ty) in
        [("eventschemas", "AWS::EventSchemas::Schema"), ("personalize", "AWS::Personalize::Schema")]
    {
        for provider in ["aws", "awscc"] {
            for plural in ["schemas", "schemata"] {
                for (list, form) in [("", TableForm::Plural), ("_list_only", TableForm::ListOnly)] {
                    let name = format!("{provider}.{service}.{plural}{list}");
                    let table = catalog.table(&name).unwrap_or_else(|| panic!("{name}"));
                    assert_eq!((table.ty.as_str(), table.form), (ty, form), "{name}");
                }
            }
        }
    }
    assert!(catalog.table("awscc.glue.schemata").is_none(), "nobody has published it");
}
