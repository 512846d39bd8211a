//! The registry of types: `DescribeType` and `ListTypes` of CloudFormation (cloud-control 6.1).
//!
//! AWS Query protocol: the request is a form, the answer XML. A schema is up to 16 MiB of JSON text inside it.

use super::endpoint::CLOUDFORMATION;
use super::signed::{SignedRequest, encoded_pairs};
use super::xml::{children, result, text};
use super::{Aws, malformed, next_page, unreadable};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_xml::decode::XmlDecodeError;
use bytes::Bytes;
use stack_core::ids::{Target, TypeName};
use stack_core::provider::{Failure, FailureKind, TypeOrigin, TypePage, TypeRecord};

/// The largest page that the service gives.
const TYPES_PER_PAGE: &str = "100";

/// What the registry says of a type, public or private; its default version. [`FailureKind::NotFound`] if the registry of
/// this region and account has no such type.
pub(super) async fn describe(aws: &Aws, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
    let mut fields = vec![("Type", "RESOURCE"), ("TypeName", ty.as_str())];
    if let Some(version) = &at.type_version_id {
        fields.push(("VersionId", version));
    }
    let asked = call(aws, at, "DescribeType", &fields).await.map_err(absent)?;
    let mut record = TypeRecord {
        ty: ty.clone(),
        schema: String::new(),
        provisioning: None,
        visibility: None,
        default_version: None,
        deprecated: false,
        last_updated: None,
    };
    read(&asked, "DescribeType", |name, value| {
        match name {
            "TypeName" => record.ty = TypeName::from(value()?),
            "Schema" => record.schema = value()?,
            "ProvisioningType" => record.provisioning = Some(value()?),
            "Visibility" => record.visibility = Some(value()?),
            "DefaultVersionId" => record.default_version = Some(value()?),
            "DeprecatedStatus" => record.deprecated = value()? == "DEPRECATED",
            "LastUpdated" => record.last_updated = milliseconds(&value()?),
            _ => {}
        }
        Ok(())
    })?;
    if record.schema.is_empty() {
        return Err(malformed(&format!("the registry's answer about {ty} has no schema")));
    }
    Ok(record)
}

/// One page of the types that AWS publishes here, or of those that the account registered or activated.
pub(super) async fn list(
    aws: &Aws,
    at: &Target,
    which: TypeOrigin,
    page: Option<&str>,
) -> Result<TypePage, Failure> {
    let mut fields = vec![("Type", "RESOURCE"), ("MaxResults", TYPES_PER_PAGE)];
    match which {
        TypeOrigin::Aws => fields.extend([("Visibility", "PUBLIC"), ("Filters.Category", "AWS_TYPES")]),
        // Activated public types count as private to the account (CloudFormation API reference, ListTypes).
        TypeOrigin::Account => fields.push(("Visibility", "PRIVATE")),
    }
    fields.extend(page.map(|token| ("NextToken", token)));
    let asked = call(aws, at, "ListTypes", &fields).await?;
    let body = utf8(&asked, "ListTypes")?;
    let mut found = TypePage::default();
    result(body, "ListTypesResult", |name, element| match name {
        "NextToken" => {
            found.next = next_page(Some(&text(element)?));
            Ok(())
        }
        "TypeSummaries" => children(element, |_, member| {
            children(member, |name, element| {
                if name == "TypeName" {
                    found.types.push(TypeName::from(text(element)?));
                }
                Ok(())
            })
        }),
        _ => Ok(()),
    })
    .map_err(|error| unreadable("ListTypes", &error))?;
    Ok(found)
}

async fn call(aws: &Aws, at: &Target, action: &str, fields: &[(&str, &str)]) -> Result<Bytes, Failure> {
    let action = [("Action", action), ("Version", "2010-05-15")];
    let body = encoded_pairs(action.into_iter().chain(fields.iter().copied()));
    let request = SignedRequest::post("application/x-www-form-urlencoded", body);
    Ok(aws.signed(at, &CLOUDFORMATION, request).await?.into_body())
}

/// Calls `take` with the name of each member of the answer and with a function that gives its text.
fn read(
    body: &[u8],
    action: &str,
    mut take: impl FnMut(&str, &mut dyn FnMut() -> Result<String, XmlDecodeError>) -> Result<(), XmlDecodeError>,
) -> Result<(), Failure> {
    result(utf8(body, action)?, &format!("{action}Result"), |name, element| take(name, &mut || text(element)))
        .map_err(|error| unreadable(action, &error))
}

fn utf8<'b>(body: &'b [u8], action: &str) -> Result<&'b str, Failure> {
    std::str::from_utf8(body).map_err(|error| unreadable(action, &error))
}

/// For Cloud Control a type that is not there is a type that it does not support. Here it is the thing that was asked for.
fn absent(failure: Failure) -> Failure {
    if failure.code == "TypeNotFoundException" {
        Failure { kind: FailureKind::NotFound, ..failure }
    } else {
        failure
    }
}

/// Unix milliseconds of an ISO 8601 time; `None` if it is none.
fn milliseconds(time: &str) -> Option<i64> {
    DateTime::from_str(time, Format::DateTimeWithOffset).ok()?.to_millis().ok()
}
