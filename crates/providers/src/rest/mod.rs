//! REST services that definitions describe, as a [`Provider`] (docs/design/0010).
//!
//! One engine for all of them: what differs between services stands in the definitions
//! ([`stack_catalog::rest`]), not here. A call of the seam is one operation, which may take several requests: a read with
//! its parts, an update with its steps, a look for a natural key. Nothing here sleeps or repeats a request that may have
//! done something.

mod change;
mod errors;
mod follow;
mod list;
mod memory;
mod model;
mod oauth;
mod operate;
mod preflight;
mod read;
mod ready;
mod settings;
mod token;
mod wire;
mod young;

pub use settings::{Credential, RestSettings};
pub(crate) use token::is_ours;

use crate::aws::Aws;
use crate::transport::Transport;
use async_trait::async_trait;
use memory::Memory;
use model::Model;
use serde_json::Value as Json;
use stack_catalog::rest::{Definition, Definitions};
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Status, Transience,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The wall clock: Unix milliseconds.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// All REST services that a program knows.
pub struct Rest {
    definitions: Arc<Definitions>,
    transport: Arc<dyn Transport>,
    /// Signs requests to services of AWS.
    aws: Option<Arc<Aws>>,
    settings: RestSettings,
    clock: WallClock,
    memory: Memory,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Rest {
    /// The services of these definitions. `aws` signs for those that take SigV4; without it they fail with what is missing.
    pub fn new(
        definitions: Arc<Definitions>,
        transport: Arc<dyn Transport>,
        aws: Option<Arc<Aws>>,
        settings: RestSettings,
        clock: WallClock,
    ) -> Self {
        Self { definitions, transport, aws, settings, clock, memory: Memory::default() }
    }

    /// A moment from now, Unix milliseconds.
    fn after(&self, wait: Duration) -> i64 {
        (self.clock)().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
    }

    /// The definitions.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// True if it knows the type.
    pub fn has(&self, ty: &TypeName) -> bool {
        self.definitions.get(ty).is_some()
    }

    fn definition(&self, ty: &TypeName) -> Result<&Definition, Failure> {
        self.definitions.get(ty).map(Arc::as_ref).ok_or_else(|| {
            Failure::new(FailureKind::Unsupported, "UnknownType", format!("no definition describes {ty}"))
        })
    }

    /// A model as found: with what only the create's answer held, if this run made it.
    fn found(&self, definition: &Definition, mut model: Model) -> Found {
        let identifier = identity_of(definition, &model);
        for (name, value) in self.memory.kept(&definition.ty, &identifier.wire()) {
            model.insert(name, value);
        }
        Found { identifier, model: Json::Object(model) }
    }
}

/// The identifier that a model shows.
fn identity_of(definition: &Definition, model: &Model) -> Identifier {
    let part = |name: &String| (name.clone(), wire::value_of(model, name).unwrap_or_default());
    Identifier { parts: definition.resource.identity.iter().map(part).collect() }
        .without_optional(&definition.schema())
}

/// The identity as a model. A nameless part is the only one there is. Parts that were left out are in none.
fn of_identifier(definition: &Definition, identifier: &Identifier) -> Model {
    let names = definition.resource.identity.iter();
    let values = identifier.parts.iter();
    // A statement may say what tells the host.
    let is_beside = |(name, _): &&(String, String)| {
        !definition.resource.identity.contains(name) && definition.property(name).is_some()
    };
    let beside = identifier.parts.iter().filter(is_beside);
    let beside = beside.map(|(name, value)| (name.clone(), Json::String(value.clone())));
    names
        .zip(values)
        .map(|(name, (given, value))| {
            let by_name = identifier.parts.iter().find(|(part, _)| part == name).map(|(_, value)| value);
            let value = if given.is_empty() { value } else { by_name.unwrap_or(value) };
            (name, value)
        })
        .filter(|(name, value)| !(value.is_empty() && definition.resource.optional_parts().contains(name)))
        .map(|(name, value)| (name.clone(), Json::String(value.clone())))
        .chain(beside)
        .collect()
}

#[async_trait]
impl Provider for Rest {
    /// Nobody is asked: a key belongs to one organisation, which the service tells by the key.
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        Ok(Caller { account: AccountId::new(at.provider.as_str()), arn: String::new() })
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        let definition = self.definition(ty)?;
        let identity = match key {
            Key::Primary(identifier) | Key::InAccount(identifier) => of_identifier(definition, identifier),
            Key::Additional(parts) => {
                parts.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect()
            }
        };
        let Some(seen) = self.look(at, definition, &identity).await? else { return Ok(None) };
        Ok(Some(self.found(definition, seen.model)))
    }

    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        let definition = self.definition(ty)?;
        let empty = Json::Object(Model::new());
        let inputs = model::flat(definition, model.unwrap_or(&empty));
        let (models, next) = self.page(at, definition, &inputs, page).await?;
        let found = models.into_iter().map(|model| self.found(definition, model)).collect();
        Ok(Page { found, next })
    }

    /// None: REST services keep no tags that an index could know.
    fn index_places(&self, _: &Target) -> Vec<Target> {
        Vec::new()
    }

    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        let definition = self.definition(operation.ty())?;
        match operation {
            Operation::Create { props, .. } => self.create(at, definition, props, token).await,
            Operation::Update { identifier, patch, .. } => {
                self.update(at, definition, identifier, patch, token).await
            }
            Operation::Delete { identifier, .. } => self.delete(at, definition, identifier, token).await,
        }
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.state(at, request).await
    }

    async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Failure> {
        let message = "what was asked of this service cannot be called back";
        Err(Failure::new(FailureKind::Unsupported, "NoCancel", message))
    }

    /// These services keep no records of operations.
    async fn requests(&self, _: &Target, _: bool, _: Option<&str>) -> Result<RequestPage, Failure> {
        Ok(RequestPage::default())
    }

    fn keeps_requests(&self, _: &TypeName) -> bool {
        false
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        let code = progress.error_code.as_deref().unwrap_or_default();
        let kind = match (&progress.status, code) {
            (Status::CancelComplete, _) => FailureKind::Cancelled,
            (_, operate::NOT_ARRIVED) => FailureKind::Unavailable,
            (_, operate::SEVERAL | operate::UNDATED) => FailureKind::Invalid,
            _ => FailureKind::Internal,
        };
        let message = match progress.message.as_str() {
            "" => "the service gave no reason",
            message => message,
        };
        Failure::new(kind, if code.is_empty() { kind.word() } else { code }, message)
    }

    fn transience(&self, message: &str) -> Option<Transience> {
        errors::transience(message)
    }
}
