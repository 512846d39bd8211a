//! The statements of a resource that rule: rendered one by one, each with what those before it gave.

use crate::codes;
use crate::flow::{FlowKind, Statements};
use crate::inner::Inner;
use crate::iql::{Anchor, AnchorKind, AnchorOptions};
use crate::model::{FlowDecl, Kind};
use crate::parse::shifted;
use crate::path::Path;
use crate::render::own::Own;
use crate::report;
use crate::scope::Scope;
use crate::template::align::Aligned;
use crate::template::marked::{self, Statement};
use crate::template::{Failure, FailureKind, Lookup, TemplateId, find_expression, head_of};
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Part, Route, nearest};
use stack_core::flow::{Captured, Unready};
use stack_core::statement::{Hole, Marked, hole, joined};
use stack_core::value::{Unknown, Value};
use std::ops::Range;
use std::sync::Arc;

/// The statements of one resource with its names.
pub(super) struct Script {
    inner: Arc<Inner>,
    /// The instance.
    index: usize,
    /// Names of the manifest, the resource's props among them.
    scope: Arc<Scope>,
    props: IndexMap<String, Value>,
    /// Options of inline statements, which have none.
    inline: AnchorOptions,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Script({})", self.inner.address(self.index))
    }
}

/// One statement as written.
struct Source<'s> {
    text: String,
    /// Compiled, if it holds templates.
    template: Option<TemplateId>,
    /// The query file as a whole, or the scalar of the manifest.
    path: Path,
    /// Where it begins in the query file, and its anchor.
    anchor: Option<(usize, &'s Anchor)>,
}

impl Script {
    /// The statements of an instance. The scope must have all props.
    pub(super) fn new(
        inner: &Arc<Inner>,
        index: usize,
        scope: &Arc<Scope>,
        props: IndexMap<String, Value>,
    ) -> Self {
        Self {
            inner: Arc::clone(inner),
            index,
            scope: scope.again(),
            props,
            inline: AnchorOptions::default(),
        }
    }

    fn declared(&self) -> Option<&FlowDecl> {
        match &self.inner.resource(self.index).kind {
            Kind::Flow(flow) => Some(flow),
            Kind::Typed(..) | Kind::Unusable => None,
        }
    }

    /// The anchor of a query file, if it means something for the kind of this resource.
    fn in_file(&self, anchor: AnchorKind) -> Option<&Anchor> {
        let declared = self.declared()?;
        let Statements::File { file, .. } = &declared.flow.statements else { return None };
        let is_used = match declared.flow.kind {
            FlowKind::Resource | FlowKind::Multi => anchor != AnchorKind::Command,
            FlowKind::Query => anchor == AnchorKind::Exports,
            FlowKind::Command => anchor == AnchorKind::Command,
            FlowKind::Script => false,
        };
        file.get(anchor).filter(|_| is_used)
    }

    /// True if an anchor is the statement that stands in the manifest itself.
    fn is_inline(&self, anchor: AnchorKind) -> bool {
        self.declared().is_some_and(|declared| {
            matches!(declared.flow.statements, Statements::Inline(_))
                && matches!(
                    (declared.flow.kind, anchor),
                    (FlowKind::Query, AnchorKind::Exports) | (FlowKind::Command, AnchorKind::Command)
                )
        })
    }

    fn source(&self, anchor: AnchorKind) -> Option<Source<'_>> {
        let declared = self.declared()?;
        match &declared.flow.statements {
            Statements::File { path, file } => {
                let found = self.in_file(anchor)?;
                let path = Path::root_of(path);
                let (_, whole) = self.inner.places.file(&path.route())?;
                let (offset, text) = file.placed(whole, found);
                let body = declared.bodies.iter().find(|body| body.anchor == Some(anchor));
                let template = body.map(|body| body.template);
                Some(Source { text, template, path, anchor: Some((offset, found)) })
            }
            Statements::Inline(text) if self.is_inline(anchor) => Some(Source {
                text: text.clone(),
                template: declared.bodies.first().map(|body| body.template),
                path: declared.inline.clone()?,
                anchor: None,
            }),
            Statements::Inline(_) | Statements::Script(_) | Statements::Missing => None,
        }
    }

    /// The problem with what needs it, and without secrets.
    fn told(&self, problem: Diagnostic) -> Box<Diagnostic> {
        let scope = self.scope.again();
        scope.report(problem);
        Box::new(first(&scope).unwrap_or_else(|| nothing(self.inner.address(self.index).as_str())))
    }

    /// Why a template gave no statement.
    fn unready(
        &self,
        failure: &Failure,
        source: &Source<'_>,
        own: &Own,
        scope: &Arc<Scope>,
        names_first: bool,
    ) -> Unready {
        let template = source.template.map(|id| self.inner.templates.get(id));
        if let (FailureKind::Undefined(expression), Some(template)) = (&failure.kind, template) {
            let mut names = own.missing(template);
            let waits = own.waits(template).filter(|unknown| !unknown.from.is_empty());
            if let Some(unknown) = waits.filter(|_| !names_first || names.is_empty()) {
                return Unready::Waiting(unknown);
            }
            if names.is_empty() {
                names.push(expression.clone());
            }
            let diagnostic = self.told(self.missing(&names, source, own));
            return Unready::Missing { names, diagnostic };
        }
        let names = scope.names(&failure.kind);
        let problem = report::template(failure, &source.text, &source.path.route(), &names);
        Unready::Broken(match problem {
            Some(problem) => self.told(source.moved(problem)),
            // It was reported where it comes from.
            None => {
                Box::new(first(scope).unwrap_or_else(|| nothing(self.inner.address(self.index).as_str())))
            }
        })
    }

    /// The message for names without a value. Those that nothing could give were found before anything ran.
    fn missing(&self, names: &[String], source: &Source<'_>, own: &Own) -> Diagnostic {
        let Some((expression, more)) = names.split_first() else {
            return nothing(self.inner.address(self.index).as_str());
        };
        let (head, member) = expression.split_once('.').unwrap_or((expression, ""));
        let head = self.inner.templates.real_name(head);
        let wanted = if member.is_empty() { head } else { head_of(member) };
        let known = own.members_of(head, !member.is_empty()).or_else(|| own.members_of("this", true));
        let known = known.and_then(Value::as_object).into_iter().flat_map(IndexMap::keys);
        let label = match nearest(wanted, known.map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "nothing has given it so far".to_owned(),
        };
        let next = if head == "callback" {
            "columns that a changing statement has after RETURNING are members of `callback`"
        } else {
            "columns of `exists` and what `return_vals` keeps are members of `this`"
        };
        let part = find_expression(&source.text, expression, None).map_or(Part::Value, Part::Within);
        let problem = Diagnostic::error(codes::UNDEFINED, format!("`{expression}` has no value"))
            .at_part(source.path.route(), part, label)
            .next(next);
        let problem = source.moved(problem);
        let also: Vec<String> = more.iter().map(|name| format!("`{name}`")).collect();
        if also.is_empty() { problem } else { report::before_next(problem, "also missing", also.join(", ")) }
    }
}

impl stack_core::flow::Script for Script {
    fn anchor(&self, anchor: AnchorKind) -> Option<&AnchorOptions> {
        if self.is_inline(anchor) {
            return Some(&self.inline);
        }
        self.in_file(anchor).map(|anchor| &anchor.options)
    }

    fn statement(&self, anchor: AnchorKind, captured: &Captured) -> Result<Marked, Unready> {
        let marked = self.drafted(anchor, captured, false)?;
        let unknown = marked.holes.iter().filter_map(|hole| hole.value.unknown());
        if let (Some(unknown), Some(source)) =
            (unknown.reduce(|all, more| all.and(&more)), self.source(anchor))
        {
            let source = Source { text: marked.text, ..source };
            return Err(self.waiting(anchor, unknown, &source));
        }
        for hole in &marked.holes {
            self.inner.options.redactor.learn(&hole.value);
        }
        Ok(marked)
    }

    fn drafts(&self, anchor: AnchorKind) -> Vec<Marked> {
        let drafts = self.both_drafts(anchor);
        for hole in drafts.iter().flat_map(|marked| &marked.holes) {
            self.inner.options.redactor.learn(&hole.value);
        }
        drafts
    }

    fn shell(&self) -> Result<Value, Unready> {
        let address = self.inner.address(self.index).as_str();
        let Some(run) = self.declared().and_then(|declared| declared.run.as_ref()) else {
            return Err(Unready::Broken(self.told(nothing(&format!("`run` of {address}")))));
        };
        let scope = self.scope.again();
        match scope.evaluate(&run.tree, &run.path) {
            Some(value) => match value.unknown() {
                Some(unknown) => Err(Unready::Waiting(unknown)),
                None => Ok(joined(
                    &hole(0).map(String::from).unwrap_or_default(),
                    &[Hole { value, document: None }],
                )),
            },
            None => Err(Unready::Broken(Box::new(first(&scope).unwrap_or_else(|| nothing(address))))),
        }
    }

    fn place(&self, anchor: AnchorKind, marked: &Marked, range: Option<Range<usize>>) -> (Route, Part) {
        let Some(source) = self.source(anchor) else {
            let resource = self.inner.resource(self.index);
            let run = self.declared().and_then(|declared| declared.run.as_ref());
            let path = run.map_or_else(|| resource.path.key("name"), |run| run.path.clone());
            return (path.route(), Part::Value);
        };
        let found =
            range.map(|range| Aligned::new(marked, &source.text).and_then(|aligned| aligned.source(&range)));
        let part = match (found, source.anchor) {
            (Some(Some(at)), Some((offset, _))) => Part::Within(at.start + offset..at.end + offset),
            (Some(Some(at)), None) => Part::Within(at),
            (Some(None), Some((_, anchor))) => Part::Within(anchor.body.clone()),
            (None, Some((_, anchor))) => Part::Within(anchor.name.clone()),
            (_, None) => Part::Value,
        };
        (source.path.route(), part)
    }

    fn file(&self) -> Option<&str> {
        match &self.declared()?.flow.statements {
            Statements::File { path, .. } => Some(path),
            Statements::Inline(_) | Statements::Script(_) | Statements::Missing => None,
        }
    }
}

impl Script {
    /// A statement whose values may still be unknown.
    ///
    /// # Errors
    /// As `statement`; it waits only where its text itself depends on what is not known. `names_first`: own names that
    /// nothing has given so far are told before what others give.
    pub(super) fn drafted(
        &self,
        anchor: AnchorKind,
        captured: &Captured,
        names_first: bool,
    ) -> Result<Marked, Unready> {
        let address = self.inner.address(self.index);
        let Some(source) = self.source(anchor) else {
            return Err(Unready::Broken(self.told(nothing(&format!("`{anchor}` of {address}")))));
        };
        let scope = self.scope.again();
        let own = Own::new(&self.inner, scope.clone(), self.index, Some(anchor), &self.props, captured);
        let own = Arc::new(own);
        let Some(template) = source.template else {
            if marked::has_holes(&source.text) {
                return Err(self.unready(&marked::private(), &source, &own, &scope, names_first));
            }
            return Ok(Marked { text: source.text, holes: Vec::new() });
        };
        let lookup: Arc<dyn Lookup> = own.clone();
        match self.inner.templates.statement(template, &lookup) {
            Ok(Statement::Ready(marked)) => {
                // What a condition takes for false now may be there when the statement runs.
                let later = names_first.then(|| own.asked(self.inner.templates.get(template)));
                match later.filter(|names| !names.is_empty()) {
                    Some(names) => {
                        let diagnostic = self.told(self.missing(&names, &source, &own));
                        Err(Unready::Missing { names, diagnostic })
                    }
                    None => Ok(marked),
                }
            }
            Ok(Statement::Waiting(unknown)) => Err(self.waiting(anchor, unknown, &source)),
            Err(failure) => Err(self.unready(&failure, &source, &own, &scope, names_first)),
        }
    }

    /// The names of a statement that nothing has given so far and that its template can do without.
    pub(super) fn optional(&self, anchor: AnchorKind) -> Vec<String> {
        let Some(template) = self.source(anchor).and_then(|source| source.template) else {
            return Vec::new();
        };
        let scope = self.scope.again();
        let nothing = Captured::default();
        let own = Own::new(&self.inner, scope, self.index, Some(anchor), &self.props, &nothing);
        own.optional(self.inner.templates.get(template))
    }

    /// The address of its resource.
    pub(super) fn address(&self) -> &str {
        self.inner.address(self.index).as_str()
    }

    /// The anchors that mean something for its kind, in the order of the file; inline text counts as one.
    pub(super) fn anchors(&self) -> Vec<AnchorKind> {
        let Some(declared) = self.declared() else { return Vec::new() };
        match &declared.flow.statements {
            Statements::File { file, .. } => {
                let all = file.anchors.iter().map(|anchor| anchor.kind);
                all.filter(|anchor| self.in_file(*anchor).is_some()).collect()
            }
            Statements::Inline(_) => [AnchorKind::Exports, AnchorKind::Command]
                .into_iter()
                .filter(|a| self.is_inline(*a))
                .collect(),
            Statements::Script(_) | Statements::Missing => Vec::new(),
        }
    }

    /// What waits for nothing that will ever come has no value.
    fn waiting(&self, anchor: AnchorKind, unknown: Unknown, source: &Source<'_>) -> Unready {
        if !unknown.from.is_empty() {
            return Unready::Waiting(unknown);
        }
        let part = source.anchor.map_or(Part::Value, |(_, anchor)| Part::Within(anchor.name.clone()));
        let message = format!(
            "the `{anchor}` statement of {} depends on a value that nothing gives",
            self.inner.address(self.index)
        );
        let problem = Diagnostic::error(codes::UNDEFINED, message)
            .at_part(source.path.route(), part, "")
            .next("props cannot use what statements return; export it as a column");
        Unready::Missing { names: Vec::new(), diagnostic: self.told(problem) }
    }
}

impl Source<'_> {
    /// A problem of this statement, with its places counted from the beginning of the file.
    fn moved(&self, problem: Diagnostic) -> Diagnostic {
        match self.anchor {
            Some((offset, _)) => shifted(problem, &self.path.route(), offset, self.text.len()),
            None => problem,
        }
    }
}

/// The first error that was noted.
fn first(scope: &Scope) -> Option<Diagnostic> {
    scope.take_problems().into_iter().find(Diagnostic::is_error)
}

fn nothing(what: &str) -> Diagnostic {
    Diagnostic::error(codes::TEMPLATE_FAILED, format!("{what} gives nothing that could run"))
}
