//! Requests to services without an SDK client: what is sent, how it is signed, where it goes, what errors become.

use crate::credentials::{Home, KEYS};
use crate::script::{Answer, Script, Sent, answer, at, types};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use stack_core::ids::Region;
use stack_core::provider::{Failure, FailureKind as K};
use stack_providers::aws::{
    Aws, AwsSettings, CLOUDFORMATION, Service, SignedRequest, TAGGING, connect, encoded,
};
use stack_providers::{TransportError, TransportErrorKind};
use std::time::{Duration, SystemTime};

const SECRET: &str = "s3cr3t-value";

fn rest() -> Service {
    Service::of("AppIntegrations", "app-integrations", "app-integrations")
}

fn get(path: &str, query: &[(&str, &str)]) -> SignedRequest {
    SignedRequest {
        method: http::Method::GET,
        path: path.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
    }
}

fn post() -> SignedRequest {
    SignedRequest::post("application/x-amz-json-1.1", format!("{{\"Secret\":\"{SECRET}\"}}"))
        .header("x-amz-target", "Thing_2020.Do")
}

async fn ask(script: &Script, settings: AwsSettings, service: &Service) -> Result<(), Failure> {
    let aws = connect(script.transport(), types(), settings).await.expect("connects");
    aws.signed(&at(None), service, post()).await.map(drop)
}

async fn refused(answer: Answer) -> Failure {
    let script = Script::of([answer]);
    let failure = script.aws().await.signed(&at(None), &TAGGING, post()).await.expect_err("a failure");
    assert_eq!(script.sent().len(), 1);
    assert!(!format!("{failure} {failure:?}").contains(SECRET), "{failure:?}");
    failure
}

/// The signature that the library makes of what was sent, with these keys.
fn signature(sent: &Sent, key: &str, secret: &str, region: &str, name: &str) -> String {
    let identity = Credentials::new(key, secret, None, None, "test").into();
    let date = sent.header("x-amz-date");
    let time = aws_smithy_types::DateTime::from_str(
        &format!(
            "{}-{}-{}T{}:{}:{}Z",
            &date[..4],
            &date[4..6],
            &date[6..8],
            &date[9..11],
            &date[11..13],
            &date[13..15]
        ),
        aws_smithy_types::date_time::Format::DateTime,
    )
    .expect("a time");
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(name)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(time.secs().unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .expect("parameters")
        .into();
    let headers = sent
        .headers
        .iter()
        .filter(|(name, _)| !["authorization", "x-amz-date"].contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let uri = sent.uri.to_string();
    let request =
        SignableRequest::new(sent.method.as_str(), &uri, headers, SignableBody::Bytes(sent.body.as_bytes()))
            .expect("a request");
    sign(request, &params).expect("signed").into_parts().1
}

#[tokio::test]
async fn a_request_is_sent_as_given_and_signed_for_its_service_and_region() {
    let script = Script::of([answer(200, "{\"a\":1}")]);
    let aws = script.aws().await;
    let good = aws.signed(&at(Some("eu-west-1")), &TAGGING, post()).await.expect("an answer");
    assert_eq!((good.status().as_u16(), &good.body()[..]), (200, &b"{\"a\":1}"[..]));
    assert_eq!(good.headers()["x-amzn-requestid"], "req-1");
    let sent = script.only();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri.to_string(), "https://tagging.eu-west-1.amazonaws.com/");
    assert_eq!(sent.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(sent.header("x-amz-target"), "Thing_2020.Do");
    assert!(sent.header("user-agent").contains("app/stack-deploy"), "{sent:?}");
    assert_eq!(sent.body, format!("{{\"Secret\":\"{SECRET}\"}}"));
    let authorization = sent.header("authorization");
    let date = &sent.header("x-amz-date")[..8];
    let scope = format!("Credential=AKIDSANDBOX/{date}/eu-west-1/tagging/aws4_request");
    assert!(
        authorization.starts_with(&format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=")),
        "{authorization}"
    );
    assert!(authorization.contains("content-type;"), "{authorization}");
    let expected = signature(&sent, "AKIDSANDBOX", "sandbox", "eu-west-1", "tagging");
    assert!(authorization.ends_with(&format!("Signature={expected}")), "{authorization}");
}

#[tokio::test]
async fn paths_and_queries_are_encoded_as_they_are_signed() {
    let script = Script::of([answer(200, "")]);
    let path = format!("/dataIntegrations/{}/associations", encoded("arn:aws:x/y z"));
    let query = [("nextToken", "a+b/c=="), ("maxResults", "50"), ("ä", "~*")];
    let aws = script.aws().await;
    aws.signed(&at(Some("us-west-2")), &rest(), get(&path, &query)).await.expect("an answer");
    let sent = script.only();
    assert_eq!(
        sent.uri.to_string(),
        "https://app-integrations.us-west-2.amazonaws.com/dataIntegrations/arn%3Aaws%3Ax%2Fy%20z/associations\
         ?nextToken=a%2Bb%2Fc%3D%3D&maxResults=50&%C3%A4=~%2A"
    );
    let expected = signature(&sent, "AKIDSANDBOX", "sandbox", "us-west-2", "app-integrations");
    assert!(sent.header("authorization").ends_with(&format!("Signature={expected}")), "{sent:?}");
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    let script = Script::of([answer(200, "")]);
    let home = Home::new();
    let env = [KEYS[0], KEYS[1], KEYS[2], ("AWS_SESSION_TOKEN", "session-1")];
    ask(&script, home.settings(&env), &TAGGING).await.expect("an answer");
    let sent = script.only();
    assert_eq!(sent.header("x-amz-security-token"), "session-1");
    assert!(sent.header("authorization").contains("x-amz-security-token"), "{sent:?}");
}

#[tokio::test]
async fn credentials_are_looked_up_once_for_all_services() {
    let home = Home::new().file(
        ".aws/config",
        "[default]\nregion=us-east-1\ncredential_process = sh -c 'echo x >> ~/asked; echo \
         \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIDPROC\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}\"'\n",
    );
    let config = home.path(".aws/config");
    let asked = home.path("asked");
    let text =
        std::fs::read_to_string(&config).expect("a file").replace("~/asked", &asked.display().to_string());
    std::fs::write(&config, text).expect("a file");
    let script = Script::of([answer(200, ""), answer(200, "")]);
    let aws = connect(script.transport(), types(), home.settings(&[])).await.expect("connects");
    for service in [&TAGGING, &CLOUDFORMATION] {
        aws.signed(&at(None), service, post()).await.expect("an answer");
    }
    assert!(script.sent().iter().all(|sent| sent.header("authorization").contains("=AKIDPROC/")));
    assert_eq!(std::fs::read_to_string(asked).expect("a file"), "x\n");
}

#[tokio::test]
async fn endpoints_come_from_settings_then_service_variables_then_the_profile() {
    let home = Home::new().file(
        ".aws/config",
        "[default]\nregion=us-east-1\n\n\
         [profile all]\nregion=us-east-1\nendpoint_url=http://localhost:1\n\n\
         [profile some]\nregion=us-east-1\nservices=local\nendpoint_url=http://localhost:1\n\n\
         [services local]\nresource_groups_tagging_api =\n  endpoint_url = http://localhost:2/tags\n\n\
         [profile none]\nregion=us-east-1\nendpoint_url=http://localhost:1\n\
         ignore_configured_endpoint_urls=true\n\n\
         [profile fips]\nregion=us-east-1\nuse_fips_endpoint=true\n\n\
         [profile six]\nregion=us-east-1\nuse_dualstack_endpoint=true\n",
    );
    let all = ("AWS_ENDPOINT_URL", "http://localhost:4566");
    let tags = ("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", "http://localhost:4567/base/");
    let forms = ("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://localhost:4568");
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let regular =
        ["https://tagging.us-east-1.amazonaws.com/", "https://cloudformation.us-east-1.amazonaws.com/"];
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, [&'a str; 2]);
    let cases: [Case<'_>; 13] = [
        (&[], None, regular),
        (&[all], None, ["http://localhost:4566/", "http://localhost:4566/"]),
        (&[all, tags], None, ["http://localhost:4567/base/", "http://localhost:4566/"]),
        (&[all, forms], None, ["http://localhost:4566/", "http://localhost:4568/"]),
        (&[tags], None, ["http://localhost:4567/base/", regular[1]]),
        (&[all, tags, ignore], None, regular),
        (&[all, tags], Some("http://127.0.0.1:9"), ["http://127.0.0.1:9/", "http://127.0.0.1:9/"]),
        (&[("AWS_PROFILE", "all")], None, ["http://localhost:1/", "http://localhost:1/"]),
        (&[("AWS_PROFILE", "some")], None, ["http://localhost:2/tags/", "http://localhost:1/"]),
        (&[("AWS_PROFILE", "some"), tags], None, ["http://localhost:4567/base/", "http://localhost:1/"]),
        (&[("AWS_PROFILE", "none")], None, regular),
        (
            &[("AWS_PROFILE", "fips")],
            None,
            [
                "https://tagging-fips.us-east-1.amazonaws.com/",
                "https://cloudformation-fips.us-east-1.amazonaws.com/",
            ],
        ),
        (
            &[("AWS_PROFILE", "six")],
            None,
            ["https://tagging.us-east-1.api.aws/", "https://cloudformation.us-east-1.api.aws/"],
        ),
    ];
    for (env, setting, expected) in cases {
        let script = Script::of([answer(200, ""), answer(200, "")]);
        let keys = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s")];
        for service in [&TAGGING, &CLOUDFORMATION] {
            let mut settings = home.settings(&[env, &keys].concat());
            settings.endpoint_url = setting.map(str::to_owned);
            ask(&script, settings, service).await.expect("an answer");
        }
        let sent: Vec<String> = script.sent().iter().map(|sent| sent.uri.to_string()).collect();
        assert_eq!(sent, expected, "{env:?} {setting:?}");
    }
}

#[tokio::test]
async fn an_endpoint_variable_that_is_no_url_is_told_before_any_request() {
    for name in ["AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API"] {
        let settings = Home::new().settings(&[KEYS[0], KEYS[1], KEYS[2], (name, "localhost:4566")]);
        let error = connect(Script::of([]).transport(), types(), settings).await.expect_err("an error");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn without_credentials_or_region_nothing_is_sent() {
    let script = Script::of([]);
    let settings = || Home::new().settings(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    let mut with_region = settings();
    with_region.region = Some(Region::new("us-east-1"));
    let failure = ask(&script, with_region, &TAGGING).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Credentials, "NoCredentials"), "{failure}");
    let failure = ask(&script, settings(), &TAGGING).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "NoRegion"), "{failure}");
    let aws: Aws = script.aws().await;
    let failure = aws.signed(&at(Some("no region/..")), &TAGGING, post()).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "RequestNotBuilt"), "{failure}");
    let bad = SignedRequest { path: "/a b".to_owned(), ..post() };
    let failure = aws.signed(&at(None), &TAGGING, bad).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "RequestNotBuilt"), "{failure}");
    assert!(!format!("{failure:?}").contains(SECRET), "{failure:?}");
    assert!(script.sent().is_empty());
}

#[test]
fn a_request_shows_neither_body_nor_query() {
    let request = SignedRequest { query: vec![("token".to_owned(), SECRET.to_owned())], ..post() };
    assert_eq!(format!("{request:?}"), "POST /");
}

fn json_error(status: u16, body: &str) -> Answer {
    answer(status, body)
}

fn xml_error(status: u16, code: &str, message: &str) -> Answer {
    answer(
        status,
        format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>xml-1</RequestId></ErrorResponse>"
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn errors_are_classified_whether_they_are_json_or_xml() {
    let cases = [
        ("ThrottledException", 400, K::Throttled),
        ("ThrottlingException", 429, K::Throttled),
        ("Throttling", 400, K::Throttled),
        ("InvalidParameterException", 400, K::Invalid),
        ("PaginationTokenExpiredException", 400, K::Invalid),
        ("InternalServiceException", 500, K::Unavailable),
        ("InternalServiceException", 400, K::Unavailable),
        ("ValidationError", 400, K::Invalid),
        ("CFNRegistryException", 400, K::Internal),
        ("TypeNotFoundException", 404, K::Unsupported),
        ("AccessDeniedException", 400, K::Denied),
        ("AccessDenied", 403, K::Denied),
        ("ExpiredTokenException", 400, K::Credentials),
        ("InvalidClientTokenId", 403, K::Credentials),
        ("SignatureDoesNotMatch", 403, K::Credentials),
        ("InternalFailure", 500, K::Unavailable),
        ("ServiceUnavailable", 503, K::Unavailable),
        ("ResourceNotFoundException", 404, K::NotFound),
        ("DuplicateResourceException", 409, K::Invalid),
    ];
    let start = tokio::time::Instant::now();
    for (code, status, kind) in cases {
        let expected = Failure {
            request_id: Some("req-1".to_owned()),
            status: Some(status),
            ..Failure::new(kind, code, "why <so> & so")
        };
        let told = [
            json_error(status, &format!("{{\"__type\":\"{code}\",\"message\":\"why <so> & so\"}}")),
            json_error(
                status,
                &format!("{{\"__type\":\"com.amazon.x#{code}\",\"Message\":\"why <so> & so\"}}"),
            ),
            json_error(status, &format!("{{\"code\":\"{code}\",\"message\":\"why <so> & so\"}}")),
            xml_error(status, code, "why &lt;so&gt; &amp; so"),
        ];
        for answer in told {
            assert_eq!(refused(answer).await, expected);
        }
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_registry_error_that_speaks_of_rates_is_throttling() {
    let failure = refused(xml_error(400, "CFNRegistryException", "Rate exceeded")).await;
    assert_eq!(failure.kind, K::Throttled);
}

#[tokio::test]
async fn an_error_is_named_by_its_header_where_the_body_names_none() {
    let bare = |status: u16, body: &'static str| {
        Ok(http::Response::builder()
            .status(status)
            .header("x-amzn-errortype", "ThrottledException:http://internal.amazon.com/coral/")
            .header("retry-after", "3")
            .body(Bytes::from_static(body.as_bytes()))
            .expect("a response"))
    };
    for body in ["", "{}", "<html>slow down</html>", "{\"message\": \"cut o", "null"] {
        let failure = refused(bare(400, body)).await;
        assert_eq!((failure.kind, failure.code.as_str()), (K::Throttled, "ThrottledException"), "{body}");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(3)));
    }
}

#[tokio::test]
async fn an_answer_of_something_in_between_goes_by_its_status() {
    for (status, kind) in [(502, K::Unavailable), (429, K::Throttled), (403, K::Denied), (302, K::Internal)] {
        let failure = refused(answer(status, "<html><body>Bad gateway</body></html>")).await;
        assert_eq!((failure.kind, failure.code), (kind, format!("HTTP {status}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_answer_tells_whether_the_call_can_have_arrived() {
    let cases = [
        (TransportErrorKind::Connect, K::Unavailable, "ConnectFailed"),
        (TransportErrorKind::Refused, K::Invalid, "RequestRefused"),
        (TransportErrorKind::Reset, K::NoAnswer, "ConnectionLost"),
        (TransportErrorKind::Timeout, K::NoAnswer, "AnswerTimeout"),
        (TransportErrorKind::TooLarge, K::NoAnswer, "AnswerTooLarge"),
    ];
    for (transport, kind, code) in cases {
        let failure = refused(Err(TransportError::new(transport, "the wire broke"))).await;
        assert_eq!(failure, Failure::new(kind, code, "the wire broke"));
    }
}
