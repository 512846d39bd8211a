//! The emulator as a client sees it: real HTTP requests through `Cloud::handle`, real schemas from the catalog.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of the tests are tests too")]

mod confluent;
mod create;
mod ec2;
mod faults;
mod fuzz;
mod lifecycle;
mod native;
mod outside;
mod parents;
mod read;
mod registry;
mod roles;
mod rules;
mod server;
mod tagging;
mod update;
mod values;
mod wire;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_core::ids::TypeName;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use stack_emulator::{Cloud, Config, Fault, Reply};
use std::collections::HashMap;
use std::sync::Arc;

/// 2026-11-21T10:00:00Z.
const START: i64 = 1_795_255_200_000;

/// The catalog, with schema variants on top.
#[derive(Default)]
struct Variants(HashMap<String, Arc<ResourceSchema>>);

impl Variants {
    fn with(schemas: impl IntoIterator<Item = Json>) -> Arc<Self> {
        let parsed = schemas.into_iter().map(|json| {
            let schema: ResourceSchema = serde_json::from_value(json).unwrap();
            (schema.type_name.to_string(), Arc::new(schema))
        });
        Arc::new(Self(parsed.collect()))
    }
}

impl Schemas for Variants {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Catalog::embedded().canonical(name)
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        match self.0.get(ty.as_str()) {
            Some(schema) => Ok(schema.clone()),
            None => Catalog::embedded().schema(ty),
        }
    }
    fn available_in(&self, ty: &TypeName, region: &str) -> bool {
        self.0.contains_key(ty.as_str()) || Catalog::embedded().available_in(ty, region)
    }
    fn listed(&self) -> Vec<(TypeName, &'static str)> {
        Catalog::embedded().listed()
    }
    fn published(&self, ty: &TypeName) -> Option<Json> {
        if self.0.contains_key(ty.as_str()) { None } else { Schemas::published(Catalog::embedded(), ty) }
    }
}

/// An error answer.
#[derive(Debug, PartialEq)]
struct Refused {
    name: String,
    message: String,
    status: u16,
}

/// A cloud, a clock, and a caller.
struct World {
    cloud: Cloud,
    now: i64,
    region: String,
}

impl World {
    fn new() -> Self {
        Self::with(Config::default())
    }
    fn with(config: Config) -> Self {
        Self::of(Arc::new(Variants::default()), config)
    }
    fn of(schemas: Arc<Variants>, config: Config) -> Self {
        Self { cloud: Cloud::new(schemas, config), now: START, region: "us-east-1".to_owned() }
    }
    fn variants(schemas: impl IntoIterator<Item = Json>) -> Self {
        Self::of(Variants::with(schemas), Config::default())
    }
    fn faulty(fault: Fault) -> Self {
        Self::with(Config { faults: vec![fault], ..Config::default() })
    }

    fn send(&mut self, request: &http::Request<Bytes>) -> Reply {
        self.cloud.handle(request, self.now)
    }

    /// One Cloud Control call.
    fn call(&mut self, op: &str, body: &Json) -> Result<Json, Refused> {
        let request = request(op, &body.to_string(), &self.region);
        match self.send(&request) {
            Reply::Answer { response, .. } => {
                assert!(response.headers().contains_key("x-amzn-requestid"));
                let status = response.status().as_u16();
                let body: Json = serde_json::from_slice(response.body()).unwrap();
                if status == 200 {
                    return Ok(body);
                }
                let text = |name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
                let name = text("__type").unwrap_or_default();
                let name = name.rsplit('#').next().unwrap_or_default().to_owned();
                let message = text("message").or_else(|| text("Message")).unwrap_or_default();
                Err(Refused { name, message, status })
            }
            Reply::Lost { .. } => Err(Refused { name: "lost".to_owned(), message: String::new(), status: 0 }),
        }
    }

    /// One call of the tagging service.
    fn tagging(&mut self, op: &str, body: &Json) -> Result<Json, Refused> {
        let request = http::Request::post("https://anything.example/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("ResourceGroupsTaggingAPI_20170126.{op}"))
            .header("x-amz-date", "20261121T100000Z")
            .header("authorization", authorization("tagging", &self.region))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let Reply::Answer { response, .. } = self.send(&request) else { panic!("lost") };
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
        let (status, body) = (response.status().as_u16(), response.body());
        let body: Json = serde_json::from_slice(body).unwrap();
        if status == 200 {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(Refused { name: text("__type"), message: text("Message") + &text("message"), status })
    }
    /// One call of CloudFormation: status and XML.
    fn cloudformation(&mut self, parameters: &[(&str, &str)]) -> (u16, String) {
        let mut form = "Version=2010-05-15".to_owned();
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F")));
        }
        let request = http::Request::post("https://anything.example/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-amz-date", "20261121T100000Z")
            .header(
                "authorization",
                authorization("cloudformation", &self.region).replace(";x-amz-target", ""),
            )
            .body(Bytes::from(form))
            .unwrap();
        let Reply::Answer { response, .. } = self.send(&request) else { panic!("lost") };
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
    }
    /// Expects a create to end FAILED; its code and message.
    fn fail_create(&mut self, ty: &str, props: &Json) -> (String, String) {
        let event = self.submit_create(ty, props).unwrap();
        let event = self.settle(&event);
        failure(&event)
    }
    /// Expects a delete to end FAILED; its code and message.
    fn fail_delete(&mut self, ty: &str, identifier: &str) -> (String, String) {
        let event = self.delete(ty, identifier);
        failure(&event)
    }
    /// A role that anything may assume; its ARN.
    fn role(&mut self, name: &str) -> String {
        let policy = json!({ "Version": "2012-10-17", "Statement": [] });
        let name = self.create(ROLE, &json!({ "RoleName": name, "AssumeRolePolicyDocument": policy }));
        self.get(ROLE, &name).unwrap()["Arn"].as_str().unwrap().to_owned()
    }
    /// A function with a role of its own.
    fn function(&mut self, name: &str) -> String {
        let role = self.role(&format!("{name}-role"));
        let code = json!({ "ZipFile": "x" });
        self.create(FUNCTION, &json!({ "FunctionName": name, "Role": role, "Code": code }))
    }

    fn start(&mut self, op: &str, body: &Json) -> Json {
        self.call(op, body).unwrap()["ProgressEvent"].clone()
    }
    fn submit_create(&mut self, ty: &str, props: &Json) -> Result<Json, Refused> {
        let body = json!({ "TypeName": ty, "DesiredState": props.to_string() });
        self.call("CreateResource", &body).map(|answer| answer["ProgressEvent"].clone())
    }
    fn submit_update(&mut self, ty: &str, identifier: &str, patch: &Json) -> Result<Json, Refused> {
        let body = json!({ "TypeName": ty, "Identifier": identifier, "PatchDocument": patch.to_string() });
        self.call("UpdateResource", &body).map(|answer| answer["ProgressEvent"].clone())
    }
    fn submit_delete(&mut self, ty: &str, identifier: &str) -> Result<Json, Refused> {
        let body = json!({ "TypeName": ty, "Identifier": identifier });
        self.call("DeleteResource", &body).map(|answer| answer["ProgressEvent"].clone())
    }
    fn poll(&mut self, event: &Json) -> Json {
        self.start("GetResourceRequestStatus", &json!({ "RequestToken": event["RequestToken"] }))
    }
    /// Lets a minute pass and looks again.
    fn settle(&mut self, event: &Json) -> Json {
        self.now += 60_000;
        self.poll(event)
    }
    /// Creates and expects success; the identifier.
    fn create(&mut self, ty: &str, props: &Json) -> String {
        let event = self.submit_create(ty, props).unwrap();
        let event = self.settle(&event);
        assert_eq!(event["OperationStatus"], "SUCCESS", "{event}");
        event["Identifier"].as_str().unwrap().to_owned()
    }
    fn update(&mut self, ty: &str, identifier: &str, patch: &Json) -> Json {
        let event = self.submit_update(ty, identifier, patch).unwrap();
        self.settle(&event)
    }
    fn delete(&mut self, ty: &str, identifier: &str) -> Json {
        let event = self.submit_delete(ty, identifier).unwrap();
        self.settle(&event)
    }
    fn get(&mut self, ty: &str, identifier: &str) -> Result<Json, Refused> {
        let answer = self.call("GetResource", &json!({ "TypeName": ty, "Identifier": identifier }))?;
        Ok(serde_json::from_str(answer["ResourceDescription"]["Properties"].as_str().unwrap()).unwrap())
    }
    /// All identifiers of a listing, page by page.
    fn list(&mut self, ty: &str, model: Option<&Json>) -> Result<Vec<String>, Refused> {
        let mut found = Vec::new();
        let mut next = Json::Null;
        loop {
            let mut body = json!({ "TypeName": ty, "NextToken": next });
            if let Some(model) = model {
                body["ResourceModel"] = Json::from(model.to_string());
            }
            let answer = self.call("ListResources", &body)?;
            let items = answer["ResourceDescriptions"].as_array().unwrap();
            found.extend(items.iter().map(|item| item["Identifier"].as_str().unwrap().to_owned()));
            next = answer["NextToken"].clone();
            if next.is_null() {
                return Ok(found);
            }
        }
    }
}

/// Code and message of an event that ended FAILED.
fn failure(event: &Json) -> (String, String) {
    assert_eq!(event["OperationStatus"], "FAILED", "{event}");
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    (text("ErrorCode"), text("StatusMessage"))
}

/// A signed Cloud Control request.
fn request(op: &str, body: &str, region: &str) -> http::Request<Bytes> {
    http::Request::post("https://anything.example/")
        .header("host", "anything.example")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("CloudApiService.{op}"))
        .header("x-amz-date", "20261121T100000Z")
        .header("authorization", authorization("cloudcontrolapi", region))
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

fn authorization(service: &str, region: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/{region}/{service}/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={}",
        "a".repeat(64)
    )
}

/// A log group, the plainest type: settable name, one mutable integer.
const LOG_GROUP: &str = "AWS::Logs::LogGroup";
const ROLE: &str = "AWS::IAM::Role";
const FUNCTION: &str = "AWS::Lambda::Function";
const VPC: &str = "AWS::EC2::VPC";
const DOMAIN: &str = "AWS::CustomerProfiles::Domain";
const INTEGRATION: &str = "AWS::CustomerProfiles::Integration";
const OBJECT_TYPE: &str = "AWS::CustomerProfiles::ObjectType";

fn log_group(name: &str) -> Json {
    json!({ "LogGroupName": name, "RetentionInDays": 7 })
}

/// A made-up type with one of everything.
fn thing() -> Json {
    json!({
        "typeName": "AWS::Test::Thing",
        "additionalProperties": false,
        "required": ["Name"],
        "properties": {
            "Name": { "type": "string", "pattern": "^[a-zA-Z-]+$" },
            "Arn": { "type": "string" },
            "Size": { "type": "integer", "minimum": 1 },
            "Note": { "type": "string" },
            "Code": { "type": "object", "properties": { "Zip": { "type": "string" }, "Key": { "type": "string" } },
                      "additionalProperties": false },
            "Secret": { "type": "string" },
            "Dns": { "type": "object", "properties": { "Mode": { "type": "string" }, "Free": { "type": "integer" } } },
            "Labels": { "type": "array", "insertionOrder": false, "items": { "type": "string" } },
            "Steps": { "type": "array", "items": { "type": "string" } },
            "Tags": { "type": "array", "minItems": 1, "insertionOrder": false, "items": { "type": "object",
                      "properties": { "Key": { "type": "string" }, "Value": { "type": "string" } } } },
            "Replicas": { "type": "array", "items": { "type": "object", "properties": {
                      "Region": { "type": "string" }, "KmsKeyArn": { "type": "string" } } } },
            "LastUpdatedAt": { "type": "string", "format": "date-time" },
        },
        "primaryIdentifier": ["/properties/Name"],
        "readOnlyProperties": ["/properties/Arn", "/properties/LastUpdatedAt"],
        "writeOnlyProperties": ["/properties/Code/Zip", "/properties/Secret", "/properties/Replicas/*/KmsKeyArn"],
        "createOnlyProperties": ["/properties/Name", "/properties/Dns/Mode"],
        "tagging": { "taggable": true, "tagProperty": "/properties/Tags" },
        "handlers": { "create": {}, "read": {}, "update": {}, "delete": {}, "list": {} },
    })
}

const THING: &str = "AWS::Test::Thing";
