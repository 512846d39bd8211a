//! What statements would do that still wait for values of others.

use super::world::{BUCKET, File, World, flow, look};
use serde_json::json;
use stack_core::flow::{FlowKind, FlowVerdict, Purpose};
use stack_core::ids::Address;
use stack_core::plan::Hit;
use stack_core::value::{Unknown, Value};

const REGION: &str = "region = 'us-east-1'";

fn later() -> Value {
    Value::Unknown(Unknown::of(&Address::new("other"), "Id"))
}

pub(super) fn shown(hits: &[Hit]) -> Vec<String> {
    hits.iter()
        .map(|hit| {
            let verbs: Vec<String> = hit.verbs.iter().map(ToString::to_string).collect();
            let ty = hit.ty.as_ref().map_or("?", |ty| ty.as_str());
            let region =
                hit.target.as_ref().map(|at| at.region.as_ref().map_or("-", |region| region.as_str()));
            format!("{} {ty} {}", verbs.join("/"), region.unwrap_or("?"))
        })
        .collect()
}

/// What a plan expects of a file; `{{ id }}` waits for another resource.
fn expected(kind: FlowKind, text: &str) -> (Vec<String>, bool) {
    let file = File::of(text, &[("name", Value::text("logs")), ("id", later())]);
    let world = World::default().with(BUCKET, json!({"BucketName": "logs"}));
    let seen = look(&flow(kind, BUCKET, file), Purpose::Plan, &world);
    (shown(&seen.hits), matches!(seen.verdict, FlowVerdict::Waiting(_)))
}

#[test]
fn verb_and_table_stand_in_the_text_whatever_the_values_will_be() {
    for (statement, hits) in [
        (
            "DELETE FROM awscc.sqs.queues WHERE region = 'eu-west-1' AND Identifier = '{{ id }}'",
            vec!["delete AWS::SQS::Queue eu-west-1"],
        ),
        (
            "DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ id }}'",
            vec!["delete AWS::SQS::Queue us-east-1"],
        ),
        (
            "DELETE FROM aws.sqs.queues WHERE region = '{{ id }}' AND Identifier = 'q'",
            vec!["delete AWS::SQS::Queue ?"],
        ),
        // A value outside of quotes may be a condition of its own.
        ("DELETE FROM awscc.sqs.queues WHERE Identifier = {{ id }}", vec!["delete AWS::SQS::Queue ?"]),
        ("DELETE FROM awscc.sqs.{{ id }} WHERE Identifier = 'q'", vec!["delete ? ?"]),
        ("DELETE FROM {{ id }}", vec!["delete ? ?"]),
        ("{{ id }} FROM awscc.sqs.queues WHERE Identifier = 'q'", vec!["create/update/delete ? ?"]),
        (
            "INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) SELECT 'q', '{{ id }}', 'us-west-2'",
            vec!["create AWS::SQS::Queue us-west-2"],
        ),
        (
            "UPDATE awscc.sqs.queues SET PatchDocument = '{{ id }}' WHERE region IN ('us-east-1', 'us-east-2') AND Identifier = 'q'",
            vec!["update AWS::SQS::Queue us-east-1", "update AWS::SQS::Queue us-east-2"],
        ),
        (
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) SELECT 'AWS::SQS::Queue', '{{ id }}', 'us-east-1'",
            vec!["create AWS::SQS::Queue us-east-1"],
        ),
        (
            "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) SELECT '{{ id }}', '{}', 'us-east-1'",
            vec!["create ? us-east-1"],
        ),
        ("DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = '{{ id }}'", vec![]),
        ("SELECT '{{ id }}'", vec![]),
        (
            "SELECT 1; DELETE FROM awscc.sqs.queues WHERE Identifier = '{{ id }}'; INSERT INTO awscc.s3.buckets (BucketName, region) SELECT 'b', 'us-east-1'",
            vec!["delete AWS::SQS::Queue us-east-1", "create AWS::S3::Bucket us-east-1"],
        ),
    ] {
        let text = format!("/*+ command */\n{statement};\n");
        assert_eq!(
            expected(FlowKind::Command, &text),
            (hits.iter().map(|hit| (*hit).to_owned()).collect(), true),
            "{statement}"
        );
    }
}

#[test]
fn a_resource_that_cannot_be_looked_for_may_be_made_or_changed() {
    let text = format!(
        "/*+ exists */\nSELECT bucket_name FROM awscc.s3.buckets WHERE {REGION} AND Identifier = '{{{{ id }}}}';
/*+ create */\nINSERT INTO awscc.s3.buckets (BucketName, region) SELECT '{{{{ id }}}}', 'us-east-1';
/*+ update */\nUPDATE awscc.sqs.queues SET PatchDocument = '[]' WHERE {REGION} AND Identifier = '{{{{ this.bucket_name }}}}';
/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE {REGION} AND Identifier = '{{{{ id }}}}';\n"
    );
    let hits = ["create AWS::S3::Bucket us-east-1", "update AWS::SQS::Queue us-east-1"].map(str::to_owned);
    assert_eq!(expected(FlowKind::Resource, &text), (hits.to_vec(), true));
}

#[test]
fn a_statement_that_waits_counts_although_its_checks_were_asked() {
    let text = format!(
        "/*+ exists */\nSELECT bucket_name FROM awscc.s3.buckets WHERE {REGION} AND Identifier = 'gone';
/*+ create */\nINSERT INTO awscc.s3.buckets (BucketName, BucketEncryption, region) SELECT 'gone', '{{{{ id }}}}', 'us-east-1';\n"
    );
    assert_eq!(
        expected(FlowKind::Resource, &text),
        (vec!["create AWS::S3::Bucket us-east-1".to_owned()], false)
    );
}

#[test]
fn what_a_build_deletes_because_it_is_to_be_absent_is_known() {
    let text = format!(
        "/*+ exists */\nSELECT bucket_name FROM awscc.s3.buckets WHERE {REGION} AND Identifier = 'logs';
/*+ create */\nINSERT INTO awscc.s3.buckets (BucketName, region) SELECT 'logs', 'us-east-1';
/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE {REGION} AND Identifier = '{{{{ this.bucket_name }}}}';\n"
    );
    let mut flow = flow(FlowKind::Resource, BUCKET, File::of(&text, &[]));
    flow.absent = true;
    let there = World::default().with(BUCKET, json!({"BucketName": "logs"}));
    let seen = look(&flow, Purpose::Plan, &there);
    assert_eq!(
        (shown(&seen.hits), seen.verdict),
        (vec!["delete AWS::S3::Bucket us-east-1".to_owned()], FlowVerdict::AsWanted)
    );
    let seen = look(&flow, Purpose::Plan, &World::default());
    assert_eq!((seen.hits.len(), seen.verdict), (0, FlowVerdict::Absent));
}
