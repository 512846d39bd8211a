use super::*;
use crate::parse::parse;
use crate::query::{Defaults, Query};
use crate::source::Tables;
use crate::sqlite::Limits;
use crate::write::Writes;
use stack_catalog::rest::Definitions;
use stack_core::provider::Operation;

const INTEGRATIONS: &str = "confluent.provider_integrations.integrations";
const ASSOCIATIONS: &str = "aws.appintegrations.data_integration_associations";

fn tables() -> Tables<'static> {
    Tables::new(Definitions::embedded())
}

/// What is asked first, or what is wrong.
fn asked(text: &str) -> String {
    let parsed = parse(text).unwrap();
    let defaults = Defaults { regions: vec!["eu-west-1".to_owned()] };
    let query = Query::prepare(&parsed[0], &tables(), &defaults, Limits::default());
    let mut query = match query {
        Ok(query) => query,
        Err(error) => return format!("{} {}", error.code, error.message),
    };
    let fetches = query.fetches();
    let one = |fetch: &Fetch| {
        let place = fetch.at().region.as_ref().map(ToString::to_string);
        let place = place.unwrap_or_else(|| fetch.at().provider.to_string());
        match fetch {
            Fetch::Get { identifier, beside, .. } => format!("get {place} {identifier} {beside:?}"),
            Fetch::List { model, .. } => {
                format!("list {place} {}", model.as_ref().map(Json::to_string).unwrap_or_default())
            }
            other => format!("{other:?}"),
        }
    };
    if fetches.is_empty() {
        return query
            .finish()
            .map_or_else(|error| format!("{} {}", error.code, error.message), |_| "-".to_owned());
    }
    fetches.iter().map(|(_, fetch)| one(fetch)).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn written(text: &str) -> String {
    let parsed = parse(text).unwrap();
    let one = |operation: &Operation| match operation {
        Operation::Create { props, .. } => props.to_string(),
        Operation::Update { identifier, patch, .. } => format!("{identifier} {patch}"),
        Operation::Delete { identifier, .. } => identifier.to_string(),
    };
    match Writes::prepare(&parsed[0], &tables(), &Defaults::default()) {
        Ok(writes) => {
            let all = writes.all.iter().map(|write| {
                assert_eq!(write.at.provider.as_str(), "confluent");
                one(&write.operation)
            });
            all.collect::<Vec<_>>().join("\n")
        }
        Err(errors) => errors
            .iter()
            .map(|error| format!("{} {}", error.code, error.message))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

#[test]
fn conditions_on_the_identity_are_one_read_and_fewer_a_list() {
    let of = |condition: &str| asked(&format!("SELECT * FROM {INTEGRATIONS} WHERE {condition}"));
    assert_eq!(of("environment = 'env-1' AND id = 'cspi-1'"), "get confluent env-1|cspi-1 []");
    assert_eq!(
        of("data__environment = '{\"id\": \"env-1\"}' AND id = 'cspi-1'"),
        "get confluent env-1|cspi-1 []"
    );
    assert_eq!(of("Identifier = 'env-1|cspi-1'"), "get confluent env-1|cspi-1 []");
    assert_eq!(of("_environment = 'env-1'"), "list confluent {\"environment\":\"env-1\"}");
    assert_eq!(
        of("environment IN ('env-1', 'env-2') AND display_name = 'x'"),
        "list confluent {\"environment\":\"env-1\"}\nlist confluent {\"environment\":\"env-2\"}"
    );
    assert_eq!(of("id = 'x'"), format!("SD1407 `{INTEGRATIONS}` cannot be read without `environment`"));
    assert_eq!(asked("SELECT id FROM confluent.org.environments"), "list confluent");
}

#[test]
fn what_tells_the_host_goes_along() {
    let text = "SELECT * FROM confluent.kafka.topics WHERE cluster_id = 'lkc-1' AND topic_name = 't' AND region = 'r'";
    assert_eq!(asked(text), "get kafka lkc-1|t [(\"region\", \"r\")]");
}

#[test]
fn tables_of_aws_have_regions_and_ranges() {
    let of =
        |condition: &str| asked(&format!("SELECT destination_uri FROM {ASSOCIATIONS} WHERE {condition}"));
    assert_eq!(of("region = 'us-east-1' AND Identifier = 'd'"), "list us-east-1 {\"Identifier\":\"d\"}");
    assert_eq!(of("Identifier = 'd'"), "list eu-west-1 {\"Identifier\":\"d\"}");
    let long = "d".repeat(256);
    for wrong in ["", " ", &long] {
        assert!(of(&format!("Identifier = '{wrong}'")).starts_with("SD1408"), "{wrong}");
    }
    assert!(of("region = 'us-east-1'").starts_with("SD1407"));
}

#[test]
fn columns_have_all_their_names() {
    let source = tables().source(INTEGRATIONS).unwrap();
    let names: Vec<String> = source.columns().into_iter().map(|column| column.name).collect();
    assert_eq!(names.join(" "), "id api_version kind display_name provider config environment usages");
    for name in ["_environment", "data__config", "data__environment", "Identifier"] {
        assert!(source.echoes().iter().any(|column| column.name == name), "{name}");
    }
    let source = tables().source(ASSOCIATIONS).unwrap();
    let names: Vec<String> = source.columns().into_iter().map(|column| column.name).collect();
    insta::assert_snapshot!(names.join(" "), @"region identifier data_integration_association_arn data_integration_arn client_id destination_uri last_execution_status execution_configuration");
}

#[test]
fn an_insert_takes_both_spellings_and_bare_ids() {
    let of = |columns: &str, values: &str| {
        written(&format!("INSERT INTO {INTEGRATIONS} ({columns}) SELECT {values}"))
    };
    let body = r#"'{"kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:r"}'"#;
    let made = r#"{"display_name":"n","config":{"kind":"AwsIntegrationConfig","customer_iam_role_arn":"arn:r"},"environment":"env-1"}"#;
    let same = |text: String| {
        assert_eq!(
            serde_json::from_str::<Json>(&text).expect(&text),
            serde_json::from_str::<Json>(made).unwrap()
        );
    };
    same(of("display_name, config, environment", &format!("'n', {body}, 'env-1'")));
    same(of(
        "data__display_name, data__config, data__environment",
        &format!("'n', {body}, '{{\"id\":\"env-1\"}}'"),
    ));
    let lacks = of("data__config, data__environment", &format!("{body}, 'env-1'"));
    assert!(lacks.contains("display_name"), "{lacks}");
    assert!(of("colour", "'red'").starts_with("SD1405"));
    assert!(of("region", "'us-east-1'").starts_with("SD1405"));
}

#[test]
fn a_body_of_the_service_is_taken_apart() {
    let text = r#"INSERT INTO confluent.iam.api_keys (data__spec) SELECT '{"display_name": "k", "owner": {"id": "sa-1"}}'"#;
    let made: Json = serde_json::from_str(&written(text)).unwrap();
    assert_eq!(made, serde_json::json!({"display_name": "k", "owner": "sa-1"}));
}

#[test]
fn an_update_sets_columns_and_a_delete_names_the_identity() {
    let update = "UPDATE confluent.org.environments SET data__display_name = 'x' WHERE id = 'env-1'";
    assert_eq!(written(update), r#"env-1 [{"op":"add","path":"/display_name","value":"x"}]"#);
    let update = "UPDATE confluent.iam.service_accounts SET description = NULL WHERE id IN ('sa-1', 'sa-2')";
    assert_eq!(
        written(update),
        "sa-1 [{\"op\":\"remove\",\"path\":\"/description\"}]\nsa-2 [{\"op\":\"remove\",\"path\":\"/description\"}]"
    );
    let replace = "REPLACE confluent.schema_registry.subject_level_config SET data__compatibility = 'FULL' WHERE subject = 's'";
    assert_eq!(written(replace), r#"s [{"op":"add","path":"/compatibility","value":"FULL"}]"#);
    let delete = |condition: &str| written(&format!("DELETE FROM {INTEGRATIONS} WHERE {condition}"));
    assert_eq!(delete("environment = 'env-1' AND id = 'cspi-1'"), "env-1|cspi-1");
    assert_eq!(delete("environment = '{\"id\": \"env-1\"}' AND id = 'cspi-1'"), "env-1|cspi-1");
    assert_eq!(
        delete("id = 'x'"),
        format!("SD1407 `{INTEGRATIONS}` cannot be changed without `environment`")
    );
    assert!(delete("environment = 'e' AND id = 'i' AND provider = 'AWS'").starts_with("SD1405"));
}

#[test]
fn what_the_service_cannot_do_is_told_before() {
    let update = format!("UPDATE {INTEGRATIONS} SET display_name = 'x' WHERE environment = 'e' AND id = 'i'");
    assert!(
        written(&update)
            .starts_with("SD1402 confluent.provider_integrations.integrations_v1 cannot be updated")
    );
    let update = "UPDATE confluent.iam.api_keys SET owner = 'sa-2' WHERE id = 'k'";
    assert_eq!(written(update), "SD1402 `owner` of confluent.iam.api_keys cannot change");
    let update = "UPDATE confluent.org.environments SET PatchDocument = '[]' WHERE id = 'env-1'";
    assert!(written(update).starts_with("SD1405"));
}

#[test]
fn returning_knows_the_columns_of_the_object() {
    let text = format!(
        "DELETE FROM {INTEGRATIONS} WHERE environment = 'e' AND id = 'i' RETURNING id, environment, OperationStatus"
    );
    assert_eq!(written(&text), "e|i");
    let text = format!("DELETE FROM {INTEGRATIONS} WHERE environment = 'e' AND id = 'i' RETURNING nope");
    assert!(written(&text).starts_with("SD1405"));
}

#[test]
fn they_are_shown_and_described() {
    let shown = |text: &str| {
        let rows = crate::show::show(text, &tables()).unwrap().unwrap();
        let row = |row: &Vec<Cell>| {
            let cells = row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                other => format!("{other:?}"),
            });
            cells.collect::<Vec<_>>().join(" | ")
        };
        rows.rows.iter().map(row).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(shown(&format!("SHOW METHODS IN {INTEGRATIONS}")), @r"
    get_pim_v1_integration | environment, id | SELECT | integrations
    list_pim_v1_integrations | environment | SELECT | integrations
    create_pim_v1_integration | display_name, config, environment | INSERT | integrations
    delete_pim_v1_integration | environment, id | DELETE | integrations
    ");
    assert!(shown("SHOW PROVIDERS").contains("confluent"));
    assert!(shown("SHOW SERVICES IN confluent").contains("provider_integrations"));
    assert!(shown("SHOW RESOURCES IN confluent.provider_integrations").contains("integrations_v2"));
    assert!(shown(&format!("DESCRIBE {INTEGRATIONS}")).contains("config | object"));
    assert!(
        shown(&format!("SHOW METHODS IN {ASSOCIATIONS}"))
            .contains("list_data_integration_associations | Identifier, region")
    );
    assert!(!shown(&format!("SHOW INSERT INTO {INTEGRATIONS}")).contains("region"));
}

/// `documented.sql` holds the SELECTs that follow from data/confluent-resources.tsv: every table described here, by the
/// `required_params` of each method in the names of 2024 and 2026, with what its host needs.
#[test]
fn what_is_documented_can_be_asked() {
    let statements: Vec<&str> = include_str!("documented.sql").lines().collect();
    assert!(statements.len() > 120, "{}", statements.len());
    let refused =
        statements.iter().map(|text| (text, asked(text))).filter(|(_, asked)| asked.starts_with("SD"));
    let refused: Vec<String> = refused.map(|(text, error)| format!("{text}\n    {error}")).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
