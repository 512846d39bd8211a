//! What a statement can ask a table for: request parameters and methods (stackql-compat 5.2, 5.4 and 6.2).

use crate::columns::{IDENTIFIER, REGION, same_name};
use crate::source::{Family, Form, Kind, Raw, Source, View};
use stack_core::schema::{Handlers, Node, ResourceSchema};
use std::borrow::Cow;

/// A request parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name: in the spelling of the service, or the property's name.
    pub name: String,
    /// What it is.
    pub kind: ParameterKind,
}

/// What a request parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterKind {
    /// Where to ask.
    Region,
    /// Which resource.
    Identifier,
    /// Of which type.
    TypeName,
    /// What the list handler is to know, as JSON text.
    ResourceModel,
    /// A property that the list handler is to know.
    ListInput,
    /// Tags to look for, as JSON text.
    TagFilters,
    /// Types to look for, as JSON text.
    ResourceTypeFilters,
    /// Which request.
    RequestToken,
    /// Which requests, as JSON text.
    RequestStatusFilter,
    /// The role that the service assumes.
    RoleArn,
    /// The version of a private type.
    TypeVersionId,
    /// How many a page may hold.
    PageSize,
    /// The page to begin with.
    PageToken,
}

/// What a list handler needs to know (cloud-control 2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListNeeds {
    /// Properties that are always needed.
    pub all: Vec<String>,
    /// Beside those, all properties of one of these. Empty: no more.
    pub either: Vec<Vec<String>>,
}

impl ListNeeds {
    /// What a schema says that its list handler needs.
    pub fn of(handlers: &Handlers) -> Self {
        let Some(node) = handlers.list.as_ref().and_then(|handler| handler.handler_schema.as_deref()) else {
            return Self::default();
        };
        let alternatives: &[Node] = if node.one_of.is_empty() { &node.any_of } else { &node.one_of };
        let either = alternatives.iter().map(|branch| branch.required.clone());
        Self { all: node.required.clone(), either: either.filter(|names| !names.is_empty()).collect() }
    }

    /// True if the handler needs nothing.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.either.is_empty()
    }

    /// Every property that may be needed, once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.all.iter().chain(self.either.iter().flatten()) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The properties that are missing where `given` holds for those that are there. Of alternatives, those of the one
    /// that lacks least.
    pub fn missing<'n>(&'n self, given: impl Fn(&str) -> bool) -> Vec<&'n str> {
        let lacking = |names: &'n Vec<String>| -> Vec<&'n str> {
            names.iter().map(String::as_str).filter(|name| !given(name)).collect()
        };
        let mut missing = lacking(&self.all);
        missing.extend(self.either.iter().map(lacking).min_by_key(Vec::len).unwrap_or_default());
        missing
    }
}

/// The kind of statement that calls a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlVerb {
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl SqlVerb {
    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A method of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `get_resource`.
    pub name: Cow<'static, str>,
    /// The statement that calls it.
    pub verb: SqlVerb,
    /// The table without its provider and service, if it is another one: `integrations_list_only`.
    pub table: Option<String>,
    /// Parameters that must be given.
    pub required: Vec<String>,
    /// Parameters that may be given.
    pub optional: Vec<String>,
}

impl Source {
    /// What may be a request parameter in a predicate. A property of the same name comes first, but for the region and
    /// the identifier.
    pub fn parameters(&self) -> Vec<Parameter> {
        use ParameterKind as P;
        if let Some(rest) = self.rest() {
            return rest.parameters();
        }
        let region = (REGION, P::Region);
        let options = [("RoleArn", P::RoleArn), ("TypeVersionId", P::TypeVersionId)];
        let by_identifier = [(IDENTIFIER, P::Identifier), ("data__Identifier", P::Identifier)];
        let list = ("ResourceModel", P::ResourceModel);
        let named: Vec<(&str, P)> = match &self.kind {
            Kind::Type { form: Form::Singular, .. } => {
                [region].into_iter().chain(by_identifier).chain(options).collect()
            }
            Kind::Type { form: Form::ListOnly, .. } => [region, list].into_iter().chain(options).collect(),
            Kind::Type { .. } => {
                [region].into_iter().chain(by_identifier).chain([list]).chain(options).collect()
            }
            Kind::CloudControl(Raw::Resource) => {
                [region, ("TypeName", P::TypeName)].into_iter().chain(by_identifier).chain(options).collect()
            }
            // One resource of the plural table can be named for UPDATE and DELETE, and then be read too.
            Kind::CloudControl(Raw::Resources) => [region, ("TypeName", P::TypeName), list]
                .into_iter()
                .chain(by_identifier)
                .chain(options)
                .collect(),
            Kind::CloudControl(Raw::ResourceRequest) => vec![region, ("RequestToken", P::RequestToken)],
            Kind::CloudControl(Raw::ResourceRequests | Raw::Requests(_)) => {
                vec![region, ("ResourceRequestStatusFilter", P::RequestStatusFilter)]
            }
            Kind::Tagging => {
                vec![region, ("TagFilters", P::TagFilters), ("ResourceTypeFilters", P::ResourceTypeFilters)]
            }
            Kind::View(View::SubnetRouteTableAssociations) => vec![region],
            Kind::Rest(_) => Vec::new(),
        };
        let is_property = |name: &str| self.schema().is_some_and(|s| s.root.properties.contains_key(name));
        let mut found: Vec<Parameter> = named
            .into_iter()
            .filter(|(name, kind)| matches!(kind, P::Region | P::Identifier) || !is_property(name))
            .map(|(name, kind)| Parameter { name: name.to_owned(), kind })
            .collect();
        for name in self.list_needs().names() {
            found.push(Parameter { name: name.to_owned(), kind: P::ListInput });
        }
        found
    }

    /// The request parameter that a name in a predicate means: exact, with `data__` before it, or whatever its case where
    /// no column has exactly this name.
    pub fn parameter(&self, typed: &str) -> Option<Parameter> {
        if let Some(rest) = self.rest() {
            return rest.parameter(typed);
        }
        let all = self.parameters();
        let bare = typed.strip_prefix("data__").unwrap_or(typed);
        if let Some(exact) = all.iter().find(|one| one.name == typed || one.name == bare) {
            return Some(exact.clone());
        }
        let input = |one: &&Parameter| one.kind == ParameterKind::ListInput && same_name(&one.name, bare);
        if let Some(input) = all.iter().find(input) {
            return Some(input.clone());
        }
        let is_property = self.columns().iter().any(|column| column.name == bare && column.path.is_some());
        all.into_iter().find(|one| !is_property && one.name.eq_ignore_ascii_case(bare))
    }

    /// What the list handler needs to know, where the table lists.
    pub fn list_needs(&self) -> ListNeeds {
        match (&self.kind, self.form()) {
            (Kind::Rest(rest), _) => ListNeeds::of(&rest.schema.handlers),
            (_, Some(Form::Singular)) => ListNeeds::default(),
            (Kind::Type { schema, .. }, _) => ListNeeds::of(&schema.handlers),
            _ => ListNeeds::default(),
        }
    }

    /// The methods of the table, in the order in which they are tried. For a table of a type those of its listing are
    /// among them, as on the published pages.
    pub fn methods(&self) -> Vec<Method> {
        match &self.kind {
            Kind::Type { schema, form, family, .. } => self.type_methods(schema, *form, *family),
            Kind::CloudControl(raw) => raw_methods(*raw),
            Kind::Tagging => vec![select("get_resources", &[REGION], &["TagFilters", "ResourceTypeFilters"])],
            Kind::View(_) => vec![select("view", &[REGION], &[])],
            Kind::Rest(rest) => rest.methods(),
        }
    }

    fn type_methods(&self, schema: &ResourceSchema, form: Form, family: Family) -> Vec<Method> {
        let handlers = &schema.handlers;
        let short = self.name.rsplit('.').next().unwrap_or_default();
        let (identifier, patch) = match family {
            Family::Awscc => (IDENTIFIER, "PatchDocument"),
            Family::Aws => ("data__Identifier", "data__PatchDocument"),
        };
        let needs = ListNeeds::of(handlers);
        let optional_list: Vec<&str> = std::iter::once("ResourceModel").chain(needs.names()).collect();
        let list =
            |table: Option<String>| Method { table, ..select("list_resources", &[REGION], &optional_list) };
        let get = select("get_resource", &[identifier, REGION], READ_OPTIONS);
        if form == Form::ListOnly {
            return handlers.list.is_some().then(|| list(None)).into_iter().collect();
        }
        let scans = matches!(form, Form::PluralScan | Form::Tags);
        let mut methods = Vec::new();
        if form != Form::Tags {
            let is_new = family == Family::Awscc || form == Form::PluralScan;
            if handlers.create.is_some() && is_new {
                let required =
                    schema.root.required.iter().map(String::as_str).chain([REGION]).collect::<Vec<_>>();
                methods.push(write("create_resource", SqlVerb::Insert, &required));
            }
            if handlers.delete.is_some() {
                methods.push(write("delete_resource", SqlVerb::Delete, &[identifier, REGION]));
            }
            if handlers.update.is_some() {
                methods.push(write("update_resource", SqlVerb::Update, &[identifier, patch, REGION]));
            }
        }
        if handlers.read.is_some() {
            methods.push(get);
        }
        if handlers.list.is_some() {
            if scans {
                methods.push(list(None));
            } else if family == Family::Awscc {
                methods.push(list(Some(format!("{short}_list_only"))));
            }
        }
        methods
    }
}

const READ_OPTIONS: &[&str] = &["RoleArn", "TypeVersionId"];
const WRITE_OPTIONS: &[&str] = &["ClientToken", "RoleArn", "TypeVersionId"];

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn select(name: &'static str, required: &[&str], optional: &[&str]) -> Method {
    Method {
        name: name.into(),
        verb: SqlVerb::Select,
        table: None,
        required: owned(required),
        optional: owned(optional),
    }
}

fn write(name: &'static str, verb: SqlVerb, required: &[&str]) -> Method {
    Method { name: name.into(), verb, table: None, required: owned(required), optional: owned(WRITE_OPTIONS) }
}

fn raw_methods(raw: Raw) -> Vec<Method> {
    match raw {
        Raw::Resource => {
            vec![select("get_resource", &["TypeName", IDENTIFIER, REGION], READ_OPTIONS)]
        }
        Raw::Resources => vec![
            write("create_resource", SqlVerb::Insert, &["TypeName", "DesiredState", REGION]),
            write("delete_resource", SqlVerb::Delete, &["TypeName", IDENTIFIER, REGION]),
            write("update_resource", SqlVerb::Update, &["TypeName", IDENTIFIER, "PatchDocument", REGION]),
            select("list_resources", &["TypeName", REGION], &["ResourceModel", "RoleArn", "TypeVersionId"]),
        ],
        Raw::ResourceRequest => vec![select("get_resource_request_status", &["RequestToken", REGION], &[])],
        Raw::ResourceRequests => vec![
            Method {
                optional: Vec::new(),
                ..write("cancel_resource_request", SqlVerb::Delete, &["RequestToken", REGION])
            },
            select("list_resource_requests", &[REGION], &["ResourceRequestStatusFilter"]),
        ],
        Raw::Requests(_) => {
            vec![select("list_resource_requests", &[REGION], &["ResourceRequestStatusFilter"])]
        }
    }
}
