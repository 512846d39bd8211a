//! What goes to the service as a whole: the declared properties together with the tags that the tool adds.

use super::spelling::Respelt;
use super::tagging::{self, MAX_TAGS};
use super::walk::{Finding, Findings, Place, Walk};
use super::{Violation, codes};
use crate::diff::desired_state;
use crate::schema::{ResourceSchema, TagForm};
use crate::tags::Tagged;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// Characters that Cloud Control takes as `DesiredState` (cloud-control 1.3).
const DESIRED_STATE_LIMIT: usize = 262_144;

/// Characters of JSON text up to which a document is certainly within the limit, whatever is done to it on the way: a
/// document that goes as text has each quote and each backslash twice.
const CERTAINLY_SMALL: usize = DESIRED_STATE_LIMIT / 3;

/// Checks what a create sends: conformed properties, default tags, and the marks of ownership (key and value). Says
/// nothing about the properties by themselves; [`conform`](super::conform) does.
pub fn check_request(
    schema: &ResourceSchema,
    props: &Value,
    default_tags: &IndexMap<String, Value>,
    marks: &[(String, String)],
) -> Vec<Violation> {
    let mut out = Findings::default();
    let Some(tagged) = Tagged::of(schema) else { return Vec::new() };
    let Value::Object(members) = props else { return Vec::new() };
    let own = members.get(tagged.property);
    if matches!(own, Some(Value::Unknown(_))) || (default_tags.is_empty() && marks.is_empty()) {
        return Vec::new();
    }
    let declared = tagged.declared(own, default_tags, None);
    let all = tagged.to_send(declared.as_ref().filter(|v| !matches!(v, Value::Null)), None, marks);
    let count = match &all {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if count > MAX_TAGS {
        out.push(
            Finding::about(&Place::root(), codes::TAGS)
                .says(format!("`{}` gets {count} tags, most services take {MAX_TAGS}", schema.type_name))
                .label(format!("{} of them are default tags and marks of ownership", count - tags_in(own)))
                .warning(),
        );
    }
    if at_least(props) + at_least(&all) > CERTAINLY_SMALL {
        let mut members = members.clone();
        members.insert(tagged.property.to_owned(), all);
        let mut alone = Findings::default();
        size(schema, props, &mut alone);
        if alone.list.is_empty() {
            size(schema, &Value::Object(members), &mut out);
        }
    }
    out.list.into_iter().map(|finding| finding.violation).collect()
}

fn tags_in(own: Option<&Value>) -> usize {
    match own {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    }
}

/// What is wrong with default tags on a type: the key of the tag, and why.
pub fn check_default_tags(
    schema: &ResourceSchema,
    default_tags: &IndexMap<String, Value>,
) -> Vec<(String, Violation)> {
    let Some((property, form)) = schema.tag_property() else { return Vec::new() };
    let Some(tagged) = Tagged::of(schema).filter(|_| !default_tags.is_empty()) else { return Vec::new() };
    let Some(tags) = tagged.declared(None, default_tags, None) else { return Vec::new() };
    let Some(node) = schema.root.properties.get(property) else { return Vec::new() };
    let respelt = Respelt::default();
    let walk = Walk::new(schema, &respelt);
    let mut found = Findings::default();
    let tags = walk.value(node, tags, &walk.member(&Place::root(), property), 0, &mut found);
    let props = Value::Object(IndexMap::from([(property.to_owned(), tags)]));
    tagging::check(&walk, &props, &mut found);
    let violations = found.list.into_iter().map(|finding| finding.violation);
    violations
        .filter_map(|violation| {
            let key = match violation.pointer.segments() {
                [first, second, ..] if first == property => second,
                _ => return None,
            };
            let key = match form {
                TagForm::KeyValueList => default_tags.get_index(key.parse().ok()?)?.0,
                TagForm::Map => key,
            };
            Some((key.clone(), violation))
        })
        .collect()
}

/// Reports properties that are too large to be sent. What is not known yet counts as next to nothing.
pub(super) fn size(schema: &ResourceSchema, props: &Value, out: &mut Findings) {
    if at_least(props) <= CERTAINLY_SMALL {
        return;
    }
    let Some(json) = known(&desired_state(schema, props)).exposed() else { return };
    let characters = json.to_string().chars().count();
    if characters <= DESIRED_STATE_LIMIT {
        return;
    }
    let at_least = if props.unknown().is_some() { "at least " } else { "" };
    let have =
        if props.has_secret() { String::new() } else { format!("{at_least}{characters} characters, ") };
    let finding = Finding::about(&Place::root(), codes::TOO_LARGE)
        .says(format!("the properties of `{}` are too large for one request", schema.type_name))
        .label(format!("{have}at most {DESIRED_STATE_LIMIT} characters can be sent"));
    let finding = match largest(&json).filter(|_| !props.has_secret()) {
        Some((name, characters)) => finding.note("why", format!("`{name}` alone has {characters}")),
        None => finding,
    };
    out.push(finding.next("move the largest text out of the resource, such as code to a bucket"));
}

/// Characters of the JSON text, without escapes.
fn at_least(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => 1,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| at_least(item) + 1).sum::<usize>() + 1,
        Value::Object(members) => {
            members.iter().map(|(key, v)| key.len() + 4 + at_least(v)).sum::<usize>() + 1
        }
        Value::Secret(secret) => at_least(secret.expose()),
    }
}

/// The value with a single digit in place of all that is unknown.
fn known(value: &Value) -> Value {
    match value {
        Value::Unknown(_) => Value::from(Json::from(0)),
        Value::Array(items) => Value::Array(items.iter().map(known).collect()),
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), known(v))).collect()),
        Value::Secret(secret) => known(secret.expose()),
        other => other.clone(),
    }
}

/// The top-level property with the longest text.
fn largest(json: &Json) -> Option<(&String, usize)> {
    json.as_object()?
        .iter()
        .map(|(name, value)| (name, value.to_string().chars().count()))
        .max_by_key(|(_, characters)| *characters)
}
