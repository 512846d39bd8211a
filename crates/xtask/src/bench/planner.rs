//! Planner and differ alone: stacks in memory whose live models are as declared, save for what services add.

use crate::{Failure, say};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_core::desired::{Edge, Lifecycle, Node, Outputs, Rendered, Resolver, Sources, Wanted};
use stack_core::diagnostic::{Diagnostics, Route};
use stack_core::identity::Identifier;
use stack_core::ids::{Address, ProviderId, Region, StackId, Target, TypeName};
use stack_core::observed::{IdentityStep, Sighting};
use stack_core::plan::{Action, Mode};
use stack_core::planner::{PlanOptions, Planning};
use stack_core::provider::Found;
use stack_core::schema::{ResourceSchema, Schemas, TagForm, UnknownType};
use stack_core::tags;
use stack_core::value::{Unknown, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs of each size.
const RUNS: usize = 20;

pub(super) fn run() -> Result<(), Failure> {
    for size in [1_000, 10_000] {
        let stack = Arc::new(Stack::new(size)?);
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            times.push(stack.plan()?);
        }
        times.sort_unstable();
        let (least, median) = (times.first(), times.get(RUNS / 2));
        let shown = |time: Option<&Duration>| time.map_or(0.0, |t| t.as_secs_f64() * 1e3);
        say(&format!(
            "{size:>6} unchanged resources: min {:.1} ms, median {:.1} ms",
            shown(least),
            shown(median)
        ));
    }
    Ok(())
}

/// Types with their declared properties; `{n}` is the number of the resource, `${first.X}` a reference to the first
/// resource of its group.
fn templates() -> Vec<(&'static str, Json)> {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": ["s3:GetObject", "s3:List*"], "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["a", "b"], "Condition": {"Bool": {"aws:SecureTransport": false}}},
    ]});
    vec![
        (
            "AWS::S3::Bucket",
            json!({
                "BucketName": "bucket-{n}", "VersioningConfiguration": {"Status": "Enabled"},
                "LifecycleConfiguration": {"Rules": [
                    {"Id": "old", "Status": "Enabled", "ExpirationInDays": 30},
                    {"Id": "cold", "Status": "Enabled", "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 90}]},
                ]},
                "Tags": [{"Key": "team", "Value": "shop"}, {"Key": "cost-center", "Value": "4410"}],
            }),
        ),
        (
            "AWS::IAM::Role",
            json!({
                "RoleName": "role-{n}", "AssumeRolePolicyDocument": policy, "Description": "Runs ${first.BucketName}",
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"],
                "Tags": [{"Key": "team", "Value": "shop"}],
            }),
        ),
        ("AWS::Logs::LogGroup", json!({"LogGroupName": "/shop/{n}", "RetentionInDays": 30})),
        (
            "AWS::DynamoDB::Table",
            json!({
                "TableName": "table-{n}", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "N"}],
                "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
                "GlobalSecondaryIndexes": [{"IndexName": "i", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
            }),
        ),
        (
            "AWS::Lambda::Function",
            json!({
                "FunctionName": "function-{n}", "Role": "arn:aws:iam::123456789012:role/r", "MemorySize": 256, "Timeout": 30,
                "Code": {"S3Bucket": "${first.BucketName}", "S3Key": "code.zip"}, "Handler": "main", "Runtime": "python3.13",
                "Environment": {"Variables": {"TABLE": "t", "REGION": "eu-west-1", "LEVEL": "info"}},
            }),
        ),
        (
            "AWS::SSM::Parameter",
            json!({"Name": "/shop/{n}", "Type": "String", "Value": "{\"a\": 1}", "Tags": {"team": "shop"}}),
        ),
        (
            "AWS::RDS::DBInstance",
            json!({"DBInstanceIdentifier": "Db-{n}", "Engine": "Postgres", "EngineVersion": "16", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20"}),
        ),
        (
            "AWS::CustomerProfiles::Domain",
            json!({"DomainName": "domain-{n}", "DefaultExpirationDays": 366, "Matching": {"Enabled": true}}),
        ),
        (
            "AWS::CustomerProfiles::ObjectType",
            json!({"DomainName": "domain-{n}", "ObjectTypeName": "CTR", "Description": "d", "Fields": [
                {"Name": "a", "ObjectTypeField": {"Source": "_source.a", "Target": "_profile.A", "ContentType": "STRING"}},
                {"Name": "b", "ObjectTypeField": {"Source": "_source.b", "Target": "_profile.B", "ContentType": "NUMBER"}},
            ]}),
        ),
        (
            "AWS::ECS::Cluster",
            json!({"ClusterName": "cluster-{n}", "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}),
        ),
    ]
}

/// The schemas, each looked up once by its short name, as a command does.
struct Parsed(HashMap<TypeName, Arc<ResourceSchema>>);

impl Schemas for Parsed {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Catalog::embedded().canonical(name)
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        self.0.get(ty).map_or_else(|| Catalog::embedded().schema(ty), |schema| Ok(Arc::clone(schema)))
    }
    fn available_in(&self, ty: &TypeName, region: &str) -> bool {
        Catalog::embedded().available_in(ty, region)
    }
}

struct Stack {
    id: StackId,
    nodes: Vec<Node>,
    wanted: BTreeMap<Address, Wanted>,
    live: BTreeMap<Address, Sighting>,
    schemas: Arc<Parsed>,
}

impl Stack {
    fn new(size: usize) -> Result<Self, Failure> {
        let templates = templates();
        let unknown = |error: UnknownType| Failure::Rule(error.to_string());
        let mut schemas = HashMap::new();
        for (ty, _) in &templates {
            let ty = TypeName::from(*ty);
            let schema = Catalog::embedded().schema(&ty).map_err(unknown)?;
            schemas.insert(ty, schema);
        }
        let mut stack = Self {
            id: StackId { name: "shop".into(), env: "prod".into() },
            nodes: Vec::with_capacity(size),
            wanted: BTreeMap::new(),
            live: BTreeMap::new(),
            schemas: Arc::new(Parsed(schemas)),
        };
        for n in 0..size {
            let (ty, props) = &templates[n % templates.len()];
            let schema = stack.schemas.schema(&TypeName::from(*ty)).map_err(unknown)?;
            stack.add(n, n - n % templates.len(), &schema, props);
        }
        Ok(stack)
    }

    fn add(&mut self, n: usize, first: usize, schema: &ResourceSchema, props: &Json) {
        let address = Address::from(format!("r{n}").as_str());
        let written =
            props.to_string().replace("{n}", &n.to_string()).replace("${first.", &format!("${{r{first}."));
        let props: Json = serde_json::from_str(&written).unwrap_or_default();
        let route = Route::default().key("resources").index(n);
        let after = if written.contains("${") {
            vec![Edge {
                to: format!("r{first}").as_str().into(),
                via: "r.BucketName".into(),
                route: route.clone(),
            }]
        } else {
            Vec::new()
        };
        let ty = schema.type_name.clone();
        self.nodes.push(Node {
            address: address.clone(),
            declared_type: ty.to_string(),
            after,
            follows: Vec::new(),
            route: route.clone(),
        });
        let shown = written.replace(&format!("${{r{first}.BucketName}}"), &format!("bucket-{first}"));
        self.live.insert(address.clone(), self.seen(address.as_str(), schema, &shown));
        let target = Target {
            provider: ProviderId::from("aws"),
            region: Some(Region::from("eu-west-1")),
            role_arn: None,
            type_version_id: None,
            credential: None,
        };
        let wanted = Wanted {
            formerly: Vec::new(),
            absent: false,
            address: address.clone(),
            ty: ty.clone(),
            declared_type: ty.to_string(),
            target,
            identifier: None,
            props: Value::from(props),
            default_tags: IndexMap::from([("environment".to_owned(), Value::text("prod"))]),
            ownership_tags: true,
            as_written: false,
            kept: false,
            client_tokens: Vec::new(),
            lifecycle: Lifecycle::default(),
            sources: Sources { resource: route, ..Sources::default() },
        };
        self.wanted.insert(address, wanted);
    }

    /// What a read shows: no write-only values, some in the service's form, and all tags.
    fn seen(&self, name: &str, schema: &ResourceSchema, written: &str) -> Sighting {
        let written = written
            .replace("\"Db-", "\"db-")
            .replace("\"Postgres\"", "\"postgres\"")
            .replace("\"EngineVersion\":\"16\"", "\"EngineVersion\":\"16.4\"");
        let mut model: Json = serde_json::from_str(&written).unwrap_or_default();
        let parts = schema
            .primary_identifier
            .iter()
            .filter_map(|path| {
                let value = path.as_pointer()?.get(&model)?.as_str()?.to_owned();
                Some((path.top()?.to_owned(), value))
            })
            .collect();
        if let Json::Object(members) = &mut model {
            members.remove("Code");
            members.insert("Arn".into(), json!(format!("arn:aws:x:eu-west-1:123456789012:{name}")));
            if let Some((property, form)) = schema.tag_property() {
                let mut marks = tags::marks(&self.id, name, None);
                marks.push(("environment".into(), "prod".into()));
                let empty = match form {
                    TagForm::KeyValueList => json!([]),
                    TagForm::Map => json!({}),
                };
                match members.entry(property).or_insert(empty) {
                    Json::Array(items) => {
                        for (key, value) in marks {
                            items.insert(0, json!({"Key": key, "Value": value}));
                        }
                    }
                    Json::Object(map) => map.extend(marks.into_iter().map(|(k, v)| (k, Json::from(v)))),
                    _ => {}
                }
            }
        }
        let found = Found { identifier: Identifier { parts }, model };
        Sighting::Present { found: Box::new(found), step: IdentityStep::Declared }
    }

    /// The time from the graph to the plan.
    #[expect(clippy::disallowed_methods, reason = "real time of a real computation")]
    fn plan(self: &Arc<Self>) -> Result<Duration, Failure> {
        let begin = Instant::now();
        let resolver: Arc<dyn Resolver> = Arc::<Self>::clone(self);
        let schemas: Arc<dyn Schemas> = Arc::<Parsed>::clone(&self.schemas);
        let mut planning = Planning::new(resolver, schemas, PlanOptions::of(Mode::Build));
        while !planning.is_done() {
            for question in planning.questions() {
                let absent = Sighting::Absent;
                planning.answer(&question.address, self.live.get(&question.address).unwrap_or(&absent));
            }
        }
        let (plan, _) = planning.finish();
        let took = begin.elapsed();
        match plan.resources.values().find(|planned| planned.action != Action::Noop) {
            None => Ok(took),
            Some(planned) => {
                Err(Failure::Rule(format!("{} would change: {:?}", planned.ty, planned.changes)))
            }
        }
    }
}

fn fill(value: &Value, outputs: &Outputs) -> Value {
    match value {
        Value::String(text) => {
            let Some((before, rest)) = text.split_once("${") else { return value.clone() };
            let Some((address, after)) = rest.split_once(".BucketName}") else { return value.clone() };
            match outputs
                .get(address)
                .and_then(|output| output.model.get("BucketName"))
                .and_then(Value::scalar_text)
            {
                Some(known) => Value::text(format!("{before}{known}{after}")),
                None => Value::Unknown(Unknown::of(&address.into(), "BucketName")),
            }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, outputs)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), fill(v, outputs))).collect()),
        other => other.clone(),
    }
}

impl Resolver for Stack {
    fn stack(&self) -> &StackId {
        &self.id
    }
    fn nodes(&self) -> &[Node] {
        &self.nodes
    }
    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
        let Some(wanted) = self.wanted.get(address) else { return Ok(Rendered::Skipped) };
        let mut wanted = wanted.clone();
        wanted.props = fill(&wanted.props, outputs);
        Ok(Rendered::Wanted(Box::new(wanted)))
    }
}
