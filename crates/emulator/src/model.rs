//! Places in a resource model: schema paths made concrete, values set and removed.

use serde_json::Value as Json;
use stack_core::pointer::{Pointer, PropertyPath, Step};

/// The places in the model that a schema path means, wildcards expanded. A path that passes through an array without
/// a wildcard means every element, because published schemas are written both ways.
pub(crate) fn expand(path: &PropertyPath, model: &Json) -> Vec<Pointer> {
    let mut found = Vec::new();
    descend(&path.0, model, &mut Vec::new(), &mut found);
    found
}

fn descend(steps: &[Step], at: &Json, trail: &mut Vec<String>, found: &mut Vec<Pointer>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(Pointer::of(trail.iter().cloned()));
        return;
    };
    let mut each = |key: String, child: &Json, steps: &[Step]| {
        trail.push(key);
        descend(steps, child, trail, found);
        trail.pop();
    };
    match (step, at) {
        (Step::Any, Json::Object(map)) => map.iter().for_each(|(k, v)| each(k.clone(), v, rest)),
        (Step::Any, Json::Array(items)) => {
            items.iter().enumerate().for_each(|(i, v)| each(i.to_string(), v, rest));
        }
        (Step::Key(key), Json::Object(map)) => match map.get(key) {
            Some(child) => each(key.clone(), child, rest),
            None if key == "properties" => descend(rest, at, trail, found),
            None => {}
        },
        (Step::Key(key), Json::Array(items)) => {
            let steps = if key == "items" { rest } else { steps };
            items.iter().enumerate().for_each(|(i, v)| each(i.to_string(), v, steps));
        }
        _ => {}
    }
}

/// The value at a place, to be changed.
pub(crate) fn get_mut<'m>(model: &'m mut Json, pointer: &Pointer) -> Option<&'m mut Json> {
    pointer.segments().iter().try_fold(model, |at, segment| match at {
        Json::Object(map) => map.get_mut(segment),
        Json::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Takes the value at a place out. Array elements close up.
pub(crate) fn remove(model: &mut Json, pointer: &Pointer) -> Option<Json> {
    let (parent, key) = (pointer.parent()?, pointer.last()?);
    match get_mut(model, &parent)? {
        Json::Object(map) => map.shift_remove(key),
        Json::Array(items) => {
            let index = key.parse::<usize>().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

/// Sets a member. Missing parent objects are made; a parent that is no object is left alone.
pub(crate) fn set(model: &mut Json, pointer: &Pointer, value: Json) {
    let Some((last, parents)) = pointer.segments().split_last() else {
        *model = value;
        return;
    };
    let mut at = model;
    for segment in parents {
        let next = match at {
            Json::Object(map) => {
                map.entry(segment.clone()).or_insert_with(|| Json::Object(serde_json::Map::new()))
            }
            Json::Array(items) => {
                let Some(item) = segment.parse::<usize>().ok().and_then(|i| items.get_mut(i)) else { return };
                item
            }
            _ => return,
        };
        at = next;
    }
    match at {
        Json::Object(map) => {
            map.insert(last.clone(), value);
        }
        Json::Array(items) => {
            if let Some(slot) = last.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                *slot = value;
            }
        }
        _ => {}
    }
}

/// Removes values and the objects that become empty by it. Later elements of an array go first, so that indices hold.
pub(crate) fn prune(model: &mut Json, pointers: &[Pointer]) {
    for pointer in pointers.iter().rev() {
        if remove(model, pointer).is_none() {
            continue;
        }
        let mut parent = pointer.parent();
        while let Some(place) = parent.filter(|p| !p.is_root()) {
            let is_element = place.parent().and_then(|p| p.get(model).map(Json::is_array)).unwrap_or(false);
            let is_empty = place.get(model).and_then(Json::as_object).is_some_and(serde_json::Map::is_empty);
            if is_element || !is_empty {
                break;
            }
            remove(model, &place);
            parent = place.parent();
        }
    }
}

/// The text of a scalar, for identifiers.
pub(crate) fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A text that equal values share, whatever the order of their members.
pub(crate) fn canonical(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let mut members: Vec<String> =
                map.iter().map(|(k, v)| format!("{}:{}", Json::from(k.as_str()), canonical(v))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Calls `visit` with every place in the model, parents first.
pub(crate) fn walk(model: &Json, visit: &mut impl FnMut(&Pointer, &Json)) {
    fn inner(pointer: &Pointer, value: &Json, visit: &mut impl FnMut(&Pointer, &Json)) {
        visit(pointer, value);
        match value {
            Json::Object(map) => map.iter().for_each(|(k, v)| inner(&pointer.child(k), v, visit)),
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| inner(&pointer.child(i.to_string()), v, visit));
            }
            _ => {}
        }
    }
    inner(&Pointer::root(), model, visit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(path: &str, model: &Json) -> Vec<String> {
        expand(&PropertyPath::parse(path), model).iter().map(Pointer::to_string).collect()
    }

    #[test]
    fn wildcards_expand_over_arrays_and_maps() {
        let model = json!({ "R": [{ "K": 1 }, { "J": 2 }, { "K": 3 }], "M": { "a": { "K": 1 } } });
        assert_eq!(texts("/properties/R/*/K", &model), ["/R/0/K", "/R/2/K"]);
        assert_eq!(texts("/properties/R/K", &model), ["/R/0/K", "/R/2/K"]);
        assert_eq!(texts("/properties/M/*/K", &model), ["/M/a/K"]);
    }

    #[test]
    fn pruning_takes_emptied_parents_but_no_elements() {
        let mut model = json!({ "Code": { "ZipFile": "x" }, "R": [{ "K": 1 }] });
        prune(&mut model, &[Pointer::of(["Code", "ZipFile"]), Pointer::of(["R", "0", "K"])]);
        assert_eq!(model, json!({ "R": [{}] }));
    }

    #[test]
    fn canonical_texts_ignore_member_order() {
        assert_eq!(canonical(&json!({ "a": 1, "b": [2] })), canonical(&json!({ "b": [2], "a": 1 })));
    }
}
