//! One walk through every operation: each succeeds with a status of the table.

use super::coverage::{expected, filled};
use super::*;
use http::Method;

/// A world, and the credentials of the plane that is walked.
struct Walk {
    world: World,
    key: Option<(String, String)>,
}

impl Walk {
    #[track_caller]
    fn call(&mut self, method: &str, path: &str, body: &Json) -> Json {
        let content = if method == "PATCH" && body.is_array() {
            "application/json-patch+json"
        } else {
            "application/json"
        };
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let got = match self.key.clone() {
            Some(key) => self.world.as_key(&key, |world| world.send(method, path, content, &text)),
            None => self.world.send(method, path, content, &text),
        };
        assert!((200..300).contains(&got.status), "{method} {path}: {} {}", got.status, got.body);
        got.body
    }
    #[track_caller]
    fn get(&mut self, path: &str) -> Json {
        self.call("GET", path, &Json::Null)
    }
    #[track_caller]
    fn delete(&mut self, path: &str) -> Json {
        self.call("DELETE", path, &Json::Null)
    }
    /// Creates, reads, lists and changes a plain object; returns its id.
    #[track_caller]
    fn plain(&mut self, path: &str, query: &str, body: &Json, patch: &Json) -> String {
        let id = id(&self.call("POST", path, body));
        self.world.wait(10_000);
        self.get(&format!("{path}/{id}{query}"));
        self.get(&format!("{path}{query}"));
        if !patch.is_null() {
            self.call("PATCH", &format!("{path}/{id}"), patch);
        }
        id
    }
}

#[test]
fn every_operation_succeeds_with_its_status() {
    let world = World::with(Config { tokens: vec!["external".to_owned()], ..Config::default() });
    let mut walk = Walk { world, key: None };
    let organization = walk.world.service.config().organization.clone();
    let user = walk.world.service.config().user.clone();

    // The organization and its identities.
    walk.get("/org/v2/organizations");
    let path = format!("/org/v2/organizations/{organization}");
    walk.get(&path);
    walk.call("PATCH", &path, &json!({ "display_name": "o" }));
    let rename = json!({ "display_name": "new" });
    let environment = walk.plain("/org/v2/environments", "", &json!({ "display_name": "e" }), &rename);
    let of = format!("?environment={environment}");
    let inside = json!({ "id": environment });
    let account = walk.plain("/iam/v2/service-accounts", "", &json!({ "display_name": "a" }), &rename);
    walk.get("/iam/v2/users");
    walk.get(&format!("/iam/v2/users/{user}"));
    walk.call("PATCH", &format!("/iam/v2/users/{user}"), &json!({ "full_name": "F" }));
    let key = json!({ "spec": { "display_name": "k", "owner": { "id": account } } });
    let key = walk.plain("/iam/v2/api-keys", "", &key, &json!({ "spec": { "description": "d" } }));
    walk.delete(&format!("/iam/v2/api-keys/{key}"));
    let pattern = format!("crn://confluent.cloud/organization={organization}");
    let binding = json!({ "principal": format!("User:{account}"), "role_name": "OrganizationAdmin", "crn_pattern": pattern });
    let query = format!("?crn_pattern={}", wire::encoded(&pattern));
    let binding = walk.plain("/iam/v2/role-bindings", &query, &binding, &Json::Null);
    walk.delete(&format!("/iam/v2/role-bindings/{binding}"));
    let provider = json!({ "display_name": "p", "description": "d", "issuer": "i", "jwks_uri": "j" });
    let provider = walk.plain("/iam/v2/identity-providers", "", &provider, &rename);
    walk.call("PATCH", &format!("/iam/v2/identity-providers/{provider}/jwks"), &json!({}));
    let pools = format!("/iam/v2/identity-providers/{provider}/identity-pools");
    let pool = json!({ "display_name": "p", "description": "d", "identity_claim": "c", "filter": "f" });
    let pool = walk.plain(&pools, "", &pool, &rename);
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=external&identity_pool_id={pool}"
    );
    walk.world.send("POST", "/sts/v1/oauth2/token", "application/x-www-form-urlencoded", &form).ok();
    walk.delete(&format!("{pools}/{pool}"));
    walk.delete(&format!("/iam/v2/identity-providers/{provider}"));
    let mapping = json!({ "display_name": "g", "description": "d", "filter": "f" });
    let mapping = walk.plain("/iam/v2/sso/group-mappings", "", &mapping, &rename);
    walk.delete(&format!("/iam/v2/sso/group-mappings/{mapping}"));
    let group = json!({ "group_name": "g", "cidr_blocks": ["10.0.0.0/8"] });
    let group = walk.plain("/iam/v2/ip-groups", "", &group, &json!({ "group_name": "h" }));
    walk.delete(&format!("/iam/v2/ip-groups/{group}"));

    // Provider integrations and encryption keys.
    let config = json!({ "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn" });
    let body = json!({ "display_name": "i", "provider": "AWS", "config": config, "environment": inside });
    let first = walk.plain("/pim/v1/integrations", &of, &body, &Json::Null);
    walk.delete(&format!("/pim/v1/integrations/{first}{of}"));
    let patch = json!({ "environment": inside, "config": config });
    let second = walk.plain("/pim/v2/integrations", &of, &body, &patch);
    walk.call("POST", "/pim/v2/integrations:validate", &json!({ "id": second, "environment": inside }));
    walk.delete(&format!("/pim/v2/integrations/{second}{of}"));
    let byok = json!({ "key": { "kind": "AwsKey", "key_arn": "arn" } });
    let byok = walk.plain("/byok/v1/keys", "", &byok, &rename);
    walk.delete(&format!("/byok/v1/keys/{byok}"));

    // Networks.
    let spec = |more: Json| {
        let mut body = json!({ "spec": { "display_name": "n", "environment": inside } });
        json_patch::merge(&mut body, &json!({ "spec": more }));
        body
    };
    let rename = spec(json!({ "display_name": "new" }));
    let place = json!({ "cloud": "AWS", "region": "us-east-1" });
    let mut network = place.clone();
    paths::set(&mut network, "connection_types", json!(["PEERING"]));
    let network = walk.plain("/networking/v1/networks", &of, &spec(network), &rename);
    let mut children = Vec::new();
    for (path, cloud) in [
        ("peerings", "AwsPeering"),
        ("private-link-accesses", "AwsPrivateLinkAccess"),
        ("transit-gateway-attachments", "AwsTransitGatewayAttachment"),
    ] {
        let body = spec(json!({ "network": { "id": network }, "cloud": { "kind": cloud } }));
        let path = format!("/networking/v1/{path}");
        let child = walk.plain(&path, &of, &body, &rename);
        children.push(format!("{path}/{child}{of}"));
    }
    let service = spec(json!({ "network": { "id": network } }));
    let service = walk.plain("/networking/v1/network-link-services", &of, &service, &rename);
    let endpoint = spec(json!({ "network": { "id": network }, "network_link_service": { "id": service } }));
    let endpoint = walk.plain("/networking/v1/network-link-endpoints", &of, &endpoint, &rename);
    children.push(format!("/networking/v1/network-link-endpoints/{endpoint}{of}"));
    children.push(format!("/networking/v1/network-link-services/{service}{of}"));
    let attachment =
        walk.plain("/networking/v1/private-link-attachments", &of, &spec(place.clone()), &rename);
    let connection = spec(
        json!({ "private_link_attachment": { "id": attachment }, "cloud": { "kind": "AwsPrivateLinkAttachmentConnection" } }),
    );
    let path = "/networking/v1/private-link-attachment-connections";
    let connection = walk.plain(path, &of, &connection, &rename);
    children.push(format!("{path}/{connection}{of}"));
    let gateway = spec(json!({ "config": { "kind": "AwsPeeringGatewaySpec" } }));
    let gateway = walk.plain("/networking/v1/gateways", &of, &gateway, &rename);
    for (path, config) in [
        ("access-points", json!({ "config": { "kind": "AwsEgressPrivateLinkEndpoint" } })),
        (
            "dns-records",
            json!({ "domain": "d", "config": { "kind": "PrivateLinkAccessPoint", "resource_id": "ap" } }),
        ),
        ("dns-forwarders", json!({ "domains": ["d"], "config": { "kind": "ForwardViaIp" } })),
    ] {
        let mut more = config;
        paths::set(&mut more, "gateway", json!({ "id": gateway }));
        let path = format!("/networking/v1/{path}");
        let child = walk.plain(&path, &of, &spec(more), &rename);
        children.push(format!("{path}/{child}{of}"));
    }
    for child in &children {
        walk.delete(child);
    }
    walk.world.wait(10_000);
    walk.delete(&format!("/networking/v1/gateways/{gateway}{of}"));
    walk.delete(&format!("/networking/v1/private-link-attachments/{attachment}{of}"));
    walk.delete(&format!("/networking/v1/networks/{network}{of}"));

    // A cluster and its data plane.
    let mut cluster = place.clone();
    paths::set(&mut cluster, "config", json!({ "kind": "Dedicated", "cku": 1 }));
    let cluster = walk.plain("/cmk/v2/clusters", &of, &spec(cluster), &rename);
    let quota = spec(json!({ "cluster": { "id": cluster }, "principals": [{ "id": account }],
        "throughput": { "ingress_byte_rate": "1", "egress_byte_rate": "1" } }));
    let query = format!("{of}&spec.cluster={cluster}");
    let quota = walk.plain("/kafka-quotas/v1/client-quotas", &query, &quota, &rename);
    walk.delete(&format!("/kafka-quotas/v1/client-quotas/{quota}"));
    walk.key = Some(walk.world.key(&json!({ "id": cluster })));
    let kafka = format!("/kafka/v3/clusters/{cluster}");
    let topics = format!("{kafka}/topics");
    let set = json!({ "value": "5" });
    let alter = |name: &str, value: &str| json!({ "data": [{ "name": name, "value": value }] });
    walk.call("POST", &topics, &json!({ "topic_name": "t" }));
    walk.call("PATCH", &format!("{topics}/t"), &json!({ "partitions_count": 9 }));
    walk.call("POST", &format!("{topics}/t/configs:alter"), &alter("retention.ms", "1"));
    walk.call("PUT", &format!("{topics}/t/configs/retention.ms"), &set);
    walk.call("POST", &format!("{topics}/t/records"), &json!({}));
    for rest in [
        "",
        "/t",
        "/t/configs",
        "/-/configs",
        "/t/configs/retention.ms",
        "/t/default-configs",
        "/t/partitions",
        "/t/partitions/0",
    ] {
        walk.get(&format!("{topics}{rest}"));
    }
    walk.delete(&format!("{topics}/t/configs/retention.ms"));
    walk.delete(&format!("{topics}/t"));
    let acl = json!({ "resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL", "principal": "User:*",
        "host": "*", "operation": "READ", "permission": "ALLOW" });
    walk.call("POST", &format!("{kafka}/acls"), &acl);
    walk.call("POST", &format!("{kafka}/acls:batch"), &json!({ "data": [acl] }));
    walk.get(&format!("{kafka}/acls"));
    walk.delete(&format!(
        "{kafka}/acls?resource_type=TOPIC&pattern_type=LITERAL&operation=READ&permission=ALLOW"
    ));
    walk.call("POST", &format!("{kafka}/broker-configs:alter"), &alter("num.partitions", "3"));
    walk.call("PUT", &format!("{kafka}/broker-configs/num.partitions"), &set);
    walk.get(&format!("{kafka}/broker-configs"));
    walk.get(&format!("{kafka}/broker-configs/num.partitions"));
    walk.delete(&format!("{kafka}/broker-configs/num.partitions"));
    walk.call("POST", &format!("{kafka}/links?link_name=l"), &json!({ "source_cluster_id": "lkc-x" }));
    let link = format!("{kafka}/links/l");
    walk.call("POST", &format!("{link}/mirrors"), &json!({ "source_topic_name": "m" }));
    for verb in ["pause", "resume", "promote", "failover"] {
        walk.call("POST", &format!("{link}/mirrors:{verb}"), &json!({ "mirror_topic_names": ["m"] }));
    }
    walk.call("PUT", &format!("{link}/configs:alter"), &alter("acl.sync.ms", "1"));
    walk.call("PUT", &format!("{link}/configs/acl.sync.ms"), &set);
    for path in [
        "/links",
        "/links/-/mirrors",
        "/links/l",
        "/links/l/configs",
        "/links/l/configs/acl.sync.ms",
        "/links/l/mirrors",
        "/links/l/mirrors/m",
    ] {
        walk.get(&format!("{kafka}{path}"));
    }
    walk.delete(&format!("{link}/configs/acl.sync.ms"));
    walk.delete(&format!("{link}?force=true"));

    // Connectors.
    walk.key = None;
    let connect = format!("/connect/v1/environments/{environment}/clusters/{cluster}");
    let config = json!({ "name": "c", "connector.class": "DatagenSource", "kafka.auth.mode": "SERVICE_ACCOUNT", "kafka.service.account.id": account });
    walk.get(&format!("{connect}/connector-plugins"));
    walk.call("PUT", &format!("{connect}/connector-plugins/DatagenSource/config/validate"), &config);
    let connectors = format!("{connect}/connectors");
    walk.call("POST", &connectors, &json!({ "name": "c", "config": config }));
    walk.world.wait(10_000);
    walk.call("PUT", &format!("{connectors}/c/config"), &config);
    walk.world.wait(10_000);
    walk.call("PUT", &format!("{connectors}/c/pause"), &Json::Null);
    walk.call("PUT", &format!("{connectors}/c/resume"), &Json::Null);
    walk.call("POST", &format!("{connectors}/c/restart"), &Json::Null);
    walk.call("POST", &format!("{connectors}/c/offsets/request"), &json!({ "type": "PATCH", "offsets": [] }));
    for rest in [
        "",
        "?expand=info,status,id",
        "/c",
        "/c/config",
        "/c/status",
        "/c/tasks",
        "/c/offsets",
        "/c/offsets/request/status",
    ] {
        walk.get(&format!("{connectors}{rest}"));
    }
    walk.delete(&format!("{connectors}/c"));

    // The Schema Registry.
    let registry = id(&walk.get(&format!("/srcm/v3/clusters{of}"))["data"][0]);
    walk.get(&format!("/srcm/v3/clusters/{registry}{of}"));
    walk.key = Some(walk.world.key(&json!({ "id": registry })));
    let schema = json!({ "schema": "\"string\"" });
    walk.call("POST", "/subjects/s/versions", &schema);
    walk.call("POST", "/subjects/s", &schema);
    walk.call("POST", "/compatibility/subjects/s/versions", &schema);
    walk.call("POST", "/compatibility/subjects/s/versions/1", &schema);
    let number = walk.get("/subjects/s/versions/1")["id"].to_string();
    for path in [
        "/subjects",
        "/subjects/s/metadata",
        "/subjects/s/versions",
        "/subjects/s/versions/1/schema",
        "/subjects/s/versions/1/referencedby",
        "/schemas",
        "/schemas/types",
        "/contexts",
        "/clusterconfig",
        "/config",
        "/mode",
    ] {
        walk.get(path);
    }
    for rest in ["", "/schema", "/subjects", "/versions"] {
        walk.get(&format!("/schemas/ids/{number}{rest}"));
    }
    for path in ["/config", "/config/s"] {
        walk.call("PUT", path, &json!({ "compatibility": "FULL" }));
    }
    for path in ["/mode", "/mode/s"] {
        walk.call("PUT", path, &json!({ "mode": "READWRITE" }));
    }
    for path in ["/config/s", "/mode/s"] {
        walk.get(path);
    }
    for path in ["/config", "/config/s", "/mode/s", "/subjects/s/versions/1", "/subjects/s?permanent=true"] {
        walk.delete(path);
    }
    walk.call("POST", "/exporters", &json!({ "name": "e", "config": {} }));
    walk.call("PUT", "/exporters/e/resume", &Json::Null);
    walk.call("PUT", "/exporters/e/pause", &Json::Null);
    walk.call("PUT", "/exporters/e/reset", &Json::Null);
    walk.call("PUT", "/exporters/e", &json!({}));
    walk.call("PUT", "/exporters/e/config", &json!({}));
    for path in ["/exporters", "/exporters/e", "/exporters/e/config", "/exporters/e/status"] {
        walk.get(path);
    }
    walk.delete("/exporters/e");
    for (definitions, mark) in [("tagdefs", "tags"), ("businessmetadatadefs", "businessmetadata")] {
        let path = format!("/catalog/v1/types/{definitions}");
        walk.call("POST", &path, &json!([{ "name": "M" }]));
        walk.call("PUT", &path, &json!([{ "name": "M", "description": "d" }]));
        walk.world.wait(10_000);
        walk.get(&path);
        walk.get(&format!("{path}/M"));
        let binding = json!([{ "typeName": "M", "entityType": "cf_environment", "entityName": environment }]);
        walk.call("POST", &format!("/catalog/v1/entity/{mark}"), &binding);
        walk.call("PUT", &format!("/catalog/v1/entity/{mark}"), &binding);
        let entity = format!("/catalog/v1/entity/type/cf_environment/name/{environment}/{mark}");
        walk.get(&entity);
        walk.delete(&format!("{entity}/M"));
        walk.delete(&format!("{path}/M"));
    }

    // Flink.
    walk.key = None;
    walk.get("/fcpm/v2/regions");
    walk.get("/fcpm/v2/compute-pool-config");
    walk.call("PATCH", "/fcpm/v2/compute-pool-config", &json!({ "spec": {} }));
    let mut pool = place;
    paths::set(&mut pool, "max_cfu", json!(5));
    let pool = walk.plain("/fcpm/v2/compute-pools", &of, &spec(pool), &rename);
    let region = json!({ "id": "aws.us-east-1", "api_version": "fcpm/v2", "kind": "Region", "environment": environment });
    walk.key = Some(walk.world.key(&region));
    let statements = format!("/sql/v1/organizations/{organization}/environments/{environment}/statements");
    walk.call(
        "POST",
        &statements,
        &json!({ "name": "s", "spec": { "statement": "SELECT 1", "compute_pool_id": pool } }),
    );
    let statement = walk.get(&format!("{statements}/s"));
    walk.call("PUT", &format!("{statements}/s"), &statement);
    walk.call(
        "PATCH",
        &format!("{statements}/s"),
        &json!([{ "op": "add", "path": "/spec/stopped", "value": true }]),
    );
    for rest in ["", "/s/results", "/s/exceptions"] {
        walk.get(&format!("{statements}{rest}"));
    }
    walk.delete(&format!("{statements}/s"));
    walk.key = None;
    walk.delete(&format!("/fcpm/v2/compute-pools/{pool}{of}"));
    walk.delete(&format!("/cmk/v2/clusters/{cluster}{of}"));
    walk.delete(&format!("/iam/v2/service-accounts/{account}"));
    walk.delete(&format!("/org/v2/environments/{environment}"));
    walk.delete(&format!("/iam/v2/users/{user}"));

    let history = walk.world.service.history();
    for row in expected() {
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let wanted = filled(row.path);
        let statuses: Vec<u16> = history
            .iter()
            .filter(|exchange| exchange.plane == row.class && exchange.method == row.method)
            .filter(|exchange| {
                routes::find(row.class, &method, &exchange.path)
                    .is_ok_and(|found| filled(&found.route.path) == wanted)
            })
            .map(|exchange| exchange.status)
            .collect();
        let fits = statuses.iter().any(|status| row.codes.contains(status));
        assert!(fits, "{} {}: {statuses:?}, not {:?}", row.method, row.path, row.codes);
    }
    assert!(walk.world.service.objects().all(|held| held.resource == "organization"), "nothing is left");
}
