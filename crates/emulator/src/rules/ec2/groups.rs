//! Security groups and their rules.

use super::{GROUP, IN_GROUPS, dependency, group, invalid, no_default_vpc, refusal, vpc};
use crate::dice::Dice;
use crate::handler::Refusal;
use crate::model::canonical;
use crate::rules::around::{Around, put, put_default, text, texts};
use crate::state::Resource;
use serde_json::{Value as Json, json};

pub(super) fn complete(model: &mut Json, dice: &mut Dice) {
    let id = format!("sg-{}", dice.hex(17));
    put(model, "Id", id.as_str());
    put(model, "GroupId", id);
    put_default(model, "GroupName", format!("SecurityGroup-{}", dice.word(12)));
}

pub(super) fn create(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    let network = vpc(around, text(model, "VpcId").ok_or_else(no_default_vpc)?)?.identifier.as_str();
    let name = text(model, "GroupName").unwrap_or_default();
    if name == "default" {
        return Err(invalid("InvalidParameterValue", "Cannot use reserved security group name: default"));
    }
    if name.starts_with("sg-") {
        return Err(invalid(
            "InvalidParameterValue",
            format!(
                "Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
            ),
        ));
    }
    let taken = around.all(GROUP).any(|other| {
        text(&other.model, "VpcId") == Some(network) && text(&other.model, "GroupName") == Some(name)
    });
    if taken {
        return Err(refusal(
            "AlreadyExists",
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{network}'"),
        ));
    }
    check_peers(around, model)?;
    // A group that says nothing lets everything out, and a read shows it.
    put_default(model, "SecurityGroupEgress", json!([{ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }]));
    Ok(())
}

/// The groups that rules name.
pub(super) fn check_peers(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let own = text(model, "GroupId").unwrap_or_default().to_owned();
    for path in
        ["SecurityGroupIngress/*/SourceSecurityGroupId", "SecurityGroupEgress/*/DestinationSecurityGroupId"]
    {
        for id in texts(model, path).into_iter().filter(|id| *id != own) {
            group(around, &id)?;
        }
    }
    Ok(())
}

pub(super) fn create_rule(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let id = text(model, "GroupId").ok_or_else(no_default_vpc)?;
    let holder = group(around, id)?;
    for name in ["SourceSecurityGroupId", "DestinationSecurityGroupId"] {
        if let Some(peer) = text(model, name) {
            group(around, peer)?;
        }
    }
    let wanted = permission(model);
    let sibling = around
        .all(around.ty())
        .any(|other| text(&other.model, "GroupId") == Some(id) && permission(&other.model) == wanted);
    let inline = ["SecurityGroupIngress", "SecurityGroupEgress"]
        .into_iter()
        .filter(|list| around.ty().ends_with(list))
        .filter_map(|list| holder.model.get(list).and_then(Json::as_array))
        .flatten()
        .any(|rule| permission(rule) == wanted);
    if sibling || inline {
        return Err(refusal(
            "AlreadyExists",
            "InvalidPermission.Duplicate",
            format!("the specified rule \"{wanted}\" already exists"),
        ));
    }
    Ok(())
}

/// What makes two rules the same: protocol, ports and peer, never the words.
fn permission(rule: &Json) -> String {
    let kept = [
        "CidrIp",
        "CidrIpv6",
        "DestinationPrefixListId",
        "DestinationSecurityGroupId",
        "FromPort",
        "IpProtocol",
        "SourcePrefixListId",
        "SourceSecurityGroupId",
        "ToPort",
    ];
    let shown: Vec<String> = kept
        .iter()
        .filter_map(|name| rule.get(*name).map(|value| format!("{name}: {}", canonical(value))))
        .collect();
    shown.join(", ").replace('"', "")
}

pub(super) fn delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let id = resource.identifier.as_str();
    if resource.owner.is_some() {
        return Err(invalid(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    let named = around.all(GROUP).filter(|other| other.identifier != id).any(|other| {
        ["SecurityGroupIngress/*/SourceSecurityGroupId", "SecurityGroupEgress/*/DestinationSecurityGroupId"]
            .iter()
            .any(|path| texts(&other.model, path).iter().any(|peer| peer == id))
    });
    let ruled = ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"].iter().any(|ty| {
        around.all(ty).filter(|rule| text(&rule.model, "GroupId") != Some(id)).any(|rule| {
            text(&rule.model, "SourceSecurityGroupId") == Some(id)
                || text(&rule.model, "DestinationSecurityGroupId") == Some(id)
        })
    });
    if named || ruled || around.user_of(id, IN_GROUPS).is_some() {
        return Err(dependency(format!("resource {id} has a dependent object")));
    }
    Ok(())
}
