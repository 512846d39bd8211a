//! A planted secret is in no output, no log, no plan, no journal.

use crate::common::{Place, small};

const PLANTED: &str = "hunter2-planted";

#[test]
fn a_planted_secret_is_in_no_output_and_no_file() {
    let manifest = small()
        .replace("globals:\n", "globals:\n  - name: token\n    value: \"{{ TOKEN }}\"\n    sensitive: true\n")
        .replace(
            "        - { Key: owner, Value: data }\n",
            "        - { Key: owner, Value: \"{{ token }}\" }\n",
        )
        .replace("exports: [domain_name]\n", "exports: [domain_name, token]\n");
    // The last line is the stack's list; the resource's own holds no token.
    let manifest =
        manifest.replacen("    exports: [domain_name, token]\n", "    exports: [domain_name]\n", 1);
    let place = Place::with(&manifest);
    let flag = format!("-e TOKEN={PLANTED}");
    let mut said = Vec::new();
    for line in [
        "validate app prod",
        "build --dry-run app prod",
        "plan --sandbox --full --show-unmanaged --out plan.json --markdown plan.md app prod",
        "plan --sandbox --json app prod",
        "build --sandbox --show-queries --log-level trace --output-file out.json app prod",
        "drift --sandbox app prod",
        "outputs --sandbox app prod",
        "test --sandbox --output-file tested.json app prod",
        "test --sandbox --json app prod",
        "explain --sandbox app prod domain",
        "explain --sandbox app prod domain Tags",
        "permissions --sandbox --now app prod",
        "info --sandbox app prod",
    ] {
        let ran = place.run(&format!("{line} {flag}")).exits(0);
        said.push(ran.to_string());
    }
    let changed = place.run("plan --sandbox --json app prod -e TOKEN=hunter2-planted-other").exits(0);
    assert!(changed.out.contains("\"sensitive\""), "{changed}");
    said.push(changed.to_string());
    said.push(place.run(&format!("teardown --sandbox --yes app prod {flag}")).exits(0).to_string());
    for text in said {
        assert!(!text.contains(PLANTED), "{text}");
    }
    let files = place.files();
    assert!(files.iter().any(|(path, _)| path.ends_with("journal.jsonl")));
    for (path, text) in files {
        assert!(!text.contains(PLANTED), "{}", path.display());
    }
}

/// Long enough that it is looked for inside other values, and fit for a name.
const WORD: &str = "pl4nted-b4tch-v4lue";

/// Where a manifest can hold the secret: a name, the resource, and whether it goes as far as a call.
const PLACES: &[(&str, &str, bool)] = &[
    ("property", "    props: {Name: /p, Type: String, Value: \"x {{ pw }} y\"}\n", true),
    ("tag", "    props: {Name: /p, Type: String, Value: v, Tags: {owner: \"{{ pw }}\", plain: x}}\n", true),
    ("identifier part", "    props: {Name: \"/p/{{ pw }}\", Type: String, Value: v}\n", true),
    (
        "role_arn",
        "    role_arn: \"arn:aws:iam::123456789012:role/{{ pw }}\"\n    props: {Name: /p, Type: String, Value: v}\n",
        true,
    ),
    (
        "list element",
        "    type: awscc.s3.buckets\n    props: {BucketName: aaa-bbb-1, Tags: [{Key: \"{{ pw }}\", Value: \"{{ pw }}\"}, {Key: k, Value: \"{{ pw }}\"}]}\n",
        true,
    ),
    ("region", "    region: \"{{ pw }}\"\n    props: {Name: /p, Type: String, Value: v}\n", false),
    (
        "timeout",
        "    lifecycle: {timeout: \"{{ pw }}\"}\n    props: {Name: /p, Type: String, Value: v}\n",
        false,
    ),
];

/// What the service does with it.
const ANSWERS: &[(&str, &str)] = &[
    (
        "refuses",
        r#"{"when":{"operation":"CreateResource"},"what":{"kind":"error","code":"ValidationException","message":"Value 'SECRET' at 'roleArn' failed to satisfy constraint; SHOUTED; ENCODED; {\"v\":\"SECRET\"}"}}"#,
    ),
    (
        "ends FAILED",
        r#"{"when":{"operation":"CreateResource"},"what":{"kind":"fail","code":"InvalidRequest","message":"SECRET is bad, so is ENCODED","identifier":true}}"#,
    ),
    (
        "ends FAILED, with an effect",
        r#"{"when":{"operation":"CreateResource"},"what":{"kind":"fail","code":"GeneralServiceException","message":"SECRET is bad","effect":true,"identifier":true}}"#,
    ),
    (
        "has a hook",
        r#"{"when":{"operation":"CreateResource"},"what":{"kind":"hook","name":"A::B::Hook","message":"SECRET is not allowed","mode":"FAIL"}}"#,
    ),
    (
        "denies reads",
        r#"{"when":{"operation":"GetResource"},"what":{"kind":"error","code":"AccessDeniedException","message":"not authorized on resource SECRET","status":403}}"#,
    ),
    (
        "never says how it ends",
        r#"{"when":{"operation":"GetResourceRequestStatus"},"what":{"kind":"error","code":"ValidationException","message":"SECRET is no token"}}"#,
    ),
    ("does it", ""),
];

/// As people would look for it: plain, loud, and in base 64.
fn spellings() -> [String; 3] {
    [WORD.to_owned(), WORD.to_uppercase(), "cGw0bnRlZC1iNHRjaC12NGx1ZQ".to_owned()]
}

fn one(resource: &str) -> String {
    let ty = if resource.contains("type:") { "" } else { "    type: awscc.ssm.parameters\n" };
    let region = if resource.contains("region:") { "" } else { "    region: us-east-1\n" };
    format!(
        "version: 1\nname: s\nproviders: [awscc]\nglobals:\n  - {{name: pw, value: \"{{{{ PW }}}}\", sensitive: true}}\nresources:\n  - name: p\n{ty}{region}{resource}"
    )
}

/// Runs every command that shows something, and looks for the secret in all that is said and written.
fn look(case: &str, resource: &str, fault: &str) {
    let place = Place::with(&one(resource));
    let [plain, loud, coded] = spellings();
    let fault = fault.replace("SECRET", &plain).replace("SHOUTED", &loud).replace("ENCODED", &coded);
    place.write(
        "app/.stack-deploy/sandbox/config.json",
        &format!(
            r#"{{"timing": {{"pending_ms": 0, "create_ms": 0, "update_ms": 0, "delete_ms": 0, "retry_after_ms": 0, "latency_ms": 0}}, "faults": [{fault}]}}"#
        ),
    );
    let mut said = Vec::new();
    for line in [
        "plan --sandbox --out plan.json --out-even-if-failed --markdown plan.md --full --log-level trace app dev",
        "plan --sandbox --json app dev",
        "build --sandbox --yes --timeout 2s --show-queries --progress json --log-level trace app dev",
        "build --sandbox --yes --timeout 2s --progress plain app dev",
        "drift --sandbox --json app dev",
        "test --sandbox app dev",
        "explain --sandbox app dev p",
        "explain --sandbox app dev p /Tags",
        "permissions app dev",
        "permissions --sandbox --now app dev",
        "info --sandbox app dev",
        "teardown --sandbox --yes --timeout 2s --show-queries app dev",
    ] {
        let ran = place.run(&format!("{line} -e PW={WORD}"));
        assert!(![64, 70, 101, -1].contains(&ran.code), "{case}: {line}\n{ran}");
        said.push((line.to_owned(), ran.to_string()));
    }
    // The words did come, and the secret was taken out of them.
    let heard =
        said.iter().any(|(_, text)| text.contains("(sensitive) is") || text.contains("'(sensitive)'"));
    // What a read or a poll is answered is not told word by word.
    let untold =
        [r#""GetResource""#, r#""GetResourceRequestStatus""#].iter().any(|call| fault.contains(call));
    assert!(heard || !fault.contains(WORD) || untold, "{case}: {said:#?}");
    said.extend(place.files().into_iter().map(|(path, text)| (path.display().to_string(), text)));
    for (whose, text) in said {
        for word in spellings() {
            assert!(!text.contains(&word), "{case}: {word} in {whose}\n{text}");
        }
    }
}

#[test]
fn what_the_service_says_holds_no_secret_whatever_it_does() {
    let cases: Vec<(String, &str, &str)> = PLACES
        .iter()
        .flat_map(|(name, resource, called)| {
            let answers = if *called { ANSWERS } else { &ANSWERS[ANSWERS.len() - 1..] };
            // An operation without an end costs its whole timeout: one place is enough.
            let answers =
                answers.iter().filter(|(answer, _)| *name == "property" || !answer.starts_with("never"));
            answers.map(move |(answer, fault)| (format!("{name}, service {answer}"), *resource, *fault))
        })
        .collect();
    std::thread::scope(|threads| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            threads
                .spawn(move || part.iter().for_each(|(case, resource, fault)| look(case, resource, fault)));
        }
    });
}

#[test]
fn a_secret_in_an_identifier_stays_one_when_another_resource_refers_to_it() {
    let place = Place::with(
        &small()
            .replace("globals:\n", "globals:\n  - {name: low, value: \"{{ LOW }}\", sensitive: true}\n")
            .replace("\"{{ stack_name }}-{{ stack_env }}\"", "\"{{ low }}\""),
    );
    let flag = format!("-e LOW={WORD}");
    for line in [
        "build --sandbox --yes --show-queries --progress json app dev",
        "plan --sandbox --full app dev",
        "teardown --sandbox --yes --show-queries app dev",
    ] {
        let ran = place.run(&format!("{line} {flag}")).exits(0);
        assert!(!ran.to_string().contains(WORD), "{ran}");
    }
    for (path, text) in place.files() {
        assert!(!text.contains(WORD), "{}", path.display());
    }
}

#[test]
fn a_write_only_password_is_shown_nowhere_marked_or_not() {
    let place = Place::with(
        "version: 1\nname: s\nproviders: [awscc]\nglobals: [{name: region, value: us-east-1}]\nresources:\n  - name: secret\n    type: awscc.secretsmanager.secrets\n    props: {Name: one, SecretString: hunter2-planted-a}\n  - name: user\n    type: awscc.iam.users\n    props: {UserName: u, LoginProfile: '{\"Password\": \"hunter2-planted-b\"}'}\n",
    );
    for line in [
        "validate app dev",
        "plan --dry-run app dev",
        "plan --sandbox --full --out plan.json --markdown plan.md app dev",
        "plan --sandbox --json app dev",
        "build --sandbox --yes --show-queries --log-level trace app dev",
        "plan --sandbox --json --resend secret#/SecretString --resend user app dev",
        "build --sandbox --yes --resend secret --show-queries app dev",
        "explain --sandbox app dev user LoginProfile",
    ] {
        let ran = place.run(line).exits(0);
        assert!(!ran.to_string().contains(PLANTED), "{ran}");
        assert!(!line.contains("plan --sandbox --full") || ran.out.contains("(sensitive)"), "{ran}");
    }
    for (path, text) in place.files() {
        assert!(path.ends_with("stackql_manifest.yml") || !text.contains(PLANTED), "{}", path.display());
    }
}
