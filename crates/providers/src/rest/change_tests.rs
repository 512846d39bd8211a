use super::*;
use serde_json::json;
use stack_catalog::rest::Definitions;

const FILE: &str = r#"
provider: acme
endpoints: { api: { url: "https://api.example", auth: { kind: none } } }
defaults: { endpoint: api }
resources:
  - name: acme.shop.boxes
    properties:
      id: { type: string, read_only: true }
      shelf: { type: string, reference: true, companion: true, at: spec.shelf }
      label: { type: string, at: spec.label }
      note: { type: string, at: spec.note, cleared_by: "" }
      lock: { type: object, at: spec.lock, properties: { kind: { companion: true }, code: {}, seal: { read_only: true } } }
      parts: { type: integer, grow_only: true }
      place: { type: string, immutable: true }
      configs: { type: object, pairs: true }
      state: { type: string }
    identity: [shelf, id]
    natural_key: [label]
    list: { path: /boxes }
    create: { path: /boxes }
    read: { path: "/boxes/{id}" }
    update:
      steps:
        - { method: PATCH, path: "/boxes/{id}", body: merge }
        - { of: [configs], method: POST, path: "/boxes/{id}/configs:alter", body: alter }
        - { of: [state], becomes: OPEN, method: PUT, path: "/boxes/{id}/open", body: empty }
"#;

fn requests(live: Json, patch: Json) -> Result<Vec<(String, Option<Json>)>, Failure> {
    let all = Definitions::from_texts([("box.yaml", FILE)]).unwrap();
    let resource = &all.get(&"acme.shop.boxes".into()).unwrap().resource;
    let live = live.as_object().unwrap().clone();
    let next = patched(&live, &patch)?;
    let changed = changed(resource, &live, &next);
    check(resource, &live, &next, &changed)?;
    let steps = steps(resource, &next, &changed)?;
    steps
        .into_iter()
        .map(|(step, mine)| Ok((step.path.to_string(), body(resource, step, &mine, &live, &next)?)))
        .collect()
}

fn only(live: Json, patch: Json) -> Json {
    let mut all = requests(live, patch).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).1.unwrap()
}

#[test]
fn a_merge_patch_has_the_changed_members_and_the_companions() {
    let live = json!({"id": "1", "shelf": "s", "label": "a", "note": "n", "lock": {"kind": "K", "code": "1", "seal": "x"}});
    let label = json!([{"op": "replace", "path": "/label", "value": "b"}]);
    assert_eq!(only(live.clone(), label), json!({"spec": {"shelf": {"id": "s"}, "label": "b"}}));
    let code = json!([{"op": "replace", "path": "/lock/code", "value": "2"}]);
    assert_eq!(
        only(live.clone(), code),
        json!({"spec": {"shelf": {"id": "s"}, "lock": {"kind": "K", "code": "2"}}})
    );
    let clear = json!([{"op": "remove", "path": "/note"}]);
    assert_eq!(only(live.clone(), clear), json!({"spec": {"shelf": {"id": "s"}, "note": ""}}));
    let gone = json!([{"op": "remove", "path": "/nothing"}]);
    assert!(requests(live, gone).unwrap().is_empty());
}

#[test]
fn configs_are_set_and_deleted_in_one_request() {
    let live = json!({"id": "1", "shelf": "s", "configs": {"a": "1", "b": "2"}});
    let patch =
        json!([{"op": "replace", "path": "/configs/a", "value": 5}, {"op": "remove", "path": "/configs/b"}]);
    let all = requests(live, patch).unwrap();
    assert_eq!(all[0].0, "/boxes/{id}/configs:alter");
    assert_eq!(
        all[0].1,
        Some(
            json!({"data": [{"name": "a", "value": "5", "operation": "SET"}, {"name": "b", "operation": "DELETE"}]})
        )
    );
    let first = json!([{"op": "add", "path": "/configs/x", "value": "1"}]);
    let all = requests(json!({"id": "1", "shelf": "s"}), first).unwrap();
    assert_eq!(all[0].1, Some(json!({"data": [{"name": "x", "value": "1", "operation": "SET"}]})));
}

#[test]
fn what_may_only_grow_is_refused_before_anything_is_sent() {
    let live = json!({"id": "1", "shelf": "s", "parts": 6});
    let refused =
        requests(live.clone(), json!([{"op": "replace", "path": "/parts", "value": 3}])).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (FailureKind::NotUpdatable, "OnlyGrows"));
    assert_eq!(
        only(live, json!([{"op": "replace", "path": "/parts", "value": 9}])),
        json!({"spec": {"shelf": {"id": "s"}}, "parts": 9})
    );
}

/// A step for all properties would send it, and a service may drop what it does not take.
#[test]
fn what_can_never_change_is_refused_before_anything_is_sent() {
    let live = json!({"id": "1", "shelf": "s", "label": "a", "place": "here"});
    let patch = json!([
        {"op": "replace", "path": "/label", "value": "b"}, {"op": "replace", "path": "/place", "value": "there"}
    ]);
    let refused = requests(live, patch).unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (FailureKind::NotUpdatable, "Immutable"));
    assert!(refused.message.contains("`place` of acme.shop.boxes"), "{refused}");
}

#[test]
fn a_step_may_be_for_one_value_only() {
    let live = json!({"id": "1", "shelf": "s", "state": "SHUT"});
    let open = requests(live.clone(), json!([{"op": "replace", "path": "/state", "value": "OPEN"}])).unwrap();
    assert_eq!(open, [("/boxes/{id}/open".to_owned(), None)]);
    let other = requests(live, json!([{"op": "replace", "path": "/state", "value": "GONE"}])).unwrap_err();
    assert!(other.message.contains("`state`"), "{other}");
}

#[test]
fn a_mask_is_never_sent() {
    let live = json!({"id": "1", "shelf": "s", "lock": {"kind": "K", "code": "****"}});
    // The changed member is sent, the masked one is not.
    let kind = json!([{"op": "replace", "path": "/lock/kind", "value": "L"}]);
    assert_eq!(only(live.clone(), kind), json!({"spec": {"shelf": {"id": "s"}, "lock": {"kind": "L"}}}));
    let refused = requests(live, json!([{"op": "add", "path": "/lock/code", "value": "***"}])).unwrap_err();
    assert!(refused.message.contains("spec.lock.code"), "{refused}");
}
