//! Query files of tables of REST services.

use crate::Reader;
use indexmap::IndexMap;
use stack_catalog::rest::Definitions;
use stack_core::desired::{Outputs, Rendered, Resolver};
use stack_core::schema::Schemas;
use stack_manifest::{Options, Sources, Stack};
use std::sync::Arc;

/// As the documentation prints it.
const INTEGRATION: &str = "/*+ create */
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

const PROPS: &str = "      - {name: display_name, value: n}
      - {name: provider, value: AWS}
      - name: config
        props:
          - {name: customer_iam_role_arn, value: \"arn:r\"}
          - {name: kind, value: AwsIntegrationConfig}
";

/// What is wanted, or what is wrong.
fn said(props: &str, file: &str) -> String {
    let schemas: Arc<dyn Schemas> = Arc::new(Definitions::embedded());
    let manifest = format!(
        "version: 1\nname: s\nproviders: [confluent]\nresources:\n  - name: env\n    type: confluent.org.environments\n    props: {{display_name: e}}\n  - name: r\n    props:\n{props}"
    );
    let files: IndexMap<String, String> = [("resources/r.iql".to_owned(), file.to_owned())].into();
    let sources = Sources { manifest, files: Arc::new(files), env: "dev".to_owned(), ..Sources::default() };
    let reader = Reader::new(Arc::clone(&schemas));
    let options = Options { statements: Some(Arc::new(reader)), ..Options::default() };
    let parsed = Stack::parse(sources, schemas, options);
    let told = |problems: &[stack_core::diagnostic::Diagnostic]| {
        problems.iter().map(|one| format!("{} {}", one.code, one.message)).collect::<Vec<_>>().join("\n")
    };
    let Some(stack) = &parsed.stack else { return told(&parsed.diagnostics) };
    match stack.render(&"r".into(), &Outputs::new()) {
        Ok(Rendered::Wanted(wanted)) => {
            assert!(["confluent", "kafka"].contains(&wanted.target.provider.as_str()));
            let identifier = wanted.identifier.as_ref().map(|one| format!(" {one:?}")).unwrap_or_default();
            format!("{:?}{identifier}", wanted.props)
        }
        Ok(other) => format!("{other:?}"),
        Err(problems) => told(&problems),
    }
}

#[test]
fn the_documented_file_wants_what_the_manifest_says() {
    let text = said(&format!("{PROPS}      - {{name: environment, value: env-1}}\n"), INTEGRATION);
    for part in
        ["\"display_name\": String(\"n\")", "\"environment\": String(\"env-1\")", "AwsIntegrationConfig"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let object = said(&format!("{PROPS}      - {{name: environment, value: {{id: env-1}}}}\n"), INTEGRATION);
    assert_eq!(object, text);
}

#[test]
fn the_part_that_the_service_gives_makes_no_identifier_wait() {
    let text =
        said(&format!("{PROPS}      - {{name: environment, value: \"{{{{ env.id }}}}\"}}\n"), INTEGRATION);
    assert!(text.contains("Unknown") && !text.contains("env-1"), "{text}");
    assert!(!text.ends_with(')') || !text.contains("Identifier"), "{text}");
    let known =
        format!("{PROPS}      - {{name: environment, value: env-1}}\n      - {{name: id, value: cspi-1}}\n");
    assert!(said(&known, INTEGRATION).contains("cspi-1"));
}

#[test]
fn an_update_sets_columns() {
    let file = "/*+ create */
INSERT INTO confluent.iam.service_accounts (data__display_name, description) SELECT '{{ display_name }}', 'first';
/*+ update */
UPDATE confluent.iam.service_accounts SET data__description = 'second' WHERE id = '{{ this.id }}';
/*+ delete */
DELETE FROM confluent.iam.service_accounts WHERE id = '{{ id }}';
";
    let text = said("      - {name: display_name, value: n}\n", file);
    assert!(text.contains("\"description\": String(\"second\")"), "{text}");
}

#[test]
fn what_chooses_no_resource_is_told() {
    let props = format!("{PROPS}      - {{name: environment, value: env-1}}\n");
    let without = INTEGRATION.replace("environment = '{{ environment }}'\nAND ", "");
    assert!(said(&props, &without).contains("this is no identifier"), "{}", said(&props, &without));
    let other = INTEGRATION.replace("AND id", "AND provider = 'AWS' AND id");
    assert!(said(&props, &other).contains("`provider` does not choose"), "{}", said(&props, &other));
    let column = INTEGRATION.replace("data__config,", "data__colour,");
    assert!(said(&props, &column).contains("no column `data__colour`"), "{}", said(&props, &column));
}

#[test]
fn what_tells_the_host_may_stand_beside_the_identity() {
    let file = "/*+ create */
INSERT INTO confluent.kafka.topics (cluster_id, data__topic_name) SELECT '{{ cluster_id }}', '{{ topic_name }}';
/*+ delete */
DELETE FROM confluent.kafka.topics
WHERE cluster_id = '{{ cluster_id }}' AND topic_name = '{{ topic_name }}' AND rest_endpoint = '{{ rest_endpoint }}';
";
    let props = "      - {name: cluster_id, value: lkc-1}
      - {name: topic_name, value: t}
      - {name: rest_endpoint, value: \"https://lkc-1.example\"}
";
    let text = said(props, file);
    assert!(text.contains("\"rest_endpoint\": String(\"https://lkc-1.example\")"), "{text}");
    let other = file.replace("rest_endpoint = '", "partitions_count = '");
    assert!(said(props, &other).contains("`partitions_count` does not choose"), "{}", said(props, &other));
}

#[test]
fn an_update_has_its_parent_in_the_body() {
    let file = "/*+ create */
INSERT INTO confluent.managed_kafka_clusters.clusters (spec) SELECT '{{ spec }}';
/*+ update */
UPDATE confluent.managed_kafka_clusters.clusters SET spec = '{{ spec }}' WHERE id = '{{ id }}';
/*+ delete */
DELETE FROM confluent.managed_kafka_clusters.clusters WHERE environment = '{{ environment }}' AND id = '{{ id }}';
";
    let props = |environment: &str| {
        format!(
            "      - name: spec
        value: {{display_name: n, availability: SINGLE_ZONE, cloud: AWS, region: r, config: {{kind: Basic}}, environment: {{id: {environment}}}}}
      - {{name: environment, value: {environment}}}
"
        )
    };
    let known = said(&props("env-1"), file);
    assert!(known.contains("\"environment\": String(\"env-1\")"), "{known}");
    let later = said(&props("\"{{ env.id }}\""), file);
    assert!(later.contains("Unknown") && !later.contains("env-1"), "{later}");
    let without = file.replace("SET spec = '{{ spec }}'", "SET display_name = 'n'");
    assert!(
        said(&props("env-1"), &without).contains("this is no identifier"),
        "{}",
        said(&props("env-1"), &without)
    );
}
