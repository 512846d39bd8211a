//! Every method against the emulator, in process under paused time, and over a socket.

use crate::script::{association, at, bucket};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, ClientToken, RequestToken, Target};
use stack_core::provider::{FailureKind as K, Operation, Progress, Provider, Status, Transience, Verb};
use stack_emulator::{Cloud, Config, Fault, Matcher, Op, Reply, Timing, What, serve};
use stack_providers::aws::{Aws, AwsSettings, connect};
use stack_providers::{InProcess, Net, NetSettings, TransportError, TransportErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A time in 2025.
const NOW: i64 = 1_760_000_000_000;

fn shared(config: Config) -> Arc<Mutex<Cloud>> {
    Arc::new(Mutex::new(Cloud::new(Arc::new(Catalog::embedded()), config)))
}

fn clock() -> impl Fn() -> i64 + Clone + Send + Sync + 'static {
    let start = Instant::now();
    move || NOW + i64::try_from(start.elapsed().as_millis()).expect("a test ends early")
}

/// The provider over a cloud in this process.
async fn over(cloud: &Arc<Mutex<Cloud>>) -> Aws {
    let (cloud, now) = (Arc::clone(cloud), clock());
    let transport = InProcess::new(move |request: http::Request<Bytes>| {
        let reply = cloud.lock().expect("lock").handle(&request, now());
        async move {
            match reply {
                Reply::Answer { response, after } => {
                    sleep(after).await;
                    Ok(response)
                }
                Reply::Lost { after } => {
                    sleep(after).await;
                    Err(TransportError::new(TransportErrorKind::Reset, "the connection was lost"))
                }
            }
        }
    });
    connect(Arc::new(transport), Arc::new(Catalog::embedded()), AwsSettings::sandbox())
        .await
        .expect("connects")
}

async fn until_ended(aws: &Aws, target: &Target, request: &RequestToken) -> Progress {
    loop {
        let told = aws.poll(target, request).await.expect("progress");
        if told.status.is_terminal() {
            return told;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn logs() -> Identifier {
    Identifier::single("BucketName", "logs-1")
}

fn create(props: Json) -> Operation {
    Operation::Create { ty: bucket(), props }
}

/// The whole life of a resource, with every method of the provider.
async fn whole_life(aws: &Aws) {
    let target = at(Some("eu-west-1"));
    let caller = aws.caller(&target).await.expect("an identity");
    assert_eq!(caller.account, AccountId::new("123456789012"));

    let key = Key::Primary(logs());
    assert_eq!(aws.read(&target, &bucket(), &key).await, Ok(None));

    let props = json!({"BucketName": "logs-1", "Tags": [{"Key": "team", "Value": "a"}]});
    let token = ClientToken::new("create-1");
    let told = aws.submit(&target, &create(props.clone()), &token).await.expect("accepted");
    assert_eq!((told.verb, told.ty.as_ref()), (Some(Verb::Create), Some(&bucket())));
    assert!(!told.status.is_terminal(), "{told:?}");
    assert!(told.at.is_some_and(|at| at >= NOW) && told.retry_after > told.at, "{told:?}");
    // The same token again is the same operation.
    let again = aws.submit(&target, &create(props), &token).await.expect("accepted");
    assert_eq!(again.request, told.request);
    let running = aws.requests(&target, true, None).await.expect("a page");
    assert_eq!(running.requests.iter().map(|r| &r.request).collect::<Vec<_>>(), [&told.request]);

    let ended = until_ended(aws, &target, &told.request).await;
    assert_eq!((&ended.status, ended.identifier.as_deref()), (&Status::Success, Some("logs-1")));
    assert_eq!(aws.requests(&target, true, None).await.expect("a page").requests, []);
    assert_eq!(aws.requests(&target, false, None).await.expect("a page").requests.len(), 1);

    let found = aws.read(&target, &bucket(), &key).await.expect("an answer").expect("found");
    assert_eq!((&found.identifier, &found.model["Tags"][0]["Value"]), (&logs(), &json!("a")));
    let page = aws.list(&target, &bucket(), None, None).await.expect("a page");
    assert_eq!(
        (page.found.iter().map(|f| &f.identifier).collect::<Vec<_>>(), page.next),
        (vec![&logs()], None)
    );
    // Regions are apart.
    assert_eq!(aws.list(&at(None), &bucket(), None, None).await.expect("a page").found, []);

    let patch = json!([{"op": "replace", "path": "/Tags", "value": [{"Key": "team", "Value": "b"}]}]);
    let update = Operation::Update { ty: bucket(), identifier: logs(), patch };
    let told = aws.submit(&target, &update, &ClientToken::new("update-1")).await.expect("accepted");
    assert_eq!(until_ended(aws, &target, &told.request).await.status, Status::Success);
    let found = aws.read(&target, &bucket(), &key).await.expect("an answer").expect("found");
    assert_eq!(found.model["Tags"][0]["Value"], json!("b"));

    let delete = Operation::Delete { ty: bucket(), identifier: logs() };
    let told = aws.submit(&target, &delete, &ClientToken::new("delete-1")).await.expect("accepted");
    assert_eq!(until_ended(aws, &target, &told.request).await.status, Status::Success);
    assert_eq!(aws.read(&target, &bucket(), &key).await, Ok(None));

    let told = aws
        .submit(&target, &create(json!({"BucketName": "logs-2"})), &ClientToken::new("create-2"))
        .await
        .expect("accepted");
    let told = aws.cancel(&target, &told.request).await.expect("progress");
    let ended = until_ended(aws, &target, &told.request).await;
    assert_eq!(ended.status, Status::CancelComplete);
    assert_eq!(aws.failure_of(&ended).kind, K::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_resource_lives_and_dies_in_process() {
    let cloud = shared(Config::default());
    whole_life(&over(&cloud).await).await;
    let history = cloud.lock().expect("lock").history().to_vec();
    // What we send is known to the service, word for word.
    assert!(history.iter().all(|call| call.ignored.is_empty() && call.operation.is_some()), "{history:#?}");
}

#[tokio::test]
async fn a_resource_lives_and_dies_over_a_socket() {
    let timing = Timing {
        pending_ms: 50,
        create_ms: 100,
        update_ms: 50,
        delete_ms: 50,
        cancel_ms: 20,
        retry_after_ms: 20,
        ..Timing::default()
    };
    let cloud = shared(Config { timing, ..Config::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, Arc::clone(&cloud), clock(), async move {
        drop(stopped.await);
    }));

    let net = Arc::new(Net::new(&NetSettings::default()).expect("a client"));
    let env = [
        ("AWS_ACCESS_KEY_ID", "AKIDNET".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
    ];
    let settings = AwsSettings::standard(env.map(|(name, value)| (name.to_owned(), value)));
    let aws = connect(net, Arc::new(Catalog::embedded()), settings).await.expect("connects");
    whole_life(&aws).await;

    // A reply that is lost on a real connection.
    let fault =
        Fault { when: Matcher::on(Op::CreateResource, "AWS::S3::Bucket").first(1), what: What::LostReply };
    cloud.lock().expect("lock").inject(fault);
    let operation = create(json!({"BucketName": "logs-9"}));
    let token = ClientToken::new("create-9");
    let failure = aws.submit(&at(None), &operation, &token).await.expect_err("a lost reply");
    assert_eq!((failure.kind, failure.code.as_str()), (K::NoAnswer, "ConnectionLost"), "{failure}");
    let told = aws.submit(&at(None), &operation, &token).await.expect("the same operation");
    assert_eq!(until_ended(&aws, &at(None), &told.request).await.status, Status::Success);

    stop.send(()).expect("the server still runs");
    served.await.expect("served").expect("no error");
}

#[tokio::test(start_paused = true)]
async fn a_composite_identifier_goes_out_and_comes_back_in_parts() {
    let cloud = shared(Config::default());
    let aws = over(&cloud).await;
    let target = at(Some("us-east-1"));
    let instance = "arn:aws:connect:us-east-1:123456789012:instance/8f1ddd5c-57c4-4a2b-9e6a-0c1d2e3f4a5b";
    // The sandbox is as strict as the service: an association needs its instance.
    let planted = json!({"Id": "8f1ddd5c-57c4-4a2b-9e6a-0c1d2e3f4a5b", "Arn": instance});
    cloud.lock().expect("lock").plant("us-east-1", "AWS::Connect::Instance", &planted, NOW).expect("planted");
    let lambda = "arn:aws:lambda:us-east-1:123456789012:function:greet";
    let props =
        json!({"InstanceId": instance, "IntegrationType": "LAMBDA_FUNCTION", "IntegrationArn": lambda});
    let operation = Operation::Create { ty: association(), props };
    let told = aws.submit(&target, &operation, &ClientToken::new("t-1")).await.expect("accepted");
    let ended = until_ended(&aws, &target, &told.request).await;
    assert_eq!(ended.status, Status::Success, "{ended:?}");

    let model = json!({"InstanceId": instance});
    let page = aws.list(&target, &association(), Some(&model), None).await.expect("a page");
    let [found] = page.found.as_slice() else { panic!("{page:?}") };
    let names: Vec<_> = found.identifier.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let read = aws.read(&target, &association(), &Key::Primary(found.identifier.clone())).await;
    assert_eq!(read.expect("an answer").expect("found").identifier, found.identifier);

    // A list that lacks its input is refused, and that is no absence.
    let failure = aws.list(&target, &association(), None, None).await.expect_err("a failure");
    assert_eq!(failure.kind, K::Invalid, "{failure}");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_emulator_have_their_class() {
    let cloud = shared(Config::default());
    let aws = over(&cloud).await;
    let target = at(None);
    let props = json!({"BucketName": "logs-1"});
    let first =
        aws.submit(&target, &create(props.clone()), &ClientToken::new("t-1")).await.expect("accepted");

    // Busy, and with what.
    let delete = Operation::Delete { ty: bucket(), identifier: logs() };
    let busy = aws.submit(&target, &create(props), &ClientToken::new("t-2")).await.expect_err("a failure");
    assert_eq!((busy.kind, busy.blocked_by.as_ref()), (K::Busy, Some(&first.request)), "{busy}");
    // The token stands for something else.
    let other = create(json!({"BucketName": "logs-2"}));
    let taken = aws.submit(&target, &other, &ClientToken::new("t-1")).await.expect_err("a failure");
    assert_eq!((taken.kind, taken.blocked_by.as_ref()), (K::TokenConflict, Some(&first.request)), "{taken}");
    assert_eq!(until_ended(&aws, &target, &first.request).await.status, Status::Success);

    let update = |patch: Json| Operation::Update { ty: bucket(), identifier: logs(), patch };
    let cases = [
        (
            update(json!([{"op": "replace", "path": "/BucketName", "value": "x-1"}])),
            K::NotUpdatable,
            "NotUpdatableException",
        ),
        (update(json!([{"op": "add", "path": "/Arn", "value": "x"}])), K::Invalid, "ValidationException"),
        (update(json!([{"op": "remove", "path": "/Nothing"}])), K::Invalid, "ValidationException"),
        (create(json!({"Colour": "red"})), K::Invalid, "ValidationException"),
        (
            Operation::Create { ty: "AWS::No::Such".into(), props: json!({}) },
            K::Unsupported,
            "TypeNotFoundException",
        ),
    ];
    for (number, (operation, kind, code)) in cases.into_iter().enumerate() {
        let token = ClientToken::new(format!("case-{number}"));
        let failure = aws.submit(&target, &operation, &token).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code), "{failure}");
        assert!(failure.request_id.is_some(), "{failure:?}");
    }
    let unknown = aws.poll(&target, &RequestToken::new("no-such-request-1")).await.expect_err("a failure");
    assert_eq!(unknown.kind, K::RequestUnknown, "{unknown}");
    // What has ended cannot be cancelled, and what is gone cannot be deleted.
    assert!(aws.cancel(&target, &first.request).await.is_err());
    let told = aws.submit(&target, &delete, &ClientToken::new("t-4")).await.expect("accepted");
    until_ended(&aws, &target, &told.request).await;
    match aws.submit(&target, &delete, &ClientToken::new("t-5")).await {
        Ok(told) => {
            let ended = until_ended(&aws, &target, &told.request).await;
            assert_eq!(aws.failure_of(&ended).kind, K::NotFound, "{ended:?}");
        }
        Err(failure) => assert_eq!(failure.kind, K::NotFound, "{failure}"),
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_emulator_have_their_class() {
    let cases = [
        (What::Throttle, K::Throttled),
        (What::ThrottleModelled, K::Throttled),
        (What::ServiceError, K::Unavailable),
        (What::Unavailable, K::Unavailable),
        (What::Denied { status: 400 }, K::Denied),
        (What::Denied { status: 403 }, K::Denied),
        (What::LostReply, K::NoAnswer),
        (What::LostRequest, K::NoAnswer),
    ];
    for (what, kind) in cases {
        let fault = Fault { when: Matcher::default(), what: what.clone() };
        let cloud = shared(Config { faults: vec![fault], ..Config::default() });
        let aws = over(&cloud).await;
        let read = aws.read(&at(None), &bucket(), &Key::Primary(logs())).await.expect_err("a failure");
        assert_eq!(read.kind, kind, "{what:?}");
        let operation = create(json!({"BucketName": "logs-1"}));
        let submit =
            aws.submit(&at(None), &operation, &ClientToken::new("t-1")).await.expect_err("a failure");
        assert_eq!(submit.kind, kind, "{what:?}");
        assert_eq!(cloud.lock().expect("lock").history().len(), 2, "one attempt each");
    }
}

#[tokio::test(start_paused = true)]
async fn operations_that_fail_say_why() {
    let hook = What::Hook {
        name: "Acme::Check::Bucket".into(),
        message: "not encrypted".into(),
        mode: "FAIL".into(),
    };
    let cases = [
        (hook, None, "hook Acme::Check::Bucket: not encrypted"),
        (What::fail("Throttling", "Rate exceeded"), Some(K::Throttled), "Rate exceeded"),
        (What::fail("GeneralServiceException", "throttled by GameLift"), Some(K::Throttled), "throttled"),
        (What::fail("InternalFailure", ""), Some(K::Internal), "the service gave no reason"),
        (
            What::fail("InvalidRequest", "The role cannot be assumed by Lambda."),
            Some(K::Invalid),
            "cannot be assumed",
        ),
    ];
    for (what, kind, words) in cases {
        let fault = Fault { when: Matcher::on(Op::CreateResource, "AWS::S3::Bucket"), what: what.clone() };
        let cloud = shared(Config { faults: vec![fault], ..Config::default() });
        let aws = over(&cloud).await;
        let operation = create(json!({"BucketName": "logs-1"}));
        let told = aws.submit(&at(None), &operation, &ClientToken::new("t-1")).await.expect("accepted");
        let ended = until_ended(&aws, &at(None), &told.request).await;
        let failure = aws.failure_of(&ended);
        assert_eq!(ended.status, Status::Failed, "{what:?}");
        assert!(failure.message.contains(words), "{failure}");
        if let Some(kind) = kind {
            assert_eq!(failure.kind, kind, "{failure}");
        }
        let passing = words.contains("assumed").then_some(Transience::Role);
        assert_eq!(aws.transience(&failure.message), passing);
    }
}
