//! Between the flat model and what the service sends and takes (docs/design/0010).

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use stack_catalog::rest::form::{Property, Resource};
use stack_catalog::rest::{Definition, Template};
use stack_core::conform::is_mask;
use stack_core::schema::JsonType;
use stack_core::value::Value;

/// What stands here for a secret that is not shown.
const MASK: &str = "****";

/// A flat model: property → value.
pub(super) type Model = Map<String, Json>;

/// The value at a dotted path; `.` and the empty path are the value itself.
pub(super) fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(json, |json, name| json.get(name))
}

/// Puts a value at a dotted path. Objects on the way are made.
pub(super) fn put(json: &mut Json, path: &str, value: Json) {
    let mut node = json;
    for name in path.split('.') {
        if !node.is_object() {
            *node = Json::Object(Map::new());
        }
        let Json::Object(members) = node else { return };
        node = members.entry(name.to_owned()).or_insert(Json::Null);
    }
    *node = value;
}

/// A value as one text, for paths and queries. A reference object counts as its id.
pub(super) fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Object(members) => members.get("id").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    }
}

/// Where a mask stands in a value: the names on the way.
pub(super) fn mask_in(value: &Json) -> Option<String> {
    match value {
        _ if is_mask(value) => Some(String::new()),
        Json::Object(members) => members.iter().find_map(|(name, member)| {
            mask_in(member).map(|rest| if rest.is_empty() { name.clone() } else { format!("{name}.{rest}") })
        }),
        Json::Array(items) => items.iter().find_map(mask_in),
        _ => None,
    }
}

/// Where a property stands in bodies.
pub(super) fn sent_at<'p>(name: &'p str, property: &'p Property) -> &'p str {
    property.at.as_deref().unwrap_or(name)
}

/// Where a property stands in answers.
pub(super) fn read_at<'p>(name: &'p str, property: &'p Property) -> &'p str {
    property.read_at.as_deref().unwrap_or_else(|| sent_at(name, property))
}

/// A value as the service takes it. Read-only members are left out.
pub(super) fn sent(property: &Property, value: &Json) -> Json {
    match value {
        Json::String(id) if property.reference => {
            let mut object = Model::from_iter([("id".to_owned(), Json::String(id.clone()))]);
            if let Some((_, more)) = property.adds.iter().find(|(start, _)| id.starts_with(start.as_str())) {
                object.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            Json::Object(object)
        }
        Json::Object(_) | Json::Array(_) if property.document => Json::String(value.to_string()),
        Json::Object(members) if property.pairs => pairs(members),
        Json::Object(members) if property.text && property.properties.is_empty() => {
            let text = |(name, value): (&String, &Json)| (name.clone(), texted(value));
            Json::Object(members.iter().map(text).collect())
        }
        Json::Object(members) if !property.properties.is_empty() => {
            let mut out = Json::Object(Map::new());
            for (name, member) in members {
                match property.properties.get(name) {
                    Some(known) if known.read_only => {}
                    Some(known) => put(&mut out, sent_at(name, known), sent(known, member)),
                    None => put(&mut out, name, member.clone()),
                }
            }
            out
        }
        Json::Array(items) => match &property.items {
            Some(item) => items.iter().map(|value| sent(item, value)).collect(),
            None => value.clone(),
        },
        // Statements of SQL hand documents over as text.
        Json::String(text) if matches!(property.ty, Some(JsonType::Object | JsonType::Array)) => {
            match serde_json::from_str::<Json>(text) {
                Ok(document) if document.is_object() || document.is_array() => sent(property, &document),
                _ => value.clone(),
            }
        }
        Json::Number(_) | Json::Bool(_) if property.text || property.ty == Some(JsonType::String) => {
            scalar(value).map_or(Json::Null, Json::String)
        }
        Json::String(text) if !property.text => match property.ty {
            Some(JsonType::Integer | JsonType::Number) => {
                text.parse::<serde_json::Number>().map_or_else(|_| value.clone(), Json::Number)
            }
            Some(JsonType::Boolean) => text.parse::<bool>().map_or_else(|_| value.clone(), Json::Bool),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// A value as a text; what is no scalar goes as its JSON.
fn texted(value: &Json) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::Object(_) | Json::Array(_) => Json::String(value.to_string()),
        value => scalar(value).map_or(Json::Null, Json::String),
    }
}

/// A map as the list of names and values that Kafka takes: all values are texts.
pub(super) fn pairs(members: &Map<String, Json>) -> Json {
    let one = |(name, value): (&String, &Json)| {
        let value = scalar(value).map_or(Json::Null, Json::String);
        serde_json::json!({ "name": name, "value": value })
    };
    members.iter().map(one).collect()
}

/// A value as the model has it.
pub(super) fn shown(property: &Property, value: &Json) -> Json {
    match value {
        Json::Object(members) if property.reference => match members.get("id") {
            Some(Json::String(id)) => Json::String(known_id(property, id).to_owned()),
            id => id.cloned().unwrap_or(Json::Null),
        },
        Json::Array(items) if property.pairs => {
            let one = |item: &Json| {
                let name = item.get("name")?.as_str()?.to_owned();
                let value =
                    if is_hidden(item) { Json::String(MASK.to_owned()) } else { item.get("value")?.clone() };
                Some((name, value))
            };
            let members = items
                .iter()
                .filter_map(one)
                .filter(|(name, value)| !value.is_null() && !is_noise(property, name));
            Json::Object(members.collect())
        }
        Json::Object(members) if !property.properties.is_empty() => {
            let mut out = Map::new();
            for (name, known) in &property.properties {
                if let Some(member) = at(value, read_at(name, known)).filter(|member| !member.is_null()) {
                    out.insert(name.clone(), shown(known, member));
                }
            }
            // What the definition does not know stays, so that a PUT carries it along (confluent.md section 3).
            let known: Vec<&str> = property.properties.iter().map(|(name, p)| read_at(name, p)).collect();
            for (name, member) in members {
                if !known.iter().any(|path| path.split('.').next() == Some(name)) {
                    out.entry(name.clone()).or_insert_with(|| member.clone());
                }
            }
            Json::Object(out)
        }
        Json::Object(members) if !property.noise.is_empty() => {
            let kept = members.iter().filter(|(name, _)| !is_noise(property, name));
            Json::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Json::Array(items) => match &property.items {
            Some(item) => items.iter().map(|value| shown(item, value)).collect(),
            None => value.clone(),
        },
        Json::String(text) => {
            if let Some((written, _)) = property.read_as.iter().find(|(_, read)| *read == text) {
                return Json::String(written.clone());
            }
            match property.ty {
                _ if property.decoded => {
                    let plain = percent_encoding::percent_decode_str(text).decode_utf8();
                    plain.map_or_else(|_| value.clone(), |plain| Json::String(plain.into_owned()))
                }
                Some(JsonType::Integer | JsonType::Number) => {
                    text.parse::<serde_json::Number>().map_or_else(|_| value.clone(), Json::Number)
                }
                _ => value.clone(),
            }
        }
        _ => value.clone(),
    }
}

/// True for a pair whose value is a secret. Some show asterisks for it, others nothing (confluent.md section 12).
fn is_hidden(pair: &Json) -> bool {
    pair.get("is_sensitive").and_then(Json::as_bool) == Some(true)
}

/// An id in the form in which it is sent: a region may be shown with its environment in front (confluent.md section 2).
fn known_id<'i>(property: &Property, id: &'i str) -> &'i str {
    let is_known = |id: &str| property.adds.keys().any(|start| id.starts_with(start.as_str()));
    match id.split_once('.') {
        Some((_, rest)) if !is_known(id) && is_known(rest) => rest,
        _ => id,
    }
}

fn is_noise(property: &Property, name: &str) -> bool {
    property.noise.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    })
}

/// Takes out of an object, as the service sends it, what its secret properties have; with `deep` also what those inside
/// of other properties have.
fn take_out(properties: &IndexMap<String, Property>, json: &mut Json, deep: bool) {
    for (name, property) in properties.iter().filter(|(_, property)| !property.raw) {
        for path in [read_at(name, property), sent_at(name, property)] {
            if property.secret || property.once {
                remove(json, path);
            } else if deep && let Some(value) = at_mut(json, path) {
                hide_members(property, value);
            }
        }
    }
}

/// Takes the secrets out of the value of a property that is none as a whole.
fn hide_members(property: &Property, value: &mut Json) {
    match value {
        Json::Array(items) if property.pairs => {
            for item in items.iter_mut().filter(|item| is_hidden(item)) {
                put(item, "value", Json::String(MASK.to_owned()));
            }
        }
        Json::Array(items) => match property.items.as_deref() {
            Some(item) if item.secret || item.once => items.clear(),
            Some(item) => items.iter_mut().for_each(|value| hide_members(item, value)),
            None => {}
        },
        Json::Object(_) if !property.properties.is_empty() => take_out(&property.properties, value, true),
        _ => {}
    }
}

/// The value at a dotted path, to be changed.
fn at_mut<'j>(json: &'j mut Json, path: &str) -> Option<&'j mut Json> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(json, |json, name| json.get_mut(name))
}

/// Removes what stands at a dotted path.
fn remove(json: &mut Json, path: &str) {
    let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
    if let Some(Json::Object(members)) = at_mut(json, outer) {
        members.shift_remove(name);
    }
}

/// The flat model of an answer. What the answer does not show (parts of the path) comes from `given`.
pub(super) fn model(resource: &Resource, answer: &Json, given: &Model) -> Model {
    let mut out = Model::new();
    let without = |deep: bool| {
        let mut open = answer.clone();
        take_out(&resource.properties, &mut open, deep);
        open
    };
    let is_secret = |property: &Property| property.secret || property.once;
    let open = resource.properties.values().any(is_secret).then(|| without(false));
    let nesting = resource.properties.values().any(|property| property.raw).then(|| without(true));
    for (name, property) in &resource.properties {
        // A secret is known as one by its own property: no other may show it (confluent.md section 12).
        let answer = match property {
            property if property.raw => nesting.as_ref().unwrap_or(answer),
            property if is_secret(property) => answer,
            _ => open.as_ref().unwrap_or(answer),
        };
        let value = at(answer, read_at(name, property)).filter(|value| !value.is_null());
        // An endpoint that is not there yet is an empty text (Confluent trap 35).
        let value = value.filter(|value| !(property.read_only && value.as_str() == Some("")));
        let value = value.filter(|value| property.none.is_none() || scalar(value) != property.none);
        match value {
            Some(_) if property.write_only => {}
            Some(value) => {
                out.insert(name.clone(), shown(property, value));
            }
            None => {
                // What stands in the path is not repeated in the answer.
                let is_of_path = resource.identity.contains(name)
                    || (property.in_body == Some(false) && !property.write_only);
                let value = given.get(name).filter(|value| value.as_str() != Some(""));
                if is_of_path && let Some(value) = value {
                    out.insert(name.clone(), reference_id(property, value));
                }
            }
        }
    }
    out
}

/// Fills in what a whole answer means by what it leaves out.
pub(super) fn fill_omitted(resource: &Resource, model: &mut Model) {
    for (name, property) in &resource.properties {
        if let Some(value) = &property.omitted {
            model.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn reference_id(property: &Property, value: &Json) -> Json {
    if property.reference { shown(property, value) } else { value.clone() }
}

/// Declared properties in the flat form, whatever form they were given in ([`Definition::normal`]).
pub(super) fn flat(definition: &Definition, props: &Json) -> Model {
    match definition.normal(Value::from(props)).exposed() {
        Some(Json::Object(members)) => members,
        _ => Model::new(),
    }
}

/// The body of a create or a whole PUT: constants, and all settable properties that have a value.
pub(super) fn whole(resource: &Resource, model: &Model, without: &[String]) -> Json {
    let mut body = Json::Object(Map::new());
    for (name, property) in &resource.properties {
        if property.read_only || property.in_body == Some(false) || without.contains(name) {
            continue;
        }
        if let Some(value) = model.get(name).filter(|value| !value.is_null()) {
            put(&mut body, sent_at(name, property), sent(property, value));
        }
    }
    // After the properties: some stand inside of one.
    for (path, value) in &resource.constants {
        if let Some(value) = constant(value, model) {
            put(&mut body, path, value);
        }
    }
    body
}

/// A constant, its variables filled; `None` where one has no value.
pub(super) fn constant(value: &Json, model: &Model) -> Option<Json> {
    match value {
        Json::String(text) => {
            let template = Template::parse(text).ok()?;
            template.fill(|name| model.get(name).and_then(scalar), str::to_owned).ok().map(Json::String)
        }
        Json::Array(items) => items.iter().map(|item| constant(item, model)).collect(),
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| Some((name.clone(), constant(value, model)?));
            members.iter().map(member).collect::<Option<Model>>().map(Json::Object)
        }
        other => Some(other.clone()),
    }
}

/// A body put into a member; `[]` puts it in an array.
pub(super) fn wrapped(wrap: Option<&str>, body: Json) -> Json {
    match wrap {
        None => body,
        Some("[]") => Json::Array(vec![body]),
        Some(path) => {
            let mut out = Json::Object(Model::new());
            put(&mut out, path, body);
            out
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
