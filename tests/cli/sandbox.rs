//! `sandbox`

use crate::common::{Place, small};
use insta::assert_snapshot;

#[test]
fn state_lists_and_reset_empties() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("sandbox state app").exits(0).out, @r#"
    {
      "resources": [],
      "confluent": []
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
      ],
      "confluent": []
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
fn run_gives_what_clients_of_confluent_read_and_takes_away_what_leads_elsewhere() {
    let mut place = Place::with(&small());
    place.set("PATH", "/usr/bin:/bin");
    for (name, value) in [
        ("KAFKA_ID", "lkc-real"),
        ("KAFKA_REST_ENDPOINT", "https://pkc-real.us-east-1.aws.confluent.cloud"),
        ("KAFKA_API_SECRET", "real"),
        ("AWS_ENDPOINT_URL_CONNECT", "https://connect.example"),
        ("AWS_PROFILE", "prod"),
        ("MINE", "stays"),
    ] {
        place.set(name, value);
    }
    let ran = place.run("sandbox run -- env").exits(0);
    let mut names: Vec<&str> = ran
        .out
        .lines()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name))
        .filter(|name| !["HOME", "LANG", "COLUMNS", "PATH"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_ENDPOINT_URL",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "CONFLUENT_CLOUD_API_KEY",
            "CONFLUENT_CLOUD_API_SECRET",
            "CONFLUENT_CLOUD_ENDPOINT",
            "FLINK_API_KEY",
            "FLINK_API_SECRET",
            "KAFKA_API_KEY",
            "KAFKA_API_SECRET",
            "MINE",
            "SCHEMA_REGISTRY_API_KEY",
            "SCHEMA_REGISTRY_API_SECRET",
        ]
    );
    assert!(!ran.out.contains("real"), "{ran}");
    assert!(ran.out.contains("CONFLUENT_CLOUD_ENDPOINT=http://127.0.0.1:[PORT]\n"), "{ran}");
}

#[test]
fn a_wrong_configuration_is_told() {
    let place = Place::with(&small());
    place.write("wrong.json", r#"{"acount": "1"}"#);
    let ran = place.run("sandbox run --config wrong.json -- true").exits(1);
    assert!(ran.err.contains("wrong.json is no sandbox configuration"), "{ran}");
    assert!(ran.err.contains("acount"), "{ran}");
}
