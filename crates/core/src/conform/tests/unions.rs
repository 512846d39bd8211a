//! Rules over several members, and unions of forms.

use super::{of, says, thing};
use serde_json::json;

#[test]
fn exactly_one_of_a_set() {
    let ingress = |more| {
        json!({"GroupDescription": "web", "VpcId": "vpc-0123456789abcdef0", "SecurityGroupIngress": [super::merged(
            json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}), more,
        )]})
    };
    assert_eq!(of("AWS::EC2::SecurityGroup", ingress(json!({"CidrIp": "0.0.0.0/0"}))), "");
    insta::assert_snapshot!(of("AWS::EC2::SecurityGroup", ingress(json!({}))), @r"
    SD1315 /SecurityGroupIngress/0: `SecurityGroupIngress[0]` needs one of `CidrIp`, `CidrIpv6`, `SourcePrefixListId`, `SourceSecurityGroupId` or `SourceSecurityGroupName`
      ^ one of them is missing
    ");
    insta::assert_snapshot!(of("AWS::EC2::SecurityGroup", ingress(json!({"CidrIp": "0.0.0.0/0", "CidrIpv6": "::/0"}))), @r"
    SD1316 /SecurityGroupIngress/0/CidrIpv6#: `SecurityGroupIngress[0]` takes `CidrIp` or `CidrIpv6`, not both
      ^ `CidrIp` is declared too
      = next: keep one of the two
    ");
    // Nobody knows whether the unknown one will be there.
    assert_eq!(
        of(
            "AWS::EC2::SecurityGroup",
            ingress(json!({"CidrIp": "0.0.0.0/0", "CidrIpv6": {"$unknown": "Cidr"}}))
        ),
        ""
    );
}

#[test]
fn at_least_one_of_a_set() {
    let rule = |more| super::merged(json!({"Name": "nightly"}), more);
    assert_eq!(of("AWS::Events::Rule", rule(json!({"ScheduleExpression": "rate(1 day)"}))), "");
    insta::assert_snapshot!(of("AWS::Events::Rule", rule(json!({}))), @r"
    SD1315 #: `AWS::Events::Rule` needs one of `EventPattern` or `ScheduleExpression`
      ^ one of them is missing
    ");
    insta::assert_snapshot!(of("AWS::Events::Rule", rule(json!({"ScheduleExpression": null}))), @r"
    SD1315 #: `AWS::Events::Rule` needs one of `EventPattern` or `ScheduleExpression`
      ^ one of them is missing
    ");
}

#[test]
fn a_member_that_excludes_another() {
    let subnet =
        |more| super::merged(json!({"VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.0.0.0/24"}), more);
    assert_eq!(of("AWS::EC2::Subnet", subnet(json!({"AvailabilityZone": "us-east-1a"}))), "");
    insta::assert_snapshot!(
        of("AWS::EC2::Subnet", subnet(json!({"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"}))), @r"
    SD1316 /AvailabilityZoneId#: `AWS::EC2::Subnet` takes `AvailabilityZone` or `AvailabilityZoneId`, not both
      ^ `AvailabilityZone` is declared too
      = next: keep one of the two
    "
    );
}

#[test]
fn what_says_nothing_excludes_nothing() {
    let thing = thing(json!({
        "properties": {"Default": {"type": "boolean"}, "Arn": {"type": "string"}, "Ids": {"type": "array"}},
        "requiredXor": ["Default", "Arn", "Ids"],
    }));
    assert_eq!(says(&thing, json!({"Default": false, "Arn": "arn:x", "Ids": []})), "");
    assert!(says(&thing, json!({"Default": true, "Arn": "arn:x"})).starts_with("SD1316 /Arn#"));
}

#[test]
fn a_member_that_needs_another_beside_it() {
    insta::assert_snapshot!(
        of("AWS::EC2::VPC", json!({"Ipv4IpamPoolId": "ipam-pool-0123456789abcdef0"})), @r"
    SD1317 (warning) /Ipv4IpamPoolId#: `Ipv4IpamPoolId` needs `Ipv4NetmaskLength` beside it
      ^ `Ipv4NetmaskLength` is missing
    "
    );
    let thing = thing(json!({
        "properties": {"A": {"type": "string"}, "B": {"type": "string"}}, "dependencies": {"A": ["B"]},
    }));
    assert_eq!(says(&thing, json!({"A": "1", "B": "2"})), "");
    insta::assert_snapshot!(says(&thing, json!({"A": "1"})), @r"
    SD1317 /A#: `A` needs `B` beside it
      ^ `B` is missing
    ");
}

#[test]
fn one_rule_written_twice_is_told_once() {
    // Record sets say it with oneOf and with requiredXor.
    let record = |more| {
        super::merged(
            json!({"Name": "x.example.com", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"], "SetIdentifier": "a"}),
            more,
        )
    };
    insta::assert_snapshot!(of("AWS::Route53::RecordSet", record(json!({}))), @r"
    SD1315 #: `AWS::Route53::RecordSet` needs one of `HostedZoneId` or `HostedZoneName`
      ^ one of them is missing
    SD1321 #: `AWS::Route53::RecordSet` needs `HostedZoneId`, part of its identifier
      ^ `HostedZoneId` is missing
      = why: left out, the service chooses it, and without a state file no later run could find the resource
    ");
    insta::assert_snapshot!(
        of("AWS::Route53::RecordSet", record(json!({"HostedZoneId": "Z1", "HostedZoneName": "example.com."}))), @r"
    SD1316 /HostedZoneName#: `AWS::Route53::RecordSet` takes `HostedZoneId` or `HostedZoneName`, not both
      ^ `HostedZoneId` is declared too
      = next: keep one of the two
    "
    );
}

fn forms() -> crate::schema::ResourceSchema {
    let form = |name: &str, more: serde_json::Value| {
        json!({
            "type": "object", "title": name, "properties": {name: more}, "required": [name], "additionalProperties": false,
        })
    };
    thing(json!({"properties": {"Step": {"oneOf": [
        form("Wait", json!({"type": "object", "properties": {"Seconds": {"type": "integer"}}, "required": ["Seconds"], "additionalProperties": false})),
        form("Call", json!({"type": "string"})),
    ]}}}))
}

#[test]
fn a_union_of_closed_forms_tells_what_is_wrong_in_the_form_that_was_meant() {
    let forms = forms();
    assert_eq!(says(&forms, json!({"Step": {"Wait": {"Seconds": 3}}})), "");
    insta::assert_snapshot!(says(&forms, json!({"Step": {"Wait": {"Second": 3}}})), @r"
    SD1301 /Step/Wait/Second#: `Step.Wait` has no property `Second`
      ^ did you mean `Seconds`?
      = properties: Seconds
    ");
    insta::assert_snapshot!(says(&forms, json!({"Step": {"Wiat": {"Seconds": 3}}})), @r"
    SD1301 /Step/Wiat#: `Step` has no property `Wiat`
      ^ did you mean `Wait`?
      = properties: Wait and Call
    ");
    insta::assert_snapshot!(says(&forms, json!({"Step": {}})), @r"
    SD1315 /Step#: `Step` needs one of `Wait` or `Call`
      ^ one of them is missing
    ");
    insta::assert_snapshot!(says(&forms, json!({"Step": {"Wait": {"Seconds": 3}, "Call": "x"}})), @r"
    SD1316 /Step/Call#: `Step` takes `Wait` or `Call`, not both
      ^ `Wait` is declared too
      = next: keep one of the two
    ");
    insta::assert_snapshot!(says(&forms, json!({"Step": 5})), @r"
    SD1304 /Step: `Step` must be an object, this is a number
      ^ expected an object
    ");
    assert_eq!(says(&forms, json!({"Step": {"$unknown": "Step"}})), "");
    assert_eq!(says(&forms, json!({"Step": {"Call": {"$unknown": "Arn"}}})), "");
}

#[test]
fn a_discriminated_union_tells_about_the_form_that_its_kind_names() {
    let form = |kind: &str, needs: &str| {
        json!({
            "properties": {"Kind": {"type": "string", "enum": [kind]}, needs: {"type": "string", "minLength": 2}}, "required": ["Kind", needs],
        })
    };
    let thing = thing(json!({"properties": {"Target": {
        "type": "object",
        "properties": {"Kind": {"type": "string"}, "Url": {"type": "string"}, "Arn": {"type": "string"}},
        "additionalProperties": false,
        "oneOf": [form("http", "Url"), form("queue", "Arn")],
    }}}));
    assert_eq!(says(&thing, json!({"Target": {"Kind": "http", "Url": "https://x"}})), "");
    insta::assert_snapshot!(says(&thing, json!({"Target": {"Kind": "queue", "Url": "https://x"}})), @r"
    SD1311 /Target#: `Target` needs `Arn`
      ^ `Arn` is missing
    ");
    insta::assert_snapshot!(says(&thing, json!({"Target": {"Kind": "http", "Url": "x"}})), @r"
    SD1307 /Target/Url: `Target.Url` has 1 character, it takes at least 2
      ^ too short
    ");
}

#[test]
fn groups_of_members_name_the_nearest_way_out() {
    let thing = thing(json!({
        "properties": {"Zone": {"type": "string"}, "Size": {"type": "integer"}, "Snapshot": {"type": "string"}, "Source": {"type": "string"}},
        "anyOf": [{"required": ["Zone", "Size"]}, {"required": ["Zone", "Snapshot"]}, {"required": ["Source"]}],
    }));
    assert_eq!(says(&thing, json!({"Source": "v"})), "");
    insta::assert_snapshot!(says(&thing, json!({"Zone": "a"})), @r"
    SD1315 #: `Test::Unit::Thing` needs one of `Size`, `Snapshot` or `Source`
      ^ one of them is missing
    ");
    insta::assert_snapshot!(says(&thing, json!({"Size": 1})), @r"
    SD1315 #: `Test::Unit::Thing` needs one of `Zone` or `Source`
      ^ one of them is missing
    ");
}

#[test]
fn nested_keys_are_checked_inside_a_union() {
    insta::assert_snapshot!(
        of("AWS::DynamoDB::Table", super::table(json!({"KeySchema": [{"AttributeName": "id", "key_type": "HASH"}]}))), @r"
    SD1302 /KeySchema/0/key_type#: nested keys use the provider's spelling: `KeyType`, not `key_type`
      ^ write `KeyType`
      = properties: AttributeName and KeyType
    "
    );
}

#[test]
fn if_then_else_follows_what_is_certain() {
    let thing = thing(json!({
        "properties": {"Engine": {"type": "string"}, "User": {"type": "string"}},
        "if": {"properties": {"Engine": {"enum": ["postgres"]}}, "required": ["Engine"]},
        "then": {"properties": {"User": {"not": {"enum": ["admin"]}}}},
        "else": {"properties": {"User": {"minLength": 3}}},
    }));
    assert_eq!(says(&thing, json!({"Engine": "postgres", "User": "me"})), "");
    insta::assert_snapshot!(says(&thing, json!({"Engine": "postgres", "User": "admin"})), @r"
    SD1305 /User: `User` has a value that is not allowed
      ^ not an allowed value
    ");
    insta::assert_snapshot!(says(&thing, json!({"Engine": "mysql", "User": "me"})), @r"
    SD1307 /User: `User` has 2 characters, it takes at least 3
      ^ too short
    ");
    assert_eq!(says(&thing, json!({"Engine": {"$unknown": "Engine"}, "User": "admin"})), "");
}

#[test]
fn a_union_that_refers_to_itself_comes_to_an_end() {
    let thing = thing(json!({
        "properties": {"Tree": {"$ref": "#/definitions/Tree"}},
        "definitions": {"Tree": {"anyOf": [{"$ref": "#/definitions/Tree"}, {"type": "string", "enum": ["leaf"]}]}},
    }));
    assert_eq!(says(&thing, json!({"Tree": "leaf"})), "");
    assert_eq!(says(&thing, json!({"Tree": "leef"})), "", "too deep to be sure, so silent");
}
