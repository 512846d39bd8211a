//! Names, types, values, required members, paths.

use super::{domain, merged, of, run, said, says, table, thing};
use crate::conform::{check_type, codes};
use crate::testdata::schema;
use serde_json::json;

#[test]
fn clean_examples_are_silent() {
    assert_eq!(of("AWS::CustomerProfiles::Domain", domain(json!({}))), "");
    assert_eq!(of("AWS::DynamoDB::Table", table(json!({}))), "");
    assert_eq!(of("AWS::IAM::Role", role()), "");
    assert_eq!(of("AWS::EC2::SecurityGroup", group()), "");
}

fn role() -> serde_json::Value {
    json!({
        "RoleName": "runner",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        },
    })
}

fn group() -> serde_json::Value {
    json!({
        "GroupDescription": "web",
        "VpcId": "vpc-0123456789abcdef0",
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
    })
}

#[test]
fn an_unknown_property_at_the_top_is_named_with_the_nearest() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DeadLeterQueueUrl": "https://q"}))), @r"
    SD1301 /DeadLeterQueueUrl#: `AWS::CustomerProfiles::Domain` has no property `DeadLeterQueueUrl`
      ^ did you mean `DeadLetterQueueUrl`?
      = properties: DataStore, DeadLetterQueueUrl, DefaultEncryptionKey, DefaultExpirationDays, DomainName, Matching, RuleBasedMatching and Tags
    ");
    insta::assert_snapshot!(of("AWS::SQS::Queue", json!({"QueueName": "q", "Bandwidth": 1})), @r"
    SD1301 /Bandwidth#: `AWS::SQS::Queue` has no property `Bandwidth`
      ^ not a property
      = properties: ContentBasedDeduplication, DeduplicationScope, DelaySeconds, FifoQueue, FifoThroughputLimit, KmsDataKeyReusePeriodSeconds, KmsMasterKeyId, MaximumMessageSize, MessageRetentionPeriod, QueueName, ReceiveMessageWaitTimeSeconds, RedriveAllowPolicy, RedrivePolicy, SqsManagedSseEnabled, Tags and VisibilityTimeout
    ");
}

#[test]
fn an_unknown_nested_key_lists_what_there_is() {
    insta::assert_snapshot!(
        of("AWS::DynamoDB::Table", table(json!({"SSESpecification": {"SSEEnabled": true, "Colour": "red"}}))), @r"
    SD1301 /SSESpecification/Colour#: `SSESpecification` has no property `Colour`
      ^ not a property
      = properties: KMSMasterKeyId, SSEEnabled and SSEType
    "
    );
}

#[test]
fn a_snake_case_nested_key_is_told_the_providers_spelling() {
    insta::assert_snapshot!(
        of("AWS::DynamoDB::Table", table(json!({"Tags": [{"key": "team", "value": "data"}]}))), @r"
    SD1302 /Tags/0/key#: nested keys use the provider's spelling: `Key`, not `key`
      ^ write `Key`
      = properties: Key and Value
    SD1302 /Tags/0/value#: nested keys use the provider's spelling: `Value`, not `value`
      ^ write `Value`
      = properties: Key and Value
    "
    );
}

#[test]
fn two_spellings_of_one_property_are_a_violation_at_the_second() {
    let conformed = run(
        &schema("AWS::CustomerProfiles::Domain"),
        json!({"domain_name": "a", "DefaultExpirationDays": 366, "DomainName": "b"}),
    );
    insta::assert_snapshot!(said(&conformed), @r"
    SD1303 /DomainName#: `domain_name` and `DomainName` are the same property, `DomainName`
      ^ `DomainName` is already declared
      = next: keep one of the two
    ");
    assert_eq!(conformed.props.get("DomainName"), Some(&crate::value::Value::text("a")));
}

#[test]
fn a_snake_case_top_level_name_is_renamed_and_diagnostics_keep_the_declared_spelling() {
    let conformed = run(
        &schema("AWS::CustomerProfiles::Domain"),
        json!({"domain_name": "crm", "default_expiration_days": "soon"}),
    );
    let renames: Vec<String> = conformed.renames.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    assert_eq!(
        renames,
        ["/domain_name -> /DomainName", "/default_expiration_days -> /DefaultExpirationDays"]
    );
    insta::assert_snapshot!(said(&conformed), @r"
    SD1304 /default_expiration_days: `default_expiration_days` must be an integer, this is a string
      ^ expected an integer
    ");
}

#[test]
fn a_wrong_type_names_both() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DefaultExpirationDays": [1]}))), @r"
    SD1304 /DefaultExpirationDays: `DefaultExpirationDays` must be an integer, this is a list
      ^ expected an integer
    ");
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"Tags": {"team": "data"}}))), @r"
    SD1304 /Tags: `Tags` must be a list, this is an object
      ^ expected a list
      = next: write each tag as an element: - { Key: …, Value: … }
    ");
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DefaultExpirationDays": "integer"}))), @r"
    SD1304 /DefaultExpirationDays: `DefaultExpirationDays` must be an integer, this is a string
      ^ expected an integer
      = why: `integer` is a placeholder of the documentation's skeleton
      = next: fill in a value, or leave the property out
    ");
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"Tags": [null]}))), @r"
    SD1304 /Tags/0: `Tags[0]` must be an object, this is null
      ^ expected an object
      = next: leave the element out
    ");
}

#[test]
fn properties_that_are_no_object_are_one_violation() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", json!(["DomainName"])), @r"
    SD1304 : `AWS::CustomerProfiles::Domain` must be an object, this is a list
      ^ expected an object
    ");
}

#[test]
fn a_value_outside_the_enum_gets_the_nearest() {
    insta::assert_snapshot!(of("AWS::DynamoDB::Table", table(json!({"BillingMode": "PAY_PER_REQEST"}))), @r"
    SD1305 /BillingMode: `BillingMode` cannot be `PAY_PER_REQEST`
      ^ did you mean `PAY_PER_REQUEST`?
      = allowed: PAY_PER_REQUEST and PROVISIONED
    ");
}

#[test]
fn an_enum_whatever_the_case_takes_any_case_and_nothing_else() {
    let thing = thing(
        json!({"properties": {"Mode": {"type": "string", "enumCaseInsensitive": ["managed", "unmanaged"]}}}),
    );
    assert_eq!(says(&thing, json!({"Mode": "MANAGED"})), "");
    insta::assert_snapshot!(says(&thing, json!({"Mode": "manged"})), @r"
    SD1305 /Mode: `Mode` cannot be `manged`
      ^ did you mean `managed`?
      = allowed: managed and unmanaged
    ");
}

#[test]
fn a_constant_is_the_only_value() {
    let thing = thing(json!({"properties": {"Owner": {"type": "string", "const": "Destination"}}}));
    assert_eq!(says(&thing, json!({"Owner": "Destination"})), "");
    insta::assert_snapshot!(says(&thing, json!({"Owner": "Source"})), @r"
    SD1305 /Owner: `Owner` can only be Destination
      ^ write Destination
    ");
}

#[test]
fn a_text_that_does_not_match_shows_the_pattern() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DomainName": "my domain"}))), @r"
    SD1306 /DomainName: `DomainName` cannot be `my domain`: it does not have the form that is asked for
      ^ does not match the pattern
      = pattern: ^[a-zA-Z0-9_-]+$
    ");
}

#[test]
fn a_pattern_that_cannot_run_here_is_left_to_the_service() {
    let thing = thing(json!({"properties": {"Name": {"type": "string", "pattern": "^(?!.*aws).+$"}}}));
    assert_eq!(says(&thing, json!({"Name": "aws:x"})), "");
}

#[test]
fn lengths_count_characters() {
    let thing = thing(json!({"properties": {"Name": {"type": "string", "minLength": 2, "maxLength": 3}}}));
    assert_eq!(says(&thing, json!({"Name": "äöü"})), "");
    insta::assert_snapshot!(says(&thing, json!({"Name": "äöüß"})), @r"
    SD1307 /Name: `Name` has 4 characters, it takes at most 3
      ^ too long
    ");
    insta::assert_snapshot!(says(&thing, json!({"Name": "a"})), @r"
    SD1307 /Name: `Name` has 1 character, it takes at least 2
      ^ too short
    ");
    insta::assert_snapshot!(says(&thing, json!({"Name": ""})), @r"
    SD1307 /Name: `Name` is empty, at least 2 characters are needed
      ^ too short
    ");
}

#[test]
fn numbers_keep_their_bounds() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DefaultExpirationDays": 2000}))), @r"
    SD1308 /DefaultExpirationDays: `DefaultExpirationDays` must be at most 1098, this is 2000
      ^ must be at most 1098
    ");
    let thing = thing(json!({"properties": {
        "Least": {"type": "number", "minimum": 0.5},
        "Above": {"type": "integer", "exclusiveMinimum": 1},
        "Below": {"type": "integer", "maximum": 10, "exclusiveMaximum": true},
        "Step": {"type": "number", "multipleOf": 0.1},
    }}));
    assert_eq!(says(&thing, json!({"Least": 0.5, "Above": 2, "Below": 9, "Step": 0.3})), "");
    assert_eq!(says(&thing, json!({"Step": 214_748_364.8})), "");
    assert!(says(&thing, json!({"Step": 214_748_364.85})).starts_with("SD1308"));
    insta::assert_snapshot!(says(&thing, json!({"Least": 0.4, "Above": 1, "Below": 10, "Step": 0.35})), @r"
    SD1308 /Least: `Least` must be at least 0.5, this is 0.4
      ^ must be at least 0.5
    SD1308 /Above: `Above` must be more than 1, this is 1
      ^ must be more than 1
    SD1308 /Below: `Below` must be less than 10, this is 10
      ^ must be less than 10
    SD1308 /Step: `Step` must be a multiple of 0.1, this is 0.35
      ^ must be a multiple of 0.1
    ");
}

#[test]
fn lists_keep_their_size_and_do_not_repeat_themselves() {
    let thing = thing(json!({"properties": {"Ids": {
        "type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": true,
    }}}));
    assert_eq!(says(&thing, json!({"Ids": ["a", "b"]})), "");
    insta::assert_snapshot!(says(&thing, json!({"Ids": []})), @r"
    SD1309 /Ids#: `Ids` has no element, it takes at least 1
      ^ at least 1 element
    ");
    insta::assert_snapshot!(says(&thing, json!({"Ids": ["a", "b", "c", "d"]})), @r"
    SD1309 /Ids#: `Ids` has 4 elements, it takes at most 3
      ^ at most 3 elements
    ");
    insta::assert_snapshot!(says(&thing, json!({"Ids": ["a", "b", "a"]})), @r"
    SD1310 /Ids/2: `Ids` holds the same element twice
      ^ the same as element 0
    ");
}

#[test]
fn maps_keep_their_size_and_the_form_of_their_keys() {
    let thing = thing(json!({"properties": {"Labels": {
        "type": "object", "patternProperties": {"^[a-z]+$": {"type": "string"}}, "additionalProperties": false,
        "minProperties": 1, "maxProperties": 2,
    }}}));
    assert_eq!(says(&thing, json!({"Labels": {"a": "1"}})), "");
    insta::assert_snapshot!(says(&thing, json!({"Labels": {}})), @r"
    SD1318 /Labels#: `Labels` takes at least 1 member
      ^ at least 1 member
    ");
    insta::assert_snapshot!(says(&thing, json!({"Labels": {"a": "1", "b": "2", "c": "3"}})), @r"
    SD1318 /Labels#: `Labels` takes at most 2 members
      ^ at most 2 members
    ");
    insta::assert_snapshot!(says(&thing, json!({"Labels": {"A1": "1"}})), @r"
    SD1319 /Labels/A1#: the key `A1` does not have the form that `Labels` asks for
      ^ this form is not allowed
      = pattern: ^[a-z]+$
    ");
}

#[test]
fn missing_required_members_are_told_at_their_parent() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", json!({"DomainName": "crm"})), @r"
    SD1311 #: `AWS::CustomerProfiles::Domain` needs `DefaultExpirationDays`
      ^ `DefaultExpirationDays` is missing
    ");
    insta::assert_snapshot!(of("AWS::DynamoDB::Table", table(json!({"Tags": [{"Key": "a", "Value": "b"}, {}]}))), @r"
    SD1311 /Tags/1: `Tags[1]` needs `Value` and `Key`
      ^ `Value` and `Key` are missing
    ");
    insta::assert_snapshot!(
        of("AWS::CustomerProfiles::Domain", domain(json!({"Matching": {"AutoMerging": {}}}))), @r"
    SD1311 /Matching#: `Matching` needs `Enabled`
      ^ `Enabled` is missing
    SD1311 /Matching/AutoMerging#: `Matching.AutoMerging` needs `Enabled`
      ^ `Enabled` is missing
    "
    );
}

#[test]
fn null_removes_what_is_optional_and_nothing_that_is_required() {
    assert_eq!(of("AWS::CustomerProfiles::Domain", domain(json!({"DeadLetterQueueUrl": null}))), "");
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"DefaultExpirationDays": null}))), @r"
    SD1312 /DefaultExpirationDays: `DefaultExpirationDays` is required, it cannot be removed
      ^ null removes a property
      = next: give it a value
    ");
    insta::assert_snapshot!(of("AWS::DynamoDB::Table", table(json!({"Tags": [{"Key": "a", "Value": null}]}))), @r"
    SD1312 /Tags/0/Value: `Tags[0].Value` is required, it cannot be removed
      ^ null removes a property
      = next: give it a value
    ");
}

#[test]
fn a_read_only_property_cannot_be_declared() {
    insta::assert_snapshot!(of("AWS::CustomerProfiles::Domain", domain(json!({"CreatedAt": "2026-01-01"}))), @r"
    SD1313 /CreatedAt#: `CreatedAt` is set by the service, it cannot be declared
      ^ read-only
      = next: remove it; other resources can refer to it as an output
    ");
    insta::assert_snapshot!(
        of("AWS::CustomerProfiles::Domain", domain(json!({"Stats": {"TotalSize": 1}}))), @r"
    SD1313 /Stats#: `Stats` is set by the service, it cannot be declared
      ^ read-only
      = next: remove it; other resources can refer to it as an output
    "
    );
}

#[test]
fn what_is_required_and_read_only_at_once_is_neither_asked_for_nor_refused() {
    let thing = thing(json!({
        "properties": {"Status": {
            "type": "object", "properties": {"IsPublic": {"type": "boolean"}}, "required": ["IsPublic"],
            "additionalProperties": false,
        }},
        "readOnlyProperties": ["/properties/Status/IsPublic"],
    }));
    assert_eq!(says(&thing, json!({"Status": {}})), "");
    assert_eq!(says(&thing, json!({"Status": {"IsPublic": true}})), "");
}

#[test]
fn a_deprecated_property_is_a_warning() {
    let thing = thing(json!({
        "properties": {"Old": {"type": "string"}}, "deprecatedProperties": ["/properties/Old"],
    }));
    assert_eq!(says(&thing, json!({"Old": null})), "");
    insta::assert_snapshot!(says(&thing, json!({"Old": "x"})), @r"
    SD1323 (warning) /Old#: `Old` is deprecated
      ^ should no longer be used
    ");
}

#[test]
fn every_part_of_a_settable_identifier_must_be_declared() {
    insta::assert_snapshot!(of("AWS::S3::Bucket", json!({})), @r"
    SD1321 #: `AWS::S3::Bucket` needs `BucketName`, part of its identifier
      ^ `BucketName` is missing
      = why: left out, the service chooses it, and without a state file no later run could find the resource
    ");
    assert_eq!(of("AWS::S3::Bucket", json!({"BucketName": "logs-4410"})), "");
    assert_eq!(of("AWS::S3::Bucket", json!({"BucketName": {"$unknown": "Name"}})), "");
    // A required part is reported once, as missing.
    let missing = of("AWS::CustomerProfiles::Integration", json!({"Uri": "arn:aws:s3:::crm"}));
    assert!(missing.contains("SD1311") && !missing.contains("SD1321"), "{missing}");
}

#[test]
fn an_identifier_part_that_can_change_may_be_left_out() {
    let record = json!({
        "HostedZoneId": "Z1", "Name": "x.example.com", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"],
    });
    assert_eq!(of("AWS::Route53::RecordSet", record), "");
}

#[test]
fn an_identifier_part_with_a_known_default_may_be_left_out() {
    let mut bucket = schema("AWS::S3::Bucket");
    bucket.overlay.identifier_defaults.insert(bucket.primary_identifier[0].clone(), json!("default"));
    assert_eq!(says(&bucket, json!({})), "");
}

fn thing_with_two(text: &str) -> String {
    let thing = thing(json!({"properties": {"Code": {"type": "string"}, "Other": {"type": "string"}}}));
    says(&thing, json!({"Code": text, "Other": {"$unknown": "Id"}}))
}

#[test]
fn more_than_a_request_can_carry_is_told_before_it_is_sent() {
    let text = "x".repeat(300_000);
    let thing = thing(json!({"properties": {"Code": {"type": "string"}}}));
    insta::assert_snapshot!(says(&thing, json!({"Code": text})), @r"
    SD1322 #: the properties of `Test::Unit::Thing` are too large for one request
      ^ 300011 characters, at most 262144 characters can be sent
      = why: `Code` alone has 300002
      = next: move the largest text out of the resource, such as code to a bucket
    ");
    // What is not known yet makes it no smaller.
    let unknown = thing_with_two(&text);
    assert!(unknown.contains("at least 3000"), "{unknown}");
}

#[test]
fn a_type_without_handlers_names_its_sibling() {
    let found = check_type(&schema("AWS::IAM::Policy"), &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, codes::NOT_PROVISIONABLE);
    insta::assert_snapshot!(format!("{}\n{}\n{:?}", found[0].message, found[0].label, found[0].notes), @r#"
    `AWS::IAM::Policy` cannot be managed through Cloud Control
    no read handler
    [("next", "use `AWS::IAM::RolePolicy`, `AWS::IAM::UserPolicy`, `AWS::IAM::GroupPolicy` or `AWS::IAM::ManagedPolicy`")]
    "#);
    assert_eq!(check_type(&schema("AWS::S3::Bucket"), &[]), []);
}

#[test]
fn a_type_without_handlers_takes_its_sibling_from_the_overlay_first() {
    let mut policy = schema("AWS::IAM::Policy");
    policy.overlay.use_instead = vec!["AWS::IAM::Other".into()];
    assert_eq!(check_type(&policy, &["AWS::X::Y".into()])[0].notes[0].1, "use `AWS::IAM::Other`");
}

#[test]
fn a_service_that_goes_away_is_a_warning() {
    let thing = thing(json!({"properties": {}, "lifecycle": {"status": "sunset", "date": "2026-10-30"}}));
    let found = check_type(&thing, &[]);
    assert_eq!(found[0].code, codes::LIFECYCLE);
    assert_eq!(found[0].message, "the service of `Test::Unit::Thing` is being closed down (2026-10-30)");
}

#[test]
fn violations_come_in_the_order_of_the_document() {
    let conformed = run(
        &schema("AWS::DynamoDB::Table"),
        merged(
            table(json!({})),
            json!({"Nope": 1, "Tags": [{"Key": "a"}], "BillingMode": "X", "TableName": [], "AttributeDefinitions": [{"AttributeName": "id"}]}),
        ),
    );
    let places: Vec<String> = conformed.violations.iter().map(|v| v.pointer.to_string()).collect();
    assert_eq!(places, ["/TableName", "/BillingMode", "/AttributeDefinitions/0", "/Tags/0", "/Nope"]);
}

#[test]
fn a_secret_is_checked_and_never_shown() {
    let secret = |value: serde_json::Value| json!({"$secret": value});
    let thing = thing(json!({"properties": {
        "Short": {"type": "string", "maxLength": 3},
        "Form": {"type": "string", "pattern": "^[a-z]+$"},
        "Pick": {"type": "string", "enum": ["a", "b"]},
        "Count": {"type": "integer", "maximum": 3},
        "Step": {"type": "string"},
        "Config": {"type": "object", "properties": {"User": {"type": "string"}}, "additionalProperties": false},
        "Labels": {"type": "object", "patternProperties": {"^[a-z]+$": {"type": "string"}}, "additionalProperties": false},
        "Ids": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": 1},
    }}));
    let text = says(
        &thing,
        json!({
            "Short": secret(json!("hunter2")), "Form": secret(json!("HUNTER2")), "Pick": secret(json!("hunter2")),
            "Count": secret(json!(987_654)), "Step": secret(json!(98.765)), "Config": secret(json!({"hunter2": "hunter2"})),
            "Labels": secret(json!({"HUNTER2": "hunter2"})), "Ids": [secret(json!("hunter2")), secret(json!("hunter2"))],
        }),
    );
    assert!(
        !text.to_lowercase().contains("hunter") && !text.contains("987") && !text.contains("98.7"),
        "{text}"
    );
    insta::assert_snapshot!(text, @r"
    SD1307 /Short: `Short` is too long: at most 3 characters
      ^ too long
    SD1306 /Form: `Form` does not have the form that is asked for
      ^ does not match the pattern
      = pattern: ^[a-z]+$
    SD1305 /Pick: `Pick` has a value that is not allowed
      ^ not an allowed value
      = allowed: a and b
    SD1308 /Count: `Count` must be at most 3
      ^ must be at most 3
    SD1324 (warning) /Step: `Step` is text, this is a number
      ^ a number where text is meant
      = why: a number loses the form that it was written in: 13.10 becomes 13.1, 1e5 becomes 100000.0
      = next: put it in quotes
    SD1301 /Config: `Config` holds a property that is not allowed there
      ^ not a property
      = properties: User
    SD1319 /Labels: a key does not have the form that `Labels` asks for
      ^ this form is not allowed
      = pattern: ^[a-z]+$
    SD1309 /Ids#: `Ids` has 2 elements, it takes at most 1
      ^ at most 1 element
    SD1310 /Ids/1: `Ids` holds the same element twice
      ^ the same as element 0
    ");
}

#[test]
fn every_code_of_the_family_is_explained_once() {
    let mut numbers: Vec<u16> = codes::ALL.iter().map(|e| e.code.0).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), codes::ALL.len());
    assert!(
        codes::ALL
            .iter()
            .all(|e| (1300..1400).contains(&e.code.0) && e.text.len() > 60 && !e.title.ends_with('.'))
    );
    assert!(codes::explanation(codes::MISSING).is_some());
}
