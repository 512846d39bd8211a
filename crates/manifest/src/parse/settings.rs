//! `settings`: every key may be one value, or a map from environment to value (DESIGN section 4).

use crate::model::SettingsDecl;
use crate::parse::node::{Node, Reader};
use serde_json::Value as Json;

/// Keys of `settings`.
pub(crate) const SETTING_KEYS: &[&str] = &[
    "ownership_tags",
    "tags",
    "accounts",
    "regions",
    "profile",
    "assume_role",
    "role_arn",
    "on_failure",
    "rate",
    "guardrails",
    "patch",
    "literal_sql",
];

/// Keys of `settings.rate`.
pub(crate) const RATE_KEYS: &[&str] = &["reads", "writes"];
/// Keys of `settings.guardrails`.
pub(crate) const GUARDRAIL_KEYS: &[&str] = &["max_delete", "max_replace", "deny_types", "deny_actions"];

impl Reader<'_> {
    pub(crate) fn settings(&mut self, node: &Node<'_>) -> SettingsDecl {
        let mut out = SettingsDecl::default();
        let Some(members) = self.mapping(node, "`settings`") else { return out };
        self.keys(&members, "`settings`", SETTING_KEYS);
        for (key, node) in members.iter() {
            if node.json.is_null() || !SETTING_KEYS.contains(&key) {
                continue;
            }
            let chosen = match by_environment(key, node.json) {
                false => Some(node),
                true => node.members().and_then(|m| m.given(self.env)),
            };
            let Some(chosen) = chosen else { continue };
            let known: &[&str] = match key {
                "rate" => RATE_KEYS,
                "guardrails" => GUARDRAIL_KEYS,
                _ => &[],
            };
            if !known.is_empty() {
                let Some(members) = self.mapping(&chosen, &format!("`settings.{key}`")) else { continue };
                self.keys(&members, &format!("`settings.{key}`"), known);
            }
            out.values.insert(key.to_owned(), self.spot(&chosen));
        }
        out
    }
}

/// True if a setting is written as a map from environment to value.
fn by_environment(key: &str, value: &Json) -> bool {
    let Some(map) = value.as_object() else { return false };
    match key {
        // Tags are texts, so a map of maps is by environment.
        "tags" => !map.is_empty() && map.values().all(Json::is_object),
        "rate" => !map.keys().any(|k| RATE_KEYS.contains(&k.as_str())),
        "guardrails" => !map.is_empty() && map.values().all(Json::is_object),
        _ => true,
    }
}
