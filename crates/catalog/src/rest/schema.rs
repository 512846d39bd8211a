//! From a definition to the [`ResourceSchema`] that planner, differ and SQL know.

use super::form::{self, Property, Ready, Resource};
use super::template::Template;
use serde_json::Value as Json;
use stack_core::ids::TypeName;
use stack_core::overlay::{Accepts, Cascade, Overlay, Related};
use stack_core::pointer::{PathSet, PropertyPath, Step};
use stack_core::schema::{
    Additional, Handler, Handlers, JsonType, Node, ReplacementStrategy, ResourceSchema, Types,
};
use std::time::Duration;

/// Longest wait for an operation whose definition names none.
const USUAL_LIMIT: Duration = Duration::from_secs(20 * 60);

/// The schema of a resource.
pub(super) fn of(ty: &TypeName, resource: &Resource) -> ResourceSchema {
    let paths = |test: &dyn Fn(&Property) -> bool| paths(resource, test);
    let path = |name: &String| PropertyPath(vec![Step::Key(name.clone())]);
    let mut root = object(&resource.properties);
    root.additional_properties = Some(Additional::Allowed(false));
    ResourceSchema {
        type_name: ty.clone(),
        description: resource.description.clone(),
        root,
        definitions: indexmap::IndexMap::new(),
        primary_identifier: resource.identity.iter().map(path).collect(),
        additional_identifiers: Vec::new(),
        read_only_properties: paths(&|property| property.read_only),
        write_only_properties: paths(&|property| property.write_only),
        // Without an update every change is a replacement, which is what create-only says.
        create_only_properties: paths(&|property| {
            property.immutable || (resource.update.is_none() && !property.read_only)
        }),
        conditional_create_only_properties: PathSet::default(),
        deprecated_properties: PathSet::default(),
        property_transform: indexmap::IndexMap::new(),
        tagging: None,
        taggable: Some(false),
        handlers: handlers(resource),
        // Two of one name cannot be told apart afterwards (confluent.md section 11).
        replacement_strategy: Some(ReplacementStrategy::DeleteThenCreate),
        lifecycle: None,
        overlay: Overlay {
            unordered: paths(&|property| property.set),
            masked: paths(&|property| property.masked),
            apart: resource
                .update
                .iter()
                .flat_map(|update| &update.steps)
                .filter(|step| !step.of.is_empty())
                .map(|step| PathSet(step.of.iter().map(path).collect()))
                .collect(),
            grow_only: paths(&|property| property.grow_only),
            secrets: paths(&|property| property.secret || property.once),
            accepts: accepts(resource),
            holds_data: resource.holds_data,
            natural_key: resource.natural_key.iter().map(path).collect(),
            natural_optional: resource
                .natural_key
                .iter()
                .filter(|name| resource.may_lack(name))
                .map(path)
                .collect(),
            answers_reads: resource.list.as_ref().is_some_and(|list| list.answers_reads),
            cascades: resource.cascades.iter().map(cascade).collect(),
            usages: resource.usages.iter().map(path).collect(),
            follows: resource
                .follows
                .iter()
                .map(|related| self::related(&related.resource, &related.by))
                .collect(),
            identifier_defaults: resource
                .optional_parts()
                .iter()
                .map(|name| (path(name), Json::String(String::new())))
                .collect(),
            gone_when: resource.ready.as_ref().map(|ready| gone(resource, ready)).unwrap_or_default(),
            ..Overlay::default()
        },
    }
}

fn related(resource: &str, by: &indexmap::IndexMap<String, String>) -> Related {
    Related { ty: TypeName::new(resource), by: by.clone() }
}

fn cascade(cascade: &form::Cascade) -> Cascade {
    let of = related(&cascade.resource, &cascade.by);
    Cascade { of, consent: cascade.consent, except: cascade.except.clone() }
}

/// The other forms in which a resource may be declared: the service's own, and those of older tables.
fn accepts(resource: &Resource) -> Accepts {
    let properties = || resource.properties.iter().filter(|(_, property)| !property.raw);
    let nested = properties().filter_map(|(name, property)| {
        let path = property.at.as_deref()?;
        let outer = path.split_once('.')?.0;
        // A property of that name keeps its members.
        let is_own = resource.properties.get(outer).is_some_and(|property| !property.raw);
        (!is_own && !property.read_only).then(|| (path.to_owned(), name.clone()))
    });
    let names = properties()
        .flat_map(|(name, property)| property.aliases.iter().map(move |alias| (alias.clone(), name.clone())));
    let spellings =
        properties().filter(|(_, property)| !property.read_as.is_empty()).map(|(name, property)| {
            let turned = property.read_as.iter().map(|(written, read)| (read.clone(), written.clone()));
            (PropertyPath(vec![Step::Key(name.clone())]), turned.collect())
        });
    Accepts {
        references: paths(resource, &|property| property.reference),
        pairs: paths(resource, &|property| property.pairs),
        nested: nested.collect(),
        spellings: spellings.collect(),
        names: names.collect(),
    }
}

/// Paths of all properties that pass a test, outermost only.
pub(super) fn paths(resource: &Resource, test: &dyn Fn(&Property) -> bool) -> PathSet {
    let mut found = Vec::new();
    for (name, property) in &resource.properties {
        walk(property, &mut vec![Step::Key(name.clone())], test, &mut found);
    }
    PathSet(found)
}

fn walk(
    property: &Property,
    at: &mut Vec<Step>,
    test: &dyn Fn(&Property) -> bool,
    found: &mut Vec<PropertyPath>,
) {
    if test(property) {
        found.push(PropertyPath(at.clone()));
        return;
    }
    for (name, member) in &property.properties {
        at.push(Step::Key(name.clone()));
        walk(member, at, test, found);
        at.pop();
    }
    if let Some(item) = &property.items {
        at.push(Step::Any);
        walk(item, at, test, found);
        at.pop();
    }
}

fn object(properties: &indexmap::IndexMap<String, Property>) -> Node {
    let required = properties.iter().filter(|(_, property)| property.required);
    Node {
        types: Types::of(&[JsonType::Object]),
        required: required.map(|(name, _)| name.clone()).collect(),
        properties: properties.iter().map(|(name, property)| (name.clone(), node(property))).collect(),
        ..Node::default()
    }
}

fn node(property: &Property) -> Node {
    let mut node =
        if property.properties.is_empty() { Node::default() } else { object(&property.properties) };
    if let Some(ty) = property.ty {
        node.types = Types::of(&[ty]);
    }
    if property.document {
        node.types = Types::of(&[JsonType::Object, JsonType::String]);
    }
    if property.reference {
        // The bare id; `Definition::normal` makes it of the object that the service has for it.
        node.types = Types::of(&[JsonType::String]);
    }
    if !property.properties.is_empty() && !property.open {
        node.additional_properties = Some(Additional::Allowed(false));
    }
    if property.pairs || (property.text && property.ty == Some(JsonType::Object)) {
        // Texts on the wire, and numbers as people write them. Compared key by key: what is not declared is not ours.
        let scalar = [JsonType::String, JsonType::Number, JsonType::Boolean];
        let value = Node { types: Types::of(&scalar), ..Node::default() };
        node.additional_properties = Some(Additional::Schema(Box::new(value)));
    }
    if property.set {
        node.insertion_order = Some(false);
    }
    node.choices.clone_from(&property.choices);
    node.pattern.clone_from(&property.pattern);
    node.min_length = property.min_length;
    node.max_length = property.max_length;
    node.minimum = property.minimum.map(Into::into);
    node.maximum = property.maximum.map(Into::into);
    node.items = property.items.as_deref().map(|item| Box::new(self::node(item)));
    node
}

fn handlers(resource: &Resource) -> Handlers {
    let ready = resource.ready.as_ref().and_then(|ready| ready.limit);
    let with_limit = |limit: Option<Duration>| {
        let minutes = limit.unwrap_or(USUAL_LIMIT).as_secs().div_ceil(60);
        Handler { timeout_in_minutes: Some(minutes), ..Handler::default() }
    };
    Handlers {
        create: resource.create.as_ref().map(|_| with_limit(ready)),
        read: resource.read.as_ref().map(|_| Handler::default()),
        update: resource.update.as_ref().map(|_| with_limit(ready)),
        delete: resource.delete.as_ref().map(|delete| with_limit(delete.limit)),
        list: resource.list.as_ref().map(|list| {
            let needed = list.query.values().chain([&list.path]);
            let optional = list.filter.values();
            Handler { handler_schema: input(resource, needed, optional), ..Handler::default() }
        }),
    }
}

/// What a list needs, and what it takes beside.
fn input<'t>(
    resource: &Resource,
    needed: impl Iterator<Item = &'t Template>,
    optional: impl Iterator<Item = &'t Template>,
) -> Option<Box<Node>> {
    let mut input = Node { types: Types::of(&[JsonType::Object]), ..Node::default() };
    let member = |name: &str| resource.properties.get(name).map(node);
    for name in needed.flat_map(Template::variables) {
        if let Some(member) = member(name)
            && input.properties.insert(name.to_owned(), member).is_none()
        {
            input.required.push(name.to_owned());
        }
    }
    for name in optional.flat_map(Template::variables) {
        if let Some(member) = member(name) {
            input.properties.entry(name.to_owned()).or_insert(member);
        }
    }
    (!input.properties.is_empty()).then(|| Box::new(input))
}

/// The phases of one that is being removed, where the model shows the phase.
fn gone(resource: &Resource, ready: &Ready) -> indexmap::IndexMap<PropertyPath, Vec<Json>> {
    let shows_phase = |(name, property): (&String, &Property)| {
        let at = property.read_at.as_deref().or(property.at.as_deref()).unwrap_or(name);
        (at == ready.at).then(|| PropertyPath(vec![Step::Key(name.clone())]))
    };
    let phases: Vec<Json> = ready.leaving.iter().map(|phase| Json::String(phase.clone())).collect();
    let path = resource.properties.iter().find_map(shows_phase);
    path.filter(|_| !phases.is_empty()).map(|path| (path, phases)).into_iter().collect()
}
