//! ARNs of resources: of those that have one among their properties, and of those that have none.

use crate::dice::Dice;
use crate::handler::Place;
use crate::identify;
use crate::model::scalar;
use serde_json::Value as Json;
use stack_core::pointer::{Pointer, PropertyPath};
use stack_core::schema::ResourceSchema;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What the services' documentation says about the form of ARNs.
static TABLE: &str = include_str!("../data/arns.txt");

/// The table by its first column.
static LINES: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
            Some((columns.next()?, Entry { template: columns.next()?, own: columns.next() }))
        })
        .collect()
});

/// A line of the table.
struct Entry {
    template: &'static str,
    own: Option<&'static str>,
}

fn entry(ty: &str) -> Option<&'static Entry> {
    LINES.get(ty)
}

/// The service part of a type's ARNs.
pub(crate) fn service_of(ty: &str) -> String {
    let service = ty.split("::").nth(1).unwrap_or_default();
    entry(&format!("@{service}")).map_or_else(|| service.to_lowercase(), |line| line.template.to_owned())
}

/// True for the services whose resources belong to no region (cloud-control 5.1).
pub(crate) fn is_global(ty: &str) -> bool {
    ["AWS::IAM::", "AWS::CloudFront::", "AWS::Route53::"].iter().any(|service| ty.starts_with(service))
}

/// The region that keeps what belongs to no region.
pub(crate) fn home_region(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "cn-north-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// The `account/region` that holds the resources of a type. What belongs to no region is the same from all of them.
pub(crate) fn home_scope(scope: &str, ty: &str) -> String {
    match scope.split_once('/') {
        Some((account, region)) if is_global(ty) => format!("{account}/{}", home_region(region)),
        _ => scope.to_owned(),
    }
}

/// The read-only property that holds the resource's own ARN.
pub(crate) fn own_property(schema: &ResourceSchema) -> Option<PropertyPath> {
    let ty = schema.type_name.as_str();
    let known = entry(ty);
    match known.as_ref().and_then(|entry| entry.own) {
        Some("-") => return None,
        Some(name) => return Some(PropertyPath::parse(&format!("/properties/{name}"))),
        None => {}
    }
    if let [only] = schema.primary_identifier.as_slice()
        && only.top().is_some_and(|name| name.to_ascii_lowercase().ends_with("arn"))
    {
        return Some(only.clone());
    }
    let resource = ty.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
    let tops = || schema.read_only_properties.iter().filter(|path| path.0.len() == 1);
    let fits = |path: &&PropertyPath, loose: bool| {
        let name = path.top().unwrap_or_default().to_ascii_lowercase();
        name.strip_suffix("arn").is_some_and(|stem| {
            let loosely = || {
                !stem.is_empty()
                    && (resource.ends_with(stem) || resource.starts_with(stem) || stem.ends_with(&resource))
            };
            stem.is_empty() || stem == resource || (loose && loosely())
        })
    };
    tops().find(|path| fits(path, false)).or_else(|| tops().find(|path| fits(path, true))).cloned()
}

/// The own ARN that the service makes of the other properties; `None` where no form is known or a part is missing.
/// `revision` counts the resources of that name so far.
pub(crate) fn made(
    schema: &ResourceSchema,
    model: &Json,
    place: &Place,
    dice: &mut Dice,
    revision: u32,
) -> Option<String> {
    let template = entry(schema.type_name.as_str())?.template.replace("{+}", &(revision + 1).to_string());
    fill(&template, model, place, Some(dice))
}

/// True if equal names make equal ARNs, so that a second resource of the name clashes.
pub(crate) fn follows_from_name(schema: &ResourceSchema) -> bool {
    entry(schema.type_name.as_str()).is_some_and(|entry| {
        let assigned = |name: &str| {
            let pointer = Pointer::of(name.split('|').next().unwrap_or_default().split('/'));
            schema.read_only_properties.covers(&pointer)
        };
        placeholders(entry.template)
            .all(|name| matches!(name, "R" | "A") || !(name.starts_with(['#', '%', '+']) || assigned(name)))
    })
}

/// The properties that the form of the own ARN mentions.
pub(crate) fn parts(schema: &ResourceSchema) -> Vec<Part> {
    entry(schema.type_name.as_str()).map_or_else(Vec::new, |entry| {
        placeholders(entry.template)
            .filter(|name| !matches!(*name, "R" | "A") && !name.starts_with(['#', '%', '+']))
            .map(|name| Part {
                pointer: Pointer::of(name.split('|').next().unwrap_or_default().split('/')),
                is_name: !name.contains('|') || name.ends_with("|slash"),
            })
            .collect()
    })
}

/// A property in the form of an ARN.
pub(crate) struct Part {
    pub(crate) pointer: Pointer,
    /// It names the resource itself: the service makes one up where the caller gives none.
    pub(crate) is_name: bool,
}

/// The ARN of a live resource, as the tag index shows it.
pub(crate) fn of(schema: &ResourceSchema, model: &Json, place: &Place) -> Option<String> {
    let ty = schema.type_name.as_str();
    let held = own_property(schema).and_then(|path| identify::value(&path, model));
    if let Some(arn) = held.filter(|arn| arn.starts_with("arn:")) {
        // The services' own tag calls take a log group's ARN without the star.
        return Some(arn.strip_suffix(":*").unwrap_or(&arn).to_owned());
    }
    if let Some(arn) = entry(ty).and_then(|entry| fill(entry.template, model, place, None)) {
        return Some(arn.strip_suffix(":*").unwrap_or(&arn).to_owned());
    }
    let last = identify::value(schema.primary_identifier.last()?, model)?;
    let is_own = schema.primary_identifier.len() == 1;
    if last.starts_with("arn:") && is_own {
        return Some(last);
    }
    // A part of a composite identifier is the ARN of something else.
    let last = last_segment(&last);
    let resource = kebab(ty.rsplit("::").next().unwrap_or_default());
    let region = if is_global(ty) { "" } else { place.region.as_str() };
    Some(format!("arn:{}:{}:{region}:{}:{resource}/{last}", place.partition(), service_of(ty), place.account))
}

fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

fn fill(template: &str, model: &Json, place: &Place, mut dice: Option<&mut Dice>) -> Option<String> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut arn = format!("arn:{}:", place.partition());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        arn.push_str(before);
        rest = tail;
        let random = |mark: char| name.strip_prefix(mark).and_then(|n| n.parse::<usize>().ok());
        match name {
            "R" => arn.push_str(&place.region),
            "A" => arn.push_str(&place.account),
            _ if name.starts_with('#') => arn.push_str(&dice.as_deref_mut()?.text(LETTERS, random('#')?)),
            _ if name.starts_with('%') => arn.push_str(&dice.as_deref_mut()?.hex(random('%')?)),
            _ => arn.push_str(&property(name, model)?),
        }
    }
    arn.push_str(rest);
    Some(arn)
}

/// A property by its name, modified as the table says.
fn property(name: &str, model: &Json) -> Option<String> {
    let mut steps = name.split('|');
    let pointer = Pointer::of(steps.next()?.split('/'));
    let mut value = pointer.get(model).and_then(scalar).filter(|value| !value.is_empty());
    for step in steps {
        value = match step {
            "last" => value.map(|text| last_segment(&text).to_owned()),
            "slash" => value.map(|text| if text.starts_with('/') { text } else { format!("/{text}") }),
            "bus" => Some(match value.as_deref().map(last_segment) {
                None | Some("default") => String::new(),
                Some(bus) => format!("{bus}/"),
            }),
            "lb" => Some(match value.as_deref() {
                Some("network") => "net".to_owned(),
                Some("gateway") => "gwy".to_owned(),
                _ => "app".to_owned(),
            }),
            "host" => value.map(|text| text.trim_start_matches("https://").to_owned()),
            _ => match (step.strip_prefix("or="), step.strip_prefix("under=")) {
                (Some(default), _) => value.or_else(|| Some(default.to_owned())),
                (_, Some(kind)) => {
                    value.and_then(|text| text.split_once(kind).map(|(_, tail)| tail.to_owned()))
                }
                _ => value,
            },
        };
    }
    value
}

/// What stands after the last slash or colon.
pub(crate) fn last_segment(text: &str) -> &str {
    text.rsplit(['/', ':']).next().unwrap_or(text)
}

/// `LogGroup` → `log-group`.
pub(crate) fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('-');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stack_catalog::Catalog;
    use stack_core::ids::TypeName;
    use stack_core::schema::Schemas;

    fn arn(ty: &str, model: Json) -> String {
        let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
        let place = Place { account: "123456789012".into(), region: "eu-west-1".into(), now_ms: 0 };
        made(&schema, &model, &place, &mut Dice::new(1), 0)
            .or_else(|| of(&schema, &model, &place))
            .unwrap_or_default()
    }

    #[test]
    fn arns_follow_from_names_as_the_services_make_them() {
        for (ty, model, wanted) in [
            ("AWS::EC2::VPC", json!({ "VpcId": "vpc-1" }), "ec2:eu-west-1:123456789012:vpc/vpc-1"),
            ("AWS::IAM::Role", json!({ "RoleName": "r", "Path": "/a/" }), "iam::123456789012:role/a/r"),
            ("AWS::IAM::Role", json!({ "RoleName": "r" }), "iam::123456789012:role/r"),
            ("AWS::Events::Rule", json!({ "Name": "r" }), "events:eu-west-1:123456789012:rule/r"),
            (
                "AWS::Events::Rule",
                json!({ "Name": "r", "EventBusName": "b" }),
                "events:eu-west-1:123456789012:rule/b/r",
            ),
            ("AWS::SSM::Parameter", json!({ "Name": "p" }), "ssm:eu-west-1:123456789012:parameter/p"),
            ("AWS::SSM::Parameter", json!({ "Name": "/a/p" }), "ssm:eu-west-1:123456789012:parameter/a/p"),
            ("AWS::S3::Bucket", json!({ "BucketName": "b" }), "s3:::b"),
            ("AWS::Route53::HostedZone", json!({ "Id": "Z1" }), "route53:::hostedzone/Z1"),
            (
                "AWS::ECS::Service",
                json!({ "ServiceName": "s", "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/c" }),
                "ecs:eu-west-1:123456789012:service/c/s",
            ),
            ("AWS::SES::Template", json!({ "Id": "t" }), "ses:eu-west-1:123456789012:template/t"),
        ] {
            assert_eq!(arn(ty, model), format!("arn:aws:{wanted}"), "{ty}");
        }
    }

    #[test]
    fn the_own_arn_is_told_from_those_of_others() {
        for (ty, wanted) in [
            ("AWS::IAM::ManagedPolicy", Some("/PolicyArn")),
            ("AWS::SNS::Topic", Some("/TopicArn")),
            ("AWS::DynamoDB::Table", Some("/Arn")),
            ("AWS::EntityResolution::SchemaMapping", Some("/SchemaArn")),
            ("AWS::SecretsManager::Secret", Some("/Id")),
            ("AWS::ApiGatewayV2::Api", None),
            ("AWS::NetworkManager::VpcAttachment", None),
            ("AWS::Connect::IntegrationAssociation", None),
        ] {
            let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
            assert_eq!(own_property(&schema).map(|p| p.to_string()).as_deref(), wanted, "{ty}");
        }
    }

    #[test]
    fn every_line_of_the_table_names_a_type_and_its_properties() {
        for line in TABLE.lines().filter(|line| line.starts_with("AWS::")) {
            let ty = line.split("  ").next().unwrap();
            let schema = Catalog::embedded().schema(&TypeName::new(ty)).unwrap();
            for Part { pointer, .. } in parts(&schema) {
                assert!(schema.at(&pointer).is_some(), "{ty} {pointer}");
            }
            if let Some(path) = own_property(&schema) {
                assert!(schema.read_only_properties.contains(&path.as_pointer().unwrap()), "{ty} {path}");
            }
        }
    }
}
