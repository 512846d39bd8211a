//! The counts that cloud-control sections 2 and 3 state, reproduced from the embedded data.

use super::*;
use crate::facts::{IdentifierClass, Provisioning, TypeFacts};
use serde_json::Value as Json;
use stack_core::pointer::{PathSet, Pointer, PropertyPath, Step};
use stack_core::schema::{JsonType, ReplacementStrategy, TagForm};

fn facts() -> Vec<TypeFacts> {
    counted().iter().map(|schema| catalog().facts(schema.type_name.as_str()).unwrap()).collect()
}

fn count<T>(all: &[T], test: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| test(one)).count()
}

#[test]
fn there_are_1854_types_in_us_east_1_and_30_elsewhere() {
    assert_eq!(counted().len(), 1854);
    assert_eq!(catalog().types().len(), 1884);
}

#[test]
fn handlers_are_as_many_as_section_2_2_says() {
    let all = facts();
    assert_eq!(count(&all, |f| f.handlers.create), 1744);
    assert_eq!(count(&all, |f| f.handlers.delete), 1744);
    assert_eq!(count(&all, |f| f.handlers.read), 1737);
    assert_eq!(count(&all, |f| f.handlers.list), 1666);
    assert_eq!(count(&all, |f| f.handlers.update), 1571);
    assert_eq!(count(&all, |f| f.handlers == crate::facts::HandlerSet::default()), 110);
    let five = |f: &TypeFacts| f.provisioning() == Provisioning::FullyMutable && f.handlers.list;
    assert_eq!(count(&all, five), 1505);
    assert_eq!(count(&all, |f| f.provisioning() == Provisioning::NonProvisionable), 117);
    assert_eq!(count(&all, |f| f.provisioning() == Provisioning::FullyMutable), 1564);
    assert_eq!(count(&all, |f| f.provisioning() == Provisioning::Immutable), 173);
    assert_eq!(count(&all, |f| f.provisioning() != Provisioning::NonProvisionable && !f.handlers.list), 71);
}

#[test]
fn identifiers_fall_in_the_classes_of_section_2_3() {
    let all: Vec<TypeFacts> =
        facts().into_iter().filter(|f| f.provisioning() != Provisioning::NonProvisionable).collect();
    for (class, types, taggable) in [
        (IdentifierClass::Settable, 513, 291),
        (IdentifierClass::Partial, 133, 60),
        (IdentifierClass::Assigned, 1091, 872),
    ] {
        assert_eq!(count(&all, |f| f.identifier == class), types, "{class:?}");
        assert_eq!(count(&all, |f| f.identifier == class && f.taggable == Some(true)), taggable, "{class:?}");
    }
    for (parts, types) in [(1, 1411), (2, 263), (3, 53), (4, 6), (5, 3), (6, 1)] {
        assert_eq!(count(&all, |f| f.primary_identifier.len() == parts), types, "{parts} parts");
    }
    let nested: Vec<&str> = all
        .iter()
        .filter(|f| f.primary_identifier.iter().any(|part| part.contains('/')))
        .map(|f| f.name)
        .collect();
    assert_eq!(
        nested,
        ["AWS::QuickSight::RefreshSchedule", "AWS::S3::StorageLens", "AWS::SageMaker::Device"]
    );
    let all = facts();
    assert_eq!(count(&all, |f| f.taggable == Some(true)), 1223);
    assert_eq!(count(&all, |f| f.taggable == Some(false)), 495);
    assert_eq!(count(&all, |f| f.taggable.is_none()), 136);
}

#[test]
fn optional_identifier_parts_of_settable_identifiers_are_in_177_types() {
    let all = counted();
    let optional = |schema: &Arc<ResourceSchema>| {
        let facts = catalog().facts(schema.type_name.as_str()).unwrap();
        let required =
            |part: &PropertyPath| part.top().is_some_and(|top| schema.root.required.iter().any(|r| r == top));
        facts.provisioning() != Provisioning::NonProvisionable
            && facts.identifier == IdentifierClass::Settable
            && !schema.primary_identifier.iter().all(required)
    };
    assert_eq!(count(&all, optional), 177);
}

#[test]
fn identifiers_are_never_write_only_and_read_only_ones_never_required() {
    for schema in counted() {
        for part in &schema.primary_identifier {
            assert!(!schema.write_only_properties.0.contains(part), "{}", schema.type_name);
        }
        for required in &schema.root.required {
            let pointer = Pointer::of([required]);
            assert!(!schema.read_only_properties.contains(&pointer), "{} {required}", schema.type_name);
        }
    }
}

#[test]
fn additional_identifiers_are_those_of_section_2_4() {
    let all = counted();
    assert_eq!(count(&all, |s| !s.additional_identifiers.is_empty()), 343);
    let sets: Vec<usize> = all.iter().flat_map(|s| s.additional_identifiers.iter().map(Vec::len)).collect();
    let with = |parts| count(&sets, |n| *n == parts);
    assert_eq!([sets.len(), with(1), with(2), with(3)], [359, 280, 68, 11]);
}

#[test]
fn list_handlers_want_what_section_2_5_says() {
    let all = counted();
    let schemas: Vec<&Node> =
        all.iter().filter_map(|s| s.handlers.list.as_ref()?.handler_schema.as_deref()).collect();
    assert_eq!(schemas.len(), 421);
    let required = |keys: usize| {
        count(&schemas, |n| n.required.len() == keys && n.one_of.is_empty() && n.any_of.is_empty())
    };
    assert_eq!([required(1), required(2), required(3), required(4), required(6)], [338, 38, 3, 1, 1]);
    assert_eq!(count(&schemas, |n| !n.one_of.is_empty()), 5);
    assert_eq!(count(&schemas, |n| !n.any_of.is_empty()), 2);
    assert_eq!(required(0), 33);
}

#[test]
fn other_keys_are_as_many_as_section_2_6_says() {
    let all = counted();
    let strategy = |wanted| count(&all, |s| s.replacement_strategy == Some(wanted));
    assert_eq!(strategy(ReplacementStrategy::DeleteThenCreate), 92);
    assert_eq!(strategy(ReplacementStrategy::CreateThenDelete), 8);
    let timeouts: Vec<u64> =
        all.iter().flat_map(|s| handlers(s)).filter_map(|h| h.timeout_in_minutes).collect();
    assert_eq!(timeouts.len(), 362);
    assert_eq!((timeouts.iter().min(), timeouts.iter().max()), (Some(&2), Some(&2160)));
    assert_eq!(count(&timeouts, |minutes| *minutes > 120), 202);
    assert_eq!(count(&all, |s| handlers(s).any(|h| h.timeout_in_minutes.is_some())), 148);
    let life = |status: &str| count(&facts(), |f| f.lifecycle.is_some_and(|l| l.status == status));
    assert_eq!([life("sunset"), life("shutdown"), life("maintenance")], [76, 13, 8]);
    let of_root = |test: fn(&Node) -> bool| count(&all, |s| test(&s.root));
    assert_eq!(of_root(|n| !n.required_xor.is_empty()), 11);
    assert_eq!(of_root(|n| !n.required_or.is_empty()), 2);
    assert_eq!(of_root(|n| !n.dependent_excluded.is_empty()), 7);
    assert_eq!(of_root(|n| !n.dependent_required.is_empty()), 5);
}

fn handlers(schema: &ResourceSchema) -> impl Iterator<Item = &stack_core::schema::Handler> {
    let all = &schema.handlers;
    [&all.create, &all.read, &all.update, &all.delete, &all.list].into_iter().flatten()
}

#[test]
fn path_lists_are_as_long_as_section_3_1_says() {
    let all = counted();
    // Hand corrections add read-only paths; they are not of the published data.
    let added: usize = all
        .iter()
        .filter_map(|s| catalog().correction(&s.type_name))
        .map(|correction| correction.read_only.0.len())
        .sum();
    let sum = |of: fn(&ResourceSchema) -> &PathSet, test: fn(&PropertyPath) -> bool| -> usize {
        all.iter().map(|s| of(s).iter().filter(|p| test(p)).count()).sum()
    };
    let every = |_: &PropertyPath| true;
    let nested = |path: &PropertyPath| path.0.len() > 1;
    let wild = |path: &PropertyPath| path.0.contains(&Step::Any);
    assert_eq!(sum(|s| &s.read_only_properties, every), 5684 + added);
    assert_eq!(sum(|s| &s.read_only_properties, nested), 496);
    assert_eq!(sum(|s| &s.read_only_properties, wild), 160);
    assert_eq!(sum(|s| &s.write_only_properties, every), 1263);
    assert_eq!(sum(|s| &s.write_only_properties, nested), 263);
    assert_eq!(sum(|s| &s.write_only_properties, wild), 75);
    assert_eq!(sum(|s| &s.create_only_properties, every), 4558);
    assert_eq!(sum(|s| &s.create_only_properties, nested), 275);
    assert_eq!(sum(|s| &s.create_only_properties, wild), 21);
    assert_eq!(sum(|s| &s.conditional_create_only_properties, every), 166);
    assert_eq!(sum(|s| &s.deprecated_properties, every), 116);
    assert_eq!(count(&all, |s| !s.write_only_properties.is_empty()), 507);
    assert_eq!(count(&all, |s| !s.create_only_properties.is_empty()), 1623);
    let both: Vec<usize> = all
        .iter()
        .map(|s| s.write_only_properties.iter().filter(|p| s.create_only_properties.0.contains(p)).count())
        .collect();
    assert_eq!((both.iter().sum::<usize>(), count(&both, |n| *n > 0)), (412, 229));
    assert_eq!(all.iter().map(|s| s.property_transform.len()).sum::<usize>(), 204);
    assert_eq!(count(&all, |s| !s.property_transform.is_empty()), 108);
}

#[test]
fn nodes_have_the_features_that_section_3_1_counts() {
    let all = counted();
    let tally = |test: fn(&Node) -> bool| {
        let (mut nodes, mut types) = (0, 0);
        for schema in &all {
            let mut here = 0;
            walk_type(schema, &mut |node| here += usize::from(test(node)));
            nodes += here;
            types += usize::from(here > 0);
        }
        (nodes, types)
    };
    assert_eq!(tally(|n| n.types.iter().any(|t| t == JsonType::Array)).0, 6206);
    assert_eq!(tally(|n| n.insertion_order == Some(false) && n.types.names(JsonType::Array)).0, 2668);
    let document = |n: &Node| {
        n.types.iter().count() == 2 && n.types.names(JsonType::Object) && n.types.names(JsonType::String)
    };
    assert_eq!(tally(document), (230, 157));
    assert_eq!(tally(|n| n.format.as_deref() == Some("json")).0, 197);
    assert_eq!(tally(|n| n.format.as_deref() == Some("date-time")).0, 629);
    assert_eq!(tally(|n| n.default_value.is_some()), (681, 165));
    let default = |test: fn(&Json) -> bool| {
        let mut found = 0;
        for schema in &all {
            walk_type(schema, &mut |node| {
                found += usize::from(node.default_value.as_ref().is_some_and(test));
            });
        }
        found
    };
    assert_eq!(default(Json::is_null), 118);
    assert_eq!(default(Json::is_string), 178);
    assert_eq!(default(Json::is_boolean), 149);
    assert_eq!(default(Json::is_i64), 195);
    assert_eq!(tally(|n| !n.one_of.is_empty()), (320, 159));
    assert_eq!(tally(|n| !n.any_of.is_empty()), (197, 153));
    assert_eq!(tally(|n| !n.pattern_properties.is_empty()), (484, 292));
    assert_eq!(tally(|n| !n.enum_case_insensitive.is_empty()), (68, 22));
}

#[test]
fn tags_come_in_the_forms_of_section_3_6() {
    let all: Vec<Arc<ResourceSchema>> = counted()
        .into_iter()
        .filter(|s| catalog().facts(s.type_name.as_str()).unwrap().taggable == Some(true))
        .collect();
    assert_eq!(all.len(), 1223);
    let tag_node = |s: &ResourceSchema| -> Option<Node> {
        let (name, _) = s.tag_property()?;
        Some(s.follow(s.root.properties.get(name)?).clone())
    };
    let key_value = |s: &Arc<ResourceSchema>| {
        let Some(node) = tag_node(s) else { return false };
        s.element(&node).is_some_and(|e| s.member(e, "Key").is_some() && s.member(e, "Value").is_some())
            && s.element(&node).is_some_and(|e| s.member(e, "PropagateAtLaunch").is_none())
    };
    // Two more (AppStream) have it as one of two forms; the document calls their items untyped.
    assert_eq!(count(&all, key_value), 1086 + 2);
    let map = |s: &Arc<ResourceSchema>| matches!(s.tag_property(), Some((_, TagForm::Map)));
    assert_eq!(count(&all, map), 114 + 14 + 1);
    let patterns = |s: &Arc<ResourceSchema>| tag_node(s).is_some_and(|n| !n.pattern_properties.is_empty());
    assert_eq!(count(&all, patterns), 114);
    let list = |s: &Arc<ResourceSchema>| matches!(s.tag_property(), Some((_, TagForm::KeyValueList)));
    assert_eq!(count(&all, list), 1086 + 2 + 1);
    assert_eq!(count(&all, |s| s.tag_property().is_none()), 5);
    let tagging = |test: fn(&stack_core::schema::Tagging) -> bool| {
        count(&all, |s| s.tagging.as_ref().is_some_and(test))
    };
    assert_eq!(tagging(|t| !t.tag_updatable), 65);
    assert_eq!(tagging(|t| !t.tag_on_create), 20);
    // 900 say so, one more leaves it to the contract's default.
    assert_eq!(tagging(|t| t.cloud_formation_system_tags), 900 + 1);
    // 1,197 have the key; two of them hold an empty list.
    assert_eq!(
        count(&counted(), |s| s.tagging.as_ref().is_some_and(|t| !t.permissions.is_empty())),
        1197 - 2
    );
    assert_eq!(count(&all, |s| s.tags_write_only()), 7);
}

#[test]
fn permissions_are_as_many_as_section_6_2_says() {
    use crate::permissions::Operation;
    let all = counted();
    let sum = |operation: Operation| -> usize {
        all.iter().filter_map(|s| operation.handler(&s.handlers)).map(|h| h.permissions.len()).sum()
    };
    assert_eq!(Operation::ALL.map(sum), [10576, 3632, 10124, 5270, 2334]);
    let pass_role = |s: &Arc<ResourceSchema>| {
        handlers(s).any(|h| h.permissions.iter().any(|p| p.eq_ignore_ascii_case("iam:PassRole")))
    };
    assert_eq!(count(&all, pass_role), 367);
}

#[test]
fn regions_have_as_many_types_as_section_6_1_says() {
    for (region, types) in [
        ("us-east-1", 1854),
        ("us-west-2", 1790),
        ("eu-central-1", 1743),
        ("ap-northeast-1", 1636),
        ("eu-west-1", 1634),
        ("ap-southeast-2", 1632),
        ("us-east-2", 1497),
        ("af-south-1", 1094),
        ("us-gov-west-1", 1019),
        ("cn-north-1", 827),
        ("ap-southeast-6", 760),
    ] {
        let here = catalog().types().filter(|ty| catalog().available_in(&TypeName::new(ty), region));
        assert_eq!(here.count(), types, "{region}");
    }
}
