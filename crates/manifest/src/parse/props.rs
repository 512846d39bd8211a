//! `props`: a plain map, or the list form with `value`, `values`, `merge` and nested `props` (stackql-compat 1.4).

use crate::codes;
use crate::model::{MergeDecl, PropBody, PropDecl};
use crate::parse::node::{Members, Node, Reader, kind_of};
use crate::path::Path;
use stack_core::diagnostic::{Diagnostic, Part, nearest};
use std::collections::HashMap;

const PROP_KEYS: &[&str] = &["name", "value", "values", "merge", "props", "description", "sensitive"];

/// What the providers' documentation prints in place of values.
const PLACEHOLDERS: &[&str] = &["string", "integer", "boolean", "array", "object", "number"];

impl Reader<'_> {
    /// All props of a resource, in order.
    pub(crate) fn props(&mut self, node: &Node<'_>) -> Vec<PropDecl> {
        if let Some(members) = node.members() {
            return self.plain_props(&members);
        }
        if node.json.is_null() {
            return Vec::new();
        }
        if !node.json.is_array() {
            self.wrong(node, "`props`", "a list or a mapping");
            return Vec::new();
        }
        let mut seen: HashMap<String, Path> = HashMap::new();
        let mut out = Vec::new();
        for item in self.list(node, "`props`") {
            let Some(members) = self.mapping(&item, "a prop") else { continue };
            self.keys(&members, "a prop", PROP_KEYS);
            let Some(name) = self.name(&members, "this prop") else { continue };
            let name_path = members.path.key("name");
            self.once(&mut seen, &name, &name_path, "prop");
            out.push(self.prop(name, &members));
        }
        out
    }

    fn plain_props(&mut self, members: &Members<'_>) -> Vec<PropDecl> {
        let mut out = Vec::new();
        for (name, node) in members.iter() {
            self.placeholder(name, &node);
            out.push(PropDecl {
                name: name.to_owned(),
                name_at: (node.path.clone(), Part::Key),
                body: PropBody::Value(self.value(&node)),
                merge: Vec::new(),
                sensitive: false,
                path: node.path,
                from_env: false,
            });
        }
        out
    }

    fn prop(&mut self, name: String, members: &Members<'_>) -> PropDecl {
        let name_path = members.path.key("name");
        let sensitive = members.given("sensitive").is_some_and(|n| self.boolean(&n, "`sensitive`"));
        let merge = members.given("merge").map_or_else(Vec::new, |n| self.merge_names(&n));
        let mut from_env = false;
        let mut path = members.path.clone();
        let body = if let Some(value) = members.given("value") {
            self.placeholder(&name, &value);
            path.clone_from(&value.path);
            PropBody::Value(self.value(&value))
        } else if let Some(values) = members.given("values") {
            let body = self.values(&name, &values);
            if let PropBody::Value(spot) = &body {
                path.clone_from(&spot.path);
                from_env = true;
            }
            body
        } else if let Some(inner) = members.given("props") {
            path.clone_from(&inner.path);
            let inner_props = self.props(&inner);
            PropBody::Nested(inner_props)
        } else if !merge.is_empty() {
            PropBody::Nothing
        } else {
            let null = members.get("value").is_some();
            let at = members.path.key(if null { "value" } else { "name" });
            let next = if null {
                "a null counts as absent here; to remove a property write `props` as a mapping with a null"
            } else {
                "give it one of `value`, `values`, `merge` or `props`"
            };
            let problem =
                Diagnostic::error(codes::PROP_WITHOUT_VALUE, format!("the prop `{name}` has no value"))
                    .at_part(at.route(), if null { Part::Key } else { Part::Value }, "")
                    .next(next);
            PropBody::Problem(Box::new(problem))
        };
        PropDecl { name, name_at: (name_path, Part::Value), body, merge, sensitive, path, from_env }
    }

    /// `values.<env>.value`
    fn values(&mut self, name: &str, node: &Node<'_>) -> PropBody {
        let Some(members) = self.mapping(node, "`values`") else {
            return PropBody::Value(crate::model::Spot {
                tree: crate::model::Tree::Broken,
                path: node.path.clone(),
            });
        };
        let Some(entry) = members.get(self.env) else {
            let near = nearest(self.env, members.map.keys().map(String::as_str));
            let known: Vec<&str> = members.map.keys().map(String::as_str).collect();
            let label = near.map_or_else(
                || format!("it has values for {}", known.join(", ")),
                |near| format!("did you mean the environment `{near}`?"),
            );
            let problem = Diagnostic::error(
                codes::NO_VALUE_FOR_ENV,
                format!("the prop `{name}` has no value for the environment {}", self.env),
            )
            .at_key(node.path.route(), label)
            .next(format!("add `{}: {{ value: … }}`, or use `value` for all environments", self.env));
            return PropBody::Problem(Box::new(problem));
        };
        let Some(entry_members) = entry.members() else {
            self.push(
                Diagnostic::error(
                    codes::WRONG_NODE,
                    format!(
                        "a value for an environment must be a mapping with `value`, not {}",
                        kind_of(entry.json)
                    ),
                )
                .at(entry.path.route(), "")
                .next(format!("write `{}: {{ value: … }}`", self.env)),
            );
            return PropBody::Value(crate::model::Spot {
                tree: crate::model::Tree::Broken,
                path: entry.path,
            });
        };
        self.keys(&entry_members, "a value for an environment", &["value", "description"]);
        match entry_members.given("value") {
            Some(value) => {
                self.placeholder(name, &value);
                PropBody::Value(self.value(&value))
            }
            None => PropBody::Problem(Box::new(
                Diagnostic::error(
                    codes::PROP_WITHOUT_VALUE,
                    format!("the prop `{name}` has no value for the environment {}", self.env),
                )
                .at_key(entry.path.route(), "")
                .next("give it a `value`"),
            )),
        }
    }

    fn merge_names(&mut self, node: &Node<'_>) -> Vec<MergeDecl> {
        let mut out = Vec::new();
        for (name, path) in self.texts(node, "`merge`") {
            if let Some(template) = self.expression(&name, &path) {
                out.push(MergeDecl { name, template, path });
            }
        }
        out
    }

    /// Warns about a pasted skeleton. Only whole props are looked at: nested, such words may be meant.
    fn placeholder(&mut self, name: &str, node: &Node<'_>) {
        if let Some(text) = node.json.as_str().filter(|text| PLACEHOLDERS.contains(text)) {
            self.push(
                Diagnostic::warning(codes::PLACEHOLDER, format!("the prop `{name}` is literally `{text}`"))
                    .at(node.path.route(), "this is the documentation's placeholder")
                    .next("write the value that you want"),
            );
        }
    }
}
