//! `test`: reads everything, and holds it against the manifest. Nothing is written to a cloud.

use crate::app::{App, Done};
use crate::args::TestArgs;
use crate::commands::dry_run;
use crate::commands::outputs::{Leave, keep, leave};
use crate::commands::plan::tell;
use crate::errors::codes;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::dry_run::Purpose;
use crate::render::json::v1;
use crate::render::test::{Outcome, Report, Verdict, report};
use crate::render::text::clean;
use crate::session::{Made, Session, targets};
use serde_json::json;
use stack_core::desired::Resolver;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{FlowKind, Purpose as Asked};
use stack_core::plan::{Action, Mode, Planned};
use tokio::time::Instant;

/// Runs it.
pub async fn run(app: &App, args: &TestArgs) -> Done {
    let targets = targets(&args.select);
    if args.flow.dry_run {
        return dry_run::run(app, &args.stack, &args.inputs, &args.cloud, &targets, Purpose::Test);
    }
    let began = Instant::now();
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open_without(app, &args.stack, &args.inputs, &args.cloud, None, &args.select.exclude);
    let mut session = guard.reads(None, open).await?.showing_statements(args.flow.show_queries);
    session.purpose = Asked::Test;
    let made = guard.reads(Some(&session.link.provider), session.plan(Mode::Drift, &targets)).await?;
    session.close()?;
    let result = judge(&session, &made);
    for outcome in &result.outcomes {
        let address = clean(&outcome.address, app.settings.unicode);
        match outcome.verdict {
            Verdict::Pass => app.console.err(&format!("test passed for {address}\n")),
            Verdict::Fail => app.console.err(&format!("test failed for {address}\n")),
            Verdict::Skipped => {}
        }
    }
    if args.json {
        let id = session.loaded.stack.stack();
        let body = json!({
            "stack": { "name": id.name, "env": id.env },
            "ok": result.is_passed(),
            "summary": result.summary(),
            "resources": result.outcomes,
        });
        app.console.out(&v1::document("test", &body));
    } else {
        app.console.out(&report(&result, &made.view, args.view, app.console.out_style));
    }
    tell(app, &made);
    let elapsed = began.elapsed();
    let passed = result.is_passed();
    if passed {
        let what = Leave::since(began, &args.exports);
        if args.json {
            keep(&session, &made.outputs, what)?;
        } else {
            leave(&session, &made.outputs, what)?;
        }
    }
    app.console.err(&format!("test completed in {:.1}s\n", elapsed.as_secs_f64()));
    if passed {
        return Ok(Exit::Done);
    }
    let failed: Vec<&str> = result.failed().collect();
    let problem = Diagnostic::error(codes::TEST_FAILED, "not everything is as declared")
        .note("resources", failed.join(", "))
        .next(format!("{}: what a build would do about it", session.command("plan")));
    app.tell(&[problem]);
    Ok(Exit::Error)
}

/// Holds what was seen against what is declared, resource by resource, in the order of the manifest.
fn judge(session: &Session<'_>, made: &Made) -> Report {
    let mut outcomes = Vec::new();
    for node in session.loaded.stack.nodes() {
        let address = node.address.to_string();
        let mut outcome =
            Outcome { address: address.clone(), ty: node.declared_type.clone(), ..Outcome::default() };
        if made.plan.skipped.contains(&node.address) {
            outcome.verdict = Verdict::Skipped;
            outcome.why = Some("its `if` is false here".to_owned());
            outcomes.push(outcome);
            continue;
        }
        if made.plan.left_out.contains(&node.address) {
            outcome.verdict = Verdict::Skipped;
            outcome.why = Some("left out by --target or --exclude".to_owned());
            outcomes.push(outcome);
            continue;
        }
        let planned = made.plan.resources.get(&node.address);
        let view = made.view.resources.iter().find(|resource| resource.address == address);
        let (Some(planned), Some(view)) = (planned, view) else {
            outcome.fails("it could not be looked for: see the problem below");
            outcomes.push(outcome);
            continue;
        };
        // As the plan has it: the table of its INSERT, where the manifest names no type.
        outcome.ty.clone_from(&view.ty);
        outcome.source = view.source.clone();
        outcome.not_checked = view.cannot_compare.clone();
        outcome.differences = made.view.drift.iter().filter(|row| row.address == address).cloned().collect();
        if planned.flow.is_some() && planned.action != Action::Blocked {
            by_its_checks(planned, &mut outcome);
            outcomes.push(outcome);
            continue;
        }
        match (planned.action, planned.live.is_some()) {
            (Action::Blocked, _) => {
                let why = view.diagnostics.iter().find(|problem| problem.severity == "error");
                outcome.fails(why.map_or("it cannot be judged", |problem| problem.message.as_str()));
            }
            (Action::Delete, true) => outcome.fails("it is there, and the manifest wants it absent"),
            (Action::Noop, false) => outcome.why = Some("not there, as declared".to_owned()),
            (Action::Deferred, false) => outcome.fails("it is not known whether it exists"),
            (_, false) => outcome.fails("it does not exist"),
            (_, true) if !outcome.differences.is_empty() => outcome.verdict = Verdict::Fail,
            (Action::Adopt, true) => outcome.why = Some("not marked with this stack's tags yet".to_owned()),
            (_, true) => {}
        }
        outcomes.push(outcome);
    }
    Report { outcomes }
}

/// A resource whose own checks say how it stands.
fn by_its_checks(planned: &Planned, outcome: &mut Outcome) {
    match (planned.action, planned.flow) {
        (Action::Run, Some(FlowKind::Command | FlowKind::Script)) => {
            outcome.verdict = Verdict::Skipped;
            outcome.why = Some("it runs in every build: there is nothing to hold it against".to_owned());
        }
        (Action::Run, _) => {
            outcome.verdict = Verdict::Skipped;
            outcome.why = Some("it has no check".to_owned());
        }
        (Action::Noop, _) => outcome.differences.clear(),
        (Action::Create, _) => outcome.fails("it does not exist"),
        (Action::Delete, _) => outcome.fails("it is there, and the manifest wants it absent"),
        (Action::Deferred | Action::Read, _) => outcome.fails("it is not known how it stands"),
        (_, _) => outcome.fails("its own check says that it is not as wanted"),
    }
}
