//! What to say where it is not certain which live resource is meant (DESIGN section 5).

use super::codes;
use crate::desired::Wanted;
use crate::diagnostic::Diagnostic;
use crate::identity::Identifier;
use crate::observed::{IdentityStep, Lookalike};
use crate::provider::Failure;
use crate::value::Unknown;

/// How many identifiers a message names.
const NAMED: usize = 5;

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let count = names.len();
    let mut text = names.take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        text.push_str(&format!(" and {} more", count - NAMED));
    }
    text
}

/// Several live resources could be it: never a guess.
pub(super) fn ambiguous(wanted: &Wanted, found: &[Identifier], step: IdentityStep) -> Diagnostic {
    let why = match step {
        IdentityStep::Tagged => "each of them carries the tags of this resource",
        _ => "each of them shows all declared create-only and required values",
    };
    Diagnostic::error(
        codes::AMBIGUOUS,
        format!("{} could be any of {} live resources", wanted.address, found.len()),
    )
    .at(wanted.sources.resource.clone(), "")
    .note("found", listed(found.iter().map(ToString::to_string)))
    .note("why", why)
    .next(format!("write `identifier:` for {} with the one that is meant", wanted.address))
}

/// It matches, and reads hide the tags that would tell whose it is.
pub(super) fn unprovable(wanted: &Wanted, found: &[Identifier]) -> Diagnostic {
    Diagnostic::error(
        codes::UNPROVABLE,
        format!("{} exists already, and nobody can tell whose it is", wanted.address),
    )
    .at(wanted.sources.resource.clone(), "")
    .note("found", listed(found.iter().map(ToString::to_string)))
    .note(
        "why",
        format!(
            "reads of {} do not show tags, and the tag index does not tell (yet, or to this caller) that it is ours",
            wanted.declared_type
        ),
    )
    .next("if it is yours and no other stack's, agree with `lifecycle: { adopt: true }`; else choose other values")
}

/// Like it, and once there are two of them nothing tells which is ours.
pub(super) fn cannot_tell_again(wanted: &Wanted, found: &[Lookalike]) -> Diagnostic {
    let named = found.iter().map(|one| one.identifier.to_string());
    let message = format!("{} may be there already, and its statements do not mark it", wanted.address);
    Diagnostic::error(codes::UNPROVABLE, message)
        .at(wanted.sources.resource.clone(), "")
        .note("found", listed(named))
        .note("why", "it shows all declared create-only and required values; a second one could never be told from it")
        .next(
            "agree with `lifecycle: { adopt: true }` if it is yours; let the statements write the tags stackql:stack-name, \
             stackql:stack-env and stackql:resource-name to have one of your own",
        )
}

/// An identifier that the service has not given to anything.
pub(super) fn names_nothing(wanted: &Wanted) -> Diagnostic {
    let message = format!("the identifier that is given for {} names nothing that exists", wanted.address);
    Diagnostic::error(codes::NAMES_NOTHING, message).at(wanted.sources.resource.clone(), "").next(
        "write the identifier of the resource that exists, or take it out and mark the resource by its tags",
    )
}

/// Not ours, but like it.
pub(super) fn lookalikes(wanted: &Wanted, found: &[Lookalike], goes: bool) -> Diagnostic {
    let named = found.iter().map(|one| match &one.owner {
        Some(owner) => format!("{} of {owner}", one.identifier),
        None => one.identifier.to_string(),
    });
    let free = found.iter().any(|one| one.owner.is_none());
    let message = match (goes, free) {
        (true, _) => format!("{} is not found; what looks like it is left alone", wanted.address),
        (false, true) => format!("{} would be made although something like it exists", wanted.address),
        (false, false) => format!("{} would be made beside a like one of somebody else", wanted.address),
    };
    let adopt = if free { "adopt: true" } else { "adopt: force" };
    Diagnostic::warning(codes::LOOKALIKE, message)
        .at(wanted.sources.resource.clone(), "")
        .note("found", listed(named))
        .note("why", "it shows all declared create-only and required values, but not the tags of this stack")
        .next(format!("take it over with `lifecycle: {{ {adopt} }}` or with `identifier:`, or go on"))
}

/// At teardown: its key needs a value of a live resource that reads do not return. Nobody knows whether it exists.
pub(super) fn not_found(wanted: &Wanted, unknown: &Unknown) -> Diagnostic {
    let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
    let message = format!("{} cannot be looked for: {} is not known", wanted.address, from.join(", "));
    Diagnostic::error(codes::UNREADABLE, message)
        .at(wanted.sources.resource.clone(), "")
        .next(format!("give `identifier:` for {}, or leave it out with --exclude", wanted.address))
}

/// The read failed: nothing is taken for absent.
pub(super) fn unreadable(wanted: &Wanted, failure: &Failure) -> Diagnostic {
    let message = format!("{} cannot be read, so nobody knows whether it exists", wanted.address);
    let mut problem = Diagnostic::error(codes::UNREADABLE, message)
        .at(wanted.sources.resource.clone(), "")
        .note("service", format!("{}: {}", failure.code, failure.message));
    if let Some(id) = &failure.request_id {
        problem = problem.note("request", id);
    }
    // Trap 74: the service sends the caller elsewhere.
    if failure.message.contains("PermanentRedirect") {
        problem = problem.note("why", "the name is taken in another region, or by another account there");
    }
    problem.next("mend the cause, then plan again; nothing is taken for absent")
}
