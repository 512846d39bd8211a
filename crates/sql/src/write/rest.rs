//! Changes of tables of REST services: a resource is chosen by the parts of its identity, and an UPDATE sets columns
//! (stackql-compat 6.5). The patch that an update is becomes what the service wants in its engine.

use super::common::{Options, narrow};
use super::{Declared, MAX_OPERATIONS, Meant, Placed, Reading, Write};
use crate::access::{bad, identifier};
use crate::codes;
use crate::columns::{IDENTIFIER, REGION};
use crate::dml::{Pair, Verb};
use crate::error::SqlError;
use crate::literal::{self, RequestOption, bare};
use crate::rest::Rest;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use stack_core::conform::id_of_text;
use stack_core::identity::Identifier;
use stack_core::ids::Target;
use stack_core::pointer::Pointer;
use stack_core::provider::Operation;
use stack_core::value::Value;

/// Values of one column that a WHERE clause allows.
type Allowed = IndexMap<String, Option<Vec<Placed>>>;

/// What a column of an INSERT or a SET clause means. Objects of the service's bodies (`spec`) keep their name until they are
/// taken apart.
pub(super) fn meant(rest: &Rest, column: &str) -> Option<Meant> {
    if let Some(property) = rest.about.property_of(column) {
        return Some(Meant::Property(property.to_owned()));
    }
    match bare(column) {
        REGION if rest.about.is_regional() => Some(Meant::Option(RequestOption::Region)),
        "ClientToken" => Some(Meant::Option(RequestOption::ClientToken)),
        nesting if rest.about.is_nesting(nesting) => Some(Meant::Property(nesting.to_owned())),
        _ => None,
    }
}

/// The identifier with what the request needs to find the host. Its engine takes both by name.
fn with_beside(mut identifier: Identifier, beside: &[(String, String)]) -> Identifier {
    identifier.parts.extend(beside.iter().cloned());
    identifier
}

impl Reading<'_> {
    /// What the service has no method for.
    pub(super) fn can(&mut self) {
        let handlers = &self.schema.handlers;
        let (has, what) = match self.common.dml.verb {
            Verb::Insert => (handlers.create.is_some(), "made"),
            Verb::Update => (handlers.update.is_some(), "updated"),
            Verb::Delete => (handlers.delete.is_some(), "deleted"),
        };
        if has {
            return;
        }
        let message = format!("{} cannot be {what}", self.schema.type_name);
        let told = SqlError::new(codes::NOT_SUPPORTED, message).at(self.common.dml.table.at.clone());
        let told = match self.common.dml.verb {
            Verb::Update if handlers.create.is_some() && handlers.delete.is_some() => {
                told.next("delete the resource, and insert it anew")
            }
            _ => told.next(format!("SHOW METHODS IN {} lists what can be done", self.source.name)),
        };
        self.common.errors.push(told);
    }

    /// Where a change goes.
    pub(super) fn place(&mut self, options: &Options, region: Option<Placed>) -> Option<Target> {
        if self.source.has_regions() {
            return self.common.target(options, region);
        }
        let provider = self.source.name_of_provider().into();
        Some(Target { provider, region: None, role_arn: None, type_version_id: None, credential: None })
    }

    /// UPDATE and DELETE: one operation for each combination of the parts of the identity.
    pub(super) fn rest_changes(&mut self, rest: &Rest) -> Vec<Write> {
        self.can();
        let dml = self.common.dml;
        let mut options = Options::default();
        let mut declared = Declared::default();
        if dml.verb == Verb::Update {
            self.assigned(rest, &mut options, &mut declared);
        }
        let (regions, identifiers) = self.chosen(rest, &mut options, &declared);
        if !self.common.errors.is_empty() {
            return Vec::new();
        }
        let (patch, sent) = match dml.verb {
            Verb::Update => match self.document(declared) {
                Some(made) => made,
                None => return Vec::new(),
            },
            _ => (Json::Null, Value::Null),
        };
        let regions: Vec<Option<Placed>> = match regions {
            Some(regions) => regions.into_iter().map(Some).collect(),
            None => vec![options.region.clone()],
        };
        let mut all = Vec::new();
        for region in regions {
            let Some(at) = self.place(&options, region) else { continue };
            for identifier in &identifiers {
                let (ty, identifier) = (rest.ty.clone(), identifier.clone());
                let operation = match dml.verb {
                    Verb::Update => Operation::Update { ty, identifier, patch: patch.clone() },
                    _ => Operation::Delete { ty, identifier },
                };
                all.push(self.write(at.clone(), operation, options.token.clone(), sent.clone()));
            }
        }
        all
    }

    /// `SET column = value`.
    fn assigned(&mut self, rest: &Rest, options: &mut Options, declared: &mut Declared) {
        for pair in &self.common.dml.values {
            let Some(written) = self.common.value(pair) else { continue };
            match meant(rest, &pair.column.name) {
                Some(Meant::Option(option)) => self.common.option(option, pair, &written, options),
                Some(Meant::Property(name)) => {
                    let pointer = Pointer::of([name.as_str()]);
                    if rest.schema.create_only_properties.covers(&pointer) {
                        let message = format!("`{name}` of {} cannot change", rest.ty);
                        let told = SqlError::new(codes::NOT_SUPPORTED, message).at(pair.column.at.clone());
                        self.common.errors.push(told.next("delete the resource, and insert it anew"));
                        continue;
                    }
                    // A manifest refuses that too (SD1312), and the service would be sent nothing.
                    if written == Value::Null && rest.schema.root.required.contains(&name) {
                        let told = bad(format!("`{name}` of {} is required: NULL cannot remove it", rest.ty));
                        self.common.errors.push(told.at(pair.at.clone()).next("write a value"));
                        continue;
                    }
                    let value = literal::written(&self.schema, Some(&*rest.about), &name, written);
                    self.declare(declared, name, value, &pair.column, &pair.at);
                }
                None => self.no_column(&pair.column),
            }
        }
    }

    /// The JSON Patch of what is set, and the same with secrets marked.
    fn document(&mut self, declared: Declared) -> Option<(Json, Value)> {
        let places = declared.places;
        let mut removed = Vec::new();
        let mut members = IndexMap::new();
        for (name, value) in declared.members {
            if value == Value::Null {
                removed.push(name);
            } else {
                members.insert(name, value);
            }
        }
        let sent = self.conformed_part(Declared { members, places })?;
        let Some(Json::Object(values)) = sent.exposed() else { return None };
        let path = |name: &String| Pointer::of([name.as_str()]).to_string();
        let set = values.iter().map(|(name, value)| json!({"op": "add", "path": path(name), "value": value}));
        let gone = removed.iter().map(|name| json!({"op": "remove", "path": path(name)}));
        Some((set.chain(gone).collect(), sent))
    }

    /// The identifiers that the WHERE clause allows, and its regions. What is set gives the parts that it leaves out: a PATCH has
    /// the parent of a resource in its body, and the documented `UPDATE … SET spec = '…' WHERE id = '…'` there alone.
    fn chosen(
        &mut self,
        rest: &Rest,
        options: &mut Options,
        declared: &Declared,
    ) -> (Option<Vec<Placed>>, Vec<Identifier>) {
        let dml = self.common.dml;
        let identity = rest.about.identity();
        let mut parts: Allowed = identity.iter().map(|name| (name.clone(), None)).collect();
        let (mut regions, mut whole) = (None, None);
        let mut beside: Vec<(String, String)> = Vec::new();
        let among = dml.among.iter().map(Vec::as_slice);
        for list in dml.predicates.iter().map(std::slice::from_ref).chain(among) {
            let Some(first) = list.first() else { continue };
            let property = rest.about.property_of(&first.column.name);
            let known = match property.and_then(|name| parts.get_mut(name)) {
                Some(known) => known,
                None if property.is_none() && bare(&first.column.name).eq_ignore_ascii_case(IDENTIFIER) => {
                    &mut whole
                }
                None if property.is_none()
                    && bare(&first.column.name) == REGION
                    && self.source.has_regions() =>
                {
                    &mut regions
                }
                // What tells the host, as reads take it.
                None if property.is_some_and(|name| rest.about.inputs().contains(&name)) => {
                    let texts = self.common.texts(list);
                    match (property, texts.as_slice()) {
                        (Some(name), [(text, _)]) => beside.push((name.to_owned(), text.clone())),
                        _ => {
                            let told = bad(format!("`{}` needs one value", first.column.name));
                            self.common.errors.push(told.at(first.column.at.clone()));
                        }
                    }
                    continue;
                }
                None => {
                    self.other_condition(rest, list, first, options);
                    continue;
                }
            };
            let texts = self.common.texts(list);
            let bare = |(text, at): Placed| (id_of_text(&text).unwrap_or(text), at);
            narrow(known, texts.into_iter().map(bare).collect());
        }
        if let Some(texts) = whole {
            let mut all = Vec::new();
            for (text, at) in texts {
                match identifier(Some(&rest.schema), &text) {
                    Ok(one) => all.push(with_beside(one, &beside)),
                    Err(error) => self.common.errors.push(error.at(at)),
                }
            }
            return (regions, all);
        }
        let body = rest.about.normal(Value::Object(declared.members.clone()));
        for (name, texts) in parts.iter_mut().filter(|(_, texts)| texts.is_none()) {
            if let Some(Value::String(text)) = body.get(name) {
                *texts = Some(vec![(text.clone(), dml.table.at.clone())]);
            }
        }
        let lacks: Vec<&String> =
            parts.iter().filter(|(_, texts)| texts.is_none()).map(|(name, _)| name).collect();
        if !lacks.is_empty() {
            // An object that cannot be looked into yet may hold it.
            let is_closed = |pair: &&Pair| {
                let value = body.get(bare(&pair.column.name));
                rest.about.is_nesting(&pair.column.name) && matches!(value, Some(Value::String(_)))
            };
            let at = dml.values.iter().find(is_closed).map_or(&dml.table.at, |pair| &pair.at).clone();
            let quoted = |name: &&String| format!("`{name}`");
            let names: Vec<String> = lacks.iter().map(quoted).collect();
            let message = format!("`{}` cannot be changed without {}", self.source.name, names.join(" and "));
            let conditions: Vec<String> = lacks.iter().map(|name| format!("{name} = '…'")).collect();
            let told = SqlError::new(codes::MISSING_PARAMETER, message).at(at);
            let next = format!("add {} to WHERE, joined by AND", conditions.join(" AND "));
            self.common.errors.push(told.next(next));
            return (regions, Vec::new());
        }
        let mut all = vec![Vec::new()];
        for (name, texts) in &parts {
            let texts = texts.as_deref().unwrap_or_default();
            let with = |one: &Vec<(String, String)>| {
                let one = one.clone();
                texts.iter().map(move |(text, _)| [one.clone(), vec![(name.clone(), text.clone())]].concat())
            };
            all = all.iter().flat_map(with).take(MAX_OPERATIONS + 1).collect();
        }
        if all.is_empty() || regions.as_ref().is_some_and(Vec::is_empty) {
            let told = bad("the conditions exclude each other: no resource is meant".to_owned());
            self.common.errors.push(told.at(dml.table.at.clone()));
        }
        if all.len().saturating_mul(regions.as_ref().map_or(1, Vec::len)) > MAX_OPERATIONS {
            self.common.too_many();
            return (regions, Vec::new());
        }
        if let Some((name, _)) = all.iter().flatten().find(|(_, text)| text.is_empty()) {
            let told = bad(format!("`{name}` is empty")).at(dml.table.at.clone());
            self.common.errors.push(told);
        }
        (regions, all.into_iter().map(|parts| with_beside(Identifier { parts }, &beside)).collect())
    }

    /// A condition that is no part of the identity.
    fn other_condition(&mut self, rest: &Rest, list: &[Pair], first: &Pair, options: &mut Options) {
        let Some(value) = self.common.value(first) else { return };
        let name = &first.column.name;
        if bare(name) == "ClientToken" && list.len() == 1 {
            self.common.option(RequestOption::ClientToken, first, &value, options);
            return;
        }
        let message = format!("`{name}` does not choose a resource of `{}`", self.source.name);
        let told = SqlError::new(codes::NO_SUCH_COLUMN, message).at(first.column.at.clone());
        let quoted: Vec<String> = rest.about.identity().iter().map(|name| format!("`{name}`")).collect();
        self.common.errors.push(told.next(format!("choose it by {}", quoted.join(" and "))));
    }
}
