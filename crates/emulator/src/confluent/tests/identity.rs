//! Accounts, keys, bindings, providers, tokens.

use super::*;

#[test]
fn a_wrong_key_is_401_in_the_words_of_each_plane() {
    let mut world = World::new();
    world.authorization = Some(basic(SANDBOX_KEY, "wrong"));
    let control = world.get("/org/v2/environments");
    assert_eq!(control.status, 401);
    assert_eq!(control.body["errors"][0]["status"], "401");
    assert!(control.header("www-authenticate").is_some());
    let kafka = world.get("/kafka/v3/clusters/lkc-1/topics");
    assert_eq!(kafka.status, 401);
    assert!(kafka.bytes.starts_with(b"<html>"), "a page (trap 10)");
    let registry = world.get("/dataplane/lsrc-1/subjects");
    assert_eq!((registry.status, &registry.body["error_code"]), (401, &json!(401)));
    world.authorization = None;
    assert_eq!(world.get("/org/v2/environments").status, 401);
}

#[test]
fn a_key_opens_its_plane_and_no_other() {
    let mut world = World::new();
    let environment = world.environment();
    let (one, other) = (world.cluster(&environment), world.cluster(&environment));
    let key = world.key(&json!({ "id": one, "api_version": "cmk/v2", "kind": "Cluster" }));
    assert_eq!(world.as_key(&key, |w| w.get("/org/v2/environments")).status, 401, "trap 97");
    assert_eq!(world.as_key(&key, |w| w.get(&format!("/kafka/v3/clusters/{other}/topics"))).status, 401);
    assert_eq!(world.get(&format!("/kafka/v3/clusters/{one}/topics")).status, 401, "a Cloud key");
    assert_eq!(world.get("/tableflow/v1/regions").status, 401, "Tableflow has its own");
}

#[test]
fn the_sandboxs_data_key_opens_the_data_planes_that_are_named_and_nothing_else() {
    let mut world = World::new();
    let environment = world.environment();
    let cluster = world.cluster(&environment);
    world.authorization = Some(basic(SANDBOX_DATA_KEY, SANDBOX_DATA_SECRET));
    assert_eq!(world.get(&format!("/kafka/v3/clusters/{cluster}/topics")).status, 200);
    assert_eq!(world.get("/org/v2/environments").status, 401);
    assert_eq!(world.get("/subjects").status, 401, "which registry?");
    world.authorization = Some(basic(SANDBOX_DATA_KEY, "wrong"));
    assert_eq!(world.get(&format!("/kafka/v3/clusters/{cluster}/topics")).status, 401);
}

#[test]
fn the_secret_is_in_the_create_s_answer_only_and_targets_read_back_differently() {
    let mut world = World::new();
    let environment = world.environment();
    world.cluster(&environment);
    let registry = world.all(&format!("/srcm/v3/clusters?environment={environment}"));
    let registry = id(&registry[0]);
    let owner = world.account("app");
    for (sent, id, kind) in [
        (
            json!({ "id": registry, "api_version": "srcm/v3", "kind": "Cluster" }),
            registry.clone(),
            "SchemaRegistry",
        ),
        (
            json!({ "id": "aws.us-east-1", "api_version": "fcpm/v2", "kind": "Region", "environment": environment }),
            format!("{environment}.aws.us-east-1"),
            "Region",
        ),
        (
            json!({ "id": "tableflow", "api_version": "tableflow/v1", "kind": "Tableflow" }),
            "tableflow".to_owned(),
            "Tableflow",
        ),
        (Json::Null, "cloud".to_owned(), "Cloud"),
    ] {
        let body = json!({ "spec": { "display_name": "k", "owner": { "id": owner }, "resource": sent } });
        let made = world.post("/iam/v2/api-keys", &body);
        assert_eq!(made.status, 202);
        let made = made.ok();
        assert_eq!(made["spec"]["secret"].as_str().unwrap().len(), 64);
        let read = world.get(&format!("/iam/v2/api-keys/{}", super::id(&made))).ok();
        assert!(read["spec"].get("secret").is_none());
        assert_eq!(
            (&read["spec"]["resource"]["id"], &read["spec"]["resource"]["kind"]),
            (&json!(id), &json!(kind))
        );
        assert_eq!(read["spec"]["owner"]["kind"], "ServiceAccount");
    }
    assert_eq!(world.all(&format!("/iam/v2/api-keys?spec.owner={owner}")).len(), 4);
    assert_eq!(world.all(&format!("/iam/v2/api-keys?spec.resource={registry}")).len(), 1);
    let nobody = json!({ "spec": { "owner": { "id": "sa-none" } } });
    assert_eq!(world.post("/iam/v2/api-keys", &nobody).status, 400);
}

#[test]
fn a_fresh_key_is_refused_for_a_while_and_once_more_after_its_first_success() {
    let timing = Timing { key_ms: 60_000, ..Timing::default() };
    let mut world = World::with(Config { timing, key_relapse: true, ..Config::default() });
    let environment = world.environment();
    let cluster = world.cluster(&environment);
    let user = world.service.config().user.clone();
    let body = json!({ "spec": { "owner": { "id": user }, "resource": { "id": cluster } } });
    let made = world.post("/iam/v2/api-keys", &body).ok();
    let key = (id(&made), made["spec"]["secret"].as_str().unwrap().to_owned());
    let probe = |world: &mut World| {
        let path = format!("/kafka/v3/clusters/{cluster}/topics");
        world.as_key(&key, |world| world.get(&path)).status
    };
    assert_eq!(probe(&mut world), 401);
    world.wait(60_000);
    let seen: Vec<u16> = (0..4).map(|_| probe(&mut world)).collect();
    assert_eq!(seen, [200, 401, 200, 200], "trap 10");
}

#[test]
fn an_account_s_name_is_unique_and_rests_after_its_deletion() {
    let timing = Timing { account_rest_ms: 1_000, ..Timing::default() };
    let mut world = World::with(Config { timing, ..Config::default() });
    let account = world.account("app");
    let body = json!({ "display_name": "app" });
    let refused = world.post("/iam/v2/service-accounts", &body);
    assert_eq!(refused.status, 409);
    assert!(refused.header("location").unwrap().ends_with(&account));
    assert_eq!(world.all("/iam/v2/service-accounts?display_name=app").len(), 1);
    world.delete(&format!("/iam/v2/service-accounts/{account}"));
    assert_eq!(world.post("/iam/v2/service-accounts", &body).status, 409, "trap 4");
    world.wait(1_000);
    assert_eq!(world.post("/iam/v2/service-accounts", &body).status, 201);
    let other = world.account("other");
    let path = format!("/iam/v2/service-accounts/{other}");
    assert_eq!(world.patch(&path, &body).status, 409, "a rename into a taken name");
    assert_eq!(world.patch(&path, &json!({ "display_name": "third" })).status, 200, "trap 5");
}

#[test]
fn an_account_takes_its_keys_and_bindings_along() {
    let mut world = World::new();
    let account = world.account("app");
    let key = world.key_of(&account, &Json::Null);
    let organization = world.service.config().organization.clone();
    let pattern = format!("crn://confluent.cloud/organization={organization}");
    let binding = json!({ "principal": format!("User:{account}"), "role_name": "OrganizationAdmin", "crn_pattern": pattern });
    let binding = id(&world.post("/iam/v2/role-bindings", &binding).ok());
    world.wait(10_000);
    assert_eq!(world.as_key(&key, |w| w.get("/org/v2/environments")).status, 200);
    world.delete(&format!("/iam/v2/service-accounts/{account}"));
    assert_eq!(world.as_key(&key, |w| w.get("/org/v2/environments")).status, 401);
    assert_eq!(world.get(&format!("/iam/v2/api-keys/{}", key.0)).status, 403);
    assert_eq!(world.get(&format!("/iam/v2/role-bindings/{binding}")).status, 403);
}

#[test]
fn a_binding_counts_after_a_while_and_only_where_it_reaches() {
    let timing = Timing { binding_ms: 90_000, ..Timing::default() };
    let mut world = World::with(Config { timing, ..Config::default() });
    let environment = world.environment();
    let (one, other) = (world.cluster(&environment), world.cluster(&environment));
    let account = world.account("app");
    let keys: Vec<_> = [&one, &other].map(|id| world.key_of(&account, &json!({ "id": id }))).into();
    let organization = world.service.config().organization.clone();
    let pattern = format!(
        "crn://confluent.cloud/organization={organization}/environment={environment}/cloud-cluster={one}"
    );
    let bind = |role: &str, pattern: &str| json!({ "principal": format!("User:{account}"), "role_name": role, "crn_pattern": pattern });
    let path = |cluster: &str| format!("/kafka/v3/clusters/{cluster}/topics");
    assert_eq!(world.post("/iam/v2/role-bindings", &bind("CloudClusterAdmin", &pattern)).status, 201);
    let refused = world.as_key(&keys[0], |w| w.get(&path(&one)));
    assert_eq!((refused.status, &refused.body["error_code"]), (403, &json!(40301)), "trap 14");
    world.wait(90_000);
    assert_eq!(world.as_key(&keys[0], |w| w.get(&path(&one))).status, 200);
    assert_eq!(world.as_key(&keys[1], |w| w.get(&path(&other))).status, 403);
}

#[test]
fn a_binding_needs_a_pattern_of_its_role_s_form_and_is_there_once() {
    let mut world = World::new();
    let account = world.account("app");
    let organization = world.service.config().organization.clone();
    let cluster =
        format!("crn://confluent.cloud/organization={organization}/environment=env-1/cloud-cluster=lkc-1");
    let mut bind = |principal: &str, role: &str, pattern: &str| {
        let body = json!({ "principal": principal, "role_name": role, "crn_pattern": pattern });
        world.post("/iam/v2/role-bindings", &body).status
    };
    let principal = format!("User:{account}");
    assert_eq!(bind(&principal, "DeveloperRead", &cluster), 400, "trap 16");
    assert_eq!(bind(&principal, "CloudClusterAdmin", &format!("{cluster}/kafka=lkc-1")), 400);
    assert_eq!(bind(&account, "CloudClusterAdmin", &cluster), 400);
    assert_eq!(bind("User:sa-none", "CloudClusterAdmin", &cluster), 400);
    let topic = format!("{cluster}/kafka=lkc-1/topic=a:b");
    assert_eq!(bind(&principal, "DeveloperRead", &topic), 201);
    assert_eq!(bind(&principal, "DeveloperRead", &topic.replace("a:b", "a%3Ab")), 409, "the same tuple");
}

#[test]
fn bindings_are_listed_by_pattern_and_deleted_with_their_body() {
    let mut world = World::with(Config { encoded_crns: true, ..Config::default() });
    let account = world.account("app");
    let organization = world.service.config().organization.clone();
    let pattern = format!(
        "crn://confluent.cloud/organization={organization}/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=a:b"
    );
    let body = json!({ "principal": format!("User:{account}"), "role_name": "DeveloperRead", "crn_pattern": pattern });
    let made = world.post("/iam/v2/role-bindings", &body).ok();
    assert!(made["crn_pattern"].as_str().unwrap().ends_with("topic=a%3Ab"), "trap 17");
    assert_eq!(world.get("/iam/v2/role-bindings").status, 400);
    let path = |pattern: &str| format!("/iam/v2/role-bindings?crn_pattern={}", wire::encoded(pattern));
    assert_eq!(world.all(&path(&pattern)).len(), 1);
    assert_eq!(world.all(&path("crn://confluent.cloud/organization=*")).len(), 1);
    assert_eq!(world.all(&path("crn://confluent.cloud/organization=x")).len(), 0);
    let deleted = world.delete(&format!("/iam/v2/role-bindings/{}", id(&made)));
    assert_eq!((deleted.status, id(&deleted.body)), (200, id(&made)));
}

#[test]
fn pools_live_under_their_provider_and_their_tokens_open_things() {
    let config = Config { tokens: vec!["external".to_owned()], ..Config::default() };
    let mut world = World::with(config);
    let provider = json!({ "display_name": "idp", "description": "d", "issuer": "https://i", "jwks_uri": "https://i/keys" });
    let provider = id(&world.post("/iam/v2/identity-providers", &provider).ok());
    let pools = format!("/iam/v2/identity-providers/{provider}/identity-pools");
    let pool =
        json!({ "display_name": "p", "description": "d", "identity_claim": "claims.sub", "filter": "true" });
    let pool = world.post(&pools, &pool).ok();
    assert!(pool["metadata"]["self"].as_str().unwrap().ends_with(&format!("{pools}/{}", id(&pool))));
    assert_eq!(world.all(&pools).len(), 1);
    assert_eq!(
        world.get(&format!("/iam/v2/identity-providers/op-none/identity-pools/{}", id(&pool))).status,
        404
    );
    let jwks = format!("/iam/v2/identity-providers/{provider}/jwks");
    assert_eq!(world.patch(&jwks, &json!({})).status, 200);

    world.authorization = None;
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=external&identity_pool_id={}&expires_in=60",
        id(&pool)
    );
    let token = world.send("POST", "/sts/v1/oauth2/token", "application/x-www-form-urlencoded", &form).ok();
    world.authorization = Some(format!("Bearer {}", token["access_token"].as_str().unwrap()));
    assert_eq!(world.get("/org/v2/environments").status, 200);
    world.wait(60_000);
    assert_eq!(world.get("/org/v2/environments").status, 401, "it has ended");
}

#[test]
fn an_issuer_may_be_patched_in_vain() {
    let mut world = World::with(Config { issuer_stays: true, ..Config::default() });
    let provider = json!({ "display_name": "idp", "description": "d", "issuer": "https://i", "jwks_uri": "https://i/keys" });
    let provider = id(&world.post("/iam/v2/identity-providers", &provider).ok());
    let path = format!("/iam/v2/identity-providers/{provider}");
    let changed = world.patch(&path, &json!({ "issuer": "https://new", "display_name": "new" })).ok();
    assert_eq!(
        (&changed["issuer"], &changed["display_name"]),
        (&json!("https://i"), &json!("new")),
        "trap 72"
    );
}
