//! `plan`: reads, decides, shows. Never writes to a cloud.

use crate::app::{App, Done};
use crate::args::PlanArgs;
use crate::commands::dry_run;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::json::v1;
use crate::render::view::PlanView;
use crate::render::{dry_run::Purpose, human, markdown};
use crate::session::{Made, Session, targets};
use stack_core::plan::Mode;

/// Runs it.
pub async fn run(app: &App, args: &PlanArgs) -> Done {
    let mut targets = targets(&args.select);
    targets.resend = args.resend.clone();
    targets.keep_protected = args.keep_protected;
    targets.orphans = args.orphans;
    targets.prune = args.prune;
    if args.flow.dry_run {
        let purpose = if args.destroy { Purpose::Teardown } else { Purpose::Build };
        return dry_run::run(app, &args.stack, &args.inputs, &args.cloud, &targets, purpose);
    }
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open_without(app, &args.stack, &args.inputs, &args.cloud, None, &targets.exclude);
    let session = guard.reads(None, open).await?;
    let mode = if args.destroy { Mode::Teardown } else { Mode::Build };
    session.check(mode, &targets, &[])?;
    let made = guard.reads(Some(&session.link.provider), session.plan(mode, &targets)).await?;
    session.close()?;
    let view = &made.view;
    if args.json {
        app.console.out(&v1::plan_text(view));
    } else {
        app.console.out(&human::plan(view, args.view, app.console.out_style));
    }
    if let Some(file) = &args.markdown {
        app.write(file, &markdown::plan(view, markdown::BUDGET))?;
    }
    tell(app, &made);
    let blocked = made.blocked();
    if let Some(file) = &args.out {
        if blocked.is_none() || args.out_even_if_failed {
            app.write(file, &v1::plan_text(view))?;
            app.console.err(&saved_line(view, &file.to_string_lossy()));
        } else {
            app.console.err("the plan was not saved: it cannot be applied (--out-even-if-failed saves it)\n");
        }
    }
    if let Some(exit) = blocked {
        return Ok(exit);
    }
    if made.plan.has_changes() {
        let command = if args.destroy && args.out.is_none() { "teardown" } else { "build" };
        let plan = args.out.as_ref().map(|file| format!(" --plan {}", file.display())).unwrap_or_default();
        app.console.err(&format!("Next:  {}{plan}\n", session.command(command)));
        if args.detailed_exitcode {
            return Ok(Exit::Changes);
        }
    }
    Ok(Exit::Done)
}

/// Problems of a plan, on stderr.
pub fn tell(app: &App, made: &Made) {
    let mut told = made.plan.diagnostics.clone();
    told.extend(made.refused.iter().cloned());
    app.tell(&told);
}

fn saved_line(view: &PlanView, file: &str) -> String {
    format!("Saved {file} ({}, until {})\n", view.plan_id, view.meta.expires_at)
}
