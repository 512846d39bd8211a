//! Checks of one value by itself: length, range, pattern, allowed values; and of a list as a whole.

use super::codes;
use super::spelling::{self, meant};
use super::walk::{Finding, Findings, Place, Walk};
use crate::pattern;
use crate::schema::Node;
use crate::value::Value;
use serde_json::{Number, Value as Json};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Characters of a value, or of a pattern, that a message shows.
const SHOWN: usize = 60;

/// Checks a known value that is neither object nor list.
pub(super) fn check(walk: &Walk<'_>, node: &Node, value: &Value, place: &Place, out: &mut Findings) {
    // Most values have nothing said about them.
    let name = &|| walk.name(place);
    let allowed =
        if node.enum_case_insensitive.is_empty() { &node.choices } else { &node.enum_case_insensitive };
    let same = |choice: &Json| match (choice, value) {
        (Json::String(a), Value::String(b)) if !node.enum_case_insensitive.is_empty() => {
            a.eq_ignore_ascii_case(b)
        }
        _ => equal(choice, value),
    };
    if !allowed.is_empty() && !allowed.iter().any(same) {
        out.push(not_allowed(&name(), allowed, value, place));
        return;
    }
    if let Some(constant) = &node.constant
        && !equal(constant, value)
    {
        out.push(
            Finding::at(place, codes::NOT_ALLOWED)
                .says(format!("{} can only be {}", name(), plain(constant)))
                .label(format!("write {}", plain(constant))),
        );
        return;
    }
    match value {
        Value::String(text) => {
            length(name, node, text, place, out);
            form(name, node, text, place, out);
        }
        Value::Number(number) => range(name, node, number, place, out),
        _ => {}
    }
}

fn not_allowed(name: &str, allowed: &[Json], value: &Value, place: &Place) -> Finding {
    let texts: Vec<String> = allowed.iter().map(plain).collect();
    let finding = Finding::at(place, codes::NOT_ALLOWED);
    let finding = match value {
        Value::String(text) if !place.hidden => {
            let near = meant(text, &texts.iter().map(String::as_str).collect::<Vec<_>>());
            let finding = finding.says(format!("{name} cannot be `{}`", shortened(text)));
            match near {
                Some(near) => finding.label(format!("did you mean `{}`?", near.name())),
                None => finding.label("not an allowed value"),
            }
        }
        Value::Number(number) if !place.hidden => {
            finding.says(format!("{name} cannot be {number}")).label("not an allowed value")
        }
        _ => finding.says(format!("{name} has a value that is not allowed")).label("not an allowed value"),
    };
    finding.note("allowed", spelling::list(&texts, "and", 24).replace('`', ""))
}

fn length(name: &dyn Fn() -> String, node: &Node, text: &str, place: &Place, out: &mut Findings) {
    let count = text.chars().count() as u64;
    let wrong = |limit: u64, side: &str, word: &str| {
        let name = name();
        let finding = Finding::at(place, codes::LENGTH);
        let characters = if limit == 1 { "character" } else { "characters" };
        if place.hidden {
            finding.says(format!("{name} is too {word}: at {side} {limit} {characters}"))
        } else if count == 0 {
            finding.says(format!("{name} is empty, at {side} {limit} {characters} are needed"))
        } else {
            let have = if count == 1 { "1 character".to_owned() } else { format!("{count} characters") };
            finding.says(format!("{name} has {have}, it takes at {side} {limit}"))
        }
        .label(format!("too {word}"))
    };
    if let Some(least) = node.min_length
        && count < least
    {
        out.push(wrong(least, "least", "short"));
    }
    if let Some(most) = node.max_length
        && count > most
    {
        out.push(wrong(most, "most", "long"));
    }
}

fn form(name: &dyn Fn() -> String, node: &Node, text: &str, place: &Place, out: &mut Findings) {
    let Some(pattern) = &node.pattern else { return };
    match pattern::matches(pattern, text) {
        Some(true) => {}
        None => out.unsure = true,
        Some(false) => out.push(
            Finding::at(place, codes::PATTERN)
                .says(if place.hidden {
                    format!("{} does not have the form that is asked for", name())
                } else {
                    format!(
                        "{} cannot be `{}`: it does not have the form that is asked for",
                        name(),
                        shortened(text)
                    )
                })
                .label("does not match the pattern")
                .note("pattern", pattern.as_str()),
        ),
    }
}

fn range(name: &dyn Fn() -> String, node: &Node, number: &Number, place: &Place, out: &mut Findings) {
    let wrong = |limit: &str| {
        let name = name();
        Finding::at(place, codes::RANGE)
            .says(if place.hidden {
                format!("{name} must be {limit}")
            } else {
                format!("{name} must be {limit}, this is {number}")
            })
            .label(format!("must be {limit}"))
    };
    let order = |bound: &Number| compare(number, bound);
    // Draft 4 has a boolean beside the bound, later drafts have a bound of its own.
    let exclusive = |flag: &Option<Json>| matches!(flag, Some(Json::Bool(true)));
    if let Some(bound) = &node.minimum {
        match order(bound) {
            Some(Ordering::Less) => out.push(wrong(&format!("at least {bound}"))),
            Some(Ordering::Equal) if exclusive(&node.exclusive_minimum) => {
                out.push(wrong(&format!("more than {bound}")));
            }
            _ => {}
        }
    }
    if let Some(bound) = &node.maximum {
        match order(bound) {
            Some(Ordering::Greater) => out.push(wrong(&format!("at most {bound}"))),
            Some(Ordering::Equal) if exclusive(&node.exclusive_maximum) => {
                out.push(wrong(&format!("less than {bound}")));
            }
            _ => {}
        }
    }
    if let Some(Json::Number(bound)) = &node.exclusive_minimum
        && matches!(order(bound), Some(Ordering::Less | Ordering::Equal))
    {
        out.push(wrong(&format!("more than {bound}")));
    }
    if let Some(Json::Number(bound)) = &node.exclusive_maximum
        && matches!(order(bound), Some(Ordering::Greater | Ordering::Equal))
    {
        out.push(wrong(&format!("less than {bound}")));
    }
    if let Some(step) = &node.multiple_of
        && is_multiple(number, step) == Some(false)
    {
        out.push(wrong(&format!("a multiple of {step}")));
    }
}

/// Checks a list as a whole; its elements are conformed already.
pub(super) fn check_list(walk: &Walk<'_>, node: &Node, items: &[Value], place: &Place, out: &mut Findings) {
    let count = items.len() as u64;
    let wrong = |limit: u64, side: &str| {
        let name = walk.name(place);
        let finding = Finding::about(place, codes::ITEMS);
        let finding = if place.hidden {
            finding.says(format!("{name} takes at {side} {}", elements(limit)))
        } else {
            finding.says(format!("{name} has {}, it takes at {side} {limit}", elements(count)))
        };
        finding.label(format!("at {side} {}", elements(limit)))
    };
    if let Some(least) = node.min_items
        && count < least
    {
        out.push(wrong(least, "least"));
    }
    if let Some(most) = node.max_items
        && count > most
    {
        out.push(wrong(most, "most"));
    }
    unique_keys(walk, node, items, place, out);
    if node.unique_items {
        let known: Vec<(usize, Json)> =
            items.iter().enumerate().filter_map(|(i, item)| Some((i, item.exposed()?))).collect();
        for (at, (i, item)) in known.iter().enumerate() {
            if let Some((first, _)) = known.iter().take(at).find(|(_, other)| other == item) {
                let element = walk.element(place, *i);
                out.push(
                    Finding::at(&element, codes::DUPLICATE_ITEM)
                        .says(format!("{} holds the same element twice", walk.name(place)))
                        .label(format!("the same as element {first}")),
                );
            }
        }
    }
}

/// Members that tell the elements apart. The linter's knowledge, not the contract of the service: a warning.
fn unique_keys(walk: &Walk<'_>, node: &Node, items: &[Value], place: &Place, out: &mut Findings) {
    if node.unique_keys.is_empty() || place.hidden {
        return;
    }
    let mut first: HashMap<Vec<String>, usize> = HashMap::new();
    for (i, item) in items.iter().enumerate() {
        let key = node.unique_keys.iter().map(|name| match item.get(name)? {
            Value::String(text) => Some(text.clone()),
            _ => None,
        });
        let Some(key) = key.collect::<Option<Vec<String>>>() else { continue };
        let names = spelling::list(&node.unique_keys, "and", 4);
        let shown = spelling::list(&key, "and", 4);
        if let Some(before) = first.insert(key, i) {
            let element = walk.element(place, i);
            let at = match node.unique_keys.as_slice() {
                [one] => walk.member(&element, one),
                _ => element,
            };
            out.push(
                Finding::at(&at, codes::DUPLICATE_ITEM)
                    .says(format!("{} has two elements with the {names} {shown}", walk.name(place)))
                    .label(format!("the same as element {before}"))
                    .warning(),
            );
        }
    }
}

fn elements(count: u64) -> String {
    match count {
        0 => "no element".to_owned(),
        1 => "1 element".to_owned(),
        n => format!("{n} elements"),
    }
}

/// Equal as JSON Schema sees it: 5 is 5.0.
fn equal(json: &Json, value: &Value) -> bool {
    match (json, value) {
        (Json::Number(a), Value::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        _ => Value::from(json) == *value,
    }
}

fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (exact(a), exact(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn exact(n: &Number) -> Option<i128> {
    n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from))
}

/// `None` where floats cannot tell.
fn is_multiple(number: &Number, step: &Number) -> Option<bool> {
    if let (Some(number), Some(step)) = (exact(number), exact(step)) {
        return (step != 0).then(|| number % step == 0);
    }
    let quotient = number.as_f64()? / step.as_f64()?;
    // 0.3 / 0.1 is not quite 3, so only what is clearly between two multiples counts.
    let rounding = (quotient.abs() * 4.0 * f64::EPSILON).max(1e-9);
    quotient.is_finite().then(|| (quotient - quotient.round()).abs() <= rounding)
}

/// A scalar of a schema as people write it.
fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    }
}
