//! VPCs and subnets.

use super::cidr::Cidr;
use super::{ACL, ATTACHMENT, GROUP, IN_SUBNETS, NAT, SUBNET, TABLE, dependency, invalid, vpc};
use crate::dice::Dice;
use crate::handler::{Place, Refusal};
use crate::rules::around::{Around, put, text};
use crate::state::Resource;
use serde_json::{Value as Json, json};

pub(super) fn complete_vpc(model: &mut Json, dice: &mut Dice) {
    canonicalise(model);
    put(model, "DefaultSecurityGroup", format!("sg-{}", dice.hex(17)));
    put(model, "DefaultNetworkAcl", format!("acl-{}", dice.hex(17)));
    put(model, "CidrBlockAssociations", json!([format!("vpc-cidr-assoc-{}", dice.hex(17))]));
    put(model, "Ipv6CidrBlocks", json!([]));
}

fn canonicalise(model: &mut Json) {
    if let Some(cidr) = text(model, "CidrBlock").and_then(Cidr::parse) {
        put(model, "CidrBlock", cidr.to_string());
    }
}

fn unreadable(parameter: &str, text: &str) -> Refusal {
    invalid(
        "InvalidParameterValue",
        format!("Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."),
    )
}

pub(super) fn create_vpc(model: &Json) -> Result<(), Refusal> {
    let Some(text) = text(model, "CidrBlock") else { return Ok(()) };
    let cidr = Cidr::parse(text).ok_or_else(|| unreadable("cidrBlock", text))?;
    if (16..=28).contains(&cidr.prefix) {
        Ok(())
    } else {
        Err(invalid("InvalidVpc.Range", format!("The CIDR '{text}' is invalid.")))
    }
}

pub(super) fn complete_subnet(model: &mut Json, place: &Place, dice: &mut Dice) {
    canonicalise(model);
    put(model, "NetworkAclAssociationId", format!("aclassoc-{}", dice.hex(17)));
    put(model, "Ipv6CidrBlocks", json!([]));
    put(model, "BlockPublicAccessStates", json!({ "InternetGatewayBlockMode": "off" }));
    // Beside an AvailabilityZoneId the name would break the template rules that updates are held against.
    if model.get("AvailabilityZone").is_none() && model.get("AvailabilityZoneId").is_none() {
        let zone = dice.text("abc", 1);
        put(model, "AvailabilityZone", format!("{}{zone}", place.region));
    }
}

/// The ranges of a VPC, those that were added later included.
fn ranges(around: &Around<'_>, vpc: &Resource) -> Vec<Cidr> {
    let added = around
        .all("AWS::EC2::VPCCidrBlock")
        .filter(|block| text(&block.model, "VpcId") == Some(vpc.identifier.as_str()))
        .filter_map(|block| text(&block.model, "CidrBlock"));
    text(&vpc.model, "CidrBlock").into_iter().chain(added).filter_map(Cidr::parse).collect()
}

pub(super) fn create_subnet(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let vpc = vpc(around, text(model, "VpcId").unwrap_or_default())?;
    if let Some(zone) = text(model, "AvailabilityZone")
        && !zone.starts_with(around.region)
    {
        let message = format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the \
             following availability zones: {0}a, {0}b, {0}c.",
            around.region
        );
        return Err(invalid("InvalidParameterValue", message));
    }
    let Some(written) = text(model, "CidrBlock") else { return Ok(()) };
    let cidr = Cidr::parse(written).ok_or_else(|| unreadable("cidrBlock", written))?;
    let inside =
        (16..=28).contains(&cidr.prefix) && ranges(around, vpc).iter().any(|range| range.contains(cidr));
    if !inside {
        return Err(invalid("InvalidSubnet.Range", format!("The CIDR '{written}' is invalid.")));
    }
    let clash = around
        .all(SUBNET)
        .filter(|other| text(&other.model, "VpcId") == Some(vpc.identifier.as_str()))
        .filter_map(|other| text(&other.model, "CidrBlock").and_then(Cidr::parse))
        .any(|other| other.overlaps(cidr));
    if clash {
        let message = format!("The CIDR '{written}' conflicts with another subnet");
        return Err(invalid("InvalidSubnet.Conflict", message));
    }
    Ok(())
}

/// Everything that keeps a VPC, apart from what came with it.
pub(super) fn delete_vpc(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    let held = [SUBNET, ATTACHMENT, GROUP, TABLE, ACL, NAT, "AWS::EC2::VPCEndpoint"].iter().any(|ty| {
        around
            .all(ty)
            .filter(|other| other.owner.as_deref() != Some(id))
            .any(|other| text(&other.model, "VpcId") == Some(id))
    });
    if held {
        Err(dependency(format!("The vpc '{id}' has dependencies and cannot be deleted.")))
    } else {
        Ok(())
    }
}

pub(super) fn delete_subnet(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    match around.user_of(id, IN_SUBNETS) {
        // A subnet group has no interfaces of its own.
        Some((ty, _)) if ty != "AWS::RDS::DBSubnetGroup" => {
            Err(dependency(format!("The subnet '{id}' has dependencies and cannot be deleted.")))
        }
        _ => Ok(()),
    }
}

pub(super) fn siblings(model: &Json) -> Vec<(&'static str, Json)> {
    let Some(vpc) = text(model, "VpcId") else { return Vec::new() };
    let group = text(model, "DefaultSecurityGroup").unwrap_or_default();
    let acl = text(model, "DefaultNetworkAcl").unwrap_or_default();
    vec![
        (
            GROUP,
            json!({
                "Id": group, "GroupId": group, "GroupName": "default", "VpcId": vpc,
                "GroupDescription": "default VPC security group",
                "SecurityGroupIngress": [{ "IpProtocol": "-1", "SourceSecurityGroupId": group }],
                "SecurityGroupEgress": [{ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }],
            }),
        ),
        (ACL, json!({ "Id": acl, "VpcId": vpc })),
        (TABLE, json!({ "VpcId": vpc })),
    ]
}
