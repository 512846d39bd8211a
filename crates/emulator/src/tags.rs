//! The tags of a resource model, in whatever form its type keeps them (cloud-control 3.6).

use crate::arn::kebab;
use crate::model::{expand, scalar};
use serde_json::{Map, Value as Json, json};
use stack_core::pointer::{PropertyPath, Step};
use stack_core::schema::{ResourceSchema, TagForm};

/// A tag.
pub(crate) type Tag = (String, String);

/// The path of the property that holds tags; `None` for types that cannot be tagged.
pub(crate) fn place(schema: &ResourceSchema) -> Option<PropertyPath> {
    match &schema.tagging {
        Some(tagging) => tagging.taggable.then(|| tagging.tag_property.clone()),
        None => (schema.taggable == Some(true)).then(|| PropertyPath::parse("/properties/Tags")),
    }
}

/// The tags of a model; `None` for types that cannot be tagged.
pub(crate) fn of(schema: &ResourceSchema, model: &Json) -> Option<Vec<Tag>> {
    let path = place(schema)?;
    let mut tags = Vec::new();
    for pointer in expand(&path, model) {
        // A specification may tag other resources that the call makes: only the resource's own counts.
        let holder = pointer.parent().and_then(|parent| parent.get(model));
        let kind = holder.and_then(|holder| holder.get("ResourceType")).and_then(Json::as_str);
        if path.0.contains(&Step::Any) && kind.is_some_and(|kind| kind != own_kind(schema)) {
            continue;
        }
        match pointer.get(model) {
            Some(Json::Array(items)) => tags.extend(items.iter().filter_map(|item| {
                let key = item.get("Key").and_then(Json::as_str)?;
                Some((key.to_owned(), item.get("Value").and_then(scalar).unwrap_or_default()))
            })),
            Some(Json::Object(map)) => {
                tags.extend(map.iter().map(|(key, v)| (key.clone(), scalar(v).unwrap_or_default())));
            }
            _ => {}
        }
    }
    Some(tags)
}

fn own_kind(schema: &ResourceSchema) -> String {
    kebab(schema.type_name.as_str().rsplit("::").next().unwrap_or_default())
}

/// True for keys that only AWS may use.
pub(crate) fn is_system(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

/// Puts tags into a model unless their keys are there. Types that keep their tags at a nested path are left alone.
pub(crate) fn put(schema: &ResourceSchema, model: &mut Json, tags: &[Tag]) {
    let Some((property, form)) = schema.tag_property() else { return };
    if tags.is_empty() {
        return;
    }
    let held: Vec<String> = of(schema, model).unwrap_or_default().into_iter().map(|(key, _)| key).collect();
    let Some(map) = model.as_object_mut() else { return };
    let empty = match form {
        TagForm::KeyValueList => Json::Array(Vec::new()),
        TagForm::Map => Json::Object(Map::new()),
    };
    let slot = map.entry(property.to_owned()).or_insert(empty);
    for (key, value) in tags.iter().filter(|(key, _)| !held.contains(key)) {
        match slot {
            Json::Array(items) => {
                let mut tag = json!({ "Key": key, "Value": value });
                for (name, neutral) in schema.tag_extras() {
                    tag[name] = neutral;
                }
                items.push(tag);
            }
            Json::Object(map) => {
                map.insert(key.clone(), Json::from(value.as_str()));
            }
            _ => {}
        }
    }
}

/// The system tags of a model.
pub(crate) fn system(schema: &ResourceSchema, model: &Json) -> Vec<Tag> {
    of(schema, model).unwrap_or_default().into_iter().filter(|(key, _)| is_system(key)).collect()
}
