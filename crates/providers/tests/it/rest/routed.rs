//! One front for all.

use super::*;
use crate::script;
use stack_providers::Routed;

#[tokio::test]
async fn each_type_goes_to_its_service() {
    let rest = Script::of([reply(200, json!({"id": "env-1", "display_name": "e"}))]);
    let aws = Script::of([script::ok(json!({"TypeName": "AWS::S3::Bucket",
        "ResourceDescription": {"Identifier": "b", "Properties": "{\"BucketName\":\"b\"}"}}))]);
    let definitions = Arc::new(Definitions::embedded().clone());
    let services = Rest::new(definitions, rest.transport(), None, settings(&[]), Arc::new(|| NOW_MS));
    let front = Routed::new(Arc::new(aws.aws().await), Arc::new(services));
    let key = Key::Primary(id(ENVIRONMENT, "env-1"));
    assert!(front.read(&place(), &of(ENVIRONMENT), &key).await.unwrap().is_some());
    let key = Key::Primary(Identifier::single("BucketName", "b"));
    let at = script::at(Some("us-east-1"));
    assert!(front.read(&at, &script::bucket(), &key).await.unwrap().is_some());
    assert_eq!((rest.sent().len(), aws.sent().len()), (1, 1));
    // Nobody of AWS is asked who we are at Confluent.
    assert_eq!(front.caller(&place()).await.unwrap().account.as_str(), "confluent");
    assert!(front.requests(&place(), true, None).await.unwrap().requests.is_empty());
    // Orphans are looked for where there is a tag index, also in a stack of both.
    assert!(front.index_places(&place()).is_empty());
    assert!(front.index_places(&at).contains(&at));
}
