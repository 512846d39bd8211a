//! `plan`

use crate::common::{Place, small};
use insta::assert_snapshot;
use std::process::Stdio;

#[test]
fn a_first_plan_creates_everything_and_names_the_next_command() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("plan --sandbox app prod"), @r#"
    exit 0
    -- stdout
    stack-deploy plan  customer-360 → prod                                           aws us-east-1 …9012
    2 reads and 1 look-up in [N] s

    + create   domain  awscc.customerprofiles.domains                             stackql_manifest.yml:8
        + DomainName                   "customer-360-prod"
        + DefaultExpirationDays        366
        + Tags[owner]                  "data"
        + Tags[stackql:stack-name]     "customer-360"
        + Tags[stackql:stack-env]      "prod"
        + Tags[stackql:resource-name]  "domain"
        undo   yes

    + create   events  awscc.customerprofiles.integrations                       stackql_manifest.yml:17
        customer-360-prod|s3://acme-events                                                DomainName|Uri
        + DomainName                   "customer-360-prod"
        + Uri                          "s3://acme-events"
        + ObjectTypeName               "order"
        + Tags[stackql:stack-name]     "customer-360"
        + Tags[stackql:stack-env]      "prod"
        + Tags[stackql:resource-name]  "events"
        undo   yes

    Plan: 2 create, 0 update, 0 replace, 0 delete, 0 unchanged
          2 writes, about 20 s
    -- stderr
    Next:  stack-deploy build app prod --sandbox
    -- end
    "#);
}

#[test]
fn without_utf8_everything_is_ascii() {
    let mut place = Place::with(&small());
    place.set("LANG", "C");
    let ran = place.run("plan --sandbox app prod").exits(0);
    assert!(ran.out.is_ascii() && ran.err.is_ascii(), "{ran}");
    assert!(ran.out.contains("customer-360 -> prod"), "{ran}");
}

#[test]
fn pipes_and_no_color_get_no_escape_bytes() {
    let mut place = Place::with(&small());
    for (name, value) in [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")] {
        place.set(name, value);
        let ran = place.run("plan --sandbox app prod");
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran}");
    }
    let ran = place.run("plan --sandbox --color always app prod");
    assert!(ran.out.contains("\u{1b}[32m"), "{ran}");
}

#[test]
fn json_is_the_same_bytes_twice_apart_from_meta() {
    let place = Place::with(&small());
    let json = || {
        let ran = place.run("plan --sandbox --json app prod").exits(0);
        let mut json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        json.as_object_mut().unwrap().remove("meta");
        json.to_string()
    };
    let (first, second) = (json(), json());
    assert_eq!(first, second);
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let place = Place::with(&small());
    let mut child = place
        .command("plan --sandbox --full app prod")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panic") && !said.contains("SD9001"), "{said}");
}

#[test]
fn an_unknown_target_gets_a_suggestion() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("plan --sandbox --target domian app prod"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD5001]: no resource of this stack is called `domian`
     = next  did you mean `domain`?
    -- end
    "#);
}

#[test]
fn a_target_leaves_the_rest_out() {
    let place = Place::with(&small());
    let ran = place.run("plan --sandbox --brief --target domain app prod").exits(0);
    assert_snapshot!(ran.out, @r#"
    stack-deploy plan  customer-360 → prod                                           aws us-east-1 …9012
    1 read and 1 look-up in [N] s · --target domain

    + create   domain  awscc.customerprofiles.domains                             stackql_manifest.yml:8
    ! 1 left out             by --target or --exclude: events

    Plan: 1 create, 0 update, 0 replace, 0 delete, 0 unchanged
          1 write, about 10 s
    "#);
}

#[test]
fn without_credentials_the_first_question_says_what_to_do() {
    let mut place = Place::with(&small());
    place.set("AWS_EC2_METADATA_DISABLED", "true");
    place.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let ran = place.run("plan app prod").exits(1);
    assert!(ran.err.contains("error[SD7002]"), "{ran}");
    assert!(ran.err.contains("--sandbox"), "{ran}");
    assert_eq!(ran.out, "");
}

#[test]
fn a_dry_run_reads_nothing() {
    let mut place = Place::with(&small());
    // A call would fail at once.
    place.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assert_snapshot!(place.run("build --dry-run app prod"), @r#"
    exit 0
    -- stdout
    stack-deploy build --dry-run  customer-360 → prod
    offline: nothing was read, nothing was sent

    create or update:

      domain  awscc.customerprofiles.domains                                      stackql_manifest.yml:8
        customer-360-prod                                                                     DomainName
        + DomainName                   "customer-360-prod"
        + DefaultExpirationDays        366
        + Tags[owner]                  "data"
        + Tags[stackql:stack-name]     "customer-360"
        + Tags[stackql:stack-env]      "prod"
        + Tags[stackql:resource-name]  "domain"

      events  awscc.customerprofiles.integrations                                stackql_manifest.yml:17
        customer-360-prod|s3://acme-events                                                DomainName|Uri
        + DomainName                   "customer-360-prod"
        + Uri                          "s3://acme-events"
        + ObjectTypeName               "order"
        + Tags[stackql:stack-name]     "customer-360"
        + Tags[stackql:stack-env]      "prod"
        + Tags[stackql:resource-name]  "events"

    delete: none

    cannot be known without reading:
      - which of these exist: one that does not is created, of the others only differences are sent

    Next:  stack-deploy plan app prod
    -- stderr
    -- end
    "#);
}

#[test]
fn orphans_are_found_where_no_resource_is_named_any_more() {
    let manifest = |resources: &str| {
        format!(
            "version: 1\nname: s\nproviders: [awscc]\nglobals: [{{name: region, value: us-east-1}}]\nsettings: {{regions: [us-east-1, eu-west-1]}}\nresources:{resources}\n"
        )
    };
    let place = Place::with(&manifest(
        "\n  - {name: p, type: awscc.ssm.parameters, props: {Name: /p, Type: String, Value: x}}\n  - {name: q, type: awscc.ssm.parameters, region: eu-west-1, props: {Name: /q, Type: String, Value: x}}",
    ));
    place.run("build --sandbox --yes app dev").exits(0);
    place.manifest(&manifest(" []"));
    let ran = place.run("orphans --sandbox app dev").exits(0);
    assert!(ran.out.contains("2 orphans of s/dev"), "{ran}");
    place.run("build --sandbox --prune --yes app dev").exits(0);
    assert!(place.run("orphans --sandbox app dev").exits(0).out.contains("No orphans"));
}
