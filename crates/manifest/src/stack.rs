//! The stack: a manifest read for one environment.

use crate::auth::AuthUse;
use crate::codes;
use crate::flow::{Flow, Statements};
use crate::inner::{At, Inner, Meaning, Start};
use crate::model::{Kind, PropBody, ResourceDecl};
use crate::parse::{Includes, Reader, exported_names, resource_names};
use crate::render;
use crate::render::draft::Drafts;
use crate::scope::Scope;
use crate::settings::{self, Settings};
use crate::source_map::{SourceFile, SourceMap};
use crate::sources::{MANIFEST_NAME, Options, Sources};
use crate::template::Templates;
use crate::{fate, graph, instances, yaml};
use indexmap::IndexMap;
use stack_core::desired::{Node, Outputs, Rendered, Resolver};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route};
use stack_core::ids::{Address, StackId};
use stack_core::redact::Redactor;
use stack_core::schema::Schemas;
use stack_core::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Errors that are shown, and warnings.
const MAX_SHOWN: usize = 100;

/// A manifest read for one environment. Renders its resources (see [`Resolver`]).
#[derive(Clone, Debug)]
pub struct Stack {
    inner: Arc<Inner>,
}

/// What became of a manifest.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The stack; `None` if the manifest could not be read at all. With errors it must not be deployed, but
    /// [`Stack::validate`] finds what else is wrong.
    pub stack: Option<Stack>,
    /// Everything that is wrong with the manifest as written.
    pub diagnostics: Diagnostics,
    /// Where things stand.
    pub source_map: Arc<SourceMap>,
}

/// One line of the manifest's `exports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackExport {
    /// The name that it is given.
    pub name: String,
    /// The expression that gives its value.
    pub expression: String,
    /// Where it stands.
    pub route: Route,
}

/// One export of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceExport {
    /// The variable.
    pub variable: String,
    /// The property, as written.
    pub property: String,
    /// Listed in `protected`.
    pub protected: bool,
}

/// A value that went into the stack from outside or by environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `env`, `globals` or `values.<environment>`.
    pub from: String,
    /// The value; a secret where it is sensitive. `None` if it differs between resources.
    pub value: Option<Value>,
    /// True if it must not be shown.
    pub sensitive: bool,
}

impl Stack {
    /// Everything that does not change any more.
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Reads a manifest. Everything that is wrong with it is found in one go.
    pub fn parse(sources: Sources, schemas: Arc<dyn Schemas>, options: Options) -> Parsed {
        let name = if sources.manifest_name.is_empty() {
            MANIFEST_NAME.to_owned()
        } else {
            sources.manifest_name.clone()
        };
        let mut file = SourceFile::new(name, sources.manifest);
        let mut problems = Diagnostics::new();
        let document = yaml::read("", &mut file, &mut problems);
        let mut places = SourceMap::default();
        places.add("", file);
        let Some(document) = document else {
            return Parsed { stack: None, diagnostics: problems, source_map: Arc::new(places) };
        };
        let mut reader = Reader {
            problems,
            templates: Templates::new(resource_names(&document).chain(exported_names(&document))),
            schemas: &*schemas,
            env: &sources.env,
            strict: options.strict,
            places,
            includes: Includes::new(&*sources.files, options.allow_outside_files),
            queries: HashMap::new(),
        };
        let declared = reader.document(&document);
        let Reader { mut problems, mut templates, places, .. } = reader;
        let places = Arc::new(places);
        templates.seal();
        let Some(declared) = declared else {
            return Parsed { stack: None, diagnostics: problems, source_map: places };
        };
        let stack_name = declared.name.clone().unwrap_or(sources.stack_dir);
        let id = StackId { name: stack_name, env: sources.env };
        let start = Start {
            id,
            declared: Arc::new(declared),
            templates: Arc::new(templates),
            places: Arc::clone(&places),
            schemas,
            variables: sources.variables,
            options,
        };
        // Instances need templates to be evaluated, and templates need to know the instances: two rounds.
        let expansions = instances::expand(&start, &mut problems);
        let fates = fate::fates(&start, &expansions, &mut problems);
        let mut inner = Inner::new(start, &expansions);
        inner.fates = fates;
        (inner.nodes, inner.to_absent) = graph::nodes(&inner, &mut problems);
        inner.learn_variables();
        let stack = Self { inner: Arc::new(inner) };
        // Settings are needed by every resource, so they are evaluated here, once.
        let scope = Scope::new(&stack.inner, None, &Outputs::new());
        let settings = settings::resolve(&stack.inner.declared.settings.values, &scope);
        problems.extend(scope.take_problems());
        stack.inner.set_settings(settings);
        Parsed { stack: Some(stack), diagnostics: sorted(problems, &places), source_map: places }
    }

    /// Renders every resource with nothing known, and collects what is wrong in this environment. Offline.
    pub fn validate(&self) -> Diagnostics {
        let mut all = Vec::new();
        let nothing = Outputs::new();
        for index in 0..self.inner.instances.all.len() {
            // What is wrong with one instance is mostly wrong with all of them.
            let (name, address) = (&self.inner.resource(index).address, self.inner.address(index));
            let found = render::resource(&self.inner, index, &nothing, true).problems.into_iter();
            let found = found.filter(|problem| problem.code != codes::DIFFERS);
            all.extend(found.map(|problem| {
                let same = if name == address {
                    None
                } else {
                    Some(problem.message.replace(address.as_str(), name.as_str()))
                };
                (problem, same)
            }));
        }
        if let Err(problems) = self.evaluate_exports(&nothing) {
            all.extend(problems.into_iter().map(|problem| (problem, None)));
        }
        all.extend(self.inner.absent_exports().into_iter().map(|problem| (problem, None)));
        all.extend(self.inner.literal_patch().into_iter().map(|problem| (problem, None)));
        sorted(once(all), &self.inner.places)
    }

    /// What this version reads but cannot carry out yet: one error per resource that is wanted in this environment. A plan
    /// must not be made where there is one; a validation shows them as warnings.
    pub fn cannot_run(&self) -> Diagnostics {
        let mut out = Diagnostics::new();
        let nothing = Outputs::new();
        for (declaration, resource) in self.inner.declared.resources.iter().enumerate() {
            let all = self.inner.instances.group(declaration).all.clone();
            let wanted = |index: usize| {
                let outcome = render::resource(&self.inner, index, &nothing, true);
                outcome.rendered != Some(Rendered::Skipped)
            };
            let problems: Diagnostics =
                [self.cannot_run_kind(resource), auth(resource)].into_iter().flatten().collect();
            if !problems.is_empty() && all.into_iter().any(wanted) {
                out.extend(problems);
            }
        }
        sorted(out, &self.inner.places)
    }

    /// The credentials that resources ask for by `auth`, each once, with what the manifest's own variables give.
    ///
    /// # Errors
    /// One for each that waits for a resource, and for variables that mean different values in two resources.
    pub fn credentials(&self) -> Result<Vec<AuthUse>, Diagnostics> {
        let mut all: Vec<AuthUse> = Vec::new();
        let mut problems = Diagnostics::new();
        for index in 0..self.inner.instances.all.len() {
            match render::credential(&self.inner, index) {
                None => {}
                Some(Err(problem)) => problems.push(*problem),
                Some(Ok(used)) => match all.iter().find(|known| known.auth == used.auth) {
                    None => all.push(used),
                    Some(known) if known.values == used.values => {}
                    Some(known) => {
                        let message = format!(
                            "{} and {} have one `auth` whose variables have different values",
                            known.address, used.address
                        );
                        let problem = Diagnostic::error(codes::BAD_AUTH, message).at(used.at, "");
                        problems.push(problem.next("use variables of different names"));
                    }
                },
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(sorted(problems, &self.inner.places)) }
    }

    /// Why this version cannot run the statements of a resource.
    fn cannot_run_kind(&self, resource: &ResourceDecl) -> Option<Diagnostic> {
        let Kind::Flow(flow) = &resource.kind else { return None };
        if !flow.is_derived() || self.inner.options.statements.is_some() {
            return None;
        }
        let message = format!("{}: statements cannot be understood here", resource.address);
        let key = if resource.has_type { "type" } else { "name" };
        let problem = Diagnostic::error(codes::NOT_YET, message).at(resource.path.key(key).route(), "");
        Some(problem.next("give it a dotted type such as `awscc.s3.buckets`, which needs no query file"))
    }

    /// What is declared of a resource with statements of its own; `None` for dotted types.
    pub fn flow(&self, address: &Address) -> Option<&Flow> {
        let index = self.inner.instances.at(address.as_str())?;
        match &self.inner.resource(index).kind {
            Kind::Flow(flow) => Some(&flow.flow),
            Kind::Typed(..) | Kind::Unusable => None,
        }
    }

    /// The statements of a resource, before they run; `None` for dotted types, and for what is not wanted here.
    pub fn drafts(&self, address: &Address, outputs: &Outputs) -> Option<Drafts> {
        Drafts::of(&self.inner, self.inner.instances.at(address.as_str())?, outputs)
    }

    /// `name` of the manifest, else the stack folder's.
    pub fn name(&self) -> &str {
        &self.inner.id.name
    }

    /// `description`
    pub fn description(&self) -> &str {
        &self.inner.declared.description
    }

    /// The region of resources that name none: the global or variable `region`, else the caller's.
    pub fn default_region(&self) -> Option<String> {
        let inner = &self.inner;
        let scope = Scope::new(inner, None, &Outputs::new());
        inner
            .global_index("region")
            .and_then(|index| scope.global(index))
            .and_then(|value| value.scalar_text())
            .or_else(|| inner.variables.get("region").cloned())
            .or_else(|| inner.options.default_region.as_ref().map(ToString::to_string))
    }

    /// `providers`, as written.
    pub fn providers(&self) -> &[String] {
        &self.inner.declared.providers
    }

    /// `settings`, resolved for this environment.
    pub fn settings(&self) -> &Settings {
        self.inner.settings()
    }

    /// Environments that the manifest mentions, in its order.
    pub fn environments(&self) -> &[String] {
        &self.inner.declared.environments
    }

    /// The resources that a problem is about: those at whose entry, or in whose query file, it stands. Empty where it is about
    /// something else.
    pub fn concerned(&self, problem: &Diagnostic) -> Vec<&Address> {
        let Some(label) = problem.labels.first() else { return Vec::new() };
        let is_of = |resource: &ResourceDecl| match &resource.kind {
            Kind::Flow(flow) if !label.route.file.is_empty() => {
                matches!(&flow.flow.statements, Statements::File { path, .. } if *path == label.route.file)
            }
            _ => label.route.file.is_empty() && label.route.steps.starts_with(&resource.path.route().steps),
        };
        let inner = &self.inner;
        let all = inner.declared.resources.iter().enumerate().filter(|(_, resource)| is_of(resource));
        let instances = all.flat_map(|(declaration, resource)| {
            let own = inner.instances.group(declaration).all.clone().map(|index| inner.address(index));
            std::iter::once(&resource.address).chain(own)
        });
        let mut out: Vec<&Address> = instances.collect();
        out.dedup();
        out
    }

    /// Where things stand.
    pub fn source_map(&self) -> &Arc<SourceMap> {
        &self.inner.places
    }

    /// The manifest's `exports`, in its order.
    pub fn exports(&self) -> Vec<StackExport> {
        let exports = self.inner.declared.exports.iter();
        exports
            .map(|e| StackExport {
                name: e.name.clone(),
                expression: e.expression.clone(),
                route: e.value.path.route(),
            })
            .collect()
    }

    /// The exports of a resource, in its order.
    pub fn resource_exports(&self, address: &Address) -> Vec<ResourceExport> {
        let Some(index) = self.inner.instances.at(address.as_str()) else { return Vec::new() };
        let resource = self.inner.resource(index);
        let exports = resource.exports.iter();
        exports
            .map(|e| ResourceExport {
                variable: e.variable.clone(),
                property: e.property.clone(),
                protected: resource.protected.contains(&e.variable)
                    || resource.protected.contains(&e.property),
            })
            .collect()
    }

    /// The values of the manifest's `exports`, with what is known of the resources. One whose value was a secret of an earlier
    /// run (SD1213) is left out.
    ///
    /// # Errors
    /// Every name that does not exist, and every expression that fails.
    pub fn evaluate_exports(&self, outputs: &Outputs) -> Result<IndexMap<String, Value>, Diagnostics> {
        let scope = Scope::new(&self.inner, None, outputs);
        let mut out = IndexMap::new();
        let mut problems = Diagnostics::new();
        for export in &self.inner.declared.exports {
            if let Some(value) = scope.evaluate(&export.value.tree, &export.value.path) {
                out.insert(export.name.clone(), value);
            }
            let route = export.value.path.route();
            let found = scope.take_problems();
            if !found.is_empty() && found.iter().all(|problem| problem.code == codes::LOST_SECRET) {
                continue;
            }
            for mut problem in found {
                for label in problem.labels.iter_mut().filter(|label| export.on_key && label.route == route) {
                    label.part = Part::Key;
                }
                problems.push(problem);
            }
        }
        if problems.iter().any(Diagnostic::is_error) { Err(problems) } else { Ok(out) }
    }

    /// What went in: variables that templates use, globals, and values chosen by environment.
    pub fn inputs(&self) -> Vec<Input> {
        let inner = &self.inner;
        let scope = Scope::new(inner, None, &Outputs::new());
        let mut out: Vec<Input> = Vec::new();
        let mut add =
            |input: Input| match out.iter_mut().find(|i| i.name == input.name && i.from == input.from) {
                Some(known) => known.sensitive |= input.sensitive,
                None => out.push(input),
            };
        for (index, global) in inner.declared.globals.iter().enumerate() {
            for name in inner.variables_of(index) {
                add(Input {
                    value: inner.variables.get(&name).map(|text| Value::text(text.as_str())),
                    name,
                    from: "env".to_owned(),
                    sensitive: global.sensitive,
                });
            }
            let value = inner.constants[index].is_some().then(|| scope.global(index)).flatten();
            let sensitive = global.sensitive || value.as_ref().is_some_and(Value::has_secret);
            add(Input { name: global.name.clone(), from: "globals".to_owned(), value, sensitive });
        }
        let all_props = || inner.declared.resources.iter().flat_map(|r| &r.props);
        let chosen: Vec<&str> = all_props().filter(|p| p.from_env).map(|p| p.name.as_str()).collect();
        for resource in &inner.declared.resources {
            for prop in &resource.props {
                if let (true, PropBody::Value(spot)) = (prop.from_env, &prop.body) {
                    let value = match spot.tree.written(&spot.path).0 {
                        crate::model::Tree::Literal(value) => Some(value.clone()),
                        _ => None,
                    };
                    let shared = chosen.iter().filter(|name| **name == prop.name).count() > 1;
                    let name = if shared {
                        format!("{}.{}", resource.address, prop.name)
                    } else {
                        prop.name.clone()
                    };
                    add(Input {
                        name,
                        from: format!("values.{}", inner.id.env),
                        value,
                        sensitive: prop.sensitive,
                    });
                }
            }
        }
        for input in &mut out {
            if input.sensitive {
                input.value = input.value.take().map(Value::hidden);
            }
        }
        out
    }
}

impl Resolver for Stack {
    fn stack(&self) -> &StackId {
        &self.inner.id
    }

    fn nodes(&self) -> &[Node] {
        &self.inner.nodes
    }

    fn render(&self, address: &Address, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
        let Some(index) = self.inner.instances.at(address.as_str()) else {
            return Err(vec![Diagnostic::error(
                codes::UNKNOWN_DEPENDENCY,
                format!("there is no resource {address} in this stack"),
            )]);
        };
        let outcome = render::resource(&self.inner, index, outputs, false);
        if let Some(rendered) = outcome.rendered {
            return Ok(rendered);
        }
        let mut errors: Diagnostics = outcome.problems.into_iter().filter(Diagnostic::is_error).collect();
        if errors.is_empty() {
            // Nothing is wrong with it, but it cannot become a desired resource.
            errors.push(Diagnostic::error(
                codes::NOT_YET,
                format!("{address}: this kind of resource cannot be run by this version yet"),
            ));
        }
        Err(errors)
    }

    fn redactor(&self) -> Redactor {
        self.inner.options.redactor.clone()
    }
}

impl Inner {
    /// Exports of the stack that need a resource which is to be absent.
    fn absent_exports(&self) -> Diagnostics {
        let mut out = Diagnostics::new();
        for export in self.declared.exports.iter().filter(|_| !self.fates.is_empty()) {
            export.value.templates(&mut |id, path| {
                for used in &self.templates.get(id).uses {
                    let name = self.templates.real_name(&used.head);
                    let meaning = self.meaning(name, At::Stack, !used.path.is_empty());
                    let (Some(Meaning::Resource(of)) | Some(Meaning::Export(of, _))) = meaning else {
                        continue;
                    };
                    let mut group = self.instances.group(of).all.clone();
                    if group.is_empty() || !group.all(|instance| self.is_absent(instance)) {
                        continue;
                    }
                    let resource = &self.declared.resources[of];
                    let message = format!(
                        "the export `{}` refers to {}, which is to be absent",
                        export.name, resource.address
                    );
                    let part = if export.on_key { Part::Key } else { Part::Value };
                    let mut problem =
                        Diagnostic::error(codes::REFERS_TO_ABSENT, message).at_part(path.route(), part, "");
                    if let Some(state) = &resource.state {
                        problem = problem.at(state.path.route(), "it is absent here");
                    }
                    out.push(problem.next("take the export out"));
                }
            });
        }
        out
    }

    /// What only goes into sensitive globals is secret by itself, however it is put together there.
    fn learn_variables(&self) {
        let (hidden, plain): (Vec<usize>, Vec<usize>) =
            (0..self.declared.globals.len()).partition(|index| self.declared.globals[*index].sensitive);
        if hidden.is_empty() {
            return;
        }
        let shown: Vec<String> = plain.into_iter().flat_map(|index| self.variables_of(index)).collect();
        for name in hidden.into_iter().flat_map(|index| self.variables_of(index)) {
            if let (false, Some(text)) = (shown.contains(&name), self.variables.get(&name)) {
                self.options.redactor.learn_text(text);
            }
        }
    }

    /// Variables of the command line and the environment file that a global uses.
    fn variables_of(&self, index: usize) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(spot) = &self.declared.globals[index].value {
            spot.templates(&mut |id, _| {
                for used in &self.templates.get(id).uses {
                    let name = match (used.head.as_str(), used.path.first()) {
                        ("vars", Some(name)) => name,
                        _ => &used.head,
                    };
                    let shadowed = used.head != "vars"
                        && matches!(
                            self.meaning(name, At::Global(index), !used.path.is_empty()),
                            Some(Meaning::Global(_) | Meaning::Resource(_) | Meaning::Export(..))
                        );
                    if !shadowed && self.variables.contains_key(name) && !out.contains(name) {
                        out.push(name.clone());
                    }
                }
            });
        }
        out
    }
}

/// What becomes of `auth` where the SDK signs (stackql-compat 1.3).
fn auth(resource: &ResourceDecl) -> Option<Diagnostic> {
    resource.auth.first()?;
    let at = resource.path.key("auth").route();
    if resource.is_aws() {
        let message = format!("{}: `auth` is ignored", resource.address);
        return Some(
            Diagnostic::warning(codes::NO_EFFECT, message)
                .at_key(at, "")
                .note("why", "AWS credentials come from the SDK's chain: variables, profile, SSO, role")
                .next("remove it; choose the account with --profile or settings.profile"),
        );
    }
    None
}

/// The same problem found for several resources becomes one that names them all. Beside each problem stands the message
/// by which it is compared, where that is not its own.
fn once(problems: Vec<(Diagnostic, Option<String>)>) -> Diagnostics {
    let mut out: Diagnostics = Vec::new();
    let mut known: HashMap<String, (usize, usize)> = HashMap::new();
    for (problem, same) in problems {
        let message = same.as_ref().unwrap_or(&problem.message);
        let key = format!("{}{message}{:?}", problem.code, problem.labels);
        let who = |p: &Diagnostic| p.notes.iter().find(|(k, _)| k == "needed by").map(|(_, who)| who.clone());
        match known.get_mut(&key) {
            None => {
                known.insert(key, (out.len(), 1));
                out.push(problem);
            }
            Some((at, count)) => {
                *count += 1;
                let Some(note) = out[*at].notes.iter_mut().find(|(k, _)| k == "needed by") else { continue };
                match (*count, who(&problem)) {
                    (2..=3, Some(who)) => note.1 = format!("{}; {who}", note.1),
                    (4, _) => note.1.push_str("; and 1 more"),
                    (n, _) => {
                        let kept =
                            note.1.rsplit_once("; and ").map_or(note.1.as_str(), |(kept, _)| kept).to_owned();
                        note.1 = format!("{kept}; and {} more", n - 3);
                    }
                }
            }
        }
    }
    out
}

/// In the order of the file.
fn sorted(mut problems: Diagnostics, places: &SourceMap) -> Diagnostics {
    problems.sort_by_cached_key(|p| {
        let span = p.labels.first().and_then(|label| places.span(label));
        span.map_or((String::new(), 0), |span| (span.file, span.start_byte))
    });
    capped(problems)
}

/// The first problems of each weight, and how many more there are.
fn capped(problems: Diagnostics) -> Diagnostics {
    let (mut errors, mut others) = (0usize, 0usize);
    let mut out = Diagnostics::new();
    for problem in problems {
        let count = if problem.is_error() { &mut errors } else { &mut others };
        *count += 1;
        if *count <= MAX_SHOWN {
            out.push(problem);
        }
    }
    let (errors, others) = (errors.saturating_sub(MAX_SHOWN), others.saturating_sub(MAX_SHOWN));
    if errors > 0 {
        out.push(Diagnostic::error(codes::TOO_MANY, format!("and {errors} more errors")));
    }
    if others > 0 {
        out.push(Diagnostic::warning(codes::TOO_MANY, format!("and {others} more warnings")));
    }
    out
}
