//! Resources of type `resource`, `multi`, `query`, `command` and `script` (stackql-compat 1.3, 2.5 and 2.10).

use crate::codes;
use crate::flow::{Flow, FlowKind, KINDS, Returned, Returns, Statements};
use crate::iql::{AnchorKind, QueryFile, has_code, table_of};
use crate::model::{AuthDecl, Body, FlowDecl, Kind, ResourceDecl, Spot, Tree, Understandable};
use crate::parse::node::{Members, Node, Reader};
use crate::path::Path;
use crate::report;
use crate::source_map::SourceFile;
use crate::template::engine::{FILTERS, TESTS};
use crate::template::occurrences::operations;
use crate::template::{Failure, FailureKind, Templates};
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route, Severity, nearest};
use stack_core::value::Value;
use std::sync::Arc;

/// Keys of `auth` (stackql-compat 1.3): those that name variables, and the plain ones of the providers.
const AUTH_KEYS: &[&str] = &[
    "type",
    "username_var",
    "password_var",
    "credentialsenvvar",
    "keyIDenvvar",
    "credentialsfilepath",
    "keyID",
    "username",
    "password",
    "account",
    "location",
    "name",
    "valuePrefix",
];
/// Anchors of a file whose checks are derived.
const DERIVABLE: &[AnchorKind] = &[AnchorKind::Create, AnchorKind::Update, AnchorKind::Delete];
const RETURN_KEYS: &[&str] = &["create", "update", "delete"];

/// Keys that mean something only for some kinds. `None` stands for dotted types.
fn has_effect(key: &str, kind: Option<FlowKind>) -> bool {
    use FlowKind::{Command, Multi, Query, Resource, Script};
    match key {
        "sql" => matches!(kind, Some(Query | Command)),
        "run" => matches!(kind, Some(Script)),
        "file" => kind.is_some_and(|kind| kind != Script),
        "return_vals" | "skip_validation" => matches!(kind, Some(Resource | Multi)),
        "exports" | "protected" => kind != Some(Command),
        "state" | "formerly" => matches!(kind, None | Some(Resource)),
        _ => true,
    }
}

/// The kind that a type names.
pub(crate) fn kind_of(ty: &str) -> Option<FlowKind> {
    KINDS.iter().find(|(name, _)| *name == ty).map(|(_, kind)| *kind)
}

impl Reader<'_> {
    /// Warns about keys that have no effect on this kind of resource.
    pub(crate) fn without_effect(
        &mut self,
        name: &str,
        ty: &str,
        kind: Option<FlowKind>,
        members: &Members<'_>,
    ) {
        for key in [
            "sql",
            "run",
            "file",
            "return_vals",
            "skip_validation",
            "exports",
            "protected",
            "state",
            "formerly",
        ] {
            let empty =
                |node: &Node<'_>| node.json.as_array().is_some_and(Vec::is_empty) || node.json == false;
            if has_effect(key, kind) || members.given(key).is_none_or(|node| empty(&node)) {
                continue;
            }
            let what =
                kind.map_or_else(|| "a resource of a dotted type".to_owned(), |_| format!("type `{ty}`"));
            self.no_effect(
                Diagnostic::warning(codes::NO_EFFECT, format!("{name}: `{key}` has no effect on {what}"))
                    .at_key(members.path.key(key).route(), "")
                    .next("remove it"),
            );
        }
    }

    fn no_effect(&mut self, mut problem: Diagnostic) {
        if self.strict {
            problem.severity = Severity::Error;
        }
        self.push(problem);
    }

    /// Everything about a resource of these kinds but its props and exports.
    pub(crate) fn flow(&mut self, name: &str, kind: FlowKind, members: &Members<'_>) -> Kind {
        let mut bodies = Vec::new();
        let mut run = None;
        let mut inline = None;
        let mut place = members.path.key("name");
        let statements = match (kind, members.given("sql"), members.given("run")) {
            (FlowKind::Script, _, Some(node)) => {
                let text = self.text(&node, "`run`").unwrap_or_default();
                run = Some(self.script(&text, &node));
                Statements::Script(text)
            }
            (FlowKind::Script, _, None) => {
                self.push(
                    Diagnostic::error(codes::MISSING_KEY, format!("the script {name} has no `run`"))
                        .at(members.path.key("name").route(), "")
                        .next("add `run:`, the command that is to run"),
                );
                Statements::Missing
            }
            (FlowKind::Query | FlowKind::Command, Some(node), _) => {
                if let Some(file) = members.given("file") {
                    self.no_effect(
                        Diagnostic::warning(
                            codes::NO_EFFECT,
                            format!("{name}: `file` has no effect beside `sql`"),
                        )
                        .at_key(file.path.route(), "")
                        .next("keep one of the two"),
                    );
                }
                let text = self.text(&node, "`sql`").unwrap_or_default();
                self.inline(&text, &node, &mut bodies);
                inline = Some(node.path);
                Statements::Inline(text)
            }
            _ => self.statements_of_file(name, members, &mut place),
        };
        let returns = members.given("return_vals").map_or_else(Returns::default, |n| self.returns(&n));
        let skip = members.given("skip_validation");
        let flow = Flow {
            kind,
            statements,
            returns,
            skip_validation: skip.is_some_and(|n| self.boolean(&n, "`skip_validation`")),
            auth: Vec::new(),
        };
        let table = self.table(&flow);
        let about = table.as_deref().and_then(|table| self.about(table));
        let rules = about.is_none() || !self.is_derivable(&flow);
        let first_table = self.first_table(&flow);
        let decl = FlowDecl { flow, bodies, run, inline, first_table, table, about, rules };
        Kind::Flow(Box::new(self.of_file(name, decl, &place)))
    }

    /// The table of the first statement that names one.
    fn first_table(&self, flow: &Flow) -> Option<String> {
        match &flow.statements {
            Statements::File { path, file } => {
                let (_, text) = self.places.file(&Path::root_of(path).route())?;
                file.anchors.iter().find_map(|anchor| table_of(text.get(anchor.body.clone())?))
            }
            Statements::Inline(text) => table_of(text),
            Statements::Script(_) | Statements::Missing => None,
        }
    }

    /// Checks and compiles the statements of a file.
    fn of_file(&mut self, name: &str, mut decl: FlowDecl, place: &Path) -> FlowDecl {
        if let Statements::File { path, file } = &decl.flow.statements {
            self.required(name, &decl, path, file, place);
            self.bodies(path, file, decl.rules, &mut decl.bodies);
        }
        decl
    }

    /// The table that the INSERT of a resource names.
    fn table(&self, flow: &Flow) -> Option<String> {
        let Statements::File { path, file } = &flow.statements else { return None };
        if !matches!(flow.kind, FlowKind::Resource | FlowKind::Multi) {
            return None;
        }
        let (_, text) = self.places.file(&Path::root_of(path).route())?;
        let makes = file.get(AnchorKind::Create).or_else(|| file.get(AnchorKind::CreateOrUpdate))?;
        table_of(text.get(makes.body.clone())?)
    }

    /// The resource type that a table stands for, if it is one of those that we know.
    fn about(&self, table: &str) -> Option<Understandable> {
        let ty = self.schemas.canonical(table).ok()?;
        let schema = self.schemas.schema(&ty).ok()?;
        Some(Understandable { ty, schema, table: table.to_owned() })
    }

    /// True if a file has only statements from which the checks can be derived (DESIGN section 4). Where the user's own
    /// checks are, they rule.
    fn is_derivable(&self, flow: &Flow) -> bool {
        let Statements::File { path, file } = &flow.statements else { return false };
        let text = self.places.file(&Path::root_of(path).route()).map(|(_, text)| text);
        // What stands before the first anchor runs together with it; only comments are nothing.
        let begins =
            text.and_then(|text| text.get(file.preamble.clone())).is_some_and(|text| !has_code(text));
        flow.kind == FlowKind::Resource
            && begins
            && file.has(AnchorKind::Create)
            && file.anchors.iter().all(|anchor| DERIVABLE.contains(&anchor.kind))
    }

    /// The text of a script. Other tools use braces too (`docker inspect --format '{{.Id}}'`), and the predecessor runs
    /// what it cannot render as it is written.
    fn script(&mut self, text: &str, node: &Node<'_>) -> Spot {
        let literal = || Tree::Literal(Value::text(text));
        let tree = match Templates::is_template(text).then(|| self.templates.compile(text)) {
            None => literal(),
            Some(Ok(id)) => Tree::Template(id),
            Some(Err(failure)) => {
                let problem = report::template(&failure, text, &node.path.route(), &report::Names::default());
                if let Some(mut problem) = problem {
                    problem.severity = Severity::Warning;
                    self.push(
                        problem.next(
                            "it runs as it is written; wrap foreign braces in {% raw %} … {% endraw %}",
                        ),
                    );
                }
                literal()
            }
        };
        Spot { tree, path: node.path.clone() }
    }

    fn inline(&mut self, text: &str, node: &Node<'_>, bodies: &mut Vec<Body>) {
        if !Templates::is_template(text) {
            return;
        }
        match self.templates.compile_statement(text) {
            Ok(template) => {
                self.problems.extend(unknown_operations(text, &node.path.route()));
                bodies.push(Body { template, path: node.path.clone(), offset: None, anchor: None });
            }
            Err(failure) => {
                let problem = report::template(&failure, text, &node.path.route(), &report::Names::default());
                self.problems.extend(problem);
            }
        }
    }

    /// The query file of a resource: `file`, else `<name>.iql`. `place` becomes where it is named.
    fn statements_of_file(&mut self, name: &str, members: &Members<'_>, place: &mut Path) -> Statements {
        let argument = match members.given("file") {
            Some(node) => {
                let text = self.text(&node, "`file`");
                *place = node.path;
                text
            }
            None => Some(format!("{name}.iql")),
        };
        match argument.and_then(|argument| self.query_file(name, &argument, place)) {
            Some((path, file)) => Statements::File { path, file },
            None => Statements::Missing,
        }
    }

    /// Reads the query file of a resource, once.
    fn query_file(&mut self, name: &str, argument: &str, place: &Path) -> Option<(String, Arc<QueryFile>)> {
        let key = self.inside(argument, place)?;
        if let Some(file) = self.queries.get(&key) {
            return Some((key, Arc::clone(file)));
        }
        let text = match self.file_text(&key, place) {
            Ok(text) => text,
            Err(problem) => {
                // Nobody knows what stands in it, so nothing goes on without a word of the user's.
                let next =
                    format!("put the file there; or leave the resource out of a run: --exclude {name}");
                let has_next = problem.notes.iter().any(|(key, _)| key == "next");
                self.push(if has_next { problem } else { problem.next(next) });
                return None;
            }
        };
        // Some editors put a mark at the beginning (U+FEFF), and the first anchor must begin its line.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (file, problems) = QueryFile::read(&text, &Path::root_of(&key).route());
        for problem in problems {
            self.no_effect(problem);
        }
        let file = Arc::new(file);
        self.places.add(&key, SourceFile::new(key.as_str(), text));
        self.queries.insert(key.clone(), Arc::clone(&file));
        Some((key, file))
    }

    /// Anchors that a kind cannot do without.
    fn required(&mut self, name: &str, decl: &FlowDecl, key: &str, file: &QueryFile, place: &Path) {
        let mut missing = |message: String, why: Option<String>, next: &str| {
            let problem = Diagnostic::error(codes::MISSING_ANCHOR, message).at(place.route(), "");
            let problem = why.into_iter().fold(problem, |problem, why| problem.note("why", why));
            self.push(problem.next(next));
        };
        match decl.flow.kind {
            FlowKind::Resource | FlowKind::Multi => {
                let makes = file.has(AnchorKind::Create) || file.has(AnchorKind::CreateOrUpdate);
                if !makes {
                    missing(
                        format!(
                            "{key} has no `create` and no `createorupdate`, so {name} could never be made"
                        ),
                        None,
                        "add `/*+ create */` and the INSERT below it",
                    );
                }
                // Where the type is known the checks are derived, as the documentation prints its files without any.
                let is_derived = decl.flow.kind == FlowKind::Resource && decl.about.is_some();
                if makes && !is_checked(file) && !file.has(AnchorKind::CreateOrUpdate) && !is_derived {
                    let why = (decl.flow.kind == FlowKind::Resource).then(|| match &decl.table {
                        Some(table) => format!("{table} is no table of a resource type that is built in"),
                        None => "the table of the INSERT is not written out".to_owned(),
                    });
                    missing(
                        format!(
                            "{key} has no `exists`, no `statecheck` and no `exports`, so nothing says whether {name} is there"
                        ),
                        why,
                        "add `/*+ exists */` and a SELECT below it",
                    );
                }
            }
            FlowKind::Query if !file.has(AnchorKind::Exports) => missing(
                format!("the query {name} has no statement: {key} has no `exports`"),
                None,
                "add `/*+ exports */` and the SELECT below it, or write `sql:` in the manifest",
            ),
            FlowKind::Command if !file.has(AnchorKind::Command) => missing(
                format!("the command {name} has no statement: {key} has no `command`"),
                None,
                "add `/*+ command */` and the statement below it, or write `sql:` in the manifest",
            ),
            FlowKind::Query | FlowKind::Command | FlowKind::Script => {}
        }
    }

    /// Compiles the statements of a file. Where these rule, what stands before the first anchor is a part of its statement.
    fn bodies(&mut self, key: &str, file: &QueryFile, rules: bool, bodies: &mut Vec<Body>) {
        let path = Path::root_of(key);
        let route = path.route();
        let Some(whole) = self.places.file(&route).map(|(_, text)| text) else { return };
        let part =
            |range: std::ops::Range<usize>| (range.start, whole.get(range).unwrap_or_default().to_owned());
        let mut parts: Vec<(usize, String, Option<AnchorKind>)> = Vec::new();
        if !rules || file.anchors.is_empty() {
            let (start, text) = part(file.preamble.clone());
            parts.push((start, text, None));
        }
        for anchor in &file.anchors {
            let (start, text) = if rules { file.placed(whole, anchor) } else { part(anchor.body.clone()) };
            parts.push((start, text, Some(anchor.kind)));
        }
        for (start, text, anchor) in parts.into_iter().filter(|(_, text, _)| Templates::is_template(text)) {
            let problems = match self.templates.compile_statement(&text) {
                Ok(template) => {
                    bodies.push(Body { template, path: path.clone(), offset: Some(start), anchor });
                    unknown_operations(&text, &route)
                }
                Err(failure) => {
                    report::template(&failure, &text, &route, &report::Names::default()).into_iter().collect()
                }
            };
            for problem in problems {
                let problem = shifted(problem, &route, start, text.len());
                // A file that several resources share is compiled for each.
                if !self.problems.contains(&problem) {
                    self.push(problem);
                }
            }
        }
    }

    /// `return_vals`
    fn returns(&mut self, node: &Node<'_>) -> Returns {
        let mut out = Returns::default();
        let Some(members) = self.mapping(node, "`return_vals`") else { return out };
        self.keys(&members, "`return_vals`", RETURN_KEYS);
        for (key, list) in
            [("create", &mut out.create), ("update", &mut out.update), ("delete", &mut out.delete)]
        {
            let Some(node) = members.given(key) else { continue };
            for item in self.list(&node, &format!("`return_vals.{key}`")) {
                match item.json {
                    Json::Object(map) if map.len() == 1 => {
                        for (column, value) in item.members().iter().flat_map(Members::iter) {
                            if let Some(variable) = self.text(&value, "the name of a returned value") {
                                list.push(Returned { column: column.to_owned(), variable });
                            }
                        }
                    }
                    Json::Object(_) | Json::Array(_) | Json::Null => {
                        self.wrong(
                            &item,
                            "a returned value",
                            "a column, or a mapping of one column to a name",
                        );
                    }
                    _ => {
                        let column = item.scalar().unwrap_or_default();
                        list.push(Returned { variable: column.clone(), column });
                    }
                }
            }
        }
        out
    }

    /// `auth`
    pub(crate) fn auth(&mut self, node: &Node<'_>) -> Vec<AuthDecl> {
        let Some(members) = self.mapping(node, "`auth`") else { return Vec::new() };
        self.keys(&members, "`auth`", AUTH_KEYS);
        let mut out = Vec::new();
        for (key, value) in members.iter() {
            if let Some(text) = self.text(&value, &format!("`auth.{key}`")) {
                out.push(AuthDecl { key: key.to_owned(), value: text, path: value.path });
            }
        }
        out
    }

    /// What is wrong with exports of these kinds, and with `protected`.
    pub(crate) fn check_exports(&mut self, resource: &ResourceDecl, members: &Members<'_>) {
        let Kind::Flow(flow) = &resource.kind else { return };
        if let (FlowKind::Script, Some(node)) = (flow.flow.kind, members.given("exports")) {
            for item in node.items().into_iter().flatten().filter(|item| item.json.is_object()) {
                self.no_effect(
                    Diagnostic::warning(
                        codes::NO_EFFECT,
                        format!("{}: exports of a script cannot be renamed", resource.address),
                    )
                    .at(item.path.route(), "this has no effect")
                    .next("write the names as the script prints them"),
                );
            }
        }
        if let (Statements::File { path, file }, Some(_)) = (&flow.flow.statements, resource.exports.first())
            && matches!(flow.flow.kind, FlowKind::Resource | FlowKind::Multi)
            && !file.has(AnchorKind::Exports)
            && (flow.about.is_none() || flow.flow.kind == FlowKind::Multi)
        {
            let message = format!("{} exports nothing: {path} has no `exports`", resource.address);
            self.no_effect(
                Diagnostic::warning(codes::MISSING_ANCHOR, message)
                    .at_key(members.path.key("exports").route(), "these have no values")
                    .next("add `/*+ exports */` and a SELECT of these columns below it"),
            );
        }
        let Some(node) = members.given("protected").filter(|_| flow.flow.kind != FlowKind::Command) else {
            return;
        };
        let names = || resource.exports.iter().flat_map(|e| [e.variable.as_str(), e.property.as_str()]);
        for item in node.items().into_iter().flatten() {
            let Some(name) = item.scalar().filter(|name| names().all(|known| known != name)) else {
                continue;
            };
            let label =
                nearest(&name, names()).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            self.no_effect(
                Diagnostic::warning(
                    codes::NO_EFFECT,
                    format!("{} protects `{name}`, which it does not export", resource.address),
                )
                .at(item.path.route(), label)
                .next("protected are names of exports"),
            );
        }
    }
}

/// True if a statement of the file says whether its resource is there.
fn is_checked(file: &QueryFile) -> bool {
    AnchorKind::CHECKS.iter().any(|kind| file.has(*kind))
}

/// Filters and tests that do not exist. Elsewhere evaluation finds them, but a statement is not evaluated before it runs.
fn unknown_operations(source: &str, route: &Route) -> Diagnostics {
    let mut out = Diagnostics::new();
    for (kind, at) in operations(source) {
        let name = &source[at.clone()];
        let known = if kind == "filter" { FILTERS } else { TESTS };
        if !known.contains(&name) {
            let failure = Failure { kind: FailureKind::Unknown(kind, name.to_owned()), range: Some(at) };
            out.extend(report::template(&failure, source, route, &report::Names::default()));
        }
    }
    out
}

/// A problem of a statement, with places counted from the beginning of its file.
pub(crate) fn shifted(mut problem: Diagnostic, file: &Route, offset: usize, length: usize) -> Diagnostic {
    for label in problem.labels.iter_mut().filter(|label| label.route == *file) {
        label.part = match &label.part {
            Part::Within(range) => Part::Within(range.start + offset..range.end + offset),
            Part::Value | Part::Key => Part::Within(offset..offset + length),
        };
    }
    problem
}
