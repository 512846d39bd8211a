use super::*;
use crate::parameters::{ListNeeds, ParameterKind};
use crate::source::Tables;
use serde_json::json;
use stack_catalog::Catalog;

const AWSCC: &str = include_str!("../../../catalog/data/names/awscc-resources.tsv");

fn table(name: &str) -> Source {
    Tables::new(Catalog::embedded()).source(name).unwrap()
}

fn names(columns: &[Column]) -> Vec<&str> {
    columns.iter().map(|column| column.name.as_str()).collect()
}

fn found(identifier: Identifier, model: Json) -> Found {
    Found { identifier, model }
}

/// Every table of every type.
fn all() -> impl Iterator<Item = Source> {
    let tables = Tables::new(Catalog::embedded());
    ["awscc", "aws"].into_iter().flat_map(move |provider| {
        tables.services(provider).into_iter().flat_map(move |service| {
            tables
                .resources(provider, &service)
                .into_iter()
                .map(move |(name, _)| tables.source(&format!("{provider}.{service}.{name}")).unwrap())
        })
    })
}

fn row(source: &Source, identifier: Identifier, model: Json, echo: &[(&str, &str)]) -> Vec<(String, Cell)> {
    let mut columns = source.columns();
    columns.extend(source.echoes());
    let echo = echo.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut rows = source.rows(&columns, &found(identifier, model), &echo);
    assert_eq!(rows.len(), 1);
    columns.into_iter().map(|column| column.name).zip(rows.remove(0)).collect()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

#[test]
fn region_and_identifier_come_before_the_properties() {
    let shown = table("awscc.customerprofiles.integrations").columns();
    assert_eq!(
        names(&shown),
        [
            "region",
            "Identifier",
            "created_at",
            "domain_name",
            "event_trigger_names",
            "flow_definition",
            "last_updated_at",
            "object_type_name",
            "object_type_names",
            "scope",
            "tags",
            "uri",
        ]
    );
    let shown = table("awscc.customerprofiles.integrations_list_only").columns();
    assert_eq!(names(&shown), ["region", "domain_name", "uri"]);
    let shown = table("aws.ec2.vpc_tags").columns();
    assert!(!names(&shown).contains(&"tags"));
    assert_eq!(names(&shown)[shown.len() - 2..], ["tag_key", "tag_value"]);
    let shown = table("awscc.cloud_control.resources").columns();
    assert_eq!(names(&shown), ["region", "Identifier", "Properties"]);
    let shown = table("awscc.tagging.tagged_resources").columns();
    assert_eq!(names(&shown), ["region", "ResourceARN", "Tags", "ComplianceDetails"]);
    let shown = table("awscc.ec2.vw_subnet_route_table_associations").columns();
    assert_eq!(names(&shown), ["region", "route_table_id", "id", "subnet_id"]);
}

#[test]
fn a_property_named_region_or_identifier_wins_over_what_was_asked() {
    let rules = table("awscc.rbin.rules");
    let at = |name: &str| rules.column(name).unwrap().path;
    assert_eq!(at("identifier"), Some(Pointer::of(["Identifier"])));
    assert_eq!(at("Identifier"), Some(Pointer::of(["Identifier"])));
    assert!(!names(&rules.echoes()).contains(&"Identifier"));
    // In a predicate the service's spelling is the parameter, and the column's is the column.
    assert_eq!(rules.parameter("Identifier").unwrap().kind, ParameterKind::Identifier);
    assert_eq!(rules.parameter("data__Identifier").unwrap().kind, ParameterKind::Identifier);
    assert_eq!(rules.parameter("identifier"), None);
    assert_eq!(table("awscc.s3.buckets").parameter("identifier").unwrap().kind, ParameterKind::Identifier);
    assert_eq!(
        table("awscc.sns.subscriptions").column("region").unwrap().path,
        Some(Pointer::of(["Region"]))
    );
}

#[test]
fn every_spelling_of_a_name_finds_its_column() {
    let databases = table("awscc.rds.db_instances");
    for typed in [
        "db_instance_class",
        "DBInstanceClass",
        "DB_INSTANCE_CLASS",
        "dbinstanceclass",
        "data__DBInstanceClass",
        "data__db_instance_class",
    ] {
        assert_eq!(databases.column(typed).unwrap().name, "db_instance_class", "{typed}");
    }
    assert_eq!(databases.column("REGION").unwrap().name, "region");
    assert_eq!(databases.column("data__Identifier").unwrap().name, "data__Identifier");
    let requests = table("awscc.cloud_control.resource_requests");
    assert_eq!(requests.column("operation_status").unwrap().name, "OperationStatus");
    let lenses = table("awscc.s3.storage_lens_list_only");
    for typed in ["storage_lens_configuration__id", "storage_lens_configuration_id"] {
        assert_eq!(lenses.column(typed).unwrap().name, "storage_lens_configuration__id");
    }
    let schemas = table("awscc.glue.schemas");
    assert_eq!(schemas.column("_registry").unwrap().path, Some(Pointer::of(["Registry"])));
}

#[test]
fn an_unknown_column_names_near_ones() {
    let databases = table("awscc.rds.db_instances");
    let error = databases.column("db_instance_clas").unwrap_err();
    assert_eq!(error.to_string(), "`awscc.rds.db_instances` has no column `db_instance_clas`");
    assert_eq!(error.near, ["db_instance_class"]);
    for typed in ["", "_", "data__", "xyzzy"] {
        assert_eq!(databases.column(typed).unwrap_err().near, Vec::<String>::new(), "{typed}");
    }
}

#[test]
fn cells_have_the_values_as_the_service_tells_them() {
    for (value, cell) in [
        (json!(null), Cell::Null),
        (json!(true), Cell::Integer(1)),
        (json!(false), Cell::Integer(0)),
        (json!(8), Cell::Integer(8)),
        (json!(-8), Cell::Integer(-8)),
        (json!(i64::MAX), Cell::Integer(i64::MAX)),
        (json!(9_223_372_036_854_775_808_u64), text("9223372036854775808")),
        (json!(u64::MAX), text("18446744073709551615")),
        (json!(0.1), Cell::Real(0.1)),
        (json!(""), text("")),
        (json!("it's"), text("it's")),
        (json!("null"), text("null")),
        (json!([]), text("[]")),
        (json!({"b": 1.50, "a": [true, null, "ä"]}), text(r#"{"b":1.5,"a":[true,null,"ä"]}"#)),
    ] {
        assert_eq!(Cell::of(&value), cell, "{value}");
    }
}

#[test]
fn a_row_has_what_was_asked_for_and_what_was_found() {
    let source = table("awscc.customerprofiles.integrations");
    let identifier =
        Identifier { parts: vec![("DomainName".into(), "d".into()), ("Uri".into(), "u".into())] };
    let model = json!({"DomainName": "d", "Uri": "u", "Tags": [{"Key": "k", "Value": "v"}]});
    let cells = row(&source, identifier.clone(), model, &[("REGION", "eu-west-1")]);
    let of = |name: &str| cells.iter().find(|(n, _)| n == name).map(|(_, cell)| cell.clone()).unwrap();
    assert_eq!(of("region"), text("eu-west-1"));
    assert_eq!(of("Identifier"), text("d|u"));
    assert_eq!(of("data__Identifier"), text("d|u"));
    assert_eq!(of("domain_name"), text("d"));
    assert_eq!(of("tags"), text(r#"[{"Key":"k","Value":"v"}]"#));
    assert_eq!(of("scope"), Cell::Null);
    // A list that tells nothing but the identifier.
    let list = table("awscc.customerprofiles.integrations_list_only");
    let cells = row(&list, identifier, json!({}), &[]);
    assert_eq!(
        cells[..3],
        [
            ("region".to_owned(), Cell::Null),
            ("domain_name".to_owned(), text("d")),
            ("uri".to_owned(), text("u")),
        ]
    );
    assert!(cells.contains(&("Identifier".to_owned(), text("d|u"))));
}

#[test]
fn the_raw_table_shows_the_whole_model() {
    let source = table("awscc.cloud_control.resource");
    let asked = [("region", "us-east-1"), ("TypeName", "AWS::S3::Bucket"), ("Identifier", "b")];
    let cells = row(&source, Identifier::single("", "b"), json!({"BucketName": "b"}), &asked);
    assert_eq!(
        cells[..4],
        [
            ("region".to_owned(), text("us-east-1")),
            ("Identifier".to_owned(), text("b")),
            ("Properties".to_owned(), text(r#"{"BucketName":"b"}"#)),
            ("TypeName".to_owned(), text("AWS::S3::Bucket")),
        ]
    );
}

#[test]
fn a_table_of_tags_has_one_row_for_each_tag() {
    for (name, model, expected) in [
        (
            "aws.ec2.vpc_tags",
            json!({"VpcId": "v", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]}),
            vec![("a", "1"), ("b", "")],
        ),
        ("aws.ec2.vpc_tags", json!({"VpcId": "v", "Tags": []}), vec![]),
        ("aws.ec2.vpc_tags", json!({"VpcId": "v"}), vec![]),
        ("aws.apigatewayv2.api_tags", json!({"Tags": {"a": "1"}}), vec![("a", "1")]),
        (
            "aws.ec2.capacity_reservation_tags",
            json!({"TagSpecifications": [{"ResourceType": "x", "Tags": [{"Key": "a", "Value": "1"}]}]}),
            vec![("a", "1")],
        ),
    ] {
        let source = table(name);
        let columns = source.columns();
        let rows = source.rows(&columns, &found(Identifier::single("", "v"), model), &Echo::new());
        let tags: Vec<&[Cell]> = rows.iter().map(|row| &row[row.len() - 2..]).collect();
        let expected: Vec<[Cell; 2]> = expected.into_iter().map(|(k, v)| [text(k), text(v)]).collect();
        assert_eq!(tags, expected, "{name}");
    }
}

#[test]
fn affinities_follow_the_schema() {
    let databases = table("awscc.rds.db_instances");
    let of = |name: &str| databases.column(name).unwrap().affinity;
    assert_eq!(of("engine"), Affinity::Text);
    assert_eq!(of("iops"), Affinity::Numeric);
    assert_eq!(of("multi_az"), Affinity::Boolean);
    assert_eq!(of("tags"), Affinity::Json);
    // A document that may be text or a structure.
    assert_eq!(table("awscc.s3.bucket_policies").column("policy_document").unwrap().affinity, Affinity::Json);
}

#[test]
fn lists_say_what_they_need() {
    let list = table("awscc.customerprofiles.integrations_list_only");
    assert_eq!(list.list_needs(), ListNeeds { all: vec!["DomainName".to_owned()], either: Vec::new() });
    assert_eq!(list.list_needs().missing(|_| false), ["DomainName"]);
    assert!(list.list_needs().missing(|name| name == "DomainName").is_empty());
    for typed in ["DomainName", "domain_name", "data__DomainName", "Domain_Name"] {
        let parameter = list.parameter(typed).unwrap();
        assert_eq!(
            (parameter.name.as_str(), parameter.kind),
            ("DomainName", ParameterKind::ListInput),
            "{typed}"
        );
    }
    assert_eq!(list.parameter("uri"), None);
    assert_eq!(list.parameter("ResourceModel").unwrap().kind, ParameterKind::ResourceModel);
    // Nothing is listed from a table of single resources.
    assert_eq!(table("awscc.customerprofiles.integrations").parameter("domain_name"), None);
    let rules = table("awscc.elasticloadbalancingv2.listener_rules_list_only").list_needs();
    assert_eq!(rules.missing(|_| false), ["ListenerArn"]);
    assert!(rules.missing(|name| name == "RuleArns").is_empty());
}

#[test]
fn a_property_is_never_mistaken_for_an_option_of_the_request() {
    let functions = table("awscc.lambda.event_invoke_configs");
    assert_eq!(functions.parameter("RoleArn").unwrap().kind, ParameterKind::RoleArn);
    let pipelines = table("awscc.codepipeline.pipelines");
    assert!(pipelines.column("RoleArn").unwrap().path.is_some());
    assert_eq!(pipelines.parameter("RoleArn"), None);
    assert_eq!(pipelines.parameter("role_arn"), None);
}

#[test]
fn every_table_of_the_catalog_has_usable_columns() {
    let mut without_tags = Vec::new();
    for source in all() {
        let columns = source.columns();
        let mut seen: Vec<String> = names(&columns).iter().map(|name| name.to_lowercase()).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), columns.len(), "{}: columns that SQLite cannot keep apart", source.name);
        assert!(columns.iter().all(|column| !column.name.ends_with('_')), "{}", source.name);
        if source.form() == Some(Form::Tags) && source.schema().and_then(tag_place).is_none() {
            without_tags.push(source.name.clone());
        }
    }
    // Types that have lost their tags since the names were published.
    assert_eq!(
        without_tags,
        [
            "aws.lightsail.alarm_tags",
            "aws.lightsail.load_balancer_tls_certificate_tags",
            "aws.lightsail.static_ip_tags"
        ]
    );
}

#[test]
fn every_column_of_every_type_is_found_by_its_name_and_by_its_property() {
    for source in all().filter(|source| source.form() == Some(Form::Singular)) {
        let columns = source.columns();
        for column in &columns {
            let typed = std::iter::once(column.name.as_str()).chain(column.property());
            for typed in typed.filter(|typed| *typed != IDENTIFIER) {
                assert_eq!(columns.get(position(&columns, typed).unwrap()), Some(column), "{}", source.name);
            }
        }
        let last = columns.last().unwrap();
        assert_eq!(source.column(&last.name).as_ref(), Ok(last));
    }
}

#[test]
fn list_tables_have_the_published_identifier_columns_but_for_changed_types() {
    let mut changed = Vec::new();
    for line in AWSCC.lines().skip(1) {
        let [ty, service, _, list, identifiers, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!()
        };
        if list == "-" {
            continue;
        }
        let columns = table(&format!("awscc.{service}.{list}")).columns();
        let shown: Vec<&str> = names(&columns).into_iter().filter(|name| *name != REGION).collect();
        let published: Vec<&str> = identifiers.split(',').filter(|name| *name != REGION).collect();
        if shown != published {
            changed.push(ty);
        }
    }
    assert_eq!(
        changed,
        [
            "AWS::AppSync::GraphQLApi",
            "AWS::DataZone::ProjectMembership",
            "AWS::IoTEvents::AlarmModel",
            "AWS::SES::ConfigurationSetEventDestination",
        ]
    );
}

#[test]
fn every_published_verb_has_a_method_but_those_of_a_type_that_lost_its_handlers() {
    let mut lost = Vec::new();
    for line in AWSCC.lines().skip(1) {
        let [ty, service, resource, _, _, verbs] = line.split('\t').collect::<Vec<_>>()[..] else { panic!() };
        let methods = table(&format!("awscc.{service}.{resource}")).methods();
        let has = |verb: &str| methods.iter().any(|method| method.verb.keyword() == verb);
        lost.extend(verbs.split(',').filter(|verb| !has(verb)).map(|verb| format!("{ty} {verb}")));
    }
    assert_eq!(
        lost,
        ["SELECT", "INSERT", "UPDATE", "DELETE"].map(|verb| format!("AWS::IoTEvents::AlarmModel {verb}"))
    );
}
