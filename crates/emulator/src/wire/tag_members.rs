//! Request members of the Resource Groups Tagging API and their constraints (cloud-control 5.1).

use super::{WireError, violations};
use serde_json::{Map, Value as Json};

/// A filter: a key with any of some values; no values mean any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagFilter {
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// What GetResources asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GetResources {
    pub(crate) token: Option<String>,
    pub(crate) filters: Vec<TagFilter>,
    pub(crate) per_page: Option<usize>,
    pub(crate) tags_per_page: Option<usize>,
    pub(crate) types: Vec<String>,
    pub(crate) compliance: bool,
    pub(crate) only_noncompliant: bool,
    pub(crate) arns: Option<Vec<String>>,
}

/// The members of one request body; violations are gathered, as the front end does.
pub(crate) struct TagMembers {
    map: Map<String, Json>,
    problems: Vec<String>,
    known: Vec<&'static str>,
}

/// An InvalidParameterException.
pub(crate) fn invalid(message: impl Into<String>) -> WireError {
    WireError::tagging("InvalidParameterException", message)
}

impl TagMembers {
    /// Reads a body. An empty one is an empty object.
    pub(crate) fn read(body: &[u8]) -> Result<Self, WireError> {
        let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
        let value = if text.trim().is_empty() {
            Json::Object(Map::new())
        } else {
            serde_json::from_str(text).map_err(|_| unreadable())?
        };
        match value {
            Json::Object(map) => Ok(Self { map, problems: Vec::new(), known: Vec::new() }),
            _ => Err(unreadable()),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<&Json> {
        self.known.push(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str, (min, max): (usize, usize)) -> Result<Option<String>, WireError> {
        let text = match self.take(name) {
            None => return Ok(None),
            Some(Json::String(text)) => text.clone(),
            Some(_) => return Err(unreadable()),
        };
        self.length(name, &text, (min, max));
        Ok(Some(text))
    }

    fn length(&mut self, place: &str, text: &str, bounds: (usize, usize)) {
        self.size(place, text.chars().count(), bounds);
    }

    fn size(&mut self, place: &str, count: usize, (min, max): (usize, usize)) {
        if count < min {
            self.problem(place, &format!("Member must have length greater than or equal to {min}"));
        }
        if count > max {
            self.problem(place, &format!("Member must have length less than or equal to {max}"));
        }
    }

    fn problem(&mut self, place: &str, rule: &str) {
        let mut member = place.to_owned();
        if let Some(first) = member.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self.problems.push(format!("Value at '{member}' failed to satisfy constraint: {rule}"));
    }

    fn texts(
        &mut self,
        name: &'static str,
        (least, most): (usize, usize),
        length: (usize, usize),
    ) -> Result<Option<Vec<String>>, WireError> {
        let items = match self.take(name) {
            None => return Ok(None),
            Some(Json::Array(items)) => items.clone(),
            Some(_) => return Err(unreadable()),
        };
        self.size(name, items.len(), (least, most));
        let mut texts = Vec::new();
        for item in items {
            let Json::String(text) = item else { return Err(unreadable()) };
            self.length(&format!("{name}.member"), &text, length);
            texts.push(text);
        }
        Ok(Some(texts))
    }

    fn number(&mut self, name: &'static str, (min, max): (i64, i64)) -> Result<Option<usize>, WireError> {
        let number = match self.take(name) {
            None => return Ok(None),
            Some(Json::Number(number)) => number.as_i64().ok_or_else(unreadable)?,
            Some(_) => return Err(unreadable()),
        };
        if number < min {
            self.problem(name, &format!("Member must have value greater than or equal to {min}"));
        }
        if number > max {
            self.problem(name, &format!("Member must have value less than or equal to {max}"));
        }
        Ok(usize::try_from(number).ok())
    }

    fn flag(&mut self, name: &'static str) -> Result<bool, WireError> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(_) => Err(unreadable()),
        }
    }

    fn filters(&mut self) -> Result<Vec<TagFilter>, WireError> {
        let items = match self.take("TagFilters") {
            None => return Ok(Vec::new()),
            Some(Json::Array(items)) => items.clone(),
            Some(_) => return Err(unreadable()),
        };
        self.size("tagFilters", items.len(), (0, 50));
        let mut filters = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let place = format!("tagFilters.{}.member", i + 1);
            let item = item.as_object().ok_or_else(unreadable)?;
            let key = match item.get("Key") {
                Some(Json::String(key)) => key.clone(),
                // The model does not require it, the documentation does.
                None | Some(Json::Null) => {
                    self.problem(&format!("{place}.key"), "Member must not be null");
                    continue;
                }
                Some(_) => return Err(unreadable()),
            };
            self.length(&format!("{place}.key"), &key, (1, 128));
            let values = match item.get("Values") {
                None | Some(Json::Null) => Vec::new(),
                Some(Json::Array(values)) => values.clone(),
                Some(_) => return Err(unreadable()),
            };
            self.size(&format!("{place}.values"), values.len(), (0, 20));
            let mut texts = Vec::new();
            for value in values {
                let Json::String(text) = value else { return Err(unreadable()) };
                self.length(&format!("{place}.values.member"), &text, (0, 256));
                texts.push(text);
            }
            filters.push(TagFilter { key, values: texts });
        }
        Ok(filters)
    }

    /// The members of GetResources, and those that it does not know.
    pub(crate) fn get_resources(mut self) -> Result<(GetResources, Vec<String>), WireError> {
        let token = self.text("PaginationToken", (0, 2048))?.filter(|token| !token.is_empty());
        let filters = self.filters()?;
        let per_page = self.number("ResourcesPerPage", (1, 100))?;
        let tags_per_page = self.number("TagsPerPage", (100, 500))?;
        let types = self.texts("ResourceTypeFilters", (0, 100), (0, 256))?;
        let compliance = self.flag("IncludeComplianceDetails")?;
        let only_noncompliant = self.flag("ExcludeCompliantResources")?;
        let arns = self.texts("ResourceARNList", (1, 100), (1, 1011))?;
        let has = |name: &str| self.map.get(name).is_some_and(|value| !value.is_null());
        let alone =
            ["TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken"];
        let beside = arns.is_some().then(|| alone.into_iter().find(|name| has(name))).flatten();
        let asked = GetResources {
            token,
            filters,
            per_page,
            tags_per_page,
            types: types.unwrap_or_default(),
            compliance,
            only_noncompliant,
            arns,
        };
        let ignored = self.finish()?;
        if let Some(name) = beside {
            return Err(invalid(format!("ResourceARNList cannot be specified together with {name}")));
        }
        asked.check()?;
        Ok((asked, ignored))
    }

    /// The members of GetTagKeys.
    pub(crate) fn get_tag_keys(mut self) -> Result<(Option<String>, Vec<String>), WireError> {
        let token = self.text("PaginationToken", (0, 2048))?.filter(|token| !token.is_empty());
        Ok((token, self.finish()?))
    }

    /// The members of GetTagValues.
    pub(crate) fn get_tag_values(mut self) -> Result<(String, Option<String>, Vec<String>), WireError> {
        let token = self.text("PaginationToken", (0, 2048))?.filter(|token| !token.is_empty());
        let key = self.text("Key", (1, 128))?;
        if key.is_none() {
            self.problem("key", "Member must not be null");
        }
        let ignored = self.finish()?;
        Ok((key.unwrap_or_default(), token, ignored))
    }

    fn finish(self) -> Result<Vec<String>, WireError> {
        violations::told(&self.problems).map_err(invalid)?;
        Ok(violations::unasked(self.map, &self.known))
    }
}

impl GetResources {
    /// The rules between members.
    fn check(&self) -> Result<(), WireError> {
        if self.only_noncompliant && !self.compliance {
            return Err(invalid(
                "ExcludeCompliantResources can be used only if IncludeComplianceDetails is also set to true",
            ));
        }
        // The documentation gives the range; that only whole hundreds are taken is the stricter reading.
        if self.tags_per_page.is_some_and(|n| n % 100 != 0) {
            return Err(invalid("TagsPerPage must be a multiple of 100"));
        }
        if self.tags_per_page.is_some() && self.per_page.is_some() {
            return Err(invalid("ResourcesPerPage and TagsPerPage cannot be specified together"));
        }
        if let Some(bad) = self.types.iter().find(|name| !is_type_filter(name)) {
            return Err(invalid(format!("Invalid resource type filter: {bad}")));
        }
        if let Some(bad) = self.arns.iter().flatten().find(|arn| !is_arn(arn)) {
            return Err(invalid(format!("Invalid ARN: {bad}")));
        }
        Ok(())
    }
}

/// `service` or `service:type`, in the spelling of ARNs: never the names of CloudFormation (cloud-control 5.1).
fn is_type_filter(text: &str) -> bool {
    let (service, kind) = text.split_once(':').map_or((text, None), |(service, kind)| (service, Some(kind)));
    let service_fits = !service.is_empty()
        && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let kind_fits = kind.is_none_or(|kind| {
        !kind.is_empty()
            && kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.'))
    });
    service_fits && kind_fits
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
        if !partition.is_empty() && !service.is_empty() && !resource.is_empty())
}

fn unreadable() -> WireError {
    WireError::front_end("com.amazon.coral.service#SerializationException", "Could not parse request body")
}
