//! Takes a schema apart into what decisions need and what people read, without loss.

use serde_json::{Map, Value as Json};
use stack_catalog::docs::below;

/// Documentation of a node.
const NODE: [&str; 4] = ["description", "title", "examples", "$comment"];
/// Documentation of the whole schema.
const TOP: [&str; 9] = [
    "description",
    "title",
    "examples",
    "$comment",
    "$schema",
    "sourceUrl",
    "documentationUrl",
    "resourceLink",
    "typeConfiguration",
];
/// Keys whose value is a map of names to nodes.
const MAPS: [&str; 3] = ["properties", "patternProperties", "definitions"];
/// Keys whose value is a node.
const NODES: [&str; 6] = ["items", "not", "if", "then", "else", "additionalProperties"];
/// Keys whose value is a list of nodes.
const LISTS: [&str; 4] = ["oneOf", "anyOf", "allOf", "prefixItems"];

/// The schema without documentation, and the documentation: `type` about the schema, `nodes` by place.
pub(crate) fn split(schema: &Json) -> (Json, Json) {
    let mut nodes = Map::new();
    let mut about = Map::new();
    let mut rest = Map::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        if TOP.contains(&key.as_str()) {
            about.insert(key.clone(), value.clone());
        } else if key == "handlers" {
            rest.insert(key.clone(), handlers(value, &mut nodes));
        } else {
            rest.insert(key.clone(), child(key, value, "", &mut nodes));
        }
    }
    let mut docs = Map::new();
    docs.insert("type".to_owned(), Json::Object(about));
    docs.insert("nodes".to_owned(), Json::Object(nodes));
    (Json::Object(rest), Json::Object(docs))
}

fn handlers(handlers: &Json, docs: &mut Map<String, Json>) -> Json {
    let mut handlers = handlers.clone();
    for (operation, handler) in handlers.as_object_mut().into_iter().flatten() {
        if let Some(schema) = handler.get_mut("handlerSchema") {
            *schema = node(schema, &format!("/handlers/{operation}/handlerSchema"), docs);
        }
    }
    handlers
}

fn node(value: &Json, place: &str, docs: &mut Map<String, Json>) -> Json {
    let Json::Object(members) = value else { return value.clone() };
    let mut said = Map::new();
    for (key, value) in members.iter().filter(|(key, _)| NODE.contains(&key.as_str())) {
        said.insert(key.clone(), value.clone());
    }
    match (said.len(), said.get("description")) {
        (0, _) => {}
        (1, Some(Json::String(text))) => {
            docs.insert(place.to_owned(), Json::String(text.clone()));
        }
        _ => {
            docs.insert(place.to_owned(), Json::Object(said));
        }
    }
    let kept = members.iter().filter(|(key, _)| !NODE.contains(&key.as_str()));
    Json::Object(kept.map(|(key, value)| (key.clone(), child(key, value, place, docs))).collect())
}

fn child(key: &str, value: &Json, place: &str, docs: &mut Map<String, Json>) -> Json {
    let at = below(place, key);
    match value {
        Json::Object(named) if MAPS.contains(&key) => Json::Object(
            named.iter().map(|(name, value)| (name.clone(), node(value, &below(&at, name), docs))).collect(),
        ),
        Json::Array(list) if LISTS.contains(&key) => Json::Array(
            list.iter()
                .enumerate()
                .map(|(i, value)| node(value, &below(&at, &i.to_string()), docs))
                .collect(),
        ),
        _ if NODES.contains(&key) => node(value, &at, docs),
        _ => value.clone(),
    }
}

/// The schema that [`split`] was given.
pub(crate) fn join(schema: &Json, docs: &Json) -> Json {
    let mut whole = schema.clone();
    let mut add = |place: &str, members: &Map<String, Json>| {
        if let Some(Json::Object(node)) = whole.pointer_mut(place) {
            node.extend(members.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    };
    for (place, said) in docs["nodes"].as_object().into_iter().flatten() {
        match said {
            Json::Object(members) => add(place, members),
            text => add(place, &Map::from_iter([("description".to_owned(), text.clone())])),
        }
    }
    if let Some(about) = docs["type"].as_object() {
        add("", about);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Json {
        json!({
            "typeName": "AWS::X::Y", "description": "Y.", "sourceUrl": "u",
            "properties": {
                "description": {"type": "string", "description": "the property of this name"},
                "Tags/All": {"type": "array", "items": {"$ref": "#/definitions/Tag", "title": "one tag"}}
            },
            "definitions": {"Tag": {"properties": {"title": {"enum": ["description"]}}, "description": "a tag"}},
            "handlers": {"list": {"handlerSchema": {"properties": {"A": {"description": "filter"}}}}}
        })
    }

    #[test]
    fn properties_that_are_named_like_keywords_stay_properties() {
        let (kept, docs) = split(&schema());
        assert_eq!(
            kept["properties"],
            json!({"description": {"type": "string"}, "Tags/All": {"type": "array", "items": {"$ref": "#/definitions/Tag"}}})
        );
        assert_eq!(kept["definitions"], json!({"Tag": {"properties": {"title": {"enum": ["description"]}}}}));
        assert_eq!(
            docs["nodes"],
            json!({
                "/properties/description": "the property of this name",
                "/properties/Tags~1All/items": {"title": "one tag"},
                "/definitions/Tag": "a tag",
                "/handlers/list/handlerSchema/properties/A": "filter"
            })
        );
        assert_eq!(docs["type"], json!({"description": "Y.", "sourceUrl": "u"}));
    }

    #[test]
    fn both_parts_together_are_the_whole() {
        let (kept, docs) = split(&schema());
        assert_eq!(join(&kept, &docs), schema());
    }
}
