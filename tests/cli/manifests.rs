//! What manifests can be made of: instances, values in files, statements.

use crate::common::{Place, small};
use insta::assert_snapshot;
use std::fs;

/// [`small`] with an integration per list element.
fn many() -> String {
    small()
        .replace("  - name: events\n", "  - name: events\n    for_each: [orders, visits]\n")
        .replace("Uri: s3://acme-events", "Uri: \"s3://acme-{{ each.key }}\"")
}

#[test]
fn each_element_is_built_and_found_again() {
    let place = Place::with(&many());
    place.run("build --sandbox --yes app prod").exits(0);
    let ran = place.run("plan --sandbox --detailed-exitcode app prod").exits(0);
    assert!(ran.out.contains("3 resources match"), "{ran}");
    // One element less: its integration is no longer named, so nothing happens to it.
    place.manifest(&many().replace("[orders, visits]", "[orders]"));
    let ran = place.run("plan --sandbox app prod").exits(0);
    assert!(ran.out.contains("2 resources match"), "{ran}");
}

#[test]
fn a_bare_name_targets_every_instance_and_an_address_one() {
    let place = Place::with(&many());
    let of = |target: &str| {
        let ran = place.run(&format!("plan --sandbox --target {target} app prod")).exits(0);
        let made = |key: &str| ran.out.contains(&format!("+ create   events[\"{key}\"]"));
        (made("orders"), made("visits"))
    };
    assert_eq!(of("events"), (true, true));
    assert_eq!(of("events[\"orders\"]"), (true, false));
    let ran = place.run("plan --sandbox --target events[\"order\"] app prod").exits(64);
    assert!(ran.err.contains("did you mean `events[\"orders\"]`"), "{ran}");
}

#[test]
fn a_value_may_stand_in_a_file_and_a_changed_file_makes_a_plan_stale() {
    let place =
        Place::with(&small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: file(days.json)"));
    fs::create_dir(place.path("app/resources")).unwrap_or_default();
    place.write("app/resources/days.json", "\"soon\"\n");
    assert_snapshot!(place.run("validate app prod"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[SD1304]: `DefaultExpirationDays` must be an integer, this is a string
     --> app/resources/days.json:1:1
      |
    1 | "soon"
      | ^^^^^^ expected an integer
      = needed by  domain (awscc.customerprofiles.domains), env prod
    -- end
    "#);
    place.write("app/resources/days.json", "30\n");
    place.run("plan --sandbox --out p.json app prod").exits(0);
    place.write("app/resources/days.json", "31\n");
    let ran = place.run("build --sandbox --plan p.json app prod").exits(4);
    assert!(ran.err.contains(" = manifest"), "{ran}");
    place.write("app/resources/days.json", "30\n");
    place.run("build --sandbox --plan p.json app prod").exits(0);
}

#[test]
fn files_outside_the_stack_need_a_flag() {
    let place = Place::with(&small().replace("366", "file(../../days.json)"));
    place.write("days.json", "30\n");
    let ran = place.run("validate app prod").exits(1);
    assert!(ran.err.contains("SD1122") && ran.err.contains("--allow-outside-files"), "{ran}");
    place.run("validate --allow-outside-files app prod").exits(0);
    let ran = place.run("plan --sandbox --allow-outside-files app prod").exits(0);
    assert!(ran.out.contains("DefaultExpirationDays        30"), "{ran}");
}

#[test]
fn a_table_that_is_none_stops_before_any_write() {
    let flows = "  - name: vpc\n    exports: [vpc_id]\n  - { name: off, type: query, sql: SELECT 1, if: 'false' }\n  - name: events\n";
    let place = Place::with(&small().replace("  - name: events\n", flows));
    fs::create_dir(place.path("app/resources")).unwrap_or_default();
    let insert = "INSERT INTO awscc.ec2.vpcz (CidrBlock, region)\nSELECT '10.0.0.0/16', '{{ region }}'\n";
    place.write("app/resources/vpc.iql", &format!("/*+ createorupdate */\n{insert}"));
    let ran = place.run("validate app prod").exits(1);
    assert!(ran.err.contains("SD1404"), "{ran}");
    assert_snapshot!(place.run("plan --sandbox app prod").exits(1).err, @r#"
    warning[SD1128]: vpc exports nothing: resources/vpc.iql has no `exports`
      --> app/stackql_manifest.yml:18:5
       |
    18 |     exports: [vpc_id]
       |     ^^^^^^^ these have no values
       = next  add `/*+ exports */` and a SELECT of these columns below it
    error[SD1404]: the service `awscc.ec2` has no resource `vpcz`
     --> app/resources/vpc.iql:2:13
      |
    2 | INSERT INTO awscc.ec2.vpcz (CidrBlock, region)
      |             ^^^^^^^^^^^^^^
      = next  did you mean `awscc.ec2.vpcs`?
    "#);
    place.run("build --sandbox --yes app prod").exits(1);
    let ran = place.run("sandbox state app").exits(0);
    assert!(!ran.out.contains("identifier"), "{ran}");
    place.write("app/resources/vpc.iql", "/*+ createorupdate */\nINSERT INTO x SELECT '{{ reigon }}'\n");
    let ran = place.run("validate app prod").exits(1);
    assert!(ran.err.contains("--> app/resources/vpc.iql:2:26"), "{ran}");
}
