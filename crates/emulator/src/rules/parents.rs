//! Resources of several services that need another one: functions, buckets, zones, instances.

use super::around::{Around, put, text};
use crate::arn::last_segment;
use crate::handler::Refusal;
use crate::state::Resource;
use serde_json::Value as Json;

const FUNCTION: &str = "AWS::Lambda::Function";
const BUCKET: &str = "AWS::S3::Bucket";
const ZONE: &str = "AWS::Route53::HostedZone";
const RECORD: &str = "AWS::Route53::RecordSet";
const MAPPING: &str = "AWS::Lambda::EventSourceMapping";

/// What lives on a function.
const OF_FUNCTIONS: &[&str] = &[
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
];

/// What a create needs, and what follows from it.
pub(super) fn before_create(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    let ty = around.ty();
    if ty == "AWS::S3::BucketPolicy" {
        policy(model)?;
    }
    match ty {
        BUCKET => bucket_name(around, model),
        _ if !around.checks_references() => Ok(()),
        MAPPING => mapping(around, model),
        "AWS::S3::BucketPolicy" => {
            let name = text(model, "Bucket").unwrap_or_default();
            if !around.anywhere(BUCKET).any(|one| text(&one.model, "BucketName") == Some(name)) {
                return Err(Refusal::new(
                    "NotFound",
                    "The specified bucket does not exist (Service: S3, Status Code: 404, Error Code: NoSuchBucket)",
                ));
            }
            Ok(())
        }
        RECORD => record(around, model),
        _ if OF_FUNCTIONS.contains(&ty) => {
            let property = if ty == "AWS::Lambda::Url" { "TargetFunctionArn" } else { "FunctionName" };
            let name = text(model, property).unwrap_or_default();
            function(around, name).map(drop).ok_or_else(|| no_function(around, name))
        }
        _ if ty.starts_with("AWS::Connect::") => connect(around, model),
        _ => Ok(()),
    }
}

/// Rules that hold for updates too.
pub(super) fn before_update(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    match around.ty() {
        "AWS::S3::BucketPolicy" => policy(model),
        MAPPING if around.checks_references() => {
            let name = text(model, "FunctionName").unwrap_or_default();
            function(around, name).map(drop).ok_or_else(|| no_function(around, name))
        }
        _ => Ok(()),
    }
}

/// Bucket names are unique over all accounts and regions (trap 73).
fn bucket_name(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let name = text(model, "BucketName").unwrap_or_default();
    let taken = |(_, one): &(bool, &Resource)| text(&one.model, "BucketName") == Some(name);
    match around.everywhere(BUCKET).find(taken) {
        Some((true, _)) => Err(Refusal::new(
            "AlreadyExists",
            format!(
                "{name} already exists (Service: S3, Status Code: 409, Error Code: BucketAlreadyOwnedByYou)"
            ),
        )),
        Some((false, _)) => Err(Refusal::new(
            "AlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             (Service: S3, Status Code: 409, Error Code: BucketAlreadyExists)",
        )),
        None => Ok(()),
    }
}

/// A policy says something.
fn policy(model: &Json) -> Result<(), Refusal> {
    let document = match model.get("PolicyDocument") {
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or(Json::Null),
        Some(other) => other.clone(),
        None => Json::Null,
    };
    let malformed = |message: &str| {
        let message = format!("{message} (Service: S3, Status Code: 400, Error Code: MalformedPolicy)");
        Err(Refusal::new("InvalidRequest", message))
    };
    match document.get("Statement") {
        _ if !document.is_object() => malformed("Policies must be valid JSON and the first byte must be '{'"),
        None => malformed("Missing required field Statement"),
        Some(Json::Array(items)) if items.is_empty() => {
            malformed("Could not parse the policy: Statement is empty!")
        }
        Some(_) => Ok(()),
    }
}

/// The function that a name, a partial or a full ARN means (cloud-control trap 54).
fn function<'c>(around: &Around<'c>, name: &str) -> Option<&'c Resource> {
    around.with(FUNCTION, "FunctionName", own_name(name))
}

/// The function's own name in any form of reference: name, partial or whole ARN, with or without a qualifier.
fn own_name(name: &str) -> &str {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "lambda", _, _, "function", own, ..]
        | [_, "function", own, ..]
        | ["function", own, ..]
        | [own, ..] => own,
        [] => name,
    }
}

fn no_function(around: &Around<'_>, name: &str) -> Refusal {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:aws:lambda:{}:{}:function:{name}", around.region, around.account)
    };
    Refusal::new("NotFound", format!("Function not found: {arn} (Service: Lambda, Status Code: 404)"))
}

fn mapping(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    let name = text(model, "FunctionName").unwrap_or_default();
    let invalid = |message: String| {
        let message = format!("Invalid request provided: {message} (Service: Lambda, Status Code: 400)");
        Err(Refusal::new("InvalidRequest", message))
    };
    let Some(found) = function(around, name) else {
        return invalid("Function does not exist".to_owned());
    };
    let Some(source) = text(model, "EventSourceArn") else { return Ok(()) };
    let parts: Vec<&str> = source.split(':').collect();
    let here = parts.get(3) == Some(&around.region) && parts.get(4) == Some(&around.account);
    let missing = match parts.get(2) {
        Some(&"sqs") if here => around.with("AWS::SQS::Queue", "Arn", source).is_none(),
        Some(&"kinesis") if here => around.with("AWS::Kinesis::Stream", "Arn", source).is_none(),
        Some(&"dynamodb") if here => around.with("AWS::DynamoDB::Table", "StreamArn", source).is_none(),
        _ => false,
    };
    if missing {
        return invalid(match parts.get(2) {
            Some(&"sqs") => "Error occurred while ReceiveMessage. SQS Error Code: \
                 AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist."
                .to_owned(),
            _ => format!("Stream not found: {source}"),
        });
    }
    let twice = around.all(MAPPING).any(|other| {
        let same = text(&other.model, "FunctionName").and_then(|name| function(around, name));
        text(&other.model, "EventSourceArn") == Some(source) && same.is_some_and(|same| same.uid == found.uid)
    });
    if twice {
        return Err(Refusal::new(
            "AlreadyExists",
            format!(
                "An event source mapping with arn (\"{source}\") and function (\"{name}\") already exists."
            ),
        ));
    }
    Ok(())
}

/// Names in DNS are the same with and without the last dot, whatever the case.
fn dns(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn record(around: &Around<'_>, model: &mut Json) -> Result<(), Refusal> {
    let none = |id: &str| {
        Refusal::new(
            "NotFound",
            format!("No hosted zone found with ID: {id} (Service: Route53, Status Code: 404)"),
        )
    };
    let zone = match (text(model, "HostedZoneId"), text(model, "HostedZoneName")) {
        (Some(id), _) => around
            .anywhere(ZONE)
            .find(|zone| text(&zone.model, "Id") == Some(last_segment(id)))
            .ok_or_else(|| none(id))?,
        (None, name) => {
            let name = name.unwrap_or_default();
            around
                .anywhere(ZONE)
                .find(|zone| text(&zone.model, "Name").map(dns) == Some(dns(name)))
                .ok_or_else(|| none(name))?
        }
    };
    let (own, apex) =
        (dns(text(model, "Name").unwrap_or_default()), dns(text(&zone.model, "Name").unwrap_or_default()));
    if own != apex && !own.ends_with(&format!(".{apex}")) {
        let message = format!(
            "[RRSet with DNS name {own}. is not permitted in zone {apex}.] (Service: Route53, Status Code: 400, Error Code: InvalidChangeBatch)"
        );
        return Err(Refusal::new("InvalidRequest", message));
    }
    let id = zone.identifier.clone();
    if model.get("HostedZoneId").is_none() {
        put(model, "HostedZoneId", id);
    }
    Ok(())
}

/// Everything in Connect names its instance by ARN.
fn connect(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    const INSTANCE: &str = "AWS::Connect::Instance";
    let Some(named) = text(model, "InstanceArn").or_else(|| text(model, "InstanceId")) else {
        return Ok(());
    };
    let id = last_segment(named);
    if around.ty() == INSTANCE || around.all(INSTANCE).any(|one| text(&one.model, "Id") == Some(id)) {
        return Ok(());
    }
    Err(Refusal::new(
        "NotFound",
        format!(
            "Instance not found: {named} (Service: Connect, Status Code: 404, Error Code: ResourceNotFoundException)"
        ),
    ))
}

/// A zone with records of its own stays.
pub(super) fn before_delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    if around.ty() != ZONE {
        return Ok(());
    }
    let id = text(&resource.model, "Id");
    if around.anywhere(RECORD).any(|record| text(&record.model, "HostedZoneId").map(last_segment) == id) {
        return Err(Refusal::new(
            "InvalidRequest",
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted. \
             (Service: Route53, Status Code: 400, Error Code: HostedZoneNotEmpty)",
        ));
    }
    Ok(())
}

/// True for what lives on a function, a bucket or an instance of Connect.
pub(super) fn hangs_on(ty: &str, other: &str) -> bool {
    match ty {
        FUNCTION => OF_FUNCTIONS.contains(&other),
        BUCKET => other == "AWS::S3::BucketPolicy",
        "AWS::Connect::Instance" => other.starts_with("AWS::Connect::"),
        _ => false,
    }
}

/// What is gone with its function, bucket or instance.
pub(super) fn goes_with(ty: &str, identifier: &str, other: &str, model: &Json) -> bool {
    match ty {
        FUNCTION if OF_FUNCTIONS.contains(&other) => {
            let named = text(model, "FunctionName").or_else(|| text(model, "TargetFunctionArn"));
            named.is_some_and(|named| own_name(named) == identifier)
        }
        BUCKET => other == "AWS::S3::BucketPolicy" && text(model, "Bucket") == Some(identifier),
        "AWS::Connect::Instance" if other.starts_with("AWS::Connect::") => {
            let named = text(model, "InstanceArn").or_else(|| text(model, "InstanceId"));
            named.map(last_segment) == Some(last_segment(identifier))
        }
        _ => false,
    }
}
