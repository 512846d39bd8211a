//! What deletions take along, who uses a resource, and the order that no reference gives: over invented types.

use super::support::{TestStack, target};
use crate::check::check;
use crate::desired::{Lifecycle, ReplaceOrder};
use crate::identity::Identifier;
use crate::ids::TypeName;
use crate::observed::{IdentityStep, Sighting};
use crate::plan::{Action, Mode, Plan, StepPart};
use crate::planner::{PlanOptions, Planning, codes};
use crate::provider::{Failure, FailureKind, Found};
use crate::schema::{ResourceSchema, Schemas, UnknownType};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct Types;

fn schema(ty: &str) -> ResourceSchema {
    let text = |names: &[&str]| -> Json {
        Json::Object(names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect())
    };
    let all = json!({"create": {}, "read": {}, "update": {}, "delete": {}, "list": {}});
    let follows_keys = json!({"follows": [{"ty": "k.keys", "by": {"resource": "cluster"}}]});
    let related = |ty: &str, ours: &str, consent: bool| json!({"of": {"ty": ty, "by": {ours: "id"}}, "consent": consent, "except": {"name": ["_*"]}});
    let (members, identity, handlers, overlay) = match ty {
        "k.envs" => (
            text(&["id", "name", "region"]),
            "id",
            all,
            json!({"naturalKey": ["/name"], "cascades": [related("k.clusters", "env", true), related("k.registries", "env", true)]}),
        ),
        "k.registries" => (
            text(&["id", "env"]),
            "id",
            json!({"read": {}, "list": {}}),
            json!({"cascades": [related("k.topics", "cluster", true)]}),
        ),
        "k.clusters" => (
            text(&["id", "name", "env", "region"]),
            "id",
            all,
            json!({"naturalKey": ["/name"], "cascades": [related("k.topics", "cluster", true), related("k.keys", "resource", false)]}),
        ),
        "k.topics" => (text(&["name", "cluster", "region"]), "cluster name", all, follows_keys),
        "k.keys" => (
            text(&["id", "name", "resource", "owner"]),
            "id",
            all,
            json!({"naturalKey": ["/name"], "follows": [{"ty": "k.bindings", "by": {"principal": "owner"}}]}),
        ),
        "k.bindings" => {
            (text(&["id", "principal", "crn"]), "id", all, json!({"naturalKey": ["/principal", "/crn"]}))
        }
        "k.integrations" => (
            json!({"name": {"type": "string"}, "region": {"type": "string"}, "usages": {"type": "array"}}),
            "name",
            all,
            json!({"usages": ["/usages"]}),
        ),
        other => panic!("{other}"),
    };
    let mut schema: ResourceSchema = serde_json::from_value(json!({
        "typeName": ty, "type": "object", "additionalProperties": false, "properties": members, "handlers": handlers,
        "primaryIdentifier": identity.split(' ').map(|name| format!("/properties/{name}")).collect::<Vec<_>>(),
        "readOnlyProperties": ["/properties/id"],
        "createOnlyProperties": ["/properties/region", "/properties/cluster", "/properties/resource", "/properties/crn"],
        "replacementStrategy": "delete_then_create", "taggable": false,
    }))
    .unwrap();
    schema.overlay = serde_json::from_value(overlay).unwrap();
    schema
}

impl Schemas for Types {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Ok(name.into())
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        Ok(Arc::new(schema(ty.as_str())))
    }
    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}

fn found(ty: &str, model: Json) -> Found {
    let schema = schema(ty);
    let part = |path: &crate::pointer::PropertyPath| {
        let name = path.top().unwrap().to_owned();
        let value = model[&name].as_str().unwrap().to_owned();
        (name, value)
    };
    Found { identifier: Identifier { parts: schema.primary_identifier.iter().map(part).collect() }, model }
}

/// What a list gives, by type and input.
type Lists<'l> = &'l dyn Fn(&str, &Json) -> Result<Vec<Json>, Failure>;

/// Plans; gives the lists that were asked for, too.
fn plan(
    stack: &TestStack,
    options: PlanOptions,
    live: &[(&str, Json)],
    lists: Lists<'_>,
) -> (Plan, Vec<String>) {
    let mut planning = Planning::new(Arc::new(stack.clone()), Arc::new(Types), options);
    let mut asked = Vec::new();
    while !planning.is_done() {
        for question in planning.questions() {
            let model = live.iter().find(|(name, _)| *name == question.address.as_str());
            let sighting = model.map_or(Sighting::Absent, |(_, model)| Sighting::Present {
                found: Box::new(found(question.ty.as_str(), model.clone())),
                step: IdentityStep::Declared,
            });
            planning.answer(&question.address, &sighting);
        }
    }
    loop {
        let questions = planning.along();
        if questions.is_empty() {
            break;
        }
        for question in questions {
            assert_eq!(question.target, target());
            asked.push(format!("{} {}", question.ty, question.model));
            let listed = lists(question.ty.as_str(), &question.model);
            let listed =
                listed.map(|all| all.into_iter().map(|one| found(question.ty.as_str(), one)).collect());
            planning.answer_along(question, listed);
        }
    }
    let plan = planning.finish().0;
    let schemas: BTreeMap<_, _> =
        plan.resources.values().map(|planned| (planned.ty.clone(), schema(planned.ty.as_str()))).collect();
    assert_eq!(check(&plan, |planned| schemas.get(&planned.ty)), []);
    (plan, asked)
}

fn teardown(stack: &TestStack, live: &[(&str, Json)], lists: Lists<'_>) -> Plan {
    plan(stack, PlanOptions::of(Mode::Teardown), live, lists).0
}

fn nothing(_: &str, _: &Json) -> Result<Vec<Json>, Failure> {
    Ok(Vec::new())
}

fn told(plan: &Plan, code: crate::diagnostic::Code) -> Vec<String> {
    let of_code = plan.diagnostics.iter().filter(|told| told.code == code);
    of_code.flat_map(|told| told.notes.iter().map(|(key, text)| format!("{key}: {text}"))).collect()
}

fn order(plan: &Plan) -> Vec<String> {
    let name = |step: &crate::plan::Step| {
        let mark = if step.id.part == StepPart::Delete { "-" } else { "+" };
        format!("{mark}{}", step.id.address)
    };
    plan.steps.iter().map(name).collect()
}

fn env_and_cluster() -> (TestStack, Vec<(&'static str, Json)>) {
    let stack = TestStack::new().with("env", "k.envs", json!({"name": "e", "region": "r"})).with(
        "cluster",
        "k.clusters",
        json!({"name": "c", "env": "${env.id}"}),
    );
    let live = vec![
        ("env", json!({"id": "env-1", "name": "e", "region": "r"})),
        ("cluster", json!({"id": "lkc-1", "name": "c", "env": "env-1"})),
    ];
    (stack, live)
}

#[test]
fn a_foreign_resource_in_what_is_deleted_is_named_and_asks_for_consent() {
    let (stack, live) = env_and_cluster();
    let lists = |ty: &str, model: &Json| {
        Ok(match (ty, model["env"].as_str()) {
            ("k.clusters", Some("env-1")) => vec![
                json!({"id": "lkc-1", "name": "c", "env": "env-1"}),
                json!({"id": "lkc-9", "name": "x", "env": "env-1", "display_name": "theirs"}),
            ],
            _ => Vec::new(),
        })
    };
    let refused = teardown(&stack, &live, &lists);
    assert_eq!(refused.resources["env"].action, Action::Blocked);
    assert!(told(&refused, codes::TAKES_ALONG).contains(&"goes too: k.clusters lkc-9 (theirs)".to_owned()));
    assert!(!told(&refused, codes::TAKES_ALONG).iter().any(|told| told.contains("lkc-1")));
    let options = PlanOptions { allow_data_loss: vec!["env".to_owned()], ..PlanOptions::of(Mode::Teardown) };
    let (agreed, asked) = plan(&stack, options, &live, &lists);
    assert_eq!(agreed.resources["env"].action, Action::Delete);
    assert_eq!(agreed.resources["env"].takes_along.len(), 1);
    assert_eq!(told(&agreed, codes::GOES_ALONG)[0], "goes too: k.clusters lkc-9 (theirs)");
    // One list each.
    assert_eq!(
        asked,
        [
            r#"k.clusters {"env":"env-1"}"#,
            r#"k.registries {"env":"env-1"}"#,
            r#"k.topics {"cluster":"lkc-1"}"#,
            r#"k.keys {"resource":"lkc-1"}"#,
        ]
    );
}

#[test]
fn nothing_is_listed_where_nothing_is_deleted() {
    let (stack, live) = env_and_cluster();
    let (plan, asked) = plan(&stack, PlanOptions::of(Mode::Build), &live, &nothing);
    assert!(!plan.has_changes());
    assert_eq!(asked, [""; 0]);
}

/// The environment and the cluster in it, which is protected.
fn protected_cluster() -> (TestStack, Vec<(&'static str, Json)>) {
    let (stack, live) = env_and_cluster();
    let stack = stack.edit("cluster", |cluster| {
        cluster.lifecycle = Lifecycle { prevent_destroy: true, ..Lifecycle::default() };
    });
    (stack, live)
}

fn its_cluster(ty: &str, _: &Json) -> Result<Vec<Json>, Failure> {
    Ok(if ty == "k.clusters" { vec![json!({"id": "lkc-1", "env": "env-1"})] } else { Vec::new() })
}

fn refused(ty: &str, _: &Json) -> Result<Vec<Json>, Failure> {
    Err(Failure::new(FailureKind::Denied, "Forbidden", format!("{ty} is not yours")))
}

/// What the user agrees to lose.
fn agreed(mode: Mode, addresses: &[&str]) -> PlanOptions {
    let allow_data_loss = addresses.iter().map(|address| (*address).to_owned()).collect();
    PlanOptions { allow_data_loss, ..PlanOptions::of(mode) }
}

#[test]
fn what_contains_a_protected_resource_is_kept_with_it_whatever_is_agreed() {
    let (stack, live) = protected_cluster();
    for lists in [&its_cluster as Lists<'_>, &nothing, &refused] {
        let options = PlanOptions { keep_protected: true, ..agreed(Mode::Teardown, &["*"]) };
        let (plan, _) = plan(&stack, options, &live, lists);
        assert_eq!(plan.resources["env"].action, Action::Noop, "{:?}", plan.diagnostics);
        assert!(plan.steps.is_empty() && !plan.is_blocked());
        assert!(plan.resources["env"].takes_along.is_empty());
        let stays: Vec<&str> = plan.diagnostics.iter().map(|told| told.message.as_str()).collect();
        assert!(stays.contains(&"env stays: cluster in it is protected"), "{stays:?}");
    }
}

#[test]
fn no_consent_takes_a_protected_resource_along() {
    let (stack, live) = protected_cluster();
    for lists in [&its_cluster as Lists<'_>, &nothing, &refused] {
        let (torn, _) = plan(&stack, agreed(Mode::Teardown, &["*"]), &live, lists);
        assert_eq!(torn.resources["env"].action, Action::Blocked);
        let of_env = &torn.resources["env"].diagnostics;
        assert_eq!(of_env.iter().map(|told| told.code).collect::<Vec<_>>(), [codes::PROTECTED]);
        assert_eq!(of_env[0].message, "env would be deleted, and cluster in it is protected");
    }
    // A replacement, and an entry with `state: absent`.
    let moved = stack.clone().edit("env", |env| env.props = json!({"name": "e", "region": "x"}).into());
    let (built, _) = plan(&moved, agreed(Mode::Build, &["*"]), &live, &its_cluster);
    assert_eq!(built.resources["env"].action, Action::Blocked);
    assert_eq!(
        built.resources["env"].diagnostics[0].message,
        "env would be replaced, and cluster in it is protected"
    );
    let gone = stack.edit("env", |env| env.absent = true);
    let (built, _) = plan(&gone, agreed(Mode::Build, &["*"]), &live, &its_cluster);
    assert_eq!(built.resources["env"].action, Action::Blocked);
}

#[test]
fn protection_reaches_outwards_at_any_depth_and_no_further() {
    let (stack, mut live) = env_and_cluster();
    let guarded = Lifecycle { prevent_destroy: true, ..Lifecycle::default() };
    let stack = stack.with("other", "k.clusters", json!({"name": "o", "env": "${env.id}"})).with_lifecycle(
        "topic",
        "k.topics",
        json!({"name": "t", "cluster": "${cluster.id}"}),
        guarded,
    );
    live.push(("other", json!({"id": "lkc-2", "name": "o", "env": "env-1"})));
    live.push(("topic", json!({"name": "t", "cluster": "lkc-1"})));
    let options = PlanOptions { keep_protected: true, ..agreed(Mode::Teardown, &["*"]) };
    let (plan, _) = plan(&stack, options, &live, &nothing);
    let action = |name: &str| plan.resources[name].action;
    assert_eq!(
        (action("env"), action("cluster"), action("topic")),
        (Action::Noop, Action::Noop, Action::Noop)
    );
    assert_eq!(action("other"), Action::Delete);
}

#[test]
fn a_protected_resource_that_was_left_out_is_not_taken_along_either() {
    let (stack, live) = protected_cluster();
    let moved = stack.edit("env", |env| env.props = json!({"name": "e", "region": "x"}).into());
    let options = PlanOptions { include: vec!["env".to_owned()], ..agreed(Mode::Build, &["*"]) };
    for (lists, action) in [(&its_cluster as Lists<'_>, true), (&refused, true), (&nothing, false)] {
        let (plan, _) = plan(&moved, options.clone(), &live, lists);
        assert_eq!(plan.resources["env"].action == Action::Blocked, action, "{:?}", plan.diagnostics);
        assert_eq!(plan.diagnostics.iter().any(|told| told.code == codes::PROTECTED), action);
    }
}

#[test]
fn what_asks_for_no_consent_and_what_the_service_made_itself_stop_nothing() {
    let (stack, live) = env_and_cluster();
    let lists = |ty: &str, _: &Json| {
        Ok(match ty {
            "k.keys" => vec![json!({"id": "KEY", "name": "by hand", "resource": "lkc-1"})],
            "k.topics" => vec![json!({"name": "_internal", "cluster": "lkc-1"})],
            _ => Vec::new(),
        })
    };
    let plan = teardown(&stack, &live, &lists);
    assert_eq!(plan.resources["cluster"].action, Action::Delete);
    let told = told(&plan, codes::GOES_ALONG);
    assert!(
        told[0].contains("k.keys KEY") && !told.iter().any(|told| told.contains("_internal")),
        "{told:?}"
    );
}

#[test]
fn what_nobody_makes_stands_for_what_is_in_it() {
    let (stack, live) = env_and_cluster();
    let lists = |ty: &str, model: &Json| {
        Ok(match (ty, model["cluster"].as_str()) {
            ("k.registries", _) => vec![json!({"id": "reg-1", "env": "env-1"})],
            ("k.topics", Some("reg-1")) => vec![json!({"name": "orders", "cluster": "reg-1"})],
            _ => Vec::new(),
        })
    };
    let plan = teardown(&stack, &live, &lists);
    assert_eq!(plan.resources["env"].action, Action::Blocked);
    let told = told(&plan, codes::TAKES_ALONG);
    assert!(told[0].contains("orders") && !told.iter().any(|told| told.contains("k.registries")), "{told:?}");
}

#[test]
fn a_list_that_is_refused_is_told_and_stops_nothing() {
    let (stack, live) = env_and_cluster();
    let lists = |ty: &str, _: &Json| match ty {
        "k.topics" => {
            Err(Failure::new(FailureKind::Credentials, "NoCredentials", "KAFKA_API_KEY is not set"))
        }
        _ => Ok(Vec::new()),
    };
    let plan = teardown(&stack, &live, &lists);
    assert_eq!(plan.resources["cluster"].action, Action::Delete);
    assert!(told(&plan, codes::CANNOT_LIST)[0].contains("KAFKA_API_KEY is not set"));
}

#[test]
fn who_uses_it_and_stays_blocks_a_delete() {
    let crn = "crn://c/organization=o/integration=i/connector=s3%20sink";
    let stack = TestStack::new().with("integration", "k.integrations", json!({"name": "i"})).with(
        "user",
        "k.topics",
        json!({"name": "s3 sink", "cluster": "${integration.name}"}),
    );
    let live = |usages: Json| {
        vec![
            ("integration", json!({"name": "i", "usages": usages})),
            ("user", json!({"name": "s3 sink", "cluster": "i"})),
        ]
    };
    let own = teardown(&stack, &live(json!([crn])), &nothing);
    assert_eq!(own.resources["integration"].action, Action::Delete, "its user goes before it");
    assert_eq!(order(&own), ["-user", "-integration"]);
    let foreign = teardown(&stack, &live(json!([crn, "crn://c/organization=o/connector=other"])), &nothing);
    assert_eq!(foreign.resources["integration"].action, Action::Blocked);
    assert_eq!(told(&foreign, codes::IN_USE)[0], "used by: crn://c/organization=o/connector=other");
    assert!(super::super::is_refusal(codes::IN_USE) && super::super::is_refusal(codes::TAKES_ALONG));
    let unused = teardown(&stack, &live(json!([])), &nothing);
    assert_eq!(unused.resources["integration"].action, Action::Delete);
}

/// The user hangs on what it uses, so that it is deleted before it.
#[test]
fn who_uses_it_and_is_replaced_delete_first_blocks_nothing() {
    let crn = "crn://c/integration=i/connector=s3";
    let stack = |region: &str| {
        TestStack::new().with("integration", "k.integrations", json!({"name": "i", "region": region})).with(
            "user",
            "k.topics",
            json!({"name": "s3", "cluster": "${integration.name}", "region": region}),
        )
    };
    let live = [
        ("integration", json!({"name": "i", "region": "a", "usages": [crn]})),
        ("user", json!({"name": "s3", "cluster": "i", "region": "a"})),
    ];
    let (plan, _) = plan(&stack("b"), PlanOptions::of(Mode::Build), &live, &nothing);
    assert_eq!(plan.resources["user"].action, Action::Replace(ReplaceOrder::DeleteFirst));
    assert_eq!(plan.resources["integration"].action, Action::Replace(ReplaceOrder::DeleteFirst));
    assert!(told(&plan, codes::IN_USE).is_empty());
}

fn keyed() -> (TestStack, Vec<(&'static str, Json)>) {
    // The key stands last: nothing but the type says that topics come after it.
    let stack = TestStack::new()
        .with("cluster", "k.clusters", json!({"name": "c", "env": "env-1", "region": "r"}))
        .with("topic", "k.topics", json!({"name": "t", "cluster": "${cluster.id}"}))
        .with("key", "k.keys", json!({"name": "k", "resource": "${cluster.id}", "owner": "sa-1"}))
        .with("binding", "k.bindings", json!({"principal": "User:sa-1", "crn": "${cluster.id}"}));
    let live = vec![
        ("cluster", json!({"id": "lkc-1", "name": "c", "env": "env-1", "region": "r"})),
        ("topic", json!({"name": "t", "cluster": "lkc-1"})),
        ("key", json!({"id": "KEY", "name": "k", "resource": "lkc-1", "owner": "sa-1"})),
        ("binding", json!({"id": "rb-1", "principal": "User:sa-1", "crn": "lkc-1"})),
    ];
    (stack, live)
}

#[test]
fn the_key_of_a_cluster_is_made_before_and_deleted_after_what_it_opens() {
    let (stack, live) = keyed();
    let (made, _) = plan(&stack, PlanOptions::of(Mode::Build), &[], &nothing);
    assert_eq!(order(&made), ["+cluster", "+binding", "+key", "+topic"]);
    assert_eq!(order(&teardown(&stack, &live, &nothing)), ["-topic", "-key", "-binding", "-cluster"]);
}

#[test]
fn a_key_of_another_cluster_has_no_say_and_what_the_manifest_says_holds() {
    let (stack, live) = keyed();
    let other = stack.edit("topic", |topic| topic.props = json!({"name": "t", "cluster": "lkc-2"}).into());
    let live_other: Vec<(&str, Json)> = live
        .iter()
        .map(|(name, model)| match *name {
            "topic" => (*name, json!({"name": "t", "cluster": "lkc-2"})),
            _ => (*name, model.clone()),
        })
        .collect();
    let plan = teardown(&other, &live_other, &nothing);
    assert!(plan.resources["topic"].follows.is_empty(), "{:?}", plan.resources["topic"].follows);
    // A binding on the topic needs the topic: the key cannot come after the binding and before the topic.
    let circle = TestStack::new()
        .with("topic", "k.topics", json!({"name": "t", "cluster": "lkc-1"}))
        .with("binding", "k.bindings", json!({"principal": "User:sa-1", "crn": "${topic.name}"}))
        .with("key", "k.keys", json!({"name": "k", "resource": "lkc-1", "owner": "sa-1"}));
    let live: Vec<(&str, Json)> = live.into_iter().filter(|(name, _)| *name != "cluster").collect();
    assert_eq!(order(&teardown(&circle, &live, &nothing)), ["-binding", "-topic", "-key"]);
}

#[test]
fn after_a_replaced_cluster_what_hangs_on_it_is_replaced_or_made_anew() {
    let (stack, live) = keyed();
    let moved = stack.edit("cluster", |cluster| {
        cluster.props = json!({"name": "c", "env": "env-1", "region": "elsewhere"}).into();
    });
    let options = PlanOptions::of(Mode::Build);
    let (plan, asked) = plan(&moved, options, &live, &nothing);
    let action = |name: &str| plan.resources[name].action;
    assert!(matches!(action("cluster"), Action::Replace(_)));
    assert!(matches!(action("key"), Action::Replace(_)), "{:?}", action("key"));
    // Nothing would ever delete the binding on the old cluster: it is looked for there.
    assert!(matches!(action("binding"), Action::Replace(_)), "{:?}", action("binding"));
    // The old topic goes with its cluster.
    assert_eq!(action("topic"), Action::Create);
    assert_eq!(asked, [r#"k.topics {"cluster":"lkc-1"}"#, r#"k.keys {"resource":"lkc-1"}"#]);
    let order = order(&plan);
    let at = |step: &str| order.iter().position(|one| one == step).unwrap();
    for (first, then) in [
        ("-key", "-cluster"),
        ("-binding", "-cluster"),
        ("-cluster", "+cluster"),
        ("+cluster", "+binding"),
        ("+binding", "+key"),
        ("+key", "+topic"),
    ] {
        assert!(at(first) < at(then), "{first} {then}: {order:?}");
    }
}

/// Confluent trap 6: somebody else's id, or one that is gone, is no reason to make another one.
#[test]
fn a_given_identifier_that_names_nothing_makes_nothing() {
    let stack = TestStack::new()
        .with("cluster", "k.clusters", json!({"name": "c", "env": "env-1", "region": "r"}))
        .edit("cluster", |cluster| cluster.identifier = Some(json!("lkc-404").into()));
    let (built, _) = plan(&stack, PlanOptions::of(Mode::Build), &[], &nothing);
    assert_eq!(built.resources["cluster"].action, Action::Blocked);
    let told = built.diagnostics.iter().find(|told| told.code == codes::NAMES_NOTHING).unwrap();
    assert!(told.message.contains("cluster"), "{told}");
    assert!(!teardown(&stack, &[], &nothing).is_blocked(), "gone is gone");
}
