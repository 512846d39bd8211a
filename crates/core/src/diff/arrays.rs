//! Arrays: as sets where order has no meaning, else in order; elements matched by what they say.

use super::scalar::is_empty;
use super::walk::{Place, Walk, is_unordered, takes_array};
use crate::plan::{ChangeOp, Rule};
use crate::value::Value;
use serde_json::Value as Json;

/// Members that name an element, in order of preference (cloud-control 3.4, "key heuristics").
const KEYS: &[&str] =
    &["Key", "Name", "Id", "Sid", "IndexName", "AttributeName", "Arn", "DomainName", "Type"];

/// More comparisons than this and the rest is paired by position.
const MATCH_BUDGET: usize = 65_536;

impl Walk<'_> {
    pub(super) fn array(&mut self, place: Place<'_>, declared: &[Value]) {
        let empty = Vec::new();
        let live = match place.live {
            None | Some(Json::Null) => &empty,
            Some(Json::Array(items)) => items,
            Some(live) if is_empty(live) => &empty,
            Some(_) => return self.change_at(place, ChangeOp::Replace),
        };
        if !takes_array(place.node) {
            return self.change_at(place, ChangeOp::Replace);
        }
        if declared.is_empty() && live.is_empty() {
            if place.live != Some(&Json::Array(Vec::new())) {
                self.explain(place.at, Rule::Empty);
            }
            return;
        }
        let matched = self.matched(place, declared, live);
        let mut is_left = (vec![true; declared.len()], vec![true; live.len()]);
        for (d, l) in &matched {
            is_left.0[*d] = false;
            is_left.1[*l] = false;
        }
        let left_declared: Vec<usize> = (0..declared.len()).filter(|d| is_left.0[*d]).collect();
        let left_live: Vec<usize> = (0..live.len()).filter(|l| is_left.1[*l]).collect();

        if left_declared.is_empty() && left_live.is_empty() {
            let in_order = matched.iter().all(|(d, l)| d == l);
            if !in_order {
                match is_unordered(self.context, place.node, place.at) {
                    Some(false) => self.change_at(place, ChangeOp::Replace),
                    _ => self.explain(place.at, Rule::SetOrder),
                }
            } else {
                for (d, l) in matched {
                    self.element(place, d, &declared[d], Some(&live[l]));
                }
            }
            return;
        }
        self.unmatched(place, declared, live, left_declared, left_live);
    }

    /// Pairs of equal elements, each used once, in declared order. The same position is tried first, so that equal
    /// lists stay in order.
    fn matched(&self, place: Place<'_>, declared: &[Value], live: &[Json]) -> Vec<(usize, usize)> {
        let mut taken = vec![false; live.len()];
        let mut found: Vec<Option<usize>> = vec![None; declared.len()];
        for (d, want) in declared.iter().enumerate().take(live.len()) {
            if self.equal(place, d, want, &live[d]) {
                taken[d] = true;
                found[d] = Some(d);
            }
        }
        let mut tries = 0;
        for (d, want) in declared.iter().enumerate() {
            if found[d].is_some() {
                continue;
            }
            found[d] = (0..live.len()).find(|l| {
                if taken[*l] || tries > MATCH_BUDGET {
                    return false;
                }
                tries += 1;
                self.equal(place, d, want, &live[*l])
            });
            if let Some(l) = found[d] {
                taken[l] = true;
            }
        }
        found.into_iter().enumerate().filter_map(|(d, l)| Some((d, l?))).collect()
    }

    fn equal(&self, place: Place<'_>, index: usize, declared: &Value, live: &Json) -> bool {
        if declared.unknown().is_some() {
            return false;
        }
        let node = place.node.and_then(|node| self.context.schema.element(node));
        let at = place.at.child(index.to_string());
        let mut trial = self.trial();
        trial.value(Place { declared, live: Some(live), node, at: &at, label: "" });
        trial.diff.changes.is_empty()
    }

    /// What is left after matching: same key first, then the same position among the rest.
    fn unmatched(
        &mut self,
        place: Place<'_>,
        declared: &[Value],
        live: &[Json],
        left_declared: Vec<usize>,
        mut left_live: Vec<usize>,
    ) {
        let mut pairs = Vec::new();
        let mut rest = Vec::new();
        for d in left_declared {
            let same_key = left_live.iter().position(|l| same_key(&declared[d], &live[*l]));
            match same_key {
                Some(found) => pairs.push((d, left_live.remove(found))),
                None => rest.push(d),
            }
        }
        // An element whose key nobody shares is another element, unless half of what it says is still there: then its
        // key was changed.
        let mut lonely = Vec::new();
        for d in rest {
            let keyed = key_of(&declared[d]).is_some();
            let alike = (0..left_live.len())
                .map(|i| (likeness(&declared[d], &live[left_live[i]]), i))
                .filter(|(score, _)| *score >= 50)
                .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(_, i)| i);
            let found = alike.or_else(|| {
                left_live.iter().position(|l| !keyed || key_in(&live[*l], &declared[d]).is_none())
            });
            match found {
                Some(found) => pairs.push((d, left_live.remove(found))),
                None => lonely.push((d, None)),
            }
        }
        let mut all: Vec<(usize, Option<usize>)> =
            pairs.into_iter().map(|(d, l)| (d, Some(l))).chain(lonely).collect();
        all.sort_unstable();
        for (d, l) in all {
            self.element(place, d, &declared[d], l.map(|l| &live[l]));
        }
        for l in left_live {
            let at = place.at.child(l.to_string());
            let label = label(place.label, l, live[l].as_object().and_then(json_key));
            self.change(&at, &label, ChangeOp::Remove, Some(&live[l]), None);
        }
    }

    fn element(&mut self, place: Place<'_>, index: usize, declared: &Value, live: Option<&Json>) {
        let at = place.at.child(index.to_string());
        let node = place.node.and_then(|node| self.context.schema.element(node));
        let label = label(place.label, index, key_of(declared).map(|(_, value)| value));
        let inner = Place { declared, live, node, at: &at, label: &label };
        if live.is_none() {
            // A new element shows as one addition.
            if !is_whole_write_only(self, inner) {
                self.change_at(inner, ChangeOp::Add);
            }
            return;
        }
        self.value(inner);
    }
}

/// True if all that the new element holds is write-only.
fn is_whole_write_only(walk: &Walk<'_>, place: Place<'_>) -> bool {
    let mut trial = walk.trial();
    trial.value(place);
    trial.diff.changes.is_empty() && !trial.diff.cannot_compare.is_empty()
}

/// How many of a hundred declared members the live element holds as they are.
fn likeness(declared: &Value, live: &Json) -> usize {
    let (Some(members), Json::Object(map)) = (declared.as_object(), live) else { return 0 };
    let held = members.iter().filter(|(name, value)| {
        map.get(*name).is_some_and(|live| value.exposed().is_some_and(|json| super::same_meaning(&json, live)))
    });
    if members.is_empty() { 0 } else { 100 * held.count() / members.len() }
}

fn label(list: &str, index: usize, key: Option<String>) -> String {
    match key {
        Some(key) => format!("{list}[{key}]"),
        None => format!("{list}[{index}]"),
    }
}

/// The member that names a declared element, with its value.
pub(super) fn key_of(element: &Value) -> Option<(&'static str, String)> {
    let members = element.as_object()?;
    KEYS.iter().find_map(|key| match members.get(*key) {
        Some(Value::String(text)) => Some((*key, text.clone())),
        _ => None,
    })
}

fn json_key(members: &serde_json::Map<String, Json>) -> Option<String> {
    KEYS.iter().find_map(|key| members.get(*key)?.as_str().map(str::to_owned))
}

/// The live element's value of the member that names the declared one.
fn key_in(live: &Json, declared: &Value) -> Option<String> {
    let (key, _) = key_of(declared)?;
    live.get(key)?.as_str().map(str::to_owned)
}

pub(super) fn same_key(declared: &Value, live: &Json) -> bool {
    key_of(declared).is_some_and(|(key, value)| live.get(key).and_then(Json::as_str) == Some(&value))
}
