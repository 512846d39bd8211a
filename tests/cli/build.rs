//! `build`

use crate::common::{Place, Served, is_write, small};
use insta::assert_snapshot;

#[test]
fn a_build_creates_exports_and_leaves_nothing_to_do() {
    let place = Place::with(&small());
    let ran = place.run("build --sandbox --output-file out/exports.json app prod");
    assert_snapshot!(ran, @r#"
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

    Build done: 2 created · [N]s, 11 calls

    +--------------------------------------------------+-------------------+
    | variable                                         | value             |
    +--------------------------------------------------+-------------------+
    | STACKQL_DEPLOY__customer_360__prod__domain_name  | customer-360-prod |
    | STACKQL_DEPLOY__customer_360__prod__elapsed_time | [N]s |
    | STACKQL_DEPLOY__customer_360__prod__stack_env    | prod              |
    | STACKQL_DEPLOY__customer_360__prod__stack_name   | customer-360      |
    +--------------------------------------------------+-------------------+
    -- stderr
    [TIME] start  build customer-360/prod run=[RUN] plan=[PLAN] 2 steps
    [TIME] begin  domain create 1/2
    [TIME] done   domain create [N]s customer-360-prod
    [TIME] begin  events create 2/2
    [TIME] done   events create [N]s customer-360-prod|s3://acme-events
    [TIME] end    ok 2 created [N]s calls=11
    -- end
    "#);
    let exports: serde_json::Value = serde_json::from_str(&place.read("out/exports.json")).unwrap();
    assert_eq!(exports["domain_name"], "customer-360-prod");
    assert!(exports["elapsed_time"].as_str().unwrap().ends_with('s'));
    let again = place.run("plan --sandbox --detailed-exitcode app prod").exits(0);
    assert!(again.out.contains("Plan: no changes. 2 resources match customer-360/prod."), "{again}");
    assert_snapshot!(place.run("outputs --sandbox --json app prod").exits(0).out, @r#"
    {
      "domain_name": "customer-360-prod",
      "stack_env": "prod",
      "stack_name": "customer-360"
    }
    "#);
}

#[test]
fn deleting_what_we_keep_changes_no_result() {
    let place = Place::with(&small());
    place.run("build --sandbox --progress quiet app prod").exits(0);
    place.forget();
    place.run("plan --sandbox --detailed-exitcode app prod").exits(0);
    place.forget();
    place.run("build --sandbox app prod").exits(0);
    place.forget();
    place.run("teardown --sandbox --yes app prod").exits(0);
}

#[test]
fn without_a_terminal_a_replacement_needs_consent_before_any_write() {
    let repository = |kind: &str| {
        format!(
            "version: 1\nname: s\nproviders: [awscc]\nresources:\n  - name: repo\n    type: awscc.ecr.repositories\n    \
             region: us-east-1\n    props: {{RepositoryName: my-repo, EncryptionConfiguration: {{EncryptionType: {kind}}}}}\n"
        )
    };
    let mut place = Place::with(&repository("AES256"));
    let served = Served::start(&mut place);
    place.run("build app prod").exits(0);
    served.calls();
    place.manifest(&repository("KMS"));
    let ran = place.run("build app prod").exits(64);
    assert!(ran.err.contains("--yes"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)), "{ran}");
    assert_eq!(served.held(), 1);
    let ran = place.run("build --yes app prod").exits(0);
    assert!(ran.out.contains("1 replaced"), "{ran}");
}

#[test]
fn a_saved_plan_runs_once_and_is_stale_after_a_change() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    place.run("plan --out plan.json app prod").exits(0);
    place.run("build --plan plan.json app prod").exits(0);
    // Used up: now there is nothing to create.
    place.run("build --plan plan.json app prod").exits(4);

    place.manifest(&small().replace("366", "30"));
    place.run("plan --out plan.json app prod").exits(0);
    served.ask(
        "POST",
        "edit",
        r#"{"type": "AWS::CustomerProfiles::Domain", "identifier": "customer-360-prod", "patch": {"DefaultExpirationDays": 99}}"#,
    );
    served.calls();
    let ran = place.run("build --plan plan.json app prod");
    assert_snapshot!(ran, @r#"
    exit 4
    -- stdout
    -- stderr
    error[SD4004]: the saved plan is stale: nothing was changed
     = domain /DefaultExpirationDays  approved 366 to 30, now 99 to 30
     = next                           stack-deploy plan app prod --out FILE, and look at it again
    -- end
    "#);
    assert!(!served.calls().iter().any(|call| is_write(call)));
}

#[test]
fn a_plan_of_another_environment_is_refused() {
    let place = Place::with(&small());
    place.run("plan --sandbox --out plan.json app prod").exits(0);
    let ran = place.run("build --sandbox --plan plan.json app dev").exits(4);
    assert_snapshot!(ran.err, @r#"
    error[SD4003]: this plan is for customer-360/prod, not for customer-360/dev
     = next  give the plan of this stack
    "#);
}

#[test]
fn json_events_have_no_gaps_and_end_with_the_run() {
    let place = Place::with(&small());
    let ran = place.run("build --sandbox --progress json app prod").exits(0);
    let events: Vec<serde_json::Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], at, "{event}");
        assert_eq!(event["v"], 1);
    }
    assert_eq!(events.first().unwrap()["type"], "run_start");
    assert_eq!(events.last().unwrap()["type"], "run_end");
}

#[test]
fn a_saved_plan_does_not_depend_on_how_its_folder_is_typed() {
    let place = Place::with(&small());
    place.run("plan --sandbox --out plan.json app prod").exits(0);
    place.run("build --sandbox --plan plan.json ./app/ prod").exits(0);
}

/// Changes a saved plan as somebody with an editor would.
fn edit(place: &Place, change: impl Fn(&mut serde_json::Value)) {
    let mut plan = serde_json::from_str(&place.read("plan.json")).unwrap_or_default();
    change(&mut plan);
    place.write("edited.json", &plan.to_string());
}

#[test]
fn a_saved_plan_that_was_changed_is_neither_run_nor_shown() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    place.run("plan --out plan.json app prod").exits(0);
    served.calls();
    edit(&place, |plan| {
        for resource in plan["resources"].as_array_mut().unwrap() {
            resource["action"] = "noop".into();
            resource["changes"] = serde_json::json!([]);
        }
    });
    let ran = place.run("build --plan edited.json app prod").exits(4);
    assert!(ran.err.contains("it was changed after it was saved"), "{ran}");
    place.run("show edited.json").exits(1);
    // A longer life, another seed, a consent that no plan can give.
    edit(&place, |plan| plan["meta"]["expires_at"] = "2099-01-01T00:00:00Z".into());
    place.run("build --plan edited.json app prod").exits(4);
    edit(&place, |plan| plan["meta"]["nonce"] = "".into());
    place.run("build --plan edited.json app prod").exits(4);
    edit(&place, |plan| plan["targets"]["allow_data_loss"] = serde_json::json!(["domain"]));
    place.run("build --plan edited.json app prod").exits(4);
    place.run("build --plan plan.json --allow-data-loss domain app prod").exits(64);
    assert_eq!(served.calls(), Vec::<String>::new());
    assert_eq!(served.held(), 0);
}

#[test]
fn results_that_cannot_be_written_after_changes_are_no_nothing_was_changed() {
    let place = Place::with(&small());
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = |line: &str| place.command(line).stdout(full()).output().unwrap();
    let output = run("build --sandbox app prod");
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8(output.stderr).unwrap().contains("failed to write to stdout"));
    // Now there is nothing to change.
    assert_eq!(run("build --sandbox app prod").status.code(), Some(1));
    place.manifest(&small().replace("366", "30"));
    place.write("folder", "");
    let ran = place.run("build --sandbox --output-file folder/exports.json app prod").exits(6);
    assert!(ran.err.contains("were changed by this run"), "{ran}");
}

/// A cloud in which this call has this fault.
fn faulty(place: &Place, operation: &str, kind: &str) {
    place.write(
        "app/.stack-deploy/sandbox/config.json",
        &format!(r#"{{"faults": [{{"when": {{"operation": "{operation}"}}, "what": {kind}}}]}}"#),
    );
}

#[test]
fn the_time_limit_ends_reading_and_nothing_is_changed() {
    let place = Place::with(&small());
    faulty(&place, "GetResource", r#"{"kind": "throttle"}"#);
    for line in [
        "plan --sandbox --timeout 1s app prod",
        "drift --sandbox --timeout 1s app prod",
        "build --sandbox --timeout 1s app prod",
        "teardown --sandbox --yes --timeout 1s app prod",
    ] {
        let ran = place.run(line).exits(1);
        assert!(ran.err.contains("error[SD3120]: the time is over (--timeout 1s)"), "{ran}");
        assert!(ran.err.contains("nothing was changed"), "{ran}");
    }
}

#[test]
fn the_time_limit_ends_a_submit_that_is_never_accepted() {
    let place = Place::with(&small());
    faulty(&place, "CreateResource", r#"{"kind": "throttle"}"#);
    let ran = place.run("build --sandbox --timeout 2s app prod").exits(1);
    assert!(ran.out.contains("Build failed: 2 not started"), "{ran}");
    assert!(ran.out.contains("this run changed nothing"), "{ran}");
    assert!(ran.err.contains("error[SD3120]"), "{ran}");
}

#[test]
fn flags_that_name_nothing_are_wrong_usage_before_any_call() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    for line in [
        "build --allow-replace nope app prod",
        "teardown --yes --allow-replace nope app prod",
        "build --resend nope app prod",
        "plan --resend domain#/Nope app prod",
        "build --resend domain#/DomainName app prod",
    ] {
        let ran = place.run(line).exits(64);
        assert!(ran.err.contains("= next  "), "{ran}");
    }
    assert_eq!(served.calls(), Vec::<String>::new());
    let output = place.command("plan app").arg("").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn drift_that_cannot_be_read_is_not_called_none() {
    let place = Place::with(&small());
    faulty(&place, "GetResource", r#"{"kind": "denied"}"#);
    let ran = place.run("drift --sandbox app prod").exits(1);
    assert!(ran.out.contains("Drift: not known. 2 resources cannot be compared"), "{ran}");
}
