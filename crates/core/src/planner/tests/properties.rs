//! A plan, carried out by a model of the cloud, leaves nothing to plan.

use super::super::decide::{Decide, Seen};
use super::support::{TestStack, present};
use crate::desired::Wanted;
use crate::diff::properties::{models, to_json, without};
use crate::identity::part_name;
use crate::ids::StackId;
use crate::observed::Sighting;
use crate::plan::{Action, Mode, Planned};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::testdata;
use crate::value::Value;
use proptest::prelude::*;
use serde_json::Value as Json;

fn decide(wanted: &Wanted, schema: &ResourceSchema, sighting: &Sighting) -> Planned {
    Decide {
        wanted,
        schema,
        stack: &StackId { name: "shop".into(), env: "prod".into() },
        mode: Mode::Build,
        seen: Seen::Sighted(sighting),
        after: &[],
        keep_protected: false,
        allow_data_loss: true,
        resend: vec![],
        is_absent: &|_| false,
        is_fresh: &|_| false,
    }
    .decide()
}

/// What a read of the model shows.
fn read(schema: &ResourceSchema, model: &Json) -> Sighting {
    let seen = without(model, &Pointer::root(), &|at| schema.write_only_properties.covers(at));
    let parts: Vec<(String, String)> =
        schema.primary_identifier.iter().map(|path| (part_name(path), "id".to_owned())).collect();
    let parts: Vec<(&str, &str)> = parts.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    present(&parts, seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_was_carried_out_leaves_nothing_to_do(seed in any::<u64>()) {
        for schema in testdata::all() {
            let ty = schema.type_name.as_str();
            let (mut declared, drifted) = models(schema, seed);
            // Some schemas take text for tags; nobody writes them so.
            if let Some((property, _)) = schema.tag_property()
                && declared.get(property).is_some_and(|tags| !tags.is_object() && !tags.is_array())
                && let Json::Object(members) = &mut declared
            {
                members.shift_remove(property);
            }
            let stack = TestStack::new().with("r", ty, serde_json::json!({})).edit("r", |wanted| {
                wanted.props = Value::from(&declared);
                wanted.default_tags.insert("cost-center".into(), Value::text("4410"));
            });
            let wanted = stack.wanted("r");
            // Created.
            let made = decide(wanted, schema, &Sighting::Absent);
            prop_assert_eq!(made.action, Action::Create);
            let body = made.desired.and_then(|desired| desired.known()).unwrap();
            let again = decide(wanted, schema, &read(schema, &body));
            prop_assert!(
                again.action == Action::Noop && again.changes.is_empty(),
                "{ty}: {:?} {:?}\nbody {body}", again.action, again.changes
            );
            // Changed by somebody, and put right.
            let planned = decide(wanted, schema, &read(schema, &drifted));
            if !matches!(planned.action, Action::Update | Action::Adopt) {
                continue;
            }
            prop_assert!(!planned.patch.is_empty(), "{ty}");
            let document: json_patch::Patch = serde_json::from_value(to_json(&planned.patch)).unwrap();
            let mut after = without(&drifted, &Pointer::root(), &|at| schema.write_only_properties.covers(at));
            if let Err(error) = json_patch::patch(&mut after, &document) {
                return Err(TestCaseError::fail(format!("{ty}: {error}")));
            }
            let again = decide(wanted, schema, &read(schema, &after));
            prop_assert!(
                again.action == Action::Noop && again.changes.is_empty(),
                "{ty}: {:?} {:?}\npatch {}\nafter {after}",
                again.action, again.changes, to_json(&planned.patch)
            );
        }
    }
}
