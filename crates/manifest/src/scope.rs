//! What the templates of a resource see, and in which order names are looked for (stackql-compat 1.6).

use crate::codes;
use crate::inner::{At, Inner, MAX_GLOBAL_DEPTH, Meaning};
use crate::model::{Kind, Tree};
use crate::path::Path;
use crate::report::{self, Names};
use crate::template::group::Group;
use crate::template::objects::{Known, hidden};
use crate::template::place::{Cause, Facts, Place};
use crate::template::session::{Absence, Session};
use crate::template::size;
use crate::template::{FailureKind, Lookup, answer, head_of};
use indexmap::IndexMap;
use minijinja::Value as Mj;
use stack_core::desired::Outputs;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::Address;
use stack_core::value::{Unknown, Value};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One rendering of one resource, shared by the scopes in it.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
    /// The instance. `None`: the stack as a whole.
    resource: Option<usize>,
    outputs: Arc<Outputs>,
    problems: Mutex<Diagnostics>,
    globals: Mutex<HashMap<usize, Option<Value>>>,
    open: Mutex<Vec<usize>>,
    uuids: Arc<AtomicU64>,
    /// Bytes of all values so far, and whether they were too many.
    rendered: AtomicUsize,
    full: AtomicBool,
}

/// What one group of templates sees.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) shared: Arc<Shared>,
    at: At,
    /// Props of the resource so far.
    locals: Arc<Mutex<IndexMap<String, Value>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scope {
    /// The scope of an instance, or of the stack as a whole. Only the outputs that it can refer to are kept.
    pub(crate) fn new(inner: &Arc<Inner>, resource: Option<usize>, outputs: &Outputs) -> Arc<Self> {
        let mut needed: Outputs = match resource {
            // Before the graph there are no outputs.
            Some(index) => inner
                .nodes
                .get(index)
                .into_iter()
                .flat_map(|node| &node.after)
                .filter_map(|edge| outputs.get_key_value(&edge.to))
                .map(|(address, output)| (address.clone(), output.clone()))
                .collect(),
            None => outputs.clone(),
        };
        let redactor = &inner.options.redactor;
        for (address, output) in &needed {
            inner.learn_protected(address, &output.model);
        }
        if !redactor.is_empty() {
            // A secret that comes back by another way, such as a part of an identifier or of an ARN, stays one.
            for output in needed.values_mut() {
                output.model = redactor.seal(std::mem::replace(&mut output.model, Value::Null));
            }
        }
        let shared = Shared {
            inner: Arc::clone(inner),
            resource,
            outputs: Arc::new(needed),
            problems: Mutex::default(),
            globals: Mutex::default(),
            open: Mutex::default(),
            uuids: Arc::default(),
            rendered: AtomicUsize::new(0),
            full: AtomicBool::new(false),
        };
        let at = resource.map_or(At::Stack, At::Resource);
        Arc::new(Self { shared: Arc::new(shared), at, locals: Arc::default() })
    }

    /// The same names for another rendering, which notes its own problems and makes its own identifiers.
    pub(crate) fn again(&self) -> Arc<Self> {
        let shared = Shared {
            inner: Arc::clone(&self.shared.inner),
            resource: self.shared.resource,
            outputs: Arc::clone(&self.shared.outputs),
            problems: Mutex::default(),
            globals: Mutex::default(),
            open: Mutex::default(),
            uuids: Arc::clone(&self.shared.uuids),
            rendered: AtomicUsize::new(0),
            full: AtomicBool::new(false),
        };
        let locals = Arc::new(Mutex::new(lock(&self.locals).clone()));
        Arc::new(Self { shared: Arc::new(shared), at: self.at, locals })
    }

    /// True if a prop of the resource has this name.
    pub(crate) fn is_local(&self, name: &str) -> bool {
        lock(&self.locals).contains_key(name)
    }

    /// Makes a prop visible to those after it.
    pub(crate) fn define(&self, name: &str, value: Value) {
        lock(&self.locals).insert(name.to_owned(), value);
    }

    /// Notes a problem of this rendering, with what needs the value.
    pub(crate) fn report(&self, problem: Diagnostic) {
        let problem = match self.shared.needed_by() {
            Some(who) => report::needed_by(problem, who),
            None => problem,
        };
        lock(&self.shared.problems).push(problem);
    }

    /// Notes a problem of another rendering, which is complete.
    pub(crate) fn adopt(&self, problem: Diagnostic) {
        lock(&self.shared.problems).push(problem);
    }

    /// True if `uuid()` has given this in this rendering.
    pub(crate) fn has_made(&self, uuid: &str) -> bool {
        let made = self.shared.uuids.load(Ordering::Relaxed);
        (0..made).any(|count| self.shared.uuid(&format!("uuid {count}")) == uuid)
    }

    /// All problems so far.
    pub(crate) fn take_problems(&self) -> Diagnostics {
        // Messages repeat what was rendered: `…` is no region.
        let redactor = &self.shared.inner.options.redactor;
        let problems = std::mem::take(&mut *lock(&self.shared.problems));
        problems.into_iter().map(|problem| redactor.diagnostic(problem)).collect()
    }

    /// Evaluates every template in a tree. `None` if one failed; the problems are noted.
    pub(crate) fn evaluate(self: &Arc<Self>, tree: &Tree, path: &Path) -> Option<Value> {
        let mut whole = true;
        let value = self.evaluate_around(tree, &|| path.clone(), &mut whole);
        whole.then_some(value)
    }

    /// Evaluates every template in a tree. Where one fails the problem is noted and an unknown without a source stands
    /// in its place, so that the rest can still be checked; `whole` becomes false.
    pub(crate) fn evaluate_around(
        self: &Arc<Self>,
        tree: &Tree,
        path: &dyn Fn() -> Path,
        whole: &mut bool,
    ) -> Value {
        match tree {
            Tree::Literal(value) => value.clone(),
            Tree::Broken => {
                *whole = false;
                Value::Unknown(Unknown::default())
            }
            Tree::Template(id) => {
                let scope: Arc<dyn Lookup> = Arc::<Self>::clone(self);
                match self.shared.inner.templates.evaluate(*id, &scope) {
                    Ok(value) => {
                        self.shared.inner.options.redactor.learn(&value);
                        if !self.shared.may_take(&value) {
                            self.too_much(path());
                            *whole = false;
                            return Value::Unknown(Unknown::default());
                        }
                        value
                    }
                    Err(failure) => {
                        let source = &self.shared.inner.templates.get(*id).source;
                        let names = self.names(&failure.kind);
                        if let Some(problem) = report::template(&failure, source, &path().route(), &names) {
                            self.report(problem);
                        }
                        *whole = false;
                        Value::Unknown(Unknown::default())
                    }
                }
            }
            Tree::Included(root, tree) => self.evaluate_around(tree, &|| root.clone(), whole),
            Tree::List(items) => {
                let values = items.iter().enumerate();
                Value::Array(
                    values.map(|(i, item)| self.evaluate_around(item, &|| path().index(i), whole)).collect(),
                )
            }
            Tree::Map(members) => {
                let values = members.iter();
                Value::Object(
                    values
                        .map(|(key, item)| {
                            (key.clone(), self.evaluate_around(item, &|| path().key(key), whole))
                        })
                        .collect(),
                )
            }
        }
    }

    /// Notes that the values of this rendering are too large together, once.
    fn too_much(&self, path: Path) {
        if !self.shared.full.swap(true, Ordering::Relaxed) {
            self.report(
                Diagnostic::error(codes::TEMPLATE_FAILED, "the values are larger than 16 MiB together")
                    .at(path.route(), "here there was no room left"),
            );
        }
    }

    /// The value of a name, or of a member below it, if it is defined.
    pub(crate) fn value_of(self: &Arc<Self>, name: &str) -> Option<Value> {
        let session = Session::default();
        let (head, members) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
        let mut value = self.lookup(head, members.is_some(), &session)?;
        for member in members.into_iter().flat_map(|rest| rest.split('.')) {
            value = value.get_attr(member).ok()?;
        }
        crate::template::objects::from_engine(&value).ok().map(|value| session.mark(value))
    }

    /// The value of a global; `None` if it failed, which is noted.
    pub(crate) fn global(&self, index: usize) -> Option<Value> {
        self.shared.global(index)
    }

    pub(crate) fn names(&self, failure: &FailureKind) -> Names {
        let FailureKind::Undefined(expression) = failure else { return Names::default() };
        let inner = &self.shared.inner;
        let mut visible: Vec<(String, String)> = Vec::new();
        if let Some(index) = self.shared.resource {
            let resource = inner.resource(index);
            for name in lock(&self.locals).keys() {
                visible.push((name.clone(), format!("a prop of {}", resource.address)));
            }
        }
        let (head, path) = (head_of(expression), expression.split('.').skip(1).collect::<Vec<_>>());
        visible.extend(inner.visible(self.at));
        let mut members = Vec::new();
        if let Some((_, parents)) = path.split_last() {
            let mut at = lock(&self.locals).get(head).cloned();
            if at.is_none()
                && let Some(Meaning::Global(index)) = inner.meaning(head, self.at, true)
            {
                at = self.shared.global(index);
            }
            if head == "each" {
                members = vec!["key".to_owned(), "value".to_owned()];
            }
            if head == "vars" {
                members = inner.variables.keys().cloned().collect();
            }
            let found = parents.iter().try_fold(at.as_ref(), |at, key| at.map(|v| v.get(key))).flatten();
            if let Some(map) = found.and_then(Value::as_object) {
                members = map.keys().cloned().collect();
            }
        }
        let head_is_defined = lock(&self.locals).contains_key(head)
            || inner
                .meaning(inner.templates.real_name(head), self.at.with(self.shared.resource), true)
                .is_some();
        let group = inner
            .declaration(inner.templates.real_name(head))
            .filter(|declaration| inner.instances.group(*declaration).has_keys());
        if let (Some(declaration), []) = (group, members.as_slice()) {
            members = inner.instances.keys(declaration).map(str::to_owned).collect();
        }
        Names {
            visible,
            head_is_defined,
            members,
            in_globals: matches!(self.at, At::Global(_)),
            only_variable: !matches!(self.at, At::Global(_)) && inner.variables.contains_key(head),
        }
    }

    /// A resource as templates see it.
    fn resource(&self, facts: &Arc<Facts>, name: &str, session: &Session) -> Mj {
        let place = Place::root(facts, name);
        match self.shared.outputs.get(&facts.address).map(|output| &output.model) {
            Some(model @ Value::Object(_)) => {
                Mj::from_object(Known::new(model.clone(), Some(place), session.clone()))
            }
            Some(Value::Unknown(unknown)) => {
                let direct = unknown.from.iter().all(|r| r.address == facts.address);
                hidden(unknown.clone(), session, direct.then_some(place))
            }
            _ => hidden(place.unknown(), session, Some(place)),
        }
    }

    /// A declared resource, or one of its exports; a map by key if it has `for_each`.
    fn group(&self, declaration: usize, export: Option<&str>, name: &str, session: &Session) -> Mj {
        let inner = &self.shared.inner;
        let group = inner.instances.group(declaration);
        if let Some(instance) = group.single() {
            return self.instance(instance, export, name, session);
        }
        if !group.has_keys() {
            return hidden(Unknown::default(), session, None);
        }
        Mj::from_object(Group {
            scope: self.clone(),
            declaration,
            export: export.map(str::to_owned),
            name: name.to_owned(),
            session: session.clone(),
        })
    }

    /// An instance, or one of its exports.
    pub(crate) fn instance(
        &self,
        instance: usize,
        export: Option<&str>,
        name: &str,
        session: &Session,
    ) -> Mj {
        let facts = &self.shared.inner.facts[instance];
        match export {
            None => self.resource(facts, name, session),
            Some(property) => self.export(facts, property, name, session),
        }
    }

    fn export(&self, facts: &Arc<Facts>, property: &str, name: &str, session: &Session) -> Mj {
        let mut value = self.resource(facts, name, session);
        for part in property.split('.') {
            value = match value.get_attr(part) {
                Ok(next) => next,
                Err(error) => return Mj::from(error),
            };
        }
        if value.is_undefined() {
            session.note_absent(
                name.to_owned(),
                Absence {
                    words: format!("{} exists, but has no value for `{property}`", facts.address),
                    lost: false,
                },
            );
        }
        value
    }
}

impl Shared {
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Counts a value; false if there is no room for it.
    fn may_take(&self, value: &Value) -> bool {
        let bytes = size::bytes_of(value);
        self.rendered.fetch_add(bytes, Ordering::Relaxed) + bytes <= size::MAX_RENDERING
    }

    /// Why a global cannot be evaluated inside those that are being evaluated: it is one of them, or there are too
    /// many, each of which calls the next.
    fn cannot_open(&self, index: usize, name: &str) -> Option<Cause> {
        let open = lock(&self.open);
        let chain = |from: usize| {
            let names = open.iter().skip(from).chain([&index]);
            names.map(|i| self.inner.declared.globals[*i].name.as_str()).collect::<Vec<_>>()
        };
        let (code, message) = match open.iter().position(|i| *i == index) {
            Some(first) => (codes::CYCLE, format!("globals need each other: {}", chain(first).join(" → "))),
            None if open.len() >= MAX_GLOBAL_DEPTH && !lock(&self.globals).contains_key(&index) => {
                let all = chain(0);
                let ends = [&all[..3], &["…"], &all[all.len() - 2..]].concat();
                let message = format!(
                    "more than {MAX_GLOBAL_DEPTH} globals need each other one after the other: {}",
                    ends.join(" → ")
                );
                (codes::TEMPLATE_FAILED, message)
            }
            None => return None,
        };
        Some(Cause { code: Some(code), message, expression: name.to_owned(), label: String::new() })
    }

    fn needed_by(&self) -> Option<String> {
        let index = self.resource?;
        let ty = &self.inner.resource(index).declared_type;
        Some(format!("{} ({ty}), env {}", self.inner.address(index), self.inner.id.env))
    }

    /// Globals are evaluated when they are used, once per stack where nothing of the resource goes in.
    fn global(self: &Arc<Self>, index: usize) -> Option<Value> {
        if let Some(known) = lock(&self.globals).get(&index) {
            return known.clone();
        }
        let constant = self.inner.constants.get(index).and_then(Option::as_ref);
        if let Some(value) = constant.and_then(|cell| cell.get()) {
            return Some(value.clone());
        }
        lock(&self.open).push(index);
        let value = self.evaluate_global(index);
        lock(&self.open).pop();
        if let (Some(cell), Some(value)) = (constant, &value) {
            // Another thread may have been faster, with the same value.
            let _ = cell.set(value.clone());
        }
        lock(&self.globals).insert(index, value.clone());
        value
    }

    fn evaluate_global(self: &Arc<Self>, index: usize) -> Option<Value> {
        let global = &self.inner.declared.globals[index];
        let spot = global.value.as_ref()?;
        let scope =
            Arc::new(Scope { shared: Arc::clone(self), at: At::Global(index), locals: Arc::default() });
        let value = scope.evaluate(&spot.tree, &spot.path)?;
        let empty = match &value {
            Value::String(s) => s.is_empty(),
            Value::Null => true,
            Value::Secret(secret) => secret.expose() == &Value::text(""),
            _ => false,
        };
        if empty {
            scope.report(
                Diagnostic::error(codes::EMPTY_GLOBAL, format!("the global `{}` is empty", global.name))
                    .at(spot.path.route(), "this renders to nothing")
                    .next("give it a value, or write the empty text where it is used"),
            );
            return None;
        }
        Some(if global.sensitive { self.inner.hide(value) } else { value })
    }

    /// A version 4 UUID (RFC 9562 section 5.4) made from the nonce of this run and a name.
    fn uuid(&self, salt: &str) -> String {
        let who = self.resource.map(|index| self.inner.address(index).as_str());
        uuid(self.inner.options.nonce, who.unwrap_or_default(), salt)
    }
}

/// A version 4 UUID (RFC 9562 section 5.4), the same for the same input.
pub(crate) fn uuid(nonce: u128, who: &str, salt: &str) -> String {
    let half = |part: u8| {
        let mut hasher = std::hash::DefaultHasher::new();
        (nonce, who, salt, part).hash(&mut hasher);
        hasher.finish()
    };
    let bits = u128::from(half(0)) << 64 | u128::from(half(1));
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

impl Inner {
    /// Remembers the outputs of a resource that its `protected` lists.
    fn learn_protected(&self, address: &Address, model: &Value) {
        let Some(facts) = self.instances.at(address.as_str()).map(|index| &self.facts[index]) else {
            return;
        };
        let Some(members) = model.as_object().filter(|_| !facts.protected.is_empty()) else { return };
        for (name, value) in members {
            if Place::root(facts, "").member(name).is_ok_and(|place| place.is_protected()) {
                self.options.redactor.learn_all(value);
            }
        }
    }

    /// The value as a secret, which is remembered.
    pub(crate) fn hide(&self, value: Value) -> Value {
        self.options.redactor.learn_all(&value);
        value.hidden()
    }
}

impl Lookup for Scope {
    fn lookup(&self, name: &str, dotted: bool, session: &Session) -> Option<Mj> {
        let inner = &self.shared.inner;
        let name = inner.templates.real_name(name);
        if let Some(value) = lock(&self.locals).get(name) {
            return Some(answer(value, session));
        }
        match inner.meaning(name, self.at.with(self.shared.resource), dotted)? {
            Meaning::Text(text) => Some(Mj::from(text)),
            Meaning::ResourceName(index) => Some(Mj::from(inner.declared.resources[index].address.as_str())),
            Meaning::Token(index) => Some(Mj::from(inner.facts[index].token.as_str())),
            Meaning::Variables => {
                let all = inner.variables.iter().map(|(k, v)| (k.clone(), Value::text(v.as_str()))).collect();
                Some(Mj::from_object(Known::new(Value::Object(all), None, session.clone())))
            }
            Meaning::Global(index) => {
                if let Some(cause) = self.shared.cannot_open(index, name) {
                    return Some(cause.into_value());
                }
                Some(match self.shared.global(index) {
                    Some(value) => answer(&value, session),
                    None => Cause::reported().into_value(),
                })
            }
            Meaning::Returned => Some(hidden(Unknown::default(), session, None)),
            Meaning::Each(index) => {
                let each = inner.instances.all[index].each.clone()?;
                let each = IndexMap::from([("key".to_owned(), each.key), ("value".to_owned(), each.value)]);
                Some(Mj::from_object(Known::new(Value::Object(each), None, session.clone())))
            }
            Meaning::Resource(index) => Some(self.group(index, None, name, session)),
            Meaning::Export(index, export) => {
                let resource = &inner.declared.resources[index];
                let export = &resource.exports[export];
                // Of a flow the variable says it: another export may have its column's name.
                let rules = matches!(&resource.kind, Kind::Flow(flow) if flow.rules);
                let property = if rules { &export.variable } else { &export.property };
                Some(self.group(index, Some(property), name, session))
            }
        }
    }

    fn uuid(&self) -> String {
        let count = self.shared.uuids.fetch_add(1, Ordering::Relaxed);
        self.shared.uuid(&format!("uuid {count}"))
    }
}
