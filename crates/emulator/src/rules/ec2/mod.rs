//! EC2 networking: what must exist before, what must go first, and what follows from what.
//!
//! Everything here comes as a FAILED event, in the words of the service's errors.

mod addresses;
mod cidr;
mod groups;
mod instances;
mod routing;
mod vpcs;

use super::around::{Around, text, texts};
use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use crate::state::Resource;
use serde_json::Value as Json;

const VPC: &str = "AWS::EC2::VPC";
const SUBNET: &str = "AWS::EC2::Subnet";
const GROUP: &str = "AWS::EC2::SecurityGroup";
const TABLE: &str = "AWS::EC2::RouteTable";
const GATEWAY: &str = "AWS::EC2::InternetGateway";
const ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";
const ASSOCIATION: &str = "AWS::EC2::SubnetRouteTableAssociation";
const ACL: &str = "AWS::EC2::NetworkAcl";
const INSTANCE: &str = "AWS::EC2::Instance";
const NAT: &str = "AWS::EC2::NatGateway";
const INTERFACE: &str = "AWS::EC2::NetworkInterface";
const ADDRESS: &str = "AWS::EC2::EIP";

/// Where resources keep the subnets in which they have network interfaces.
const IN_SUBNETS: &[(&str, &[&str])] = &[
    (INSTANCE, &["SubnetId", "NetworkInterfaces/*/SubnetId"]),
    (INTERFACE, &["SubnetId"]),
    (NAT, &["SubnetId"]),
    ("AWS::EC2::VPCEndpoint", &["SubnetIds/*"]),
    ("AWS::ECS::Service", &["NetworkConfiguration/AwsvpcConfiguration/Subnets/*"]),
    ("AWS::EFS::MountTarget", &["SubnetId"]),
    ("AWS::EKS::Cluster", &["ResourcesVpcConfig/SubnetIds/*"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Subnets/*", "SubnetMappings/*/SubnetId"]),
    ("AWS::Lambda::Function", &["VpcConfig/SubnetIds/*"]),
    ("AWS::RDS::DBSubnetGroup", &["SubnetIds/*"]),
];

/// Where resources keep the groups of their network interfaces.
const IN_GROUPS: &[(&str, &[&str])] = &[
    (INSTANCE, &["SecurityGroupIds/*", "NetworkInterfaces/*/GroupSet/*"]),
    (INTERFACE, &["GroupSet/*"]),
    ("AWS::EC2::VPCEndpoint", &["SecurityGroupIds/*"]),
    ("AWS::ECS::Service", &["NetworkConfiguration/AwsvpcConfiguration/SecurityGroups/*"]),
    ("AWS::EFS::MountTarget", &["SecurityGroups/*"]),
    ("AWS::EKS::Cluster", &["ResourcesVpcConfig/SecurityGroupIds/*"]),
    ("AWS::ElastiCache::ReplicationGroup", &["SecurityGroupIds/*"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["SecurityGroups/*"]),
    ("AWS::Lambda::Function", &["VpcConfig/SecurityGroupIds/*"]),
    ("AWS::RDS::DBCluster", &["VpcSecurityGroupIds/*"]),
    ("AWS::RDS::DBInstance", &["VPCSecurityGroups/*"]),
];

/// A refusal with EC2's own error behind it. The text carries both, as handlers pass it on (cloud-control 4.4).
fn refusal(code: &'static str, error: &str, message: impl Into<String>) -> Refusal {
    let message = message.into();
    Refusal::new(
        code,
        format!("{message} (Service: AmazonEC2; Status Code: 400; Error Code: {error}; Proxy: null)"),
    )
}

fn not_found(error: &str, message: impl Into<String>) -> Refusal {
    refusal("NotFound", error, message)
}

fn invalid(error: &str, message: impl Into<String>) -> Refusal {
    refusal("InvalidRequest", error, message)
}

/// Something depends on what is to be deleted (cloud-control 4.4, trap 96).
fn dependency(message: impl Into<String>) -> Refusal {
    invalid("DependencyViolation", message)
}

fn vpc<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    let absent = || not_found("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"));
    around.by_id(VPC, id).ok_or_else(absent)
}

fn subnet<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    let absent = || not_found("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"));
    around.by_id(SUBNET, id).ok_or_else(absent)
}

fn group<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    let absent = || not_found("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"));
    around.by_id(GROUP, id).ok_or_else(absent)
}

fn table<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    let absent =
        || not_found("InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist"));
    around.by_id(TABLE, id).ok_or_else(absent)
}

fn gateway<'c>(around: &Around<'c>, id: &str) -> Result<&'c Resource, Refusal> {
    let absent = || {
        not_found(
            "InvalidInternetGatewayID.NotFound",
            format!("The internetGateway ID '{id}' does not exist"),
        )
    };
    around.by_id(GATEWAY, id).ok_or_else(absent)
}

fn no_default_vpc() -> Refusal {
    invalid(
        "VPCIdNotSpecified",
        "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    )
}

/// Attachments are known by their kind and network, routes by their table and destination.
pub(super) fn identifier_follows(ty: &str) -> bool {
    ty == ATTACHMENT || ty == "AWS::EC2::Route"
}

/// Ids and values that the service decides alone.
pub(super) fn complete(ty: &str, model: &mut Json, place: &Place, dice: &mut Dice) {
    match ty {
        VPC => vpcs::complete_vpc(model, dice),
        SUBNET => vpcs::complete_subnet(model, place, dice),
        GROUP => groups::complete(model, dice),
        ATTACHMENT => routing::complete_attachment(model),
        "AWS::EC2::Route" => routing::complete_route(model),
        INSTANCE => instances::complete(model, dice),
        ADDRESS => addresses::complete(model, dice),
        NAT => addresses::complete_nat(model, dice),
        "AWS::EC2::SecurityGroupIngress" | "AWS::EC2::SecurityGroupEgress" => {
            super::around::put(model, "Id", format!("sgr-{}", dice.hex(17)));
        }
        ASSOCIATION => super::around::put(model, "Id", format!("rtbassoc-{}", dice.hex(17))),
        _ => {}
    }
}

/// What a create needs. Sets what follows from the resources that it names.
pub(super) fn before_create(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    match around.ty() {
        VPC => vpcs::create_vpc(model),
        SUBNET => vpcs::create_subnet(around, model),
        TABLE | ACL | "AWS::EC2::EgressOnlyInternetGateway" => {
            vpc(around, text(model, "VpcId").unwrap_or_default()).map(drop)
        }
        ATTACHMENT => routing::create_attachment(around, model),
        "AWS::EC2::Route" => routing::create_route(around, model),
        ASSOCIATION => routing::create_association(around, model),
        GROUP => groups::create(around, model),
        "AWS::EC2::SecurityGroupIngress" | "AWS::EC2::SecurityGroupEgress" => {
            groups::create_rule(around, model)
        }
        INSTANCE => instances::create(around, model),
        INTERFACE => instances::create_interface(around, model),
        ADDRESS => addresses::create(around, model),
        NAT => addresses::create_nat(around, model),
        "AWS::EC2::EIPAssociation" => addresses::create_association(around, model),
        _ => named(around, model),
    }
}

/// An update may name other groups, subnets and gateways.
pub(super) fn before_update(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    match around.ty() {
        GROUP => groups::check_peers(around, model),
        "AWS::EC2::Route" => routing::check_target(around, model),
        INSTANCE => {
            for id in texts(model, "SecurityGroupIds/*") {
                group(around, &id)?;
            }
            Ok(())
        }
        _ => named(around, model),
    }
}

/// Subnets and groups that resources of other services name.
fn named(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let of = |uses: &'static [(&str, &[&str])]| {
        uses.iter().find(|(ty, _)| *ty == around.ty()).map_or(&[][..], |(_, paths)| paths)
    };
    for path in of(IN_SUBNETS) {
        for id in texts(model, path) {
            subnet(around, &id).map_err(|refusal| Refusal::new("InvalidRequest", refusal.message))?;
        }
    }
    for path in of(IN_GROUPS) {
        for id in texts(model, path) {
            group(around, &id).map_err(|refusal| Refusal::new("InvalidRequest", refusal.message))?;
        }
    }
    let in_vpc = ["AWS::EC2::VPCEndpoint", "AWS::ElasticLoadBalancingV2::TargetGroup"];
    if in_vpc.contains(&around.ty())
        && let Some(id) = text(model, "VpcId")
    {
        vpc(around, id).map_err(|refusal| Refusal::new("InvalidRequest", refusal.message))?;
    }
    Ok(())
}

/// What must go before this does.
pub(super) fn before_delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    match around.ty() {
        VPC => vpcs::delete_vpc(around, resource),
        SUBNET => vpcs::delete_subnet(around, resource),
        GATEWAY => routing::delete_gateway(around, resource),
        ATTACHMENT => routing::delete_attachment(around, resource),
        TABLE => routing::delete_table(around, resource),
        ACL if resource.owner.is_some() => {
            Err(invalid("InvalidParameterValue", "cannot delete default network ACL"))
        }
        GROUP => groups::delete(around, resource),
        INSTANCE => instances::delete(resource),
        INTERFACE => instances::delete_interface(around, resource),
        ADDRESS => addresses::delete(around, resource),
        _ => Ok(()),
    }
}

/// A VPC comes with a group, a main table and a list.
pub(super) fn siblings(ty: &str, model: &Json) -> Vec<(&'static str, Json)> {
    if ty == VPC { vpcs::siblings(model) } else { Vec::new() }
}

/// The property by which resources of the other type hang on one of the first: routes on a table, rules on a group.
fn holder(ty: &str, other: &str) -> Option<&'static str> {
    Some(match (ty, other) {
        (TABLE, "AWS::EC2::Route") => "RouteTableId",
        (GROUP, "AWS::EC2::SecurityGroupIngress" | "AWS::EC2::SecurityGroupEgress") => "GroupId",
        (SUBNET, ASSOCIATION) => "SubnetId",
        (INSTANCE, "AWS::EC2::EIPAssociation") => "InstanceId",
        (VPC, "AWS::EC2::VPCCidrBlock") => "VpcId",
        _ => return None,
    })
}

/// True for what hangs on the other, and for what a VPC came with.
pub(super) fn hangs_on(ty: &str, other: &str) -> bool {
    holder(ty, other).is_some() || (ty == VPC && matches!(other, GROUP | TABLE | ACL))
}

/// True if the resource is gone with the one that it names.
pub(super) fn goes_with(ty: &str, identifier: &str, other: &str, model: &Json) -> bool {
    holder(ty, other).is_some_and(|property| text(model, property) == Some(identifier))
}
