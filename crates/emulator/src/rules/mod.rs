//! What services enforce beyond their schemas. One file per service.

mod customer_profiles;
mod tags;

use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use crate::state::Scope;
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;

/// Fills in what a service decides from other properties, before identifiers are assigned.
pub(crate) fn complete(schema: &ResourceSchema, model: &mut Json, place: &Place, dice: &mut Dice) {
    customer_profiles::complete(schema, model, place, dice);
}

/// Asked before a create takes effect.
pub(crate) fn before_create(schema: &ResourceSchema, model: &Json, scope: &Scope) -> Result<(), Refusal> {
    tags::check(schema, model)?;
    customer_profiles::before_create(schema, model, scope)
}

/// Asked before an update takes effect, with the model that it asks for.
pub(crate) fn before_update(schema: &ResourceSchema, model: &Json) -> Result<(), Refusal> {
    tags::check(schema, model)
}

/// Asked before a delete takes effect.
pub(crate) fn before_delete(schema: &ResourceSchema, model: &Json, scope: &Scope) -> Result<(), Refusal> {
    customer_profiles::before_delete(schema, model, scope)
}
