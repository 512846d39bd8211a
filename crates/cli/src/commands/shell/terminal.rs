//! The keyboard: line editing, history, completion.

use super::complete::candidates;
use super::history::{file, may_be_kept};
use super::input::{Input, Pending};
use super::{Next, act};
use crate::app::{App, Done};
use crate::commands::query::Asker;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::schemas::CachedSchemas;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use stack_core::diagnostic::Diagnostic;
use stack_sql::Tables;
use std::path::Path;
use std::sync::Arc;

/// Statements that are kept.
const KEPT: usize = 1_000;

/// Knows names.
struct Names {
    schemas: Arc<CachedSchemas>,
    /// Lines of the statement before this one.
    before: String,
}

impl Helper for Names {}
impl Highlighter for Names {}
impl Validator for Names {}
impl Hinter for Names {
    type Hint = String;
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let tables = Tables::new(&*self.schemas);
        Ok(candidates(&tables, &self.before, line.get(..at).unwrap_or(line)))
    }
}

/// Asks until somebody leaves. An error in a statement is told, and the next one is asked for.
pub(super) async fn run(app: &App, asker: &mut Asker<'_>) -> Done {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(KEPT)
        .map(rustyline::config::Builder::build)
        .map_err(|error| broken(&error))?;
    let mut editor: Editor<Names, DefaultHistory> =
        Editor::with_config(config).map_err(|error| broken(&error))?;
    editor.set_helper(Some(Names { schemas: Arc::clone(&app.schemas), before: String::new() }));
    let kept = file(&app.env);
    if let Some(kept) = &kept {
        // Without a history there is still a shell.
        let _ = editor.load_history(kept);
    }
    app.console.err("Statements end with `;`. .help says more, .quit or Ctrl-D leaves.\n");
    let mut pending = Pending::default();
    loop {
        if let Some(helper) = editor.helper_mut() {
            pending.text().clone_into(&mut helper.before);
        }
        app.console.is_written();
        let prompt = if pending.is_empty() { "sql> " } else { "  -> " };
        let line = match tokio::task::block_in_place(|| editor.readline(prompt)) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => {
                pending.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(Exit::Done),
            Err(error) => return Err(broken(&error)),
        };
        let input = pending.push(&line);
        let text = match &input {
            Input::Statements(text) | Input::Command(text) => Some(text.trim_end().to_owned()),
            Input::Nothing => None,
        };
        let done = act(asker, input).await;
        // Afterwards: what was sent is known to be secret by then.
        if let Some(text) = text.filter(|text| may_be_kept(text, &app.redactor)) {
            let added = editor.add_history_entry(text).unwrap_or(false);
            if let Some(kept) = kept.as_deref().filter(|_| added) {
                keep(&mut editor, kept);
            }
        }
        match done {
            Ok(Next::Leave) => return Ok(Exit::Done),
            Ok(Next::GoOn) => {}
            // Ctrl-C ends the statement; a terminal that went away ends everything.
            Err(stopped) if stopped.exit == Exit::Terminated => return Err(stopped),
            Err(stopped) => app.tell(&stopped.told),
        }
    }
}

/// Writes the last entry down, for nobody else to read. A history that cannot be kept is none.
fn keep(editor: &mut Editor<Names, DefaultHistory>, file: &Path) {
    if let Some(folder) = file.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor.append_history(file);
}

fn broken(error: &ReadlineError) -> Stopped {
    let message = format!("the terminal cannot be used: {error}");
    Stopped::new(Exit::Error, Diagnostic::error(codes::UNREADABLE_FILE, message))
}
