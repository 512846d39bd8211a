use super::*;

const PERMISSION: &str = "AWS::Lambda::Permission";
const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
const QUEUE: &str = "AWS::SQS::Queue";
const BUCKET: &str = "AWS::S3::Bucket";
const BUCKET_POLICY: &str = "AWS::S3::BucketPolicy";
const ZONE: &str = "AWS::Route53::HostedZone";
const RECORD: &str = "AWS::Route53::RecordSet";

#[test]
fn what_lives_on_a_function_needs_it_and_goes_with_it() {
    let mut world = World::new();
    let grant =
        json!({ "FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com" });
    let (code, message) = world.fail_create(PERMISSION, &grant);
    assert_eq!(code, "NotFound");
    assert!(
        message.contains("Function not found: arn:aws:lambda:us-east-1:123456789012:function:f"),
        "{message}"
    );
    world.function("f");
    world.create(PERMISSION, &grant);
    let by_arn = json!({ "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f",
                         "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com" });
    world.create(PERMISSION, &by_arn);
    world.delete(FUNCTION, "f");
    let left: Vec<_> = world.cloud.resources().filter(|held| held.ty == PERMISSION).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_event_source_must_exist_and_is_mapped_once() {
    let mut world = World::new();
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let mapping = json!({ "FunctionName": "f", "EventSourceArn": queue });
    assert!(world.fail_create(MAPPING, &mapping).1.contains("Function does not exist"));
    world.function("f");
    assert!(world.fail_create(MAPPING, &mapping).1.contains("NonExistentQueue"));
    world.create(QUEUE, &json!({ "QueueName": "q" }));
    let id = world.create(MAPPING, &mapping);
    let live = world.get(MAPPING, &id).unwrap();
    assert_eq!(
        live["EventSourceMappingArn"],
        format!("arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{id}")
    );
    let again = json!({ "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f", "EventSourceArn": queue });
    assert_eq!(world.fail_create(MAPPING, &again).0, "AlreadyExists");
}

#[test]
fn a_bucket_policy_needs_its_bucket_and_says_something() {
    let mut world = World::new();
    let policy = |statement: Json| json!({ "Bucket": "b-b", "PolicyDocument": { "Version": "2012-10-17", "Statement": statement } });
    let full = policy(json!([{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" }]));
    let (code, message) = world.fail_create(BUCKET_POLICY, &full);
    assert!(code == "NotFound" && message.contains("NoSuchBucket"), "{message}");
    world.create(BUCKET, &json!({ "BucketName": "b-b" }));
    assert!(world.fail_create(BUCKET_POLICY, &policy(json!([]))).1.contains("MalformedPolicy"));
    world.create(BUCKET_POLICY, &full);
    world.delete(BUCKET, "b-b");
    assert!(world.list(BUCKET_POLICY, None).unwrap().is_empty());
}

#[test]
fn bucket_names_are_taken_everywhere() {
    // Trap 73.
    let mut config = Config::default();
    config.accounts.insert("AKIDEXAMPLE".to_owned(), "999999999999".to_owned());
    let mut world = World::with(config);
    world.create(BUCKET, &json!({ "BucketName": "b-b" }));
    world.region = "eu-west-1".to_owned();
    let (code, message) = world.fail_create(BUCKET, &json!({ "BucketName": "b-b" }));
    assert!(code == "AlreadyExists" && message.contains("BucketAlreadyOwnedByYou"), "{message}");
    world.cloud.config_mut().accounts.clear();
    let (code, message) = world.fail_create(BUCKET, &json!({ "BucketName": "b-b" }));
    assert!(code == "AlreadyExists" && message.contains("not available"), "{message}");
    assert!(world.get(BUCKET, "b-b").is_err(), "someone else's");
}

#[test]
fn records_need_their_zone_and_lie_in_it() {
    let mut world = World::new();
    let record = |zone: &str, name: &str| json!({ "HostedZoneId": zone, "Name": name, "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"] });
    let (code, message) = world.fail_create(RECORD, &record("Z1", "a.example.com"));
    assert!(code == "NotFound" && message.contains("No hosted zone found with ID: Z1"), "{message}");
    let zone = world.create(ZONE, &json!({ "Name": "example.com" }));
    assert!(zone.starts_with('Z'), "{zone}");
    assert!(
        world.fail_create(RECORD, &record(&zone, "a.example.org")).1.contains("is not permitted in zone")
    );
    world.create(RECORD, &record(&zone, "a.example.com."));
    let named = json!({ "HostedZoneName": "example.com.", "Name": "b.example.com", "Type": "A", "TTL": "60",
                        "ResourceRecords": ["10.0.0.1"] });
    let id = world.create(RECORD, &named);
    assert_eq!(id.split('|').nth(1), Some(zone.as_str()), "the service tells the zone's id: {id}");
    assert!(world.fail_delete(ZONE, &zone).1.contains("HostedZoneNotEmpty"));
}

#[test]
fn everything_in_connect_needs_its_instance() {
    let mut world = World::new();
    let ty = "AWS::Connect::IntegrationAssociation";
    let association = |instance: &str| {
        json!({ "InstanceId": instance, "IntegrationType": "LAMBDA_FUNCTION",
                "IntegrationArn": "arn:aws:lambda:us-east-1:123456789012:function:f" })
    };
    let absent = "arn:aws:connect:us-east-1:123456789012:instance/11111111-1111-1111-1111-111111111111";
    let (code, message) = world.fail_create(ty, &association(absent));
    assert!(code == "NotFound" && message.contains("Instance not found"), "{message}");
    let instance = json!({ "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "shop",
                           "Attributes": { "InboundCalls": true, "OutboundCalls": true } });
    let arn = world.create("AWS::Connect::Instance", &instance);
    let id = world.create(ty, &association(&arn));
    assert!(world.get(ty, &id).is_ok());
    world.delete("AWS::Connect::Instance", &arn);
    assert!(world.get(ty, &id).is_err(), "gone with its instance");
}

#[test]
fn plain_names_of_other_resources_must_be_those_of_something() {
    let mut world = World::new();
    for (ty, props) in [
        (
            "AWS::Events::Rule",
            json!({ "Name": "e", "EventBusName": "bus", "ScheduleExpression": "rate(1 day)" }),
        ),
        ("AWS::Logs::LogStream", json!({ "LogGroupName": "none", "LogStreamName": "s" })),
        (
            "AWS::SNS::Subscription",
            json!({ "TopicArn": "arn:aws:sns:us-east-1:123456789012:none", "Protocol": "sqs" }),
        ),
        ("AWS::ApiGateway::Resource", json!({ "RestApiId": "none", "ParentId": "p", "PathPart": "x" })),
    ] {
        let (code, message) = world.fail_create(ty, &props);
        assert!(code == "NotFound" && message.contains("does not exist"), "{ty}: {message}");
    }
    let rule = json!({ "Name": "e", "EventBusName": "default", "ScheduleExpression": "rate(1 day)" });
    world.create("AWS::Events::Rule", &rule);
    let topic = world.create("AWS::SNS::Topic", &json!({ "TopicName": "t" }));
    world.create("AWS::SNS::Subscription", &json!({ "TopicArn": topic, "Protocol": "sqs" }));
    let foreign = json!({ "TopicArn": "arn:aws:sns:us-east-1:999999999999:theirs", "Protocol": "sqs" });
    world.create("AWS::SNS::Subscription", &foreign);
}
