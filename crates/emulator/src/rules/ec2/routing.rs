//! Gateways, route tables, routes, and which subnet has which table.

use super::cidr::Cidr;
use super::{
    ADDRESS, ASSOCIATION, ATTACHMENT, INSTANCE, INTERFACE, NAT, SUBNET, VPC, dependency, gateway, invalid,
    not_found, subnet, table, vpc,
};
use crate::handler::Refusal;
use crate::rules::around::{Around, put, text};
use crate::state::Resource;
use serde_json::Value as Json;

const GATEWAYS: [&str; 2] = ["InternetGatewayId", "VpnGatewayId"];

/// `IGW` or `VGW`, the first part of the identifier.
pub(super) fn complete_attachment(model: &mut Json) {
    let kind = if model.get("InternetGatewayId").is_some() { "IGW" } else { "VGW" };
    put(model, "AttachmentType", kind);
}

pub(super) fn create_attachment(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let given: Vec<&str> = GATEWAYS.iter().filter_map(|name| text(model, name)).collect();
    let [id] = given.as_slice() else {
        return Err(invalid(
            "InvalidParameterCombination",
            "You must specify exactly one of InternetGatewayId and VpnGatewayId",
        ));
    };
    let network = vpc(around, text(model, "VpcId").unwrap_or_default())?;
    if model.get("InternetGatewayId").is_some() {
        gateway(around, id)?;
    } else if around.by_id("AWS::EC2::VPNGateway", id).is_none() {
        let message = format!("The vpnGateway ID '{id}' does not exist");
        return Err(not_found("InvalidVpnGatewayID.NotFound", message));
    }
    if let Some(other) = attachment_of(around, id)
        && text(&other.model, "VpcId") != Some(network.identifier.as_str())
    {
        let message = format!(
            "resource {id} is already attached to network {}",
            text(&other.model, "VpcId").unwrap_or_default()
        );
        return Err(invalid("Resource.AlreadyAssociated", message));
    }
    Ok(())
}

/// The attachment of a gateway.
fn attachment_of<'c>(around: &Around<'c>, id: &str) -> Option<&'c Resource> {
    around.all(ATTACHMENT).find(|one| GATEWAYS.iter().any(|name| text(&one.model, name) == Some(id)))
}

pub(super) fn delete_gateway(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    match attachment_of(around, id) {
        Some(_) => {
            Err(dependency(format!("The internetGateway '{id}' has dependencies and cannot be deleted.")))
        }
        None => Ok(()),
    }
}

/// Public addresses in the VPC keep its gateway.
pub(super) fn delete_attachment(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    if text(&resource.model, "AttachmentType") != Some("IGW") {
        return Ok(());
    }
    let network = text(&resource.model, "VpcId").unwrap_or_default();
    let in_network = |subnet: Option<&str>| {
        subnet
            .and_then(|id| around.by_id(SUBNET, id))
            .is_some_and(|subnet| text(&subnet.model, "VpcId") == Some(network))
    };
    let mapped = around
        .all(NAT)
        .any(|nat| nat.model.get("AllocationId").is_some() && in_network(text(&nat.model, "SubnetId")))
        || around.all(INSTANCE).any(|instance| {
            let addressed = around
                .all(ADDRESS)
                .any(|address| text(&address.model, "InstanceId") == Some(instance.identifier.as_str()));
            let public = text(&instance.model, "PublicIp").is_some_and(|ip| !ip.is_empty());
            (addressed || public) && in_network(text(&instance.model, "SubnetId"))
        });
    if mapped {
        return Err(dependency(format!(
            "Network {network} has some mapped public address(es). Please unmap those public address(es) before \
             detaching the gateway."
        )));
    }
    Ok(())
}

const DESTINATIONS: [&str; 3] =
    ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];

/// The identifier holds the destination, whatever its kind; IPv4 ranges in their plain form (trap 53).
pub(super) fn complete_route(model: &mut Json) {
    if let Some(cidr) = text(model, "DestinationCidrBlock").and_then(Cidr::parse) {
        put(model, "DestinationCidrBlock", cidr.to_string());
    }
    if let Some(destination) = DESTINATIONS.iter().find_map(|name| text(model, name)).map(str::to_owned) {
        put(model, "CidrBlock", destination);
    }
}

pub(super) fn create_route(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let table = table(around, text(model, "RouteTableId").unwrap_or_default())?;
    if DESTINATIONS.iter().filter(|name| model.get(**name).is_some()).count() != 1 {
        return Err(invalid(
            "MissingParameter",
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock and \
             destinationPrefixListId",
        ));
    }
    check_target(around, model)?;
    let destination = text(model, "CidrBlock").unwrap_or_default();
    let taken = around.all("AWS::EC2::Route").any(|other| {
        text(&other.model, "RouteTableId") == Some(table.identifier.as_str())
            && text(&other.model, "CidrBlock") == Some(destination)
    });
    // Every table has a route to its own network.
    let local = text(&table.model, "VpcId")
        .and_then(|id| around.by_id(VPC, id))
        .and_then(|network| text(&network.model, "CidrBlock"));
    if taken || local == Some(destination) {
        return Err(super::refusal(
            "AlreadyExists",
            "RouteAlreadyExists",
            format!("The route identified by {destination} already exists."),
        ));
    }
    Ok(())
}

/// A route leads to one thing that exists; to a gateway that is attached to the table's network.
pub(super) fn check_target(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    const TARGETS: [&str; 10] = [
        "CarrierGatewayId",
        "CoreNetworkArn",
        "EgressOnlyInternetGatewayId",
        "GatewayId",
        "InstanceId",
        "LocalGatewayId",
        "NatGatewayId",
        "NetworkInterfaceId",
        "TransitGatewayId",
        "VpcPeeringConnectionId",
    ];
    let given = TARGETS.iter().chain(&["VpcEndpointId"]).filter(|name| model.get(**name).is_some()).count();
    if given != 1 {
        return Err(invalid(
            "MissingParameter",
            "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, \
             vpcPeeringConnectionId or instanceId",
        ));
    }
    if let Some(id) = text(model, "GatewayId").filter(|id| id.starts_with("igw-")) {
        gateway(around, id)?;
        let table = table(around, text(model, "RouteTableId").unwrap_or_default())?;
        let attached = attachment_of(around, id).and_then(|one| text(&one.model, "VpcId"));
        if attached.is_none() || attached != text(&table.model, "VpcId") {
            let message = format!(
                "route table {} and network gateway {id} belong to different networks",
                table.identifier
            );
            return Err(invalid("InvalidParameterValue", message));
        }
    }
    for (name, ty, error, noun) in [
        ("NatGatewayId", NAT, "InvalidNatGatewayID.NotFound", "natGateway"),
        ("InstanceId", INSTANCE, "InvalidInstanceID.NotFound", "instance"),
        ("NetworkInterfaceId", INTERFACE, "InvalidNetworkInterfaceID.NotFound", "networkInterface"),
        (
            "TransitGatewayId",
            "AWS::EC2::TransitGateway",
            "InvalidTransitGatewayID.NotFound",
            "transitGateway",
        ),
        (
            "VpcPeeringConnectionId",
            "AWS::EC2::VPCPeeringConnection",
            "InvalidVpcPeeringConnectionID.NotFound",
            "vpcPeeringConnection",
        ),
        (
            "EgressOnlyInternetGatewayId",
            "AWS::EC2::EgressOnlyInternetGateway",
            "InvalidGatewayID.NotFound",
            "eigw",
        ),
    ] {
        if let Some(id) = text(model, name).filter(|id| around.by_id(ty, id).is_none()) {
            return Err(not_found(error, format!("The {noun} ID '{id}' does not exist")));
        }
    }
    Ok(())
}

pub(super) fn create_association(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let table = table(around, text(model, "RouteTableId").unwrap_or_default())?;
    let subnet = subnet(around, text(model, "SubnetId").unwrap_or_default())?;
    if text(&table.model, "VpcId") != text(&subnet.model, "VpcId") {
        let message = format!(
            "Route table {} and subnet {} belong to different networks",
            table.identifier, subnet.identifier
        );
        return Err(invalid("InvalidParameterValue", message));
    }
    let id = subnet.identifier.as_str();
    if around.with(ASSOCIATION, "SubnetId", id).is_some() {
        return Err(super::refusal(
            "AlreadyExists",
            "Resource.AlreadyAssociated",
            format!(
                "the specified association for route table {} conflicts with an existing association",
                table.identifier
            ),
        ));
    }
    Ok(())
}

pub(super) fn delete_table(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    if resource.owner.is_some() || around.with(ASSOCIATION, "RouteTableId", id).is_some() {
        return Err(dependency(format!("The routeTable '{id}' has dependencies and cannot be deleted.")));
    }
    Ok(())
}
