//! What only the answer of a create holds.

use super::world::{File, World, end_of, export, flow, put_rest, returned};
use stack_core::flow::{Flow, FlowEnd, FlowKind};
use stack_core::value::Value;

fn key(returning: &str) -> Flow {
    let file = format!(
        "/*+ exists */
SELECT id FROM confluent.iam.api_keys WHERE id = '{{{{ name }}}}';
/*+ create */
INSERT INTO confluent.iam.api_keys (data__display_name, data__owner) SELECT 'k', 'sa-1' {returning};
/*+ exports */
SELECT '{{{{ this.key_secret }}}}' AS key_secret, '{{{{ this.key_id }}}}' AS key_id;"
    );
    let file = File::of(&file, &[("name", Value::text("vpc-new"))]);
    let mut flow = flow(FlowKind::Resource, "confluent.iam.api_keys", file);
    flow.target.provider = "confluent".into();
    flow.target.region = None;
    flow.exports = vec![export("key_secret"), export("key_id")];
    flow.returns.create = vec![returned("id", "key_id"), returned("secret", "key_secret")];
    flow
}

/// `once` of docs/reference/rest-definitions.md: known for the rest of the run.
#[test]
fn a_secret_of_a_create_is_returned_as_a_sensitive_value() {
    for (returning, unseen) in [("RETURNING id, secret", 0), ("RETURNING *", 2)] {
        let world = World::default();
        *world.secret.lock().unwrap() = Some("only-once-shown");
        *world.unseen.lock().unwrap() = unseen;
        let end = put_rest(&key(returning), &world);
        let FlowEnd::Done { exports, .. } = &end else { panic!("{}", end_of(&end)) };
        assert_eq!(exports["key_id"].scalar_text().as_deref(), Some("vpc-new"));
        let secret = &exports["key_secret"];
        assert!(matches!(secret, Value::Secret(_)), "{secret:?}");
        assert_eq!(secret.scalar_text().as_deref(), Some("only-once-shown"));
        let told = format!("{:?} {} {}", world.statements.lock().unwrap(), world.told(), world.log());
        assert!(!told.contains("only-once-shown"), "{told}");
        assert_eq!(world.log().matches("5s").count(), unseen as usize, "{}", world.log());
    }
}

#[test]
fn a_secret_that_nobody_knows_is_told_as_empty() {
    let end = end_of(&put_rest(&key("RETURNING id, secret"), &World::default()));
    assert!(end.contains("returns no `secret`") && end.contains("secret is empty"), "{end}");
    let world = World::default();
    *world.unseen.lock().unwrap() = 99;
    let end = end_of(&put_rest(&key("RETURNING id, secret"), &world));
    assert!(end.contains("was created, and its secret cannot be read"), "{end}");
    assert!(!end.contains("only-once"), "{end}");
}

/// Nobody is asked for what no RETURNING names.
#[test]
fn other_columns_cost_no_read() {
    let world = World::default();
    let mut flow = key("RETURNING id");
    flow.returns.create.pop();
    flow.exports.clear();
    put_rest(&flow, &world);
    assert!(world.log().contains("CREATE#0 exists get"), "{}", world.log());
}
