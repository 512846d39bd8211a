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
