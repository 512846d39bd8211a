//! Golden text at widths 60, 100 and 160, UTF-8 and ASCII, with and without colour (plan-ux 20).

use super::sample::{PLANTED, everything, unchanged, view};
use crate::args::ViewArgs;
use crate::render::console::Style;
use crate::render::human::{plan, summary_line};
use crate::render::json::v1;
use crate::render::paint::Paint;
use crate::render::text::width;
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
