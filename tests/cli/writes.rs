//! `query --allow-writes` and `shell`

use crate::common::{Place, Ran, Served, is_write, small};
use insta::assert_snapshot;
use std::io::Write as _;
use std::process::Stdio;

const WRITES: &str = "query -o jsonl --region us-east-1 --allow-writes";

fn served() -> (Place, Served) {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    (place, served)
}

/// Request tokens differ from run to run.
fn told(text: &str) -> String {
    regex_lite::Regex::new(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b")
        .expect("a pattern")
        .replace_all(text, "[TOKEN]")
        .into_owned()
}

/// The operations that were begun since the last question.
fn writes(served: &Served) -> Vec<String> {
    served.calls().into_iter().filter(|call| is_write(call)).collect()
}

#[test]
fn a_resource_is_made_changed_and_deleted() {
    let (place, served) = served();
    let insert = "INSERT INTO awscc.customerprofiles.domains (DomainName, DefaultExpirationDays, Tags, region) \
                  SELECT 'dom', '366', '[{\"Key\":\"env\",\"Value\":\"dev\"}]', 'us-east-1' \
                  RETURNING Operation, OperationStatus, Identifier, TypeName, ErrorCode, \
                  json_extract(ProgressEvent, '$.OperationStatus') AS whole";
    let ran = place.run_with(WRITES, insert).exits(0);
    assert_snapshot!(ran, @r#"
    exit 0
    -- stdout
    {"Operation":"CREATE","OperationStatus":"SUCCESS","Identifier":"dom","TypeName":"AWS::CustomerProfiles::Domain","ErrorCode":null,"whole":"SUCCESS"}
    -- stderr
    1 row
    -- end
    "#);
    assert_eq!(writes(&served), ["CreateResource"]);
    let update = "UPDATE aws.customerprofiles.domains SET data__PatchDocument = string('[{\"op\":\"replace\",\"path\":\"/DefaultExpirationDays\",\"value\":30}]') \
                  WHERE region = 'us-east-1' AND data__Identifier = 'dom'";
    let ran = place.run_with(WRITES, update).exits(0);
    assert_snapshot!(told(&ran.to_string()), @r#"
    exit 0
    -- stdout
    -- stderr
    updated AWS::CustomerProfiles::Domain dom in us-east-1, request [TOKEN]
    -- end
    "#);
    let select = "SELECT default_expiration_days AS days, tags FROM awscc.customerprofiles.domains WHERE Identifier = 'dom'";
    let row = r#"{"days":30,"tags":"[{\"Key\":\"env\",\"Value\":\"dev\"}]"}"#;
    assert_eq!(place.run_with(WRITES, select).exits(0).out.trim_end(), row);
    let _ = served.calls();
    let delete = "DELETE FROM awscc.customerprofiles.domains WHERE Identifier = 'dom' RETURNING *";
    let ran = place.run_with(WRITES, delete).exits(64);
    assert_eq!(served.calls(), Vec::<String>::new());
    assert!(ran.err.contains("agree with --yes"), "{ran}");
    let ran = place.run_with(&format!("{WRITES} --yes"), delete).exits(0);
    let row: serde_json::Value = serde_json::from_str(&ran.out).expect("a row");
    let names: Vec<&String> = row.as_object().expect("an object").keys().collect();
    assert_eq!(names.len(), 12, "{ran}");
    assert_eq!((&row["OperationStatus"], &row["Identifier"]), (&"SUCCESS".into(), &"dom".into()));
    assert!(row["ProgressEvent"].as_str().expect("a text").contains("\"DELETE\""));
    assert_eq!((writes(&served), served.held()), (vec!["DeleteResource".to_owned()], 0));
}

#[test]
fn several_rows_are_several_operations() {
    let (place, served) = served();
    let insert = "INSERT INTO awscc.s3.buckets (BucketName) VALUES ('logs'), ('data'); \
                  SELECT bucket_name FROM awscc.s3.buckets_list_only ORDER BY 1";
    let ran = place.run_with(WRITES, insert).exits(0);
    assert_snapshot!(told(&ran.to_string()), @r#"
    exit 0
    -- stdout
    {"bucket_name":"data"}
    {"bucket_name":"logs"}
    -- stderr
    created AWS::S3::Bucket logs in us-east-1, request [TOKEN]
    created AWS::S3::Bucket data in us-east-1, request [TOKEN]
    2 rows
    -- end
    "#);
    assert_eq!(writes(&served).len(), 2);
    let delete = "DELETE FROM awscc.s3.buckets WHERE Identifier IN ('logs', 'data') RETURNING Identifier";
    let ran = place.run_with(&format!("{WRITES} --yes"), delete).exits(0);
    assert_eq!(ran.out, "{\"Identifier\":\"logs\"}\n{\"Identifier\":\"data\"}\n");
    assert_eq!(served.held(), 0);
}

#[test]
fn rows_of_a_query_are_inserted() {
    let (place, served) = served();
    let parameters = "INSERT INTO awscc.ssm.parameters (Name, Type, Value) VALUES ('/b/logs', 'String', '5'), ('/b/data', 'String', '7')";
    place.run_with(WRITES, parameters).exits(0);
    let _ = served.calls();
    let copy = "INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, Tags) \
                SELECT split_part(name, '/', 3), value, json_array(json_object('Key', 'from', 'Value', name)) \
                FROM aws.ssm.parameters WHERE name LIKE '/b/%' ORDER BY name \
                RETURNING OperationStatus; \
                SELECT queue_name, delay_seconds, tags FROM aws.sqs.queues ORDER BY 1";
    let ran = place.run_with(WRITES, copy).exits(0);
    assert_snapshot!(ran, @r#"
    exit 0
    -- stdout
    {"OperationStatus":"SUCCESS"}
    {"OperationStatus":"SUCCESS"}
    {"queue_name":"data","delay_seconds":7,"tags":"[{\"Key\":\"from\",\"Value\":\"/b/data\"}]"}
    {"queue_name":"logs","delay_seconds":5,"tags":"[{\"Key\":\"from\",\"Value\":\"/b/logs\"}]"}
    -- stderr
    note: aws.ssm.parameters: 2 resources are read one by one
    2 rows
    note: aws.sqs.queues: 2 resources are read one by one
    2 rows
    -- end
    "#);
    let calls = served.calls();
    assert_eq!(calls.iter().filter(|call| *call == "CreateResource").count(), 2, "{calls:?}");
    assert!(calls.iter().position(|call| *call == "CreateResource") > Some(2), "reads come first: {calls:?}");
    // No rows are nothing to do.
    let none = copy.replace("'/b/%'", "'/c/%'");
    let ran = place.run_with(WRITES, none.split(';').next().unwrap_or_default()).exits(0);
    assert_snapshot!(ran, @r"
    exit 0
    -- stdout
    -- stderr
    note: aws.ssm.parameters: 2 resources are read one by one
    note: the query gives no row: nothing is inserted
    0 rows
    -- end
    ");
    // A row that does not fit is told when all rows are known, and before the first is inserted.
    place
        .run_with(
            WRITES,
            "INSERT INTO awscc.ssm.parameters (Name, Type, Value) SELECT '/b/wrong', 'String', 'much'",
        )
        .exits(0);
    let _ = served.calls();
    let ran = place.run_with(WRITES, copy).exits(64);
    assert!(ran.err.contains("`DelaySeconds` must be an integer"), "{ran}");
    assert_eq!(writes(&served), Vec::<String>::new());
    // Nor is anything asked where the columns are wrong.
    place.run_with(WRITES, &copy.replace("QueueName", "QueueNam")).exits(64);
    assert_eq!(served.calls(), Vec::<String>::new());
}

#[test]
fn the_table_of_all_types_is_written() {
    let (place, served) = served();
    let insert = "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) \
                  VALUES ('AWS::S3::Bucket', '{\"BucketName\": \"logs\"}', 'us-east-1') RETURNING Identifier";
    assert_eq!(place.run_with(WRITES, insert).exits(0).out, "{\"Identifier\":\"logs\"}\n");
    let update = "UPDATE awscc.cloud_control.resources \
                  SET PatchDocument = string('[{\"op\":\"add\",\"path\":\"/Tags\",\"value\":[{\"Key\":\"a\",\"Value\":\"b\"}]}]') \
                  WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs' AND region = 'us-east-1'";
    place.run_with(WRITES, update).exits(0);
    let select = "SELECT tags FROM awscc.s3.buckets WHERE Identifier = 'logs'";
    let row = place.run_with(WRITES, select).exits(0).out;
    assert!(row.contains("Value") && row.contains('b'), "{row}");
    let delete = "DELETE FROM awscc.cloud_control.resources WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs'";
    place.run_with(&format!("{WRITES} --yes"), delete).exits(0);
    assert_eq!(writes(&served), ["CreateResource", "UpdateResource", "DeleteResource"]);
    assert_eq!(served.held(), 0);
}

#[test]
fn an_operation_is_stopped() {
    let mut place = Place::with(&small());
    let slow = r#"{"timing": {"pending_ms": 0, "create_ms": 600000, "latency_ms": 0}}"#;
    let served = Served::behaving(&mut place, slow);
    let insert = "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs' RETURNING RequestToken";
    let ran = place.run_with(&format!("{WRITES} --no-wait"), insert).exits(0);
    let row: serde_json::Value = serde_json::from_str(&ran.out).expect("a row");
    let token = row["RequestToken"].as_str().expect("a token");
    let _ = served.calls();
    let stop = format!("DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = '{token}'");
    place.run_with(WRITES, &stop).exits(64);
    assert_eq!(served.calls(), Vec::<String>::new(), "nobody can be asked");
    let with_row = format!("{stop} RETURNING OperationStatus, Identifier");
    let ran = place.run_with(&format!("{WRITES} --yes"), &with_row).exits(0);
    assert!(ran.out.contains("CANCEL"), "{ran}");
    assert_eq!(served.calls(), ["CancelResourceRequest"]);
    let ran = place.run_with(&format!("{WRITES} --yes"), &stop).exits(0);
    assert_eq!(ran.err, "asked to stop in us-east-1: request [TOKEN]\n");
    let unknown = "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken = 'nothing-has-this'";
    let ran = place.run_with(&format!("{WRITES} --yes"), unknown).exits(1);
    assert!(ran.err.contains("was not asked to stop") && ran.err.contains("RequestTokenNotFound"), "{ran}");
}

#[test]
fn nothing_is_changed_without_the_flag_or_with_a_mistake() {
    let (place, served) = served();
    let insert = "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs'";
    let ran = place.run_with("query --region us-east-1", &format!("SELECT 1; {insert}")).exits(64);
    assert_snapshot!(ran.err, @r#"
    error[SD1417]: `INSERT` changes resources, and only reading is allowed
     --> SQL:1:11
      |
    1 | SELECT 1; INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs'
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = next  put the resource into a manifest, and build it; or allow it with --allow-writes
    "#);
    for sql in [
        format!("{insert}; INSERT INTO awscc.s3.buckets (BucketNam) SELECT 'logs'"),
        format!("{insert} RETURNING Identifer"),
        format!("{insert}; SELECT nonsense FROM awscc.s3.buckets WHERE Identifier = 'logs'"),
        "INSERT INTO awscc.customerprofiles.domains (DomainName, DefaultExpirationDays) SELECT 'x', 'many'"
            .to_owned(),
    ] {
        place.run_with(WRITES, &sql).exits(64);
    }
    assert_eq!(served.calls(), Vec::<String>::new());
    place.run_with("query --yes", "SELECT 1").exits(64);
}

#[test]
fn a_failed_operation_is_told_at_once() {
    let (place, served) = served();
    let one = "INSERT INTO awscc.s3.buckets (BucketName) VALUES ('logs')";
    place.run_with(WRITES, one).exits(0);
    let _ = served.calls();
    let ran = place.run_with(WRITES, one).exits(1);
    assert_snapshot!(told(&ran.to_string()), @r#"
    exit 1
    -- stdout
    -- stderr
    error[SD1415]: AWS::S3::Bucket in us-east-1 could not be created
     --> SQL:1:1
      |
    1 | INSERT INTO awscc.s3.buckets (BucketName) VALUES ('logs')
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = service  AlreadyExists: logs already exists (Service: S3, Status Code: 409, Error Code: BucketAlreadyOwnedByYou)
      = request  [TOKEN]
    -- end
    "#);
    let three =
        "INSERT INTO awscc.s3.buckets (BucketName) VALUES ('data'), ('logs'), ('more') RETURNING Identifier";
    let ran = place.run_with(WRITES, three).exits(6);
    assert_eq!(ran.out, "{\"Identifier\":\"data\"}\n", "{ran}");
    assert!(ran.err.contains("SD1415") && ran.err.contains("were changed by this run"), "{ran}");
    assert_eq!(served.held(), 2);
}

#[test]
fn an_operation_that_nobody_waits_for_is_begun() {
    let mut place = Place::with(&small());
    let slow = r#"{"timing": {"pending_ms": 0, "create_ms": 600000, "latency_ms": 0}}"#;
    let served = Served::behaving(&mut place, slow);
    let sql = "INSERT INTO awscc.s3.buckets (BucketName, ClientToken) SELECT 'logs', 'token-1' RETURNING OperationStatus, Operation";
    let ran = place.run_with(&format!("{WRITES} --no-wait"), sql).exits(0);
    assert!(ran.out.contains("IN_PROGRESS") || ran.out.contains("PENDING"), "{ran}");
    assert_eq!(served.calls(), ["CreateResource"]);
    let ran = place.run_with(&format!("{WRITES} --timeout 2s"), sql).exits(6);
    assert!(ran.err.contains("SD1416"), "{ran}");
}

#[test]
fn the_sandbox_of_a_folder_keeps_what_is_written() {
    let place = Place::with(&small());
    let insert = "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs'";
    place.run_with("query --sandbox --stack-dir app --allow-writes", insert).exits(0);
    let ran = place.run_with(
        "query --sandbox --stack-dir app -o csv",
        "SELECT bucket_name FROM awscc.s3.buckets_list_only",
    );
    assert_eq!(ran.exits(0).out, "bucket_name\nlogs\n");
}

/// A shell that reads this text.
fn shell(place: &Place, flags: &str, text: &str) -> Ran {
    let mut command = place.command(&format!("shell {flags}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

#[test]
fn a_shell_reads_statements_and_commands() {
    let (place, served) = served();
    let text = "SELECT 1 AS a,\n  ';' AS b;\n.mode csv\nSELECT 2 AS a; SELECT 3 AS a; -- two\n.mode jsonl\n.timing on\n\
                SELECT 4 AS a\n;\n.timing off\nSELECT 5 AS a";
    let ran = shell(&place, "", text);
    let err =
        regex_lite::Regex::new(r"\d+\.\d s").expect("a pattern").replace_all(&ran.err, "[N] s").into_owned();
    assert_eq!(ran.code, 0, "{ran}");
    assert_snapshot!(format!("{}-- stderr\n{err}", ran.out.replace('\r', "")), @r#"
    a  b
    -  -
    1  ;
    a
    2
    a
    3
    {"a":4}
    {"a":5}
    -- stderr
    1 row
    1 row
    1 row
    1 row in [N] s
    1 row
    "#);
    assert_eq!(served.calls(), Vec::<String>::new());
    assert_eq!(shell(&place, "-o csv", ".quit\nSELECT 1;\n").exits(0).out, "");
    assert_eq!(shell(&place, "", "").exits(0).out, "");
    assert!(shell(&place, "", ".help\n").exits(0).err.contains(".timing on|off"));
}

#[test]
fn a_shell_ends_with_its_first_error() {
    let (place, served) = served();
    let text = "SELECT 1 AS a;\nSELECT nonsense;\n.mode xml\nSELECT 2 AS a;\n";
    let ran = shell(&place, "-o jsonl", text).exits(64);
    assert_eq!(ran.out, "{\"a\":1}\n", "{ran}");
    assert!(ran.err.contains("there is no column `nonsense`"), "{ran}");
    let ran = shell(&place, "-o jsonl --keep-going", text).exits(64);
    assert_eq!(ran.out, "{\"a\":1}\n{\"a\":2}\n", "{ran}");
    assert!(ran.err.contains("there is no mode `xml`"), "{ran}");
    shell(&place, "", ".nothing\n").exits(64);
    assert_eq!(served.calls(), Vec::<String>::new());
}

#[test]
fn a_shell_changes_resources_only_where_that_is_allowed() {
    let (place, served) = served();
    let text = "INSERT INTO awscc.s3.buckets (BucketName) SELECT 'logs';\n\
                SELECT bucket_name FROM awscc.s3.buckets WHERE Identifier = 'logs';\n\
                DELETE FROM awscc.s3.buckets WHERE Identifier = 'logs';\n";
    shell(&place, "", text).exits(64);
    assert_eq!(served.calls(), Vec::<String>::new());
    let ran = shell(&place, "-o jsonl --allow-writes", text).exits(64);
    assert_eq!((ran.out.as_str(), served.held()), ("{\"bucket_name\":\"logs\"}\n", 1), "{ran}");
    let ran = shell(&place, "-o jsonl --allow-writes --yes --keep-going", text).exits(1);
    assert!(ran.err.contains("AlreadyExists") && ran.err.contains("deleted AWS::S3::Bucket logs"), "{ran}");
    assert_eq!(served.held(), 0);
    assert!(!place.path("../home/.local/state").exists());
}
