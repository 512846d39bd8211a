//! The seam to a cloud: one attempt per call, no sleeping, no retries, no printing.

use crate::identity::{Identifier, Key};
use crate::ids::{AccountId, ClientToken, RequestToken, Target, TypeName};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;
use std::time::Duration;

/// A cloud. Object-safe.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Who we are (STS GetCallerIdentity).
    async fn caller(&self, at: &Target) -> Result<Caller, Failure>;
    /// Reads one resource; `None` if it certainly does not exist. A denied read is a failure, never `None`.
    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure>;
    /// One page of a type's resources. `model` is the list handler's input. Properties may be partial.
    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure>;
    /// Starts an operation. The same token sent again returns the same operation for 36 hours.
    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure>;
    /// Where an operation stands.
    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure>;
    /// Asks the service to stop an operation. What was done stays done.
    async fn cancel(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure>;
    /// One page of the account's operations of the last seven days, newest first, whoever started them.
    /// `in_flight_only`: pending and in progress.
    async fn requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        page: Option<&str>,
    ) -> Result<RequestPage, Failure>;
    /// True if [`Provider::requests`] tells every operation on this type that arrived, so that one it does not tell never did.
    /// Pure.
    ///
    /// Where it is false, nothing but the resource itself says what became of an update or delete without an answer. A create
    /// that may have arrived is accepted there, to be looked for: `NoAnswer` to it means that nothing was sent.
    fn keeps_requests(&self, ty: &TypeName) -> bool {
        let _ = ty;
        true
    }
    /// One page of the resources that carry all of these tags, as the tag index knows them: late, and with some that are
    /// gone (cloud-control 5.1). Evidence for a read, never proof of anything. `types`, as ARNs name them: `ec2` or
    /// `ec2:vpc`; none: all.
    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        let _ = (at, filters, types, page);
        Err(Failure::new(FailureKind::Unsupported, "NoTagIndex", "this provider has no tag index"))
    }
    /// Where the tag index keeps the records of a type that lives at this place. Pure.
    fn index_place(&self, at: &Target, ty: &TypeName) -> Target {
        let _ = ty;
        at.clone()
    }
    /// Every place that the tag index keeps records of resources of this place in. Pure.
    fn index_places(&self, at: &Target) -> Vec<Target> {
        vec![at.clone()]
    }
    /// The identifiers of a type that a record of the tag index may mean, best first; each to be confirmed by a read. Pure.
    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        let _ = (ty, arn);
        Vec::new()
    }
    /// The types that a record of the tag index may be of, best first; each to be confirmed by a read. Pure.
    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        let _ = arn;
        Vec::new()
    }
    /// The schema that the registry of this place has for a type.
    async fn describe_type(&self, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        let _ = (at, ty);
        Err(Failure::new(FailureKind::Unsupported, "NoRegistry", "this provider has no registry of types"))
    }
    /// One page of the types that the registry of this place has.
    async fn list_types(
        &self,
        at: &Target,
        which: TypeOrigin,
        page: Option<&str>,
    ) -> Result<TypePage, Failure> {
        let _ = (at, which, page);
        Err(Failure::new(FailureKind::Unsupported, "NoRegistry", "this provider has no registry of types"))
    }
    /// What an operation that ended in `Failed` or `CancelComplete` amounts to. Pure: providers know their own codes.
    fn failure_of(&self, progress: &Progress) -> Failure {
        let kind = match progress.status {
            Status::CancelComplete => FailureKind::Cancelled,
            _ => FailureKind::Internal,
        };
        let code = progress.error_code.clone().unwrap_or_else(|| kind.word().to_owned());
        Failure::new(kind, code, progress.message.clone())
    }
    /// The passing condition that the words of a failure speak of, although its code looks final. Pure.
    fn transience(&self, message: &str) -> Option<Transience> {
        let _ = message;
        None
    }
}

/// A condition that passes by itself, told only by a failure's words (cloud-control 4.4).
///
/// The first three are also the words of a genuine mistake: they count only shortly after this run created or changed
/// something that the resource depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transience {
    /// A new role or instance profile is not known everywhere yet.
    Role,
    /// A new principal is not known to policies yet.
    Principal,
    /// A new subnet or load balancer is not known everywhere yet.
    Network,
    /// The resource is being changed by something else.
    Busy,
    /// A name that was freed a moment ago.
    CoolDown,
    /// Other resources still use it: delete those first, then try again without a wait.
    InUse,
}

impl Transience {
    /// True if the words count only after a recent change of a dependency.
    pub fn needs_recent_change(self) -> bool {
        matches!(self, Self::Role | Self::Principal | Self::Network)
    }
}

/// The caller's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Account.
    pub account: AccountId,
    /// Caller's ARN.
    pub arn: String,
}

/// A live resource as read or listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// As the service spells it (trap 72).
    pub identifier: Identifier,
    /// Its properties. Write-only ones are absent; in a list others may be too.
    pub model: Json,
}

/// One page of a listing. Only an absent `next` ends it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The resources.
    pub found: Vec<Found>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// One page of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPage {
    /// The operations.
    pub requests: Vec<Progress>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// A tag to look for. Filters are joined by *and*, the values of one by *or*; no values mean any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    /// Key.
    pub key: String,
    /// Values, at most 20.
    pub values: Vec<String>,
}

/// A record of the tag index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// ARN of the resource, which need not exist any more.
    pub arn: String,
    /// All its tags that the index knows.
    pub tags: Vec<(String, String)>,
}

/// One page of the tag index. Pages may be short or empty; only an absent `next` ends the listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaggedPage {
    /// The records.
    pub found: Vec<Tagged>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// What the registry says of a type (CloudFormation DescribeType, cloud-control 6.1).
#[derive(Clone, Debug, PartialEq)]
pub struct TypeRecord {
    /// Its name.
    pub ty: TypeName,
    /// Its schema, as published: JSON text.
    pub schema: String,
    /// `FULLY_MUTABLE`, `IMMUTABLE` or `NON_PROVISIONABLE`.
    pub provisioning: Option<String>,
    /// `PUBLIC` or `PRIVATE`.
    pub visibility: Option<String>,
    /// Version that operations use where none is named; private types only.
    pub default_version: Option<String>,
    /// True if its publisher advises against it.
    pub deprecated: bool,
    /// Unix milliseconds of its last change, if told.
    pub last_updated: Option<i64>,
}

/// Which types to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeOrigin {
    /// Those that AWS publishes.
    Aws,
    /// Those registered or activated in the account: private and third-party ones.
    Account,
}

/// One page of types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypePage {
    /// Their names.
    pub types: Vec<TypeName>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// An operation with everything that it sends. Bodies are in clear: never journal or print this value.
#[derive(Clone, PartialEq)]
pub enum Operation {
    /// Make a resource.
    Create {
        /// Type.
        ty: TypeName,
        /// All properties to send.
        props: Json,
    },
    /// Change a resource.
    Update {
        /// Type.
        ty: TypeName,
        /// Which.
        identifier: Identifier,
        /// RFC 6902 document, pointers relative to the properties.
        patch: Json,
    },
    /// Remove a resource.
    Delete {
        /// Type.
        ty: TypeName,
        /// Which.
        identifier: Identifier,
    },
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { ty, .. } => write!(f, "Create({ty})"),
            Self::Update { ty, identifier, .. } => write!(f, "Update({ty} {identifier})"),
            Self::Delete { ty, identifier } => write!(f, "Delete({ty} {identifier})"),
        }
    }
}

impl Operation {
    /// Its type.
    pub fn ty(&self) -> &TypeName {
        match self {
            Self::Create { ty, .. } | Self::Update { ty, .. } | Self::Delete { ty, .. } => ty,
        }
    }
    /// Its verb.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Create { .. } => Verb::Create,
            Self::Update { .. } => Verb::Update,
            Self::Delete { .. } => Verb::Delete,
        }
    }
}

/// The three things that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// CreateResource.
    Create,
    /// UpdateResource.
    Update,
    /// DeleteResource.
    Delete,
}

impl Verb {
    /// What is done to a resource by it: `created`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// The state of one operation (Cloud Control ProgressEvent). The model is in clear: never journal or print it.
#[derive(Clone, PartialEq)]
pub struct Progress {
    /// Handle.
    pub request: RequestToken,
    /// Type, if told.
    pub ty: Option<TypeName>,
    /// Verb, if told.
    pub verb: Option<Verb>,
    /// Where it stands.
    pub status: Status,
    /// Identifier text as sent by the service; may be there early, may be missing at the end.
    pub identifier: Option<String>,
    /// Handler error code of a failed operation.
    pub error_code: Option<String>,
    /// Service's words; may be empty even on failure.
    pub message: String,
    /// Absolute time (Unix milliseconds) before which asking again is useless.
    pub retry_after: Option<i64>,
    /// Time of the event, Unix milliseconds.
    pub at: Option<i64>,
    /// Failed hooks: name and message.
    pub hooks: Vec<(String, String)>,
    /// The handle of the hooks that were invoked, if any were.
    pub hooks_request: Option<String>,
    /// The properties, if the event tells them: often not all, and with what was sent to be written only. No read of the
    /// resource (cloud-control 1.4).
    pub model: Option<Json>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("request", &self.request)
            .field("ty", &self.ty)
            .field("verb", &self.verb)
            .field("status", &self.status)
            .field("identifier", &self.identifier)
            .field("error_code", &self.error_code)
            .field("message", &self.message)
            .field("retry_after", &self.retry_after)
            .field("at", &self.at)
            .field("hooks", &self.hooks)
            .field("hooks_request", &self.hooks_request)
            .finish_non_exhaustive()
    }
}

/// Operation status (cloud-control 1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Accepted, not started.
    Pending,
    /// Running.
    InProgress,
    /// Done.
    Success,
    /// Ended badly; the resource may exist in part.
    Failed,
    /// Being cancelled.
    CancelInProgress,
    /// Cancelled; the resource may exist in part.
    CancelComplete,
    /// A word that we do not know: keep polling.
    Other(String),
}

impl Status {
    /// True if nothing more will happen.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::CancelComplete)
    }
}

/// A call or an operation that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// Class that decides what to do.
    pub kind: FailureKind,
    /// Service's own code, or ours for transport errors.
    pub code: String,
    /// Service's words, redacted of what we know to be secret.
    pub message: String,
    /// Request id of the call.
    pub request_id: Option<String>,
    /// Wait that the service asks for.
    pub retry_after: Option<Duration>,
    /// The running operation that is in the way (ConcurrentOperation, ClientTokenConflict).
    pub blocked_by: Option<RequestToken>,
    /// HTTP status of the answer, where there was one.
    pub status: Option<u16>,
    /// True if a part of the operation was done before the rest of it failed, where it takes several requests.
    pub partly: bool,
}

impl Failure {
    /// A failure with a class, a code and words.
    pub fn new(kind: FailureKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.into(),
            message: message.into(),
            request_id: None,
            retry_after: None,
            blocked_by: None,
            status: None,
            partly: false,
        }
    }
}

/// Classes of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Too many calls.
    Throttled,
    /// Another operation holds the resource.
    Busy,
    /// The service says conflict; waiting helps.
    Conflict,
    /// Not there.
    NotFound,
    /// There already.
    AlreadyExists,
    /// Not allowed.
    Denied,
    /// Credentials missing, wrong or expired.
    Credentials,
    /// The request is wrong.
    Invalid,
    /// The change needs a replacement.
    NotUpdatable,
    /// The type or the handler is missing.
    Unsupported,
    /// A quota is used up.
    Quota,
    /// The operation ended without the resource settling.
    NotStabilized,
    /// The client token was used for something else.
    TokenConflict,
    /// The request token is unknown: older than seven days, or another region or account.
    RequestUnknown,
    /// The service or its handler failed; worth another try.
    Unavailable,
    /// No answer: unknown whether the call arrived.
    NoAnswer,
    /// The operation was cancelled.
    Cancelled,
    /// Anything else.
    Internal,
}

impl FailureKind {
    /// The kind as a code, for failures that come without one.
    pub fn word(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::Busy => "Busy",
            Self::Conflict => "Conflict",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Denied => "Denied",
            Self::Credentials => "Credentials",
            Self::Invalid => "Invalid",
            Self::NotUpdatable => "NotUpdatable",
            Self::Unsupported => "Unsupported",
            Self::Quota => "Quota",
            Self::NotStabilized => "NotStabilized",
            Self::TokenConflict => "TokenConflict",
            Self::RequestUnknown => "RequestUnknown",
            Self::Unavailable => "Unavailable",
            Self::NoAnswer => "NoAnswer",
            Self::Cancelled => "Cancelled",
            Self::Internal => "Internal",
        }
    }
}
