//! `test`

use crate::common::{Place, Served, is_write, small};
use insta::assert_snapshot;
use serde_json::{Value as Json, json};

#[test]
fn what_was_built_passes_and_leaves_the_exports() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    assert_snapshot!(place.run("test --sandbox --output-file out.json app prod"), @r#"
    exit 0
    -- stdout
    stack-deploy test  customer-360 → prod                                           aws us-east-1 …9012
    2 reads in [N] s

    pass  domain  awscc.customerprofiles.domains                                  stackql_manifest.yml:8
    pass  events  awscc.customerprofiles.integrations                            stackql_manifest.yml:17

    Test: 2 passed, 0 failed

    +--------------------------------------------------+-------------------+
    | variable                                         | value             |
    +--------------------------------------------------+-------------------+
    | STACKQL_DEPLOY__customer_360__prod__domain_name  | customer-360-prod |
    | STACKQL_DEPLOY__customer_360__prod__elapsed_time | [N]s |
    | STACKQL_DEPLOY__customer_360__prod__stack_env    | prod              |
    | STACKQL_DEPLOY__customer_360__prod__stack_name   | customer-360      |
    +--------------------------------------------------+-------------------+
    -- stderr
    test passed for domain
    test passed for events
    test completed in [N]s
    -- end
    "#);
    let exports: Json = serde_json::from_str(&place.read("out.json")).unwrap();
    assert_eq!(exports["domain_name"], "customer-360-prod");
    assert!(exports["elapsed_time"].is_string());
    assert!(
        place.read(".stackql-deploy-exports").contains("STACKQL_DEPLOY__customer_360__prod__domain_name")
    );
}

#[test]
fn what_is_not_there_or_differs_fails_and_leaves_nothing() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("test --sandbox --output-file out.json app prod"), @r#"
    exit 1
    -- stdout
    stack-deploy test  customer-360 → prod                                           aws us-east-1 …9012
    2 reads and 1 look-up in [N] s

    fail  domain  awscc.customerprofiles.domains                                  stackql_manifest.yml:8
          it does not exist
    fail  events  awscc.customerprofiles.integrations                            stackql_manifest.yml:17
          it does not exist

    Test: 0 passed, 2 failed
    -- stderr
    test failed for domain
    test failed for events
    test completed in [N]s
    error[SD2303]: not everything is as declared
     = resources  domain, events
     = next       stack-deploy plan app prod --sandbox: what a build would do about it
    -- end
    "#);
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    place.manifest(
        &small()
            .replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 30")
            .replace("Key: owner, Value: data", "Key: owner, Value: growth"),
    );
    assert_snapshot!(place.run("test --sandbox --output-file out.json app prod"), @r#"
    exit 1
    -- stdout
    stack-deploy test  customer-360 → prod                                           aws us-east-1 …9012
    2 reads in [N] s

    fail  domain  awscc.customerprofiles.domains                                  stackql_manifest.yml:8
          DefaultExpirationDays: live 366, declared 30
          Tags[owner]: live "data", declared "growth"
    pass  events  awscc.customerprofiles.integrations                            stackql_manifest.yml:17

    Test: 1 passed, 1 failed
    -- stderr
    test failed for domain
    test passed for events
    test completed in [N]s
    error[SD2303]: not everything is as declared
     = resources  domain
     = next       stack-deploy plan app prod --sandbox: what a build would do about it
    -- end
    "#);
    assert!(!place.path("out.json").exists());
}

#[test]
fn write_only_values_are_listed_as_not_checked_and_false_ifs_as_skipped() {
    let place = Place::with(
        r#"name: people
resources:
  - name: ada
    type: AWS::IAM::User
    region: us-east-1
    props: { UserName: ada, LoginProfile: { Password: Correct-horse-1 } }
  - name: eve
    type: AWS::IAM::User
    region: us-east-1
    if: "false"
    props: { UserName: eve }
"#,
    );
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    assert_snapshot!(place.run("test --sandbox app prod"), @r#"
    exit 0
    -- stdout
    stack-deploy test  people → prod                                                 aws us-east-1 …9012
    1 read in [N] s

    pass  ada  AWS::IAM::User                                                     stackql_manifest.yml:3
          not checked: LoginProfile.Password (write-only)
    skip  eve  AWS::IAM::User
          its `if` is false here

    Test: 1 passed, 0 failed, 1 skipped
    -- stderr
    test passed for ada
    test completed in [N]s
    -- end
    "#);
}

#[test]
fn the_json_is_versioned_and_alone_on_stdout() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    let passed: Json =
        serde_json::from_str(&place.run("test --sandbox --json app prod").exits(0).out).unwrap();
    assert_eq!(passed["format"], "stack-deploy/test");
    assert_eq!(passed["summary"], json!({ "passed": 2, "failed": 0, "skipped": 0 }));
    place.manifest(&small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 30"));
    let failed: Json =
        serde_json::from_str(&place.run("test --sandbox --json app prod").exits(1).out).unwrap();
    assert_eq!((&failed["ok"], &failed["resources"][0]["status"]), (&json!(false), &json!("fail")));
    assert_eq!(failed["resources"][0]["differences"][0]["path"], "/DefaultExpirationDays");
}

#[test]
fn it_reads_once_and_writes_nothing() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    let _ = place.run("test app prod").exits(1);
    let calls = served.calls();
    assert!(!calls.iter().any(|call| is_write(call)), "{calls:?}");
    assert_eq!(calls.iter().filter(|call| *call == "GetResource").count(), 2, "{calls:?}");
}

#[test]
fn no_line_is_wider_than_asked_and_ascii_is_ascii() {
    let place = Place::with(&small());
    for width in [60, 100, 160] {
        let ran = place.run(&format!("test --sandbox --width {width} --ascii app prod")).exits(1);
        assert!(ran.out.is_ascii() && ran.out.lines().all(|line| line.len() <= width), "{ran}");
    }
}
