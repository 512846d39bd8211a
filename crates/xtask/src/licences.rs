//! `cargo xtask licences`: every dependency, of tests and of other platforms too, has a licence that fits ours and
//! comes from crates.io.

use crate::failure::Failure;
use crate::metadata::{Package, host, read};
use crate::say;

/// SPDX names that fit a program under MIT or Apache-2.0. `deny.toml` has the same list.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Runs the check.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = match read(None) {
        Ok(metadata) => metadata,
        Err(why) => {
            let first = why.to_string().lines().next().unwrap_or_default().to_owned();
            say(&format!("skip: licences of packages for other platforms, they cannot be had: {first}"));
            read(Some(&host()?))?
        }
    };
    let wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| !metadata.workspace_members.contains(&package.id))
        .filter_map(wrong)
        .collect();
    if wrong.is_empty() {
        let number = metadata.packages.len() - metadata.workspace_members.len();
        say(&format!("licences: {number} packages, all allowed, all from crates.io"));
        return Ok(());
    }
    Err(Failure::Rule(format!("licences:\n  {}", wrong.join("\n  "))))
}

fn wrong(package: &Package) -> Option<String> {
    let name = format!("{} {}", package.name, package.version);
    match (&package.source, &package.license) {
        (Some(source), _) if source != CRATES_IO => Some(format!("{name} comes from {source}")),
        (None, _) => Some(format!("{name} comes from a path outside the workspace")),
        (_, None) => Some(format!("{name} names no licence")),
        (_, Some(licence)) => match allows(licence) {
            Some(true) => None,
            Some(false) => Some(format!("{name} is under {licence}, which is not in the list")),
            None => Some(format!("{name}: `{licence}` is no SPDX expression")),
        },
    }
}

/// True if an SPDX expression can be met with allowed licences alone. The old `A/B` means `A OR B`. `None`: not an
/// expression.
fn allows(expression: &str) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let answer = either(&mut rest)?;
    rest.is_empty().then_some(answer)
}

fn either(words: &mut &[&str]) -> Option<bool> {
    let mut answer = both(words)?;
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        answer |= both(words)?;
    }
    Some(answer)
}

fn both(words: &mut &[&str]) -> Option<bool> {
    let mut answer = one(words)?;
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        answer &= one(words)?;
    }
    Some(answer)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let answer = either(words)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(answer)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, rest @ ..] if !["OR", "AND", "WITH", ")"].contains(licence) => {
            *words = rest;
            Some(ALLOWED.contains(licence))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_by_one_side_of_or_and_both_sides_of_and() {
        for (expression, answer) in [
            ("MIT OR Apache-2.0", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("GPL-3.0-only OR MIT", Some(true)),
            ("Apache-2.0 AND ISC", Some(true)),
            ("Apache-2.0 AND GPL-3.0-only", Some(false)),
            ("(MIT OR GPL-3.0-only) AND Unicode-3.0", Some(true)),
            ("(MIT AND GPL-3.0-only) OR LGPL-2.1-or-later", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-3.0-only", Some(false)),
            ("MIT OR", None),
            ("(MIT", None),
            ("", None),
        ] {
            assert_eq!(allows(expression), answer, "{expression}");
        }
    }

    #[test]
    fn the_list_is_that_of_deny_toml() {
        let path = crate::root().join("deny.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let list = text.split_once("\nallow = [").unwrap().1.split_once(']').unwrap().0;
        let names: Vec<&str> =
            list.split(',').map(|name| name.trim().trim_matches('"')).filter(|n| !n.is_empty()).collect();
        assert_eq!(names, ALLOWED);
    }

    #[test]
    fn foreign_sources_and_missing_licences_are_wrong() {
        let package = |source: Option<&str>, license: Option<&str>| {
            serde_json::from_value::<Package>(serde_json::json!({
                "id": "x", "name": "x", "version": "1.0.0", "license": license, "source": source, "dependencies": []
            }))
            .unwrap()
        };
        assert_eq!(wrong(&package(Some(CRATES_IO), Some("MIT"))), None);
        assert_eq!(wrong(&package(Some(CRATES_IO), None)).as_deref(), Some("x 1.0.0 names no licence"));
        let git = package(Some("git+https://example.org/x"), Some("MIT"));
        assert_eq!(wrong(&git).as_deref(), Some("x 1.0.0 comes from git+https://example.org/x"));
        assert_eq!(
            wrong(&package(None, Some("MIT"))).as_deref(),
            Some("x 1.0.0 comes from a path outside the workspace")
        );
    }
}
