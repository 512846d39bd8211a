//! The whole life of the example against a cloud in another process, over real HTTP.

#![expect(clippy::unwrap_used, reason = "an answer of another shape is a failed test")]

use crate::common::{Place, Served, example, is_write};
use serde_json::{Value as Json, json};
use std::process::Stdio;

fn count(calls: &[String], name: &str) -> usize {
    calls.iter().filter(|call| *call == name).count()
}

#[test]
fn the_example_lives_drifts_is_repaired_and_goes() {
    let mut place = Place::with(&example());
    let served = Served::start(&mut place);

    place.run("plan --detailed-exitcode app dev").exits(2);
    let calls = served.calls();
    assert_eq!(
        [
            count(&calls, "GetResource"),
            count(&calls, "GetResources"),
            count(&calls, "GetCallerIdentity"),
            calls.len()
        ],
        // What is not there may be there under another identifier: the tag index is asked once for all.
        [4, 1, 1, 6],
        "{calls:?}"
    );
    place.forget();

    place.run("build app dev").exits(0);
    let calls = served.calls();
    assert_eq!(count(&calls, "CreateResource"), 4, "{calls:?}");
    place.forget();

    let ran = place.run("plan --detailed-exitcode app dev").exits(0);
    assert!(ran.out.contains("Plan: no changes. 4 resources match customer-360/dev."), "{ran}");
    assert!(ran.out.contains("cannot compare crm_flow.FlowDefinition (write-only)"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
    place.forget();

    served.ask(
        "POST",
        "edit",
        r#"{"type": "AWS::CustomerProfiles::Domain", "identifier": "customer-360-dev", "patch": {"DefaultExpirationDays": 31}}"#,
    );
    let ran = place.run("drift --detailed-exitcode app dev").exits(2);
    assert!(ran.out.contains("DefaultExpirationDays  live 31, declared 30"), "{ran}");
    assert!(ran.out.contains("Drift: 1 property of 1 resource; 3 match"), "{ran}");
    let json: serde_json::Value =
        serde_json::from_str(&place.run("drift --json app dev").exits(0).out).unwrap();
    assert_eq!(json["drift"][0]["path"], "/DefaultExpirationDays");
    assert_eq!(json["drift"][0]["build_would"], "update");
    served.calls();
    place.forget();

    let ran = place.run("build app dev").exits(0);
    assert!(ran.out.contains("~ DefaultExpirationDays  31 → 30"), "{ran}");
    let calls = served.calls();
    assert_eq!((count(&calls, "UpdateResource"), count(&calls, "CreateResource")), (1, 0), "{calls:?}");
    place.forget();

    place.run("drift --detailed-exitcode app dev").exits(0);
    place.forget();
    served.calls();
    place.run("teardown --yes app dev").exits(0);
    assert_eq!(count(&served.calls(), "DeleteResource"), 4);
    assert_eq!(served.held(), 0);
}

/// Declared properties that reads show and updates may change, by type.
const CHANGEABLE: &[(&str, &[&str])] = &[
    ("AWS::CustomerProfiles::Domain", &["DefaultExpirationDays", "Matching", "Tags"]),
    (
        "AWS::CustomerProfiles::ObjectType",
        &["Description", "ExpirationDays", "AllowProfileCreation", "Fields", "Keys", "Tags"],
    ),
    ("AWS::CustomerProfiles::Integration", &["ObjectTypeName", "ObjectTypeNames", "Tags"]),
];

/// Every scalar below a value, with its pointer. Tag keys name their tag; our own tags are never drift.
fn leaves(value: &Json, at: &str, found: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(members) => {
            let is_tag = at.contains("/Tags/");
            if is_tag && members["Key"].as_str().is_some_and(|key| key.starts_with("stackql:")) {
                return;
            }
            for (name, member) in members {
                if !(is_tag && name == "Key") {
                    leaves(member, &format!("{at}/{name}"), found);
                }
            }
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| leaves(item, &format!("{at}/{i}"), found));
        }
        leaf => found.push((at.to_owned(), leaf.clone())),
    }
}

fn other(value: &Json) -> Json {
    match value {
        Json::Bool(flag) => json!(!flag),
        Json::Number(number) => json!(number.as_i64().unwrap() + 1),
        Json::String(text) => json!(format!("{text}x")),
        other => other.clone(),
    }
}

#[test]
fn every_leaf_that_drifts_is_named_and_repaired() {
    let mut place = Place::with(&example());
    let served = Served::start(&mut place);
    place.run("build app dev").exits(0);
    let snapshot = served.ask("GET", "snapshot", "");
    let scope = &snapshot["scopes"]["123456789012/us-east-1"]["resources"];
    let held: Vec<(&String, &Json)> = scope
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(ty, all)| all.as_object().unwrap().values().map(move |resource| (ty, resource)))
        .collect();
    let mut tried = 0;
    for (ty, held) in held {
        let (_, properties) = CHANGEABLE.iter().find(|(name, _)| name == ty).unwrap();
        let mut all = Vec::new();
        for property in properties.iter().filter(|p| held["model"].get(**p).is_some()) {
            leaves(&held["model"][*property], &format!("/{property}"), &mut all);
        }
        for (at, value) in all {
            let patch = json!([{ "op": "replace", "path": at, "value": other(&value) }]);
            let edit = json!({ "type": ty, "identifier": held["identifier"], "patch": patch });
            served.ask("POST", "edit", &edit.to_string());
            place.forget();
            let ran = place.run("drift --detailed-exitcode --json app dev").exits(2);
            let drift: Json = serde_json::from_str(&ran.out).unwrap();
            let named: Vec<&str> =
                drift["drift"].as_array().unwrap().iter().map(|d| d["path"].as_str().unwrap()).collect();
            // Sets are read in another order than they were written, so an index may be another one.
            let unnumbered = |path: &str| {
                path.split('/').filter(|s| s.parse::<u32>().is_err()).collect::<Vec<_>>().join("/")
            };
            assert_eq!(
                named.iter().map(|p| unnumbered(p)).collect::<Vec<_>>(),
                [unnumbered(&at)],
                "{at}: {ran}"
            );
            place.forget();
            served.calls();
            place.run("build app dev").exits(0);
            let calls = served.calls();
            assert_eq!(
                (count(&calls, "UpdateResource"), count(&calls, "CreateResource")),
                (1, 0),
                "{calls:?}"
            );
            place.forget();
            place.run("plan --detailed-exitcode app dev").exits(0);
            tried += 1;
        }
    }
    assert!(tried >= 25, "{tried} leaves");
}

#[test]
fn a_killed_build_is_finished_by_the_next_with_nothing_local_left() {
    let mut place = Place::with(&example());
    let served = Served::behaving(&mut place, r#"{"timing": {"create_ms": 8000, "retry_after_ms": 0}}"#);
    let mut child =
        place.command("build app dev").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Looked at without being cleared: a call between the two would be lost, and the kill would come one step late.
    while !served.ask("GET", "history", "").to_string().contains("CreateResource") {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What is in flight stays there long enough for the next to meet it; only what comes after it is quick.
    served.ask("POST", "config", r#"{"timing": {"create_ms": 0}}"#);
    place.forget();
    let ran = place.run("build app dev").exits(0);
    assert!(ran.err.contains("waiting: a create of domain is in flight"), "{ran}");
    assert!(ran.out.contains("Build done: 3 created"), "{ran}");
    assert_eq!(served.held(), 4);
    place.run("plan --detailed-exitcode app dev").exits(0);
}

#[test]
fn another_account_is_refused_before_any_write() {
    let manifest = example().replace("settings:\n", "settings:\n  accounts: { dev: \"999999999999\" }\n");
    let mut place = Place::with(&manifest);
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(1);
    assert!(ran.err.contains("error[SD7003]: these credentials are of account 123456789012"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
}

#[test]
fn another_region_is_refused_before_any_call() {
    let manifest = example().replace("settings:\n", "settings:\n  regions: { dev: [eu-west-1] }\n");
    let mut place = Place::with(&manifest);
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(1);
    assert!(ran.err.contains("domain is in us-east-1, which `settings.regions` does not allow"), "{ran}");
    assert_eq!(served.calls(), Vec::<String>::new());
}

#[test]
fn what_is_to_be_absent_and_is_there_is_drift() {
    let manifest = |state: &str| {
        format!(
            "version: 1\nname: s\nproviders: [awscc]\nglobals: [{{name: region, value: us-east-1}}]\nresources:\n  - name: p\n    type: awscc.ssm.parameters\n    state: {state}\n    props: {{Name: /p, Type: String, Value: x}}\n"
        )
    };
    let place = Place::with(&manifest("present"));
    place.run("build --sandbox --yes app dev").exits(0);
    place.manifest(&manifest("absent"));
    let ran = place.run("drift --sandbox --detailed-exitcode app dev").exits(2);
    assert!(ran.out.contains("Drift: 1 resource is there that should be absent; 0 match s/dev."), "{ran}");
    assert!(ran.out.contains("build would delete: p"), "{ran}");
    place.run("build --sandbox --yes app dev").exits(0);
    place.run("drift --sandbox --detailed-exitcode app dev").exits(0);
}
