//! `cargo xtask budgets`: what the program may weigh.

use crate::failure::Failure;
use crate::metadata::{host, read};
use crate::{root, say};
use std::path::PathBuf;

/// Packages built into the program on this platform, ours included (architecture notes, section 14).
const PACKAGES: usize = 280;
/// Size of the stripped release binary (DESIGN section 10).
const BINARY: u64 = 26 * 1024 * 1024;
/// Size of the embedded catalog.
const CATALOG: u64 = 4 * 1024 * 1024;

/// Runs the checks.
pub(crate) fn run() -> Result<(), Failure> {
    let metadata = read(Some(&host()?))?;
    let packages = metadata.built_into("stack-deploy").len();
    within("packages", packages as u64, PACKAGES as u64)?;
    let catalog = root().join("crates/catalog/data/catalog.bin");
    let size = std::fs::metadata(&catalog).map_err(|e| Failure::file(&catalog, e))?.len();
    within("bytes of catalog.bin", size, CATALOG)?;
    let binary = PathBuf::from(metadata.target_directory).join("release/stack-deploy");
    match std::fs::metadata(&binary) {
        Ok(found) => within("bytes of the release binary", found.len(), BINARY),
        Err(_) => {
            say("skip: size of the release binary, it is not built");
            Ok(())
        }
    }
}

fn within(what: &str, is: u64, may: u64) -> Result<(), Failure> {
    if is > may {
        return Err(Failure::Rule(format!("budgets: {is} {what}, at most {may}")));
    }
    say(&format!("budgets: {is} {what} of {may}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_may_be_reached_and_not_passed() {
        assert!(within("things", 3, 3).is_ok());
        assert_eq!(within("things", 4, 3).unwrap_err().to_string(), "budgets: 4 things, at most 3");
    }
}
