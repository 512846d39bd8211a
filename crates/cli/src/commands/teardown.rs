//! `teardown`: plan, consent, delete, report.

use crate::app::{App, Done};
use crate::args::TeardownArgs;
use crate::commands::apply::{Apply, Question};
use crate::commands::dry_run;
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::render::dry_run::Purpose;
use crate::session::{Session, targets};
use stack_core::plan::Mode;

/// Runs it.
pub async fn run(app: &App, args: &TeardownArgs) -> Done {
    let mut targets = targets(&args.select);
    targets.keep_protected = args.keep_protected;
    targets.allow_data_loss = args.consent.allow_data_loss.clone();
    if args.flow.dry_run {
        return dry_run::run(app, &args.stack, &args.inputs, &args.cloud, &targets, Purpose::Teardown);
    }
    if !args.consent.yes && !app.settings.can_ask {
        // Before any call (DESIGN section 3, Consent).
        let message = "teardown deletes resources, and there is no terminal to ask at";
        return Err(Stopped::usage(message, "look at it with `plan --destroy`, then agree with --yes"));
    }
    let session = Session::open(app, &args.stack, &args.inputs, &args.cloud, None).await?;
    let apply = Apply {
        session: &session,
        command: "teardown",
        mode: Mode::Teardown,
        targets: &targets,
        on_failure: args.on_failure,
        timeout: args.cloud.timeout,
        operations: args.cloud.parallelism,
        allow_replace: &args.consent.allow_replace,
        show_requests: args.flow.show_queries,
        view: args.view,
    };
    let held = apply.begin().await?;
    let made = apply.plan(Mode::Teardown, &targets).await?;
    apply.show(&made);
    if let Some(exit) = made.blocked() {
        session.close()?;
        return Ok(exit);
    }
    if !made.plan.has_changes() {
        session.close()?;
        return Ok(Exit::Done);
    }
    if !args.consent.yes {
        apply.consent(&made, Question::EnvironmentName)?;
    }
    let (exit, _) = apply.run(made, held).await?;
    session.close()?;
    Ok(exit)
}
