//! Services of AWS that have no type in Cloud Control: signed, listed in pages.

use super::*;
use crate::script::{at, refusal};
use stack_core::provider::FailureKind;

const TABLE: &str = "aws.appintegrations.data_integration_associations";

async fn rest(script: &Script) -> Rest {
    let definitions = Arc::new(Definitions::embedded().clone());
    let aws = Some(Arc::new(script.aws().await));
    Rest::new(definitions, script.transport(), aws, RestSettings::default(), Arc::new(|| NOW_MS))
}

/// The documented operation: path label, page size within its range, the token as it came, all fields.
#[tokio::test]
async fn associations_are_listed_signed_and_page_by_page() {
    let association = |n: u32| {
        json!({"DataIntegrationAssociationArn": format!("arn:a{n}"), "DataIntegrationArn": "arn:d", "ClientId": "c",
            "DestinationURI": "s3://b", "LastExecutionStatus": {"ExecutionStatus": "COMPLETED", "StatusMessage": "ok"},
            "ExecutionConfiguration": {"ExecutionMode": "ON_DEMAND", "OnDemandConfiguration": {"StartTime": "1"}}})
    };
    let script = Script::of([
        reply(200, json!({"DataIntegrationAssociations": [association(1)], "NextToken": "a+/="})),
        reply(200, json!({"DataIntegrationAssociations": [association(2)]})),
    ]);
    let rest = rest(&script).await;
    let model = json!({"Identifier": "arn:aws:app-integrations:us-east-1:1:data-integration/x"});
    let place = at(Some("us-east-1"));
    let first = rest.list(&place, &of(TABLE), Some(&model), None).await.unwrap();
    let second = rest.list(&place, &of(TABLE), Some(&model), first.next.as_deref()).await.unwrap();
    assert_eq!(second.next, None);
    assert_eq!(first.found[0].identifier.to_string(), "arn:a1");
    assert_eq!(first.found[0].model["LastExecutionStatus"]["ExecutionStatus"], "COMPLETED");
    assert_eq!(first.found[0].model["Identifier"], model["Identifier"]);
    let sent = script.sent();
    let path =
        "/dataIntegrations/arn%3Aaws%3Aapp-integrations%3Aus-east-1%3A1%3Adata-integration%2Fx/associations";
    assert_eq!(line(&sent[0]), format!("GET {path}?maxResults=50"));
    assert_eq!(line(&sent[1]), format!("GET {path}?maxResults=50&nextToken=a%2B%2F%3D"));
    // A statement may ask for smaller pages, and say where to begin; the service's own token goes on from there.
    let script = Script::of([reply(200, json!({})), reply(200, json!({}))]);
    let rest = self::rest(&script).await;
    let model = json!({"Identifier": "d", "maxResults": "2", "nextToken": "a b"});
    rest.list(&place, &of(TABLE), Some(&model), None).await.unwrap();
    rest.list(&place, &of(TABLE), Some(&model), Some("t")).await.unwrap();
    let pages: Vec<String> = script.sent().iter().map(line).collect();
    let path = "GET /dataIntegrations/d/associations?maxResults=2&nextToken=";
    assert_eq!(pages, [format!("{path}a%20b"), format!("{path}t")]);
    let signed = sent[0].header("authorization");
    assert!(
        signed.starts_with("AWS4-HMAC-SHA256") && signed.contains("/us-east-1/app-integrations/"),
        "{signed}"
    );
}

#[tokio::test]
async fn its_errors_have_their_class() {
    let cases = [
        (403, "AccessDeniedException", FailureKind::Denied),
        (500, "InternalServiceError", FailureKind::Unavailable),
        (400, "InvalidRequestException", FailureKind::Invalid),
        (404, "ResourceNotFoundException", FailureKind::NotFound),
        (429, "ThrottlingException", FailureKind::Throttled),
    ];
    for (status, exception, kind) in cases {
        let script = Script::of([refusal(status, exception, "no")]);
        let rest = rest(&script).await;
        let model = json!({"Identifier": "x"});
        let place = at(Some("us-east-1"));
        let failure = rest.list(&place, &of(TABLE), Some(&model), None).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{exception}");
    }
}

#[tokio::test]
async fn without_an_aws_provider_its_lack_is_named() {
    let bench = Bench::of([]);
    let model = json!({"Identifier": "x"});
    let failure = bench.rest.list(&at(Some("us-east-1")), &of(TABLE), Some(&model), None).await.unwrap_err();
    assert!(failure.kind == FailureKind::Credentials && failure.message.contains("AWS"), "{failure}");
}

#[tokio::test]
async fn the_other_listings_have_their_own_spelling_of_parameters() {
    let script = Script::of([
        reply(200, json!({"Items": [{"DomainName": "d", "Uri": "u"}], "NextToken": "t"})),
        reply(
            200,
            json!({"IntegrationAssociationSummaryList": [{"InstanceId": "i", "IntegrationAssociationId": "a"}]}),
        ),
    ]);
    let rest = rest(&script).await;
    let place = at(Some("us-east-1"));
    let ty = of("aws.customerprofiles.integration_summaries");
    let page = rest.list(&place, &ty, Some(&json!({"DomainName": "d"})), None).await.unwrap();
    assert_eq!((page.found[0].identifier.to_string().as_str(), page.next.as_deref()), ("d|u", Some("t")));
    let ty = of("aws.connect.integration_association_summaries");
    rest.list(&place, &ty, Some(&json!({"InstanceId": "i", "IntegrationType": "EVENT"})), None)
        .await
        .unwrap();
    let sent = script.sent();
    assert_eq!(line(&sent[0]), "GET /domains/d/integrations?max-results=100");
    assert_eq!(
        line(&sent[1]),
        "GET /instance/i/integration-associations?integrationType=EVENT&maxResults=100"
    );
    assert!(sent[0].header("authorization").contains("/profile/"));
}
