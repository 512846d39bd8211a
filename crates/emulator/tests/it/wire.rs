use super::*;

fn answer(world: &mut World, request: &http::Request<Bytes>) -> (u16, String) {
    match world.send(request) {
        Reply::Answer { response, .. } => {
            (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
        }
        Reply::Lost { .. } => panic!("lost"),
    }
}

fn changed(name: &'static str, value: Option<&str>) -> http::Request<Bytes> {
    let mut request = request("GetResource", "{}", "us-east-1");
    request.headers_mut().remove(name);
    if let Some(value) = value {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

#[test]
fn a_wrong_content_type_or_target_is_refused() {
    let mut world = World::new();
    let (status, body) = answer(&mut world, &changed("content-type", Some("application/json")));
    assert_eq!((status, body.contains("UnsupportedMediaTypeException")), (415, true));
    let (status, body) = answer(&mut world, &changed("x-amz-target", Some("CloudApiService.Nope")));
    assert_eq!((status, body.contains("UnknownOperationException")), (400, true));
}

#[test]
fn a_request_without_a_good_signature_is_refused() {
    let mut world = World::new();
    for (request, error) in [
        (changed("authorization", None), "MissingAuthenticationTokenException"),
        (changed("authorization", Some("Bearer x")), "IncompleteSignatureException"),
        (changed("x-amz-date", None), "IncompleteSignatureException"),
        (changed("authorization", Some(&authorization("s3", "us-east-1"))), "InvalidSignatureException"),
    ] {
        let (status, body) = answer(&mut world, &request);
        assert_eq!(status, 400);
        assert!(body.contains(error), "{body}");
    }
    assert!(world.cloud.history().iter().all(|call| call.outcome != "ok"));
}

#[test]
fn members_break_constraints_in_the_words_of_the_front_end() {
    let mut world = World::new();
    let refused = world.call("GetResource", &json!({ "TypeName": "AWS::X" })).unwrap_err();
    assert_eq!((refused.name.as_str(), refused.status), ("ValidationException", 400));
    insta::assert_snapshot!(refused.message, @"3 validation errors detected: Value 'AWS::X' at 'typeName' failed to satisfy constraint: Member must have length greater than or equal to 10; Value 'AWS::X' at 'typeName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}; Value null at 'identifier' failed to satisfy constraint: Member must not be null");
    for (member, value) in [
        ("ClientToken", "ü"),
        ("ClientToken", ""),
        ("RoleArn", "arn:aws:iam::1234:role/x-too-short-account"),
        ("TypeVersionId", "a b"),
    ] {
        let mut body = json!({ "TypeName": LOG_GROUP, "Identifier": "x" });
        body[member] = Json::from(value);
        let refused = world.call("DeleteResource", &body).unwrap_err();
        assert_eq!(refused.name, "ValidationException", "{member} {value}");
    }
}

#[test]
fn documents_have_a_ceiling_of_256_kib_and_are_never_shown() {
    let mut world = World::new();
    let big = json!({ "LogGroupName": "x".repeat(262_144) }).to_string();
    let refused =
        world.call("CreateResource", &json!({ "TypeName": LOG_GROUP, "DesiredState": big })).unwrap_err();
    assert_eq!(
        refused.message,
        "1 validation error detected: Value at 'desiredState' failed to satisfy constraint: Member must have length \
         less than or equal to 262144"
    );
}

#[test]
fn a_member_of_the_wrong_json_type_is_a_serialization_error() {
    let mut world = World::new();
    let refused = world.call("GetResource", &json!({ "TypeName": 5, "Identifier": "x" })).unwrap_err();
    assert_eq!(refused.name, "SerializationException");
    let request = request("GetResource", "{not json", "us-east-1");
    assert!(answer(&mut world, &request).1.contains("SerializationException"));
}

#[test]
fn an_unknown_member_is_ignored_but_noted() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    let body = json!({ "TypeName": LOG_GROUP, "Identifier": "a", "clientToken": "x" });
    world.call("GetResource", &body).unwrap();
    assert_eq!(world.cloud.history().last().unwrap().ignored, ["clientToken"]);
}

#[test]
fn modelled_errors_and_front_end_errors_have_their_own_namespaces() {
    let mut world = World::new();
    let modelled =
        request("GetResource", r#"{"TypeName":"AWS::Logs::LogGroup","Identifier":"no"}"#, "us-east-1");
    let (status, body) = answer(&mut world, &modelled);
    assert_eq!(status, 400, "not found is HTTP 400 (trap 91)");
    assert!(body.contains("com.amazon.cloudapiservice#ResourceNotFoundException"), "{body}");
    assert!(body.contains("HandlerErrorCode: NotFound, RequestToken: "), "{body}");
    let (_, body) = answer(&mut world, &request("GetResource", "{}", "us-east-1"));
    assert!(body.contains("com.amazon.coral.validate#ValidationException"), "{body}");
}

fn sts(body: &str, key: &str) -> http::Request<Bytes> {
    http::Request::post("http://127.0.0.1:4566/")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-amz-date", "20261121T100000Z")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/sts/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, Signature={}",
                "b".repeat(64)
            ),
        )
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

#[test]
fn sts_tells_the_account_of_the_access_key() {
    let mut config = Config::default();
    config.accounts.insert("AKIDOTHER".to_owned(), "999999999999".to_owned());
    let mut world = World::with(config);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let (status, text) = answer(&mut world, &sts(body, "AKIDEXAMPLE"));
    assert_eq!(status, 200);
    assert!(text.contains("<Account>123456789012</Account>"), "{text}");
    assert!(answer(&mut world, &sts(body, "AKIDOTHER")).1.contains("<Account>999999999999</Account>"));
    let (status, text) = answer(&mut world, &sts("Action=GetSessionToken", "AKIDEXAMPLE"));
    assert_eq!((status, text.contains("<Code>InvalidAction</Code>")), (400, true));
}

#[test]
fn an_assumed_role_acts_in_its_own_account() {
    let mut world = World::new();
    let role =
        "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A555555555555%3Arole%2Fdeploy&RoleSessionName=ci";
    let (_, text) = answer(&mut world, &sts(role, "AKIDEXAMPLE"));
    let key = text.split("<AccessKeyId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (_, text) = answer(&mut world, &sts("Action=GetCallerIdentity", &key));
    assert!(text.contains("<Account>555555555555</Account>"), "{text}");
    assert!(text.contains("assumed-role/deploy/ci"), "{text}");
}

#[test]
fn accounts_and_regions_are_apart() {
    let mut world = World::new();
    world.create(LOG_GROUP, &log_group("a"));
    world.region = "eu-west-1".to_owned();
    assert_eq!(world.get(LOG_GROUP, "a").unwrap_err().name, "ResourceNotFoundException");
}
