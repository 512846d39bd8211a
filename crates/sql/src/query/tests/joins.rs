//! Values that reach tables from elsewhere in the statement.

use super::*;
use serde_json::json;
use stack_core::identity::Identifier;
use stack_core::provider::{Found, Tagged};

#[test]
fn a_cte_joins_the_tag_index_with_a_list() {
    let text = "WITH tagged AS (
          SELECT split_part(ResourceARN, '/', 2) as vpc_id FROM awscc.tagging.tagged_resources
          WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"env\",\"Values\":[\"dev\"]}]' AND ResourceTypeFilters = '[\"ec2:vpc\"]'
        ), vpcs AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1')
        SELECT v.vpc_id FROM vpcs v INNER JOIN tagged t ON v.vpc_id = t.vpc_id";
    is(
        text,
        "vpc-1",
        &["list us-east-1 AWS::EC2::VPC", "list us-east-1 AWS::EC2::VPC", "tagged us-east-1 env=dev ec2:vpc"],
    );
}

#[test]
fn a_join_feeds_identifiers() {
    let calls = [
        "list us-east-1 AWS::EC2::VPC",
        "list us-east-1 AWS::EC2::VPC",
        "get us-east-1 AWS::EC2::VPC vpc-1",
        "get us-east-1 AWS::EC2::VPC vpc-2",
    ];
    let from = "FROM awscc.ec2.vpcs_list_only listing";
    for text in [
        format!("SELECT detail.cidr_block {from} JOIN awscc.ec2.vpcs detail ON detail.Identifier = listing.Identifier WHERE listing.region = 'us-east-1' AND detail.region = 'us-east-1'"),
        format!("SELECT detail.cidr_block {from} JOIN awscc.ec2.vpcs detail ON listing.vpc_id = detail.Identifier"),
        format!("SELECT detail.cidr_block {from}, awscc.ec2.vpcs detail WHERE detail.Identifier = listing.vpc_id"),
        format!("SELECT detail.cidr_block {from} LEFT JOIN awscc.ec2.vpcs detail ON detail.Identifier = listing.vpc_id"),
        "WITH l AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only) SELECT d.cidr_block FROM l JOIN awscc.ec2.vpcs d ON d.Identifier = l.vpc_id".to_owned(),
        "SELECT d.cidr_block FROM (SELECT vpc_id AS i FROM awscc.ec2.vpcs_list_only) l JOIN awscc.ec2.vpcs d ON d.Identifier = l.i".to_owned(),
        "WITH l AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only), d AS (SELECT v.cidr_block FROM l JOIN awscc.ec2.vpcs v ON v.Identifier = l.vpc_id) SELECT * FROM d".to_owned(),
        "WITH RECURSIVE l AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only), n(i, id) AS (SELECT 1, vpc_id FROM l UNION SELECT i + 1, id FROM n WHERE i < 3) SELECT d.cidr_block FROM (SELECT DISTINCT id FROM n) x JOIN awscc.ec2.vpcs d ON d.Identifier = x.id".to_owned(),
        "SELECT cidr_block FROM awscc.ec2.vpcs WHERE Identifier IN (SELECT vpc_id FROM awscc.ec2.vpcs_list_only)".to_owned(),
    ] {
        is(&text, "10.0.0.0/16\n10.1.0.0/16", &calls);
    }
}

#[test]
fn a_join_feeds_computed_values_too() {
    is(
        "SELECT v.cidr_block FROM awscc.tagging.tagged_resources t JOIN awscc.ec2.vpcs v \
         ON v.Identifier = split_part(t.ResourceARN, '/', 2) WHERE t.ResourceTypeFilters = '[\"ec2:vpc\"]' AND t.TagFilters = '[{\"Key\":\"env\",\"Values\":[\"dev\"]}]'",
        "10.0.0.0/16",
        &[
            "tagged us-east-1 env=dev ec2:vpc",
            "get us-east-1 AWS::EC2::VPC vpc-1",
            "get us-east-1 AWS::EC2::VPC vpc-gone",
        ],
    );
    is(
        "SELECT v.vpc_id FROM (SELECT '[\"vpc-2\"]' AS ids) a, json_each(a.ids) j JOIN awscc.ec2.vpcs v ON v.Identifier = j.value",
        "vpc-2",
        &["get us-east-1 AWS::EC2::VPC vpc-2"],
    );
}

#[test]
fn pairs_of_values_stay_together() {
    is(
        "SELECT d.region, d.bucket_name FROM awscc.s3.buckets_list_only l JOIN awscc.s3.buckets d \
         ON d.Identifier = l.bucket_name AND d.region = l.region WHERE l.region IN ('us-east-1', 'us-west-2')",
        "us-east-1 | logs\nus-east-1 | data\nus-west-2 | west",
        &[
            "list us-east-1 AWS::S3::Bucket",
            "list us-east-1 AWS::S3::Bucket",
            "list us-west-2 AWS::S3::Bucket",
            "get us-east-1 AWS::S3::Bucket logs",
            "get us-east-1 AWS::S3::Bucket data",
            "get us-west-2 AWS::S3::Bucket west",
        ],
    );
}

#[test]
fn known_values_cross_a_join_without_waiting() {
    is(
        "SELECT a.bucket_name FROM awscc.s3.buckets a JOIN awscc.s3.buckets b ON a.region = b.region \
         WHERE b.region = 'us-west-2' AND a.Identifier = 'west' AND b.Identifier = 'west'",
        "west",
        &["get us-west-2 AWS::S3::Bucket west"],
    );
}

#[test]
fn a_join_feeds_the_parents_of_a_list() {
    is(
        "SELECT i.uri FROM awscc.customerprofiles.domains_list_only d \
         JOIN awscc.customerprofiles.integrations_list_only i ON i.domain_name = d.domain_name",
        "uri-1",
        &[
            "list us-east-1 AWS::CustomerProfiles::Domain",
            "list us-east-1 AWS::CustomerProfiles::Integration {\"DomainName\":\"dom\"}",
        ],
    );
}

#[test]
fn conditions_pass_down() {
    let west = ["get us-west-2 AWS::S3::Bucket west"];
    for text in [
        "SELECT bucket_name FROM (SELECT bucket_name FROM awscc.s3.buckets) WHERE region = 'us-west-2' AND Identifier = 'west'",
        "SELECT bucket_name FROM (SELECT * FROM awscc.s3.buckets) t WHERE t.region = 'us-west-2' AND t.Identifier = 'west'",
        "WITH b AS (SELECT bucket_name FROM awscc.s3.buckets) SELECT * FROM b WHERE region = 'us-west-2' AND Identifier = 'west'",
        "WITH b AS (SELECT * FROM awscc.s3.buckets), c AS (SELECT bucket_name FROM b) SELECT * FROM c WHERE region = 'us-west-2' AND Identifier = 'west'",
        "SELECT bucket_name FROM (SELECT bucket_name FROM awscc.s3.buckets UNION SELECT bucket_name FROM awscc.s3.buckets) WHERE region = 'us-west-2' AND Identifier = 'west'",
        // A condition outside that nothing there can check wins over one inside.
        "SELECT bucket_name FROM (SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-east-1') WHERE region = 'us-west-2' AND Identifier = 'west'",
    ] {
        is(text, "west", &west);
    }
    // One that is checked outside leaves what is said inside.
    is(
        "SELECT bucket_name FROM (SELECT region, bucket_name FROM awscc.s3.buckets WHERE region = 'us-west-2' AND Identifier = 'west') WHERE region = 'us-east-1'",
        "",
        &west,
    );
    // Subqueries in expressions read in the region of the SELECT around them.
    is(
        "SELECT bucket_name FROM awscc.s3.buckets WHERE region = 'us-west-2' AND Identifier = 'west' \
         AND EXISTS (SELECT 1 FROM awscc.s3.buckets_list_only)",
        "west",
        &["get us-west-2 AWS::S3::Bucket west", "list us-west-2 AWS::S3::Bucket"],
    );
}

#[test]
fn one_condition_reaches_all_tables_that_take_it() {
    is(
        "SELECT a.bucket_name, count(b.bucket_name) FROM awscc.s3.buckets a, awscc.s3.buckets_list_only b \
         WHERE region = 'us-west-2' AND a.Identifier = 'west'",
        "west | 1",
        &["get us-west-2 AWS::S3::Bucket west", "list us-west-2 AWS::S3::Bucket"],
    );
}

#[test]
fn outer_joins_keep_their_meaning() {
    // A row that the join left empty does not fulfil a condition.
    let from = "FROM awscc.s3.buckets_list_only l LEFT JOIN awscc.ec2.vpcs v ON v.vpc_id = l.bucket_name";
    let (rows, _) = run(&format!("SELECT l.bucket_name {from} WHERE v.Identifier = 'vpc-1'"));
    assert_eq!(rows, "");
    let (rows, _) = run(&format!("SELECT l.bucket_name {from} AND v.Identifier = 'vpc-1'"));
    assert_eq!(rows, "logs\ndata");
    // The preserved side is never narrowed by the join.
    let text = "SELECT v.vpc_id FROM awscc.ec2.vpcs v LEFT JOIN awscc.ec2.vpcs_list_only l ON v.Identifier = l.vpc_id";
    assert!(told(text).contains("without `Identifier`"));
}

#[test]
fn two_uses_of_a_name_agree_or_are_refused() {
    let text = "WITH b AS (SELECT bucket_name FROM awscc.s3.buckets_list_only) \
        SELECT count(*) FROM b x WHERE region = 'us-west-2' UNION ALL SELECT count(*) FROM b y WHERE region = 'us-east-1'";
    assert!(told(text).contains("used twice with different conditions"), "{}", told(text));
    is(
        "WITH b AS (SELECT region, bucket_name FROM awscc.s3.buckets_list_only) \
         SELECT bucket_name FROM b WHERE region = 'us-west-2' UNION ALL SELECT bucket_name FROM b WHERE region = 'us-east-1'",
        "west\nlogs\ndata",
        &[
            "list us-east-1 AWS::S3::Bucket",
            "list us-east-1 AWS::S3::Bucket",
            "list us-west-2 AWS::S3::Bucket",
        ],
    );
}

#[test]
fn tables_that_wait_for_each_other_are_refused() {
    let text = "SELECT 1 FROM awscc.ec2.vpcs a JOIN awscc.ec2.vpcs b ON a.Identifier = b.Identifier";
    assert!(told(text).contains("without `Identifier`"));
}

#[test]
fn each_use_of_a_table_is_its_own() {
    is(
        "SELECT a.bucket_name, b.bucket_name FROM awscc.s3.buckets a JOIN awscc.s3.buckets b ON a.Identifier <> b.Identifier \
         WHERE a.Identifier = 'logs' AND b.Identifier IN ('data', 'logs') AND b.region = 'us-east-1'",
        "logs | data",
        &["get us-east-1 AWS::S3::Bucket logs", "get us-east-1 AWS::S3::Bucket data"],
    );
    is(
        "SELECT count(*) FROM awscc.s3.buckets_list_only WHERE region = 'us-east-1' UNION ALL \
         SELECT count(*) FROM awscc.s3.buckets_list_only WHERE region = 'us-west-2'",
        "2\n1",
        &[
            "list us-east-1 AWS::S3::Bucket",
            "list us-east-1 AWS::S3::Bucket",
            "list us-west-2 AWS::S3::Bucket",
        ],
    );
}

#[test]
fn a_join_with_using_filters_and_feeds_nothing() {
    is(
        "SELECT bucket_name FROM awscc.s3.buckets_list_only l JOIN awscc.s3.buckets b USING (bucket_name) WHERE b.Identifier = 'logs'",
        "logs",
        &[
            "list us-east-1 AWS::S3::Bucket",
            "list us-east-1 AWS::S3::Bucket",
            "get us-east-1 AWS::S3::Bucket logs",
        ],
    );
}

#[test]
fn a_value_that_is_null_is_asked_for_nowhere() {
    is(
        "SELECT d.bucket_name FROM (SELECT NULL AS i UNION ALL SELECT 'logs') x JOIN awscc.s3.buckets d ON d.Identifier = x.i",
        "logs",
        &["get us-east-1 AWS::S3::Bucket logs"],
    );
    is(
        "SELECT d.bucket_name FROM (SELECT 'x' AS i WHERE 0) x JOIN awscc.s3.buckets d ON d.Identifier = x.i",
        "",
        &[],
    );
}

/// A join must not compare each row with each: SQLite counts its steps, and the limit is below that.
#[test]
fn a_join_of_large_tables_is_no_product() {
    let rows = 3_000;
    let text = "WITH tagged AS (SELECT split_part(ResourceARN, '/', 2) AS vpc_id FROM awscc.tagging.tagged_resources \
        WHERE region = 'us-east-1' AND TagFilters = '[]'), \
        vpcs AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1') \
        SELECT count(*) FROM vpcs v INNER JOIN tagged t ON v.vpc_id = t.vpc_id";
    let parsed = parse(text).unwrap();
    let tables = Tables::new(Catalog::embedded());
    let limits = Limits { steps: 1_000_000, ..Limits::default() };
    let mut query = Query::prepare(&parsed[0], &tables, &Defaults::default(), limits).unwrap();
    for (id, fetch) in query.fetches() {
        let answer = match fetch {
            Fetch::Tagged { .. } => Answer::Tagged(
                (0..rows)
                    .map(|n| Tagged { arn: format!("arn:aws:ec2:us-east-1:1:vpc/vpc-{n}"), tags: Vec::new() })
                    .collect(),
            ),
            _ => Answer::Found(
                (0..rows)
                    .map(|n| Found {
                        identifier: Identifier::single("VpcId", format!("vpc-{n}")),
                        model: json!({"VpcId": format!("vpc-{n}")}),
                    })
                    .collect(),
            ),
        };
        query.supply(id, Ok(answer));
    }
    assert_eq!(shown(&query.finish().unwrap()), rows.to_string());
}

/// What a page shows is read at once, in the order of the list, and once.
#[test]
fn what_is_listed_is_read_before_the_list_ends() {
    let text = "SELECT a.bucket_name FROM aws.s3.buckets a JOIN aws.s3.buckets b ON a.bucket_name = b.bucket_name WHERE a.region = 'us-east-1' AND b.region = 'us-east-1'";
    let parsed = parse(text).unwrap();
    let tables = Tables::new(Catalog::embedded());
    let mut query = Query::prepare(&parsed[0], &tables, &Defaults::default(), Limits::default()).unwrap();
    let bucket = |name: &str| Found {
        identifier: Identifier::single("BucketName", name),
        model: json!({"BucketName": name}),
    };
    let lists = query.fetches();
    let [(list, Fetch::List { .. })] = lists.as_slice() else { panic!("{lists:?}") };
    let (one, two) = ([bucket("b"), bucket("a")], [bucket("c")]);
    query.supply_page(*list, &one);
    let early = query.fetches();
    assert_eq!(early.len(), 2);
    query.supply(*list, Ok(Answer::Found([one.as_slice(), &two].concat())));
    query.supply_page(*list, &two);
    let late = query.fetches();
    assert_eq!(late.len(), 1);
    for (id, fetch) in early.into_iter().chain(late).rev() {
        let Fetch::Get { identifier, .. } = fetch else { panic!("{fetch:?}") };
        query.supply(id, Ok(Answer::Found(vec![bucket(&identifier.to_string())])));
    }
    assert_eq!(query.notes().len(), 2, "{:?}", query.notes());
    assert_eq!(shown(&query.finish().unwrap()), "b\na\nc");
}
