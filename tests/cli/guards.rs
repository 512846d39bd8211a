//! What must not happen without a word: guardrails, consent, regions and accounts hold for statements too.

use crate::common::{Place, Served, is_write};
use std::fs;

/// A stack with these settings and resources; `queue.iql` makes a queue that exports its URL.
fn stack(settings: &str, resources: &str) -> Place {
    let place = Place::with(&manifest(settings, resources));
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    place.write(
        "app/resources/queue.iql",
        "/*+ create */
INSERT INTO awscc.sqs.queues (QueueName, region) SELECT 'q', '{{ region }}';
/*+ delete */
DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ queue_url }}' AND region = '{{ region }}';
",
    );
    place
}

fn manifest(settings: &str, resources: &str) -> String {
    format!(
        "version: 1\nname: shop\nproviders: [awscc]\n{settings}globals:\n  - {{name: region, value: us-east-1}}\nresources:\n{resources}"
    )
}

const QUEUE: &str = "  - {name: q, file: queue.iql, exports: [queue_url]}\n";

/// A queue, and a command after it that needs its URL.
fn clearing(sql: &str) -> String {
    format!("{QUEUE}  - name: clear\n    type: command\n    sql: >-\n      {sql}\n")
}

const DELETE: &str =
    "DELETE FROM awscc.s3.buckets WHERE region = '{{ region }}' AND Identifier = '{{ q.queue_url }}'";

#[test]
fn a_deletion_that_waits_for_a_value_needs_consent_and_counts_for_guardrails() {
    let mut place = stack("", &clearing(DELETE));
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(64);
    assert!(ran.err.contains("would delete or replace: clear") && ran.err.contains("--yes"), "{ran}");
    let ran = place.run("plan app dev").exits(0);
    assert!(ran.err.contains("SD2124") && ran.err.contains("AWS::S3::Bucket"), "{ran}");
    for (rule, holds) in [
        ("max_delete: 0", false),
        ("max_delete: 1", true),
        ("deny_actions: [delete]", false),
        ("deny_types: [\"AWS::S3::Bucket\"]", false),
        ("deny_types: [awscc.s3.buckets]", false),
        ("deny_types: [aws.s3.bucket]", false),
        ("deny_types: [\"aws.s3.*\"]", false),
        ("deny_types: [awscc.ec2.vpcs]", true),
    ] {
        place.manifest(&manifest(&format!("settings: {{guardrails: {{{rule}}}}}\n"), &clearing(DELETE)));
        let ran = place.run("plan app dev").exits(if holds { 0 } else { 3 });
        assert!(holds || ran.err.contains("SD5102") && ran.err.contains("clear"), "{rule}: {ran}");
        if !holds {
            place.run("build --yes app dev").exits(3);
        }
    }
    assert!(!served.calls().iter().any(|call| is_write(call)));
}

#[test]
fn a_statement_of_which_nothing_is_known_may_delete() {
    let mut place = stack("", &clearing("{% if q.queue_url %}SELECT 1{% else %}SELECT 2{% endif %}"));
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(64);
    assert!(ran.err.contains("clear (what it does is not known before it runs)"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
    let ran = place.run("build --yes app dev").exits(0);
    assert!(ran.err.contains("the statements of clear may delete something"), "{ran}");
    place.run("teardown --yes app dev").exits(0);
    assert_eq!(served.held(), 0);
}

#[test]
fn denied_types_have_every_spelling() {
    let bucket = |ty: &str| format!("  - {{name: b, type: \"{ty}\", props: {{BucketName: logs-of-shop}}}}\n");
    let place = stack("", &bucket("AWS::S3::Bucket"));
    for ty in ["AWS::S3::Bucket", "awscc.s3.buckets", "aws.s3.buckets"] {
        for pattern in ["AWS::S3::*", "awscc.s3.buckets", "aws.s3.bucket", "aws.s3.b*"] {
            let settings = format!("settings: {{guardrails: {{deny_types: [\"{pattern}\"]}}}}\n");
            place.manifest(&manifest(&settings, &bucket(ty)));
            place.run("plan --sandbox app dev").exits(3);
        }
    }
    let environment = "  - {name: e, type: confluent.org.environments, props: {display_name: dev}}\n";
    for (pattern, code) in [("confluent.org.environments", 3), ("confluent.*", 3), ("kafka.*", 0)] {
        let settings = format!("settings: {{guardrails: {{deny_types: [\"{pattern}\"]}}}}\n");
        place.manifest(&manifest(&settings, environment));
        place.run("plan --sandbox app dev").exits(code);
    }
}

#[test]
fn allowed_regions_hold_for_statements_that_wait() {
    let place = stack("", "");
    let settings = "settings: {regions: [us-east-1]}\n";
    let ran_with = |sql: &str| {
        place.manifest(&manifest(settings, &clearing(sql)));
        place.run("plan --sandbox app dev")
    };
    ran_with(DELETE).exits(0);
    let ran = ran_with(&DELETE.replace("{{ region }}", "eu-west-1")).exits(1);
    assert!(ran.err.contains("region eu-west-1 is not allowed"), "{ran}");
    let ran = ran_with(&DELETE.replace("{{ region }}", "{{ q.queue_url }}")).exits(1);
    assert!(ran.err.contains("the region of a statement of clear is not known"), "{ran}");
}

#[test]
fn scripts_run_in_the_account_that_is_meant_or_not_at_all() {
    let script = "  - {name: s, type: script, run: echo there > ran}\n";
    let place = stack("settings: {accounts: [\"999999999999\"]}\n", script);
    let ran = place.run("build --sandbox --yes app dev").exits(1);
    assert!(ran.err.contains("these credentials are of account 123456789012"), "{ran}");
    assert!(!place.path("ran").exists());
    place.manifest(&manifest("settings: {accounts: [\"123456789012\"]}\n", script));
    place.run("build --sandbox --yes app dev").exits(0);
    assert!(place.path("ran").exists());
    // Nobody else has an account of AWS.
    let environment = "  - {name: e, type: confluent.org.environments, props: {display_name: dev}}\n";
    place.manifest(&manifest("settings: {accounts: [\"123456789012\"]}\n", environment));
    place.run("plan --sandbox app dev").exits(0);
    place.manifest(&manifest("settings: {accounts: [\"999999999999\"]}\n", environment));
    place.run("plan --sandbox app dev").exits(1);
}

const REPOSITORY: &str = "/*+ exists */
SELECT repository_name FROM awscc.ecr.repositories WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
/*+ create */
INSERT INTO awscc.ecr.repositories (RepositoryName, EncryptionConfiguration, ImageTagMutability, region)
SELECT '{{ name }}', '{{ encryption }}', '{{ tags }}', '{{ region }}';
/*+ statecheck */
SELECT COUNT(*) AS count FROM awscc.ecr.repositories WHERE region = '{{ region }}' AND Identifier = '{{ name }}'
AND image_tag_mutability = '{{ tags }}' AND JSON_EXTRACT(encryption_configuration, '$.EncryptionType') = '{{ kind }}';
/*+ update */
UPDATE awscc.ecr.repositories SET PatchDocument = string('{{ {\"ImageTagMutability\": tags} | generate_patch_document }}')
WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
/*+ delete */
DELETE FROM awscc.ecr.repositories WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
";

#[test]
fn what_only_a_create_can_set_is_no_update() {
    let repository = |kind: &str, tags: &str| {
        manifest(
            "",
            &format!(
                "  - name: r\n    file: r.iql\n    props:\n      - {{name: name, value: images}}\n      - {{name: kind, value: {kind}}}\n      - {{name: encryption, value: {{EncryptionType: {kind}}}}}\n      - {{name: tags, value: {tags}}}\n"
            ),
        )
    };
    let mut place = stack("", "");
    place.write("app/resources/r.iql", REPOSITORY);
    place.manifest(&repository("AES256", "MUTABLE"));
    let served = Served::start(&mut place);
    place.run("build --yes app dev").exits(0);
    served.calls();
    // Nothing else differs: no UPDATE can help.
    place.manifest(&repository("KMS", "MUTABLE"));
    for line in ["plan app dev", "build --yes app dev"] {
        let ran = place.run(line).exits(1);
        assert!(ran.err.contains("error[SD2122]") && ran.err.contains("EncryptionConfiguration"), "{ran}");
        assert!(!ran.out.contains("~ update"), "{ran}");
    }
    // Something else differs too: the UPDATE is for that, and the plan shows no more than it does.
    place.manifest(&repository("KMS", "IMMUTABLE"));
    let ran = place.run("plan app dev").exits(0);
    assert!(ran.err.contains("warning[SD2122]"), "{ran}");
    assert!(
        ran.out.contains("~ ImageTagMutability") && !ran.out.contains("~ EncryptionConfiguration"),
        "{ran}"
    );
    // An UPDATE that names it would be refused as a whole.
    let both = REPOSITORY.replace(
        "{\"ImageTagMutability\": tags}",
        "{\"ImageTagMutability\": tags, \"EncryptionConfiguration\": encryption}",
    );
    place.write("app/resources/r.iql", &both);
    let ran = place.run("plan app dev").exits(1);
    assert!(ran.err.contains("SD1484") && ran.err.contains("r.iql:9"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
    // What is so already is not sent.
    place.manifest(&repository("AES256", "IMMUTABLE"));
    place.run("build --yes app dev").exits(0);
    place.run("plan --detailed-exitcode app dev").exits(0);
}

#[test]
fn a_saved_plan_of_what_always_runs_is_good_for_once() {
    let script = "  - {name: s, type: script, run: test -f go && echo again >> ran}\n";
    let place = stack("", script);
    place.run("plan --sandbox --out plan.json app dev").exits(0);
    // It failed: the same plan may be run again.
    place.run("build --sandbox --plan plan.json app dev").exits(6);
    place.write("go", "");
    place.run("build --sandbox --plan plan.json app dev").exits(0);
    let ran = place.run("build --sandbox --plan plan.json app dev").exits(4);
    assert!(ran.err.contains("error[SD4005]") && ran.err.contains("by run"), "{ran}");
    assert_eq!(place.read("ran"), "again\n");
    // A new plan is another one.
    place.run("plan --sandbox --out plan.json app dev").exits(0);
    place.run("build --sandbox --plan plan.json app dev").exits(0);
    assert_eq!(place.read("ran"), "again\nagain\n");
}

#[test]
fn an_export_that_no_column_gives_is_told() {
    let place = stack(
        "",
        "  - {name: r, file: r.iql, props: [{name: name, value: images}], exports: [repository_uri, arn]}\n",
    );
    let file = "/*+ exists */
SELECT repository_name FROM awscc.ecr.repositories WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
/*+ create */
INSERT INTO awscc.ecr.repositories (RepositoryName, region) SELECT '{{ name }}', '{{ region }}';
/*+ exports */
SELECT repository_urn AS repository_ury, arn FROM awscc.ecr.repositories WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
";
    place.write("app/resources/r.iql", &file.replace("repository_urn", "repository_uri"));
    insta::assert_snapshot!(place.run("validate app dev"), @"
    exit 0
    -- stdout
    ok: 1 resource in dev
    -- stderr
    warning[SD1485]: `exports` of r lists `repository_uri`, which no column gives
     --> app/resources/r.iql:5:5
      |
    5 | /*+ exports */
      |     ^^^^^^^ did you mean `repository_ury`?
      = next  name the column in the SELECT, or take it out of `exports`: it is exported as empty text

    note[SD1129]: a read that is refused stops the run
     --> app/resources/r.iql:1:5
      |
    1 | /*+ exists */
      |     ^^^^^^
      = why   stackql-deploy takes a missing permission for `does not exist`, and creates
      = next  stack-deploy permissions STACK_DIR ENV prints what the reads need
    -- end
    ");
    place.run("validate --strict app dev").exits(1);
    // A plan says it once, and a build goes on as the predecessor would.
    let ran = place.run("plan --sandbox app dev").exits(0);
    assert_eq!(ran.err.matches("SD1485").count(), 1, "{ran}");
    let ran = place.run("build --sandbox --yes app dev").exits(0);
    assert!(ran.err.contains("SD1485"), "{ran}");
    place.write("app/resources/r.iql", &file.replace("repository_urn AS repository_ury", "repository_uri"));
    place.run("validate --strict app dev").exits(0);
    let ran = place.run("build --sandbox --yes app dev").exits(0);
    assert!(!ran.to_string().contains("SD1485"), "{ran}");
}

#[test]
fn what_cannot_be_read_stops_all_until_it_is_left_out_by_name() {
    let more = "  - {name: gone, props: []}\n  - {name: odd, file: odd.iql, props: []}\n  - {name: uses, type: awscc.ssm.parameters, props: {Name: /u, Type: String, Value: \"{{ odd.arn }}\"}}\n";
    let odd = more.replace("file: odd.iql", "file: odd.iql, exports: [arn]");
    let place = stack("", &format!("{QUEUE}{odd}"));
    fs::write(place.path("app/resources/odd.iql"), b"/*+ exists */\nSELECT '\xff';\n").expect("a file");
    for line in ["plan --sandbox app dev", "teardown --sandbox --yes app dev", "validate app dev"] {
        let ran = place.run(line).exits(1);
        assert!(
            ran.err.contains("there is no file resources/gone.iql") && ran.err.contains("--exclude gone"),
            "{ran}"
        );
        assert!(ran.err.contains("byte 23") && ran.err.contains("--exclude odd"), "{ran}");
    }
    insta::assert_snapshot!(place.run("plan --sandbox app dev").err, @"
    error[SD1121]: there is no file resources/gone.iql
     --> app/stackql_manifest.yml:8:12
      |
    8 |   - {name: gone, props: []}
      |            ^^^^
      = why   paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude gone

    error[SD1121]: resources/odd.iql cannot be read
     --> app/stackql_manifest.yml:9:23
      |
    9 |   - {name: odd, file: odd.iql, exports: [arn], props: []}
      |                       ^^^^^^^ it is no UTF-8 text: byte 23 begins no character
      = why   paths start at the folder `resources` of the stack
      = next  put the file there; or leave the resource out of a run: --exclude odd
    ");
    // One of them is not enough.
    place.run("build --sandbox --yes --exclude odd app dev").exits(1);
    let ran = place.run("build --sandbox --yes --exclude odd --exclude gone app dev").exits(0);
    assert!(
        ran.out.contains("1 created") && ran.err.contains("does not know what its statements refer to"),
        "{ran}"
    );
    let ran = place.run("plan --sandbox --exclude odd --exclude g* app dev").exits(0);
    assert!(ran.out.contains("left out") && ran.out.contains("uses"), "{ran}");
    place.run("teardown --sandbox --yes --exclude odd --exclude gone app dev").exits(0);
    // What is wrong with others stays an error.
    place.manifest(&manifest("", &format!("{QUEUE}{odd}").replace("Name: /u", "Nam: /u")));
    place.run("plan --sandbox --exclude odd --exclude gone --exclude q app dev").exits(1);
}
