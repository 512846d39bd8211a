//! Types: those of the catalog, and in front of them what `schema refresh` has read from a region's registry.
//!
//! A cached schema is used if it was read after the day of the catalog's schemas, or if the catalog does not have the
//! type. Hand corrections are kept. A file that cannot be used is told and passed over; failures are never cached
//! (cloud-control trap 103).

use crate::definitions::DefinitionFile;
use crate::env::Env;
use crate::errors::{codes, reason};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use stack_catalog::Catalog;
use stack_catalog::docs::Documentation;
use stack_catalog::rest::Definitions;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::TypeName;
use stack_core::rest::Described;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// `format` of a cached schema.
const FORMAT: &str = "stack-deploy/type-schema";
/// Its version; another major is not read.
const FORMAT_VERSION: &str = "1.0";
/// Variable that names the folder.
pub const VARIABLE: &str = "STACK_DEPLOY_SCHEMAS";

/// A schema as the registry gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// [`FORMAT`].
    pub format: String,
    /// [`FORMAT_VERSION`].
    pub format_version: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: TypeName,
    /// Whose registry.
    pub region: String,
    /// When it was read, RFC 3339.
    pub fetched_at: String,
    /// `FULLY_MUTABLE`, `IMMUTABLE` or `NON_PROVISIONABLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<String>,
    /// `PUBLIC` or `PRIVATE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// Default version of a private type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_version: Option<String>,
    /// True if its publisher advises against it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Its last change, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<String>,
    /// The schema.
    pub schema: Json,
}

impl Entry {
    /// Format and version of this program.
    pub fn header() -> (String, String) {
        (FORMAT.to_owned(), FORMAT_VERSION.to_owned())
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entry: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if entry.format != FORMAT {
            return Err(format!("its format is `{}`", entry.format));
        }
        match entry.format_version.split('.').next() {
            Some("1") => Ok(entry),
            _ => Err(format!("its format_version is {}", entry.format_version)),
        }
    }

    /// The schema as this program uses it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn resource_schema(&self) -> Result<ResourceSchema, String> {
        let schema: ResourceSchema =
            serde_json::from_value(self.schema.clone()).map_err(|error| error.to_string())?;
        if schema.type_name != self.ty {
            return Err(format!("it is of {}", schema.type_name));
        }
        Catalog::embedded().corrected(schema).map_err(|error| error.to_string())
    }
}

/// A cached schema that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The type.
    pub ty: TypeName,
    /// Whose registry.
    pub region: String,
    /// The day when it was read.
    pub day: String,
}

struct Held {
    entry: Entry,
    schema: Arc<ResourceSchema>,
}

/// The catalog with the cache in front of it.
pub struct CachedSchemas {
    root: Option<PathBuf>,
    /// Region whose schemas come first.
    region: Mutex<Option<String>>,
    index: OnceLock<BTreeMap<TypeName, BTreeMap<String, PathBuf>>>,
    held: Mutex<BTreeMap<TypeName, Option<Arc<Held>>>>,
    problems: Mutex<Diagnostics>,
    /// REST services that are built in.
    embedded: Arc<Definitions>,
    /// The same with the user's beside them, once they are read.
    defined: OnceLock<Defined>,
}

/// The user's definitions of REST services.
#[derive(Debug)]
pub struct Defined {
    /// Those that are built in, and the user's.
    pub definitions: Arc<Definitions>,
    /// The user's files.
    pub files: Vec<DefinitionFile>,
}

impl std::fmt::Debug for CachedSchemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedSchemas").field("root", &self.root).finish_non_exhaustive()
    }
}

/// The folder of the cache: `STACK_DEPLOY_SCHEMAS`, else below the user's cache folder. `None`: there is no such folder.
pub fn folder(env: &Env) -> Option<PathBuf> {
    if let Some(folder) = env.var(VARIABLE) {
        return Some(env.cwd.join(folder));
    }
    let cache = match env.var("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(cache) => cache,
        None => PathBuf::from(env.var("HOME")?).join(".cache"),
    };
    Some(cache.join("stack-deploy").join("schemas"))
}

/// The name of a type's file.
pub fn file_name(ty: &TypeName) -> String {
    format!("{}.json", ty.as_str().replace("::", "-"))
}

impl CachedSchemas {
    /// A cache in this folder. Nothing is read before it is asked for.
    pub fn new(root: Option<PathBuf>) -> Self {
        Self {
            root,
            region: Mutex::default(),
            index: OnceLock::new(),
            held: Mutex::default(),
            problems: Mutex::default(),
            embedded: Arc::new(Definitions::embedded().clone()),
            defined: OnceLock::new(),
        }
    }

    /// The definitions of REST services.
    pub fn rest(&self) -> &Arc<Definitions> {
        self.defined.get().map_or(&self.embedded, |defined| &defined.definitions)
    }

    /// The user's definitions, if there are any.
    pub fn defined(&self) -> Option<&Defined> {
        self.defined.get()
    }

    /// True once the user's definitions are there.
    pub fn is_defined(&self) -> bool {
        self.defined.get().is_some()
    }

    /// Takes the user's definitions. Only the first time counts.
    pub fn define(&self, defined: Defined) {
        self.defined.get_or_init(|| defined);
    }

    /// The folder.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The region whose schemas come first. Others serve where it has none.
    pub fn prefer(&self, region: &str) {
        let mut preferred = lock(&self.region);
        if preferred.as_deref() != Some(region) {
            *preferred = Some(region.to_owned());
            lock(&self.held).clear();
        }
    }

    /// Cached types with the regions that have them.
    pub fn cached(&self) -> &BTreeMap<TypeName, BTreeMap<String, PathBuf>> {
        self.index.get_or_init(|| self.root.as_deref().map(index).unwrap_or_default())
    }

    /// Cached schemas that were used so far, by type.
    pub fn used(&self) -> Vec<Used> {
        lock(&self.held)
            .values()
            .flatten()
            .map(|held| Used {
                ty: held.entry.ty.clone(),
                region: held.entry.region.clone(),
                day: day(&held.entry.fetched_at).to_owned(),
            })
            .collect()
    }

    /// Files that could not be used so far. Each is told once.
    pub fn take_problems(&self) -> Diagnostics {
        std::mem::take(&mut lock(&self.problems))
    }

    /// The cached schema that stands for a type, if one does.
    pub fn entry(&self, ty: &TypeName) -> Option<Entry> {
        self.held(ty).map(|held| held.entry.clone())
    }

    /// What the schema in use says to people.
    pub fn documentation(&self, ty: &TypeName) -> Documentation {
        if let Some(definition) = self.rest().get(ty) {
            return Documentation::of_schema(&definition.words());
        }
        match self.held(ty) {
            Some(held) => Documentation::of_schema(&held.entry.schema),
            None => Catalog::embedded().documentation(ty).unwrap_or_default(),
        }
    }

    fn held(&self, ty: &TypeName) -> Option<Arc<Held>> {
        let files = self.cached().get(ty)?;
        if let Some(known) = lock(&self.held).get(ty) {
            return known.clone();
        }
        let preferred = lock(&self.region).clone();
        let mut found: Vec<Held> =
            files.iter().filter_map(|(region, path)| self.read(ty, region, path)).collect();
        found.sort_by(|a, b| {
            let is_preferred = |held: &Held| preferred.as_ref() == Some(&held.entry.region);
            (is_preferred(a), &a.entry.fetched_at).cmp(&(is_preferred(b), &b.entry.fetched_at))
        });
        let best = found.pop().map(Arc::new);
        lock(&self.held).insert(ty.clone(), best.clone());
        best
    }

    /// Reads a file, if what it holds is newer than what the catalog has.
    fn read(&self, ty: &TypeName, region: &str, path: &Path) -> Option<Held> {
        let read = || {
            let text = std::fs::read_to_string(path).map_err(|error| reason(&error))?;
            let entry = Entry::parse(&text)?;
            if entry.ty != *ty || entry.region != region {
                return Err(format!("it is of {} in {}", entry.ty, entry.region));
            }
            let schema = Arc::new(entry.resource_schema()?);
            Ok(Held { entry, schema })
        };
        match read() {
            Ok(held) => is_newer(&held.entry).then_some(held),
            Err(why) => {
                let message = format!("the cached schema {} is not used: {why}", path.display());
                let next = format!("delete it, or: stack-deploy schema refresh {ty} --region {region}");
                lock(&self.problems).push(Diagnostic::warning(codes::BAD_CACHE, message).next(next));
                None
            }
        }
    }
}

/// True if a cached schema stands before the catalog's.
pub fn is_newer(entry: &Entry) -> bool {
    let catalog = Catalog::embedded();
    catalog.facts(entry.ty.as_str()).is_none() || day(&entry.fetched_at) > catalog.source().date()
}

/// The day of a moment.
fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

/// Files by type and region. What is no such file is passed over; a folder that is not there is empty.
fn index(root: &Path) -> BTreeMap<TypeName, BTreeMap<String, PathBuf>> {
    let mut index: BTreeMap<TypeName, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for region in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let Ok(name) = region.file_name().into_string() else { continue };
        for file in std::fs::read_dir(region.path()).into_iter().flatten().flatten() {
            let Ok(file_name) = file.file_name().into_string() else { continue };
            let Some(ty) = file_name.strip_suffix(".json").filter(|ty| ty.split('-').count() == 3) else {
                continue;
            };
            let ty = TypeName::new(ty.replace('-', "::"));
            index.entry(ty).or_default().insert(name.clone(), file.path());
        }
    }
    index
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The table of a type that no list of names has.
fn computed_name(ty: &TypeName) -> String {
    let ty = ty.as_str();
    format!("awscc.{}.{}", stack_catalog::names::service_of(ty), stack_catalog::names::plural_of(ty))
}

impl Schemas for CachedSchemas {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        if let Some(ty) = self.rest().named(name) {
            return Ok(ty.clone());
        }
        if name
            .split('.')
            .next()
            .is_some_and(|provider| provider != "aws" && self.rest().has_provider(provider))
        {
            return self.rest().canonical(name);
        }
        Catalog::embedded().canonical(name).or_else(|unknown| {
            let by_name =
                |ty: &&TypeName| ty.as_str() == name || computed_name(ty).eq_ignore_ascii_case(name);
            self.cached().keys().find(by_name).cloned().ok_or(unknown)
        })
    }

    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        if let Some(definition) = self.rest().get(ty) {
            return Ok(definition.schema());
        }
        match self.held(ty) {
            Some(held) => Ok(Arc::clone(&held.schema)),
            None => Catalog::embedded().schema(ty),
        }
    }

    fn available_in(&self, ty: &TypeName, region: &str) -> bool {
        if self.rest().get(ty).is_some() {
            return true;
        }
        let is_cached = self.cached().get(ty).is_some_and(|regions| regions.contains_key(region));
        is_cached || Catalog::embedded().available_in(ty, region)
    }

    fn regions(&self) -> Option<Vec<String>> {
        Schemas::regions(Catalog::embedded())
    }

    fn names_of(&self, ty: &TypeName) -> Vec<String> {
        if self.rest().get(ty).is_some() {
            return self.rest().names_of(ty);
        }
        let known = Catalog::embedded().names_of(ty);
        if known.is_empty() && self.cached().contains_key(ty) { vec![computed_name(ty)] } else { known }
    }

    // What the sandbox publishes is the catalog: a cache that it filled must not feed it.
    fn listed(&self) -> Vec<(TypeName, &'static str)> {
        Catalog::embedded().listed()
    }

    fn published(&self, ty: &TypeName) -> Option<Json> {
        Schemas::published(Catalog::embedded(), ty)
    }

    fn others_with(&self, ty: &TypeName, property: &str) -> Vec<TypeName> {
        Catalog::embedded().others_with(ty, property)
    }

    fn described(&self, ty: &TypeName) -> Option<Arc<dyn Described>> {
        self.rest().described(ty)
    }

    fn described_names(&self) -> Vec<(String, TypeName)> {
        self.rest().described_names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(ty: &str, region: &str, fetched_at: &str, extra: Json) -> Entry {
        let mut schema = json!({
            "typeName": ty, "description": "A thing.",
            "properties": { "Name": { "type": "string", "description": "Its name." } },
            "primaryIdentifier": ["/properties/Name"], "additionalProperties": false
        });
        for (key, value) in extra.as_object().unwrap() {
            schema["properties"][key] = value.clone();
        }
        let (format, format_version) = Entry::header();
        Entry {
            format,
            format_version,
            ty: TypeName::new(ty),
            region: region.to_owned(),
            fetched_at: fetched_at.to_owned(),
            provisioning: None,
            visibility: None,
            default_version: None,
            deprecated: false,
            last_updated: None,
            schema,
        }
    }

    fn cache(entries: &[Entry]) -> (tempfile::TempDir, CachedSchemas) {
        let dir = tempfile::tempdir().unwrap();
        for entry in entries {
            let folder = dir.path().join(&entry.region);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(file_name(&entry.ty)), serde_json::to_string(entry).unwrap()).unwrap();
        }
        let cache = CachedSchemas::new(Some(dir.path().to_owned()));
        (dir, cache)
    }

    #[test]
    fn the_folder_is_where_the_variable_says_else_the_users_cache() {
        let env = |vars: &[(&str, &str)]| Env {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            cwd: PathBuf::from("/work"),
            ..Env::default()
        };
        assert_eq!(folder(&env(&[])), None);
        assert_eq!(folder(&env(&[("HOME", "/h")])), Some("/h/.cache/stack-deploy/schemas".into()));
        let xdg = [("HOME", "/h"), ("XDG_CACHE_HOME", "/c")];
        assert_eq!(folder(&env(&xdg)), Some("/c/stack-deploy/schemas".into()));
        assert_eq!(folder(&env(&[("HOME", "/h"), (VARIABLE, "s")])), Some("/work/s".into()));
    }

    #[test]
    fn newer_schemas_and_private_types_stand_before_the_catalog_with_its_corrections() {
        let new = json!({ "New": { "type": "string" } });
        let (_dir, cache) = cache(&[
            entry("AWS::IAM::Role", "us-east-1", "2030-01-01T00:00:00Z", new.clone()),
            entry("AWS::S3::Bucket", "us-east-1", "2020-01-01T00:00:00Z", new.clone()),
            entry("Acme::Own::Thing", "us-east-1", "2020-01-01T00:00:00Z", new),
        ]);
        let role = cache.schema(&"AWS::IAM::Role".into()).unwrap();
        assert!(role.root.properties.contains_key("New"));
        assert!(!role.overlay.remove_defaults.is_empty());
        assert!(!cache.schema(&"AWS::S3::Bucket".into()).unwrap().root.properties.contains_key("New"));
        assert_eq!(cache.canonical("awscc.own.things"), Ok("Acme::Own::Thing".into()));
        assert!(cache.schema(&"Acme::Own::Thing".into()).is_ok());
        assert_eq!(cache.documentation(&"AWS::IAM::Role".into()).description(), "A thing.");
        let used: Vec<String> = cache.used().iter().map(|used| format!("{} {}", used.ty, used.day)).collect();
        assert_eq!(used, ["AWS::IAM::Role 2030-01-01", "Acme::Own::Thing 2020-01-01"]);
    }

    #[test]
    fn the_preferred_region_comes_first_and_the_newest_of_the_others_next() {
        let of = |region: &str, day: &str, name: &str| {
            entry("AWS::IAM::Role", region, day, json!({ name: { "type": "string" } }))
        };
        let (_dir, cache) = cache(&[
            of("eu-west-1", "2030-01-01T00:00:00Z", "Old"),
            of("us-east-1", "2031-01-01T00:00:00Z", "Newest"),
        ]);
        let has =
            |name: &str| cache.schema(&"AWS::IAM::Role".into()).unwrap().root.properties.contains_key(name);
        assert!(has("Newest"));
        cache.prefer("eu-west-1");
        assert!(has("Old"));
        cache.prefer("ap-south-1");
        assert!(has("Newest"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_told_and_passed_over() {
        let (dir, cache) = cache(&[entry("AWS::IAM::Role", "us-east-1", "2030-01-01T00:00:00Z", json!({}))]);
        std::fs::write(dir.path().join("us-east-1/AWS-IAM-Role.json"), "{").unwrap();
        assert!(cache.schema(&"AWS::IAM::Role".into()).unwrap().root.properties.contains_key("RoleName"));
        let told = cache.take_problems();
        assert_eq!((told.len(), told[0].code), (1, codes::BAD_CACHE));
        assert!(cache.take_problems().is_empty());
    }

    #[test]
    fn what_was_cached_in_a_region_is_available_there() {
        let (_dir, cache) = cache(&[entry("AWS::IAM::Role", "xx-new-1", "2030-01-01T00:00:00Z", json!({}))]);
        assert!(cache.available_in(&"AWS::IAM::Role".into(), "xx-new-1"));
    }
}
