//! `teardown`: plan, consent, delete, report.

use crate::app::{App, Done};
use crate::args::TeardownArgs;
use crate::commands::apply::{Apply, Question};
use crate::commands::dry_run;
use crate::errors::Stopped;
use crate::guard::Guard;
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
    let guard = Guard::writing(app, args.cloud.timeout)?;
    let open = Session::open_without(app, &args.stack, &args.inputs, &args.cloud, None, &targets.exclude);
    let session = guard.reads(None, open).await?.showing_statements(args.flow.show_queries);
    let apply = Apply {
        session: &session,
        command: "teardown",
        mode: Mode::Teardown,
        targets: &targets,
        on_failure: args.on_failure,
        guard: &guard,
        operations: args.cloud.parallelism,
        allow_replace: &args.consent.allow_replace,
        show_requests: args.flow.show_queries,
        view: args.view,
    };
    session.check(Mode::Teardown, &targets, &args.consent.allow_replace)?;
    let (held, made) = apply.look().await?;
    apply.show(&made);
    let question = (!args.consent.yes).then_some(Question::EnvironmentName);
    apply.settle(made, held, question).await
}
