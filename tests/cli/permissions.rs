//! `permissions`. The golden lists are those of the pages that the project was created from.

use crate::common::{Place, Served, small};
use insta::assert_snapshot;
use serde_json::{Value as Json, json};

/// Actions as the pages print them, sorted as this program does.
fn sorted(text: &str) -> String {
    let mut actions: Vec<&str> = text.split([',', '\n', ' ']).filter(|action| !action.is_empty()).collect();
    actions.sort_by_key(|action| action.to_lowercase());
    actions.iter().map(|action| format!("{action}\n")).collect()
}

#[test]
fn the_seed_pages_lists_are_printed() {
    let place = Place::with(&small());
    let of = |line: &str| place.run(&format!("permissions {line}")).exits(0).out;
    let delete = "connect:DescribeInstance, ds:DescribeDirectories,
        app-integrations:DeleteEventIntegrationAssociation, app-integrations:DeleteApplicationAssociation,
        events:ListTargetsByRule, events:RemoveTargets, events:DeleteRule, connect:DisassociateBot,
        connect:DisassociateLambdaFunction, connect:DeleteIntegrationAssociation, connect:ListBots,
        connect:ListLambdaFunctions, connect:ListIntegrationAssociations, lex:DeleteResourcePolicy,
        lex:DeleteResourcePolicyStatement, lambda:RemovePermission, iam:GetRolePolicy, iam:DeleteRolePolicy,
        iam:PutRolePolicy";
    assert_eq!(sorted(delete).lines().count(), 19);
    assert_eq!(of("aws.connect.integration_association --operation delete"), sorted(delete));
    let read = "connect:ListBots, connect:ListLambdaFunctions, connect:ListIntegrationAssociations,
        connect:ListTagsForResource";
    assert_eq!(of("AWS::Connect::IntegrationAssociation --operation read"), sorted(read));
    let create = "profile:GetIntegration, profile:PutIntegration, appflow:CreateFlow,
        app-integrations:CreateEventIntegrationAssociation, app-integrations:GetEventIntegration,
        connect:DescribeInstance, ds:DescribeDirectories, events:ListTargetsByRule, events:PutRule,
        events:PutTargets, events:PutEvents, profile:TagResource";
    assert_eq!(sorted(create).lines().count(), 12);
    assert_eq!(of("awscc.customerprofiles.integrations --operation create"), sorted(create));
}

#[test]
fn a_type_has_its_actions_by_operation() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("permissions awscc.customerprofiles.domains").exits(0).out, @r#"
    AWS::CustomerProfiles::Domain                                               IAM actions by operation

    create
      kms:CreateGrant
      kms:DescribeKey
      kms:GetKeyPolicy
      kms:ListGrants
      kms:PutKeyPolicy
      profile:CreateDomain
      profile:TagResource

    read
      kms:CreateGrant
      kms:DescribeKey
      kms:GetKeyPolicy
      kms:ListGrants
      kms:PutKeyPolicy
      profile:GetDomain
      profile:ListTagsForResource

    update
      kms:CreateGrant
      kms:DescribeKey
      kms:GetKeyPolicy
      kms:ListGrants
      kms:PutKeyPolicy
      profile:GetDomain
      profile:ListTagsForResource
      profile:TagResource
      profile:UntagResource
      profile:UpdateDomain

    delete
      kms:CreateGrant
      kms:DescribeKey
      kms:GetKeyPolicy
      kms:ListGrants
      kms:PutKeyPolicy
      profile:DeleteDomain

    list
      profile:ListDomains

    tagging, where tags are set or changed
      profile:ListTagsForResource
      profile:TagResource
      profile:UntagResource

    Cloud Control itself
      cloudformation:CancelResourceRequest
      cloudformation:CreateResource
      cloudformation:DeleteResource
      cloudformation:GetResource
      cloudformation:GetResourceRequestStatus
      cloudformation:ListResourceRequests
      cloudformation:ListResources
      cloudformation:UpdateResource

    A create or an update also reads. The lists are the service's own and not always complete: keys,
    buckets and roles that a resource uses may need more.
    "#);
    let json: Json =
        serde_json::from_str(&place.run("permissions awscc.customerprofiles.domains --json").exits(0).out)
            .unwrap();
    assert_eq!(json["format"], "stack-deploy/permissions");
    assert_eq!(json["operations"]["list"], json!(["profile:ListDomains"]));
    assert_eq!(json["cloud_control"].as_array().unwrap().len(), 8);
}

#[test]
fn what_does_not_exist_is_named() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("permissions AWS::EC2::VolumeAttachment --operation update"), @r#"
    exit 1
    -- stdout
    -- stderr
    error[SD1036]: AWS::EC2::VolumeAttachment has no update
     = next  it has create, read, delete, list
    -- end
    "#);
    let _ = place.run("permissions awscc.s3.bukets").exits(64);
    assert_snapshot!(place.run("permissions app"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD5001]: the environment is missing
     = next  stack-deploy permissions STACK_DIR ENV
    -- end
    "#);
    let _ = place.run("permissions awscc.s3.buckets --operation upgrade").exits(64);
}

#[test]
fn a_stacks_life_is_a_policy_and_asks_nobody() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    assert_snapshot!(place.run("permissions app prod"), @r#"
    exit 0
    -- stdout
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "CloudControl",
          "Effect": "Allow",
          "Action": [
            "cloudformation:CancelResourceRequest",
            "cloudformation:CreateResource",
            "cloudformation:DeleteResource",
            "cloudformation:GetResource",
            "cloudformation:GetResourceRequestStatus",
            "cloudformation:ListResourceRequests",
            "cloudformation:UpdateResource"
          ],
          "Resource": "*"
        },
        {
          "Sid": "CustomerProfilesDomain",
          "Effect": "Allow",
          "Action": [
            "kms:CreateGrant",
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:ListGrants",
            "kms:PutKeyPolicy",
            "profile:CreateDomain",
            "profile:DeleteDomain",
            "profile:GetDomain",
            "profile:UpdateDomain"
          ],
          "Resource": "*"
        },
        {
          "Sid": "CustomerProfilesIntegration",
          "Effect": "Allow",
          "Action": [
            "app-integrations:CreateEventIntegrationAssociation",
            "app-integrations:DeleteEventIntegrationAssociation",
            "app-integrations:GetEventIntegration",
            "app-integrations:ListEventIntegrationAssociations",
            "appflow:CreateFlow",
            "appflow:DeleteFlow",
            "connect:DescribeInstance",
            "ds:DescribeDirectories",
            "events:DeleteRule",
            "events:ListTargetsByRule",
            "events:PutEvents",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "profile:DeleteIntegration",
            "profile:GetIntegration",
            "profile:PutIntegration"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Tagging",
          "Effect": "Allow",
          "Action": [
            "profile:ListTagsForResource",
            "profile:TagResource",
            "profile:UntagResource"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Discovery",
          "Effect": "Allow",
          "Action": [
            "tag:GetResources"
          ],
          "Resource": "*"
        }
      ]
    }
    -- stderr
    note: what customer-360/prod needs in its whole life; --now or --plan FILE: for one build
    -- end
    "#);
    assert!(served.calls().is_empty());
}

#[test]
fn one_build_needs_less_than_a_life() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    assert_snapshot!(place.run("permissions --sandbox --now app prod"), @r#"
    exit 0
    -- stdout
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "CloudControl",
          "Effect": "Allow",
          "Action": [
            "cloudformation:GetResource"
          ],
          "Resource": "*"
        },
        {
          "Sid": "CustomerProfilesDomain",
          "Effect": "Allow",
          "Action": [
            "kms:CreateGrant",
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:ListGrants",
            "kms:PutKeyPolicy",
            "profile:GetDomain"
          ],
          "Resource": "*"
        },
        {
          "Sid": "CustomerProfilesIntegration",
          "Effect": "Allow",
          "Action": [
            "profile:GetIntegration"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Tagging",
          "Effect": "Allow",
          "Action": [
            "profile:ListTagsForResource"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Discovery",
          "Effect": "Allow",
          "Action": [
            "tag:GetResources"
          ],
          "Resource": "*"
        }
      ]
    }
    -- stderr
    note: what a build of customer-360/prod needs now
    -- end
    "#);
    place.manifest(&small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 30"));
    let _ = place.run("plan --sandbox --out plan.json app prod").exits(0);
    let policy: Json =
        serde_json::from_str(&place.run("permissions --plan plan.json app prod").exits(0).out).unwrap();
    let calls = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(calls.contains(&json!("cloudformation:UpdateResource")), "{policy}");
    assert!(!calls.contains(&json!("cloudformation:DeleteResource")), "{policy}");
    let _ = place.run("permissions --plan plan.json app dev").exits(1);
}

#[test]
fn a_role_of_resources_has_a_policy_of_its_own() {
    let role = "arn:aws:iam::123456789012:role/deploy";
    let manifest = small().replace(
        "    type: awscc.customerprofiles.domains\n",
        &format!("    type: awscc.customerprofiles.domains\n    role_arn: {role}\n"),
    );
    let place = Place::with(&manifest);
    let caller = place.run("permissions app prod").exits(0);
    assert!(
        caller.out.contains("PassRoleToCloudControl") && !caller.out.contains("profile:CreateDomain"),
        "{caller}"
    );
    assert!(caller.err.contains(&format!("--role {role}")), "{caller}");
    let own = place.run(&format!("permissions --role {role} app prod")).exits(0);
    assert!(own.out.contains("profile:CreateDomain") && !own.out.contains("cloudformation:"), "{own}");
    let _ = place.run("permissions --role arn:none app prod").exits(64);
}

#[test]
fn what_is_called_directly_needs_nothing_of_cloud_control() {
    let manifest = "version: 1\nname: app\nproviders: [confluent]\nresources:\n  - name: env\n    type: confluent.org.environments\n    props: { display_name: e }\n";
    let place = Place::with(manifest);
    let ran = place.run("permissions confluent.org.environments").exits(1);
    assert!(ran.err.contains("confluent.org.environments has no list of IAM actions"), "{ran}");
    let ran = place.run("permissions app dev").exits(0);
    assert!(!ran.out.contains("cloudformation:"), "{ran}");
}
