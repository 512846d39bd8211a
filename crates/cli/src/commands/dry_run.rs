//! `--dry-run`: offline and deterministic (DESIGN section 3).

use crate::app::{App, Done};
use crate::args::{CloudArgs, InputArgs, StackArgs};
use crate::errors::exit_of;
use crate::exit::Exit;
use crate::load::{Loaded, What, load};
use crate::render::dry_run::{Purpose, Written, dry_run};
use crate::render::view::TargetsView;
use crate::session::{command_for, offline, repeated};
use crate::statements;
use crate::wire::region;
use indexmap::IndexMap;
use stack_core::desired::{Outputs, Rendered, Resolver};
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
        exclude: &targets.exclude,
    };
    let loaded = load(app, &what)?;
    let (plan, view, outputs) = offline(&loaded, targets, NONCE)?;
    let written = written(&loaded, &outputs, purpose);
    let next = match purpose {
        Purpose::Build => command_for("plan", &loaded, &repeated(cloud)),
        Purpose::Test => command_for("test", &loaded, &repeated(cloud)),
        Purpose::Teardown => format!("{} --destroy", command_for("plan", &loaded, &repeated(cloud))),
    };
    app.console.out(&dry_run(&view, purpose, &written, &next, app.console.out_style));
    app.tell(&plan.diagnostics);
    if plan.diagnostics.iter().any(Diagnostic::is_error) {
        Ok(exit_of(&plan.diagnostics))
    } else {
        Ok(Exit::Done)
    }
}

/// What is written as statements, by address; and what is to be absent.
fn written(loaded: &Loaded, outputs: &Outputs, purpose: Purpose) -> IndexMap<String, Written> {
    let mut out = IndexMap::new();
    for node in loaded.stack.nodes() {
        let (absent, is_derived) = match loaded.stack.render(&node.address, outputs) {
            Ok(Rendered::Wanted(wanted)) => (wanted.absent, wanted.as_written),
            Ok(Rendered::Flow(flow)) => (flow.absent, false),
            Ok(Rendered::Skipped) | Err(_) => continue,
        };
        let purpose = if absent && purpose == Purpose::Build { Purpose::Teardown } else { purpose };
        let statements = loaded
            .stack
            .drafts(&node.address, outputs)
            .map(|drafts| statements::all(loaded, &drafts, purpose));
        out.insert(node.address.to_string(), Written { absent, is_derived, statements });
    }
    out
}
