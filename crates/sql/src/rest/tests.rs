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
fn what_is_said_of_pages_is_checked_before_the_call() {
    let of = |condition: &str| {
        asked(&format!("SELECT client_id FROM {ASSOCIATIONS} WHERE Identifier = 'd' AND {condition}"))
    };
    for name in ["MaxResults", "maxResults", "max_results", "data__MaxResults"] {
        let found = of(&format!("{name} = 10"));
        assert_eq!(found, "list eu-west-1 {\"Identifier\":\"d\",\"maxResults\":\"10\"}", "{name}");
    }
    let token = "x".repeat(1000);
    assert_eq!(
        of(&format!("NextToken = '{token}' AND MaxResults = '50'")),
        format!("list eu-west-1 {{\"Identifier\":\"d\",\"nextToken\":\"{token}\",\"maxResults\":\"50\"}}")
    );
    for wrong in ["0", "51", "-1", "'ten'", "''", "1.5"] {
        let told = of(&format!("MaxResults = {wrong}"));
        assert_eq!(told, "SD1408 `maxResults` is a number from 1 to 50", "{wrong}");
    }
    assert_eq!(of("NextToken = ''"), "SD1408 `nextToken` has 1 to 1000 characters, not 0");
    let told = of(&format!("NextToken = '{token}x'"));
    assert_eq!(told, "SD1408 `nextToken` has 1 to 1000 characters, not 1001");
    assert!(
        asked(&format!("SELECT MaxResults FROM {ASSOCIATIONS} WHERE Identifier = 'd'")).starts_with("SD1405")
    );
}

/// The rows where the service has this one integration.
fn rows(text: &str) -> String {
    let parsed = parse(text).unwrap();
    let tables = tables();
    let mut query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap();
    loop {
        let fetches = query.fetches();
        if fetches.is_empty() {
            break;
        }
        for (id, _) in fetches {
            let parts = [("environment", "env-1"), ("id", "cspi-1")];
            let parts = parts.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let model = serde_json::json!({"environment": "env-1", "id": "cspi-1", "display_name": "n"});
            let found = Found { identifier: Identifier { parts }, model };
            query.supply(id, Ok(crate::fetch::Answer::Found(vec![found])));
        }
    }
    let table = query.finish().unwrap_or_else(|error| panic!("{text}: {error:?}"));
    table.rows.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_reference_is_its_id_and_its_object() {
    let text = |value: &str| format!("[Text({value:?})]");
    let of = |what: &str| rows(&format!("SELECT {what} FROM {INTEGRATIONS} WHERE environment = 'env-1'"));
    for what in [
        "environment",
        "JSON_EXTRACT(environment, '$.id')",
        "json_extract(data__environment, '$.id')",
        "environment ->> 'id'",
        "environment ->> '$.id'",
        "json_extract(integrations.environment, '$.id')",
        "json_extract(confluent.provider_integrations.integrations._environment, '$.id')",
    ] {
        assert_eq!(of(what), text("env-1"), "{what}");
    }
    assert_eq!(of("environment -> 'id'"), text("\"env-1\""));
    assert_eq!(of("json(environment)"), text("{\"id\":\"env-1\"}"));
    // Through a subquery and a WITH clause, under another name.
    for text_of in [
        "SELECT json_extract(x.e, '$.id') FROM (SELECT environment AS e FROM {t} WHERE environment = 'env-1') x",
        "WITH x AS (SELECT * FROM {t} WHERE environment = 'env-1') SELECT json_extract(environment, '$.id') FROM x",
        "WITH x(e) AS (SELECT environment FROM {t} WHERE environment = 'env-1') SELECT e ->> 'id' FROM x",
    ] {
        assert_eq!(rows(&text_of.replace("{t}", INTEGRATIONS)), text("env-1"), "{text_of}");
    }
    // Conditions take both forms, as parameters and as filters.
    for condition in [
        "environment = '{\"id\": \"env-1\"}'",
        "environment IN ('{\"id\": \"env-1\"}', '{\"id\": \"env-1\"}')",
        "environment = 'env-1' AND '{\"id\": \"env-1\"}' = environment",
        "environment = 'env-1' AND JSON_EXTRACT(environment, '$.id') = 'env-1'",
        "environment = 'env-1' AND NOT environment = '{\"id\": \"env-2\"}'",
    ] {
        assert_eq!(
            rows(&format!("SELECT id FROM {INTEGRATIONS} WHERE {condition}")),
            text("cspi-1"),
            "{condition}"
        );
    }
    assert_eq!(
        rows(&format!(
            "SELECT id FROM {INTEGRATIONS} WHERE environment = 'env-1' AND environment <> '{{\"id\":\"env-1\"}}'"
        )),
        ""
    );
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
    // As the documentation prints it.
    let printed = of("data__config, data__environment", &format!("{body}, 'env-1'"));
    assert!(printed.starts_with("{\"config\":") && !printed.contains("display_name"), "{printed}");
    assert!(of("data__config", body).contains("environment"));
    assert!(of("colour", "'red'").starts_with("SD1405"));
    assert!(of("region", "'us-east-1'").starts_with("SD1405"));
}

/// What is wrong, each with the text that it stands at.
fn wrong(text: &str) -> String {
    let parsed = parse(text).unwrap();
    let errors = Writes::prepare(&parsed[0], &tables(), &Defaults::default()).map(drop).unwrap_err();
    let told = errors.iter().map(|error| format!("{} at {}", error.code, &text[error.at.clone().unwrap()]));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_does_not_fit_is_told_at_its_column() {
    let insert = |columns: &str, values: &str| {
        wrong(&format!("INSERT INTO confluent.managed_kafka_clusters.clusters ({columns}) SELECT {values}"))
    };
    let rest = "'r', '{\"kind\": \"Basic\"}', 'env-1'";
    let told = insert("display_name, cloud, region, config, environment", &format!("'n', 'NEVER', {rest}"));
    assert!(told.ends_with(" at 'NEVER'") && !told.contains('\n'), "{told}");
    let spec = "'{\"display_name\": \"n\", \"cloud\": \"NEVER\", \"region\": \"r\", \"config\": {\"kind\": \"Basic\"}, \"environment\": {\"id\": \"env-1\"}}'";
    let told = insert("data__spec", spec);
    assert!(told.ends_with(&format!(" at {spec}")), "{told}");
    let told = wrong(
        "UPDATE confluent.org.environments SET display_name = '{\"a\": 1}', data__stream_governance_config = 'x' WHERE id = 'e'",
    );
    assert!(told.contains(" at 'x'"), "{told}");
}

#[test]
fn what_tells_the_host_goes_along_with_changes() {
    let delete = "DELETE FROM confluent.kafka.topics WHERE cluster_id = 'lkc-1' AND topic_name IN ('a', 'b')";
    let of = |more: &str| {
        let text = format!("{delete}{more}");
        let parsed = parse(&text).unwrap();
        Writes::prepare(&parsed[0], &tables(), &Defaults::default()).map(|writes| {
            let parts = writes.all.iter().map(|write| match &write.operation {
                Operation::Delete { identifier, .. } => format!("{:?}", identifier.parts),
                other => format!("{other:?}"),
            });
            parts.collect::<Vec<_>>().join("\n")
        })
    };
    let found = of(" AND rest_endpoint = 'https://lkc-1.example'").unwrap();
    assert_eq!(found.matches("(\"rest_endpoint\", \"https://lkc-1.example\")").count(), 2, "{found}");
    assert!(found.starts_with("[(\"cluster_id\", \"lkc-1\"), (\"topic_name\", \"a\")"), "{found}");
    let error = of(" AND rest_endpoint IN ('a', 'b')").unwrap_err();
    assert_eq!(error[0].message, "`rest_endpoint` needs one value");
    assert_eq!(of(" AND partitions_count = 3").unwrap_err()[0].code, crate::codes::NO_SUCH_COLUMN);
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
    // As it is documented: the environment stands in the body alone.
    let update = |spec: &str| {
        written(&format!(
            "UPDATE confluent.managed_kafka_clusters.clusters SET spec = '{spec}' WHERE id = 'lkc-1'"
        ))
    };
    assert_eq!(
        update(r#"{"display_name": "n", "environment": {"id": "env-1"}}"#),
        r#"env-1|lkc-1 [{"op":"add","path":"/display_name","value":"n"},{"op":"add","path":"/environment","value":"env-1"}]"#
    );
    assert!(update(r#"{"display_name": "n"}"#).starts_with("SD1407"));
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
    let update = "UPDATE confluent.org.environments SET data__display_name = NULL WHERE id = 'env-1'";
    assert_eq!(
        written(update),
        "SD1408 `display_name` of confluent.org.environments is required: NULL cannot remove it"
    );
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
    create_pim_v1_integration | config, environment | INSERT | integrations
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
