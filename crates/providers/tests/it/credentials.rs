//! Where credentials, region and endpoints come from: the SDK's standard chain, without a socket.

use crate::script::{Script, answer, at, bucket, ok, types};
use serde_json::json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::Region;
use stack_core::provider::{Failure, FailureKind as K, Provider};
use stack_providers::aws::{AssumeRole, AwsSettings, ConnectError, connect};
use stack_providers::{TransportError, TransportErrorKind};
use std::path::PathBuf;
use tempfile::TempDir;

/// A home folder with AWS files in it, and the variables that point there.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn settings(&self, env: &[(&str, &str)]) -> AwsSettings {
        let home = ("HOME".to_owned(), self.0.path().display().to_string());
        AwsSettings::standard(
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).chain([home]),
        )
    }
}

pub(crate) const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "shh"), ("AWS_REGION", "eu-north-1")];

fn found() -> crate::script::Answer {
    ok(json!({"ResourceDescription": {"Identifier": "logs", "Properties": "{}"}}))
}

async fn read(script: &Script, settings: AwsSettings) -> Result<(), Failure> {
    let aws = connect(script.transport(), types(), settings).await.expect("connects");
    let key = Key::Primary(Identifier::single("BucketName", "logs"));
    aws.read(&at(None), &bucket(), &key).await.map(drop)
}

/// The access key and the region that the last request was signed with.
fn signed(script: &Script) -> (String, String) {
    let sent = script.sent();
    let authorization = sent.last().expect("a request").header("authorization").to_owned();
    let scope = authorization.split_once("Credential=").expect("signed").1;
    let mut parts = scope.split('/');
    let key = parts.next().expect("a key").to_owned();
    (key, parts.nth(1).expect("a region").to_owned())
}

fn role_answer(action: &str) -> crate::script::Answer {
    let expires = "2099-01-01T00:00:00Z";
    answer(
        200,
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>AKIDROLE</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>session-1</SessionToken>\
             <Expiration>{expires}</Expiration></Credentials><AssumedRoleUser>\
             <Arn>arn:aws:sts::123456789012:assumed-role/deploy/x</Arn><AssumedRoleId>A:x</AssumedRoleId>\
             </AssumedRoleUser></{action}Result></{action}Response>"
        ),
    )
}

#[tokio::test]
async fn keys_and_region_of_the_environment_are_used() {
    let script = Script::of([found()]);
    read(&script, Home::new().settings(&KEYS)).await.expect("a bucket");
    assert_eq!(signed(&script), ("AKIDENV".to_owned(), "eu-north-1".to_owned()));
    assert_eq!(script.only().uri.host(), Some("cloudcontrolapi.eu-north-1.amazonaws.com"));
}

#[tokio::test]
async fn a_region_setting_stands_before_the_environment() {
    let script = Script::of([found()]);
    let mut settings = Home::new().settings(&KEYS);
    settings.region = Some(Region::new("sa-east-1"));
    read(&script, settings).await.expect("a bucket");
    assert_eq!(signed(&script).1, "sa-east-1");
}

fn profiles() -> Home {
    Home::new()
        .file(".aws/credentials", "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=s\n\n[work]\naws_access_key_id=AKIDWORK\naws_secret_access_key=s\n")
        .file(".aws/config", "[default]\nregion=us-east-2\n\n[profile work]\nregion=ap-south-1\n\n[profile chained]\nrole_arn=arn:aws:iam::123456789012:role/deploy\nsource_profile=work\nregion=ca-central-1\n")
}

#[tokio::test]
async fn profiles_of_the_shared_files_are_used() {
    let home = profiles();
    let script = Script::of([found(), found(), found()]);
    read(&script, home.settings(&[])).await.expect("a bucket");
    assert_eq!(signed(&script), ("AKIDDEFAULT".to_owned(), "us-east-2".to_owned()));
    read(&script, home.settings(&[("AWS_PROFILE", "work")])).await.expect("a bucket");
    assert_eq!(signed(&script), ("AKIDWORK".to_owned(), "ap-south-1".to_owned()));
    let mut settings = home.settings(&[("AWS_PROFILE", "default")]);
    settings.profile = Some("work".to_owned());
    read(&script, settings).await.expect("a bucket");
    assert_eq!(signed(&script).0, "AKIDWORK");
}

#[tokio::test]
async fn a_profile_setting_stands_before_keys_of_the_environment() {
    let home = profiles();
    let script = Script::of([found(), found()]);
    let mut settings = home.settings(&KEYS[..2]);
    settings.profile = Some("work".to_owned());
    read(&script, settings).await.expect("a bucket");
    assert_eq!(signed(&script).0, "AKIDWORK");
    // Without the setting the keys win, as everywhere.
    read(&script, home.settings(&[KEYS[0], KEYS[1], ("AWS_PROFILE", "work")])).await.expect("a bucket");
    assert_eq!(signed(&script).0, "AKIDENV");
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_an_error_and_not_an_instance_role() {
    let home = profiles();
    let expected = ConnectError::NoProfile {
        name: "wrok".to_owned(),
        known: vec!["chained".to_owned(), "default".to_owned(), "work".to_owned()],
    };
    let mut settings = home.settings(&KEYS);
    settings.profile = Some("wrok".to_owned());
    for settings in [settings, home.settings(&[("AWS_PROFILE", "wrok")])] {
        let error = connect(Script::of([]).transport(), types(), settings).await.expect_err("an error");
        assert_eq!(error, expected);
    }
    assert_eq!(
        expected.to_string(),
        "there is no AWS profile `wrok` in the shared config and credentials files (there is chained, default, work)"
    );
}

#[tokio::test]
async fn the_files_may_be_elsewhere() {
    let home = Home::new().file("here.cfg", "[profile p]\nregion=eu-west-3\ncredential_process=echo '{\"Version\": 1, \"AccessKeyId\": \"AKIDPROC\", \"SecretAccessKey\": \"s\"}'\n");
    let config = home.path("here.cfg").display().to_string();
    let script = Script::of([found()]);
    read(&script, home.settings(&[("AWS_CONFIG_FILE", &config), ("AWS_PROFILE", "p")]))
        .await
        .expect("a bucket");
    assert_eq!(signed(&script), ("AKIDPROC".to_owned(), "eu-west-3".to_owned()));
}

#[tokio::test]
async fn a_role_of_a_profile_is_taken_on_through_the_same_transport_once() {
    let script = Script::of([role_answer("AssumeRole"), found(), found()]);
    let home = profiles();
    let aws = connect(script.transport(), types(), home.settings(&[("AWS_PROFILE", "chained")]))
        .await
        .expect("connects");
    let key = Key::Primary(Identifier::single("BucketName", "logs"));
    aws.read(&at(None), &bucket(), &key).await.expect("a bucket");
    // Another region has another client, and the same credentials.
    aws.read(&at(Some("us-west-2")), &bucket(), &key).await.expect("a bucket");
    let sent: Vec<_> = script.sent().iter().map(|sent| sent.operation()).collect();
    assert_eq!(sent, ["AssumeRole", "GetResource", "GetResource"]);
    assert_eq!(signed(&script), ("AKIDROLE".to_owned(), "us-west-2".to_owned()));
    assert_eq!(script.sent()[1].header("x-amz-security-token"), "session-1");
}

#[tokio::test]
async fn a_role_of_the_settings_is_taken_on_once_with_the_chains_credentials() {
    let script = Script::of([role_answer("AssumeRole"), found(), found()]);
    let mut settings = Home::new().settings(&KEYS);
    settings.assume_role = Some(AssumeRole {
        arn: "arn:aws:iam::123456789012:role/deploy".to_owned(),
        external_id: Some("ext-1".to_owned()),
        session_name: None,
    });
    let aws = connect(script.transport(), types(), settings).await.expect("connects");
    let key = Key::Primary(Identifier::single("BucketName", "logs"));
    for _ in 0..2 {
        aws.read(&at(None), &bucket(), &key).await.expect("a bucket");
    }
    let sent = script.sent();
    assert_eq!(sent.len(), 3);
    assert!(sent[0].header("authorization").contains("Credential=AKIDENV/"));
    for part in ["ExternalId=ext-1", "RoleSessionName=stack-deploy"] {
        assert!(sent[0].body.contains(part), "{}", sent[0].body);
    }
    assert_eq!(signed(&script).0, "AKIDROLE");
}

#[tokio::test]
async fn a_web_identity_is_traded_at_sts() {
    let home = Home::new().file("token", "jwt-1");
    let token = home.path("token").display().to_string();
    let script = Script::of([role_answer("AssumeRoleWithWebIdentity"), found()]);
    let env = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deploy"),
        ("AWS_REGION", "eu-west-1"),
    ];
    read(&script, home.settings(&env)).await.expect("a bucket");
    let sent = script.sent();
    assert_eq!(sent[0].operation(), "AssumeRoleWithWebIdentity");
    assert_eq!(sent[0].uri.host(), Some("sts.eu-west-1.amazonaws.com"));
    assert!(sent[0].body.contains("WebIdentityToken=jwt-1"));
    assert_eq!(signed(&script).0, "AKIDROLE");
}

/// A home with an SSO profile. The name of a cached token is the SHA-1 of its session's name.
fn sso_home() -> Home {
    Home::new().file(
        ".aws/config",
        "[default]\nregion=us-east-1\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=dev\n\n\
         [sso-session corp]\nsso_region=eu-west-1\nsso_start_url=https://corp.example.com/start\n",
    )
}

fn sso_token(expires: &str) -> String {
    json!({"accessToken": "at-1", "expiresAt": expires, "region": "eu-west-1",
        "startUrl": "https://corp.example.com/start"})
    .to_string()
}

const SSO_TOKEN_OF_CORP: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

#[tokio::test]
async fn an_sso_login_is_traded_for_keys() {
    let home = sso_home().file(SSO_TOKEN_OF_CORP, &sso_token("2099-01-01T00:00:00Z"));
    let script = Script::of([
        ok(json!({"roleCredentials": {"accessKeyId": "AKIDSSO", "secretAccessKey": "s", "sessionToken": "t",
            "expiration": 4_070_908_800_000_i64}})),
        found(),
    ]);
    read(&script, home.settings(&[])).await.expect("a bucket");
    assert_eq!(script.sent()[0].uri.host(), Some("portal.sso.eu-west-1.amazonaws.com"));
    assert_eq!(signed(&script).0, "AKIDSSO");
}

#[tokio::test]
async fn container_credentials_are_asked_for() {
    let keys = json!({"AccessKeyId": "AKIDECS", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z"});
    let script = Script::of([ok(keys), found()]);
    let env = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/creds"), ("AWS_REGION", "eu-west-1")];
    read(&script, Home::new().settings(&env)).await.expect("a bucket");
    assert_eq!(script.sent()[0].uri.to_string(), "http://169.254.170.2/creds");
    assert_eq!(signed(&script).0, "AKIDECS");
}

#[tokio::test]
async fn instance_credentials_are_asked_for_last() {
    let token = Ok(http::Response::builder()
        .status(200)
        .header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        .body("imds-token".into())
        .expect("a response"));
    let keys = json!({"Code": "Success", "AccessKeyId": "AKIDIMDS", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z"});
    let script = Script::of([token, answer(200, "dev-role"), ok(keys), found()]);
    read(&script, Home::new().settings(&[("AWS_REGION", "eu-west-1")])).await.expect("a bucket");
    let paths: Vec<_> = script.sent().iter().take(3).map(|sent| sent.uri.path().to_owned()).collect();
    assert_eq!(
        paths,
        [
            "/latest/api/token",
            "/latest/meta-data/iam/security-credentials/",
            "/latest/meta-data/iam/security-credentials/dev-role"
        ]
    );
    assert_eq!(signed(&script).0, "AKIDIMDS");
}

const NO_CREDENTIALS: &str = "no AWS credentials were found in the environment, the profile files, a web identity, a \
    container or instance metadata: choose a profile (AWS_PROFILE), log in (`aws sso login`), or set AWS_ACCESS_KEY_ID \
    and AWS_SECRET_ACCESS_KEY";

fn unreachable() -> crate::script::Answer {
    Err(TransportError::new(TransportErrorKind::Connect, "no connection to 169.254.169.254"))
}

#[tokio::test(start_paused = true)]
async fn no_credentials_at_all_is_told_with_what_to_do() {
    let disabled =
        Home::new().settings(&[("AWS_REGION", "eu-west-1"), ("AWS_EC2_METADATA_DISABLED", "true")]);
    let failure = read(&Script::of([]), disabled).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Credentials, "NoCredentials"));
    assert_eq!(failure.message, NO_CREDENTIALS);

    // A laptop: nobody answers at the metadata address, and that is not worth a word.
    let script = Script::of(std::iter::repeat_with(unreachable).take(20));
    let failure =
        read(&script, Home::new().settings(&[("AWS_REGION", "eu-west-1")])).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Credentials, "NoCredentials"));
    assert_eq!(failure.message, NO_CREDENTIALS);
}

#[tokio::test]
async fn a_missing_or_expired_login_is_a_credentials_failure_that_says_how_to_log_in() {
    let cases = [
        (sso_home(), "an error occurred while loading an access token: failed to load the cached SSO token"),
        (
            sso_home().file(SSO_TOKEN_OF_CORP, &sso_token("2001-01-01T00:00:00Z")),
            "an error occurred while loading an access token: the SSO token has expired and cannot be refreshed",
        ),
    ];
    for (home, why) in cases {
        let script = Script::of([]);
        let failure = read(&script, home.settings(&[])).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (K::Credentials, "CredentialsFailed"), "{failure}");
        assert_eq!(
            failure.message,
            format!("AWS credentials could not be loaded: {why}; log in with `aws sso login`")
        );
        assert_eq!(script.sent().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn instance_metadata_that_says_no_is_a_credentials_failure() {
    let script = Script::of([answer(403, "")]);
    let failure =
        read(&script, Home::new().settings(&[("AWS_REGION", "eu-west-1")])).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Credentials, "CredentialsFailed"));
    assert_eq!(
        failure.message,
        "AWS credentials could not be loaded: failed to load IMDS session token: service error: request forbidden: IMDS \
         is disabled or the caller has insufficient permissions."
    );
}

#[tokio::test(start_paused = true)]
async fn sts_that_says_no_is_a_credentials_failure_and_sts_that_fails_passes() {
    let error = |status: u16, code: &str| {
        answer(
            status,
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>words of STS</Message></Error></ErrorResponse>"
            ),
        )
    };
    let cases = [
        (error(403, "AccessDenied"), K::Credentials, "AccessDenied", "words of STS"),
        (error(403, "ExpiredToken"), K::Credentials, "ExpiredToken", "words of STS"),
        (error(400, "Throttling"), K::Throttled, "Throttling", "words of STS"),
        (error(503, "ServiceUnavailable"), K::Unavailable, "ServiceUnavailable", "words of STS"),
        (unreachable(), K::Unavailable, "ConnectFailed", "no connection to 169.254.169.254"),
        (
            Err(TransportError::new(TransportErrorKind::Reset, "the wire broke")),
            K::Unavailable,
            "ConnectionLost",
            "the wire broke",
        ),
        (
            Err(TransportError::new(TransportErrorKind::Refused, "plain HTTP")),
            K::Credentials,
            "RequestRefused",
            "plain HTTP",
        ),
    ];
    for (told, kind, code, words) in cases {
        let script = Script::of([told]);
        let home = profiles();
        let failure =
            read(&script, home.settings(&[("AWS_PROFILE", "chained")])).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code), "{failure}");
        assert_eq!(failure.message, format!("AWS credentials could not be loaded: {words}"));
        assert_eq!(script.sent().len(), 1, "one attempt, and the call itself was never sent");
    }
}

#[tokio::test]
async fn no_region_anywhere_is_told_without_a_request() {
    let env = [KEYS[0], KEYS[1], ("AWS_EC2_METADATA_DISABLED", "true")];
    let script = Script::of([]);
    let aws = connect(script.transport(), types(), Home::new().settings(&env)).await.expect("connects");
    assert_eq!(aws.region(), None);
    let failure = aws.caller(&at(None)).await.expect_err("a failure");
    assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "NoRegion"));
    assert_eq!(script.sent().len(), 0);
}

#[tokio::test]
async fn endpoint_variables_are_honoured_for_every_service() {
    let caller = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><Account>1</Account>\
                  </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let all = ("AWS_ENDPOINT_URL", "http://localhost:1111");
    let control = ("AWS_ENDPOINT_URL_CLOUDCONTROL", "http://localhost:2222/control");
    let sts = ("AWS_ENDPOINT_URL_STS", "http://localhost:3333");
    let cases = [
        (vec![all], "http://localhost:1111/", "http://localhost:1111/"),
        (vec![all, control], "http://localhost:2222/control/", "http://localhost:1111/"),
        (vec![control, sts], "http://localhost:2222/control/", "http://localhost:3333/"),
    ];
    for (variables, to_control, to_sts) in cases {
        let script = Script::of([found(), answer(200, caller)]);
        let env: Vec<_> = KEYS.iter().chain(&variables).copied().collect();
        let aws = connect(script.transport(), types(), Home::new().settings(&env)).await.expect("connects");
        let key = Key::Primary(Identifier::single("BucketName", "logs"));
        aws.read(&at(None), &bucket(), &key).await.expect("a bucket");
        aws.caller(&at(None)).await.expect("a caller");
        let uris: Vec<_> = script.sent().iter().map(|sent| sent.uri.to_string()).collect();
        assert_eq!(uris, [to_control, to_sts], "{variables:?}");
        // The endpoint moves, the signature stays.
        assert_eq!(signed(&script).1, "eu-north-1");
    }
}

#[tokio::test]
async fn an_endpoint_setting_stands_before_the_variables() {
    let script = Script::of([found()]);
    let env = [KEYS[0], KEYS[1], KEYS[2], ("AWS_ENDPOINT_URL_CLOUDCONTROL", "http://localhost:2222")];
    let mut settings = Home::new().settings(&env);
    settings.endpoint_url = Some("http://localhost:9999".to_owned());
    read(&script, settings).await.expect("a bucket");
    assert_eq!(script.only().uri.to_string(), "http://localhost:9999/");
}

#[tokio::test]
async fn the_credential_chain_uses_the_sts_endpoint_too() {
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
        let home = profiles();
        let script = Script::of([role_answer("AssumeRole"), found()]);
        let env = [("AWS_PROFILE", "chained"), (variable, "http://localhost:3333")];
        read(&script, home.settings(&env)).await.expect("a bucket");
        assert_eq!(script.sent()[0].uri.to_string(), "http://localhost:3333/", "{variable}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_an_error_and_not_the_real_service() {
    for url in ["localhost:4566", "ftp://localhost", "http://", ""] {
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDCONTROL", "AWS_ENDPOINT_URL_STS"] {
            let settings = Home::new().settings(&[(name, url)]);
            let error = connect(Script::of([]).transport(), types(), settings).await.expect_err("an error");
            assert_eq!(error, ConnectError::Endpoint { url: url.to_owned(), from: name.to_owned() });
        }
        let mut settings = AwsSettings::sandbox();
        settings.endpoint_url = Some(url.to_owned());
        assert!(connect(Script::of([]).transport(), types(), settings).await.is_err());
    }
}

#[tokio::test]
async fn the_sandbox_reads_neither_environment_nor_files() {
    let script = Script::of([found()]);
    let aws = connect(script.transport(), types(), AwsSettings::sandbox()).await.expect("connects");
    assert_eq!(aws.region(), Some(Region::new("us-east-1")));
    let key = Key::Primary(Identifier::single("BucketName", "logs"));
    aws.read(&at(None), &bucket(), &key).await.expect("a bucket");
    assert_eq!(signed(&script), ("AKIDSANDBOX".to_owned(), "us-east-1".to_owned()));
    assert_eq!(script.only().uri.host(), Some("cloudcontrolapi.us-east-1.amazonaws.com"));
}

#[test]
fn settings_never_show_the_variables() {
    let settings = Home::new().settings(&[("AWS_SECRET_ACCESS_KEY", "shh-secret")]);
    assert!(!format!("{settings:?}").contains("shh-secret"));
}

#[tokio::test]
async fn the_member_of_the_chain_is_told_and_nothing_that_is_secret() {
    let script = Script::of([]);
    let keys = connect(script.transport(), types(), Home::new().settings(&KEYS)).await.expect("connects");
    let found = keys.credentials().await.expect("credentials");
    assert_eq!(
        (found.member, found.key.as_str(), found.expires_at_ms),
        ("environment variables", "DENV", None)
    );
    let home = Home::new()
        .file(".aws/credentials", "[dev]\naws_access_key_id = AKIDFILE\naws_secret_access_key = shh\n");
    let settings =
        AwsSettings { profile: Some("dev".to_owned()), ..home.settings(&[("AWS_REGION", "eu-north-1")]) };
    let file = connect(script.transport(), types(), settings).await.expect("connects");
    let found = file.credentials().await.expect("credentials");
    assert_eq!((found.member, found.key.as_str()), ("profile", "FILE"));
    assert!(!format!("{found:?}").contains("shh"));
    // Instance metadata answers, but not to us.
    let refusing = Script::of([answer(403, String::new())]);
    let none = Home::new().settings(&[("AWS_REGION", "eu-north-1")]);
    let none = connect(refusing.transport(), types(), none).await.expect("connects");
    assert!(none.credentials().await.is_err());
}
