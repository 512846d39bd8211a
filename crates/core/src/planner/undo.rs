//! What an undo of a step could bring back.

use crate::plan::{PatchOp, Undo};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;

/// Of an update: all but what cannot be read.
pub(super) fn of_update(schema: &ResourceSchema, patch: &[PatchOp]) -> Undo {
    let blind: Vec<String> = patch
        .iter()
        .map(PatchOp::path)
        .filter(|path| {
            schema.write_only_properties.covers(path) || schema.write_only_properties.reaches_below(path)
        })
        .map(Pointer::dotted)
        .collect();
    if blind.is_empty() {
        Undo::Yes
    } else {
        Undo::Partial(format!("{} cannot be read back", blind.join(", ")))
    }
}

/// Of a replacement: never the old resource.
pub(super) fn of_replace(schema: &ResourceSchema) -> Undo {
    never(schema, "what the old resource held goes with it")
}

/// Of a delete: never the resource.
pub(super) fn of_delete(schema: &ResourceSchema) -> Undo {
    never(schema, "what it holds goes with it")
}

fn never(schema: &ResourceSchema, settable: &str) -> Undo {
    Undo::No(if schema.is_named_by_service() { "a new id is issued each time" } else { settable }.to_owned())
}
