//! What an undo of a step could bring back.

use crate::plan::{PatchOp, Undo};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;

/// Of an update: all but what cannot be read, and what cannot become smaller again.
pub(super) fn of_update(schema: &ResourceSchema, patch: &[PatchOp]) -> Undo {
    let named = |test: &dyn Fn(&Pointer) -> bool| -> Vec<String> {
        patch.iter().map(PatchOp::path).filter(|path| test(path)).map(Pointer::dotted).collect()
    };
    let (hidden, growing) = (&schema.write_only_properties, &schema.overlay.grow_only);
    let blind = named(&|path| hidden.covers(path) || hidden.reaches_below(path));
    let grown = named(&|path| growing.covers(path) || growing.reaches_below(path));
    let mut whys = Vec::new();
    if !blind.is_empty() {
        whys.push(format!("{} cannot be read back", blind.join(", ")));
    }
    if !grown.is_empty() {
        whys.push(format!("{} can only grow", grown.join(", ")));
    }
    match whys.join("; ") {
        why if why.is_empty() => Undo::Yes,
        why if grown.len() == patch.len() => Undo::No(why),
        why => Undo::Partial(why),
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
