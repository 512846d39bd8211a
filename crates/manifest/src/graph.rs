//! Which resource comes after which: from references, from what globals refer to, and from `depends_on`.

use crate::codes;
use crate::condition;
use crate::inner::{At, Inner, MAX_GLOBAL_DEPTH, Meaning};
use crate::model::{PropBody, PropDecl, ResourceDecl, Spot, Tree};
use crate::path::Path;
use crate::template::objects::TOKEN;
use crate::template::{TemplateId, find_expression};
use stack_core::desired::{Edge, Node};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, nearest};
use stack_core::value::Value;
use std::collections::HashSet;

/// The nodes in manifest order, free of cycles and of dangling edges; what was wrong is in `problems`.
pub(crate) fn nodes(inner: &Inner, problems: &mut Diagnostics) -> Vec<Node> {
    let mut edges: Vec<Vec<Found>> = Vec::new();
    for index in 0..inner.declared.resources.len() {
        edges.push(
            Collector { inner, index, found: Vec::new(), globals: HashSet::new(), depth: 0, problems }
                .collect(),
        );
    }
    cut_cycles(inner, &mut edges, problems);
    inner
        .declared
        .resources
        .iter()
        .zip(edges)
        .map(|(resource, edges)| Node {
            address: resource.address.clone(),
            declared_type: resource.declared_type.clone(),
            after: edges.into_iter().map(|found| found.edge).collect(),
            route: resource.path.route(),
        })
        .collect()
}

/// An edge: the resource that comes first, and where in its text the expression stands.
struct Found {
    to: usize,
    edge: Edge,
    part: Part,
}

struct Collector<'a> {
    inner: &'a Inner,
    index: usize,
    found: Vec<Found>,
    globals: HashSet<usize>,
    depth: usize,
    problems: &'a mut Diagnostics,
}

impl<'a> Collector<'a> {
    fn resource(&self) -> &'a ResourceDecl {
        &self.inner.declared.resources[self.index]
    }

    fn collect(mut self) -> Vec<Found> {
        let resource = self.resource();
        let none = HashSet::new();
        if let Some(when) = &resource.when {
            self.spot(when, &none);
            if let Tree::Literal(Value::String(text)) = &when.tree {
                for word in condition::words(text) {
                    self.name(&word, &[], &when.path, text, At::Resource(self.index));
                }
            }
        }
        let mut locals = HashSet::new();
        for prop in &resource.props {
            self.prop(prop, &locals);
            locals.insert(prop.name.as_str());
        }
        let lifecycle = &resource.lifecycle;
        let parts = [
            &resource.identifier,
            &resource.region,
            &resource.role_arn,
            &resource.type_version_id,
            &lifecycle.prevent_destroy,
            &lifecycle.ignore_changes,
            &lifecycle.replace,
            &lifecycle.adopt,
            &lifecycle.secret_version,
            &lifecycle.timeout,
        ];
        for spot in parts.into_iter().flatten() {
            self.spot(spot, &locals);
        }
        if resource.region.is_none()
            && let Some(global) = self.inner.global_index("region")
        {
            self.global(global);
        }
        if let Some(tags) = self.inner.declared.settings.values.get("tags") {
            self.spot(tags, &locals);
        }
        for (name, path) in &resource.depends_on {
            match self.inner.resource_index(name) {
                Some(to) => self.edge(to, "depends_on", path, Part::Value),
                None => {
                    let names = self.inner.declared.resources.iter().map(|r| r.address.as_str());
                    let label = nearest(name, names)
                        .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                    self.problems.push(
                        Diagnostic::error(
                            codes::UNKNOWN_DEPENDENCY,
                            format!(
                                "{} depends on `{name}`, which is no resource of this stack",
                                resource.address
                            ),
                        )
                        .at(path.route(), label),
                    );
                }
            }
        }
        self.found
    }

    fn prop(&mut self, prop: &PropDecl, locals: &HashSet<&str>) {
        match &prop.body {
            PropBody::Value(spot) => self.spot(spot, locals),
            PropBody::Nested(inner) => inner.iter().for_each(|p| self.prop(p, locals)),
            PropBody::Nothing | PropBody::Problem(_) => {}
        }
        for merge in &prop.merge {
            self.template(merge.template, &merge.path, locals);
        }
    }

    fn spot(&mut self, spot: &Spot, locals: &HashSet<&str>) {
        let mut found = Vec::new();
        spot.templates(&mut |id, path| found.push((id, path.clone())));
        for (id, path) in found {
            self.template(id, &path, locals);
        }
    }

    fn template(&mut self, id: TemplateId, path: &Path, locals: &HashSet<&str>) {
        self.template_at(id, path, locals, At::Resource(self.index));
    }

    fn template_at(&mut self, id: TemplateId, path: &Path, locals: &HashSet<&str>, at: At) {
        let inner = self.inner;
        let template = inner.templates.get(id);
        for used in &template.uses {
            let name = inner.templates.real_name(&used.head);
            if !locals.contains(name) {
                self.name(name, &used.path, path, &template.source, at);
            }
        }
    }

    fn name(&mut self, name: &str, members: &[String], at_path: &Path, source: &str, at: At) {
        let via =
            std::iter::once(name).chain(members.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
        let part = || find_expression(source, &via, None).map_or(Part::Value, Part::Within);
        match self.inner.meaning(name, at, !members.is_empty()) {
            // The token is known before the resource exists.
            Some(Meaning::Resource(_)) if members.first().is_some_and(|p| p == TOKEN) => {}
            Some(Meaning::Resource(to)) => self.edge(to, &via, at_path, part()),
            Some(Meaning::Export(to, _)) => self.edge(to, name, at_path, part()),
            Some(Meaning::Global(global)) => self.global(global),
            _ => {}
        }
    }

    fn global(&mut self, global: usize) {
        // Longer chains are refused where they are evaluated.
        if self.depth > MAX_GLOBAL_DEPTH || !self.globals.insert(global) {
            return;
        }
        self.depth += 1;
        let Some(spot) = &self.inner.declared.globals[global].value else { return };
        let mut found = Vec::new();
        spot.templates(&mut |id, path| found.push((id, path.clone())));
        for (id, path) in found {
            self.template_at(id, &path, &HashSet::new(), At::GlobalFor(global, self.index));
        }
        self.depth -= 1;
    }

    fn edge(&mut self, to: usize, via: &str, path: &Path, part: Part) {
        if !self.found.iter().any(|found| found.to == to) {
            let address = self.inner.declared.resources[to].address.clone();
            let edge = Edge { to: address, via: via.to_owned(), route: path.route() };
            self.found.push(Found { to, edge, part });
        }
    }
}

/// Removes one edge of every cycle and reports the cycle as a path.
fn cut_cycles(inner: &Inner, edges: &mut [Vec<Found>], problems: &mut Diagnostics) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; edges.len()];
    for start in 0..edges.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // Each entry: resource and its next edge. No recursion: stacks may be long chains.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        marks[start] = Mark::Open;
        while let Some((at, next)) = path.last_mut() {
            let Some(found) = edges[*at].get(*next) else {
                marks[*at] = Mark::Done;
                path.pop();
                continue;
            };
            let (from, to) = (*at, found.to);
            match marks[to] {
                Mark::Done => *next += 1,
                Mark::New => {
                    *next += 1;
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
                Mark::Open => {
                    let number = *next;
                    let first = path.iter().position(|(r, _)| *r == to).unwrap_or(0);
                    let circle: Vec<usize> = path[first..].iter().map(|(r, _)| *r).collect();
                    problems.push(cycle(inner, edges, &circle));
                    edges[from].remove(number);
                }
            }
        }
    }
}

fn cycle(inner: &Inner, edges: &[Vec<Found>], circle: &[usize]) -> Diagnostic {
    let name = |index: usize| inner.declared.resources[index].address.as_str();
    let mut names: Vec<&str> = circle.iter().map(|i| name(*i)).collect();
    names.extend(circle.first().map(|i| name(*i)));
    let message = if circle.len() == 1 {
        format!("{} refers to itself", names[0])
    } else {
        format!("resources wait for each other: {}", names.join(" → "))
    };
    let mut problem = Diagnostic::error(codes::CYCLE, message);
    for (position, from) in circle.iter().enumerate() {
        let to = circle[(position + 1) % circle.len()];
        if let Some(Found { edge, part, .. }) = edges[*from].iter().find(|found| found.to == to) {
            let text = if edge.via == "depends_on" {
                format!("{} depends on {}", name(*from), name(to))
            } else {
                format!("{} needs `{}`", name(*from), edge.via)
            };
            problem = problem.at_part(edge.route.clone(), part.clone(), text);
        }
    }
    problem.next("take one of these references out")
}
