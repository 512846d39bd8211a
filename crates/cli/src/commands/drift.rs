//! `drift`: what differs between the live cloud and the manifest, property by property.

use crate::app::{App, Done};
use crate::args::DriftArgs;
use crate::commands::plan::tell;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::drift::{drift, has_drift};
use crate::render::json::v1;
use crate::session::{Session, targets};
use stack_core::plan::Mode;

/// Runs it.
pub async fn run(app: &App, args: &DriftArgs) -> Done {
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open_without(app, &args.stack, &args.inputs, &args.cloud, None, &args.select.exclude);
    let session = guard.reads(None, open).await?;
    let made =
        guard.reads(Some(&session.link.provider), session.plan(Mode::Drift, &targets(&args.select))).await?;
    session.close()?;
    if args.json {
        app.console.out(&v1::plan_text(&made.view));
    } else {
        app.console.out(&drift(&made.view, args.view, app.console.out_style));
    }
    tell(app, &made);
    if let Some(exit) = made.blocked().filter(|_| made.refused.is_empty()) {
        return Ok(exit);
    }
    if has_drift(&made.view) {
        app.console.err(&format!("Next:  {}\n", session.command("build")));
        if args.detailed_exitcode {
            return Ok(Exit::Changes);
        }
    }
    Ok(Exit::Done)
}
