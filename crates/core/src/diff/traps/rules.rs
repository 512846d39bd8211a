//! The fourteen rules of cloud-control 3.3 and the rows of 3.4 and 3.6 that no trap shows.

use super::*;

#[test]
fn a_missing_parent_is_added_whole_rule_4() {
    let schema = corrected("AWS::S3::Bucket");
    let declared = json!({"BucketName": "b", "LoggingConfiguration": {"DestinationBucketName": "l", "LogFilePrefix": "p"}});
    assert_eq!(
        ops(&schema, declared.clone(), json!({"BucketName": "b"})),
        json!([add("/LoggingConfiguration", declared["LoggingConfiguration"].clone())])
    );
}

#[test]
fn adds_come_before_removes_and_deeper_removes_first_rule_3() {
    let schema = corrected("AWS::S3::Bucket");
    let document = ops(
        &schema,
        json!({"BucketName": "b", "AccelerateConfiguration": null, "LoggingConfiguration": {"LogFilePrefix": null}, "VersioningConfiguration": {"Status": "Enabled"}}),
        json!({"BucketName": "b", "AccelerateConfiguration": {"AccelerationStatus": "Enabled"}, "LoggingConfiguration": {"LogFilePrefix": "p", "DestinationBucketName": "l"}}),
    );
    assert_eq!(
        named(&document),
        ["/VersioningConfiguration", "/LoggingConfiguration/LogFilePrefix", "/AccelerateConfiguration"]
    );
}

#[test]
fn a_wildcard_takes_its_whole_list_from_the_manifest_rule_6() {
    let mut schema = corrected("AWS::DynamoDB::Table");
    schema
        .write_only_properties
        .0
        .extend(paths(&["/properties/GlobalSecondaryIndexes/*/OnDemandThroughput"]).0);
    let index = |extra: Json| {
        let mut index = json!({"IndexName": "i", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}});
        index.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([index])
    };
    let declared = json!({"TableName": "t", "BillingMode": "PROVISIONED", "GlobalSecondaryIndexes": index(json!({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}))});
    let live = json!({"TableName": "t", "BillingMode": "PAY_PER_REQUEST", "GlobalSecondaryIndexes": index(json!({}))});
    let document = ops(&schema, declared.clone(), live);
    assert_eq!(named(&document), ["/BillingMode", "/GlobalSecondaryIndexes"]);
    assert_eq!(document[1]["value"], declared["GlobalSecondaryIndexes"]);
}

#[test]
fn write_only_members_of_reordered_elements_are_not_forgotten_rule_6() {
    let mut schema = corrected("AWS::DynamoDB::Table");
    schema
        .write_only_properties
        .0
        .extend(paths(&["/properties/GlobalSecondaryIndexes/*/OnDemandThroughput"]).0);
    let declared = json!({"GlobalSecondaryIndexes": [
        {"IndexName": "a", "OnDemandThroughput": {"MaxReadRequestUnits": 5}}, {"IndexName": "b"}]});
    let live = json!({"GlobalSecondaryIndexes": [{"IndexName": "b"}, {"IndexName": "a"}]});
    let found = compared(&schema, declared, &live);
    assert_eq!(found.changes, []);
    assert_eq!(found.cannot_compare, [at("/GlobalSecondaryIndexes/0/OnDemandThroughput")]);
}

#[test]
fn empty_containers_are_not_sent_where_nothing_is_rule_8() {
    let schema = corrected("AWS::S3::Bucket");
    let declared = json!({"BucketName": "b", "Tags": [], "LifecycleConfiguration": {}, "VersioningConfiguration": {"Status": "Enabled"}});
    assert_eq!(named(&ops(&schema, declared, json!({"BucketName": "b"}))), ["/VersioningConfiguration"]);
}

#[test]
fn an_element_keeps_what_may_not_change_rule_5() {
    let mut schema = corrected("AWS::DynamoDB::Table");
    schema.create_only_properties.0.extend(paths(&["/properties/GlobalSecondaryIndexes/*/KeySchema"]).0);
    let key = json!([{"AttributeName": "a", "KeyType": "HASH"}]);
    let declared = json!({"GlobalSecondaryIndexes": [
        {"IndexName": "i", "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "new", "KeySchema": key, "Projection": {"ProjectionType": "ALL"}}]});
    let live = json!({"GlobalSecondaryIndexes": [{"IndexName": "i", "KeySchema": key, "Projection": {"ProjectionType": "KEYS_ONLY"}}]});
    let document = ops(&schema, declared, live);
    assert_eq!(
        document,
        json!([add(
            "/GlobalSecondaryIndexes",
            json!([
                {"IndexName": "i", "Projection": {"ProjectionType": "ALL"}, "KeySchema": key},
                {"IndexName": "new", "KeySchema": key, "Projection": {"ProjectionType": "ALL"}},
            ])
        )])
    );
}

#[test]
fn another_element_in_a_create_only_list_is_a_replacement_row_create_only() {
    let schema = corrected("AWS::Batch::ComputeEnvironment");
    let mut fixed = schema;
    fixed.create_only_properties.0.extend(paths(&["/properties/ComputeResources/Subnets"]).0);
    let subnets = |ids: Json| json!({"ComputeResources": {"Subnets": ids}});
    assert_eq!(
        changes(&fixed, subnets(json!(["a", "b"])), subnets(json!(["a"]))),
        ["replace /ComputeResources/Subnets/1"]
    );
    // A read that leaves the list out is no reason.
    assert_eq!(
        explained(&fixed, subnets(json!(["a"])), json!({"ComputeResources": {}})),
        [("/ComputeResources/Subnets".to_owned(), Rule::NotReturned)]
    );
    let empty = explained(&fixed, subnets(json!(["a"])), subnets(json!([])));
    assert_eq!(empty, [("/ComputeResources/Subnets".to_owned(), Rule::NotReturned)]);
}

#[test]
fn elements_are_paired_so_that_all_find_a_partner_row_insertion_order() {
    let schema = corrected("AWS::EC2::SecurityGroup");
    let rule = |more: Json| {
        let mut rule = json!({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8"});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    // The first declared rule equals both live ones; the second only the first.
    let declared = json!({"SecurityGroupIngress": [rule(json!({})), rule(json!({"Description": "x"}))]});
    let live = json!({"SecurityGroupIngress": [rule(json!({"Description": "x"})), rule(json!({}))]});
    assert_eq!(changes(&schema, declared, live), [""; 0]);
}

#[test]
fn references_compare_by_their_last_segment_only_where_the_schema_says_so_row_arn() {
    let schema = corrected("AWS::Pipes::Pipe");
    let mut plain = schema.clone();
    let arn = "arn:aws:iam::123456789012:role/app";
    let role = |text: &str| json!({"Name": "p", "RoleArn": text});
    plain.root.properties.get_mut("RoleArn").unwrap().format = None;
    assert_eq!(changes(&plain, role("app"), role(arn)), ["update /RoleArn"]);
    let mut marked = schema;
    marked.root.properties.get_mut("RoleArn").unwrap().format = Some("AWS::IAM::Role.Arn".into());
    assert_eq!(explained(&marked, role("app"), role(arn)), [("/RoleArn".to_owned(), Rule::ReferenceForm)]);
    assert_eq!(changes(&marked, role("other"), role(arn)), ["update /RoleArn"]);
}

#[test]
fn tag_members_of_a_group_are_kept_row_tag_forms() {
    let schema = corrected("AWS::AutoScaling::AutoScalingGroup");
    let tag = |key: &str, launch: bool| json!({"Key": key, "Value": "v", "PropagateAtLaunch": launch});
    let live = json!({"Tags": [tag("b", true), tag("a", true), tag("stackql:stack-name", false)]});
    let declared = |launch: bool| json!({"Tags": [tag("a", true), tag("b", launch)]});
    assert_eq!(changes(&schema, declared(true), live.clone()), [""; 0]);
    assert_eq!(changes(&schema, declared(false), live), ["update /Tags/1/PropagateAtLaunch"]);
    assert_eq!(schema.tag_extras(), [("PropagateAtLaunch".to_owned(), json!(false))]);
}

#[test]
fn tags_under_another_name_compare_by_key_row_tag_forms() {
    let schema = corrected("AWS::Cognito::UserPool");
    let tags = |tags: Json| json!({"UserPoolName": "p", "UserPoolTags": tags});
    let live = tags(json!({"a": "1", "old": "x", "aws:x": "y", "stackql:stack-name": "s"}));
    assert_eq!(
        changes(&schema, tags(json!({"a": "2"})), live),
        ["update /UserPoolTags/a", "update /UserPoolTags/old"]
    );
    // A type that tags only through a specification is not tagged by us.
    assert_eq!(corrected("AWS::EC2::CapacityReservation").tag_property(), None);
}

#[test]
fn a_secret_in_a_document_or_a_list_is_compared_and_never_shown() {
    let schema = corrected("AWS::Lambda::Function");
    let function = |value: Value| {
        let variables = Value::Object([("TOKEN".to_owned(), value)].into_iter().collect());
        let environment = Value::Object([("Variables".to_owned(), variables)].into_iter().collect());
        Value::Object([("Environment".to_owned(), environment)].into_iter().collect())
    };
    let live = json!({"Environment": {"Variables": {"TOKEN": "hunter2"}}});
    assert_eq!(compared(&schema, function(secret("hunter2")), &live).changes, []);
    let found = compared(&schema, function(secret("hunter3")), &live);
    assert_eq!(found.changes.len(), 1);
    assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
    // In an opaque document.
    let rule = corrected("AWS::Events::Rule");
    let pattern = |value: Value| {
        let inner = Value::Object([("detail".to_owned(), value)].into_iter().collect());
        Value::Object([("EventPattern".to_owned(), inner)].into_iter().collect())
    };
    let live = json!({"EventPattern": {"detail": "hunter2"}});
    assert_eq!(compared(&rule, pattern(secret("hunter2")), &live).changes, []);
    let found = compared(&rule, pattern(secret("hunter3")), &live);
    assert_eq!(found.changes.len(), 1);
    assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
}

#[test]
fn what_a_list_with_secrets_loses_is_covered_and_named_by_position() {
    let schema = corrected("AWS::Events::Rule");
    let target = |id: Value, input: &str| {
        Value::Object([("Id".to_owned(), id), ("Input".to_owned(), Value::text(input))].into_iter().collect())
    };
    let declared = Value::Object(
        [("Targets".to_owned(), Value::Array(vec![target(secret("hunter1"), "a")]))].into_iter().collect(),
    );
    let live = json!({"Targets": [{"Id": "hunter1", "Input": "a"}, {"Id": "hunter2", "Input": "b"}]});
    let found = compared(&schema, declared, &live);
    assert_eq!(found.changes.len(), 1);
    assert_eq!(found.changes[0].label, "Targets[1]");
    assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
}

#[test]
fn what_is_ignored_is_neither_changed_nor_sent_along() {
    let schema = corrected("AWS::S3::Bucket");
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let declared = Value::from(json!({"Tags": [tag("a", "1"), tag("b", "2")]}));
    let live = json!({"Tags": [tag("a", "9"), tag("b", "9")]});
    let ignored = |ignore: &[Pointer]| {
        let context = DiffContext { schema: &schema, ignore, is_fresh: &|_| false };
        let found = diff(&context, &declared, &live);
        found.changes.iter().map(|change| change.label.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ignored(&[at("/Tags")]), [""; 0]);
    assert_eq!(ignored(&[at("/Tags/a")]), ["Tags[b]"]);
    // A place inside a list that is sent for another reason keeps its live value.
    let queue = corrected("AWS::Events::Rule");
    let targets = |arn: &str, input: &str| json!({"Targets": [{"Id": "t", "Arn": arn, "Input": input}]});
    let (full, live) = (Value::from(targets("new", "mine")), targets("old", "theirs"));
    let ignore = [at("/Targets/0/Input")];
    let context = DiffContext { schema: &queue, ignore: &ignore, is_fresh: &|_| false };
    let found = diff(&context, &full, &live);
    let made = patch(PatchInput {
        schema: &queue,
        full: &full,
        live: &live,
        diff: &found,
        also: &[],
        resend: &[],
        ignore: &ignore,
    });
    assert_eq!(
        made,
        [PatchOp::Add {
            path: at("/Targets"),
            value: Value::from(targets("new", "theirs")["Targets"].clone())
        }]
    );
}

#[test]
fn an_unknown_create_only_value_may_replace_and_surely_does_if_its_source_is_new() {
    let schema = corrected("AWS::EC2::Subnet");
    let declared = Value::Object(
        [("VpcId".to_owned(), Value::Unknown(Unknown::of(&"vpc".into(), "VpcId")))].into_iter().collect(),
    );
    let impact = |live: Json, fresh: bool| {
        let context = DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| fresh };
        diff(&context, &declared, &live).impact()
    };
    assert_eq!(impact(json!({"VpcId": "vpc-1"}), false), Some(Impact::MayReplace));
    assert_eq!(impact(json!({"VpcId": "vpc-1"}), true), Some(Impact::Replace));
    assert_eq!(impact(json!({}), true), None);
}

#[test]
fn a_place_that_may_not_be_patched_is_not_in_the_patch_of_others_rule_5() {
    let schema = corrected("AWS::EC2::Subnet");
    let full = Value::Object(
        [
            ("VpcId".to_owned(), Value::Unknown(Unknown::of(&"vpc".into(), "VpcId"))),
            ("MapPublicIpOnLaunch".to_owned(), Value::Bool(true)),
        ]
        .into_iter()
        .collect(),
    );
    let live = json!({"VpcId": "vpc-1", "MapPublicIpOnLaunch": false});
    let found = compared(&schema, full.clone(), &live);
    let made = patch(PatchInput {
        schema: &schema,
        full: &full,
        live: &live,
        diff: &found,
        also: &[],
        resend: &[],
        ignore: &[],
    });
    assert_eq!(made, [PatchOp::Add { path: at("/MapPublicIpOnLaunch"), value: Value::Bool(true) }]);
}
