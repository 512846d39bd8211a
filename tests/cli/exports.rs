//! What `build` and `test` leave of the stack's exports: scripts of stackql-deploy users read these (stackql-compat 1.9).

use crate::common::{Place, small};
use insta::assert_snapshot;

/// [`small`] with exports of every kind.
fn exporting() -> String {
    small()
        .replace("name: customer-360", "name: cust-360")
        .replace(
            "    value: us-east-1\n",
            "    value: us-east-1\n  - {name: days, value: 366}\n  - {name: said, value: \"it's\"}\n  - {name: list, value: '[{\"b\": 1, \"a\": \"{{ region }}\"}]'}\n  - {name: no-json, value: '[x'}\n",
        )
        .replace(
            "\nexports: [domain_name]\n",
            "\nexports: [stack_name, said, domain_name, days, list, no-json]\n",
        )
}

/// The one thing that differs between runs.
fn timeless(text: &str) -> String {
    let number = regex_lite::Regex::new(r"\d+\.\d\ds\b").expect("a pattern");
    assert!(number.is_match(text), "{text}");
    number.replace_all(text, "49.22s").into_owned()
}

#[test]
fn the_files_and_the_table_are_those_of_the_predecessor() {
    let place = Place::with(&exporting());
    let build = place.run("build --sandbox --output-file out/deep/build.json app prod").exits(0);
    let table = |out: &str| out[out.find("+--").unwrap()..].to_owned();
    assert_snapshot!(table(&build.out), @r#"
    +----------------------------------------------+---------------------------+
    | variable                                     | value                     |
    +----------------------------------------------+---------------------------+
    | STACKQL_DEPLOY__cust_360__prod__days         | 366                       |
    | STACKQL_DEPLOY__cust_360__prod__domain_name  | cust-360-prod             |
    | STACKQL_DEPLOY__cust_360__prod__elapsed_time | [N]s |
    | STACKQL_DEPLOY__cust_360__prod__list         | [{"a":"us-east-1","b":1}] |
    | STACKQL_DEPLOY__cust_360__prod__no_json      | [x                        |
    | STACKQL_DEPLOY__cust_360__prod__said         | it's                      |
    | STACKQL_DEPLOY__cust_360__prod__stack_env    | prod                      |
    | STACKQL_DEPLOY__cust_360__prod__stack_name   | cust-360                  |
    +----------------------------------------------+---------------------------+
    "#);
    let shell = place.read(".stackql-deploy-exports");
    assert_snapshot!(timeless(&shell), @r#"
    export STACKQL_DEPLOY__cust_360__prod__days='366'
    export STACKQL_DEPLOY__cust_360__prod__domain_name='cust-360-prod'
    export STACKQL_DEPLOY__cust_360__prod__elapsed_time='49.22s'
    export STACKQL_DEPLOY__cust_360__prod__list='[{"a":"us-east-1","b":1}]'
    export STACKQL_DEPLOY__cust_360__prod__no_json='[x'
    export STACKQL_DEPLOY__cust_360__prod__said='it'\''s'
    export STACKQL_DEPLOY__cust_360__prod__stack_env='prod'
    export STACKQL_DEPLOY__cust_360__prod__stack_name='cust-360'
    "#);
    let json = place.read("out/deep/build.json");
    assert_snapshot!(timeless(&json), @r#"
    {
      "days": "366",
      "domain_name": "cust-360-prod",
      "elapsed_time": "49.22s",
      "list": [
        {
          "a": "us-east-1",
          "b": 1
        }
      ],
      "no-json": "[x",
      "said": "it's",
      "stack_env": "prod",
      "stack_name": "cust-360"
    }
    "#);
    assert!(json.ends_with('}') && shell.ends_with("'\n"));

    std::fs::remove_file(place.path(".stackql-deploy-exports")).unwrap();
    let test = place.run("test --sandbox --output-file out/test.json app prod").exits(0);
    assert_eq!(table(&test.out), table(&build.out));
    assert_eq!(timeless(&place.read(".stackql-deploy-exports")), timeless(&shell));
    assert_eq!(timeless(&place.read("out/test.json")), timeless(&json));
    // A build without changes leaves them as well.
    let again = place.run("build --sandbox --output-file again.json app prod").exits(0);
    assert_eq!(table(&again.out), table(&build.out));
    assert_eq!(timeless(&place.read("again.json")), timeless(&json));

    // What a shell makes of them.
    let line = ". ./.stackql-deploy-exports; printf '%s\\n' \"$STACKQL_DEPLOY__cust_360__prod__said\" \"$STACKQL_DEPLOY__cust_360__prod__list\"";
    let said = place.shell(line).output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "it's\n[{\"a\":\"us-east-1\",\"b\":1}]\n");
}

#[test]
fn names_that_nothing_defines_stop_the_build_and_are_all_named() {
    let place =
        Place::with(&small().replace("\nexports: [domain_name]\n", "\nexports: [domain_nam, gone]\n"));
    let ran = place.run("build --sandbox --output-file out.json app prod").exits(1);
    assert!(ran.err.contains("`domain_nam`") && ran.err.contains("`gone`"), "{ran}");
    assert!(!place.path("out.json").exists() && !place.path(".stackql-deploy-exports").exists());
}

#[test]
fn nothing_is_written_where_nothing_is_exported() {
    let place = Place::with(&small().replace("\nexports: [domain_name]\n", "\n"));
    let ran = place.run("build --sandbox --output-file out.json app prod").exits(0);
    assert!(ran.err.contains("the manifest exports nothing"), "{ran}");
    assert!(!place.path("out.json").exists() && !place.path(".stackql-deploy-exports").exists());
}

#[test]
fn protected_values_are_in_the_files_only_if_they_are_asked_for() {
    let manifest = small().replace(
        "    exports: [domain_name]\n",
        "    exports: [domain_name, {DefaultExpirationDays: kept}]\n    protected: [domain_name]\n",
    );
    let manifest = manifest.replace("\nexports: [domain_name]\n", "\nexports: [domain_name, kept]\n");
    let place = Place::with(&manifest);
    let name = "customer-360-prod";
    for line in
        ["build --sandbox --output-file out.json app prod", "test --sandbox --output-file out.json app prod"]
    {
        let ran = place.run(line).exits(0);
        let table = &ran.out[ran.out.find("+--").unwrap()..];
        assert!(
            !table.contains(name) && table.contains("| (sensitive)") && ran.err.contains("SD2302"),
            "{ran}"
        );
        for file in ["out.json", ".stackql-deploy-exports"] {
            let text = place.read(file);
            assert!(!text.contains(name) && text.contains("366"), "{file}\n{text}");
        }
        let ran = place.run(&format!("{line} --export-protected")).exits(0);
        let table = &ran.out[ran.out.find("+--").unwrap()..];
        assert!(
            !table.contains(name) && table.contains("| (sensitive)") && !ran.err.contains("SD2302"),
            "{ran}"
        );
        for file in ["out.json", ".stackql-deploy-exports"] {
            assert!(place.read(file).contains(name), "{file}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(place.path(file)).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{file}");
            }
        }
    }
    let ran = place.run("outputs --sandbox app prod").exits(0);
    assert!(!ran.to_string().contains(name), "{ran}");
}
