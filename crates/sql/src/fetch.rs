//! Reads of a cloud: what is asked, and the one way to ask it.

use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{RequestToken, Target, TypeName};
use stack_core::provider::{Failure, FailureKind, Found, Progress, Provider, TagFilter, Tagged};

/// One question to a cloud. All pages of a listing are one question.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetch {
    /// One resource.
    Get {
        /// Where.
        at: Target,
        /// Its type.
        ty: TypeName,
        /// Which.
        identifier: Identifier,
        /// What the request holds beside, of tables of REST services: what tells the host.
        beside: Vec<(String, String)>,
    },
    /// All resources of a type.
    List {
        /// Where.
        at: Target,
        /// The type.
        ty: TypeName,
        /// The list handler's input.
        model: Option<Json>,
    },
    /// The records of the tag index.
    Tagged {
        /// Where.
        at: Target,
        /// Tags to look for.
        filters: Vec<TagFilter>,
        /// Types to look for: `ec2` or `ec2:vpc`. None: all.
        types: Vec<String>,
    },
    /// The operations of the last seven days.
    Requests {
        /// Where.
        at: Target,
        /// Pending ones and those in progress only.
        in_flight_only: bool,
    },
    /// One operation.
    Status {
        /// Where.
        at: Target,
        /// Which.
        request: RequestToken,
    },
}

impl Fetch {
    /// Where it is asked.
    pub fn at(&self) -> &Target {
        match self {
            Self::Get { at, .. }
            | Self::List { at, .. }
            | Self::Tagged { at, .. }
            | Self::Requests { at, .. }
            | Self::Status { at, .. } => at,
        }
    }

    /// Where it is asked, to be changed.
    pub fn at_mut(&mut self) -> &mut Target {
        match self {
            Self::Get { at, .. }
            | Self::List { at, .. }
            | Self::Tagged { at, .. }
            | Self::Requests { at, .. }
            | Self::Status { at, .. } => at,
        }
    }

    /// The call, as the service names it.
    pub fn call(&self) -> &'static str {
        match self {
            Self::Get { .. } => "GetResource",
            Self::List { .. } => "ListResources",
            Self::Tagged { .. } => "GetResources",
            Self::Requests { .. } => "ListResourceRequests",
            Self::Status { .. } => "GetResourceRequestStatus",
        }
    }

    /// The type that it is about.
    pub fn ty(&self) -> Option<&TypeName> {
        match self {
            Self::Get { ty, .. } | Self::List { ty, .. } => Some(ty),
            _ => None,
        }
    }
}

/// What a cloud answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Resources. None for one that certainly does not exist.
    Found(Vec<Found>),
    /// Records of the tag index.
    Tagged(Vec<Tagged>),
    /// Operations.
    Requests(Vec<Progress>),
}

/// Asks. Every page of a listing is read.
///
/// # Errors
/// What the service says. What is denied, throttled or broken is never an empty answer.
pub async fn answer(cloud: &dyn Provider, fetch: &Fetch) -> Result<Answer, Failure> {
    answer_by_page(cloud, fetch, &mut |_| ()).await
}

/// As [`answer`], and shows each page of a list of resources as it comes.
///
/// # Errors
/// As [`answer`].
pub async fn answer_by_page(
    cloud: &dyn Provider,
    fetch: &Fetch,
    shown: &mut (dyn FnMut(&[Found]) + Send),
) -> Result<Answer, Failure> {
    match fetch {
        Fetch::Get { at, ty, identifier, beside } => {
            let key = match beside.as_slice() {
                [] => Key::Primary(identifier.clone()),
                more => Key::Additional(identifier.parts.iter().chain(more).cloned().collect()),
            };
            let found = cloud.read(at, ty, &key).await?;
            Ok(Answer::Found(found.into_iter().collect()))
        }
        Fetch::List { at, ty, model } => {
            let mut all = Vec::new();
            let mut pages = Pages::default();
            loop {
                let page = cloud.list(at, ty, model.as_ref(), pages.token()).await?;
                shown(&page.found);
                all.extend(page.found);
                if !pages.go_on(page.next)? {
                    return Ok(Answer::Found(all));
                }
            }
        }
        Fetch::Tagged { at, filters, types } => {
            let mut all = Vec::new();
            let mut pages = Pages::default();
            loop {
                let page = cloud.tagged(at, filters, types, pages.token()).await?;
                all.extend(page.found);
                if !pages.go_on(page.next)? {
                    return Ok(Answer::Tagged(all));
                }
            }
        }
        Fetch::Requests { at, in_flight_only } => {
            let mut all = Vec::new();
            let mut pages = Pages::default();
            loop {
                let page = cloud.requests(at, *in_flight_only, pages.token()).await?;
                all.extend(page.requests);
                if !pages.go_on(page.next)? {
                    return Ok(Answer::Requests(all));
                }
            }
        }
        Fetch::Status { at, request } => match cloud.poll(at, request).await {
            Ok(progress) => Ok(Answer::Requests(vec![progress])),
            // As a resource that is not there.
            Err(failure) if failure.kind == FailureKind::RequestUnknown => Ok(Answer::Requests(Vec::new())),
            Err(failure) => Err(failure),
        },
    }
}

/// The way through the pages of a listing.
#[derive(Debug, Default)]
struct Pages {
    next: Option<String>,
}

impl Pages {
    fn token(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// True if there is another page.
    fn go_on(&mut self, next: Option<String>) -> Result<bool, Failure> {
        if next.is_some() && next == self.next {
            let words = "the service gives the same page token again and again";
            return Err(Failure::new(FailureKind::Internal, "PageTokenRepeated", words));
        }
        self.next = next;
        Ok(self.next.is_some())
    }
}
