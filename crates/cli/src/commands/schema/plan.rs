//! `schema plan`: JSON Schema of the plan that `plan --json` prints, derived from the types that write it.

use crate::app::{App, Done};
use crate::exit::Exit;
use crate::render::json::v1;

pub(super) fn run(app: &App) -> Done {
    app.console.out(&v1::pretty(&v1::plan_schema()));
    Ok(Exit::Done)
}
