//! The command line of stack-deploy: arguments, wiring, renderers, exit codes.
//!
//! `main.rs` reads the process once into [`env::Env`]; everything after it is a function of values.

pub mod app;
pub mod args;
pub mod commands;
pub mod definitions;
pub mod edit;
pub mod env;
pub mod errors;
pub mod exit;
pub mod flows;
pub mod guard;
pub mod guardrails;
pub mod load;
pub mod locate;
pub mod manifest_schema;
pub mod parse;
pub mod policy;
pub mod render;
pub mod sandbox;
pub mod schemas;
pub mod session;
pub mod settings;
pub mod shell;
pub mod signals;
pub mod stale;
pub mod statements;
pub mod tables;
pub mod type_view;
pub mod wire;

use app::App;
use args::{Args, Command};
use clap::Parser;
use commands::sandbox::Ended;
use env::Env;
use errors::{Stopped, codes};
use exit::Exit;
use render::Console;
use settings::Settings;
use stack_core::diagnostic::Diagnostic;
use std::ffi::OsString;
use std::future::Future;
use std::panic::AssertUnwindSafe;

/// Runs the program and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, env: Env) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let args = match Args::try_parse_from(&args) {
        Ok(args) => args,
        Err(error) => return parse_failed(&error, env),
    };
    let settings = Settings::new(&args.global, &env);
    let console = Console::of_process(&settings);
    catch_panics(&console);
    log(&settings);
    let serves = matches!(args.command, Command::Sandbox(_));
    for notice in Settings::notices(&args.global, serves) {
        console.err(&format!("note: {notice}\n"));
    }
    let app = App::new(env, settings, console, args.global.port);
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| command(&app, &args.command)));
    let ended = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(stopped)) => {
            app.tell(&stopped.told);
            Ended::Exit(stopped.exit)
        }
        // The hook has told it.
        Err(_) => Ended::Exit(Exit::Bug),
    };
    if let Err(unwritten) = app.console.finish() {
        app.console.err(&format!("error: {unwritten}: {}\n", errors::reason(&unwritten.0)));
        // What was changed stays changed, whether the report of it could be written or not.
        return match ended {
            Ended::Exit(Exit::Done | Exit::Changes) => Exit::Error.code(),
            Ended::Exit(exit) => exit.code(),
            Ended::Child(code) => code,
        };
    }
    match ended {
        Ended::Exit(exit) => exit.code(),
        Ended::Child(code) => code,
    }
}

fn command(app: &App, command: &Command) -> Result<Ended, Stopped> {
    let done = match command {
        Command::Plan(args) => on_runtime(commands::plan::run(app, args)),
        Command::Build(args) => on_runtime(commands::build::run(app, args)),
        Command::Teardown(args) => on_runtime(commands::teardown::run(app, args)),
        Command::Drift(args) => on_runtime(commands::drift::run(app, args)),
        Command::Adopt(args) => on_runtime(commands::adopt::run(app, args)),
        Command::Orphans(args) => on_runtime(commands::orphans::run(app, args)),
        Command::Outputs(args) => on_runtime(commands::outputs::run(app, args)),
        Command::Query(args) => on_runtime(commands::query::run(app, args)),
        Command::Shell(args) => on_runtime(commands::shell::run(app, args)),
        Command::Init(args) => commands::init::run(app, args),
        Command::Validate(args) => commands::validate::run(app, args),
        Command::Show(args) => commands::show::run(app, args),
        Command::Schema(args) if commands::schema::reads(args) => {
            on_runtime(commands::schema::refresh(app, args))
        }
        Command::Schema(args) => commands::schema::run(app, args),
        Command::Permissions(args) if commands::permissions::reads(args) => {
            on_runtime(commands::permissions::now(app, args))
        }
        Command::Permissions(args) => commands::permissions::run(app, args),
        Command::Info(args) => on_runtime(commands::info::run(app, args)),
        Command::Test(args) => on_runtime(commands::test::run(app, args)),
        Command::Explain(args) if commands::explain::reads(args) => {
            on_runtime(commands::explain::resource(app, args))
        }
        Command::Explain(args) => commands::explain::code(app, args),
        Command::Completions(args) => commands::completions::run(app, args),
        Command::Upgrade => commands::notice::run(app, "upgrade"),
        Command::StartServer(_) => commands::notice::run(app, "start-server"),
        Command::StopServer => commands::notice::run(app, "stop-server"),
        Command::Sandbox(args) => return on_runtime(commands::sandbox::run(app, &args.command)),
    };
    done.map(Ended::Exit)
}

/// Starts the runtime only for commands that need one: start-up stays short.
fn on_runtime<T>(future: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => {
            let message = format!("the runtime cannot be started: {}", errors::reason(&error));
            Err(Stopped::new(Exit::Bug, Diagnostic::error(codes::BUG, message)))
        }
    }
}

/// Help and version go to stdout; wrong usage goes to stderr and ends with 64, because clap's own 2 reads as "changes".
fn parse_failed(error: &clap::Error, env: Env) -> u8 {
    let settings = Settings::new(&args::Global::default(), &env);
    let console = Console::of_process(&settings);
    let text = |color: bool| {
        let rendered = error.render();
        if color { rendered.ansi().to_string() } else { rendered.to_string() }
    };
    if error.use_stderr() {
        console.err(&text(settings.stderr_color));
    } else {
        console.out(&text(settings.stdout_color));
    }
    let written = console.finish();
    match (error.use_stderr(), written) {
        (true, _) => Exit::Usage.code(),
        (false, Ok(())) => Exit::Done.code(),
        (false, Err(_)) => Exit::Error.code(),
    }
}

/// A panic is a bug: it says where, never with which values, because a payload may hold a secret.
fn catch_panics(console: &Console) {
    let console = console.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        let words = panic
            .payload()
            .downcast_ref::<&'static str>()
            .map(|text| format!(": {text}"))
            .unwrap_or_default();
        console.err(&format!(
            "error[{}]: this is a bug in stack-deploy{at}{words}\n  = next  plan again: what was begun is in the journal; please report this\n",
            codes::BUG
        ));
    }));
}

/// The developer log. Only our own crates speak in it: others might log what they send.
fn log(settings: &Settings) {
    use args::LogLevel;
    use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
    use tracing_subscriber::layer::{Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;
    let Some(level) = settings.log_level else { return };
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let ours = filter_fn(|metadata| metadata.target().starts_with("stack_")).and(level);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(settings.stderr_color)
        .without_time()
        .with_filter(ours);
    // Set once per process; a second time, as in tests, the first stays.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}
