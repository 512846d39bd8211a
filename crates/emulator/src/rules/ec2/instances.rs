//! Instances and network interfaces.

use super::cidr::Cidr;
use super::{GROUP, INSTANCE, INTERFACE, NAT, SUBNET, group, invalid, no_default_vpc, not_found, subnet};
use crate::dice::Dice;
use crate::handler::Refusal;
use crate::rules::around::{Around, put, put_default, text, texts};
use crate::state::Resource;
use serde_json::{Value as Json, json};

pub(super) fn complete(model: &mut Json, dice: &mut Dice) {
    put(model, "InstanceId", format!("i-{}", dice.hex(17)));
    put(model, "State", json!({ "Code": "16", "Name": "running" }));
}

pub(super) fn create(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    check_image(model)?;
    let first = texts(model, "NetworkInterfaces/*/NetworkInterfaceId").into_iter().next();
    let interface = match &first {
        None => None,
        Some(id) => Some(around.by_id(INTERFACE, id).ok_or_else(|| {
            let message = format!("The networkInterface ID '{id}' does not exist");
            not_found("InvalidNetworkInterfaceID.NotFound", message)
        })?),
    };
    let named = text(model, "SubnetId").map(str::to_owned);
    let inner = || texts(model, "NetworkInterfaces/*/SubnetId").into_iter().next();
    let of_interface = || interface.and_then(|one| text(&one.model, "SubnetId")).map(str::to_owned);
    let place = named.or_else(inner).or_else(of_interface).ok_or_else(no_default_vpc)?;
    let place = subnet(around, &place)?;
    let network = text(&place.model, "VpcId").unwrap_or_default().to_owned();
    for path in ["SecurityGroupIds/*", "NetworkInterfaces/*/GroupSet/*"] {
        for id in texts(model, path) {
            let found = group(around, &id)?;
            if text(&found.model, "VpcId") != Some(network.as_str()) {
                let message = format!(
                    "Security group {id} and subnet {} belong to different networks.",
                    place.identifier
                );
                return Err(invalid("InvalidParameter", message));
            }
        }
    }
    if let Some(profile) = text(model, "IamInstanceProfile") {
        let name = crate::arn::last_segment(profile);
        let found = around
            .anywhere("AWS::IAM::InstanceProfile")
            .find(|one| text(&one.model, "InstanceProfileName") == Some(name));
        let ready =
            found.is_some_and(|one| around.now_ms >= one.created_at + around.config.iam_propagation_ms);
        if !ready {
            let message = format!(
                "Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
            );
            return Err(invalid("InvalidParameterValue", message));
        }
    }
    let ip = match text(model, "PrivateIpAddress") {
        Some(ip) => ip.to_owned(),
        None => interface
            .and_then(|one| text(&one.model, "PrimaryPrivateIpAddress"))
            .map_or_else(|| free_address(around, place), |ip| Ok(ip.to_owned()))?,
    };
    let host = format!("ip-{}", ip.replace('.', "-"));
    let domain = if around.region == "us-east-1" {
        "ec2.internal".to_owned()
    } else {
        format!("{}.compute.internal", around.region)
    };
    let public = place.model.get("MapPublicIpOnLaunch").and_then(Json::as_bool) == Some(true);
    let public_ip = if public { public_address(&ip) } else { String::new() };
    let public_name = if public {
        format!("ec2-{}.compute-1.amazonaws.com", public_ip.replace('.', "-"))
    } else {
        String::new()
    };
    put(model, "VpcId", network.as_str());
    put(model, "PrivateIp", ip.as_str());
    put(model, "PrivateDnsName", format!("{host}.{domain}"));
    put(model, "PublicIp", public_ip);
    put(model, "PublicDnsName", public_name);
    // A read shows them, declared or not.
    if let Some(zone) = text(&place.model, "AvailabilityZone") {
        put_default(model, "AvailabilityZone", zone);
    }
    if model.get("NetworkInterfaces").is_none() {
        put_default(model, "PrivateIpAddress", ip);
        let default = around.all(GROUP).find(|one| {
            text(&one.model, "VpcId") == Some(network.as_str())
                && text(&one.model, "GroupName") == Some("default")
        });
        if let Some(default) = default.filter(|_| model.get("SecurityGroups").is_none()) {
            put_default(model, "SecurityGroupIds", json!([default.identifier]));
        }
    }
    Ok(())
}

fn check_image(model: &Json) -> Result<(), Refusal> {
    match text(model, "ImageId") {
        None if model.get("LaunchTemplate").is_some() => Ok(()),
        None => Err(invalid("MissingParameter", "The request must contain the parameter ImageId")),
        Some(id) if id.starts_with("ami-") || id.starts_with("resolve:ssm:") => Ok(()),
        Some(id) => {
            Err(invalid("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")")))
        }
    }
}

/// The first address that nobody has. The service keeps the first four and the last for itself.
fn free_address(around: &Around<'_>, place: &Resource) -> Result<String, Refusal> {
    let id = place.identifier.as_str();
    let Some(cidr) = text(&place.model, "CidrBlock").and_then(Cidr::parse) else {
        return Ok("10.0.0.10".to_owned());
    };
    let taken: Vec<&str> = around
        .all(INSTANCE)
        .chain(around.all(INTERFACE))
        .chain(around.all(NAT))
        .filter(|other| text(&other.model, "SubnetId") == Some(id))
        .flat_map(|other| {
            ["PrivateIp", "PrivateIpAddress", "PrimaryPrivateIpAddress"]
                .into_iter()
                .filter_map(|name| text(&other.model, name))
        })
        .collect();
    let last = cidr.size().saturating_sub(1);
    (4..last)
        .take(4096)
        .map(|number| cidr.address(u32::try_from(number).unwrap_or_default()))
        .find(|ip| !taken.contains(&ip.as_str()))
        .ok_or_else(|| {
            let message =
                format!("There are not enough free addresses in subnet '{id}' to satisfy the request.");
            super::refusal("ServiceLimitExceeded", "InsufficientFreeAddressesInSubnet", message)
        })
}

/// A fixed address must lie in the subnet and be free.
fn check_address(around: &Around<'_>, place: &Resource, ip: &str) -> Result<(), Refusal> {
    if let Some(cidr) = text(&place.model, "CidrBlock").and_then(Cidr::parse)
        && !cidr.holds(ip)
    {
        return Err(invalid(
            "InvalidParameterValue",
            "Address does not fall within the subnet's address range",
        ));
    }
    let taken = around.all(INTERFACE).chain(around.all(INSTANCE)).any(|other| {
        text(&other.model, "SubnetId") == Some(place.identifier.as_str())
            && ["PrivateIp", "PrimaryPrivateIpAddress"]
                .iter()
                .any(|name| text(&other.model, name) == Some(ip))
    });
    if taken {
        return Err(invalid("InvalidIPAddress.InUse", format!("Address {ip} is in use.")));
    }
    Ok(())
}

pub(super) fn create_interface(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    let place = subnet(around, text(model, "SubnetId").unwrap_or_default())?;
    for id in texts(model, "GroupSet/*") {
        group(around, &id)?;
    }
    let ip = match text(model, "PrivateIpAddress") {
        Some(ip) => {
            check_address(around, place, ip)?;
            ip.to_owned()
        }
        None => free_address(around, place)?,
    };
    put(model, "PrimaryPrivateIpAddress", ip.as_str());
    put(model, "PrivateIpAddress", ip);
    put(model, "SecondaryPrivateIpAddresses", json!([]));
    put(model, "VpcId", text(&place.model, "VpcId").unwrap_or_default());
    Ok(())
}

pub(super) fn delete(resource: &Resource) -> Result<(), Refusal> {
    if resource.model.get("DisableApiTermination").and_then(Json::as_bool) == Some(true) {
        return Err(invalid(
            "OperationNotPermitted",
            format!(
                "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and \
                 try again.",
                resource.identifier
            ),
        ));
    }
    Ok(())
}

pub(super) fn delete_interface(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    let used = around
        .user_of(
            id,
            &[
                (INSTANCE, &["NetworkInterfaces/*/NetworkInterfaceId"]),
                ("AWS::EC2::NetworkInterfaceAttachment", &["NetworkInterfaceId"]),
            ],
        )
        .is_some();
    if used {
        return Err(invalid(
            "InvalidNetworkInterface.InUse",
            format!("Network interface '{id}' is currently in use."),
        ));
    }
    Ok(())
}

/// The address that a gateway gets in its subnet.
pub(super) fn address_in(around: &Around<'_>, id: &str) -> Result<String, Refusal> {
    let place = around.by_id(SUBNET, id);
    place.map_or_else(|| Ok(String::new()), |place| free_address(around, place))
}

/// No two machines share one: it follows from the private address, which is free in its network.
fn public_address(private: &str) -> String {
    let rest: Vec<&str> = private.split('.').skip(1).collect();
    format!("3.{}", rest.join("."))
}
