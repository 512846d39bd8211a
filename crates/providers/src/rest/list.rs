//! Pages of lists, and looking for a resource by its natural key (confluent.md sections 4 and 11).

use super::model::{self, Model};
use super::wire::{Asked, items, query, value_of};
use super::{Rest, identity_of};
use crate::aws::encoded;
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_catalog::rest::form::{Auth, Input, List, ListPart, Paging, PagingKind};
use stack_catalog::rest::{Definition, Template};
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind};
use std::collections::HashMap;

/// The most pages that a look-up walks through.
const PAGES: usize = 10_000;

impl Rest {
    /// One page of models, and where the next begins.
    pub(super) async fn page(
        &self,
        at: &Target,
        definition: &Definition,
        inputs: &Model,
        page: Option<&str>,
    ) -> Result<(Vec<Model>, Option<String>), Failure> {
        let Some(list) = &definition.resource.list else {
            let message = format!("{} cannot be listed", definition.ty);
            return Err(Failure::new(FailureKind::Unsupported, "NoList", message));
        };
        let mut query = query(definition, &list.query, &list.filter, inputs)?;
        if let Some(paging) = &list.paging {
            // A statement may ask for smaller pages, and for one to begin with.
            let given = |name: &Option<String>| value_of(inputs, name.as_deref()?);
            let size = given(&paging.size_param).or_else(|| paging.size.map(|size| size.to_string()));
            let first = given(&paging.param);
            query.extend(asked_page(paging, page.or(first.as_deref()), size.as_deref()));
        }
        let asked = Asked {
            definition,
            method: "GET",
            path: &list.path,
            query,
            body: None,
            values: inputs,
            creates: false,
        };
        let answer = self.call(at, asked).await?.json;
        let mut found = objects(definition, list, &answer)?;
        let parts = if found.is_empty() { &[] } else { list.parts.as_slice() };
        for part in parts {
            self.add_part(at, definition, part, inputs, &mut found).await?;
        }
        let next = match &list.paging {
            Some(paging) => next_page(definition, paging, &answer, found.len(), page)?,
            None => None,
        };
        if next.is_some() && next.as_deref() == page {
            // Whoever asked for it would ask for ever.
            let message =
                format!("the list of {} does not end: a page names itself as the next", definition.ty);
            return Err(Failure::new(FailureKind::Internal, "PageTokenRepeated", message));
        }
        let mut models: Vec<Model> =
            found.iter().map(|item| model::model(&definition.resource, item, inputs)).collect();
        if list.answers_reads {
            models.iter_mut().for_each(|model| model::fill_omitted(&definition.resource, model));
        }
        if definition.resource.read.is_some()
            && let Some(lacking) = definition
                .resource
                .identity
                .iter()
                .filter(|name| definition.property(name).is_some_and(|part| part.in_body != Some(false)))
                .find(|name| models.iter().any(|model| value_of(model, name).is_none()))
        {
            let message = format!("an item in the list of {} lacks `{lacking}`", definition.ty);
            return Err(Failure::new(FailureKind::Internal, "UnexpectedAnswer", message));
        }
        self.note_hosts(definition, &models);
        let identities = models.iter().map(|model| identity_of(definition, model).wire());
        self.memory.listed(&definition.ty, identities);
        Ok((models, next))
    }

    /// Puts into each item what a further request shows of it.
    async fn add_part(
        &self,
        at: &Target,
        definition: &Definition,
        part: &ListPart,
        inputs: &Model,
        found: &mut [Json],
    ) -> Result<(), Failure> {
        let query = query(definition, &part.query, [], inputs)?;
        let path = &part.path;
        let asked =
            Asked { definition, method: "GET", path, query, body: None, values: inputs, creates: false };
        let answer = self.call(at, asked).await?.json;
        let name = |json: &Json| json.get(&part.by).and_then(model::scalar);
        let mut of: HashMap<String, Vec<Json>> = HashMap::new();
        for element in items(&answer, Some(&part.at)).iter() {
            let counts = part.only.iter().all(|(name, wanted)| element.get(name) == Some(wanted));
            if let Some(name) = name(element).filter(|_| counts) {
                of.entry(name).or_default().push(element.clone());
            }
        }
        for item in found {
            let own = name(item).and_then(|name| of.remove(&name)).unwrap_or_default();
            model::put(item, &part.into, Json::Array(own));
        }
        Ok(())
    }

    /// All pages.
    pub(super) async fn walk(
        &self,
        at: &Target,
        definition: &Definition,
        inputs: &Model,
    ) -> Result<Vec<Model>, Failure> {
        let mut all = Vec::new();
        let mut page: Option<String> = None;
        for _ in 0..PAGES {
            let (found, next) = self.page(at, definition, inputs, page.as_deref()).await?;
            all.extend(found);
            match next {
                None => return Ok(all),
                // A token that leads to itself would never end.
                Some(next) if Some(&next) == page.as_ref() => break,
                Some(next) => page = Some(next),
            }
        }
        // What a part of a list does not show may be there: a second one would be made.
        let words = "the list does not end: the service gives the same page again, or too many";
        Err(Failure::new(FailureKind::Internal, "PageTokenRepeated", words))
    }

    /// The resources that have this natural key and are not being removed. `None`: it is incomplete, or there is no list.
    pub(super) async fn named(
        &self,
        at: &Target,
        definition: &Definition,
        key: &Model,
    ) -> Result<Option<Vec<Model>>, Failure> {
        let resource = &definition.resource;
        let is_whole = !resource.natural_key.is_empty()
            && resource.natural_key.iter().all(|name| given(key, name).is_some() || resource.may_lack(name));
        if resource.list.is_none() || !is_whole {
            return Ok(None);
        }
        let agrees = |model: &Model| {
            let is_key =
                resource.natural_key.iter().all(|name| match (given(key, name), given(model, name)) {
                    (Some(wanted), Some(live)) => same(wanted, live),
                    (None, None) => true,
                    _ => false,
                });
            // What the list was asked with tells them apart too, where it shows it.
            is_key
                && asked_with(definition).all(|name| match (given(key, name), given(model, name)) {
                    (Some(wanted), Some(live)) => same(wanted, live),
                    _ => true,
                })
        };
        let schema = definition.schema();
        let all = self.walk(at, definition, key).await?;
        let stays = |model: &Model| !schema.is_gone(&Json::Object(model.clone()));
        Ok(Some(all.into_iter().filter(|model| agrees(model) && stays(model)).collect()))
    }

    /// The inputs with which a list is asked: what a variable names, else every one of a resource.
    pub(super) async fn inputs(
        &self,
        at: &Target,
        locator: &Definition,
        sources: &IndexMap<String, Input>,
    ) -> Result<Vec<Model>, Failure> {
        let mut all = vec![Model::new()];
        for (name, input) in sources {
            let by_variable = input.variable.as_deref().and_then(|name| self.settings.variable(name));
            let values: Vec<String> = match by_variable {
                Some(value) => vec![value.to_owned()],
                None => {
                    let ty = self.definitions.named(&input.resource);
                    let Some(from) = ty.and_then(|ty| self.definitions.get(ty)) else {
                        let message =
                            format!("`{}`, which {} is found by, is no resource", input.resource, locator.ty);
                        return Err(Failure::new(FailureKind::Internal, "BadDefinition", message));
                    };
                    let found = Box::pin(self.walk(at, from, &Model::new())).await?;
                    found.iter().filter_map(|model| value_of(model, &input.property)).collect()
                }
            };
            let with = |known: &Model, value: &String| {
                let mut inputs = known.clone();
                inputs.insert(name.clone(), Json::String(value.clone()));
                inputs
            };
            all = all.iter().flat_map(|known| values.iter().map(move |value| with(known, value))).collect();
        }
        Ok(all)
    }

    /// The identities of several resources, for people.
    pub(super) fn names_of(&self, definition: &Definition, models: &[Model]) -> String {
        let names: Vec<String> =
            models.iter().map(|model| format!("`{}`", identity_of(definition, model))).collect();
        names.join(", ")
    }
}

/// The properties that the requests of a list are made of.
pub(super) fn asked_with(definition: &Definition) -> impl Iterator<Item = &str> {
    let templates = definition
        .resource
        .list
        .iter()
        .flat_map(|list| list.query.values().chain(list.filter.values()).chain([&list.path]));
    templates.flat_map(Template::variables)
}

/// A value that is there: neither null nor an empty text.
pub(super) fn given<'m>(model: &'m Model, name: &str) -> Option<&'m Json> {
    model.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

/// True if two values of a natural key mean the same: numbers and texts of one spelling are equal.
fn same(a: &Json, b: &Json) -> bool {
    a == b || matches!((model::scalar(a), model::scalar(b)), (Some(a), Some(b)) if a == b)
}

/// The objects of an answer, whatever form the list has.
///
/// # Errors
/// An answer that is no list. It must not count as an empty one: what it does not show would be made a second time.
fn objects(definition: &Definition, list: &List, answer: &Json) -> Result<Vec<Json>, Failure> {
    let path = list.items.as_deref().unwrap_or(".");
    let no_list = |why: String| {
        let message = format!("the answer to the list of {} is no list: {why}", definition.ty);
        Failure::new(FailureKind::Internal, "UnexpectedAnswer", message)
    };
    // Services of AWS leave out members without a value.
    let may_lack = matches!(definition.endpoint.auth, Auth::Sigv4 { .. }) && answer.is_object();
    match model::at(answer, path) {
        None if !may_lack => return Err(no_list(format!("it has no `{path}`"))),
        Some(Json::Null) if path == "." => return Err(no_list("it is empty".to_owned())),
        _ => {}
    }
    if let Some(member) = &list.keyed {
        return Ok(keyed(answer, list.items.as_deref(), member));
    }
    let found = items(answer, list.items.as_deref());
    Ok(match &list.names {
        None => match found.iter().find(|item| !item.is_object()) {
            Some(_) => return Err(no_list("an item of it is no object".to_owned())),
            None => found.into_owned(),
        },
        Some(member) => found
            .iter()
            .map(|name| {
                let mut object = Json::Object(Model::new());
                model::put(&mut object, member, name.clone());
                object
            })
            .collect(),
    })
}

/// The members of a map as objects that hold their key.
pub(super) fn keyed(answer: &Json, path: Option<&str>, member: &str) -> Vec<Json> {
    let found = model::at(answer, path.unwrap_or(".")).and_then(Json::as_object);
    let with_key = |(key, value): (&String, &Json)| {
        let mut object = if value.is_object() { value.clone() } else { Json::Object(Model::new()) };
        model::put(&mut object, member, Json::String(key.clone()));
        object
    };
    found.into_iter().flatten().map(with_key).collect()
}

fn asked_page(paging: &Paging, page: Option<&str>, size: Option<&str>) -> Vec<String> {
    let mut pairs = Vec::new();
    let size = paging.size_param.as_deref().zip(size).map(|(name, size)| format!("{name}={}", encoded(size)));
    let param = paging.param.as_deref().unwrap_or_default();
    match (paging.kind, page) {
        (PagingKind::None, _) => {}
        // The size counts only on the first request. The token goes back as it came: encoded already.
        (PagingKind::Url, Some(token)) => pairs.push(format!("{param}={token}")),
        (PagingKind::Url, None) => pairs.extend(size),
        (PagingKind::Token, token) => {
            pairs.extend(size);
            pairs.extend(token.map(|token| format!("{param}={}", encoded(token))));
        }
        (PagingKind::Offset, offset) => {
            pairs.push(format!("{param}={}", offset.unwrap_or("0")));
            pairs.extend(size);
        }
    }
    pairs
}

fn next_page(
    definition: &Definition,
    paging: &Paging,
    answer: &Json,
    found: usize,
    page: Option<&str>,
) -> Result<Option<String>, Failure> {
    let next = paging.next.as_deref().and_then(|path| model::at(answer, path)).and_then(Json::as_str);
    let next = next.filter(|next| !next.is_empty());
    match paging.kind {
        PagingKind::None => Ok(None),
        PagingKind::Token => Ok(next.map(str::to_owned)),
        // Only the token of the URL is used: another host in it gets no request and no credential.
        PagingKind::Url => {
            let Some(next) = next else { return Ok(None) };
            let param = paging.param.as_deref().unwrap_or_default();
            let query = next.split_once('?').map_or("", |(_, query)| query);
            let query = query.split('#').next().unwrap_or_default();
            let token = query.split('&').find_map(|pair| pair.strip_prefix(param)?.strip_prefix('='));
            match token.filter(|token| !token.is_empty()) {
                Some(token) => Ok(Some(token.to_owned())),
                None => {
                    let message = format!("the next page of {} has no `{param}`", definition.ty);
                    Err(Failure::new(FailureKind::Internal, "MalformedAnswer", message))
                }
            }
        }
        PagingKind::Offset => {
            let size = paging.size.unwrap_or_default();
            let offset: u64 = page.and_then(|page| page.parse().ok()).unwrap_or_default();
            let found = u64::try_from(found).unwrap_or_default();
            Ok((found >= size && size > 0).then(|| (offset + found).to_string()))
        }
    }
}
