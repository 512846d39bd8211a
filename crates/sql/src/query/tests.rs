use super::*;
use crate::parse::parse;
use crate::query::cloud::{Cloud, cloud, now};
use proptest::prelude::*;
use stack_catalog::Catalog;

mod hostile;
mod joins;

fn try_on(cloud: &Cloud, text: &str) -> Result<Table, SqlError> {
    let parsed = parse(text)?;
    let tables = Tables::new(Catalog::embedded());
    let query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default())?;
    now(query.run(cloud))
}

fn shown(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Real(real) => real.to_string(),
        Cell::Text(text) => text.clone(),
    };
    let row = |row: &Vec<Cell>| row.iter().map(cell).collect::<Vec<_>>().join(" | ");
    table.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// The rows, and the calls that they took.
fn run(text: &str) -> (String, Vec<String>) {
    let cloud = cloud();
    let table = try_on(&cloud, text).unwrap_or_else(|error| panic!("{text}: {error:#?}"));
    let calls = cloud.calls.into_inner().unwrap();
    (shown(&table), calls)
}

fn is(text: &str, rows: &str, calls: &[&str]) {
    let (found, made) = run(text);
    assert_eq!(found, rows, "{text}");
    assert_eq!(made, calls, "{text}");
}

/// The error as one line: number, message, place, notes. No call may have been made.
fn told(text: &str) -> String {
    let cloud = cloud();
    let error = try_on(&cloud, text).unwrap_err();
    assert!(cloud.calls.into_inner().unwrap().is_empty(), "{text}");
    let at = error.at.map_or("-", |at| &text[at]);
    let notes: Vec<String> = error.notes.iter().map(|(key, said)| format!("{key}: {said}")).collect();
    let next = error.next.map(|next| format!(" => {next}")).unwrap_or_default();
    format!("{} {} [{at}] {} {}{next}", error.code, error.message, error.label, notes.join("; "))
}

#[test]
fn a_point_read_is_one_get() {
    is(
        "SELECT bucket_name, region, Identifier, tags FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs'",
        "logs | us-east-1 | logs | [{\"Key\":\"env\",\"Value\":\"dev\"}]",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
    // In any order, with a comment, a table before the column, and in parentheses.
    is(
        "SELECT b.bucket_name FROM awscc.s3.buckets b /* ' */ WHERE ('logs' = b.Identifier AND (b.region = 'us-east-1'))",
        "logs",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
    is(
        "SELECT awscc.s3.buckets.bucket_name, buckets.region FROM awscc.s3.buckets WHERE awscc.s3.buckets.Identifier = 'logs'",
        "logs | us-east-1",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
}

#[test]
fn a_star_shows_what_a_table_shows_whatever_else_is_named() {
    let columns = |text: &str| try_on(&cloud(), text).unwrap().columns.join(",");
    let listed = "region,vpc_id";
    assert_eq!(columns("SELECT * FROM awscc.ec2.vpcs_list_only WHERE Identifier = 'vpc-1'"), listed);
    assert_eq!(columns("SELECT l.* FROM awscc.ec2.vpcs_list_only l WHERE l.Identifier = 'vpc-1'"), listed);
    assert_eq!(
        columns("SELECT awscc.ec2.vpcs_list_only.*, Identifier FROM awscc.ec2.vpcs_list_only"),
        "region,vpc_id,Identifier"
    );
    assert_eq!(
        columns(
            "SELECT *, 1 AS one FROM awscc.ec2.vpcs_list_only l, (SELECT 2 AS two) x WHERE l.Identifier = 'vpc-1'"
        ),
        "region,vpc_id,two,one"
    );
    assert_eq!(
        columns(
            "SELECT * FROM awscc.cloud_control.resource WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs'"
        ),
        "region,Identifier,Properties"
    );
    assert_eq!(
        columns(
            "SELECT * FROM (SELECT * FROM awscc.ec2.vpcs_list_only WHERE Identifier = 'vpc-1') WHERE vpc_id = 'vpc-1'"
        ),
        listed
    );
}

#[test]
fn the_place_of_a_failure_is_that_in_the_whole_text() {
    let text = "SELECT 1;\n SELECT * FROM awscc.s3.buckets WHERE Identifier = 'x'";
    let tables = Tables::new(Catalog::embedded());
    let cloud = Cloud { fails: Some(("get", FailureKind::Denied)), ..cloud() };
    let parsed = parse(text).unwrap();
    let query = Query::prepare(&parsed[1], &tables, &Defaults::default(), Limits::default()).unwrap();
    assert_eq!(&text[now(query.run(&cloud)).unwrap_err().at.unwrap()], "awscc.s3.buckets");
}

#[test]
fn what_is_not_there_is_no_row_and_counts_as_nothing() {
    let read = ["get us-east-1 AWS::S3::Bucket nope"];
    is("SELECT * FROM awscc.s3.buckets WHERE Identifier = 'nope'", "", &read);
    is("SELECT COUNT(*) as count FROM awscc.s3.buckets WHERE Identifier = 'nope'", "0", &read);
    let none =
        "SELECT COUNT(*) as count FROM awscc.cloud_control.resource_request WHERE RequestToken = 'nope'";
    is(none, "0", &["status us-east-1 nope"]);
}

#[test]
fn a_failure_is_never_no_rows() {
    for (text, call) in [
        ("SELECT COUNT(*) FROM awscc.s3.buckets WHERE Identifier = 'x'", "get"),
        ("SELECT COUNT(*) FROM awscc.s3.buckets_list_only", "list"),
        ("SELECT COUNT(*) FROM aws.s3.buckets", "get"),
        (
            "SELECT COUNT(*) FROM awscc.tagging.tagged_resources WHERE TagFilters = '[{\"Key\":\"env\"}]'",
            "tagged",
        ),
        ("SELECT COUNT(*) FROM awscc.cloud_control.resource_requests", "requests"),
        ("SELECT COUNT(*) FROM awscc.cloud_control.resource_request WHERE RequestToken = 'x'", "status"),
    ] {
        for kind in [FailureKind::Denied, FailureKind::Throttled, FailureKind::NoAnswer, FailureKind::Invalid]
        {
            let cloud = Cloud { fails: Some((call, kind)), ..cloud() };
            let error = try_on(&cloud, text).unwrap_err();
            assert_eq!(error.code, codes::CALL_FAILED, "{text}");
            assert!(text[error.at.unwrap()].contains('.'), "{text}");
            assert!(error.notes.iter().any(|(key, said)| key == "service" && said.contains("not allowed")));
        }
    }
}

#[test]
fn lists_are_read_to_their_end() {
    let lists = ["list us-east-1 AWS::S3::Bucket", "list us-east-1 AWS::S3::Bucket"];
    is("SELECT COUNT(*) as count FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1'", "2", &lists);
    is("SELECT * FROM awscc.s3.buckets_list_only ORDER BY 2", "us-east-1 | data\nus-east-1 | logs", &lists);
    is("SELECT Identifier FROM awscc.s3.buckets_list_only WHERE bucket_name LIKE 'l%'", "logs", &lists);
}

#[test]
fn several_values_are_several_requests() {
    is(
        "SELECT region, Identifier FROM awscc.s3.buckets WHERE region IN ('us-east-1', 'us-west-2') AND Identifier IN ('logs', 'west')",
        "us-east-1 | logs\nus-west-2 | west",
        &[
            "get us-east-1 AWS::S3::Bucket logs",
            "get us-east-1 AWS::S3::Bucket west",
            "get us-west-2 AWS::S3::Bucket logs",
            "get us-west-2 AWS::S3::Bucket west",
        ],
    );
    // What both conditions allow; nothing, if they exclude each other.
    is(
        "SELECT region FROM awscc.s3.buckets WHERE region IN ('us-east-1', 'us-west-2') AND region = 'us-west-2' AND Identifier = 'west'",
        "us-west-2",
        &["get us-west-2 AWS::S3::Bucket west"],
    );
    is("SELECT 1 FROM awscc.s3.buckets WHERE region = 'a' AND region = 'b' AND Identifier = 'west'", "", &[]);
    // The same request is made once.
    is(
        "SELECT a.region FROM awscc.s3.buckets a, awscc.s3.buckets b WHERE a.Identifier = 'logs' AND b.Identifier = 'logs'",
        "us-east-1",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
}

#[test]
fn conditions_under_or_and_not_are_filters() {
    is(
        "SELECT bucket_name FROM awscc.s3.buckets_list_only WHERE region = 'us-west-2' OR bucket_name = 'logs'",
        "logs",
        &["list us-east-1 AWS::S3::Bucket", "list us-east-1 AWS::S3::Bucket"],
    );
    assert!(
        told("SELECT 1 FROM awscc.s3.buckets WHERE NOT Identifier = 'logs'").contains("without `Identifier`")
    );
    assert!(
        told("SELECT 1 FROM awscc.s3.buckets WHERE Identifier <> 'logs'").contains("without `Identifier`")
    );
    is("SELECT 1 FROM awscc.s3.buckets WHERE Identifier IN ()", "", &[]);
}

#[test]
fn booleans_and_numbers_compare_in_every_spelling() {
    let calls = ["get us-east-1 AWS::EC2::VPC vpc-1"];
    for condition in [
        "enable_dns_support = 'true'",
        "enable_dns_support = true",
        "enable_dns_support = 1",
        "enable_dns_support <> 'false'",
        "v.enable_dns_support IN ('TRUE')",
        "enable_dns_hostnames = 'false'",
        "EnableDnsHostnames = 0",
    ] {
        let text = format!("SELECT vpc_id FROM awscc.ec2.vpcs v WHERE Identifier = 'vpc-1' AND {condition}");
        is(&text, "vpc-1", &calls);
    }
    is(
        "SELECT t FROM (SELECT enable_dns_support AS t FROM awscc.ec2.vpcs WHERE Identifier = 'vpc-1') WHERE t = 'true'",
        "1",
        &calls,
    );
    is(
        "SELECT 1 FROM awscc.customerprofiles.domains WHERE Identifier = 'dom' AND default_expiration_days = '366'",
        "1",
        &["get us-east-1 AWS::CustomerProfiles::Domain dom"],
    );
}

#[test]
fn an_alias_may_be_used_at_its_own_level() {
    let text = "SELECT COUNT(*) as count FROM (SELECT AWS_POLICY_EQUAL(tags, '[{\"Value\":\"dev\",\"Key\":\"env\"}]') as test_tags \
                FROM awscc.s3.buckets WHERE Identifier = 'logs' AND region = 'us-east-1' AND test_tags = 1) t WHERE test_tags = 1";
    is(text, "1", &["get us-east-1 AWS::S3::Bucket logs"]);
    is(
        "SELECT json_extract(tags, '$[0].Value') as env FROM awscc.s3.buckets WHERE Identifier = 'logs' AND env = 'dev'",
        "dev",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
}

#[test]
fn a_list_that_needs_its_parent_takes_it_from_conditions() {
    let list = |model: &str| vec![format!("list us-east-1 AWS::CustomerProfiles::Integration {model}")];
    for condition in [
        "domain_name = 'dom'",
        "DomainName = 'dom'",
        "ResourceModel = '{\"DomainName\":\"dom\"}'",
        "ResourceModel = JSON('{\"DomainName\": \"dom\"}')",
    ] {
        let text = format!(
            "SELECT domain_name, uri FROM awscc.customerprofiles.integrations_list_only WHERE {condition}"
        );
        let (rows, calls) = run(&text);
        assert_eq!((rows.as_str(), calls), ("dom | uri-1", list("{\"DomainName\":\"dom\"}")), "{text}");
    }
}

#[test]
fn a_list_without_its_parent_looks_for_parents_first() {
    let calls = [
        "list us-east-1 AWS::CustomerProfiles::Domain",
        "list us-east-1 AWS::CustomerProfiles::Integration {\"DomainName\":\"dom\"}",
    ];
    let list = "SELECT region, domain_name, uri FROM awscc.customerprofiles.integrations_list_only WHERE region = 'us-east-1'";
    is(list, "us-east-1 | dom | uri-1", &calls);
    let older = "SELECT object_type_name FROM aws.customerprofiles.integrations WHERE region = 'us-east-1'";
    let read = "get us-east-1 AWS::CustomerProfiles::Integration dom|uri-1";
    is(older, "CTR", &[calls[0], calls[1], read]);
    let instances = "list us-east-1 AWS::Connect::Instance";
    for table in ["awscc.connect.queues_list_only", "aws.connect.integration_associations"] {
        is(&format!("SELECT * FROM {table}"), "", &[instances]);
    }
    // A parent that is gone meanwhile.
    let gone = Cloud { fails: Some(("list below", FailureKind::NotFound)), ..cloud() };
    assert_eq!(try_on(&gone, list).unwrap().rows.len(), 0);
    let denied = Cloud { fails: Some(("list below", FailureKind::Denied)), ..cloud() };
    assert_eq!(try_on(&denied, list).unwrap_err().code, codes::CALL_FAILED);
}

#[test]
fn older_tables_list_and_then_read() {
    let calls = [
        "list us-east-1 AWS::EC2::VPC",
        "list us-east-1 AWS::EC2::VPC",
        "get us-east-1 AWS::EC2::VPC vpc-1",
        "get us-east-1 AWS::EC2::VPC vpc-2",
    ];
    is("SELECT vpc_id, cidr_block FROM aws.ec2.vpcs", "vpc-1 | 10.0.0.0/16\nvpc-2 | 10.1.0.0/16", &calls);
    is(
        "SELECT vpc_id FROM aws.ec2.vpcs WHERE data__Identifier = 'vpc-2'",
        "vpc-2",
        &["get us-east-1 AWS::EC2::VPC vpc-2"],
    );
    is(
        "SELECT data__Identifier FROM aws.ec2.vpcs WHERE Identifier = 'vpc-2'",
        "vpc-2",
        &["get us-east-1 AWS::EC2::VPC vpc-2"],
    );
    is(
        "SELECT vpc_id, json_group_object(tag_key, tag_value) as tags FROM aws.ec2.vpc_tags \
         GROUP BY vpc_id HAVING json_extract(tags, '$.env') = 'dev'",
        "vpc-1 | {\"env\":\"dev\",\"Name\":\"main\"}",
        &calls,
    );
}

#[test]
fn the_raw_tables_show_what_the_service_says() {
    is(
        "SELECT Identifier, JSON_EXTRACT(Properties, '$.BucketName') as n, region FROM awscc.cloud_control.resource \
         WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs' AND region = 'us-east-1'",
        "logs | logs | us-east-1",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
    is(
        "SELECT count(*), TypeName FROM awscc.cloud_control.resources WHERE TypeName = 'awscc.s3.buckets'",
        "2 | awscc.s3.buckets",
        &["list us-east-1 AWS::S3::Bucket", "list us-east-1 AWS::S3::Bucket"],
    );
    is(
        "SELECT OperationStatus, Operation, EventTime, json_extract(ProgressEvent, '$.TypeName') FROM \
         awscc.cloud_control.resource_request WHERE RequestToken = 'r-1'",
        "FAILED | CREATE | 1700000000.5 | AWS::S3::Bucket",
        &["status us-east-1 r-1"],
    );
    is("SELECT RequestToken FROM awscc.cloud_control.vw_failed_requests", "r-1", &["requests us-east-1"]);
    is(
        "SELECT count(*) FROM awscc.cloud_control.resource_requests WHERE ResourceRequestStatusFilter = '{\"OperationStatuses\":[\"PENDING\"]}'",
        "0",
        &["requests us-east-1 in flight"],
    );
    is(
        "SELECT * FROM awscc.ec2.vw_subnet_route_table_associations WHERE subnet_id = 'subnet-1'",
        "us-east-1 | rtb-1 | rtbassoc-1 | subnet-1",
        &[
            "list us-east-1 AWS::EC2::SubnetRouteTableAssociation",
            "get us-east-1 AWS::EC2::SubnetRouteTableAssociation rtbassoc-1",
        ],
    );
}

#[test]
fn no_table_is_needed() {
    is("SELECT 'a' as x, 'http://' || 'b' as url", "a | http://b", &[]);
    is("VALUES (1, 'x')", "1 | x", &[]);
    is(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT sum(x) FROM c",
        "6",
        &[],
    );
    is("SELECT value FROM json_each('[1,2]')", "1\n2", &[]);
}

#[test]
fn mistakes_are_told_before_any_call() {
    let all = [
        "SELECT bucket_nam FROM awscc.s3.buckets WHERE Identifier = 'x'",
        "SELECT b.nonsense FROM awscc.s3.buckets b WHERE Identifier = 'x'",
        "SELECT splitpart('a', 'b', 1)",
        "SELECT 1 FROM awscc.s3.bucket WHERE Identifier = 'x'",
        "SELECT 1 FROM google.storage.buckets",
        "WITH abc AS (SELECT 1) SELECT * FROM abd",
        "SELECT 1 FROM awscc.s3.buckets WHERE region = 'us-east-1'",
        "SELECT 1 FROM awscc.customerprofiles.integrations WHERE region = 'us-east-1'",
        "SELECT 1 FROM awscc.quicksight.analyses_list_only",
        "SELECT 1 FROM awscc.customerprofiles.integrations WHERE Identifier = ''",
        "SELECT 1 FROM awscc.cloud_control.resource WHERE Identifier = 'x'",
        "SELECT 1 FROM awscc.s3.buckets WHERE region = \"us-east-1\" AND Identifier = 'x'",
        "SELECT 1 FROM awscc.s3.buckets WHERE bucket_name = \"x\" AND Identifier = 'x'",
        "SELECT 1 FROM awscc.s3.buckets WHERE region = 'evil.example/' AND Identifier = 'x'",
        "SELECT 1 FROM awscc.tagging.tagged_resources WHERE TagFilters = 'x'",
        "SELECT region FROM awscc.s3.buckets a, awscc.s3.buckets b WHERE Identifier = 'x'",
        "SELECT 1 FROM (SELECT 1 AS a FROM awscc.s3.buckets WHERE Identifier = 'x') WHERE typo = 'x'",
        "SELECT 1 WHERE count(*) = 1",
        "SELECT * FROM pragma_table_info('t0')",
        "SELECT load_extension('x')",
        "SELECT ?",
    ];
    insta::assert_snapshot!(all.map(told).join("\n"));
}

#[test]
fn what_does_not_end_is_an_error() {
    let text = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let parsed = parse(text).unwrap();
    let limits = Limits { rows: 1000, ..Limits::default() };
    let tables = Tables::new(Catalog::embedded());
    let query = Query::prepare(&parsed[0], &tables, &Defaults::default(), limits).unwrap();
    let error = now(query.run(&cloud())).unwrap_err();
    assert_eq!(error.code, codes::LIMIT);
}

#[test]
fn a_region_that_nobody_gave_is_noted_and_several_can_be_the_default() {
    let tables = Tables::new(Catalog::embedded());
    let parsed = parse("SELECT Identifier FROM awscc.s3.buckets_list_only").unwrap();
    let query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap();
    assert_eq!(query.notes(), ["no region is given: us-east-1 is asked"]);
    let defaults = Defaults { regions: vec!["us-west-2".to_owned(), "us-east-1".to_owned()] };
    let query = Query::prepare(&parsed[0], &tables, &defaults, Limits::default()).unwrap();
    assert!(query.notes().is_empty());
    assert_eq!(shown(&now(query.run(&cloud())).unwrap()), "west\nlogs\ndata");
}

#[test]
fn an_identifier_of_another_form_is_asked_for_and_told() {
    let text = "SELECT uri FROM awscc.customerprofiles.integrations WHERE Identifier = 'dom'";
    is(text, "", &["get us-east-1 AWS::CustomerProfiles::Integration dom"]);
    let tables = Tables::new(Catalog::embedded());
    let parsed = parse(text).unwrap();
    let mut query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap();
    query.fetches();
    let note = "`dom` does not have the 2 parts of the identifier; it is asked for as it is written";
    assert!(query.notes().iter().any(|own| own == note), "{:?}", query.notes());
}

#[test]
fn without_filters_the_tag_index_shows_all_that_it_has() {
    for text in [
        "SELECT count(*) FROM awscc.tagging.tagged_resources",
        "SELECT count(*) FROM aws.tagging.tagged_resources WHERE TagFilters = '[]'",
    ] {
        is(text, "3", &["tagged us-east-1"]);
    }
}

#[test]
fn answers_may_come_in_any_order() {
    let tables = Tables::new(Catalog::embedded());
    let cloud = cloud();
    let parsed = parse("SELECT vpc_id FROM aws.ec2.vpcs WHERE region IN ('us-west-2', 'us-east-1')").unwrap();
    let mut query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap();
    loop {
        let mut fetches = query.fetches();
        if fetches.is_empty() {
            break;
        }
        fetches.reverse();
        for (id, fetch) in fetches {
            query.supply(id, now(answer(&cloud, &fetch)));
        }
    }
    assert_eq!(query.notes(), ["aws.ec2.vpcs: 2 resources are read one by one"]);
    assert_eq!(shown(&query.finish().unwrap()), "vpc-1\nvpc-2");
}

#[test]
fn a_query_moves_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let tables = Tables::new(Catalog::embedded());
    let parsed = parse("SELECT 1").unwrap();
    is_send(&Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap());
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(SELECT |WITH a AS \\()([a-c* (),=']|'x'|SELECT |FROM |WHERE |AND |OR |IN \\(|JOIN |LEFT JOIN |ON |awscc.s3.buckets |aws.ec2.vpcs v |a |region|Identifier|v\\.|\\) |UNION |json_each\\(){0,30}") {
        let tables = Tables::new(Catalog::embedded());
        for parsed in parse(&text).unwrap_or_default() {
            match Query::prepare(&parsed, &tables, &Defaults::default(), Limits::default()) {
                Ok(mut query) => drop(query.fetches()),
                Err(error) => prop_assert!(error.at.is_none_or(|at| text.get(at).is_some())),
            }
        }
    }
}
