//! Reading the package.

use crate::failure::Failure;
use crate::root;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use stack_catalog::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "cfn-lint";
const VERSION: &str = "1.58.0";
/// Of the wheel on PyPI. Another file of that name is refused.
const SHA256: &str = "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987";
/// Regions whose list is a copy of this one's are placeholders (cloud-control 6.1).
const MODEL_REGION: &str = "us-east-1";
/// The package's list of SAM types, which is no region.
const NO_REGION: &str = "sam";

/// What is in the package.
pub(crate) struct Package {
    pub(crate) source: Source,
    /// Schemas by type name, of all regions.
    pub(crate) schemas: BTreeMap<String, Json>,
    /// Regions with their types.
    pub(crate) regions: Vec<Region>,
}

pub(crate) struct Region {
    pub(crate) name: String,
    /// False where the package only copies another region's list.
    pub(crate) known: bool,
    types: BTreeSet<String>,
}

#[cfg(test)]
impl Region {
    pub(crate) fn known(name: &str) -> Self {
        Self { name: name.to_owned(), known: true, types: BTreeSet::new() }
    }
}

impl Package {
    /// The set of regions that have a type, by their numbers.
    pub(crate) fn regions_of(&self, ty: &str) -> u64 {
        let has = self.regions.iter().enumerate().filter(|(_, region)| region.types.contains(ty));
        has.fold(0, |set, (number, _)| set | 1 << number)
    }
}

/// Downloads the wheel with pip, unless it is there from the last time.
pub(crate) fn fetch() -> Result<PathBuf, Failure> {
    let folder = root().join("target/xtask");
    let file = folder.join(format!("cfn_lint-{VERSION}-py3-none-any.whl"));
    if file.exists() {
        return Ok(file);
    }
    let command = format!("pip download {PACKAGE}=={VERSION}");
    let output = Command::new("python3")
        .args(["-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--quiet"])
        .args(["--no-deps", "--only-binary", ":all:", "--retries", "1", "--timeout", "20", "--dest"])
        .arg(&folder)
        .arg(format!("{PACKAGE}=={VERSION}"))
        .output()
        .map_err(|e| Failure::Command { command: command.clone(), why: e.to_string() })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        return Err(Failure::Command { command, why });
    }
    if file.exists() {
        Ok(file)
    } else {
        Err(Failure::input(file.display().to_string(), "pip did not write it"))
    }
}

/// Reads the wheel.
pub(crate) fn open(file: &Path) -> Result<Package, Failure> {
    let bytes = std::fs::read(file).map_err(|e| Failure::file(file, e))?;
    let digest = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if digest != SHA256 {
        return Err(Failure::input(file.display().to_string(), format!("SHA-256 is {digest}, not {SHA256}")));
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|e| Failure::input(file.display().to_string(), e))?;
    let mut bodies = BTreeMap::new();
    let mut lists = BTreeMap::new();
    let (mut metadata, mut version) = (String::new(), Json::Null);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|e| Failure::input(index.to_string(), e))?;
        let path = entry.name().to_owned();
        let mut text = || {
            let mut text = String::new();
            entry.read_to_string(&mut text).map(|_| text).map_err(|e| Failure::input(&path, e))
        };
        let parse = |text: &str| serde_json::from_str::<Json>(text).map_err(|e| Failure::input(&path, e));
        if let Some(name) = within(&path, "cfnlint/data/schemas/resources/") {
            bodies.insert(name.to_owned(), parse(&text()?)?);
        } else if let Some(name) = within(&path, "cfnlint/data/schemas/providers/") {
            lists.insert(name.to_owned(), parse(&text()?)?);
        } else if path == "cfnlint/data/schemas/version.json" {
            version = parse(&text()?)?;
        } else if path.ends_with(".dist-info/METADATA") {
            metadata = text()?;
        }
    }
    let (schemas, regions) = regions(&bodies, lists)?;
    Ok(Package { source: source(&metadata, &version, digest)?, schemas, regions })
}

/// The name of a JSON file directly in a folder.
fn within<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_suffix(".json").filter(|name| !name.contains('/'))
}

type Schemas = BTreeMap<String, Json>;

fn regions(bodies: &Schemas, lists: BTreeMap<String, Json>) -> Result<(Schemas, Vec<Region>), Failure> {
    let mut schemas: BTreeMap<String, (String, Json)> = BTreeMap::new();
    let mut regions = Vec::new();
    let model = lists.get(MODEL_REGION).cloned().unwrap_or_default();
    for (name, list) in lists {
        let known = name == MODEL_REGION || list != model;
        let Json::Object(list) = list else { return Err(Failure::input(name, "not an object")) };
        if name == NO_REGION {
            continue;
        }
        regions.push(Region { name, known, types: list.keys().cloned().collect() });
        for (ty, body) in list {
            let body = body.as_str().unwrap_or_default().to_owned();
            match schemas.get(&ty) {
                Some((other, _)) if *other == body => {}
                Some(_) => return Err(Failure::input(ty, "has another schema in another region")),
                None => {
                    let schema = bodies.get(&body).ok_or_else(|| Failure::input(&ty, "has no schema"))?;
                    schemas.insert(ty, (body, schema.clone()));
                }
            }
        }
    }
    if regions.len() > 64 {
        return Err(Failure::input("regions", "more than 64"));
    }
    Ok((schemas.into_iter().map(|(ty, (_, schema))| (ty, schema)).collect(), regions))
}

fn source(metadata: &str, version: &Json, sha256: String) -> Result<Source, Failure> {
    let header = |key: &str| {
        let found = metadata.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        found.map(str::to_owned).ok_or_else(|| Failure::input("METADATA", format!("no {key}")))
    };
    let schema_date =
        version.as_object().and_then(|v: &Map<_, _>| v.get("schema_date")).and_then(Json::as_str);
    Ok(Source {
        package: header("Name")?,
        version: header("Version")?,
        sha256,
        schema_date: schema_date.ok_or_else(|| Failure::input("version.json", "no schema_date"))?.to_owned(),
        licence: header("License-Expression")?,
    })
}
