//! Traps of identity that only a whole run shows: manifest, planner, engine and a cloud that behaves as it once did. The
//! numbers are those of the project's list of observed failures.

use crate::world::{World, address, lagging};
use serde_json::json;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::Ended;
use stack_core::plan::{Action, Mode, Ownership, Plan};
use stack_core::planner::codes;
use stack_emulator::{Config, Fault, ListShows, Matcher, ModelShown, Op, References, What};
use std::time::Duration;

/// A stack of these resources, written as YAML in flow style.
fn stack(resources: &[&str]) -> String {
    let list: String = resources.iter().map(|one| format!("  - {one}\n")).collect();
    format!("name: traps\nproviders: [awscc]\nresources:\n{list}")
}

/// A cloud in which any name will do and the tag index tells nothing for a long time.
fn loose() -> Config {
    Config { references: References::Unchecked, ..lagging() }
}

fn fault(operation: Op, ty: &str, what: What) -> Config {
    Config { faults: vec![Fault { when: Matcher::on(operation, ty), what }], ..loose() }
}

fn trap(number: u16, ty: &str) -> Config {
    let when = Matcher::of_type(ty);
    Config { faults: vec![Fault { when, what: What::Trap { number } }], ..loose() }
}

async fn planned(world: &mut World, mode: Mode) -> Plan {
    world.forget();
    world.plan(mode).await.0
}

fn action(plan: &Plan, name: &str) -> Action {
    plan.resources[&address(name)].action
}

#[track_caller]
fn is_empty(plan: &Plan) {
    let changes: Vec<_> = plan.resources.values().map(|p| (&p.address, p.action, &p.changes)).collect();
    assert!(!plan.has_changes() && !plan.is_blocked(), "{changes:#?}\n{:#?}", plan.diagnostics);
}

fn said(plan: &Plan) -> Vec<String> {
    plan.diagnostics.iter().map(Diagnostic::to_string).collect()
}

/// Lists that show only identifiers, and events with no more than that.
#[tokio::test(start_paused = true)]
async fn lists_and_events_that_show_little_are_read_again_trap_44() {
    let config =
        Config { list_properties: ListShows::Identifiers, resource_model: ModelShown::Sparse, ..loose() };
    let mut world = World::new(
        &stack(&[
            "{name: vpc, type: awscc.ec2.vpcs, region: us-east-1, props: {CidrBlock: 10.0.0.0/16}}",
            "{name: route, type: awscc.ec2.vpc_cidr_blocks, region: us-east-1, props: {VpcId: \"{{ vpc.VpcId }}\", CidrBlock: 10.1.0.0/16}}",
        ]),
        "dev",
        config,
    );
    world.must(Mode::Build).await;
    is_empty(&planned(&mut world, Mode::Build).await);
    // The identifier of the block is Id|VpcId, child first (trap 66).
    let plan = planned(&mut world, Mode::Build).await;
    let block = plan.resources[&address("route")].identifier.clone().expect("found");
    assert_eq!(block.part_names(), "Id|VpcId");
    world.must(Mode::Teardown).await;
    assert_eq!(world.live_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn capacity_providers_are_left_to_their_associations_trap_62() {
    let mut world = World::new(
        &stack(&[
            "{name: cluster, type: awscc.ecs.clusters, region: us-east-1, props: {ClusterName: c, CapacityProviders: [FARGATE]}}",
            "{name: providers, type: awscc.ecs.cluster_capacity_provider_associations, region: us-east-1, props: {Cluster: \"{{ cluster.ClusterName }}\", CapacityProviders: [FARGATE, FARGATE_SPOT], DefaultCapacityProviderStrategy: [{CapacityProvider: FARGATE}]}}",
        ]),
        "dev",
        loose(),
    );
    world.must(Mode::Build).await;
    world.edit("AWS::ECS::Cluster", "c", &json!({"CapacityProviders": ["FARGATE", "FARGATE_SPOT"]}));
    let plan = planned(&mut world, Mode::Build).await;
    is_empty(&plan);
    assert!(plan.diagnostics.iter().any(|d| d.code == codes::SIBLING_OWNED), "{:?}", said(&plan));
}

#[tokio::test(start_paused = true)]
async fn options_that_the_service_adds_are_not_ours_trap_64() {
    let mut world = World::new(
        &stack(&[
            "{name: template, type: awscc.elasticbeanstalk.configuration_templates, region: us-east-1, props: {ApplicationName: app, SolutionStackName: linux, OptionSettings: [{Namespace: \"aws:autoscaling:asg\", OptionName: MinSize, Value: \"2\"}]}}",
        ]),
        "dev",
        loose(),
    );
    world.must(Mode::Build).await;
    let id = {
        let plan = planned(&mut world, Mode::Build).await;
        plan.resources[&address("template")].identifier.clone().expect("found").to_string()
    };
    let option = |name: &str, value: &str| json!({"Namespace": "aws:autoscaling:asg", "OptionName": name, "Value": value});
    let ty = "AWS::ElasticBeanstalk::ConfigurationTemplate";
    world.edit(ty, &id, &json!({"OptionSettings": [option("MaxSize", "4"), option("MinSize", "2"), option("Cooldown", "360")]}));
    is_empty(&planned(&mut world, Mode::Build).await);
    world.edit(ty, &id, &json!({"OptionSettings": [option("MaxSize", "4"), option("MinSize", "1")]}));
    let plan = planned(&mut world, Mode::Build).await;
    let planned_template = &plan.resources[&address("template")];
    assert_eq!(
        (planned_template.action, planned_template.changes.len()),
        (Action::Update, 1),
        "{:?}",
        planned_template.changes
    );
}

#[test]
fn a_schedule_in_a_group_of_its_own_is_warned_of_trap_69() {
    let schedule = |group: &str| {
        stack(&[&format!(
            "{{name: nightly, type: awscc.scheduler.schedules, region: us-east-1, props: {{Name: nightly, {group}FlexibleTimeWindow: {{Mode: \"OFF\"}}, ScheduleExpression: rate(1 day), Target: {{Arn: \"arn:aws:sqs:us-east-1:123456789012:q\", RoleArn: \"arn:aws:iam::123456789012:role/r\"}}}}}}"
        )])
    };
    let warnings = |manifest: &str| -> Vec<String> {
        World::new(manifest, "dev", Config::default())
            .stack()
            .validate()
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    let of_group = warnings(&schedule("GroupName: nights, "));
    assert!(of_group.iter().any(|w| w.contains("SD1331") && w.contains("GroupName")), "{of_group:?}");
    assert_eq!(warnings(&schedule("GroupName: default, ")), Vec::<String>::new());
    assert_eq!(warnings(&schedule("")), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_pin_in_the_form_of_an_older_schema_still_finds_its_resource_trap_70() {
    let api = |pin: &str| {
        stack(&[&format!(
            "{{name: api, type: awscc.appsync.graphql_apis, region: us-east-1, {pin}props: {{Name: a, AuthenticationType: API_KEY}}}}"
        )])
    };
    let mut world = World::new(&api(""), "dev", loose());
    world.must(Mode::Build).await;
    let plan = planned(&mut world, Mode::Build).await;
    let live = plan.resources[&address("api")].live.clone().expect("found");
    let (id, arn) = (live["ApiId"].as_str().unwrap(), live["Arn"].as_str().unwrap());
    assert!(arn.starts_with("arn:") && !id.starts_with("arn:"), "{live}");
    for pin in [id, arn] {
        let pinned = api(&format!("identifier: \"{pin}\", "));
        world = world.with_manifest(&pinned);
        let plan = planned(&mut world, Mode::Build).await;
        is_empty(&plan);
        assert_eq!(plan.resources[&address("api")].identifier.as_ref().unwrap().to_string(), arn);
    }
    // One that nothing shows is absent.
    world = world.with_manifest(&api("identifier: zzzzzzzzzzzzzzzzzzzzzzzzzz, "));
    assert_eq!(action(&planned(&mut world, Mode::Build).await, "api"), Action::Create);
    // The other way round: an ARN where the service wants an id.
    let key = |pin: &str| {
        stack(&[&format!(
            "{{name: key, type: awscc.kms.keys, region: us-east-1, {pin}props: {{Description: k}}}}"
        )])
    };
    let mut world = World::new(&key(""), "dev", loose());
    world.must(Mode::Build).await;
    let arn = planned(&mut world, Mode::Build).await.resources[&address("key")].live.clone().expect("found")
        ["Arn"]
        .clone();
    world = world.with_manifest(&key(&format!("identifier: {arn}, ")));
    is_empty(&planned(&mut world, Mode::Build).await);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_account_has_is_said_trap_73() {
    let world = World::new(
        &stack(&[
            "{name: bucket, type: awscc.s3.buckets, region: us-east-1, props: {BucketName: taken-name}}",
        ]),
        "dev",
        trap(73, "AWS::S3::Bucket"),
    );
    let (outcome, _) = world.run(Mode::Build).await;
    assert_ne!(outcome.ended, Ended::Succeeded);
    let failure = format!("{:?}", outcome.failures);
    assert!(failure.contains("AlreadyExists") && failure.contains("account"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_another_region_is_never_touched_trap_74() {
    let manifest =
        stack(&["{name: bucket, type: awscc.s3.buckets, region: us-east-1, props: {BucketName: far-away}}"]);
    // The service follows the redirect.
    let mut world = World::new(&manifest, "dev", Config::default());
    world.must(Mode::Build).await;
    world.cloud.lock().unwrap().inject(Fault {
        when: Matcher::on(Op::GetResource, "AWS::S3::Bucket"),
        what: What::Reads {
            set: [("/RegionalDomainName".to_owned(), json!("far-away.s3.eu-west-1.amazonaws.com"))]
                .into_iter()
                .collect(),
            hide: vec![],
        },
    });
    for mode in [Mode::Build, Mode::Teardown] {
        let plan = planned(&mut world, mode).await;
        assert_eq!(action(&plan, "bucket"), Action::Blocked, "{:?}", said(&plan));
        assert!(plan.diagnostics.iter().any(|d| d.code == codes::ELSEWHERE), "{:?}", said(&plan));
    }
    // It does not.
    let redirect = "The bucket you are attempting to access must be addressed using the specified endpoint. (Service: S3, Status Code: 301, PermanentRedirect)";
    let mut world = World::new(
        &manifest,
        "dev",
        fault(
            Op::GetResource,
            "AWS::S3::Bucket",
            What::Error { code: "GeneralServiceException".into(), message: redirect.into(), status: 400 },
        ),
    );
    for mode in [Mode::Build, Mode::Teardown] {
        let plan = planned(&mut world, mode).await;
        assert_eq!(action(&plan, "bucket"), Action::Blocked);
        let text = plan.diagnostics.iter().map(|d| format!("{d:?}")).collect::<String>();
        assert!(text.contains("another region"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_deletion_is_no_resource_trap_77() {
    let mut world = World::new(
        &stack(&["{name: key, type: awscc.kms.keys, region: us-east-1, props: {Description: k}}"]),
        "dev",
        Config { tag_lag_ms: 0, ..trap(77, "AWS::KMS::Key") },
    );
    world.must(Mode::Build).await;
    world.must(Mode::Teardown).await;
    let plan = planned(&mut world, Mode::Teardown).await;
    assert_eq!(action(&plan, "key"), Action::Noop, "{:?}", said(&plan));
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(action(&plan, "key"), Action::Create, "{:?}", said(&plan));
    world.must(Mode::Build).await;
    is_empty(&planned(&mut world, Mode::Build).await);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_environment_that_is_still_listed_is_no_resource_trap_76() {
    let mut world = World::new(
        &stack(&[
            "{name: lab, type: awscc.datazone.environments, region: us-east-1, props: {Name: lab, DomainIdentifier: dzd_abcdefgh, ProjectIdentifier: abcdefgh, EnvironmentProfileIdentifier: abcdefgh}}",
        ]),
        "dev",
        trap(76, "AWS::DataZone::Environment"),
    );
    world.must(Mode::Build).await;
    is_empty(&planned(&mut world, Mode::Build).await);
    world.must(Mode::Teardown).await;
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(action(&plan, "lab"), Action::Create, "{:?}", said(&plan));
}

#[tokio::test(start_paused = true)]
async fn an_account_wide_setting_is_said_before_it_changes_trap_78() {
    let manifest = |mode: &str| {
        stack(&[&format!(
            "{{name: options, type: awscc.ec2.vpc_block_public_access_options, region: us-east-1, props: {{InternetGatewayBlockMode: {mode}}}}}"
        )])
    };
    let mut world = World::new(&manifest("block-ingress"), "dev", loose());
    let account_wide = |plan: &Plan| -> Vec<String> {
        plan.diagnostics.iter().filter(|d| d.code == codes::ACCOUNT_WIDE).map(|d| d.message.clone()).collect()
    };
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(account_wide(&plan), ["options would overwrite a setting of the whole account"]);
    world.must(Mode::Build).await;
    let plan = planned(&mut world, Mode::Build).await;
    is_empty(&plan);
    assert_eq!(account_wide(&plan), [""; 0]);
    let mut world = world.with_manifest(&manifest("block-bidirectional"));
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(account_wide(&plan), ["options would change a setting of the whole account"]);
    let plan = planned(&mut world, Mode::Teardown).await;
    assert_eq!(
        account_wide(&plan),
        ["options is a setting of the whole account, and deleting it may leave it as it is"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_gets_the_parent_that_it_needs_trap_80() {
    let mut world = World::new(
        &stack(&[
            "{name: nodes, type: awscc.eks.nodegroups, region: us-east-1, props: {ClusterName: c, NodeRole: \"arn:aws:iam::123456789012:role/n\", Subnets: [subnet-00000000000000001]}}",
        ]),
        "dev",
        loose(),
    );
    world.must(Mode::Build).await;
    world.forget();
    let (plan, calls) = world.plan(Mode::Build).await;
    is_empty(&plan);
    assert_eq!(calls["ListResources"], 1, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_is_not_none_trap_81() {
    let ty = "AWS::EC2::PrefixList";
    let mut world = World::new(
        &stack(&[
            "{name: list, type: awscc.ec2.prefix_lists, region: us-east-1, props: {PrefixListName: p, AddressFamily: IPv4, MaxEntries: 5}}",
        ]),
        "dev",
        trap(81, ty),
    );
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(action(&plan, "list"), Action::Blocked);
    assert!(plan.diagnostics.iter().any(|d| d.code == codes::UNREADABLE), "{:?}", said(&plan));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_refused_proves_nothing_trap_82() {
    let refused =
        || What::Error { code: "UnsupportedActionException".into(), message: "no LIST".into(), status: 400 };
    // Nothing marks an association, so only the list could tell.
    let unmarked = "{name: block, type: awscc.ec2.vpc_cidr_blocks, region: us-east-1, props: {VpcId: vpc-00000000000000001, CidrBlock: 10.1.0.0/16}}";
    let mut world =
        World::new(&stack(&[unmarked]), "dev", fault(Op::ListResources, "AWS::EC2::VPCCidrBlock", refused()));
    let plan = planned(&mut world, Mode::Build).await;
    assert_eq!(action(&plan, "block"), Action::Blocked, "{:?}", said(&plan));
    // Marks tell by themselves, and what is too young for the index is among the operations.
    let marked = "{name: vpc, type: awscc.ec2.vpcs, region: us-east-1, props: {CidrBlock: 10.0.0.0/16}}";
    let mut world =
        World::new(&stack(&[marked]), "dev", fault(Op::ListResources, "AWS::EC2::VPC", refused()));
    world.must(Mode::Build).await;
    is_empty(&planned(&mut world, Mode::Build).await);
    world.pass(Duration::from_secs(3 * 60 * 60)).await;
    is_empty(&planned(&mut world, Mode::Build).await);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_reads_do_not_show_yet_is_waited_for_trap_37() {
    let ty = "AWS::RDS::DBCluster";
    let manifest = stack(&[
        "{name: db, type: awscc.rds.db_clusters, region: us-east-1, props: {DBClusterIdentifier: db, Engine: aurora-mysql, MasterUsername: admin, ManageMasterUserPassword: true}}",
        "{name: host, type: awscc.ssm.parameters, region: us-east-1, props: {Name: /db/host, Type: String, Value: \"{{ db.Endpoint.Address }}\"}}",
    ]);
    let world = World::new(&manifest, "dev", loose());
    world.cloud.lock().unwrap().inject(Fault {
        // The plan's read finds nothing; then those after the create.
        when: Matcher { nth: Some(1), times: Some(3), ..Matcher::on(Op::GetResource, ty) },
        what: What::Reads {
            set: Default::default(),
            hide: vec![stack_core::pointer::Pointer::of(["Endpoint"])],
        },
    });
    world.must(Mode::Build).await;
    let live = world.live("AWS::SSM::Parameter", "/db/host").expect("made");
    assert!(live["Value"].as_str().is_some_and(|host| !host.is_empty() && !host.contains("{{")), "{live}");
}

/// Nothing marks it, so that it is ours by its identity alone.
#[tokio::test(start_paused = true)]
async fn a_singleton_that_is_there_is_ours_by_its_identity_and_the_plan_says_so_trap_78() {
    let manifest = stack(&[
        "{name: options, type: awscc.ec2.vpc_block_public_access_options, region: us-east-1, props: {InternetGatewayBlockMode: block-ingress}}",
    ]);
    let mut world = World::new(&manifest, "dev", loose());
    let model = json!({"InternetGatewayBlockMode": "block-bidirectional"});
    let ty = "AWS::EC2::VPCBlockPublicAccessOptions";
    world.cloud.lock().unwrap().plant("us-east-1", ty, &model, 0).expect("planted");
    let plan = planned(&mut world, Mode::Build).await;
    let found = &plan.resources[&address("options")];
    assert_eq!((found.action, found.ownership.clone()), (Action::Update, Some(Ownership::Ours)));
    assert!(plan.diagnostics.iter().any(|d| d.code == codes::ACCOUNT_WIDE), "{:?}", said(&plan));
}
