//! Commands that answer questions: `explain`, `schema`, `permissions`, `info`, `test`.

use super::{CloudArgs, ExportArgs, FlowArgs, InputArgs, OnFailure, SelectArgs, StackArgs, ViewArgs};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `explain`
#[derive(Clone, Debug, ClapArgs)]
#[command(
    override_usage = "stack-deploy explain SDnnnn\n       stack-deploy explain STACK_DIR ENV ADDRESS [PATH]"
)]
pub struct ExplainArgs {
    /// Number of a diagnostic, such as SD1203; or a stack folder
    #[arg(value_name = "SDnnnn|STACK_DIR")]
    pub what: String,
    /// Environment, such as dev or prod
    #[arg(value_name = "ENV", requires = "address")]
    pub stack_env: Option<String>,
    /// Resource of the stack
    #[arg(value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Property of it, such as /Tags or Config.Rules
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `schema`
#[derive(Clone, Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SchemaArgs {
    /// Resource type, such as awscc.s3.buckets or AWS::S3::Bucket
    #[arg(value_name = "TYPE", required = true)]
    pub ty: Option<String>,
    /// Property of it, such as /Tags or LifecycleConfiguration.Rules
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    #[command(subcommand)]
    pub what: Option<SchemaCommand>,
}

/// Schemas of other things, and newer schemas of types.
#[derive(Clone, Debug, Subcommand)]
pub enum SchemaCommand {
    /// JSON Schema of stackql_manifest.yml, for editors
    Manifest(ManifestSchemaArgs),
    /// JSON Schema of the plan that plan --json prints
    Plan,
    /// Read newer and private types from a region's registry into the local cache
    Refresh(RefreshArgs),
}

/// `schema manifest`
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ManifestSchemaArgs {
    /// Stack whose types it shall know
    pub stack_dir: Option<PathBuf>,
    /// Types whose properties it knows: used, all or none [default: used with STACK_DIR, else none]
    #[arg(long, value_enum, value_name = "WHICH", hide_possible_values = true)]
    pub types: Option<TypesIn>,
}

/// Whose properties a manifest's schema knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TypesIn {
    // Those of the stack
    Used,
    // Every type
    All,
    // No type
    None,
}

/// `schema refresh`
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct RefreshArgs {
    /// Types to read [default: the private and third-party types of the account]
    #[arg(value_name = "TYPE")]
    pub types: Vec<String>,
    /// Every type of the region
    #[arg(long, conflicts_with = "types")]
    pub all: bool,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `permissions`
#[derive(Clone, Debug, ClapArgs)]
#[command(
    override_usage = "stack-deploy permissions TYPE [--operation OP]\n       stack-deploy permissions STACK_DIR ENV [--now | --plan FILE]"
)]
pub struct PermissionsArgs {
    /// Resource type, such as awscc.s3.buckets; or a stack folder
    #[arg(value_name = "TYPE|STACK_DIR")]
    pub what: String,
    /// Environment, such as dev or prod
    #[arg(value_name = "ENV")]
    pub stack_env: Option<String>,
    /// Of a type: only this operation, one action a line (create, read, update, delete or list)
    #[arg(long, value_enum, value_name = "OP", hide_possible_values = true, conflicts_with = "stack_env")]
    pub operation: Option<OperationArg>,
    /// Of a type: print them as JSON
    #[arg(long, conflicts_with = "stack_env")]
    pub json: bool,
    /// Of a stack: only what a build needs now; reads the cloud
    #[arg(long, conflicts_with = "plan", requires = "stack_env")]
    pub now: bool,
    /// Of a stack: only what this saved plan needs
    #[arg(long, value_name = "FILE", requires = "stack_env")]
    pub plan: Option<PathBuf>,
    /// Of a stack: the policy of this role, which some resources name as role_arn
    #[arg(long, value_name = "ARN", requires = "stack_env")]
    pub role: Option<String>,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// An operation of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OperationArg {
    Create,
    Read,
    Update,
    Delete,
    List,
}

/// `info`
#[derive(Clone, Debug, ClapArgs)]
pub struct InfoArgs {
    /// Folder that holds stackql_manifest.yml: its sandbox is looked at as well
    pub stack_dir: Option<PathBuf>,
    /// Environment: its lock and its unfinished runs are looked at as well
    #[arg(value_name = "ENV", requires = "stack_dir")]
    pub stack_env: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// `test`
#[derive(Clone, Debug, ClapArgs)]
pub struct TestArgs {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub exports: ExportArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Accepted for stackql-deploy; every resource is checked, whatever fails
    #[arg(long, value_enum, hide = true)]
    pub on_failure: Option<OnFailure>,
    #[command(flatten)]
    pub flow: FlowArgs,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub cloud: CloudArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}
