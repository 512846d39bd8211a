//! The form of a definition file (docs/reference/rest-definitions.md). What a file says is checked by [`super::check`].

pub use super::operations::{
    Body, Call, Check, Complaints, Delete, List, ListPart, Method, Paging, PagingKind, Read, ReadPart, Ready,
    Update, UpdateStep, Verb,
};

use super::template::Template;
use indexmap::IndexMap;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use stack_core::schema::JsonType;
use std::fmt;
use std::marker::PhantomData;

/// One file: the resources of one service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// First part of its tables, and the provider of its targets: `confluent`.
    pub provider: String,
    /// What the file is about.
    #[serde(default)]
    pub description: String,
    /// Where requests go. Files of one provider share them.
    #[serde(default, deserialize_with = "unique")]
    pub endpoints: IndexMap<String, Endpoint>,
    /// What resources of this file say that do not say it themselves.
    #[serde(default)]
    pub defaults: Defaults,
    /// The resources.
    #[serde(default)]
    pub resources: Vec<Resource>,
}

/// What most resources of a file share.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Endpoint class.
    pub endpoint: Option<String>,
    /// How lists are cut.
    pub paging: Option<Paging>,
    /// Where a list's items stand.
    pub items: Option<String>,
    /// What is made before each and deleted after it, besides what the resource says itself.
    pub follows: Vec<Related>,
}

/// A class of hosts with the credential that they take (confluent.md sections 1 and 2).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Base URL where no setting gives one. A template: `https://{kafka_endpoint_id}.{region}.{cloud_provider}.example`.
    #[serde(default)]
    pub url: Option<Template>,
    /// Variable of the environment with the base URL.
    #[serde(default)]
    pub url_variable: Option<String>,
    /// The property whose value says which host it is: `cluster_id`. None: there is one host.
    #[serde(default)]
    pub target: Option<String>,
    /// Variable of the environment that says for which target the other variables are. Without it they are for all.
    #[serde(default)]
    pub target_variable: Option<String>,
    /// What a resource may say about its own host: the property with the base URL.
    #[serde(default)]
    pub url_property: Option<String>,
    /// The resource whose reads show the host of a target.
    #[serde(default)]
    pub found_in: Option<FoundIn>,
    /// How requests prove who sends them.
    pub auth: Auth,
    /// True for hosts of one customer's cluster, which may stand in a private network.
    #[serde(default)]
    pub data_plane: bool,
}

/// The resource that knows the host of a target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundIn {
    /// Its table.
    pub resource: String,
    /// The property of it that equals the target.
    pub matches: String,
    /// The property of it with the base URL. Empty or absent: not yet known (confluent.md section 7).
    pub url: String,
    /// What its list needs: property → where values come from.
    #[serde(default)]
    pub inputs: IndexMap<String, Input>,
}

/// Where the values of a list's input come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Variable of the environment that names the only one to try.
    #[serde(default)]
    pub variable: Option<String>,
    /// Else every one of this resource.
    pub resource: String,
    /// By this property of it.
    pub property: String,
}

/// A read that tells whether a denied read means that the resource is gone with its parent (confluent.md section 5).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The parent's table.
    pub resource: String,
    /// Parts of the parent's identity → the properties of ours that they equal.
    pub identity: IndexMap<String, String>,
}

/// How requests prove who sends them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Auth {
    /// HTTP Basic.
    Basic {
        /// Variable with the user's name or the key.
        user: String,
        /// Variable with the password or the secret.
        password: String,
    },
    /// `Authorization: Bearer`.
    Bearer {
        /// Variable with the token.
        token: String,
    },
    /// A key in a header of its own, or `Authorization` with another word than Bearer.
    Header {
        /// The header: `X-Api-Key`.
        name: String,
        /// Variable with the key.
        value: String,
        /// What stands before the key: `Token `.
        #[serde(default)]
        prefix: String,
    },
    /// A bearer token that the service gives for a client's id and secret (OAuth 2.0 client credentials, RFC 6749
    /// section 4.4).
    Oauth {
        /// Where it is asked for.
        token_url: String,
        /// Variable with the client's id.
        client_id: String,
        /// Variable with its secret.
        client_secret: String,
        /// What the token is to allow, separated by blanks.
        #[serde(default)]
        scope: Option<String>,
        /// Further members of the request for a token (`audience`).
        #[serde(default)]
        also: IndexMap<String, String>,
    },
    /// AWS Signature Version 4 with the credentials of the AWS provider.
    Sigv4 {
        /// Id of the service's model, which names its endpoint variables: `AppIntegrations`.
        service: String,
        /// Name in signatures.
        signing_name: String,
        /// First label of its host names.
        host: String,
    },
    /// Nothing is sent.
    None,
}

impl Auth {
    /// Its variables with their keys.
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Basic { user, password } => vec![("user", user), ("password", password)],
            Self::Bearer { token } => vec![("token", token)],
            Self::Header { value, .. } => vec![("value", value)],
            Self::Oauth { client_id, client_secret, .. } => {
                vec![("client_id", client_id), ("client_secret", client_secret)]
            }
            Self::Sigv4 { .. } | Self::None => Vec::new(),
        }
    }

    /// Where a token is asked for.
    pub fn token_url(&self) -> Option<&str> {
        match self {
            Self::Oauth { token_url, .. } => Some(token_url),
            _ => None,
        }
    }
}

impl Endpoint {
    /// All variables of the environment that it names, with their keys.
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        let own = [("url_variable", &self.url_variable), ("target_variable", &self.target_variable)];
        let own = own.into_iter().filter_map(|(key, name)| Some((key, name.as_deref()?)));
        let inputs = self.found_in.iter().flat_map(|found| found.inputs.values());
        let inputs = inputs.filter_map(|input| Some(("variable", input.variable.as_deref()?)));
        own.chain(inputs).chain(self.auth.variables()).collect()
    }
}

/// One resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its table, which is its type name: `confluent.org.environments`.
    pub name: String,
    /// Other names of the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// True if it stands in the place of one that is built in, which it must say.
    #[serde(default, rename = "override")]
    pub overrides: bool,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// Endpoint class.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Its properties, in the order of its columns.
    #[serde(deserialize_with = "unique")]
    pub properties: IndexMap<String, Property>,
    /// The properties that name one resource to the service, in order.
    #[serde(default)]
    pub identity: Vec<String>,
    /// The properties by which a resource is found that has no identifier yet.
    #[serde(default)]
    pub natural_key: Vec<String>,
    /// True if the service allows no two with one natural key (confluent.md section 11).
    #[serde(default)]
    pub unique: bool,
    /// True if it holds data, or other resources: a replacement or a delete needs consent.
    #[serde(default)]
    pub holds_data: bool,
    /// Body members of every create and every whole PUT: path → value. `{name}` in a text is the value of a property.
    #[serde(default)]
    pub constants: IndexMap<String, Json>,
    /// Makes one.
    #[serde(default)]
    pub create: Option<Call>,
    /// Reads one.
    #[serde(default)]
    pub read: Option<Read>,
    /// Lists many.
    #[serde(default)]
    pub list: Option<List>,
    /// Changes one.
    #[serde(default)]
    pub update: Option<Update>,
    /// Removes one.
    #[serde(default)]
    pub delete: Option<Delete>,
    /// When a created or changed one is done. None: at once.
    #[serde(default)]
    pub ready: Option<Ready>,
    /// What a new one opens for the rest of the run, where nothing else does: the credential of a target.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// What the service deletes along with one.
    #[serde(default)]
    pub cascades: Vec<Cascade>,
    /// What is made before one and deleted after it, although neither names the other.
    #[serde(default)]
    pub follows: Vec<Related>,
    /// The property that names who uses one: a delete is refused until nobody does.
    #[serde(default)]
    pub usages: Option<String>,
    /// Where answers say when one was made (RFC 3339).
    #[serde(default)]
    pub created_at: Option<String>,
    /// Notes for people who use it.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Resources of another type that belong to one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// Their table.
    pub resource: String,
    /// Property of theirs → property of ours that it equals. A kind may stand before an id: `User:sa-1` is `sa-1`.
    pub by: IndexMap<String, String>,
}

/// What a delete takes along.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cascade {
    /// Their table. One that cannot be made stands for what is in it.
    pub resource: String,
    /// Property of theirs → property of ours: what they are listed with.
    pub by: IndexMap<String, String>,
    /// False: they are only named. Else one that the plan does not delete itself stops the delete, until the user agrees.
    #[serde(default = "yes")]
    pub consent: bool,
    /// Property → values, with `*` at the end for any end, of those that the service itself has made.
    #[serde(default)]
    pub except: IndexMap<String, Vec<String>>,
}

fn yes() -> bool {
    true
}

impl Resource {
    /// The parts of the identity that cannot be left out.
    pub fn needed_parts(&self) -> &[String] {
        &self.identity[..self.needed()]
    }

    /// The parts at the end of the identity that may be left out.
    pub fn optional_parts(&self) -> &[String] {
        &self.identity[self.needed()..]
    }

    /// True if this part of the natural key may be left out: then it means those that have none.
    pub fn may_lack(&self, part: &str) -> bool {
        self.properties.get(part).is_some_and(|property| !property.required)
    }

    fn needed(&self) -> usize {
        let is_needed = |name: &String| self.properties.get(name).is_none_or(|property| !property.optional);
        self.identity.iter().rposition(is_needed).map_or(0, |last| last + 1)
    }
}

/// A credential that a create's answer holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Endpoint class that takes it.
    pub endpoint: String,
    /// Property with the target.
    pub target: String,
    /// Only for targets that begin so.
    #[serde(default)]
    pub starts: String,
    /// Property with the name or key.
    pub user: String,
    /// Property with the password or secret.
    pub password: String,
    /// Path at the endpoint, with its target, that a new credential is tried on until it is taken twice in a row.
    #[serde(default)]
    pub probe: Option<Template>,
}

/// A property: a column, and a member of the model.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Property {
    /// Its JSON type. None: any.
    #[serde(rename = "type")]
    pub ty: Option<JsonType>,
    /// One sentence.
    pub description: String,
    /// Other names of its column.
    pub aliases: Vec<String>,
    /// Dotted path in requests and answers. None: its name.
    pub at: Option<String>,
    /// Dotted path in answers, where it differs (`compatibilityLevel`).
    pub read_at: Option<String>,
    /// False: it is never in a body, only in paths and queries.
    pub in_body: Option<bool>,
    /// Must be declared.
    pub required: bool,
    /// The service sets it.
    pub read_only: bool,
    /// Reads never show it.
    pub write_only: bool,
    /// It cannot change.
    pub immutable: bool,
    /// Of a part of the identity: it may be left out, and variables say it then (which host). Such parts stand last.
    pub optional: bool,
    /// Bare id in the model, `{"id": …}` in a body.
    pub reference: bool,
    /// Of a reference: beginning of its id → members that are sent beside the id (`kind`, `api_version`).
    pub adds: IndexMap<String, IndexMap<String, Json>>,
    /// Sent with every PATCH, changed or not: what the service needs to find or understand the change.
    pub companion: bool,
    /// Reads may show asterisks in it in place of a secret: not compared then, and sent from the manifest with every update.
    pub masked: bool,
    /// A secret that only the answer of the create holds (confluent.md section 12).
    pub once: bool,
    /// A secret.
    pub secret: bool,
    /// Elements have no order.
    pub set: bool,
    /// A number may only grow.
    pub grow_only: bool,
    /// Answers may percent-encode what was sent plain (CRNs, Confluent trap 17).
    pub decoded: bool,
    /// The value that answers show where there is none.
    pub none: Option<String>,
    /// A text in bodies and answers (quotas), whatever its type here. Of an object: all its values are (connector configs).
    pub text: bool,
    /// A text on the wire that may hold a JSON document: compared as one, and may be declared as one (schemas).
    pub document: bool,
    /// What an answer means that leaves it out (`AVRO`).
    pub omitted: Option<Json>,
    /// A map here, `[{"name": …, "value": …}]` in bodies and answers.
    pub pairs: bool,
    /// The value that stands for "not set" in a PATCH. None: `null`.
    pub cleared_by: Option<Json>,
    /// Values that the service spells in two ways: written → read (`SINGLE_ZONE` → `LOW`).
    pub read_as: IndexMap<String, String>,
    /// Keys of a map that the service adds, which are not ours: exact, or with `*` at the end.
    pub noise: Vec<String>,
    /// Allowed values.
    #[serde(rename = "enum")]
    pub choices: Vec<Json>,
    /// Regular expression.
    pub pattern: Option<String>,
    /// Characters.
    pub min_length: Option<u64>,
    /// Characters.
    pub max_length: Option<u64>,
    /// Inclusive bound.
    pub minimum: Option<i64>,
    /// Inclusive bound.
    pub maximum: Option<i64>,
    /// Elements of an array.
    pub items: Option<Box<Property>>,
    /// Members of an object. Empty: anything.
    #[serde(deserialize_with = "unique")]
    pub properties: IndexMap<String, Property>,
    /// True if an object takes other members than the named ones too.
    pub open: bool,
    /// The service's own nesting as it came (`spec`, `status`, `metadata`): columns of older tables. Made by the loader.
    #[serde(skip)]
    pub raw: bool,
}

/// A map each of whose keys is written once: of two the last would win, silently.
fn unique<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, V>, D::Error> {
    struct Unique<V>(PhantomData<V>);
    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = IndexMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = IndexMap::new();
            while let Some(key) = map.next_key::<String>()? {
                if all.contains_key(&key) {
                    return Err(A::Error::custom(format!("`{key}` is written twice")));
                }
                let value = map.next_value()?;
                all.insert(key, value);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_map(Unique(PhantomData))
}
