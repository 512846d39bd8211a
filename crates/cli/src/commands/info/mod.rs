//! `info`: everything that a run depends on, looked at; what is wrong, and what to do.

mod cloud;
mod here;

use crate::app::{App, Done};
use crate::args::InfoArgs;
use crate::exit::Exit;
use crate::load::{What, parse};
use crate::render::info;
use crate::render::json::v1;
use serde::Serialize;
use serde_json::json;
use stack_core::diagnostic::Diagnostic;
use stack_manifest::{Settings, Stack};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Fine.
    Ok,
    /// A run may meet it.
    Warn,
    /// It would stop a run.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Heading that it stands under.
    pub group: &'static str,
    /// What.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// In words.
    pub text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Checks while they are made.
#[derive(Debug, Default)]
pub struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, group: &'static str, name: &str, status: Status, text: String, next: Option<String>) {
        self.0.push(Check { group, name: name.to_owned(), status, text, next });
    }

    fn ok(&mut self, group: &'static str, name: &str, text: impl Into<String>) {
        self.add(group, name, Status::Ok, text.into(), None);
    }

    fn warn(&mut self, group: &'static str, name: &str, text: impl Into<String>, next: impl Into<String>) {
        self.add(group, name, Status::Warn, text.into(), Some(next.into()));
    }

    fn fail(&mut self, group: &'static str, name: &str, text: impl Into<String>, next: impl Into<String>) {
        self.add(group, name, Status::Fail, text.into(), Some(next.into()));
    }
}

/// Looks, tells, and ends with 1 if something would stop a run.
pub async fn run(app: &App, args: &InfoArgs) -> Done {
    let mut checks = Checks::default();
    here::program(app, &mut checks);
    let stack = manifest(app, args, &mut checks);
    let settings = stack.as_ref().map_or_else(Settings::default, |stack| stack.settings().clone());
    cloud::look(app, args, &settings, &mut checks).await;
    here::surroundings(app, &mut checks);
    if let Some(dir) = &args.stack_dir {
        here::kept(app, dir, stack.as_ref().filter(|_| args.stack_env.is_some()), &mut checks);
    }
    // Settings may hold secrets, and services repeat what they are sent.
    let Checks(mut checks) = checks;
    for text in checks.iter_mut().flat_map(|check| [Some(&mut check.text), check.next.as_mut()]).flatten() {
        app.redactor.clear(text);
    }
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    let text = if args.json {
        v1::document("info", &json!({ "ok": !failed, "checks": checks }))
    } else {
        info::checks(&checks, app.console.out_style)
    };
    app.console.out(&text);
    Ok(if failed { Exit::Error } else { Exit::Done })
}

/// The stack, where one is named. What is wrong with it is for `validate` to say in full.
fn manifest(app: &App, args: &InfoArgs, checks: &mut Checks) -> Option<Stack> {
    const GROUP: &str = "Stack";
    let dir = args.stack_dir.as_ref()?;
    let what = What {
        dir,
        env: args.stack_env.as_deref().unwrap_or("dev"),
        inputs: &args.inputs,
        region: crate::wire::region(app, &args.cloud),
        nonce: "00000000000000000000000000000000",
        strict: false,
        text: None,
        exclude: &[],
    };
    let next = format!("stack-deploy validate {}", dir.display());
    let (parsed, _) = match parse(app, &what) {
        Ok(parsed) => parsed,
        Err(stopped) => {
            let why = stopped.told.first().map(|d| d.message.clone()).unwrap_or_default();
            checks.fail(GROUP, "manifest", why, next);
            return None;
        }
    };
    let mut problems = parsed.diagnostics;
    if let Some(stack) = parsed.stack.as_ref().filter(|_| args.stack_env.is_some()) {
        crate::load::merge(&mut problems, stack.validate());
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let stack = parsed.stack;
    match (&stack, problems.iter().find(|problem| problem.is_error())) {
        (_, Some(Diagnostic { message, .. })) => {
            let more = if errors > 1 { format!(" (and {} more)", errors - 1) } else { String::new() };
            checks.fail(GROUP, "manifest", format!("{message}{more}"), next);
        }
        (Some(stack), None) => {
            use stack_core::desired::Resolver;
            let resources = crate::render::text::count(stack.nodes().len(), "resource", "resources");
            checks.ok(GROUP, "manifest", format!("{}, {resources}", stack.name()));
        }
        (None, None) => checks.fail(GROUP, "manifest", "it cannot be read", next),
    }
    stack
}
