//! What services enforce beyond their schemas. One file per service or kind of rule.

mod around;
mod customer_profiles;
mod ec2;
mod named;
mod parents;
mod roles;
mod tags;
mod values;

pub(crate) use around::Around;

use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use crate::state::Resource;
use serde_json::Value as Json;
use stack_core::schema::ResourceSchema;

/// Fills in what a service decides alone, before identifiers are assigned.
pub(crate) fn complete(schema: &ResourceSchema, model: &mut Json, place: &Place, dice: &mut Dice) {
    let ty = schema.type_name.as_str();
    customer_profiles::complete(schema, model, place, dice);
    ec2::complete(ty, model, place, dice);
    values::complete(ty, model, dice);
}

/// True if the service makes the identifier of what the caller says, so that a second resource of it clashes.
pub(crate) fn identifier_follows(schema: &ResourceSchema) -> bool {
    crate::arn::follows_from_name(schema) || ec2::identifier_follows(schema.type_name.as_str())
}

/// Fills in what follows from the rest of the model: after a create is complete, and after every update.
pub(crate) fn derive(schema: &ResourceSchema, model: &mut Json, place: &Place) {
    values::derive(schema.type_name.as_str(), model, place);
}

/// Puts in what the caller left to the service, when a create or update takes effect.
pub(crate) fn defaults(schema: &ResourceSchema, model: &mut Json) {
    values::defaults(schema.type_name.as_str(), model);
}

/// The name of a deleted queue cannot be used again before (cloud-control 4.4).
pub(crate) const REST_MS: i64 = 60_000;

/// True for the types whose names rest.
pub(crate) fn name_rests(ty: &str) -> bool {
    ty == "AWS::SQS::Queue"
}

/// Asked before a create takes effect. May set what follows from other resources.
pub(crate) fn before_create(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    tags::check(around.schema, model)?;
    values::check(around.ty(), model)?;
    if name_rests(around.ty())
        && let Some(url) = around::text(model, "QueueUrl")
        && around.scope.resting.get(url).is_some_and(|since| around.now_ms - since < REST_MS)
    {
        let message = "You must wait 60 seconds after deleting a queue before you can create another with the same \
                       name. (Service: Sqs, Status Code: 400, Error Code: QueueDeletedRecently)";
        return Err(Refusal::new("InvalidRequest", message));
    }
    customer_profiles::before_create(around.schema, model, around.scope)?;
    parents::before_create(around, model)?;
    if around.checks_references() {
        ec2::before_create(around, model)?;
        roles::check(around, model)?;
        named::check(around, model)?;
    }
    Ok(())
}

/// Asked before an update takes effect, with the model that it asks for.
pub(crate) fn before_update(around: &Around<'_>, stored: &Json, model: &Json) -> Result<(), Refusal> {
    tags::check_update(around.schema, stored, model)?;
    parents::before_update(around, model)?;
    if around.checks_references() {
        ec2::before_update(around, model)?;
        roles::check(around, model)?;
    }
    Ok(())
}

/// Asked before a delete takes effect.
pub(crate) fn before_delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    customer_profiles::before_delete(around.schema, &resource.model, around.scope)?;
    if around.checks_references() {
        ec2::before_delete(around, resource)?;
        roles::before_delete(around, resource)?;
        parents::before_delete(around, resource)?;
    }
    Ok(())
}

/// What the service makes along with a resource, by type.
pub(crate) fn siblings(schema: &ResourceSchema, model: &Json) -> Vec<(&'static str, Json)> {
    ec2::siblings(schema.type_name.as_str(), model)
}

/// True if resources of the other type may be gone when one of the first is.
pub(crate) fn hangs_on(ty: &str, other: &str) -> bool {
    ec2::hangs_on(ty, other) || parents::hangs_on(ty, other)
}

/// True if the other resource is gone when the first one is.
pub(crate) fn goes_with(ty: &str, identifier: &str, other: &str, model: &Json) -> bool {
    ec2::goes_with(ty, identifier, other, model) || parents::goes_with(ty, identifier, other, model)
}
