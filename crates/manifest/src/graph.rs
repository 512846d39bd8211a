//! Which resource comes after which: from references, from what globals refer to, and from `depends_on`.

use crate::codes;
use crate::condition;
use crate::inner::{At, Inner, MAX_GLOBAL_DEPTH, Meaning};
use crate::instances::{address_of, canonical};
use crate::model::{Body, Kind, PropBody, PropDecl, ResourceDecl, Spot, Tree};
use crate::order;
use crate::path::Path;
use crate::template::objects::TOKEN;
use crate::template::occurrences::{Occurrence, occurrences};
use crate::template::{TemplateId, find_expression};
use stack_core::desired::{Edge, Node};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, nearest};
use stack_core::value::Value;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The nodes in manifest order, free of cycles and of dangling edges; what was wrong is in `problems`.
///
/// Beside them, by instance, what is wrong with references to resources that are to be absent. It matters only where the
/// instance is wanted.
pub(crate) fn nodes(inner: &Inner, problems: &mut Diagnostics) -> (Vec<Node>, HashMap<usize, Diagnostics>) {
    let mut edges: Vec<Vec<Found>> = Vec::new();
    for index in 0..inner.instances.all.len() {
        let collector = Collector {
            inner,
            index,
            found: Vec::new(),
            known: HashSet::new(),
            globals: HashSet::new(),
            depth: 0,
            offset: 0,
            problems,
        };
        edges.push(collector.collect());
    }
    cut_cycles(inner, &mut edges, problems);
    let mut to_absent: HashMap<usize, Diagnostics> = HashMap::new();
    for (from, found) in edges.iter().enumerate() {
        for found in found.iter().filter(|found| inner.is_absent(found.to) && found.edge.via != DEPENDS_ON) {
            to_absent.entry(from).or_default().push(refers_to_absent(inner, from, found));
        }
    }
    let after: Vec<Vec<usize>> = edges.iter().map(|all| all.iter().map(|found| found.to).collect()).collect();
    let follows = order::follows(inner, &after);
    let instances = inner.instances.all.iter().zip(edges).zip(follows);
    let nodes = instances
        .map(|((instance, edges), follows)| {
            let resource = &inner.declared.resources[instance.declaration];
            Node {
                address: instance.address.clone(),
                declared_type: resource.declared_type.clone(),
                after: edges.into_iter().map(|found| found.edge).collect(),
                follows: follows.into_iter().map(|to| inner.address(to).clone()).collect(),
                route: resource.path.route(),
            }
        })
        .collect();
    (nodes, to_absent)
}

/// What `via` says of an edge that no expression makes.
const DEPENDS_ON: &str = "depends_on";

fn refers_to_absent(inner: &Inner, from: usize, found: &Found) -> Diagnostic {
    let (from, to) = (inner.address(from), inner.address(found.to));
    let mut problem =
        Diagnostic::error(codes::REFERS_TO_ABSENT, format!("{from} refers to {to}, which is to be absent"))
            .at_part(found.edge.route.clone(), found.part.clone(), "this value will be gone");
    if let Some(state) = &inner.resource(found.to).state {
        problem = problem.at(state.path.route(), format!("{to} is absent here"));
    }
    problem.next("take the reference out, or give this resource `state: absent` too")
}

/// An edge: the resource that comes first, and where in its text the expression stands.
struct Found {
    to: usize,
    edge: Edge,
    part: Part,
}

struct Collector<'a> {
    inner: &'a Inner,
    /// The instance.
    index: usize,
    found: Vec<Found>,
    known: HashSet<usize>,
    globals: HashSet<usize>,
    depth: usize,
    /// Where in its file the text begins that is being looked at.
    offset: usize,
    problems: &'a mut Diagnostics,
}

impl<'a> Collector<'a> {
    fn resource(&self) -> &'a ResourceDecl {
        self.inner.resource(self.index)
    }

    fn collect(mut self) -> Vec<Found> {
        let resource = self.resource();
        let none = HashSet::new();
        if let Some(when) = &resource.when {
            self.spot(when, &none);
            if let Tree::Literal(Value::String(text)) = &when.tree {
                for word in condition::words(text) {
                    let mut parts = word.split('.').map(str::to_owned);
                    let head = parts.next().unwrap_or_default();
                    let members: Vec<String> = parts.collect();
                    let all = || occurrences(text, true, &head);
                    self.name(&head, &members, &when.path, text, At::Resource(self.index), &all);
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
        if let Kind::Flow(flow) = &resource.kind {
            locals.extend(resource.props.iter().map(|prop| prop.name.as_str()));
            if let Some(run) = &flow.run {
                self.spot(run, &locals);
            }
            for body in &flow.bodies {
                self.body(body, &locals);
            }
        }
        for (name, path) in &resource.depends_on {
            self.depends_on(name, path);
        }
        self.found
    }

    /// `depends_on`: a resource with all its instances, or one instance by its address.
    fn depends_on(&mut self, name: &str, path: &Path) {
        let inner = self.inner;
        let named = match inner.declaration(name) {
            Some(declaration) => Some(inner.instances.group(declaration).all.clone()),
            None => inner.instances.at(&canonical(name)).map(|instance| instance..instance + 1),
        };
        if let Some(instances) = named {
            if instances.len() != 1 && inner.declaration(name) == Some(self.own_declaration()) {
                return self.refers_to_all(DEPENDS_ON, path, Part::Value);
            }
            instances.for_each(|to| self.edge(to, DEPENDS_ON, path, Part::Value));
            return;
        }
        let resource = self.resource();
        let names = inner.declared.resources.iter().map(|r| r.address.as_str());
        let addresses = inner.instances.all.iter().map(|instance| instance.address.as_str());
        let near = nearest(name, names.chain(addresses).filter(|n| *n != resource.address.as_str()));
        let label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let problem = Diagnostic::error(
            codes::UNKNOWN_DEPENDENCY,
            format!("{} depends on `{name}`, which is no resource of this stack", resource.address),
        )
        .at(path.route(), label);
        // Every instance of this resource says the same.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
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
                let all = || template.occurrences(&used.head);
                self.name(name, &used.path, path, &template.source, at, &all);
            }
        }
    }

    /// What a statement needs. A name may also be what the resource itself has found, so only what is sure counts.
    fn body(&mut self, body: &Body, locals: &HashSet<&str>) {
        let inner = self.inner;
        let (at, own) = (At::Resource(self.index), self.own_declaration());
        let template = inner.templates.get(body.template);
        for used in &template.uses {
            let name = inner.templates.real_name(&used.head);
            if self.is_own_part(name, body) {
                continue;
            }
            let sure = match inner.meaning(name, at, !used.path.is_empty()) {
                Some(Meaning::Resource(to)) => to != own,
                // An export of a later resource has no value yet when this one runs.
                Some(Meaning::Export(to, _)) => to < own,
                _ => true,
            };
            if sure && !locals.contains(name) {
                let all = || template.occurrences(&used.head);
                self.offset = body.offset.unwrap_or_default();
                self.name(name, &used.path, &body.path, &template.source, at, &all);
                self.offset = 0;
            }
        }
    }

    /// True if a name in an UPDATE, a DELETE or the exports is a part of the resource's own identifier, whoever else exports one.
    fn is_own_part(&self, name: &str, body: &Body) -> bool {
        let Kind::Flow(flow) = &self.resource().kind else { return false };
        self.inner.global_index(name).is_none() && flow.is_own_part(name, body.anchor)
    }

    /// What one name needs. `all` gives every place where it stands in the same text.
    fn name(
        &mut self,
        name: &str,
        members: &[String],
        at_path: &Path,
        source: &str,
        at: At,
        all: &dyn Fn() -> Vec<Occurrence>,
    ) {
        let (to, is_export) = match self.inner.meaning(name, at, !members.is_empty()) {
            Some(Meaning::Resource(to)) => (to, false),
            Some(Meaning::Export(to, _)) => (to, true),
            Some(Meaning::Global(global)) => return self.global(global),
            _ => return,
        };
        let group = self.inner.instances.group(to).clone();
        if group.has_keys() {
            return self.instances(name, to, at_path, source, &all());
        }
        let Some(to) = group.single() else { return };
        // The token is known before the resource exists.
        if !is_export && members.first().is_some_and(|p| p == TOKEN) {
            return;
        }
        let via =
            std::iter::once(name).chain(members.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
        let part = find_expression(source, &via, None).map_or(Part::Value, |range| self.part(range));
        self.edge(to, if is_export { name } else { &via }, at_path, part);
    }

    fn part(&self, range: Range<usize>) -> Part {
        Part::Within(range.start + self.offset..range.end + self.offset)
    }

    fn own_declaration(&self) -> usize {
        self.inner.instances.all[self.index].declaration
    }

    /// One problem instead of a circle for every pair of instances.
    fn refers_to_all(&mut self, via: &str, path: &Path, part: Part) {
        let problem = Diagnostic::error(
            codes::CYCLE,
            format!("every instance of {} waits for all of them", self.resource().address),
        )
        .at_part(path.route(), part, format!("`{via}` means every instance, its own included"))
        .next("name one instance by its key, or take the reference out");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Edges to the instances that are named by their keys, or to all.
    fn instances(&mut self, name: &str, to: usize, at_path: &Path, source: &str, all: &[Occurrence]) {
        let inner = self.inner;
        let resource = inner.declared.resources[to].address.as_str();
        for found in all {
            // The source may have another name of the same length in this place.
            let below = source.get(found.range.start + name.len()..found.range.end).unwrap_or_default();
            let via = &format!("{name}{below}");
            let part = self.part(found.range.clone());
            let one = found.key.as_deref().and_then(|key| inner.instances.at(&address_of(resource, key)));
            match (one, &found.key) {
                (Some(_), _) if found.member.as_deref() == Some(TOKEN) => {}
                (Some(instance), _) => self.edge(instance, via, at_path, part),
                // A key that does not exist is a problem of the template, if it is ever looked at.
                (None, Some(_)) if !found.called => {}
                (None, _) if self.own_declaration() == to => self.refers_to_all(via, at_path, part),
                (None, _) => {
                    for instance in inner.instances.group(to).all.clone() {
                        self.edge(instance, via, at_path, part.clone());
                    }
                }
            }
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
        if self.known.insert(to) {
            let address = self.inner.address(to).clone();
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
    let name = |index: usize| inner.address(index).as_str();
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
            let text = if edge.via == DEPENDS_ON {
                format!("{} depends on {}", name(*from), name(to))
            } else {
                format!("{} needs `{}`", name(*from), edge.via)
            };
            problem = problem.at_part(edge.route.clone(), part.clone(), text);
        }
    }
    problem.next("take one of these references out")
}
