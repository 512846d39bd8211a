//! `info`

use crate::common::{Place, Served, is_write, small};
use insta::assert_snapshot;
use serde_json::Value as Json;

/// Without what differs between machines and builds.
fn steady(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once("  version       ") {
            Some((lead, _)) => format!("{lead}  version       [VERSION]\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn without_credentials_it_says_what_to_do_and_ends_with_one() {
    let mut place = Place::with(&small());
    place.set("AWS_EC2_METADATA_DISABLED", "true");
    let ran = place.run("info").exits(1);
    assert_snapshot!(steady(&ran.out), @r#"
    Program
      ok    version       [VERSION]
      ok    catalog       1884 types from cfn-lint 1.58.0, schemas of 2026-10-20
      ok    schemas       none cached in [ROOT]/home/.cache/stack-deploy/schemas

    Cloud
      ok    endpoints     those of the providers
      ok    profile       none named: `default`, if there is one
      warn  region        none: resources must name one
                          next: give --region or AWS_REGION, or write region into the profile
      fail  credentials   none: no variable, profile, session, role or instance has any
                          next: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give --profile NAME,
                          run `aws sso login`, or try --sandbox

    Surroundings
      ok    proxies       none
      ok    certificates  those of the system
      ok    terminal      none; 100 columns, UTF-8, no colour
      ok    consent       nobody can be asked here: deletes and replacements need --yes or --plan FILE

    One thing would stop a run.
    "#);
}

#[test]
fn a_stack_in_the_sandbox_is_fine() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    let ran = place.run("info --sandbox app prod").exits(0);
    assert_snapshot!(steady(&ran.out), @r#"
    Program
      ok    version       [VERSION]
      ok    catalog       1884 types from cfn-lint 1.58.0, schemas of 2026-10-20
      ok    schemas       none cached in [ROOT]/home/.cache/stack-deploy/schemas

    Stack
      ok    manifest      customer-360, 2 resources
      ok    sandbox       holds 2 resources
      ok    lock          customer-360/prod is free
      ok    runs          1 run

    Cloud
      ok    endpoints     the built-in cloud, in this process
      ok    region        us-east-1, from the sandbox
      ok    credentials   none are needed for the built-in cloud
      ok    caller        arn:aws:iam::123456789012:user/sandbox, account 123456789012

    Surroundings
      ok    proxies       none
      ok    certificates  those of the system
      ok    terminal      none; 100 columns, UTF-8, no colour
      ok    consent       nobody can be asked here: deletes and replacements need --yes or --plan FILE

    Nothing stands in the way of a run.
    "#);
}

#[test]
fn it_only_asks_who_we_are_and_shows_no_secret() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    place.set("AWS_ACCESS_KEY_ID", "AKIAABCDEFGHWXYZ");
    place.set("AWS_SECRET_ACCESS_KEY", "hunter2hunter2");
    place.set("http_proxy", "http://me:hunter2hunter2@127.0.0.1:1");
    place.set("no_proxy", "127.0.0.1");
    let ran = place.run("info").exits(0);
    assert!(ran.out.contains("by environment variables, key …WXYZ"), "{ran}");
    assert!(ran.out.contains("account 123456789012"), "{ran}");
    assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "{ran}");
    assert!(!ran.out.contains("AKIAABCD"), "{ran}");
    let calls = served.calls();
    assert!(!calls.iter().any(|call| is_write(call)), "{calls:?}");
    assert_eq!(calls.len(), 1, "{calls:?}");
}

#[test]
fn everything_wrong_has_a_line_and_a_way_out() {
    let mut place = Place::with(&small().replace("DefaultExpirationDays", "DefaultExpiration"));
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://cloud.example"),
        ("SSL_CERT_FILE", "nowhere.pem"),
    ] {
        place.set(name, value);
    }
    let ran = place.run("info --json app prod").exits(1);
    let json: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&json["format"], &json["ok"]), (&Json::from("stack-deploy/info"), &Json::Bool(false)));
    let failed: Vec<&str> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["status"] == "fail")
        .map(|check| {
            assert!(check["next"].is_string(), "{check}");
            check["name"].as_str().unwrap()
        })
        .collect();
    assert!(failed.contains(&"manifest") && failed.contains(&"endpoints"), "{failed:?}");
    assert!(failed.contains(&"certificates"), "{failed:?}");
}

#[test]
fn a_profile_that_is_not_there_and_a_wrong_account_are_named() {
    let mut place = Place::with(&small());
    place.set("AWS_PROFILE", "nope");
    let ran = place.run("info").exits(1);
    assert!(ran.out.contains("there is no AWS profile `nope`"), "{ran}");
    let other =
        Place::with(&small().replace("globals:", "settings: { accounts: [\"999999999999\"] }\nglobals:"));
    let ran = other.run("info --sandbox --width 200 app prod").exits(1);
    assert!(ran.out.contains("account 123456789012; allowed: 999999999999"), "{ran}");
}

#[test]
fn an_unfinished_run_and_a_broken_cache_are_told() {
    let mut place = Place::with(&small());
    place.set("STACK_DEPLOY_SCHEMAS", "cache");
    std::fs::create_dir_all(place.path("cache/us-east-1")).unwrap();
    place.write("cache/us-east-1/AWS-S3-Bucket.json", "{");
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    let runs: Vec<_> = std::fs::read_dir(place.path("app/.stack-deploy/runs")).unwrap().collect();
    let journal = runs[0].as_ref().unwrap().path().join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let cut: Vec<&str> = text.lines().collect();
    std::fs::write(&journal, format!("{}\n", cut[..cut.len() - 1].join("\n"))).unwrap();
    let ran = place.run("info --sandbox app prod").exits(0);
    assert!(ran.out.contains("without an end: [RUN]"), "{ran}");
    assert!(ran.out.contains("cannot be read: AWS::S3::Bucket"), "{ran}");
    assert!(ran.out.ends_with("Nothing stops a run; 2 things to know.\n"), "{ran}");
}
