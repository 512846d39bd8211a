//! From the parameters of a table to its requests, and from their answers to its rows.

use crate::bind::Relation;
use crate::codes;
use crate::columns::{Cell, Echo, IDENTIFIER, REGION, cells};
use crate::error::SqlError;
use crate::fetch::{Answer, Fetch};
use crate::parameters::{Parameter, ParameterKind};
use crate::source::{Form, Kind, Raw, RequestView, Source, Tables};
use serde_json::{Map, Value as Json, json};
use stack_core::identity::{Identifier, part_name};
use stack_core::ids::{Region, RequestToken, Target, TypeName};
use stack_core::provider::{Found, Progress, Status, TagFilter, Tagged, Verb};
use stack_core::schema::ResourceSchema;

/// The type behind the one built-in view.
const ROUTE_TABLE_ASSOCIATION: &str = "AWS::EC2::SubnetRouteTableAssociation";

/// A request with what its rows tell of it.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) fetch: Fetch,
    pub(crate) echo: Echo,
    pub(crate) stage: Stage,
    /// What is worth telling before it is asked.
    pub(crate) note: Option<String>,
}

/// What is done with an answer.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// It has the rows.
    Rows,
    /// What is listed is then read, one by one.
    ThenGet,
    /// It has the parents of what these parameters list.
    Parents(Params),
}

/// One value for each parameter.
pub(crate) type Params = Vec<(Parameter, String)>;

/// The request of a table for these parameters; the region is among them.
pub(crate) fn ask(relation: &Relation, params: &Params, tables: &Tables<'_>) -> Result<Ask, SqlError> {
    use ParameterKind as P;
    let value = |kind: P| params.iter().find(|(own, _)| own.kind == kind).map(|(_, value)| value.as_str());
    if let Some(rest) = relation.source.rest() {
        return rest.ask(&relation.source, params);
    }
    let at = target(&relation.source, params)?;
    let mut echo = Echo::new();
    for (parameter, value) in params {
        echo.insert(parameter.name.clone(), value.clone());
        if parameter.kind == P::Identifier {
            echo.insert("data__Identifier".to_owned(), value.clone());
        }
    }
    let list = |ty: &TypeName, stage: Stage| -> Result<Ask, SqlError> {
        let fetch = Fetch::List { at: at.clone(), ty: ty.clone(), model: model(params)? };
        Ok(Ask { fetch, echo: echo.clone(), stage, note: None })
    };
    let get = |ty: &TypeName, schema: Option<&ResourceSchema>, text: &str| -> Result<Ask, SqlError> {
        let (identifier, note) = match identifier(schema, text) {
            Ok(identifier) => (identifier, None),
            Err(error) if text.is_empty() => return Err(error),
            // Types change their identifiers, and the service knows them best. Nothing is changed by a read.
            Err(error) => {
                let note = format!("{}; it is asked for as it is written", error.message);
                (Identifier::single("", text), Some(note))
            }
        };
        let fetch = Fetch::Get { at: at.clone(), ty: ty.clone(), identifier, beside: Vec::new() };
        Ok(Ask { fetch, echo: echo.clone(), stage: Stage::Rows, note })
    };
    let asked = |fetch: Fetch| Ok(Ask { fetch, echo: echo.clone(), stage: Stage::Rows, note: None });
    match &relation.source.kind {
        Kind::Type { ty, form: Form::ListOnly, .. } => list(ty, Stage::Rows),
        Kind::Type { ty, schema, .. } => match value(P::Identifier) {
            Some(text) => get(ty, Some(schema), text),
            None => list(ty, Stage::ThenGet),
        },
        Kind::View(_) => list(&TypeName::new(ROUTE_TABLE_ASSOCIATION), Stage::ThenGet),
        Kind::CloudControl(Raw::Resource | Raw::Resources) => {
            let typed = value(P::TypeName).unwrap_or_default();
            // Types that nobody has a schema of go to the service as they are.
            let ty = tables.schemas().canonical(typed).unwrap_or_else(|_| TypeName::new(typed));
            let schema = tables.schemas().schema(&ty).ok();
            match value(P::Identifier) {
                Some(text) => get(&ty, schema.as_deref(), text),
                None => list(&ty, Stage::Rows),
            }
        }
        Kind::CloudControl(Raw::ResourceRequest) => {
            let request = RequestToken::new(value(P::RequestToken).unwrap_or_default());
            asked(Fetch::Status { at: at.clone(), request })
        }
        Kind::CloudControl(Raw::ResourceRequests | Raw::Requests(_)) => {
            let filter = RequestFilter::of(value(P::RequestStatusFilter))?;
            asked(Fetch::Requests { at: at.clone(), in_flight_only: filter.is_in_flight() })
        }
        // It was asked above.
        Kind::Rest(rest) => rest.ask(&relation.source, params),
        Kind::Tagging => {
            let types = types(value(P::ResourceTypeFilters))?;
            let filters = tag_filters(value(P::TagFilters))?;
            asked(Fetch::Tagged { at: at.clone(), filters, types })
        }
    }
}

/// The request that finds the parents of what a table lists.
pub(crate) fn parents(source: &Source, params: &Params, ty: &TypeName) -> Result<Ask, SqlError> {
    // The options of the table's own type mean nothing to another type.
    let at = Target { type_version_id: None, ..target(source, params)? };
    let fetch = Fetch::List { at, ty: ty.clone(), model: None };
    Ok(Ask { fetch, echo: Echo::new(), stage: Stage::Parents(params.clone()), note: None })
}

pub(crate) fn target(source: &Source, params: &Params) -> Result<Target, SqlError> {
    use ParameterKind as P;
    if !source.has_regions() {
        let provider = source.name_of_provider().into();
        return Ok(Target {
            provider,
            region: None,
            role_arn: None,
            type_version_id: None,
            credential: None,
        });
    }
    let value = |kind: P| params.iter().find(|(own, _)| own.kind == kind).map(|(_, value)| value.as_str());
    let region = value(P::Region).unwrap_or_default();
    if region.is_empty() || !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return Err(bad(format!("`{region}` is no name of a region")));
    }
    Ok(Target {
        provider: "aws".into(),
        region: Some(Region::new(region)),
        role_arn: value(P::RoleArn).map(str::to_owned),
        type_version_id: value(P::TypeVersionId).map(str::to_owned),
        credential: None,
    })
}

/// The rows of an answer.
pub(crate) fn rows(relation: &Relation, answer: &Answer, echo: &Echo) -> Vec<Vec<Cell>> {
    let columns = &relation.columns;
    match (&relation.source.kind, answer) {
        (Kind::Rest(rest), Answer::Found(found)) => {
            found.iter().map(|one| rest.cells(columns, one, echo)).collect()
        }
        (Kind::Type { .. }, Answer::Found(found)) => {
            found.iter().flat_map(|one| relation.source.rows(columns, one, echo)).collect()
        }
        (Kind::View(_), Answer::Found(found)) => {
            let rows = found.iter().map(|one| cells(columns, &association(one), None, echo));
            rows.collect()
        }
        (_, Answer::Found(found)) => {
            found.iter().map(|one| cells(columns, &one.model, Some(&one.identifier), echo)).collect()
        }
        (_, Answer::Tagged(found)) => {
            found.iter().map(|one| cells(columns, &tagged(one), None, echo)).collect()
        }
        (kind, Answer::Requests(requests)) => {
            let filter = RequestFilter::of(echo.get("ResourceRequestStatusFilter").map(String::as_str));
            let filter = filter.unwrap_or_default();
            let view = match kind {
                Kind::CloudControl(Raw::Requests(view)) => Some(*view),
                _ => None,
            };
            let rows = requests.iter().map(progress).filter(|one| filter.takes(one) && shows(view, one));
            rows.map(|one| cells(columns, &one, None, echo)).collect()
        }
    }
}

/// The read that follows a listing.
pub(crate) fn then_get(source: &Source, listed: &Fetch, found: &Found) -> Option<Fetch> {
    if let Some(rest) = source.rest() {
        return rest.then_get(listed, found);
    }
    let Fetch::List { at, ty, .. } = listed else { return None };
    let identifier = found.identifier.clone();
    Some(Fetch::Get { at: at.clone(), ty: ty.clone(), identifier, beside: Vec::new() })
}

/// The parameter for a region.
pub(crate) fn region_parameter() -> Parameter {
    Parameter { name: REGION.to_owned(), kind: ParameterKind::Region }
}

pub(crate) fn bad(message: String) -> SqlError {
    SqlError::new(codes::BAD_PARAMETER, message)
}

pub(crate) fn identifier(schema: Option<&ResourceSchema>, text: &str) -> Result<Identifier, SqlError> {
    let Some(schema) = schema else { return Ok(Identifier::single("", text)) };
    if text.is_empty() {
        return Err(bad(format!("{IDENTIFIER} is empty")));
    }
    Identifier::parse(schema, text).ok_or_else(|| {
        let names: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
        bad(format!("`{text}` does not have the {} parts of the identifier", names.len()))
            .next(format!("give them in this order: {}", names.join("|")))
    })
}

/// The list handler's input: `ResourceModel`, and what conditions say beside it.
fn model(params: &Params) -> Result<Option<Json>, SqlError> {
    let mut model = Map::new();
    for (parameter, value) in params {
        match parameter.kind {
            ParameterKind::ResourceModel => match serde_json::from_str(value) {
                Ok(Json::Object(given)) => {
                    for (name, value) in given {
                        model.insert(name, value);
                    }
                }
                _ => return Err(bad("ResourceModel is no JSON object".to_owned())),
            },
            ParameterKind::ListInput if !model.contains_key(&parameter.name) => {
                model.insert(parameter.name.clone(), Json::String(value.clone()));
            }
            _ => {}
        }
    }
    Ok((!model.is_empty()).then_some(Json::Object(model)))
}

fn tag_filters(text: Option<&str>) -> Result<Vec<TagFilter>, SqlError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let wrong = || {
        bad("TagFilters is no JSON list of tags".to_owned())
            .next("write it like '[{\"Key\": \"env\", \"Values\": [\"dev\"]}]'")
    };
    let Ok(Json::Array(filters)) = serde_json::from_str(text) else { return Err(wrong()) };
    let one = |filter: &Json| {
        let key = filter.get("Key")?.as_str()?.to_owned();
        let values = match filter.get("Values") {
            None | Some(Json::Null) => Vec::new(),
            Some(values) => strings(values)?,
        };
        Some(TagFilter { key, values })
    };
    filters.iter().map(|filter| one(filter).ok_or_else(wrong)).collect()
}

fn types(text: Option<&str>) -> Result<Vec<String>, SqlError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let list = serde_json::from_str::<Json>(text).ok().and_then(|value| strings(&value));
    list.ok_or_else(|| {
        bad("ResourceTypeFilters is no JSON list of types".to_owned()).next("write it like '[\"ec2:vpc\"]'")
    })
}

fn strings(value: &Json) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

fn tagged(one: &Tagged) -> Json {
    let tags: Vec<Json> = one.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"ResourceARN": one.arn, "Tags": tags})
}

fn association(found: &Found) -> Json {
    let property = |name: &str| found.model.get(name).cloned().unwrap_or_default();
    let id = match property("Id") {
        Json::Null => Json::String(found.identifier.to_string()),
        id => id,
    };
    json!({"id": id, "route_table_id": property("RouteTableId"), "subnet_id": property("SubnetId")})
}

/// An operation as the service writes it.
pub(crate) fn progress(one: &Progress) -> Json {
    let status = match &one.status {
        Status::Pending => "PENDING",
        Status::InProgress => "IN_PROGRESS",
        Status::Success => "SUCCESS",
        Status::Failed => "FAILED",
        Status::CancelInProgress => "CANCEL_IN_PROGRESS",
        Status::CancelComplete => "CANCEL_COMPLETE",
        Status::Other(word) => word,
    };
    let operation = one.verb.map(|verb| match verb {
        Verb::Create => "CREATE",
        Verb::Update => "UPDATE",
        Verb::Delete => "DELETE",
    });
    // The service counts seconds with a fraction.
    let seconds = |at: Option<i64>| at.map(|at| Json::from(at as f64 / 1000.0));
    let members = [
        ("TypeName", one.ty.as_ref().map(|ty| Json::from(ty.as_str()))),
        ("Identifier", one.identifier.clone().map(Json::from)),
        ("RequestToken", Some(Json::from(one.request.as_str()))),
        ("HooksRequestToken", one.hooks_request.clone().map(Json::from)),
        ("Operation", operation.map(Json::from)),
        ("OperationStatus", Some(Json::from(status))),
        ("EventTime", seconds(one.at)),
        ("ResourceModel", one.model.as_ref().map(model_text)),
        ("StatusMessage", Some(one.message.as_str()).filter(|text| !text.is_empty()).map(Json::from)),
        ("ErrorCode", one.error_code.clone().map(Json::from)),
        ("RetryAfter", seconds(one.retry_after)),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(members.collect())
}

/// A model is JSON text to the service.
fn model_text(model: &Json) -> Json {
    match model {
        Json::String(_) => model.clone(),
        other => Json::from(other.to_string()),
    }
}

fn shows(view: Option<RequestView>, one: &Json) -> bool {
    view.is_none_or(|view| {
        let (name, value) = view.condition();
        one.get(name).and_then(Json::as_str) == Some(value)
    })
}

/// `ResourceRequestStatusFilter`.
#[derive(Debug, Default)]
struct RequestFilter {
    statuses: Option<Vec<String>>,
    operations: Option<Vec<String>>,
}

impl RequestFilter {
    fn of(text: Option<&str>) -> Result<Self, SqlError> {
        let Some(text) = text else { return Ok(Self::default()) };
        let wrong = || {
            bad("ResourceRequestStatusFilter is no JSON object of lists".to_owned())
                .next("write it like '{\"OperationStatuses\": [\"FAILED\"], \"Operations\": [\"CREATE\"]}'")
        };
        let Ok(Json::Object(members)) = serde_json::from_str(text) else { return Err(wrong()) };
        let list = |name: &str| members.get(name).map(|value| strings(value).ok_or_else(wrong)).transpose();
        Ok(Self { statuses: list("OperationStatuses")?, operations: list("Operations")? })
    }

    fn is_in_flight(&self) -> bool {
        let running = |status: &String| status == "PENDING" || status == "IN_PROGRESS";
        self.statuses.as_ref().is_some_and(|statuses| !statuses.is_empty() && statuses.iter().all(running))
    }

    fn takes(&self, one: &Json) -> bool {
        let among = |list: &Option<Vec<String>>, name: &str| {
            let value = one.get(name).and_then(Json::as_str).unwrap_or_default();
            list.as_ref().is_none_or(|list| list.is_empty() || list.iter().any(|one| one == value))
        };
        among(&self.statuses, "OperationStatus") && among(&self.operations, "Operation")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_parameters_are_checked() {
        assert!(tag_filters(Some("[{\"Key\": \"a\", \"Values\": [\"b\"]}]")).is_ok());
        for text in ["", "{}", "[1]", "[{\"Values\": []}]", "[{\"Key\": \"a\", \"Values\": \"b\"}]"] {
            assert!(tag_filters(Some(text)).is_err(), "{text}");
        }
        assert!(types(Some("[\"ec2:vpc\"]")).is_ok());
        assert!(types(Some("ec2:vpc")).is_err());
        let filter = RequestFilter::of(Some("{\"OperationStatuses\": [\"PENDING\"]}")).unwrap();
        assert!(filter.is_in_flight());
        assert!(RequestFilter::of(Some("[]")).is_err());
        assert!(RequestFilter::of(Some("{\"Operations\": 1}")).is_err());
    }
}
