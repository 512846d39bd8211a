//! One provider in front of several: each type goes to the service that has it.

use crate::rest::{Rest, is_ours};
use async_trait::async_trait;
use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, Found, Operation, Page, Progress, Provider, RequestPage, TagFilter, TaggedPage,
    Transience, TypeOrigin, TypePage, TypeRecord,
};
use std::sync::Arc;

/// Types of definitions go to the REST services, all others to AWS. What has no type goes by request token, or by the
/// target's provider.
#[derive(Debug)]
pub struct Routed<A> {
    aws: Arc<A>,
    rest: Arc<Rest>,
}

impl<A: Provider> Routed<A> {
    /// Puts the two behind one front.
    pub fn new(aws: Arc<A>, rest: Arc<Rest>) -> Self {
        Self { aws, rest }
    }

    fn of(&self, ty: &TypeName) -> &dyn Provider {
        if self.rest.has(ty) { self.rest.as_ref() } else { self.aws.as_ref() }
    }

    fn of_token(&self, request: &RequestToken) -> &dyn Provider {
        if is_ours(request) { self.rest.as_ref() } else { self.aws.as_ref() }
    }

    fn of_place(&self, at: &Target) -> &dyn Provider {
        let provider = at.provider.as_str();
        let is_aws = provider == "aws" || provider == "awscc";
        if !is_aws { self.rest.as_ref() } else { self.aws.as_ref() }
    }
}

#[async_trait]
impl<A: Provider> Provider for Routed<A> {
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        self.of_place(at).caller(at).await
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        self.of(ty).read(at, ty, key).await
    }

    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        self.of(ty).list(at, ty, model, page).await
    }

    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        self.of(operation.ty()).submit(at, operation, token).await
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.of_token(request).poll(at, request).await
    }

    async fn cancel(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.of_token(request).cancel(at, request).await
    }

    async fn requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        page: Option<&str>,
    ) -> Result<RequestPage, Failure> {
        self.of_place(at).requests(at, in_flight_only, page).await
    }

    fn keeps_requests(&self, ty: &TypeName) -> bool {
        self.of(ty).keeps_requests(ty)
    }

    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        self.of_place(at).tagged(at, filters, types, page).await
    }

    fn index_place(&self, at: &Target, ty: &TypeName) -> Target {
        self.of(ty).index_place(at, ty)
    }

    fn index_places(&self, at: &Target) -> Vec<Target> {
        self.of_place(at).index_places(at)
    }

    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        self.of(ty).identifiers_of(ty, arn)
    }

    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        self.aws.types_of(arn)
    }

    async fn describe_type(&self, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        self.of(ty).describe_type(at, ty).await
    }

    async fn list_types(
        &self,
        at: &Target,
        which: TypeOrigin,
        page: Option<&str>,
    ) -> Result<TypePage, Failure> {
        self.of_place(at).list_types(at, which, page).await
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        self.of_token(&progress.request).failure_of(progress)
    }

    /// Words do not say whose they are. Those of REST services are ours and meant for this: they come first.
    fn transience(&self, message: &str) -> Option<Transience> {
        self.rest.transience(message).or_else(|| self.aws.transience(message))
    }
}
