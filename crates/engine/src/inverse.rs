//! How to undo an operation: the opposite patch, from the model read before. Pure.

use serde_json::{Value as Json, json};
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;

/// What undoes an operation.
#[derive(Clone, PartialEq)]
pub(crate) enum Inverse {
    /// Delete what was created.
    Delete,
    /// Send this patch.
    Patch {
        /// RFC 6902.
        patch: Json,
        /// Places that keep their new value: reads never show the old one, or they can only grow.
        lost: Vec<Pointer>,
    },
}

/// The patch that undoes `patch`, given the model before it.
pub(crate) fn inverse(patch: &Json, before: &Json, schema: &ResourceSchema) -> Inverse {
    let (mut ops, mut lost) = (Vec::new(), Vec::new());
    for op in patch.as_array().into_iter().flatten().rev() {
        let Some(at) = op.get("path").and_then(Json::as_str).and_then(|text| Pointer::parse(text).ok())
        else {
            continue;
        };
        let hidden =
            schema.write_only_properties.covers(&at) || schema.write_only_properties.reaches_below(&at);
        let adds = op.get("op").and_then(Json::as_str) != Some("remove");
        let grown = schema.overlay.grow_only.covers(&at);
        match at.get(before) {
            _ if grown => {}
            Some(old) => ops.push(json!({ "op": "add", "path": at.to_string(), "value": old })),
            None if hidden => {}
            None if adds => ops.push(json!({ "op": "remove", "path": at.to_string() })),
            None => {}
        }
        if hidden || grown {
            lost.push(at);
        }
    }
    Inverse::Patch { patch: Json::Array(ops), lost }
}

/// True if the model shows at every place of the patch what the patch says.
pub(crate) fn holds(patch: &Json, model: &Json) -> bool {
    patch.as_array().into_iter().flatten().all(|op| {
        let at = op.get("path").and_then(Json::as_str).and_then(|text| Pointer::parse(text).ok());
        at.is_some_and(|at| at.get(model) == op.get("value"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::pointer::{PathSet, PropertyPath};

    fn schema() -> ResourceSchema {
        serde_json::from_str(r#"{"typeName":"A::B::C","writeOnlyProperties":["/properties/Password"]}"#)
            .unwrap()
    }

    #[test]
    fn old_values_come_back_newest_first_and_new_ones_go() {
        let patch = json!([
            {"op": "add", "path": "/Size", "value": 2},
            {"op": "add", "path": "/Label", "value": "x"},
            {"op": "remove", "path": "/Note"},
        ]);
        let before = json!({"Size": 1, "Note": "old"});
        let Inverse::Patch { patch: back, lost } = inverse(&patch, &before, &schema()) else {
            unreachable!()
        };
        assert_eq!(
            back,
            json!([
                {"op": "add", "path": "/Note", "value": "old"},
                {"op": "remove", "path": "/Label"},
                {"op": "add", "path": "/Size", "value": 1},
            ])
        );
        assert!(lost.is_empty());
        assert!(holds(&back, &before));
        assert!(!holds(&back, &json!({"Size": 2, "Note": "old"})));
    }

    #[test]
    fn what_reads_never_show_is_lost() {
        let patch = json!([{"op": "add", "path": "/Password", "value": "new"}]);
        let inverse = inverse(&patch, &json!({}), &schema());
        let lost = vec![Pointer::of(["Password"])];
        assert!(inverse == Inverse::Patch { patch: json!([]), lost });
    }

    #[test]
    fn what_can_only_grow_stays_and_the_rest_comes_back() {
        let mut schema = schema();
        schema.overlay.grow_only = PathSet(vec![PropertyPath::parse("/Parts")]);
        let patch = json!([{"op": "add", "path": "/Parts", "value": 9}, {"op": "add", "path": "/Note", "value": "new"}]);
        let found = inverse(&patch, &json!({"Parts": 5, "Note": "old"}), &schema);
        let back = json!([{"op": "add", "path": "/Note", "value": "old"}]);
        assert!(found == Inverse::Patch { patch: back, lost: vec![Pointer::of(["Parts"])] });
    }
}
