//! Environments, provider integrations, and what all of the control plane has in common.

use super::*;

#[test]
fn an_environment_is_made_read_changed_and_deleted() {
    let mut world = World::new();
    let made = world.post("/org/v2/environments", &json!({ "display_name": "dev" }));
    assert_eq!(made.status, 201);
    let made = made.ok();
    let path = format!("/org/v2/environments/{}", id(&made));
    assert_eq!((&made["kind"], &made["api_version"]), (&json!("Environment"), &json!("org/v2")));
    assert_eq!(made["metadata"]["self"], format!("http://127.0.0.1:4000{path}"));
    assert!(
        made["metadata"]["resource_name"].as_str().unwrap().ends_with(&format!("/environment={}", id(&made)))
    );
    assert_eq!(world.get(&path).ok(), made);
    world.wait(1000);
    let changed = world.patch(&path, &json!({ "display_name": "test" })).ok();
    assert_eq!(changed["display_name"], "test");
    assert_ne!(changed["metadata"]["updated_at"], made["metadata"]["updated_at"]);
    let deleted = world.delete(&path);
    assert_eq!((deleted.status, deleted.bytes.len()), (204, 0));
    assert_eq!(world.get(&path).status, 403, "a deleted environment is forbidden, not absent");
    assert_eq!(world.get("/org/v2/environments/env-never").status, 404);
    let happened: Vec<Happened> = world.service.changes().iter().map(|change| change.what).collect();
    assert_eq!(happened, [Happened::Created, Happened::Updated, Happened::Deleted]);
}

#[test]
fn display_names_of_environments_are_not_unique() {
    let mut world = World::new();
    assert_ne!(world.environment(), world.environment());
}

#[test]
fn the_governance_package_goes_upward_only_and_comes_with_its_parent() {
    let mut world = World::new();
    let path = format!("/org/v2/environments/{}", world.environment());
    let package = |package: &str| json!({ "stream_governance_config": { "package": package } });
    assert_eq!(world.patch(&path, &json!({ "stream_governance_config": {} })).status, 400);
    assert_eq!(world.patch(&path, &package("ADVANCED")).status, 200);
    let refused = world.patch(&path, &package("ESSENTIALS"));
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["errors"][0]["source"]["pointer"], "/stream_governance_config/package");
}

#[test]
fn a_repeated_create_makes_a_second_one_and_the_history_tells() {
    let mut world = World::new();
    world.arm(Matcher::on("create", "environment").first(1), What::LostReply);
    let body = json!({ "display_name": "dev" }).to_string();
    let lost = world.reply("POST", "/org/v2/environments", "application/json", &body);
    assert!(matches!(lost, Reply::Lost { .. }));
    world.environment();
    let done = world.service.history().iter().filter(|exchange| exchange.is_done()).count();
    assert_eq!((done, world.all("/org/v2/environments").len()), (2, 2), "trap 1");
}

#[test]
fn listings_are_paged_by_ten_and_the_token_is_to_be_sent_as_it_is() {
    let mut world = World::new();
    for _ in 0..25 {
        world.environment();
    }
    let first = world.get("/org/v2/environments").ok();
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    assert_eq!(first["metadata"]["total_size"], 25);
    let next = first["metadata"]["next"].as_str().unwrap();
    assert!(next.starts_with("http://127.0.0.1:4000/org/v2/environments?page_token="), "{next}");
    assert_eq!(world.all("/org/v2/environments").len(), 25);
    assert_eq!(world.all("/org/v2/environments?page_size=99").len(), 25);
    let again = next.replace("%3D", "%253D").replace("http://127.0.0.1:4000", "");
    assert_eq!(world.get(&again).status, 400, "encoded twice");
}

#[test]
fn next_links_may_name_the_public_host() {
    let mut world = World::with(Config { next: Next::Public, ..Config::default() });
    world.environment();
    world.environment();
    let page = world.get("/org/v2/environments?page_size=1").ok();
    assert!(
        page["metadata"]["next"].as_str().unwrap().starts_with("https://api.confluent.cloud/"),
        "trap 94"
    );
}

#[test]
fn the_end_of_a_listing_is_an_absent_or_an_empty_link() {
    let mut world = World::new();
    let first = world.get("/org/v2/organizations").ok();
    let second = world.get("/org/v2/organizations").ok();
    let ends = [first["metadata"].get("next").is_none(), second["metadata"].get("next").is_none()];
    assert!(ends.contains(&true) && ends.contains(&false));
    assert_eq!(first["data"].as_array().unwrap().len(), 1, "one organization per credential");
}

#[test]
fn a_provider_integration_has_no_update_and_shows_what_trust_needs() {
    let mut world = World::new();
    let environment = world.environment();
    let body = json!({ "display_name": "s3", "provider": "AWS", "environment": { "id": environment },
        "config": { "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:aws:iam::123456789012:role/r" } });
    let made = world.post("/pim/v1/integrations", &body);
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert!(made["config"]["iam_role_arn"].is_string() && made["config"]["external_id"].is_string());
    assert_eq!(made["usages"], json!([]));
    assert_eq!(made["environment"]["id"], environment.as_str());
    let path = format!("/pim/v1/integrations/{}", id(&made));
    let missing = world.get(&path);
    assert_eq!(missing.status, 400);
    assert_eq!(missing.body["errors"][0]["source"], json!({ "parameter": "environment" }));
    let with = format!("{path}?environment={environment}");
    assert_eq!(world.get(&with).ok(), made);
    let other = world.environment();
    assert_eq!(world.get(&format!("{path}?environment={other}")).status, 404);
    assert_eq!(world.get("/pim/v1/integrations").status, 400, "a list needs it too");
    assert_eq!(world.all(&format!("/pim/v1/integrations?environment={environment}&provider=aws")).len(), 1);
    assert_eq!(world.patch(&with, &body).status, 405);
    assert_eq!(world.delete(&path).status, 400);
    assert_eq!(world.delete(&with).status, 204);
    assert_eq!(world.get(&with).status, 404);
}

#[test]
fn a_bare_environment_id_in_a_body_is_refused() {
    let mut world = World::new();
    let environment = world.environment();
    let body = json!({ "display_name": "s3", "environment": environment,
        "config": { "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "a" } });
    assert_eq!(world.post("/pim/v1/integrations", &body).status, 400);
}

#[test]
fn the_second_generation_is_a_draft_until_it_is_configured() {
    let mut world =
        World::with(Config { timing: Timing { grant_ms: 5_000, ..Timing::default() }, ..Config::default() });
    let environment = json!({ "id": world.environment() });
    let config = json!({ "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:aws:iam::1:role/r" });
    let body =
        json!({ "display_name": "v2", "provider": "AWS", "environment": environment, "config": config });
    let made = world.post("/pim/v2/integrations", &body).ok();
    assert_eq!((&made["status"], made.get("config")), (&json!("DRAFT"), None), "the config is ignored");
    let path = format!("/pim/v2/integrations/{}", id(&made));
    assert_eq!(
        world.patch(&path, &json!({ "config": config })).status,
        400,
        "the environment is in the body"
    );
    let wrong = json!({ "environment": environment, "config": { "kind": "GcpIntegrationConfig" } });
    assert_eq!(world.patch(&path, &wrong).status, 422);
    let changed = world.patch(&path, &json!({ "environment": environment, "config": config })).ok();
    assert_eq!(changed["status"], "CREATED");
    assert!(changed["config"]["external_id"].is_string());
    let validate = json!({ "id": id(&made), "environment": environment });
    assert_eq!(
        world.post("/pim/v2/integrations:validate", &validate).status,
        400,
        "the grant has not spread"
    );
    world.wait(5_000);
    assert_eq!(world.post("/pim/v2/integrations:validate", &validate).status, 204);
    let renamed = json!({ "environment": environment, "display_name": "other" });
    assert_eq!(world.patch(&path, &renamed).status, 422, "immutable");
}

#[test]
fn deleting_an_environment_takes_everything_inside() {
    let mut world = World::new();
    let environment = world.environment();
    let body = json!({ "display_name": "s3", "environment": { "id": environment },
        "config": { "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "a" } });
    let integration = id(&world.post("/pim/v1/integrations", &body).ok());
    world.delete(&format!("/org/v2/environments/{environment}"));
    assert!(world.service.object("provider_integration_v1", &integration).is_none());
    let read = world.get(&format!("/pim/v1/integrations/{integration}?environment={environment}"));
    assert_eq!(read.error(), (404, format!("Integration {integration} not found")));
    assert_eq!(world.post("/pim/v1/integrations", &body).status, 403, "the environment is gone");
}

#[test]
fn lags_hide_what_is_new_and_show_what_is_gone() {
    let lags = Lags { read_ms: 100, list_ms: 200, update_ms: 50, ghost_ms: 300 };
    let mut world = World::with(Config { lags, ..Config::default() });
    let environment = world.environment();
    let path = format!("/org/v2/environments/{environment}");
    assert_eq!(world.get(&path).status, 404, "trap 30");
    world.wait(100);
    assert_eq!(world.get(&path).status, 200);
    assert_eq!(world.all("/org/v2/environments").len(), 0);
    world.wait(100);
    assert_eq!(world.all("/org/v2/environments").len(), 1);
    let renamed = json!({ "display_name": "new" });
    assert_eq!(world.patch(&path, &renamed).ok()["display_name"], "new");
    assert_eq!(world.get(&path).ok()["display_name"], "dev", "not yet");
    world.wait(50);
    assert_eq!(world.get(&path).ok()["display_name"], "new");
    world.delete(&path);
    assert_eq!((world.get(&path).status, world.all("/org/v2/environments").len()), (403, 1), "trap 44");
    world.wait(300);
    assert_eq!(world.all("/org/v2/environments").len(), 0);
}

#[test]
fn a_throttle_tells_the_control_plane_when_to_come_back() {
    let rate = Rate { per_second: 1.0, burst: 2.0, retry_after: true };
    let mut world = World::with(Config { rate: Some(rate), ..Config::default() });
    let first = world.get("/org/v2/environments");
    assert_eq!(
        (first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")),
        (Some("1"), Some("1"))
    );
    world.get("/org/v2/environments");
    let refused = world.get("/org/v2/environments");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1"));
    world.wait(1000);
    assert_eq!(world.get("/org/v2/environments").status, 200);
}

#[test]
fn faults_strike_before_or_after_the_work() {
    let mut world = World::new();
    world.arm(
        Matcher::on("create", "environment").first(1),
        What::Error { status: 500, message: "x".to_owned(), number: None },
    );
    assert_eq!(world.post("/org/v2/environments", &json!({ "display_name": "a" })).status, 500);
    assert_eq!(world.all("/org/v2/environments").len(), 0);
    world.arm(Matcher::on("list", "environment").first(1), What::Page { status: 502 });
    let page = world.get("/org/v2/environments");
    assert_eq!(page.status, 502);
    assert!(page.bytes.starts_with(b"<html>"));
    world.arm(Matcher::on("list", "environment").first(1), What::Gzip);
    let zipped = world.get("/org/v2/environments");
    assert_eq!((zipped.bytes.starts_with(&[0x1f, 0x8b]), zipped.header("content-encoding")), (true, None));
    let chaos = Chaos { percent: 100, kinds: vec![What::Bare { status: 503 }], ..Chaos::default() };
    world.service.config_mut().chaos = Some(chaos);
    let bare = world.get("/org/v2/environments");
    assert_eq!((bare.status, bare.bytes.len()), (503, 0));
}

#[test]
fn a_snapshot_holds_all_but_no_secret() {
    let mut world = World::new();
    let environment = world.environment();
    let key = world.key(&Json::Null);
    let snapshot = world.service.snapshot();
    assert!(!snapshot.to_string().contains(&key.1), "secrets are hashes");
    world.service = Confluent::restore(Config::default(), snapshot).unwrap();
    let path = format!("/org/v2/environments/{environment}");
    assert_eq!(world.as_key(&key, |world| world.get(&path)).status, 200, "the key still opens");
}

#[test]
fn malformed_bodies_and_unknown_paths_have_the_plane_s_errors() {
    let mut world = World::new();
    let broken = world.send("POST", "/org/v2/environments", "application/json", "{");
    assert_eq!(broken.status, 400);
    assert_eq!(broken.body["errors"][0]["status"], "400");
    assert_eq!(world.post("/org/v2/environments", &json!([])).status, 400);
    assert_eq!(world.get("/billing/v1/costs").status, 404, "not played");
    assert!(world.service.handle(&Request::get("/elsewhere").body(Bytes::new()).unwrap(), START).is_none());
}

#[test]
fn what_is_not_set_is_null_or_absent() {
    let mut world = World::new();
    let bodies: Vec<Json> = (0..2)
        .map(|n| world.post("/iam/v2/service-accounts", &json!({ "display_name": format!("a{n}") })).ok())
        .collect();
    let shown: Vec<Option<&Json>> = bodies.iter().map(|body| body.get("description")).collect();
    assert!(shown.contains(&None) && shown.contains(&Some(&Json::Null)), "{shown:?}");
}

#[test]
fn networks_wait_are_refused_while_they_have_children_and_turn_their_sets() {
    let mut world = World::new();
    let environment = world.environment();
    let spec = json!({ "display_name": "n", "cloud": "aws", "region": "us-east-1", "cidr": "10.0.0.0/16",
        "connection_types": ["PEERING", "PRIVATELINK"], "zones": ["a", "b", "c"], "environment": { "id": environment } });
    let mut both = spec.clone();
    paths::set(&mut both, "zones_info", json!([{ "zone_id": "a", "cidr": "10.0.0.0/27" }]));
    assert_eq!(world.post("/networking/v1/networks", &json!({ "spec": both })).status, 400, "trap 65");
    let mut made = world.post("/networking/v1/networks", &json!({ "spec": spec })).ok();
    if made["spec"]["zones"] == json!(["a", "b", "c"]) {
        made = world.post("/networking/v1/networks", &json!({ "spec": spec })).ok();
    }
    assert_eq!(made["spec"]["zones"], json!(["c", "b", "a"]), "trap 64");
    assert_eq!((&made["spec"]["cloud"], &made["status"]["phase"]), (&json!("AWS"), &json!("PROVISIONING")));
    let network = id(&made);
    let peering = json!({ "spec": { "display_name": "p", "network": { "id": network }, "environment": { "id": environment },
        "cloud": { "kind": "AwsPeering", "account": "1", "vpc": "vpc-1", "routes": [], "customer_region": "us-east-1" } } });
    let peering = id(&world.post("/networking/v1/peerings", &peering).ok());
    world.wait(5_000);
    let at = |resource: &str, id: &str| format!("/networking/v1/{resource}/{id}?environment={environment}");
    assert_eq!(world.get(&at("networks", &network)).ok()["status"]["phase"], "READY");
    assert_eq!(world.get(&at("peerings", &peering)).ok()["status"]["phase"], "PENDING_ACCEPT");
    assert_eq!(world.delete(&at("networks", &network)).status, 400);
    assert_eq!(world.delete(&at("peerings", &peering)).status, 204);
    assert_eq!(world.get(&at("peerings", &peering)).ok()["status"]["phase"], "DEPROVISIONING");
    assert_eq!(world.delete(&at("networks", &network)).status, 400, "not yet gone (trap 38)");
    world.wait(5_000);
    assert_eq!(world.get(&at("peerings", &peering)).status, 403);
    assert_eq!(world.delete(&at("networks", &network)).status, 204);
}

#[test]
fn a_gateway_goes_after_its_access_points() {
    let mut world = World::new();
    let environment = world.environment();
    let reference = json!({ "id": environment });
    let gateway = json!({ "spec": { "display_name": "g", "environment": reference,
        "config": { "kind": "AwsEgressPrivateLinkGatewaySpec", "region": "us-east-1" } } });
    let gateway = id(&world.post("/networking/v1/gateways", &gateway).ok());
    let point = json!({ "spec": { "display_name": "a", "environment": reference, "gateway": { "id": gateway },
        "config": { "kind": "AwsEgressPrivateLinkEndpoint", "vpc_endpoint_service_name": "com.amazonaws.x" } } });
    let point = id(&world.post("/networking/v1/access-points", &point).ok());
    world.wait(5_000);
    let at = |resource: &str, id: &str| format!("/networking/v1/{resource}/{id}?environment={environment}");
    assert_eq!(world.delete(&at("gateways", &gateway)).status, 400, "trap 38");
    assert_eq!(world.delete(&at("access-points", &point)).status, 204);
    assert_eq!(world.delete(&at("gateways", &gateway)).status, 400, "still there");
    world.wait(5_000);
    assert_eq!(world.delete(&at("gateways", &gateway)).status, 204);
    let list = format!("/networking/v1/access-points?environment={environment}&spec.gateway={gateway}");
    assert!(world.all(&list).is_empty());
}

#[test]
fn errors_may_come_in_other_forms_or_in_none() {
    let mut world = World::with(Config { other_errors: true, ..Config::default() });
    let newer = world.get("/org/v2/environments/env-none").body;
    assert_eq!((&newer["status"], newer["error"]["message"].is_string()), (&json!(404), true));
    let connectors = world.get("/connect/v1/environments/e/clusters/c/connectors").body;
    assert_eq!(connectors["code"], 404);
    let raw = What::Raw {
        status: 502,
        content_type: "application/json".to_owned(),
        body: "upstream went away".to_owned(),
    };
    world.arm(Matcher::default().first(1), raw);
    let got = world.get("/org/v2/environments");
    assert_eq!((got.status, got.header("content-type")), (502, Some("application/json")));
    assert_eq!(&got.bytes[..], b"upstream went away");
}

#[test]
fn pages_may_be_shorter_than_asked_and_deleted_environments_absent() {
    let mut world = World::with(Config { page_cap: Some(2), absent_environments: true, ..Config::default() });
    let made: Vec<String> = (0..5).map(|_| world.environment()).collect();
    assert_eq!(world.get("/org/v2/environments?page_size=99").ok()["data"].as_array().unwrap().len(), 2);
    assert_eq!(world.all("/org/v2/environments").len(), 5, "trap 3");
    let cluster = id(&world.post("/cmk/v2/clusters", &cluster_of(&made[0], "Basic")).ok());
    world.delete(&format!("/org/v2/environments/{}", made[0])).ok();
    assert_eq!(world.get(&format!("/org/v2/environments/{}", made[0])).status, 404);
    assert_eq!(
        world.get(&format!("/cmk/v2/clusters/{cluster}?environment={}", made[0])).status,
        403,
        "trap 7"
    );
}
