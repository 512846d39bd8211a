//! What the published schema of a type does not say, or says wrongly: hand corrections with evidence.
//!
//! The catalog keeps one file per type and merges it into [`crate::schema::ResourceSchema::overlay`]. Corrections that
//! the schema has a place for (read-only paths) are merged there instead.

use crate::identity::Derived;
use crate::ids::TypeName;
use crate::pointer::{PathSet, Pointer, PropertyPath};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Corrections of one type. Everything empty: the schema stands as published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Overlay {
    /// Values that do something each time they are sent, such as a new password or a new version. Never re-sent by
    /// themselves; where model validation demands one, only beside another necessary change (cloud-control 3.3 rule 6).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub side_effects: PathSet,
    /// Lists whose order has no meaning although the schema does not say so (cloud-control 3.4).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub unordered: PathSet,
    /// Lists whose order is known to have meaning: a pure reorder is a change (trap 57).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub ordered: PathSet,
    /// Numbers that a service can only make larger: a smaller one is a replacement (Confluent trap 56).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub grow_only: PathSet,
    /// Texts that the service spells in its own way although no `propertyTransform` says so.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub forms: IndexMap<PropertyPath, TextForm>,
    /// JSON documents that the handler takes only as text, although the schema allows an object (trap 21).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub stringify: PathSet,
    /// Paths that reads omit although the schema does not mark them write-only (trap 43): set, but never comparable.
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub unreadable: PathSet,
    /// Values of which reads may show asterisks in place of a secret (confluent.md section 12). Where they do, the value is
    /// not comparable, and goes along with every change of something else (see `apart`): a mask that is sent back would become it.
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub masked: PathSet,
    /// Properties that have requests of their own. What cannot be compared goes along with changes of the same group only, and
    /// that of no group with changes of no group (confluent.md section 9).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<PathSet>,
    /// Values that are secret although nobody declares them: what the service makes up and shows.
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub secrets: PathSet,
    /// Path → value to send where the service ignores or refuses `remove` (cloud-control 3.8).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub remove_defaults: IndexMap<PropertyPath, Json>,
    /// Paths whose `remove` is ignored with SUCCESS and whose default is not known (cloud-control 3.8).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub remove_ignored: PathSet,
    /// Values whose read form the service refuses on write: a patch of anything sets them too, from the manifest
    /// (traps 24 and 27).
    #[serde(skip_serializing_if = "PathSet::is_empty")]
    pub rewrite: PathSet,
    /// Alternatives of which a write takes one while reads show several: a patch of anything removes those that the
    /// manifest does not declare, if it declares another of the same choice (trap 28).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclusive: Vec<Vec<PathSet>>,
    /// Path → types that own the same values as resources of their own. If the stack has one of them that points
    /// here, the path is theirs (traps 60 to 63). An empty list: other services fill it; ours only if declared.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub sibling_owned: IndexMap<PropertyPath, Vec<TypeName>>,
    /// Identifier part → value that the service takes where the part is left out.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub identifier_defaults: IndexMap<PropertyPath, Json>,
    /// How the identifier that the service assigns follows from declared names, partition, region and account
    /// (cloud-control 5.3). Read before it is believed: a rule may be older than the service's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived_identifier: Option<Derived>,
    /// Properties by which the service keeps resources of the type apart, although they are no identifier: what is found
    /// with them is the same resource, whatever else differs (cloud-control 5.3, step 4 of class c).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub natural_key: Vec<PropertyPath>,
    /// Parts of the natural key that may be left out: what is declared without one is no other's that has one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub natural_optional: Vec<PropertyPath>,
    /// Path → values that mean: the resource is gone, though reads still show it (traps 76 and 77).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub gone_when: IndexMap<PropertyPath, Vec<Json>>,
    /// The property that tells in which region a resource is whose name is unique in all of them (trap 74).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_in: Option<PropertyPath>,
    /// True where create overwrites an account-wide setting and delete may leave it (trap 78).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub singleton: bool,
    /// True for what holds data that a delete or a replacement loses, beside the types that the planner knows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub holds_data: bool,
    /// Path → what people should know who declare it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub notes: IndexMap<PropertyPath, String>,
    /// Lists that reads fill up with the service's own entries → the members that name an entry: live ones that the
    /// manifest does not name are not ours (trap 64).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub filled: IndexMap<PropertyPath, Vec<String>>,
    /// Other forms in which the same may be declared.
    #[serde(skip_serializing_if = "Accepts::is_empty")]
    pub accepts: Accepts,
    /// True if a list shows all that reads of each show, so that one answers for many of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub answers_reads: bool,
    /// What a service deletes along with one of the type (confluent.md section 10).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cascades: Vec<Cascade>,
    /// Live values that name who uses a resource: a service refuses to delete it until there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub usages: Vec<PropertyPath>,
    /// What is made before one of the type, and deleted after it, although neither names the other: the key by which a
    /// cluster is reached outlives what is deleted with it (confluent.md section 10, order).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Related>,
    /// Types to use in place of one that Cloud Control cannot manage (cloud-control 2.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub use_instead: Vec<TypeName>,
}

/// Resources of another type that belong to one of this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Related {
    /// Their type.
    pub ty: TypeName,
    /// Property of theirs → property of ours that it equals. A kind may stand before an id: `User:sa-1` is `sa-1`.
    pub by: IndexMap<String, String>,
}

/// What a deletion takes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cascade {
    /// Which. `by` is what they are listed with. A type that nobody makes stands for what is in it.
    pub of: Related,
    /// True if one that the plan does not delete itself stops the deletion, until the user agrees.
    pub consent: bool,
    /// Property → values, with `*` for any end, of those that the service itself has made.
    pub except: IndexMap<String, Vec<String>>,
}

/// Other forms in which the same may be declared, put into the schema's own before anything is checked or compared
/// (stackql-compat 6.5: a bare id becomes `{id}` in a body; tables of two generations).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Accepts {
    /// Ids that may be declared as the object that they name: `{"id": …}`.
    pub references: PathSet,
    /// Maps that may be declared as a list of `name` and `value`.
    pub pairs: PathSet,
    /// Dotted place in the service's own nesting → property: `spec.display_name`.
    pub nested: IndexMap<String, String>,
    /// Texts that the service spells in two ways, of which the first is meant: the second → the first.
    pub spellings: IndexMap<PropertyPath, IndexMap<String, String>>,
    /// Other name → property. Where anything is accepted, `data__name` and `_name` are too.
    pub names: IndexMap<String, String>,
}

impl Accepts {
    /// True if a name is that of an object which properties are taken out of: `spec`, `data__spec`.
    pub fn nests(&self, name: &str) -> bool {
        let plain = Self::plain(name);
        self.nested.keys().any(|path| path.split('.').next() == Some(plain))
    }

    /// A name without the prefix that older tables give to members of bodies.
    pub(crate) fn plain(name: &str) -> &str {
        name.strip_prefix("data__").unwrap_or(name)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a service respells a text (cloud-control 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TextForm {
    /// A domain name: case, a trailing dot and `\052` for `*` mean nothing (trap 51).
    DnsName,
    /// A DNS record's value: as a domain name, and the quotes of a TXT record mean nothing.
    DnsRecord,
    /// An address whose trailing slash means nothing (trap 50).
    Url,
    /// Id, name or ARN of the same thing.
    Reference,
}

impl Overlay {
    /// The value that stands for "not set", where the service ignores or refuses `remove`.
    pub fn remove_default(&self, at: &Pointer) -> Option<&Json> {
        self.remove_defaults.iter().find(|(path, _)| path.matches(at)).map(|(_, value)| value)
    }
    /// The group of requests that changes a place; `None` for all that none has alone.
    pub fn group(&self, at: &Pointer) -> Option<usize> {
        self.apart.iter().position(|group| group.covers(at))
    }
    /// How the service spells the text at a place.
    pub fn form(&self, at: &Pointer) -> Option<TextForm> {
        self.forms.iter().find(|(path, _)| path.matches(at)).map(|(_, form)| *form)
    }

    /// True if nothing is corrected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
