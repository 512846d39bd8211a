//! Tags and business metadata of the catalog, and what they are bound to (confluent.md sections 7, 9, 13). Arrays in,
//! arrays out; each item may carry an error of its own. Everything is found only once it is indexed (trap 43).

use super::super::errors::Problem;
use super::super::history::Happened;
use super::super::routes::Row;
use super::super::state::Object;
use super::super::wire::Answer;
use super::super::{Confluent, Turn, paths};
use super::registry::registry;
use super::schemas;
use crate::time::iso;
use serde_json::{Value as Json, json};

pub(crate) const ROWS: &[Row] = &[
    Row("GET", "/catalog/v1/types/tagdefs", "tag", "list", &[], |s, t| list(s, t, &TAG)),
    Row("POST", "/catalog/v1/types/tagdefs", "tag", "create", &[], |s, t| define(s, t, &TAG)),
    Row("PUT", "/catalog/v1/types/tagdefs", "tag", "update", &[], |s, t| redefine(s, t, &TAG)),
    Row("GET", "/catalog/v1/types/tagdefs/{name}", "tag", "read", &[], |s, t| read(s, t, &TAG)),
    Row("DELETE", "/catalog/v1/types/tagdefs/{name}", "tag", "delete", &[], |s, t| undefine(s, t, &TAG)),
    Row("POST", "/catalog/v1/entity/tags", "tag_binding", "create", &[], |s, t| bind(s, t, &TAG)),
    Row("PUT", "/catalog/v1/entity/tags", "tag_binding", "update", &[], |s, t| rebind(s, t, &TAG)),
    Row("GET", "/catalog/v1/entity/type/{type}/name/{entity}/tags", "tag_binding", "read", &[], |s, t| {
        bound(s, t, &TAG)
    }),
    Row(
        "DELETE",
        "/catalog/v1/entity/type/{type}/name/{entity}/tags/{name}",
        "tag_binding",
        "delete",
        &[],
        |s, t| unbind(s, t, &TAG),
    ),
    Row("GET", "/catalog/v1/types/businessmetadatadefs", "business_metadata", "list", &[], |s, t| {
        list(s, t, &METADATA)
    }),
    Row("POST", "/catalog/v1/types/businessmetadatadefs", "business_metadata", "create", &[], |s, t| {
        define(s, t, &METADATA)
    }),
    Row("PUT", "/catalog/v1/types/businessmetadatadefs", "business_metadata", "update", &[], |s, t| {
        redefine(s, t, &METADATA)
    }),
    Row("GET", "/catalog/v1/types/businessmetadatadefs/{name}", "business_metadata", "read", &[], |s, t| {
        read(s, t, &METADATA)
    }),
    Row(
        "DELETE",
        "/catalog/v1/types/businessmetadatadefs/{name}",
        "business_metadata",
        "delete",
        &[],
        |s, t| undefine(s, t, &METADATA),
    ),
    Row("POST", "/catalog/v1/entity/businessmetadata", "business_metadata_binding", "create", &[], |s, t| {
        bind(s, t, &METADATA)
    }),
    Row("PUT", "/catalog/v1/entity/businessmetadata", "business_metadata_binding", "update", &[], |s, t| {
        rebind(s, t, &METADATA)
    }),
    Row(
        "GET",
        "/catalog/v1/entity/type/{type}/name/{entity}/businessmetadata",
        "business_metadata_binding",
        "read",
        &[],
        |s, t| bound(s, t, &METADATA),
    ),
    Row(
        "DELETE",
        "/catalog/v1/entity/type/{type}/name/{entity}/businessmetadata/{name}",
        "business_metadata_binding",
        "delete",
        &[],
        |s, t| unbind(s, t, &METADATA),
    ),
];

/// One of the two kinds of marks.
struct Family {
    category: &'static str,
    definition: &'static str,
    binding: &'static str,
}

const TAG: Family = Family { category: "CLASSIFICATION", definition: "tag", binding: "tag_binding" };
const METADATA: Family = Family {
    category: "BUSINESS_METADATA",
    definition: "business_metadata",
    binding: "business_metadata_binding",
};

fn absent(what: &str) -> Problem {
    Problem::numbered(404, format!("{what} not found"))
}

/// The error of one item.
fn refused(mut item: Json, code: u16, message: String) -> Json {
    paths::set(&mut item, "error", json!({ "error_code": code, "message": message }));
    item
}

fn items(turn: &Turn) -> Result<Vec<Json>, Problem> {
    match serde_json::from_slice(&turn.body) {
        Ok(Json::Array(items)) if !items.is_empty() => Ok(items),
        _ => Err(Problem::numbered(400, "the request body must be an array")),
    }
}

fn text(item: &Json, name: &str) -> String {
    item.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn object(service: &Confluent, turn: &Turn, id: String, body: Json, within: Vec<String>) -> Object {
    let registry = registry(turn);
    let environment =
        service.state.get("schema_registry_cluster", &registry).and_then(|r| r.environment.clone());
    let now_ms = turn.now_ms;
    let indexed = now_ms + service.config.timing.catalog_ms;
    let mut within = within;
    within.push(format!("schema_registry_cluster/{registry}"));
    Object {
        id,
        environment,
        within,
        body,
        created_at: now_ms,
        updated_at: now_ms,
        visible_at: indexed,
        listed_at: indexed,
        ..Object::default()
    }
}

fn list(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let owner = format!("schema_registry_cluster/{}", registry(turn));
    let prefix = turn.query("prefix").unwrap_or_default();
    let all = service.state.listed(family.definition).into_iter();
    let own =
        all.filter(|definition| definition.within.contains(&owner) && definition.id.starts_with(prefix));
    Ok(Answer::json(200, own.map(|definition| definition.body.clone()).collect()))
}

fn define(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let mut answers = Vec::new();
    for item in items(turn)? {
        let name = text(&item, "name");
        let key = format!("{}/{name}", registry(turn));
        if name.is_empty() {
            answers.push(refused(item, 400, "name is required".to_owned()));
        } else if service.state.get(family.definition, &key).is_some() {
            answers.push(refused(item, 409, format!("Type with name {name} already exists")));
        } else {
            let mut body = item;
            paths::set(&mut body, "category", Json::from(family.category));
            paths::set(&mut body, "createTime", Json::from(iso(turn.now_ms)));
            paths::set(&mut body, "version", Json::from(1));
            if paths::get(&body, "entityTypes").is_none() {
                paths::set(&mut body, "entityTypes", json!(["cf_entity"]));
            }
            let definition = object(service, turn, name, body.clone(), Vec::new());
            service.add(turn, family.definition, &key, definition);
            answers.push(body);
        }
    }
    Ok(Answer::json(200, Json::from(answers)))
}

/// Attributes can be added, not removed.
fn redefine(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let mut answers = Vec::new();
    for item in items(turn)? {
        let name = text(&item, "name");
        let key = format!("{}/{name}", registry(turn));
        let names = |body: &Json| -> Vec<String> {
            let list = body.get("attributeDefs").and_then(Json::as_array).into_iter().flatten();
            list.map(|attribute| text(attribute, "name")).collect()
        };
        let Some(definition) = service.state.get_mut(family.definition, &key) else {
            answers.push(refused(item, 404, format!("Type with name {name} does not exist")));
            continue;
        };
        let kept = names(&item);
        if item.get("attributeDefs").is_some()
            && names(&definition.body).iter().any(|name| !kept.contains(name))
        {
            answers.push(refused(item, 400, "attributes cannot be removed".to_owned()));
            continue;
        }
        json_patch::merge(&mut definition.body, &item);
        definition.touch(turn.now_ms);
        let definition = definition.clone();
        service.note_change(turn.now_ms, Happened::Updated, family.definition, &key, &definition);
        answers.push(definition.body);
    }
    Ok(Answer::json(200, Json::from(answers)))
}

fn read(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let name = turn.variable("name");
    let definition = service.state.get(family.definition, &format!("{}/{name}", registry(turn)));
    let definition = definition.filter(|d| d.visible_at <= turn.now_ms).ok_or_else(|| absent(name))?;
    Ok(Answer::json(200, service.shown(turn, definition, definition.body.clone())))
}

/// Bindings first.
fn undefine(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let name = turn.variable("name").to_owned();
    let key = format!("{}/{name}", registry(turn));
    service.state.get(family.definition, &key).ok_or_else(|| absent(&name))?;
    let owner = format!("{}/{key}", family.definition);
    if service.state.all(family.binding).any(|(_, binding)| binding.within.contains(&owner)) {
        return Err(Problem::numbered(409, format!("{name} is in use")));
    }
    service.state.end(family.definition, &key, turn.now_ms);
    service.sweep(turn.now_ms);
    Ok(Answer::empty(204))
}

/// Finds what an entity's qualified name stands for, as `resource/key`, once the catalog knows it.
fn entity(service: &Confluent, turn: &Turn, ty: &str, name: &str) -> Result<String, Problem> {
    let unknown = || absent(&format!("Instance {ty} with unique attribute {{qualifiedName={name}}}"));
    let parts: Vec<&str> = name.split(':').collect();
    let own = registry(turn);
    let (resource, key) = match (ty, parts.as_slice()) {
        ("kafka_topic", [registry, cluster, topic]) if *registry == own => {
            ("kafka_topic", format!("{cluster}/{topic}"))
        }
        ("kafka_topic", [cluster, topic]) => ("kafka_topic", format!("{cluster}/{topic}")),
        ("kafka_logical_cluster", [cluster]) => ("kafka_cluster", (*cluster).to_owned()),
        ("cf_environment", [environment]) => ("environment", (*environment).to_owned()),
        ("sr_schema" | "sr_record" | "sr_field", [registry, _, id, ..]) if *registry == own => {
            let front = format!("{own}/");
            let all = service.state.all("schema_subject").filter(|(key, _)| key.starts_with(&front));
            let mut with_id = all.filter(|(_, subject)| {
                schemas::versions(&subject.body).iter().any(|version| version.id.to_string() == *id)
            });
            ("schema_subject", with_id.next().map(|(key, _)| key.clone()).ok_or_else(unknown)?)
        }
        _ => return Err(unknown()),
    };
    let found = service.state.usable(resource, &key).ok_or_else(unknown)?;
    let is_indexed = found.created_at + service.config.timing.catalog_ms <= turn.now_ms;
    if is_indexed { Ok(format!("{resource}/{key}")) } else { Err(unknown()) }
}

fn binding_key(turn: &Turn, ty: &str, entity: &str, name: &str) -> String {
    format!("{}/{ty}/{entity}/{name}", registry(turn))
}

/// 404 for the whole call while an entity is unknown.
fn bind(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let items = items(turn)?;
    let mut targets = Vec::new();
    for item in &items {
        targets.push(entity(service, turn, &text(item, "entityType"), &text(item, "entityName"))?);
    }
    let mut answers = Vec::new();
    for (item, target) in items.into_iter().zip(targets) {
        let (name, ty, on) = (text(&item, "typeName"), text(&item, "entityType"), text(&item, "entityName"));
        let definition = format!("{}/{name}", registry(turn));
        let is_known =
            service.state.usable(family.definition, &definition).is_some_and(|d| d.visible_at <= turn.now_ms);
        let key = binding_key(turn, &ty, &on, &name);
        if !is_known {
            answers.push(refused(item, 404, format!("Type with name {name} does not exist")));
        } else if service.state.get(family.binding, &key).is_some() {
            answers.push(refused(item, 409, format!("{name} is already associated with {on}")));
        } else {
            let within = vec![format!("{}/{definition}", family.definition), target];
            let binding = object(service, turn, name, item.clone(), within);
            service.add(turn, family.binding, &key, binding);
            answers.push(item);
        }
    }
    Ok(Answer::json(200, Json::from(answers)))
}

fn rebind(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let mut answers = Vec::new();
    for item in items(turn)? {
        let name = text(&item, "typeName");
        let key = binding_key(turn, &text(&item, "entityType"), &text(&item, "entityName"), &name);
        match service.state.get_mut(family.binding, &key) {
            None => answers.push(refused(item, 404, format!("{name} is not associated"))),
            Some(binding) => {
                binding.body = item.clone();
                binding.touch(turn.now_ms);
                let binding = binding.clone();
                service.note_change(turn.now_ms, Happened::Updated, family.binding, &key, &binding);
                answers.push(item);
            }
        }
    }
    Ok(Answer::json(200, Json::from(answers)))
}

fn bound(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let (ty, name) = (turn.variable("type"), turn.variable("entity"));
    entity(service, turn, ty, name)?;
    let front = binding_key(turn, ty, name, "");
    let all = service.state.all(family.binding).filter(|(key, binding)| {
        key.starts_with(&front) && binding.visible_at <= turn.now_ms && binding.gone_at.is_none()
    });
    Ok(Answer::json(200, all.map(|(_, binding)| binding.body.clone()).collect()))
}

fn unbind(service: &mut Confluent, turn: &mut Turn, family: &Family) -> Result<Answer, Problem> {
    let (ty, name, mark) = (turn.variable("type"), turn.variable("entity"), turn.variable("name"));
    let key = binding_key(turn, ty, name, mark);
    service.state.get(family.binding, &key).ok_or_else(|| absent(mark))?;
    service.state.end(family.binding, &key, turn.now_ms);
    service.sweep(turn.now_ms);
    Ok(Answer::empty(204))
}
