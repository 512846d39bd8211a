//! `outputs`: the stack's exports, read live; and what `build` leaves of them (stackql-compat 1.9).

use crate::app::{App, Done};
use crate::args::{ExportArgs, OutputsArgs, SelectArgs};
use crate::commands::plan::tell;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::outputs::{Export, file_text, json, keep_of_json, keep_of_shell, shell, table};
use crate::render::{json::v1, sorted};
use crate::session::{Session, targets};
use serde_json::Value as Json;
use stack_core::desired::{Outputs, Resolver};
use stack_core::diagnostic::Diagnostic;
use stack_core::plan::Mode;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// The file that shells read, in the working folder.
const EXPORTS_FILE: &str = ".stackql-deploy-exports";
/// The variable that says how long it took.
const ELAPSED: &str = "elapsed_time";

/// Runs it.
pub async fn run(app: &App, args: &OutputsArgs) -> Done {
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open(app, &args.stack, &args.inputs, &args.cloud, None);
    let session = guard.reads(None, open).await?;
    let made = guard
        .reads(Some(&session.link.provider), session.plan(Mode::Drift, &targets(&SelectArgs::default())))
        .await?;
    session.close()?;
    if session.loaded.stack.exports().is_empty() {
        app.console.err("the manifest exports nothing\n");
        if args.json {
            app.console.out("{}\n");
        }
        return Ok(Exit::Done);
    }
    if let Some(exit) = made.blocked().filter(|_| made.refused.is_empty()) {
        tell(app, &made);
        return Ok(exit);
    }
    let exports = evaluate(&session, &made.outputs, false)?;
    let id = session.loaded.stack.stack();
    if args.json {
        app.console.out(&v1::pretty(&json(&exports)));
    } else {
        app.console.out(&table(&id.name, &id.env, &exports, app.console.out_style));
    }
    Ok(Exit::Done)
}

/// The exports with `stack_name` and `stack_env`, sorted by name. Protected and sensitive ones have a value only if they are
/// asked for by `reveal`.
///
/// # Errors
/// Values that are not known.
fn evaluate(session: &Session<'_>, outputs: &Outputs, reveal: bool) -> Result<Vec<Export>, Stopped> {
    let stack = &session.loaded.stack;
    let values = stack.evaluate_exports(outputs).map_err(Stopped::problems)?;
    let id = stack.stack();
    let of_stack = [("stack_name", &id.name), ("stack_env", &id.env)];
    let mut exports: Vec<Export> =
        of_stack.iter().map(|(name, text)| Export::shown(name, Json::String((*text).clone()))).collect();
    let mut problems = Vec::new();
    let mut hidden = Vec::new();
    let known: Vec<String> = values.keys().cloned().collect();
    for (name, value) in values {
        // They are there already, and nothing gives them another value.
        if of_stack.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if let Some(unknown) = value.unknown() {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            problems.push(
                Diagnostic::error(codes::NOT_KNOWN, format!("export `{name}` is not known yet"))
                    .note("waits for", from.join(", "))
                    .next("build first"),
            );
        } else if value.has_secret() {
            hidden.push(name.clone());
            let value = value.exposed().filter(|_| reveal).map(parsed).map(sorted);
            exports.push(Export { name, value, sensitive: true, lost: false });
        } else {
            let value = value.known().map(parsed).map(sorted);
            exports.push(Export { name, value, sensitive: false, lost: false });
        }
    }
    let declared = stack.exports().into_iter();
    let lost = declared.filter(|of| !known.contains(&of.name)).map(|of| Export::lost(&of.name));
    exports.extend(lost);
    if !problems.is_empty() {
        return Err(Stopped { exit: Exit::Error, told: problems });
    }
    if !hidden.is_empty() && !reveal {
        let message = format!("sensitive exports are neither shown nor written: {}", hidden.join(", "));
        let next = "build and test write them into the exports files with --export-protected";
        session.app.tell(&[Diagnostic::warning(codes::HIDDEN, message).next(next)]);
    }
    exports.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(exports)
}

/// Texts that hold a list or an object become one (stackql-compat 1.9).
fn parsed(value: Json) -> Json {
    match &value {
        Json::String(text) if text.starts_with('[') || text.starts_with('{') => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

/// What `build` and `test` leave of the exports.
#[derive(Clone, Copy, Debug)]
pub struct Leave<'a> {
    /// How long it took, from the start of the command.
    pub elapsed: Duration,
    /// `--output-file`
    pub output_file: Option<&'a Path>,
    /// `--export-protected`: the files hold protected and sensitive values too.
    pub reveal: bool,
}

impl<'a> Leave<'a> {
    /// What to leave of a run that began then.
    pub fn since(began: Instant, args: &'a ExportArgs) -> Self {
        Self {
            elapsed: began.elapsed(),
            output_file: args.output_file.as_deref(),
            reveal: args.export_protected,
        }
    }
}

/// What `build` does with the exports: a table, `.stackql-deploy-exports`, and `--output-file`.
///
/// # Errors
/// Values that are not known, files that cannot be written.
pub fn leave(session: &Session<'_>, outputs: &Outputs, what: Leave<'_>) -> Result<(), Stopped> {
    let app = session.app;
    let Some(exports) = keep(session, outputs, what)? else { return Ok(()) };
    let id = session.loaded.stack.stack();
    app.console.out(&format!("\n{}", table(&id.name, &id.env, &exports, app.console.out_style)));
    Ok(())
}

/// The files among what [`leave`] leaves; gives the exports, if there are any.
///
/// # Errors
/// Values that are not known, files that cannot be written.
pub fn keep(
    session: &Session<'_>,
    outputs: &Outputs,
    what: Leave<'_>,
) -> Result<Option<Vec<Export>>, Stopped> {
    let app = session.app;
    if session.loaded.stack.exports().is_empty() {
        if what.output_file.is_some() {
            app.console.err("--output-file: nothing was written, the manifest exports nothing\n");
        }
        return Ok(None);
    }
    let mut exports = evaluate(session, outputs, what.reveal)?;
    // The name is the predecessor's, so an export cannot have it.
    exports.retain(|export| export.name != ELAPSED);
    let elapsed = format!("{:.2}s", what.elapsed.as_secs_f64());
    let at = exports.partition_point(|export| export.name.as_str() < ELAPSED);
    exports.insert(at, Export::shown(ELAPSED, Json::String(elapsed)));
    let id = session.loaded.stack.stack();
    let is_private = |exports: &[Export]| exports.iter().any(|e| e.sensitive && e.value.is_some());
    // The only copy of a secret that is shown once may be in these files.
    let held = |file: &Path| std::fs::read_to_string(app.path(file)).unwrap_or_default();
    let mut all = exports.clone();
    keep_of_shell(&id.name, &id.env, &mut all, &held(Path::new(EXPORTS_FILE)));
    app.write_as(Path::new(EXPORTS_FILE), &shell(&id.name, &id.env, &all), is_private(&all))?;
    if let Some(file) = what.output_file {
        let mut all = exports.clone();
        keep_of_json(&mut all, &held(file));
        app.write_as(file, &file_text(&all), is_private(&all))?;
    }
    Ok(Some(exports))
}
