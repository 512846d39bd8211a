//! What a definition says about operations: requests, pages, and when something is done.

use super::form::Parent;
use super::template::Template;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use std::time::Duration;

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Method. None: what the operation usually has.
    #[serde(default)]
    pub method: Option<Method>,
    /// Path from the base URL. Values are percent-encoded, `/` too.
    pub path: Template,
    /// Parameters that must have a value.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// Parameters that are left out where the value is not known.
    #[serde(default)]
    pub filter: IndexMap<String, Template>,
    /// What the body is.
    #[serde(default)]
    pub body: Option<Body>,
    /// The member that the body goes into: `data`. `[]` puts it in an array.
    #[serde(default)]
    pub wrap: Option<String>,
    /// Create only: asked before it is sent.
    #[serde(default)]
    pub check: Option<Check>,
    /// Create only: properties that the service takes only by an update right after (a draft's config).
    #[serde(default)]
    pub then_update: Vec<String>,
    /// Create only: properties that the service takes only by an update once it is ready (a paused connector).
    #[serde(default)]
    pub once_ready: Vec<String>,
}

/// Methods of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// As it is sent.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// None.
    Empty,
    /// All settable properties.
    Whole,
    /// The changed members and the companions (RFC 7396).
    Merge,
    /// The value of the one property that the step is for.
    Value,
    /// `{"data": [{"name": …, "value": …, "operation": "SET"}, {"name": …, "operation": "DELETE"}]}` of a map's changes.
    Alter,
    /// The wanted list of a map, `[{"name": …, "value": …}]`.
    Pairs,
    /// What `send` says.
    Fixed,
}

/// How one is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Path.
    pub path: Template,
    /// Parameters that must have a value.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// Where the object stands in the answer. None: it is the answer.
    #[serde(default)]
    pub at: Option<String>,
    /// Where the list stands in the answer, if it is one: the first item that agrees with the identity is meant.
    #[serde(default)]
    pub first_of: Option<String>,
    /// The items of `first_of` are a map: the member that its keys become.
    #[serde(default)]
    pub keyed: Option<String>,
    /// Further reads whose answers become members of the object.
    #[serde(default)]
    pub parts: Vec<ReadPart>,
    /// Whose absence makes a denied read (403) an absence.
    #[serde(default)]
    pub parent: Option<Parent>,
}

/// A further read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadPart {
    /// Path.
    pub path: Template,
    /// Parameters.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// The member that its answer becomes.
    pub into: String,
    /// Where its value stands in the answer. None: it is the answer.
    #[serde(default)]
    pub at: Option<String>,
    /// Only elements with these members (`source: DYNAMIC_TOPIC_CONFIG`).
    #[serde(default)]
    pub only: IndexMap<String, Json>,
    /// True if its absence (404) is no absence of the object.
    #[serde(default)]
    pub optional: bool,
}

/// How many are listed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Path.
    pub path: Template,
    /// Parameters that must have a value.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// Parameters that are left out where the value is not known.
    #[serde(default)]
    pub filter: IndexMap<String, Template>,
    /// Where the items stand: a dotted path; `.` for the answer itself.
    #[serde(default)]
    pub items: Option<String>,
    /// Items are a map: the member that its keys become.
    #[serde(default)]
    pub keyed: Option<String>,
    /// Items are bare names: the member that they become.
    #[serde(default)]
    pub names: Option<String>,
    /// How it is cut.
    #[serde(default)]
    pub paging: Option<Paging>,
    /// Further requests whose answers hold members of all items.
    #[serde(default)]
    pub parts: Vec<ListPart>,
    /// True if items show all that reads show, and a list costs little more than a read: one answers for many reads.
    #[serde(default)]
    pub answers_reads: bool,
}

/// A request for members of all items of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPart {
    /// Path.
    pub path: Template,
    /// Parameters.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// Where the list stands in the answer.
    pub at: String,
    /// The member of each element, and of each item, that says which item it is of: `topic_name`.
    pub by: String,
    /// Only elements with these members.
    #[serde(default)]
    pub only: IndexMap<String, Json>,
    /// The member of the item that its elements become.
    pub into: String,
}

/// How a list is cut into pages (confluent.md section 4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// In which way.
    pub kind: PagingKind,
    /// Parameter of the page: token or offset.
    #[serde(default)]
    pub param: Option<String>,
    /// Where the next page stands in the answer: a URL or a token.
    #[serde(default)]
    pub next: Option<String>,
    /// Parameter of the page size.
    #[serde(default)]
    pub size_param: Option<String>,
    /// Page size to ask for: the most that the service takes. A query may ask for less.
    #[serde(default)]
    pub size: Option<u64>,
    /// The most characters that the token of a page may have.
    #[serde(default)]
    pub token_length: Option<u64>,
}

/// Ways of paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagingKind {
    /// One page.
    None,
    /// The answer holds the URL of the next page, whose query has the token.
    Url,
    /// The answer holds the token.
    Token,
    /// Counted; a short page is the last.
    Offset,
}

/// How one is changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The requests, in order; each only if something that it is for has changed.
    pub steps: Vec<UpdateStep>,
    /// Sent before the steps, where one without `becomes` is needed; `when` is asked of what is there (an exporter is paused).
    #[serde(default)]
    pub before: Vec<Verb>,
    /// Sent after them; `when` is asked of what is wanted (it runs again).
    #[serde(default)]
    pub after: Vec<Verb>,
}

/// A request without a body that puts a resource into another state.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verb {
    /// Method.
    pub method: Method,
    /// Path.
    pub path: Template,
    /// Only if these properties have these values.
    #[serde(default)]
    pub when: IndexMap<String, Json>,
    /// Only if these properties had these values before.
    #[serde(default)]
    pub when_was: IndexMap<String, Json>,
}

/// A question before a write: would the service take it?
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Method.
    pub method: Method,
    /// Path. Its variables are properties, and those of `with`.
    pub path: Template,
    /// Variable → JSON Pointer into the declared properties. Where one has no value nothing is asked.
    #[serde(default)]
    pub with: IndexMap<String, String>,
    /// Member of the whole body that is sent. None: all of it.
    #[serde(default)]
    pub sends: Option<String>,
    /// Where the answer complains.
    #[serde(default)]
    pub complaints: Option<Complaints>,
    /// Property with a version: an answer with an older one than what is there means that a write would change nothing. A 404
    /// means that what is asked about is new.
    #[serde(default)]
    pub version: Option<String>,
}

/// Where an answer complains of single values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaints {
    /// The list.
    pub at: String,
    /// In an entry: what it is about.
    pub name: String,
    /// In an entry: a list of words, or one.
    pub words: String,
}

/// One request of an update.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateStep {
    /// The properties that it is for. Empty: all that no other step is for.
    #[serde(default)]
    pub of: Vec<String>,
    /// Asked before anything of the update is sent.
    #[serde(default)]
    pub check: Option<Check>,
    /// Only if the property's new value is this.
    #[serde(default)]
    pub becomes: Option<Json>,
    /// Method.
    pub method: Method,
    /// Path.
    pub path: Template,
    /// Parameters that must have a value.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// What the body is.
    pub body: Body,
    /// The body of `fixed`. `{name}` in its texts is the value of a property.
    #[serde(default)]
    pub send: Option<Json>,
    /// The member that the body goes into; `[]` puts it in an array.
    #[serde(default)]
    pub wrap: Option<String>,
}

/// How one is removed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// Method. None: DELETE.
    #[serde(default)]
    pub method: Option<Method>,
    /// Path.
    pub path: Template,
    /// Parameters that must have a value: a delete by filter with one left out would remove neighbours.
    #[serde(default)]
    pub query: IndexMap<String, Template>,
    /// Parameters of a second, permanent delete after the first.
    #[serde(default)]
    pub permanent: IndexMap<String, Template>,
    /// Sent before; `when` is not asked. What refuses it does not matter: the delete says what is wrong.
    #[serde(default)]
    pub before: Vec<Verb>,
    /// Further statuses that mean: it was gone already.
    #[serde(default)]
    pub gone: Vec<u16>,
    /// Longest wait until reads no longer show it.
    #[serde(default, deserialize_with = "duration")]
    pub limit: Option<Duration>,
}

/// When one is ready (confluent.md section 8).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Where its phase stands in the answer of the read.
    pub at: String,
    /// Phases that are done.
    pub ready: Vec<String>,
    /// Phases that are done and need somebody else to act: phase → what must be done.
    #[serde(default)]
    pub waits_for: IndexMap<String, String>,
    /// Phases that pass. A phase that is named nowhere passes too: enums are open.
    #[serde(default)]
    pub pending: Vec<String>,
    /// Phases that end badly.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Phases of one that is being removed.
    #[serde(default)]
    pub leaving: Vec<String>,
    /// Where the words of a failure stand in the answer.
    #[serde(default)]
    pub message: Option<String>,
    /// Ready only if these paths of the answer are equal too (`status.cku`, `spec.config.cku`).
    #[serde(default)]
    pub equal: Option<(String, String)>,
    /// Ready only if this path of the answer holds something (`spec.http_endpoint`).
    #[serde(default)]
    pub present: Option<String>,
    /// A failed phase counts only if it is still there this much later.
    #[serde(default, deserialize_with = "duration")]
    pub failed_for: Option<Duration>,
    /// Wait between two looks.
    #[serde(default, deserialize_with = "duration")]
    pub every: Option<Duration>,
    /// Longest wait.
    #[serde(default, deserialize_with = "duration")]
    pub limit: Option<Duration>,
}

/// `90s`, `5m`, `2h`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let unit = text.chars().last().unwrap_or_default();
    let number = text.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok());
    let seconds = match (number, unit) {
        (Some(n), 's') => Some(n),
        (Some(n), 'm') => n.checked_mul(60),
        (Some(n), 'h') => n.checked_mul(3600),
        _ => None,
    };
    let seconds = seconds.ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no duration: write `90s`, `5m` or `2h`"))
    })?;
    Ok(Some(Duration::from_secs(seconds)))
}
