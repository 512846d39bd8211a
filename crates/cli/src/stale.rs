//! What differs between an approved plan and the plan of now, resource by resource and path by path.

use crate::render::text::words;
use crate::render::view::{PlanView, ResourceView};
use std::collections::BTreeSet;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Resource and path.
    pub what: String,
    /// Approved and current value.
    pub how: String,
}

/// All of them, in the order of the approved plan.
pub fn differences(approved: &PlanView, now: &PlanView) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: &str, approved: String, now: String| {
        if approved != now {
            found.push(Difference { what: what.to_owned(), how: format!("approved {approved}, now {now}") });
        }
    };
    differ("manifest", approved.stack.manifest_digest.clone(), now.stack.manifest_digest.clone());
    differ("cloud", scopes(approved), scopes(now));
    for (was, is) in pairs(&approved.inputs, &now.inputs, |input| format!("{} {}", input.from, input.name)) {
        let shown = |input: Option<&crate::render::view::InputView>| match input {
            None => "(absent)".to_owned(),
            Some(input) if input.sensitive => "(sensitive)".to_owned(),
            Some(input) => input.value.as_ref().map_or_else(|| "(several)".to_owned(), ToString::to_string),
        };
        if let Some(one) = was.or(is) {
            differ(&format!("{} ({})", one.name, one.from), shown(was), shown(is));
        }
    }
    for (was, is) in pairs(&approved.resources, &now.resources, |r| r.address.clone()) {
        match (was, is) {
            (Some(was), Some(is)) if was != is => found.extend(resource(was, is)),
            (Some(was), None) => found.push(gone(was, "is no longer planned")),
            (None, Some(is)) => found.push(gone(is, "was not planned")),
            _ => {}
        }
    }
    if found.is_empty() {
        // The ids differ, so something does: order, budget, or what a newer version adds.
        found.push(Difference {
            what: "plan".to_owned(),
            how: format!("approved {}, now {}", approved.plan_id, now.plan_id),
        });
    }
    found
}

fn gone(resource: &ResourceView, how: &str) -> Difference {
    Difference { what: resource.address.clone(), how: how.to_owned() }
}

fn scopes(view: &PlanView) -> String {
    view.scopes
        .iter()
        .map(|scope| {
            [Some(scope.provider.as_str()), scope.account.as_deref(), scope.region.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn resource(was: &ResourceView, is: &ResourceView) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: String, approved: String, now: String| {
        if approved != now {
            found.push(Difference { what, how: format!("approved {approved}, now {now}") });
        }
    };
    let action = |r: &ResourceView| format!("{:?}", r.action).to_lowercase();
    differ(was.address.clone(), action(was), action(is));
    let identifier = |r: &ResourceView| {
        r.identifier.as_ref().map_or_else(|| "no identifier".to_owned(), |i| i.value.clone())
    };
    differ(was.address.clone(), identifier(was), identifier(is));
    for (a, b) in pairs(&was.changes, &is.changes, |change| change.path.clone()) {
        let Some(one) = a.or(b) else { continue };
        let side = |change: Option<&crate::render::view::ChangeView>| match change {
            None => "no change".to_owned(),
            Some(change) => format!("{} to {}", words(&change.before, true), words(&change.after, true)),
        };
        differ(format!("{} {}", was.address, one.path), side(a), side(b));
    }
    if found.is_empty() {
        let part = if was.live.fingerprint != is.live.fingerprint {
            "live values"
        } else if was.live.schema != is.live.schema {
            "the schema of its type"
        } else if was.patch != is.patch {
            "the update document"
        } else {
            "how it is treated"
        };
        found.push(Difference { what: was.address.clone(), how: format!("{part} changed") });
    }
    found
}

/// Elements of both lists by key, in the order of the first.
fn pairs<'a, T>(a: &'a [T], b: &'a [T], key: impl Fn(&T) -> String) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let of = |list: &'a [T], wanted: &str| list.iter().find(|item| key(item) == wanted);
    let mut seen = BTreeSet::new();
    a.iter()
        .chain(b)
        .map(&key)
        .filter(|name| seen.insert(name.clone()))
        .map(|name| (of(a, &name), of(b, &name)))
        .collect()
}
