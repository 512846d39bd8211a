//! Reading nodes of the document with complaints that say where and what was expected.

use crate::codes;
use crate::iql::QueryFile;
use crate::model::{Spot, Tree};
use crate::parse::include::{Includes, argument};
use crate::path::Path;
use crate::report;
use crate::source_map::SourceMap;
use crate::template::Templates;
use serde_json::{Map, Value as Json};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Severity, nearest};
use stack_core::schema::Schemas;
use stack_core::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// One node of the document.
#[derive(Clone, Debug)]
pub(crate) struct Node<'j> {
    pub(crate) json: &'j Json,
    pub(crate) path: Path,
}

/// A mapping of the document.
#[derive(Clone, Debug)]
pub(crate) struct Members<'j> {
    pub(crate) map: &'j Map<String, Json>,
    pub(crate) path: Path,
}

/// What reading needs and collects.
pub(crate) struct Reader<'a> {
    pub(crate) problems: Diagnostics,
    pub(crate) templates: Templates,
    pub(crate) schemas: &'a dyn Schemas,
    pub(crate) env: &'a str,
    pub(crate) strict: bool,
    /// Places in every file that was read.
    pub(crate) places: SourceMap,
    pub(crate) includes: Includes<'a>,
    /// Query files by path, for those that several resources share.
    pub(crate) queries: HashMap<String, Arc<QueryFile>>,
}

impl<'j> Members<'j> {
    pub(crate) fn get(&self, key: &str) -> Option<Node<'j>> {
        self.map.get(key).map(|json| Node { json, path: self.path.key(key) })
    }

    /// As `get`; a null counts as absent.
    pub(crate) fn given(&self, key: &str) -> Option<Node<'j>> {
        self.get(key).filter(|node| !node.json.is_null())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'j str, Node<'j>)> + use<'_, 'j> {
        self.map.iter().map(|(key, json)| (key.as_str(), Node { json, path: self.path.key(key) }))
    }
}

impl<'j> Node<'j> {
    pub(crate) fn items(&self) -> Option<Vec<Node<'j>>> {
        let items = self.json.as_array()?;
        Some(items.iter().enumerate().map(|(i, json)| Node { json, path: self.path.index(i) }).collect())
    }

    pub(crate) fn members(&self) -> Option<Members<'j>> {
        self.json.as_object().map(|map| Members { map, path: self.path.clone() })
    }

    /// The text of a scalar, numbers and booleans as written in JSON.
    pub(crate) fn scalar(&self) -> Option<String> {
        match self.json {
            Json::String(s) => Some(s.clone()),
            Json::Number(n) => Some(n.to_string()),
            Json::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }
}

/// What a node is, for people.
pub(crate) fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "empty",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    }
}

impl Reader<'_> {
    pub(crate) fn push(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Complains about the form of a node.
    pub(crate) fn wrong(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let part = if node.json.is_null() { Part::Key } else { Part::Value };
        self.push(
            Diagnostic::error(
                codes::WRONG_NODE,
                format!("{what} must be {expected}, not {}", kind_of(node.json)),
            )
            .at_part(node.path.route(), part, ""),
        );
    }

    pub(crate) fn mapping<'j>(&mut self, node: &Node<'j>, what: &str) -> Option<Members<'j>> {
        let members = node.members();
        if members.is_none() {
            self.wrong(node, what, "a mapping");
        }
        members
    }

    /// A list; a null is an empty one.
    pub(crate) fn list<'j>(&mut self, node: &Node<'j>, what: &str) -> Vec<Node<'j>> {
        if node.json.is_null() {
            return Vec::new();
        }
        node.items().unwrap_or_else(|| {
            self.wrong(node, what, "a list");
            Vec::new()
        })
    }

    pub(crate) fn text(&mut self, node: &Node<'_>, what: &str) -> Option<String> {
        let text = node.scalar();
        if text.is_none() {
            self.wrong(node, what, "a text");
        }
        text
    }

    pub(crate) fn texts(&mut self, node: &Node<'_>, what: &str) -> Vec<(String, Path)> {
        let items = self.list(node, what);
        items
            .into_iter()
            .filter_map(|i| Some((self.text(&i, &format!("an element of {what}"))?, i.path)))
            .collect()
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, what: &str) -> bool {
        match node.json {
            Json::Bool(b) => *b,
            _ => {
                self.wrong(node, what, "true or false");
                false
            }
        }
    }

    /// Complains about keys that the format does not have.
    pub(crate) fn keys(&mut self, members: &Members<'_>, what: &str, known: &[&str]) {
        for key in members.map.keys().map(String::as_str) {
            if known.contains(&key) {
                continue;
            }
            let near = nearest(key, known.iter().copied());
            let mut problem = Diagnostic::warning(codes::UNKNOWN_KEY, format!("{what} has no key `{key}`"))
                .at_key(
                    members.path.key(key).route(),
                    near.map_or_else(String::new, |near| format!("did you mean `{near}`?")),
                );
            if self.strict {
                problem.severity = Severity::Error;
            }
            self.push(problem.next("remove it, or correct its spelling: it has no effect"));
        }
    }

    /// A value with its texts compiled.
    pub(crate) fn spot(&mut self, node: &Node<'_>) -> Spot {
        Spot { tree: self.tree(node.json, &node.path), path: node.path.clone() }
    }

    /// As `spot`, where `file(…)` takes the value from a file.
    pub(crate) fn value(&mut self, node: &Node<'_>) -> Spot {
        let before = std::mem::replace(&mut self.includes.allowed, true);
        let spot = self.spot(node);
        self.includes.allowed = before;
        spot
    }

    /// As `tree`; plain scalars need no path.
    fn nested(&mut self, json: &Json, path: impl FnOnce() -> Path) -> Tree {
        match json {
            Json::String(text) if !Templates::is_template(text) && argument(text).is_none() => {
                Tree::Literal(Value::text(text.as_str()))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => Tree::Literal(Value::from(json)),
            _ => self.tree(json, &path()),
        }
    }

    pub(crate) fn tree(&mut self, json: &Json, path: &Path) -> Tree {
        self.includes.depth += 1;
        let tree = self.whole(json, path);
        self.includes.depth -= 1;
        tree
    }

    fn whole(&mut self, json: &Json, path: &Path) -> Tree {
        match json {
            Json::String(text) if argument(text).is_some() => self.file(text, path),
            Json::String(text) if Templates::is_template(text) => match self.templates.compile(text) {
                Ok(id) => Tree::Template(id),
                Err(failure) => {
                    let problem = report::template(&failure, text, &path.route(), &report::Names::default());
                    self.problems.extend(problem);
                    Tree::Broken
                }
            },
            Json::Array(items) => {
                let trees: Vec<Tree> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.nested(item, || path.index(index)))
                    .collect();
                if trees.iter().all(|t| matches!(t, Tree::Literal(_))) {
                    return Tree::Literal(Value::from(json));
                }
                Tree::List(trees)
            }
            Json::Object(map) => {
                let members: Vec<(String, Tree)> = map
                    .iter()
                    .map(|(key, item)| (key.clone(), self.nested(item, || path.key(key))))
                    .collect();
                if members.iter().all(|(_, t)| matches!(t, Tree::Literal(_))) {
                    return Tree::Literal(Value::from(json));
                }
                Tree::Map(members)
            }
            other => Tree::Literal(Value::from(other)),
        }
    }
}
