//! A cloud for tests: resources in a list, every call noted.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Status, TagFilter,
    Tagged, TaggedPage, Verb,
};
use stack_core::schema::Schemas;
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

#[derive(Debug, Default)]
pub(super) struct Cloud {
    /// Region, type, identifier, properties.
    pub(super) resources: Vec<(&'static str, &'static str, &'static str, Json)>,
    /// ARN and tags.
    pub(super) index: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    pub(super) requests: Vec<Progress>,
    /// The call that fails, and how.
    pub(super) fails: Option<(&'static str, FailureKind)>,
    pub(super) calls: Mutex<Vec<String>>,
}

impl Cloud {
    fn note(&self, call: &str, at: &Target, what: &str) -> Result<(), Failure> {
        let region = at.region.as_ref().map(ToString::to_string).unwrap_or_default();
        self.calls.lock().unwrap().push(format!("{call} {region} {what}").trim_end().to_owned());
        self.fail(call)
    }

    fn fail(&self, call: &str) -> Result<(), Failure> {
        match &self.fails {
            Some((failing, kind)) if *failing == call => {
                Err(Failure::new(*kind, "AccessDeniedException", "not allowed"))
            }
            _ => Ok(()),
        }
    }

    fn found(&self, at: &Target, ty: &TypeName) -> Vec<Found> {
        let schema = Catalog::embedded().schema(ty).unwrap();
        let here = self.resources.iter().filter(|(region, own, ..)| {
            *own == ty.as_str() && at.region.as_ref().is_some_and(|at| at.as_str() == *region)
        });
        here.map(|(_, _, text, model)| Found {
            identifier: Identifier::parse(&schema, text).unwrap(),
            model: model.clone(),
        })
        .collect()
    }
}

#[async_trait]
impl Provider for Cloud {
    async fn caller(&self, _: &Target) -> Result<Caller, Failure> {
        unreachable!("queries do not ask who they are")
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        let Key::Primary(identifier) = key else { unreachable!("by identifier") };
        self.note("get", at, &format!("{} {identifier}", ty.as_str()))?;
        Ok(self.found(at, ty).into_iter().find(|one| one.identifier == *identifier))
    }

    /// One resource a page, so that pages are turned.
    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        let below = if model.is_some() { "list below" } else { "list" };
        let model = model.map(|model| format!(" {model}")).unwrap_or_default();
        self.note("list", at, &format!("{}{model}", ty.as_str()))?;
        self.fail(below)?;
        let number = page.map_or(0, |page| page.parse::<usize>().unwrap());
        let all = self.found(at, ty);
        let next = (number + 1 < all.len()).then(|| (number + 1).to_string());
        Ok(Page { found: all.into_iter().skip(number).take(1).collect(), next })
    }

    async fn submit(&self, _: &Target, _: &Operation, _: &ClientToken) -> Result<Progress, Failure> {
        unreachable!("queries write nothing")
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.note("status", at, request.as_str())?;
        let found = self.requests.iter().find(|one| one.request == *request).cloned();
        found
            .ok_or_else(|| Failure::new(FailureKind::RequestUnknown, "RequestTokenNotFoundException", "none"))
    }

    async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        unreachable!("queries cancel nothing")
    }

    async fn requests(&self, at: &Target, in_flight: bool, _: Option<&str>) -> Result<RequestPage, Failure> {
        self.note("requests", at, if in_flight { "in flight" } else { "" })?;
        Ok(RequestPage { requests: self.requests.clone(), next: None })
    }

    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        _: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        let shown: Vec<String> =
            filters.iter().map(|one| format!("{}={}", one.key, one.values.join(","))).collect();
        let shown: Vec<String> = shown.into_iter().chain(types.iter().cloned()).collect();
        self.note("tagged", at, &shown.join(" "))?;
        let is_of = |arn: &str| {
            let mut parts = arn.split([':', '/']).skip(2);
            let (service, kind) = (parts.next().unwrap(), parts.nth(2).unwrap());
            types.is_empty() || types.iter().any(|ty| *ty == format!("{service}:{kind}"))
        };
        let fits = |tags: &[(&str, &str)]| {
            filters
                .iter()
                .all(|one| tags.iter().any(|(k, v)| *k == one.key && one.values.iter().any(|w| w == v)))
        };
        let found =
            self.index.iter().filter(|(arn, tags)| fits(tags) && is_of(arn)).map(|(arn, tags)| Tagged {
                arn: (*arn).to_owned(),
                tags: tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            });
        Ok(TaggedPage { found: found.collect(), next: None })
    }
}

/// A cloud with a little of everything.
pub(super) fn cloud() -> Cloud {
    let (east, west) = ("us-east-1", "us-west-2");
    let (bucket, vpc, integration) =
        ("AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::CustomerProfiles::Integration");
    let bucket_of = |name: &str| json!({"BucketName": name, "Tags": [{"Key": "env", "Value": "dev"}]});
    Cloud {
        resources: vec![
            (east, bucket, "logs", bucket_of("logs")),
            (east, bucket, "data", json!({"BucketName": "data"})),
            (west, bucket, "west", bucket_of("west")),
            (
                east,
                vpc,
                "vpc-1",
                json!({
                "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true, "EnableDnsHostnames": false,
                "Tags": [{"Key": "env", "Value": "dev"}, {"Key": "Name", "Value": "main"}]}),
            ),
            (
                east,
                vpc,
                "vpc-2",
                json!({"VpcId": "vpc-2", "CidrBlock": "10.1.0.0/16", "EnableDnsSupport": false}),
            ),
            (
                east,
                integration,
                "dom|uri-1",
                json!({"DomainName": "dom", "Uri": "uri-1", "ObjectTypeName": "CTR"}),
            ),
            (
                east,
                "AWS::CustomerProfiles::Domain",
                "dom",
                json!({"DomainName": "dom", "DefaultExpirationDays": 366}),
            ),
            (
                east,
                "AWS::EC2::SubnetRouteTableAssociation",
                "rtbassoc-1",
                json!({
                "Id": "rtbassoc-1", "RouteTableId": "rtb-1", "SubnetId": "subnet-1"}),
            ),
        ],
        index: vec![
            ("arn:aws:ec2:us-east-1:1:vpc/vpc-1", vec![("env", "dev")]),
            ("arn:aws:ec2:us-east-1:1:vpc/vpc-gone", vec![("env", "dev")]),
            ("arn:aws:s3:::logs", vec![("env", "dev")]),
        ],
        requests: vec![request("r-1", Status::Failed), request("r-2", Status::Success)],
        ..Cloud::default()
    }
}

fn request(token: &str, status: Status) -> Progress {
    Progress {
        request: RequestToken::new(token),
        ty: Some(TypeName::new("AWS::S3::Bucket")),
        verb: Some(Verb::Create),
        status,
        identifier: Some("logs".to_owned()),
        error_code: None,
        message: String::new(),
        retry_after: None,
        at: Some(1_700_000_000_500),
        hooks: Vec::new(),
        hooks_request: None,
        model: None,
    }
}

/// Runs what never waits.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing waits here"),
    }
}
