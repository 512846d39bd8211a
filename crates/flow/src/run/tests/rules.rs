//! Rules of changing, one by one.

use super::world::{
    BUCKET, File, VPC, World, delete, end_of, export, flow, look, look_at_rest, put, returned, shown,
    understood,
};
use serde_json::{Value as Json, json};
use stack_core::flow::{Flow, FlowEnd, FlowKind, FlowVerdict, Purpose, ShellEnd, Shelled};
use stack_core::identity::Identifier;
use stack_core::ids::TypeName;
use stack_core::provider::FailureKind;
use stack_core::value::{Secret, Value};

const EXISTS: &str = "/*+ exists */
SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
";
const NEVER: &str = "/*+ statecheck, retries=2, retry_delay=3 */
SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'another';
";
const INSERT: &str = "INSERT INTO awscc.s3.buckets (BucketName, region) SELECT '{{ name }}', 'us-east-1'";
const DELETE: &str =
    "DELETE FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}';\n";

fn of(kind: FlowKind, text: &str) -> Flow {
    flow(kind, BUCKET, File::of(text, &[("name", Value::text("logs"))]))
}

fn resource(text: &str) -> Flow {
    of(FlowKind::Resource, text)
}

fn there() -> World {
    World::default().with(BUCKET, json!({"BucketName": "logs", "Arn": "arn:logs"}))
}

fn refusing(world: World, failures: &[(bool, FailureKind)]) -> World {
    world.refuses.lock().unwrap().extend(failures);
    world
}

/// How it ended, and all that happened.
fn made(flow: &Flow, world: &World) -> String {
    let end = end_of(&put(flow, world));
    format!("{}\n  {end}", world.log())
}

fn gone(flow: &Flow, world: &World) -> String {
    let end = end_of(&delete(flow, world));
    format!("{}\n  {end}", world.log())
}

#[test]
fn returned_values_are_kept_or_missed() {
    let create = |returning: &str, columns: &[(&str, &str)]| {
        let text = format!(
            "{EXISTS}/*+ create */\n{INSERT} {returning};\n/*+ exports */\nSELECT '{{{{ this.token }}}}' AS t, '{{{{ callback.ProgressEvent.OperationStatus }}}}' AS s;"
        );
        let mut flow = resource(&text);
        flow.exports = vec![export("t"), export("s")];
        flow.returns.create = columns.iter().map(|(column, variable)| returned(column, variable)).collect();
        let world = World::default();
        let told = made(&flow, &world);
        format!("{told}\n  {}", world.told().replace('\n', "\n  "))
    };
    insta::assert_snapshot!(
        [
            create("RETURNING *", &[("RequestToken", "token"), ("ProgressEvent.Identifier", "id")]),
            create("RETURNING *", &[("ErrorCode", "token")]),
            create("RETURNING Identifier", &[("RequestToken", "token")]),
            create("", &[("RequestToken", "token")]),
        ]
        .join("\n")
    );
}

#[test]
fn callbacks_are_waited_for_or_cut_short() {
    let with = |options: &str, condition: &str| {
        let text = format!(
            "{EXISTS}/*+ create */\n{INSERT} RETURNING *;\n/*+ callback{options} */\nSELECT {condition};\n"
        );
        made(&resource(&text), &World::default())
    };
    let never = "0 AS success";
    insta::assert_snapshot!(
        [
            with("", "'{{ callback.OperationStatus }}' = 'SUCCESS' AS success"),
            with("", "COUNT(*) AS count"),
            with(", retries=2, retry_delay=4", never),
            with(", short_circuit_field=ProgressEvent.OperationStatus, short_circuit_value=SUCCESS", never),
            with(", short_circuit_field=OperationStatus, short_circuit_value=FAILED", never),
            with(":create", "1 AS success"),
            // Of another operation.
            with(":delete", never),
        ]
        .join("\n")
    );
}

#[test]
fn troubleshooting_runs_once_and_changes_nothing() {
    let text = |own: &str| {
        format!(
            "{EXISTS}/*+ create */\n{INSERT};\n{NEVER}/*+ troubleshoot */\nSELECT 'any' AS which;\n/*+ troubleshoot:create */\n{own};\n"
        )
    };
    let told = |flow: Flow, world: World| {
        let end = made(&flow, &world);
        let told = world.told();
        let rows: Vec<&str> = told.lines().filter(|line| line.starts_with(['{', '['])).collect();
        format!("{end}\n  {}", rows.join("\n  "))
    };
    let two = "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL";
    insta::assert_snapshot!(
        [
            told(resource(&text(two)), World::default()),
            told(resource(&text(two)), refusing(World::default(), &[(true, FailureKind::Internal)])),
            told(resource(&text("SELECT '{{ none }}'")), World::default()),
            // It is there, and its update fails.
            told(resource(&text(two)), there()),
        ]
        .join("\n")
    );
}

#[test]
fn what_was_accepted_is_never_sent_again() {
    let flow = resource(&format!("{EXISTS}/*+ create, retries=2, retry_delay=6 */\n{INSERT};\n"));
    let told: Vec<String> = [
        vec![(false, FailureKind::Unavailable)],
        vec![(false, FailureKind::Unavailable); 3],
        vec![(false, FailureKind::Invalid)],
        vec![(true, FailureKind::Internal)],
        vec![(true, FailureKind::NoAnswer)],
    ]
    .iter()
    .map(|failures| made(&flow, &refusing(World::default(), failures)))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn multi_goes_on_but_not_where_nothing_would_help() {
    let two =
        format!("{INSERT}; INSERT INTO awscc.s3.buckets (BucketName, region) SELECT 'more', 'us-east-1';");
    let flow =
        of(FlowKind::Multi, &format!("{EXISTS}/*+ create, retries=0 */\n{two}\n/*+ delete */\n{DELETE}"));
    let put = |failures: &[(bool, FailureKind)]| {
        let world = refusing(World::default(), failures);
        format!("{}\n  {}", made(&flow, &world), world.told().replace('\n', "\n  "))
    };
    let left = || refusing(there(), &[(false, FailureKind::Conflict)]);
    insta::assert_snapshot!(
        [
            put(&[]),
            put(&[(true, FailureKind::Internal)]),
            put(&[(false, FailureKind::Denied)]),
            put(&[(false, FailureKind::Credentials)]),
            gone(&flow, &there()),
            gone(&flow, &World::default()),
            gone(&flow, &left()),
            gone(&flow, &refusing(there(), &[(false, FailureKind::Denied)])),
        ]
        .join("\n")
    );
}

#[test]
fn an_index_that_is_late_makes_nothing_twice() {
    let text = "/*+ exists, retries=2, retry_delay=1 */
SELECT split_part(ResourceARN, '/', 2) AS vpc_id FROM awscc.tagging.tagged_resources
WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"a\",\"Values\":[\"b\"]}]';
/*+ create */
INSERT INTO awscc.ec2.vpcs (CidrBlock, region) SELECT '10.0.0.0/16', 'us-east-1';
/*+ exports */
SELECT vpc_id FROM awscc.ec2.vpcs WHERE region = 'us-east-1' AND Identifier = '{{ vpc_id }}';
";
    let with = |late: u32| {
        let mut flow = flow(FlowKind::Resource, VPC, File::of(text, &[]));
        flow.exports = vec![export("vpc_id")];
        let world = World::default();
        *world.late.lock().unwrap() = late;
        made(&flow, &world)
    };
    insta::assert_snapshot!([with(1), with(2), with(4), with(100)].join("\n"));
}

#[test]
fn an_update_sends_what_differs() {
    const UPDATE: &str = "/*+ update */
UPDATE awscc.s3.buckets SET PatchDocument = string('[{\"op\":\"add\",\"path\":\"/Tags\",\"value\":[{\"Key\":\"b\",\"Value\":\"2\"},{\"Key\":\"a\",\"Value\":\"1\"}]},{\"op\":\"add\",\"path\":\"/VersioningConfiguration\",\"value\":{\"Status\":\"Enabled\"}}]')
WHERE region = 'us-east-1' AND Identifier = '{{ name }}';
";
    let check = NEVER.replace(
        "'another'",
        "'{{ name }}' AND json_extract(versioning_configuration, '$.Status') = 'Enabled'",
    );
    let world = |status: &str| {
        World::default().with(
            BUCKET,
            json!({"BucketName": "logs", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
                "VersioningConfiguration": {"Status": status}}),
        )
    };
    let sent = |flow: &Flow, world: &World| {
        let end = made(flow, world);
        let patches = world.patches.lock().unwrap();
        let paths = patches.iter().flat_map(|patch| patch.as_array().unwrap());
        let paths: Vec<&str> = paths.map(|one| one["path"].as_str().unwrap()).collect();
        format!("{end}\n  {}", paths.join(" "))
    };
    let flow = resource(&format!("{EXISTS}{check}/*+ create */\n{INSERT};\n{UPDATE}"));
    let literal = Flow { literal_patch: true, ..flow.clone() };
    let nothing = resource(&format!("{EXISTS}{NEVER}/*+ create */\n{INSERT};\n{UPDATE}"));
    let foreseen = |flow: &Flow, world: &World| {
        look(flow, Purpose::Plan, world).notes.iter().map(|note| note.code.to_string()).collect::<String>()
    };
    assert_eq!(foreseen(&nothing, &world("Enabled")), "SD1478");
    assert_eq!(foreseen(&flow, &world("Suspended")), "");
    insta::assert_snapshot!(
        [
            sent(&flow, &world("Suspended")),
            sent(&literal, &world("Suspended")),
            sent(&nothing, &world("Enabled")),
        ]
        .join("\n")
    );
}

#[test]
fn a_deletion_is_confirmed() {
    let with = |options: &str, sticky: u32| {
        let flow = resource(&format!(
            "{EXISTS}/*+ delete{options} */\n{DELETE}/*+ troubleshoot:delete */\nSELECT 1 AS a;"
        ));
        let world = there();
        *world.sticky.lock().unwrap() = sticky;
        gone(&flow, &world)
    };
    let after = resource(&format!(
        "{EXISTS}/*+ delete */\n{}\n/*+ callback:delete */\nSELECT '{{{{ callback.Operation }}}}' = 'DELETE' AS success;",
        DELETE.replace(';', "RETURNING *;")
    ));
    let elsewhere = resource(&format!("{EXISTS}/*+ delete */\n{}", DELETE.replace("{{ name }}", "another")));
    insta::assert_snapshot!(
        [
            with("", 0),
            with(", retries=0", 1),
            with(", retries=3, retry_delay=5", 1),
            with(", retries=2, retry_delay=5", 9),
            gone(&after, &there()),
            // It names what is not there, and the check still finds it.
            gone(&elsewhere, &there()),
            gone(
                &resource(&format!("{EXISTS}/*+ delete */\n{DELETE}")),
                &refusing(there(), &[(false, FailureKind::Denied)])
            ),
            // An own deletion was done: an index may still list it.
            gone(
                &understood(resource(&format!("/*+ delete */\n{DELETE}")), json!({"BucketName": "logs"})),
                &there()
            ),
        ]
        .join("\n")
    );
}

#[test]
fn scripts_give_an_object() {
    let with = |text: Value, shelled: Option<Shelled>| {
        let mut flow = flow(FlowKind::Script, BUCKET, File::shell(text));
        flow.exports = vec![export("a"), export("b")];
        let world = World::default();
        *world.shell.lock().unwrap() = shelled;
        made(&flow, &world)
    };
    let ended = |end: ShellEnd, stdout: &str| {
        let (stdout, stderr) = (stdout.as_bytes().into(), b"one\n\ntwo hunter-two".as_slice().into());
        Some(Shelled { end, stdout, stderr, leaves_some: false })
    };
    let silent = Shelled {
        leaves_some: true,
        stderr: b"\n".as_slice().into(),
        ..ended(ShellEnd::Code(0), "{\"a\": 1, \"b\": 2}").unwrap()
    };
    let code = ShellEnd::Code;
    let text = || Value::text("make it");
    insta::assert_snapshot!(
        [
            with(text(), ended(code(0), "{\"a\": 1, \"b\": \"x\", \"c\": true}\n")),
            with(text(), ended(code(0), "{\"a\": 1}")),
            with(text(), ended(code(0), "no")),
            with(Value::Secret(Secret::new(Value::text("hunter-two"))), ended(code(3), "")),
            with(text(), ended(ShellEnd::Signal, "")),
            with(text(), None),
            with(text(), ended(ShellEnd::Stopped, "")),
            with(text(), ended(ShellEnd::TimeOver, "")),
            with(text(), ended(code(0), &"x".repeat(2_000_000))),
            with(text(), Some(Shelled { end: code(1), ..silent.clone() })),
            with(text(), Some(silent)),
        ]
        .join("\n")
    );
}

#[test]
fn what_holds_exports_is_never_shown() {
    let end = |exports: &[&str], end: ShellEnd| {
        let mut flow = flow(FlowKind::Script, BUCKET, File::shell(Value::text("make it")));
        flow.exports = exports.iter().map(|name| export(name)).collect();
        let world = World::default();
        let stdout = b"{\"password\": \"hunter-two\"}\n".as_slice().into();
        *world.shell.lock().unwrap() =
            Some(Shelled { end, stdout, stderr: b"\n".as_slice().into(), leaves_some: false });
        made(&flow, &world)
    };
    for how in [ShellEnd::Code(3), ShellEnd::Signal, ShellEnd::Stopped, ShellEnd::TimeOver] {
        let told = end(&["password"], how);
        assert!(
            !told.contains("hunter") && told.contains("stdout: it is not shown, it holds exports"),
            "{told}"
        );
        let told = end(&[], how);
        assert!(told.contains("stdout: {\"password\""), "{told}");
    }
}

#[test]
fn a_run_that_stops_leaves_no_doubt() {
    let flow = resource(&format!("{EXISTS}/*+ create */\n{INSERT};\n{NEVER}"));
    let stopping = |at: &'static str| {
        let world = World::default();
        *world.stops_at.lock().unwrap() = Some(at);
        made(&flow, &world)
    };
    insta::assert_snapshot!([stopping("exists"), stopping("CREATE")].join("\n"));
}

#[test]
fn commands_send_every_statement_in_its_order() {
    let text = format!(
        "/*+ command */\n{INSERT};\nSELECT 1;\nINSERT INTO awscc.s3.buckets (BucketName, region, ClientToken) SELECT 'more', 'us-east-1', 'own-token';\n{DELETE}"
    );
    let command = of(FlowKind::Command, &text);
    insta::assert_snapshot!(
        [
            made(&command, &World::default()),
            // A part was done: it is not done again.
            made(&command, &refusing(World::default(), &[])),
            made(&command, &refusing(there(), &[(false, FailureKind::Denied)])),
        ]
        .join("\n")
    );
}

#[test]
fn a_look_knows_what_statements_would_do() {
    let text = format!("/*+ command */\n{INSERT};\n{}", DELETE.replace("us-east-1", "eu-west-1"));
    let hits = look(&of(FlowKind::Command, &text), Purpose::Plan, &World::default()).hits;
    assert_eq!(
        super::foresee::shown(&hits),
        ["create AWS::S3::Bucket us-east-1", "delete AWS::S3::Bucket eu-west-1"]
    );
}

#[test]
fn an_update_of_what_only_a_create_can_set_is_told_before_it_is_sent() {
    let of = |document: &str| {
        let text = format!(
            "{EXISTS}{NEVER}/*+ create */\n{INSERT};\n/*+ update */\nUPDATE awscc.s3.buckets SET PatchDocument = '{document}' WHERE region = 'us-east-1' AND Identifier = 'logs';\n"
        );
        resource(&text)
    };
    let told = |flow: &Flow| match look(flow, Purpose::Plan, &there()).verdict {
        FlowVerdict::Broken(problems) => problems.iter().map(shown).collect::<Vec<_>>().join("\n"),
        other => format!("{other:?}"),
    };
    let other =
        r#"[{"op":"replace","path":"/BucketName","value":"other"},{"op":"add","path":"/Tags","value":[]}]"#;
    insta::assert_snapshot!(told(&of(other)), @"[SD1484] the UPDATE of x sets BucketName, which only a create can | update«» the service refuses this as a whole | resource: AWS::S3::Bucket logs | next: keep the value of BucketName as it is, or tear x down and build it again");
    // What is so already is left out, unless the document is sent as it is written.
    let same = of(
        r#"[{"op":"replace","path":"/BucketName","value":"logs"},{"op":"add","path":"/Tags","value":[{"Key":"a","Value":"b"}]}]"#,
    );
    assert_eq!(told(&same), "Differs(StateCheck)");
    assert!(told(&Flow { literal_patch: true, ..same }).contains("SD1484"));
}

#[test]
fn a_delete_below_create_is_not_sent_even_where_no_draft_could_show_it() {
    // A plan asks only for what it needs; the run holds the same rule for itself.
    let text = format!("{EXISTS}/*+ create */\n{DELETE}");
    let world = World::default();
    let told = made(&resource(&text), &world);
    assert!(told.contains("SD1483") && !told.contains("delete AWS::"), "{told}");
}

#[test]
fn what_is_computed_from_a_secret_is_one() {
    let file = |text: &str| {
        let secret = Value::Secret(Secret::new(Value::text("hunter2")));
        let file = File::of(text, &[("name", Value::text("logs")), ("pw", secret)]);
        let mut flow = flow(FlowKind::Query, BUCKET, file);
        flow.exports = vec![export("x")];
        look(&flow, Purpose::Plan, &there()).exports.unwrap()["x"].clone()
    };
    let hex = file("/*+ exports */\nSELECT hex('{{ pw }}') AS x;");
    assert!(matches!(hex, Value::Secret(_)));
    // Where it only filters, what was found is no secret.
    let found = file(
        "/*+ exports */\nSELECT bucket_name AS x FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{{ name }}' AND arn <> '{{ pw }}';",
    );
    assert_eq!(found, Value::text("logs"));
}

#[test]
fn validation_is_skipped_once_it_exists() {
    let text = format!("{EXISTS}{NEVER}/*+ create */\n{INSERT};\n");
    let flow = Flow { skip_validation: true, ..resource(&text) };
    insta::assert_snapshot!([made(&flow, &there()), made(&flow, &World::default())].join("\n"));
}

#[test]
fn secrets_stay_out_of_what_a_failure_says() {
    let file = File::of(
        &format!("{EXISTS}/*+ create */\n{}", INSERT.replace("{{ name }}", "{{ word }}")),
        &[("name", Value::text("logs")), ("word", Value::Secret(Secret::new(Value::text("s3cr3t-word"))))],
    );
    let world = refusing(World::default(), &[(true, FailureKind::Internal)]);
    let flow = flow(FlowKind::Resource, BUCKET, file);
    let FlowEnd::Failed { diagnostic, .. } = put(&flow, &world) else { panic!() };
    assert!(!format!("{diagnostic:?}").contains("s3cr3t-word"));
    assert!(!format!("{:?}", world.statements).contains("s3cr3t-word"));
    assert!(!world.told().contains("s3cr3t-word"));
    let sent: Json = json!(world.log());
    assert_eq!(sent, json!("exists get create CREATE#0"));
}

#[test]
fn a_document_keeps_its_types() {
    let text = "/*+ command */
UPDATE awscc.rds.db_instances SET PatchDocument = string('{{ document }}') WHERE region = 'us-east-1' AND Identifier = 'db';
";
    let file = |text: &str, document: Option<Json>| {
        let mut file = File::of(
            text,
            &[("document", Value::text("[{\"op\":\"add\",\"path\":\"/EngineVersion\",\"value\":14.0}]"))],
        );
        file.document = document.map(Value::from);
        flow(FlowKind::Command, BUCKET, file)
    };
    let sent = |flow: &Flow| {
        let world = World::default().with("AWS::RDS::DBInstance", json!({"DBInstanceIdentifier": "db"}));
        put(flow, &world);
        let patches = world.patches.lock().unwrap();
        patches.iter().map(|patch| patch[0]["value"].to_string()).collect::<String>()
    };
    let typed = file(text, Some(json!({"EngineVersion": "14.00"})));
    assert_eq!(sent(&typed), "\"14.00\"");
    assert_eq!(sent(&Flow { literal_patch: true, ..typed }), "14.0");
    assert_eq!(sent(&file(text, None)), "\"14.0\"");
}

#[test]
fn what_a_statement_names_beside_what_the_checks_have_found_is_read() {
    let with = |named: &str| {
        let text = format!(
            "{EXISTS}{NEVER}/*+ update */
UPDATE awscc.s3.buckets SET PatchDocument = string('[{{\"op\":\"add\",\"path\":\"/AccessControl\",\"value\":\"Private\"}}]')
WHERE region = 'us-east-1' AND Identifier = '{named}';
/*+ delete */
DELETE FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = '{named}';
"
        );
        understood(resource(&text), json!({"BucketName": "logs"}))
    };
    let seen = |purpose, named: &str| {
        let world = there().with(BUCKET, json!({"BucketName": "theirs", "Arn": "arn:theirs"}));
        let seen = look(&with(named), purpose, &world);
        let strays: Vec<String> = seen
            .strays
            .iter()
            .map(|stray| format!("{} {} {}", stray.verb, stray.identifier, stray.live.is_some()))
            .collect();
        (strays, world.log().matches("get").count())
    };
    for (purpose, verb) in [(Purpose::Plan, "update"), (Purpose::Teardown, "delete")] {
        // As found: no call more.
        let (strays, calls) = seen(purpose, "logs");
        assert_eq!(strays, Vec::<String>::new());
        assert_eq!(seen(purpose, "theirs"), (vec![format!("{verb} theirs true")], calls + 1));
        assert_eq!(seen(purpose, "none"), (vec![format!("{verb} none false")], calls + 1));
    }
}

const TOPIC: &str = "kafka.kafka.topics";

#[test]
fn what_tells_the_host_is_no_part_of_what_a_statement_names() {
    let with = |host: &str| {
        let one = format!("cluster_id = 'lkc-1' AND topic_name = 't'{host}");
        let text = format!(
            "/*+ exists */
SELECT topic_name FROM confluent.kafka.topics WHERE {one};
/*+ create */
INSERT INTO confluent.kafka.topics (cluster_id, topic_name) SELECT 'lkc-1', 't';
/*+ delete */
DELETE FROM confluent.kafka.topics WHERE {one};
"
        );
        let flow = flow(FlowKind::Resource, TOPIC, File::of(&text, &[]));
        understood(flow, json!({"cluster_id": "lkc-1", "topic_name": "t"}))
    };
    let seen = |host: &str| {
        let part = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let identifier = Identifier { parts: vec![part("cluster_id", "lkc-1"), part("topic_name", "t")] };
        let world = World::default();
        let model = json!({"cluster_id": "lkc-1", "topic_name": "t"});
        world.resources.lock().unwrap().push((TypeName::new(TOPIC), identifier, model));
        let seen = look_at_rest(&with(host), Purpose::Teardown, &world);
        assert_eq!(seen.verdict, FlowVerdict::AsWanted, "{:?}", seen.notes);
        assert!(seen.live.is_some());
        (seen.strays, world.log())
    };
    let (strays, log) = seen(" AND rest_endpoint = 'http://127.0.0.1:1'");
    assert_eq!((strays, log), seen(""));
    assert_eq!(seen("").0, []);
}

#[test]
fn a_denied_read_of_what_shows_no_owner_stops_nothing() {
    let seen = |table: &str| {
        let text = format!(
            "{EXISTS}/*+ delete */\n{DELETE}DELETE FROM {table} WHERE region = 'us-east-1' AND Identifier = 'beside';\n"
        );
        let flow = understood(resource(&text), json!({"BucketName": "logs"}));
        let world = there();
        // Those of the checks are answered.
        let before = look(&flow, Purpose::Teardown, &there());
        assert_eq!(before.strays.len(), 1, "{before:?}");
        *world.denied.lock().unwrap() = Some("beside");
        look(&flow, Purpose::Teardown, &world)
    };
    let free = seen("awscc.s3.bucket_policies");
    assert_eq!((&free.verdict, free.strays.len()), (&FlowVerdict::AsWanted, 0));
    assert!(shown(&free.notes[0]).contains("could not be read"), "{:?}", free.notes);
    let FlowVerdict::Broken(problems) = seen("awscc.ec2.vpcs").verdict else { panic!() };
    assert_eq!(problems[0].code, crate::codes::READ_FAILED);
}
