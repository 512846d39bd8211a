//! Values that one resource holds inline and others own as resources (cloud-control 7 D, traps 60 to 63).

use super::codes;
use crate::desired::{Outputs, Rendered, Resolver, Wanted};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::ids::{Address, TypeName};
use crate::pointer::{Pointer, PropertyPath};
use crate::schema::{ResourceSchema, Schemas};
use std::collections::HashMap;

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
        && has_shared_places(wanted, &schema)
    {
        leave(wanted, &Siblings::of(resolver, schemas).owned(resolver, wanted, &schema));
    }
    Ok(rendered)
}

/// Takes what siblings own out of the hands of the resource.
pub(super) fn leave(wanted: &mut Wanted, owned: &[(Pointer, Address)]) {
    wanted.lifecycle.ignore_changes.extend(owned.iter().map(|(at, _)| at.clone()));
}

fn has_shared_places(wanted: &Wanted, schema: &ResourceSchema) -> bool {
    schema
        .overlay
        .sibling_owned
        .keys()
        .filter_map(PropertyPath::as_pointer)
        .any(|at| wanted.props.at(&at).is_some())
}

/// The types of a stack's resources.
#[derive(Debug)]
pub(super) struct Siblings {
    /// By node, in order.
    types: Vec<Option<TypeName>>,
    by_address: HashMap<Address, usize>,
    by_type: HashMap<TypeName, Vec<usize>>,
}

impl Siblings {
    pub(super) fn of(resolver: &dyn Resolver, schemas: &dyn Schemas) -> Self {
        let mut names: HashMap<&str, Option<TypeName>> = HashMap::new();
        let types: Vec<Option<TypeName>> = resolver
            .nodes()
            .iter()
            .map(|node| {
                let name = node.declared_type.as_str();
                names.entry(name).or_insert_with(|| schemas.canonical(name).ok()).clone()
            })
            .collect();
        let mut by_type: HashMap<TypeName, Vec<usize>> = HashMap::new();
        for (i, ty) in types.iter().enumerate() {
            if let Some(ty) = ty {
                by_type.entry(ty.clone()).or_default().push(i);
            }
        }
        let by_address =
            resolver.nodes().iter().enumerate().map(|(i, node)| (node.address.clone(), i)).collect();
        Self { types, by_address, by_type }
    }

    /// Declared places of the resource with the resource that owns them too.
    pub(super) fn owned(
        &self,
        resolver: &dyn Resolver,
        wanted: &Wanted,
        schema: &ResourceSchema,
    ) -> Vec<(Pointer, Address)> {
        let mut found = Vec::new();
        if !has_shared_places(wanted, schema) {
            return found;
        }
        let nodes = resolver.nodes();
        let is_of_same_type = |address: &Address| {
            let ty = self.by_address.get(address).and_then(|i| self.types.get(*i)?.as_ref());
            ty == Some(&wanted.ty)
        };
        for (path, owners) in &schema.overlay.sibling_owned {
            let Some(at) = path.as_pointer().filter(|at| wanted.props.at(at).is_some()) else { continue };
            let candidates = owners.iter().filter_map(|ty| self.by_type.get(ty)).flatten();
            let owner = candidates.filter_map(|i| nodes.get(*i)).find(|node| {
                let points_here = node.after.iter().any(|edge| edge.to == wanted.address);
                // One that names its target by a literal may mean this one.
                points_here || !node.after.iter().any(|edge| is_of_same_type(&edge.to))
            });
            if let Some(node) = owner {
                found.push((at, node.address.clone()));
            }
        }
        found
    }
}

/// Says which declared places are left to other resources.
pub(super) fn warning(wanted: &Wanted, owned: &[(Pointer, Address)]) -> Option<Diagnostic> {
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
