//! `query`

use crate::common::{Place, Ran, Served, small};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const CLOUD: &[(&str, &str, &str)] = &[
    ("us-east-1", "AWS::S3::Bucket", r#"{"BucketName": "logs", "Tags": [{"Key": "env", "Value": "dev"}]}"#),
    ("us-east-1", "AWS::S3::Bucket", r#"{"BucketName": "data"}"#),
    ("us-west-2", "AWS::S3::Bucket", r#"{"BucketName": "west"}"#),
    (
        "us-east-1",
        "AWS::CustomerProfiles::Domain",
        r#"{"DomainName": "dom", "DefaultExpirationDays": 366, "Tags": [{"Key": "env", "Value": "dev"}]}"#,
    ),
    (
        "us-east-1",
        "AWS::CustomerProfiles::Integration",
        r#"{"DomainName": "dom", "Uri": "s3://events", "ObjectTypeName": "order"}"#,
    ),
];

/// A cloud with a few resources.
fn served() -> (Place, Served) {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    for (region, ty, properties) in CLOUD {
        let planted = format!(r#"{{"region": "{region}", "type": "{ty}", "properties": {properties}}}"#);
        let _ = served.ask("POST", "plant", &planted);
    }
    let _ = served.calls();
    (place, served)
}

/// The rows as CSV, without their header.
fn rows(place: &Place, sql: &str) -> String {
    let ran = place.run_with("query -o csv --region us-east-1", sql).exits(0);
    ran.out.lines().skip(1).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A query that must not work, and must not call anybody.
fn refused(place: &Place, served: &Served, sql: &str) -> Ran {
    let ran = place.run_with("query --region us-east-1", sql).exits(64);
    assert_eq!(served.calls(), Vec::<String>::new(), "{sql}\n{ran}");
    assert_eq!(ran.out, "", "{sql}\n{ran}");
    ran
}

#[test]
fn a_point_read_is_shown_in_every_form() {
    let (place, _served) = served();
    let sql = "SELECT domain_name, default_expiration_days, dead_letter_queue_url FROM awscc.customerprofiles.domains \
               WHERE region = 'us-east-1' AND Identifier = 'dom'";
    assert_snapshot!(place.run_with("query", sql).exits(0), @r#"
    exit 0
    -- stdout
    domain_name  default_expiration_days  dead_letter_queue_url
    -----------  -----------------------  ---------------------
    dom                              366  NULL
    -- stderr
    1 row
    -- end
    "#);
    assert_eq!(
        place.run_with("query --output jsonl", sql).exits(0).out,
        "{\"domain_name\":\"dom\",\"default_expiration_days\":366,\"dead_letter_queue_url\":null}\n"
    );
    assert_snapshot!(place.run_with("query --output csv", sql).exits(0).out, @r#"
    domain_name,default_expiration_days,dead_letter_queue_url
    dom,366,
    "#);
    assert_snapshot!(place.run_with("query --output json", sql).exits(0).out, @r#"
    [
      {
        "domain_name": "dom",
        "default_expiration_days": 366,
        "dead_letter_queue_url": null
      }
    ]
    "#);
}

#[test]
fn statements_of_projects_give_their_rows() {
    let (place, _served) = served();
    for (sql, expected) in [
        (
            "SELECT COUNT(*) as count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs'",
            "1",
        ),
        (
            "SELECT COUNT(*) as count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'nope'",
            "0",
        ),
        (
            "SELECT bucket_name FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1' ORDER BY 1",
            "data\nlogs",
        ),
        (
            "SELECT region, bucket_name FROM awscc.s3.buckets WHERE region IN ('us-east-1', 'us-west-2') AND Identifier IN ('west', 'logs') ORDER BY 1",
            "us-east-1,logs\nus-west-2,west",
        ),
        (
            "SELECT region, domain_name, uri FROM awscc.customerprofiles.integrations_list_only WHERE region = 'us-east-1'",
            "us-east-1,dom,s3://events",
        ),
        (
            "SELECT object_type_name FROM awscc.customerprofiles.integrations WHERE Identifier = 'dom|s3://events'",
            "order",
        ),
        (
            "WITH tagged AS (SELECT split_part(ResourceARN, ':', 6) as name FROM awscc.tagging.tagged_resources \
           WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"env\",\"Values\":[\"dev\"]}]' AND ResourceTypeFilters = '[\"s3\"]'), \
          buckets AS (SELECT bucket_name as name FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1') \
          SELECT b.name FROM buckets b INNER JOIN tagged t ON b.name = t.name",
            "logs",
        ),
        (
            "SELECT json_extract(tags, '$[0].Value') as env FROM awscc.s3.buckets WHERE Identifier = 'logs'",
            "dev",
        ),
        (
            "SELECT COUNT(*) as count FROM (SELECT AWS_POLICY_EQUAL(tags, '[{\"Key\":\"env\",\"Value\":\"dev\"}]') as same \
          FROM awscc.s3.buckets WHERE Identifier = 'logs' AND same = 1) t WHERE same = 1",
            "1",
        ),
        (
            "SELECT d.default_expiration_days FROM awscc.customerprofiles.domains_list_only l \
          JOIN awscc.customerprofiles.domains d ON d.Identifier = l.Identifier",
            "366",
        ),
        ("SELECT bucket_name FROM aws.s3.buckets ORDER BY 1", "data\nlogs"),
        ("SELECT tag_key, tag_value FROM aws.s3.bucket_tags WHERE bucket_name = 'logs'", "env,dev"),
        (
            "SELECT json_extract(Properties, '$.BucketName') FROM awscc.cloud_control.resource WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs'",
            "logs",
        ),
        ("SELECT COUNT(*) FROM awscc.cloud_control.resource_requests", "0"),
    ] {
        assert_eq!(rows(&place, sql), expected, "{sql}");
    }
}

#[test]
fn the_older_connect_table_works_as_its_page_shows_it() {
    let (place, served) = served();
    let instance = served.ask("POST", "plant", r#"{"region": "us-east-1", "type": "AWS::Connect::Instance", "properties": {"InstanceAlias": "acme", "IdentityManagementType": "CONNECT_MANAGED", "Attributes": {"InboundCalls": true, "OutboundCalls": true}}}"#);
    let instance = instance["identifier"].as_str().expect("it is planted").to_owned();
    let function = "arn:aws:lambda:us-east-1:123456789012:function:lookup";
    let planted = format!(
        r#"{{"region": "us-east-1", "type": "AWS::Connect::IntegrationAssociation", "properties": {{"InstanceId": "{instance}", "IntegrationType": "LAMBDA_FUNCTION", "IntegrationArn": "{function}"}}}}"#
    );
    let _ = served.ask("POST", "plant", &planted);
    let columns = "region, instance_id, integration_type, integration_arn";
    let expected = format!("us-east-1,{instance},LAMBDA_FUNCTION,{function}");
    for sql in [
        format!(
            "SELECT {columns} FROM aws.connect.integration_association WHERE data__Identifier = '{instance}|LAMBDA_FUNCTION|{function}'"
        ),
        format!("SELECT {columns} FROM aws.connect.integration_associations WHERE region = 'us-east-1'"),
        format!(
            "SELECT {columns} FROM awscc.connect.integration_associations_list_only WHERE InstanceId = '{instance}'"
        ),
    ] {
        assert_eq!(rows(&place, &sql), expected, "{sql}");
    }
}

#[test]
fn several_statements_are_answered_in_turn_and_files_are_read() {
    let (place, served) = served();
    place.write("q.sql", "-- two\nSELECT 1 AS a;\nSHOW PROVIDERS LIKE 'awscc';\nSELECT 'x;y' AS b\n");
    let ran = place.run("query --file q.sql --output jsonl").exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((lines[0], lines[2], lines.len()), (r#"{"a":1}"#, r#"{"b":"x;y"}"#, 3), "{ran}");
    assert_eq!(served.calls(), Vec::<String>::new());
    let described =
        place.run_with("query -o csv", "DESCRIBE awscc.customerprofiles.domains_list_only").exits(0);
    assert!(described.out.contains("domain_name,"), "{described}");
    place.run("query --file none.sql").exits(1);
}

#[test]
fn without_a_region_the_last_one_is_asked_with_a_note() {
    let (mut place, _served) = served();
    place.set("AWS_REGION", "");
    place.set("AWS_DEFAULT_REGION", "");
    let ran = place
        .run_with("query", "SELECT bucket_name FROM awscc.s3.buckets WHERE Identifier = 'logs'")
        .exits(0);
    assert!(ran.err.contains("note: no region is given: us-east-1 is asked"), "{ran}");
}

#[test]
fn mistakes_are_told_with_their_place_before_any_call() {
    let (place, served) = served();
    for (sql, code) in [
        ("SELECT 1 FROM awscc.s3.bucket", "SD1404"),
        ("SELECT splitpart('a', 'b', 1)", "SD1406"),
        ("SELECT 1 FROM awscc.s3.buckets WHERE region = 'us-east-1'", "SD1407"),
        ("SELECT 'open", "SD1401"),
        ("SELECT 1 FROM awscc.s3.buckets WHERE Identifier = \"logs\"", "SD1409"),
        ("SELECT 1; SELECT nonsense FROM awscc.s3.buckets WHERE Identifier = 'logs'", "SD1405"),
        ("REGISTRY PULL aws", "SD1402"),
        ("INSERT INTO awscc.s3.buckets (BucketName, region) SELECT 'x', 'us-east-1'", "SD1417"),
        (
            "SELECT bucket_name FROM awscc.s3.buckets WHERE Identifier = 'logs'; DELETE FROM awscc.s3.buckets WHERE Identifier = 'logs'",
            "SD1417",
        ),
        ("UPDATE awscc.s3.buckets SET PatchDocument = '[]' WHERE Identifier = 'logs'", "SD1417"),
        ("DESCRIBE awscc.s3.bucket", "SD1404"),
        (";", "SD7"),
    ] {
        let ran = refused(&place, &served, sql);
        assert!(ran.err.contains(code) || code == "SD7", "{sql}\n{ran}");
    }
    let ran = refused(&place, &served, "SELECT bucket_nam\nFROM awscc.s3.buckets WHERE Identifier = 'logs'");
    assert_snapshot!(ran.err, @r#"
    error[SD1405]: there is no column `bucket_nam`
     --> SQL:1:8
      |
    1 | SELECT bucket_nam
      |        ^^^^^^^^^^
      = next  did you mean `bucket_name`?
    "#);
    let ran = refused(
        &place,
        &served,
        "SELECT uri FROM awscc.customerprofiles.integrations WHERE region = 'us-east-1'",
    );
    assert_snapshot!(ran.err, @r#"
    error[SD1407]: `awscc.customerprofiles.integrations` cannot be read without `Identifier`
     --> SQL:1:17
      |
    1 | SELECT uri FROM awscc.customerprofiles.integrations WHERE region = 'us-east-1'
      |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = tried  get_resource (Identifier, region)
      = next   add Identifier = 'DomainName|Uri' to WHERE, joined by AND, or list with awscc.customerprofiles.integrations_list_only
    "#);
    place.run("query").exits(64);
}

#[test]
fn a_refused_read_is_an_error_and_never_no_rows() {
    let mut place = Place::with(&small());
    let denied = r#"{"faults": [{"when": {"operation": "GetResource"}, "what": {"kind": "error", "code": "AccessDeniedException", "message": "not authorized", "status": 403}}]}"#;
    let _served = Served::behaving(&mut place, denied);
    let sql =
        "SELECT COUNT(*) as count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs'";
    let ran = place.run_with("query", sql).exits(1);
    let without_id = |line: &&str| !line.starts_with("  = request  ");
    let told: Vec<&str> = ran.err.lines().filter(without_id).collect();
    assert_eq!((ran.out.as_str(), told.len() + 1), ("", ran.err.lines().count()), "{ran}");
    assert_snapshot!(told.join("\n"), @r#"
    error[SD1410]: `awscc.s3.buckets` could not be read in us-east-1
     --> SQL:1:31
      |
    1 | SELECT COUNT(*) as count FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'l...
      |                               ^^^^^^^^^^^^^^^^
      = call     GetResource of AWS::S3::Bucket
      = service  AccessDeniedException: not authorized
      = next     stack-deploy permissions AWS::S3::Bucket --operation read
    "#);
}

#[test]
fn a_recursion_without_end_is_ended() {
    let place = Place::with(&small());
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let ran = place.run_with("query", sql).exits(1);
    assert!(ran.err.contains("SD1411") && ran.err.contains("more than 100000 rows"), "{ran}");
    assert_eq!(ran.out, "");
}

#[test]
fn the_sandbox_of_a_stack_can_be_asked() {
    let place = Place::with(&small());
    place.run("build --sandbox --yes app dev").exits(0);
    let sql = "SELECT domain_name FROM awscc.customerprofiles.domains WHERE Identifier = 'customer-360-dev'";
    let ran = place.run_with("query --sandbox --stack-dir app -o csv", sql).exits(0);
    assert_eq!(ran.out.lines().nth(1), Some("customer-360-dev"), "{ran}");
}

#[test]
fn the_calls_are_as_documented() {
    let (place, served) = served();
    let mut table = String::new();
    for sql in [
        "SELECT * FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs'",
        "SELECT COUNT(*) AS count FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1'",
        "SELECT * FROM awscc.s3.buckets WHERE region IN ('us-east-1', 'us-west-2') AND Identifier = 'logs'",
        "SELECT * FROM aws.s3.buckets WHERE region = 'us-east-1'",
        "SELECT * FROM awscc.customerprofiles.integrations_list_only WHERE region = 'us-east-1'",
        "SELECT * FROM awscc.customerprofiles.integrations_list_only WHERE region = 'us-east-1' AND domain_name = 'dom'",
        "SELECT * FROM awscc.tagging.tagged_resources WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"env\"}]'",
        "SHOW METHODS IN awscc.s3.buckets",
    ] {
        place.run_with("query", sql).exits(0);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for call in served.calls() {
            *counts.entry(call).or_default() += 1;
        }
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let calls = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        writeln!(table, "| `{sql}` | {calls} |").expect("a string takes it");
    }
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/calls.md");
    let reference = fs::read_to_string(reference).unwrap_or_default();
    assert!(reference.contains(&table), "docs/reference/calls.md does not say:\n{table}");
}

/// Computes for longer than anybody waits.
const ENDLESS: &str =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
/// One step of SQLite that takes hours: it looks at no clock meanwhile.
const ONE_STEP: &str = "SELECT instr(hex(zeroblob(8000000)), hex(zeroblob(4000000)) || '1')";

#[test]
#[expect(clippy::disallowed_methods, reason = "a real program in real time")]
fn a_statement_that_computes_ends_with_the_time() {
    let place = Place::with(&small());
    // Values of a subquery that another table is asked by are computed before the rest.
    let fed = format!(
        "SELECT name FROM awscc.ssm.parameters WHERE region = 'us-east-1' AND Identifier IN ({ENDLESS})"
    );
    for sql in [ENDLESS, ONE_STEP, &fed] {
        let began = std::time::Instant::now();
        let ran = place.run_with("query --sandbox --stack-dir app --timeout 1s", sql).exits(1);
        assert!(ran.err.contains("the time is over (--timeout 1s)"), "{sql}: {ran}");
        assert!(began.elapsed().as_secs() < 15, "{sql}: {:?}", began.elapsed());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real program in real time")]
fn a_signal_ends_a_statement_of_the_shell_that_computes() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    let place = Place::with(&small());
    for sql in [ENDLESS, ONE_STEP] {
        let mut command = place.command("shell --sandbox --stack-dir app -o csv");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("SELECT 7 AS first;\n{sql};\n").as_bytes()).unwrap();
        let (mut out, mut first) = (child.stdout.take().unwrap(), [0_u8; 8]);
        out.read_exact(&mut first).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        let began = std::time::Instant::now();
        assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(began.elapsed().as_secs() < 10, "{sql}: {:?}", began.elapsed());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real program in real time")]
fn a_hostile_statement_is_told_in_a_few_lines() {
    let place = Place::with(&small());
    let file = |text: &str| {
        place.write("hostile.sql", text);
        let began = std::time::Instant::now();
        let ran = place.run("query --sandbox --stack-dir app -f hostile.sql");
        assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
        assert!(
            [1, 64].contains(&ran.code),
            "exit {}: {}",
            ran.code,
            ran.err.chars().take(500).collect::<String>()
        );
        assert!(
            ran.err.contains("error[SD14") && ran.out.is_empty(),
            "{}",
            ran.err.chars().take(500).collect::<String>()
        );
        assert!(
            ran.err.len() < 6_000,
            "{} bytes for {}",
            ran.err.len(),
            text.chars().take(60).collect::<String>()
        );
    };
    let long = "x".repeat(256 << 10);
    for text in [
        format!("SELECT {long} FROM awscc.s3.buckets_list_only"),
        format!("SELECT * FROM awscc.s3.{long}"),
        format!("SELECT {long}('a')"),
        format!("SELECT '{long}"),
        format!("SELECT 1;\n\n SELECT {} '", "1, ".repeat(20_000)),
        format!("INSERT INTO awscc.s3.buckets ({long}) SELECT 'a'"),
        format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        "SELECT 1;".repeat(10_000),
        "SELECT 'a\0b'".to_owned(),
        "SELECT json('{')".to_owned(),
        "SELECT printf('%2000000000d', 1)".to_owned(),
    ] {
        file(&text);
    }
}
