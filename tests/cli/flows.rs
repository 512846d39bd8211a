//! Resources with query files, with the real binary.

use crate::common::{Place, Served};
use std::fs;

const MANIFEST: &str = "version: 1
name: shop
providers: [awscc]
globals:
  - {name: region, value: us-east-1}
  - {name: pw, value: \"{{ PW }}\", sensitive: true}
resources:
";

/// A stack with these resources and query files.
fn stack(resources: &str, files: &[(&str, &str)]) -> Place {
    let place = Place::with(&format!("{MANIFEST}{resources}"));
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    for (name, text) in files {
        place.write(&format!("app/resources/{name}.iql"), text);
    }
    place
}

const QUEUE: &str = "/*+ create */
INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) SELECT '{{ name }}', '{{ delay }}', '{{ region }}';
/*+ update */
UPDATE awscc.sqs.queues SET PatchDocument = string('{{ {\"DelaySeconds\": delay} | generate_patch_document }}')
WHERE Identifier = '{{ this.queue_url }}' AND region = '{{ region }}';
/*+ delete */
DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ queue_url }}' AND region = '{{ region }}';
";

fn queue(name: &str, more: &str) -> String {
    format!(
        "  - name: {name}\n    file: queue.iql\n{more}    props:\n      - {{name: name, value: \"{name}-{{{{ stack_env }}}}\"}}\n      - {{name: delay, value: 5}}\n"
    )
}

#[test]
fn what_is_written_as_statements_lives_like_any_resource() {
    let mut place = stack(&queue("q", ""), &[("queue", QUEUE)]);
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 1);
    served.calls();
    place.forget();
    let ran = place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
    assert!(ran.out.contains("no changes"), "{ran}");
    // A rebuild writes nothing.
    place.run("build --yes -e PW=x app dev").exits(0);
    assert!(!served.calls().iter().any(|call| crate::common::is_write(call)));
    place.manifest(&format!("{MANIFEST}{}", queue("q", "").replace("value: 5", "value: 6")));
    let ran = place.run("plan -e PW=x app dev").exits(0);
    assert!(ran.out.contains("~ DelaySeconds  5 → 6"), "{ran}");
    place.run("build --yes -e PW=x app dev").exits(0);
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 0);
}

#[test]
fn statements_run_in_the_order_of_the_manifest_and_back() {
    let typed = "  - {name: topic, type: awscc.sns.topics, props: {TopicName: t}}\n";
    let all = [
        queue("a", ""),
        queue("b", ""),
        typed.to_owned(),
        queue("c", ""),
        queue("free", "    depends_on: []\n"),
    ];
    let place = stack(&all.concat(), &[("queue", QUEUE)]);
    let order = |line: &str, done: &str| -> Vec<String> {
        let ran = place.run(line).exits(0);
        let told = ran.err.lines().filter(|line| line.contains(done));
        told.filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned)).collect()
    };
    let begun = order("build --yes --sandbox --progress plain -e PW=x app dev", " begin ");
    let at = |all: &[String], name: &str| all.iter().position(|one| one == name).expect("it ran");
    assert!(at(&begun, "a") < at(&begun, "b") && at(&begun, "b") < at(&begun, "c"), "{begun:?}");
    assert!(at(&begun, "topic") < at(&begun, "c") && at(&begun, "free") < at(&begun, "c"), "{begun:?}");
    let gone = order("teardown --yes --sandbox --progress plain -e PW=x app dev", " begin ");
    assert!(at(&gone, "c") < at(&gone, "b") && at(&gone, "b") < at(&gone, "a"), "{gone:?}");
    // An order is no need: one alone takes no other with it.
    let ran = place.run("plan --sandbox --target c -e PW=x app dev").exits(0);
    assert!(ran.out.contains("Plan: 1 create"), "{ran}");
}

#[test]
fn a_secret_in_a_statement_is_in_no_output() {
    let file = "/*+ create */
INSERT INTO awscc.ssm.parameters (Name, Type, Value, Description, Tags)
SELECT '/p', 'String', '{{ pw }}', 'is {{ pw | upper }}', '{{ tags }}';
/*+ update */
UPDATE awscc.ssm.parameters
SET PatchDocument = '{{ { \"Value\": pw, \"Description\": 'is ' ~ (pw | upper) } | generate_patch_document }}'
WHERE Identifier = '/p';
";
    let props = "  - name: p\n    props:\n      - {name: tags, value: {a: \"{{ pw }}\"}}\n";
    let place = stack(props, &[("p", file)]);
    let word = "pl4nted-b4tch-v4lue";
    let mut said = Vec::new();
    for line in [
        "plan --sandbox --out plan.json --markdown plan.md --full --log-level trace app dev",
        "plan --sandbox --json app dev",
        "build --sandbox --yes --show-queries --progress json --log-level trace app dev",
        "build --dry-run app dev",
        "drift --sandbox app dev",
        "explain --sandbox app dev p",
        "teardown --sandbox --yes app dev",
    ] {
        let ran = place.run(&format!("{line} -e PW={word}"));
        assert_eq!(ran.code, 0, "{line}\n{ran}");
        said.push((line.to_owned(), ran.to_string()));
    }
    said.extend(place.files().into_iter().map(|(path, text)| (path.display().to_string(), text)));
    for (whose, text) in said {
        assert!(!text.contains(word) && !text.contains(&word.to_uppercase()), "{whose}\n{text}");
    }
}

#[test]
fn a_token_of_the_statement_goes_with_its_first_request() {
    let file = QUEUE
        .replace("region) SELECT", "region, ClientToken) SELECT")
        .replace("'{{ region }}';\n/*+ update", "'{{ region }}', 'mine-1';\n/*+ update");
    let mut place = stack(&queue("q", ""), &[("queue", &file)]);
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    let history = served.ask("GET", "history", "").to_string();
    assert!(history.contains("mine-1"), "{history}");
    place.run("teardown --yes -e PW=x app dev").exits(0);
}

#[test]
fn what_is_wrong_is_shown_in_the_query_file() {
    let file = QUEUE.replace("DelaySeconds, region", "DelaySecond, region");
    let place = stack(&queue("q", ""), &[("queue", &file)]);
    insta::assert_snapshot!(place.run("validate -e PW=x app dev"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[SD1453]: awscc.sqs.queues has no column `DelaySecond`
     --> app/resources/queue.iql:2:42
      |
    2 | INSERT INTO awscc.sqs.queues (QueueName, DelaySecond, region) SELECT '{{ name }}', '{{ delay ...
      |                                          ^^^^^^^^^^^ did you mean `DelaySeconds`?
      = needed by  q (resource), env dev
      = next       `stack-deploy schema AWS::SQS::Queue` lists the properties
    -- end
    "#);
}

const VPC: &str = "/*+ create */
INSERT INTO awscc.ec2.vpcs (CidrBlock, Tags, region) SELECT '10.0.0.0/16', '{{ tags }}', '{{ region }}';
/*+ delete */
DELETE FROM awscc.ec2.vpcs WHERE Identifier = '{{ vpc_id }}' AND region = '{{ region }}';
";

#[test]
fn what_nothing_marks_is_never_made_twice() {
    let of = |tags: &str| {
        format!("  - name: v\n    file: vpc.iql\n    props:\n      - {{name: tags, value: {tags}}}\n")
    };
    let mut place = stack(&of("[{Key: a, Value: b}]"), &[("vpc", VPC)]);
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    let held = served.held();
    // Nothing local is left, as on the next machine.
    place.forget();
    let ran = place.run("build --yes -e PW=x app dev");
    assert!(ran.code == 1 && ran.to_string().contains("SD2115"), "{ran}");
    assert_eq!(served.held(), held);
    // With the stack's marks among its tags it is found again.
    let mut place = stack(
        &of(
            "[{Key: \"stackql:stack-name\", Value: shop}, {Key: \"stackql:stack-env\", Value: dev}, {Key: \"stackql:resource-name\", Value: v}]",
        ),
        &[("vpc", VPC)],
    );
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    place.forget();
    let ran = place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
    assert!(ran.out.contains("no changes"), "{ran}");
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert!(!served.ask("GET", "state", "").to_string().contains("10.0.0.0/16"));
}

#[test]
fn what_has_no_delete_is_kept_at_teardown() {
    let (file, _) = QUEUE.split_once("/*+ delete */").expect("a delete");
    let mut place = stack(&queue("q", ""), &[("queue", file)]);
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    let ran = place.run("teardown --yes -e PW=x app dev").exits(0);
    assert!(ran.to_string().contains("SD2119"), "{ran}");
    assert_eq!(served.held(), 1);
}

#[test]
fn resources_that_share_a_file_and_export_one_name_stay_apart() {
    let export = "    exports: [queue_url]\n";
    let mut place = stack(&[queue("a", export), queue("b", export)].concat(), &[("queue", QUEUE)]);
    let served = Served::start(&mut place);
    // The UPDATE names the identifier as a value of its own.
    place.run("build --yes -e PW=x app dev").exits(0);
    place.forget();
    place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 0);
}

#[test]
fn what_statements_export_beside_properties_is_there_for_others_and_for_the_stack() {
    let more =
        "    auth: {type: basic, username_var: USER}\n    exports: [Identifier, region, {queue_url: url}]\n";
    let user = "  - {name: p, type: awscc.ssm.parameters, props: {Name: /p, Type: String, Value: \"{{ Identifier }} in {{ q.region }}\"}}\nexports: [Identifier, region, url, {said: \"{{ p.Value }}\"}]\n";
    let mut place = stack(&format!("{}{user}", queue("q", more)), &[("queue", QUEUE)]);
    let served = Served::start(&mut place);
    let ran = place.run("build --yes --output-file out.json -e PW=x app dev").exits(0);
    assert!(ran.err.contains("`auth` is ignored"), "{ran}");
    let json: serde_json::Value = serde_json::from_str(&place.read("out.json")).expect("JSON");
    assert_eq!((&json["Identifier"], &json["region"]), (&json["url"], &"us-east-1".into()));
    let said = format!("{} in us-east-1", json["url"].as_str().expect("a URL"));
    assert_eq!(json["said"], said.as_str());
    place.forget();
    place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
    place.run("outputs --json -e PW=x app dev").exits(0);
    place.run("test -e PW=x app dev").exits(0);
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 0);
}

#[test]
fn what_is_new_in_each_run_is_no_change() {
    let file = "/*+ create */
INSERT INTO awscc.sqs.queues (QueueName, Tags, KmsMasterKeyId, region)
SELECT '{{ name }}', '[{\"Key\": \"run\", \"Value\": \"{{ idempotency_token }}\"}]', 'k-{{ uuid() }}', '{{ region }}';
/*+ update */
UPDATE awscc.sqs.queues SET PatchDocument = string('{{ {\"DelaySeconds\": delay} | generate_patch_document }}')
WHERE Identifier = '{{ this.queue_url }}' AND region = '{{ region }}';
/*+ delete */
DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ queue_url }}' AND region = '{{ region }}';
";
    let mut place = stack(&queue("q", ""), &[("queue", file)]);
    let served = Served::start(&mut place);
    place.run("build --yes -e PW=x app dev").exits(0);
    for forget in [false, true] {
        if forget {
            place.forget();
        }
        let ran = place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
        assert!(ran.out.contains("no changes"), "{ran}");
    }
    let ran = place.run("plan --full --show-unchanged -e PW=x app dev").exits(0);
    insta::assert_snapshot!(ran.out, @r#"
    stack-deploy plan  shop → dev                                                    aws us-east-1 …9012
    1 read in [N] s

    = keep     q  awscc.sqs.queues                                                stackql_manifest.yml:8

    Plan: no changes. 1 resource matches shop/dev.
    "#);
    // Beside a change it is not sent either.
    place.manifest(&format!("{MANIFEST}{}", queue("q", "").replace("value: 5", "value: 6")));
    let ran = place.run("plan -e PW=x app dev").exits(0);
    assert!(ran.out.contains("~ DelaySeconds  5 → 6") && ran.out.contains("patch  1 operation "), "{ran}");
    place.run("build --yes -e PW=x app dev").exits(0);
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 0);
}

#[test]
fn a_name_that_is_new_in_each_run_is_found_by_the_marks() {
    let file = "/*+ create */
INSERT INTO awscc.s3.buckets (BucketName, Tags, region) SELECT 'b-{{ uuid() }}', '{{ tags }}', '{{ region }}';
/*+ delete */
DELETE FROM awscc.s3.buckets WHERE Identifier = '{{ bucket_name }}' AND region = '{{ region }}';
";
    let marks = "[{Key: \"stackql:stack-name\", Value: shop}, {Key: \"stackql:stack-env\", Value: dev}, {Key: \"stackql:resource-name\", Value: b}]";
    let resource = format!("  - name: b\n    props:\n      - {{name: tags, value: {marks}}}\n");
    let mut place = stack(&resource, &[("b", file)]);
    let served = Served::start(&mut place);
    for _ in 0..2 {
        place.run("build --yes -e PW=x app dev").exits(0);
        assert_eq!(served.held(), 1);
        place.forget();
    }
    place.run("plan --detailed-exitcode -e PW=x app dev").exits(0);
    place.run("teardown --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 0);
}

const GROUP: &str = "/*+ exists */
SELECT log_group_name AS name FROM awscc.logs.log_groups_list_only WHERE region = '{{ region }}' AND log_group_name = '{{ lg }}';
/*+ create */
INSERT INTO awscc.logs.log_groups (LogGroupName, region) SELECT '{{ lg }}', '{{ region }}';
/*+ statecheck */
SELECT COUNT(*) AS count FROM awscc.logs.log_groups WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
/*+ exports */
SELECT arn FROM awscc.logs.log_groups WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
/*+ delete */
DELETE FROM awscc.logs.log_groups WHERE region = '{{ region }}' AND Identifier = '{{ name }}';
";

#[test]
fn nothing_is_made_whose_statements_can_never_run() {
    let group = "  - {name: g, props: [{name: lg, value: /g}], exports: [arn]}\n";
    let mut place = stack(group, &[("g", GROUP)]);
    let served = Served::start(&mut place);
    place.run("validate -e PW=x app dev").exits(0);
    place.run("plan -e PW=x app dev").exits(0);
    let state = "SELECT COUNT(*) AS count FROM awscc.logs.log_groups ";
    let insert = "INSERT INTO awscc.logs.log_groups (LogGroupName, region) SELECT '{{ lg }}', '{{ region }}'";
    for (from, to, code, at) in [
        (state, "SELEC COUNT(*) AS count FROM awscc.logs.log_groups ", "SD1401", "iql:6:1"),
        (state, "SELECT COUNT(*) AS count FROM google.compute.networks ", "SD1404", "iql:6:31"),
        (state, "SELECT COUNT(*) AS count FROM aws.logs_native.log_groups ", "SD1404", "iql:6:31"),
        (state, "EXEC awscc.logs.log_groups.list ", "SD1402", "iql:6:1"),
        ("SELECT arn FROM awscc", "SELECT arm FROM awscc", "SD1405", "iql:8:8"),
        ("SELECT arn FROM awscc.logs.log_groups ", "SELECT arn FROM aws.logs.foobars ", "SD1404", "iql:8:17"),
        ("DELETE FROM awscc.logs.log_groups ", "DELETE FROM awscc.foo.bars ", "SD1404", "iql:10:13"),
        (insert, "DELETE FROM awscc.logs.log_groups WHERE Identifier = '{{ lg }}'", "SD1483", "iql:4:1"),
    ] {
        assert!(GROUP.contains(from), "{from}");
        place.write("app/resources/g.iql", &GROUP.replacen(from, to, 1));
        for line in ["validate", "plan", "build --yes"] {
            let ran = place.run(&format!("{line} -e PW=x app dev")).exits(1);
            assert!(ran.err.contains(code) && ran.err.contains(at), "{line} {to}: {ran}");
        }
        assert_eq!(served.held(), 0, "{to}");
    }
    place.write("app/resources/g.iql", GROUP);
    place.run("build --yes -e PW=x app dev").exits(0);
    assert_eq!(served.held(), 1);
}

#[test]
fn another_provider_is_named_and_not_its_region() {
    let file = "/*+ exists */
SELECT COUNT(*) AS count FROM google.compute.networks WHERE project = 'p';
/*+ create */
EXEC google.compute.networks.insert @project = 'p';
";
    let place = stack("  - {name: net, props: []}\n", &[("net", file)]);
    place.manifest(
        &MANIFEST
            .replace("us-east-1", "us-central1")
            .replace("resources:\n", "resources:\n  - {name: net, props: []}\n"),
    );
    let ran = place.run("validate -e PW=x app dev").exits(1);
    assert_eq!(ran.err.matches("SD1404").count(), 2, "{ran}");
    assert!(ran.err.contains("the provider `google` is not supported"), "{ran}");
    assert!(!ran.err.contains("SD1109") && !ran.err.contains("SD1402"), "{ran}");
}
