//! Commands that answer questions: `explain`, `schema`, `permissions`, `info`, `test`.

use super::{CloudArgs, InputArgs};
use clap::Args as ClapArgs;

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
