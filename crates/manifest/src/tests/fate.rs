//! `state` and `formerly` (DESIGN section 4).

use super::{good, good_with, problems, props, try_render, wanted};
use stack_core::desired::Outputs;

fn queues(a: &str, b: &str) -> String {
    format!(
        "name: s\nresources:\n  - name: a\n    type: awscc.sqs.queues\n    region: us-east-1\n    props: {{ QueueName: a }}\n{a}  - name: b\n    type: awscc.sqs.queues\n    region: us-east-1\n{b}"
    )
}

const B: &str = "    props: { QueueName: b }\n";

#[test]
fn a_state_is_present_or_absent_by_environment() {
    let state = |text: &str| {
        let stack = good(&queues(&format!("    state: {text}\n"), B));
        wanted(&stack, "a", &Outputs::new()).absent
    };
    assert!(state("absent") && !state("present"));
    assert!(state("\"{{ 'absent' if stack_env == 'prod' else 'present' }}\""));
    assert!(!wanted(&good(&queues("", B)), "a", &Outputs::new()).absent);
}

#[test]
fn what_is_absent_need_only_be_found() {
    let manifest = "name: s\nresources:\n  - name: i\n    type: awscc.ssm.parameters\n    region: us-east-1\n    state: absent\n    props: { Name: n }\n";
    assert_eq!(props(&wanted(&good(manifest), "i", &Outputs::new())), r#"{"Name":"n"}"#);
    let said = problems(&manifest.replace("state: absent", "state: present"));
    assert!(said.contains("SD1311"), "{said}");
    // A name is still needed, and what is there must still be right.
    assert!(problems(&manifest.replace("Name: n", "Description: d")).contains("SD1321"));
    assert!(problems(&manifest.replace("Name: n", "Name: n, Nam: n")).contains("SD1301"));
}

#[test]
fn nothing_that_stays_refers_to_what_goes() {
    let reference = "    props: { QueueName: \"x-{{ a.QueueName }}\" }\n";
    let absent = "    state: absent\n";
    let exports = format!("{B}exports:\n  - url: \"{{{{ a.QueueUrl }}}}\"\n");
    let both = format!("{absent}{reference}");
    let all = [queues(absent, reference), queues(absent, &exports)];
    let all: Vec<String> = all.iter().map(|manifest| problems(manifest)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    error[SD1125] b refers to a, which is to be absent
      11:31 «a.QueueName» this value will be gone
      7:12 «absent» a is absent here
      = needed by  b (awscc.sqs.queues), env prod
      = next  take the reference out, or give this resource `state: absent` too

    error[SD1125] the export `url` refers to a, which is to be absent
      13:10 «"{{ a.QueueUrl }}"» 
      7:12 «absent» it is absent here
      = next  take the export out
    "#);
    for fine in [both, format!("    if: 'false'\n{reference}"), format!("    depends_on: [a]\n{B}")] {
        good(&queues(absent, &fine));
    }
    // Unwanted because of its `if`, it is not looked at any further.
    assert!(
        try_render(&good(&queues(absent, &format!("    if: 'false'\n{reference}"))), "b", &Outputs::new())
            .is_ok()
    );
}

#[test]
fn former_names_are_names_or_addresses() {
    let of = |text: &str| {
        let stack = good_with(&queues(&format!("    formerly: {text}\n"), B), &[]);
        let formerly = wanted(&stack, "a", &Outputs::new()).formerly;
        formerly.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of("[old, \"older['x']\"]"), ["old", "older[\"x\"]"]);
    assert_eq!(of("old"), ["old"]);
    assert_eq!(of("[\"{{ stack_env }}-old\"]"), ["prod-old"]);
}

#[test]
fn instances_have_former_names_of_their_own() {
    let manifest = queues("    for_each: [x, y]\n    formerly: [\"old_{{ each.key }}\"]\n", B)
        .replace("QueueName: a", "QueueName: '{{ each.key }}'");
    let stack = good(&manifest);
    assert_eq!(wanted(&stack, "a[\"y\"]", &Outputs::new()).formerly, ["old_y".into()]);
    // The resource without `for_each` becomes one of its instances.
    let manifest = manifest.replace("[\"old_{{ each.key }}\"]", "\"{{ ['a'] if each.key == 'x' else [] }}\"");
    let stack = good(&manifest);
    assert_eq!(wanted(&stack, "a[\"x\"]", &Outputs::new()).formerly, ["a".into()]);
    assert!(wanted(&stack, "a[\"y\"]", &Outputs::new()).formerly.is_empty());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        queues("    state: abcent\n", B),
        queues("    state: \"{{ b.QueueUrl }}\"\n", B),
        queues("    state: [absent]\n", B),
        queues("    formerly: [b, a, 3, '', {}]\n", B),
        queues("    formerly: [old, old]\n", &format!("{B}    formerly: [older, old]\n")),
        queues("    for_each: [x, y]\n    formerly: [old]\n", B)
            .replace("QueueName: a", "QueueName: '{{ each.key }}'"),
        queues("    formerly: [\"{{ b.QueueUrl }}\"]\n", B),
    ];
    let all: Vec<String> = cases.iter().map(|manifest| problems(manifest)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    error[SD1109] the `state` of a is `present` or `absent`
      7:12 «abcent» did you mean `absent`?
      = needed by  a (awscc.sqs.queues), env prod

    error[SD1209] the `state` of a must be known before anything is made
      7:12 «"{{ b.QueueUrl }}"» this waits for b.QueueUrl
      = needed by  a (awscc.sqs.queues), env prod
      = next  use a value that is known beforehand: a global, a variable, the environment

    error[SD1109] the `state` of a is `present` or `absent`
      7:12 «[absent]» 
      = needed by  a (awscc.sqs.queues), env prod

    error[SD1124] the `formerly` of a names b, which is still a resource of this stack
      7:16 «b» 
      8:11 «b» it is declared here
      = needed by  a (awscc.sqs.queues), env prod
      = next  `formerly` is for names that are gone from the manifest; take it out
    error[SD1124] the `formerly` of a names a itself
      7:19 «a» 
      = needed by  a (awscc.sqs.queues), env prod
      = next  `formerly` is for names that are gone from the manifest; take it out
    error[SD1124] the `formerly` of a lists names of resources
      7:22 «3» this is no name
      = needed by  a (awscc.sqs.queues), env prod
      = next  write names or addresses: [old_name, 'flow["a"]']
    error[SD1124] the `formerly` of a lists names of resources
      7:25 «''» this is no name
      = needed by  a (awscc.sqs.queues), env prod
      = next  write names or addresses: [old_name, 'flow["a"]']
    error[SD1124] the `formerly` of a lists names of resources
      7:29 «{}» this is no name
      = needed by  a (awscc.sqs.queues), env prod
      = next  write names or addresses: [old_name, 'flow["a"]']

    error[SD1124] the `formerly` of a names old twice
      7:21 «old» again here
      7:16 «old» first here
      = needed by  a (awscc.sqs.queues), env prod
      = next  one resource cannot become two: keep the name at one of them
    error[SD1124] a and b were both formerly old
      12:23 «old» again here
      7:16 «old» first here
      = needed by  b (awscc.sqs.queues), env prod
      = next  one resource cannot become two: keep the name at one of them

    error[SD1124] a["x"] and a["y"] were both formerly old
      8:16 «old» again here
      = needed by  a["y"] (awscc.sqs.queues), env prod
      = next  one resource cannot become two: keep the name at one of them

    error[SD1209] the `formerly` of a must be known before anything is made
      7:15 «["{{ b.QueueUrl }}"]» this waits for b.QueueUrl
      = needed by  a (awscc.sqs.queues), env prod
      = next  use a value that is known beforehand: a global, a variable, the environment
    "#);
}
