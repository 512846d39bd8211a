//! `schema`
#![expect(clippy::unwrap_used, reason = "what cannot be read is a failed test")]

use crate::common::{Place, Served, small};
use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use std::path::Path;

fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_type_is_told_in_either_spelling() {
    let place = Place::with(&small());
    let text = place.run("schema aws.connect.integration_association").exits(0).out;
    assert_eq!(text, place.run("schema AWS::Connect::IntegrationAssociation").exits(0).out);
    assert_snapshot!(text, @r#"
    awscc.connect.integration_associations                          AWS::Connect::IntegrationAssociation
    Resource Type definition for AWS::Connect::IntegrationAssociation

      also        aws.connect.integration_associations, aws.connect.integration_association
      can         create, read, update, delete
      identifier  InstanceId|IntegrationType|IntegrationArn: set by you
      found by    `identifier` in the manifest; else declared InstanceId and IntegrationType and
                  IntegrationArn
      list        needs InstanceId
      tags        Tags, a list of Key and Value, set at create and later
      replace     create, then delete
      regions     only 13 of 37 that are known: af-south-1, ap-northeast-1, ap-northeast-2,
                  ap-northeast-3, ap-south-1, ap-southeast-1, ap-southeast-2, ca-central-1,
                  eu-central-1, eu-west-2, us-east-1, us-gov-west-1, us-west-2
      schema      cfn-lint 1.58.0, 2026-10-20

    Operations
      create      app-integrations:CreateApplicationAssociation,
                  app-integrations:CreateEventIntegrationAssociation, app-integrations:GetApplication,
                  cases:GetDomain, connect:AssociateBot, connect:AssociateLambdaFunction,
                  connect:CreateIntegrationAssociation, connect:DescribeInstance, connect:ListBots,
                  connect:ListIntegrationAssociations, connect:ListLambdaFunctions, connect:TagResource,
                  ds:DescribeDirectories, events:PutRule, events:PutTargets, iam:AttachRolePolicy,
                  iam:CreateServiceLinkedRole, iam:GetRolePolicy, iam:PutRolePolicy,
                  lambda:AddPermission, lex:CreateResourcePolicy, lex:CreateResourcePolicyStatement,
                  lex:DescribeBotAlias, lex:GetBot, lex:UpdateResourcePolicy, mobiletargeting:GetApp,
                  ses:GetIdentityVerificationAttributes, voiceid:DescribeDomain, wisdom:GetAssistant,
                  wisdom:GetKnowledgeBase, wisdom:GetMessageTemplate, wisdom:GetQuickResponse,
                  wisdom:TagResource
      read        connect:ListBots, connect:ListIntegrationAssociations, connect:ListLambdaFunctions,
                  connect:ListTagsForResource
      update      connect:ListIntegrationAssociations, connect:ListTagsForResource, connect:TagResource,
                  connect:UntagResource
      delete      app-integrations:DeleteApplicationAssociation,
                  app-integrations:DeleteEventIntegrationAssociation,
                  connect:DeleteIntegrationAssociation, connect:DescribeInstance,
                  connect:DisassociateBot, connect:DisassociateLambdaFunction, connect:ListBots,
                  connect:ListIntegrationAssociations, connect:ListLambdaFunctions,
                  ds:DescribeDirectories, events:DeleteRule, events:ListTargetsByRule,
                  events:RemoveTargets, iam:DeleteRolePolicy, iam:GetRolePolicy, iam:PutRolePolicy,
                  lambda:RemovePermission, lex:DeleteResourcePolicy, lex:DeleteResourcePolicyStatement
      list        connect:ListBots, connect:ListIntegrationAssociations, connect:ListLambdaFunctions,
                  connect:ListTagsForResource
      tagging     connect:ListIntegrationAssociations, connect:ListTagsForResource, connect:TagResource,
                  connect:UntagResource

    Properties
      InstanceId  string, required, create-only
          Amazon Connect instance identifier
          limits   1 to 100 characters
          pattern  ^arn:aws[-a-z0-9]*:connect:[-a-z0-9]*:[0-9]{12}:instance/[-a-zA-Z0-9]*$
      IntegrationArn  string, required, create-only
          ARN of Integration being associated with the instance
          limits   1 to 140 characters
      IntegrationType  string, required, create-only
          Specifies the integration type to be associated with the instance
          one of   LEX_BOT, LAMBDA_FUNCTION, APPLICATION, CASES_DOMAIN, WISDOM_ASSISTANT,
                   WISDOM_KNOWLEDGE_BASE, WISDOM_QUICK_RESPONSES, FILE_SCANNER, MESSAGE_PROCESSOR,
                   Q_MESSAGE_TEMPLATES, SES_IDENTITY, EVENT
      SourceApplicationName  string, create-only
          The name of the external application. This is only supported for the EVENT integration type
          limits   1 to 100 characters
          pattern  ^[a-zA-Z0-9_ -]+$
      SourceApplicationUrl  string, create-only
          The URL for the external application. This is only supported for the EVENT integration type
          limits   1 to 2000 characters
      SourceType  string, create-only
          The type of the data source. This is only supported for the EVENT integration type
          one of   SALESFORCE, ZENDESK, CASES
      Tags  list of object
          The tags used to organize, track, or control access for this resource.
          limits   0 to 200 elements
          Key  string, required
              The key name of the tag.
              limits   1 to 128 characters
              pattern  ^(?!aws:)[a-zA-Z+-=._:/]+$
          Value  string, required
              The value for the tag.
              limits   0 to 256 characters
      IntegrationAssociationId  string, read-only
          Identifier of the association with Connect Instance
    "#);
}

#[test]
fn known_traps_stand_with_their_evidence() {
    let place = Place::with(&small());
    let text = place.run("schema awscc.iam.roles --width 160").exits(0).out;
    assert_snapshot!(text.split_once("Known traps").unwrap().1, @r#"

    MaxSessionDuration: null sends 3600, because the service does not carry out a removal
    Policies: left to resources of their own if the stack has them: AWS::IAM::RolePolicy
    ManagedPolicyArns: left to resources of their own if the stack has them: AWS::IAM::ManagedPolicy
      evidence  cloud-control 3.8: the service reports SUCCESS for remove and keeps the value; the default is 3600 (trap 58, cdk-real-drift PR296)
      evidence  trap 61: inline policies and attachments are resources of their own (cdk-real-drift PR572, formae-aws)
    "#);
}

#[test]
fn a_type_that_cannot_be_managed_names_its_siblings() {
    let place = Place::with(&small());
    let text = place.run("schema AWS::IAM::Policy").exits(0).out;
    assert!(text.contains("not managed: Cloud Control needs create, read and delete handlers"), "{text}");
    assert!(text.contains("AWS::IAM::RolePolicy"), "{text}");
}

#[test]
fn one_place_is_shown_by_itself() {
    let place = Place::with(&small());
    let paths =
        ["/LifecycleConfiguration/Rules/*/Transitions", "lifecycle_configuration.Rules[0].Transitions"];
    for path in paths {
        let ran = place.run(&format!("schema AWS::S3::Bucket {path}")).exits(0);
        assert!(ran.out.contains("Transitions  list of object"), "{ran}");
        assert!(ran.out.contains("StorageClass  string, required"), "{ran}");
    }
    assert_snapshot!(place.run("schema awscc.customerprofiles.integrations /Tags"), @r#"
    exit 0
    -- stdout
    Tags                                                              AWS::CustomerProfiles::Integration
    Tags  list of object
        The tags (keys and values) associated with the integration
        limits   0 to 50 elements
        Key  string, required
            limits   1 to 128 characters
            pattern  ^(?!aws:)[a-zA-Z+-=._:/]+$
        Value  string, required
            limits   0 to 256 characters
    -- stderr
    -- end
    "#);
}

#[test]
fn unknown_types_and_places_have_near_names() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("schema awscc.s3.bukets"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD1031]: there is no resource type `awscc.s3.bukets`
     = next  did you mean `awscc.s3.buckets`?
    -- end
    "#);
    assert_snapshot!(place.run("schema AWS::S3::Bucket /LifecycleConfiguration/Ruels"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD1032]: AWS::S3::Bucket has no property LifecycleConfiguration.Ruels
     = next  did you mean `Rules`?
    -- end
    "#);
    let _ = place.run("schema").exits(64);
}

#[test]
fn no_line_is_wider_than_asked_but_words_that_cannot_break() {
    let place = Place::with(&small());
    for width in [60, 100, 160] {
        let ran =
            place.run(&format!("schema awscc.customerprofiles.domains --width {width} --ascii")).exits(0);
        assert!(ran.out.is_ascii(), "{ran}");
        let wide = ran.out.lines().filter(|line| line.len() > width);
        for line in wide {
            let is_one_word = line.trim_start().split_once("  ").is_none_or(|(_, rest)| !rest.contains(' '));
            assert!(is_one_word, "{width}: {line}");
        }
    }
}

#[test]
fn the_json_of_a_type_is_versioned() {
    let place = Place::with(&small());
    let json = parsed(&place.run("schema awscc.customerprofiles.domains --json").exits(0).out);
    assert_eq!(json["format"], "stack-deploy/type");
    assert_eq!(json["format_version"], "1.0");
    assert_eq!(json["type"], "AWS::CustomerProfiles::Domain");
    assert_eq!(json["identifier"]["class"], "settable");
    let name = &json["properties"][0];
    assert_eq!((&name["name"], &name["marks"]), (&json!("DefaultExpirationDays"), &Json::Null));
    let part = parsed(&place.run("schema awscc.customerprofiles.domains Tags --json").exits(0).out);
    assert_eq!(part["property"]["path"], "/Tags");
}

#[test]
fn every_plan_is_as_its_schema_says() {
    let place = Place::with(&small());
    let schema = parsed(&place.run("schema plan").exits(0).out);
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let check = |line: &str| {
        let plan = parsed(&place.run(line).out);
        let wrong: Vec<String> = validator
            .iter_errors(&plan)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{line}: {wrong:?}");
        plan
    };
    check("plan --sandbox --json app prod");
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    check("plan --sandbox --json app prod");
    place.manifest(
        &small()
            .replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 30")
            .replace("Uri: s3://acme-events", "Uri: s3://acme-others"),
    );
    check("plan --sandbox --json --resend events app prod");
    check("drift --sandbox --json app prod");
    check("plan --sandbox --json --destroy app prod");
    let mut plan = check("plan --sandbox --json --target domain app prod");
    plan["format"] = json!("another");
    assert!(!validator.is_valid(&plan));
}

#[test]
fn every_stack_of_the_repository_is_as_the_schema_of_manifests_says() {
    let place = Place::with(&small());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut checked = 0;
    for folder in ["examples", "manifests"] {
        for stack in std::fs::read_dir(root.join(folder)).unwrap() {
            let stack = stack.unwrap().path();
            let Ok(text) = std::fs::read_to_string(stack.join("stackql_manifest.yml")) else { continue };
            let output = place.command("schema manifest").arg(&stack).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let schema: Json = serde_json::from_slice(&output.stdout).unwrap();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let manifest: Json = serde_yaml::from_str(&text).unwrap();
            let wrong: Vec<String> = validator
                .iter_errors(&manifest)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", stack.display());
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked}");
}

#[test]
fn a_manifests_schema_finds_a_wrong_property_and_lets_templates_be() {
    let place = Place::with(&small());
    let schema = parsed(&place.run("schema manifest app").exits(0).out);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |text: &str| validator.is_valid(&serde_yaml::from_str(text).unwrap());
    assert!(valid(&small()));
    assert!(valid(&small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: \"{{ days }}\"")));
    assert!(!valid(&small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: soon")));
    assert!(!valid(&small().replace("DefaultExpirationDays", "DefaultExpiration")));
    let _ = place.run("schema manifest --types used").exits(64);
    assert!(place.run("schema manifest --types none").exits(0).out.len() < 20_000);
}

/// A schema as `schema refresh` keeps it, of the published one with one property more.
fn cached(place: &Place, property: &str) {
    let ty = stack_core::ids::TypeName::new("AWS::CustomerProfiles::Domain");
    let mut schema = stack_catalog::Catalog::embedded().published(&ty).unwrap();
    schema["properties"][property] = json!({ "type": "string" });
    let entry = json!({
        "format": "stack-deploy/type-schema", "format_version": "1.0", "type": ty, "region": "us-east-1",
        "fetched_at": "2031-02-03T04:05:06Z", "schema": schema
    });
    std::fs::create_dir_all(place.path("cache/us-east-1")).unwrap();
    place.write("cache/us-east-1/AWS-CustomerProfiles-Domain.json", &entry.to_string());
}

#[test]
fn a_cached_schema_stands_before_the_bundled_one_and_the_plan_says_so() {
    let mut place = Place::with(
        &small().replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 366\n      Newest: a"),
    );
    let _ = place.run("validate app prod").exits(1);
    cached(&place, "Newest");
    place.set("STACK_DEPLOY_SCHEMAS", "cache");
    let _ = place.run("validate app prod").exits(0);
    let ran = place.run("plan --sandbox app prod").exits(0);
    assert!(ran.out.contains("cached schema AWS::CustomerProfiles::Domain us-east-1 2031-02-03"), "{ran}");
    assert!(ran.out.contains("+ Newest"), "{ran}");
    let told = place.run("schema awscc.customerprofiles.domains").exits(0).out;
    assert!(told.contains("the registry of us-east-1, 2031-02-03"), "{told}");
    place.write("cache/us-east-1/AWS-CustomerProfiles-Domain.json", "{");
    let broken = place.run("plan --sandbox app prod");
    assert!(broken.err.contains("[SD1035]") && broken.err.contains("[SD1301]"), "{broken}");
}

#[test]
fn a_registry_that_cannot_be_asked_leaves_no_file() {
    let mut place = Place::with(&small());
    place.set("STACK_DEPLOY_SCHEMAS", "cache");
    let served = Served::start(&mut place);
    let ran = place.run("schema refresh Acme::Own::Thing").exits(1);
    assert!(ran.err.contains("[SD1034]") && ran.err.contains("was not refreshed"), "{ran}");
    assert!(!place.path("cache").exists());
    drop(served);
}

#[test]
fn offline_commands_ask_nobody() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    for line in ["schema awscc.s3.buckets", "schema plan", "schema manifest app", "explain SD1203"] {
        let _ = place.run(line).exits(0);
    }
    assert!(served.calls().is_empty());
}

/// A stack with one resource of a private type, and one of a type that its region does not have.
const STRANGE: &str = r#"name: strange
providers: [awscc]
resources:
  - name: thing
    type: Acme::Own::Thing
    region: us-east-1
    props: { Name: one, Colour: blue }
  - name: domain
    type: awscc.customerprofiles.domains
    region: us-east-1
    props: { DomainName: strange, DefaultExpirationDays: 30, Newest: a }
  - name: flow
    type: awscc.connect.integration_associations
    region: eu-west-1
    props:
      InstanceId: arn:aws:connect:eu-west-1:123456789012:instance/00000000-0000-4000-8000-000000000000
      IntegrationType: LAMBDA_FUNCTION
      IntegrationArn: arn:aws:lambda:eu-west-1:123456789012:function:f
"#;

#[test]
fn what_the_registry_of_the_sandbox_gives_is_planned_built_and_told() {
    let published =
        |ty: &str| stack_catalog::Catalog::embedded().published(&stack_core::ids::TypeName::new(ty)).unwrap();
    let mut newer = published("AWS::CustomerProfiles::Domain");
    newer["properties"]["Newest"] = json!({ "type": "string" });
    let handler = || json!({ "permissions": ["acme:Thing"] });
    let thing = json!({
        "typeName": "Acme::Own::Thing", "description": "A thing of ours.", "additionalProperties": false,
        "properties": { "Name": { "type": "string" }, "Colour": { "type": "string" } },
        "required": ["Name"], "createOnlyProperties": ["/properties/Name"],
        "primaryIdentifier": ["/properties/Name"], "tagging": { "taggable": false },
        "handlers": { "create": handler(), "read": handler(), "update": handler(), "delete": handler(), "list": handler() }
    });
    let elsewhere = published("AWS::Connect::IntegrationAssociation");
    let config = json!({
        "references": "unchecked",
        "timing": { "pending_ms": 0, "create_ms": 0, "update_ms": 0, "delete_ms": 0, "retry_after_ms": 0 },
        "types": [
            { "schema": thing },
            { "schema": newer },
            { "schema": elsewhere, "regions": ["eu-west-1"] }
        ]
    });
    let mut place = Place::with(STRANGE);
    place.set("STACK_DEPLOY_SCHEMAS", "cache");
    let served = Served::behaving(&mut place, &config.to_string());
    // Offline nobody knows the one, its newest property, nor the other in that region.
    let ran = place.run("validate app prod").exits(1);
    for (code, name) in [("[SD1117]", "Acme::Own::Thing"), ("[SD1301]", "Newest")] {
        assert!(ran.err.contains(code) && ran.err.contains(name), "{ran}");
    }
    let _ = place.run("schema Acme::Own::Thing").exits(64);
    let ran = place.run("schema refresh Acme::Own::Thing AWS::CustomerProfiles::Domain").exits(0);
    assert_snapshot!(ran, @r#"
    exit 0
    -- stdout
    Acme::Own::Thing  private
    AWS::CustomerProfiles::Domain  private
    -- stderr
    2 schemas of us-east-1 in [ROOT]/work/cache/us-east-1
    -- end
    "#);
    let calls = served.calls();
    assert_eq!(calls.iter().filter(|call| *call == "DescribeType").count(), 2, "{calls:?}");
    let ran = place.run("validate app prod").exits(1);
    assert!(
        ran.err.contains("not available in eu-west-1")
            && !ran.err.contains("Acme")
            && !ran.err.contains("Newest"),
        "{ran}"
    );
    let _ = place.run("schema refresh --region eu-west-1 AWS::Connect::IntegrationAssociation").exits(0);
    let _ = place.run("validate app prod").exits(0);
    assert!(place.run("schema Acme::Own::Thing").exits(0).out.contains("A thing of ours."));
    let told = place.run("info app prod").exits(0);
    assert!(told.out.contains("3 cached"), "{told}");
    let ran = place.run("build --yes app prod").exits(0);
    assert!(ran.out.contains("3 cached schemas"), "{ran}");
    assert_eq!(served.held(), 3);
    let ran = place.run("plan app prod").exits(0);
    assert!(ran.out.contains("no changes"), "{ran}");
    // What fails changes nothing, and no failure is kept.
    let fault = r#"{"when": {"operation": "DescribeType"}, "what": {"kind": "error", "code": "CFNRegistryException", "message": "The schema could not be read", "status": 400}}"#;
    let _ = served.ask("POST", "fault", fault);
    let ran = place.run("schema refresh Acme::Own::Thing AWS::S3::Bucket").exits(1);
    assert!(ran.err.contains("[SD1034]"), "{ran}");
    assert!(!place.path("cache/us-east-1/AWS-S3-Bucket.json").exists());
    let _ = served.ask("POST", "clear-faults", "");
    let _ = place.run("plan app prod").exits(0);
    let _ = place.run("teardown --yes app prod").exits(0);
    assert_eq!(served.held(), 0);
    // All private types of the account, without a name.
    let ran = place.run("schema refresh").exits(0);
    assert!(ran.out.contains("Acme::Own::Thing  private"), "{ran}");
}
