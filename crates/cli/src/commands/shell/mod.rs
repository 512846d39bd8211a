//! `shell`: statements from the keyboard or a pipe, one connection for all of them.

mod complete;
mod history;
mod input;
mod terminal;

use crate::app::{App, Done};
use crate::args::{OutputForm, ShellArgs};
use crate::commands::query::Asker;
use crate::errors::{Stopped, codes, reason};
use crate::exit::Exit;
use clap::ValueEnum;
use input::{Input, Pending};
use stack_core::diagnostic::Diagnostic;
use std::io::BufRead;
use tokio::sync::mpsc;

/// What stands before the places of errors.
const NAME: &str = "SQL";

const HELP: &str = "\
A statement ends with `;` at the end of a line.
.mode table|json|jsonl|csv  form of results
.timing on|off              how long each statement took
.help                       this
.quit                       leave
SHOW PROVIDERS, SHOW SERVICES IN awscc, SHOW RESOURCES IN awscc.s3 and DESCRIBE awscc.s3.buckets say what there is.
";

/// What comes after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Leave,
}

/// Runs it.
pub async fn run(app: &App, args: &ShellArgs) -> Done {
    let mut asker = Asker::new(app, &args.ask)?;
    asker.listens = true;
    if app.env.stdin_tty && app.env.stdout_tty {
        asker.interactive = true;
        return terminal::run(app, &mut asker).await;
    }
    piped(args.keep_going, &mut asker).await
}

/// Statements from a pipe. The first error ends it, or is remembered where it is to go on.
async fn piped(keep_going: bool, asker: &mut Asker<'_>) -> Done {
    let mut lines = lines();
    let mut pending = Pending::default();
    let mut exit = Exit::Done;
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            // Once signals were heard, they no longer end the process by themselves.
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        };
        let is_last = line.is_none();
        let input = match line.transpose() {
            Ok(Some(line)) => pending.push(&line),
            Ok(None) => pending.rest(),
            Err(error) => {
                let message = format!("the statements cannot be read: {}", reason(&error));
                return Err(Stopped::new(Exit::Error, Diagnostic::error(codes::UNREADABLE_FILE, message)));
            }
        };
        match act(asker, input).await {
            Ok(Next::Leave) => return Ok(exit),
            Ok(Next::GoOn) => {}
            Err(stopped) if is_fatal(&stopped) || !keep_going => {
                return Err(Stopped {
                    exit: if exit == Exit::Done { stopped.exit } else { exit },
                    ..stopped
                });
            }
            Err(stopped) => {
                asker.app.tell(&stopped.told);
                if exit == Exit::Done {
                    exit = stopped.exit;
                }
            }
        }
        if is_last {
            return Ok(exit);
        }
    }
}

/// Somebody wants it to end.
fn is_fatal(stopped: &Stopped) -> bool {
    matches!(stopped.exit, Exit::Interrupted | Exit::Terminated)
}

/// Runs statements and commands.
async fn act(asker: &mut Asker<'_>, input: Input) -> Result<Next, Stopped> {
    match input {
        Input::Nothing => {}
        Input::Statements(text) => drop(asker.run(NAME, &text).await?),
        Input::Command(line) => return command(asker, &line),
    }
    Ok(Next::GoOn)
}

/// `.name value`
fn command(asker: &mut Asker<'_>, line: &str) -> Result<Next, Stopped> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [".quit" | ".exit"] => return Ok(Next::Leave),
        [".help"] => asker.app.console.err(HELP),
        [".timing", "on"] => asker.timing = true,
        [".timing", "off"] => asker.timing = false,
        [".mode", form] => {
            asker.form = OutputForm::from_str(form, true).map_err(|_| {
                Stopped::usage(format!("there is no mode `{form}`"), ".mode table|json|jsonl|csv")
            })?;
        }
        _ => {
            let name = words.first().copied().unwrap_or(".");
            return Err(Stopped::usage(
                format!("`{name}` is no command, or lacks its value"),
                ".help lists them",
            ));
        }
    }
    Ok(Next::GoOn)
}

/// The lines of stdin. A thread of its own: a runtime waits for its blocking tasks, and this one may wait for ever.
fn lines() -> mpsc::Receiver<std::io::Result<String>> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let is_error = line.is_err();
            // Nobody may be listening any more.
            if sender.blocking_send(line).is_err() || is_error {
                return;
            }
        }
    });
    lines
}
