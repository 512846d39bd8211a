//! Canonical form of IAM policy documents (cloud-control 3.7).

use serde_json::{Map, Value as Json};

/// True if the document looks like an IAM policy.
pub(super) fn is_policy(document: &Json) -> bool {
    document.get("Statement").is_some_and(|s| s.is_array() || s.is_object())
}

/// The canonical form: two policies mean the same exactly if their canonical forms are equal.
pub(super) fn canonical(document: &Json) -> Json {
    let Json::Object(policy) = document else { return document.clone() };
    let mut out = Map::new();
    for (key, value) in policy {
        let value = if key == "Statement" {
            let mut statements: Vec<Json> = items(value).iter().map(statement).collect();
            statements.sort_by_key(sort_key);
            Json::Array(statements)
        } else {
            value.clone()
        };
        out.insert(key.clone(), value);
    }
    sorted(out)
}

fn statement(statement: &Json) -> Json {
    let Json::Object(members) = statement else { return statement.clone() };
    let mut out = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            // The service numbers statements that have no name.
            "Sid"
                if value.as_str().is_some_and(|s| s.is_empty() || s.bytes().all(|b| b.is_ascii_digit())) =>
            {
                continue;
            }
            "Action" | "NotAction" => texts(value, |s| s.to_ascii_lowercase()),
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    sorted(out)
}

fn principal(value: &Json) -> Json {
    match value {
        Json::String(star) if star == "*" => principal(&serde_json::json!({ "AWS": "*" })),
        Json::Object(kinds) => {
            sorted(kinds.iter().map(|(kind, who)| (kind.clone(), texts(who, root_as_account))).collect())
        }
        other => other.clone(),
    }
}

/// The account's root, in whatever partition, is the bare account id (trap 45).
fn root_as_account(principal: &str) -> String {
    let account = principal
        .strip_prefix("arn:aws")
        .and_then(|rest| rest.split_once(":iam::"))
        .and_then(|(_, rest)| rest.strip_suffix(":root"))
        .filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
    account.unwrap_or(principal).to_owned()
}

fn condition(value: &Json) -> Json {
    let Json::Object(operators) = value else { return value.clone() };
    sorted(
        operators
            .iter()
            .map(|(operator, keys)| {
                let keys = match keys {
                    Json::Object(keys) => sorted(
                        keys.iter()
                            .map(|(key, v)| (key.to_ascii_lowercase(), texts(v, str::to_owned)))
                            .collect(),
                    ),
                    other => other.clone(),
                };
                (operator.to_ascii_lowercase(), keys)
            })
            .collect(),
    )
}

/// A scalar or a list as a sorted list of texts, without doubles.
fn texts(value: &Json, map: impl Fn(&str) -> String) -> Json {
    let mut all: Vec<Json> = items(value)
        .iter()
        .map(|item| match item {
            Json::String(text) => Json::String(map(text)),
            Json::Number(_) | Json::Bool(_) => Json::String(item.to_string()),
            other => other.clone(),
        })
        .collect();
    all.sort_by_key(sort_key);
    all.dedup();
    Json::Array(all)
}

fn items(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items.clone(),
        single => vec![single.clone()],
    }
}

fn sort_key(value: &Json) -> String {
    value.to_string()
}

fn sorted(map: Map<String, Json>) -> Json {
    let mut pairs: Vec<_> = map.into_iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    Json::Object(pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn same(a: Json, b: Json) -> bool {
        canonical(&a) == canonical(&b)
    }

    #[test]
    fn a_single_item_is_a_list_of_one() {
        assert!(same(
            json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}),
            json!({"Statement": [{"Action": ["s3:GetObject"], "Resource": ["*"], "Effect": "Allow"}]}),
        ));
    }

    #[test]
    fn order_of_statements_and_actions_means_nothing() {
        assert!(same(
            json!({"Statement": [{"Action": ["a:B", "a:A"]}, {"Action": "c:C"}]}),
            json!({"Statement": [{"Action": "c:C"}, {"Action": ["a:A", "a:B"]}]}),
        ));
    }

    #[test]
    fn an_account_is_its_root_and_a_star_is_everyone() {
        assert!(same(
            json!({"Statement": [{"Principal": {"AWS": "123456789012"}}]}),
            json!({"Statement": [{"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]}),
        ));
        assert!(same(
            json!({"Statement": [{"Principal": "*"}]}),
            json!({"Statement": [{"Principal": {"AWS": "*"}}]})
        ));
    }

    #[test]
    fn a_deleted_principal_is_a_real_difference() {
        assert!(!same(
            json!({"Statement": [{"Principal": {"AWS": "arn:aws:iam::123456789012:role/app"}}]}),
            json!({"Statement": [{"Principal": {"AWS": "AROAEXAMPLE"}}]}),
        ));
    }

    #[test]
    fn a_missing_version_differs_from_a_given_one() {
        assert!(!same(json!({"Statement": []}), json!({"Version": "2012-10-17", "Statement": []})));
    }

    #[test]
    fn conditions_ignore_the_case_of_operators_and_the_form_of_values() {
        assert!(same(
            json!({"Statement": [{"Condition": {"bool": {"aws:SecureTransport": false}}}]}),
            json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]}),
        ));
    }
}
