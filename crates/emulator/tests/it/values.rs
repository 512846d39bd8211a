use super::*;

fn one(world: &mut World, ty: &str, props: &Json) -> (String, Json) {
    let id = world.create(ty, props);
    let live = world.get(ty, &id).unwrap();
    (id, live)
}

#[test]
fn identifiers_follow_from_names_in_the_public_forms() {
    let mut world = World::new();
    world.region = "eu-west-1".to_owned();
    let role = world.role("r");
    world.create("AWS::Events::EventBus", &json!({ "Name": "bus" }));
    world.create("AWS::ECS::Cluster", &json!({ "ClusterName": "c" }));
    world.create(
        "AWS::Batch::ComputeEnvironment",
        &json!({ "ComputeEnvironmentName": "ce", "Type": "UNMANAGED" }),
    );
    let a = "eu-west-1:123456789012";
    for (ty, props, wanted) in [
        (
            "AWS::SQS::Queue",
            json!({ "QueueName": "q" }),
            "https://sqs.eu-west-1.amazonaws.com/123456789012/q".to_owned(),
        ),
        ("AWS::SNS::Topic", json!({ "TopicName": "t" }), format!("arn:aws:sns:{a}:t")),
        (
            "AWS::Events::Rule",
            json!({ "Name": "e", "ScheduleExpression": "rate(1 day)" }),
            format!("arn:aws:events:{a}:rule/e"),
        ),
        (
            "AWS::Events::Rule",
            json!({ "Name": "e", "EventBusName": "bus", "ScheduleExpression": "rate(1 day)" }),
            format!("arn:aws:events:{a}:rule/bus/e"),
        ),
        (
            "AWS::StepFunctions::StateMachine",
            json!({ "StateMachineName": "m", "RoleArn": role, "DefinitionString": "{}" }),
            format!("arn:aws:states:{a}:stateMachine:m"),
        ),
        (
            "AWS::ECS::Service",
            json!({ "ServiceName": "s", "Cluster": "c" }),
            format!("arn:aws:ecs:{a}:service/c/s|c"),
        ),
        (
            "AWS::Batch::JobQueue",
            json!({ "JobQueueName": "j", "Priority": 1, "ComputeEnvironmentOrder": [{ "Order": 1, "ComputeEnvironment": "ce" }] }),
            format!("arn:aws:batch:{a}:job-queue/j"),
        ),
    ] {
        assert_eq!(world.create(ty, &props), wanted, "{ty}");
        assert_eq!(world.fail_create(ty, &props).0, "AlreadyExists", "{ty}: the name is taken");
    }
    let (_, queue) = one(&mut world, "AWS::SQS::Queue", &json!({ "QueueName": "q2" }));
    assert_eq!(queue["Arn"], format!("arn:aws:sqs:{a}:q2"));
    let (_, table) = one(
        &mut world,
        "AWS::DynamoDB::Table",
        &json!({ "TableName": "t", "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
                 "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }] }),
    );
    assert_eq!(table["Arn"], format!("arn:aws:dynamodb:{a}:table/t"));
    assert!(table.get("StreamArn").is_none(), "no stream, no ARN of one");
    let (_, cluster) = one(&mut world, "AWS::ECS::Cluster", &json!({ "ClusterName": "d" }));
    assert_eq!(cluster["Arn"], format!("arn:aws:ecs:{a}:cluster/d"));
}

#[test]
fn some_identifiers_carry_what_nobody_can_derive() {
    let mut world = World::new();
    let (id, _) = one(&mut world, "AWS::SecretsManager::Secret", &json!({ "Name": "s/a" }));
    let tail = id.strip_prefix("arn:aws:secretsmanager:us-east-1:123456789012:secret:s/a-").unwrap();
    assert!(tail.len() == 6 && tail.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let network = world.create(VPC, &json!({ "CidrBlock": "10.0.0.0/16" }));
    let place = world.create("AWS::EC2::Subnet", &json!({ "VpcId": network, "CidrBlock": "10.0.0.0/24" }));
    let (id, live) = one(
        &mut world,
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &json!({ "Name": "lb", "Subnets": [place] }),
    );
    let tail =
        id.strip_prefix("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/lb/").unwrap();
    assert_eq!(tail.len(), 16, "{id}");
    assert_eq!(live["LoadBalancerFullName"], format!("app/lb/{tail}"));
    let listener = json!({ "LoadBalancerArn": id, "Port": 80, "Protocol": "HTTP",
                           "DefaultActions": [{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "200" } }] });
    let (listener, _) = one(&mut world, "AWS::ElasticLoadBalancingV2::Listener", &listener);
    assert!(listener.contains(&format!(":listener/app/lb/{tail}/")), "{listener}");
}

#[test]
fn an_omitted_name_is_made_up_where_the_identifier_needs_one() {
    let mut world = World::new();
    let (first, live) = one(&mut world, "AWS::SQS::Queue", &json!({}));
    assert!(first.ends_with(live["QueueName"].as_str().unwrap()), "{live}");
    assert_ne!(world.create("AWS::SQS::Queue", &json!({})), first);
    let (_, fifo) = one(&mut world, "AWS::SQS::Queue", &json!({ "FifoQueue": true }));
    assert!(fifo["QueueName"].as_str().unwrap().ends_with(".fifo"));
    let (code, _) = world.fail_create("AWS::SQS::Queue", &json!({ "QueueName": "q", "FifoQueue": true }));
    assert_eq!(code, "InvalidRequest");
}

#[test]
fn a_task_definition_of_the_same_family_is_the_next_revision() {
    let mut world = World::new();
    let task = json!({ "Family": "f" });
    let first = world.create("AWS::ECS::TaskDefinition", &task);
    assert_eq!(first, "arn:aws:ecs:us-east-1:123456789012:task-definition/f:1");
    assert!(world.create("AWS::ECS::TaskDefinition", &task).ends_with("/f:2"));
}

#[test]
fn reads_show_what_the_service_filled_in() {
    let mut world = World::new();
    let (_, queue) = one(&mut world, "AWS::SQS::Queue", &json!({ "QueueName": "q" }));
    assert_eq!(queue["VisibilityTimeout"], 30);
    let name = world.function("f");
    let live = world.get(FUNCTION, &name).unwrap();
    assert_eq!((&live["MemorySize"], &live["Timeout"]), (&json!(128), &json!(3)));
    assert_eq!(live["Arn"], "arn:aws:lambda:us-east-1:123456789012:function:f");
    let (_, bucket) = one(&mut world, "AWS::S3::Bucket", &json!({ "BucketName": "b-b" }));
    assert_eq!(bucket["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert_eq!(bucket["RegionalDomainName"], "b-b.s3.us-east-1.amazonaws.com");
}

#[test]
fn the_name_of_a_deleted_queue_rests_for_a_minute() {
    let mut world = World::new();
    let queue = json!({ "QueueName": "q" });
    let id = world.create("AWS::SQS::Queue", &queue);
    let event = world.submit_delete("AWS::SQS::Queue", &id).unwrap();
    world.now += 2_000;
    assert_eq!(world.poll(&event)["OperationStatus"], "SUCCESS");
    let event = world.submit_create("AWS::SQS::Queue", &queue).unwrap();
    world.now += 5_000;
    let (code, message) = failure(&world.poll(&event));
    assert!(code == "InvalidRequest" && message.contains("wait 60 seconds"), "{message}");
    world.now += 60_000;
    world.create("AWS::SQS::Queue", &queue);
}
