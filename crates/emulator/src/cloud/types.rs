//! Which types there are: for the operations of Cloud Control, and as CloudFormation's registry tells them.

use super::{Cloud, Turn};
use crate::dice::Dice;
use crate::handler::Place;
use crate::registry::{self, Category, Registration};
use crate::wire::query::{self, escaped};
use crate::wire::registry_members::Parameters;
use crate::wire::{Op, WireError, answer};
use bytes::Bytes;
use http::Response;
use serde_json::Value as Json;
use stack_core::ids::TypeName;
use stack_core::schema::ResourceSchema;
use std::sync::Arc;

/// Types per page where the caller does not say.
const PAGE: usize = 100;
/// When AWS published its types, as far as this registry tells: the day of the catalog's schemas.
const PUBLISHED: &str = "2026-10-20T00:00:00Z";

fn not_found(ty: &str) -> WireError {
    WireError::registry("TypeNotFoundException", format!("The type '{ty}' cannot be found."))
}

fn refused(message: impl Into<String>) -> WireError {
    WireError::registry("CFNRegistryException", message)
}

/// A type as the registry tells it.
struct Told<'r> {
    name: String,
    provisioning: &'static str,
    /// `None` for the types of AWS.
    registration: Option<&'r Registration>,
}

impl Told<'_> {
    fn arn(&self, place: &Place) -> String {
        let account = match self.registration {
            Some(_) => place.account.as_str(),
            None => "",
        };
        let name = self.name.replace("::", "-");
        format!("arn:{}:cloudformation:{}:{account}:type/resource/{name}", place.partition(), place.region)
    }

    fn category(&self) -> Option<Category> {
        self.registration.map(Registration::category_of)
    }
}

impl Cloud {
    /// The schema of a type by its name, wherever it may be used.
    pub(crate) fn known(&self, ty: &TypeName) -> Option<Arc<ResourceSchema>> {
        let own = self.config.types.iter().filter(|one| one.name() == ty.as_str());
        let own: Vec<&Registration> = own.collect();
        own.iter()
            .find(|one| one.is_default())
            .or_else(|| own.last())
            .map(|one| one.schema().clone())
            .or_else(|| self.schemas.schema(ty).ok())
    }

    /// The schema of a type, and of its version, that this region has.
    pub(crate) fn schema(
        &self,
        ty: &str,
        version: Option<&str>,
        region: &str,
    ) -> Result<Arc<ResourceSchema>, WireError> {
        let missing = || {
            let message = match version {
                None => format!("The type '{ty}' cannot be found"),
                Some(version) => format!("The type '{ty}' with version '{version}' cannot be found"),
            };
            WireError::modelled("TypeNotFoundException", message)
        };
        if self.config.types.iter().any(|one| one.name() == ty) {
            return registry::chosen(&self.config.types, ty, version, region)
                .filter(|one| one.category_of() != Category::ThirdParty && !one.is_deprecated())
                .map(|one| one.schema().clone())
                .ok_or_else(missing);
        }
        let name = TypeName::new(ty);
        let schema = self.schemas.schema(&name).map_err(|_| missing())?;
        // Only private types have versions to choose from (cloud-control 6.1).
        if self.schemas.available_in(&name, region) && version.is_none() {
            Ok(schema)
        } else {
            Err(missing())
        }
    }

    pub(super) fn cloudformation(&mut self, turn: &Turn, body: &[u8]) -> Result<Response<Bytes>, WireError> {
        let parameters = Parameters::read(body);
        let members = match turn.op {
            Op::DescribeType => self.describe_type(&turn.place, parameters)?,
            Op::ListTypes => self.list_types(&turn.place, parameters)?,
            _ => self.list_type_versions(&turn.place, parameters)?,
        };
        let text = query::cloudformation(&turn.op.to_string(), &members, &turn.request_id);
        Ok(answer(200, "text/xml", text, &turn.request_id))
    }

    fn describe_type(&self, place: &Place, mut parameters: Parameters) -> Result<String, WireError> {
        let (name, version) = named(&mut parameters)?;
        let publisher = parameters.text("PublisherId").is_some();
        let own = self.config.types.iter().any(|one| one.name() == name);
        let (told, schema) = if own {
            let found = registry::chosen(&self.config.types, &name, version.as_deref(), &place.region)
                .or_else(|| {
                    // All versions deregistered: the last one can still be described.
                    let mut all = self.config.types.iter().filter(|one| one.name() == name);
                    all.rfind(|one| one.is_in(&place.region) && version.is_none())
                })
                .filter(|one| one.category_of() != Category::ThirdParty || publisher)
                .ok_or_else(|| not_found(&name))?;
            let provisioning = found.schema().provisioning_type();
            (Told { name, provisioning, registration: Some(found) }, found.document().clone())
        } else {
            let ty = TypeName::new(name.as_str());
            let here = self.schemas.available_in(&ty, &place.region) && version.is_none();
            let schema = self.schemas.schema(&ty).ok().filter(|_| here).ok_or_else(|| not_found(&name))?;
            let document = self.schemas.published(&ty).unwrap_or_else(|| registry::document_of(&schema));
            let provisioning = schema.provisioning_type();
            (Told { name, provisioning, registration: None }, registry::as_published(document))
        };
        Ok(self.described(&told, &schema, version.is_some(), place))
    }

    fn described(&self, told: &Told<'_>, schema: &Json, by_version: bool, place: &Place) -> String {
        let mut xml = Xml::default();
        xml.put("Arn", &told.arn(place));
        xml.put("Type", "RESOURCE");
        xml.put("TypeName", &told.name);
        let described = schema.get("description").and_then(Json::as_str).filter(|text| !text.is_empty());
        let description =
            described.map_or_else(|| format!("Resource Type definition for {}", told.name), str::to_owned);
        xml.put("Description", &description.chars().take(1024).collect::<String>());
        xml.put("Schema", &schema.to_string());
        xml.put("ProvisioningType", told.provisioning);
        let registered = told.category() == Some(Category::Registered);
        let deprecated = told.registration.is_some_and(Registration::is_deprecated);
        if told.registration.is_none() || registered {
            xml.put("DeprecatedStatus", if deprecated { "DEPRECATED" } else { "LIVE" });
        }
        let private = registered || told.category() == Some(Category::Activated);
        xml.put("Visibility", if private { "PRIVATE" } else { "PUBLIC" });
        for (member, key) in [("SourceUrl", "sourceUrl"), ("DocumentationUrl", "documentationUrl")] {
            if let Some(url) = schema.get(key).and_then(Json::as_str) {
                xml.put(member, url);
            }
        }
        match told.registration {
            None => xml.put("IsDefaultVersion", "true"),
            Some(one) if registered => {
                let default = registry::chosen(&self.config.types, &told.name, None, &place.region);
                let default = default.map_or_else(|| one.version_id(), Registration::version_id);
                xml.put("DefaultVersionId", default);
                xml.put("IsDefaultVersion", if default == one.version_id() { "true" } else { "false" });
                if by_version {
                    xml.put("TypeTestsStatus", "NOT_TESTED");
                }
            }
            Some(one) => {
                let active = one.category_of() == Category::Activated;
                xml.put("IsActivated", if active { "true" } else { "false" });
            }
        }
        xml.put("LastUpdated", PUBLISHED);
        xml.put("TimeCreated", PUBLISHED);
        xml.text
    }

    fn list_types(&self, place: &Place, mut parameters: Parameters) -> Result<String, WireError> {
        // Both defaults are the documentation's.
        let visibility = parameters.word("Visibility", &["PUBLIC", "PRIVATE"]).unwrap_or("PRIVATE");
        let provisioning = parameters
            .word("ProvisioningType", &["NON_PROVISIONABLE", "IMMUTABLE", "FULLY_MUTABLE"])
            .unwrap_or("FULLY_MUTABLE");
        let deprecated = parameters.word("DeprecatedStatus", &["LIVE", "DEPRECATED"]) == Some("DEPRECATED");
        let kind = parameters.kind();
        let category =
            parameters.word("Filters.Category", &["REGISTERED", "ACTIVATED", "THIRD_PARTY", "AWS_TYPES"]);
        let prefix = parameters.name_prefix().unwrap_or_default();
        let limit = parameters.max_results().unwrap_or(PAGE);
        let token = parameters.next_token();
        parameters.finish()?;
        let mut told = self.told(place, visibility, category);
        told.retain(|one| {
            one.provisioning == provisioning
                && one.name.starts_with(&prefix)
                && one.registration.is_some_and(Registration::is_deprecated) == deprecated
        });
        if kind.is_some_and(|kind| kind != "RESOURCE") {
            told.clear();
        }
        told.sort_by(|a, b| a.name.cmp(&b.name));
        let question = format!("{visibility} {provisioning} {deprecated} {kind:?} {category:?} {prefix}");
        let start = start_of(token.as_deref(), &question)?;
        let mut xml = Xml::default();
        xml.open("TypeSummaries");
        for one in told.iter().skip(start).take(limit) {
            xml.open("member");
            xml.put("Type", "RESOURCE");
            xml.put("TypeName", &one.name);
            xml.put("TypeArn", &one.arn(place));
            if let Some(registration) = one.registration {
                match registration.category_of() {
                    Category::Registered => {
                        let default = registry::chosen(&self.config.types, &one.name, None, &place.region);
                        if let Some(default) = default {
                            xml.put("DefaultVersionId", default.version_id());
                        }
                    }
                    Category::Activated => xml.put("IsActivated", "true"),
                    Category::ThirdParty => xml.put("IsActivated", "false"),
                }
            }
            xml.put("LastUpdated", PUBLISHED);
            xml.close("member");
        }
        xml.close("TypeSummaries");
        if start + limit < told.len() {
            xml.put("NextToken", &token_of(start + limit, &question));
        }
        Ok(xml.text)
    }

    /// The types that a visibility and a category show here. Filters that do not fit the visibility find nothing.
    fn told(&self, place: &Place, visibility: &str, category: Option<&str>) -> Vec<Told<'_>> {
        let mut told: Vec<Told<'_>> = Vec::new();
        for one in self.config.types.iter().filter(|one| one.is_in(&place.region)) {
            let fits = match (one.category_of(), visibility) {
                (Category::Registered, "PRIVATE") => category.is_none_or(|word| word == "REGISTERED"),
                (Category::Activated, "PRIVATE") => category.is_none_or(|word| word == "ACTIVATED"),
                (Category::Activated | Category::ThirdParty, "PUBLIC") => {
                    category.is_none_or(|word| word == "THIRD_PARTY")
                }
                _ => false,
            };
            if fits && !told.iter().any(|known| known.name == one.name()) {
                // A type is deprecated when no version of it is live.
                let one =
                    registry::chosen(&self.config.types, one.name(), None, &place.region).unwrap_or(one);
                let provisioning = one.schema().provisioning_type();
                told.push(Told { name: one.name().to_owned(), provisioning, registration: Some(one) });
            }
        }
        if visibility == "PUBLIC" && category.is_none_or(|word| word == "AWS_TYPES") {
            let here = self.schemas.listed().into_iter();
            let here = here.filter(|(name, _)| self.schemas.available_in(name, &place.region));
            told.extend(here.map(|(name, provisioning)| Told {
                name: name.to_string(),
                provisioning,
                registration: None,
            }));
        }
        told
    }

    fn list_type_versions(&self, place: &Place, mut parameters: Parameters) -> Result<String, WireError> {
        let deprecated = parameters.word("DeprecatedStatus", &["LIVE", "DEPRECATED"]) == Some("DEPRECATED");
        let limit = parameters.max_results().unwrap_or(PAGE);
        let token = parameters.next_token();
        let (name, _) = named(&mut parameters)?;
        let all: Vec<&Registration> = self
            .config
            .types
            .iter()
            .filter(|one| one.name() == name && one.is_in(&place.region))
            .filter(|one| one.category_of() == Category::Registered)
            .collect();
        if all.is_empty() {
            return Err(refused(format!("The type '{name}' cannot be found.")));
        }
        let default = registry::chosen(&self.config.types, &name, None, &place.region);
        let question = format!("{name} {deprecated}");
        let start = start_of(token.as_deref(), &question)?;
        let shown: Vec<&Registration> =
            all.into_iter().filter(|one| one.is_deprecated() == deprecated).collect();
        let mut xml = Xml::default();
        xml.open("TypeVersionSummaries");
        for one in shown.iter().skip(start).take(limit) {
            let provisioning = one.schema().provisioning_type();
            let told = Told { name: name.clone(), provisioning, registration: Some(one) };
            xml.open("member");
            xml.put("Type", "RESOURCE");
            xml.put("TypeName", &name);
            xml.put("VersionId", one.version_id());
            let is_default = default.is_some_and(|default| default.version_id() == one.version_id());
            xml.put("IsDefaultVersion", if is_default { "true" } else { "false" });
            xml.put("Arn", &format!("{}/{}", told.arn(place), one.version_id()));
            xml.put("TimeCreated", PUBLISHED);
            xml.close("member");
        }
        xml.close("TypeVersionSummaries");
        if start + limit < shown.len() {
            xml.put("NextToken", &token_of(start + limit, &question));
        }
        Ok(xml.text)
    }
}

/// The type that a call names, by type and name or by ARN, and its version.
fn named(parameters: &mut Parameters) -> Result<(String, Option<String>), WireError> {
    let (kind, name, arn) = (parameters.kind(), parameters.type_name(), parameters.arn());
    let version = parameters.version_id();
    parameters.finish()?;
    match (kind, name, arn) {
        (Some("RESOURCE"), Some(name), None) => Ok((name, version)),
        (Some(_), Some(name), None) => Err(not_found(&name)),
        (None, None, Some(arn)) => {
            let mut parts = arn.split(':').next_back().unwrap_or_default().split('/').skip(1);
            let (kind, name, suffix) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
            let name = name.replace('-', "::");
            if kind != Some("resource") || (suffix.is_some() && version.is_some()) {
                return Err(not_found(&name));
            }
            Ok((name, version.or(suffix.map(str::to_owned))))
        }
        // One of the two ways, never both (documentation).
        _ => Err(refused("You must specify either TypeName and Type, or Arn")),
    }
}

fn token_of(start: usize, question: &str) -> String {
    format!("{start:x}-{:x}", Dice::of_text(0, question).next())
}

fn start_of(token: Option<&str>, question: &str) -> Result<usize, WireError> {
    let Some(token) = token else { return Ok(0) };
    token
        .split_once('-')
        .and_then(|(start, _)| usize::from_str_radix(start, 16).ok())
        .filter(|start| token_of(*start, question) == token)
        .ok_or_else(|| refused("Invalid NextToken"))
}

#[derive(Default)]
struct Xml {
    text: String,
}

impl Xml {
    fn open(&mut self, name: &str) {
        self.text.push_str(&format!("<{name}>"));
    }
    fn close(&mut self, name: &str) {
        self.text.push_str(&format!("</{name}>"));
    }
    fn put(&mut self, name: &str, text: &str) {
        self.text.push_str(&format!("<{name}>{}</{name}>", escaped(text)));
    }
}
