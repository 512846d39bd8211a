//! `orphans`: live resources with the stack's tags that left the manifest; with `--delete` they go.

use crate::app::{App, Done};
use crate::args::OrphansArgs;
use crate::commands::apply::{Apply, Question};
use crate::commands::plan::tell;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::json::v1;
use crate::render::orphans;
use crate::render::view::TargetsView;
use crate::session::Session;
use stack_core::plan::Mode;

/// Runs it.
pub async fn run(app: &App, args: &OrphansArgs) -> Done {
    if args.delete { delete(app, args).await } else { list(app, args).await }
}

async fn list(app: &App, args: &OrphansArgs) -> Done {
    let targets = TargetsView { orphans: true, ..TargetsView::default() };
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open(app, &args.stack, &args.inputs, &args.cloud, None);
    let session = guard.reads(None, open).await?;
    let look = session.plan(Mode::Drift, &targets);
    let made = guard.reads(Some(&session.link.provider), look).await?;
    session.close()?;
    if args.json {
        app.console.out(&v1::orphans_text(&made.view));
    } else {
        app.console.out(&orphans::orphans(&made.view, app.console.out_style));
    }
    tell(app, &made);
    if !made.view.orphans.is_empty() {
        app.console.err(&format!("Next:  {} --delete\n", session.command("orphans")));
    }
    Ok(made.blocked().filter(|_| made.refused.is_empty()).unwrap_or(Exit::Done))
}

async fn delete(app: &App, args: &OrphansArgs) -> Done {
    let targets = TargetsView {
        prune: true,
        only_orphans: true,
        allow_data_loss: args.consent.allow_data_loss.clone(),
        ..TargetsView::default()
    };
    let guard = Guard::writing(app, args.cloud.timeout)?;
    let open = Session::open(app, &args.stack, &args.inputs, &args.cloud, None);
    let session = guard.reads(None, open).await?;
    let apply = Apply {
        session: &session,
        command: "orphans",
        mode: Mode::Build,
        targets: &targets,
        on_failure: args.on_failure,
        guard: &guard,
        operations: args.cloud.parallelism,
        allow_replace: &[],
        show_requests: false,
        view: args.view,
    };
    let (held, made) = apply.look().await?;
    if made.plan.has_changes() || made.blocked().is_some() {
        apply.show(&made);
    } else {
        app.console.out(&orphans::orphans(&made.view, app.console.out_style));
        tell(app, &made);
    }
    let question = (!args.consent.yes).then_some(Question::Yes);
    apply.settle(made, held, question).await
}
