//! Statements as projects write them: every construct of stackql-compat 5.1 on tables of the catalog.

use stack_sql::show::show;
use stack_sql::{Defaults, Kind, Limits, Query, Selection, Tables, Writes, parse};

/// A construct and a statement that uses it. All can be bound.
pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    (
        "point read",
        "SELECT bucket_name, arn, tags FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs'",
    ),
    (
        "count",
        "SELECT COUNT(*) as count FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1' AND vpc_id = 'vpc-1'",
    ),
    (
        "computed columns in a subquery",
        "SELECT COUNT(*) as count FROM (\nSELECT\nAWS_POLICY_EQUAL(tags, '[{\"Key\":\"env\",\"Value\":\"dev\"}]') as test_tags,\ncidr_block = '10.0.0.0/16' as test_cidr\nFROM awscc.ec2.vpcs\nWHERE Identifier = 'vpc-1' AND region = 'us-east-1'\n) t\nWHERE test_tags = 1 AND test_cidr = 1;",
    ),
    (
        "alias in WHERE",
        "SELECT bucket_name, JSON_EQUAL(tags, '[]') as test_tags FROM awscc.s3.buckets WHERE region = 'us-east-1' AND Identifier = 'logs' AND test_tags = 1",
    ),
    (
        "WITH and join",
        "WITH tagged_resources AS (\n  SELECT split_part(ResourceARN, '/', 2) as vpc_id\n  FROM awscc.tagging.tagged_resources\n  WHERE region = 'us-east-1'\n  AND TagFilters = '[{\"Key\":\"stackql:stack-name\",\"Values\":[\"shop\"]},{\"Key\":\"env\",\"Values\":[\"dev\",\"sit\"]}]'\n  AND ResourceTypeFilters = '[\"ec2:vpc\"]'\n),\nvpcs AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1')\nSELECT r.vpc_id FROM vpcs r INNER JOIN tagged_resources tr ON r.vpc_id = tr.vpc_id",
    ),
    ("no FROM", "SELECT 'a' as x, 'http://' || 'host' || ':' || 8080 as \"url\", 1 as 'n'"),
    (
        "INSERT SELECT",
        "INSERT INTO awscc.s3.buckets (BucketName, Tags, ObjectLockEnabled, region)\nSELECT 'logs', '[{\"Key\":\"env\",\"Value\":\"it''s dev\"}]', true, 'us-east-1'\nRETURNING *;",
    ),
    (
        "INSERT VALUES",
        "INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) VALUES ('jobs', 5, 'us-east-1'), ('mails', '5', 'eu-west-1') RETURNING RequestToken, OperationStatus",
    ),
    (
        "UPDATE",
        "UPDATE awscc.s3.buckets SET PatchDocument = string('[{\"op\":\"replace\",\"path\":\"/Tags\",\"value\":[]}]') WHERE region = 'us-east-1' AND Identifier = 'logs' RETURNING ErrorCode",
    ),
    (
        "DELETE",
        "DELETE FROM awscc.s3.buckets WHERE Identifier IN ('logs', 'data') AND region = 'us-east-1' RETURNING *",
    ),
    (
        "INSERT of a query's rows",
        "INSERT INTO awscc.sqs.queues (QueueName, DelaySeconds, region) SELECT split_part(name, '/', 2), 5, region FROM aws.ssm.parameters WHERE region = 'us-east-1' AND name LIKE '/q/%' ORDER BY name RETURNING *",
    ),
    (
        "raw INSERT",
        "INSERT INTO awscc.cloud_control.resources (TypeName, DesiredState, region) VALUES ('AWS::S3::Bucket', '{\"BucketName\":\"logs\"}', 'us-east-1')",
    ),
    (
        "raw UPDATE",
        "UPDATE awscc.cloud_control.resources SET PatchDocument = '[{\"op\":\"remove\",\"path\":\"/Tags\"}]' WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs'",
    ),
    (
        "cancel",
        "DELETE FROM awscc.cloud_control.resource_requests WHERE RequestToken IN ('r-1', 'r-2') AND region = 'us-east-1'",
    ),
    (
        "grouping",
        "SELECT region, instance_type, COUNT(*) AS n, SUM(1) s FROM aws.ec2.instances WHERE region IN ('us-east-1', 'us-west-2') GROUP BY region HAVING n > 2 ORDER BY n DESC LIMIT 10 OFFSET 1",
    ),
    (
        "JSON",
        "SELECT JSON_EXTRACT(versioning_configuration, '$.Status') s, tags -> '$[0].Key' k, tags ->> 0, json_group_object(bucket_name, arn) o, JSON_GROUP_ARRAY(JSON_OBJECT('a', arn)) a FROM awscc.s3.buckets WHERE Identifier = 'logs' AND region = 'us-east-1'",
    ),
    (
        "table function",
        "SELECT json_extract(j.value, '$.Key') AS key FROM awscc.s3.buckets t, json_each(t.tags) j WHERE t.region = 'us-east-1' AND t.Identifier = 'logs'",
    ),
    (
        "functions",
        "SELECT split_part(arn, ':', -1), regexp_like(arn, '^arn:.*$') as ok, regexp_replace(arn, 'a+', 'b'), regexp_substr(arn, '[0-9]+'), arn REGEXP 's3', cast(1 as text), CASE WHEN arn IS NULL THEN 'none' WHEN arn = '' THEN 1.5e3 ELSE -7 END AS c, coalesce(arn, NULL), iif(true, 1, 0) FROM awscc.s3.buckets WHERE Identifier = 'logs' AND region = 'us-east-1'",
    ),
    (
        "predicates",
        "SELECT bucket_name = 'x' as ok FROM aws.s3.buckets WHERE region = 'us-east-1' AND bucket_name <> 'a' AND bucket_name != 'b' AND bucket_name IN ('c', 'd') AND bucket_name NOT LIKE '%e_' AND arn IS NOT NULL AND NOT (arn IS NULL OR arn BETWEEN 'a' AND 'b')",
    ),
    (
        "fed join",
        "SELECT detail.vpc_id, detail.cidr_block FROM awscc.ec2.vpcs_list_only listing INNER JOIN awscc.ec2.vpcs detail ON detail.Identifier = listing.Identifier AND detail.region = listing.region WHERE listing.region IN ('us-east-1', 'us-west-2')",
    ),
    (
        "fed subquery",
        "SELECT * FROM awscc.ec2.vpcs WHERE region = 'us-east-1' AND Identifier IN (SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1' AND vpc_id LIKE 'vpc-%')",
    ),
    (
        "outer join and union",
        "SELECT v.vpc_id, s.subnet_id FROM aws.ec2.vpcs v LEFT JOIN aws.ec2.subnets s ON s.vpc_id = v.vpc_id WHERE v.region = 'us-east-1' UNION ALL SELECT vpc_id, NULL FROM awscc.ec2.vpcs_list_only WHERE region = 'eu-west-1'",
    ),
    (
        "window",
        "SELECT name, row_number() OVER (PARTITION BY type ORDER BY name DESC) AS r FROM aws.ssm.parameters WHERE region = 'us-east-1'",
    ),
    (
        "recursive WITH",
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT group_concat(i, ',') FROM n",
    ),
    (
        "raw resource",
        "SELECT Identifier, JSON_EXTRACT(Properties, '$.Arn') arn FROM awscc.cloud_control.resource WHERE TypeName = 'AWS::S3::Bucket' AND Identifier = 'logs' AND region = 'us-east-1'",
    ),
    (
        "raw list",
        "SELECT Identifier, Properties FROM awscc.cloud_control.resources WHERE TypeName = 'AWS::S3::Bucket' AND region = 'us-east-1' AND ResourceModel = '{\"a\": 1}'",
    ),
    (
        "requests",
        "SELECT RequestToken, StatusMessage FROM awscc.cloud_control.resource_requests WHERE ResourceRequestStatusFilter = '{\"OperationStatuses\":[\"FAILED\"],\"Operations\":[\"CREATE\"]}' AND region = 'us-east-1'",
    ),
    (
        "request",
        "SELECT OperationStatus FROM awscc.cloud_control.resource_request WHERE RequestToken = 'r-1' AND region = 'us-east-1'",
    ),
    (
        "view",
        "SELECT route_table_id, id FROM awscc.ec2.vw_subnet_route_table_associations WHERE subnet_id = 'subnet-1' AND region = 'us-east-1'",
    ),
    (
        "tags table",
        "SELECT bucket_name, tag_key, tag_value FROM aws.s3.bucket_tags WHERE region = 'us-east-1' AND tag_key = 'env'",
    ),
    (
        "list below a parent",
        "SELECT uri FROM awscc.customerprofiles.integrations_list_only WHERE region = 'us-east-1' AND domain_name = 'shop'",
    ),
    ("SHOW PROVIDERS", "SHOW PROVIDERS LIKE 'aw%'"),
    ("SHOW SERVICES", "SHOW SERVICES IN awscc LIKE '%s3%'"),
    ("SHOW RESOURCES", "SHOW EXTENDED RESOURCES IN awscc.s3"),
    ("SHOW METHODS", "SHOW EXTENDED METHODS IN awscc.s3.buckets"),
    ("SHOW INSERT", "SHOW INSERT /*+ REQUIRED */ INTO awscc.s3.buckets"),
    ("DESCRIBE", "DESCRIBE EXTENDED awscc.s3.buckets"),
];

/// What other engines and providers take, and what is refused here.
pub(crate) const FOREIGN: &[&str] = &[
    "EXEC google.storage.buckets.list @project = 'x' @@json = '{\"a\": {\"b\": []}}'",
    "REPLACE INTO google.compute.networks (project, data__name) SELECT 'p', 'n'",
    "INSERT INTO databricks_account.iam.users (account_id, data__schemas, data__name) SELECT 'a', '[\"x\"]', '{\"givenName\": \"y\"}'",
    "SELECT n.name, s.name FROM google.compute.networks n JOIN google.compute.subnetworks s ON s.network = n.selfLink AND n.project IN ('a', 'b') WHERE s.region = 'x'",
    "REGISTRY PULL aws v24.07.00246",
    "CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1",
    "SLEEP 10",
    "BEGIN; COMMIT; ROLLBACK",
    "WITH a AS (SELECT 1) INSERT INTO awscc.s3.buckets (BucketName) SELECT * FROM a",
    "UPDATE awscc.s3.buckets SET (a, b) = (1, 2) FROM x WHERE a = 1",
    "DELETE FROM awscc.s3.buckets USING x WHERE Identifier = 'a' OR region LIKE 'b'",
    "PRAGMA table_info('x')",
    "ATTACH DATABASE 'x' AS y",
];

/// Query files: anchors, options, hints, callbacks, templates, and what people get wrong.
pub(crate) const FILES: &[&str] = &[
    "/*+ exists */\nSELECT COUNT(*) as count FROM awscc.ec2.vpcs_list_only WHERE region = '{{ region }}'\n\n/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock, Tags, region)\nSELECT '{{ cidr_block }}', '{{ tags | merge_lists(global_tags) }}', '{{ region }}'\nRETURNING *;\n\n/*+ statecheck, retries=5, retry_delay=10 */\nSELECT 1 as count\n\n/*+ exports, retries=3, retry_delay=5 */\nSELECT vpc_id, 'a;b' as x FROM awscc.ec2.vpcs WHERE Identifier = '{{ id }}'\n\n/*+ delete */\nDELETE FROM awscc.ec2.vpcs WHERE Identifier = '{{ vpc_id }}' AND region = '{{ region }}'\n",
    "-- a comment\n/*+ createorupdate */\n{% for user in users | from_json %}\nINSERT INTO t (a) SELECT '{{ user }}' ;\n{% endfor %}\n/*+ callback:create, retries=2, short_circuit_field=ProgressEvent.OperationStatus, short_circuit_value=SUCCESS */\nSELECT * FROM awscc.cloud_control.resource_request WHERE RequestToken = '{{ callback.ProgressEvent.RequestToken }}'\n/*+ troubleshoot:create */\nSELECT 1\n",
    "SELECT 1\n/*+ exists, retries= , =3, retries=-1, delay=99999999999999999999 */ SELECT 2\n/*+ exist */\nSELECT 3\n/*+ exists */\n/*+ */\n/*+ command */\nUPDATE t SET a = 1 /*+ not an anchor */ WHERE b = '/*+ delete */'\n",
];

/// Parses and binds the statements of a text, and asks nobody. Gives how many there are.
///
/// # Errors
/// What is wrong with the first that cannot be bound.
pub(crate) fn bind(text: &str, tables: &Tables<'_>) -> Result<usize, String> {
    let (defaults, limits) = (Defaults::default(), Limits::default());
    let parsed = parse(text).map_err(|error| format!("{error:?}"))?;
    for one in &parsed {
        match &one.kind {
            Kind::Query(_) => {
                drop(Query::prepare(one, tables, &defaults, limits).map_err(|error| format!("{error:?}"))?);
            }
            Kind::Show | Kind::Describe => match show(&one.text, tables) {
                Some(shown) => drop(shown.map_err(|error| error.to_string())?),
                None => return Err("it shows nothing".to_owned()),
            },
            Kind::Insert | Kind::Update | Kind::Delete => {
                let selection = Selection::prepare(one, tables, &defaults, limits);
                if selection.map_err(|errors| format!("{errors:?}"))?.is_none() {
                    let writes = Writes::prepare(one, tables, &defaults);
                    drop(writes.map_err(|errors| format!("{errors:?}"))?);
                }
            }
        }
    }
    Ok(parsed.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;

    #[test]
    fn every_statement_can_be_bound() {
        let tables = Tables::new(Catalog::embedded());
        for (name, text) in STATEMENTS {
            assert_eq!(bind(text, &tables), Ok(1), "{name}");
        }
    }
}
