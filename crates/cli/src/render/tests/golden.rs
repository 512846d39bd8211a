//! Golden text at widths 60, 100 and 160, UTF-8 and ASCII, with and without colour (plan-ux 20).

use super::sample::{PLANTED, everything, unchanged, view};
use crate::args::ViewArgs;
use crate::render::console::Style;
use crate::render::human::{plan, summary_line};
use crate::render::json::v1;
use crate::render::paint::Paint;
use crate::render::text::width;
use crate::render::view_of::{digest_of_meta, id_of, plan_id};
use insta::assert_snapshot;

fn text(columns: usize, unicode: bool) -> String {
    plan(&view(&everything()), ViewArgs::default(), Style::plain(columns, unicode))
}

#[test]
fn at_100_columns() {
    assert_snapshot!(text(100, true), @r#"
    stack-deploy plan  customer-360 → prod                                           aws us-east-1 …6789
    8 reads in 1.8 s

    ! blocked   taken       awscc.sqs.queues                                     stackql_manifest.yml:27
        why    taken belongs to stack other/prod [SD2301]
        next   remove it from this manifest, or set lifecycle.adopt: force

    ± replace   sink_role   AWS::Example::Role                                   stackql_manifest.yml:19
        cspi-4xg0z
        ~ Role                                             forces replacement: create-only in the schema
          - "arn:aws:iam::123456786789:role/kafka-sink"
          + "arn:aws:iam::123456786789:role/kafka-sink-v2"
        ~ Policy
            {
              "Statement": [
                {
          -       "Action": "s3:Get*",
          +       "Action": "s3:Put*",
                  "Effect": "Allow"
                }
            … 3 equal lines
        why    the API has no update for this type: any change is delete, then create
        undo   no: a new id is issued each time

    - delete    old_queue   awscc.sqs.queues                                     stackql_manifest.yml:21
        old
        undo   partial (its data is gone)

    ~ update    crm_flow    awscc.customerprofiles.integrations                  stackql_manifest.yml:13
        acme-prod|arn:aws:appflow:us-east-1:123456786789:flow/crm                         DomainName|Uri
        ~ ObjectTypeName     "CTR" → "crm_contact"
        + Tags[cost-center]  "4410"
        ~ Tags[owner]        "growth" → "data"
        ~ Tags[ingest]       (sensitive, changes)
        - Tags[legacy]       ""
        * FlowDefinition     (write-only: sent again, cannot be compared)
        ! EventTriggerNames  is live but not in the manifest: kept
        patch  2 operations    undo  partial (FlowDefinition)

    @ adopt     found       awscc.sqs.queues                                     stackql_manifest.yml:23
        found
        + Tags[stackql:stack-name]  "customer-360"
        why    it exists without our tags; from now on teardown deletes it
        patch  1 operation    undo  yes

    + create    web_events  awscc.customerprofiles.integrations                  stackql_manifest.yml:15
        acme-prod|s3://acme-web-events                                                    DomainName|Uri
        + DomainName        "acme-prod"
        + Uri               "s3://acme-web-events"
        + ObjectTypeName    "web_order \u001b[31m"
        + Tags[kafka]       (known after apply: sink_role.Id)
        + Tags[ingest]      (sensitive)
        + Flow.Name         "f"
        + Flow.Tasks[0].Id  1
        + Flow.Tasks[1].Id  2
        + Flow.Tasks[2].Id  3
        + Flow.Zones        ["a", "b"]
        + Flow.Note         "ü"
        + A                 1
        … 3 more (--full)
        undo   yes

    ? deferred  later       awscc.customerprofiles.integrations                  stackql_manifest.yml:25
        waits  decided when this is known: sink_role.Id

    = 1 unchanged            --show-unchanged
    = 1 skipped              its if is false: dev_only
    ! 1 left out             by --target or --exclude: other

    Plan: 1 create, 1 update, 1 replace, 1 delete, 1 unchanged, 1 adopt, 1 deferred, 1 blocked
          1 equal by rule (--show-equivalences) · 7 writes, about 10 s
          guardrails ok (max_replace 1 of 1)
    "#);
}

#[test]
fn at_60_columns() {
    assert_snapshot!(text(60, true), @r#"
    stack-deploy plan  customer-360 → prod   aws us-east-1 …6789
    8 reads in 1.8 s

    ! blocked   taken       awscc.sqs.queues
        stackql_manifest.yml:27
        why    taken belongs to stack other/prod [SD2301]
        next   remove it from this manifest, or set
               lifecycle.adopt: force

    ± replace   sink_role   AWS::Example::Role
        stackql_manifest.yml:19
        cspi-4xg0z
        ~ Role     forces replacement: create-only in the schema
          - "arn:aws:iam::123456786789:role/kafka-sink"
          + "arn:aws:iam::123456786789:role/kafka-sink-v2"
        ~ Policy
            {
              "Statement": [
                {
          -       "Action": "s3:Get*",
          +       "Action": "s3:Put*",
                  "Effect": "Allow"
                }
            … 3 equal lines
        why    the API has no update for this type: any change
               is delete, then create
        undo   no: a new id is issued each time

    - delete    old_queue   awscc.sqs.queues
        stackql_manifest.yml:21
        old
        undo   partial (its data is gone)

    ~ update    crm_flow    awscc.customerprofiles.integrations
        stackql_manifest.yml:13
        acme-prod|arn:aws:appflow:us-east-1:123456786789:flow/crm
        DomainName|Uri
        ~ ObjectTypeName     "CTR" → "crm_contact"
        + Tags[cost-center]  "4410"
        ~ Tags[owner]        "growth" → "data"
        ~ Tags[ingest]       (sensitive, changes)
        - Tags[legacy]       ""
        * FlowDefinition
          (write-only: sent again, cannot be compared)
        ! EventTriggerNames
          is live but not in the manifest: kept
        patch  2 operations    undo  partial (FlowDefinition)

    @ adopt     found       awscc.sqs.queues
        stackql_manifest.yml:23
        found
        + Tags[stackql:stack-name]  "customer-360"
        why    it exists without our tags; from now on teardown
               deletes it
        patch  1 operation    undo  yes

    + create    web_events  awscc.customerprofiles.integrations
        stackql_manifest.yml:15
        acme-prod|s3://acme-web-events            DomainName|Uri
        + DomainName        "acme-prod"
        + Uri               "s3://acme-web-events"
        + ObjectTypeName    "web_order \u001b[31m"
        + Tags[kafka]       (known after apply: sink_role.Id)
        + Tags[ingest]      (sensitive)
        + Flow.Name         "f"
        + Flow.Tasks[0].Id  1
        + Flow.Tasks[1].Id  2
        + Flow.Tasks[2].Id  3
        + Flow.Zones        ["a", "b"]
        + Flow.Note         "ü"
        + A                 1
        … 3 more (--full)
        undo   yes

    ? deferred  later       awscc.customerprofiles.integrations
        stackql_manifest.yml:25
        waits  decided when this is known: sink_role.Id

    = 1 unchanged            --show-unchanged
    = 1 skipped              its if is false: dev_only
    ! 1 left out             by --target or --exclude: other

    Plan: 1 create, 1 update, 1 replace, 1 delete, 1 unchanged, 1 adopt, 1 deferred, 1 blocked
          1 equal by rule (--show-equivalences)
          7 writes, about 10 s
          guardrails ok (max_replace 1 of 1)
    "#);
}

#[test]
fn at_160_columns_in_ascii() {
    assert_snapshot!(text(160, false), @r#"
    stack-deploy plan  customer-360 -> prod                                                                                                    aws us-east-1 ...6789
    8 reads in 1.8 s

    !   blocked   taken       awscc.sqs.queues                                                                                               stackql_manifest.yml:27
        why    taken belongs to stack other/prod [SD2301]
        next   remove it from this manifest, or set lifecycle.adopt: force

    -/+ replace   sink_role   AWS::Example::Role                                                                                             stackql_manifest.yml:19
        cspi-4xg0z
        ~ Role    "arn:aws:iam::123456786789:role/kafka-sink" -> "arn:aws:iam::123456786789:role/kafka-sink-v2"  forces replacement: create-only in the schema
        ~ Policy
            {
              "Statement": [
                {
          -       "Action": "s3:Get*",
          +       "Action": "s3:Put*",
                  "Effect": "Allow"
                }
            ... 3 equal lines
        why    the API has no update for this type: any change is delete, then create
        undo   no: a new id is issued each time

    -   delete    old_queue   awscc.sqs.queues                                                                                               stackql_manifest.yml:21
        old
        undo   partial (its data is gone)

    ~   update    crm_flow    awscc.customerprofiles.integrations                                                                            stackql_manifest.yml:13
        acme-prod|arn:aws:appflow:us-east-1:123456786789:flow/crm                                                                                     DomainName|Uri
        ~ ObjectTypeName     "CTR" -> "crm_contact"
        + Tags[cost-center]  "4410"
        ~ Tags[owner]        "growth" -> "data"
        ~ Tags[ingest]       (sensitive, changes)
        - Tags[legacy]       ""
        * FlowDefinition     (write-only: sent again, cannot be compared)
        ! EventTriggerNames  is live but not in the manifest: kept
        patch  2 operations    undo  partial (FlowDefinition)

    @   adopt     found       awscc.sqs.queues                                                                                               stackql_manifest.yml:23
        found
        + Tags[stackql:stack-name]  "customer-360"
        why    it exists without our tags; from now on teardown deletes it
        patch  1 operation    undo  yes

    +   create    web_events  awscc.customerprofiles.integrations                                                                            stackql_manifest.yml:15
        acme-prod|s3://acme-web-events                                                                                                                DomainName|Uri
        + DomainName        "acme-prod"
        + Uri               "s3://acme-web-events"
        + ObjectTypeName    "web_order \u001b[31m"
        + Tags[kafka]       (known after apply: sink_role.Id)
        + Tags[ingest]      (sensitive)
        + Flow.Name         "f"
        + Flow.Tasks[0].Id  1
        + Flow.Tasks[1].Id  2
        + Flow.Tasks[2].Id  3
        + Flow.Zones        ["a", "b"]
        + Flow.Note         "\u00fc"
        + A                 1
        ... 3 more (--full)
        undo   yes

    ?   deferred  later       awscc.customerprofiles.integrations                                                                            stackql_manifest.yml:25
        waits  decided when this is known: sink_role.Id

    =   1 unchanged            --show-unchanged
    =   1 skipped              its if is false: dev_only
    !   1 left out             by --target or --exclude: other

    Plan: 1 create, 1 update, 1 replace, 1 delete, 1 unchanged, 1 adopt, 1 deferred, 1 blocked
          1 equal by rule (--show-equivalences); 7 writes, about 10 s; guardrails ok (max_replace 1 of 1)
    "#);
}

#[test]
fn ascii_text_is_ascii_at_every_width() {
    for columns in [60, 100, 160] {
        assert!(text(columns, false).is_ascii());
    }
}

#[test]
fn lines_that_hold_no_long_value_stay_within_the_width() {
    for columns in [60, 100, 160] {
        // Values and the line that scripts match are never cut.
        let whole = |line: &&str| !line.contains("arn:") && !line.starts_with("Plan:");
        for line in text(columns, true).lines().filter(whole) {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn colour_adds_codes_and_changes_no_word() {
    let coloured = plan(
        &view(&everything()),
        ViewArgs::default(),
        Style { paint: Paint::new(true), unicode: true, width: 100 },
    );
    assert!(coloured.contains("\u{1b}[32m"));
    let mut bare = String::new();
    let mut chars = coloured.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            bare.push(c);
        }
    }
    assert_eq!(bare, text(100, true));
}

#[test]
fn without_colour_there_is_no_escape_byte() {
    assert!(!text(100, true).contains('\u{1b}'));
}

#[test]
fn brief_is_headers_and_summary() {
    let options = ViewArgs { brief: true, ..ViewArgs::default() };
    assert_snapshot!(plan(&view(&everything()), options, Style::plain(100, true)), @r#"
    stack-deploy plan  customer-360 → prod                                           aws us-east-1 …6789
    8 reads in 1.8 s

    ! blocked   taken       awscc.sqs.queues                                     stackql_manifest.yml:27
    ± replace   sink_role   AWS::Example::Role                                   stackql_manifest.yml:19
    - delete    old_queue   awscc.sqs.queues                                     stackql_manifest.yml:21
    ~ update    crm_flow    awscc.customerprofiles.integrations                  stackql_manifest.yml:13
    @ adopt     found       awscc.sqs.queues                                     stackql_manifest.yml:23
    + create    web_events  awscc.customerprofiles.integrations                  stackql_manifest.yml:15
    ? deferred  later       awscc.customerprofiles.integrations                  stackql_manifest.yml:25
    = 1 unchanged            --show-unchanged
    = 1 skipped              its if is false: dev_only
    ! 1 left out             by --target or --exclude: other

    Plan: 1 create, 1 update, 1 replace, 1 delete, 1 unchanged, 1 adopt, 1 deferred, 1 blocked
          1 equal by rule (--show-equivalences) · 7 writes, about 10 s
          guardrails ok (max_replace 1 of 1)
    "#);
}

#[test]
fn full_folds_nothing_and_lists_what_is_equal() {
    let options =
        ViewArgs { full: true, show_unchanged: true, show_equivalences: true, ..ViewArgs::default() };
    let text = plan(&view(&everything()), options, Style::plain(100, true));
    assert!(text.contains("Flow.Tasks[2].Id"), "{text}");
    assert!(text.contains("= Tags  equal by rule set_order"), "{text}");
    assert!(text.contains("keep"), "{text}");
    assert!(!text.contains("(--full)"), "{text}");
}

#[test]
fn nothing_to_do_is_one_sentence() {
    assert_snapshot!(plan(&view(&unchanged()), ViewArgs::default(), Style::plain(100, true)), @r#"
    stack-deploy plan  customer-360 → prod                                           aws us-east-1 …6789
    8 reads in 1.8 s

    Plan: no changes. 1 resource matches customer-360/prod.
          guardrails ok (max_replace 1 of 1)
    "#);
}

#[test]
fn the_summary_line_is_stable() {
    assert_eq!(
        summary_line(&view(&everything())),
        "Plan: 1 create, 1 update, 1 replace, 1 delete, 1 unchanged, 1 adopt, 1 deferred, 1 blocked"
    );
}

#[test]
fn a_planted_secret_is_in_no_output() {
    let view = view(&everything());
    let options = ViewArgs {
        full: true,
        show_unmanaged: true,
        show_unchanged: true,
        show_equivalences: true,
        ..ViewArgs::default()
    };
    for output in [
        plan(&view, options, Style::plain(100, true)),
        v1::plan_text(&view),
        format!("{view:?}"),
        format!("{:?}", everything()),
    ] {
        assert!(!output.contains(PLANTED), "{output}");
    }
}

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
