//! The names that a statement sees while its resource is worked on: those of the manifest, and what the resource's own
//! statements have given so far (stackql-compat 1.6 and 2.5).

use crate::inner::{At, Inner, Meaning};
use crate::model::Kind;
use crate::render::flow::{is_asked_for, may_be_given};
use crate::scope::Scope;
use crate::template::objects::TOKEN;
use crate::template::session::Session;
use crate::template::{Lookup, Template, Use, answer, engine};
use indexmap::IndexMap;
use minijinja::Value as Mj;
use stack_core::flow::{AnchorKind, Captured};
use stack_core::value::{Unknown, Value};
use std::fmt;
use std::sync::Arc;

/// The names of one statement.
pub(super) struct Own {
    inner: Arc<Inner>,
    scope: Arc<Scope>,
    /// The instance.
    index: usize,
    /// The statement; `None` for a script.
    anchor: Option<AnchorKind>,
    /// What `this` and the resource's own name mean.
    this: Value,
    /// What the resource's own statements gave, and the variables that its exports make of it.
    captured: IndexMap<String, Value>,
    /// What its last changing statement returned.
    callback: Option<Value>,
}

/// Shows nothing of the values: they come from the cloud.
impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own(…)")
    }
}

impl Own {
    /// The names of a statement. `scope` has the props, which are `props` too.
    pub(super) fn new(
        inner: &Arc<Inner>,
        scope: Arc<Scope>,
        index: usize,
        anchor: Option<AnchorKind>,
        props: &IndexMap<String, Value>,
        given: &Captured,
    ) -> Self {
        let resource = inner.resource(index);
        let take = |name: &str, value: &Value| {
            // A secret that comes back by another way stays one.
            let value = inner.options.redactor.seal(value.clone());
            if inner.facts[index].protects(name) { inner.hide(value) } else { value }
        };
        let mut captured: IndexMap<String, Value> =
            given.this.iter().map(|(name, value)| (name.clone(), take(name, value))).collect();
        for export in &resource.exports {
            if let Some(value) = captured.get(&export.property).cloned() {
                captured.entry(export.variable.clone()).or_insert(value);
            }
        }
        let callback = given.callback.as_ref().map(|row| {
            let mut object = IndexMap::new();
            for (column, value) in row {
                put(&mut object, column, take(column, value));
            }
            Value::Object(object)
        });
        let mut this = props.clone();
        let built_in =
            [("resource_name", resource.address.as_str()), (TOKEN, inner.facts[index].token.as_str())];
        for (name, text) in built_in {
            this.entry(name.to_owned()).or_insert_with(|| Value::text(text));
        }
        this.extend(captured.clone());
        this.insert("callback".to_owned(), callback.clone().unwrap_or_else(Value::object));
        Self { inner: Arc::clone(inner), scope, index, anchor, this: Value::Object(this), captured, callback }
    }

    fn own_name(&self) -> &str {
        self.inner.resource(self.index).address.as_str()
    }

    /// What a name of the manifest means here. Exports of later resources have no value when this one is worked on.
    fn declared(&self, name: &str, dotted: bool, session: &Session) -> Option<Mj> {
        let own = self.inner.instances.all[self.index].declaration;
        let is_given = self.scope.is_local(name)
            || match self.inner.meaning(name, At::Resource(self.index), dotted)? {
                Meaning::Export(from, _) => from < own,
                Meaning::Resource(from) => from != own && (dotted || !self.captured.contains_key(name)),
                Meaning::Returned => false,
                _ => true,
            };
        if is_given { self.scope.lookup(name, dotted, session) } else { None }
    }

    /// True if a name means a part of the resource's own identifier, and no export of another resource.
    fn is_own_part(&self, name: &str) -> bool {
        let Kind::Flow(flow) = &self.inner.resource(self.index).kind else { return false };
        let is_defined = self.scope.is_local(name) || self.inner.global_index(name).is_some();
        let is_part = || flow.about.as_ref().is_some_and(|about| about.is_assigned(name));
        !is_defined && (flow.is_own_part(name, self.anchor) || is_part() && self.captured.contains_key(name))
    }

    /// What the names of a template wait for, those included that were not looked at because another one failed.
    pub(super) fn waits(&self, template: &Template) -> Option<Unknown> {
        let session = Session::default();
        for used in &template.uses {
            let Some(mut value) = self.lookup(&used.head, !used.path.is_empty(), &session) else { continue };
            for key in &used.path {
                match value.get_attr(key) {
                    Ok(next) => value = next,
                    Err(_) => break,
                }
            }
        }
        session.unknown()
    }

    /// The names of a template that nothing has given so far, as written.
    pub(super) fn missing(&self, template: &Template) -> Vec<String> {
        self.without_value(template, &|_, text, only_asked| !only_asked && !template.tolerates(text))
    }

    /// The names that conditions of a template ask for, and that the resource's own statements may give later.
    pub(super) fn asked(&self, template: &Template) -> Vec<String> {
        let resource = self.inner.resource(self.index);
        let Kind::Flow(flow) = &resource.kind else { return Vec::new() };
        self.without_value(template, &|name, text, only_asked| {
            let may_come = || {
                matches!(name, "this" | "callback")
                    || self.members_of(name, text.contains('.')).is_some()
                    || may_be_given(&self.inner, resource, flow, name)
            };
            !only_asked && template.asks_for(text) && may_come()
        })
    }

    /// The names that nothing has given so far and that the template can do without: `x is defined`, `x | default('')`, and
    /// those of conditions.
    pub(super) fn optional(&self, template: &Template) -> Vec<String> {
        self.without_value(template, &|_, text, only_asked| only_asked || template.asks_for(text))
    }

    /// Names without a value, as written. `counts`: the name, the text of its use, and whether it is only asked for.
    fn without_value(&self, template: &Template, counts: &dyn Fn(&str, &str, bool) -> bool) -> Vec<String> {
        // Of `this.a | default('')` and `this.b` only the first can do without.
        let asked = |used: &Use| {
            let all = template.occurrences(&used.head);
            let mut same = all.iter().filter(|o| o.key.as_ref() == used.path.first());
            same.any(|o| is_asked_for(&template.source[o.range.end..]))
        };
        let mut out: Vec<String> = Vec::new();
        for used in template.uses.iter().filter(|used| !engine::is_builtin(&used.head)) {
            let name = self.inner.templates.real_name(&used.head);
            let is_missing = match self.members_of(name, !used.path.is_empty()) {
                Some(members) => !is_in(members, &used.path),
                None => self.lookup(name, !used.path.is_empty(), &Session::default()).is_none(),
            };
            let text = used.text();
            if is_missing && name != "uuid" && !out.contains(&text) && counts(name, &text, asked(used)) {
                out.push(text);
            }
        }
        out
    }

    /// The object that a name means, if its members are given by the resource itself.
    pub(super) fn members_of(&self, name: &str, dotted: bool) -> Option<&Value> {
        match name {
            "this" => Some(&self.this),
            "callback" if self.callback.is_some() || !self.scope.is_local(name) => self.this.get("callback"),
            _ => (dotted && name == self.own_name()).then_some(&self.this),
        }
    }
}

impl Lookup for Own {
    fn lookup(&self, name: &str, dotted: bool, session: &Session) -> Option<Mj> {
        let name = self.inner.templates.real_name(name);
        match (name, &self.callback) {
            ("this", _) => return Some(answer(&self.this, session)),
            ("callback", Some(callback)) => return Some(answer(callback, session)),
            _ if dotted && name == self.own_name() => return Some(answer(&self.this, session)),
            _ => {}
        }
        if !self.is_own_part(name)
            && let Some(value) = self.declared(name, dotted, session)
        {
            return Some(value);
        }
        match self.captured.get(name) {
            Some(value) => Some(answer(value, session)),
            // Its members can be asked for, and have no values.
            None if name == "callback" && dotted => Some(answer(&Value::object(), session)),
            None => None,
        }
    }

    fn uuid(&self) -> String {
        self.scope.uuid()
    }
}

/// True if there is something at the end of a way. What is no object may have methods.
fn is_in(value: &Value, path: &[String]) -> bool {
    match (value, path) {
        (_, []) => true,
        (Value::Object(map), [first, rest @ ..]) => map.get(first).is_some_and(|next| is_in(next, rest)),
        (Value::Secret(secret), _) => is_in(secret.expose(), path),
        _ => true,
    }
}

/// Puts a value under its column; dots lead into objects.
fn put(object: &mut IndexMap<String, Value>, column: &str, value: Value) {
    let Some((first, rest)) = column.split_once('.') else {
        object.insert(column.to_owned(), value);
        return;
    };
    let slot = object.entry(first.to_owned()).or_insert_with(Value::object);
    match slot {
        Value::Object(inner) => put(inner, rest, value),
        _ => {
            object.insert(column.to_owned(), value);
        }
    }
}
