//! Definitions and emulator were written apart, from the same facts: here they are held against each other, both ways.
//! What differs stands in a list with its reason, and a reason that is no longer needed fails too.

use http::Method;
use stack_catalog::rest::form::{PagingKind, Property};
use stack_catalog::rest::{Definition, Definitions, Template};
use stack_core::pointer::Pointer;
use stack_emulator::confluent::{Confluent, Described};
use std::collections::{BTreeMap, BTreeSet};

/// Requests of definitions that the emulator does not play: how they begin, and why.
const NOT_PLAYED: &[(&str, &str)] = &[
    ("(confluent.encryption_keys.key_encryption_keys)", "not of the core: canned answers only"),
    ("(confluent.iam.certificate_authorities)", "not of the core: canned answers only"),
    ("(confluent.iam.invitations)", "not of the core: canned answers only"),
    ("(confluent.ksqldb_clusters.clusters)", "not of the core: canned answers only"),
    ("(confluent.tableflow.topics)", "not of the core: canned answers only"),
];

/// Operations that no definition uses: how they begin, and why.
const NOT_DEFINED: &[(&str, &str)] = &[
    // Issued by people or by other programs, with nothing to keep in a manifest.
    ("GET /schemas/ids/", "a look into the registry by number"),
    ("GET /subjects/{subject}/versions/{version}/schema", "the bare text of what the version shows"),
    (
        "GET /sql/v1/organizations/{organization_id}/environments/{environment_id}/statements/{statement_name}/results",
        "results of a query",
    ),
    (
        "GET /kafka/v3/clusters/{cluster_id}/consumer-groups",
        "the probe of a young key; groups come by themselves",
    ),
    (
        "GET /kafka/v3/clusters/{cluster_id}/topics/{topic_name}/partitions/{partition_id}",
        "the list of partitions shows it",
    ),
    ("GET /kafka/v3/clusters/{cluster_id}/links/-/mirrors", "mirrors are listed by link"),
    ("POST /kafka/v3/clusters/{cluster_id}/topics/{topic_name}/records", "data"),
    ("POST /kafka/v3/clusters/{cluster_id}/acls:batch", "ACLs are made one by one: each has its own answer"),
    ("POST /kafka/v3/clusters/{cluster_id}/broker-configs:alter", "one config at a time is PUT"),
    (
        "POST /kafka/v3/clusters/{cluster_id}/links/{link_name}/mirrors:failover",
        "losing data is for people to decide (trap 46)",
    ),
    ("POST /compatibility/", "a check; the registry makes it at every new version"),
    ("POST /subjects/{subject} ", "the look-up of a text: schemas are compared as documents (trap 59)"),
    ("POST /pim/v2/integrations:validate", "a check once the cloud has granted (section 13)"),
    ("POST /sts/v1/oauth2/token", "a credential, no resource"),
    ("PATCH /iam/v2/identity-providers/{id}/jwks", "an action, nothing to compare"),
    ("PATCH /sql/v1/", "the PUT of the statement does the same (section 9)"),
    ("GET /service_accounts", "undocumented; ACLs are asked for with UserV2 (section 11)"),
    ("GET /users (", "undocumented, as the one above"),
    // Two ways to the same: the other one is used.
    (
        "GET /connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}/connectors/{connector_name} ",
        "only the expanded list has the id",
    ),
    (
        "GET /connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}/connectors/{connector_name}/config",
        "the expanded list shows it",
    ),
    ("GET /exporters/{name}/config", "the exporter shows it"),
    ("PUT /exporters/{name}/config", "the PUT of the exporter does the same"),
    // Sub-resources and verbs beyond the core.
    ("PUT /exporters/{name}/reset", "an action, nothing to compare"),
    (
        "POST /connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}/connectors/{connector_name}/offsets/request",
        "an action",
    ),
    (
        "GET /connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}/connectors/{connector_name}/offsets/request/status",
        "its state",
    ),
    (
        "PUT /connect/v1/environments/{environment_id}/clusters/{kafka_cluster_id}/connector-plugins/",
        "a check that makes nothing",
    ),
    ("DELETE /kafka/v3/clusters/{cluster_id}/links/{link_name}/configs/", "configs belong to their link"),
    (
        "GET /kafka/v3/clusters/{cluster_id}/links/{link_name}/configs/{config_name}",
        "configs belong to their link",
    ),
    (
        "PUT /kafka/v3/clusters/{cluster_id}/links/{link_name}/configs/{config_name}",
        "configs belong to their link",
    ),
    // Not of the core: no resource yet.
    ("DELETE /catalog/v1/entity/", "bindings of the catalog"),
    ("GET /catalog/v1/entity/", "bindings of the catalog"),
    ("POST /catalog/v1/entity/", "bindings of the catalog"),
    ("PUT /catalog/v1/entity/", "bindings of the catalog"),
    ("DELETE /catalog/v1/types/businessmetadatadefs", "business metadata"),
    ("GET /catalog/v1/types/businessmetadatadefs", "business metadata"),
    ("POST /catalog/v1/types/businessmetadatadefs", "business metadata"),
    ("PUT /catalog/v1/types/businessmetadatadefs", "business metadata"),
    ("DELETE /config (", "the registry's own settings: one for all subjects"),
    ("GET /config (", "the registry's own settings"),
    ("PUT /config (", "the registry's own settings"),
    ("GET /mode (", "the registry's own settings"),
    ("PUT /mode (", "the registry's own settings"),
    ("GET /clusterconfig", "the registry's own settings"),
    ("GET /fcpm/v2/compute-pool-config", "one setting of the organization"),
    ("PATCH /fcpm/v2/compute-pool-config", "one setting of the organization"),
];

/// Differences in what is checked: how they begin, and why.
const DIFFERS: &[(&str, &str)] = &[(
    "kafka_cluster: spec.availability cannot change here",
    "a change of it is a new cluster in Terraform, and is refused (section 9)",
)];

/// One request that a definition makes.
#[derive(Debug)]
struct Request {
    class: &'static str,
    method: String,
    /// Every variable is `x`.
    path: String,
    /// Parameters that it always has.
    queries: BTreeSet<String>,
    ty: String,
}

#[expect(clippy::panic, reason = "a class that nobody compares is a failed test")]
fn class_of(class: &str) -> &'static str {
    match class {
        "schema_registry" => "sr",
        "kafka" => "kafka",
        "flink" => "flink",
        // Tableflow is on the control host.
        "control" | "tableflow" => "control",
        other => panic!("a new endpoint class: {other}"),
    }
}

fn filled(template: &Template) -> String {
    template.fill(|_| Some("x".to_owned()), str::to_owned).expect("every variable is filled")
}

/// The paths of the emulator in the same form.
fn plain(path: &str) -> String {
    let segment = |segment: &str| match (segment.find('{'), segment.find('}')) {
        (Some(from), Some(to)) => format!("{}x{}", &segment[..from], &segment[to + 1..]),
        _ => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn confluent() -> impl Iterator<Item = &'static Definition> {
    let all = Definitions::embedded().iter().map(AsRef::as_ref);
    all.filter(|definition: &&Definition| definition.provider == "confluent")
}

fn requests(definition: &Definition) -> Vec<Request> {
    let resource = &definition.resource;
    let mut all = Vec::new();
    let mut add = |method: &str, path: &Template, queries: Vec<&String>| {
        all.push(Request {
            class: class_of(&definition.class),
            method: method.to_owned(),
            path: filled(path),
            queries: queries.into_iter().cloned().collect(),
            ty: definition.ty.to_string(),
        });
    };
    if let Some(create) = &resource.create {
        add(create.method.map_or("POST", |m| m.wire()), &create.path, create.query.keys().collect());
    }
    if let Some(read) = &resource.read {
        add("GET", &read.path, read.query.keys().collect());
        for part in &read.parts {
            add("GET", &part.path, part.query.keys().collect());
        }
    }
    if let Some(list) = &resource.list {
        add("GET", &list.path, list.query.keys().collect());
        for part in &list.parts {
            add("GET", &part.path, part.query.keys().collect());
        }
    }
    if let Some(update) = &resource.update {
        for step in &update.steps {
            add(step.method.wire(), &step.path, step.query.keys().collect());
        }
        for verb in update.before.iter().chain(&update.after) {
            add(verb.method.wire(), &verb.path, Vec::new());
        }
    }
    if let Some(delete) = &resource.delete {
        add(delete.method.map_or("DELETE", |m| m.wire()), &delete.path, delete.query.keys().collect());
        for verb in &delete.before {
            add(verb.method.wire(), &verb.path, Vec::new());
        }
    }
    all
}

/// Takes away what has a reason; what is left has none, and reasons that nothing needed are told too.
fn unexplained(found: BTreeSet<String>, reasons: &[(&str, &str)]) -> Vec<String> {
    // By the beginning, or by the type at the end.
    let explains = |reason: &str, told: &str| told.starts_with(reason) || told.ends_with(reason);
    let idle = reasons.iter().filter(|(reason, _)| !found.iter().any(|told| explains(reason, told)));
    let idle: Vec<String> = idle.map(|(reason, _)| format!("no longer needed: {reason}")).collect();
    let left = found.iter().filter(|told| !reasons.iter().any(|(reason, _)| explains(reason, told)));
    left.cloned().chain(idle).collect()
}

#[test]
fn every_request_of_the_definitions_is_played_and_has_the_parameters_that_are_needed() {
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for request in confluent().flat_map(requests) {
        let Request { class, method, path, queries, ty } = request;
        let verb = Method::from_bytes(method.as_bytes()).expect("a method");
        if Confluent::operation_of(class, &verb, &path).is_none() {
            found.insert(format!("{method} {path} ({ty})"));
            continue;
        }
        let fits = |pattern: &str| {
            let (wanted, own) = (pattern.split('/'), path.split('/'));
            wanted.clone().count() == own.clone().count()
                && wanted.zip(own).all(|(wanted, own)| wanted.starts_with('{') || wanted == own)
        };
        let operations = Confluent::operations();
        let same =
            operations.iter().filter(|one| one.class == class && one.method == method && fits(&one.path));
        // A literal segment goes before a variable, as in the emulator.
        let literal = |one: &&stack_emulator::confluent::Operation| {
            one.path.split('/').filter(|s| !s.starts_with('{')).count()
        };
        let played = same.max_by_key(literal).expect("the same path");
        for need in &played.needs {
            if !queries.contains(*need) {
                found.insert(format!("{method} {path} ({ty}) lacks {need}"));
            }
        }
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
    let left = unexplained(found, NOT_PLAYED);
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn every_operation_of_the_emulator_is_used_by_a_definition() {
    let used: BTreeSet<(&str, String, String)> =
        confluent().flat_map(requests).map(|request| (request.class, request.method, request.path)).collect();
    let operations = Confluent::operations();
    assert!(operations.len() > 200, "{}", operations.len());
    let unused = operations
        .iter()
        .filter(|one| !used.contains(&(one.class, one.method.to_owned(), plain(&one.path))))
        .map(|one| format!("{} {} ({})", one.method, one.path, one.resource))
        .collect();
    let left = unexplained(unused, NOT_DEFINED);
    assert!(left.is_empty(), "{left:#?}");
}

/// Settable members with their dotted paths in bodies, and whether they are required and whether they cannot change.
fn members(definition: &Definition) -> BTreeMap<String, (bool, bool, Vec<String>)> {
    fn walk(
        name: &str,
        outer: &str,
        (required, fixed): (bool, bool),
        property: &Property,
        out: &mut BTreeMap<String, (bool, bool, Vec<String>)>,
    ) {
        if property.read_only || property.in_body == Some(false) {
            return;
        }
        let own = property.at.as_deref().unwrap_or(name);
        let path = if outer.is_empty() { own.to_owned() } else { format!("{outer}.{own}") };
        let (required, fixed) = (required && property.required, fixed || property.immutable);
        if property.properties.is_empty() {
            let texts =
                property.choices.iter().filter_map(|choice| choice.as_str().map(str::to_owned)).collect();
            out.insert(path.clone(), (required, fixed, texts));
        }
        for (name, member) in &property.properties {
            walk(name, &path, (required, fixed), member, out);
        }
    }
    let mut out = BTreeMap::new();
    for (name, property) in &definition.resource.properties {
        let at = Pointer::of([name.as_str()]);
        let fixed = definition.schema().create_only_properties.covers(&at);
        walk(name, "", (true, fixed), property, &mut out);
    }
    out
}

fn differences(definition: &Definition, kind: &Described) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(format!("{}: {what}", kind.resource));
    let resource = &definition.resource;
    let has_bodies = kind.statuses.0 > 0 || kind.patch;
    let ours = if has_bodies { members(definition) } else { BTreeMap::new() };
    let at = |name: &str, property: &Property| property.at.clone().unwrap_or_else(|| name.to_owned());
    // We find it again by these: they are needed although the service does without.
    let natural: Vec<String> =
        resource.natural_key.iter().map(|name| at(name, &resource.properties[name])).collect();
    let open: Vec<String> = resource
        .properties
        .iter()
        .filter(|(_, p)| p.open)
        .map(|(name, p)| format!("{}.", at(name, p)))
        .collect();
    let is_inside = |path: &str, all: &[&str]| all.iter().any(|one| path.starts_with(&format!("{one}.")));
    if resource.create.is_some() != (kind.statuses.0 > 0) {
        say(format!("create here {}, there {}", resource.create.is_some(), kind.statuses.0));
    }
    if resource.delete.is_some() != (kind.statuses.1 > 0) {
        say(format!("delete here {}, there {}", resource.delete.is_some(), kind.statuses.1));
    }
    let patches = resource
        .update
        .as_ref()
        .is_some_and(|update| update.steps.iter().any(|step| step.method.wire() == "PATCH"));
    if patches != kind.patch {
        say(format!("PATCH here {patches}, there {}", kind.patch));
    }
    let paging = resource.list.as_ref().and_then(|list| list.paging.as_ref());
    if paging
        .is_none_or(|paging| paging.kind != PagingKind::Url || paging.param.as_deref() != Some("page_token"))
    {
        say(format!("paging {paging:?}"));
    }
    for (path, (required, fixed, texts)) in &ours {
        if !kind.members.contains(&path.as_str()) {
            if !is_inside(path, &kind.members) {
                say(format!("takes {path}, which is ignored there"));
            }
            continue;
        }
        if *required && !natural.contains(path) && !kind.required.contains(&path.as_str()) {
            say(format!("needs {path}, which is optional there"));
        }
        if kind.patch && *fixed && !kind.fixed.contains(&path.as_str()) {
            say(format!("{path} cannot change here, and can there"));
        }
        if kind.patch && !*fixed && kind.fixed.contains(&path.as_str()) {
            say(format!("{path} can change here, and cannot there"));
        }
        let there = kind.values.iter().find(|(one, _)| one == path).map(|(_, values)| *values);
        for text in texts {
            if there.is_some_and(|values| !values.iter().any(|value| value.eq_ignore_ascii_case(text))) {
                say(format!("{path} takes {text}, which is refused there"));
            }
        }
    }
    for path in kind.members.iter().filter(|path| kind.statuses.0 > 0 && !ours.contains_key(**path)) {
        let is_outer = ours.keys().any(|own| own.starts_with(&format!("{path}.")));
        let is_known = is_outer
            || open.iter().any(|outer| path.starts_with(outer))
            || ours.keys().any(|own| path.starts_with(&format!("{own}.")));
        if !is_known {
            say(format!("does not know {path}"));
        }
    }
    for path in kind.required.iter().filter(|_| kind.statuses.0 > 0) {
        let own = ours.get(*path).map(|(required, ..)| *required);
        if own == Some(false) {
            say(format!("{path} is optional here, and needed there"));
        }
    }
    for (container, member) in kind.companions.iter().filter(|_| kind.patch) {
        let name = member.strip_prefix(&format!("{container}.")).unwrap_or(member);
        let property = resource
            .properties
            .iter()
            .find(|(name, property)| property.at.as_deref().unwrap_or(name) == *container);
        let goes_along = property.is_some_and(|(_, property)| {
            property.immutable || property.properties.get(name).is_some_and(|member| member.companion)
        });
        if !goes_along {
            say(format!("{member} does not go with a change of {container}"));
        }
    }
    if let (Some(path), true) = (kind.environment, kind.patch) {
        let property = resource
            .properties
            .iter()
            .find(|(name, property)| property.at.as_deref().unwrap_or(name) == path);
        if !property.is_some_and(|(_, property)| property.companion && property.reference) {
            say(format!("{path} does not go with every PATCH"));
        }
    }
    if !kind.unique.is_empty() && !resource.unique {
        say("is unique there, and not here".to_owned());
    }
    if resource.unique && kind.unique.is_empty() && kind.statuses.0 > 0 {
        say("is unique here, and not there".to_owned());
    }
    let ready = resource.ready.as_ref();
    if let Some((first, last, at)) = kind.phases {
        let fits = ready.is_some_and(|ready| {
            let is_pending = !ready.failed.iter().any(|phase| phase == first);
            let is_done = ready.ready.iter().chain(ready.waits_for.keys()).any(|phase| phase == last);
            ready.at == at && is_pending && is_done
        });
        if !fits {
            say(format!(
                "phases {first} to {last} at {at}, here {:?}",
                ready.map(|ready| (&ready.at, &ready.ready))
            ));
        }
    }
    found
}

#[test]
fn bodies_are_checked_as_they_are_described() {
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for kind in Confluent::described() {
        let path = plain(kind.path);
        let is_it = |definition: &&'static Definition| {
            definition.resource.list.as_ref().is_some_and(|list| filled(&list.path) == path)
        };
        match confluent().find(is_it) {
            Some(definition) => {
                found.extend(differences(definition, &kind));
                compared += 1;
            }
            None => {
                found.insert(format!("{}: has no definition", kind.resource));
            }
        }
    }
    assert!(compared > 25, "{compared}");
    let left = unexplained(found, DIFFERS);
    assert!(left.is_empty(), "{left:#?}");
}
