//! Where an operation stands, told by the phase of its resource (confluent.md section 8).

use super::model;
use serde_json::Value as Json;
use stack_catalog::rest::form::Ready;

/// What a phase means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Done; with what somebody else must do, if anything.
    Ready(Option<String>),
    /// Not yet.
    Pending(String),
    /// Ended badly: the phase and the words.
    Failed(String, String),
    /// It is being removed.
    Leaving(String),
}

/// What the phase of an answer means. No definition: it is ready as soon as it can be read.
pub(super) fn phase(ready: Option<&Ready>, answer: &Json) -> Phase {
    let Some(ready) = ready else { return Phase::Ready(None) };
    let phase = model::at(answer, &ready.at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let is_one_of = |phases: &[String]| phases.iter().any(|one| one.eq_ignore_ascii_case(&phase));
    if let Some((_, action)) = ready.waits_for.iter().find(|(one, _)| one.eq_ignore_ascii_case(&phase)) {
        return Phase::Ready(Some(action.clone()));
    }
    if is_one_of(&ready.leaving) {
        return Phase::Leaving(phase);
    }
    if is_one_of(&ready.failed) {
        let words = ready.message.as_deref().and_then(|path| model::at(answer, path)).and_then(model::scalar);
        return Phase::Failed(phase, words.unwrap_or_default());
    }
    if !is_one_of(&ready.ready) {
        return Phase::Pending(phase);
    }
    if let Some((a, b)) = &ready.equal
        && let (Some(a), Some(b)) = (model::at(answer, a), model::at(answer, b))
        && a != b
    {
        return Phase::Pending(format!("{phase}, {a} of {b}"));
    }
    let is_there = |path: &String| {
        model::at(answer, path).is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    match &ready.present {
        Some(path) if !is_there(path) => Phase::Pending(format!("{phase}, without {path}")),
        _ => Phase::Ready(None),
    }
}

/// True if the phase is named nowhere: a new one, which is waited out.
pub(super) fn is_unknown(ready: &Ready, phase: &str) -> bool {
    let Ready { ready, pending, failed, leaving, waits_for, .. } = ready;
    let mut known = ready.iter().chain(pending).chain(failed).chain(leaving).chain(waits_for.keys());
    !phase.is_empty() && !known.any(|one| one.eq_ignore_ascii_case(phase))
}
