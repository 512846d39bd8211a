use super::*;
use proptest::prelude::*;
use serde_json::json;
use stack_core::schema::UnknownType;

fn source(name: &str) -> Result<Source, UnknownTable> {
    Tables::new(Catalog::embedded()).source(name)
}

fn form(name: &str) -> (String, Form, Family) {
    match source(name).unwrap().kind {
        Kind::Type { ty, form, family, .. } => (ty.to_string(), form, family),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn names_say_what_is_shown_of_a_type() {
    let integration = "AWS::CustomerProfiles::Integration";
    let association = "AWS::Connect::IntegrationAssociation";
    let vpc = "AWS::EC2::VPC";
    for (name, ty, expected, family) in [
        ("awscc.customerprofiles.integrations", integration, Form::Singular, Family::Awscc),
        ("AWSCC.CustomerProfiles.Integrations", integration, Form::Singular, Family::Awscc),
        ("awscc.customerprofiles.integrations_list_only", integration, Form::ListOnly, Family::Awscc),
        ("aws.connect.integration_association", association, Form::Singular, Family::Aws),
        ("aws.connect.integration_associations", association, Form::PluralScan, Family::Aws),
        ("aws.ec2.vpcs", vpc, Form::PluralScan, Family::Aws),
        ("aws.ec2.vpcs_list_only", vpc, Form::ListOnly, Family::Aws),
        ("aws.ec2.vpc_tags", vpc, Form::Tags, Family::Aws),
    ] {
        assert_eq!(form(name), (ty.to_owned(), expected, family), "{name}");
    }
}

#[test]
fn services_without_types_have_tables_too() {
    for (name, raw) in [
        ("awscc.cloud_control.resource", Raw::Resource),
        ("awscc.cloud_control.resources", Raw::Resources),
        ("aws.cloud_control.resources", Raw::Resources),
        ("awscc.cloud_control.resource_request", Raw::ResourceRequest),
        ("awscc.cloud_control.resource_requests", Raw::ResourceRequests),
        ("awscc.cloudcontrol.resource_request_statuses", Raw::ResourceRequest),
        ("awscc.cloud_control.vw_failed_requests", Raw::Requests(RequestView::Failed)),
        ("awscc.cloud_control.vw_delete_requests", Raw::Requests(RequestView::Delete)),
    ] {
        let found = source(name).unwrap();
        assert!(matches!(found.kind, Kind::CloudControl(found) if found == raw), "{name}: {found:?}");
    }
    assert!(matches!(source("awscc.tagging.tagged_resources").unwrap().kind, Kind::Tagging));
    assert!(matches!(
        source("awscc.ec2.vw_subnet_route_table_associations").unwrap().kind,
        Kind::View(View::SubnetRouteTableAssociations)
    ));
}

#[test]
fn an_unknown_name_says_which_part_is_unknown_and_what_is_near() {
    for (name, said, near) in [
        (
            "awscc.customerprofiles.integration",
            "no resource `integration`",
            vec!["awscc.customerprofiles.integrations"],
        ),
        ("awscc.ec2.vpc_tags", "the service `awscc.ec2` has no resource `vpc_tags`", vec![]),
        (
            "awscc.customerprofile.integrations",
            "no service `customerprofile`",
            vec!["awscc.customerprofiles.integrations"],
        ),
        ("awcc.ec2.vpcs", "the provider `awcc` is not supported", vec!["awscc.ec2.vpcs"]),
        ("google.compute.instances", "the provider `google` is not supported", vec![]),
        ("ec2.vpcs", "`ec2.vpcs` names no table", vec!["awscc.ec2.vpcs", "aws.ec2.vpcs"]),
        ("vpcs", "`vpcs` names no table", vec![]),
        ("", "`` names no table", vec![]),
        ("a.b.c.d", "`a.b.c.d` names no table", vec![]),
        ("awscc.tagging.tag_keys", "the table `awscc.tagging.tag_keys` is not supported yet", vec![]),
    ] {
        let error = source(name).unwrap_err();
        assert!(error.to_string().contains(said), "{name}: {error}");
        assert!(near.iter().all(|one| error.near.iter().any(|found| found == one)), "{name}: {error:?}");
        assert!(!near.is_empty() || !error.near.iter().any(|found| found == name), "{name}: {error:?}");
    }
}

#[test]
fn what_is_known_of_a_name_is_said() {
    let native = source("aws.ec2_native.vpcs").unwrap_err();
    assert!(native.why.unwrap().contains("only those of Cloud Control"));
    let retired = source("aws.opsworkscm.servers").unwrap_err();
    assert!(retired.why.unwrap().contains("was a type once"));
}

#[test]
fn every_table_that_is_listed_opens() {
    let tables = Tables::new(Catalog::embedded());
    for provider in ["aws", "awscc"] {
        for service in tables.services(provider) {
            for (name, ty) in tables.resources(provider, &service) {
                let dotted = format!("{provider}.{service}.{name}");
                let found = tables.source(&dotted).unwrap_or_else(|error| panic!("{dotted}: {error}"));
                assert_eq!(found.name, dotted);
                assert_eq!(found.schema().map(|schema| schema.type_name.clone()), ty, "{dotted}");
            }
        }
    }
}

/// A type that the catalog does not know.
struct Private;

impl Schemas for Private {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        let unknown = || UnknownType { name: name.to_owned(), near: Vec::new(), why: None };
        (name == "awscc.things.boxes").then(|| TypeName::new("My::Things::Box")).ok_or_else(unknown)
    }

    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        let schema = json!({
            "typeName": ty.as_str(),
            "properties": {"ARN": {"type": "string"}, "Arn": {"type": ["string", "integer"]}, "Size": {}},
            "primaryIdentifier": ["/properties/Arn"],
        });
        Ok(Arc::new(serde_json::from_value(schema).unwrap()))
    }

    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}

#[test]
fn a_type_of_the_callers_own_has_tables_and_columns_that_can_be_kept_apart() {
    let tables = Tables::new(&Private);
    let boxes = tables.source("awscc.things.Boxes").unwrap();
    assert_eq!(boxes.form(), Some(Form::Singular));
    let columns = boxes.columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["region", "Identifier", "arn", "arn_", "size"]);
    assert_eq!(boxes.column("Arn").unwrap().name, "arn_");
    assert_eq!(boxes.column("ARN").unwrap().name, "arn");
    assert_eq!(columns[3].affinity, crate::columns::Affinity::Text);
    assert_eq!(tables.source("awscc.things.boxes_list_only").unwrap().form(), Some(Form::ListOnly));
    assert!(tables.source("awscc.things.bags").is_err());
}

proptest! {
    // An error looks through all names of a service.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_opens_a_table_or_is_unknown(name in any::<String>(), parts in "(?i)(aws|awscc|kafka)\\.(ec2|s3|[a-z]{0,6})\\.[a-z_\u{e4}.]{0,12}") {
        for name in [name, parts] {
            if let Err(error) = source(&name) {
                prop_assert!(error.near.len() <= 3);
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn any_name_is_a_column_a_parameter_or_unknown(name in any::<String>(), like in "(?i)(data__)?[a-z_]{0,10}") {
        for table in ["awscc.s3.buckets", "aws.ec2.vpc_tags", "awscc.cloud_control.resources"] {
            let table = source(table).unwrap();
            for name in [&name, &like] {
                let _ = table.parameter(name);
                if let Err(error) = table.column(name) {
                    prop_assert!(error.near.len() <= 3);
                }
            }
        }
    }
}
