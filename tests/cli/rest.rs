//! Statements on tables of REST services, as their documentation prints them, in the sandbox.

use crate::common::{Place, Served};
use std::fs;

const QUERY: &str = "query --sandbox --stack-dir app -o jsonl";
const CHANGE: &str = "query --sandbox --stack-dir app -o jsonl --allow-writes --yes";

const INTEGRATIONS: &str = "/*+ create */
INSERT INTO confluent.provider_integrations.integrations (
data__config,
data__environment
)
SELECT 
'{{ config }}',
'{{ environment }}'
;
/*+ delete */
DELETE FROM confluent.provider_integrations.integrations
WHERE environment = '{{ environment }}'
AND id = '{{ id }}';
";

const MANIFEST: &str = "version: 1
name: app
providers: [confluent]
resources:
  - name: env
    type: confluent.org.environments
    props: { display_name: seed }
  - name: integrations
    props:
      - name: display_name
        value: s3
      - name: provider
        value: AWS
      - name: config
        props:
          - name: customer_iam_role_arn
            value: arn:aws:iam::123456789012:role/r
          - name: kind
            value: AwsIntegrationConfig
      - name: environment
        value: \"{{ env.id }}\"
";

fn place() -> Place {
    let place = Place::with(MANIFEST);
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    place.write("app/resources/integrations.iql", INTEGRATIONS);
    place
}

/// The rows of a statement.
fn rows(place: &Place, line: &str, statement: &str) -> Vec<serde_json::Value> {
    let ran = place.run_with(line, statement).exits(0);
    ran.out.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

#[test]
fn the_documented_query_file_and_manifest_live_like_any_resource() {
    let place = place();
    place.run("build --sandbox --yes app dev").exits(0);
    place.forget();
    let ran = place.run("plan --sandbox --detailed-exitcode app dev").exits(0);
    assert!(ran.out.contains("no changes"), "{ran}");
    // Its services have no accounts of their own to show.
    assert!(ran.out.lines().next().is_some_and(|line| line.ends_with(" confluent")), "{ran}");
    let env = rows(&place, QUERY, "SELECT id FROM confluent.org.environments");
    let env = env[0]["id"].as_str().expect("an id");
    let documented = format!(
        "SELECT\nid,\n_environment,\napi_version,\nconfig,\ndisplay_name,\nenvironment,\nkind,\nprovider,\nusages\n\
         FROM confluent.provider_integrations.integrations\nWHERE environment = '{env}';"
    );
    let all = rows(&place, QUERY, &documented);
    assert_eq!((all.len(), &all[0]["_environment"]), (1, &env.into()));
    assert_eq!((&all[0]["display_name"], &all[0]["provider"]), (&"s3".into(), &"AWS".into()));
    let join = "SELECT i.id FROM confluent.org.environments e \
                JOIN confluent.provider_integrations.integrations_v1 i ON i.environment = e.id";
    assert_eq!(rows(&place, QUERY, join)[0]["id"], all[0]["id"]);
    place.run("teardown --sandbox --yes app dev").exits(0);
    assert_eq!(rows(&place, QUERY, "SELECT id FROM confluent.org.environments").len(), 0);
}

#[test]
fn statements_make_change_and_delete() {
    let place = place();
    let insert =
        "INSERT INTO confluent.org.environments (data__display_name) SELECT 'one' RETURNING id, display_name";
    let made = rows(&place, CHANGE, insert);
    let env = made[0]["id"].as_str().expect("an id");
    let update = format!("UPDATE confluent.org.environments SET data__display_name = 'x' WHERE id = '{env}'");
    let ran = place.run_with(CHANGE, &update).exits(0);
    assert!(ran.err.contains(&format!("updated confluent.org.environments {env}")), "{ran}");
    let insert = format!(
        "INSERT INTO confluent.provider_integrations.integrations (data__config, data__display_name, data__environment) \
         SELECT '{{\"kind\": \"AwsIntegrationConfig\", \"customer_iam_role_arn\": \"arn:aws:iam::123456789012:role/q\"}}', 'n', \
         '{{\"id\": \"{env}\"}}' RETURNING id, environment, Identifier, OperationStatus"
    );
    let made = rows(&place, CHANGE, &insert);
    let id = made[0]["id"].as_str().expect("an id");
    assert_eq!((&made[0]["environment"], &made[0]["OperationStatus"]), (&env.into(), &"SUCCESS".into()));
    assert_eq!(made[0]["Identifier"], format!("{env}|{id}"));
    let read = format!(
        "SELECT COUNT(*) AS n FROM confluent.provider_integrations.integrations WHERE environment = '{env}' AND id = '{id}'"
    );
    assert_eq!(rows(&place, QUERY, &read)[0]["n"], 1);
    let delete = format!(
        "DELETE FROM confluent.provider_integrations.integrations WHERE environment = '{env}' AND id = '{id}';"
    );
    let ran = place.run_with(CHANGE, &delete).exits(0);
    assert!(ran.err.contains(&format!("integrations_v1 {env}|{id},")), "{ran}");
    assert_eq!(rows(&place, QUERY, &read)[0]["n"], 0);
    let ran = place.run_with(QUERY, "SELECT id FROM confluent.provider_integrations.integrations").exits(64);
    assert!(ran.err.contains("cannot be read without `environment`"), "{ran}");
}

/// Statements of the documentation with values in their places, through `query` and through a file of statements.
#[test]
fn the_documented_statements_run_as_they_are_printed() {
    let place = place();
    let made = rows(
        &place,
        CHANGE,
        "INSERT INTO confluent.org.environments (display_name) SELECT 'one' RETURNING id",
    );
    let env = made[0]["id"].as_str().expect("an id");
    let config =
        r#"{"kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:aws:iam::123456789012:role/q"}"#;
    let statement = |title: &str, id: &str| {
        let (_, rest) = INTEGRATIONS.split_once(title).expect("a statement");
        let text = rest.split("/*+").next().expect("its text");
        text.replace("{{ config }}", config).replace("{{ environment }}", env).replace("{{ id }}", id)
    };
    let select = |what: &str| {
        format!(
            "SELECT {what} FROM confluent.provider_integrations.integrations WHERE environment = '{env}';"
        )
    };
    place.run_with(CHANGE, &statement("/*+ create */", "")).exits(0);
    let found = rows(
        &place,
        QUERY,
        &select("*, JSON_EXTRACT(environment, '$.id') AS bare, environment ->> 'id' AS arrow"),
    );
    assert_eq!((found.len(), &found[0]["environment"]), (1, &env.into()), "{found:?}");
    assert_eq!((&found[0]["bare"], &found[0]["arrow"]), (&env.into(), &env.into()));
    let id = found[0]["id"].as_str().expect("an id").to_owned();
    place.run_with(CHANGE, &statement("/*+ delete */", &id)).exits(0);
    assert_eq!(rows(&place, QUERY, &select("id")).len(), 0);
    place.write(
        "made.sql",
        &format!("{}\n{}", statement("/*+ create */", ""), select("display_name, provider")),
    );
    let ran = place.run(&format!("{CHANGE} -f made.sql")).exits(0);
    assert_eq!(ran.out.lines().count(), 1, "{ran}");
}

#[test]
fn associations_of_a_data_integration_are_listed_and_joined() {
    let mut place = place();
    let served = Served::start(&mut place);
    let made = served.signed(
        "app-integrations",
        "/dataIntegrations",
        r#"{"Name": "d", "KmsKey": "k", "SourceURI": "Salesforce://x/y"}"#,
    );
    let id = made["Id"].as_str().expect("an id");
    let ask = |condition: &str| {
        let text = format!(
            "SELECT * FROM aws.appintegrations.data_integration_associations WHERE region = 'us-east-1' AND {condition}"
        );
        place.run_with("query -o jsonl", &text)
    };
    let ran = ask(&format!("Identifier = '{id}'")).exits(0);
    assert_eq!(ran.out, "", "an empty page is no rows");
    let path = format!("/dataIntegrations/{id}/associations");
    served.signed("app-integrations", &path, r#"{"ClientId": "c", "DestinationURI": "s3://b"}"#);
    let ran = ask(&format!("Identifier = '{id}'")).exits(0);
    let row: serde_json::Value = serde_json::from_str(&ran.out).expect("a row");
    assert_eq!((&row["client_id"], &row["destination_uri"]), (&"c".into(), &"s3://b".into()));
    served.calls();
    for wrong in ["MaxResults = 0", "MaxResults = 51", "NextToken = ''"] {
        let ran = ask(&format!("Identifier = '{id}' AND {wrong}")).exits(1);
        assert!(ran.err.contains("SD1408"), "{ran}");
        assert_eq!(served.calls(), Vec::<String>::new());
    }
    assert_eq!(ask(&format!("Identifier = '{id}' AND MaxResults = 1")).exits(0).out.lines().count(), 1);
    let joined = "SELECT d.name, a.client_id FROM aws.appintegrations.data_integrations d \
                  JOIN aws.appintegrations.data_integration_associations a ON a.Identifier = d.id WHERE region = 'us-east-1'";
    let ran = place.run_with("query -o jsonl", joined).exits(0);
    assert_eq!(ran.out.trim_end(), r#"{"name":"d","client_id":"c"}"#);
    let ran = ask("Identifier = 'nothing'").exits(1);
    assert!(
        ran.err.contains("ResourceNotFoundException") && ran.err.contains("Identifier = 'nothing'"),
        "{ran}"
    );
    served.calls();
    ask(&format!("Identifier = '{}'", "a".repeat(256))).exits(1);
    assert_eq!(served.calls(), Vec::<String>::new());
}

const PREVIEW: &str = "/*+ exists */
SELECT COUNT(*) AS count FROM confluent.org.environments WHERE display_name = '{{ display_name }}';
/*+ create */
INSERT INTO confluent.org.environments (data__display_name) SELECT '{{ display_name }}' RETURNING id;
/*+ update */
UPDATE confluent.org.environments SET data__display_name = '{{ display_name }}' WHERE id = '{{ this.id }}';
/*+ delete */
DELETE FROM confluent.org.environments WHERE id = '{{ id }}';
";

#[test]
fn what_was_made_under_another_name_is_not_what_the_manifest_names_now() {
    let place = Place::with(
        "version: 1
name: app
providers: [confluent]
resources:
  - name: preview
    file: preview.iql
    props:
      - {name: display_name, value: \"preview-{{ vars.PR }}\"}
",
    );
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    place.write("app/resources/preview.iql", PREVIEW);
    place.run("build --sandbox --yes -e PR=1 app dev").exits(0);
    let ran = place.run("plan --sandbox -e PR=2 app dev").exits(0);
    assert!(ran.out.contains("1 create") && !ran.out.contains("preview-1"), "{ran}");
    let names = || rows(&place, QUERY, "SELECT display_name FROM confluent.org.environments");
    place.run("teardown --sandbox --yes -e PR=2 app dev").exits(0);
    assert_eq!(names(), [serde_json::json!({"display_name": "preview-1"})]);
    place.run("build --sandbox --yes -e PR=2 app dev").exits(0);
    assert_eq!(names().len(), 2);
}
