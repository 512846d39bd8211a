//! Native REST operations of AppIntegrations, Connect and Customer Profiles (cloud-control 8).

use super::*;
use stack_emulator::{Matcher, Op, References, What};

const DATA: &str = "AWS::AppIntegrations::DataIntegration";

/// What came back: status, error name, body.
struct Got {
    status: u16,
    error: String,
    body: Json,
}

fn rest(world: &mut World, service: &str, method: &str, path: &str, body: &str) -> Got {
    let authorization = authorization(service, &world.region);
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("x-amz-date", "20261121T100000Z")
        .header("authorization", authorization)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let Reply::Answer { response, .. } = world.send(&request) else { panic!("lost") };
    let error = response.headers().get("x-amzn-errortype").map(|value| value.to_str().unwrap().to_owned());
    Got {
        status: response.status().as_u16(),
        error: error.unwrap_or_default(),
        body: serde_json::from_slice(response.body()).unwrap(),
    }
}

fn app(world: &mut World, method: &str, path: &str, body: &Json) -> Got {
    rest(world, "app-integrations", method, path, &body.to_string())
}

fn get(world: &mut World, path: &str) -> Got {
    rest(world, "app-integrations", "GET", path, "")
}

fn data_integration(world: &mut World, name: &str) -> Got {
    let body = json!({ "Name": name, "KmsKey": "arn:aws:kms:us-east-1:123456789012:key/k", "SourceURI": "Salesforce://x/y",
        "Tags": { "team": "a" } });
    app(world, "POST", "/dataIntegrations", &body)
}

#[test]
fn a_data_integration_is_the_same_for_both_sides() {
    let mut world = World::new();
    let made = data_integration(&mut world, "d");
    assert_eq!(made.status, 200);
    let id = made.body["Id"].as_str().unwrap().to_owned();
    assert!(made.body["Arn"].as_str().unwrap().ends_with(&format!(":data-integration/{id}")));
    assert_eq!(made.body["Tags"], json!({ "team": "a" }));
    let read = world.get(DATA, &id).unwrap();
    assert_eq!(read["Name"], "d", "Cloud Control reads it");
    assert_eq!(get(&mut world, &format!("/dataIntegrations/{id}")).body["Name"], "d");
    let again = data_integration(&mut world, "d");
    assert_eq!((again.status, again.error.as_str()), (409, "DuplicateResourceException"));
    let list = get(&mut world, "/dataIntegrations").body;
    assert_eq!(list["DataIntegrations"].as_array().unwrap().len(), 1);
    assert_eq!(app(&mut world, "DELETE", &format!("/dataIntegrations/{id}"), &Json::Null).status, 200);
    let gone = get(&mut world, &format!("/dataIntegrations/{id}"));
    assert_eq!((gone.status, gone.error.as_str()), (404, "ResourceNotFoundException"));
}

#[test]
fn a_client_token_makes_one() {
    let mut world = World::new();
    let body = json!({ "Name": "d", "KmsKey": "k", "ClientToken": "t" });
    let first = app(&mut world, "POST", "/dataIntegrations", &body);
    assert_eq!(app(&mut world, "POST", "/dataIntegrations", &body).body["Id"], first.body["Id"]);
}

#[test]
fn associations_are_listed_in_pages_of_1_to_50() {
    let mut world = World::new();
    let id = data_integration(&mut world, "d").body["Id"].as_str().unwrap().to_owned();
    let path = format!("/dataIntegrations/{id}/associations");
    assert!(
        get(&mut world, &path).body.get("DataIntegrationAssociations").is_none(),
        "a list has at least one"
    );
    for number in 0..120 {
        let summary = json!({ "ClientId": format!("c{number}"), "DestinationURI": "s3://bucket" });
        world.cloud.plant_association("us-east-1", DATA, &id, &summary, START).unwrap();
    }
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = get(&mut world, &format!("{path}?maxResults=50{next}")).body;
        let items = page["DataIntegrationAssociations"].as_array().unwrap().clone();
        seen.extend(items);
        match page.get("NextToken").and_then(Json::as_str) {
            Some(token) => next = format!("&nextToken={token}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), &seen[119]["ClientId"]), (120, &json!("c119")));
    assert!(
        seen[0]["DataIntegrationAssociationArn"].is_string() && seen[0]["DataIntegrationArn"].is_string()
    );
    for query in ["maxResults=0", "maxResults=51", "maxResults=x", "nextToken=", "nextToken=made-up"] {
        let wrong = get(&mut world, &format!("{path}?{query}"));
        assert_eq!((wrong.status, wrong.error.as_str()), (400, "InvalidRequestException"), "{query}");
    }
    let long = "t".repeat(1001);
    assert_eq!(get(&mut world, &format!("{path}?nextToken={long}")).status, 400);
}

#[test]
fn an_identifier_has_1_to_255_characters_not_all_blank_and_may_be_an_arn() {
    let mut world = World::new();
    let made = data_integration(&mut world, "d").body;
    let arn = made["Arn"].as_str().unwrap().replace(':', "%3A").replace('/', "%2F");
    assert_eq!(get(&mut world, &format!("/dataIntegrations/{arn}/associations")).status, 200);
    let long = "a".repeat(256);
    for (identifier, status) in [("%20%20", 400), (long.as_str(), 400), ("nothing", 404)] {
        assert_eq!(get(&mut world, &format!("/dataIntegrations/{identifier}/associations")).status, status);
    }
}

#[test]
fn a_data_integration_is_associated_once_and_then_stays() {
    let mut world = World::new();
    let id = data_integration(&mut world, "d").body["Id"].as_str().unwrap().to_owned();
    let path = format!("/dataIntegrations/{id}/associations");
    let body = json!({ "ClientId": "c", "DestinationURI": "s3://b", "ClientToken": "t" });
    let made = app(&mut world, "POST", &path, &body);
    assert_eq!(made.status, 200);
    assert_eq!(app(&mut world, "POST", &path, &body).body, made.body, "the same token");
    let second = app(&mut world, "POST", &path, &json!({ "ClientId": "d" }));
    assert_eq!((second.status, second.error.as_str()), (400, "InvalidRequestException"));
    assert_eq!(app(&mut world, "DELETE", &format!("/dataIntegrations/{id}"), &Json::Null).status, 400);
}

#[test]
fn signatures_name_the_service_and_faults_have_its_errors() {
    let mut world = World::new();
    let wrong = rest(&mut world, "appintegrations", "GET", "/dataIntegrations", "");
    assert_eq!((wrong.status, wrong.error.as_str()), (403, "InvalidSignatureException"));
    let when = Matcher { operation: Some(Op::ListDataIntegrations), ..Matcher::default() };
    for (what, status, error) in [
        (What::Throttle, 429, "ThrottlingException"),
        (What::ServiceError, 500, "InternalServiceError"),
        (What::Denied { status: 403 }, 403, "AccessDeniedException"),
        (What::Unavailable, 503, "ServiceUnavailableException"),
    ] {
        world.cloud.inject(Fault { when: when.clone().first(1), what });
        let got = get(&mut world, "/dataIntegrations");
        assert_eq!((got.status, got.error.as_str()), (status, error));
        world.cloud.clear_faults();
    }
}

#[test]
fn connect_gives_bare_ids_and_leaves_bots_and_functions_out() {
    let mut world = World::with(Config { references: References::Unchecked, ..Config::default() });
    let arn = "arn:aws:connect:us-east-1:123456789012:instance/i-1";
    for (ty, target) in
        [("EVENT", "arn:aws:events:e1"), ("LEX_BOT", "arn:aws:lex:b"), ("APPLICATION", "arn:aws:app:a")]
    {
        let model = json!({ "InstanceId": arn, "IntegrationType": ty, "IntegrationArn": target });
        world.cloud.plant("us-east-1", "AWS::Connect::IntegrationAssociation", &model, START).unwrap();
    }
    let path = "/instance/i-1/integration-associations";
    let mut call = |method: &str, path: &str, body: &str| rest(&mut world, "connect", method, path, body);
    let list = call("GET", path, "").body["IntegrationAssociationSummaryList"].clone();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["InstanceId"]), (2, &json!("i-1")));
    let one = call("GET", &format!("{path}?integrationType=APPLICATION&maxResults=100"), "").body;
    assert_eq!(one["IntegrationAssociationSummaryList"].as_array().unwrap().len(), 1);
    assert_eq!(call("GET", &format!("{path}?maxResults=101"), "").status, 400);
    assert_eq!(call("GET", &format!("{path}?integrationType=LEX_BOT"), "").error, "InvalidRequestException");
    let body = json!({ "IntegrationType": "EVENT", "IntegrationArn": "arn:aws:events:e2" }).to_string();
    let made = call("PUT", path, &body);
    assert_eq!(made.status, 200);
    assert_eq!(call("PUT", path, &body).error, "DuplicateResourceException");
    let id = made.body["IntegrationAssociationId"].as_str().unwrap().to_owned();
    assert_eq!(call("DELETE", &format!("{path}/{id}"), "").status, 200);
    assert_eq!(call("DELETE", &format!("{path}/{id}"), "").error, "ResourceNotFoundException");
    let mut strict = World::new();
    assert_eq!(rest(&mut strict, "connect", "GET", path, "").error, "ResourceNotFoundException");
}

#[test]
fn profiles_speak_kebab_case_and_maps() {
    let mut world = World::new();
    let domain = json!({ "DomainName": "d", "DefaultExpirationDays": 366 });
    world.cloud.plant("us-east-1", "AWS::CustomerProfiles::Domain", &domain, START).unwrap();
    for number in 0..3 {
        let model = json!({ "DomainName": "d", "Uri": format!("arn:aws:app-integrations:u{number}"),
            "ObjectTypeNames": [{ "Key": "Account", "Value": "CTR" }] });
        world.cloud.plant("us-east-1", "AWS::CustomerProfiles::Integration", &model, START).unwrap();
    }
    let mut call = |method: &str, path: &str, body: &str| rest(&mut world, "profile", method, path, body);
    let page = call("GET", "/domains/d/integrations?max-results=2", "").body;
    assert_eq!(page["Items"][0]["ObjectTypeNames"], json!({ "Account": "CTR" }));
    assert!(page["Items"][0]["CreatedAt"].is_number());
    let token = page["NextToken"].as_str().unwrap().to_owned();
    let rest = call("GET", &format!("/domains/d/integrations?max-results=2&next-token={token}"), "").body;
    assert_eq!((rest["Items"].as_array().unwrap().len(), &rest["NextToken"]), (1, &Json::Null));
    assert_eq!(call("GET", "/domains/d/integrations?max-results=101", "").error, "BadRequestException");
    assert_eq!(call("GET", "/domains/none/integrations", "").status, 404);
    let body = json!({ "Uri": "arn:aws:app-integrations:u1" }).to_string();
    assert_eq!(call("POST", "/domains/d/integrations", &body).body["DomainName"], "d");
    assert_eq!(call("POST", "/domains/d/integrations", "{}").status, 400);
}

#[test]
fn associations_survive_a_snapshot() {
    let mut world = World::new();
    let id = data_integration(&mut world, "d").body["Id"].as_str().unwrap().to_owned();
    world.cloud.plant_association("us-east-1", DATA, &id, &json!({ "ClientId": "c" }), START).unwrap();
    let snapshot = world.cloud.snapshot();
    world.cloud = Cloud::restore(Arc::new(Variants::default()), Config::default(), snapshot).unwrap();
    let list = get(&mut world, &format!("/dataIntegrations/{id}/associations")).body;
    assert_eq!(list["DataIntegrationAssociations"][0]["ClientId"], "c");
}

#[test]
fn event_integrations_and_applications_are_listed_with_what_uses_them() {
    let mut world = World::new();
    let event =
        json!({ "Name": "e", "EventBridgeBus": "default", "EventFilter": { "Source": "aws.partner/x" } });
    let ty = "AWS::AppIntegrations::EventIntegration";
    let event = world.cloud.plant("us-east-1", ty, &event, START).unwrap();
    let given = json!({ "ClientId": "c", "EventBridgeRuleName": "r" });
    world.cloud.plant_association("us-east-1", ty, &event, &given, START).unwrap();
    let list = get(&mut world, "/eventIntegrations").body;
    assert_eq!(list["EventIntegrations"][0]["EventFilter"]["Source"], "aws.partner/x");
    let list = get(&mut world, "/eventIntegrations/e/associations?maxResults=1").body;
    assert_eq!(list["EventIntegrationAssociations"][0]["EventBridgeRuleName"], "r");
    assert_eq!(get(&mut world, "/eventIntegrations/none/associations").status, 404);

    let ty = "AWS::AppIntegrations::Application";
    let application = json!({ "Name": "a", "Namespace": "n", "Description": "d",
        "ApplicationSourceConfig": { "ExternalUrlConfig": { "AccessUrl": "https://a.example" } } });
    let arn = world.cloud.plant("us-east-1", ty, &application, START).unwrap();
    world.cloud.plant_association("us-east-1", ty, &arn, &json!({ "ClientId": "c" }), START).unwrap();
    let list = get(&mut world, "/applications?applicationType=STANDARD").body;
    let id = list["Applications"][0]["Id"].as_str().unwrap().to_owned();
    assert_eq!(list["Applications"][0]["Arn"], arn.as_str());
    assert_eq!(get(&mut world, "/applications?applicationType=SERVICE").body["Applications"], json!([]));
    assert_eq!(get(&mut world, "/applications?applicationType=OTHER").error, "InvalidRequestException");
    let list = get(&mut world, &format!("/applications/{id}/associations")).body;
    assert_eq!(list["ApplicationAssociations"][0]["ClientId"], "c");
}
