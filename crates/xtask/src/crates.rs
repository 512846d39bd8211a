//! `cargo xtask crates`: dependencies between our crates go one way, and heavy or foreign packages stay where they
//! belong (the crate table of the architecture notes).

use crate::failure::Failure;
use crate::metadata::{Metadata, host, read};
use crate::say;

/// What a crate of ours may be built with.
struct Direction {
    name: &'static str,
    /// Crates of ours.
    may_use: &'static [&'static str],
    /// Packages that must not come in on any way.
    never: &'static [&'static str],
}

/// Runtimes, HTTP, terminals and clouds: everything that the pure crates must not know.
const EFFECTS: &[&str] = &["tokio", "hyper", "reqwest", "http", "rustls", "aws-config", "clap", "indicatif"];
const HTTP_AND_TERMINALS: &[&str] =
    &["hyper", "reqwest", "http", "rustls", "aws-config", "clap", "indicatif"];
/// Manifests and terminals. The YAML of definitions of REST services comes in with the catalog (docs/design/0010).
const MANIFESTS_AND_TERMINALS: &[&str] = &["saphyr-parser", "minijinja", "clap", "indicatif"];

const DIRECTIONS: &[Direction] = &[
    Direction { name: "stack-core", may_use: &[], never: EFFECTS },
    Direction { name: "stack-manifest", may_use: &["stack-core"], never: EFFECTS },
    Direction { name: "stack-catalog", may_use: &["stack-core"], never: EFFECTS },
    Direction {
        name: "stack-providers",
        may_use: &["stack-core", "stack-catalog"],
        never: MANIFESTS_AND_TERMINALS,
    },
    Direction { name: "stack-engine", may_use: &["stack-core"], never: HTTP_AND_TERMINALS },
    Direction { name: "stack-sql", may_use: &["stack-core", "stack-catalog"], never: EFFECTS },
    Direction {
        name: "stack-emulator",
        may_use: &["stack-core", "stack-catalog"],
        never: &["reqwest", "rustls", "aws-config", "yaml_serde", "minijinja", "clap", "indicatif"],
    },
    Direction {
        name: "stack-flow",
        may_use: &["stack-core", "stack-manifest", "stack-sql", "stack-catalog"],
        never: EFFECTS,
    },
    Direction {
        name: "stack-deploy",
        may_use: &[
            "stack-core",
            "stack-manifest",
            "stack-catalog",
            "stack-providers",
            "stack-engine",
            "stack-sql",
            "stack-emulator",
            "stack-flow",
        ],
        never: &[],
    },
    Direction {
        name: "xtask",
        may_use: &["stack-core", "stack-catalog", "stack-manifest", "stack-sql"],
        never: EFFECTS,
    },
];

/// Runs the check.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = read(Some(&host()?))?;
    let wrong = wrong(&metadata);
    if wrong.is_empty() {
        say(&format!("crates: {} crates depend on each other as agreed", metadata.members().count()));
        return Ok(());
    }
    Err(Failure::Rule(format!("dependencies against the agreed direction:\n  {}", wrong.join("\n  "))))
}

/// Sentences about what is against the table. Dependencies of tests are free.
fn wrong(metadata: &Metadata) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in metadata.members() {
        let Some(direction) = DIRECTIONS.iter().find(|direction| direction.name == package.name) else {
            wrong.push(format!("`{}` is not in the table of crates", package.name));
            continue;
        };
        let ours = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
            .filter(|dependency| DIRECTIONS.iter().any(|direction| direction.name == dependency.name));
        for dependency in ours.filter(|dependency| !direction.may_use.contains(&dependency.name.as_str())) {
            wrong.push(format!("`{}` must not use `{}`", package.name, dependency.name));
        }
        let built = metadata.built_into(&package.name);
        for other in metadata.packages.iter().filter(|other| built.contains(&other.id.as_str())) {
            if direction.never.contains(&other.name.as_str()) {
                wrong.push(format!("`{}` must not be built with `{}`", package.name, other.name));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package's name, and what it uses in which kind.
    type Sketch<'s> = (&'s str, &'s [(&'s str, Option<&'s str>)]);

    fn metadata(packages: &[Sketch<'_>]) -> Metadata {
        let link = |(name, kind): &(&str, Option<&str>)| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let package = |(name, uses): &Sketch<'_>| {
            let uses: Vec<_> = uses.iter().map(|(n, k)| serde_json::json!({"name": n, "kind": k})).collect();
            serde_json::json!({"id": name, "name": name, "version": "1.0.0", "dependencies": uses})
        };
        let ours = packages.iter().filter(|(name, _)| DIRECTIONS.iter().any(|d| d.name == *name));
        serde_json::from_value(serde_json::json!({
            "packages": packages.iter().map(package).collect::<Vec<_>>(),
            "workspace_members": ours.map(|(name, _)| name).collect::<Vec<_>>(),
            "resolve": {"nodes": packages.iter().map(|(name, uses)| {
                serde_json::json!({"id": name, "deps": uses.iter().map(link).collect::<Vec<_>>()})
            }).collect::<Vec<_>>()},
        }))
        .unwrap()
    }

    #[test]
    fn a_crate_must_not_use_one_above_it_or_build_what_it_must_not_know() {
        let metadata = metadata(&[
            ("stack-core", &[("stack-engine", None), ("helper", None)]),
            ("stack-engine", &[("stack-core", None), ("stack-providers", Some("dev"))]),
            ("stack-providers", &[("stack-core", None)]),
            ("helper", &[("tokio", None)]),
            ("tokio", &[]),
        ]);
        assert_eq!(
            wrong(&metadata),
            ["`stack-core` must not use `stack-engine`", "`stack-core` must not be built with `tokio`"]
        );
    }

    #[test]
    fn the_table_itself_has_no_cycle() {
        for (i, direction) in DIRECTIONS.iter().enumerate() {
            for used in direction.may_use {
                let at = DIRECTIONS.iter().position(|other| other.name == *used).unwrap();
                let back = DIRECTIONS[at].may_use.contains(&direction.name);
                assert!(at != i && !back, "{} and {used}", direction.name);
            }
        }
    }
}
