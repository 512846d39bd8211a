//! Measurements. They print figures and judge nothing; no test depends on them.

mod measured;
mod planner;
mod validate;
mod whole;

use crate::Failure;

/// `whole`: the release binary against a sandbox in another process. `planner`: differ and planner alone. `validate`: the
/// release binary over a generated stack, offline.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [task] if task == "whole" => whole::run(),
        [task] if task == "planner" => planner::run(),
        [task] if task == "validate" => validate::run(),
        _ => Err(Failure::Usage("bench takes one of: whole, planner, validate".to_owned())),
    }
}
