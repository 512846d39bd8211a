use super::*;
use serde_json::json;
use stack_core::pointer::Pointer;

/// A file that is right, to be spoilt.
const RIGHT: &str = r#"
provider: acme
endpoints:
  api: { url: "https://api.example", auth: { kind: bearer, token: ACME_TOKEN } }
defaults: { endpoint: api }
resources:
  - name: acme.shop.boxes
    aliases: [acme.shop.crates]
    properties:
      id: { type: string, read_only: true }
      shelf: { type: string, required: true, reference: true }
      label: { type: string, required: true, at: spec.label }
      size: { type: integer, at: spec.size, grow_only: true }
    identity: [shelf, id]
    natural_key: [shelf, label]
    create: { path: "/boxes" }
    read: { path: "/boxes/{id}", query: { shelf: "{shelf}" } }
    list: { path: "/boxes", query: { shelf: "{shelf}" }, items: data }
    update: { steps: [{ method: PATCH, path: "/boxes/{id}", body: merge }] }
    delete: { path: "/boxes/{id}", query: { shelf: "{shelf}" } }
    ready: { at: status.phase, ready: [DONE], limit: 90m }
"#;

fn of(text: &str) -> Result<Definitions, DefinitionError> {
    Definitions::from_texts([("box.yaml", text)]).map_err(|mut all| all.remove(0))
}

fn spoilt(from: &str, to: &str) -> String {
    assert!(RIGHT.contains(from), "{from}");
    of(&RIGHT.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn the_embedded_definitions_are_right() {
    let all = Definitions::embedded();
    assert!(all.iter().count() > 0);
    for (file, text) in EMBEDDED {
        let names = text.lines().filter(|line| line.contains(" name: ") || line.contains(" aliases: "));
        // They are looked for as texts first.
        assert!(
            names.clone().all(|line| !line.contains("  - name: ") || *line == line.to_lowercase()),
            "{file}"
        );
    }
    for definition in all.iter() {
        assert_eq!(all.canonical(definition.ty.as_str()), Ok(definition.ty.clone()));
        if definition.endpoint.found_in.is_some() {
            let (locator, found) = all.locator(&definition.endpoint).unwrap();
            assert!(locator.property(&found.matches).is_some() && locator.property(&found.url).is_some());
        }
        let schema = definition.schema();
        serde_json::to_value(&*schema).unwrap();
    }
}

#[test]
fn a_list_answers_for_reads_only_where_it_shows_as_much() {
    let list = "items: data }";
    let part = "parts: [{ path: \"/boxes/-/tags\", at: data, by: id, into: tags }]";
    let read = "read: { path: \"/boxes/{id}\", query: { shelf: \"{shelf}\" }";
    let richer =
        RIGHT.replace(read, &format!("{read}, parts: [{{ path: \"/boxes/{{id}}/tags\", into: tags }}]"));
    let with = |text: &str, more: &str| of(&text.replace(list, &format!("items: data, {more} }}")));
    let flag =
        |all: Definitions| all.schema(all.named("acme.shop.boxes").unwrap()).unwrap().overlay.answers_reads;
    assert!(flag(with(RIGHT, "answers_reads: true").unwrap()));
    assert!(flag(with(&richer, &format!("{part}, answers_reads: true")).unwrap()));
    assert!(!flag(with(&richer, part).unwrap()));
    let told = with(&richer, "answers_reads: true").unwrap_err().to_string();
    assert!(told.contains("reads show more than it does"), "{told}");
}

#[test]
fn what_a_definition_says_of_others_is_checked_and_becomes_facts_of_the_schema() {
    let with = |more: &str| RIGHT.replace("    ready: {", &format!("    {more}\n    ready: {{"));
    let right = with(
        "cascades: [{ resource: acme.shop.boxes, by: { shelf: id }, consent: false, except: { label: [\"_*\"] } }]",
    );
    let all = of(&right
        .replace("defaults: {", "defaults: { follows: [{ resource: acme.shop.boxes, by: { id: shelf } }],"))
    .unwrap();
    let schema = all.schema(all.named("acme.shop.boxes").unwrap()).unwrap();
    let [cascade] = schema.overlay.cascades.as_slice() else { panic!("{:?}", schema.overlay) };
    assert_eq!(
        (cascade.of.ty.as_str(), &*cascade.of.by["shelf"], cascade.consent),
        ("acme.shop.boxes", "id", false)
    );
    assert_eq!(schema.overlay.follows.len(), 1);
    for (wrong, words) in [
        (
            "cascades: [{ resource: acme.shop.crates, by: { shelf: id } }]",
            "`acme.shop.crates`, which is no resource (write its `name`, no alias)",
        ),
        ("cascades: [{ resource: acme.shop.boxes, by: {} }]", "`acme.shop.boxes` by nothing"),
        (
            "follows: [{ resource: acme.shop.boxes, by: { colour: id } }]",
            "`colour`, which `acme.shop.boxes` does not have",
        ),
        ("follows: [{ resource: acme.shop.boxes, by: { id: colour } }]", "`colour`, which is no property"),
        ("usages: users", "`usages` of `acme.shop.boxes` names `users`, which is no property"),
    ] {
        let told = of(&with(wrong)).unwrap_err().to_string();
        assert!(told.starts_with("box.yaml:21:") && told.contains(words), "{told}");
    }
}

#[test]
fn a_definition_becomes_a_schema() {
    let all = of(RIGHT).unwrap();
    let ty = all.canonical("Acme.Shop.Crates").unwrap();
    assert_eq!(ty.as_str(), "acme.shop.boxes");
    let schema = all.schema(&ty).unwrap();
    assert_eq!(schema.root.required, ["shelf", "label"]);
    assert!(schema.read_only_properties.contains(&Pointer::of(["id"])));
    assert!(!schema.is_immutable() && schema.is_provisionable());
    assert_eq!(schema.primary_identifier.len(), 2);
    let list = schema.handlers.list.as_ref().unwrap().handler_schema.as_ref().unwrap();
    assert_eq!(list.required, ["shelf"]);
    assert_eq!(schema.handlers.create.as_ref().unwrap().timeout_minutes(), 90);
    assert_eq!(schema.overlay.natural_key.len(), 2);
}

#[test]
fn columns_of_both_generations_mean_the_property() {
    let all = of(RIGHT).unwrap();
    let boxes = all.get(&"acme.shop.boxes".into()).unwrap();
    for column in ["shelf", "data__shelf", "_shelf", "SHELF"] {
        assert_eq!(boxes.property_of(column), Some("shelf"), "{column}");
    }
    assert_eq!(boxes.property_of("data__colour"), None);
}

#[test]
fn an_unknown_name_has_near_ones() {
    let unknown = of(RIGHT).unwrap().canonical("acme.shop.boxs").unwrap_err();
    assert!(unknown.near.contains(&"acme.shop.boxes".to_owned()), "{unknown:?}");
}

/// Every name of confluent-resources.tsv that has no definition is told apart from one that nobody knows.
#[test]
fn what_stackql_knows_and_nothing_describes_is_told() {
    let all = Definitions::embedded();
    let why = |name: &str| all.canonical(name).unwrap_err().why;
    assert!(why("confluent.iam.ip_filters").unwrap().contains("own-service.md"));
    assert_eq!(why("confluent.iam.ip_filtres"), None);
    let names = KNOWN_TO_STACKQL.lines().filter(|line| !line.starts_with('#'));
    let undescribed = names.clone().filter(|name| all.named(name).is_none()).count();
    assert!(undescribed > 0 && undescribed < names.count());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases = [
        (
            "grow_only: true",
            "growing: true",
            "box.yaml:13",
            "no key `growing` (docs/reference/rest-definitions.md lists",
        ),
        (
            "    read: { path: \"/boxes/{id}\"",
            "    read: { path: \"/boxes/{label}\"",
            "box.yaml:17:20",
            "`label` in `/boxes/{label}`",
        ),
        ("identity: [shelf, id]", "identity: [shelf, it]", "box.yaml:14:5", "names `it`"),
        ("natural_key: [shelf, label]", "natural_key: [name]", "box.yaml:15:5", "names `name`"),
        (
            "grow_only: true",
            "grow_olny: true",
            "box.yaml:13",
            "no key `grow_olny` (did you mean `grow_only`?)",
        ),
        ("body: merge", "body: patch", "box.yaml:19", "no value `patch`"),
        ("body: merge", "body: alter", "box.yaml:19", "needs exactly one property"),
        ("defaults: { endpoint: api }", "defaults: { endpoint: web }", "box.yaml", "the endpoint `web`"),
        ("items: data", "items: data, paging: { kind: weird }", "box.yaml:18", "no value `weird`"),
        ("items: data", "items: data, paging: { kind: url, param: t }", "box.yaml:18", "lacks `next`"),
        ("limit: 90m", "limit: 90", "box.yaml:21", "is no duration"),
        (
            "id: { type: string, read_only: true }",
            "id: { type: string, read_only: true, required: true }",
            "box.yaml:10",
            "`read_only` and `required`",
        ),
        ("grow_only: true", "pairs: true", "box.yaml:13", "has `pairs`"),
        ("name: acme.shop.boxes", "name: Acme::Shop::Box", "box.yaml:7:11", "is no table name"),
        ("at: spec.label", "at: spec..label", "box.yaml:12", "no dotted path"),
        (
            "\"/boxes/{id}\", query: { shelf: \"{shelf}\" } }\n    list",
            "\"/boxes/{id\" }\n    list",
            "box.yaml:17",
            "without its `}`",
        ),
    ];
    for (from, to, place, words) in cases {
        let error = spoilt(from, to);
        assert!(error.starts_with(place) && error.contains(words), "{to}: {error}");
    }
}

#[test]
fn what_cannot_be_found_again_is_refused() {
    let error = spoilt("    natural_key: [shelf, label]\n", "");
    assert!(error.contains("cannot be found by anything else"), "{error}");
    let text =
        RIGHT.lines().filter(|line| !line.trim_start().starts_with("read:")).collect::<Vec<_>>().join("\n");
    assert!(of(&text).unwrap_err().message.contains("has no `read`"));
}

/// All problems, one a line, of these files beside the embedded ones.
fn wrong(files: &[(&str, String)]) -> String {
    let files = files.iter().map(|(name, text)| (*name, text.as_str()));
    let errors = Definitions::with(files).expect_err("something is wrong");
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn users_files_stand_beside_ours() {
    let all = Definitions::with([("box.yaml", RIGHT)]).unwrap();
    assert!(all.named("acme.shop.boxes").is_some() && all.has_provider("acme"));
    assert!(all.named("confluent.provider_integrations.integrations").is_some());
}

#[test]
fn all_files_are_told_what_is_wrong_with_them() {
    let told = wrong(&[("a.yaml", "provider: [".to_owned()), ("b.yaml", "colour: red".to_owned())]);
    assert!(told.starts_with("a.yaml:") && told.contains("\nb.yaml:1:1: there is no key `colour`"), "{told}");
}

#[test]
fn a_name_is_described_once() {
    let told = wrong(&[
        ("a.yaml", RIGHT.to_owned()),
        ("b.yaml", RIGHT.replace("endpoints:\n  api: { url: \"https://api.example\", auth: { kind: bearer, token: ACME_TOKEN } }\n", "")),
    ]);
    assert!(
        told.starts_with("b.yaml:5:11: `acme.shop.boxes` is described twice, here and at a.yaml:7"),
        "{told}"
    );
    let told = wrong(&[("a.yaml", RIGHT.to_owned()), ("b.yaml", RIGHT.to_owned())]);
    assert!(told.contains("b.yaml:4:3: the endpoint `api` of `acme` is described twice"), "{told}");
}

#[test]
fn what_is_built_in_is_replaced_only_where_the_file_says_so() {
    let environments = |more: &str| {
        RIGHT
            .replace("provider: acme", "provider: confluent")
            .replace("acme.shop.boxes", &format!("confluent.org.environments{more}"))
            .replace("acme.shop.crates", "confluent.org.crates")
    };
    let told = wrong(&[("a.yaml", environments(""))]);
    assert!(
        told.contains("`confluent.org.environments` is built in") && told.contains("`override: true`"),
        "{told}"
    );
    let files = environments("\n    override: true");
    let all = Definitions::with([("a.yaml", files.as_str())]).unwrap();
    let ours = all.get(all.named("confluent.org.environments").unwrap()).unwrap();
    assert!(ours.property("shelf").is_some());
    let told = wrong(&[("a.yaml", RIGHT.replace("    aliases", "    override: true\n    aliases"))]);
    assert!(told.contains("nothing that is built in has its names"), "{told}");
    let told = wrong(&[("a.yaml", RIGHT.replace("acme.shop.boxes", "awscc.s3.buckets"))]);
    assert!(told.contains("is a type that Cloud Control has"), "{told}");
}

/// A file of a user's must not send requests of ours, and with them credentials, somewhere else.
#[test]
fn endpoints_that_are_built_in_stay() {
    let told = wrong(&[("a.yaml", RIGHT.replace("acme", "confluent").replace("api", "control"))]);
    assert!(told.contains("the endpoint `control` of `confluent` is built in"), "{told}");
}

/// What holds data, or everything of somebody's, is not replaced without consent (traps 56 and 80).
#[test]
fn what_holds_data_says_so() {
    let all = Definitions::embedded();
    let holds = |name: &str| all.schema(&name.into()).unwrap().overlay.holds_data;
    assert!(holds("kafka.kafka.topics") && holds("confluent.org.environments"));
    assert!(!holds("confluent.iam.service_accounts"));
}

/// The names of the document of `confluent.provider_integrations.integrations` (stackql-compat 6.5).
#[test]
fn provider_integrations_have_the_documented_columns() {
    let all = Definitions::embedded();
    let ty = all.canonical("confluent.provider_integrations.integrations").unwrap();
    let definition = all.get(&ty).unwrap();
    let columns = [
        "id",
        "_environment",
        "api_version",
        "config",
        "display_name",
        "environment",
        "kind",
        "provider",
        "usages",
    ];
    for column in columns {
        assert!(definition.property_of(column).is_some(), "{column}");
    }
    for column in ["data__config", "data__environment"] {
        assert!(definition.property_of(column).is_some(), "{column}");
    }
    let schema = definition.schema();
    assert!(schema.is_immutable());
    let identifier = stack_core::identity::Identifier::parse(&schema, "env-1|cspi-2").unwrap();
    assert_eq!(identifier.part_names(), "environment|id");
    assert_eq!(
        serde_json::to_value(&schema.handlers.list.as_ref().unwrap().handler_schema).unwrap()["required"],
        json!(["environment"])
    );
}

/// `SELECT spec, status` of older tables: the service's own nesting is there to be read, and never declared.
#[test]
fn the_nesting_of_the_service_is_there_as_columns() {
    let all = of(RIGHT).unwrap();
    let boxes = all.get(&"acme.shop.boxes".into()).unwrap();
    assert_eq!(boxes.property_of("spec"), Some("spec"));
    let schema = boxes.schema();
    assert!(schema.read_only_properties.contains(&Pointer::of(["spec"])));
    let props = stack_core::value::Value::from(json!({"spec": {"label": "a"}, "shelf": {"id": "s"}}));
    assert_eq!(boxes.normal(props).exposed(), Some(json!({"shelf": "s", "label": "a"})));
}

/// Starting a program that only speaks to AWS parses nothing.
#[test]
fn names_of_aws_are_told_apart_without_parsing() {
    let fresh = Definitions { parsed: Arc::default() };
    assert!(fresh.named("AWS::S3::Bucket").is_none() && fresh.named("awscc.s3.buckets").is_none());
    assert!(fresh.get(&"AWS::S3::Bucket".into()).is_none() && !fresh.has_provider("awscc"));
    assert!(fresh.parsed.get().is_none());
    let other = fresh.clone();
    assert!(fresh.named("Confluent.Org.Environments").is_some() && fresh.has_provider("kafka"));
    assert!(other.parsed.get().is_some());
}

/// What is wrong with declared properties of an embedded type.
fn told(ty: &str, props: serde_json::Value) -> Vec<String> {
    let all = Definitions::embedded();
    let schema = all.get(all.named(ty).unwrap()).unwrap().schema();
    let conformed = stack_core::conform::conform(&schema, props.into());
    conformed
        .violations
        .iter()
        .map(|told| format!("{} {} {}", told.pointer, told.message, told.label))
        .collect()
}

#[test]
fn only_principals_that_mean_somebody_are_taken_traps_19_and_20() {
    let acl = |principal: &str| {
        json!({"cluster_id": "lkc-1", "resource_type": "TOPIC", "resource_name": "t", "pattern_type": "LITERAL",
            "principal": principal, "host": "*", "operation": "READ", "permission": "ALLOW"})
    };
    for right in ["User:*", "User:sa-1", "User:u-1", "User:pool-1", "User:group-1"] {
        assert_eq!(told("kafka.kafka.acls", acl(right)), [""; 0], "{right}");
    }
    for wrong in ["sa-1", "User:somebody@example.com", "User:12345", "*"] {
        assert!(told("kafka.kafka.acls", acl(wrong))[0].starts_with("/principal "), "{wrong}");
    }
}

#[test]
fn a_misspelt_property_is_told_with_the_nearest_trap_73() {
    let told = told("confluent.org.environments", json!({"display_nam": "e"}));
    let named = |told: &String| told.starts_with("/display_nam ") && told.contains("`display_name`");
    assert!(told.iter().any(named), "{told:?}");
}

#[test]
fn zones_and_connection_types_have_no_order_trap_64() {
    let all = Definitions::embedded();
    let schema = all.get(all.named("confluent.networking.networks").unwrap()).unwrap().schema();
    let context = stack_core::diff::DiffContext { schema: &schema, ignore: &[], is_fresh: &|_| false };
    let declared = stack_core::value::Value::from(
        json!({"zones": ["b", "a"], "connection_types": ["TRANSITGATEWAY", "PEERING"]}),
    );
    let same =
        |live: serde_json::Value| stack_core::diff::diff(&context, &declared, &live).changes.is_empty();
    assert!(same(json!({"zones": ["a", "b"], "connection_types": ["PEERING", "TRANSITGATEWAY"]})));
    assert!(!same(json!({"zones": ["a", "c"], "connection_types": ["PEERING", "TRANSITGATEWAY"]})));
}

#[test]
fn no_definition_takes_a_bare_environment_variable_trap_24() {
    assert!(EMBEDDED.iter().any(|(_, text)| text.contains("CONFLUENT_ENVIRONMENT_ID")));
    for (file, text) in EMBEDDED {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        assert!(words.into_iter().all(|word| word != "ENVIRONMENT_ID"), "{file}");
    }
}

#[test]
fn a_part_that_may_be_left_out_is_in_no_form_of_the_identifier() {
    use stack_core::identity::Identifier;
    let all = Definitions::embedded();
    let definition = all.get(all.named("confluent.schema_registry.subjects").unwrap()).unwrap();
    let shown = |text: &str| Identifier::parse(&definition.schema(), text).map(|one| one.to_string());
    for text in ["orders", "orders|", r#"{"subject": "orders", "schema_registry_cluster": ""}"#] {
        assert_eq!(shown(text).as_deref(), Some("orders"), "{text}");
    }
    assert_eq!(shown("orders|lsrc-1").as_deref(), Some("orders|lsrc-1"));
    assert_eq!(shown("orders|lsrc-1|x"), None);
}
