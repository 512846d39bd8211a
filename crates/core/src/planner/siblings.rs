//! Values that one resource holds inline and others own as resources (cloud-control 7 D, traps 60 to 63).

use super::codes;
use crate::desired::{Outputs, Rendered, Resolver, Wanted};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::ids::{Address, TypeName};
use crate::pointer::Pointer;
use crate::schema::{ResourceSchema, Schemas};

/// Renders one resource. What other resources of the stack own of it is not its own to change: such places are added
/// to `lifecycle.ignore_changes`. A create still sends them.
///
/// # Errors
/// Those of [`Resolver::render`].
pub fn render(
    resolver: &dyn Resolver,
    schemas: &dyn Schemas,
    address: &Address,
    outputs: &Outputs,
) -> Result<Rendered, Diagnostics> {
    let mut rendered = resolver.render(address, outputs)?;
    if let Rendered::Wanted(wanted) = &mut rendered
        && let Ok(schema) = schemas.schema(&wanted.ty)
    {
        let owned = owned_by_siblings(resolver, schemas, wanted, &schema);
        wanted.lifecycle.ignore_changes.extend(owned.into_iter().map(|(at, _)| at));
    }
    Ok(rendered)
}

/// Says which declared places are left to other resources.
pub(super) fn warning(
    resolver: &dyn Resolver,
    schemas: &dyn Schemas,
    wanted: &Wanted,
    schema: &ResourceSchema,
) -> Option<Diagnostic> {
    let owned = owned_by_siblings(resolver, schemas, wanted, schema);
    let (first, owner) = owned.first()?;
    let places: Vec<String> = owned.iter().map(|(at, _)| at.dotted()).collect();
    Some(
        Diagnostic::warning(
            codes::SIBLING_OWNED,
            format!("{} of {} is set at its creation only", places.join(", "), wanted.address),
        )
        .at(wanted.sources.of(first).clone(), "")
        .note("why", format!("{owner} owns the same values; an update here would wipe them"))
        .next("declare them in one place only"),
    )
}

/// Declared places with the resource that owns them too.
fn owned_by_siblings(
    resolver: &dyn Resolver,
    schemas: &dyn Schemas,
    wanted: &Wanted,
    schema: &ResourceSchema,
) -> Vec<(Pointer, Address)> {
    if schema.overlay.sibling_owned.is_empty() {
        return Vec::new();
    }
    let canonical = |declared: &str| schemas.canonical(declared).ok();
    let types: Vec<(&Address, Option<TypeName>)> =
        resolver.nodes().iter().map(|node| (&node.address, canonical(&node.declared_type))).collect();
    let is_of_type = |address: &Address, ty: &TypeName| {
        types.iter().any(|(other, other_ty)| *other == address && other_ty.as_ref() == Some(ty))
    };
    let mut found = Vec::new();
    for (path, owners) in &schema.overlay.sibling_owned {
        let Some(at) = path.as_pointer().filter(|at| wanted.props.at(at).is_some()) else { continue };
        let owner = resolver.nodes().iter().zip(&types).find(|(node, (_, ty))| {
            let is_owner = ty.as_ref().is_some_and(|ty| owners.contains(ty));
            let points_here = node.after.iter().any(|edge| edge.to == wanted.address);
            // One that names its target by a literal may mean this one.
            let points_elsewhere = node.after.iter().any(|edge| is_of_type(&edge.to, &wanted.ty));
            is_owner && (points_here || !points_elsewhere)
        });
        if let Some((node, _)) = owner {
            found.push((at, node.address.clone()));
        }
    }
    found
}
