//! Every operation of the resources played here is there, asks for its queries, and answers with its status.

use super::*;
use http::Method;

/// One row of the table.
pub(super) struct Expected {
    pub(super) class: &'static str,
    resource: &'static str,
    operation: &'static str,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    queries: Vec<&'static str>,
    pub(super) codes: Vec<u16>,
}

pub(super) fn expected() -> Vec<Expected> {
    let lines = include_str!("operations.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [class, resource, operation, method, path, queries, codes] = columns[..] else {
                panic!("{line}")
            };
            Expected {
                class,
                resource,
                operation,
                method,
                path,
                queries: queries.split(',').filter(|query| *query != "-").collect(),
                codes: codes.split(',').map(|code| code.parse().unwrap()).collect(),
            }
        })
        .collect()
}

/// A path with every variable filled in.
pub(super) fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix('{') {
        Some(_) => "x",
        None => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Rows whose operation has another name here: the table has two rows for one upsert, and the configs of a topic or link
/// both as a part of it and as resources of their own.
const CALLED_OTHERWISE: &[&str] = &[
    "create PATCH /pim/v2/integrations/{id} is update",
    "create POST /kafka/v3/clusters/{cluster_id}/broker-configs:alter is update",
    "create PUT /config is update",
    "create PUT /config/{subject} is update",
    "create PUT /mode is update",
    "create PUT /mode/{subject} is update",
    "other POST /sts/v1/oauth2/token is create",
    "read GET /kafka/v3/clusters/{cluster_id}/links/{link_name}/configs is list",
    "read GET /kafka/v3/clusters/{cluster_id}/topics/{topic_name}/configs is list",
    "read POST /subjects/{subject} is lookup",
];

#[test]
fn every_row_leads_to_an_operation_of_its_resource_that_asks_for_its_queries() {
    let rows = expected();
    assert!(rows.len() > 200, "{}", rows.len());
    let mut others = std::collections::BTreeSet::new();
    for row in rows {
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let found = routes::find(row.class, &method, &filled(row.path))
            .unwrap_or_else(|_| panic!("{} {} is not routed", row.method, row.path));
        let route = found.route;
        // A topic and its mirror, or a config and its topic, share paths.
        let family = |resource: &str| resource.trim_end_matches("_config").replace("_mirror", "");
        assert_eq!(family(route.resource), family(row.resource), "{} {}", row.method, row.path);
        let plain = ["create", "read", "list", "update", "delete"];
        match row.operation {
            same if same == route.operation => {}
            // Whatever else an operation does, it has a name of its own.
            "other" if !plain.contains(&route.operation) => {}
            told => {
                others.insert(format!("{told} {} {} is {}", row.method, row.path, route.operation));
            }
        }
        let mut needs = route.needs.clone();
        let mut wanted = row.queries.clone();
        needs.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(needs, wanted, "{} {}", row.method, row.path);
    }
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    assert_eq!(others, CALLED_OTHERWISE);
}

#[test]
fn a_missing_query_is_400_and_names_it() {
    let mut world = World::new();
    let mut asked = 0;
    for row in expected().iter().filter(|row| row.class == "control") {
        for missing in &row.queries {
            let others = row.queries.iter().filter(|query| query != &missing);
            let query: Vec<String> = others.map(|query| format!("{query}=x")).collect();
            let path = format!("{}?{}", filled(row.path), query.join("&"));
            let got = world.send(row.method, &path, "application/json", "{}");
            assert_eq!(got.status, 400, "{path}");
            assert_eq!(got.body["errors"][0]["source"]["parameter"], *missing, "{path}");
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
}

#[test]
fn the_tables_answer_with_the_table_s_status() {
    let mut compared = 0;
    for row in expected() {
        let Some(kind) = kinds::named(row.resource)
            .filter(|kind| kind.path == row.path || row.path.starts_with(&format!("{}/{{", kind.path)))
        else {
            continue;
        };
        match (row.operation, row.method) {
            ("create", "POST") => assert!(row.codes.contains(&kind.create), "{} {:?}", row.path, row.codes),
            ("delete", _) => assert!(row.codes.contains(&kind.delete), "{} {:?}", row.path, row.codes),
            ("update", "PATCH") => assert!(kind.patch, "{}", row.path),
            _ => continue,
        }
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn nothing_is_routed_that_the_table_does_not_know() {
    let rows = expected();
    // Known from the table too, but of resources that are no whole here.
    let beside = ["kafka_cluster_dataplane", "service_account_legacy", "user_legacy"];
    for operation in Confluent::operations().iter().filter(|o| !beside.contains(&o.resource)) {
        let is_known = rows.iter().any(|row| {
            row.class == operation.class
                && row.method == operation.method
                && filled(row.path) == filled(&operation.path)
        });
        assert!(is_known, "{} {}", operation.method, operation.path);
    }
}

#[test]
fn any_request_gets_an_answer() {
    let mut world = World::new();
    let environment = world.environment();
    let cluster = world.cluster(&environment);
    let bodies = [
        "",
        "{}",
        "[]",
        "null",
        "{\"spec\":null}",
        "{\"spec\":{\"environment\":{\"id\":1}}}",
        "{\"name\":5,\"config\":[]}",
        "{",
    ];
    for operation in Confluent::operations() {
        for name in ["x", "%2F", environment.as_str(), cluster.as_str(), "%ff%00"] {
            let path: Vec<&str> = operation
                .path
                .split('/')
                .map(|segment| if segment.starts_with('{') { name } else { segment })
                .collect();
            let needs: Vec<String> =
                operation.needs.iter().map(|need| format!("{need}={environment}")).collect();
            for body in bodies {
                let path = format!("{}?{}&page_size=x", path.join("/"), needs.join("&"));
                let got = world.send(operation.method, &path, "application/json", body);
                assert!(got.status >= 200 && got.status < 600 && got.status != 500, "{path}");
            }
        }
    }
}

#[test]
fn the_checks_can_be_compared_from_outside() {
    let described = Confluent::described();
    let integration = described.iter().find(|kind| kind.resource == "provider_integration_v1").unwrap();
    assert_eq!(integration.required, ["config.kind", "config.customer_iam_role_arn", "environment"]);
    assert_eq!(
        (integration.environment, integration.patch, integration.statuses),
        (Some("environment"), false, (201, 204))
    );
    let cluster = described.iter().find(|kind| kind.resource == "kafka_cluster").unwrap();
    assert_eq!(cluster.phases, Some(("PROVISIONING", "PROVISIONED", "status.phase")));
}
