//! The tag index is late both ways: it does not list what was just made, and still lists what is gone.

use super::world::{File, VPC, World, delete, end_of, export, flow, look, put, understood};
use serde_json::json;
use stack_core::flow::{Flow, FlowKind, FlowVerdict, Purpose};
use stack_core::identity::Identifier;
use stack_core::provider::Found;

/// A file that asks the tag index alone.
fn network() -> Flow {
    let text = "/*+ exists */
SELECT split_part(ResourceARN, '/', 2) AS vpc FROM awscc.tagging.tagged_resources
WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"a\",\"Values\":[\"b\"]}]';
/*+ statecheck */
SELECT COUNT(*) AS count FROM awscc.ec2.vpcs
WHERE region = 'us-east-1' AND Identifier = '{{ this.vpc }}' AND cidr_block = '10.0.0.0/16';
/*+ create */
INSERT INTO awscc.ec2.vpcs (CidrBlock, region) SELECT '10.0.0.0/16', 'us-east-1';
/*+ update */
UPDATE awscc.ec2.vpcs SET PatchDocument = string('[{\"op\":\"add\",\"path\":\"/EnableDnsSupport\",\"value\":true}]')
WHERE region = 'us-east-1' AND Identifier = '{{ this.vpc }}';
/*+ exports */
SELECT vpc_id FROM awscc.ec2.vpcs WHERE region = 'us-east-1' AND Identifier = '{{ this.vpc }}';
/*+ delete */
DELETE FROM awscc.ec2.vpcs WHERE region = 'us-east-1' AND Identifier = '{{ this.vpc }}';
";
    let mut flow = flow(FlowKind::Resource, VPC, File::of(text, &[]));
    flow.exports = vec![export("vpc_id")];
    let mut flow = understood(flow, json!({"CidrBlock": "10.0.0.0/16"}));
    flow.of.as_mut().unwrap().ownership_tags = true;
    flow
}

fn model(id: &str) -> serde_json::Value {
    json!({"VpcId": id, "CidrBlock": "10.0.0.0/16"})
}

/// The network is there and carries the marks, and the index lists this.
fn with_marks(listed: &[&str]) -> World {
    let world = World::default().with(VPC, model("vpc-1"));
    *world.index.lock().unwrap() = Some(listed.iter().map(|id| (*id).to_owned()).collect());
    let identifier = Identifier::single("VpcId", "vpc-1");
    *world.marked.lock().unwrap() = Some(Found { identifier, model: model("vpc-1") });
    world
}

#[test]
fn what_carries_the_marks_is_neither_made_again_nor_left_behind() {
    for listed in [&[][..], &["vpc-gone"]] {
        let world = with_marks(listed);
        let seen = look(&network(), Purpose::Plan, &world);
        assert_eq!(seen.verdict, FlowVerdict::AsWanted, "{:?}", seen.notes);
        assert_eq!(seen.exports.unwrap()["vpc_id"].scalar_text().unwrap(), "vpc-1");
        assert_eq!(look(&network(), Purpose::Teardown, &with_marks(listed)).verdict, FlowVerdict::AsWanted);
        assert_eq!(look(&network(), Purpose::Test, &with_marks(listed)).verdict, FlowVerdict::AsWanted);
        let world = with_marks(listed);
        assert_eq!(end_of(&put(&network(), &world)), "done: nothing sent (vpc_id=vpc-1) [SD1476]");
        assert!(!world.log().contains("CREATE"), "{}", world.log());
        let world = with_marks(listed);
        let ended = end_of(&delete(&network(), &world));
        assert!(ended.starts_with("done: delete vpc-1"), "{ended}: {}", world.log());
    }
}

#[test]
fn what_the_index_still_lists_is_not_there() {
    let ghost = || {
        let world = World::default();
        *world.index.lock().unwrap() = Some(vec!["vpc-gone".to_owned()]);
        world
    };
    assert_eq!(look(&network(), Purpose::Plan, &ghost()).verdict, FlowVerdict::Absent);
    assert_eq!(look(&network(), Purpose::Teardown, &ghost()).verdict, FlowVerdict::Absent);
    assert_eq!(look(&network(), Purpose::Test, &ghost()).verdict, FlowVerdict::Absent);
    // And what is made then is not mistaken for it.
    let ended = end_of(&put(&network(), &ghost()));
    assert!(ended.starts_with("done: create vpc-new (vpc_id=vpc-new)"), "{ended}");
    assert_eq!(end_of(&delete(&network(), &ghost())), "done: nothing sent ()");
}

#[test]
fn without_marks_in_its_statements_nobody_else_is_asked() {
    let mut flow = network();
    flow.of.as_mut().unwrap().ownership_tags = false;
    let world = with_marks(&[]);
    assert_eq!(look(&flow, Purpose::Plan, &world).verdict, FlowVerdict::Absent);
    assert!(!world.log().contains("find"), "{}", world.log());
}
