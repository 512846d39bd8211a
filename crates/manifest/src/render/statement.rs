//! Resources whose statements are understood: what they declare becomes the properties of a resource of the table's type,
//! and everything after that is the same as for dotted types (DESIGN section 4, *Query files*).

use crate::codes;
use crate::flow::Statements;
use crate::iql::{Anchor, AnchorKind};
use crate::model::{Body, FlowDecl, Kind, Understandable};
use crate::path::Path;
use crate::render::Job;
use crate::render::props::Routes;
use crate::report;
use crate::template::align::Aligned;
use crate::template::marked;
use crate::template::objects::TOKEN;
use crate::template::{Failure, Lookup, engine};
use indexmap::IndexMap;
use stack_core::desired::GivenBy;
use stack_core::diagnostic::{Diagnostic, Part, Severity};
use stack_core::ids::ClientToken;
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;
use stack_core::statement::{
    Hole, Marked, Origin, Place, Property, Request, Said, Statement, Understood, hole, hole_number, joined,
};
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
    /// Which part of the text comes from where in the source, where that can be told.
    aligned: Option<Aligned>,
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
        let mut all = Vec::new();
        for (kind, verb) in [
            (AnchorKind::Create, Verb::Create),
            (AnchorKind::Update, Verb::Update),
            (AnchorKind::Delete, Verb::Delete),
        ] {
            let anchor = match kind {
                AnchorKind::Create => file.get(kind).or_else(|| file.get(AnchorKind::CreateOrUpdate)),
                _ => file.get(kind),
            };
            let Some(anchor) = anchor else { continue };
            self.own_names(of, declared, verb, flow.rules);
            let body = flow.bodies.iter().find(|body| body.anchor == Some(anchor.kind));
            let (offset, source) = match flow.rules {
                true => file.placed(text, anchor),
                false => (anchor.body.start, text.get(anchor.body.clone()).unwrap_or_default().to_owned()),
            };
            let marked = self.marked(body, (offset, &source), anchor)?;
            all.push(Rendered {
                offset,
                aligned: Aligned::new(&marked, &source),
                source,
                statement: Statement { verb, marked },
            });
        }
        let statements: Vec<Statement> = all.iter().map(|one| one.statement.clone()).collect();
        let request =
            Request { schema: &of.schema, table: &of.table, statements: &statements, props: declared };
        let mut understood = reader.understand(&request);
        if inner.settings().literal_sql {
            literal(&mut understood, of);
        }
        let is_broken = understood.problems.iter().any(|said| said.severity == Severity::Error);
        for said in std::mem::take(&mut understood.problems) {
            self.said(said, &all, file.get(AnchorKind::Create), &root);
        }
        // What is left would only be wrong because of that.
        if is_broken {
            return None;
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

    /// Names that nobody can know before the resource is there: the parts of its identifier that the service gives, bare and
    /// as `this.…`, and what its statements return. Props count first, and so do globals. Where the statements rule, the
    /// resource's own name means `this` in them.
    fn own_names(&self, of: &Understandable, declared: &IndexMap<String, Value>, verb: Verb, rules: bool) {
        let open = || Value::Unknown(Unknown::default());
        let mut this = declared.clone();
        let token = &self.inner.facts[self.index].token;
        this.entry(TOKEN.to_owned()).or_insert_with(|| Value::text(token.as_str()));
        if verb != Verb::Create {
            for part in of.parts() {
                this.entry(part.clone()).or_insert_with(open);
                let is_defined = declared.contains_key(&part)
                    || self.inner.global_index(&part).is_some()
                    // What others export is theirs, unless the manifest could have given this part.
                    || !of.is_assigned(&part) && self.scope.value_of(&part).is_some();
                if !is_defined {
                    self.scope.define(&part, open());
                }
            }
            self.scope.define("callback", open());
        }
        if rules && verb != Verb::Create {
            self.open_names(verb, &mut this);
        }
        if rules {
            self.scope.define(self.declared.address.as_str(), Value::Object(this.clone()));
        }
        self.scope.define("this", Value::Object(this));
    }

    /// Names that the resource's own checks may give before a statement runs: they are not known yet.
    fn open_names(&self, verb: Verb, this: &mut IndexMap<String, Value>) {
        let Kind::Flow(flow) = &self.declared.kind else { return };
        let kind = if verb == Verb::Update { AnchorKind::Update } else { AnchorKind::Delete };
        let open = || Value::Unknown(Unknown::default());
        let bodies = flow.bodies.iter().filter(|body| body.anchor == Some(kind));
        for used in bodies.flat_map(|body| &self.inner.templates.get(body.template).uses) {
            let name = self.inner.templates.real_name(&used.head);
            if name == "this" || name == self.declared.address.as_str() {
                if let Some(member) = used.path.first() {
                    this.entry(member.clone()).or_insert_with(open);
                }
            } else if self.scope.value_of(name).is_none() && !engine::is_builtin(name) {
                self.scope.define(name, open());
            }
        }
    }

    /// A statement with its values. `None` if it fails, which is noted, or waits for a value.
    fn marked(
        &mut self,
        body: Option<&Body>,
        (offset, source): (usize, &str),
        anchor: &Anchor,
    ) -> Option<Marked> {
        let Some(body) = body else {
            if marked::has_holes(source) {
                let failure = marked::private();
                self.broken(&failure, source, offset);
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
                    self.fail(
                        Diagnostic::error(
                            codes::BAD_VALUE,
                            format!(
                                "the `{}` statement of {} depends on a value that is not known yet",
                                anchor.kind, self.address
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
                self.broken(&failure, source, offset);
                None
            }
        }
    }

    fn broken(&mut self, failure: &Failure, source: &str, offset: usize) {
        let Kind::Flow(flow) = &self.declared.kind else { return };
        let Statements::File { path, .. } = &flow.flow.statements else { return };
        let route = Path::root_of(path).route();
        let names = self.scope.names(&failure.kind);
        if let Some(problem) = report::template(failure, source, &route, &names) {
            let problem = crate::parse::shifted(problem, &route, offset, source.len());
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

    /// The tokens that statements give. One that is not known yet is none: ours is made in its place.
    pub(super) fn client_tokens(&self, said: &Understood) -> Vec<(Verb, ClientToken)> {
        let known = said.client_tokens.iter().filter(|(_, value, _)| value.unknown().is_none());
        let tokens = known.filter_map(|(verb, value, _)| {
            let text = match value {
                Value::Secret(secret) => secret.expose().scalar_text(),
                plain => plain.scalar_text(),
            };
            Some((*verb, ClientToken::from(text?)))
        });
        tokens.collect()
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

/// `settings.literal_sql`: what the INSERT does not name is not sent. The identifier that it was a part of stays known.
fn literal(understood: &mut Understood, of: &Understandable) {
    let is_filled = |property: &Property| property.given_by == Some(GivenBy::Props);
    let parts: Vec<String> =
        of.schema.primary_identifier.iter().filter_map(|path| path.top().map(str::to_owned)).collect();
    if understood.identifier.is_none()
        && understood.properties.iter().any(|p| is_filled(p) && parts.contains(&p.name))
    {
        let value = |part: &String| {
            understood.properties.iter().find(|p| p.name == *part).map(|property| property.value.clone())
        };
        understood.identifier = parts.iter().map(value).collect::<Option<Vec<Value>>>().map(together);
    }
    understood.properties.retain(|property| !is_filled(property));
}

/// Parts of an identifier in one text.
fn together(parts: Vec<Value>) -> Value {
    let characters: Option<Vec<String>> =
        (0..parts.len()).map(|number| hole(number).map(String::from)).collect();
    let holes: Vec<Hole> = parts.into_iter().map(|value| Hole { value, document: None }).collect();
    joined(&characters.unwrap_or_default().join("|"), &holes)
}

/// The place in the file.
fn within(all: &[Rendered], (which, range): &Place) -> Part {
    let Some(one) = all.get(*which) else { return Part::Value };
    match one.aligned.as_ref().and_then(|aligned| aligned.source(range)) {
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
    one.aligned.as_ref()?.expression(hole_number(c)?, &one.source)
}
