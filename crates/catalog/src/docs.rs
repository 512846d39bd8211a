//! Documentation of types and properties, kept apart from the schemas so that plans never pay for it.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use stack_core::pointer::Pointer;
use stack_core::schema::{Additional, Node, ResourceSchema};

/// What a schema says to people.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Documentation {
    /// Members of the schema itself: `description`, `sourceUrl`, `documentationUrl`, `resourceLink`,
    /// `typeConfiguration`, `$comment`, `title`.
    #[serde(rename = "type", default)]
    pub about: Map<String, Json>,
    /// By place in the schema (`/definitions/Tag/properties/Key`): the description, or an object of `description`,
    /// `title`, `examples` and `$comment` where there is more than the first.
    #[serde(default)]
    pub nodes: Map<String, Json>,
}

impl Documentation {
    /// What a schema as published says to people.
    pub fn of_schema(schema: &Json) -> Self {
        let mut docs = Self::default();
        for key in ["description", "documentationUrl", "sourceUrl"] {
            if let Some(text @ Json::String(_)) = schema.get(key) {
                docs.about.insert(key.to_owned(), text.clone());
            }
        }
        for key in ["properties", "definitions"] {
            if let Some(Json::Object(members)) = schema.get(key) {
                members.iter().for_each(|(name, node)| {
                    collect(node, &below(&below("", key), name), &mut docs.nodes);
                });
            }
        }
        docs
    }

    /// One sentence or more about the type.
    pub fn description(&self) -> &str {
        self.about.get("description").and_then(Json::as_str).unwrap_or_default()
    }

    /// The user guide's page, for the few types that name one.
    pub fn url(&self) -> Option<&str> {
        self.about.get("documentationUrl").and_then(Json::as_str)
    }

    /// The description of a property: at the place where it is used, else that of the definition that it refers to,
    /// else its title.
    pub fn property(&self, schema: &ResourceSchema, property: &Pointer) -> Option<&str> {
        let places = places(schema, property);
        let text = |key: &str| {
            places.iter().filter_map(|place| self.nodes.get(place)).find_map(|doc| match doc {
                Json::String(text) if key == "description" => Some(text.as_str()),
                Json::Object(doc) => doc.get(key).and_then(Json::as_str),
                _ => None,
            })
        };
        text("description").or_else(|| text("title"))
    }
}

/// The descriptions at a place in a schema and below it.
fn collect(node: &Json, place: &str, found: &mut Map<String, Json>) {
    match node {
        Json::Object(members) => {
            // A property may be called `description`; then it is no text.
            if let Some(text @ Json::String(_)) = members.get("description") {
                found.insert(place.to_owned(), text.clone());
            }
            members.iter().for_each(|(key, member)| collect(member, &below(place, key), found));
        }
        Json::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| collect(item, &below(place, &i.to_string()), found));
        }
        _ => {}
    }
}

/// One step below a place in a schema document, escaped by RFC 6901.
pub fn below(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The places in the schema document that describe a property, the nearest first.
fn places(schema: &ResourceSchema, property: &Pointer) -> Vec<String> {
    descend(schema, &schema.root, String::new(), property.segments(), 12).unwrap_or_default()
}

fn descend(
    schema: &ResourceSchema,
    node: &Node,
    place: String,
    rest: &[String],
    depth: u8,
) -> Option<Vec<String>> {
    let depth = depth.checked_sub(1)?;
    let mut chain = vec![(node, place)];
    while let Some((last, _)) = chain.last()
        && let Some(name) = last.reference.as_deref().and_then(|r| r.strip_prefix("#/definitions/"))
        && let Some(target) = schema.definitions.get(name)
        && chain.len() < 16
    {
        chain.push((target, below("/definitions", name)));
    }
    let Some((segment, rest)) = rest.split_first() else {
        return Some(chain.into_iter().map(|(_, place)| place).collect());
    };
    chain.iter().find_map(|(node, place)| {
        let go = |child: &Node, at: String, depth| descend(schema, child, at, rest, depth);
        if let Some(child) = node.properties.get(segment) {
            return go(child, below(&below(place, "properties"), segment), 12);
        }
        if let Some(items) = node.items.as_deref()
            && segment.bytes().all(|b| b.is_ascii_digit() || b == b'*')
        {
            return go(items, below(place, "items"), 12);
        }
        let branches = [("oneOf", &node.one_of), ("anyOf", &node.any_of), ("allOf", &node.all_of)];
        let all: Vec<String> = std::iter::once(segment).chain(rest).cloned().collect();
        let in_branch = branches.into_iter().find_map(|(key, nodes)| {
            nodes.iter().enumerate().find_map(|(i, branch)| {
                descend(schema, branch, below(&below(place, key), &i.to_string()), &all, depth)
            })
        });
        if in_branch.is_some() {
            return in_branch;
        }
        if let Some((pattern, child)) = node.pattern_properties.first() {
            return go(child, below(&below(place, "patternProperties"), pattern), 12);
        }
        match &node.additional_properties {
            Some(Additional::Schema(child)) => go(child, below(place, "additionalProperties"), 12),
            _ => None,
        }
    })
}
