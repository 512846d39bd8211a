//! Measurements. They print figures and judge nothing; no test depends on them.

mod whole;

use crate::Failure;

/// `cargo xtask bench whole`: the release binary against a sandbox in another process.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [task] if task == "whole" => whole::run(),
        _ => Err(Failure::Usage("bench takes one of: whole".to_owned())),
    }
}
