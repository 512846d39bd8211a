//! What to look for where no key gives a resource (DESIGN section 5, steps 6 and 7; cloud-control 5.3).

use crate::desired::{Adopt, Wanted};
use crate::diff::{DiffContext, diff, is_empty};
use crate::ids::StackId;
use crate::pointer::{Pointer, PropertyPath};
use crate::schema::{Node, ResourceSchema};
use crate::search::{Listing, Search, TagSight, Unmarked};
use crate::tags;
use crate::value::{Unknown, Value};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What can be looked for.
pub(super) enum Searched {
    /// This. With the values that the answer waits for, where it can be incomplete.
    For(Box<Search>, Option<Unknown>),
    /// Nothing before these values are known.
    Waiting(Unknown),
    /// Nothing: no list, and no tags.
    Never,
}

/// Says what to look for.
pub(super) fn search(wanted: &Wanted, schema: &Arc<ResourceSchema>, stack: &StackId) -> Searched {
    let tags = tag_sight(wanted, schema);
    let marks = matches!(tags, TagSight::Shown { marked: true, .. } | TagSight::Hidden);
    let listing = listing(wanted, schema);
    let (natural, unknown) = natural(wanted, schema);
    let waiting = match (&listing, marks) {
        (Listing::Never, false) => return Searched::Never,
        (Listing::Waiting(unknown), false) => return Searched::Waiting(unknown.clone()),
        // Nothing can match a value that is not known, and marks do not tell either.
        (_, false) if unknown.is_some() => return Searched::Waiting(unknown.unwrap_or_default()),
        (Listing::Waiting(unknown), true) => Some(unknown.clone()),
        _ => None,
    };
    // Half a key matches too much.
    let natural = if unknown.is_some() { Vec::new() } else { natural };
    let declared = subset(&wanted.props, &natural);
    let unmarked = match (&tags, wanted.lifecycle.adopt) {
        (_, adopt) if !marks && wanted.as_written && schema.tag_property().is_some() => match adopt {
            Adopt::Proven => Unmarked::Candidate,
            Adopt::Candidates | Adopt::Force => Unmarked::Adopted,
        },
        _ if !marks => Unmarked::Ours,
        // Reads show neither our marks nor those of others, whether or not they are fixed at create.
        (TagSight::Hidden, Adopt::Proven) => Unmarked::Unprovable,
        _ if !schema.tags_updatable() => Unmarked::Ours,
        (_, Adopt::Candidates | Adopt::Force) => Unmarked::Adopted,
        (_, Adopt::Proven) => Unmarked::Candidate,
    };
    let search = Search {
        schema: Arc::clone(schema),
        stack: stack.clone(),
        names: names(wanted),
        tags,
        listing,
        index_only: false,
        natural,
        absent: absent(wanted, schema),
        declared,
        unmarked,
        forced: wanted.lifecycle.adopt == Adopt::Force,
    };
    Searched::For(Box::new(search), waiting)
}

/// What to look for where the declared identifier finds nothing: the resource may be there under another one, because a
/// part of it was changed in the manifest. Only our marks tell that.
pub(super) fn by_marks(
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    stack: &StackId,
) -> Option<Box<Search>> {
    let tags = tag_sight(wanted, schema);
    if !matches!(tags, TagSight::Shown { marked: true, .. } | TagSight::Hidden) {
        return None;
    }
    Some(Box::new(Search {
        schema: Arc::clone(schema),
        stack: stack.clone(),
        names: names(wanted),
        tags,
        listing: listing(wanted, schema),
        index_only: true,
        natural: Vec::new(),
        absent: Vec::new(),
        declared: Value::object(),
        unmarked: Unmarked::Candidate,
        forced: false,
    }))
}

/// What to look for where a pin has the form of an id and the service knows the type by ARN: the resource that shows the
/// id. `None` where the schema has not exactly one property that could be it.
pub(super) fn by_id(
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    stack: &StackId,
    id: &str,
) -> Option<Box<Search>> {
    let mut ids = schema.root.properties.keys().filter(|name| {
        name.ends_with("Id") && schema.read_only_properties.contains(&Pointer::of([name.as_str()]))
    });
    let (Some(name), None) = (ids.next(), ids.next()) else { return None };
    let mut declared = Value::object();
    if let Value::Object(members) = &mut declared {
        members.insert(name.clone(), Value::text(id));
    }
    Some(Box::new(Search {
        schema: Arc::clone(schema),
        stack: stack.clone(),
        names: Vec::new(),
        tags: TagSight::None,
        listing: listing(wanted, schema),
        index_only: false,
        natural: vec![Pointer::of([name.as_str()])],
        absent: Vec::new(),
        declared,
        unmarked: Unmarked::Ours,
        forced: false,
    }))
}

/// The names that our mark may give it.
fn names(wanted: &Wanted) -> Vec<String> {
    std::iter::once(&wanted.address)
        .chain(&wanted.formerly)
        .map(|address| tags::mark_of(address.as_str()))
        .collect()
}

fn tag_sight(wanted: &Wanted, schema: &ResourceSchema) -> TagSight {
    match schema.tag_property() {
        None => TagSight::None,
        Some(_) if !schema.tags_readable() && wanted.ownership_tags => TagSight::Hidden,
        Some(_) if !schema.tags_readable() => TagSight::None,
        Some((property, _)) => {
            TagSight::Shown { property: property.to_owned(), marked: wanted.ownership_tags }
        }
    }
}

/// The places of the natural key, and what of it is not known yet.
fn natural(wanted: &Wanted, schema: &ResourceSchema) -> (Vec<Pointer>, Option<Unknown>) {
    let tags = schema.tag_property().map(|(name, _)| name);
    let required = schema.root.required.iter().map(|name| Pointer::of([name.as_str()]));
    let create_only = schema.create_only_properties.iter().filter_map(PropertyPath::as_pointer);
    let mut places: Vec<Pointer> = Vec::new();
    let mut waiting: Option<Unknown> = None;
    let unique: Vec<Pointer> =
        schema.overlay.natural_key.iter().filter_map(PropertyPath::as_pointer).collect();
    let all: Vec<Pointer> = if unique.is_empty() { create_only.chain(required).collect() } else { unique };
    for at in all {
        if schema.is_unreadable(&at)
            || schema.write_only_properties.reaches_below(&at)
            || at.segments().first().map(String::as_str) == tags
            || places.iter().any(|known| at.starts_with(known))
        {
            continue;
        }
        let Some(value) = wanted.props.at(&at).filter(|value| !matches!(value, Value::Null)) else {
            continue;
        };
        match value.unknown() {
            Some(unknown) => {
                waiting = Some(match waiting.take() {
                    Some(all) => all.and(&unknown),
                    None => unknown,
                });
            }
            // An empty value tells nothing.
            None if value.exposed().is_some_and(|json| is_empty(&json)) => {}
            None => places.push(at),
        }
    }
    (places, waiting)
}

/// The places of the natural key that are left out.
fn absent(wanted: &Wanted, schema: &ResourceSchema) -> Vec<Pointer> {
    let is_left_out = |at: &Pointer| wanted.props.at(at).is_none_or(|value| matches!(value, Value::Null));
    schema.overlay.natural_optional.iter().filter_map(PropertyPath::as_pointer).filter(is_left_out).collect()
}

/// True if a model shows what a list would be searched for: the natural key, or the create-only and required values that are
/// declared and known. Where no mark tells whose a resource is, only this makes it the one that is meant (DESIGN section 5,
/// step 7). The differ says what is equal: a service may have spelt a value in its own way.
pub fn shows_key(wanted: &Wanted, schema: &ResourceSchema, live: &Json) -> bool {
    let wanted = &*super::identity::stable(wanted);
    let (natural, _) = natural(wanted, schema);
    let context = DiffContext { schema, ignore: &[], is_fresh: &|_| false };
    natural.iter().all(|at| at.get(live).is_some())
        && absent(wanted, schema).iter().all(|at| at.get(live).is_none_or(is_empty))
        && diff(&context, &subset(&wanted.props, &natural), live).changes.is_empty()
}

/// An object with the values at these places.
fn subset(props: &Value, places: &[Pointer]) -> Value {
    let mut out = Value::object();
    for at in places {
        let Some(value) = props.at(at) else { continue };
        let mut node = &mut out;
        for segment in at.segments() {
            let Value::Object(members) = node else { break };
            node = members.entry(segment.clone()).or_insert_with(|| Value::Object(IndexMap::new()));
        }
        *node = value.clone();
    }
    out
}

/// How the type can be listed with what is declared (cloud-control 2.5).
pub(super) fn listing(wanted: &Wanted, schema: &ResourceSchema) -> Listing {
    let Some(handler) = &schema.handlers.list else { return Listing::Never };
    let Some(input) = handler.handler_schema.as_deref() else { return Listing::Free };
    let branches: Vec<&Node> = input.one_of.iter().chain(&input.any_of).collect();
    let choices: Vec<Vec<String>> = if branches.is_empty() {
        vec![input.required.clone()]
    } else {
        let keys = |branch: &'_ Node| -> Vec<String> {
            input.required.iter().chain(&branch.required).cloned().collect()
        };
        branches.into_iter().map(keys).collect()
    };
    let mut waiting = None;
    for keys in choices {
        match model(wanted, schema, &keys) {
            Ok(Some(mut model)) => {
                add_optional(&mut model, wanted, schema, input);
                return if model.is_empty() { Listing::Free } else { Listing::With(Json::Object(model)) };
            }
            Ok(None) => {}
            Err(unknown) => waiting = waiting.or(Some(unknown)),
        }
    }
    waiting.map_or(Listing::Never, Listing::Waiting)
}

/// The input with these keys. `None` if the manifest does not give one of them.
fn model(
    wanted: &Wanted,
    schema: &ResourceSchema,
    keys: &[String],
) -> Result<Option<Map<String, Json>>, Unknown> {
    let mut model = Map::new();
    for key in keys {
        // Some lists ask for what only the service knows (8 types).
        if schema.read_only_properties.covers(&Pointer::of([key.as_str()])) {
            return Ok(None);
        }
        let Some(value) = wanted.props.get(key).filter(|value| !matches!(value, Value::Null)) else {
            return Ok(None);
        };
        if let Some(unknown) = value.unknown() {
            return Err(unknown);
        }
        let Some(json) = value.exposed() else { return Ok(None) };
        model.insert(key.clone(), json);
    }
    Ok(Some(model))
}

/// Inputs that are said to be optional and are needed in fact (33 types): those that can never change.
fn add_optional(model: &mut Map<String, Json>, wanted: &Wanted, schema: &ResourceSchema, input: &Node) {
    if !input.required.is_empty() || !input.one_of.is_empty() || !input.any_of.is_empty() {
        return;
    }
    for key in input.properties.keys() {
        let at = Pointer::of([key.as_str()]);
        let is_fixed = schema.create_only_properties.contains(&at)
            || schema.primary_identifier.iter().any(|path| path.as_pointer().as_ref() == Some(&at));
        if is_fixed
            && let Some(json) =
                wanted.props.get(key).filter(|v| v.unknown().is_none()).and_then(Value::exposed)
            && !json.is_null()
        {
            model.insert(key.clone(), json);
        }
    }
}
