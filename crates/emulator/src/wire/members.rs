//! Request members of Cloud Control and their constraints (cloud-control 1.3).

use super::{WireError, violations};
use serde_json::{Map, Value as Json};

/// The members of one request body, read one by one; violations are gathered.
#[derive(Debug)]
pub(crate) struct Members {
    map: Map<String, Json>,
    problems: Vec<String>,
    known: Vec<&'static str>,
}

/// A pattern as messages show it, and its check.
type Rule<'p> = (&'p str, fn(&str) -> bool);

/// 256 KiB of text (cloud-control 1.3).
pub(crate) const DOCUMENT_LIMIT: usize = 262_144;

impl Members {
    /// Reads a body. An empty one is an empty object.
    pub(crate) fn read(body: &[u8]) -> Result<Self, WireError> {
        let fail = || serialization("Could not parse request body into json");
        let text = std::str::from_utf8(body).map_err(|_| fail())?;
        let value = if text.trim().is_empty() {
            Json::Object(Map::new())
        } else {
            serde_json::from_str(text).map_err(|_| fail())?
        };
        match value {
            Json::Object(map) => Ok(Self { map, problems: Vec::new(), known: Vec::new() }),
            _ => Err(serialization("Start of structure or map expected")),
        }
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, WireError> {
        self.known.push(name);
        match self.map.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Number(_)) => Err(serialization("NUMBER_VALUE can not be converted to a String")),
            Some(Json::Bool(_)) => Err(serialization("BOOLEAN_VALUE can not be converted to a String")),
            Some(_) => Err(serialization("Unexpected field type")),
        }
    }

    fn constrained(
        &mut self,
        name: &'static str,
        required: bool,
        (min, max): (usize, usize),
        pattern: Option<Rule<'_>>,
        sensitive: bool,
    ) -> Result<Option<String>, WireError> {
        let Some(text) = self.text(name)? else {
            if required {
                self.problem(name, Some("null"), "Member must not be null");
            }
            return Ok(None);
        };
        let shown = (!sensitive).then(|| format!("'{text}'"));
        let length = text.chars().count();
        if length < min {
            self.problem(
                name,
                shown.as_deref(),
                &format!("Member must have length greater than or equal to {min}"),
            );
        }
        if length > max {
            self.problem(
                name,
                shown.as_deref(),
                &format!("Member must have length less than or equal to {max}"),
            );
        }
        if let Some((pattern, fits)) = pattern
            && !fits(&text)
        {
            self.problem(
                name,
                shown.as_deref(),
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
        Ok(Some(text))
    }

    fn problem(&mut self, name: &str, shown: Option<&str>, rule: &str) {
        let value = shown.map_or("Value".to_owned(), |shown| {
            let cut: String = shown.chars().take(200).collect();
            format!("Value {cut}")
        });
        let mut member = name.to_owned();
        if let Some(first) = member.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self.problems.push(format!("{value} at '{member}' failed to satisfy constraint: {rule}"));
    }

    pub(crate) fn type_name(&mut self) -> Result<Option<String>, WireError> {
        let pattern = "[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}";
        self.constrained("TypeName", true, (10, 196), Some((pattern, is_type_name)), false)
    }
    pub(crate) fn type_version(&mut self) -> Result<Option<String>, WireError> {
        let fits = |t: &str| t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        self.constrained("TypeVersionId", false, (1, 128), Some(("[A-Za-z0-9-]+", fits)), false)
    }
    pub(crate) fn role_arn(&mut self) -> Result<Option<String>, WireError> {
        self.constrained(
            "RoleArn",
            false,
            (20, 2048),
            Some(("arn:.+:iam::[0-9]{12}:role/.+", is_role)),
            false,
        )
    }
    pub(crate) fn client_token(&mut self) -> Result<Option<String>, WireError> {
        self.constrained("ClientToken", false, (1, 128), Some(("[-A-Za-z0-9+/=]+", is_token)), false)
    }
    pub(crate) fn request_token(&mut self) -> Result<Option<String>, WireError> {
        self.constrained("RequestToken", true, (1, 128), Some(("[-A-Za-z0-9+/=]+", is_token)), false)
    }
    pub(crate) fn identifier(&mut self) -> Result<Option<String>, WireError> {
        let fits = |t: &str| !t.contains(['\n', '\r']);
        self.constrained("Identifier", true, (1, 1024), Some((".+", fits)), false)
    }
    /// `DesiredState` or `PatchDocument` (required), or `ResourceModel` (optional).
    pub(crate) fn document(
        &mut self,
        name: &'static str,
        required: bool,
    ) -> Result<Option<String>, WireError> {
        self.constrained(name, required, (1, DOCUMENT_LIMIT), None, true)
    }
    pub(crate) fn next_token(&mut self, max: usize, strict: bool) -> Result<Option<String>, WireError> {
        let pattern: Option<Rule<'_>> = strict.then_some(("[-A-Za-z0-9+/=]+", is_token));
        self.constrained("NextToken", false, (1, max), pattern, false)
    }
    pub(crate) fn max_results(&mut self) -> Result<Option<usize>, WireError> {
        self.known.push("MaxResults");
        let number = match self.map.get("MaxResults") {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::Number(number)) => number.as_i64(),
            Some(_) => return Err(serialization("STRING_VALUE can not be converted to an Integer")),
        };
        match number {
            Some(n @ 1..=100) => Ok(Some(n as usize)),
            Some(n) if n < 1 => {
                let shown = format!("'{n}'");
                self.problem("MaxResults", Some(&shown), "Member must have value greater than or equal to 1");
                Ok(None)
            }
            _ => {
                self.problem(
                    "MaxResults",
                    Some("'>100'"),
                    "Member must have value less than or equal to 100",
                );
                Ok(None)
            }
        }
    }
    /// The two lists of `ResourceRequestStatusFilter`: operations and statuses.
    pub(crate) fn filter(&mut self) -> Result<(Vec<String>, Vec<String>), WireError> {
        self.known.push("ResourceRequestStatusFilter");
        let filter = match self.map.get("ResourceRequestStatusFilter") {
            None | Some(Json::Null) => return Ok((Vec::new(), Vec::new())),
            Some(Json::Object(filter)) => filter.clone(),
            Some(_) => return Err(serialization("Unexpected field type")),
        };
        let mut list = |name: &str, allowed: &[&str]| -> Result<Vec<String>, WireError> {
            let items = match filter.get(name) {
                None | Some(Json::Null) => return Ok(Vec::new()),
                Some(Json::Array(items)) => items,
                Some(_) => return Err(serialization("Unexpected field type")),
            };
            let mut words = Vec::new();
            for item in items {
                let word = item.as_str().ok_or_else(|| serialization("Unexpected field type"))?;
                if allowed.contains(&word) {
                    words.push(word.to_owned());
                } else {
                    let rule = format!("Member must satisfy enum value set: [{}]", allowed.join(", "));
                    let place = format!("resourceRequestStatusFilter.{}", name.to_lowercase());
                    self.problem(&place, Some(&format!("'{word}'")), &rule);
                }
            }
            Ok(words)
        };
        let operations = list("Operations", &["CREATE", "DELETE", "UPDATE"])?;
        let statuses = list(
            "OperationStatuses",
            &["PENDING", "IN_PROGRESS", "SUCCESS", "FAILED", "CANCEL_IN_PROGRESS", "CANCEL_COMPLETE"],
        )?;
        Ok((operations, statuses))
    }

    /// Ends the reading: an error if any constraint was broken, else the members that nobody asked for.
    pub(crate) fn finish(self) -> Result<Vec<String>, WireError> {
        violations::told(&self.problems).map_err(WireError::validation)?;
        Ok(violations::unasked(self.map, &self.known))
    }
}

fn serialization(message: &str) -> WireError {
    WireError::front_end("com.amazon.coral.service#SerializationException", message)
}

fn is_type_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split("::").collect();
    parts.len() == 3
        && parts.iter().all(|p| (2..=64).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_token(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'/' | b'='))
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if !partition.is_empty()
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}
