//! Real published schemas for tests, their descriptions stripped.

use crate::schema::ResourceSchema;

/// The schema of a type in `testdata/schemas`, by its name: `schema("AWS::S3::Bucket")`.
pub(crate) fn schema(ty: &str) -> ResourceSchema {
    let path = folder().join(format!("{}.json", ty.replace("::", "-")));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The same with the hand corrections of the catalog.
pub(crate) fn corrected(ty: &str) -> ResourceSchema {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Correction {
        #[serde(default)]
        read_only: crate::pointer::PathSet,
        #[serde(default)]
        overlay: crate::overlay::Overlay,
    }
    let mut schema = schema(ty);
    let file = format!("../catalog/data/overlays/{}.json", ty.replace("::", "-"));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if let Ok(text) = std::fs::read_to_string(&path) {
        let correction: Correction =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        schema.read_only_properties.0.extend(correction.read_only.0);
        schema.overlay = correction.overlay;
    }
    schema
}

/// All of them, parsed once.
pub(crate) fn all() -> &'static [ResourceSchema] {
    static ALL: std::sync::OnceLock<Vec<ResourceSchema>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| types().iter().map(|ty| schema(ty)).collect())
}

/// The names of all types in `testdata/schemas`, sorted.
pub(crate) fn types() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".json")?.replace('-', "::")))
        .collect();
    names.sort();
    names
}

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/schemas")
}

#[test]
fn every_fixture_is_a_schema_of_the_type_that_names_it() {
    let types = types();
    assert!(types.len() > 20, "{types:?}");
    for ty in types {
        assert_eq!(schema(&ty).type_name.as_str(), ty);
    }
}
