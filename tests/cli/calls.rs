//! How many calls each command makes: docs/reference/calls.md holds what is counted here.

use crate::common::{Place, Served, example};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Calls by operation, without the polls of running operations, which depend on time.
fn counted(calls: &[String]) -> String {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls.iter().filter(|call| *call != "GetResourceRequestStatus") {
        *by_name.entry(call).or_default() += 1;
    }
    let parts: Vec<String> = by_name.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// One table: every command, first to last, on one stack.
fn table(manifest: &str, env: &str) -> String {
    let mut place = Place::with(manifest);
    let served = Served::start(&mut place);
    let mut table = String::new();
    let mut row = |what: &str, line: &str| {
        place.forget();
        let _ = served.calls();
        let _ = place.run(line).exits(0);
        writeln!(table, "| {what} | {} |", counted(&served.calls())).expect("text takes text");
    };
    row("`validate`, `graph`, `schema`, `permissions`, `--dry-run`", &format!("validate app {env}"));
    row("`plan`, nothing is there", &format!("plan app {env}"));
    row("`build`, nothing is there", &format!("build --yes app {env}"));
    row("`plan`, all is there", &format!("plan app {env}"));
    row("`build`, all is there", &format!("build --yes app {env}"));
    row("`drift`", &format!("drift app {env}"));
    row("`test`", &format!("test app {env}"));
    row("`outputs`", &format!("outputs app {env}"));
    row("`orphans`", &format!("orphans app {env}"));
    row("`plan --orphans`", &format!("plan --orphans app {env}"));
    row("`teardown`", &format!("teardown --yes app {env}"));
    row("`teardown`, nothing is there", &format!("teardown --yes app {env}"));
    let planted = r#"{"region": "us-east-1", "type": "AWS::S3::Bucket", "properties": {"BucketName": "calls-archive"}}"#;
    let _ = served.ask("POST", "plant", planted);
    row("`adopt`, nothing else is there", &format!("adopt --yes app {env} awscc.s3.buckets calls-archive"));
    table
}

#[test]
fn the_numbers_of_the_reference_are_counted() {
    let reference = fs::read_to_string(folder("docs/reference/calls.md")).unwrap_or_default();
    let network =
        fs::read_to_string(folder("examples/vpc-web-server/stackql_manifest.yml")).expect("an example");
    let tables =
        [("customer-profiles", table(&example(), "dev")), ("vpc-web-server", table(&network, "dev"))];
    for (name, table) in tables {
        assert!(reference.contains(&table), "docs/reference/calls.md does not say of {name}:\n{table}");
    }
}
