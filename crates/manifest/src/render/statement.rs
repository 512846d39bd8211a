//! Resources whose statements are understood: what they declare becomes the properties of a resource of the table's type,
//! and everything after that is the same as for dotted types (DESIGN section 4, *Query files*).

use crate::codes;
use crate::flow::Statements;
use crate::inner::At;
use crate::iql::{Anchor, AnchorKind};
use crate::model::{Body, FlowDecl, Understandable};
use crate::path::Path;
use crate::render::Job;
use crate::render::flow::identifies;
use crate::render::props::Routes;
use crate::report;
use crate::template::align::Aligned;
use crate::template::engine::is_builtin;
use crate::template::marked;
use crate::template::{Failure, Lookup};
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Part};
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::statement::{Marked, Origin, Place, Request, Role, Said, Statement, Understood, hole_number};
use stack_core::tags::{self, RESOURCE_NAME, STACK_ENV, STACK_NAME};
use stack_core::value::{Unknown, Value};
use std::sync::Arc;

/// What a resource with statements wants.
pub(super) struct Read {
    /// Properties by name.
    pub(super) props: IndexMap<String, Value>,
    /// Where they stand.
    pub(super) routes: Routes,
    /// The rest of what the statements say.
    pub(super) understood: Understood,
    /// Where the region stands.
    pub(super) region_at: Option<(Path, Part)>,
}

/// A statement with what is needed to find its places again.
struct Rendered {
    /// Where the source begins in the file, and how long it is.
    offset: usize,
    source: String,
    statement: Statement,
}

impl Job<'_> {
    /// What the statements of a resource want. `None` if that cannot be told, which is noted, or waits for something.
    pub(super) fn statements(
        &mut self,
        flow: &FlowDecl,
        of: &Understandable,
        declared: &IndexMap<String, Value>,
        props: &Routes,
    ) -> Option<Read> {
        let Statements::File { path, file } = &flow.flow.statements else { return None };
        let inner = self.inner;
        let reader = inner.options.statements.as_ref()?;
        let root = Path::root_of(path);
        let (_, text) = inner.places.file(&root.route())?;
        self.later(flow);
        let mut all = Vec::new();
        for (kind, role) in [
            (AnchorKind::Create, Role::Create),
            (AnchorKind::Update, Role::Update),
            (AnchorKind::Delete, Role::Delete),
        ] {
            let Some(anchor) = file.get(kind) else { continue };
            let body = flow.bodies.iter().find(|body| body.anchor == Some(kind));
            let source = text.get(anchor.body.clone()).unwrap_or_default().to_owned();
            let marked = self.marked(body, &source, anchor, role)?;
            let offset = anchor.body.start;
            all.push(Rendered { offset, source, statement: Statement { role, marked } });
        }
        let statements: Vec<Statement> = all.iter().map(|one| one.statement.clone()).collect();
        let request =
            Request { schema: &of.schema, table: &of.table, statements: &statements, props: declared };
        let mut understood = reader.understand(&request);
        for said in std::mem::take(&mut understood.problems) {
            self.said(said, &all, file.get(AnchorKind::Create), &root);
        }
        let mut routes = Routes::default();
        for property in &understood.properties {
            let pointer = Pointer::of([property.name.as_str()]);
            let given_by = |prop: &str| props.place_of(&Pointer::of([prop]));
            match &property.origin {
                Origin::Prop(name) => {
                    routes.adopt(props, &Pointer::of([name.as_str()]), &pointer);
                }
                Origin::Statement { name, value } => {
                    // A value that one prop gives is wrong where the prop is written.
                    let prop = expression(&all, value).filter(|name| given_by(name).is_some());
                    let alike = || self.alike(&property.name, &property.value, declared);
                    match prop.or_else(alike) {
                        Some(prop) => routes.adopt(props, &Pointer::of([prop]), &pointer),
                        None => routes.put(&pointer, &root, within(&all, value)),
                    }
                    routes.name(&pointer, &root, within(&all, name));
                }
            }
        }
        let region_at = understood.region.as_ref().map(|(_, place)| (root.clone(), within(&all, place)));
        let props = understood.properties.iter().map(|p| (p.name.clone(), p.value.clone())).collect();
        Some(Read { props, routes, understood, region_at })
    }

    /// The prop that is called like a property and has its value: a document or an identifier is made of several.
    fn alike<'d>(
        &self,
        property: &str,
        value: &Value,
        declared: &'d IndexMap<String, Value>,
    ) -> Option<&'d str> {
        let is_it = |prop: &str| find_property(prop, std::iter::once(property)).is_some();
        declared.iter().find(|(prop, known)| is_it(prop) && *known == value).map(|(prop, _)| prop.as_str())
    }

    /// Names that nobody can know before the resource is there: what its statements return, and the parts of its
    /// identifier.
    fn later(&self, flow: &FlowDecl) {
        for body in &flow.bodies {
            let template = self.inner.templates.get(body.template);
            for used in &template.uses {
                let name = self.inner.templates.real_name(&used.head);
                let is_open = matches!(name, "this" | "callback")
                    || (!is_builtin(name)
                        && self.scope.value_of(name).is_none()
                        && self
                            .inner
                            .meaning(name, At::Resource(self.index), !used.path.is_empty())
                            .is_none()
                        && template
                            .occurrences(&used.head)
                            .iter()
                            .all(|o| identifies(&template.source, o.range.start, body)));
                if is_open {
                    self.scope.define(name, Value::Unknown(Unknown::default()));
                }
            }
        }
    }

    /// A statement with its values. `None` if it fails, which is noted, or waits for a value.
    fn marked(&mut self, body: Option<&Body>, source: &str, anchor: &Anchor, role: Role) -> Option<Marked> {
        let Some(body) = body else {
            if marked::has_holes(source) {
                let failure = marked::private();
                self.broken(&failure, source, anchor);
                return None;
            }
            return Some(Marked { text: source.to_owned(), holes: Vec::new() });
        };
        let scope: Arc<dyn Lookup> = self.scope.clone();
        match self.inner.templates.statement(body.template, &scope) {
            Ok(marked::Statement::Ready(marked)) => Some(marked),
            Ok(marked::Statement::Waiting(unknown)) => {
                if !self.offline {
                    let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
                    let what = match role {
                        Role::Create => "create",
                        Role::Update => "update",
                        Role::Delete => "delete",
                    };
                    self.fail(
                        Diagnostic::error(
                            codes::BAD_VALUE,
                            format!(
                                "the `{what}` statement of {} depends on a value that is not known yet",
                                self.address
                            ),
                        )
                        .at_part(
                            body.path.route(),
                            Part::Within(anchor.name.clone()),
                            format!("this waits for {}", from.join(", ")),
                        )
                        .next("use what is known beforehand in conditions and loops of a statement"),
                    );
                }
                None
            }
            Err(failure) => {
                self.broken(&failure, source, anchor);
                None
            }
        }
    }

    fn broken(&mut self, failure: &Failure, source: &str, anchor: &Anchor) {
        let crate::model::Kind::Flow(flow) = &self.declared.kind else { return };
        let Statements::File { path, .. } = &flow.flow.statements else { return };
        let route = Path::root_of(path).route();
        let names = self.scope.names(&failure.kind);
        if let Some(problem) = report::template(failure, source, &route, &names) {
            let problem = crate::parse::shifted(problem, &route, anchor.body.start, source.len());
            self.fail(problem);
        } else {
            // It was reported where it comes from.
            self.failed = true;
        }
    }

    /// A problem of a statement, at its place in the file.
    fn said(&mut self, said: Said, all: &[Rendered], create: Option<&Anchor>, root: &Path) {
        let part = match &said.at {
            Some(place) => within(all, place),
            None => create.map_or(Part::Value, |anchor| Part::Within(anchor.name.clone())),
        };
        let mut problem = Diagnostic::error(said.code, said.message).at_part(root.route(), part, said.label);
        problem.severity = said.severity;
        self.fail(if said.next.is_empty() { problem } else { problem.next(said.next) });
    }

    /// True if the declared tags are the marks of this stack, as projects of the predecessor write them themselves.
    pub(super) fn is_marked(&self, props: &Value, of: &Understandable) -> bool {
        let Some((property, _)) = of.schema.tag_property() else { return false };
        let Some(live) = props.get(property).and_then(Value::exposed) else { return false };
        let found = tags::of_property(Some(&live));
        let has = |key: &str, value: &str| found.contains(&(key, value));
        let id = &self.inner.id;
        has(STACK_NAME, &id.name)
            && has(STACK_ENV, &id.env)
            && has(RESOURCE_NAME, &tags::mark_of(self.address.as_str()))
    }
}

/// The place in the file.
fn within(all: &[Rendered], (which, range): &Place) -> Part {
    let Some(one) = all.get(*which) else { return Part::Value };
    let found = Aligned::new(&one.statement.marked, &one.source).and_then(|aligned| aligned.source(range));
    match found {
        Some(at) => Part::Within(at.start + one.offset..at.end + one.offset),
        None => Part::Within(one.offset..one.offset + one.source.len()),
    }
}

/// The expression that alone gives the value at a place.
fn expression<'r>(all: &'r [Rendered], (which, range): &Place) -> Option<&'r str> {
    let one = all.get(*which)?;
    let literal = one.statement.marked.text.get(range.clone())?.trim_matches('\'');
    let mut chars = literal.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return None };
    Aligned::new(&one.statement.marked, &one.source)?.expression(hole_number(c)?, &one.source)
}
