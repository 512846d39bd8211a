//! AWS: Cloud Control for resources, STS for identity, the tag index and the registry of types, over one
//! [`Transport`](crate::Transport).
//!
//! The SDK signs, serialises and finds credentials. It retries nothing: every method is one HTTP request, apart from
//! what the credential chain needs.

mod classify;
mod connect;
mod convert;
mod credentials;
mod endpoint;
mod failure;
mod places;
mod registry;
mod signed;
mod tagging;
mod transience;
mod xml;

pub use classify::{
    ErrorAnswer, classify, exception_name, failure_of, handler_code, kind_of_handler_code, request_token,
    retry_after,
};
pub use connect::{AssumeRole, AwsSettings, ConnectError, SANDBOX_REGION, Source, connect, without_user};
pub use credentials::CredentialsFound;
pub use endpoint::{CLOUDFORMATION, Service, TAGGING};
pub use signed::{SignedRequest, encoded};
pub use transience::transience;

use async_trait::async_trait;
use aws_config::{Region as SdkRegion, SdkConfig};
use aws_sdk_cloudcontrol::types::{OperationStatus, ResourceRequestStatusFilter};
use bytes::Bytes;
use convert::{failed_hooks, identifier, progress, properties};
use failure::failure;
use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, ClientToken, Region, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Status, TagFilter,
    TaggedPage, Transience, TypeOrigin, TypePage, TypeRecord,
};
use stack_core::schema::{ResourceSchema, Schemas};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The largest page of requests that the service gives (cloud-control 1.3).
const REQUESTS_PER_PAGE: i32 = 100;

/// AWS as a [`Provider`]. Clients are made when a region is first used, and kept.
pub struct Aws {
    config: SdkConfig,
    schemas: Arc<dyn Schemas>,
    clients: Mutex<HashMap<Region, Clients>>,
}

#[derive(Clone)]
struct Clients {
    control: aws_sdk_cloudcontrol::Client,
    sts: aws_sdk_sts::Client,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.region()).finish_non_exhaustive()
    }
}

impl Aws {
    fn new(config: SdkConfig, schemas: Arc<dyn Schemas>) -> Self {
        Self { config, schemas, clients: Mutex::new(HashMap::new()) }
    }

    /// The region of targets that name none; `None` if neither settings, environment nor profile name one.
    pub fn region(&self) -> Option<Region> {
        self.config.region().map(|region| Region::new(region.as_ref()))
    }

    /// Sends a request to any service of AWS, signed, and gives the good answer. One attempt; errors are classified.
    pub async fn signed(
        &self,
        at: &Target,
        service: &Service,
        request: SignedRequest,
    ) -> Result<http::Response<Bytes>, Failure> {
        signed::send(&self.config, service, &self.region_of(at)?, request).await
    }

    fn region_of(&self, at: &Target) -> Result<Region, Failure> {
        at.region.clone().or_else(|| self.region()).ok_or_else(|| {
            Failure::new(
                FailureKind::Invalid,
                "NoRegion",
                "no AWS region is set: name one in the manifest, in AWS_REGION or in the profile",
            )
        })
    }

    fn clients(&self, at: &Target) -> Result<Clients, Failure> {
        let region = self.region_of(at)?;
        // The map stays whole even if a holder of the lock panicked.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(clients.entry(region).or_insert_with_key(|region| self.make(region)).clone())
    }

    fn make(&self, region: &Region) -> Clients {
        let region = SdkRegion::new(region.as_str().to_owned());
        let control =
            aws_sdk_cloudcontrol::config::Builder::from(&self.config).region(region.clone()).build();
        let sts = aws_sdk_sts::config::Builder::from(&self.config).region(region).build();
        Clients {
            control: aws_sdk_cloudcontrol::Client::from_conf(control),
            sts: aws_sdk_sts::Client::from_conf(sts),
        }
    }

    /// The schema, for the arity of identifiers. Private types have none.
    fn schema(&self, ty: &TypeName) -> Option<Arc<ResourceSchema>> {
        self.schemas.schema(ty).ok()
    }

    /// Fetches what failed hooks said, for an answer that does not carry it (trap 102).
    async fn with_hooks(&self, clients: &Clients, hooks: bool, mut told: Progress) -> Progress {
        if hooks && told.status == Status::Failed {
            let asked = clients
                .control
                .get_resource_request_status()
                .request_token(told.request.as_str())
                .send()
                .await;
            match asked {
                Ok(answer) => told.hooks = failed_hooks(answer.hooks_progress_event()),
                Err(error) => {
                    let why = failure(&error);
                    told.message.push_str(&format!(" (the messages of its hooks could not be read: {why})"));
                }
            }
        }
        told
    }
}

#[async_trait]
impl Provider for Aws {
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        let answer =
            self.clients(at)?.sts.get_caller_identity().send().await.map_err(|error| failure(&error))?;
        match (answer.account(), answer.arn()) {
            (Some(account), Some(arn)) => {
                Ok(Caller { account: AccountId::new(account), arn: arn.to_owned() })
            }
            _ => Err(malformed("the caller's identity has no account or no ARN")),
        }
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        let asked = self
            .clients(at)?
            .control
            .get_resource()
            .type_name(ty.as_str())
            .identifier(key.wire())
            .set_role_arn(at.role_arn.clone())
            .set_type_version_id(at.type_version_id.clone())
            .send()
            .await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                let failure = failure(&error);
                return if failure.kind == FailureKind::NotFound { Ok(None) } else { Err(failure) };
            }
        };
        let Some(description) = answer.resource_description() else {
            return Err(malformed(&format!("the answer about {ty} has no resource description")));
        };
        // The service's own spelling counts (trap 72).
        let text = match description.identifier().filter(|text| !text.is_empty()) {
            Some(text) => text.to_owned(),
            None => key.wire(),
        };
        let Some(model) = description.properties() else {
            return Err(malformed(&format!("the answer about {ty} `{text}` has no properties")));
        };
        let schema = self.schema(ty);
        Ok(Some(Found {
            identifier: identifier(schema.as_deref(), &text),
            model: properties(ty, &text, model)?,
        }))
    }

    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        // `MaxResults` is reserved and ignored (cloud-control 1.2).
        let answer = self
            .clients(at)?
            .control
            .list_resources()
            .type_name(ty.as_str())
            .set_resource_model(model.map(Json::to_string))
            .set_next_token(page.map(str::to_owned))
            .set_role_arn(at.role_arn.clone())
            .set_type_version_id(at.type_version_id.clone())
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let schema = self.schema(ty);
        let found = answer
            .resource_descriptions()
            .iter()
            .map(|description| {
                let Some(text) = description.identifier() else {
                    return Err(malformed(&format!("a listed {ty} has no identifier")));
                };
                let model = match description.properties() {
                    Some(model) => properties(ty, text, model)?,
                    None => Json::Object(serde_json::Map::new()),
                };
                Ok(Found { identifier: identifier(schema.as_deref(), text), model })
            })
            .collect::<Result<_, _>>()?;
        Ok(Page { found, next: next_page(answer.next_token()) })
    }

    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let clients = self.clients(at)?;
        let control = &clients.control;
        let event = match operation {
            Operation::Create { ty, props } => {
                control
                    .create_resource()
                    .type_name(ty.as_str())
                    .desired_state(props.to_string())
                    .client_token(token.as_str())
                    .set_role_arn(at.role_arn.clone())
                    .set_type_version_id(at.type_version_id.clone())
                    .send()
                    .await
                    .map_err(|error| failure(&error))?
                    .progress_event
            }
            Operation::Update { ty, identifier, patch } => {
                control
                    .update_resource()
                    .type_name(ty.as_str())
                    .identifier(identifier.wire())
                    .patch_document(patch.to_string())
                    .client_token(token.as_str())
                    .set_role_arn(at.role_arn.clone())
                    .set_type_version_id(at.type_version_id.clone())
                    .send()
                    .await
                    .map_err(|error| failure(&error))?
                    .progress_event
            }
            Operation::Delete { ty, identifier } => {
                control
                    .delete_resource()
                    .type_name(ty.as_str())
                    .identifier(identifier.wire())
                    .client_token(token.as_str())
                    .set_role_arn(at.role_arn.clone())
                    .set_type_version_id(at.type_version_id.clone())
                    .send()
                    .await
                    .map_err(|error| failure(&error))?
                    .progress_event
            }
        };
        let hooks = event.as_ref().is_some_and(|event| event.hooks_request_token().is_some());
        let told = progress(event.as_ref())?;
        Ok(self.with_hooks(&clients, hooks, told).await)
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        let answer = self
            .clients(at)?
            .control
            .get_resource_request_status()
            .request_token(request.as_str())
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let mut told = progress(answer.progress_event())?;
        if told.status == Status::Failed {
            told.hooks = failed_hooks(answer.hooks_progress_event());
        }
        Ok(told)
    }

    async fn cancel(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        let answer = self
            .clients(at)?
            .control
            .cancel_resource_request()
            .request_token(request.as_str())
            .send()
            .await
            .map_err(|error| failure(&error))?;
        progress(answer.progress_event())
    }

    async fn requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        page: Option<&str>,
    ) -> Result<RequestPage, Failure> {
        let filter = in_flight_only.then(|| {
            ResourceRequestStatusFilter::builder()
                .operation_statuses(OperationStatus::Pending)
                .operation_statuses(OperationStatus::InProgress)
                .build()
        });
        let answer = self
            .clients(at)?
            .control
            .list_resource_requests()
            .max_results(REQUESTS_PER_PAGE)
            .set_next_token(page.map(str::to_owned))
            .set_resource_request_status_filter(filter)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let requests = answer
            .resource_request_status_summaries()
            .iter()
            .map(|event| progress(Some(event)))
            .collect::<Result<_, _>>()?;
        Ok(RequestPage { requests, next: next_page(answer.next_token()) })
    }

    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        tagging::page(self, at, filters, types, page).await
    }

    async fn describe_type(&self, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        registry::describe(self, at, ty).await
    }

    async fn list_types(
        &self,
        at: &Target,
        which: TypeOrigin,
        page: Option<&str>,
    ) -> Result<TypePage, Failure> {
        registry::list(self, at, which, page).await
    }

    fn index_place(&self, at: &Target, ty: &TypeName) -> Target {
        places::of_type(at, ty)
    }

    fn index_places(&self, at: &Target) -> Vec<Target> {
        places::all(at)
    }

    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        self.schema(ty).map(|schema| stack_core::arn::identifiers(&schema, arn)).unwrap_or_default()
    }

    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        stack_catalog::arn::types(arn)
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        failure_of(progress)
    }

    fn transience(&self, message: &str) -> Option<Transience> {
        transience(message)
    }
}

fn malformed(message: &str) -> Failure {
    Failure::new(FailureKind::Internal, "MalformedAnswer", message)
}

/// A good answer that is cut off or in no form that we know: as good as no answer.
fn unreadable(what: &str, why: &dyn std::error::Error) -> Failure {
    Failure::new(
        FailureKind::NoAnswer,
        "UnreadableAnswer",
        format!("the answer to {what} cannot be read: {why}"),
    )
}

/// An empty token is no further page.
fn next_page(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}
