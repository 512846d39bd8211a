//! The property tree of a type. A definition that is used in several places is unfolded where it is met first; the
//! others point there, so that the tree is as long as the schema, not longer.

use serde::Serialize;
use serde_json::Value as Json;
use stack_catalog::docs::Documentation;
use stack_core::overlay::TextForm;
use stack_core::pointer::{PathSet, Pointer};
use stack_core::schema::{Additional, JsonType, Node, ResourceSchema};
use std::collections::HashMap;

/// Levels below a property. Published schemas stay far above this.
const DEEPEST: usize = 24;

/// One property.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PropertyView {
    /// Last part of the path; `*` for elements of a list or members of a map.
    pub name: String,
    /// JSON Pointer, with `*` for any element.
    pub path: String,
    /// `string`, `list of object`, `map of string`, `object or JSON text`, …
    #[serde(rename = "type")]
    pub ty: String,
    /// Must be declared wherever its parent is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// `read_only`, `write_only`, `create_only`, `conditional_create_only`, `deprecated`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<&'static str>,
    /// Limits in words: lengths, ranges, pattern, format, default, rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Allowed values.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Json>,
    /// True if case means nothing in the allowed values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub any_case: bool,
    /// What the service takes where nothing is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// Regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The place where this type is unfolded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<PropertyView>,
}

struct Tree<'s> {
    schema: &'s ResourceSchema,
    docs: &'s Documentation,
    /// Definitions that are unfolded, by the place.
    unfolded: HashMap<&'s str, String>,
}

/// All top-level properties: required ones first, then settable, then read-only ones.
pub(super) fn properties(schema: &ResourceSchema, docs: &Documentation) -> Vec<PropertyView> {
    let mut tree = Tree { schema, docs, unfolded: HashMap::new() };
    let mut all = tree.members(&schema.root, &Pointer::root(), 0);
    let rank = |view: &PropertyView| (view.marks.contains(&"read_only"), !view.required);
    all.sort_by_key(rank);
    all
}

/// One property by its path.
pub(super) fn property(
    schema: &ResourceSchema,
    docs: &Documentation,
    path: &Pointer,
) -> Option<PropertyView> {
    let mut tree = Tree { schema, docs, unfolded: HashMap::new() };
    let (parent, name) = (path.parent()?, path.last()?);
    let around = parent_node(schema, &parent)?;
    let node = step(schema, around, name)?;
    let required = schema.follow(around).required.iter().any(|key| key == name);
    Some(tree.view(node, name, path, required, 0))
}

fn parent_node<'s>(schema: &'s ResourceSchema, path: &Pointer) -> Option<&'s Node> {
    path.segments().iter().try_fold(&schema.root, |node, segment| step(schema, node, segment))
}

/// One step down, with the reference kept. Elements may be left out: `Tags.Key` is `Tags[*].Key`.
fn step<'s>(schema: &'s ResourceSchema, node: &'s Node, segment: &str) -> Option<&'s Node> {
    let node = schema.follow(node);
    if let Some(found) = node.properties.get(segment) {
        return Some(found);
    }
    let is_any = segment == "*" || segment.bytes().all(|b| b.is_ascii_digit());
    if is_any && let Some(items) = node.items.as_deref() {
        return Some(items);
    }
    schema.member(node, segment).or_else(|| {
        let element = schema.element(node)?;
        schema.member(element, segment)
    })
}

impl<'s> Tree<'s> {
    fn members(&mut self, node: &'s Node, at: &Pointer, depth: usize) -> Vec<PropertyView> {
        let schema = self.schema;
        let node = schema.follow(node);
        let mut names: Vec<(&'s str, &'s Node, bool)> = Vec::new();
        gather(schema, node, true, &mut names, 4);
        let mut views: Vec<PropertyView> = names
            .into_iter()
            .map(|(name, member, required)| self.view(member, name, &at.child(name), required, depth))
            .collect();
        let any = self.any_member(node);
        if let Some(member) = any
            && views.is_empty()
        {
            views = self.below(member, &at.child("*"), depth);
        }
        views
    }

    /// What members with names of the user's choice follow.
    fn any_member(&self, node: &'s Node) -> Option<&'s Node> {
        node.pattern_properties.values().next().or(match &node.additional_properties {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        })
    }

    /// What is below a place: members of an object, of a list's elements or of a map's values.
    fn below(&mut self, node: &'s Node, at: &Pointer, depth: usize) -> Vec<PropertyView> {
        if depth >= DEEPEST {
            return Vec::new();
        }
        let target = self.schema.follow(node);
        match self.schema.element(node) {
            Some(element) if target.properties.is_empty() => self.below(element, &at.child("*"), depth + 1),
            _ => self.members(target, at, depth + 1),
        }
    }

    fn view(
        &mut self,
        node: &'s Node,
        name: &str,
        at: &Pointer,
        required: bool,
        depth: usize,
    ) -> PropertyView {
        let schema = self.schema;
        let target = schema.follow(node);
        let mut view = PropertyView {
            name: name.to_owned(),
            path: at.to_string(),
            ty: type_words(schema, node, 3),
            required,
            marks: marks(schema, at),
            limits: limits(schema, target, at),
            default: target.default_value.clone().filter(|value| !value.is_null()),
            pattern: target.pattern.clone(),
            description: self.docs.property(schema, at).map(one_line).filter(|text| !text.is_empty()),
            ..PropertyView::default()
        };
        (view.choices, view.any_case) = choices(schema, target);
        match definition(schema, node) {
            Some(name) => match self.unfolded.get(name) {
                Some(place) if has_members(schema, node) => view.same_as = Some(place.clone()),
                Some(_) => {}
                None => {
                    self.unfolded.insert(name, at.to_string());
                    view.properties = self.below(node, at, depth);
                }
            },
            None => view.properties = self.below(node, at, depth),
        }
        view
    }
}

/// Named members of a node and of its forms. Those of a form are never required as such.
fn gather<'s>(
    schema: &'s ResourceSchema,
    node: &'s Node,
    own: bool,
    names: &mut Vec<(&'s str, &'s Node, bool)>,
    depth: u8,
) {
    for (name, member) in &node.properties {
        if !names.iter().any(|(known, ..)| known == name) {
            names.push((name, member, own && node.required.contains(name)));
        }
    }
    if depth > 0 {
        for form in node.one_of.iter().chain(&node.any_of).chain(&node.all_of) {
            gather(schema, schema.follow(form), false, names, depth - 1);
        }
    }
}

/// The definition behind a node, or behind its elements.
fn definition<'s>(schema: &'s ResourceSchema, node: &'s Node) -> Option<&'s str> {
    let mut node = node;
    for _ in 0..4 {
        if let Some(name) = node.reference.as_deref() {
            return Some(name);
        }
        node = match node.items.as_deref() {
            Some(items) => items,
            None => schema.follow(node).pattern_properties.values().next()?,
        };
    }
    None
}

fn has_members(schema: &ResourceSchema, node: &Node) -> bool {
    let mut node = schema.follow(node);
    for _ in 0..4 {
        if !node.properties.is_empty() || !node.one_of.is_empty() || !node.any_of.is_empty() {
            return true;
        }
        let next = schema.element(node).or_else(|| node.pattern_properties.values().next());
        match next {
            Some(next) => node = schema.follow(next),
            None => return false,
        }
    }
    false
}

/// The type of a node in words.
fn type_words(schema: &ResourceSchema, node: &Node, depth: u8) -> String {
    let node = schema.follow(node);
    let inner = |node: &Node| if depth == 0 { "…".to_owned() } else { type_words(schema, node, depth - 1) };
    if node.types.names(JsonType::Array) || (node.types.is_empty() && node.items.is_some()) {
        let set = if node.insertion_order == Some(false) { "set" } else { "list" };
        return match schema.element(node) {
            Some(element) => format!("{set} of {}", inner(element)),
            None => set.to_owned(),
        };
    }
    let map = node.pattern_properties.values().next().or(match &node.additional_properties {
        Some(Additional::Schema(schema)) => Some(schema),
        _ => None,
    });
    if let Some(member) = map.filter(|_| node.properties.is_empty()) {
        return format!("map of {}", inner(member));
    }
    if node.types.names(JsonType::Object) && node.types.names(JsonType::String) {
        return "object or JSON text".to_owned();
    }
    let word = |ty: JsonType| match ty {
        JsonType::Object => "object",
        JsonType::Array => "list",
        JsonType::String => "string",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::Boolean => "boolean",
        JsonType::Null => "null",
    };
    let words: Vec<&str> = node.types.iter().map(word).collect();
    if !words.is_empty() {
        return words.join(" or ");
    }
    if !node.properties.is_empty() {
        return "object".to_owned();
    }
    match node.one_of.iter().chain(&node.any_of).chain(&node.all_of).next() {
        Some(form) if depth > 0 => type_words(schema, form, depth - 1),
        _ => "any".to_owned(),
    }
}

fn marks(schema: &ResourceSchema, at: &Pointer) -> Vec<&'static str> {
    let sets: [(&PathSet, &'static str); 5] = [
        (&schema.read_only_properties, "read_only"),
        (&schema.write_only_properties, "write_only"),
        (&schema.create_only_properties, "create_only"),
        (&schema.conditional_create_only_properties, "conditional_create_only"),
        (&schema.deprecated_properties, "deprecated"),
    ];
    sets.into_iter().filter(|(set, _)| set.covers(at)).map(|(_, mark)| mark).collect()
}

fn choices(schema: &ResourceSchema, node: &Node) -> (Vec<Json>, bool) {
    let element = schema.element(node);
    let of = |node: &Node| match (&node.constant, node.choices.is_empty()) {
        (Some(only), _) => (vec![only.clone()], false),
        (None, false) => (node.choices.clone(), false),
        (None, true) => (node.enum_case_insensitive.clone(), true),
    };
    match of(node) {
        (none, _) if none.is_empty() => {
            let (choices, any_case) = element.map(of).unwrap_or_default();
            let any_case = any_case && !choices.is_empty();
            (choices, any_case)
        }
        found => found,
    }
}

fn limits(schema: &ResourceSchema, node: &Node, at: &Pointer) -> Vec<String> {
    let mut limits = Vec::new();
    let between = |least: &dyn std::fmt::Display, most: &dyn std::fmt::Display, what: &str| {
        format!("{least} to {most} {what}")
    };
    let mut count = |least: Option<u64>, most: Option<u64>, what: &str| match (least, most) {
        (Some(1), Some(1)) => limits.push(format!("exactly 1 {}", what.trim_end_matches('s'))),
        (None | Some(0), None) => {}
        (Some(least), Some(most)) if least == most => limits.push(format!("exactly {least} {what}")),
        (least, Some(most)) => limits.push(between(&least.unwrap_or(0), &most, what)),
        (Some(least), None) => limits.push(format!("at least {least} {what}")),
    };
    count(node.min_length, node.max_length, "characters");
    count(node.min_items, node.max_items, "elements");
    count(node.min_properties, node.max_properties, "members");
    match (&node.minimum, &node.maximum) {
        (Some(least), Some(most)) => limits.push(format!("{least} to {most}")),
        (Some(least), None) => limits.push(format!("at least {least}")),
        (None, Some(most)) => limits.push(format!("at most {most}")),
        (None, None) => {}
    }
    for (bound, words) in [(&node.exclusive_minimum, "more than"), (&node.exclusive_maximum, "less than")] {
        if let Some(bound @ Json::Number(_)) = bound {
            limits.push(format!("{words} {bound}"));
        }
    }
    if let Some(step) = &node.multiple_of {
        limits.push(format!("a multiple of {step}"));
    }
    if node.unique_items {
        limits.push("no two equal".to_owned());
    }
    if let Some(format) = &node.format {
        limits.push(format!("format {format}"));
    }
    if let Some(other) = &node.relationship_ref {
        limits.push(format!(
            "{} of {}",
            other.property_path.to_string().trim_start_matches('/'),
            other.type_name
        ));
    }
    let transform = schema.property_transform.iter().find(|(path, _)| path.matches(at));
    if let Some((_, expression)) = transform {
        limits.push(format!("normalised by the service: {expression}"));
    }
    match schema.overlay.form(at) {
        Some(TextForm::Url) => limits.push("a trailing slash means nothing".to_owned()),
        Some(TextForm::Reference) => limits.push("ARN, id or name of the same thing are equal".to_owned()),
        Some(TextForm::DnsName | TextForm::DnsRecord) => {
            limits.push("case and a trailing dot mean nothing".to_owned());
        }
        None => {}
    }
    limits.extend(rules(schema, node));
    limits
}

/// Rules over the members of an object.
pub(super) fn rules(schema: &ResourceSchema, node: &Node) -> Vec<String> {
    let mut rules = Vec::new();
    let combination = |branches: &[Node]| -> Option<String> {
        let sets: Vec<String> = branches
            .iter()
            .map(|branch| schema.follow(branch))
            .filter(|branch| !branch.required.is_empty())
            .map(|branch| branch.required.join(" and "))
            .collect();
        (sets.len() > 1 && sets.len() == branches.len()).then(|| sets.join(", "))
    };
    if let Some(sets) = combination(&node.one_of) {
        rules.push(format!("exactly one of {sets}"));
    } else if node.one_of.len() > 1 {
        rules.push(format!("one of {} forms", node.one_of.len()));
    }
    if let Some(sets) = combination(&node.any_of) {
        rules.push(format!("at least one of {sets}"));
    }
    let names = |list: &[Json]| list.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ");
    if !node.required_xor.is_empty() {
        rules.push(format!("exactly one of {}", names(&node.required_xor)));
    }
    if !node.required_or.is_empty() {
        rules.push(format!("at least one of {}", names(&node.required_or)));
    }
    for (member, others) in &node.dependent_excluded {
        rules.push(format!("{member} excludes {}", others.join(", ")));
    }
    for (member, others) in &node.dependent_required {
        rules.push(format!("{member} needs {}", others.join(", ")));
    }
    rules
}

/// A description without line ends and without the markup that some carry.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
