//! The tag index: `GetResources` of the Resource Groups Tagging API (cloud-control 5.1).

use super::endpoint::TAGGING;
use super::signed::SignedRequest;
use super::{Aws, next_page, unreadable};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind, TagFilter, Tagged, TaggedPage};

/// The largest page that the service gives.
const RESOURCES_PER_PAGE: u32 = 100;
/// The most filters in one call.
const FILTERS: usize = 50;
/// The most values of one filter.
const VALUES: usize = 20;

/// The most types in one call.
const TYPES: usize = 100;
/// The most characters of a type.
const TYPE_LENGTH: usize = 256;

/// The part of an answer that counts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    pagination_token: Option<String>,
    #[serde(default)]
    resource_tag_mapping_list: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Mapping {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "Tags", default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// One page of the resources that carry all of these tags; without any, of all that have or had a tag.
pub(super) async fn page(
    aws: &Aws,
    at: &Target,
    filters: &[TagFilter],
    types: &[String],
    page: Option<&str>,
) -> Result<TaggedPage, Failure> {
    check(filters, types)?;
    let body = request(filters, types, page).to_string();
    let request = SignedRequest::post("application/x-amz-json-1.1", body)
        .header("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources");
    let answer = aws.signed(at, &TAGGING, request).await?;
    let answer: Answer =
        serde_json::from_slice(answer.body()).map_err(|error| unreadable("GetResources", &error))?;
    let found = answer
        .resource_tag_mapping_list
        .into_iter()
        .map(|one| Tagged {
            arn: one.arn,
            tags: one.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        })
        .collect();
    Ok(TaggedPage { found, next: next_page(answer.pagination_token.as_deref()) })
}

fn request(filters: &[TagFilter], types: &[String], page: Option<&str>) -> Json {
    let filters: Vec<Json> = filters
        .iter()
        .map(|filter| match filter.values.as_slice() {
            [] => json!({"Key": filter.key}),
            values => json!({"Key": filter.key, "Values": values}),
        })
        .collect();
    let mut body = json!({"ResourcesPerPage": RESOURCES_PER_PAGE});
    if !filters.is_empty() {
        body["TagFilters"] = Json::from(filters);
    }
    if !types.is_empty() {
        body["ResourceTypeFilters"] = Json::from(types);
    }
    if let Some(page) = page {
        body["PaginationToken"] = Json::from(page);
    }
    body
}

/// What the service would refuse.
fn check(filters: &[TagFilter], types: &[String]) -> Result<(), Failure> {
    let invalid = |message: String| Err(Failure::new(FailureKind::Invalid, "RequestNotBuilt", message));
    if filters.len() > FILTERS {
        return invalid(format!("the tag index takes at most {FILTERS} tags at once, not {}", filters.len()));
    }
    if types.len() > TYPES {
        return invalid(format!("the tag index takes at most {TYPES} types at once, not {}", types.len()));
    }
    if let Some(long) = types.iter().find(|ty| ty.chars().count() > TYPE_LENGTH) {
        let start: String = long.chars().take(20).collect();
        return invalid(format!(
            "the tag index takes types of at most {TYPE_LENGTH} characters, unlike `{start}…`"
        ));
    }
    match filters.iter().find(|filter| filter.values.len() > VALUES) {
        Some(filter) => invalid(format!(
            "the tag index takes at most {VALUES} values of one tag, not {} of `{}`",
            filter.values.len(),
            filter.key
        )),
        None => Ok(()),
    }
}
