//! Measurements. They print figures and judge nothing; no test depends on them.

mod measured;
mod planner;
mod sql;
mod validate;
mod whole;

use crate::Failure;

/// `whole`: the release binary against a sandbox in another process. `planner`: differ and planner alone. `validate`: the
/// release binary over a generated stack, offline. `sql`: statements, their relational work, and their calls.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [task] if task == "whole" => whole::run(),
        [task] if task == "planner" => planner::run(),
        [task] if task == "validate" => validate::run(),
        [task] if task == "sql" => sql::run(),
        _ => Err(Failure::Usage("bench takes one of: whole, planner, validate, sql".to_owned())),
    }
}
