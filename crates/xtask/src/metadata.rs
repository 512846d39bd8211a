//! The part of `cargo metadata` that the checks need.

use crate::failure::Failure;
use crate::root;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::Command;

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
    #[serde(default)]
    pub(crate) target_directory: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) license: Option<String>,
    #[serde(default)]
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None`: a normal dependency; else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Resolved>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolved {
    pub(crate) id: String,
    pub(crate) deps: Vec<Link>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<LinkKind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LinkKind {
    pub(crate) kind: Option<String>,
}

/// The platform that this toolchain builds for.
pub(crate) fn host() -> Result<String, Failure> {
    let failed = |why: String| Failure::Command { command: "rustc -vV".to_owned(), why };
    let output = Command::new("rustc").arg("-vV").output().map_err(|e| failed(e.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| failed("names no host".to_owned()))
}

/// Asks cargo, from the lock file as it is. Downloads what is missing, as any build does.
pub(crate) fn read(platform: Option<&str>) -> Result<Metadata, Failure> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version", "1", "--locked"]).current_dir(root());
    if let Some(platform) = platform {
        command.args(["--filter-platform", platform]);
    }
    let shown = "cargo metadata".to_owned();
    let output =
        command.output().map_err(|e| Failure::Command { command: shown.clone(), why: e.to_string() })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Failure::Command { command: shown, why });
    }
    serde_json::from_slice(&output.stdout).map_err(|e| Failure::input(shown, e))
}

impl Metadata {
    /// Packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Ids of the packages that a package is built with (normal and build dependencies), itself included.
    pub(crate) fn built_into(&self, root: &str) -> Vec<&str> {
        let nodes: BTreeMap<&str, &Resolved> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen = Vec::new();
        let mut open: Vec<&str> =
            self.packages.iter().filter(|p| p.name == root).map(|p| p.id.as_str()).collect();
        while let Some(id) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let links = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            let built = |link: &&Link| link.dep_kinds.iter().any(|k| k.kind.as_deref() != Some("dev"));
            open.extend(links.iter().filter(built).map(|link| link.pkg.as_str()));
        }
        seen
    }
}
