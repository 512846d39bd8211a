//! The command line as typed: dumb values, nothing resolved, nothing read from the environment.
//!
//! [`crate::settings::Settings`] turns these low arguments, together with the environment, into high ones.

mod inquire;
mod query;
mod sandbox;

use crate::parse::{rate, timeout};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

pub use inquire::{
    ExplainArgs, InfoArgs, ManifestSchemaArgs, OperationArg, PermissionsArgs, RefreshArgs, SchemaArgs,
    SchemaCommand, TestArgs, TypesIn,
};

pub use query::{AskArgs, OutputForm, QueryArgs, ShellArgs};
pub use sandbox::{SandboxArgs, SandboxCommand, SandboxDirArgs, SandboxRunArgs, SandboxServeArgs};

/// `stack-deploy …`
#[derive(Clone, Debug, Parser)]
#[command(
    name = "stack-deploy",
    version,
    about = "Deploy cloud resources from manifests: an honest plan from the live cloud, no state file.",
    after_help = "Try it without an account:\n  stack-deploy build --sandbox examples/customer-profiles dev\n\n\
                  Exit codes: 0 done, 1 error, 2 changes (--detailed-exitcode), 3 blocked, 4 stale plan, 5 busy,\n\
                  6 changed but not as planned, 64 wrong usage.",
    max_term_width = 100,
    disable_help_subcommand = true,
    infer_long_args = false
)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that stand before or after any command.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Output")]
pub struct Global {
    /// Colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: ColorWhen,
    /// Progress: auto, tty, plain, json or quiet
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "HOW",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub progress: ProgressHow,
    /// Developer log: trace, debug, info, warn or error
    #[arg(long, global = true, value_name = "LEVEL", value_parser = crate::parse::log_level)]
    pub log_level: Option<LogLevel>,
    /// ASCII symbols only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Columns to use [default: the terminal's, else 100]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=1000))]
    pub width: Option<u16>,
    /// Folder with definitions of REST services (repeatable), beside STACK_DIR/definitions
    #[arg(long, global = true, value_name = "DIR", help_heading = "Values")]
    pub definitions: Vec<PathBuf>,
    /// Accepted for stackql-deploy; the engine is built in
    #[arg(long, short = 'H', global = true, alias = "host", value_name = "HOST", hide = true)]
    pub server: Option<String>,
    /// Accepted for stackql-deploy; the engine is built in
    #[arg(long, short = 'p', global = true, value_name = "PORT", hide = true)]
    pub port: Option<u16>,
    /// Accepted for stackql-deploy 1; providers are built in
    #[arg(long, global = true, value_name = "URL", hide = true)]
    pub custom_registry: Option<String>,
    /// Accepted for stackql-deploy 1; nothing is downloaded
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub download_dir: Option<PathBuf>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    #[default]
    Auto,
    Always,
    Never,
}

/// How to show progress (plan-ux 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressHow {
    // `tty` on a terminal outside CI, else `plain`
    #[default]
    Auto,
    // Live lines
    Tty,
    // One line per event
    Plain,
    // One JSON object per line
    Json,
    // Nothing
    Quiet,
}

/// How much the developer log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a folder with a first stack, ready for the sandbox
    Init(InitArgs),
    /// Show what build would do: reads only
    Plan(PlanArgs),
    /// Make the cloud match the manifest
    Build(BuildArgs),
    /// Delete what the manifest names
    Teardown(TeardownArgs),
    /// Check that everything is there and as declared
    Test(TestArgs),
    /// Compare the live cloud with the manifest, property by property
    Drift(DriftArgs),
    /// List live resources with the stack's tags that left the manifest
    Orphans(OrphansArgs),
    /// Take over a live resource: write it into the manifest and mark it as the stack's
    Adopt(AdoptArgs),
    /// Check a manifest offline
    Validate(ValidateArgs),
    /// Print the stack's exports, read live
    Outputs(OutputsArgs),
    /// Ask live resources with SQL: reads, unless writes are allowed
    Query(QueryArgs),
    /// Ask live resources with SQL, one statement after the other
    Shell(ShellArgs),
    /// Say what a message means, or why a resource is planned as it is
    Explain(ExplainArgs),
    /// Print the reference of a resource type, or the schema of manifests and plans
    Schema(SchemaArgs),
    /// Print the IAM actions of a type, or of a stack as a policy
    Permissions(PermissionsArgs),
    /// Look at everything that a run depends on, and say what is wrong
    Info(InfoArgs),
    /// Render a saved plan again
    Show(ShowArgs),
    /// A built-in cloud to try things with
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    #[command(alias = "completion")]
    Completions(CompletionsArgs),
    /// Nothing to upgrade: the engine is built in
    #[command(hide = true)]
    Upgrade,
    /// Nothing to start: the engine is built in
    #[command(hide = true)]
    StartServer(ServerArgs),
    /// Nothing to stop: the engine is built in
    #[command(hide = true)]
    StopServer,
}

/// `init`
#[derive(Clone, Debug, ClapArgs)]
pub struct InitArgs {
    /// Folder of the new stack; its name becomes that of the stack
    pub dir: PathBuf,
    /// Whose resources it begins with: aws or confluent
    #[arg(short, long, value_name = "PROVIDER", default_value = "aws")]
    pub provider: String,
    /// Folder to take the files from, in place of the built-in ones
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "provider")]
    pub template: Option<PathBuf>,
    /// Environment that it is for
    #[arg(short, long, value_name = "NAME", default_value = "dev")]
    pub env: String,
    /// Not used; taken from the program's own flags here, whose short form is that of `--provider`
    #[arg(long, hide = true)]
    pub port: Option<u16>,
}

/// Which stack, in which environment.
#[derive(Clone, Debug, ClapArgs)]
pub struct StackArgs {
    /// Folder that holds stackql_manifest.yml
    pub stack_dir: PathBuf,
    /// Environment, such as dev or prod
    #[arg(value_name = "ENV", value_parser = NonEmptyStringValueParser::new())]
    pub stack_env: String,
}

/// Values for templates.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Values")]
pub struct InputArgs {
    /// Value for templates (repeatable)
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE")]
    pub env: Vec<String>,
    /// File with KEY=VALUE lines [default: .env, if there]
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Let file(…) and query files lie outside STACK_DIR
    #[arg(long)]
    pub allow_outside_files: bool,
}

/// Which resources take part.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// Only these and what they depend on (repeatable, `*` matches any text)
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Not these, nor what depends on them (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
}

/// Which cloud, and how hard to press it.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Cloud")]
pub struct CloudArgs {
    /// Use the built-in cloud, kept in STACK_DIR/.stack-deploy/sandbox
    #[arg(long)]
    pub sandbox: bool,
    /// AWS region of resources that name none
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Host that may be spoken to in plain HTTP (repeatable; loopback always may)
    #[arg(long, value_name = "HOST")]
    pub allow_http: Vec<String>,
    /// Calls and operations at a time [default: 10 calls, as many operations as the graph lets fly]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: Option<u16>,
    /// Calls per second, 0 for no limit [default: reads=20,writes=4; none for loopback]
    #[arg(long, value_name = "reads=N,writes=N", value_parser = rate)]
    pub rate: Option<Rate>,
    /// Give up after this long, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    pub timeout: Option<Duration>,
}

/// Calls per second by kind; zero means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    pub reads: Option<f64>,
    pub writes: Option<f64>,
}

/// What a plan on paper shows.
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Output")]
pub struct ViewArgs {
    /// Every value, nothing folded
    #[arg(long)]
    pub full: bool,
    /// Headers and summary only
    #[arg(long, conflicts_with = "full")]
    pub brief: bool,
    /// List resources that do not change
    #[arg(long)]
    pub show_unchanged: bool,
    /// List live properties that the manifest does not mention
    #[arg(long)]
    pub show_unmanaged: bool,
    /// List differences in form that mean nothing
    #[arg(long)]
    pub show_equivalences: bool,
}

/// What the user agrees to beforehand.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Consent")]
pub struct ConsentArgs {
    /// Agree to the plan, its deletes and replacements included
    #[arg(long, short = 'y', alias = "auto-approve")]
    pub yes: bool,
    /// Agree that a conditional replacement becomes real (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub allow_replace: Vec<String>,
    /// Agree to replace or delete a data store that holds data (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub allow_data_loss: Vec<String>,
}

/// Flags of stackql-deploy that every stack command takes.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct FlowArgs {
    /// Print the requests that would be sent, offline
    #[arg(long)]
    pub dry_run: bool,
    /// Print each request before it is sent (stderr)
    #[arg(long, help_heading = "Output")]
    pub show_queries: bool,
}

/// What is left of the stack's exports.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ExportArgs {
    /// Write the stack's exports as JSON
    #[arg(long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,
    /// Write protected and sensitive exports too, in clear, for the owner of the files only
    #[arg(long)]
    pub export_protected: bool,
}

/// After a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    // Start nothing new, finish what is in flight
    #[default]
    Error,
    // Carry on with what does not depend on the failure
    Ignore,
    // Undo what this run changed
    Rollback,
}

/// `plan`
#[derive(Clone, Debug, ClapArgs)]
pub struct PlanArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Save the plan for `build --plan`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Save it even if it cannot be applied
    #[arg(long, requires = "out")]
    pub out_even_if_failed: bool,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the plan as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Exit 2 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Plan the teardown
    #[arg(long)]
    pub destroy: bool,
    /// With --destroy: leave protected resources alone
    #[arg(long, requires = "destroy")]
    pub keep_protected: bool,
    /// Send write-only values again (repeatable)
    #[arg(long, value_name = "ADDRESS[#/Path]")]
    pub resend: Vec<String>,
    /// List live resources with the stack's tags that left the manifest
    #[arg(long, conflicts_with_all = ["destroy", "target", "exclude"])]
    pub orphans: bool,
    /// Plan to delete them
    #[arg(long, conflicts_with_all = ["destroy", "target", "exclude"])]
    pub prune: bool,
    #[command(flatten)]
    pub flow: FlowArgs,
    /// Accepted for stackql-deploy; a plan changes nothing
    #[arg(long, value_enum, hide = true)]
    pub on_failure: Option<OnFailure>,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `build`
#[derive(Clone, Debug, ClapArgs)]
pub struct BuildArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Run exactly this saved plan, or stop
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "target", "exclude", "resend", "allow_data_loss", "prune"])]
    pub plan: Option<PathBuf>,
    /// After a failure: error, rollback or ignore [default: error]
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    pub on_failure: Option<OnFailure>,
    /// Send write-only values again (repeatable)
    #[arg(long, value_name = "ADDRESS[#/Path]")]
    pub resend: Vec<String>,
    #[command(flatten)]
    pub exports: ExportArgs,
    /// Delete live resources with the stack's tags that left the manifest
    #[arg(long, conflicts_with_all = ["target", "exclude"])]
    pub prune: bool,
    #[command(flatten)]
    pub flow: FlowArgs,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `teardown`
#[derive(Clone, Debug, ClapArgs)]
pub struct TeardownArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Leave protected resources alone and delete the rest
    #[arg(long)]
    pub keep_protected: bool,
    /// After a failure: error, rollback or ignore [default: error]
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    pub on_failure: Option<OnFailure>,
    #[command(flatten)]
    pub flow: FlowArgs,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `drift`
#[derive(Clone, Debug, ClapArgs)]
pub struct DriftArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit 2 if there is drift
    #[arg(long)]
    pub detailed_exitcode: bool,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `adopt`
#[derive(Clone, Debug, ClapArgs)]
pub struct AdoptArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Resource type, such as awscc.s3.buckets or AWS::S3::Bucket
    #[arg(value_name = "TYPE", value_parser = NonEmptyStringValueParser::new())]
    pub ty: String,
    /// Its identifier; the parts of a composite one joined with `|`
    #[arg(value_name = "IDENTIFIER", value_parser = NonEmptyStringValueParser::new())]
    pub identifier: String,
    /// Name in the manifest, of an entry that is there or of the one that is written [default: made from the type]
    #[arg(long = "as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,
    /// Print the entry for the manifest and change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `orphans`
#[derive(Clone, Debug, ClapArgs)]
pub struct OrphansArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Delete them
    #[arg(long)]
    pub delete: bool,
    /// Print them as JSON
    #[arg(long, conflicts_with = "delete")]
    pub json: bool,
    /// After a failure: error, rollback or ignore [default: error]
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true, requires = "delete")]
    pub on_failure: Option<OnFailure>,
    #[command(flatten)]
    pub consent: ConsentArgs,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `validate`
#[derive(Clone, Debug, ClapArgs)]
pub struct ValidateArgs {
    /// Folder that holds stackql_manifest.yml
    pub stack_dir: PathBuf,
    /// Environment [default: every environment that the manifest mentions]
    #[arg(value_name = "ENV", value_parser = NonEmptyStringValueParser::new())]
    pub stack_env: Option<String>,
    /// Warnings are errors
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub inputs: InputArgs,
}

/// `outputs`
#[derive(Clone, Debug, ClapArgs)]
pub struct OutputsArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `show`
#[derive(Clone, Debug, ClapArgs)]
pub struct ShowArgs {
    /// A plan saved by `plan --out`
    pub plan_file: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Write it as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `completions`
#[derive(Clone, Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell [default: that of $SHELL]
    #[arg(value_enum, hide_possible_values = true)]
    pub shell: Option<clap_complete::Shell>,
    /// Accepted for stackql-deploy 1: says where the script goes
    #[arg(long, hide = true)]
    pub install: bool,
}

/// `start-server`
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ServerArgs {
    #[arg(short = 'r', long, hide = true)]
    pub registry: Option<String>,
    #[arg(short = 'm', long, hide = true)]
    pub mtls_config: Option<String>,
    #[arg(short = 'a', long, alias = "custom-auth-config", hide = true)]
    pub auth_config: Option<String>,
    /// Log level, by its short name
    #[arg(short = 'l', hide = true)]
    pub level: Option<String>,
}
