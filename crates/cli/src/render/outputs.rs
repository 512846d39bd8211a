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
    /// True for a secret that only an earlier run knew: a file that holds it is where it was kept.
    pub lost: bool,
}

impl Export {
    /// An export that may be shown.
    pub fn shown(name: &str, value: Json) -> Self {
        Self { name: name.to_owned(), value: Some(value), sensitive: false, lost: false }
    }

    /// A secret that only an earlier run knew.
    pub fn lost(name: &str) -> Self {
        Self { name: name.to_owned(), value: None, sensitive: true, lost: true }
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
            let cover = if export.lost { "(sensitive, of an earlier run)" } else { "(sensitive)" };
            let value = clean(&shown.unwrap_or_else(|| cover.to_owned()), style.unicode);
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

/// Gives lost secrets the values that a file of [`file_text`] of the same stack holds.
pub fn keep_of_json(exports: &mut [Export], file: &str) {
    let Ok(Json::Object(held)) = serde_json::from_str::<Json>(file) else { return };
    let is_own = exports
        .iter()
        .filter(|export| ["stack_name", "stack_env"].contains(&export.name.as_str()))
        .all(|export| held.get(&export.name) == export.value.as_ref());
    for export in exports.iter_mut().filter(|export| is_own && export.lost) {
        export.value = held.get(&export.name).cloned();
    }
}

/// Gives lost secrets the values that a file of [`shell`] holds: its variables name stack and environment.
pub fn keep_of_shell(stack: &str, env: &str, exports: &mut [Export], file: &str) {
    for export in exports.iter_mut().filter(|export| export.lost) {
        let start = format!("export {}='", variable(stack, env, &export.name));
        let held = file.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''));
        export.value = held.map(|text| Json::String(text.replace(r"'\''", "'")));
    }
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
        let hidden = |name: &str, value| Export { value, lost: false, ..Export::lost(name) };
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

    /// Exports of a later run, which does not know the secret `key`.
    fn later(env: &str) -> Vec<Export> {
        let of = |name: &str, text: &str| Export::shown(name, json!(text));
        vec![Export::lost("key"), of("stack_env", env), of("stack_name", "s")]
    }

    #[test]
    fn the_only_copy_of_a_secret_stays_in_its_files() {
        let first = |env: &str| {
            let mut exports = later(env);
            exports[0] = Export { value: Some(json!("it's")), sensitive: true, ..exports[1].clone() };
            exports[0].name = "key".to_owned();
            exports
        };
        let (json_file, shell_file) = (file_text(&first("dev")), shell("s", "dev", &first("dev")));
        let kept = |keep: &dyn Fn(&mut [Export]), env: &str| {
            let mut exports = later(env);
            keep(&mut exports);
            (file_text(&exports), shell("s", env, &exports))
        };
        for keep in [
            &(|all: &mut [Export]| keep_of_json(all, &json_file)) as &dyn Fn(&mut [Export]),
            &|all: &mut [Export]| keep_of_shell("s", "dev", all, &shell_file),
        ] {
            assert_eq!(kept(keep, "dev"), (json_file.clone(), shell_file.clone()));
        }
        // Another environment's file says nothing of this one, nor does one that is no such file.
        let of_prod = file_text(&later("prod"));
        assert_eq!(kept(&|all| keep_of_json(all, &json_file), "prod").0, of_prod);
        assert_eq!(kept(&|all| keep_of_shell("s", "prod", all, &shell_file), "prod").0, of_prod);
        assert_eq!(kept(&|all| keep_of_json(all, "{"), "prod").0, of_prod);
        let shown = table("s", "dev", &later("dev"), Style::plain(100, true));
        assert!(shown.contains("(sensitive, of an earlier run)"), "{shown}");
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
