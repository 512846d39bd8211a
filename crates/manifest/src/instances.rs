//! Instances: one per resource, or one per element of its `for_each` (DESIGN section 4).

use crate::codes;
use crate::inner::{Inner, Start};
use crate::model::{ResourceDecl, Spot, Tree};
use crate::scope::Scope;
use serde_json::Value as Json;
use stack_core::desired::Outputs;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::Address;
use stack_core::value::{Unknown, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// How many instances one resource may have: more is a mistake in its list, and each costs memory before any call.
const MAX_INSTANCES: usize = 10_000;

/// What `each` is in one instance.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    pub(crate) key: Value,
    pub(crate) value: Value,
}

/// One instance.
#[derive(Debug)]
pub(crate) struct Instance {
    /// Its resource among the declarations.
    pub(crate) declaration: usize,
    /// `name`, or `name["key"]`.
    pub(crate) address: Address,
    pub(crate) each: Option<Each>,
}

/// What a resource becomes.
#[derive(Clone, Debug)]
pub(crate) enum Expansion {
    /// Itself.
    Single,
    /// One instance per key, in the order of the list.
    Each(Vec<(String, Value)>),
    /// Its `for_each` is not evaluated yet, or wrong: one instance with an unknown `each`, so that the rest of it can be
    /// checked all the same.
    Open,
}

/// The instances of one declaration.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) all: Range<usize>,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Single,
    Each,
    Open,
}

impl Group {
    /// The only instance of a resource without `for_each`.
    pub(crate) fn single(&self) -> Option<usize> {
        (self.form == Form::Single).then_some(self.all.start)
    }

    /// True if its keys are known.
    pub(crate) fn has_keys(&self) -> bool {
        self.form == Form::Each
    }
}

/// All instances of a stack, in manifest order.
#[derive(Debug)]
pub(crate) struct Instances {
    pub(crate) all: Vec<Instance>,
    groups: Vec<Group>,
    by_address: HashMap<String, usize>,
}

/// The address of an instance. Quotes and control characters in keys are escaped as in JSON.
pub(crate) fn address_of(name: &str, key: &str) -> String {
    format!("{name}[{}]", Json::from(key))
}

/// An address in its one spelling: `flow['a']` and `flow[ "a" ]` are `flow["a"]`.
pub(crate) fn canonical(text: &str) -> String {
    let parts =
        text.split_once('[').and_then(|(name, rest)| Some((name, rest.trim_end().strip_suffix(']')?.trim())));
    let Some((name, key)) = parts else { return text.to_owned() };
    if let Some(key) = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\'')) {
        return address_of(name, key);
    }
    serde_json::from_str::<String>(key).map_or_else(|_| text.to_owned(), |key| address_of(name, &key))
}

impl Instances {
    /// What the declarations become. Those without an expansion are open if they have a `for_each`.
    pub(crate) fn new(resources: &[ResourceDecl], expansions: &[Expansion]) -> Self {
        let mut out = Self { all: Vec::new(), groups: Vec::new(), by_address: HashMap::new() };
        for (declaration, resource) in resources.iter().enumerate() {
            let start = out.all.len();
            let mut add = |address: Address, each: Option<Each>| {
                out.by_address.entry(address.as_str().to_owned()).or_insert(out.all.len());
                out.all.push(Instance { declaration, address, each });
            };
            let form = match (expansions.get(declaration), &resource.for_each) {
                (Some(Expansion::Each(members)), _) => {
                    for (key, value) in members {
                        let each = Each { key: Value::text(key.as_str()), value: value.clone() };
                        add(Address::from(address_of(resource.address.as_str(), key)), Some(each));
                    }
                    Form::Each
                }
                (Some(Expansion::Single), _) | (None, None) => {
                    add(resource.address.clone(), None);
                    Form::Single
                }
                (Some(Expansion::Open), _) | (None, Some(_)) => {
                    let unknown = || Value::Unknown(Unknown::default());
                    add(resource.address.clone(), Some(Each { key: unknown(), value: unknown() }));
                    Form::Open
                }
            };
            let all = start..out.all.len();
            out.groups.push(Group { all, form });
        }
        out
    }

    /// The instances of a declaration.
    pub(crate) fn group(&self, declaration: usize) -> &Group {
        &self.groups[declaration]
    }

    /// The instance at an address.
    pub(crate) fn at(&self, address: &str) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// The keys of a group, in order.
    pub(crate) fn keys(&self, declaration: usize) -> impl Iterator<Item = &str> {
        let all = self.all.get(self.groups[declaration].all.clone()).unwrap_or_default();
        all.iter().filter_map(|instance| match &instance.each {
            Some(Each { key: Value::String(key), .. }) => Some(key.as_str()),
            _ => None,
        })
    }
}

/// Evaluates every `for_each`, offline. Empty if no resource has one.
pub(crate) fn expand(start: &Start, problems: &mut Diagnostics) -> Vec<Expansion> {
    if start.declared.resources.iter().all(|resource| resource.for_each.is_none()) {
        return Vec::new();
    }
    let inner = &Arc::new(Inner::new(start.clone(), &[]));
    let resources = &inner.declared.resources;
    let mut out = Vec::with_capacity(resources.len());
    for (declaration, resource) in resources.iter().enumerate() {
        out.push(match &resource.for_each {
            None => Expansion::Single,
            Some(spot) => {
                let first = inner.instances.group(declaration).all.start;
                let scope = Scope::new(inner, Some(first), &Outputs::new());
                let members = members(inner, resource, spot, &scope);
                problems.extend(scope.take_problems());
                members.map_or(Expansion::Open, Expansion::Each)
            }
        });
    }
    out
}

/// The keys and values of a `for_each`. `None` if it is wrong, which is noted in the scope.
fn members(
    inner: &Arc<Inner>,
    resource: &ResourceDecl,
    spot: &Spot,
    scope: &Arc<Scope>,
) -> Option<Vec<(String, Value)>> {
    let name = &resource.address;
    let (tree, path) = spot.tree.written(&spot.path);
    let mut uses_each = false;
    spot.templates(&mut |id, _| {
        uses_each |= inner.templates.get(id).uses.iter().any(|used| used.head == "each");
    });
    let bad = |message: String, at: Option<usize>, label: &str| {
        let path = at.map_or_else(|| path.clone(), |index| path.index(index));
        Diagnostic::error(codes::BAD_FOR_EACH, message).at(path.route(), label)
    };
    if uses_each {
        scope.report(
            bad(format!("the `for_each` of {name} uses `each`, which it defines itself"), None, "")
                .next("use a global or a variable"),
        );
        return None;
    }
    let value = scope.evaluate(&spot.tree, &spot.path)?;
    if let Some(unknown) = value.unknown() {
        let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
        let label =
            if from.is_empty() { String::new() } else { format!("this waits for {}", from.join(", ")) };
        scope.report(
            Diagnostic::error(
                codes::FOR_EACH_UNKNOWN,
                format!("the `for_each` of {name} cannot be decided before other resources are made"),
            )
            .at(spot.path.route(), label)
            .next("use a value that is known beforehand: a global, a variable, the environment"),
        );
        return None;
    }
    // Variables of the command line can only be texts (stackql-compat 1.7).
    let value = match value {
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            serde_json::from_str::<Json>(&text).map_or(Value::String(text), Value::from)
        }
        other => other,
    };
    let members = match value {
        Value::Secret(_) => {
            scope.report(
                bad(
                    format!("the `for_each` of {name} is sensitive"),
                    None,
                    "its keys become addresses, which are shown",
                )
                .next(
                    "keep the keys in a global that is not sensitive, and look the secret up by `each.key`",
                ),
            );
            return None;
        }
        Value::Object(map) => map.into_iter().collect(),
        Value::Array(items) => list(name, items, tree, scope, &bad)?,
        other => {
            let what = match other {
                Value::Null => "nothing",
                Value::String(_) => "a text",
                _ => "one plain value",
            };
            scope.report(
                bad(format!("the `for_each` of {name} is {what}, not a list or a map"), None, "")
                    .next("give a list of texts, or a map from keys to values"),
            );
            return None;
        }
    };
    if let Some((key, _)) =
        members.iter().find(|(key, _)| key.is_empty() || key.chars().any(char::is_control))
    {
        let what = if key.is_empty() { "an empty key" } else { "a key with control characters" };
        scope.report(bad(format!("the `for_each` of {name} has {what}"), None, "keys become addresses"));
        return None;
    }
    if members.len() > MAX_INSTANCES {
        let message = format!("the `for_each` of {name} has more than {MAX_INSTANCES} elements");
        scope.report(bad(message, None, &format!("these are {}", members.len())));
        return None;
    }
    Some(members)
}

/// The members of a list. Where all elements are plain values these are the keys; of other lists the positions are,
/// counted from 0.
fn list(
    name: &Address,
    items: Vec<Value>,
    tree: &Tree,
    scope: &Arc<Scope>,
    bad: &dyn Fn(String, Option<usize>, &str) -> Diagnostic,
) -> Option<Vec<(String, Value)>> {
    // Only the elements of a list that is written out have places of their own.
    let written = matches!(tree, Tree::List(_) | Tree::Literal(Value::Array(_)));
    let place = |index: usize| written.then_some(index);
    if let Some(index) = items.iter().position(|item| matches!(item, Value::Null)) {
        scope.report(
            bad(format!("element {index} of the `for_each` of {name} is empty"), place(index), "")
                .next("remove it, or give it a value"),
        );
        return None;
    }
    if let Some(index) = items.iter().position(|item| matches!(item, Value::Secret(_))) {
        scope.report(
            bad(
                format!("element {index} of the `for_each` of {name} is sensitive"),
                place(index),
                "keys become addresses, which are shown",
            )
            .next("write a map: its keys are shown, its values may be sensitive"),
        );
        return None;
    }
    let plain = items.iter().all(|item| !matches!(item, Value::Array(_) | Value::Object(_)));
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let key = if plain { item.scalar_text().unwrap_or_default() } else { index.to_string() };
        if let Some(before) = first.insert(key.clone(), index) {
            let message = format!(
                "the `for_each` of {name} gives two instances the address {}",
                address_of(name.as_str(), &key)
            );
            let mut problem = bad(message, place(index), &format!("element {index}"));
            if written {
                let label = bad(String::new(), Some(before), &format!("element {before}")).labels;
                problem.labels.extend(label);
            } else {
                problem = problem
                    .note("why", format!("elements {before} and {index} of the list are both `{key}`"));
            }
            scope.report(problem.next("remove one of the two, or write a map with keys of its own"));
            return None;
        }
        out.push((key, item));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_escape_what_would_end_them() {
        assert_eq!(address_of("flow", "a"), "flow[\"a\"]");
        assert_eq!(address_of("flow", "a\"]b\\"), "flow[\"a\\\"]b\\\\\"]");
        assert_eq!(address_of("flow", "ä"), "flow[\"ä\"]");
    }

    #[test]
    fn an_address_has_one_spelling() {
        for text in ["flow[\"a\"]", "flow['a']", "flow[ \"\\u0061\" ]"] {
            assert_eq!(canonical(text), "flow[\"a\"]");
        }
        for text in ["flow", "flow[", "flow[a]", "flow]", "[", "]", ""] {
            assert_eq!(canonical(text), text);
        }
    }
}
