//! The properties of a type as JSON Schema: published schemas translated, lenient where a template may stand.

use crate::schemas::CachedSchemas;
use serde_json::{Map, Value as Json, json};
use stack_catalog::docs::{Documentation, below};
use stack_catalog::{Catalog, names};
use stack_core::ids::TypeName;
use stack_core::pointer::Pointer;
use stack_core::schema::{Additional, JsonType, Node, ResourceSchema, Schemas, UnknownType};

/// Every spelling of a type's name, the published one first.
pub(super) fn names(ty: &TypeName) -> Vec<String> {
    let catalog = Catalog::embedded();
    let aws = catalog.aws_names(ty);
    std::iter::once(ty.to_string())
        .chain(catalog.awscc_name(ty))
        .chain(aws.plural)
        .chain(aws.singular)
        .collect()
}

/// The properties of a type, in both spellings of their names.
pub(super) fn schema(schemas: &CachedSchemas, ty: &TypeName) -> Result<Json, UnknownType> {
    let schema = schemas.schema(ty)?;
    let docs = schemas.documentation(ty);
    let writer = Writer { ty, schema: &schema, docs: &docs };
    let mut properties = Map::new();
    for (name, node) in &schema.root.properties {
        let at = Pointer::of([name.as_str()]);
        let mut value = writer.value(node, &below("/properties", name));
        let map = writer.marks(&at);
        if let Some(target) = value.as_object_mut() {
            target.extend(map);
            // A declared null removes a property.
            if !schema.root.required.contains(name)
                && let Some(forms) = target.get_mut("anyOf").and_then(Json::as_array_mut)
            {
                forms.push(json!({ "type": "null" }));
            }
        }
        let column = names::column_of(ty.as_str(), name);
        if column != *name {
            let place = format!("#/$defs/{ty}/properties/{}", fragment(name));
            properties.insert(column, json!({ "$ref": place }));
        }
        properties.insert(name.clone(), value);
    }
    let is_settable = |name: &&String| !schema.read_only_properties.contains(&Pointer::of([name.as_str()]));
    let required: Vec<Json> = schema
        .root
        .required
        .iter()
        .filter(is_settable)
        .map(|name| json!({ "anyOf": [{ "required": [name] }, { "required": [names::column_of(ty.as_str(), name)] }] }))
        .collect();
    let mut defs = Map::new();
    for (name, node) in &schema.definitions {
        defs.insert(name.clone(), writer.bare(node, &below("/definitions", name)));
    }
    let mut whole = json!({
        "type": "object",
        "description": docs.description(),
        "properties": properties,
        "additionalProperties": false,
    });
    if let Some(map) = whole.as_object_mut() {
        if !required.is_empty() {
            map.insert("allOf".to_owned(), Json::Array(required));
        }
        if !defs.is_empty() {
            map.insert("$defs".to_owned(), Json::Object(defs));
        }
    }
    Ok(whole)
}

struct Writer<'a> {
    ty: &'a TypeName,
    schema: &'a ResourceSchema,
    docs: &'a Documentation,
}

impl Writer<'_> {
    /// What stands at the place of a value: the value, or a template.
    fn value(&self, node: &Node, place: &str) -> Json {
        let mut value = json!({ "anyOf": [self.bare(node, place), { "$ref": "#/$defs/template" }] });
        if let (Some(map), Some(text)) = (value.as_object_mut(), self.description(place)) {
            map.insert("description".to_owned(), text);
        }
        value
    }

    fn description(&self, place: &str) -> Option<Json> {
        match self.docs.nodes.get(place)? {
            text @ Json::String(_) => Some(text.clone()),
            Json::Object(doc) => doc.get("description").cloned(),
            _ => None,
        }
    }

    fn marks(&self, at: &Pointer) -> Map<String, Json> {
        let mut marks = Map::new();
        let mut mark = |holds: bool, key: &str| {
            if holds {
                marks.insert(key.to_owned(), Json::Bool(true));
            }
        };
        mark(self.schema.read_only_properties.contains(at), "readOnly");
        mark(self.schema.write_only_properties.contains(at), "writeOnly");
        mark(self.schema.deprecated_properties.contains(at), "deprecated");
        marks
    }

    /// The node itself. Conditions (`if`, `not`) are left out and `oneOf` becomes `anyOf`: a template in one branch must
    /// not make another one true.
    fn bare(&self, node: &Node, place: &str) -> Json {
        let mut out = Map::new();
        if let Some(reference) = &node.reference {
            out.insert("$ref".to_owned(), Json::from(self.reference(reference)));
        }
        let types: Vec<Json> = node.types.iter().map(|ty| json!(ty)).collect();
        match types.as_slice() {
            [] => {}
            [one] => {
                out.insert("type".to_owned(), one.clone());
            }
            _ => {
                out.insert("type".to_owned(), Json::Array(types));
            }
        }
        let members = |nodes: &indexmap::IndexMap<String, Node>, key: &str| -> Json {
            let place = below(place, key);
            nodes
                .iter()
                .map(|(name, node)| (name.clone(), self.value(node, &below(&place, name))))
                .collect::<Map<_, _>>()
                .into()
        };
        if !node.properties.is_empty() {
            out.insert("properties".to_owned(), members(&node.properties, "properties"));
        }
        let patterns: indexmap::IndexMap<String, Node> = node
            .pattern_properties
            .iter()
            .filter(|(pattern, _)| is_portable(pattern))
            .map(|(pattern, node)| (pattern.clone(), node.clone()))
            .collect();
        if !patterns.is_empty() {
            out.insert("patternProperties".to_owned(), members(&patterns, "patternProperties"));
        }
        match &node.additional_properties {
            // Keys of a pattern that is left out must stay possible.
            Some(Additional::Allowed(false)) if patterns.len() == node.pattern_properties.len() => {
                out.insert("additionalProperties".to_owned(), Json::Bool(false));
            }
            Some(Additional::Schema(schema)) => {
                let value = self.value(schema, &below(place, "additionalProperties"));
                out.insert("additionalProperties".to_owned(), value);
            }
            _ => {}
        }
        if let Some(items) = &node.items {
            out.insert("items".to_owned(), self.value(items, &below(place, "items")));
        }
        self.limits(node, &mut out);
        for (key, branches) in [("oneOf", &node.one_of), ("anyOf", &node.any_of), ("allOf", &node.all_of)] {
            if branches.is_empty() {
                continue;
            }
            let of: Vec<Json> = branches
                .iter()
                .enumerate()
                .map(|(i, branch)| self.bare(branch, &below(&below(place, key), &i.to_string())))
                .collect();
            if key == "allOf" || (key == "anyOf" && out.contains_key("anyOf")) {
                let all = out.entry("allOf").or_insert_with(|| Json::Array(Vec::new()));
                if let Some(all) = all.as_array_mut() {
                    if key == "allOf" { all.extend(of) } else { all.push(json!({ "anyOf": of })) }
                }
            } else {
                out.insert("anyOf".to_owned(), Json::Array(of));
            }
        }
        Json::Object(out)
    }

    fn limits(&self, node: &Node, out: &mut Map<String, Json>) {
        if !node.required.is_empty() {
            out.insert("required".to_owned(), json!(node.required));
        }
        if node.unique_items {
            out.insert("uniqueItems".to_owned(), Json::Bool(true));
        }
        if !node.choices.is_empty() {
            out.insert("enum".to_owned(), Json::Array(node.choices.clone()));
        }
        if let Some(only) = &node.constant {
            out.insert("const".to_owned(), only.clone());
        }
        if let Some(default) = node.default_value.as_ref().filter(|value| !value.is_null()) {
            out.insert("default".to_owned(), default.clone());
        }
        // A pattern is about text; a value that is no text in the manifest is converted first.
        if let Some(pattern) = node.pattern.as_ref().filter(|pattern| is_portable(pattern)) {
            out.insert("pattern".to_owned(), Json::from(pattern.as_str()));
        }
        if let Some(format @ ("date-time" | "uri")) = node.format.as_deref() {
            out.insert("format".to_owned(), Json::from(format));
        }
        let counts = [
            ("minLength", node.min_length),
            ("maxLength", node.max_length),
            ("minItems", node.min_items),
            ("maxItems", node.max_items),
            ("minProperties", node.min_properties),
            ("maxProperties", node.max_properties),
        ];
        for (key, count) in counts {
            if let Some(count) = count {
                out.insert(key.to_owned(), Json::from(count));
            }
        }
        let is_number = node.types.names(JsonType::Number) || node.types.names(JsonType::Integer);
        for (key, bound) in
            [("minimum", &node.minimum), ("maximum", &node.maximum), ("multipleOf", &node.multiple_of)]
        {
            if let Some(bound) = bound.as_ref().filter(|_| is_number) {
                out.insert(key.to_owned(), Json::Number(bound.clone()));
            }
        }
    }

    fn reference(&self, reference: &str) -> String {
        let ty = self.ty;
        match reference.strip_prefix("#/definitions/") {
            Some(name) => format!("#/$defs/{ty}/$defs/{name}"),
            None => format!("#/$defs/{ty}/{}", reference.trim_start_matches("#/")),
        }
    }
}

/// A name inside the fragment of a reference (RFC 6901 section 6).
fn fragment(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1").replace('%', "%25").replace(' ', "%20")
}

/// True if the regular expression means the same to every JSON Schema validator: published ones are written for Java.
fn is_portable(pattern: &str) -> bool {
    const JAVA: [&str; 12] =
        ["(?i", "(?s", "(?x", "(?<", "\\p", "\\P", "\\A", "\\Z", "\\z", "\\h", "&&", "[[:"];
    let is_possessive = ["*+", "++", "?+", "}+"].iter().any(|mark| pattern.contains(mark));
    !is_possessive && !JAVA.iter().any(|mark| pattern.contains(mark)) && pattern.is_ascii()
}
