//! Dotted paths into JSON objects: `spec.environment.id`.

use serde_json::{Map, Value as Json};

pub(crate) fn get<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

pub(crate) fn text<'j>(value: &'j Json, path: &str) -> Option<&'j str> {
    get(value, path).and_then(Json::as_str)
}

/// Sets a member; what is no object on the way becomes one.
pub(crate) fn set(value: &mut Json, path: &str, new: Json) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    let Json::Object(map) = value else { return };
    match rest {
        None => {
            map.insert(first.to_owned(), new);
        }
        Some(rest) => set(map.entry(first).or_insert_with(|| Json::Object(Map::new())), rest, new),
    }
}

pub(crate) fn remove(value: &mut Json, path: &str) {
    let (parent, last) = path.rsplit_once('.').map_or((None, path), |(parent, last)| (Some(parent), last));
    let parent = match parent {
        None => Some(value),
        Some(parent) => parent.split('.').try_fold(value, |value, name| value.get_mut(name)),
    };
    if let Some(Json::Object(map)) = parent {
        map.shift_remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_found_set_and_removed() {
        let mut value = json!({ "a": 1 });
        set(&mut value, "b.c.d", json!(2));
        assert_eq!(get(&value, "b.c"), Some(&json!({ "d": 2 })));
        remove(&mut value, "b.c.d");
        remove(&mut value, "nothing.here");
        assert_eq!(value, json!({ "a": 1, "b": { "c": {} } }));
    }
}
