//! The schema of one resource type: CloudFormation's resource-provider schema, as far as we use it.
//!
//! A [`ResourceSchema`] deserialises straight from the published JSON (cfn-lint's copy included, with the keys that
//! cfn-lint adds). `$ref` is kept as written and followed by [`ResourceSchema::follow`].

mod ask;

use crate::ids::TypeName;
use crate::overlay::Overlay;
use crate::pointer::{PathSet, PropertyPath};
use crate::rest::Described;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One resource type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSchema {
    /// `AWS::Service::Resource`.
    pub type_name: TypeName,
    /// One sentence about the type. Empty where the catalog loads it apart.
    #[serde(default)]
    pub description: String,
    /// The top-level properties; always an object.
    #[serde(flatten)]
    pub root: Node,
    /// Named sub-schemas.
    #[serde(default)]
    pub definitions: IndexMap<String, Node>,
    /// Parts of the identifier, in the service's order.
    #[serde(default)]
    pub primary_identifier: Vec<PropertyPath>,
    /// Other sets of properties that identify a resource.
    #[serde(default)]
    pub additional_identifiers: Vec<Vec<PropertyPath>>,
    /// Server-owned paths.
    #[serde(default)]
    pub read_only_properties: PathSet,
    /// Paths that reads never return.
    #[serde(default)]
    pub write_only_properties: PathSet,
    /// Paths whose change needs a replacement.
    #[serde(default)]
    pub create_only_properties: PathSet,
    /// Paths whose change may need a replacement; the handler decides.
    #[serde(default)]
    pub conditional_create_only_properties: PathSet,
    /// Paths that should no longer be used.
    #[serde(default)]
    pub deprecated_properties: PathSet,
    /// Path → expression of the value after the service normalised it (cloud-control 3.5).
    #[serde(default)]
    pub property_transform: IndexMap<PropertyPath, String>,
    /// How the type is tagged. `None`: the schema says nothing, which means not taggable (cloud-control 2.3).
    #[serde(default)]
    pub tagging: Option<Tagging>,
    /// Old form of `tagging.taggable`.
    #[serde(default)]
    pub taggable: Option<bool>,
    /// Handlers by operation.
    #[serde(default)]
    pub handlers: Handlers,
    /// `None`: create first.
    #[serde(default)]
    pub replacement_strategy: Option<ReplacementStrategy>,
    /// Sunset, shutdown or maintenance.
    #[serde(default)]
    pub lifecycle: Option<Json>,
    /// Hand corrections; empty in published schemas.
    #[serde(default, skip_serializing_if = "Overlay::is_empty")]
    pub overlay: Overlay,
}

/// One node of the property tree.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// `#/definitions/Name`.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Allowed JSON types; empty: any.
    #[serde(rename = "type", skip_serializing_if = "Types::is_empty")]
    pub types: Types,
    /// Members of an object.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub properties: IndexMap<String, Node>,
    /// Members by a pattern of their name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub pattern_properties: IndexMap<String, Node>,
    /// What else is allowed. `None`: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Additional>,
    /// Members that must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Exactly one of these must be there (cfn-lint addition).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_xor: Vec<Json>,
    /// At least one of these must be there (cfn-lint addition).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_or: Vec<Json>,
    /// Member → members that must not stand beside it (cfn-lint addition).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub dependent_excluded: IndexMap<String, Vec<String>>,
    /// Member → members that must stand beside it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub dependent_required: IndexMap<String, Vec<String>>,
    /// Old form of the same (draft 7), arrays only.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub dependencies: IndexMap<String, Json>,
    /// Element schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Node>>,
    /// False: order has no meaning. Absent means true by the contract, but see cloud-control 3.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insertion_order: Option<bool>,
    /// No equal elements.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique_items: bool,
    /// `AttributeList` or `Standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_type: Option<String>,
    /// Allowed values.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Json>,
    /// Allowed values whatever the case (cfn-lint addition).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enum_case_insensitive: Vec<Json>,
    /// The only value.
    #[serde(rename = "const", skip_serializing_if = "Option::is_none")]
    pub constant: Option<Json>,
    /// Regular expression, not anchored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// `date-time`, `json`, `uri`, or a cfn-lint name such as `AWS::EC2::VPC.Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Documentation only; Cloud Control does not apply it.
    #[serde(rename = "default", skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default_value: Option<Json>,
    /// Characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// Elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// Members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_properties: Option<u64>,
    /// Members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_properties: Option<u64>,
    /// Inclusive bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<serde_json::Number>,
    /// Inclusive bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<serde_json::Number>,
    /// Exclusive bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<Json>,
    /// Exclusive bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<Json>,
    /// Step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<serde_json::Number>,
    /// Exactly one must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Node>,
    /// At least one must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Node>,
    /// All must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<Node>,
    /// Must not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<Node>>,
    /// Chooses between `then` and `else`.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Box<Node>>,
    /// Must hold where `if` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Box<Node>>,
    /// Must hold where `if` does not hold.
    #[serde(rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Box<Node>>,
    /// Schemas of the first elements, by position (cfn-lint addition).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefix_items: Vec<Node>,
    /// Members whose values, taken together, no two elements share (cfn-lint addition).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unique_keys: Vec<String>,
    /// Different elements (cfn-lint addition).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unique_items: Option<u64>,
    /// The value is this property of that type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship_ref: Option<RelationshipRef>,
}

/// Which property of which type a value names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelationshipRef {
    /// The other type.
    pub type_name: TypeName,
    /// Its property.
    pub property_path: PropertyPath,
}

/// Keeps an explicit `null` default apart from no default (118 defaults are literally null).
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// `additionalProperties`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    /// `true` or `false`.
    Allowed(bool),
    /// A schema that the other members follow.
    Schema(Box<Node>),
}

/// The JSON types that a node allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany", into = "Vec<JsonType>")]
pub struct Types(Vec<JsonType>);

/// A JSON Schema type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// Object.
    Object,
    /// Array.
    Array,
    /// String.
    String,
    /// Integer.
    Integer,
    /// Number, integers included.
    Number,
    /// Boolean.
    Boolean,
    /// Null.
    Null,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(JsonType),
    Many(Vec<JsonType>),
}

impl From<OneOrMany> for Types {
    fn from(types: OneOrMany) -> Self {
        match types {
            OneOrMany::One(one) => Self(vec![one]),
            OneOrMany::Many(many) => Self(many),
        }
    }
}

impl From<Types> for Vec<JsonType> {
    fn from(types: Types) -> Self {
        types.0
    }
}

impl Types {
    /// A set of types.
    pub fn of(types: &[JsonType]) -> Self {
        Self(types.to_vec())
    }
    /// True if nothing is said: any type.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// True if the schema names this type. A number schema also takes integers.
    pub fn names(&self, ty: JsonType) -> bool {
        self.0.contains(&ty) || (ty == JsonType::Integer && self.0.contains(&JsonType::Number))
    }
    /// The named types in schema order.
    pub fn iter(&self) -> impl Iterator<Item = JsonType> + '_ {
        self.0.iter().copied()
    }
    /// The type, if there is exactly one.
    pub fn single(&self) -> Option<JsonType> {
        match self.0.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// `tagging` of a schema (cloud-control 3.6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tagging {
    /// Can the type carry tags at all?
    pub taggable: bool,
    /// Can tags be given at create?
    pub tag_on_create: bool,
    /// Can tags change later?
    pub tag_updatable: bool,
    /// Does CloudFormation add system tags?
    pub cloud_formation_system_tags: bool,
    /// The property that holds them.
    pub tag_property: PropertyPath,
    /// Actions needed to tag.
    pub permissions: Vec<String>,
}

impl Default for Tagging {
    /// The contract's defaults.
    fn default() -> Self {
        Self {
            taggable: true,
            tag_on_create: true,
            tag_updatable: true,
            cloud_formation_system_tags: true,
            tag_property: PropertyPath::parse("/properties/Tags"),
            permissions: Vec::new(),
        }
    }
}

/// The handlers that a type has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Handlers {
    /// CreateResource.
    pub create: Option<Handler>,
    /// GetResource.
    pub read: Option<Handler>,
    /// UpdateResource.
    pub update: Option<Handler>,
    /// DeleteResource.
    pub delete: Option<Handler>,
    /// ListResources.
    pub list: Option<Handler>,
}

/// One handler.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Handler {
    /// IAM actions.
    pub permissions: Vec<String>,
    /// Minutes; the contract's default is 120.
    pub timeout_in_minutes: Option<u64>,
    /// What a list needs as `ResourceModel`.
    pub handler_schema: Option<Box<Node>>,
}

impl Handler {
    /// Minutes until the service gives up on an operation.
    pub fn timeout_minutes(&self) -> u64 {
        self.timeout_in_minutes.unwrap_or(120)
    }
}

/// In which order a replacement goes by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementStrategy {
    /// New first, then the old one goes.
    CreateThenDelete,
    /// Old one first.
    DeleteThenCreate,
}

/// In which form a type keeps its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagForm {
    /// `[{"Key": …, "Value": …}]`.
    KeyValueList,
    /// `{key: value}`.
    Map,
}

/// Where schemas come from.
pub trait Schemas: Send + Sync {
    /// Both spellings of a type name (`AWS::S3::Bucket`, `awscc.s3.buckets`) to the provider's own name.
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType>;
    /// The schema of a type by its canonical name.
    fn schema(&self, ty: &TypeName) -> Result<std::sync::Arc<ResourceSchema>, UnknownType>;
    /// False if the type is known to be absent from the region. True where nothing is known.
    fn available_in(&self, ty: &TypeName, region: &str) -> bool;
    /// Every name that statements and manifests may give a type beside its own: `awscc.s3.buckets`, `aws.s3.bucket`. Empty where
    /// nothing is known.
    fn names_of(&self, ty: &TypeName) -> Vec<String> {
        let _ = ty;
        Vec::new()
    }
    /// Other types of the same service that take a property of this name, for "did you mean" when it is not one of `ty`.
    fn others_with(&self, ty: &TypeName, property: &str) -> Vec<TypeName> {
        let _ = (ty, property);
        Vec::new()
    }
    /// Every region that is known to exist. `None` where nothing is known.
    fn regions(&self) -> Option<Vec<String>> {
        None
    }
    /// Every type with its `ProvisioningType` as DescribeType tells it. Empty where they cannot be listed.
    fn listed(&self) -> Vec<(TypeName, &'static str)> {
        Vec::new()
    }
    /// The schema as its publisher has it, where that is kept apart from what we made of it.
    fn published(&self, ty: &TypeName) -> Option<Json> {
        let _ = ty;
        None
    }
    /// What a definition of a REST service says of a type. `None` for all others.
    fn described(&self, ty: &TypeName) -> Option<std::sync::Arc<dyn Described>> {
        let _ = ty;
        None
    }
    /// The names that types of REST services have, aliases too, sorted.
    fn described_names(&self) -> Vec<(String, TypeName)> {
        Vec::new()
    }
}

/// Borrowed schemas, such as those that live as long as the program.
impl<S: Schemas + ?Sized> Schemas for &S {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        (**self).canonical(name)
    }

    fn schema(&self, ty: &TypeName) -> Result<std::sync::Arc<ResourceSchema>, UnknownType> {
        (**self).schema(ty)
    }

    fn available_in(&self, ty: &TypeName, region: &str) -> bool {
        (**self).available_in(ty, region)
    }

    fn names_of(&self, ty: &TypeName) -> Vec<String> {
        (**self).names_of(ty)
    }

    fn others_with(&self, ty: &TypeName, property: &str) -> Vec<TypeName> {
        (**self).others_with(ty, property)
    }

    fn regions(&self) -> Option<Vec<String>> {
        (**self).regions()
    }

    fn listed(&self) -> Vec<(TypeName, &'static str)> {
        (**self).listed()
    }

    fn published(&self, ty: &TypeName) -> Option<Json> {
        (**self).published(ty)
    }

    fn described(&self, ty: &TypeName) -> Option<std::sync::Arc<dyn Described>> {
        (**self).described(ty)
    }

    fn described_names(&self) -> Vec<(String, TypeName)> {
        (**self).described_names()
    }
}

/// A type name that no schema has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no resource type `{name}`")]
pub struct UnknownType {
    /// As written.
    pub name: String,
    /// Near names in the same spelling, best first, at most three.
    pub near: Vec<String>,
    /// Set where the name was a type once, or cannot be used: why.
    pub why: Option<String>,
}

#[cfg(test)]
mod tests;
