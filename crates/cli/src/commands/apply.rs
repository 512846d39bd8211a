//! What `build` and `teardown` share: lock, earlier runs, consent, the run itself, its end.

use crate::app::App;
use crate::args::{OnFailure as OnFailureArg, ViewArgs};
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::flows::shown;
use crate::guard::Guard;
use crate::render::dry_run::StatementText;
use crate::render::human;
use crate::render::outcome::{Ending, report};
use crate::render::progress::{About, Watcher};
use crate::render::text::{clean, count, inline};
use crate::render::view::{ActionView, CertaintyView, PlanView, ResourceView, TargetsView};
use crate::render::view_of::ANYTHING;
use crate::session::{Made, Session};
use crate::settings::Progress;
use crate::statements;
use stack_core::desired::Resolver;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::Ended;
use stack_core::flow::AnchorKind;
use stack_core::ids::Address;
use stack_core::plan::Mode;
use stack_core::planner::glob;
use stack_engine::busy::{in_flight, wait_for};
use stack_engine::close::CloseError;
use stack_engine::store::{Held, Holder, JournalStore};
use stack_engine::{Engine, Events, OnFailure, Outcome, RunError, RunOptions, StepEnd};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// How often a plan is made anew because something was in flight.
const ROUNDS: usize = 10;

/// One `build` or `teardown`.
#[derive(Debug)]
pub struct Apply<'a> {
    /// Stack and cloud.
    pub session: &'a Session<'a>,
    /// `build` or `teardown`.
    pub command: &'static str,
    /// What is planned.
    pub mode: Mode,
    /// What the flags say that changes a plan.
    pub targets: &'a TargetsView,
    /// `--on-failure`.
    pub on_failure: Option<OnFailureArg>,
    /// Time limit and signals.
    pub guard: &'a Guard,
    /// `--parallelism`.
    pub operations: Option<u16>,
    /// `--allow-replace`.
    pub allow_replace: &'a [String],
    /// `--show-queries`.
    pub show_requests: bool,
    /// How the plan is shown.
    pub view: ViewArgs,
}

/// The lock and the engine, held until the run is over.
#[derive(Debug)]
pub struct Ready {
    engine: Engine,
    _lock: Box<dyn Held>,
}

/// What is asked at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Type `yes`.
    Yes,
    /// Type the name of the environment.
    EnvironmentName,
}

impl Apply<'_> {
    /// Takes the lock and sees earlier runs to their end, before anything is planned.
    ///
    /// # Errors
    /// Busy (5), or a store that cannot be used.
    async fn begin(&self) -> Result<Ready, Stopped> {
        let session = self.session;
        let store: Arc<dyn JournalStore> = session.store();
        let user = session.app.env.var("USER").unwrap_or("somebody");
        let holder = Holder {
            who: format!("{} by {user}, process {}", self.command, std::process::id()),
            since_ms: session.link.clock.now_ms(),
            run: None,
        };
        let lock = store.lock(&holder)?;
        let engine = session.engine(store);
        let about = About { command: self.command, plan_id: String::new(), actions: HashMap::new() };
        let watcher =
            Arc::new(Watcher::new(&session.app.settings, &session.app.console, about, session.app.sources()));
        let run = session.ids.run_id(session.link.clock.now_ms());
        let events = Events::new(run, Arc::clone(&session.link.clock), Arc::clone(&watcher) as _);
        let closed = engine.close_unfinished(&events).await;
        watcher.close();
        let closed = closed.map_err(close_failed)?;
        session.app.tell(&closed.diagnostics);
        if !closed.open.is_empty() {
            return Err(Stopped::quiet(Exit::Busy));
        }
        Ok(Ready { engine, _lock: lock })
    }

    /// Takes the lock, closes earlier runs, and plans; all of it within the time limit.
    ///
    /// # Errors
    /// As [`Apply::begin`]; the cloud or the manifest allows no plan.
    pub async fn look(&self) -> Result<(Ready, Made), Stopped> {
        let look = async { Ok((self.begin().await?, self.plan(self.mode, self.targets).await?)) };
        self.guard.reads(Some(&self.session.link.provider), look).await
    }

    /// From a plan that was shown to its end: what blocks it, whether there is anything to do, consent, the run.
    ///
    /// # Errors
    /// Nobody agreed; it could not begin; the sandbox could not be kept.
    pub async fn settle(
        &self,
        made: Made,
        ready: Ready,
        question: Option<Question>,
    ) -> Result<Exit, Stopped> {
        if made.blocked().is_some() || !made.plan.has_work() {
            self.session.close()?;
            return Ok(made.blocked().unwrap_or(Exit::Done));
        }
        if let Some(question) = question {
            self.consent(&made, question).await?;
        }
        self.carry_out(made, ready).await
    }

    /// Shows the plan and its problems.
    pub fn show(&self, made: &Made) {
        let app = self.session.app;
        app.console.out(&human::plan(&made.view, self.view, app.console.out_style));
        super::plan::tell(app, made);
    }

    /// Asks, or stops where nobody can be asked and something would be lost (DESIGN section 3, *Consent*).
    ///
    /// # Errors
    /// 64 without a terminal, 1 if the answer is no, 130 or 143 after a signal.
    pub async fn consent(&self, made: &Made, question: Question) -> Result<(), Stopped> {
        let app = self.session.app;
        if !app.settings.can_ask {
            let risky = risky(&made.view);
            if risky.is_empty() {
                return Ok(());
            }
            let message = format!("{} would delete or replace: {}", self.command, risky.join(", "));
            return Err(Stopped::usage(
                message,
                "nothing was changed; agree with --yes, or save the plan with `plan --out F` and run it with --plan F",
            ));
        }
        let id = self.session.loaded.stack.stack();
        let changes = made.view.summary.changes();
        let (ask, wanted) = match question {
            Question::Yes => {
                let these = match (changes, made.view.summary.run) {
                    (0, runs) => {
                        format!("Run {}", count(runs, "statement or command", "statements and commands"))
                    }
                    (1, 0) => "Apply this change to".to_owned(),
                    (n, 0) => format!("Apply these {n} changes to"),
                    (1, _) => "Apply this change, and run what always runs, in".to_owned(),
                    (n, _) => format!("Apply these {n} changes, and run what always runs, in"),
                };
                let these = if changes == 0 { format!("{these} in") } else { these };
                (format!("{these} {id}? Type yes: "), "yes".to_owned())
            }
            Question::EnvironmentName => {
                let these = count(changes, "resource", "resources");
                (format!("Delete {these} of {id}? Type the environment name, {}: ", id.env), id.env.clone())
            }
        };
        app.console.err(&format!("\n{}", clean(&ask, app.settings.unicode)));
        if self.guard.ask().await?.trim() == wanted {
            return Ok(());
        }
        Err(Stopped::new(Exit::Error, Diagnostic::error(codes::DECLINED, "not agreed: nothing changed")))
    }

    /// Runs a plan that leaves no results behind but what it did, and gives the end of the command.
    ///
    /// # Errors
    /// It could not begin, or the sandbox could not be kept.
    async fn carry_out(&self, made: Made, ready: Ready) -> Result<Exit, Stopped> {
        let (exit, outcome) = self.run(made, ready).await?;
        match self.session.close() {
            Ok(()) => Ok(ends(self.session.app, exit, &outcome)),
            Err(stopped) if has_changed(&outcome) => Err(stopped.after_changes()),
            Err(stopped) => Err(stopped),
        }
    }

    /// Runs the plan and reports its end.
    ///
    /// # Errors
    /// It could not begin; nothing was changed.
    pub async fn run(&self, made: Made, ready: Ready) -> Result<(Exit, Outcome), Stopped> {
        let session = self.session;
        let app = session.app;
        let allow_replace = self.allowed(&made);
        let (time_left, interrupts) = self.guard.begin_writing()?;
        if self.show_requests {
            app.console.err(&requests(session, &made, app.settings.unicode));
        }
        let watcher = Arc::new(Watcher::new(
            &app.settings,
            &app.console,
            About::new(self.command, &made.view),
            app.sources(),
        ));
        let run = session.ids.run_id(session.link.clock.now_ms());
        let events = Arc::new(Events::new(run, Arc::clone(&session.link.clock), Arc::clone(&watcher) as _));
        let options = RunOptions {
            digest: made.view.plan_id.clone(),
            on_failure: self.on_failure(),
            timeout: time_left,
            operations: self.operations.map(usize::from),
            allow_replace,
            shows_statements: self.show_requests,
            ..RunOptions::new(session.nonce.clone())
        };
        let plan_command = session.command("plan");
        let outcome = ready.engine.run(made.plan, made.outputs, options, &events, interrupts).await;
        let tally = watcher.close();
        let outcome = outcome.map_err(|error| match error {
            RunError::Store(error) => Stopped::from(error),
            RunError::Blocked => Stopped::quiet(Exit::Blocked),
        })?;
        if matches!(app.settings.progress, Progress::Quiet) {
            app.tell(&outcome.failures);
            app.tell(&outcome.warnings);
        }
        let id = session.loaded.stack.stack().to_string();
        let what = match self.command {
            "teardown" => "Teardown",
            "orphans" => "Deletion",
            "adopt" => "Adoption",
            _ => "Build",
        };
        let ending = Ending { what, stack: &id, plan_command: &plan_command };
        app.console.out(&format!("\n{}", report(&tally, ending, app.console.out_style)));
        Ok((exit_of(&outcome, self.guard.exit()), outcome))
    }

    /// Addresses of `--allow-replace`, `*` resolved. [`Session::check`] has seen that each names something.
    fn allowed(&self, made: &Made) -> BTreeSet<Address> {
        let is_meant =
            |address: &&Address| self.allow_replace.iter().any(|pattern| glob(pattern, address.as_str()));
        made.plan.resources.keys().filter(is_meant).cloned().collect()
    }

    /// Plans once nothing is in flight on what is to be changed: whoever plans over a running operation plans wrongly
    /// (plan-ux 15). With or without a local journal a run that was killed is thus seen to its end first.
    ///
    /// # Errors
    /// As [`Session::plan`]; busy (5) if others never pause.
    async fn plan(&self, mode: Mode, targets: &TargetsView) -> Result<Made, Stopped> {
        let app = self.session.app;
        for _ in 0..ROUNDS {
            let made = self.session.plan(mode, targets).await?;
            if made.plan.steps.is_empty() || made.blocked().is_some() {
                return Ok(made);
            }
            let provider = &self.session.link.provider;
            let running = match in_flight(provider, &made.plan).await {
                Ok(running) if running.is_empty() => return Ok(made),
                Ok(running) => running,
                Err(failure) => {
                    // The service itself refuses two operations on one resource, so this is no reason to stop.
                    let diagnostic = Diagnostic::warning(
                        stack_engine::codes::NO_ANSWER,
                        "the service does not say what is in flight",
                    )
                    .note("service", failure.to_string())
                    .next("allow cloudformation:ListResourceRequests");
                    app.tell(&[diagnostic]);
                    return Ok(made);
                }
            };
            for busy in &running {
                let verb = busy.verb.map_or_else(|| "an operation".to_owned(), |verb| format!("a {verb}"));
                app.console
                    .err(&format!("waiting: {verb} of {} is in flight ({})\n", busy.address, busy.request));
            }
            if let Err(failure) = wait_for(provider, &running).await {
                let diagnostic = Diagnostic::error(
                    stack_engine::codes::BUSY,
                    "an operation is in flight, and the service does not say when it ends",
                )
                .note("service", failure.to_string())
                .next("plan again; nothing was changed");
                return Err(Stopped::new(Exit::Busy, diagnostic));
            }
        }
        let diagnostic =
            Diagnostic::error(stack_engine::codes::BUSY, "others keep changing the resources of this stack")
                .next("wait until they have ended, then plan again; nothing was changed");
        Err(Stopped::new(Exit::Busy, diagnostic))
    }

    fn on_failure(&self) -> OnFailure {
        use stack_manifest::OnFailure as Set;
        match (self.on_failure, self.session.loaded.stack.settings().on_failure) {
            (Some(OnFailureArg::Error), _) | (None, Some(Set::Error) | None) => OnFailure::Error,
            (Some(OnFailureArg::Rollback), _) | (None, Some(Set::Rollback)) => OnFailure::Rollback,
            (Some(OnFailureArg::Ignore), _) | (None, Some(Set::Ignore)) => OnFailure::Ignore,
        }
    }
}

/// Resources that would be deleted, replaced, or perhaps replaced.
fn risky(view: &PlanView) -> Vec<String> {
    view.resources
        .iter()
        .filter(|resource| {
            matches!(resource.action, ActionView::Delete | ActionView::Replace)
                || !resource.deletes.is_empty()
                || resource.certainty == CertaintyView::Conditional
                || (resource.action == ActionView::Update && resource.changes.iter().any(|c| c.may_replace))
        })
        .map(|resource| match resource.deletes.iter().any(|ty| ty == ANYTHING) {
            true => format!("{} (what it does is not known before it runs)", resource.address),
            false => resource.address.clone(),
        })
        .collect()
}

/// `--show-queries`: every request as planned, secrets left out. What is written as statements comes with those that say it;
/// flows show theirs when they run.
fn requests(session: &Session<'_>, made: &Made, unicode: bool) -> String {
    let mut text = String::new();
    for resource in &made.view.resources {
        if resource.flow.is_none() {
            text.push_str(&statements_of(session, made, resource, unicode));
        }
        let identifier = resource
            .identifier
            .as_ref()
            .map(|id| format!(" {}", clean(&id.value, unicode)))
            .unwrap_or_default();
        let head = |verb: &str| format!("query: {verb} {}{identifier}\n", resource.canonical_type);
        match resource.action {
            ActionView::Create | ActionView::Replace | ActionView::Deferred => {
                text.push_str(&head(if resource.action == ActionView::Replace {
                    "replace"
                } else {
                    "create"
                }));
                for change in &resource.changes {
                    let value = crate::render::text::words(&change.after, unicode);
                    text.push_str(&format!("  {} = {value}\n", clean(&change.label, unicode)));
                }
            }
            ActionView::Update | ActionView::Adopt => {
                text.push_str(&head("update"));
                for op in &resource.patch {
                    let value =
                        op.value.as_ref().map(|v| format!(" {}", inline(v, unicode))).unwrap_or_default();
                    text.push_str(&format!("  {} {}{value}\n", op.op, clean(&op.path, unicode)));
                }
            }
            ActionView::Delete => text.push_str(&head("delete")),
            ActionView::Noop | ActionView::Read | ActionView::Run | ActionView::Blocked => {}
        }
    }
    text
}

/// The statements of a query file that is understood, for what is about to be done.
fn statements_of(session: &Session<'_>, made: &Made, resource: &ResourceView, unicode: bool) -> String {
    let verbs: &[AnchorKind] = match resource.action {
        ActionView::Create | ActionView::Deferred => &[AnchorKind::Create],
        ActionView::Update | ActionView::Adopt => &[AnchorKind::Update],
        ActionView::Replace => &[AnchorKind::Delete, AnchorKind::Create],
        ActionView::Delete => &[AnchorKind::Delete],
        ActionView::Noop | ActionView::Read | ActionView::Run | ActionView::Blocked => &[],
    };
    let address = Address::new(&resource.address);
    let mut text = String::new();
    let Some(drafts) = session.loaded.stack.drafts(&address, &made.outputs) else { return text };
    let planned = made.plan.resources.get(&address);
    let known = statements::known(planned.and_then(|planned| planned.identifier.as_ref()));
    let has = drafts.anchors();
    for anchor in verbs.iter().filter(|anchor| has.contains(anchor)) {
        let StatementText { text: statement, waits, .. } =
            statements::one(&session.loaded, &drafts, *anchor, &known);
        let waits = waits.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let statement = statement.unwrap_or_else(|| format!("-- waits for {waits}"));
        text.push_str(&shown(&clean(&resource.address, unicode), &anchor.to_string(), &statement, unicode));
    }
    text
}

fn close_failed(error: CloseError) -> Stopped {
    match error {
        CloseError::Store(error) => Stopped::from(error),
        CloseError::Provider(failure) => Stopped::new(
            Exit::Error,
            Diagnostic::error(
                stack_engine::codes::EARLIER_OPEN,
                "an earlier run is open, and the service does not say what is in flight",
            )
            .note("service", failure.to_string())
            .next("try again; nothing was changed"),
        ),
        CloseError::Journal(why) => {
            Stopped::new(Exit::Bug, Diagnostic::error(stack_engine::codes::JOURNAL, why))
        }
    }
}

/// The exit code of a run (plan-ux 6).
fn exit_of(outcome: &Outcome, signal: Option<Exit>) -> Exit {
    match outcome.ended {
        Ended::Succeeded if outcome.residues.is_empty() => Exit::Done,
        // Changed, but a read shows other values than were sent.
        Ended::Succeeded => Exit::Partial,
        Ended::Failed { changed: false } => Exit::Error,
        Ended::Failed { changed: true } => Exit::Partial,
        Ended::Busy => Exit::Busy,
        Ended::Interrupted => signal.unwrap_or(Exit::Partial),
        Ended::RolledBack => Exit::RolledBack,
        Ended::RollbackIncomplete => Exit::NotUndone,
    }
}

/// How a command ends after its run. Results that cannot be written, after resources were changed, are no "nothing was
/// changed".
pub fn ends(app: &App, exit: Exit, outcome: &Outcome) -> Exit {
    if exit == Exit::Done && has_changed(outcome) && !app.console.is_written() { Exit::Partial } else { exit }
}

/// True if the run sent something.
pub fn has_changed(outcome: &Outcome) -> bool {
    outcome.steps.values().any(|end| match end {
        StepEnd::Done { verb, .. } => verb.is_some(),
        StepEnd::Failed { changed, .. } => *changed,
        StepEnd::Unknown { .. } => true,
        StepEnd::NotRun(_) => false,
    })
}
