//! The tag index: what is asked, what is made of pages, what is refused before anything is sent.

use crate::script::{Script, answer, at, ok, refusal};
use serde_json::{Value as Json, json};
use stack_core::provider::{FailureKind as K, Provider, TagFilter, Tagged, TaggedPage};

fn filter(key: &str, values: &[&str]) -> TagFilter {
    TagFilter { key: key.to_owned(), values: values.iter().map(|value| (*value).to_owned()).collect() }
}

fn stack() -> [TagFilter; 2] {
    [filter("stackql:stack-name", &["shop"]), filter("stackql:stack-env", &[])]
}

fn page(token: Json, arns: &[&str]) -> Json {
    let list: Vec<Json> = arns
        .iter()
        .map(|arn| json!({"ResourceARN": arn, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}))
        .collect();
    json!({"PaginationToken": token, "ResourceTagMappingList": list})
}

#[tokio::test]
async fn tags_are_asked_for_in_the_targets_region() {
    let script = Script::of([ok(page(json!(""), &["arn:aws:sqs:eu-west-1:123456789012:q"]))]);
    let found = script.aws().await.tagged(&at(Some("eu-west-1")), &stack(), &[], None).await.expect("a page");
    let tags = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())];
    let arn = "arn:aws:sqs:eu-west-1:123456789012:q".to_owned();
    assert_eq!(found, TaggedPage { found: vec![Tagged { arn, tags }], next: None });
    let sent = script.only();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri.to_string(), "https://tagging.eu-west-1.amazonaws.com/");
    assert_eq!(sent.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(sent.header("x-amz-target"), "ResourceGroupsTaggingAPI_20170126.GetResources");
    assert!(sent.header("authorization").contains("/eu-west-1/tagging/aws4_request"), "{sent:?}");
    assert_eq!(
        sent.json(),
        json!({
            "ResourcesPerPage": 100,
            "TagFilters": [{"Key": "stackql:stack-name", "Values": ["shop"]}, {"Key": "stackql:stack-env"}],
        })
    );
}

#[tokio::test]
async fn types_are_asked_for_within_the_limits() {
    let script = Script::of([ok(json!({}))]);
    let aws = script.aws().await;
    let types = ["ec2:vpc".to_owned(), "s3".to_owned()];
    aws.tagged(&at(None), &stack(), &types, None).await.expect("a page");
    assert_eq!(script.only().json()["ResourceTypeFilters"], json!(["ec2:vpc", "s3"]));
    for types in [vec!["s3".to_owned(); 101], vec!["s".repeat(257)]] {
        let failure = aws.tagged(&at(None), &stack(), &types, None).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "RequestNotBuilt"), "{failure}");
    }
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn only_a_missing_or_empty_token_ends_the_listing() {
    let script = Script::of([
        ok(page(json!("p2"), &[])),
        ok(page(json!("p3"), &["arn:1"])),
        ok(page(json!(null), &["arn:2"])),
        ok(json!({})),
    ]);
    let aws = script.aws().await;
    let (mut seen, mut next) = (Vec::new(), None);
    for _ in 0..3 {
        let page = aws.tagged(&at(None), &stack(), &[], next.as_deref()).await.expect("a page");
        seen.extend(page.found.into_iter().map(|found| found.arn));
        next = page.next;
    }
    assert_eq!((seen, next), (vec!["arn:1".to_owned(), "arn:2".to_owned()], None));
    let tokens: Vec<Json> = script.sent().iter().map(|sent| sent.json()["PaginationToken"].clone()).collect();
    assert_eq!(tokens, [json!(null), json!("p2"), json!("p3")]);
    assert_eq!(aws.tagged(&at(None), &stack(), &[], None).await, Ok(TaggedPage::default()));
}

#[tokio::test]
async fn what_the_service_would_refuse_is_not_sent() {
    let script = Script::of([ok(json!({})), ok(json!({})), ok(json!({}))]);
    let aws = script.aws().await;
    let values: Vec<String> = (0..21).map(|i| i.to_string()).collect();
    let many = |count| vec![filter("k", &[]); count];
    let long = |count: usize| TagFilter { key: "k".to_owned(), values: values[..count].to_vec() };
    for filters in [many(51), vec![long(21)]] {
        let failure = aws.tagged(&at(None), &filters, &[], None).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (K::Invalid, "RequestNotBuilt"), "{failure}");
    }
    for filters in [many(0), many(50), vec![long(20)]] {
        aws.tagged(&at(None), &filters, &[], None).await.expect("a page");
    }
    let sent = script.sent();
    // Without filters the service shows all that has or had a tag.
    assert_eq!((sent.len(), sent[0].json()), (3, json!({"ResourcesPerPage": 100})));
}

#[tokio::test]
async fn errors_have_their_class() {
    let cases = [
        ("ThrottledException", 400, K::Throttled),
        ("InvalidParameterException", 400, K::Invalid),
        ("InternalServiceException", 500, K::Unavailable),
        ("PaginationTokenExpiredException", 400, K::Invalid),
        ("AccessDeniedException", 400, K::Denied),
    ];
    for (code, status, kind) in cases {
        let script = Script::of([refusal(status, code, "no")]);
        let failure = script.aws().await.tagged(&at(None), &stack(), &[], None).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (kind, code));
        assert_eq!(script.sent().len(), 1);
    }
    for body in ["", "{", "[]", "{\"ResourceTagMappingList\":[{}]}", "<html>"] {
        let script = Script::of([answer(200, body)]);
        let failure = script.aws().await.tagged(&at(None), &stack(), &[], None).await.expect_err("a failure");
        assert_eq!((failure.kind, failure.code.as_str()), (K::NoAnswer, "UnreadableAnswer"), "{body}");
    }
}
