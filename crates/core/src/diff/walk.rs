//! The walk over declared values, one node at a time.

use super::scalar::{Same, is_empty, scalar};
use super::{Diff, DiffContext, document, transform};
use crate::plan::{Change, ChangeOp, Explained, Impact, Rule};
use crate::pointer::Pointer;
use crate::schema::{JsonType, Node};
use crate::tags;
use crate::value::{Secret, Value};
use serde_json::Value as Json;

pub(super) struct Walk<'w> {
    pub(super) context: &'w DiffContext<'w>,
    declared: &'w Value,
    live: &'w Json,
    pub(super) diff: Diff,
}

/// One place: the declared value, the live one, what the schema says, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) declared: &'p Value,
    pub(super) live: Option<&'p Json>,
    pub(super) node: Option<&'p Node>,
    pub(super) at: &'p Pointer,
    /// How people read the place.
    pub(super) label: &'p str,
}

impl<'w> Walk<'w> {
    pub(super) fn new(context: &'w DiffContext<'w>, declared: &'w Value, live: &'w Json) -> Self {
        Self { context, declared, live, diff: Diff::default() }
    }

    /// A walk with the same context and an empty result, to try a comparison.
    pub(super) fn trial(&self) -> Walk<'w> {
        Walk::new(self.context, self.declared, self.live)
    }

    pub(super) fn root(&mut self) {
        let Value::Object(members) = self.declared else { return };
        let schema = self.context.schema;
        let tag_property = schema.tag_property();
        for (name, declared) in members {
            let at = Pointer::of([name.as_str()]);
            let live = self.live.get(name);
            let node = schema.member(&schema.root, name);
            let place = Place { declared, live, node, at: &at, label: name };
            match tag_property {
                Some((property, form)) if property == name => self.tag_property(place, form),
                _ => self.value(place),
            }
        }
    }

    fn tag_property(&mut self, place: Place<'_>, form: crate::schema::TagForm) {
        if self.unreadable(place) {
            return;
        }
        let Some(tag_changes) = tags::changes(place.declared, place.live, form, place.at) else {
            // Not the shape of tags (a whole unknown, a null): an ordinary value.
            return self.value(place);
        };
        if tag_changes.hidden > 0 {
            self.explain(place.at, Rule::SystemTags);
        }
        if tag_changes.reordered {
            self.explain(place.at, Rule::SetOrder);
        }
        for change in tag_changes.changes {
            let label = format!("{}[{}]", place.label, change.key);
            self.change(&change.at, &label, change.op, change.before.as_ref(), change.after.as_ref());
        }
    }

    /// Handles what cannot be compared; true if the place is settled.
    fn unreadable(&mut self, place: Place<'_>) -> bool {
        let schema = self.context.schema;
        if schema.read_only_properties.covers(place.at) {
            return true;
        }
        if schema.write_only_properties.covers(place.at) {
            self.diff.cannot_compare.push(place.at.clone());
            return true;
        }
        false
    }

    pub(super) fn value(&mut self, place: Place<'_>) {
        if self.unreadable(place) {
            return;
        }
        if self.context.ignore.iter().any(|ignored| place.at.starts_with(ignored)) {
            if !self.trial_is_clean(place) {
                self.explain(place.at, Rule::Ignored);
            }
            return;
        }
        match place.declared {
            Value::Unknown(_) => {
                let op = if place.live.is_none_or(is_empty) { ChangeOp::Add } else { ChangeOp::Replace };
                self.change_at(place, op);
            }
            Value::Null => {
                if place.live.is_some_and(|live| !is_empty(live)) {
                    self.change_at(place, ChangeOp::Remove);
                }
            }
            Value::Secret(secret) => self.secret(place, secret),
            Value::Object(members) if !self.is_document(place) => self.object(place, members),
            Value::Array(items) => self.array(place, items),
            _ => self.leaf(place),
        }
    }

    /// Compares without the `ignore_changes` rule; true if nothing differs.
    fn trial_is_clean(&self, place: Place<'_>) -> bool {
        let context = DiffContext { ignore: &[], ..*self.context };
        let mut trial =
            Walk { context: &context, declared: place.declared, live: self.live, diff: Diff::default() };
        trial.value(place);
        trial.diff.changes.is_empty()
    }

    fn is_document(&self, place: Place<'_>) -> bool {
        place.node.is_some_and(|node| document::is_opaque(node) || document::takes_both_forms(node))
            && place.declared.unknown().is_none()
    }

    /// A secret is compared in clear and reported covered.
    fn secret(&mut self, place: Place<'_>, secret: &Secret) {
        let mut trial = self.trial();
        trial.value(Place { declared: secret.expose(), ..place });
        if !trial.diff.changes.is_empty() {
            let op = if place.live.is_none_or(is_empty) { ChangeOp::Add } else { ChangeOp::Replace };
            self.change_at(place, op);
        }
        self.diff.cannot_compare.append(&mut trial.diff.cannot_compare);
    }

    fn object(&mut self, place: Place<'_>, members: &indexmap::IndexMap<String, Value>) {
        // A live text where an object is declared: the document rule, or a real change.
        if place.live.is_some_and(|live| !live.is_object() && !is_empty(live)) {
            return self.leaf(place);
        }
        for (name, declared) in members {
            let at = place.at.child(name.as_str());
            let live = place.live.and_then(|live| live.get(name));
            let node = place.node.and_then(|node| self.context.schema.member(node, name));
            let label = format!("{}.{name}", place.label);
            self.value(Place { declared, live, node, at: &at, label: &label });
        }
    }

    /// A value compared as a whole: a scalar, a document, or something of another shape than the live one.
    fn leaf(&mut self, place: Place<'_>) {
        let Some(declared) = place.declared.known() else {
            return self.change_at(place, ChangeOp::Replace);
        };
        let Some(live) = place.live else {
            if is_empty(&declared) || place.node.and_then(|n| n.default_value.as_ref()) == Some(&declared) {
                return self.explain(place.at, Rule::Empty);
            }
            return self.change_at(place, ChangeOp::Add);
        };
        if is_empty(&declared) && is_empty(live) {
            if declared != *live {
                self.explain(place.at, Rule::Empty);
            }
            return;
        }
        let mut verdict = scalar(&declared, live, place.node);
        if verdict == Same::No {
            verdict = document::documents(&declared, live);
        }
        if verdict == Same::No
            && transform::explains(self.context.schema, place.at, self.declared, &declared, live)
        {
            verdict = Same::By(Rule::Transform);
        }
        match verdict {
            Same::Exactly => {}
            Same::By(rule) => self.explain(place.at, rule),
            Same::No => {
                let op = if is_empty(live) { ChangeOp::Add } else { ChangeOp::Replace };
                self.change_at(place, op);
            }
        }
    }

    pub(super) fn explain(&mut self, at: &Pointer, rule: Rule) {
        self.diff.explained.push(Explained { path: at.clone(), rule });
    }

    pub(super) fn change_at(&mut self, place: Place<'_>, op: ChangeOp) {
        let after = (op != ChangeOp::Remove).then_some(place.declared);
        self.change(place.at, place.label, op, place.live, after);
    }

    /// Records a change, unless it is one that reads alone make up (create-only and not returned).
    pub(super) fn change(
        &mut self,
        at: &Pointer,
        label: &str,
        op: ChangeOp,
        before: Option<&Json>,
        after: Option<&Value>,
    ) {
        let impact = self.impact(at, after);
        if impact == Impact::Replace && before.is_none() && !self.context.schema.is_immutable() {
            // The read handler leaves some create-only values out; that is no reason to replace (cloud-control 3.4).
            self.explain(at, Rule::NotReturned);
            return;
        }
        let secret = after.is_some_and(Value::has_secret);
        let before = before.map(|json| {
            let value = Value::from(json);
            if secret { Value::Secret(Secret::new(value)) } else { value }
        });
        self.diff.changes.push(Change {
            path: at.clone(),
            label: label.to_owned(),
            op,
            before,
            after: after.cloned(),
            impact,
        });
    }

    fn impact(&self, at: &Pointer, after: Option<&Value>) -> Impact {
        let schema = self.context.schema;
        if schema.is_immutable() {
            return Impact::Replace;
        }
        if schema.create_only_properties.covers(at) {
            return match after.and_then(Value::unknown) {
                Some(unknown) if !(self.context.is_fresh)(&unknown) => Impact::MayReplace,
                _ => Impact::Replace,
            };
        }
        if schema.conditional_create_only_properties.covers(at)
            || schema.create_only_properties.reaches_below(at)
        {
            return Impact::MayReplace;
        }
        Impact::Update
    }
}

/// True if order has no meaning in the array; `None` if the schema says nothing (cloud-control 3.4).
pub(super) fn is_unordered(context: &DiffContext<'_>, node: Option<&Node>, at: &Pointer) -> Option<bool> {
    if context.schema.overlay.unordered.contains(at) {
        return Some(true);
    }
    let node = node?;
    match node.insertion_order {
        Some(ordered) => Some(!ordered),
        None if node.unique_items => Some(true),
        None => None,
    }
}

/// True if the node's value can be an array.
pub(super) fn takes_array(node: Option<&Node>) -> bool {
    node.is_none_or(|node| node.types.is_empty() || node.types.names(JsonType::Array))
}
