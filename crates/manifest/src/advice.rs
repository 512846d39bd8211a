//! What a project of stackql-deploy meets here that is not as it was there: one note per subject that is in the project.
//!
//! The facts about the predecessor are those of stackql-compat, in the sections that stand beside each subject.

use crate::codes;
use crate::condition;
use crate::flow::Statements;
use crate::inner::{At, Inner};
use crate::iql::{Anchor, AnchorKind};
use crate::model::{FlowDecl, Kind, PropBody, PropDecl, ResourceDecl, Spot, Tree};
use crate::path::Path;
use crate::render;
use crate::stack::Stack;
use stack_core::desired::Outputs;
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route, Severity};
use stack_core::value::Value;
use std::sync::Arc;

/// Other places that are named.
const MOST: usize = 3;

/// Something that behaves in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// What is so here.
    message: &'static str,
    /// How it was there, and why it is not so here.
    why: &'static str,
    /// What to do, if there is something to do.
    next: &'static str,
}

/// 1.1
const VERSIONS: Subject = Subject {
    message: "the version of a provider is not used",
    why: "providers are built in, nothing is downloaded",
    next: "",
};
/// 2.3, 2.6 and 7.2
const WAITING: Subject = Subject {
    message: "every operation is waited for before anything is checked",
    why: "stackql-deploy sends and goes on, so retries wait there; a failed operation is an error here at once",
    next: "retries are needed only for what becomes visible later than its operation ends",
};
/// 1.7
const BOOLEANS: Subject = Subject {
    message: "`True` and `False` within a longer text stay as they are",
    why: "stackql-deploy 2 writes them in lower case wherever they stand",
    next: "",
};
/// 1.3 and 1.9
const PROTECTED: Subject = Subject {
    message: "protected exports are in no file",
    why: "stackql-deploy writes them in clear into .stackql-deploy-exports and into --output-file",
    next: "build and test do so with --export-protected",
};
/// 2.5
const REFUSED: Subject = Subject {
    message: "a read that is refused stops the run",
    why: "stackql-deploy takes a missing permission for `does not exist`, and creates",
    next: "stack-deploy permissions STACK_DIR ENV prints what the reads need",
};
/// 1.6
const CONDITIONS: Subject = Subject {
    message: "this condition can be true here",
    why: "stackql-deploy 2 takes a bare word for plain text, and `not in` is never true",
    next: "look whether the resource is wanted where it now is",
};
/// 1.6
const RANDOM: Subject = Subject {
    message: "a value that is new in each run is not compared",
    why: "it is sent when the resource is made; a later run cannot know what was sent",
    next: "",
};
/// 2.9
const CONSENT: Subject = Subject {
    message: "teardown asks before it deletes, and build before it replaces",
    why: "stackql-deploy does both without a question",
    next: "give --yes where there is no terminal",
};

/// A place where a subject is met.
struct Met {
    subject: Subject,
    at: (Route, Part),
    label: String,
    who: String,
}

impl Stack {
    /// What behaves in another way than it did for stackql-deploy, for this project, one note per subject. Nothing for stacks
    /// without statements.
    pub fn advice(&self) -> Diagnostics {
        let inner = self.inner();
        let is_flow = |resource: &&ResourceDecl| matches!(resource.kind, Kind::Flow(_));
        if !inner.declared.resources.iter().any(|resource| is_flow(&resource)) {
            return Vec::new();
        }
        let mut met = Vec::new();
        versions(inner, &mut met);
        booleans(inner, &mut met);
        for resource in inner.declared.resources.iter().filter(is_flow) {
            protected(inner, resource, &mut met);
            if let Kind::Flow(flow) = &resource.kind {
                anchors(resource, flow, &mut met);
            }
        }
        for index in 0..inner.instances.all.len() {
            conditions(inner, index, &mut met);
            rendered(inner, index, &mut met);
        }
        grouped(met)
    }
}

/// Notes that a rendering has met a value that is new in each run; [`Stack::advice`] takes it up.
pub(crate) fn random(route: Route, part: Part, label: String) -> Diagnostic {
    blank(RANDOM).at_part(route, part, label)
}

fn blank(subject: Subject) -> Diagnostic {
    Diagnostic { severity: Severity::Note, ..Diagnostic::warning(codes::DIFFERS, subject.message) }
}

fn versions(inner: &Inner, met: &mut Vec<Met>) {
    for (index, provider) in inner.declared.providers.iter().enumerate() {
        if provider.contains("::") {
            let at = (Route::default().key("providers").index(index), Part::Value);
            met.push(Met { subject: VERSIONS, at, label: String::new(), who: provider.clone() });
        }
    }
}

/// Literal texts that hold one of the words among others.
fn booleans(inner: &Inner, met: &mut Vec<Met>) {
    let mut look = |spot: &Spot, who: &str| {
        mentions(&spot.tree, &spot.path, &mut |path| {
            let at = (path.route(), Part::Value);
            met.push(Met { subject: BOOLEANS, at, label: String::new(), who: who.to_owned() });
        });
    };
    for global in &inner.declared.globals {
        global.value.iter().for_each(|spot| look(spot, &global.name));
    }
    for resource in inner.declared.resources.iter().filter(|r| matches!(r.kind, Kind::Flow(_))) {
        spots(&resource.props, &mut |spot| look(spot, resource.address.as_str()));
    }
}

fn spots(props: &[PropDecl], look: &mut impl FnMut(&Spot)) {
    for prop in props {
        match &prop.body {
            PropBody::Value(spot) => look(spot),
            PropBody::Nested(inner) => spots(inner, look),
            PropBody::Nothing | PropBody::Problem(_) => {}
        }
    }
}

fn mentions(tree: &Tree, path: &Path, found: &mut impl FnMut(&Path)) {
    match tree {
        Tree::Literal(value) => mentions_in(value, path, found),
        Tree::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| mentions(item, &path.index(i), found));
        }
        Tree::Map(members) => {
            members.iter().for_each(|(key, item)| mentions(item, &path.key(key), found));
        }
        Tree::Included(root, tree) => mentions(tree, root, found),
        Tree::Template(_) | Tree::Broken => {}
    }
}

fn mentions_in(value: &Value, path: &Path, found: &mut impl FnMut(&Path)) {
    match value {
        Value::String(text) => {
            let is_inside = |word: &str| text.contains(word) && text != word;
            if is_inside("True") || is_inside("False") {
                found(path);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| mentions_in(item, &path.index(i), found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(key, item)| mentions_in(item, &path.key(key), found));
        }
        _ => {}
    }
}

fn protected(inner: &Inner, resource: &ResourceDecl, met: &mut Vec<Met>) {
    let is_exported = |name: &String| inner.declared.exports.iter().any(|export| export.expression == *name);
    let named = |name: &&String| {
        is_exported(name) || resource.exports.iter().any(|e| e.property == **name && is_exported(&e.variable))
    };
    if let Some(name) = resource.protected.iter().find(named) {
        let at = (resource.path.key("protected").route(), Part::Key);
        let who = resource.address.to_string();
        met.push(Met { subject: PROTECTED, at, label: format!("the stack exports `{name}`"), who });
    }
}

/// What the anchors of a file tell.
fn anchors(resource: &ResourceDecl, flow: &FlowDecl, met: &mut Vec<Met>) {
    let Statements::File { path, file } = &flow.flow.statements else { return };
    let route = Path::root_of(path).route();
    for anchor in &file.anchors {
        let at = || (route.clone(), Part::Within(anchor.name.clone()));
        let mut meet = |subject: Subject| {
            met.push(Met { subject, at: at(), label: String::new(), who: resource.address.to_string() });
        };
        if waits(anchor) {
            meet(WAITING);
        }
        match anchor.kind {
            AnchorKind::Exists | AnchorKind::StateCheck => meet(REFUSED),
            AnchorKind::Delete => meet(CONSENT),
            _ => {}
        }
    }
}

/// True if the statement is repeated to wait for an operation that another one has begun.
fn waits(anchor: &Anchor) -> bool {
    let options = &anchor.options;
    match anchor.kind {
        AnchorKind::StateCheck | AnchorKind::Exports | AnchorKind::Delete => {
            options.retries.is_some_and(|retries| retries > 1) || options.postdelete_retries.is_some()
        }
        AnchorKind::Callback(_) => true,
        _ => false,
    }
}

fn conditions(inner: &Inner, instance: usize, met: &mut Vec<Met>) {
    let resource = inner.resource(instance);
    let Some(when) = &resource.when else { return };
    let text = match &when.tree {
        Tree::Literal(Value::String(text)) => text.clone(),
        Tree::Template(id) => inner.templates.get(*id).source.clone(),
        _ => return,
    };
    let is_template = matches!(when.tree, Tree::Template(_));
    let is_variable =
        |word: &String| !word.contains('.') && inner.meaning(word, At::Resource(instance), false).is_some();
    let bare = condition::words(&text).into_iter().find(|word| !is_template && is_variable(word));
    let label = match bare {
        Some(word) => format!("`{word}` is a variable"),
        None if text.contains(" not in ") => "`not in`".to_owned(),
        None => return,
    };
    let at = (when.path.route(), Part::Value);
    met.push(Met { subject: CONDITIONS, at, label, who: resource.address.to_string() });
}

/// What the rendering of an instance has noted.
fn rendered(inner: &Arc<Inner>, instance: usize, met: &mut Vec<Met>) {
    let outcome = render::resource(inner, instance, &Outputs::new(), true);
    for problem in outcome.problems.into_iter().filter(|problem| problem.code == codes::DIFFERS) {
        if let Some(label) = problem.labels.into_iter().next() {
            let at = (label.route, label.part);
            let who = inner.address(instance).to_string();
            met.push(Met { subject: RANDOM, at, label: label.text, who });
        }
    }
}

/// One note per subject, at the first place, with the names of others.
fn grouped(met: Vec<Met>) -> Diagnostics {
    let mut subjects: Vec<Subject> = Vec::new();
    for one in &met {
        if !subjects.contains(&one.subject) {
            subjects.push(one.subject);
        }
    }
    let note = |subject: Subject| {
        let mut all = met.iter().filter(|one| one.subject == subject);
        let first = all.next()?;
        let mut others: Vec<&str> = Vec::new();
        for one in all.filter(|one| one.who != first.who) {
            if !others.contains(&one.who.as_str()) {
                others.push(&one.who);
            }
        }
        let (route, part) = first.at.clone();
        let mut note =
            Diagnostic { severity: Severity::Note, ..Diagnostic::warning(codes::DIFFERS, subject.message) }
                .at_part(route, part, first.label.as_str())
                .note("why", subject.why);
        if !others.is_empty() {
            let more = others.len().saturating_sub(MOST);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let named: Vec<&str> = others.into_iter().take(MOST).collect();
            note = note.note("also", format!("{}{more}", named.join(", ")));
        }
        Some(if subject.next.is_empty() { note } else { note.next(subject.next) })
    };
    subjects.into_iter().filter_map(note).collect()
}
