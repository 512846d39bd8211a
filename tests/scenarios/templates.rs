//! The reusable manifests: each builds, stays as it is, and goes, in dev and in prod.

use crate::world::World;
use stack_core::plan::Mode;
use stack_emulator::Config;

/// Every manifest of the folder, by name.
fn templates() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("manifests")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let text = std::fs::read_to_string(path.join("stackql_manifest.yml")).expect("a manifest");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        })
        .collect();
    found.sort();
    found
}

#[tokio::test(start_paused = true)]
async fn every_template_builds_and_stays_as_it_is() {
    let templates = templates();
    assert!(templates.len() >= 3, "{templates:?}");
    for (name, manifest) in templates {
        for env in ["dev", "prod"] {
            let mut world = World::new(&manifest, env, Config::default());
            world.must(Mode::Build).await;
            world.forget();
            let (plan, _) = world.plan(Mode::Build).await;
            assert!(
                !plan.has_changes(),
                "{name} {env}: {:#?}",
                plan.resources.values().map(|p| &p.changes).collect::<Vec<_>>()
            );
            let (plan, _) = world.plan(Mode::Teardown).await;
            if !plan.is_blocked() {
                world.must(Mode::Teardown).await;
                assert_eq!(world.live_count(), 0, "{name} {env}");
            }
        }
    }
}
