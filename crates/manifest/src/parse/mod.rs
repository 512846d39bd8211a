//! From the document to declarations.

mod flow;
mod include;
mod node;
mod props;
mod resource;
mod settings;

pub(crate) use flow::shifted;
pub(crate) use include::Includes;
pub(crate) use node::{Node, Reader};

use crate::codes;
use crate::model::{GlobalDecl, ResourceDecl, SettingsDecl, StackExportDecl};
use crate::path::Path;
use crate::template::{Templates, alias};
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Part, Route};
use std::collections::HashMap;

/// Everything that the manifest declares.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) name: Option<String>,
    pub(crate) description: String,
    pub(crate) providers: Vec<String>,
    pub(crate) globals: Vec<GlobalDecl>,
    pub(crate) resources: Vec<ResourceDecl>,
    pub(crate) exports: Vec<StackExportDecl>,
    pub(crate) settings: SettingsDecl,
    /// Environments that the manifest mentions, in its order.
    pub(crate) environments: Vec<String>,
}

const TOP_KEYS: &[&str] =
    &["version", "name", "description", "providers", "globals", "resources", "exports", "settings"];
const GLOBAL_KEYS: &[&str] = &["name", "value", "description", "sensitive"];

/// Names of all resources, as far as they can be read. Templates need them before anything is compiled.
pub(crate) fn resource_names(document: &Json) -> impl Iterator<Item = &str> {
    let resources = document.get("resources").and_then(Json::as_array);
    resources.into_iter().flatten().filter_map(|r| r.get("name")?.as_str())
}

/// Names among the stack's exports that are no identifiers of the template language, but names of globals or of exports of
/// resources: the predecessor looks exports up by name (stackql-compat 1.9).
pub(crate) fn exported_names(document: &Json) -> Vec<&str> {
    let list = |of: &'_ Json, key: &str| of.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let mut defined: Vec<String> = list(document, "globals")
        .iter()
        .filter_map(|global| Some(global.get("name")?.as_str()?.to_owned()))
        .chain(resource_names(document).map(str::to_owned))
        .collect();
    for item in list(document, "resources").iter().flat_map(|resource| list(resource, "exports")) {
        let renamed = item.as_object().into_iter().flat_map(|map| map.values());
        defined.extend(renamed.chain([&item]).filter_map(|name| Some(name.as_str()?.to_owned())));
    }
    let is_defined = |name: &str| defined.iter().any(|known| known == name);
    let exports = document.get("exports").and_then(Json::as_array).into_iter().flatten();
    exports
        .flat_map(|item| item.as_str().into_iter().chain(item.as_object().into_iter().flat_map(keys)))
        .filter(|name| is_defined(name) && !is_defined(&alias(name)))
        .collect()
}

fn keys(map: &serde_json::Map<String, Json>) -> impl Iterator<Item = &str> {
    map.keys().map(String::as_str)
}

impl Reader<'_> {
    /// Reads the whole document. `None` if it is no mapping.
    pub(crate) fn document(&mut self, document: &Json) -> Option<Declared> {
        let root = Node { json: document, path: Path::default() };
        if document.is_null() {
            self.push(
                Diagnostic::error(codes::NOT_ONE_DOCUMENT, "the manifest is empty")
                    .at_part(Route::default(), Part::Within(0..0), "")
                    .next("write at least `name:` and `resources:`; `stack-deploy init` makes a working example"),
            );
            return None;
        }
        let top = self.mapping(&root, "a manifest")?;
        self.keys(&top, "a manifest", TOP_KEYS);
        let mut declared = Declared::default();
        mentioned_environments(document, &mut declared.environments);
        declared.name = top.given("name").and_then(|n| self.text(&n, "`name`")).filter(|n| !n.is_empty());
        if let Some(node) = top.given("description") {
            declared.description = self.text(&node, "`description`").unwrap_or_default();
        }
        if let Some(node) = top.given("version")
            && !node.json.is_u64()
        {
            self.wrong(&node, "`version`", "a whole number");
        }
        if let Some(node) = top.get("providers") {
            declared.providers = self.texts(&node, "`providers`").into_iter().map(|(text, _)| text).collect();
        }
        if let Some(node) = top.given("settings") {
            declared.settings = self.settings(&node);
        }
        if let Some(node) = top.get("globals") {
            declared.globals = self.globals(&node);
        }
        match top.get("resources") {
            Some(node) => declared.resources = self.resources(&node),
            None => self.push(
                Diagnostic::error(codes::MISSING_KEY, "the manifest has no `resources`")
                    .at_part(Route::default(), Part::Within(0..0), "")
                    .next("add `resources:`, a list of what is to exist"),
            ),
        }
        if let Some(node) = top.get("exports") {
            declared.exports = self.stack_exports(&node);
        }
        Some(declared)
    }

    fn globals(&mut self, node: &Node<'_>) -> Vec<GlobalDecl> {
        let mut seen: HashMap<String, Path> = HashMap::new();
        let mut out = Vec::new();
        for item in self.list(node, "`globals`") {
            let Some(members) = self.mapping(&item, "a global") else { continue };
            self.keys(&members, "a global", GLOBAL_KEYS);
            let Some(name) = self.name(&members, "this global") else { continue };
            self.once(&mut seen, &name, &members.path.key("name"), "global");
            let sensitive = members.given("sensitive").is_some_and(|n| self.boolean(&n, "`sensitive`"));
            let value = match members.given("value") {
                Some(value) if value.json.as_str() != Some("") => Some(self.value(&value)),
                other => {
                    let at =
                        if other.is_some() { members.path.key("value") } else { members.path.key("name") };
                    self.push(
                        Diagnostic::error(codes::EMPTY_GLOBAL, format!("the global `{name}` is empty"))
                            .at(at.route(), "")
                            .next("give it a `value`, or remove it"),
                    );
                    None
                }
            };
            out.push(GlobalDecl { name, value, sensitive, path: members.path });
        }
        out
    }

    fn stack_exports(&mut self, node: &Node<'_>) -> Vec<StackExportDecl> {
        let mut out = Vec::new();
        for item in self.list(node, "`exports`") {
            if let Some(text) = item.scalar() {
                self.stack_export(text.clone(), &text, &item, false, &mut out);
                continue;
            }
            let Some(members) = self.mapping(&item, "an export") else { continue };
            for (key, value) in members.iter() {
                let Some(text) = self.text(&value, "an export") else { continue };
                if Templates::is_template(&text) {
                    // name: "{{ expression }}"
                    let spot = self.spot(&value);
                    out.push(StackExportDecl {
                        name: key.to_owned(),
                        expression: text,
                        value: spot,
                        on_key: false,
                    });
                } else {
                    // variable: name
                    self.stack_export(text, key, &value, true, &mut out);
                }
            }
        }
        out
    }

    fn stack_export(
        &mut self,
        name: String,
        variable: &str,
        node: &Node<'_>,
        on_key: bool,
        out: &mut Vec<StackExportDecl>,
    ) {
        if let Some(template) = self.expression(variable, &node.path) {
            let value =
                crate::model::Spot { tree: crate::model::Tree::Template(template), path: node.path.clone() };
            out.push(StackExportDecl { name, expression: variable.to_owned(), value, on_key });
        }
    }

    /// Compiles a bare name or expression.
    pub(crate) fn expression(&mut self, text: &str, path: &Path) -> Option<crate::template::TemplateId> {
        match self.templates.compile_expression(text) {
            Ok(id) => Some(id),
            Err(failure) => {
                let problem =
                    crate::report::template(&failure, text, &path.route(), &crate::report::Names::default());
                self.problems.extend(problem);
                None
            }
        }
    }

    /// The required `name`.
    pub(crate) fn name(&mut self, members: &node::Members<'_>, what: &str) -> Option<String> {
        match members.given("name") {
            Some(node) => self.text(&node, "`name`").filter(|name| {
                let given = !name.is_empty();
                if !given {
                    self.push(
                        Diagnostic::error(codes::MISSING_KEY, format!("{what} has an empty `name`"))
                            .at(node.path.route(), ""),
                    );
                }
                given
            }),
            None => {
                self.push(
                    Diagnostic::error(codes::MISSING_KEY, format!("{what} has no `name`"))
                        .at(members.path.route(), "")
                        .next("add `name:`"),
                );
                None
            }
        }
    }

    /// Complains about a name that is used a second time.
    pub(crate) fn once(&mut self, seen: &mut HashMap<String, Path>, name: &str, path: &Path, what: &str) {
        match seen.get(name) {
            Some(first) => {
                let problem =
                    Diagnostic::error(codes::DUPLICATE_NAME, format!("there are two {what}s named `{name}`"))
                        .at(path.route(), "again here")
                        .at(first.route(), "first here");
                self.push(problem);
            }
            None => {
                seen.insert(name.to_owned(), path.clone());
            }
        }
    }
}

/// Environments named by `values` and by settings.
fn mentioned_environments(document: &Json, out: &mut Vec<String>) {
    let mut add = |name: &String| {
        if !out.contains(name) {
            out.push(name.clone());
        }
    };
    fn props(list: &Json, add: &mut impl FnMut(&String)) {
        for prop in list.as_array().into_iter().flatten() {
            if let Some(values) = prop.get("values").and_then(Json::as_object) {
                values.keys().for_each(&mut *add);
            }
            if let Some(inner) = prop.get("props") {
                props(inner, add);
            }
        }
    }
    for resource in document.get("resources").and_then(Json::as_array).into_iter().flatten() {
        if let Some(list) = resource.get("props") {
            props(list, &mut add);
        }
    }
    for key in ["accounts", "regions", "profile", "assume_role", "role_arn", "on_failure", "ownership_tags"] {
        if let Some(map) = document.get("settings").and_then(|s| s.get(key)).and_then(Json::as_object) {
            map.keys().for_each(&mut add);
        }
    }
}
