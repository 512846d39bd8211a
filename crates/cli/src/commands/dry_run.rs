//! `--dry-run`: offline and deterministic (DESIGN section 3).

use crate::app::{App, Done};
use crate::args::{CloudArgs, InputArgs, StackArgs};
use crate::errors::exit_of;
use crate::exit::Exit;
use crate::load::{What, load};
use crate::render::dry_run::{Purpose, dry_run};
use crate::render::view::TargetsView;
use crate::session::{command_for, offline, repeated};
use crate::wire::region;
use stack_core::diagnostic::Diagnostic;

/// The nonce of a dry run: generated values are the same each time.
const NONCE: &str = "00000000000000000000000000000000";

/// Renders everything as if nothing existed.
pub fn run(
    app: &App,
    stack: &StackArgs,
    inputs: &InputArgs,
    cloud: &CloudArgs,
    targets: &TargetsView,
    purpose: Purpose,
) -> Done {
    let what = What {
        dir: &stack.stack_dir,
        env: &stack.stack_env,
        inputs,
        region: region(app, cloud),
        nonce: NONCE,
        strict: false,
        text: None,
    };
    let loaded = load(app, &what)?;
    let (plan, view, _) = offline(&loaded, targets, NONCE)?;
    let next = match purpose {
        Purpose::Build => command_for("plan", &loaded, &repeated(cloud)),
        Purpose::Teardown => format!("{} --destroy", command_for("plan", &loaded, &repeated(cloud))),
    };
    app.console.out(&dry_run(&view, purpose, &next, app.console.out_style));
    app.tell(&plan.diagnostics);
    if plan.diagnostics.iter().any(Diagnostic::is_error) {
        Ok(exit_of(&plan.diagnostics))
    } else {
        Ok(Exit::Done)
    }
}
