//! What goes along with a deletion: a service deletes what is in a resource too, whoever made it (confluent.md section 10).
//!
//! It is listed for deletions and replacements only, and before anything is deleted: what the plan does not delete itself
//! is named, and asks for consent.

use super::{Planning, codes, guard};
use crate::diagnostic::Diagnostic;
use crate::diff::percent_decode;
use crate::identity::Identifier;
use crate::ids::{Address, Target, TypeName};
use crate::overlay::Cascade;
use crate::plan::{Action, Along, Planned};
use crate::provider::{Failure, FailureKind, Found};
use crate::schema::Schemas;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// How many a message names.
const NAMED: usize = 10;

/// A list of what a deletion may take along.
#[derive(Clone, Debug, PartialEq)]
pub struct AlongQuestion {
    /// The resource that is deleted.
    pub by: Address,
    /// What is listed.
    pub ty: TypeName,
    /// Where.
    pub target: Target,
    /// Input of the list.
    pub model: Json,
    cascade: Cascade,
}

/// What was asked and found.
#[derive(Debug, Default)]
pub(super) struct Cascades {
    /// Resources whose lists were handed out.
    asked: BTreeSet<Address>,
    further: Vec<AlongQuestion>,
    found: Vec<(AlongQuestion, Vec<Found>)>,
    unlisted: Vec<(AlongQuestion, Failure)>,
}

impl Cascades {
    /// The lists that were asked for and do not stand for what is in what they show.
    pub(super) fn lists(&self) -> impl Iterator<Item = &AlongQuestion> {
        self.found.iter().map(|(list, _)| list).chain(self.unlisted.iter().map(|(list, _)| list))
    }

    /// What a list shows.
    pub(super) fn found_in(&self, list: &AlongQuestion) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(move |(one, _)| one == list).flat_map(|(_, found)| found)
    }

    /// True if a list could not be asked.
    pub(super) fn is_unlisted(&self, list: &AlongQuestion) -> bool {
        self.unlisted.iter().any(|(one, _)| one == list)
    }
}

impl Planning {
    /// The lists that tell what planned deletions take along; each is handed out once. To be asked once all else is
    /// decided, as many times as there are any: answers may lead to further ones.
    pub fn along(&mut self) -> Vec<AlongQuestion> {
        let mut questions = std::mem::take(&mut self.cascades.further);
        for planned in self.planned.values() {
            let may_go = goes(planned) || is_held_back(planned);
            if !may_go || !self.acted_on.contains(&planned.address) || planned.flow.is_some() {
                continue;
            }
            let Ok(schema) = self.schemas.schema(&planned.ty) else { continue };
            if schema.overlay.cascades.is_empty() || !self.cascades.asked.insert(planned.address.clone()) {
                continue;
            }
            let values = values(planned.live.as_ref(), planned.identifier.as_ref());
            let (by, target) = (&planned.address, &planned.target);
            questions.extend(schema.overlay.cascades.iter().filter_map(|one| ask(by, target, one, &values)));
        }
        questions
    }

    /// Takes the answer to a list: everything that it shows.
    pub fn answer_along(&mut self, question: AlongQuestion, listed: Result<Vec<Found>, Failure>) {
        match listed {
            Ok(found) => {
                let schema = self.schemas.schema(&question.ty).ok();
                let counts = |found: &Found| {
                    let is_gone = schema.as_ref().is_some_and(|schema| schema.is_gone(&found.model));
                    !is_gone && !is_excepted(&question.cascade, &found.model)
                };
                let theirs: Vec<Found> = found.into_iter().filter(counts).collect();
                match schema.filter(|schema| schema.handlers.create.is_none()) {
                    // Nobody has made it: what is in it counts.
                    Some(schema) => {
                        for one in theirs {
                            let values = values(Some(&one.model), Some(&one.identifier));
                            let more = schema.overlay.cascades.iter();
                            let more = more.filter_map(|c| ask(&question.by, &question.target, c, &values));
                            self.cascades.further.extend(more);
                        }
                    }
                    None => self.cascades.found.push((question, theirs)),
                }
            }
            // What it would be in is not there.
            Err(failure) if failure.kind == FailureKind::NotFound => {}
            Err(failure) => self.cascades.unlisted.push((question, failure)),
        }
    }
}

/// True if the live resource is deleted, by a deletion or by a replacement.
pub(super) fn goes(planned: &Planned) -> bool {
    matches!(planned.action, Action::Delete | Action::Replace(_))
}

/// True if only the loss of data holds the deletion back: who is to agree should know what goes.
pub(super) fn is_held_back(planned: &Planned) -> bool {
    planned.action == Action::Blocked && planned.diagnostics.iter().any(|told| told.code == codes::DATA_LOSS)
}

/// The members of a model, and the parts of the identifier that it does not repeat.
pub(super) fn values(live: Option<&Json>, identifier: Option<&Identifier>) -> Map<String, Json> {
    let mut values = live.and_then(Json::as_object).cloned().unwrap_or_default();
    for (name, value) in identifier.iter().flat_map(|identifier| &identifier.parts) {
        values.entry(name.clone()).or_insert_with(|| Json::String(value.clone()));
    }
    values
}

/// The list of what a cascade takes; `None` where its input is not known.
pub(super) fn ask(
    by: &Address,
    target: &Target,
    cascade: &Cascade,
    values: &Map<String, Json>,
) -> Option<AlongQuestion> {
    let input = |(theirs, ours): (&String, &String)| {
        Some((theirs.clone(), values.get(ours).filter(|value| !value.is_null())?.clone()))
    };
    let model = cascade.of.by.iter().map(input).collect::<Option<Map<String, Json>>>()?;
    Some(AlongQuestion {
        by: by.clone(),
        ty: cascade.of.ty.clone(),
        target: target.clone(),
        model: Json::Object(model),
        cascade: cascade.clone(),
    })
}

fn is_excepted(cascade: &Cascade, model: &Json) -> bool {
    cascade.except.iter().any(|(property, patterns)| {
        let value = model.get(property).and_then(Json::as_str);
        value.is_some_and(|value| patterns.iter().any(|pattern| super::glob(pattern, value)))
    })
}

/// Puts what goes along into the plan, and stops deletions that would take along what nobody agreed to lose.
pub(super) fn settle(
    resources: &mut IndexMap<Address, Planned>,
    cascades: Cascades,
    agrees: &dyn Fn(&Address) -> bool,
) -> Vec<Diagnostic> {
    let Cascades { found, unlisted, .. } = cascades;
    let mut diagnostics = Vec::new();
    let mut of: IndexMap<Address, Vec<(Along, bool)>> = IndexMap::new();
    for (question, all) in found {
        for one in all {
            let ours = resources.values().find(|planned| {
                planned.ty == question.ty
                    && planned.identifier.as_ref().is_some_and(|own| own.is_same(&one.identifier))
            });
            // It goes by itself, and is shown where it stands.
            if ours.is_some_and(goes) {
                continue;
            }
            let label = one.model.get("display_name").and_then(Json::as_str).map(str::to_owned);
            let along = Along {
                ty: question.ty.clone(),
                identifier: one.identifier,
                label,
                address: ours.map(|planned| planned.address.clone()),
            };
            of.entry(question.by.clone()).or_default().push((along, question.cascade.consent));
        }
    }
    for (address, all) in of {
        let Some(planned) = resources.get_mut(&address) else { continue };
        // It stays, for what is protected in it.
        if !(goes(planned) || is_held_back(planned)) {
            continue;
        }
        let must_agree = all.iter().any(|(_, consent)| *consent) && !agrees(&address);
        planned.takes_along = all.into_iter().map(|(along, _)| along).collect();
        let goes = planned.action != Action::Blocked;
        let told = takes_along(planned, must_agree && goes);
        if must_agree && goes {
            planned.action = Action::Blocked;
            planned.patch.clear();
        }
        planned.diagnostics.push(told);
    }
    for (question, failure) in unlisted {
        diagnostics.push(unlisted_problem(&question, &failure));
    }
    diagnostics
}

fn takes_along(planned: &Planned, is_refused: bool) -> Diagnostic {
    let verb = match planned.action {
        Action::Replace(_) => "replacing",
        _ => "deleting",
    };
    let address = &planned.address;
    let message = format!("{verb} {address} takes along what this plan does not delete itself");
    let mut told = match is_refused {
        true => Diagnostic::error(codes::TAKES_ALONG, message),
        false => Diagnostic::warning(codes::GOES_ALONG, message),
    }
    .at(planned.sources.resource.clone(), "");
    let named = planned.takes_along.iter().take(NAMED);
    for along in named {
        told = told.note("goes too", along.to_string());
    }
    if planned.takes_along.len() > NAMED {
        told = told.note("goes too", format!("and {} more", planned.takes_along.len() - NAMED));
    }
    match is_refused {
        true => told.next(format!("move or delete it first, or agree with --allow-data-loss {address}")),
        false => told.next("nothing brings it back; move it first if it is needed"),
    }
}

fn unlisted_problem(question: &AlongQuestion, failure: &Failure) -> Diagnostic {
    let message = format!("what goes along with {} cannot be listed: {}", question.by, question.ty);
    Diagnostic::warning(codes::CANNOT_LIST, message)
        .note("service", format!("{}: {}", failure.code, failure.message))
        .next("look at what is in it before you agree: all of it goes")
}

/// Resources that something uses which stays: their services refuse the deletion (confluent.md section 10).
pub(super) fn block_used(resources: &mut IndexMap<Address, Planned>, schemas: &dyn Schemas) {
    let mut used: Vec<(Address, Vec<String>)> = Vec::new();
    for planned in resources.values().filter(|planned| planned.flow.is_none() && goes(planned)) {
        let (Ok(schema), Some(live)) = (schemas.schema(&planned.ty), &planned.live) else { continue };
        let paths = schema.overlay.usages.iter().filter_map(crate::pointer::PropertyPath::as_pointer);
        let users = paths.filter_map(|at| at.get(live)?.as_array()).flatten().filter_map(Json::as_str);
        let staying: Vec<String> = users
            .filter(|user| {
                let is_it = |other: &Planned| other.identifier.as_ref().is_some_and(|id| names(user, id));
                !resources.values().any(|other| other.action == Action::Delete && is_it(other))
            })
            .map(str::to_owned)
            .collect();
        if !staying.is_empty() {
            used.push((planned.address.clone(), staying));
        }
    }
    for (address, users) in used {
        if let Some(planned) = resources.get_mut(&address) {
            let verb = if planned.action == Action::Delete { "deleted" } else { "replaced" };
            planned.diagnostics.push(guard::in_use(planned, verb, &users));
            planned.action = Action::Blocked;
            planned.patch.clear();
        }
    }
}

/// True if a CRN names this resource: its last value is a part of the identifier, and all parts are among its values.
fn names(crn: &str, identifier: &Identifier) -> bool {
    // Some services encode what was sent plain (Confluent trap 17).
    let value = |segment: &str| {
        let (_, value) = segment.split_once('=')?;
        Some([value.to_owned(), percent_decode(value).unwrap_or_default()])
    };
    let values: Vec<[String; 2]> = crn.split('/').filter_map(value).collect();
    let is_part = |value: &[String; 2]| identifier.parts.iter().any(|(_, part)| value.contains(part));
    let is_told = |part: &String| values.iter().any(|value| value.contains(part));
    values.last().is_some_and(is_part) && identifier.parts.iter().all(|(_, part)| is_told(part))
}
