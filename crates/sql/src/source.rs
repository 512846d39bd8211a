//! The tables that statements name: what a dotted name stands for.

use crate::columns::Column;
use crate::rest::Rest;
use stack_catalog::Catalog;
use stack_catalog::names::{TableForm, service_of};
use stack_core::ids::TypeName;
use stack_core::naming::column_name;
use stack_core::schema::{ResourceSchema, Schemas};
use std::fmt;
use std::sync::Arc;

/// Tables that the peer has and that nothing here serves yet.
const NOT_BUILT_TABLES: &[(&str, &str)] = &[
    ("tagging", "tag_keys"),
    ("tagging", "tag_values"),
    ("tagging", "compliance_summary"),
    ("tagging", "report_creation"),
];

/// The tables of both providers, with schemas from where the caller has them.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    schemas: &'a dyn Schemas,
    catalog: &'static Catalog,
}

impl fmt::Debug for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").finish_non_exhaustive()
    }
}

/// One table.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its dotted name in lower case: `awscc.s3.buckets`.
    pub name: String,
    /// What it shows.
    pub kind: Kind,
}

/// What a table shows.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Resources of one type.
    Type {
        /// The type.
        ty: TypeName,
        /// Its schema.
        schema: Arc<ResourceSchema>,
        /// What is shown of it.
        form: Form,
        /// Whose names the table has.
        family: Family,
    },
    /// Resources of a REST service.
    Rest(Rest),
    /// Cloud Control as it is.
    CloudControl(Raw),
    /// The tag index: `awscc.tagging.tagged_resources`.
    Tagging,
    /// A query that is built in.
    View(View),
}

/// What a table shows of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One resource, which must be named. Nothing is listed.
    Singular,
    /// Identifiers, by the list handler alone.
    ListOnly,
    /// The resource that is named; without a name all of them, listed and then read one by one.
    PluralScan,
    /// As [`Self::PluralScan`], with one row for each tag and without the property that holds the tags.
    Tags,
}

/// Whose names a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `awscc`.
    Awscc,
    /// The older `aws`.
    Aws,
}

impl Family {
    /// The provider's name.
    pub fn provider(self) -> &'static str {
        match self {
            Self::Awscc => "awscc",
            Self::Aws => "aws",
        }
    }
}

/// A table of Cloud Control itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// GetResource.
    Resource,
    /// ListResources, and all writes.
    Resources,
    /// GetResourceRequestStatus.
    ResourceRequest,
    /// ListResourceRequests; DELETE cancels.
    ResourceRequests,
    /// Some of the requests.
    Requests(RequestView),
}

/// The requests that one of the `vw_…_requests` tables shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestView {
    /// Status `SUCCESS`.
    Successful,
    /// Status `FAILED`.
    Failed,
    /// Status `CANCEL_COMPLETE`.
    Cancelled,
    /// Status `PENDING`.
    Pending,
    /// Operation `CREATE`.
    Create,
    /// Operation `UPDATE`.
    Update,
    /// Operation `DELETE`.
    Delete,
}

impl RequestView {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Successful,
        Self::Failed,
        Self::Cancelled,
        Self::Pending,
        Self::Create,
        Self::Update,
        Self::Delete,
    ];

    /// The table's name.
    pub fn table(self) -> &'static str {
        match self {
            Self::Successful => "vw_successful_requests",
            Self::Failed => "vw_failed_requests",
            Self::Cancelled => "vw_cancelled_requests",
            Self::Pending => "vw_pending_requests",
            Self::Create => "vw_create_requests",
            Self::Update => "vw_update_requests",
            Self::Delete => "vw_delete_requests",
        }
    }

    /// The column and the value that the requests of this view have.
    pub fn condition(self) -> (&'static str, &'static str) {
        match self {
            Self::Successful => ("OperationStatus", "SUCCESS"),
            Self::Failed => ("OperationStatus", "FAILED"),
            Self::Cancelled => ("OperationStatus", "CANCEL_COMPLETE"),
            Self::Pending => ("OperationStatus", "PENDING"),
            Self::Create => ("Operation", "CREATE"),
            Self::Update => ("Operation", "UPDATE"),
            Self::Delete => ("Operation", "DELETE"),
        }
    }
}

/// A query that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// `awscc.ec2.vw_subnet_route_table_associations`.
    SubnetRouteTableAssociations,
}

/// A name that no table has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct UnknownTable {
    /// Which part of it is unknown.
    pub what: UnknownPart,
    /// Near names, complete, best first, at most three.
    pub near: Vec<String>,
    /// Set where more is known: why.
    pub why: Option<String>,
}

/// Which part of a table's name is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownPart {
    /// Not three parts.
    #[error("`{0}` names no table: a table is written `provider.service.resource`")]
    Shape(String),
    /// A provider that is none of ours.
    #[error("the provider `{0}` is not supported: `SHOW PROVIDERS` lists those that are")]
    Provider(String),
    /// A table of ours that is planned.
    #[error("the table `{0}` is not supported yet")]
    NotBuiltTable(String),
    /// A service that the provider does not have.
    #[error("the provider `{provider}` has no service `{service}`")]
    Service {
        /// Provider.
        provider: String,
        /// Service.
        service: String,
    },
    /// A resource that the service does not have.
    #[error("the service `{service}` has no resource `{resource}`")]
    Resource {
        /// Service, with its provider.
        service: String,
        /// Resource.
        resource: String,
    },
}

impl<'a> Tables<'a> {
    /// The tables, with names from the embedded catalog and schemas from `schemas`.
    pub fn new(schemas: &'a dyn Schemas) -> Self {
        Self { schemas, catalog: Catalog::embedded() }
    }

    /// Where the schemas are from.
    pub fn schemas(&self) -> &'a dyn Schemas {
        self.schemas
    }

    /// The catalog of names.
    pub fn catalog(&self) -> &'static Catalog {
        self.catalog
    }

    /// What a dotted name stands for, whatever its case.
    ///
    /// # Errors
    /// No table has the name.
    pub fn source(&self, dotted: &str) -> Result<Source, UnknownTable> {
        let name = dotted.to_lowercase();
        let parts: Vec<&str> = name.split('.').collect();
        let [provider, service, resource] = parts[..] else {
            return Err(self.misshapen(dotted, &parts));
        };
        if self.catalog.table(&name).is_none()
            && let Some(rest) = self.rest(&name)
        {
            return Ok(Source { kind: Kind::Rest(rest), name });
        }
        let family = match provider {
            "awscc" => Family::Awscc,
            "aws" => Family::Aws,
            _ if self.others().contains(&provider.to_owned()) => {
                return Err(self.unknown(dotted, provider, service, resource));
            }
            _ => return Err(self.unknown_provider(dotted, provider)),
        };
        if let Some(kind) = special(family, service, resource) {
            return Ok(Source { name, kind });
        }
        let Some((ty, form)) = self.type_behind(&name, family) else {
            return Err(self.unknown(dotted, provider, service, resource));
        };
        match self.schemas.schema(&ty) {
            Ok(schema) => Ok(Source { kind: Kind::Type { ty, schema, form, family }, name }),
            Err(error) => Err(UnknownTable {
                what: resource_of(provider, service, resource),
                near: Vec::new(),
                why: Some(error.why.clone().unwrap_or_else(|| error.to_string())),
            }),
        }
    }

    fn type_behind(&self, name: &str, family: Family) -> Option<(TypeName, Form)> {
        let plural = match family {
            Family::Awscc => Form::Singular,
            Family::Aws => Form::PluralScan,
        };
        if let Some(table) = self.catalog.table(name) {
            let form = match table.form {
                TableForm::Plural => plural,
                TableForm::Singular => Form::Singular,
                TableForm::ListOnly => Form::ListOnly,
                TableForm::Tags => Form::Tags,
            };
            return Some((table.ty, form));
        }
        // A type that only the caller's schemas know.
        let list = name.strip_suffix("_list_only").and_then(|name| self.schemas.canonical(name).ok());
        if let Some(ty) = list {
            return Some((ty, Form::ListOnly));
        }
        self.schemas.canonical(name).ok().map(|ty| (ty, plural))
    }

    /// The table of a REST service that has this name.
    fn rest(&self, name: &str) -> Option<Rest> {
        let ty = self.schemas.canonical(name).ok()?;
        let about = self.schemas.described(&ty)?;
        let schema = self.schemas.schema(&ty).ok()?;
        Some(Rest { ty, schema, about })
    }

    /// Names of tables of REST services, each as provider, service and resource, with their types.
    fn rest_names(&self) -> Vec<([String; 3], TypeName)> {
        let parts = |(name, ty): (String, TypeName)| {
            let mut parts = name.splitn(3, '.').map(str::to_owned);
            Some(([parts.next()?, parts.next()?, parts.next()?], ty))
        };
        self.schemas.described_names().into_iter().filter_map(parts).collect()
    }

    /// The providers beside AWS, sorted.
    pub fn others(&self) -> Vec<String> {
        let names = self.rest_names().into_iter().map(|([provider, ..], _)| provider);
        let mut names: Vec<String> = names.filter(|name| name != "aws" && name != "awscc").collect();
        names.dedup();
        names
    }

    /// The services of a provider, sorted; empty for one that is not ours.
    pub fn services(&self, provider: &str) -> Vec<String> {
        let rest = self.rest_names().into_iter();
        let mut services: Vec<String> =
            rest.filter(|([own, ..], _)| own == provider).map(|([_, service, _], _)| service).collect();
        if provider == "awscc" || provider == "aws" {
            services.extend(self.catalog.types().map(service_of));
            services.extend(SPECIAL_SERVICES.iter().map(|service| (*service).to_owned()));
        }
        services.sort();
        services.dedup();
        services
    }

    /// The tables of a service without their provider and service, sorted, each with its type where it has one.
    pub fn resources(&self, provider: &str, service: &str) -> Vec<(String, Option<TypeName>)> {
        let rest = self.rest_names().into_iter();
        let mut found: Vec<(String, Option<TypeName>)> = rest
            .filter(|([own, of, _], _)| own == provider && of == service)
            .map(|([.., resource], ty)| (resource, Some(ty)))
            .collect();
        let Some(family) = [Family::Awscc, Family::Aws].into_iter().find(|f| f.provider() == provider) else {
            return found;
        };
        let short = |dotted: &str| dotted.rsplit('.').next().unwrap_or_default().to_owned();
        for ty in self.catalog.types().filter(|ty| service_of(ty) == service).map(TypeName::new) {
            let names = match family {
                Family::Awscc => self.awscc_names(&ty),
                Family::Aws => {
                    let names = self.catalog.aws_names(&ty);
                    [names.plural, names.singular, names.list_only, names.tags].concat()
                }
            };
            found.extend(names.iter().map(|name| (short(name), Some(ty.clone()))));
        }
        found.extend(specials(family, service).into_iter().map(|name| (name.to_owned(), None)));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup_by(|a, b| a.0 == b.0);
        found
    }

    fn awscc_names(&self, ty: &TypeName) -> Vec<String> {
        let Some(plural) = self.catalog.awscc_name(ty) else { return Vec::new() };
        let list = format!("{plural}_list_only");
        let has_list = self.catalog.table(&list).is_some();
        std::iter::once(plural).chain(has_list.then_some(list)).collect()
    }

    /// All providers.
    pub fn providers(&self) -> Vec<String> {
        ["awscc", "aws"].into_iter().map(str::to_owned).chain(self.others()).collect()
    }

    pub(crate) fn unknown_provider(&self, dotted: &str, provider: &str) -> UnknownTable {
        let rest = dotted.split_once('.').map(|(_, rest)| rest.to_lowercase());
        let known = self.providers();
        let near = near(provider, known.iter().map(String::as_str))
            .into_iter()
            .map(|provider| rest.as_ref().map_or(provider.clone(), |rest| format!("{provider}.{rest}")))
            .collect();
        UnknownTable { what: UnknownPart::Provider(provider.to_owned()), near, why: None }
    }

    fn misshapen(&self, dotted: &str, parts: &[&str]) -> UnknownTable {
        let what = UnknownPart::Shape(dotted.to_owned());
        // Without its provider.
        let near = match parts {
            [service, resource] => self
                .providers()
                .into_iter()
                .map(|provider| format!("{provider}.{service}.{resource}"))
                .filter(|name| self.source(name).is_ok())
                .collect(),
            _ => Vec::new(),
        };
        UnknownTable { what, near, why: None }
    }

    fn unknown(&self, dotted: &str, provider: &str, service: &str, resource: &str) -> UnknownTable {
        let services = self.services(provider);
        let why = self.schemas.canonical(&dotted.to_lowercase()).err().and_then(|error| error.why);
        if services.iter().any(|known| known == service) {
            let names = self.resources(provider, service);
            let mut names = near(resource, names.iter().map(|(name, _)| name.as_str()));
            if NOT_BUILT_TABLES.contains(&(service, resource)) {
                names.clear();
            }
            return UnknownTable {
                what: resource_of(provider, service, resource),
                near: names.into_iter().map(|name| format!("{provider}.{service}.{name}")).collect(),
                why,
            };
        }
        let is_native = service.ends_with("_native");
        let native = "tables of a service's own API are not supported, only those of Cloud Control";
        let why = if is_native { Some(native.to_owned()) } else { why };
        let near_services = near(service, services.iter().map(String::as_str));
        let full = |service: &String| format!("{provider}.{service}.{resource}");
        // A near service that has the resource leaves little doubt.
        let mut names: Vec<String> =
            near_services.iter().map(full).filter(|name| self.source(name).is_ok()).collect();
        if names.is_empty() {
            names = near_services.iter().map(|service| format!("{provider}.{service}")).collect();
        }
        let what = UnknownPart::Service { provider: provider.to_owned(), service: service.to_owned() };
        UnknownTable { what, near: names, why }
    }
}

impl Source {
    /// The first part of its name; of its type's, where that is another.
    pub(crate) fn name_of_provider(&self) -> &str {
        let name = self.rest().map_or(self.name.as_str(), |rest| rest.ty.as_str());
        name.split('.').next().unwrap_or_default()
    }

    /// Its columns, in the order of `SELECT *`.
    pub fn columns(&self) -> Vec<Column> {
        crate::columns::columns(self)
    }

    /// The schema, where the table shows resources of one type.
    pub fn schema(&self) -> Option<&ResourceSchema> {
        match &self.kind {
            Kind::Type { schema, .. } | Kind::Rest(Rest { schema, .. }) => Some(schema),
            _ => None,
        }
    }

    /// What the table shows of its type, if it has one.
    pub fn form(&self) -> Option<Form> {
        match &self.kind {
            Kind::Type { form, .. } => Some(*form),
            _ => None,
        }
    }
}

/// Services that no resource type has.
const SPECIAL_SERVICES: &[&str] = &["cloud_control", "tagging"];

/// The tables of a service that stand for no resource type.
fn specials(family: Family, service: &str) -> Vec<&'static str> {
    match (family, service) {
        (_, "cloud_control") => ["resource", "resources", "resource_request", "resource_requests"]
            .into_iter()
            .chain(RequestView::ALL.map(RequestView::table))
            .collect(),
        (_, "tagging") => vec!["tagged_resources"],
        (Family::Awscc, "ec2") => vec!["vw_subnet_route_table_associations"],
        _ => Vec::new(),
    }
}

fn special(family: Family, service: &str, resource: &str) -> Option<Kind> {
    // The peer's pages have both spellings of the service.
    let service = if service == "cloudcontrol" { "cloud_control" } else { service };
    if (service, resource) == ("cloud_control", "resource_request_statuses") {
        return Some(Kind::CloudControl(Raw::ResourceRequest));
    }
    let resource = *specials(family, service).iter().find(|name| **name == resource)?;
    Some(match resource {
        "resource" => Kind::CloudControl(Raw::Resource),
        "resources" => Kind::CloudControl(Raw::Resources),
        "resource_request" => Kind::CloudControl(Raw::ResourceRequest),
        "resource_requests" => Kind::CloudControl(Raw::ResourceRequests),
        "tagged_resources" => Kind::Tagging,
        "vw_subnet_route_table_associations" => Kind::View(View::SubnetRouteTableAssociations),
        view => {
            let view = RequestView::ALL.into_iter().find(|one| one.table() == view)?;
            Kind::CloudControl(Raw::Requests(view))
        }
    })
}

fn resource_of(provider: &str, service: &str, resource: &str) -> UnknownPart {
    if NOT_BUILT_TABLES.contains(&(service, resource)) {
        return UnknownPart::NotBuiltTable(format!("{provider}.{service}.{resource}"));
    }
    UnknownPart::Resource { service: format!("{provider}.{service}"), resource: resource.to_owned() }
}

/// Names that a mistyped one may have meant, best first, at most three. Case and underscores count for nothing.
pub(crate) fn near<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let folded = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = column_name(wanted);
    let wanted = folded(wanted.strip_prefix("data__").unwrap_or(&wanted));
    let limit = (wanted.chars().count() / 4).max(1);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let other = folded(name);
            // Distances of long names are costly, and those of different lengths are large.
            if other.chars().count().abs_diff(wanted.chars().count()) > limit {
                return None;
            }
            let distance = strsim::osa_distance(&other, &wanted);
            (distance <= limit).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests;
