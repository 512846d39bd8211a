//! Rules of reading and looking, one by one.

use super::world::{BUCKET, File, World, delete, end_of, export, flow, look, put, shown, understood};
use serde_json::json;
use stack_core::flow::{AnchorKind, Flow, FlowKind, FlowVerdict, Purpose};
use stack_core::provider::FailureKind;
use stack_core::value::{Secret, Unknown, Value};

const CREATE: &str =
    "/*+ create */\nINSERT INTO awscc.s3.buckets (BucketName, region) SELECT '{{ name }}', 'us-east-1';\n";
const EXISTS: &str =
    "SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';\n";

fn secret(text: &str) -> Value {
    Value::Secret(Secret::new(Value::text(text)))
}

fn query(select: &str, values: &[(&str, Value)], exports: &[&str]) -> Flow {
    let mut flow = flow(FlowKind::Query, BUCKET, File::of(&format!("/*+ exports */\n{select}"), values));
    flow.exports = exports.iter().map(|name| export(name)).collect();
    flow
}

fn resource(text: &str) -> Flow {
    flow(FlowKind::Resource, BUCKET, File::of(text, &[("name", Value::text("logs"))]))
}

fn bucket(world: World, name: &str) -> World {
    world.with(BUCKET, json!({"BucketName": name, "Arn": format!("arn:{name}")}))
}

/// What a query gives, or why not.
fn answer(select: &str, values: &[(&str, Value)]) -> String {
    let seen = look(&query(select, values, &["v"]), Purpose::Plan, &World::default());
    match seen.verdict {
        FlowVerdict::Read => format!("{:?}", seen.exports.unwrap()["v"]),
        FlowVerdict::Broken(problems) => problems.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => format!("{other:?}"),
    }
}

fn broken(flow: &Flow, purpose: Purpose, world: &World) -> String {
    match look(flow, purpose, world).verdict {
        FlowVerdict::Broken(problems) => problems.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_cannot_end_a_literal() {
    let odd = Value::text("it's; -- \"x\" /* '' ");
    assert_eq!(answer("SELECT '{{ a }}' AS v", &[("a", odd.clone())]), format!("{odd:?}"));
    // Doubled for the predecessor, it is one quote.
    assert_eq!(answer("SELECT 'a-{{ a }}-b' AS v", &[("a", Value::text("''"))]), r#"String("a-'-b")"#);
    let list = Value::from(json!([{"Key": "it's"}, 1]));
    assert_eq!(answer("SELECT '{{ a }}' AS v", &[("a", list)]), r#"String("[{\"Key\":\"it's\"},1]")"#);
    assert_eq!(answer("SELECT {{ a }} + 1 AS v -- {{ a }}", &[("a", json!(4).into())]), "Number(Number(5))");
}

#[test]
fn a_value_outside_of_quotes_must_not_change_the_statement() {
    let values = [
        ("SELECT {{ a }} AS v", Value::text("1; DELETE FROM x")),
        ("SELECT {{ a }} AS v", Value::text("'x'")),
        ("SELECT {{ a }} AS v", Value::text("1 -- ")),
        ("SELECT 5 -{{ a }} AS v", json!(-1).into()),
        ("SELECT \"{{ a }}\" AS v", Value::text("a\" FROM")),
        ("SELECT {{ a }} AS v", secret("1234")),
    ];
    let told: Vec<String> = values.into_iter().map(|(text, value)| answer(text, &[("a", value)])).collect();
    insta::assert_snapshot!(told.join("\n").replace('\u{F0000}', "$"));
}

#[test]
fn secrets_are_in_no_message_and_no_shown_statement() {
    for select in [
        "SELECT json_extract('{{ s }}', '$.a') AS v",
        "SELECT nope('{{ s }}') AS v",
        "SELECT '{{ s }}' AS v FROM awscc.s3.buckets WHERE region = '{{ s }}' AND Identifier = 'a'",
        "SELECT '{{ s }}' AS",
        "SELECT '{{ s }}' AS v, nope FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'a'",
    ] {
        for text in ["x}'y", "hunter two"] {
            let told = answer(select, &[("s", secret(text))]);
            assert!(told.contains("SD14") && !told.contains(text), "{told}");
        }
    }
    let world = World::default();
    let flow = query("SELECT '{{ s }}' AS v, 1 AS w", &[("s", secret("hunter-two"))], &["v", "w"]);
    let row = look(&flow, Purpose::Plan, &world).exports.unwrap();
    // What else stands beside it may be made of it too.
    assert_eq!(row["v"], secret("hunter-two"));
    assert!(matches!(row["w"], Value::Secret(_)));
    assert!(matches!(world.statements.lock().unwrap()[0], Value::Secret(_)));
    assert!(!world.told().contains("hunter"));
}

#[test]
fn short_secrets_stay_secret_as_columns() {
    let flow = query("SELECT '{{ s }}' AS v, 'x{{ s }}' AS w", &[("s", secret("12"))], &["v"]);
    assert_eq!(look(&flow, Purpose::Plan, &World::default()).exports.unwrap()["v"], secret("12"));
}

#[test]
fn a_check_finds_one_or_none() {
    let two = || bucket(bucket(World::default(), "a"), "b");
    let several = resource(&format!(
        "/*+ exists */\nSELECT bucket_name FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1';\n{CREATE}"
    ));
    let counted = resource(&format!(
        "/*+ exists */\nSELECT COUNT(*) AS count FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1';\n{CREATE}"
    ));
    insta::assert_snapshot!(
        [
            broken(&several, Purpose::Plan, &two()),
            broken(&counted, Purpose::Plan, &two()),
            broken(&several, Purpose::Teardown, &two()),
            end_of(&put(&counted, &two())),
        ]
        .join("\n")
    );
}

#[test]
fn denied_is_never_absent() {
    let flow = resource(&format!("/*+ exists, retries=3 */\n{EXISTS}{CREATE}"));
    for kind in [FailureKind::Denied, FailureKind::Credentials, FailureKind::Invalid, FailureKind::Internal] {
        for purpose in [Purpose::Plan, Purpose::Teardown, Purpose::Test] {
            let world = World::default();
            world.unreadable.lock().unwrap().push(kind);
            let told = broken(&flow, purpose, &world);
            assert!(told.contains("User is not authorized") && told.contains(kind.word()), "{told}");
            assert_eq!(world.log(), "exists get");
        }
        let world = World::default();
        world.unreadable.lock().unwrap().push(kind);
        let told = end_of(&put(&flow, &world));
        assert!(told.starts_with("failed: - [SD1410] `awscc.s3.buckets` could not be read"), "{told}");
        assert_eq!(world.log(), "exists get");
    }
}

#[test]
fn what_passes_is_asked_again_as_the_options_say() {
    let text = format!("/*+ statecheck, retries=3, retry_delay=7 */\n{EXISTS}{CREATE}");
    let world = bucket(World::default(), "logs");
    world.unreadable.lock().unwrap().extend([FailureKind::Unavailable, FailureKind::Throttled]);
    assert_eq!(look(&resource(&text), Purpose::Test, &world).verdict, FlowVerdict::AsWanted);
    assert_eq!(world.log(), "statecheck get 7s statecheck get 7s statecheck get");
}

#[test]
fn retries_are_counted_as_the_table_says() {
    for (options, expected) in [
        ("", "exists get"),
        (", retries=0", "exists get"),
        (", retries=3, retry_delay=5", "exists get 5s exists get 5s exists get"),
    ] {
        let flow = resource(&format!("/*+ exists{options} */\n{EXISTS}{CREATE}"));
        let world = World::default();
        assert_eq!(look(&flow, Purpose::Test, &world).verdict, FlowVerdict::Absent);
        assert_eq!(world.log(), expected);
        // A plan asks once.
        let world = World::default();
        assert_eq!(look(&flow, Purpose::Plan, &world).verdict, FlowVerdict::Absent);
        assert_eq!(world.log(), "exists get");
    }
    let empty =
        "SELECT bucket_name AS v FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'none'";
    let world = World::default();
    let file = File::of(&format!("/*+ exports, retries=2, retry_delay=1 */\n{empty}"), &[]);
    let told = end_of(&put(&flow(FlowKind::Query, BUCKET, file), &world));
    assert!(told.starts_with("failed: - [SD1464]"), "{told}");
    assert_eq!(world.log(), "exports get 1s exports get 1s exports get");
}

#[test]
fn checks_only_read_and_their_first_statement_counts() {
    let writes =
        resource(&format!("/*+ exists */\nDELETE FROM awscc.s3.buckets WHERE Identifier = 'a';\n{CREATE}"));
    insta::assert_snapshot!(broken(&writes, Purpose::Plan, &World::default()), @"[SD1461] `exists` of x would change something | exists«DELETE FROM awscc.s3.buckets WHERE Identifier = 'a'» this changes something | next: write a SELECT here");
    assert_eq!(answer("SELECT 1 AS v; SELECT 2 AS v;", &[]), "Number(Number(1))");
    assert_eq!(answer("SHOW PROVIDERS LIKE 'awscc'; SELECT 2 AS v;", &[]).as_str(), "String(\"\")");
}

#[test]
fn queries_give_one_row() {
    let some = "SELECT bucket_name AS v FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1'";
    let flow = query(some, &[], &["v"]);
    let empty = look(&flow, Purpose::Plan, &World::default());
    assert!(matches!(empty.verdict, FlowVerdict::Unanswered(ref problems) if problems.len() == 1));
    assert_eq!(look(&flow, Purpose::Plan, &bucket(World::default(), "a")).verdict, FlowVerdict::Read);
    let two = bucket(bucket(World::default(), "a"), "b");
    insta::assert_snapshot!(broken(&flow, Purpose::Plan, &two), @"[SD1464] `exports` of x gives 2 rows | exports«» exactly one is needed | next: correct the conditions of the query");
    let waits = Value::Unknown(Unknown::of(&"other".into(), "Arn"));
    let flow = query("SELECT '{{ a }}' AS v", &[("a", waits)], &["v"]);
    assert!(matches!(look(&flow, Purpose::Plan, &World::default()).verdict, FlowVerdict::Waiting(_)));
    // What the row lacks is empty text, and told.
    let world = World::default();
    assert_eq!(
        end_of(&put(&query("SELECT 1 AS v", &[], &["v", "w"]), &world)),
        "done: nothing sent (v=1, w=) [SD1485]"
    );
}

#[test]
fn a_plan_tells_what_is_wrong_before_anything_is_written() {
    let odd = resource(&format!(
        "/*+ exists */\n{EXISTS}/*+ create */\nINSERT INTO awscc.s3.buckets (BucketNam, region) SELECT '{{{{ name }}}}', 'us-east-1';\n"
    ));
    insta::assert_snapshot!(broken(&odd, Purpose::Plan, &World::default()), @"[SD1405] `awscc.s3.buckets` has no column `BucketNam` | create«BucketNam»  | next: did you mean `BucketName`?");
    let missing = resource(&format!(
        "/*+ exists */\n{EXISTS}/*+ create */\nINSERT INTO awscc.s3.buckets (BucketName) SELECT '{{{{ none }}}}';\n"
    ));
    insta::assert_snapshot!(broken(&missing, Purpose::Plan, &World::default()), @"[SD1203] `none` is not defined");
    // It is there, and the INSERT could never make it again.
    assert!(broken(&odd, Purpose::Plan, &bucket(World::default(), "logs")).contains("SD1405"));
    let command =
        |text: &str| flow(FlowKind::Command, BUCKET, File::of(&format!("/*+ command */\n{text}"), &[]));
    let fine = command("DELETE FROM awscc.s3.buckets WHERE Identifier = 'a'");
    assert_eq!(look(&fine, Purpose::Plan, &World::default()).verdict, FlowVerdict::Always);
    let odd = command("DELETE FROM awscc.s3.bukets WHERE Identifier = 'a'");
    assert!(broken(&odd, Purpose::Plan, &World::default()).contains("did you mean"));
    assert_eq!(look(&odd, Purpose::Teardown, &World::default()).verdict, FlowVerdict::Always);
}

#[test]
fn a_check_that_lacks_values_or_cannot_compute_is_not_fulfilled() {
    let checks = [
        "SELECT COUNT(*) AS count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ this.none }}';",
        "SELECT json_equal(tags, '[]') AS same FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';",
    ];
    let told = checks.map(|check| {
        let text = format!("/*+ exists */\n{EXISTS}/*+ statecheck */\n{check}\n{CREATE}");
        let seen = look(&resource(&text), Purpose::Plan, &bucket(World::default(), "logs"));
        assert_eq!(seen.verdict, FlowVerdict::Differs(AnchorKind::StateCheck));
        seen.notes.iter().map(shown).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_statecheck_that_cannot_compute_does_not_hide_what_is_there() {
    let check = "SELECT json_equal(tags, '[]') AS same FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';";
    let text = format!(
        "/*+ statecheck */\n{check}\n{CREATE}/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE Identifier = '{{{{ name }}}}';"
    );
    let world = || bucket(World::default(), "logs");
    let flow = understood(resource(&text), json!({"BucketName": "logs"}));
    assert_eq!(look(&flow, Purpose::Teardown, &world()).verdict, FlowVerdict::AsWanted);
    assert_eq!(look(&flow, Purpose::Plan, &world()).verdict, FlowVerdict::Differs(AnchorKind::StateCheck));
    assert!(end_of(&delete(&flow, &world())).starts_with("done: delete"));
    // Nothing tells what it would be.
    assert!(
        broken(&resource(&text.replace("{{ name }}", "logs")), Purpose::Teardown, &world())
            .contains("SD1413")
    );
}

#[test]
fn without_a_check_something_must_identify_it() {
    let bare = resource(CREATE);
    insta::assert_snapshot!(broken(&bare, Purpose::Plan, &World::default()), @"[SD1463] nothing says whether x is there |   | next: add `/*+ exists */` with a SELECT that finds it");
    let known = understood(bare, json!({"BucketName": "logs"}));
    assert_eq!(look(&known, Purpose::Plan, &bucket(World::default(), "logs")).verdict, FlowVerdict::AsWanted);
    let unproven = resource(&format!("/*+ statecheck */\n{EXISTS}{CREATE}"));
    let seen = look(&unproven, Purpose::Plan, &World::default());
    assert_eq!((seen.verdict, seen.notes.len()), (FlowVerdict::Absent, 1));
}

#[test]
fn a_captured_identifier_finds_the_model() {
    let text = format!(
        "/*+ exists */\nSELECT bucket_name FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1';\n{CREATE}"
    );
    let world = bucket(World::default(), "other");
    let seen = look(&understood(resource(&text), json!({})), Purpose::Plan, &world);
    assert_eq!(seen.live.unwrap().identifier.to_string(), "other");
    assert_eq!(world.log(), "exists list get");
    // Nobody understands its statements: no read.
    let world = bucket(World::default(), "other");
    assert_eq!(look(&resource(&text), Purpose::Plan, &world).live, None);
    assert_eq!(world.log(), "exists list");
}

#[test]
fn what_waits_is_said_and_multi_is_assumed_at_teardown() {
    let file = |name: Value| {
        let text = format!(
            "/*+ exists */\n{EXISTS}{CREATE}/*+ delete */\nDELETE FROM awscc.s3.buckets WHERE Identifier = 'a';"
        );
        File::of(&text, &[("name", name)])
    };
    let waits = Value::Unknown(Unknown::of(&"other".into(), "Arn"));
    let one = flow(FlowKind::Resource, BUCKET, file(waits));
    for purpose in [Purpose::Plan, Purpose::Teardown, Purpose::Test] {
        assert!(matches!(look(&one, purpose, &World::default()).verdict, FlowVerdict::Waiting(_)));
    }
    let told = end_of(&put(&one, &World::default()));
    assert!(told.contains("[SD1473]") && told.contains("waits for: other.Arn"), "{told}");
    let world = World::default();
    let multi = flow(FlowKind::Multi, BUCKET, file(Value::text("logs")));
    assert_eq!(look(&multi, Purpose::Teardown, &world).verdict, FlowVerdict::Assumed);
    assert_eq!(world.log(), "");
}

#[test]
fn an_export_that_no_column_gives_is_told_at_once_and_when_it_is_read() {
    let told = |select: &str, exports: &[&str], world: &World| {
        let seen = look(
            &query(select, &[("name", Value::text("logs")), ("id", Value::text("bucket_name"))], exports),
            Purpose::Plan,
            world,
        );
        assert_eq!(seen.verdict, FlowVerdict::Read);
        seen.notes.iter().map(shown).collect::<Vec<_>>().join("\n")
    };
    let there = bucket(World::default(), "logs");
    let select = EXISTS.replace("bucket_name FROM", "bucket_name, arn AS bucket_arn FROM");
    insta::assert_snapshot!([
        told(&select, &["Bucket_Name", "bucket_arm", "other"], &there),
        told("SELECT 1 AS a, 2 AS b", &["vpc"], &there),
        // What is known only once it is read.
        told(&EXISTS.replace("bucket_name FROM", "{{ id }} FROM"), &["vpc"], &there),
    ].join("\n"), @"
        [SD1485] `exports` of x lists `bucket_arm`, `other`, which no column gives | exports«» did you mean `bucket_arn`? | next: name the column in the SELECT, or take it out of `exports`: it is exported as empty text
        [SD1485] `exports` of x lists `vpc`, which no column gives | exports«» there is a, b | next: name the column in the SELECT, or take it out of `exports`: it is exported as empty text
        [SD1485] `exports` of x lists `vpc`, which no column gives | exports«» there is bucket_name | next: name the column in the SELECT, or take it out of `exports`: it is exported as empty text
        ");
    assert_eq!(told(&select, &["bucket_name", "BUCKET_ARN"], &there), "");
    let mut flow = resource(&format!("/*+ exists */\n{EXISTS}{CREATE}/*+ exports */\nSELECT 1 AS a"));
    flow.exports = vec![export("b")];
    let seen = look(&flow, Purpose::Plan, &World::default());
    assert_eq!((seen.verdict, seen.notes.len()), (FlowVerdict::Absent, 1), "known before it is there");
}

#[test]
fn exports_without_a_query_are_columns_of_the_table() {
    let mut flow =
        understood(resource(&format!("/*+ exists */\n{EXISTS}{CREATE}")), json!({"BucketName": "logs"}));
    flow.exports =
        ["arn", "data__BucketName", "identifier", "data__identifier", "Region", "arm"].map(export).to_vec();
    let seen = look(&flow, Purpose::Plan, &bucket(World::default(), "logs"));
    let row = seen.exports.unwrap();
    let row: Vec<String> =
        row.iter().map(|(name, value)| format!("{name}={}", value.scalar_text().unwrap())).collect();
    assert_eq!(
        row,
        [
            "arn=arn:logs",
            "data__BucketName=logs",
            "identifier=logs",
            "data__identifier=logs",
            "Region=us-east-1",
            "arm="
        ]
    );
    assert!(shown(&seen.notes[0]).contains("`arm`") && shown(&seen.notes[0]).contains("did you mean `arn`?"));
}
