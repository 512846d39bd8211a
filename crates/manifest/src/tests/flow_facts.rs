//! Flows: what a resource whose own statements rule gives to the planner and to other resources (stackql-compat 1.3 to
//! 1.9).

use super::scripts::{RESOURCES, VPC, flow_of, flow_with, output, stack_of, stack_with, text};
use super::{flows, json, show};
use indexmap::IndexMap;
use stack_core::desired::{Outputs, Rendered, Resolver};
use stack_core::flow::{AnchorKind, Captured, FlowKind};
use stack_core::statement::{Origin, Property, Request, Understand, Understood};
use stack_core::value::Value;
use std::sync::Arc;

/// Takes the INSERT to declare one property, or says that it is wrong.
#[derive(Debug)]
struct Stub(bool);

impl Understand for Stub {
    fn understand(&self, _: &Request<'_>) -> Understood {
        let at = (0, 0..6);
        let property = |name: &str, value: Value, given_by| Property {
            name: name.to_owned(),
            value,
            origin: Origin::Statement { name: at.clone(), value: at.clone() },
            given_by,
        };
        let mut out = Understood { has_delete: true, ..Understood::default() };
        out.properties = vec![
            property("CidrBlock", Value::text("10.0.0.0/16"), None),
            property("InstanceTenancy", Value::text("default"), Some(stack_core::desired::GivenBy::Props)),
        ];
        out.region = Some((Value::text("us-west-2"), at.clone()));
        if self.0 {
            out.problems.push(stack_core::statement::Said {
                code: crate::codes::BAD_VALUE,
                severity: stack_core::diagnostic::Severity::Error,
                message: "it is wrong".to_owned(),
                at: Some(at),
                label: String::new(),
                next: String::new(),
            });
        }
        out
    }
}

#[test]
fn a_flow_says_all_that_the_manifest_says() {
    let stack = stack_of(RESOURCES, &[("vpc.iql", VPC)]);
    let flow = flow_of(&stack, "my_vpc");
    assert_eq!((flow.kind, flow.absent, flow.skip_validation), (FlowKind::Resource, false, false));
    assert_eq!((flow.declared_type.as_str(), flow.ty.as_str()), ("awscc.ec2.vpcs", "AWS::EC2::VPC"));
    assert_eq!(flow.target.region.as_ref().map(AsRef::as_ref), Some("us-east-1"));
    assert_eq!(flow.target.provider.as_str(), "aws");
    let exports: Vec<(&str, &str)> =
        flow.exports.iter().map(|e| (e.column.as_str(), e.variable.as_str())).collect();
    assert_eq!(exports, [("vpc_id", "vpc_id"), ("cidr", "vpc_cidr")]);
    assert_eq!(flow.schema.root.properties.keys().collect::<Vec<_>>(), ["vpc_id", "cidr"]);
    assert!(flow.schema.primary_identifier.is_empty() && flow.of.is_none());
    assert_eq!(flow.returns.create[0].variable, "vpc_id");
    assert!(flow.has_check() && !flow.always_runs() && !flow.literal_patch);
    let create = flow.script.anchor(AnchorKind::Create).unwrap();
    assert_eq!((create.retries, create.retry_delay), (Some(2), Some(5)));
    let callback = flow.script.anchor(AnchorKind::Callback(Some(stack_core::provider::Verb::Create)));
    assert_eq!(callback.unwrap().short_circuit_field.as_deref(), Some("ProgressEvent.OperationStatus"));
    assert!(flow.script.anchor(AnchorKind::Callback(None)).is_none());
    assert_eq!(flow.script.file(), Some("resources/vpc.iql"));
}

#[test]
fn others_see_what_a_flow_exports() {
    let resources = format!(
        "{RESOURCES}    protected: [vpc_cidr]\n  - {{ name: sub, file: sub.iql, props: [{{ name: v, value: \"{{{{ my_vpc.vpc_id }}}}\" }}] }}\n"
    );
    let sub = "/*+ createorupdate */\n{{ v }} {{ vpc_id }} {{ my_vpc.vpc_id }}\n/*+ statecheck */\n{{ vpc_cidr }}\n/*+ exports */\n{{ my_vpc.cidr }} {{ my_vpc.vpc_cidr }}\n";
    let stack = stack_of(&resources, &[("vpc.iql", VPC), ("sub.iql", sub)]);
    let waiting = flow_of(&stack, "sub");
    let nothing = Captured::default();
    assert_eq!(text(&waiting, AnchorKind::CreateOrUpdate, &nothing), "waits for my_vpc.vpc_id");
    assert_eq!(text(&waiting, AnchorKind::StateCheck, &nothing), "waits for my_vpc.cidr");
    let vpc = output(&flow_of(&stack, "my_vpc"), &[("vpc_id", "vpc-1"), ("cidr", "10.0.0.0/16")]);
    let known = flow_with(&stack, "sub", &Outputs::from([("my_vpc".into(), vpc)]));
    assert_eq!(text(&known, AnchorKind::CreateOrUpdate, &nothing), "vpc-1 vpc-1 vpc-1");
    assert_eq!(text(&known, AnchorKind::StateCheck, &nothing), "\"<secret>\"");
    assert_eq!(text(&known, AnchorKind::Exports, &nothing), "\"<secret>\"");
}

#[test]
fn exports_that_swap_their_names_are_told_apart() {
    let resources = "  - { name: q, type: query, sql: x, exports: [{ a: b }, { b: a }, c] }\n  - { name: use, type: command, sql: \"{{ a }}{{ b }}{{ q.a }}{{ q.b }}{{ q.c }}\" }\n";
    let stack = stack_of(resources, &[]);
    let row = output(&flow_of(&stack, "q"), &[("a", "A"), ("b", "B"), ("c", "C")]);
    let flow = flow_with(&stack, "use", &Outputs::from([("q".into(), row)]));
    assert_eq!(text(&flow, AnchorKind::Command, &Captured::default()), "BABAC");
}

#[test]
fn an_export_that_there_is_not_is_found_before_anything_runs() {
    let resources = format!(
        "{RESOURCES}  - {{ name: sub, file: sub.iql }}\n  - {{ name: c, type: command, sql: \"{{{{ my_vpc.arn }}}}\" }}\n  - {{ name: d, type: command, sql: \"{{{{ c.x }}}}\", if: \"{{{{ my_vpc.vpcid }}}}\" }}\n"
    );
    let sub = "/*+ createorupdate */\nINSERT\n  '{{ my_vpc.vpcs_id }}' '{{ my_vpc.idempotency_token }}'\n";
    let resources = format!(
        "{resources}  - {{ name: e, type: query, for_each: [x, y], sql: x, exports: [one] }}\n  - {{ name: f, type: command, sql: \"{{{{ e['x'].one }}}}{{{{ e['x'].two }}}}{{{{ e.y.idempotency_token }}}}{{{{ e | length }}}}\", exports: [z] }}\n  - {{ name: g, type: script, run: \"{{{{ z }}}}{{{{ f.z }}}}\" }}\n"
    );
    let parsed = flows::parse(&resources, &[("vpc.iql", VPC), ("sub.iql", sub)]);
    insta::assert_snapshot!(show(&parsed.stack.unwrap().validate(), &parsed.source_map), @r#"
    error[SD1204] my_vpc does not export `vpcs_id`
      3:7 «my_vpc.vpcs_id» did you mean `vpc_id`?
      = needed by  sub (resource), env prod
    error[SD1204] my_vpc does not export `arn`
      15:40 «my_vpc.arn» 
      = needed by  c (command), env prod
    error[SD1204] c does not export `x`
      16:40 «c.x» it exports nothing
      = needed by  d (command), env prod
    error[SD1204] e["x"] does not export `two`
      18:56 «e['x'].two» 
      = needed by  f (command), env prod
    error[SD1203] `z` is not defined
      19:39 «z» did you mean `c` (a resource, stackql_manifest.yml:15)?
      = needed by  g (script), env prod
      = next  fix the name, or add it to globals: - { name: z, value: … }
    "#);
}

#[test]
fn a_stack_exports_what_its_flows_export() {
    let resources = format!("{RESOURCES}exports: [vpc_cidr, my_vpc.vpc_id]\n");
    let parsed = flows::parse(&resources, &[("vpc.iql", VPC)]);
    let stack = parsed.stack.unwrap();
    let shown = |outputs: &Outputs| {
        let values = stack.evaluate_exports(outputs).unwrap();
        values.iter().map(|(name, value)| format!("{name}={}", json(value))).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&Outputs::new()), r#"vpc_cidr="<my_vpc.cidr>" my_vpc.vpc_id="<my_vpc.vpc_id>""#);
    let row = output(&flow_of(&stack, "my_vpc"), &[("vpc_id", "vpc-1"), ("cidr", "c")]);
    assert_eq!(shown(&Outputs::from([("my_vpc".into(), row)])), r#"vpc_cidr="c" my_vpc.vpc_id="vpc-1""#);
}

#[test]
fn what_is_wrong_with_the_rest_of_a_flow_is_an_error() {
    let resources = "  - { name: a, region: nowhere, lifecycle: { prevent_destroy: 3, ignore_changes: [Nope] }, props: [{ name: x, value: \"{{ y }}\" }], if: maybe }
  - { name: b, file: a.iql, region: nowhere, lifecycle: { prevent_destroy: 3, ignore_changes: [Nope] } }
  - { name: c, file: a.iql, props: [{ name: x, value: \"{{ y }}\" }] }
  - { name: d, file: a.iql, identifier: 'a|b', region: ap-south-2 }
";
    let file = "/*+ exists */\nSELECT 1\n/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock) SELECT 1\n";
    let parsed = flows::parse(resources, &[("a.iql", file)]);
    insta::assert_snapshot!(show(&parsed.stack.unwrap().validate(), &parsed.source_map), @r#"
    error[SD1207] the `if` of a is neither true nor false
      5:136 «maybe» this is neither true nor false
      = needed by  a (resource), env prod
      = next  write true, false, or a comparison: "'{{ stack_env }}' == 'prod'"
    error[SD1109] `nowhere` is no region
      6:37 «nowhere» 
      = needed by  b (resource), env prod
    error[SD1109] `lifecycle.prevent_destroy` is true or false
      6:76 «3» 
      = needed by  b (resource), env prod
    error[SD1204] AWS::EC2::VPC has no property `Nope`
      6:96 «Nope» 
      = needed by  b (resource), env prod
    error[SD1203] `y` is not defined
      7:59 «y» did you mean `a` (a resource, stackql_manifest.yml:5)?
      = needed by  c (resource), env prod
      = next  fix the name, or add it to globals: - { name: y, value: … }
    error[SD1117] AWS::EC2::VPC is not available in ap-south-2
      8:13 «d» 
      = needed by  d (resource), env prod
      = next  choose another region; if the service has come there since, refresh the schemas
    "#);
}

#[test]
fn what_statements_declare_goes_along_where_it_is_understood() {
    let resources = "  - { name: a, state: absent, lifecycle: { prevent_destroy: true } }\n";
    let file = "/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock) SELECT 1\n/*+ statecheck */\nSELECT 1\n/*+ update */\nUPDATE {{ this.vpc_id }} {{ a.vpc_id }}\n";
    let stack = stack_with(resources, "", &[("a.iql", file)], Some(Arc::new(Stub(false))));
    let flow = flow_of(&stack, "a");
    let of = flow.of.as_ref().unwrap();
    assert!(flow.absent && flow.lifecycle.prevent_destroy && of.as_written);
    assert_eq!(of.declared_type, "awscc.ec2.vpcs");
    // The region of the statements counts for the flow too.
    assert_eq!(flow.target.region.as_ref().map(AsRef::as_ref), Some("us-west-2"));
    assert_eq!(of.target, flow.target);
    // What is not understood is no problem: checks rule.
    let stack = stack_with(resources, "", &[("a.iql", file)], Some(Arc::new(Stub(true))));
    let flow = flow_of(&stack, "a");
    assert!(flow.of.is_none() && flow.absent);
    // Names that its own checks may give are open.
    let file = file.replace("a.vpc_id", "this.anything");
    let stack = stack_with(resources, "", &[("a.iql", &file)], Some(Arc::new(Stub(false))));
    assert!(flow_of(&stack, "a").of.is_some());
}

#[test]
fn without_a_check_the_statements_must_be_understood() {
    let file =
        "/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock) SELECT 1\n/*+ troubleshoot */\nSELECT 1\n";
    let stack = stack_with("  - { name: a }\n", "", &[("a.iql", file)], Some(Arc::new(Stub(false))));
    let flow = flow_of(&stack, "a");
    assert!(flow.of.is_some() && !flow.has_check());
    let parsed = flows::parse("  - { name: a }\n", &[("a.iql", file)]);
    let stack = parsed.stack.unwrap();
    assert_eq!(stack.cannot_run().len(), 1);
    assert!(stack.render(&"a".into(), &Outputs::new()).is_err());
}

#[test]
fn settings_say_how_statements_are_sent() {
    let file = "/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock) SELECT 1\n";
    let checked = format!("{file}/*+ exists */\nSELECT 1\n");
    let files = [("a.iql", file), ("b.iql", checked.as_str())];
    let of = |settings: &str| {
        let stack =
            stack_with("  - { name: a }\n  - { name: b }\n", settings, &files, Some(Arc::new(Stub(false))));
        let Ok(Rendered::Wanted(wanted)) = stack.render(&"a".into(), &Outputs::new()) else { panic!() };
        (super::props(&wanted), flow_of(&stack, "b").literal_patch)
    };
    let (props, literal) = of("");
    assert!(props.contains("InstanceTenancy") && !literal, "{props}");
    let (props, literal) = of("settings: { literal_sql: true, patch: { prod: literal } }\n");
    assert!(props.contains("CidrBlock") && !props.contains("InstanceTenancy") && literal, "{props}");
}

/// Takes the INSERT to give one part of the identifier, and the predicate the other.
#[derive(Debug)]
struct Parts;

impl Understand for Parts {
    fn understand(&self, _: &Request<'_>) -> Understood {
        let at = (0, 0..6);
        let property = |name: &str, value: &str, given_by| Property {
            name: name.to_owned(),
            value: Value::text(value),
            origin: Origin::Statement { name: at.clone(), value: at.clone() },
            given_by,
        };
        let properties = vec![
            property("DomainName", "d", None),
            property("Uri", "s3://a", Some(stack_core::desired::GivenBy::Props)),
        ];
        Understood { properties, ..Understood::default() }
    }
}

#[test]
fn an_identifier_is_known_although_a_part_of_it_is_not_sent() {
    let file = "/*+ create */\nINSERT INTO awscc.customerprofiles.integrations (DomainName) SELECT 'd'\n";
    let of = |settings: &str| {
        let stack = stack_with("  - { name: a }\n", settings, &[("a.iql", file)], Some(Arc::new(Parts)));
        let Ok(Rendered::Wanted(wanted)) = stack.render(&"a".into(), &Outputs::new()) else { panic!() };
        (super::props(&wanted), wanted.identifier)
    };
    let sent = r#"{"DomainName":"d"}"#.to_owned();
    assert_eq!(of("settings: { literal_sql: true }\n"), (sent, Some(Value::text("d|s3://a"))));
    assert!(of("").0.contains("Uri"));
}

/// What is said of a stack with this text between its name and its globals.
fn said(settings: &str, resources: &str, files: &[(&str, &str)]) -> String {
    let files: IndexMap<String, String> =
        files.iter().map(|(path, text)| (format!("resources/{path}"), (*text).to_owned())).collect();
    let sources = crate::Sources {
        manifest: format!("name: s\n{settings}resources:\n{resources}"),
        files: Arc::new(files),
        env: "prod".to_owned(),
        ..crate::Sources::default()
    };
    let options = crate::Options { statements: Some(Arc::new(Stub(false))), ..crate::Options::default() };
    let parsed = crate::Stack::parse(sources, Arc::new(super::Fixture), options);
    let mut all = parsed.diagnostics;
    all.extend(parsed.stack.unwrap().validate());
    show(&all, &parsed.source_map)
}

const MADE: &str = "/*+ create */\nINSERT INTO awscc.ec2.vpcs (CidrBlock) SELECT 1\n";

#[test]
fn a_former_name_that_nobody_looks_for_is_told() {
    let file = format!("{MADE}/*+ exists */\nSELECT 1 AS count\n");
    insta::assert_snapshot!(said("", "  - { name: a, formerly: [old] }\n", &[("a.iql", &file)]), @"
    warning[SD1127] `formerly` of a has no effect: its own statements find it
      3:26 «[old]» 
      = needed by  a (resource), env prod
      = next  take it out if they find it by values that keep; if they use `resource_name`, let them look for the former name too
    ");
    // Understood, and without a check of its own: it is found as any resource.
    assert_eq!(said("", "  - { name: a, formerly: [old] }\n", &[("a.iql", MADE)]), "");
}

#[test]
fn a_literal_patch_that_nothing_sends_is_told() {
    let checked = format!("{MADE}/*+ exists */\nSELECT 1 AS count\n");
    let updated = format!(
        "{MADE}/*+ update */\nUPDATE awscc.ec2.vpcs SET PatchDocument = '[]' WHERE Identifier = 'v'\n"
    );
    let files = [("a.iql", MADE), ("b.iql", checked.as_str()), ("c.iql", updated.as_str())];
    let of = |resources: &str| said("settings: { patch: literal }\n", resources, &files);
    let typed = "  - { name: d, type: awscc.customerprofiles.domains, region: us-east-1, props: { DomainName: d, DefaultExpirationDays: 1 } }\n";
    insta::assert_snapshot!([of(typed), of("  - { name: a }\n"), of("  - { name: c }\n  - { name: b }\n")].join("\n"), @"
    warning[SD1127] `settings.patch: literal` has no effect in this stack
      2:20 «literal» 
      = next  take it out: it concerns the UPDATE of query files with checks of their own, and those of commands

    warning[SD1127] `settings.patch: literal` has no effect in this stack
      2:20 «literal» 
      = next  take it out: it concerns the UPDATE of query files with checks of their own, and those of commands

    warning[SD1127] `settings.patch: literal` has no effect on c
      2:20 «literal» 
      = next  their statements are understood, so that only what differs is sent; with a check of their own (`exists`, `statecheck`) they are sent as they are written
    ");
    assert_eq!(of(&format!("{typed}  - {{ name: b }}\n")), "");
    assert_eq!(said("settings: { patch: minimal }\n", typed, &files), "");
}
