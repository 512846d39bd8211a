//! `outputs`: the stack's exports, read live; and what `build` leaves of them (stackql-compat 1.9).

use crate::app::{App, Done};
use crate::args::{OutputsArgs, SelectArgs};
use crate::commands::plan::tell;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::outputs::{Exports, file_text, json, shell, table};
use crate::render::{json::v1, sorted};
use crate::session::{Session, targets};
use serde_json::Value as Json;
use stack_core::desired::{Outputs, Resolver};
use stack_core::diagnostic::Diagnostic;
use stack_core::plan::Mode;
use std::path::Path;
use std::time::Duration;

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
    let exports = evaluate(&session, &made.outputs)?;
    let id = session.loaded.stack.stack();
    if args.json {
        app.console.out(&v1::pretty(&json(&exports)));
    } else {
        app.console.out(&table(&id.name, &id.env, &exports, app.console.out_style));
    }
    Ok(Exit::Done)
}

/// The exports with `stack_name` and `stack_env`, sorted by name.
///
/// # Errors
/// Values that are not known.
pub fn evaluate(session: &Session<'_>, outputs: &Outputs) -> Result<Exports, Stopped> {
    let stack = &session.loaded.stack;
    let values = stack.evaluate_exports(outputs).map_err(Stopped::problems)?;
    let id = stack.stack();
    let mut exports: Exports = vec![
        ("stack_name".to_owned(), Some(Json::String(id.name.clone()))),
        ("stack_env".to_owned(), Some(Json::String(id.env.clone()))),
    ];
    let mut problems = Vec::new();
    let mut hidden = Vec::new();
    for (name, value) in values {
        if let Some(unknown) = value.unknown() {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            problems.push(
                Diagnostic::error(codes::NOT_KNOWN, format!("export `{name}` is not known yet"))
                    .note("waits for", from.join(", "))
                    .next("build first"),
            );
        } else if value.has_secret() {
            hidden.push(name.clone());
            exports.push((name, None));
        } else {
            exports.push((name, value.known().map(parsed).map(sorted)));
        }
    }
    if !problems.is_empty() {
        return Err(Stopped { exit: Exit::Error, told: problems });
    }
    if !hidden.is_empty() {
        let message = format!("sensitive exports are neither shown nor written: {}", hidden.join(", "));
        session.app.tell(&[Diagnostic::warning(codes::HIDDEN, message)]);
    }
    exports.sort_by(|a, b| a.0.cmp(&b.0));
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

/// What `build` does with the exports: a table, `.stackql-deploy-exports`, and `--output-file`.
///
/// # Errors
/// Values that are not known, files that cannot be written.
pub fn leave(
    session: &Session<'_>,
    outputs: &Outputs,
    elapsed: Duration,
    output_file: Option<&Path>,
) -> Result<(), Stopped> {
    let app = session.app;
    let Some(exports) = keep(session, outputs, elapsed, output_file)? else { return Ok(()) };
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
    elapsed: Duration,
    output_file: Option<&Path>,
) -> Result<Option<Exports>, Stopped> {
    let app = session.app;
    if session.loaded.stack.exports().is_empty() {
        if output_file.is_some() {
            app.console.err("--output-file: nothing was written, the manifest exports nothing\n");
        }
        return Ok(None);
    }
    let exports = evaluate(session, outputs)?;
    let id = session.loaded.stack.stack();
    app.write(Path::new(".stackql-deploy-exports"), &shell(&id.name, &id.env, &exports))?;
    if let Some(file) = output_file {
        let mut exports = exports.clone();
        exports
            .push(("elapsed_time".to_owned(), Some(Json::String(format!("{:.2}s", elapsed.as_secs_f64())))));
        app.write(file, &file_text(&exports))?;
    }
    Ok(Some(exports))
}
