//! `show`

use crate::common::{Place, small};

#[test]
fn a_saved_plan_shows_the_text_that_was_agreed_to() {
    let place = Place::with(&small());
    let planned = place.run("plan --sandbox --out plan.json app prod").exits(0);
    let shown = place.run("show plan.json").exits(0);
    assert_eq!(shown.out, planned.out);
    assert_eq!(shown.err, "");
    let json = place.run("show --json plan.json").exits(0);
    assert_eq!(json.out.len(), place.run("show --json plan.json").out.len());
}

#[test]
fn a_file_that_is_no_plan_is_an_error() {
    let place = Place::with(&small());
    place.write("other.json", r#"{"format": "terraform"}"#);
    let ran = place.run("show other.json").exits(1);
    assert!(ran.err.contains("error[SD4001]: other.json cannot be used: its format is `terraform`"), "{ran}");
    let ran = place.run("show missing.json").exits(1);
    assert!(ran.err.contains("error[SD1021]: missing.json cannot be read"), "{ran}");
    place.write("newer.json", r#"{"format": "stack-deploy/plan", "format_version": "2.0"}"#);
    place.run("show newer.json").exits(4);
}
