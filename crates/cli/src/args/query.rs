//! `query`.

use super::CloudArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// `query`
#[derive(Clone, Debug, ClapArgs)]
pub struct QueryArgs {
    /// Statements, separated by `;`
    #[arg(value_name = "SQL", required_unless_present = "file", conflicts_with = "file", value_parser = NonEmptyStringValueParser::new())]
    pub sql: Option<String>,
    /// File with the statements
    #[arg(long, short = 'f', value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `shell`
#[derive(Clone, Debug, ClapArgs)]
pub struct ShellArgs {
    /// Go on after a statement that failed, where statements are piped in
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// What `query` and `shell` have in common.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct AskArgs {
    /// Form of the result: table, json, jsonl or csv
    #[arg(
        long,
        short = 'o',
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub output: OutputForm,
    /// Let INSERT, UPDATE and DELETE change resources
    #[arg(long)]
    pub allow_writes: bool,
    /// Do not wait for the end of a change
    #[arg(long, requires = "allow_writes")]
    pub no_wait: bool,
    /// Agree to DELETE: needed where nobody can be asked
    #[arg(long, requires = "allow_writes")]
    pub yes: bool,
    /// Stack folder whose definitions are known and whose sandbox is asked [default: .]
    #[arg(long, value_name = "STACK_DIR")]
    pub stack_dir: Option<PathBuf>,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    // Columns, for people
    #[default]
    Table,
    // One array of objects per statement
    Json,
    // One object per row
    Jsonl,
    // RFC 4180 with a header, lines ended by LF
    Csv,
}
