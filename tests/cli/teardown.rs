//! `teardown`

use crate::common::{Place, Served, small};
use insta::assert_snapshot;

#[test]
fn without_a_terminal_it_stops_before_any_call() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    place.run("build app prod").exits(0);
    served.calls();
    assert_snapshot!(place.run("teardown app prod"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD5001]: teardown deletes resources, and there is no terminal to ask at
     = next  look at it with `plan --destroy`, then agree with --yes
    -- end
    "#);
    assert_eq!(served.calls(), Vec::<String>::new());
}

#[test]
fn it_deletes_dependents_first_and_leaves_nothing() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    place.run("build app prod").exits(0);
    assert_snapshot!(place.run("teardown --yes app prod"), @r#"
    exit 0
    -- stdout
    stack-deploy teardown plan  customer-360 → prod                                  aws us-east-1 …9012
    2 reads in [N] s

    - delete   events  awscc.customerprofiles.integrations                       stackql_manifest.yml:17
        customer-360-prod|s3://acme-events                                                DomainName|Uri
        undo   no: what it holds goes with it

    - delete   domain  awscc.customerprofiles.domains                             stackql_manifest.yml:8
        customer-360-prod
        undo   no: what it holds goes with it

    Plan: 0 create, 0 update, 0 replace, 2 delete, 0 unchanged
          2 writes, about 20 s

    Teardown done: 2 deleted · [N]s, 10 calls
    -- stderr
    [TIME] start  teardown customer-360/prod run=[RUN] plan=[PLAN] 2 steps
    [TIME] begin  events delete 1/2
    [TIME] done   events delete [N]s customer-360-prod|s3://acme-events
    [TIME] begin  domain delete 2/2
    [TIME] done   domain delete [N]s customer-360-prod
    [TIME] end    ok 2 deleted [N]s calls=10
    -- end
    "#);
    assert_eq!(served.held(), 0);
    let ran = place.run("teardown --yes app prod").exits(0);
    assert!(ran.out.contains("Nothing to delete"), "{ran}");
}

#[test]
fn what_is_protected_blocks_unless_it_is_kept() {
    let mut place = Place::with(
        &small()
            .replace("  - name: domain\n", "  - name: domain\n    lifecycle: { prevent_destroy: true }\n"),
    );
    let served = Served::start(&mut place);
    place.run("build app prod").exits(0);
    let ran = place.run("teardown --yes app prod").exits(3);
    assert!(ran.err.contains("error[SD5101]"), "{ran}");
    assert_eq!(served.held(), 2);
    place.run("teardown --yes --keep-protected app prod").exits(0);
    assert_eq!(served.held(), 1);
}
