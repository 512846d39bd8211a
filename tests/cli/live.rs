//! The whole life of the example against a cloud in another process, over real HTTP.

use crate::common::{Place, Served, example, is_write};

fn count(calls: &[String], name: &str) -> usize {
    calls.iter().filter(|call| *call == name).count()
}

#[test]
fn the_example_lives_drifts_is_repaired_and_goes() {
    let mut place = Place::with(&example());
    let served = Served::start(&mut place);

    place.run("plan --detailed-exitcode app dev").exits(2);
    let calls = served.calls();
    assert_eq!(
        (count(&calls, "GetResource"), count(&calls, "GetCallerIdentity"), calls.len()),
        (4, 1, 5),
        "{calls:?}"
    );
    place.forget();

    place.run("build app dev").exits(0);
    let calls = served.calls();
    assert_eq!(count(&calls, "CreateResource"), 4, "{calls:?}");
    place.forget();

    let ran = place.run("plan --detailed-exitcode app dev").exits(0);
    assert!(ran.out.contains("Plan: no changes. 4 resources match customer-360/dev."), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
    place.forget();

    served.ask(
        "POST",
        "edit",
        r#"{"type": "AWS::CustomerProfiles::Domain", "identifier": "customer-360-dev", "patch": {"DefaultExpirationDays": 31}}"#,
    );
    let ran = place.run("drift --detailed-exitcode app dev").exits(2);
    assert!(ran.out.contains("DefaultExpirationDays  live 31, declared 30"), "{ran}");
    assert!(ran.out.contains("Drift: 1 property of 1 resource; 3 match"), "{ran}");
    let json: serde_json::Value =
        serde_json::from_str(&place.run("drift --json app dev").exits(0).out).unwrap();
    assert_eq!(json["drift"][0]["path"], "/DefaultExpirationDays");
    assert_eq!(json["drift"][0]["build_would"], "update");
    served.calls();
    place.forget();

    let ran = place.run("build app dev").exits(0);
    assert!(ran.out.contains("~ DefaultExpirationDays  31 → 30"), "{ran}");
    let calls = served.calls();
    assert_eq!((count(&calls, "UpdateResource"), count(&calls, "CreateResource")), (1, 0), "{calls:?}");
    place.forget();

    place.run("drift --detailed-exitcode app dev").exits(0);
    place.forget();
    served.calls();
    place.run("teardown --yes app dev").exits(0);
    assert_eq!(count(&served.calls(), "DeleteResource"), 4);
    assert_eq!(served.held(), 0);
}

#[test]
fn another_account_is_refused_before_any_write() {
    let manifest = example().replace("settings:\n", "settings:\n  accounts: { dev: \"999999999999\" }\n");
    let mut place = Place::with(&manifest);
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(1);
    assert!(ran.err.contains("error[SD7003]: these credentials are of account 123456789012"), "{ran}");
    assert!(!served.calls().iter().any(|call| is_write(call)));
}

#[test]
fn another_region_is_refused_before_any_call() {
    let manifest = example().replace("settings:\n", "settings:\n  regions: { dev: [eu-west-1] }\n");
    let mut place = Place::with(&manifest);
    let served = Served::start(&mut place);
    let ran = place.run("build app dev").exits(1);
    assert!(ran.err.contains("domain is in us-east-1, which `settings.regions` does not allow"), "{ran}");
    assert_eq!(served.calls(), Vec::<String>::new());
}
