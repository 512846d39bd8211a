//! What is certainly wrong with statements is told before anything is asked or made.

use super::world::{BUCKET, File, World, flow, look, shown};
use serde_json::json;
use stack_core::flow::{FlowKind, FlowVerdict, Purpose};
use stack_core::ids::Address;
use stack_core::value::{Unknown, Value};

const FINE: &str = "/*+ exists */
SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
/*+ create */
INSERT INTO awscc.s3.buckets (BucketName, region) SELECT '{{ name }}', 'us-east-1' RETURNING *;
";

/// What a plan says of a file with these anchors besides, and what it has asked.
fn told(more: &str) -> String {
    let props = [("name", Value::text("logs")), ("list", Value::text("'a', 'b'"))];
    let file = File::of(&format!("{FINE}{more}"), &props);
    let flow = flow(FlowKind::Resource, BUCKET, file);
    let world = World::default().with(BUCKET, json!({"BucketName": "other"}));
    let seen = look(&flow, Purpose::Plan, &world);
    match seen.verdict {
        FlowVerdict::Broken(problems) => {
            assert_eq!(world.log(), "", "nothing is asked: {more}");
            problems.iter().map(shown).collect::<Vec<_>>().join("\n")
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn statements_that_can_never_run_stop_the_plan() {
    let whole = "region = 'us-east-1' AND Identifier = '{{ this.id }}'";
    let all = [
        format!("/*+ statecheck */\nSELEC COUNT(*) FROM awscc.s3.buckets WHERE {whole}"),
        format!("/*+ statecheck */\nSELECT COUNT(*) AS count FROM google.compute.networks WHERE {whole}"),
        format!("/*+ statecheck */\nSELECT COUNT(*) AS count FROM aws.logs_native.groups WHERE {whole}"),
        format!(
            "/*+ statecheck */\nSELECT COUNT(*) AS count FROM awscc.s3.buckets WHERE colour = 'red' AND {whole}"
        ),
        "/*+ statecheck */\nSELECT COUNT(*) AS count FROM awscc.s3.buckets WHERE region = 'us-east-1'"
            .to_owned(),
        "/*+ statecheck */\nEXEC awscc.s3.buckets.list @region = '{{ this.region }}'".to_owned(),
        "/*+ statecheck */\nEXEC google.storage.buckets.list @project = '{{ this.x }}'".to_owned(),
        format!("/*+ exports */\nSELECT arn FROM aws.logs.foobars WHERE {whole}"),
        format!("/*+ exports */\nDELETE FROM awscc.s3.buckets WHERE {whole}"),
        format!(
            "/*+ update */\nMERGE awscc.s3.buckets SET PatchDocument = '{{{{ this.doc }}}}' WHERE {whole}"
        ),
        format!("/*+ update */\nDELETE FROM awscc.s3.buckets WHERE {whole}"),
        format!("/*+ callback */\nSELECT nope FROM awscc.s3.buckets WHERE {whole}"),
        format!("/*+ delete */\nDELETE FROM awscc.foo.bars WHERE {whole}"),
        "/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE region = 'us-east-1'".to_owned(),
        // All of them, each at its place.
        format!(
            "/*+ statecheck */\nSELEC 1;\n/*+ delete */\nSELECT 1; DELETE FROM awscc.foo.bars WHERE {whole}; nonsense"
        ),
    ];
    insta::assert_snapshot!(all.iter().map(|text| told(text)).collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_may_still_become_right_is_no_error() {
    let whole = "region = 'us-east-1' AND Identifier = '{{ this.id }}'";
    let all = [
        format!(
            "/*+ statecheck */\nSELECT COUNT(*) AS count FROM awscc.s3.buckets WHERE {whole} AND tags IN ({{{{ this.list }}}})"
        ),
        format!(
            "/*+ statecheck */\nSELECT COUNT(*) AS count FROM awscc.s3.{{{{ this.table }}}} WHERE {whole}"
        ),
        format!(
            "/*+ statecheck */\nSELECT bucket_name FROM awscc.s3.buckets WHERE bucket_name IN ({{{{ list }}}}) AND {whole}"
        ),
        format!(
            "/*+ statecheck */\nSELECT json_equal(tags, '{{{{ callback.tags }}}}') AS count FROM awscc.s3.buckets WHERE {whole}"
        ),
        format!(
            "/*+ update */\nUPDATE awscc.s3.buckets SET PatchDocument = string('{{{{ this.document }}}}') WHERE {whole}"
        ),
        format!("/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE {whole}"),
        "/*+ exports */\nSELECT '{{ this.id }}' AS id, '{{ callback.OperationStatus }}' AS status".to_owned(),
        // It is told when it is needed, and changes nothing.
        "/*+ troubleshoot */\nSELEC 1".to_owned(),
    ];
    for text in all {
        assert_eq!(told(&text), "Absent", "{text}");
    }
}

#[test]
fn a_resource_that_waits_is_checked_as_well() {
    let later = Value::Unknown(Unknown::of(&Address::new("other"), "Id"));
    let told = |more: &str| {
        let file = File::of(&format!("{FINE}{more}"), &[("name", later.clone())]);
        let seen = look(&flow(FlowKind::Resource, BUCKET, file), Purpose::Plan, &World::default());
        match seen.verdict {
            FlowVerdict::Broken(problems) => problems.iter().map(shown).collect::<Vec<_>>().join("\n"),
            other => format!("{other:?}").split('(').next().unwrap().to_owned(),
        }
    };
    assert_eq!(told(""), "Waiting");
    assert!(told("/*+ statecheck */\nSELEC '{{ this.x }}'").contains("1401"));
}
