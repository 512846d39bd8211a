//! Stacks of Confluent Cloud against a served sandbox, with the keys that they make themselves.

use crate::common::{Place, Served};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const BUILD: &str = "build --yes --progress quiet --export-protected --output-file kept.json app dev";

fn example(name: &str, file: &str) -> String {
    let path = format!("{}/../../examples/{name}/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).expect("a file of an example")
}

/// The example, and a cloud whose data planes nobody has a key for yet. No AWS: the stack needs none.
fn place() -> (Place, Served) {
    let mut place = Place::with(&example("confluent-kafka", "stackql_manifest.yml"));
    fs::create_dir_all(place.path("app/resources")).expect("a folder");
    for file in ["registry.iql", "order.avsc"] {
        place.write(
            &format!("app/resources/{file}"),
            &example("confluent-kafka", &format!("resources/{file}")),
        );
    }
    let served = Served::start(&mut place);
    for name in ["KAFKA_API_KEY", "SCHEMA_REGISTRY_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        place.set(name, "");
    }
    (place, served)
}

fn kept(place: &Place) -> serde_json::Value {
    serde_json::from_str(&place.read("kept.json")).expect("JSON")
}

#[test]
fn the_keys_that_a_build_makes_are_kept_where_it_is_asked_and_open_the_next_runs() {
    let (mut place, served) = place();
    let first = place.run(BUILD).exits(0);
    let file = kept(&place);
    let secret = |name: &str| file[name].as_str().expect("a secret").to_owned();
    let secrets = [secret("kafka_api_secret"), secret("schema_registry_api_secret")];
    for name in ["kept.json", ".stackql-deploy-exports"] {
        let mode = fs::metadata(place.path(name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(secrets.iter().all(|secret| !format!("{first}").contains(secret.as_str())), "{first}");
    for (path, text) in place.files() {
        let may = path.ends_with("kept.json") || path.ends_with(".stackql-deploy-exports");
        assert!(may || secrets.iter().all(|secret| !text.contains(secret.as_str())), "{}", path.display());
    }
    // Without the keys nobody can look at the topic, and it is not taken for absent.
    let ran = place.run("plan app dev").exits(1);
    assert!(ran.err.contains("kafka.kafka.topics needs a credential: set KAFKA_API_KEY"), "{ran}");
    assert!(!ran.out.contains("+ create"), "{ran}");
    for (variable, export) in [
        ("KAFKA_API_KEY", "kafka_api_key"),
        ("KAFKA_API_SECRET", "kafka_api_secret"),
        ("SCHEMA_REGISTRY_API_KEY", "schema_registry_api_key"),
        ("SCHEMA_REGISTRY_API_SECRET", "schema_registry_api_secret"),
    ] {
        place.set(variable, &secret(export));
    }
    place.run("plan --detailed-exitcode app dev").exits(0);
    // A later run does not know the secrets, and leaves those that are kept.
    let ran = place.run(BUILD).exits(0);
    assert!(ran.out.contains("(sensitive, of an earlier run)"), "{ran}");
    assert_eq!(kept(&place)["kafka_api_secret"], file["kafka_api_secret"]);
    place.run("teardown --yes app dev").exits(0);
    let left = served.ask("GET", "state", "");
    let left: Vec<_> = left["confluent"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|held| !["organization", "user"].contains(&held["resource"].as_str().unwrap_or_default()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Trap 13: only the run that makes a key knows its secret.
#[test]
fn a_secret_of_an_earlier_run_cannot_be_referred_to() {
    let (place, _served) = place();
    let manifest = "version: 1\nname: app\nproviders: [confluent]\nresources:\n\
        \x20 - name: app\n    type: confluent.iam.service_accounts\n    props: { display_name: a, description: d }\n\
        \x20 - name: key\n    type: confluent.iam.api_keys\n    props: { display_name: k, owner: \"{{ app.id }}\" }\n\
        \x20 - name: other\n    type: confluent.iam.service_accounts\n    props: { display_name: b, description: \"{{ key.secret | default(FALLBACK) }}\" }\n";
    let manifest =
        manifest.replace("resources:", "globals:\n  - { name: FALLBACK, value: \"{{ KEPT }}\" }\nresources:");
    place.manifest(&manifest.replace(" | default(FALLBACK)", ""));
    place.run("build --yes --progress quiet -e KEPT=x app dev").exits(0);
    let ran = place.run("plan -e KEPT=x app dev").exits(1);
    assert!(ran.err.contains("error[SD1213]: `key.secret` has no value"), "{ran}");
    assert!(ran.err.contains("was in the answer that made key, and is shown nowhere else"), "{ran}");
    assert!(ran.err.contains("| default(VARIABLE)"), "{ran}");
    // Given from where it was kept, the plan goes on.
    place.manifest(&manifest);
    place.run("plan -e KEPT=x app dev").exits(0);
}
