//! Statements before anything is known.

use super::scripts::{RESOURCES, VPC, captured, stack_of};
use crate::{Draft, Drafts};
use stack_core::desired::Outputs;
use stack_core::flow::{AnchorKind, Captured};
use stack_core::provider::Verb;
use stack_core::value::Value;

/// What the values of a draft wait for; what cannot be told in words.
fn waits(drafts: &Drafts, anchor: AnchorKind, known: &Captured) -> Vec<String> {
    match drafts.draft(anchor, known) {
        Draft::Text(marked) => {
            let unknown = marked.holes.iter().filter_map(|hole| hole.value.unknown());
            let mut all: Vec<String> =
                unknown.flat_map(|unknown| unknown.from).map(|from| from.to_string()).collect();
            all.sort();
            all.dedup();
            all
        }
        Draft::Waits(names) => names.into_iter().map(|name| format!("whole: {name}")).collect(),
        Draft::Broken(problem) => panic!("{problem}"),
    }
}

#[test]
fn what_only_the_resource_itself_gives_is_unknown_by_its_name() {
    let stack = stack_of(RESOURCES, &[("vpc.iql", VPC)]);
    let drafts = stack.drafts(&"my_vpc".into(), &Outputs::new()).unwrap();
    let nothing = Captured::default();
    let of = |anchor| waits(&drafts, anchor, &nothing);
    assert!(of(AnchorKind::Exists).is_empty() && of(AnchorKind::Create).is_empty());
    // By its own name, as `this` and bare: one name.
    for anchor in [AnchorKind::StateCheck, AnchorKind::Update, AnchorKind::Exports, AnchorKind::Delete] {
        assert_eq!(of(anchor), ["this.vpc_id"], "{anchor}");
    }
    assert_eq!(of(AnchorKind::Callback(Some(Verb::Create))), ["callback.ProgressEvent.RequestToken"]);
    assert!(waits(&drafts, AnchorKind::Update, &captured(&[("vpc_id", "vpc-1")])).is_empty());
    assert_eq!(drafts.anchors().len(), 8);
    assert!(drafts.shell().is_none());
}

#[test]
fn what_others_give_stands_beside_what_the_resource_gives() {
    let resources = format!(
        "{RESOURCES}  - name: sub\n    props:\n      - {{ name: id, value: \"{{{{ vpc_id }}}}\" }}\n  - {{ name: run, type: script, run: \"echo {{{{ vpc_id }}}}\" }}\n"
    );
    let sub = "/*+ create */\nINSERT INTO t (a) SELECT '{{ id }}'\n/*+ exists */\nSELECT '{{ id }}' AS x\n/*+ update */\nUPDATE t SET a = '{{ id }}' WHERE b = '{{ this.x }}'\n/*+ delete */\n{% if vpc_id == 'a' %}DELETE FROM t{% endif %}\n";
    let stack = stack_of(&resources, &[("vpc.iql", VPC), ("sub.iql", sub)]);
    let outputs = Outputs::new();
    let drafts = stack.drafts(&"sub".into(), &outputs).unwrap();
    let nothing = Captured::default();
    assert_eq!(waits(&drafts, AnchorKind::Create, &nothing), ["my_vpc.vpc_id"]);
    assert_eq!(waits(&drafts, AnchorKind::Update, &nothing), ["my_vpc.vpc_id", "this.x"]);
    // A text that depends on it as a whole cannot be shown.
    assert_eq!(waits(&drafts, AnchorKind::Delete, &nothing), ["whole: my_vpc.vpc_id"]);
    let script = stack.drafts(&"run".into(), &outputs).unwrap();
    let names = script.shell().unwrap().unwrap_err();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["my_vpc.vpc_id"]);
}

#[test]
fn inline_statements_and_scripts_have_drafts_and_dotted_types_none() {
    let resources = "  - { name: ask, type: query, sql: \"SELECT '{{ region }}' AS r\", exports: [r] }
  - { name: tell, type: command, sql: SELECT 1 }
  - { name: run, type: script, run: \"echo {{ region }}\" }
  - { name: off, type: query, sql: SELECT 1, if: 'false' }
";
    let stack = stack_of(resources, &[]);
    let of = |name: &str| stack.drafts(&name.into(), &Outputs::new());
    assert_eq!(of("ask").unwrap().anchors(), [AnchorKind::Exports]);
    assert_eq!(of("tell").unwrap().anchors(), [AnchorKind::Command]);
    assert_eq!(of("run").unwrap().shell(), Some(Ok(Value::text("echo us-east-1"))));
    assert!(of("off").is_none() && of("nobody").is_none());
}

#[test]
fn what_a_condition_asks_for_may_still_come() {
    let file = "/*+ exists */\nSELECT found FROM t {% if debug %}x{% endif %}
/*+ create */\nINSERT -- {{ gone }}
/*+ update */\nUPDATE {% if found %}a{% endif %}
/*+ delete */\nDELETE {% if this.x == '1' %}a{% endif %}
/*+ callback:delete */\nSELECT {% if callback.y %}a{% endif %}
";
    let stack = stack_of("  - { name: a }\n", &[("a.iql", file)]);
    let drafts = stack.drafts(&"a".into(), &Outputs::new()).unwrap();
    let nothing = Captured::default();
    let of = |anchor| waits(&drafts, anchor, &nothing);
    assert!(of(AnchorKind::Exists).is_empty() && of(AnchorKind::Create).is_empty());
    assert_eq!(of(AnchorKind::Update), ["whole: this.found"]);
    assert_eq!(of(AnchorKind::Delete), ["whole: this.x"]);
    assert_eq!(of(AnchorKind::Callback(Some(Verb::Delete))), ["whole: callback.y"]);
    assert!(waits(&drafts, AnchorKind::Update, &captured(&[("found", "")])).is_empty());
}

#[test]
fn only_the_member_that_has_a_default_is_optional() {
    let file = "/*+ exists */\nSELECT 1 AS count
/*+ create */\nINSERT
/*+ statecheck */\nSELECT '{{ this.a | default('') }}' AS a, '{{ this.b }}' AS b, '{{ this.c }}' AS c
";
    let stack = stack_of("  - { name: x }\n", &[("x.iql", file)]);
    let flow = super::scripts::flow_of(&stack, "x");
    // What it cannot do without is taken as given in each draft, so that what is wrong beside it is found.
    let drafts = stack_core::flow::Script::drafts(&*flow.script, AnchorKind::StateCheck);
    let waits: Vec<usize> = drafts
        .iter()
        .map(|marked| marked.holes.iter().filter(|hole| hole.value.unknown().is_some()).count())
        .collect();
    assert_eq!(waits, [2, 3]);
    assert!(
        super::scripts::text(&flow, AnchorKind::StateCheck, &Captured::default())
            .contains("misses this.b, this.c")
    );
}
