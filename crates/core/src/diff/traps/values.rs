//! Traps 45 to 59: values that mean the same, and those that do not.

use super::*;

fn policy(principal: &str) -> Json {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}]})
}

fn role(document: Json) -> Json {
    json!({"RoleName": "r", "AssumeRolePolicyDocument": document})
}

#[test]
fn an_account_is_its_root_in_every_partition_trap_45() {
    let schema = corrected("AWS::IAM::Role");
    for root in ["arn:aws:iam::123456789012:root", "arn:aws-us-gov:iam::123456789012:root"] {
        assert_eq!(
            explained(&schema, role(policy("123456789012")), role(policy(root))),
            [("/AssumeRolePolicyDocument".to_owned(), Rule::PolicyForm)]
        );
    }
    let other =
        changes(&schema, role(policy("123456789012")), role(policy("arn:aws:iam::210987654321:root")));
    assert_eq!(other, ["update /AssumeRolePolicyDocument"]);
}

#[test]
fn a_deleted_principal_is_drift_trap_46() {
    let schema = corrected("AWS::IAM::Role");
    let found =
        changes(&schema, role(policy("arn:aws:iam::123456789012:role/app")), role(policy("AROAEXAMPLEID")));
    assert_eq!(found, ["update /AssumeRolePolicyDocument"]);
}

#[test]
fn an_enum_in_another_case_replaces_nothing_trap_47() {
    let schema = corrected("AWS::Batch::ComputeEnvironment");
    assert!(schema.create_only_properties.contains(&at("/Type")));
    let kind = |text: &str| json!({"Type": text});
    assert_eq!(explained(&schema, kind("managed"), kind("MANAGED")), [("/Type".to_owned(), Rule::Case)]);
    assert_eq!(changes(&schema, kind("unmanaged"), kind("MANAGED")), ["replace /Type"]);
}

#[test]
fn names_that_the_service_lowers_are_the_same_trap_48() {
    let schema = corrected("AWS::RDS::DBInstance");
    let name = |text: &str| json!({"DBInstanceIdentifier": text});
    assert_eq!(
        explained(&schema, name("MyDb"), name("mydb")),
        [("/DBInstanceIdentifier".to_owned(), Rule::Transform)]
    );
    assert_eq!(changes(&schema, name("MyDb"), name("other")), ["replace /DBInstanceIdentifier"]);
}

#[test]
fn a_major_version_holds_its_minor_ones_trap_49() {
    let schema = corrected("AWS::RDS::DBInstance");
    let version = |text: &str| json!({"EngineVersion": text});
    assert_eq!(
        explained(&schema, version("13"), version("13.20")),
        [("/EngineVersion".to_owned(), Rule::Transform)]
    );
    assert_eq!(changes(&schema, version("13"), version("14.1")).len(), 1);
}

#[test]
fn web_addresses_and_records_have_forms_trap_50() {
    let mut client = corrected("AWS::Cognito::UserPoolClient");
    client
        .overlay
        .forms
        .insert(PropertyPath::parse("/properties/CallbackURLs/*"), crate::overlay::TextForm::Url);
    let urls = |urls: Json| json!({"UserPoolId": "p", "CallbackURLs": urls});
    let same = explained(
        &client,
        urls(json!(["https://a.com/cb/", "https://b.com"])),
        urls(json!(["https://b.com/", "https://a.com/cb"])),
    );
    assert!(same.contains(&("/CallbackURLs".to_owned(), Rule::SetOrder)));
    assert!(same.contains(&("/CallbackURLs/0".to_owned(), Rule::UrlForm)), "{same:?}");
    // Elsewhere a path with a slash at the end is another path.
    let schema = corrected("AWS::SNS::Subscription");
    let endpoint = |url: &str| json!({"Endpoint": url, "Protocol": "https"});
    assert_eq!(changes(&schema, endpoint("https://a.com/x/"), endpoint("https://a.com/x")).len(), 1);
    let records = corrected("AWS::Route53::RecordSet");
    let set = |values: Json| json!({"Name": "x.com", "Type": "TXT", "ResourceRecords": values});
    assert_eq!(
        changes(&records, set(json!(["\"v=spf1\"", "b.com"])), set(json!(["b.com.", "v=spf1"]))),
        [""; 0]
    );
}

#[test]
fn an_escaped_star_is_a_star_trap_51() {
    let schema = corrected("AWS::Route53::RecordSet");
    let name = |text: &str| json!({"Name": text, "Type": "A"});
    assert_eq!(changes(&schema, name("*.X.com"), name("\\052.x.com.")), [""; 0]);
    // Another name is another record, though the schema marks none of it create-only (cloud-control 2.1).
    assert_eq!(changes(&schema, name("a.x.com"), name("b.x.com.")), ["replace /Name"]);
}

#[test]
fn protocol_numbers_have_names_trap_52() {
    let schema = corrected("AWS::EC2::SecurityGroup");
    let rules = |protocol: &str, from: i64, to: i64| json!({"GroupDescription": "d", "SecurityGroupIngress": [{"IpProtocol": protocol, "FromPort": from, "ToPort": to, "CidrIp": "10.0.0.0/8"}]});
    assert_eq!(changes(&schema, rules("6", 80, 80), rules("tcp", 80, 80)), [""; 0]);
    assert_eq!(changes(&schema, rules("1", -1, -1), rules("icmp", -1, -1)), [""; 0]);
    // The published list of protocols with ports says `imcp`, so a port of `icmp` counts as one that becomes -1.
    assert_eq!(changes(&schema, rules("icmp", 8, 0), rules("icmp", -1, -1)), [""; 0]);
    assert_eq!(changes(&schema, rules("tcp", 8, 0), rules("tcp", -1, -1)).len(), 2);
    assert_eq!(changes(&schema, rules("6", 80, 80), rules("udp", 80, 80)).len(), 1);
    assert_eq!(changes(&schema, rules("-1", 80, 80), rules("-1", -1, -1)), [""; 0]);
}

#[test]
fn host_bits_of_a_subnet_replace_nothing_trap_53() {
    let schema = corrected("AWS::EC2::Subnet");
    let block = |text: &str| json!({"VpcId": "v", "CidrBlock": text});
    assert_eq!(changes(&schema, block("10.0.0.5/24"), block("10.0.0.0/24")), [""; 0]);
    assert_eq!(changes(&schema, block("10.0.1.0/24"), block("10.0.0.0/24")), ["replace /CidrBlock"]);
}

#[test]
fn a_function_has_many_names_trap_54() {
    let schema = corrected("AWS::Lambda::EventSourceMapping");
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let map = |name: &str, stamp: Json| json!({"FunctionName": name, "StartingPositionTimestamp": stamp});
    for name in ["f", "123456789012:function:f", arn] {
        assert_eq!(changes(&schema, map(name, json!(1)), map(arn, json!(1))), [""; 0], "{name}");
    }
    assert_eq!(changes(&schema, map("g", json!(1)), map(arn, json!(1))).len(), 1);
    assert_eq!(
        changes(&schema, map("f", json!(1_541_139_109)), map("f", json!(1_541_139_109_000_u64))),
        [""; 0]
    );
}

#[test]
fn missing_null_and_empty_are_the_same_trap_55() {
    let schema = corrected("AWS::CloudTrail::Trail");
    for live in [json!({}), json!({"EventSelectors": null}), json!({"EventSelectors": []})] {
        assert_eq!(changes(&schema, json!({"EventSelectors": []}), live), [""; 0]);
    }
}

#[test]
fn what_the_manifest_does_not_say_is_not_ours_trap_56() {
    let schema = corrected("AWS::InternetMonitor::Monitor");
    let live = json!({"MonitorName": "m", "Status": "ACTIVE", "TrafficPercentageToMonitor": 100});
    assert_eq!(compared(&schema, json!({"MonitorName": "m"}), &live), Diff::default());
}

#[test]
fn a_list_whose_order_counts_is_changed_by_a_reorder_trap_57() {
    let schema = corrected("AWS::AutoScaling::AutoScalingGroup");
    let policies = |order: [&str; 2]| json!({"TerminationPolicies": order});
    let (declared, live) = (policies(["OldestInstance", "Default"]), policies(["Default", "OldestInstance"]));
    assert_eq!(changes(&schema, declared.clone(), live.clone()), ["update /TerminationPolicies"]);
    // Where nobody knows, a pure reorder is explained and not applied.
    let mut unknown = schema;
    unknown.overlay.ordered = PathSet::default();
    let node = unknown.root.properties.get_mut("TerminationPolicies").unwrap();
    node.insertion_order = None;
    node.unique_items = false;
    assert_eq!(
        explained(&unknown, declared.clone(), live.clone()),
        [("/TerminationPolicies".to_owned(), Rule::SetOrder)]
    );
    unknown.root.properties.get_mut("TerminationPolicies").unwrap().insertion_order = Some(true);
    assert_eq!(changes(&unknown, declared, live), ["update /TerminationPolicies"]);
}

#[test]
fn a_removal_that_is_ignored_is_written_as_the_default_trap_58() {
    let schema = corrected("AWS::IAM::Role");
    let session = |seconds: Json| json!({"RoleName": "r", "MaxSessionDuration": seconds});
    assert_eq!(
        ops(&schema, session(Json::Null), session(json!(7200))),
        json!([add("/MaxSessionDuration", json!(3600))])
    );
    // With the default there is nothing left to remove, or the plan would stay dirty for ever.
    assert_eq!(ops(&schema, session(Json::Null), session(json!(3600))), json!([]));
}

#[test]
fn a_removal_that_fails_is_written_as_the_default_trap_59() {
    let schema = corrected("AWS::SNS::Subscription");
    let scope = |scope: Json| json!({"TopicArn": "t", "Protocol": "sqs", "FilterPolicyScope": scope});
    assert_eq!(
        ops(&schema, scope(Json::Null), scope(json!("MessageBody"))),
        json!([add("/FilterPolicyScope", json!("MessageAttributes"))])
    );
}

#[test]
fn a_removal_that_is_ignored_without_a_known_default_is_not_tried_rule_3_8() {
    let schema = ResourceSchema {
        overlay: crate::overlay::Overlay {
            remove_ignored: paths(&["/properties/DeletionProtection"]),
            ..Default::default()
        },
        ..corrected("AWS::Cognito::UserPool")
    };
    let pool = |protection: Json| json!({"UserPoolName": "p", "DeletionProtection": protection});
    assert_eq!(
        explained(&schema, pool(Json::Null), pool(json!("ACTIVE"))),
        [("/DeletionProtection".to_owned(), Rule::RemoveIgnored)]
    );
}
