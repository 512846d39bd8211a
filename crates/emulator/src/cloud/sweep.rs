//! Every provisionable type of the catalog goes through its whole life on the wire.

use crate::dice::Dice;
use crate::handler::Place;
use crate::handler::assign::Assigner;
use crate::validate::{Patterns, check, service_rules};
use crate::{Cloud, Config, Reply};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use stack_catalog::Catalog;
use stack_core::ids::TypeName;
use stack_core::pointer::Pointer;
use stack_core::schema::{ResourceSchema, Schemas};
use std::sync::Arc;

const START: i64 = 1_795_255_200_000;

fn call(cloud: &mut Cloud, op: &str, body: &Json, now_ms: i64) -> Result<Json, String> {
    let request = http::Request::post("https://example.test/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{op}"))
        .header("x-amz-date", "20261121T100000Z")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/cloudcontrolapi/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={}",
                "a".repeat(64)
            ),
        )
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let Reply::Answer { response, .. } = cloud.handle(&request, now_ms) else { return Err("lost".into()) };
    let body: Json = serde_json::from_slice(response.body()).unwrap();
    if response.status() == 200 { Ok(body) } else { Err(body.to_string()) }
}

/// The smallest desired state that the schema allows, as far as it can be guessed.
fn minimal(schema: &ResourceSchema, patterns: &mut Patterns, dice: &mut Dice) -> Option<Json> {
    let place = Place { account: "123456789012".into(), region: "us-east-1".into(), now_ms: START };
    let mut model = Map::new();
    for name in &schema.root.required {
        let node = schema.root.properties.get(name)?;
        let value = Assigner::new(schema, &place, patterns, dice).sample(node, name)?;
        model.insert(name.clone(), value);
    }
    let mut model = Json::Object(model);
    for path in schema.read_only_properties.iter() {
        let places: Vec<Pointer> = crate::model::expand(path, &model);
        crate::model::prune(&mut model, &places);
    }
    (check(schema, &model, patterns).is_empty() && service_rules(schema, &model).is_ok()).then_some(model)
}

#[test]
fn every_type_can_be_created_read_updated_listed_and_deleted() {
    // Guessed names lead to nothing.
    let config = Config { references: crate::References::Unchecked, ..Config::default() };
    let mut cloud = Cloud::new(Arc::new(Catalog::embedded()), config);
    let (mut patterns, mut dice) = (Patterns::default(), Dice::new(5));
    let (mut lived, mut unguessed, mut broken) = (0, Vec::new(), Vec::new());
    let mut now = START;
    for name in Catalog::embedded().types() {
        let schema = Catalog::embedded().schema(&TypeName::new(name)).unwrap();
        if !schema.is_provisionable() || !Catalog::embedded().available_in(&schema.type_name, "us-east-1") {
            continue;
        }
        if name.starts_with("AWS::CustomerProfiles::") || name == "AWS::S3::BucketPolicy" {
            continue;
        }
        let Some(desired) = minimal(&schema, &mut patterns, &mut dice) else {
            unguessed.push(name);
            continue;
        };
        match live(&mut cloud, name, &schema, &desired, &mut now) {
            Ok(()) => lived += 1,
            Err(why) => broken.push(format!("{name}: {why}\n    {desired}")),
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
    assert!(lived > 1_500, "{lived} lived, not guessed: {unguessed:?}");
    assert!(cloud.resources().next().is_none());
}

fn live(
    cloud: &mut Cloud,
    ty: &str,
    schema: &ResourceSchema,
    desired: &Json,
    now: &mut i64,
) -> Result<(), String> {
    let mut at = *now;
    *now += 180_000;
    let settle = |cloud: &mut Cloud, answer: Json, at: &mut i64, wanted: &str| -> Result<Json, String> {
        let token = answer["ProgressEvent"]["RequestToken"].clone();
        *at += 60_000;
        let event = call(cloud, "GetResourceRequestStatus", &json!({ "RequestToken": token }), *at)?;
        let event = event["ProgressEvent"].clone();
        if event["OperationStatus"] == "SUCCESS" { Ok(event) } else { Err(format!("{wanted}: {event}")) }
    };
    let answer =
        call(cloud, "CreateResource", &json!({ "TypeName": ty, "DesiredState": desired.to_string() }), at)?;
    let event = settle(cloud, answer, &mut at, "create")?;
    let identifier = event["Identifier"].as_str().ok_or("no identifier")?.to_owned();
    let found = call(cloud, "GetResource", &json!({ "TypeName": ty, "Identifier": identifier }), at)?;
    let text = found["ResourceDescription"]["Properties"].as_str().ok_or("no properties")?;
    let model: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    for path in schema.primary_identifier.iter().filter(|p| !crate::identify::is_settable(schema, p)) {
        if crate::identify::value(path, &model).is_none_or(|value| value.is_empty()) {
            return Err(format!("{path} was not assigned: {model}"));
        }
    }
    let mut patterns = Patterns::default();
    // Hidden required values make the model invalid by design (cloud-control 3.1); nothing else may.
    let violations: Vec<String> = check(schema, &model, &mut patterns)
        .iter()
        .map(ToString::to_string)
        .filter(|text| schema.write_only_properties.is_empty() || !text.contains("required key"))
        .filter(|text| schema.write_only_properties.is_empty() || !text.contains("subschema"))
        .collect();
    if !violations.is_empty() {
        return Err(format!("read is invalid: {violations:?} {model}"));
    }
    if !schema.is_immutable() && check(schema, &model, &mut patterns).is_empty() {
        let body = json!({ "TypeName": ty, "Identifier": identifier, "PatchDocument": "[]" });
        let answer = call(cloud, "UpdateResource", &body, at)?;
        settle(cloud, answer, &mut at, "update")?;
    }
    let plain_list = schema.handlers.list.as_ref().is_some_and(|handler| handler.handler_schema.is_none());
    if plain_list {
        let listed = call(cloud, "ListResources", &json!({ "TypeName": ty }), at)?;
        if listed["ResourceDescriptions"][0]["Identifier"] != identifier.as_str() {
            return Err(format!("not listed: {listed}"));
        }
    }
    let answer = call(cloud, "DeleteResource", &json!({ "TypeName": ty, "Identifier": identifier }), at)?;
    settle(cloud, answer, &mut at, "delete")?;
    match call(cloud, "GetResource", &json!({ "TypeName": ty, "Identifier": identifier }), at) {
        Err(text) if text.contains("ResourceNotFoundException") => Ok(()),
        other => Err(format!("still there: {other:?}")),
    }
}
