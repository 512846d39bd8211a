//! Hand corrections: complete, with evidence, and about things that exist.

use super::*;
use crate::Correction;
use crate::facts::Provisioning;
use crate::overlays::FILES;
use stack_core::pointer::{PathSet, Pointer, PropertyPath, Step};

/// What reads show although the schema does not have it.
const UNDECLARED: [&str; 1] = ["/KeyState"];

fn corrections() -> Vec<Correction> {
    FILES
        .iter()
        .map(|(name, text)| serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}")))
        .collect()
}

fn leads_somewhere(schema: &ResourceSchema, path: &PropertyPath) -> bool {
    let steps = path.0.iter().map(|step| match step {
        Step::Key(key) => key.as_str(),
        Step::Any => "0",
    });
    schema.at(&Pointer::of(steps)).is_some()
}

/// Every path that a correction names.
fn paths(correction: &Correction) -> Vec<&PropertyPath> {
    let overlay = &correction.overlay;
    let sets = [
        &correction.read_only,
        &overlay.side_effects,
        &overlay.unordered,
        &overlay.ordered,
        &overlay.stringify,
        &overlay.unreadable,
        &overlay.remove_ignored,
        &overlay.rewrite,
    ];
    sets.into_iter()
        .chain(overlay.exclusive.iter().flatten())
        .flat_map(PathSet::iter)
        .chain(overlay.remove_defaults.keys())
        .chain(overlay.sibling_owned.keys())
        .chain(overlay.identifier_defaults.keys())
        .chain(overlay.gone_when.keys().filter(|path| !UNDECLARED.contains(&path.to_string().as_str())))
        .chain(&overlay.region_in)
        .chain(overlay.notes.keys())
        .chain(overlay.filled.keys())
        .collect()
}

#[test]
fn every_file_is_compiled_in_sorted_and_named_after_its_type() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/overlays");
    let mut there: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".json").to_owned())
        .collect();
    there.sort();
    let compiled: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(compiled, there);
    for ((name, _), correction) in FILES.iter().zip(corrections()) {
        assert_eq!(correction.ty.replace("::", "-"), *name);
    }
}

#[test]
fn every_correction_has_evidence_and_names_what_exists() {
    for correction in corrections() {
        let ty = &correction.ty;
        assert!(!correction.evidence.is_empty(), "{ty}");
        assert!(!correction.read_only.is_empty() || !correction.overlay.is_empty(), "{ty} corrects nothing");
        let schema = schema(ty);
        for path in paths(&correction) {
            assert!(leads_somewhere(&schema, path), "{ty}: no {path}");
        }
        let overlay = &correction.overlay;
        for other in overlay.sibling_owned.values().flatten().chain(&overlay.use_instead) {
            assert!(catalog().facts(other.as_str()).is_some(), "{ty}: no {other}");
        }
        for other in &overlay.use_instead {
            let provisioning = catalog().facts(other.as_str()).unwrap().provisioning();
            assert_ne!(provisioning, Provisioning::NonProvisionable, "{ty}: {other}");
        }
        for part in overlay.identifier_defaults.keys() {
            assert!(schema.primary_identifier.contains(part), "{ty}: {part} is no identifier part");
        }
        for path in overlay.side_effects.iter() {
            let pointer = path.as_pointer().unwrap();
            let hidden = &schema.write_only_properties;
            assert!(hidden.contains(&pointer) || hidden.reaches_below(&pointer), "{ty}: {path} can be read");
        }
        for (path, value) in &overlay.remove_defaults {
            let node = schema.at(&path.as_pointer().unwrap()).unwrap();
            let fits = node.types.iter().any(|one| match one {
                stack_core::schema::JsonType::String => value.is_string(),
                stack_core::schema::JsonType::Integer => value.is_i64(),
                stack_core::schema::JsonType::Boolean => value.is_boolean(),
                _ => false,
            });
            assert!(fits, "{ty}: {path} cannot be {value}");
        }
    }
}

#[test]
fn corrections_reach_the_schema() {
    let network = schema("AWS::NetworkManager::GlobalNetwork");
    assert!(network.read_only_properties.contains(&Pointer::of(["State"])));
    assert!(network.read_only_properties.contains(&Pointer::of(["CreatedAt"])));
    let secret = schema("AWS::SecretsManager::Secret");
    assert!(secret.overlay.side_effects.contains(&Pointer::of(["GenerateSecretString"])));
    assert!(schema("AWS::Events::Rule").overlay.stringify.contains(&Pointer::of(["EventPattern"])));
    assert!(schema("AWS::S3::BucketPolicy").overlay.is_empty());
}
