//! Arrays: as sets where order has no meaning, else in order; elements matched by what they say.

use super::Diff;
use super::scalar::is_empty;
use super::walk::{Place, Walk, is_unordered, takes_array};
use crate::plan::{ChangeOp, Rule};
use crate::pointer::Pointer;
use crate::value::Value;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Members that name an element, in order of preference (cloud-control 3.4, "key heuristics").
const KEYS: &[&str] =
    &["Key", "Name", "Id", "Sid", "IndexName", "AttributeName", "PolicyName", "Arn", "DomainName", "Type"];

/// More comparisons than this and the rest is paired by position.
const MATCH_BUDGET: usize = 65_536;

/// Elements with their place in the list; nulls are no elements (rule 8 of cloud-control 3.3, trap 31).
type Elements<'e, T> = Vec<(usize, &'e T)>;

impl Walk<'_> {
    pub(super) fn array(&mut self, place: Place<'_>, declared: &[Value]) {
        let live: &[Json] = match place.live {
            None | Some(Json::Null) => &[],
            Some(Json::Array(items)) => items,
            Some(live) if is_empty(live) => &[],
            Some(_) => return self.change_at(place, ChangeOp::Replace),
        };
        if !takes_array(place.node) {
            return self.change_at(place, ChangeOp::Replace);
        }
        let wanted: Elements<'_, Value> =
            declared.iter().enumerate().filter(|(_, item)| !matches!(item, Value::Null)).collect();
        let names = self.names_of_filled(place.at);
        let is_ours =
            |item: &Json| names.is_none_or(|names| wanted.iter().any(|(_, w)| same_names(names, w, item)));
        let seen: Elements<'_, Json> =
            live.iter().enumerate().filter(|(_, item)| !item.is_null() && is_ours(item)).collect();
        if wanted.is_empty() && seen.is_empty() {
            if place.live != Some(&Json::Array(Vec::new())) {
                self.explain(place.at, Rule::Empty);
            }
            return;
        }
        if seen.is_empty() && self.is_not_returned(place) {
            return self.explain(place.at, Rule::NotReturned);
        }
        let matched = self.matched(place, &wanted, &seen);
        let mut is_left = (vec![true; wanted.len()], vec![true; seen.len()]);
        for (d, l, _) in &matched {
            is_left.0[*d] = false;
            is_left.1[*l] = false;
        }
        let left_declared: Vec<usize> = (0..wanted.len()).filter(|d| is_left.0[*d]).collect();
        let left_live: Vec<usize> = (0..seen.len()).filter(|l| is_left.1[*l]).collect();
        if left_declared.is_empty() && left_live.is_empty() && matched.iter().any(|(d, l, _)| d != l) {
            match is_unordered(self.context, place.node, place.at) {
                Some(false) => self.change_at(place, ChangeOp::Replace),
                _ => self.explain(place.at, Rule::SetOrder),
            }
        }
        for (_, _, same) in matched {
            self.take(same);
        }
        if !left_declared.is_empty() || !left_live.is_empty() {
            let outside = self.covers;
            self.covers |= place.declared.has_secret();
            self.unmatched(place, &wanted, &seen, left_declared, left_live);
            self.covers = outside;
        }
    }

    /// The members that name an entry of a list which reads fill up with the service's own (trap 64).
    fn names_of_filled(&self, at: &Pointer) -> Option<&'_ [String]> {
        let mut filled = self.context.schema.overlay.filled.iter();
        filled.find(|(path, _)| path.matches(at)).map(|(_, names)| names.as_slice())
    }

    /// Adds what the comparison of two equal elements found: explanations and places that cannot be compared.
    fn take(&mut self, same: Diff) {
        self.diff.explained.extend(same.explained);
        for place in same.cannot_compare {
            if !self.diff.cannot_compare.contains(&place) {
                self.diff.cannot_compare.push(place);
            }
        }
    }

    /// Pairs of equal elements, each used once, in declared order, with what their comparison found. The same position
    /// is tried first, so that equal lists stay in order. As a declared element equals every live one that holds at
    /// least what it says, first come first served may leave two apart that another pairing would bring together:
    /// then pairs are exchanged (augmenting paths).
    fn matched(
        &self,
        place: Place<'_>,
        declared: &Elements<'_, Value>,
        live: &Elements<'_, Json>,
    ) -> Vec<(usize, usize, Diff)> {
        let mut pairing = Pairing {
            walk: self,
            place,
            declared,
            live,
            known: HashMap::new(),
            partner_of: vec![None; live.len()],
            is_paired: vec![false; declared.len()],
        };
        for d in 0..declared.len().min(live.len()) {
            if pairing.equal(d, d) {
                pairing.partner_of[d] = Some(d);
                pairing.is_paired[d] = true;
            }
        }
        for d in 0..declared.len() {
            if !pairing.is_paired[d] && pairing.partner_of.iter().any(Option::is_none) {
                let mut tried = vec![false; live.len()];
                pairing.is_paired[d] = pairing.find(d, &mut tried);
            }
        }
        let mut pairs: Vec<(usize, usize)> =
            pairing.partner_of.iter().enumerate().filter_map(|(l, d)| Some(((*d)?, l))).collect();
        pairs.sort_unstable();
        pairs
            .into_iter()
            .map(|(d, l)| (d, l, pairing.known.remove(&(d, l)).flatten().unwrap_or_default()))
            .collect()
    }

    /// What is left after matching: same key first, then the same position among the rest.
    fn unmatched(
        &mut self,
        place: Place<'_>,
        declared: &Elements<'_, Value>,
        live: &Elements<'_, Json>,
        left_declared: Vec<usize>,
        mut left_live: Vec<usize>,
    ) {
        let mut pairs = Vec::new();
        let mut rest = Vec::new();
        for d in left_declared {
            let same_key = left_live.iter().position(|l| same_key(declared[d].1, live[*l].1));
            match same_key {
                Some(found) => pairs.push((d, left_live.remove(found))),
                None => rest.push(d),
            }
        }
        // An element whose key nobody shares is another element, unless half of what it says is still there: then its
        // key was changed.
        let mut lonely = Vec::new();
        for d in rest {
            let keyed = key_of(declared[d].1).is_some();
            let alike = (0..left_live.len())
                .map(|i| (likeness(declared[d].1, live[left_live[i]].1), i))
                .filter(|(score, _)| *score >= 50)
                .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
                .map(|(_, i)| i);
            let found = alike.or_else(|| {
                left_live.iter().position(|l| !keyed || key_in(live[*l].1, declared[d].1).is_none())
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
            self.element(place, declared[d], l.map(|l| live[l].1));
        }
        for l in left_live {
            let (index, element) = live[l];
            let at = place.at.child(index.to_string());
            let key = element.as_object().and_then(json_key).filter(|_| !self.covers);
            let label = label(place.label, index, key);
            self.record(&at, &label, ChangeOp::Remove, Some(element), None, false);
        }
    }

    fn element(&mut self, place: Place<'_>, (index, declared): (usize, &Value), live: Option<&Json>) {
        let at = place.at.child(index.to_string());
        let node = place.node.and_then(|node| self.context.schema.element(node));
        let label = label(place.label, index, key_of(declared).map(|(_, value)| value));
        let inner = Place { declared, live, node, at: &at, label: &label };
        if live.is_none() {
            // A new element shows as one addition; in a list that reads return it is one, create-only or not.
            if !is_whole_write_only(self, inner) {
                self.record(&at, &label, ChangeOp::Add, None, Some(declared), false);
            }
            return;
        }
        self.value(inner);
    }
}

/// The search for pairs of equal elements.
struct Pairing<'p, 'w> {
    walk: &'p Walk<'w>,
    place: Place<'p>,
    declared: &'p Elements<'p, Value>,
    live: &'p Elements<'p, Json>,
    /// Results so far; `None`: different.
    known: HashMap<(usize, usize), Option<Diff>>,
    /// The declared element of each live one.
    partner_of: Vec<Option<usize>>,
    is_paired: Vec<bool>,
}

impl Pairing<'_, '_> {
    fn equal(&mut self, d: usize, l: usize) -> bool {
        if let Some(known) = self.known.get(&(d, l)) {
            return known.is_some();
        }
        let (index, declared) = self.declared[d];
        let same = if self.known.len() > MATCH_BUDGET + self.declared.len() || declared.unknown().is_some() {
            None
        } else {
            let node = self.place.node.and_then(|node| self.walk.context.schema.element(node));
            let at = self.place.at.child(index.to_string());
            let mut trial = self.walk.trial();
            trial.value(Place { declared, live: Some(self.live[l].1), node, at: &at, label: "" });
            trial.diff.changes.is_empty().then_some(trial.diff)
        };
        let is_same = same.is_some();
        self.known.insert((d, l), same);
        is_same
    }

    /// Finds a partner for `d`, moving others to another partner of theirs where that helps (Kuhn's algorithm).
    fn find(&mut self, d: usize, tried: &mut [bool]) -> bool {
        // Free partners first: moving others is rarely needed, and then it is costly.
        let free = self.partner_of.iter().enumerate().filter(|(_, d)| d.is_none()).map(|(l, _)| l);
        for l in free.collect::<Vec<_>>() {
            if self.equal(d, l) {
                self.partner_of[l] = Some(d);
                return true;
            }
        }
        let untried: Vec<usize> = (0..self.live.len()).filter(|l| !tried[*l]).collect();
        for l in untried {
            if tried[l] || !self.equal(d, l) {
                continue;
            }
            tried[l] = true;
            if let Some(other) = self.partner_of[l]
                && self.find(other, tried)
            {
                self.partner_of[l] = Some(d);
                return true;
            }
        }
        false
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
        map.get(*name)
            .is_some_and(|live| value.exposed().is_some_and(|json| super::same_meaning(&json, live)))
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

/// True if the declared entry may be the live one by the members that name it. What is not known yet may be any.
fn same_names(names: &[String], declared: &Value, live: &Json) -> bool {
    names.iter().all(|name| match declared.get(name) {
        None | Some(Value::Null) => live.get(name).is_none_or(is_empty),
        Some(value) => value.exposed().is_none_or(|value| live.get(name) == Some(&value)),
    })
}
