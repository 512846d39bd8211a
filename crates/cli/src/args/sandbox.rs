//! `sandbox`.

use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// `sandbox`
#[derive(Clone, Debug, ClapArgs)]
pub struct SandboxArgs {
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// What to do with the built-in cloud.
#[derive(Clone, Debug, Subcommand)]
pub enum SandboxCommand {
    /// Put it on a loopback port, for any AWS client
    #[command(after_help = "--port N chooses the port [default: 4566]; 0 takes a free one.")]
    Serve(SandboxServeArgs),
    /// Forget everything in it
    Reset(SandboxDirArgs),
    /// Print what it holds, as JSON
    State(SandboxDirArgs),
    /// Run a command against it
    Run(SandboxRunArgs),
}

/// Where its state is kept.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct SandboxDirArgs {
    /// Stack folder whose sandbox is meant
    #[arg(default_value = ".")]
    pub stack_dir: PathBuf,
}

/// `sandbox serve`
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct SandboxServeArgs {
    /// Stack folder to keep the state in [default: memory only]
    pub stack_dir: Option<PathBuf>,
    /// Behaviour: latency, throttling, read lag, faults (JSON)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `sandbox run`
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct SandboxRunArgs {
    /// Stack folder to keep the state in [default: memory only]
    #[arg(long, value_name = "DIR")]
    pub stack_dir: Option<PathBuf>,
    /// Behaviour: latency, throttling, read lag, faults (JSON)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}
