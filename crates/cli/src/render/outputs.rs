//! The stack's exports: a table, JSON, and a file for shells (stackql-compat 1.9).

use super::console::Style;
use super::json::v1::pretty;
use super::text::{clean, cut, pad, width};
use super::value_view::sorted;
use serde_json::{Map, Value as Json};

/// Longest value in the table.
const LONGEST: usize = 80;

/// One export; `None` where the value must not be shown.
pub type Exports = Vec<(String, Option<Json>)>;

/// `STACKQL_DEPLOY__<stack>__<env>__<var>`, `-` as `_` in each part.
pub fn variable(stack: &str, env: &str, name: &str) -> String {
    let part = |text: &str| text.replace('-', "_");
    format!("STACKQL_DEPLOY__{}__{}__{}", part(stack), part(env), part(name))
}

/// The table `variable | value`.
pub fn table(stack: &str, env: &str, exports: &Exports, style: Style) -> String {
    let rows: Vec<(String, String)> = exports
        .iter()
        .map(|(name, value)| {
            let value = value.as_ref().map_or_else(|| "(sensitive)".to_owned(), text);
            (
                clean(&variable(stack, env, name), style.unicode),
                cut(&clean(&value, style.unicode), LONGEST + 3, false),
            )
        })
        .collect();
    let left = rows.iter().map(|(name, _)| width(name)).chain([8]).max().unwrap_or(8);
    let right = rows.iter().map(|(_, value)| width(value)).chain([5]).max().unwrap_or(5);
    let mut out =
        format!("{} | value\n{}-+-{}\n", pad("variable", left), "-".repeat(left), "-".repeat(right));
    for (name, value) in rows {
        out.push_str(&format!("{} | {value}\n", pad(&name, left)));
    }
    out
}

/// The JSON object, keys sorted. Values that must not be shown are left out.
pub fn json(exports: &Exports) -> Json {
    let map: Map<String, Json> =
        exports.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    sorted(Json::Object(map))
}

/// Pretty JSON without a line end at its end, as `--output-file` is read by scripts.
pub fn file_text(exports: &Exports) -> String {
    pretty(&json(exports)).trim_end().to_owned()
}

/// One `export NAME='value'` per line. Values that must not be shown are left out.
pub fn shell(stack: &str, env: &str, exports: &Exports) -> String {
    exports
        .iter()
        .filter_map(|(name, value)| {
            let value = text(value.as_ref()?).replace('\'', r"'\''");
            Some(format!("export {}='{value}'\n", variable(stack, env, name)))
        })
        .collect()
}

/// Text as it is, everything else as JSON.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use serde_json::json;

    fn exports() -> Exports {
        vec![
            ("stack_name".to_owned(), Some(json!("customer-360"))),
            ("domain_name".to_owned(), Some(json!("it's"))),
            ("subnets".to_owned(), Some(json!(["a", "b"]))),
            ("key".to_owned(), None),
            ("long".to_owned(), Some(json!("x".repeat(100)))),
        ]
    }

    #[test]
    fn the_table_names_variables_and_cuts_values() {
        assert_snapshot!(table("customer-360", "prod", &exports(), Style::plain(100, true)), @r#"
        variable                                        | value
        ------------------------------------------------+------------------------------------------------------------------------------------
        STACKQL_DEPLOY__customer_360__prod__stack_name  | customer-360
        STACKQL_DEPLOY__customer_360__prod__domain_name | it's
        STACKQL_DEPLOY__customer_360__prod__subnets     | ["a","b"]
        STACKQL_DEPLOY__customer_360__prod__key         | (sensitive)
        STACKQL_DEPLOY__customer_360__prod__long        | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
        "#);
    }

    #[test]
    fn shells_get_quoted_values_and_no_secret() {
        assert_snapshot!(shell("customer-360", "prod", &exports()), @r#"
        export STACKQL_DEPLOY__customer_360__prod__stack_name='customer-360'
        export STACKQL_DEPLOY__customer_360__prod__domain_name='it'\''s'
        export STACKQL_DEPLOY__customer_360__prod__subnets='["a","b"]'
        export STACKQL_DEPLOY__customer_360__prod__long='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
        "#);
    }

    #[test]
    fn json_has_sorted_keys_and_no_secret() {
        let json = json(&exports());
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["domain_name", "long", "stack_name", "subnets"]);
    }
}
