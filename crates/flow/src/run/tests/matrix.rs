//! Every combination of anchors, of what there is, and of what is asked (stackql-compat section 8, item 6).

use super::world::{BUCKET, File, World, delete, end_of, export, flow, look, put, understood};
use serde_json::json;
use stack_core::flow::{Flow, FlowEnd, FlowKind, FlowSeen, FlowVerdict, Purpose};
use stack_core::value::Value;

const EXISTS: &str = "/*+ exists */
SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
";
const STATECHECK: &str = "/*+ statecheck */
SELECT COUNT(*) AS count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}'
AND json_extract(versioning_configuration, '$.Status') = 'Enabled';
";
const EXPORTS: &str = "/*+ exports */
SELECT arn FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}'
AND json_extract(versioning_configuration, '$.Status') = 'Enabled';
";
const INSERT: &str = "INSERT INTO awscc.s3.buckets (BucketName, VersioningConfiguration, region)
SELECT '{{ name }}', '{\"Status\": \"Enabled\"}', '{{ region }}' RETURNING *;
";
const UPDATE: &str = "/*+ update */
UPDATE awscc.s3.buckets
SET PatchDocument = string('[{\"op\": \"add\", \"path\": \"/VersioningConfiguration\", \"value\": {\"Status\": \"Enabled\"}}]')
WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
";
const DELETE: &str = "/*+ delete */
DELETE FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
";

fn of(checks: &[&str], writes: &str) -> Flow {
    let props = [("name", Value::text("logs")), ("region", Value::text("us-east-1"))];
    let text = format!("{}{writes}{DELETE}", checks.concat());
    let mut flow = flow(FlowKind::Resource, BUCKET, File::of(&text, &props));
    if checks.contains(&EXPORTS) {
        flow.exports = vec![export("arn")];
    }
    understood(flow, json!({"BucketName": "logs", "VersioningConfiguration": {"Status": "Enabled"}}))
}

fn world(state: &str) -> World {
    let bucket = |status: &str| json!({"BucketName": "logs", "Arn": "arn:logs", "VersioningConfiguration": {"Status": status}});
    match state {
        "absent" => World::default(),
        "right" => World::default().with(BUCKET, bucket("Enabled")),
        _ => World::default().with(BUCKET, bucket("Suspended")),
    }
}

fn verdict(seen: &FlowSeen) -> String {
    let verdict = match &seen.verdict {
        FlowVerdict::Differs(check) => format!("differs ({check})"),
        FlowVerdict::Broken(problems) => {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            format!("broken: {}", all.join("; "))
        }
        other => format!("{other:?}").to_lowercase(),
    };
    let row = if seen.exports.is_some() { " +row" } else { "" };
    let live = if seen.live.is_some() { " +live" } else { "" };
    format!("{verdict}{row}{live}")
}

fn end(end: &FlowEnd) -> String {
    match end {
        FlowEnd::Failed { verb, diagnostic } => {
            format!("failed: {} {diagnostic}", verb.map_or("-".to_owned(), |verb| verb.to_string()))
        }
        other => end_of(other),
    }
}

#[test]
fn every_combination_of_anchors_does_what_the_tables_say() {
    let checks: [(&str, &[&str]); 8] = [
        ("no check", &[]),
        ("exists", &[EXISTS]),
        ("exists, exports", &[EXISTS, EXPORTS]),
        ("exists, statecheck", &[EXISTS, STATECHECK]),
        ("exists, statecheck, exports", &[EXISTS, STATECHECK, EXPORTS]),
        ("statecheck", &[STATECHECK]),
        ("statecheck, exports", &[STATECHECK, EXPORTS]),
        ("exports", &[EXPORTS]),
    ];
    let create = format!("/*+ create */\n{INSERT}");
    let writes = [
        ("create", create.clone()),
        ("create, update", format!("{create}{UPDATE}")),
        ("createorupdate", format!("/*+ createorupdate */\n{INSERT}")),
    ];
    let mut lines = Vec::new();
    for (named, checks) in checks {
        for (written, writes) in &writes {
            lines.push(format!("{named} | {written}"));
            for state in ["absent", "right", "wrong"] {
                let flow = of(checks, writes);
                let mut cell = |what: &str, told: String, world: &World| {
                    let log = world.log();
                    let log = if log.is_empty() { "-".to_owned() } else { log };
                    lines.push(format!("  {state:<6} {what:<6} {log} => {told}"));
                };
                let here = world(state);
                cell("plan", verdict(&look(&flow, Purpose::Plan, &here)), &here);
                let here = world(state);
                cell("put", end(&put(&flow, &here)), &here);
                let here = world(state);
                cell("leave", verdict(&look(&flow, Purpose::Teardown, &here)), &here);
                let here = world(state);
                cell("delete", end(&delete(&flow, &here)), &here);
                let here = world(state);
                cell("test", verdict(&look(&flow, Purpose::Test, &here)), &here);
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
