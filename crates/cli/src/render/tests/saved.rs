//! The machine plan: what is saved, read again, and refused.

use super::sample::{everything, unchanged, view};
use crate::args::ViewArgs;
use crate::render::console::Style;
use crate::render::human::plan;
use crate::render::json::v1;
use crate::render::view_of::{digest_of_meta, id_of, plan_id};
use insta::assert_snapshot;

#[test]
fn a_saved_plan_shows_the_same_text() {
    let first = view(&everything());
    let again = v1::read_plan(&v1::plan_text(&first)).unwrap();
    assert_eq!(again, first);
    let show = |view| plan(view, ViewArgs::default(), Style::plain(100, true));
    assert_eq!(show(&again), show(&first));
}

#[test]
fn the_id_covers_everything_but_meta() {
    let first = view(&everything());
    let mut later = first.clone();
    later.meta.nonce = "ff".repeat(16);
    later.meta.millis = 1;
    assert_eq!(plan_id(&later), first.plan_id);
    later.resources[0].patch.clear();
    later.resources[0].protected = true;
    assert_ne!(plan_id(&later), first.plan_id);
    assert!(first.plan_id.starts_with("pl_") && first.plan_id.len() == 29, "{}", first.plan_id);
}

#[test]
fn a_reader_ignores_what_it_does_not_know_and_refuses_a_higher_major() {
    let mut json = v1::plan(&view(&unchanged()));
    json["format_version"] = "1.7".into();
    json["news"] = true.into();
    json["resources"][0]["news"] = 1.into();
    json["plan_id"] = id_of(&json).into();
    json["meta"]["digest"] = digest_of_meta(&json).into();
    assert!(v1::read_plan(&json.to_string()).is_ok());
    for version in ["2.0", "0.9", "", "one"] {
        json["format_version"] = version.into();
        assert!(matches!(v1::read_plan(&json.to_string()), Err(v1::ReadError::Version(_))), "{version}");
    }
    json["format"] = "terraform".into();
    assert!(matches!(v1::read_plan(&json.to_string()), Err(v1::ReadError::Format(_))));
}

#[test]
fn a_plan_that_was_changed_after_it_was_saved_is_not_read() {
    let saved = v1::plan(&view(&everything()));
    let read = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = saved.clone();
        change(&mut json);
        v1::read_plan(&json.to_string())
    };
    assert!(read(&|_| {}).is_ok());
    let edits: [&dyn Fn(&mut serde_json::Value); 6] = [
        &|json| json["resources"][0]["action"] = "noop".into(),
        &|json| json["targets"]["allow_data_loss"] = serde_json::json!(["domain"]),
        &|json| json["stack"]["env"] = "dev".into(),
        &|json| json["mode"] = "teardown".into(),
        &|json| json["applyable"] = true.into(),
        &|json| json["news"] = 1.into(),
    ];
    for (at, edit) in edits.iter().enumerate() {
        let same = {
            let mut json = saved.clone();
            edit(&mut json);
            json == saved
        };
        assert_eq!(matches!(read(edit), Err(v1::ReadError::Edited { .. })), !same, "edit {at}");
    }
    let longer = read(&|json| json["meta"]["expires_at"] = "2027-11-22T14:02:07Z".into());
    assert!(matches!(longer, Err(v1::ReadError::EditedMeta)));
    for nonce in ["", "zz", "+0000000000000000000000000000000"] {
        let bad = read(&|json| json["meta"]["nonce"] = nonce.into());
        assert!(matches!(bad, Err(v1::ReadError::Nonce)), "{nonce}");
    }
}

#[test]
fn numbers_of_many_digits_do_not_make_a_saved_plan_look_edited() {
    let mut json = v1::plan(&view(&unchanged()));
    for digits in [
        "0.30000000000000004",
        "123456789012345.68",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072011e-308",
        "9007199254740993.5",
    ] {
        let number: f64 = digits.parse().unwrap();
        json["news"] = number.into();
        let (id, text) = (id_of(&json), json.to_string());
        assert_eq!(id_of(&serde_json::from_str(&text).unwrap()), id, "{digits}");
    }
}

#[test]
fn the_machine_plan_of_one_update() {
    let mut plan = everything();
    plan.resources.retain(|address, _| address.as_str() == "crm_flow");
    plan.steps.retain(|step| step.id.address.as_str() == "crm_flow");
    assert_snapshot!(v1::plan_text(&view(&plan)), @r#"
    {
      "applyable": true,
      "budget": {
        "polls_about": 5,
        "reads": 1,
        "seconds_about": 10,
        "writes": 1
      },
      "complete": false,
      "drift": [],
      "edges": [],
      "errored": false,
      "format": "stack-deploy/plan",
      "format_version": "1.0",
      "guardrails": [
        {
          "found": 1,
          "limit": 1,
          "ok": true,
          "rule": "max_replace"
        }
      ],
      "inputs": [
        {
          "from": "globals",
          "name": "owner",
          "value": "data"
        },
        {
          "from": "env",
          "name": "ingest_key",
          "sensitive": true
        }
      ],
      "left_out": [
        "other"
      ],
      "meta": {
        "created_at": "2026-11-21T14:02:07Z",
        "digest": "sha256:38a657c9ab89516be817744936a16f681430d7bf12e2bd6d5a448f3bbcf2ad14",
        "expires_at": "2026-11-22T14:02:07Z",
        "millis": 1800,
        "nonce": "00000000000000000000000000000000",
        "reads": 8,
        "stack_dir": "customer-360",
        "tool_version": "0.1.0"
      },
      "mode": "build",
      "orphans": [],
      "plan_id": "pl_tmr6pca296cvq6eagbck0e50g4",
      "resources": [
        {
          "action": "update",
          "address": "crm_flow",
          "cannot_compare": [
            "/FlowDefinition"
          ],
          "canonical_type": "AWS::CustomerProfiles::Integration",
          "certainty": "certain",
          "changes": [
            {
              "after": {
                "state": "known",
                "value": "crm_contact"
              },
              "before": {
                "state": "known",
                "value": "CTR"
              },
              "forces_replace": false,
              "label": "ObjectTypeName",
              "op": "replace",
              "path": "/ObjectTypeName",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            },
            {
              "after": {
                "state": "known",
                "value": "4410"
              },
              "before": {
                "state": "absent"
              },
              "forces_replace": false,
              "label": "Tags[cost-center]",
              "op": "add",
              "path": "/Tags/3",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            },
            {
              "after": {
                "state": "known",
                "value": "data"
              },
              "before": {
                "state": "known",
                "value": "growth"
              },
              "forces_replace": false,
              "label": "Tags[owner]",
              "op": "replace",
              "path": "/Tags/1/Value",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            },
            {
              "after": {
                "changed": true,
                "state": "sensitive"
              },
              "before": {
                "changed": true,
                "state": "sensitive"
              },
              "forces_replace": false,
              "label": "Tags[ingest]",
              "op": "replace",
              "path": "/Tags/2/Value",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            },
            {
              "after": {
                "state": "absent"
              },
              "before": {
                "state": "known",
                "value": ""
              },
              "forces_replace": false,
              "label": "Tags[legacy]",
              "op": "remove",
              "path": "/Tags/4",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            },
            {
              "after": {
                "state": "known",
                "value": {
                  "FlowName": "crm"
                }
              },
              "before": {
                "state": "write_only"
              },
              "forces_replace": false,
              "label": "FlowDefinition",
              "op": "resend",
              "path": "/FlowDefinition",
              "source": {
                "column": 1,
                "file": "stackql_manifest.yml",
                "line": 13
              }
            }
          ],
          "depends_on": [],
          "diagnostics": [],
          "equivalences": [
            {
              "path": "/Tags",
              "rule": "set_order"
            }
          ],
          "identifier": {
            "names": [
              "DomainName",
              "Uri"
            ],
            "parts": {
              "DomainName": "acme-prod",
              "Uri": "arn:aws:appflow:us-east-1:123456786789:flow/crm"
            },
            "value": "acme-prod|arn:aws:appflow:us-east-1:123456786789:flow/crm"
          },
          "live": {
            "exists": true,
            "fingerprint": null,
            "schema": null
          },
          "ownership": {
            "whose": "ours"
          },
          "patch": [
            {
              "op": "add",
              "path": "/ObjectTypeName",
              "value": "crm_contact"
            },
            {
              "op": "add",
              "path": "/Tags",
              "value": [
                {
                  "sensitive": true
                }
              ]
            }
          ],
          "permissions": [],
          "protected": false,
          "reasons": [
            {
              "code": "value_changed",
              "path": "/ObjectTypeName"
            }
          ],
          "source": {
            "column": 1,
            "file": "stackql_manifest.yml",
            "line": 13
          },
          "type": "awscc.customerprofiles.integrations",
          "undo": {
            "possible": "partial",
            "why": "FlowDefinition"
          },
          "unmanaged": [
            {
              "is_default": false,
              "path": "/EventTriggerNames"
            }
          ]
        }
      ],
      "scopes": [
        {
          "account": "123456786789",
          "provider": "aws",
          "region": "us-east-1"
        }
      ],
      "skipped": [
        "dev_only"
      ],
      "stack": {
        "env": "prod",
        "manifest_digest": "sha256:00",
        "name": "customer-360"
      },
      "summary": {
        "adopt": 0,
        "blocked": 0,
        "create": 0,
        "deferred": 0,
        "delete": 0,
        "noop": 0,
        "orphans": 0,
        "replace": 0,
        "update": 1
      },
      "targets": {
        "exclude": [],
        "include": []
      },
      "warnings": []
    }
    "#);
}
