//! Elastic addresses and NAT gateways.

use super::instances::address_in;
use super::{ADDRESS, ATTACHMENT, INSTANCE, INTERFACE, NAT, invalid, not_found, refusal, subnet, vpc};
use crate::dice::Dice;
use crate::handler::Refusal;
use crate::rules::around::{Around, put, put_default, text};
use crate::state::Resource;
use serde_json::Value as Json;

pub(super) fn complete(model: &mut Json, dice: &mut Dice) {
    let part = |dice: &mut Dice| dice.below(254) + 1;
    let ip = format!("18.{}.{}.{}", part(dice), part(dice), part(dice));
    put(model, "PublicIp", ip);
    put(model, "AllocationId", format!("eipalloc-{}", dice.hex(17)));
}

pub(super) fn create(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let Some(id) = text(model, "InstanceId") else { return Ok(()) };
    instance(around, id)
}

fn instance(around: &Around<'_>, id: &str) -> Result<(), Refusal> {
    if around.by_id(INSTANCE, id).is_some() {
        return Ok(());
    }
    Err(not_found("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")))
}

fn allocation<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    around.with(ADDRESS, "AllocationId", id).ok_or_else(|| {
        let message = format!("Elastic IP address [{id}] not found");
        not_found("InvalidAllocationID.NotFound", message)
    })
}

pub(super) fn create_association(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    match text(model, "AllocationId") {
        Some(id) => drop(allocation(around, id)?),
        None => {
            let ip = text(model, "EIP").unwrap_or_default();
            if around.with(ADDRESS, "PublicIp", ip).is_none() {
                let message = format!("Address '{ip}' not found.");
                return Err(not_found("InvalidAddress.NotFound", message));
            }
        }
    }
    if let Some(id) = text(model, "InstanceId") {
        instance(around, id)?;
    }
    if let Some(id) = text(model, "NetworkInterfaceId")
        && around.by_id(INTERFACE, id).is_none()
    {
        let message = format!("The networkInterface ID '{id}' does not exist");
        return Err(not_found("InvalidNetworkInterfaceID.NotFound", message));
    }
    Ok(())
}

/// An address that something else than its own handler attached stays.
pub(super) fn delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = text(&resource.model, "AllocationId").unwrap_or_default();
    let used = around
        .user_of(id, &[(NAT, &["AllocationId"]), ("AWS::EC2::EIPAssociation", &["AllocationId"])])
        .is_some();
    if used {
        return Err(invalid(
            "InvalidIPAddress.InUse",
            format!("The address with allocation id [{id}] cannot be released because it is in use."),
        ));
    }
    Ok(())
}

pub(super) fn complete_nat(model: &mut Json, dice: &mut Dice) {
    put_default(model, "ConnectivityType", "public");
    put(model, "EniId", format!("eni-{}", dice.hex(17)));
}

pub(super) fn create_nat(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    // A regional gateway names its network and takes its addresses from the service.
    if text(model, "AvailabilityMode") == Some("regional") {
        return vpc(around, text(model, "VpcId").unwrap_or_default()).map(drop);
    }
    let id = text(model, "SubnetId").unwrap_or_default().to_owned();
    let place = subnet(around, &id)?;
    let network = text(&place.model, "VpcId").unwrap_or_default().to_owned();
    let public = text(model, "ConnectivityType") != Some("private");
    match text(model, "AllocationId").map(str::to_owned) {
        None if public => {
            return Err(invalid(
                "MissingParameter",
                "The request must include the AllocationId parameter. Add the required parameter and retry the \
                 request.",
            ));
        }
        Some(_) if !public => {
            return Err(invalid(
                "InvalidParameter",
                "AllocationId cannot be specified for a private NAT gateway.",
            ));
        }
        Some(address) => {
            allocation(around, &address)?;
            if around.with(NAT, "AllocationId", &address).is_some() {
                let message = format!("Elastic IP address [{address}] is already associated");
                return Err(invalid("Resource.AlreadyAssociated", message));
            }
            let attached = around.all(ATTACHMENT).any(|one| {
                text(&one.model, "VpcId") == Some(network.as_str())
                    && text(&one.model, "AttachmentType") == Some("IGW")
            });
            if !attached {
                // The gateway is made and then fails; its handler reports that.
                let message = format!("Network {network} has no Internet gateway attached");
                return Err(refusal("NotStabilized", "Gateway.NotAttached", message));
            }
        }
        None => {}
    }
    let ip = address_in(around, &id)?;
    put_default(model, "PrivateIpAddress", ip);
    put(model, "VpcId", network);
    Ok(())
}
