//! Traps 1 to 22: patch generation.

use super::*;

#[test]
fn a_write_only_create_only_value_is_never_patched_trap_1() {
    let mut schema = corrected("AWS::GameLift::Fleet");
    schema.write_only_properties.0.extend(paths(&["/properties/PeerVpcId"]).0);
    assert!(schema.create_only_properties.contains(&at("/PeerVpcId")));
    let document = ops(
        &schema,
        json!({"Name": "f", "Description": "new", "PeerVpcId": "vpc-1"}),
        json!({"FleetId": "fleet-1", "Name": "f", "Description": "old"}),
    );
    assert_eq!(document, json!([add("/Description", json!("new"))]));
}

#[test]
fn a_value_that_is_both_is_left_out_of_an_unrelated_update_trap_2() {
    let schema = corrected("AWS::Bedrock::AutomatedReasoningPolicy");
    assert!(schema.create_only_properties.contains(&at("/KmsKeyId")));
    assert!(schema.write_only_properties.contains(&at("/KmsKeyId")));
    let document = ops(
        &schema,
        json!({"Name": "p", "Description": "new", "KmsKeyId": "k"}),
        json!({"PolicyArn": "arn:aws:x", "Name": "p", "Description": "old"}),
    );
    assert_eq!(named(&document), ["/Description"]);
}

#[test]
fn an_unreadable_create_only_value_replaces_nothing_trap_3() {
    let mut schema = corrected("AWS::ElastiCache::ReplicationGroup");
    let place = at("/CacheSubnetGroupName");
    if !schema.write_only_properties.contains(&place) {
        schema.write_only_properties.0.extend(paths(&["/properties/CacheSubnetGroupName"]).0);
    }
    assert!(schema.create_only_properties.contains(&place));
    let declared = json!({"ReplicationGroupId": "r", "CacheSubnetGroupName": "g"});
    let found = compared(&schema, declared, &json!({"ReplicationGroupId": "r"}));
    assert_eq!((found.changes, found.cannot_compare), (vec![], vec![place]));
}

#[test]
fn a_snapshot_is_not_loaded_again_by_another_change_trap_4() {
    let schema = corrected("AWS::RDS::DBInstance");
    assert!(schema.conditional_create_only_properties.contains(&at("/DBSnapshotIdentifier")));
    let declared =
        json!({"DBInstanceIdentifier": "db", "DBSnapshotIdentifier": "snap", "BackupRetentionPeriod": 7});
    let live = json!({"DBInstanceIdentifier": "db", "BackupRetentionPeriod": 1});
    assert_eq!(named(&ops(&schema, declared.clone(), live.clone())), ["/BackupRetentionPeriod"]);
    // Not by asking for all write-only values either; only by its own name.
    let all = ops_with(&schema, declared.clone(), live.clone(), &[Pointer::root()]);
    assert_eq!(named(&all), ["/BackupRetentionPeriod"]);
    let asked = ops_with(&schema, declared, live, &[at("/DBSnapshotIdentifier")]);
    assert_eq!(named(&asked), ["/BackupRetentionPeriod", "/DBSnapshotIdentifier"]);
}

#[test]
fn the_required_code_of_a_function_goes_along_trap_5() {
    let schema = corrected("AWS::Lambda::Function");
    let declared =
        json!({"FunctionName": "f", "Role": "r", "Code": {"S3Bucket": "b", "S3Key": "k"}, "MemorySize": 256});
    let live = json!({"FunctionName": "f", "Role": "r", "MemorySize": 128});
    let code = add("/Code", json!({"S3Bucket": "b", "S3Key": "k"}));
    assert_eq!(ops(&schema, declared.clone(), live.clone()), json!([add("/MemorySize", json!(256)), code]));
    // Alone it is no reason to deploy.
    let mut same = live;
    same["MemorySize"] = json!(256);
    assert_eq!(ops(&schema, declared, same), json!([]));
}

#[test]
fn a_type_that_no_patch_passes_is_known_by_its_schema_trap_6() {
    assert!(corrected("AWS::DataZone::DataSource").refuses_updates());
    assert!(corrected("AWS::ACMPCA::CertificateAuthority").refuses_updates());
    assert!(!corrected("AWS::SecretsManager::Secret").refuses_updates());
    // So tags cannot be written either, and identity is the only proof.
    assert!(!corrected("AWS::ACMPCA::CertificateAuthority").tags_updatable());
}

#[test]
fn a_write_only_parent_is_added_whole_trap_7() {
    let schema = corrected("AWS::SecretsManager::Secret");
    let declared = json!({"Name": "s", "GenerateSecretString": {"ExcludeLowercase": true}});
    let document =
        ops_with(&schema, declared, json!({"Id": "arn", "Name": "s"}), &[at("/GenerateSecretString")]);
    assert_eq!(document, json!([add("/GenerateSecretString", json!({"ExcludeLowercase": true}))]));
}

#[test]
fn a_tag_change_makes_no_new_password_trap_8() {
    let schema = corrected("AWS::SecretsManager::Secret");
    let declared = json!({
        "Name": "s", "GenerateSecretString": {}, "SecretString": "x",
        "Tags": [{"Key": "team", "Value": "new"}],
    });
    let live = json!({"Id": "arn", "Name": "s", "Tags": [{"Key": "team", "Value": "old"}]});
    assert_eq!(named(&ops(&schema, declared, live)), ["/Tags"]);
}

#[test]
fn a_member_inside_a_list_changes_the_whole_list_trap_9() {
    let schema = corrected("AWS::IoT::SecurityProfile");
    let behaviours =
        |criteria: Json| json!([{"Name": "b", "Metric": "aws:num-messages-sent", "Criteria": criteria}]);
    let declared =
        json!({"Behaviors": behaviours(json!({"ComparisonOperator": "less-than", "DurationSeconds": 300}))});
    let live = json!({"Behaviors": behaviours(json!({"ComparisonOperator": "less-than"}))});
    let expected = add("/Behaviors", declared["Behaviors"].clone());
    assert_eq!(ops(&schema, declared, live), json!([expected]));
}

#[test]
fn what_is_absent_is_added_trap_10() {
    let schema = corrected("AWS::Logs::LogGroup");
    let document = ops(
        &schema,
        json!({"LogGroupName": "g", "RetentionInDays": 7}),
        json!({"LogGroupName": "g", "Arn": "arn:aws:logs:x"}),
    );
    assert_eq!(document, json!([add("/RetentionInDays", json!(7))]));
}

#[test]
fn read_only_values_are_never_named_trap_11() {
    let schema = corrected("AWS::Logs::LogGroup");
    let document = ops(
        &schema,
        json!({"LogGroupName": "g", "RetentionInDays": 7, "Arn": "arn:other"}),
        json!({"LogGroupName": "g", "Arn": "arn:aws:logs:x", "RetentionInDays": 1}),
    );
    assert_eq!(named(&document), ["/RetentionInDays"]);
}

/// A container with a member that may change and one that may not.
fn mixed_endpoint() -> ResourceSchema {
    let mut schema = corrected("AWS::EC2::VPCEndpoint");
    schema
        .create_only_properties
        .0
        .extend(paths(&["/properties/DnsOptions/PrivateDnsOnlyForInboundResolverEndpoint"]).0);
    schema
}

#[test]
fn a_member_beside_a_create_only_one_is_addressed_alone_trap_12() {
    let declared = json!({"VpcId": "v", "DnsOptions": {"DnsRecordIpType": "dualstack", "PrivateDnsOnlyForInboundResolverEndpoint": "OnlyInboundResolver"}});
    let live = json!({"VpcId": "v", "DnsOptions": {"DnsRecordIpType": "ipv4", "PrivateDnsOnlyForInboundResolverEndpoint": "OnlyInboundResolver"}});
    assert_eq!(named(&ops(&mixed_endpoint(), declared.clone(), live)), ["/DnsOptions/DnsRecordIpType"]);
    // Where the container has to be added whole, what may not change stays out of it.
    let document = ops(&mixed_endpoint(), declared, json!({"VpcId": "v"}));
    assert_eq!(document, json!([add("/DnsOptions", json!({"DnsRecordIpType": "dualstack"}))]));
}

#[test]
fn a_create_only_member_deep_down_replaces_only_by_itself_trap_13() {
    // The parameters are write-only today; then nothing is compared at all.
    let mut schema = corrected("AWS::Pipes::Pipe");
    schema.write_only_properties = PathSet::default();
    let pipe = |batch: u64, start: &str| json!({"Name": "p", "SourceParameters": {"KinesisStreamParameters": {"BatchSize": batch, "StartingPosition": start}}});
    let place = at("/SourceParameters/KinesisStreamParameters/StartingPosition");
    assert!(schema.create_only_properties.contains(&place));
    assert_eq!(
        changes(&schema, pipe(20, "LATEST"), pipe(10, "LATEST")),
        ["update /SourceParameters/KinesisStreamParameters/BatchSize"]
    );
    assert_eq!(changes(&schema, pipe(10, "TRIM_HORIZON"), pipe(10, "LATEST")), [format!("replace {place}")]);
}

#[test]
fn a_declared_null_removes_trap_14() {
    let schema = corrected("AWS::Logs::LogGroup");
    let live = json!({"LogGroupName": "g", "RetentionInDays": 7});
    let declared = json!({"LogGroupName": "g", "RetentionInDays": null});
    assert_eq!(ops(&schema, declared.clone(), live), json!([remove("/RetentionInDays")]));
    assert_eq!(ops(&schema, declared, json!({"LogGroupName": "g"})), json!([]));
}

#[test]
fn an_index_is_never_addressed_trap_15() {
    let schema = corrected("AWS::S3::Bucket");
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let declared = json!({"BucketName": "b", "Tags": [tag("a", "1"), tag("b", "new")]});
    let live = json!({"BucketName": "b", "Tags": [tag("b", "old"), tag("a", "1")]});
    let document = ops(&schema, declared.clone(), live);
    assert_eq!(document, json!([add("/Tags", declared["Tags"].clone())]));
}

#[test]
fn tags_in_another_order_are_no_change_trap_16() {
    let schema = corrected("AWS::KMS::Key");
    let tag = |key: &str| json!({"Key": key, "Value": "v"});
    let declared = json!({"Tags": [tag("a"), tag("b"), tag("c")]});
    let live = json!({"Tags": [tag("c"), tag("a"), tag("b")]});
    assert_eq!(explained(&schema, declared, live), [("/Tags".to_owned(), Rule::SetOrder)]);
}

#[test]
fn paths_start_with_a_slash_and_below_the_properties_trap_17() {
    let schema = corrected("AWS::Logs::LogGroup");
    let document = ops(
        &schema,
        json!({"LogGroupName": "g", "RetentionInDays": 7}),
        json!({"LogGroupName": "g", "RetentionInDays": 1}),
    );
    assert_eq!(named(&document), ["/RetentionInDays"]);
    assert!(Pointer::parse("RetentionInDays").is_err());
}

#[test]
fn slashes_and_tildes_in_keys_are_escaped_trap_18() {
    let schema = corrected("AWS::SSM::Parameter");
    let declared =
        json!({"Name": "p", "Type": "String", "Value": "v", "Tags": {"aws-cdk:a/b": "1", "c~d": "2"}});
    let live = json!({"Name": "p", "Type": "String", "Value": "v", "Tags": {"old": "x"}});
    let document = ops(&schema, declared, live);
    assert_eq!(named(&document), ["/Tags/aws-cdk:a~1b", "/Tags/c~0d", "/Tags/old"]);
}

#[test]
fn text_that_looks_like_a_number_stays_text_trap_19() {
    let schema = corrected("AWS::SSM::Parameter");
    let document = ops(
        &schema,
        json!({"Name": "p", "Type": "String", "Value": "123"}),
        json!({"Name": "p", "Type": "String", "Value": "true"}),
    );
    assert_eq!(document, json!([add("/Value", json!("123"))]));
}

#[test]
fn null_is_never_sent_trap_20() {
    let schema = corrected("AWS::Events::Rule");
    let declared = json!({"Name": "r", "State": "ENABLED", "ScheduleExpression": null, "Targets": [{"Id": "t", "Arn": "a", "Input": null}, null]});
    let created = desired(&schema, &declared);
    assert_eq!(created, json!({"Name": "r", "State": "ENABLED", "Targets": [{"Id": "t", "Arn": "a"}]}));
    let live = json!({"Name": "r", "State": "DISABLED", "ScheduleExpression": "rate(1 day)", "Targets": [{"Id": "t", "Arn": "b", "Input": "x"}]});
    let document = ops(&schema, declared, live);
    assert_eq!(
        document,
        json!([
            add("/State", json!("ENABLED")),
            add("/Targets", json!([{"Id": "t", "Arn": "a"}])),
            remove("/ScheduleExpression"),
        ])
    );
    // Not even a null at a write-only place, beside another change.
    let secret = corrected("AWS::SecretsManager::Secret");
    let document = ops(
        &secret,
        json!({"Name": "s", "SecretString": null, "Description": "new"}),
        json!({"Name": "s", "Description": "old"}),
    );
    assert_eq!(named(&document), ["/Description"]);
}

fn desired(schema: &ResourceSchema, declared: &Json) -> Json {
    super::super::desired_state(schema, &Value::from(declared)).exposed().unwrap()
}

#[test]
fn an_event_pattern_goes_as_text_trap_21() {
    let schema = corrected("AWS::Events::Rule");
    let pattern = json!({"source": ["aws.s3"]});
    let declared = json!({"Name": "r", "EventPattern": pattern});
    assert_eq!(desired(&schema, &declared)["EventPattern"], json!("{\"source\":[\"aws.s3\"]}"));
    let document =
        ops(&schema, declared.clone(), json!({"Name": "r", "EventPattern": {"source": ["aws.ec2"]}}));
    assert_eq!(document[0]["value"], json!("{\"source\":[\"aws.s3\"]}"));
    assert_eq!(
        explained(&schema, declared, json!({"Name": "r", "EventPattern": "{ \"source\": [\"aws.s3\"] }"})),
        [("/EventPattern".to_owned(), Rule::JsonForm)]
    );
    // Also with a secret in it; then the text is one.
    let mut covered = Value::object();
    if let Value::Object(members) = &mut covered {
        let pattern = Value::Object([("detail".to_owned(), secret("hunter2"))].into_iter().collect());
        members.insert("EventPattern".into(), pattern);
    }
    let document = ops(&schema, covered, json!({"EventPattern": {"detail": "old"}}));
    assert_eq!(document[0]["value"], json!("{\"detail\":\"hunter2\"}"));
}

#[test]
fn nothing_to_change_is_no_patch_trap_22() {
    let schema = corrected("AWS::WAFv2::WebACL");
    // Not even to mend what a read shows.
    let live = json!({"Name": "w", "Scope": "REGIONAL", "Description": "", "Tags": []});
    assert_eq!(ops(&schema, json!({"Name": "w", "Scope": "REGIONAL"}), live), json!([]));
}
