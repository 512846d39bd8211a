//! Props: values in order, merges, and which line gives which property.

use crate::codes;
use crate::model::{Kind, MergeDecl, PropBody, PropDecl, ResourceDecl, Tree};
use crate::path::Path;
use crate::render::Job;
use indexmap::IndexMap;
use stack_core::conform::{Violation, codes as conform_codes};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::schema::{JsonType, Node, ResourceSchema};
use stack_core::value::{Unknown, Value};
use std::collections::{BTreeMap, HashMap};

/// Which node of the document gives which property.
#[derive(Debug, Default)]
pub(super) struct Routes {
    values: BTreeMap<Pointer, Path>,
    /// What to underline for the name of a property where that is not the key of its value.
    names: HashMap<Pointer, (Path, Part)>,
    /// What to underline for a value that is a part of its node.
    parts: HashMap<Pointer, Part>,
}

impl Routes {
    /// Puts the places under the names that the properties have now.
    pub(super) fn rename(&mut self, renames: &[(Pointer, Pointer)]) {
        for (declared, conformed) in renames {
            let moved: Vec<Pointer> =
                self.values.keys().filter(|p| p.starts_with(declared)).cloned().collect();
            for old in moved {
                if let Some(route) = self.values.remove(&old) {
                    let below = old.segments().iter().skip(declared.segments().len());
                    let new = Pointer::of(conformed.segments().iter().chain(below).cloned());
                    self.values.insert(new, route);
                }
            }
        }
    }

    /// What to underline for the value at, or nearest above, a property.
    fn part(&self, pointer: &Pointer) -> Part {
        let mut at = Some(pointer.clone());
        while let Some(pointer) = at {
            if self.values.contains_key(&pointer) {
                return self.parts.get(&pointer).cloned().unwrap_or(Part::Value);
            }
            at = pointer.parent();
        }
        Part::Value
    }

    /// What to underline for the value at, or nearest above, a property; else for the resource.
    pub(super) fn of(&self, pointer: &Pointer, resource: &ResourceDecl) -> (Route, Part) {
        let mut at = Some(pointer.clone());
        while let Some(here) = at {
            if let Some(path) = self.values.get(&here) {
                return (path.route(), self.part(&here));
            }
            at = here.parent();
        }
        (resource.path.key("name").route(), Part::Value)
    }

    /// Where the value of a property stands, if it is known.
    pub(super) fn place_of(&self, at: &Pointer) -> Option<&Path> {
        self.values.get(at)
    }

    /// Takes over the places of a prop as those of a property.
    pub(super) fn adopt(&mut self, props: &Self, prop: &Pointer, property: &Pointer) {
        let moved = |at: &Pointer| {
            let below = at.segments().iter().skip(prop.segments().len());
            Pointer::of(property.segments().iter().chain(below).cloned())
        };
        let values = props.values.iter().filter(|(at, _)| at.starts_with(prop));
        self.values.extend(values.map(|(at, path)| (moved(at), path.clone())));
        let names = props.names.iter().filter(|(at, _)| at.starts_with(prop));
        self.names.extend(names.map(|(at, place)| (moved(at), place.clone())));
    }

    /// Notes that a property has its value from a part of a file.
    pub(super) fn put(&mut self, property: &Pointer, file: &Path, part: Part) {
        self.values.insert(property.clone(), file.clone());
        self.parts.insert(property.clone(), part);
    }

    /// Notes where the name of a property stands.
    pub(super) fn name(&mut self, property: &Pointer, file: &Path, part: Part) {
        self.names.insert(property.clone(), (file.clone(), part));
    }

    pub(super) fn values(&self) -> impl Iterator<Item = (&Pointer, &Path)> {
        self.values.iter()
    }

    pub(super) fn into_values(self) -> BTreeMap<Pointer, Route> {
        self.values.into_iter().map(|(pointer, path)| (pointer, path.route())).collect()
    }

    fn add(&mut self, tree: &Tree, pointer: &Pointer, path: &Path) {
        self.values.insert(pointer.clone(), path.clone());
        match tree {
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(item, &pointer.child(index.to_string()), &path.index(index));
                }
            }
            Tree::Map(members) => {
                for (key, item) in members {
                    self.add(item, &pointer.child(key), &path.key(key));
                }
            }
            Tree::Literal(value) => self.add_literal(value, pointer, path),
            Tree::Included(root, tree) => self.add(tree, pointer, root),
            Tree::Template(_) | Tree::Broken => {}
        }
    }

    fn add_literal(&mut self, value: &Value, pointer: &Pointer, path: &Path) {
        let mut add = |pointer: Pointer, path: Path, value: &Value| {
            self.values.insert(pointer.clone(), path.clone());
            self.add_literal(value, &pointer, &path);
        };
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    add(pointer.child(index.to_string()), path.index(index), item);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    add(pointer.child(key), path.key(key), item);
                }
            }
            _ => {}
        }
    }
}

impl Job<'_> {
    /// All props and their places. What could not be rendered is unknown, and noted.
    pub(super) fn props(&mut self) -> (IndexMap<String, Value>, Routes) {
        let mut routes = Routes::default();
        let mut out = IndexMap::new();
        for prop in &self.declared.props {
            let pointer = Pointer::of([prop.name.as_str()]);
            let value = self.prop(prop, &pointer, &mut routes).unwrap_or_else(|| {
                // Later props may mention it: one problem is enough.
                self.failed = true;
                Value::Unknown(Unknown::default())
            });
            self.scope.define(&prop.name, value.clone());
            out.insert(prop.name.clone(), value);
        }
        (out, routes)
    }

    fn prop(&mut self, prop: &PropDecl, pointer: &Pointer, routes: &mut Routes) -> Option<Value> {
        routes.names.insert(pointer.clone(), prop.name_at.clone());
        routes.values.insert(pointer.clone(), prop.path.clone());
        let own = match &prop.body {
            PropBody::Nothing => None,
            PropBody::Problem(problem) => {
                self.fail((**problem).clone());
                return None;
            }
            PropBody::Value(spot) => {
                routes.add(&spot.tree, pointer, &spot.path);
                let mut whole = true;
                let value = self.scope.evaluate_around(&spot.tree, &|| spot.path.clone(), &mut whole);
                self.failed |= !whole;
                Some(value)
            }
            PropBody::Nested(inner) => {
                let mut map = IndexMap::new();
                for prop in inner {
                    let value = self.prop(prop, &pointer.child(&prop.name), routes).unwrap_or_else(|| {
                        self.failed = true;
                        Value::Unknown(Unknown::default())
                    });
                    map.insert(prop.name.clone(), value);
                }
                Some(Value::Object(map))
            }
        };
        let mut value = own;
        let mut whole = true;
        for merge in &prop.merge {
            match self.merge(value.clone(), merge, &prop.name) {
                Some(merged) => value = Some(merged),
                None => whole = false,
            }
        }
        let value = value.filter(|_| whole)?;
        Some(if prop.sensitive { self.inner.hide(value) } else { value })
    }

    /// Adds one variable to what there is (stackql-compat 1.7).
    fn merge(&mut self, base: Option<Value>, merge: &MergeDecl, prop: &str) -> Option<Value> {
        let added = self.scope.evaluate(&Tree::Template(merge.template), &merge.path)?;
        let secret = matches!(added, Value::Secret(_)) || matches!(base, Some(Value::Secret(_)));
        let unknown = [base.as_ref(), Some(&added)].into_iter().flatten().find_map(|v| match v {
            Value::Unknown(_) => {
                Value::Array([base.clone(), Some(added.clone())].into_iter().flatten().collect()).unknown()
            }
            _ => None,
        });
        if let Some(unknown) = unknown {
            let value = Value::Unknown(unknown);
            return Some(if secret { value.hidden() } else { value });
        }
        let mismatch = |left: &str, right: &str| {
            Diagnostic::error(
                codes::MERGE_MISMATCH,
                format!("`{}` cannot be merged into the prop `{prop}`", merge.name),
            )
            .at(merge.path.route(), format!("{left} and {right} do not merge"))
            .next("merge lists with lists, and objects with objects")
        };
        let added = structure(added);
        let Some(base) = base.map(structure) else {
            if !matches!(added, Value::Array(_) | Value::Object(_)) {
                self.fail(mismatch("nothing", kind(&added)));
                return None;
            }
            return Some(if secret { added.hidden() } else { added });
        };
        let merged = match (base, added) {
            (Value::Array(mut items), Value::Array(more)) => {
                // Doubles inside `more` stay, those of the base do not come again.
                let known = items.len();
                for item in more {
                    if !items[..known].contains(&item) {
                        items.push(item);
                    }
                }
                Value::Array(items)
            }
            (Value::Object(mut map), Value::Object(more)) => {
                map.extend(more);
                Value::Object(map)
            }
            (base, added) => {
                self.fail(mismatch(kind(&base), kind(&added)));
                return None;
            }
        };
        Some(if secret { merged.hidden() } else { merged })
    }

    /// A property that does not fit, at the line that declares it.
    pub(super) fn violation(&mut self, mut violation: Violation, routes: &Routes) {
        if let Some(hint) = self.of_another_type(&violation) {
            violation.label = hint;
        }
        let pointer = &violation.pointer;
        let (path, part) = if violation.on_key {
            match (routes.names.get(pointer), pointer.is_root()) {
                (Some((path, part)), _) => (path.clone(), part.clone()),
                (None, true) => (self.declared.props_path.clone(), Part::Key),
                (None, false) => match routes.part(pointer) {
                    Part::Value => (self.place(pointer, routes), Part::Key),
                    part => (self.place(pointer, routes), part),
                },
            }
        } else if pointer.is_root() {
            (self.declared.props_path.clone(), Part::Value)
        } else {
            let path = self.place(pointer, routes);
            (path, routes.part(pointer))
        };
        // In a statement quotes are the rule.
        let is_statement = matches!(self.declared.kind, Kind::Flow(_));
        if violation.code == conform_codes::NUMBER_AS_TEXT
            && (is_statement || self.is_written_plainly(&path.route()))
        {
            return;
        }
        let problem = Diagnostic {
            code: violation.code,
            severity: violation.severity,
            message: violation.message,
            labels: Vec::new(),
            notes: violation.notes,
        };
        self.fail(problem.at_part(path.route(), part, violation.label));
    }

    pub(super) fn place(&self, pointer: &Pointer, routes: &Routes) -> Path {
        let mut at = Some(pointer.clone());
        while let Some(pointer) = at {
            if let Some(path) = routes.values.get(&pointer) {
                return path.clone();
            }
            at = pointer.parent();
        }
        self.declared.props_path.clone()
    }
}

/// A list or an object whose texts that hold a JSON list or object are embedded, at any depth.
pub(super) fn spliced(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(inner).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, item)| (key, inner(item))).collect()),
        other => other,
    }
}

fn inner(value: Value) -> Value {
    match value {
        Value::String(_) => structure(value),
        other => spliced(other),
    }
}

/// Puts texts that hold JSON where the schema wants a list or an object and no text (stackql-compat 1.7): variables of
/// the command line can only be texts.
pub(super) fn embed(value: Value, schema: &ResourceSchema, node: &Node) -> Value {
    let node = schema.follow(node);
    let member = |key: &str| {
        let found = find_property(key, node.properties.keys().map(String::as_str)).unwrap_or(key);
        schema.member(node, found)
    };
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let value = match member(&key) {
                        Some(node) => embed(value, schema, node),
                        None => value,
                    };
                    (key, value)
                })
                .collect(),
        ),
        Value::Array(items) => match schema.element(node) {
            Some(node) => Value::Array(items.into_iter().map(|item| embed(item, schema, node)).collect()),
            None => Value::Array(items),
        },
        Value::Secret(secret) => embed(secret.expose().clone(), schema, node).hidden(),
        Value::String(text) if text.starts_with(['[', '{']) && wants_structure(node) => {
            structure(Value::String(text))
        }
        other => other,
    }
}

fn wants_structure(node: &Node) -> bool {
    (node.types.names(JsonType::Array) || node.types.names(JsonType::Object))
        && !node.types.names(JsonType::String)
}

/// Texts that hold a JSON list or object count as such; secrets are opened by those who hide the result again.
fn structure(value: Value) -> Value {
    let value = match value {
        Value::Secret(secret) => secret.expose().clone(),
        other => other,
    };
    match &value {
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            serde_json::from_str::<serde_json::Value>(text).map_or(value, Value::from)
        }
        _ => value,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::Secret(_) => "a secret",
        Value::Unknown(_) => "a value that is not known yet",
    }
}
