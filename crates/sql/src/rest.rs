//! Tables of REST services: columns, parameters, requests and rows as definitions say them (stackql-compat 6.5).
//!
//! A property that a request takes is a parameter. All parts of the identity: one read. Else a list, if its inputs are
//! there. What was asked by stays a filter too, so that a list shows no more than a read would.

use crate::access::{Ask, Params, Stage, bad, target};
use crate::columns::{Affinity, Cell, Column, Echo, IDENTIFIER, REGION, affinity};
use crate::error::SqlError;
use crate::fetch::Fetch;
use crate::parameters::{ListNeeds, Method, Parameter, ParameterKind, SqlVerb};
use crate::source::{Kind, Source};
use serde_json::{Map, Value as Json};
use stack_catalog::names::column_of;
use stack_core::conform::{conform, id_of_text};
use stack_core::diagnostic::Severity;
use stack_core::identity::Identifier;
use stack_core::ids::TypeName;
use stack_core::pointer::Pointer;
use stack_core::provider::Found;
use stack_core::rest::Described;
use stack_core::schema::{Node, ResourceSchema};
use stack_core::value::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A table of a REST service.
#[derive(Clone, Debug)]
pub struct Rest {
    /// The type.
    pub ty: TypeName,
    /// Its schema.
    pub schema: Arc<ResourceSchema>,
    /// What its definition says beside.
    pub about: Arc<dyn Described>,
}

impl Rest {
    /// The columns of `SELECT *`: the region where there is one, and the properties. Names in snake_case, as they are where
    /// they have no capitals.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let properties = self.schema.root.properties.iter().map(|(name, node)| Column {
            name: self.column_name(name),
            path: Some(Pointer::of([name.as_str()])),
            affinity: self.affinity(name, node),
        });
        let region = self.about.is_regional().then(|| Column::asked(REGION));
        region.into_iter().chain(properties).collect()
    }

    fn affinity(&self, property: &str, node: &Node) -> Affinity {
        match self.schema.overlay.accepts.references.covers(&Pointer::of([property])) {
            true => Affinity::Reference,
            false => affinity(&self.schema, node),
        }
    }

    fn column_name(&self, property: &str) -> String {
        if property.chars().any(|c| c.is_ascii_uppercase()) {
            return column_of(self.ty.as_str(), property);
        }
        property.to_owned()
    }

    /// Columns that can be named and that `SELECT *` does not show: other names of the properties, and the identifier.
    pub(crate) fn echoes(&self) -> Vec<Column> {
        let shared = self.about.shared();
        let shown = self.columns();
        let mut echoes: Vec<Column> = Vec::new();
        let mut add = |column: Column| {
            let same = |other: &Column| other.name.eq_ignore_ascii_case(&column.name);
            if !shown.iter().chain(&echoes).any(same) {
                echoes.push(column);
            }
        };
        for (property, node) in &self.schema.root.properties {
            let name = self.column_name(property);
            let others = self.about.other_names(property).iter().cloned();
            let older = shared.contains(&property.as_str()).then(|| format!("_{name}"));
            let names = older.into_iter().chain([format!("data__{name}"), property.clone()]).chain(others);
            for name in names {
                let affinity = self.affinity(property, node);
                add(Column { name, path: Some(Pointer::of([property.as_str()])), affinity });
            }
        }
        add(Column::asked(IDENTIFIER));
        echoes
    }

    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        let input = |name: &str| Parameter { name: name.to_owned(), kind: ParameterKind::ListInput };
        let region = self
            .about
            .is_regional()
            .then(|| Parameter { name: REGION.to_owned(), kind: ParameterKind::Region });
        let whole = (self.schema.handlers.read.is_some() && self.about.property_of(IDENTIFIER).is_none())
            .then(|| Parameter { name: IDENTIFIER.to_owned(), kind: ParameterKind::Identifier });
        let pages = self.about.pages();
        let of_pages = [
            (pages.size.map(|(name, _)| name), ParameterKind::PageSize),
            (pages.token.map(|(name, _)| name), ParameterKind::PageToken),
        ];
        let of_pages =
            of_pages.into_iter().filter_map(|(name, kind)| Some(Parameter { name: name?.to_owned(), kind }));
        let inputs = self.about.inputs().into_iter().map(input);
        region.into_iter().chain(inputs).chain(whole).chain(of_pages).collect()
    }

    pub(crate) fn parameter(&self, typed: &str) -> Option<Parameter> {
        let mut all = self.parameters().into_iter();
        match self.about.property_of(typed) {
            Some(property) => all.find(|one| one.kind == ParameterKind::ListInput && one.name == property),
            None => {
                let bare = typed.strip_prefix("data__").unwrap_or(typed);
                // `MaxResults` for `maxResults` and `max-results`.
                let folded = |name: &str| name.replace(['-', '_'], "").to_lowercase();
                all.find(|one| match one.kind {
                    ParameterKind::ListInput => false,
                    ParameterKind::PageSize | ParameterKind::PageToken => folded(&one.name) == folded(bare),
                    _ => one.name.eq_ignore_ascii_case(bare),
                })
            }
        }
    }

    /// What is lacking for every way to read it; of the list, if there is one.
    pub(crate) fn lacking(&self, has: impl Fn(ParameterKind, &str) -> bool) -> Vec<String> {
        let given = |name: &str| has(ParameterKind::ListInput, name);
        let handlers = &self.schema.handlers;
        let identity = self.about.identity();
        let by_identity =
            has(ParameterKind::Identifier, IDENTIFIER) || identity.iter().all(|name| given(name));
        if handlers.read.is_some() && by_identity {
            return Vec::new();
        }
        if handlers.list.is_some() {
            let needs = ListNeeds::of(handlers);
            return needs.missing(given).into_iter().map(str::to_owned).collect();
        }
        identity.iter().filter(|name| !given(name)).cloned().collect()
    }

    /// The request for these parameters.
    ///
    /// # Errors
    /// A value that the service would not take.
    pub(crate) fn ask(&self, source: &Source, params: &Params) -> Result<Ask, SqlError> {
        let at = target(source, params)?;
        let mut echo = Echo::new();
        let mut given: Map<String, Json> = Map::new();
        let (mut whole, mut pages) = (None, Map::new());
        for (parameter, value) in params {
            let value = id_of_text(value).unwrap_or_else(|| value.clone());
            match parameter.kind {
                ParameterKind::ListInput => {
                    given.insert(parameter.name.clone(), Json::String(value.clone()));
                }
                ParameterKind::Identifier => whole = Some(value.clone()),
                ParameterKind::PageSize | ParameterKind::PageToken => {
                    self.check_page(parameter, &value)?;
                    pages.insert(parameter.name.clone(), Json::String(value.clone()));
                }
                _ => {}
            }
            echo.insert(parameter.name.clone(), value);
        }
        self.check(&given)?;
        let identifier = match whole {
            Some(text) => Some(crate::access::identifier(Some(&self.schema), &text)?),
            None => self.identifier(|name| given.get(name).and_then(Json::as_str).map(str::to_owned)),
        };
        if let (Some(identifier), true) = (identifier, self.schema.handlers.read.is_some()) {
            let fetch = self.get(&at, identifier, &given);
            return Ok(Ask { fetch, echo, stage: Stage::Rows, note: None });
        }
        given.extend(pages);
        let stage = if self.about.lists_whole() { Stage::Rows } else { Stage::ThenGet };
        let model = (!given.is_empty()).then_some(Json::Object(given));
        Ok(Ask { fetch: Fetch::List { at, ty: self.ty.clone(), model }, echo, stage, note: None })
    }

    /// The read of one that a list found.
    pub(crate) fn then_get(&self, list: &Fetch, found: &Found) -> Option<Fetch> {
        let Fetch::List { at, model, .. } = list else { return None };
        let empty = Map::new();
        let given = model.as_ref().and_then(Json::as_object).unwrap_or(&empty);
        Some(self.get(at, found.identifier.clone(), given))
    }

    fn get(&self, at: &stack_core::ids::Target, identifier: Identifier, given: &Map<String, Json>) -> Fetch {
        // What is said of the pages of a list belongs to no read.
        let is_beside = |(name, _): &(&String, &Json)| {
            self.schema.root.properties.contains_key(*name)
                && !identifier.parts.iter().any(|(part, _)| part == *name)
        };
        let text = |(name, value): (&String, &Json)| Some((name.clone(), value.as_str()?.to_owned()));
        let beside = given.iter().filter(is_beside).filter_map(text).collect();
        Fetch::Get { at: at.clone(), ty: self.ty.clone(), identifier, beside }
    }

    /// The identifier of these parts, if all are there.
    pub(crate) fn identifier(&self, part: impl Fn(&str) -> Option<String>) -> Option<Identifier> {
        let parts = self.about.identity().iter().map(|name| Some((name.clone(), part(name)?)));
        let parts: Option<Vec<_>> = parts.collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| Identifier { parts })
    }

    /// Ranges of what is said of pages (stackql-compat 6.5, cloud-control 8).
    fn check_page(&self, parameter: &Parameter, value: &str) -> Result<(), SqlError> {
        let name = &parameter.name;
        let pages = self.about.pages();
        let problem = match (parameter.kind, pages.size, pages.token) {
            (ParameterKind::PageSize, Some((_, most)), _) => {
                let is_fine = value.parse::<u64>().is_ok_and(|size| (1..=most).contains(&size));
                (!is_fine).then(|| format!("`{name}` is a number from 1 to {most}"))
            }
            (_, _, Some((_, most))) => {
                let length = value.chars().count() as u64;
                let is_fine = length > 0 && most.is_none_or(|most| length <= most);
                let most = most.map(|most| format!(" to {most}")).unwrap_or_default();
                (!is_fine).then(|| format!("`{name}` has 1{most} characters, not {length}"))
            }
            _ => None,
        };
        problem.map_or(Ok(()), |problem| Err(bad(problem)))
    }

    /// Lengths, patterns and enums of what is asked by, before anybody is asked.
    fn check(&self, given: &Map<String, Json>) -> Result<(), SqlError> {
        let is_settable =
            |name: &String| !self.schema.read_only_properties.contains(&Pointer::of([name.as_str()]));
        let members = given.iter().filter(|(name, _)| is_settable(name));
        let members = members.map(|(name, value)| (name.clone(), Value::from(value))).collect();
        let violations = conform(&self.schema, Value::Object(members)).violations;
        let told = violations.into_iter().find(|violation| {
            let first = violation.pointer.segments().first();
            violation.severity == Severity::Error && first.is_some_and(|name| given.contains_key(name))
        });
        match told {
            Some(violation) => Err(bad(violation.message).label(violation.label)),
            None => match given.iter().find(|(_, value)| value.as_str() == Some("")) {
                Some((name, _)) => Err(bad(format!("`{name}` is empty"))),
                None => Ok(()),
            },
        }
    }

    /// The cells of a row. What was asked by is shown as it was asked where the service does not repeat it.
    pub(crate) fn cells(&self, columns: &[Column], found: &Found, echo: &Echo) -> Vec<Cell> {
        let cell = |column: &Column| {
            let asked = |name: &str| echo.get(name).map(|value| Cell::Text(value.clone()));
            let Some(name) = column.path.as_ref().and_then(Pointer::last) else {
                return match column.name.as_str() {
                    IDENTIFIER => Cell::Text(found.identifier.to_string()),
                    name => asked(name).unwrap_or(Cell::Null),
                };
            };
            let shown = found.model.get(name).map(Cell::of).filter(|cell| *cell != Cell::Null);
            let part = || {
                let mut parts = found.identifier.parts.iter();
                parts.find(|(part, _)| part == name).map(|(_, value)| Cell::Text(value.clone()))
            };
            shown.or_else(part).or_else(|| asked(name)).unwrap_or(Cell::Null)
        };
        columns.iter().map(cell).collect()
    }

    pub(crate) fn methods(&self) -> Vec<Method> {
        let names = self.about.methods();
        let region = || self.about.is_regional().then(|| REGION.to_owned());
        let identity = || self.about.identity().iter().cloned().chain(region()).collect::<Vec<_>>();
        let needs = ListNeeds::of(&self.schema.handlers);
        let takes = self.schema.handlers.list.as_ref().and_then(|list| list.handler_schema.as_deref());
        let optional = takes.into_iter().flat_map(|node| node.properties.keys());
        let pages = self.about.pages();
        let of_pages = pages.size.map(|(name, _)| name).into_iter().chain(pages.token.map(|(name, _)| name));
        let optional = optional.filter(|name| !needs.all.contains(name)).cloned();
        let optional = optional.chain(of_pages.map(str::to_owned)).collect();
        let listed = needs.all.iter().cloned().chain(region()).collect();
        let body = self.schema.root.required.iter().cloned().chain(region()).collect();
        let method = |name: Option<String>, verb, required: Vec<String>, optional: Vec<String>| {
            name.map(|name| Method { name: Cow::Owned(name), verb, table: None, required, optional })
        };
        [
            method(names.read, SqlVerb::Select, identity(), Vec::new()),
            method(names.list, SqlVerb::Select, listed, optional),
            method(names.create, SqlVerb::Insert, body, Vec::new()),
            method(names.update, SqlVerb::Update, identity(), Vec::new()),
            method(names.delete, SqlVerb::Delete, identity(), Vec::new()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Source {
    /// What is special of a table of a REST service, if it is one.
    pub fn rest(&self) -> Option<&Rest> {
        match &self.kind {
            Kind::Rest(rest) => Some(rest),
            _ => None,
        }
    }

    /// True if its requests say a region.
    pub fn has_regions(&self) -> bool {
        self.rest().is_none_or(|rest| rest.about.is_regional())
    }
}

/// The columns of an object for RETURNING, and its affinities.
pub(crate) fn returned(rest: &Rest) -> Vec<(String, Affinity, Pointer)> {
    let with_path = |column: Column| Some((column.name, column.affinity, column.path?));
    rest.columns().into_iter().filter_map(with_path).collect()
}

#[cfg(test)]
mod tests;
