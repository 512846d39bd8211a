//! `settings` of the manifest, resolved for one environment (DESIGN section 4).

use crate::codes;
use crate::model::Spot;
use crate::scope::Scope;
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Route, nearest};
use stack_core::value::Value;
use std::sync::Arc;

/// What the manifest sets for this environment. Flags and variables of the command win over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Put ownership tags on taggable resources.
    pub ownership_tags: bool,
    /// Account ids that may be written to. Empty: any.
    pub accounts: Vec<String>,
    /// Regions that may be used. Empty: any.
    pub regions: Vec<String>,
    /// Named profile of the AWS configuration.
    pub profile: Option<String>,
    /// Role to assume before anything.
    pub assume_role: Option<String>,
    /// Role that the service assumes for each operation, where a resource names none.
    pub role_arn: Option<String>,
    /// What to do when a step fails.
    pub on_failure: Option<OnFailure>,
    /// Calls per second.
    pub rate: Rate,
    /// What a plan must not do.
    pub guardrails: Guardrails,
    /// Send update documents of query files as rendered.
    pub literal_patch: bool,
    /// Send statements of query files as written.
    pub literal_sql: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ownership_tags: true,
            accounts: Vec::new(),
            regions: Vec::new(),
            profile: None,
            assume_role: None,
            role_arn: None,
            on_failure: None,
            rate: Rate::default(),
            guardrails: Guardrails::default(),
            literal_patch: false,
            literal_sql: false,
        }
    }
}

/// `on_failure`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Start nothing new, finish what is in flight.
    Error,
    /// Undo what this run changed.
    Rollback,
    /// Carry on with what does not depend on the failure.
    Ignore,
}

/// `rate`: calls per second; 0 is unlimited, `None` not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Reads.
    pub reads: Option<u32>,
    /// Writes.
    pub writes: Option<u32>,
}

/// `guardrails`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guardrails {
    /// At most so many deletes.
    pub max_delete: Option<u64>,
    /// At most so many replacements.
    pub max_replace: Option<u64>,
    /// Types that must not be changed, as written.
    pub deny_types: Vec<String>,
    /// Actions that must not happen.
    pub deny_actions: Vec<String>,
}

const ACTIONS: &[&str] = &["create", "update", "adopt", "replace", "delete", "run"];
const FAILURES: &[(&str, OnFailure)] =
    &[("error", OnFailure::Error), ("rollback", OnFailure::Rollback), ("ignore", OnFailure::Ignore)];

/// Evaluates the settings. Problems are noted in the scope.
pub(crate) fn resolve(values: &IndexMap<String, Spot>, scope: &Arc<Scope>) -> Settings {
    let mut reader = Reader { scope };
    let mut out = Settings::default();
    for (key, spot) in values {
        // Tags are evaluated for each resource.
        if key == "tags" {
            continue;
        }
        let Some(value) = scope.evaluate(&spot.tree, &spot.path) else { continue };
        let route = spot.path.route();
        let value = match value {
            Value::Secret(secret) => secret.expose().clone(),
            other => other,
        };
        if value.unknown().is_some() {
            reader.bad(&route, key, "cannot use values of resources");
            continue;
        }
        match key.as_str() {
            "ownership_tags" => out.ownership_tags = reader.boolean(&value, &route, key).unwrap_or(true),
            "literal_sql" => out.literal_sql = reader.boolean(&value, &route, key).unwrap_or(false),
            "patch" => {
                let choice = reader.choice(&value, &route, key, &[("minimal", false), ("literal", true)]);
                out.literal_patch = choice.unwrap_or(false);
            }
            "accounts" => out.accounts = reader.accounts(&value, &route),
            "regions" => out.regions = reader.texts(&value, &route, key),
            "profile" => out.profile = reader.text(&value, &route, key),
            "assume_role" => out.assume_role = reader.text(&value, &route, key),
            "role_arn" => out.role_arn = reader.text(&value, &route, key),
            "on_failure" => out.on_failure = reader.choice(&value, &route, key, FAILURES),
            "rate" => {
                let number = |reader: &mut Reader<'_>, name: &str| {
                    let value = value.get(name)?;
                    let number = reader.number(value, &route.key(name), &format!("rate.{name}"))?;
                    u32::try_from(number).ok()
                };
                out.rate =
                    Rate { reads: number(&mut reader, "reads"), writes: number(&mut reader, "writes") };
            }
            "guardrails" => out.guardrails = reader.guardrails(&value, &route),
            _ => {}
        }
    }
    out
}

struct Reader<'a> {
    scope: &'a Arc<Scope>,
}

impl Reader<'_> {
    fn bad(&mut self, route: &Route, key: &str, why: &str) {
        let message = format!("`settings.{key}` {why}");
        self.scope.report(Diagnostic::error(codes::BAD_SETTING, message).at(route.clone(), ""));
    }

    fn boolean(&mut self, value: &Value, route: &Route, key: &str) -> Option<bool> {
        match value.scalar_text().as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.bad(route, key, "is true or false");
                None
            }
        }
    }

    fn text(&mut self, value: &Value, route: &Route, key: &str) -> Option<String> {
        let text = value.scalar_text().filter(|text| !text.is_empty());
        if text.is_none() {
            self.bad(route, key, "must be a text");
        }
        text
    }

    fn texts(&mut self, value: &Value, route: &Route, key: &str) -> Vec<String> {
        match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.text(item, &route.index(index), key))
                .collect(),
            one => self.text(one, route, key).into_iter().collect(),
        }
    }

    fn accounts(&mut self, value: &Value, route: &Route) -> Vec<String> {
        let all = self.texts(value, route, "accounts");
        for (index, account) in all.iter().enumerate() {
            if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
                let at = if matches!(value, Value::Array(_)) { route.index(index) } else { route.clone() };
                self.bad(&at, "accounts", "must be account ids of twelve digits, in quotes");
            }
        }
        all
    }

    fn number(&mut self, value: &Value, route: &Route, key: &str) -> Option<u64> {
        let number = value.scalar_text().and_then(|text| text.parse().ok());
        if number.is_none() {
            self.bad(route, key, "must be a whole number");
        }
        number
    }

    fn choice<T: Copy>(
        &mut self,
        value: &Value,
        route: &Route,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = value.scalar_text().unwrap_or_default();
        let found = choices.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let label = nearest(&text, names.iter().copied())
                .map_or_else(String::new, |n| format!("did you mean `{n}`?"));
            let message = format!("`settings.{key}` is one of {}", names.join(", "));
            self.scope.report(Diagnostic::error(codes::BAD_SETTING, message).at(route.clone(), label));
        }
        found.map(|(_, choice)| *choice)
    }

    fn guardrails(&mut self, value: &Value, route: &Route) -> Guardrails {
        let mut out = Guardrails::default();
        let at = |name: &str| route.key(name);
        if let Some(v) = value.get("max_delete") {
            out.max_delete = self.number(v, &at("max_delete"), "guardrails.max_delete");
        }
        if let Some(v) = value.get("max_replace") {
            out.max_replace = self.number(v, &at("max_replace"), "guardrails.max_replace");
        }
        if let Some(v) = value.get("deny_types") {
            out.deny_types = self.texts(v, &at("deny_types"), "guardrails.deny_types");
        }
        if let Some(v) = value.get("deny_actions") {
            out.deny_actions = self.texts(v, &at("deny_actions"), "guardrails.deny_actions");
            for (index, action) in out.deny_actions.iter().enumerate() {
                if !ACTIONS.contains(&action.as_str()) {
                    let why = format!("has no action `{action}`; there are {}", ACTIONS.join(", "));
                    self.bad(&at("deny_actions").index(index), "guardrails.deny_actions", &why);
                }
            }
        }
        out
    }
}
