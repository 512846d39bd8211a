//! A value made from a secret is a secret, and no message shows it.

use super::{good_with, parse_with, problems_with, props, show, wanted};
use stack_core::desired::Outputs;

const VARIABLES: &[(&str, &str)] = &[("DB_PASSWORD", "hunter2"), ("SALT", "na")];

fn with(template: &str) -> String {
    format!(
        "name: s
globals:
  - {{ name: password, value: \"{{{{ DB_PASSWORD }}}}\", sensitive: true }}
  - {{ name: both, value: {{ a: \"{{{{ password }}}}\", b: open }} }}
  - {{ name: salted, value: \"{{{{ SALT }}}}-{{{{ password }}}}\" }}
resources:
  - {{ name: vpc, type: awscc.ec2.vpcs, props: {{ CidrBlock: 10.0.0.0/16 }} }}
  - name: p
    type: awscc.ssm.parameters
    props:
      Name: n
      Type: String
      Value: {template}
"
    )
}

fn value(template: &str) -> String {
    let stack = good_with(&with(template), VARIABLES);
    let wanted = wanted(&stack, "p", &Outputs::new());
    assert!(!format!("{wanted:?}").contains("hunter2"));
    props(&wanted)
}

#[test]
fn the_secret_travels_through_templates_filters_and_globals() {
    for template in [
        "\"{{ password }}\"",
        "\"x-{{ password }}\"",
        "\"{{ password | upper | base64_encode }}\"",
        "\"{{ both.a }}\"",
        "\"{{ both | tojson }}\"",
        "\"{{ salted }}\"",
        "\"{{ 'a' if password == 'x' else 'b' }}\"",
        "\"{{ ['a', password] | join('-') }}\"",
        "\"{{ 'a'.replace('a', password) }}\"",
    ] {
        assert_eq!(value(template), r#"{"Name":"n","Type":"String","Value":"<secret>"}"#, "{template}");
    }
    assert_eq!(value("\"{{ both.b }}\""), r#"{"Name":"n","Type":"String","Value":"open"}"#);
}

#[test]
fn the_value_itself_is_right() {
    let stack = good_with(&with("\"{{ both | tojson }}\""), VARIABLES);
    let exposed = wanted(&stack, "p", &Outputs::new()).props.exposed().unwrap();
    assert_eq!(exposed["Value"], r#"{"a":"hunter2","b":"open"}"#);
}

#[test]
fn a_secret_mixed_with_an_unknown_is_a_sensitive_unknown() {
    assert_eq!(
        value("\"{{ vpc.VpcId }}{{ password }}\""),
        r#"{"Name":"n","Type":"String","Value":"<vpc.VpcId secret>"}"#
    );
}

#[test]
fn sensitive_props_hide_what_is_made_from_them() {
    let manifest = "name: s
resources:
  - name: p
    type: awscc.ssm.parameters
    props:
      - { name: Type, value: String }
      - { name: Name, value: n }
      - { name: Description, value: topsecret, sensitive: true }
      - { name: Value, value: \"{{ Description }}/x\" }
";
    let stack = good_with(manifest, &[]);
    let shown = props(&wanted(&stack, "p", &Outputs::new()));
    assert_eq!(shown, r#"{"Type":"String","Name":"n","Description":"<secret>","Value":"<secret>"}"#);
}

#[test]
fn protected_exports_are_secret_where_they_are_used() {
    let manifest = "name: s
resources:
  - { name: vpc, type: awscc.ec2.vpcs, props: { CidrBlock: 10.0.0.0/16 }, exports: [vpc_id], protected: [vpc_id] }
  - { name: p, type: awscc.ssm.parameters, props: { Name: n, Type: String, Value: \"{{ vpc_id }}\" } }
";
    let stack = good_with(manifest, &[]);
    assert_eq!(
        props(&wanted(&stack, "p", &Outputs::new())),
        r#"{"Name":"n","Type":"String","Value":"<vpc.VpcId secret>"}"#
    );
    let known = super::outputs(&[("vpc", "AWS::EC2::VPC", serde_json::json!({"VpcId": "vpc-1"}))]);
    assert_eq!(props(&wanted(&stack, "p", &known)), r#"{"Name":"n","Type":"String","Value":"<secret>"}"#);
}

#[test]
fn no_message_shows_a_secret() {
    for template in [
        "\"{{ password | int }}\"",
        "\"{{ password + 1 }}\"",
        "\"{{ password | from_json }}\"",
        "\"{{ password.nope }}\"",
        "\"{{ both.a.nope }}\"",
        "\"{{ {password: 1}[nope] }}\"",
        "\"{{ range(password) }}\"",
        "\"{{ password.nope() }}\"",
    ] {
        let parsed = parse_with(&with(template), VARIABLES);
        let all = parsed.stack.unwrap().validate();
        assert!(!all.is_empty(), "{template} passes");
        let shown = format!("{}{all:?}", show(&all, &parsed.source_map));
        assert!(!shown.contains("hunter2"), "{template}: {shown}");
    }
}

#[test]
fn a_failing_template_with_a_secret_says_that_it_is_sensitive() {
    insta::assert_snapshot!(problems_with(&with("\"{{ password | int }}\""), VARIABLES), @r#"
    error[SD1205] this template failed
      13:29 «int» (sensitive)
      = needed by  p (awscc.ssm.parameters), env prod
    "#);
}

#[test]
fn inputs_hide_variables_that_feed_sensitive_globals() {
    let stack = good_with(&with("x"), VARIABLES);
    let shown: Vec<String> = stack
        .inputs()
        .iter()
        .map(|i| {
            format!(
                "{} {} {}",
                i.name,
                i.from,
                i.value.as_ref().map_or("-".into(), |v| super::json(v).to_string())
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    DB_PASSWORD env "<secret>"
    password globals "<secret>"
    both globals "<secret>"
    SALT env "na"
    salted globals "<secret>"
    "#);
}
