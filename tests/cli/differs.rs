//! What `validate` tells a user of stackql-deploy before the first run.

use crate::common::{Place, example};
use std::fs;

/// A stack with this manifest and these query files.
fn stack(manifest: &str, files: &[(&str, &str)]) -> Place {
    let place = Place::with(manifest);
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    for (name, text) in files {
        place.write(&format!("app/resources/{name}.iql"), text);
    }
    place
}

const CREATE: &str = "/*+ create */
INSERT INTO awscc.sqs.queues (QueueName, Tags, region) SELECT '{{ name }}', '{{ tags }}', 'us-east-1';
";

#[test]
fn nothing_is_noted_of_what_is_not_in_the_project() {
    let place = Place::with(&example());
    assert_eq!(place.run("validate app").exits(0).err, "");
    let manifest = "name: s\nresources:\n  - name: q\n    if: \"'{{ stack_env }}' == 'dev'\"\n    props: [{name: name, value: q}, {name: tags, value: [{Key: a, Value: 'True'}]}]\n";
    let place = stack(manifest, &[("q", CREATE)]);
    assert_eq!(place.run("validate --strict app dev").exits(0).err, "");
}

#[test]
fn each_subject_is_noted_once_where_it_is_met_and_strict_does_not_mind() {
    let manifest = "name: s
providers: [awscc::v24.07.00246, aws]
globals:
  - {name: environment, value: production}
  - {name: site, value: TrueNorth}
resources:
  - name: q
    if: environment == 'production'
    props:
      - {name: name, value: q}
      - {name: tags, value: [{Key: run, Value: \"{{ idempotency_token }}\"}]}
    exports: [queue_url]
    protected: [queue_url]
  - name: r
    if: \"'{{ stack_env }}' not in ['prod']\"
    file: q.iql
    props:
      - {name: name, value: r}
      - {name: tags, value: [{Key: a, Value: IsFalse}]}
exports: [queue_url]
";
    let delete = "/*+ delete */\nDELETE FROM awscc.sqs.queues WHERE Identifier = '{{ queue_url }}' AND region = 'us-east-1';\n";
    let place = stack(manifest, &[("q", &format!("{CREATE}{delete}"))]);
    let ran = place.run("validate --strict app dev").exits(0);
    insta::assert_snapshot!(ran, @r#"
    exit 0
    -- stdout
    ok: 2 resources in dev
    -- stderr
    note[SD1129]: the version of a provider is not used
     --> app/stackql_manifest.yml:2:13
      |
    2 | providers: [awscc::v24.07.00246, aws]
      |             ^^^^^^^^^^^^^^^^^^^
      = why  providers are built in, nothing is downloaded

    note[SD1129]: `True` and `False` within a longer text stay as they are
     --> app/stackql_manifest.yml:5:25
      |
    5 |   - {name: site, value: TrueNorth}
      |                         ^^^^^^^^^
      = why   stackql-deploy 2 writes them in lower case wherever they stand
      = also  r

    note[SD1129]: protected exports are in no file
      --> app/stackql_manifest.yml:13:5
       |
    13 |     protected: [queue_url]
       |     ^^^^^^^^^ the stack exports `queue_url`
       = why   stackql-deploy writes them in clear into .stackql-deploy-exports and into --output-file
       = next  build and test do so with --export-protected

    note[SD1129]: teardown asks before it deletes, and build before it replaces
     --> app/resources/q.iql:3:5
      |
    3 | /*+ delete */
      |     ^^^^^^
      = why   stackql-deploy does both without a question
      = also  r
      = next  give --yes where there is no terminal

    note[SD1129]: this condition can be true here
     --> app/stackql_manifest.yml:8:9
      |
    8 |     if: environment == 'production'
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^ `environment` is a variable
      = why   stackql-deploy 2 takes a bare word for plain text, and `not in` is never true
      = also  r
      = next  look whether the resource is wanted where it now is

    note[SD1129]: a value that is new in each run is not compared
      --> app/stackql_manifest.yml:11:29
       |
    11 |       - {name: tags, value: [{Key: run, Value: "{{ idempotency_token }}"}]}
       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `Tags`
       = why  it is sent when the resource is made; a later run cannot know what was sent
    -- end
    "#);
    // Only where it is asked for.
    let ran = place.run("plan --sandbox app dev").exits(0);
    assert!(!ran.err.contains("SD1129"), "{ran}");
}

#[test]
fn checks_that_waited_and_refused_reads_are_noted() {
    let manifest = "name: s\nresources:\n  - name: v\n    props: [{name: cidr, value: 10.0.0.0/16}]\n  - {name: w, file: v.iql, props: [{name: cidr, value: 10.1.0.0/16}]}\n";
    let file = "/*+ exists */
SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1'
/*+ create */
INSERT INTO awscc.ec2.vpcs (CidrBlock, region) SELECT '{{ cidr }}', 'us-east-1'
/*+ statecheck, retries=20, retry_delay=30 */
SELECT 1 AS count FROM awscc.ec2.vpcs WHERE Identifier = '{{ this.vpc_id }}' AND region = 'us-east-1'
/*+ callback, retries=5 */
SELECT 1 AS success
";
    let place = stack(manifest, &[("v", file)]);
    let ran = place.run("validate app dev").exits(0);
    let notes: Vec<&str> = ran.err.split("\n\n").filter(|told| told.contains("SD1129")).collect();
    insta::assert_snapshot!(notes.join("\n\n"), @r#"
    note[SD1129]: a read that is refused stops the run
     --> app/resources/v.iql:1:5
      |
    1 | /*+ exists */
      |     ^^^^^^
      = why   stackql-deploy takes a missing permission for `does not exist`, and creates
      = also  w
      = next  stack-deploy permissions STACK_DIR ENV prints what the reads need

    note[SD1129]: every operation is waited for before anything is checked
     --> app/resources/v.iql:5:5
      |
    5 | /*+ statecheck, retries=20, retry_delay=30 */
      |     ^^^^^^^^^^
      = why   stackql-deploy sends and goes on, so retries wait there; a failed operation is an error here at once
      = also  w
      = next  retries are needed only for what becomes visible later than its operation ends
    "#);
}
