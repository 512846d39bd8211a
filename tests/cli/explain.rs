//! `explain`

use crate::common::{Place, Served, is_write, small};
use insta::assert_snapshot;

#[test]
fn a_number_is_explained_offline_in_every_spelling() {
    let place = Place::with(&small());
    let spelt = ["SD1203", "sd1203", "1203"].map(|word| place.run(&format!("explain {word}")).exits(0).out);
    assert!(spelt.iter().all(|text| *text == spelt[0]));
    assert_snapshot!(spelt[0], @r#"
    SD1203  A name is not defined                                                 manifest and templates

    A template uses a name that nothing defines. Props see globals, earlier props of the same resource,
    other resources by name, and what these export. Variables of -e and of the environment file are seen
    by globals, and everywhere as `vars.NAME`. Statements of a query file also see what those before
    them gave: columns of `exists` and what `return_vals` keeps as `this.…`, and what a changing
    statement returned as `callback.…`.
    "#);
    let narrow = place.run("explain SD2101 --width 60").exits(0);
    assert!(narrow.out.lines().all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn an_unknown_number_names_its_neighbours_or_the_families() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("explain SD1299"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD1033]: no diagnostic has the number SD1299
     = SD1213  A secret is known only to the run that made it
     = SD1212  A resource with `for_each` has no such instance
     = SD1211  A `for_each` has no usable elements
     = next    give the number that stands in the brackets of a message
    -- end
    "#);
    assert_snapshot!(place.run("explain SD8000"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD1033]: no diagnostic has the number SD8000
     = SD1xxx  manifest and templates
     = SD2xxx  planning
     = SD3xxx  answers of the provider
     = SD4xxx  saved plans and locks
     = SD5xxx  guardrails and consent
     = SD6xxx  journal, rollback and resume
     = SD7xxx  credentials and connection
     = SD9xxx  bugs
     = next    give the number that stands in the brackets of a message
    -- end
    "#);
    let _ = place.run("explain nonsense").exits(64);
    let _ = place.run("explain app prod").exits(64);
}

#[test]
fn a_resource_that_is_not_there_shows_what_would_be_sent() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("explain --sandbox app prod events"), @r#"
    exit 0
    -- stdout
    events  awscc.customerprofiles.integrations                                  stackql_manifest.yml:17
        customer-360-prod|s3://acme-events                                                DomainName|Uri
        type       AWS::CustomerProfiles::Integration
        where      aws us-east-1 account 123456789012
        found      nothing: a read of its identifier says that it does not exist
        build      would create it
        why        it does not exist
        needs      domain for domain.DomainName (stackql_manifest.yml:21)
        undo       yes

    Declared properties
      + DomainName                                                               stackql_manifest.yml:21
          declared   "customer-360-prod"
          schema     create-only: another value replaces the resource
      + Uri                                                                      stackql_manifest.yml:22
          declared   "s3://acme-events"
          schema     create-only: another value replaces the resource
      + ObjectTypeName                                                           stackql_manifest.yml:23
          declared   "order"

    Beside them
        + Tags[stackql:stack-name]     "customer-360"
        + Tags[stackql:stack-env]      "prod"
        + Tags[stackql:resource-name]  "events"
    -- stderr
    -- end
    "#);
}

#[test]
fn a_resource_that_differs_says_where_and_why() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    place.manifest(
        &small()
            .replace("DefaultExpirationDays: 366", "DefaultExpirationDays: 30")
            .replace("Key: owner, Value: data", "Key: owner, Value: growth"),
    );
    assert_snapshot!(place.run("explain --sandbox app prod domain"), @r#"
    exit 0
    -- stdout
    domain  awscc.customerprofiles.domains                                        stackql_manifest.yml:8
        customer-360-prod                                                                     DomainName
        type       AWS::CustomerProfiles::Domain
        where      aws us-east-1 account 123456789012
        found      by its identifier, made of declared properties: DomainName (step 2)
        whose      ours: it carries this stack's tags
        build      would update it in place: 2 differences
        why        DefaultExpirationDays: a declared value differs
        why        Tags[owner]: a declared value differs
        used by    events
        undo       yes

    Declared properties
      = DomainName                                                               stackql_manifest.yml:12
          declared   "customer-360-prod"
          live       "customer-360-prod"
          so         equal
          schema     create-only: another value replaces the resource
      ~ DefaultExpirationDays                                                    stackql_manifest.yml:13
          declared   30
          live       366
          so         another value is live
      ~ Tags                                                                     stackql_manifest.yml:15
          declared   [{"Key": "owner", "Value": "growth"}]
          live       [{"Key": "owner", "Value": "data"}, {"Key": "stackql:stack-name", "Value":
                     "customer-360"}, {"Key": "stackql:stack-env", "Value": "prod"}, {"Key":
                     "stackql:resource-…
          so         another value is live: Tags[owner]
          so         equal: tags of the system or of this program, which no manifest declares
          schema     holds the tags; those of this stack are added and never shown as drift

    Live and not declared
      service    LastUpdatedAt, CreatedAt, Stats: set by the service
    -- stderr
    -- end
    "#);
    assert_snapshot!(place.run("explain --sandbox app prod domain Tags"), @r#"
    exit 0
    -- stdout
    domain  awscc.customerprofiles.domains                                        stackql_manifest.yml:8
        customer-360-prod                                                                     DomainName
        type       AWS::CustomerProfiles::Domain
        where      aws us-east-1 account 123456789012
        found      by its identifier, made of declared properties: DomainName (step 2)
        whose      ours: it carries this stack's tags
        build      would update it in place: 2 differences
        why        DefaultExpirationDays: a declared value differs
        why        Tags[owner]: a declared value differs
        used by    events
        undo       yes

    Property
      ~ Tags                                                                     stackql_manifest.yml:15
          declared   [{"Key": "owner", "Value": "growth"}]
          live       [{"Key": "owner", "Value": "data"}, {"Key": "stackql:stack-name", "Value":
                     "customer-360"}, {"Key": "stackql:stack-env", "Value": "prod"}, {"Key":
                     "stackql:resource-name", "Value": "domain"}]
          so         another value is live: Tags[owner]
          so         equal: tags of the system or of this program, which no manifest declares
          schema     holds the tags; those of this stack are added and never shown as drift
    -- stderr
    -- end
    "#);
    let by_service = place.run("explain --sandbox app prod domain created_at").exits(0).out;
    assert!(by_service.contains("so         set by the service"), "{by_service}");
    assert!(by_service.contains("live       \"20"), "{by_service}");
}

#[test]
fn names_that_do_not_exist_have_near_ones() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("explain --sandbox app prod domian"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD5001]: no resource of this stack is called `domian`
     = next  did you mean `domain`?
    -- end
    "#);
    assert_snapshot!(place.run("explain --sandbox app prod domain DomianName"), @r#"
    exit 64
    -- stdout
    -- stderr
    error[SD1032]: awscc.customerprofiles.domains has no property DomianName
     = next  did you mean `DomainName`?
    -- end
    "#);
}

#[test]
fn only_what_the_resource_needs_is_read_and_nothing_is_written() {
    let mut place = Place::with(&small());
    let served = Served::start(&mut place);
    let _ = place.run("explain app prod domain").exits(0);
    let calls = served.calls();
    assert!(!calls.iter().any(|call| is_write(call)), "{calls:?}");
    assert_eq!(calls.iter().filter(|call| *call == "GetResource").count(), 1, "{calls:?}");
}

#[test]
fn a_planted_secret_is_not_explained() {
    let manifest = small().replace(
        "globals:\n",
        "globals:\n  - { name: planted, value: \"{{ PLANTED }}\", sensitive: true }\n",
    );
    let place = Place::with(&manifest.replace("Value: data", "Value: \"{{ planted }}\""));
    let _ = place.run("build --sandbox --yes -e PLANTED=hunter2hunter2 app prod").exits(0);
    for path in ["", "Tags", "/Tags/0/Value", "/Tags/3"] {
        let ran = place
            .run(&format!("explain --sandbox -e PLANTED=hunter2hunter2 app prod domain {path}"))
            .exits(0);
        assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "{ran}");
    }
}

#[test]
fn rules_traps_and_what_nobody_can_compare_are_told() {
    let manifest = |duration: &str, statement: &str| {
        format!(
            r#"name: people
resources:
  - name: role
    type: AWS::IAM::Role
    region: us-east-1
    props:
      RoleName: people
      AssumeRolePolicyDocument: {{ Version: "2012-10-17", Statement: {statement} }}
      MaxSessionDuration: {duration}
  - name: ada
    type: AWS::IAM::User
    region: us-east-1
    depends_on: [role]
    props: {{ UserName: ada, LoginProfile: {{ Password: Correct-horse-1 }} }}
"#
        )
    };
    let one = r#"{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: "sts:AssumeRole" }"#;
    let place = Place::with(&manifest("7200", &format!("[{one}]")));
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    place.manifest(&manifest("null", one));
    assert_snapshot!(place.run("explain --sandbox app prod role").exits(0).out, @r#"
    role  AWS::IAM::Role                                                          stackql_manifest.yml:3
        people                                                                                  RoleName
        where      aws us-east-1 account 123456789012
        found      by its identifier, made of declared properties: RoleName (step 2)
        whose      ours: it carries this stack's tags
        build      would update it in place: 1 difference
        why        MaxSessionDuration: a value is to be removed
        used by    ada
        undo       yes

    Declared properties
      = RoleName                                                                  stackql_manifest.yml:7
          declared   "people"
          live       "people"
          so         equal
          schema     create-only: another value replaces the resource
      = AssumeRolePolicyDocument                                                  stackql_manifest.yml:8
          declared   {"Statement": {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal":
                     {"Service": "lambda.amazonaws.com"}}, "Version": "2012-10-17"}
          live       {"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal":
                     {"Service": "lambda.amazonaws.com"}}], "Version": "2012-10-17"}
          so         equal: the same policy, written differently
      ~ MaxSessionDuration                                                        stackql_manifest.yml:9
          declared   null
          live       7200
          so         live and to be removed
          schema     null sends 3600, because the service does not carry out a removal

    Live and not declared
      kept       Path: never changed, never drift
      service    RoleId, Arn: set by the service
    "#);
    assert_snapshot!(place.run("explain --sandbox app prod ada LoginProfile").exits(0).out, @r#"
    ada  AWS::IAM::User                                                          stackql_manifest.yml:10
        ada                                                                                     UserName
        where      aws us-east-1 account 123456789012
        found      by its identifier, made of declared properties: UserName (step 2)
        whose      ours: it carries this stack's tags
        build      would leave it: live is as declared
        needs      role by depends_on (stackql_manifest.yml:13)

    Property
      * LoginProfile                                                             stackql_manifest.yml:14
          declared   {"Password": (sensitive, cannot compare)}
          live       (absent)
          so         cannot be compared at Password: reads never return it; --resend sends it again
          schema     write-only in parts
    "#);
}

#[test]
fn what_belongs_to_others_is_said_and_is_no_failure_of_the_question() {
    let place = Place::with(&small());
    let _ = place.run("build --sandbox --yes app prod").exits(0);
    place.manifest(
        &small().replace("name: customer-360", "name: other").replace("{{ stack_name }}-", "customer-360-"),
    );
    let ran = place.run("explain --sandbox app prod domain").exits(0);
    assert!(ran.out.contains("not ours: it belongs to stack customer-360/prod"), "{ran}");
    assert!(ran.out.contains("would stop here") && ran.err.contains("[SD2103]"), "{ran}");
}
