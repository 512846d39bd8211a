//! What is shown of the statements of query files, with the real binary.

use crate::common::{Place, Ran};
use insta::assert_snapshot;
use std::fs;

const MANIFEST: &str = "version: 1
name: shop
providers: [awscc]
globals:
  - {name: region, value: us-east-1}
  - {name: pw, value: \"{{ PW }}\", sensitive: true}
resources:
  - name: q
    props:
      - {name: name, value: \"q-{{ stack_env }}\"}
      - {name: delay, value: 5}
    exports: [queue_url]
  - name: p
    type: multi
    props:
      - {name: target, value: \"{{ queue_url }}\"}
    return_vals: {create: [Identifier]}
  - {name: tell, type: command, sql: \"DELETE FROM awscc.ssm.parameters WHERE Identifier = '/old/{{ p.id }}' AND region = '{{ region }}'\"}
  - {name: seed, type: script, run: \"echo {{ stack_env }}\"}
  - {name: hush, type: script, run: \"echo {{ pw }}\"}
  - {name: wait, type: script, run: \"echo {{ q.queue_url }}\"}
";

const QUEUE: &str = "/*+ create */
INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) SELECT '{{ name }}', '{{ delay }}', '{{ region }}';
/*+ update */
UPDATE awscc.sqs.queues SET PatchDocument = string('{{ {\"DelaySeconds\": delay} | generate_patch_document }}')
WHERE Identifier = '{{ this.queue_url }}' AND region = '{{ region }}';
/*+ delete */
DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ queue_url }}' AND region = '{{ region }}';
";

const PARAMETER: &str = "/*+ exists, retries=2, retry_delay=1 */
SELECT name AS id FROM awscc.ssm.parameters WHERE region = '{{ region }}' AND Identifier = '/p';
/*+ statecheck */
SELECT COUNT(*) AS count FROM awscc.ssm.parameters
WHERE region = '{{ region }}' AND Identifier = '{{ this.id }}' AND value = 'it''s {{ target }}';
/*+ create */
INSERT INTO awscc.ssm.parameters (Name, Type, Value, Description, region)
SELECT '/p', 'String', 'it''s {{ target }}', '{{ pw }}', '{{ region }}' RETURNING Identifier;
/*+ callback:create */
SELECT 1 AS success FROM awscc.cloud_control.resource_request
WHERE RequestToken = '{{ callback.RequestToken }}' AND region = '{{ region }}';
/*+ update */
UPDATE awscc.ssm.parameters
SET PatchDocument = string('{{ {\"Value\": 'it' ~ target, \"Description\": pw} | generate_patch_document }}')
WHERE Identifier = '{{ this.id }}' AND region = '{{ region }}';
/*+ exports */
SELECT name AS id FROM awscc.ssm.parameters WHERE region = '{{ region }}' AND Identifier = '{{ this.id }}';
";

fn stack() -> Place {
    let manifest = MANIFEST.replace("create: [Identifier]}", "create: [Identifier]}\n    exports: [id]");
    let place = Place::with(&manifest);
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    place.write("app/resources/q.iql", QUEUE);
    place.write("app/resources/p.iql", PARAMETER);
    place
}

fn ran(place: &Place, line: &str) -> Ran {
    place.run(&format!("{line} -e PW=pl4nted"))
}

#[test]
fn a_dry_run_prints_what_a_build_could_run() {
    let ran = ran(&stack(), "build --dry-run app dev").exits(0);
    assert!(!ran.to_string().contains("pl4nted"), "{ran}");
    assert_snapshot!(ran, @r#"
    exit 0
    -- stdout
    stack-deploy build --dry-run  shop → dev
    offline: nothing was read, nothing was sent

    create or update:

      q     awscc.sqs.queues                                                      stackql_manifest.yml:8
        note   its checks and exports are derived from its type: they need no statement
        /* insert (create) query */
        INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) SELECT 'q-dev', '5', 'us-east-1';

        /* update query */
        -- waits for this.queue_url
        UPDATE awscc.sqs.queues SET PatchDocument = string('[{"op":"add","path":"/DelaySeconds","value":5}]')
        WHERE Identifier = '(known after apply: this.queue_url)' AND region = 'us-east-1';

      p     awscc.ssm.parameters                                                 stackql_manifest.yml:13
        /* exists query */
        SELECT name AS id FROM awscc.ssm.parameters WHERE region = 'us-east-1' AND Identifier = '/p';

        /* state check query */
        -- waits for q.QueueUrl, this.id
        SELECT COUNT(*) AS count FROM awscc.ssm.parameters
        WHERE region = 'us-east-1' AND Identifier = '(known after apply: this.id)' AND value = 'it''s (known after apply: q.QueueUrl)';

        /* insert (create) query */
        -- waits for q.QueueUrl
        INSERT INTO awscc.ssm.parameters (Name, Type, Value, Description, region)
        SELECT '/p', 'String', 'it''s (known after apply: q.QueueUrl)', '(sensitive)', 'us-east-1' RETURNING Identifier;

        /* callback:create query */
        -- waits for callback.RequestToken
        SELECT 1 AS success FROM awscc.cloud_control.resource_request
        WHERE RequestToken = '(known after apply: callback.RequestToken)' AND region = 'us-east-1';

        /* update query */
        -- waits for q.QueueUrl, this.id
        UPDATE awscc.ssm.parameters
        SET PatchDocument = string('[{"op":"add","path":"/Value","value":"it(known after apply)"},{"op":"add","path":"/Description","value":"(sensitive)"}]')
        WHERE Identifier = '(known after apply: this.id)' AND region = 'us-east-1';

        /* exports query */
        -- waits for this.id
        SELECT name AS id FROM awscc.ssm.parameters WHERE region = 'us-east-1' AND Identifier = '(known after apply: this.id)';

      tell  command                                                              stackql_manifest.yml:19
        /* command */
        -- waits for p.id
        DELETE FROM awscc.ssm.parameters WHERE Identifier = '/old/(known after apply: p.id)' AND region = 'us-east-1'

      seed  script                                                               stackql_manifest.yml:20
        /* script */
        echo dev

      hush  script                                                               stackql_manifest.yml:21
        /* script */
        (sensitive)

      wait  script                                                               stackql_manifest.yml:22
        /* script */
        -- waits for q.QueueUrl

    delete: none

    cannot be known without reading:
      - which of these exist: one that does not is created, of the others only differences are sent
      - p waits for q.QueueUrl
      - tell waits for p.id
      - wait waits for q.QueueUrl

    Next:  stack-deploy plan app dev
    -- stderr
    -- end
    "#);
}

#[test]
fn a_dry_run_of_a_teardown_prints_what_can_be_deleted() {
    assert_snapshot!(ran(&stack(), "teardown --dry-run app dev").exits(0), @r#"
    exit 0
    -- stdout
    stack-deploy teardown --dry-run  shop → dev
    offline: nothing was read, nothing was sent

    create or update: none

    delete:

      q  awscc.sqs.queues                                                         stackql_manifest.yml:8
        note   its checks and exports are derived from its type: they need no statement
        /* delete query */
        -- waits for this.queue_url
        DELETE FROM awscc.sqs.queues WHERE Identifier = '(known after apply: this.queue_url)' AND region = 'us-east-1';

    cannot be known without reading:
      - which of these exist and are this stack's; only those are deleted

    Next:  stack-deploy plan app dev --destroy
    -- stderr
    -- end
    "#);
}

#[test]
fn a_dry_run_of_a_test_prints_the_checks() {
    let ran = ran(&stack(), "test --dry-run app dev").exits(0);
    assert!(ran.out.contains("/* state check query */") && ran.out.contains("check:\n"), "{ran}");
    for word in ["insert (create)", "/* command */", "/* script */", "update query", "delete"] {
        assert!(!ran.out.contains(word), "{word}\n{ran}");
    }
    assert!(ran.out.contains("Next:  stack-deploy test app dev"), "{ran}");
}

#[test]
fn statements_that_are_understood_are_shown_before_their_requests() {
    let (resources, _) = MANIFEST.split_once("  - name: p\n").expect("two resources");
    let place = Place::with(resources);
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    place.write("app/resources/q.iql", QUEUE);
    let made = ran(&place, "build --sandbox --yes --show-queries app dev").exits(0);
    let at = |word: &str| made.err.find(word).unwrap_or(usize::MAX);
    assert!(
        at("query: q create\n  INSERT INTO awscc.sqs.queues") < at("query: create AWS::SQS::Queue"),
        "{made}"
    );
    place.manifest(&resources.replace("value: 5", "value: 6"));
    let made = ran(&place, "build --sandbox --yes --show-queries app dev").exits(0);
    assert!(made.err.contains("query: q update\n  UPDATE awscc.sqs.queues"), "{made}");
    assert!(made.err.contains("Identifier = 'https://sqs.us-east-1.amazonaws.com/"), "{made}");
    let gone = ran(&place, "teardown --sandbox --yes --show-queries app dev").exits(0);
    assert!(gone.err.contains("query: q delete\n  DELETE FROM awscc.sqs.queues"), "{gone}");
}

#[test]
fn explain_tells_what_the_checks_came_to() {
    let place = stack();
    assert_snapshot!(ran(&place, "explain --sandbox app dev p").exits(0).out, @r#"
    p  awscc.ssm.parameters                                                      stackql_manifest.yml:13
        type       AWS::SSM::Parameter
        where      aws us-east-1 account 123456789012
        kind       multi: several objects; what fails is passed over
        found      not there: `exists` finds nothing
        build      would run its `create`
        why        it does not exist
        needs      q for queue_url (stackql_manifest.yml:16)
        used by    tell
        undo       yes

    Statements
      exists           is it there? (retries=2, retry_delay=1)                         resources/p.iql:1
      create           makes it                                                        resources/p.iql:6
      update           changes it                                                     resources/p.iql:12
      statecheck       is it as wanted?                                                resources/p.iql:3
      exports          gives the row of exports                                       resources/p.iql:16
      callback:create  waits for what was begun                                        resources/p.iql:9

    Exports
      id  (not known yet)
    "#);
    let told = ran(&place, "explain --sandbox app dev tell").exits(0);
    assert!(told.out.contains("kind       command: one statement, without a check"), "{told}");
    let told = ran(&place, "explain --sandbox app dev tell Name").exits(64);
    assert!(told.err.contains("nobody knows which properties the statements of tell declare"), "{told}");
    let told = ran(&place, "explain --sandbox app dev seed").exits(0);
    assert!(
        told.out.contains("run  the shell command") && told.out.contains("stackql_manifest.yml:"),
        "{told}"
    );
}

#[test]
fn permissions_come_from_tables_and_say_what_is_not_known() {
    let told = ran(&stack(), "permissions app dev").exits(0);
    assert!(told.out.contains("ssm:PutParameter") && told.out.contains("sqs:CreateQueue"), "{told}");
    assert!(told.err.contains("note: not known: seed: what its shell command calls"), "{told}");
}

#[test]
fn reports_count_what_always_runs_apart() {
    let place = stack();
    let told = ran(&place, "plan --sandbox --markdown plan.md --json app dev").exits(0);
    assert!(told.out.contains("\"run\": 4"), "{told}");
    let read = |ran: &Ran| serde_json::from_str::<serde_json::Value>(&ran.out).expect("JSON");
    let schema = read(&place.run("schema plan").exits(0));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(&read(&told)).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let report = fs::read_to_string(place.path("plan.md")).expect("a report");
    assert!(report.contains("2 create, 4 to run") && report.contains("runs in every build"), "{report}");
}

#[test]
fn a_query_of_constants_is_computed_offline() {
    let place = Place::with(
        "version: 1
name: app
providers: [awscc]
globals:
  - {name: pw, value: \"{{ PW }}\", sensitive: true}
resources:
  - {name: consts, type: query, sql: \"SELECT 'x' || '-' || 'y' AS host, 7 AS n\", exports: [host, n]}
  - {name: hidden, type: query, sql: \"SELECT '{{ pw }}' AS secret\", exports: [secret]}
  - {name: later, type: query, sql: \"SELECT strftime('%s', 'now') AS now\", exports: [now]}
  - {name: read, type: query, sql: \"SELECT bucket_name AS b FROM awscc.s3.buckets WHERE Identifier = 'b'\", exports: [b]}
  - name: q
    type: awscc.sqs.queues
    props: {QueueName: \"{{ host }}-{{ n }}\", Tags: [{Key: a, Value: \"{{ now }}\"}, {Key: b, Value: \"{{ b }}\"}, {Key: c, Value: \"{{ secret }}\"}]}
",
    );
    let ran = place.run("build --sandbox --dry-run -e PW=correct-horse app prod").exits(0);
    assert!(ran.out.contains("x-y-7"), "{ran}");
    for unknown in ["known after apply: later.now", "known after apply: read.b"] {
        assert!(ran.out.contains(unknown), "{unknown}: {ran}");
    }
    assert!(!ran.out.contains("known after apply: consts") && !ran.out.contains("horse"), "{ran}");
}
