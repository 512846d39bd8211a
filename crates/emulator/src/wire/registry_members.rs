//! Parameters of the CloudFormation registry and their constraints (cloud-control 6.1).

use super::{WireError, query, violations};

/// The parameters of one call.
pub(crate) struct Parameters {
    form: Vec<(String, String)>,
    problems: Vec<String>,
}

impl Parameters {
    pub(crate) fn read(body: &[u8]) -> Self {
        Self { form: query::parameters(body), problems: Vec::new() }
    }

    /// A parameter; an empty value is a value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn checked(
        &mut self,
        name: &str,
        (min, max): (usize, usize),
        pattern: &str,
        fits: fn(&str) -> bool,
    ) -> Option<String> {
        let text = self.text(name)?.to_owned();
        let count = text.chars().count();
        let mut say = |rule: String| {
            let mut member = name.to_owned();
            if let Some(first) = member.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            let shown: String = text.chars().take(200).collect();
            self.problems.push(format!("Value '{shown}' at '{member}' failed to satisfy constraint: {rule}"));
        };
        if count < min {
            say(format!("Member must have length greater than or equal to {min}"));
        }
        if count > max {
            say(format!("Member must have length less than or equal to {max}"));
        }
        if !fits(&text) {
            say(format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        Some(text)
    }

    /// A parameter with a closed set of values.
    pub(crate) fn word(&mut self, name: &str, allowed: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name)?.to_owned();
        let found = allowed.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let mut member = name.to_owned();
            if let Some(first) = member.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            self.problems.push(format!(
                "Value '{text}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                allowed.join(", ")
            ));
        }
        found
    }

    pub(crate) fn kind(&mut self) -> Option<&'static str> {
        self.word("Type", &["RESOURCE", "MODULE", "HOOK"])
    }

    pub(crate) fn type_name(&mut self) -> Option<String> {
        const PATTERN: &str = "[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE){0,1}";
        self.checked("TypeName", (10, 204), PATTERN, is_type_name)
    }

    pub(crate) fn arn(&mut self) -> Option<String> {
        const PATTERN: &str =
            "arn:aws[A-Za-z0-9-]{0,64}:cloudformation:[A-Za-z0-9-]{1,64}:([0-9]{12})?:type/.+";
        self.checked("Arn", (0, 1024), PATTERN, |text| {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            matches!(parts.as_slice(), ["arn", partition, "cloudformation", region, account, rest]
                if partition.starts_with("aws")
                    && !region.is_empty()
                    && (account.is_empty() || account.len() == 12)
                    && rest.starts_with("type/") && rest.len() > 5)
        })
    }

    pub(crate) fn version_id(&mut self) -> Option<String> {
        let fits = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        self.checked("VersionId", (1, 128), "[A-Za-z0-9-]+", fits)
    }

    pub(crate) fn name_prefix(&mut self) -> Option<String> {
        const PATTERN: &str = "([A-Za-z0-9]{2,64}::){0,2}([A-Za-z0-9]{2,64}:?){0,1}";
        self.checked("Filters.TypeNamePrefix", (1, 204), PATTERN, |text| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':') && !text.contains(":::")
        })
    }

    pub(crate) fn next_token(&mut self) -> Option<String> {
        self.checked("NextToken", (1, 1024), ".+", |_| true)
    }

    /// 1 to 100.
    pub(crate) fn max_results(&mut self) -> Option<usize> {
        let text = self.text("MaxResults")?.to_owned();
        match text.parse::<i64>() {
            Ok(n @ 1..=100) => usize::try_from(n).ok(),
            Ok(n) => {
                let rule = if n < 1 { "greater than or equal to 1" } else { "less than or equal to 100" };
                self.problems.push(format!(
                    "Value '{n}' at 'maxResults' failed to satisfy constraint: Member must have value {rule}"
                ));
                None
            }
            Err(_) => {
                self.problems.push(format!("Value '{text}' at 'maxResults' is not an integer"));
                None
            }
        }
    }

    /// Ends the reading: an error if any constraint was broken.
    pub(crate) fn finish(&self) -> Result<(), WireError> {
        violations::told(&self.problems).map_err(WireError::validation)
    }
}

fn is_type_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split("::").collect();
    let named = |parts: &[&str]| {
        parts.iter().all(|p| (2..=64).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    match parts.as_slice() {
        [_, _, _] => named(&parts),
        [a, b, c, "MODULE"] => named(&[a, b, c]),
        _ => false,
    }
}
