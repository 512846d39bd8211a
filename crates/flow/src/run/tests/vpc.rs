//! A query file as the peer's examples have it: found by tags, checked, exported, deleted.

use super::world::{File, VPC, World, delete, end_of, export, flow, look, put, returned};
use serde_json::json;
use stack_core::flow::{Flow, FlowKind, Purpose};
use stack_core::value::Value;

const TEXT: &str = r#"/*+ exists */
WITH tagged_resources AS
(
    SELECT split_part(ResourceARN, '/', 2) as vpc_id
    FROM awscc.tagging.tagged_resources
    WHERE region = '{{ region }}'
    AND TagFilters = '[{"Key":"stackql:stack-name","Values":["s"]}]'
    AND ResourceTypeFilters = '["ec2:vpc"]'
),
vpcs AS
(
    SELECT vpc_id
    FROM awscc.ec2.vpcs_list_only
    WHERE region = '{{ region }}'
)
SELECT r.vpc_id
FROM vpcs r
INNER JOIN tagged_resources tr
ON r.vpc_id = tr.vpc_id;
/*+ statecheck, retries=3, retry_delay=5 */
SELECT COUNT(*) as count FROM
(
    SELECT AWS_POLICY_EQUAL(tags, '{{ vpc_tags }}') as test_tags
    FROM awscc.ec2.vpcs
    WHERE Identifier = '{{ this.vpc_id }}'
    AND region = '{{ region }}'
    AND cidr_block = '{{ vpc_cidr_block }}'
) t
WHERE test_tags = 1;
/*+ create */
INSERT INTO awscc.ec2.vpcs (CidrBlock, Tags, EnableDnsSupport, EnableDnsHostnames, region)
SELECT '{{ vpc_cidr_block }}', '{{ vpc_tags }}', true, true, '{{ region }}'
RETURNING *;
/*+ update */
UPDATE awscc.ec2.vpcs
SET PatchDocument = string('[{"op":"add","path":"/Tags","value":{{ vpc_tags }}},{"op":"add","path":"/EnableDnsSupport","value":true}]')
WHERE Identifier = '{{ this.vpc_id }}' AND region = '{{ region }}';
/*+ exports */
SELECT '{{ this.vpc_id }}' as vpc_id, cidr_block FROM awscc.ec2.vpcs
WHERE Identifier = '{{ this.vpc_id }}' AND region = '{{ region }}';
/*+ delete, retries=2, retry_delay=5 */
DELETE FROM awscc.ec2.vpcs WHERE Identifier = '{{ vpc_id }}' AND region = '{{ region }}';
"#;

fn vpc() -> Flow {
    let tags = json!([{"Key": "stackql:stack-name", "Value": "s"}, {"Key": "owner", "Value": "O'Hara"}]);
    let props = [
        ("region", Value::text("us-east-1")),
        ("vpc_cidr_block", Value::text("10.0.0.0/16")),
        ("vpc_tags", tags.into()),
    ];
    let mut flow = flow(FlowKind::Resource, VPC, File::of(TEXT, &props));
    flow.exports = vec![export("vpc_id"), export("cidr_block")];
    flow.returns.create = vec![returned("Identifier", "vpc_id")];
    flow
}

#[test]
fn a_file_of_the_peer_goes_through_its_life() {
    let (flow, world) = (vpc(), World::default());
    let mut lines: Vec<String> = Vec::new();
    let mut step = |what: &str, told: String| {
        let log = std::mem::take(&mut *world.log.lock().unwrap()).join(" ");
        lines.push(format!("{what}: {log}\n  {told}"));
    };
    let seen = |purpose| {
        let seen = look(&flow, purpose, &world);
        format!("{:?} {:?} {}", seen.verdict, seen.exports, seen.notes.len())
    };
    step("plan", seen(Purpose::Plan));
    step("build", end_of(&put(&flow, &world)));
    step("plan", seen(Purpose::Plan));
    step("test", seen(Purpose::Test));
    step("build", end_of(&put(&flow, &world)));
    world.resources.lock().unwrap()[0].2["Tags"] = json!([]);
    step("plan", seen(Purpose::Plan));
    step("build", end_of(&put(&flow, &world)));
    step("patch", world.patches.lock().unwrap().iter().map(ToString::to_string).collect());
    step("teardown", seen(Purpose::Teardown));
    step("delete", end_of(&delete(&flow, &world)));
    step("teardown", seen(Purpose::Teardown));
    step("delete", end_of(&delete(&flow, &world)));
    insta::assert_snapshot!(lines.join("\n"));
}
