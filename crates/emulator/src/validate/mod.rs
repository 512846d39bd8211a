//! Schema validation with the messages of the service (cloud-control 1.7).
//!
//! The wording is that of the Java validator behind it: `#/Tags: expected minimum item count: 1, found: 0`. Messages
//! that would show a value are scrubbed to `failed validation constraint for keyword [pattern]`.

mod extras;
mod format;

pub(crate) use extras::service_rules;

use crate::model::canonical;
use crate::pattern::Pattern;
use serde_json::Value as Json;
use stack_core::schema::{Additional, JsonType, Node, ResourceSchema};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Expressions, compiled once.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: HashMap<String, Option<Pattern>>,
}

impl Patterns {
    /// The compiled expression; `None` if it cannot be compiled, in which case it is not checked.
    pub(crate) fn get(&mut self, text: &str) -> Option<&Pattern> {
        if !self.compiled.contains_key(text) {
            self.compiled.insert(text.to_owned(), Pattern::compile(text).ok());
        }
        self.compiled.get(text).and_then(Option::as_ref)
    }

    /// True if the text fits, or the expression is not supported.
    pub(crate) fn fits(&mut self, pattern: &str, text: &str) -> bool {
        self.get(pattern).is_none_or(|compiled| compiled.is_match(text))
    }

    /// The expressions met so far that are not checked.
    pub(crate) fn skipped(&self) -> BTreeSet<&str> {
        self.compiled.iter().filter(|(_, c)| c.is_none()).map(|(text, _)| text.as_str()).collect()
    }
}

/// One way in which a model breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// `#/Tags/0`.
    pub(crate) place: String,
    /// `required key [Key] not found`.
    pub(crate) message: String,
    /// `#/properties/Tags/items`.
    schema_place: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The message of a failed model validation: one violation in brackets, several one per line.
pub(crate) fn model_message(violations: &[Violation]) -> String {
    match violations {
        [one] => format!("Model validation failed ({one})"),
        many => {
            let mut text = format!("Model validation failed (#: {} schema violations found)", many.len());
            for violation in many {
                text.push_str(&format!("\n{violation} ({})", violation.schema_place));
            }
            text
        }
    }
}

/// Checks a model against the schema's root.
pub(crate) fn check(schema: &ResourceSchema, model: &Json, patterns: &mut Patterns) -> Vec<Violation> {
    check_node(schema, &schema.root, model, patterns)
}

/// Checks a value against a node of the schema, such as the input of a list handler.
pub(crate) fn check_node(
    schema: &ResourceSchema,
    node: &Node,
    value: &Json,
    patterns: &mut Patterns,
) -> Vec<Violation> {
    let mut checker = Checker { schema, patterns, found: Vec::new(), depth: 0 };
    checker.visit(node, value, "#", "#");
    checker.found
}

struct Checker<'s> {
    schema: &'s ResourceSchema,
    patterns: &'s mut Patterns,
    found: Vec<Violation>,
    depth: usize,
}

/// The node behind references, `#/properties/Name` included.
pub(crate) fn follow<'s>(schema: &'s ResourceSchema, node: &'s Node) -> &'s Node {
    let node = schema.follow(node);
    match node.reference.as_deref().and_then(|r| r.split_once("#/properties/")) {
        Some((_, name)) => schema.root.properties.get(name).map_or(node, |found| schema.follow(found)),
        None => node,
    }
}

impl Checker<'_> {
    fn report(&mut self, place: &str, schema_place: &str, message: impl Into<String>) {
        self.found.push(Violation {
            place: place.to_owned(),
            message: message.into(),
            schema_place: schema_place.to_owned(),
        });
    }

    fn scrubbed(&mut self, place: &str, schema_place: &str, keyword: &str) {
        self.report(place, schema_place, format!("failed validation constraint for keyword [{keyword}]"));
    }

    fn visit(&mut self, node: &Node, value: &Json, place: &str, schema_place: &str) {
        // Schemas may refer to themselves without any value between.
        if self.depth > 160 {
            return;
        }
        self.depth += 1;
        let target = follow(self.schema, node);
        let schema_place = node.reference.as_deref().unwrap_or(schema_place);
        if self.types(target, value, place, schema_place) {
            match value {
                Json::Object(map) => self.object(target, map, place, schema_place),
                Json::Array(items) => self.array(target, items, place, schema_place),
                Json::String(text) => self.string(target, text, place, schema_place),
                Json::Number(number) => self.number(target, number, place, schema_place),
                Json::Bool(_) | Json::Null => {}
            }
            if !target.choices.is_empty() && !target.choices.contains(value) {
                self.scrubbed(place, schema_place, "enum");
            }
            if target.constant.as_ref().is_some_and(|constant| constant != value) {
                self.scrubbed(place, schema_place, "const");
            }
            self.combined(target, value, place, schema_place);
        }
        self.depth -= 1;
    }

    fn types(&mut self, node: &Node, value: &Json, place: &str, schema_place: &str) -> bool {
        if node.types.is_empty() || node.types.iter().any(|ty| is_type(ty, value)) {
            return true;
        }
        let message = match node.types.single() {
            Some(ty) => format!("expected type: {}, found: {}", expected(ty), found(value)),
            None => format!("no subschema matched out of the total {} subschemas", node.types.iter().count()),
        };
        self.report(place, schema_place, message);
        false
    }

    fn object(&mut self, node: &Node, map: &serde_json::Map<String, Json>, place: &str, schema_place: &str) {
        for key in node.required.iter().filter(|key| !map.contains_key(*key)) {
            self.report(place, schema_place, format!("required key [{key}] not found"));
        }
        for (key, value) in map {
            let inner = format!("{place}/{}", escaped(key));
            let mut known = false;
            if let Some(member) = node.properties.get(key) {
                known = true;
                self.visit(member, value, &inner, &format!("{schema_place}/properties/{}", escaped(key)));
            }
            for (pattern, member) in &node.pattern_properties {
                if self.patterns.fits(pattern, key) {
                    known = true;
                    let below = format!("{schema_place}/patternProperties/{}", escaped(pattern));
                    self.visit(member, value, &inner, &below);
                }
            }
            match &node.additional_properties {
                _ if known => {}
                Some(Additional::Allowed(false)) => {
                    self.report(place, schema_place, format!("extraneous key [{key}] is not permitted"));
                }
                Some(Additional::Schema(member)) => {
                    self.visit(member, value, &inner, &format!("{schema_place}/additionalProperties"));
                }
                Some(Additional::Allowed(true)) | None => {}
            }
        }
        let size = map.len() as u64;
        if let Some(min) = node.min_properties.filter(|min| size < *min) {
            self.report(place, schema_place, format!("minimum size: [{min}], found: [{size}]"));
        }
        if let Some(max) = node.max_properties.filter(|max| size > *max) {
            self.report(place, schema_place, format!("maximum size: [{max}], found: [{size}]"));
        }
        for (key, needed) in &node.dependencies {
            if !map.contains_key(key) {
                continue;
            }
            for name in needed.as_array().into_iter().flatten().filter_map(Json::as_str) {
                if !map.contains_key(name) {
                    self.report(place, schema_place, format!("property [{name}] is required"));
                }
            }
            if needed.is_object()
                && let Ok(dependency) = serde_json::from_value::<Node>(needed.clone())
            {
                self.visit(&dependency, &Json::Object(map.clone()), place, schema_place);
            }
        }
    }

    fn array(&mut self, node: &Node, items: &[Json], place: &str, schema_place: &str) {
        let count = items.len() as u64;
        if let Some(min) = node.min_items.filter(|min| count < *min) {
            self.report(place, schema_place, format!("expected minimum item count: {min}, found: {count}"));
        }
        if let Some(max) = node.max_items.filter(|max| count > *max) {
            self.report(place, schema_place, format!("expected maximum item count: {max}, found: {count}"));
        }
        if node.unique_items {
            let mut seen = HashSet::new();
            if items.iter().any(|item| !seen.insert(canonical(item))) {
                self.report(place, schema_place, "array items are not unique");
            }
        }
        if let Some(element) = &node.items {
            let below = format!("{schema_place}/items");
            for (i, item) in items.iter().enumerate() {
                self.visit(element, item, &format!("{place}/{i}"), &below);
            }
        }
    }

    fn string(&mut self, node: &Node, text: &str, place: &str, schema_place: &str) {
        let length = text.chars().count() as u64;
        if let Some(min) = node.min_length.filter(|min| length < *min) {
            self.report(place, schema_place, format!("expected minLength: {min}, actual: {length}"));
        }
        if let Some(max) = node.max_length.filter(|max| length > *max) {
            self.report(place, schema_place, format!("expected maxLength: {max}, actual: {length}"));
        }
        if node.pattern.as_deref().is_some_and(|pattern| !self.patterns.fits(pattern, text)) {
            self.scrubbed(place, schema_place, "pattern");
        }
        if node.format.as_deref().is_some_and(|name| !format::fits(name, text)) {
            self.scrubbed(place, schema_place, "format");
        }
    }

    fn number(&mut self, node: &Node, number: &serde_json::Number, place: &str, schema_place: &str) {
        let Some(value) = number.as_f64() else { return };
        let bound = |limit: &Option<serde_json::Number>| limit.as_ref().and_then(serde_json::Number::as_f64);
        let open_bound = |limit: &Option<Json>| limit.as_ref().and_then(Json::as_f64);
        if bound(&node.minimum).is_some_and(|min| value < min) {
            self.scrubbed(place, schema_place, "minimum");
        }
        if bound(&node.maximum).is_some_and(|max| value > max) {
            self.scrubbed(place, schema_place, "maximum");
        }
        if open_bound(&node.exclusive_minimum).is_some_and(|min| value <= min) {
            self.scrubbed(place, schema_place, "exclusiveMinimum");
        }
        if open_bound(&node.exclusive_maximum).is_some_and(|max| value >= max) {
            self.scrubbed(place, schema_place, "exclusiveMaximum");
        }
        if bound(&node.multiple_of).is_some_and(|step| step > 0.0 && (value / step).fract().abs() > 1e-9) {
            self.scrubbed(place, schema_place, "multipleOf");
        }
    }

    fn combined(&mut self, node: &Node, value: &Json, place: &str, schema_place: &str) {
        if !node.one_of.is_empty() {
            let matched = self.matching(&node.one_of, value);
            if matched != 1 {
                self.report(place, schema_place, format!("{matched} subschemas matched instead of one"));
            }
        }
        if !node.any_of.is_empty() && self.matching(&node.any_of, value) == 0 {
            let total = node.any_of.len();
            self.report(
                place,
                schema_place,
                format!("no subschema matched out of the total {total} subschemas"),
            );
        }
        if !node.all_of.is_empty() {
            let (matched, total) = (self.matching(&node.all_of, value), node.all_of.len());
            if matched != total {
                self.report(place, schema_place, format!("only {matched} subschema matches out of {total}"));
            }
        }
        if let Some(not) = &node.not
            && self.matching(std::slice::from_ref(not), value) == 1
        {
            self.scrubbed(place, schema_place, "not");
        }
    }

    fn matching(&mut self, branches: &[Node], value: &Json) -> usize {
        let before = std::mem::take(&mut self.found);
        let mut matched = 0;
        for branch in branches {
            self.visit(branch, value, "#", "#");
            matched += usize::from(self.found.is_empty());
            self.found.clear();
        }
        self.found = before;
        matched
    }
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn is_type(ty: JsonType, value: &Json) -> bool {
    match ty {
        JsonType::Object => value.is_object(),
        JsonType::Array => value.is_array(),
        JsonType::String => value.is_string(),
        JsonType::Integer => value.is_i64() || value.is_u64(),
        JsonType::Number => value.is_number(),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Null => value.is_null(),
    }
}

fn expected(ty: JsonType) -> &'static str {
    match ty {
        JsonType::Object => "JSONObject",
        JsonType::Array => "JSONArray",
        JsonType::String => "String",
        JsonType::Integer => "Integer",
        JsonType::Number => "Number",
        JsonType::Boolean => "Boolean",
        JsonType::Null => "Null",
    }
}

fn found(value: &Json) -> &'static str {
    match value {
        Json::Object(_) => "JSONObject",
        Json::Array(_) => "JSONArray",
        Json::String(_) => "String",
        Json::Number(number) if number.is_f64() => "BigDecimal",
        Json::Number(_) => "Integer",
        Json::Bool(_) => "Boolean",
        Json::Null => "Null",
    }
}

#[cfg(test)]
mod tests;
