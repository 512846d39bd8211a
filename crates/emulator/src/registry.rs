//! Types that an account has beside those that AWS publishes, and the published form of schemas (cloud-control 6.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use stack_core::schema::ResourceSchema;
use std::sync::Arc;

/// A version of a type that is registered or activated in the accounts of the cloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Registration {
    written: Written,
    schema: Arc<ResourceSchema>,
}

/// Whence a type comes (`Filters.Category` of ListTypes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A private type, registered in the account.
    #[default]
    Registered,
    /// A third party's public type, activated in the account.
    Activated,
    /// A third party's public type that is not activated: operations on it are refused.
    ThirdParty,
}

/// A registration as configurations have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The schema document, `typeName` included.
    schema: Json,
    #[serde(default = "first_version")]
    version: String,
    /// Operations that name no version use this one. One version of a type is enough to be the default.
    #[serde(default)]
    default: bool,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    category: Category,
    /// Empty: every region.
    #[serde(default)]
    regions: Vec<String>,
}

fn first_version() -> String {
    "00000001".to_owned()
}

impl TryFrom<Written> for Registration {
    type Error = serde_json::Error;
    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let schema = Arc::new(serde_json::from_value(written.schema.clone())?);
        Ok(Self { written, schema })
    }
}

impl From<Registration> for Written {
    fn from(registration: Registration) -> Self {
        registration.written
    }
}

impl PartialEq for Registration {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Registration {
    /// A private type, version 00000001, in every region.
    ///
    /// # Errors
    /// The document is no resource schema.
    pub fn new(schema: Json) -> Result<Self, serde_json::Error> {
        Self::try_from(Written {
            schema,
            version: first_version(),
            default: false,
            deprecated: false,
            category: Category::default(),
            regions: Vec::new(),
        })
    }

    /// Another version of it.
    #[must_use]
    pub fn version(mut self, version: &str, is_default: bool) -> Self {
        version.clone_into(&mut self.written.version);
        self.written.default = is_default;
        self
    }

    /// The same from elsewhere.
    #[must_use]
    pub fn category(mut self, category: Category) -> Self {
        self.written.category = category;
        self
    }

    /// Only in these regions.
    #[must_use]
    pub fn regions(mut self, regions: &[&str]) -> Self {
        self.written.regions = regions.iter().map(|region| (*region).to_owned()).collect();
        self
    }

    pub(crate) fn name(&self) -> &str {
        self.schema.type_name.as_str()
    }
    pub(crate) fn schema(&self) -> &Arc<ResourceSchema> {
        &self.schema
    }
    pub(crate) fn document(&self) -> &Json {
        &self.written.schema
    }
    pub(crate) fn version_id(&self) -> &str {
        &self.written.version
    }
    pub(crate) fn is_default(&self) -> bool {
        self.written.default
    }
    pub(crate) fn is_deprecated(&self) -> bool {
        self.written.deprecated
    }
    pub(crate) fn category_of(&self) -> Category {
        self.written.category
    }
    pub(crate) fn is_in(&self, region: &str) -> bool {
        self.written.regions.is_empty() || self.written.regions.iter().any(|known| known == region)
    }
}

/// The version of a type that counts: the one asked for, else the default, else the last one.
pub(crate) fn chosen<'r>(
    all: &'r [Registration],
    ty: &str,
    version: Option<&str>,
    region: &str,
) -> Option<&'r Registration> {
    let mut of_type = all.iter().filter(|one| one.name() == ty && one.is_in(region));
    match version {
        Some(version) => of_type.find(|one| one.version_id() == version),
        None => {
            let live: Vec<&Registration> = of_type.filter(|one| !one.is_deprecated()).collect();
            live.iter().find(|one| one.is_default()).or_else(|| live.last()).copied()
        }
    }
}

/// A schema without what cfn-lint added to its copy: the service publishes none of it (cloud-control 2.6).
pub(crate) fn as_published(mut document: Json) -> Json {
    if let Some(map) = document.as_object_mut() {
        map.shift_remove("lifecycle");
    }
    clean(&mut document, true);
    document
}

const ADDED: &[&str] = &[
    "requiredXor",
    "requiredOr",
    "dependentExcluded",
    "dependentRequired",
    "enumCaseInsensitive",
    "prefixItems",
    "uniqueKeys",
    "maxUniqueItems",
];

/// `is_node` is false for maps whose keys are names of the type's own.
fn clean(value: &mut Json, is_node: bool) {
    match value {
        Json::Object(map) => {
            if is_node {
                map.retain(|key, value| {
                    let lint_format =
                        key == "format" && value.as_str().is_some_and(|format| format.contains("::"));
                    !ADDED.contains(&key.as_str()) && !lint_format
                });
            }
            for (key, child) in map.iter_mut() {
                let names =
                    is_node && matches!(key.as_str(), "properties" | "definitions" | "patternProperties");
                let data = is_node && matches!(key.as_str(), "enum" | "const" | "default" | "examples");
                if !data {
                    clean(child, !names);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| clean(item, true)),
        _ => {}
    }
}

/// A schema document of what is known only as parsed: without the keys that say nothing.
pub(crate) fn document_of(schema: &ResourceSchema) -> Json {
    let mut bare = schema.clone();
    bare.overlay = stack_core::overlay::Overlay::default();
    let mut document = serde_json::to_value(&bare).unwrap_or_else(|_| Json::Object(Map::new()));
    if let Some(map) = document.as_object_mut() {
        map.retain(|key, value| {
            let empty = match value {
                Json::Null => true,
                Json::String(text) => text.is_empty(),
                Json::Array(items) => items.is_empty(),
                Json::Object(members) => members.is_empty() && key != "properties",
                _ => false,
            };
            !empty
        });
        if let Some(handlers) = map.get_mut("handlers").and_then(Json::as_object_mut) {
            handlers.retain(|_, handler| !handler.is_null());
            for handler in handlers.values_mut().filter_map(Json::as_object_mut) {
                handler.retain(|_, member| !member.is_null());
            }
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_published_schema_lacks_what_cfn_lint_added() {
        let document = json!({
            "typeName": "AWS::T::T", "lifecycle": { "status": "sunset" }, "requiredXor": ["a"],
            "properties": {
                "format": { "type": "string", "format": "AWS::EC2::VPC.Id" },
                "requiredOr": { "type": "string", "format": "date-time", "enum": ["requiredXor"] },
            },
        });
        assert_eq!(
            as_published(document),
            json!({ "typeName": "AWS::T::T", "properties": {
                "format": { "type": "string" },
                "requiredOr": { "type": "string", "format": "date-time", "enum": ["requiredXor"] },
            } })
        );
    }

    #[test]
    fn a_parsed_schema_writes_one_that_parses_to_the_same() {
        let given = json!({
            "typeName": "AWS::T::T", "properties": { "A": { "type": ["string", "object"] } },
            "primaryIdentifier": ["/properties/A"], "handlers": { "read": { "permissions": ["t:Read"] } },
        });
        let schema: ResourceSchema = serde_json::from_value(given).unwrap();
        let document = document_of(&schema);
        let again: ResourceSchema = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(document_of(&again), document);
        assert_eq!(document["handlers"], json!({ "read": { "permissions": ["t:Read"] } }));
        assert!(document.get("writeOnlyProperties").is_none());
    }

    #[test]
    fn a_registration_is_read_from_a_configuration() {
        let text =
            json!({ "schema": { "typeName": "My::Own::Type", "properties": {} }, "version": "00000002" });
        let one: Registration = serde_json::from_value(text).unwrap();
        assert_eq!((one.name(), one.version_id(), one.is_default()), ("My::Own::Type", "00000002", false));
        assert!(serde_json::from_value::<Registration>(json!({ "schema": {} })).is_err());
    }
}
