//! The walk over declared values, one node at a time.

use super::scalar::{Same, is_empty, scalar};
use super::{Diff, DiffContext, document, same_json, spelling, transform};
use crate::conform::is_mask;
use crate::plan::{Change, ChangeOp, Explained, Impact, Rule};
use crate::pointer::Pointer;
use crate::schema::{JsonType, Node};
use crate::tags::{self, Tagged};
use crate::value::{Secret, Value};
use serde_json::Value as Json;

pub(super) struct Walk<'w> {
    pub(super) context: &'w DiffContext<'w>,
    declared: &'w Value,
    live: &'w Json,
    /// True inside a list that holds a secret: which of the live elements is the secret one, nobody can tell, so no
    /// live value of it is shown.
    pub(super) covers: bool,
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
        Self { context, declared, live, covers: false, diff: Diff::default() }
    }

    /// A walk with the same context and an empty result, to try a comparison.
    pub(super) fn trial(&self) -> Walk<'w> {
        Walk::new(self.context, self.declared, self.live)
    }

    pub(super) fn root(&mut self) {
        let Value::Object(members) = self.declared else { return };
        let schema = self.context.schema;
        let tagged = Tagged::of(schema);
        for (name, declared) in members {
            let at = Pointer::of([name.as_str()]);
            let live = self.live.get(name);
            let node = schema.member(&schema.root, name);
            let place = Place { declared, live, node, at: &at, label: name };
            match tagged {
                Some(tagged) if tagged.property == name => self.tags(place, tagged),
                _ => self.value(place),
            }
        }
    }

    fn tags(&mut self, place: Place<'_>, tagged: Tagged<'_>) {
        if self.ignored(place.at) || self.unreadable(place) {
            return self.value(place);
        }
        let (declared, nameless) = match place.declared {
            Value::Secret(secret) => (secret.expose(), true),
            other => (other, false),
        };
        let covered = nameless || declared.has_secret();
        let Some(tag_changes) = tagged.changes(declared, place.live, place.at) else {
            // Not the shape of tags (a whole unknown): an ordinary value, apart from the tags that are never ours.
            let live = place.live.map(tags::without_hidden);
            return self.value(Place { live: live.as_ref(), ..place });
        };
        if tag_changes.hidden > 0 {
            self.explain(place.at, Rule::SystemTags);
        }
        if tag_changes.reordered {
            self.explain(place.at, Rule::SetOrder);
        }
        if place.live.is_none_or(is_empty) && !tag_changes.changes.is_empty() && self.is_not_returned(place) {
            return self.explain(place.at, Rule::NotReturned);
        }
        for change in tag_changes.changes {
            if self.ignored(&place.at.child(change.key.as_str())) {
                self.explain(&change.at, Rule::Ignored);
                continue;
            }
            let cover = |value: Value| if nameless { Value::Secret(Secret::new(value)) } else { value };
            let label = match nameless {
                true => place.label.to_owned(),
                false => format!("{}[{}]", place.label, change.key),
            };
            let after = change.after.map(cover);
            self.record(&change.at, &label, change.op, change.before.as_ref(), after.as_ref(), covered);
        }
    }

    /// True if the place is under `lifecycle.ignore_changes`.
    fn ignored(&self, at: &Pointer) -> bool {
        self.context.ignore.iter().any(|ignored| at.starts_with(ignored))
    }

    /// True if the read handler may simply leave the value out, as it does with create-only ones (cloud-control 3.4).
    pub(super) fn is_not_returned(&self, place: Place<'_>) -> bool {
        self.context.schema.create_only_properties.covers(place.at)
    }

    /// Handles what cannot be compared; true if the place is settled.
    fn unreadable(&mut self, place: Place<'_>) -> bool {
        let schema = self.context.schema;
        if schema.read_only_properties.covers(place.at) {
            return true;
        }
        let is_masked = schema.overlay.masked.covers(place.at) && place.live.is_some_and(is_mask);
        if schema.is_unreadable(place.at) || is_masked {
            // A null has nothing to send; that a value is gone cannot be seen either.
            if !matches!(place.declared, Value::Null) && !self.diff.cannot_compare.contains(place.at) {
                self.diff.cannot_compare.push(place.at.clone());
            }
            return true;
        }
        false
    }

    pub(super) fn value(&mut self, place: Place<'_>) {
        if self.ignored(place.at) {
            if !self.trial_is_clean(place) {
                self.explain(place.at, Rule::Ignored);
            }
            return;
        }
        if self.unreadable(place) {
            return;
        }
        match place.declared {
            Value::Unknown(_) => {
                let op = if place.live.is_none_or(is_empty) { ChangeOp::Add } else { ChangeOp::Replace };
                self.change_at(place, op);
            }
            Value::Null => {
                if let Some(live) = place.live.filter(|live| !is_empty(live)) {
                    self.removal(place, live);
                }
            }
            Value::Secret(secret) => self.secret(place, secret),
            Value::Object(members) if !self.is_document(place) => self.object(place, members),
            Value::Array(items) => self.array(place, items),
            _ => self.leaf(place),
        }
    }

    /// A declared null where the live model has a value.
    fn removal(&mut self, place: Place<'_>, live: &Json) {
        let overlay = &self.context.schema.overlay;
        let default = overlay
            .remove_default(place.at)
            .or_else(|| place.node.and_then(|node| node.default_value.as_ref()));
        if default.is_some_and(|default| same_json(default, live)) {
            // It is what the service says for "not set".
            self.explain(place.at, Rule::Empty);
        } else if overlay.remove_default(place.at).is_none() && overlay.remove_ignored.covers(place.at) {
            self.explain(place.at, Rule::RemoveIgnored);
        } else {
            self.change_at(place, ChangeOp::Remove);
        }
    }

    /// Compares without the `ignore_changes` rule; true if nothing differs.
    fn trial_is_clean(&self, place: Place<'_>) -> bool {
        let context = DiffContext { ignore: &[], ..*self.context };
        let mut trial = Walk::new(&context, self.declared, self.live);
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
        let Some(declared) = place.declared.exposed() else {
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
        if verdict == Same::No
            && let Some(rule) = spelling::same(self.context.schema, place.node, place.at, &declared, live)
        {
            verdict = Same::By(rule);
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
        if place.live.is_none_or(is_empty) && self.is_not_returned(place) {
            // That is no reason to replace.
            return self.explain(place.at, Rule::NotReturned);
        }
        let after = (op != ChangeOp::Remove).then_some(place.declared);
        self.record(place.at, place.label, op, place.live, after, false);
    }

    /// Records a change. `covered`: the live value is not to be shown, whatever the declared one is.
    pub(super) fn record(
        &mut self,
        at: &Pointer,
        label: &str,
        op: ChangeOp,
        before: Option<&Json>,
        after: Option<&Value>,
        covered: bool,
    ) {
        let impact = self.impact(at, before, after);
        let secret = covered || self.covers || after.is_some_and(Value::has_secret);
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

    fn impact(&self, at: &Pointer, before: Option<&Json>, after: Option<&Value>) -> Impact {
        let schema = self.context.schema;
        if schema.is_immutable() {
            return Impact::Replace;
        }
        // A part of the identifier that is not marked create-only still names another resource (cloud-control 2.1).
        let names_another = schema.primary_identifier.iter().any(|path| path.covers(at));
        if names_another || schema.create_only_properties.covers(at) {
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
        if schema.overlay.grow_only.covers(at)
            && let Some(before) = before.and_then(Json::as_f64)
        {
            return match after.map(|after| (after.unknown(), after.exposed().as_ref().and_then(Json::as_f64)))
            {
                Some((Some(_), _)) => Impact::MayReplace,
                Some((None, Some(after))) if after < before => Impact::Replace,
                _ => Impact::Update,
            };
        }
        Impact::Update
    }
}

/// True if order has no meaning in the array; `None` if the schema says nothing (cloud-control 3.4).
pub(super) fn is_unordered(context: &DiffContext<'_>, node: Option<&Node>, at: &Pointer) -> Option<bool> {
    let overlay = &context.schema.overlay;
    if overlay.unordered.contains(at) || overlay.ordered.contains(at) {
        return Some(!overlay.ordered.contains(at));
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
