//! `sandbox`

use crate::common::{Place, small};
use insta::assert_snapshot;

#[test]
fn state_lists_and_reset_empties() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("sandbox state app").exits(0).out, @r#"
    {
      "resources": []
    }
    "#);
    place.run("build --sandbox app prod").exits(0);
    assert_snapshot!(place.run("sandbox state app").exits(0).out, @r#"
    {
      "resources": [
        {
          "account": "123456789012",
          "region": "us-east-1",
          "type": "AWS::CustomerProfiles::Domain",
          "identifier": "customer-360-prod"
        },
        {
          "account": "123456789012",
          "region": "us-east-1",
          "type": "AWS::CustomerProfiles::Integration",
          "identifier": "customer-360-prod|s3://acme-events"
        }
      ]
    }
    "#);
    place.run("sandbox reset app").exits(0);
    place.run("plan --sandbox --detailed-exitcode app prod").exits(2);
}

#[test]
fn run_gives_a_command_a_cloud_and_takes_its_exit_code() {
    let mut place = Place::with(&small());
    place.set("PATH", "/usr/bin:/bin");
    let program = env!("CARGO_BIN_EXE_stack-deploy");
    let ran = place.run(&format!("sandbox run -- {program} plan --detailed-exitcode app prod")).exits(2);
    assert!(ran.out.contains("Plan: 2 create"), "{ran}");
    place.run("sandbox run -- sh -c false").exits(1);
    let ran = place.run("sandbox run -- no-such-program").exits(1);
    assert!(ran.err.contains("`no-such-program` cannot be run"), "{ran}");
}

#[test]
fn a_wrong_configuration_is_told() {
    let place = Place::with(&small());
    place.write("wrong.json", r#"{"acount": "1"}"#);
    let ran = place.run("sandbox run --config wrong.json -- true").exits(1);
    assert!(ran.err.contains("wrong.json is no sandbox configuration"), "{ran}");
    assert!(ran.err.contains("acount"), "{ran}");
}
