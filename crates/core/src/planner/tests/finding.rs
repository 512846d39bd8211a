//! Traps of cloud-control section 7 that touch how a resource is found again: identifiers, names, and what is no resource.

use super::support::{TestSchemas, ours, present};
use super::traps::{codes_of, keys, one, pinned, stack_id};
use crate::desired::ReplaceOrder;
use crate::identity::Identifier;
use crate::observed::{LedgerEntry, Sighting};
use crate::plan::{Action, Mode};
use crate::planner::{PlanOptions, Planning, Prepared, codes, prepare};
use crate::provider::Found;
use crate::testdata::{corrected, schema};
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[test]
fn identifiers_follow_the_order_of_their_schema_traps_65_and_66() {
    let parse = |ty: &str, text: &str| Identifier::parse(&schema(ty), text).unwrap().parts;
    let part = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        parse("AWS::ApiGateway::Deployment", "d|api"),
        [part("DeploymentId", "d"), part("RestApiId", "api")]
    );
    assert_eq!(parse("AWS::ApiGateway::Stage", "api|s"), [part("RestApiId", "api"), part("StageName", "s")]);
    assert_eq!(parse("AWS::EC2::VPCCidrBlock", "id|vpc"), [part("Id", "id"), part("VpcId", "vpc")]);
}

#[test]
fn an_empty_last_part_is_kept_trap_67() {
    let schema = schema("AWS::ApiGateway::BasePathMapping");
    let identifier = Identifier::parse(&schema, "domain|").unwrap();
    assert_eq!(identifier.parts[1].1, "");
    assert_eq!(identifier.to_string(), "domain|");
    assert_eq!(Identifier::parse(&schema, "domain"), None);
}

#[test]
fn a_pipe_in_a_part_is_never_cut_trap_68() {
    let table = json!({"CatalogId": "1", "DatabaseName": "db", "TableInput": {"Name": "a|b"}, "Name": "a|b"});
    let stack = one("t", "AWS::Glue::Table", table);
    for key in keys(&stack) {
        assert!(key.starts_with('{') && key.contains("a|b"), "{key}");
    }
    let single = Identifier::single("Name", "a|b");
    assert_eq!(single.wire(), "{\"Name\":\"a|b\"}");
    assert_eq!(Identifier::single("Name", "{x").wire(), "{\"Name\":\"{x\"}");
    let bucket = schema("AWS::S3::Bucket");
    assert_eq!(
        Identifier::parse(&bucket, "{\"BucketName\":\"a|b\"}"),
        Some(Identifier::single("BucketName", "a|b"))
    );
    assert_eq!(Identifier::parse(&bucket, "{not json"), Some(Identifier::single("BucketName", "{not json")));
    assert_eq!(Identifier::parse(&bucket, "a|b"), Some(Identifier::single("BucketName", "a|b")));
    let stage = schema("AWS::ApiGateway::Stage");
    assert_eq!(Identifier::parse(&stage, "a|b|c"), None);
    assert_eq!(
        Identifier::parse(&stage, "{\"StageName\":\"s|1\",\"RestApiId\":\"a\"}").unwrap().parts[1].1,
        "s|1"
    );
}

#[test]
fn parts_that_join_to_the_same_text_are_two_resources_trap_68() {
    let stage = |api: &str, name: &str| json!({"RestApiId": api, "StageName": name});
    let stack = one("a", "AWS::ApiGateway::Stage", stage("x|y", "z"))
        .with("b", "AWS::ApiGateway::Stage", stage("x", "y|z"))
        .with("c", "AWS::ApiGateway::Stage", stage("x", "y|z"))
        .edit("c", |wanted| wanted.target.role_arn = Some("arn:aws:iam::2:role/x".into()));
    let plan = stack.plan(Mode::Build, &[]);
    assert!(
        plan.resources.values().all(|planned| planned.action == Action::Create),
        "{:?}",
        plan.diagnostics
    );
}

#[test]
fn creates_without_an_identifier_are_never_doubles() {
    let vpc = json!({"CidrBlock": "10.0.0.0/16"});
    let mut options = PlanOptions::of(Mode::Build);
    for (name, id) in [("a", "vpc-1"), ("b", "vpc-2")] {
        let entry = LedgerEntry::of(
            "AWS::EC2::VPC".into(),
            super::support::target(),
            Identifier::single("VpcId", id),
        );
        options.ledger.insert(name.into(), entry);
    }
    let stack = one("a", "AWS::EC2::VPC", vpc.clone()).with("b", "AWS::EC2::VPC", vpc);
    let plan = stack.plan_with(options, &[]);
    assert!(plan.resources.values().all(|planned| planned.action == Action::Create));
}

#[test]
fn a_name_is_looked_up_as_the_service_spells_it_traps_48_and_72() {
    let db = |name: &str| json!({"DBInstanceIdentifier": name});
    assert_eq!(keys(&one("db", "AWS::RDS::DBInstance", db("MyDb"))), ["mydb"]);
    // So two spellings of one name are one resource.
    let both = one("a", "AWS::RDS::DBInstance", db("MyDb")).with("b", "AWS::RDS::DBInstance", db("mydb"));
    let plan = both.plan(Mode::Build, &[]);
    assert!(codes_of(&plan).contains(&codes::SAME_RESOURCE));
}

#[test]
fn a_name_that_comes_back_in_another_case_cannot_exist_twice_trap_72() {
    let db = |name: &str, user: &str| json!({"DBInstanceIdentifier": name, "MasterUsername": user});
    let stack = one("db", "AWS::RDS::DBInstance", db("MyDb", "new"));
    let mut options = PlanOptions::of(Mode::Build);
    options.allow_data_loss = vec!["db".into()];
    let plan = stack.plan_with(options, &[("db", ours("db", db("mydb", "old")))]);
    assert_eq!(plan.resources["db"].action, Action::Replace(ReplaceOrder::DeleteFirst));
}

#[test]
fn nested_identifiers_are_named_by_their_path_section_2_1() {
    let schedule = json!({"AwsAccountId": "1", "DataSetId": "d", "Schedule": {"ScheduleId": "s"}});
    let keys = keys(&one("r", "AWS::QuickSight::RefreshSchedule", schedule));
    assert_eq!(keys.len(), 1);
    let key: Json = serde_json::from_str(&keys[0]).unwrap();
    assert_eq!(key["Schedule/ScheduleId"], "s");
}

#[test]
fn an_arn_and_its_last_part_are_one_resource_trap_71() {
    // What a create gives, and what a list shows.
    let whole = "arn:aws:ecs:us-east-1:1:service/c/s|arn:aws:ecs:us-east-1:1:cluster/c";
    let short = "arn:aws:ecs:us-east-1:1:service/c/s|c";
    let part = |text: &str| {
        let (arn, cluster) = text.split_once('|').unwrap();
        Identifier { parts: vec![("ServiceArn".into(), arn.into()), ("Cluster".into(), cluster.into())] }
    };
    assert!(part(whole).is_same(&part(short)) && part(short).is_same(&part(whole)));
    assert!(!part(whole).is_same(&part("arn:aws:ecs:us-east-1:1:service/c/s|d")));
    assert!(!part(whole).is_same(&part("arn:aws:ecs:us-east-1:1:service/c/t|c")));
    assert!(!Identifier::single("Name", "a/b").is_same(&Identifier::single("Name", "b")));
    // Found twice, by the tag index and by the list, it is no ambiguity.
    let found = |identifier: Identifier| Found { identifier, model: json!({}) };
    let mut finds = crate::search::Finds::default();
    finds.add(&found(part(whole)), crate::search::Class::Marked);
    finds.add(&found(part(short)), crate::search::Class::Marked);
    let stack = one("vpc", "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"}));
    let mut planning = Planning::new(Arc::new(stack), Arc::new(TestSchemas), PlanOptions::of(Mode::Build));
    let search = planning.questions().remove(0).search.unwrap();
    assert!(matches!(search.verdict(finds), Sighting::Present { .. }));
}

#[test]
fn a_pin_of_the_other_form_is_also_asked_or_looked_for_trap_70() {
    // An ARN where an id is wanted: as it stands, then what the ARN tells.
    let vpc = one("v", "AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16"}));
    let asked = keys(&pinned(vpc.clone(), "v", "arn:aws:ec2:us-east-1:1:vpc/vpc-1"));
    assert_eq!(asked, ["arn:aws:ec2:us-east-1:1:vpc/vpc-1", "vpc-1"]);
    // An id is an id.
    assert_eq!(keys(&pinned(vpc, "v", "vpc-1")), ["vpc-1"]);
}

#[test]
fn a_type_that_the_region_does_not_have_stops_the_plan_trap_83() {
    let stack = one("b", "AWS::S3::Bucket", json!({"BucketName": "b"}))
        .edit("b", |wanted| wanted.target.region = Some("nowhere-1".into()));
    let plan = stack.plan(Mode::Build, &[]);
    assert_eq!(codes_of(&plan), [codes::NOT_IN_REGION]);
    assert!(plan.resources.is_empty() && plan.steps.is_empty(), "{:?}", plan.resources);
}

#[test]
fn a_tombstone_is_no_resource_traps_76_and_77() {
    let mut tombs = corrected("AWS::KMS::Key");
    tombs
        .overlay
        .gone_when
        .insert(crate::pointer::PropertyPath::parse("/properties/Description"), vec![json!("gone")]);
    let wanted = one("k", "AWS::KMS::Key", json!({"Description": "x"})).wanted("k").clone();
    let blank =
        pinned(one("k", "AWS::KMS::Key", json!({"Description": "x"})), "k", "key-1").plan(Mode::Build, &[]);
    let sighting = present(&[("KeyId", "key-1")], json!({"KeyId": "key-1", "Description": "gone"}));
    let made = prepare(&blank.resources["k"], &wanted, &tombs, &sighting, &stack_id(), false).unwrap();
    assert!(matches!(made, Prepared::Create(_)), "{made:?}");
}
