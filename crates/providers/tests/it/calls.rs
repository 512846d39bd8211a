//! What every method sends, and what it makes of a good answer.

use crate::script::{Script, answer, association, at, bucket, ok};
use serde_json::json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, ClientToken, RequestToken};
use stack_core::provider::{FailureKind, Operation, Page, Progress, Provider, Status, Verb};

const CALLER: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::123456789012:user/dev</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>sts-1</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"#;

fn name(text: &str) -> Key {
    Key::Primary(Identifier::single("BucketName", text))
}

#[tokio::test]
async fn the_caller_is_asked_of_sts_in_the_targets_region() {
    let script = Script::of([answer(200, CALLER)]);
    let caller = script.aws().await.caller(&at(Some("eu-west-1"))).await.expect("an identity");
    assert_eq!(caller.account, AccountId::new("123456789012"));
    assert_eq!(caller.arn, "arn:aws:iam::123456789012:user/dev");
    let sent = script.only();
    assert_eq!(sent.uri.to_string(), "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(sent.operation(), "GetCallerIdentity");
    assert!(sent.header("authorization").contains("/eu-west-1/sts/aws4_request"), "{sent:?}");
}

#[tokio::test]
async fn calls_are_signed_for_cloud_control_in_the_targets_region() {
    let body = json!({"TypeName": "AWS::S3::Bucket",
        "ResourceDescription": {"Identifier": "logs", "Properties": "{\"BucketName\":\"logs\"}"}});
    let script = Script::of([ok(body.clone()), ok(body)]);
    let aws = script.aws().await;
    aws.read(&at(Some("eu-west-1")), &bucket(), &name("logs")).await.expect("a bucket");
    aws.read(&at(None), &bucket(), &name("logs")).await.expect("a bucket");
    let sent = script.sent();
    assert_eq!(sent[0].uri.to_string(), "https://cloudcontrolapi.eu-west-1.amazonaws.com/");
    let authorization = sent[0].header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDSANDBOX/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/cloudcontrolapi/aws4_request"), "{authorization}");
    assert_eq!(sent[0].header("x-amz-target"), "CloudApiService.GetResource");
    assert_eq!(sent[0].header("content-type"), "application/x-amz-json-1.0");
    assert!(sent[0].header("user-agent").contains("app/stack-deploy"), "{}", sent[0].header("user-agent"));
    // The region of the sandbox, where a target names none.
    assert_eq!(sent[1].uri.to_string(), "https://cloudcontrolapi.us-east-1.amazonaws.com/");
    assert!(sent[1].header("authorization").contains("/us-east-1/cloudcontrolapi/"));
}

#[tokio::test]
async fn a_read_keeps_the_services_spelling_of_the_identifier() {
    let script = Script::of([ok(json!({"TypeName": "AWS::Connect::IntegrationAssociation",
        "ResourceDescription": {"Identifier": "arn:i|EVENT|", "Properties": "{\"InstanceId\":\"arn:i\",\"N\":1}"}}))]);
    let key = Key::Primary(Identifier {
        parts: vec![
            ("InstanceId".into(), "i".into()),
            ("IntegrationType".into(), "EVENT".into()),
            ("IntegrationArn".into(), String::new()),
        ],
    });
    let mut target = at(Some("us-east-1"));
    target.role_arn = Some("arn:aws:iam::123456789012:role/deploy".to_owned());
    target.type_version_id = Some("00000001".to_owned());
    let found =
        script.aws().await.read(&target, &association(), &key).await.expect("an answer").expect("found");
    assert_eq!(
        found.identifier.parts,
        [
            ("InstanceId".to_owned(), "arn:i".to_owned()),
            ("IntegrationType".to_owned(), "EVENT".to_owned()),
            ("IntegrationArn".to_owned(), String::new())
        ]
    );
    assert_eq!(found.model, json!({"InstanceId": "arn:i", "N": 1}));
    let sent = script.only().json();
    assert_eq!(
        sent,
        json!({
            "TypeName": "AWS::Connect::IntegrationAssociation",
            "Identifier": "{\"InstanceId\":\"i\",\"IntegrationType\":\"EVENT\",\"IntegrationArn\":\"\"}",
            "RoleArn": "arn:aws:iam::123456789012:role/deploy",
            "TypeVersionId": "00000001",
        })
    );
}

#[tokio::test]
async fn an_additional_identifier_is_sent_as_json() {
    let script = Script::of([ok(json!({"ResourceDescription": {"Identifier": "logs", "Properties": "{}"}}))]);
    let key = Key::Additional(vec![("Arn".to_owned(), "arn:b".to_owned())]);
    let found = script.aws().await.read(&at(None), &bucket(), &key).await.expect("an answer").expect("found");
    assert_eq!(found.identifier, Identifier::single("BucketName", "logs"));
    assert_eq!(script.only().json()["Identifier"], json!("{\"Arn\":\"arn:b\"}"));
}

#[tokio::test]
async fn an_identifier_of_a_private_type_stays_one_piece() {
    let script = Script::of([ok(json!({"ResourceDescription": {"Identifier": "a|b", "Properties": "{}"}}))]);
    let ty = "Acme::Private::Thing".into();
    let key = Key::Primary(Identifier::single("", "a|b"));
    let found = script.aws().await.read(&at(None), &ty, &key).await.expect("an answer").expect("found");
    assert_eq!(found.identifier.wire(), "a|b");
    assert_eq!(script.only().json()["Identifier"], json!("a|b"));
}

#[tokio::test]
async fn a_list_gives_one_page_and_only_a_missing_token_ends_it() {
    let script = Script::of([
        ok(json!({"TypeName": "T", "ResourceDescriptions": [], "NextToken": "p2"})),
        ok(json!({"TypeName": "T", "ResourceDescriptions": [
            {"Identifier": "i|EVENT|arn:1", "Properties": "{\"IntegrationArn\":\"arn:1\"}"},
            {"Identifier": "i|EVENT|arn:2"},
        ]})),
    ]);
    let aws = script.aws().await;
    let target = at(None);
    let model = json!({"InstanceId": "i"});
    let first = aws.list(&target, &association(), Some(&model), None).await.expect("a page");
    assert_eq!(first, Page { found: Vec::new(), next: Some("p2".to_owned()) });
    let second = aws.list(&target, &association(), Some(&model), Some("p2")).await.expect("a page");
    assert_eq!(second.next, None);
    let models: Vec<_> = second.found.iter().map(|f| (f.identifier.to_string(), f.model.clone())).collect();
    assert_eq!(
        models,
        [
            ("i|EVENT|arn:1".to_owned(), json!({"IntegrationArn": "arn:1"})),
            ("i|EVENT|arn:2".to_owned(), json!({}))
        ]
    );
    assert_eq!(second.found[1].identifier.parts.len(), 3);
    let sent: Vec<_> = script.sent().iter().map(|sent| sent.json()).collect();
    assert_eq!(
        sent[0],
        json!({"TypeName": "AWS::Connect::IntegrationAssociation", "ResourceModel": "{\"InstanceId\":\"i\"}"})
    );
    assert_eq!(sent[1]["NextToken"], json!("p2"));
}

#[tokio::test]
async fn operations_send_documents_as_json_text_with_our_token() {
    let event = |verb: &str| {
        ok(json!({"ProgressEvent": {"TypeName": "AWS::S3::Bucket", "Operation": verb, "RequestToken": "rt-1",
            "OperationStatus": "IN_PROGRESS", "EventTime": 1_700_000_000.25, "RetryAfter": 1_700_000_005.0,
            "Identifier": "logs"}}))
    };
    let script = Script::of([event("CREATE"), event("UPDATE"), event("DELETE")]);
    let aws = script.aws().await;
    let mut target = at(Some("us-east-1"));
    target.role_arn = Some("arn:aws:iam::123456789012:role/deploy".to_owned());
    let token = ClientToken::new("token-1");
    let logs = Identifier::single("BucketName", "logs");
    let operations = [
        Operation::Create { ty: bucket(), props: json!({"BucketName": "logs"}) },
        Operation::Update {
            ty: bucket(),
            identifier: logs.clone(),
            patch: json!([{"op": "remove", "path": "/Tags"}]),
        },
        Operation::Delete { ty: bucket(), identifier: logs },
    ];
    for operation in &operations {
        let told = aws.submit(&target, operation, &token).await.expect("accepted");
        assert_eq!(
            told,
            Progress {
                request: RequestToken::new("rt-1"),
                ty: Some(bucket()),
                verb: Some(operation.verb()),
                status: Status::InProgress,
                identifier: Some("logs".to_owned()),
                error_code: None,
                message: String::new(),
                retry_after: Some(1_700_000_005_000),
                at: Some(1_700_000_000_250),
                hooks: Vec::new(),
                hooks_request: None,
                model: None,
            }
        );
    }
    let sent: Vec<_> = script.sent().iter().map(|sent| (sent.operation(), sent.json())).collect();
    let common = |more: serde_json::Value| {
        let mut all = json!({"TypeName": "AWS::S3::Bucket", "ClientToken": "token-1",
            "RoleArn": "arn:aws:iam::123456789012:role/deploy"});
        all.as_object_mut().expect("object").extend(more.as_object().expect("object").clone());
        all
    };
    assert_eq!(
        sent,
        [
            ("CreateResource".to_owned(), common(json!({"DesiredState": "{\"BucketName\":\"logs\"}"}))),
            (
                "UpdateResource".to_owned(),
                common(
                    json!({"Identifier": "logs", "PatchDocument": "[{\"op\":\"remove\",\"path\":\"/Tags\"}]"})
                )
            ),
            ("DeleteResource".to_owned(), common(json!({"Identifier": "logs"}))),
        ]
    );
}

#[tokio::test]
async fn statuses_are_told_apart_and_unknown_ones_kept() {
    let cases = [
        ("PENDING", Status::Pending, false),
        ("IN_PROGRESS", Status::InProgress, false),
        ("SUCCESS", Status::Success, true),
        ("FAILED", Status::Failed, true),
        ("CANCEL_IN_PROGRESS", Status::CancelInProgress, false),
        ("CANCEL_COMPLETE", Status::CancelComplete, true),
        ("WAITING_FOR_GODOT", Status::Other("WAITING_FOR_GODOT".to_owned()), false),
    ];
    for (word, status, terminal) in cases {
        let script = Script::of([ok(
            json!({"ProgressEvent": {"RequestToken": "rt-1", "OperationStatus": word, "Identifier": ""}}),
        )]);
        let told = script.aws().await.poll(&at(None), &RequestToken::new("rt-1")).await.expect("progress");
        assert_eq!((&told.status, told.status.is_terminal()), (&status, terminal), "{word}");
        assert_eq!(told.identifier, None, "an empty identifier is none");
        assert_eq!(script.only().json(), json!({"RequestToken": "rt-1"}));
    }
}

fn hooked(status: &str) -> serde_json::Value {
    json!({
        "ProgressEvent": {"RequestToken": "rt-1", "HooksRequestToken": "h-1", "OperationStatus": status,
            "Operation": "CREATE", "StatusMessage": "Hooks failed", "ResourceModel": "{\"Password\":\"hush\"}"},
        "HooksProgressEvent": [
            {"HookTypeName": "Acme::A::B", "HookStatus": "HOOK_COMPLETE_FAILED", "HookStatusMessage": "not encrypted",
                "FailureMode": "FAIL"},
            {"HookTypeName": "Acme::Warns::Only", "HookStatus": "HOOK_COMPLETE_FAILED", "FailureMode": "WARN"},
            {"HookTypeName": "Acme::Fine::One", "HookStatus": "HOOK_COMPLETE_SUCCEEDED", "FailureMode": "FAIL"},
            {"HookTypeArn": "arn:hook", "HookStatus": "HOOK_FAILED"},
        ]
    })
}

#[tokio::test]
async fn failed_hooks_are_told_with_a_failed_operation_only() {
    let script = Script::of([ok(hooked("FAILED")), ok(hooked("IN_PROGRESS"))]);
    let aws = script.aws().await;
    let request = RequestToken::new("rt-1");
    let told = aws.poll(&at(None), &request).await.expect("progress");
    let hooks = [("Acme::A::B", "not encrypted"), ("arn:hook", "no message")];
    assert_eq!(told.hooks, hooks.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(told.hooks_request.as_deref(), Some("h-1"));
    assert_eq!(told.model, Some(json!({"Password": "hush"})));
    assert!(!format!("{told:?}").contains("hush"));
    assert_eq!(
        aws.failure_of(&told).message,
        "Hooks failed; hook Acme::A::B: not encrypted; hook arn:hook: no message"
    );
    assert_eq!(aws.poll(&at(None), &request).await.expect("progress").hooks, []);
}

#[tokio::test]
async fn a_submit_that_is_already_failed_asks_what_its_hooks_said() {
    let failed = json!({"ProgressEvent": hooked("FAILED")["ProgressEvent"]});
    let operation = Operation::Create { ty: bucket(), props: json!({}) };
    let token = ClientToken::new("token-1");

    let script = Script::of([ok(failed.clone()), ok(hooked("FAILED"))]);
    let told = script.aws().await.submit(&at(None), &operation, &token).await.expect("progress");
    assert_eq!(told.verb, Some(Verb::Create));
    assert_eq!(told.hooks.len(), 2);
    let sent: Vec<_> = script.sent().iter().map(|sent| sent.operation()).collect();
    assert_eq!(sent, ["CreateResource", "GetResourceRequestStatus"]);

    let script = Script::of([ok(failed), answer(503, "")]);
    let told = script.aws().await.submit(&at(None), &operation, &token).await.expect("progress");
    assert_eq!(
        told.message,
        "Hooks failed (the messages of its hooks could not be read: HTTP 503: the service gave no reason (HTTP status 503))"
    );
}

#[tokio::test]
async fn a_cancel_names_the_request() {
    let script = Script::of([ok(
        json!({"ProgressEvent": {"RequestToken": "rt-1", "OperationStatus": "CANCEL_IN_PROGRESS"}}),
    )]);
    let told = script.aws().await.cancel(&at(None), &RequestToken::new("rt-1")).await.expect("progress");
    assert_eq!(told.status, Status::CancelInProgress);
    let sent = script.only();
    assert_eq!(
        (sent.operation(), sent.json()),
        ("CancelResourceRequest".to_owned(), json!({"RequestToken": "rt-1"}))
    );
}

#[tokio::test]
async fn requests_are_listed_with_a_filter_for_those_in_flight() {
    let event = json!({"RequestToken": "rt-1", "OperationStatus": "PENDING", "TypeName": "AWS::S3::Bucket",
        "Operation": "DELETE"});
    let script = Script::of([
        ok(json!({"ResourceRequestStatusSummaries": [event], "NextToken": "n"})),
        ok(json!({"ResourceRequestStatusSummaries": [], "NextToken": ""})),
    ]);
    let aws = script.aws().await;
    let page = aws.requests(&at(None), true, None).await.expect("a page");
    assert_eq!((page.requests.len(), page.next.as_deref()), (1, Some("n")));
    assert_eq!(page.requests[0].verb, Some(Verb::Delete));
    let last = aws.requests(&at(None), false, Some("n")).await.expect("a page");
    assert_eq!((last.requests.len(), last.next), (0, None));
    let sent: Vec<_> = script.sent().iter().map(|sent| sent.json()).collect();
    assert_eq!(
        sent,
        [
            json!({"MaxResults": 100, "ResourceRequestStatusFilter": {"OperationStatuses": ["PENDING", "IN_PROGRESS"]}}),
            json!({"MaxResults": 100, "NextToken": "n"}),
        ]
    );
}

#[tokio::test]
async fn answers_that_lack_the_needed_parts_are_failures_that_say_what() {
    let key = name("logs");
    let cases = [
        (json!({}), "the answer about AWS::S3::Bucket has no resource description"),
        (
            json!({"ResourceDescription": {"Identifier": "logs"}}),
            "the answer about AWS::S3::Bucket `logs` has no properties",
        ),
        (
            json!({"ResourceDescription": {"Identifier": "logs", "Properties": "{\"Secret\": \"s3cr3t\""}}),
            "the properties of AWS::S3::Bucket `logs` as sent by the service are no JSON: EOF while parsing an object at \
             line 1 column 19",
        ),
        (
            json!({"ResourceDescription": {"Identifier": "logs", "Properties": "[]"}}),
            "the properties of AWS::S3::Bucket `logs` as sent by the service are no JSON object",
        ),
    ];
    for (body, message) in cases {
        let script = Script::of([ok(body)]);
        let failure = script.aws().await.read(&at(None), &bucket(), &key).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Internal, message));
    }
    for body in [json!({}), json!({"ProgressEvent": {"OperationStatus": "PENDING"}})] {
        let script = Script::of([ok(body)]);
        let failure =
            script.aws().await.poll(&at(None), &RequestToken::new("rt-1")).await.expect_err("a failure");
        assert_eq!(failure.code, "MalformedAnswer");
    }
}
