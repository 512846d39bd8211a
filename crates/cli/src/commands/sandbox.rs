//! `sandbox serve|reset|state|run`: the built-in cloud by itself.

use crate::app::{App, Done};
use crate::args::{SandboxCommand, SandboxDirArgs, SandboxRunArgs, SandboxServeArgs};
use crate::errors::{Stopped, codes, reason};
use crate::exit::Exit;
use crate::render::json::v1::pretty;
use crate::sandbox::{Sandbox, confluent_keys, folder, parse_config, state_path};
use crate::signals::Signals;
use serde_json::{Value as Json, json};
use stack_core::diagnostic::Diagnostic;
use stack_emulator::Config;
use stack_engine::clock::{Clock, SystemClock};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Port of `sandbox serve` where none is asked for.
const PORT: u16 = 4566;
/// How often a served cloud's state is kept.
const KEEP: Duration = Duration::from_millis(250);

/// How a command ended: by our codes, or by those of a child.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// Ours.
    Exit(Exit),
    /// The child's.
    Child(u8),
}

/// Runs one of them.
///
/// # Errors
/// What stopped it.
pub async fn run(app: &App, command: &SandboxCommand) -> Result<Ended, Stopped> {
    match command {
        SandboxCommand::Serve(args) => serve(app, args).await.map(Ended::Exit),
        SandboxCommand::Reset(args) => reset(app, args).map(Ended::Exit),
        SandboxCommand::State(args) => state(app, args).map(Ended::Exit),
        SandboxCommand::Run(args) => run_command(app, args).await,
    }
}

fn open(app: &App, dir: Option<&Path>, config: Option<&Path>) -> Result<Sandbox, Stopped> {
    let config = match config {
        None => None,
        Some(file) => {
            let text =
                std::fs::read_to_string(app.path(file)).map_err(|error| Stopped::unreadable(file, &error))?;
            Some(parse_config(file, &text)?)
        }
    };
    let schemas = Arc::clone(&app.schemas) as _;
    match dir {
        Some(dir) => Sandbox::open(&app.path(dir), config, schemas),
        None => Ok(Sandbox::in_memory(config.unwrap_or_else(Config::default), schemas)),
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Stopped> {
    let bound = async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|error: std::io::Error| {
        let message = format!("cannot listen on 127.0.0.1:{port}: {}", reason(&error));
        let diagnostic = Diagnostic::error(codes::SANDBOX, message)
            .next("choose another port with --port N, or 0 for a free one");
        Stopped::new(Exit::Error, diagnostic)
    })
}

/// Variables that make a client of AWS or of Confluent speak to the sandbox.
fn variables(address: SocketAddr) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("CONFLUENT_CLOUD_ENDPOINT", format!("http://{address}")),
    ];
    all.extend(confluent_keys().map(|(name, value)| (name, value.to_owned())));
    all
}

/// True for a variable that would lead a client past the sandbox, or to something that is not in it.
fn leads_elsewhere(name: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "CATALOG_REST_ENDPOINT",
        "CONFLUENT_ENVIRONMENT_ID",
        "CONFLUENT_ORGANIZATION_ID",
        "FLINK_COMPUTE_POOL_ID",
        "FLINK_PRINCIPAL_ID",
        "FLINK_REST_ENDPOINT",
        "KAFKA_ID",
        "KAFKA_REST_ENDPOINT",
        "SCHEMA_REGISTRY_ID",
        "SCHEMA_REGISTRY_REST_ENDPOINT",
        "TABLEFLOW_API_KEY",
        "TABLEFLOW_API_SECRET",
    ];
    OTHERS.contains(&name) || name.starts_with("AWS_ENDPOINT_URL_")
}

async fn serve(app: &App, args: &SandboxServeArgs) -> Done {
    let sandbox = Arc::new(open(app, args.stack_dir.as_deref(), args.config.as_deref())?);
    let (listener, address) = listen(app.port.unwrap_or(PORT)).await?;
    let signals = Signals::listen(app)
        .map_err(|error| Stopped::new(Exit::Error, Diagnostic::error(codes::SANDBOX, reason(&error))))?;
    let mut text = format!("sandbox on http://{address}, until Ctrl-C\n");
    for (name, value) in variables(address) {
        text.push_str(&format!("export {name}={value}\n"));
    }
    app.console.out(&text);
    // Whoever waits for the address reads it now.
    let _ = app.console.finish();
    let keeper = keep(&sandbox);
    let served =
        stack_emulator::serve(listener, sandbox.cloud(), || SystemClock.now_ms(), signals.first()).await;
    keeper.abort();
    sandbox.save().map_err(|error| Stopped::unwritable(Path::new("state.json"), &error))?;
    served.map_err(|error| Stopped::new(Exit::Error, Diagnostic::error(codes::SANDBOX, reason(&error))))?;
    Ok(Exit::Done)
}

/// Keeps the state now and then; the last time is at the end.
fn keep(sandbox: &Arc<Sandbox>) -> tokio::task::JoinHandle<()> {
    let sandbox = Arc::clone(sandbox);
    tokio::spawn(async move {
        let mut calls = 0;
        loop {
            tokio::time::sleep(KEEP).await;
            let now = sandbox.lock().history().len();
            // A full disk shows at the end, where it can be told.
            if now != calls && sandbox.save().is_ok() {
                calls = now;
            }
        }
    })
}

fn reset(app: &App, args: &SandboxDirArgs) -> Done {
    let folder = folder(&app.path(&args.stack_dir));
    let path = state_path(&folder);
    match std::fs::remove_file(&path) {
        Ok(()) => app.console.err("the sandbox is empty\n"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            app.console.err("the sandbox was empty\n");
        }
        Err(error) => return Err(Stopped::unwritable(&path, &error)),
    }
    Ok(Exit::Done)
}

fn state(app: &App, args: &SandboxDirArgs) -> Done {
    let dir = app.path(&args.stack_dir);
    if !state_path(&folder(&dir)).exists() {
        app.console.out(&pretty(&json!({ "resources": [], "confluent": [] })));
        return Ok(Exit::Done);
    }
    let sandbox = Sandbox::open(&dir, None, Arc::clone(&app.schemas) as _)?;
    let mut cloud = sandbox.lock();
    cloud.advance(SystemClock.now_ms());
    let resources: Vec<Json> = cloud
        .resources()
        .map(|held| {
            json!({ "account": held.account, "region": held.region, "type": held.ty, "identifier": held.identifier })
        })
        .collect();
    let confluent: Vec<Json> = cloud
        .confluent()
        .objects()
        // Who deploys is there from the start.
        .filter(|held| !["organization", "user"].contains(&held.resource.as_str()))
        .map(|held| {
            json!({ "environment": held.environment, "resource": held.resource, "identifier": held.key })
        })
        .collect();
    app.console.out(&pretty(&json!({ "resources": resources, "confluent": confluent })));
    Ok(Exit::Done)
}

async fn run_command(app: &App, args: &SandboxRunArgs) -> Result<Ended, Stopped> {
    let sandbox = Arc::new(open(app, args.stack_dir.as_deref(), args.config.as_deref())?);
    let (listener, address) = listen(0).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server =
        tokio::spawn(stack_emulator::serve(listener, sandbox.cloud(), || SystemClock.now_ms(), async move {
            // Ends also when the sender is dropped.
            let _ = stopped.await;
        }));
    let keeper = keep(&sandbox);
    let mut words = args.command.iter();
    let program = words.next().cloned().unwrap_or_default();
    let mut command = std::process::Command::new(&program);
    for name in app.env.vars.keys().filter(|name| leads_elsewhere(name)) {
        command.env_remove(name);
    }
    command.args(words).envs(variables(address)).current_dir(&app.env.cwd);
    let ran = tokio::task::spawn_blocking(move || command.status()).await;
    // The server may have ended by itself; then there is nobody to tell.
    let _ = stop.send(());
    keeper.abort();
    let _ = server.await;
    sandbox.save().map_err(|error| Stopped::unwritable(Path::new("state.json"), &error))?;
    match ran {
        Ok(Ok(status)) => Ok(Ended::Child(code_of(status))),
        Ok(Err(error)) => {
            let message = format!("`{}` cannot be run: {}", program.to_string_lossy(), reason(&error));
            Err(Stopped::new(Exit::Error, Diagnostic::error(codes::SANDBOX, message)))
        }
        Err(error) => Err(Stopped::new(Exit::Bug, Diagnostic::error(codes::BUG, error.to_string()))),
    }
}

/// The code of a child; a signal counts as shells count it.
fn code_of(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
