//! The stack's exports: a table, JSON, and a file for shells (stackql-compat 1.9).

use super::console::Style;
use super::json::v1::pretty;
use super::text::{clean, cut, pad, width};
use super::value_view::sorted;
use serde_json::{Map, Value as Json};

/// Columns that a value has in the table, at most.
const WIDEST: usize = 80;

/// One export of the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Its name in the manifest.
    pub name: String,
    /// Its value; `None` where it must be in no file either.
    pub value: Option<Json>,
    /// True if it must not be shown: a file may hold it, and only if the user asked for that.
    pub sensitive: bool,
}

impl Export {
    /// An export that may be shown.
    pub fn shown(name: &str, value: Json) -> Self {
        Self { name: name.to_owned(), value: Some(value), sensitive: false }
    }

    fn text(&self) -> Option<String> {
        self.value.as_ref().map(text)
    }
}

/// `STACKQL_DEPLOY__<stack>__<env>__<var>`. The predecessor puts `_` for `-` only; what else no shell takes in a name becomes
/// `_` too.
pub fn variable(stack: &str, env: &str, name: &str) -> String {
    let part = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("STACKQL_DEPLOY__{}__{}__{}", part(stack), part(env), part(name))
}

/// The table `variable | value` in the predecessor's frame.
pub fn table(stack: &str, env: &str, exports: &[Export], style: Style) -> String {
    let rows: Vec<(String, String)> = exports
        .iter()
        .map(|export| {
            let shown = export.text().filter(|_| !export.sensitive);
            let value = clean(&shown.unwrap_or_else(|| "(sensitive)".to_owned()), style.unicode);
            (variable(stack, env, &export.name), cut(&value, WIDEST, false))
        })
        .collect();
    let left = rows.iter().map(|(name, _)| width(name)).chain([8]).max().unwrap_or(8);
    let right = rows.iter().map(|(_, value)| width(value)).chain([5]).max().unwrap_or(5);
    let line = format!("+-{}-+-{}-+\n", "-".repeat(left), "-".repeat(right));
    let row = |name: &str, value: &str| format!("| {} | {} |\n", pad(name, left), pad(value, right));
    let rows: String = rows.iter().map(|(name, value)| row(name, value)).collect();
    format!("{line}{}{line}{rows}{line}", row("variable", "value"))
}

/// The JSON object, keys sorted. Values that must not be shown are left out.
pub fn json(exports: &[Export]) -> Json {
    object(exports.iter().filter(|export| !export.sensitive))
}

fn object<'e>(exports: impl Iterator<Item = &'e Export>) -> Json {
    let map: Map<String, Json> =
        exports.filter_map(|export| Some((export.name.clone(), export.value.clone()?))).collect();
    sorted(Json::Object(map))
}

/// What `--output-file` holds: pretty JSON without a line end at its end. As the predecessor knows texts only, plain values are
/// texts here too.
pub fn file_text(exports: &[Export]) -> String {
    let plain = |value: &Json| match value {
        Json::Array(_) | Json::Object(_) => value.clone(),
        plain => Json::String(text(plain)),
    };
    let exports: Vec<Export> =
        exports.iter().map(|e| Export { value: e.value.as_ref().map(plain), ..e.clone() }).collect();
    pretty(&object(exports.iter())).trim_end().to_owned()
}

/// One `export NAME='value'` per line, for shells.
pub fn shell(stack: &str, env: &str, exports: &[Export]) -> String {
    exports
        .iter()
        .filter_map(|export| {
            let value = export.text()?.replace('\'', r"'\''");
            Some(format!("export {}='{value}'\n", variable(stack, env, &export.name)))
        })
        .collect()
}

/// Text as it is, nothing for null, everything else as JSON.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use serde_json::json;

    fn exports() -> Vec<Export> {
        let hidden = |name: &str, value| Export { name: name.to_owned(), value, sensitive: true };
        vec![
            Export::shown("domain-name", json!("it's")),
            Export::shown("elapsed_time", json!("49.22s")),
            Export::shown("expire_days", json!(366)),
            hidden("key", None),
            Export::shown("long", json!("x".repeat(81))),
            Export::shown("nothing", json!(null)),
            hidden("password", Some(json!("hunter2"))),
            Export::shown("public", json!(true)),
            Export::shown("stack_name", json!("customer-360")),
            Export::shown("subnets", json!([{"id": "a", "az": 1}, "it's"])),
        ]
    }

    #[test]
    fn the_table_names_variables_and_cuts_values() {
        assert_snapshot!(table("customer-360", "prod", &exports(), Style::plain(100, true)), @r#"
        +--------------------------------------------------+----------------------------------------------------------------------------------+
        | variable                                         | value                                                                            |
        +--------------------------------------------------+----------------------------------------------------------------------------------+
        | STACKQL_DEPLOY__customer_360__prod__domain_name  | it's                                                                             |
        | STACKQL_DEPLOY__customer_360__prod__elapsed_time | 49.22s                                                                           |
        | STACKQL_DEPLOY__customer_360__prod__expire_days  | 366                                                                              |
        | STACKQL_DEPLOY__customer_360__prod__key          | (sensitive)                                                                      |
        | STACKQL_DEPLOY__customer_360__prod__long         | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... |
        | STACKQL_DEPLOY__customer_360__prod__nothing      |                                                                                  |
        | STACKQL_DEPLOY__customer_360__prod__password     | (sensitive)                                                                      |
        | STACKQL_DEPLOY__customer_360__prod__public       | true                                                                             |
        | STACKQL_DEPLOY__customer_360__prod__stack_name   | customer-360                                                                     |
        | STACKQL_DEPLOY__customer_360__prod__subnets      | [{"id":"a","az":1},"it's"]                                                       |
        +--------------------------------------------------+----------------------------------------------------------------------------------+
        "#);
    }

    #[test]
    fn the_table_is_as_narrow_as_its_heads() {
        let one = [Export::shown("x", json!(""))];
        assert_snapshot!(table("s", "e", &one, Style::plain(100, true)), @r#"
        +-------------------------+-------+
        | variable                | value |
        +-------------------------+-------+
        | STACKQL_DEPLOY__s__e__x |       |
        +-------------------------+-------+
        "#);
    }

    #[test]
    fn shells_get_quoted_values() {
        assert_snapshot!(shell("customer-360", "prod", &exports()), @r#"
        export STACKQL_DEPLOY__customer_360__prod__domain_name='it'\''s'
        export STACKQL_DEPLOY__customer_360__prod__elapsed_time='49.22s'
        export STACKQL_DEPLOY__customer_360__prod__expire_days='366'
        export STACKQL_DEPLOY__customer_360__prod__long='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
        export STACKQL_DEPLOY__customer_360__prod__nothing=''
        export STACKQL_DEPLOY__customer_360__prod__password='hunter2'
        export STACKQL_DEPLOY__customer_360__prod__public='true'
        export STACKQL_DEPLOY__customer_360__prod__stack_name='customer-360'
        export STACKQL_DEPLOY__customer_360__prod__subnets='[{"id":"a","az":1},"it'\''s"]'
        "#);
    }

    #[test]
    fn a_name_that_no_shell_takes_becomes_one() {
        assert_eq!(variable("my.stack", "a b", "net/vpc-id"), "STACKQL_DEPLOY__my_stack__a_b__net_vpc_id");
    }

    #[test]
    fn the_file_holds_texts_and_structures_only() {
        assert_snapshot!(file_text(&exports()), @r#"
        {
          "domain-name": "it's",
          "elapsed_time": "49.22s",
          "expire_days": "366",
          "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          "nothing": "",
          "password": "hunter2",
          "public": "true",
          "stack_name": "customer-360",
          "subnets": [
            {
              "az": 1,
              "id": "a"
            },
            "it's"
          ]
        }
        "#);
        assert!(!file_text(&exports()).ends_with('\n'));
    }

    #[test]
    fn json_has_sorted_keys_and_no_secret() {
        let json = json(&exports());
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.is_sorted() && !keys.contains(&"password") && !keys.contains(&"key"), "{keys:?}");
        assert_eq!(json["expire_days"], 366);
    }
}
