//! How many calls each command makes: docs/reference/calls.md holds what is counted here, and so do the headers of plans.

use crate::common::{Place, Ran, Served, example};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Calls by operation, without the polls of running operations, which hang on time.
fn counted(calls: &[String]) -> BTreeMap<&str, usize> {
    let mut by_name = BTreeMap::new();
    for call in calls.iter().filter(|call| *call != "GetResourceRequestStatus") {
        *by_name.entry(call.as_str()).or_default() += 1;
    }
    by_name
}

/// What the header of a plan says: reads, and look-ups of the tag index, of lists and of operations.
fn header_agrees(ran: &Ran, calls: &BTreeMap<&str, usize>) {
    let of = |name: &str| calls.get(name).copied().unwrap_or_default();
    let lookups = of("GetResources") + of("ListResources") + of("ListResourceRequests");
    let told = Regex::new(r"(\d+) reads?(?: and (\d+) look-ups?)? in \[N\] s").expect("it reads");
    let told = told.captures(&ran.out).expect("it reads");
    let number = |at: usize| told.get(at).map_or(0, |text| text.as_str().parse().expect("it reads"));
    assert_eq!((number(1), number(2)), (of("GetResource"), lookups), "{calls:?}\n{ran}");
}

/// The rows of one table: each command in turn, on one stack, with nothing local kept.
fn rows(manifest: &str, commands: &[(&str, &str)]) -> String {
    let mut place = Place::with(manifest);
    let served = Served::start(&mut place);
    let planted = r#"{"region": "us-east-1", "type": "AWS::S3::Bucket", "properties": {"BucketName": "calls-archive"}}"#;
    let _ = served.ask("POST", "plant", planted);
    let mut rows = String::new();
    for (what, line) in commands {
        place.forget();
        let _ = served.calls();
        let ran = place.run(line).exits(0);
        let calls = served.calls();
        let calls = counted(&calls);
        if line.starts_with("plan") || line.starts_with("drift") {
            header_agrees(&ran, &calls);
        }
        let parts: Vec<String> = calls.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let calls = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        writeln!(rows, "| {what} | {calls} |").expect("a string takes it");
    }
    rows
}

#[track_caller]
fn documented(rows: &str) {
    let reference = fs::read_to_string(repository("docs/reference/calls.md")).unwrap_or_default();
    assert!(reference.contains(rows), "docs/reference/calls.md does not say:\n{rows}");
}

#[test]
fn the_calls_of_names_that_the_manifest_settles_are_as_documented() {
    documented(&rows(
        &example(),
        &[
            ("`validate`", "validate app dev"),
            ("`build --dry-run`", "build --dry-run app dev"),
            ("`permissions`", "permissions app dev"),
            ("`plan`, nothing is there", "plan app dev"),
            ("`build`, nothing is there", "build --yes app dev"),
            ("`plan`, all is there", "plan app dev"),
            ("`build`, all is there", "build --yes app dev"),
            ("`drift`", "drift app dev"),
            ("`test`", "test app dev"),
            ("`outputs`", "outputs app dev"),
            ("`orphans`", "orphans app dev"),
            ("`plan --orphans`", "plan --orphans app dev"),
            ("`teardown`", "teardown --yes app dev"),
            ("`teardown`, nothing is there", "teardown --yes app dev"),
            (
                "`adopt` of a fifth resource, nothing else is there",
                "adopt --yes app dev awscc.s3.buckets calls-archive",
            ),
        ],
    ));
}

#[test]
fn the_calls_of_identifiers_that_the_service_chooses_are_as_documented() {
    documented(&rows(
        &fs::read_to_string(repository("examples/vpc-web-server/stackql_manifest.yml")).unwrap(),
        &[
            ("`plan`, nothing is there", "plan app dev"),
            ("`build`, nothing is there", "build --yes app dev"),
            ("`plan`, all is there", "plan app dev"),
            ("`teardown`", "teardown --yes app dev"),
        ],
    ));
}
