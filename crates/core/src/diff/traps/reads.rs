//! Traps 23 to 43: read models that are invalid or misleading.

use super::*;

fn acl(members: Json) -> Json {
    let mut model = json!({
        "Name": "w", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}},
        "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"},
    });
    model.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    model
}

fn rule(statement: Json) -> Json {
    let visibility =
        json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "r"});
    json!({"Name": "r", "Priority": 1, "Statement": statement, "VisibilityConfig": visibility})
}

#[test]
fn husks_that_their_schema_refuses_are_removed_beside_a_change_trap_23() {
    let schema = corrected("AWS::WAFv2::WebACL");
    let declared = acl(json!({"TokenDomains": ["a.com"]}));
    let live =
        acl(json!({"TokenDomains": ["b.com"], "Description": "", "Tags": [], "CustomResponseBodies": {}}));
    let document = ops(&schema, declared, live);
    let names = named(&document);
    assert!(names.contains(&"/Description") && names.contains(&"/TokenDomains"), "{document}");
    let tags_refuse = schema.at(&at("/Tags")).unwrap().min_items.unwrap_or(0) > 0;
    assert_eq!(names.contains(&"/Tags"), tags_refuse);
    // A variant whose tags need an element.
    let mut strict = schema;
    strict.root.properties.get_mut("Tags").unwrap().min_items = Some(1);
    let document = ops(&strict, acl(json!({"TokenDomains": ["a.com"]})), acl(json!({"Tags": []})));
    assert_eq!(document, json!([add("/TokenDomains", json!(["a.com"])), remove("/Tags")]));
}

#[test]
fn a_poisoned_rule_is_written_from_the_manifest_trap_24() {
    let schema = corrected("AWS::WAFv2::WebACL");
    let bytes = |search: Json| {
        let mut statement = json!({
            "FieldToMatch": {"UriPath": {}}, "PositionalConstraint": "CONTAINS",
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        });
        statement.as_object_mut().unwrap().extend(search.as_object().unwrap().clone());
        json!([rule(json!({"ByteMatchStatement": statement}))])
    };
    let declared = acl(json!({"TokenDomains": ["a.com"], "Rules": bytes(json!({"SearchString": "x"}))}));
    let live = acl(json!({
        "TokenDomains": ["b.com"], "Rules": bytes(json!({"SearchString": "x", "SearchStringBase64": "eA=="})),
    }));
    let document = ops(&schema, declared.clone(), live);
    assert_eq!(
        document,
        json!([add("/TokenDomains", json!(["a.com"])), add("/Rules", declared["Rules"].clone())])
    );
}

#[test]
fn a_husk_deep_in_a_list_is_pruned_trap_25() {
    let mut schema = corrected("AWS::WAFv2::WebACL");
    schema.overlay.rewrite = PathSet::default();
    let block = |response: Json| {
        let mut rule = rule(json!({"GeoMatchStatement": {"CountryCodes": ["DE"]}}));
        rule["Action"] = json!({"Block": {"CustomResponse": response}});
        json!([rule])
    };
    let live = acl(
        json!({"TokenDomains": ["b.com"], "Rules": block(json!({"ResponseCode": 403, "ResponseHeaders": []}))}),
    );
    // Mended where the manifest leaves the rules alone …
    let document = ops(&schema, acl(json!({"TokenDomains": ["a.com"]})), live.clone());
    assert_eq!(document[1], add("/Rules", block(json!({"ResponseCode": 403}))));
    // … and not carried along where it sets them.
    let declared = acl(json!({"Rules": block(json!({"ResponseCode": 404}))}));
    let document = ops(&schema, declared.clone(), live);
    assert_eq!(document, json!([add("/Rules", declared["Rules"].clone())]));
}

#[test]
fn a_list_shorter_than_allowed_is_pruned_trap_26() {
    let schema = corrected("AWS::BedrockAgentCore::Gateway");
    let place = "/AuthorizerConfiguration/CustomJWTAuthorizer";
    let jwt = |clients: Json| {
        let mut jwt =
            json!({"DiscoveryUrl": "https://x/.well-known/openid-configuration", "AllowedAudience": ["a"]});
        jwt.as_object_mut().unwrap().extend(clients.as_object().unwrap().clone());
        json!({"CustomJWTAuthorizer": jwt})
    };
    assert!(schema.at(&at(&format!("{place}/AllowedClients"))).unwrap().min_items >= Some(1));
    let live = json!({"Name": "g", "Description": "old", "AuthorizerConfiguration": jwt(json!({"AllowedClients": []}))});
    let document = ops(&schema, json!({"Name": "g", "Description": "new"}), live);
    assert_eq!(
        document,
        json!([add("/Description", json!("new")), remove(&format!("{place}/AllowedClients"))])
    );
}

#[test]
fn a_container_that_contradicts_itself_is_sent_as_declared_trap_27() {
    let schema = corrected("AWS::CloudFront::Distribution");
    let config = |comment: &str, certificate: Json| json!({"DistributionConfig": {"Comment": comment, "Enabled": true, "ViewerCertificate": certificate}});
    let declared =
        config("new", json!({"AcmCertificateArn": "arn:aws:acm:x", "SslSupportMethod": "sni-only"}));
    let live = config(
        "old",
        json!({"AcmCertificateArn": "arn:aws:acm:x", "SslSupportMethod": "sni-only", "CloudFrontDefaultCertificate": false, "IamCertificateId": "i"}),
    );
    let document = ops(&schema, declared.clone(), live);
    assert_eq!(named(&document), ["/DistributionConfig/Comment", "/DistributionConfig/ViewerCertificate"]);
    assert_eq!(document[1]["value"], declared["DistributionConfig"]["ViewerCertificate"]);
}

#[test]
fn of_two_that_exclude_each_other_the_undeclared_one_goes_trap_28() {
    let schema = corrected("AWS::Glue::Job");
    let job = |timeout: u64| json!({"Role": "r", "Command": {"Name": "glueetl"}, "NumberOfWorkers": 2, "WorkerType": "G.1X", "Timeout": timeout});
    let mut live = job(10);
    live["MaxCapacity"] = json!(2.0);
    assert_eq!(
        ops(&schema, job(20), live.clone()),
        json!([add("/Timeout", json!(20)), remove("/MaxCapacity")])
    );
    // Without a choice in the manifest nobody can tell which.
    let undecided = ops(&schema, json!({"Role": "r", "Timeout": 20}), live);
    assert_eq!(undecided, json!([add("/Timeout", json!(20))]));
}

#[test]
fn a_choice_that_the_schema_names_is_mended_too_trap_28() {
    let schema = corrected("AWS::Route53::RecordSet");
    let geo =
        |location: Json, ttl: &str| json!({"Name": "a.x", "Type": "A", "TTL": ttl, "GeoLocation": location});
    let document = ops(
        &schema,
        geo(json!({"CountryCode": "DE"}), "60"),
        geo(json!({"CountryCode": "DE", "ContinentCode": "EU"}), "30"),
    );
    assert_eq!(document, json!([add("/TTL", json!("60")), remove("/GeoLocation/ContinentCode")]));
}

#[test]
fn empty_tags_below_their_minimum_go_trap_29() {
    let schema = corrected("AWS::KinesisVideo::Stream");
    assert_eq!(schema.at(&at("/Tags")).unwrap().min_items, Some(1));
    let document = ops(
        &schema,
        json!({"Name": "s", "DataRetentionInHours": 2}),
        json!({"Name": "s", "DataRetentionInHours": 1, "Tags": []}),
    );
    assert_eq!(document, json!([add("/DataRetentionInHours", json!(2)), remove("/Tags")]));
    // A list that is declared empty cannot be sent either.
    let document = ops(
        &schema,
        json!({"Name": "s", "Tags": []}),
        json!({"Name": "s", "Tags": [{"Key": "a", "Value": "b"}]}),
    );
    assert_eq!(document, json!([remove("/Tags")]));
}

#[test]
fn an_object_without_its_required_members_goes_trap_30() {
    let schema = corrected("AWS::Lambda::EventInvokeConfig");
    let config = |age: u64, destinations: Json| json!({"FunctionName": "f", "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": age, "DestinationConfig": destinations});
    let mut declared = config(100, Json::Null);
    declared.as_object_mut().unwrap().remove("DestinationConfig");
    let document = ops(&schema, declared, config(60, json!({"OnFailure": {}, "OnSuccess": {}})));
    let names = named(&document);
    assert_eq!(names[0], "/MaximumEventAgeInSeconds");
    assert!(
        names[1..] == ["/DestinationConfig/OnFailure", "/DestinationConfig/OnSuccess"]
            || names[1..] == ["/DestinationConfig"],
        "{document}"
    );
}

#[test]
fn nulls_in_a_list_go_trap_31() {
    let schema = corrected("AWS::S3::Bucket");
    let metrics = |filters: Json| json!([{"Id": "m", "TagFilters": filters}]);
    let live = json!({
        "BucketName": "b", "MetricsConfigurations": metrics(json!([null])),
        "VersioningConfiguration": {"Status": "Suspended"},
    });
    let document = ops(
        &schema,
        json!({"BucketName": "b", "VersioningConfiguration": {"Status": "Enabled"}}),
        live.clone(),
    );
    assert_eq!(document[1], add("/MetricsConfigurations", json!([{"Id": "m"}])));
    // A null in a list is no element.
    let same = changes(&schema, json!({"MetricsConfigurations": metrics(json!([]))}), live);
    assert_eq!(same, [""; 0]);
}

#[test]
fn what_is_wrong_below_a_read_only_place_is_left_alone_trap_32() {
    let schema = corrected("AWS::OpenSearchService::Domain");
    let live = json!({"DomainName": "d", "EngineVersion": "a", "DomainEndpoints": {"vpc": null}});
    let document = ops(&schema, json!({"DomainName": "d", "EngineVersion": "b"}), live);
    assert_eq!(named(&document), ["/EngineVersion"]);
}

#[test]
fn a_read_value_that_breaks_its_pattern_is_left_alone_trap_33() {
    let mut schema = corrected("AWS::Logs::LogGroup");
    schema.root.properties.get_mut("KmsKeyId").unwrap().pattern = Some("^never$".into());
    let document = ops(
        &schema,
        json!({"LogGroupName": "g", "RetentionInDays": 7}),
        json!({"LogGroupName": "g", "RetentionInDays": 1, "KmsKeyId": "arn:aws:kms:x"}),
    );
    assert_eq!(named(&document), ["/RetentionInDays"]);
}

#[test]
fn an_empty_list_that_is_required_is_sent_trap_35() {
    let mut schema = corrected("AWS::CleanRooms::Collaboration");
    schema.root.required = vec!["Name".into(), "MemberAbilities".into()];
    let list = schema.root.properties["AnalyticsEngine"].clone();
    let mut list = list;
    list.types = crate::schema::Types::of(&[crate::schema::JsonType::Array]);
    list.choices = vec![];
    list.reference = None;
    schema.root.properties.insert("MemberAbilities".into(), list);
    let declared = json!({"Name": "n", "Description": "new", "MemberAbilities": []});
    let created = super::super::desired_state(&schema, &Value::from(&declared)).known().unwrap();
    assert_eq!(created, declared);
    // And put back where reads leave it out.
    let document = ops(&schema, declared, json!({"Name": "n", "Description": "old"}));
    assert_eq!(document, json!([add("/Description", json!("new")), add("/MemberAbilities", json!([]))]));
}

#[test]
fn values_that_nobody_marked_read_only_are_corrected_trap_36() {
    let schema = corrected("AWS::NetworkManager::GlobalNetwork");
    let live = json!({"Id": "g", "State": "AVAILABLE", "CreatedAt": "now"});
    assert_eq!(changes(&schema, json!({"State": "PENDING"}), live), [""; 0]);
}

#[test]
fn a_value_that_is_never_returned_is_no_change_trap_38() {
    let schema = corrected("AWS::SSM::Document");
    let document =
        |content: &str| json!({"Name": "d", "Content": {"schemaVersion": "2.2", "description": content}});
    let mut declared = document("a");
    declared["UpdateMethod"] = json!("NewVersion");
    let found = compared(&schema, declared.clone(), &document("a"));
    assert_eq!((found.changes, found.cannot_compare), (vec![], vec![at("/UpdateMethod")]));
}

#[test]
fn a_launch_template_makes_no_version_by_itself_trap_39() {
    let schema = corrected("AWS::EC2::LaunchTemplate");
    let declared = |description: &str| json!({"LaunchTemplateName": "t", "VersionDescription": description, "LaunchTemplateData": {"ImageId": "ami-1"}});
    let live = json!({"LaunchTemplateId": "lt-1", "LaunchTemplateName": "t"});
    assert_eq!(ops(&schema, declared("a"), live.clone()), json!([]));
    // Another necessary change takes it along, because the model is invalid without it.
    let mut other = schema;
    other.write_only_properties.0.retain(|path| path.top() == Some("LaunchTemplateData"));
    assert_eq!(named(&ops(&other, declared("b"), live)), ["/VersionDescription", "/LaunchTemplateData"]);
}

#[test]
fn what_cannot_be_compared_is_counted_trap_40() {
    let mut schema = corrected("AWS::GameLift::GameServerGroup");
    schema.write_only_properties.0.extend(paths(&["/properties/Tags"]).0);
    let declared =
        json!({"GameServerGroupName": "g", "MinSize": 1, "MaxSize": 2, "Tags": [{"Key": "a", "Value": "b"}]});
    let found = compared(&schema, declared, &json!({"GameServerGroupName": "g"}));
    assert_eq!(found.changes, []);
    assert_eq!(found.cannot_compare, [at("/MinSize"), at("/MaxSize"), at("/Tags")]);
}

#[test]
fn write_only_places_leave_no_difference_behind_trap_41() {
    let schema = corrected("AWS::DataSync::LocationS3");
    let declared = json!({"S3BucketArn": "arn:aws:s3:::b", "Subdirectory": "/x", "S3Config": {"BucketAccessRoleArn": "arn:aws:iam::1:role/r"}});
    let live = json!({"LocationArn": "arn:aws:datasync:x", "LocationUri": "s3://b/x", "S3Config": {"BucketAccessRoleArn": "arn:aws:iam::1:role/r"}});
    assert_eq!(compared(&schema, declared, &live).changes, []);
}

#[test]
fn a_place_that_reads_leave_out_is_set_but_not_compared_trap_43() {
    let schema = corrected("AWS::IoT::Authorizer");
    assert!(!schema.tags_readable() && !schema.tags_write_only());
    let declared = |status: &str| json!({"AuthorizerName": "a", "AuthorizerFunctionArn": "f", "Status": status, "Tags": [{"Key": "k", "Value": "v"}]});
    let live = json!({"AuthorizerName": "a", "AuthorizerFunctionArn": "f", "Status": "ACTIVE"});
    let found = compared(&schema, declared("ACTIVE"), &live);
    assert_eq!((found.changes, found.cannot_compare), (vec![], vec![at("/Tags")]));
    assert_eq!(named(&ops(&schema, declared("INACTIVE"), live)), ["/Status", "/Tags"]);
}

#[test]
fn system_tags_are_neither_drift_nor_sent_trap_34() {
    let schema = corrected("AWS::ServiceCatalogAppRegistry::Application");
    let live = json!({"Name": "a", "Tags": {"aws:servicecatalog:applicationName": "a", "team": "x"}});
    let same = explained(&schema, json!({"Name": "a", "Tags": {"team": "x"}}), live.clone());
    assert_eq!(same, [("/Tags".to_owned(), Rule::SystemTags)]);
    let document = ops(&schema, json!({"Name": "a", "Tags": {"team": "y"}}), live);
    assert!(!document.to_string().contains("aws:"), "{document}");
}

/// What reads show as asterisks cannot be compared, and a mask must not come back as the value (Confluent traps 50, 51).
#[test]
fn a_masked_value_is_passed_over_and_put_beside_another_change() {
    let mut schema = corrected("AWS::WAFv2::WebACL");
    schema.overlay.masked = PathSet(vec![PropertyPath::parse("/Description")]);
    let live = acl(json!({"TokenDomains": ["a.com"], "Description": "****"}));
    let same = acl(json!({"TokenDomains": ["a.com"], "Description": "real"}));
    assert_eq!(ops(&schema, same, live.clone()), json!([]));
    let other = acl(json!({"TokenDomains": ["b.com"], "Description": "real"}));
    assert_eq!(
        ops(&schema, other, live),
        json!([add("/TokenDomains", json!(["b.com"])), add("/Description", json!("real"))])
    );
    // One asterisk, or asterisks with something else, are a value.
    let star = acl(json!({"TokenDomains": ["a.com"], "Description": "*"}));
    let declared = acl(json!({"TokenDomains": ["a.com"], "Description": "real"}));
    assert_eq!(ops(&schema, declared, star), json!([add("/Description", json!("real"))]));
}
