//! `build`: plan, consent, run, report.

use crate::app::{App, Done};
use crate::args::BuildArgs;
use crate::commands::apply::{Apply, Question, ends, has_changed};
use crate::commands::outputs::{Leave, leave};
use crate::commands::{dry_run, show};
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::dry_run::Purpose;
use crate::render::time::from_utc;
use crate::render::view::{ModeView, PlanView};
use crate::session::{Session, targets};
use crate::stale::differences;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::Ended;
use stack_core::ids::RunId;
use stack_core::plan::Mode;
use stack_engine::clock::{Clock, SystemClock};
use stack_engine::store::StoreError;
use std::path::Path;
use tokio::time::Instant;

/// Runs it.
pub async fn run(app: &App, args: &BuildArgs) -> Done {
    let began = Instant::now();
    let mut targets = targets(&args.select);
    targets.resend = args.resend.clone();
    targets.allow_data_loss = args.consent.allow_data_loss.clone();
    targets.prune = args.prune;
    if args.flow.dry_run {
        return dry_run::run(app, &args.stack, &args.inputs, &args.cloud, &targets, Purpose::Build);
    }
    let saved = match &args.plan {
        Some(file) => Some(approved(app, file, &args.stack.stack_env)?),
        None => None,
    };
    if let Some(saved) = &saved {
        targets = saved.targets.clone();
    }
    let mode = match saved.as_ref().map(|saved| saved.mode) {
        Some(ModeView::Teardown) => Mode::Teardown,
        _ => Mode::Build,
    };
    let nonce = saved.as_ref().map(|saved| saved.meta.nonce.clone());
    let guard = Guard::writing(app, args.cloud.timeout)?;
    let open = Session::open_without(app, &args.stack, &args.inputs, &args.cloud, nonce, &targets.exclude);
    let session = guard.reads(None, open).await?.showing_statements(args.flow.show_queries);
    if let Some(saved) = &saved
        && saved.stack.name != session.loaded.stack.name()
    {
        return Err(other_stack(saved, session.loaded.stack.name(), &args.stack.stack_env));
    }
    let apply = Apply {
        session: &session,
        command: "build",
        mode,
        targets: &targets,
        on_failure: args.on_failure,
        guard: &guard,
        operations: args.cloud.parallelism,
        allow_replace: &args.consent.allow_replace,
        show_requests: args.flow.show_queries,
        view: args.view,
    };
    session.check(mode, &targets, &args.consent.allow_replace)?;
    let (held, made) = apply.look().await?;
    if let Some(saved) = &saved
        && saved.plan_id != made.view.plan_id
    {
        session.close()?;
        return Err(stale(saved, &made.view, &session.command("plan")));
    }
    if let Some(saved) = &saved
        && let Some(run) = carried_out(&session, saved)
    {
        session.close()?;
        return Err(spent(&run, &session.command("plan")));
    }
    apply.show(&made);
    if let Some(exit) = made.blocked() {
        session.close()?;
        return Ok(exit);
    }
    if !made.plan.has_work() {
        let done = leave(&session, &made.outputs, Leave::since(began, &args.exports));
        session.close()?;
        return done.map(|()| Exit::Done);
    }
    let agreed = args.consent.yes || saved.is_some();
    if !agreed {
        apply.consent(&made, Question::Yes).await?;
    }
    let (exit, outcome) = apply.run(made, held).await?;
    let left = session.close().and_then(|()| {
        if exit == Exit::Done {
            leave(&session, &outcome.outputs, Leave::since(began, &args.exports))?;
        }
        Ok(())
    });
    match left {
        Ok(()) => Ok(ends(app, exit, &outcome)),
        Err(stopped) if has_changed(&outcome) => Err(stopped.after_changes()),
        Err(stopped) => Err(stopped),
    }
}

/// A saved plan that may be run now, as far as can be told without reading the cloud.
fn approved(app: &App, file: &Path, env: &str) -> Result<PlanView, Stopped> {
    let saved = show::read(app, file, Exit::Stale)?;
    if saved.stack.env != env {
        return Err(other_stack(&saved, &saved.stack.name, env));
    }
    if saved.mode == ModeView::Drift || !saved.applyable {
        let diagnostic =
            Diagnostic::error(codes::BAD_PLAN_FILE, format!("{} cannot be applied", file.display()))
                .next("plan again, and mend what it reports");
        return Err(Stopped::new(Exit::Error, diagnostic));
    }
    if !saved.targets.allow_data_loss.is_empty() {
        // `plan` takes no such consent, so nobody who looked at this plan has given it.
        let message = format!("{} agrees to the loss of data, which no plan can", file.display());
        let diagnostic = Diagnostic::error(codes::BAD_PLAN_FILE, message)
            .next("plan again, and give --allow-data-loss to a build without --plan; nothing was changed");
        return Err(Stopped::new(Exit::Stale, diagnostic));
    }
    let expired = from_utc(&saved.meta.expires_at).is_none_or(|at| at < SystemClock.now_ms());
    if expired {
        let message = format!("{} was good until {}", file.display(), saved.meta.expires_at);
        let diagnostic = Diagnostic::error(codes::EXPIRED, message).next("plan again; nothing was changed");
        return Err(Stopped::new(Exit::Stale, diagnostic));
    }
    Ok(saved)
}

/// The run of this machine that has carried a saved plan out. A journal that does not read is told, and costs the knowledge only:
/// without it the cloud still says what is there, and the tokens of the plan what was sent.
fn carried_out(session: &Session<'_>, saved: &PlanView) -> Option<RunId> {
    let store = session.store();
    let since = from_utc(&saved.meta.created_at).unwrap_or(i64::MIN);
    let look = || -> Result<Option<RunId>, StoreError> {
        for run in store.list()?.into_iter().rev() {
            let state = store.load(&run)?.state;
            let Some(begun) = &state.started else { continue };
            if begun.at_ms < since {
                break;
            }
            if begun.nonce == saved.meta.nonce && state.ended.as_deref() == Some(Ended::Succeeded.word()) {
                return Ok(Some(run));
            }
        }
        Ok(None)
    };
    look().unwrap_or_else(|error| {
        let message = format!("whether this plan was carried out already is not known: {error}");
        session.app.tell(&[Diagnostic::warning(codes::STORE, message)]);
        None
    })
}

/// A plan is good for once.
fn spent(run: &RunId, plan_command: &str) -> Stopped {
    let diagnostic =
        Diagnostic::error(codes::SPENT, "the saved plan was carried out already: nothing was changed")
            .note("by run", run.as_str())
            .next(format!("{plan_command} --out FILE, and run the new one"));
    Stopped::new(Exit::Stale, diagnostic)
}

fn other_stack(saved: &PlanView, name: &str, env: &str) -> Stopped {
    let message = format!("this plan is for {}/{}, not for {name}/{env}", saved.stack.name, saved.stack.env);
    Stopped::new(
        Exit::Stale,
        Diagnostic::error(codes::OTHER_STACK, message).next("give the plan of this stack"),
    )
}

/// What was approved is no longer what would be done.
fn stale(saved: &PlanView, now: &PlanView, plan_command: &str) -> Stopped {
    const SHOWN: usize = 10;
    let differences = differences(saved, now);
    let mut diagnostic = Diagnostic::error(codes::STALE, "the saved plan is stale: nothing was changed");
    for difference in differences.iter().take(SHOWN) {
        diagnostic = diagnostic.note(&difference.what, &difference.how);
    }
    if differences.len() > SHOWN {
        diagnostic = diagnostic.note("and", format!("{} more", differences.len() - SHOWN));
    }
    let next = format!("{plan_command} --out FILE, and look at it again");
    Stopped::new(Exit::Stale, diagnostic.next(next))
}
