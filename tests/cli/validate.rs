//! `validate`

use crate::common::{Place, example, small};
use insta::assert_snapshot;

#[test]
fn a_good_manifest_is_ok_in_every_environment_that_it_mentions() {
    let place = Place::with(&example());
    assert_snapshot!(place.run("validate app"), @r#"
    exit 0
    -- stdout
    ok: 4 resources in dev, prod
    -- stderr
    -- end
    "#);
    assert_snapshot!(place.run("validate app prod").exits(0).out, @r#"ok: 4 resources in prod"#);
}

#[test]
fn everything_wrong_is_told_in_one_go_with_its_place() {
    let manifest = small()
        .replace("DefaultExpirationDays: 366", "DefaultExpirationDays: soon")
        .replace("ObjectTypeName: order", "ObjectTypNames: order\n      Scope: WORLD")
        .replace("{{ domain.DomainName }}", "{{ domian.DomainName }}");
    let place = Place::with(&manifest);
    assert_snapshot!(place.run("validate app prod"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[SD1304]: `DefaultExpirationDays` must be an integer, this is a string
      --> app/stackql_manifest.yml:13:30
       |
    13 |       DefaultExpirationDays: soon
       |                              ^^^^ expected an integer
       = needed by  domain (awscc.customerprofiles.domains), env prod

    error[SD1203]: `domian` is not defined
      --> app/stackql_manifest.yml:21:23
       |
    21 |       DomainName: "{{ domian.DomainName }}"
       |                       ^^^^^^ did you mean `domain` (a resource, stackql_manifest.yml:8)?
       = needed by  events (awscc.customerprofiles.integrations), env prod
       = next       fix the name, or add it to globals: - { name: domian, value: … }

    error[SD1301]: `AWS::CustomerProfiles::Integration` has no property `ObjectTypNames`
      --> app/stackql_manifest.yml:23:7
       |
    23 |       ObjectTypNames: order
       |       ^^^^^^^^^^^^^^ did you mean `ObjectTypeNames`?
       = properties  DomainName, EventTriggerNames, FlowDefinition, ObjectTypeName, ObjectTypeNames, Scope, Tags and Uri
       = needed by   events (awscc.customerprofiles.integrations), env prod

    error[SD1305]: `Scope` cannot be `WORLD`
      --> app/stackql_manifest.yml:24:14
       |
    24 |       Scope: WORLD
       |              ^^^^^ not an allowed value
       = allowed    PROFILE and DOMAIN
       = needed by  events (awscc.customerprofiles.integrations), env prod
    -- end
    "#);
}

#[test]
fn a_broken_manifest_makes_no_call() {
    let mut place = Place::with(&small().replace("366", "soon"));
    // A call would fail at once with another code.
    place.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    for line in ["plan app prod", "build --yes app prod", "teardown --yes app prod", "drift app prod"] {
        let ran = place.run(line).exits(1);
        assert!(ran.err.contains("app/stackql_manifest.yml:13:"), "{ran}");
        assert!(!ran.err.contains("SD7"), "{ran}");
    }
}

#[test]
fn an_unknown_key_is_a_warning_and_with_strict_an_error() {
    let place = Place::with(&small().replace("version: 1\n", "version: 1\nprovidrs: [aws]\n"));
    let ran = place.run("validate app prod").exits(0);
    assert!(ran.err.contains("did you mean `providers`"), "{ran}");
    let ran = place.run("validate --strict app prod").exits(1);
    assert!(ran.err.contains("did you mean `providers`"), "{ran}");
    assert_eq!(ran.out, "");
}
