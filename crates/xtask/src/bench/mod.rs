//! Measurements. They print figures and judge nothing; no test depends on them.

mod planner;
mod whole;

use crate::Failure;

/// `whole`: the release binary against a sandbox in another process. `planner`: differ and planner alone.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [task] if task == "whole" => whole::run(),
        [task] if task == "planner" => planner::run(),
        _ => Err(Failure::Usage("bench takes one of: whole, planner".to_owned())),
    }
}
