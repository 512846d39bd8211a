//! The decision for one resource, from what is wanted and what was seen.

use super::identity::declared_identifier;
use super::{codes, guard, undo, vague};
use crate::desired::{Adopt, Edge, ReplaceOrder, Wanted};
use crate::diagnostic::Diagnostic;
use crate::diff::{Diff, DiffContext, PatchInput, desired_state, diff, patch};
use crate::ids::StackId;
use crate::observed::{IdentityStep, Sighting};
use crate::plan::{
    Action, Certainty, Change, ChangeOp, Impact, Mode, Ownership, Planned, Reason, ReasonCode, Rule, Undo,
};
use crate::pointer::Pointer;
use crate::provider::Found;
use crate::schema::{ReplacementStrategy, ResourceSchema};
use crate::tags::{self, Tagged};
use crate::value::{Unknown, Value};
use serde_json::Value as Json;

/// What is known about the live resource.
#[derive(Clone, Debug)]
pub(super) enum Seen<'s> {
    /// It was looked for.
    Sighted(&'s Sighting),
    /// It cannot be looked for yet: its key waits for these values.
    Waiting(Unknown),
}

/// Everything that the decision hangs on.
pub(super) struct Decide<'d> {
    pub(super) wanted: &'d Wanted,
    pub(super) schema: &'d ResourceSchema,
    pub(super) stack: &'d StackId,
    pub(super) mode: Mode,
    pub(super) seen: Seen<'d>,
    pub(super) after: &'d [Edge],
    pub(super) keep_protected: bool,
    pub(super) allow_data_loss: bool,
    /// Write-only places to send again.
    pub(super) resend: Vec<Pointer>,
    /// True if the value comes from a resource that is not there: nothing that needs it can be there under it.
    pub(super) is_absent: &'d dyn Fn(&Unknown) -> bool,
    /// True if the value surely is another one than any so far: its resource is yet to be made, and gets a new id.
    pub(super) is_fresh: &'d dyn Fn(&Unknown) -> bool,
}

impl Decide<'_> {
    pub(super) fn decide(&self) -> Planned {
        let mut planned = self.verdict();
        planned.diagnostics.extend(guard::account_wide(self.wanted, self.schema, planned.action));
        planned
    }

    fn verdict(&self) -> Planned {
        match &self.seen {
            Seen::Sighted(Sighting::Unreadable(failure)) => {
                self.blocked(vague::unreadable(self.wanted, failure))
            }
            Seen::Sighted(Sighting::Ambiguous { found, step }) => {
                self.blocked(vague::ambiguous(self.wanted, found, *step))
            }
            Seen::Sighted(Sighting::Unprovable(found)) => self.blocked(vague::unprovable(self.wanted, found)),
            // No marks will be there to find it again: the next plan would make one more.
            Seen::Sighted(Sighting::Lookalikes(found))
                if self.is_unmarked() && !self.goes() && found.iter().any(|one| one.owner.is_none()) =>
            {
                self.blocked(vague::cannot_tell_again(self.wanted, found))
            }
            Seen::Sighted(Sighting::Lookalikes(found)) => {
                let mut planned = self.absent();
                planned.diagnostics.push(vague::lookalikes(self.wanted, found, self.goes()));
                planned.lookalikes = found.iter().map(|one| one.identifier.clone()).collect();
                planned
            }
            Seen::Sighted(Sighting::Present { found, step }) if !self.schema.is_gone(&found.model) => {
                self.present(found, *step)
            }
            Seen::Sighted(Sighting::Present { .. } | Sighting::Absent) => self.absent(),
            Seen::Waiting(unknown) if (self.is_absent)(unknown) => self.absent(),
            Seen::Waiting(unknown) if self.goes() => self.blocked(vague::not_found(self.wanted, unknown)),
            Seen::Waiting(unknown) => self.deferred(unknown),
        }
    }

    /// True if the resource is not wanted: a teardown, or `state: absent`.
    fn goes(&self) -> bool {
        self.mode == Mode::Teardown || self.wanted.absent
    }

    /// True if neither we nor its statements mark it.
    fn is_unmarked(&self) -> bool {
        self.wanted.as_written && !self.wanted.ownership_tags
    }

    /// True if an identifier is given that is known.
    fn is_pinned(&self) -> bool {
        self.wanted.identifier.as_ref().is_some_and(|given| given.unknown().is_none())
    }

    fn blocked(&self, problem: Diagnostic) -> Planned {
        let mut planned = self.blank(Action::Blocked);
        planned.diagnostics.push(problem);
        planned
    }

    fn absent(&self) -> Planned {
        let mut planned = self.blank(if self.goes() { Action::Noop } else { Action::Create });
        if self.goes() {
            return planned;
        }
        // The create would give it another identifier, and nothing would find that again (Confluent trap 6).
        let leaves_no_mark = self.is_unmarked() || self.schema.tag_property().is_none();
        if leaves_no_mark && self.schema.is_named_by_service() && self.is_pinned() {
            return self.blocked(vague::names_nothing(self.wanted));
        }
        planned.identifier = declared_identifier(self.wanted, self.schema);
        planned.reasons.push(Reason { code: ReasonCode::Absent, path: None });
        let desired = self.full(None);
        if let Value::Object(members) = &desired {
            planned.changes = members
                .iter()
                .map(|(name, value)| Change {
                    path: Pointer::of([name.as_str()]),
                    label: name.clone(),
                    op: ChangeOp::Add,
                    before: None,
                    after: Some(value.clone()),
                    impact: Impact::Update,
                })
                .collect();
        }
        planned.desired = Some(desired);
        planned.undo = Undo::Yes;
        planned
    }

    fn deferred(&self, unknown: &Unknown) -> Planned {
        let mut planned = self.blank(Action::Deferred);
        planned.certainty = Certainty::Deferred(unknown.from.iter().cloned().collect());
        planned.reasons.push(Reason { code: ReasonCode::AwaitsOutput, path: None });
        planned.desired = Some(self.full(None));
        planned.undo = Undo::Partial("what it does is decided when it runs".into());
        planned
    }

    fn present(&self, found: &Found, step: IdentityStep) -> Planned {
        if let Some(problem) = guard::elsewhere(self.wanted, self.schema, found) {
            return self.blocked(problem);
        }
        let owner = tags::ownership(self.schema, &found.model, self.stack, self.wanted.ownership_tags);
        let mut planned = if self.goes() { self.remove(found, &owner) } else { self.compare(found, &owner) };
        planned.identifier = Some(found.identifier.clone());
        planned.found_by = Some(step);
        planned.ownership = Some(owner);
        planned.live = Some(found.model.clone());
        if let Action::Replace(order) = planned.action
            && self.wanted.lifecycle.replace.is_none()
            && step == IdentityStep::Pinned
        {
            planned.diagnostics.push(
                Diagnostic::warning(
                    codes::STALE_PIN,
                    format!("`identifier` of {} names the resource that is replaced", self.wanted.address),
                )
                .at(self.wanted.sources.resource.key("identifier"), "")
                .next("write the new identifier there after the build"),
            );
            planned.action = Action::Replace(order);
        }
        planned
    }

    fn remove(&self, found: &Found, owner: &Ownership) -> Planned {
        // What an entry with `state: absent` takes over may go.
        let takes_over = self.mode != Mode::Teardown
            && match owner {
                Ownership::Ours => true,
                Ownership::Free => self.wanted.lifecycle.adopt != Adopt::Proven,
                Ownership::Foreign(_) => self.wanted.lifecycle.adopt == Adopt::Force,
            };
        let owner = if takes_over { &Ownership::Ours } else { owner };
        match owner {
            Ownership::Ours if self.wanted.lifecycle.prevent_destroy => {
                let mut planned =
                    self.blank(if self.keep_protected { Action::Noop } else { Action::Blocked });
                planned.diagnostics.push(guard::protected(self.wanted, "deleted", self.keep_protected));
                planned
            }
            // Who tears an environment down has named it; an entry alone does not agree to a loss.
            Ownership::Ours if self.mode != Mode::Teardown && self.holds_data() && !self.allow_data_loss => {
                self.blocked(guard::data_loss(self.wanted, "deleting"))
            }
            Ownership::Ours if self.mode == Mode::Teardown && self.wanted.kept => {
                let mut planned = self.blank(Action::Noop);
                let message = format!("{} is kept: its query file has no `delete`", self.wanted.address);
                planned.diagnostics.push(
                    Diagnostic::warning(codes::KEPT, message)
                        .at(self.wanted.sources.resource.clone(), "")
                        .note("resource", format!("{} {}", self.wanted.declared_type, found.identifier)),
                );
                planned
            }
            Ownership::Ours => {
                let mut planned = self.blank(Action::Delete);
                planned.reasons.push(Reason { code: ReasonCode::NotWanted, path: None });
                planned.undo = undo::of_delete(self.schema);
                planned
            }
            other => {
                let mut planned = self.blank(Action::Noop);
                let whose = match other {
                    Ownership::Foreign(owner) => format!("it belongs to {owner}"),
                    _ => "it carries no tags of this stack".to_owned(),
                };
                planned.diagnostics.push(
                    Diagnostic::warning(
                        codes::NOT_OURS,
                        format!("{} is left alone: {whose}", self.wanted.address),
                    )
                    .at(self.wanted.sources.resource.clone(), "")
                    .note("resource", format!("{} {}", self.wanted.declared_type, found.identifier)),
                );
                planned
            }
        }
    }

    fn compare(&self, found: &Found, owner: &Ownership) -> Planned {
        let takes_over = match owner {
            Ownership::Ours => false,
            Ownership::Free => true,
            Ownership::Foreign(_) if self.wanted.lifecycle.adopt == Adopt::Force => true,
            Ownership::Foreign(whose) => {
                let mut planned = self.blank(Action::Blocked);
                planned.diagnostics.push(guard::foreign(self.wanted, &found.identifier, whose));
                return planned;
            }
        };
        let declared = self.declared(Some(&found.model));
        let context = DiffContext {
            schema: self.schema,
            ignore: &self.wanted.lifecycle.ignore_changes,
            is_fresh: self.is_fresh,
        };
        let mut found_diff = diff(&context, &declared, &found.model);
        self.mark_impossible_updates(&mut found_diff);
        // `ignore_changes` of the manifest does not name them.
        let random = &self.wanted.lifecycle.random;
        found_diff.explained.retain(|explained| !random.contains(&explained.path));

        let resend = self.resend(&found.model);
        let renamed = self.former_name(owner, &found.model);
        let also = self.tag_places(takes_over || renamed.is_some(), &found.model);
        let has_work = !found_diff.changes.is_empty() || !resend.is_empty() || !also.is_empty();
        let action = match found_diff.impact() {
            Some(Impact::Replace) => Action::Replace(replace_order(self.wanted, self.schema, found)),
            _ if takes_over => Action::Adopt,
            // All that may change can only change by a replacement, and is not known yet: the step decides.
            _ if resend.is_empty() && also.is_empty() && self.only_awaits(&found_diff) => Action::Deferred,
            _ if has_work => Action::Update,
            _ => Action::Noop,
        };
        let mut planned = self.blank(action);
        self.explain(&mut planned, &found_diff, takes_over, !resend.is_empty());
        match action {
            Action::Replace(_) => {
                planned.desired = Some(self.full(None));
                planned.undo = undo::of_replace(self.schema);
                self.guard_replacement(&mut planned, owner, &found_diff);
            }
            Action::Update | Action::Adopt => {
                let full = self.full(Some(&found.model));
                planned.patch = patch(PatchInput {
                    schema: self.schema,
                    full: &full,
                    live: &found.model,
                    diff: &found_diff,
                    also: &also,
                    resend: &resend,
                    ignore: &self.wanted.lifecycle.ignore_changes,
                });
                planned.undo = undo::of_update(self.schema, &planned.patch);
                // Nothing to send, nothing to call for (cloud-control 3.3 rule 12).
                if planned.patch.is_empty() {
                    planned.action = Action::Noop;
                    planned.undo = Undo::Nothing;
                }
            }
            Action::Deferred => {
                planned.certainty = Certainty::Deferred(
                    found_diff.unknown().map(|u| u.from.into_iter().collect()).unwrap_or_default(),
                );
                planned.reasons.push(Reason { code: ReasonCode::AwaitsOutput, path: None });
                planned.undo = Undo::Partial("what it does is decided when it runs".into());
            }
            _ => {}
        }
        self.warn_of_kept(&mut planned, &found_diff);
        planned.unmanaged = unmanaged(self.schema, &declared, &found.model);
        planned.changes = found_diff.changes;
        if let (Some(before), Action::Update) = (renamed, planned.action) {
            planned.reasons.push(Reason { code: ReasonCode::Renamed, path: None });
            planned.changes.extend(self.rename(&before));
        }
        planned.explained = found_diff.explained;
        planned.cannot_compare = found_diff.cannot_compare;
        planned
    }

    fn explain(&self, planned: &mut Planned, diff: &Diff, takes_over: bool, resends: bool) {
        let mut reasons = Vec::new();
        if takes_over {
            reasons.push(Reason { code: ReasonCode::Adopted, path: None });
        }
        for change in &diff.changes {
            let code = match (change.impact, change.op) {
                (Impact::Replace, _) if self.schema.is_immutable() => ReasonCode::NoUpdateHandler,
                (Impact::Replace, _) if self.schema.create_only_properties.covers(&change.path) => {
                    ReasonCode::CreateOnly
                }
                (Impact::Replace, _) if self.schema.overlay.grow_only.covers(&change.path) => {
                    ReasonCode::GrowOnly
                }
                (Impact::Replace, _) => ReasonCode::UpdateImpossible,
                (Impact::MayReplace, _) => ReasonCode::ConditionalCreateOnly,
                (_, ChangeOp::Add) => ReasonCode::ValueAdded,
                (_, ChangeOp::Replace) => ReasonCode::ValueChanged,
                (_, ChangeOp::Remove) => ReasonCode::ValueRemoved,
                (_, ChangeOp::Resend) => ReasonCode::Resend,
            };
            reasons.push(Reason { code, path: Some(change.path.clone()) });
        }
        if resends {
            reasons.push(Reason { code: ReasonCode::Resend, path: None });
        }
        planned.reasons = reasons;
        let undecided: Vec<_> = diff.unknown().map(|u| u.from.into_iter().collect()).unwrap_or_default();
        if !undecided.is_empty() || diff.impact() == Some(Impact::MayReplace) {
            planned.certainty = Certainty::Conditional(undecided);
        }
    }

    /// True if every change waits for a value and could only be a replacement.
    fn only_awaits(&self, diff: &Diff) -> bool {
        !diff.changes.is_empty()
            && diff.changes.iter().all(|change| {
                self.schema.create_only_properties.covers(&change.path)
                    && change.impact == Impact::MayReplace
                    && change.after.as_ref().is_some_and(|after| after.unknown().is_some())
            })
    }

    /// Declared nulls that the service is known not to carry out (cloud-control 3.8).
    fn warn_of_kept(&self, planned: &mut Planned, diff: &Diff) {
        for kept in diff.explained.iter().filter(|e| e.rule == Rule::RemoveIgnored) {
            planned.diagnostics.push(
                Diagnostic::warning(
                    codes::REMOVE_IGNORED,
                    format!(
                        "{} keeps {}: the service does not remove it",
                        self.wanted.address,
                        kept.path.dotted()
                    ),
                )
                .at(self.wanted.sources.of(&kept.path).clone(), "")
                .next("give the value that you want there instead of null"),
            );
        }
    }

    /// Where a required property can be neither sent nor left out, every change is a replacement (cloud-control 3.1).
    fn mark_impossible_updates(&self, diff: &mut Diff) {
        if self.schema.refuses_updates() {
            diff.changes.iter_mut().for_each(|change| change.impact = Impact::Replace);
        }
    }

    fn holds_data(&self) -> bool {
        self.schema.overlay.holds_data || guard::holds_data(&self.wanted.ty)
    }

    fn guard_replacement(&self, planned: &mut Planned, owner: &Ownership, diff: &Diff) {
        if self.wanted.lifecycle.prevent_destroy {
            planned.diagnostics.push(guard::protected(self.wanted, "replaced", false));
            planned.action = Action::Blocked;
        } else if self.holds_data() && !self.allow_data_loss {
            let mut problem = guard::data_loss(self.wanted, "replacing");
            for change in &diff.changes {
                if change.impact == Impact::Replace && self.schema.overlay.grow_only.covers(&change.path) {
                    problem = guard::only_grows(problem, self.wanted, change);
                }
            }
            planned.diagnostics.push(problem);
            planned.action = Action::Blocked;
        } else if *owner != Ownership::Ours && self.wanted.lifecycle.adopt == Adopt::Proven {
            planned.diagnostics.push(guard::replace_unowned(self.wanted));
            planned.action = Action::Blocked;
        }
    }

    /// Write-only places to send again: on request, or because the secret version changed.
    fn resend(&self, live: &Json) -> Vec<Pointer> {
        let mut places = self.resend.clone();
        if self.has_new_secret_version(live) {
            places.push(Pointer::root());
        }
        places
    }

    /// True if the tag that keeps `lifecycle.secret_version` says another one. Where it cannot be kept and read, no
    /// version is ever new: the values would be sent with every build.
    fn has_new_secret_version(&self, live: &Json) -> bool {
        let kept = self.wanted.ownership_tags && self.schema.tags_updatable() && self.schema.tags_readable();
        self.wanted.lifecycle.secret_version.as_deref().is_some_and(|version| {
            kept && tags::of_model(self.schema, live)
                .iter()
                .all(|(k, v)| *k != tags::SECRET_VERSION || *v != version)
        })
    }

    /// The tag property, if marks have to be written although no declared tag differs.
    fn tag_places(&self, marks: bool, live: &Json) -> Vec<Pointer> {
        let Some((property, _)) = self.schema.tag_property() else { return Vec::new() };
        let new_version = self.has_new_secret_version(live);
        if self.wanted.ownership_tags && self.schema.tags_updatable() && (marks || new_version) {
            vec![Pointer::of([property])]
        } else {
            Vec::new()
        }
    }

    /// The name that our mark on the live resource gives, if it is another one now. Orphans are told by it, so that a
    /// rename has to reach it.
    fn former_name(&self, owner: &Ownership, live: &Json) -> Option<String> {
        let can_mark =
            self.wanted.ownership_tags && self.schema.tags_updatable() && self.schema.tags_readable();
        if *owner != Ownership::Ours || !can_mark {
            return None;
        }
        tags::of_model(self.schema, live)
            .into_iter()
            .find(|(key, _)| *key == tags::RESOURCE_NAME)
            .filter(|(_, name)| *name != tags::mark_of(self.wanted.address.as_str()))
            .map(|(_, name)| name.to_owned())
    }

    fn rename(&self, before: &str) -> Option<Change> {
        let (property, _) = self.schema.tag_property()?;
        Some(Change {
            path: Pointer::of([property]),
            label: format!("{property}[{}]", tags::RESOURCE_NAME),
            op: ChangeOp::Replace,
            before: Some(Value::text(before)),
            after: Some(Value::text(tags::mark_of(self.wanted.address.as_str()))),
            impact: Impact::Update,
        })
    }

    /// Declared properties with the stack's default tags.
    fn declared(&self, live: Option<&Json>) -> Value {
        declared(self.wanted, self.schema, live)
    }

    /// Declared properties as they are sent, ownership marks included.
    fn full(&self, live: Option<&Json>) -> Value {
        full(self.wanted, self.schema, self.stack, live)
    }

    fn blank(&self, action: Action) -> Planned {
        Planned {
            address: self.wanted.address.clone(),
            ty: self.wanted.ty.clone(),
            declared_type: self.wanted.declared_type.clone(),
            flow: None,
            target: self.wanted.target.clone(),
            identifier: None,
            found_by: None,
            looked_for: matches!(self.seen, Seen::Sighted(_)),
            action,
            certainty: Certainty::Certain,
            ownership: None,
            reasons: Vec::new(),
            changes: Vec::new(),
            explained: Vec::new(),
            hits: Vec::new(),
            cannot_compare: Vec::new(),
            client_tokens: self.wanted.client_tokens.clone(),
            // The planner sets it: nothing is decided by it.
            follows: Vec::new(),
            lookalikes: Vec::new(),
            takes_along: Vec::new(),
            accepted: Vec::new(),
            unmanaged: Vec::new(),
            patch: Vec::new(),
            desired: None,
            live: None,
            undo: Undo::Nothing,
            after: self.after.to_vec(),
            protected: self.wanted.lifecycle.prevent_destroy,
            diagnostics: Vec::new(),
            sources: self.wanted.sources.clone(),
        }
    }
}

/// Declared properties with the stack's default tags; what the differ holds against the live model.
pub(super) fn declared(wanted: &Wanted, schema: &ResourceSchema, live: Option<&Json>) -> Value {
    let mut props = wanted.props.clone();
    if let Some(tagged) = Tagged::of(schema)
        && let Value::Object(members) = &mut props
    {
        let live_tags = live.map(|model| model.get(tagged.property));
        let own = members.get(tagged.property);
        if let Some(all) = tagged.declared(own, &wanted.default_tags, live_tags) {
            members.insert(tagged.property.to_owned(), all);
        }
    }
    props
}

/// Declared properties as they are sent. `live: None` is a create.
pub(super) fn full(wanted: &Wanted, schema: &ResourceSchema, stack: &StackId, live: Option<&Json>) -> Value {
    let mut props = declared(wanted, schema, live);
    let may_mark = live.is_none() || schema.tags_updatable();
    if let Some(tagged) = Tagged::of(schema)
        && wanted.ownership_tags
        && may_mark
        && let Value::Object(members) = &mut props
        && !matches!(members.get(tagged.property), Some(Value::Unknown(_)))
    {
        let marks = tags::marks(stack, wanted.address.as_str(), wanted.lifecycle.secret_version.as_deref());
        let live_tags = live.and_then(|model| model.get(tagged.property));
        // Tags that are not ours to change stay as they are, marks aside.
        let at = Pointer::of([tagged.property]);
        let ignored = live.is_some() && wanted.lifecycle.ignore_changes.iter().any(|i| at.starts_with(i));
        let own = members.get(tagged.property).filter(|v| !ignored && !matches!(v, Value::Null));
        let all = tagged.to_send(own, live_tags, &marks);
        members.insert(tagged.property.to_owned(), all);
    }
    if live.is_none() { desired_state(schema, &props) } else { props }
}

/// Live top-level properties that the manifest does not mention, read-only ones, tags and empty ones aside.
fn unmanaged(schema: &ResourceSchema, declared: &Value, live: &Json) -> Vec<Pointer> {
    let Json::Object(members) = live else { return Vec::new() };
    members
        .iter()
        .filter(|(name, value)| declared.get(name).is_none() && !crate::diff::is_empty(value))
        .map(|(name, _)| Pointer::of([name.as_str()]))
        .filter(|at| !schema.read_only_properties.covers(at))
        .filter(|at| schema.tag_property().is_none_or(|(property, _)| at.last() != Some(property)))
        .collect()
}

/// In which order a replacement goes (cloud-control 4.5): a name that stays the same cannot exist twice.
fn replace_order(wanted: &Wanted, schema: &ResourceSchema, found: &Found) -> ReplaceOrder {
    if let Some(order) = wanted.lifecycle.replace {
        return order;
    }
    if schema.replacement_strategy == Some(ReplacementStrategy::DeleteThenCreate) {
        return ReplaceOrder::DeleteFirst;
    }
    if declared_identifier(wanted, schema).is_some_and(|id| id.is_same(&found.identifier)) {
        return ReplaceOrder::DeleteFirst;
    }
    let same = |path: &crate::pointer::PropertyPath| {
        path.as_pointer().is_some_and(|at| {
            match (wanted.props.at(&at).and_then(Value::exposed), at.get(&found.model)) {
                (Some(declared), Some(live)) => {
                    let stored = crate::diff::normalised(schema, &at, &wanted.props, &declared);
                    crate::diff::same_json(&declared, live)
                        || stored.is_some_and(|stored| crate::diff::same_json(&stored, live))
                }
                _ => false,
            }
        })
    };
    let shares_identifier =
        schema.additional_identifiers.iter().any(|set| !set.is_empty() && set.iter().all(same));
    let shares_name = schema
        .create_only_properties
        .iter()
        .any(|path| path.top().is_some_and(|t| t.ends_with("Name")) && same(path));
    if shares_identifier || shares_name { ReplaceOrder::DeleteFirst } else { ReplaceOrder::CreateFirst }
}
