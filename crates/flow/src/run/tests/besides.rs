//! The tag index is late both ways: it does not list what was just made, and still lists what is gone.

use super::world::{File, VPC, World, delete, end_of, export, flow, look, put, understood};
use serde_json::json;
use stack_core::flow::{FindError, Flow, FlowKind, FlowVerdict, Purpose};
use stack_core::identity::Identifier;
use stack_core::provider::{Failure, FailureKind, Found};

/// A file that asks the tag index alone.
fn network() -> Flow {
    network_without(&[])
}

/// The same without some of its anchors.
fn network_without(without: &[&str]) -> Flow {
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
    let kept = text.split("/*+ ").filter(|part| !without.iter().any(|name| part.starts_with(name)));
    let mut text = kept.collect::<Vec<_>>().join("/*+ ");
    if without.contains(&"exists") {
        // Only `exists` gives a column of its own.
        text = text.replace("this.vpc }}", "this.vpc_id }}");
    }
    let mut flow = flow(FlowKind::Resource, VPC, File::of(&text, &[]));
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

/// The same file in a project that writes no marks of the stack.
fn unmarked(without: &[&str]) -> Flow {
    let mut flow = network_without(without);
    flow.of.as_mut().unwrap().ownership_tags = false;
    flow
}

fn vpc() -> Found {
    Found { identifier: Identifier::single("VpcId", "vpc-1"), model: model("vpc-1") }
}

fn hinted(hint: Result<Option<Found>, FindError>) -> World {
    let world = World::default().with(VPC, model("vpc-1"));
    *world.index.lock().unwrap() = Some(Vec::new());
    *world.hint.lock().unwrap() = Some(hint);
    world
}

#[test]
fn what_an_earlier_run_has_made_is_found_whatever_the_checks_are() {
    for without in [&[][..], &["exists"], &["exists", "statecheck"]] {
        let flow = unmarked(without);
        // `test` asks the checks as they are written.
        let purposes = if without.is_empty() {
            &[Purpose::Plan, Purpose::Teardown, Purpose::Test][..]
        } else {
            &[Purpose::Plan, Purpose::Teardown]
        };
        for purpose in purposes.iter().copied() {
            let world = hinted(Ok(Some(vpc())));
            let seen = look(&flow, purpose, &world);
            let is_there = matches!(seen.verdict, FlowVerdict::AsWanted | FlowVerdict::Differs(_));
            assert!(is_there, "{without:?} {purpose:?}: {:?} {:?}", seen.verdict, seen.notes);
            assert_eq!(seen.live.unwrap().identifier.to_string(), "vpc-1");
        }
        let world = hinted(Ok(Some(vpc())));
        let ended = end_of(&put(&flow, &world));
        assert!(ended.starts_with("done"), "{without:?}: {ended}");
        assert!(!world.log().contains("CREATE"), "{without:?}: {}", world.log());
        // It is gone, and so it is made.
        let world = World::default();
        *world.index.lock().unwrap() = Some(Vec::new());
        *world.hint.lock().unwrap() = Some(Ok(None));
        assert!(end_of(&put(&flow, &world)).starts_with("done: create vpc-new"), "{without:?}");
    }
}

#[test]
fn a_hint_that_cannot_be_read_is_no_absence() {
    let failure = Failure::new(FailureKind::Denied, "AccessDenied", "no");
    let unread = || hinted(Err(FindError::Unread(vpc().identifier, Box::new(failure.clone()))));
    let FlowVerdict::Broken(problems) = look(&unmarked(&[]), Purpose::Plan, &unread()).verdict else {
        panic!("it is not known whether it is there")
    };
    assert_eq!(problems[0].code, crate::codes::READ_FAILED);
    let world = unread();
    assert!(end_of(&put(&unmarked(&[]), &world)).contains("SD1481"), "{}", world.log());
    assert!(!world.log().contains("CREATE"), "{}", world.log());
}
